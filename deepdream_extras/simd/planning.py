"""Layers planned as tasks of kernels: LAYERS has a row for each kind; `plan_forward` and `Backward` plan passes."""

from __future__ import annotations

import array
import ctypes
import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from .kernels import layers, maps
from .kernels.convolution import (
    Gate,
    convolution,
    depthwise,
    pack_rows,
    pack_strided,
    pack_transposed,
    split_channels,
    split_width,
)
from .memory import BACKENDS, Refused
from .tape import Range, Tape, Threads, Unit
from .tensors import Memory, Operation, Phase, Tensor

LARGEST_UNIT = 1_500_000    # multiply-adds: about 20 us; smaller units cost more than their sharing out wins
LONGEST_PART = 200          # inputs; of a part of a convolution's matrix, then of 20 to 50 KB. 100 and 150 are slower
MOST_NEIGHBOURS = 16        # on one side, of a local response normalisation
LONGEST_RUN = 400           # inputs; longer kernel rows are taken pixel by pixel


def divide(rows: int, cost: float) -> list[tuple[int, int]]:
    """(first, how many) for parts of `rows` rows, each of which costs so many multiply-adds."""
    parts = min(rows, -(-int(rows * cost) // LARGEST_UNIT))
    ends = [rows * i // parts for i in range(parts + 1)]
    return [(first, end - first) for first, end in zip(ends, ends[1:])]


class Place(NamedTuple):
    """Where a map is: the address of its first pixel and the distances from pixel to pixel and row to row."""
    address: int
    pixel: int
    row: int


class Planner:
    """Plans units for one instruction set and the tensors of one memory, where it also puts weights in order."""

    def __init__(self, name: str, memory: Memory, jobs: int, exact: bool):
        self.set, self.asm, self.memory = name, BACKENDS[name], memory
        self.operations, self.jobs, self.exact = memory.operations, jobs, exact
        self.panels: dict[tuple, Any] = {}      # which packed weights -> address, once they are there
        self.keep: list[object] = []            # tables whose addresses are in use
        self.packing: list[Unit] = []           # what must run before the tape that is being planned,
        self.repacking: list[Unit] = []         # and what between that and the tape

    def fewer(self, taps: tuple[int, int], y: Tensor, ci: int, co: int) -> bool:
        """Whether a convolution of stride 1 is to be done with fewer multiplications."""
        if self.exact:
            return False
        from . import winograd
        return winograd.suits(self.asm.V, taps, y.h, y.w, ci, co)

    def kernel(self, function, *constants) -> tuple:
        return self.set, function, *constants

    def gradient_of(self, t: Tensor) -> Place:
        return Place(t.address + t.delta, t.pixel, t.row)

    # Convolutions

    def convolve(self, sources: Sequence[tuple[int, ...]], weights: int, y: int, y_pixel: int, y_step: int,
                 h: int, w: int, c: int, bias: int | None = None, gate: Gate = None, add: bool = False,
                 mask: Gate = None, delta: int = 0) -> list[Unit]:
        """The units of one implicit matrix product (see `convolution`); y, weights, bias are addresses.

        sources: (address, rows, taps, run, x_row, x_tap, x_pixel, x_step) of each input. delta: where y is a gradient
        that is masked, bytes from the activations to it.
        """
        V = self.asm.V
        vectors = -(-c // V)
        depth, first, units = sum(math.prod(source[1:4]) for source in sources), 0, []
        shapes = tuple(self.in_parts(*source[1:]) for source in sources)
        for block in split_channels(self.set, w, vectors):
            lanes = c - (first + block - 1) * V if first + block == vectors else V
            most = (self.asm.vectors - block - 1) // block
            tiles = split_width(w, min(most, self.asm.most_pixels))
            kernel = self.kernel(convolution, tiles, block, lanes, shapes, y_pixel, y_step, bias is not None, add,
                                 gate, mask)
            if 64 + 4 * w * block * V > Threads.SCRATCH_SIZE:
                raise Refused(f"a row of {w} pixels is too long")
            cost = w * block * V * depth
            for top, count in divide(h, cost):
                target = y + top * y_step + first * V * 4
                units.append(Unit(kernel, [weights + first * V * depth * 4, (bias or 0) + first * V * 4, target,
                                           -delta, count, *(x[0] + top * x[-1] for x in sources)],
                                  top / h, cost * count))
            first += block
        return units

    @staticmethod
    def in_parts(rows: int, taps: int, run: int, x_row: int, x_tap: int, x_pixel: int, x_step: int) -> tuple:
        """The same as loops over parts, of at most LONGEST_PART inputs where that goes, and over runs in a part."""
        pieces = next((n for n in range(-(-run // LONGEST_PART), run // 32 + 1) if run % n == 0), 1)
        run //= pieces
        loops = [loop for loop in ((rows, x_row), (taps, x_tap), (pieces, 4 * run)) if loop[0] > 1]
        part, first = run, len(loops)
        while first and part * loops[first - 1][0] <= LONGEST_PART:
            first -= 1
            part *= loops[first][0]
        return tuple(loops[:first]), tuple(loops[first:]), run, x_pixel, x_step

    # Weights, copied to where and in the order in which they are used: [block of channels][matrix row][channel]

    def take_panels(self, op: Operation, depth: int, channels: int,
                    width: int) -> tuple[int, list[tuple[int, int, int]]]:
        """Memory for a weight matrix: (address, [(address of a block, its first channel, its padded channels)])"""
        V = self.asm.V
        vectors = -(-channels // V)
        at = self.memory.take_weights(op, 4 * depth * vectors * V)
        blocks, first = [], 0
        for block in split_channels(self.set, width, vectors):
            blocks.append((at + 4 * depth * first * V, first * V, block * V))
            first += block
        return at, blocks

    def pack(self, op: Operation, width: int, group: int = 0) -> int:
        kh, kw, ci, co = op.weight_shape
        tap, row, column = op.strides
        depth, source = kh * kw * ci, buffer_address(op.weights) + group * (co // op.groups) * column
        at, blocks = self.take_panels(op, depth, co // op.groups, width)
        runs = [(0, depth)] if tap == ci * row else [(t * ci, ci) for t in range(kh * kw)]      # of rows that follow
        for start, first, channels in blocks:
            columns = min(channels, co // op.groups - first)
            if column > 4:
                kernel = self.kernel(pack_strided, kh * kw, row, tap, column, 4 * channels, 4 * ci * channels)
                self.packing.append(Unit(kernel, [source + first * column, start, ci, columns]))
                continue
            kernel = self.kernel(pack_rows, columns, channels)
            for begin, rows in runs:
                for i, count in divide(rows, 20 * channels):
                    self.packing.append(Unit(kernel, [source + begin // ci * tap + i * row + 4 * first,
                                                      start + 4 * (begin + i) * channels, count, row]))
        return at

    def pack_turned(self, taps: Sequence[tuple[Operation, int]], width: int, group: int = 0) -> int:
        """taps: (operation, which one of its [ci, co] matrices), in the order of their use."""
        ci = taps[0][0].weight_shape[2]
        depth = sum(op.weight_shape[3] // op.groups for op, _ in taps)
        at, blocks = self.take_panels(taps[0][0], depth, ci, width)
        for start, first, channels in blocks:
            for op, number in taps:
                co, (tap, row, column) = op.weight_shape[3] // op.groups, op.strides
                source = buffer_address(op.weights) + number * tap + first * row + group * co * column
                columns = min(channels, ci - first)
                if column > 4:
                    kernel = self.kernel(pack_strided, 1, column, 0, row, 4 * channels, 0)
                    self.packing.append(Unit(kernel, [source, start, co, columns]))
                else:
                    self.packing.append(Unit(self.kernel(pack_transposed), [source, start, co, columns, row,
                                                                            4 * channels]))
                start += 4 * co * channels
        return at

    def pack_phases(self, op: Operation) -> int:
        at, blocks = self.take_panels(op, math.prod(op.taps) * op.weight_shape[3], op.phases.c, op.phases.w)
        for start, first, channels in blocks:
            self.phase_weights(op, start, first, channels)
        return at

    def phase_weights(self, op: Operation, start: int, first: int, channels: int) -> None:
        """Those for some of the phases' channels, to `start`."""
        (down, across), (taps_down, taps_across), (kh, kw, ci, co) = op.stride, op.taps, op.weight_shape
        source = buffer_address(op.weights)
        for lane in range(first, min(first + channels, op.phases.c)):
            phase_down, rest = divmod(lane, op.lanes)
            phase_across, c = divmod(rest, ci)
            if phase_across >= across:
                continue
            for i in range(taps_down):
                for j in range(taps_across):
                    r = down * (taps_down - 1 - i) + phase_down
                    s = across * (taps_across - 1 - j) + phase_across
                    if r < kh and s < kw:
                        self.packing.append(Unit(self.kernel(pack_transposed), [
                            source + 4 * ((r * kw + s) * ci + c) * co,
                            start + 4 * ((i * taps_across + j) * co * channels + lane - first),
                            co, 1, 4 * co, 4 * channels]))

    def pack_taps(self, op: Operation, taps: Sequence[int], pitch: int) -> int:
        """Those of a depthwise convolution's vectors of weights, `pitch` bytes from one to the next."""
        at, co, floats = self.memory.take(len(taps) * pitch + 4 * self.asm.V), op.weight_shape[3], self.memory.floats
        for number, tap in enumerate(taps):
            start = (at + number * pitch - self.memory.base) // 4
            floats[start:start + co] = op.weights[tap * co:(tap + 1) * co]
        return at

    def vector(self, op: Operation) -> int:
        """The address of a copy of a bias vector (or one of factors), with room behind for whole vectors."""
        key = "vector", op.name
        if key not in self.panels:
            memory, count = self.memory, len(op.weights)
            at = self.panels[key] = memory.take(4 * (count + self.asm.V))
            memory.floats[(at - memory.base) // 4:(at - memory.base) // 4 + count] = op.weights
        return self.panels[key]

    # The other layers

    def combine(self, steps: tuple, size: Tensor, x: Place, y: Place, other: Place | None = None, factors: int = 0,
                biases: int = 0) -> list[Unit]:
        """y = x after those steps, see the kernel, for all of a map of that size."""
        other = other or x
        kernel = self.kernel(maps.combine, steps, size.w, size.c, x.pixel, x.row, y.pixel, y.row, other.pixel,
                             other.row)
        return [Unit(kernel, [x.address + first * x.row, y.address + first * y.row, other.address + first * other.row,
                              factors, biases, count], first / size.h, 30.0 * count * size.w * size.c)
                for first, count in divide(size.h, 30 * size.w * size.c)]

    def fill(self, t: Tensor, y: Place, h: int, w: int, value: float = 0.0) -> list[Unit]:
        """h x w pixels of y, as wide as t's, with the same number."""
        kernel = self.kernel(maps.fill, value, w, t.c, y.pixel, y.row)
        return [Unit(kernel, [y.address + first * y.row, count], first / h, 10.0 * count * w * t.c)
                for first, count in divide(h, 10 * w * t.c)]

    def around(self, t: Tensor, y: Place, sides: Sequence[int], value: float = 0.0) -> list[Unit]:
        """The same number around a map of t's size, `sides` pixels wide: top, left, bottom, right. y: its place."""
        top, left, bottom, right = sides
        units = []
        for row, column, h, w in ((-top, -left, top, left + t.w + right), (t.h, -left, bottom, left + t.w + right),
                                  (0, -left, t.h, left), (0, t.w, t.h, right)):
            if h and w:
                at = y._replace(address=y.address + row * y.row + column * y.pixel)
                units += self.fill(t, at, h, w, value)
        return units

    def scaled(self, t: Tensor, factors: int, add: bool) -> list[Unit]:
        """The gradient of t is (add: has added) t times one factor a channel, which lie at `factors`."""
        kernel = self.kernel(layers.scale_channels, t.w, t.c, t.pixel, t.row, add)
        return [Unit(kernel, [t.address + first * t.row, t.delta, factors, count], first / t.h, count)
                for first, count in divide(t.h, 30 * t.w * t.c)]

    def row_of_nan(self, size: int) -> int:
        """The address of so many bytes of NaN."""
        if self.panels.get(("nan", 0), 0) < size:
            table = array.array("f", [math.nan]) * (size // 4 + 16)
            self.keep.append(table)
            self.panels["nan", 0], self.panels["nan", 1] = size, table.buffer_info()[0]
        return self.panels["nan", 1]


def value_of(t: Tensor) -> Place:
    return Place(t.address, t.pixel, t.row)


# ---- Passes ----------------------------------------------------------------------------------------------------------

def plan_forward(planner: Planner, tape: Tape, start: int, stop: int) -> None:
    """The tasks of operations number start .. stop - 1."""
    number = start
    while number < stop:
        op = planner.operations[number]
        layer = LAYERS[op.kind]
        followers: list[Operation] = []    # BiasAdd and Relu of the same tensor, done in passing
        number += 1
        for kinds in layer.passing:
            if number < stop and planner.operations[number].kind in kinds and not op.in_place:
                follower = planner.operations[number]
                if follower.in_place and follower.x is op.y:
                    followers.append(follower)
                    number += 1
        units = layer.forward(planner, op, followers)
        if units:
            tape.add(units, [x.range("value") for x in op.inputs], [op.y.range("value")])


RELU = 0.0, math.inf
GATES = {    # kinds that do nothing else: from parameters to their gate
    "Relu": lambda parameters: RELU,
    "Relu6": lambda parameters: (float(parameters.get("low", 0.0)), float(parameters.get("high", 6.0))),
    "Clip": lambda parameters: (float(parameters.get("low", -math.inf)), float(parameters.get("high", math.inf))),
}


def gate_of(op: Operation) -> Gate:
    return GATES[op.kind](op.parameters) if op.kind in GATES else None


def bias_and_gate(planner: Planner, followers: Sequence[Operation]) -> tuple[int | None, Gate]:
    """The address of the biases and the range to clip to that a layer's followers say."""
    bias = next((planner.vector(op) for op in followers if op.kind == "BiasAdd"), None)
    return bias, next((gate_of(op) for op in followers if op.kind in GATES), None)


class Seed(NamedTuple):
    """What is added to a gradient when the walk comes to an operation."""
    number: int                # of the operation
    kind: str                  # "values", "factors" or "own": what lies at `address`, or the activations
    address: int

    def plan(self, planner: Planner, add: bool) -> tuple[Tensor, list[Unit]]:
        t = planner.operations[self.number].y
        if self.kind == "factors":
            return t, planner.scaled(t, self.address, add)
        source = value_of(t) if self.kind == "own" else Place(self.address, 4 * t.c, 4 * t.c * t.w)
        return t, planner.combine(("add",) * add, t, source, planner.gradient_of(t))


class Backward:
    """Plans a backward pass over operations number stop - 1 .. start.

    live: tensors that have a gradient. seeds: those that are still to come; of operations from start - 1 on they come
    in this pass, each before its operation's own gradient.
    """

    def __init__(self, planner: Planner, tape: Tape, live: frozenset[str], seeds: Sequence[Seed], start: int,
                 stop: int):
        self.planner, self.tape, self.live = planner, tape, set(live)
        self.start, self.stop = start, stop
        self.seeds = sorted(seeds, reverse=True)    # the deepest first
        self.arrived = 0                            # how many have been added
        self.gates: dict[str, list[Gate]] = {}      # of tensors, in place and of this pass
        self.live_at_end, self.last = self.look_ahead()
        self.shut: set[str] = set()                 # whose gradients have been masked in passing
        self.together: dict[str, list[Operation]] = {}    # 1x1 convolutions of one x: their gradients are one product
        self.number = stop

    def plan(self) -> frozenset[str]:
        """Returns the tensors that have a gradient afterwards."""
        for number in reversed(range(self.start, self.stop)):
            self.number = number
            self.add_seeds(number)
            op = self.planner.operations[number]
            if op.y.name in self.live:
                LAYERS[op.kind].backward(self, op)
        self.add_seeds(self.start - 1)
        return frozenset(self.live)

    def add_seeds(self, number: int) -> None:
        for seed in self.seeds[self.arrived:]:
            if seed.number >= number:
                op = self.planner.operations[seed.number]
                t, units = seed.plan(self.planner, op.y.name in self.live)
                self.write(units, [], t)
                self.arrived += 1

    def look_ahead(self) -> tuple[set[str], dict[str, int]]:
        """The tensors that have a gradient after the pass, and: tensor -> the operation that, as the last one of this
        pass, adds to its gradient, where this may apply the ReLU's mask in passing: because the ReLUs of the whole
        tensor come in the same pass, and nothing in between."""
        operations = self.planner.operations
        live, last, gates = set(self.live), {}, self.gates    # type: set[str], dict[str, int], dict[str, list[Gate]]
        for number in reversed(range(self.start, self.stop)):
            op = operations[number]
            live.update(operations[seed.number].y.name for seed in self.seeds if seed.number >= number)
            if op.y.name not in live:
                continue
            live.update(x.name for x in op.inputs)
            if op.in_place and op.kind in GATES:
                gates.setdefault(op.x.name, []).append(gate_of(op))
            elif op.kind != "Placeholder" and not (op.in_place and op.kind == "BiasAdd"):
                last.update((x.name, number) for x in op.inputs if x.whole is not op.y)
        concats = {op.y.name: op.inputs for op in operations if op.kind == "ConcatV2"}
        for seed in self.seeds:    # comes after what is last here, and before the ReLU, or after one of a part
            t: Tensor | None = operations[seed.number].y
            while t:
                last.pop(t.name, None)
                t = t.whole
        for name, parts in concats.items():
            if all(x.whole and gates.get(x.name) == gates.get(parts[0].name) for x in parts):
                gates.setdefault(name, gates.get(parts[0].name, []))
        return live, {name: number for name, number in last.items() if len(gates.get(name, ())) == 1}

    def give(self, ops: Sequence[Operation], masks: str, plan: Callable[[bool, Gate], list[Unit]],
             x: Tensor | None = None) -> None:
        """Plan what operations give to the gradient of their x. plan(add, mask): the units; add: to what is there,
        mask: for the ReLU. masks: whether they can do that: "yes", "relu" (no other range), "new" (the same, and only
        when they do not add) or "no"."""
        x = x or ops[0].x
        add = x.name in self.live
        mask = self.gates[x.name][0] if self.last.get(x.name) == self.number and masks != "no" else None
        if masks in ("relu", "new") and mask != RELU or masks == "new" and add:
            mask = None
        if mask:
            self.shut.add(x.name)
        self.write(plan(add, mask), [op.y.range("gradient") for op in ops], x)

    def write(self, units: list[Unit], reads: list[Range], x: Tensor) -> None:
        """A task that writes to the gradient of x. The first one of a stage takes the place of the stage but one behind
        it, and makes the borders of all its gradients zero."""
        planner, memory, writes = self.planner, self.planner.memory, [x.range("gradient")]
        if all(memory.tensors[name].stage != x.stage for name in self.live):
            writes = [t.range("gradient") for t in memory.own if t.stage in (x.stage, x.stage + 2)]
            for t in memory.own:
                if t.stage == x.stage:
                    units = units + planner.around(t, planner.gradient_of(t), t.border)
        self.tape.add(units, reads, writes)
        self.live.add(x.name)


# ---- Layers ----------------------------------------------------------------------------------------------------------
# Of each kind: forward(planner, operation, followers), the units; backward(pass, operation), which adds its tasks to
# the pass; and what it cannot do.

def forward_nothing(planner: Planner, op: Operation, followers: list[Operation]) -> list[Unit]:
    return []


def backward_nothing(run: Backward, op: Operation) -> None:
    pass


def forward_convolution(planner: Planner, op: Operation, followers: list[Operation]) -> list[Unit]:
    """A convolution, or a matrix product, with bias and ReLU."""
    if op.depthwise:
        return forward_depthwise(planner, op, followers)
    x, y, groups, (down, across) = op.x, op.y, op.groups, op.dilation
    kh, kw, ci, co = op.weight_shape
    taps, run = (1, kw * ci) if x.pixel == 4 * ci and kw * ci <= LONGEST_RUN and across == 1 else (kw, ci)
    co //= groups
    bias, gate = bias_and_gate(planner, followers)
    if op.may_take_fewer and gate in (None, RELU) and planner.fewer(op.kernel, y, ci, co):
        from . import winograd
        return winograd.forward(planner, op, bias, bool(gate))
    units = []
    for group in range(groups):
        key = ("forward", op.name, group)[:2 + (groups > 1)]
        if key not in planner.panels:
            planner.panels[key] = planner.pack(op, y.w, group)
        source = (x.address + 4 * group * ci - op.top * x.row - op.left * x.pixel, kh, taps, run, down * x.row,
                  across * x.pixel if taps > 1 else 4 * run, op.stride[1] * x.pixel, op.stride[0] * x.row)
        units += planner.convolve([source], planner.panels[key], y.address + 4 * group * co, y.pixel, y.row, y.h, y.w,
                                  co, bias + 4 * group * co if bias else None, gate)
    return units


def backward_convolution(run: Backward, op: Operation) -> None:
    if op.all_phases_at_once:
        run.tape.add(phase_convolution(run.planner, op), [op.y.range("gradient")], [(op.phases.name, 0, 1)])
        run.write(unfold_phases(run.planner, op, op.x.name in run.live), [(op.phases.name, 0, 1)], op.x)
        return
    group = [op]
    if joins(op):
        group = run.together.setdefault(op.x.name, [])
        group.append(op)
        more = any(other.x is op.x and joins(other) and other.y.name in run.live_at_end
                   for other in run.planner.operations[run.start:run.number])
        if more and len(group) < 3:
            return
        del run.together[op.x.name]
    down, across = op.phases_of(0), op.phases_of(1)
    masks = "yes" if all(phase.taps for phase in (*down, *across)) else "no"
    run.give(group, masks, lambda add, mask: [unit for rows in down for columns in across
                                              for unit in turned_convolution(run.planner, group, rows, columns, add,
                                                                             mask)])


def joins(op: Operation) -> bool:
    """Whether the gradient of an operation can be one product with others of the same x."""
    return op.kind == "Conv2D" and op.kernel == op.stride == (1, 1) and op.groups == 1


def turned_convolution(planner: Planner, ops: Sequence[Operation], rows: Phase, columns: Phase, add: bool,
                       mask: Gate) -> list[Unit]:
    """The input gradient of convolutions of one x, all at once, for a phase of its rows and one of its columns:
    convolutions of their dy with the weights turned by 180 degrees and their two channel axes exchanged."""
    op, x = ops[0], ops[0].x
    y_pixel, y_step = op.stride[1] * x.pixel, op.stride[0] * x.row
    target = x.address + x.delta + rows.first * x.row + columns.first * x.pixel
    if not rows.taps or not columns.taps:
        return [] if add else planner.fill(x, Place(target, y_pixel, y_step), rows.cells, columns.cells)
    if op.depthwise:
        return turned_depthwise(planner, op, rows, columns, target, add, mask)
    if op.may_take_fewer and mask in (None, RELU) and planner.fewer(op.kernel, x, op.y.c, x.c):
        from . import winograd
        return winograd.gradient(planner, op, add, bool(mask))
    units = []
    for group in range(op.groups):
        sources = []
        for one in ops:
            y, kw, co = one.y, len(columns.taps), one.weight_shape[3] // one.groups
            joined = y.pixel == 4 * co and kw * co <= LONGEST_RUN and columns.step == 1
            taps, run = (1, kw * co) if joined else (kw, co)
            sources.append((y.address + y.delta + 4 * group * co + rows.start * y.row + columns.start * y.pixel,
                            len(rows.taps), taps, run, rows.step * y.row,
                            columns.step * y.pixel if taps > 1 else 4 * run, y.pixel, y.row))
        key = "backward", *(one.name for one in ops), *((rows.first, columns.first, group)
                                                        if op.groups > 1 or op.stride != (1, 1) else ())
        if key not in planner.panels:
            taps_of = [(one, r * one.kernel[1] + s) for one in ops for r in rows.taps for s in columns.taps]
            planner.panels[key] = planner.pack_turned(taps_of, columns.cells, group)
        ci = op.weight_shape[2]
        units += planner.convolve(sources, planner.panels[key], target + 4 * group * ci, y_pixel, y_step, rows.cells,
                                  columns.cells, ci, add=add, mask=mask, delta=x.delta)
    return units


def forward_depthwise(planner: Planner, op: Operation, followers: list[Operation]) -> list[Unit]:
    x, y, (kh, kw) = op.x, op.y, op.kernel
    bias, gate = bias_and_gate(planner, followers)
    cells = tuple(r * op.dilation[0] * x.row + s * op.dilation[1] * x.pixel for r in range(kh) for s in range(kw))
    return depthwise_units(planner, op, tuple(range(kh * kw)), cells,
                           (x.address - op.top * x.row - op.left * x.pixel, op.stride[1] * x.pixel,
                            op.stride[0] * x.row), (y.address, y.pixel, y.row), y.h, y.w, bias, gate)


def turned_depthwise(planner: Planner, op: Operation, rows: Phase, columns: Phase, target: int, add: bool,
                     mask: Gate) -> list[Unit]:
    x, y = op.x, op.y
    cells = tuple(r * rows.step * y.row + s * columns.step * y.pixel
                  for r in range(len(rows.taps)) for s in range(len(columns.taps)))
    taps = tuple(r * op.kernel[1] + s for r in rows.taps for s in columns.taps)
    start = y.address + y.delta + rows.start * y.row + columns.start * y.pixel
    return depthwise_units(planner, op, taps, cells, (start, y.pixel, y.row),
                           (target, op.stride[1] * x.pixel, op.stride[0] * x.row), rows.cells, columns.cells,
                           add=add, mask=mask, delta=x.delta)


def depthwise_units(planner: Planner, op: Operation, taps: tuple[int, ...], cells: tuple[int, ...],
                    x: tuple[int, int, int], y: tuple[int, int, int], h: int, w: int, bias: int | None = None,
                    gate: Gate = None, add: bool = False, mask: Gate = None, delta: int = 0) -> list[Unit]:
    """taps: of the weights, and `cells`, how many bytes behind the first cell of the window theirs is. x, y: (address,
    distance from output pixel to output pixel, and from output row to output row) of what is read and written."""
    c, (x_at, x_pixel, x_step), (y_at, y_pixel, y_step) = op.weight_shape[3], x, y
    pitch = 4 * c + 64                  # not a power of two, which would put all taps into one set of the cache
    key = "depthwise", op.name, taps
    if key not in planner.panels:
        planner.panels[key] = planner.pack_taps(op, taps, pitch)
    kernel = planner.kernel(depthwise, split_width(w, 4), c, cells, pitch, x_pixel, x_step, y_pixel, y_step,
                            bias is not None, add, gate, mask)
    return [Unit(kernel, [planner.panels[key], bias or 0, y_at + first * y_step, -delta, count,
                          x_at + first * x_step], first / h, 2.0 * count * w * c * len(taps))
            for first, count in divide(h, 2 * w * c * len(taps))]


def phase_convolution(planner: Planner, op: Operation) -> list[Unit]:
    """See Operation.plan_phases."""
    y, phases = op.y, op.phases
    co = op.weight_shape[3]
    if planner.fewer(op.taps, phases, co, phases.c):
        from . import winograd
        return winograd.phases(planner, op)
    taps, run = (1, op.taps[1] * co) if y.pixel == 4 * co else (op.taps[1], co)
    key = "backward", op.name
    if key not in planner.panels:
        planner.panels[key] = planner.pack_phases(op)
    start = (y.address + y.delta + (op.first[0] - (op.taps[0] - 1)) * y.row
             + (op.first[1] - (op.taps[1] - 1)) * y.pixel)
    source = (start, op.taps[0], taps, run, y.row, y.pixel if taps > 1 else 4 * run, y.pixel, y.row)
    return planner.convolve([source], planner.panels[key], phases.address, phases.pixel, phases.row, phases.h,
                            phases.w, phases.c)


def unfold_phases(planner: Planner, op: Operation, add: bool) -> list[Unit]:
    (down, across), x, phases = op.stride, op.x, op.phases
    assert x.pixel == 4 * x.c    # what is read here is no part of a concatenation
    cell = across * x.c
    skipped = op.left % across * x.c
    first = min((cell - skipped) % cell, x.w * x.c)
    repeats, last = divmod(x.w * x.c - first, cell)
    units = []
    for phase in range(down):
        rows = [row for row in range(x.h) if (row + op.top) % down == phase]
        if not rows:
            continue
        kernel = planner.kernel(layers.unfold, cell, skipped, first, repeats, last, down * x.row, phases.pixel,
                                phases.row, add)
        for i, count in divide(len(rows), 20 * x.w * x.c):
            q = (rows[i] + op.top) // down - op.first[0]
            units.append(Unit(kernel, [x.address + x.delta + rows[i] * x.row,
                                       phases.address + q * phases.row + 4 * phase * op.lanes, count],
                              rows[i] / x.h, 20.0 * x.w * x.c * count))
    return units


def backward_product(run: Backward, op: Operation) -> None:
    """Every pixel of x is given dy times its own slice of the matrix; if y is a map, see convolutions."""
    if op.y.shape[:2] != (1, 1):
        backward_convolution(run, op)
        return
    planner, x, y, co = run.planner, op.x, op.y, op.weight_shape[3]

    def plan(add: bool, mask: Gate) -> list[Unit]:
        units = []
        for tap in range(x.h * x.w):
            key = "backward", op.name, tap
            if key not in planner.panels:
                planner.panels[key] = planner.pack_turned([(op, tap)], 1)
            dx = x.address + x.delta + tap // x.w * x.row + tap % x.w * x.pixel
            source = (y.address + y.delta, 1, 1, co, y.row, 4 * co, y.pixel, y.row)
            units += planner.convolve([source], planner.panels[key], dx, x.pixel, x.row, 1, 1, x.c, add=add, mask=mask,
                                      delta=x.delta)
        return units

    run.give([op], "yes", plan)


# Number by number: in place or from one map to another. In place a bias leaves the gradient alone.

def forward_map(planner: Planner, op: Operation, followers: list[Operation]) -> list[Unit]:
    """A bias, factors, the sum of two maps, and what follows; or one of GATES."""
    bias, gate = bias_and_gate(planner, [op, *followers])
    steps: tuple[Any, ...] = ()
    if op.kind in ("Scale", "Add"):
        steps += "factors" if op.kind == "Scale" else "plus",
    if op.kind == "LeakyRelu":
        steps += ("leaky", slope_of(op)),
    if bias:
        steps += "biases",
    if gate:
        steps += ("clip", *gate),
    return planner.combine(steps, op.y, value_of(op.x), value_of(op.y), value_of(op.inputs[-1]),
                           planner.vector(op) if op.kind == "Scale" else 0, bias or 0)


def backward_map(run: Backward, op: Operation) -> None:
    planner, x, y = run.planner, op.x, op.y
    steps: tuple[Any, ...] = ()
    if op.kind == "Scale":
        steps = "factors",
    elif op.kind == "LeakyRelu":
        steps = ("slope", slope_of(op)),
    elif op.kind == "Sigmoid":
        steps = ("bell", 1.0),
    elif op.kind in GATES:
        steps = ("open", *GATES[op.kind](op.parameters)),
    factors = planner.vector(op) if op.kind == "Scale" else 0

    def plan(add: bool, mask: Gate) -> list[Unit]:
        return planner.combine(steps + ("add",) * add, x, planner.gradient_of(y), planner.gradient_of(x), value_of(y),
                               factors)

    shut = op.kind in GATES and (x.name in run.shut or x.whole and x.whole.name in run.shut)
    if not op.in_place:
        run.give([op], "no", plan)
    elif steps and not shut:
        run.tape.add(plan(False, None), [], [x.range("gradient")])


def slope_of(op: Operation) -> float:
    return float(op.parameters.get("alpha", 0.2))


def backward_add(run: Backward, op: Operation) -> None:
    planner, dy = run.planner, run.planner.gradient_of(op.y)
    for x in op.inputs:
        def plan(add: bool, mask: Gate, x: Tensor = x) -> list[Unit]:
            steps = ("add",) * add + ((("open", *mask),) if mask else ())
            return planner.combine(steps, x, dy, planner.gradient_of(x), value_of(x))
        run.give([op], "yes" if op.inputs.count(x) == 1 else "no", plan, x)


def forward_sigmoid(planner: Planner, op: Operation, followers: list[Operation]) -> list[Unit]:
    x, y = op.x, op.y
    kernel = planner.kernel(maps.sigmoid, y.w, y.c, x.pixel, x.row, y.pixel, y.row)
    return [Unit(kernel, [x.address + first * x.row, y.address + first * y.row, count], first / y.h,
                 100.0 * count * y.w * y.c)
            for first, count in divide(y.h, 100 * y.w * y.c)]


def gelu(planner: Planner, op: Operation, backward: bool, add: bool = False) -> list[Unit]:
    x, y = op.x, op.y
    kernel = planner.kernel(maps.gelu, bool(op.parameters.get("approximate")), x.w, x.c, x.pixel, x.row, y.pixel, y.row,
                            backward, add)
    return [Unit(kernel, [x.address + first * x.row, y.address + backward * y.delta + first * y.row,
                          x.delta, count], first / x.h, 150.0 * count * x.w * x.c)
            for first, count in divide(x.h, 150 * x.w * x.c)]


def forward_gelu(planner: Planner, op: Operation, followers: list[Operation]) -> list[Unit]:
    return gelu(planner, op, False)


def backward_gelu(run: Backward, op: Operation) -> None:
    run.give([op], "no", lambda add, _: gelu(run.planner, op, True, add))


def layer_norm(planner: Planner, op: Operation, followers: Sequence[Operation], backward: bool,
               add: bool = False) -> list[Unit]:
    """followers: factors and biases, done in passing; backward they have been before."""
    x, y = op.x, op.y
    factors, biases = (next((planner.vector(one) for one in followers if one.kind == kind), 0)
                       for kind in ("Scale", "BiasAdd"))
    then = ("factors",) * bool(factors) + ("biases",) * bool(biases)
    kernel = planner.kernel(maps.layer_norm, float(op.parameters.get("epsilon", 1e-6)), x.w, x.c, x.pixel, x.row,
                            y.pixel, y.row, then, backward, add)
    return [Unit(kernel, [x.address + first * x.row, y.address + backward * y.delta + first * y.row,
                          x.delta, factors, biases, count], first / x.h, 100.0 * count * x.w * x.c)
            for first, count in divide(x.h, 100 * x.w * x.c)]


def forward_layer_norm(planner: Planner, op: Operation, followers: list[Operation]) -> list[Unit]:
    return layer_norm(planner, op, followers, False)


def backward_layer_norm(run: Backward, op: Operation) -> None:
    run.give([op], "no", lambda add, _: layer_norm(run.planner, op, (), True, add))


def forward_multiply(planner: Planner, op: Operation, followers: list[Operation]) -> list[Unit]:
    """The second map may be one factor a channel, [1, 1, c]."""
    a, b = op.inputs
    return planner.combine(("times" if a.shape == b.shape else "factors",), op.y, value_of(a), value_of(op.y),
                           value_of(b), b.address)


def backward_multiply(run: Backward, op: Operation) -> None:
    planner, (a, b), dy = run.planner, op.inputs, run.planner.gradient_of(op.y)
    same = a.shape == b.shape

    def plan_a(add: bool, mask: Gate) -> list[Unit]:
        return planner.combine(("times" if same else "factors", *("add",) * add), a, dy, planner.gradient_of(a),
                               value_of(b), b.address)

    def plan_b(add: bool, mask: Gate) -> list[Unit]:
        if same:
            return planner.combine(("times", *("add",) * add), b, dy, planner.gradient_of(b), value_of(a))
        group = 4 * planner.asm.V
        return [Unit(planner.kernel(maps.sum_of_products, min(group, a.c - first), a.h, a.w, a.pixel, a.row, dy.pixel,
                                    dy.row, add),
                     [a.address + 4 * first, dy.address + 4 * first, b.address + b.delta + 4 * first],
                     first / a.c, 10.0 * a.h * a.w)
                for first in range(0, a.c, group)]

    run.give([op], "no", plan_a, a)
    run.give([op], "no", plan_b, b)


def inside(op: Operation, y: Place) -> Place:
    """Where in y, the padded map, x comes to lie."""
    (top, _), (left, _) = op.parameters["padding"]
    return y._replace(address=y.address + top * y.row + left * y.pixel)


def forward_pad(planner: Planner, op: Operation, followers: list[Operation]) -> list[Unit]:
    """What is around is filled each time: layers that work in place may have changed it."""
    x, y, ((top, bottom), (left, right)) = op.x, op.y, op.parameters["padding"]
    place = inside(op, value_of(y))
    return planner.combine((), x, value_of(x), place) + planner.around(
        x, place, (top, left, bottom, right), float(op.parameters.get("value", 0.0)))


def backward_pad(run: Backward, op: Operation) -> None:
    planner, x = run.planner, op.x
    run.give([op], "no", lambda add, _: planner.combine(("add",) * add, x, inside(op, planner.gradient_of(op.y)),
                                                        planner.gradient_of(x)))


def shuffle_units(planner: Planner, op: Operation, groups: int, x: Place, y: Place, add: bool = False) -> list[Unit]:
    h, w, c = op.x.shape
    kernel = planner.kernel(maps.shuffle, w, groups, c // groups, x.pixel, x.row, y.pixel, y.row, add)
    return [Unit(kernel, [x.address + first * x.row, y.address + first * y.row, count], first / h, 60.0 * count * w * c)
            for first, count in divide(h, 60 * w * c)]


def forward_shuffle(planner: Planner, op: Operation, followers: list[Operation]) -> list[Unit]:
    return shuffle_units(planner, op, op.parameters["groups"], value_of(op.x), value_of(op.y))


def backward_shuffle(run: Backward, op: Operation) -> None:
    planner, groups = run.planner, op.x.c // op.parameters["groups"]
    run.give([op], "no", lambda add, _: shuffle_units(planner, op, groups, planner.gradient_of(op.y),
                                                      planner.gradient_of(op.x), add))


def slice_in(op: Operation, x: Place) -> Place:
    """Where in x, the whole map, y comes from."""
    (top, _), (left, _) = op.parameters.get("crop", ((0, 0), (0, 0)))
    first, _ = op.parameters.get("part") or (0, 0)
    return x._replace(address=x.address + top * x.row + left * x.pixel + 4 * first)


def forward_slice(planner: Planner, op: Operation, followers: list[Operation]) -> list[Unit]:
    return planner.combine((), op.y, slice_in(op, value_of(op.x)), value_of(op.y))


def backward_slice(run: Backward, op: Operation) -> None:
    """What is not in the part has no gradient from here: of the first that gives one, all is made zero before."""
    planner, x = run.planner, op.x
    if x.name not in run.live:
        run.write(planner.fill(x, planner.gradient_of(x), x.h, x.w), [], x)
    run.give([op], "no", lambda add, _: planner.combine(("add",), op.y, planner.gradient_of(op.y),
                                                        slice_in(op, planner.gradient_of(x))))


# Pools. Windows of at most 3 x 3 have kernels that keep all of one in registers, others go cell by cell.

def is_small(op: Operation) -> bool:
    return max(op.kernel) <= 3 and all(s <= k for s, k in zip(op.stride, op.kernel))


def axis_windows(op: Operation, axis: int) -> list[tuple[int, int]]:
    """Along one axis, of every window: its first cell that is inside the map, and how many are."""
    size, before, count = ((op.x.h, op.top, op.y.h), (op.x.w, op.left, op.y.w))[axis]
    places = [o * op.stride[axis] - before for o in range(count)]
    ends = [min(place + op.kernel[axis], size) for place in places]
    return [(max(place, 0), end - max(place, 0)) for place, end in zip(places, ends)]


def leaves_gaps(op: Operation) -> bool:
    """Whether the kernel of small windows would leave something of a new gradient as it was: cells of no window, or
    more than one row that it expects to have been begun by windows above the first ones."""
    ends = [sum(axis_windows(op, axis)[-1]) for axis in (0, 1)]
    return ends != [op.x.h, op.x.w] or op.kernel[0] - op.stride[0] - op.top > 1


def pool_windows(planner: Planner, op: Operation) -> tuple[tuple, int]:
    """Columns: ((distances of the window's columns, how many pixels), ...) and the address of the rows' table."""
    (kh, kw), (down, across), x, y = op.kernel, op.stride, op.x, op.y
    runs: list[tuple[tuple[int, ...], int]] = []
    for i in range(y.w):
        cells = [min(max(i * across - op.left + j, 0), x.w - 1) for j in range(kw)]
        columns = tuple((cell - i * across) * x.pixel for cell in cells)
        if runs and runs[-1][0] == columns:
            runs[-1] = columns, runs[-1][1] + 1
        else:
            runs.append((columns, 1))
    key = "windows", op.name
    if key not in planner.panels:
        table = array.array("q", [min(max(o * down - op.top + i, 0), x.h - 1) * x.row
                                  for o in range(y.h) for i in range(kh)])
        planner.panels[key] = table.buffer_info()[0]
        planner.keep.append(table)
    return tuple(runs), planner.panels[key]


def forward_max_pool(planner: Planner, op: Operation, followers: list[Operation]) -> list[Unit]:
    x, y = op.x, op.y
    if not is_small(op):
        rows, columns = ([(first, [1.0] * count) for first, count in axis_windows(op, axis)] for axis in (0, 1))
        return window_units(planner, "largest", y, value_of(x), value_of(y), rows, columns)
    runs, table = pool_windows(planner, op)
    kh = op.kernel[0]
    kernel = planner.kernel(layers.max_pool, kh, runs, y.c, op.stride[1] * x.pixel, y.pixel, y.row)
    return [Unit(kernel, [x.address, y.address + first * y.row, table + 8 * kh * first, count], first / y.h,
                 60.0 * count * y.w * y.c)
            for first, count in divide(y.h, 60 * y.w * y.c)]


def backward_max_pool(run: Backward, op: Operation) -> None:
    planner, x = run.planner, op.x
    fresh = x.name not in run.live and (not is_small(op) or leaves_gaps(op))
    if fresh:
        run.write(planner.fill(x, planner.gradient_of(x), x.h, x.w), [], x)
    if is_small(op):
        run.give([op], "relu" if fresh else "new", lambda add, mask: max_pool_units(planner, op, not add, bool(mask)))
    else:
        run.give([op], "no", lambda add, _: max_window_units(planner, op))


def max_window_units(planner: Planner, op: Operation) -> list[Unit]:
    """A unit is a vector of channels of the whole map."""
    x, y, V = op.x, op.y, planner.asm.V
    tables = [array.array("q", [word for first, count in axis_windows(op, axis) for word in (first * distance, count)])
              for axis, distance in ((0, x.row), (1, x.pixel))]
    planner.keep += tables
    lines, columns = (table.buffer_info()[0] for table in tables)
    return [Unit(planner.kernel(maps.max_window_gradient, min(V, x.c - first), y.w, x.pixel, x.row, y.pixel, y.row),
                 [x.address + 4 * first, y.address + 4 * first, x.delta, y.delta, lines, columns, y.h], first / x.c,
                 100.0 * y.h * y.w * math.prod(op.kernel))
            for first in range(0, x.c, V)]


Windows = list[tuple[int, list[float]]]    # along one axis: of each, the first cell and what each cell weighs


def window_units(planner: Planner, what: str, y_like: Tensor, x: Place, y: Place, rows: Windows, columns: Windows,
                 add: bool = False) -> list[Unit]:
    """See the kernel. A unit is a row."""
    weights = array.array("f", [weight for _, cells in (*rows, *columns) for weight in cells])
    at, starts = weights.buffer_info()[0], []
    for _, cells in (*rows, *columns):
        starts.append(at)
        at += 4 * len(cells)
    table = array.array("q", [word for (first, cells), start in zip(columns, starts[len(rows):])
                              for word in (first * x.pixel, len(cells), start)])
    planner.keep += [weights, table]
    kernel = planner.kernel(maps.window_row, what, y_like.c, y_like.w, x.pixel, x.row, y.pixel, add)
    return [Unit(kernel, [x.address + first * x.row, y.address + number * y.row, len(cells), start,
                          table.buffer_info()[0]], number / y_like.h, 30.0 * y_like.w * y_like.c * len(cells))
            for number, ((first, cells), start) in enumerate(zip(rows, starts))]


def max_pool_units(planner: Planner, op: Operation, clear: bool, mask: bool) -> list[Unit]:
    """A unit is about 7 rows of dx, 4 for many threads. Windows that reach into two units are computed twice."""
    (kh, kw), (down, _), x, y = op.kernel, op.stride, op.x, op.y
    if (x.w + kw + kh * kw) * (x.pixel + 64) > Threads.SCRATCH_SIZE:
        raise Refused(f"{op.name}: rows of {x.w * x.pixel} bytes are too long")
    nothing = planner.row_of_nan((x.w + kw) * x.pixel)
    parts = max(1, x.h // (7 if planner.jobs < 8 else 4))
    bounds = [x.h * i // parts for i in range(parts + 1)]
    first_rows = [o * down - op.top for o in range(y.h)]
    kernel = planner.kernel(layers.max_pool_gradient, op.kernel, op.stride, op.left, x.w, y.w, x.c, x.pixel, x.row,
                            y.pixel, y.row, clear, mask)
    units = []
    for top, bottom in zip(bounds, bounds[1:]):
        mine = [o for o in range(y.h) if first_rows[o] < bottom and top < first_rows[o] + kh]
        table = array.array("q")
        for o in mine:
            rows = range(first_rows[o], first_rows[o] + kh)
            table.extend(x.address + r * x.row if 0 <= r < x.h else nothing for r in rows)
            table.extend(x.address + x.delta + r * x.row if top <= r < bottom else 0 for r in rows)
            # The first row of all is one that windows above would have reached already.
            new = clear and o == 0 and top == 0 and kh > down
            table.append(x.address + x.delta if new else 0)
        planner.keep.append(table)
        at = y.address + mine[0] * y.row
        units.append(Unit(kernel, [at, at + y.delta, table.buffer_info()[0], len(mine)], top / x.h,
                          200.0 * len(mine) * y.w * x.c))
    return units


def normalize(planner: Planner, op: Operation, backward: bool, add: bool = False, mask: bool = False) -> list[Unit]:
    x, y, p = op.x, op.y, op.parameters
    vectors = -(-x.c // planner.asm.V) + layers.gap_vectors(planner.asm.V, p["depth_radius"])
    block = max(1, min(x.w, 8192 // (4 * planner.asm.V * vectors)))
    kernel = planner.kernel(layers.normalize, x.c, x.w, block, p["depth_radius"], float(p["alpha"]), float(p["beta"]),
                            float(p["bias"]), x.pixel, x.row, y.pixel, y.row, backward, add, mask)
    return [Unit(kernel, [x.address + first * x.row, y.address + backward * y.delta + first * y.row,
                          x.delta, count], first / x.h, 200.0 * count * x.w * x.c)
            for first, count in divide(x.h, 200 * x.w * x.c)]


def forward_normalize(planner: Planner, op: Operation, followers: list[Operation]) -> list[Unit]:
    return normalize(planner, op, False)


def backward_normalize(run: Backward, op: Operation) -> None:
    run.give([op], "relu", lambda add, mask: normalize(run.planner, op, True, add, bool(mask)))


def forward_concatenate(planner: Planner, op: Operation, followers: list[Operation]) -> list[Unit]:
    """The parts that lie elsewhere are copied."""
    units, channel = [], 0
    for x in op.inputs:
        if x.whole is not op.y:
            there = value_of(op.y)
            units += planner.combine((), x, value_of(x), there._replace(address=there.address + 4 * channel))
        channel += x.c
    return units


def backward_concatenate(run: Backward, op: Operation) -> None:
    planner, channel = run.planner, 0
    for part in op.inputs:
        if part.whole is not op.y:
            there = planner.gradient_of(op.y)
            units = planner.combine(("add",) * (part.name in run.live), part,
                                    there._replace(address=there.address + 4 * channel), planner.gradient_of(part))
            run.write(units, [op.y.range("gradient")], part)
        run.live.add(part.name)
        channel += part.c


def whole_map(planner: Planner, op: Operation, mode: str) -> list[Unit]:
    """The mean of a whole map."""
    x, y, V = op.x, op.y, planner.asm.V
    dx, dy = (0, 0) if mode == "forward" else (x.delta, y.delta)
    group = 4 * V
    return [Unit(planner.kernel(layers.average_pool, min(group, x.c - first), x.h, x.w, x.pixel, x.row, mode),
                 [x.address + dx + 4 * first, y.address + dy + 4 * first], first / x.c, 10.0 * x.h * x.w)
            for first in range(0, x.c, group)]


def average_windows(op: Operation, axis: int) -> Windows:
    """The share of a cell in a mean is one number for its row times one for its column."""
    padding, kernel, windows = op.parameters.get("padding", "SAME"), op.kernel[axis], []
    size, before = ((op.x.h, op.top), (op.x.w, op.left))[axis]
    behind = {"SAME": kernel, "VALID": 0}[padding] if isinstance(padding, str) else padding[axis][1]
    for o, (first, count) in enumerate(axis_windows(op, axis)):
        place = o * op.stride[axis] - before
        counts = min(place + kernel, size + behind) - place if op.parameters.get("count_pad") else count
        windows.append((first, [1.0 / counts] * count))
    return windows


def forward_average_pool(planner: Planner, op: Operation, followers: list[Operation]) -> list[Unit]:
    if op.kernel == op.x.shape[:2] and op.y.shape[:2] == (1, 1) and not op.parameters.get("count_pad"):
        return whole_map(planner, op, "forward")
    return window_units(planner, "sum", op.y, value_of(op.x), value_of(op.y), average_windows(op, 0),
                        average_windows(op, 1))


def backward_average_pool(run: Backward, op: Operation) -> None:
    """A cell is given its share of the gradients of all windows that it is in: a sum over a window of those."""
    planner, x, y = run.planner, op.x, op.y
    if op.kernel == x.shape[:2] and y.shape[:2] == (1, 1) and not op.parameters.get("count_pad"):
        run.give([op], "no", lambda add, _: whole_map(planner, op, "add" if add else "store"))
        return
    rows, columns = (turned(average_windows(op, axis), x.shape[axis]) for axis in (0, 1))
    run.give([op], "no", lambda add, _: window_units(planner, "sum", x, planner.gradient_of(y), planner.gradient_of(x),
                                                     rows, columns, add))


def turned(windows: Windows, size: int) -> Windows:
    """For each of `size` cells: the windows that it is in, which follow each other, and what it weighs there."""
    result: Windows = []
    for cell in range(size):
        mine = [(number, cells[cell - first]) for number, (first, cells) in enumerate(windows)
                if 0 <= cell - first < len(cells)]
        result.append((mine[0][0], [weight for _, weight in mine]) if mine else (0, [0.0]))
    return result


def pixels_of(op: Operation) -> list[tuple[int, int]]:
    """The addresses of every pixel of x and y."""
    return [(op.x.address + i * op.x.row + j * op.x.pixel, op.y.address + i * op.y.row + j * op.y.pixel)
            for i in range(op.x.h) for j in range(op.x.w)]


def forward_softmax(planner: Planner, op: Operation, followers: list[Operation]) -> list[Unit]:
    return [Unit(planner.kernel(layers.softmax, op.y.c), [x, y]) for x, y in pixels_of(op)]


def backward_softmax(run: Backward, op: Operation) -> None:
    run.give([op], "no", lambda add, _: [Unit(run.planner.kernel(layers.softmax_gradient, op.y.c, add),
                                              [x, y, op.x.delta, op.y.delta]) for x, y in pixels_of(op)])


# ---- What can be computed --------------------------------------------------------------------------------------------

class Row(NamedTuple):
    """A row of the table as `cannot` sees it."""
    inputs: list[int]                          # channels of each
    channels: int
    weights: list[tuple[int, ...]]             # shapes
    parameters: dict[str, Any]
    in_place: bool                             # in the buffer of its input


def cannot_weights(row: Row, inputs: int, count: int, shape: tuple[int, ...]) -> str:
    """shape: what that of the weights must be; 0 for any size."""
    if len(row.inputs) != inputs or len(row.weights) != count:
        return (f"with {len(row.inputs)} layers and {len(row.weights)} weights as inputs; "
                f"expected {inputs} and {count}")
    for found in row.weights:
        if len(found) != len(shape) or any(f != size for f, size in zip(found, shape) if size):
            return (f"with weights {' x '.join(map(str, found))}; "
                    f"expected {' x '.join(str(size) if size else 'any' for size in shape)}")
    return ""


def cannot_convolution(row: Row) -> str:
    groups = row.parameters.get("groups", 1)
    if any(channels % groups for channels in (*row.inputs, row.channels)):
        return f"of {' + '.join(map(str, row.inputs))} to {row.channels} channels in {groups} groups"
    return cannot_weights(row, 1, 1, (0, 0, *(channels // groups for channels in row.inputs), row.channels))


def cannot_product(row: Row) -> str:
    """The matrix may have more dimensions; all but the last one count as rows."""
    row = row._replace(weights=[(math.prod(shape[:-1]), shape[-1]) for shape in row.weights])
    why = cannot_weights(row, 1, 1, (0, row.channels))
    if not why and row.weights[0][0] % row.inputs[0]:
        why = f"with {row.weights[0][0]} rows of weights for a map of {row.inputs[0]} channels"
    return why


def cannot_bias(row: Row) -> str:
    return cannot_weights(row, 1, 1, (row.channels,))


def cannot_one_input(row: Row) -> str:
    if row.inputs and row.inputs[0] != row.channels:
        return f"from {row.inputs[0]} to {row.channels} channels"
    return cannot_weights(row, 1, 0, ())


def cannot_clip(row: Row) -> str:
    low, high = (row.parameters.get(name, limit) for name, limit in (("low", -math.inf), ("high", math.inf)))
    return cannot_one_input(row) or f"from {low} to {high}" * (not low < high)


def cannot_scale(row: Row) -> str:
    return cannot_weights(row, 1, 1, (row.channels,))


def cannot_add(row: Row) -> str:
    if any(channels != row.channels for channels in row.inputs):
        return f"of {' + '.join(map(str, row.inputs))} channels to {row.channels}"
    return cannot_weights(row, 2, 0, ())


def cannot_pad(row: Row) -> str:
    if min(min(sides) for sides in row.parameters["padding"]) < 0:
        return f"with padding {row.parameters['padding']}"
    return cannot_one_input(row)


def cannot_shuffle(row: Row) -> str:
    groups = row.parameters["groups"]
    return cannot_one_input(row) or f"of {row.channels} channels in {groups} groups" * (row.channels % groups > 0)


def cannot_slice(row: Row) -> str:
    first, count = row.parameters.get("part") or (0, row.channels)
    if row.inputs and not (first >= 0 and row.channels == count <= row.inputs[0] - first):
        return f"of channels {first} to {first + count} of {row.inputs[0]} as {row.channels}"
    sides = row.parameters.get("crop", ((0, 0), (0, 0)))
    return cannot_weights(row, 1, 0, ()) or f"without {sides}" * (min(map(min, sides)) < 0)


def cannot_normalize(row: Row) -> str:
    p = row.parameters
    missing = [name for name in ("depth_radius", "alpha", "beta", "bias") if name not in p]
    if missing:
        return f"without {missing[0]}"
    if p["beta"] not in (0.5, 0.75, 1.0):
        return f"with beta {p['beta']}; known are 0.5, 0.75 and 1"
    if not 1 <= p["depth_radius"] <= MOST_NEIGHBOURS:
        return f"with depth_radius {p['depth_radius']}; expected 1 to {MOST_NEIGHBOURS}"
    if p["bias"] <= 0 or p["alpha"] < 0:
        return f"with bias {p['bias']} and alpha {p['alpha']}; what is under the root must be above 0"
    return cannot_one_input(row)


def cannot_layer_norm(row: Row) -> str:
    epsilon = row.parameters.get("epsilon", 1e-6)
    return cannot_one_input(row) or f"with epsilon {epsilon}; expected one above 0" * (not epsilon > 0)


def cannot_concatenate(row: Row) -> str:
    if not row.inputs or sum(row.inputs) != row.channels:
        return f"of {' + '.join(map(str, row.inputs)) or 'no'} channels to {row.channels}"
    return cannot_weights(row, len(row.inputs), 0, ())


def cannot_placeholder(row: Row) -> str:
    return cannot_weights(row, 0, 0, ())


class Layer(NamedTuple):
    """How one kind of layer is planned, and which."""
    forward: Callable[[Planner, Operation, list[Operation]], list[Unit]]
    backward: Callable[[Backward, Operation], None]
    cannot: Callable[[Row], str]                # why not, or ""
    parameters: tuple[str, ...] = ()            # those that are honoured
    in_place: bool = False                      # may write where its input lies
    passing: tuple[tuple[str, ...], ...] = ()   # kinds that may follow, one of each, and are done in passing


LAYERS = {
    "Placeholder": Layer(forward_nothing, backward_nothing, cannot_placeholder),
    "Conv2D": Layer(forward_convolution, backward_convolution, cannot_convolution,
                    ("stride", "padding", "dilation", "groups"), passing=(("BiasAdd",), tuple(GATES))),
    "MatMul": Layer(forward_convolution, backward_product, cannot_product, ("layout",),
                    passing=(("BiasAdd",), tuple(GATES))),
    "BiasAdd": Layer(forward_map, backward_map, cannot_bias, in_place=True, passing=(tuple(GATES),)),
    "Scale": Layer(forward_map, backward_map, cannot_scale, in_place=True, passing=(("BiasAdd",), tuple(GATES))),
    "Add": Layer(forward_map, backward_add, cannot_add, passing=(tuple(GATES),)),
    "Relu": Layer(forward_map, backward_map, cannot_one_input, in_place=True),
    "Relu6": Layer(forward_map, backward_map, cannot_clip, ("low", "high"), in_place=True),
    "Clip": Layer(forward_map, backward_map, cannot_clip, ("low", "high"), in_place=True),
    "LeakyRelu": Layer(forward_map, backward_map, cannot_one_input, ("alpha",), in_place=True),
    "Sigmoid": Layer(forward_sigmoid, backward_map, cannot_one_input, in_place=True),
    "Gelu": Layer(forward_gelu, backward_gelu, cannot_one_input, ("approximate",)),
    "LayerNorm": Layer(forward_layer_norm, backward_layer_norm, cannot_layer_norm, ("epsilon",),
                       passing=(("Scale",), ("BiasAdd",))),
    "Mul": Layer(forward_multiply, backward_multiply, cannot_add),
    "MaxPool": Layer(forward_max_pool, backward_max_pool, cannot_one_input, ("ksize", "stride", "padding", "ceil")),
    "AvgPool": Layer(forward_average_pool, backward_average_pool, cannot_one_input,
                     ("ksize", "stride", "padding", "ceil", "count_pad")),
    "LRN": Layer(forward_normalize, backward_normalize, cannot_normalize, ("depth_radius", "alpha", "beta", "bias")),
    "ConcatV2": Layer(forward_concatenate, backward_concatenate, cannot_concatenate),
    "Pad": Layer(forward_pad, backward_pad, cannot_pad, ("padding", "value")),
    "Shuffle": Layer(forward_shuffle, backward_shuffle, cannot_shuffle, ("groups",)),
    "Slice": Layer(forward_slice, backward_slice, cannot_slice, ("crop", "part")),
    "Softmax": Layer(forward_softmax, backward_softmax, cannot_one_input),
}

# Parameters that are what every layer does anyway
MATTER_OF_COURSE = {"padding": "SAME", "dilations": (1, 1), "data_format": "NHWC"}


def cannot(operations, weights) -> str:
    """Which operation of a table cannot be computed and why, or ""."""
    channels: dict[str, int] = {}
    buffers: dict[str, str] = {}
    for name, kind, inputs, buffer, shape, parameters in operations:
        layer = LAYERS.get(kind)
        if layer is None:
            return f"{name}: {kind} is no kind of layer that is known"
        for parameter, value in parameters.items():
            usual = MATTER_OF_COURSE.get(parameter)
            if parameter not in layer.parameters and (usual is None or
                                                      (tuple(value) if isinstance(value, list) else value) != usual):
                return f"{name}: {kind} with {parameter} {value}"
        strange = [i for i in inputs if i not in channels and i not in weights]
        if strange:
            return f"{name}: its input {strange[0]} is neither a layer before it nor a weight"
        row = Row([channels[i] for i in inputs if i in channels], shape[2],
                  [tuple(weights[i][0]) for i in inputs if i in weights], parameters,
                  bool(inputs) and buffers.get(inputs[0]) == buffer)
        why = layer.cannot(row)
        if not why and row.in_place and not layer.in_place:
            why = "in the memory of its input"
        if why:
            return f"{name}: {kind} {why}"
        channels[name], buffers[name] = shape[2], buffer
    inputs_of_all = [row[0] for row in operations if row[1] == "Placeholder"]
    if len(inputs_of_all) != 1:
        return f"{len(inputs_of_all)} inputs ({', '.join(inputs_of_all)}); expected one"
    return ""


class Py_buffer(ctypes.Structure):
    """Where an object keeps its bytes; the first fields of CPython's struct of this name, and room for the others."""
    _fields_ = [("address", ctypes.c_void_p), ("owner", ctypes.py_object), ("length", ctypes.c_ssize_t),
                ("others", ctypes.c_void_p * 8)]


def buffer_address(values) -> int:
    """The address of a buffer's memory, also of one that must not be written (which ctypes alone refuses)."""
    view = Py_buffer()
    get, release = ctypes.pythonapi.PyObject_GetBuffer, ctypes.pythonapi.PyBuffer_Release
    get.argtypes, get.restype = (ctypes.py_object, ctypes.POINTER(Py_buffer), ctypes.c_int), ctypes.c_int
    release.argtypes, release.restype = (ctypes.POINTER(Py_buffer),), None
    get(values, ctypes.byref(view), 0)
    at = view.address
    release(ctypes.byref(view))
    return at
