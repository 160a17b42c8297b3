"""Machine code on systems other than this one, as far as that can be proved here, and what a container allows.

Windows: the driver and all kernels of a dream step in the form that Windows enters, called by code that gcc compiled
for that convention, with Windows' functions replaced by ones that record their calls (pretend.py); the same bytes in a
program for Windows under Wine. macOS: with a library that records, on this processor and on an emulated aarch64.
Linux without glibc: the same bytes in a program that musl loads. What is missing here is skipped.
"""

import os
import pathlib
import shlex
import shutil
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

from helpers import LONG, MODULES, REFUSED, ROOT, SETS, CommandLine, run_python

import deepdream
from deepdream_extras.simd import systems

X86 = systems.processor() == "x86_64" and sys.platform.startswith("linux")
ARM = shlex.split(os.environ.get("DEEPDREAM_AARCH64_PYTHON", ""))


def program(*words, python=(sys.executable,), **environment):
    """pretend.py, and what it printed."""
    done = subprocess.run([*python, str(ROOT / "test/pretend.py"), *map(str, words)], capture_output=True, text=True,
                          timeout=LONG, env={**MODULES, **environment})
    if done.returncode:
        raise AssertionError(f"{words}: status {done.returncode}\n{done.stderr[-2000:]}")
    return done.stdout


def compiled(folder, compiler, *options, output):
    """run_tape.c in that form; SkipTest where there is no such compiler."""
    if not shutil.which(compiler):
        raise unittest.SkipTest(f"no {compiler} here")
    path = pathlib.Path(folder, output)
    subprocess.run([compiler, "-O2", "-Wall", "-Werror", *options, "-o", path, ROOT / "test/run_tape.c"], check=True)
    return path


@unittest.skipIf(REFUSED, REFUSED)
@unittest.skipUnless(X86, "proofs for x86-64, made on Linux")
class Elsewhere(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name

    def bridge(self):
        return compiled(self.folder, "gcc", "-shared", "-fPIC", "-DBRIDGE", output="bridge.so")

    def numbers(self, printed):
        """{instruction set: digest of what it computed}; nothing may have been lost."""
        *lines, calls = printed.splitlines()
        found = {}
        for line in lines:
            name, _, digest, lost = line.split(" ", 3)
            self.assertIn(lost, ("lost:", "lost: 0"))
            found[name] = digest
        return found, calls.split()

    def test_pretended(self):
        """On other systems the same numbers, all registers kept, by their own functions in their order."""
        here, _ = self.numbers(program("here", "-", "trial"))
        self.assertEqual(list(here), SETS)
        macos, calls = self.numbers(program("macos", "-", "trial"))
        self.assertEqual((macos, calls), (here, ["mprotect", "sys_icache_invalidate"]))
        macos, calls = self.numbers(program("macos", "refuses", "trial"))
        self.assertEqual((macos, calls), (here, ["mprotect", "pthread_jit_write_protect_np", "sys_icache_invalidate"]))
        windows, calls = self.numbers(program("windows", self.bridge(), "trial"))
        self.assertEqual((windows, calls), (here, ["VirtualAlloc", "VirtualProtect", "GetCurrentProcess",
                                                   "FlushInstructionCache"]))

    def test_lost_registers_are_seen(self):
        """By the bridge: code that clears rsi and xmm7 and changes the mode of rounding."""
        lost = run_python(
            "import ctypes, pretend\n"
            "code = bytes.fromhex('31f6 660fefff 68807f0000 0fae1424 4883c408 b807000000 c3')\n"
            f"library = ctypes.CDLL({str(self.bridge())!r})\n"
            "library.through.argtypes = ctypes.c_void_p, ctypes.c_void_p\n"
            "print(library.through(pretend.in_linux(code), None), ctypes.c_uint.in_dll(library, 'all_lost').value)")
        self.assertEqual((lost.stdout.split(), lost.stderr), (["7", str(1 << 3 | 1 << 8 + 1 | 1 << 18)], ""))

    def test_the_program_on_windows(self):
        """classify as a whole, without all that Python lacks there: the same lines; so is doctor."""
        expected = subprocess.run([sys.executable, ROOT / "deepdream.py", "classify", "-q"], capture_output=True,
                                  text=True, check=True, env=MODULES).stdout
        places = {"LOCALAPPDATA": self.folder}
        self.assertEqual(program("windows", self.bridge(), "classify", "-q", **places), expected)
        self.assertTrue(list(pathlib.Path(self.folder, "deepdream", "Cache").glob("machine-code-*.txt")))
        printed = program("windows", self.bridge(), "doctor", "--model", ROOT / "InceptionV1.pb", **places)
        self.assertIn("in use: simd", printed)
        self.assertIn("8.6 GB, 5.4 GB of it free", printed)

    def test_ctrl_c_on_windows(self):
        """Signals cannot be blocked there: a handler that waits takes their place."""
        done = run_python(
            "import signal\ndel signal.pthread_sigmask\n"
            "from deepdream_extras.simd import tape\n"
            "said = []\n"
            "with tape.Undisturbed():\n"
            "    signal.raise_signal(signal.SIGINT); said.append('quiet')\n"
            "    quiet = tape.Undisturbed()\n"
            "    with quiet: pass\n"
            "    said.append('nested')\n"
            "    try: raise SystemExit\n"
            "    except SystemExit: said.append('end')\n"
            "    print(*said, flush=True)\n"
            "print('not reached')\n")
        self.assertEqual(done.stdout, "quiet nested end\n")
        self.assertTrue(done.stderr.rstrip().endswith("KeyboardInterrupt"), done.stderr)

    def run_tape(self, command, how, **environment):
        for _ in range(10):    # its addresses may be taken in the other program
            path = pathlib.Path(self.folder, "tape")
            program(how, self.bridge() if how == "windows" else "-", "tape", path)
            done = subprocess.run([*command, path], capture_output=True, text=True, timeout=LONG,
                                  env={**os.environ, **environment})
            if done.returncode != 3:
                break
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"as they should be, registers not kept: 0\s*\Z")

    def test_wine(self):
        wine = shutil.which("wine64") or shutil.which("wine")
        if not wine:
            self.skipTest("no Wine here")
        path = compiled(self.folder, "x86_64-w64-mingw32-gcc", output="run_tape.exe")
        self.run_tape([wine, path], "windows", WINEPREFIX=os.path.join(self.folder, "wine"), WINEDEBUG="-all",
                      WINEDLLOVERRIDES="mscoree,mshtml=")
        with mock.patch("os.environ", {**os.environ, "WINEPREFIX": os.path.join(self.folder, "wine")}):
            subprocess.run(["wineserver", "-k"], check=False, capture_output=True)

    def test_musl(self):
        self.run_tape([compiled(self.folder, "musl-gcc", output="run_tape")], "here")


@unittest.skipIf(not ARM, "no emulated aarch64 here")
class Arm(unittest.TestCase):
    def test_pretended(self):
        """x18 is the system's on Windows and macOS. What Linux computes is compared by aarch64_check.py."""
        found = {}
        for system, calls in (("macos", "mprotect sys_icache_invalidate"),
                              ("windows", "VirtualAlloc VirtualProtect GetCurrentProcess FlushInstructionCache")):
            with self.subTest(system=system):
                line, called = program(system, "-", "trial", python=ARM).split("\n")[:2]
                name, _, digest, lost = line.split(" ", 3)
                self.assertEqual((name, lost, called), ("neon", "lost:", calls))
                found[system] = digest
        self.assertEqual(found["macos"], found["windows"])


# ---- Containers ------------------------------------------------------------------------------------------------------

class Quota(unittest.TestCase):
    def quota(self, groups, **files):
        """With that /proc/self/cgroup and these files below /sys/fs/cgroup."""
        with tempfile.TemporaryDirectory() as root:
            for path, text in {"proc/self/cgroup": groups, **{f"sys/fs/cgroup/{name}": text
                                                              for name, text in files.items()}}.items():
                pathlib.Path(root, path).parent.mkdir(parents=True, exist_ok=True)
                pathlib.Path(root, path).write_text(text)
            return deepdream.processor_quota(root)

    def test_second_version(self):
        """The tightest of our group's limit and those above counts."""
        files = {"a/cpu.max": "250000 100000\n", "a/b/cpu.max": "max 100000\n", "a/b/c/cpu.max": "400000 100000\n"}
        self.assertEqual(self.quota("0::/a/b/c\n", **files), 2.5)
        self.assertEqual(self.quota("0::/a/b/c\n", **files, **{"cpu.max": "50000 100000"}), 0.5)
        self.assertEqual(self.quota("0::/\n", **files), 0.0)

    def test_in_a_container(self):
        """Its own folder is the topmost one, whatever the group is called outside."""
        self.assertEqual(self.quota("0::/\n", **{"cpu.max": "150000 100000\n"}), 1.5)
        self.assertEqual(self.quota("0::/../../other\n", **{"cpu.max": "150000 100000\n"}), 1.5)
        self.assertEqual(self.quota("0::/docker/0123\n", **{"cpu.max": "150000 100000\n"}), 1.5)

    def test_first_version(self):
        for controllers in ("cpu", "cpu,cpuacct"):
            files = {f"{controllers}/cpu.cfs_quota_us": "-1\n", f"{controllers}/cpu.cfs_period_us": "100000\n",
                     f"{controllers}/box/cpu.cfs_quota_us": "300000\n",
                     f"{controllers}/box/cpu.cfs_period_us": "100000\n"}
            groups = f"5:memory:/box\n4:{controllers}:/box\n0::/\n"
            self.assertEqual(self.quota(groups, **files), 3.0)
            self.assertEqual(self.quota(groups.replace("/box", "/"), **files), 0.0)

    def test_nonsense(self):
        for text in ("", "max", "100000", "a b", "100000 0", "-5 100000", "0 100000"):
            self.assertEqual(self.quota("0::/\n", **{"cpu.max": text}), 0.0)
        for groups in ("", "nonsense\n", "::\n"):
            self.assertEqual(self.quota(groups), 0.0)

    def test_default_jobs(self):
        with mock.patch.object(os, "sched_getaffinity", lambda _: set(range(8)), create=True):
            for quota, cores in ((0.0, 8), (0.4, 1), (1.0, 1), (1.5, 2), (2.0, 2), (64.0, 8)):
                with mock.patch.object(deepdream, "processor_quota", lambda quota=quota: quota):
                    self.assertEqual(deepdream.available_cores(), cores)

    @unittest.skipUnless(os.path.isdir("/sys/fs/cgroup"), "no control groups")
    def test_a_real_one(self):
        """Where we may make one, of either version."""
        if os.path.exists("/sys/fs/cgroup/cgroup.controllers"):
            top, name, limit = "/sys/fs/cgroup", "cpu.max", "100000 100000"
        else:
            top, name, limit = "/sys/fs/cgroup/cpu", "cpu.cfs_quota_us", "100000"
        group = pathlib.Path(top, f"deepdream-test-{os.getpid()}")
        try:
            group.mkdir()
        except OSError as error:
            self.skipTest(f"no group may be made here ({error.strerror})")
        self.addCleanup(group.rmdir)
        try:
            (group / name).write_text(limit)
        except OSError as error:
            self.skipTest(f"no limit may be set here ({error.strerror})")
        done = run_python("import os, pathlib, deepdream\n"
                          f"pathlib.Path({str(group / 'cgroup.procs')!r}).write_text(str(os.getpid()))\n"
                          "print(deepdream.processor_quota(), deepdream.available_cores())")
        self.assertEqual((done.stdout, done.stderr), ("1.0 1\n", ""))


# ---- Doctor ----------------------------------------------------------------------------------------------------------

class Doctor(CommandLine):
    HEADINGS = ["Python", "system", "processor", "cores", "memory", "engines", "network", "a step", "to do"]

    def doctor(self, *words, **environment):
        done = subprocess.run([sys.executable, ROOT / "deepdream.py", "doctor", *words], capture_output=True, text=True,
                              env={**MODULES, "XDG_CACHE_HOME": os.getcwd(), **environment}, timeout=LONG)
        self.assertEqual(done.stderr, "")
        headings = [line[:10].strip() for line in done.stdout.splitlines() if line[0] != " "]
        self.assertEqual(headings, self.HEADINGS)
        return done.returncode, done.stdout

    @unittest.skipIf(REFUSED, REFUSED)
    def test_all_is_well(self):
        code, printed = self.doctor("--model", str(ROOT / "InceptionV1.pb"))
        for part in (sys.version.split()[0], "gives the right numbers", "in use: simd", "the shipped network",
                     "SHA-256", " ms on a tile of 224 x 224", "to do       nothing", os.getcwd()):
            self.assertIn(part, printed)
        self.assertEqual(code, 0)

    def test_all_is_not_well(self):
        """A damaged network, and machine code switched off."""
        pathlib.Path("InceptionV1.pb").write_bytes((ROOT / "InceptionV1.pb").read_bytes()[:-1000])
        code, printed = self.doctor("-j", "99", "--model", "InceptionV1.pb", DEEPDREAM_JIT="0")
        for part in ("simd: switched off by DEEPDREAM_JIT=0", "in use: python", "take DEEPDREAM_JIT out",
                     "-j 99 is more than", "not measured: InceptionV1.pb"):
            self.assertIn(part, printed)
        self.assertEqual(code, 1)


if __name__ == "__main__":
    unittest.main()
