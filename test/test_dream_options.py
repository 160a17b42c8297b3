"""Every option that goes beyond the original's dream, through the command line."""
import contextlib
import functools
import io
import os
import pathlib
import re
import tempfile
import unittest
import unittest.mock

from helpers import ROOT, needs_machine_code

import deepdream
from deepdream_extras import ascent, listing, moving, objectives, penalties, presets, recipe, scales, wishes

QUICK = ("-j", "1", "--tile", "48", "--octaves", "1", "--steps", "2", "--no-octaves", "-q", "-o", "out.bmp")
PYTHON = ("--engine", "python", "-j", "1", "--tile", "32", "--octaves", "1", "--steps", "1", "--no-octaves", "-q", "-o",
          "out.bmp")


class CommandLine(unittest.TestCase):
    """deepdream.main in an empty folder, in this process, which keeps weights and engines between commands."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(folder.name)
        self.folder = pathlib.Path(folder.name)
        for where, name, kept in ((deepdream, "load_model", cached_model), (deepdream.Network, "make", cached_engine),
                                  (objectives, "unlearned", cached_classes)):
            patch = unittest.mock.patch.object(where, name, kept)
            patch.start()
            self.addCleanup(patch.stop)
        self.picture("in.bmp", 48, 48)

    def picture(self, name, width, height, dark=False):
        levels = [((x * 3 + y * 2) % 256, (x * x + 90 * (y // 16)) % 256, 255 - 3 * x % 256)
                  for y in range(height) for x in range(width)]
        pixels = bytearray(0 if dark and i >= 3 * width * height // 2 else v
                           for i, v in enumerate(v for levels_ in levels for v in levels_))
        deepdream.write_picture(name, deepdream.Picture(width, height, pixels))

    def run_it(self, *words, code=0):
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            self.assertEqual(deepdream.main(list(map(str, words))), code, (words, err.getvalue()))
        return out.getvalue(), err.getvalue()

    def fails(self, *words, says, code=2):
        out, err = self.run_it(*words, code=code)
        self.assertIn(says, err)
        self.assertEqual(len([line for line in err.splitlines() if "error: " in line]), 1, err)
        self.assertEqual(out, "")
        self.assertFalse((self.folder / "out.bmp").exists())

    def dream(self, *words, source="in.bmp", common=QUICK):
        """The pixels that come out."""
        self.run_it(*([source] if source else []), *common, *words)
        return bytes(deepdream.read_picture("out.bmp").pixels)

    def each_changes_the_dream(self, cases, common, deep, deeper, layer=()):
        """Against a command that has all but this option."""
        self.picture("other.bmp", 40, 50)
        self.picture("mask.bmp", 32, 32, dark=True)
        known = {}
        for before, words in cases:
            before, words = with_layers(before, deep, deeper), with_layers(words, deep, deeper)
            source = None if "--noise" in before else "in.bmp"
            terms = {"--maximize", "--guide", "--class", "--caricature"} & {*before, *words}    # instead of the layer
            if before not in known:
                own = [] if "--guide" in before else layer
                known[before] = self.dream(*own, *before, source=source, common=common)
            one = known[before]
            other = self.dream(*([] if terms else layer), *before, *words, source=source, common=common)
            with self.subTest(before=before, words=words):
                self.assertTrue(one != other)
                if "shrink" not in words and "--octaves" not in words:
                    self.assertEqual(len(one), len(other))


@functools.cache
def cached_model(*words, load=deepdream.load_model):
    return load(*words)


ENGINES, CLASSES = {}, {}


def cached_engine(network, height, width, make=deepdream.Network.make):
    key = height, width, network.choice.name, network.jobs, id(network.model.operations)
    if key not in ENGINES:
        engine = make(network, height, width)
        ENGINES[key] = engine, engine.close, network.model
        engine.close = lambda: None
    return ENGINES[key][0]


def cached_classes(model, unlearned=objectives.unlearned):
    if id(model) not in CLASSES:
        CLASSES[id(model)] = unlearned(model), model
    return CLASSES[id(model)][0]


def tearDownModule():
    for _, close, _ in ENGINES.values():
        close()
    ENGINES.clear()


def distance(a, b):
    return sum(abs(x - y) for x, y in zip(a, b)) / len(a)


class Tables(unittest.TestCase):

    def test_words_of_options_are_those_of_the_parts(self):
        words = {row.flags: row for row in deepdream.WISHES}
        for flag, known in (("--measure", objectives.HOWS), ("--rule", wishes.RULES), ("--smooth", ascent.FILTERS),
                            ("--shift", ascent.SHIFTS), ("--clip", ascent.CLIPS), ("--scales", scales.KINDS),
                            ("--carry", scales.CARRIES), ("--tiles", scales.TILINGS), ("--edge", scales.EDGES)):
            for word in known:
                self.assertEqual(words[flag].parser(word), word)
            with self.assertRaises(ValueError) as caught:
                words[flag].parser("nonsense")
            self.assertLessEqual(set(str(caught.exception).split()) - {"expected", "or", "no"}, {*known})
        for name in penalties.PENALTIES:
            self.assertIn(name, words["--penalty"].help)
        for name in presets.NOISES:
            self.assertIn(name + ":", words["--noise"].help)

    def test_all_go_into_recipes(self):
        self.assertLessEqual(set(map(deepdream.option_name, deepdream.WISHES)), set(recipe.rows_of("dream")))


# What a command has already, and what is added to it; {deep} and {deeper} are layers. SEEDS: what Keras' deep_dream.py
# (002), sigmoidprime.com (003), deepdraw and spikelynch (004) do with still pictures.
NOISE, SHRINK = ("--noise", "48x48"), ("--scales", "shrink", "--octaves", "2")
SEEDS = (
    # objectives: several layers, each with its weight (002), channels (003), classes and against them, a guide (004)
    ((), ("--maximize", "{deep}*0.05", "--maximize", "{deeper}*2", "--measure", "square", "--border", "1")),
    ((), ("--maximize", "{deep}:12,40-44*0.5")), ((), ("--class", "dogs")),
    ((), ("--class", "goldfish*2", "--class", "84,88-90")), ((), ("--avoid", "peacock*100")),
    ((), ("--guide", "other.bmp", "--guide-layer", "{deeper}")),
    # penalties, L-BFGS, noise (002)
    ((), ("--penalty", "continuity=1e5")), ((), ("--penalty=mean-color=1e4",)),
    ((), ("--rule", "lbfgs", "--penalty", "total-variation=1")), ((), ("--pixel-noise", "5")),
    # the centred rule, any roll, a pyramid of 1.25, noise (003)
    ((), ("--rule", "centred")), ((), ("--jitter", "24")), (("--tile", "32", "--octave-scale", "1.25"), SHRINK),
    (NOISE, ("--noise", "uniform:48x48")),
    # crops, the spiral with the mean around it, schedules of step and blur, growing by 1.2, a mask, noise of 200 +- 8
    # (004)
    (("--tile", "32"), ("--tiles", "crop")),
    (("--tile", "32", "--tiles", "crop", "--class", "goldfish"), ("--class", "peacock@0.9,0.1")),
    ((), ("--class", "random")), (("--tile", "32"), ("--tiles", "spiral")),
    (("--tile", "32", "--tiles", "spiral"), ("--edge", "mean")), ((), ("--step-size", "11,3")),
    ((), ("--blur", "0.8,0.4")), ((), ("--octaves", "2", "--octave-scale", "1.2")), ((), ("--mask", "mask.bmp")),
    (NOISE, ("--seed", "3")), (("--step-size", "90", "--steps", "2"), ("--clip", "end")))
OTHERS = (
    (("--guide", "other.bmp"), ("--guide-layer", "{deep}")), ((), ("--maximize", "{deep}:3@1,2")),
    ((), ("--caricature", "{deeper}")), (("--caricature", "{deeper}"), ("--caricature", "{deeper}^2")),
    (("--tile", "32", "--jitter", "9"), ("--edge", "reflect")), ((), ("--measure", "sum")),
    ((), ("--border", "1")), ((), ("--penalty=mean-color=1e4", "--penalty=input=1e3")), ((), ("--rule", "deviation")),
    ((), ("--rule", "plain")), ((), ("--rule", "adam")), ((), ("--smooth", "gaussians")),
    ((), ("--smooth", "laplacian")), ((), ("--shift", "no")), ((), ("--jitter", "8")),
    (("--step-size", "40"), ("--clip", "contrast")), ((), ("--fourier",)), ((), ("--floats",)),
    (("--jitter", "8"), ("--seed", "7")), (SHRINK, ("--carry", "after")), (SHRINK, ("--carry", "no")),
    (("--tile", "32"), ("--tiles", "feather")), (("--tile", "32", "--tiles", "feather"), ("--overlap", "0.25")),
    (("--tile", "32"), ("--tiles", "whole")), (SHRINK, ("--seamless",)), ((), ("--keep-colors",)),
    ((), ("--match-colors",)), ((), ("--strength", "0.5")))


def with_size(words):
    return tuple(word.replace("48x48", "40x40") for word in words)


def with_layers(words, deep, deeper):
    return tuple(word.replace("{deeper}", deeper).replace("{deep}", deep) for word in words)


@needs_machine_code
class Options(CommandLine):

    def test_each_changes_the_dream(self):
        self.each_changes_the_dream(SEEDS + OTHERS, QUICK, "4b", "4a")

    def test_classes_at_places(self):
        """Only the places of the classes change, and each as its class wants."""
        self.picture("in.bmp", 160, 48)
        before = deepdream.read_picture("in.bmp").pixels
        both = self.dream("--tile", "40", "--class", "goldfish@0.05,0.5", "--class", "peacock@1,0.5")
        changed = [sum(abs(both[i] - before[i]) for row in range(48) for i in range(3 * (160 * row + x), 3 * (160 * row
                   + x) + 3)) for x in range(160)]
        self.assertGreater(min(sum(changed[:40]), sum(changed[120:])), 1000)
        self.assertGreater(min(sum(changed[:40]), sum(changed[120:])), 3 * sum(changed[60:100]))
        os.remove("out.bmp")
        self.fails("in.bmp", *QUICK, "--class", "goldfish@0.5,0.5", "--tiles", "grid", says="choose crop", code=1)
        self.fails("in.bmp", *QUICK, "--class", "goldfish@5,5", says="such as @0.3,0.7", code=1)
        self.assertIn("--tile 80 lets it see parts", self.run_it(
            "in.bmp", "--steps", "1", "--octaves", "1", "--class", "goldfish@0.5,0.5", "--no-octaves")[1])

    def test_what_they_mean(self):
        before = deepdream.read_picture("in.bmp").pixels
        self.picture("mask.bmp", 48, 48, dark=True)
        plain = self.dream()
        half = self.dream("--mask", "mask.bmp", "--tiles", "whole")
        dark = 3 * 48 * 8                                               # the last rows; the first of them are blended
        self.assertTrue(bytes(before[-dark:]) == half[-dark:])
        self.assertGreater(distance(before[:dark], half[:dark]), 0.5)
        self.assertLess(abs(distance(before, self.dream("--strength", 0.5)) - distance(before, plain) / 2), 0.3)
        self.assertTrue(self.dream("--strength", 0) == bytes(before))
        self.assertTrue(plain == self.dream("--seed", 9))                # nothing random in it
        self.assertTrue(plain == self.dream("--scales", "grow"))
        self.assertTrue(plain == self.dream("--layer", "4c"))
        self.assertTrue(plain == self.dream("--maximize", "4c"))
        self.assertTrue(plain == self.dream("--layer", "4c*2"))
        self.assertTrue(self.dream("--layer", "4c:7,9") == self.dream("--maximize", "4c:7,9"))
        self.assertTrue(self.dream("--preset", "c89") == self.dream("--preset", "c89", "--seed", 1))
        nearer = self.dream("--class", "dogs", "--penalty", "input=1e9")
        self.assertLess(distance(before, nearer), distance(before, self.dream("--class", "dogs")) + 2)

    def test_one_cell_stays_in_its_place(self):
        """A cell of a layer with small fields: only what is around it changes, in a single octave."""
        before = deepdream.read_picture("in.bmp").pixels
        words = ("--maximize", "conv2/3x3@9,3", "-j", 1, "--steps", 6, "--no-octaves", "-o", "out.bmp")
        _, err = self.run_it("in.bmp", *words)
        self.assertIn("one cell grows, in a single octave", err)
        self.assertIn("octaves 48x48; steps in each: 6; tiles: whole, 1 for a step in each", err)
        after = deepdream.read_picture("out.bmp").pixels
        changed = {divmod(i // 3, 48) for i, (a, b) in enumerate(zip(before, after)) if a != b}
        self.assertTrue(changed)
        reach = 12 + wishes.CELL_JITTER             # cell n sees pixels 4 n - 6 to 4 n + 12
        self.assertLessEqual(max(abs(y - 4 * 3) for y, x in changed), reach)
        self.assertLessEqual(max(abs(x - 4 * 9) for y, x in changed), reach)
        self.run_it("in.bmp", "--layer", *words[1:])
        self.assertTrue(deepdream.read_picture("out.bmp").pixels == after)
        _, err = self.run_it("in.bmp", *words, "--octaves", 2, "--shift", "no", "--tiles", "grid", "--tile", 48)
        self.assertIn("the picture grows in each octave", err)
        self.assertRegex(err, r"octaves 48x48 67x67; .* tiles: grid")

    def test_stages(self):
        """Of each octave its own; the same as by the options for all of them."""
        one = self.dream("--stage", "2:6,3:0.8", common=[word for word in QUICK if word not in ("--steps", "2")])
        self.assertTrue(one == self.dream("--step-size", "6,3", "--blur", "0.8"))
        _, err = self.run_it("in.bmp", "-j", 1, "--tile", 48, "--octaves", 3, "--stage", "2:6", "--stage", "1:6,3:0.8",
                             "--no-octaves", "-o", "out.bmp")
        self.assertIn("octaves 48x48 67x67 93x93; steps in each: 2, 1, 1;", err)
        self.assertNotIn("not used", err)
        _, err = self.run_it("in.bmp", *[word for word in QUICK if word not in ("--steps", "2", "-q")], "--stage",
                             "1:6", "--stage", "1:5")
        self.assertIn("--stage is given 2 times, and the octaves are 1: the last stages are not used", err)

    def test_every_step_is_saved(self):
        for words, steps in (((), 4), (("--scales", "single", "--rule", "lbfgs", "--penalty", "continuity=1"), 2),
                             (("--tiles", "feather"), 4)):
            words = *words, *([] if "single" in words else ["--octaves", 2])
            self.run_it("in.bmp", "-j", 1, "--tile", 48, "--steps", 2, "-q", "--no-octaves", "--layer", "conv1/7x7_s2",
                        "-o", "out.png", "--save-steps", "steps/all", *words)
            folder = self.folder / "steps" / "all"
            names = sorted(path.name for path in folder.iterdir())
            with self.subTest(words=words):
                self.assertEqual(names, [f"{i:04d}.png" for i in range(steps)])
                saved = [deepdream.read_picture(str(folder / name)).pixels for name in names]
                self.assertEqual(len(set(map(bytes, saved))), steps)
                self.assertTrue(saved[-1] == deepdream.read_picture("out.png").pixels)
                self.assertNotIn("save_steps", recipe.read("out.png")["options"])
            for path in folder.iterdir():
                path.unlink()
        (self.folder / "full").write_text("")
        self.fails("in.bmp", *QUICK, "--save-steps", "full", says="full: cannot be written", code=1)
        self.fails("in.bmp", "in.bmp", *QUICK, "--save-steps", "steps", says="one picture")

    def test_steps_are_not_saved_over_what_is_read(self):
        mask = self.folder / "steps" / "0001.png"
        mask.parent.mkdir()
        deepdream.write_picture(str(mask), deepdream.Picture(4, 4, bytearray(b"\xff" * 48)))
        before = mask.read_bytes()
        _, err = self.run_it("in.bmp", "-j", 1, "--tile", 48, "--octaves", 1, "--steps", 3, "--no-octaves", "--layer",
                             "conv1/7x7_s2", "-o", "out.png", "--mask", "steps/0001.png", "--save-steps", "steps")
        self.assertIn("0001.png: this is the same file as steps/0001.png", err)
        self.assertEqual(mask.read_bytes(), before)
        self.assertTrue((self.folder / "out.png").exists())

    def test_small_pictures(self):
        """Smaller than the network's smallest, with presets that would see them as a whole; down to one pixel."""
        for size in ((1, 1), (50, 7)):
            levels = bytearray(range(30, 33)) * (size[0] * size[1])
            deepdream.write_picture("small.bmp", deepdream.Picture(*size, levels))
            for words in (("--preset", "smooth"), ("--preset", "classic"), ("--fourier", "--layer", "conv1/7x7_s2")):
                self.run_it("small.bmp", "-j", 1, "--tile", 32, "--octaves", 1, "--steps", 1, "--no-octaves", "-o",
                            "out.png", *words)
                made = deepdream.read_picture("out.png")
                self.assertEqual((made.width, made.height), size)
        self.fails("small.bmp", "--tiles", "whole", says="the network needs 32 pixels", code=1)

    def test_nothing_grew(self):
        """Channels that are silent: the picture is as it was, and that is told."""
        words = ("-j", 1, "--tile", 48, "--octaves", 1, "--steps", 1, "--no-octaves", "-o", "out.bmp")
        network = deepdream.load(jobs=1)
        layer = "inception_4d_output"
        activations, (_, _, c) = objectives.features(network, deepdream.read_picture("in.bmp"), layer)
        silent = next(i for i in range(c) if not any(activations[i::c]))
        _, err = self.run_it("in.bmp", *words, "--maximize", f"{layer}:{silent}")
        self.assertIn("nothing grew", err)
        self.assertTrue(deepdream.read_picture("out.bmp").pixels == deepdream.read_picture("in.bmp").pixels)
        _, err = self.run_it("in.bmp", *words, "--maximize", layer)
        self.assertNotIn("nothing grew", err)

    def test_same_seed_same_bytes(self):
        for words in (("--jitter", 16), ("--noise", "48x48", "--fourier", "--jitter", 4),
                      ("--preset", "class", "--class", "goldfish", "--pixel-noise", 2, "--noise", "64x64")):
            source = "in.bmp" if "--jitter" in words[:1] else None
            results = [self.dream(*words, "--seed", seed, source=source) for seed in (5, 5, 6)]
            self.assertTrue(results[0] == results[1])
            self.assertTrue(results[0] != results[2])

    def test_every_preset_and_options_on_top(self):
        self.picture("in.bmp", 64, 64)
        self.picture("other.bmp", 40, 40)
        more = {"class": ("--class", "goldfish"), "guide": ("--guide", "other.bmp"), "": ()}
        seen = set()
        for row in presets.ROWS:
            words = ("--preset", row.name, *more[row.wants], "--steps", 1, "--octaves", 1)
            if row.plan.scales.kind == "single":
                words = words[:-2]
            self.run_it("in.bmp", "-j", 1, "--tile", 48, "--no-octaves", "-q", "-o", "out.bmp", *words)
            seen.add(bytes(deepdream.read_picture("out.bmp").pixels))
        self.assertEqual(len(seen), len(presets.ROWS) - 1)         # portrait is class in fewer steps
        self.run_it("in.bmp", "-o", "out.bmp", "--preset", "classic", "--octaves", 2, "--octave-scale", 2, "--steps", 1,
                    "--layer", "3b", "--tiles", "grid", "--tile", 32)
        self.assertEqual(sorted(path.name for path in self.folder.glob("out*")),
                         ["out.bmp", "out_octave_0.bmp", "out_octave_1.bmp"])
        first = deepdream.read_picture("out_octave_0.bmp")
        self.assertEqual((first.width, first.height), (32, 32))

    def test_large_pictures_keep_their_size(self):
        self.picture("large.bmp", 601, 300)
        words = ("--layer", "conv2/3x3", "--steps", 1, "--no-octaves", "-o", "out.bmp")
        _, err = self.run_it("large.bmp", *words)
        self.assertIn("the picture keeps its size; --scales grow", err)
        self.assertIn("octaves 429x214 601x300;", err)
        picture = deepdream.read_picture("out.bmp")
        self.assertEqual((picture.width, picture.height), (601, 300))
        _, err = self.run_it("large.bmp", *words, "--size", 64, "--octaves", 2)
        self.assertIn("the picture grows in each octave; --scales shrink keeps its size", err)
        self.assertIn("octaves 64x32 89x44;", err)
        _, err = self.run_it("large.bmp", *words, "--scales", "grow", "--octaves", 1)
        self.assertNotIn("keeps its size", err)
        (self.folder / "out.bmp").unlink()
        self.fails("large.bmp", *words, "--max-size", 700, says="--max-size")

    def test_until(self):
        _, err = self.run_it("in.bmp", "-j", 1, "--until", "0.01s", "-o", "out.bmp", "--no-octaves", "--tile", 64)
        self.assertIn("out.bmp: 48x48 pixels", err)

    def test_recipes_hold_them(self):
        words = ("--maximize", "3b*2", "--maximize", "4a:3", "--jitter", 4, "--step-size", "3,1", "--size", 0,
                 "--seed", 0, "--floats")
        common = ("-j", 1, "--tile", "48", "--octaves", "1", "--steps", "2", "--no-octaves", "-q", "-o", "one.png")
        self.run_it("in.bmp", *common, *words)
        self.run_it("in.bmp", "--recipe", "one.png", "-o", "two.png", "--no-octaves", "-q")
        one, two = (deepdream.read_picture(name).pixels for name in ("one.png", "two.png"))
        self.assertTrue(one == two)
        said = recipe.read("two.png")["options"]
        self.assertEqual(said["maximize"], ["3b*2", "4a:3"])
        self.assertEqual((said["step_size"], said["size"], said["scales"]), ("3,1", 0, "grow"))
        self.run_it("in.bmp", "--recipe", "one.png", "-o", "two.png", "--no-octaves", "-q", "--maximize", "3a")
        self.assertEqual(recipe.read("two.png")["options"]["maximize"], ["3a"])
        self.run_it("in.bmp", "-o", "plain.png", "--no-octaves", "-q", "--octaves", 1, "--steps", 1, "--tile", 48)
        self.assertNotIn("seed", recipe.read("plain.png")["options"])

    def test_progress(self):
        _, err = self.run_it("in.bmp", "-j", 1, "--tile", 32, "--octaves", 2, "--steps", 2, "--class", "goldfish", "-o",
                             "out.bmp")
        self.assertRegex(err, r"octaves 48x48 67x67; steps in each: 2; tiles: grid, \d+ for a step in each")
        self.assertIn("octave 2 of 2 done, 67x67", err)
        _, err = self.run_it("in.bmp", *QUICK[:-3], "-o", "out.bmp", "--class", "redbone")
        self.assertIn("the network has not learned this class", err)


class Errors(CommandLine):

    def test_what_makes_no_sense(self):
        self.picture("other.bmp", 40, 40)
        for words, says in (
                (("--preset", "clasic"), "did you mean classic"), (("--preset", "xyz"), "there are c89, classic"),
                (("--preset", "class"), "--class goldfish"), (("--preset", "guided"), "--guide FILE"),
                (("--guide-layer", "3b"), "--guide"), (("--keep-colors", "--match-colors"), "one of them"),
                (("--jitter", 3, "--shift", "no"), "random"), (("--overlap", 0.5), "--tiles feather"),
                (("--noise", "64x64"), "not with both"), (("--noise", "64"), "WIDTHxHEIGHT"),
                (("--scales", "single", "--octaves", 2), "one octave"),
                (("--preset", "dreamy", "--octaves", 2), "where --scales is single, as of --preset dreamy"),
                (("--carry", "no", "--scales", "grow"), "shrink"),
                (("--scales", "shrink", "--max-size", 100), "--size"), (("--preset", "c89", "--floats"), "bytes"),
                (("--penalty", "roughness=1"), "continuity"), (("--penalty", "continuity"), "such as continuity=0.1"),
                (("--penalty", "continuity=-1"), "from 0"),
                (("--penalty", "continuity=1", "--penalty", "continuity=2"), "given twice"),
                (("--rule", "sgd"), "expected mean or"),
                (("--blur", "1,2,3"), "two such as"),
                (("--fourier", "--blur", "1"), "neither blurred"), (("--fourier", "--clip", "step"), "nor clipped"),
                (("--class", "dogs", "--measure", "sum"), "add --layer"),
                (("--guide", "other.bmp", "--border", 1), "add --layer"),
                (("--step-size", "0"), "above 0"), (("--until", "soon"), "5m"),
                (("--until", "5ms"), "5m"), (("--until", "m"), "5m"),
                (("--seamless", "--edge", "mean"), "leave one of them out"),
                (("--seamless", "--preset", "c89"), "--preset c89 --seamless: its enlargement"),
                (("--edge", "mirror"), "expected wrap or"),
                (("--stage", "5:1"), "leave the other out"),
                (("--border", 1, "--maximize", "4d:7@1,1"), "a single cell has none"),
                (("--strength", "9"), "from 0 to 4"), (("--overlap", "1"), "from 0 to 0.9"),
                (("--class", ""), "a name")):
            with self.subTest(words=words):
                self.fails("in.bmp", *QUICK, *words, says=says)
        self.fails("-o", "out.bmp", "--noise", "pink:64x64", says="before the :")
        for words, says in ((("5",), "two or three parts"), (("5:0",), "above 0"), (("0:5",), "from 1"),
                            (("5:1:1:1",), "two or three"), (("5:1:1", "--fourier"), "waves are not blurred")):
            self.fails("in.bmp", "-o", "out.bmp", "--stage", *words, says=says)
        for words, says in (
                (("--maximize", "4z"), "no such layer"), (("--maximize", "4c:600"), "from 0 to 511"),
                (("--maximize", "4c*x"), "no weight"), (("--caricature", "4c^x"), "no power"),
                (("--class", "unicorn"), "unicorn"), (("--avoid", "9999"), "9999"),
                (("--class", "dogs", "--avoid", "dogs"), "cancel each other"),
                (("--guide", "gone.bmp"), "gone.bmp"), (("--mask", "gone.bmp"), "gone.bmp"),
                (("--rule", "lbfgs"), "without a penalty"), (("--tiles", "spiral", "--rule", "adam"), "whole picture"),
                (("--border", 90), "border of 90"),
                (("--maximize", "4c:1@50,50"), "x goes from 0")):
            with self.subTest(words=words):
                self.fails("in.bmp", *QUICK, *words, says=says, code=1)

    def test_without_the_extras(self):
        """deepdream.py with the three files beside it says what is missing, and dreams as ever."""
        def missing(what):
            if isinstance(what, str) and what.startswith(("wishes", "dreams")):
                raise deepdream.DeepDreamError("deepdream_extras is missing beside deepdream.py")
            return resolve(what)

        resolve = deepdream.resolve
        with unittest.mock.patch.object(deepdream, "resolve", missing):
            self.fails("in.bmp", *PYTHON, "--class", "goldfish", says="is missing beside", code=1)
            self.picture("large.bmp", 600, 32)
            _, err = self.run_it("large.bmp", *[word for word in PYTHON if word != "-q"], "--layer", "conv1/7x7_s2")
        self.assertIn("without that every picture grows", err)


class PythonEngine(CommandLine):

    def test_each_changes_the_dream(self):
        """The same options at a layer that costs little."""
        self.picture("in.bmp", 40, 40)
        cases = [(with_size(before), with_size(words)) for before, words in SEEDS
                 if not {"--class", "--avoid"} & set(words)]
        common = (*PYTHON, "--tile", "40")
        self.each_changes_the_dream(cases, common, "conv1_7x7_s2", "pool1_3x3_s2", ("--layer", "conv1/7x7_s2"))

    def test_a_class(self):
        self.picture("in.bmp", 32, 32)
        result = self.dream("--class", "goldfish", "--avoid", "dogs", common=PYTHON)
        self.assertGreater(distance(result, deepdream.read_picture("in.bmp").pixels), 0.5)

    def test_dreams(self):
        self.picture("in.bmp", 32, 32)
        plain = self.dream("--layer", "conv2/3x3", common=PYTHON)
        seen = {plain, self.dream("--maximize", "conv2/3x3:3,5*2", "--jitter", 4, common=PYTHON),
                self.dream("--layer", "conv2/3x3", "--rule", "adam", "--penalty", "continuity=0.1", common=PYTHON),
                self.dream("--layer", "conv2/3x3", "--fourier", "--keep-colors", common=PYTHON)}
        self.assertEqual(len(seen), 4)
        self.assertTrue(plain == self.dream("--maximize", "conv2/3x3", common=PYTHON))


class Lists(CommandLine):

    def test_presets(self):
        lines = self.run_it("presets", "in.bmp", "-q")[0].splitlines()
        rows = (*presets.ROWS, *moving.ROWS)
        self.assertEqual([line.split()[0] for line in lines], [row.name for row in rows])
        for line, row in zip(lines, rows):
            self.assertIn(row.origin, line)

    def test_layers(self):
        lines = self.run_it("layers", "-q")[0].splitlines()
        row = next(line for line in lines if line.startswith("inception_4c_output"))
        self.assertEqual(row.split()[1:], ["ConcatV2", "14", "x", "14", "512", *row.split()[6:]])
        self.assertRegex(row, r"\d+ x \d+  puppies")
        self.assertLessEqual(set(listing.SHOWN), {line.split()[0] for line in lines})
        with unittest.mock.patch.object(deepdream, "data_file", str.upper):
            self.assertNotIn("puppies", self.run_it("layers", "-q", "--model", str(ROOT / "InceptionV1.pb"))[0])
        self.assertLess(len(lines), 100)
        some = self.run_it("layers", "4c", "-q")[0].splitlines()[1:-2]
        self.assertTrue(len(some) == 8 and all("_4c_" in line for line in some), some)
        self.assertIn(row, self.run_it("layers", "mixed4c", "-q")[0].splitlines())
        self.fails("layers", "4x", says="no such layer", code=1)
        self.assertGreater(len(self.run_it("layers", "-q", "--all")[0].splitlines()), 200)
        self.assertRegex(next(line for line in lines if line.startswith("prob")), r"all$")

    def test_labels(self):
        lines = self.run_it("labels", "golden", "retriever", "-q")[0].splitlines()
        self.assertEqual(lines, ["207  golden retriever  [dogs]"])
        text = self.run_it("labels", "-q")[0]
        self.assertEqual(len(re.findall(r"^ *\d+  ", text, re.M)), 1000)
        self.assertIn("not learned by this network (769):", text)
        self.assertLess(text.index("golden retriever"), text.index("not learned"))
        self.assertTrue(self.run_it("labels", "dogs", "-q")[0])
        self.fails("labels", "goldfihs", says="goldfish", code=1)


if __name__ == "__main__":
    unittest.main()
