"""The machine-code engine against the Python engine: random networks, Inception, threads, pictures, refusals."""

import array
import itertools
import math
import os
import pathlib
import random
import subprocess
import sys
import unittest
from fractions import Fraction

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

import deepdream  # noqa: E402
import inception_graph  # noqa: E402
import simd  # noqa: E402

REFUSED = simd.unavailable()
SETS = [] if REFUSED else simd.instruction_sets()

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

    def conv(self, x: str, kh: int, kw: int, co: int, stride: int = 1, bias: bool = True, relu: bool = True) -> str:
        shape = (kh, kw, self.channels[x], co)
        operand = f"w{next(self.count)}"
        self.weights[operand] = shape, self.gauss(math.prod(shape), math.prod(shape[:3]) ** -0.5)
        y = self.add("Conv2D", (x, operand), co, stride=(stride, stride))
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


def borders_are_zero(engine) -> bool:
    """Whether nothing was written around any picture: there are the zeros that convolutions rely on."""
    for t in engine.tensors.values():
        if t.whole:
            continue
        top, left, bottom, right = t.border
        for gradient in (0, engine.delta):
            corner = (t.address + gradient - engine.base) // 4 - (top * t.row + left * t.pixel) // 4
            row = t.row // 4
            for y in range(top + t.h + bottom):
                line = engine.floats[corner + y * row:corner + (y + 1) * row]
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
                   simd.SimdEngine(net.operations, net.weights, h, w, net.random.choice((1, 2, 3)), name)]
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
            engine.seed(name, seeds)
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

    def test_random_networks(self) -> None:
        for seed in range(16):
            for name in SETS:
                with self.subTest(seed=seed, instructions=name):
                    self.compare(seed, name)


@unittest.skipIf(REFUSED, REFUSED)
class WholeNetwork(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.operands = deepdream.load_model(str(ROOT / "InceptionV1.pb")).operands()
        cls.picture = deepdream.read_picture(str(ROOT / "cat_dog224.bmp"))

    def step(self, height: int, width: int, jobs: int, target: str, name: str = "", pieces: bool = False) -> tuple:
        engine = simd.SimdEngine(inception_graph.OPERATIONS, self.operands, height, width, jobs, name)
        engine.load_tile(self.picture, 5, 7)
        stop = engine.numbers[target] + 1
        if pieces:
            for number in range(stop):
                engine.forward(number + 1, number)
        else:
            engine.forward(stop)
        engine.seed(target)
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
            for jobs in (2, 3, 7):
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
        noise = deepdream.Picture(64, 64, bytearray(random.Random(7).randbytes(3 * 64 * 64)))
        engines = [deepdream.PythonEngine(inception_graph.OPERATIONS, self.operands, 32, 32),
                   simd.SimdEngine(inception_graph.OPERATIONS, self.operands, 32, 32, 2)]
        slow, fast = engines
        stop = fast.numbers["inception_4c_output"] + 1
        for engine in engines:
            engine.load_tile(noise, 5, 7)
            engine.forward(stop)
            engine.seed("inception_4c_output")
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
    def setUp(self) -> None:
        self.random = random.Random(3)
        net = Builder(0)
        net.conv("data", 3, 3, 8)
        self.slow = deepdream.PythonEngine(net.operations, net.weights, 37, 50)
        self.fast = [simd.SimdEngine(net.operations, net.weights, 37, 50, 2, name) for name in SETS]

    def pictures(self):
        for width, height in ((64, 64), (50, 37), (23, 70), (5, 3)):
            yield deepdream.Picture(width, height, bytearray(self.random.randbytes(3 * width * height)))

    def test_tiles_come_and_go_as_in_python(self) -> None:
        for picture, (x, y) in itertools.product(self.pictures(), ((0, 0), (3, 2), (790, 1270))):
            self.slow.load_tile(picture, x, y)
            for engine in self.fast:
                engine.load_tile(picture, x, y)
                self.assertLess(difference(engine.read("data"), self.slow.read("data")), 1e-6)
            # whole numbers and halves away from the edges between two bytes, where float32 may round up and double not
            data = array.array("f", [self.random.randrange(-400, 400) + v - m for _ in range(37 * 50)
                                     for m, v in zip(deepdream.MEAN_BGR, (0.0, 0.25, 0.75))])
            results = []
            for engine in (self.slow, *self.fast):
                copy = deepdream.Picture(picture.width, picture.height, bytearray(picture.pixels))
                engine.write("data", data)
                engine.store_tile(copy, x, y)
                results.append(copy.pixels)
            for pixels in results[1:]:
                self.assertEqual(pixels, results[0])

    def test_enlarging_is_the_same_to_the_bit(self) -> None:
        scales = Fraction(7, 5), Fraction(2), Fraction(9, 8), Fraction(1, 2)
        for picture, scale, c89 in itertools.product(self.pictures(), scales, (False, True)):
            expected = self.slow.upscale(picture, scale, c89)
            for engine in self.fast:
                got = engine.upscale(picture, scale, c89)
                self.assertEqual((got.width, got.height, got.pixels),
                                 (expected.width, expected.height, expected.pixels))

    def test_no_gradient_no_step(self) -> None:
        for engine in self.fast:
            engine.load_tile(next(self.pictures()), 0, 0)
            before = engine.read("data")
            engine.seed("Conv2D_2", array.array("f", bytes(4 * 37 * 50 * 8)))
            engine.backward(len(engine.operations))
            self.assertEqual(engine.ascend(1.5), 0.0)
            self.assertEqual(engine.read("data"), before)


class Refusals(unittest.TestCase):
    """Where machine code is forbidden the reason is told, and nothing crashes."""

    def reason(self, program: str, **environment: str) -> str:
        program = f"import sys; sys.path.insert(0, {str(ROOT)!r})\n{program}\nimport simd; print(simd.unavailable())"
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60,
                              env={**os.environ, **environment})
        self.assertEqual((done.returncode, done.stderr), (0, ""))
        return done.stdout.strip()

    def test_switch(self) -> None:
        self.assertEqual(self.reason("", DEEPDREAM_JIT="0"), "switched off by DEEPDREAM_JIT=0")

    def test_unknown_processor(self) -> None:
        self.assertIn("sparc", self.reason("import platform; platform.machine = lambda: 'sparc64'"))

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
        program = (f"import sys; sys.path.insert(0, {str(ROOT)!r}); import simd\n"
                   "print(len(simd.LOADED), len(simd.KERNELS), simd.probe.cache_info().currsize)")
        done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
        self.assertEqual(done.stdout.split(), ["0", "0", "0"])


if __name__ == "__main__":
    unittest.main()
