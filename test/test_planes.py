"""What machine code does to planes is what Python does, and touches no other memory.

    PYTHONPATH=.:test python3 test/test_planes.py guarded avx2 end      (what a test runs in a child process)
"""

import ctypes
import faulthandler
import random
import subprocess
import sys
import unittest
from array import array

import test_bytework
from helpers import MODULES, REFUSED, SETS
from test_simd import Builder

from deepdream_extras import planes, planework, simd
from deepdream_extras.planes import Places, Tap

# Of a level. Numbers are float32 in machine code, doubles in between in Python, and places of up to 100 pixels are
# known to 1e-5. Measured: 2e-3 where pixels are elsewhere, 2e-4 otherwise.
TOLERANCE = 5e-3


def engine(instructions, jobs):
    net = Builder(0)
    net.conv("data", 3, 3, 8)
    return simd.SimdEngine(net.operations, net.weights, 13, 21, jobs, instruction_set=instructions)


def plane(dice, count, low=0.0, high=255.0):
    return array("f", [dice.uniform(low, high) for _ in range(count)])


def cases(dice, kept=lambda values: values):
    """Calls of all methods, each a name and a function of who does the work. kept: makes of a plane one to work on."""
    width, height = dice.choice([(1, 1), (1, 7), (9, 1), (21, 13), (8, 8), (33, 5), (64, 3), (19, 30)])
    edge, c = dice.choice([*planes.EDGES, "ff8001"]), dice.choice([1, 3])
    size = width, height
    levels, count = kept(plane(dice, c * width * height)), width * height
    colours, others = (kept(plane(dice, 3 * count)) for _ in range(2))
    far = dice.choice([0.9, 3.0, 60.0])
    columns = Places(plane(dice, dice.randrange(1, 50), -far, width + far), array("f"), plane(dice, 6, -far, far),
                     plane(dice, 6, -far, height + far))
    columns = columns._replace(y=plane(dice, len(columns.x), -far, far))
    pixels = Places(kept(plane(dice, count, -far, far)), kept(plane(dice, count, -far, far)), of_pixels=True)
    whole = Places(array("f", range(width)), array("f", [dice.randrange(-9, 9) for _ in range(width)]),
                   array("f", bytes(4 * height)), array("f", range(height)))
    filters = [[Tap(dice.randrange(-3, 4), dice.randrange(-9, 10), dice.uniform(-1, 1))
                for _ in range(dice.randrange(1, 9))] for _ in range(dice.choice([1, 2]))]
    weights = [dice.uniform(0, 0.5) for _ in range(dice.choice([1, 3, 5]))]
    matrix = [[dice.uniform(-0.5, 1) for _ in range(3)] + [dice.uniform(-60, 60)] for _ in range(3)]
    share, levels_left = dice.uniform(-1, 2), dice.choice([2, 5, 256])
    single = [kept(plane(dice, count, -50, 50)) for _ in range(7)]
    squares = [kept(plane(dice, count, 100, 200)) for _ in range(3)]
    by_columns, low, high = dice.random() < 0.5, dice.choice([0, 60]), dice.choice([255, 200])
    lines = [line for line in range(width if by_columns else height) if dice.random() < 0.8]
    return {
        "moved": lambda work: work.moved(levels, *size, columns, edge, c),
        "moved, of pixels": lambda work: work.moved(levels, *size, pixels, edge, c),
        "moved, whole": lambda work: work.moved(levels, *size, whole, edge, c),
        "filtered": lambda work: work.filtered(levels, *size, filters, edge, c),
        "smoothed": lambda work: work.smoothed(levels, *size, weights, edge, c),
        "recoloured": lambda work: work.recoloured(colours, matrix),
        "magnitude": lambda work: work.magnitude(colours, others, 0.7),
        "mixed": lambda work: work.mixed(colours, others, share),
        "flattened": lambda work: work.flattened(colours, levels_left),
        "sorted": lambda work: work.sorted(colours, *size, by_columns, lines, low, high),
        "products": lambda work: work.products(single[:4], single[4], single[5]),
        "solved": lambda work: work.solved([squares[0], single[0], squares[1], *single[1:3]], *single[3:5], 1.5),
    }


EXACT = "moved, whole", "sorted"


def difference(ours, theirs):
    if isinstance(ours, (list, tuple)):
        return max(map(difference, ours, theirs))
    if len(ours) != len(theirs):
        return float("inf")
    return max(abs(a - b) / max(1.0, abs(b) / 255.0) for a, b in zip(ours, theirs))


def compare(work, rounds, seed=0, kept=lambda values: values):
    """Methods whose result is another one than Python's: name -> by how much."""
    differ = {}
    for number in range(rounds):
        for name, call in cases(random.Random(f"{seed} {number}"), kept).items():
            found = difference(call(work), call(planes.PLAIN))
            if not found <= (0.0 if name in EXACT else TOLERANCE):
                differ[name] = max(found, differ.get(name, 0.0))
    return differ


class Spare(planework.Spare):
    """Every plane in guarded memory of its own, filled with what shows up if it is used."""

    def take(self, count):
        return test_bytework.guarded_plane("f", array("f", [1e30] * count))

    def give(self, one):
        pass


def guarded(name, flush):
    faulthandler.enable()
    test_bytework.GuardedDesk.flush = flush
    planework.SPARE = Spare()
    planework.address = lambda values: (values.buffer_info()[0] if isinstance(values, array) else
                                        ctypes.addressof(ctypes.c_char.from_buffer(values)))
    with test_bytework.using(name):
        differ = compare(planework.Machine(engine(name, 2)), 40, flush,
                         lambda values: test_bytework.guarded_plane("f", values))
    if differ:
        sys.exit(f"other numbers with guard pages: {differ}")


@unittest.skipIf(REFUSED, REFUSED)
class MachineCode(unittest.TestCase):
    def test_the_numbers_of_python(self):
        for name in SETS:
            for jobs in (1, 2):
                with self.subTest(instructions=name, jobs=jobs):
                    own = engine(name, jobs)
                    self.addCleanup(own.close)
                    self.assertEqual(compare(planes.work_for(own), 40, jobs), {})

    def test_any_number_of_threads_gives_the_same(self):
        engines = [engine(SETS[0], jobs) for jobs in (1, 2, 3)]
        for name, call in cases(random.Random(6)).items():
            results = [call(planework.Machine(own)) for own in engines]
            with self.subTest(name):
                self.assertEqual(results[0], results[1])
                self.assertEqual(results[0], results[2])
        for own in engines:
            own.close()

    def test_bytes(self):
        own = engine(SETS[0], 1)
        for count in (0, 3, 500):
            levels = bytearray(i % 256 for i in range(count))
            self.assertEqual(planes.work_for(own).floats(levels).tolist(), list(levels))
        one = array("f", [0.5])
        self.assertIs(planes.work_for(own).floats(one), one)
        own.close()

    def test_strange_places_read_nothing_else(self):
        own = planework.Machine(engine(SETS[0], 1))
        levels = array("f", [7.0] * 12 * 10 * 3)
        for value in (float("nan"), float("inf"), -1e30, 3e9, -2.5e9):
            strange = array("f", [value] * 120)
            for edge in (*planes.EDGES, "070707"):
                own.moved(levels, 12, 10, Places(strange, strange, of_pixels=True), edge)       # does not crash
        own.engine.close()

    def test_nothing_outside_is_touched(self):
        for name in SETS:
            for flush in ("end", "start"):
                with self.subTest(instructions=name, flush=flush):
                    done = subprocess.run([sys.executable, __file__, "guarded", name, flush], env=MODULES,
                                          capture_output=True, text=True, timeout=300)
                    self.assertEqual(done.returncode, 0, done.stderr[-2000:])

    def test_what_is_given_back_is_used_again(self):
        spare = planework.Spare()
        one = array("f", bytes(400))
        spare.give(one)
        self.assertIs(spare.take(100), one)
        self.assertIsNot(spare.take(100), one)
        spare.MOST = 250
        for _ in range(5):
            spare.give(array("f", bytes(400)))
        self.assertEqual(len(spare.arrays), 2)


class Python(unittest.TestCase):
    def test_edges(self):
        for edge, expected in (("reflect", "cbaabcddcb"), ("wrap", "bcdabcdabc"), ("edge", "aaaabcdddd")):
            self.assertEqual("".join("abcd"[planes.index(i, 4, edge)] for i in range(-3, 7)), expected)
        levels = array("f", [1, 2, 3])
        self.assertEqual(list(planes.padded(levels, 1, 1, "0a0b0c", 1, 3)[:27]),
                         [12, 11, 10] * 4 + [1, 2, 3] + [12, 11, 10] * 4)

    def test_places(self):
        for position, edge, expected in ((-0.25, "reflect", (0, 0.0)), (-1.25, "reflect", (0, 0.25)),
                                         (4.75, "reflect", (2, 0.25)), (3.5, "reflect", (3, 0.0)),
                                         (-0.25, "wrap", (3, 0.75)), (8.5, "wrap", (0, 0.5)), (3.5, "wrap", (3, 0.5)),
                                         (-9.0, "edge", (0, 0.0)), (9.0, "edge", (3, 0.0)), (1.5, "edge", (1, 0.5)),
                                         (-0.25, "000000", (-1, 0.75)), (9.0, "000000", (3, 1.0))):
            self.assertEqual(planes.place(position, 4, edge), expected, (position, edge))

    def test_runs(self):
        self.assertEqual(planes.runs([1, 5, 6, 9, 5, 0, 7], 5, 8), [(1, 3), (4, 5), (6, 7)])
        self.assertEqual(planes.runs([], 0, 255), [])


if __name__ == "__main__":
    if sys.argv[1:2] == ["guarded"]:
        guarded(*sys.argv[2:])
    else:
        unittest.main()
