"""The command line as a user meets it: every mode in a process of its own, in an empty folder."""
import io
import json
import os
import pathlib
import random
import shutil
import signal
import stat
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import unittest.mock

from helpers import ENVIRONMENT, LONG, PROGRAM, REFUSED, ROOT, needs_machine_code

import deepdream

SMALL = ("--tile", "32", "--octaves", "1", "--steps", "1", "--layer", "pool1/3x3_s2", "--engine", "python", "-j", "1")


class Modes(unittest.TestCase):

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.environment = {**ENVIRONMENT, "XDG_DATA_HOME": str(self.folder / "data"), "HOME": str(self.folder)}

    def run_it(self, *words, code=0, **settings):
        done = subprocess.run([*PROGRAM, *map(str, words)], cwd=self.folder, env=self.environment, text=True,
                              capture_output=True, stdin=subprocess.DEVNULL, timeout=LONG, **settings)
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
        self.assertIn("out.bmp: 56x50 pixels, 8 kB, after ", done.stderr.splitlines()[-1])
        self.assertEqual(self.files(), ["in.bmp", "out.bmp", "out_octave_0.bmp", "out_octave_1.bmp"])
        result, last = (self.folder / name for name in ("out.bmp", "out_octave_1.bmp"))
        self.assertEqual(result.read_bytes(), last.read_bytes())
        before, after = (deepdream.read_picture(str(self.folder / name)) for name in ("in.bmp", "out_octave_0.bmp"))
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
        for engine in ("python",) if REFUSED else ("python", "simd"):
            for jobs in (1, 3):
                self.run_it("-i", "in.bmp", "--engine", engine, "-j", jobs, "--tile", 40, "--octaves", 1, "--steps", 1,
                            "--layer", "pool2/3x3_s2")
                pictures.add((engine, (self.folder / "output.bmp").read_bytes()))
        self.assertEqual(len(pictures), 1 if REFUSED else 2)

    def test_wrong_wishes(self):
        (self.folder / "text.bmp").write_text("not a picture")
        (self.folder / "folder").mkdir()
        for words, says in ((("-i", "nothing.bmp"), "nothing.bmp"), (("-i", "text.bmp"), "text.bmp"),
                            (("-i", "folder"), "folder"), (("-o", "folder"), "is a folder"),
                            (("-o", "nowhere/out.bmp"), "there is no folder"), (("--model", "gone.pb"), "gone.pb"),
                            (("--model", "text.bmp"), "text.bmp"), (("--model", "imagenet"), "deepdream download"),
                            (("--layer", "inception_4c_outptu", "--engine", "python"), "inception_4c_output"),
                            (("-o", "out.bmp/"), "is a folder"), (("-o", "out.webp"), "that ends with .bmp, .png, "),
                            (("-o", "out.tar.gz"), "of the kind .gz"),
                            (("classify", "nothing.bmp"), "nothing.bmp: cannot be read"),
                            (("-o", "x" * 252 + ".bmp"), "cannot be written"),
                            (("-o", "x" * 245 + ".bmp"), "octave_0.bmp: cannot be written")):
            with self.subTest(words=words):
                self.fails(*words, says=says)
        self.assertEqual(self.files(), ["text.bmp"])


class Classify(Modes):

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
        self.assertEqual(process.wait(LONG), 1)
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
        done = self.run_it("adversarial", "-i", "wide.bmp", "--target", "911")
        blocks = done.stdout.split("step ")
        self.assertTrue(blocks[0].startswith("before"))
        self.assertGreaterEqual(len(blocks), 6)
        self.assertIn("pixels moved by", done.stdout)
        first = self.run_it("classify", "-i", "output.bmp").stdout.split()
        self.assertEqual(int(first[1]), 911)

    @needs_machine_code
    def test_exactly_so_many_steps(self):
        done = self.run_it("adversarial", "--steps", 2, code=1)
        self.assertEqual(done.stdout.count("step "), 2)
        self.assertIn("is not yet taken for tennis ball", done.stderr)
        before, after = (deepdream.read_picture(str(path))
                         for path in (ROOT / "cat_dog224.bmp", self.folder / "output.bmp"))
        self.assertEqual(max(abs(a - b) for a, b in zip(before.pixels, after.pixels)), 1)

    def test_wrong_targets(self):
        for target, says in (("1000", "from 0 to 999"), ("crane", "134"), ("goldfsh", "goldfish"),
                             ("cat", "281 (tabby cat), 282 (tiger cat), 283 (Persian cat)")):
            with self.subTest(target=target):
                self.fails("adversarial", "--engine", "python", "--target", target, says=says)
        self.fails("adversarial", "--target", "", says="--target '': expected a name", code=2)


class SelfTest(Modes):

    @needs_machine_code
    def test_machine_code_against_tensorflow(self):
        self.passes("simd")

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


class Usage(Modes):

    def test_wrong_usage(self):
        self.picture("in.bmp", 32, 32)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(self.folder)
        for words, says in ((("--octaves", "0"), "whole number from 1"), (("--octave-scale", "1"), "above 1"),
                            (("--octave-scale", "1e999999999"), "above 1"), (("--octave-scale", "7/0"), "above 1"),
                            (("--step-size", "nan"), "number above 0"), (("--tile", "31"), "from 32"),
                            (("--steps", "2.5"), "whole number"), (("-j", "0"), "from 1"), (("-qj0",), "from 1"),
                            (("--engine", "fast"), "auto or simd or python"),
                            (("--top", "3"), "--top is not an option of dream, but of classify"),
                            (("classify", "-o", "x.bmp"), "not an option of classify"),
                            (("download", "-i", "x"), "not an option of download"),
                            (("--nonsense",), "--nonsense: no such option"),
                            (("--step", "10"), "--step: no such option; did you mean --steps"),
                            (("--oct=3",), "did you mean --octaves"), (("-layer", "4c"), "did you mean --layer"),
                            (("classify", "--json=yes"), "nothing can stand behind it"),
                            (("-o",), "expected FILE behind it"), (("-o", "-q"), "not the option -q"),
                            (("-o", ""), "expected a name"), (("-i", ""), "expected a name"),
                            (("--model", ""), "expected a name"), (("--layer", ""), "expected a name"),
                            (("clasify",), "no such mode and no such file; did you mean classify?"),
                            (("qqq",), "no such mode and no such file; modes are dream, classify"),
                            (("",), "an empty word: no such mode and no such file"),
                            (("help", "in.bmp"), "no such mode"),
                            (("test", "in.bmp", "in.bmp"), "one picture"),
                            (("classify", "in.bmp", "-i", "in.bmp"), "one picture")):
            with self.subTest(words=words), unittest.mock.patch.object(sys, "stderr", io.StringIO()) as stderr:
                self.assertEqual(deepdream.main(words), 2)
                self.assertIn(says, stderr.getvalue())
                self.assertRegex(stderr.getvalue(), r"\Adeepdream: error: [^\n]*\n\Z")
        self.fails("--step", "10", code=2, says="--step: no such option")       # as a whole program

    def test_a_bare_word_with_an_ending_or_a_folder_is_a_file(self):
        for word, says in (("photo.bmp", "photo.bmp: cannot be read (No such file"), ("a/photo", "a/photo: cannot be"),
                           ("*.jpg", "*.jpg: there is no such file; expected pictures whose names fit")):
            self.assertRegex(self.fails(word, says=says), r"\Adeepdream: error: [^\n]*\n\Z")

    def test_a_bare_word_is_the_picture_and_order_does_not_matter(self):
        self.picture("wide.bmp", 48, 40)
        results = {self.run_it(*words).stdout for words in (
            ("classify", "wide.bmp", "--top", 2, "-q"), ("-q", "--top=2", "wide.bmp", "classify"),
            ("--top", 2, "-qi", "wide.bmp", "classify"), ("classify", "-q", "--top", 2, "--", "wide.bmp"))}
        self.assertEqual(len(results), 1)
        self.run_it("wide.bmp", *SMALL, "-oout.bmp")
        self.assertIn("out.bmp", self.files())

    def test_help(self):
        text = self.run_it("-h").stdout
        for word in (*(mode.name for mode in deepdream.MODES), "--input", "--engine", "examples"):
            self.assertIn(word, text)
        self.assertNotIn("--octaves N ", text)
        self.assertEqual({self.run_it(*words).stdout for words in (("help",), ("--help", "-q"))}, {text})

    def test_help_of_a_mode_has_just_its_options(self):
        for mode in deepdream.MODES:
            text = deepdream.help_text(mode.name)
            for option in deepdream.OPTIONS:
                entry = f"  {', '.join(option.flags.split())} {option.metavar}".rstrip() + " "
                takes = any(mode.name in row.modes.split() for row in deepdream.OPTIONS if row.flags == option.flags)
                self.assertEqual(entry in text, takes, (mode.name, entry))
            self.assertLessEqual(max(map(len, text.splitlines())), 100)
        self.assertIn("(default: 1.4)", deepdream.help_text("dream"))
        for words in (("classify", "--help"), ("-h", "classify"), ("help", "classify")):
            self.assertEqual(self.run_it(*words).stdout, deepdream.help_text("classify") + "\n")

    def test_version(self):
        lines = self.run_it("--version").stdout.splitlines()
        self.assertEqual(lines[0], f"deepdream {deepdream.__version__}")
        self.assertTrue(lines[2].startswith("engine "))
        self.assertIn("InceptionV1.pb", lines[3])
        self.assertEqual(self.run_it("-v").stdout.splitlines(), lines)
        lines = self.run_it("--version", "--model", "nowhere").stdout.splitlines()
        self.assertRegex(lines[3], "^model none: nowhere: no such file; --model takes a weight file")
        self.assertIn("two: doctor takes options only", self.run_it("doctor", "two", code=2).stderr)


class Tables(unittest.TestCase):

    def test_every_row_names_a_function(self):
        for row in deepdream.FORMATS:
            for function in filter(None, (row.read, row.write)):
                self.assertTrue(callable(deepdream.resolve(function)), row)
        for row in deepdream.MODES:
            self.assertTrue(callable(deepdream.resolve(row.function)), row)

    def test_options_fit_the_modes(self):
        modes = [mode.name for mode in deepdream.MODES]
        taken = [(mode, flag) for row in deepdream.OPTIONS for mode in row.modes.split() for flag in row.flags.split()]
        self.assertEqual(len(taken), len(set(taken)))
        self.assertLessEqual({mode for mode, _ in taken}, set(modes))
        rows = deepdream.rows_by_flag()
        self.assertEqual(set(rows), {flag for _, flag in taken})
        for row in deepdream.OPTIONS:
            self.assertEqual({rows[flag].metavar for flag in row.flags.split()}, {row.metavar}, row)
            self.assertEqual(row.parser is None, row.metavar == "", row)
            if row.default not in (None, False, ""):
                self.assertEqual(row.parser(str(row.default)), row.default, row)
        self.assertEqual({mode: set(deepdream.rows_by_flag(mode)) for mode in [*modes, ""]},
                         {mode: {flag for one, flag in taken if one == mode} for mode in [*modes, ""]})

    def test_options_of_a_dream_are_those_of_its_recipe(self):
        options = deepdream.parse_command_line([])
        recipe = {name: value for name, value in deepdream.Recipe()._asdict().items() if hasattr(options, name)}
        self.assertGreaterEqual(len(recipe), 7)
        for name, value in recipe.items():
            self.assertEqual(getattr(options, name), value)

    def test_formats(self):
        self.assertEqual(deepdream.format_by_content(b"BM...", "x").name, "BMP")
        for name in ("x.bmp", "X.BMP", "x.dib", "x", ".hidden"):
            self.assertEqual(deepdream.format_by_name(name).name, "BMP")
        with self.assertRaisesRegex(deepdream.DeepDreamError, r"x\.webp: .*\.bmp, \.png, .* or \.y4m"):
            deepdream.format_by_name("x.webp")

    def test_without_the_extras_one_line_says_so(self):
        with tempfile.TemporaryDirectory() as folder:
            for name in ("deepdream.py", "inception_graph.py", "ImageNet_standard.txt", "InceptionV1.pb"):
                shutil.copy(ROOT / name, folder)
            done = subprocess.run([sys.executable, "deepdream.py", "download"], cwd=folder, env=ENVIRONMENT, text=True,
                                  capture_output=True)
        self.assertEqual((done.returncode, done.stdout), (1, ""))
        self.assertRegex(done.stderr, r"\Adeepdream: error: deepdream_extras is missing[^\n]*\n\Z")


class Start(Modes):

    def test_nothing_is_imported_that_is_not_needed(self):
        program = "import sys, deepdream; print(*sys.modules)"
        loaded = subprocess.run([sys.executable, "-SI", "-c", f"import sys; sys.path.append({str(ROOT)!r}); {program}"],
                                capture_output=True, text=True, check=True).stdout.split()
        for name in ("argparse", "ctypes", "deepdream_extras", "difflib", "gettext", "hashlib", "json", "shutil",
                     "socket", "subprocess", "tempfile", "textwrap", "urllib.request"):
            self.assertNotIn(name, loaded)

    def test_isolated(self):
        for flag in ("-I",) if sys.version_info < (3, 11) else ("-I", "-P"):
            done = subprocess.run([sys.executable, flag, str(ROOT / "deepdream.py"), "--version"], capture_output=True,
                                  cwd=self.folder, env=self.environment, text=True)
            self.assertEqual((done.returncode, done.stderr), (0, ""))

    def test_older_pythons_are_told(self):
        """Nobody keeps them; the two lines at the top are tried with a version that claims to be older."""
        source = (ROOT / "deepdream.py").read_text(encoding="utf-8")
        source = source.replace("sys.version_info[:2]", "(3, 9)", 1)
        (self.folder / "old.py").write_text(source, encoding="utf-8")
        done = subprocess.run([sys.executable, "old.py"], cwd=self.folder, capture_output=True, text=True)
        self.assertEqual((done.returncode, done.stderr),
                         (1, "deepdream: error: deepdream needs Python 3.10 or newer; this is 3.9\n"))

    @unittest.skipIf(sys.platform == "win32", "folders in use cannot be deleted there")
    def test_deleted_working_folder(self):
        gone = self.folder / "gone"
        script = f"import os, subprocess, sys; os.rmdir({str(gone)!r}); sys.exit(subprocess.call(sys.argv[1:]))"
        for more, says in (((), "output.bmp: the"), (("-o", "dreams", "--sweep", "seed=1"), "the")):
            gone.mkdir()
            # The file itself: with `python -c`, Python 3.13.0 looks for modules in the folder that is gone, and fails.
            words = [sys.executable, str(ROOT / "deepdream.py"), *SMALL, *more]
            done = subprocess.run([sys.executable, "-c", script, *words], cwd=gone, env=self.environment,
                                  capture_output=True, text=True)
            self.assertEqual(done.returncode, 1)
            self.assertIn(f"deepdream: error: {says} current folder is there no longer", done.stderr)


@unittest.skipIf(sys.platform == "win32", "needs a shell")
class Streams(Modes):

    def shell(self, line, **settings):
        """A shell's command line in which `deepdream` is the program."""
        words = f"deepdream() {{ '{sys.executable}' '{ROOT}/deepdream.py' \"$@\"; }}\n{line}"
        done = subprocess.run(["bash", "-o", "pipefail", "-c", words], cwd=self.folder, env=self.environment,
                              stdin=subprocess.DEVNULL, capture_output=True, timeout=LONG, **settings)
        self.assertNotIn(b"Traceback", done.stderr)
        self.assertNotIn(b"Exception", done.stderr)
        return done

    def dream(self, line):
        self.picture("in.bmp", 32, 32)
        return self.shell(f"deepdream in.bmp {' '.join(SMALL)} -q {line}")

    @unittest.skipUnless(os.path.exists("/dev/full"), "needs /dev/full")
    def test_full(self):
        self.picture("in.bmp", 32, 32)
        self.assertEqual(self.shell(f"deepdream in.bmp {' '.join(SMALL)} 2>/dev/full").returncode, 0)
        self.assertIn("output.bmp", self.files())
        self.assertEqual(self.shell("deepdream --octaves 0 2>/dev/full").returncode, 2)
        for words in ("--version", "--help", "classify -q"):
            done = self.shell(f"deepdream {words} >/dev/full")
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr.decode(), r"\Adeepdream: error: stdout: cannot be written [^\n]*\n\Z")

    def test_closed(self):
        for words in ("--version", "--help", "classify -q", "test -q"):
            done = self.shell(f"deepdream {words} >&-")
            self.assertEqual(done.returncode, 1)
            self.assertRegex(done.stderr.decode(), r"\Adeepdream: error: stdout is closed[^\n]*\n\Z")
        self.assertEqual(self.shell("deepdream classify --top 1 <&- 2>&-").stdout.count(b"\n"), 1)
        self.assertEqual(self.dream(">&- <&- 2>&-").returncode, 0)
        self.assertIn("output.bmp", self.files())
        self.assertEqual(self.dream("-o - >&-").returncode, 1)

    def test_nobody_reads_on(self):
        for words in ("classify -q", "test -q", "--help", "-q --octaves 1 --steps 1 -o -"):
            done = self.shell(f"{{ until [ -e gone ]; do sleep 0.01; done; deepdream {words}; }} | "
                              "{ exec <&-; touch gone; }; echo ${PIPESTATUS[0]}; rm gone")
            self.assertEqual((done.stdout, done.stderr), (b"1\n", b""), words)

    @needs_machine_code
    def test_the_picture_is_written_though_nobody_reads_on(self):
        (self.folder / "slow.py").write_text(
            f"import os, sys, time\nsys.path.insert(0, {str(ROOT)!r})\nimport deepdream\nanswer = deepdream.answer\n"
            "def slow(text, *more):\n    answer(text, *more)\n"
            "    while not os.path.exists('gone'): time.sleep(0.01)\n"
            "deepdream.answer = slow\ndeepdream.run()\n")
        done = self.shell(f"{sys.executable} slow.py adversarial --steps 3 -q -o fooled.bmp |"
                          " { read line; echo $line; exec <&-; touch gone; }; echo ${PIPESTATUS[0]}; rm gone slow.py")
        self.assertEqual((done.stdout, done.stderr), (b"before\n1\n", b""))
        self.assertEqual(self.files(), ["fooled.bmp"])

    def test_to_stdout_and_from_stdin(self):
        self.dream("-o plain.bmp --no-octaves")
        plain = (self.folder / "plain.bmp").read_bytes()
        for line in ("-o -", "-o - | cat", "-o /dev/stdout", "-o /dev/stdout | cat", "-o /dev/fd/1",
                     "-o /proc/self/fd/1", "-o >(cat) | cat", "-o /dev/fd/3 3>&1", "-o - <in.bmp"):
            if "/proc" in line and not os.path.exists("/proc/self/fd"):
                continue
            with self.subTest(line=line):
                done = self.dream(line)
                self.assertEqual((done.returncode, done.stdout, done.stderr), (0, plain, b""))
        self.assertEqual(self.files(), ["in.bmp", "plain.bmp"])
        done = self.shell(f"cat in.bmp | deepdream - -q {' '.join(SMALL)} -o - | deepdream classify -i - -q --top 1")
        self.assertEqual(done.stdout, self.shell("deepdream classify plain.bmp -q --top 1").stdout)

    def test_appended_to_what_is_there(self):
        for line in ("-o /dev/stdout >>log", "-o /dev/fd/3 3>>log", "-o - >>log"):
            (self.folder / "log").write_bytes(b"before")
            self.assertEqual(self.dream(line).returncode, 0)
            log = (self.folder / "log").read_bytes()
            self.assertEqual((log[:8], len(log)), (b"beforeBM", 6 + 54 + 32 * 96))

    def test_pipes_and_devices_have_no_octaves_beside_them(self):
        self.assertEqual(self.shell("mkfifo fifo").returncode, 0)
        self.picture("in.bmp", 32, 32)
        done = self.shell(f"cat fifo & deepdream in.bmp {' '.join(SMALL)} -o fifo; wait")
        self.assertEqual(done.stdout[:2], b"BM")
        self.assertEqual(self.files(), ["in.bmp"])
        self.assertEqual(self.dream("-o /dev/null").returncode, 0)
        self.assertFalse(os.path.exists("/dev/null_octave_0") or os.path.exists("/dev/octave_0.bmp"))

    def test_descriptors_that_cannot_be_written_are_told_before_the_work(self):
        for line in ("-o /dev/fd/7", "-o /dev/fd/7 7<in.bmp", "-o /dev/fd/99999999999999999999"):
            done = self.dream(line + " --engine simd --model nowhere")       # or another error would come first
            self.assertEqual(done.returncode, 1)
            self.assertIn(line.split()[1].encode() + b": cannot be written (Bad file descriptor)", done.stderr)

    @needs_machine_code
    def test_results_make_room_for_the_picture(self):
        done = self.shell("deepdream adversarial --steps 1 -o -")
        self.assertEqual(done.stdout[:2], b"BM")
        self.assertIn(b"step 1\n", done.stderr)


@unittest.skipIf(sys.platform == "win32", "no such signals there")
class Signals(Modes):
    SLOW = ("import sys; sys.argv = ['deepdream', *{words!r}]\n"
            "import os, signal, time, deepdream\n{more}\ndeepdream.run()")

    def start(self, *words, more="", program=None, **settings):
        if more:
            program = [sys.executable, "-c", self.SLOW.format(words=words, more=more)]
        environment = {**self.environment, "PYTHONPATH": str(ROOT)}
        running = subprocess.Popen(program or [*PROGRAM, *words], cwd=self.folder, env=environment, text=True,
                                   stderr=subprocess.PIPE, start_new_session=True, **settings)
        self.addCleanup(running.communicate)
        self.addCleanup(running.kill)
        return running

    def wait_for(self, running, words):
        for line in running.stderr:
            if words in line:
                return
        self.fail(f"ended without {words!r}")

    def dream_for_ever(self, engine="python", **settings):
        self.picture("in.bmp", 32, 32)
        running = self.start("-i", "in.bmp", "--tile", "32", "--steps", "100000", "--octaves", "1", "--engine", engine,
                             **settings)
        self.wait_for(running, " in all, ")
        return running

    def test_each_is_died_of(self):
        for engine in ("python",) if REFUSED else ("python", "simd"):
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                with self.subTest(engine=engine, signal=number):
                    running = self.dream_for_ever(engine)
                    os.killpg(running.pid, number)      # as a terminal does: to the whole group
                    rest = running.stderr.read()
                    self.assertEqual(running.wait(LONG), -number)     # a dream takes hours
                    self.assertEqual(rest, "deepdream: interrupted\n")
                    self.assertEqual(self.files(), ["in.bmp"])

    def test_what_is_finished_is_named(self):
        self.picture("in.bmp", 32, 32)
        running = self.start("-i", "in.bmp", "--tile", "32", "--steps", "1", "--engine", "python", "-j", "1", "--layer",
                             "pool2/3x3_s2", "-o", "x.bmp")
        self.wait_for(running, "octave 2 of 7 done")
        os.killpg(running.pid, signal.SIGINT)
        self.assertIn("interrupted; finished: x_octave_0.bmp", running.stderr.read().splitlines()[-1])
        self.assertEqual(running.wait(LONG), -signal.SIGINT)

    def test_ignored_ones_stay_ignored(self):
        for number in (signal.SIGINT, signal.SIGHUP):
            running = self.dream_for_ever(preexec_fn=lambda number=number: signal.signal(number, signal.SIG_IGN))
            running.send_signal(number)
            time.sleep(0.3)
            self.assertIsNone(running.poll())
            running.terminate()
            self.assertEqual(running.wait(LONG), -signal.SIGTERM)

    def test_a_shells_loop_ends_too(self):
        self.picture("in.bmp", 32, 32)
        loop = (f"for i in 1 2; do '{sys.executable}' '{ROOT}/deepdream.py' in.bmp --tile 32 --octaves 1 --steps 99999 "
                "--engine python; echo next >&2; done")
        running = self.start(program=["bash", "-c", loop])
        self.wait_for(running, " in all, ")
        os.killpg(running.pid, signal.SIGINT)
        self.assertNotIn("next", running.stderr.read())
        self.assertEqual(running.wait(LONG), -signal.SIGINT)

    SLOW_CLOSE = ("close = deepdream.Network.close\n"
                  "def slow(network):\n    print('closing', file=sys.stderr, flush=True)\n    time.sleep({0})\n"
                  "    close(network)\n"
                  "deepdream.Network.close = slow\n")

    def test_a_second_one_while_all_is_closed(self):
        self.picture("in.bmp", 32, 32)
        words = ("-i", "in.bmp", "--tile", "32", "--steps", "100000", "--octaves", "1", "--engine", "python")
        running = self.start(*words, more=self.SLOW_CLOSE.format(0.5) + "deepdream.PATIENCE = 3600.0")
        self.wait_for(running, " in all, ")
        running.send_signal(signal.SIGINT)
        self.wait_for(running, "closing")
        running.send_signal(signal.SIGINT)
        self.assertEqual(running.stderr.read(), "deepdream: interrupted\n")
        self.assertEqual(running.wait(LONG), -signal.SIGINT)

    def test_a_second_one_when_that_takes_for_ever(self):
        self.picture("in.bmp", 32, 32)
        words = ("-i", "in.bmp", "--tile", "32", "--steps", "100000", "--octaves", "1", "--engine", "python", "-j", "1")
        running = self.start(*words, more=self.SLOW_CLOSE.format(100) + "deepdream.PATIENCE = 0.1")
        self.wait_for(running, " in all, ")
        running.send_signal(signal.SIGINT)
        self.wait_for(running, "closing")
        time.sleep(0.3)
        running.send_signal(signal.SIGINT)
        self.assertEqual(running.wait(LONG), -signal.SIGINT)
        self.assertEqual(running.stderr.read(), "")

    def test_while_modules_are_loaded(self):
        shutil.copy(ROOT / "deepdream.py", self.folder)
        shutil.copytree(ROOT / "deepdream_extras", self.folder / "deepdream_extras",
                        ignore=shutil.ignore_patterns("__pycache__"))           # another test may be writing there
        (self.folder / "inception_graph.py").write_text(
            "import sys, time\nprint('loading', file=sys.stderr, flush=True)\ntime.sleep(600)\n")
        for program in (["deepdream.py"], ["-m", "deepdream"],
                        ["-c", "from deepdream_extras.command import main; main()"]):
            with self.subTest(program=program):
                running = self.start(program=[sys.executable, *program])
                self.wait_for(running, "loading")
                running.send_signal(signal.SIGINT)
                self.assertEqual(running.stderr.read(), "")
                self.assertEqual(running.wait(LONG), -signal.SIGINT)

    def test_importing_leaves_signals_alone(self):
        program = ("import signal\nbefore = [signal.getsignal(n) for n in range(1, 32)]\nimport deepdream\n"
                   "deepdream.main(['--help'])\nassert before == [signal.getsignal(n) for n in range(1, 32)]")
        subprocess.run([sys.executable, "-c", program], cwd=ROOT, check=True, stdout=subprocess.DEVNULL)

    def test_main_returns(self):
        with unittest.mock.patch.object(deepdream, "print_version", side_effect=KeyboardInterrupt), \
                unittest.mock.patch.object(sys, "stderr", io.StringIO()) as stderr:
            self.assertEqual(deepdream.main(["-v"]), 130)
            self.assertEqual(deepdream.main(["--nonsense"]), 2)
        self.assertIn("interrupted", stderr.getvalue())

    def test_children_ignored_by_the_parent(self):
        self.run_it("--version", preexec_fn=lambda: signal.signal(signal.SIGCHLD, signal.SIG_IGN))

    def test_no_temporary_file_outlives_a_signal(self):
        self.picture("in.bmp", 32, 32)
        slow = ("def sync(file):\n    file.flush(); print('syncing', file=sys.stderr, flush=True); time.sleep(600)\n"
                "deepdream.sync = sync")
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL):
            with self.subTest(signal=number):
                running = self.start("in.bmp", *SMALL, "--no-octaves", more=slow)
                self.wait_for(running, "syncing")
                running.send_signal(number)
                self.assertEqual(running.wait(LONG), -number)
                if number != signal.SIGKILL:
                    self.assertEqual(self.files(), ["in.bmp"])
        self.assertEqual(len(self.files()), 2)
        others = [".deepdream-elsewhere-1-00.tmp", f".deepdream-{deepdream.this_host()}-{os.getpid()}-00.tmp"]
        for name in others:
            (self.folder / name).touch()
        self.run_it("in.bmp", *SMALL, "--no-octaves")
        self.assertEqual(self.files(), sorted([*others, "in.bmp", "output.bmp"]))


class Outputs(Modes):

    def test_files_that_are_one(self):
        """Whatever their names: nothing that is read or written too is overwritten."""
        self.picture("in.bmp", 40, 40)
        before = (self.folder / "in.bmp").read_bytes()
        os.link(self.folder / "in.bmp", self.folder / "link.json")
        os.symlink("out_octave_0.bmp", self.folder / "out.bmp")
        (self.folder / "recipe.json").write_text("{}")
        for words in (("in.bmp", "--save-recipe", "link.json", "-o", "x.bmp"), ("in.bmp", "-o", "out.bmp"),
                      ("in.bmp", "-o", "x.json", "--format", "bmp", "--save-recipe", "x.json"),
                      ("adversarial", "in.bmp", "-o", "x.bmp", "--save-recipe", "link.json")):
            with self.subTest(words=words):
                self.fails(*words, *SMALL[-4:], says="the same file")
        self.assertEqual((self.folder / "in.bmp").read_bytes(), before)
        self.assertFalse((self.folder / "x.bmp").exists())

    def test_never_the_input(self):
        self.picture("in.bmp", 32, 32)
        for name in ("octave_1.bmp", "x_octave_0.bmp"):
            shutil.copy(self.folder / "in.bmp", self.folder / name)
        os.symlink("in.bmp", self.folder / "soft.bmp")
        os.link(self.folder / "in.bmp", self.folder / "hard.bmp")
        before = {name: (self.folder / name).read_bytes() for name in self.files()}
        for words, name in ((("in.bmp", "-o", "in.bmp"), "in.bmp"), (("in.bmp", "-o", "./soft.bmp"), "soft.bmp"),
                            (("in.bmp", "-o", "hard.bmp"), "hard.bmp"), (("soft.bmp", "-o", "in.bmp"), "in.bmp"),
                            (("octave_1.bmp", "--octaves", 2), "octave_1.bmp"),
                            (("x_octave_0.bmp", "-o", "x.bmp"), "x_octave_0.bmp"),
                            (("adversarial", "in.bmp", "-o", "in.bmp"), "in.bmp")):
            with self.subTest(words=words):
                self.fails(*words, says=f"{name}: this is the picture that is read")
        self.fails("-o", ROOT / "cat_dog224.bmp", says="this is the picture that is read")
        self.assertEqual(before, {name: (self.folder / name).read_bytes() for name in self.files()})
        self.run_it("octave_1.bmp", *SMALL, "--octaves", 1)             # there is no second octave then

    def test_what_cannot_be_written_is_told_before_the_work(self):
        os.symlink("nowhere/out.bmp", self.folder / "link.bmp")
        self.fails("-o", "link.bmp", "--engine", "python", says="no folder")
        (self.folder / "x_octave_1.bmp").mkdir()
        self.fails("-o", "x.bmp", says="x_octave_1.bmp: is a folder")
        self.assertEqual(self.files(), [])

    @unittest.skipUnless(os.path.exists("/dev/full"), "needs /dev/full")
    def test_no_room_at_the_end(self):
        self.picture("in.bmp", 32, 32)
        room = self.folder / "room"
        room.mkdir()
        self.run_it("in.bmp", *SMALL, "-o", "plain.bmp", "--no-octaves")
        self.environment["TMPDIR"] = str(room)
        done = self.run_it("in.bmp", *SMALL, "-o", "/dev/full", code=1)
        self.assertIn("/dev/full: cannot be written (No space left on device); the picture is in", done.stderr)
        saved, = room.iterdir()
        self.assertIn(f"is in {saved} instead", done.stderr)
        self.assertEqual(saved.read_bytes(), (self.folder / "plain.bmp").read_bytes())

    @unittest.skipIf(sys.platform == "win32", "no such limits there")
    def test_no_room_anywhere(self):
        import resource
        self.picture("in.bmp", 32, 32)
        self.environment.pop("COVERAGE_PROCESS_START", None)      # its files would not be written either,
        self.environment["PYTHONDONTWRITEBYTECODE"] = "1"         # and Python keeps half of a module's
        done = self.run_it("in.bmp", *SMALL, code=1,
                           preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (2000, 2000)))
        self.assertEqual(done.stderr.count("the picture is lost"), 2)         # the octave, which is no reason to stop
        self.assertEqual(self.files(), ["in.bmp"])


@unittest.skipIf(sys.platform == "win32", "permissions, owners and links of POSIX")
class Writing(unittest.TestCase):
    """write_whole: the content is new, all else as if the old file had been opened and written."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        self.path = self.folder / "file"

    def write(self, content=b"new"):
        deepdream.write_whole(str(self.path), content)
        self.assertEqual(self.path.read_bytes(), content)
        self.assertEqual([path.name for path in self.folder.iterdir() if path.name.endswith(".tmp")], [])

    def as_nobody(self, function):
        """In a process that is not allowed everything."""
        child = os.fork()
        if child == 0:
            try:
                if os.geteuid() == 0:
                    os.setgid(65534)
                    os.setuid(65534)
                function()
                os._exit(0)
            except BaseException as error:
                print(repr(error), file=sys.stderr)
                os._exit(1)
        self.assertEqual(os.waitpid(child, 0)[1], 0)

    def test_new_file_has_the_permissions_of_the_time(self):
        old = os.umask(0o027)
        self.addCleanup(os.umask, old)
        self.write()
        self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o640)

    def test_permissions_stay(self):
        self.path.write_bytes(b"a longer old content")
        self.path.chmod(0o604)
        inode = self.path.stat().st_ino
        self.write()
        self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o604)
        self.assertNotEqual(self.path.stat().st_ino, inode)         # others who have it open keep the old content

    @unittest.skipUnless(hasattr(os, "geteuid") and os.geteuid() == 0, "needs root")
    def test_the_owner_stays(self):
        self.path.write_bytes(b"old")
        os.chown(self.path, 12345, 54321)
        self.write()
        self.assertEqual((self.path.stat().st_uid, self.path.stat().st_gid), (12345, 54321))

    def test_hard_links_stay_one_file(self):
        self.path.write_bytes(b"a longer old content")
        os.link(self.path, self.folder / "other")
        self.write()
        self.assertEqual((self.folder / "other").read_bytes(), b"new")

    def test_links_stay_links(self):
        (self.folder / "aim").write_bytes(b"old")
        self.path.symlink_to("aim")
        self.write()
        self.assertTrue(self.path.is_symlink())

    def test_where_no_rename_can_work(self):
        self.path.write_bytes(b"a longer old content")
        for number in ("EBUSY", "EPERM", "EXDEV"):
            error = OSError(getattr(deepdream.errno, number), number)
            with unittest.mock.patch.object(os, "replace", side_effect=error):
                self.write(number.encode())

    def test_writable_file_in_a_folder_that_is_not(self):
        self.path.write_bytes(b"a longer old content")
        self.path.chmod(0o666)
        self.folder.chmod(0o555)
        self.addCleanup(self.folder.chmod, 0o755)

        def write():
            self.assertTrue(deepdream.Output(str(self.path)).ordinary)
            self.write()

        self.as_nobody(write)

    def test_what_nobody_may_write(self):
        self.path.write_bytes(b"old")
        self.path.chmod(0o444)
        self.folder.chmod(0o777)

        def write():
            for function in (lambda path: deepdream.write_whole(path, b"new"), deepdream.Output):
                try:
                    function(str(self.path))
                except deepdream.DeepDreamError as error:
                    assert "cannot be written (Permission denied)" in str(error), error
                else:
                    raise AssertionError("written")

        self.as_nobody(write)
        self.assertEqual(self.path.read_bytes(), b"old")

    def test_errors(self):
        for name in ("nowhere/file", "x" * 256, "null\0byte", "."):
            with self.assertRaisesRegex(deepdream.DeepDreamError, "cannot be written"):
                deepdream.write_whole(str(self.folder / name), b"new")


class Names(unittest.TestCase):
    LABELS = (ROOT / "ImageNet_standard.txt").read_text(encoding="utf-8").splitlines()
    LAYERS = [row[0] for row in deepdream.inception_graph.OPERATIONS]

    def test_layers(self):
        for wish in ("4c", "4C", "inception_4c", "inception4c", "mixed4c", "mixed_4c", "4c/output", "4c_output",
                     "inception_4c/output", "inception_4c_output"):
            self.assertEqual(deepdream.find_layer(self.LAYERS, wish), "inception_4c_output")
        for wish, name in (("3b/5x5", "inception_3b_5x5"), ("inception_4c/5x5", "inception_4c_5x5"),
                           ("conv2/3x3", "conv2_3x3"), ("prob", "prob")):
            self.assertEqual(deepdream.find_layer(self.LAYERS, wish), name)
        for name in self.LAYERS:
            self.assertEqual(deepdream.find_layer(self.LAYERS, name), name)

    def test_layers_of_another_network(self):
        names = ["input", "mixed4c", "mixed4c_pre_relu", "conv1/conv", "block1.0.relu"]
        for wish, name in (("inception_4c_output", "mixed4c"), ("4c", "mixed4c"), ("block1_0_relu", "block1.0.relu"),
                           ("conv1/conv", "conv1/conv")):
            self.assertEqual(deepdream.find_layer(names, wish), name)

    def test_layers_that_are_not_there(self):
        for wish, near in (("inception_4c_outptu", "inception_4c_output"), ("4z", "inception_4"), ("", "look like"),
                           ("output", "no such layer"), ("zzz", "look like")):
            with self.assertRaisesRegex(deepdream.DeepDreamError, near) as caught:
                deepdream.find_layer(self.LAYERS, wish)
            words = str(caught.exception).rstrip("?").split("mean ")[-1].split(" or ")
            self.assertEqual(len(words), len(set(words)))

    def test_classes(self):
        for wish, number in (("goldfish", 1), ("Carassius auratus", 1), ("tabby", 281), ("Tabby, tabby cat", 281),
                             ("persian", 283), ("retriever golden", None), ("golden retriever", 207), ("42", 42),
                             ("tiger", 292), ("labrador", 208), ("hot-dog", 934)):
            with self.subTest(wish=wish):
                if number is None:
                    self.assertRaises(deepdream.DeepDreamError, deepdream.find_class, self.LABELS, wish)
                else:
                    self.assertEqual(deepdream.find_class(self.LABELS, wish), number)

    def test_classes_that_could_be_meant(self):
        for wish, says in (("cat", "281 (tabby cat), 282 (tiger cat), 283 (Persian cat), 284 (Siamese cat), "
                                   "285 (Egyptian cat), 383 (Madagascar cat), 387 (bear cat)"),
                           ("dog", "and 4 more"), ("retriever", "207 (golden retriever)"),
                           ("golfish", "did you mean 1 (goldfish)"), ("xyzzy", "the file of labels lists them"),
                           ("9" * 5000, "from 0 to 999")):
            with self.subTest(wish=wish[:9]), self.assertRaises(deepdream.DeepDreamError) as caught:
                deepdream.find_class(self.LABELS, wish)
            self.assertIn(says, str(caught.exception))


class Progress(unittest.TestCase):

    def told(self, seconds, total, quiet=False, bound=""):
        """What is said and what is shown while pieces take so many seconds each."""
        clock = [0.0]
        shown = []
        with unittest.mock.patch.object(deepdream.time, "monotonic", lambda: clock[0]), \
                unittest.mock.patch.object(sys, "stderr", io.StringIO()) as stderr:
            progress = deepdream.Progress(total, "tile", quiet, bound)
            progress.line.show = shown.append
            for number, length in enumerate(seconds):
                clock[0] += length
                progress.piece_done(f"tile {number + 1}")
        return stderr.getvalue(), shown

    def test_the_first_piece_tells_nothing(self):
        said, shown = self.told([90, 1, 1, 1], 100)
        self.assertEqual(said, "deepdream: about 3 min 09 s in all, 1 s a tile\n")
        self.assertEqual(shown[:2], ["tile 1", "1 min 38 s left, tile 2"])

    def test_fast_pieces_are_looked_at_for_a_while(self):
        self.assertEqual(self.told([0.3] + [0.01] * 49, 1000)[0], "")
        self.assertEqual(self.told([0.3] + [0.01] * 51, 1000)[0].count("\n"), 1)
        self.assertEqual(self.told([5, 5], 2)[0], "")

    def test_bound_and_quiet(self):
        self.assertEqual(self.told([1, 2, 2], 10, bound=" at most")[1][-1], "14 s left at most, tile 3")
        self.assertEqual(self.told([1, 2, 2], 10, quiet=True), ("", []))


if __name__ == "__main__":
    unittest.main()
