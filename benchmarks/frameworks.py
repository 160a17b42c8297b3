"""The same network in PyTorch, TensorFlow and onnxruntime: what we are timed against and checked against.

Each class builds its graph by reading our own table (inception_graph.OPERATIONS, or any table of the same
kinds) and the same weights, for any picture size. The benchmarks time these graphs; development tests use
them as oracles, since three frameworks that agree with each other and not with us say that we are wrong.
For development only: deepdream itself needs none of this. A framework is imported when its class is made,
not before.

    import deepdream, frameworks, inception_graph
    torch = frameworks.TorchNetwork(inception_graph.OPERATIONS, weights)
    values = torch.values(picture)                              # every operation's output by name
    slopes = torch.gradients(picture, "inception_4c_output")    # and the gradient that arrives at it

Left out: gradients of weights (nobody here trains) and batches (one picture at a time).

Letters: n pictures (always 1), h w height and width, c channels, ci co channels in and out, kh kw kernel.
Outside a framework tensors are numpy arrays [h, w, c]; weights come as {operand: (shape, flat float32
buffer)}, those of convolutions [kh, kw, ci, co].
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy

Operations = tuple[tuple[str, str, tuple[str, ...], str, tuple[int, ...], dict[str, Any]], ...]
Weights = dict[str, tuple[tuple[int, ...], Any]]
Values = dict[str, numpy.ndarray]


# ---- The table, read ---------------------------------------------------------------------------------------
# A framework's convolution takes its bias along, ours is an operation of its own that writes the same buffer.

class Layer(NamedTuple):
    """One call of a framework: an operation of the table, a convolution together with the bias after it."""

    name: str                        # of the last operation in it
    kind: str
    inputs: list[str]                # buffers
    buffer: str                      # what it writes
    operands: list[str]              # weights, then biases
    parameters: dict[str, Any]


def layers(operations: Operations, fuse: bool = True) -> Iterator[Layer]:
    """Yield the operations in order; with `fuse`, Conv2D or MatMul and the BiasAdd after it as one."""
    buffers = {operation[3] for operation in operations}
    held = None
    for name, kind, operands, buffer, _, parameters in operations:
        layer = Layer(name, kind, [x for x in operands if x in buffers], buffer,
                      [x for x in operands if x not in buffers], parameters)
        if held is not None and kind == "BiasAdd" and layer.inputs == [held.buffer]:
            yield held._replace(name=name, operands=held.operands + layer.operands)
            held = None
            continue
        if held is not None:
            yield held
        held = layer if fuse and kind in ("Conv2D", "MatMul") else None
        if held is None:
            yield layer
    if held is not None:
        yield held


def last_writers(operations: Operations) -> list[str]:
    """The operations whose output survives: the last to write each buffer, in order."""
    last = {operation[3]: operation[0] for operation in operations}
    return [operation[0] for operation in operations if last[operation[3]] == operation[0]]


def upto(operations: Operations, target: str) -> Operations:
    """The table cut off after `target`."""
    return operations[:[operation[0] for operation in operations].index(target) + 1]


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int]:
    """TensorFlow's SAME: what is added before and after one axis; the odd cell goes after."""
    total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
    return total // 2, total - total // 2


def as_array(weights: Weights, operand: str) -> numpy.ndarray:
    shape, flat = weights[operand]
    return numpy.array(numpy.frombuffer(flat, numpy.float32).reshape(shape))


def pair(parameters: dict[str, Any], key: str) -> tuple[int, int]:
    return tuple(parameters.get(key, (1, 1)))


def lrn_parameters(parameters: dict[str, Any]) -> tuple[int, float, float, float]:
    return tuple(parameters[key] for key in ("depth_radius", "alpha", "beta", "bias"))


# ---- PyTorch -----------------------------------------------------------------------------------------------
# Channels first. SAME padding is asked of the operation where both sides are equal (or one more cell after,
# which is max_pool2d's ceil_mode), and made by hand otherwise. Max-pool's gradient goes to the first
# maximum, as ours.

class TorchNetwork:
    """A table's network in eager PyTorch.

    double=True computes in float64: the yardstick for float32. fuse=False keeps every operation apart.
    """

    def __init__(self, operations: Operations, weights: Weights, *, channels_last: bool = False,
                 double: bool = False, fuse: bool = True) -> None:
        import torch
        self.torch = torch
        self.operations = operations
        self.fuse = fuse
        self.dtype = torch.float64 if double else torch.float32
        self.format = torch.channels_last if channels_last else torch.contiguous_format
        self.weights = {operand: self._weight(as_array(weights, operand)) for operand in weights}

    def _weight(self, values: numpy.ndarray) -> Any:
        tensor = self.torch.from_numpy(values).to(self.dtype)
        if tensor.ndim == 4:
            return tensor.permute(3, 2, 0, 1).contiguous(memory_format=self.format)
        return tensor

    def tensor(self, picture: Any) -> Any:
        """[h, w, c] numbers as a [1, c, h, w] tensor."""
        array = numpy.ascontiguousarray(picture, numpy.float32)
        tensor = self.torch.from_numpy(array).to(self.dtype).permute(2, 0, 1)[None]
        return tensor.contiguous(memory_format=self.format)

    def run(self, data: Any, target: str | None = None) -> Iterator[tuple[str, str, Any]]:
        """Compute the table on a [1, c, h, w] tensor; yield (operation, buffer, tensor) as they come."""
        buffers: dict[str, Any] = {}
        for layer in layers(upto(self.operations, target) if target else self.operations, self.fuse):
            inputs = [buffers[x] for x in layer.inputs] or [data]
            operands = [self.weights[x] for x in layer.operands]
            buffers[layer.buffer] = getattr(self, "_" + layer.kind)(inputs, operands, layer.parameters)
            yield layer.name, layer.buffer, buffers[layer.buffer]

    def output(self, data: Any, target: str) -> Any:
        *_, (_, _, value) = self.run(data, target)
        return value

    def values(self, picture: Any) -> Values:
        """Every operation's output, by name."""
        with self.torch.no_grad():
            return {name: self._array(value) for name, _, value in self.run(self.tensor(picture))}

    def gradients(self, picture: Any, target: str, seed: Any = None) -> Values:
        """Every operation's gradient, from d(target) = seed, by default the target's own values."""
        data = self.tensor(picture).requires_grad_()
        values = {name: value for name, _, value in self.run(data, target)}
        start = values[target].detach() if seed is None else self.tensor(numpy.asarray(seed))
        found = self.torch.autograd.grad(values[target], list(values.values()), start, allow_unused=True)
        return {name: self._array(grad) for name, grad in zip(values, found) if grad is not None}

    def forward_timer(self, picture: Any, target: str) -> Callable[[], None]:
        """A function that computes `target` from the picture, and nothing else."""
        data = self.tensor(picture)

        def work() -> None:
            with self.torch.inference_mode():
                self.output(data, target)
        return work

    def step_timer(self, picture: Any, target: str) -> Callable[[], None]:
        """A function that computes `target` and the gradient of sum(target^2)/2 at the picture."""
        data = self.tensor(picture).requires_grad_()

        def work() -> None:
            value = self.output(data, target)
            self.torch.autograd.grad(value, data, value.detach())
        return work

    def _array(self, tensor: Any) -> numpy.ndarray:
        return numpy.ascontiguousarray(tensor.detach()[0].permute(1, 2, 0).numpy())

    def _Placeholder(self, inputs: list[Any], operands: list[Any], parameters: dict[str, Any]) -> Any:
        return inputs[0]

    def _Conv2D(self, inputs: list[Any], operands: list[Any], parameters: dict[str, Any]) -> Any:
        data, weights, bias = inputs[0], operands[0], operands[1] if len(operands) > 1 else None
        stride = pair(parameters, "stride")
        rows, columns = (same_padding(n, k, s) for n, k, s in zip(data.shape[2:], weights.shape[2:], stride))
        if rows[0] != rows[1] or columns[0] != columns[1]:
            data = self.torch.nn.functional.pad(data, columns + rows)
            rows = columns = (0, 0)
        return self.torch.nn.functional.conv2d(data, weights, bias, stride, (rows[0], columns[0]))

    def _BiasAdd(self, inputs: list[Any], operands: list[Any], parameters: dict[str, Any]) -> Any:
        return inputs[0] + operands[0][:, None, None]

    def _Relu(self, inputs: list[Any], operands: list[Any], parameters: dict[str, Any]) -> Any:
        return self.torch.relu(inputs[0])

    def _MaxPool(self, inputs: list[Any], operands: list[Any], parameters: dict[str, Any]) -> Any:
        data, kernel, stride = inputs[0], pair(parameters, "ksize"), pair(parameters, "stride")
        padding = [same_padding(n, k, s) for n, k, s in zip(data.shape[2:], kernel, stride)]
        if any(after - before not in (0, 1) for before, after in padding):
            raise NotImplementedError(f"max-pool padding {padding}")
        return self.torch.nn.functional.max_pool2d(data, kernel, stride, [before for before, _ in padding],
                                                   ceil_mode=True)

    def _LRN(self, inputs: list[Any], operands: list[Any], parameters: dict[str, Any]) -> Any:
        radius, alpha, beta, bias = lrn_parameters(parameters)
        size = 2 * radius + 1        # PyTorch divides its alpha by the window, TensorFlow does not
        return self.torch.nn.functional.local_response_norm(inputs[0], size, alpha * size, beta, bias)

    def _ConcatV2(self, inputs: list[Any], operands: list[Any], parameters: dict[str, Any]) -> Any:
        return self.torch.cat(inputs, 1)

    def _AvgPool(self, inputs: list[Any], operands: list[Any], parameters: dict[str, Any]) -> Any:
        return inputs[0].mean((2, 3), keepdim=True)

    def _MatMul(self, inputs: list[Any], operands: list[Any], parameters: dict[str, Any]) -> Any:
        row = inputs[0].flatten(1)
        matrix = operands[0].flatten(1).T if operands[0].ndim == 4 else operands[0]
        product = self.torch.addmm(operands[1], row, matrix) if len(operands) > 1 else row @ matrix
        return product[:, :, None, None]

    def _Softmax(self, inputs: list[Any], operands: list[Any], parameters: dict[str, Any]) -> Any:
        return self.torch.softmax(inputs[0], 1)


# ---- TensorFlow --------------------------------------------------------------------------------------------
# Channels last, as ours. With TF_ENABLE_ONEDNN_OPTS=0 (set before the import) max-pool's gradient goes to the
# first maximum, as ours; with oneDNN, which is the default and the faster, ties may go elsewhere.

class TensorFlowNetwork:
    """A table's network as one tf.function, for one picture size."""

    def __init__(self, operations: Operations, weights: Weights, height: int, width: int) -> None:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        import tensorflow
        self.tf = tensorflow
        self.operations = operations
        self.weights = {operand: tensorflow.constant(as_array(weights, operand)) for operand in weights}
        channels = next(shape[-1] for name, _, _, _, shape, _ in operations if name == "data")
        self.signature = tensorflow.TensorSpec((1, height, width, channels), tensorflow.float32)

    def run(self, data: Any, target: str | None = None) -> dict[str, Any]:
        """Build the graph on a [1, h, w, c] tensor: operation -> tensor."""
        buffers: dict[str, Any] = {}
        values: dict[str, Any] = {}
        for layer in layers(upto(self.operations, target) if target else self.operations, fuse=False):
            inputs = [buffers[x] for x in layer.inputs] or [data]
            operands = [self.weights[x] for x in layer.operands]
            buffers[layer.buffer] = values[layer.name] = self._layer(layer, inputs, operands)
        return values

    def _layer(self, layer: Layer, inputs: list[Any], operands: list[Any]) -> Any:
        nn, parameters = self.tf.nn, layer.parameters
        if layer.kind == "Placeholder":
            return self.tf.identity(inputs[0])
        if layer.kind == "Conv2D":
            return nn.conv2d(inputs[0], operands[0], pair(parameters, "stride"), "SAME")
        if layer.kind == "BiasAdd":
            return nn.bias_add(inputs[0], operands[0])
        if layer.kind == "Relu":
            return nn.relu(inputs[0])
        if layer.kind == "MaxPool":
            return nn.max_pool2d(inputs[0], pair(parameters, "ksize"), pair(parameters, "stride"), "SAME")
        if layer.kind == "LRN":
            radius, alpha, beta, bias = lrn_parameters(parameters)
            return nn.local_response_normalization(inputs[0], radius, bias, alpha, beta)
        if layer.kind == "ConcatV2":
            return self.tf.concat(inputs, 3)
        if layer.kind == "AvgPool":
            return self.tf.reduce_mean(inputs[0], (1, 2), keepdims=True)
        if layer.kind == "MatMul":
            matrix = self.tf.reshape(operands[0], operands[0].shape[-2:])
            return (inputs[0][:, 0, 0, :] @ matrix)[:, None, None, :]
        if layer.kind == "Softmax":
            return nn.softmax(inputs[0])
        raise NotImplementedError(layer.kind)

    def values(self, picture: Any) -> Values:
        """Every operation's output, by name."""
        graph = self.tf.function(self.run, input_signature=[self.signature])
        return {name: value.numpy()[0] for name, value in graph(self._tensor(picture)).items()}

    def gradients(self, picture: Any, target: str, seed: Any = None) -> Values:
        """Every operation's gradient, from d(target) = seed, by default the target's own values."""
        def graph(data: Any) -> dict[str, Any]:
            values = self.run(data, target)
            start = values[target] if seed is None else self._tensor(seed)
            found = self.tf.gradients(values[target], list(values.values()), [start])
            return {name: grad for name, grad in zip(values, found) if grad is not None}
        found = self.tf.function(graph, input_signature=[self.signature])(self._tensor(picture))
        return {name: value.numpy()[0] for name, value in found.items()}

    def _tensor(self, picture: Any) -> Any:
        return self.tf.constant(numpy.ascontiguousarray(picture, numpy.float32)[None])


class FrozenGraph:
    """The .pb itself in TensorFlow: no table and no weights reader of ours in between; 224x224 only."""

    def __init__(self, path: str) -> None:
        os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
        import tensorflow
        self.tf = tensorflow
        self.definition = tensorflow.compat.v1.GraphDef()
        with open(path, "rb") as file:
            self.definition.ParseFromString(file.read())
        self.nodes = {}              # operation name -> node name: a_b is a/b, the last of a scope is a/a
        for node in self.definition.node:
            scope, _, last = node.name.rpartition("/")
            self.nodes[scope if scope == last else node.name.replace("/", "_")] = node.name

    def function(self, target: str, gradient: bool = False) -> Callable[[Any], list[Any]]:
        """A compiled function of a [1, 224, 224, 3] tensor: [target] or [target, gradient at the picture]."""
        tf = self.tf

        def graph(data: Any) -> list[Any]:
            name = self.nodes[target] + ":0"
            value, = tf.graph_util.import_graph_def(self.definition, {"data": data}, [name], name="")
            return [value] + (tf.gradients(value, data, [value]) if gradient else [])
        return tf.compat.v1.wrap_function(graph, [tf.TensorSpec((1, 224, 224, 3), tf.float32)])

    def values(self, picture: Any, target: str) -> Values:
        value, grad = self.function(target, True)(self.tensor(picture))
        return {target: value.numpy().reshape(value.shape[-3:] if value.ndim > 2 else (1, 1, -1)),
                "grad_data": grad.numpy()[0]}

    def forward_timer(self, picture: Any, target: str) -> Callable[[], None]:
        """A function that computes `target` from the picture."""
        function, data = self.function(target), self.tensor(picture)
        return lambda: function(data)[0].numpy()

    def step_timer(self, picture: Any, target: str) -> Callable[[], None]:
        """A function that computes `target` and the gradient of sum(target^2)/2 at the picture."""
        function, data = self.function(target, True), self.tensor(picture)
        return lambda: function(data)[1].numpy()

    def tensor(self, picture: Any) -> Any:
        return self.tf.constant(numpy.ascontiguousarray(picture, numpy.float32)[None])


# ---- onnxruntime -------------------------------------------------------------------------------------------
# Forward only. The model is written by the onnx package: channels first, explicit padding, bias inside Conv.

def onnx_model(operations: Operations, weights: Weights, height: int, width: int,
               outputs: list[str] | None = None, fuse: bool = True) -> bytes:
    """The table as a serialized ONNX model; `outputs` names operations, by default only the last one."""
    import onnx
    from onnx import helper
    outputs = outputs or [operations[-1][0]]
    make = _OnnxMaker(helper, weights, height, width)
    for layer in layers(operations, fuse):
        make.layer(layer)
    channels = next(shape[-1] for name, _, _, _, shape, _ in operations if name == "data")
    value = helper.make_tensor_value_info
    used = {name for node in make.nodes for name in node.input}
    graph = helper.make_graph(
        make.nodes, "network", [value("picture", onnx.TensorProto.FLOAT, (1, channels, height, width))],
        [value(name, onnx.TensorProto.FLOAT, (1, None, None, None)) for name in outputs],
        [onnx.numpy_helper.from_array(array, name) for name, array in make.constants.items() if name in used])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=8)
    onnx.checker.check_model(model)
    return model.SerializeToString()


class _OnnxMaker:
    """Turns layers into ONNX nodes; knows which tensor holds a buffer, and how large tensors are."""

    def __init__(self, helper: Any, weights: Weights, height: int, width: int) -> None:
        self.helper, self.weights = helper, weights
        self.nodes: list[Any] = []
        self.constants: dict[str, numpy.ndarray] = {}
        self.holder: dict[str, str] = {}
        self.size = {"picture": (height, width)}

    def layer(self, layer: Layer) -> None:
        inputs = [self.holder[x] for x in layer.inputs] or ["picture"]
        parameters = layer.parameters
        size = self.size[inputs[0]]
        attributes: dict[str, Any] = {}
        kind = {"Placeholder": "Identity", "Conv2D": "Conv", "BiasAdd": "Add", "ConcatV2": "Concat",
                "AvgPool": "GlobalAveragePool"}.get(layer.kind, layer.kind)
        if kind == "Conv" or kind == "MaxPool":
            kernel = self.weights[layer.operands[0]][0][:2] if kind == "Conv" else pair(parameters, "ksize")
            stride = pair(parameters, "stride")
            padding = [same_padding(n, k, s) for n, k, s in zip(size, kernel, stride)]
            attributes = {"kernel_shape": kernel, "strides": stride,
                          "pads": [before for before, _ in padding] + [after for _, after in padding]}
            size = (-(-size[0] // stride[0]), -(-size[1] // stride[1]))
        elif kind == "Concat" or kind == "Softmax":
            attributes = {"axis": 1}
        elif kind == "LRN":
            radius, alpha, beta, bias = lrn_parameters(parameters)
            width = 2 * radius + 1   # ONNX divides its alpha by the window, TensorFlow does not
            attributes = {"size": width, "alpha": alpha * width, "beta": beta, "bias": bias}
        elif kind == "GlobalAveragePool":
            size = (1, 1)
        elif kind == "MatMul":
            kind = "Conv"            # one pixel: a matrix product is a 1x1 convolution
        names = [self._operand(layer, operand) for operand in layer.operands]
        self.nodes.append(self.helper.make_node(kind, inputs + names, [layer.name], layer.name, **attributes))
        self.holder[layer.buffer] = layer.name
        self.size[layer.name] = size

    def _operand(self, layer: Layer, operand: str) -> str:
        array = as_array(self.weights, operand)
        name = operand
        if array.ndim == 2:
            array = array[None, None]
        if array.ndim == 4:
            array = array.transpose(3, 2, 0, 1)
        elif layer.kind == "BiasAdd":
            array = array[:, None, None]
        self.constants[name] = numpy.ascontiguousarray(array)
        return name


class OnnxNetwork:
    """A network from onnx_model's bytes (or a file's path) in onnxruntime."""

    def __init__(self, model: bytes | str, threads: int = 1) -> None:
        import onnxruntime
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        options.log_severity_level = 3
        self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])

    def values(self, picture: Any) -> Values:
        """The model's outputs, by operation name."""
        names = [output.name for output in self.session.get_outputs()]
        found = self.session.run(names, {"picture": self.tensor(picture)})
        return {name: numpy.ascontiguousarray(value[0].transpose(1, 2, 0))
                for name, value in zip(names, found)}

    def forward_timer(self, picture: Any) -> Callable[[], None]:
        """A function that computes the model's outputs."""
        data = self.tensor(picture)
        return lambda: self.session.run(None, {"picture": data})

    def tensor(self, picture: Any) -> numpy.ndarray:
        """[h, w, c] numbers as a [1, c, h, w] array."""
        return numpy.ascontiguousarray(numpy.asarray(picture, numpy.float32).transpose(2, 0, 1)[None])
