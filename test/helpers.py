"""What the tests share: where things are, which engines run here, and how to start another Python.

Tests run from the repository's folder, `python3 -m unittest discover -s test`, which finds deepdream and this module.
"""
import atexit
import contextlib
import io
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time
import types
import unittest

import deepdream
from deepdream_extras import simd

signal.signal(signal.SIGINT, signal.default_int_handler)    # a shell's & ignores SIGINT and SIGQUIT, nohup SIGHUP, and
for name in ("SIGQUIT", "SIGHUP"):                          # so would programs that tests start
    if hasattr(signal, name):
        signal.signal(getattr(signal, name), signal.SIG_DFL)

ROOT = pathlib.Path(__file__).resolve().parent.parent
# The program, as `python3 deepdream.py` starts it, but with compiled modules: it is started hundreds of times.
PROGRAM = [sys.executable, "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); import deepdream; "
           f"sys.argv[0] = {str(ROOT / 'deepdream.py')!r}; deepdream.run()"]

# A cache of their own, also for programs that they start: what the user's holds decides over nothing, and machine code
# is tried once, not by each program that has another HOME.
if "deepdream-tests-" not in os.environ.get("XDG_CACHE_HOME", ""):
    CACHE = tempfile.TemporaryDirectory(prefix="deepdream-tests-", ignore_cleanup_errors=True)
    atexit.register(CACHE.cleanup)
    os.environ["XDG_CACHE_HOME"] = CACHE.name
REFUSED = simd.unavailable()            # why there is no machine code here; "" if there is
SETS = [] if REFUSED else simd.instruction_sets()
needs_machine_code = unittest.skipIf(REFUSED, f"too slow without the machine-code engine: {REFUSED}")

# For programs: no PYTHONUNBUFFERED and the like, so that what goes wrong with buffered streams goes wrong here.
ENVIRONMENT = {name: value for name, value in os.environ.items()
               if name in ("PATH", "LANG", "SYSTEMROOT", "XDG_CACHE_HOME", "DEEPDREAM_JIT")
               or name.startswith("COVERAGE")}
LONG = 300      # seconds for what takes one or two: only that a test ends at all, on whatever busy machine
# For pieces of Python that import deepdream or a test
MODULES = {**os.environ, "PYTHONPATH": os.pathsep.join((str(ROOT), str(ROOT / "test")))}


def run_python(program: str, timeout: float = LONG, **environment: str) -> subprocess.CompletedProcess:
    """Run a piece of Python in a process of its own."""
    return subprocess.run([sys.executable, "-c", program], env={**MODULES, **environment}, capture_output=True,
                          text=True, timeout=timeout)


def wait_until(true) -> None:
    """Return as soon as true() is; an AssertionError if it is not within LONG."""
    until = time.monotonic() + LONG
    while not true():
        if time.monotonic() > until:
            raise AssertionError(f"not within {LONG} s")
        time.sleep(0.01)


def gone(process: int) -> bool:
    """Whether a process has ended; a zombie that nobody fetches has."""
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return True
    try:
        return pathlib.Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"
    except OSError:
        return False


class CommandLine(unittest.TestCase):
    """Tests that call the program's main() in an empty folder of their own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(folder.name)

    def run_it(self, *words, code=0):
        """What main() says: out, err; its exit code has to be `code`, if that is not None."""
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            found = deepdream.main(list(map(str, words)))
        if code is not None:
            self.assertEqual(found, code, err.getvalue())
        return types.SimpleNamespace(out=out.getvalue(), err=err.getvalue(), code=found)
