"""Kernels: convolution, and the copying of its weights.

Here and in the other modules of kernels, each is a function that writes the code for one shape: everything known before
the picture is a constant in the code. It is called as kernel(arguments, scratch) by the driver; argument 0 is its own
address.
"""

from __future__ import annotations

import contextlib
import functools
import math
from collections.abc import Iterator, Sequence

from ..assembler import Assembler
from ..memory import BACKENDS

Gate = tuple[float, float] | None    # outputs are clipped to this range; strictly inside, the gradient passes


def convolution(asm: Assembler, tiles: tuple, vectors: int, lanes: int, sources: tuple, y_pixel: int, y_step: int,
                bias: bool, add: bool, gate: Gate, mask: Gate) -> None:
    """Some rows of output pixels times `vectors` vectors of output channels of a convolution, as a matrix product.

    Seen from one output pixel, the inputs are some runs of consecutive floats, and the weights one matrix
    [inputs, vectors * V], in the order in which they are used. So: for each input, multiply it (in all lanes) by its
    row of the matrix, and add that to the output pixel. To use every load several times, a tile of `size` neighbouring
    output pixels is computed together, all its sums in registers. tiles: of a row, (size, how many)...

    The matrix is cut into parts, so short that one stays in the first-level cache while all tiles meet it. Between
    parts the sums wait in scratch memory; as every addition is rounded to 24 bits of what has come together so far,
    summing up each part by itself is more exact, too.

    sources: (parts, runs, run, distances in bytes from output pixel to output pixel and output row to output row) of
    the input; or of up to three inputs whose matrices stand one below the other. parts, runs: loops over the parts and
    over the runs of `run` floats in one of them, outermost first: (times, distance of the input in bytes)...
    bias: add it. add: what the output holds. gate: clip to this range; (0, inf) is a ReLU. mask: store 0 where the
    activation at the same place is not strictly inside of that one. lanes: of the last vector.
    activations: the distance from y to them. rows: of output.
    Scratch memory: how many parts are done (64 bytes for it), then the sums of all output pixels.
    """
    asm.declare("weights bias y activations rows x0 x1 x2")
    w, wr, x, xr, start, y, waiting, k, tile, line, *counters = asm.pointers(13)
    m, biases, done = xr, wr, k    # these are free when a tile's sums are complete
    width = 4 * asm.V
    unroll = 2
    pixels = sum(size * count for size, count in tiles)
    every_part = sum(math.prod(times for times, _ in parts) for parts, *_ in sources)

    def sum_up(size: int, runs: tuple, run: int, x_pixel: int, free: Sequence[int]) -> None:
        """The sums of one tile over one part; moves start."""
        loops, rest = divmod(run, unroll)
        for s in range(size * vectors):
            asm.v_zero(s)
        asm.move(wr, w)
        asm.move(xr, start)
        with nested(asm, xr, runs, free, 4 * unroll * loops):
            if loops:
                with asm.repeat(k, loops):
                    for n in range(unroll):
                        multiply_add(asm, size, vectors, xr, x_pixel, wr, n)
                    asm.add_constant(xr, 4 * unroll)
                    asm.add_constant(wr, unroll * vectors * width)
            for n in range(rest):
                multiply_add(asm, size, vectors, xr, x_pixel, wr, n)
            asm.add_constant(wr, rest * vectors * width)
        asm.add_constant(start, size * x_pixel)

    def finish(size: int) -> None:
        """Write a tile's sums, which are complete, to y."""
        if bias:
            asm.argument(biases, "bias")
        if mask:
            asm.argument(m, "activations")
            asm.add(m, y)
        write_sums(asm, size, vectors, lanes, y, y_pixel, biases if bias else None, m, add, gate, mask)

    def wait_for_more(size: int) -> None:
        """Add a tile's sums to those that wait in scratch memory, and finish them if this was the last part."""
        first, last, ready = asm.label(), asm.label(), asm.label()
        asm.load_word(done, asm.SCRATCH)
        asm.branch(done, "==", 0, first)
        for s in range(size * vectors):
            asm.v_add(s, s, (waiting, s * width))
        asm.branch(done, "==", every_part - 1, last)
        asm.place(first)
        for s in range(size * vectors):
            asm.v_store(waiting, s * width, s)
        asm.jump(ready)
        asm.place(last)
        finish(size)
        asm.place(ready)
        asm.add_constant(waiting, size * vectors * width)

    asm.set(k, 0)
    asm.store_word(asm.SCRATCH, 0, k)
    asm.argument(w, "weights")
    for i, (parts, runs, run, x_pixel, x_step) in enumerate(sources):
        asm.argument(x, f"x{i}")
        with nested(asm, x, parts, counters):
            asm.move(start, x)
            asm.move(waiting, asm.SCRATCH)
            asm.add_constant(waiting, 64)
            asm.argument(y, "y")
            asm.argument(line, "rows")
            with asm.repeat(line):
                for size, count in tiles:
                    with asm.repeat(tile, count):
                        sum_up(size, runs, run, x_pixel, counters[len(parts):])
                        if every_part > 1:
                            wait_for_more(size)
                        else:
                            finish(size)
                        asm.add_constant(y, size * y_pixel)
                asm.add_constant(start, x_step - pixels * x_pixel)
                asm.add_constant(y, y_step - pixels * y_pixel)
            asm.add_constant(w, math.prod(times for times, _ in runs) * run * vectors * width)
            asm.load_word(done, asm.SCRATCH)
            asm.add_constant(done, 1)
            asm.store_word(asm.SCRATCH, 0, done)
    asm.leave()


def write_sums(asm: Assembler, size: int, vectors: int, lanes: int, y: int, y_pixel: int, biases: int | None, m: int,
               add: bool, gate: Gate, mask: Gate) -> None:
    """Store the sums of a tile, which are in the first registers, to y; see `convolution`. m: activations."""
    zero, kept, tail_register = (size * vectors + n for n in range(3))
    tail = asm.v_tail(lanes, tail_register) if lanes < asm.V else None
    low, high = gate or mask or (0.0, math.inf)
    assert not (gate and (add or mask))
    if (gate or mask) and low == 0.0:
        asm.v_zero(zero)
    elif gate or mask:
        asm.v_constant(zero, low)
    if gate and high < math.inf:
        asm.v_constant(kept, high)
    for p in range(size):
        for v in range(vectors):
            s, at, end = p * vectors + v, p * y_pixel + v * 4 * asm.V, tail if v == vectors - 1 else None
            if biases is not None:
                asm.v_add(s, s, (biases, v * 4 * asm.V))
            if add:
                asm.v_load(kept, y, at, end)
                asm.v_add(s, s, kept)
            if gate and low > -math.inf:
                asm.v_max(s, s, zero)
            if gate and high < math.inf:
                asm.v_min(s, s, kept)
            if mask:
                asm.v_load(kept, m, at, end)
                asm.v_keep_greater(kept, kept, zero, s)
            if mask and high < math.inf:
                asm.v_load(s, m, at, end)
                asm.v_constant(zero, high)
                asm.v_keep_greater(s, zero, s, kept)
                asm.v_constant(zero, low)
            asm.v_store(y, at, kept if mask and high == math.inf else s, end)


@contextlib.contextmanager
def nested(asm: Assembler, p: int, loops: Sequence[tuple[int, int]], counters: Sequence[int], moved: int = 0,
           ) -> Iterator[None]:
    """Run the block in nested loops, outermost first: (times, how far to move p). What the block itself has moved p by
    is taken back each time, and p is where it was in the end."""
    if loops:
        (times, distance), *inner = loops
        with asm.repeat(counters[0], times):
            with nested(asm, p, inner, counters[1:], moved):
                yield
            asm.add_constant(p, distance)
        asm.add_constant(p, -times * distance)
    else:
        yield
        asm.add_constant(p, -moved)


def multiply_add(asm: Assembler, size: int, vectors: int, x: int, x_pixel: int, w: int, n: int) -> None:
    """sums[pixel][vector] += input n of the pixel * row n of the weights. The first registers are the sums."""
    weights = [size * vectors + v for v in range(vectors)]
    spare = size * vectors + vectors
    for v, register in enumerate(weights):
        asm.v_load(register, w, (n * vectors + v) * 4 * asm.V)
    for p in range(size):
        if vectors == 1:
            asm.v_fma_float(p, weights[0], x, p * x_pixel + 4 * n, spare)
        else:
            asm.v_load_factor(spare, x, p * x_pixel + 4 * n)
            for v, weight in enumerate(weights):
                asm.v_fma_factor(p * vectors + v, weight, spare)


def depthwise(asm: Assembler, tiles: tuple, channels: int, cells: tuple[int, ...], pitch: int, x_pixel: int,
              x_step: int, y_pixel: int, y_step: int, bias: bool, add: bool, gate: Gate, mask: Gate) -> None:
    """Some rows of output pixels of a convolution that computes every channel from that channel alone.

    A tile is a few neighbouring pixels times two vectors of channels; the innermost loop goes through the channels, so
    that memory is read in its order. A weight is used for all pixels of the tile; what pixels share of their windows
    comes from the first-level cache. cells: the distances of the window's cells; their vectors of weights are `pitch`
    bytes apart. x_pixel, x_step, y_pixel, y_step: distances from output pixel to output pixel and output row to row.
    The rest as in `convolution`.
    """
    asm.declare("weights bias y activations rows x")
    x, y, w, b, m, row, tile, block = asm.pointers(8)
    for register, name in ((x, "x"), (y, "y"), (row, "rows")):
        asm.argument(register, name)
    width, most = 4 * asm.V, 2

    def some(size: int, vectors: int, lanes: int) -> None:
        """That many vectors of a tile, of the last one `lanes`; moves all pointers."""
        weights, spare, tail_register = (size * vectors + n for n in (0, vectors, vectors + 1))
        tail = asm.v_tail(lanes, tail_register) if lanes < asm.V else None
        for n in range(size * vectors):
            asm.v_zero(n)
        for number, cell in enumerate(cells):
            for v in range(vectors):
                asm.v_load(weights + v, w, number * pitch + v * width)
            for p in range(size):
                for v in range(vectors):
                    at = cell + p * x_pixel + v * width
                    if tail is None:
                        asm.v_fma(p * vectors + v, weights + v, (x, at))
                    else:
                        asm.v_load(spare, x, at, tail)
                        asm.v_fma(p * vectors + v, weights + v, spare)
        if mask:
            asm.argument(m, "activations")
            asm.add(m, y)
        write_sums(asm, size, vectors, lanes, y, y_pixel, b if bias else None, m, add, gate, mask)
        for r in (x, y, w, b):
            asm.add_constant(r, 4 * ((vectors - 1) * asm.V + lanes))

    vectors, lanes = divmod(channels, asm.V)
    pixels = sum(size * count for size, count in tiles)
    with asm.repeat(row):
        for size, count in tiles:
            with asm.repeat(tile, count):
                asm.argument(w, "weights")
                asm.argument(b, "bias")
                if vectors // most:
                    with asm.repeat(block, vectors // most):
                        some(size, most, asm.V)
                if vectors % most:
                    some(size, vectors % most, asm.V)
                if lanes:
                    some(size, 1, lanes)
                asm.add_constant(x, size * x_pixel - 4 * channels)
                asm.add_constant(y, size * y_pixel - 4 * channels)
        asm.add_constant(x, x_step - pixels * x_pixel)
        asm.add_constant(y, y_step - pixels * y_pixel)
    asm.leave()


def split_width(width: int, most: int) -> tuple[tuple[int, int], ...]:
    """`width` pixels as tiles of at most `most`, of two sizes at most: ((size, how many), ...)"""
    count = -(-width // most)
    size, larger = divmod(width, count)
    return tuple((s, n) for s, n in ((size + 1, larger), (size, count - larger)) if n)


def tile_cost(asm: type[Assembler], width: int, vectors: int) -> float | None:
    """About how many cycles one input of all `width` pixels takes, `vectors` vectors wide; None: not enough registers.

    Two multiply-adds a cycle, each of which takes 4 cycles; weights come at 25 bytes a cycle (second-level cache).
    Measured; it is to choose well on any processor, not to be exact on one.
    """
    most = (asm.vectors - vectors - 1) // vectors
    if vectors > 8 or most < 1:
        return None
    return sum(count * max(0.5 * size * vectors + 0.08 * (size + vectors) + 0.5, 4.0, 4 * asm.V * vectors / 25)
               for size, count in split_width(width, min(most, asm.most_pixels)))


@functools.cache
def split_channels(name: str, width: int, vectors: int) -> tuple[int, ...]:
    """The cheapest way to divide `vectors` vectors of output channels into blocks, for rows of `width` pixels."""
    costs = [(b, cost) for b in range(1, vectors + 1) if (cost := tile_cost(BACKENDS[name], width, b)) is not None]
    best: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
    for n in range(1, vectors + 1):
        best.append(min((best[n - b][0] + cost, best[n - b][1] + (b,)) for b, cost in costs if b <= n))
    return tuple(sorted(best[vectors][1], reverse=True))


def pack_rows(asm: Assembler, columns: int, width: int) -> None:
    """Copy the first `columns` floats of rows that are `step` apart to rows of `width`, zeros behind."""
    source, destination, row, step = asm.arguments("source destination rows step")
    tail = asm.v_tail(columns % asm.V, 9) if columns % asm.V else None
    with asm.repeat(row):
        for v in range(width // asm.V):
            lanes = min(columns - v * asm.V, asm.V)
            if lanes > 0:
                asm.v_load(v % 8, source, 4 * v * asm.V, None if lanes == asm.V else tail)
            else:
                asm.v_zero(v % 8)
            asm.v_store(destination, 4 * v * asm.V, v % 8)
        asm.add(source, step)
        asm.add_constant(destination, 4 * width)
    asm.leave()


def pack_strided(asm: Assembler, taps: int, row: int, tap: int, column: int, to_row: int, to_tap: int) -> None:
    """destination[t][i][j] = source[i][t][j] for many i (rows), all t (taps) and a few j (columns), one number after
    the other. Source's distances are row, tap and column, the destination's to_row, to_tap and 4, in bytes."""
    source, destination, rows, columns = asm.arguments("source destination rows columns")
    from_tap, into_tap, p, q, number, counter, other = asm.pointers(7)
    with asm.repeat(rows):
        asm.move(from_tap, source)
        asm.move(into_tap, destination)
        with asm.repeat(other, taps):
            asm.move(p, from_tap)
            asm.move(q, into_tap)
            asm.move(counter, columns)
            with asm.repeat(counter):
                asm.load_half(number, p)
                asm.store_half(q, 0, number)
                asm.add_constant(p, column)
                asm.add_constant(q, 4)
            asm.add_constant(from_tap, tap)
            asm.add_constant(into_tap, to_tap)
        asm.add_constant(source, row)
        asm.add_constant(destination, to_row)
    asm.leave()


def pack_transposed(asm: Assembler) -> None:
    """destination[i][j] = source[j][i] for a few j (columns) and many i (rows), one number after the other.

    source_step: distance of the source's j; destination_step: of the destination's i.
    """
    source, destination, rows, columns, source_step, destination_step = asm.arguments(
        "source destination rows columns source_step destination_step")
    p, q, number, counter = asm.pointers(4)
    with asm.repeat(rows):
        asm.move(p, source)
        asm.move(q, destination)
        asm.move(counter, columns)
        with asm.repeat(counter):
            asm.load_half(number, p)
            asm.store_half(q, 0, number)
            asm.add(p, source_step)
            asm.add_constant(q, 4)
        asm.add_constant(source, 4)
        asm.add(destination, destination_step)
    asm.leave()
