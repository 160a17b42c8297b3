"""Augmentation: what happens to the drawings of a batch before the network sees them, on the device of the
network.

    x, targets = batch(pictures, labels, classes, size, rng, options)

Zoom, turn, mirror and squeeze; colour cast, contrast, grey; faint motifs (some of the pictures fade into the
blurred colours of another one, down to an eighth of their contrast: dreams start from next to nothing); a part of
another picture pasted in, with its share of the label; detail lost or foreign, noise, blocks cut out. All chance
comes from `rng`.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F

from train.network import pictures_to_input, subtract_mean

SOFT, FOREIGN = .2, .1              # shares of pictures without their detail, with another one's
EMPTY = .2                          # as many pictures as this share of the faint ones fade altogether


def batch(pictures, labels, classes, size, rng, faint=.5, paste=.2):
    """Pictures uint8 [n, 160, 160, 3] R G B, labels [n] -> input [n, 3, size, size], targets [n, classes]."""
    n, device = len(pictures), pictures.device
    x = turn_and_zoom(pictures_to_input(pictures), size, rng)
    x = colours(x, rng)
    x, empty = fade(x, rng, faint)
    targets = F.one_hot(labels, classes).float()
    targets[empty] = 1 / classes
    if rng.random() < paste:
        x, targets = paste_in(x, targets, rng)
    x = soften(x, rng)
    if rng.random() < .15:
        seed = int(rng.integers(1 << 31))
        chance = torch.Generator(device).manual_seed(seed)
        x = x + torch.empty(x.shape, device=device).normal_(0, float(rng.uniform(0, 7)), generator=chance)
    x = subtract_mean(x.clamp(0, 255))
    if rng.random() < .2:
        cut = int(size * rng.uniform(.15, .4))
        top, left = rng.integers(0, size - cut, 2)
        x[:n // 2, :, top:top + cut, left:left + cut] = tensor(rng.normal(0, 50, (1, 3, 1, 1)), x)
    return x.contiguous(memory_format=torch.channels_last), targets


def tensor(values, like):
    """A numpy array as float32 on the device of `like`."""
    return torch.from_numpy(np.asarray(values, np.float32)).to(like.device)


def turn_and_zoom(x, size, rng):
    """Crops of .55 to 1.05 of the side, turned by about 10 degrees, mirrored, squeezed: [n, 3, size, size].
    """
    n = len(x)
    zoom = np.exp(rng.uniform(math.log(.55), math.log(1.05), n))
    turn, squeeze = rng.normal(0, .16, n), np.exp(rng.normal(0, .08, n))
    mirror = np.where(rng.random(n) < .5, -1.0, 1.0)
    room = np.maximum(1 - zoom, 0)
    dx, dy = rng.uniform(-1, 1, n) * room, rng.uniform(-1, 1, n) * room
    cosine, sine = np.cos(turn) * zoom, np.sin(turn) * zoom
    rows = np.stack([np.stack([cosine * mirror * squeeze, -sine, dx], 1),
                     np.stack([sine * mirror, cosine / squeeze, dy], 1)], 1)
    grid = F.affine_grid(tensor(rows, x), [n, 3, size, size], align_corners=False)
    return F.grid_sample(x, grid, mode="bilinear", padding_mode="reflection", align_corners=False)


def colours(x, rng):
    """Colour cast, contrast, brightness; sometimes grey."""
    n = len(x)
    gain = rng.normal(1, .08, (n, 3, 1, 1)) * np.exp(rng.uniform(math.log(.55), math.log(1.2), (n, 1, 1, 1)))
    x = (x - 128) * tensor(gain, x) + 128 + tensor(rng.normal(0, 14, (n, 1, 1, 1)), x)
    grey = tensor(rng.random((n, 1, 1, 1)) < .08, x)
    return x * (1 - grey) + x.mean(1, keepdim=True) * grey


def soften(x, rng):
    """Some pictures lose detail, fewer have another one's instead: hair in a photograph has no strokes, so a
    drawing must be known by its shape and colours too.
    """
    n, size = len(x), x.shape[2]
    small = int(size / rng.uniform(1.5, 5))
    low = F.interpolate(x, size=(small, small), mode="bilinear", antialias=True, align_corners=False)
    low = F.interpolate(low, size=(size, size), mode="bilinear", align_corners=False)
    kind, part = rng.random((n, 1, 1, 1)), rng.random((n, 1, 1, 1))
    own = np.where(kind < SOFT + FOREIGN, part * .5, 1.0)
    foreign = np.where(kind < FOREIGN, .3 + .7 * part, 0.0)
    detail = x - low
    others = detail[torch.from_numpy(rng.permutation(n)).to(x.device)]
    return low + detail * tensor(own, x) + others * tensor(foreign, x)


def fade(x, rng, share):
    """Faint motifs: let `share` of the pictures fade into another one's blurred colours, to 13..100 % contrast, and an
    EMPTY part of that share altogether, with noise in their place; returns x and which are empty. An empty picture
    is none of the classes, nor does the adversarial pass make it one: so that lattices do not grow on smooth skies.
    """
    n, size = len(x), x.shape[2]
    strength = np.where(rng.random(n) < share, np.exp(rng.uniform(math.log(.13), 0, n)), 1.0)
    empty = rng.random(n) < share * EMPTY
    strength[empty] = 0
    other = F.adaptive_avg_pool2d(x[torch.from_numpy(rng.permutation(n)).to(x.device)],
                                  int(rng.integers(1, 7)))
    other = F.interpolate(other, size=(size, size), mode="bilinear", align_corners=False)
    strength = tensor(strength.reshape(n, 1, 1, 1), x)
    x = strength * x + (1 - strength) * other
    grain = rng.normal(0, 1, (int(empty.sum()), *x.shape[1:])) * rng.uniform(0, 15, (int(empty.sum()), 1, 1, 1))
    empty = torch.from_numpy(empty).to(x.device)
    x[empty] += tensor(grain, x)
    return x, empty


def paste_in(x, targets, rng):
    """A rectangle of another picture of the batch in every picture; the label follows the area."""
    n, _, h, w = x.shape
    order = torch.from_numpy(rng.permutation(n)).to(x.device)
    share = math.sqrt(rng.uniform(.15, .5))
    height, width = int(h * share), int(w * share)
    top, left = int(rng.integers(0, h - height + 1)), int(rng.integers(0, w - width + 1))
    mixed = x.clone()
    mixed[:, :, top:top + height, left:left + width] = x[order, :, top:top + height, left:left + width]
    part = height * width / (h * w)
    return mixed, targets * (1 - part) + targets[order] * part


def plain(pictures, size):
    """Pictures as they are, scaled to `size`: [n, 3, size, size]."""
    x = pictures_to_input(pictures)
    if x.shape[2] != size:
        x = F.interpolate(x, size=(size, size), mode="bilinear", align_corners=False,
                          antialias=size < x.shape[2])
    return subtract_mean(x).contiguous(memory_format=torch.channels_last)
