"""Kernels: the other layers.

`delta` is how many bytes behind a tensor its gradient lies.
"""

from __future__ import annotations

from ..assembler import Assembler


def sweep(asm: Assembler, floats: int, pointers: tuple, counter: int, body, unroll: int = 4, spare: int = 0) -> None:
    """Run body(which, distance, tail) for the vectors of `floats` floats; moves `pointers` to behind them.

    which: 0 .. unroll - 1, to choose registers; distance: from the pointers. `spare`: a vector register for the tail.
    """
    width = 4 * asm.V
    whole, rest = divmod(floats, asm.V)
    loops, extra = divmod(whole, unroll)
    if loops:
        with asm.repeat(counter, loops):
            for u in range(unroll):
                body(u, u * width, None)
            for p in pointers:
                asm.add_constant(p, unroll * width)
    for u in range(extra):
        body(u, u * width, None)
    if rest:
        body(extra, extra * width, asm.v_tail(rest, spare))
    for p in pointers:
        asm.add_constant(p, extra * width + 4 * rest)


def max_pool(asm: Assembler, kernel_rows: int, runs: tuple, channels: int, x_step: int, y_pixel: int,
             y_row: int) -> None:
    """Rows of a max pooling. Where a window leaves the picture, its outermost row or column is taken twice instead.

    runs: for the output pixels of a row, ((distances of the window's columns, how many such pixels), ...)
    table: of the distances of every window's rows. rows: of output.
    """
    lines = asm.pointers(kernel_rows)
    x, y, table, row = asm.arguments("x y table rows")
    pixel, counter = asm.pointers(2)
    with asm.repeat(row):
        for i, line in enumerate(lines):
            asm.load_word(line, table, 8 * i)
            asm.add(line, x)
        asm.add_constant(table, 8 * kernel_rows)
        for columns, count in runs:
            def largest(u: int, at: int, tail: int | None, columns: tuple = columns) -> None:
                cells = [(line, column + at) for line in lines for column in columns]
                asm.v_load(2 * u, *cells[0], tail)
                for cell in cells[1:]:
                    if tail is None:
                        asm.v_max(2 * u, 2 * u, cell)
                    else:
                        asm.v_load(2 * u + 1, *cell, tail)
                        asm.v_max(2 * u, 2 * u, 2 * u + 1)
                asm.v_store(y, at, 2 * u, tail)

            with asm.repeat(pixel, count):
                sweep(asm, channels, (*lines, y), counter, largest, unroll=4, spare=15)
                for line in lines:
                    asm.add_constant(line, x_step - 4 * channels)
                asm.add_constant(y, y_pixel - 4 * channels)
        asm.add_constant(y, y_row - y_pixel * sum(count for _, count in runs))
    asm.leave()


# Columns inside the picture; those of whose sums an earlier window has begun; whether it is the last one of its row
Window = tuple[frozenset[int], frozenset[int], bool]


def max_pool_gradient(asm: Assembler, kernel: tuple[int, int], stride: tuple[int, int], left: int, x_pixels: int,
                      y_pixels: int, channels: int, x_pixel: int, x_row: int, y_pixel: int, y_row: int, clear: bool,
                      mask: bool) -> None:
    """Give the gradient of every output to the first of the window's cells (row by row) that holds the maximum.

    Works on some rows of dx: on all windows that reach into them; what those give to other rows goes to scratch
    memory. clear: dx is new (else it is added to). mask: outputs that are not above 0 pass nothing on (x is the output
    of a ReLU). A window moves along the row; the cells that it leaves behind are complete (as far as this row of
    windows goes), for the others there are sums in scratch memory. All channels of a window come before the next one,
    as they lie in memory, and the next ones are asked for ahead of time: most was used too long ago to be in a cache.
    The table has for every row of windows the addresses of its rows in x (outside: a row of NaN, which equal nothing),
    the addresses of the same rows of dx (those that do not belong to this unit: 0, for scratch memory), and the address
    of a row of dx that is to be zeroed first, or 0.
    rows: of windows.
    """
    (kernel_rows, kernel_columns), (down, across) = kernel, stride
    lines, gradients = asm.pointers(kernel_rows), asm.pointers(kernel_rows)
    y, dy, table, sums, row, pixel, counter = asm.pointers(7)
    zero, given, largest, value, tail_register, share = range(6)
    shared = kernel_columns - across                  # columns of a window that the next one has as well
    pitch = 4 * asm.V * -(-channels // asm.V)         # of the sums of a column
    windows = max(1, 256 // channels)                 # how many ahead to ask for memory: about 1 KB
    ahead = [(q, (windows * across + j) * x_pixel) for q in (*lines[-down:], *gradients[-down:])
             for j in range(shared, kernel_columns)] + [(q, windows * y_pixel) for q in (y, dy)]
    asm.v_zero(zero)
    asm.arguments("y dy table rows", (y, dy, table, row))

    def window(kind: Window, at: int, tail: int | None) -> None:
        """A vector of one window."""
        inside, begun, last = kind
        if tail is None and at % 64 == 0:         # once a cache line
            for q, distance in ahead:
                asm.prefetch(q, at + distance)
        asm.v_load(given, dy, at, tail)
        asm.v_load(largest, y, at, tail)
        if mask:
            asm.v_keep_greater(value, largest, zero, given)
            asm.v_copy(given, value)
        for i in range(kernel_rows):
            touched = not clear or i < kernel_rows - down    # by the row of windows above
            for j in sorted(inside):
                cell, kept = j * x_pixel + at, (i * shared + j) * pitch + at
                asm.v_load(share, lines[i], cell, tail)
                asm.v_keep_equal(share, share, largest, given)
                asm.v_sub(given, given, share)               # what is given away is not there for the next cell
                if j in begun:
                    asm.v_add(share, share, (sums, kept))
                if j < across or last:
                    if touched:
                        asm.v_load(value, gradients[i], cell, tail)
                        asm.v_add(share, share, value)
                    asm.v_store(gradients[i], cell, share, tail)
                else:
                    asm.v_store(sums, kept - across * pitch, share)

    runs: list[tuple[Window, int]] = []               # which kind of window, how many
    begun: frozenset[int] = frozenset()
    for o in range(y_pixels):
        inside = frozenset(j for j in range(kernel_columns) if 0 <= o * across - left + j < x_pixels)
        kind = inside, begun, o == y_pixels - 1
        if runs and runs[-1][0] == kind:
            runs[-1] = kind, runs[-1][1] + 1
        else:
            runs.append((kind, 1))
        begun = frozenset(j - across for j in inside if j >= across)

    with asm.repeat(row):
        ready = asm.label()
        asm.load_word(sums, table, 16 * kernel_rows)
        asm.branch(sums, "==", 0, ready)
        with asm.repeat(pixel, x_pixels):
            sweep(asm, channels, (sums,), counter, lambda _, at, tail: asm.v_store(sums, at, zero, tail),
                  spare=tail_register)
            asm.add_constant(sums, x_pixel - 4 * channels)
        asm.place(ready)
        for i in range(kernel_rows):
            ours = asm.label()
            asm.load_word(lines[i], table, 8 * i)
            asm.load_word(gradients[i], table, 8 * (kernel_rows + i))
            asm.branch(gradients[i], "!=", 0, ours)
            asm.move(gradients[i], asm.SCRATCH)
            asm.add_constant(gradients[i], kernel_rows * shared * pitch)
            asm.place(ours)
            asm.add_constant(lines[i], -left * x_pixel)
            asm.add_constant(gradients[i], -left * x_pixel)
        asm.add_constant(table, 16 * kernel_rows + 8)
        asm.move(sums, asm.SCRATCH)
        for kind, count in runs:
            with asm.repeat(pixel, count):
                sweep(asm, channels, (*lines, *gradients, y, dy, sums), counter,
                      lambda _, at, tail, kind=kind: window(kind, at, tail),
                      unroll=max(2, 16 // asm.V) if count > 1 else 1, spare=tail_register)
                for q in (*lines, *gradients):
                    asm.add_constant(q, across * x_pixel - 4 * channels)
                for q in (y, dy):
                    asm.add_constant(q, y_pixel - 4 * channels)
                asm.add_constant(sums, -4 * channels)
        for q in (y, dy):
            asm.add_constant(q, y_row - y_pixels * y_pixel)
    asm.leave()


def fourth_root(asm: Assembler, q: int, n: int, t: int, u: int, constants: tuple) -> None:
    """q = n ** -1/4 for n > 0; changes t and u.

    A guess from the bits of n: as an integer, a float is roughly its logarithm, so that a quarter of it taken from a
    constant is the logarithm of the root, within 3.6%. Then twice q *= 1 + d/4 + 5/32 d^2 with d = 1 - n q^4, the
    first terms of the series of (1 - d)^(-1/4), each of which leaves about 4 times the cube of the error.
    """
    magic, one, quarter, five_32nds = constants
    asm.v_shift_right(t, n, 2)
    asm.v_sub_int(q, magic, t)
    for _ in range(2):
        asm.v_mul(t, q, q)
        asm.v_mul(t, t, t)
        asm.v_copy(u, one)
        asm.v_fnma(u, n, t)              # d
        asm.v_copy(t, quarter)
        asm.v_fma(t, u, five_32nds)
        asm.v_mul(t, t, u)
        asm.v_fma(q, q, t)


ROOT_CONSTANTS = (0x4F58B28E, 1.0, 0.25, 5 / 32)


def gap_vectors(V: int, radius: int) -> int:
    """So many vectors hold as many zeros as a pixel's channels have neighbours on one side."""
    return -(-radius // V)


def normalize(asm: Assembler, channels: int, pixels: int, block: int, radius: int, alpha: float, beta: float,
              bias: float, x_pixel: int, x_row: int, y_pixel: int, y_row: int, backward: bool, add: bool,
              mask: bool) -> None:
    """Rows of local response normalisation, y = x n^-beta with n = bias + alpha * (sum of x^2 over nearby channels).

    Backward: dx[j] = dy[j] n[j]^-beta - 2 alpha beta x[j] * (sum of dy[i] x[i] n[i]^(-beta - 1) over the i near j).
    The squares of `block` pixels are written to scratch memory, each pixel with some vectors of zeros before and behind
    it, so that a sum over neighbours is a few loads from one float further on each.
    beta: 1/2, 3/4 or 1. y: backward, dy.
    """
    gap = gap_vectors(asm.V, radius)
    x, y, delta, squares, others, row, pixel, counter, dx = asm.pointers(9)
    width = 4 * asm.V
    vectors = -(-channels // asm.V)
    pitch = (vectors + gap) * width                # from one pixel's squares to the next's; one gap between two
    size = (block * (vectors + gap) + gap) * width    # of one set of such pixels in scratch memory
    magic, one, quarter, five_32nds, a, b, t, u, n, root, value, total, tail_register, zero = range(14)
    constants = magic, one, quarter, five_32nds
    for register, constant in zip((*constants, a, b, zero), (*ROOT_CONSTANTS, alpha, bias, 0.0)):
        asm.v_constant(register, constant)
    asm.arguments("x y delta rows", (x, y, delta, row))

    def neighbours(first: int, at: int) -> None:
        """total = sum over the neighbours of what lies at squares + first"""
        asm.v_load(total, squares, first + at - 4 * radius)
        for shift in range(1 - radius, radius + 1):
            asm.v_add(total, total, (squares, first + at + 4 * shift))

    def each(count: int, steps: tuple, body, ahead: tuple = ()) -> None:
        """body for all vectors of `count` pixels; steps: (pointer, distance between its pixels); ahead: those of them
        where the next block is asked for, so that it comes while there is much to compute"""
        def vector(u: int, at: int, tail: int | None) -> None:
            if tail is None and at % 64 == 0:      # once a cache line
                for r, step in ahead:
                    asm.prefetch(r, at + block * step)
            body(u, at, tail)

        asm.move(squares, asm.SCRATCH)
        asm.add_constant(squares, gap * width)
        with asm.repeat(pixel, count):
            sweep(asm, channels, (squares, *(r for r, _ in steps)), counter, vector, unroll=16 // asm.V,
                  spare=tail_register)
            asm.add_constant(squares, pitch - 4 * channels)
            for r, step in steps:
                asm.add_constant(r, step - 4 * channels)
        for r, step in steps:
            asm.add_constant(r, -step * count)

    def square(_: int, at: int, tail: int | None) -> None:
        asm.v_load(value, x, at, tail)
        asm.v_mul(value, value, value)
        asm.v_store(squares, at, value)            # behind the channels zeros, from the tail's load

    def powers(at: int, tail: int | None) -> None:
        """value = x, t = n^-beta, u = n^-1/2, n = n, root = n^-1/4"""
        neighbours(0, at)
        asm.v_copy(n, b)
        asm.v_fma(n, total, a)
        fourth_root(asm, root, n, t, u, constants)
        asm.v_mul(u, root, root)
        if beta == 0.5:
            asm.v_copy(t, u)
        else:
            asm.v_mul(t, u, root if beta == 0.75 else u)
        asm.v_load(value, x, at, tail)

    def forward(_: int, at: int, tail: int | None) -> None:
        powers(at, tail)
        asm.v_mul(value, value, t)
        asm.v_store(y, at, value, tail)

    def share(_: int, at: int, tail: int | None) -> None:
        """what each channel contributes to the sums of its neighbours, and dy n^-beta"""
        powers(at, tail)
        asm.v_load(total, y, at, tail)
        asm.v_mul(total, total, t)                 # dy n^-beta
        asm.v_store(squares, 2 * size + at, total)
        asm.v_mul(total, total, value)
        asm.v_mul(u, u, u)
        asm.v_mul(total, total, u)                 # dy n^-beta x n^-1
        asm.v_store(squares, size + at, total)

    def collect(_: int, at: int, tail: int | None) -> None:
        neighbours(size, at)
        asm.v_load(value, x, at, tail)
        asm.v_mul(total, total, value)
        asm.v_load(t, squares, 2 * size + at)
        asm.v_fnma(t, total, b)                    # b now holds 2 alpha beta
        if mask:
            asm.v_keep_greater(n, value, zero, t)
            asm.v_copy(t, n)
        if add:
            asm.v_load(u, dx, at, tail)
            asm.v_add(t, t, u)
        asm.v_store(dx, at, t, tail)

    def clear_gaps(count: int) -> None:
        """zeros before and behind every pixel"""
        for first in (0, size) if backward else (0,):
            asm.move(squares, asm.SCRATCH)
            asm.add_constant(squares, first)
            with asm.repeat(pixel, count + 1):
                for i in range(gap):
                    asm.v_store(squares, i * width, zero)
                asm.add_constant(squares, pitch)

    blocks = [(block, pixels // block), (pixels % block, 1)]
    with asm.repeat(row):
        for count, times in blocks:
            if not count or not times:
                continue
            with asm.repeat(others, times):
                clear_gaps(count)
                each(count, ((x, x_pixel),), square)
                if backward:
                    asm.v_constant(b, bias)
                    both = (x, x_pixel), (y, y_pixel)
                    each(count, both, share, ahead=both)
                    asm.v_constant(b, 2 * alpha * beta)
                    asm.move(dx, x)
                    asm.add(dx, delta)
                    each(count, ((x, x_pixel), (dx, x_pixel)), collect, ahead=((dx, x_pixel),))
                else:
                    each(count, ((x, x_pixel), (y, y_pixel)), forward)
                asm.add_constant(x, count * x_pixel)
                asm.add_constant(y, count * y_pixel)
        asm.add_constant(x, x_row - pixels * x_pixel)
        asm.add_constant(y, y_row - pixels * y_pixel)
    asm.leave()


def scale_channels(asm: Assembler, pixels: int, channels: int, x_pixel: int, x_row: int, add: bool) -> None:
    """dx = x * factors, one for each channel, for some rows of [pixels, channels]; add: to what dx holds."""
    x, dx, start, row = asm.arguments("x delta factors rows")
    factors, pixel, counter = asm.pointers(3)
    asm.add(dx, x)

    def body(u: int, at: int, tail: int | None) -> None:
        asm.v_load(3 * u, x, at, tail)
        asm.v_load(3 * u + 1, factors, at, tail)
        asm.v_mul(3 * u, 3 * u, 3 * u + 1)
        if add:
            asm.v_load(3 * u + 2, dx, at, tail)
            asm.v_add(3 * u, 3 * u, 3 * u + 2)
        asm.v_store(dx, at, 3 * u, tail)

    with asm.repeat(row):
        with asm.repeat(pixel, pixels):
            asm.move(factors, start)
            sweep(asm, channels, (x, dx, factors), counter, body, spare=12)
            for p in (x, dx):
                asm.add_constant(p, x_pixel - 4 * channels)
        for p in (x, dx):
            asm.add_constant(p, x_row - pixels * x_pixel)
    asm.leave()


def average_pool(asm: Assembler, channels: int, rows: int, pixels: int, x_pixel: int, x_row: int, mode: str) -> None:
    """y = mean over all pixels of x. mode: "forward", or for the gradient, y / number of pixels goes to every pixel
    of x: "store" or "add"."""
    x, y = asm.arguments("x y")
    p, row, pixel, counter = asm.pointers(4)
    share, total, value, tail_register = range(4)
    asm.v_constant(share, 1.0 / (rows * pixels))

    def body(_: int, at: int, tail: int | None) -> None:
        if mode == "forward":
            asm.v_zero(total)
        else:
            asm.v_load(total, y, at, tail)
            asm.v_mul(total, total, share)
        asm.move(p, x)
        with asm.repeat(row, rows):
            with asm.repeat(pixel, pixels):
                if mode == "forward":
                    asm.v_load(value, p, at, tail)
                    asm.v_add(total, total, value)
                elif mode == "add":
                    asm.v_load(value, p, at, tail)
                    asm.v_add(value, value, total)
                    asm.v_store(p, at, value, tail)
                else:
                    asm.v_store(p, at, total, tail)
                asm.add_constant(p, x_pixel)
            asm.add_constant(p, x_row - pixels * x_pixel)
        if mode == "forward":
            asm.v_mul(total, total, share)
            asm.v_store(y, at, total, tail)

    sweep(asm, channels, (x, y), counter, body, unroll=1, spare=tail_register)
    asm.leave()


def all_lanes(asm: Assembler, vector: int, spare: int, operation) -> None:
    """All lanes of `vector` = its lanes combined by operation (v_add or v_max), by way of scratch memory."""
    asm.v_store(asm.SCRATCH, 0, vector)
    asm.v_broadcast(vector, asm.SCRATCH, 0)
    for lane in range(1, asm.V):
        asm.v_broadcast(spare, asm.SCRATCH, 4 * lane)
        operation(vector, vector, spare)


def exponential(asm: Assembler, power: int, value: int, whole: int, constant: int, other: int) -> None:
    """power = exp(value) for values up to 88; changes the others.

    exp(v) = 2^i * exp(v - i log 2) with the whole number i nearest to v / log 2, so that the rest is at most .35,
    where 8 terms of the power series suffice; 2^i is made by writing i into a float's exponent.
    """
    asm.v_constant(constant, -87.0)                # below that the result is no proper float
    asm.v_max(value, value, constant)
    asm.v_constant(constant, 1.4426950408889634)
    asm.v_mul(whole, value, constant)
    asm.v_round(whole, whole)
    asm.v_float(power, whole)
    asm.v_constant(constant, 0.693145751953125)    # log 2 in two parts: the first has few bits, so that its multiples
    asm.v_fnma(value, power, constant)             # are exact
    asm.v_constant(constant, 1.428606765330187e-06)
    asm.v_fnma(value, power, constant)
    asm.v_constant(power, 1 / 5040)
    for divisor in (720, 120, 24, 6, 2, 1, 1):
        asm.v_constant(constant, 1 / divisor)
        asm.v_copy(other, constant)
        asm.v_fma(other, power, value)
        asm.v_copy(power, other)
    asm.v_constant(constant, 127)
    asm.v_add_int(whole, whole, constant)
    asm.v_shift_left(whole, whole, 23)
    asm.v_mul(power, power, whole)


def softmax(asm: Assembler, channels: int) -> None:
    """y = exp(x - max x) / sum of those."""
    asm.declare("x y")
    x, y, counter, p = asm.pointers(4)
    width, size = 4 * asm.V, 4 * asm.V * -(-channels // asm.V)
    largest, total, value, whole, power, constant, tail_register, other = range(8)
    asm.argument(x, "x")
    asm.v_broadcast(largest, x)
    asm.move(p, asm.SCRATCH)
    asm.v_store(p, size, largest)                  # fills the last vector in scratch memory

    def find(_: int, at: int, tail: int | None) -> None:
        asm.v_load(value, x, at, tail)
        if tail is None:
            asm.v_store(p, width + at, value)
        else:
            asm.v_store(p, width + at, value, tail)
            asm.v_load(value, p, width + at)
        asm.v_max(largest, largest, value)

    sweep(asm, channels, (x, p), counter, find, unroll=1, spare=tail_register)
    all_lanes(asm, largest, value, asm.v_max)
    asm.move(p, asm.SCRATCH)
    asm.argument(y, "y")
    asm.v_zero(total)

    def powers(_: int, at: int, tail: int | None) -> None:
        asm.v_load(value, p, width + at)
        asm.v_sub(value, value, largest)
        exponential(asm, power, value, whole, constant, other)
        asm.v_store(p, width + at, power)
        asm.v_load(power, p, width + at, tail)
        asm.v_add(total, total, power)

    sweep(asm, channels, (p,), counter, powers, unroll=1, spare=tail_register)
    all_lanes(asm, total, value, asm.v_add)
    asm.v_constant(constant, 1.0)
    asm.v_div(total, constant, total)
    asm.move(p, asm.SCRATCH)

    def scale(_: int, at: int, tail: int | None) -> None:
        asm.v_load(value, p, width + at)
        asm.v_mul(value, value, total)
        asm.v_store(y, at, value, tail)

    sweep(asm, channels, (p, y), counter, scale, unroll=1, spare=tail_register)
    asm.leave()


def softmax_gradient(asm: Assembler, channels: int, add: bool) -> None:
    """dx = (dy - sum of dy * y) * y"""
    asm.declare("x y delta_x delta_y")
    _, y, dx, dy, counter = asm.pointers(5)
    total, value, gradient, tail_register = range(4)
    asm.argument(y, "y")
    asm.argument(dy, "delta_y")
    asm.add(dy, y)
    asm.v_zero(total)

    def collect(_: int, at: int, tail: int | None) -> None:
        asm.v_load(value, y, at, tail)
        asm.v_load(gradient, dy, at, tail)
        asm.v_fma(total, value, gradient)

    sweep(asm, channels, (y, dy), counter, collect, unroll=1, spare=tail_register)
    all_lanes(asm, total, value, asm.v_add)
    asm.argument(y, "y")
    asm.argument(dx, "x")
    asm.argument(dy, "delta_x")
    asm.add(dx, dy)
    asm.argument(dy, "delta_y")
    asm.add(dy, y)

    def spread(_: int, at: int, tail: int | None) -> None:
        asm.v_load(gradient, dy, at, tail)
        asm.v_sub(gradient, gradient, total)
        asm.v_load(value, y, at, tail)
        asm.v_mul(gradient, gradient, value)
        if add:
            asm.v_load(value, dx, at, tail)
            asm.v_add(gradient, gradient, value)
        asm.v_store(dx, at, gradient, tail)

    sweep(asm, channels, (y, dy, dx), counter, spread, unroll=1, spare=tail_register)
    asm.leave()


def unfold(asm: Assembler, lanes: int, skipped: int, first: int, repeats: int, last: int, x_row: int, y_pixel: int,
           y_row: int, add: bool) -> None:
    """Rows of x from rows of y [positions, lanes of y_pixel bytes]: `lanes` floats of every position, back to back,
    but only `first` of the first position (if not 0), behind `skipped`, and the first `last` of the last one.
    add: to what x holds."""
    x, y, row = asm.arguments("x y rows")
    counter, = asm.pointers(1)

    def copy(count: int, skip: int, whole: bool = False) -> None:
        """whole: also what is behind in the last vector; exactly so many cost AVX2 ten times as much."""
        for lane in range(0, count, asm.V):
            tail = asm.v_tail(count - lane, 2) if count - lane < asm.V and not whole else None
            asm.v_load(0, y, 4 * (skip + lane), tail)
            if add:
                asm.v_load(1, x, 4 * lane, tail)
                asm.v_add(0, 0, 1)
            asm.v_store(x, 4 * lane, 0, tail)
        asm.add_constant(x, 4 * count)
        asm.add_constant(y, y_pixel)

    with asm.repeat(row):
        if first:
            copy(first, skipped)
        if repeats > 1:
            with asm.repeat(counter, repeats - 1):
                copy(lanes, 0, not add and -lanes % asm.V < asm.V // 2)    # the next position overwrites what is behind
        if repeats:
            copy(lanes, 0)
        if last:
            copy(last, 0)
        asm.add_constant(x, x_row - 4 * (first + repeats * lanes + last))
        asm.add_constant(y, y_row - y_pixel * (bool(first) + repeats + bool(last)))
    asm.leave()
