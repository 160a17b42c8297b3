"""deepdream animate: the loop, keyframes, what goes in and out, and that an interruption changes nothing."""
import array
import errno
import gc
import io
import json
import math
import os
import pathlib
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import warnings
import zlib
from fractions import Fraction
from unittest import mock

from helpers import ENVIRONMENT, LONG, PROGRAM, REFUSED, CommandLine, needs_machine_code, wait_until

import deepdream
from deepdream import DeepDreamError, Picture, UsageError
from deepdream_extras import animate, distortions, frames, moving, objectives, presets, scales
from deepdream_extras.ascent import Stage
from deepdream_extras.formats import gif, png, y4m

try:
    from PIL import Image
except ImportError:
    Image = None
try:
    import cv2
except ImportError:
    cv2 = None

# A small layer, one step: the loop is what is tested, on whichever engine is the faster one here
LITTLE = ("--layer", "pool1/3x3_s2", "--octaves", 1, "--steps", 1, "--first-steps", 1, "-j", 1)


def drawn(width, height, seed=1):
    """A picture of coloured noise over a gradient."""
    numbers = random.Random(seed)
    return Picture(width, height, bytearray([(7 * (i // 3 % width) + numbers.randrange(60)) % 256
                                             for i in range(3 * width * height)]))


def differing(one, other):
    """Mean |difference| of levels."""
    return sum(abs(a - b) for a, b in zip(one, other)) / len(one)


class Order(unittest.TestCase):

    def test_orders(self):
        def numbers(*words, **wishes):
            return [one for one, _, _ in frames.order(*words, **wishes)]

        self.assertEqual(numbers(4), [0, 1, 2, 3])
        self.assertEqual(numbers(4, reverse=True), [3, 2, 1, 0])
        self.assertEqual(numbers(4, ping_pong=True), [0, 1, 2, 3, 2, 1])
        self.assertEqual(numbers(3, ping_pong=True, reverse=True), [2, 1, 0, 1])
        self.assertEqual(numbers(1, ping_pong=True), [0])
        self.assertEqual(numbers(0), [])
        for short in range(1, 5):       # interrupted early
            self.assertEqual(len(frames.order(short, 3)), short - min(3, short // 2))

    def test_crossfade_goes_round(self):
        shown = frames.order(10, 3)
        self.assertEqual(shown[:4], [(i, i, 0.0) for i in range(3, 7)])
        self.assertEqual(shown[4:], [(7, 0, 0.25), (8, 1, 0.5), (9, 2, 0.75)])      # 3 comes next, at the beginning

        mixed = frames.mixed(Picture(1, 1, bytearray([0, 100, 255])), Picture(1, 1, bytearray([255, 100, 0])), 0.25)
        self.assertEqual(list(mixed.pixels), [64, 100, 191])


class Names(unittest.TestCase):

    def test_natural_order(self):
        names = ["f10.png", "f9.png", "F1.png", "f09.png", "g.png", "f.png", "2.png", "10.png"]
        self.assertEqual(sorted(names, key=frames.natural),
                         ["2.png", "10.png", "F1.png", "f09.png", "f9.png", "f10.png", "f.png", "g.png"])

    def test_patterns(self):
        for name, is_one in (("%d.png", True), ("a/%05d.jpg", True), ("100%.png", False), ("%d%d.png", False),
                             ("%05d/x.png", False), ("%5d.png", False), ("%s.png", False)):
            self.assertEqual(frames.pattern_in(name), is_one, name)
        self.assertTrue(frames.numbered("x/a.%03d.png").fullmatch("a.012.png"))
        self.assertFalse(frames.numbered("x/a.%03d.png").fullmatch("ab012.png"))


class Keys(unittest.TestCase):
    """What --key and --through make of options."""

    def options(self, *words):
        options = deepdream.parse_command_line(["animate", *map(str, words)])
        options.distort = [distortions.parse(text) for text in options.distort or ()]
        return options

    def at(self, number, *words):
        options = self.options(*words)
        return animate.at_frame(options, animate.keyframes(options), number)

    def test_numbers_lie_between(self):
        words = ("--step-size", 1, "--key", "10:step-size=3", "--key", "20:step-size=2,4", "--key", "4:steps=3",
                 "--key", "8:steps=9")
        self.assertEqual([self.at(n, *words).step_size for n in (0, 5, 10)], [1.0, 2.0, (3.0, 3.0)])
        self.assertEqual([self.at(n, *words).step_size for n in (15, 20, 99)], [(2.5, 3.5), (2.0, 4.0), (2.0, 4.0)])
        self.assertEqual([self.at(n, *words).steps for n in (0, 3, 4, 5, 6, 8, 9)], [None, None, 3, 4, 6, 9, 9])
        self.assertEqual(self.at(5, "--key", "0:octave-scale=1.2", "--key", "10:octave-scale=1.4").octave_scale,
                         Fraction(13, 10))
        self.assertEqual(self.at(5, "--strength", 0.5, "--key", "10:strength=1").strength, 0.75)

    def test_names_are_cut(self):
        words = ("--layer", "3b", "--key", "10:layer=4c", "--key", "10:keep-colors=yes", "--key", "20:keep-colors=no")
        self.assertEqual([self.at(n, *words).layer for n in (0, 9, 10, 30)], ["3b", "3b", "4c", "4c"])
        self.assertEqual([self.at(n, *words).keep_colors for n in (0, 9, 10, 19, 20)],
                         [False, False, True, True, False])
        self.assertNotIn("keep_colors", self.at(20, *words).texts)

    def test_weights_lie_between(self):
        words = ("--key", "0:class=goldfish*1", "--key", "0:class=hen*0", "--key", "10:class=goldfish*0",
                 "--key", "10:class=hen*2", "--penalty", "continuity=1", "--key", "10:penalty=continuity=3")
        self.assertEqual(getattr(self.at(0, *words), "class"), ["goldfish*1.0"])
        self.assertEqual(getattr(self.at(5, *words), "class"), ["goldfish*0.5", "hen*1.0"])
        self.assertEqual(getattr(self.at(10, *words), "class"), ["hen*2"])
        self.assertEqual(self.at(5, *words).penalty, ["continuity=2.0"])
        self.assertEqual(self.at(5, "--key", "0:maximize=4c", "--key", "10:maximize=3b").maximize, ["4c"])

    def test_distortions_lie_between(self):
        words = ("--distort", "zoom:0.1", "--distort", "rotate:0", "--key", "10:distort=zoom:0.2", "--key",
                 "10:distort=rotate:10", "--key", "20:distort=swirl")
        self.assertEqual([[one.name for one in self.at(n, *words).distort] for n in (0, 19, 20)],
                         [["zoom", "rotate"], ["zoom", "rotate"], ["swirl"]])
        middle = self.at(5, *words).distort
        self.assertAlmostEqual(middle[0].values["by"], 0.15)
        self.assertAlmostEqual(middle[1].values["degrees"], 5.0)
        self.assertEqual(middle[0].values["x"], 0.5)

    def test_wrong_ones(self):
        for key, says in (("x", "FRAME:OPTION=VALUE"), ("3:steps", "FRAME:OPTION=VALUE"), ("-1:steps=2", "FRAME:"),
                          ("3:steps=x", "a whole number"), ("3:frames=9", "no option that can change"),
                          ("3:stps=9", "did you mean steps"), ("3:seed=9", "no option that can change"),
                          ("3:distort=zoomm", "did you mean zoom"), ("3:keep-colors=1", "yes or no")):
            with self.subTest(key=key), self.assertRaisesRegex(UsageError, says):
                animate.keyframes(self.options("--key", key))
        with self.assertRaisesRegex(UsageError, "has a key at frame 3 already"):
            animate.keyframes(self.options("--key", "3:steps=2", "--key", "3:steps=4"))
        for one, other in (("maximize=4c*2", "maximize=4c"), ("penalty=input=1", "penalty=input=2")):
            with self.assertRaisesRegex(UsageError, "is given twice at frame 3"):
                animate.keyframes(self.options("--key", f"3:{one}", "--key", f"3:{other}"))

    def test_through(self):
        names = ["a*2", "b", "c"]
        self.assertEqual(animate.through(names, 8, 0), ["a*2.0"])
        self.assertEqual(animate.through(names, 8, 6), ["a*2.0"])
        self.assertEqual(animate.through(names, 8, 7), ["a*1.0", "b*0.5"])
        self.assertEqual(animate.through(names, 8, 8), ["b*1.0"])
        self.assertEqual(animate.through(names, 8, 23), ["c*0.5", "a*1.0"])
        self.assertEqual(animate.through(names, 8, 24), animate.through(names, 8, 0))      # around again
        self.assertEqual({tuple(animate.through(["a*3"], 4, n)) for n in range(9)}, {("a*3.0",)})

    def test_every_option_of_a_dream_is_there(self):
        rows = {mode: {deepdream.option_name(row) for row in deepdream.OPTIONS if mode in row.modes.split()}
                for mode in ("dream", "animate")}
        of_many_pictures, of_one = {"sweep", "overwrite"}, {"floats", "max_size", "no_octaves", "save_steps", "stage"}
        self.assertEqual(rows["dream"] - rows["animate"] - of_many_pictures, of_one)
        self.assertLessEqual(animate.KEYED - {"floats"}, rows["animate"])


class Statistics(unittest.TestCase):

    def test_tied(self):
        picture = drawn(30, 20)
        wanted = [110.0, 20.0, 130.0, 30.0, 120.0, 10.0]
        found = animate.statistics(animate.tied(scales.as_floats(picture.pixels), wanted))
        for a, b in zip(found, wanted):
            self.assertAlmostEqual(a, b, 3)
        flat = array.array("f", [50.0] * 30)
        self.assertEqual(set(animate.tied(flat, wanted)[0::3]), {110.0})


class Api(unittest.TestCase):

    @classmethod
    def setUpClass(cls):
        cls.network = deepdream.load(jobs=1)
        cls.addClassCleanup(cls.network.close)
        cls.plan = animate.FRAME._replace(terms=(objectives.Layer("pool1_3x3_s2"),), stages=(Stage(1),),
                                          scales=scales.Scales("single"))

    def test_frames_are_the_dream_of_the_frame_before_distorted(self):
        from deepdream_extras import dreams
        picture, chain = drawn(36, 32), ["zoom:0.05", "roll-columns:random"]
        made = list(animate.animate(self.network, picture, 3, chain, self.plan, fps=20, seed=5, first=2))
        now = picture
        for number, frame in enumerate(made):
            seed = (5 << 32) + number
            if number:
                now = distortions.distort(now, [distortions.parse(text) for text in chain], number, 20.0,
                                          random.Random(seed + (1 << 31)), self.network.engine_in_use())
            plan = self.plan._replace(seed=seed, stages=(Stage(1 if number else 2),))
            for done in dreams.dream_steps(self.network, now, plan):
                now = done.picture
            self.assertEqual((frame.width, frame.height), (36, 32))
            self.assertEqual(frame.pixels, now.pixels)
        self.assertTrue(any(v != int(v) for v in made[-1].pixels))         # floats
        again = list(animate.animate(self.network, picture, 3, chain, self.plan, fps=20, seed=5, first=2))
        self.assertEqual([frame.pixels for frame in again], [frame.pixels for frame in made])
        other = list(animate.animate(self.network, picture, 3, chain, self.plan, fps=20, seed=6, first=2))
        self.assertNotEqual(other[-1].pixels, made[-1].pixels)

    def test_video(self):
        one, other = drawn(36, 32, 1), drawn(36, 32, 2)
        first, = animate.animate(self.network, [one], None, (), self.plan, first=1)
        for blend in (1.0, 0.25):
            loop = animate.Loop(self.network, lambda number, first: animate.Look(self.plan, (), blend))
            loop.is_cut = lambda given: False
            for given in (one, other):
                list(loop.steps(given))
                if given is one:
                    self.assertEqual(loop.picture.pixels, first.pixels)
                    start = loop.mixed(loop.picture, other, blend)
            for a, b, c in list(zip(start.pixels, other.pixels, first.pixels))[::97]:
                self.assertAlmostEqual(a, blend * b + (1 - blend) * c, 3)
        self.assertEqual(len(list(animate.animate(self.network, iter([one, one, one]), 2, (), self.plan))), 2)

    def test_flow_carries_the_dream_along(self):
        width, height, by = 64, 48, 3
        scene = [int(128 + 60 * math.sin(x / 5) * math.cos(y / 6) + 40 * math.sin((x + 2 * y) / 9))
                 for y in range(height) for x in range(width + by)]
        pattern = [30 * ((x // 6 + y // 6) % 2) for y in range(height) for x in range(width + by)]

        def part(values, left):
            starts = range(left, height * (width + by), width + by)
            return scales.spread(value for start in starts for value in values[start:start + width])

        seen, given = (Picture(width, height, part(scene, left)) for left in (by, 0))       # it moves right
        dream = Picture(width, height, scales.plus(seen.pixels, part(pattern, by)))
        wanted = scales.plus(given.pixels, part(pattern, 0), 0.5)
        inside = [3 * (y * width + x) for y in range(6, height - 6) for x in range(6, width - 6)]
        errors = []
        for flow in (False, True):
            loop = animate.Loop(self.network, lambda number, first: None, flow=flow)
            loop.seen = seen
            mixed = loop.mixed(dream, given, 0.5).pixels
            errors.append(sum(abs(mixed[i] - wanted[i]) for i in inside) / len(inside))
        self.assertLess(errors[1], 2.0)             # 0.9 measured
        self.assertGreater(errors[0], 3 * errors[1])

    def test_cuts(self):
        pictures = [drawn(40, 36), drawn(40, 36), Picture(40, 36, bytearray([9, 200, 90] * 720 + [220, 9, 9] * 720))]
        loop = animate.Loop(self.network, lambda number, first: animate.Look(self.plan))
        for picture in pictures:
            list(loop.steps(picture))
        self.assertEqual(loop.cuts, 1)
        alone = list(animate.animate(self.network, [pictures[2]], 1, (), self.plan, first=1))[0]
        self.assertLess(differing(loop.picture.pixels, alone.pixels), 4.0)      # nothing of the others; other jitter

    def test_steady(self):
        made = list(animate.animate(self.network, drawn(36, 32), 6, ("color:20:red=4",), self.plan, steady=True))
        for frame in made[1:]:
            for a, b in zip(animate.statistics(frame.pixels), animate.statistics(made[0].pixels)):
                self.assertLess(abs(a - b), 1.5)
        loose = list(animate.animate(self.network, drawn(36, 32), 6, ("color:20:red=4",), self.plan))
        self.assertGreater(abs(animate.statistics(loose[-1].pixels)[4] - animate.statistics(made[0].pixels)[4]), 5)

    def test_both_engines(self):
        results = []
        for engine in ("python",) if REFUSED else ("python", "simd"):
            with_it = deepdream.load(engine=engine, jobs=1)
            self.addCleanup(with_it.close)
            results.append(list(animate.animate(with_it, drawn(36, 32), 3, ("zoom", "rotate"), self.plan))[-1].pixels)
        self.assertLess(differing(results[0], results[-1]), 0.02)       # 2e-5 measured

    @needs_machine_code
    def test_a_long_zoom_neither_fades_nor_brightens_nor_freezes(self):
        row = moving.MOVING["zoom"]
        self.assertIn("--steady", row.words)
        picture = deepdream.shrink(deepdream.read_picture(deepdream.data_file("cat_dog224.bmp")), 40, 40)
        plan = animate.FRAME._replace(stages=(Stage(1, (2.5, 2.5)),), scales=scales.Scales("single"))
        made = [frame.rounded().pixels for frame in animate.animate(self.network, picture, 200, ("zoom:0.025",), plan,
                                                                    15, steady=True)]
        first = animate.statistics(made[0])
        for number in (50, 100, 150, 199):
            for a, b in zip(animate.statistics(made[number]), first):
                self.assertLess(abs(a - b), 8.0, number)
            self.assertGreater(differing(made[number], made[number - 1]), 1.0)      # 2 to 4 measured
            self.assertGreater(differing(made[number], made[number - 40]), 5.0)     # 9 to 68: rounding decides


class Films(CommandLine):
    """The mode, on pictures of 40 x 36 pixels."""

    def setUp(self):
        super().setUp()
        deepdream.write_picture("in.png", drawn(40, 36))

    def animate(self, *words, code=0, source="in.png"):
        return self.run_it("animate", *([source] if source else ()), *LITTLE, *words, code=code)

    def stills(self, folder="f"):
        return [deepdream.read_picture(os.path.join(folder, name)).pixels for name in sorted(os.listdir(folder))]

    def test_all_outputs_have_the_same_frames(self):
        said = self.animate("--frames", 5, "--distort", "zoom:0.1", "-o", "a.gif", "-o", "a.apng", "-o", "b.png", "-o",
                            "a.y4m", "-o", "f/", "-o", "%03d.bmp", "--fps", "12.5", "--loop", 3).err
        self.assertIn("5 frames of 40x36 pixels, 12.5 a second, which is 0.4 s", said)
        self.assertIn("the first with 1, as nothing is before it", said)
        stills = self.stills()
        self.assertEqual(len(stills), 5)
        self.assertEqual(len(set(map(bytes, stills))), 5)
        self.assertEqual([deepdream.read_picture(f"{i:03d}.bmp").pixels for i in range(5)], stills)
        for name in ("a.apng", "b.png"):
            data = pathlib.Path(name).read_bytes()
            shown = list(png.frames(data))
            self.assertEqual([decoded.pixels for decoded, _ in shown], stills)
            self.assertEqual([seconds for _, seconds in shown], [0.08] * 5)
        shown = list(gif.frames(pathlib.Path("a.gif").read_bytes()))
        self.assertEqual([seconds for _, seconds in shown], [0.08] * 5)
        for (decoded, _), still in zip(shown, stills):
            self.assertLess(differing(decoded.pixels, still), 5.0)          # within its palette
        with open("a.y4m", "rb") as file:
            header = y4m.read_header(file)
            shown = list(y4m.read_frames(file, "a.y4m", header))
        self.assertEqual(header.rate, Fraction(25, 2))
        for picture, still in zip(shown, stills):
            self.assertLess(differing(picture.pixels, still), 1.5)
        self.assertIn("mode          animate", self.run_it("show", "a.gif").out)
        self.assertFalse([name for name in os.listdir() if "resume" in name or name.startswith(".")])

    @unittest.skipUnless(Image, "needs Pillow")
    def test_pillow_sees_the_same(self):
        self.animate("--frames", 4, "-o", "a.gif", "-o", "a.apng", "-o", "f/", "--loop", 2)
        for name, most in (("a.gif", 5.0), ("a.apng", 0.0)):
            with Image.open(name) as film:
                self.assertEqual(film.n_frames, 4)
                for number, still in enumerate(self.stills()):
                    film.seek(number)
                    pixels = film.convert("RGB").tobytes("raw", "BGR")
                    self.assertLessEqual(differing(pixels, still), most)

    @unittest.skipUnless(shutil.which("ffmpeg"), "needs ffmpeg")
    def test_ffmpeg_sees_the_same(self):
        self.animate("--frames", 4, "-o", "a.gif", "-o", "a.apng", "-o", "a.y4m", "-o", "f/")
        for name, most in (("a.gif", 5.0), ("a.apng", 0.0), ("a.y4m", 3.0)):
            done = subprocess.run(["ffmpeg", "-v", "error", "-i", name, "-f", "rawvideo", "-pix_fmt", "bgr24", "-"],
                                  capture_output=True, check=True)
            for number, still in enumerate(self.stills()):
                shown = done.stdout[number * len(still):][:len(still)]
                self.assertLessEqual(differing(shown, still), most, name)

    @unittest.skipUnless(cv2, "needs OpenCV")
    def test_opencv_sees_the_same(self):        # by the FFmpeg in it
        self.animate("--frames", 4, "-o", "a.gif", "-o", "a.apng", "-o", "a.y4m", "-o", "f/")
        for name, most in (("a.gif", 5.0), ("a.apng", 0.0), ("a.y4m", 3.0)):
            film = cv2.VideoCapture(os.path.abspath(name), cv2.CAP_FFMPEG)
            for still in self.stills():
                found, shown = film.read()
                self.assertTrue(found, name)
                self.assertLessEqual(differing(shown.tobytes(), still), most, name)
            self.assertFalse(film.read()[0], name)

    @unittest.skipUnless(shutil.which("gifsicle"), "needs gifsicle")
    def test_gifsicle_finds_nothing_wrong(self):
        self.animate("--frames", 4, "-o", "a.gif", "--fps", 10)
        done = subprocess.run(["gifsicle", "--info", "a.gif"], capture_output=True, text=True, check=True)
        self.assertEqual(done.stderr, "")
        self.assertIn("4 images", done.stdout)
        self.assertEqual(done.stdout.count("delay 0.10s"), 4)

    @needs_machine_code
    def test_orders(self):
        self.animate("--frames", 5, "-o", "f/")
        plain = self.stills()
        self.animate("--frames", 5, "-o", "r/", "--reverse")
        self.assertEqual(self.stills("r"), plain[::-1])
        said = self.animate("--frames", 5, "-o", "p/", "-o", "p.png", "--ping-pong").err
        self.assertIn("5 frames of 40x36 pixels, 15 a second, 8 are shown, which is 0.533 s", said)
        self.assertEqual(self.stills("p"), plain + plain[3:0:-1])
        self.assertEqual([decoded.pixels for decoded, _ in png.frames(pathlib.Path("p.png").read_bytes())],
                         plain + plain[3:0:-1])
        said = self.animate("--frames", 3, "-o", "c/", "--crossfade", 2).err
        self.assertIn("5 frames of 40x36 pixels, 15 a second, 3 are shown, which is 0.2 s", said)
        faded = self.stills("c")
        self.assertEqual(len(faded), 3)
        self.assertEqual(faded[0], plain[2])
        self.assertEqual(faded[1], frames.mixed(Picture(40, 36, plain[3]), Picture(40, 36, plain[0]), 1 / 3).pixels)

    @needs_machine_code
    def test_keys_and_seeds(self):
        common = ("--frames", 4, "--distort", "glide:0")
        seen = set()
        for number, words in enumerate(((), ("--key", "2:step-size=9"), ("--key", "2:distort=zoom:0.3"), ("--seed", 1),
                                        ("--key", "2:layer=conv2/3x3"))):
            self.animate(*common, *words, "-o", f"{number}/")
            made = self.stills(str(number))
            self.assertEqual(made[:2] == self.stills("0")[:2], words[:1] != ("--seed",), words)
            seen.add(bytes(made[-1]))
        self.assertEqual(len(seen), 5)

    def test_noise_and_still_presets(self):
        said = self.animate("--noise", "uniform:40x36", "--frames", 2, "--preset", "smooth", "-o", "f/",
                            source=None).err
        self.assertIn("--preset zoom", said)
        self.assertEqual(len(self.stills()), 2)

    @needs_machine_code
    def test_until(self):
        said = self.animate("--frames", 100000, "--until", "0.0001", "-o", "a.gif").err
        self.assertIn("the time is over after 1 frame", said)
        self.assertIn("--resume goes on", said)
        self.assertEqual(len(list(gif.frames(pathlib.Path("a.gif").read_bytes()))), 1)
        self.animate("--frames", 3, "-o", "a.gif", "--resume")
        self.assertEqual(len(list(gif.frames(pathlib.Path("a.gif").read_bytes()))), 3)

    @unittest.skipUnless(os.path.exists("/dev/full"), "needs a disk that is full")
    def test_an_output_that_fails_leaves_the_others(self):
        said = self.animate("--frames", 3, "-o", "a.gif", "-o", "/dev/full", code=1).err
        self.assertIn("No space left", said)
        self.assertIn("a.gif: 1 frame", said)
        self.assertEqual(len(list(gif.frames(pathlib.Path("a.gif").read_bytes()))), 1)
        self.assertEqual(len(os.listdir()), 4)          # in.png, a.gif and what --resume needs

    @needs_machine_code
    def test_what_fails_at_once_leaves_all_as_it_was(self):
        """No files of its own; and what an earlier run has kept can still be gone on with."""
        for began in (False, True):
            for name in ("a.gif.resume", "a.gif.resume-frames") if began else ():
                pathlib.Path(name).write_bytes(b"kept")
            before = sorted(os.listdir())
            with mock.patch("deepdream_extras.dreams.dream_steps", side_effect=DeepDreamError("not today")):
                self.assertIn("not today", self.animate("-o", "a.gif", "--frames", 2, code=1).err)
            self.assertEqual(sorted(os.listdir()), before)
            if began:
                self.assertEqual(pathlib.Path("a.gif.resume-frames").read_bytes(), b"kept")

    def test_a_video_is_taken_up_again(self):
        os.mkdir("v")
        scene = drawn(60, 36)
        for number in range(4):
            part = deepdream.cut_tile(scene, 3 * number, 0, 40, 36)
            deepdream.write_picture(f"v/{number}.png", Picture(40, 36, part))
        words = ("--flow", "--blend", 0.3, "--distort", "rotate:1", "-o", "a.png")
        said = self.animate(*words, "--on", "dask", "--key", "2:guide=in.png", source="v", code=2).err
        self.assertIn("--on: the files of --key guide do not go to other machines", said)
        self.animate(*words, source="v")
        wanted = [decoded.pixels for decoded, _ in png.frames(pathlib.Path("a.png").read_bytes())]
        self.assertEqual(len(wanted), 4)
        self.assertIn("a.png.resume: is not there, so the work was finished",
                      self.animate(*words, "--resume", source="v", code=1).err)
        os.unlink("a.png")
        for more in ((), ("--resume",), ("--resume",)):
            self.animate(*words, *more, "--until", 0.0001, source="v")
        said = self.animate(*words, "--resume", source="v").err
        self.assertIn("going on after 3 frames", said)
        self.assertEqual([decoded.pixels for decoded, _ in png.frames(pathlib.Path("a.png").read_bytes())], wanted)

    def test_names_with_percent_signs(self):
        """Only the place for a number is one."""
        self.animate("--frames", 2, "-o", "100%/")
        os.mkdir("50%s")
        self.animate("--frames", 2, "-o", "50%s/%d.png")
        self.animate("--frames", 2, "-o", "50%_%d%.png")
        self.assertEqual(sorted(os.listdir("100%") + os.listdir("50%s")),
                         ["0.png", "1.png", "frame_00000.png", "frame_00001.png"])
        self.assertTrue(os.path.exists("50%_1%.png"))
        self.animate("--frames", 1, "-o", "a.gif", source="50%s/%d.png")
        self.assertIn("such as 50%_1.png", self.animate("-o", "a.gif", source="50%_%d.png", code=1).err)

    def test_what_is_read_is_not_written_over(self):
        """Nor if it is another than the first picture."""
        os.rename("in.png", "003.png")
        before = pathlib.Path("003.png").read_bytes()
        for words in (("003.png",), ("--guide", "003.png"), ("--mask", "003.png")):
            said = self.animate(*words, "--frames", 5, "-o", "%03d.png", source=None, code=1).err
            self.assertIn("%03d.png: 003.png is read", said)
        self.assertEqual(pathlib.Path("003.png").read_bytes(), before)

    @needs_machine_code
    def test_an_output_called_blend(self):
        os.mkdir("blend")
        self.animate("--frames", 1, "-o", "blend")
        said = self.animate("--key", "1:--blend=0.3", "-o", "a.gif", code=2).err
        self.assertIn("--blend: a picture is dreamed on once", said)

    @needs_machine_code
    def test_small_pictures(self):
        """Smaller than the network's smallest, down to one pixel."""
        for size in ((1, 1), (90, 5), (20, 33)):
            deepdream.write_picture("small.png", drawn(*size))
            self.animate("--frames", 2, "--distort", "zoom", "-o", "f/", source="small.png")
            picture = deepdream.read_picture("f/frame_00001.png")
            self.assertEqual((picture.width, picture.height), size)
        deepdream.write_picture("wide.png", drawn(300, 36))
        self.animate("--frames", 1, "--size", 90, "-o", "a.gif", source="wide.png")

    @unittest.skipUnless(os.path.exists("/dev/fd/0"), "needs pipes that have names")
    def test_a_picture_from_a_pipe_with_a_name(self):
        """It can be opened, but is read once."""
        self.animate("--frames", 1, "-o", "f/")
        for name in ("in.png", "in.jpg"):
            deepdream.write_picture(name, drawn(40, 36))
            end, other = os.pipe()
            os.write(other, pathlib.Path(name).read_bytes())
            os.close(other)
            try:
                self.animate("--frames", 1, "-o", "g/", source=f"/dev/fd/{end}")
            finally:
                os.close(end)
            if name == "in.png":
                self.assertEqual(self.stills("f"), self.stills("g"))

    @unittest.skipUnless(os.path.exists("/dev/fd/0"), "needs pipes that have names")
    def test_a_pipe_whose_bytes_come_one_by_one(self):
        deepdream.write_picture("in.jpg", drawn(40, 36))
        film = io.BytesIO()
        video = y4m.Animation(film, 40, 36, Fraction(1, 10), deepdream.Extras())
        for seed in range(3):
            video.add(drawn(40, 36, seed))
        video.close()
        for data, count in ((pathlib.Path("in.jpg").read_bytes(), 1), (film.getvalue(), 3), (b"P5 1 1 255 x", 1)):
            end, other = os.pipe()

            def drip(other=other, data=data):
                with open(other, "wb", 0) as pipe:
                    for at in (*range(4), 4):
                        pipe.write(data[at:at + 1] if at < 4 else data[4:])
                        time.sleep(0.05)

            thread = threading.Thread(target=drip)
            thread.start()
            try:
                source = frames.source(deepdream.parse_command_line(["animate", "-q", f"/dev/fd/{end}"]))
                self.assertEqual(len(list(source.frames)), count)
            finally:
                os.close(end)
                thread.join()

    def test_an_animation_that_lies_on_its_side(self):
        sink = io.BytesIO()
        film = png.Animation(sink, 6, 4, 0.1, deepdream.Extras())
        for seed in range(2):
            film.add(drawn(6, 4, seed))
        film.close()
        data = sink.getvalue()
        exif = b"MM\0*\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1\0\6\0\0\0\0\0\0"
        chunk = b"eXIf" + exif
        data = data[:33] + len(exif).to_bytes(4, "big") + chunk + zlib.crc32(chunk).to_bytes(4, "big") + data[33:]
        pathlib.Path("side.png").write_bytes(data)
        options = deepdream.parse_command_line(["animate", "side.png"])
        source = frames.source(options)
        self.assertEqual([(one.width, one.height) for one in (source.first, *source.frames)], [(4, 6)] * 3)

    def test_a_folder_that_takes_no_new_files(self):
        """But the file may be written to."""
        pathlib.Path("a.gif").write_bytes(b"old")
        temporary = tempfile.TemporaryFile

        def refusing(*words, dir=None, **named):
            if dir is not None:
                raise PermissionError(errno.EACCES, "Permission denied")
            return temporary(*words, **named)

        with mock.patch("tempfile.TemporaryFile", refusing):
            self.animate("--frames", 1, "-o", "a.gif")
        self.assertEqual(len(list(gif.frames(pathlib.Path("a.gif").read_bytes()))), 1)

    def test_recipe(self):
        self.animate("--frames", 2, "-o", "a.png", "--distort", "zoom:0.1", "--distort", "rotate:3", "--key",
                     "1:step-size=3")
        self.run_it("animate", "in.png", "--recipe", "a.png", "-o", "b.png", "-j", 1)
        one, other = (list(png.frames(pathlib.Path(name).read_bytes())) for name in ("a.png", "b.png"))
        self.assertEqual([decoded.pixels for decoded, _ in one], [decoded.pixels for decoded, _ in other])
        made = json.loads(self.run_it("show", "a.png", "--json").out)
        self.assertEqual(made["options"]["distort"], ["zoom:0.1", "rotate:3"])

    def test_wrong_wishes(self):
        os.mkdir("empty")
        os.mkdir("mixed")
        deepdream.write_picture("mixed/1.png", drawn(40, 36))
        deepdream.write_picture("mixed/2.png", drawn(36, 40))
        pathlib.Path("cut.y4m").write_bytes(b"YUV4MPEG2 W40 H36 F25:1\nFRAME\n123")
        deepdream.write_picture("mixed/3.png", drawn(30, 30))
        os.mkdir("v")
        deepdream.write_picture("v/1.png", drawn(40, 36))
        for words, says in ((("-o", "a.jpg"), ".gif, .png, .apng or .y4m, a folder"), (("-o", "a"), "a folder such as"),
                            (("-o", "no/%d.png"), "there is no folder"), (("-o", "%d.webp"), "of the kind .webp"),
                            (("-o", "in.png"), "the picture that is read"),
                            (("-o", "a.gif", "-o", "a.gif"), "is the same file"),
                            (("-i", "mixed", "-o", "b.gif"),
                             "2.png: 36 x 40 pixels; expected 40 x 36, as mixed"),
                            (("-i", "empty", "-o", "a.gif"), "a folder without pictures"),
                            (("-i", "v", "-o", "v/%d.png"), "is read and would be written over"),
                            (("-i", "x%d.png", "-o", "a.gif"), "there is no such file"),
                            (("-i", "v", "-o", "v/a.gif"), "v/a.gif: all pictures of this folder are read"),
                            (("-i", "v", "-o", "v/"), "all pictures of this folder are read"),
                            (("-o", "%d-%d.png"), "several places for a number"),
                            (("--key", "50:layer=9x", "-o", "a.gif"), "9x: no such layer"),
                            (("--key", "50:maximize=3b:7@99,0", "-o", "a.gif"), "3b_output@99,0: the layer has"),
                            (("--key", "50:border=9", "-o", "a.gif"), "a border of 9 leaves nothing"),
                            (("--through", "hen", "--through", "hn", "-o", "a.gif"), "no class"),
                            (("-i", "cut.y4m", "-o", "a.gif"), "cut off")):
            with self.subTest(words=words):
                source = None if "-i" in words else "in.png"
                self.assertIn(says, self.animate(*words, code=1, source=source).err)
        for words, says in ((("--preset", "zom"), "did you mean zoom"), (("--preset", "c89"), "it enlarges"),
                            (("--ping-pong", "--crossfade", 2), "choose one"), (("--each", 3), "add --through"),
                            (("--flow",), "nothing moves"), (("--blend", 0.3), "dreamed on once"),
                            (("--crossfade", 9, "--frames", 5), "expected fewer than there are frames"),
                            (("--distort", "zom"), "did you mean zoom"), (("--fps", 0), "from 0.0001 to 1000"),
                            (("--noise", "40x40"), "not with both"),
                            (("--scales", "single", "--octaves", 2), "there is but one octave where --scales is"),
                            (("--key", "60:layer=3b"), "--key 60:layer=3b: there is no such frame, the last of 60 is"),
                            (("--key", "5:layer=3b", "--frames", 5), "the last of 5 is 4"),
                            (("--key", "6:layer=3b", "--frames", 5, "--crossfade", 1), "the last of 6 is 5"),
                            (("--distort", "zoom:first=9", "--frames", 9), "first=9 of --distort zoom: there is no"),
                            (("--key", "1:distort=zoom:first=9", "--frames", 9), "first=9 of --distort zoom")):
            with self.subTest(words=words):
                self.assertIn(says, self.animate(*words, "-o", "a.gif", code=2).err)
        self.assertFalse(os.path.exists("a.gif"))
        if os.path.exists("/dev/full"):
            said = self.animate("--frames", 1, "--distort", "zoom", "-o", "/dev/full", code=1).err
            self.assertIn("error: /dev/full: cannot be written (No space", said)
        self.assertIn("needs a class", self.run_it("animate", "--preset", "class", code=2).err)
        self.assertIn("is one of deepdream animate", self.run_it("in.png", "--preset", "zoom", code=2).err)

    def test_frames_of_another_size_are_told_before_the_work(self):
        os.mkdir("v")
        for number in range(4):
            deepdream.write_picture(f"v/{number}.png", drawn(*((40, 36) if number < 3 else (36, 40))))
        with mock.patch("deepdream_extras.dreams.dream_steps", side_effect=AssertionError("work")):
            said = self.animate("-o", "a.gif", "-o", "f/", source="v", code=1).err
            self.assertIn(f"{os.path.join('v', '3.png')}: 36 x 40 pixels; expected 40 x 36, as"
                          f" {os.path.join('v', '0.png')}; give all frames one size", said)
            pathlib.Path("v/1.png").write_bytes(b"no picture")
            self.assertIn(f"{os.path.join('v', '1.png')}: not a picture", self.animate("-o", "a.gif", source="v",
                                                                                       code=1).err)
        self.assertFalse(os.path.exists("a.gif"))

    def test_what_is_not_used_may_have_another_size(self):
        os.mkdir("v")
        for number in range(3):
            deepdream.write_picture(f"v/{number}.png", drawn(*((40, 36) if number < 2 else (36, 40))))
        self.animate("-o", "f/", "--frames", 2, source="v")
        self.assertEqual(len(self.stills()), 2)

    def test_frames_of_several_formats(self):
        """JPEG files are decoded smaller where that is enough, others are not."""
        os.mkdir("v")
        for number, kind in enumerate((".jpg", ".png", ".bmp", ".jpg")):
            deepdream.write_picture(f"v/{number}{kind}", drawn(400, 360))
        self.animate("-o", "f/", "--size", 40, source="v")
        self.assertEqual(len(self.stills()), 4)

    def test_size_by_the_beginning_of_a_file(self):
        """What comes late in a file, as the orientation of a PNG, may change the size that it is shown with."""
        turned = deepdream.Decoded(36, 40, bytearray(), orientation=6)
        os.mkdir("v")
        for number in range(2):
            deepdream.write_picture(f"v/{number}.png", drawn(40, 36))

        def size_seen(data, row, path, seen=frames.size_seen):
            return frames.shown_size(turned) if len(data) > 1000 or path.endswith("0.png") else (36, 40)

        with mock.patch.object(frames, "BEGINNING", 1000), mock.patch.object(frames, "size_seen", size_seen):
            self.animate("-o", "f/", source="v")
        self.assertEqual(len(self.stills()), 2)

    def test_options_of_other_formats_are_told(self):
        for outputs, heard in ((("-o", "a.gif"), "--dither --loop"), (("-o", "a.png"), "--loop"),
                               (("-o", "a.y4m"), "--subsampling"), (("-o", "f/"), ""),
                               (("-o", "%d.gif"), "--dither"), (("-o", "%d.jpg"), "--quality --subsampling"),
                               (("-o", "f/", "-o", "a.y4m", "-o", "a.gif"), "--dither --loop --subsampling"),
                               (("-o", "%d.jpg", "-o", "a.gif"), "--quality --subsampling --dither --loop")):
            with self.subTest(outputs):
                said = self.animate("--frames", 1, *outputs, "--quality", 90, "--subsampling", "4:2:0", "--dither",
                                    "--loop", 2).err
                found = {line.split()[1] for line in said.splitlines() if "changes nothing" in line}
                self.assertEqual({"--quality", "--subsampling", "--dither", "--loop"} - found, set(heard.split()))
        self.assertIn("--loop changes nothing in what is written here; it is for PNG and GIF files of several frames\n",
                      self.animate("--frames", 1, "-o", "a.y4m", "--loop", 2).err)

    def test_nothing_stays_open(self):
        pathlib.Path("junk").write_bytes(b"no picture at all, whatever it may be")
        pathlib.Path("head.y4m").write_bytes(b"YUV4MPEG2 W40 H36 F25:1 C999\n" + bytes(99))
        with open("v.y4m", "wb") as file:
            film = y4m.Animation(file, 40, 36, Fraction(1, 20))
            for seed in range(3):
                film.add(drawn(40, 36, seed))
        failing = mock.patch("deepdream_extras.dreams.dream_steps", side_effect=DeepDreamError("not today"))
        for words, source, code in ((("-o", "a.gif"), "junk", 1), (("-o", "a.gif"), "head.y4m", 1),
                                    (("-o", "a.gif", "--crossfade", 9), "v.y4m", 2),
                                    (("-o", "a.gif", "--fps", "1/1000"), "in.png", 1),
                                    (("-o", "a.y4m", "-o", "b.png", "-o", "a.gif"), "v.y4m", 1)):
            with self.subTest(words, source=source), warnings.catch_warnings(record=True) as caught, failing:
                warnings.simplefilter("always")
                self.animate(*words, source=source, code=code)
                gc.collect()
                self.assertEqual([str(warning.message) for warning in caught], [])

    @needs_machine_code
    def test_videos_in(self):
        os.mkdir("v")
        pictures = [drawn(40, 36, seed) for seed in range(1, 4)]
        for number, picture in zip((9, 10, 11), pictures):
            deepdream.write_picture(f"v/x{number}.png", picture)
        pathlib.Path("v/notes.txt").write_text("no picture")
        wide = deepdream.Extras(aspect=Fraction(4, 3))
        for name, module, extras in (("v.gif", gif, ()), ("v.png", png, ()), ("v.y4m", y4m, (wide,))):
            with open(name, "w+b") as file:
                film = module.Animation(file, 40, 36, Fraction(1, 20), *extras)
                for picture in pictures:
                    film.add(picture)
                film.close()
        made = {}
        for name in ("v", "v/x%d.png", "v.gif", "v.png", "v.y4m"):
            said = self.animate("-o", "f/", "-o", "o.y4m", "--blend", 1, source=name).err
            self.assertIn("3 frames of 40x36 pixels, " + ("15" if name.startswith("v/") or name == "v" else "20")
                          + " a second", said)
            self.assertIn("after a cut", said)
            made[name] = self.stills()
            self.assertEqual(len(made[name]), 3)
            with open("o.y4m", "rb") as file:
                header = y4m.read_header(file)
            self.assertEqual(header.rate, 20 if "v." in name else 15)
            self.assertEqual(header.aspect, Fraction(4, 3) if name == "v.y4m" else 1)
        self.assertEqual(made["v"], made["v/x%d.png"])
        self.assertEqual(made["v"], made["v.png"])
        self.assertEqual([one == other for one, other in zip(made["v"], made["v.gif"])], [False] * 3)
        for one, other in zip(made["v"], made["v.y4m"]):
            self.assertLess(differing(one, other), 6.0)
        # each frame by itself, as nothing of the last dream counts
        self.animate("-o", "one/", "--frames", 1, source="v/x9.png")
        self.assertEqual(self.stills("one")[0], made["v"][0])
        shutil.rmtree("f")
        self.animate("-o", "f/", "--frames", 2, "--fps", 5, source="v")
        self.assertEqual(len(self.stills()), 2)

    def test_presets_expand(self):
        for row in moving.ROWS:
            options = moving.expanded(deepdream.parse_command_line(["animate", "--preset", row.name]))
            self.assertIn(options.preset, (None, *presets.PRESETS))
            self.assertTrue(options.distort)
            animate.check(options)
        self.assertFalse(set(moving.MOVING) & set(presets.PRESETS))
        options = moving.expanded(deepdream.parse_command_line(
            ["animate", "in.png", "--preset", "tour", "--distort", "rotate", "--class", "hen"]))
        self.assertEqual((options.distort, options.through, options.noise), (["rotate"], None, None))

    @needs_machine_code
    def test_every_preset_runs(self):
        for row in moving.ROWS:
            with self.subTest(preset=row.name):
                noise = ("--noise", "uniform:36x36") if "--noise" in row.words else ("in.png",)
                self.run_it("animate", *noise, "--preset", row.name, "--frames", 2, "--steps", 1, "--first-steps", 1,
                            "--octaves", 1, "-j", 1, "-q", "-o", f"{row.name}/")
                self.assertEqual(len(set(map(bytes, self.stills(row.name)))), 2)


class Interrupted(unittest.TestCase):
    """In processes of their own, in folders of their own."""

    WORDS = ("animate", "in.png", *LITTLE, "--frames", "6", "--distort", "zoom", "--distort", "roll-rows:random",
             "--steady", "-q", "-o", "a.gif", "-o", "a.png", "-o", "f/", "--engine", "python" if REFUSED else "simd")

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def start(self, name, *words, env=ENVIRONMENT, **wishes):
        folder = self.folder / name
        folder.mkdir(exist_ok=True)
        deepdream.write_picture(str(folder / "in.png"), drawn(40, 36))
        return subprocess.Popen([*PROGRAM, *map(str, (*self.WORDS, *words))], cwd=folder, env=env,
                                stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, **wishes)

    def result(self, name):
        folder = self.folder / name
        files = sorted(path for path in folder.rglob("*") if path.is_file())
        return {str(path.relative_to(folder)): path.read_bytes() for path in files}

    def wait_for(self, path, process):
        wait_until(lambda: path.exists() or process.poll() is not None)

    @needs_machine_code
    @unittest.skipUnless(hasattr(signal, "SIGKILL"), "needs SIGKILL")
    def test_resume_after_a_kill_gives_the_same_bytes(self):
        for words in ((), ("--crossfade", "2", "--reverse")):
            (self.folder / "whole").mkdir()
            deepdream.write_picture(str(self.folder / "whole" / "in.png"), drawn(40, 36))
            self.addCleanup(os.chdir, os.getcwd())
            os.chdir(self.folder / "whole")
            self.assertEqual(deepdream.main([*map(str, self.WORDS), *words]), 0)
            os.chdir(self.folder)
            wanted = self.result("whole")
            self.assertEqual(len(wanted), 3 + 6)
            numbers = random.Random(len(words))
            name = f"killed{len(words)}"
            state = self.folder / name / "a.gif.resume"
            process = self.start(name, *words)
            self.wait_for(state, process)
            time.sleep(numbers.random() * 0.1)
            process.kill()
            process.communicate()
            if state.exists():
                process = self.start(name, "--resume", *words)
                time.sleep(numbers.random() * 0.5)
                process.kill()
                process.communicate()
            ended = not state.exists()
            if not ended or os.path.exists(f"{state}-frames"):      # killed between the end of the one and the other
                process = self.start(name, *["--resume"] * (not ended), *words)
                _, said = process.communicate()
                self.assertEqual((process.returncode, said), (0, b""))
            self.assertEqual(self.result(name).keys(), wanted.keys())
            self.assertEqual(self.result(name), wanted)
            shutil.rmtree(self.folder / "whole")

    @unittest.skipIf(sys.platform == "win32", "no such limits there")
    def test_no_room(self):
        """One line; what is done is kept whole, and where it can be gone on with the result is the same."""
        import resource
        environment = {name: value for name, value in ENVIRONMENT.items() if not name.startswith("COVERAGE")}
        environment["PYTHONDONTWRITEBYTECODE"] = "1"        # Python keeps half of a module's
        found = set()
        for room in (1000, 3000, 12000, 19000):
            name, limits = f"{room}", (room, room)
            process = self.start(name, env=environment,
                                 preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, limits))
            _, said = process.communicate(timeout=LONG)
            self.assertRegex(said.decode(), r"\Adeepdream: error: (f/|a)\S+: cannot be written \(File too large\)"
                             r"[^\n]*\n\Z")
            self.assertEqual(process.returncode, 1)
            files = set(os.listdir(self.folder / name)) - {"f", "in.png"}
            count = len(os.listdir(self.folder / name / "f"))
            self.assertLessEqual(files, {"a.gif", "a.png", "a.gif.resume", "a.gif.resume-frames"})
            for made, shown in (("a.gif", gif.frames), ("a.png", png.frames)):
                self.assertEqual(len(list(shown((self.folder / name / made).read_bytes()))) if count else 0, count)
            kept = "a.gif.resume" in files
            self.assertEqual("a.gif.resume-frames" in files, kept)
            found.add((min(count, 2), kept))
            if kept:
                for process in (self.start(name, "--resume"), self.start("whole")):
                    self.assertEqual((process.communicate(timeout=LONG)[1], process.returncode), (b"", 0))
                self.assertEqual(self.result(name), self.result("whole"))
        self.assertEqual(found, {(0, False), (1, False), (2, True)})

    @unittest.skipIf(os.name == "nt", "signals of another kind")
    def test_ctrl_c_leaves_what_is_done_playable(self):
        process = self.start("stopped", "--frames", "100000")
        state = self.folder / "stopped" / "a.gif.resume"
        self.wait_for(state, process)
        process.send_signal(signal.SIGINT)
        _, said = process.communicate()
        self.assertEqual(process.returncode, -signal.SIGINT)
        self.assertIn(b"interrupted; a.gif: ", said)
        self.assertIn(b"--resume goes on", said)
        found = self.result("stopped")
        count = len(list(gif.frames(found["a.gif"])))
        self.assertEqual(len(list(png.frames(found["a.png"]))), count)
        self.assertTrue(1 <= count < 100000)
        self.assertTrue(state.exists())
        other = self.start("stopped", "--resume", "--step-size", 3)
        _, said = other.communicate()
        self.assertEqual(other.returncode, 1)
        self.assertIn(b"a.gif.resume: begun without --step-size; give what was given then", said)

    @needs_machine_code
    @unittest.skipIf(os.name == "nt", "pipes of another kind")
    def test_stdout_and_stdin(self):
        words = [*PROGRAM, "animate", "-", *map(str, LITTLE), "-o", "-", "-q"]
        with open(self.folder / "a.png", "w+b") as film:
            made = png.Animation(film, 40, 36, Fraction(1, 15))
            for seed in range(2):
                made.add(drawn(40, 36, seed))
            made.close()
            film.seek(0)
            done = subprocess.run(words, stdin=film, env=ENVIRONMENT, capture_output=True, cwd=self.folder)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        header = y4m.read_header(io.BytesIO(done.stdout))
        self.assertEqual((header.width, header.height, header.rate), (40, 36, 15))
        self.assertEqual(len(list(y4m.read_frames(io.BytesIO(done.stdout)))), 2)
        to_gif = [*words[:-3], "-o", "a.gif", "-q", "--frames", "1"]        # nothing but the input is Y4M
        self.assertEqual(subprocess.run(to_gif, input=done.stdout, env=ENVIRONMENT, cwd=self.folder).returncode, 0)
        again = subprocess.run(words, input=done.stdout, env=ENVIRONMENT, capture_output=True, cwd=self.folder)
        self.assertEqual((again.returncode, again.stderr), (0, b""))
        self.assertEqual(len(list(y4m.read_frames(io.BytesIO(again.stdout)))), 2)
        self.assertEqual(subprocess.run([*words[:-3], "-o", "a.gif", "-q"], input=done.stdout, env=ENVIRONMENT,
                                        cwd=self.folder).returncode, 0)
        with open(self.folder / "a.gif", "rb") as film:
            self.assertEqual(len(gif.delays(film.read())), 2)
        cut_off = subprocess.run(words, input=done.stdout[:-100], env=ENVIRONMENT, capture_output=True, cwd=self.folder)
        self.assertEqual(cut_off.returncode, 1)
        self.assertIn(b"error: stdin: frame 2 is cut off", cut_off.stderr)
        self.assertEqual(cut_off.stdout, again.stdout[:len(cut_off.stdout)])
        self.assertEqual(len(list(y4m.read_frames(io.BytesIO(cut_off.stdout)))), 1)     # what was there is made
        resumed = subprocess.run([*words, "--resume"], input=done.stdout, env=ENVIRONMENT, capture_output=True,
                                 cwd=self.folder)
        self.assertEqual(resumed.returncode, 2)
        self.assertIn(b"cannot be gone on with", resumed.stderr)


class States(unittest.TestCase):

    def test_damage_and_other_work(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "x.resume")
            journal = frames.Journal(path, json.dumps({"picture": 3, "steps": 4}))
            self.assertIsNone(journal.read())
            state = frames.State(2, Picture(2, 1, array.array("f", [0.1, 2.5, 3, 4, 5, 250.75])), [1.5], [7, 9], "e")
            journal.write(state)
            found = journal.read()
            self.assertEqual(found._replace(picture=state.picture), state)
            self.assertEqual(found.picture.pixels, state.picture.pixels)
            for what, says in (({"picture": 3, "steps": 5}, "with --steps 4"), ({"picture": 4, "steps": 4},
                               "another picture"), ({"picture": 3}, "with --steps 4")):
                with self.assertRaisesRegex(DeepDreamError, says):
                    frames.Journal(path, json.dumps(what)).read()
            data = pathlib.Path(path).read_bytes()
            for damaged in (b"", data[:-1], data[:-1] + b"x", b"x" + data):
                pathlib.Path(path).write_bytes(damaged)
                with self.assertRaisesRegex(DeepDreamError, "not the state of an animation, or damaged"):
                    journal.read()

    def test_reel(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "x")
            reel = frames.Reel(path, 4, 3)
            pictures = [drawn(4, 3, seed) for seed in range(3)]
            for picture in pictures:
                reel.add(picture)
            reel.close()
            shorter = frames.Reel(path, 4, 3, reel.lengths[:2])
            self.assertEqual(os.path.getsize(path), sum(reel.lengths[:2]))
            shorter.add(pictures[0])
            self.assertEqual([shorter[i].pixels for i in range(3)], [pictures[i].pixels for i in (0, 1, 0)])
            shorter.close()
            with open(path, "r+b") as file:
                file.write(b"xxxx")
            damaged = frames.Reel(path, 4, 3, reel.lengths[:2])
            with self.assertRaisesRegex(DeepDreamError, "frame 1 in it is damaged"):
                damaged[0]
            damaged.close()
            with self.assertRaisesRegex(DeepDreamError, "y: is not there, but its frames are needed"):
                frames.Reel(os.path.join(folder, "y"), 4, 3, reel.lengths)
            os.truncate(path, 3)
            with self.assertRaisesRegex(DeepDreamError, "shorter than it was"):
                frames.Reel(path, 4, 3, reel.lengths)


if __name__ == "__main__":
    unittest.main()
