"""How scales follow each other, how a picture is cut into tiles, and what is done to a whole picture before and after.

Levels are 0 to 255, flat [height, width, 3] arrays of blue, green and red, here as floats that need not be rounded.
Sizes are (width, height) as in Picture; an array's are named in the order of its axes.

    sizes(Scales("shrink", octaves=4), 1024, 575)       [(373, 210), (522, 294), (731, 411), (1024, 575)]
    axis(640, 224, 112, 0, wrap=False)                  where tiles begin, and how much each counts where they overlap
"""

from __future__ import annotations

import array
import math
import random
from collections.abc import Callable, Iterable, Iterator, Sequence
from fractions import Fraction
from itertools import repeat
from operator import add, mul, sub
from typing import Any, NamedTuple

import deepdream
from deepdream import Mixes, Picture

Levels = Any                # array("f") or bytes of a picture or tile
Size = tuple[int, int]      # (width, height)


# ---- Linear maps -----------------------------------------------------------------------------------------------------
# Resizing, blurring and Fourier bases all mix rows with rows and columns with columns. They are written down as lists
# of weights, and engines apply them: `linear` below is Engine.fit, in machine code where there is any.

class Separable(deepdream.Fit):
    """A linear map of pictures of width x height: its rows are mixed as `rows` says, its columns as `columns`."""

    exact = False           # machine code is 20 to 100 times as fast, at every size

    def __init__(self, width: int, height: int, rows: Mixes, columns: Mixes) -> None:
        self.width = self.part_width = width
        self.height = self.part_height = height
        self.high, self.wide, self.left, self.top = len(rows), len(columns), 0, 0
        self.rows, self.columns = rows, columns

    def transposed(self) -> Separable:
        return Separable(self.wide, self.high, deepdream.transposed(self.rows), deepdream.transposed(self.columns))


Linear = Callable[[Separable, Levels], array.array]


def in_python(linear_map: Separable, levels: Levels) -> array.array:
    """The plainest Linear."""
    return linear_map.forward(levels)


def as_floats(levels: Levels) -> array.array:
    """A copy as float32."""
    return array.array("f", levels if isinstance(levels, array.array) else iter(levels))


def plus(a: Sequence[float], b: Iterable[float], factor: float = 1.0) -> array.array:
    """a + factor * b, float32."""
    return array.array("f", map(add, a, b if factor == 1.0 else map(mul, b, repeat(factor))))


def minus(a: Sequence[float], b: Sequence[float]) -> array.array:
    """a - b, float32."""
    return array.array("f", map(sub, a, b))


def clipped(levels: Iterable[float]) -> array.array:
    """Within 0 .. 255, float32."""
    if isinstance(levels, array.array) and len(levels) and min(levels) >= 0.0 and max(levels) <= 255.0:
        return levels[:]        # most often, and three times as fast
    return array.array("f", [0.0 if v < 0.0 else 255.0 if v > 255.0 else v for v in levels])


# ---- Resizing --------------------------------------------------------------------------------------------------------
# Each function says for one axis how `new` numbers are mixed from `old` ones. All but `triangle` look at two neighbours
# only, which is blurred when it enlarges and skips pixels when it shrinks by more than 2.

def linear_at(positions: Iterable[float], old: int) -> Mixes:
    """Straight lines between neighbours; beyond the ends the last number goes on."""
    mixes: Mixes = []
    for position in positions:
        i = min(max(int(position), 0), old - 1)
        u = position - i if position > 0.0 else 0.0
        mixes.append((i, [1.0 - u, u] if u > 0.0 and i + 1 < old else [1.0]))
    return mixes


def corners(old: int, new: int) -> Mixes:
    """First on first and last on last: scipy.ndimage.zoom(order=1), align_corners. google, deepdraw, neural-dream."""
    return linear_at([x * (old - 1) / max(new - 1, 1) for x in range(new)], old)


def centres(old: int, new: int) -> Mixes:
    """Pixels are squares, and the pictures' edges coincide: OpenCV, PyTorch, TensorFlow 2. gordicaleksa, keras.io."""
    return linear_at([(x + 0.5) * old / new - 0.5 for x in range(new)], old)


def lefts(old: int, new: int) -> Mixes:
    """The left upper corners coincide: TensorFlow 1's resize_bilinear. Its DeepDream notebook; as deepdream.upscale."""
    return linear_at([x * old / new for x in range(new)], old)


def triangle(old: int, new: int) -> Mixes:
    """`centres`, averaging when it shrinks: Pillow's BILINEAR. sigmoidprime.com; masks; our own dreams."""
    return deepdream.triangle_weights(old, new, new)[1]


RESIZERS: dict[str, Callable[[int, int], Mixes]] = {
    "corners": corners, "centres": centres, "lefts": lefts, "triangle": triangle,
}


def resized(levels: Levels, old: Size, new: Size, how: str = "triangle", linear: Linear = in_python,
            wrap: bool = False) -> array.array:
    """Levels of a picture of size `old`, brought to size `new`. wrap: beyond an edge there is the other side."""
    if old == new:
        return as_floats(levels)
    mixes = RESIZERS[how]
    if not wrap:
        return linear(Separable(*old, mixes(old[1], new[1]), mixes(old[0], new[0])), levels)
    seen, separable = endless(Picture(*old, levels), new, how)
    return linear(separable, seen.pixels)


def endless(picture: Picture, new: Size, how: str = "triangle") -> tuple[Picture, Separable]:
    """The picture with as much of the other sides around it as is needed, and what brings that to the size `new`."""
    (right, columns), (down, rows) = periodic(how, picture.width, new[0]), periodic(how, picture.height, new[1])
    wide, high = picture.width + 2 * right, picture.height + 2 * down
    return (Picture(wide, high, deepdream.cut_tile(picture, -right, -down, wide, high)),
            Separable(wide, high, rows, columns))


def periodic(how: str, old: int, new: int) -> tuple[int, Mixes]:
    """(m, a resizer's mixes of m numbers of the other end, the `old` ones, and m of the first): the middle third of
    three in a row. `corners`, which has no period, gives way to `centres`."""
    third = RESIZERS["centres" if how == "corners" else how](3 * old, 3 * new)[new:2 * new]
    first, (last, weights) = third[0][0], third[-1]
    margin = max(old - first, last + len(weights) - 2 * old, 0)
    return margin, [(at - old + margin, weights) for at, weights in third]


def around(function: Callable[[Levels, int, int], array.array], levels: Levels, width: int, height: int,
           margin: int) -> array.array:
    """function(levels, width, height), which sees at each side `margin` pixels of the other side."""
    if not margin:
        return function(levels, width, height)
    wide, high = width + 2 * margin, height + 2 * margin
    made = function(deepdream.cut_tile(Picture(width, height, levels), -margin, -margin, wide, high), wide, high)
    return as_floats(deepdream.cut_tile(Picture(wide, high, made), margin, margin, width, height))


def resize(picture: Picture, new: Size, how: str = "triangle", linear: Linear = in_python,
           wrap: bool = False) -> Picture:
    """The picture in floats, of size `new`."""
    return Picture(*new, resized(picture.pixels, (picture.width, picture.height), new, how, linear, wrap))


# ---- Scales ----------------------------------------------------------------------------------------------------------

class Scales(NamedTuple):
    """How octaves follow each other.

    grow:   the original's: each octave is the one before, enlarged. deepdraw's is this with tiles of kind "crop".
    shrink: octaves are the input, made smaller; the last has its size. What the dream adds to an octave goes on to the
            next, enlarged; how the detail that shrinking lost comes back is what `carry` says.
    single: one octave of the input's size.

    With R what enlarges an octave, b the shrunk inputs and x the dreams, octave k of a shrinking dream
        before  begins with b[k] + R(x[k-1] - b[k-1]), which is also R(x[k-1]) + (b[k] - R(b[k-1])). The first is how
                google's notebook and sigmoidprime.com put it, the second TensorFlow's, with high bands
        after   begins with R(x[k-1]), and b[k] - R(b[k-1]) is added when it is done: keras.io's deep_dream
        no      begins with R(x[k-1]): gordicaleksa, neural-dream; detail is not brought back
    """
    kind: str = "grow"
    octaves: int = 7                                # as many as smallest and largest allow
    factor: Fraction | float = Fraction(7, 5)       # from one octave to the next
    carry: str = "before"
    chain: bool = True                              # shrink each from the next larger one, not from the input
    resize: str = ""                                # of RESIZERS; "": deepdream.upscale to grow, else "triangle"
    near: bool = False                              # sides are rounded to the nearest number, not down
    smallest: int = 32                              # pixels of the shorter side, for shrinking
    largest: int = 4096                             # pixels of the longer side, for growing
    c89: bool = False                               # see deepdream.upscale; for pictures in bytes
    wrap: bool = False                              # what resizes, blurs and smooths sees the other side, too

    @property
    def how(self) -> str:
        """Of RESIZERS: what octaves, and pictures that go with them, are resized by."""
        return self.resize or ("lefts" if self.kind == "grow" else "triangle")


KINDS = "grow", "shrink", "single"
CARRIES = "before", "after", "no"


def sizes(scales: Scales, width: int, height: int) -> list[Size]:
    """(width, height) of the octaves of a picture of that size, in the order in which they are dreamed."""
    factor = deepdream.exact(scales.factor)
    rounded: Callable[[Fraction], int] = (lambda v: int(v + Fraction(1, 2))) if scales.near else int
    found = [(width, height)]
    for octave in range(1, scales.octaves if scales.kind != "single" else 1):
        if scales.kind == "grow":
            size = rounded(found[-1][0] * factor), rounded(found[-1][1] * factor)
        elif scales.chain:
            size = rounded(found[-1][0] / factor), rounded(found[-1][1] / factor)
        else:
            size = rounded(width / factor ** octave), rounded(height / factor ** octave)
        if max(size) > scales.largest if scales.kind == "grow" else min(size) < scales.smallest:
            break
        found.append(size)
    return found[::-1] if scales.kind == "shrink" else found


def bases(scales: Scales, picture: Picture, linear: Linear = in_python) -> list[Picture]:
    """What the octaves are made of, in order: of a picture that shrinks its smaller versions, else only itself."""
    found = [Picture(picture.width, picture.height, as_floats(picture.pixels))]
    if scales.kind == "shrink":
        for size in sizes(scales, picture.width, picture.height)[-2::-1]:
            found.append(resize(found[-1 if scales.chain else 0], size, scales.how, linear, scales.wrap))
    return found[::-1]


def enter(scales: Scales, octave: int, size: Size, picture: Picture, inputs: Sequence[Picture],
          linear: Linear = in_python) -> Picture:
    """The picture that an octave begins with. picture: what came out of the one before. inputs: see bases."""
    how, wrap = scales.how, scales.wrap
    if scales.kind == "shrink" and octave and scales.carry == "before":
        before, base = inputs[octave - 1], inputs[octave]
        added = Picture(before.width, before.height, minus(picture.pixels, before.pixels))
        return Picture(*size, plus(base.pixels, resize(added, size, how, linear, wrap).pixels))
    return resize(picture, size, how, linear, wrap) if octave else picture


def leave(scales: Scales, octave: int, picture: Picture, inputs: Sequence[Picture],
          linear: Linear = in_python) -> Picture:
    """The picture when its octave is done."""
    if scales.kind != "shrink" or scales.carry != "after" or not octave:
        return picture
    base = inputs[octave]
    size = base.width, base.height
    lost = minus(base.pixels, resize(inputs[octave - 1], size, scales.how, linear, scales.wrap).pixels)
    return Picture(*size, plus(picture.pixels, lost))


# ---- Tiles -----------------------------------------------------------------------------------------------------------

class Tiles(NamedTuple):
    """How an octave reaches the network.

    grid:    tiles side by side, moved one after the other, so that a later one sees what the earlier did
    spiral:  tiles from the middle outwards that cover every pixel exactly twice, one after the other: spikelynch's
    crop:    one tile in each step, at random, around the middle: deepdraw's
    feather: tiles that overlap; their gradients are blended, then the whole picture moves. neural-dream blends pictures
    whole:   the picture as one input; above `limit` pixels as with "feather", so that memory stays bounded
    """
    kind: str = "grid"
    size: int = 224             # pixels a side
    edge: str = "wrap"          # what tiles see beyond the picture: "wrap" (for textures), "reflect", "mean" of inside
    overlap: float = 0.5        # feather: part of a tile
    limit: int = 800 * 600      # whole: pixels; each takes Inception-V1 some 1 KB in machine code


TILINGS = "grid", "spiral", "crop", "feather", "whole"
EDGES = "wrap", "reflect", "mean"


class Tile(NamedTuple):
    """A rectangle of a picture, perhaps beyond its edges, and how much its columns and rows count; () if fully."""
    x: int
    y: int
    width: int
    height: int
    columns: Sequence[float] = ()
    rows: Sequence[float] = ()


def grid(width: int, height: int, size: int, shift: Size, wrap: bool) -> list[Tile]:
    """Tiles side by side. Where they wrap the last of a row sees some pixels of the first; else some see beyond."""
    def starts(length: int, moved: int) -> range:
        return range(moved, length + moved, size) if wrap else range(-(-moved % size), length, size)

    return [Tile(x, y, size, size) for y in starts(height, shift[1]) for x in starts(width, shift[0])]


def spiral(width: int, height: int, size: int) -> Iterator[Tile]:
    """Rings of tiles around the middle: github.com/spikelynch/deepdream, August 2015.

    Ring r is the rim of r x r tiles. Odd rings are parts of one grid, even rings of another, shifted by half a tile;
    each grid covers the picture once. Walked clockwise from the left upper corner, until a ring lies all outside.
    """
    ring = 1
    while True:
        left, top = (width - size * ring) // 2, (height - size * ring) // 2
        last = ring - 1
        rim = [(i, 0) for i in range(ring)] + [(last, i) for i in range(1, ring)]
        rim += [(i, last) for i in range(last - 1, -1, -1)] if last else []
        rim += [(0, i) for i in range(last - 1, 0, -1)]
        corner = [(left + i * size, top + j * size) for i, j in rim]
        inside = [(x, y) for x, y in corner if -size < x < width and -size < y < height]
        if not inside:
            return
        yield from (Tile(x, y, size, size) for x, y in inside)
        ring += 1


def crop(width: int, height: int, size: int, numbers: random.Random,
         place: tuple[float, float] | None = None) -> Tile:
    """A tile around the middle, or around `place` (shares of the sides): corners from a normal distribution of 0.3 *
    the room that there is, 10 pixels at least around a place (deepdraw, its mixing of classes)."""
    def corner(length: int, centre: float | None) -> int:
        room = length - size
        if room <= 0:
            return room // 2
        middle, spread = ((room / 2, 0.3 * room) if centre is None else
                          (centre * length - size / 2, 0.3 * max(room, 10)))
        return int(min(max(numbers.gauss(middle, spread), 0.0), room))

    x = corner(width, place[0] if place else None)
    return Tile(x, corner(height, place[1] if place else None), size, size)


def feathered(width: int, height: int, tile_width: int, tile_height: int, overlap: float, shift: Size,
              wrap: bool) -> list[Tile]:
    """Tiles that overlap, whose weights add up to one at every pixel."""
    across = axis(width, tile_width, int(tile_width * overlap), shift[0], wrap)
    down = axis(height, tile_height, int(tile_height * overlap), shift[1], wrap)
    return [Tile(x, y, tile_width, tile_height, columns, rows) for y, rows in down for x, columns in across]


def axis(length: int, size: int, overlap: int, shift: int, wrap: bool) -> list[tuple[int, array.array]]:
    """(start, weight of each place) of tiles along one axis: a rise and a fall, divided by the sum of all at a place.

    Where the picture wraps they are evenly spaced; else they begin at or before 0 and go on to the end or beyond.
    """
    stride = size - overlap
    if wrap:
        count = -(-length // stride) if length > size else 1
        starts = [shift + i * length // count for i in range(count)]
    elif length <= size:
        starts = [max(min(shift, 0), length - size)]
    else:
        starts = list(range(-(-shift % stride), length, stride))
        while len(starts) > 1 and starts[-2] + size >= length:
            starts.pop()
    hat = [float(min(i + 1, size - i)) for i in range(size)] if overlap else [1.0] * size
    total = [0.0] * length
    for start in starts:
        for at, place, count in stretches(start, size, length, wrap):
            total[place:place + count] = map(add, total[place:place + count], hat[at:at + count])
    weighted = []
    for start in starts:
        weights = array.array("f", bytes(4 * size))
        for at, place, count in stretches(start, size, length, wrap):
            weights[at:at + count] = array.array("f", [v / t for v, t in zip(hat[at:at + count], total[place:])])
        weighted.append((start, weights))
    return weighted


def stretches(start: int, size: int, length: int, wrap: bool) -> list[tuple[int, int, int]]:
    """(place in the tile, place in the picture, how many) of what a tile has of the picture along one axis."""
    if not wrap:
        first, end = max(start, 0), min(start + size, length)
        return [(first - start, first, end - first)] if end > first else []
    found, at = [], 0
    while at < size:
        place = (start + at) % length
        count = min(length - place, size - at)
        found.append((at, place, count))
        at += count
    return found


def cut(picture: Picture, tile: Tile, edge: str = "wrap") -> Levels:
    """The tile's pixels, and beyond the picture's edges what `edge` says."""
    x, y, width, height = tile[:4]
    if edge == "wrap" or (0 <= x <= picture.width - width and 0 <= y <= picture.height - height):
        return deepdream.cut_tile(picture, x, y, width, height)
    return (cut_reflected if edge == "reflect" else cut_mean)(picture, x, y, width, height)


def cut_reflected(picture: Picture, x: int, y: int, width: int, height: int) -> Levels:
    """Beyond the edges the picture comes back, the outermost pixels first."""
    line, length, pixels = 3 * picture.width, 3 * width, picture.pixels
    left = 3 * (x % (2 * picture.width))
    rounds = -(-(left + length) // (2 * line))
    rows = [row if row < picture.height else 2 * picture.height - 1 - row
            for row in (i % (2 * picture.height) for i in range(y, y + height))]
    tile = pixels[:0]
    for row in rows:
        there = pixels[row * line:(row + 1) * line]
        tile += ((there + deepdream.swapped(there[::-1])) * rounds)[left:left + length]
    return tile


def cut_mean(picture: Picture, x: int, y: int, width: int, height: int) -> Levels:
    """Beyond the edges there is the mean colour of what of the tile is inside: spikelynch's."""
    inside = Tile(max(x, 0), max(y, 0), min(x + width, picture.width) - max(x, 0),
                  min(y + height, picture.height) - max(y, 0))
    part: Any = deepdream.cut_tile(picture, *inside[:4])
    color = [math.fsum(part[c::3]) / (inside.width * inside.height) for c in range(3)]
    filled: Any = array.array("f", color) if isinstance(part, array.array) else deepdream.round_half_up(color)
    left, right = filled * (inside.x - x), filled * (x + width - inside.x - inside.width)
    above = filled * (width * (inside.y - y))
    below = filled * (width * (y + height - inside.y - inside.height))
    line = 3 * inside.width
    tile = above
    for at in range(0, len(part), line):
        tile += left + part[at:at + line] + right
    return tile + below


def paste(picture: Picture, levels: Levels, tile: Tile, edge: str = "wrap") -> None:
    """Put a tile back; of what is beyond the edges nothing, unless they wrap."""
    x, y, width, height = tile[:4]
    if edge == "wrap":
        deepdream.paste_tile(picture, levels, x, y, width, height)
        return
    line = 3 * picture.width
    for at, place, count in stretches(x, width, picture.width, False):
        for row in range(max(y, 0), min(y + height, picture.height)):
            start = 3 * ((row - y) * width + at)
            picture.pixels[row * line + 3 * place:row * line + 3 * (place + count)] = levels[start:start + 3 * count]


def add_tile(total: Picture, levels: array.array, tile: Tile, edge: str = "wrap", linear: Linear = in_python) -> None:
    """total += the tile's numbers, as far as they count. One that counts fully is alone, and takes its place."""
    across = stretches(tile.x, tile.width, total.width, edge == "wrap")
    if tile.columns:
        levels = linear(Separable(tile.width, tile.height, [(i, [v]) for i, v in enumerate(tile.rows)],
                                  [(i, [v]) for i, v in enumerate(tile.columns)]), levels)
    for at, place, count in stretches(tile.y, tile.height, total.height, edge == "wrap"):
        for i in range(count):
            for x_at, x_place, x_count in across:
                start, there = 3 * (tile.width * (at + i) + x_at), 3 * (total.width * (place + i) + x_place)
                new = levels[start:start + 3 * x_count]
                if tile.columns:
                    new = plus(total.pixels[there:there + 3 * x_count], new)
                total.pixels[there:there + 3 * x_count] = new


def rolled(levels: Levels, width: int, height: int, x: int, y: int) -> Levels:
    """A copy moved right by x and down by y, around the edges."""
    return deepdream.cut_tile(Picture(width, height, levels), -x % width, -y % height, width, height)


# ---- Before: noise, masks --------------------------------------------------------------------------------------------

def uniform_noise(width: int, height: int, seed: int = 0, low: float = 0.0, high: float = 255.0) -> Picture:
    """Levels equally likely from low to high: sigmoidprime.com's `random_noise`; TensorFlow's begins at 100 .. 101."""
    numbers, span = random.Random(seed), high - low
    return Picture(width, height, array.array("f", [low + span * numbers.random() for _ in range(3 * width * height)]))


def normal_noise(width: int, height: int, seed: int = 0, mean: float = 200.0, deviation: float = 8.0) -> Picture:
    """Levels around `mean`, each of its own: deepdraw's, who takes 200 +- 8, or 250 +- 8."""
    numbers = random.Random(seed)
    return Picture(width, height, clipped(numbers.gauss(mean, deviation) for _ in range(3 * width * height)))


LUMA = 0.114, 0.587, 0.299      # of blue, green and red: Rec. ITU-R BT.601


def luma(levels: Levels) -> list[float]:
    """How light each pixel is, in levels."""
    blue, green, red = (map(mul, levels[c::3], repeat(LUMA[c])) for c in range(3))
    return list(map(add, map(add, blue, green), red))


def spread(values: Iterable[float]) -> array.array:
    """Each number three times, once for each colour."""
    one = array.array("f", values)
    three = array.array("f", bytes(12 * len(one)))
    for c in range(3):
        three[c::3] = one
    return three


def strengths(mask: Picture, size: Size, linear: Linear = in_python) -> array.array:
    """A map of strength 0 .. 1 for a picture of that size [h, w, 3]: white is 1, black 0."""
    levels = resize(mask, size, "triangle", linear).pixels
    return spread(min(max(v / 255.0, 0.0), 1.0) for v in luma(levels))


# ---- After: colours, strength ----------------------------------------------------------------------------------------
# All take the dream and the input, both as levels of the same size.

def keep_colors(dream: Levels, original: Levels) -> array.array:
    """Light and shade of the dream, colours of the original: its Cb and Cr with the dream's Y (neural-dream).

    All of blue, green and red are Y plus something made of Cb and Cr, so they differ by what Y differs.
    """
    return clipped(map(add, original, spread(map(sub, luma(dream), luma(original)))))


def match_colors(dream: Levels, original: Levels) -> array.array:
    """The dream with the original's mean and standard deviation in each of blue, green and red."""
    result = array.array("f", bytes(4 * len(dream)))
    for c in range(3):
        (mean, deviation), (wanted, width) = moments(dream[c::3]), moments(original[c::3])
        factor = width / deviation if deviation else 1.0
        result[c::3] = array.array("f", [(v - mean) * factor + wanted for v in dream[c::3]])
    return clipped(result)


def moments(values: Sequence[float]) -> tuple[float, float]:
    """(mean, standard deviation)"""
    mean = math.fsum(values) / len(values)
    return mean, math.sqrt(math.fsum([(v - mean) ** 2 for v in values]) / len(values))


def blended(dream: Levels, original: Levels, strength: float) -> array.array:
    """strength * dream + (1 - strength) * original; above 1 it goes beyond the dream."""
    return clipped(plus(original, minus(as_floats(dream), original), strength))


# ---- A time budget ---------------------------------------------------------------------------------------------------

FEWEST, MOST = 0.25, 4.0        # of the steps that a stage has: fewer show little, more are too much


def within(seconds: float, costs: Sequence[float], steps: Sequence[int]) -> list[int]:
    """How many steps each octave gets so that all takes about `seconds`; costs: seconds of one step of each octave.

    All octaves get as many as there is time for, but a quarter of the wanted ones at least; where that takes too long
    the last ones, which are the largest, get none. At least one step of the first is done.
    """
    for octaves in range(len(costs), 1, -1):
        share = seconds / sum(map(mul, costs[:octaves], steps))
        if share >= FEWEST:
            break
    else:
        octaves, share = 1, seconds / (costs[0] * steps[0])
    return [max(int(count * min(share, MOST)), 1) if i < octaves else 0 for i, count in enumerate(steps)]
