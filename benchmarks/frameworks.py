"""The same network in PyTorch, TensorFlow, JAX, onnxruntime, OpenVINO and ncnn: what we are timed and checked against.

Each class builds its graph by reading our own table (inception_graph.OPERATIONS, or any table of the same
kinds) and the same weights, for any picture size. The benchmarks time these graphs; development tests use
them as oracles, since frameworks that agree with each other and not with us say that we are wrong.
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
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy

Operations = Sequence[tuple[str, str, tuple[str, ...], str, tuple[int, ...], dict[str, Any]]]
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


def around(shape: Any, kernel: Any, parameters: dict[str, Any]) -> list[tuple[int, int]]:
    """What is added [(above, below), (left, right)] to a map of `shape` before windows of that size slide over it."""
    padding = parameters.get("padding", "SAME")
    if padding == "SAME":
        return [same_padding(n, k, s) for n, k, s in zip(shape, kernel, pair(parameters, "stride"))]
    return [(0, 0), (0, 0)] if padding == "VALID" else [tuple(sides) for sides in padding]


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
    """A table's network in PyTorch: eager, or its forward and backward pass compiled by torch.compile.

    double=True computes in float64: the yardstick for float32. fuse=False keeps every operation apart.
    compiled=True is for the timers and `step`; it needs a C++ compiler, and a minute for the first call.
    """

    def __init__(self, operations: Operations, weights: Weights, *, channels_last: bool = False,
                 double: bool = False, fuse: bool = True, compiled: bool = False) -> None:
        import torch
        self.torch = torch
        self.operations = operations
        self.fuse = fuse
        self.compiled = compiled
        self.functions: dict[str, Callable[[Any], Any]] = {}     # target -> compiled function
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

    def function(self, target: str) -> Callable[[Any], Any]:
        """What computes `target` from a [1, c, h, w] tensor."""
        def output(data: Any) -> Any:
            return self.output(data, target)
        if not self.compiled:
            return output
        if target not in self.functions:
            self.functions[target] = self.torch.compile(output, fullgraph=True, dynamic=False)
        return self.functions[target]

    def step(self, picture: Any, target: str) -> Values:
        """`target` and the gradient of sum(target^2)/2 at the picture, as the timer computes them."""
        data = self.tensor(picture).requires_grad_()
        value = self.function(target)(data)
        gradient, = self.torch.autograd.grad(value, data, value.detach())
        return {target: self._array(value), "data": self._array(gradient)}

    def forward_timer(self, picture: Any, target: str) -> Callable[[], None]:
        """A function that computes `target` from the picture, and nothing else."""
        data, output = self.tensor(picture), self.function(target)

        def work() -> None:
            with self.torch.inference_mode():
                output(data)
        return work

    def step_timer(self, picture: Any, target: str) -> Callable[[], None]:
        """A function that computes `target` and the gradient of sum(target^2)/2 at the picture."""
        data, output = self.tensor(picture).requires_grad_(), self.function(target)

        def work() -> None:
            value = output(data)
            self.torch.autograd.grad(value, data, value.detach())
        return work

    def _array(self, tensor: Any) -> numpy.ndarray:
        return numpy.ascontiguousarray(tensor.detach()[0].permute(1, 2, 0).numpy())

    def _Placeholder(self, inputs: list[Any], operands: list[Any], parameters: dict[str, Any]) -> Any:
        return inputs[0]

    def _Conv2D(self, inputs: list[Any], operands: list[Any], parameters: dict[str, Any]) -> Any:
        data, weights, bias = inputs[0], operands[0], operands[1] if len(operands) > 1 else None
        stride, dilation = pair(parameters, "stride"), pair(parameters, "dilation")
        extent = [(k - 1) * d + 1 for k, d in zip(weights.shape[2:], dilation)]
        rows, columns = around(data.shape[2:], extent, parameters)
        if rows[0] != rows[1] or columns[0] != columns[1]:
            data = self.torch.nn.functional.pad(data, columns + rows)
            rows = columns = (0, 0)
        return self.torch.nn.functional.conv2d(data, weights, bias, stride, (rows[0], columns[0]), dilation,
                                               parameters.get("groups", 1))

    def _BiasAdd(self, inputs: list[Any], operands: list[Any], parameters: dict[str, Any]) -> Any:
        return inputs[0] + operands[0][:, None, None]

    def _Relu(self, inputs: list[Any], operands: list[Any], parameters: dict[str, Any]) -> Any:
        return self.torch.relu(inputs[0])

    def _Scale(self, inputs: list[Any], operands: list[Any], parameters: dict[str, Any]) -> Any:
        return inputs[0] * operands[0][:, None, None]

    def _Add(self, inputs: list[Any], operands: list[Any], parameters: dict[str, Any]) -> Any:
        return inputs[0] + inputs[1]

    def _Relu6(self, inputs: list[Any], operands: list[Any], parameters: dict[str, Any]) -> Any:
        return self.torch.nn.functional.relu6(inputs[0])

    def _Shuffle(self, inputs: list[Any], operands: list[Any], parameters: dict[str, Any]) -> Any:
        return self.torch.nn.functional.channel_shuffle(inputs[0], parameters["groups"])

    def _MaxPool(self, inputs: list[Any], operands: list[Any], parameters: dict[str, Any]) -> Any:
        data, kernel, stride = inputs[0], pair(parameters, "ksize"), pair(parameters, "stride")
        padding = around(data.shape[2:], kernel, parameters)
        same = parameters.get("padding", "SAME") == "SAME"
        if any(after - before not in ((0, 1) if same else (0,)) for before, after in padding):
            raise NotImplementedError(f"max-pool padding {padding}")
        return self.torch.nn.functional.max_pool2d(data, kernel, stride, [before for before, _ in padding],
                                                   ceil_mode=same or parameters.get("ceil", False))

    def _LRN(self, inputs: list[Any], operands: list[Any], parameters: dict[str, Any]) -> Any:
        radius, alpha, beta, bias = lrn_parameters(parameters)
        size = 2 * radius + 1        # PyTorch divides its alpha by the window, TensorFlow does not
        return self.torch.nn.functional.local_response_norm(inputs[0], size, alpha * size, beta, bias)

    def _ConcatV2(self, inputs: list[Any], operands: list[Any], parameters: dict[str, Any]) -> Any:
        return self.torch.cat(inputs, 1)

    def _AvgPool(self, inputs: list[Any], operands: list[Any], parameters: dict[str, Any]) -> Any:
        if "ksize" not in parameters:
            return inputs[0].mean((2, 3), keepdim=True)
        padding = around(inputs[0].shape[2:], parameters["ksize"], parameters)
        if any(before != after for before, after in padding):
            raise NotImplementedError(f"average-pool padding {padding}")
        return self.torch.nn.functional.avg_pool2d(inputs[0], parameters["ksize"], pair(parameters, "stride"),
                                                   [before for before, _ in padding], parameters.get("ceil", False),
                                                   parameters.get("count_pad", False))

    def _MatMul(self, inputs: list[Any], operands: list[Any], parameters: dict[str, Any]) -> Any:
        if operands[0].ndim == 4 and operands[0].shape[1] == inputs[0].shape[1]:
            return self.torch.nn.functional.conv2d(inputs[0], *operands)
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
            return self._convolution(inputs[0], operands[0], parameters)
        if layer.kind == "BiasAdd":
            return nn.bias_add(inputs[0], operands[0])
        if layer.kind == "Relu":
            return nn.relu(inputs[0])
        if layer.kind == "MaxPool":
            return nn.max_pool2d(inputs[0], pair(parameters, "ksize"), pair(parameters, "stride"),
                                 self._padding(parameters))
        if layer.kind == "Scale":
            return inputs[0] * operands[0]
        if layer.kind == "Add":
            return inputs[0] + inputs[1]
        if layer.kind == "Relu6":
            return nn.relu6(inputs[0])
        if layer.kind == "Shuffle":
            _, h, w, c = inputs[0].shape
            cut = self.tf.reshape(inputs[0], (1, h, w, parameters["groups"], c // parameters["groups"]))
            return self.tf.reshape(self.tf.transpose(cut, (0, 1, 2, 4, 3)), (1, h, w, c))
        if layer.kind == "LRN":
            radius, alpha, beta, bias = lrn_parameters(parameters)
            return nn.local_response_normalization(inputs[0], radius, bias, alpha, beta)
        if layer.kind == "ConcatV2":
            return self.tf.concat(inputs, 3)
        if layer.kind == "AvgPool" and "ksize" in parameters:
            return self._average(inputs[0], parameters)
        if layer.kind == "AvgPool":
            return self.tf.reduce_mean(inputs[0], (1, 2), keepdims=True)
        if layer.kind == "MatMul" and operands[0].shape.ndims == 4:
            return nn.conv2d(inputs[0], operands[0], 1, "VALID")
        if layer.kind == "MatMul":
            matrix = self.tf.reshape(operands[0], operands[0].shape[-2:])
            return (inputs[0][:, 0, 0, :] @ matrix)[:, None, None, :]
        if layer.kind == "Softmax":
            return nn.softmax(inputs[0])
        raise NotImplementedError(layer.kind)

    def _average(self, data: Any, parameters: dict[str, Any]) -> Any:
        """Its own takes no numbers for the padding: padded by hand, the mean over what is inside."""
        kernel, stride, padding = parameters["ksize"], pair(parameters, "stride"), self._padding(parameters)
        if isinstance(padding, str):
            return self.tf.nn.avg_pool2d(data, kernel, stride, padding)

        def mean(values: Any) -> Any:
            return self.tf.nn.avg_pool2d(self.tf.pad(values, padding), kernel, stride, "VALID")

        return mean(data) if parameters.get("count_pad", False) else mean(data) / mean(self.tf.ones_like(data))

    def _padding(self, parameters: dict[str, Any]) -> Any:
        padding = parameters.get("padding", "SAME")
        return padding if isinstance(padding, str) else [[0, 0], *map(list, padding), [0, 0]]

    def _convolution(self, data: Any, weights: Any, parameters: dict[str, Any]) -> Any:
        nn, groups, padding = self.tf.nn, parameters.get("groups", 1), self._padding(parameters)
        stride, dilation = pair(parameters, "stride"), pair(parameters, "dilation")
        if groups == data.shape[3] > 1:
            kh, kw, _, co = weights.shape
            if not isinstance(padding, str):        # 2.21 aborts where it finds out the size of what comes of it
                data, padding = self.tf.pad(data, padding), "VALID"
            return nn.depthwise_conv2d(data, self.tf.reshape(weights, (kh, kw, groups, co // groups)),
                                       (1, *stride, 1), padding, dilations=dilation)
        parts = zip(self.tf.split(data, groups, 3), self.tf.split(weights, groups, 3))
        return self.tf.concat([nn.conv2d(x, w, stride, padding, dilations=dilation) for x, w in parts], 3)

    def forward_timer(self, picture: Any, target: str) -> Callable[[], None]:
        """A function that computes `target` from the picture."""
        function = self.tf.function(lambda data: self.run(data, target)[target], input_signature=[self.signature])
        data = self._tensor(picture)
        return lambda: function(data).numpy()

    def step_timer(self, picture: Any, target: str) -> Callable[[], None]:
        """A function that computes `target` and the gradient of sum(target^2)/2 at the picture."""
        def graph(data: Any) -> Any:
            value = self.run(data, target)[target]
            return self.tf.gradients(value, data, [value])[0]
        function, data = self.tf.function(graph, input_signature=[self.signature]), self._tensor(picture)
        return lambda: function(data).numpy()

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


# ---- JAX ---------------------------------------------------------------------------------------------------
# Channels last, as ours. Weights are constants of the compiled function. The gradient of a maximum goes to the first.

class JaxNetwork:
    """A table's network, compiled by jax.jit for the picture size that comes."""

    def __init__(self, operations: Operations, weights: Weights) -> None:
        import jax
        self.jax = jax
        self.operations = operations
        self.weights = {operand: jax.numpy.asarray(as_array(weights, operand)) for operand in weights}
        self.functions: dict[tuple[str, str], Callable[[Any], Any]] = {}     # (kind, target) -> compiled function

    def output(self, data: Any, target: str) -> Any:
        """`target` from a [1, h, w, c] array."""
        buffers: dict[str, Any] = {}
        for layer in layers(upto(self.operations, target), fuse=False):
            inputs = [buffers[x] for x in layer.inputs] or [data]
            operands = [self.weights[x] for x in layer.operands]
            buffers[layer.buffer] = self._layer(layer, inputs, operands)
        return buffers[layer.buffer]

    def _layer(self, layer: Layer, inputs: list[Any], operands: list[Any]) -> Any:
        lax, parameters, data = self.jax.lax, layer.parameters, inputs[0]
        if layer.kind == "Placeholder":
            return data
        if layer.kind == "Conv2D":
            return lax.conv_general_dilated(data, operands[0], pair(parameters, "stride"), "SAME",
                                            dimension_numbers=("NHWC", "HWIO", "NHWC"))
        if layer.kind == "BiasAdd":
            return data + operands[0]
        if layer.kind == "Relu":
            return self.jax.nn.relu(data)
        if layer.kind == "MaxPool":
            return lax.reduce_window(data, -numpy.inf, lax.max, (1, *pair(parameters, "ksize"), 1),
                                     (1, *pair(parameters, "stride"), 1), "SAME")
        if layer.kind == "LRN":
            radius, alpha, beta, bias = lrn_parameters(parameters)
            squares = lax.reduce_window(data * data, 0.0, lax.add, (1, 1, 1, 2 * radius + 1), (1, 1, 1, 1), "SAME")
            return data * (bias + alpha * squares) ** -beta
        if layer.kind == "ConcatV2":
            return self.jax.numpy.concatenate(inputs, 3)
        if layer.kind == "AvgPool" and "ksize" not in parameters:
            return data.mean((1, 2), keepdims=True)
        if layer.kind == "MatMul":
            return data @ operands[0].reshape(operands[0].shape[-2:])
        if layer.kind == "Softmax":
            return self.jax.nn.softmax(data)
        raise NotImplementedError(layer.kind)

    def forward(self, target: str) -> Callable[[Any], Any]:
        """A compiled function of a [1, h, w, c] array: target."""
        return self._compiled("forward", target, lambda data: self.output(data, target))

    def gradient(self, target: str) -> Callable[[Any], Any]:
        """A compiled function of a [1, h, w, c] array: (target, gradient of sum(target^2)/2 at the picture)."""
        def graph(data: Any) -> Any:
            value, back = self.jax.vjp(lambda x: self.output(x, target), data)
            return value, back(value)[0]
        return self._compiled("gradient", target, graph)

    def _compiled(self, kind: str, target: str, function: Callable[[Any], Any]) -> Callable[[Any], Any]:
        if (kind, target) not in self.functions:
            self.functions[kind, target] = self.jax.jit(function)
        return self.functions[kind, target]

    def values(self, picture: Any, *targets: str) -> Values:
        """The operations of these names."""
        return {target: numpy.array(self.forward(target)(self.tensor(picture))[0]) for target in targets}

    def step(self, picture: Any, target: str) -> Values:
        """`target` and the gradient at the picture ("data")."""
        value, gradient = self.gradient(target)(self.tensor(picture))
        return {target: numpy.array(value[0]), "data": numpy.array(gradient[0])}

    def forward_timer(self, picture: Any, target: str) -> Callable[[], None]:
        """A function that computes `target` from the picture."""
        function, data = self.forward(target), self.tensor(picture)
        return lambda: function(data).block_until_ready()

    def step_timer(self, picture: Any, target: str) -> Callable[[], None]:
        """A function that computes `target` and the gradient of sum(target^2)/2 at the picture."""
        function, data = self.gradient(target), self.tensor(picture)
        return lambda: function(data)[1].block_until_ready()

    def tensor(self, picture: Any) -> Any:
        return self.jax.numpy.asarray(numpy.ascontiguousarray(picture, numpy.float32)[None])


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


# ---- OpenVINO ----------------------------------------------------------------------------------------------
# Forward only, from the same ONNX model. In float32 throughout: by itself it takes bfloat16 where the processor can.

class OpenVinoNetwork:
    """A network from onnx_model's bytes (or a file's path) in OpenVINO."""

    def __init__(self, model: bytes | str, threads: int = 1) -> None:
        import openvino
        core = openvino.Core()
        self.network = core.compile_model(core.read_model(model), "CPU", {
            "INFERENCE_NUM_THREADS": threads, "NUM_STREAMS": 1, "PERFORMANCE_HINT": "LATENCY",
            "INFERENCE_PRECISION_HINT": "f32"})
        self.request = self.network.create_infer_request()

    def values(self, picture: Any) -> Values:
        """The model's outputs, by operation name."""
        self.forward_timer(picture)()
        return {output.any_name: numpy.ascontiguousarray(self.request.get_tensor(output).data[0].transpose(1, 2, 0))
                for output in self.network.outputs}

    def forward_timer(self, picture: Any) -> Callable[[], None]:
        """A function that computes the model's outputs."""
        import openvino
        data = numpy.ascontiguousarray(numpy.asarray(picture, numpy.float32).transpose(2, 0, 1)[None])
        self.request.set_input_tensor(openvino.Tensor(data, shared_memory=True))
        self.data = data             # the request only points at it
        return lambda: self.request.infer()


# ---- ncnn --------------------------------------------------------------------------------------------------
# Forward only, channels first. A model is two files: lines of text, one for each layer, and the weights in their order.
# A blob is read once: what several layers read goes through a Split. ReLU is part of the convolution before it.

def ncnn_model(operations: Operations, weights: Weights, height: int, width: int, path: str) -> None:
    """Write the table as path.param and path.bin; blobs are named after operations.

    Their format: github.com/Tencent/ncnn, docs/developer-guide, param-and-model-file-structure and operators.
    """
    channels = next(shape[-1] for name, _, _, _, shape, _ in operations if name == "data")
    size = {"data": (height, width)}                 # of a blob
    holder: dict[str, str] = {}                      # buffer -> the blob that holds it
    nodes: list[tuple[str, str, list[str], str]] = []
    with open(path + ".bin", "wb") as file:
        for layer in _with_relu(list(layers(operations))):
            inputs = [holder[x] for x in layer.inputs]
            kind, text, after = _ncnn_layer(layer, weights, size[inputs[0]] if inputs else (height, width), channels)
            nodes.append((kind, layer.name, inputs, text))
            holder[layer.buffer], size[layer.name] = layer.name, after
            for i, operand in enumerate(layer.operands):
                array = as_array(weights, operand)
                if i == 0:                           # weights say how they are stored: 0 is float32; biases do not
                    array = array.reshape((1,) * (4 - array.ndim) + array.shape).transpose(3, 2, 0, 1)
                    file.write(bytes(4))
                file.write(numpy.ascontiguousarray(array).tobytes())
    with open(path + ".param", "w", encoding="ascii") as out:
        out.write("\n".join(_ncnn_lines(nodes)) + "\n")


def _with_relu(found: list[Layer]) -> list[Layer]:
    """Convolution and ReLU after it as one layer, of ReLU's name."""
    merged: list[Layer] = []
    for layer in found:
        if layer.kind == "Relu" and merged[-1].kind == "Conv2D" and layer.inputs == [merged[-1].buffer]:
            merged[-1] = merged[-1]._replace(name=layer.name, parameters=merged[-1].parameters | {"relu": True})
        else:
            merged.append(layer)
    return merged


def _ncnn_layer(layer: Layer, weights: Weights, size: tuple[int, int],
                channels: int) -> tuple[str, str, tuple[int, int]]:
    """(ncnn's kind, its numbered parameters, size of the map that it makes)"""
    parameters = layer.parameters
    if layer.kind == "Placeholder":
        return "Input", f"0={size[1]} 1={size[0]} 2={channels}", size
    if layer.kind in ("Conv2D", "MaxPool"):
        shape = weights[layer.operands[0]][0] if layer.operands else ()
        kernel, stride = shape[:2] or pair(parameters, "ksize"), pair(parameters, "stride")
        (top, bottom), (left, right) = around(size, kernel, parameters)
        after = ((size[0] + top + bottom - kernel[0]) // stride[0] + 1,
                 (size[1] + left + right - kernel[1]) // stride[1] + 1)
        if layer.kind == "MaxPool":                  # 5=1: padded so far and no further
            return "Pooling", (f"0=0 1={kernel[1]} 11={kernel[0]} 2={stride[1]} 12={stride[0]} 3={left} 13={top} "
                               f"14={right} 15={bottom} 5=1"), after
        return "Convolution", (f"0={shape[3]} 1={kernel[1]} 11={kernel[0]} 3={stride[1]} 13={stride[0]} 4={left} "
                               f"14={top} 15={right} 16={bottom} 5={len(layer.operands) - 1} "
                               f"6={numpy.prod(shape)} 9={int('relu' in parameters)}"), after
    if layer.kind == "LRN":
        radius, alpha, beta, bias = lrn_parameters(parameters)
        width = 2 * radius + 1       # ncnn divides its alpha by the window, TensorFlow does not
        return "LRN", f"0=0 1={width} 2={alpha * width:e} 3={beta:e} 4={bias:e}", size
    if layer.kind == "AvgPool" and "ksize" not in parameters:
        return "Pooling", "0=1 4=1", (1, 1)
    if layer.kind == "MatMul":
        shape = weights[layer.operands[0]][0]
        return "InnerProduct", f"0={shape[-1]} 1={len(layer.operands) - 1} 2={numpy.prod(shape)}", (1, 1)
    return {"Relu": ("ReLU", "", size), "ConcatV2": ("Concat", "0=0", size), "Softmax": ("Softmax", "0=0", size)}[
        layer.kind]


def _ncnn_lines(nodes: list[tuple[str, str, list[str], str]]) -> list[str]:
    """The lines of a .param file: kind, name, numbers of inputs and outputs, their blobs, parameters."""
    readers: dict[str, list[str]] = {}               # blob -> what each of its readers reads in its place
    for _, name, inputs, _ in nodes:
        for blob in inputs:
            readers.setdefault(blob, []).append(f"{blob}_for_{name}")
    lines = []
    for kind, name, inputs, text in nodes:
        taken = [f"{x}_for_{name}" if len(readers[x]) > 1 else x for x in inputs]
        lines.append(" ".join([kind, name, str(len(inputs)), "1", *taken, name, text]))
        if len(readers.get(name, [])) > 1:
            lines.append(" ".join(["Split", name + "_split", "1", str(len(readers[name])), name, *readers[name]]))
    blobs = len(nodes) + sum(len(names) for names in readers.values() if len(names) > 1)
    return ["7767517", f"{len(lines)} {blobs}", *lines]


class NcnnNetwork:
    """A network from ncnn_model's two files in ncnn. In float32 throughout: by itself it may store less."""

    def __init__(self, path: str, threads: int = 1) -> None:
        import ncnn
        self.ncnn = ncnn
        self.network = ncnn.Net()
        options = self.network.opt
        options.num_threads = threads
        options.use_vulkan_compute = False
        options.use_fp16_packed = options.use_fp16_storage = options.use_fp16_arithmetic = False
        options.use_bf16_storage = False
        if self.network.load_param(path + ".param") or self.network.load_model(path + ".bin"):
            raise ValueError(f"{path}.param, {path}.bin: ncnn does not take them")

    def values(self, picture: Any, *targets: str) -> Values:
        """The operations of these names, each from a pass of its own."""
        found = {target: self._run(self.tensor(picture), target) for target in targets}
        return {target: numpy.ascontiguousarray(value.reshape(1, 1, -1) if value.ndim == 1 else
                                                value.transpose(1, 2, 0)) for target, value in found.items()}

    def forward_timer(self, picture: Any, target: str) -> Callable[[], None]:
        """A function that computes `target` from the picture."""
        data = self.tensor(picture)
        return lambda: self._run(data, target)

    def _run(self, data: Any, target: str) -> numpy.ndarray:
        with self.network.create_extractor() as extractor:
            extractor.input("data", data)
            status, value = extractor.extract(target)
            if status:
                raise ValueError(f"ncnn cannot compute {target}: {status}")
            return numpy.array(value)

    def tensor(self, picture: Any) -> Any:
        """[h, w, c] numbers as ncnn's map of c channels."""
        data = numpy.ascontiguousarray(numpy.asarray(picture, numpy.float32).transpose(2, 0, 1))
        return self.ncnn.Mat(data).clone()           # a Mat of an array does not keep the array
