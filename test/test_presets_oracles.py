"""Each preset against an independent program: oracles/, in PyTorch, NumPy and SciPy. Skipped where these are missing.

    pip install torch numpy scipy protobuf
    ORACLES=1 python3 -m unittest discover -v -s test -p test_presets_oracles.py      # shows what it measures

Measured (PyTorch 2.13 in double precision, machine code in single): differences of the first objective and gradient,
relative; of the picture after the steps, as a part of how far it moved. All but the first by root mean squares.

                        the preset's own layer              conv1_7x7_s2
                        objective gradient picture          objective gradient picture
    c89                 3e-8      1e-3     1.7e-1           4e-9      2e-7     8e-4     bytes
    classic             9e-8      4e-7     2e-6             1e-8      2e-7     1e-6
    guided              4e-8      1e-7     5e-4
    bad-trip            3e-9      8e-5     1e-2
    dreamy              8e-9      2e-7     2e-3
    article             1e-7      2e-7     5e-2             1e-8      2e-7     3e-6
    class               9e-8      3e-4     5e-2             2e-8      4e-7     5e-7
    lucid, reflect      6e-7      4e-4     5e-3             4e-9      2e-7     1e-6
    lucid, mean                                             4e-9      2e-7     1e-6
    smooth              5e-8      3e-7     1e-1             9e-9      1e-7     4e-7
    lapnorm             1e-8      2e-7     1e-1             1e-9      3e-7     9e-7

A deep layer's gradient jumps where a ReLU or the largest of a pool turns, and dreams go on from there: PyTorch in
single precision is as far from itself in double (classic, four octaves of a step: 1e-6 to 0.3 levels, by start). So
the first layer, whose half squared norm has a gradient without jumps, is what shows that all the rest is the same.

What we do otherwise than the systems did, and the programs follow: the network and its mean; Keras' presets roll before
each round; article: an octave begins with what is not clipped (up to 0.5 levels); class: octaves enlarged by straight
lines, not cubic splines (`order`; 0.2 levels); lapnorm: clipped after each step; lucid: at the edges more of the
picture, reflected ("mean" is what it was).
"""
import contextlib
import os
import pathlib
import random
import sys
import unittest
from unittest import mock

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
from helpers import needs_machine_code  # noqa: E402

import deepdream  # noqa: E402
from deepdream_extras import ascent, dreams, objectives, presets, scales  # noqa: E402

try:
    import numpy as np
    import torch
    from oracles import systems
    from oracles.graph import Graph
except ImportError as error:
    missing = f"needs torch, numpy, scipy and protobuf: {error}"
else:
    missing = ""

SHIPPED = str(ROOT / "cat_dog224.bmp")
GOLDFISH = 1
LOGITS, CONV1 = "loss3_classifier/loss3_classifier", "conv1_7x7_s2/conv1_7x7_s2"

# Limits: see Presets.compare. Deep layers make jumps: see above.
DEEP = 1e-5, 1e-2, 0.4
SHALLOW = 1e-5, 1e-5, 1e-4
STRONGER = {"bad-trip": 8000, "dreamy": 4000}    # weights of Keras' presets here: our network's activations are smaller
ROUNDED = 1e-2      # more where levels are bytes: what is all but 1/2 becomes 0 here and 1 there


def photograph(width, height, contrast=0.6):
    """A part of the shipped picture, enlarged, with less contrast and some noise.

    Where a picture is flat, cells of a layer are equal, and the first of them has the gradient of the pool above; after
    a step they differ by rounding errors, and it could be any. The same where levels are clipped.
    """
    numbers = random.Random(1)
    large = deepdream.upscale(deepdream.read_picture(SHIPPED))
    part = deepdream.cut_tile(large, 40, 20, width, height)
    levels = [128 + contrast * (v - 128) + numbers.uniform(-6, 6) for v in part]
    return deepdream.Picture(width, height, bytearray(int(min(max(v, 0), 255)) for v in levels))


def as_levels(picture):
    return np.array(picture.pixels, dtype=float).reshape(picture.height, picture.width, 3)


def rms(values):
    return np.sqrt(np.mean(values ** 2))


class Watch:
    """What a dream of ours drew at random, and the first objective and gradient, less its penalties."""

    def __init__(self):
        self.shifts, self.noises, self.deviates = [], [], []
        self.value, self.gradient = None, None
        self.stack = contextlib.ExitStack()
        self.shift, self.noise, self.gauss = ascent.shift, ascent.pixel_noise, random.Random.gauss
        self.backward, self.penalised = objectives.backward, dreams.Work.penalised

    def __enter__(self):
        patch = mock.patch.object
        for where, name in ((ascent, "shift"), (ascent, "pixel_noise"), (objectives, "backward")):
            self.stack.enter_context(patch(where, name, getattr(self, "see_" + name)))
        self.stack.enter_context(patch(random.Random, "gauss", lambda *args: self.see_gauss(*args)))
        self.stack.enter_context(patch(dreams.Work, "penalised", lambda *args: self.see_penalised(*args)))
        return self

    def __exit__(self, *error):
        self.stack.close()

    def see_shift(self, *args):
        self.shifts.append(self.shift(*args))
        return self.shifts[-1]

    def see_pixel_noise(self, *args):
        self.noises.append(self.noise(*args))
        return self.noises[-1]

    def see_gauss(self, numbers, mean, deviation):
        found = self.gauss(numbers, mean, deviation)
        self.deviates.append((found - mean) / deviation)
        return found

    def see_backward(self, engine, terms, value=False):
        found = self.backward(engine, terms, True)
        if self.value is None:
            self.value, self.gradient = found, ascent.level_gradient(engine)
        return found

    def see_penalised(self, work, gradient, *args):
        first = gradient == self.gradient
        less, gradient = self.penalised(work, gradient, *args)
        if first and less:
            self.value, self.gradient = self.value - less, gradient
        return less, gradient


@unittest.skipIf(missing, missing)
@needs_machine_code
class Presets(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        torch.set_num_threads(1)
        cls.network = deepdream.load(jobs=1)
        cls.graph = Graph(str(ROOT / "InceptionV1.pb"))

    def setUp(self):
        self.oracle = systems.Network(self.graph)

    def ours(self, name, picture, steps, terms=(), **changes):
        """(the picture after so many steps an octave, not rounded, Watch) of a preset of ours."""
        plan = presets.PRESETS[name].planned(self.network, terms)
        stages = tuple(stage._replace(steps=count) for stage, count in zip(plan.stages, steps))
        plan = plan._replace(stages=stages, seed=5, **changes)
        with Watch() as watch:
            *_, last = dreams.dream_steps(self.network, picture, plan)
        return last.picture, watch

    def compare(self, name, start, picture, watch, expected, limits):
        """limits: of objective and gradient, both relative, and of the picture, as a part of how far it moved. All but
        the first by root mean squares."""
        value, gradient = self.oracle.first
        ours, result = np.array(watch.gradient).reshape(gradient.shape), as_levels(picture)
        self.assertEqual(result.shape, expected.shape)
        moved = rms(expected - systems.interpolated(as_levels(start), *expected.shape[:2]))
        found = abs(watch.value / value - 1), rms(ours - gradient) / rms(gradient), rms(result - expected) / moved
        report = (f"{name}: objective {found[0]:.1e}, gradient {found[1]:.1e}, picture {found[2]:.1e} of {moved:.1f} "
                  f"levels, at most {np.abs(result - expected).max():.1e} levels")
        if "ORACLES" in os.environ:
            print("\n" + report, file=sys.stderr)
        for what, number, limit in zip(("objective", "gradient", "picture"), found, limits):
            self.assertLess(number, limit, f"{what}; {report}")

    def both(self, function, terms, objective):
        """function(name's end, contrast, our terms, their objective, limits) with the preset's own and with the first
        layer, which is in front of all pools, so that levels may also be clipped."""
        with self.subTest("deep"):
            function("", 0.6, terms, objective, DEEP)
        self.oracle.first = None
        with self.subTest("shallow"):
            function(", shallow", 1.2, (objectives.Layer("conv1_7x7_s2"),), systems.half_square(CONV1), SHALLOW)

    def rolls(self, watch, sign=-1):
        """Where tiles lie x further to the right, the picture is rolled by -x."""
        return iter([(sign * x, sign * y) for x, y in watch.shifts])

    def test_ties(self):
        """The shipped picture has flat parts: the first of equal cells has the gradient."""
        levels = as_levels(deepdream.read_picture(SHIPPED))
        _, expected = self.oracle(levels, systems.half_square("inception_4c_output"))
        engine = self.network.engine(224, 224)
        engine.load_tile(deepdream.read_picture(SHIPPED).pixels)
        objectives.backward(engine, (objectives.Layer("inception_4c_output"),))
        found = np.array(ascent.level_gradient(engine)).reshape(224, 224, 3)
        self.assertLess(rms(found - expected) / rms(expected), 1e-2)

    def test_c89(self):
        def run(end, contrast, terms, objective, limits):
            start = photograph(230, 160, contrast)
            picture, watch = self.ours("c89", start, [2], terms, scales=scales.Scales(octaves=2, c89=True))
            expected = systems.c89(self.oracle, as_levels(start), objective, 2, 2)
            limits = *limits[:2], limits[2] + ROUNDED
            self.compare("c89" + end, start, picture, watch, expected, limits)

        self.both(run, (), systems.half_square("inception_4c_output"))

    def google(self, name, contrast, terms, objective, limits):
        start = photograph(120, 96, contrast)
        picture, watch = self.ours(name.partition(",")[0], start, [2], terms)
        expected = systems.google(self.oracle, as_levels(start), objective, self.rolls(watch), 4, 2)
        self.compare(name, start, picture, watch, expected, limits)

    def test_classic(self):
        def run(end, *args):
            self.google("classic" + end, *args)

        self.both(run, (), systems.half_square("inception_4c_output"))

    def test_guided(self):
        guide = deepdream.Picture(80, 64, deepdream.cut_tile(photograph(200, 200), 110, 60, 80, 64))
        objective = systems.guide(self.oracle, as_levels(guide), "inception_3b_output")
        self.google("guided", 0.6, (objectives.Guide(self.network, guide),), objective, DEEP)

    def keras(self, name, size, weights, continuity, dream_l2, jitter):
        start = photograph(*size)
        rounds = 2 if jitter else 1
        picture, watch = self.ours(name, start, [rounds])
        self.assertEqual(len(watch.noises), rounds if jitter else 0)
        self.assertTrue(all(-jitter <= min(noise) and max(noise) <= jitter for noise in watch.noises))
        noises = iter([np.array(noise).reshape(size[1], size[0], 3) for noise in watch.noises] or [0.0])
        weights = {layer: STRONGER[name] * c for layer, c in weights.items()}
        expected = systems.keras(self.oracle, as_levels(start), weights, continuity, dream_l2, noises,
                                 list(self.rolls(watch)))
        self.compare(name, start, picture, watch, expected, DEEP)

    def test_bad_trip(self):
        self.keras("bad-trip", (128, 112), {"inception_4b_output": 0.05, "inception_4c_output": 0.01,
                                            "inception_4d_output": 0.01}, 0.1, 0.8, 5.0)

    def test_dreamy(self):
        self.keras("dreamy", (176, 163), {"inception_4e_output": 0.05, "inception_5a_output": 0.02}, 0.1, 0.02, 0.0)

    def test_article(self):
        def run(end, contrast, terms, objective, limits):
            start = photograph(120, 97, contrast)
            picture, watch = self.ours("article", start, [3], terms)
            expected = systems.article(self.oracle, as_levels(start), objective, self.rolls(watch), 3, 3, 0.57,
                                       clip=False)
            self.compare("article" + end, start, picture, watch, expected, limits)

        self.both(run, (), systems.total("inception_4d_output"))

    def goldfish(self):
        return (objectives.parse_class("goldfish", self.network),), systems.one_hot(LOGITS, GOLDFISH)

    def test_class(self):
        def run(end, contrast, terms, objective, limits):
            start = scales.normal_noise(224, 224, 3)
            picture, watch = self.ours("class", start, [2, 2], terms)
            stages = (2, (2.5, 0.78), (11, 11)), (2, (0.936, 0.4), (6, 3))
            expected = systems.deepdraw(self.oracle, as_levels(start), objective, stages, iter(watch.deviates), order=1)
            self.compare("class" + end, start, picture, watch, expected, limits)

        self.both(run, *self.goldfish())

    def lucid(self, edge, padding):
        def run(end, contrast, terms, objective, limits):
            if not end and edge == "mean":
                return      # too slow
            start, steps = photograph(240, 230, contrast), 2 if end else 1
            tiles = presets.PRESETS["lucid"].plan.tiles._replace(edge=edge)
            picture, watch = self.ours("lucid", start, [steps], terms, tiles=tiles)
            expected = systems.lucid(self.oracle, as_levels(start), objective, self.rolls(watch, 1), steps, padding,
                                     0.35)
            self.compare(f"lucid, {edge}" + end, start, picture, watch, expected, limits)

        self.both(run, *self.goldfish())

    def test_lucid(self):
        self.lucid("reflect", "symmetric")
        self.lucid("mean", "mean")

    def test_smooth(self):
        def run(end, contrast, terms, objective, limits):
            start = photograph(239, 230, contrast)
            picture, watch = self.ours("smooth", start, [2], terms)
            expected = systems.gordicaleksa(self.oracle, as_levels(start), objective, self.rolls(watch), 2, 5.2)
            self.compare("smooth" + end, start, picture, watch, expected, limits)

        self.both(run, (), systems.mean_square("inception_4c_output"))

    def test_lapnorm(self):
        def run(end, contrast, terms, objective, limits):
            start = photograph(100, 91, contrast)
            picture, watch = self.ours("lapnorm", start, [2], terms)
            expected = systems.tensorflow(self.oracle, as_levels(start), objective, self.rolls(watch), 3, 2,
                                          clip=True)
            self.compare("lapnorm" + end, start, picture, watch, expected, limits)

        self.both(run, (), systems.mean("inception_4d_3x3_reduce/inception_4d_3x3_reduce"))


if __name__ == "__main__":
    unittest.main()
