"""Pictures made of waves: a space for dreams in which large forms come as easily as small ones.

A step along the gradient by pixels makes mostly what is fine, for that is what a network's gradient is made of. Lucid
(lucid.optvis.param) lets the amplitudes of waves move instead, each scaled by its wavelength, in three colours that are
independent of each other in photographs: pictures from noise become clean.

The waves here are cas(x) = cos(x) + sin(x) along each axis (Hartley's): real numbers, as many as pixels, and a
transform that is its own inverse. Four of them, of frequencies +-u and +-v, span what four of Fourier's do and have one
scale, so nothing is lost. They are products with two matrices, for any size, by an engine's `linear`: a Fast Fourier
Transform would gain nothing at the sizes of dreams. All of it costs 9 steps at 224 x 224, most of that for the colours.

    waves = Waves(width, height, linear); values = waves.start(levels)          # or waves.noise(random.Random(1))
    levels = waves.levels(values); values += step * waves.pull(gradient)
"""

from __future__ import annotations

import array
import functools
import math
import random
from collections.abc import Iterable, Sequence
from operator import mul
from typing import Any

from deepdream import Mixes

from .scales import Linear, Separable, in_python, spread

# lucid/optvis/param/color.py: the root of the covariance of colours in photographs, red green blue by component.
COLORS = (0.26, 0.09, 0.02), (0.27, 0.00, -0.05), (0.27, -0.09, 0.03)
LARGEST = math.sqrt(0.26 ** 2 + 0.27 ** 2 + 0.27 ** 2)      # of its columns; it is divided by that
DAMPED = 0.25                                               # lucid/optvis/param/spatial.py divides by 4
NOISE = 0.01 * math.sqrt(2.0)       # its deviation; a real wave carries what two complex numbers do there
DARKEST = 1.0                       # level from which a picture's logarithms are taken: 0 and 255 are infinitely far


@functools.lru_cache(maxsize=4)
def hartley(length: int) -> Mixes:
    """One axis of the transform."""
    turn, size = 2.0 * math.pi / length, 1.0 / math.sqrt(length)
    table = [(math.cos(turn * i) + math.sin(turn * i)) * size for i in range(length)]
    return [(0, [table[k * i % length] for i in range(length)]) for k in range(length)]


class Waves:
    """levels = 255 * sigmoid(COLORS * waves(scale * values) / 4), the scale of a wave its length in pixels, at most the
    longer side's."""

    def __init__(self, width: int, height: int, linear: Linear = in_python) -> None:
        self.linear, self.size = linear, 3 * width * height
        self.transform = Separable(width, height, hartley(height), hartley(width))
        least = 1.0 / max(width, height)
        across = [min(k, width - k) / width for k in range(width)]
        down = [min(k, height - k) / height for k in range(height)]
        self.scale = spread(DAMPED / max(math.hypot(u, v), least) for v in down for u in across)
        self.slope = array.array("f")

    def noise(self, numbers: random.Random) -> array.array:
        """Lucid's beginning: a normal distribution."""
        return array.array("f", [numbers.gauss(0.0, NOISE) for _ in range(self.size)])

    def start(self, levels: Iterable[float]) -> array.array:
        """The values that give these levels, but for the darkest and brightest."""
        low, high = DARKEST / 255.0, 1.0 - DARKEST / 255.0
        logits = array.array("f", [math.log(v / (1.0 - v)) for v in
                                   (min(max(level / 255.0, low), high) for level in levels)])
        amplitudes = self.linear(self.transform, mixed(logits, inverse(matrix())))
        return array.array("f", [a / s for a, s in zip(amplitudes, self.scale)])

    def levels(self, values: Sequence[float]) -> array.array:
        waves = self.linear(self.transform, array.array("f", map(mul, values, self.scale)))
        exp = math.exp
        parts = [1.0 / (1.0 + exp(-min(max(v, -80.0), 80.0))) for v in mixed(waves, matrix())]
        self.slope = array.array("f", [255.0 * v * (1.0 - v) for v in parts])
        return array.array("f", [255.0 * v for v in parts])

    def pull(self, gradient: Sequence[float]) -> array.array:
        """The gradient by level, at the last `levels`, as that by value."""
        by_component = mixed(array.array("f", map(mul, gradient, self.slope)), transposed(matrix()))
        return array.array("f", map(mul, self.linear(self.transform, by_component), self.scale))


Matrix = Sequence[Sequence[float]]


def matrix() -> Matrix:
    """COLORS for blue, green, red."""
    return [[v / LARGEST for v in row] for row in reversed(COLORS)]


def transposed(m: Matrix) -> Matrix:
    return list(zip(*m))


def inverse(m: Matrix) -> Matrix:
    """Of a 3 x 3 matrix, by its minors."""
    (a, b, c), (d, e, f), (g, h, i) = m
    adjugate = ((e * i - f * h, c * h - b * i, b * f - c * e), (f * g - d * i, a * i - c * g, c * d - a * f),
                (d * h - e * g, b * g - a * h, a * e - b * d))
    determinant = a * adjugate[0][0] + b * adjugate[1][0] + c * adjugate[2][0]
    return [[v / determinant for v in row] for row in adjugate]


def mixed(pixels: Any, m: Matrix) -> array.array:
    """Each pixel times the matrix."""
    result = array.array("f", bytes(4 * len(pixels)))
    x, y, z = pixels[0::3], pixels[1::3], pixels[2::3]
    for c, (a, b, d) in enumerate(m):
        result[c::3] = array.array("f", [a * u + b * v + d * w for u, v, w in zip(x, y, z)])
    return result
