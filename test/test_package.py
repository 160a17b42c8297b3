"""What pip installs: all that is needed, nothing from elsewhere, found from any folder. Needs no network."""

import ast
import importlib
import os
import pathlib
import shutil
import struct
import subprocess
import sys
import tempfile
import unittest

from helpers import LONG, ROOT
from test_weights import OtherNetworks

import deepdream
import inception_graph

try:
    import tomllib
except ImportError:    # Python 3.10
    tomllib = None



def imports(path):
    """The top-level names of all modules that a source file imports, wherever in it; not those of its own package."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and not node.level:
            yield node.module.split(".")[0]


def reference_tensors():
    """The files of test/ that have no extension: pyproject.toml ships just these."""
    return [path for path in (ROOT / "test").iterdir() if path.is_file() and "." not in path.name]


@unittest.skipUnless(tomllib, "needs tomllib, Python 3.11")
class ProjectFileTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
        cls.project, cls.wheel = project["project"], project["tool"]["hatch"]["build"]["targets"]["wheel"]
        cls.sources = sorted(path.relative_to(ROOT) for pattern in cls.wheel["include"]
                             for place in ROOT.glob(pattern.lstrip("/"))
                             for path in ([place] if place.suffix == ".py" else place.rglob("*.py"))
                             if path.parts[len(ROOT.parts)] != "test")

    def test_the_wheel_holds_every_module_that_is_imported(self):
        """PIL and Dask are asked for where they are wanted; deepdream names extras in its tables."""
        ours = {source.parts[0].removesuffix(".py") for source in self.sources}
        self.assertLessEqual({"deepdream", "inception_graph", "deepdream_extras"}, ours)
        for source in self.sources:
            for name in imports(ROOT / source):
                self.assertIn(name, ours | sys.stdlib_module_names | {"PIL", "distributed"}, f"imported by {source}")

    def test_arrows_point_one_way(self):
        """deepdream finds extras by name; it imports none."""
        self.assertNotIn("deepdream_extras", set(imports(ROOT / "deepdream.py")))
        for source in self.sources:
            if source.parts[0] == "deepdream_extras" and source.parts[1] == "simd":
                text = (ROOT / source).read_text(encoding="utf-8")
                upwards = r"(?m)^ *(from|import) .*(formats|objectives|dreams|scales)|dream_steps|Recipe"
                self.assertNotRegex(text, upwards, f"{source}: engines know neither dreams nor files")

    def test_nothing_is_required(self):
        self.assertEqual(self.project["dependencies"], [])

    def test_command(self):
        module, _, function = self.project["scripts"]["deepdream"].partition(":")
        self.assertTrue(callable(getattr(importlib.import_module(module), function)))

    def test_version_is_where_the_build_looks_for_it(self):
        source = (ROOT / "deepdream.py").read_text(encoding="utf-8").splitlines()
        self.assertIn(f'__version__ = "{deepdream.__version__}"', source)

    def test_installed_data_is_found_from_another_folder(self):
        """The wheel's layout, made by hand: modules in one folder, data in deepdream_data below it."""
        with tempfile.TemporaryDirectory() as folder:
            site = pathlib.Path(folder, "site")
            places = {str(source): str(source) for source in self.sources}
            places |= self.wheel["force-include"]
            places |= {f"test/{path.name}": f"{self.wheel['sources']['test']}/{path.name}"
                       for path in reference_tensors()}
            for source, place in places.items():
                (site / place).parent.mkdir(parents=True, exist_ok=True)
                (site / place).write_bytes((ROOT / source).read_bytes())
            program = ("import os, sys; sys.path.insert(0, sys.argv[1]); import deepdream\n"
                       "model, _ = deepdream.choose_model('drawn')\n"
                       "picture, tensors = deepdream.reference_files(model)\n"
                       "print(*deepdream.load_model(model).labels[:1], os.path.getsize(picture))\n"
                       "print(*sorted(os.listdir(tensors)))")
            done = subprocess.run([sys.executable, "-I", "-c", program, str(site)], cwd=folder,
                                  capture_output=True, text=True, check=False)
        self.assertEqual(done.stderr, "")
        size = (ROOT / "cat_dog224.bmp").stat().st_size
        tensors = sorted(path.name for path in reference_tensors())
        self.assertEqual(done.stdout.splitlines(), [f"tench, Tinca tinca {size}", " ".join(tensors)])


class FourFiles(unittest.TestCase):
    """deepdream.py runs alone with its table, weights and labels: Python engine, BMP, every mode of the original."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)
        for name in ("deepdream.py", "inception_graph.py", "InceptionV1.pb", "ImageNet_standard.txt"):
            shutil.copy(ROOT / name, self.folder)
        picture = deepdream.Picture(40, 32, bytearray(range(240)) * 16)
        deepdream.write_picture(str(self.folder / "in.bmp"), picture)

    def run_it(self, *words, code=0):
        environment = {"PATH": os.environ["PATH"], "HOME": str(self.folder), "LANG": "C.UTF-8"}
        done = subprocess.run([sys.executable, "deepdream.py", *words], cwd=self.folder, env=environment, text=True,
                              capture_output=True, stdin=subprocess.DEVNULL, timeout=4 * LONG)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertNotIn("Traceback", done.stderr)
        return done

    def test_every_mode(self):
        (self.folder / "small.pb").write_bytes(OtherNetworks.RENAMED)
        done = self.run_it("-i", "in.bmp", "--octaves", "1", "--steps", "1", "--tile", "32", "--layer", "conv2/3x3",
                           "-o", "out.bmp")
        self.assertIn("deepdream_extras is missing", done.stderr)
        self.assertEqual(deepdream.read_picture(str(self.folder / "out.bmp")).width, 40)
        error = self.run_it("classify", "-i", "in.bmp", "--model", "small.pb", code=1).stderr
        self.assertRegex(error, r"\Adeepdream: error: small.pb: .*deepdream_extras is missing.*\n\Z")
        self.assertIn("python", self.run_it("--version").stdout)
        for mode, says in (("test", "reference"), ("download", "deepdream_extras")):
            error = self.run_it(mode, "-i", "in.bmp", code=1) if mode == "test" else self.run_it(mode, code=1)
            self.assertIn(says, error.stderr)

    def test_the_same_as_tensorflow(self):
        """Every tensor and gradient, by plain Python."""
        done = self.run_it("test", "-i", str(ROOT / "cat_dog224.bmp"), "--reference", str(ROOT / "test"))
        self.assertIn("all within", done.stdout)
        self.assertGreater(done.stdout.count(" ok "), 25)
        self.assertNotIn("WRONG", done.stdout)

    def test_alpha_is_ignored(self):
        header = struct.pack("<2sIII IiiHHIIiiII IIII", b"BM", 0, 0, 70, 40, 40, 32, 1, 32, 6, 0, 0, 0, 0, 0,
                             0xff0000, 0xff00, 0xff, 0xff000000)
        (self.folder / "alpha.bmp").write_bytes(header + bytes((1, 2, 3, 4)) * 40 * 32)
        done = self.run_it("-i", "alpha.bmp", "--octaves", "1", "--steps", "1", "--tile", "32", "--layer",
                           "pool1/3x3_s2", "-j", "1")
        self.assertIn("transparent in it is shown as opaque, as deepdream_extras is missing", done.stderr)

    def test_other_formats_ask_for_the_rest(self):
        (self.folder / "in.png").write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(50))
        (self.folder / "in.webp").write_bytes(b"RIFF\0\0\0\0WEBP" + bytes(50))
        for words, kind in ((("-i", "in.png"), "in.png: a picture of the kind PNG"),
                            (("-i", "in.webp"), "in.webp: a picture of the kind WebP"),
                            (("-i", "in.bmp", "-o", "out.jpg"), "out.jpg: a picture of the kind JPEG")):
            error = self.run_it(*words, code=1).stderr
            self.assertRegex(error, r"\Adeepdream: error: [^\n]*deepdream_extras is missing[^\n]*\n\Z")
            self.assertIn(kind, error)
            self.assertIn("only BMP files are read and written", error)


class ReferenceTensorTest(unittest.TestCase):
    def test_names_and_sizes(self):
        """Each is a tensor of the network, or grad_ and one, as float32 for a 224 x 224 picture."""
        shapes = {row[0]: row[4] for row in inception_graph.OPERATIONS}
        names = {path.name for path in reference_tensors()}
        self.assertLessEqual({"prob", "inception_4a_output", "grad_inception_4a_output", "grad_data"}, names)
        for path in reference_tensors():
            size = 4
            for side in shapes[path.name.removeprefix("grad_")]:
                size *= side
            self.assertEqual(path.stat().st_size, size, path.name)


if __name__ == "__main__":
    unittest.main()
