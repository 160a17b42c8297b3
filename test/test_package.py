"""What pip installs: all that is needed, nothing from elsewhere, found from any folder. Needs no network."""

import ast
import pathlib
import subprocess
import sys
import tempfile
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent))

import deepdream
import inception_graph

try:
    import tomllib
except ImportError:    # Python 3.10
    tomllib = None

ROOT = pathlib.Path(__file__).resolve().parent.parent


def imports(path):
    """The top-level names of all modules that a source file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
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
        cls.modules = {pathlib.PurePath(name).stem for name in cls.wheel["include"] if name.endswith(".py")}

    def test_the_wheel_holds_every_module_that_is_imported(self):
        for module in self.modules:
            for name in imports(ROOT / f"{module}.py"):
                self.assertIn(name, self.modules | sys.stdlib_module_names, f"imported by {module}.py")

    def test_nothing_is_required(self):
        self.assertEqual(self.project["dependencies"], [])

    def test_command(self):
        module, _, function = self.project["scripts"]["deepdream"].partition(":")
        self.assertEqual(module, "deepdream")
        self.assertTrue(callable(getattr(deepdream, function)))

    def test_version_is_where_the_build_looks_for_it(self):
        source = (ROOT / "deepdream.py").read_text(encoding="utf-8").splitlines()
        self.assertIn(f'__version__ = "{deepdream.__version__}"', source)

    def test_installed_data_is_found_from_another_folder(self):
        """The wheel's layout, made by hand: modules in one folder, data in deepdream_data below it."""
        with tempfile.TemporaryDirectory() as folder:
            site = pathlib.Path(folder, "site")
            places = {f"{module}.py": f"{module}.py" for module in self.modules}
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
