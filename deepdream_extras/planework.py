"""What planes.Plain does, as machine code: the same methods, on all threads of an engine that runs some.

Results are the same for any number of threads, and Python's to 1e-6 of 255 where nothing is moved; where pixels are,
is known to some 1e-7 of the picture's size, as places are float32. Whole pixels are moved exactly.
"""

from __future__ import annotations

import math
import struct
import threading
from array import array
from collections.abc import Sequence
from typing import Any

import deepdream

from .planes import EDGES, LIGHT, Matrix, Places, Plain, Tap, index, reach, zeros
from .simd.kernels import planes as kernels
from .simd.tape import Unit

ROOM = 16       # floats behind a padded plane and behind tables of places, as kernels read whole vectors


def address(numbers: array) -> int:
    return numbers.buffer_info()[0]


def with_room(values: array) -> array:
    result = zeros(len(values) + ROOM)
    memoryview(result)[:len(values)] = values
    return result


class Spare(threading.local):
    """A thread's arrays that nobody needs any more, for whoever needs as large ones: new memory takes longer to come by
    than most kernels take."""

    MOST = 2 ** 24      # numbers, in all; 64 MB

    def __init__(self) -> None:
        self.arrays: list[array] = []

    def take(self, count: int) -> array:
        """So many numbers, any ones."""
        for i, one in enumerate(self.arrays):
            if len(one) == count:
                return self.arrays.pop(i)
        return zeros(count)

    def give(self, one: array) -> None:
        self.arrays.append(one)
        while sum(map(len, self.arrays)) > self.MOST:
            del self.arrays[0]


SPARE = Spare()


class Machine(Plain):
    """The work by an engine."""

    def __init__(self, engine: Any) -> None:
        self.engine, self.V = engine, engine.planner.asm.V

    def give(self, levels: array) -> None:
        """No one may hold them: whoever needs as many numbers gets them."""
        SPARE.give(levels)

    def parts(self, count: int) -> list[tuple[int, int]]:
        """(first, how many) for parts of `count` rows or vectors, some for each thread; none of nothing."""
        number = min(count, 4 * self.engine.jobs)
        ends = [count * i // number for i in range(number + 1)] if number else []
        return [(first, end - first) for first, end in zip(ends, ends[1:])]

    def run(self, kernel: tuple, calls: Sequence[list[int]]) -> None:
        key = self.engine.planner.kernel(*kernel)
        self.engine.run_units([Unit(key, arguments, i / len(calls)) for i, arguments in enumerate(calls)])

    def floats(self, levels: Any) -> array:
        return levels if isinstance(levels, array) else self.engine.as_floats(levels)

    def padded(self, levels: array, width: int, height: int, edge: str, margin: int, c: int) -> array:
        """planes.padded"""
        line, stride = 4 * c * width, 4 * c * (width + 2 * margin)
        rows = height + 2 * margin
        result, outside = SPARE.take(stride // 4 * rows + ROOM), [*range(-margin, 0), *range(width, width + margin)]
        start, colour = address(levels), array("f", () if edge in EDGES else deepdream.colour(edge)[:c])
        own = colour * width
        places = (array("q", [address(colour)]) * len(outside) if colour else
                  array("q", [4 * c * index(x, width, edge) for x in outside]))
        between = array("q", range(start, start + line * height, line))
        above, below = (array("q", [address(own) if colour else start + line * index(y, height, edge) for y in ys])
                        for ys in (range(-margin, 0), range(height, height + margin)))
        table = above + between + below
        self.run((kernels.pad, c * width, c, bool(colour)), [
            [address(result) + stride * first, address(table) + 8 * first, address(places), count, margin]
            for first, count in self.parts(rows)])
        return result

    def moved(self, levels: array, width: int, height: int, places: Places, edge: str, c: int = 3) -> array:
        source, stride = self.padded(levels, width, height, edge, 1, c), 4 * c * (width + 2)
        x, y = places.x, places.y
        columns, rows = (width, height) if places.of_pixels else (len(x), len(places.across))
        result, shifts = SPARE.take(c * columns * rows), zeros(2 * rows)
        table = -4 * -(-columns // self.V) * self.V
        if places.of_pixels:        # of the last rows there are copies, with room behind them
            whole = max(height - -(-ROOM // width), 0)
            table += 4 * width
            shifts[1::2] = array("f", range(height))
            last = [with_room(values[width * whole:]) for values in (x, y)]
            bands = [(first, count, address(x) + 4 * width * first, address(y) + 4 * width * first)
                     for first, count in self.parts(whole)]
            bands.append((whole, height - whole, address(last[0]), address(last[1])))
        else:
            shifts[0::2], shifts[1::2] = places.across, places.down
            last = [with_room(values) for values in (x, y)]
            bands = [(first, count, address(last[0]), address(last[1])) for first, count in self.parts(rows)]
        block = array("b", b"".join(axis_numbers(size, edge) for size in (width, height))
                      + struct.pack("<2i", 4 * c, stride))
        self.run((kernels.move, c, edge if edge in EDGES else "colour", places.of_pixels), [
            [address(source), address(result) + 4 * c * columns * first, xs, ys, address(shifts) + 8 * first, count,
             address(block), columns, table, stride] for first, count, xs, ys in bands])
        SPARE.give(source)
        return result

    def filtered(self, levels: array, width: int, height: int, filters: Sequence[Sequence[Tap]], edge: str,
                 c: int = 3) -> list[array]:
        margin = reach(filters)
        source, stride = self.padded(levels, width, height, edge, margin, c), 4 * c * (width + 2 * margin)
        line, start = 4 * c * width, address(source) + stride * margin + 4 * c * margin
        results = [SPARE.take(c * width * height) for _ in filters]
        tables = [array("b", b"".join(struct.pack("<q f 4x", stride * down + 4 * c * right, weight)
                                      for down, right, weight in taps)) for taps in filters]
        self.run((kernels.weigh, c * width), [
            [start + stride * first, address(result) + line * first, address(table), count, len(taps), stride - line, 0]
            for first, count in self.parts(height) for result, table, taps in zip(results, tables, filters)])
        SPARE.give(source)
        return results

    def recoloured(self, levels: array, matrix: Matrix) -> array:
        groups = len(levels) // (3 * self.V)
        if groups < 3:
            return super().recoloured(levels, matrix)
        table = array("f")
        for u in range(3):
            colours = [(u * self.V + lane) % 3 for lane in range(self.V)]
            for k in range(-2, 3):
                table.extend(matrix[own][own + k] if 0 <= own + k < 3 else 0.0 for own in colours)
            table.extend(matrix[own][3] for own in colours)
        result, size = SPARE.take(len(levels)), 12 * self.V
        self.run((kernels.recolour,), [
            [address(levels) + size * (1 + first), address(result) + size * (1 + first), address(table), count]
            for first, count in self.parts(groups - 2)])
        for part in (slice(0, 3 * self.V), slice(3 * self.V * (groups - 1), None)):     # it looks beyond each group
            result[part] = super().recoloured(levels[part], matrix)
        return result

    def pointwise(self, kernel: Any, given: Sequence[array], numbers: Sequence[float] = (),
                  results: int = 1) -> list[array]:
        """A kernel of numbers each for itself, for whole vectors of them; what is left may be anything."""
        count, size, block = len(given[0]), 4 * self.V, array("f", [*numbers, 0.0])
        made = [SPARE.take(count) for _ in range(results)]
        if count >= self.V:
            self.run((kernel,), [
                [address(values) + size * first for values in (*given, *made)] + [vectors, address(block)]
                for first, vectors in self.parts(count // self.V)])
        return made

    def rest(self, values: array) -> slice:
        """Those that fill no vector."""
        return slice(len(values) // self.V * self.V, None)

    def magnitude(self, a: array, b: array, factor: float) -> array:
        result, = self.pointwise(kernels.magnitude, (a, b), (factor,))
        rest = self.rest(a)
        result[rest] = super().magnitude(a[rest], b[rest], factor)
        return result

    def mixed(self, a: array, b: array, share: float) -> array:
        result, = self.pointwise(kernels.mix, (a, b), (share,))
        rest = self.rest(a)
        result[rest] = super().mixed(a[rest], b[rest], share)
        return result

    def flattened(self, levels: array, count: int) -> array:
        result, = self.pointwise(kernels.flatten, (levels,), ((count - 1) / 255.0, 255.0 / (count - 1)))
        rest = self.rest(levels)
        result[rest] = super().flattened(levels[rest], count)
        return result

    def products(self, gradients: Sequence[array], warped: array, still: array) -> list[array]:
        results, rest = self.pointwise(kernels.products, (*gradients, warped, still), (), 5), self.rest(warped)
        for result, values in zip(results, super().products([g[rest] for g in gradients], warped[rest], still[rest])):
            result[rest] = values
        return results

    def solved(self, sums: Sequence[array], u: array, v: array, damping: float) -> tuple[array, array]:
        new_u, new_v = self.pointwise(kernels.solve, (*sums, u, v), (damping,), 2)
        rest = self.rest(u)
        new_u[rest], new_v[rest] = super().solved([values[rest] for values in sums], u[rest], v[rest], damping)
        return new_u, new_v

    def sorted(self, levels: array, width: int, height: int, columns: bool, lines: Sequence[int], low: int,
               high: int) -> array:
        if not lines:
            return levels[:]
        whole = self.flattened(levels, 256)
        mixture = self.recoloured(whole, [[*(weight / 256 for weight in LIGHT), 0.0]] * 3)
        shades, = self.pointwise(kernels.shade, (mixture,))
        result, rest = SPARE.take(len(levels)), self.rest(levels)
        memoryview(shades).cast("B").cast("i")[rest] = array("i", map(math.floor, mixture[rest]))
        memoryview(result)[:] = levels
        step, start, count = (12 * width, 12, height) if columns else (12, 12 * width, width)
        table = array("q", [start * line for line in lines])
        self.run((kernels.sort,), [
            [*map(address, (levels, result, shades)), address(table) + 8 * first, number, count, step, low, high]
            for first, number in self.parts(len(lines))])
        for plane in (whole, mixture, shades):
            self.give(plane)
        return result


def axis_numbers(size: int, edge: str) -> bytes:
    period = 2.0 * size if edge == "reflect" else float(size)
    low, high = (0.0, size - 1.0) if edge in EDGES else (-1.0, float(size))
    return struct.pack("<5f", period, 1.0 / period, low, high, size - 1.0).ljust(kernels.AXIS, b"\0")
