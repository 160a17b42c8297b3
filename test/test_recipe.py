"""How a picture was made: kept in it, shown, followed again; and pictures drawn in the terminal."""
import contextlib
import io
import json
import os
import pathlib
import shutil
import sys
import unittest
from unittest import mock

from helpers import CommandLine, needs_machine_code

import deepdream
from deepdream import Extras, Picture, read_picture, write_picture
from deepdream_extras import recipe, show

SMALL = ("--tile", "56", "--octaves", "2", "--steps", "1", "--layer", "pool1/3x3_s2", "--engine", "python", "-j", "1")


def kept(path):
    return json.loads(deepdream.read_file(path).comment)


class Recipes(CommandLine):
    def setUp(self):
        super().setUp()
        write_picture("in.bmp", Picture(40, 34, bytearray(range(240)) * 17))
        os.mkdir("home")

    def dreamed(self, *words, out="home/made.png"):
        self.run_it("in.bmp", *SMALL, "-o", out, "--no-octaves", *words)
        return out

    def changed(self, **values):
        """A recipe as a .json file with other values; None takes a key away."""
        made = kept("home/made.png")
        for key, value in values.items():
            if value is None:
                del made[key]
            else:
                made[key] = value
        pathlib.Path("changed.json").write_text(json.dumps(made))
        return "changed.json"


class Keeping(Recipes):
    def test_in_every_format_that_has_a_place(self):
        for row in deepdream.FORMATS:
            out = self.dreamed("--octave-scale", "1.3", out="home/made" + row.extensions[0])
            shown = self.run_it("show", out).out
            self.assertIn(f"{out}: {row.name}, 52 x 44 pixels, ", shown)
            if "recipe" not in row.keeps:
                self.assertIn(f"no recipe in it: {row.name} has no place for one", shown)
                self.assertIn("there is no recipe in it", self.run_it("--recipe", out, code=1).err)
                continue
            made = kept(out)
            self.assertEqual(list(made), list(recipe.KEYS))
            self.assertEqual((made["deepdream"], made["mode"]), (deepdream.__version__, "dream"))
            self.assertEqual(made["engine"], "python")
            self.assertEqual(made["options"]["layer"], "pool1_3x3_s2")
            self.assertEqual((made["options"]["octaves"], made["options"]["octave_scale"]), (2, "1.3"))
            self.assertEqual(made["model"], {"file": "InceptionV1.pb", "sha256": recipe.sha256(
                deepdream.data_file("InceptionV1.pb"))})
            for line in ("made by       deepdream 1.0, engine python", "octaves       2", "octave-scale  1.3",
                         "command       deepdream --tile 56 --octaves 2"):
                self.assertIn("\n  " + line, shown)
            self.assertEqual(json.loads(self.run_it("show", out, "--json").out), made)

    def test_no_folder_is_told(self):
        os.mkdir("home/secret")
        shutil.copy("in.bmp", "home/secret/in.bmp")
        model = os.path.abspath("home/secret/weights.pb")
        shutil.copy(deepdream.data_file("InceptionV1.pb"), model)
        self.run_it(os.path.abspath("home/secret/in.bmp"), *SMALL, "-o", os.path.abspath("home/secret/o.png"),
                    "--model", model, "--save-recipe", "home/secret/r.json", "-q")
        data = pathlib.Path("home/secret/o.png").read_bytes() + pathlib.Path("home/secret/r.json").read_bytes()
        for secret in (b"secret", b"home", os.getcwd().encode()):
            self.assertNotIn(secret, data)
        self.assertTrue(kept("home/secret/o.png")["command"].endswith("-o o.png --model weights.pb --save-recipe r.json"
                                                                      " -q in.bmp"))

    def test_every_option_is_in_it_or_left_out_on_purpose(self):
        for mode in ("dream", "adversarial", "animate"):
            names = {deepdream.option_name(row) for row in deepdream.OPTIONS if mode in row.modes.split()}
            self.assertEqual(names - set(recipe.rows_of(mode)), names & recipe.LEFT_OUT)

    def test_octaves_have_it_too(self):
        self.run_it("in.bmp", *SMALL, "-o", "out.jpg")
        self.assertEqual(kept("out_octave_0.jpg"), kept("out.jpg"))

    def test_saved(self):
        self.dreamed("--save-recipe", "r.json")
        saved, made = json.loads(pathlib.Path("r.json").read_text()), kept("home/made.png")
        self.assertEqual(saved, made)
        self.assertIn("r.json: a recipe\n  made by ", self.run_it("show", "r.json").out)
        self.dreamed("--save-recipe", "r.json", out="bare.bmp")          # also of what has no place for it
        self.assertIn("expected a name that ends with .json", self.run_it("--save-recipe", "in.bmp", code=2).err)
        self.assertIn("nowhere/r.json: cannot be written", self.run_it(
            "in.bmp", *SMALL, "--save-recipe", "nowhere/r.json", code=1).err)
        self.assertFalse(os.path.exists("output.bmp"))

    def test_show(self):
        self.assertIn("expected the name of a picture", self.run_it("show", code=1).err)
        self.assertIn("cannot be read", self.run_it("show", "-i", "nothing.png", code=1).err)
        write_picture("foreign.jpg", Picture(8, 8), Extras(comment="by \x1b[2Jsomebody", profile=bytes(200)))
        shown = self.run_it("show", "foreign.jpg").out
        self.assertIn("8 x 8 pixels, ", shown)
        self.assertIn("with a colour profile\n  comment       by  [2Jsomebody", shown)
        write_picture("plain.png", Picture(8, 8))
        self.assertIn("\nno recipe in it\n", self.run_it("show", "plain.png").out)
        self.assertIn("no recipe in it", self.run_it("show", "plain.png", "--json", code=1).err)
        piped = deepdream.read_picture_file("plain.png", "plain.png")
        with mock.patch.object(deepdream, "read_picture_file", return_value=piped):
            self.assertIn("stdin: PNG, 8 x 8", self.run_it("show", "-").out)
            self.assertIn("error: stdin: there is no recipe", self.run_it("show", "-", "--json", code=1).err)


class Following(Recipes):
    def test_the_same_pixels(self):
        first = self.dreamed("--octave-scale", "1.3", "--step-size", "2.5", "--size", "36", "--background", "102030")
        for source in (first, self.changed()):
            done = self.run_it("in.bmp", "--recipe", source, "--engine", "python", "-o", "again.png", "--no-octaves")
            self.assertEqual(read_picture("again.png").pixels, read_picture(first).pixels, done.err)
            self.assertEqual(kept("again.png")["options"], kept(first)["options"])
            self.assertNotIn("made", done.err)

    def test_what_is_given_beside_it_counts_more(self):
        self.dreamed()
        self.run_it("in.bmp", "--octaves", "1", "--recipe", "home/made.png", "--engine", "python", "-o", "again.png")
        self.assertEqual(read_picture("again.png").width, 40)
        options = kept("again.png")["options"]
        self.assertEqual((options["octaves"], options["tile"]), (1, 56))

    @needs_machine_code
    def test_the_same_pixels_of_adversarial(self):
        self.run_it("adversarial", "in.bmp", "-o", "fool.png", "--steps", "2", "--target", "goldfish", code=None)
        self.assertEqual(kept("fool.png")["options"], {"quality": 92, "subsampling": "4:4:4", "target": "1",
                                                         "steps": 2})
        self.run_it("in.bmp", "--recipe", "fool.png", "-o", "again.png", code=None)     # the mode is the recipe's
        self.assertEqual(read_picture("again.png").pixels, read_picture("fool.png").pixels)
        self.assertIn("for deepdream adversarial, not dream",
                      self.run_it("dream", "--recipe", "fool.png", code=1).err)

    def test_notes(self):
        """What makes no difference to what can be done, but perhaps to pixels: one line, and none with -q."""
        self.dreamed()
        words = ("in.bmp", "--octaves", "1", "--engine", "python", "-o", "again.png", "--no-octaves", "--recipe")
        for values, says in (({"deepdream": "9.9"}, "made by deepdream '9.9', this is 1.0: pixels may differ"),
                             ({"weather": "fine"}, "says of 'weather' is not known here"),
                             ({"engine": "quantum\n"}, r"made by the engine 'quantum\n', this is 'python'")):
            done = self.run_it(*words, self.changed(**values))
            self.assertEqual(done.err.count("changed.json"), 1, done.err)
            self.assertIn(says, done.err)
            self.assertEqual(self.run_it(*words, "changed.json", "-q").err, "")

    def test_another_network(self):
        self.dreamed()
        other = self.changed(model={"file": "Other.pb", "sha256": "0" * 64})
        words = ("in.bmp", "--engine", "python", "-o", "again.png", "--no-octaves", "--recipe", other)
        error = self.run_it(*words, code=1).err
        self.assertRegex(error, r"error: changed.json: made with another network \('Other.pb', SHA-256 '0{16}'\.\.\.\)")
        done = self.run_it(*words, "--octaves", "1", "--model", "drawn")        # whoever names one wants that one
        self.assertIn("made with another network ('Other.pb'): pixels will differ", done.err)
        shutil.copy(deepdream.data_file("InceptionV1.pb"), "mine.pb")           # the one that is wanted is found
        with open("mine.pb", "ab") as file:
            file.write(b"\x7a\x00")                 # a field that is skipped
        with mock.patch.dict(os.environ, {"DEEPDREAM_MODEL": os.path.abspath("mine.pb")}):
            done = self.run_it("in.bmp", "--octaves", "1", "--engine", "python", "--recipe", "home/made.png")
            self.assertIn("(that of the recipe)", done.err)

    def test_what_cannot_be_followed(self):
        self.dreamed()
        options = kept("home/made.png")["options"]
        for values, says in (
                ({"options": {**options, "sparkle": 7}}, "the option 'sparkle', which deepdream 1.0 does not know"),
                ({"options": {"output": "/etc/passwd"}}, "the option 'output', which"),
                ({"options": {"model": "x"}}, "the option 'model', which"),
                ({"options": {"octaves": 10 ** 9}}, "octaves = '1000000000': expected a whole number"),
                ({"options": {"octaves": [1]}}, "octaves = '[1]': expected a value"),
                ({"options": {"octaves": None}}, "octaves = 'None': expected"),
                ({"options": {"dither": "no"}}, "dither = 'no': expected true"),
                ({"options": {"step_size": float("nan")}}, "step_size = 'nan': expected a number"),
                ({"mode": "test"}, "the mode 'test'"), ({"mode": "fly"}, "the mode 'fly'"),
                ({"mode": 3}, "lacks 'mode'"), ({"model": "x"}, "lacks 'model'"),
                ({"deepdream": None}, "lacks 'deepdream'"), ({"engine": None}, "lacks 'engine'")):
            error = self.run_it("in.bmp", "--recipe", self.changed(**values), code=1).err
            self.assertRegex(error, r"\Adeepdream: error: changed.json: [^\n]*\n\Z")
            self.assertIn(says, error)
        for text, says in (("", "no recipe"), ("{", "no valid JSON"), ("[" * 100000, "no valid JSON"), ("[]", "lacks"),
                           ('{"deepdream": ' + "9" * 5000 + "}", ""), ("\udcff", "no valid JSON")):
            pathlib.Path("bad.json").write_bytes(text.encode("utf-8", "surrogateescape"))
            error = self.run_it("in.bmp", "--recipe", "bad.json", code=1).err
            self.assertRegex(error, r"\Adeepdream: error: bad.json: [^\n]*\n\Z")
            self.assertIn(says, error)
        write_picture("bad.png", Picture(8, 8), Extras(comment='{"deepdream" \x1b'))
        self.assertIn("no valid JSON", self.run_it("--recipe", "bad.png", code=1).err)
        self.assertIn("gone.json: cannot be read", self.run_it("--recipe", "gone.json", code=1).err)
        self.assertIn("gone.png: cannot be read", self.run_it("--recipe", "gone.png", code=1).err)

    def test_comments_of_others_beside_it(self):
        self.dreamed()
        comment = "Edited with a program\n" + deepdream.read_file("home/made.png").comment + "\nthe end"
        write_picture("edited.jpg", Picture(8, 8), Extras(comment=comment))
        self.assertEqual(recipe.read("edited.jpg"), kept("home/made.png"))


class Terminal(io.StringIO):
    encoding = "utf-8"

    def isatty(self):
        return True


class Showing(Recipes):
    def test_text(self):
        picture = Picture(2, 3, bytearray((3, 2, 1, 3, 2, 1, 6, 5, 4, 6, 5, 4, 9, 8, 7, 9, 8, 7)))
        self.assertEqual(show.text(picture, 80, 24),
                         "\x1b[38;2;1;2;3;48;2;4;5;6m\u2580\u2580\x1b[0m\n\x1b[38;2;7;8;9;48;2;0;0;0m\u2580\u2580\x1b[0m")
        for width, height, columns, lines in ((300, 200, 80, 24), (10, 1000, 80, 24), (1000, 10, 7, 3), (5, 5, 1, 1)):
            rows = show.text(Picture(width, height), columns, lines).split("\n")
            self.assertLessEqual(len(rows), max(1, lines - 1))
            self.assertLessEqual(max(row.count("\u2580") for row in rows), columns)

    def shown(self, *words, **settings):
        terminal = Terminal()
        with mock.patch("contextlib.redirect_stdout", lambda out: mock.patch("sys.stdout", terminal)):
            self.run_it("in.bmp", *SMALL, "--no-octaves", *words)
        return terminal.getvalue()

    def test_only_on_a_terminal(self):
        said = self.run_it("in.bmp", *SMALL, "--show")
        self.assertEqual(said.out, "")
        self.assertIn("--show draws nothing: stdout is no terminal\n", said.err)
        self.assertNotIn("--show", self.run_it("in.bmp", *SMALL, "--show", "-q").err)
        self.assertEqual(self.shown(), "")
        with mock.patch.dict(os.environ, {"TERM": "xterm"}):
            once = self.shown("--show")
            self.assertEqual(once, show.text(read_picture("output.bmp"), 80, 24) + "\n")
            with mock.patch.object(deepdream, "SHOW_AFTER", -1):         # then each octave as well
                twice = self.shown("--show")
            self.assertTrue(twice.endswith(once))
            self.assertGreater(len(twice), len(once) * 1.3)
            with mock.patch.object(Terminal, "encoding", "ascii"):
                self.assertEqual(self.shown("--show"), "")
        with mock.patch.dict(os.environ, {"TERM": "dumb"}):
            self.assertEqual(self.shown("--show"), "")

    @unittest.skipIf(sys.platform == "win32", "no pseudo-terminals")
    def test_in_a_window(self):
        import fcntl
        import pty
        import struct
        import subprocess
        import termios

        from helpers import ENVIRONMENT, PROGRAM
        try:
            ours, theirs = pty.openpty()
        except OSError as error:        # a container without /dev/pts
            self.skipTest(str(error))
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 6, 30, 0, 0))
        done = subprocess.run([*PROGRAM, "in.bmp", *SMALL, "--show", "-q"], stdout=theirs, stderr=subprocess.PIPE,
                              env={**ENVIRONMENT, "TERM": "xterm", "PYTHONIOENCODING": "utf-8"})
        os.close(theirs)
        self.assertEqual((done.returncode, done.stderr), (0, b""))
        drawn = b""
        with contextlib.suppress(OSError), os.fdopen(ours, "rb", 0) as window:      # Linux's end of what there was
            while some := window.read(2 ** 16):
                drawn += some
        drawn = drawn.decode()
        self.assertEqual(drawn.replace("\r", ""), show.text(read_picture("output.bmp"), 30, 6) + "\n")


if __name__ == "__main__":
    unittest.main()
