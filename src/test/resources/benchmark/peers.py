"""Runs one peer on one pair of files and prints what it took and what it says, as one line of JSON.

usage: peers.py PEER PREDICTION REFERENCE THREADS

Peers that are not installed are found on PYTHONPATH. Values have the names of Segmeter's metrics. A peer that cannot be imported ends
the process with status 3 and the reason on standard error.
"""
import importlib.machinery
import json
import os
import re
import resource
import subprocess
import sys
import time
import types

peer, prediction_file, reference_file, threads = sys.argv[1], sys.argv[2], sys.argv[3], int(sys.argv[4])
for variable in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
    os.environ[variable] = str(threads)

import nibabel
import numpy as np


def absent(error):
    print(repr(error), file=sys.stderr)
    sys.exit(3)


def volume(path):
    image = nibabel.load(path)
    return np.asarray(image.dataobj), [float(z) for z in image.header.get_zooms()[:3]]


def labels_of(a, b):
    return [int(v) for v in np.union1d(np.unique(a), np.unique(b)) if v != 0]


def numpy_overlap(a, b, spacing):
    values = {}
    for label in labels_of(a, b):
        p, r = a == label, b == label
        tp = int(np.count_nonzero(p & r))
        fp, fn = int(np.count_nonzero(p)) - tp, int(np.count_nonzero(r)) - tp
        values[label] = {"dice": 2 * tp / (2 * tp + fp + fn), "jaccard": tp / (tp + fp + fn), "tp": tp, "fp": fp, "fn": fn}
    return values


def surface_distance(a, b, spacing):
    values = {}
    for label in labels_of(a, b):
        p, r = a == label, b == label
        d = sd.compute_surface_distances(r, p, spacing)
        forth, back = sd.compute_average_surface_distance(d)
        values[label] = {
            "dice": float(sd.compute_dice_coefficient(r, p)),
            "hd": float(sd.compute_robust_hausdorff(d, 100)),
            "hd95": float(sd.compute_robust_hausdorff(d, 95)),
            "asd_reference_to_prediction": float(forth),
            "asd_prediction_to_reference": float(back),
            "nsd": float(sd.compute_surface_dice_at_tolerance(d, 1)),
        }
    return values


def monai_distances(a, b, spacing):
    values = {}
    for label in labels_of(a, b):
        p = torch.from_numpy(a == label)[None, None]
        r = torch.from_numpy(b == label)[None, None]
        common = {"include_background": True, "spacing": spacing}
        values[label] = {
            "dice": float(mm.compute_dice(p, r, include_background=True)[0, 0]),
            "hd": float(mm.compute_hausdorff_distance(p, r, **common)[0, 0]),
            "hd95": float(mm.compute_hausdorff_distance(p, r, percentile=95, **common)[0, 0]),
            "assd": float(mm.compute_average_surface_distance(p, r, symmetric=True, **common)[0, 0]),
            "nsd": float(mm.compute_surface_dice(p, r, [1.0], **common)[0, 0]),
        }
    return values


def monai_losses(a, b, spacing):
    values = {}
    for k in range(a.shape[3]):
        p = torch.from_numpy(np.ascontiguousarray(a[..., k]))[None, None]
        r = torch.from_numpy((b == k + 1).astype(np.float32))[None, None]
        values[k + 1] = {
            "dice_loss": float(monai.losses.DiceLoss(smooth_nr=1e-5, smooth_dr=1e-5)(p, r)),
            "bce": float(torch.nn.functional.binary_cross_entropy(p, r)),
            "dice": float(mm.compute_dice(p >= 0.5, r, include_background=True)[0, 0]),
        }
    return values


def panoptica_lesions(a, b, spacing):
    result = evaluator.evaluate((a > 0).astype(np.uint8), (b > 0).astype(np.uint8), verbose=False)
    group = next(iter(result.values()))
    return {
        1: {
            "instances_prediction": int(group.n_pred_instances),
            "instances_reference": int(group.n_ref_instances),
            "instances_tp": int(group.tp),
            "rq": float(group.rq),
            "sq": float(group.sq),
            "pq": float(group.pq),
        }
    }


def plastimatch():
    out = subprocess.run(["plastimatch", "dice", "--all", reference_file, prediction_file], capture_output=True, text=True, check=True).stdout
    number = lambda name: float(re.search(r"(?m)^\s*" + re.escape(name) + r"\s*[:=]?\s+([-0-9.e+]+)\s*$", out).group(1))
    return {
        1: {
            "dice": number("DICE:"),
            "hd": number("Hausdorff distance (boundary)"),
            "hd95": number("Percent (0.95) Hausdorff distance (boundary)"),
            "masd": number("Avg average Hausdorff distance (boundary)"),
        }
    }


def plastimatch_dice():
    out = subprocess.run(["plastimatch", "dice", reference_file, prediction_file], capture_output=True, text=True, check=True).stdout
    return {1: {"dice": float(re.search(r"DICE:\s+([0-9.]+)", out).group(1))}}


components = "cc3d"
try:
    if peer in ("plastimatch", "plastimatch-dice"):
        version = subprocess.run(["plastimatch", "--version"], capture_output=True, text=True, check=True).stdout.split()[-1]
    elif peer == "nibabel + numpy":
        version = nibabel.__version__ + " + " + np.__version__
    elif peer == "surface-distance":
        import surface_distance as sd

        version = "1f805ce or later"
    elif peer in ("MONAI", "MONAI losses"):
        import monai
        import monai.losses
        import monai.metrics as mm
        import torch

        torch.set_num_threads(threads)
        version = monai.__version__ + ", torch " + torch.__version__
    elif peer == "panoptica":
        try:
            import cc3d
        except ImportError:
            # Not packaged everywhere: scipy labels with the same connectivity instead.
            from scipy import ndimage

            cc3d = types.ModuleType("cc3d")
            cc3d.connected_components = lambda a, return_N=True, **_: ndimage.label(a, np.ones((3, 3, 3)))
            sys.modules["cc3d"] = cc3d
            components = "scipy"
        try:
            import SimpleITK
        except ImportError:
            # Only a name in annotations here: arrays are handed over, not images.
            sitk = types.ModuleType("SimpleITK")
            sitk.__spec__ = importlib.machinery.ModuleSpec("SimpleITK", None)
            sitk.Image = type("Image", (), {})
            sys.modules["SimpleITK"] = sitk
        try:
            import plotly.graph_objects
        except ImportError:
            # Draws curves, which are not asked for; another name in annotations.
            plotly = types.ModuleType("plotly")
            plotly.__path__ = []
            for name in ("graph_objects", "express", "subplots"):
                module = types.ModuleType("plotly." + name)
                module.Figure = type("Figure", (), {})
                setattr(plotly, name, module)
                sys.modules["plotly." + name] = module
            sys.modules["plotly"] = plotly
        import panoptica
        from panoptica.metrics import Metric

        panoptica.disable_citation_reminder() if hasattr(panoptica, "disable_citation_reminder") else None
        evaluator = panoptica.Panoptica_Evaluator(
            expected_input=panoptica.InputType.SEMANTIC,
            instance_approximator=panoptica.ConnectedComponentsInstanceApproximator(),
            instance_matcher=panoptica.NaiveThresholdMatching(),
            instance_metrics=[Metric.DSC, Metric.IOU],
            global_metrics=[Metric.DSC],
        )
        version = "components by " + components
    else:
        raise ImportError("no peer of this name: " + peer)
except (ImportError, NameError, FileNotFoundError) as error:
    absent(error)

measures = {
    "nibabel + numpy": numpy_overlap,
    "surface-distance": surface_distance,
    "MONAI": monai_distances,
    "MONAI losses": monai_losses,
    "panoptica": panoptica_lesions,
}
start = time.perf_counter()
if peer in measures:
    a, spacing = volume(prediction_file)
    b, _ = volume(reference_file)
    loaded = time.perf_counter()
    values = measures[peer](a, b, spacing)
else:
    loaded = start
    values = plastimatch() if peer == "plastimatch" else plastimatch_dice()
end = time.perf_counter()
peak = max(resource.getrusage(who).ru_maxrss for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
sys.stdout.write(
    "\n"
    + json.dumps(
        {
            "version": version,
            "loadSeconds": loaded - start,
            "seconds": end - loaded,
            "peakMib": peak / 1024,
            "values": values,
        }
    )
    + "\n"
)
