"""Augmentation: what happens to the drawings of a batch before the network sees them, on the device of the
network.

    x, targets, empty = batch(pictures, labels, classes, size, rng, faint, paste, disguise)

Zoom, turn, mirror and squeeze; colour cast, contrast, grey; faint motifs (some of the pictures fade into the
blurred colours of another one, down to an eighth of their contrast: dreams start from next to nothing); a part of
another picture pasted in, with its share of the label; textures on everything, as surfaces have them in photographs;
chance filters; detail lost or foreign, noise, blocks cut out. Some pictures are empty: smooth colours under noise, a
texture or a lattice, which belong to no class. `disguise` is the part of the shares of textures, filters and detail
lost or foreign that is used. All chance comes from `rng`.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F

from train.network import pictures_to_input, subtract_mean

TEXTURED = .4                       # share of pictures whose surfaces get textures
SOFT, FOREIGN = .2, .1              # shares of pictures without their detail, with another one's
FILTERED = .15                      # ... that pass a chance filter
EMPTY = .1                          # ... that are empty
NOISY = .3                          # share of the faint ones that are under noise


def batch(pictures, labels, classes, size, rng, faint=.5, paste=.2, disguise=1.0):
    """Pictures uint8 [n, 160, 160, 3] R G B, labels [n] -> input [n, 3, size, size], targets [n, classes], which are
    empty [n].
    """
    n, device = len(pictures), pictures.device
    x = turn_and_zoom(pictures_to_input(pictures), size, rng)
    x = colours(x, rng)
    x, empty = fade(filtered(textured(x, rng, disguise), rng, disguise), rng, faint)
    targets = F.one_hot(labels, classes).float()
    targets[empty] = 1 / classes
    if rng.random() < paste:
        x, targets = paste_in(x, targets, rng)
        empty = torch.zeros_like(empty)     # a part of another picture is in each
    x = torch.where(empty[:, None, None, None], x, soften(x, rng, disguise))     # detail would be a thing's
    if rng.random() < .15:
        seed = int(rng.integers(1 << 31))
        chance = torch.Generator(device).manual_seed(seed)
        x = x + torch.empty(x.shape, device=device).normal_(0, float(rng.uniform(0, 7)), generator=chance)
    x = subtract_mean(x.clamp(0, 255))
    if rng.random() < .2:
        cut = int(size * rng.uniform(.15, .4))
        top, left = rng.integers(0, size - cut, 2)
        x[:n // 2, :, top:top + cut, left:left + cut] = tensor(rng.normal(0, 50, (1, 3, 1, 1)), x)
    return x.contiguous(memory_format=torch.channels_last), targets, empty


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


def soften(x, rng, disguise=1.0):
    """Some pictures lose detail, fewer have another one's instead: hair in a photograph has no strokes, so a
    drawing must be known by its shape and colours too.
    """
    n, size = len(x), x.shape[2]
    small = int(size / rng.uniform(1.5, 5))
    low = F.interpolate(x, size=(small, small), mode="bilinear", antialias=True, align_corners=False)
    low = F.interpolate(low, size=(size, size), mode="bilinear", align_corners=False)
    kind, part = rng.random((n, 1, 1, 1)) / max(disguise, 1e-9), rng.random((n, 1, 1, 1))
    own = np.where(kind < SOFT + FOREIGN, part * .5, 1.0)
    foreign = np.where(kind < FOREIGN, .3 + .7 * part, 0.0)
    detail = x - low
    others = detail[torch.from_numpy(rng.permutation(n)).to(x.device)]
    return low + detail * tensor(own, x) + others * tensor(foreign, x)


def clouds(shape, rng):
    """Noise of unit variance in which every octave has the same strength, as in photographs: [n, c, h, w]."""
    h, w = shape[2:]
    frequency = np.hypot(np.fft.fftfreq(h)[:, None], np.fft.rfftfreq(w))
    spectrum = np.fft.rfft2(rng.standard_normal(shape, np.float32)) / np.maximum(frequency, 2 / min(h, w))
    noise = np.fft.irfft2(spectrum, (h, w))
    return noise / noise.std((2, 3), keepdims=True)


def textures(n, size, rng):
    """Textures of unit variance, [n, size, size] float32: clouds, or noise of one scale of its own, drawn out in one
    direction; smooth, in ridges or in patches.
    """
    def each(low, high):
        return rng.uniform(low, high, (n, 1, 1)).astype(np.float32)
    turn, stretch = each(0, math.pi), np.exp(each(0, math.log(4)))
    fy, fx = np.fft.fftfreq(size)[:, None].astype(np.float32), np.fft.rfftfreq(size).astype(np.float32)
    along, across = np.cos(turn) * fx + np.sin(turn) * fy, np.cos(turn) * fy - np.sin(turn) * fx
    frequency = np.maximum(np.hypot(along * stretch, across / stretch), 1 / size)
    length, width = np.exp(each(math.log(3), math.log(size / 4))), each(.2, 1)
    band = np.exp(-.5 * (np.log(frequency * length) / width) ** 2)
    spectrum = np.fft.rfft2(rng.standard_normal((n, size, size), np.float32))
    noise = unit(np.fft.irfft2(spectrum * np.where(each(0, 1) < .3, 1 / frequency, band), (size, size)))
    kind = each(0, 1)
    return unit(np.where(kind < .5, noise, np.where(kind < .75, np.abs(noise), np.tanh(3 * noise)))).astype(np.float32)


def unit(fields):
    """Each of the fields [n, h, w] with mean 0 and variance 1."""
    fields = fields - fields.mean((1, 2), keepdims=True)
    return fields / (fields.std((1, 2), keepdims=True) + 1e-6)


def textured(x, rng, disguise=1.0, ranges=4):
    """TEXTURED of the pictures get textures that darken and lighten what they show by 3 to 40 %, another one for
    each range of brightness (so for most things another one than for what is behind them): no surface in a photograph
    is as even as a drawn one, and hardly anything there is smooth.
    """
    rows, size = np.flatnonzero(rng.random(len(x)) < TEXTURED * disguise), x.shape[2]
    if not len(rows):
        return x
    chosen = x[rows]
    bright = F.interpolate(F.adaptive_avg_pool2d(chosen.mean(1, keepdim=True), size // 4), size=(size, size),
                           mode="bilinear", align_corners=False)
    darkest, brightest = bright.amin((2, 3), keepdim=True), bright.amax((2, 3), keepdim=True)
    place = ((bright - darkest) / (brightest - darkest + 1e-6) * ranges).long().clamp(max=ranges - 1)
    marks = tensor(textures(len(rows) * ranges, size, rng), x).view(len(rows), ranges, size, size)
    depth = np.exp(rng.uniform(math.log(.03), math.log(.4), (len(rows), ranges, 1, 1)))
    x[rows] = chosen * (1 + (marks * tensor(depth, x)).gather(1, place))
    return x


def filtered(x, rng, disguise=1.0):
    """FILTERED of the pictures mix with what a filter of chance weights makes of them: other colours, other edges, the
    same shapes (random convolutions, Xu and others 2021, arXiv 2007.13003).
    """
    rows, k = np.flatnonzero(rng.random(len(x)) < FILTERED * disguise), int(rng.choice((1, 3, 5, 7)))
    if not len(rows):
        return x
    chosen = x[rows]
    n, _, h, w = chosen.shape
    weights = tensor(rng.normal(0, 1, (3 * n, 3, k, k)), x)
    made = F.conv2d(F.pad(chosen, [k // 2] * 4, "reflect").reshape(1, 3 * n, h + k - 1, w + k - 1), weights, groups=n)
    made = made.view(n, 3, h, w)
    made = made - made.mean((2, 3), keepdim=True)
    made = made * (chosen.std((1, 2, 3), keepdim=True) / (made.std((1, 2, 3), keepdim=True) + 1e-6))
    share = tensor(rng.uniform(0, .8, (n, 1, 1, 1)), x)
    x[rows] = chosen * (1 - share) + (made + chosen.mean((2, 3), keepdim=True)) * share
    return x


def fade(x, rng, share):
    """Faint motifs: let `share` of the pictures fade into another one's blurred colours, to 13..100 % contrast, some
    of them under noise, and EMPTY of all pictures altogether, with nothing() in their place; returns x and which are
    empty.
    """
    n, size = len(x), x.shape[2]
    strength = np.where(rng.random(n) < share, np.exp(rng.uniform(math.log(.13), 0, n)), 1.0)
    empty = rng.random(n) < EMPTY
    noisy = np.flatnonzero((strength < 1) & (rng.random(n) < NOISY) & ~empty)
    strength[empty] = 0
    other = F.adaptive_avg_pool2d(x[torch.from_numpy(rng.permutation(n)).to(x.device)],
                                  int(rng.integers(1, 7)))
    other = F.interpolate(other, size=(size, size), mode="bilinear", align_corners=False)
    strength = tensor(strength.reshape(n, 1, 1, 1), x)
    x = strength * x + (1 - strength) * other
    for i in noisy:
        x[i] += tensor(rng.normal(0, rng.uniform(2, 14), (3, size, size)), x)
    for i in np.flatnonzero(empty):
        x[i] += tensor(nothing(size, rng), x)
    return x, torch.from_numpy(empty).to(x.device)


def nothing(size, rng):
    """What dreams must not take for a thing, [3, size, size]: evenness, noise or clouds of 1 to 15 grey levels, a
    texture or a lattice of 1 to 40 times a chance colour.
    """
    kind, strength = rng.random(), math.exp(rng.uniform(0, math.log(40)))
    if kind < .12:
        return np.zeros((3, size, size))
    if kind < .27:
        return rng.normal(0, min(strength, 15), (3, size, size))
    if kind < .4:
        return clouds((1, 3, size, size), rng)[0] * min(strength, 15)
    colour = rng.normal(0, 1, (3, 1, 1)) + rng.normal(0, 1)
    mark = textures(1, size, rng)[0] if kind < .6 else lattice(size, rng)
    return strength * colour * mark + rng.normal(0, rng.uniform(0, 6), (3, size, size))


def lattice(size, rng):
    """One to three waves of one length in several directions, soft or hard: stripes, chequers, honeycombs, dots;
    -1..1 [size, size].
    """
    y, x = np.mgrid[:size, :size]
    n, length = int(rng.integers(1, 4)), math.exp(rng.uniform(math.log(3), math.log(size / 4)))
    gap = math.pi / n if rng.random() < .7 else rng.uniform(.2, 1.5)
    turns = rng.uniform(0, math.pi) + gap * np.arange(n)
    waves = [np.cos(2 * math.pi / length * (math.cos(a) * x + math.sin(a) * y) + rng.uniform(0, 2 * math.pi))
             for a in turns]
    return np.tanh(np.sum(waves, 0) * math.exp(rng.uniform(-1, 2)) + rng.normal(0, .7))


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
