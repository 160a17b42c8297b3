"""The kinds of layers beyond Inception-V1's, in the Python engine.

Each against its definition written as plain loops in double precision, its gradient against finite differences of those
loops; and both against PyTorch, if that is there. The definitions know nothing of deepdream.py. A picture is a dict
(row, column, channel) -> value. Sizes are odd, paddings uneven on purpose.
"""
import array
import itertools
import math
import random
import unittest

import deepdream

try:
    import torch
except ImportError:
    torch = None


# ---- The definitions -------------------------------------------------------------------------------------------------

def places(size, kernel, stride, padding, ceil=False):
    """(how many windows, where the first begins) along one axis"""
    if padding == "SAME":
        out = math.ceil(size / stride)
        return out, -(max((out - 1) * stride + kernel - size, 0) // 2)
    before, after = (0, 0) if padding == "VALID" else padding
    out = 1
    while out * stride + kernel <= size + before + after:
        out += 1
    if ceil and (out - 1) * stride + kernel < size + before + after and out * stride < size + before:
        out += 1
    return out, -before


def both(shape, kernel, p):
    padding = p.get("padding", "SAME")
    return [places(size, length, step, sides, p.get("ceil", False)) for size, length, step, sides in
            zip(shape, kernel, p.get("stride", (1, 1)), [padding] * 2 if isinstance(padding, str) else padding)]


def conv2d(x, shape, p, weights, weight_shape):
    kh, kw, ci, co = weight_shape
    (down, across), (apart, beside), groups = p.get("stride", (1, 1)), p.get("dilation", (1, 1)), p.get("groups", 1)
    (oh, top), (ow, left) = both(shape, ((kh - 1) * apart + 1, (kw - 1) * beside + 1), p)
    y = {}
    for i, j, o in itertools.product(range(oh), range(ow), range(co)):
        first = o // (co // groups) * ci
        y[i, j, o] = math.fsum(
            x.get((i * down + top + r * apart, j * across + left + s * beside, first + c), 0.0)
            * weights[((r * kw + s) * ci + c) * co + o] for r, s, c in itertools.product(*map(range, (kh, kw, ci))))
    return y


def cells(x, i, j, c, shape, p):
    """The numbers of a pool's window, and how many it has with the padding."""
    h, w, _ = shape
    kernel, (down, across) = p.get("ksize", shape[:2]), p.get("stride", (1, 1))
    if "ksize" not in p:
        p = {"padding": "VALID"}
    (_, top), (_, left) = both(shape, kernel, p)
    padding = p.get("padding", "SAME")
    below, right = (0, 0) if padding == "VALID" else (99, 99) if padding == "SAME" else (padding[0][1], padding[1][1])
    window = list(itertools.product(range(i * down + top, min(i * down + top + kernel[0], h + below)),
                                    range(j * across + left, min(j * across + left + kernel[1], w + right))))
    return [x[r, s, c] for r, s in window if (r, s, c) in x], len(window)


def pool(x, shape, p):
    (oh, _), (ow, _) = both(shape, p["ksize"], p) if "ksize" in p else ((1, 0), (1, 0))
    return itertools.product(range(oh), range(ow), range(shape[2]))


def max_pool(x, shape, p):
    return {place: max(cells(x, *place, shape, p)[0]) for place in pool(x, shape, p)}


def average_pool(x, shape, p):
    def mean(inside, count):
        return math.fsum(inside) / (count if p.get("count_pad") else len(inside))
    return {place: mean(*cells(x, *place, shape, p)) for place in pool(x, shape, p)}


def as_dict(values, shape):
    return dict(zip(itertools.product(*map(range, shape)), values))


# ---- What is tried, here and in test_simd_kinds.py -------------------------------------------------------------------

CONVOLUTIONS = [    # (h, w, c), weights, parameters
    ((7, 9, 3), (3, 3, 3, 5), {"padding": "VALID"}),
    ((6, 7, 4), (1, 7, 4, 3), {}),
    ((8, 5, 4), (7, 1, 4, 3), {"padding": "SAME"}),
    ((9, 7, 3), (3, 2, 3, 4), {"padding": "VALID", "stride": (2, 1)}),
    ((9, 8, 3), (7, 7, 3, 4), {"padding": ((3, 3), (3, 3)), "stride": (2, 2)}),
    ((7, 8, 9), (3, 3, 9, 4), {"padding": ((0, 1), (0, 1)), "stride": (2, 2)}),
    ((5, 6, 10), (1, 1, 10, 4), {"stride": (2, 2), "padding": "VALID"}),
    ((7, 1, 3), (3, 3, 3, 4), {"stride": (3, 3)}),          # narrower than a stride
    ((2, 2, 3), (5, 5, 3, 4), {"stride": (4, 4)}),
    ((2, 2, 3), (3, 2, 3, 4), {"padding": ((3, 2), (3, 2)), "stride": (7, 7)}),     # it sees nothing
    ((4, 5, 2), (1, 1, 2, 3), {"padding": ((1, 1), (1, 2))}),
    ((5, 4, 9), (2, 2, 9, 3), {"padding": ((3, 2), (0, 4))}),
    ((8, 9, 3), (3, 3, 3, 4), {"dilation": (2, 2)}),
    ((9, 9, 3), (3, 2, 3, 4), {"dilation": (2, 3), "padding": ((1, 2), (3, 0)), "stride": (1, 2)}),
    ((6, 5, 6), (3, 3, 3, 4), {"groups": 2}),
    ((7, 6, 12), (1, 1, 4, 9), {"groups": 3}),
    ((7, 7, 12), (3, 3, 4, 6), {"groups": 3, "stride": (2, 2), "padding": "VALID"}),
    ((6, 7, 5), (3, 3, 1, 5), {"groups": 5}),
    ((7, 9, 11), (3, 3, 1, 11), {"groups": 11, "stride": (2, 2)}),
    ((9, 8, 4), (3, 5, 1, 4), {"groups": 4, "stride": (2, 1), "padding": ((0, 1), (2, 0))}),
    ((6, 7, 3), (3, 3, 1, 6), {"groups": 3, "padding": "VALID"}),
    ((9, 7, 3), (3, 3, 1, 3), {"groups": 3, "dilation": (2, 2)}),
]
POOLS = [           # (h, w, c), parameters
    ((6, 7, 3), {"ksize": (2, 2), "stride": (2, 2), "padding": "VALID"}),
    ((8, 9, 2), {"ksize": (3, 3), "stride": (2, 2), "padding": "VALID"}),
    ((6, 7, 2), {"ksize": (3, 3), "stride": (1, 1), "padding": "VALID"}),
    ((7, 8, 3), {"ksize": (3, 3), "stride": (2, 2), "padding": ((1, 1), (1, 1))}),
    ((8, 6, 3), {"ksize": (3, 3), "stride": (2, 2), "padding": ((0, 0), (0, 0)), "ceil": True}),
    ((8, 6, 3), {"ksize": (3, 3), "stride": (2, 2), "padding": ((1, 0), (0, 1)), "ceil": True}),
    ((9, 7, 2), {"ksize": (5, 4), "stride": (1, 2)}),
    ((7, 9, 2), {"ksize": (1, 3), "stride": (1, 1)}),
    ((8, 9, 3), {"ksize": (2, 2), "stride": (3, 4), "padding": "VALID"}),
    ((7, 6, 3), {"ksize": (3, 3)}),
    ((5, 4, 3), {}),
]
MAPS = [            # kind, parameters, how it is computed from single numbers
    ("Relu", {}, lambda v: max(v, 0.0)),
    ("Relu6", {}, lambda v: min(max(v, 0.0), 6.0)),
    ("Clip", {"low": -0.5, "high": 0.75}, lambda v: min(max(v, -0.5), 0.75)),
    ("Clip", {"low": 0.25}, lambda v: max(v, 0.25)),
    ("LeakyRelu", {"alpha": 0.125}, lambda v: v if v > 0 else 0.125 * v),
    ("Sigmoid", {}, lambda v: 1 / (1 + math.exp(-v))),
]
NEW_MAPS = [        # the same, of kinds that need what they were given for their gradient
    ("Gelu", {}, lambda v: 0.5 * v * (1 + math.erf(v / math.sqrt(2)))),
    ("Gelu", {"approximate": True}, lambda v: 0.5 * v * (1 + math.tanh(math.sqrt(2 / math.pi) * (
        v + 0.044715 * v ** 3)))),
]
NORMS = [           # (h, w, c), parameters of a LayerNorm
    ((2, 3, 5), {"epsilon": 0.1}),
    ((3, 2, 16), {}),
    ((1, 1, 7), {"epsilon": 1e-3}),
    ((2, 2, 2), {"epsilon": 0.5}),
]


def layer_norm(x, shape, p):
    y = {}
    for i, j in itertools.product(*map(range, shape[:2])):
        cell = [x[i, j, k] for k in range(shape[2])]
        mean = math.fsum(cell) / shape[2]
        root = math.sqrt(math.fsum((v - mean) ** 2 for v in cell) / shape[2] + p.get("epsilon", 1e-6))
        y.update({(i, j, k): (v - mean) / root for k, v in enumerate(cell)})
    return y


class Table:
    """A table of operations, random numbers to go with it, and the sum of its last tensor times `towards`."""

    def __init__(self, shape, kind, parameters, weight_shape=None, in_place=False, inputs=1, channels=0):
        self.random = random.Random(f"{kind} {shape} {parameters} {weight_shape}")
        self.shape, self.weights, names = shape, {}, ("data",)
        if inputs == 2:
            self.weights["one"] = ((1, 1, shape[2], shape[2]), self.gauss(shape[2] ** 2))
        if weight_shape:
            self.weights["w"] = weight_shape, self.gauss(math.prod(weight_shape))
            names += ("w",)
        self.operations = [("data", "Placeholder", (), "data", shape, {}),
                           ("y", kind, names, "data" if in_place else "y",
                            (0, 0, weight_shape[-1] if weight_shape else channels or shape[2]), parameters)]
        self.data = self.gauss(math.prod(shape))

    def gauss(self, count, scale=1.0):
        return memoryview(array.array("f", [self.random.gauss(0, scale) for _ in range(count)]))

    def run(self, engine_class=deepdream.PythonEngine, **more):
        """(y, towards, dx)"""
        engine = engine_class(self.operations, self.weights, *self.shape[:2], **more)
        engine.write("data", self.data)
        engine.forward(2)
        y = engine.read("y")
        towards = random.Random(len(y)).choices([-2.0, -1.0, 0.5, 1.0, 3.0], k=len(y))
        engine.seed({"y": array.array("f", towards)})
        engine.backward(2)
        dx = engine.gradient("data")
        engine.close()
        return y, towards, dx


class Definitions(unittest.TestCase):
    def check(self, table, definition):
        x = as_dict(table.data, table.shape)
        expected = definition(x)
        for jobs in (1, 2):
            y, towards, dx = table.run(jobs=jobs)
            self.close(y, list(expected.values()))

        def objective(x):
            return math.fsum(t * v for t, v in zip(towards, definition(x).values()))

        step, spots = 1e-5, list(x)
        for number in random.Random(1).sample(range(len(spots)), min(15, len(spots))):
            place = spots[number]
            slope = (objective({**x, place: x[place] + step}) - objective({**x, place: x[place] - step})) / (2 * step)
            self.assertAlmostEqual(dx[number], slope, delta=4e-6 * max(1.0, abs(slope)) + 2e-6)

    def close(self, ours, expected):
        self.assertEqual(len(ours), len(expected))
        mean = sum(map(abs, expected)) / len(expected) or 1.0
        self.assertLess(max(abs(a - b) for a, b in zip(ours, expected)) / mean, 1e-6)

    def test_convolutions(self):
        for shape, weights, p in CONVOLUTIONS:
            with self.subTest(shape=shape, weights=weights, parameters=p):
                table = Table(shape, "Conv2D", p, weights)
                numbers = table.weights["w"][1].tolist()
                self.check(table, lambda x: conv2d(x, shape, p, numbers, weights))

    def test_pools(self):
        for shape, p in POOLS:
            for more in ({}, {"count_pad": True}):
                with self.subTest(shape=shape, parameters=p, more=more):
                    self.check(Table(shape, "AvgPool", p | more), lambda x: average_pool(x, shape, p | more))
            with self.subTest(shape=shape, parameters=p):
                self.check(Table(shape, "MaxPool", p), lambda x: max_pool(x, shape, p))

    def test_product_of_parts_of_a_map(self):
        """Weights [kh, kw, c, co] of a classifier made for kh x kw: a convolution of what is larger."""
        for shape in ((3, 2, 4), (5, 4, 4)):
            table = Table(shape, "MatMul", {}, (3, 2, 4, 5))
            numbers = table.weights["w"][1].tolist()
            self.check(table, lambda x: conv2d(x, shape, {"padding": "VALID"}, numbers, (3, 2, 4, 5)))

    def test_product_with_weights_in_another_order(self):
        """As files have them: [co, c, kh, kw] is PyTorch's of a flattened map."""
        sizes = {"h": 3, "w": 2, "c": 4, "o": 5}
        for layout in ("ochw", "ohwc", "chwo"):
            for shape in ((3, 2, 4), (4, 4, 4)):
                with self.subTest(layout=layout, shape=shape):
                    table = Table(shape, "MatMul", {"layout": layout}, (3, 2, 4, 5))
                    by_place = dict(zip(itertools.product(*(range(sizes[a]) for a in layout)), table.weights["w"][1]))
                    numbers = [by_place[tuple(dict(zip("hwco", place))[a] for a in layout)]
                               for place in itertools.product(*(range(sizes[a]) for a in "hwco"))]
                    self.check(table, lambda x: conv2d(x, shape, {"padding": "VALID"}, numbers, (3, 2, 4, 5)))

    def test_number_by_number(self):
        for in_place in (False, True):
            for kind, p, function in MAPS:
                with self.subTest(kind, in_place=in_place):
                    self.check(Table((3, 5, 4), kind, p, in_place=in_place),
                               lambda x: {place: function(v) for place, v in x.items()})
            for kind, function in (("Scale", lambda v, f: v * f), ("BiasAdd", lambda v, f: v + f)):
                table = Table((4, 3, 5), kind, {}, (5,), in_place=in_place)
                factors = table.weights["w"][1].tolist()
                self.check(table, lambda x: {place: function(v, factors[place[2]]) for place, v in x.items()})

    def test_number_by_number_to_a_new_map(self):
        for kind, p, function in NEW_MAPS:
            with self.subTest(kind, parameters=p):
                self.check(Table((3, 5, 4), kind, p), lambda x: {place: function(v) for place, v in x.items()})

    def test_gelu_of_large_numbers(self):
        """Nothing overflows: 0 and a slope of 0 far below zero, the number and a slope of 1 far above."""
        for p in {}, {"approximate": True}:
            table = Table((1, 2, 3), "Gelu", p)
            table.data = memoryview(array.array("f", [-3e38, -40.0, 0.0, 40.0, 1e10, 3e38]))
            y, towards, dx = table.run()
            self.assertEqual([*y], [0.0, 0.0, 0.0, *table.data[3:]])
            self.assertEqual([*dx], [s * t for s, t in zip((0.0, 0.0, 0.5, 1.0, 1.0, 1.0), towards)])

    def test_layer_norm(self):
        for shape, p in NORMS:
            with self.subTest(shape=shape, parameters=p):
                self.check(Table(shape, "LayerNorm", p), lambda x: layer_norm(x, shape, p))

    def test_softmax_of_every_cell(self):
        def softmax(x):
            powers = {place: math.exp(v) for place, v in x.items()}
            return {(i, j, c): v / math.fsum(powers[i, j, k] for k in range(5)) for (i, j, c), v in powers.items()}
        self.check(Table((2, 3, 5), "Softmax", {}), softmax)

    def test_pad(self):
        def pad(x):
            return {(i, j, c): x.get((i - 1, j - 2, c), -3.0) for i in range(5) for j in range(8) for c in range(2)}
        self.check(Table((4, 3, 2), "Pad", {"padding": ((1, 0), (2, 3)), "value": -3.0}), pad)

    def test_shuffle(self):
        def shuffle(x):
            return {(i, j, c): x[i, j, c % 3 * 4 + c // 3] for i, j, c in x}
        self.check(Table((2, 3, 12), "Shuffle", {"groups": 3}), shuffle)


    def test_slice(self):
        """Of rows, columns and channels; of two of them; one alone."""
        for p in ({"crop": ((1, 0), (2, 1)), "part": (3, 4)}, {"part": (0, 5)}, {"part": (8, 1)},
                  {"crop": ((0, 2), (0, 1))}, {"crop": ((2, 1), (0, 0)), "part": (2, 7)}):
            (top, bottom), (left, right) = p.get("crop", ((0, 0), (0, 0)))
            first, count = p.get("part", (0, 9))
            with self.subTest(parameters=p):
                self.check(Table((4, 5, 9), "Slice", p, channels=count), lambda x: {
                    (i - top, j - left, c - first): v for (i, j, c), v in x.items()
                    if top <= i < 4 - bottom and left <= j < 5 - right and first <= c < first + count})


class SeveralInputs(unittest.TestCase):
    def test_sums_and_products_of_maps(self):
        """data * w1 + data * w2, data * (data * w1), and data times one factor a channel, computed from data."""
        numbers = random.Random(3)
        w1, w2 = ([numbers.gauss(0, 1) for _ in range(9)] for _ in range(2))

        def times(x, w):
            return conv2d(x, (4, 3, 3), {}, w, (1, 1, 3, 3))

        def squeezed(x):
            mean = average_pool(times(x, w1), (4, 3, 3), {})
            return {(i, j, c): v * mean[0, 0, c] for (i, j, c), v in x.items()}

        for rows, definition in (
                ([("y", "Add", ("a", "b"), "y", (4, 3, 3), {})],
                 lambda x: {p: v + times(x, w2)[p] for p, v in times(x, w1).items()}),
                ([("y", "Add", ("a", "data", "b", "a"), "y", (4, 3, 3), {})],
                 lambda x: {p: 2 * v + times(x, w2)[p] + x[p] for p, v in times(x, w1).items()}),
                ([("y", "Mul", ("data", "a"), "y", (4, 3, 3), {})],
                 lambda x: {p: v * x[p] for p, v in times(x, w1).items()}),
                ([("m", "AvgPool", ("a",), "m", (1, 1, 3), {}), ("y", "Mul", ("data", "m"), "y", (4, 3, 3), {})],
                 squeezed)):
            table = Table((4, 3, 3), "Relu", {})
            weights = {name: ((1, 1, 3, 3), memoryview(array.array("f", w))) for name, w in (("w1", w1), ("w2", w2))}
            operations = [table.operations[0], ("a", "Conv2D", ("data", "w1"), "a", (4, 3, 3), {}),
                          ("b", "Conv2D", ("data", "w2"), "b", (4, 3, 3), {}), *rows]
            engine = deepdream.PythonEngine(operations, weights, 4, 3)
            engine.write("data", table.data)
            engine.forward(len(operations))
            x = as_dict(table.data, (4, 3, 3))
            for ours, expected in zip(engine.read("y"), definition(x).values(), strict=True):
                self.assertAlmostEqual(ours, expected, delta=1e-5)
            engine.seed({"y": array.array("f", [1.0] * 36)})
            engine.backward(len(operations))
            gradient = engine.gradient("data")
            for number, place in enumerate(x):
                up, down = (math.fsum(definition({**x, place: x[place] + e}).values()) for e in (1e-4, -1e-4))
                self.assertAlmostEqual(gradient[number], (up - down) / 2e-4, delta=2e-5)


class WhatDoesNotFit(unittest.TestCase):
    def test_is_named(self):
        for kind, p, weights, pattern in (
                ("Conv2D", {"padding": "VALID"}, (7, 3, 3, 2), "y: a window of 7 x 3 on a map of 5 x 6 in a picture"),
                ("Conv2D", {"groups": 2}, (1, 1, 3, 2), "y: weights .* for 3 channels in 2 groups"),
                ("MatMul", {}, (7, 7, 3, 2), "y: a window of 7 x 7 on a map of 5 x 6"),
                ("MaxPool", {"ksize": (2, 2), "padding": ((2, 0), (0, 0))}, None, "no larger than the padding"),
                ("AvgPool", {"ksize": (6, 6), "padding": "VALID"}, None, "y: a window of 6 x 6 on a map of 5 x 6"),
                ("Shuffle", {"groups": 2}, None, "y: 3 channels in 2 groups"),
                ("Slice", {"part": (1, 3)}, None, "y: a map of 5 x 6 x 3 .* of which 3 channels from number 1 on"),
                ("Slice", {"crop": ((3, 2), (0, 0))}, None, r"y: a map of 5 x 6 x 3 that loses \(3, 2\) rows"),
                ("Scale", {}, (4,), "y: factors .* for 3 channels"),
                ("Elu", {}, None, "y: no operation Elu"),
                ("Add", {"axis": 1}, None, "y: Add with axis 1"),
                ("Add", {}, None, "y: maps of different sizes"),
                ):
            with self.subTest(kind, parameters=p), self.assertRaisesRegex(deepdream.DeepDreamError, pattern):
                Table((5, 6, 3), kind, p, weights).run()


@unittest.skipUnless(torch, "PyTorch is not installed")
class Oracle(unittest.TestCase):
    """PyTorch's values and gradients. Its padding is the same on both sides; what it cannot say is padded before."""

    def check(self, table, function):
        y, towards, dx = table.run()
        x = torch.tensor(table.data.tolist()).reshape(1, *table.shape).permute(0, 3, 1, 2).requires_grad_()
        theirs = function(x)
        flat = theirs.permute(0, 2, 3, 1).reshape(-1)
        self.assertEqual(len(y), len(flat))
        (flat * torch.tensor(towards)).sum().backward()
        for ours, expected in ((y, flat), (dx, x.grad.permute(0, 2, 3, 1).reshape(-1))):
            error = (torch.tensor(list(ours)) - expected).abs().max() / (expected.abs().mean() or 1.0)
            self.assertLess(error.item(), 1e-5)

    def padded(self, x, kernel, p, value=0.0):
        (oh, top), (ow, left) = both((*x.shape[2:], 0), kernel, p)
        (down, across), (_, _, h, w) = p.get("stride", (1, 1)), x.shape
        if isinstance(p.get("padding", "SAME"), str):
            below, right = (max((n - 1) * step + k + first - size, 0) for n, step, k, first, size in
                            ((oh, down, kernel[0], top, h), (ow, across, kernel[1], left, w)))
        else:
            (_, below), (_, right) = p["padding"]
        return torch.nn.functional.pad(x, (-left, right, -top, below), value=value)

    def test_convolutions(self):
        for shape, weights, p in CONVOLUTIONS:
            with self.subTest(shape=shape, weights=weights, parameters=p):
                table = Table(shape, "Conv2D", p, weights)
                kernel = torch.tensor(table.weights["w"][1].tolist()).reshape(weights).permute(3, 2, 0, 1)
                apart = p.get("dilation", (1, 1))
                extent = [(k - 1) * d + 1 for k, d in zip(weights, apart)]
                self.check(table, lambda x: torch.nn.functional.conv2d(
                    self.padded(x, extent, p), kernel, None, p.get("stride", (1, 1)), 0, apart, p.get("groups", 1)))

    def test_pools(self):
        for shape, p in POOLS:
            if "ksize" not in p:
                continue
            with self.subTest(shape=shape, parameters=p):
                stride, ceil = p.get("stride", (1, 1)), p.get("ceil", False)
                self.check(Table(shape, "MaxPool", p), lambda x: torch.nn.functional.max_pool2d(
                    self.padded(x, p["ksize"], p, -math.inf), p["ksize"], stride, 0, 1, ceil))
                padding = p.get("padding", "SAME")
                if isinstance(padding, str) or all(a == b for a, b in padding):
                    around = [0, 0] if padding == "VALID" else [-first for _, first in both(shape, p["ksize"], p)]
                    if padding == "SAME" and any(k % 2 == 0 or s > 1 for k, s in zip(p["ksize"], stride)):
                        continue
                    for count_pad in (False, True):
                        self.check(Table(shape, "AvgPool", p | {"count_pad": count_pad}),
                                   lambda x: torch.nn.functional.avg_pool2d(x, p["ksize"], stride, around, ceil,
                                                                            count_pad))

    def test_number_by_number(self):
        f = torch.nn.functional
        for kind, p, function in (("Relu6", {}, f.relu6), ("Clip", {"low": -0.5, "high": 0.75},
                                                           lambda x: x.clamp(-0.5, 0.75)),
                                  ("LeakyRelu", {"alpha": 0.125}, lambda x: f.leaky_relu(x, 0.125)),
                                  ("Sigmoid", {}, torch.sigmoid), ("Gelu", {}, f.gelu),
                                  ("Gelu", {"approximate": True}, lambda x: f.gelu(x, approximate="tanh")),
                                  ("LayerNorm", {"epsilon": 0.01}, lambda x: f.layer_norm(
                                      x.permute(0, 2, 3, 1), (12,), eps=0.01).permute(0, 3, 1, 2)),
                                  ("Softmax", {}, lambda x: x.softmax(1)),
                                  ("Shuffle", {"groups": 3}, lambda x: f.channel_shuffle(x, 3)),
                                  ("Slice", {"crop": ((0, 1), (2, 0))}, lambda x: x[:, :, :-1, 2:])):
            with self.subTest(kind):
                self.check(Table((3, 5, 12), kind, p), function)


if __name__ == "__main__":
    unittest.main()
