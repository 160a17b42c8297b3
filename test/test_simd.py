"""The machine-code engine against the Python engine: random networks, Inception, threads, pictures, refusals."""

import array
import itertools
import math
import random
import sys
import unittest
from fractions import Fraction
from unittest import mock

from helpers import REFUSED, ROOT, SETS, run_python

import deepdream
import inception_graph
from deepdream_extras import simd
from deepdream_extras.simd import tape, tensors

# Largest difference over mean magnitude (or a tenth of the largest number, where a tensor has a few large ones).
# Measured over 200 random networks: 1.2e-5; what float32 sums of a few hundred products leave.
TOLERANCE = 3e-5


def difference(values, expected) -> float:
    assert len(values) == len(expected)
    magnitudes = list(map(abs, expected))
    scale = max(sum(magnitudes) / len(magnitudes), max(magnitudes) / 10) or 1.0
    worst = max(abs(v - e) for v, e in zip(values, expected))
    return worst / scale if math.isfinite(sum(values)) else math.inf


class Builder:
    """A random table of operations with random weights."""

    def __init__(self, seed: int):
        self.random = random.Random(seed)
        self.operations = [("data", "Placeholder", (), "data", (0, 0, 3), {})]
        self.weights: dict[str, tuple] = {}
        self.channels = {"data": 3}
        self.count = itertools.count(1)

    def gauss(self, count: int, scale: float) -> array.array:
        return array.array("f", [self.random.gauss(0.0, scale) for _ in range(count)])

    def add(self, kind: str, inputs, channels: int, **parameters) -> str:
        name = f"{kind}_{next(self.count)}"
        self.operations.append((name, kind, tuple(inputs), name, (0, 0, channels), parameters))
        self.channels[name] = channels
        return name

    def conv(self, x: str, kh: int, kw: int, co: int, stride: int | tuple = 1, bias: bool = True,
             relu: bool = True, **more) -> str:
        shape = (kh, kw, self.channels[x], co)
        operand = f"w{next(self.count)}"
        self.weights[operand] = shape, self.gauss(math.prod(shape), math.prod(shape[:3]) ** -0.5)
        y = self.add("Conv2D", (x, operand), co, stride=stride if isinstance(stride, tuple) else (stride, stride),
                     **more)
        if bias:
            self.weights[operand + "b"] = (co,), self.gauss(co, 0.1)
            self.operations.append((y + "_b", "BiasAdd", (y, operand + "b"), y, (0, 0, co), {}))
            if relu:
                self.operations.append((y + "_r", "Relu", (y,), y, (0, 0, co), {}))
        return y

    def pool(self, x: str, size: int, stride: int) -> str:
        return self.add("MaxPool", (x,), self.channels[x], ksize=(size, size), stride=(stride, stride))

    def block(self, x: str) -> str:
        """Like an Inception block; sometimes with what makes planning harder: a part that others read too."""
        pick = self.random.choice
        parts = [self.conv(x, 1, 1, pick((3, 8, 17, 24))),
                 self.conv(self.conv(x, 1, 1, pick((8, 12))), 3, 3, pick((8, 19, 32))),
                 self.conv(self.pool(x, 3, 1), 1, 1, pick((4, 8, 16)))]
        if self.random.random() < 0.3:
            parts.append(x)
        y = self.add("ConcatV2", parts, sum(self.channels[p] for p in parts))
        if self.random.random() < 0.3:
            y = self.add("ConcatV2", (y, parts[0]), self.channels[y] + self.channels[parts[0]])
        return y

    def network(self) -> "Builder":
        pick = self.random.choice
        size = pick((3, 5, 7))
        x = self.conv("data", size, size, pick((8, 13, 16, 24)), pick((1, 2, 2, 3)))
        for _ in range(pick((1, 2, 3))):
            kind = self.random.random()
            if kind < 0.3:
                x = self.conv(x, pick((1, 2, 3, 5)), pick((1, 3)), pick((5, 8, 16, 20, 33, 40)), pick((1, 1, 2)),
                              pick((True, False)), pick((True, False)))
            elif kind < 0.5:
                x = self.pool(x, pick((2, 3, 3)), pick((1, 2)))
            elif kind < 0.65:
                x = self.add("LRN", (x,), self.channels[x], depth_radius=pick((1, 2)), alpha=pick((2e-5, 0.1)),
                             beta=0.75, bias=1.0)
            else:
                x = self.block(x)
        x = self.add("AvgPool", (x,), self.channels[x])
        self.weights["fc"] = (self.channels[x], 21), self.gauss(self.channels[x] * 21, self.channels[x] ** -0.5)
        x = self.add("MatMul", (x, "fc"), 21)
        self.add("Softmax", (x,), 21)
        return self


class KeptGradients(simd.SimdEngine):
    """All gradients are there after a backward pass: none takes another's place."""

    class Memory(tensors.Memory):
        def find_stages(self) -> None:
            """All is one stage."""


def borders_are_zero(engine) -> bool:
    """Whether nothing was written around any picture: there are the zeros that convolutions rely on."""
    memory = engine.memory
    stages = {memory.tensors[name].stage for name in engine.live}    # those whose gradients have been begun
    for t in memory.own:
        top, left, bottom, right = t.border
        there = t.stage in stages and not memory.replaced(t, engine.live)
        for gradient in (0, t.delta) if there else (0,):
            corner = (t.address + gradient - memory.base) // 4 - (top * t.row + left * t.pixel) // 4
            row = t.row // 4
            for y in range(top + t.h + bottom):
                line = memory.floats[corner + y * row:corner + (y + 1) * row]
                inside = top <= y < top + t.h
                border = (list(line[:left * t.c]) + list(line[(left + t.w) * t.c:])) if inside else list(line)
                if any(border):
                    return False
    return True


@unittest.skipIf(REFUSED, REFUSED)
class RandomNetworks(unittest.TestCase):
    """Every tensor and gradient of random small networks, all instruction sets, whole passes and piece by piece."""

    def compare(self, seed: int, name: str) -> None:
        net = Builder(seed).network()
        h, w = net.random.randint(6, 40), net.random.randint(6, 40)
        engines = [deepdream.PythonEngine(net.operations, net.weights, h, w),
                   simd.SimdEngine(net.operations, net.weights, h, w, net.random.choice((1, 2, 3)),
                                   instruction_set=name)]
        slow, fast = engines
        self.assertEqual(slow.shapes, fast.shapes)
        data = net.gauss(h * w * 3, 1.0)
        for engine in engines:
            engine.write("data", data)
            engine.forward(len(net.operations))
        for operation, *_ in net.operations:
            self.assertLess(difference(fast.read(operation), slow.read(operation)), TOLERANCE, (seed, operation))
        target = net.random.randrange(1, len(net.operations))
        name = net.operations[target][0]
        seeds = net.random.choice((None, net.gauss(len(slow.read(name)), 1.0)))
        pieces = net.random.random() < 0.5
        for engine in engines:
            engine.forward(target + 1)
            engine.seed({name: seeds})
            if not pieces:
                engine.backward(target + 1)
        for number in reversed(range(target + 1)) if pieces else ():
            for engine in engines:
                engine.backward(number + 1, number)
            if number:
                operation = net.operations[number - 1][0]
                self.assertLess(difference(fast.gradient(operation), slow.gradient(operation)), TOLERANCE,
                                (seed, operation))
        self.assertLess(difference(fast.gradient("data"), slow.gradient("data")), TOLERANCE, seed)
        self.assertTrue(borders_are_zero(fast), seed)
        for engine in engines:
            engine.close()

    def test_gradients_take_turns(self) -> None:
        """The same numbers as where each has a place of its own, from tapes that several threads walk; what has lost
        its place is refused."""
        gone = 0
        for seed in range(16):
            net = Builder(seed).network()
            names = [row[0] for row in net.operations]
            buffer = net.operations[len(names) // 2][3]
            middle = [row[0] for row in net.operations if row[3] == buffer][-1]
            engines = [made(net.operations, net.weights, 33, 38, 3) for made in (simd.SimdEngine, KeptGradients)]
            data = net.gauss(3 * 33 * 38, 1.0)
            for engine in engines:
                engine.write("data", data)
                engine.forward(len(names))
                engine.seed({names[-1]: None, middle: deepdream.Factors([0.5] * engine.shapes[middle][2])})
                engine.backward(len(names))
            shared, kept = engines
            self.assertEqual(shared.gradient("data"), kept.gradient("data"), seed)
            self.assertTrue(borders_are_zero(shared), seed)
            for name in names:
                try:
                    self.assertEqual(shared.gradient(name), kept.gradient(name), (seed, name))
                except ValueError as error:
                    self.assertIn(f"{name}: its gradient is gone", str(error))
                    gone += 1
            for engine in engines:
                engine.close()
        self.assertGreater(gone, 100)

    def test_random_networks(self) -> None:
        for seed in range(16):
            for name in SETS:
                with self.subTest(seed=seed, instructions=name):
                    self.compare(seed, name)


@unittest.skipIf(REFUSED, REFUSED)
class Meanwhile(unittest.TestCase):
    def test_no_memory_for_code_while_others_pack(self) -> None:
        """What they packed is not relied on then, and the next try does all again."""
        net = Builder(5).network()
        data, last = net.gauss(30 * 20 * 3, 1.0), len(net.operations)
        for jobs in (1, 2):
            engines = [simd.SimdEngine(net.operations, net.weights, 30, 20, jobs) for _ in range(2)]
            for engine in engines:
                engine.write("data", data)
            tried: list[bool] = []

            def load(keys: list[tuple], tried: list[bool] = tried, really=tape.load_kernels) -> None:
                tried.append(True)
                if len(tried) == 2:
                    raise MemoryError
                really(keys)

            with mock.patch.object(tape, "load_kernels", load), self.assertRaises(simd.Refused):
                engines[0].forward(last)
            self.assertFalse(engines[0].planner.panels)
            for engine in engines:
                engine.forward(last)
            self.assertEqual(*(engine.read(net.operations[-1][0]) for engine in engines))
            for engine in engines:
                engine.close()


@unittest.skipIf(REFUSED, REFUSED)
class WholeNetwork(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.operands = deepdream.load_model(str(ROOT / "InceptionV1.pb")).weights
        cls.picture = deepdream.read_picture(str(ROOT / "cat_dog224.bmp"))

    def step(self, height: int, width: int, jobs: int, target: str, name: str = "", pieces: bool = False) -> tuple:
        engine = simd.SimdEngine(inception_graph.OPERATIONS, self.operands, height, width, jobs, instruction_set=name)
        engine.load_tile(deepdream.cut_tile(self.picture, 5, 7, width, height))
        stop = engine.numbers[target] + 1
        if pieces:
            for number in range(stop):
                engine.forward(number + 1, number)
        else:
            engine.forward(stop)
        engine.seed({target: None})
        for number in reversed(range(stop)) if pieces else ():
            engine.backward(number + 1, number)
        if not pieces:
            engine.backward(stop)
        self.assertTrue(borders_are_zero(engine))
        result = engine.read(target), engine.gradient("data"), engine.ascend(1.5), engine.read("data")
        engine.close()
        return result

    def test_any_number_of_threads_gives_the_same_bits(self) -> None:
        for name, (h, w), target in itertools.product(SETS, ((97, 131), (64, 64)), ("inception_4c_output", "prob")):
            one = self.step(h, w, 1, target, name)
            for jobs in (2, 3, 8):
                with self.subTest(instructions=name, jobs=jobs, target=target):
                    self.assertEqual(self.step(h, w, jobs, target, name), one)

    def test_pieces_and_whole_agree(self) -> None:
        """ReLU, bias and masks done in passing against done by themselves. By norm: a sum that is rounded differently
        can turn a ReLU or a maximum over, which changes single numbers of the gradient."""
        whole, pieces = (self.step(97, 131, 2, "inception_4c_output", pieces=pieces) for pieces in (False, True))
        self.assertLess(difference(pieces[0], whole[0]), 1e-4)
        apart = math.fsum((p - q) ** 2 for p, q in zip(pieces[1], whole[1]))
        self.assertLess(math.sqrt(apart / math.fsum(q * q for q in whole[1])), 1e-3)

    def test_against_the_python_engine(self) -> None:
        """On noise: where a picture is smooth, neighbours in a max pool tie but for rounding, and chance decides which
        of them gets the gradient.
        """
        noise = random.Random(7).randbytes(3 * 32 * 32)
        engines = [deepdream.PythonEngine(inception_graph.OPERATIONS, self.operands, 32, 32),
                   simd.SimdEngine(inception_graph.OPERATIONS, self.operands, 32, 32, 2)]
        slow, fast = engines
        stop = fast.numbers["inception_4c_output"] + 1
        for engine in engines:
            engine.load_tile(noise)
            engine.forward(stop)
            engine.seed({"inception_4c_output": None})
            engine.backward(stop)
        for operation, *_ in inception_graph.OPERATIONS[:stop]:    # measured: 6e-6
            self.assertLess(difference(fast.read(operation), slow.read(operation)), 2e-5, operation)
        self.assertLess(difference(fast.gradient("data"), slow.gradient("data")), 3e-5)    # 3e-6
        means = [engine.ascend(1.5) for engine in engines]
        self.assertAlmostEqual(means[1] / means[0], 1.0, 5)
        for engine in engines:
            engine.close()


@unittest.skipIf(REFUSED, REFUSED)
class Pictures(unittest.TestCase):
    """Tiles and enlargements, of bytes and of floats."""

    INPUTS = (deepdream.Input(), deepdream.Input(order="RGB", mean=(123.7, 116.8, 103.9)),
              deepdream.Input(mean=(127.5, 127.5, 127.5), scale=1 / 127.5),
              deepdream.Input(order="RGB", mean=(117.0, 118.0, 119.0), scale=2.0))

    def setUp(self) -> None:
        self.random = random.Random(3)
        self.net = Builder(0)
        self.net.conv("data", 3, 3, 8)
        self.size = 3 * 37 * 50

    def engines(self, input: deepdream.Input | None = None):
        return [simd.SimdEngine(self.net.operations, self.net.weights, 37, 50, 2, input, name) for name in SETS]

    def test_tiles_in(self) -> None:
        for how in self.INPUTS:
            tile = self.random.randbytes(self.size)
            order = (0, 1, 2) if how.order == "BGR" else (2, 1, 0)
            expected = [(tile[i + order[c]] - how.mean[c]) * how.scale for i in range(0, self.size, 3)
                        for c in range(3)]
            for engine in self.engines(how):
                for form in (tile, bytearray(tile), array.array("f", list(tile))):
                    engine.load_tile(form)
                    self.assertLess(difference(engine.read("data"), expected), 1e-6)
                    self.assertEqual(engine.store_tile(), tile)
                    self.assertLess(difference(engine.store_tile(False), tile), 1e-6)
                with self.assertRaisesRegex(ValueError, "expected 5550 for 50 x 37"):
                    engine.load_tile(tile[1:])

    def test_tiles_out(self) -> None:
        """Rounded half up and clipped, also far outside. Halves away from the edges between two bytes, where float32
        may round up and double not."""
        for how in self.INPUTS:
            levels = [self.random.randrange(-400, 600) + self.random.choice((0.0, 0.25, 0.75))
                      for _ in range(self.size)]
            back = (0, 1, 2) if how.order == "BGR" else (2, 1, 0)
            data = array.array("f", [(levels[i + back[c]] - how.mean[c]) * how.scale for i in range(0, self.size, 3)
                                     for c in range(3)])
            for engine in self.engines(how):
                engine.write("data", data)
                self.assertEqual(engine.store_tile(), bytearray(min(max(int(v + 0.5), 0), 255) for v in levels))
                got = engine.store_tile(False)
                self.assertIsInstance(got, array.array)
                self.assertLess(max(abs(g - min(max(v, 0.0), 255.0)) for g, v in zip(got, levels)), 1e-4)
                self.assertEqual((min(got), max(got)), (0.0, 255.0))

    def test_steps_in_levels(self) -> None:
        """A step moves levels by as much on average, whatever the network's scale."""
        for how in self.INPUTS:
            for engine in self.engines(how):
                tile = array.array("f", [self.random.uniform(100, 150) for _ in range(self.size)])
                engine.load_tile(tile)
                engine.forward(len(engine.operations))
                engine.seed({"Conv2D_2": self.net.gauss(37 * 50 * 8, 1.0)})
                engine.backward(len(engine.operations))
                engine.ascend(1.5)
                moves = [abs(a - b) for a, b in zip(engine.store_tile(False), tile)]
                self.assertAlmostEqual(sum(moves) / len(moves), 1.5, 4)

    def pictures(self):
        for width, height in ((64, 64), (50, 37), (23, 70), (5, 3), (1, 1)):
            yield deepdream.Picture(width, height, bytearray(self.random.randbytes(3 * width * height)))

    def test_enlarging_is_the_same_to_the_bit(self) -> None:
        scales = Fraction(7, 5), Fraction(2), Fraction(9, 8), Fraction(1, 2)
        for picture, scale, c89 in itertools.product(self.pictures(), scales, (False, True)):
            if not int(picture.width * scale):
                continue
            expected = deepdream.upscale(picture, scale, c89)
            for engine in self.engines():
                got = engine.upscale(picture, scale, c89)
                self.assertEqual((got.width, got.height, got.pixels),
                                 (expected.width, expected.height, expected.pixels))

    def test_enlarging_floats(self) -> None:
        """Against the formula, in double precision."""
        def at(line, position, last):
            i = int(position)
            return line(i) + (line(min(i + 1, last)) - line(i)) * float(position - i)

        for picture, scale in itertools.product(self.pictures(), (Fraction(7, 5), Fraction(2), Fraction(1, 2))):
            w, h = picture.width, picture.height
            if w == 64 or not int(w * scale):
                continue
            pixels = array.array("f", [self.random.uniform(0, 255) for _ in range(3 * w * h)])
            expected = [at(lambda i: at(lambda j: pixels[3 * (w * i + j) + c], x / scale, w - 1), y / scale, h - 1)
                        for y in map(Fraction, range(int(h * scale))) for x in map(Fraction, range(int(w * scale)))
                        for c in range(3)]
            for engine in self.engines():
                got = engine.upscale(deepdream.Picture(w, h, pixels), scale, False)
                self.assertEqual((got.width, got.height), (int(w * scale), int(h * scale)))
                self.assertLess(max(abs(g - e) for g, e in zip(got.pixels, expected)), 1e-4)

    def test_fit(self) -> None:
        """Pictures brought to the classifier's size, and steps back through that, against deepdream.Fit."""
        for width, height, size in ((90, 61, 32), (61, 90, 32), (32, 32, 32), (13, 9, 32), (9, 40, 32), (2, 2, 8),
                                    (700, 500, 48), (1, 1, 4)):
            fit = deepdream.Fit(width, height, size)
            pixels = fit.part(bytearray(self.random.randbytes(3 * width * height)))
            levels = array.array("f", [v + self.random.random() - 0.5 for v in pixels])
            gradient = self.net.gauss(3 * size * size, 1.0)
            slope = [g for row in fit.backward(gradient) for g in row]
            noise = 1e-6 * sum(map(abs, slope)) / len(slope)
            for engine in self.engines():
                engine.exact_below = 0
                with self.subTest(width=width, height=height):
                    for form in (pixels, bytes(pixels), levels):
                        self.assertLess(difference(engine.fit(fit, form), fit.forward(form)), 1e-5)
                    moved = array.array("f", levels)
                    engine.fool(fit, gradient, moved, 0.5)
                    for got, was, g in zip(moved, levels, slope):
                        if abs(g) > noise or not g:
                            expected = min(max(was + (0.5 if g > 0.0 else -0.5 if g < 0.0 else 0.0), 0.0), 255.0)
                            self.assertAlmostEqual(got, expected, 4)
                    self.assertEqual(engine.as_floats(pixels), array.array("f", list(pixels)))
                    self.assertEqual(engine.as_bytes(moved), bytearray(min(max(int(v + 0.5), 0), 255) for v in moved))
                with self.assertRaises(ValueError):
                    engine.fit(fit, pixels + b"1")

    def test_no_gradient_no_step(self) -> None:
        for engine in self.engines():
            engine.load_tile(self.random.randbytes(self.size))
            before = engine.read("data")
            engine.seed({"Conv2D_2": array.array("f", bytes(4 * 37 * 50 * 8))})
            engine.backward(len(engine.operations))
            self.assertEqual(engine.ascend(1.5), 0.0)
            self.assertEqual(engine.read("data"), before)


class Refusals(unittest.TestCase):
    """Where machine code is forbidden the reason is told, and nothing crashes."""

    def reason(self, program: str, **environment: str) -> str:
        program = f"import sys\n{program}\nfrom deepdream_extras import simd; print(simd.unavailable())"
        done = run_python(program, **environment)
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.strip()

    def test_switch(self) -> None:
        self.assertEqual(self.reason("", DEEPDREAM_JIT="0"), "switched off by DEEPDREAM_JIT=0")

    def test_unknown_processor(self) -> None:
        self.assertIn("sparc", self.reason("import os; os.uname = lambda: type('U', (), {'machine': 'sparc64'})"))

    @unittest.skipUnless(sys.platform.startswith("linux") and not REFUSED, "needs Linux and machine code")
    def test_memory_that_must_not_become_executable(self) -> None:
        """PR_SET_MDWE = 65 (Linux 6.3) forbids it to a process and its children, as systemd and SELinux may."""
        deny = ("import ctypes\n"
                "if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0): print('no MDWE here'); sys.exit()")
        reason = self.reason(deny)
        if "no MDWE" in reason:
            self.skipTest("a kernel without PR_SET_MDWE")
        self.assertIn("executable", reason)

    def test_import_does_no_work(self) -> None:
        done = run_python("from deepdream_extras.simd import systems, tape, verdict\n"
                          "print(len(systems.LOADED), len(tape.KERNELS), verdict.probe.cache_info().currsize)")
        self.assertEqual(done.stdout.split(), ["0", "0", "0"])


if __name__ == "__main__":
    unittest.main()
