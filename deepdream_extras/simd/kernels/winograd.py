"""Kernels: convolutions of stride 1 with fewer multiplications (Winograd 1980; Lavin and Gray 2016, arXiv 1509.09308).

Convolving is multiplying polynomials. A polynomial product can be had from its values at a few points: transform both
factors to their values there, multiply those, transform back. So m outputs of a row of weights of `taps` numbers need
n = m + taps - 1 products, not m * taps; of a square tile of m x m outputs, n^2: with m = 4, for 3x3 weights 36 instead
of 144, for 5x5 64 instead of 400. The transforms are additions and multiplications by constants, one pass down the
columns of a square and one along its rows:

    inputs, [n, n, ci] of a tile             values at n^2 points, each [ci]
    weights, [taps, taps, ci, co]            values at the same points, each [ci, co]; once for all pictures
    the products of values, each [co]        outputs [m, m, co]

and between them stands, for each point, a matrix product [tiles, ci] x [ci, co], as in `convolution`.

The points are 0, +p and -p for each p of `pairs`, and mostly infinity; so one transform in both signs is the even and
the odd half of a polynomial, added and subtracted. Which points decides what rounding costs: with 3/4 and 3/2 an output
of 3x3 weights is off by 4e-7 of the sum of its products' magnitudes at most, about as far as a direct sum; with the
usual 1 and 2, by 1.8e-6. With 9/16, 1 and 2, one of 5x5 is by 1.0e-6. (Random numbers, 128 and 32 input channels.) All
constants of the transforms of inputs and outputs are exact in float32.

What is equal in the inputs is not equal in the outputs to the last bit, as it would be in direct sums: where a picture
is smooth, a max pool behind such a layer gives its gradient to one or the other of neighbours that differ by rounding.

There are no tails here: all numbers of channels are multiples of V.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from ..assembler import Assembler
from .convolution import multiply_add, split_width


class Points(NamedTuple):
    """0, +p and -p for each p of `pairs`, and infinity or not."""
    pairs: tuple[float, ...]
    infinity: bool = True

    @property
    def size(self) -> int:
        return 2 * len(self.pairs) + 1 + self.infinity


# taps: points. For 4 taps and tiles of 5 x 5, points as for 5 taps are not exact enough: corners were off by 2e-5.
POINTS = {3: Points((0.75, 1.5)), 4: Points((0.5625, 1.125, 2.25), False), 5: Points((0.5625, 1.0, 2.0))}
# Scratch memory: the square between two passes of a transform, constants, two words, what is transformed
SQUARE, WORDS, TEMPORARY = 4096, 8192 - 16, 8192

Put = Callable[[int, int], None]                 # what to do with result i, which is in this register


def polynomial(roots: Sequence[float]) -> list[float]:
    """The coefficients of the product of (z - root), that of z^0 first."""
    result = [1.0]
    for root in roots:
        result = [high - root * low for high, low in zip([0.0, *result], [*result, 0.0])]
    return result


class Constants:
    """Numbers, each in all lanes of a vector register, of the last ones down to `lowest`, or else in scratch memory."""

    def __init__(self, asm: Assembler, values: Sequence[float], lowest: int):
        self.asm, self.places = asm, {}    # type: Assembler, dict[float, int | tuple[int, int]]
        values = [value for value in dict.fromkeys(map(abs, values)) if value not in (0.0, 1.0)]
        inside = asm.vectors - lowest
        for i, value in enumerate(values[inside:]):
            at = SQUARE + 4 * asm.V * i
            self.places[value] = asm.SCRATCH, at
            asm.v_constant(lowest, value)
            asm.v_store(asm.SCRATCH, at, lowest)
        for register, value in enumerate(values[:inside], lowest):
            self.places[value] = register
            asm.v_constant(register, value)

    def add(self, d: int, x: int, factor: float) -> None:
        """d += x * factor"""
        if abs(factor) == 1.0:
            (self.asm.v_add if factor > 0 else self.asm.v_sub)(d, d, x)
        else:
            (self.asm.v_fma if factor > 0 else self.asm.v_fnma)(d, x, self.places[abs(factor)])

    def multiply(self, d: int, x: int, factor: float) -> None:
        """d = x * factor, which is above 0"""
        if factor == 1.0:
            self.asm.v_copy(d, x)
        else:
            self.asm.v_mul(d, x, self.places[factor])


# Each of the three transforms along one line, in registers. A pair's two points differ in the sign of their odd powers.

def input_constants(pairs: Sequence[float]) -> list[float]:
    squares = [p * p for p in pairs]
    rest = [polynomial(squares[:i] + squares[i + 1:])[:-1] for i in range(len(pairs))]
    return [*pairs, *sum(rest, polynomial(squares)[:-1])]


def transform_inputs(asm: Assembler, points: Points, constants: Constants, put: Put) -> None:
    """Inputs in registers 0 .. n - 1, which change, as the next three do.

    Point p: the line times the polynomial of all other roots; for a pair, (z^2 q(z^2)) +- p (z q(z^2)).
    """
    pairs, squares, top = points.pairs, [p * p for p in points.pairs], 2 * len(points.pairs)
    even, odd, plus = range(points.size, points.size + 3)
    for i, p in enumerate(pairs):
        *factors, _ = polynomial(squares[:i] + squares[i + 1:])
        asm.v_copy(odd, top - 1)
        asm.v_copy(even, top)
        for k, factor in enumerate(factors):
            constants.add(odd, 2 * k + 1, factor)
            constants.add(even, 2 * k + 2, factor)
        asm.v_copy(plus, even)
        constants.add(plus, odd, p)
        put(2 * i + 1, plus)
        constants.add(even, odd, -p)
        put(2 * i + 2, even)
    for k, factor in enumerate(polynomial(squares)[:-1]):
        constants.add(top, 2 * k, factor)
        if points.infinity:
            constants.add(top + 1, 2 * k + 1, factor)
    put(0, top)
    if points.infinity:
        put(top + 1, top + 1)


def output_constants(pairs: Sequence[float], count: int) -> list[float]:
    return [p ** power for power in range(1, count) for p in pairs]


def transform_outputs(asm: Assembler, points: Points, constants: Constants, count: int, put: Put) -> None:
    """Products in registers 0 .. n - 1, which change, as some more do. Result i: the sum of p^i times that of p."""
    pairs, top = points.pairs, 2 * len(points.pairs)
    even = range(points.size, points.size + len(pairs))
    result = points.size + len(pairs)
    for i, e in enumerate(even):
        asm.v_add(e, 2 * i + 1, 2 * i + 2)
        asm.v_sub(2 * i + 1, 2 * i + 1, 2 * i + 2)
    for power in range(count):
        terms = list(zip(range(1, top, 2) if power % 2 else even, (p ** power for p in pairs)))
        if power == 0 or power == count - 1 and points.infinity:
            asm.v_copy(result, 0 if power == 0 else top + 1)
        else:
            constants.multiply(result, *terms.pop(0))
        for half, factor in terms:
            constants.add(result, half, factor)
        put(power, result)


def weight_factors(pairs: Sequence[float], taps: int) -> list[tuple[float, ...]]:
    """What to multiply each weight by for point 0 and for the first one of each pair."""
    squares = [p * p for p in pairs]
    norms = [2 * p * math.prod(p - q for q in squares if q != p) for p in squares]
    zero = 1 / math.prod(-p for p in squares), *(taps - 1) * [0.0]
    return [zero, *(tuple(p ** k / norm for k in range(taps)) for p, norm in zip(pairs, norms))]


def transform_weights(asm: Assembler, points: Points, constants: Constants, taps: int, put: Put) -> None:
    """Weights in registers 0 .. taps - 1; changes the next three."""
    even, odd, plus = range(taps, taps + 3)
    zero, *rows = weight_factors(points.pairs, taps)
    for i, factors in enumerate(rows):
        for half, first in ((even, 0), (odd, 1)):
            asm.v_zero(half)
            for k in range(first, taps, 2):
                constants.add(half, k, factors[k])
        asm.v_add(plus, even, odd)
        put(2 * i + 1, plus)
        asm.v_sub(even, even, odd)
        put(2 * i + 2, even)
    asm.v_zero(even)
    constants.add(even, 0, zero[0])
    put(0, even)
    if points.infinity:
        put(points.size - 1, taps - 1)


def both_ways(asm: Assembler, transform: Callable[[Put], None], size: int,
              load: Callable[[int, int, int], None], lines: int, finish: Callable[[int, int, int], None]) -> None:
    """A transform of a square [size, size] of vectors, down its columns, and then along the first `lines` rows of
    what comes out.

    load(register, i, j) loads one of the square's; finish(i, j, register) takes a result's. Changes scratch memory.
    """
    width = 4 * asm.V
    for j in range(size):
        def keep(i: int, register: int, j: int = j) -> None:
            asm.v_store(asm.SCRATCH, (i * size + j) * width, register)

        for i in range(size):
            load(i, i, j)
        transform(keep)
    for i in range(lines):
        def give(j: int, register: int, i: int = i) -> None:
            finish(i, j, register)

        for j in range(size):
            asm.v_load(j, asm.SCRATCH, (i * size + j) * width)
        transform(give)


def odd_lines(size: int) -> int:
    """At least `size` bytes, an odd number of cache lines: what lies so far apart does not compete for one place."""
    return (size + 63) // 64 * 64 + (size + 63) // 64 % 2 * -64 + 64


def scratch_size(V: int, points: Points, tiles: int, depth: int, blocks: Sequence[int]) -> int:
    """Bytes that `winograd` uses."""
    return TEMPORARY + points.size ** 2 * (odd_lines(4 * depth * tiles) + odd_lines(4 * V * max(blocks) * tiles))


def winograd(asm: Assembler, points: Points, taps: int, kinds: tuple, tiles: int, depth: int, blocks: tuple,
             x_pixel: int, x_row: int, y_pixel: int, y_row: int, bias: bool, add: bool, relu: bool, mask: bool) -> None:
    """Some tiles and some output channels of a convolution with square weights and stride 1.

    kinds: of tiles: (rows, columns) of theirs that are outputs. depth: input channels. blocks: vectors of output
    channels taken together. bias, add, relu, mask and the other arguments: as in `convolution`.
    table: how many tiles there are of each kind, at most `tiles` in all; then for each of `tiles` tiles two distances,
    that of its inputs from x and that of its outputs from y; then those of any tile once more.
    Most of what is read and written was used too long ago to be in a near cache: what comes next is asked for ahead.
    Scratch memory: temporary, then the inputs' values [point][tile][channel], then the products' [point][tile][vector].
    """
    asm.declare("weights bias y activations x table")
    table, x, y, w, wr, xr, start, sums, biases, k, counter, line, other = asm.pointers(13)
    width, size = 4 * asm.V, points.size
    most = size - taps + 1    # outputs of a row of a tile
    first_tile = 8 * len(kinds)
    x_point, y_point = odd_lines(4 * depth * tiles), odd_lines(width * max(blocks) * tiles)
    y_word, done_word = WORDS, WORDS + 8

    def ask(p: int, rows: Sequence[int], columns: Sequence[int], row: int, pixel: int) -> None:
        """For some pixels of the tile at p."""
        for i in rows:
            for j in columns:
                asm.prefetch(p, i * row + j * pixel)

    def inputs() -> None:
        ahead = sums
        constants = Constants(asm, input_constants(points.pairs), size + 3)
        asm.argument(other, "x")
        asm.argument(table, "table")
        asm.move(start, asm.SCRATCH)
        asm.add_constant(start, TEMPORARY)
        with asm.repeat(line, tiles):
            asm.load_word(x, table, first_tile)
            asm.add(x, other)
            asm.load_word(ahead, table, first_tile + 16)
            asm.add(ahead, other)
            with asm.repeat(counter, depth // asm.V):
                ask(ahead, range(size), range(taps - 1, size), x_row, x_pixel)    # mostly, this tile has the others
                both_ways(asm, lambda put: transform_inputs(asm, points, constants, put), size,
                          lambda r, i, j: asm.v_load(r, x, i * x_row + j * x_pixel), size,
                          lambda i, j, r: asm.v_store(start, (i * size + j) * x_point, r))
                for p in (x, ahead, start):
                    asm.add_constant(p, width)
            asm.add_constant(table, 16)

    def products(vectors: int) -> None:
        """The matrix products of all points; moves w."""
        unroll, ahead = math.gcd(depth, 4), y
        groups = split_width(tiles, min((asm.vectors - vectors - 1) // vectors, asm.most_pixels))
        asm.move(start, asm.SCRATCH)
        asm.add_constant(start, TEMPORARY)
        asm.move(sums, start)
        asm.add_constant(sums, size * size * x_point)
        passes = sum(count for _, count in groups)    # over a point's weights, during which the next point's come
        lines = -(-unroll * vectors * width // (64 * passes)) if passes > 1 else 0
        with asm.repeat(line, size * size):
            asm.move(ahead, w)
            asm.add_constant(ahead, depth * vectors * width)
            for group, count in groups:
                with asm.repeat(counter, count):
                    for s in range(group * vectors):
                        asm.v_zero(s)
                    asm.move(wr, w)
                    asm.move(xr, start)
                    with asm.repeat(k, depth // unroll):
                        for n in range(lines):
                            asm.prefetch(ahead, 64 * n)
                        asm.add_constant(ahead, 64 * lines)
                        for n in range(unroll):
                            multiply_add(asm, group, vectors, xr, 4 * depth, wr, n)
                        asm.add_constant(xr, 4 * unroll)
                        asm.add_constant(wr, unroll * vectors * width)
                    for s in range(group * vectors):
                        asm.v_store(sums, s * width, s)
                    asm.add_constant(sums, group * vectors * width)
                    asm.add_constant(start, group * 4 * depth)
            asm.move(w, wr)
            asm.add_constant(start, x_point - tiles * 4 * depth)
            asm.add_constant(sums, y_point - tiles * vectors * width)

    def outputs() -> None:
        """All tiles of a block of k vectors of channels. xr: the distance from outputs to activations."""
        ahead = wr if mask else other
        zero, kept = 2, size + len(points.pairs) + 1    # 2 is free once the even and odd halves are there
        constants = Constants(asm, output_constants(points.pairs, most), kept + 1)

        def finish(i: int, j: int, s: int) -> None:
            at = i * y_row + j * y_pixel
            if bias:
                asm.v_add(s, s, (wr, 0))
            if add:
                asm.v_add(s, s, (y, at))
            if relu or mask:
                asm.v_zero(zero)
            if relu:
                asm.v_max(s, s, zero)
            if mask:
                asm.v_load(kept, other, at)
                asm.v_keep_greater(kept, kept, zero, s)
            asm.v_store(y, at, kept if mask else s)

        asm.load_word(start, asm.SCRATCH, y_word)
        asm.argument(table, "table")
        asm.argument(x, "table")
        asm.move(sums, asm.SCRATCH)
        asm.add_constant(sums, TEMPORARY + size * size * x_point)
        if mask:
            asm.argument(xr, "activations")
        for kind, (rows, columns) in enumerate(kinds):
            def finish_inside(i: int, j: int, s: int, columns: int = columns) -> None:
                if j < columns:
                    finish(i, j, s)

            none = asm.label()
            asm.load_word(line, x, 8 * kind)
            asm.branch(line, "==", 0, none)
            with asm.repeat(line):
                asm.load_word(y, table, first_tile + 8)
                asm.add(y, start)
                if bias:
                    asm.move(wr, biases)
                if mask:
                    asm.move(other, y)
                    asm.add(other, xr)
                asm.load_word(ahead, table, first_tile + 24)
                asm.add(ahead, start)
                asm.move(counter, k)
                with asm.repeat(counter):
                    ask(ahead, range(rows), range(columns), y_row, y_pixel)
                    if mask:
                        asm.add(ahead, xr)
                        ask(ahead, range(rows), range(columns), y_row, y_pixel)
                        asm.subtract(ahead, xr)
                    both_ways(asm, lambda put: transform_outputs(asm, points, constants, most, put), size,
                              lambda r, i, j: asm.v_load(r, sums, (i * size + j) * y_point), rows, finish_inside)
                    for p in (sums, y, ahead, *([wr] if bias else ()), *([other] if mask else ())):
                        asm.add_constant(p, width)
                asm.add_constant(table, 16)
            asm.place(none)

    inputs()
    asm.argument(w, "weights")
    if bias:
        asm.argument(biases, "bias")
    asm.argument(start, "y")
    asm.store_word(asm.SCRATCH, y_word, start)
    asm.set(k, 0)
    asm.store_word(asm.SCRATCH, done_word, k)
    finishing = asm.label()
    begin = {vectors: asm.label() for vectors in blocks}
    for vectors, label in begin.items():
        asm.place(label)
        products(vectors)
        asm.set(k, vectors)
        if vectors != blocks[-1]:
            asm.jump(finishing)
    asm.place(finishing)
    outputs()
    asm.set(counter, width)
    asm.multiply(k, counter)
    if bias:
        asm.add(biases, k)
    asm.load_word(start, asm.SCRATCH, y_word)
    asm.add(start, k)
    asm.store_word(asm.SCRATCH, y_word, start)
    asm.load_word(k, asm.SCRATCH, done_word)
    asm.add_constant(k, 1)
    asm.store_word(asm.SCRATCH, done_word, k)
    end = 0
    for vectors, times in counted(blocks):    # all blocks of one width follow each other
        end += times
        asm.branch(k, "<", end, begin[vectors])
    asm.leave()


def counted(values: Sequence[Any]) -> list[tuple[Any, int]]:
    """[(value, how often it stands there in a row), ...]"""
    result: list[tuple[Any, int]] = []
    for value in values:
        times = result.pop()[1] if result and result[-1][0] == value else 0
        result.append((value, times + 1))
    return result


def pack_winograd(asm: Assembler, points: Points, taps: int, vectors: int, turned: bool) -> None:
    """The values of some rows of `vectors` vectors of weights at all points, for `winograd`.

    tap, row: distances from one of the taps^2 weights to the next and from one row of a matrix to the next; point:
    between the values at two points. turned: for the gradient; the weights turned by 180 degrees, and rows and columns
    exchanged, that is, `row` is the distance between columns, and the elements of a row follow each other.
    """
    source, destination, rows, tap, row, point = asm.arguments("source destination rows tap row point")
    line, vector, p, q, number, column = asm.pointers(6)
    width, size = 4 * asm.V, points.size
    if turned:    # first copied, in the order of their use, to scratch memory
        asm.move(q, asm.SCRATCH)
        asm.add_constant(q, TEMPORARY)
        asm.set(vector, taps * taps - 1)
        asm.multiply(vector, tap)
        asm.add(source, vector)
        with asm.repeat(vector, taps * taps):
            asm.move(line, rows)
            with asm.repeat(line):
                asm.move(p, source)
                with asm.repeat(column, vectors * asm.V):
                    asm.load_half(number, p)
                    asm.store_half(q, 0, number)
                    asm.add(p, row)
                    asm.add_constant(q, 4)
                asm.add_constant(source, 4)
            asm.subtract(source, tap)
            asm.move(line, rows)
            asm.shift_left(line, 2)
            asm.subtract(source, line)
        asm.move(source, asm.SCRATCH)
        asm.add_constant(source, TEMPORARY)
        asm.set(row, vectors * width)
        asm.move(tap, rows)
        asm.multiply(tap, row)
    constants = Constants(asm, [factor for some in weight_factors(points.pairs, taps) for factor in some], taps + 3)

    def transform(put: Put) -> None:
        transform_weights(asm, points, constants, taps, put)

    with asm.repeat(rows):
        with asm.repeat(vector, vectors):
            asm.move(p, source)
            for i in range(taps):
                def keep(j: int, register: int, i: int = i) -> None:
                    asm.v_store(asm.SCRATCH, (i * size + j) * width, register)

                for j in range(taps):
                    asm.v_load(j, p)
                    asm.add(p, tap)
                transform(keep)
            for j in range(size):
                def keep_too(i: int, register: int, j: int = j) -> None:
                    asm.v_store(asm.SCRATCH, (i * size + j) * width, register)

                for i in range(taps):
                    asm.v_load(i, asm.SCRATCH, (i * size + j) * width)
                transform(keep_too)
            asm.move(q, destination)
            for i in range(size * size):
                asm.v_load(0, asm.SCRATCH, i * width)
                asm.v_store(q, 0, 0)
                asm.add(q, point)
            asm.add_constant(source, width)
            asm.add_constant(destination, width)
        asm.add_constant(source, -vectors * width)
        asm.add(source, row)
    asm.leave()
