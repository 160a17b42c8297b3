"""Processes and signals around the Python engine: forks by others, deaths of parents, systems that refuse."""
import _signal
import array
import contextlib
import math
import os
import random
import signal
import subprocess
import sys
import unittest
import unittest.mock

from helpers import LONG, MODULES, ROOT, gone, wait_until

import deepdream

try:
    from deepdream_extras.simd import tape
except ImportError:             # Python without ctypes
    tape = None

TABLE = [("data", "Placeholder", (), "data", (12, 9, 3), {}),
         ("a", "Conv2D", ("data", "w"), "a", (12, 9, 4), {}),
         ("a_relu", "Relu", ("a",), "a", (12, 9, 4), {})]


def small_engine(jobs):
    numbers = random.Random(5)
    weights = {"w": ((3, 3, 3, 4), memoryview(array.array("f", [numbers.gauss(0, 0.3) for _ in range(108)])))}
    engine = deepdream.PythonEngine(TABLE, weights, 12, 9, jobs)
    engine.write("data", array.array("f", [numbers.gauss(0, 1) for _ in range(12 * 9 * 3)]))
    return engine


def step(engine):
    """A forward and a backward pass: their bytes."""
    engine.forward(3)
    engine.seed({"a_relu": None})
    engine.backward(3)
    return engine.read("a").tobytes() + engine.gradient("data").tobytes()


def in_child(work):
    """What `work` returns, done in a forked child, as bytes. A child that does not answer within LONG is killed."""
    reading, writing = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.write(writing, work())
        finally:
            os._exit(0)
    os.close(writing)
    signal.signal(signal.SIGALRM, lambda *_: os.kill(child, signal.SIGKILL))
    signal.alarm(LONG)
    with open(reading, "rb") as file:
        answer = file.read()
    signal.alarm(0)
    os.waitpid(child, 0)
    return answer


@unittest.skipUnless(hasattr(os, "fork"), "needs fork")
class ForkAfterUse(unittest.TestCase):
    def test_a_child_has_tensors_and_workers_of_its_own(self):
        for jobs in (1, 2, 3):
            with self.subTest(jobs=jobs):
                engine = small_engine(jobs)
                expected = step(engine)
                self.assertEqual(in_child(lambda: step(engine)), expected)

                def other_picture():
                    engine.write("data", array.array("f", bytes(4 * 12 * 9 * 3)))
                    return step(engine)
                self.assertFalse(any(in_child(other_picture)))
                self.assertEqual(engine.read("data"), small_engine(1).read("data"))     # the parent's are as they were
                self.assertEqual(step(engine), expected)
                engine.close()

    def test_a_pass_begun_before_the_fork_goes_on(self):
        for jobs in (1, 2):
            engine = small_engine(jobs)
            expected = step(engine)
            engine.forward(3)

            def rest():
                engine.seed({"a_relu": None})
                engine.backward(3)
                return engine.read("a").tobytes() + engine.gradient("data").tobytes()
            self.assertEqual(in_child(rest), expected)
            engine.close()

    def test_closing_in_the_child_leaves_the_parent_its_workers(self):
        engine = small_engine(2)
        expected = step(engine)
        in_child(lambda: engine.close() or b"closed")
        self.assertEqual(step(engine), expected)
        engine.close()


# A program with a network of two processes that says when it is ready; what it does then is put behind.
PROGRAM = """
import os, time
import test_processes as t
engine = t.small_engine(3)
t.step(engine)
print(*engine.workers.children, flush=True)
{rest}
"""


@unittest.skipUnless(hasattr(os, "fork"), "needs fork")
class Orphans(unittest.TestCase):
    def check(self, rest, end=None, says="", **settings):
        with subprocess.Popen([sys.executable, "-c", PROGRAM.format(rest=rest)], env=MODULES, text=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE, **settings) as running:
            children = list(map(int, running.stdout.readline().split()))
            self.assertEqual(len(children), 2)
            if end:
                running.send_signal(end)
            self.assertEqual(running.stdout.read(), says)       # ends only when nobody holds it open any more
            self.assertEqual(running.stderr.read(), "")
        wait_until(lambda: all(map(gone, children)))

    def test_killed_parents(self):
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGKILL):
            with self.subTest(signal=number):
                self.check("time.sleep(600)", number)

    def test_a_program_that_never_closes(self):
        self.check("")
        self.check("os._exit(0)")

    def test_an_engine_that_is_forgotten(self):
        self.check("children = list(engine.workers.children); del engine\n"
                   "print(all(map(t.gone, children)))", says="True\n")

    def test_other_processes_hold_the_pipes_too(self):
        """A child that the program forked for something else keeps their pipes open; workers look for their parent."""
        reading, writing = os.pipe()        # that child stays until it is told to go
        try:
            self.check(f"if os.fork() == 0:\n    os.close(1); os.close(2); os.close({writing}); os.read({reading}, 1)\n"
                       "    os._exit(0)\nos.kill(os.getpid(), 9)", pass_fds=(reading, writing))
        finally:
            os.close(writing)
            os.close(reading)


@unittest.skipUnless(hasattr(os, "fork"), "needs fork")
class Refusals(unittest.TestCase):
    def test_no_processes_to_be_had(self):
        engine, alone = small_engine(4), small_engine(1)
        with unittest.mock.patch("os.fork", side_effect=BlockingIOError(11, "Resource temporarily unavailable")):
            self.assertEqual(step(engine), step(alone))
        self.assertEqual(len(engine.notes), 1)
        self.assertIn("working with 1", engine.notes[0])
        engine.close()

    def test_no_more_workers_than_rows(self):
        engine = small_engine(200)
        self.assertEqual(step(engine), step(small_engine(1)))
        self.assertEqual(len(engine.workers.children), 11)      # for 12 rows
        engine.close()

    def test_the_user_is_told_at_once(self):
        told = []
        model = deepdream.load_model(str(ROOT / "InceptionV1.pb"))
        network = deepdream.Network(model, "python", 2, told.append)
        with unittest.mock.patch("os.fork", side_effect=BlockingIOError(11, "Resource temporarily unavailable")):
            network.forward(deepdream.Picture(32, 32), "conv1/7x7_s2")
        self.assertEqual(len(told), 1)
        network.close()

    def test_a_program_that_ignores_its_children(self):
        before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        try:
            engine = small_engine(3)
            self.assertEqual(step(engine), step(small_engine(1)))
            engine.close()
        finally:
            signal.signal(signal.SIGCHLD, before)

    def test_ctrl_c_while_a_process_is_begun(self):
        """Is for the parent alone, and for later: the process is one of its own by then."""
        self.addCleanup(signal.signal, signal.SIGINT, signal.signal(signal.SIGINT, signal.default_int_handler))
        fork = os.fork
        for in_child in (True, False):

            def fork_then(in_child=in_child):
                child = fork()
                if (child == 0) == in_child:
                    signal.raise_signal(signal.SIGINT)      # to this thread: TensorFlow's do not block it
                return child
            with self.subTest(in_child=in_child), unittest.mock.patch("os.fork", fork_then):
                engine, parent = small_engine(2), os.getpid()
                try:
                    with contextlib.nullcontext() if in_child else self.assertRaises(KeyboardInterrupt):
                        step(engine)
                finally:
                    if os.getpid() != parent:
                        os._exit(3)
                self.assertEqual(len(engine.workers.children), 1)
                self.assertEqual(step(engine), step(small_engine(1)))
                engine.close()

    def test_ctrl_c_just_before_it_has_to_wait(self):
        """It is not blocked for good then."""
        change, engine = _signal.pthread_sigmask, small_engine(2)
        step(engine)

        def handled_there(how, signals):
            before = change(how, signals)
            if how == signal.SIG_BLOCK and signals:
                raise KeyboardInterrupt
            return before
        for enter in (engine.close, tape.Undisturbed().__enter__) if tape else (engine.close,):
            with unittest.mock.patch("_signal.pthread_sigmask", handled_there), self.assertRaises(KeyboardInterrupt):
                enter()
            self.assertNotIn(signal.SIGINT, change(signal.SIG_BLOCK, []))
        engine.close()

    def test_closing_is_not_interrupted(self):
        """Ctrl-C while workers are sent home is seen after that, and then nothing is half closed."""
        engine = small_engine(3)
        step(engine)
        wait = os.waitpid

        def slow(*arguments):
            signal.raise_signal(signal.SIGINT)
            return wait(*arguments)
        with unittest.mock.patch("os.waitpid", slow), self.assertRaises(KeyboardInterrupt):
            engine.close()
        self.assertEqual((engine.workers.pipes, engine.workers.children), ([], []))
        engine.close()
        self.assertEqual(step(engine), step(small_engine(1)))
        engine.close()


class Seeds(unittest.TestCase):
    """Several layers at once: their gradient is the sum of that of each, also of layers that share a buffer."""

    TABLE = [("data", "Placeholder", (), "data", (6, 5, 2), {}),
             ("a", "Conv2D", ("data", "wa"), "a", (6, 5, 3), {}),
             ("a_bias", "BiasAdd", ("a", "ba"), "a", (6, 5, 3), {}),
             ("a_relu", "Relu", ("a",), "a", (6, 5, 3), {}),
             ("b", "MaxPool", ("data",), "b", (6, 5, 2), {"ksize": (3, 3)}),
             ("both", "ConcatV2", ("a", "b"), "both", (6, 5, 5), {}),
             ("end", "Conv2D", ("both", "wb"), "end", (6, 5, 2), {})]

    def engine(self):
        numbers = random.Random(7)
        weights = {name: (shape, memoryview(array.array("f", [numbers.gauss(0, 0.4)
                                                              for _ in range(math.prod(shape))])))
                   for name, shape in (("wa", (3, 3, 2, 3)), ("ba", (3,)), ("wb", (1, 1, 5, 2)))}
        engine = deepdream.PythonEngine(self.TABLE, weights, 6, 5)
        engine.write("data", array.array("f", [numbers.gauss(0, 1) for _ in range(60)]))
        engine.forward(7)
        return engine

    def gradient(self, engine, seeds, pieces=False):
        engine.seed(seeds)
        if pieces:
            for number in reversed(range(7)):
                engine.backward(number + 1, number)
        else:
            engine.backward(7)
        return engine.gradient("data")

    def test_the_sum_of_each(self):
        engine, numbers = self.engine(), random.Random(1)

        def some(name):
            return array.array("f", [numbers.gauss(0, 1) for _ in range(math.prod(engine.shapes[name]))])
        for seeds in ({"end": None, "a_relu": None}, {"a": some("a"), "a_relu": some("a"), "end": some("end")},
                      {"both": None, "b": deepdream.Factors([2.0, -1.0]), "a_bias": some("a")},
                      {"data": some("data"), "both": deepdream.Factors([1.0, 0.0, -1.0, 0.5, 3.0])}):
            alone = [self.gradient(engine, {name: values}) for name, values in seeds.items()]
            for pieces in (False, True):
                for got, *parts in zip(self.gradient(engine, seeds, pieces), *alone):
                    self.assertAlmostEqual(got, math.fsum(parts), places=5)

    def test_factors_are_activations_times_them(self):
        engine = self.engine()
        values = engine.read("both")
        for i in range(0, len(values), 5):
            values[i + 1] *= -2.0
            values[i + 4] *= 0.0
        self.assertEqual(self.gradient(engine, {"both": deepdream.Factors([1, -2, 1, 1, 0])}),
                         self.gradient(engine, {"both": values}))

    def test_activations_that_are_gone(self):
        engine = self.engine()
        for values in (None, deepdream.Factors([1.0] * 3)):
            with self.assertRaisesRegex(ValueError, "a_relu took the place"):
                engine.seed({"a_bias": values})
        engine.forward(3)
        engine.seed({"a_bias": None})


if __name__ == "__main__":
    unittest.main()
