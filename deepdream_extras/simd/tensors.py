"""Where tensors lie in memory: one piece of it for all values, gradients, packed weights and a tile's pixels."""

from __future__ import annotations

import array
import math
import mmap
from collections.abc import Collection, Iterator
from typing import Any, NamedTuple

import deepdream

from .memory import address_of, private_memory
from .tape import Range

LARGE_WEIGHTS = 1 << 24     # bytes
TILES = {3: 4, 4: 4, 5: 4}    # taps: rows of outputs in a tile, of convolutions with fewer multiplications


def to_whole_tiles(taps: tuple[int, int], h: int, w: int) -> tuple[int, int]:
    """How many rows and columns a convolution with so many taps may compute too much, beyond h x w outputs."""
    m = TILES.get(taps[0], 1) if taps[0] == taps[1] else 1
    return -h % m, -w % m


class Tensor:
    """A tensor [h, w, c]: a buffer with a border of zeros around the picture, or some channels of another tensor's."""

    def __init__(self, name: str, h: int, w: int, c: int):
        self.name, self.h, self.w, self.c = name, h, w, c
        self.border = [0, 0, 0, 0]          # pixels: top, left, bottom, right
        self.whole: Tensor | None = None    # what this is a part of
        self.channel = 0                    # the first one of this part, counted in the buffer
        self.start = 0                      # address of the buffer
        self.address = 0                    # of pixel (0, 0)
        self.delta = 0                      # bytes from there to its gradient's
        self.stage = 0                      # of the table, see Memory.find_stages
        self.pixel = 0                      # bytes from one pixel to the next
        self.row = 0                        # bytes from one row to the next

    @property
    def shape(self) -> tuple[int, int, int]:
        return self.h, self.w, self.c

    @property
    def buffer(self) -> Tensor:
        return self.whole.buffer if self.whole else self

    def range(self, what: str) -> Range:
        """The memory it uses; what: "value" or "gradient"."""
        return (what, self.buffer.name), self.channel, self.channel + self.c

    def want_border(self, top: int, left: int, bottom: int, right: int) -> None:
        border = self.buffer.border
        border[:] = map(max, border, (top, left, bottom, right))

    def size(self) -> int:
        """Bytes of the buffer, a multiple of 64."""
        top, left, bottom, right = self.border
        return ((top + self.h + bottom) * (left + self.w + right) * self.c * 4 + 63) // 64 * 64

    def put(self, start: int) -> None:
        """Lay the buffer at this address."""
        top, left, _, right = self.border
        self.start, self.pixel = start, 4 * self.c
        self.row = (left + self.w + right) * self.pixel
        self.address = start + top * self.row + left * self.pixel

    def put_part(self) -> None:
        """Take the place in `whole`, which has its own already."""
        if self.whole:
            self.pixel, self.row, self.delta, self.stage = (self.whole.pixel, self.whole.row, self.whole.delta,
                                                            self.whole.stage)
            self.address = self.whole.address + 4 * (self.channel - self.whole.channel)


class Phase(NamedTuple):
    """Along one axis, every stride-th cell of x: what windows give back to them. See Operation.phases_of."""
    first: int              # the first of these cells
    cells: int              # how many
    start: int              # the first one's gradient begins with dy[start]
    step: int               # from one tap to the next, in cells of y
    taps: list[int]         # of the kernel, in the order in which those cells of dy meet them


class Operation:
    """One row of the table, with its tensors."""

    def __init__(self, row: tuple, tensors: dict[str, Tensor], buffers: dict[str, str], weights: dict):
        self.name, self.kind, inputs, buffer, _, self.parameters = row
        self.y = tensors[buffer]
        self.inputs = [tensors[buffers[i]] for i in inputs if i in buffers]
        self.x = self.inputs[0] if self.inputs else self.y
        self.in_place = bool(self.inputs) and self.x is self.y
        self.stride = tuple(self.parameters.get("stride", (1, 1)))
        self.dilation = tuple(self.parameters.get("dilation", (1, 1)))
        self.groups = self.parameters.get("groups", 1) if self.kind == "Conv2D" else 1
        self.top = self.left = self.bottom = self.right = 0
        operands = [weights[i] for i in inputs if i in weights]
        self.weight_shape: Any
        self.weights: Any
        self.weight_shape, self.weights = operands[0] if operands else ((), ())
        self.shapes = [t.shape for t in self.inputs] + [tuple(shape) for shape, _ in operands]
        self.phases, self.taps, self.first, self.lanes = Tensor(f"{self.name} phases", 0, 0, 0), (0, 0), (0, 0), 0
        padding = self.parameters.get("padding", "SAME")
        self.kernel = tuple(self.parameters.get("ksize") or (1, 1))
        if self.kind in ("MaxPool", "AvgPool") and not self.parameters.get("ksize"):
            self.kernel, padding = (self.x.h, self.x.w), "VALID"
        if self.kind == "MatMul":    # a convolution of the whole map at once, or of parts of its size
            padding = "VALID"
            if self.weight_shape[2:-1] != (self.x.c,):
                self.weight_shape = (*self.x.shape, self.weight_shape[-1])
        if self.kind in ("Conv2D", "MatMul"):
            self.kernel = tuple(self.weight_shape[:2])
        if self.kind in ("Conv2D", "MatMul", "MaxPool", "AvgPool"):
            extent = [(size - 1) * apart + 1 for size, apart in zip(self.kernel, self.dilation)]
            (h, self.top), (w, self.left) = deepdream.windows(self.x.shape, extent, {**self.parameters,
                                                                                      "padding": padding})
            self.bottom = max((h - 1) * self.stride[0] + extent[0] - self.top - self.x.h, 0)
            self.right = max((w - 1) * self.stride[1] + extent[1] - self.left - self.x.w, 0)

    @property
    def strides(self) -> tuple[int, int, int]:
        """Bytes from one tap of the weights to the next, from input channel to input channel, from output to output."""
        letters = self.parameters.get("layout", "hwco") if self.kind == "MatMul" else "hwco"
        sizes = dict(zip("hwco", self.weight_shape))
        _, tap, row, column = (4 * math.prod(sizes[other] for other in letters[letters.index(letter) + 1:])
                               for letter in "hwco")
        return tap, row, column

    @property
    def depthwise(self) -> bool:
        """Whether it computes every channel from that channel alone."""
        return self.groups > 1 and self.weight_shape[2:] == (1, self.groups)

    def check(self) -> None:
        """ValueError if the shapes are not those that kernels will take them for, and memory is planned for."""
        shape = deepdream.kind_row(self.kind).shape(self.shapes or [self.y.shape], self.parameters)
        if shape != self.y.shape or len(self.weights) != (math.prod(self.weight_shape) if self.weight_shape else 0):
            raise ValueError(f"{self.name}: {self.kind} with {len(self.weights)} weights from a map of "
                             f"{' x '.join(map(str, self.x.shape))} to one of {' x '.join(map(str, self.y.shape))}")

    # The gradient of a convolution with stride s. With Y = y + padding, input row y gets from output row o the weights
    # of kernel row r = Y - s o (for a dilation d: of row r / d, if that is whole). For Y = s q + p (phase p) that is
    # r = s t + p with t = q - o: in q, a convolution with stride 1 and every s-th tap.

    def phases_of(self, axis: int) -> list[Phase]:
        """Those of an axis (0: down, 1: across); one, if the stride is 1. Some have no taps."""
        size, before = ((self.x.h, self.top), (self.x.w, self.left))[axis]
        stride, apart, phases = self.stride[axis], self.dilation[axis], []
        for p in range(stride):
            first = (p - before) % stride
            if first < size:
                taps = [r for r in reversed(range(self.kernel[axis])) if r * apart % stride == p]
                back = [(r * apart - p) // stride for r in taps] or [0]
                phases.append(Phase(first, -(-(size - first) // stride), (first + before) // stride - back[0],
                                    back[0] - back[1] if len(back) > 1 else 1, taps))
        return phases

    # With few channels (a picture) a phase would leave most lanes of vectors empty. So then all s x s phases are
    # computed at once, as output channels of one convolution, [q down, q across, (p down, p across, ci)], and unfolded
    # to where they belong.

    @property
    def all_phases_at_once(self) -> bool:
        return (self.stride != (1, 1) and self.dilation == (1, 1) and self.groups == 1 and self.x.c < 8
                and not self.x.whole and self.kind == "Conv2D")

    def plan_phases(self) -> int:
        """Plan the tensor of phases; returns its size in bytes."""
        (down, across), (kh, kw), x = self.stride, self.kernel, self.x
        self.taps = -(-kh // down), -(-kw // across)
        self.first = self.top // down, self.left // across                               # the first q
        last = (x.h - 1 + self.top) // down, (x.w - 1 + self.left) // across
        self.lanes = (across * x.c + 7) // 8 * 8                                         # of one phase down
        self.phases = Tensor(self.phases.name, last[0] - self.first[0] + 1, last[1] - self.first[1] + 1,
                             down * self.lanes)
        return self.phases.size()

    def reach(self, axis: int) -> tuple[int, int]:
        """How far (cells before the first, behind the last) the gradient of x reads beyond dy."""
        phases = self.phases_of(axis)
        before = max(-phase.start for phase in phases)
        if self.all_phases_at_once:
            before = max(before, self.taps[axis] - 1 - self.first[axis])
        behind = max((phase.start + (len(phase.taps) - 1) * phase.step + phase.cells for phase in phases if phase.taps),
                     default=0)
        if self.all_phases_at_once:
            behind = max(behind, self.first[axis] + (self.phases.h, self.phases.w)[axis])
        taps, t = (self.taps, self.phases) if self.all_phases_at_once else (self.kernel, self.x)
        more = to_whole_tiles(taps, t.h, t.w)[axis] if self.all_phases_at_once or self.may_take_fewer else 0
        return max(before, 0), max(behind - (self.y.h, self.y.w)[axis], 0) + more

    def packed(self) -> int:
        """Bytes of the memory of all tensors that are enough for the weights as `Planner` packs them, in both
        directions. Large ones, as a classifier of maps has, get memory of their own, and only if they are used."""
        if self.kind not in ("Conv2D", "MatMul") or 4 * len(self.weights) >= LARGE_WEIGHTS:
            return 0
        kh, kw, ci, co = self.weight_shape
        if self.depthwise:
            return 8 * (kh * kw + 1) * (co + 64)
        if self.groups > 1:
            return 4 * kh * kw * (2 * ci * co + 16 * (ci * self.groups + co)) + 128 * kh * kw * self.groups
        taps = (kh + TILES[kh] - 1) ** 2 if self.may_take_fewer else kh * kw
        return 2 * taps * (ci + 64) * (co + 64) * 4

    @property
    def may_take_fewer(self) -> bool:
        """Whether it could be done with fewer multiplications; `Planner.fewer` says whether it is."""
        return (self.kind == "Conv2D" and self.stride == self.dilation == (1, 1) and self.groups == 1
                and self.kernel[0] == self.kernel[1] and self.kernel[0] in TILES)


class Memory:
    """All tensors of a table, laid out.

    Gradients take turns. The table falls into stages, each of which leaves one buffer to those behind it and nothing
    else; so when a backward pass is in a stage, it needs the gradients of this one and of the buffer that the one
    before leaves. Those of stages with even and with odd numbers lie in a room each, where a stage's take the place of
    those of the stage but one behind it: there is much less memory to fetch and to write back. (A step of Inception
    takes 0.97 of the time, and 20 MB less.)
    """

    def __init__(self, operations, weights, shapes: dict[str, deepdream.Shape], tile: tuple[int, int]):
        self.numbers = {row[0]: number for number, row in enumerate(operations)}
        self.buffers = {row[0]: row[3] for row in operations}
        self.tensors: dict[str, Tensor] = {}
        self.operations: list[Operation] = []
        self.large: list[mmap.mmap] = []        # weights that are not in the arena
        readers: dict[str, int] = {}
        for row in operations:
            name, kind, inputs, buffer, *_ = row
            if buffer not in self.tensors:
                self.tensors[buffer] = Tensor(buffer, *shapes[name])
            op = Operation(row, self.tensors, self.buffers, weights)
            op.check()
            self.operations.append(op)
            for source in op.inputs:
                if source is not op.y:
                    readers[source.name] = readers.get(source.name, 0) + 1
        self.data = next(op.y for op in self.operations if op.kind == "Placeholder")
        changed = {op.y.name for op in self.operations if op.in_place}
        for op in reversed(self.operations):    # a tensor that only a concatenation reads lies in its buffer
            if op.kind == "ConcatV2" and op.y.name not in changed:
                channel = op.y.channel
                for x in op.inputs:
                    if readers[x.name] == 1 and x is not self.data:
                        x.whole, x.channel = op.y, channel
                    channel += x.c
        self.lay_out(tile)

    def lay_out(self, tile: tuple[int, int]) -> None:
        """Find the place of every tensor, with room for packed weights and the pixels of a tile (height, width)."""
        extra = 0
        for op in self.operations:
            if op.kind == "Conv2D":
                more, beyond = to_whole_tiles(op.kernel, op.y.h, op.y.w) if op.may_take_fewer else (0, 0)
                op.x.want_border(op.top, op.left, op.bottom + more, op.right + beyond)
                if op.all_phases_at_once:
                    extra += op.plan_phases()
            if op.kind == "Conv2D" or op.kind == "MatMul" and op.y.shape[:2] != (1, 1):
                (top, bottom), (left, right) = (op.reach(axis) for axis in (0, 1))
                op.y.want_border(top, left, bottom, right)
        self.own = [t for t in self.tensors.values() if not t.whole]
        self.find_stages()
        size = sum(t.size() for t in self.own)
        gradients = sum(self.rooms())
        packed = sum(op.packed() for op in self.operations)
        height, width = tile
        # Of bytes; rows of floats, and of whole vectors, need no room between them
        self.staging_row = 3 * width if width % 16 == 0 else (3 * width + 127) // 64 * 64
        staging = max(self.staging_row * height, 12 * height * width) + 64
        total = size + gradients + extra + packed + staging + (1 << 16) + 4 * mmap.PAGESIZE
        self.arena = private_memory(total, "tensors")
        deepdream.in_large_pages(self.arena)
        self.base = address_of(self.arena)
        self.floats = memoryview(self.arena)[:total // 4 * 4].cast("f")
        self.end = self.base + total
        self.free = self.base
        for t in self.own:
            t.put(self.take(t.size()))
        self.put_gradients()
        for t in reversed(self.tensors.values()):    # a whole comes after its parts
            t.put_part()
        for op in self.operations:
            if op.all_phases_at_once:
                op.phases.put(self.take(op.phases.size()))
        self.staging = self.take(staging)
        self.sums = self.take(4096)

    def find_stages(self) -> None:
        """A stage ends with an operation behind which no buffer but its own is needed."""
        written = {op.y.buffer: number for number, op in enumerate(self.operations)}      # for the last time
        last = {t.buffer: number for number, op in enumerate(self.operations) for t in (*op.inputs, op.y)}
        stage, needed = 0, set()    # type: int, set[Tensor]
        for number, op in enumerate(self.operations):
            buffer = op.y.buffer
            if buffer not in needed:
                buffer.stage = stage
            needed = {t for t in needed if last[t] > number} | {buffer}
            if needed == {buffer} and number == written[buffer]:
                stage += 1

    def rooms(self) -> list[int]:
        """The sizes of the rooms for gradients; also finds the place of each, from its room's beginning."""
        sizes, taken = [0, 0], {}    # type: list[int], dict[int, int]
        for t in self.own:
            t.delta = taken.get(t.stage, 0)
            taken[t.stage] = t.delta + t.size()
            sizes[t.stage % 2] = max(sizes[t.stage % 2], taken[t.stage])
        return sizes

    def put_gradients(self) -> None:
        starts = [self.take(size) for size in self.rooms()]
        for t in self.own:
            t.delta += starts[t.stage % 2] - t.start

    def replaced(self, t: Tensor, live: Collection[str]) -> bool:
        """Whether other gradients have taken the place of that of t; live: tensors that have one or have had one."""
        stages = {self.tensors[name].stage for name in live}
        return any(stage < t.stage and (t.stage - stage) % 2 == 0 for stage in stages)

    def take(self, size: int) -> int:
        """The address of so many bytes, a multiple of 64."""
        at = self.free
        self.free += (size + 63) // 64 * 64
        assert self.free <= self.end
        return at

    def take_weights(self, op: Operation, size: int) -> int:
        """The same for weights of an operation."""
        if 4 * len(op.weights) < LARGE_WEIGHTS:
            return self.take(size)
        self.large.append(private_memory(size, f"the weights of {op.name}"))
        return address_of(self.large[-1])

    def tensor(self, name: str) -> Tensor:
        """That of an operation."""
        return self.tensors[self.buffers[name]]

    def rows_of(self, t: Tensor, gradient: bool) -> Iterator[slice]:
        """The places in `floats` of a tensor's rows (of its pixels, if it is part of another)."""
        start = (t.address + gradient * t.delta - self.base) // 4
        for y in range(t.h):
            at = start + y * t.row // 4
            if t.pixel == 4 * t.c:
                yield slice(at, at + t.w * t.c)
            else:
                for x in range(t.w):
                    yield slice(at + x * t.pixel // 4, at + x * t.pixel // 4 + t.c)

    def fill(self, t: Tensor, gradient: bool, values: memoryview) -> None:
        at = 0
        for place in self.rows_of(t, gradient):
            count = place.stop - place.start
            self.floats[place] = values[at:at + count]
            at += count

    def copy_out(self, t: Tensor, gradient: bool) -> array.array:
        result = array.array("f")
        for place in self.rows_of(t, gradient):
            result.frombytes(self.arena[4 * place.start:4 * place.stop])
        return result
