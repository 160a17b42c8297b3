"""The machine-code engine where the system is not as expected: forked processes, ignored signals, and refusals."""

import _thread
import array
import os
import pathlib
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

from helpers import LONG, MODULES, run_python
from test_simd import REFUSED, SETS, Builder

from deepdream_extras import simd
from deepdream_extras.simd import memory, planning, tape, trial


def run(program, *words, **environment):
    """A program in a Python of its own; that it ends at all is part of the test."""
    command = [sys.executable, "-c", "import sys; import test_simd_system as t\n" + program, *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=LONG, env={**MODULES, **environment})


class Small:
    """A small engine, and the bytes of what it computes."""

    def __init__(self, jobs):
        self.net = Builder(41).network()
        self.engine = simd.SimdEngine(self.net.operations, self.net.weights, 40, 40, jobs)
        self.stop = len(self.net.operations)
        self.data = self.net.gauss(40 * 40 * 3, 1.0)

    def compute(self, factor=1.0):
        engine = self.engine
        engine.write("data", array.array("f", [factor * v for v in self.data]))
        engine.forward(self.stop)
        engine.seed({self.net.operations[-2][0]: None})
        engine.backward(self.stop - 1)
        return bytes(engine.read(self.net.operations[-1][0])), bytes(engine.gradient("data"))


# ---- Fork ------------------------------------------------------------------------------------------------------------

def in_a_child(work):
    """What `work` returns in a forked process; it ends as Python ends, with all that is done at exit."""
    ours, theirs = os.pipe()
    child = os.fork()
    if child == 0:
        os.write(theirs, repr(work()).encode())
        sys.exit()
    os.close(theirs)
    with os.fdopen(ours, "rb") as pipe:
        said = pipe.read()
    assert os.waitpid(child, 0)[1] == 0
    return eval(said)


def fork_after_use(jobs):
    small = Small(jobs)
    here = small.compute()
    assert in_a_child(small.compute) == here
    there = in_a_child(lambda: small.compute(0.5))
    engine = small.engine
    assert bytes(engine.gradient("data")) == here[1]                 # what children compute changes nothing here
    assert in_a_child(lambda: in_a_child(small.compute)) == here     # a child of a child
    assert small.compute(0.5) == there != here
    in_a_child(engine.close)
    assert small.compute() == here
    engine.close()
    print("ok")


SMALL = None    # what processes of a pool find


def compute_small(factor):
    return [SMALL.compute(factor) for _ in range(20)]


def fork_by_a_pool(jobs):
    global SMALL
    import multiprocessing
    SMALL = Small(jobs)
    factors = [1.0, 0.5, -1.0, 2.0]
    here = [SMALL.compute(factor) for factor in factors]
    with multiprocessing.get_context("fork").Pool(2) as pool:
        assert pool.map(compute_small, factors, 1) == [[one] * 20 for one in here]
    print("ok")


@unittest.skipIf(REFUSED, REFUSED)
class Fork(unittest.TestCase):
    def test_fork_after_use(self):
        """A child computes what the parent does, with threads of its own, and ends."""
        for jobs in (1, 2, 3):
            with self.subTest(jobs=jobs):
                for what in ("fork_after_use", "fork_by_a_pool"):
                    done = run(f"t.{what}(int(sys.argv[1]))", jobs)
                    self.assertEqual((done.returncode, done.stdout), (0, "ok\n"), done.stderr)


# ---- Short work ------------------------------------------------------------------------------------------------------

@unittest.skipIf(REFUSED, REFUSED)
class Short(unittest.TestCase):
    def test_others_are_called_for_long_work_only(self):
        """The caller does alone what would be done before others woke up; the numbers are the same."""
        net = Builder(41).network()
        for size, others in ((40, 0), (300, 1)):
            tile, found = net.random.randbytes(3 * size * size), []
            for jobs in (1, 2):
                engine = simd.SimdEngine(net.operations, net.weights, size, size, jobs)
                engine.load_tile(tile)
                found.append((bytes(engine.read("data")), bytes(engine.store_tile())))
                self.assertEqual(len(engine.threads.go), others * (jobs - 1), (size, jobs))
                engine.forward(len(net.operations))
                self.assertEqual(len(engine.threads.go), jobs - 1)
                engine.load_tile(tile)
                found.append((bytes(engine.read("data")), bytes(engine.store_tile())))
                engine.close()
            self.assertEqual(len(set(found)), 1)


# ---- Refusals --------------------------------------------------------------------------------------------------------

@unittest.skipIf(REFUSED, REFUSED)
class Refusals(unittest.TestCase):
    def test_threads(self):
        """Any number of them may be missing; the same bits come out, and a note says so."""
        expected = Small(1).compute()
        for there in (0, 1, 2):
            real, begun = _thread.start_new_thread, []

            def start(function, arguments, there=there, real=real, begun=begun):
                if len(begun) == there:
                    raise RuntimeError("can't start new thread")
                begun.append(real(function, arguments))

            with self.subTest(there=there), mock.patch.object(tape._thread, "start_new_thread", start):
                small = Small(4)
                self.assertEqual(small.compute(), expected)
                self.assertEqual(len(small.engine.notes), 1)
                self.assertIn(f"{there + 1} of 4 threads", small.engine.notes[0])
                small.engine.close()

    def test_scratch_memory(self):
        """Fewer threads where there is no scratch memory for all; none at all: a reason."""
        real, expected = memory.private_memory, Small(1).compute()

        def small_machine(size, purpose, most):
            if purpose == "intermediate results" and size > most:
                raise memory.Refused(f"no memory for {purpose}")
            return real(size, purpose)

        for most, jobs in ((2, 1), (3, 1), (6, 3), (12, 6)):
            take = lambda size, purpose: small_machine(size, purpose, most * tape.Threads.SCRATCH_SIZE)  # noqa: E731
            with self.subTest(most=most), mock.patch.object(tape, "private_memory", take):
                small = Small(13)
                self.assertEqual(small.engine.jobs, jobs)
                self.assertEqual(small.compute(), expected)
                self.assertIn(f"{jobs} threads, not 13", small.engine.notes[0])
                small.engine.close()
        with mock.patch.object(tape, "private_memory", lambda size, purpose: small_machine(size, purpose, 0)), \
                self.assertRaisesRegex(simd.Refused, "no memory"):
            Small(2)

    def test_a_limit_on_memory(self):
        """A real one, at any height: all right, or a reason; no other exception, no crash."""
        program = ("import resource\nused = int(open('/proc/self/statm').read().split()[0]) * 4096\n"
                   "resource.setrlimit(resource.RLIMIT_AS, (used + (int(sys.argv[1]) << 20),) * 2)\n"
                   "try: t.Small(4).compute(); print('ok')\n"
                   "except t.simd.Refused as refused: print('refused:', refused)\n")
        said = set()
        for room in (1, 4, 16, 24, 40, 64, 80, 100, 400):
            with self.subTest(megabytes=room):
                done = run(program, room)
                self.assertEqual((done.returncode, done.stderr), (0, ""))
                self.assertRegex(done.stdout, r"\A(ok|refused: .*no memory for .*)\n\Z")
                said.add(done.stdout[:2])
        self.assertEqual(said, {"ok", "re"})


# ---- The verdict -----------------------------------------------------------------------------------------------------

class Verdict(unittest.TestCase):
    """What a trial in a child finds out, and that it is kept; each probe in a Python of its own."""

    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.cache = folder.name

    def probe(self, program="", **environment):
        done = run_python("import sys; from deepdream_extras.simd import memory, systems, trial, verdict\n" + program
                          + "\nprint(*verdict.probe(), sep='|')", XDG_CACHE_HOME=self.cache, **environment)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return tuple(done.stdout.splitlines()[-1].split("|"))

    def kept(self):
        """The lines of the only verdict there is."""
        files = list(pathlib.Path(self.cache).rglob("machine-code-*.txt"))
        return files[0].read_text().splitlines() if files else []

    def forget(self):
        for file in pathlib.Path(self.cache).rglob("machine-code-*.txt"):
            file.unlink()

    @unittest.skipIf(REFUSED, REFUSED)
    def test_ignored_children(self):
        """SIGCHLD = ignored, which a program inherits: the system keeps no child's exit status then."""
        first = "import signal; signal.signal(signal.SIGCHLD, signal.SIG_IGN)"
        self.assertEqual(self.probe(first), simd.probe())

    @unittest.skipIf(REFUSED, REFUSED)
    def test_refused_process(self):
        first = "import os\ndef fork(): raise OSError(11, 'Resource temporarily unavailable')\nos.fork = fork"
        self.assertEqual(self.probe(first),
                         ("", "no process to try machine code in (Resource temporarily unavailable)"))
        self.assertEqual(self.kept(), [])    # that may pass

    @unittest.skipIf(REFUSED, REFUSED)
    def test_kept(self):
        """The second time no child is begun, until something is different."""
        none = "\ndef start(skip): raise OSError(0, 'a child')\nverdict.start = start"
        self.assertEqual(self.probe(), simd.probe())
        line = self.kept()
        self.assertEqual(line[3:], [f"{name}: " for name in SETS])
        self.assertEqual(self.probe(none), simd.probe())
        child = ("", "no process to try machine code in (a child)")
        for change in ("sys.version += '?'", "sys.executable += '?'", "import deepdream; deepdream.__version__ += '?'",
                       "memory.processor_name = lambda: 'another one'"):
            with self.subTest(change):
                self.assertEqual(self.probe(change + none), child)
        self.assertEqual(self.kept(), line)
        (file,) = pathlib.Path(self.cache).rglob("machine-code-*.txt")
        for text in ("", "\n\n", "\n".join(line).replace("1.0-", "1.0-0", 1), "\n".join([*line[:3], "sse: "])):
            file.write_text(text)
            self.assertEqual(self.probe(none), child)
        if hasattr(os, "mkfifo"):           # nobody will ever write there
            file.unlink()
            os.mkfifo(file)
            self.assertEqual(self.probe(none), child)
        self.assertEqual(self.probe(), simd.probe())
        self.assertEqual(self.kept(), line)

    @unittest.skipIf(REFUSED, REFUSED)
    def test_no_place_to_keep_it(self):
        pathlib.Path(self.cache, "deepdream").write_text("a file")
        self.assertEqual(self.probe(), simd.probe())

    @unittest.skipIf(REFUSED, REFUSED)
    def test_trials_that_fail(self):
        """A child that dies, or computes nonsense; all of which is kept."""
        last = SETS[-1]
        for what, program, says in (
                ("dies", "import os, signal\ntrial.wrong = lambda name: os.kill(os.getpid(), signal.SIGILL)",
                 "the trial of machine code failed (signal 4)"),
                ("ends", "import os\ntrial.wrong = lambda name: os._exit(3)",
                 "the trial of machine code failed (status 0x3)"),
                ("raises", "trial.wrong = lambda name: 1 / 0", "the trial of machine code failed (status 0x0)"),
                ("is wrong", "trial.TOLERANCE = -1.0", "wrong numbers from machine code (a picture: off by 0)")):
            with self.subTest(what):
                again = "; deepdream doctor tries again"
                self.assertEqual(self.probe(program), ("", says + again))
                self.assertEqual(self.kept()[3:], [f"{name}: {says}" for name in SETS])
                self.assertEqual(self.probe(), ("", says + again))
                self.forget()
        for program, says in (("def wrong(name): raise MemoryError\ntrial.wrong = wrong",
                               "no memory to try machine code in"),
                              ("import os\ntrial.wrong = lambda name: os.kill(os.getpid(), 9)",
                               f"the trial of machine code failed (signal 9){again}")):
            self.assertEqual(self.probe(program), ("", says))    # which may be different next time
            self.assertEqual(self.kept(), [])
        if len(SETS) > 1:    # the next best one is taken
            dies = ("import os\nreal = trial.wrong\n"
                    f"trial.wrong = lambda name: real(name) if name == {last!r} else os._exit(3)")
            self.assertEqual(self.probe(dies), (last, ""))

    @unittest.skipIf(REFUSED, REFUSED)
    def test_a_trial_that_never_ends(self):
        for seconds in 0.3, 1.5, 8, 40:         # in which a child comes so far as to begin, on a machine that is busy
            says = f"the trial of machine code said nothing for {seconds:g} seconds"
            found = self.probe(f"import time\nverdict.SILENCE = {seconds}\ntrial.wrong = lambda name: time.sleep(600)")
            if self.kept()[3:] == [f"{name}: {says}" for name in SETS]:
                break
            self.forget()
        self.assertEqual(found, ("", says + "; deepdream doctor tries again"))
        self.assertEqual(self.probe(), found)

    @unittest.skipIf(REFUSED or not hasattr(os, "setpgid"), REFUSED or "no groups of processes here")
    def test_stopped_meanwhile(self):
        """Parent and child, as when a container is frozen or a lid closed: that is not the child's silence."""
        for seconds in 1.5, 6, 24:              # of which the child needs few for itself, or not so few
            found = self.probe(
                f"import os, subprocess\nverdict.SILENCE = {seconds}\nos.setpgid(0, 0)\ndef wrong(name):\n"
                f"    script = f'kill -STOP -{{os.getpgid(0)}}; sleep {seconds + 0.5}; kill -CONT -{{os.getpgid(0)}}'\n"
                "    subprocess.run(['sh', '-c', script], start_new_session=True)\ntrial.wrong = wrong")
            if found == simd.probe():
                break
            self.forget()
        self.assertEqual(found, simd.probe())

    @unittest.skipIf(REFUSED, REFUSED)
    def test_fresh_interpreter(self):
        """Where a fork is not safe: on other systems, and where there are threads."""
        first = "verdict.fork = None\n"
        self.assertEqual(self.probe(first + "systems.here = lambda: systems.SYSTEMS[0]._replace(forks=False)"),
                         simd.probe())
        first += "import threading, time\nthreading.Thread(target=time.sleep, args=(600,), daemon=True).start()\n"
        self.forget()
        self.assertEqual(self.probe(first), simd.probe())
        self.forget()
        self.assertEqual(self.probe(first + "sys.executable = '/usr/bin/gimp'"),
                         ("", "no process to try machine code in (/usr/bin/gimp is not Python)"))

    @unittest.skipIf(REFUSED, REFUSED)
    def test_the_parent_runs_nothing_before(self):
        """ctypes alone may hang in some programs."""
        program = ("import sys; from deepdream_extras.simd import verdict\nmemory = 'deepdream_extras.simd.memory'\n"
                   "print(verdict.find_out().reason, *(name in sys.modules for name in ('ctypes', memory)))")
        done = run_python(program, XDG_CACHE_HOME=self.cache)
        self.assertEqual((done.stdout, done.stderr), (" False False\n", ""))

    @unittest.skipIf(REFUSED, REFUSED)
    def test_wishes(self):
        for name in memory.BACKENDS:
            with self.subTest(name=name):
                expected = ("", f"the processor has no {name}, which DEEPDREAM_JIT asks for")
                if name in SETS:
                    expected = name, ""
                self.assertEqual(self.probe(DEEPDREAM_JIT=name), expected)
        self.assertEqual(self.probe(DEEPDREAM_JIT="1"), (SETS[0], "") if SETS else simd.probe())
        self.assertEqual(self.probe(DEEPDREAM_JIT="0"), ("", "switched off by DEEPDREAM_JIT=0"))
        self.assertEqual(self.probe(DEEPDREAM_JIT="sse"),
                         ("", "DEEPDREAM_JIT=sse in the environment; expected 0 or one of avx512, avx2, neon"))

    def test_unknown_systems(self):
        self.assertEqual(self.probe("sys.platform = 'cygwin'"), ("", "no machine code for cygwin"))
        self.assertEqual(self.probe("import os; del os.uname; sys.version = '3.12.1 [MSC v.1937 32 bit (Intel)]'"),
                         ("", "no machine code for intel"))

    def test_the_trial_has_every_kind_of_layer(self):
        self.assertEqual({row[1] for row in trial.NETWORK}, set(planning.LAYERS))


if __name__ == "__main__":
    unittest.main()
