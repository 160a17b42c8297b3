"""Kernels: pictures, into the network and out of it, and steps along a gradient."""

from __future__ import annotations

from collections.abc import Sequence

from ..assembler import Assembler
from .layers import sweep


def sum_absolute(asm: Assembler, floats: int, row_distance: int) -> None:
    """One vector: the sums of |x|, lane by lane, over some rows of `floats`."""
    asm.declare("x result rows")
    x, result, row, counter = asm.pointers(4)
    asm.argument(x, "x")
    asm.argument(row, "rows")
    zero, tail_register = 8, 9
    asm.v_zero(zero)
    for total in range(4):
        asm.v_zero(total)

    def body(u: int, at: int, tail: int | None) -> None:
        asm.v_load(4 + u, x, at, tail)
        asm.v_sub(10, zero, 4 + u)
        asm.v_max(4 + u, 4 + u, 10)
        asm.v_add(u, u, 4 + u)

    with asm.repeat(row):
        sweep(asm, floats, (x,), counter, body, spare=tail_register)
        asm.add_constant(x, row_distance - 4 * floats)
    for total in range(1, 4):
        asm.v_add(0, 0, total)
    asm.argument(result, "result")
    asm.v_store(result, 0, 0)
    asm.leave()


def add_scaled(asm: Assembler, floats: int, row_distance: int) -> None:
    """x += factor * dx for some rows. factor: its address."""
    x, dx, p, row = asm.arguments("x delta factor rows")
    counter, = asm.pointers(1)
    asm.add(dx, x)
    factor, tail_register = 8, 9
    asm.v_broadcast(factor, p)

    def body(u: int, at: int, tail: int | None) -> None:
        asm.v_load(2 * u, x, at, tail)
        asm.v_load(2 * u + 1, dx, at, tail)
        asm.v_fma(2 * u, 2 * u + 1, factor)
        asm.v_store(x, at, 2 * u, tail)

    with asm.repeat(row):
        sweep(asm, floats, (x, dx), counter, body, spare=tail_register)
        for r in (x, dx):
            asm.add_constant(r, row_distance - 4 * floats)
    asm.leave()


def load_pixels(asm: Assembler, floats: int, x_row: int, y_row: int, wide: bool, mean: tuple, scale: float) -> None:
    """y = (x - mean) * scale for some rows of pixels, of bytes or (wide) floats; mean: of the three channels.

    May read up to V bytes too far."""
    x, y, p, row, counter = asm.pointers(5)
    asm.arguments("x y rows", (x, y, row))
    for u in range(3):
        asm.v_constant(4 + u, [mean[(u * asm.V + lane) % 3] for lane in range(asm.V)])
    factor = 7
    if scale != 1.0:
        asm.v_constant(factor, scale)

    def body(u: int, tail: int | None) -> None:
        if wide:
            asm.v_load(u, p, 0, tail)
        else:
            asm.v_load_bytes(u, p)
        asm.v_sub(u, u, 4 + u)
        if scale != 1.0:
            asm.v_mul(u, u, factor)
        asm.v_store(y, 4 * u * asm.V, u, tail)
        asm.add_constant(p, (4 if wide else 1) * asm.V)

    with asm.repeat(row):
        asm.move(p, x)
        in_threes(asm, floats, y, counter, body)
        asm.add_constant(x, x_row)
        asm.add_constant(y, y_row - 12 * asm.V * (floats // (3 * asm.V)))
    asm.leave()


def store_pixels(asm: Assembler, floats: int, x_row: int, y_row: int, wide: bool, mean: tuple, scale: float) -> None:
    """y = x / scale + mean, clipped to 0 .. 255, for some rows, as floats (wide) or rounded half up as bytes.

    May write up to V bytes too far."""
    x, y, p, row, counter = asm.pointers(5)
    asm.arguments("x y rows", (x, y, row))
    half = 0.0 if wide else 0.5    # the fraction is dropped
    for u in range(3):
        asm.v_constant(4 + u, [mean[(u * asm.V + lane) % 3] + half for lane in range(asm.V)])
    factor, zero, most, spare = 7, 8, 9, 10
    if scale != 1.0:
        asm.v_constant(factor, 1.0 / scale)
    asm.v_zero(zero)
    asm.v_constant(most, 255.0)

    def body(u: int, tail: int | None) -> None:
        asm.v_load(u, x, 4 * u * asm.V, tail)
        if scale != 1.0:
            asm.v_mul(u, u, factor)
        asm.v_add(u, u, 4 + u)
        asm.v_max(u, u, zero)
        asm.v_min(u, u, most)
        if wide:
            asm.v_store(p, 0, u, tail)
        else:
            asm.v_store_bytes(p, 0, u, spare)
        asm.add_constant(p, (4 if wide else 1) * asm.V)

    with asm.repeat(row):
        asm.move(p, y)
        in_threes(asm, floats, x, counter, body)
        asm.add_constant(x, x_row - 12 * asm.V * (floats // (3 * asm.V)))
        asm.add_constant(y, y_row)
    asm.leave()


def exchange(asm: Assembler, pixels: int, x_row: int, wide: bool) -> None:
    """The first and the third channel of every pixel change places, in some rows of bytes or (wide) floats."""
    x, row = asm.arguments("x rows")
    first, third, counter = asm.pointers(3)
    size, load, store = (4, asm.load_half, asm.store_half) if wide else (1, asm.load_byte, asm.store_byte)
    with asm.repeat(row):
        with asm.repeat(counter, pixels):
            load(first, x, 0)
            load(third, x, 2 * size)
            store(x, 0, third)
            store(x, 2 * size, first)
            asm.add_constant(x, 3 * size)
        asm.add_constant(x, x_row - 3 * size * pixels)
    asm.leave()


def in_threes(asm: Assembler, floats: int, p: int, counter: int, body) -> None:
    """body(u, tail) for the vectors of `floats` floats at p, in threes: as three vectors are V whole pixels, vector u
    of every three begins with the same colour. Moves p past the whole threes."""
    whole, rest = divmod(floats, 3 * asm.V)
    if whole:
        with asm.repeat(counter, whole):
            for u in range(3):
                body(u, None)
            asm.add_constant(p, 12 * asm.V)
    for u in range(3):
        lanes = min(rest - u * asm.V, asm.V)
        if lanes > 0:
            body(u, asm.v_tail(lanes, 11) if lanes < asm.V else None)


def blend(asm: Assembler) -> None:
    """A row of an enlarged picture from two rows of the small one, bilinear, in bytes (see deepdream.upscale).

    v: the weight of the lower row. one: the sum of two weights. The table has for every pixel the distances of its
    left and right neighbour in a row and the weight of the right one.
    """
    result, upper, lower, v, table, counter, left, right, u, p, q, r, first = asm.pointers(13)
    asm.arguments("result upper lower v table pixels one", (result, upper, lower, v, table, counter))    # one: late
    with asm.repeat(counter):
        asm.load_word(left, table, 0)
        asm.load_word(right, table, 8)
        asm.load_word(u, table, 16)
        for colour in range(3):
            for line, row_blend in ((upper, first), (lower, q)):
                asm.move(p, line)
                asm.add(p, left)
                asm.load_byte(p, p, colour)
                asm.argument(r, "one")
                asm.subtract(r, u)
                asm.multiply(p, r)
                asm.move(r, line)
                asm.add(r, right)
                asm.load_byte(r, r, colour)
                asm.multiply(r, u)
                asm.add(p, r)
                asm.shift_right(p, 8)
                asm.move(row_blend, p)
            asm.argument(r, "one")
            asm.subtract(r, v)
            asm.multiply(first, r)
            asm.multiply(q, v)
            asm.add(first, q)
            asm.shift_right(first, 8)
            asm.store_byte(result, colour, first)
        asm.add_constant(result, 3)
        asm.add_constant(table, 24)
    asm.leave()


def blend_floats(asm: Assembler) -> None:
    """The same from rows of floats, without rounding. v: the address of the weight; weights are floats here."""
    result, upper, lower, v, table, counter = asm.arguments("result upper lower v table pixels")
    left, right, p = asm.pointers(3)
    weight, across, above, below, other = range(5)
    tail = asm.v_tail(3, 5)
    asm.v_broadcast(weight, v)
    with asm.repeat(counter):
        asm.load_word(left, table, 0)
        asm.load_word(right, table, 8)
        asm.v_broadcast(across, table, 16)
        for line, mixed in ((upper, above), (lower, below)):
            for side, register in ((left, mixed), (right, other)):
                asm.move(p, line)
                asm.add(p, side)
                asm.v_load(register, p, 0, tail)
            asm.v_sub(other, other, mixed)
            asm.v_fma(mixed, other, across)
        asm.v_sub(below, below, above)
        asm.v_fma(above, below, weight)
        asm.v_store(result, 0, above, tail)
        asm.add_constant(result, 12)
        asm.add_constant(table, 24)
    asm.leave()


# For deepdream.Fit: pictures brought to another size by weighted sums of rows, then of columns, and back

def weighted_rows(asm: Assembler, x: int, weights: int, rows: int, spare: Sequence[int], vectors: Sequence[int],
                  x_row: int, wide: bool, tail: int | None = None) -> None:
    """vectors[u] = the sum over `rows` rows at x of vector u times a weight each. spare: p, w, counter."""
    p, w, counter = spare
    factor, value = 8, 9
    for u in vectors:
        asm.v_zero(u)
    asm.move(p, x)
    asm.move(w, weights)
    asm.move(counter, rows)
    with asm.repeat(counter):
        asm.v_broadcast(factor, w)
        for i, u in enumerate(vectors):
            if wide:
                asm.v_load(value, p, 4 * i * asm.V, tail)
            else:
                asm.v_load_bytes(value, p, i * asm.V)
            asm.v_fma(u, value, factor)
        asm.add_constant(p, x_row)
        asm.add_constant(w, 4)


def mix_rows(asm: Assembler, count: int, x_row: int, wide: bool) -> None:
    """y [count floats] = the sum of some rows of x, of bytes or (wide) floats, each times its weight; count >= V."""
    x, y, weights, rows = asm.arguments("x y weights rows")
    spare, (blocks,) = asm.pointers(3), asm.pointers(1)
    size = 4 if wide else 1

    def block(vectors: int) -> None:
        weighted_rows(asm, x, weights, rows, spare, range(vectors), x_row, wide)
        for u in range(vectors):
            asm.v_store(y, 4 * u * asm.V, u)
        asm.add_constant(x, size * vectors * asm.V)
        asm.add_constant(y, 4 * vectors * asm.V)

    whole, rest = divmod(count, 4 * asm.V)
    if whole:
        with asm.repeat(blocks, whole):
            block(4)
    for _ in range(rest // asm.V):
        block(1)
    back = rest % asm.V - asm.V    # the last vector ends where the row does: nothing behind it is read
    if rest % asm.V:
        asm.add_constant(x, size * back)
        asm.add_constant(y, 4 * back)
        block(1)
    asm.leave()


def mix_columns(asm: Assembler) -> None:
    """y: pixels that are weighted sums of neighbouring pixels of x. The table has for each the distance of the first
    one, how many there are, and the address of their weights."""
    x, y, table, pixels = asm.arguments("x y table pixels")
    p, w, count = asm.pointers(3)
    total, value, factor = range(3)
    tail = asm.v_tail(3, 3)
    with asm.repeat(pixels):
        asm.load_word(p, table, 0)
        asm.load_word(count, table, 8)
        asm.load_word(w, table, 16)
        asm.add(p, x)
        asm.v_zero(total)
        with asm.repeat(count):
            asm.v_broadcast(factor, w)
            asm.v_load(value, p, 0, tail)
            asm.v_fma(total, value, factor)
            asm.add_constant(p, 12)
            asm.add_constant(w, 4)
        asm.v_store(y, 0, total, tail)
        asm.add_constant(y, 12)
        asm.add_constant(table, 24)
    asm.leave()


def move_by_sign(asm: Assembler, count: int, x_row: int) -> None:
    """y [count floats] moves by a step up or down, as the weighted sum of some rows of x says, and stays in 0 .. 255.

    step: its address."""
    x, y, weights, rows, step = asm.arguments("x y weights rows step")
    spare, (blocks,) = asm.pointers(3), asm.pointers(1)
    length, zero, most, up, down, tail_register = range(10, 16) if asm.vectors == 16 else range(16, 22)
    asm.v_broadcast(length, step)
    asm.v_zero(zero)
    asm.v_constant(most, 255.0)

    def block(vectors: int, tail: int | None = None) -> None:
        weighted_rows(asm, x, weights, rows, spare, range(vectors), x_row, True, tail)
        for u in range(vectors):
            asm.v_keep_greater(up, u, zero, length)
            asm.v_keep_greater(down, zero, u, length)
            asm.v_load(u, y, 4 * u * asm.V, tail)
            asm.v_add(u, u, up)
            asm.v_sub(u, u, down)
            asm.v_max(u, u, zero)
            asm.v_min(u, u, most)
            asm.v_store(y, 4 * u * asm.V, u, tail)
        for p in (x, y):
            asm.add_constant(p, 4 * vectors * asm.V)

    whole, rest = divmod(count, 4 * asm.V)
    if whole:
        with asm.repeat(blocks, whole):
            block(4)
    for _ in range(rest // asm.V):
        block(1)
    if rest % asm.V:
        block(1, asm.v_tail(rest % asm.V, tail_register))
    asm.leave()


# For penalties: how rough a picture is

def slopes(asm: Assembler, floats: int, power: bool) -> None:
    """gh, gw: the derivatives, by the differences dh to the row below and dw to the next pixel, of what a row of a
    picture adds to a penalty; sums: one vector of that itself, lane by lane.

    power: (dh^2 + dw^2)^1.25, and nothing for the last pixel; else s(dh) + s(dw), s(d) = sqrt(d^2 + 1) - 1. There is no
    dw for the last pixel.
    """
    here, below, gh, gw, sums = asm.arguments("here below gh gw sums")
    counter, = asm.pointers(1)
    total, factor, tail_register = 13, 14, 15
    asm.v_zero(total)
    asm.v_constant(factor, 2.5 if power else 1.0)

    def smooth(d: int, spare: int, length: int) -> None:
        """d = its slope; its s is added, as d^2 / (length + 1), which has no difference of nearly equal numbers"""
        asm.v_mul(spare, d, d)
        asm.v_add(length, spare, factor)
        asm.v_sqrt(length, length)
        asm.v_div(d, d, length)
        asm.v_add(length, length, factor)
        asm.v_div(spare, spare, length)
        asm.v_add(total, total, spare)

    def body(u: int, at: int, tail: int | None) -> None:
        h, w, square, root, value = range(6 * u, 6 * u + 5)
        asm.v_load(value, here, at, tail)
        asm.v_load(h, below, at, tail)
        asm.v_sub(h, h, value)
        asm.v_load(w, here, at + 12, tail)
        asm.v_sub(w, w, value)
        if power:
            asm.v_mul(square, h, h)
            asm.v_fma(square, w, w)
            asm.v_sqrt(root, square)
            asm.v_sqrt(root, root)
            asm.v_fma(total, square, root)
            asm.v_mul(root, root, factor)
            asm.v_mul(h, h, root)
            asm.v_mul(w, w, root)
        else:
            smooth(h, square, root)
            smooth(w, square, root)
        asm.v_store(gh, at, h, tail)
        asm.v_store(gw, at, w, tail)

    sweep(asm, floats - 3, (here, below, gh, gw), counter, body, unroll=2, spare=tail_register)
    last = asm.v_tail(3, tail_register)
    if power:
        asm.v_zero(0)
    else:
        asm.v_load(0, below, 0, last)
        asm.v_load(1, here, 0, last)
        asm.v_sub(0, 0, 1)
        smooth(0, 1, 2)
    asm.v_store(gh, 0, 0, last)
    asm.v_zero(0)
    asm.v_store(gw, 0, 0, last)
    asm.argument(counter, "sums")
    asm.v_store(counter, 0, total)
    asm.leave()


def divergence(asm: Assembler, floats: int, scale: float) -> None:
    """y = scale * (above - gh + gw of the pixel before - gw) for a row; in front of gw lie three zeros."""
    above, gh, gw, y = asm.arguments("above gh gw y")
    counter, = asm.pointers(1)
    asm.v_constant(14, scale)

    def body(u: int, at: int, tail: int | None) -> None:
        first, value = 2 * u, 2 * u + 1
        asm.v_load(first, above, at, tail)
        for p, distance, join in ((gh, at, asm.v_sub), (gw, at - 12, asm.v_add), (gw, at, asm.v_sub)):
            asm.v_load(value, p, distance, tail)
            join(first, first, value)
        asm.v_mul(first, first, 14)
        asm.v_store(y, at, first, tail)

    sweep(asm, floats, (above, gh, gw, y), counter, body, spare=15)
    asm.leave()
