"""Kernels: layers that go number by number, from map to map, and pools of any window."""

from __future__ import annotations

from typing import Any

from ..assembler import Assembler
from .layers import exponential, sweep


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
