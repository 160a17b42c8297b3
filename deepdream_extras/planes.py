"""What distortions and optical flow do to the levels of a picture, in plain Python: the reference for planework.py,
which does the same in machine code.

A plane is a flat array("f"), [height, width, c], rows from the top; c is 3 (blue, green, red) or 1. Beyond its edges a
plane goes on as `edge` says:

    reflect     c b a | a b c d | d c b     the outermost pixels first
    wrap        b c d | a b c d | a b c     around
    edge        a a a | a b c d | d d d     the outermost pixel
    ff8000      a colour: six digits, red green blue

All but the last have the same names in scipy.ndimage and NumPy: reflect (symmetric), grid-wrap (wrap), nearest (edge);
a colour is grid-constant (constant).
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Sequence
from itertools import repeat
from operator import add, mul
from typing import Any, NamedTuple

import deepdream

EDGES = "reflect", "wrap", "edge"       # or a colour


class Places(NamedTuple):
    """Where each pixel of a new plane was in the old one, counted in pixels from the first one's centre: that of column
    j in row i at (x[j] + across[i], y[j] + down[i]), the new plane's size being that of these; or, with x and y
    `of_pixels` and planes of the same size, at (j + x[i, j], i + y[i, j])."""
    x: array
    y: array
    across: array = array("f")
    down: array = array("f")
    of_pixels: bool = False


class Tap(NamedTuple):
    """A weight of a filter, and which pixel it is for: so many rows below and columns to the right."""
    down: int
    right: int
    weight: float


Matrix = Sequence[Sequence[float]]      # [3, 4]: new blue, green and red of the old ones and of 1


def zeros(count: int) -> array:
    return array("f", (0.0,)) * count


# ---- Beyond the edges ------------------------------------------------------------------------------------------------

def index(i: int, size: int, edge: str) -> int:
    """Which of `size` pixels stands at i, which may lie beyond the ends."""
    if edge == "reflect":
        i %= 2 * size
        return min(i, 2 * size - 1 - i)
    return i % size if edge == "wrap" else min(max(i, 0), size - 1)


def padded(levels: array, width: int, height: int, edge: str, margin: int, c: int) -> array:
    """The plane with a margin all around: [height + 2 margin, width + 2 margin, c]."""
    line, stride = c * width, c * (width + 2 * margin)
    result = zeros(stride * (height + 2 * margin))
    old, new = memoryview(levels), memoryview(result)
    for y in range(height):
        at = stride * (y + margin) + c * margin
        new[at:at + line] = old[line * y:line * (y + 1)]
    body = slice(stride * margin, stride * (margin + height))
    colour = None if edge in EDGES else array("f", deepdream.colour(edge)[:c])
    for x in (*range(-margin, 0), *range(width, width + margin)):
        for k in range(c):
            own = (array("f", [colour[k]]) * height if colour else
                   levels[c * index(x, width, edge) + k::line])
            new[body.start + c * (x + margin) + k:body.stop:stride] = own
    for y in (*range(-margin, 0), *range(height, height + margin)):
        from_row = stride * (index(y, height, edge) + margin)
        row = colour * (width + 2 * margin) if colour else result[from_row:from_row + stride]
        at = stride * (y + margin)
        new[at:at + stride] = row
    return result


def place(position: float, size: int, edge: str) -> tuple[int, float]:
    """Of a position along an axis of `size` pixels: the pixel before it, -1 to size - 1, and how far behind it is."""
    if edge == "reflect":
        position = (position + 0.5) % (2 * size)
        position = min(max(min(position, 2 * size - position) - 0.5, 0.0), size - 1.0)
    elif edge == "wrap":
        position %= size
    elif edge == "edge":
        position = min(max(position, 0.0), size - 1.0)
    else:
        position = min(max(position, -1.0), float(size))
    i = min(math.floor(position), size - 1)
    return i, position - i


# ---- The work --------------------------------------------------------------------------------------------------------

class Plain:
    """The work in Python. No method changes what it is given."""

    def give(self, levels: array) -> None:
        """Nobody needs these any more."""

    def floats(self, levels: Any) -> array:
        """Levels, bytes or floats, as floats; such as are some, as they are."""
        return levels if isinstance(levels, array) else array("f", iter(levels))

    def moved(self, levels: array, width: int, height: int, places: Places, edge: str, c: int = 3) -> array:
        """The plane whose pixels were at `places`, between pixels bilinear."""
        source, stride = padded(levels, width, height, edge, 1, c), c * (width + 2)
        result = array("f")
        for i in range(height if places.of_pixels else len(places.across)):
            if places.of_pixels:
                line = slice(i * width, (i + 1) * width)
                xs, ys = map(add, places.x[line], range(width)), map(add, places.y[line], repeat(i))
            else:
                xs, ys = map(add, places.x, repeat(places.across[i])), map(add, places.y, repeat(places.down[i]))
            for x, y in zip(xs, ys):
                column, u = place(x, width, edge)
                row, v = place(y, height, edge)
                p = stride * (row + 1) + c * (column + 1)
                for k in range(p, p + c):
                    upper = source[k] + u * (source[k + c] - source[k])
                    q = k + stride
                    lower = source[q] + u * (source[q + c] - source[q])
                    result.append(upper + v * (lower - upper))
        return result

    def filtered(self, levels: array, width: int, height: int, filters: Sequence[Sequence[Tap]], edge: str,
                 c: int = 3) -> list[array]:
        """Of each filter the plane whose pixels are sums of those around them, times their weights."""
        margin = reach(filters)
        source, stride, line = padded(levels, width, height, edge, margin, c), c * (width + 2 * margin), c * width
        results = []
        for taps in filters:
            result = array("f")
            for y in range(height):
                total: Iterable[float] = repeat(0.0, line)
                for down, right, weight in taps:
                    at = stride * (y + margin + down) + c * (margin + right)
                    total = map(add, total, map(mul, source[at:at + line], repeat(weight)))
                result.extend(total)
            results.append(result)
        return results

    def smoothed(self, levels: array, width: int, height: int, weights: Sequence[float], edge: str,
                 c: int = 3) -> array:
        """Filtered with these weights down, then across."""
        numbered = list(enumerate(weights, -(len(weights) // 2)))
        between, = self.filtered(levels, width, height, [[Tap(i, 0, weight) for i, weight in numbered]], edge, c)
        result, = self.filtered(between, width, height, [[Tap(0, i, weight) for i, weight in numbered]], edge, c)
        self.give(between)
        return result

    def recoloured(self, levels: array, matrix: Matrix) -> array:
        """Each colour a mixture of the old ones, within 0 .. 255."""
        blue, green, red = levels[0::3], levels[1::3], levels[2::3]
        result = array("f", bytes(4 * len(levels)))
        for k, (b, g, r, one) in enumerate(matrix):
            result[k::3] = array("f", [min(max(b * x + g * y + r * z + one, 0.0), 255.0)
                                       for x, y, z in zip(blue, green, red)])
        return result

    def magnitude(self, a: array, b: array, factor: float) -> array:
        """The length of (a, b) times `factor`, at most 255."""
        return array("f", [min(factor * math.sqrt(x * x + y * y), 255.0) for x, y in zip(a, b)])

    def mixed(self, a: array, b: array, share: float) -> array:
        """So much of b, the rest of a."""
        return array("f", [x + share * (y - x) for x, y in zip(a, b)])

    def flattened(self, levels: array, count: int) -> array:
        """Each level the nearest of `count` between 0 and 255 (of two as near, that with the even number)."""
        up, down = (count - 1) / 255.0, 255.0 / (count - 1)
        return array("f", [down * round(up * v) for v in levels])

    def products(self, gradients: Sequence[array], warped: array, still: array) -> list[array]:
        """Of pairs of gradients x y, x y, their mean (gx, gy) and e = warped - still: gx gx, gx gy, gy gy, gx e, gy e.
        """
        numbers = [(0.5 * (ax + bx), 0.5 * (ay + by), a - b) for ax, ay, bx, by, a, b in zip(*gradients, warped, still)]
        return [array("f", [n[i] * n[j] for n in numbers]) for i, j in ((0, 0), (0, 1), (1, 1), (0, 2), (1, 2))]

    def solved(self, sums: Sequence[array], u: array, v: array, damping: float) -> tuple[array, array]:
        """(u, v) moved by what solves (xx + damping) du + xy dv = -xe, xy du + (yy + damping) dv = -ye, 2 at most."""
        new_u, new_v = array("f"), array("f")
        for xx, xy, yy, xe, ye, old_u, old_v in zip(*sums, u, v):
            xx, yy = xx + damping, yy + damping
            factor = 1.0 / (xx * yy - xy * xy)
            new_u.append(old_u + min(max((xy * ye - yy * xe) * factor, -2.0), 2.0))
            new_v.append(old_v + min(max((xy * xe - xx * ye) * factor, -2.0), 2.0))
        return new_u, new_v

    def sorted(self, levels: array, width: int, height: int, columns: bool, lines: Sequence[int], low: int,
               high: int) -> array:
        """In these rows, or columns, each run of pixels whose light is within low .. high, darkest first; pixels of the
        same light keep their order. Light: see `light`."""
        result = array("f", levels)
        shades = light(levels)
        for line in lines:
            own = slice(line, None, width) if columns else slice(line * width, (line + 1) * width)
            values, order = shades[own], list(range(height if columns else width))
            for start, stop in runs(values, low, high):
                order[start:stop] = sorted(order[start:stop], key=values.__getitem__)
            for k in range(3):
                part = (slice(3 * line + k, None, 3 * width) if columns else
                        slice(3 * line * width + k, 3 * (line + 1) * width, 3))
                old = levels[part]
                result[part] = array("f", map(old.__getitem__, order))
        return result


def reach(filters: Iterable[Iterable[Tap]]) -> int:
    """How far they look."""
    return max(max(abs(tap.down), abs(tap.right)) for taps in filters for tap in taps)


LIGHT = 29, 150, 77     # of blue, green, red, together 256: the weights of luma (ITU-R BT.601)


def light(levels: array) -> list[int]:
    """How light each pixel is, 0 .. 255: of rounded levels, and rounded down, so that everybody finds the same."""
    whole = list(map(round, levels))
    return [min(max(LIGHT[0] * b + LIGHT[1] * g + LIGHT[2] * r >> 8, 0), 255)
            for b, g, r in zip(whole[0::3], whole[1::3], whole[2::3])]


def runs(values: Sequence[int], low: int, high: int) -> list[tuple[int, int]]:
    """(first, end) of each longest run of values within low .. high."""
    found, start = [], None
    for i, value in enumerate([*values, -1]):
        if low <= value <= high:
            start = i if start is None else start
        elif start is not None:
            found.append((start, i))
            start = None
    return found


def work_for(engine: Any = None) -> Plain:
    """Who does the work: machine code where the engine runs some, else Python."""
    if not hasattr(engine, "run_units"):
        return PLAIN
    from .planework import Machine
    return Machine(engine)


PLAIN = Plain()
