"""Kernels: what planes.py does to the levels of a picture, for distortions and optical flow."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from ..assembler import Assembler
from .layers import sweep

# ---- Margins ---------------------------------------------------------------------------------------------------------

def pad(asm: Assembler, floats: int, c: int, colour: bool) -> None:
    """Rows with their margins; see planes.padded. rows: addresses of what is between them, `floats` floats. pixels:
    for each pixel of the left margin, then of the right one, how far it is from the row's begin; of a colour, where."""
    result, row, pixels, count = asm.pointers(4)
    asm.arguments("result rows pixels count margin", (result, row, pixels, count))
    x, p, place, number, counter = asm.pointers(5)
    value, tail_register = 4, 5

    def margin() -> None:
        none = asm.label()
        asm.argument(counter, "margin")
        asm.branch(counter, "==", 0, none)
        with asm.repeat(counter):
            asm.load_word(p, place)
            if not colour:
                asm.load_word(number, row)
                asm.add(p, number)
            for k in range(c):
                asm.load_half(number, p, 4 * k)
                asm.store_half(result, 4 * k, number)
            asm.add_constant(place, 8)
            asm.add_constant(result, 4 * c)
        asm.place(none)

    def copy(u: int, at: int, tail: int | None) -> None:
        asm.v_load(value, x, at, tail)
        asm.v_store(result, at, value, tail)

    with asm.repeat(count):
        asm.move(place, pixels)
        margin()
        asm.load_word(x, row)
        sweep(asm, floats, (x, result), counter, copy, spare=tail_register)
        margin()
        asm.add_constant(row, 8)
    asm.leave()


# ---- Pixels from elsewhere -------------------------------------------------------------------------------------------

# What `move` is told of an axis, four bytes each: floats, after how many pixels all comes back (reflect, wrap), 1 over
# that, the lowest and the highest position, the highest pixel. Behind both axes integers: bytes of a pixel and of a row
# of the source.
PERIOD, FACTOR, LOW, HIGH, LAST, AXIS, PIXEL = 0, 4, 8, 12, 16, 32, 64


def move(asm: Assembler, c: int, edge: str, of_pixels: bool) -> None:
    """Rows of pixels that were elsewhere; see planes.Plain.moved.

    source: a padded plane, with its margin of one pixel. xs, ys: places; the next row's begin `table` bytes behind the
    last vector. of_pixels: whether the number of the column is added to x. shifts: for every row, what is added to x
    and to y. Reads up to V floats behind the tables and the source. No place is so far away, nor a number so strange,
    that anything else is read.
    """
    source, result, xs, ys, shifts, row, numbers = pointers = asm.pointers(7)
    asm.arguments("source result xs ys shifts rows numbers columns table source_row", pointers)
    left, p, q, place, counter = asm.pointers(5)
    tail = asm.v_tail(c, 15)
    enough = asm.V - 1 + -(-asm.V // c)     # so many pixels are left: a block of them may be written as whole vectors
    block, some, full, done = (asm.label() for _ in range(4))
    columns, all_lanes = 6, 7
    asm.v_constant(all_lanes, float(asm.V))

    def pixels(tail: int | None) -> None:
        upper, right, lower, other, u, v = range(6)
        asm.move(place, asm.SCRATCH)
        with asm.repeat(counter):
            asm.load_half(p, place)
            asm.add(p, source)
            asm.argument(q, "source_row")
            asm.add(q, p)
            asm.v_broadcast(u, place, 64)
            asm.v_broadcast(v, place, 128)
            for line, near, far in ((p, upper, right), (q, lower, other)):
                asm.v_load(near, line)
                asm.v_load(far, line, 4 * c)
                asm.v_sub(far, far, near)
                asm.v_fma(near, far, u)
            asm.v_sub(lower, lower, upper)
            asm.v_fma(upper, lower, v)
            asm.v_store(result, 0, upper, tail)
            asm.add_constant(place, 4)
            asm.add_constant(result, 4 * c)

    with asm.repeat(row):
        asm.argument(left, "columns")
        asm.v_constant(columns, [float(lane) for lane in range(asm.V)])
        asm.place(block)
        for axis, table in enumerate((xs, ys)):
            asm.v_load(0, table)
            asm.v_broadcast(1, shifts, 4 * axis)
            asm.v_add(0, 0, 1)
            if of_pixels and table == xs:
                asm.v_add(0, 0, columns)
            fold(asm, edge, numbers, AXIS * axis)
            split(asm, numbers, AXIS * axis)
            asm.v_store(asm.SCRATCH, 64 * (1 + axis), 0)
            asm.v_broadcast(2, numbers, PIXEL + 4 * axis)
            asm.v_mul_int(4 + axis, 1, 2)
        asm.v_add_int(4, 4, 5)
        asm.v_store(asm.SCRATCH, 0, 4)
        asm.branch(left, ">=", enough, full)
        asm.set(counter, asm.V)
        asm.branch(left, ">=", asm.V, some)
        asm.move(counter, left)
        asm.place(some)
        pixels(tail)
        asm.jump(done)
        asm.place(full)
        asm.set(counter, asm.V)
        pixels(None)
        asm.place(done)
        asm.v_add(columns, columns, all_lanes)
        asm.add_constant(xs, 4 * asm.V)
        asm.add_constant(ys, 4 * asm.V)
        asm.add_constant(left, -asm.V)
        asm.branch(left, ">", 0, block)
        asm.add_constant(shifts, 8)
        asm.argument(p, "table")
        asm.add(xs, p)
        asm.add(ys, p)
    asm.leave()


def fold(asm: Assembler, edge: str, numbers: int, at: int) -> None:
    """Vector 0, positions, to where they are in the source, beyond whose edges all is as `edge` says. Uses 1 and 2."""
    half, turns = 2, 1
    if edge in ("reflect", "wrap"):
        asm.v_constant(half, 0.5)
        asm.v_add(0, 0, half)       # so that whole pixels stay whole pixels
        asm.v_broadcast(turns, numbers, at + FACTOR)
        asm.v_mul(turns, turns, 0)
        if edge == "wrap":
            asm.v_sub(turns, turns, half)
        asm.v_round(turns, turns)
        asm.v_float(turns, turns)
        asm.v_broadcast(3, numbers, at + PERIOD)
        asm.v_fnma(0, turns, 3)
        if edge == "reflect":
            asm.v_zero(1)
            asm.v_sub(1, 1, 0)
            asm.v_max(0, 0, 1)
        asm.v_sub(0, 0, half)
    if edge != "wrap":
        asm.v_broadcast(1, numbers, at + LOW)
        asm.v_max(0, 0, 1)
        asm.v_broadcast(1, numbers, at + HIGH)
        asm.v_min(0, 0, 1)


def split(asm: Assembler, numbers: int, at: int) -> None:
    """Vector 0, positions, into 1, integers: the pixel before each, counted with the margin, and 0: how far behind it.
    """
    asm.v_round(1, 0)
    asm.v_float(1, 1)
    asm.v_constant(2, 1.0)
    asm.v_keep_greater(3, 1, 0, 2)
    asm.v_sub(1, 1, 3)
    asm.v_constant(2, -1.0)
    asm.v_max(1, 1, 2)
    asm.v_broadcast(2, numbers, at + LAST)
    asm.v_min(1, 1, 2)
    asm.v_sub(0, 0, 1)
    asm.v_round(1, 1)
    asm.v_constant(2, 1)
    asm.v_add_int(1, 1, 2)


# ---- Sums of neighbours ----------------------------------------------------------------------------------------------

def weigh(asm: Assembler, floats: int) -> None:
    """Rows of `floats` floats, each the sum of others times their weights. taps: for each the distance in bytes, 64
    bits, and the weight, 32; 16 bytes in all. x_step, y_step: from the end of a row to the next one's begin."""
    x, y, taps, row = asm.pointers(4)
    asm.arguments("x y taps rows count x_step y_step", (x, y, taps, row))
    p, w, counter, blocks = asm.pointers(4)
    factor, value = 8, 9

    def block(vectors: int, tail: int | None = None, lanes: int = 0) -> None:
        for u in range(vectors):
            asm.v_zero(u)
        asm.move(w, taps)
        asm.argument(counter, "count")
        with asm.repeat(counter):
            asm.load_word(p, w)
            asm.add(p, x)
            asm.v_broadcast(factor, w, 8)
            for u in range(vectors):
                asm.v_load(value, p, 4 * u * asm.V, tail)
                asm.v_fma(u, value, factor)
            asm.add_constant(w, 16)
        for u in range(vectors):
            asm.v_store(y, 4 * u * asm.V, u, tail)
        for r in (x, y):
            asm.add_constant(r, 4 * (lanes or vectors * asm.V))

    whole, rest = divmod(floats, 4 * asm.V)
    tail = asm.v_tail(rest % asm.V, 10) if rest % asm.V else None
    with asm.repeat(row):
        if whole:
            with asm.repeat(blocks, whole):
                block(4)
        for _ in range(rest // asm.V):
            block(1)
        if tail is not None:
            block(1, tail, rest % asm.V)
        asm.argument(p, "x_step")
        asm.add(x, p)
        asm.argument(p, "y_step")
        asm.add(y, p)
    asm.leave()


def recolour(asm: Assembler) -> None:
    """y = mixtures of the three colours of x, within 0 .. 255, for groups of V pixels, three vectors.

    As colours lie side by side, a pixel's others are up to two floats before or behind. table: for each of the three
    vectors the weights of the floats from two before to two behind, and what is added; vectors all. Reads two floats
    before the first pixel and behind the last one.
    """
    x, y, table, groups = asm.arguments("x y table groups")
    zero, most, value = 3, 4, 5
    asm.v_zero(zero)
    asm.v_constant(most, 255.0)
    with asm.repeat(groups):
        for u in range(3):
            asm.v_load(u, table, (6 * u + 5) * 4 * asm.V)
            for k in range(5):
                asm.v_load(value, x, 4 * (u * asm.V + k - 2))
                asm.v_fma(u, value, (table, (6 * u + k) * 4 * asm.V))
            asm.v_max(u, u, zero)
            asm.v_min(u, u, most)
            asm.v_store(y, 4 * u * asm.V, u)
        asm.add_constant(x, 12 * asm.V)
        asm.add_constant(y, 12 * asm.V)
    asm.leave()


# ---- Each number for itself ------------------------------------------------------------------------------------------

def magnitude(asm: Assembler) -> None:
    """y = the length of (a, b) times a number, at most 255."""
    a, b, number, most = 0, 1, 2, 3
    asm.v_constant(most, 255.0)

    def body() -> None:
        asm.v_mul(a, a, a)
        asm.v_fma(a, b, b)
        asm.v_sqrt(a, a)
        asm.v_mul(a, a, number)
        asm.v_min(a, a, most)

    pointwise(asm, "a b", body, 1)


def mix(asm: Assembler) -> None:
    """y = a + (b - a) times a number"""
    def body() -> None:
        asm.v_sub(1, 1, 0)
        asm.v_fma(0, 1, 2)

    pointwise(asm, "a b", body, 1)


def flatten(asm: Assembler) -> None:
    """y = a times a number, rounded, times another one"""
    def body() -> None:
        asm.v_mul(0, 0, 1)
        asm.v_round(0, 0)
        asm.v_float(0, 0)
        asm.v_mul(0, 0, 2)

    pointwise(asm, "a", body, 2)


def shade(asm: Assembler) -> None:
    """y = a, a multiple of 1/256, rounded down to an integer"""
    asm.v_constant(1, 0.5 - 1 / 512)

    def body() -> None:
        asm.v_sub(0, 0, 1)
        asm.v_round(0, 0)

    pointwise(asm, "a", body)


def products(asm: Assembler) -> None:
    """See planes.Plain.products."""
    gx, gy, bx, by, e, still, half = range(7)
    results = 7, 8, 9, 10, 11
    asm.v_constant(half, 0.5)

    def body() -> None:
        for g, b in ((gx, bx), (gy, by)):
            asm.v_add(g, g, b)
            asm.v_mul(g, g, half)
        asm.v_sub(e, e, still)
        for result, (a, b) in zip(results, ((gx, gx), (gx, gy), (gy, gy), (gx, e), (gy, e))):
            asm.v_mul(result, a, b)

    pointwise(asm, "gx gy bx by warped still", body, 0, results)


def solve(asm: Assembler) -> None:
    """See planes.Plain.solved."""
    xx, xy, yy, xe, ye, u, v, damping, factor, du, dv, most, least = range(13)
    asm.v_constant(most, 2.0)
    asm.v_constant(least, -2.0)

    def body() -> None:
        asm.v_add(xx, xx, damping)
        asm.v_add(yy, yy, damping)
        asm.v_mul(factor, xx, yy)
        asm.v_fnma(factor, xy, xy)
        asm.v_mul(du, xy, ye)
        asm.v_fnma(du, yy, xe)
        asm.v_mul(dv, xy, xe)
        asm.v_fnma(dv, xx, ye)
        for change, now in ((du, u), (dv, v)):
            asm.v_div(change, change, factor)
            asm.v_max(change, change, least)
            asm.v_min(change, change, most)
            asm.v_add(now, now, change)

    pointwise(asm, "xx xy yy xe ye u v", body, 1, (u, v))


def pointwise(asm: Assembler, names: str, body: Callable[[], None], numbers: int = 0,
              results: Sequence[int] = (0,)) -> None:
    """body for all vectors: it finds those of `names` in vectors 0, 1 ..., behind them `numbers` numbers, and leaves
    what it makes in `results`."""
    given = names.split()
    pointers = asm.arguments(" ".join([*given, *(f"y{i}" for i in range(len(results))), "vectors numbers"]))
    *planes, count, p = pointers
    for i in range(numbers):
        asm.v_broadcast(len(given) + i, p, 4 * i)
    with asm.repeat(count):
        for i, r in enumerate(planes[:len(given)]):
            asm.v_load(i, r)
        body()
        for result, r in zip(results, planes[len(given):]):
            asm.v_store(r, 0, result)
        for r in planes:
            asm.add_constant(r, 4 * asm.V)
    asm.leave()


# ---- Sorting ---------------------------------------------------------------------------------------------------------

def sort(asm: Assembler) -> None:
    """Lines of pixels, each `step` bytes from the last: runs of shades low .. high, darkest first, the others as they
    are; y already has them all. shades: integers of 0 .. 255, as far apart. table: where the lines begin, in bytes.

    Counts how many pixels have which shade, hence where those of each shade begin, and puts each where it belongs.
    """
    table, line = asm.pointers(2)
    asm.declare("x y shades table lines pixels step low high")
    x, y, shades, left, value, other, begin, count, p, step = asm.pointers(10)
    look, skip, run, more, ended, sums, end = (asm.label() for _ in range(7))
    asm.argument(table, "table")
    asm.argument(line, "lines")
    asm.argument(step, "step")
    asm.v_zero(0)

    def to_entry() -> None:
        """p = where the count, then the place, of the shade in `value` is"""
        asm.move(p, value)
        asm.shift_left(p, 2)
        asm.add(p, asm.SCRATCH)

    def copy(word: str, at: int) -> None:
        load, store = getattr(asm, "load_" + word), getattr(asm, "store_" + word)
        load(value, x, at)
        store(p, at, value)

    with asm.repeat(line):
        for r, name in ((x, "x"), (y, "y"), (shades, "shades")):
            asm.argument(r, name)
            asm.load_word(value, table)
            asm.add(r, value)
        asm.argument(left, "pixels")
        asm.place(look)
        asm.load_half(value, shades)
        asm.argument(other, "low")
        asm.branch_register(value, "<", other, skip)
        asm.argument(other, "high")
        asm.branch_register(value, "<=", other, run)
        asm.place(skip)
        for r in (x, y, shades):
            asm.add(r, step)
        asm.add_constant(left, -1)
        asm.branch(left, ">", 0, look)
        asm.jump(end)

        asm.place(run)
        for at in range(0, 1024, 4 * asm.V):
            asm.v_store(asm.SCRATCH, at, 0)
        asm.move(begin, shades)
        asm.set(count, 0)
        asm.place(more)
        to_entry()
        asm.load_half(other, p)
        asm.add_constant(other, 1)
        asm.store_half(p, 0, other)
        asm.add_constant(count, 1)
        asm.add(shades, step)
        asm.add_constant(left, -1)
        asm.branch(left, "==", 0, ended)
        asm.load_half(value, shades)
        asm.argument(other, "low")
        asm.branch_register(value, "<", other, ended)
        asm.argument(other, "high")
        asm.branch_register(value, "<=", other, more)

        asm.place(ended)
        asm.argument(value, "low")
        to_entry()
        asm.set(other, 0)
        asm.place(sums)             # `other`: bytes from the run's begin to the first pixel of this shade
        asm.load_half(value, p)
        asm.store_half(p, 0, other)
        asm.multiply(value, step)
        asm.add(other, value)
        asm.add_constant(p, 4)
        asm.argument(value, "high")
        asm.shift_left(value, 2)
        asm.add(value, asm.SCRATCH)
        asm.branch_register(p, "<=", value, sums)
        with asm.repeat(count):
            asm.load_half(value, begin)
            to_entry()
            asm.load_half(other, p)
            asm.move(value, other)
            asm.add(value, step)
            asm.store_half(p, 0, value)
            asm.move(p, y)
            asm.add(p, other)
            copy("word", 0)
            copy("half", 8)
            asm.add(x, step)
            asm.add(begin, step)
        asm.move(value, begin)      # y goes on as far as x did
        asm.argument(other, "shades")
        asm.subtract(value, other)
        asm.argument(y, "y")
        asm.add(y, value)
        asm.branch(left, ">", 0, look)
        asm.place(end)
        asm.add_constant(table, 8)
    asm.leave()
