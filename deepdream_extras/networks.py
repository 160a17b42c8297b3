"""Networks other than the shipped one: a frozen TensorFlow graph or an ONNX model becomes a deepdream.Model.

    model = networks.load("vgg16.pb")           # deepdream.load_model asks here for all but Inception-V1
    model.operations, model.weights             # a table as in inception_graph.py

frozen_graph.py and onnx_graph.py read the files and say, node by node, what is computed; this module makes rows of it,
formulas.py one of what these write out in many.
It leaves out training, sequences, and all that is no convolutional classifier of pictures; what a network needs and we
lack is named.

Letters as in deepdream.py. A graph moves its tensors about: NCHW here, NHWC there, flattened, cut into groups of
channels. A table knows maps [h, w, c] only. So each value of a graph is a map and its `dims`: for each dimension of the
graph's tensor the axes of the map that lie in it. Transposing, reshaping, squeezing and flattening change dims and
cost nothing; only a new order of the channels, once a layer needs it, becomes an operation of its own (Shuffle).
"""

from __future__ import annotations

import array
import math
from collections.abc import Callable, Iterable, Sequence
from itertools import chain, cycle, repeat
from operator import add, mul
from typing import Any, NamedTuple

import deepdream
from deepdream import DeepDreamError, Row, Shape, Weight, short

from . import families, objectives

MOST_STEPS = 20_000             # operations of a network; the largest known have 2,000
MOST_CHANNELS = 1 << 20
MOST_NUMBERS = 1 << 29          # in all weights: 2 GB
MOST_ARITHMETIC = 1 << 25       # numbers that a graph may compute from constants
ADVICE = "give another --model; docs/networks.md says which are known to work"


class Unknown(Exception):
    """What a graph wants and we lack, or what does not fit together: (found, expected)."""


def check(fits: Any, found: str, expected: str) -> None:
    if not fits:
        raise Unknown(found, expected)


# ---- Constants -------------------------------------------------------------------------------------------------------

class Constant(NamedTuple):
    """A constant tensor of a graph, row-major: floats in a flat buffer of float32, or whole numbers in a list."""
    shape: Shape
    values: Any

    def floats(self) -> bool:
        return not isinstance(self.values, list)

    def integers(self) -> list[int]:
        check(not self.floats() and len(self.values) <= 64, f"a constant of shape {list(self.shape)}",
              "a few whole numbers")
        return self.values

    def one(self) -> float:
        check(math.prod(self.shape) == 1, f"a constant of shape {list(self.shape)}", "a single number")
        return float(self.values[0])


def permuted(values: Any, shape: Shape, order: Sequence[int]) -> array.array:
    """A copy of a tensor with its axes in another order, as numpy.transpose has it: by slices, 10 ns a number."""
    check(len(values) <= MOST_NUMBERS, f"{len(values)} numbers in another order", f"at most {MOST_NUMBERS}")
    groups: list[list[int]] = []                # axes that stay neighbours count as one
    for axis in order:
        if groups and groups[-1][-1] == axis - 1:
            groups[-1].append(axis)
        else:
            groups.append([axis])
    places = sorted(range(len(groups)), key=lambda i: groups[i])
    sizes = [math.prod(shape[axis] for axis in groups[i]) for i in places]
    new = [places.index(i) for i in range(len(groups))]
    if len(sizes) == 1:
        return copied(values)
    strides = [math.prod(sizes[i + 1:]) for i in range(len(sizes))]
    result = array.array("f", bytes(4 * len(values)))
    source, target = memoryview(values), memoryview(result)
    # The last axis of the result is moved at once; the others one by one, in the order of the source.
    outer, inner = new[:-1], new[-1]
    apart = {axis: math.prod(sizes[i] for i in new[place + 1:]) for place, axis in enumerate(new)}
    count, stride = sizes[inner], strides[inner]
    starts = [(0, 0)]
    for axis in sorted(outer):
        starts = [(at + i * strides[axis], to + i * apart[axis]) for at, to in starts for i in range(sizes[axis])]
    span = (count - 1) * stride + 1
    for at, to in starts:
        target[to:to + count] = source[at:at + span:stride]
    return result


def copied(values: Any) -> array.array:
    """An array of the numbers in a buffer, at the speed of memory."""
    result = array.array("f")
    result.frombytes(memoryview(values).cast("B"))
    return result


def is_moderate(values: Any) -> bool:
    """Whether all these floats are below 2**127, so neither infinite nor NaN; 1 ns each, little memory."""
    view = memoryview(values).cast("B")
    return all(deepdream.all_moderate(view[at:at + 2 ** 20]) for at in range(0, len(view), 2 ** 20))


# ---- Values of a graph -----------------------------------------------------------------------------------------------

Axis = tuple[str, int, int]     # letter; from one to the next; how many. n is the batch; a c of 12 may be 4 times 3
Dims = tuple[tuple[Axis, ...], ...]


class Step:
    """An operation to be: a row of the table before its buffer and its final name are known."""

    def __init__(self, name: str, kind: str, inputs: list[Step], shape: Shape, parameters: dict[str, Any],
                 weight: Weight | None = None):
        self.name, self.kind, self.inputs, self.shape, self.parameters = name, kind, inputs, shape, parameters
        self.weight = weight


class Map(NamedTuple):
    """A value of a graph: the result of a step, and where the graph has its axes."""
    step: Step
    dims: Dims

    @property
    def shape(self) -> Shape:
        return self.step.shape

    def sizes(self) -> list[int]:
        """The shape of the graph's tensor."""
        return [math.prod(axis[2] for axis in dim) for dim in self.dims]


def axis(letter: str, size: int) -> tuple[Axis, ...]:
    return ((letter, 1, size),) if size > 1 else ()


def joined(dim: Iterable[Axis]) -> tuple[Axis, ...]:
    """A dimension with neighbours that belong together made one again."""
    result: list[Axis] = []
    for letter, stride, size in dim:
        if result and result[-1][0] == letter and result[-1][1] == stride * size:
            result[-1] = letter, stride, result[-1][2] * size
        else:
            result.append((letter, stride, size))
    return tuple(result)


def regrouped(dims: Dims, sizes: Sequence[int]) -> Dims:
    """The dims of a reshaped tensor."""
    queue = [part for dim in dims for part in dim][::-1]
    result = []
    for size in sizes:
        group: list[Axis] = []
        while size > 1:
            check(queue, "a reshape to more numbers", "as many as before")
            letter, stride, count = queue.pop()
            if size % count == 0:
                group.append((letter, stride, count))
                size //= count
            else:
                check(count % size == 0, f"a reshape that cuts {count} into parts of {size}", "whole parts")
                group.append((letter, stride * (count // size), size))
                queue.append((letter, stride, count // size))
                size = 1
        result.append(joined(group))
    check(not queue, "a reshape to fewer numbers", "as many as before")
    return tuple(result)


# ---- Building --------------------------------------------------------------------------------------------------------

NHWC, NCHW = "nhwc", "nchw"
IN_PLACE = {"BiasAdd", "Relu", "Scale", "Relu6", "Clip", "LeakyRelu", "Sigmoid"}
# What must stay as it is: the picture, and results from which their own operation's gradient is computed
KEPT = {"Placeholder", "Relu", "Relu6", "Clip", "LeakyRelu", "Sigmoid", "MaxPool", "LRN", "Softmax"}
# Kinds of steps that are no operation, only on the way to one: what they are, what they are for
BY_ITSELF = {"Channel": ("one channel by itself", "maps of all channels"),
             "Formula": ("a mean over channels, erf or tanh by itself", "normalisation over channels, or GELU")}


class Builder:
    """Steps, as a graph asks for them. Every method takes the name of what it makes and returns a Map."""

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self.shuffles: dict[tuple[int, int], Step] = {}         # of a step, in so many groups
        self.work = 0                           # numbers in constants that were made of others so far
        self.arithmetic = 0                     # numbers that were computed for that, and for what Formulas come to
        self.weights = 0                        # numbers in all weights

    def input(self, name: str, sizes: Sequence[int], layout: str) -> Map:
        """A Placeholder of pictures; sizes and layout: of the graph's tensor."""
        n, h, w, c = (sizes[layout.index(letter)] for letter in NHWC)
        check(1 <= min(n, h, w) <= max(h, w) <= deepdream.LARGEST_SIDE and n <= 1024 and c == 3,
              f"a picture of shape {list(sizes)}", f"3 channels, at most {deepdream.LARGEST_SIDE} pixels a side")
        step = Step(name, "Placeholder", [], (h, w, c), {})
        self.steps.append(step)
        return Map(step, tuple(axis(letter, size) for letter, size in zip(layout, sizes)))

    def add(self, name: str, kind: str, inputs: Sequence[Step], parameters: dict[str, Any] | None = None,
            weight: Weight | None = None) -> Step:
        check(len(self.steps) < MOST_STEPS, f"operation number {MOST_STEPS}", "a smaller network")
        parameters = parameters or {}
        for step in inputs:
            check(step.kind not in BY_ITSELF, *BY_ITSELF.get(step.kind, ("", "")))
        self.weights += math.prod(weight[0]) if weight else 0
        check(self.weights <= MOST_NUMBERS, f"{self.weights} numbers in weights", f"at most {MOST_NUMBERS}")
        try:
            shape = deepdream.kind_row(kind).shape([*(step.shape for step in inputs), *([weight[0]] if weight else [])],
                                                   parameters)
        except ValueError as error:
            raise Unknown(str(error), "what fits together") from None
        check(min(shape) >= 1 and max(shape[:2]) <= 2 * deepdream.LARGEST_SIDE and shape[2] <= MOST_CHANNELS,
              f"a map of {' x '.join(map(str, shape))}", "one of usual size")
        step = Step(name, kind, list(inputs), shape, parameters, weight)
        self.steps.append(step)
        return step

    def plain(self, name: str, x: Map, kind: str, **parameters: Any) -> Map:
        """An operation on each number by itself."""
        check(parameters.get("alpha", 0.0) >= 0.0, f"alpha {parameters.get('alpha')}", "0 or more")    # signs are kept
        x = self.settled(name, x)
        return Map(self.add(name, kind, [x.step], parameters), x.dims)

    def as_map(self, name: str, x: Map, layout: str) -> Step:
        """The step whose map is this value in that layout: the same, or with its channels in another order."""
        check(len(x.dims) == 4, f"a tensor of {len(x.dims)} dimensions", f"pictures, {layout.upper()}")
        for letter, dim in zip(layout, x.dims):
            if letter in "hw":
                check(dim == axis(letter, x.shape["hw".index(letter)]), "rows, columns and channels in another order",
                      f"pictures, {layout.upper()}")
        return self.channels(name, x, x.dims[layout.index("c")])

    def channels(self, name: str, x: Map, dim: tuple[Axis, ...]) -> Step:
        dim, c = joined(dim), x.shape[2]
        if dim == axis("c", c):
            return x.step
        good = len(dim) == 2 and dim[0][:2] == ("c", 1) and dim[1][:2] == ("c", dim[0][2]) and (
            dim[0][2] * dim[1][2] == c)
        check(good, "rows, columns or channels in another order", "maps, or channels shuffled in groups")
        key = id(x.step), dim[1][2]
        if key not in self.shuffles:
            self.shuffles[key] = self.add(name + "/shuffle", "Shuffle", [x.step], {"groups": dim[1][2]})
        return self.shuffles[key]

    def settled(self, name: str, x: Map) -> Map:
        """x with its channels in the order of the graph: now, not only once a layer needs it."""
        where = next((i for i, dim in enumerate(x.dims) if len(dim) > 1 and {part[0] for part in dim} == {"c"}), -1)
        if where < 0:
            return x
        step = self.channels(name, x, x.dims[where])
        return Map(step, (*x.dims[:where], axis("c", step.shape[2]), *x.dims[where + 1:]))

    def back(self, step: Step, x: Map, layout: str) -> Map:
        """A step as a value of the same layout and batch as x."""
        sizes = dict(zip("hwc", step.shape))
        n = x.dims[layout.index("n")]
        return Map(step, tuple(n if letter == "n" else axis(letter, sizes[letter]) for letter in layout))

    def conv(self, name: str, x: Map, weights: Constant, layout: str, parameters: dict[str, Any]) -> Map:
        """weights: [kh, kw, ci / groups, co]"""
        source, groups = self.as_map(name, x, layout), parameters.get("groups", 1)
        kh, kw, ci, co = weights.shape
        check(ci * groups == source.shape[2] and co % groups == 0
              and 1 <= min(kh, kw) <= max(kh, kw) <= deepdream.LARGEST_WINDOW,
              f"weights {list(weights.shape)} in {groups} groups for {source.shape[2]} channels", "what fits together")
        parameters = simpler(parameters, (kh, kw))
        return self.back(self.add(name, "Conv2D", [source], parameters, (weights.shape, weights.values)), x, layout)

    def pool(self, name: str, x: Map, kind: str, layout: str, parameters: dict[str, Any]) -> Map:
        """A MaxPool or AvgPool; one that takes the mean of the whole map does so for maps of any size."""
        source = self.as_map(name, x, layout)
        kernel, padding = parameters["ksize"], parameters.get("padding", "SAME")
        check(1 <= min(kernel) <= max(kernel) <= deepdream.LARGEST_WINDOW, f"a window of {kernel}",
              f"1 to {deepdream.LARGEST_WINDOW} a side")
        if kind == "AvgPool" and kernel == source.shape[:2] and padding in ("VALID", ((0, 0), (0, 0))):
            parameters = {}
        else:
            parameters = simpler(parameters, kernel)
        return self.back(self.add(name, kind, [source], parameters), x, layout)

    def mean(self, name: str, x: Map, axes: Sequence[int], keep: bool) -> Map:
        """The mean over all rows and columns."""
        x = self.settled(name, x)
        chosen = {i % len(x.dims) for i in axes}
        inside = sorted(part for i in chosen for part in x.dims[i])
        h, w, _ = x.shape
        check(inside == sorted(axis("h", h) + axis("w", w)), f"a mean over the axes {list(axes)}",
              "one over all rows and columns")
        dims = tuple(() if i in chosen else dim for i, dim in enumerate(x.dims) if keep or i not in chosen)
        return Map(self.add(name, "AvgPool", [x.step]), dims)

    def pad(self, name: str, x: Map, pads: Sequence[tuple[int, int]], value: float) -> Map:
        """pads: (before, after) for each dimension of the graph's tensor"""
        check(len(pads) == len(x.dims), f"padding of {len(pads)} dimensions", str(len(x.dims)))
        inside: dict[str, tuple[int, int]] = {"h": (0, 0), "w": (0, 0)}
        dims = list(x.dims)
        for i, (pair, dim) in enumerate(zip(pads, x.dims)):
            if pair == (0, 0):
                continue
            sizes = {letter: axis(letter, size) for letter, size in zip("hw", x.shape)}
            check(dim, f"padding {pair} of dimension {i}, which is a single cell", "padding of several rows or columns")
            letter = next((letter for letter in "hw" if dim == sizes[letter] != ()), "")
            check(letter and 0 <= min(pair) <= max(pair) <= deepdream.LARGEST_WINDOW,
                  f"padding {pair} of dimension {i}", "padding of rows and columns")
            inside[letter] = pair
            dims[i] = axis(letter, x.shape["hw".index(letter)] + sum(pair))
        if inside == {"h": (0, 0), "w": (0, 0)}:
            return x
        parameters = {"padding": (inside["h"], inside["w"])} | ({"value": value} if value else {})
        return Map(self.add(name, "Pad", [x.step], parameters), tuple(dims))

    def part(self, name: str, x: Map, where: int, first: int, count: int) -> Map:
        """So many of a dimension of x, from `first` on: rows, columns or channels."""
        where %= len(x.dims)
        whole, dim = x.sizes()[where], x.dims[where]
        check(first >= 0 and 0 < count <= whole - first, f"{count} from {first} on of {whole}", "some that there are")
        if count == whole:
            return x
        sides = {letter: axis(letter, size) for letter, size in zip("hw", x.shape)}
        letter = next((letter for letter in "hw" if dim == sides[letter]), "c")
        crop = first, whole - first - count
        if letter == "c":
            source: Step = self.channels(name, x, dim)
            parameters: dict[str, Any] = {"part": (first, count)}
        else:
            source, parameters = x.step, {"crop": (crop, (0, 0)) if letter == "h" else ((0, 0), crop)}
        dims = tuple(axis(letter, count) if i == where else dim for i, dim in enumerate(x.dims))
        return Map(self.add(name, "Slice", [source], parameters), dims)

    def parts(self, name: str, x: Map, where: int, counts: Sequence[int]) -> list[Map]:
        """x cut along a dimension."""
        where %= len(x.dims)
        check(sum(counts) == x.sizes()[where], f"{sum(counts)} of {x.sizes()[where]}", "all of them")
        x = self.settled(name, x)
        return [self.part(f"{name}/{number}", x, where, sum(counts[:number]), count)
                for number, count in enumerate(counts)]

    def concat(self, name: str, parts: Sequence[Map], where: int) -> Map:
        check(parts, "nothing to join", "maps")
        if parts[0].step.kind == "Channel":
            return self.together(name, parts, where)
        dims = parts[0].dims
        where %= len(dims)
        steps = []
        for part in parts:
            same = len(part.dims) == len(dims) and all(
                one == other for i, (one, other) in enumerate(zip(dims, part.dims)) if i != where)
            check(same and part.shape[:2] == parts[0].shape[:2], "parts of different sizes", "maps of one size")
            steps.append(self.channels(name, part, part.dims[where]))
        if len(steps) == 1:
            return parts[0]
        step = self.add(name, "ConcatV2", steps)
        return Map(step, tuple(axis("c", step.shape[2]) if i == where else dim for i, dim in enumerate(dims)))

    def channel(self, x: Map, where: int, number: int, keep: bool) -> Map:
        """One channel of x, until `together` brings it back: torchvision scales those of a picture one by one. No
        operation of the table, as no layer can have it alone: parameters are its number, a factor and a term."""
        where %= len(x.dims)
        check(joined(x.dims[where]) == axis("c", x.shape[2]), f"a part of dimension {where}", "one channel")
        dims = (*x.dims[:where], *([()] if keep else []), *x.dims[where + 1:])
        step = Step("", "Channel", [x.step], (*x.shape[:2], 1), {"channel": (number % x.shape[2], 1.0, 0.0)})
        return Map(step, dims)

    def together(self, name: str, parts: Sequence[Map], where: int) -> Map:
        """All channels of a map again, each with its factor and term."""
        source, rows = parts[0].step.inputs[0], [part.step.parameters.get("channel", (-1,)) for part in parts]
        check(all(part.step.inputs[:1] == [source] and part.dims == parts[0].dims for part in parts)
              and [row[0] for row in rows] == list(range(source.shape[2])) and not parts[0].dims[where],
              "channels joined in another order", "all channels of a map, as they were")
        dims = tuple(axis("c", source.shape[2]) if i == where % len(parts[0].dims) else dim
                     for i, dim in enumerate(parts[0].dims))
        x = self.scaled(name + "/Mul", Map(source, dims), [row[1] for row in rows])
        return self.shifted(name, x, [row[2] for row in rows])

    def matmul(self, name: str, x: Map, weights: Constant, turned: bool = False) -> Map:
        """The last dimension of x times a matrix [ci, co]; turned: [co, ci].

        A flattened map makes it a convolution over the whole map, so that larger pictures have more of them.
        """
        check(len(weights.shape) == 2 and len(x.dims) >= 2, f"a matrix of shape {list(weights.shape)}", "[ci, co]")
        ci, co = weights.shape[::-1] if turned else weights.shape
        x = self.settled(name, x)
        h, w, c = x.shape
        dim = joined(x.dims[-1])
        count = math.prod(part[2] for part in dim)
        check(count == ci, f"a matrix for {ci} numbers behind a map of {h} x {w} x {c}", f"one for {count}")
        if dim == axis("c", c) and h * w > 1:          # the same at each cell
            values = permuted(weights.values, weights.shape, (1, 0)) if turned else weights.values
            return Map(self.add(name, "Conv2D", [x.step], {}, ((1, 1, ci, co), values)), (*x.dims[:-1], axis("c", co)))
        parts = {part[0]: part for part in dim}
        whole = {part for letter, size in zip("hwc", x.shape) for part in axis(letter, size)}
        check(set(dim) == whole, "a flattened map in an order of its own", "all rows, columns and channels")
        order = "".join(part[0] for part in dim)
        order = next((one for one in ("hwc", "chw") if order == "".join(filter(parts.__contains__, one))), "")
        check(order, "a flattened map in an order of its own", "rows, columns, channels or channels first")
        layout = "o" + order if turned else order + "o"
        parameters = {} if layout == "hwco" else {"layout": layout}
        return Map(self.add(name, "MatMul", [x.step], parameters, ((h, w, c, co), weights.values)),
                   (*x.dims[:-1], axis("c", co)))

    def softmax(self, name: str, x: Map, where: int) -> Map:
        check(joined(x.dims[where % len(x.dims)]) == axis("c", x.shape[2]), f"a Softmax over axis {where}",
              "one over the channels")
        return self.plain(name, x, "Softmax")

    # Arithmetic with constants: per channel

    def per_channel(self, x: Map, constant: Constant) -> array.array:
        """The number for each channel of x that a constant broadcast to its dims has."""
        c = x.shape[2]
        if math.prod(constant.shape) == 1:
            return array.array("f", [constant.values[0]] * c)
        sizes = (1,) * (len(x.dims) - len(constant.shape)) + constant.shape
        fits = len(sizes) == len(x.dims) and all(
            size == 1 or joined(dim) == axis("c", c) and size == c for size, dim in zip(sizes, x.dims))
        check(fits, f"a constant of shape {list(constant.shape)} with a map of {' x '.join(map(str, x.shape))}",
              "a number for each channel, or one")
        return array.array("f", constant.values)

    def scaled(self, name: str, x: Map, factors: Iterable[float]) -> Map:
        return self.by_channel(name, x, "Scale", array.array("f", factors))

    def shifted(self, name: str, x: Map, terms: Iterable[float]) -> Map:
        return self.by_channel(name, x, "BiasAdd", array.array("f", terms))

    def by_channel(self, name: str, x: Map, kind: str, values: array.array) -> Map:
        check(len(values) == x.shape[2], f"{len(values)} numbers for {x.shape[2]} channels", "one for each")
        if x.step.kind == "Channel":
            number, factor, term = x.step.parameters["channel"]
            (value,) = values
            changed = (number, factor * value, term * value) if kind == "Scale" else (number, factor, term + value)
            return Map(Step(name, "Channel", x.step.inputs, x.shape, {"channel": changed}), x.dims)
        return Map(self.add(name, kind, [x.step], {}, ((len(values),), memoryview(values))), x.dims)

    def normalised(self, name: str, x: Map, layout: str, scale: Constant, offset: Constant, mean: Constant,
                   variance: Constant, epsilon: float) -> Map:
        """Batch normalisation with what training found: (x - mean) / sqrt(variance + epsilon) * scale + offset."""
        place = layout.index("c") if len(x.dims) == 4 else len(x.dims) - 1
        step = self.channels(name, x, x.dims[place])
        x = Map(step, (*x.dims[:place], axis("c", step.shape[2]), *x.dims[place + 1:]))
        c = x.shape[2]
        check({one.shape for one in (scale, offset, mean, variance)} == {(c,)} and epsilon >= 0.0,
              f"statistics of shapes {[list(one.shape) for one in (scale, offset, mean, variance)]}",
              f"a number for each of {c} channels")
        factors = []
        for s, v in zip(scale.values, variance.values):
            check(v + epsilon > 0.0, f"a variance of {v:g}", "one above 0")
            factors.append(s / math.sqrt(v + epsilon))
        terms = [o - m * f for o, m, f in zip(offset.values, mean.values, factors)]
        return self.shifted(name, self.scaled(name + "/scale", x, factors), terms)

    def normalised_cells(self, name: str, x: Map, epsilon: float) -> Map:
        """(x - mean) / sqrt(variance + epsilon) of the channels of each cell by themselves."""
        check(1e-30 < epsilon < 1e30, f"normalisation over channels with epsilon {epsilon:g}", "a small number above 0")
        return self.plain(name, x, "LayerNorm", epsilon=epsilon)

    def sum(self, name: str, x: Map, y: Map) -> Map:
        check(x.dims == y.dims and x.shape == y.shape, "a sum of maps of different sizes", "two of one size")
        return Map(self.add(name, "Add", [x.step, y.step]), x.dims)

    def product(self, name: str, x: Map, y: Map) -> Map:
        """Of two maps of one size, or of a map and one number for each of its channels."""
        if x.shape[:2] == (1, 1) != y.shape[:2]:
            x, y = y, x
        fits = x.shape[2] == y.shape[2] and y.shape[:2] in (x.shape[:2], (1, 1)) and len(x.dims) == len(y.dims)
        check(fits and all(two in (one, ()) for one, two in zip(x.dims, y.dims)),
              "a product of maps of different sizes", "two of one size")
        return Map(self.add(name, "Mul", [x.step, y.step]), x.dims)

    def minus(self, name: str, x: Map) -> Map:
        return self.scaled(name, x, repeat(-1.0, x.shape[2]))

    def spend(self, numbers: int) -> None:
        """Count numbers that are computed while the graph is read."""
        self.arithmetic += numbers
        check(self.arithmetic <= MOST_ARITHMETIC, "much arithmetic with constants",
              f"at most {MOST_ARITHMETIC} numbers")

    def computed(self, name: str, what: Callable[..., float], *constants: Constant) -> Constant:
        """A constant made of others, number by number, with broadcasting."""
        sizes = broadcast([one.shape for one in constants])
        count = math.prod(sizes)
        self.spend(count)
        columns = [stretched(one, sizes) for one in constants]
        try:
            values = list(map(what, *columns))
            if any(one.floats() for one in constants):
                return Constant(sizes, array.array("f", values))
        except (ValueError, ZeroDivisionError, OverflowError):
            raise Unknown("constants that cannot be computed with", "usual numbers") from None
        return Constant(sizes, [int(value) for value in values])


def simpler(parameters: dict[str, Any], kernel: Sequence[int]) -> dict[str, Any]:
    """Parameters without those that say what is taken anyway; padding by name where there is one for it."""
    result = {name: value for name, value in parameters.items()
              if value != {"stride": (1, 1), "dilation": (1, 1), "groups": 1, "ceil": False, "count_pad": False,
                           "padding": "SAME"}.get(name)}
    padding = result.get("padding", "SAME")
    stride, dilation = result.get("stride", (1, 1)), result.get("dilation", (1, 1))
    check(1 <= min(*stride, *dilation) <= max(*stride, *dilation) <= deepdream.LARGEST_WINDOW,
          f"stride {stride}, dilation {dilation}", f"1 to {deepdream.LARGEST_WINDOW}")
    if isinstance(padding, tuple):
        pads = [number for pair in padding for number in pair]
        check(0 <= min(pads) <= max(pads) <= deepdream.LARGEST_WINDOW, f"padding {padding}",
              f"0 to {deepdream.LARGEST_WINDOW}")
        spans = [(k - 1) * d for k, d in zip(kernel, dilation)]
        if not any(pads):
            result["padding"] = "VALID"
        elif stride == (1, 1) and padding == tuple((span // 2, span - span // 2) for span in spans):
            del result["padding"]
            result.pop("ceil", None)
    if result.get("padding") == "VALID" and tuple(kernel) == (1, 1):
        del result["padding"]                   # of a single cell it is the same
    if stride == (1, 1):
        result.pop("ceil", None)
    if result.get("padding") == "VALID":
        result.pop("count_pad", None)
    return result


def broadcast(shapes: Sequence[Shape]) -> Shape:
    length = max(map(len, shapes))
    columns = zip(*[(1,) * (length - len(shape)) + shape for shape in shapes])
    sizes = []
    for column in columns:
        largest = max(column)
        check(set(column) <= {1, largest}, f"constants of shapes {[list(shape) for shape in shapes]}",
              "what fits together")
        sizes.append(largest)
    return tuple(sizes)


def stretched(constant: Constant, sizes: Shape) -> Iterable[float]:
    """The numbers of a constant broadcast to these sizes."""
    shape = (1,) * (len(sizes) - len(constant.shape)) + constant.shape
    if shape == sizes:
        return constant.values
    if math.prod(shape) == 1:
        return repeat(constant.values[0], math.prod(sizes))
    values = list(constant.values)
    for i in range(len(sizes) - 1, -1, -1):
        if shape[i] != sizes[i]:
            inner = math.prod(sizes[i + 1:])
            values = [value for at in range(0, len(values), inner)
                      for value in values[at:at + inner] * sizes[i]]
    return values


# ---- Following a graph -----------------------------------------------------------------------------------------------

Value = Map | Constant


class Node(NamedTuple):
    """An operation of a graph; inputs and outputs are names of tensors, "" for an input that is left out."""
    name: str
    operation: str
    inputs: Sequence[str]
    outputs: Sequence[str]
    attributes: dict[str, Any]


class Reader:
    """Computes the tensors of a graph, as Maps and Constants, from the results back to what they are made of.

    operations: for each kind of node a function (reader, node, its inputs) that returns the value of its first output;
    of those in SEVERAL a list of the values of all
    """

    def __init__(self, path: str, nodes: Iterable[Node], operations: dict[str, Callable[..., Value | list[Value]]],
                 values: dict[str, Value], builder: Builder):
        self.path, self.operations, self.builder, self.values = path, operations, builder, values
        self.makers = {output: node for node in nodes for output in
                       node.outputs[:len(node.outputs) if node.operation in SEVERAL else 1]}
        self.input: Map | None = None           # the picture
        self.size_is_open = False               # whether the file leaves its size to us
        self.marks: list[str] = []              # what tells the family of a network beside its names

    def wrong(self, name: str, found: str, expected: str) -> DeepDreamError:
        return DeepDreamError(f"{self.path}: node {short(name)}: {short(found, 200)}; expected {expected}; {ADVICE}")

    def value(self, name: str, user: str = "") -> Value:
        """The tensor of that name. DeepDreamError: the node that cannot be, and why. Walks without recursion, however
        deep the graph is."""
        stack = [name]
        under_way: set[str] = set()
        while stack:
            name = stack[-1]
            if name in self.values:
                stack.pop()
                continue
            node = self.makers.get(name)
            if node is None:
                raise self.wrong(user or name, f"its input {short(name)} is missing", "the whole graph")
            if node.operation not in self.operations:
                raise self.wrong(node.name, f"a {short(node.operation)}", f"one of {', '.join(self.operations)}")
            missing = [] if node.operation in SOURCES else [
                one for one in node.inputs if one and one not in self.values]
            if missing:
                if name in under_way:
                    raise self.wrong(node.name, "it is made of itself", "a graph without circles")
                under_way.add(name)
                user = node.name
                stack += missing
                continue
            self.values.update(zip(node.outputs, self.compute(node)))
            under_way.discard(name)
        return self.values[name]

    def compute(self, node: Node) -> list[Value]:
        inputs = [self.values[name] if name else None for name in node.inputs] if node.operation not in SOURCES else []
        try:
            found = self.operations[node.operation](self, node, inputs)
            values = found if isinstance(found, list) else [found]
            check(node.operation not in SEVERAL or len(values) == len(node.outputs), f"{len(node.outputs)} results",
                  f"{len(values)}")
            for value in values:
                if isinstance(value, Constant) and isinstance(value.values, array.array) and inputs:
                    self.builder.work += len(value.values)
                    check(self.builder.work <= MOST_NUMBERS, "much arithmetic with constants", "weights as they are")
            return values
        except Unknown as error:
            raise self.wrong(node.name, *error.args) from None
        except (IndexError, TypeError, ValueError, AttributeError, OverflowError, KeyError):
            raise self.wrong(node.name, f"a {short(node.operation)} whose inputs or attributes make no sense",
                             "what its kind takes") from None


SEVERAL = {"Split", "SplitV", "IdentityN"}       # kinds of nodes that have more than one result which is known here
SOURCES = {"ResizeBilinear", "ResizeBicubic", "ResizeNearestNeighbor", "Placeholder"}      # where pictures come from


def a_map(value: Any) -> Map:
    check(isinstance(value, Map), "a constant" if value else "nothing", "a map")
    return value


def a_constant(value: Any) -> Constant:
    check(isinstance(value, Constant), "a map" if value else "nothing", "a constant: what training found")
    return value


def weights_of(value: Any) -> Constant:
    check(a_constant(value).floats(), "whole numbers", "weights: floats")
    return value


# ---- From steps to rows ----------------------------------------------------------------------------------------------

def needed(steps: Sequence[Step], ends: Iterable[Step]) -> list[Step]:
    """The steps that these ends are made of, in order."""
    wanted = set(map(id, ends))
    for step in reversed(steps):
        if id(step) in wanted:
            wanted.update(map(id, step.inputs))
    return [step for step in steps if id(step) in wanted]


def readers(steps: Sequence[Step], ends: Iterable[Step]) -> dict[int, int]:
    """How many look at the result of each step."""
    counts: dict[int, int] = dict.fromkeys(map(id, steps), 0)
    for step in steps:
        for source in step.inputs:
            counts[id(source)] += 1
    for end in ends:
        counts[id(end)] += 1
    return counts


def folded(steps: list[Step], ends: list[Step]) -> tuple[list[Step], list[Step]]:
    """Steps with fewer operations: what multiplies channels goes into the weights before it, what adds to them into one
    BiasAdd, zeros around a map into the convolution that reads it. Returns the steps and the new ends."""
    counts = readers(steps, ends)
    became: dict[int, Step] = {}
    result: list[Step] = []
    dropped: set[int] = set()
    work = 0

    def alone(step: Step) -> bool:
        return counts[id(step)] == 1

    def take_over(step: Step, by: Step) -> None:
        """`by` stands for step from now on, under its name and with its readers."""
        became[id(step)] = by
        counts[id(by)] = counts[id(step)]
        by.name = step.name

    for step in steps:
        step.inputs = [became.get(id(source), source) for source in step.inputs]
        source = step.inputs[0] if step.inputs else step
        work += len(source.weight[1]) if step.kind == "Scale" and source.weight else 0
        check(work <= MOST_NUMBERS, f"{work} numbers to scale", f"at most {MOST_NUMBERS}")
        if step.kind == "Scale" and alone(source):
            if source.kind == "BiasAdd" and alone(source.inputs[0]) and source.inputs[0].kind in (
                    "Scale", "Conv2D", "MatMul"):
                multiply(source, step.weight)
                multiply(source.inputs[0], step.weight)
                take_over(step, source)
                continue
            if source.kind in ("Scale", "Conv2D", "MatMul"):
                multiply(source, step.weight)
                take_over(step, source)
                continue
        if step.kind == "BiasAdd" and source.kind == "BiasAdd" and alone(source):
            assert source.weight and step.weight
            source.weight = source.weight[0], memoryview(array.array("f", map(add, source.weight[1], step.weight[1])))
            take_over(step, source)
            continue
        if (step.kind == "Conv2D" and source.kind == "Pad" and alone(source) and "value" not in source.parameters
                and step.parameters.get("padding") == "VALID"):
            step.inputs[0] = source.inputs[0]
            step.parameters = simpler(step.parameters | {"padding": source.parameters["padding"]},
                                      step.weight[0][:2] if step.weight else ())
            dropped.add(id(source))
        result.append(step)
    return [step for step in result if id(step) not in dropped], [became.get(id(end), end) for end in ends]


def multiply(step: Step, weight: Weight | None) -> None:
    """Multiply the output channels of a step's weights."""
    assert step.weight and weight
    (shape, values), factors = step.weight, weight[1].tolist()
    one_by_one: Iterable[float] = cycle(factors)
    if step.parameters.get("layout", "hwco")[0] == "o":
        one_by_one = chain.from_iterable(repeat(factor, math.prod(shape[:-1])) for factor in factors)
    step.weight = shape, memoryview(array.array("f", map(mul, values, one_by_one)))


def in_order(weight: Weight, layout: str) -> Weight:
    """A MatMul's weights [h, w, c, co] that the file has in another order."""
    sizes = dict(zip("hwco", weight[0]))
    order = [layout.index(letter) for letter in "hwco"]
    return weight[0], memoryview(permuted(weight[1], tuple(sizes[letter] for letter in layout), order))


def rows(steps: list[Step], ends: list[Step], names: dict[int, str]) -> tuple[list[Row], dict[str, Weight]]:
    """The table of these steps, and its weights."""
    counts = readers(steps, ends)
    table: list[Row] = []
    weights: dict[str, Weight] = {}
    buffers: dict[int, str] = {}
    taken = dict.fromkeys(names.values(), 1)
    for step in steps:
        name, inputs = names[id(step)], [buffers[id(source)] for source in step.inputs]
        source = step.inputs[0] if step.inputs else step
        in_place = step.kind in IN_PLACE and counts[id(source)] == 1 and source.kind not in KEPT
        buffer = inputs[0] if in_place else name        # else what is there is still wanted
        if step.weight:
            operand = free(name + ("_biases" if step.kind == "BiasAdd" else "_weights"), taken)
            shape, values = step.weight
            weights[operand] = shape, values if isinstance(values, memoryview) else memoryview(values)
            inputs.append(operand)
        buffers[id(step)] = buffer
        table.append((name, step.kind, tuple(inputs), buffer, step.shape, step.parameters))
    return table, weights


def free(name: str, taken: dict[str, int]) -> str:
    """The name, or with a number behind it, that nobody has yet; taken: of each name the next number to try."""
    found = name
    while found in taken:
        found = f"{name}_{taken[name]}"
        taken[name] += 1
    taken[found] = 1
    return found


# ---- Names -----------------------------------------------------------------------------------------------------------
# What people call a layer is the scope in which a framework put its operations: block5_conv1 is the ReLU of
# vgg16_1/block5_conv1_1/Relu, Mixed_5b the Concat of /Mixed_5b/Concat. So the last operation in a scope takes its name,
# if its own is one that the framework gave; a first part that nearly all names share is left out, as is the number that
# Keras puts behind a layer's name, and module of module/module.0.

GIVEN = {"relu", "biasadd", "add", "addv", "conv", "convd", "convolution", "depthwise", "concat", "concatv", "maxpool",
         "maxpoold", "avgpool", "avgpoold", "averagepool", "averagepoold", "mean", "reducemean", "globalaveragepool",
         "softmax", "gemm", "matmul", "clip", "batchnormalization", "fusedbatchnormv", "fusedbatchnorm", "mul", "sub",
         "sigmoid", "leakyrelu", "join", "sum", "lrn", "gelu", "layernormalization", "pad", "separableconvd",
         "batchnorm"}


def final_names(steps: Sequence[Step]) -> dict[int, str]:
    """A short name for each step, all different."""
    paths = [path_of(step.name) for step in steps]
    layers = [path for path, step in zip(paths, steps) if step.kind != "Placeholder"]
    for _ in range(4):
        firsts = [path[0] for path in layers if len(path) > 1]
        common = max(set(firsts), key=firsts.count, default="")
        if firsts.count(common) < 0.6 * len(layers):
            break
        for path in layers:
            if len(path) > 1 and path[0] == common:
                del path[0]
    tokens = {path[0] for path in layers if len(path) > 1 or operation_in(path[0]) not in GIVEN}
    bare = {token: token.rpartition("_")[0] for token in tokens}
    if all(bare.values()) and all(token.rpartition("_")[2].isdecimal() for token in tokens) and (
            len(set(bare.values())) == len(tokens)):
        for path in layers:
            path[0] = bare.get(path[0], path[0])
    taken = {"_".join(path) for path in paths}
    for _ in range(2):                          # mixed0/bn/batchnorm/add: the scope of a scope
        last = {tuple(path[:-1]): number for number, path in enumerate(paths) if len(path) > 1}
        for scope, number in last.items():
            if operation_in(paths[number][-1]) in GIVEN and "_".join(scope) not in taken:
                taken.add("_".join(scope))
                paths[number] = list(scope)
    used = {families.INPUT: 1}                  # a row that may come before them
    return {id(step): free(printable("_".join(path)), used) for step, path in zip(steps, paths)}


def operation_in(part: str) -> str:
    """Add_1 -> add"""
    return "".join(filter(str.isalpha, part)).lower()


def path_of(name: str) -> list[str]:
    """The parts of a name, without what is said twice."""
    path: list[str] = []
    for part in filter(None, name.split("/")):
        if path and (part == path[-1] or part.startswith(path[-1] + ".")):
            path[-1] = part
        else:
            path.append(part)
    return path or ["layer"]


def printable(name: str) -> str:
    """A name with nothing in it that options, messages or terminals would take for something else."""
    return "".join(letter if letter.isascii() and letter.isalnum() or letter in "_.-" else "_" for letter in name[:120])


# ---- The model -------------------------------------------------------------------------------------------------------

USUAL_SIZES = (224, 227, 299, 331, 256, 240, 192, 160, 128, 112, 96, 64, 48, 32, 28)


def load(path: str, labels: str | None = None, graph: deepdream.Graph | None = None,
         data: memoryview | None = None) -> deepdream.Model:
    """The network in `graph`, or in the ONNX file whose bytes are `data`. DeepDreamError: the node that cannot be."""
    if graph:
        follow, source = deepdream.resolve("frozen_graph:follow"), graph
    else:
        follow, source = deepdream.resolve("onnx_graph:follow"), deepdream.resolve("onnx_graph:read")(path, data)
    reason: DeepDreamError | None = None
    for side in USUAL_SIZES:                    # the first fits, unless the file leaves the size open
        builder = Builder()
        reader, names = follow(source, (side, side), builder)
        try:
            ends, notes = results(reader, names)
        except DeepDreamError as error:
            reason = reason or error
            if reader.input and not reader.size_is_open:
                break
            continue
        names = [*reader.marks, *reader.makers]
        return finished(path, reader, ends, notes, labels, families.Facts(path, names))
    assert reason
    raise reason


def results(reader: Reader, names: Sequence[str]) -> tuple[list[Step], list[str]]:
    """What the network comes to: the main result first, side results as far as they are known here."""
    if not names:
        raise DeepDreamError(f"{reader.path}: no operation has a result; expected a network; {ADVICE}")
    ends: list[Step] = []
    notes: list[str] = []
    for name in names[:MOST_RESULTS]:
        try:
            value = reader.value(name)
        except DeepDreamError as error:
            if not ends:
                raise
            notes.append(f"left out, as it is not known here: {str(error).removeprefix(reader.path + ': ')}")
            continue
        if isinstance(value, Map) and value.step.kind in BY_ITSELF:
            raise reader.wrong(name, *BY_ITSELF[value.step.kind])
        if isinstance(value, Map) and value.step not in ends:
            ends.append(value.step)
    if not reader.input or not ends or ends[0].kind == "Placeholder":
        raise DeepDreamError(f"{reader.path}: nothing in it computes with a picture; expected a Placeholder or an input"
                             f" of [1, height, width, 3] or [1, 3, height, width] and layers behind it; {ADVICE}")
    return ends, notes


MOST_RESULTS = 20


def finished(path: str, reader: Reader, ends: list[Step], notes: list[str], labels: str | None,
             facts: families.Facts) -> deepdream.Model:
    """The model: steps made fewer, named, checked; how it wants its picture and what its classes are called."""
    builder = reader.builder
    try:
        steps, ends = folded(needed(builder.steps, ends), ends)
        names = final_names(steps)
        output = ends[0]
        if is_classifier(steps, output):
            output = Step("prob", "Softmax", [output], output.shape, {})
            names[id(output)] = free("prob", dict.fromkeys(names.values(), 1))
            steps, ends = [*steps, output], [*ends, output]
        operations, weights = rows(steps, ends, names)
        for operand, (shape, values) in weights.items():
            check(len(values) == math.prod(shape), f"{operand}: {len(values)} numbers", f"shape {list(shape)}")
            check(is_moderate(values), f"{operand}: numbers of 1e38 or more, infinity or NaN", "weights")
    except Unknown as error:
        found, expected = error.args
        raise DeepDreamError(f"{path}: {short(found, 200)}; expected {expected}; {ADVICE}") from None
    h, w, classes = output.shape
    model = deepdream.Model(
        path, tuple(operations), weights, [] if h * w > 1 or output.kind not in LAST else
        facts.labels(labels, classes), deepdream.Input(operations[0][0]), names[id(output)],
        smallest=max(least_side(operations, weights), min(USUAL_SMALLEST, *operations[0][4][:2])),
        note="\n".join(facts.notes(len(operations)) + notes))
    model = model._replace(layer=facts.wish("layer") or layer_at(model, 0.6))
    return families.with_input(model, facts.wanted())


USUAL_SMALLEST = 32             # pixels; of smaller pictures little can be seen
LAST = {"Softmax", "Sigmoid"}       # what makes probabilities


def is_classifier(steps: Sequence[Step], end: Step) -> bool:
    """Whether the result is a number for each class from which probabilities are still to be made."""
    if end.kind in ("BiasAdd", "Scale", "AvgPool"):
        end = end.inputs[0] if end.kind != "AvgPool" or end.shape[2] in (1000, 1001, 1008) else end
    return end.shape[:2] == (1, 1) and end.shape[2] > 1 and end.kind in ("MatMul", "Conv2D") or (
        end.kind in ("Relu", "BiasAdd", "Conv2D") and end.shape[2] in (1000, 1001, 1008))


def layer_at(model: deepdream.Model, share: float) -> str:
    """The layer whose cells see about this share of the pixels that those of the deepest map see.

    0.6 of VGG16 is block5_conv1. Layers through which all that follows has to go come before others.
    """
    sees = depths(model)
    if not sees:
        return model.operations[min(1, len(model.operations) - 1)][0]
    narrow = bottlenecks(model) & sees.keys() or sees.keys()
    wanted = share * max(sees.values())
    return min(reversed([name for name in sees if name in narrow]), key=lambda name: abs(sees[name] - wanted))


def depths(model: deepdream.Model) -> dict[str, int]:
    """How many pixels a side a cell sees of each layer that is a map, before the classes."""
    table = objectives.layer_rows(model)
    end = next((i for i, row in enumerate(table) if row.kind in ("MatMul", "Softmax")), len(table))
    return {row.name: max(row.sees) for row in table[1:end] if row.sees and row.named and row.kind not in MOVED}


MOVED = ("Shuffle", "Slice")        # kinds that only bring numbers to other places


def as_deep(layer: str, model: deepdream.Model) -> str:
    """The layer of a model that lies as deep as `layer` in Inception-V1."""
    table = deepdream.inception_graph
    own = deepdream.Model("", table.OPERATIONS, {operand: (shape, None) for operand, _, shape in table.WEIGHTS}, [])
    sees = depths(own)
    return layer_at(model, sees[deepdream.find_layer(list(sees), layer)] / max(sees.values()))


def bottlenecks(model: deepdream.Model) -> set[str]:
    """The layers whose result alone, of all before it, counts for what the network comes to."""
    wanted = {model.output}
    last: dict[str, int] = {}                   # buffer -> the last operation on the way that looks at it
    for number, (name, _, inputs, buffer, *_) in reversed([*enumerate(model.operations)]):
        if name in wanted or buffer in wanted:
            wanted.update(inputs)
            for one in inputs:
                last.setdefault(one, number)
    found: set[str] = set()
    alive, current = 0, ""                      # the last operation that looks at anything before the current buffer
    for number, (name, _, _, buffer, *_) in enumerate(model.operations):
        if buffer in last or name == model.output:
            if buffer != current:
                alive, current = max(alive, last.get(current, 0)), buffer
            if alive <= number:
                found.add(name)
    return found


def least_side(operations: Sequence[Row], weights: dict[str, Weight]) -> int:
    """The side of the smallest square picture of which every map is left something; what makes classes of the last
    map, such as VGG16's layers for maps of 7 x 7, may need a larger one."""
    maps = next((i for i, row in enumerate(operations) if row[4][:2] == (1, 1)), len(operations))
    low, high = 0, max(operations[0][4][:2])
    while high - low > 1:
        side = (low + high) // 2
        low, high = (low, side) if len(deepdream.fitting(operations, weights, side, side)) >= maps else (side, high)
    return high
