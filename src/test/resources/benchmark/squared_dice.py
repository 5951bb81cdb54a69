"""Why MONAI's squared Dice differs on large volumes: the map of LossBenchmark with a background of up to 0.01, whose sums of squares are taken
in double precision, by torch.sum and by torch.linalg.vector_norm (which MONAI takes), both in float32. Needs numpy and torch.

python3 squared_dice.py [slices]
"""
import sys

import numpy as np
import torch

slices = int(sys.argv[1]) if len(sys.argv) > 1 else 300
random = np.random.default_rng(1)
x = np.arange(512)[None, :]
y = np.arange(512)[:, None]
p = np.empty((slices, 512, 512), np.float32)
g = np.empty(p.shape, np.uint8)
for z in range(slices):
    radius = np.sqrt(((x - 200) / 120) ** 2 + ((y - 260) / 90) ** 2 + ((z - slices / 2) / (slices * 0.3)) ** 2)
    outside = (radius - 1) * 90
    wobble = outside + 2 * np.sin(x * 0.11) * np.cos(y * 0.07 + z * 0.05)
    p[z] = np.maximum(1 / (1 + np.exp(np.clip(wobble, -80, 80))), 0.01 * random.random((512, 512)))
    g[z] = outside <= 0


def show(name, pp, gg, difference):
    print(f"{name:28s} sum p^2 {pp:13.3f}  sum g^2 {gg:13.3f}  sum (p-g)^2 {difference:11.3f}  loss {difference / (pp + gg):.8f}")


double = p.astype(np.float64)
show("double precision", (double**2).sum(), float(g.sum()), ((double - g) ** 2).sum())
del double
a = torch.from_numpy(p)
b = torch.from_numpy(g).float()
show("float32, torch.sum", *(float(torch.sum(t * t)) for t in (a, b, a - b)))
show("float32, linalg.vector_norm", *(float(torch.linalg.vector_norm(t, ord=2, dim=[0, 1, 2])) ** 2 for t in (a, b, a - b)))
