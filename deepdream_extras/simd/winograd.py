"""Which convolutions are done with fewer multiplications, and their units; see kernels/winograd.py for how."""

from __future__ import annotations

import array
import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from .kernels.convolution import split_channels, tile_cost
from .kernels.winograd import POINTS, counted, pack_winograd, scratch_size, winograd
from .tape import Threads, Unit
from .tensors import TILES, Operation, Tensor

if TYPE_CHECKING:
    from .planning import Planner

MOST_INPUTS = 2048          # channels; more would not fit into a thread's scratch memory
MOST_TILES = 14             # of a unit, whose transformed inputs should stay in the second-level cache
MOST_TILES_WIDE = 28        # the same with vectors of 16: products take half the time then, fetching weights as long
MOST_TILES_LARGE = 49       # the same where weights stay in no cache, and each unit fetches them from memory:
LARGE_WEIGHTS = 1 << 22     # from so many bytes on


def suits(V: int, taps: tuple[int, int], h: int, w: int, ci: int, co: int) -> bool:
    """Whether a convolution of stride 1 with so many taps, outputs and channels is done so.

    Measured (Zen 3, AVX2), it takes 0.3 to 0.6 of the direct method's time from about 8 x 8 outputs on; with 16
    channels, 0.9. But there are 2.6 to 4 times as many numbers for weights, which are fetched from memory in each pass
    where they do not fit the caches: so only where each of them meets at least some 9 tiles.
    """
    return (taps[0] == taps[1] and taps[0] in TILES and not ci % V and not co % V and h * w >= 100 and co >= 16
            and 16 <= ci <= MOST_INPUTS)


def forward(planner: Planner, op: Operation, bias: int | None, relu: bool) -> list[Unit]:
    """The units of a layer with stride 1."""
    x, y = op.x, op.y
    start = x.address - op.top * x.row - op.left * x.pixel
    return convolve(planner, op.kernel[0], start, x, y.address, y, lambda blocks: pack(planner, op, blocks, False),
                    bias, relu)


def gradient(planner: Planner, op: Operation, add: bool, mask: bool) -> list[Unit]:
    """The units of its input gradient."""
    x, y, (kh, kw) = op.x, op.y, op.kernel
    start = y.address + y.delta - (kh - 1 - op.top) * y.row - (kw - 1 - op.left) * y.pixel
    return convolve(planner, kh, start, y, x.address + x.delta, x,
                    lambda blocks: pack(planner, op, blocks, True), add=add, mask=mask)


def convolve(planner: Planner, taps: int, x: int, x_like: Tensor, y: int, y_like: Tensor,
             pack: Callable[[Sequence[int]], int], bias: int | None = None, relu: bool = False, add: bool = False,
             mask: bool = False) -> list[Unit]:
    """x: the address of the first tile's inputs; y: of the outputs; x_like, y_like: tensors laid out as they are.
    pack(blocks of channels): the address of the weights, transformed."""
    asm, points, depth, channels = planner.asm, POINTS[taps], x_like.c, y_like.c
    V, size, vectors = asm.V, points.size, channels // asm.V
    tiles = tiles_of(y_like.h, y_like.w, TILES[taps])
    large = 4 * size * size * depth * channels > LARGE_WEIGHTS
    most = MOST_TILES_LARGE if large else MOST_TILES_WIDE if V >= 16 else MOST_TILES
    while scratch_size(V, points, most, depth, [8]) > Threads.SCRATCH_SIZE:
        most -= 1
    width = tiles_of_a_unit(planner, len(tiles), vectors, most)
    parts = -(-len(tiles) // width)
    ends = [len(tiles) * i // parts for i in range(parts + 1)]
    kinds = tuple(kind for kind, _ in counted([tile[:2] for tile in tiles]))
    blocks = split_channels(planner.set, width, vectors)
    groups = groups_of(planner, parts, len(blocks))
    cuts = [len(blocks) * i // groups for i in range(groups + 1)]
    weights = pack(blocks)
    units = []
    for first, end in zip(ends, ends[1:]):
        mine = tiles[first:end]
        table = array.array("q", [sum(tile[:2] == kind for tile in mine) for kind in kinds])
        for _, _, i, j in mine + mine[:1] * (width - len(mine)) + mine[-1:]:
            table.extend((i * x_like.row + j * x_like.pixel, i * y_like.row + j * y_like.pixel))
        planner.keep.append(table)
        for start, stop in zip(cuts, cuts[1:]):
            lane = V * sum(blocks[:start])
            kernel = planner.kernel(winograd, points, taps, kinds, width, depth, blocks[start:stop], x_like.pixel,
                                    x_like.row, y_like.pixel, y_like.row, bias is not None, add, relu, mask)
            units.append(Unit(kernel, [weights + 4 * lane * size * size * depth, (bias or 0) + 4 * lane, y + 4 * lane,
                                       -y_like.delta, x, table.buffer_info()[0]],
                              first / len(tiles), size * size * len(mine) * depth * V * sum(blocks[start:stop])))
    return units


def groups_of(planner: Planner, parts: int, blocks: int) -> int:
    """In how many units each part's channels are done: two units a thread; more would transform inputs more often."""
    return min(blocks, -(-2 * planner.jobs // parts))


def tiles_of_a_unit(planner: Planner, tiles: int, vectors: int, most: int) -> int:
    """How many tiles a unit has room for: what costs least, also where the last places of some stay empty, and the last
    threads find nothing to do."""
    def cost(width: int) -> float:
        parts = -(-tiles // width)
        groups = groups_of(planner, parts, len(split_channels(planner.set, width, vectors)))
        rounds = -(-parts * groups // planner.jobs)
        return rounds / groups * (tile_cost(planner.asm, width, min(vectors, 3)) or math.inf)

    least = most // 2 if planner.jobs <= 4 else 3
    return min(range(min(most, tiles), least - 1, -1), key=cost, default=tiles)


def tiles_of(h: int, w: int, m: int) -> list[tuple[int, int, int, int]]:
    """(rows, columns, first row, first column) of every tile's outputs, those of one shape one after the other."""
    tiles = [(min(m, h - i), min(m, w - j), i, j) for i in range(0, h, m) for j in range(0, w, m)]
    return sorted(tiles, key=lambda tile: tile[:2], reverse=True)


def pack(planner: Planner, op: Operation, blocks: Sequence[int], turned: bool) -> int:
    """The address of a layer's weights, transformed: [block of channels][point][input channel][channel of the block]"""
    key = "winograd", op.name, turned
    if key not in planner.panels:
        taps, _, ci, co = op.weight_shape
        depth, channels = (co, ci) if turned else (ci, co)
        from .planning import buffer_address
        planner.panels[key] = transformed(planner, op, taps, blocks, depth, channels, buffer_address(op.weights),
                                          4 * ci * co, 4 * co, turned, planner.packing)
    return planner.panels[key]


def transformed(planner: Planner, op: Operation, taps: int, blocks: Sequence[int], depth: int, channels: int,
                source: int, tap: int, row: int, turned: bool, packing: list[Unit]) -> int:
    from .planning import divide
    points, V, lane = POINTS[taps], planner.asm.V, 0
    count = points.size ** 2
    at = planner.memory.take_weights(op, 4 * count * depth * channels)
    for block in blocks:
        width = 4 * block * V
        kernel = planner.kernel(pack_winograd, points, taps, block, turned)
        for first, rows in divide(depth, 200 * block * V):
            begin = source + (lane * row + 4 * first if turned else first * row + 4 * lane)
            packing.append(Unit(kernel, [begin, at + 4 * lane * count * depth + first * width, rows, tap, row,
                                         depth * width]))
        lane += block * V
    return at


def phases(planner: Planner, op: Operation) -> list[Unit]:
    """The phases of the input gradient of a layer with a larger stride; see Operation.plan_phases."""
    y = op.y
    start = (y.address + y.delta + (op.first[0] - (op.taps[0] - 1)) * y.row
             + (op.first[1] - (op.taps[1] - 1)) * y.pixel)
    return convolve(planner, op.taps[0], start, y, op.phases.address, op.phases,
                    lambda blocks: pack_phases(planner, op, blocks))


def pack_phases(planner: Planner, op: Operation, blocks: Sequence[int]) -> int:
    key = "winograd", op.name, True
    if key not in planner.panels:
        depth, channels = op.weight_shape[3], op.phases.c
        plain = planner.memory.take(4 * op.taps[0] * op.taps[1] * depth * channels)
        planner.phase_weights(op, plain, 0, channels)
        planner.panels[key] = transformed(planner, op, op.taps[0], blocks, depth, channels, plain, 4 * depth * channels,
                                          4 * channels, False, planner.repacking)
    return planner.panels[key]
