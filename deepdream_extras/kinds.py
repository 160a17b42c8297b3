"""Kinds of layers that Inception-V1 does not have, in plain Python: rows of KINDS as in deepdream.py.

A table that names one of them makes deepdream look here (`kind_row`). They are the reference for the machine code in
simd/, which has what is needed of them in planning.LAYERS; what it lacks runs here. It leaves out gradients of weights,
and everything about files: which operation of a graph becomes which row is the matter of who reads it.

    python3 -m unittest discover -s test -p 'test_kinds.py'

Tensors are [h, w, c], flat float32; weights [kh, kw, ci / groups, co]; x, y a layer's input and output. Each layer is
one function, its forward and its backward side by side, as in deepdream.py.
"""

from __future__ import annotations

import array
import math
from collections.abc import Sequence
from itertools import cycle, product
from operator import add, mul
from types import SimpleNamespace
from typing import Any

from deepdream import Buffer, Kind, Operation, Shape, accumulate, conv2d, give_back, same_shape, windows

# ---- Convolutions of a special form ----------------------------------------------------------------------------------

def spread(shape: Shape, weights: Sequence[float], dilation: tuple[int, int]) -> tuple[Shape, memoryview[float]]:
    """A kernel [kh, kw, ci, co] with its taps so far apart, zeros between them: (shape, weights)."""
    (kh, kw, ci, co), (down, across) = shape, dilation
    height, width, tap = (kh - 1) * down + 1, (kw - 1) * across + 1, ci * co
    spaced = array.array("f", bytes(4 * height * width * tap))
    for r in range(kh):
        for s in range(kw):
            at = (r * down * width + s * across) * tap
            spaced[at:at + tap] = array.array("f", weights[(r * kw + s) * tap:(r * kw + s + 1) * tap])
    return (height, width, ci, co), memoryview(spaced)


def grouped(op: Operation, backward: bool, rows: range) -> None:
    """A convolution in which each group of output channels sees its own group of input channels only.

    Each group is a convolution by itself, of buffers that hold its channels; where a group is a single input channel
    (depthwise), see `depthwise`.
    """
    groups, (h, w, c), (_, _, ci, co) = op.parameters["groups"], op.x.shape, op.weight_shape
    if ci == 1:
        depthwise(op, backward, rows)
        return
    co //= groups
    for group in range(groups):
        x, y = Buffer((h, w, ci)), Buffer((*op.y.shape[:2], co))
        for whole, part, c in ((op.x, x, ci), (op.y, y, co)):
            part.values = take(whole.values, group * c, c, whole.shape[2])
            part.gradient = take(whole.gradient, group * c, c, whole.shape[2])
        kernels = {direction: op.kernels[direction, group] for direction in (False, True)
                   if (direction, group) in op.kernels}
        one: Any = SimpleNamespace(x=x, y=y, stride=op.stride, kernels=kernels, parameters={**op.parameters,
                                                                                             "groups": 1},
                                   weight_shape=(*op.weight_shape[:3], co),
                                   weights=take(op.weights, group * co, co, groups * co))
        conv2d(one, backward, rows)
        op.kernels.update({(direction, group): kernel for direction, kernel in kernels.items()})
        whole, part, c, field = (op.x, x, ci, "gradient") if backward else (op.y, y, co, "values")
        target, line, total = getattr(whole, field), whole.shape[1] * c, whole.shape[2]
        for row in rows:
            values = getattr(part, field)[row * line:(row + 1) * line]
            for i in range(whole.shape[1]):
                at = (row * whole.shape[1] + i) * total + group * c
                target[at:at + c] = values[i * c:(i + 1) * c]


def take(values: Sequence[float], first: int, count: int, step: int) -> memoryview[float]:
    """Some channels of a flat tensor, the last axis of which is `step` long."""
    result = array.array("f")
    for at in range(first, len(values), step):
        result.extend(values[at:at + count])
    return memoryview(result)


def depthwise(op: Operation, backward: bool, rows: range) -> None:
    """x [h, w, c] * weights [kh, kw, 1, c * m] -> y [oh, ow, c * m]: output channels k * m .. from input channel k.

    All channels of one row at once: a tap is its row of weights times a row of pixels, number by number.
    """
    (h, w, c), (oh, ow, co) = op.x.shape, op.y.shape
    (kh, kw), (down, across), many = op.weight_shape[:2], op.stride, co // c
    (_, top), (_, left) = windows(op.x.shape, (kh, kw), op.parameters)
    taps = [op.weights[i:i + co].tolist() for i in range(0, kh * kw * co, co)]
    if not backward:
        for i in rows:
            sums = [0.0] * (ow * co)
            for r, s in overlap(i * down - top, kh, h, kw):
                columns = [j for j in range(ow) if 0 <= j * across - left + s < w]
                if not columns:
                    continue
                start = ((i * down - top + r) * w + columns[0] * across - left + s) * c
                x = [v for at in range(start, start + len(columns) * across * c, across * c)
                     for v in op.x.values[at:at + c]]
                if many > 1:
                    x = [v for v in x for _ in range(many)]
                here = slice(columns[0] * co, (columns[-1] + 1) * co)
                sums[here] = map(add, sums[here], map(mul, x, cycle(taps[r * kw + s])))
            op.y.values[i * ow * co:(i + 1) * ow * co] = array.array("f", sums)
    else:
        for i in rows:
            sums = [0.0] * (w * c)
            for r in range(kh):
                o, rest = divmod(i + top - r, down)
                if rest or not 0 <= o < oh:
                    continue
                for s in range(kw):
                    columns = [j for j in range(ow) if 0 <= j * across - left + s < w]
                    if not columns:
                        continue
                    dy = op.y.gradient[(o * ow + columns[0]) * co:(o * ow + columns[-1] + 1) * co]
                    shares = list(map(mul, dy, cycle(taps[r * kw + s])))
                    if many > 1:
                        shares = [math.fsum(shares[k:k + many]) for k in range(0, len(shares), many)]
                    for n, j in enumerate(columns):
                        at = (j * across - left + s) * c
                        sums[at:at + c] = map(add, sums[at:at + c], shares[n * c:(n + 1) * c])
            accumulate(op.x.gradient, i * w * c, sums, w * c)


def overlap(first: int, kh: int, h: int, kw: int) -> list[tuple[int, int]]:
    """The taps of a window that begins in row `first` whose rows are inside a map h high."""
    return [(r, s) for r in range(kh) if 0 <= first + r < h for s in range(kw)]


def matmul_in_layout(op: Operation, backward: bool) -> None:
    """MatMul with weights for a map of kh x kw as their file has them: `layout` is the order of the axes h, w, c, o,
    such as ochw, PyTorch's for a flattened map. x is brought to that order, which is little work, not the weights."""
    (_, w, c), (oh, ow, co), (kh, kw, *_), weights = op.x.shape, op.y.shape, op.weight_shape, op.weights
    layout, size = op.parameters["layout"], kh * kw * c
    places = list(range(size))                              # in a window [kh, kw, c] of what a row of weights meets
    if layout.replace("o", "") == "chw":
        places = [k for channel in range(c) for k in range(channel, size, c)]
    of_output = [slice(o * size, (o + 1) * size) if layout[0] == "o" else slice(o, None, co) for o in range(co)]
    of_input = [slice(k, None, size) if layout[0] == "o" else slice(k * co, (k + 1) * co) for k in range(size)]
    for i, j in product(range(oh), range(ow)):
        rows, at = [((i + r) * w + j) * c for r in range(kh)], (i * ow + j) * co
        if not backward:
            window = [v for row in rows for v in op.x.values[row:row + kw * c]]
            x = [window[place] for place in places]
            op.y.values[at:at + co] = array.array("f", [sum(map(mul, x, weights[part])) for part in of_output])
        else:
            dy, shares = op.y.gradient[at:at + co].tolist(), [0.0] * size
            for place, part in zip(places, of_input):
                shares[place] = sum(map(mul, dy, weights[part]))
            for r, row in enumerate(rows):
                accumulate(op.x.gradient, row, shares[r * kw * c:(r + 1) * kw * c], kw * c)


# ---- Number by number ------------------------------------------------------------------------------------------------

def add_maps(op: Operation, backward: bool) -> None:
    """y [h, w, c] = the sum of inputs [h, w, c], two or more"""
    if not backward:
        total = op.inputs[0].values.tolist()
        for x in op.inputs[1:]:
            total = list(map(add, total, x.values))
        op.y.values[:] = array.array("f", total)
    else:
        for x in op.inputs:
            accumulate(x.gradient, 0, op.y.gradient, x.size)


def multiply_maps(op: Operation, backward: bool) -> None:
    """y [h, w, c] = a [h, w, c] * b, of the same shape or [1, 1, c]: a factor for each channel, itself computed"""
    a, b = op.inputs
    if not backward:
        op.y.values[:] = array.array("f", map(mul, a.values, cycle(b.values.tolist())))
    else:
        dy, c = op.y.gradient.tolist(), op.y.shape[2]
        of_b = array.array("d", map(mul, dy, a.values))
        accumulate(a.gradient, 0, map(mul, dy, cycle(b.values.tolist())), a.size)
        if b.size < a.size:
            of_b = array.array("d", [math.fsum(of_b[k::c]) for k in range(c)])
        accumulate(b.gradient, 0, of_b, b.size)


def scale(op: Operation, backward: bool) -> None:
    """y [h, w, c] = x * factors [c]"""
    factors = op.weights.tolist()
    if not backward:
        op.y.values[:] = array.array("f", map(mul, op.x.values, cycle(factors)))
    else:
        give_back(op, map(mul, op.y.gradient.tolist(), cycle(factors)))


def clip(op: Operation, backward: bool) -> None:
    """y = x, but at least `low` and at most `high`; no gradient where the output is one of the two"""
    low, high = op.parameters["low"], op.parameters["high"]
    if not backward:
        op.y.values[:] = array.array("f", [low if v <= low else high if v >= high else v for v in op.x.values])
    else:
        low, high = array.array("f", [low, high])                    # as they stand in y
        give_back(op, [d if low < v < high else 0.0 for v, d in zip(op.y.values, op.y.gradient)])


def leaky_relu(op: Operation, backward: bool) -> None:
    """y = x where x > 0, else alpha * x"""
    alpha = op.parameters["alpha"]
    if not backward:
        op.y.values[:] = array.array("f", [v if v > 0.0 else alpha * v for v in op.x.values])
    else:
        give_back(op, [d if v > 0.0 else alpha * d for v, d in zip(op.y.values, op.y.gradient)])


def sigmoid(op: Operation, backward: bool) -> None:
    """y = 1 / (1 + exp -x); dx = dy y (1 - y)"""
    if not backward:
        op.y.values[:] = array.array("f", [0.5 + 0.5 * math.tanh(0.5 * v) for v in op.x.values])
    else:
        give_back(op, [d * v * (1.0 - v) for v, d in zip(op.y.values, op.y.gradient)])


def gelu(op: Operation, backward: bool) -> None:
    """y = x p(x), p being the normal distribution's share below x or, `approximate`, a logistic one close to it;
    dx = dy (p + x p')"""
    share = logistic_share if op.parameters["approximate"] else normal_share
    if not backward:
        op.y.values[:] = array.array("f", [v * share(v)[0] for v in op.x.values])
    else:
        slopes = [p + v * slope for v in op.x.values for p, slope in [share(v)]]
        give_back(op, map(mul, op.y.gradient.tolist(), slopes))


def normal_share(v: float) -> tuple[float, float]:
    """How much of a normal distribution lies below v, and the slope of that."""
    return 0.5 * math.erfc(-v * math.sqrt(0.5)), math.exp(-0.5 * v * v) / math.sqrt(2.0 * math.pi)


CUBIC = 0.044715                # of GELU's approximation


def logistic_share(v: float) -> tuple[float, float]:
    """1 / (1 + exp(-2 u)) = (1 + tanh u) / 2 with u = sqrt(2 / pi) (v + CUBIC v^3), and the slope of that."""
    share = 0.5 + 0.5 * math.tanh(math.sqrt(2.0 / math.pi) * (v + CUBIC * v ** 3))
    return share, 2.0 * share * (1.0 - share) * math.sqrt(2.0 / math.pi) * (1.0 + 3.0 * CUBIC * v * v)


# ---- Cell by cell ----------------------------------------------------------------------------------------------------

def layer_norm(op: Operation, backward: bool) -> None:
    """y [h, w, c] = (x - mean) / root, of each cell's c numbers by themselves, with root = sqrt(variance + epsilon);
    dx = (dy - mean of dy - y * mean of dy y) / root"""
    c, epsilon = op.x.shape[2], op.parameters["epsilon"]
    for at in range(0, op.x.size, c):
        mean = math.fsum(op.x.values[at:at + c]) / c
        x = [v - mean for v in op.x.values[at:at + c].tolist()]
        root = math.sqrt(math.fsum(map(mul, x, x)) / c + epsilon)
        y = [v / root for v in x]
        if not backward:
            op.y.values[at:at + c] = array.array("f", y)
        else:
            dy = op.y.gradient[at:at + c].tolist()
            level, slope = math.fsum(dy) / c, math.fsum(map(mul, dy, y)) / c
            accumulate(op.x.gradient, at, [(d - level - slope * v) / root for d, v in zip(dy, y)], c)


# ---- Moving numbers --------------------------------------------------------------------------------------------------

def pad(op: Operation, backward: bool) -> None:
    """x [h, w, c] -> y [top + h + bottom, left + w + right, c], `value` all around"""
    (h, w, c), (_, width, _), ((top, _), (left, _)) = op.x.shape, op.y.shape, op.parameters["padding"]
    if not backward:
        op.y.values[:] = array.array("f", [op.parameters["value"]]) * op.y.size
    for row in range(h):
        here, at = row * w * c, ((top + row) * width + left) * c
        if not backward:
            op.y.values[at:at + w * c] = op.x.values[here:here + w * c]
        else:
            accumulate(op.x.gradient, here, op.y.gradient[at:at + w * c], w * c)


def shuffle(op: Operation, backward: bool) -> None:
    """The channels of each pixel, `groups` rows of them, read down the columns: y[i * groups + k] = x[k * n + i]"""
    c, groups = op.x.shape[2], op.parameters["groups"]
    places = [k * (c // groups) + i for i in range(c // groups) for k in range(groups)]
    if not backward:
        for channel, source in enumerate(places):
            op.y.values[channel::c] = op.x.values[source::c]
    else:
        dx = array.array("f", bytes(4 * op.x.size))
        for channel, source in enumerate(places):
            dx[source::c] = array.array("f", op.y.gradient[channel::c])
        accumulate(op.x.gradient, 0, dx, op.x.size)


def slice_of(op: Operation, backward: bool) -> None:
    """y [h, w, n] = x without some rows and columns at its sides (`crop`), of its channels n from the first of
    `part` on"""
    (h, w, n), width, c = op.y.shape, *op.x.shape[1:]
    (top, _), (left, _) = op.parameters["crop"]
    first = (op.parameters["part"] or (0, c))[0]
    each, count = (w * c, w * n) if n == c else (c, n)          # a row at once, or a pixel
    starts = (((top + i) * width + left) * c + first + j for i in range(h) for j in range(0, w * c, each))
    for at, here in zip(range(0, op.y.size, count), starts):
        if not backward:
            op.y.values[at:at + count] = op.x.values[here:here + count]
        else:
            accumulate(op.x.gradient, here, op.y.gradient[at:at + count], count)


# ---- The rows --------------------------------------------------------------------------------------------------------

def same_maps(shapes: list[Shape], parameters: dict[str, Any]) -> Shape:
    """Of two or more maps of one shape."""
    if len(shapes) < 2 or len(set(shapes)) != 1 or len(shapes[0]) != 3:
        raise ValueError(f"maps of different sizes: {list(map(list, shapes))}")
    return same_shape(shapes, parameters)


def map_and_factors(shapes: list[Shape], parameters: dict[str, Any]) -> Shape:
    """Of a map and another of its shape, or one factor for each channel."""
    if len(shapes) != 2 or shapes[1] not in (shapes[0], (1, 1, shapes[0][2])):
        raise ValueError(f"maps that cannot be multiplied: {list(map(list, shapes))}")
    return same_shape(shapes, parameters)


def factors_per_channel(shapes: list[Shape], parameters: dict[str, Any]) -> Shape:
    if shapes[1:] != [(shapes[0][2],)]:
        raise ValueError(f"factors {list(map(list, shapes[1:]))} for {shapes[0][2]} channels")
    return same_shape(shapes, parameters)


def padded(shapes: list[Shape], parameters: dict[str, Any]) -> Shape:
    (h, w, c), ((top, bottom), (left, right)) = shapes[0], parameters["padding"]
    return top + h + bottom, left + w + right, c


def shuffled(shapes: list[Shape], parameters: dict[str, Any]) -> Shape:
    if shapes[0][2] % parameters["groups"]:
        raise ValueError(f"{shapes[0][2]} channels in {parameters['groups']} groups")
    return same_shape(shapes, parameters)


def sliced(shapes: list[Shape], parameters: dict[str, Any]) -> Shape:
    (h, w, c), ((top, bottom), (left, right)) = shapes[0], parameters.get("crop", ((0, 0), (0, 0)))
    first, count = parameters.get("part") or (0, c)
    if min(h - top - bottom, w - left - right, first + 1, count) < 1 or first + count > c:
        raise ValueError(f"a map of {h} x {w} x {c} that loses {(top, bottom)} rows and {(left, right)} columns, of"
                         f" which {count} channels from number {first} on are wanted")
    return h - top - bottom, w - left - right, count


KINDS = {
    "Add": Kind(add_maps, same_maps),
    "Mul": Kind(multiply_maps, map_and_factors),
    "Scale": Kind(scale, factors_per_channel, in_place=True),
    "Relu6": Kind(clip, same_shape, {"low": 0.0, "high": 6.0}, in_place=True),
    "Clip": Kind(clip, same_shape, {"low": -math.inf, "high": math.inf}, in_place=True),
    "LeakyRelu": Kind(leaky_relu, same_shape, {"alpha": 0.2}, in_place=True),
    "Sigmoid": Kind(sigmoid, same_shape, in_place=True),
    "Gelu": Kind(gelu, same_shape, {"approximate": False}),
    "LayerNorm": Kind(layer_norm, same_shape, {"epsilon": 1e-6}),
    "Pad": Kind(pad, padded, {"padding": ((0, 0), (0, 0)), "value": 0.0}),
    "Shuffle": Kind(shuffle, shuffled, {"groups": 1}),
    "Slice": Kind(slice_of, sliced, {"crop": ((0, 0), (0, 0)), "part": None}),
}
