"""Convolutions with fewer multiplications: the transforms by themselves, layers against the formula in double
precision, Inception against the direct method, any number of threads, and who asks for the direct method."""

import array
import itertools
import math
import random
import types
import unittest
from operator import mul

from helpers import REFUSED, ROOT, SETS, needs_machine_code
from test_simd import Builder, KeptGradients, borders_are_zero

import deepdream
import inception_graph
from deepdream_extras import simd
from deepdream_extras.simd.kernels import winograd as kernels
from deepdream_extras.simd.tensors import TILES

# Of a layer's number, as a share of the sum of the magnitudes of all that is added up; of a tensor, as a share of its
# norm. Measured: 1.0e-6 and 2.8e-6.
LAYER, TENSOR = 1e-5, 3e-5


class Calculator:
    """An assembler that does at once, in double precision, what the transforms would write code for."""

    def __init__(self, values):
        self.r = dict(enumerate(values))

    def v_copy(self, d, x):
        self.r[d] = self.r[x]

    def v_zero(self, d):
        self.r[d] = 0.0

    def v_add(self, d, x, y):
        self.r[d] = self.r[x] + self.r[y]

    def v_sub(self, d, x, y):
        self.r[d] = self.r[x] - self.r[y]

    def constants(self):
        def add(d, x, factor):
            self.r[d] += self.r[x] * factor

        def multiply(d, x, factor):
            self.r[d] = self.r[x] * factor
        return types.SimpleNamespace(add=add, multiply=multiply)

    def run(self, transform, *arguments):
        """The results; `arguments` come after the constants."""
        found = {}
        points, *rest = arguments
        transform(self, points, self.constants(), *rest, lambda i, register: found.__setitem__(i, self.r[register]))
        return [found[i] for i in sorted(found)]


class Transforms(unittest.TestCase):
    def test_a_line(self):
        """Transformed, multiplied and transformed back is a convolution, for every kind there is and for others."""
        dice = random.Random(1)
        others = [(3, (1.0,)), (2, (1.0,)), (7, (0.5, 1.0, 2.0)), (3, (0.5, 0.75, 1.25, 2.0))]
        more = [(taps, kernels.Points(pairs, infinity)) for taps, pairs in others for infinity in (False, True)
                if taps <= 2 * len(pairs)]
        for taps, points in [*kernels.POINTS.items(), *more]:
            size = points.size
            count = size - taps + 1
            if kernels.POINTS.get(taps) == points:
                self.assertEqual(count, TILES[taps])
            x, w = [dice.uniform(-1, 1) for _ in range(size)], [dice.uniform(-1, 1) for _ in range(taps)]
            inputs = Calculator(x).run(kernels.transform_inputs, points)
            weights = Calculator(w).run(kernels.transform_weights, points, taps)
            self.assertEqual((len(inputs), len(weights)), (size, size))
            outputs = Calculator(map(mul, inputs, weights)).run(kernels.transform_outputs, points, count)
            expected = [sum(map(mul, w, x[i:])) for i in range(count)]
            self.assertEqual(len(outputs), count)
            self.assertLess(max(abs(o - e) for o, e in zip(outputs, expected)), 1e-12, (taps, points))

    def test_the_constants_of_inputs_and_outputs_are_exact(self):
        for taps, points in kernels.POINTS.items():
            constants = kernels.input_constants(points.pairs) + kernels.output_constants(points.pairs, TILES[taps])
            self.assertEqual(list(array.array("f", constants)), constants)
            self.assertLess(max(map(abs, constants)), 64)


def parts(engine):
    """The layers done with fewer multiplications in the plans so far: (name, whether its gradient)."""
    return {key[1:] for key in engine.planner.panels if key[0] == "winograd"}


@unittest.skipIf(REFUSED, REFUSED)
class Layers(unittest.TestCase):
    """Chains of such layers at awkward sizes, each number from what the engine itself had as input."""

    def build(self, seed):
        net = Builder(seed)
        x = net.conv("data", 5, 5, 32, 2)
        a = net.conv(x, 3, 3, 48)
        b = net.conv(x, 5, 5, 32, relu=False)
        c = net.conv(x, 3, 3, 16, bias=False, relu=False)
        y = net.add("ConcatV2", (a, b, c), 96)
        return net, [x, a, b, c, net.conv(y, 3, 3, 64)]

    def samples(self, dice, shape):
        corners = [(0, size - 1, dice.randrange(size)) for size in shape]
        return [tuple(map(dice.choice, corners)) for _ in range(20)]

    def check(self, net, engine, name, dice):
        """Some outputs of a layer."""
        row = next(row for row in net.operations if row[0] == name)
        (source, operand), op = row[2], engine.operations[engine.numbers[name]]
        (kh, kw, ci, co), weights = net.weights[operand]
        x, y = engine.read(source), engine.read(name)
        h, w, _ = engine.shapes[name]
        bias = net.weights.get(operand + "b", (0, [0.0] * co))[1]
        relu = any(row[0] == name + "_r" for row in net.operations)
        for i, j, c in self.samples(dice, (h, w, co)):
            terms = [bias[c]]
            for r, s in itertools.product(range(kh), range(kw)):
                p, q = i * op.stride[0] + r - op.top, j * op.stride[1] + s - op.left
                if 0 <= p < op.x.h and 0 <= q < op.x.w:
                    at = (p * op.x.w + q) * ci
                    terms += map(mul, x[at:at + ci], weights[(r * kw + s) * ci * co + c:(r * kw + s + 1) * ci * co:co])
            expected = max(math.fsum(terms), 0.0) if relu else math.fsum(terms)
            error = abs(y[(i * w + j) * co + c] - expected) / math.fsum(map(abs, terms))
            self.assertLess(error, LAYER, (name, i, j, c))

    def test_layers(self):
        for seed, (h, w) in enumerate(((26, 22), (24, 31), (20, 49))):
            net, names = self.build(seed)
            for set_name in SETS:
                dice = random.Random(seed)
                data = net.gauss(h * w * 3, 1.0)
                made = [KeptGradients(net.operations, net.weights, h, w, jobs, instruction_set=set_name, exact=exact)
                        for jobs, exact in ((1, False), (2, False), (3, False), (2, True))]
                seeds = {names[-1]: net.gauss(math.prod(made[0].shapes[names[-1]]), 1.0),
                         names[1]: net.gauss(math.prod(made[0].shapes[names[1]]), 1.0)}
                for engine in made:
                    engine.write("data", data)
                    engine.forward(len(net.operations))
                one, two, three, exact = made
                for name in names:
                    self.check(net, one, name, dice)
                for engine in made[1:]:    # the same activations, and so the same ReLUs, for everybody's gradient
                    if engine is exact:
                        self.assertLess(max(self.apart(one.read(row[0]), engine.read(row[0]))
                                            for row in net.operations), TENSOR)
                        for row in net.operations:
                            engine.write(row[0], one.read(row[0]))
                    else:
                        self.assertEqual([one.read(row[0]) for row in net.operations],
                                         [engine.read(row[0]) for row in net.operations])
                for engine in made:
                    engine.seed(seeds)
                    engine.backward(len(net.operations))
                    self.assertTrue(borders_are_zero(engine))
                gradients = [[engine.gradient(name) for name in ("data", *names)] for engine in made]
                self.assertEqual(gradients[1], gradients[0])
                self.assertEqual(gradients[2], gradients[0])
                self.assertLess(max(map(self.apart, gradients[0], gradients[3])), TENSOR)
                self.assertEqual(parts(exact), set())
                self.assertEqual(parts(two), {(name, turned) for name in names for turned in (False, True)}
                                 - {(names[0], False)})
                for engine in made:
                    engine.close()

    @staticmethod
    def apart(values, expected):
        differences = [a - b for a, b in zip(values, expected)]
        return math.sqrt(sum(map(mul, differences, differences)) / sum(map(mul, expected, expected)))


@needs_machine_code
class Inception(unittest.TestCase):
    def test_against_the_direct_method(self):
        weights = deepdream.load_model(str(ROOT / "InceptionV1.pb")).weights
        picture = deepdream.read_picture(str(ROOT / "cat_dog224.bmp"))
        stop = [row[0] for row in inception_graph.OPERATIONS].index("inception_4c_output") + 1
        buffers = list(dict.fromkeys(row[3] for row in inception_graph.OPERATIONS[:stop]))
        for name in SETS:
            fast, exact = (KeptGradients(inception_graph.OPERATIONS, weights, 160, 200, 2, instruction_set=name,
                                         exact=exact) for exact in (False, True))
            for engine in (fast, exact):
                engine.load_tile(deepdream.cut_tile(picture, 3, 5, 200, 160))
                engine.forward(stop)
            for buffer in buffers:
                values = exact.read(buffer)
                self.assertLess(Layers.apart(fast.read(buffer), values), TENSOR, buffer)
                fast.write(buffer, values)    # so that no ReLU and no maximum is decided by rounding
            for engine in (fast, exact):
                engine.seed({"inception_4c_output": None})
                engine.backward(stop)
            for buffer in buffers[:-1]:
                self.assertLess(Layers.apart(fast.gradient(buffer), exact.gradient(buffer)), TENSOR, buffer)
            layers = {layer for layer, _ in parts(fast)}
            self.assertLessEqual({"conv2_3x3_Conv2D", "inception_3b_3x3_Conv2D", "inception_4c_3x3_Conv2D",
                                  "inception_3b_5x5_Conv2D"}, layers)
            for engine in (fast, exact):
                engine.close()


@unittest.skipIf(REFUSED, REFUSED)
class Paddings(unittest.TestCase):
    def test_any(self):
        """Both methods agree on layers whose padding is another one than that of Inception's."""
        dice = random.Random(3)
        for kernel, padding, last in ((3, "VALID", "Relu6"), (4, "SAME", "Relu"), (5, "VALID", "Relu"),
                                      (3, ((2, 0), (0, 1)), "Relu"), (5, ((1, 3), (0, 4)), "Relu"),
                                      (3, ((0, 1), (2, 2)), "")):
            with self.subTest(kernel=kernel, padding=padding):
                self.compare(dice, 32, kernel, {"padding": padding}, last, {True} if last == "Relu6" else {False, True})

    def test_larger_strides(self):
        """The gradient of a layer of few channels; with strides that leave too few rows of weights not even that."""
        dice = random.Random(4)
        for kernel, stride, channels, padding, fewer in (
                (7, (2, 2), 3, "SAME", True), (7, (2, 2), 1, "VALID", True), (11, (4, 4), 3, "VALID", True),
                (5, (2, 2), 7, ((0, 3), (4, 1)), True), (8, (2, 2), 4, ((3, 0), (1, 1)), True),
                (9, (2, 2), 2, "SAME", True), (7, (3, 3), 3, "SAME", True), (6, (3, 2), 5, "SAME", False),
                (3, (2, 2), 3, "SAME", False)):
            with self.subTest(kernel=kernel, stride=stride, channels=channels, padding=padding):
                self.compare(dice, channels, kernel, {"padding": padding, "stride": stride}, "Relu",
                             {True} if fewer else set())

    def compare(self, dice, channels, kernel, parameters, last, expected):
        """A layer "b" of those parameters behind one that makes so many channels; expected: whether its gradient, where
        it takes fewer multiplications."""
        count = kernel ** 2 * channels * 48
        weights = {"w1": ((1, 1, 3, channels), [dice.gauss(0, 0.3) for _ in range(3 * channels)]),
                   "w2": ((kernel, kernel, channels, 48), [dice.gauss(0, 0.05) for _ in range(count)])}
        weights = {name: (shape, memoryview(array.array("f", values))) for name, (shape, values) in weights.items()}
        down, across = parameters.get("stride", (1, 1))
        h, w = dice.randrange(20, 30) * down, dice.randrange(20, 30) * across
        operations = [("data", "Placeholder", (), "data", (h, w, 3), {}),
                      ("a", "Conv2D", ("data", "w1"), "a", (h, w, channels), {}),
                      ("b", "Conv2D", ("a", "w2"), "b", (0, 0, 48), parameters)]
        operations += [("c", last, ("b",), "b", (0, 0, 48), {})] if last else []
        shapes = deepdream.tensor_shapes(operations, weights, h, w)
        operations = [(*row[:4], shapes[row[0]], row[5]) for row in operations]
        picture = [dice.randrange(256) for _ in range(3 * h * w)]
        seed = array.array("f", [dice.gauss(0, 1) for _ in range(math.prod(shapes["b"]))])
        for name in SETS:
            found = []
            for exact in (True, False):
                engine = simd.SimdEngine(operations, weights, h, w, 2, instruction_set=name, exact=exact)
                engine.load_tile(bytearray(picture))
                engine.forward(len(operations))
                values = engine.read("b")
                engine.seed({operations[-1][0]: seed})
                engine.backward(len(operations))
                found.append((values, engine.gradient("data")))
                self.assertEqual(parts(engine), set() if exact else {("b", turned) for turned in expected})
                self.assertTrue(borders_are_zero(engine))
                engine.close()
            for ours, theirs in zip(*found):
                error = math.dist(ours, theirs) / math.hypot(*ours)
                self.assertLess(error, TENSOR)


@needs_machine_code
class WhoIsExact(unittest.TestCase):
    def network(self, **options):
        wanted = dict(model="drawn", taken=None, engine="auto", jobs=1, quiet=True, tell=None, network=None,
                      input_order=None, input_mean=None, input_scale=None) | options
        with deepdream.open_network(types.SimpleNamespace(**wanted)) as network:
            return network.exact

    def test_options(self):
        self.assertFalse(self.network())
        self.assertFalse(self.network(preset=None, exact=False))
        self.assertFalse(self.network(preset="lucid"))
        self.assertTrue(self.network(exact=True))
        self.assertTrue(self.network(preset="c89", exact=False))

    def test_engines(self):
        model = deepdream.load_model(str(ROOT / "InceptionV1.pb"))
        for exact in (False, True):
            network = deepdream.Network(model, "simd", 1, exact=exact)
            network.forward(deepdream.read_picture(str(ROOT / "cat_dog224.bmp")), "conv2/3x3")
            self.assertEqual(bool(parts(network.engine(224, 224))), not exact)
            network.close()


if __name__ == "__main__":
    unittest.main()
