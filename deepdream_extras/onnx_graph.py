"""ONNX models: read from the bytes of a file, and what their nodes mean.

    model = onnx_graph.read("resnet50.onnx", data)
    reader, ends = onnx_graph.follow(model, (224, 224), networks.Builder())

Opset 7 and later, and what of older ones means the same. A row of OPERATIONS is a kind of node and the function that
adds it to a networks.Builder. Weights that lie in files of their own are read from the folder of the model, never from
elsewhere. Sources: onnx/onnx.proto for the numbers of fields, docs/Operators.md and Changelog.md for operations.
"""

from __future__ import annotations

import array
import math
import os
import re
import struct
from collections.abc import Callable, Sequence
from operator import add, mul, sub, truediv
from typing import Any, NamedTuple

from deepdream import DeepDreamError, WireError, WireReader, short

from . import formulas
from .frozen_graph import (
    MOST_FILLED,
    OF_EITHER,
    ancestors,
    binary,
    joined_constants,
    local_norm,
    numbers,
    part_of,
    parts_of,
    reshaped,
    shape_of,
    size_along,
    squeezed,
    turned,
    unsqueezed,
)
from .networks import (
    ADVICE,
    GIVEN,
    NCHW,
    NHWC,
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
    operation_in,
    weights_of,
)

TENSOR = {1: ("dims", [int]), 2: ("type", int), 4: ("floats", [float]), 5: ("ints", [int]), 7: ("longs", [int]),
          8: ("name", str), 9: ("raw", memoryview), 10: ("doubles", memoryview),
          13: ("external", [{1: ("key", str), 2: ("value", str)}]), 14: ("location", int)}
ATTRIBUTE = {1: ("name", str), 2: ("f", float), 3: ("i", int), 4: ("s", memoryview), 5: ("t", TENSOR),
             7: ("floats", [float]), 8: ("ints", [int])}
NODE = {1: ("inputs", [str]), 2: ("outputs", [str]), 3: ("name", str), 4: ("operation", str),
        5: ("attributes", [ATTRIBUTE]), 7: ("domain", str), 9: ("notes", [{1: ("key", str), 2: ("value", memoryview)}])}
VALUE = {1: ("name", str), 2: ("type", {1: ("tensor", {1: ("type", int), 2: ("shape", {
    1: ("dims", [{1: ("size", int)}])})})})}
GRAPH = {1: ("nodes", [NODE]), 5: ("constants", [TENSOR]), 11: ("inputs", [VALUE]), 12: ("outputs", [VALUE])}
MODEL = {2: ("producer", str), 7: ("graph", GRAPH), 8: ("opsets", [{1: ("domain", str), 2: ("version", int)}])}

# ONNX's numbers for the types of constants: how struct calls them
TYPES = {1: "f", 6: "i", 7: "q", 9: "?", 10: "e", 11: "d"}
KINDS = {"f": "floats", "i": "ints", "q": "longs", "?": "ints", "e": "ints"}


class OnnxModel(NamedTuple):
    """What is in the file."""
    path: str
    producer: str
    opset: int
    nodes: list[Node]
    constants: dict[str, dict]              # as read: TENSOR
    inputs: dict[str, tuple[int, ...]]      # the shape of each, 0 for what is left open
    outputs: list[str]


def read(path: str, data: memoryview) -> OnnxModel:
    """The model in these bytes. DeepDreamError, with the byte where, for whatever is none."""
    wire = WireReader(data)
    try:
        found = wire.message(MODEL, 0, len(data))
    except WireError as error:
        at, what = error.args
        raise DeepDreamError(f"{path}: broken or cut short at byte {at} of {len(data)}: {what}; expected an ONNX model;"
                             f" get it again; or run deepdream download for the usual network") from None
    graph = found.get("graph", {})
    opset = max((one.get("version", 0) for one in found.get("opsets", ()) if not one.get("domain")), default=0)
    if not graph.get("nodes") or not 1 <= opset <= 99:
        raise DeepDreamError(f"{path}: an ONNX model without nodes or opset; expected a whole one; get it again; or run"
                             " deepdream download for the usual network")
    nodes = []
    for number, one in enumerate(graph["nodes"]):
        operation = one.get("operation", "")
        if one.get("domain", "") not in ("", "ai.onnx"):
            operation = f"{one['domain']}.{operation}"
        outputs = one.get("outputs", [])
        attributes = {item.get("name", ""): value for item in one.get("attributes", ())
                      for key, value in item.items() if key != "name"}
        nodes.append(Node(path_in(one) or one.get("name", "") or (outputs or [f"{operation}_{number}"])[0], operation,
                          one.get("inputs", []), outputs, attributes))
    inputs = {one.get("name", ""): shape_in(one) for one in graph.get("inputs", ())}
    return OnnxModel(str(path), found.get("producer", ""), opset, nodes,
                     {one.get("name", ""): one for one in graph.get("constants", ())}, inputs,
                     [one.get("name", "") for one in graph.get("outputs", ())])


def path_in(node: dict) -> str:
    """Where in the network PyTorch's newer exporter (dynamo) found a node, as its older one names nodes:
    /layer1/layer1.0/Conv of ['', 'layer1', 'layer1.0', 'conv2d']"""
    for note in node.get("notes", ()):
        if note.get("key", "") == "pkg.torch.onnx.name_scopes":
            scopes = re.findall(r"'([^']*)'", bytes(note.get("value", b"")[:2000]).decode("utf-8", "replace"))[1:-1]
            return "/".join(["", *scopes, node.get("operation", "")])
    return ""


def shape_in(value: dict) -> tuple[int, ...]:
    dims = value.get("type", {}).get("tensor", {}).get("shape", {}).get("dims", [])
    return tuple(max(dim.get("size", 0), 0) for dim in dims)


# ---- Constants -------------------------------------------------------------------------------------------------------

def constant(tensor: dict, path: str) -> Constant:
    """A tensor of the file. Floats of float32 stay views into it."""
    shape, kind = tuple(tensor.get("dims", ())), TYPES.get(tensor.get("type", 0), "")
    check(kind and len(shape) <= 8 and all(size >= 0 for size in shape), f"a constant of type {tensor.get('type', 0)},"
          f" shape {list(shape[:9])}", "one of floats or whole numbers")
    count = math.prod(shape)
    content = tensor.get("raw", memoryview(b""))
    if tensor.get("location", 0) == 1:
        content = external(tensor, path, struct.calcsize(kind) * count)
    elif not content and kind == "d":
        content = tensor.get("doubles", content)
    if len(content):
        check(len(content) == struct.calcsize(kind) * count, f"shape {list(shape)} of other numbers than there are",
              "as many as the shape says")
        return Constant(shape, numbers(content, kind))
    values = tensor.get(KINDS.get(kind, ""), [])
    check(len(values) == count, f"shape {list(shape)} of other numbers than there are", "as many as the shape says")
    if kind == "e":
        return Constant(shape, numbers(struct.pack(f"<{count}H", *[one & 0xffff for one in values]), kind))
    return Constant(shape, values if kind == "f" else list(values)) if count else Constant(shape, [])


def external(tensor: dict, path: str, size: int) -> memoryview:
    """The bytes of a tensor that has a file of its own, in the model's folder or below it."""
    said = {one.get("key", ""): one.get("value", "") for one in tensor.get("external", ())}
    name = said.get("location", "")
    folder = os.path.realpath(os.path.dirname(os.path.abspath(path)))
    check(name and "\0" not in name and not os.path.isabs(name), f"weights in {short(name) or 'no file'}",
          "the name of a file beside the model")
    target = os.path.realpath(os.path.join(folder, *name.replace("\\", "/").split("/")))
    check(os.path.commonpath([folder, target]) == folder, f"weights in {short(name)}, outside the model's folder",
          "a file beside the model")
    try:
        offset, length = int(said.get("offset") or 0), int(said.get("length") or size)
        check(os.path.isfile(target), f"weights in {short(name)}, which is not there", "that file beside the model")
        check(offset >= 0 and length == size and offset + size <= os.path.getsize(target),
              f"weights at {offset} of {short(name)}, {length} bytes", f"{size} bytes that are there")
        with open(target, "rb") as file:
            file.seek(offset)
            return memoryview(file.read(size))
    except OSError as error:
        raise Unknown(f"weights in {short(name)}, which cannot be read ({error.strerror})", "a file") from None
    except ValueError:
        raise Unknown(f"weights at {short(str(said.get('offset')))} of {short(name)}", "whole numbers") from None


# ---- Operations ------------------------------------------------------------------------------------------------------

class Onnx(Reader):
    """A Reader of an ONNX model."""

    def __init__(self, model: OnnxModel, size: tuple[int, int], builder: Builder):
        super().__init__(model.path, model.nodes, OPERATIONS, {}, builder)
        self.model, self.opset, self.marks = model, model.opset, [f"onnx:{model.producer}"]
        for name, tensor in model.constants.items():
            self.makers.setdefault(name, Node(name, "Initializer", (), (name,), tensor))
        pictures = [name for name, shape in model.inputs.items() if name not in model.constants and len(shape) == 4]
        if len(pictures) != 1:
            raise DeepDreamError(f"{model.path}: {len(pictures)} inputs of four dimensions; expected one, the picture; "
                                 f"{ADVICE}")
        name, = pictures
        shape = model.inputs[name]
        layout = NHWC if shape[3] == 3 != shape[1] else NCHW
        sizes = dict(zip(layout, shape))
        self.size_is_open = 0 in (sizes["h"], sizes["w"])
        sizes = {"n": sizes["n"] or 1, "h": sizes["h"] or size[0], "w": sizes["w"] or size[1], "c": sizes["c"] or 3}
        try:
            self.input = builder.input(name, [sizes[letter] for letter in layout], layout)
        except Unknown as error:
            raise self.wrong(name, *error.args) from None
        self.values[name] = self.input

    def name(self, node: Node, x: Value | None = None, weights: str = "") -> str:
        """What a node is called: by itself, by its result or, where these mean nothing, by its weights or its input."""
        for name in (node.name if "/" in node.name else "", node.outputs[0], node.name):
            if name and not re.fullmatch(r"[A-Za-z]?\d+|onnx::.*", name):
                return re.sub(r"_output_\d+$", "", name)
        if weights and not weights.startswith("onnx::"):
            return re.sub(r"[._/](w|weight|weights|W|kernel)(_\d+)?$", "", weights) + "/" + node.operation
        if isinstance(x, Map) and x.step.kind != "Placeholder":
            layer = scope(x.step.name)
            return f"{layer}_{node.operation}" if node.operation in NEW_LAYERS else f"{layer}/{node.operation}"
        return f"{node.operation}_{node.outputs[0]}"


NEW_LAYERS = {"MaxPool", "AveragePool", "GlobalAveragePool", "LRN", "Softmax", "Transpose"}


def scope(name: str) -> str:
    """A name without an operation at its end."""
    layer, _, last = name.rpartition("/")
    return layer if layer and operation_in(last) in GIVEN else name


def attribute(node: Node, name: str, default: Any) -> Any:
    """An attribute of the type of its default; floats may be whole."""
    value = node.attributes.get(name, default)
    if isinstance(default, list) and isinstance(value, array.array):
        value = list(value)
    if isinstance(default, str) and isinstance(value, memoryview):
        value = bytes(value[:64]).decode("latin-1")
    check(isinstance(value, type(default)), f"attribute {name} has another type", type(default).__name__)
    return value


def pair(node: Node, name: str) -> tuple[int, int]:
    values = attribute(node, name, [1, 1])
    check(len(values) == 2, f"{name} {values[:9]}", "two numbers: pictures have rows and columns")
    return values[0], values[1]


def padding(node: Node, size: Sequence[int], kernel: Sequence[int], stride: Sequence[int],
            dilation: Sequence[int]) -> Any:
    """As a Builder wants it. SAME_LOWER, which has the larger part before, is counted out for the map as it is."""
    auto = attribute(node, "auto_pad", "NOTSET")
    if auto == "SAME_UPPER":
        return "SAME"
    if auto == "VALID":
        return "VALID"
    if auto == "SAME_LOWER":
        pairs = []
        for length, k, step, apart in zip(size, kernel, stride, dilation):
            total = max((-(-length // step) - 1) * step + (k - 1) * apart + 1 - length, 0)
            pairs.append((total - total // 2, total // 2))
        return tuple(pairs)
    check(auto == "NOTSET", f"auto_pad {short(auto)}", "NOTSET, VALID, SAME_UPPER or SAME_LOWER")
    pads = attribute(node, "pads", [0, 0, 0, 0])
    check(len(pads) == 4, f"pads {pads[:9]}", "four numbers")
    return (pads[0], pads[2]), (pads[1], pads[3])


def conv(reader: Onnx, node: Node, inputs: list) -> Value:
    x, weights = a_map(inputs[0]), weights_of(inputs[1])
    check(len(weights.shape) == 4, f"weights {list(weights.shape)}", "[co, ci, kh, kw]")
    kernel, groups = weights.shape[2:], attribute(node, "group", 1)
    check(attribute(node, "kernel_shape", list(kernel)) == list(kernel) and groups > 0,
          f"kernel_shape {node.attributes.get('kernel_shape')}", f"{list(kernel)}")
    stride, dilation = pair(node, "strides"), pair(node, "dilations")
    parameters = {"stride": stride, "dilation": dilation, "groups": groups,
                  "padding": padding(node, x.shape, kernel, stride, dilation)}
    name, biased = reader.name(node, x, node.inputs[1]), len(inputs) > 2 and inputs[2]
    layer = scope(name)
    turned_weights = weights_of(turned(weights, (2, 3, 1, 0)))
    result = reader.builder.conv(layer + "/Conv2D" if biased else name, x, turned_weights, NCHW, parameters)
    return reader.builder.shifted(layer + "/BiasAdd", result, weights_of(inputs[2]).values) if biased else result


def pool(reader: Onnx, node: Node, inputs: list) -> Value:
    x, kernel, stride = a_map(inputs[0]), pair(node, "kernel_shape"), pair(node, "strides")
    check(pair(node, "dilations") == (1, 1) and not attribute(node, "storage_order", 0), "dilations of a pool", "none")
    parameters = {"ksize": kernel, "stride": stride, "padding": padding(node, x.shape, kernel, stride, (1, 1)),
                  "ceil": bool(attribute(node, "ceil_mode", 0))}
    kind = {"MaxPool": "MaxPool", "AveragePool": "AvgPool"}[node.operation]
    if kind == "AvgPool":
        parameters["count_pad"] = bool(attribute(node, "count_include_pad", 0))
    return reader.builder.pool(reader.name(node, x), x, kind, NCHW, parameters)


def global_pool(reader: Onnx, node: Node, inputs: list) -> Value:
    x = a_map(inputs[0])
    return reader.builder.mean(reader.name(node, x), x, (2, 3), True)


def reduce_mean(reader: Onnx, node: Node, inputs: list) -> Value:
    x = a_map(inputs[0])
    return formulas.mean(reader.builder, reader.name(node, x), x, axes_of(node, inputs),
                         bool(attribute(node, "keepdims", 1)))


def axes_of(node: Node, inputs: list, name: str = "axes") -> list[int]:
    """Axes, an attribute in older opsets, an input in newer ones."""
    return a_constant(inputs[1]).integers() if len(inputs) > 1 and inputs[1] else attribute(node, name, [])


def batch_norm(reader: Onnx, node: Node, inputs: list) -> Value:
    x, scale, offset, mean, variance = a_map(inputs[0]), *map(weights_of, inputs[1:5])
    check(not attribute(node, "training_mode", 0) and attribute(node, "spatial", 1) == 1,
          "batch normalisation in training, or not by channels", "that of a trained network")
    return reader.builder.normalised(reader.name(node, x), x, NCHW, scale, offset, mean, variance,
                                     attribute(node, "epsilon", 1e-5))


def plain(kind: str, **defaults: Any) -> Callable[..., Value]:
    def make(reader: Onnx, node: Node, inputs: list) -> Value:
        x = a_map(inputs[0])
        parameters = {name: attribute(node, name, value) for name, value in defaults.items()}
        return reader.builder.plain(reader.name(node, x), x, kind, **parameters)
    return make


def clip(reader: Onnx, node: Node, inputs: list) -> Value:
    x = a_map(inputs[0])
    low, high = attribute(node, "min", -math.inf), attribute(node, "max", math.inf)
    if len(inputs) > 1 and inputs[1]:
        low = a_constant(inputs[1]).one()
    if len(inputs) > 2 and inputs[2]:
        high = a_constant(inputs[2]).one()
    check(low < high, f"a clip to {low:g} .. {high:g}", "a range")
    return clipped(reader, reader.name(node, x), x, low, high)


def clipped(reader: Reader, name: str, x: Map, low: float, high: float) -> Map:
    if low == 0.0 and high > 1e38:
        return reader.builder.plain(name, x, "Relu")
    if (low, high) == (0.0, 6.0):
        return reader.builder.plain(name, x, "Relu6")
    return reader.builder.plain(name, x, "Clip", low=max(low, -3e38), high=min(high, 3e38))


def hard_sigmoid(reader: Onnx, node: Node, inputs: list) -> Value:
    """clip(alpha * x + beta, 0, 1)"""
    x, builder = a_map(inputs[0]), reader.builder
    name, c = reader.name(node, x), x.shape[2]
    y = builder.scaled(name + "/scale", x, [attribute(node, "alpha", 0.2)] * c)
    y = builder.shifted(name + "/shift", y, [attribute(node, "beta", 0.5)] * c)
    return clipped(reader, name, y, 0.0, 1.0)


def hard_swish(reader: Onnx, node: Node, inputs: list) -> Value:
    """x * clip(x / 6 + 1 / 2, 0, 1)"""
    x, builder = a_map(inputs[0]), reader.builder
    name, c = reader.name(node, x), x.shape[2]
    y = builder.shifted(name + "/shift", builder.scaled(name + "/scale", x, [1.0 / 6.0] * c), [0.5] * c)
    return builder.product(name, x, clipped(reader, name + "/clip", y, 0.0, 1.0))


def lrn(reader: Onnx, node: Node, inputs: list) -> Value:
    """ONNX divides alpha by the number of channels, TensorFlow, whose parameters the table has, does not."""
    x, size = a_map(inputs[0]), attribute(node, "size", 0)
    check(size % 2 == 1 and 0 < size < 1024, f"LRN over {size} channels", "an odd number")
    return local_norm(reader, node._replace(name=reader.name(node, x)), x, {
        "depth_radius": size // 2, "alpha": attribute(node, "alpha", 1e-4) / size,
        "beta": attribute(node, "beta", 0.75), "bias": attribute(node, "bias", 1.0)})


def gelu(reader: Onnx, node: Node, inputs: list) -> Value:
    x, kind = a_map(inputs[0]), attribute(node, "approximate", "none")
    check(kind in ("none", "tanh"), f"GELU approximated by {short(kind)}", "none or tanh")
    return reader.builder.plain(reader.name(node, x), x, "Gelu", **({"approximate": True} if kind == "tanh" else {}))


def layer_norm(reader: Onnx, node: Node, inputs: list) -> Value:
    """LayerNormalization, of channels only"""
    x, builder, first = a_map(inputs[0]), reader.builder, attribute(node, "axis", -1)
    name, biased = reader.name(node, x), len(inputs) > 2 and inputs[2]
    x = builder.settled(name, x)
    check(first % len(x.dims) == len(x.dims) - 1 and formulas.is_channels(x, len(x.dims) - 1),
          f"normalisation over the dimensions from {first} on", "one over the channels")
    layer = scope(name)
    y = builder.normalised_cells(layer + "/normalised", x, attribute(node, "epsilon", 1e-5))
    y = builder.scaled(layer + "/scale" if biased else name, y, builder.per_channel(y, weights_of(inputs[1])))
    return builder.shifted(name, y, builder.per_channel(y, weights_of(inputs[2]))) if biased else y


def named(make: Callable[..., Value]) -> Callable[..., Value]:
    """What is made of a node, under the name that it has here."""
    return lambda reader, node, inputs: make(
        reader, node._replace(name=reader.name(node, next((x for x in inputs if isinstance(x, Map)), None))), inputs)


def arithmetic(what: Callable[[Any, Any], Any]) -> Callable[..., Value]:
    return named(binary(what))


def total(reader: Onnx, node: Node, inputs: list) -> Value:
    check(inputs, "a sum of nothing", "maps")
    result, name = inputs[0], reader.name(node, inputs[0])
    for number, one in enumerate(inputs[1:], 2):
        each = node._replace(name=name if number == len(inputs) else f"{name}/{number}")
        result = binary(add)(reader, each, [result, one])
    return result


def concat(reader: Onnx, node: Node, inputs: list) -> Value:
    where = attribute(node, "axis", 1)
    if all(isinstance(part, Constant) for part in inputs):
        return joined_constants(inputs, where)
    parts = [part for part in inputs if not (isinstance(part, Constant) and 0 in part.shape)]
    return reader.builder.concat(reader.name(node), [a_map(part) for part in parts], where)


def split(reader: Onnx, node: Node, inputs: list) -> list[Value]:
    """In the parts that `split` says, an attribute before opset 13, or in as many as there are results: before opset 18
    of one size, from then on the last may be smaller."""
    x, where, number = inputs[0], attribute(node, "axis", 0), len(node.outputs)
    counts, total = axes_of(node, inputs, "split"), size_along(x, where)
    if not counts:
        check(reader.opset >= 18 or total % number == 0, f"{total} in {number} equal parts", "whole parts")
        size = -(-total // number)
        counts = [min(size, total - at) for at in range(0, total, size)]
    return parts_of(reader, reader.name(node, x), x, where, counts)


def reshape(reader: Onnx, node: Node, inputs: list) -> Value:
    x, sizes = inputs[0], axes_of(node, inputs, "shape")
    old = x.sizes() if isinstance(x, Map) else x.shape
    if not attribute(node, "allowzero", 0):             # 0: as it was
        sizes = [old[i] if size == 0 else size for i, size in enumerate(sizes)]
    return reshaped(x, sizes)


def flatten(reader: Onnx, node: Node, inputs: list) -> Value:
    x, where = inputs[0], attribute(node, "axis", 1)
    old = x.sizes() if isinstance(x, Map) else x.shape
    where = where % len(old) if where != len(old) else where
    return reshaped(x, [math.prod(old[:where]), math.prod(old[where:])])


def transpose(reader: Onnx, node: Node, inputs: list) -> Value:
    x = inputs[0]
    count = len(x.dims) if isinstance(x, Map) else len(x.shape)
    return turned(x, attribute(node, "perm", list(range(count))[::-1]))


def gemm(reader: Onnx, node: Node, inputs: list) -> Value:
    """alpha * x @ weights + beta * biases"""
    x, builder = a_map(inputs[0]), reader.builder
    check(not attribute(node, "transA", 0), "transA", "maps as they are")
    name, biased = reader.name(node, x, node.inputs[1]), len(inputs) > 2 and inputs[2]
    alpha, beta = attribute(node, "alpha", 1.0), attribute(node, "beta", 1.0)
    layer = scope(name)
    result = builder.matmul(layer + "/MatMul", x, weights_of(inputs[1]), bool(attribute(node, "transB", 0)))
    if alpha != 1.0:
        result = builder.scaled(layer + "/Mul", result, [alpha] * result.shape[2])
    if biased:
        biases = builder.per_channel(result, weights_of(inputs[2]))
        result = builder.shifted(layer + "/BiasAdd", result, biases if beta == 1.0 else
                                 [beta * value for value in biases])
    return result


def matmul(reader: Onnx, node: Node, inputs: list) -> Value:
    x = a_map(inputs[0])
    return reader.builder.matmul(reader.name(node, x, node.inputs[1]), x, weights_of(inputs[1]))


def softmax(reader: Onnx, node: Node, inputs: list) -> Value:
    """Before opset 13 it is over all dimensions from `axis` on, of which all but one are to be 1."""
    x = a_map(inputs[0])
    where = attribute(node, "axis", -1 if reader.opset >= 13 else 1)
    if reader.opset < 13:
        large = [i for i in range(where % len(x.dims), len(x.dims)) if x.dims[i]]
        check(len(large) == 1, "a Softmax over several dimensions", "one over the channels")
        where = large[0]
    return reader.builder.softmax(reader.name(node, x), x, where)


def pad(reader: Onnx, node: Node, inputs: list) -> Value:
    x, mode = a_map(inputs[0]), attribute(node, "mode", "constant")
    check(mode == "constant", f"padding of kind {short(mode)}", "constant")
    pads, value = axes_of(node, inputs, "pads"), attribute(node, "value", 0.0)
    if len(inputs) > 2 and inputs[2]:
        value = a_constant(inputs[2]).one()
    check(len(inputs) < 4 or not inputs[3], "padding of some axes", "of all")
    half = len(pads) // 2
    return reader.builder.pad(reader.name(node, x), x, list(zip(pads[:half], pads[half:])), value)


def filled(reader: Onnx, node: Node, inputs: list) -> Value:
    """ConstantOfShape"""
    shape = tuple(a_constant(inputs[0]).integers()) if inputs[0].shape != (0,) else ()
    check(all(size >= 0 for size in shape) and math.prod(shape) <= MOST_FILLED, f"shape {list(shape[:9])} of one "
          "number repeated", f"at most {MOST_FILLED} of them")
    one = constant(node.attributes["value"], reader.path) if "value" in node.attributes else Constant(
        (1,), array.array("f", [0.0]))
    reader.builder.work += math.prod(shape)
    check(reader.builder.work <= 1 << 28, "many numbers of one kind", "weights")
    value = array.array("f", [one.one()]) if one.floats() else [int(one.one())] * (math.prod(shape) < 2 ** 16)
    return Constant(shape, value * math.prod(shape))


def a_value(reader: Onnx, node: Node, inputs: list) -> Value:
    """Constant"""
    if "value" in node.attributes:
        return constant(attribute(node, "value", {}), reader.path)
    for name, kind in (("value_float", 0.0), ("value_int", 0)):
        if name in node.attributes:
            value = attribute(node, name, kind)
            return Constant((), array.array("f", [value]) if name == "value_float" else [value])
    if "value_floats" in node.attributes:
        values = attribute(node, "value_floats", [])
        return Constant((len(values),), array.array("f", values))
    values = attribute(node, "value_ints", [])
    return Constant((len(values),), values)


def gather(reader: Onnx, node: Node, inputs: list) -> Value:
    """Of a list of whole numbers, or one channel of a map; or all numbers of a flattened map, as they are, which is how
    PyTorch's newer exporter writes a view."""
    if isinstance(inputs[0], Map):
        where, count = a_constant(inputs[1]), math.prod(inputs[0].sizes())
        if len(inputs[0].dims) == 1 and len(where.shape) > 1:
            check(list(where.values) == list(range(count)), "some numbers of a map", "all of them")
            return reshaped(inputs[0], where.shape)
        number = int(a_constant(inputs[1]).one())
        return reader.builder.channel(inputs[0], attribute(node, "axis", 0), number, bool(inputs[1].shape))
    numbers, where = a_constant(inputs[0]).integers(), a_constant(inputs[1])
    check(len(inputs[0].shape) == 1 and attribute(node, "axis", 0) == 0, "some of a tensor", "of a list")
    values = [numbers[i] for i in where.integers()]
    return Constant(where.shape, values)


def slice_of(reader: Onnx, node: Node, inputs: list) -> Value:
    """Of a list of whole numbers, or of a map."""
    x = inputs[0]
    if len(inputs) > 1:
        start, end, *more = [a_constant(one).integers() if one else [] for one in inputs[1:]]
    else:
        start, end, more = attribute(node, "starts", []), attribute(node, "ends", []), [attribute(node, "axes", [])]
    axes, steps = (*more, [], [])[:2]
    axes, steps = axes or list(range(len(start))), steps or [1] * len(start)
    check(len(start) == len(end) == len(axes) == len(steps), "a slice of other lengths", "one of each for a dimension")
    if isinstance(x, Map):
        check(set(steps) <= {1}, "every second number of a map", "a part that is whole")
        if len(start) == 1 and x.shape[2] == 3 and x.sizes()[axes[0]] == 3 and end[0] == start[0] + 1:
            return reader.builder.channel(x, axes[0], start[0], True)
        return part_of(reader, reader.name(node, x), x, dict(zip(axes, zip(start, end))))
    numbers = a_constant(x).integers()
    check(len(x.shape) == len(start) == 1, "a part of a tensor", "of a list")
    part = numbers[start[0]:end[0]:steps[0]]
    return Constant((len(part),), part)


def cast(reader: Onnx, node: Node, inputs: list) -> Value:
    x = inputs[0]
    if isinstance(x, Constant) and attribute(node, "to", 1) in (6, 7) and x.floats():
        check(len(x.values) <= 64, "many floats as whole numbers", "a few")
        return Constant(x.shape, [int(value) for value in x.values])
    if isinstance(x, Constant) and attribute(node, "to", 1) in (1, 10, 11) and not x.floats():
        return Constant(x.shape, array.array("f", x.values))
    return x


OPERATIONS: dict[str, Callable[..., Value | list[Value]]] = {
    "Initializer": lambda reader, node, inputs: constant(node.attributes, reader.path),
    "Constant": a_value, "ConstantOfShape": filled,
    **dict.fromkeys(("Identity", "Dropout"), lambda reader, node, inputs: inputs[0]), "Cast": cast,
    "Conv": conv, "BatchNormalization": batch_norm,
    "Relu": plain("Relu"), "LeakyRelu": plain("LeakyRelu", alpha=0.01), "Sigmoid": plain("Sigmoid"), "Clip": clip,
    "HardSigmoid": hard_sigmoid, "HardSwish": hard_swish, "LRN": lrn,
    **dict.fromkeys(("MaxPool", "AveragePool"), pool),
    "GlobalAveragePool": global_pool, "ReduceMean": reduce_mean,
    "Add": arithmetic(add), "Sub": arithmetic(sub), "Mul": arithmetic(mul), "Div": arithmetic(truediv), "Sum": total,
    "Concat": concat, "Split": split, "Reshape": reshape, "Flatten": flatten, "Transpose": transpose,
    "Squeeze": lambda reader, node, inputs: squeezed(inputs[0], axes_of(node, inputs)),
    "Unsqueeze": lambda reader, node, inputs: unsqueezed(inputs[0], axes_of(node, inputs)),
    "Gemm": gemm, "MatMul": matmul, "Softmax": softmax, "Pad": pad,
    "Gelu": gelu, "LayerNormalization": layer_norm, **{operation: named(make) for operation, make in OF_EITHER.items()},
    # of constants
    "Shape": shape_of, "Gather": gather, "Slice": slice_of,
}


def follow(model: OnnxModel, size: tuple[int, int], builder: Builder) -> tuple[Onnx, list[str]]:
    """A reader of the model and the names of its results, the deepest one first.

    size: (height, width) where the model does not say what pictures it takes.
    """
    reader = Onnx(model, size, builder)
    return reader, sorted(model.outputs[:20], key=lambda name: -ancestors(reader, name))
