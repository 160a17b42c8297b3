"""Whether the machine code for aarch64 does what the Python engine does. A plain program, for an emulated Python too:

    PYTHONPATH=.:test qemu-aarch64 -cpu cortex-a72 -L ROOT ROOT/usr/bin/python3.11 test/aarch64_check.py

(.ci/run makes such a ROOT.) Exit code 0: all of it agrees. An emulator proves instructions and calls. It says nothing
about speed, and forgives what only real processors do: caches not flushed, stores seen late by other threads.
"""

import array
import ctypes
import faulthandler
import math
import platform
import random
import struct
import sys
import time
from fractions import Fraction

import test_bytework
import test_planes
from helpers import ROOT
from test_kinds import CONVOLUTIONS, MAPS, NEW_MAPS, NORMS, POOLS, Table
from test_simd import Builder, KeptGradients, difference
from test_simd_kinds import Mixture

import deepdream
import inception_graph
from deepdream_extras import formats, penalties, planes, simd
from deepdream_extras.simd.arm import Neon
from deepdream_extras.simd.memory import load_code

TOLERANCE = 3e-5    # as in test_simd.py


def check(what, good, measured=""):
    print(f"{'ok    ' if good else 'FAILED'}  {what}  {measured}", flush=True)
    if not good:
        sys.exit(1)


def kept_registers():
    """C's rules for calls: x19 - x29 and d8 - d15 come back as they were, and so does the mode for tiny numbers.

    One function fills them, calls another one that, framed like the driver, changes all registers it has, and looks.
    """
    asm, whole = Neon(), Neon()
    asm.begin_function(48)
    for r in (*asm.registers, *range(19, 30)):
        asm.set(r, 0x5A5A)
    for v in range(asm.vectors):
        asm.v_constant(v, 7.0)
    asm.end_function(48, 42)
    inner = load_code([asm.finish()])[0]

    whole.begin_function(16)
    whole.move(28, whole.ARGUMENTS)
    for r in range(19, 28):
        whole.set(r, 1000 + r)
    for v in range(8, 16):
        whole.v_constant(v, float(v))
    whole.call(28, 0)
    for i, r in enumerate(range(19, 28)):
        whole.store_word(28, 8 + 8 * i, r)
    for i, v in enumerate(range(8, 16)):
        whole.v_store(28, 80 + 8 * i, v, 2)
    whole.store_word(28, 144, 0)
    whole.end_function(16, 43)
    block = (ctypes.c_int64 * 20)(inner)
    function = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(load_code([whole.finish()])[0])
    result = function(ctypes.addressof(block))
    check("result of a function", (result, block[18]) == (43, 42), (result, block[18]))
    check("x19 - x27", list(block[1:10]) == [1000 + r for r in range(19, 28)])
    floats = struct.unpack("<16f", bytes(block)[80:144])
    check("d8 - d15", floats == tuple(float(v) for v in range(8, 16) for _ in range(2)), floats)
    check("small numbers outside are no zeros", float("1e-310") * 0.5 > 0.0)


def instructions():
    """What each vector instruction computes, tails and memory operands included; encodings: test_encodings.py."""
    dice = random.Random(4)
    data = (ctypes.c_float * 64)(*[dice.uniform(-9, 9) for _ in range(64)])
    data[3] = math.nan
    x, y, z = data[0:4], data[4:8], data[8:12]
    close = {"v_add": lambda a, b: a + b, "v_sub": lambda a, b: a - b, "v_mul": lambda a, b: a * b,
             "v_div": lambda a, b: a / b, "v_max": lambda a, b: a if a > b else b,
             "v_min": lambda a, b: a if a < b else b}

    def run(write):
        asm = Neon()
        asm.begin_function(8)
        for register, at in ((1, 0), (2, 16), (3, 32)):
            asm.v_load(register, asm.ARGUMENTS, at)
        write(asm)
        asm.end_function(8, 42)
        for i in range(16, 64):
            data[i] = -1.0
        function = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(load_code([asm.finish()])[0])
        function(ctypes.addressof(data))
        return data[16:32]

    def same(got, expected):
        return all(math.isnan(a) and math.isnan(b) or abs(a - b) <= 1e-6 * abs(b) for a, b in zip(got, expected))

    for name, f in close.items():
        for d in (1, 2, 5):
            for operand in (2, "memory"):
                got = run(lambda asm: (getattr(asm, name)(d, 1, 2 if operand == 2 else (asm.ARGUMENTS, 16)),
                                       asm.v_store(asm.ARGUMENTS, 64, d)))
                check(f"{name} d={d} {operand}", same(got[:4], list(map(f, x, y))), got[:4])
    got = run(lambda asm: (asm.v_fma(3, 2, 2), asm.v_store(asm.ARGUMENTS, 64, 3)))
    check("v_fma", same(got, [c + b * b for b, c in zip(y, z)]))
    got = run(lambda asm: (asm.v_fnma(3, 2, (asm.ARGUMENTS, 16)), asm.v_store(asm.ARGUMENTS, 64, 3)))
    check("v_fnma", same(got, [c - b * b for b, c in zip(y, z)]))
    got = run(lambda asm: (asm.v_mul(3, 2, 2), asm.v_sqrt(4, 3), asm.v_store(asm.ARGUMENTS, 64, 4)))
    check("v_sqrt", same(got, [abs(b) for b in y]))
    for name, holds in (("v_keep_greater", lambda a, b: a > b), ("v_keep_equal", lambda a, b: a == b)):
        got = run(lambda asm: (getattr(asm, name)(4, 1, 2, 3), asm.v_store(asm.ARGUMENTS, 64, 4)))
        check(name, got[:4] == [c if holds(a, b) else 0.0 for a, b, c in zip(x, y, z)])
    for tail in (1, 2, 3):
        got = run(lambda asm: (asm.v_load(4, asm.ARGUMENTS, 20, asm.v_tail(tail, 9)), asm.v_store(asm.ARGUMENTS, 64, 4),
                               asm.v_store(asm.ARGUMENTS, 96, 2, asm.v_tail(tail, 9))))
        check(f"tail of {tail}", got[:4] == data[5:5 + tail] + [0.0] * (4 - tail)
              and got[8:12] == y[:tail] + [-1.0] * (4 - tail), got)
    got = run(lambda asm: (asm.v_constant(4, 7.75), asm.v_constant(5, [1.0, 200.5, 255.0, 0.0]),
                           asm.v_round(6, 4), asm.v_float(6, 6), asm.v_store(asm.ARGUMENTS, 64, 6),
                           asm.v_store_bytes(asm.ARGUMENTS, 80, 5, 7), asm.v_load_bytes(8, asm.ARGUMENTS, 80),
                           asm.v_store(asm.ARGUMENTS, 96, 8)))
    check("constants, rounding, bytes", got[:4] == [8.0] * 4 and got[8:12] == [1.0, 200.0, 255.0, 0.0], got)


def bits_and_integers():
    """The same for scalar instructions on bits and vectors of integers."""
    dice = random.Random(5)
    block = (ctypes.c_int64 * 64)()
    mask = (1 << 64) - 1

    def run(write):
        asm = Neon()
        asm.begin_function(8)
        for register, at in ((2, 0), (3, 8)):
            asm.load_word(register, asm.ARGUMENTS, at)
        for register, at in ((1, 64), (2, 80), (3, 96)):
            asm.v_load(register, asm.ARGUMENTS, at)
        write(asm)
        asm.store_word(asm.ARGUMENTS, 16, 2)
        asm.v_store(asm.ARGUMENTS, 128, 4)
        asm.end_function(8, 42)
        function = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(load_code([asm.finish()])[0])
        function(ctypes.addressof(block))
        return block[2] & mask, list(struct.unpack("<4i", bytes(block)[128:144]))

    def wrapped(value):
        return (value + (1 << 31) & (1 << 32) - 1) - (1 << 31)

    for _ in range(20):
        a, b = (dice.randrange(1 << dice.randrange(1, 64)) * dice.choice((1, -1)) for _ in range(2))
        x, y, z = ([dice.randrange(-1 << 31, 1 << 31) >> dice.randrange(28) for _ in range(4)] for _ in range(3))
        block[0], block[1] = a, b
        ctypes.memmove(ctypes.addressof(block) + 64, struct.pack("<12i", *x, *y, *z), 48)
        bits, lanes = dice.randrange(1, 31), dice.randrange(1, 32)
        scalars = {"both": ((2, 3), a & b), "either": ((2, 3), a | b), "differing": ((2, 3), a ^ b),
                   "negate": ((2,), -a), "keep_bits": ((2, bits), a & (1 << bits) - 1),
                   "shift_right_signed": ((2, bits), a >> bits), "shift_left_by": ((2, 3), a << b % 64),
                   "shift_right_by": ((2, 3), (a & mask) >> b % 64),
                   "reverse_bytes": ((2,), int.from_bytes((a & mask).to_bytes(8, "little"), "big")),
                   "load_short": ((2, Neon.ARGUMENTS, 64), x[0] & 0xffff),
                   "load_signed_short": ((2, Neon.ARGUMENTS, 64), struct.unpack("<h", struct.pack("<i", x[0])[:2])[0])}
        if a:
            scalars["highest_bit"] = (2, 2), (a & mask).bit_length() - 1
        for name, (operands, expected) in scalars.items():
            got = run(lambda asm: getattr(asm, name)(*operands))[0]
            if got != expected & mask:
                check(f"{name} of {a}, {b}", False, (got, expected & mask))
        vectors = {"v_mul_int": lambda i: wrapped(x[i] * y[i]), "v_max_int": lambda i: max(x[i], y[i]),
                   "v_min_int": lambda i: min(x[i], y[i]), "v_and": lambda i: x[i] & y[i],
                   "v_or": lambda i: x[i] | y[i], "v_xor": lambda i: x[i] ^ y[i]}
        for name, f in vectors.items():
            for operand in (2, (Neon.ARGUMENTS, 80)):
                got = run(lambda asm: getattr(asm, name)(4, 1, operand))[1]
                if got != [f(i) for i in range(4)]:
                    check(f"{name} {operand}", False, got)
        got = run(lambda asm: asm.v_shift_right_signed(4, 1, lanes))[1]
        if got != [value >> lanes for value in x]:
            check("v_shift_right_signed", False, got)
        got = run(lambda asm: asm.v_keep_greater_int(4, 1, 2, 3))[1]
        if got != [c if a > b else 0 for a, b, c in zip(x, y, z)]:
            check("v_keep_greater_int", False, got)
        got = run(lambda asm: (asm.v_load_shorts(5, asm.ARGUMENTS, 64), asm.v_load_bytes_int(6, asm.ARGUMENTS, 72),
                               asm.v_add_int(4, 5, 6)))[1]
        expected = [a + b for a, b in zip(struct.unpack("<4h", struct.pack("<2i", *x[:2])), struct.pack("<i", x[2]))]
        if got != expected:
            check("v_load_shorts, v_load_bytes_int", False, (got, expected))
        run(lambda asm: (asm.v_load_bytes_int(5, asm.ARGUMENTS, 64), asm.v_store_bytes_int(asm.ARGUMENTS, 200, 5, 6),
                         asm.v_load_bytes_int(5, asm.ARGUMENTS, 68), asm.v_shift_left(5, 5, 8),
                         asm.v_store_shorts(asm.ARGUMENTS, 208, 5, 6), asm.look_up(2, asm.ARGUMENTS, 3)
                         if 0 <= b < 100 else None))
        expected = bytes(block)[64:68] + bytes(byte for v in bytes(block)[68:72] for byte in (0, v))
        if bytes(block)[200:204] + bytes(block)[208:216] != expected:
            check("v_store_bytes_int, v_store_shorts", False)
    check("bits and integers", True)


def picture_formats():
    """The steps of the picture formats."""
    formats.WORTH = 0
    differ = test_bytework.compare(6)
    check("steps of picture formats: the bytes of plain Python", not differ, sorted(differ))


def distortions_and_flow():
    """What is done to frames of films, and what is seen to move in them."""
    engine = test_planes.engine("neon", 2)
    differ = test_planes.compare(planes.work_for(engine), 25)
    check("steps of distortions and flow: the numbers of plain Python", not differ, differ)
    engine.close()


def compare(what, slow, fast, names, seed_at, stop):
    """All tensors after a forward pass, all gradients of a backward pass, one operation at a time."""
    for engine in (slow, fast):
        engine.forward(stop)
    worst = max((difference(fast.read(n), slow.read(n)), n) for n in names[:stop])
    check(f"{what}: every tensor", worst[0] < TOLERANCE, worst)
    for engine in (slow, fast):
        engine.seed({seed_at: None})
    worst = (0.0, "")
    for number in reversed(range(stop)):
        for engine in (slow, fast):
            engine.backward(number + 1, number)
        if number:
            worst = max(worst, (difference(fast.gradient(names[number - 1]), slow.gradient(names[number - 1])),
                                names[number - 1]))
    check(f"{what}: every gradient", worst[0] < TOLERANCE, worst)


def small_networks():
    for seed in range(12):
        net = Builder(seed).network()
        h, w, jobs = net.random.randint(6, 30), net.random.randint(6, 30), 1 + seed % 2
        slow = deepdream.PythonEngine(net.operations, net.weights, h, w)
        fast = simd.SimdEngine(net.operations, net.weights, h, w, jobs)
        data = net.gauss(h * w * 3, 1.0)
        for engine in (slow, fast):
            engine.write("data", data)
        names = [row[0] for row in net.operations]
        target = net.random.randrange(len(names) // 2, len(names))
        compare(f"network {seed}, {h} x {w}, {jobs} threads", slow, fast, names, names[target], target + 1)
        both = []
        for threads in (1, 2):
            engine = simd.SimdEngine(net.operations, net.weights, h, w, threads)
            engine.write("data", data)
            engine.forward(target + 1)
            engine.seed({names[target]: None})
            engine.backward(target + 1)
            both.append((engine.read(names[target]), engine.gradient("data")))
            engine.close()
        check("the same bits from 1 and 2 threads", both[0] == both[1])
        slow.close()
        fast.close()


def fewer_multiplications():
    """Layers of which none is in those networks, as they are small: beside the direct method."""
    net = Builder(3)
    x = net.conv("data", 5, 5, 16, 2)
    y = net.conv(net.conv(x, 3, 3, 20), 5, 5, 16)
    engines = [KeptGradients(net.operations, net.weights, 27, 22, jobs, exact=exact)
               for jobs, exact in ((1, False), (2, False), (2, True))]
    names = [row[0] for row in net.operations]
    for engine in engines:
        engine.write("data", array.array("f", [random.Random(i).uniform(-1, 1) for i in range(27 * 22 * 3)]))
        engine.forward(len(names))
        engine.seed({y + "_r": None})
        engine.backward(len(names))
    one, two, exact = engines
    found = sum(key[0] == "winograd" for key in one.planner.panels)
    check("five layers and gradients with fewer multiplications", found == 5, found)
    for name in names:
        for read in ("read", "gradient"):
            ours, theirs, direct = (getattr(engine, read)(name) for engine in engines)
            check(f"{read} {name}", ours == theirs and difference(ours, direct) < TOLERANCE, difference(ours, direct))


def layers():
    """What is not in those networks: other strides, a product of a map, a softmax of one, seeds at several layers."""
    for seed, (kernel, stride) in enumerate((((1, 3), (2, 1)), ((3, 1), (1, 2)), ((3, 3), (3, 2)), ((1, 1), (2, 2)))):
        net = Builder(seed)
        x = net.conv("data", 3, 3, 7)
        x = net.conv(net.conv(x, *kernel, 9, stride), 1, 1, 6, relu=False)
        net.add("Softmax", (x,), 6)
        fast = simd.SimdEngine(net.operations, net.weights, 8, 10, 2)
        h, w, c = fast.shapes[x]
        net.weights["fc"] = (h * w * c, 11), net.gauss(h * w * c * 11, 0.2)
        y = net.add("MatMul", (x, "fc"), 11)
        fast.close()
        fast = simd.SimdEngine(net.operations, net.weights, 8, 10, 2)
        fast.write("data", net.gauss(240, 1.0))
        stop = len(net.operations)
        fast.forward(stop)
        seeds = {y: net.gauss(11, 1.0), x + "_b": deepdream.Factors([1.0, 0.0, -2.0, 3.0, 0.5, 1.0]),
                 net.operations[-2][0]: net.gauss(h * w * c, 1.0), net.operations[3][0]: None}

        def loss(data):
            fast.write("data", data)
            fast.forward(stop)
            total = math.fsum(a * b for layer in (y, net.operations[-2][0])
                              for a, b in zip(fast.read(layer), seeds[layer]))
            total += math.fsum(v * v * seeds[x + "_b"][i % 6] / 2 for i, v in enumerate(fast.read(x)))
            return total + math.fsum(v * v / 2 for v in fast.read(net.operations[3][0]))

        data, way = fast.read("data"), net.gauss(240, 1.0)
        fast.seed(seeds)
        fast.backward(stop)
        slope = math.fsum(a * b for a, b in zip(fast.gradient("data"), way))
        step = 1e-3
        there, back = (loss(array.array("f", [v + sign * step * d for v, d in zip(data, way)])) for sign in (1, -1))
        measured = (there - back) / 2 / step
        check(f"kernel {kernel}, stride {stride}, seeds at four layers: slope", abs(measured / slope - 1) < 2e-2,
              (measured, slope))
        fast.close()


def more_kinds():
    """Kinds of layers beyond Inception-V1's: each by itself, and networks of them."""
    tables = [Table(shape, "Conv2D", p, weights) for shape, weights, p in CONVOLUTIONS]
    tables += [Table((9, 8, 37), "Conv2D", {"groups": 37, "stride": stride}, (3, 3, 1, 37))
               for stride in ((1, 1), (2, 2))]
    tables += [Table((*shape[:2], 9 * shape[2]), kind, p) for shape, p in POOLS for kind in ("MaxPool", "AvgPool")]
    tables += [Table((3, 5, 70), kind, p, in_place=in_place) for kind, p, _ in MAPS for in_place in (False, True)]
    tables += [Table((3, 5, 70), kind, p) for kind, p, _ in NEW_MAPS]
    tables += [Table(shape, "LayerNorm", p) for shape, p in (*NORMS, ((3, 5, 70), {}))]
    tables += [Table((4, 3, 13), "Pad", {"padding": ((1, 0), (2, 3))}), Table((4, 3, 36), "Shuffle", {"groups": 3}),
               Table((4, 5, 36), "Slice", {"crop": ((1, 0), (2, 1)), "part": (3, 17)}, channels=17),
               Table((4, 5, 23), "LRN", {"depth_radius": 5, "alpha": 0.1, "beta": 0.5, "bias": 1.0}),
               Table((4, 3, 45), "Scale", {}, (45,)), Table((5, 4, 12), "MatMul", {}, (3, 2, 12, 21)),
               Table((5, 4, 12), "MatMul", {"layout": "ochw"}, (3, 2, 12, 21)),
               Table((3, 2, 12), "MatMul", {"layout": "chwo"}, (3, 2, 12, 21))]
    for table in tables:
        expected, measured = table.run(), table.run(simd.SimdEngine, jobs=2)
        worst = max(difference(measured[i], expected[i]) for i in (0, 2))
        check(f"{table.operations[1][1]} {table.operations[1][5]} of {table.shape}", worst < TOLERANCE, worst)
    for seed in range(7):
        net = Mixture(seed).network()
        slow = deepdream.PythonEngine(net.operations, net.weights, 20, 22)
        fast = simd.SimdEngine(net.operations, net.weights, 20, 22, 1 + seed % 2)
        data = net.gauss(20 * 22 * 3, 1.0)
        for engine in (slow, fast):
            engine.write("data", data)
        names = [row[0] for row in net.operations]
        compare(f"mixture {seed}", slow, fast, names, names[-1], len(names))


def pictures():
    dice = random.Random(3)
    for how in (deepdream.Input(), deepdream.Input(order="RGB", mean=(117.0, 118.0, 119.0), scale=0.5)):
        net = Builder(0)
        net.conv("data", 3, 3, 8)
        fast = simd.SimdEngine(net.operations, net.weights, 13, 21, 2, how)
        tile, order = dice.randbytes(3 * 13 * 21), (0, 1, 2) if how.order == "BGR" else (2, 1, 0)
        expected = [(tile[i + order[c]] - how.mean[c]) * how.scale for i in range(0, len(tile), 3) for c in range(3)]
        for form in (tile, array.array("f", list(tile))):
            fast.load_tile(form)
            check(f"{how.order} from {type(form).__name__}", difference(fast.read("data"), expected) < 1e-6)
            check(f"{how.order} to bytes", fast.store_tile() == tile)
            check(f"{how.order} to floats", difference(fast.store_tile(False), tile) < 1e-6)
        fast.forward(2)
        fast.seed({"Conv2D_2": None})
        fast.backward(2)
        fast.ascend(1.5)
        moves = [abs(a - b) for a, b in zip(fast.store_tile(False), tile) if 5 < b < 250]
        check("a step", abs(sum(moves) / len(moves) - 1.5) < 0.2, sum(moves) / len(moves))
        picture = deepdream.Picture(21, 13, bytearray(tile))
        check("an enlarged picture", fast.upscale(picture, Fraction(7, 5), False).pixels ==
              deepdream.upscale(picture, Fraction(7, 5), False).pixels)
        larger = fast.upscale(deepdream.Picture(21, 13, array.array("f", list(tile))), Fraction(2), False)
        check("an enlarged picture of floats", list(larger.pixels[:3]) == list(tile[:3])
              and abs(larger.pixels[3] - (tile[0] + tile[3]) / 2) < 1e-4, larger.pixels[:6])
        fit = deepdream.Fit(45, 30, 16)
        fast.exact_below = 0
        pixels, gradient = fit.part(bytearray(dice.randbytes(45 * 30 * 3))), net.gauss(16 * 16 * 3, 1.0)
        levels, slope = fast.as_floats(pixels), [g for row in fit.backward(gradient) for g in row]
        check("levels as floats", list(levels) == list(pixels))
        for form in (pixels, levels):
            check("a picture fitted", difference(fast.fit(fit, form), fit.forward(form)) < 1e-5)
        fast.fool(fit, gradient, levels, 0.5)
        wrong = sum(abs(v - min(max(p + (0.5 if g > 0 else -0.5 if g < 0 else 0), 0), 255)) > 1e-3
                    for v, p, g in zip(levels, pixels, slope))
        check("and moved", wrong <= 2, wrong)    # where the slope is nearly 0, its sign is rounding's
        for name in penalties.ROUGH:
            for height, width in ((16, 16), (9, 11), (1, 5), (6, 1)):
                some = array.array("f", levels[:3 * height * width])
                value, slopes = penalties.PENALTIES[name](some, height, width)
                found, got = penalties.by_engine(name, fast, some, height, width)
                check(f"{name} of {width} x {height}", abs(found - value) <= 1e-6 * value
                      and max(abs(a - b) for a, b in zip(got, slopes)) <= 1e-6 * max(map(abs, slopes)))
        check("levels as bytes", fast.as_bytes(levels) == bytes(int(v + 0.5) for v in levels))
        fast.close()


def inception():
    weights = deepdream.load_model(str(ROOT / "InceptionV1.pb")).weights
    noise = random.Random(7).randbytes(3 * 32 * 32)    # where a picture is smooth, neighbours in a max pool tie
    slow = deepdream.PythonEngine(inception_graph.OPERATIONS, weights, 32, 32)
    fast = simd.SimdEngine(inception_graph.OPERATIONS, weights, 32, 32, 2)
    names = [row[0] for row in inception_graph.OPERATIONS]
    for engine in (slow, fast):
        engine.load_tile(noise)
    compare("Inception-V1, 32 x 32", slow, fast, names, "inception_4c_output", names.index("inception_4c_output") + 1)


def main():
    faulthandler.enable()
    began = time.monotonic()
    check(f"{platform.machine()}, Python {platform.python_version()}", platform.machine() == "aarch64")
    check("machine code can be used", simd.probe() == ("neon", ""), simd.probe())
    for part in (kept_registers, instructions, bits_and_integers, picture_formats, distortions_and_flow,
                 small_networks, fewer_multiplications, layers, more_kinds, pictures, inception):
        part()
    print(f"all agree ({time.monotonic() - began:.0f} s)")


if __name__ == "__main__":
    main()
