"""The command line as a user meets it: every mode in a process of its own, in an empty folder."""
import json
import os
import pathlib
import random
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
import deepdream  # noqa: E402

PROGRAM = [sys.executable, str(ROOT / "deepdream.py")]
try:
    ENGINE = deepdream.choose_engine("simd").name
except deepdream.DeepDreamError:
    ENGINE = ""
needs_machine_code = unittest.skipUnless(ENGINE, "too slow without the machine-code engine")
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("DEEPDREAM")}


class Modes(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.environment = {**ENVIRONMENT, "XDG_DATA_HOME": str(self.folder / "data"), "HOME": str(self.folder)}

    def run_it(self, *words, code=0, **settings):
        done = subprocess.run([*PROGRAM, *map(str, words)], cwd=self.folder, env=self.environment, text=True,
                              capture_output=True, stdin=subprocess.DEVNULL, timeout=240, **settings)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertNotIn("Traceback", done.stderr)
        return done

    def fails(self, *words, code=1, says=""):
        done = self.run_it(*words, code=code)
        self.assertIn(says, done.stderr)
        self.assertEqual(done.stdout, "")
        if code == 1:
            errors = [line for line in done.stderr.splitlines() if "error: " in line]
            self.assertEqual(len(errors), 1, done.stderr)
        return done.stderr

    def picture(self, name, width, height):
        """A 24-bit BMP of coloured noise over a gradient, made without deepdream."""
        numbers = random.Random(width * height)
        row = b"".join(bytes([(x * 255) // width, 120, numbers.randrange(256)]) for x in range(width))
        row += bytes(-len(row) % 4)
        pixels = row * height
        header = struct.pack("<2sIHHIIiiHHIIiiII", b"BM", 54 + len(pixels), 0, 0, 54, 40, width, height, 1, 24, 0,
                             len(pixels), 2835, 2835, 0, 0)
        (self.folder / name).write_bytes(header + pixels)

    def files(self):
        return sorted(path.name for path in self.folder.iterdir() if path.is_file())


class Dream(Modes):

    def test_python_engine(self):
        self.picture("in.bmp", 40, 36)
        done = self.run_it("-i", "in.bmp", "dream", "--engine", "python", "--octaves", 2, "--steps", 1, "--tile", 32,
                           "-o", "out.bmp", "--layer", "conv2/3x3", "-j", 2)
        self.assertEqual(done.stdout, "")
        self.assertIn("octaves 40x36 56x50", done.stderr)
        self.assertIn("in all", done.stderr)
        self.assertNotIn("\r", done.stderr)
        self.assertEqual(self.files(), ["in.bmp", "octave_0.bmp", "octave_1.bmp", "out.bmp"])
        result, last = (self.folder / name for name in ("out.bmp", "octave_1.bmp"))
        self.assertEqual(result.read_bytes(), last.read_bytes())
        before, after = (deepdream.read_picture(str(self.folder / name)) for name in ("in.bmp", "octave_0.bmp"))
        self.assertEqual((after.width, after.height), (40, 36))
        moved = sum(abs(a - b) for a, b in zip(before.pixels, after.pixels)) / len(after.pixels)
        self.assertTrue(0.5 < moved < 6.0, moved)      # steps of 1.5 on average, twice in what tiles share

    @needs_machine_code
    def test_defaults_and_the_shipped_picture(self):
        self.run_it("--octaves", 1, "--steps", 2)
        self.assertEqual(self.files(), ["octave_0.bmp", "output.bmp"])

    @needs_machine_code
    def test_options_change_the_dream(self):
        self.picture("in.bmp", 64, 64)
        common = ("-i", "in.bmp", "--tile", 64, "--octaves", 2, "--steps", 2, "--no-octaves", "-q")
        pictures = set()
        for words in ((), ("--layer", "inception_3b_output"), ("--steps", 3), ("--step-size", "4"), ("--tile", 48),
                      ("--octaves", 1), ("--octave-scale", "1.5"), ("--preset", "c89")):
            done = self.run_it(*common, *words, "-o", "out.bmp")
            self.assertEqual(done.stderr, "")
            pictures.add((self.folder / "out.bmp").read_bytes())
        self.assertEqual(len(pictures), 8)
        self.assertEqual(self.files(), ["in.bmp", "out.bmp"])

    @needs_machine_code
    def test_max_size_is_told(self):
        self.picture("in.bmp", 64, 64)
        done = self.run_it("-i", "in.bmp", "--tile", 64, "--steps", 1, "--max-size", 100)
        self.assertIn("octaves: 2 instead of 7", done.stderr)
        done = self.run_it("-i", "in.bmp", "--tile", 64, "--steps", 1, "--max-size", 50, "--octaves", 1, "--no-octaves")
        self.assertIn("larger than --max-size", done.stderr)
        self.assertEqual(self.files(), ["in.bmp", "octave_0.bmp", "octave_1.bmp", "output.bmp"])

    def test_same_picture_for_any_number_of_jobs(self):
        self.picture("in.bmp", 48, 40)
        pictures = set()
        for engine in ("python", "simd") if ENGINE else ("python",):
            for jobs in (1, 3):
                self.run_it("-i", "in.bmp", "--engine", engine, "-j", jobs, "--tile", 40, "--octaves", 1, "--steps", 1,
                            "--layer", "pool2/3x3_s2")
                pictures.add((engine, (self.folder / "output.bmp").read_bytes()))
        self.assertEqual(len(pictures), 2 if ENGINE else 1)

    def test_ctrl_c_keeps_what_is_finished(self):
        self.picture("in.bmp", 32, 32)
        for engine in ("python", "simd") if ENGINE else ("python",):
            with subprocess.Popen([*PROGRAM, "-i", "in.bmp", "--tile", "32", "--steps", "100000", "--engine", engine,
                                   "--octaves", "1"], cwd=self.folder, env=self.environment,
                                  stderr=subprocess.PIPE, text=True, start_new_session=True) as running:
                for line in running.stderr:
                    if " in all, " in line:
                        break
                began = time.monotonic()
                os.killpg(running.pid, signal.SIGINT)      # as a terminal does: to the whole group
                rest = running.stderr.read()
                self.assertEqual(running.wait(60), 130)
                self.assertLess(time.monotonic() - began, 5.0)
            self.assertEqual(rest.strip().splitlines()[-1], "deepdream: interrupted")
            self.assertEqual(self.files(), ["in.bmp"])

    def test_ctrl_c_names_what_is_finished(self):
        self.picture("in.bmp", 32, 32)
        with subprocess.Popen([*PROGRAM, "-i", "in.bmp", "--tile", "32", "--steps", "1", "--engine", "python",
                               "-j", "1", "--layer", "pool2/3x3_s2"], cwd=self.folder, env=self.environment,
                              stderr=subprocess.PIPE, text=True, start_new_session=True) as running:
            for line in running.stderr:
                if "octave 1 of 7 done" in line:
                    break
            os.killpg(running.pid, signal.SIGINT)
            rest = running.stderr.read()
            self.assertEqual(running.wait(60), 130)
        self.assertIn("interrupted; finished: octave_0.bmp", rest.splitlines()[-1])

    def test_outputs_that_cannot_be_written_are_told_before_the_work(self):
        os.symlink("nowhere/out.bmp", self.folder / "link.bmp")
        self.fails("-o", "link.bmp", "--engine", "python", says="no folder")

    @unittest.skipUnless(os.path.exists("/dev/full"), "needs /dev/full")
    def test_streams_that_take_nothing(self):
        self.picture("in.bmp", 32, 32)
        dream = ["-i", "in.bmp", "--tile", "32", "--steps", "1", "--octaves", "1", "--layer", "pool1/3x3_s2"]
        with open("/dev/full", "w") as full:
            done = subprocess.run([*PROGRAM, *dream], cwd=self.folder, env=self.environment, stderr=full, timeout=60)
            self.assertEqual(done.returncode, 0)
            self.assertIn("output.bmp", self.files())
            done = subprocess.run([*PROGRAM, "--version"], cwd=self.folder, env=self.environment, stdout=full,
                                  stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual(done.returncode, 1)
        self.assertIn("deepdream: error: No space left", done.stderr)
        self.assertEqual(len(done.stderr.splitlines()), 1)
        closed = subprocess.run(f"exec '{sys.executable}' '{ROOT}/deepdream.py' --version >&-", shell=True,
                                env=self.environment, stderr=subprocess.PIPE, text=True, timeout=60)
        self.assertEqual(closed.stderr, "")

    def test_wrong_usage(self):
        for words, says in ((("--octaves", "0"), "whole number from 1"), (("--octave-scale", "1"), "above 1"),
                            (("--step-size", "nan"), "number above 0"), (("--tile", "31"), "from 32"),
                            (("--steps", "2.5"), "whole number"), (("dance",), "invalid choice"),
                            (("--top", "3"), "not an option of dream"), (("--nonsense",), "unrecognized"),
                            (("classify", "-o", "x.bmp"), "not an option of classify"), (("-j", "0"), "from 1"),
                            (("--oct=3",), "unrecognized"), (("download", "-i", "x"), "not an option of download")):
            with self.subTest(words=words):
                self.fails(*words, code=2, says=says)

    def test_wrong_wishes(self):
        (self.folder / "text.bmp").write_text("not a picture")
        (self.folder / "folder").mkdir()
        for words, says in ((("-i", "nothing.bmp"), "nothing.bmp"), (("-i", "text.bmp"), "text.bmp"),
                            (("-i", "folder"), "folder"), (("-o", "folder"), "is a folder"),
                            (("-o", "nowhere/out.bmp"), "there is no folder"), (("--model", "gone.pb"), "gone.pb"),
                            (("--model", "text.bmp"), "text.bmp"), (("--model", "imagenet"), "deepdream download"),
                            (("--layer", "inception_4c_outptu", "--engine", "python"), "inception_4c_output"),
                            (("--layer", "", "--engine", "python"), "no such layer"),
                            (("-i", ""), "error"), (("--model", ""), "no such file")):
            with self.subTest(words=words):
                self.fails(*words, says=says)
        self.assertEqual(self.files(), ["text.bmp"])


class Classify(Modes):

    def test_python_engine_on_the_shipped_picture(self):
        lines = self.run_it("classify", "--engine", "python").stdout.splitlines()
        self.assertEqual(len(lines), 5)
        scores = []
        for line in lines:
            score, index, label = line.split(maxsplit=2)
            scores.append(float(score))
            self.assertEqual(label, (ROOT / "ImageNet_standard.txt").read_text().splitlines()[int(index)])
        self.assertEqual(scores, sorted(scores, reverse=True))
        # TensorFlow's answer lies in test/prob.
        prob = struct.unpack("<1000f", (ROOT / "test" / "prob").read_bytes())
        self.assertEqual(int(lines[0].split()[1]), prob.index(max(prob)))
        self.assertAlmostEqual(scores[0], max(prob), places=5)

    @needs_machine_code
    def test_json_and_other_sizes(self):
        self.picture("wide.bmp", 500, 300)
        guesses = json.loads(self.run_it("classify", "--json", "--top", 3, "-i", "wide.bmp").stdout)
        self.assertEqual([sorted(guess) for guess in guesses], [["index", "label", "score"]] * 3)
        self.assertGreaterEqual(guesses[0]["score"], guesses[1]["score"])
        everything = self.run_it("classify", "--top", 1000, "-i", "wide.bmp").stdout.splitlines()
        self.assertEqual(len(everything), 1000)
        self.assertAlmostEqual(sum(float(line.split()[0]) for line in everything), 1.0, places=3)

    @needs_machine_code
    def test_tiny_picture(self):
        self.picture("dot.bmp", 1, 1)
        self.run_it("classify", "-i", "dot.bmp")

    @needs_machine_code
    def test_broken_pipe(self):
        process = subprocess.Popen([*PROGRAM, "classify", "--top", "1000"], stdout=subprocess.PIPE,
                                   stderr=subprocess.PIPE, env=self.environment, cwd=self.folder)
        process.stdout.close()
        error = process.stderr.read().decode()
        process.stderr.close()
        self.assertEqual(process.wait(60), 1)
        self.assertNotIn("Error", error)

    def test_damaged_weights_are_named(self):
        weights = bytearray((ROOT / "InceptionV1.pb").read_bytes())
        weights[1000:1004] = b"\xff" * 4       # NaN, which a ReLU would turn into zero
        (self.folder / "damaged.pb").write_bytes(weights)
        self.assertIn("conv1_7x7_s2/weights", self.fails("classify", "--model", "damaged.pb", says="infinity or NaN"))

    def test_model_by_environment(self):
        self.environment["DEEPDREAM_MODEL"] = "gone.pb"
        self.fails("classify", says="gone.pb")


class Adversarial(Modes):

    @needs_machine_code
    def test_the_saved_picture_is_the_target(self):
        self.picture("wide.bmp", 330, 250)
        for words, target in ((("-i", "wide.bmp", "--target", "goldfish"), 1), ((), 852)):
            with self.subTest(words=words):
                done = self.run_it("adversarial", *words)
                blocks = done.stdout.split("step ")
                self.assertTrue(blocks[0].startswith("before"))
                self.assertGreaterEqual(len(blocks), 6)
                self.assertIn("pixels moved by", done.stdout)
                first = self.run_it("classify", "-i", "output.bmp").stdout.split()
                self.assertEqual(int(first[1]), target)

    @needs_machine_code
    def test_exactly_so_many_steps(self):
        done = self.run_it("adversarial", "--steps", 2, code=1)
        self.assertEqual(done.stdout.count("step "), 2)
        self.assertIn("is not yet taken for tennis ball", done.stderr)
        before, after = (deepdream.read_picture(str(path))
                         for path in (ROOT / "cat_dog224.bmp", self.folder / "output.bmp"))
        self.assertEqual(max(abs(a - b) for a, b in zip(before.pixels, after.pixels)), 1)

    def test_wrong_targets(self):
        for target, says in (("1000", "from 0 to 999"), ("crane", "134"), ("goldfsh", "goldfish"), ("", "no class")):
            with self.subTest(target=target):
                self.fails("adversarial", "--engine", "python", "--target", target, says=says)


class SelfTest(Modes):

    @needs_machine_code
    def test_machine_code_against_tensorflow(self):
        self.passes("simd")

    def test_python_engine_against_tensorflow(self):
        self.passes("python")

    def passes(self, engine):
        lines = self.run_it("test", "--engine", engine).stdout.splitlines()
        names = [line.split()[-1] for line in lines[:-2]]
        self.assertTrue({"prob", "inception_4a_output", "grad_inception_4a_output", "grad_data"} <= set(names))
        self.assertLess(names.index("prob"), names.index("grad_data"))
        self.assertEqual(lines[-1], "all within 0.002")

    @needs_machine_code
    def test_a_wrong_tensor_fails(self):
        reference = self.folder / "reference"
        reference.mkdir()
        for name in deepdream.FEWEST_TENSORS:
            (reference / name).write_bytes((ROOT / "test" / name).read_bytes())
        self.assertIn("all within", self.run_it("test", "--reference", "reference").stdout)
        prob = bytearray((ROOT / "test" / "prob").read_bytes())
        prob[4 * 207:4 * 208] = struct.pack("<f", 0.9)
        (reference / "prob").write_bytes(prob)
        done = self.run_it("test", "--reference", "reference", code=1)
        self.assertIn("WRONG", done.stdout)
        self.assertIn("FAILED", done.stdout.splitlines()[-1])

    def test_nothing_to_compare_and_wrong_sizes(self):
        reference = self.folder / "reference"

        def short_file():
            for name in deepdream.FEWEST_TENSORS:
                (reference / name).write_bytes((ROOT / "test" / name).read_bytes())
            (reference / "pool1_3x3_s2").write_bytes(b"1234")

        for prepare, says in ((lambda: None, "reference"), (reference.mkdir, "no reference tensors"),
                              (lambda: (reference / "prob").write_bytes(bytes(4000)), "grad_data"),
                              (short_file, "4 bytes")):
            prepare()
            done = self.run_it("test", "--reference", "reference", "--engine", "python", code=1)
            self.assertIn(says, done.stderr)
            self.assertNotIn("all within", done.stdout)


class Help(Modes):

    def test_help_and_version(self):
        text = self.run_it("-h").stdout
        for word in ("dream", "classify", "adversarial", "test", "download", "--octave-scale", "examples"):
            self.assertIn(word, text)
        lines = self.run_it("--version").stdout.splitlines()
        self.assertEqual(lines[0], f"deepdream {deepdream.__version__}")
        self.assertTrue(lines[2].startswith("engine "))
        self.assertIn("InceptionV1.pb", lines[3])


if __name__ == "__main__":
    unittest.main()
