"""The machine-code engine on the kinds of layers beyond Inception-V1's, against the Python engine.

Each by itself, as tried in test_kinds.py; then random networks of all of them in the forms of ResNet, MobileNet,
DenseNet, ShuffleNet and VGG, where layers share memory and do each other's work in passing.
"""
import array
import unittest

from helpers import REFUSED, SETS
from test_kinds import CONVOLUTIONS, MAPS, NEW_MAPS, NORMS, POOLS, Table
from test_simd import TOLERANCE, Builder, borders_are_zero, difference

import deepdream
from deepdream_extras import simd

if REFUSED:
    raise unittest.SkipTest(REFUSED)


class Each(unittest.TestCase):
    def check(self, table):
        y, _, dx = table.run()
        for name in SETS:
            results = []
            for jobs in (1, 2):
                fast_y, _, fast_dx = table.run(simd.SimdEngine, jobs=jobs, instruction_set=name)
                self.assertLess(difference(fast_y, y), TOLERANCE)
                self.assertLess(difference(fast_dx, dx), TOLERANCE)
                results.append((fast_y.tobytes(), fast_dx.tobytes()))
            self.assertEqual(*results)

    def test_convolutions(self):
        """As tried there; and with more channels, whole vectors of them and some lanes."""
        for shape, weights, p in CONVOLUTIONS:
            with self.subTest(shape=shape, weights=weights, parameters=p):
                self.check(Table(shape, "Conv2D", p, weights))
        for groups, each, co, p in ((1, 19, 21, {"stride": (2, 2), "padding": "VALID"}),
                                    (2, 9, 11, {"padding": ((2, 1), (0, 1))}), (37, 1, 1, {}),
                                    (40, 1, 1, {"stride": (2, 2), "padding": ((0, 1), (0, 1))}),
                                    (16, 1, 1, {"stride": (1, 3), "dilation": (2, 1)})):
            with self.subTest(groups=groups, parameters=p):
                self.check(Table((9, 8, groups * each), "Conv2D", p | {"groups": groups}, (3, 3, each, groups * co)))

    def test_pools(self):
        for shape, p in POOLS:
            shape = (*shape[:2], shape[2] * 9)
            with self.subTest(shape=shape, parameters=p):
                self.check(Table(shape, "MaxPool", p))
                self.check(Table(shape, "AvgPool", p))
                self.check(Table(shape, "AvgPool", p | {"count_pad": True}))
        self.check(Table((5, 6, 150), "AvgPool", {"ksize": (3, 3)}))
        self.check(Table((6, 5, 150), "MaxPool", {"ksize": (5, 5)}))

    def test_ties_in_pools(self):
        """Of small whole numbers: the first cell that holds the maximum is given everything, and sums are exact."""
        for shape, p in (((30, 9, 70), {"ksize": (3, 3)}), ((23, 17, 37), {"ksize": (3, 3), "stride": (2, 2)}),
                         ((17, 8, 9), {"ksize": (3, 3), "stride": (2, 2), "padding": "VALID"}),
                         ((16, 6, 130), {"ksize": (2, 2), "stride": (2, 2)}),
                         ((15, 11, 5), {"ksize": (2, 3), "stride": (1, 2), "padding": ((1, 1), (1, 1))})):
            table = Table(shape, "MaxPool", p)
            table.data = memoryview(array.array("f", table.random.choices([0.0, 1.0, 2.0], k=len(table.data))))
            expected = table.run()
            for name in SETS:
                with self.subTest(shape=shape, parameters=p, instructions=name):
                    self.assertEqual(table.run(simd.SimdEngine, jobs=2, instruction_set=name), expected)

    def test_number_by_number(self):
        for in_place in (False, True):
            for kind, p, _ in MAPS:
                with self.subTest(kind, in_place=in_place):
                    self.check(Table((3, 5, 70), kind, p, in_place=in_place))
            for kind in ("Scale", "BiasAdd"):
                with self.subTest(kind, in_place=in_place):
                    self.check(Table((4, 3, 45), kind, {}, (45,), in_place=in_place))

    def test_number_by_number_to_a_new_map(self):
        for kind, p, _ in NEW_MAPS:
            for spread in 1.0, 6.0, 1e5:
                with self.subTest(kind, parameters=p, spread=spread):
                    table = Table((3, 5, 70), kind, p)
                    table.data = table.gauss(len(table.data), spread)
                    self.check(table)

    def test_layer_norm(self):
        """Also of cells whose numbers are far from zero and close together."""
        for shape, p in [*NORMS, ((3, 5, 70), {}), ((2, 3, 133), {"epsilon": 0.1}), ((4, 3, 64), {})]:
            with self.subTest(shape=shape, parameters=p):
                table = Table(shape, "LayerNorm", p)
                self.check(table)
                table.data = memoryview(array.array("f", [10.0 + v for v in table.data]))
                self.check(table)

    def test_normalisation(self):
        """With the constants of other networks; 5 neighbours are more than a vector of four."""
        for radius, beta in ((5, 0.5), (2, 1.0), (9, 0.75)):
            with self.subTest(radius=radius, beta=beta):
                self.check(Table((4, 5, 23), "LRN", {"depth_radius": radius, "alpha": 0.1, "beta": beta, "bias": 1.5}))

    def test_others(self):
        for more in ({}, {"value": -2.5}):
            self.check(Table((4, 3, 13), "Pad", {"padding": ((1, 0), (2, 3)), **more}))
        self.check(Table((4, 3, 36), "Shuffle", {"groups": 3}))
        for p in ({"crop": ((1, 0), (2, 1)), "part": (3, 17)}, {"part": (20, 16)}, {"part": (35, 1)},
                  {"crop": ((0, 2), (0, 1))}):
            self.check(Table((4, 5, 36), "Slice", p, channels=p.get("part", (0, 36))[1]))
        for shape in ((3, 2, 12), (5, 4, 12)):
            for more in ({}, {"layout": "ochw"}, {"layout": "ohwc"}, {"layout": "chwo"}):
                self.check(Table(shape, "MatMul", more, (3, 2, 12, 21)))
        self.check(Table((1, 1, 70), "MatMul", {"layout": "ochw"}, (1, 1, 70, 130)))


class Fallback(unittest.TestCase):
    def test_the_whole_network_in_python(self):
        """What is lacking is named in one line; whoever insists on machine code gets that as an error."""
        norm = {"depth_radius": 2, "alpha": 0.1, "beta": 0.6, "bias": 1.0}
        table = Table((5, 6, 8), "LRN", norm)
        model = deepdream.Model("some.pb", tuple(table.operations), table.weights, [])
        choice = deepdream.choose_engine("auto", model)
        self.assertIs(choice.make, deepdream.PythonEngine)
        self.assertRegex(choice.note, r"\Ausing the Python engine, .*: y: LRN with beta 0.6; known are .*\Z")
        with self.assertRaisesRegex(deepdream.DeepDreamError, "cannot run this here: y: LRN with beta 0.6"):
            deepdream.choose_engine("simd", model)


class Mixture(Builder):
    """Blocks of well-known networks."""

    def act(self, x, kind="Relu", **parameters):
        self.operations.append((f"{x}_{next(self.count)}", kind, (x,), x, (0, 0, self.channels[x]), parameters))
        return x

    def norm(self, x):
        """Factors, biases and a ReLU, not in the place of x."""
        c = self.channels[x]
        for name in ("s", "t"):
            self.weights[x + name] = (c,), self.gauss(c, 1.0)
        y = self.add("Scale", (x, x + "s"), c)
        self.operations.append((y + "_b", "BiasAdd", (y, x + "t"), y, (0, 0, c), {}))
        return self.act(y)

    def deep(self, x, stride=1, **more):
        c, operand = self.channels[x], f"w{next(self.count)}"
        self.weights[operand] = (3, 3, 1, c), self.gauss(9 * c, 0.4)
        self.weights[operand + "b"] = (c,), self.gauss(c, 0.1)
        y = self.add("Conv2D", (x, operand), c, stride=(stride, stride), groups=c, **more)
        self.operations.append((y + "_b", "BiasAdd", (y, operand + "b"), y, (0, 0, c), {}))
        return y

    def grouped(self, x, groups, co):
        operand, ci = f"w{next(self.count)}", self.channels[x] // groups
        self.weights[operand] = (1, 1, ci, co), self.gauss(ci * co, ci ** -0.5)
        return self.add("Conv2D", (x, operand), co, groups=groups)

    def residual(self, x, stride=1):
        c = self.channels[x] if stride == 1 else self.channels[x] + 8
        y = self.conv(self.conv(x, 1, 1, 12, stride), 3, 3, c, relu=False)
        if stride > 1:
            x = self.conv(x, 1, 1, c, stride, relu=False)
        y = self.act(self.add("Add", self.random.sample((x, y), 2), c))
        return self.act(y, "LeakyRelu", alpha=0.5) if self.random.random() < 0.2 else y

    def inverted(self, x, stride=1):
        y = self.act(self.conv(x, 1, 1, 20, relu=False), "Relu6")
        y = self.act(self.deep(y, stride), "Relu6", low=0.0, high=1.5)
        y = self.conv(y, 1, 1, self.channels[x], relu=False)
        return y if stride > 1 else self.add("Add", (x, y), self.channels[x])

    def dense(self, x):
        for _ in range(2):
            y = self.conv(self.conv(self.norm(x), 1, 1, 12), 3, 3, 8, bias=False)
            x = self.add("ConcatV2", (x, y), self.channels[x] + 8)
        y = self.conv(self.norm(x), 1, 1, 16, bias=False)
        return self.add("AvgPool", (y,), 16, ksize=(2, 2), stride=(2, 2), padding="VALID")

    def shuffle(self, x):
        y = self.act(self.grouped(x, 4, 24))
        y = self.deep(self.add("Shuffle", (y,), 24, groups=4), padding="VALID")
        y = self.add("Pad", (y,), 24, padding=((1, 1), (1, 1)))
        self.operations.append((y + "_b", "BiasAdd", (y, f"w{y}b"), y, (0, 0, 24), {}))
        self.weights[f"w{y}b"] = (24,), self.gauss(24, 0.1)
        return self.act(self.add("ConcatV2", (x, self.grouped(y, 4, 24)), self.channels[x] + 24))

    def halves(self, x):
        """ShuffleNet-v2's: one half as it is, the other computed with; and a row and a column less."""
        c = self.channels[x]
        half = c // 2
        one, other = (self.add("Slice", (x,), n, part=part) for n, part in ((half, (0, half)), (
            c - half, (half, c - half))))
        y = self.conv(self.deep(self.conv(other, 1, 1, 14), padding="SAME"), 1, 1, half)
        y = self.add("Shuffle", (self.add("ConcatV2", (one, y), 2 * half),), 2 * half, groups=2)
        y = self.add("Slice", (y,), 2 * half, crop=((1, 0), (0, 1)))
        return self.add("Pad", (y,), 2 * half, padding=((0, 1), (1, 0)))

    def excited(self, x):
        """Factors a channel computed from the means, and x times its own sigmoid."""
        c = self.channels[x]
        means = self.conv(self.conv(self.add("AvgPool", (x,), c), 1, 1, 6), 1, 1, c, relu=False)
        x = self.add("Mul", (x, self.act(means, "Sigmoid")), c)
        y = self.conv(x, 1, 1, 13, relu=False)
        return self.add("Mul", self.random.sample((y, self.add("Sigmoid", (y,), 13)), 2), 13)

    def modern(self, x):
        """ConvNeXt's block."""
        c = self.channels[x]
        y = self.add("LayerNorm", (self.deep(x, padding="SAME"),), c, epsilon=1e-3)
        if self.random.random() < 0.7:
            for kind in ("Scale", "BiasAdd")[self.random.randrange(2):]:
                self.weights[y + kind] = (c,), self.gauss(c, 1.0)
                self.operations.append((y + "_" + kind, kind, (y, y + kind), y, (0, 0, c), {}))
        y = self.conv(y, 1, 1, 4 * c, relu=False)
        y = self.conv(self.add("Gelu", (y,), 4 * c, approximate=self.random.random() < 0.5), 1, 1, c, relu=False)
        return self.add("Add", self.random.sample((x, y), 2), c)

    def factored(self, x):
        pick = self.random.choice
        parts = [self.conv(self.conv(x, 1, 5, 12), 5, 1, pick((8, 19))),
                 self.conv(self.add("AvgPool", (x,), self.channels[x], ksize=(3, 3)), 1, 1, 9),
                 self.add("MaxPool", (x,), self.channels[x], ksize=pick(((3, 3), (5, 5))))]
        return self.add("ConcatV2", parts, sum(self.channels[p] for p in parts))

    def network(self):
        x = self.conv("data", 3, 3, 16, self.random.choice((1, 2)), padding=self.random.choice(("SAME", "VALID")))
        blocks = [self.residual, lambda x: self.residual(x, 2), self.inverted, lambda x: self.inverted(x, 2),
                  self.dense, self.shuffle, self.factored, self.excited, self.halves, self.modern]
        for block in self.random.sample(blocks, 3):
            if block == self.shuffle and self.channels[x] % 4:
                x = self.conv(x, 1, 1, 16)
            x = block(x)
        self.weights["fc"] = (2, 2, self.channels[x], 18), self.gauss(4 * self.channels[x] * 18, 0.1)
        x = self.act(self.add("MatMul", (x, "fc"), 18))
        self.add("Softmax", (x,), 18)
        return self


class Networks(unittest.TestCase):
    """Every tensor and gradient, whole passes and piece by piece, with one and with two threads."""

    def compare(self, seed, name):
        net = Mixture(seed).network()
        h, w = net.random.randint(20, 27), net.random.randint(20, 27)
        stop, data = len(net.operations), net.gauss(h * w * 3, 1.0)
        engines = [deepdream.PythonEngine(net.operations, net.weights, h, w)] + [
            simd.SimdEngine(net.operations, net.weights, h, w, jobs, instruction_set=name) for jobs in (1, 2)]
        slow, fast, pieces = engines
        end = net.random.choice([row[0] for row in net.operations[-8:]])
        for engine in engines:
            engine.write("data", data)
            if engine is fast:
                engine.forward(stop)
            else:
                for number in range(stop):
                    engine.forward(number + 1, number)
        for layer, *_ in net.operations:
            self.assertLess(difference(fast.read(layer), slow.read(layer)), TOLERANCE, (seed, layer))
            self.assertLess(difference(pieces.read(layer), slow.read(layer)), TOLERANCE, (seed, layer))
        towards = net.gauss(len(slow.read(end)), 1.0)
        for engine in engines:
            engine.seed({end: towards})
            if engine is fast:
                engine.backward(stop)
        names = [row[0] for row in net.operations]
        for number in reversed(range(names.index(end) + 1)):
            for engine in (slow, pieces):
                engine.backward(number + 1, number)
            if number:
                layer = names[number - 1]
                self.assertLess(difference(pieces.gradient(layer), slow.gradient(layer)), TOLERANCE, (seed, layer))
        self.assertLess(difference(fast.gradient("data"), slow.gradient("data")), 2 * TOLERANCE, seed)
        for engine in (fast, pieces):
            self.assertTrue(borders_are_zero(engine))
        results = []
        for engine in (fast, pieces):
            engine.forward(stop)
            engine.seed({end: towards})
            engine.backward(stop)
            results.append(engine.gradient("data").tobytes())
            engine.close()
        self.assertEqual(*results)
        slow.close()

    def test_random_ones(self):
        for name in SETS:
            for seed in range(8):
                with self.subTest(seed=seed, instructions=name):
                    self.compare(seed, name)


if __name__ == "__main__":
    unittest.main()
