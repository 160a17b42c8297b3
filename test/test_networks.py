"""Networks from files: frozen graphs and ONNX models written here, against the same computed number by number in their
own layout; what is refused; broken and hostile files. What other programs compute of real networks is in oracles/."""

import array
import itertools
import json
import math
import operator
import os
import random
import struct
import tempfile
import time
import unittest
from unittest import mock

import test_weights
from helpers import CommandLine
from test_weights import attribute, block, constant, fixed32, ints, little_endian, node, number, shape, string

import deepdream
from deepdream_extras import dreams, families, networks, objectives, presets, scales, simd

# ---- ONNX files, from the description of the format (onnx.proto) -----------------------------------------------------


def tensor(name, sizes, values, kind=1, *fields):
    """kind: 1 float, 7 int64, 10 float16; fields take the place of raw_data."""
    letter = {1: "f", 7: "q", 10: "e", 6: "i"}[kind]
    content = b"".join(fields) or block(9, struct.pack(f"<{len(values)}{letter}", *values))
    return b"".join(number(1, size) for size in sizes) + number(2, kind) + block(8, name) + content


def value_info(name, *sizes):
    dims = b"".join(block(1, number(1, size) if size else block(2, "N")) for size in sizes)
    return block(1, name) + block(2, block(1, number(1, 1) + block(2, dims)))


def onnx_attribute(name, value):
    if isinstance(value, float):
        content = fixed32(2, value) + number(20, 1)
    elif isinstance(value, int):
        content = number(3, value) + number(20, 2)
    elif isinstance(value, str):
        content = block(4, value) + number(20, 3)
    elif isinstance(value, bytes):
        content = block(5, value) + number(20, 4)
    else:
        content = b"".join(number(8, one) for one in value) + number(20, 7)
    return block(5, block(1, name) + content)


def op(operation, inputs, output, name="", **attributes):
    """inputs, output: names of tensors, with commas between them"""
    return block(1, b"".join(block(1, one) for one in inputs.split(",")) + b"".join(
        block(2, one) for one in output.split(",")) + block(3, name) + block(4, operation) + b"".join(
            onnx_attribute(*pair) for pair in attributes.items()))


def onnx_model(nodes, constants, sizes=(1, 3, 12, 12), output="y", opset=13, producer="pytorch"):
    graph = b"".join(nodes) + b"".join(block(5, one) for one in constants)
    graph += block(11, value_info("x", *sizes)) + block(12, value_info(output))
    return number(1, 8) + block(2, producer) + block(8, number(2, opset)) + block(7, graph)


# ---- The same, number by number: maps are lists of rows for each channel ---------------------------------------------

class Naive:
    def __init__(self, maps):
        self.maps = maps

    @property
    def sizes(self):
        return len(self.maps), len(self.maps[0]), len(self.maps[0][0])

    def flat(self, order="chw"):
        c, h, w = self.sizes
        if order == "hwc":
            return [self.maps[k][y][x] for y in range(h) for x in range(w) for k in range(c)]
        return [self.maps[k][y][x] for k in range(c) for y in range(h) for x in range(w)]

    def at(self, k, y, x, outside):
        _, h, w = self.sizes
        return self.maps[k][y][x] if 0 <= y < h and 0 <= x < w else outside

    def conv(self, weights, co, kernel, stride=(1, 1), pads=(0, 0, 0, 0), groups=1, dilation=(1, 1)):
        """weights: flat [co, ci / groups, kh, kw]"""
        c, h, w = self.sizes
        ci, (kh, kw) = c // groups, kernel
        oh = (h + pads[0] + pads[2] - (kh - 1) * dilation[0] - 1) // stride[0] + 1
        ow = (w + pads[1] + pads[3] - (kw - 1) * dilation[1] - 1) // stride[1] + 1
        return Naive([[[math.fsum(
            weights[((o * ci + i) * kh + r) * kw + s]
            * self.at(o // (co // groups) * ci + i, y * stride[0] - pads[0] + r * dilation[0],
                      x * stride[1] - pads[1] + s * dilation[1], 0.0)
            for i in range(ci) for r in range(kh) for s in range(kw)) for x in range(ow)] for y in range(oh)]
            for o in range(co)])

    def pool(self, kernel, stride, pads, out, mean=False):
        def cell(k, y, x):
            seen = [v for r in range(kernel) for s in range(kernel)
                    if (v := self.at(k, y * stride - pads + r, x * stride - pads + s, None)) is not None]
            return math.fsum(seen) / len(seen) if mean else max(seen)
        return Naive([[[cell(k, y, x) for x in range(out)] for y in range(out)] for k in range(self.sizes[0])])

    def each(self, what, *columns):
        return Naive([[[what(v, *(column[k] for column in columns)) for v in row] for row in rows]
                      for k, rows in enumerate(self.maps)])


def relu(v):
    return max(v, 0.0)


class Case(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = folder.name
        self.dice = random.Random(7)

    def random(self, count, low=-1.0, high=1.0):
        return array.array("f", [self.dice.uniform(low, high) for _ in range(count)])

    def file(self, content, name="net.onnx"):
        path = os.path.join(self.folder, name)
        with open(path, "wb") as file:
            file.write(content)
        return path

    def load(self, content, name="net.onnx"):
        return deepdream.load_model(self.file(content, name))

    def refused(self, content, *words, name="net.onnx"):
        path = self.file(content, name)
        with self.assertRaises(deepdream.DeepDreamError) as caught:
            deepdream.load_model(path)
        message = str(caught.exception)
        self.assertTrue(message.startswith(path) and message.isprintable(), repr(message))
        self.assertLess(len(message.removeprefix(path)), 900)
        for word in words:
            self.assertIn(word, message)

    def picture(self, h, w):
        """A picture in the network's form, and as Naive has it."""
        values = self.random(3 * h * w)
        return values, Naive([[[values[(y * w + x) * 3 + k] for x in range(w)] for y in range(h)] for k in range(3)])

    def computed(self, model, values, size, layer=""):
        network = deepdream.Network(model, "python", 1)
        result = network.forward(values, layer, size)
        return network, result

    def near(self, found, expected, most=1e-5):
        self.assertEqual(len(found), len(expected))
        error = math.dist(found, expected) / max(math.hypot(*expected), 1e-9)
        self.assertLess(error, most)


class WhatIsOverwritten(Case):
    """An operation on single numbers takes the place of its input only where nothing needs that any more: of ReLU and
    batch normalisation, or pool and ReLU, the first one's gradient is computed from its own result."""

    KINDS = {
        "Relu": {}, "Relu6": {}, "LeakyRelu": {}, "Clip": {"low": -0.3, "high": 0.4}, "Sigmoid": {}, "Softmax": {},
        "LRN": {"depth_radius": 2, "alpha": 0.5, "beta": 0.75, "bias": 1.0}, "MaxPool": {"ksize": (2, 2)},
        "AvgPool": {"ksize": (2, 2)}, "BiasAdd": {}, "Scale": {},
        "Gelu": {}, "LayerNorm": {"epsilon": 0.05},
    }

    def network(self, kinds):
        builder = networks.Builder()
        x = builder.input("data", (1, 8, 8, 3), networks.NHWC)
        for kind in ("Conv2D", *kinds, "Conv2D"):
            name, c = f"{kind}_{len(builder.steps)}", x.shape[2]
            if kind == "Conv2D":
                weights = networks.Constant((3, 3, c, 4), self.random(36 * c))
                x = builder.conv(name, x, weights, networks.NHWC, {})
            elif kind in ("BiasAdd", "Scale"):
                x = builder.by_channel(name, x, kind, self.random(c))
            else:
                x = builder.plain(name, x, kind, **self.KINDS[kind])
        steps, ends = networks.folded(builder.steps, [x.step])
        rows, weights = networks.rows(steps, ends, networks.final_names(steps))
        return deepdream.Model("", tuple(rows), weights, [], deepdream.Input("data"), rows[-1][0], smallest=1)

    def test_every_kind_before_every_other(self):
        """Along one direction, beside differences over three distances: the largest is for what is steep nowhere, the
        smallest where a kink is near."""
        engines = ["python"] if simd.unavailable() else ["python", "simd"]
        for kinds in itertools.product(self.KINDS, ("BiasAdd", "Scale", "Relu", "Sigmoid")):
            model = self.network(kinds)
            picture, way, towards = self.random(192), self.random(192), self.random(256)

            def along(step, network):
                moved = array.array("f", [v + step * w for v, w in zip(picture, way)])
                return math.fsum(map(operator.mul, network.forward(moved, "", (8, 8)), towards))

            for engine in engines:
                network = deepdream.Network(model, engine, 1)
                slopes = [(along(step, network) - along(-step, network)) / (2 * step) for step in (2e-3, 5e-4, 1e-4)]
                network.forward(picture, "", (8, 8))
                gradient = network.backward(model.output, towards)
                usual = math.hypot(*gradient) * math.hypot(*way) / 192 ** 0.5
                found = math.fsum(map(operator.mul, gradient, way))
                self.assertLess(min(abs(found - slope) for slope in slopes), 0.03 * usual, (kinds, engine))


# ---- ONNX ------------------------------------------------------------------------------------------------------------

class OnnxNumbers(Case):
    def test_a_network_of_many_kinds(self):
        """Groups, pads of four sizes, batch normalisation, pools that round up, a shuffle, joins, a flattened map."""
        w1, b1 = self.random(8 * 3 * 3 * 3), self.random(8)
        scale, offset, mean, variance = (self.random(8), self.random(8), self.random(8), self.random(8, 0.5, 2.0))
        w2, w3 = self.random(8 * 4 * 9), self.random(8 * 1 * 3)
        fc, fb = self.random(5 * 16 * 9), self.random(5)
        content = onnx_model([
            op("Conv", "x,w1,b1", "c1", pads=[0, 1, 2, 1], kernel_shape=[3, 3], strides=[1, 1]),
            op("BatchNormalization", "c1,scale,offset,mean,variance", "n1", epsilon=1e-3),
            op("Relu", "n1", "r1"),
            op("MaxPool", "r1", "p1", kernel_shape=[3, 3], strides=[2, 2], pads=[0, 0, 0, 0], ceil_mode=1),
            op("Conv", "p1,w2", "c2", group=2, kernel_shape=[3, 3], pads=[2, 2, 2, 2], dilations=[2, 2]),
            op("Reshape", "c2,split", "s1"), op("Transpose", "s1", "s2", perm=[0, 2, 1, 3, 4]),
            op("Reshape", "s2,whole", "s3"),
            op("Conv", "s3,w3", "c3", group=8, kernel_shape=[3, 1], pads=[1, 0, 1, 0]),
            op("Concat", "c3,p1", "j", axis=1),
            op("AveragePool", "j", "a", kernel_shape=[2, 2], strides=[2, 2]),
            op("Flatten", "a", "f"), op("Gemm", "f,fc,fb", "g", transB=1), op("Softmax", "g", "y"),
        ], [tensor("w1", (8, 3, 3, 3), w1), tensor("b1", (8,), b1), tensor("scale", (8,), scale),
            tensor("offset", (8,), offset), tensor("mean", (8,), mean), tensor("variance", (8,), variance),
            tensor("w2", (8, 4, 3, 3), w2), tensor("w3", (8, 1, 3, 1), w3),
            tensor("split", (5,), [1, 2, 4, 6, 6], 7), tensor("whole", (4,), [1, -1, 6, 6], 7),
            tensor("fc", (5, 144), fc), tensor("fb", (5,), fb)])
        model = self.load(content)
        values, x = self.picture(12, 12)
        x = x.conv(w1, 8, (3, 3), pads=(0, 1, 2, 1)).each(lambda v, b: v + b, b1)
        x = x.each(lambda v, s, o, m, d: relu((v - m) / math.sqrt(d + 1e-3) * s + o), scale, offset, mean, variance)
        p1 = x.pool(3, 2, 0, 6)
        x = p1.conv(w2, 8, (3, 3), pads=(2, 2, 2, 2), groups=2, dilation=(2, 2))
        x = Naive([x.maps[k % 2 * 4 + k // 2] for k in range(8)])
        x = Naive(x.conv(w3, 8, (3, 1), pads=(1, 0, 1, 0), groups=8).maps + p1.maps).pool(2, 2, 0, 3, mean=True)
        flat = x.flat()
        logits = [math.fsum(fc[o * 144 + i] * flat[i] for i in range(144)) + fb[o] for o in range(5)]
        total = math.fsum(map(math.exp, logits))
        network, found = self.computed(self.unscaled(model), values, (12, 12))
        self.near(found, [math.exp(v) / total for v in logits])
        self.near(network.read("a"), x.flat("hwc"))
        kinds = [row[1] for row in model.operations]
        self.assertEqual(kinds.count("Scale"), 1)               # that of the input; batch normalisation is folded
        self.assertEqual(kinds.count("Shuffle"), 1)
        self.gradient(network, model, values)

    def unscaled(self, model):
        """The model without the Scale of its input, as its file has it."""
        return families.with_input(model, families.AS_IT_IS)

    def gradient(self, network, model, values):
        """Against differences, along a direction, of a weighted sum of the classes."""
        weights, way = self.random(5), self.random(len(values))
        network.forward(values, size=(12, 12))
        gradient = network.backward(model.output, weights)
        ahead, behind = (math.fsum(map(float.__mul__, map(float, weights), map(float, network.forward(
            [v + step * d for v, d in zip(values, way)], size=(12, 12))))) for step in (5e-4, -5e-4))
        slope = math.fsum(g * d for g, d in zip(gradient, way))
        self.assertAlmostEqual((ahead - behind) / 1e-3, slope, delta=0.02 * abs(slope) + 1e-4)

    def test_classifier_of_a_map_takes_larger_pictures(self):
        """A layer for a flattened map of 2 x 2 cells gives of 3 x 4 cells those of each 2 x 2 among them."""
        fc = self.random(4 * 2 * 2 * 3)
        model = self.unscaled(self.load(onnx_model(
            [op("MaxPool", "x", "p", kernel_shape=[2, 2], strides=[2, 2]), op("Flatten", "p", "f"),
             op("Gemm", "f,fc", "y", transB=1)], [tensor("fc", (4, 12), fc)], (1, 3, 4, 4))))
        values, x = self.picture(6, 8)
        network, found = self.computed(model, values, (6, 8), "y")
        pooled = Naive([[[max(x.maps[k][2 * i + r][2 * j + s] for r in (0, 1) for s in (0, 1)) for j in range(4)]
                         for i in range(3)] for k in range(3)])
        expected = pooled.conv(fc, 4, (2, 2))
        self.near(found, expected.flat("hwc"))
        self.assertEqual(network.shape("y"), (2, 3, 4))
        tiny = deepdream.Network(model._replace(smallest=1), "python", 1)
        says = self.assertRaisesRegex(deepdream.DeepDreamError, "2 x 2 leaves nothing .* needs 4 pixels a side")
        with says:
            tiny.forward(array.array("f", [0.0] * 12), "y", (2, 2))
        with says:
            next(deepdream.dream_steps(tiny, deepdream.Picture(8, 8), deepdream.Recipe("y", octaves=1, tile=2)))
        plan = dreams.Plan(terms=(objectives.Layer("y"),), tiles=scales.Tiles("whole"))
        with says:
            next(dreams.dream_steps(tiny, deepdream.Picture(2, 2), plan))

    def test_weights_stay_in_the_order_of_the_file(self):
        """Of a flattened map: both ways to write the matrix, one with a factor; the numbers are those in the file."""
        for turned, alpha in ((1, 1.0), (0, 1.0), (1, 0.5)):
            fc = self.random(5 * 2 * 2 * 3)
            model = self.unscaled(self.load(onnx_model(
                [op("MaxPool", "x", "p", kernel_shape=[2, 2], strides=[2, 2]), op("Flatten", "p", "f"),
                 op("Gemm", "f,fc", "y", transB=turned, alpha=alpha)],
                [tensor("fc", (5, 12) if turned else (12, 5), fc)], (1, 3, 4, 4))))
            values, x = self.picture(4, 4)
            network, found = self.computed(model, values, (4, 4), "y")
            flat = x.pool(2, 2, 0, 2).flat()
            self.near(found, [alpha * math.fsum(fc[o * 12 + i if turned else i * 5 + o] * flat[i] for i in range(12))
                              for o in range(5)])
            row, = (row for row in model.operations if row[1] == "MatMul")
            self.assertEqual(row[5], {"layout": "ochw" if turned else "chwo"})
            (shape, numbers), = (model.weights[name] for name in row[2] if name in model.weights)
            self.assertEqual(shape, (2, 2, 3, 5))
            if alpha == 1.0:
                self.assertEqual(list(numbers), list(fc))
                self.assertNotIsInstance(numbers.obj, array.array)      # the file's, not a copy
            weights, _ = objectives.classifier(model)
            self.near(weights[:5], [alpha * (fc[o * 12] if turned else fc[o]) for o in range(5)])
            network.forward(values, size=(4, 4))
            dy = self.random(5)
            dx = network.backward("y", dy)
            slope = max(values[(y * 4 + z) * 3] for y in (0, 1) for z in (0, 1))
            first = next(i for i in (0, 3, 12, 15) if values[i] == slope)
            self.assertAlmostEqual(dx[first], alpha * math.fsum(
                dy[o] * (fc[o * 12] if turned else fc[o]) for o in range(5)), places=5)

    def test_forms_of_numbers(self):
        """float16 is widened, numbers may stand one by one; a constant in a node; bytes in a file of their own."""
        halves = [self.dice.randrange(-100, 100) / 64 for _ in range(9)]
        for constants, nodes in (
                ([tensor("w", (3, 3, 1, 1), halves, 10)], []),
                ([tensor("w", (3, 3, 1, 1), halves)], []),
                ([tensor("w", (3, 3, 1, 1), [], 1, *(fixed32(4, value) for value in halves))], []),
                ([tensor("w", (3, 3, 1, 1), [], 1, block(4, little_endian(halves)))], []),
                ([tensor("w", (3, 3, 1, 1), [], 10, *(number(5, struct.unpack("<H", struct.pack("<e", value))[0])
                                                      for value in halves))], []),
                ([], [op("Constant", "", "w", value=tensor("", (3, 3, 1, 1), halves))]),
                ([self.external(halves, "weights.bin")], [])):
            model = self.load(onnx_model([*nodes, op("Conv", "x,w", "y")], constants))
            weights = next(values for name, (sizes, values) in model.weights.items() if len(sizes) == 4)
            self.assertEqual(list(weights), [halves[3 * o + i] for i in range(3) for o in range(3)])

    def test_constants_beside_maps(self):
        """A number repeated is given as raw bytes, as most programs write it, or typed; a map joined to a constant is
        no map that is known here, but an empty constant adds nothing."""
        weights, shape = tensor("w", (2, 3, 1, 1), self.random(6)), tensor("s", (1,), [1], 7)
        found = []
        for two in (tensor("", (1,), [2.0]), tensor("", (1,), [2.0], 1, block(4, struct.pack("<f", 2.0)))):
            model = self.load(onnx_model([op("Conv", "x,w", "c"), op("ConstantOfShape", "s", "k", value=two),
                                          op("Add", "c,k", "y")], [weights, shape]))
            found.append([weight[1].tolist() for weight in model.weights.values()])
        self.assertIn([2.0, 2.0], found[0])
        self.assertEqual(found[0], found[1])
        nodes = [op("Conv", "x,w", "c"), op("Concat", "c,k", "d", axis=1), op("Relu", "d", "y")]
        self.refused(onnx_model(nodes, [weights, tensor("k", (1, 1, 12, 12), [0.5] * 144)]), "node d", "a constant")
        model = self.load(onnx_model(nodes, [weights, tensor("k", (1, 0, 12, 12), [])]))
        self.assertEqual([row[1] for row in model.operations], ["Placeholder", "Scale", "Conv2D", "Relu"])

    def test_an_operation_called_as_the_scope_of_all(self):
        """HardSwish and HardSigmoid make several operations in the scope of their own name."""
        model = self.load(onnx_model([op("HardSwish", "x", "y")], []))
        self.assertEqual([row[0] for row in model.operations][-1], "y")
        self.assertEqual(len({row[0] for row in model.operations}), 6)

    def test_a_layer_called_levels(self):
        """It is not taken for the one that gives the picture's channels a scale each."""
        model = self.load(onnx_model([op("Mul", "x,f", "levels"), op("Relu", "levels", "y")],
                                     [tensor("f", (3, 1, 1), [1.0, 2.0, 3.0])]))
        self.assertEqual([row[0] for row in model.operations], ["x", "levels", "levels_1", "y"])
        self.assertEqual([row[1] for row in model.operations], ["Placeholder", "Scale", "Scale", "Relu"])
        self.assertEqual(str(families.input_wanted(model)), str(families.TORCH))

    def external(self, values, location, offset=16, write=True, length=None):
        if write:
            os.makedirs(os.path.dirname(os.path.join(self.folder, location)) or self.folder, exist_ok=True)
            with open(os.path.join(self.folder, location), "wb") as file:
                file.write(bytes(offset) + little_endian(values))
        said = {"location": location, "offset": str(offset), "length": str(length or 4 * len(values))}
        return tensor("w", (3, 3, 1, 1), [], 1, number(14, 1), *(
            block(13, block(1, key) + block(2, value)) for key, value in said.items()))

    def test_files_beside_the_model(self):
        values = self.random(9)

        def load(*words, **how):
            return self.load(onnx_model([op("Conv", "x,w", "y")], [self.external(*words, **how)]))
        load(values, "deeper/weights.bin")
        descriptor, outside = tempfile.mkstemp()
        self.addCleanup(os.unlink, outside)
        os.write(descriptor, bytes(100))
        os.close(descriptor)
        relative = os.path.relpath(outside, self.folder)
        if hasattr(os, "symlink"):
            os.symlink(outside, os.path.join(self.folder, "link.bin"))
        for name, word in ((outside, "beside the model"), (relative, "outside the model's folder"),
                           ("deeper/../" + relative, "outside"), ("link.bin", "outside"), ("nothing.bin", "not there"),
                           (".", "not there"), ("", "no file")):
            if name != "link.bin" or hasattr(os, "symlink"):
                self.refused(onnx_model([op("Conv", "x,w", "y")], [self.external(values, name, write=False)]), "node w",
                             word)
        for how in ({"offset": 17}, {"length": 40}, {"offset": -4}):
            self.refused(onnx_model([op("Conv", "x,w", "y")], [
                self.external(values, "deeper/weights.bin", write=False, **how)]), "deeper/weights.bin")

    def test_names_of_the_newer_exporter(self):
        """PyTorch's dynamo: nodes have a number, and a note of where they come from."""
        def note(scopes):
            return block(9, block(1, "namespace") + block(2, ": other")) + block(9, block(
                1, "pkg.torch.onnx.name_scopes") + block(2, scopes))

        def noted(node, scopes):
            size = 2 if node[1] < 128 else 3
            return block(1, node[size:] + note(scopes))
        model = self.load(onnx_model([
            noted(op("Conv", "x,w", "conv2d", "node_Conv_7"), "['', 'layer1', 'layer1.0', 'layer1.0.conv', 'conv2d']"),
            noted(op("Relu", "conv2d", "relu", "node_relu"), "['', 'layer1', 'layer1.0', 'relu']"),
            op("MaxPool", "relu", "y", "node_pool", kernel_shape=[2, 2], strides=[2, 2])],
            [tensor("w", (3, 3, 1, 1), self.random(9))]))
        self.assertEqual([row[0] for row in model.operations][-3:], ["layer1.0.conv", "layer1.0", "y"])

    def test_a_transposed_batch(self):
        """Channels last, as tf2onnx leaves it, in and out again; shapes computed in the graph; mean over space."""
        w, fc = self.random(6 * 3), self.random(6 * 4)
        model = self.unscaled(self.load(onnx_model([
            op("Transpose", "x", "t", perm=[0, 3, 1, 2]), op("Conv", "t,w", "c"), op("Clip", "c,zero,six", "k"),
            op("Transpose", "k", "n", perm=[0, 2, 3, 1]), op("ReduceMean", "n", "m", axes=[1, 2], keepdims=0),
            op("Shape", "m", "size"), op("Gather", "size,first", "one"), op("Unsqueeze", "one,axis", "ones"),
            op("Concat", "ones,rest", "sizes", axis=0), op("Reshape", "m,sizes", "f"), op("MatMul", "f,fc", "y"),
        ], [tensor("w", (6, 3, 1, 1), w), tensor("fc", (6, 4), fc), tensor("zero", (), [0.0]), tensor("six", (), [6.0]),
            tensor("first", (), [0], 7), tensor("axis", (1,), [0], 7), tensor("rest", (1,), [-1], 7)], (0, 5, 5, 3))))
        values, x = self.picture(5, 5)
        x = x.conv(w, 6, (1, 1)).each(lambda v: min(max(v, 0.0), 6.0))
        means = [math.fsum(map(math.fsum, rows)) / 25 for rows in x.maps]
        _, found = self.computed(model, values, (5, 5), "y")
        self.near(found, [math.fsum(means[i] * fc[4 * i + o] for i in range(6)) for o in range(4)])
        self.assertEqual([row[1] for row in model.operations], ["Placeholder", "Conv2D", "Relu6", "AvgPool", "MatMul",
                                                                "Softmax"])


class Parts(Case):
    """Maps and weights that are cut, in all the ways that files have for it."""

    def test_onnx(self):
        """Halves, sizes that are said, a remainder; of shuffled channels, of rows; slices."""
        w, v = self.random(8 * 3), self.random(2 * 3)
        lengths = tensor("lengths", (2,), [5, 3], 7)
        for opset, more, constants, counts in (
                (11, {}, [], (4, 4)), (11, {"split": [5, 3]}, [], (5, 3)), (13, {}, [], (4, 4)),
                (13, {}, [lengths], (5, 3)), (18, {"num_outputs": 2}, [], (4, 4)), (18, {}, [lengths], (5, 3))):
            with self.subTest(opset=opset, more=more, counts=counts):
                content = onnx_model([
                    op("Conv", "x,w", "c"), op("Reshape", "c,apart", "c1"), op("Transpose", "c1", "c2", perm=[
                        0, 2, 1, 3, 4]), op("Reshape", "c2,whole", "c3"),
                    op("Split", "c3,lengths" if constants else "c3", "one,two", axis=1, **more),
                    op("Concat", "two,one", "y", axis=-3)],
                    [tensor("w", (8, 3, 1, 1), w), tensor("apart", (5,), [1, 2, 4, 12, 12], 7),
                     tensor("whole", (4,), [1, 8, 12, 12], 7), *constants], opset=opset)
                model, (values, x) = self.load(content), self.picture(12, 12)
                maps = x.conv(w, 8, (1, 1)).maps
                maps = [maps[k % 2 * 4 + k // 2] for k in range(8)]
                _, found = self.computed(OnnxNumbers.unscaled(self, model), values, (12, 12), "y")
                self.near(found, Naive(maps[counts[0]:] + maps[:counts[0]]).flat("hwc"))
                self.assertEqual([row[1] for row in model.operations].count("Shuffle"), 1)
        content = onnx_model([
            op("Conv", "x,w", "c"), op("Split", "c", "top,middle,bottom", axis=2, num_outputs=3),
            op("Slice", "middle,from,to,axes", "s"), op("Conv", "s,v", "y")],
            [tensor("w", (8, 3, 1, 1), w), tensor("v", (2, 3, 1, 1), v), tensor("from", (2,), [-5, 1], 7),
             tensor("to", (2,), [-2, 2 ** 60], 7), tensor("axes", (2,), [1, -1], 7)], (1, 3, 10, 8), opset=18)
        model, (values, x) = self.load(content), self.picture(10, 8)
        x = Naive([[row[1:] for row in rows[4:8]] for rows in x.conv(w, 8, (1, 1)).maps[3:6]])
        _, found = self.computed(OnnxNumbers.unscaled(self, model), values, (10, 8), "y")
        self.near(found, x.conv(v, 2, (1, 1)).flat("hwc"))
        self.assertEqual([row[1] for row in model.operations if row[1] in ("Slice", "Conv2D")],
                         ["Conv2D", "Slice", "Slice", "Slice", "Conv2D"])

    def test_graphs(self):
        """AlexNet with its two halves as Caffe2TensorFlow writes it: maps and weights cut. Then slices."""
        w1, w2 = self.random(3 * 4), self.random(2 * 6)
        content = b"".join([
            placeholder(1, 6, 5, 3), frozen("w1", (1, 1, 3, 4), w1), frozen("w2", (1, 1, 2, 6), w2),
            node("c", "Conv2D", "x", "w1", STRIDE, SAME), node("axis", "Const", whole(3)),
            node("maps", "Split", "axis", "c", attribute("num_split", number(3, 2))),
            node("sizes", "Const", whole(4, -1)),
            node("weights", "SplitV", "w2", "sizes", "axis", attribute("num_split", number(3, 2))),
            node("one", "Conv2D", "maps:0", "weights:0", STRIDE, SAME),
            node("two", "Conv2D", "maps:1", "weights:1", STRIDE, SAME),
            node("join", "ConcatV2", "one", "two", "axis"),
            node("from", "Const", whole(0, 1, 0, 0)), node("to", "Const", whole(0, 0, -1, 0)),
            node("step", "Const", whole(1, 1, 1, 1)),
            node("cropped", "StridedSlice", "join", "from", "to", "step", attribute("begin_mask", number(3, 9)),
                 attribute("end_mask", number(3, 11))),
            node("start", "Const", whole(0, 0, 0, 2)), node("size", "Const", whole(-1, 4, -1, 3)),
            node("y", "Slice", "cropped", "start", "size")])
        model, (values, x) = self.load(content, "net.pb"), self.picture(6, 5)
        x = x.conv([w1[i * 4 + o] for o in range(4) for i in range(3)], 4, (1, 1)).maps
        one, two = (Naive(half).conv([w2[i * 6 + o] for o in outputs for i in range(2)], len(outputs), (1, 1)).maps
                    for half, outputs in ((x[:2], range(4)), (x[2:], range(4, 6))))
        _, found = self.computed(model, values, (6, 5), "y")
        self.near(found, Naive([[row[:4] for row in rows[1:5]] for rows in (one + two)[2:5]]).flat("hwc"))

    def test_what_cannot_be(self):
        for split, word in ((op("Split", "x", "a,y", axis=2), "5 in 2 equal parts"),
                            (op("Split", "x", "a,y", axis=2, split=[3, 3]), "6 of 5"),
                            (op("Split", "x", "a,y", axis=2, split=[5, 0]), "0 from 5 on of 5"),
                            (op("Split", "x", "a,y", axis=2, split=[2, 2, 1]), "2 results; expected 3"),
                            (op("Split", "x", "a,y", axis=7, split=[2, 3]), "make no sense"),
                            (op("Slice", "x", "y", starts=[3], ends=[3], axes=[2]), "from 3 to 3 of 5"),
                            (op("Slice", "x", "y", starts=[3], ends=[4, 5], axes=[2]), "other lengths")):
            with self.subTest(word):
                self.refused(onnx_model([split], [], (1, 3, 5, 5), opset=9), "node y" if "Slice" in str(split) else
                             "node a", word)


class Normalised(Case):
    """ConvNeXt's block in the forms that files have of normalisation over channels and of GELU."""

    NORMS = {           # of t, [1, 6, 6, 4], to n; three of these are other programs'
        "one operation": (17, [op("LayerNormalization", "t,gamma,beta", "n", axis=3, epsilon=0.25)]),
        "of its first opset's exporters": (11, [
            op("ReduceMean", "t", "m", axes=[-1]), op("Sub", "t,m", "d"), op("Pow", "d,two", "s"),
            op("ReduceMean", "s", "v", axes=[-1]), op("Add", "v,quarter", "e"), op("Sqrt", "e", "r"),
            op("Div", "d,r", "q"), op("Mul", "q,gamma", "g"), op("Add", "g,beta", "n")]),
        "axes as inputs, a reciprocal": (18, [
            op("ReduceMean", "t,last", "m"), op("Sub", "t,m", "d"), op("Mul", "d,d", "s"),
            op("ReduceMean", "s,last", "v"), op("Add", "quarter,v", "e"), op("Sqrt", "e", "r"),
            op("Reciprocal", "r", "i"), op("Mul", "i,d", "q"), op("Mul", "gamma,q", "g"), op("Add", "beta,g", "n")]),
        "a power of minus a half": (13, [
            op("ReduceMean", "t", "m", axes=[3]), op("Neg", "m", "o"), op("Add", "t,o", "d"), op("Pow", "d,two", "s"),
            op("ReduceMean", "s", "v", axes=[3]), op("Add", "v,quarter", "e"), op("Pow", "e,minus", "i"),
            op("Mul", "i,gamma", "g"), op("Mul", "d,g", "q"), op("Add", "q,beta", "n")]),
    }
    GELUS = {           # of l to h
        "one operation": (20, False, [op("Gelu", "l", "h")]),
        "one operation, approximate": (20, True, [op("Gelu", "l", "h", approximate="tanh")]),
        "PyTorch's": (11, False, [op("Div", "l,root", "a"), op("Erf", "a", "b"), op("Add", "b,one", "c1"),
                                  op("Mul", "l,c1", "e1"), op("Mul", "e1,half", "h")]),
        "with float16's root": (13, False, [op("Mul", "l,rounded", "a"), op("Erf", "a", "b"), op("Add", "b,one", "c1"),
                                            op("Mul", "l,c1", "e1"), op("Mul", "e1,half", "h")]),
        "half first": (13, False, [op("Mul", "l,half", "a"), op("Mul", "l,inverse", "b"), op("Erf", "b", "c1"),
                                   op("Add", "one,c1", "e1"), op("Mul", "a,e1", "h")]),
        "half within": (13, False, [op("Mul", "l,inverse", "b"), op("Erf", "b", "c1"), op("Mul", "c1,half", "k"),
                                    op("Add", "k,half", "e1"), op("Mul", "e1,l", "h")]),
        "of the negative": (13, False, [op("Neg", "l", "z"), op("Mul", "z,inverse", "b"), op("Erf", "b", "c1"),
                                        op("Sub", "one,c1", "e1"), op("Mul", "l,half", "a"), op("Mul", "a,e1", "h")]),
        "tanh, cubed": (13, True, [
            op("Pow", "l,three", "p"), op("Mul", "p,cubic", "a"), op("Add", "l,a", "b"), op("Mul", "b,share", "z"),
            op("Tanh", "z", "c1"), op("Add", "c1,one", "e1"), op("Mul", "l,half", "k"), op("Mul", "k,e1", "h")]),
        "tanh, PyTorch's": (13, True, [
            op("Mul", "l,l", "p"), op("Mul", "l,p", "a"), op("Mul", "cubic,a", "b"), op("Add", "l,b", "z"),
            op("Mul", "share,z", "u"), op("Tanh", "u", "c1"), op("Add", "one,c1", "e1"), op("Mul", "l,e1", "k"),
            op("Mul", "half,k", "h")]),
    }
    NUMBERS = {"two": 2.0, "three": 3.0, "one": 1.0, "half": 0.5, "quarter": 0.25, "minus": -0.5, "root": math.sqrt(2),
               "inverse": math.sqrt(0.5), "rounded": 0.70703125, "cubic": 0.044715, "share": math.sqrt(2 / math.pi)}

    def setUp(self):
        super().setUp()
        self.w, self.gamma, self.beta = self.random(4 * 3), self.random(4), self.random(4)
        self.w1, self.b1, self.w2, self.factors = (self.random(n) for n in (4 * 7, 7, 7 * 4, 4))

    def block(self, x, approximate):
        """What it comes to, of x [4, 6, 6]."""
        def gelu(v):
            if approximate:
                return v / 2 * (1 + math.tanh(math.sqrt(2 / math.pi) * (v + 0.044715 * v ** 3)))
            return v / 2 * (1 + math.erf(v / math.sqrt(2)))

        y = layer_norm(x, self.gamma, self.beta, 0.25)
        y = y.conv(transposed(self.w1, 4), 7, (1, 1)).each(lambda v, b: gelu(v + b), self.b1)
        y = y.conv(transposed(self.w2, 7), 4, (1, 1)).each(lambda v, f: v * f, self.factors)
        return Naive([[list(map(operator.add, *rows)) for rows in zip(*both)] for both in zip(x.maps, y.maps)])

    def test_onnx(self):
        constants = [tensor(name, (), [value]) for name, value in self.NUMBERS.items()] + [
            tensor("w", (4, 3, 1, 1), self.w), tensor("gamma", (4,), self.gamma), tensor("beta", (4,), self.beta),
            tensor("w1", (4, 7), self.w1), tensor("b1", (7,), self.b1), tensor("w2", (7, 4), self.w2),
            tensor("factors", (4, 1, 1), self.factors), tensor("last", (1,), [-1], 7)]
        tried = [(norm, "PyTorch's") for norm in self.NORMS] + [("one operation", gelu) for gelu in self.GELUS]
        for norm, gelu in tried:
            with self.subTest(norm=norm, gelu=gelu):
                (opset, normalised), (at_least, approximate, bent) = self.NORMS[norm], self.GELUS[gelu]
                model = OnnxNumbers.unscaled(self, self.load(onnx_model([
                    op("Conv", "x,w", "c"), op("Transpose", "c", "t", perm=[0, 2, 3, 1]), *normalised,
                    op("MatMul", "n,w1", "l0"), op("Add", "b1,l0", "l"), *bent, op("MatMul", "h,w2", "l2"),
                    op("Transpose", "l2", "k2", perm=[0, 3, 1, 2]), op("Mul", "factors,k2", "scaled"),
                    op("Add", "c,scaled", "y")], constants, (1, 3, 6, 6), opset=max(opset, at_least))))
                kinds = [row[1] for row in model.operations if row[1] not in ("Scale", "BiasAdd")]
                self.assertEqual(kinds, ["Placeholder", "Conv2D", "LayerNorm", "Conv2D", "Gelu", "Conv2D", "Add"])
                values, x = self.picture(6, 6)
                _, found = self.computed(model, values, (6, 6), "y")
                self.near(found, self.block(x.conv(self.w, 4, (1, 1)), approximate).flat("hwc"))

    def test_a_view_as_the_newer_exporter_writes_it(self):
        """Of a map's means: flattened, then every number taken; before a normalisation of a single cell."""
        content = onnx_model([
            op("ReduceMean", "x", "m", axes=[2, 3]), op("Reshape", "m,flat", "f"), op("Gather", "f,places", "g"),
            op("Transpose", "g", "t", perm=[0, 2, 3, 1]), op("LayerNormalization", "t,gamma", "y")],
            [tensor("flat", (1,), [-1], 7), tensor("places", (1, 3, 1, 1), [0, 1, 2], 7),
             tensor("gamma", (3,), self.gamma[:3])], opset=17)
        model, (values, x) = OnnxNumbers.unscaled(self, self.load(content)), self.picture(12, 12)
        _, found = self.computed(model, values, (12, 12), "y")
        means = Naive([[[math.fsum(map(math.fsum, rows)) / 144]] for rows in x.maps])
        self.near(found, layer_norm(means, self.gamma, [0.0] * 3, 1e-5).flat())
        self.refused(content.replace(struct.pack("<3q", 0, 1, 2), struct.pack("<3q", 0, 2, 1)), "some numbers of a map")

    def test_graphs(self):
        """As Keras 3 writes it, with a function for the convolution in groups; and as older ones did."""
        deep = self.random(9 * 4)
        mean_and_variance = [
            node("axis", "Const", whole(-1)), node("m", "Mean", "c", "axis", KEEP), node("stop", "StopGradient", "m"),
            node("s", "SquaredDifference", "c", "stop"), node("v", "Mean", "s", "axis", KEEP),
            node("e", "AddV2", "v", "quarter"), node("r", "Rsqrt", "e"), node("g", "Mul", "r", "gamma"),
            node("q", "Mul", "c", "g")]
        newer = [node("o", "Neg", "m"), node("p", "Mul", "o", "g"), node("t", "AddV2", "p", "beta"),
                 node("n", "AddV2", "q", "t")]
        older = [node("p", "Mul", "m", "g"), node("t", "Sub", "beta", "p"), node("n", "AddV2", "q", "t")]
        complement = [node("a", "Mul", "half", "l"), node("z", "Neg", "l"), node("u", "Mul", "z", "inverse"),
                      node("f", "Erfc", "u"), node("h", "Mul", "a", "f")]
        with_tanh = [node("a", "Mul", "half", "l"), node("z", "Pow", "l", "three"), node("u", "Mul", "cubic", "z"),
                     node("f", "AddV2", "l", "u"), node("i", "Mul", "share", "f"), node("j", "Tanh", "i"),
                     node("k", "AddV2", "one", "j"), node("h", "Mul", "a", "k")]
        for normalised, bent, approximate in ((newer, complement, False), (older, with_tanh, True)):
            model = self.load(b"".join([
                placeholder(1, 6, 6, 3), *(frozen(name, (), [value]) for name, value in self.NUMBERS.items()),
                frozen("w", (1, 1, 3, 4), transposed(self.w, 4)), frozen("deep", (3, 3, 1, 4), deep),
                frozen("gamma", (1, 1, 1, 4), self.gamma), frozen("beta", (1, 1, 1, 4), self.beta),
                frozen("w1", (4, 7), self.w1), frozen("b1", (7,), self.b1), frozen("w2", (7, 4), self.w2),
                frozen("factors", (4,), self.factors), node("c0", "Conv2D", "x", "w", STRIDE, SAME),
                node("deep_1/StatefulPartitionedCall", "StatefulPartitionedCall", "deep", "c0", calls("grouped")),
                node("c", "Identity", "deep_1/StatefulPartitionedCall"), *mean_and_variance, *normalised,
                node("cells", "Const", whole(36, 4)), node("map", "Const", whole(1, 6, 6, 7)),
                node("flat", "Reshape", "n", "cells"), node("l0", "MatMul", "flat", "w1"),
                node("l1", "Reshape", "l0", "map"), node("l", "BiasAdd", "l1", "b1"), *bent,
                node("wide", "Const", whole(36, 7)), node("back", "Const", whole(1, 6, 6, 4)),
                node("h1", "Reshape", "h", "wide"), node("l2", "MatMul", "h1", "w2"),
                node("l3", "Reshape", "l2", "back"), node("scaled", "Mul", "l3", "factors"),
                node("y", "AddV2", "c", "scaled"), library(GROUPED)]), "net.pb")
            kinds = [row[1] for row in model.operations if row[1] not in ("Scale", "BiasAdd")]
            self.assertEqual(kinds, ["Placeholder", "Conv2D", "Conv2D", "LayerNorm", "Conv2D", "Gelu", "Conv2D", "Add"])
            self.assertIn("deep_1", [row[0] for row in model.operations])
            values, x = self.picture(6, 6)
            x = x.conv(self.w, 4, (1, 1)).conv(transposed(deep, 9), 4, (3, 3), pads=(1, 1, 1, 1), groups=4)
            _, found = self.computed(model, values, (6, 6), "y")
            self.near(found, self.block(x, approximate).flat("hwc"))

    def test_what_cannot_be(self):
        half, three = tensor("half", (), [0.5]), tensor("three", (), [3.0])
        v, last = tensor("v", (3,), [1.0] * 3), {"axes": [1]}
        mean, less = op("ReduceMean", "x", "m", **last), op("Sub", "x,m", "d")
        for nodes, words in (
                ([op("Erf", "x", "y")], ("erf by itself", "GELU")), ([op("Tanh", "x", "y")], ("tanh by itself",)),
                ([op("Mul", "x,half", "h"), op("Erf", "h", "y")], ("erf by itself",)),
                ([mean.replace(b"\x12\x01m", b"\x12\x01y")], ("node y", "a mean over channels, erf or tanh by itself")),
                ([mean, less, op("Relu", "d", "y")], ("a mean over channels",)),
                ([mean, op("Relu", "x", "z"), op("Mul", "z,m", "y")], ("with another map",)),
                ([mean, op("Sqrt", "m", "y")], ("a root of a map",)), ([op("Sqrt", "x", "y")], ("a root of a map",)),
                ([mean, op("Div", "x,m", "y")], ("what is computed of another",)),
                ([mean, less, op("ReduceMean", "d", "y", axes=[2, 3])], ("rows and columns",)),
                ([mean, less, op("ReduceMean", "d", "y", **last)], ("a formula",)),
                ([mean, less, op("Mul", "d,d", "s"), op("Mul", "s,s", "t"), op("Mul", "t,t", "u"),
                  op("Mul", "u,u", "y")], ("a long formula",)),
                ([op("ReduceMean", "x", "m", keepdims=0, axes=[1]), op("Add", "x,m", "y")], ("without its dimension",)),
                ([op("Pow", "x,half", "y")], ("a root of a map",)), ([op("Pow", "x,v", "y")], ("a single number",)),
                ([op("Gelu", "x", "y", approximate="odd")], ("approximated by odd",)),
                ([op("LayerNormalization", "x,v", "y", axis=1)], ("over the dimensions from 1 on",)),
                ([op("LayerNormalization", "x,v", "y")], ("one over the channels",)),
                ([op("Transpose", "x", "t", perm=[0, 2, 3, 1]),
                  op("LayerNormalization", "t,v", "y", epsilon=0.0)], ("epsilon 0",)),
                ([op("Transpose", "x", "t", perm=[0, 2, 3, 1]),
                  op("LayerNormalization", "t,three,half", "y", epsilon=-1.0)], ("epsilon -1",))):
            with self.subTest(words=words):
                self.refused(onnx_model(nodes, [half, three, v], (1, 3, 5, 4), opset=13), *words)

    def test_calls_that_cannot_be(self):
        def graph(*more, name="grouped"):
            return b"".join([placeholder(1, 6, 6, 3), frozen("w", (1, 1, 1, 3), [0.5] * 3),
                             node("y", "StatefulPartitionedCall", "w", "x", calls(name)), *more])

        for content, words in (
                (graph(), ("node y", "a StatefulPartitionedCall")),
                (graph(library(GROUPED), name="other"), ("a StatefulPartitionedCall",)),
                (graph(library(GROUPED.replace(b"read:output:0", b"read:wrong:01"))), ("is missing",)),
                (graph(block(2, b"\x0a\xff")), ("the functions in it are broken",)),
                (graph(library(function("grouped", ["weights", "map"], "result", [
                    node("again", "PartitionedCall", "weights", "map", calls("grouped"))], "again:output:0"))),
                 ("a PartitionedCall",))):
            with self.subTest(words=words):
                self.refused(content, *words, name="net.pb")


def layer_norm(x, gamma, beta, epsilon):
    cells, (c, h, w) = x.flat("hwc"), x.sizes
    done = []
    for at in range(0, len(cells), c):
        cell = cells[at:at + c]
        mean = math.fsum(cell) / c
        root = math.sqrt(math.fsum((v - mean) ** 2 for v in cell) / c + epsilon)
        done += [(v - mean) / root * g + b for v, g, b in zip(cell, gamma, beta)]
    return Naive([[done[(i * w) * c + k:(i + 1) * w * c:c] for i in range(h)] for k in range(c)])


def transposed(w, rows):
    """[rows, columns], flat, as [columns, rows]"""
    columns = len(w) // rows
    return array.array("f", [w[i * columns + o] for o in range(columns) for i in range(rows)])


# ---- Frozen graphs ---------------------------------------------------------------------------------------------------

def whole(*values):
    return attribute("value", block(8, number(1, 3) + block(2, shape(len(values))) + block(4, struct.pack(
        f"<{len(values)}i", *values))))


def placeholder(*sizes, name="x"):
    return node(name, "Placeholder", attribute("shape", block(7, shape(*sizes))))


def frozen(name, sizes, values):
    return constant(name, sizes, block(4, little_endian(values)))


STRIDE, VALID, SAME = ints("strides", 1, 1, 1, 1), string("padding", "VALID"), string("padding", "SAME")


KEEP = attribute("keep_dims", number(5, 1))


def calls(name):
    return attribute("f", block(10, block(1, name)))


def function(name, inputs, output, nodes, result):
    """A FunctionDef."""
    signature = block(1, name) + b"".join(block(2, block(1, one)) for one in inputs) + block(3, block(1, output))
    body = b"".join(b"\x1a" + one[1:] for one in nodes)      # what is field 1 of a graph is field 3 of a function
    return block(1, signature) + body + block(4, block(1, output) + block(2, result))


def library(*functions):
    return block(2, b"".join(block(1, one) for one in functions))


GROUPED = function("grouped", ["weights", "map"], "result", [
    node("read", "Identity", "weights"), node("conv", "Conv2D", "map", "read:output:0", STRIDE, SAME),
    node("NoOp", "NoOp", "^read"), node("Identity", "Identity", "conv:output:0", "^NoOp")], "Identity:output:0")


class GraphNumbers(Case):
    def test_keras_as_it_is_frozen(self):
        """Padding of its own, batch normalisation in single steps, a residual, a depthwise layer, a flattened map."""
        w1, w2, fc = self.random(3 * 3 * 3 * 4), self.random(3 * 3 * 4 * 1), self.random(64 * 5)
        gamma, beta, mean = self.random(4), self.random(4), self.random(4)
        variance = self.random(4, 0.5, 2.0)
        inside = "net_1/"
        content = b"".join([
            placeholder(-1, 8, 8, 3), node(inside + "pad_1/paddings", "Const", attribute("value", block(8, number(
                1, 3) + block(2, shape(4, 2)) + block(4, struct.pack("<8i", 0, 0, 1, 0, 0, 1, 0, 0))))),
            node(inside + "pad_1/Pad", "Pad", "x", inside + "pad_1/paddings"),
            frozen("w1", (3, 3, 3, 4), w1), node("w1/read", "Identity", "w1", "^x"),
            node(inside + "first_1/convolution", "Conv2D", inside + "pad_1/Pad", "w1/read",
                 ints("strides", 1, 2, 2, 1), VALID),
            frozen("variance", (1, 1, 1, 4), variance), constant("epsilon", (), block(5, little_endian([0.25]))),
            node("sum", "AddV2", "variance", "epsilon"), node("root", "Rsqrt", "sum"), frozen("gamma", (4,), gamma),
            node("factor", "Mul", "root", "gamma"), frozen("mean", (4,), mean),
            node("product", "Mul", "mean", "factor"),
            frozen("beta", (4,), beta), node("term", "Sub", "beta", "product"),
            node(inside + "bn_1/mul", "Mul", inside + "first_1/convolution", "factor"),
            node(inside + "bn_1/add_1", "AddV2", inside + "bn_1/mul", "term"),
            node(inside + "act_1/Relu", "Relu", inside + "bn_1/add_1"),
            frozen("w2", (3, 3, 4, 1), w2),
            node(inside + "deep_1/depthwise", "DepthwiseConv2dNative", inside + "act_1/Relu", "w2", STRIDE, SAME),
            node(inside + "join_1/add", "AddV2", inside + "deep_1/depthwise", inside + "act_1/Relu"),
            node("flat/shape", "Const", whole(-1, 64)),
            node(inside + "flat_1/Reshape", "Reshape", inside + "join_1/add", "flat/shape"),
            frozen("fc", (64, 5), fc), node(inside + "out_1/MatMul", "MatMul", inside + "flat_1/Reshape", "fc"),
            node(inside + "out_1/Softmax", "Softmax", inside + "out_1/MatMul"),
            node("Identity", "Identity", inside + "out_1/Softmax"),
        ])
        model = self.load(content, "net.pb")
        self.assertEqual([row[0] for row in model.operations if row[1] != "Placeholder"],
                         ["bn_mul", "bn", "act", "deep", "join", "out_MatMul", "out"])
        values, x = self.picture(8, 8)
        x = x.conv([w1[((r * 3 + s) * 3 + i) * 4 + o] for o in range(4) for i in range(3) for r in range(3)
                    for s in range(3)], 4, (3, 3), (2, 2), (1, 0, 0, 1))
        x = x.each(lambda v, g, b, m, d: relu((v - m) / math.sqrt(d + 0.25) * g + b), gamma, beta, mean, variance)
        deep = x.conv([w2[(r * 3 + s) * 4 + k] for k in range(4) for r in range(3) for s in range(3)], 4, (3, 3),
                      pads=(1, 1, 1, 1), groups=4)
        x = Naive([[[a + b for a, b in zip(*lines)] for lines in zip(*both)] for both in zip(x.maps, deep.maps)])
        network, found = self.computed(model, values, (8, 8), "out_MatMul")
        self.near(network.read("join"), x.flat("hwc"))
        flat = x.flat("hwc")
        self.near(found, [math.fsum(flat[i] * fc[5 * i + o] for i in range(64)) for o in range(5)])

    def test_squeeze_and_excitation(self):
        """EfficientNet as Keras writes it: a constant that is at least so large, swish by IdentityN, a factor for each
        channel from the mean. The factor does not count for what a cell sees, nor for the layer to dream on."""
        w1, w2, w3 = self.random(9 * 3 * 4), self.random(4 * 4), self.random(9 * 4 * 2)
        content = b"".join([
            placeholder(-1, 9, 9, 3), frozen("root", (1, 1, 1, 3), [0.5, 1e-9, 2.0]),
            constant("least", (), block(5, little_endian([0.25]))), node("most", "Maximum", "root", "least"),
            node("scaled", "RealDiv", "x", "most"), frozen("w1", (3, 3, 3, 4), w1),
            node("c", "Conv2D", "scaled", "w1", STRIDE, VALID), node("s", "Sigmoid", "c"), node("m", "Mul", "s", "c"),
            node("swish", "IdentityN", "m", "c", "^x"), node("axes", "Const", whole(1, 2)),
            node("mean", "Mean", "swish", "axes", attribute("keep_dims", number(5, 1))), frozen("w2", (1, 1, 4, 4), w2),
            node("d", "Conv2D", "mean", "w2", STRIDE, SAME), node("e", "Sigmoid", "d"), node("f", "Mul", "e", "swish"),
            frozen("w3", (3, 3, 4, 2), w3), node("g", "Conv2D", "f", "w3", STRIDE, VALID), node("y", "Relu", "g")])
        model, (values, x) = self.load(content, "net.pb"), self.picture(9, 9)

        def turned(w, ci, co, side):
            return [w[(k * ci + i) * co + o] for o in range(co) for i in range(ci) for k in range(side * side)]
        x = x.each(lambda v, d: v / max(d, 0.25), [0.5, 1e-9, 2.0]).conv(turned(w1, 3, 4, 3), 4, (3, 3))
        x = x.each(lambda v: v / (1 + math.exp(-v)))
        means = [[[math.fsum(map(math.fsum, rows)) / 49]] for rows in x.maps]
        factors = Naive(means).conv(turned(w2, 4, 4, 1), 4, (1, 1)).each(lambda v: 1 / (1 + math.exp(-v))).flat()
        x = x.each(lambda v, f: v * f, factors).conv(turned(w3, 4, 2, 3), 2, (3, 3)).each(relu)
        _, found = self.computed(model, values, (9, 9), "y")
        self.near(found, x.flat("hwc"))
        sees = {row.name: row.sees for row in objectives.layer_rows(model)}
        self.assertEqual([sees[name] for name in ("c", "f", "y", "d")], [(3, 3), (3, 3), (5, 5), None])
        self.assertEqual(networks.layer_at(model, 1.0), "y")

    def test_cells_added(self):
        """A residual of a single cell, which Keras adds as biases; larger pictures have more of them."""
        w = self.random(9)
        model = self.load(b"".join([
            placeholder(1, 1, 1, 3), frozen("w", (1, 1, 3, 3), w), node("c", "Conv2D", "x", "w", STRIDE, SAME),
            node("s", "Squeeze", "c", ints("squeeze_dims", 0, 1, 2)), node("y", "BiasAdd", "x", "s")]), "net.pb")
        values, x = self.picture(2, 3)
        y = x.conv(transposed(w, 3), 3, (1, 1))
        _, found = self.computed(model, values, (2, 3), "y")
        self.near(found, list(map(operator.add, x.flat("hwc"), y.flat("hwc"))))
        self.refused(b"".join([placeholder(1, 2, 2, 3), node("y", "BiasAdd", "x", "x")]), "a map", name="net.pb")

    def test_channels_first(self):
        """A graph in NCHW: windows in that order, biases by channel, a transpose on the way in."""
        w, biases = self.random(2 * 2 * 3 * 4), self.random(4)
        first = string("data_format", "NCHW")
        content = b"".join([
            placeholder(1, 6, 6, 3), node("order", "Const", whole(0, 3, 1, 2)), node("t", "Transpose", "x", "order"),
            frozen("w", (2, 2, 3, 4), w), node("c", "Conv2D", "t", "w", ints("strides", 1, 1, 2, 1), VALID, first),
            frozen("b", (4,), biases), node("a", "BiasAdd", "c", "b", first),
            node("p", "AvgPool", "a", ints("ksize", 1, 1, 2, 2), ints("strides", 1, 1, 1, 1), SAME, first)])
        model = self.load(content, "net.pb")
        values, x = self.picture(6, 6)
        x = x.conv([w[((r * 2 + s) * 3 + i) * 4 + o] for o in range(4) for i in range(3) for r in range(2)
                    for s in range(2)], 4, (2, 2), (2, 1)).each(lambda v, b: v + b, biases)
        _, found = self.computed(model, values, (6, 6), "p")
        c, h, width = x.sizes
        self.assertEqual((h, width), (3, 5))
        expected = []
        for y in range(h):
            for z in range(width):
                for k in range(c):
                    seen = [v for r in (0, 1) for s in (0, 1) if (v := x.at(k, y + r, z + s, None)) is not None]
                    expected.append(math.fsum(seen) / len(seen))
        self.near(found, expected)
        self.assertEqual(model.labels, [])

    def test_old_graphs(self):
        """Those of 2015: the old Concat, batch normalisation in one operation, a picture file read in the graph."""
        statistics = {name: self.random(3, 0.5, 2.0) for name in ("m", "v", "b", "g")}
        content = b"".join([
            node("DecodeJpeg", "DecodeJpeg", "file"), node("file", "Const"), node("size", "Const", whole(9, 9)),
            node("ResizeBilinear", "ResizeBilinear", "DecodeJpeg", "size"),
            constant("middle", (), block(5, little_endian([128.0]))), node("Sub", "Sub", "ResizeBilinear", "middle"),
            *(frozen(name, (3,), values) for name, values in statistics.items()),
            node("bn", "BatchNormWithGlobalNormalization", "Sub", "m", "v", "b", "g",
                 attribute("variance_epsilon", fixed32(4, 0.5)), attribute("scale_after_normalization", number(5, 1))),
            node("axis", "Const", attribute("value", block(8, number(1, 3) + block(2, b"") + block(7, b"\3")))),
            node("mixed_10/join", "Concat", "axis", "bn", "Sub")])
        model = self.load(content, "net.pb")
        self.assertEqual(families.input_wanted(model), families.AS_IT_IS)
        values, x = self.picture(9, 9)
        x = x.each(lambda v: v - 128.0)
        bn = x.each(lambda v, m, d, b, g: (v - m) / math.sqrt(d + 0.5) * g + b, *(statistics[k] for k in "mvbg"))
        _, found = self.computed(model, values, (9, 9), "mixed_10")
        self.near(found, Naive(bn.maps + x.maps).flat("hwc"))


class Inception5h(Case):
    """tensorflow_inception_graph.pb in small: names, the old Concat, classifiers on the way, any size of picture."""

    def setUp(self):
        super().setUp()
        lrn = (attribute("depth_radius", number(3, 2)), attribute("alpha", fixed32(4, 1e-4)),
               attribute("beta", fixed32(4, 0.5)), attribute("bias", fixed32(4, 2.0)))
        pool = ints("ksize", 1, 3, 3, 1), ints("strides", 1, 1, 1, 1), SAME
        self.content = b"".join([
            node("input", "Placeholder", attribute("dtype", number(6, 1))),
            constant("conv2d0_w", (3, 3, 3, 4)), constant("conv2d0_b", (4,)),
            node("conv2d0_pre_relu/conv", "Conv2D", "input", "conv2d0_w", ints("strides", 1, 2, 2, 1), SAME),
            node("conv2d0_pre_relu", "BiasAdd", "conv2d0_pre_relu/conv", "conv2d0_b"),
            node("conv2d0", "Relu", "conv2d0_pre_relu"), node("localresponsenorm0", "LRN", "conv2d0", *lrn),
            node("maxpool0", "MaxPool", "localresponsenorm0", *pool),
            node("mixed3a/concat_dim", "Const", attribute("value", block(8, number(1, 3) + block(2, b"")
                                                                         + block(7, b"\3")))),
            node("mixed3a", "Concat", "mixed3a/concat_dim", "localresponsenorm0", "maxpool0"),
            node("head0_pool", "AvgPool", "mixed3a", ints("ksize", 1, 5, 5, 1), ints("strides", 1, 3, 3, 1), VALID),
            node("head0/dims", "Const", whole(1, -1)), node("head0/reshape", "Reshape", "head0_pool", "head0/dims"),
            constant("head0_w", (8 * 36 * 36, 6)), node("softmax0_pre_activation/matmul", "MatMul", "head0/reshape",
                                                        "head0_w"),
            node("softmax0", "Softmax", "softmax0_pre_activation/matmul"), node("output", "Identity", "softmax0"),
            node("axes", "Const", whole(1, 2)), node("avgpool0", "Mean", "mixed3a", "axes"),
            constant("softmax2_w", (8, 6)), constant("softmax2_b", (6,)),
            node("softmax2_pre_activation/matmul", "MatMul", "avgpool0", "softmax2_w"),
            node("softmax2_pre_activation", "BiasAdd", "softmax2_pre_activation/matmul", "softmax2_b"),
            node("softmax2", "Softmax", "softmax2_pre_activation"), node("output2", "Identity", "softmax2")])

    def test_it(self):
        model = self.load(self.content, "tensorflow_inception_graph.pb")
        self.assertEqual(str(families.input_wanted(model)), "RGB, (level - 117) * 1")
        self.assertEqual((model.size(), model.output), ((224, 224), "softmax2"))
        names = [row[0] for row in model.operations]
        for name in ("conv2d0_pre_relu", "conv2d0", "mixed3a", "softmax0", "softmax2_pre_activation"):
            self.assertIn(name, names)
        network = deepdream.Network(model, "python", 1)
        self.assertEqual(len(network.forward(self.picture(34, 40)[0], "mixed3a", (34, 40))), 17 * 20 * 8)

    def test_what_a_side_result_lacks_is_left_out(self):
        model = self.load(self.content.replace(node("softmax0", "Softmax", "softmax0_pre_activation/matmul"),
                                               node("softmax0", "Elu", "softmax0_pre_activation/matmul")), "net.pb")
        self.assertEqual(model.output, "softmax2")
        self.assertIn("left out, as it is not known here: node softmax0: a Elu", model.note)


# ---- How networks want their pictures --------------------------------------------------------------------------------

def small(classes=4):
    """A network as PyTorch exports it."""
    return onnx_model([op("Conv", "x,w", "c", name="/body/conv/Conv"), op("Relu", "c", "r", name="/body/act/Relu"),
                       op("GlobalAveragePool", "r", "g"), op("Flatten", "g", "f"), op("Gemm", "f,fc", "y", transB=1)],
                      [tensor("w", (3, 3, 1, 1), [0.1 * i - 0.3 for i in range(9)]),
                       tensor("fc", (classes, 3), [math.sin(i) for i in range(3 * classes)])])


class Pictures(Case):
    def test_families(self):
        for names, expected in (
                (["mixed3a", "softmax2"], ("RGB", 117.0, 1.0)), (["vgg16/block1_conv1/Relu", "vgg16/block5_conv3/Relu"],
                                                                 ("BGR", 103.939, 1.0)),
                (["resnet50/conv2_block1_1_conv/Conv2D"], ("BGR", 103.939, 1.0)),
                (["resnet50v2/conv2_block1_preact_bn/x", "conv2_block1_1_conv/x"], ("RGB", 127.5, 1 / 127.5)),
                (["d/conv2_block1_concat/concat", "conv2_block1_1_conv/x"], ("RGB", 123.675, 1 / 58.395)),
                (["inception_v3_1/mixed10_1/concat"], ("RGB", 127.5, 1 / 127.5)),
                (["InceptionV3/InceptionV3/Mixed_5b/concat"], ("RGB", 127.5, 1 / 127.5)),
                (["vgg_16/conv1/conv1_1/Relu"], ("RGB", 123.68, 1.0)),
                (["c/convnext_tiny_prestem_normalization_1/Sub", "c/convnext_tiny_stem_1/a"], ("RGB", 0.0, 1.0)),
                (["convnext_base_1/convnext_base_stem_1/a"], ("RGB", 123.675, 1 / 58.395)),
                (["onnx:pytorch", "3"], ("RGB", 123.675, 1 / 58.395)), (["onnx:onnx-caffe2"], ("BGR", 104.0, 1.0)),
                (["onnx:keras", "vgg16/block1_conv1/Relu", "block5_conv1"], ("BGR", 103.939, 1.0)),
                (["whatever"], ("BGR", 104.0, 1.0))):
            wanted = families.Facts("nowhere.pb", names).wanted()
            self.assertEqual((wanted.order, wanted.mean[0], wanted.scale[0]), expected, names)

    def test_levels_reach_the_network_as_wanted(self):
        model = self.load(small())
        level = 10, 100, 200                        # blue, green, red
        picture = deepdream.Picture(12, 12, bytearray(level * 144))
        network = deepdream.Network(model, "python", 1)
        found = network.forward(picture, families.INPUT)
        self.near(found[:3], [(200 / 255 - 0.485) / 0.229, (100 / 255 - 0.456) / 0.224, (10 / 255 - 0.406) / 0.225])
        options = mock.Mock(input_order="BGR", input_mean=None, input_scale=(0.5, 0.5, 0.5))
        network = deepdream.Network(families.as_wished(model, options), "python", 1)
        network.forward(picture)
        self.near(network.read(model.input.name)[:3], [(10 - 103.53) / 2, (100 - 116.28) / 2, (200 - 123.675) / 2])
        model = families.as_wished(model, options)
        self.assertEqual(families.input_wanted(model).order, "BGR")
        self.assertIn("; but as the options say: BGR, ", model.note)
        self.assertNotIn("--input-order", model.note)

    def test_json_beside_the_model(self):
        path = self.file(small())
        beside = os.path.join(self.folder, "net.json")
        with open(os.path.join(self.folder, "names"), "w", encoding="utf-8") as file:
            file.write("n01440764 cat\ndog\ngnu\nemu\n")
        for content, check in (
                ({"order": "BGR"}, lambda model: families.input_wanted(model).mean == (103.53, 116.28, 123.675)),
                ({"mean": 7, "scale": [1, 2, 3]}, lambda model: families.input_wanted(model).scale == (1.0, 2.0, 3.0)),
                ({"labels": "names"}, lambda model: model.labels == ["cat", "dog", "gnu", "emu"]),
                ({"layer": "body_act"}, lambda model: model.layer == "body_act")):
            with open(beside, "w", encoding="utf-8") as file:
                json.dump(content, file)
            self.assertTrue(check(deepdream.load_model(path)), content)
        for content in ("[", '{"order": "GBR"}', '{"mean": "x"}', '{"mean": [1, 2]}', '{"scale": [1, 2, true]}', "[]",
                        '{"other": 1}', '{"mean": 1e999}', "[" * 100_000, '{"labels": "nowhere"}'):
            with open(beside, "w", encoding="utf-8") as file:
                file.write(content)
            with self.assertRaises(deepdream.DeepDreamError) as caught:
                deepdream.load_model(path)
            self.assertTrue(str(caught.exception).isprintable())

    def test_labels(self):
        standard = deepdream.read_labels(deepdream.data_file("ImageNet_standard.txt"))
        for count, expected in ((1000, standard), (1001, ["background", *standard]),
                                (7, [f"class {i}" for i in range(7)]), (1008, [f"class {i}" for i in range(1008)])):
            self.assertEqual(self.load(small(classes=count)).labels, expected)
        with open(os.path.join(self.folder, "imagenet_comp_graph_label_strings.txt"), "w", encoding="utf-8") as file:
            file.write("dummy\n" + "\n".join(standard) + "\n")
        labels = self.load(small(classes=1008)).labels
        self.assertEqual((labels[1], labels[1000], labels[1001]), (standard[0], standard[999], "class 1001"))
        with open(os.path.join(self.folder, "net.txt"), "w", encoding="utf-8") as file:
            file.write("one\ntwo\n")
        for count, first in ((2, "one"), (1000, standard[0])):
            model = self.load(small(classes=count))
            self.assertEqual(model.labels[0], first)
            self.assertIn("called as in" if count == 2 else "net.txt is not used: 2 names", model.note)

    def test_default_layer_and_depth(self):
        model = deepdream.load_model(deepdream.data_file("InceptionV1.pb"))
        self.assertEqual(networks.layer_at(model, 0.6), "inception_4e_output")
        self.assertEqual(model.layer, "inception_4c_output")
        for layer in ("inception_3b_output", "inception_4c_output", "inception_5a_output"):
            self.assertEqual(networks.as_deep(layer, model), layer)

    def test_presets_elsewhere(self):
        notes = []
        nodes, source = [], "x"
        for i in range(10):
            nodes += [op("Conv", f"{source},w", f"block{i}/Conv", pads=[1, 1, 1, 1]),
                      op("Relu", f"block{i}/Conv", f"block{i}/Relu")]
            source = f"block{i}/Relu"
        model = self.load(onnx_model(nodes, [tensor("w", (3, 3, 3, 3), self.random(81))], output=source))
        self.assertEqual(model.layer, "block5")
        network = deepdream.Network(model, "python", 1, notes.append)
        plan = presets.PRESETS["bad-trip"].planned(network)
        self.assertEqual([term.name for term in plan.terms], ["block2", "block3", "block4"])
        self.assertIn("as deep as", notes[-1])


class Command(CommandLine):
    def test_layers_says_what_is_assumed(self):
        with open("net.onnx", "wb") as file:
            file.write(small())
        said = self.run_it("layers", "--model", "net.onnx", "--engine", "python", "--input-mean", "1,2,3")
        self.assertIn("pictures: RGB, (level - (1, 2, 3)) * (0.017", said.out)
        self.assertIn("dreams on: body_act", said.out)
        self.assertIn("not Inception-V1", said.err)
        said = self.run_it("dream", "--model", "net.onnx", "--engine", "python", "--steps", 1, "--octaves", 1, "--tile",
                           32, "--noise", "32x32", "--no-octaves", "-o", "out.bmp", "-q")
        self.assertTrue(os.path.getsize("out.bmp") > 3000)
        said = self.run_it("classify", "--model", "net.onnx", "--engine", "python", "out.bmp")
        self.assertIn("class ", said.out)
        said = self.run_it("layers", "--model", "net.onnx", "--input-scale", "0", code=2)
        said = self.run_it("adversarial", "--model", "net.onnx", "--engine", "python", "out.bmp", "-o", "x.bmp", code=1)
        self.assertIn("tennis ball: no class has that name", said.err)      # what is meant where nothing is said
        with open("map.onnx", "wb") as file:
            file.write(onnx_model([op("Relu", "x", "y")], []))
        said = self.run_it("adversarial", "--model", "map.onnx", "--engine", "python", "out.bmp", "-o", "x.bmp", code=1)
        self.assertIn("a map, not in classes", said.err)


# ---- What is refused -------------------------------------------------------------------------------------------------

class Refused(Case):
    def test_onnx(self):
        w = tensor("w", (3, 3, 1, 1), [0.5] * 9)
        for nodes, constants, words in (
                ([op("Elu", "x", "y", name="deep")], [], ("node deep", "a Elu", "Conv, ")),
                ([op("Conv", "x,w", "y")], [], ("node y", "its input w is missing")),
                ([op("Conv", "x,x", "y")], [], ("node y", "a map", "constant")),
                ([op("Conv", "z,w", "y"), op("Relu", "y", "z")], [w], ("made of itself",)),
                ([op("Conv", "x,w", "y", group=2)], [w], ("2 groups for 3 channels",)),
                ([op("Conv", "x,w", "y", strides=[0, 1])], [w], ("stride (0, 1)",)),
                ([op("Conv", "x,w", "y", pads=[-1, 0, 0, 0])], [w], ("padding",)),
                ([op("Conv", "x,w", "y", pads=[1, 1])], [w], ("pads [1, 1]",)),
                ([op("Conv", "x,w", "y", auto_pad="ODD")], [w], ("auto_pad ODD",)),
                ([op("Conv", "x,w", "y", kernel_shape=[3, 3])], [w], ("kernel_shape",)),
                ([op("Conv", "x,w", "y", group=1.5)], [w], ("attribute group",)),
                ([op("Conv", "x,w", "y")], [tensor("w", (3, 3, 20, 1), [0.5] * 180)], ("a window of 20 x 1",)),
                ([op("Conv", "x,w", "y")], [tensor("w", (3, 3, 1, 1), [math.nan] * 9)], ("NaN",)),
                ([op("Conv", "x,w", "y")], [tensor("w", (3, 3, 1, 1), [1e38 * 2] * 9)], ("1e38",)),
                ([op("Conv", "x,w", "y")], [tensor("w", (3, 3, 1, 1), [0.5] * 8)], ("other numbers",)),
                ([op("Conv", "x,w", "y")], [tensor("w", (1 << 40, 1 << 20, 1, 1), [0.5] * 9)], ("other numbers",)),
                ([op("Conv", "x,w", "y")], [tensor("w", (-3, -3, 1, 1), [0.5] * 9)], ("shape [-3, -3, 1, 1]",)),
                ([op("ConstantOfShape", "n", "w"), op("Conv", "x,w", "y")],
                 [tensor("n", (4,), [1 << 20, 3, 99, 99], 7)], ("one number repeated",)),
                ([op("Reshape", "x,n", "y")], [tensor("n", (2,), [1, 431], 7)], ("as many numbers",)),
                ([op("Reshape", "x,n", "y")], [tensor("n", (2,), [-1, -1], 7)], ("as many numbers",)),
                ([op("Transpose", "x", "t", perm=[0, 1, 3, 2]), op("Conv", "t,w", "y")], [w], ("another order",)),
                ([op("Transpose", "x", "y", perm=[0, 0, 1, 2])], [], ("each once",)),
                ([op("Concat", "x,p", "y", axis=1), op("MaxPool", "x", "p", kernel_shape=[2, 2])], [], ("different",)),
                ([op("MaxPool", "x", "y", kernel_shape=[2, 2], dilations=[2, 2])], [], ("dilations",)),
                ([op("MaxPool", "x", "y", kernel_shape=[2, 2], pads=[3, 3, 3, 3])], [], ("no larger than the padding",
                                                                                          )),
                ([op("MaxPool", "x", "y", kernel_shape=[2, 2, 2])], [], ("kernel_shape",)),
                ([op("MaxPool", "x", "y", kernel_shape=[2, 0])], [], ("a window of (2, 0)",)),
                ([op("AveragePool", "x", "y", kernel_shape=[-2, 2])], [], ("a window of (-2, 2)",)),
                ([op("LRN", "x", "y", size=4)], [], ("an odd number",)),
                ([op("LeakyRelu", "x", "y", alpha=-0.5)], [], ("alpha -0.5", "0 or more")),
                ([op("BatchNormalization", "x,v,v,v,v", "y")], [tensor("v", (3,), [-1.0] * 3)], ("variance of -1",)),
                ([op("BatchNormalization", "x,v,v,v,v", "y")], [tensor("v", (4,), [1.0] * 4)], ("statistics",)),
                ([op("Softmax", "x", "y", axis=2)], [], ("Softmax",)),
                ([op("Add", "x,p", "y"), op("MaxPool", "x", "p", kernel_shape=[2, 2])], [], ("different sizes",)),
                ([op("Mul", "x,v", "y")], [tensor("v", (12,), [1.0] * 12)], ("a number for each channel",)),
                ([op("Div", "x,v", "y")], [tensor("v", (), [0.0])], ("division by zero",)),
                ([op("Pad", "x,n", "y", mode="reflect")], [tensor("n", (8,), [0] * 8, 7)], ("reflect",)),
                ([op("GlobalAveragePool", "x", "p"), op("Pad", "p,n", "y")],
                 [tensor("n", (8,), [0, 0, 1, 1, 0, 0, 1, 1], 7)], ("dimension 2, which is a single cell", "several")),
                ([op("Pad", "x,n", "y")], [tensor("n", (8,), [0, 1, 0, 0, 0, 0, 0, 0], 7)], ("dimension 1",)),
                ([op("Relu", "w", "y")], [w], ("a constant",)),
                ([op("Relu", "", "y")], [], ("nothing",)),
                ([op("Identity", "w", "y")], [w], ("nothing in it",)),
                ([op("Identity", "x", "y")], [], ("nothing in it",))):
            with self.subTest(words=words):
                self.refused(onnx_model(nodes, constants), *words)
        for sizes in ((1, 3, 1 << 40, 4), (1, 4, 8, 8), (1, 3, 8), (1, 3, 8, 8, 8), (1, 3, -4, 70_000)):
            self.refused(onnx_model([op("Relu", "x", "y")], [], sizes), "expected")
        self.refused(onnx_model([op("Relu", "x", "y")], [], opset=0), "opset")
        self.refused(number(1, 8) + block(2, "none"), "without nodes")

    def test_frozen(self):
        x, relu_of_x = placeholder(1, 8, 8, 3, name="in"), node("y", "Relu", "in")
        for content, words in (
                (x + node("deep", "Elu", "in"), ("node deep", "a Elu", "Conv2D, ")),
                (x + node("y", "Relu", "z") + node("z", "Relu", "y") + node("e", "Relu", "z"), ("made of itself",)),
                (x + node("y", "Relu", "nowhere"), ("nowhere is missing",)),
                (x + node("y", "Relu"), ("makes no sense", "inputs")[1:]),
                (placeholder(1, 8, 8, 4) + node("y", "Relu", "x"), ("3 channels",)),
                (placeholder(1, 8, 1 << 50, 3) + node("y", "Relu", "x"), ("pixels a side",)),
                (placeholder(8, 8, 3) + node("y", "Relu", "x"), ("shape [8, 8, 3]",)),
                (x + placeholder(1, 8, 8, 3, name="two") + node("y", "Add", "in", "two"), ("a second picture",)),
                (x + relu_of_x.replace(b"Relu", b"Mean"), ("make no sense",)),
                (x + constant("w", (3, 3, 3, 4)) + node("y", "Conv2D", "in", "w", STRIDE), ("padding missing",)),
                (x + constant("w", (3, 3, 3, 4)) + node("y", "Conv2D", "in", "w", SAME), ("strides []",)),
                (x + constant("w", (3, 3, 2, 4)) + node("y", "Conv2D", "in", "w", STRIDE, SAME), ("3 channels",)),
                (x + constant("w", (3, 3, 3, 4), dtype=7) + node("y", "Conv2D", "in", "w", STRIDE, SAME), ("type 7",)),
                (x + constant("w", (1 << 30, 3, 3, 4), block(5, bytes(4)))
                 + node("y", "Conv2D", "in", "w", STRIDE, SAME), ("other numbers",)),
                (x + node("y", "AvgPool", "in", ints("ksize", 1, 0, 2, 1), STRIDE, VALID), ("a window of (0, 2)",)),
                (x + constant("v", (3,)) + node("y", "FusedBatchNorm", "in", "v", "v", "v", "v"), ("in training",))):
            with self.subTest(words=words):
                self.refused(content, *words, name="net.pb")

    def test_little_time(self):
        """Graphs made to cost much."""
        w = tensor("w", (64, 64, 1, 1), [0.5] * 64 * 64)
        turns = [op("Transpose", f"t{i}" if i else "w", f"t{i + 1}", perm=[1, 0, 2, 3]) for i in range(1500)]
        sums = [op("Add", f"a{i},a{i}" if i else "v,v", f"a{i + 1}") for i in range(1500)]
        layers = [op("Relu", f"r{i}" if i else "x", f"r{i + 1}", name="same") for i in range(1500)]
        for content, word in (
                (onnx_model([*turns, op("Conv", "x,t1500", "y")], [w]), "much arithmetic"),
                (onnx_model([*sums, op("Mul", "x,a1500", "y")], [tensor("v", (4096,), [0.5] * 4096)]), "much arithm"),
                (onnx_model([op("Conv", "x,u", "c"), op("ReduceMean", "c", "d0", axes=[1])] + [
                    op("Sub", f"c,d{i}", f"d{i + 1}") for i in range(3000)], [
                        tensor("u", (64, 3, 1, 1), [0.5] * 192)], output="d3000"), "much arithmetic"),
                (onnx_model([op("Mul", f"p{i},p{i}" if i else "x,x", f"p{i + 1}") for i in range(900)] + [
                    op("Tanh", "p900", "y")], []), "tanh by itself"),
                (onnx_model([*layers, op("Relu", "r1500", "y")], []), "operation number 1000")):
            started = time.process_time()
            with mock.patch.object(networks, "MOST_NUMBERS", 1 << 18), \
                    mock.patch.object(networks, "MOST_ARITHMETIC", 1 << 18), \
                    mock.patch.object(networks, "MOST_STEPS", 1000):
                self.refused(content, word)
            self.assertLess(time.process_time() - started, 5)
        model = self.load(onnx_model(layers, [], output="r1500"))
        self.assertEqual(len({row[0] for row in model.operations}), 1502)        # levels, too


class Fuzz(Case):
    """Files with a few wrong bytes: each loads whole and can be run, or is refused in one line."""

    def mutations(self, content, count, name):
        dice, loaded = random.Random(11), 0
        for _ in range(count):
            broken = test_weights.Mutated.mutate(self, content, dice)
            try:
                with mock.patch.object(deepdream, "weight_bytes", lambda path, data=bytes(broken): memoryview(data)):
                    model = deepdream.load_model(os.path.join(self.folder, name))
                self.assertEqual(deepdream.lacking(model.operations), "")
                deepdream.tensor_shapes(model.operations, model.weights, *model.size())
                loaded += 1
            except deepdream.DeepDreamError as error:
                self.assertTrue(str(error).isprintable(), error)
        self.assertGreater(loaded, count // 50)
        self.assertLess(loaded, count)

    def test_onnx(self):
        content = onnx_model([
            op("Conv", "x,w", "c", pads=[1, 1, 1, 1], kernel_shape=[3, 3], group=1, name="/a/Conv"),
            op("BatchNormalization", "c,v,v,v,v", "n"), op("Clip", "n,low", "k"),
            op("MaxPool", "k", "p", kernel_shape=[2, 2], strides=[2, 2], ceil_mode=1), op("Concat", "p,p", "j", axis=1),
            op("Transpose", "j", "t", perm=[0, 2, 3, 1]), op("Reshape", "t,n2", "f"), op("Gemm", "f,fc", "y", transB=1),
        ], [tensor("w", (4, 3, 3, 3), self.random(108)), tensor("v", (4,), [0.5] * 4), tensor("low", (), [0.0]),
            tensor("n2", (2,), [1, 128], 7), tensor("fc", (5, 128), self.random(640))], (1, 3, 8, 8))
        self.mutations(content, 500, "net.onnx")

    def test_frozen(self):
        content = b"".join([
            placeholder(-1, 8, 8, 3, name="in"), constant("w", (3, 3, 3, 4)),
            node("a/conv", "Conv2D", "in", "w", ints("strides", 1, 2, 2, 1), SAME), constant("v", (4,)),
            node("a/bn", "FusedBatchNormV3", "a/conv", "v", "v", "v", "v", attribute("is_training", number(5, 0)),
                 attribute("epsilon", fixed32(4, 0.5))), node("a/relu", "Relu", "a/bn"),
            node("p", "AvgPool", "a/relu", ints("ksize", 1, 2, 2, 1), ints("strides", 1, 1, 1, 1), VALID),
            node("axes", "Const", whole(1, 2)), node("m", "Mean", "p", "axes"), constant("fc", (4, 3)),
            node("o/mul", "MatMul", "m", "fc"), node("o/prob", "Softmax", "o/mul")])
        self.mutations(content, 500, "net.pb")

    def test_functions(self):
        content = b"".join([placeholder(1, 8, 8, 3, name="in"), constant("w", (3, 3, 1, 3)), library(GROUPED),
                            node("a/call", "StatefulPartitionedCall", "w", "in", calls("grouped")),
                            node("a/relu", "Relu", "a/call")])
        self.mutations(content, 300, "net.pb")


if __name__ == "__main__":
    unittest.main()
