"""How a picture moves: what is made of a gradient, how far a step goes, what is done between steps.

Gradients and changes are float32 [height, width, 3], blue green red, by grey level and in grey levels.

    g = level_gradient(engine)                          # after objectives.backward
    g = FILTERS["laplacian"](g, width, height, 0.0, engine.fit)
    levels = plus(levels, RULES["mean"](g, 1.5))        # 1.5 levels on average

Whole tiles by the mean absolute gradient are what Engine.ascend does, in machine code; the rules here are for the rest.
Costs named below are in steps of Engine.ascend's kind to inception_4c_output, at 224 x 224 pixels, by machine code on
one core (benchmarks/dreams.py measures them); what they cost is Python's, so beside the Python engine they are nothing.
"""

from __future__ import annotations

import array
import functools
import math
import random
from collections.abc import Callable, Generator, Iterable, Sequence
from itertools import repeat
from operator import add, mul, sub
from typing import Any, NamedTuple

import deepdream
from deepdream import Mixes

from .scales import Linear, Separable, in_python, minus, plus

Gradient = array.array


class Stage(NamedTuple):
    """One octave. step and blur go from the first number towards the second, which they would reach one step later."""
    steps: int = 20
    step: tuple[float, float] = (1.5, 1.5)      # see RULES for what it measures
    blur: tuple[float, float] = (0.0, 0.0)      # of the picture after each step: sigma in pixels

    def at(self, step: int) -> tuple[float, float]:
        """(step size, sigma) of a step."""
        t = step / self.steps
        return tuple(first + (second - first) * t for first, second in (self.step, self.blur))  # type: ignore


class Move(NamedTuple):
    """How each step goes."""
    rule: str = "mean"              # of RULES, or "adam", "lbfgs"
    smooth: str = ""                # of FILTERS: what is done to the gradient first
    shift: str = "fixed"            # of SHIFTS: what moves tiles, so that seams and strides fall elsewhere each time
    jitter: int | None = 32         # pixels, for shift "random": at most so many each way; None: any number
    noise: float = 0.0              # levels: each number is moved by up to this while it is looked at
    evaluations: int = 7            # lbfgs: as Keras' deep_dream.py; it ends after the step that exceeds them
    clip: str = "step"              # of CLIPS
    space: str = ""                 # "fourier": what moves are frequencies; see fourier.py


# ---- Rules -----------------------------------------------------------------------------------------------------------
# Each takes a gradient and a step in levels and returns the change. All but the last forget its length, so an
# objective's factor does not matter. A step by such a rule costs a step more than by Engine.ascend.

Rule = Callable[[Gradient, float], Gradient]


def scaled(gradient: Iterable[float], factor: float) -> Gradient:
    return array.array("f", map(mul, gradient, repeat(factor)))


def by_mean(gradient: Gradient, step: float) -> Gradient:
    """step * g / mean |g|: levels change by `step` on average. google, deepdraw, the original; keras.io: 1.275."""
    mean = mean_absolute(gradient)
    return scaled(gradient, step / mean if mean else 0.0)


def by_deviation(gradient: Gradient, step: float) -> Gradient:
    """step * g / deviation of g: TensorFlow 2's tutorial, with step 0.01 * 127.5."""
    deviation = moments(gradient)[1]
    return scaled(gradient, step / (deviation + TINY))


def centred(gradient: Gradient, step: float) -> Gradient:
    """step * (g - mean g) / deviation: the picture's mean stays. sigmoidprime.com (0.57) and gordicaleksa (5.2)."""
    mean, deviation = moments(gradient)
    return scaled(map(sub, gradient, repeat(mean)), step / (deviation + TINY))


def plain(gradient: Gradient, step: float) -> Gradient:
    """step * g, for filters that have set the length: TensorFlow 1's Laplacian pyramid, with step 1."""
    return scaled(gradient, step)


TINY = 1e-8         # as in those systems
RULES: dict[str, Rule] = {"mean": by_mean, "deviation": by_deviation, "centred": centred, "plain": plain}


def mean_absolute(gradient: Gradient) -> float:
    return math.fsum(map(abs, gradient)) / len(gradient)


def moments(gradient: Gradient) -> tuple[float, float]:
    """(mean, standard deviation)"""
    values = gradient.tolist()
    mean = math.fsum(values) / len(values)
    return mean, math.sqrt(max(math.fsum(map(mul, values, values)) / len(values) - mean * mean, 0.0))


class Adam:
    """Kingma and Ba, 2014 (arXiv:1412.6980), algorithm 1, uphill: each number moves by about `step`, whatever the size
    of its gradient, less where the gradient keeps changing sign. neural-dream's step is 1.5 levels, Lucid's 0.05 of its
    Fourier coefficients. 3 steps."""

    def __init__(self, first: float = 0.9, second: float = 0.999, tiny: float = 1e-8) -> None:
        self.first, self.second, self.tiny = first, second, tiny
        self.mean = self.square = array.array("f")
        self.time = 0

    def __call__(self, gradient: Gradient, step: float) -> Gradient:
        if not self.time:
            self.mean = self.square = array.array("f", bytes(4 * len(gradient)))
        self.time += 1
        a, b = 1.0 - self.first, 1.0 - self.second
        g = gradient.tolist()
        self.mean = array.array("f", [m + a * (v - m) for m, v in zip(self.mean, g)])
        self.square = array.array("f", [s + b * (v * v - s) for s, v in zip(self.square, g)])
        size = step / (1.0 - self.first ** self.time)
        correct, tiny, root = 1.0 / (1.0 - self.second ** self.time), self.tiny, math.sqrt
        return array.array("f", [size * m / (root(s * correct) + tiny) for m, s in zip(self.mean, self.square)])


# ---- L-BFGS ----------------------------------------------------------------------------------------------------------
# Nocedal's recursion (Mathematics of Computation 35, 1980) with the line search of More and Thuente (ACM TOMS 20, 1994)
# and the constants of L-BFGS-B 3.0, so that its iterates without bounds are those of SciPy's fmin_l_bfgs_b. A direction
# from five pairs takes as long as four steps.

Vector = array.array        # of "d"
Evaluations = Generator[Vector, tuple[float, Vector], Any]


class Minimum(NamedTuple):
    x: Vector
    value: float
    evaluations: int
    iterations: int


MEMORY = 10                             # pairs of steps and changes of the gradient that are kept
STEEP, FLAT, NARROW = 1e-3, 0.9, 0.1    # the search: decrease and slope that it wants, width at which it gives in
EPSILON = 2.0 ** -52


def lbfgs(x: Vector, most: int = 15000, flat: float = 1e-5, still: float = 1e7 * EPSILON,
          memory: int = MEMORY) -> Generator[Vector, tuple[float, Vector], Minimum]:
    """Go down from x: yields points, wants (value, gradient) sent for each, returns the best one found.

    It ends after the step in which there were more than `most` evaluations; where no part of the gradient exceeds
    `flat`; where a step gained less than `still` of the value; where the search finds nothing lower.
    """
    pairs: list[tuple[Vector, Vector, float]] = []
    value, gradient = yield x
    evaluations, iterations = 1, 0
    while max(map(abs, gradient)) > flat and evaluations <= most:
        direction = downhill(gradient, pairs)
        slope = dot(gradient, direction)
        first = 1.0 if iterations else min(1.0 / math.sqrt(dot(direction, direction)), 1e10)
        found = (yield from search(x, value, slope, direction, first)) if slope < 0.0 else None
        evaluations += found.evaluations if found else SEARCHES
        if found is None:
            if not pairs:
                break
            pairs.clear()               # the memory misleads: once more along the gradient itself
            continue
        iterations += 1
        change = array.array("d", map(mul, direction, repeat(found.at)))
        bend = array.array("d", map(sub, found.gradient, gradient))
        curvature = (found.slope - slope) * found.at
        if curvature > EPSILON * -slope * found.at:
            pairs = [*pairs, (change, bend, curvature)][-memory:]
        gained, scale = value - found.value, max(abs(value), abs(found.value), 1.0)
        x, value, gradient = found.x, found.value, found.gradient
        if gained <= still * scale:
            break
    return Minimum(x, value, evaluations, iterations)


def dot(a: Sequence[float], b: Sequence[float]) -> float:
    return sum(map(mul, a, b))


def downhill(gradient: Vector, pairs: list[tuple[Vector, Vector, float]]) -> Vector:
    """- H * gradient, with H the inverse Hessian that steps s and changes of gradient y tell of: the two loops."""
    q = array.array("d", map(mul, gradient, repeat(-1.0)))
    parts = []
    for s, y, curvature in reversed(pairs):
        parts.append(dot(s, q) / curvature)
        q = array.array("d", map(sub, q, map(mul, y, repeat(parts[-1]))))
    if pairs:
        _, y, curvature = pairs[-1]
        q = array.array("d", map(mul, q, repeat(curvature / dot(y, y))))
    for s, y, curvature in pairs:
        part = parts.pop() - dot(y, q) / curvature
        q = array.array("d", map(add, q, map(mul, s, repeat(part))))
    return q


class Point(NamedTuple):
    """A point along a line: where, value, slope."""
    at: float
    value: float
    slope: float


class Found(NamedTuple):
    at: float
    x: Vector
    value: float
    gradient: Vector
    slope: float
    evaluations: int


SEARCHES = 20       # evaluations on one line


def search(x: Vector, value: float, slope: float, direction: Vector,
           at: float) -> Generator[Vector, tuple[float, Vector], Found | None]:
    """A point on x + t * direction that is lower, and where the slope is flatter (Wolfe's conditions): More, Thuente.

    `best` and `other` enclose the place as soon as `enclosed`. Until a point is low enough with a rising slope, what is
    interpolated is the value less the decrease that is wanted.
    """
    best = other = Point(0.0, value, slope)
    enclosed, early = False, True
    low, high = 0.0, at + 4.0 * at
    width, width_before = 1e10, 2e10
    wanted = STEEP * slope
    for count in range(1, SEARCHES + 1):
        here = array.array("d", map(add, x, map(mul, direction, repeat(at))))
        there, gradient = yield here
        now = Point(at, there, dot(gradient, direction))
        bound = value + at * wanted
        if early and there <= bound and now.slope >= min(STEEP, FLAT) * slope:
            early = False
        stuck = enclosed and (at <= low or at >= high or high - low <= NARROW * high)
        if stuck or (there <= bound and abs(now.slope) <= FLAT * -slope):
            return Found(at, here, there, gradient, now.slope, count)
        tilt = wanted if early and there <= best.value and there > bound else 0.0
        best, other, at, enclosed = narrowed(tilted(best, tilt), tilted(other, tilt), tilted(now, tilt), enclosed, low,
                                             high)
        best, other = tilted(best, -tilt), tilted(other, -tilt)
        if enclosed:
            if abs(other.at - best.at) >= 0.66 * width_before:
                at = best.at + 0.5 * (other.at - best.at)
            width_before, width = width, abs(other.at - best.at)
            low, high = min(best.at, other.at), max(best.at, other.at)
        else:
            low, high = at + 1.1 * (at - best.at), at + 4.0 * (at - best.at)
        at = min(max(at, 0.0), 1e10)
        if enclosed and (at <= low or at >= high or high - low <= NARROW * high):
            at = best.at
    return None


def tilted(point: Point, by: float) -> Point:
    return Point(point.at, point.value - point.at * by, point.slope - by)


def narrowed(best: Point, other: Point, now: Point, enclosed: bool, low: float,
             high: float) -> tuple[Point, Point, float, bool]:
    """(best, other, where to try next, enclosed): the four cases of More and Thuente, section 4."""
    opposite = now.slope * best.slope < 0.0
    if now.value > best.value:              # too far: the minimum is between
        cubic, square = by_cubic(best, now), by_value(best, now)
        near = abs(cubic - best.at) < abs(square - best.at)
        at, enclosed = cubic if near else cubic + (square - cubic) / 2.0, True
    elif opposite:                          # lower, and past it
        cubic, square = by_cubic(now, best), by_slopes(now, best)
        at, enclosed = cubic if abs(cubic - now.at) > abs(square - now.at) else square, True
    elif abs(now.slope) < abs(best.slope):  # lower, and it flattens
        cubic, square = by_cubic(now, best, low, high), by_slopes(now, best)
        nearer = abs(cubic - now.at) < abs(square - now.at)
        if enclosed:
            at, most = cubic if nearer else square, now.at + 0.66 * (other.at - now.at)
            at = min(most, at) if now.at > best.at else max(most, at)
        else:
            at = min(max(square if nearer else cubic, low), high)
    elif enclosed:
        at = by_cubic(now, other)
    else:
        at = high if now.at > best.at else low
    if now.value > best.value:
        return best, now, at, enclosed
    return now, best if opposite else other, at, enclosed


def by_cubic(a: Point, b: Point, low: float = 0.0, high: float = 0.0) -> float:
    """Where the cubic through two points, with their slopes, is lowest; an end of the range where it never is."""
    theta = 3.0 * (a.value - b.value) / (b.at - a.at) + a.slope + b.slope
    s = max(abs(theta), abs(a.slope), abs(b.slope))
    gamma = s * math.sqrt(max((theta / s) ** 2 - a.slope / s * (b.slope / s), 0.0))
    gamma = -gamma if b.at < a.at else gamma
    ratio = (gamma - a.slope + theta) / (gamma - a.slope + gamma + b.slope)
    if high and not (ratio < 0.0 and gamma):
        return high if a.at > b.at else low
    return a.at + ratio * (b.at - a.at)


def by_value(a: Point, b: Point) -> float:
    """Where the parabola through two points, with the slope of the first, is lowest."""
    return a.at + a.slope / ((a.value - b.value) / (b.at - a.at) + a.slope) / 2.0 * (b.at - a.at)


def by_slopes(a: Point, b: Point) -> float:
    """Where a line through two slopes is zero."""
    return a.at + a.slope / (a.slope - b.slope) * (b.at - a.at)


# ---- Filters of gradients --------------------------------------------------------------------------------------------
# Each takes (gradient, width, height, how far the octave is, from 0 to 1, linear).

Filter = Callable[[Gradient, int, int, float, Linear], Gradient]


def gaussians(gradient: Gradient, width: int, height: int, progress: float, linear: Linear = in_python) -> Gradient:
    """The mean of three blurred gradients: sigma / 2, sigma and 2 sigma, where sigma grows from 0.5 to 2.5 pixels.

    Kernels of 9 x 9, the picture reflected at its edges: gordicaleksa (pytorch-deepdream). 1.6 steps.
    """
    sigma = 2.0 * progress + 0.5
    total: Gradient | None = None
    for factor in (0.5, 1.0, 2.0):
        part = linear(blur_map(width, height, sigma * factor, 4, False), gradient)
        total = plus(total, part) if total else part
    assert total
    return scaled(total, 1.0 / 3.0)


BANDS = 4           # and what is left below them
BINOMIAL = 1.0, 4.0, 6.0, 4.0, 1.0


def laplacian(gradient: Gradient, width: int, height: int, progress: float = 0.0,
              linear: Linear = in_python) -> Gradient:
    """The gradient with all of its bands of frequencies equally strong: TensorFlow 1's DeepDream notebook. 1.5 steps.

    Each band is what is lost when the picture is halved (5 x 5 binomial kernel, zeros outside) and doubled again (the
    transposed, times 4); it is divided by the root of its mean square.
    """
    bands, steps = [], []
    for _ in range(BANDS):
        halving = Separable(width, height, halve(height), halve(width))
        doubling = Separable(halving.wide, halving.high, double(height), double(width))
        small = linear(halving, gradient)
        bands.append(minus(gradient, linear(doubling, small)))
        steps.append(doubling)
        gradient, width, height = small, halving.wide, halving.high
    result = evened(gradient)
    while bands:
        result = plus(linear(steps.pop(), result), evened(bands.pop()))
    return result


def evened(band: Gradient) -> Gradient:
    return scaled(band, 1.0 / max(math.sqrt(dot(band, band) / len(band)), 1e-10))


@functools.lru_cache(maxsize=32)
def halve(length: int) -> Mixes:
    """One axis of the binomial kernel, with stride 2 and TensorFlow's SAME padding of zeros."""
    new, before = deepdream.same_padding(length, 5, 2)
    mixes: Mixes = []
    for x in range(new):
        first, end = max(2 * x - before, 0), min(2 * x - before + 5, length)
        mixes.append((first, [BINOMIAL[i - 2 * x + before] / 16.0 for i in range(first, end)]))
    return mixes


@functools.lru_cache(maxsize=32)
def double(length: int) -> Mixes:
    """The transposed of `halve`, times 2."""
    return [(first, [2.0 * weight for weight in weights]) for first, weights in deepdream.transposed(halve(length))]


FILTERS: dict[str, Filter] = {"gaussians": gaussians, "laplacian": laplacian}
REACH = {"gaussians": 4, "laplacian": 4 * 2 ** BANDS}       # pixels, at most: how far from a place another one counts


# ---- Blur ------------------------------------------------------------------------------------------------------------

def blurred(levels: Any, width: int, height: int, sigma: float, linear: Linear = in_python) -> array.array:
    """The levels blurred: scipy.ndimage.gaussian_filter, as deepdraw does after every step. 0.05 steps.

    The kernel ends after 4 sigma, rounded; at the edges the picture is reflected, the outermost pixels first.
    """
    return linear(blur_map(width, height, sigma, int(4.0 * sigma + 0.5), True), levels)


@functools.lru_cache(maxsize=8)
def blur_map(width: int, height: int, sigma: float, radius: int, twice: bool) -> Separable:
    return Separable(width, height, gaussian(height, sigma, radius, twice), gaussian(width, sigma, radius, twice))


def bell(sigma: float, radius: int) -> list[float]:
    """The weights of a Gaussian, from -radius to radius."""
    weights = [math.exp(-0.5 * (i / sigma) ** 2) if sigma else float(not i) for i in range(-radius, radius + 1)]
    return [weight / math.fsum(weights) for weight in weights]


def gaussian(length: int, sigma: float, radius: int, twice: bool) -> Mixes:
    """One axis of a Gaussian; twice: whether the outermost pixels count twice where the picture is reflected."""
    weights = bell(sigma, radius)
    period = 2 * length if twice else max(2 * length - 2, 1)
    mixes: Mixes = []
    for x in range(length):
        sums: dict[int, float] = {}
        for i, weight in enumerate(weights, x - radius):
            at = i % period
            at = at if at < length else period - 1 - at if twice else period - at
            sums[at] = sums.get(at, 0.0) + weight
        first = min(sums)
        mixes.append((first, [sums.get(at, 0.0) for at in range(first, max(sums) + 1)]))
    return mixes


# ---- Shifts, noise, clipping -----------------------------------------------------------------------------------------

SHIFTS = "fixed", "random", "no"


def shift(move: Move, step: int, width: int, height: int, numbers: random.Random) -> tuple[int, int]:
    """How far tiles, or the roll of the picture, are from where they began: (right, down) in pixels.

    fixed: (79, 127) more each step, the original's. random: up to `jitter` each way, google's; by any number (None), as
    sigmoidprime.com.
    """
    if move.shift == "fixed":
        return step * deepdream.STEP_SHIFT[0], step * deepdream.STEP_SHIFT[1]
    if move.shift == "no":
        return 0, 0
    if move.jitter is None:
        return numbers.randrange(width), numbers.randrange(height)
    return numbers.randint(-move.jitter, move.jitter), numbers.randint(-move.jitter, move.jitter)


def pixel_noise(size: int, strength: float, numbers: random.Random) -> array.array:
    """Numbers from -strength to strength: what Keras' deep_dream.py adds, and takes away again. 0.7 steps."""
    span = 2.0 * strength
    return array.array("f", [span * numbers.random() - strength for _ in range(size)])


CLIPS = "step", "end", "contrast"   # to 0 .. 255 after each step; only at the end; see contrast


def contrast(levels: Sequence[float]) -> array.array:
    """Levels times 255 / their 99.98th percentile, if that is above 255: how google's notebook shows what it has not
    clipped."""
    high = sorted(levels)[min(int(0.9998 * (len(levels) - 1) + 0.5), len(levels) - 1)]
    return scaled(levels, 255.0 / high) if high > 255.0 else array.array("f", levels)


# ---- From engines ----------------------------------------------------------------------------------------------------

def level_gradient(engine: Any) -> Gradient:
    """The gradient of the last pass by grey level, blue green red."""
    gradient = engine.gradient(engine.input.name)
    if engine.input.order == "RGB":
        gradient = deepdream.swapped(gradient)
    return gradient if engine.input.scale == 1.0 else scaled(gradient, engine.input.scale)
