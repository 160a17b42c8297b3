"""Optical flow: where what is seen in a frame of a film was in the frame before, for every pixel.

    motion = flow(before, after, engine)
    picture = carry(dreamt_before, motion, engine)      what was dreamt on `before`, moved to where it is in `after`

The method is Lucas and Kanade's on a pyramid, for every pixel (B. D. Lucas, T. Kanade, "An iterative image registration
technique", 1981; J.-Y. Bouguet's notes on its pyramidal form, 2000): from the smallest size on, `before` is moved as
the flow so far says, and what is then left of the difference tells, by the gradients in a Gaussian window, how the flow
has to change. Between the turns the flow is smoothed, which fills in where nothing is to be seen. It follows what moves
by many pixels, as long as it is larger than that; where something else comes to light there is no right answer.

It looks at luma only. Planes are [h, w], flat array("f"); the work is in planes.py and planework.py.
"""

from __future__ import annotations

import math
from array import array
from collections import Counter
from typing import Any, NamedTuple

from deepdream import Picture

from . import ascent
from .planes import Places, Plain, Tap, work_for, zeros
from .scales import LUMA

SMALLEST = 16           # pixels of the shorter side: no smaller size is looked at, if it is not the only one
TURNS = 5               # at each size
DAMPING = 2.0           # squared levels per pixel: slopes below that count little. Less follows noise, more is slow
WINDOW = ascent.bell(2.0, 6)
SMOOTHING = ascent.bell(2.0, 6)
BEFOREHAND = ascent.bell(0.8, 3)
HALVING = [0.0625, 0.25, 0.375, 0.25, 0.0625]
SLOPES = [[Tap(down, right, 0.5), Tap(-down, -right, -0.5)] for down, right in ((0, 1), (1, 0))]


class Flow(NamedTuple):
    """What is at (x, y) in the later frame was at (x + u, y + v) in the earlier one; u and v: array("f"), [h, w]."""
    u: array
    v: array


class Size(NamedTuple):
    """A size of both frames."""
    width: int
    height: int
    before: array
    after: array


def flow(before: Picture, after: Picture, engine: Any = None) -> Flow:
    """The flow between two pictures of the same size, of bytes or floats. ValueError: their sizes differ."""
    if (before.width, before.height) != (after.width, after.height):
        raise ValueError(f"{before.width} x {before.height} and {after.width} x {after.height} pixels; flow is between "
                         "frames of the same size")
    work = work_for(engine)
    sizes = pyramid(work, Size(before.width, before.height, luma(work, before), luma(work, after)))
    width, height = 0, 0
    u, v = zeros(0), zeros(0)
    for size in reversed(sizes):
        count = size.width * size.height
        if width:
            u, v = (enlarged(work, plane, width, height, size) for plane in (u, v))
        else:
            u, v = zeros(count), zeros(count)
        width, height = size.width, size.height
        u, v = refined(work, size, u, v)
    return Flow(u, v)


def luma(work: Plain, picture: Picture) -> array:
    return work.recoloured(work.floats(picture.pixels), [[*LUMA, 0.0]] * 3)[::3]


def pyramid(work: Plain, largest: Size) -> list[Size]:
    """Sizes, each half the last."""
    sizes = [largest]
    while min(sizes[-1].width, sizes[-1].height) >= 2 * SMALLEST:
        width, height, *planes = sizes[-1]
        halves = []
        for plane in planes:
            soft = work.smoothed(plane, width, height, HALVING, "reflect", 1)
            half = array("f")
            for y in range(0, height, 2):
                half += soft[y * width:(y + 1) * width:2]
            halves.append(half)
        sizes.append(Size((width + 1) // 2, (height + 1) // 2, *halves))
    return sizes


def enlarged(work: Plain, plane: array, width: int, height: int, size: Size) -> array:
    """u or v at twice the size, so twice as long."""
    places = Places(array("f", [x / 2 for x in range(size.width)]), zeros(size.width), zeros(size.height),
                    array("f", [y / 2 for y in range(size.height)]))
    twice = work.mixed(plane, zeros(len(plane)), -1.0)
    return work.moved(twice, width, height, places, "edge", 1)


def refined(work: Plain, size: Size, u: array, v: array) -> tuple[array, array]:
    """The flow at this size, which is roughly (u, v)."""
    width, height = size.width, size.height

    def smoothed(plane: array, weights: list[float]) -> array:
        return work.smoothed(plane, width, height, weights, "reflect", 1)

    def slopes(plane: array) -> list[array]:
        return work.filtered(plane, width, height, SLOPES, "reflect", 1)

    before, after = smoothed(size.before, BEFOREHAND), smoothed(size.after, BEFOREHAND)
    own = slopes(after)
    for _ in range(TURNS):
        moved = work.moved(before, width, height, Places(u, v, of_pixels=True), "reflect", 1)
        there = slopes(moved)
        products = work.products([*own, *there], moved, after)
        sums = [smoothed(plane, WINDOW) for plane in products]
        changed = work.solved(sums, u, v, DAMPING)
        for plane in (moved, *there, *products, *sums, u, v):
            work.give(plane)
        u, v = (smoothed(plane, SMOOTHING) for plane in changed)
        for plane in changed:
            work.give(plane)
    for plane in (before, after, *own):
        work.give(plane)
    return u, v


def carry(picture: Picture, flow: Flow, engine: Any = None) -> Picture:
    """The picture moved along the flow: each pixel from where it was, bilinear; beyond the edges it comes back."""
    work, size = work_for(engine), (picture.width, picture.height)
    places = Places(flow.u, flow.v, of_pixels=True)
    return Picture(*size, work.moved(work.floats(picture.pixels), *size, places, "reflect"))


# ---- Cuts ------------------------------------------------------------------------------------------------------------

ACROSS, DOWN, DOTS = 16, 12, 4      # cells of a picture, and how many pixels of each are looked at, squared
SHADES = 6                          # of each colour that are told apart
LIKENESS = 0.7      # correlation of the light of cells, below which two pictures show other things
COMMON = 0.6        # share of their colours that both have, below which they were taken elsewhere


def is_cut(before: Picture, after: Picture) -> bool:
    """Whether another scene begins with `after`: light lies elsewhere in the picture, and colours are others.

    When a lamp is lit, only colours change, and less where light lies; when something moves, it is the reverse.
    """
    old, new = dots(before), dots(after)
    return common(old, new) < COMMON and correlation(cells(old), cells(new)) < LIKENESS


def dots(picture: Picture) -> list[tuple[float, ...]]:
    """Blue, green, red of some pixels, cell by cell, DOTS * DOTS of each."""
    wide, high = ACROSS * DOTS, DOWN * DOTS
    pixels, found = picture.pixels, []
    for row in range(DOWN):
        for column in range(ACROSS):
            for i in range(row * DOTS, (row + 1) * DOTS):
                y = (2 * i + 1) * picture.height // (2 * high)
                for j in range(column * DOTS, (column + 1) * DOTS):
                    at = 3 * (y * picture.width + (2 * j + 1) * picture.width // (2 * wide))
                    found.append(tuple(pixels[at:at + 3]))
    return found


def cells(found: list[tuple[float, ...]]) -> list[float]:
    """How light each cell is."""
    light = [LUMA[0] * b + LUMA[1] * g + LUMA[2] * r for b, g, r in found]
    return [math.fsum(light[at:at + DOTS ** 2]) for at in range(0, len(light), DOTS ** 2)]


def correlation(a: list[float], b: list[float]) -> float:
    """Pearson's, -1 to 1; where nothing varies it is like its like, and like nothing else."""
    mean_a, mean_b = math.fsum(a) / len(a), math.fsum(b) / len(b)
    spread_a, spread_b = math.fsum((x - mean_a) ** 2 for x in a), math.fsum((y - mean_b) ** 2 for y in b)
    if not spread_a or not spread_b:
        return float(spread_a == spread_b)
    return math.fsum((x - mean_a) * (y - mean_b) for x, y in zip(a, b)) / math.sqrt(spread_a * spread_b)


def common(a: list[tuple[float, ...]], b: list[tuple[float, ...]]) -> float:
    """The share of dots that have a partner of the same colour, roughly, in the other picture."""
    kinds, others = (Counter(tuple(min(max(int(v * SHADES / 256), 0), SHADES - 1) for v in dot) for dot in found)
                     for found in (a, b))
    return (kinds & others).total() / len(a)
