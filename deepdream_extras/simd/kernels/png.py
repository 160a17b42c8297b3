"""Kernels: filters of PNG. What they compute stands in formats.png."""

from __future__ import annotations

from collections.abc import Sequence

from ..assembler import Assembler

NONE, SUB, UP, AVERAGE, PAETH = range(5)


def paeth(asm: Assembler, d: int, left: int, above: int, corner: int, one: int, spare: Sequence[int]) -> None:
    """d = of each lane the neighbour that png.paeth chooses. one: 1 in each lane."""
    t, larger, smaller, other = spare
    asm.v_sub_int(t, corner, above)
    asm.v_add_int(t, t, corner)
    asm.v_add_int(t, t, corner)
    asm.v_sub_int(t, t, left)
    asm.v_max_int(larger, left, above)
    asm.v_min_int(smaller, left, above)
    asm.v_xor(d, corner, smaller)
    asm.v_sub_int(other, larger, one)
    asm.v_keep_greater_int(other, t, other, d)          # t >= larger: from the corner to the smaller
    asm.v_xor(larger, larger, corner)
    asm.v_sub_int(t, t, one)
    asm.v_keep_greater_int(d, smaller, t, larger)       # t <= smaller: to the larger
    asm.v_xor(d, d, other)
    asm.v_xor(d, d, corner)


def unfilter(asm: Assembler, size: int) -> None:
    """Rows of `length` bytes, each after its filter at `x`, to `y`; the row above the first one lies before `y`.

    size: bytes of a pixel. What depends on the pixel to the left goes pixel by pixel, a lane for each of its bytes.
    May read and write V bytes too far. A filter above PAETH is none.
    """
    asm.declare("x y length rows")
    x, y, length, rows, p, q, above, counter = asm.pointers(8)
    asm.arguments("x y length rows", (x, y, length, rows))
    value, spare, low, one, predicted, b = range(6)
    free = 6, 7, 8, 9
    parts = -(-size // asm.V)
    left, corner = ([base + part for part in range(parts)] for base in (10, 10 + parts))
    asm.v_constant(low, 255)
    asm.v_constant(one, 1)
    cases = [asm.label() for _ in range(5)]
    next_row, done = asm.label(), asm.label()

    def store(part: int) -> None:
        asm.v_and(left[part], value, low)
        asm.v_copy(value, left[part])
        asm.v_store_bytes_int(q, part * asm.V, value, spare)

    def along(step: int, body) -> None:
        for part in range(parts):
            asm.v_zero(left[part])
            asm.v_zero(corner[part])
        again = asm.label()
        asm.place(again)
        body()
        for r in (p, q, above):
            asm.add_constant(r, step)
        asm.add_constant(counter, -step)
        asm.branch(counter, ">", 0, again)
        asm.jump(done)

    def each(predict) -> None:
        """Pixel by pixel: predict(part, b): the register of what is added to a part whose bytes above are in b."""
        def pixel() -> None:
            for part in range(parts):
                asm.v_load_bytes_int(value, p, part * asm.V)
                asm.v_load_bytes_int(b, above, part * asm.V)
                asm.v_add_int(value, value, predict(part))
                store(part)
                asm.v_copy(corner[part], b)
        along(size, pixel)

    def average(part: int) -> int:
        asm.v_add_int(predicted, left[part], b)
        asm.v_shift_right(predicted, predicted, 1)
        return predicted

    def nearest(part: int) -> int:
        paeth(asm, predicted, left[part], b, corner[part], one, free)
        return predicted

    def plain() -> None:
        asm.v_load_bytes_int(value, p)
        store(0)

    def up() -> None:
        asm.v_load_bytes_int(value, p)
        asm.v_load_bytes_int(b, above)
        asm.v_add_int(value, value, b)
        store(0)

    asm.place(next_row)
    asm.load_byte(counter, x)
    asm.move(p, x)
    asm.add_constant(p, 1)
    asm.move(q, y)
    asm.move(above, y)
    asm.subtract(above, length)
    for kind in (SUB, UP, AVERAGE, PAETH):
        asm.branch(counter, "==", kind, cases[kind])
    asm.move(counter, length)
    along(asm.V, plain)
    for kind, write in ((UP, lambda: along(asm.V, up)), (SUB, lambda: each(lambda part: left[part])),
                        (AVERAGE, lambda: each(average)), (PAETH, lambda: each(nearest))):
        asm.place(cases[kind])
        asm.move(counter, length)
        write()
    asm.place(done)
    asm.add_constant(x, 1)
    asm.add(x, length)
    asm.add(y, length)
    asm.count_down(rows, next_row)
    asm.leave()


def filters(asm: Assembler, size: int) -> None:
    """A row after each filter, with V sums of magnitudes of its bytes; see png.filtered.

    x, above: the row and the one above, `size` zeros before each. y: for each filter a row, `distance` from the last.
    sums: of as many vectors of integers. rest: bytes beyond whole vectors. May read and write V bytes too far.
    """
    asm.declare("x above y distance vectors rest sums")
    x, above, y, distance, counter, p = asm.pointers(6)
    asm.arguments("x above y distance vectors rest sums", (x, above, y, distance, counter))    # the last two: late
    here, left, up, corner, value, spare, *totals = range(11)
    low, one, *free = range(11, 16)
    asm.v_constant(low, 255)
    asm.v_constant(one, 1)
    for total in totals:
        asm.v_zero(total)

    def vector(last: bool) -> None:
        for register, q, at in ((here, x, 0), (left, x, -size), (up, above, 0), (corner, above, -size)):
            asm.v_load_bytes_int(register, q, at)
        asm.move(p, y)
        for kind, total in enumerate(totals):
            if kind == AVERAGE:
                asm.v_add_int(value, left, up)
                asm.v_shift_right(value, value, 1)
            elif kind == PAETH:
                paeth(asm, value, left, up, corner, one, (spare, *free))
            if kind == NONE:
                asm.v_copy(value, here)
            else:
                asm.v_sub_int(value, here, {SUB: left, UP: up}.get(kind, value))
                asm.v_and(value, value, low)
            asm.v_sub_int(spare, low, value)
            asm.v_add_int(spare, spare, one)
            asm.v_min_int(spare, spare, value)
            if last:                            # lanes behind the row do not count
                index, rest, counted = free
                asm.v_constant(index, list(range(asm.V)))
                asm.v_broadcast(rest, asm.ARGUMENTS, 8 * (1 + asm.slots.index("rest")))
                asm.v_keep_greater_int(counted, rest, index, spare)
                asm.v_add_int(total, total, counted)
            else:
                asm.v_add_int(total, total, spare)
            asm.v_store_bytes_int(p, 0, value, spare)
            asm.add(p, distance)

    tail = asm.label()
    asm.branch(counter, "==", 0, tail)
    with asm.repeat(counter):
        vector(False)
        for q in (x, above, y):
            asm.add_constant(q, asm.V)
    asm.place(tail)
    vector(True)
    asm.argument(p, "sums")
    for i, total in enumerate(totals):
        asm.v_store(p, 4 * i * asm.V, total)
    asm.leave()
