"""Distortions: what is done to a frame before the next one is dreamed on it.

    chain = [parse("zoom:0.05"), parse("roll-columns:sine:period=40,amplitude=8:wrap")]
    picture = distort(picture, chain, frame=0, fps=30.0, rng=random.Random(1), engine=engine)

Pictures are floats that nobody rounds, 0 .. 255; what comes out has the size of what goes in. Amounts are per frame at
30 frames a second, and `distort` converts them to other rates, so that a second of film moves as far. A new distortion
is a function and a row of ROWS. What it does to levels is in planes.py (Python) and planework.py (machine code).

Letters: x right, y down, in pixels from the first one's centre; angles are counter-clockwise, in degrees.
"""

from __future__ import annotations

import cmath
import functools
import math
import random
from array import array
from collections.abc import Callable, Iterable, Sequence
from operator import mul
from types import SimpleNamespace
from typing import Any, NamedTuple

import deepdream
from deepdream import Picture, answer, nearest

from . import ascent
from .planes import EDGES, Places, Plain, Tap, work_for, zeros
from .scales import LUMA

RATE = 30.0         # frames a second that amounts are meant for


# ---- Affine maps -----------------------------------------------------------------------------------------------------

class Affine(NamedTuple):
    """Where a pixel (x, y) of the new picture was in the old one: (xx x + xy y + x0, yx x + yy y + y0)."""
    xx: float
    xy: float
    yx: float
    yy: float
    x0: float
    y0: float

    def after(self, other: Affine) -> Affine:
        """Where it was before both, `other` being what was done first."""
        return Affine(other.xx * self.xx + other.xy * self.yx, other.xx * self.xy + other.xy * self.yy,
                      other.yx * self.xx + other.yy * self.yx, other.yx * self.xy + other.yy * self.yy,
                      other.xx * self.x0 + other.xy * self.y0 + other.x0,
                      other.yx * self.x0 + other.yy * self.y0 + other.y0)


@functools.lru_cache(maxsize=8)
def places_of(map: Affine, width: int, height: int) -> Places:
    return Places(array("f", [map.xx * x for x in range(width)]), array("f", [map.yx * x for x in range(width)]),
                  array("f", [map.xy * y + map.x0 for y in range(height)]),
                  array("f", [map.yy * y + map.y0 for y in range(height)]))


def about(x: float, y: float, xx: float, xy: float, yx: float, yy: float, right: float = 0.0,
          down: float = 0.0) -> Affine:
    """The map with this matrix about the point (x, y), for a picture that is then moved."""
    return Affine(xx, xy, yx, yy, x - xx * (x + right) - xy * (y + down), y - yx * (x + right) - yy * (y + down))


def turned(degrees: float) -> tuple[float, float, float, float]:
    """The matrix from new to old places when a picture is turned."""
    cos, sin = math.cos(math.radians(degrees)), math.sin(math.radians(degrees))
    return cos, -sin, sin, cos


def of_matrix(function: Callable[[complex], complex], xx: float, xy: float, yx: float, yy: float) -> Any:
    """The function of a 2x2 matrix, complex where no real one is: a M + b I with the same values at its eigenvalues
    (Cayley and Hamilton; Higham, "Functions of Matrices", 1.2)."""
    middle = (xx + yy) / 2
    half = cmath.sqrt(middle ** 2 - (xx * yy - xy * yx))
    if abs(half) < 1e-5:
        half = complex(1e-5)        # of two that are one, the slope is wanted
    a = (function(middle + half) - function(middle - half)) / (2 * half)
    b = (function(middle + half) + function(middle - half)) / 2 - a * middle
    return a * xx + b, a * xy, a * yx, a * yy + b


# ---- Distortions -----------------------------------------------------------------------------------------------------
# Each takes the frame and its own parameters, converted to the frame's rate, and gives an Affine or a new picture's
# pixels.

class Frame(NamedTuple):
    """What a distortion works on."""
    picture: Picture            # of floats
    edge: str
    number: int                 # of the frame, from 0
    rate: float                 # 30 / frames a second
    rng: random.Random          # for random ones
    work: Plain

    @property
    def size(self) -> tuple[int, int]:
        return self.picture.width, self.picture.height

    def point(self, values: SimpleNamespace) -> tuple[float, float]:
        """Where the shares x and y of width and height are."""
        return values.x * (self.picture.width - 1), values.y * (self.picture.height - 1)

    def moved(self, places: Places) -> array:
        return self.work.moved(self.picture.pixels, *self.size, places, self.edge)


def zoom(frame: Frame, values: SimpleNamespace) -> Affine:
    """google's feedback loop: what was at 1 - by of its distance from the centre."""
    return about(*frame.point(values), 1.0 - values.by, 0.0, 0.0, 1.0 - values.by)


def stretch(frame: Frame, values: SimpleNamespace) -> Affine:
    centre = values.at * (frame.size[values.axis == "vertical"] - 1)
    if values.axis == "vertical":
        return about(0.0, centre, 1.0, 0.0, 0.0, 1.0 - values.by)
    return about(centre, 0.0, 1.0 - values.by, 0.0, 0.0, 1.0)


def rotate(frame: Frame, values: SimpleNamespace) -> Affine:
    return about(*frame.point(values), *turned(values.degrees))


def glide(frame: Frame, values: SimpleNamespace) -> Affine:
    return about(0.0, 0.0, 1.0, 0.0, 0.0, 1.0, values.x, values.y)


def affine(frame: Frame, values: SimpleNamespace) -> Affine:
    """At other rates a power of the matrix with its shift: M^r, and (M^r - 1) / (M - 1) times the shift. What mirrors,
    or turns by just 180 degrees, has no such power and stays as it is."""
    matrix, shift, rate = (values.xx, values.xy, values.yx, values.yy), (values.x, values.y), frame.rate
    power = of_matrix(lambda v: powered(v, rate), *matrix)
    if rate != 1.0 and all(abs(v.imag) < 1e-6 for v in power):
        total = of_matrix(lambda v: (powered(v, rate) - 1) / (v - 1) if abs(v - 1) > 1e-9 else rate, *matrix)
        matrix = tuple(v.real for v in power)
        shift = ((total[0] * values.x + total[1] * values.y).real, (total[2] * values.x + total[3] * values.y).real)
    xx, xy, yx, yy = matrix
    determinant = xx * yy - xy * yx
    centre = (frame.picture.width - 1) / 2, (frame.picture.height - 1) / 2
    return about(*centre, yy / determinant, -xy / determinant, -yx / determinant, xx / determinant, *shift)


def regions(frame: Frame, values: SimpleNamespace) -> array:
    """Each region is zoomed, turned and moved about its own centre; every second one `odd` times as much."""
    box = values.left, values.top, values.right, values.bottom
    own = values.zoom, values.rotate, values.x, values.y
    return frame.moved(region_places(*frame.size, values.columns, values.rows, own, values.odd, box))


@functools.lru_cache(maxsize=2)
def region_places(width: int, height: int, columns: int, rows: int, values: tuple[float, ...], odd: float,
                  box: tuple[float, ...]) -> Places:
    xs, ys = zeros(width * height), zeros(width * height)
    ends_x = [round(width * (box[0] + (box[2] - box[0]) * i / columns)) for i in range(columns + 1)]
    ends_y = [round(height * (box[1] + (box[3] - box[1]) * i / rows)) for i in range(rows + 1)]
    for row, (top, bottom) in enumerate(zip(ends_y, ends_y[1:])):
        for column, (left, right) in enumerate(zip(ends_x, ends_x[1:])):
            by, degrees, x, y = (value * (odd if (row + column) % 2 else 1.0) for value in values)
            near, (cos, *_, sin, _) = 1.0 - by, turned(degrees)
            own = about((left + right - 1) / 2, (top + bottom - 1) / 2, near * cos, -near * sin, near * sin, near * cos,
                        x, y)
            for i in range(top, bottom):
                part = slice(i * width + left, i * width + right)
                xs[part] = array("f", [(own.xx - 1.0) * j + own.xy * i + own.x0 for j in range(left, right)])
                ys[part] = array("f", [own.yx * j + (own.yy - 1.0) * i + own.y0 for j in range(left, right)])
    return Places(xs, ys, of_pixels=True)


def roll_columns(frame: Frame, values: SimpleNamespace) -> array:
    width, height = frame.size
    down = array("f", [-folded(shift, height, frame.edge) for shift in shifts(frame, values, width)])
    return frame.moved(Places(array("f", range(width)), down, zeros(height), array("f", range(height))))


def roll_rows(frame: Frame, values: SimpleNamespace) -> array:
    width, height = frame.size
    right = array("f", [-folded(shift, width, frame.edge) for shift in shifts(frame, values, height)])
    return frame.moved(Places(array("f", range(width)), zeros(width), right, array("f", range(height))))


def folded(shift: int, size: int, edge: str) -> float:
    """A shift that shows the same of so many pixels, and no number that is too large for exact places."""
    return math.fmod(shift, 2 * size) if edge in ("reflect", "wrap") else float(min(max(shift, -size), size))


def shifts(frame: Frame, values: SimpleNamespace, count: int) -> list[int]:
    """By how many whole pixels each of `count` columns is rolled down, or each row to the right.

    Parts of pixels are rounded, in every frame another way, so that in the long run a column is as fast as it should.
    """
    golden = (0.5 + frame.number * (math.sqrt(5.0) - 1.0) / 2.0) % 1.0
    angle = math.radians(values.phase + values.speed * frame.number)
    result: list[int] = []
    for group, first in enumerate(range(0, count, values.width)):
        if values.function == "linear":
            amount = values.slope * first
        elif values.function == "sine":
            amount = values.amplitude * math.sin(2.0 * math.pi * first / values.period + angle)
        else:
            amount = frame.rng.randint(values.low, values.high) * frame.rate
        amount *= (values.odd if group % 2 else 1.0) * (1.0 + (values.last - 1.0) * first / max(count - 1, 1))
        result += [math.floor(amount + values.drift + golden + 1e-9)] * min(values.width, count - first)
    return result


def blur(frame: Frame, values: SimpleNamespace) -> array:
    """Gaussian, to 4 sigma; where a low rate makes it wider than the picture, as if it were twice that."""
    sigma = min(values.sigma, 2.0 * max(50, *frame.size))
    bell = ascent.bell(sigma, int(4.0 * sigma + 0.5))
    return frame.work.smoothed(frame.picture.pixels, *frame.size, bell, frame.edge)


def edges(frame: Frame, values: SimpleNamespace, middle: float) -> array:
    """How steep the picture is. The largest difference that a pixel can have from left to right, or from above to
    below, becomes 255; what is steeper slantwise is as light."""
    work, old, seen, edge = frame.work, frame.picture.pixels, frame.picture.pixels, frame.edge
    if not values.color:
        seen = work.recoloured(old, [[*LUMA, 0.0]] * 3)
        if edge not in EDGES:
            edge = f"{round(sum(map(mul, LUMA, deepdream.colour(edge)))):02x}" * 3
    side = [(-1, 1.0), (0, middle), (1, 1.0)]
    across = [Tap(i, j, j * weight) for i, weight in side for j in (-1, 1)]
    down = [Tap(i, j, i * weight) for j, weight in side for i in (-1, 1)]
    right, below = work.filtered(seen, *frame.size, [across, down], edge)
    steep = work.magnitude(right, below, values.strength / (2.0 + middle))
    for levels in (right, below, *[seen] * (seen is not old)):
        work.give(levels)
    return mixed(frame, steep, values.mix)


def mixed(frame: Frame, new: array, share: float) -> array:
    """So much of the new one, the rest of what was there."""
    if share == 1.0:
        return new
    result = frame.work.mixed(frame.picture.pixels, new, share)
    frame.work.give(new)
    return result


def sobel(frame: Frame, values: SimpleNamespace) -> array:
    return edges(frame, values, 2.0)


def prewitt(frame: Frame, values: SimpleNamespace) -> array:
    return edges(frame, values, 1.0)


def color(frame: Frame, values: SimpleNamespace) -> array:
    """Colours turned about the line of greys, away from or towards luma, and moved."""
    return frame.work.recoloured(frame.picture.pixels, color_matrix(values.hue, values.saturation, values.blue,
                                                                    values.green, values.red))


def color_matrix(hue: float, saturation: float, *more: float) -> list[list[float]]:
    """A rotation about (1, 1, 1) by Rodrigues' formula, then saturation; greys stay what they are but for `more`."""
    cos, sin = math.cos(math.radians(hue)), math.sin(math.radians(hue))
    turn = [[cos * (i == j) + (1 - cos) / 3 + sin / math.sqrt(3) * ((j - i + 1) % 3 - 1) for j in range(3)]
            for i in range(3)]
    light = [sum(LUMA[i] * turn[i][j] for i in range(3)) for j in range(3)]
    return [[light[j] + saturation * (turn[i][j] - light[j]) for j in range(3)] + [more[i]] for i in range(3)]


def flatten(frame: Frame, values: SimpleNamespace) -> array:
    return mixed(frame, frame.work.flattened(frame.picture.pixels, values.levels), values.mix)


def sort_rows(frame: Frame, values: SimpleNamespace) -> array:
    return pixel_sort(frame, values, False)


def sort_columns(frame: Frame, values: SimpleNamespace) -> array:
    return pixel_sort(frame, values, True)


def pixel_sort(frame: Frame, values: SimpleNamespace, columns: bool) -> array:
    count = frame.size[0 if columns else 1]
    lines = [line for line in range(count) if values.share == 1.0 or frame.rng.random() < values.share]
    return frame.work.sorted(frame.picture.pixels, *frame.size, columns, lines, values.low, values.high)


def swirl(frame: Frame, values: SimpleNamespace) -> array:
    radius = values.radius * min(frame.size)
    return frame.moved(swirl_places(*frame.size, *frame.point(values), values.degrees, radius))


@functools.lru_cache(maxsize=2)
def swirl_places(width: int, height: int, x: float, y: float, degrees: float, radius: float) -> Places:
    """Turned by degrees * exp(-5 r / (radius ln 2)) at a distance of r: skimage.transform.swirl."""
    xs, ys, fall, strength = array("f"), array("f"), -5.0 / (radius * math.log(2.0)), math.radians(degrees)
    for i in range(height):
        down = i - y
        for j in range(width):
            right = j - x
            angle = strength * math.exp(fall * math.hypot(right, down))
            cos, sin = math.cos(angle), math.sin(angle)
            xs.append(cos * right - sin * down - right)
            ys.append(sin * right + cos * down - down)
    return Places(xs, ys, of_pixels=True)


def ripple(frame: Frame, values: SimpleNamespace) -> array:
    """Waves that run down and to the right: each row moves right and left, each column up and down."""
    (width, height), angle = frame.size, math.radians(values.phase + values.speed * frame.number)
    turn = 2.0 * math.pi / values.period

    def wave(count: int) -> array:
        return array("f", [-values.amplitude * math.sin(turn * i - angle) for i in range(count)])

    return frame.moved(Places(array("f", range(width)), wave(width), wave(height), array("f", range(height))))


# What is wrong with parameters that are each allowed, "" if nothing is.

def right(values: SimpleNamespace) -> str:
    return ""


def right_matrix(values: SimpleNamespace) -> str:
    flat = abs(values.xx * values.yy - values.xy * values.yx) < 1e-6
    return "the matrix makes a line of the picture; expected one whose determinant, xx yy - xy yx, is not 0" * flat


def right_box(values: SimpleNamespace) -> str:
    empty = values.left >= values.right or values.top >= values.bottom
    return "there is nothing between left and right, or top and bottom; expected left < right, top < bottom" * empty


def right_bounds(values: SimpleNamespace) -> str:
    return f"low={values.low} is above high={values.high}; expected low <= high" * (values.low > values.high)


# ---- The table -------------------------------------------------------------------------------------------------------

class Parameter(NamedTuple):
    """A row of a distortion. Its type is its default's: a whole number, a number or, of `words`, a word."""
    name: str
    default: Any
    low: float
    high: float
    rate: str                   # of RATES: how it is converted to other rates than 30 frames a second
    help: str
    words: tuple[str, ...] = ()


MOST = 1e6          # pixels, degrees, levels; factors stay between this and its inverse: nothing is to be seen beyond


def powered(v: Any, r: float) -> Any:
    """v ** r within MOST; v may be complex."""
    if not v:
        return v
    size = r * math.log(abs(v))
    most = math.log(MOST)
    return v ** r if abs(size) <= most else (v / abs(v)) ** r * math.exp(math.copysign(most, size))


# Of an amount v per frame at 30 a second: what it is where a frame takes r times as long.
RATES: dict[str, Callable[[float, float], float]] = {
    "": lambda v, r: v,                             # no amount
    "linear": lambda v, r: min(max(v * r, -MOST), MOST),
    "factor": powered,
    "rest": lambda v, r: 1.0 - powered(1.0 - v, r),      # the share that goes; what is left is a factor
    "root": lambda v, r: v * math.sqrt(r),          # deviations of Gaussians, whose squares add up
}


class Distortion(NamedTuple):
    """A row."""
    name: str
    function: Callable[[Frame, SimpleNamespace], Affine | array]
    parameters: tuple[Parameter, ...]
    help: str
    edge: str = "reflect"       # where nothing else is said; "" where edges play no part
    check: Callable[[SimpleNamespace], str] = right
    affine: bool = False        # whether the function gives an Affine


CENTRE = (Parameter("x", 0.5, 0.0, 1.0, "", "centre, a share of the width"),
          Parameter("y", 0.5, 0.0, 1.0, "", "centre, a share of the height"))
MIX = Parameter("mix", 1.0, 0.0, 1.0, "rest", "share of it in the picture")
EDGE_PARAMETERS = (Parameter("strength", 1.0, 0.0, 100.0, "", "factor"), MIX,
                   Parameter("color", 0, 0, 1, "", "1: each colour for itself, 0: grey"))
ROLL = (
    Parameter("function", "linear", 0, 0, "", "what the shift is made of", ("linear", "sine", "random")),
    Parameter("slope", 1 / 15, -100.0, 100.0, "linear", "linear: pixels more, from each to the next"),
    Parameter("amplitude", 8.0, 0.0, 1000.0, "linear", "sine: most pixels"),
    Parameter("period", 40.0, 1.0, 10000.0, "", "sine: pixels from wave to wave"),
    Parameter("phase", 0.0, -360.0, 360.0, "", "sine: degrees"),
    Parameter("speed", 0.0, -360.0, 360.0, "linear", "sine: how many degrees the waves run on"),
    Parameter("low", -5, -1000, 1000, "", "random: fewest pixels"),
    Parameter("high", 5, -1000, 1000, "", "random: most pixels"),
    Parameter("width", 1, 1, 1000, "", "so many side by side move together"),
    Parameter("drift", 0.0, -1000.0, 1000.0, "linear", "pixels for all, besides"),
    Parameter("odd", 1.0, -100.0, 100.0, "", "factor for every second one, or group"),
    Parameter("last", 1.0, -100.0, 100.0, "", "factor for the last one, towards which it grows"),
)
SORT = (Parameter("low", 64, 0, 255, "", "the darkest light that is sorted"),
        Parameter("high", 192, 0, 255, "", "the lightest"),
        Parameter("share", 1.0, 0.0, 1.0, "rest", "of the lines, drawn by chance"))
WHEN = (Parameter("every", 1, 1, 100000, "", "only every so many frames"),
        Parameter("first", 0, 0, 100000, "", "from this frame on"))

ROWS = (
    Distortion("zoom", zoom, (Parameter("by", 0.05, -9.0, 0.9, "rest", "share of the picture that leaves it"), *CENTRE),
               "towards the centre; away from it with a number below 0", affine=True),
    Distortion("stretch", stretch, (Parameter("by", 0.05, -9.0, 0.9, "rest", "share of the picture that leaves it"),
                                    Parameter("axis", "vertical", 0, 0, "", "direction", ("vertical", "horizontal")),
                                    Parameter("at", 0.5, 0.0, 1.0, "", "what stays in place, a share of the side")),
               "zoom along one axis", affine=True),
    Distortion("rotate", rotate, (Parameter("degrees", 1.5, -180.0, 180.0, "linear", "counter-clockwise"), *CENTRE),
               "turn about the centre", affine=True),
    Distortion("glide", glide, (Parameter("x", 2.0, -10000.0, 10000.0, "linear", "pixels to the right"),
                                Parameter("y", 2.0, -10000.0, 10000.0, "linear", "pixels down")), "move",
               affine=True),
    Distortion("affine", affine, (Parameter("xx", 1.0, -10.0, 10.0, "", "what x takes of x"),
                                  Parameter("xy", 0.0, -10.0, 10.0, "", "what x takes of y"),
                                  Parameter("yx", 0.0, -10.0, 10.0, "", "what y takes of x"),
                                  Parameter("yy", 1.0, -10.0, 10.0, "", "what y takes of y"),
                                  Parameter("x", 0.0, -10000.0, 10000.0, "", "pixels to the right"),
                                  Parameter("y", 0.0, -10000.0, 10000.0, "", "pixels down")),
               "any matrix about the centre: a point at (x, y) goes to (xx x + xy y, yx x + yy y)",
               check=right_matrix, affine=True),
    Distortion("regions", regions, (Parameter("columns", 2, 1, 100, "", "of regions"),
                                    Parameter("rows", 2, 1, 100, "", "of regions"),
                                    Parameter("zoom", 0.05, -9.0, 0.9, "rest", "as zoom"),
                                    Parameter("rotate", 0.0, -180.0, 180.0, "linear", "as rotate"),
                                    Parameter("x", 0.0, -10000.0, 10000.0, "linear", "as glide"),
                                    Parameter("y", 0.0, -10000.0, 10000.0, "linear", "as glide"),
                                    Parameter("odd", -1.0, -10.0, 10.0, "", "factor for every second region"),
                                    Parameter("left", 0.0, 0.0, 1.0, "", "where they begin, a share of the width"),
                                    Parameter("top", 0.0, 0.0, 1.0, "", "where they begin, a share of the height"),
                                    Parameter("right", 1.0, 0.0, 1.0, "", "where they end"),
                                    Parameter("bottom", 1.0, 0.0, 1.0, "", "where they end")),
               "zoom, turn and move parts of the picture, each about its own centre", check=right_box),
    Distortion("roll-columns", roll_columns, ROLL, "move each column down, by whole pixels", "wrap", right_bounds),
    Distortion("roll-rows", roll_rows, ROLL, "move each row to the right, by whole pixels", "wrap", right_bounds),
    Distortion("swirl", swirl, (Parameter("degrees", 5.0, -360.0, 360.0, "linear", "in the centre"),
                                Parameter("radius", 1.0, 0.01, 10.0, "", "how far it reaches, a share of the shorter "
                                          "side"), *CENTRE), "turn, less and less outwards"),
    Distortion("ripple", ripple, (Parameter("amplitude", 1.0, 0.0, 1000.0, "linear", "pixels"),
                                  Parameter("period", 40.0, 1.0, 10000.0, "", "pixels from wave to wave"),
                                  Parameter("phase", 0.0, -360.0, 360.0, "", "degrees"),
                                  Parameter("speed", 10.0, -360.0, 360.0, "linear", "how many degrees the waves run "
                                            "on")), "waves, of columns and of rows"),
    Distortion("blur", blur, (Parameter("sigma", 0.5, 0.0, 100.0, "root", "pixels"),), "Gaussian blur"),
    Distortion("sobel", sobel, EDGE_PARAMETERS, "edges, by Sobel's operator"),
    Distortion("prewitt", prewitt, EDGE_PARAMETERS, "edges, by Prewitt's operator"),
    Distortion("color", color, (Parameter("hue", 3.0, -180.0, 180.0, "linear", "degrees: red, yellow, green, cyan, blue"
                                          " lie 60 apart"),
                                Parameter("saturation", 1.0, 0.0, 10.0, "factor", "factor"),
                                Parameter("red", 0.0, -255.0, 255.0, "linear", "levels more"),
                                Parameter("green", 0.0, -255.0, 255.0, "linear", "levels more"),
                                Parameter("blue", 0.0, -255.0, 255.0, "linear", "levels more")),
               "shift the colours", ""),
    Distortion("flatten", flatten, (Parameter("levels", 6, 2, 256, "", "of each of red, green and blue"), MIX),
               "fewer colours", ""),
    Distortion("sort-rows", sort_rows, SORT, "sort pixels within rows, by how light they are", ""),
    Distortion("sort-columns", sort_columns, SORT, "sort pixels within columns", ""),
)
DISTORTIONS = {row.name: row for row in ROWS}


# ---- Text ------------------------------------------------------------------------------------------------------------

COLOURS = {"black": "000000", "white": "ffffff"}


class Chosen(NamedTuple):
    """A distortion with its parameters, all of them, as they are at 30 frames a second."""
    name: str
    values: dict[str, Any]
    edge: str

    def text(self) -> str:
        """What `parse` reads: the first parameter, those that are not as usual, the edge if it is not as usual."""
        row = DISTORTIONS[self.name]
        first, *others = parameters(row)
        parts = [self.name, shown(self.values[first.name])]
        more = [f"{one.name}={shown(self.values[one.name])}" for one in others if self.values[one.name] != one.default]
        parts += [",".join(more)] if more else []
        return ":".join([*parts, self.edge] if self.edge != row.edge else parts)


def shown(value: Any) -> str:
    """As short as can be read back."""
    return f"{value:g}" if isinstance(value, float) and float(f"{value:g}") == value else str(value)


def parameters(row: Distortion) -> tuple[Parameter, ...]:
    return (*row.parameters, *WHEN)


def parse(text: str) -> Chosen:
    """NAME[:VALUE,...][:PARAMETER=VALUE,...][:EDGE]: zoom:0.05, roll-columns:sine:period=40,amplitude=8:wrap.

    Values without a name are those of the first parameters, in their order. EDGE: reflect, wrap, edge, black, white or
    a colour as six digits. ValueError: what is wrong.
    """
    name, *parts = (part.strip() for part in text.split(":"))
    row = DISTORTIONS.get(name)
    if row is None:
        near = nearest(name, DISTORTIONS)
        raise ValueError(f"no distortion is called {name or 'nothing'}; " + (
            f"did you mean {' or '.join(near)}?" if near else "`deepdream distortions` lists them"))
    given = dict[str, Any]()
    edge = None
    for number, part in enumerate(parts):
        if number and number == len(parts) - 1 and "=" not in part or is_edge(part):
            if edge is not None:
                raise ValueError(f"the edges {edge} and {part}; expected one of them")
            edge = parse_edge(row, part)
        elif "=" in part:
            for pair in part.split(","):
                set_value(row, given, *pair.partition("="))
        elif number == 0:
            for one, word in zip(row.parameters, spread(row, part)):
                given[one.name] = parse_value(one, word)
        else:
            raise ValueError(f"{part or 'nothing'} where a parameter such as {row.parameters[0].name}="
                             f"{shown(row.parameters[0].default)} should be")
    values = {one.name: one.default for one in parameters(row)} | given
    if wrong := row.check(SimpleNamespace(**values)):
        raise ValueError(wrong)
    return Chosen(name, values, row.edge if edge is None else edge)


def spread(row: Distortion, part: str) -> list[str]:
    words = part.split(",")
    if len(words) > len(row.parameters):
        raise ValueError(f"{len(words)} values; {row.name} has {len(row.parameters)}: "
                         + ", ".join(one.name for one in row.parameters))
    return words


def set_value(row: Distortion, values: dict[str, Any], name: str, equals: str, word: str) -> None:
    name = name.strip()
    one = next((one for one in parameters(row) if one.name == name), None)
    if one is None or not equals:
        names = [one.name for one in parameters(row)]
        near = nearest(name, names)
        raise ValueError(f"{row.name} has no parameter {name or 'without a name'}; "
                         + (f"did you mean {' or '.join(near)}?" if near else f"expected one of {', '.join(names)}"))
    if name in values:
        raise ValueError(f"{name} is given twice; expected it once")
    values[name] = parse_value(one, word.strip())


def parse_value(one: Parameter, word: str) -> Any:
    """The value; numbers may be fractions, such as 1/15."""
    if one.words:
        if word not in one.words:
            near = nearest(word, one.words)
            raise ValueError(f"{one.name} {word or 'nothing'}: " + (
                f"did you mean {' or '.join(near)}?" if near else f"expected {' or '.join(one.words)}"))
        return word
    above, slash, below = word.partition("/")
    value, part = deepdream.as_number(above), deepdream.as_number(below) if slash else 1.0
    value = value / part if part else math.nan
    whole = isinstance(one.default, int)
    if not one.low <= value <= one.high or (whole and value != int(value)):
        raise ValueError(f"{one.name} {word or 'nothing'}: expected a {'whole ' if whole else ''}number from "
                         f"{one.low:g} to {one.high:g}")
    return int(value) if whole else value


def is_edge(word: str) -> bool:
    """Whether it can be nothing else."""
    if word in (*EDGES, *COLOURS) or word.startswith("#"):
        return True
    return len(word) == 6 and not set(word.lower()) - set("0123456789abcdef") and math.isnan(deepdream.as_number(word))


def parse_edge(row: Distortion, word: str) -> str:
    if not row.edge:
        raise ValueError(f"{word or 'nothing'} cannot stand there: nothing of {row.name} depends on the edges")
    if word in EDGES:
        return word
    word = COLOURS.get(word, word).lower().removeprefix("#")
    try:
        deepdream.colour(word)
    except ValueError:
        near = nearest(word, (*EDGES, *COLOURS))
        raise ValueError(f"edge {word or 'nothing'}: " + (f"did you mean {' or '.join(near)}?" if near else
                         f"expected {', '.join(EDGES)} or a colour such as ff8000")) from None
    return word


def run_list(options: SimpleNamespace) -> int:
    """The mode `distortions`."""
    lines = ["--distort NAME:VALUE:PARAMETER=VALUE,...:EDGE, such as roll-columns:sine:period=40,amplitude=8:wrap", ""]
    for row in ROWS:
        lines.append(f"{row.name}: {row.help}" + (f" (edge: {row.edge})" if row.edge else ""))
        lines += [parameter_line(one) for one in row.parameters]
    lines += ["", "all:", *map(parameter_line, WHEN), "",
              "The first values need no names: zoom:0.05 is zoom:by=0.05, glide:2,1 is glide:x=2,y=1. Amounts are per",
              "frame at 30 frames a second and converted for other rates. The edge is what lies beyond the picture:",
              "reflect, wrap, edge (its outermost pixels), black, white or a colour in six digits such as ff8000."]
    answer("\n".join(lines))
    return 0


def parameter_line(one: Parameter) -> str:
    values = " or ".join(one.words) if one.words else f"{one.low:g} to {one.high:g}"
    usual = f"{one.default:.4g}" if isinstance(one.default, float) else str(one.default)
    return f"    {one.name + '=' + usual:<18}{one.help} ({values})"


# ---- What animations call --------------------------------------------------------------------------------------------

def distort(picture: Picture, chain: Sequence[Chosen], frame: int, fps: float, rng: random.Random,
            engine: Any = None) -> Picture:
    """The picture of floats after all of the chain, in its order; a new one. frame: its number, from 0; rng: only
    random distortions draw from it; engine: one that runs machine code has the work done by that, on all its threads.

    Affine maps that follow each other with the same edges become one: pixels are interpolated once.
    """
    work, rate, size = work_for(engine), RATE / fps, (picture.width, picture.height)
    first = now = work.floats(picture.pixels)
    waiting: Affine | None = None
    edge = ""

    def done(levels: array) -> array:
        """`levels` are what there is now."""
        if now is not first and now is not levels:
            work.give(now)
        return levels

    for one in chain:
        row = DISTORTIONS[one.name]
        if wrong := row.check(SimpleNamespace(**one.values)):       # between two keyframes
            raise deepdream.DeepDreamError(f"{one.name}: {wrong}")
        if frame < one.values["first"] or (frame - one.values["first"]) % one.values["every"]:
            continue
        if waiting and (one.edge != edge or not row.affine):
            now, waiting = done(work.moved(now, *size, places_of(waiting, *size), edge)), None
        made = row.function(Frame(Picture(*size, now), one.edge, frame, rate, rng, work),
                            converted(row, one.values, rate))
        if isinstance(made, Affine):
            waiting, edge = made.after(waiting) if waiting else made, one.edge
        else:
            now = done(made)
    if waiting:
        now = done(work.moved(now, *size, places_of(waiting, *size), edge))
    return Picture(*size, now[:] if now is first else now)


def converted(row: Distortion, values: dict[str, Any], rate: float) -> SimpleNamespace:
    return SimpleNamespace(**{one.name: RATES[one.rate](values[one.name], rate) if one.rate else values[one.name]
                              for one in row.parameters})


def chosen(texts: Iterable[str]) -> list[Chosen]:
    return [parse(text) for text in texts]
