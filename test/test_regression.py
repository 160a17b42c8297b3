"""The same commands give the same bytes as before: two dozen of them, both engines, one and two threads.

    python3 test/test_regression.py record       print what the commands give now, for RECORDED below

Recorded on Linux x86-64 with AVX2, before the program was divided into rooms. A number changes only on purpose, and
then the commit says why. Most dreams are --exact: that is how they were recorded. Other instruction sets add floats up
in another order, so they are held to the reference tensors only; where AVX-512 is there DEEPDREAM_JIT=avx2 asks for the
other one.
"""
import hashlib
import os
import pathlib
import platform
import random
import struct
import subprocess
import sys
import tempfile
import unittest

from helpers import ROOT

SMALL = "-i noise.bmp --tile 32 --layer conv2/3x3 --octaves 2 --steps 2"
WIDE = "-i wide.bmp --tile 48 --octaves 2 --steps 2"
COMMANDS = {    # what to call it: the command
    "dream small": f"dream --exact {SMALL} -o out.bmp",
    "dream small, 2 jobs": f"dream --exact {SMALL} -j 2 -o out.bmp",
    "dream small, c89": f"dream {SMALL} -j 1 --preset c89 -o out.bmp",
    "dream wide, pool": "dream --exact -i wide.bmp --tile 40 --layer pool2/3x3_s2 --octaves 1 --steps 1 -o out.bmp",
}
FAST_COMMANDS = {    # those that would take plain Python minutes
    "classify": "classify -j 1",
    "classify wide": "classify -i wide.bmp --top 7 -j 2",
    "classify json": "classify -i tiny.bmp --top 2 --json",
    "dream default": "dream --exact --octaves 2 --steps 2 -j 1 -o out.bmp",
    "dream default, 2 jobs": "dream --exact --octaves 2 --steps 2 -j 2 -o out.bmp",
    "dream wide": f"dream --exact {WIDE} -j 1 -o out.bmp",
    "dream wide, 2 jobs": f"dream --exact {WIDE} -j 2 -o out.bmp",
    "dream wide, c89": f"dream {WIDE} --preset c89 -o out.bmp",
    "dream wide, 5b": f"dream --exact {WIDE} --layer inception_5b_output -o out.bmp",
    "dream wide, options": f"dream --exact {WIDE} --layer inception_3b_output --octave-scale 1.3 --step-size 4 "
                           "-o out.bmp",
    "dream tiny": "dream --exact -i tiny.bmp --tile 64 --octaves 4 --steps 3 --max-size 30 -o out.bmp",
    "dream prob": "dream --exact -i noise.bmp --tile 64 --octaves 1 --steps 3 --layer prob -o out.bmp",
    "adversarial": "adversarial --exact --steps 3 -o out.bmp",
    "adversarial wide": "adversarial --exact -i wide.bmp --target goldfish -j 1 -o out.bmp",
    "dream default, not exact": "dream --octaves 2 --steps 2 -j 1 -o out.bmp",
    "dream default, not exact, 2 jobs": "dream --octaves 2 --steps 2 -j 2 -o out.bmp",
    "dream wide, 5b, not exact": f"dream {WIDE} --layer inception_5b_output -o out.bmp",
    "test": "test --exact -j 1",
    "test, 2 jobs": "test --exact -j 2",
}
RECORDED: dict[tuple[str, str], str] = {
    ("python", "dream small"): "3 b0d9ff5ffe25a1a5",
    ("python", "dream small, 2 jobs"): "3 b0d9ff5ffe25a1a5",
    ("python", "dream small, c89"): "3 419bfc5601b51fd4",
    ("python", "dream wide, pool"): "2 94b5d63cf37c82ef",
    ("avx2", "dream small"): "3 4039a99758e6a20e",
    ("avx2", "dream small, 2 jobs"): "3 4039a99758e6a20e",
    ("avx2", "dream small, c89"): "3 1a17e10b2a5f34d3",
    ("avx2", "dream wide, pool"): "2 94b5d63cf37c82ef",
    ("avx2", "classify"): "0 6539a2c8a2ec815b",
    ("avx2", "classify wide"): "0 6760ae0b8fdc3433",
    ("avx2", "classify json"): "0 60ab10ee1ecf6d61",
    ("avx2", "dream default"): "3 178b3eddc626284c",
    ("avx2", "dream default, 2 jobs"): "3 178b3eddc626284c",
    ("avx2", "dream wide"): "3 a6ec6b1aa56d4886",
    ("avx2", "dream wide, 2 jobs"): "3 a6ec6b1aa56d4886",
    ("avx2", "dream wide, c89"): "3 66629527a9b61869",
    ("avx2", "dream wide, 5b"): "3 d0d14ec7f53f4e08",
    ("avx2", "dream wide, options"): "3 32a8ad91371d1248",
    ("avx2", "dream tiny"): "4 e616d9eaca0c61b8",
    ("avx2", "dream prob"): "2 85105ba48c01e76b",
    ("avx2", "adversarial"): "1 1c92c754be5e69c3",
    ("avx2", "adversarial wide"): "1 0b97f20d69a7a0ab",
    ("avx2", "dream default, not exact"): "3 b19855745be32e91",
    ("avx2", "dream default, not exact, 2 jobs"): "3 b19855745be32e91",
    ("avx2", "dream wide, 5b, not exact"): "3 a70e625382ce376d",
    ("avx2", "test"): "0 75652083239642a5",
    ("avx2", "test, 2 jobs"): "0 75652083239642a5",
}


def bitmap(width: int, height: int, seed: int) -> bytes:
    """A 24-bit BMP file of a gradient under noise, made without deepdream."""
    numbers = random.Random(seed)
    padding = bytes(-3 * width % 4)
    rows = [b"".join(bytes(min(255, value + numbers.randrange(64)) for value in
                           (255 * x // width, 255 * y // height, 190 * (x ^ y) // (width + height)))
                     for x in range(width)) + padding for y in range(height)]
    size = sum(map(len, rows))
    header = struct.pack("<2sIHHI", b"BM", 54 + size, 0, 0, 54)
    header += struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, size, 2835, 2835, 0, 0)
    return header + b"".join(rows)


def outcome(engine: str, command: str) -> str:
    """A fingerprint of what a command prints and of all pictures that it writes, whatever their names."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("DEEPDREAM")}
    if engine != "python":
        environment["DEEPDREAM_JIT"] = engine
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        inputs = {"noise.bmp": (64, 64), "wide.bmp": (90, 61), "tiny.bmp": (13, 9)}
        for seed, (file, size) in enumerate(inputs.items()):
            (folder / file).write_bytes(bitmap(*size, seed))
        words = [*command.split(), "--engine", "python" if engine == "python" else "simd"]
        done = subprocess.run([sys.executable, str(ROOT / "deepdream.py"), *words, "--model", "drawn"], cwd=folder,
                              env={**environment, "HOME": name}, stdin=subprocess.DEVNULL, capture_output=True,
                              timeout=300)
        digest = hashlib.sha256(b"%d %b" % (done.returncode, done.stdout))
        pictures = sorted(path.read_bytes() for path in folder.glob("*.bmp") if path.name not in inputs)
        for picture in pictures:
            digest.update(picture)
    return f"{len(pictures)} {digest.hexdigest()[:16]}"


def all_commands():
    for engine, commands in (("python", COMMANDS), ("avx2", COMMANDS | FAST_COMMANDS)):
        for name, command in commands.items():
            yield engine, name, command


@unittest.skipUnless(sys.platform.startswith("linux") and platform.machine() == "x86_64", "recorded on Linux x86-64")
class Regression(unittest.TestCase):
    def test_same_bytes_as_before(self):
        version = subprocess.run([sys.executable, str(ROOT / "deepdream.py"), "--version"], capture_output=True,
                                 text=True, env={**os.environ, "DEEPDREAM_JIT": "avx2"}).stdout
        for engine, name, command in all_commands():
            if engine != "python" and engine not in version:
                continue
            with self.subTest(engine=engine, command=name):
                self.assertEqual(outcome(engine, command), RECORDED[engine, name])


if __name__ == "__main__":
    if sys.argv[1:] == ["record"]:
        for engine, name, command in all_commands():
            print(f"    ({engine!r}, {name!r}): {outcome(engine, command)!r},".replace("'", '"'), flush=True)
    else:
        unittest.main()
