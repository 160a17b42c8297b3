"""Kernels: layers that go number by number, from map to map, and pools of any window."""

from __future__ import annotations

from typing import Any

from ..assembler import Assembler
from .layers import all_lanes, exponential, sweep


def combine(asm: Assembler, steps: tuple[Any, ...], pixels: int, channels: int, x_pixel: int, x_row: int, y_pixel: int,
            y_row: int, other_pixel: int, other_row: int) -> None:
    """y = x after some steps, for every number of some rows of [pixels, channels]. x, y and other may be the same.

    "factors", "biases": times, plus a vector of one number per channel; "plus", "times": the number of `other`;
    ("clip", low, high); ("leaky", alpha): times alpha where not above 0; ("open", low, high): 0 unless `other` is
    inside, which is the gradient of a clip; ("slope", alpha): times alpha where `other` is not above 0; ("bell", 1):
    times o (1 - o) for o of `other`, the gradient of a sigmoid; "add": what y holds.
    """
    asm.declare("x y other factors biases rows")
    x, y, other, factors, biases, row, pixel, counter = asm.pointers(8)
    for r, name in ((x, "x"), (y, "y"), (other, "other"), (row, "rows")):
        asm.argument(r, name)
    kinds = {step if isinstance(step, str) else step[0] for step in steps}
    vectors = [(r, name) for r, name in ((factors, "factors"), (biases, "biases")) if name in kinds]
    reads_other = bool(kinds & {"plus", "times", "open", "slope", "bell"})
    limits, tail_register, value, second, third = (12, 13), 14, 0, 1, 2
    low, high = limits
    for step in steps:
        if isinstance(step, tuple):
            asm.v_constant(low, float(step[1]) if step[0] in ("clip", "open") else 0.0)
            asm.v_constant(high, float(step[-1]))
    moving = [(x, x_pixel, x_row), (y, y_pixel, y_row)] + [(other, other_pixel, other_row)] * reads_other
    if not vectors and all(distance == 4 * channels for _, distance, _ in moving):
        pixels, channels = 1, pixels * channels
        moving = [(r, 4 * channels, distance) for r, _, distance in moving]

    def body(u: int, at: int, tail: int | None) -> None:
        v, s, t = (3 * u + n for n in (value, second, third))
        asm.v_load(v, x, at, tail)
        for step in steps:
            name = step if isinstance(step, str) else step[0]
            if name in ("factors", "biases"):
                asm.v_load(s, factors if name == "factors" else biases, at, tail)
            elif name != "clip" and name != "leaky":
                asm.v_load(s, y if name == "add" else other, at, tail)
            if name in ("factors", "times"):
                asm.v_mul(v, v, s)
            elif name in ("biases", "plus", "add"):
                asm.v_add(v, v, s)
            elif name == "bell":
                asm.v_sub(t, high, s)
                asm.v_mul(t, t, s)
                asm.v_mul(v, v, t)
            elif name == "clip":
                if step[1] > -INFINITY:
                    asm.v_max(v, v, low)
                if step[2] < INFINITY:
                    asm.v_min(v, v, high)
            elif name == "open":
                if step[1] > -INFINITY:
                    asm.v_keep_greater(t, s, low, v)
                    asm.v_copy(v, t)
                if step[2] < INFINITY:
                    asm.v_keep_greater(t, high, s, v)
                    asm.v_copy(v, t)
            else:                                   # v + (alpha - 1) v, where not above 0
                asm.v_keep_greater(t, v if name == "leaky" else s, low, v)
                asm.v_sub(s, v, t)                  # what is not above 0
                asm.v_copy(v, t)
                asm.v_fma(v, s, high)
        asm.v_store(y, at, v, tail)

    with asm.repeat(row):
        with asm.repeat(pixel, pixels):
            for r, name in vectors:
                asm.argument(r, name)
            sweep(asm, channels, (*(r for r, _, _ in moving), *(r for r, _ in vectors)), counter, body,
                  spare=tail_register)
            for r, distance, _ in moving:
                asm.add_constant(r, distance - 4 * channels)
        for r, distance, line in moving:
            asm.add_constant(r, line - pixels * distance)
    asm.leave()


INFINITY = float("inf")


def fill(asm: Assembler, number: float, pixels: int, channels: int, y_pixel: int, y_row: int) -> None:
    """Some rows of [pixels, channels] = the same number."""
    y, row = asm.arguments("y rows")
    pixel, counter = asm.pointers(2)
    asm.v_constant(0, number)
    with asm.repeat(row):
        with asm.repeat(pixel, pixels):
            sweep(asm, channels, (y,), counter, lambda _, at, tail: asm.v_store(y, at, 0, tail), spare=1)
            asm.add_constant(y, y_pixel - 4 * channels)
        asm.add_constant(y, y_row - pixels * y_pixel)
    asm.leave()


def sigmoid(asm: Assembler, pixels: int, channels: int, x_pixel: int, x_row: int, y_pixel: int, y_row: int) -> None:
    """y = 1 / (1 + exp(-x)) for every number of some rows of [pixels, channels]."""
    x, y, row = asm.arguments("x y rows")
    pixel, counter = asm.pointers(2)
    power, value, whole, constant, other, one, largest, tail_register = range(8)
    asm.v_constant(one, 1.0)
    asm.v_constant(largest, 87.0)

    def body(_: int, at: int, tail: int | None) -> None:
        asm.v_zero(other)
        asm.v_load(value, x, at, tail)
        asm.v_sub(value, other, value)
        asm.v_min(value, value, largest)
        exponential(asm, power, value, whole, constant, other)
        asm.v_add(power, power, one)
        asm.v_div(value, one, power)
        asm.v_store(y, at, value, tail)

    with asm.repeat(row):
        with asm.repeat(pixel, pixels):
            sweep(asm, channels, (x, y), counter, body, unroll=1, spare=tail_register)
            asm.add_constant(x, x_pixel - 4 * channels)
            asm.add_constant(y, y_pixel - 4 * channels)
        asm.add_constant(x, x_row - pixels * x_pixel)
        asm.add_constant(y, y_row - pixels * y_pixel)
    asm.leave()


# The normal distribution's share below -a is exp(-a^2 / 2) * s P(s) with s = 1 / (1 + 0.3 a), P this polynomial, the
# constant first: off by 1.1e-7 of itself for a from 0 to 13. Fitted to erfcx by least squares with weights that grow
# where the error is largest.
NORMAL_SHARE = (0.11962326297823088, 0.12084552489463979, 0.099347159654158, 0.1304163292000013, -0.05716711679656713,
                0.21011811034637481, -0.15937814004881928, 0.036194813533286296)
MOST_DEVIATIONS = 13.0      # beyond, the share is 0 or 1 to all digits that floats have
ROOT_2_PI, ROOT_8_PI, CUBIC = 0.3989422804014327, 1.5957691216057308, 0.044715      # 1 / sqrt(2 pi), sqrt(8 / pi)


def gelu(asm: Assembler, approximate: bool, pixels: int, channels: int, x_pixel: int, x_row: int, y_pixel: int,
         y_row: int, backward: bool, add: bool) -> None:
    """y = x p(x) for every number of some rows of [pixels, channels], p being a normal distribution's share below x;
    backward: dx = dy (p + x p'), add: added to dx. y: backward, dy. dx lies at `delta` from x."""
    asm.declare("x y delta rows")
    x, y, dx, row, pixel, counter = asm.pointers(6)
    for register, name in ((x, "x"), (y, "y"), (dx, "delta"), (row, "rows")):
        asm.argument(register, name)
    asm.add(dx, x)
    value, size, power, exponent, whole, constant, other, share, inverse, zero, one, tail_register = range(12)
    asm.v_zero(zero)
    asm.v_constant(one, 1.0)

    def normal() -> None:
        """forward, share = x p, backward p + x p', by way of a = |x|, whose distribution's share above is computed"""
        asm.v_sub(size, zero, value)
        asm.v_max(size, value, size)
        asm.v_constant(constant, MOST_DEVIATIONS)
        asm.v_min(size, size, constant)
        asm.v_constant(constant, 0.3)
        asm.v_copy(inverse, one)
        asm.v_fma(inverse, size, constant)
        asm.v_div(inverse, one, inverse)
        asm.v_mul(exponent, size, size)
        asm.v_constant(constant, -0.5)
        asm.v_mul(exponent, exponent, constant)
        exponential(asm, power, exponent, whole, constant, other)
        asm.v_constant(share, NORMAL_SHARE[-1])
        for factor in (*NORMAL_SHARE[-2::-1], 0.0):
            asm.v_constant(constant, factor)
            asm.v_fma(constant, share, inverse)
            asm.v_copy(share, constant)
        asm.v_mul(share, share, power)
        if not backward:                            # x - a share where x > 0, else -a share
            asm.v_max(constant, value, zero)
            asm.v_fnma(constant, size, share)
            asm.v_copy(share, constant)
            return
        asm.v_constant(constant, ROOT_2_PI)
        asm.v_mul(constant, constant, power)
        asm.v_fnma(share, constant, size)           # the slope at -a; at a it is 1 less that
        asm.v_sub(other, one, share)
        asm.v_sub(other, other, share)
        asm.v_keep_greater(constant, value, zero, other)
        asm.v_add(share, share, constant)

    def logistic() -> None:
        """the same by way of 1 / (1 + exp(-u)) with u = ROOT_8_PI (x + CUBIC x^3)"""
        asm.v_constant(constant, MOST_DEVIATIONS)
        asm.v_min(size, value, constant)
        asm.v_sub(constant, zero, constant)
        asm.v_max(size, size, constant)
        asm.v_mul(inverse, size, size)
        asm.v_constant(constant, CUBIC)
        asm.v_copy(other, one)
        asm.v_fma(other, inverse, constant)
        asm.v_mul(other, other, size)
        asm.v_constant(constant, -ROOT_8_PI)
        asm.v_mul(exponent, other, constant)
        asm.v_constant(constant, 87.0)
        asm.v_min(exponent, exponent, constant)
        exponential(asm, power, exponent, whole, constant, other)
        asm.v_add(power, power, one)
        asm.v_div(share, one, power)
        if not backward:
            asm.v_mul(share, share, value)
            return
        asm.v_sub(other, one, share)
        asm.v_mul(other, other, share)
        asm.v_mul(other, other, size)
        asm.v_constant(constant, ROOT_8_PI)
        asm.v_mul(other, other, constant)
        asm.v_constant(constant, 3.0 * CUBIC)
        asm.v_copy(power, one)
        asm.v_fma(power, inverse, constant)
        asm.v_fma(share, other, power)

    def body(_: int, at: int, tail: int | None) -> None:
        asm.v_load(value, x, at, tail)
        (logistic if approximate else normal)()
        if not backward:
            asm.v_store(y, at, share, tail)
            return
        asm.v_load(other, y, at, tail)
        asm.v_mul(share, share, other)
        if add:
            asm.v_load(other, dx, at, tail)
            asm.v_add(share, share, other)
        asm.v_store(dx, at, share, tail)

    with asm.repeat(row):
        with asm.repeat(pixel, pixels):
            sweep(asm, channels, (x, y, dx), counter, body, unroll=1, spare=tail_register)
            for r, distance in ((x, x_pixel), (y, y_pixel), (dx, x_pixel)):
                asm.add_constant(r, distance - 4 * channels)
        for r, distance, line in ((x, x_pixel, x_row), (y, y_pixel, y_row), (dx, x_pixel, x_row)):
            asm.add_constant(r, line - pixels * distance)
    asm.leave()


def layer_norm(asm: Assembler, epsilon: float, pixels: int, channels: int, x_pixel: int, x_row: int, y_pixel: int,
               y_row: int, then: tuple[str, ...], backward: bool, add: bool) -> None:
    """y = (x - mean) / root, of the channels of each pixel of some rows by themselves, root = sqrt(variance + epsilon).

    then: "factors" and "biases" come after it, a vector of each. y: backward, dy. dx lies at `delta` from x.
    Backward: dx = (dy - mean of dy - z * mean of dy z) / root with z = (x - mean) / root; add: added to dx.
    """
    asm.declare("x y delta factors biases rows")
    x, y, dx, p, q, row, pixel, counter = asm.pointers(8)
    for register, name in ((x, "x"), (y, "y"), (row, "rows")):
        asm.argument(register, name)
    lanes, width = 4, 4 * asm.V
    value, other, mean, root, level, slope, share, tail_register = range(2 * lanes, 2 * lanes + 8)
    asm.v_constant(share, 1.0 / channels)

    def means(targets: tuple[int, ...], pointers: tuple[int, ...], body) -> None:
        """For each of `targets` the mean of what body(total, at, tail) adds to the register `total` + 4 * its number,
        one of four for each target, so that additions need not wait for each other."""
        for vector in range(lanes * len(targets)):
            asm.v_zero(vector)
        sweep(asm, channels, pointers, counter, body, unroll=lanes, spare=tail_register)
        for r in pointers:
            asm.add_constant(r, -4 * channels)
        for number, target in enumerate(targets):
            first = lanes * number
            asm.v_add(first, first, first + 1)
            asm.v_add(first + 2, first + 2, first + 3)
            asm.v_add(first, first, first + 2)
            all_lanes(asm, first, value, asm.v_add)
            asm.v_mul(target, first, share)

    def add_value(total: int, at: int, tail: int | None) -> None:
        asm.v_load(value, x, at, tail)
        asm.v_add(total, total, value)

    def add_square(total: int, at: int, tail: int | None) -> None:
        asm.v_load(value, x, at, tail)
        asm.v_sub(value, value, mean)
        if tail is not None:                        # behind the channels are to be zeros again
            asm.v_store(asm.SCRATCH, width, value)
            asm.v_load(value, asm.SCRATCH, width, tail)
        asm.v_fma(total, value, value)

    def add_gradient(total: int, at: int, tail: int | None) -> None:
        asm.v_load(value, x, at, tail)
        asm.v_sub(value, value, mean)
        asm.v_load(other, y, at, tail)
        asm.v_add(total, total, other)
        asm.v_fma(lanes + total, value, other)

    def forward(_: int, at: int, tail: int | None) -> None:
        asm.v_load(value, x, at, tail)
        asm.v_sub(value, value, mean)
        asm.v_mul(value, value, root)
        for name, r, combine_with in (("factors", p, asm.v_mul), ("biases", q, asm.v_add)):
            if name in then:
                asm.v_load(other, r, at, tail)
                combine_with(value, value, other)
        asm.v_store(y, at, value, tail)

    def gradient(_: int, at: int, tail: int | None) -> None:
        asm.v_load(value, y, at, tail)
        asm.v_sub(value, value, level)
        asm.v_load(other, x, at, tail)
        asm.v_sub(other, other, mean)
        asm.v_fnma(value, other, slope)
        asm.v_mul(value, value, root)
        if add:
            asm.v_load(other, dx, at, tail)
            asm.v_add(value, value, other)
        asm.v_store(dx, at, value, tail)

    with asm.repeat(row):
        with asm.repeat(pixel, pixels):
            means((mean,), (x,), add_value)
            means((root,), (x,), add_square)
            asm.v_constant(value, epsilon)
            asm.v_add(root, root, value)
            asm.v_sqrt(root, root)
            asm.v_constant(value, 1.0)
            asm.v_div(root, value, root)
            if backward:
                means((level, slope), (x, y), add_gradient)
                asm.v_mul(slope, slope, root)
                asm.v_mul(slope, slope, root)
                asm.argument(dx, "delta")
                asm.add(dx, x)
                sweep(asm, channels, (x, y, dx), counter, gradient, spare=tail_register)
            else:
                for name, r in (("factors", p), ("biases", q)):
                    if name in then:
                        asm.argument(r, name)
                sweep(asm, channels, (x, y, *(r for name, r in (("factors", p), ("biases", q)) if name in then)),
                      counter, forward, spare=tail_register)
            for r, distance in ((x, x_pixel), (y, y_pixel)):
                asm.add_constant(r, distance - 4 * channels)
        for r, distance, line in ((x, x_pixel, x_row), (y, y_pixel, y_row)):
            asm.add_constant(r, line - pixels * distance)
    asm.leave()


def sum_of_products(asm: Assembler, channels: int, rows: int, pixels: int, a_pixel: int, a_row: int, b_pixel: int,
                    b_row: int, add: bool) -> None:
    """y [channels] = the sum over all pixels of a * b; add: to what y holds."""
    a, b, y = asm.arguments("a b y")
    p, q, row, pixel, counter = asm.pointers(5)
    total, value, factor, tail_register = range(4)

    def body(_: int, at: int, tail: int | None) -> None:
        asm.v_zero(total)
        asm.move(p, a)
        asm.move(q, b)
        with asm.repeat(row, rows):
            with asm.repeat(pixel, pixels):
                asm.v_load(value, p, at, tail)
                asm.v_load(factor, q, at, tail)
                asm.v_fma(total, value, factor)
                asm.add_constant(p, a_pixel)
                asm.add_constant(q, b_pixel)
            asm.add_constant(p, a_row - pixels * a_pixel)
            asm.add_constant(q, b_row - pixels * b_pixel)
        if add:
            asm.v_load(value, y, at, tail)
            asm.v_add(total, total, value)
        asm.v_store(y, at, total, tail)

    sweep(asm, channels, (a, b, y), counter, body, unroll=1, spare=tail_register)
    asm.leave()


def shuffle(asm: Assembler, pixels: int, groups: int, each: int, x_pixel: int, x_row: int, y_pixel: int, y_row: int,
            add: bool) -> None:
    """Rows of pixels whose channels [groups, each] become [each, groups]; add: to what y holds."""
    x, y, row = asm.arguments("x y rows")
    pixel, counter, number = asm.pointers(3)
    one = asm.v_tail(1, 2) if add else None
    with asm.repeat(row):
        with asm.repeat(pixel, pixels):
            with asm.repeat(counter, each):
                for k in range(groups):
                    if add:
                        asm.v_load(0, x, 4 * k * each, one)
                        asm.v_load(1, y, 4 * k, one)
                        asm.v_add(0, 0, 1)
                        asm.v_store(y, 4 * k, 0, one)
                    else:
                        asm.load_half(number, x, 4 * k * each)
                        asm.store_half(y, 4 * k, number)
                asm.add_constant(x, 4)
                asm.add_constant(y, 4 * groups)
            asm.add_constant(x, x_pixel - 4 * each)
            asm.add_constant(y, y_pixel - 4 * groups * each)
        asm.add_constant(x, x_row - pixels * x_pixel)
        asm.add_constant(y, y_row - pixels * y_pixel)
    asm.leave()


def window_row(asm: Assembler, what: str, channels: int, pixels: int, x_pixel: int, x_row: int, y_pixel: int,
               add: bool) -> None:
    """One row of y from windows of x. what: "largest" of each window, or "sum" of its cells, each times the weight of
    its row and the weight of its column (add: to what y holds).

    x: the first of the rows that these windows see; lines: how many there are; weights: of each. columns: a table of
    24 bytes for each pixel of y: (distance of its first column, how many columns, address of their weights)
    """
    asm.declare("x y lines weights columns")
    x, y, columns, pixel, corner, block, line, cell, r, s, of_row, of_column = asm.pointers(12)
    for register, name in ((x, "x"), (y, "y"), (columns, "columns")):
        asm.argument(register, name)
    width, most = 4 * asm.V, 4
    value, row_weight, weight, tail_register = range(most, most + 4)

    def some(vectors: int, tail: int | None) -> None:
        """That many vectors of channels of one pixel; moves corner and y."""
        for v in range(vectors):
            if what == "sum":
                asm.v_zero(v)
            else:
                asm.v_constant(v, -INFINITY)
        asm.move(line, corner)
        asm.argument(r, "lines")
        if what == "sum":
            asm.argument(of_row, "weights")
        with asm.repeat(r):
            asm.move(cell, line)
            asm.load_word(s, columns, 8)
            if what == "sum":
                asm.v_broadcast(row_weight, of_row)
                asm.load_word(of_column, columns, 16)
            with asm.repeat(s):
                if what == "sum":
                    asm.v_broadcast(weight, of_column)
                    asm.v_mul(weight, weight, row_weight)
                for v in range(vectors):
                    asm.v_load(value, cell, v * width, tail)
                    if what == "sum":
                        asm.v_fma(v, weight, value)
                    else:
                        asm.v_max(v, v, value)
                asm.add_constant(cell, x_pixel)
                asm.add_constant(of_column, 4)
            asm.add_constant(line, x_row)
            asm.add_constant(of_row, 4)
        for v in range(vectors):
            if add:
                asm.v_load(value, y, v * width, tail)
                asm.v_add(v, v, value)
            asm.v_store(y, v * width, v, tail)

    whole, lanes = divmod(channels, asm.V)
    with asm.repeat(pixel, pixels):
        asm.load_word(corner, columns)
        asm.add(corner, x)
        blocks = [(most, whole // most, asm.V), (whole % most, 1, asm.V), (1, 1, lanes)]
        for vectors, times, each in blocks:
            if vectors and times and each:
                with asm.repeat(block, times):
                    some(vectors, asm.v_tail(each, tail_register) if each < asm.V else None)
                    asm.add_constant(corner, 4 * vectors * each)
                    asm.add_constant(y, 4 * vectors * each)
        asm.add_constant(columns, 24)
        asm.add_constant(y, y_pixel - 4 * channels)
    asm.leave()


def max_window_gradient(asm: Assembler, lanes: int, pixels: int, x_pixel: int, x_row: int, y_pixel: int,
                        y_row: int) -> None:
    """A vector of channels, of which there are `lanes`: add the gradient of every output to the first of its window's
    cells (row by row) that holds the maximum.

    lines: a table of 16 bytes for each of the `rows` of y: (distance of the first row of x, how many); columns: the
    same for each pixel of a row.
    """
    asm.declare("x y delta_x delta_y lines columns rows")
    y, lines, row, columns, pixel, corner, line, cell, r, s, given_to, dy = asm.pointers(12)
    for register, name in ((y, "y"), (dy, "delta_y"), (lines, "lines"), (row, "rows")):
        asm.argument(register, name)
    asm.add(dy, y)
    given, largest, value, share, tail_register = range(5)
    tail = asm.v_tail(lanes, tail_register) if lanes < asm.V else None
    with asm.repeat(row):
        asm.argument(columns, "columns")
        with asm.repeat(pixel, pixels):
            asm.v_load(given, dy, 0, tail)
            asm.v_load(largest, y, 0, tail)
            asm.argument(line, "x")
            for table in (lines, columns):
                asm.load_word(corner, table)
                asm.add(line, corner)
            asm.load_word(r, lines, 8)
            with asm.repeat(r):
                asm.move(cell, line)
                asm.load_word(s, columns, 8)
                with asm.repeat(s):
                    asm.argument(given_to, "delta_x")
                    asm.add(given_to, cell)
                    asm.v_load(value, cell, 0, tail)
                    asm.v_keep_equal(share, value, largest, given)
                    asm.v_sub(given, given, share)
                    asm.v_load(value, given_to, 0, tail)
                    asm.v_add(value, value, share)
                    asm.v_store(given_to, 0, value, tail)
                    asm.add_constant(cell, x_pixel)
                asm.add_constant(line, x_row)
            asm.add_constant(columns, 16)
            for register in (y, dy):
                asm.add_constant(register, y_pixel)
        asm.add_constant(lines, 16)
        for register in (y, dy):
            asm.add_constant(register, y_row - pixels * y_pixel)
    asm.leave()
