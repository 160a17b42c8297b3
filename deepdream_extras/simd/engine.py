"""The engine: what deepdream asks for, as tapes of kernels."""

from __future__ import annotations

import array
import math
import struct
import weakref
from collections.abc import Callable, Iterator, Mapping, Sequence
from fractions import Fraction
from typing import Any

import deepdream

from .kernels import pictures
from .memory import Refused
from .planning import LARGEST_UNIT, Backward, Planner, Seed, buffer_address, cannot, divide, plan_forward
from .tape import Tape, Threads, Unit
from .tensors import Memory
from .verdict import probe


class SimdEngine:
    """Runs a table of operations on pictures of one size as machine code.

    operations: rows (name, kind, inputs, buffer, shape, parameters) as in inception_graph.OPERATIONS
    weights:    operand name -> (shape, flat float32 view)
    jobs:       threads; the results are the same for any number
    input:      how pictures are brought to the network
    exact:      all convolutions by the direct method (see planning.Planner.winograd for which are not otherwise)

    Operations are numbered as in the table. `read`, `write`, `seed` and `gradient` take an operation's name.
    The parts of a concatenation lie in its buffer, for values and gradients; so the gradient of a whole is to be read
    before `backward` goes on to the ReLUs of its parts. Gradients of other layers go soon after (see tensors.Memory).
    `notes` has a line for each thing that the system refused and the engine does without. Refused: one that it cannot
    do without.
    """

    Memory = Memory

    def __init__(self, operations, weights, height: int, width: int, jobs: int = 1,
                 input: deepdream.Input | None = None, instruction_set: str = "", exact: bool = False):
        self.set, reason = (instruction_set, "") if instruction_set else probe()
        if reason:
            raise Refused(reason)
        self.name = f"simd {self.set}"
        self.height, self.width, self.input = height, width, input or deepdream.Input()
        reason = cannot(operations, weights)
        if reason:
            raise ValueError(reason)
        self.shapes = deepdream.tensor_shapes(operations, weights, height, width)
        self.memory = self.Memory(operations, weights, self.shapes, (height, width))
        self.planner = Planner(self.set, self.memory, max(jobs, 1), exact)
        self.threads = Threads(self.set, max(jobs, 1))
        weakref.finalize(self, self.threads.close)    # also when Python ends
        self.jobs, self.notes = self.threads.jobs, self.threads.notes
        self.numbers, self.operations = self.memory.numbers, self.memory.operations
        self.tapes: dict[tuple, Tape] = {}
        self.lives: dict[tuple, frozenset[str]] = {}    # backward passes -> which tensors have a gradient afterwards
        self.live: frozenset[str] = frozenset()         # tensors whose gradient is not zero
        self.seeds: list[Seed] = []                     # those that are still to come in a backward pass
        self.deepest = -1                               # number of the operation that has the deepest one
        self.seed_values: dict[tuple[str, str], array.array] = {}
        self.holds: dict[str, int] = {}                 # buffer -> the operation that wrote there last

    @staticmethod
    def cannot(operations, weights) -> str:
        """Which operation of a table cannot be computed here and why; "" if all can."""
        return probe()[1] or cannot(operations, weights)

    # Tensors

    def write(self, name: str, values) -> None:
        """Fill a tensor, normally 'data', from a flat float32 buffer."""
        self.memory.fill(self.memory.tensor(name), False, self.checked(name, values))
        self.holds[self.memory.buffers[name]] = self.numbers[name]

    def read(self, name: str) -> array.array:
        """A copy of a tensor as the last `forward` left it: flat float32, of shape self.shapes[name]."""
        return self.memory.copy_out(self.memory.tensor(name), False)

    def checked(self, name: str, values) -> memoryview:
        """A float32 view of as many values as a tensor has."""
        view: Any = memoryview(values)
        shape = self.shapes[name]
        if view.format != "f":
            view = view.cast("B").cast("f")
        if len(view) != math.prod(shape):
            raise ValueError(f"{name}: {len(view)} numbers for a tensor of {' x '.join(map(str, shape))}")
        return view

    # Passes

    def tape(self, key: tuple, plan: Callable[[Tape], None]) -> Tape:
        """The tape of that name; planned, and all weights put in order for it, when it is asked for first."""
        if key not in self.tapes:
            planner, tape = self.planner, Tape(self.set, self.jobs)
            panels, free = dict(planner.panels), self.memory.free
            try:
                plan(tape)
                if planner.packing:
                    packing = Tape(self.set, self.jobs)
                    packing.add(planner.packing, [], [("weights", 0, 1)])
                    packing.add(planner.repacking, [("weights", 0, 1)], [])
                    self.threads.run(packing.finish(), meanwhile=tape.finish)
                else:
                    tape.finish()
                self.tapes[key] = tape
            except BaseException as error:    # Ctrl-C, perhaps: what has been put in order is not to be relied on
                planner.panels, self.memory.free = panels, free
                if isinstance(error, MemoryError):
                    raise Refused("no memory for the plan of a pass") from None
                raise
            finally:
                planner.packing, planner.repacking = [], []
        return self.tapes[key]

    def fixed_tape(self, key: str, units: Callable[[], list[Unit]]) -> Tape:
        """One with a single task."""
        return self.tape((key,), lambda tape: tape.add(units(), [], []))

    def forward(self, stop: int, start: int = 0) -> None:
        """Run operations number start .. stop - 1."""
        tape = self.tape(("forward", start, stop), lambda tape: plan_forward(self.planner, tape, start, stop))
        self.threads.run(tape)
        for number, op in enumerate(self.operations[start:stop], start):
            self.holds[op.y.name] = number

    def seed(self, seeds: Mapping[str, object]) -> None:
        """Begin a backward pass: all gradients zero but for these layers.

        None: the layer's own activations, the gradient of |layer|^2 / 2; deepdream.Factors: activations times a factor
        per channel; else a flat float32 buffer. The deepest is there at once, the others are added when `backward`
        comes to their operations, before those operations' own gradients.
        """
        self.live, self.seeds, self.deepest = frozenset(), [], -1
        prepared = sorted((self.prepare(name, values) for name, values in seeds.items()), reverse=True)
        if prepared:
            self.deepest = prepared[0].number
            self.run_backward(self.deepest + 1, self.deepest + 1, prepared[:1])
            self.seeds = prepared[1:]

    def prepare(self, name: str, values) -> Seed:
        """The seed at a layer; its values are copied."""
        number, t = self.numbers[name], self.memory.tensor(name)
        factors = isinstance(values, deepdream.Factors)
        deepdream.check_seed(name, values, self.operations, number, self.holds.get(t.name, number))
        if values is None:
            return Seed(number, "own", 0)
        if factors and len(values) != t.c:
            raise ValueError(f"{name}: {len(values)} factors for {t.c} channels")
        kind = "factors" if factors else "values"
        numbers = memoryview(array.array("f", values)) if factors else self.checked(name, values)
        room = self.seed_values.setdefault((kind, name), array.array("f", bytes(4 * len(numbers))))
        memoryview(room)[:] = numbers
        return Seed(number, kind, room.buffer_info()[0])

    def backward(self, stop: int, start: int = 0) -> None:
        """Run the gradients of operations number stop - 1 down to start, in that order; none above the deepest seed."""
        stop = max(min(stop, self.deepest + 1), start)
        due = [seed for seed in self.seeds if seed.number >= start - 1]
        self.run_backward(stop, start, due)
        self.seeds = self.seeds[len(due):]

    def run_backward(self, stop: int, start: int, seeds: Sequence[Seed]) -> None:
        key = "backward", start, stop, self.live, *seeds

        def plan(tape: Tape) -> None:
            self.lives[key] = Backward(self.planner, tape, self.live, seeds, start, stop).plan()

        tape = self.tape(key, plan)
        if tape.phases:
            self.threads.run(tape)
        self.live = self.lives[key]

    def gradient(self, name: str) -> array.array:
        """A copy of d(name), complete once `backward` has run down to the operation that follows it; when it goes on,
        others come to lie there. ValueError: they have."""
        t = self.memory.tensor(name)
        if t.name not in self.live:
            return array.array("f", bytes(4 * math.prod(t.shape)))
        if self.memory.replaced(t, self.live):
            raise ValueError(f"{name}: its gradient is gone; read it before backward goes on to earlier operations")
        return self.memory.copy_out(t, True)

    def close(self) -> None:
        """End the threads and give the memory back as soon as nobody holds a view of it."""
        self.threads.close()
        self.tapes.clear()

    # Pictures. A tile's pixels come and go by way of `staging`: there rows of bytes that are no whole vectors have room
    # behind them, as kernels read and write a little too far then; rows of floats have none.

    def picture_units(self, what: str, wide: bool) -> list[Unit]:
        """what: "load" from staging into data, "store" from data into staging, "exchange" red and blue in staging."""
        data, memory, line = self.memory.data, self.memory, 3 * self.width
        staging_row = 4 * line if wide else memory.staging_row
        how = wide, tuple(self.input.mean), float(self.input.scale)
        kernel = self.planner.kernel
        units = []
        for first, count in divide(self.height, 30 * line):
            cost = 30.0 * line * count
            there, here = memory.staging + first * staging_row, data.address + first * data.row
            if what == "load":
                unit = Unit(kernel(pictures.load_pixels, line, staging_row, data.row, *how), [there, here, count],
                            first / self.height, cost)
            elif what == "store":
                unit = Unit(kernel(pictures.store_pixels, line, data.row, staging_row, *how), [here, there, count],
                            first / self.height, cost)
            else:
                unit = Unit(kernel(pictures.exchange, self.width, staging_row, wide), [there, count],
                            first / self.height, cost)
            units.append(unit)
        return units

    def run_picture(self, what: str, wide: bool) -> None:
        self.threads.run(self.fixed_tape(f"{what} {'floats' if wide else 'bytes'}",
                                         lambda: self.picture_units(what, wide)))

    def load_tile(self, tile) -> None:
        """data [h, w, c] = (tile - mean) * scale, of height * width * 3 levels as bytes or as array("f")."""
        memory, line = self.memory, 3 * self.width
        wide = isinstance(tile, array.array)
        pixels, at = memoryview(tile).cast("B"), memory.staging - memory.base
        size = (4 if wide else 1) * line * self.height
        if len(pixels) != size:
            raise ValueError(f"a tile of {len(pixels)} bytes; expected {size} for {self.width} x {self.height} pixels")
        if wide or memory.staging_row == line:
            memory.arena[at:at + size] = pixels
        else:
            for first in range(0, size, line):
                memory.arena[at:at + line] = pixels[first:first + line]
                at += memory.staging_row
        if self.input.order == "RGB":
            self.run_picture("exchange", wide)
        self.run_picture("load", wide)
        self.holds[memory.data.name] = self.numbers[memory.data.name]

    def store_tile(self, rounded: bool = True) -> bytearray | array.array:
        """The levels data / scale + mean, clipped to 0..255: rounded half up, as bytes, or as array("f")."""
        memory, line = self.memory, 3 * self.width
        self.run_picture("store", not rounded)
        if self.input.order == "RGB":
            self.run_picture("exchange", not rounded)
        at = memory.staging - memory.base
        if not rounded:
            return array.array("f", memory.arena[at:at + 4 * line * self.height])
        if memory.staging_row == line:
            return bytearray(memory.arena[at:at + line * self.height])
        tile = bytearray()
        for first in range(at, at + self.height * memory.staging_row, memory.staging_row):
            tile += memory.arena[first:first + line]
        return tile

    def ascend(self, step: float) -> float:
        """data += step * scale * g / mean |g| for the gradient g of data, so that levels move by `step` on average;
        returns mean |g|, and does nothing where it is 0."""
        data, memory, planner = self.memory.data, self.memory, self.planner
        parts = divide(self.height, LARGEST_UNIT * 8 // self.height)
        V, factor, line = planner.asm.V, memory.sums + 2048, 3 * self.width

        def plan_sum() -> list[Unit]:
            kernel = planner.kernel(pictures.sum_absolute, line, data.row)
            return [Unit(kernel, [data.address + data.delta + first * data.row, memory.sums + 4 * V * i, count],
                         first / self.height, 20.0 * line * count)
                    for i, (first, count) in enumerate(parts)]

        def plan_add() -> list[Unit]:
            kernel = planner.kernel(pictures.add_scaled, line, data.row)
            return [Unit(kernel, [data.address + first * data.row, data.delta, factor, count],
                         first / self.height, 20.0 * line * count)
                    for first, count in parts]

        if data.name not in self.live:
            return 0.0
        self.threads.run(self.fixed_tape("sum", plan_sum))
        at = (memory.sums - memory.base) // 4
        mean = math.fsum(memory.floats[at:at + len(parts) * V]) / (line * self.height)
        if mean > 0.0:
            memory.floats[(factor - memory.base) // 4] = step * self.input.scale / mean
            self.threads.run(self.fixed_tape("ascend", plan_add))
        return mean

    def upscale(self, picture: deepdream.Picture, scale: Fraction, c89: bool) -> deepdream.Picture:
        """An enlarged copy of a picture, bilinear: of bytes exactly as deepdream.upscale.

        Of floats: pixel i lies at i / scale in the old picture, exactly; what there is between the neighbours at a
        distance of u is p + (q - p) * u, in float32. Beyond the edge the last pixel goes on.
        """
        if isinstance(picture.pixels, array.array):
            return self.upscale_floats(picture, scale)
        w, h = picture.width, picture.height
        width, height = int(w * scale), int(h * scale)
        one = 255 if c89 else 256
        last_x, last_y = (w, h) if c89 else (w - 1, h - 1)    # c89 takes what lies behind the last pixel or row

        def sources(new: int, last: int, distance: int) -> Iterator[tuple[int, int, int]]:
            for i in range(new):
                at, u = divmod((i << 8) * scale.denominator // scale.numerator, 256)
                yield at * distance, min(at + 1, last) * distance, u

        source = bytearray(picture.pixels) + bytes(3 * (w + 1))
        result = bytearray(3 * width * height)
        table = array.array("q", [word for words in sources(width, last_x, 3) for word in words])
        upper, new, columns = buffer_address(source), buffer_address(result), table.buffer_info()[0]
        kernel = self.planner.kernel(pictures.blend)
        self.run_units([Unit(kernel, [new + 3 * width * y, upper + first, upper + second, v, columns, width, one],
                             y / height)
                        for y, (first, second, v) in enumerate(sources(height, last_y, 3 * w))])
        return deepdream.Picture(width, height, result)

    def upscale_floats(self, picture: deepdream.Picture, scale: Fraction) -> deepdream.Picture:
        w, h = picture.width, picture.height
        width, height = int(w * scale), int(h * scale)

        def sources(new: int, last: int, distance: int) -> Iterator[tuple[int, int, float]]:
            for i in range(new):
                at, rest = divmod(i * scale.denominator, scale.numerator)
                yield at * distance, min(at + 1, last) * distance, rest / scale.numerator

        result: Any = array.array("f", bytes(12 * width * height))
        table = bytearray().join(struct.pack("<2qfxxxx", *words) for words in sources(width, w - 1, 12))
        rows = list(sources(height, h - 1, 12 * w))
        weights = array.array("f", [v for *_, v in rows])
        old, new, columns = buffer_address(picture.pixels), result.buffer_info()[0], buffer_address(table)
        kernel, at = self.planner.kernel(pictures.blend_floats), weights.buffer_info()[0]
        self.run_units([Unit(kernel, [new + 12 * width * y, old + first, old + second, at + 4 * y, columns, width],
                             y / height)
                        for y, (first, second, _) in enumerate(rows)])
        return deepdream.Picture(width, height, result)

    # For deepdream.Fit, in float32; what is to be exact takes Python's path in doubles where the picture is small

    exact_below = 1 << 20       # levels

    @staticmethod
    def part_line(fit: deepdream.Fit, part) -> int:
        """Levels in a row of the part."""
        if len(part) != 3 * fit.part_width * fit.part_height:
            raise ValueError(f"{len(part)} levels; expected {fit.part_width} x {fit.part_height} pixels")
        return 3 * fit.part_width

    def fit(self, fit: deepdream.Fit, part) -> array.array:
        """fit.forward of the part that counts, as bytes or array("f")."""
        line = self.part_line(fit, part)
        if (fit.exact and len(part) < self.exact_below) or line < self.planner.asm.V:
            return fit.forward(part)
        size, lower = 4 if isinstance(part, array.array) else 1, array.array("f", bytes(4 * line * fit.high))
        x, y = buffer_address(part), lower.buffer_info()[0]
        weights, places = flat_weights(fit.rows)
        kernel = self.planner.kernel(pictures.mix_rows, line, size * line, size == 4)
        self.run_units([Unit(kernel, [x + size * line * first, y + 4 * line * i, at, count], i / fit.high)
                        for i, (first, count, at) in enumerate(places)])
        return self.mix_columns(lower, fit.part_width, fit.columns)

    def fool(self, fit: deepdream.Fit, gradient, part: array.array, step: float) -> None:
        """part += step * the sign of the gradient that fit.backward brings to it, clipped to 0..255. That gradient
        itself, as large as the picture, is never all there."""
        if len(part) < self.exact_below:
            deepdream.fool(fit, gradient, part, step)
            return
        wide = self.mix_columns(array.array("f", gradient), fit.wide, fit.columns_back)    # [high, part_width, 3]
        line, length = self.part_line(fit, part), array.array("f", [step])
        weights, places = flat_weights(fit.rows_back)
        x, y = wide.buffer_info()[0], part.buffer_info()[0]
        kernel = self.planner.kernel(pictures.move_by_sign, line, 4 * line)
        self.run_units([Unit(kernel, [x + 4 * line * first, y + 4 * line * i, at, count, length.buffer_info()[0]],
                             i / len(places))
                        for i, (first, count, at) in enumerate(places)])

    def mix_columns(self, x: array.array, width: int, mixes: deepdream.Mixes) -> array.array:
        """[h, len(mixes), 3] from [h, width, 3]"""
        height = len(x) // (3 * width)
        y = array.array("f", bytes(12 * height * len(mixes)))
        weights, places = flat_weights(mixes)
        table = array.array("q", [word for first, count, at in places for word in (12 * first, count, at)])
        kernel, where = self.planner.kernel(pictures.mix_columns), table.buffer_info()[0]
        self.run_units([Unit(kernel, [x.buffer_info()[0] + 12 * width * i, y.buffer_info()[0] + 12 * len(mixes) * i,
                                      where, len(mixes)], i / height) for i in range(height)])
        return y

    def roughness(self, power: bool, levels: array.array, height: int,
                  width: int) -> tuple[float, array.array]:
        """penalties.continuity (power) or penalties.total_variation of float32 levels: (value, gradient), in float32.

        Between two kernels that go row by row lie the derivatives by differences, [h + 1, 3 w] by those to the row
        below, with zeros above the first row, and [h, 3 + 3 w] by those to the next pixel, with zeros in front.
        """
        line, zeros, V = 3 * width, self.zeros, self.planner.asm.V
        gh, gw, sums = zeros((height + 1) * line), zeros(height * (line + 3)), zeros(height * V)
        result, scale = zeros(height * line), 1.0 / (height * line)
        kernel, last = self.planner.kernel(pictures.slopes, line, power), height - 1
        x, of_h, of_w, totals, y = (values.buffer_info()[0] for values in (levels, gh, gw, sums, result))
        self.run_units([Unit(kernel, [x + 4 * line * i, x + 4 * line * min(i + 1, last), of_h + 4 * line * (i + 1),
                                      of_w + 4 * (line + 3) * i + 12, totals + 4 * V * i], i / height)
                        for i in range(height - power)])
        kernel = self.planner.kernel(pictures.divergence, line, scale)
        self.run_units([Unit(kernel, [of_h + 4 * line * i, of_h + 4 * line * (i + 1),
                                      of_w + 4 * (line + 3) * i + 12, y + 4 * line * i], i / height)
                        for i in range(height)])
        return math.fsum(sums) * scale, result

    @staticmethod
    def zeros(count: int) -> array.array:
        return array.array("f", bytes(4 * count))

    def as_floats(self, pixels) -> array.array:
        """Levels in bytes as array("f")."""
        result = array.array("f", bytes(4 * len(pixels)))
        self.convert(pictures.load_pixels, buffer_address(pixels), 1, result.buffer_info()[0], 4, len(pixels))
        done = len(pixels) // 192 * 192
        result[done:] = array.array("f", list(pixels[done:]))
        return result

    def as_bytes(self, levels: array.array) -> bytearray:
        """Levels rounded half up, within 0..255."""
        result = bytearray(len(levels))
        self.convert(pictures.store_pixels, levels.buffer_info()[0], 4, buffer_address(result), 1, len(levels))
        done = len(levels) // 192 * 192
        result[done:] = bytes(min(max(int(v + 0.5), 0), 255) for v in levels[done:])
        return result

    def convert(self, function, x: int, x_size: int, y: int, y_size: int, count: int) -> None:
        """All levels but the last few, in rows of 192: whole vectors, so that no kernel reads or writes too far."""
        kernel = self.planner.kernel(function, 192, 192 * x_size, 192 * y_size, False, (0.0, 0.0, 0.0), 1.0)
        rows = count // 192
        if rows:
            self.run_units([Unit(kernel, [x + 192 * x_size * first, y + 192 * y_size * first, number], first / rows)
                            for first, number in divide(rows, 30 * 192)])

    def run_units(self, units: list[Unit]) -> None:
        """Run them once."""
        tape = Tape(self.set, self.jobs)
        tape.add(units, [], [])
        self.threads.run(tape.finish())


def flat_weights(mixes: deepdream.Mixes) -> tuple[array.array, list[tuple[int, int, int]]]:
    """All weights in one array, and (first source, how many, address of the weights) for each result."""
    mixes = [(first, row or [0.0]) for first, row in mixes]
    weights = array.array("f", [weight for _, row in mixes for weight in row])
    places, at = [], weights.buffer_info()[0]
    for first, row in mixes:
        places.append((first, len(row), at))
        at += 4 * len(row)
    return weights, places
