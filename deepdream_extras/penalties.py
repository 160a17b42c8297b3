"""What a dream makes shrink: how rough a picture is, how far from grey, how far from where it began.

Each function takes the levels (0 to 255) of a picture or tile, [height, width, 3], as any sequence of numbers, and
returns (value, gradient), the gradient as float64 of the same size. A dream ascends its terms less weight * value.
Values are means over the 3 * height * width levels, as in Keras' deep_dream.py, so that a weight means the same at any
size; where a formula's origin takes the plain sum, its weight is to be multiplied by 3 * height * width.

Weights of systems whose networks take levels less a mean (scale 1) hold here as they are.
Costs named below are those of 224 x 224 pixels, in CPython 3.11 on one core; by_engine takes machine code where it can.
"""

from __future__ import annotations

import array
import math
from collections.abc import Callable, Iterable, Sequence
from itertools import cycle, repeat
from operator import mul, sub, truediv
from typing import Any

Penalty = tuple[float, array.array]


def continuity(levels: Sequence[float], height: int, width: int) -> Penalty:
    """sum of (dh^2 + dw^2)^1.25 / (3 h w): Keras' deep_dream.py. 0.09 s.

    dh, dw: differences to the next row and to the next column, of all cells but those of the last row and column.
    """
    def slopes(dh: list[float], dw: list[float]) -> tuple[float, list[float], list[float]]:
        roots = [math.sqrt(math.sqrt(h * h + w * w)) for h, w in zip(dh, dw)]
        roots[-3:] = 0.0, 0.0, 0.0
        factors = list(map(mul, roots, repeat(2.5)))
        return sum([root ** 5 for root in roots]), list(map(mul, factors, dh)), list(map(mul, factors, dw))

    return from_slopes(levels, height, width, slopes, last_row=False)


SMOOTH = 1.0        # levels


def total_variation(levels: Sequence[float], height: int, width: int) -> Penalty:
    """sum of s(dh) + s(dw) / (3 h w), s(d) = sqrt(d^2 + SMOOTH^2) - SMOOTH: nearly |d|, without its kink at 0. 0.08 s.

    neural-dream takes the sum of |d|, not divided. The slope of |d| jumps at 0, so that a flat picture would never come
    to rest; here differences of less than a level weigh little.
    """
    square = SMOOTH * SMOOTH

    def slopes(dh: list[float], dw: list[float]) -> tuple[float, list[float], list[float]]:
        lengths_h = [math.sqrt(d * d + square) for d in dh]
        lengths_w = [math.sqrt(d * d + square) for d in dw]
        return (sum(lengths_h) + sum(lengths_w) - 2 * SMOOTH * len(dh),
                list(map(truediv, dh, lengths_h)), list(map(truediv, dw, lengths_w)))

    return from_slopes(levels, height, width, slopes)


def mean_color(levels: Sequence[float], height: int, width: int,
               mean: Sequence[float] = (104.0, 116.7, 122.7)) -> Penalty:
    """sum of (level - mean)^2 / (3 h w): Keras' deep_dream.py, which calls it dream_l2. 0.03 s.

    mean: blue, green, red: that of the pictures the network was trained with, by default Inception-V1's.
    """
    return squared_distance(levels, cycle(mean), height, width)


def input_picture(levels: Sequence[float], height: int, width: int, original: Sequence[float]) -> Penalty:
    """sum of (level - original)^2 / (3 h w), original the input's part at this place. 0.04 s.

    The same mean as for mean_color; github.com/keras-team/keras/pull/2098 has the idea.
    """
    if len(original) != len(levels):
        raise ValueError(f"{len(original)} levels of the input for {len(levels)}")
    return squared_distance(levels, as_list(original), height, width)


def squared_distance(levels: Sequence[float], others: Iterable[float], height: int, width: int) -> Penalty:
    size = 3 * height * width
    distances = list(map(sub, as_list(levels), others))
    return sum(map(mul, distances, distances)) / size, array.array("d", map(mul, distances, repeat(2.0 / size)))


Slopes = Callable[[list[float], list[float]], tuple[float, list[float], list[float]]]


def from_slopes(levels: Sequence[float], height: int, width: int, slopes: Slopes, last_row: bool = True) -> Penalty:
    """The mean of something that adds up over cells and depends on differences to neighbours, and its gradient.

    slopes(dh, dw): for one row the sum and its derivatives by dh and by dw. dw is 0 in the last column, dh in the last
    row, which may be left out. One row at a time, as lists that stay in the cache: twice as fast as all at once.
    """
    line, each = 3 * width, 1.0 / (3 * height * width)
    total, gradient, beyond = 0.0, array.array("d"), [0.0] * 3
    here, above = as_list(levels[:line]), [0.0] * line
    for at in range(line, line * (height + 1), line):
        below = as_list(levels[at:at + line]) or here
        if below is here and not last_row:
            gradient.extend(map(mul, above, repeat(each)))
            break
        worth, gh, gw = slopes(list(map(sub, below, here)), [*map(sub, here[3:], here), *beyond])
        total += worth
        gradient.extend([(a - h + b - w) * each for a, h, b, w in zip(above, gh, beyond + gw, gw)])
        here, above = below, gh
    return total * each, gradient


def as_list(levels: Sequence[float]) -> list[float]:
    """A list, as an array would make its numbers anew each time they are looked at."""
    return levels.tolist() if isinstance(levels, array.array) else list(levels)


def by_engine(name: str, engine: Any, levels: Sequence[float], height: int, width: int, **more: Any) -> Penalty:
    """PENALTIES[name], the rough ones in machine code where the engine has it: 1 ms, in float32, so that values and
    gradients differ by some 1e-7 of their largest."""
    if name in ROUGH and hasattr(engine, "roughness"):
        if not isinstance(levels, array.array) or levels.typecode != "f":
            levels = array.array("f", iter(levels))
        return engine.roughness(name == "continuity", levels, height, width)
    return PENALTIES[name](levels, height, width, **more)


ROUGH = "continuity", "total-variation"
PENALTIES: dict[str, Callable[..., Penalty]] = {
    "continuity": continuity, "total-variation": total_variation, "mean-color": mean_color, "input": input_picture,
}
