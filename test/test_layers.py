"""Every layer against its definition written as plain loops in double precision, gradients against finite differences
of those loops, and the whole network against TensorFlow's tensors in this folder.

The loops know nothing of deepdream.py; they are slow, so the pictures are small and of odd sizes on purpose.
"""
import array
import itertools
import math
import os
import random
import signal
import unittest
import unittest.mock

import deepdream

# ---- The definitions: x is a dict (row, column, channel) -> value ----------------------------------------------------

def same(size, kernel, stride):
    out = math.ceil(size / stride)
    return out, max((out - 1) * stride + kernel - size, 0) // 2


def conv2d(x, shape, weights, weight_shape, stride=1):
    (h, w, ci), (kh, kw, _, co) = shape, weight_shape
    (oh, top), (ow, left) = same(h, kh, stride), same(w, kw, stride)
    y = {}
    for i, j, o in itertools.product(range(oh), range(ow), range(co)):
        total = 0.0
        for r, s, c in itertools.product(range(kh), range(kw), range(ci)):
            place = (i * stride - top + r, j * stride - left + s, c)
            if place in x:
                total += x[place] * weights[((r * kw + s) * ci + c) * co + o]
        y[i, j, o] = total
    return y


def max_pool(x, shape, kernel, stride):
    h, w, channels = shape
    (oh, top), (ow, left) = same(h, kernel, stride), same(w, kernel, stride)
    return {(i, j, c): max(x[place] for r in range(kernel) for s in range(kernel)
                           if (place := (i * stride - top + r, j * stride - left + s, c)) in x)
            for i, j, c in itertools.product(range(oh), range(ow), range(channels))}


def lrn(x, radius, alpha, beta, bias):
    near = range(-radius, radius + 1)
    return {(i, j, c): value / (bias + alpha * sum(x.get((i, j, c + d), 0.0) ** 2 for d in near)) ** beta
            for (i, j, c), value in x.items()}


def average(x, shape):
    h, w, channels = shape
    return {(0, 0, c): sum(x[i, j, c] for i in range(h) for j in range(w)) / (h * w) for c in range(channels)}


def softmax(x):
    total = sum(math.exp(v) for v in x.values())
    return {place: math.exp(v) / total for place, v in x.items()}


def as_dict(values, shape):
    return dict(zip(itertools.product(*map(range, shape)), values))


# ---- One operation at a time -----------------------------------------------------------------------------------------

class OneLayer(unittest.TestCase):
    """Runs a table of one operation on random input and compares values and gradients with the definition."""

    def check(self, kind, shape, channels, parameters, definition, weights=None, weight_shape=None, values=None):
        numbers = random.Random(f"{kind} {shape} {channels} {parameters}")
        x = array.array("f", values or [numbers.gauss(0, 1) for _ in range(math.prod(shape))])
        buffer = "data" if kind in ("Relu", "BiasAdd") else "y"
        operand = {"w": (weight_shape, memoryview(array.array("f", weights)))} if weights else {}
        table = [("data", "Placeholder", (), "data", shape, {}),
                 ("y", kind, ("data", "w") if weights else ("data",), buffer, (0, 0, channels), parameters)]
        engine = deepdream.PythonEngine(table, operand, shape[0], shape[1])
        engine.write("data", x)
        engine.forward(2)
        inputs = as_dict(x, shape)
        expected = definition(inputs)
        self.close(engine.read("y"), list(expected.values()))

        towards = [numbers.gauss(0, 1) for _ in expected]
        engine.seed({"y": array.array("f", towards)})
        engine.backward(2)

        def objective(inputs):
            return sum(t * v for t, v in zip(towards, definition(inputs).values()))

        gradient, step = engine.gradient("data"), 1e-5
        places = list(inputs)
        for number in numbers.sample(range(len(places)), min(40, len(places))):
            place = places[number]
            slope = (objective({**inputs, place: inputs[place] + step})
                     - objective({**inputs, place: inputs[place] - step})) / (2 * step)
            self.assertAlmostEqual(gradient[number], slope, delta=2e-6 * max(1.0, abs(slope)) + 1e-6)
        engine.close()

    def close(self, ours, expected):
        self.assertEqual(len(ours), len(expected))
        mean = sum(map(abs, expected)) / len(expected)
        worst = max(abs(a - b) for a, b in zip(ours, expected))
        self.assertLess(worst / mean, 1e-6)     # measured: 3e-7, the rounding to float32

    def test_convolutions(self):
        numbers = random.Random(1)
        for kernel, stride, shape, co in ((1, 1, (3, 4, 5), 4), (3, 1, (5, 4, 2), 3), (5, 1, (4, 7, 2), 2),
                                          (7, 2, (8, 8, 3), 4), (7, 2, (9, 11, 3), 2), (3, 2, (6, 5, 2), 3),
                                          (5, 1, (2, 1, 3), 2), (7, 2, (5, 4, 2), 3), (2, 3, (7, 8, 1), 2)):
            with self.subTest(kernel=kernel, stride=stride, shape=shape):
                weight_shape = (kernel, kernel, shape[2], co)
                weights = [numbers.gauss(0, 0.3) for _ in range(math.prod(weight_shape))]
                rounded = list(array.array("f", weights))
                self.check("Conv2D", shape, co, {"stride": (stride, stride)},
                           lambda x: conv2d(x, shape, rounded, weight_shape, stride), weights, weight_shape)

    def test_bias(self):
        biases = [0.5, -0.25, 2.0]
        self.check("BiasAdd", (3, 2, 3), 3, {}, lambda x: {p: v + biases[p[2]] for p, v in x.items()}, biases, (3,))

    def test_relu(self):
        self.check("Relu", (4, 3, 2), 2, {}, lambda x: {p: max(v, 0.0) for p, v in x.items()})

    def test_max_pool(self):
        for kernel, stride, shape in ((3, 2, (8, 8, 2)), (3, 2, (7, 9, 3)), (3, 1, (5, 6, 2)), (3, 2, (1, 2, 4)),
                                      (2, 2, (5, 5, 1))):
            with self.subTest(kernel=kernel, stride=stride, shape=shape):
                self.check("MaxPool", shape, shape[2], {"ksize": (kernel, kernel), "stride": (stride, stride)},
                           lambda x: max_pool(x, shape, kernel, stride))

    def test_lrn(self):
        """A radius of 0, each channel by itself, is left to this engine."""
        for channels, radius in ((1, 2), (2, 2), (5, 2), (8, 2), (1, 0), (5, 0)):
            with self.subTest(channels=channels, radius=radius):
                self.check("LRN", (2, 3, channels), channels,
                           {"depth_radius": radius, "alpha": 0.3, "beta": 0.75, "bias": 1.0},
                           lambda x: lrn(x, radius, 0.3, 0.75, 1.0))

    def test_average_pool(self):
        self.check("AvgPool", (3, 5, 4), 4, {}, lambda x: average(x, (3, 5, 4)))

    def test_matmul(self):
        weights = list(array.array("f", [math.sin(i) for i in range(6 * 5)]))
        self.check("MatMul", (1, 1, 6), 5, {}, lambda x: {
            (0, 0, o): sum(x[0, 0, i] * weights[i * 5 + o] for i in range(6)) for o in range(5)}, weights, (1, 1, 6, 5))

    def test_softmax(self):
        self.check("Softmax", (1, 1, 7), 7, {}, softmax)

    def test_softmax_of_large_numbers(self):
        table = [("data", "Placeholder", (), "data", (1, 1, 3), {}), ("y", "Softmax", ("data",), "y", (1, 1, 3), {})]
        engine = deepdream.PythonEngine(table, {}, 1, 1)
        engine.write("data", array.array("f", [1000.0, 1000.0, -1000.0]))
        engine.forward(2)
        self.assertEqual(engine.read("y").tolist(), [0.5, 0.5, 0.0])


class Rules(unittest.TestCase):
    """Where definitions leave a choice, we choose as the original."""

    def test_the_first_maximum_gets_the_whole_gradient(self):
        table = [("data", "Placeholder", (), "data", (2, 2, 1), {}),
                 ("y", "MaxPool", ("data",), "y", (1, 1, 1), {"ksize": (3, 3), "stride": (2, 2)})]
        for values, expected in (([1, 1, 1, 1], [5, 0, 0, 0]), ([0, 2, 2, 1], [0, 5, 0, 0]),
                                 ([0, 0, 3, 3], [0, 0, 5, 0])):
            engine = deepdream.PythonEngine(table, {}, 2, 2)
            engine.write("data", array.array("f", values))
            engine.forward(2)
            engine.seed({"y": array.array("f", [5.0])})
            engine.backward(2)
            self.assertEqual(engine.gradient("data").tolist(), expected)

    def test_no_gradient_where_relu_gives_zero(self):
        table = [("data", "Placeholder", (), "data", (1, 3, 1), {}), ("y", "Relu", ("data",), "data", (1, 3, 1), {})]
        engine = deepdream.PythonEngine(table, {}, 1, 3)
        engine.write("data", array.array("f", [0.0, -1.0, 2.0]))
        engine.forward(2)
        engine.seed({"y": array.array("f", [7.0, 7.0, 7.0])})
        engine.backward(2)
        self.assertEqual(engine.gradient("data").tolist(), [0.0, 0.0, 7.0])

    def test_zero_picture_and_zero_weights(self):
        table = [("data", "Placeholder", (), "data", (3, 3, 1), {}),
                 ("y", "Conv2D", ("data", "w"), "y", (3, 3, 2), {})]
        zeros = memoryview(array.array("f", bytes(4 * 18)))
        engine = deepdream.PythonEngine(table, {"w": ((3, 3, 1, 2), zeros)}, 3, 3)
        engine.forward(2)
        engine.seed({"y": None})
        engine.backward(2)
        self.assertEqual(set(engine.read("y")) | set(engine.gradient("data")), {0.0})

    def test_damaged_weights_are_named(self):
        table = [("data", "Placeholder", (), "data", (3, 3, 1), {}),
                 ("y", "Conv2D", ("data", "w"), "y", (3, 3, 1), {})]
        for bad in (math.inf, math.nan):
            weights = memoryview(array.array("f", [bad] * 9))
            engine = deepdream.PythonEngine(table, {"w": ((3, 3, 1, 1), weights)}, 3, 3)
            engine.write("data", array.array("f", [1.0] * 9))
            with self.assertRaisesRegex(deepdream.DeepDreamError, "weights are damaged"):
                engine.forward(2)


class Branches(unittest.TestCase):
    """A tensor with several readers gathers their gradients; what cannot matter to the target stays out."""

    TABLE = [("data", "Placeholder", (), "data", (6, 5, 2), {}),
             ("a", "Conv2D", ("data", "wa"), "a", (6, 5, 3), {}),
             ("a_relu", "Relu", ("a",), "a", (6, 5, 3), {}),
             ("b", "MaxPool", ("data",), "b", (6, 5, 2), {"ksize": (3, 3)}),
             ("both", "ConcatV2", ("a", "b"), "both", (6, 5, 5), {}),
             ("dead", "Conv2D", ("data", "wa"), "dead", (6, 5, 3), {}),
             ("end", "Conv2D", ("both", "wb"), "end", (6, 5, 2), {})]

    def engine(self, jobs):
        numbers = random.Random(7)
        operands = {name: (shape, memoryview(array.array("f", [numbers.gauss(0, 0.4)
                                                               for _ in range(math.prod(shape))])))
                    for name, shape in (("wa", (3, 3, 2, 3)), ("wb", (1, 1, 5, 2)))}
        engine = deepdream.PythonEngine(self.TABLE, operands, 6, 5, jobs)
        engine.write("data", array.array("f", [numbers.gauss(0, 1) for _ in range(60)]))
        self.operands = {name: list(values) for name, (_, values) in operands.items()}
        return engine

    def definition(self, x):
        a = {p: max(v, 0.0) for p, v in conv2d(x, (6, 5, 2), self.operands["wa"], (3, 3, 2, 3)).items()}
        b = max_pool(x, (6, 5, 2), 3, 1)
        both = dict(sorted({**a, **{(i, j, c + 3): v for (i, j, c), v in b.items()}}.items()))
        return conv2d(both, (6, 5, 5), self.operands["wb"], (1, 1, 5, 2))

    def test_objective_of_the_dream(self):
        engine = self.engine(1)
        x = as_dict(engine.read("data"), (6, 5, 2))
        engine.forward(7)
        engine.seed({"end": None})
        engine.backward(7)
        gradient = engine.gradient("data")
        for number, place in enumerate(x):
            up, down = (sum(v * v for v in self.definition({**x, place: x[place] + e}).values()) / 2
                        for e in (1e-5, -1e-5))
            self.assertAlmostEqual(gradient[number], (up - down) / 2e-5, delta=1e-5)
        self.assertEqual(set(engine.gradient("dead")), {0.0})

    def test_two_engines_with_processes(self):
        first, second = self.engine(2), self.engine(2)
        first.forward(7)
        second.forward(7)
        first.close()
        second.close()

    def test_an_interrupted_pass_does_not_spoil_the_next(self):
        engine = self.engine(3)
        engine.forward(7)
        expected = engine.read("end")

        def interrupt(*_):
            raise KeyboardInterrupt
        broken = deepdream.KINDS["Conv2D"]._replace(run=interrupt)
        with unittest.mock.patch.dict(deepdream.KINDS, Conv2D=broken), self.assertRaises(KeyboardInterrupt):
            engine.forward(7)
        self.assertEqual(engine.workers.children, [])
        engine.forward(7)
        self.assertEqual(engine.read("end"), expected)
        engine.close()

    def test_a_killed_process_is_told(self):
        engine = self.engine(2)
        engine.forward(7)
        os.kill(engine.workers.children[0], signal.SIGKILL)
        with self.assertRaisesRegex(deepdream.DeepDreamError, "worker process died"):
            for _ in range(2):
                engine.forward(7)
        engine.forward(7)
        engine.close()

    @unittest.skipUnless(hasattr(os, "fork"), "one process only")
    def test_no_room_for_processes(self):
        engine = self.engine(3)
        with unittest.mock.patch("os.fork", side_effect=OSError):
            engine.forward(7)
        self.assertEqual(engine.workers.children, [])

    def test_in_pieces_and_with_any_number_of_processes(self):
        results = []
        for jobs in (1, 2, 3, 9):
            engine = self.engine(jobs)
            for number in range(7):
                engine.forward(number + 1, number)
            engine.seed({"end": None})
            for number in reversed(range(7)):
                engine.backward(number + 1, number)
            results.append((engine.read("end").tobytes(), engine.gradient("data").tobytes()))
            engine.close()
        self.assertEqual(len(set(results)), 1)


if __name__ == "__main__":
    unittest.main()
