"""Frozen TensorFlow graphs (GraphDef), as deepdream.read_graph has them: what their nodes mean.

    reader, ends = frozen_graph.follow(deepdream.read_graph("vgg16.pb"), (224, 224))

A row of OPERATIONS is a kind of node and the function that adds it to a networks.Builder.
Source: tensorflow/core/ops/*.cc for inputs, attributes and their default values.
"""

from __future__ import annotations

import array
import math
import struct
import sys
from collections.abc import Callable, Sequence
from operator import add, mul, sub, truediv
from typing import Any, NamedTuple

import deepdream

from . import formulas
from .networks import (
    ADVICE,
    MOST_STEPS,
    NCHW,
    NHWC,
    SEVERAL,
    Builder,
    Constant,
    Map,
    Node,
    Reader,
    Unknown,
    Value,
    a_constant,
    a_map,
    check,
    permuted,
    regrouped,
    weights_of,
)

# TensorFlow's numbers for the types of constants: how struct and memoryview call them
TYPES = {1: "f", 2: "d", 3: "i", 9: "q", 10: "?", 19: "e"}
MOST_FILLED = 1 << 24           # numbers that a constant may leave to be filled in
MOST_PARTS = 1 << 12            # in which one tensor is cut


def constant(found: Any) -> Constant:
    """A Const's value. Floats of float32 stay views into the file."""
    check(isinstance(found, deepdream.Constant), "a constant without a value", "one with numbers")
    count = math.prod(found.shape)
    kind = TYPES.get(found.dtype, "")
    check(kind and all(size >= 0 for size in found.shape), f"a constant of type {found.dtype}, shape "
          f"{list(found.shape[:9])}", "one of floats or whole numbers")
    if kind == "f":
        check(found.complete() and (found.content or count <= MOST_FILLED), f"shape {list(found.shape)} of other "
              "numbers than there are", "as many as the shape says")
        return Constant(found.shape, found.floats() if count else memoryview(b"").cast("f"))
    if found.content:
        check(len(found.content) == struct.calcsize(kind) * count, f"shape {list(found.shape)} of other numbers than "
              "there are", "as many as the shape says")
        return Constant(found.shape, numbers(found.content, kind))
    check(count <= 2 ** 16 and len(found.values) <= count and kind in "iqe?", f"a constant of type {found.dtype}, "
          f"shape {list(found.shape[:9])}", "one of floats or whole numbers")
    values = list(found.values or [0])
    values += values[-1:] * (count - len(values))
    if kind == "e":
        halves = struct.pack(f"<{count}H", *[one & 0xffff for one in values[:count]])
        return Constant(found.shape, numbers(halves, kind))
    return Constant(found.shape, values[:count])


def numbers(content: Any, kind: str) -> Any:
    """Little-endian numbers as float32 or a list of whole numbers; float16 and float64 are brought to float32."""
    if kind in "iq?":
        check(len(content) <= 2 ** 20, f"{len(content)} bytes of whole numbers", "floats, or a few")
        return list(map(int, struct.unpack(f"<{len(content) // struct.calcsize(kind)}{kind}", content)))
    result = array.array("f")
    size = struct.calcsize(kind)
    if kind == "f" and sys.byteorder == "little":
        return memoryview(content).cast("f")
    for at in range(0, len(content), 2 ** 16 * size):           # a Python number takes 24 bytes: not all at once
        part = content[at:at + 2 ** 16 * size]
        try:
            result.extend(struct.unpack(f"<{len(part) // size}{kind}", part))
        except OverflowError:
            raise Unknown("numbers of 1e38 or more", "weights") from None
    return result


# ---- Operations ------------------------------------------------------------------------------------------------------

class Frozen(Reader):
    """A Reader of a GraphDef."""

    def __init__(self, graph: deepdream.Graph, size: tuple[int, int], builder: Builder):
        nodes = [Node(node.name, node.operation,
                      [name.removesuffix(":0") for name in node.inputs if not name.startswith("^")], results_of(node),
                      node.attributes) for node in graph.nodes.values()]
        if any(map(called, nodes)):
            nodes = inlined(nodes, functions_of(graph))
        super().__init__(graph.path, nodes, OPERATIONS, {}, builder)
        self.graph, self.size = graph, size


# ---- Functions -------------------------------------------------------------------------------------------------------
# Keras calls one for each convolution in groups, and so for ConvNeXt's. What they do takes the place of the call.

CALLS = ("PartitionedCall", "StatefulPartitionedCall")
MOST_CALLS = 8                  # one in the other
ARGUMENT = {1: ("name", str)}
FUNCTION = {1: ("signature", {1: ("name", str), 2: ("inputs", [ARGUMENT]), 3: ("outputs", [ARGUMENT])}),
            3: ("nodes", [deepdream.NODE]), 4: ("results", [{1: ("key", str), 2: ("value", str)}])}
# What TensorFlow calls the first result of an operation; FusedBatchNorm has others, which nobody wants of a frozen one
FIRST = ("output", "y", "z", "activations", "product", "backprops")


class Function(NamedTuple):
    """The body of a function: a graph of its own."""
    inputs: list[str]
    nodes: list[deepdream.Node]
    results: list[str]          # in the order of the call's


def functions_of(graph: deepdream.Graph) -> dict[str, Function]:
    """The functions in a graph's library by name."""
    reader = deepdream.WireReader(graph.library)
    try:
        found = reader.message({1: ("functions", [FUNCTION])}, 0, len(graph.library)).get("functions", [])
        bodies = [[deepdream.node_of(node, 0) for node in one.get("nodes", ())] for one in found]
    except deepdream.WireError as error:
        raise deepdream.DeepDreamError(f"{graph.path}: the functions in it are broken: {error.args[1]}; expected those "
                                       f"that its nodes call; {ADVICE}") from None
    functions = {}
    for one, nodes in zip(found, bodies):
        signature, results = one.get("signature", {}), {
            pair.get("key", ""): pair.get("value", "") for pair in one.get("results", ())}
        names = {kind: [argument.get("name", "") for argument in signature.get(kind, ())]
                 for kind in ("inputs", "outputs")}
        functions[signature.get("name", "")] = Function(names["inputs"], nodes,
                                                        [results.get(name, "") for name in names["outputs"]])
    return functions


def inlined(nodes: list[Node], functions: dict[str, Function]) -> list[Node]:
    """Nodes with those that call functions replaced by what these do; a call that cannot be followed stays."""
    for _ in range(MOST_CALLS):
        calls = sum(len(functions[name].nodes) + 1 for name in map(called, nodes) if name in functions)
        if not 0 < calls <= MOST_STEPS:
            break
        nodes = [one for node in nodes for one in (
            body_of(node, functions[called(node)]) if called(node) in functions else [node])]
    return nodes


def called(node: Node) -> str:
    """The name of the function that a node calls."""
    name = node.attributes.get("f", "") if node.operation in CALLS else ""
    return name if isinstance(name, str) else ""


def body_of(call: Node, function: Function) -> list[Node]:
    """The nodes of a function for one call, called as belonging to the scope of that."""
    key = call.outputs[0]
    names = dict(zip(function.inputs, call.inputs))
    scope = call.name.rpartition("/")[0] or call.name

    def found(name: str) -> str:
        """node, node:0 or node:output:0 in the function as a name of the whole graph"""
        node, _, which = name.removesuffix(":0").partition(":")
        if node in names:
            return names[node]
        kind, _, number = which.partition(":")
        return f"{key}/{node}" + (f":{number}" if number else "" if kind in ("", *FIRST) else f":{kind}")

    body = [Node(f"{scope}/{node.name}", node.operation,
                 [found(name) for name in node.inputs if not name.startswith("^")],
                 [f"{key}/{name}" for name in results_of(node)], node.attributes) for node in function.nodes]
    return body + [Node(call.name, "Identity", [found(name)], [f"{key}:{number}" if number else key], {})
                   for number, name in enumerate(function.results)]


def results_of(node: deepdream.Node) -> list[str]:
    """What a node's results are called."""
    count = node.attributes.get("num_split", 1)
    if node.operation == "IdentityN":
        count = sum(not name.startswith("^") for name in node.inputs)
    count = count if node.operation in SEVERAL and isinstance(count, int) and 1 <= count <= MOST_PARTS else 1
    return [node.name, *(f"{node.name}:{i}" for i in range(1, count))]


def attribute(node: Node, name: str, default: Any) -> Any:
    value = node.attributes.get(name, default)
    check(isinstance(value, type(default)), f"attribute {name} has another type", type(default).__name__)
    return value


def layout(node: Node) -> str:
    name = attribute(node, "data_format", "NHWC").lower()
    check(name in (NHWC, NCHW), f"data_format {name}", "NHWC or NCHW")
    return name


def inside(node: Node, name: str, default: Sequence[int]) -> tuple[int, int]:
    """(down, across) of a list that has a number for each dimension."""
    sizes, order = attribute(node, name, list(default)), layout(node)
    check(len(sizes) == 4 and sizes[order.index("n")] == sizes[order.index("c")] == 1, f"{name} {sizes[:9]}",
          "1 for pictures and channels")
    return sizes[order.index("h")], sizes[order.index("w")]


def padding(node: Node) -> Any:
    name, order = attribute(node, "padding", ""), layout(node)
    if name == "EXPLICIT":
        pads = attribute(node, "explicit_paddings", [])
        check(len(pads) == 8, f"explicit_paddings {pads[:9]}", "eight numbers")
        pairs = {letter: (pads[2 * i], pads[2 * i + 1]) for i, letter in enumerate(order)}
        return pairs["h"], pairs["w"]
    check(name in ("SAME", "VALID"), f"padding {name or 'missing'}", "SAME, VALID or EXPLICIT")
    return name


def placeholder(reader: Frozen, node: Node, inputs: list) -> Value:
    shape = attribute(node, "shape", ())
    check(len(shape) in (0, 4), f"a picture of shape {list(shape[:9])}", "[1, height, width, 3]")
    order = NCHW if len(shape) == 4 and shape[1] == 3 != shape[3] else NHWC
    sizes = dict(zip(order, shape or (0, 0, 0, 3)))
    return picture(reader, node, [sizes["n"], sizes["h"], sizes["w"], sizes["c"] if sizes["c"] > 0 else 3], order)


def resize(reader: Frozen, node: Node, inputs: list) -> Value:
    """What reads a picture file in the graph ends here: the picture begins with its result."""
    size = a_constant(reader.value(node.inputs[1])).integers()
    return picture(reader, node, [1, *size, 3], NHWC)


def picture(reader: Frozen, node: Node, sizes: list[int], order: str) -> Map:
    check(reader.input is None, "a second picture", "one")
    h, w = (one if one > 0 else other for one, other in zip(sizes[1:3], reader.size))
    reader.size_is_open = min(sizes[1:3]) <= 0
    by_letter = {"n": max(sizes[0], 1), "h": h, "w": w, "c": sizes[3]}
    reader.input = reader.builder.input(node.name, [by_letter[letter] for letter in order], order)
    return reader.input


def conv(reader: Frozen, node: Node, inputs: list) -> Value:
    x, weights = a_map(inputs[0]), weights_of(inputs[1])
    check(len(weights.shape) == 4, f"weights {list(weights.shape)}", "[kh, kw, ci, co]")
    kh, kw, ci, co = weights.shape
    groups = 1
    if node.operation == "DepthwiseConv2dNative":
        groups, weights = ci, Constant((kh, kw, 1, ci * co), weights.values)
    elif ci and x.shape[2] % ci == 0:
        groups = x.shape[2] // ci
    parameters = {"stride": inside(node, "strides", []), "dilation": inside(node, "dilations", [1, 1, 1, 1]),
                  "padding": padding(node), "groups": groups}
    return reader.builder.conv(node.name, x, weights, layout(node), parameters)


def pool(reader: Frozen, node: Node, inputs: list) -> Value:
    parameters = {"ksize": inside(node, "ksize", []), "stride": inside(node, "strides", []), "padding": padding(node)}
    return reader.builder.pool(node.name, a_map(inputs[0]), node.operation, layout(node), parameters)


def bias_add(reader: Frozen, node: Node, inputs: list) -> Value:
    """Of a map of a single cell also another one: Keras adds it so."""
    x = a_map(inputs[0])
    if isinstance(inputs[1], Map) and inputs[1].shape == x.shape and inputs[1].dims == x.dims[-1:]:
        return reader.builder.sum(node.name, x, Map(inputs[1].step, x.dims))
    biases = weights_of(inputs[1])
    if layout(node) == NCHW and len(x.dims) == 4:
        biases = Constant((*biases.shape, 1, 1), biases.values)
    return reader.builder.shifted(node.name, x, reader.builder.per_channel(x, biases))


def arithmetic(what: Callable[[Any, Any], Any], reader: Reader, node: Node, inputs: list) -> Value:
    """x + y, x - y, x * y, x / y of maps and constants."""
    builder, name, (x, y) = reader.builder, node.name, inputs
    if formulas.is_formula(x) or formulas.is_formula(y):
        return formulas.combined(builder, name, what, x, y)
    if isinstance(x, Constant) and isinstance(y, Constant):
        return builder.computed(name, what, x, y)
    if isinstance(x, Map) and isinstance(y, Map):
        if what is mul:
            return builder.product(name, x, y)
        check(what in (add, sub), "a quotient of maps", "a sum or a product")
        return builder.sum(name, x, y if what is add else builder.minus(name + "/minus", y))
    if isinstance(x, Constant):
        check(what is not truediv, "a number divided by a map", "a map divided by numbers")
        if what is sub:
            y = builder.minus(name + "/minus", a_map(y))
        return arithmetic(add if what is sub else what, reader, node, [y, x])
    values = builder.per_channel(a_map(x), weights_of(y) if not isinstance(y.values, list) else
                                 Constant(y.shape, array.array("f", y.values)))
    if what is truediv:
        check(all(values), "a division by zero", "other numbers")
        return builder.scaled(name, x, [1.0 / value for value in values])
    if what is mul:
        return builder.scaled(name, x, values)
    return builder.shifted(name, x, values if what is add else [-value for value in values])


def binary(what: Callable[[Any, Any], Any]) -> Callable[..., Value]:
    return lambda reader, node, inputs: arithmetic(what, reader, node, inputs)


def unary(what: Callable[[float], float], of_map: Callable[[Builder, str, Map], Map] | None = None
          ) -> Callable[..., Value]:
    """Of a constant, or (of_map) of a map."""
    def make(reader: Reader, node: Node, inputs: list) -> Value:
        if of_map and isinstance(inputs[0], Map):
            return of_map(reader.builder, node.name, inputs[0])
        return reader.builder.computed(node.name, what, a_constant(inputs[0]))
    return make


def power(reader: Reader, node: Node, inputs: list) -> Value:
    exponent = a_constant(inputs[1])
    if isinstance(inputs[0], Constant):
        return reader.builder.computed(node.name, pow, inputs[0], exponent)
    return formulas.power(reader.builder, node.name, inputs[0], exponent.one())


def squared_difference(reader: Reader, node: Node, inputs: list) -> Value:
    difference = arithmetic(sub, reader, node._replace(name=node.name + "/difference"), inputs)
    return formulas.power(reader.builder, node.name, a_map(difference), 2.0)


def complement(reader: Reader, node: Node, inputs: list) -> Value:
    """Erfc: 1 - erf"""
    return formulas.combined(reader.builder, node.name, sub, Constant((), [1.0]),
                             formulas.function(reader.builder, node.name, a_map(inputs[0]), "e"))


OF_EITHER: dict[str, Callable[..., Value]] = {      # called the same by TensorFlow and ONNX
    "Pow": power, "Sqrt": unary(math.sqrt, lambda builder, name, x: formulas.root(name, x, False)),
    "Reciprocal": unary(lambda v: 1.0 / v, lambda builder, name, x: formulas.power(builder, name, x, -1.0)),
    "Neg": unary(lambda v: -v, lambda builder, name, x: formulas.negative(builder, name, x)),
    "Erf": lambda reader, node, inputs: formulas.function(reader.builder, node.name, a_map(inputs[0]), "e"),
    "Tanh": lambda reader, node, inputs: formulas.function(reader.builder, node.name, a_map(inputs[0]), "t"),
}


def plain(kind: str, **defaults: Any) -> Callable[..., Value]:
    """Of each number of a map by itself; defaults: attributes."""
    return lambda reader, node, inputs: reader.builder.plain(
        node.name, a_map(inputs[0]), kind, **{name: attribute(node, name, value) for name, value in defaults.items()})


def add_n(reader: Reader, node: Node, inputs: list) -> Value:
    check(inputs, "a sum of nothing", "maps")
    total = inputs[0]
    for number, one in enumerate(inputs[1:], 2):
        name = node.name if number == len(inputs) else f"{node.name}/{number}"
        total = arithmetic(add, reader, node._replace(name=name), [total, one])
    return total


def batch_norm(reader: Frozen, node: Node, inputs: list) -> Value:
    check(not attribute(node, "is_training", 1), "batch normalisation that is still in training",
          "is_training false, as it is in graphs frozen for inference")
    x, scale, offset, mean, variance = a_map(inputs[0]), *map(weights_of, inputs[1:5])
    return reader.builder.normalised(node.name, x, layout(node), scale, offset, mean, variance,
                                     attribute(node, "epsilon", 1e-4))


def old_batch_norm(reader: Frozen, node: Node, inputs: list) -> Value:
    x, mean, variance, offset, scale = a_map(inputs[0]), *map(weights_of, inputs[1:5])
    if not attribute(node, "scale_after_normalization", 0):
        scale = Constant(scale.shape, array.array("f", [1.0] * len(scale.values)))
    return reader.builder.normalised(node.name, x, NHWC, scale, offset, mean, variance,
                                     attribute(node, "variance_epsilon", 0.0))


def lrn(reader: Frozen, node: Node, inputs: list) -> Value:
    parameters = {name: attribute(node, name, value) for name, value in deepdream.LRN_CONSTANTS.items()}
    return local_norm(reader, node, a_map(inputs[0]), parameters)


def local_norm(reader: Reader, node: Node, x: Map, parameters: dict[str, Any]) -> Value:
    sane = 0 <= parameters["depth_radius"] <= 1024 and all(
        0.0 <= parameters[name] < 1e6 for name in ("alpha", "beta", "bias"))
    check(sane, f"constants {parameters}", "usual ones")
    return reader.builder.plain(node.name, x, "LRN", **parameters)


def concat(reader: Frozen, node: Node, inputs: list) -> Value:
    *parts, where = inputs if node.operation == "ConcatV2" else [*inputs[1:], inputs[0]]
    where = int(a_constant(where).one())
    if all(isinstance(part, Constant) for part in parts):
        return joined_constants(parts, where)
    return reader.builder.concat(node.name, [a_map(part) for part in parts], where)


def split(reader: Frozen, node: Node, inputs: list) -> list[Value]:
    """In parts of one size (Split), or of those sizes, one of which may be -1 (SplitV)."""
    equal, number = node.operation == "Split", len(node.outputs)
    axis, x = inputs if equal else (inputs[2], inputs[0])
    where = int(a_constant(axis).one())
    total = size_along(x, where)
    counts = [total // number] * number if equal else a_constant(inputs[1]).integers()
    counts = [total - sum(counts) - 1 if count == -1 else count for count in counts]
    return parts_of(reader, node.name, x, where, counts)


def size_along(x: Value, where: int) -> int:
    return (x.sizes() if isinstance(x, Map) else x.shape)[where]


def parts_of(reader: Reader, name: str, x: Value, where: int, counts: Sequence[int]) -> list[Value]:
    """x cut along a dimension in so many and so many."""
    if isinstance(x, Map):
        return [*reader.builder.parts(name, x, where, counts)]
    check(sum(counts) == x.shape[where] and min(counts) > 0, f"{counts[:9]} of {x.shape[where]}", "all of them")
    return [constant_part(x, where, sum(counts[:number]), count) for number, count in enumerate(counts)]


def constant_part(x: Constant, where: int, first: int, count: int) -> Constant:
    """So many of a dimension of a constant, from `first` on."""
    where %= len(x.shape)
    inner = math.prod(x.shape[where + 1:])
    step, values = x.shape[where] * inner, array.array("f") if x.floats() else []
    for at in range(first * inner, len(x.values), step):
        values.extend(x.values[at:at + count * inner])
    return Constant((*x.shape[:where], count, *x.shape[where + 1:]), values)


def joined_constants(parts: list[Constant], where: int) -> Constant:
    check(all(len(part.shape) == 1 and not part.floats() for part in parts) and where in (0, -1),
          "constants joined", "lists of whole numbers")
    values = [value for part in parts for value in part.integers()]
    return Constant((len(values),), values)


def pack(reader: Frozen, node: Node, inputs: list) -> Value:
    values = [int(a_constant(one).one()) for one in inputs]
    return Constant((len(values),), values)


def shape_of(reader: Reader, node: Node, inputs: list) -> Value:
    sizes = inputs[0].sizes() if isinstance(inputs[0], Map) else list(inputs[0].shape)
    return Constant((len(sizes),), sizes)


def part_of(reader: Reader, name: str, x: Map, spans: dict[int, tuple[int | None, int | None]]) -> Map:
    """x cut along some dimensions: from where to where of each, as Python's slices have it."""
    for number, (where, (start, stop)) in enumerate(spans.items(), 1):
        inside = range(x.sizes()[where])[start:stop]
        check(len(inside) > 0, f"from {start} to {stop} of {x.sizes()[where]}", "something of a map")
        x = reader.builder.part(name + f"/{number}" * (number < len(spans)), x, where, inside.start, len(inside))
    return x


def part_of_map(reader: Frozen, node: Node, inputs: list) -> Value:
    """Slice"""
    begin, size = (a_constant(one).integers() for one in inputs[1:3])
    check(len(begin) == len(size) == len(a_map(inputs[0]).dims), "a slice of some dimensions", "of all")
    return part_of(reader, node.name, inputs[0], {i: (first, None if count == -1 else first + count)
                                                  for i, (first, count) in enumerate(zip(begin, size))})


def strided_slice_of_map(reader: Frozen, node: Node, inputs: list) -> Value:
    begin, end, step = (a_constant(one).integers() for one in inputs[1:4])
    masks = {name: attribute(node, name + "_mask", 0) for name in ("begin", "end", "ellipsis", "new_axis",
                                                                   "shrink_axis")}
    check(set(step) <= {1} and len(begin) == len(end) == len(step) and not masks["new_axis"] | masks["shrink_axis"],
          "every second number of a map, or a new form", "a part that is whole")
    spans, count = {}, len(inputs[0].dims)
    for i, (start, stop) in enumerate(zip(begin, end)):
        if masks["ellipsis"] >> i & 1:
            continue
        rest = any(masks["ellipsis"] >> j & 1 for j in range(i))            # counted from the last dimension
        spans[count - len(begin) + i if rest else i] = (None if masks["begin"] >> i & 1 else start,
                                                        None if masks["end"] >> i & 1 else stop)
    return part_of(reader, node.name, inputs[0], spans)


def strided_slice(reader: Frozen, node: Node, inputs: list) -> Value:
    if isinstance(inputs[0], Map):
        return strided_slice_of_map(reader, node, inputs)
    numbers, begin, end, step = (a_constant(one).integers() for one in inputs[:4])
    check(len(begin) == len(end) == len(step) == 1 and not attribute(node, "ellipsis_mask", 0)
          and not attribute(node, "new_axis_mask", 0) and step[0] != 0, "a slice of a tensor", "one of a list")
    if attribute(node, "shrink_axis_mask", 0):
        return Constant((), [numbers[begin[0]]])
    first = None if attribute(node, "begin_mask", 0) else begin[0]
    last = None if attribute(node, "end_mask", 0) else end[0]
    part = numbers[first:last:step[0]]
    return Constant((len(part),), part)


def product_of(reader: Frozen, node: Node, inputs: list) -> Value:
    return Constant((), [math.prod(a_constant(inputs[0]).integers())])


def reshape(reader: Reader, node: Node, inputs: list) -> Value:
    return reshaped(inputs[0], a_constant(inputs[1]).integers())


def reshaped(x: Value, sizes: Sequence[int]) -> Value:
    """x with other dimensions, one of which may be -1: what is left over."""
    old = x.sizes() if isinstance(x, Map) else x.shape
    sizes, count = list(sizes), math.prod(old)
    if -1 in sizes:
        rest = math.prod(size for size in sizes if size != -1)
        check(sizes.count(-1) == 1 and rest > 0 and count % rest == 0, f"{list(old)} reshaped to {sizes}",
              "as many numbers")
        sizes[sizes.index(-1)] = count // rest
    check(math.prod(sizes) == count and (not sizes or min(sizes) >= 0), f"{list(old)} reshaped to {sizes[:9]}",
          "as many numbers")
    if isinstance(x, Constant):
        return Constant(tuple(sizes), x.values)
    return Map(x.step, regrouped(x.dims, sizes))


def expand(reader: Frozen, node: Node, inputs: list) -> Value:
    return unsqueezed(inputs[0], [int(a_constant(inputs[1]).one())])


def unsqueezed(x: Value, axes: Sequence[int]) -> Value:
    """x with dimensions of size 1 at these places of the result."""
    length = (len(x.dims) if isinstance(x, Map) else len(x.shape)) + len(axes)
    places = {i % length for i in axes}
    check(length <= 8 and len(places) == len(axes), f"new dimensions {list(axes)[:9]}", "different ones")
    if isinstance(x, Map):
        rest = iter(x.dims)
        return Map(x.step, tuple(() if i in places else next(rest) for i in range(length)))
    sizes = iter(x.shape)
    return Constant(tuple(1 if i in places else next(sizes) for i in range(length)), x.values)


def squeeze(reader: Frozen, node: Node, inputs: list) -> Value:
    return squeezed(inputs[0], attribute(node, "squeeze_dims", []) or attribute(node, "axis", []))


def squeezed(x: Value, axes: Sequence[int]) -> Value:
    """x without these dimensions of size 1; without all of them if none is named."""
    sizes = x.sizes() if isinstance(x, Map) else x.shape
    places = {i % len(sizes) for i in axes} if axes else {i for i, size in enumerate(sizes) if size == 1}
    check(all(sizes[i] == 1 for i in places), f"dimensions {sorted(places)} of {list(sizes)} squeezed",
          "those of size 1")
    kept = [i for i in range(len(sizes)) if i not in places]
    if isinstance(x, Map):
        return Map(x.step, tuple(x.dims[i] for i in kept))
    return Constant(tuple(sizes[i] for i in kept), x.values)


def transpose(reader: Reader, node: Node, inputs: list) -> Value:
    return turned(inputs[0], a_constant(inputs[1]).integers())


def turned(x: Value, order: Sequence[int]) -> Value:
    old = x.dims if isinstance(x, Map) else x.shape
    check(sorted(order) == list(range(len(old))), f"dimensions in the order {list(order)[:9]}", "each once")
    if isinstance(x, Map):
        return Map(x.step, tuple(x.dims[i] for i in order))
    check(x.floats(), "whole numbers transposed", "floats")
    return Constant(tuple(x.shape[i] for i in order), permuted(x.values, x.shape, order))


def matmul(reader: Frozen, node: Node, inputs: list) -> Value:
    check(not attribute(node, "transpose_a", 0), "transpose_a", "maps as they are")
    return reader.builder.matmul(node.name, a_map(inputs[0]), weights_of(inputs[1]),
                                 bool(attribute(node, "transpose_b", 0)))


def mean(reader: Frozen, node: Node, inputs: list) -> Value:
    return formulas.mean(reader.builder, node.name, a_map(inputs[0]), a_constant(inputs[1]).integers(),
                         bool(attribute(node, "keep_dims", 0)))


def pad(reader: Frozen, node: Node, inputs: list) -> Value:
    pads = a_constant(inputs[1]).integers()
    value = a_constant(inputs[2]).one() if len(inputs) > 2 else 0.0
    return reader.builder.pad(node.name, a_map(inputs[0]), list(zip(pads[::2], pads[1::2])), value)


def maximum(reader: Frozen, node: Node, inputs: list) -> Value:
    if all(isinstance(one, Constant) for one in inputs[:2]):
        return reader.builder.computed(node.name, max, *inputs[:2])
    x, y = inputs if isinstance(inputs[0], Map) else inputs[::-1]
    check(a_constant(y).one() == 0.0, "the larger of two", "of a map and 0")
    return reader.builder.plain(node.name, a_map(x), "Relu")


OPERATIONS: dict[str, Callable[..., Value | list[Value]]] = {
    "Placeholder": placeholder,
    **dict.fromkeys(("ResizeBilinear", "ResizeBicubic", "ResizeNearestNeighbor"), resize),
    "Const": lambda reader, node, inputs: constant(node.attributes.get("value")),
    **dict.fromkeys(("Identity", "StopGradient", "CheckNumerics", "Cast", "Snapshot", "PreventGradient"),
                    lambda reader, node, inputs: inputs[0]),
    "IdentityN": lambda reader, node, inputs: inputs,           # Keras' swish, for the sake of its gradient
    **dict.fromkeys(("Conv2D", "DepthwiseConv2dNative"), conv),
    "BiasAdd": bias_add,
    "Add": binary(add), "AddV2": binary(add), "Sub": binary(sub), "Mul": binary(mul), "RealDiv": binary(truediv),
    "AddN": add_n,
    **dict.fromkeys(("FusedBatchNorm", "FusedBatchNormV2", "FusedBatchNormV3"), batch_norm),
    "BatchNormWithGlobalNormalization": old_batch_norm,
    "Relu": plain("Relu"), "Relu6": plain("Relu6"), "LeakyRelu": plain("LeakyRelu", alpha=0.2),
    "Sigmoid": plain("Sigmoid"), "Maximum": maximum, "LRN": lrn,
    **dict.fromkeys(("MaxPool", "AvgPool"), pool),
    "Mean": mean, "Pad": pad, "PadV2": pad,
    **dict.fromkeys(("ConcatV2", "Concat"), concat),
    **dict.fromkeys(("Split", "SplitV"), split), "Slice": part_of_map,
    "Reshape": reshape, "Squeeze": squeeze, "ExpandDims": expand, "Transpose": transpose,
    "MatMul": matmul,
    "Softmax": lambda reader, node, inputs: reader.builder.softmax(node.name, a_map(inputs[0]), -1),
    **OF_EITHER, "Erfc": complement, "SquaredDifference": squared_difference,
    "Rsqrt": unary(lambda v: 1.0 / math.sqrt(v), lambda builder, name, x: formulas.root(name, x, True)),
    "Square": unary(lambda v: v * v, lambda builder, name, x: formulas.power(builder, name, x, 2.0)),
    # of constants
    "Shape": shape_of, "StridedSlice": strided_slice, "Pack": pack,
    "Prod": product_of,
}
NO_RESULTS = {"Const", "NoOp", "Assert", "Placeholder", "PlaceholderWithDefault"}


def follow(graph: deepdream.Graph, size: tuple[int, int], builder: Builder) -> tuple[Frozen, list[str]]:
    """A reader of the graph and the names of its results, the deepest one first.

    size: (height, width) where the graph does not say what pictures it takes.
    """
    reader = Frozen(graph, size, builder)
    used = {name for node in reader.makers.values() for name in node.inputs}
    ends = [name for name, node in reader.makers.items() if name not in used and node.operation not in NO_RESULTS]
    return reader, sorted(ends, key=lambda name: -ancestors(reader, name))


def ancestors(reader: Reader, name: str) -> int:
    """How many tensors one is made of."""
    seen = {name}
    stack = [name]
    while stack:
        node = reader.makers.get(stack.pop())
        for one in node.inputs if node else ():
            if one not in seen:
                seen.add(one)
                stack.append(one)
    return len(seen)
