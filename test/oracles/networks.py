"""Whole networks against the programs that they were made for: every tensor, and the gradient of a class.

    python3 test/oracles/networks.py [--engine python] [NAME ...]

All, or some, of: the nine light models of the package onnx with random weights (against onnxruntime and PyTorch),
networks of torchvision's forms exported by PyTorch at two opsets and, where onnxscript is, by its newer exporter (the
same), ten Keras applications frozen by TensorFlow (against that). Python, the slow engine, gets smaller pictures.

Each line: the picture's size, the largest error of a tensor and that of the gradient, both relative to the norm of the
oracle's, and by how much the oracle's own gradient changes where the picture changes by 3e-7 of itself: that is what
rounding may do, as a ReLU at zero or a tie in a pool decides where a whole gradient goes. So the gradient is compared a
second time, "with our decisions": the oracle's from our own ReLUs (which numbers were above zero) and pools (which of
a window was the largest), whose tensors, just compared, differ from its own by rounding. It is the one that counts.
"""
import argparse
import importlib.util
import os
import sys
import tempfile
import warnings

import numpy as np

WEAK = 3e-7             # relative change of the picture that a float32 computation may well amount to


# ---- ONNX in PyTorch, node by node, as docs/Operators.md of onnx has them --------------------------------------------

class OnnxGraph:
    def __init__(self, path):
        import onnx
        import torch
        self.torch, self.graph = torch, onnx.load(path).graph
        self.constants = {one.name: torch.from_numpy(onnx.numpy_helper.to_array(one).copy())
                          for one in self.graph.initializer}
        self.helper = onnx.helper
        self.input = next(one.name for one in self.graph.input if one.name not in self.constants)

    def __call__(self, x, ours={}):  # noqa: B006
        """All values by name. ours: [h, w, c] by name, in float32, decides which side of zero the numbers of these lie
        (Relu) and which of a window is the largest (MaxPool)."""
        values = {name: one.double() if one.is_floating_point() else one for name, one in self.constants.items()}
        values[self.input] = x
        for node in self.graph.node:
            attributes = {one.name: self.helper.get_attribute_value(one) for one in node.attribute}
            inputs = [values[name] if name else None for name in node.input]
            after, before = (self.chw(ours.get(name)) for name in (node.output[0], (*node.input, "")[0]))
            if node.op_type in ("Relu", "Clip") and after is not None:
                value = getattr(self, node.op_type)(attributes, *inputs)
                low, high = (*inputs[1:], None, None)[:2] if node.op_type == "Clip" else (0.0, None)
                after = after.reshape(value.shape)
                kept = inputs[0] * (low is None or after > low) * (high is None or after < high)
                value = kept + (value - kept).detach()
            elif node.op_type == "MaxPool" and before is not None:
                where = self.MaxPool(attributes, before, True)[1]
                value = self.filled(attributes, inputs[0]).flatten(2).gather(2, where.flatten(2)).reshape(where.shape)
            else:
                value = getattr(self, node.op_type)(attributes, *inputs)
            values.update(zip(node.output, value if isinstance(value, tuple) else (value,)))
        return values

    def chw(self, value):
        return None if value is None else self.torch.from_numpy(value.transpose(2, 0, 1)[None].astype(np.float64))

    def pads(self, attributes):
        top, left, bottom, right = attributes.get("pads", (0, 0, 0, 0))
        return left, right, top, bottom

    def Conv(self, attributes, x, weights, biases=None):
        x = self.torch.nn.functional.pad(x, self.pads(attributes))
        return self.torch.nn.functional.conv2d(
            x, weights, biases, tuple(attributes.get("strides", (1, 1))),
            dilation=tuple(attributes.get("dilations", (1, 1))), groups=attributes.get("group", 1))

    def rounded_up(self, attributes, x):
        """Columns and rows that ceil_mode adds behind the padding."""
        extra = []
        for axis in (1, 0):
            step = attributes.get("strides", (1, 1))[axis]
            rest = (x.shape[2 + axis] - attributes["kernel_shape"][axis]) % step
            extra += [0, (step - rest) % step if attributes.get("ceil_mode") else 0]
        return extra

    def filled(self, attributes, x):
        """A map with what a MaxPool is to have around it."""
        x = self.torch.nn.functional.pad(x, self.pads(attributes), value=-self.torch.inf)
        return self.torch.nn.functional.pad(x, self.rounded_up(attributes, x), value=-self.torch.inf)

    def MaxPool(self, attributes, x, where=False):
        return self.torch.nn.functional.max_pool2d(
            self.filled(attributes, x), tuple(attributes["kernel_shape"]), tuple(attributes.get("strides", (1, 1))),
            return_indices=where)

    def AveragePool(self, attributes, x):
        pad, pool = self.torch.nn.functional.pad, self.torch.nn.functional.avg_pool2d
        counts = float(attributes.get("count_include_pad", 0))
        counted = pad(self.torch.ones_like(x), self.pads(attributes), value=counts)
        x = pad(x, self.pads(attributes))
        extra = self.rounded_up(attributes, x)
        how = tuple(attributes["kernel_shape"]), tuple(attributes.get("strides", (1, 1)))
        return pool(pad(x, extra), *how) / pool(pad(counted, extra), *how)

    def GlobalAveragePool(self, attributes, x):
        return x.mean((2, 3), keepdim=True)

    def ReduceMean(self, attributes, x, axes=None):
        axes = attributes["axes"] if axes is None else axes.tolist()
        return x.mean(tuple(axes), keepdim=bool(attributes.get("keepdims", 1)))

    def BatchNormalization(self, attributes, x, scale, offset, mean, variance):
        return self.torch.nn.functional.batch_norm(x, mean, variance, scale, offset, False, 0.0,
                                                   attributes.get("epsilon", 1e-5))

    def LRN(self, attributes, x):
        return self.torch.nn.functional.local_response_norm(x, attributes["size"], attributes.get("alpha", 1e-4),
                                                            attributes.get("beta", 0.75), attributes.get("bias", 1.0))

    def LayerNormalization(self, attributes, x, scale, offset=None):
        return self.torch.nn.functional.layer_norm(x, scale.shape, scale, offset, attributes.get("epsilon", 1e-5))

    def Gelu(self, attributes, x):
        return self.torch.nn.functional.gelu(x, approximate=attributes.get("approximate", b"none").decode())

    def Erf(self, attributes, x):
        return self.torch.erf(x)

    def Tanh(self, attributes, x):
        return self.torch.tanh(x)

    def Sqrt(self, attributes, x):
        return self.torch.sqrt(x)

    def Pow(self, attributes, x, exponent):
        return x ** exponent

    def Sub(self, attributes, x, y):
        return x - y

    def Gemm(self, attributes, x, weights, biases=0.0):
        return x @ (weights.T if attributes.get("transB") else weights) + biases

    def MatMul(self, attributes, x, weights):
        return x @ weights

    def Softmax(self, attributes, x):
        return self.torch.softmax(x, 1)

    def Relu(self, attributes, x):
        return self.torch.relu(x)

    def LeakyRelu(self, attributes, x):
        return self.torch.nn.functional.leaky_relu(x, attributes.get("alpha", 0.01))

    def Sigmoid(self, attributes, x):
        return self.torch.sigmoid(x)

    def HardSigmoid(self, attributes, x):
        return self.torch.clip(attributes.get("alpha", 0.2) * x + attributes.get("beta", 0.5), 0.0, 1.0)

    def HardSwish(self, attributes, x):
        return x * self.torch.clip(x / 6 + 0.5, 0.0, 1.0)

    def Clip(self, attributes, x, low=None, high=None):
        return self.torch.clip(x, low, high)

    def Add(self, attributes, x, y):
        return x + y

    def Sum(self, attributes, *parts):
        return sum(parts)

    def Mul(self, attributes, x, y):
        return x * y

    def Concat(self, attributes, *parts):
        return self.torch.cat(parts, attributes["axis"])

    def Split(self, attributes, x, counts=None):
        counts = attributes.get("split") if counts is None else counts.tolist()
        if counts is None:
            return self.torch.chunk(x, attributes["num_outputs"], attributes.get("axis", 0))
        return self.torch.split(x, list(counts), attributes.get("axis", 0))

    def Slice(self, attributes, x, starts, ends, axes, steps=None):
        for start, end, axis in zip(starts.tolist(), ends.tolist(), axes.tolist()):
            x = x[(slice(None),) * axis + (slice(start, end),)]
        return x

    def Shape(self, attributes, x):
        return self.torch.tensor(x.shape)

    def Div(self, attributes, x, y):
        return x / y if x.is_floating_point() else x // y

    def Reshape(self, attributes, x, sizes):
        return x.reshape([x.shape[i] if size == 0 else size for i, size in enumerate(sizes.tolist())])

    def Flatten(self, attributes, x):
        return x.flatten(attributes.get("axis", 1))

    def Transpose(self, attributes, x):
        return x.permute(*attributes["perm"])

    def Unsqueeze(self, attributes, x, axes=None):
        for axis in sorted(attributes["axes"] if axes is None else axes.tolist()):
            x = x.unsqueeze(axis)
        return x

    def Gather(self, attributes, x, where):
        if x.dim() == 1:
            return x[where]
        return self.torch.index_select(x, attributes.get("axis", 0), where.reshape(-1)).squeeze(
            attributes.get("axis", 0)) if where.dim() == 0 else self.torch.index_select(
                x, attributes.get("axis", 0), where)

    def Constant(self, attributes):
        import onnx
        value = self.torch.from_numpy(onnx.numpy_helper.to_array(attributes["value"]).copy())
        return value.double() if value.is_floating_point() else value

    def Dropout(self, attributes, x, *rest):
        return x

    Identity = Dropout


class MovedOnnx(OnnxGraph):
    """The same for pictures of other sizes than its own: the mean of a whole map stays that, and layers for a flattened
    map move over a larger one, as convolutions."""

    def AveragePool(self, attributes, x):
        whole = min(attributes["kernel_shape"]) > 5 and not any(attributes.get("pads", ()))
        return x.mean((2, 3), keepdim=True) if whole else super().AveragePool(attributes, x)

    def ReduceMean(self, attributes, x, axes=None):
        return x.mean((2, 3), keepdim=True)

    def Reshape(self, attributes, x, sizes):
        return x.reshape(*sizes.tolist()[:-2], *x.shape[-2:]) if len(sizes) > 3 else x

    def Flatten(self, attributes, x):
        return x

    def Add(self, attributes, x, y):
        return x + (y.reshape(-1, 1, 1) if y.dim() < 3 and y.numel() > 1 else y)

    def MatMul(self, attributes, x, weights):
        side = round((weights.shape[0] / x.shape[1]) ** 0.5)
        return self.torch.nn.functional.conv2d(x, weights.T.reshape(-1, x.shape[1], side, side))

    def Gemm(self, attributes, x, weights, biases=None):
        x = self.MatMul(attributes, x, weights.T if attributes.get("transB") else weights)
        return x if biases is None else self.Add(attributes, x, biases)


# ---- Models ----------------------------------------------------------------------------------------------------------

def light_names():
    import onnx
    folder = os.path.join(os.path.dirname(onnx.__file__), "backend", "test", "data", "light")
    return {name.removesuffix(".onnx").removeprefix("light_"): os.path.join(folder, name)
            for name in sorted(os.listdir(folder)) if name.endswith(".onnx")}


def random_light(name, path):
    """Write the light model `name` with random weights in the place of its constant ones."""
    import onnx
    from onnx import numpy_helper
    dice, model = np.random.default_rng(5), onnx.load(light_names()[name])
    graph = model.graph
    known = {one.name: numpy_helper.to_array(one) for one in graph.initializer}
    filled = {node.output[0]: tuple(map(int, known[node.input[0]])) for node in graph.node
              if node.op_type == "ConstantOfShape"}
    kept = [node for node in graph.node if node.op_type != "ConstantOfShape"]
    del graph.node[:]
    graph.node.extend(kept)
    used = {}
    for node in kept:
        for place, source in enumerate(node.input):
            used.setdefault(source, (node, place))
    for weight, shape in filled.items():
        node, place = used[weight]
        while node.op_type in ("Unsqueeze", "Reshape"):
            node, place = used[node.output[0]]
        fan = np.prod(shape[1:]) if len(shape) > 1 else 100
        values = dice.normal(0, np.sqrt(2 / fan), shape)
        if node.op_type == "BatchNormalization":
            values = (None, dice.uniform(0.8, 1.2, shape), dice.normal(0, 0.1, shape), dice.normal(0, 0.1, shape),
                      dice.uniform(0.5, 1.5, shape))[place]
        elif node.op_type == "Mul":
            values = dice.uniform(0.8, 1.2, shape)
        graph.initializer.append(numpy_helper.from_array(values.astype(np.float32), weight))
    unused = {one.name for one in graph.initializer} - {source for node in kept for source in node.input}
    for some in graph.initializer, graph.input:
        left = [one for one in some if one.name not in unused]
        del some[:]
        some.extend(left)
    onnx.save(model, path)


def torch_networks():
    """Networks of torchvision's forms, narrower: how VGG, ResNet, Inception, MobileNet-v3, DenseNet and ConvNeXt are
    put together and what becomes of that in a file."""
    import torch
    from torch import nn
    from torch.nn import functional as F

    class Residual(nn.Module):
        def __init__(self, ci, co, stride):
            super().__init__()
            self.conv1, self.bn1 = nn.Conv2d(ci, co, 3, stride, 1, bias=False), nn.BatchNorm2d(co)
            self.conv2, self.bn2 = nn.Conv2d(co, co, 3, 1, 1, groups=2, bias=False), nn.BatchNorm2d(co)
            self.downsample = nn.Sequential(nn.Conv2d(ci, co, 1, stride, bias=False), nn.BatchNorm2d(co))

        def forward(self, x):
            y = F.relu(self.bn1(self.conv1(x)))
            return F.relu(self.bn2(self.conv2(y)) + self.downsample(x))

    class Squeeze(nn.Module):
        """MobileNet-v3's block: depthwise, squeeze and excitation, hard swish."""
        def __init__(self, c):
            super().__init__()
            self.deep, self.bn = nn.Conv2d(c, c, 5, 2, 2, groups=c), nn.BatchNorm2d(c)
            self.fc1, self.fc2 = nn.Conv2d(c, 8, 1), nn.Conv2d(8, c, 1)

        def forward(self, x):
            x = F.hardswish(self.bn(self.deep(x)))
            return x * F.hardsigmoid(self.fc2(F.relu(self.fc1(F.adaptive_avg_pool2d(x, 1)))))

    class Mixed(nn.Module):
        """Inception-v3's block, with rectangular kernels and an average pool that counts its padding."""
        def __init__(self, c):
            super().__init__()
            self.branch1 = nn.Conv2d(c, 16, 1)
            self.branch7 = nn.Sequential(nn.Conv2d(c, 12, (1, 7), padding=(0, 3)),
                                         nn.Conv2d(12, 16, (7, 1), padding=(3, 0)))
            self.pool = nn.Conv2d(c, 8, 1)

        def forward(self, x):
            pool = self.pool(F.avg_pool2d(x, 3, 1, 1))
            return F.relu(torch.cat([self.branch1(x), self.branch7(x), pool, F.max_pool2d(x, 3, 1, 1)], 1))

    class Halves(nn.Module):
        """ShuffleNet-v2's unit: one half of the channels as it is, the other through three layers, then shuffled."""
        def __init__(self, c):
            super().__init__()
            self.branch = nn.Sequential(nn.Conv2d(c // 2, c // 2, 1), nn.BatchNorm2d(c // 2), nn.ReLU(),
                                        nn.Conv2d(c // 2, c // 2, 3, padding=1, groups=c // 2), nn.BatchNorm2d(c // 2),
                                        nn.Conv2d(c // 2, c // 2, 1), nn.ReLU())

        def forward(self, x):
            one, two = x.chunk(2, dim=1)
            y = torch.cat((one, self.branch(two)), 1)
            return y.view(1, 2, 8, 16, 16).transpose(1, 2).reshape(1, 16, 16, 16)

    class Dense(nn.Module):
        def __init__(self, c):
            super().__init__()
            self.norm, self.conv = nn.BatchNorm2d(c), nn.Conv2d(c, 12, 3, padding=1, bias=False)

        def forward(self, x):
            return torch.cat([x, self.conv(F.relu(self.norm(x)))], 1)

    class ChannelNorm(nn.LayerNorm):
        """Of the channels of each cell, which have to come last for it."""
        def forward(self, x):
            return super().forward(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)

    class Modern(nn.Module):
        """ConvNeXt's block: a wide depthwise convolution, its cells normalised and sent through two layers as in a
        Transformer, then a factor for each channel."""
        def __init__(self, c, approximate):
            super().__init__()
            self.deep, self.norm = nn.Conv2d(c, c, 7, padding=3, groups=c), nn.LayerNorm(c, eps=1e-6)
            self.fc1, self.act, self.fc2 = nn.Linear(c, 4 * c), nn.GELU(approximate), nn.Linear(4 * c, c)
            self.layer_scale = nn.Parameter(torch.rand(c, 1, 1) + 0.5)

        def forward(self, x):
            y = self.fc1(self.norm(self.deep(x).permute(0, 2, 3, 1)))
            return x + self.layer_scale * self.fc2(self.act(y)).permute(0, 3, 1, 2)

    class Transforming(nn.Module):
        """torchvision's inception_v3 and googlenet with transform_input: each channel scaled by itself."""
        def __init__(self):
            super().__init__()
            self.Conv2d_1a = nn.Conv2d(3, 16, 3, 2)
            self.Mixed_5b, self.fc = Mixed(16), nn.Linear(56, 10)

        def forward(self, x):
            parts = [torch.unsqueeze(x[:, i], 1) * (deviation / 0.5) + (mean - 0.5) / 0.5
                     for i, (mean, deviation) in enumerate(((0.485, 0.229), (0.456, 0.224), (0.406, 0.225)))]
            x = self.Mixed_5b(self.Conv2d_1a(torch.cat(parts, 1)))
            return self.fc(torch.flatten(F.adaptive_avg_pool2d(x, 1), 1))

    def vgg():
        return nn.Sequential(*(layer for ci, co in ((3, 8), (8, 16), (16, 24)) for layer in (
            nn.Conv2d(ci, co, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2, 2))), nn.AdaptiveAvgPool2d(4), nn.Flatten(),
            nn.Linear(24 * 16, 40), nn.ReLU(), nn.Dropout(), nn.Linear(40, 10))

    def ending(c):
        return nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(c, 10)
    return {
        "vgg": vgg(), "transforming": Transforming(),
        "resnet": nn.Sequential(nn.Conv2d(3, 16, 7, 2, 3), nn.BatchNorm2d(16), nn.ReLU(), nn.MaxPool2d(3, 2, 1),
                                Residual(16, 16, 1), Residual(16, 24, 2), *ending(24)),
        "inception": nn.Sequential(nn.Conv2d(3, 16, 3, 2), nn.MaxPool2d(3, 2, ceil_mode=True),
                                   Mixed(16), Mixed(56), *ending(96)),
        "mobilenet": nn.Sequential(nn.Conv2d(3, 16, 3, 2, 1), nn.ReLU6(), Squeeze(16), nn.LeakyReLU(0.1), Squeeze(16),
                                   *ending(16)),
        "shuffles": nn.Sequential(nn.Conv2d(3, 16, 3, 2, 1), nn.ReLU(), Halves(16), Halves(16), *ending(16)),
        "convnext": nn.Sequential(nn.Conv2d(3, 12, 4, 4), ChannelNorm(12, eps=1e-6), Modern(12, "none"),
                                  ChannelNorm(12, eps=1e-6), nn.Conv2d(12, 20, 2, 2), Modern(20, "tanh"),
                                  Modern(20, "none"), nn.AdaptiveAvgPool2d(1), ChannelNorm(20, eps=1e-6), nn.Flatten(),
                                  nn.Linear(20, 10)),
        "densenet": nn.Sequential(nn.Conv2d(3, 16, 3, 2, 1, dilation=2), Dense(16), Dense(28), nn.BatchNorm2d(40),
                                  nn.AvgPool2d(2, 2), Dense(40), *ending(52)),
    }


# How PyTorch exports: at two opsets, and with the exporter that is its own choice now, at the opset that is
EXPORTS = (11, 17, *(("dynamo",) if importlib.util.find_spec("onnxscript") else ()))


def export(network, path, opset, size=32):
    """Write a PyTorch network, its normalisations as after some training, to ONNX. opset: one of EXPORTS."""
    import torch
    torch.manual_seed(3)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.running_mean.normal_(0, 0.3)
            module.running_var.uniform_(0.5, 1.5)
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, 0, 0.3)
        elif isinstance(module, torch.nn.LayerNorm):
            torch.nn.init.uniform_(module.weight, 0.5, 1.5)
            torch.nn.init.normal_(module.bias, 0, 0.3)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        how = {"dynamo": True, "verbose": False} if opset == "dynamo" else {"dynamo": False, "opset_version": opset}
        torch.onnx.export(network.eval(), (torch.zeros(1, 3, size, size),), path, **how)


CAFFE = ("VGG16", "VGG19", "ResNet50", "EfficientNetB0", "ConvNeXtTiny")         # want levels as they are, or nearly
KERAS = ("VGG16", "VGG19", "InceptionV3", "ResNet50", "MobileNetV2", "DenseNet121", "Xception",
         "EfficientNetB0", "MobileNetV3Small", "NASNetMobile", "ConvNeXtTiny")


def freeze(name, path, size=None):
    """Write a Keras application with random weights, the same for every size, as TensorFlow's own converter freezes
    it. size: one side or (height, width); with it there are ten classes."""
    import keras
    import tensorflow as tf
    from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2
    dice, how = np.random.default_rng(1), {}
    keras.utils.set_random_seed(1)
    if size:
        how = {"input_shape": (*(size if isinstance(size, tuple) else (size, size)), 3), "classes": 10}
    model = getattr(keras.applications, name)(weights=None, **how)
    for layer in model._flatten_layers(include_self=False):      # those of a Sequential within, too
        values = layer.get_weights()
        if type(layer).__name__ == "LayerScale":        # 1e-6 before training, which leaves nothing of the layers
            layer.set_weights([dice.uniform(0.3, 0.9, values[0].shape)])
        elif type(layer).__name__ == "LayerNormalization":
            layer.set_weights([dice.uniform(0.8, 1.2, values[0].shape), dice.normal(0, 0.1, values[1].shape)])
        elif type(layer).__name__ == "BatchNormalization":
            low = {"gamma": 0.8, "moving_variance": 2.0 if name == "EfficientNetB0" else 0.4}   # else it explodes
            layer.set_weights([dice.uniform(low[one.name], 1.5 * low[one.name], one.shape) if one.name in low else
                               dice.normal(0, 0.1, one.shape) for one in layer.weights])
        elif len(values) == 2:
            layer.set_weights([values[0], dice.normal(0, 0.05, values[1].shape)])
    function = tf.function(lambda x: model(x, training=False)).get_concrete_function(
        tf.TensorSpec((1, *model.input_shape[1:]), tf.float32))
    with open(path, "wb") as file:
        file.write(convert_variables_to_constants_v2(function).graph.as_graph_def().SerializeToString())


# ---- Comparisons -----------------------------------------------------------------------------------------------------

class Errors:
    """What a comparison found; str() is its line."""

    def __init__(self, name, engine, size):
        self.name, self.engine, self.size, self.missing = name, engine, size, []
        self.tensors = self.gradient = self.own = self.decided = 0.0

    def __str__(self):
        missing = f", without a counterpart: {', '.join(self.missing)}" if self.missing else ""
        return (f"{self.name:<22} {self.engine:<7} {self.size[1]:>4} x {self.size[0]:<4} tensors {self.tensors:.1e}  "
                f"gradient {self.gradient:.1e}  with our decisions {self.decided:.1e}  (its own change {self.own:.1e})"
                f"{missing}")

    def good(self):
        return self.tensors < 1e-4 and self.decided < max(1e-4, 3 * self.own) and not self.missing


# What need not be a tensor of the oracle's, but is compared if it is: a shuffle is three of its operations, a batch
# normalisation one for our two; "prob" is added where a file ends in logits.
UNNAMED = {"Shuffle", "Slice", "Scale", "Clip", "BiasAdd", "Pad"}


def distance(ours, theirs):
    return float(np.linalg.norm(np.asarray(ours, np.float64) - theirs) / max(np.linalg.norm(theirs), 1e-12))


def compare(name, model, engine, size, theirs, gradient):
    """theirs(x): tensors [h, w, c] by name. gradient(x, class, ours): that of its logit at x, [h, w, 3] in network
    form; ours: what we computed of these tensors, to decide by."""
    import deepdream
    from deepdream_extras import families, objectives
    model = families.with_input(model, families.AS_IT_IS)
    network = deepdream.Network(model, engine, 2)
    found, decided = Errors(name, network.choice.name, size), {}
    scale = 60.0 if families.input_wanted(model).scale[0] > 0.5 and name in CAFFE else 1.0
    x = (np.random.default_rng(2).uniform(-scale, scale, (*size, 3))).astype(np.float32)
    tensors, (own, answer) = theirs(x), (objectives.logits_layer(model), 3)
    last = {row[3]: row[0] for row in model.operations}
    network.forward(x.ravel(), model.operations[-1][0] if len(model.operations) else "", size)
    shapes = {}
    for key, value in tensors.items():
        shapes.setdefault(value.shape, []).append((float(np.linalg.norm(value)), value, key))
    for row in model.operations[1:]:
        if last[row[3]] == row[0] and row[0] != "prob":
            shape = network.shape(row[0])
            ours = np.asarray(network.read(row[0])).reshape(shape)
            length = float(np.linalg.norm(ours))
            errors = {key: distance(ours, one) for norm, one, key in shapes.get(shape, ())
                      if abs(length - norm) < 1e-2 * length}
            if min(errors.values(), default=1.0) > 1e-2:
                found.missing += [row[0]] * (row[1] not in UNNAMED)
            else:
                found.tensors = max(found.tensors, min(errors.values()))
            decided |= {key: ours for key, error in errors.items() if error < 1e-4}
    seed = np.zeros(network.shape(own), np.float32)
    seed[..., answer] = 1.0 / (seed.shape[0] * seed.shape[1])
    ours = np.asarray(network.backward(own, seed.ravel())).reshape(*size, 3)
    expected = gradient(x, answer, {})
    found.gradient, found.decided = distance(ours, expected), distance(ours, gradient(x, answer, decided))
    dice = np.random.default_rng(4)
    nearby = [(x * (1 + WEAK * dice.normal(size=x.shape))).astype(np.float32) for _ in range(2)]
    found.own = max(distance(gradient(one, answer, {}), expected) for one in nearby)
    network.close()
    return found


def against_onnx(name, path, engine="auto", size=None, runtime=True, moved=None):
    """A file against onnxruntime (all tensors) or, at another size than its own, PyTorch; gradients against that.
    moved: the file of the same network for that size, where its graph goes to no other."""
    import torch

    import deepdream
    model = deepdream.load_model(path)
    size = size or model.size()
    runtime = runtime and size == model.size()
    graph = (OnnxGraph if moved or size == model.size() else MovedOnnx)(moved or path)
    last = [node for node in graph.graph.node if node.op_type not in ("Softmax", "Identity", "Dropout")][-1].output[0]

    def all_of(x):
        if not runtime:
            values = graph(torch.from_numpy(x.transpose(2, 0, 1)[None].astype(np.float64)))
            return maps_in({key: value.detach().numpy() for key, value in values.items()})
        return run_onnx(path, x.transpose(2, 0, 1)[None].copy())

    def gradient(x, answer, ours):
        picture = torch.from_numpy(x.transpose(2, 0, 1)[None].astype(np.float64)).requires_grad_()
        logits = graph(picture, ours)[last]
        logits = logits if logits.dim() == 2 else logits.mean((2, 3))
        logits[0, answer].backward()
        return picture.grad[0].permute(1, 2, 0).numpy()
    return compare(name, model, engine, size, all_of, gradient)


def run_onnx(path, x):
    """Every tensor of one picture's pass in onnxruntime."""
    import onnx
    import onnxruntime
    model = onnx.load(path)
    names = [name for node in model.graph.node for name in (
        node.output if node.op_type == "Split" else node.output[:1])]
    del model.graph.output[:]
    model.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    options = onnxruntime.SessionOptions()
    options.log_severity_level, options.intra_op_num_threads = 4, 2
    with tempfile.TemporaryDirectory() as folder:
        onnx.save(model, os.path.join(folder, "all.onnx"))
        session = onnxruntime.InferenceSession(os.path.join(folder, "all.onnx"), options)
        values = session.run(names, {session.get_inputs()[0].name: x})
    return maps_in(dict(zip(names, values)))


def maps_in(values):
    """Tensors as maps [h, w, c]; those of four dimensions NCHW and, where the network has turned them round, NHWC."""
    found = {name: value[0].reshape(1, 1, -1) for name, value in values.items() if value.ndim == 2}
    found |= {name: value[0].transpose(1, 2, 0) for name, value in values.items() if value.ndim == 4}
    return found | {name + " as NHWC": value[0] for name, value in values.items() if value.ndim == 4}


def against_tensorflow(name, path, engine="auto", size=None, moved=None):
    """A file against TensorFlow. moved: the file of the same network for that size, where its graph goes to no other.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ["CUDA_VISIBLE_DEVICES"] = "-1"
    import tensorflow as tf

    import deepdream
    model, message = deepdream.load_model(path), tf.compat.v1.GraphDef()
    size = size or model.size()
    with open(moved or path, "rb") as file:
        message.ParseFromString(file.read())
    for node in message.node:
        if node.op == "IdentityN":                  # Keras' swish, whose gradient is a function of another graph
            kind = node.attr["T"].list.type[0]
            node.op = "Identity"
            node.attr.clear()
            node.attr["T"].type = kind
            del node.input[1:]
    without_calls(message)
    picture = next(node for node in message.node if node.op == "Placeholder")
    for place, length in enumerate(size):
        picture.attr["shape"].shape.dim[place + 1].size = length
    if size != model.size() and name.startswith("VGG"):     # whose layers for classes TensorFlow does not move
        convolved(message)
    last = [node for node in message.node if node.op == "Softmax"][-1].input[0]
    decisive = decided_from_outside(message)
    with tf.Graph().as_default() as graph:
        tf.import_graph_def(message, name="theirs")
        tf.import_graph_def(decisive, name="ours")
        x, logits = ({side: graph.get_tensor_by_name(f"{side}/{name}:0") for side in ("theirs", "ours")}
                     for name in (picture.name, last))
        names = [op.outputs[0] for op in graph.get_operations() if op.type not in ("Const", "NoOp", "Placeholder")
                 and op.outputs and op.outputs[0].shape.rank in (2, 4) and op.outputs[0].dtype == tf.float32
                 and op.outputs[0].shape[0] == 1 and op.inputs and op.name.startswith("theirs/")]
        slopes = {}

        def gradient(value, answer, decided):
            side, feed = "ours" if decided else "theirs", {}
            if side not in slopes:
                logit = logits[side][..., answer]
                slopes[side] = tf.compat.v1.gradients(tf.reduce_mean(logit), x[side])[0]
            for node in decisive.node if decided else ():
                if node.name.endswith("/decided"):
                    feed[f"ours/{node.name}:0"] = decide(kinds[node.name[:-8]], decided)
            return session.run(slopes[side], {x[side]: value[None], **feed})[0]

        def decide(node, decided):
            """1.0 where a Relu lets a number through; the places of the numbers that a MaxPool takes."""
            of = node.name if node.op != "MaxPool" else node.input[0]
            ours = decided.get(f"theirs/{of}:0")
            ours = theirs_too[f"theirs/{of}:0"] if ours is None else ours
            if node.op == "MaxPool":
                how = {key: list(node.attr[key].list.i) for key in ("ksize", "strides")}
                with tf.Graph().as_default(), tf.compat.v1.Session() as apart:
                    return apart.run(tf.raw_ops.MaxPoolWithArgmax(
                        input=ours[None], padding=node.attr["padding"].s.decode(), **how).argmax)
            through = ((ours > 0) & (ours < (6 if node.op == "Relu6" else np.inf))).astype(np.float32)
            maps = graph.get_tensor_by_name(f"theirs/{of}:0").shape.rank == 4
            return through[None] if maps else through.reshape(1, -1)

        kinds, theirs_too = {node.name: node for node in message.node}, {}

        def all_of(value):
            found = session.run(names, {x["theirs"]: value[None]})
            theirs_too.update({one.name: result[0] if result.ndim == 4 else result[0].reshape(1, 1, -1)
                               for one, result in zip(names, found)})
            return theirs_too
        with tf.compat.v1.Session(graph=graph) as session:
            return compare(name, model, engine, size, all_of, gradient)


def without_calls(message):
    """Make of calls of functions that are a convolution in as many groups as channels that convolution, in the form of
    which TensorFlow has the gradient on a CPU."""
    import tensorflow as tf
    nodes, functions = ({key(one): one for one in some} for key, some in (
        (lambda one: one.name, message.node), (lambda one: one.signature.name, message.library.function)))
    for node in message.node:
        if node.op == "StatefulPartitionedCall":
            function = functions[node.attr["f"].func.name]
            conv = next(one for one in function.node_def if one.op == "Conv2D")
            given = dict(zip((one.name for one in function.signature.input_arg), node.input))
            (source,) = (given[one] for one in conv.input[:1])
            (weights,) = (one for one in given.values() if one != source)
            numbers = tf.make_ndarray(nodes[weights].attr["value"].tensor)
            assert numbers.shape[2] == 1
            nodes[weights].attr["value"].tensor.CopyFrom(tf.make_tensor_proto(numbers.swapaxes(2, 3)))
            node.op = "DepthwiseConv2dNative"
            node.attr.clear()
            for key in "strides", "padding", "data_format", "dilations", "T":
                node.attr[key].CopyFrom(conv.attr[key])
            node.input[:] = [source, weights]


def decided_from_outside(message):
    """A copy of a graph in which each Relu multiplies by what is fed to NAME/decided, and each MaxPool takes the
    numbers at the places that are fed. For networks in which no other slope depends on a number."""
    import tensorflow as tf
    result = tf.compat.v1.GraphDef(library=message.library)
    for node in message.node:
        if node.op not in ("Relu", "Relu6", "MaxPool"):
            result.node.append(node)
            continue
        integers, floats = tf.int64.as_datatype_enum, tf.float32.as_datatype_enum
        decided = result.node.add(name=node.name + "/decided", op="Placeholder")
        decided.attr["dtype"].type = integers if node.op == "MaxPool" else floats
        decided.attr["shape"].shape.unknown_rank = True
        if node.op != "MaxPool":
            product = result.node.add(name=node.name, op="Mul", input=[node.input[0], decided.name])
            product.attr["T"].type = floats
            continue
        for what, value, shape in (("flat", [-1], (1,)), ("axis", [0], ())):
            one = result.node.add(name=f"{node.name}/{what}", op="Const")
            one.attr["dtype"].type = tf.int32.as_datatype_enum
            one.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(value if shape else 0, tf.int32, shape))
        line = result.node.add(name=node.name + "/line", op="Reshape", input=[node.input[0], node.name + "/flat"])
        line.attr["T"].type, line.attr["Tshape"].type = floats, tf.int32.as_datatype_enum
        taken = result.node.add(name=node.name, op="GatherV2",
                                input=[line.name, decided.name, node.name + "/axis"])
        taken.attr["Tparams"].type, taken.attr["Tindices"].type = floats, integers
        taken.attr["Taxis"].type, taken.attr["batch_dims"].i = tf.int32.as_datatype_enum, 0
    return result


def convolved(message):
    """Make of a graph's layers for a flattened map convolutions, which go to maps of any size."""
    import tensorflow as tf
    nodes = {node.name: node for node in message.node}
    channels = None
    for node in message.node:
        if node.op == "Reshape":
            del node.input[1:]
            node.op = "Identity"
            del node.attr["Tshape"]
        if node.op == "MatMul":
            source = nodes[node.input[1]]
            while source.op == "Identity":
                source = nodes[source.input[0]]
            weights = tf.make_ndarray(source.attr["value"].tensor)
            channels = channels or 512
            side = round((weights.shape[0] / channels) ** 0.5)
            weights, channels = weights.reshape(side, side, channels, -1), weights.shape[1]
            source.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(weights))
            node.op = "Conv2D"
            for key in "transpose_a", "transpose_b", "grad_a", "grad_b":
                node.attr.pop(key, None)
            node.attr["strides"].list.i.extend([1, 1, 1, 1])
            node.attr["padding"].s = b"VALID"
        if node.op in ("Identity", "Relu", "BiasAdd", "Softmax", "MatMul", "Conv2D"):
            node.attr.pop("_output_shapes", None)


# Networks with layers for a flattened map, and sizes at which they have several sets of classes
MOVED = {"bvlc_alexnet": (261, 293), "vgg19": (257, 225), "zfnet512": (275, 257)}


def comparisons(engine):
    """name -> a function that makes its file in a folder and compares: all that this program knows."""
    slow = engine == "python"

    def light(name):
        def run(folder):
            path = os.path.join(folder, name + ".onnx")
            random_light(name, path)
            if not slow or name in MOVED:
                yield against_onnx(name, path, engine)
            if name.startswith("inception"):            # have pools with padding that fits their own size alone
                pass
            elif not slow:
                yield against_onnx(name, path, engine, MOVED.get(name, (199, 236)))
            elif name not in MOVED:
                yield against_onnx(name, path, engine, (64, 68))
            os.unlink(path)
        return run

    def torch(name, opset):
        def run(folder):
            path = os.path.join(folder, f"{name}.onnx")
            network = torch_networks()[name]
            export(network, path, opset)
            yield against_onnx(f"{name} {opset}", path, engine)
            if name == "convnext":                      # has means over channels, which MovedOnnx does not move
                export(network, path + ".moved", opset, 45)
                yield against_onnx(f"{name} {opset}", path, engine, (45, 45), moved=path + ".moved")
        return run

    def keras(name):
        def run(folder):
            path, small = os.path.join(folder, name + ".pb"), name in ("InceptionV3", "Xception")
            side = (299 if small else 224) if not slow else 75 if small else 48
            freeze(name, path, slow and side)
            yield against_tensorflow(name, path, engine)
            if name == "ConvNeXtTiny" and not slow:     # whose dense layers say how many cells they are for
                size, moved = (side + 12, side - 25), os.path.join(folder, name + "-moved.pb")
                freeze(name, path, side)
                freeze(name, moved, size)
                yield against_tensorflow(name, path, engine, size, moved)
            elif not slow and name != "VGG19":          # for which TensorFlow would take more than 24 GB
                other = {"V": (side + 51, side + 1), "N": (side + 32, side)}       # VGG; NASNet, of even maps
                yield against_tensorflow(name, path, engine, other.get(name[0], (side + 12, side - 25)))
            os.unlink(path)
        return run
    found = {name: light(name) for name in light_names()}
    found.update({f"{name}-{opset}": torch(name, opset) for name in torch_networks() for opset in EXPORTS})
    return found | {name: keras(name) for name in KERAS}


if __name__ == "__main__":
    sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("names", nargs="*", metavar="NAME", help=" ".join(comparisons("auto")))
    parser.add_argument("--engine", default="auto", choices=("auto", "simd", "python"))
    wish, bad = parser.parse_args(), 0
    known = comparisons(wish.engine)
    with tempfile.TemporaryDirectory() as place:
        for wanted in wish.names or known:
            for errors in known[wanted](place):
                print(errors, "" if errors.good() else "  BAD", flush=True)
                bad += not errors.good()
    sys.exit(bool(bad))
