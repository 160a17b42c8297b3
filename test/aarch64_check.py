"""Whether the machine code for aarch64 does what the Python engine does. A plain program, for an emulated Python too:

    qemu-aarch64 -cpu cortex-a72 -L ROOT ROOT/usr/bin/python3.11 test/aarch64_check.py

(.ci/run makes such a ROOT.) Exit code 0: all of it agrees. An emulator proves instructions and calls. It says nothing
about speed, and forgives what only real processors do: caches not flushed, stores seen late by other threads.
"""

import array
import ctypes
import faulthandler
import math
import pathlib
import platform
import random
import struct
import sys
import time
from fractions import Fraction

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
sys.path.insert(0, str(ROOT / "test"))

from test_simd import Builder, difference  # noqa: E402

import deepdream  # noqa: E402
import inception_graph  # noqa: E402
import simd  # noqa: E402

TOLERANCE = 3e-5    # as in test_simd.py


def check(what, good, measured=""):
    print(f"{'ok    ' if good else 'FAILED'}  {what}  {measured}", flush=True)
    if not good:
        sys.exit(1)


def kept_registers():
    """C's rules for calls: x19 - x29 and d8 - d15 come back as they were, and so does the mode for tiny numbers.

    One function fills them, calls another one that, framed like the driver, changes all registers it has, and looks.
    """
    asm, whole = simd.Neon(), simd.Neon()
    asm.begin_function(48)
    for r in (*asm.registers, *range(19, 30)):
        asm.set(r, 0x5A5A)
    for v in range(asm.vectors):
        asm.v_constant(v, 7.0)
    asm.end_function(48, 42)
    inner = simd.load_code([asm.finish()])[0]

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
    function = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(simd.load_code([whole.finish()])[0])
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
        asm = simd.Neon()
        asm.begin_function(8)
        for register, at in ((1, 0), (2, 16), (3, 32)):
            asm.v_load(register, asm.ARGUMENTS, at)
        write(asm)
        asm.end_function(8, 42)
        for i in range(16, 64):
            data[i] = -1.0
        function = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(simd.load_code([asm.finish()])[0])
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


def compare(what, slow, fast, names, seed_at, stop):
    """All tensors after a forward pass, all gradients of a backward pass, one operation at a time."""
    for engine in (slow, fast):
        engine.forward(stop)
    worst = max((difference(fast.read(n), slow.read(n)), n) for n in names[:stop])
    check(f"{what}: every tensor", worst[0] < TOLERANCE, worst)
    for engine in (slow, fast):
        engine.seed(seed_at)
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
            engine.seed(names[target])
            engine.backward(target + 1)
            both.append((engine.read(names[target]), engine.gradient("data")))
            engine.close()
        check("the same bits from 1 and 2 threads", both[0] == both[1])
        if seed == 0:
            picture = deepdream.Picture(45, 31, bytearray(net.random.randbytes(45 * 31 * 3)))
            copies = [deepdream.Picture(45, 31, bytearray(picture.pixels)) for _ in range(2)]
            for engine, copy in zip((slow, fast), copies):
                engine.load_tile(copy, 20, 11)
            check("a tile from a picture", difference(fast.read("data"), slow.read("data")) < 1e-6)
            means = [engine.ascend(1.5) for engine in (slow, fast)]
            check("a step", abs(means[1] / means[0] - 1) < 1e-4 or means[0] == means[1], means)
            for engine, copy in zip((slow, fast), copies):
                engine.write("data", array.array("f", [v - m for v in range(h * w) for m in deepdream.MEAN_BGR]))
                engine.store_tile(copy, 20, 11)
            check("a tile into a picture", copies[0].pixels == copies[1].pixels)
            larger = [engine.upscale(picture, Fraction(7, 5), False).pixels for engine in (slow, fast)]
            check("an enlarged picture", larger[0] == larger[1])
        slow.close()
        fast.close()


def inception():
    weights = deepdream.load_model(str(ROOT / "InceptionV1.pb")).operands()
    # noise: where a picture is smooth, neighbours in a max pool tie but for rounding
    picture = deepdream.Picture(64, 64, bytearray(random.Random(7).randbytes(3 * 64 * 64)))
    slow = deepdream.PythonEngine(inception_graph.OPERATIONS, weights, 32, 32)
    fast = simd.SimdEngine(inception_graph.OPERATIONS, weights, 32, 32, 2)
    names = [row[0] for row in inception_graph.OPERATIONS]
    for engine in (slow, fast):
        engine.load_tile(picture, 5, 7)
    compare("Inception-V1, 32 x 32", slow, fast, names, "inception_4c_output", names.index("inception_4c_output") + 1)


def main():
    faulthandler.enable()
    began = time.monotonic()
    check(f"{platform.machine()}, Python {platform.python_version()}", platform.machine() == "aarch64")
    check("machine code can be used", simd.probe() == ("neon", ""), simd.probe())
    for part in (kept_registers, instructions, small_networks, inception):
        part()
    print(f"all agree ({time.monotonic() - began:.0f} s)")


if __name__ == "__main__":
    main()
