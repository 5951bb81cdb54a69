"""Scores pairs of two directories with nibabel and MONAI, one after the other, as one would in a notebook.

usage: monai_loop.py PREDICTIONS REFERENCES THREADS COUNT

Prints one line of JSON: the seconds of the loop (imports and one pair to warm up are not counted) and the values of each case, with
Segmeter's names. Sources that are not installed are found on PYTHONPATH.
"""
import json
import os
import sys
import time

predictions, references, threads, count = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = str(threads)

import nibabel
import numpy as np

try:
    import monai
    import monai.metrics as mm
    import torch
except ImportError as error:
    print(repr(error), file=sys.stderr)
    sys.exit(3)
torch.set_num_threads(threads)


def score(name):
    a = nibabel.load(os.path.join(predictions, name))
    spacing = [float(z) for z in a.header.get_zooms()[:3]]
    p = torch.from_numpy(np.asarray(a.dataobj) == 1)[None, None]
    r = torch.from_numpy(np.asarray(nibabel.load(os.path.join(references, name)).dataobj) == 1)[None, None]
    common = {"include_background": True, "spacing": spacing}
    return {
        "dice": float(mm.compute_dice(p, r, include_background=True)[0, 0]),
        "hd": float(mm.compute_hausdorff_distance(p, r, **common)[0, 0]),
        "hd95": float(mm.compute_hausdorff_distance(p, r, percentile=95, **common)[0, 0]),
        "assd": float(mm.compute_average_surface_distance(p, r, symmetric=True, **common)[0, 0]),
        "nsd": float(mm.compute_surface_dice(p, r, [1.0], **common)[0, 0]),
    }


names = sorted(os.listdir(references))[:count]
score(names[0])
begin = time.perf_counter()
values = {name.removesuffix(".nii.gz"): score(name) for name in names}
seconds = time.perf_counter() - begin
print(json.dumps({"version": monai.__version__ + ", torch " + torch.__version__, "seconds": seconds, "values": values}))
