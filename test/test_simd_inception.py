"""Every layer of Inception-V1 as machine code, forward and backward, at several sizes, against its definition.

The engine runs a whole pass; then some numbers of every tensor and of every gradient are computed once more from the
tensors that the engine itself had as input, in double precision, by the textbook formula. So nothing is compared
through more than one layer, where a rounded sum may turn a maximum or a ReLU over. Corners and edges are always among
the numbers tried.
"""

import array
import math
import random
import unittest
from operator import mul

from helpers import REFUSED, ROOT, SETS
from test_simd import KeptGradients

import deepdream
import inception_graph

# Largest error allowed, as a share of the sum of the magnitudes of all that is added up: by the direct method, and with
# fewer multiplications. Measured: 4.4e-7 and 1.2e-6.
TOLERANCES = {True: 1e-6, False: 1e-5}
SAMPLES = 10    # numbers of each tensor, and as many of each gradient


def same(size, kernel, stride):
    """(number of outputs, zeros before) of TensorFlow's SAME padding"""
    out = -(-size // stride)
    return out, max((out - 1) * stride + kernel - size, 0) // 2


class Pass:
    """One forward and backward pass of the engine, and the formulas for single numbers of it.

    The formulas return (value, sum of magnitudes).
    """

    def __init__(self, engine, weights, target):
        self.weights = {name: (shape, memoryview(values)) for name, (shape, values) in weights.items()}
        self.buffers = {name: buffer for name, _, _, buffer, *_ in inception_graph.OPERATIONS}
        self.shapes, self.values, self.gradients = engine.shapes, {}, {}
        self.bias, self.relu, self.makers, self.readers = {}, set(), {}, {}
        for operation in inception_graph.OPERATIONS:
            name, kind, inputs, buffer, *_ = operation
            if kind == "BiasAdd":
                self.bias[buffer] = self.weights[inputs[1]][1]
            elif kind == "Relu":
                self.relu.add(buffer)
            else:
                self.makers[buffer] = operation
                for x in inputs:
                    if x in self.buffers:
                        self.readers.setdefault(self.buffers[x], []).append(operation)
        self.live = [b for b in self.makers if engine.numbers[b] <= engine.numbers[target]]
        for buffer in self.makers:
            self.values[buffer] = engine.read(buffer)
            self.gradients[buffer] = engine.gradient(buffer)

    def cell(self, name, y, x, c, gradient=False):
        h, w, depth = self.shapes[name]
        return (self.gradients if gradient else self.values)[name][(y * w + x) * depth + c]

    def run(self, name, y, x, gradient=False):
        """All channels of a pixel"""
        h, w, depth = self.shapes[name]
        at = (y * w + x) * depth
        return (self.gradients if gradient else self.values)[name][at:at + depth]

    def window(self, operation, kernel, y, x):
        """The cells inside the picture that output (y, x) is made from: (i, j, row, column)"""
        h, w, _ = self.shapes[self.buffers[operation[2][0]]]
        stride = operation[5].get("stride", (1, 1))
        for i in range(kernel[0]):
            for j in range(kernel[1]):
                row = y * stride[0] - same(h, kernel[0], stride[0])[1] + i
                column = x * stride[1] - same(w, kernel[1], stride[1])[1] + j
                if 0 <= row < h and 0 <= column < w:
                    yield i, j, row, column

    def outputs_of(self, operation, kernel, y, x):
        """The outputs that input cell (y, x) takes part in: (i, j, row, column)"""
        h, w, _ = self.shapes[self.buffers[operation[2][0]]]
        stride = operation[5].get("stride", (1, 1))
        (rows, top), (columns, left) = same(h, kernel[0], stride[0]), same(w, kernel[1], stride[1])
        for i in range(kernel[0]):
            for j in range(kernel[1]):
                row, rest = divmod(y + top - i, stride[0])
                column, other = divmod(x + left - j, stride[1])
                if rest == other == 0 and 0 <= row < rows and 0 <= column < columns:
                    yield i, j, row, column

    # Forward

    def value(self, buffer, y, x, c):
        name, kind, inputs, _, _, parameters = self.makers[buffer]
        source = self.buffers[inputs[0]]
        if kind in ("Conv2D", "MatMul"):
            shape, w = self.weights[inputs[1]]
            kh, kw, ci, co = (1,) * (4 - len(shape)) + tuple(shape)
            terms = []
            for i, j, row, column in self.window(self.makers[buffer], (kh, kw), y, x):
                first = (i * kw + j) * ci * co + c
                terms += map(mul, self.run(source, row, column), w[first:first + ci * co - c:co])
            if buffer in self.bias:
                terms.append(self.bias[buffer][c])
            value = math.fsum(terms)
            return max(value, 0.0) if buffer in self.relu else value, sum(map(abs, terms))
        if kind == "MaxPool":
            cells = self.window(self.makers[buffer], parameters["ksize"], y, x)
            return max(self.cell(source, row, column, c) for *_, row, column in cells), 0.0
        if kind == "LRN":
            line = self.run(source, y, x)
            value = line[c] * self.norm(line, c, parameters) ** -0.75
            return value, abs(value)
        if kind == "ConcatV2":
            for part in inputs:
                depth = self.shapes[self.buffers[part]][2]
                if c < depth:
                    return self.cell(self.buffers[part], y, x, c), 0.0
                c -= depth
        if kind == "AvgPool":
            h, w, depth = self.shapes[source]
            terms = [v / (h * w) for v in self.values[source][c::depth]]
            return math.fsum(terms), sum(map(abs, terms))
        if kind == "Softmax":
            line = self.values[source]
            powers = [math.exp(v - max(line)) for v in line]
            value = powers[c] / math.fsum(powers)
            # The difference from the maximum is rounded before it becomes a power; below 1e-37 all is called zero.
            return value, max(value * 4, 1e-31)
        raise AssertionError(kind)

    def norm(self, line, c, parameters):
        radius = parameters["depth_radius"]
        near = line[max(c - radius, 0):c + radius + 1]
        return parameters["bias"] + parameters["alpha"] * math.fsum(v * v for v in near)

    # Backward

    def gradient(self, buffer, y, x, c):
        """What all its readers give it; nothing where its own ReLU is shut."""
        terms = list(self.gradient_terms(buffer, y, x, c))
        if buffer in self.relu and self.cell(buffer, y, x, c) <= 0.0:
            terms = []
        return math.fsum(terms), sum(map(abs, terms))

    def gradient_terms(self, buffer, y, x, c):
        for operation in self.readers.get(buffer, ()):
            name, kind, inputs, target, _, parameters = operation
            if target not in self.live:
                continue
            if kind in ("Conv2D", "MatMul"):
                shape, w = self.weights[inputs[1]]
                kh, kw, ci, co = (1,) * (4 - len(shape)) + tuple(shape)
                for i, j, row, column in self.outputs_of(operation, (kh, kw), y, x):
                    first = ((i * kw + j) * ci + c) * co
                    yield from map(mul, self.run(target, row, column, True), w[first:first + co])
            elif kind == "MaxPool":
                for *_, row, column in self.outputs_of(operation, parameters["ksize"], y, x):
                    cells = list(self.window(operation, parameters["ksize"], row, column))
                    first = max(cells, key=lambda cell: self.cell(buffer, *cell[2:], c))    # max takes the first one
                    if first[2:] == (y, x):
                        yield self.cell(target, row, column, c, True)
            elif kind == "LRN":
                line, towards = self.run(buffer, y, x), self.run(target, y, x, True)
                radius = parameters["depth_radius"]
                yield towards[c] * self.norm(line, c, parameters) ** -0.75
                for i in range(max(c - radius, 0), min(c + radius + 1, len(line))):
                    power = self.norm(line, i, parameters) ** -1.75
                    yield -2 * parameters["alpha"] * 0.75 * line[c] * towards[i] * line[i] * power
            elif kind == "ConcatV2":
                channel = 0
                for part in inputs:
                    if self.buffers[part] == buffer:
                        yield from self.gradient_terms(target, y, x, channel + c)
                    channel += self.shapes[self.buffers[part]][2]
            elif kind == "AvgPool":
                h, w, _ = self.shapes[buffer]
                yield self.cell(target, 0, 0, c, True) / (h * w)
            else:
                raise AssertionError(kind)


def random_weights(seed):
    """Numbers of the size that keeps activations alive from layer to layer, in a few tenths of a second."""
    dice, weights = random.Random(seed), {}
    for operand, _, shape in inception_graph.WEIGHTS:
        count = math.prod(shape)
        scale = math.sqrt(2 / math.prod(shape[:-1])) / 74 if len(shape) > 1 else 1 / 500
        table = [scale * (byte - 127.5) for byte in range(256)]
        weights[operand] = shape, array.array("f", map(table.__getitem__, dice.randbytes(count)))
    return weights


@unittest.skipIf(REFUSED, REFUSED)
class EveryLayer(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.shipped = deepdream.load_model(str(ROOT / "InceptionV1.pb")).weights
        cls.random = random_weights(6)
        cls.picture = deepdream.read_picture(str(ROOT / "cat_dog224.bmp"))

    def places(self, dice, shape):
        """Corners and edges more often than chance would have it"""
        for _ in range(SAMPLES):
            yield tuple(dice.choice((0, size - 1, dice.randrange(size), dice.randrange(size))) for size in shape)

    def check(self, weights, height, width, name, exact):
        """Returns the worst errors found, as shares of the sums of magnitudes."""
        dice = random.Random(height * width)
        engine = KeptGradients(inception_graph.OPERATIONS, weights, height, width, 2, instruction_set=name, exact=exact)
        engine.load_tile(deepdream.cut_tile(self.picture, 5, 7, width, height))
        engine.forward(len(inception_graph.OPERATIONS))
        target = next(row[3] for row in inception_graph.OPERATIONS if row[1] == "MatMul")
        stop = engine.numbers[target] + 1
        engine.seed({target: array.array("f", [dice.uniform(-1, 1) for _ in range(math.prod(engine.shapes[target]))])})
        engine.backward(stop)
        run = Pass(engine, weights, target)
        engine.close()
        worst, tolerance = [0.0, 0.0], TOLERANCES[exact]
        for buffer in run.makers:
            if buffer == "data":
                continue
            for place in self.places(dice, run.shapes[buffer]):
                expected, magnitude = run.value(buffer, *place)
                error = abs(run.cell(buffer, *place) - expected)
                worst[0] = max(worst[0], error / (magnitude or 1.0))
                self.assertLessEqual(error, tolerance * magnitude, (buffer, place))
        for buffer in run.live:
            # what a concatenation gives to its parts is seen in the parts: they share its memory
            if buffer == target or run.makers[buffer][1] == "ConcatV2":
                continue
            for place in self.places(dice, run.shapes[buffer]):
                expected, magnitude = run.gradient(buffer, *place)
                error = abs(run.cell(buffer, *place, True) - expected)
                worst[1] = max(worst[1], error / (magnitude or 1.0))
                self.assertLessEqual(error, tolerance * magnitude, ("gradient", buffer, place))
        return worst

    def sizes(self, weights, exact):
        for height, width in ((32, 32), (97, 131), (192, 256), (224, 224), (225, 225)):
            for name in SETS:
                with self.subTest(height=height, width=width, instructions=name):
                    self.check(weights, height, width, name, exact)

    def test_shipped_weights(self):
        self.sizes(self.shipped, False)

    def test_random_weights(self):
        self.sizes(self.random, True)
        self.check(self.random, 225, 225, SETS[0], False)


if __name__ == "__main__":
    unittest.main()
