"""Dreams by plans: the original's bytes, transcriptions of other systems' loops, what holds for every plan."""
import array
import math
import pathlib
import random
import sys
import unittest
from unittest import mock

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
import deepdream  # noqa: E402
from deepdream_extras import ascent, dreams, objectives, presets, scales  # noqa: E402
from deepdream_extras.ascent import Move, Stage  # noqa: E402
from deepdream_extras.dreams import Plan  # noqa: E402
from deepdream_extras.objectives import Caricature, Classes, Guide, Layer  # noqa: E402
from deepdream_extras.scales import Scales, Tiles  # noqa: E402

try:
    import numpy
    import scipy.ndimage
    import scipy.optimize
except ImportError:
    numpy = None
needs_numpy = unittest.skipUnless(numpy, "needs numpy and scipy")

MEAN = (104.0, 116.7, 122.7)


def small_model(input=deepdream.Input()):  # noqa: B008
    """Two convolutions and a global average: sees 5 x 5 pixels of a picture of any size from 4 x 4 on."""
    rng = random.Random(2)
    table = (
        ("data", "Placeholder", (), "data", (24, 24, 3), {}),
        ("conv", "Conv2D", ("data", "w1"), "conv", (24, 24, 2), {}),
        ("relu", "Relu", ("conv",), "conv", (24, 24, 2), {}),
        ("wide", "Conv2D", ("conv", "w2"), "wide", (24, 24, 4), {}),
        ("layer", "Relu", ("wide",), "wide", (24, 24, 4), {}),
        ("average", "AvgPool", ("wide",), "average", (1, 1, 4), {}),
        ("logits", "MatMul", ("average", "w3"), "logits", (1, 1, 4), {}),
        ("prob", "Softmax", ("logits",), "prob", (1, 1, 4), {}))
    shapes = {"w1": (3, 3, 3, 2), "w2": (3, 3, 2, 4), "w3": (1, 1, 4, 4)}
    weights = {name: (shape, memoryview(array.array("f", [rng.gauss(0, 0.1) for _ in range(math.prod(shape))])))
               for name, shape in shapes.items()}
    return deepdream.Model("small", table, weights, ["cat", "dog", "hen", "fox"], input, "prob", "layer", 4)


def small_network(**kinds):
    return deepdream.Network(small_model(**kinds), "python", 1)


def picture(width, height, seed=2):
    """Smooth enough that nothing is clipped soon."""
    rng = random.Random(seed)
    return deepdream.Picture(width, height, bytearray(rng.randrange(60, 200) for _ in range(3 * width * height)))


KERAS = (("continuity", 0.1), ("mean-color", 0.02))
FLOATS = Plan(rounded=False, scales=Scales("single"), tiles=Tiles("whole"), stages=(Stage(2),))


class Case(unittest.TestCase):
    def setUp(self):
        self.network = small_network()
        self.addCleanup(self.network.close)

    def close(self, ours, theirs, tolerance):
        ours, theirs = list(ours), list(theirs)
        self.assertEqual(len(ours), len(theirs))
        self.assertLessEqual(max(abs(a - b) for a, b in zip(ours, theirs)), tolerance)

    def dreamt(self, plan, start=None):
        """The levels, not rounded."""
        for done in dreams.dream_steps(self.network, start or picture(24, 20), plan):
            last = done
        return last.picture.pixels

    def gradient(self, image, layer="layer"):
        """That of |layer|^2 / 2 at levels [h, w, 3] (numpy)."""
        engine = self.network.engine(*image.shape[:2])
        engine.load_tile(array.array("f", image.astype("f4").tobytes()))
        engine.forward(self.network.number(layer) + 1)
        engine.seed({layer: None})
        engine.backward(self.network.number(layer) + 1)
        return numpy.array(engine.gradient("data"), "f8").reshape(image.shape)


class Original(Case):
    def test_the_same_bytes(self):
        for size, kinds in (((14, 11), {}), ((9, 15), {"c89": True}), ((10, 9), {"rounded": False})):
            start = picture(*size)
            recipe = deepdream.Recipe(octaves=3, steps=2, tile=12, **kinds)
            plan = Plan(stages=(Stage(2),), scales=Scales(octaves=3, c89=kinds.get("c89", False)), tiles=Tiles(size=12),
                        rounded=kinds.get("rounded", True))
            theirs = [(*done[:3], done.octave_done, bytes(done.picture.rounded().pixels), done.mean_gradient)
                      for done in deepdream.dream_steps(self.network, start, recipe)]
            ours = [(*done[:3], done.octave_done, bytes(done.picture.rounded().pixels), done.mean_gradient)
                    for done in dreams.dream_steps(self.network, start, plan)]
            self.assertEqual(ours, theirs)
            self.assertEqual(dreams.dream(self.network, start, plan).pixels,
                             deepdream.dream(self.network, start, recipe).pixels)

    def test_the_default_is_the_recipes(self):
        plan, recipe = Plan(), deepdream.Recipe()
        self.assertEqual((plan.scales.octaves, plan.scales.factor, plan.scales.largest, plan.tiles.size, plan.rounded),
                         (recipe.octaves, recipe.octave_scale, recipe.max_size, recipe.tile, recipe.rounded))
        self.assertEqual(plan.stages, (Stage(recipe.steps, (recipe.step_size,) * 2),))

    def test_the_input_stays(self):
        for plan in (Plan(stages=(Stage(1),), tiles=Tiles(size=24), scales=Scales("single")), FLOATS):
            start = picture(24, 20)
            before = bytes(start.pixels)
            dreams.dream(self.network, start, plan)
            self.assertEqual(start.pixels, before)


@needs_numpy
class Transcriptions(Case):
    """Loops of other systems, over the same network; random numbers in the order that they have here."""

    def start(self, width, height):
        return numpy.array(picture(width, height).pixels, "f8").reshape(height, width, 3)

    def test_google(self):
        """As all of these: float32 here, float64 there. Seen: 4e-5 levels."""
        plan = Plan(move=Move(shift="random", jitter=5), stages=(Stage(3),), rounded=False, seed=4,
                    tiles=Tiles("whole"), scales=Scales("shrink", octaves=3, near=True, resize="corners", smallest=4))
        rng, octaves = random.Random(4), [self.start(24, 20)]
        for _ in range(2):
            octaves.append(scipy.ndimage.zoom(octaves[-1], (1 / 1.4, 1 / 1.4, 1), order=1))
        detail = numpy.zeros_like(octaves[-1])
        for base in octaves[::-1]:
            h, w = base.shape[:2]
            detail = scipy.ndimage.zoom(detail, (h / detail.shape[0], w / detail.shape[1], 1), order=1)
            image = base + detail
            for _ in range(3):
                ox, oy = rng.randint(-5, 5), rng.randint(-5, 5)
                rolled = numpy.roll(image, (-oy, -ox), (0, 1))
                g = self.gradient(rolled)
                image = numpy.roll(numpy.clip(rolled + 1.5 * g / abs(g).mean(), 0, 255), (oy, ox), (0, 1))
            detail = image - base
        self.close(self.dreamt(plan), image.ravel(), 5e-4)

    def test_keras_io(self):
        plan = Plan(move=Move(shift="no"), stages=(Stage(2, (1.275, 1.275)),), rounded=False, tiles=Tiles("whole"),
                    scales=Scales("shrink", octaves=3, carry="after", chain=False, resize="centres", smallest=4))
        sizes = [(20, 24), (14, 17), (10, 12)][::-1]

        def resize(image, size):
            h, w = image.shape[:2]
            mixes = scales.Separable(w, h, scales.centres(h, size[0]), scales.centres(w, size[1]))
            return numpy.array(mixes.forward(array.array("f", image.astype("f4").tobytes()))).reshape(*size, 3)

        original = self.start(24, 20)
        shrunk, image = resize(original, sizes[0]), original
        for size in sizes:
            image = resize(image, size)
            for _ in range(2):
                g = self.gradient(image)
                image = numpy.clip(image + 1.275 * g / max(abs(g).mean(), 1e-6), 0, 255)
            image = image + resize(original, size) - resize(shrunk, size)
            shrunk = resize(original, size)
        # There, the first octave begins with a picture shrunk once; here too, as the first base is that.
        self.close(self.dreamt(plan), numpy.clip(image, 0, 255).ravel(), 5e-4)

    def test_article(self):
        plan = Plan(move=Move("centred", shift="random", jitter=None), stages=(Stage(3, (0.57, 0.57)),), rounded=False,
                    tiles=Tiles("whole"), scales=Scales("single"), seed=9)
        rng, image = random.Random(9), self.start(24, 20)
        for _ in range(3):
            ox, oy = rng.randrange(24), rng.randrange(20)
            rolled = numpy.roll(image, (-oy, -ox), (0, 1))
            g = self.gradient(rolled)
            rolled = numpy.clip(rolled + 0.57 * (g - g.mean()) / (g.std() + 1e-8), 0, 255)
            image = numpy.roll(rolled, (oy, ox), (0, 1))
        self.close(self.dreamt(plan), image.ravel(), 5e-4)

    def test_deepdraw(self):
        plan = Plan(terms=(Classes("logits", {2: 1.0}),), move=Move(shift="no"), rounded=False, tiles=Tiles("crop", 24),
                    stages=(Stage(2, (11, 11), (2.5, 0.78)), Stage(3, (6, 3), (0.936, 0.4))), seed=3,
                    scales=Scales("grow", octaves=2, factor=1.2, near=True, resize="corners"))
        rng, image = random.Random(3), self.start(24, 24)
        for octave, (steps, step, sigma) in enumerate(((2, (11, 11), (2.5, 0.78)), (3, (6, 3), (0.936, 0.4)))):
            if octave:
                image = scipy.ndimage.zoom(image, (29 / 24, 29 / 24, 1), order=1)
            for i in range(steps):
                room = image.shape[0] - 24
                ox, oy = [int(min(max(rng.gauss(room / 2, 0.3 * room), 0), room)) if room else 0 for _ in range(2)]
                part = image[oy:oy + 24, ox:ox + 24]
                engine = self.network.engine(24, 24)
                engine.load_tile(array.array("f", part.astype("f4").tobytes()))
                objectives.backward(engine, plan.terms)
                g = numpy.array(engine.gradient("data")).reshape(24, 24, 3)
                part = numpy.clip(part + (step[0] + (step[1] - step[0]) * i / steps) / abs(g).mean() * g, 0, 255)
                s = sigma[0] + (sigma[1] - sigma[0]) * i / steps
                image[oy:oy + 24, ox:ox + 24] = scipy.ndimage.gaussian_filter(part, (s, s, 0))
        self.close(self.dreamt(plan, picture(24, 24)), image.ravel(), 5e-4)

    def test_spiral(self):
        """Tiles rolled inside, a step, clipped, blurred, put back; beyond the edges is the mean of the inside."""
        plan = Plan(move=Move(shift="random", jitter=3), stages=(Stage(1, blur=(0.4, 0.4)),), rounded=False, seed=5,
                    tiles=Tiles("spiral", 16, "mean"), scales=Scales("single"))
        image, rng = self.start(24, 20), random.Random(5)
        ox, oy = rng.randint(-3, 3), rng.randint(-3, 3)
        for x, y, *_ in scales.spiral(24, 20, 16):
            top, left, bottom, right = max(y, 0), max(x, 0), min(y + 16, 20), min(x + 16, 24)
            tile = numpy.zeros((16, 16, 3)) + image[top:bottom, left:right].mean((0, 1))
            tile[top - y:bottom - y, left - x:right - x] = image[top:bottom, left:right]
            tile = numpy.roll(tile, (oy, ox), (0, 1))
            g = self.gradient(tile)
            tile = numpy.roll(numpy.clip(tile + 1.5 * g / abs(g).mean(), 0, 255), (-oy, -ox), (0, 1))
            tile = scipy.ndimage.gaussian_filter(tile, (0.4, 0.4, 0))
            image[top:bottom, left:right] = tile[top - y:bottom - y, left - x:right - x]
        self.close(self.dreamt(plan), image.ravel(), 5e-4)

    def test_keras_with_scipys_lbfgs(self):
        """Two rounds; the objective's float32 sums make the searches differ in the last digits. Seen: 0.001 levels."""
        plan = Plan(terms=(Layer("layer", 40.0, "square", border=2),), rounded=False, tiles=Tiles("whole"), seed=6,
                    penalties=KERAS, scales=Scales("single"),
                    move=Move("lbfgs", shift="no", clip="end", noise=5.0), stages=(Stage(2),))
        x, rng = self.start(24, 20).ravel(), random.Random(6)
        mean = numpy.array([*MEAN] * 480)

        def loss(flat):
            image = flat.reshape(20, 24, 3)
            engine = self.network.engine(20, 24)
            engine.load_tile(array.array("f", flat.astype("f4").tobytes()))
            value = objectives.backward(engine, plan.terms, True)
            gradient = numpy.array(engine.gradient("data"), "f8")
            dh, dw = image[1:, :-1] - image[:-1, :-1], image[:-1, 1:] - image[:-1, :-1]
            square = dh ** 2 + dw ** 2
            slope, factor = numpy.zeros_like(image), 2.5 * square ** 0.25 / 1440
            slope[1:, :-1] += factor * dh
            slope[:-1, 1:] += factor * dw
            slope[:-1, :-1] -= factor * (dh + dw)
            value -= 0.1 * (square ** 1.25).sum() / 1440 + 0.02 * ((flat - mean) ** 2).sum() / 1440
            return -value, -(gradient - 0.1 * slope.ravel() - 0.02 * 2 * (flat - mean) / 1440)

        for _ in range(2):
            noise = numpy.array(ascent.pixel_noise(1440, 5.0, rng))
            x, _, _ = scipy.optimize.fmin_l_bfgs_b(loss, x + noise, maxfun=7)
            x = x - noise
        self.assertGreater(abs(x - self.start(24, 20).ravel()).mean(), 1.0)
        self.close(self.dreamt(plan), numpy.clip(x, 0, 255), 0.02)


def variety(network):
    """Plans that have every choice in them at least once."""
    small = Tiles("feather", 12)
    return {
        "feather": FLOATS._replace(tiles=small, move=Move(shift="random", jitter=3)),
        "feather reflected": FLOATS._replace(tiles=Tiles("feather", 12, "reflect"), move=Move("deviation")),
        "grid together": FLOATS._replace(tiles=Tiles("grid", 12), move=Move("adam")),
        "grid reflected": FLOATS._replace(tiles=Tiles("grid", 12, "reflect")),
        "whole reflected": FLOATS._replace(tiles=Tiles("whole", 12, "reflect"), move=Move(shift="random", jitter=2)),
        "too large": FLOATS._replace(tiles=Tiles("whole", 12, limit=200)),
        "laplacian": FLOATS._replace(move=Move("plain", "laplacian")),
        "gaussians": FLOATS._replace(move=Move("centred", "gaussians", "random", noise=2.0)),
        "adam": FLOATS._replace(move=Move("adam", clip="end"), rounded=True),
        "lbfgs": FLOATS._replace(move=Move("lbfgs"), tiles=small, stages=(Stage(1, blur=(0.5, 0.5)),),
                                 penalties=KERAS, terms=(Layer("layer", 40.0, "square"),)),
        "waves": FLOATS._replace(move=Move("adam", space="fourier", noise=1.0), stages=(Stage(3, (0.05, 0.05)),)),
        "waves of lbfgs": FLOATS._replace(move=Move("lbfgs", space="fourier"), stages=(Stage(1),)),
        "spiral": FLOATS._replace(tiles=Tiles("spiral", 12, "reflect"), move=Move(shift="random"), rounded=True),
        "crop": FLOATS._replace(tiles=Tiles("crop", 12), stages=(Stage(3, (9, 3), (1.0, 0.5)),)),
        "small picture": FLOATS._replace(tiles=Tiles("spiral", 20, "mean"), stages=(Stage(1),)),
        "penalties": FLOATS._replace(penalties=(("continuity", 0.1), ("total-variation", 0.1), ("input", 0.1),
                                                ("mean-color", 0.1))),
        "mask": FLOATS._replace(mask=picture(5, 5), scales=Scales("shrink", octaves=2, smallest=4)),
        "mask and lbfgs": FLOATS._replace(mask=picture(5, 5), move=Move("lbfgs"), stages=(Stage(1),), penalties=KERAS,
                                          terms=(Layer("layer", 40.0, "square"),)),
        "mask and waves": FLOATS._replace(mask=picture(5, 5), move=Move("adam", space="fourier")),
        "colors": FLOATS._replace(colors="keep", strength=0.7, scales=Scales("grow", octaves=2)),
        "matched": FLOATS._replace(colors="match", scales=Scales("grow", octaves=2, resize="lefts")),
        "clipped at the end": FLOATS._replace(move=Move(clip="end"), stages=(Stage(3, (200, 200)),)),
        "contrast": FLOATS._replace(move=Move("adam", clip="contrast"), stages=(Stage(3, (200, 200)),)),
        "terms": FLOATS._replace(terms=(Layer("layer", 0.5), Layer("conv", -0.1), Classes("logits", {1: 2.0}),
                                        Caricature("layer", 0.1), Guide(network, picture(12, 9), "layer", 0.1))),
        "input by tiles": FLOATS._replace(terms=(Caricature("layer"),), penalties=(("input", 0.1),),
                                          tiles=Tiles("spiral", 12, "reflect"), move=Move(shift="random", jitter=3)),
    }


def small_preset(row, network):
    """A preset's plan on the small network, one step in octaves of a few pixels."""
    terms = {"class": Classes("logits", {1: 2.0}), "guide": Guide(network, picture(12, 9), "layer", 0.1)}
    plan = row.plan._replace(terms=(terms.get(row.wants) or Layer("layer", 40.0, row.how, border=row.border),))
    return plan._replace(stages=tuple(stage._replace(steps=1) for stage in plan.stages),
                         scales=plan.scales._replace(octaves=2, smallest=8), tiles=plan.tiles._replace(size=12))


class BothEngines(Case):
    """Each plan and each preset by machine code as by the Python engine. Seen: 5e-4 levels by L-BFGS, else 3e-4."""

    def test_every_plan(self):
        try:
            fast = deepdream.Network(small_model(), "simd", 1)
        except deepdream.DeepDreamError as error:
            self.skipTest(str(error))
        self.addCleanup(fast.close)
        results = []
        for network in (self.network, fast):
            plans = variety(network) | {row.name: small_preset(row, network) for row in presets.ROWS}
            plans = {name: plan._replace(rounded=False, scales=plan.scales._replace(c89=False))
                     for name, plan in plans.items()}
            ends = {name: list(dreams.dream_steps(network, picture(18, 15), plan))[-1].picture
                    for name, plan in plans.items()}
            results.append({name: end.pixels for name, end in ends.items()})
        python, fast = results
        sizes = {name: (end.width, end.height) for name, end in ends.items()}
        for name, levels in python.items():
            with self.subTest(name):
                start = scales.resize(picture(18, 15), sizes[name]).pixels
                self.assertGreater(sum(abs(a - b) for a, b in zip(levels, start)) / len(levels), 0.5)
                self.close(levels, fast[name], 2e-3)


class EveryPlan(Case):
    def test_same_seed_same_bytes(self):
        for name, plan in variety(self.network).items():
            with self.subTest(name):
                steps = list(dreams.dream_steps(self.network, picture(18, 15), plan))
                first = steps[-1].picture
                self.assertEqual(first.pixels, self.dreamt(plan, picture(18, 15)))
                start = scales.resize(picture(18, 15), (first.width, first.height))
                self.assertTrue(start.rounded().pixels != first.rounded().pixels)
                sizes = scales.sizes(plan.scales, 18, 15)
                self.assertEqual((first.width, first.height), sizes[-1])
                self.assertEqual([done.octave for done in steps if done.octave_done], list(range(len(sizes))))
                self.assertTrue(steps[-1].octave_done)
                for done in steps:
                    self.assertTrue(min(done.picture.pixels) >= 0 and max(done.picture.pixels) <= 255)
                self.assertGreater(steps[-1].mean_gradient, 0.0)

    def test_another_seed(self):
        for name in ("feather", "gaussians", "spiral", "crop"):
            plan, start = variety(self.network)[name], picture(18, 15)
            if name == "crop":
                plan = plan._replace(tiles=Tiles("crop", 9))        # so that there is room for chance
            self.assertTrue(self.dreamt(plan, start) != self.dreamt(plan._replace(seed=1), start), name)

    def test_the_objective_grows(self):
        def objective(levels):
            engine = self.network.engine(15, 18)
            engine.load_tile(array.array("f", iter(levels)))
            return objectives.backward(engine, (Layer("layer"),), True)

        before = objective(picture(18, 15).pixels)
        for name in ("feather", "feather reflected", "grid together", "laplacian", "gaussians", "adam", "waves",
                     "waves of lbfgs", "spiral"):
            levels = self.dreamt(variety(self.network)[name], picture(18, 15))
            self.assertGreater(objective(levels), 1.02 * before, name)

    def test_a_network_that_wants_other_numbers(self):
        """Steps are in levels of the picture whatever the network's scale and order of colours are."""
        given = deepdream.Input("data", "RGB", (122.7, 116.7, 104.0), 1 / 128)
        other = small_network(input=given)
        self.addCleanup(other.close)
        start = picture(18, 15)
        for plan in (FLOATS, FLOATS._replace(move=Move("deviation")), FLOATS._replace(tiles=Tiles("feather", 12))):
            plan = plan._replace(stages=(Stage(1),))
            levels = list(dreams.dream_steps(other, start, plan))[-1].picture.pixels
            moved = [a - b for a, b in zip(levels, start.pixels)]
            size = (scales.moments(moved)[1] if plan.move.rule == "deviation" else
                    sum(map(abs, moved)) / len(moved))
            self.assertAlmostEqual(size, 1.5, delta=0.01)
        self.assertAlmostEqual(max(levels), max(start.pixels), delta=20)


class Parts(Case):
    def test_by_engine_or_by_rule(self):
        """The fast way of whole tiles and the general one are the same to the last digits of float32."""
        fast = FLOATS._replace(tiles=Tiles("grid", 16))
        white = deepdream.Picture(3, 3, bytearray(b"\xff" * 27))
        self.close(self.dreamt(fast), self.dreamt(fast._replace(mask=white)), 5e-4)
        self.close(self.dreamt(FLOATS), self.dreamt(FLOATS._replace(tiles=Tiles("feather", 24, overlap=0.0))), 5e-4)

    def test_a_black_mask_keeps_the_picture(self):
        black = deepdream.Picture(3, 3)
        for move in (Move(), Move("adam"), Move("lbfgs"), Move("adam", space="fourier")):
            plan = FLOATS._replace(mask=black, move=move, stages=(Stage(1),), penalties=KERAS)
            self.close(self.dreamt(plan), picture(24, 20).pixels, 1e-4)

    def test_strength(self):
        full = self.dreamt(FLOATS)
        self.close(self.dreamt(FLOATS._replace(strength=0.0)), picture(24, 20).pixels, 0)
        self.close(self.dreamt(FLOATS._replace(strength=0.5)),
                   [(a + b) / 2 for a, b in zip(full, picture(24, 20).pixels)], 1e-3)

    def test_an_endless_picture_may_be_cut_anywhere(self):
        """From octave to octave, blurred and smoothed: rolled before or after is the same."""
        start, (x, y) = picture(16, 32), (6, 16)
        moved = deepdream.Picture(16, 32, scales.rolled(start.pixels, 16, 32, x, y))
        for kind in ("grow", "shrink"):
            for carry in scales.CARRIES:
                sides = Scales(kind, octaves=2, factor=2, smallest=4, carry=carry, wrap=True)
                plan = FLOATS._replace(scales=sides, mask=deepdream.Picture(1, 1), move=Move(smooth="gaussians"))
                width, height = scales.sizes(sides, 16, 32)[-1]
                for one in (plan, plan._replace(strength=0.5)):
                    here, there = (self.dreamt(one, begun) for begun in (start, moved))
                    self.close(there, scales.rolled(here, width, height, x * width // 16, y * height // 32), 1e-2)
        for smooth in ascent.FILTERS:
            work = dreams.Work(self.network, start, FLOATS._replace(scales=Scales("single", wrap=True),
                                                                    move=Move(smooth=smooth)))
            for what in (lambda levels: work.blurred(levels, 16, 32, 2.0, start),
                         lambda levels: work.smoothed(levels, 16, 32, 1.0, start)):
                here, there = (what(scales.as_floats(begun.pixels)) for begun in (start, moved))
                if smooth == "gaussians":
                    self.close(there, scales.rolled(here, 16, 32, x, y), 1e-3)
                tall = what(scales.as_floats(scales.rolled(start.pixels, 16, 32, 0, y)))
                self.close(tall, scales.rolled(here, 16, 32, 0, y), 0.05)

    def test_finishing_touches_do_not_reach_the_next_octave(self):
        plan = FLOATS._replace(scales=Scales("grow", octaves=2, factor=1.5), tiles=Tiles("grid", 24))
        touched = list(dreams.dream_steps(self.network, picture(24, 20), plan._replace(strength=0.0)))
        plain = list(dreams.dream_steps(self.network, picture(24, 20), plan))
        self.assertEqual([done.mean_gradient for done in touched], [done.mean_gradient for done in plain])

    def test_terms_see_the_input_at_their_place(self):
        """A network that looks at the input shows the very tile, as far as nothing has moved yet."""
        seen = []

        def look(engine, terms, tile):
            seen.append(bytes(deepdream.round_half_up(tile)))
            look_at_input(engine, terms, tile)

        look_at_input, cut = objectives.look_at_input, dreams.Work.cut
        cuts = []

        def note(work, where, tile, roll=(0, 0)):
            levels = cut(work, where, tile, roll)
            cuts.append(bytes(deepdream.round_half_up(levels)))
            return levels

        plan = FLOATS._replace(terms=(Caricature("layer", 0.0),), tiles=Tiles("spiral", 16, "reflect"),
                               move=Move(shift="random", jitter=4), stages=(Stage(1, (0.0, 0.0)),))
        with mock.patch.object(objectives, "look_at_input", look), mock.patch.object(dreams.Work, "cut", note):
            self.dreamt(plan)
        self.assertEqual(len(seen), len(list(scales.spiral(24, 20, 16))))
        self.assertEqual(cuts[0::2], cuts[1::2])
        self.assertEqual(cuts[0::2], seen)

    def test_memory_is_that_of_a_tile(self):
        sizes = set()
        engine = self.network.engine

        def noted(height, width):
            sizes.add((height, width))
            return engine(height, width)

        start = picture(50, 40)
        for tiles in (Tiles("grid", 16), Tiles("feather", 16), Tiles("spiral", 16, "reflect"), Tiles("crop", 16),
                      Tiles("whole", 16, limit=1000)):
            for move in (Move(), Move("adam")) if tiles.kind not in ("spiral", "crop") else (Move(),):
                with mock.patch.object(self.network, "engine", noted):
                    dreams.dream(self.network, start, FLOATS._replace(tiles=tiles, move=move, stages=(Stage(1),)))
        self.assertEqual(sizes, {(16, 16)})

    def test_time(self):
        """With a clock that says how many pixels the network has seen, a budget gives the steps that fit."""
        clock = [0.0]
        load = deepdream.PythonEngine.load_tile

        def slow(engine, tile):
            clock[0] += engine.height * engine.width
            load(engine, tile)

        plan = Plan(rounded=False, stages=(Stage(2),), tiles=Tiles("grid", 24), scales=Scales("grow", octaves=3))
        tile = 24 * 24
        with mock.patch.object(deepdream.PythonEngine, "load_tile", slow), \
                mock.patch.object(dreams.time, "monotonic", lambda: clock[0]):
            for tiles, counts in ((2 + 4 * 18, [8, 8, 8]), (2 + 18, [2, 2, 2]), (2 + 9, [1, 1, 1]), (0, [1])):
                budget = plan._replace(seconds=tiles * tile + 1.0)
                steps = list(dreams.dream_steps(self.network, picture(24, 20), budget))
                done = [len({s.step for s in steps if s.octave == octave}) for octave in range(3)]
                self.assertEqual([n for n in done if n], counts)
        self.assertTrue(steps[-1].octave_done)

    def test_no_time_for_the_last_octave_of_a_pyramid(self):
        plan = FLOATS._replace(scales=Scales("shrink", octaves=2, smallest=4), seconds=1.0)
        with mock.patch.object(dreams.scales, "within", lambda *_: [2, 0]):
            steps = list(dreams.dream_steps(self.network, picture(24, 20), plan))
        self.assertEqual([(s.octave, s.octave_done) for s in steps], [(0, False), (0, True), (1, True)])
        self.assertEqual((steps[-1].picture.width, steps[-1].picture.height), (24, 20))
        self.assertTrue(steps[-1].picture.rounded().pixels != picture(24, 20).pixels)

    def test_what_there_is_not(self):
        for plan, words in (
                (Plan(move=Move("sgd")), "rule 'sgd'"), (Plan(move=Move(smooth="x")), "filter 'x'"),
                (Plan(scales=Scales("shrunk")), "scales 'shrunk'"), (Plan(tiles=Tiles("hexagon")), "tiles 'hexagon'"),
                (Plan(penalties=(("tv", 1.0),)), "penalty 'tv'"), (Plan(colors="grey"), "colors 'grey'"),
                (Plan(move=Move("adam"), tiles=Tiles("spiral")), "whole picture"), (Plan(stages=()), "no steps"),
                (Plan(move=Move("lbfgs"), tiles=Tiles("whole")), "without a penalty"),
                (Plan(move=Move("adam", space="fourier")), "rounded=False")):
            with self.assertRaisesRegex(deepdream.DeepDreamError, words):
                next(dreams.dream_steps(self.network, picture(24, 20), plan))


class Inception(Case):
    """The shipped network by machine code, where there is any."""

    def setUp(self):
        self.model = deepdream.load_model(str(ROOT / "InceptionV1.pb"))
        self.network = deepdream.Network(self.model, "auto", 1, tell=lambda note: None)
        self.addCleanup(self.network.close)
        if self.network.choice.make is deepdream.PythonEngine:
            self.skipTest("no machine code here")
        self.start = scales.resize(deepdream.read_picture(str(ROOT / "cat_dog224.bmp")), (96, 96)).rounded()

    def test_both_engines(self):
        """Two steps by rules that do not look at the sign of what is nearly zero. Seen: 2e-5 levels."""
        python = deepdream.Network(self.model, "python", 1)
        self.addCleanup(python.close)
        start = scales.resize(self.start, (40, 33)).rounded()
        for plan in (FLOATS._replace(move=Move("centred", "gaussians", "random")),
                     FLOATS._replace(move=Move("plain", "laplacian"), tiles=Tiles("feather", 32, "reflect"),
                                     stages=(Stage(1),))):
            plan = plan._replace(terms=(Layer("pool2_3x3_s2"),), mask=self.start)
            ours, theirs = ([done.picture for done in dreams.dream_steps(network, start, plan)][-1].pixels
                            for network in (self.network, python))
            self.close(ours, theirs, 1e-3)

    @needs_numpy
    def test_a_round_of_bad_trip_is_scipys(self):
        """One round from the same picture and noise. float32 in the network: seen 0.06 levels."""
        plan = presets.PRESETS["bad-trip"].planned(self.network)
        plan = plan._replace(stages=(Stage(1),), tiles=Tiles("whole"), move=plan.move._replace(shift="no"))
        work = dreams.Work(self.network, self.start, plan)
        noise = numpy.array(ascent.pixel_noise(3 * 96 * 96, 5.0, random.Random(0)))
        tile = scales.Tile(0, 0, 96, 96)

        def loss(flat):
            here = deepdream.Picture(96, 96, array.array("f", flat.astype("f4").tobytes()))
            total = deepdream.Picture(96, 96, array.array("f", bytes(4 * len(flat))))
            value = work.add_gradient(here, tile, total, True)
            return -value, -numpy.array(total.pixels, "f8")

        x, _, told = scipy.optimize.fmin_l_bfgs_b(loss, numpy.array(self.start.pixels, "f8") + noise, maxfun=7)
        self.assertGreater(told["nit"], 1)
        ours = self.dreamt(plan, self.start)
        self.assertGreater(abs(numpy.array(ours) - self.start.pixels).mean(), 1.0)
        self.close(ours, numpy.clip(x - noise, 0, 255), 0.5)


class Presets(unittest.TestCase):
    def test_rows(self):
        model = deepdream.load_model(str(ROOT / "InceptionV1.pb"))
        network = deepdream.Network(model, "python", 1)
        for name, row in presets.PRESETS.items():
            self.assertEqual(name, row.name)
            own = row.planned(network)
            dreams.check(own)
            self.assertEqual(bool(own.terms), not row.wants)
            term = Classes(objectives.logits_layer(model), {1: 1.0})
            self.assertEqual(row.planned(network, [term]).terms, (term,))
            self.assertIn(row.noise, ("", *presets.NOISES))
            self.assertTrue(row.line and row.origin)
        self.assertEqual(presets.PRESETS["c89"].planned(network).scales, Scales(c89=True))
        for noise in presets.NOISES.values():
            made = noise(9, 7, 1)
            self.assertEqual((made.width, made.height), (9, 7))
            self.assertEqual(made.pixels, noise(9, 7, 1).pixels)


if __name__ == "__main__":
    unittest.main()
