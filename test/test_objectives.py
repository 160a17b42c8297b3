"""Terms: values and gradients against formulas, finite differences through networks, several in one pass, texts."""
import array
import functools
import math
import os
import random
import tempfile
import unittest
import unittest.mock

from helpers import ROOT

import deepdream
from deepdream import DeepDreamError, Factors
from deepdream_extras import objectives
from deepdream_extras.objectives import Caricature, Classes, Guide, Layer, backward, look_at_input


def floats(rng, count, low=-1.0, high=1.0):
    return array.array("f", [rng.uniform(low, high) for _ in range(count)])


def small_model(seed=2):
    """Convolution, ReLU, pool, two branches joined, global average, five classes: a network in small."""
    rng = random.Random(seed)
    table = (
        ("data", "Placeholder", (), "data", (12, 12, 3), {}),
        ("conv", "Conv2D", ("data", "conv_w"), "conv", (6, 6, 4), {"stride": (2, 2)}),
        ("bias", "BiasAdd", ("conv", "conv_b"), "conv", (6, 6, 4), {}),
        ("relu", "Relu", ("conv",), "conv", (6, 6, 4), {}),
        ("pool", "MaxPool", ("conv",), "pool", (6, 6, 4), {"stride": (1, 1), "ksize": (3, 3)}),
        ("left", "Conv2D", ("pool", "left_w"), "left", (6, 6, 3), {}),
        ("left_relu", "Relu", ("left",), "left", (6, 6, 3), {}),
        ("right", "Conv2D", ("pool", "right_w"), "right", (6, 6, 2), {}),
        ("right_relu", "Relu", ("right",), "right", (6, 6, 2), {}),
        ("both", "ConcatV2", ("left", "right"), "both", (6, 6, 5), {}),
        ("average", "AvgPool", ("both",), "average", (1, 1, 5), {}),
        ("product", "MatMul", ("average", "last_w"), "product", (1, 1, 5), {}),
        ("logits", "BiasAdd", ("product", "last_b"), "product", (1, 1, 5), {}),
        ("prob", "Softmax", ("product",), "prob", (1, 1, 5), {}),
    )
    shapes = {"conv_w": (3, 3, 3, 4), "conv_b": (4,), "left_w": (1, 1, 4, 3), "right_w": (3, 3, 4, 2),
              "last_w": (1, 1, 5, 5), "last_b": (5,)}
    weights = {name: (shape, memoryview(floats(rng, math.prod(shape)))) for name, shape in shapes.items()}
    labels = ["red cat, ruby", "blue cat", "dog", "house, home", "tree"]
    return deepdream.Model("small", table, weights, labels, output="prob", layer="both", smallest=4)


def small_network():
    return deepdream.Network(small_model(), "python", 1)


@functools.cache
def inception():
    return deepdream.Network(deepdream.load_model(str(ROOT / "InceptionV1.pb")), "python", 1)


def picture(width, height, seed=2):
    rng = random.Random(seed)
    return deepdream.Picture(width, height, bytearray(rng.randrange(256) for _ in range(3 * width * height)))


def value_of(engine, terms, data):
    engine.write("data", data)
    _, read, _ = objectives.forward(engine, terms)
    return sum(term.seeds(read, engine.shapes, True)[0] for term in terms)


class Case(unittest.TestCase):
    def assertNear(self, got, wanted, relative):
        largest = max(map(abs, wanted))
        worst = max(abs(a - b) for a, b in zip(got, wanted))
        self.assertEqual(len(got), len(wanted))
        self.assertLessEqual(worst, relative * largest + 1e-12)

    def check_activations(self, term, shapes, activations, move):
        """The term alone: every element of its gradient against finite differences of its value."""
        worth, seeds = term.seeds(activations.__getitem__, shapes, True)
        for layer in term.layers:
            here = activations[layer]
            gradient = objectives.as_values(seeds[layer], lambda name: activations[name], layer)
            differences = []
            for i in range(len(here)):
                ends = []
                for distance in (move, -move):
                    moved = array.array("d", here)
                    moved[i] += distance
                    ends.append(term.seeds(lambda name: moved if name == layer else activations[name], shapes, True)[0])
                differences.append((ends[0] - ends[1]) / (2 * move))
            self.assertNear(gradient, differences, 2e-5)        # measured: 5e-6

    def check_through(self, engine, terms, data, tolerance, move=0.25):
        """The gradient at the picture against differences of the value along parts of it: random halves of its pixels.

        Along any other direction rounding to float32 would drown the difference.
        """
        engine.write("data", data)
        worth = backward(engine, terms, value=True)
        self.assertAlmostEqual(worth, value_of(engine, terms, data), delta=1e-6 * abs(worth))
        gradient = engine.gradient("data")
        length = math.sqrt(sum(g * g for g in gradient))
        self.assertGreater(length, 0.0)
        rng = random.Random(5)
        for _ in range(2):
            part = [g / length if rng.random() < 0.5 else 0.0 for g in gradient]
            ends = [value_of(engine, terms, array.array("f", [v + m * p for v, p in zip(data, part)]))
                    for m in (move, -move)]
            wanted = sum(p * g for p, g in zip(part, gradient))
            self.assertAlmostEqual((ends[0] - ends[1]) / (2 * move), wanted, delta=tolerance * wanted)


SHAPES = {"a": (5, 6, 3)}


class Activations(Case):
    """Terms on activations that the test makes up."""

    def setUp(self):
        self.a = {"a": array.array("d", floats(random.Random(1), 90))}

    def layers(self):
        for how in objectives.HOWS:
            for channels in (None, (1,), (0, 2)):
                for where in ({}, {"at": (4, 1)}, {"border": 1}, {"border": 2}):
                    yield Layer("a", -1.5, how, channels, **where)

    def test_layer_gradients(self):
        for term in self.layers():
            with self.subTest(term=term):
                self.check_activations(term, SHAPES, self.a, 0.5)         # exact, as no power is above 2

    def test_layer_values(self):
        for term in self.layers():
            edge, counted = term.border, [
                self.a["a"][(y * 6 + x) * 3 + c] for y in range(5) for x in range(6) for c in range(3)
                if (term.channels is None or c in term.channels)
                and ((x, y) == term.at if term.at else term.border <= x < 6 - term.border
                     and term.border <= y < 5 - term.border)]
            number = (1 if term.at else 30) * len(term.channels or (0, 1, 2))
            wanted = {"norm": sum(v * v for v in counted) / 2, "sum": sum(counted), "mean": sum(counted) / number,
                      "square": sum(v * v for v in counted) / number}[term.how]
            with self.subTest(term=term, edge=edge):
                self.assertAlmostEqual(term.seeds(self.a.__getitem__, SHAPES, True)[0], -1.5 * wanted, places=6)

    def test_what_costs_nothing(self):
        """A whole layer is left to the engine, and so are factors of channels."""
        def unread(layer):
            raise AssertionError("read")
        self.assertEqual(Layer("a").seeds(unread, SHAPES)[1], {"a": None})
        half = Layer("a", 0.5, channels=(2,)).seeds(unread, SHAPES)[1]["a"]
        self.assertEqual((type(half), half), (Factors, [0.0, 0.0, 0.5]))
        term = Layer("a", how="mean", channels=(1,), border=1)
        self.assertIs(term.seeds(unread, SHAPES)[1]["a"], term.seeds(unread, SHAPES)[1]["a"])

    def test_keras_form(self):
        """c * sum(a[2:-2, 2:-2]^2) / (C*H*W)"""
        rows = [self.a["a"][i:i + 18] for i in range(0, 90, 18)]
        wanted = 0.05 * sum(v * v for row in rows[2:-2] for v in row[6:-6]) / 90
        self.assertAlmostEqual(Layer("a", 0.05, "square", border=2).seeds(self.a.__getitem__, SHAPES, True)[0], wanted)

    def test_caricature_gradients(self):
        rng = random.Random(4)
        for kind, input_ in (("alike", [v + rng.uniform(-0.2, 0.2) for v in self.a["a"]]),
                             ("unlike", [-v for v in self.a["a"]]), ("small", [v / 100 for v in self.a["a"]])):
            for power in (0.0, 1.0, 2.5):
                term = Caricature("a", -2.0, power)
                term.remember(lambda layer: array.array("d", input_))
                with self.subTest(kind=kind, power=power):
                    self.check_activations(term, SHAPES, self.a, 1e-2)

    def test_caricature_of_nothing(self):
        term = Caricature("a", 1.0, 2.0)
        with self.assertRaises(ValueError):
            term.seeds(self.a.__getitem__, SHAPES)
        term.remember(self.a.__getitem__)
        worth, seeds = term.seeds(lambda layer: array.array("f", bytes(360)), SHAPES, True)
        self.assertEqual(worth, 0.0)
        self.assertNear(seeds["a"], [0.01 * v for v in self.a["a"]], 1e-6)

    def test_bad_layers(self):
        for term, words in ((Layer("a", at=(6, 0)), "6 x 5 cells"), (Layer("a", border=3), "2 or less"),
                            (Layer("a", border=-1), "border"), (Layer("a", channels=(3,)), "0 to 2")):
            with self.assertRaisesRegex(DeepDreamError, words):
                term.seeds(self.a.__getitem__, SHAPES)


class Torch(Case):
    """Values and gradients as PyTorch finds them."""

    def setUp(self):
        try:
            import torch
        except ImportError:
            self.skipTest("torch is not installed")
        self.torch = torch
        rng = random.Random(6)
        self.shape = 7, 9, 20
        self.a = floats(rng, 7 * 9 * 20)
        self.x = torch.tensor(self.a.tolist(), dtype=torch.float64).reshape(self.shape).requires_grad_()

    def check(self, term, value):
        value.backward()
        worth, seeds = term.seeds(lambda layer: self.a, {term.layers[0]: self.shape}, True)
        gradient = objectives.as_values(seeds[term.layers[0]], lambda layer: self.a, "")
        self.assertAlmostEqual(worth, value.item(), delta=1e-5 * abs(value.item()))
        self.assertNear(gradient, self.x.grad.flatten().tolist(), 1e-6)

    def test_layer(self):
        x = self.x[1:-1, 1:-1, [3, 4, 17]]
        self.check(Layer("a", 3.0, "square", (3, 4, 17), border=1), 3.0 * (x ** 2).sum() / (7 * 9 * 3))

    def test_sum(self):
        self.check(Layer("a", 2.0, "sum", (5,), at=(8, 6)), 2.0 * self.x[6, 8, 5])

    def test_caricature(self):
        rng = random.Random(7)
        y = array.array("f", [v + rng.uniform(-1, 1) for v in self.a])
        term = Caricature("a", 0.5, 1.5)
        term.remember(lambda layer: y)
        dot = (self.x.flatten() * self.torch.tensor(y.tolist(), dtype=self.torch.float64)).sum()
        cosine = self.torch.clamp(dot / (1e-6 + self.torch.linalg.norm(self.x)), min=0.1)
        self.check(term, 0.5 * dot * cosine ** 1.5)

    def test_guide(self):
        network = small_network()
        guide = picture(20, 10)
        term = Guide(network, guide, "both", 2.0, area=0)
        y = self.torch.tensor(network.forward(guide, "both").tolist(), dtype=self.torch.float64).reshape(-1, 5)
        self.shape = 7, 36, 5
        self.x = self.x.detach().reshape(self.shape).requires_grad_()
        self.check(term, 2.0 * (self.x.reshape(-1, 5) @ y.T).max(dim=1).values.sum())


class SmallNetwork(Case):
    def setUp(self):
        self.network = small_network()
        self.engine = self.network.engine(12, 12)
        self.data = floats(random.Random(9), 432, -100, 100)

    @staticmethod
    def terms(network):
        guide = Guide(network, picture(15, 9, 3), "pool", 0.5)
        guide_deep = Guide(network, picture(12, 12, 4), "both")
        caricature = Caricature("both", 0.1, 2.0)
        yield from (Layer("both"), Layer("both", 0.3, channels=(0, 4)), Layer("relu", -2.0, "square", border=1),
                    Layer("conv", 1.0, "sum", (2,)), Layer("bias", 0.5, "norm"), Layer("left_relu", 1.0, "mean"),
                    Layer("pool", 1.0, "norm", (1, 3), at=(2, 4)), Classes("logits", {0: 30.0, 3: -20.0}),
                    Classes("prob", {2: 1000.0}), guide, guide_deep, caricature)

    def show(self, terms):
        look_at_input(self.engine, terms, picture(12, 12).pixels)

    def test_gradients(self):
        for term in self.terms(self.network):
            if term.layers == ("prob",):
                continue                                    # it is flat here; see below
            with self.subTest(term=term):
                self.show([term])
                self.check_through(self.engine, [term], self.data, 1e-3)         # measured: 5e-5

    def test_several_in_one_pass(self):
        terms = list(self.terms(self.network))
        self.show(terms)
        worths, total = 0.0, [0.0] * len(self.data)
        for term in terms:
            self.engine.write("data", self.data)
            worths += backward(self.engine, [term], value=True)
            total = [a + b for a, b in zip(total, self.engine.gradient("data"))]
        self.engine.write("data", self.data)
        self.assertAlmostEqual(backward(self.engine, terms, value=True), worths, delta=1e-6 * abs(worths))
        self.assertNear(self.engine.gradient("data"), total, 1e-5)
        self.assertTrue(math.isnan(backward(self.engine, terms)))

    def test_two_on_one_layer(self):
        for one, other in ((Layer("both"), Layer("both", 2.0)), (Layer("both"), Layer("both", channels=(1,))),
                           (Layer("both"), Layer("both", border=1)), (Layer("conv"), Layer("conv", 1.0, "sum")),
                           (Layer("both", 0.5), Layer("both", 1.0, "mean"))):
            total = [0.0] * len(self.data)
            for terms in ([one], [other], [one, other]):
                self.engine.write("data", self.data)
                backward(self.engine, [*terms, Layer("prob", 0.0)])
                gradient = self.engine.gradient("data")
                if len(terms) == 1:
                    total = [a + b for a, b in zip(total, gradient)]
            with self.subTest(one=one, other=other):
                self.assertNear(gradient, total, 1e-5)

    def test_avoiding_is_the_opposite(self):
        self.engine.write("data", self.data)
        backward(self.engine, [objectives.parse_class("dog*2", self.network)])
        towards = self.engine.gradient("data")
        backward(self.engine, [objectives.parse_class("dog*2", self.network, -1.0)])
        self.assertEqual([-g for g in towards], list(self.engine.gradient("data")))

    def test_guide_in_chunks(self):
        """The same whatever fits at a time, and for other sizes than the guide's, one after the other."""
        guide = Guide(self.network, picture(30, 16), "both", area=0)
        shapes = {"both": (6, 5, 5)}
        activations = floats(random.Random(8), 150)
        whole = guide.seeds(lambda layer: activations, shapes)
        for most in (1, guide.count * 7, guide.count * 29):
            with self.subTest(most=most), unittest.mock.patch.object(objectives, "MOST_PRODUCTS", most):
                self.assertEqual(guide.seeds(lambda layer: activations, shapes), whole)
        part = guide.seeds(lambda layer: activations[:50], {"both": (1, 10, 5)})[1]["both"]
        self.assertEqual(part, whole[1]["both"][:50])
        guide.close()
        self.assertEqual(guide.seeds(lambda layer: activations, shapes), whole)

    def test_guide_is_shrunk_or_enlarged(self):
        seen = []
        with unittest.mock.patch.object(self.network, "forward", wraps=self.network.forward) as forward:
            for size, area in (((40, 10), None), ((40, 10), 0), ((3, 40), None), ((2, 2), 0),
                               ((900, 1), None), ((1, 900), 0)):
                guide = Guide(self.network, picture(*size), "both", area=area)
                taken = forward.call_args[0][0]
                seen.append((taken.width, taken.height, guide.count))
        self.assertEqual(seen, [(24, 6, 36), (40, 10, 100), (4, 53, 54), (4, 4, 4), (72, 4, 72), (4, 450, 450)])
        self.assertEqual(list(self.network.engines), [(12, 12)])

    def test_a_picture_is_its_own_best_guide(self):
        """With vectors all of one length each cell's best match is itself: the gradient is the activations."""
        guide = Guide(self.network, picture(12, 12), "both")
        unit = array.array("f")
        for vector in guide.vectors:
            length = math.sqrt(sum(v * v for v in vector)) or 1.0
            unit += array.array("f", [v / length for v in vector])
        with unittest.mock.patch.object(objectives, "features", return_value=(unit, (6, 6, 5))):
            guide = Guide(self.network, picture(12, 12), "both")
        self.assertEqual(guide.seeds(lambda layer: unit, {"both": (6, 6, 5)})[1]["both"], unit)

    def test_caricature_begins_as_a_norm(self):
        """Where the picture is the input the dot product's gradient is that of half the squared norm."""
        tile = picture(12, 12).pixels
        self.engine.load_tile(tile)
        backward(self.engine, [Layer("both", 3.0)])
        wanted = self.engine.gradient("data")
        terms = [Caricature("both", 3.0)]
        look_at_input(self.engine, terms, tile)
        self.engine.load_tile(tile)
        backward(self.engine, terms)
        self.assertNear(self.engine.gradient("data"), wanted, 1e-6)

    def test_nothing_wanted(self):
        with self.assertRaises(ValueError):
            backward(self.engine, [])
        with self.assertRaisesRegex(DeepDreamError, "left_relu"):
            backward(self.engine, [Layer("left_rel")])
        look_at_input(self.engine, [Layer("both")], None)      # costs nothing, so nothing is looked at

    def test_names_of_classes(self):
        parse = functools.partial(objectives.parse_class, network=self.network)
        self.assertEqual(parse("dog"), Classes("logits", {2: 1.0}))
        self.assertEqual(parse(" house *-2"), Classes("logits", {3: -2.0}))
        self.assertEqual(parse("1,3-4*3", sign=-1.0), Classes("logits", {1: -1.0, 3: -1.0, 4: -1.0}))
        for text, words in (("cat", "red cat|no class"), ("birds", "birds"), ("5", "0 to 4"), ("3-1", "range"),
                            ("dog*x", "x behind"), ("", "nothing"), ("*2", "not a class"), ("1,9", "0 to 4")):
            with self.subTest(text=text), self.assertRaisesRegex(DeepDreamError, words):
                parse(text)

    def test_without_classes(self):
        network = deepdream.Network(self.network.model._replace(labels=[]), "python", 1)
        with self.assertRaises(DeepDreamError):
            objectives.parse_class("dog", network)
        with tempfile.TemporaryDirectory() as folder:
            options = deepdream.parse_command_line(["adversarial", "-q", "-o", os.path.join(folder, "a.png")])
            options.network = network
            with self.assertRaisesRegex(DeepDreamError, "not in classes"):
                deepdream.run_adversarial(options)

    def test_layers_table(self):
        rows = {row.name: row for row in objectives.layers_table(self.network)}
        self.assertEqual({name: (row.sees, row.stride) for name, row in rows.items() if row.named}, {
            "data": ((1, 1), (1, 1)), "relu": ((3, 3), (2, 2)), "pool": ((7, 7), (2, 2)),
            "left_relu": ((7, 7), (2, 2)), "right_relu": ((11, 11), (2, 2)), "both": ((11, 11), (2, 2)),
            "average": (None, None), "logits": (None, None), "prob": (None, None)})
        self.assertEqual(rows["both"][:5], ("both", "ConcatV2", 6, 6, 5))

    def test_a_cell_sees_what_the_table_says(self):
        """Where the gradient of one cell is not zero: with positive weights and all inputs equal nothing cancels."""
        model = small_model()
        table = tuple(row for row in model.operations if row[0] in ("data", "conv"))
        table += (("next", "Conv2D", ("conv", "right_w"), "next", (6, 6, 2), {"stride": (2, 1)}),)
        weights = {name: (shape, memoryview(array.array("f", [0.1] * len(values))))
                   for name, (shape, values) in model.weights.items()}
        network = deepdream.Network(deepdream.Model("", table, weights, [], output="next", layer="next"), "python", 1)
        row = objectives.layers_table(network)[-1]
        self.assertEqual((row.sees, row.stride), ((7, 7), (4, 2)))
        engine = network.engine(32, 32)
        places = []
        for at in ((6, 3), (7, 3), (6, 4)):
            engine.write("data", array.array("f", [1.0] * 3072))
            backward(engine, [Layer("next", how="sum", at=at)])
            hit = [i // 3 for i, g in enumerate(engine.gradient("data")) if g]
            columns, lines = [i % 32 for i in hit], [i // 32 for i in hit]
            places.append((min(columns), min(lines)))
            self.assertEqual((max(lines) - min(lines) + 1, max(columns) - min(columns) + 1), row.sees)
        (x, y), right, below = places
        self.assertEqual((right, below), ((x + 2, y), (x, y + 4)))


class Engines(Case):
    """Each term on the fast engine as on the reference, where this machine runs it."""

    def compare(self, model, size, terms_of, shown, tolerance):
        results = []
        for wish in ("python", "simd"):
            try:
                network = deepdream.Network(model, wish, 1)
            except DeepDreamError as error:
                self.skipTest(str(error))
            self.addCleanup(network.close)
            engine = network.engine(*size)
            tile = picture(size[1], size[0], 5).pixels
            terms = terms_of(network)
            look_at_input(engine, terms, shown)
            here = []
            for some in (*[[term] for term in terms], terms):
                engine.load_tile(tile)
                here.append((backward(engine, some, value=True), engine.gradient("data")))
            results.append(here)
        for term, (other, wanted), (worth, gradient) in zip([*terms, "all"], *results):
            with self.subTest(term=term):
                self.assertAlmostEqual(worth, other, delta=tolerance * abs(other) + 1e-9)
                self.assertNear(gradient, wanted, tolerance)    # measured: 3e-7

    def test_small(self):
        self.compare(small_model(), (12, 12), lambda network: list(SmallNetwork.terms(network)), picture(12, 12).pixels,
                     1e-4)

    def test_inception(self):
        def terms(network):
            return [Layer("conv2_3x3_reduce", 1e-2), Layer("pool1_norm1", 1.0, "sum", (7, 8), border=1),
                    Caricature("conv1_7x7_s2", 1e-6, 1.0), Guide(network, picture(40, 33, 8), "pool1_norm1", 1e-2),
                    Layer("conv1_7x7_s2_Conv2D", 0.01), Layer("conv2_3x3_reduce", -0.01, "norm", at=(3, 4))]
        self.compare(inception().model, (32, 40), terms, picture(40, 32, 7).pixels, 1e-4)


class Probabilities(Case):
    def test_gradient_through_the_softmax(self):
        model = small_model()
        weights = {name: (shape, memoryview(array.array("f", [v / 8 for v in values])))
                   for name, (shape, values) in model.weights.items()}
        engine = deepdream.Network(model._replace(weights=weights), "python", 1).engine(9, 14)
        data = floats(random.Random(9), 9 * 14 * 3, -100, 100)
        self.check_through(engine, [Classes("prob", {2: 1000.0, 0: 300.0})], data, 5e-3)     # measured: 4e-4


class Inception(Case):
    def test_gradients(self):
        network = inception()
        engine = network.engine(32, 32)
        data = deepdream.network_form(picture(32, 32).pixels, network.model.input)
        caricature = Caricature("conv1_7x7_s2", 1e-6, 1.0)
        terms = [Layer("conv2_3x3_reduce", 1e-2), Layer("pool1_norm1", 1.0, "sum", tuple(range(7, 40)), border=1),
                 Layer("conv1_7x7_s2_Conv2D", 0.1),
                 Layer("conv2_3x3_reduce", 1.0, "norm", at=(3, 4)), caricature,
                 Guide(network, picture(40, 33, 8), "pool1_norm1", 1e-2)]
        look_at_input(engine, terms, picture(32, 32, 7).pixels)
        for term in terms:
            with self.subTest(term=term):
                self.check_through(engine, [term], data, 5e-3, move=4.0)         # measured: 5e-4

    def test_the_guides_layer(self):
        seen = array.array("f", [0.0] * 480), (1, 1, 480)
        with unittest.mock.patch.object(objectives, "features", return_value=seen):
            self.assertEqual(Guide(inception(), picture(32, 32)).layers, ("inception_3b_output",))

    def test_what_was_never_learned(self):
        never = objectives.unlearned(inception().model)
        biases = inception().model.weights["loss3_classifier_biases"][1]
        self.assertEqual(len(never), 769)
        self.assertEqual(never, {i for i, bias in enumerate(biases) if bias == -10.0})

    def test_class_texts(self):
        told = []
        network = deepdream.Network(inception().model, "python", 1, told.append)
        self.assertEqual(objectives.parse_class("goldfish*3", network), Classes("loss3_classifier", {1: 3.0}))
        self.assertEqual(objectives.parse_class("crane", network).weights, {134: 1.0})      # the machine is not known
        birds = objectives.parse_class("birds", network, -1.0).weights
        self.assertTrue(len(birds) > 10 and 7 in birds and 8 not in birds)
        self.assertAlmostEqual(sum(birds.values()), -1.0)
        self.assertEqual(told, ["birds: 24 of its 59 classes, those that the network knows"])
        objectives.parse_class("retriever", network)
        self.assertEqual(told.pop(), "retriever: class 207 (golden retriever)")
        told.clear()
        self.assertEqual(objectives.parse_class("tench", network).weights, {0: 1.0})
        self.assertEqual(len(told), 1)
        self.assertIn("not learned", told[0])
        for text, words in (("people", "3 classes"), ("birdz", "all birds"), ("bird", "all birds"), ("dog", "all dogs"),
                            ("goldfsh", "goldfish"), ("goldfish,peacock", "several times")):
            with self.assertRaisesRegex(DeepDreamError, words):
                objectives.parse_class(text, network)

    def test_groups_hold_every_class_once(self):
        members = [i for name, text in objectives.GROUPS.items() if name != "cats"
                   for i in objectives.numbers_of(text, 1000)]
        self.assertEqual(sorted(members), list(range(1000)))

    def test_layer_texts(self):
        parse = functools.partial(objectives.parse_layer, network=inception())
        self.assertEqual(parse("inception_4c_output"), Layer("inception_4c_output"))
        self.assertEqual(parse("inception_4b/output:12,40-44*0.5"),
                         Layer("inception_4b_output", 0.5, channels=(12, 40, 41, 42, 43, 44)))
        self.assertEqual(parse(" inception_4d_output:7@3,5 * -1"),
                         Layer("inception_4d_output", -1.0, channels=(7,), at=(3, 5)))
        self.assertEqual(parse("conv2_3x3@0,1", how="sum", border=2), Layer("conv2_3x3", 1.0, "sum", at=(0, 1)))
        self.assertEqual(parse("conv2_3x3", border=2).border, 2)
        for text, words in (("inception_4x_output", "inception_4"), ("conv2_3x3:192", "0 to 191"), ("", "nothing"),
                            ("conv2_3x3:a", "a is neither"), ("conv2_3x3:", "nothing is neither"),
                            ("conv2_3x3:5-3", "5-3"), ("conv2_3x3@1", "not a layer"), ("conv2_3x3*inf", "inf behind"),
                            ("conv2_3x3*", "nothing behind"), ("conv2_3x3:1@2,3@4,5", "not a layer"),
                            ("conv2_3x3:9999999999", "neither"), ("conv2_3x3:1,,2", "nothing is neither")):
            with self.subTest(text=text), self.assertRaisesRegex(DeepDreamError, words):
                parse(text)

    def test_caricature_texts(self):
        for text, weight, power in (("4c", 1.0, 0.0), ("inception_4c_output^2 * 0.5", 0.5, 2.0), ("4c*-1", -1.0, 0.0)):
            term = objectives.parse_caricature(text, inception())
            self.assertEqual((term.name, term.weight, term.power), ("inception_4c_output", weight, power))
        for text, words in (("4c^", "nothing behind"), ("4c^nan", "no power"), ("4c^-1", "no power"), ("4x", "such")):
            with self.subTest(text=text), self.assertRaisesRegex(DeepDreamError, words):
                objectives.parse_caricature(text, inception())

    def test_labels(self):
        rows = objectives.labels_table(inception())
        self.assertEqual(sorted(row.number for row in rows), list(range(1000)))
        self.assertEqual([row.known for row in rows], [True] * 231 + [False] * 769)
        self.assertEqual({row.groups for row in objectives.labels_table(inception(), "Fungi")}, {("fungi",)})
        self.assertEqual([row.number for row in objectives.labels_table(inception(), "polecat")], [361, 358])
        self.assertEqual([row.number for row in objectives.labels_table(inception(), "17")], [17])
        with self.assertRaisesRegex(DeepDreamError, "panda"):
            objectives.labels_table(inception(), "pandda")

    def test_layers(self):
        rows = {row.name: row for row in objectives.layers_table(inception()) if row.named}
        self.assertEqual(len(rows), 1 + 57 + 13 + 2 + 9 + 3)
        self.assertEqual(rows["inception_4c_output"],
                         ("inception_4c_output", "ConcatV2", 14, 14, 512, (299, 299), (16, 16), True))
        self.assertEqual(rows["prob"].sees, None)


class LastWeights(unittest.TestCase):
    """`unlearned` in networks that end in other ways."""

    def classes(self, columns, biases, convolution=False):
        """columns: for each class its weights."""
        count, features = len(columns), len(columns[0])
        flat = memoryview(array.array("f", [column[i] for i in range(features) for column in columns]))
        weights = {"w": ((1, 1, features, count), flat)}
        if biases:
            weights["b"] = (count,), memoryview(array.array("f", biases))
        table = [("data", "Placeholder", (), "data", (4, 4, features), {})]
        if convolution:
            table += [("map", "Conv2D", ("data", "w"), "map", (4, 4, count), {}),
                      ("sum", "BiasAdd", ("map", "b"), "map", (4, 4, count), {}),
                      ("mean", "AvgPool", ("map",), "mean", (1, 1, count), {})]
        else:
            table += [("mean", "AvgPool", ("data",), "mean", (1, 1, features), {}),
                      ("last", "MatMul", ("mean", "w"), "last", (1, 1, count), {})]
            if biases:
                table += [("sum", "BiasAdd", ("last", "b"), "last", (1, 1, count), {})]
        table += [("prob", "Softmax", (table[-1][3],), "prob", (1, 1, count), {})]
        return deepdream.Model("", tuple(table), weights, ["x"] * count, output="prob")

    def test_rule(self):
        learned = [[1.0, -1.0, 0.2], [-1.0, 1.0, 0.1]]
        for convolution in (False, True):
            for column, bias, known in (([0.0, 0.0, 0.0], -10.0, False), ([-0.5, -0.7, -0.1], -0.1, False),
                                        ([0.0, 0.0, 0.0], 0.5, True), ([1.0, 0.0, 0.0], -10.0, True)):
                model = self.classes([*learned, column], [0.0, 0.0, bias], convolution)
                with self.subTest(column=column, bias=bias, convolution=convolution):
                    self.assertEqual(objectives.unlearned(model), set() if known else {2})
                self.assertEqual(objectives.logits_layer(model), "mean" if convolution else "sum")

    def test_without_biases(self):
        model = self.classes([[1.0, -1.0], [-1.0, 1.0], [-0.5, -0.5]], [])
        self.assertEqual((objectives.unlearned(model), objectives.logits_layer(model)), ({2}, "last"))

    def test_classes_that_no_single_operation_makes(self):
        table = (("data", "Placeholder", (), "data", (4, 4, 3), {}),
                 ("mean", "AvgPool", ("data",), "mean", (1, 1, 3), {}))
        model = deepdream.Model("", table, {}, ["a", "b", "c"], output="mean")
        self.assertEqual((objectives.unlearned(model), objectives.logits_layer(model)), (set(), "mean"))


if __name__ == "__main__":
    unittest.main()
