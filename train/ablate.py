"""Ablate: what each ingredient of the recipe is worth, in short runs on a small pool.

    python3 -m train ablate --pool FEW --held FEW_HELD --runs RUNS

Every variant is trained alike but for one thing and measured alike: on unseen drawings as they are, on the same
ones faint (an eighth of their contrast), and moved against the network by one adversarial step; then how much of
the gradient of 4c to the pictures is grain, and how loud 4c is on empty pictures. Runs that are done are not made
again.
"""

import os

import numpy as np
import torch
import torch.nn.functional as F

from train.augment import nothing, plain
from train.export import load_checkpoint
from train.fit import against, fit
from train.network import MEAN
from train.options import Options
from train.pool import Pool

VARIANTS: dict[str, dict] = {
    "as shipped": {},
    "without adversary": {"adversary": "0:0"},        # nor are empty pictures seen twice
    "without faint motifs": {"faint": "0:0"},
    "without textures, filters, lost detail": {"disguise": "0:0"},
    "empty pictures may be loud": {"quiet": 0.0},
    "LRN of strength 1": {"norm": 1.0},
    "LRN of strength 4": {"norm": 4.0},
}
SIZE, LAYER = 96, "inception_4c_output"
FAINT, STEP = .13, 1.9              # contrast; RMS grey levels at mean contrast


def ablate(pool, held, folder, steps, threads=0):
    """Train all variants for `steps` batches each; yields (name, top-1, faint top-1, top-1 against, grain,
    loudness).
    """
    for name, change in VARIANTS.items():
        run = os.path.join(folder, name.replace(" ", "-"))
        options = Options(pool, held, run, steps=steps, sizes=f"0:64,.3:{SIZE}", threads=threads, **change)
        if not os.path.exists(os.path.join(run, "weights-100.pt")) and not fit(options):
            return
        network, _, _ = load_checkpoint(os.path.join(run, "weights-100.pt"))
        yield (name, *figures(network.to(memory_format=torch.channels_last), Pool(held).complete()))


def figures(network, held):
    """Top-1 on drawings as they are, faint, and after an adversarial step; share of grain in the gradient of 4c;
    mean square of 4c on empty pictures over that on drawings.
    """
    sums, grain, loud, rng = np.zeros(3), [], [], np.random.default_rng(0)
    for rows in np.array_split(np.arange(len(held)), max(1, len(held) // 50)):
        x = plain(torch.from_numpy(np.array(held.pictures[rows])), SIZE)
        labels = torch.from_numpy(held.labels[rows])
        sums += [hits(network, v, labels) for v in (x, faint(x), attacked(network, x, labels))]
        grain.append(grain_of(network, x))
        loud.append(energy(network, emptied(x, rng)) / energy(network, x))
    return (*(sums / len(held)), float(np.mean(grain)), float(np.mean(loud)))


@torch.no_grad()
def hits(network, x, labels):
    return int((network(x).argmax(1) == labels).sum())


def faint(x):
    """The pictures at FAINT of their contrast over the blurred colours of their neighbours in the batch."""
    around = F.interpolate(F.adaptive_avg_pool2d(x.roll(1, 0), 4), size=x.shape[2:], mode="bilinear")
    return FAINT * x + (1 - FAINT) * around


def attacked(network, x, labels):
    """The pictures after one adversarial step of strength STEP, as in training."""
    x = x.detach().requires_grad_()
    gradient, = torch.autograd.grad(F.cross_entropy(network(x), labels), x)
    return against(x.detach(), gradient, STEP)


def emptied(x, rng):
    """The blurred colours of the pictures under what is no thing (augment.nothing), as far as pictures can show it."""
    marks = torch.from_numpy(np.stack([nothing(x.shape[2], rng) for _ in x])).float()
    mean = torch.tensor(MEAN).view(1, 3, 1, 1)
    colours = F.interpolate(F.adaptive_avg_pool2d(x, 4), size=x.shape[2:], mode="bilinear")
    return (colours + marks + mean).clamp(0, 255) - mean


@torch.no_grad()
def energy(network, x, layer=LAYER):
    return float(network(x, stop=layer).square().mean())


def grain_of(network, x, layer=LAYER):
    """How much of the energy of the dreaming gradient has wavelengths below 4 pixels."""
    x = x.detach().requires_grad_()
    g, = torch.autograd.grad(network(x, stop=layer).square().sum(), x)
    power = torch.fft.fft2(g).abs().square().sum((0, 1))
    fy, fx = torch.meshgrid(torch.fft.fftfreq(x.shape[2]), torch.fft.fftfreq(x.shape[3]), indexing="ij")
    return float(power[torch.hypot(fy, fx) > .25].sum() / power.sum())
