"""The machine-code engine on networks that are not Inception: seeds at several layers, strides, classifiers of maps.

The gradient of several seeds is the sum of the gradients of each; that of one is compared with the Python engine's or,
where that is in doubt, with finite differences.
"""

import array
import math
import random
import unittest

from test_simd import REFUSED, SETS, TOLERANCE, Builder, borders_are_zero, difference

import deepdream
from deepdream_extras import simd


def make(net, h, w, name="", jobs=2):
    return simd.SimdEngine(net.operations, net.weights, h, w, jobs, instruction_set=name)


def draw_seed(net, shape):
    """One of the three kinds."""
    kind = net.random.randrange(3)
    if kind == 0:
        return None
    if kind == 1:
        return deepdream.Factors([net.random.choice((0.0, 1.0, -2.0, 0.5)) for _ in range(shape[2])])
    return net.gauss(math.prod(shape), 1.0)


def scaled(values, read):
    """What a seed is as plain numbers."""
    if values is None:
        return read
    if isinstance(values, deepdream.Factors):
        return [v * values[i % len(values)] for i, v in enumerate(read)]
    return values


@unittest.skipIf(REFUSED, REFUSED)
class Seeds(unittest.TestCase):
    def compare(self, seed, name):
        net = Builder(seed).network()
        pick = net.random
        h, w = pick.randint(6, 24), pick.randint(6, 24)
        engine, names = make(net, h, w, name), [row[0] for row in net.operations]
        engine.write("data", net.gauss(h * w * 3, 1.0))
        engine.forward(len(names))
        last = {row[3]: row[0] for row in net.operations}    # who wrote last into each buffer
        seeds = {}
        end = pick.randint(2, len(names))    # also in the midst of a block, so that branches have no other gradient
        for number in sorted(pick.sample(range(end), min(end, pick.randint(2, 9)))):
            layer = names[number]
            values = draw_seed(net, engine.shapes[layer])
            if not isinstance(values, array.array) and last[net.operations[number][3]] != layer:
                later = last[net.operations[number][3]]
                with self.assertRaisesRegex(ValueError, f"{layer}: {later} took the place"):
                    engine.seed({layer: values})
                values = net.gauss(math.prod(engine.shapes[layer]), 1.0)
            seeds[layer] = values
        stop = max(engine.numbers[layer] for layer in seeds) + 1

        # where a gradient may be read in the midst of a pass, see the class
        whole = {row[3] for row in net.operations if row[1] == "ConcatV2"}
        expected = {}
        for layer, values in seeds.items():
            engine.seed({layer: array.array("f", scaled(values, engine.read(layer)))})
            for number in reversed(range(stop)):
                engine.backward(number + 1, number)
                key = names[max(number - 1, 0)], number
                found = engine.gradient(key[0])
                if engine.numbers[layer] < number - 1:    # of two names of one buffer, the walk is not at this one yet
                    found = [0.0] * len(found)
                expected[key] = [a + b for a, b in zip(expected.get(key, [0.0] * len(found)), found)]

        def close(got, key, what):
            want = expected[key]
            if any(want) or any(got):
                self.assertLess(difference(got, want), TOLERANCE, (seed, key, what, list(seeds)))

        pieces = sorted({0, stop, *(pick.randrange(stop) for _ in range(4))}, reverse=True)
        for what, ends in (("whole", [stop, 0]), ("pieces", pieces), ("one by one", list(range(stop, -1, -1)))):
            for _ in range(2):    # the tapes of the second time are those of the first
                engine.seed(seeds)
                for end, start in zip(ends, ends[1:]):
                    engine.backward(end, start)
                    if start and net.operations[start - 1][3] not in whole:
                        close(engine.gradient(names[start - 1]), (names[start - 1], start), what)
                close(engine.gradient("data"), ("data", 0), what)
        self.assertTrue(borders_are_zero(engine), seed)
        engine.seed({})
        engine.backward(stop)
        self.assertFalse(any(engine.gradient("data")))
        engine.close()

    def test_the_sum_of_single_seeds(self):
        for seed in range(60):
            for name in SETS:
                with self.subTest(seed=seed, instructions=name):
                    self.compare(1000 + seed, name)

    def test_against_python(self):
        """The same seeds at once in both engines."""
        for seed in range(8):
            net = Builder(2000 + seed).network()
            engines = [deepdream.PythonEngine(net.operations, net.weights, 12, 15), make(net, 12, 15)]
            names = [row[0] for row in net.operations]
            data = net.gauss(12 * 15 * 3, 1.0)
            for engine in engines:
                engine.write("data", data)
                engine.forward(len(names))
            seeds = {layer: net.gauss(math.prod(engines[0].shapes[layer]), 1.0)
                     for layer in net.random.sample(names, min(len(names), 5))}
            seeds[names[-1]] = None
            for engine in engines:
                engine.seed(seeds)
                engine.backward(len(names))
            with self.subTest(seed=seed):
                self.assertLess(difference(engines[1].gradient("data"), engines[0].gradient("data")), TOLERANCE)
            for engine in engines:
                engine.close()

    def test_finite_differences(self):
        """The slope of what the seeds stand for, along some directions, as differences of values say it: the sum of
        layer * values, layer^2 / 2, and factor * layer^2 / 2. The middle one of five: where a ReLU or a maximum turns
        over on the way, there is none."""
        for seed in range(4):
            net = Builder(seed)
            x = net.conv("data", 3, 3, 9)
            y = net.block(x)
            z = net.conv(y, 3, 3, 10)
            engine = make(net, 9, 11)
            last = {row[3]: row[0] for row in net.operations}
            parts = next(row for row in net.operations if row[0] == y)[2]
            seeds = {last[z]: None, last[y]: deepdream.Factors([net.random.uniform(-1, 1) for _ in
                                                                range(net.channels[y])]),
                     last[parts[1]]: net.gauss(99 * net.channels[parts[1]], 1.0), last[x]: None}

            def loss(data):
                engine.write("data", array.array("f", data))
                engine.forward(len(net.operations))
                total = []
                for layer, values in seeds.items():
                    read = engine.read(layer)
                    share = 1.0 if isinstance(values, array.array) else 0.5
                    total += [share * a * b for a, b in zip(scaled(values, read), read)]
                return math.fsum(total)

            data = net.gauss(297, 1.0)
            loss(data)
            engine.seed(seeds)
            engine.backward(len(net.operations))
            gradient = engine.gradient("data")
            errors = []
            for _ in range(5):
                way, step = net.gauss(297, 1.0), 1e-3
                slope = math.fsum(a * b for a, b in zip(gradient, way))
                there, back = (loss([v + sign * step * d for v, d in zip(data, way)]) for sign in (1, -1))
                size = math.sqrt(math.fsum(g * g for g in gradient))
                errors.append(abs((there - back) / 2 / step - slope) / size)
            with self.subTest(seed=seed):
                self.assertLess(sorted(errors)[2], 2e-2, errors)
            engine.close()

    def test_threads_do_not_matter(self):
        net = Builder(3).network()
        stop, results = len(net.operations), []
        for jobs in (1, 2, 3):
            engine = make(net, 20, 20, jobs=jobs)
            engine.write("data", array.array("f", random.Random(1).choices(range(-100, 100), k=1200)))
            engine.forward(stop)
            engine.seed({row[0]: array.array("f", [0.5]) * math.prod(engine.shapes[row[0]])
                         for row in net.operations[1::3]})
            engine.backward(stop)
            results.append(engine.gradient("data"))
            engine.close()
        self.assertTrue(results[0] == results[1] == results[2])


@unittest.skipIf(REFUSED, REFUSED)
class Layers(unittest.TestCase):
    def compare(self, net, h, w, what=""):
        """Values and input gradient against the Python engine's one by one, at every layer."""
        for name in SETS:
            engines = [deepdream.PythonEngine(net.operations, net.weights, h, w), make(net, h, w, name)]
            data = net.gauss(math.prod(engines[0].shapes["data"]), 1.0)
            end = net.operations[-1][0]
            for engine in engines:
                engine.write("data", data)
                engine.forward(len(net.operations))
                engine.seed({end: None})
                engine.backward(len(net.operations))
            for layer, *_ in net.operations:
                self.assertLess(difference(engines[1].read(layer), engines[0].read(layer)), TOLERANCE, (what, layer))
            self.assertLess(difference(engines[1].gradient("data"), engines[0].gradient("data")), TOLERANCE, what)
            self.assertTrue(borders_are_zero(engines[1]))
            for engine in engines:
                engine.close()

    def plain_convolution(self, data, weights, h, w, ci, co, kernel, stride, towards):
        """(y, dx) of a SAME convolution, by its definition."""
        (kh, kw), (down, across) = kernel, stride
        rows, columns = -(-h // down), -(-w // across)
        top = max((rows - 1) * down + kh - h, 0) // 2
        left = max((columns - 1) * across + kw - w, 0) // 2
        y, dx = [0.0] * (rows * columns * co), [0.0] * (h * w * ci)
        for o in range(rows):
            for p in range(columns):
                for i in range(kh):
                    for j in range(kw):
                        row, column = o * down - top + i, p * across - left + j
                        if not (0 <= row < h and 0 <= column < w):
                            continue
                        for c in range(ci):
                            for d in range(co):
                                weight = weights[((i * kw + j) * ci + c) * co + d]
                                y[(o * columns + p) * co + d] += data[(row * w + column) * ci + c] * weight
                                dx[(row * w + column) * ci + c] += towards[(o * columns + p) * co + d] * weight
        return y, dx

    def test_strides_and_kernels(self):
        """Any of two strides and two sides of a kernel, also a stride larger than the kernel."""
        dice = random.Random(5)
        for kernel in ((1, 1), (1, 3), (3, 1), (3, 3), (5, 2), (2, 7)):
            for stride in ((1, 1), (2, 1), (1, 2), (3, 2), (2, 2), (2, 5)):
                net = Builder(dice.randrange(1000))
                h, w, co = dice.randint(5, 9), dice.randint(5, 11), dice.choice((5, 8, 11))
                net.conv("data", *kernel, co, stride, bias=False)
                for name in SETS:
                    with self.subTest(kernel=kernel, stride=stride, h=h, w=w, instructions=name):
                        engine = make(net, h, w, name)
                        layer = net.operations[-1][0]
                        data = net.gauss(h * w * 3, 1.0)
                        towards = net.gauss(math.prod(engine.shapes[layer]), 1.0)
                        engine.write("data", data)
                        engine.forward(2)
                        engine.seed({layer: towards})
                        engine.backward(2)
                        (_, weights), = net.weights.values()
                        y, dx = self.plain_convolution(data, weights, h, w, 3, co, kernel, stride, towards)
                        self.assertLess(difference(engine.read(layer), y), TOLERANCE)
                        self.assertLess(difference(engine.gradient("data"), dx), TOLERANCE)
                        self.assertTrue(borders_are_zero(engine))
                        engine.close()

    def test_strided_convolutions_inside(self):
        """Of maps that others read too, in front of concatenations and behind them."""
        for seed in range(6):
            net = Builder(seed)
            pick = net.random.choice
            x = net.conv("data", 3, 3, 9)
            y = net.block(x)
            z = net.conv(y, 3, pick((1, 3)), 12, pick(((2, 1), (1, 2), (3, 2))))
            net.conv(net.block(z), 1, 1, 7, (2, 2))
            if all(self.is_same(row) for row in net.operations):
                self.compare(net, 13, 17, seed)

    @staticmethod
    def is_same(row):
        """Whether the Python engine computes it right: strides in both directions the same."""
        return len(set(row[5].get("stride", (1, 1)))) == 1

    def test_product_of_a_map(self):
        """A MatMul whose input is h x w x c, as the first classifier of VGG: values and gradient, by the definition;
        on a map by itself, with borders that other layers want, and on a part of a concatenation."""
        for what, (h, w) in (("alone", (3, 5)), ("borders", (4, 3)), ("part", (4, 4)), ("one pixel", (1, 1)),
                             ("many", (7, 7))):
            for name in SETS:
                net = Builder(11)
                x = net.conv("data", 1, 1, 90 if what == "many" else 13, relu=False)
                if what == "borders":
                    net.conv(x, 5, 5, 4)
                if what == "part":
                    x = net.add("ConcatV2", (x, net.conv("data", 1, 1, 6)), 19)
                c, co = net.channels[x], 37
                net.weights["fc"] = (h * w * c, co), net.gauss(h * w * c * co, 0.2)
                y = net.add("MatMul", (x, "fc"), co)
                net.weights["fcb"] = (co,), net.gauss(co, 0.1)
                net.operations.append((y + "_b", "BiasAdd", (y, "fcb"), y, (1, 1, co), {}))
                net.operations.append((y + "_r", "Relu", (y,), y, (1, 1, co), {}))
                engine = make(net, h, w, name)
                engine.write("data", net.gauss(h * w * 3, 1.0))
                stop = len(net.operations)
                engine.forward(stop)
                values, weights, towards = engine.read(x), net.weights["fc"][1], net.gauss(co, 1.0)
                sums = [net.weights["fcb"][1][d] + math.fsum(v * weights[i * co + d] for i, v in enumerate(values))
                        for d in range(co)]
                with self.subTest(what=what, instructions=name):
                    self.assertLess(difference(engine.read(y), [max(s, 0.0) for s in sums]), TOLERANCE)
                    engine.seed({y + "_r": towards})
                    engine.backward(stop, engine.numbers[x] + 1)
                    masked = [t if s > 0.0 else 0.0 for t, s in zip(towards, sums)]
                    expected = [math.fsum(map(float.__mul__, masked, map(float, weights[i * co:(i + 1) * co])))
                                for i in range(len(values))]
                    self.assertLess(difference(engine.gradient(x), expected), TOLERANCE)
                    self.assertTrue(borders_are_zero(engine))
                engine.close()

    def test_masks_in_passing(self):
        """A ReLU whose map a concatenation copies, and a convolution reads only after that."""
        for seed in range(4):
            net = Builder(seed)
            x = net.conv("data", 3, 3, 8)
            y = net.add("ConcatV2", (net.conv("data", 1, 1, 5), x), 13)
            z = net.conv(x, 3, 3, 6)
            net.conv(net.add("ConcatV2", (y, z), 19), 1, 1, 4)
            self.compare(net, 9, 10, seed)

    def test_softmax_of_a_map(self):
        net = Builder(2)
        net.add("Softmax", (net.conv("data", 3, 3, 11, relu=False),), 11)
        engine = make(net, 5, 6)
        engine.write("data", net.gauss(90, 1.0))
        engine.forward(len(net.operations))
        x, y = engine.read(net.operations[-2][0]), engine.read(net.operations[-1][0])
        towards = net.gauss(330, 1.0)
        engine.seed({net.operations[-1][0]: towards})
        engine.backward(4, 3)
        dx = engine.gradient(net.operations[-2][0])
        for at in range(0, 330, 11):
            powers = [math.exp(v) for v in x[at:at + 11]]
            expected = [p / math.fsum(powers) for p in powers]
            self.assertLess(difference(y[at:at + 11], expected), 1e-5)
            mean = math.fsum(e * t for e, t in zip(expected, towards[at:at + 11]))
            self.assertLess(difference(dx[at:at + 11], [e * (t - mean) for e, t in
                                                        zip(expected, towards[at:at + 11])]), 1e-5)
        engine.close()


# ---- What cannot be computed -----------------------------------------------------------------------------------------

@unittest.skipIf(REFUSED, REFUSED)
class Cannot(unittest.TestCase):
    """Every parameter that is not honoured is refused by name, before anything is planned."""

    def says(self, pattern, change):
        net = Builder(1)
        net.conv("data", 3, 3, 8)
        change(net)
        reason = simd.SimdEngine.cannot(net.operations, net.weights)
        self.assertRegex(reason, rf"\A\S+: {pattern}")
        with self.assertRaises(ValueError) as caught:
            make(net, 8, 8)
        self.assertEqual(str(caught.exception), reason)

    def test_networks_that_can(self):
        import inception_graph
        weights = {name: (shape, ()) for name, _, shape in inception_graph.WEIGHTS}
        self.assertEqual(simd.SimdEngine.cannot(inception_graph.OPERATIONS, weights), "")
        for seed in range(50):
            net = Builder(seed).network()
            self.assertEqual(simd.SimdEngine.cannot(net.operations, net.weights), "")
        net = Builder(0)
        net.operations[0][5].update(padding="SAME", dilations=[1, 1], data_format="NHWC")
        self.assertEqual(simd.SimdEngine.cannot(net.operations, net.weights), "")

    def test_each(self):
        def with_weights(kind, shape, channels, **parameters):
            def change(net):
                net.weights["odd"] = shape, net.gauss(math.prod(shape), 1.0)
                net.add(kind, ("Conv2D_2", "odd"), channels, **parameters)
            return change

        def layer(kind, channels=8, **parameters):
            return lambda net: net.add(kind, ("Conv2D_2",), channels, **parameters)

        norm = dict(depth_radius=2, alpha=0.1, beta=0.75, bias=1.0)
        for pattern, change in (
                ("Elu is no kind of layer", layer("Elu")),
                (r"Conv2D with dilations \(2, 2\)", with_weights("Conv2D", (3, 3, 8, 4), 4, dilations=(2, 2))),
                ("Conv2D with weights 3 x 3 x 8 x 4; expected any x any x 4 x 4",
                 with_weights("Conv2D", (3, 3, 8, 4), 4, groups=2)),
                ("Conv2D of 8 to 4 channels in 3 groups", with_weights("Conv2D", (3, 3, 8, 4), 4, groups=3)),
                ("Conv2D with weights 3 x 3 x 4 x 4; expected any x any x 8 x 4",
                 with_weights("Conv2D", (3, 3, 4, 4), 4)),
                ("Conv2D with 1 layers and 0 weights", layer("Conv2D")),
                (r"MaxPool with dilation \(2, 2\)", layer("MaxPool", ksize=(2, 2), dilation=(2, 2))),
                ("MaxPool from 8 to 7 channels", layer("MaxPool", 7, ksize=(2, 2))),
                (r"Pad with padding \(\(-1, 0\)", layer("Pad", padding=((-1, 0), (0, 0)))),
                ("Add with 1 layers and 0 weights as inputs; expected 2", layer("Add")),
                ("Clip from 1.0 to 0.0", layer("Clip", low=1.0, high=0.0)),
                ("Shuffle of 8 channels in 3 groups", layer("Shuffle", groups=3)),
                ("Slice of channels 3 to 9 of 8 as 6", layer("Slice", 6, part=(3, 6))),
                (r"Slice without \(\(-1, 0\)", layer("Slice", crop=((-1, 0), (0, 0)))),
                ("LRN with beta 0.6", layer("LRN", **{**norm, "beta": 0.6})),
                ("LRN with depth_radius 40", layer("LRN", **{**norm, "depth_radius": 40})),
                ("LRN with bias 0 ", layer("LRN", **{**norm, "bias": 0})),
                ("LRN without alpha", layer("LRN", depth_radius=2, beta=0.75, bias=1.0)),
                ("MatMul with 9 rows of weights for a map of 8", with_weights("MatMul", (9, 4), 4)),
                ("MatMul with transpose_b True", with_weights("MatMul", (8, 4), 4, transpose_b=True)),
                ("MatMul with weights 8 x 5; expected any x 4", with_weights("MatMul", (8, 5), 4)),
                ("ConcatV2 of 8 channels to 9", layer("ConcatV2", 9)),
                ("Softmax from 8 to 7 channels", layer("Softmax", 7)),
                ("its input nowhere is neither", lambda net: net.add("Relu", ("nowhere",), 8)),
                ("LRN in the memory of its input", lambda net: net.operations.append(
                    ("odd", "LRN", ("Conv2D_2",), "Conv2D_2", (0, 0, 8), norm))),
                ):
            with self.subTest(pattern):
                self.says(pattern, change)

    def test_maps_of_the_wrong_size(self):
        net = Builder(1)
        net.weights["fc"] = (4 * 4 * 3, 5), net.gauss(240, 1.0)
        net.add("MatMul", ("data", "fc"), 5)
        make(net, 4, 4).close()
        with self.assertRaisesRegex(deepdream.DeepDreamError, r"MatMul_1: weights \[\[48, 5\]\] for an input of"):
            make(net, 5, 4)

    def test_two_inputs(self):
        net = Builder(1)
        net.operations.append(("more", "Placeholder", (), "more", (0, 0, 3), {}))
        self.assertIn("2 inputs (data, more)", simd.SimdEngine.cannot(net.operations, net.weights))


if __name__ == "__main__":
    unittest.main()
