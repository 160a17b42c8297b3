"""JPEG files in and out.

    python3 test/test_jpeg.py          or all tests: python3 -m unittest discover -s test

Oracles: test/pictures/jpeg (files by other programs and what djpeg of libjpeg-turbo 2.1.5 reads in them, made by the
script there); the same of other pictures, where its programs are; the transform of T.81 in floats.
"""

import array
import contextlib
import functools
import importlib.util
import io
import math
import pathlib
import random
import shutil
import struct
import subprocess
import tempfile
import time
import tracemalloc
import unittest
import zipfile

from deepdream import DeepDreamError, Picture
from deepdream_extras.formats import Decoded, Extras, jpeg

FOLDER = pathlib.Path(__file__).resolve().parent / "pictures" / "jpeg"
spec = importlib.util.spec_from_file_location("make_jpeg", FOLDER / "make.py")
make = importlib.util.module_from_spec(spec)
spec.loader.exec_module(make)
FILES = {path.stem: path for path in sorted(FOLDER.glob("*.jpg"))}
SOURCE = (FOLDER / "source.ppm").read_bytes()


def decode(name: str, longest: int = 0) -> Decoded:
    return jpeg.decode(FILES[name].read_bytes(), name, longest)


def pnm(data: bytes) -> tuple[int, int, bytes]:
    """Width, height and red, green, blue of a PPM or PGM file."""
    kind, sides, _, samples = data.replace(b" 255\n", b"\n255\n", 1).replace(b"P6 ", b"P6\n", 1).split(b"\n", 3)
    width, height = map(int, sides.split())
    if kind == b"P5":
        samples = bytes(level for level in samples for _ in range(3))
    return width, height, samples


def rgb(pixels: bytes | bytearray) -> bytearray:
    result = bytearray(pixels)
    result[::3], result[2::3] = pixels[2::3], pixels[::3]
    return result


def source() -> Picture:
    width, height, samples = pnm(SOURCE)
    return Picture(width, height, rgb(samples))


def noise(width: int, height: int, seed: int = 1) -> Picture:
    return Picture(width, height, bytearray(random.Random(seed).randbytes(width * height * 3)))


def smooth(width: int, height: int) -> Picture:
    return Picture(width, height, bytearray(int(128 + 100 * math.sin(x / 19 + c) * math.cos(y / 23 - c))
                                            for y in range(height) for x in range(width) for c in range(3)))


def squares(a: bytes, b: bytes) -> float:
    """The mean squared difference."""
    return sum((x - y) ** 2 for x, y in zip(a, b)) / len(a)


# ---- Files by hand

def segment(marker: int, body: bytes) -> bytes:
    return struct.pack(">2B H", 0xff, marker, len(body) + 2) + body


def huffman(kind: int, *symbols: tuple[int, int]) -> bytes:
    """A table of (symbol, bits)."""
    counts = [sum(length == i for _, length in symbols) for i in range(1, 17)]
    return segment(0xc4, bytes([kind, *counts]) + bytes(symbol for symbol, _ in symbols))


def frame(marker: int, width: int, height: int, *samplings: int) -> bytes:
    parts = b"".join(bytes([i, sampling, 0]) for i, sampling in enumerate(samplings, 1))
    return segment(marker, struct.pack(">B 2H B", 8, height, width, len(samplings)) + parts)


def scan(components: int, first: int = 0, last: int = 63, bits: int = 0) -> bytes:
    parts = b"".join(bytes([i, 0]) for i in range(1, components + 1))
    return segment(0xda, bytes([components]) + parts + bytes([first, last, bits]))


BEGIN = b"\xff\xd8" + segment(0xdb, bytes([0]) + bytes([1]) * 64)
FLAT = huffman(0x00, (0, 1), (1, 2)) + huffman(0x10, (0, 1), (1, 2))        # zero bits say: nothing changes
FULL = huffman(0x00, (0, 1), (1, 2)) + huffman(0x10, (1, 1), (2, 2))        # zero bits say: 63 times -1
ENDS = huffman(0x00, (0, 1), (1, 2)) + huffman(0x10, (0xe0, 1), (1, 2))     # zero bits say: 2**14 blocks end
END = b"\xff\xd9"


class ReadsTheSame(unittest.TestCase):
    """Not one level away from libjpeg, also in what is left of damaged files."""

    def assert_same(self, found: Decoded, reference: bytes) -> None:
        width, height, samples = pnm(reference)
        self.assertEqual((found.width, found.height), (width, height))
        self.assertEqual(rgb(found.pixels), samples)

    def test_committed_files(self) -> None:
        with zipfile.ZipFile(FOLDER / "references.zip") as references:
            names = references.namelist()
            self.assertEqual({name.partition("@")[0] for name in names}, set(FILES))
            for name in names:
                with self.subTest(name):
                    stem, _, scale = name.partition("@")
                    whole = decode(stem)
                    longest = -(-max(whole.width, whole.height) // int(scale or 1))
                    self.assert_same(decode(stem, longest if scale else 0), references.read(name))

    @unittest.skipUnless(shutil.which("cjpeg") and shutil.which("djpeg") and shutil.which("jpegtran"),
                         "needs libjpeg-turbo-progs")
    def test_other_pictures(self) -> None:
        for picture in (source(), noise(1, 1), noise(3, 17), noise(33, 2), smooth(70, 49), noise(16, 16)):
            ppm = b"P6\n%d %d\n255\n" % (picture.width, picture.height) + rgb(picture.pixels)
            with tempfile.TemporaryDirectory() as folder:
                make.make_libjpeg(ppm, pathlib.Path(folder))
                for path in sorted(pathlib.Path(folder).glob("*.jpg")):
                    with self.subTest(path.stem, width=picture.width):
                        data = path.read_bytes()
                        self.assert_same(jpeg.decode(data, path.stem), make.reference(data))

    def test_longest(self) -> None:
        for longest, side in ((0, 45), (100, 45), (45, 45), (24, 45), (23, 23), (13, 23), (12, 12), (6, 6), (1, 6)):
            self.assertEqual(max(decode("pillow", longest)[:2]), side, longest)

    def test_what_comes_with_it(self) -> None:
        self.assertEqual(decode("pillow-orientation").orientation, 6)
        self.assertEqual(decode("pillow-comment").comment, "dröm")
        self.assertEqual(decode("pillow-profile").profile, bytes(range(256)) * 300)
        self.assertEqual(decode("pillow")[3:], (None, None, "", 1, (), None))

    def test_warnings(self) -> None:
        for name in FILES:
            found = decode(name).warnings
            expected = {"hand-no-end": jpeg.NO_END, "hand-rubbish-behind": jpeg.RUBBISH}.get(name, jpeg.DAMAGED)
            damaged = name in ("hand-no-end", "hand-rubbish-behind", "hand-cut", "hand-stretch-lost",
                               "hand-stretch-twice")
            if name != "hand-bits-flipped":
                self.assertEqual(found, (expected,) if damaged else (), name)


class Steps(unittest.TestCase):
    """The steps alone, against loops from their formulas."""

    def test_windows(self) -> None:
        data = random.Random(3).randbytes(99)
        bits = "".join(f"{byte:08b}" for byte in data) + "0" * 24
        self.assertEqual(list(jpeg.windows(data))[:8 * 99], [int(bits[p:p + 16], 2) for p in range(8 * 99)])

    def test_inverse_dct(self) -> None:
        rng = random.Random(5)
        coefficients = array.array("h", bytes(128 * 31))
        for _ in range(31 * 9):
            coefficients[rng.randrange(64 * 31)] = rng.randrange(-9, 10)
        for size in (8, 4, 2, 1):
            found = jpeg.inverse_dct(coefficients, range(1, 65), size)
            for block in range(31):
                levels = self.transform([value * k for k, value in
                                         enumerate(coefficients[64 * block:64 * block + 64], 1)])
                step = 8 // size
                for y in range(size):
                    for x in range(size):
                        mean = sum(levels[8 * (y * step + i) + x * step + j] for i in range(step)
                                   for j in range(step)) / step ** 2
                        level = found[31 * size * y + size * block + x]
                        self.assertLess(abs(max(0, min(255, mean)) - level), 0.6)

    @staticmethod
    @functools.cache
    def wave(u: int, x: int) -> float:
        return math.cos((2 * x + 1) * u * math.pi / 16) * (0.5 if u else 0.5 ** 1.5)

    def transform(self, coefficients: list[int]) -> list[float]:
        """T.81, A.3.3."""
        terms = [(*divmod(natural, 8), value) for natural, value in zip(jpeg.ZIGZAG, coefficients) if value]
        return [128 + sum(self.wave(v, y) * self.wave(u, x) * value for v, u, value in terms)
                for y in range(8) for x in range(8)]

    def test_inverse_dct_of_anything(self) -> None:
        """No lane runs over into its neighbours, whatever the numbers."""
        rng = random.Random(6)
        extremes = array.array("h", [rng.choice((-32768, 32767, 0, rng.randrange(-999, 999))) for _ in range(64 * 9)])
        quiet = array.array("h", bytes(128))
        for divisors in ((65535,) * 64, (255,) * 64, (1,) * 64, [rng.randrange(1, 65536) for _ in range(64)]):
            for size in (8, 4, 2, 1):
                together = jpeg.inverse_dct(extremes, divisors, size)
                for block in range(9):
                    # alone, where another lane's borrow would be missing
                    alone = jpeg.inverse_dct(quiet + extremes[64 * block:64 * block + 64] + quiet, divisors, size)
                    for y in range(size):
                        at = 9 * size * y + size * block
                        self.assertEqual(together[at:at + size], alone[3 * size * y + size:3 * size * y + 2 * size])

    def test_colours(self) -> None:
        y, cb, cr = (bytes(values) for values in zip(*((a, b, c) for a in (0, 1, 77, 128, 254, 255)
                                                       for b in range(0, 256, 3) for c in range(256))))
        expected = bytearray()
        for a, b, c in zip(y, cb, cr):
            for extra in ((116130 * (b - 128) + 32768) >> 16, (-22554 * (b - 128) - 46802 * (c - 128) + 32768) >> 16,
                          (91881 * (c - 128) + 32768) >> 16):
                expected.append(max(0, min(255, a + extra)))
        self.assertEqual(jpeg.ycc_to_bgr(y, cb, cr), expected)

    def test_cmyk(self) -> None:
        ink, black = (bytes(values) for values in zip(*((a, b) for a in range(256) for b in range(256))))
        expected = bytes((2 * a * b + 255) // 510 for a, b in zip(ink, black))
        self.assertEqual(jpeg.cmyk_to_bgr(ink, ink, ink, black)[1::3], expected)

    def test_forward_dct(self) -> None:
        rng = random.Random(7)
        lines = [bytes(rng.choice((0, 255, rng.randrange(256))) for _ in range(8 * 6)) for _ in range(16)]
        for divisor in (1, 7, 255):
            found = jpeg.forward_dct(lines, [divisor] * 64, 2)
            for mcu in range(3):
                for j in range(4):
                    block = [line[16 * mcu + 8 * (j % 2):][:8] for line in lines[8 * (j // 2):][:8]]
                    at = 64 * (4 * mcu + j)
                    for k in range(0, 64, 5):
                        v, u = divmod(jpeg.ZIGZAG[k], 8)
                        exact = sum((block[y][x] - 128) * self.wave(v, y) * self.wave(u, x)
                                    for y in range(8) for x in range(8)) / divisor
                        self.assertLess(abs(found[at + k] - exact), 0.5 + 0.5 / divisor)

    def test_shortest(self) -> None:
        for numbers in ({5: 1}, {0: 3, 9: 3, 17: 1}, {i: 2 ** min(i, 40) for i in range(60)},
                        dict.fromkeys(range(256), 1)):
            codes = jpeg.shortest(jpeg.Counter(numbers))
            self.assertTrue(jpeg.fits(codes.counts))
            self.assertLess(codes.ends[-1], 2 ** 16)            # ones alone are no code
            self.assertEqual(sorted(codes.symbols), sorted(numbers))
            for text_symbol, text in jpeg.code_texts(codes).items():
                self.assertEqual(codes.find(int(text.ljust(16, "0"), 2)), (len(text), text_symbol))


class Writes(unittest.TestCase):

    def test_within_its_loss(self) -> None:
        """Twice what was measured; the picture is all edges, and loses colour in 4:2:0."""
        picture = source()
        for quality, fine, coarse in ((100, 1.1, 110), (92, 54, 150), (50, 370, 490)):
            for subsampling in ("4:4:4", "4:2:0"):
                data = jpeg.encode(picture, Extras(quality=quality, subsampling=subsampling))
                found = jpeg.decode(data, "ours")
                self.assertEqual(found[:2], (picture.width, picture.height))
                self.assertEqual(found[3:], (None, None, "", 1, (), None))
                self.assertLess(squares(found.pixels, picture.pixels), fine if subsampling == "4:4:4" else coarse)

    def test_smooth_pictures_keep_their_colour(self) -> None:
        picture = smooth(61, 50)
        for subsampling in ("4:4:4", "4:2:0"):
            found = jpeg.decode(jpeg.encode(picture, Extras(95, subsampling)), "ours")
            self.assertLess(squares(found.pixels, picture.pixels), 3)

    @unittest.skipUnless(shutil.which("djpeg"), "needs libjpeg-turbo-progs")
    def test_djpeg_reads_the_same(self) -> None:
        for picture in (source(), noise(1, 1), noise(17, 31), smooth(16, 8), noise(40, 9), smooth(300, 3)):
            for quality in (1, 75, 100):
                for subsampling in ("4:4:4", "4:2:0"):
                    data = jpeg.encode(picture, Extras(quality, subsampling))
                    result = subprocess.run(["djpeg", "-ppm"], input=data, capture_output=True)
                    self.assertEqual(result.stderr, b"")
                    self.assertEqual(pnm(result.stdout)[2], rgb(jpeg.decode(data, "ours").pixels))

    def test_pillow_reads_what_comes_with_it(self) -> None:
        try:
            from PIL import Image
        except ImportError:
            self.skipTest("needs Pillow")
        extras = Extras(comment="dröm", profile=bytes(70000))
        with Image.open(io.BytesIO(jpeg.encode(source(), extras))) as picture:
            picture.load()
            self.assertEqual(picture.info["comment"], "dröm".encode())
            self.assertEqual(picture.info["icc_profile"], bytes(70000))

    def test_comment_and_profile(self) -> None:
        for comment in ("", "x", "two\nlines\n\n", "ä" * 70000, "y" * 65533):
            extras = Extras(comment=comment, profile=random.Random(1).randbytes(200000))
            found = jpeg.decode(jpeg.encode(noise(8, 8), extras), "ours")
            self.assertEqual((found.comment, found.profile), (comment, extras.profile))

    def test_extremes(self) -> None:
        for pixels in (b"\0\0\0\xff\xff\xff", b"\xff\0\0\0\0\xff", b"\0\0\0", b"\xff\xff\xff"):
            picture = Picture(20, 24, bytearray(pixels * (20 * 24 * 3 // len(pixels))))
            for quality in (1, 100):
                jpeg.decode(jpeg.encode(picture, Extras(quality)), "ours")

    def test_wrong_calls(self) -> None:
        for extras in (Extras(quality=0), Extras(quality=101), Extras(subsampling="4:2:2")):
            with self.assertRaises(ValueError):
                jpeg.encode(noise(8, 8), extras)


class Refuses(unittest.TestCase):

    def test_one_line_each(self) -> None:
        base = FILES["libjpeg-quality-75"].read_bytes()
        size = base.index(b"\xff\xc0")
        for data, words in (
                (b"", "not a JPEG"), (b"GIF89a", "not a JPEG"), (base[:100], "cut off"),
                (base[:2] + END, "ends before"),
                (base[:size] + b"\xff\xc9" + base[size + 2:], "arithmetic"),
                (base[:size] + b"\xff\xc3" + base[size + 2:], "lossless"),
                (base[:size] + b"\xff\xc5" + base[size + 2:], "hierarchical"),
                (base[:size + 4] + b"\x0c" + base[size + 5:], "12 bits"),
                (BEGIN + FLAT + frame(0xc0, 8, 8, 0x01) + scan(1) + END, "sampling"),
                (BEGIN + FLAT + frame(0xc0, 8, 8, 0x15) + scan(1) + END, "sampling"),
                (BEGIN + FLAT + frame(0xc0, 0, 8, 0x11) + scan(1) + END, "0 x 8"),
                (BEGIN + FLAT + frame(0xc0, 8, 0, 0x11) + scan(1) + END, "8 x 0"),
                (BEGIN + FLAT + frame(0xc0, 8, 20000, 0x11) + scan(1) + END, "20000"),
                (BEGIN + FLAT + frame(0xc0, 8, 8, 0x11, 0x11) + scan(2) + END, "2 components"),
                (BEGIN + FLAT + frame(0xc0, 8, 8, 0x11) * 2, "twice"),
                (BEGIN + FLAT + frame(0xc0, 8, 8, 0x44, 0x44, 0x11) + scan(3) + END, "10 blocks"),
                (BEGIN + FLAT + frame(0xc0, 8, 8, 0x11) + scan(3) + END, "component 2"),
                (BEGIN + FLAT + scan(1) + END, "before its size"),
                (b"\xff\xd8" + frame(0xc0, 8, 8, 0x11) + scan(1) + END, "quantisation table 0"),
                (BEGIN + huffman(0, (1, 1), (2, 1), (3, 1)), "Huffman"),
                (BEGIN + huffman(0, (99, 1)) + frame(0xc0, 8, 8, 0x11) + scan(1), "Huffman"),
                (BEGIN + frame(0xc2, 8, 8, 0x11) + scan(1, 5, 3), "progressive scan"),
                (BEGIN + frame(0xc2, 8, 8, 0x11, 0x11, 0x11) + scan(3, 1, 63), "progressive scan"),
                (BEGIN + FLAT + frame(0xc0, 16384, 16384, 0x11) + scan(1) + bytes(9000) + END, "cut off")):
            with self.subTest(words), self.assertRaisesRegex(DeepDreamError, f"^x.jpg: [^\n]*{words}[^\n]*; [^\n]+$"):
                jpeg.decode(data, "x.jpg")


class Hostile(unittest.TestCase):
    """Whatever is in a file: a picture or one line, soon, and without much memory."""

    def quick(self, data: bytes) -> None:
        """2 s of the processor's time are wanted, the most measured was 1.5 s; slow or busy machines are forgiven."""
        for _ in range(3):
            start = time.process_time()
            with contextlib.suppress(DeepDreamError):
                jpeg.decode(data, "x")
            if time.process_time() - start < 6:
                return
        self.fail("too slow three times")

    def test_restart_markers(self) -> None:
        marks = b"".join(bytes([0xff, 0xd0 + i % 8]) for i in range(50000))
        every = segment(0xdd, b"\0\1")
        for tables in (FLAT, FULL):
            for order in (marks, b"\xff\xd2" * 50000, marks.replace(b"\xff", b"\x55\xff")[:100_000]):
                self.quick(BEGIN + tables + frame(0xc0, 1024, 1024, 0x11) + every + scan(1) + order + END)
        self.quick(BEGIN + FULL + frame(0xc0, 1024, 1024, 0x22, 0x11, 0x11) + every + scan(3) + marks + END)

    def test_scans(self) -> None:
        begin = BEGIN + ENDS + frame(0xc2, 1024, 1024, 0x11) + scan(1, 0, 0) + bytes(2048)
        self.quick(begin + scan(1, 1, 63) * 9000 + END)
        bits = [0x0d] + [low + 1 << 4 | low for low in range(12, -1, -1)]
        for data in (b"", b"\0" * 9, b"\x7f" * 9):
            self.quick(begin + b"".join(scan(1, k, k, bit) + data for k in range(1, 64) for bit in bits) + END)
        self.quick(BEGIN + FLAT + frame(0xc0, 1024, 1024, 0x11) + (scan(1) + b"\0") * 8000 + END)
        for sampling in (0x11, 0x41):       # rows of one block each, in a plane of one or four
            begin = BEGIN + ENDS + frame(0xc2, 8, 16384, sampling, 0x11, 0x11) + scan(3, 0, 0) + bytes(2048)
            self.quick(begin + b"".join(scan(1, k, k, bit) + b"\x7f" for k in range(1, 64) for bit in bits) + END)

    def test_refinements_for_nothing(self) -> None:
        """A coefficient in each block, and then scans that look at all blocks to find nothing in their bands."""
        tables = huffman(0x00, (0, 1), (1, 2)) + huffman(0x10, (0xe0, 2), (1, 2), (0, 2))
        bits = [0x0d] + [low + 1 << 4 | low for low in range(12, -1, -1)]
        for head in (frame(0xc2, 1024, 1024, 0x11) + scan(1, 0, 0),
                     frame(0xc2, 8, 16384, 0x41, 0x11, 0x11) + scan(3, 0, 0),
                     frame(0xc2, 24, 16384, 0x41, 0x11, 0x11) + scan(3, 0, 0)):
            begin = BEGIN + tables + head + bytes(2048)
            begin += scan(1, 1, 1, 0x0d) + bytes([0b01101101, 0b10110110, 0b11011011]) * 2048
            self.quick(begin + b"".join(scan(1, k, k, bit) + b"\x1f" * 5 for k in range(2, 64) for bit in bits) + END)

    def test_segments(self) -> None:
        for body in (FLAT * 1700, segment(0xdb, bytes(65) * 900), b"\xff\xfe\0\2" * 25000, b"\xff" * 100_000,
                     b"\xff\x01" * 50000, bytes(100_000), b"\xff\xd9" * 50000, b"\xff\0" * 50000):
            self.quick(BEGIN + body)

    def test_little_data_for_much_picture(self) -> None:
        data = random.Random(4).randbytes(100_000).replace(b"\xff", b"\0")
        self.quick(BEGIN + FLAT + frame(0xc0, 4000, 4000, 0x22, 0x11, 0x11) + scan(3) + data + END)
        self.quick(BEGIN + FULL + frame(0xc0, 1, 16384, 0x44) + scan(1) + data + END)
        self.quick(BEGIN + FULL + frame(0xc0, 16384, 1, 0x44) + scan(1) + END)

    def test_memory(self) -> None:
        """4 times the picture's bytes; measured: 3.3 for CMYK, whose coefficients take 8 bytes a pixel."""
        for kind, samplings in ((0xc0, (0x11,) * 4), (0xc2, (0x11,) * 3)):
            last = 0 if kind == 0xc2 else 63
            data = BEGIN + FLAT + frame(kind, 1024, 1000, *samplings) + scan(len(samplings), 0, last)
            tracemalloc.start()
            jpeg.decode(data + bytes(30000) + END, "x")
            self.assertLess(tracemalloc.get_traced_memory()[1], 4 * 3 * 1024 * 1000)
            tracemalloc.stop()

    def test_mutations(self) -> None:
        """Thousands of broken files."""
        rng = random.Random(1)
        files = [path.read_bytes() for path in FILES.values() if path.stat().st_size < 9000]
        kept = 0
        for _ in range(2000):
            data = bytearray(rng.choice(files))
            at = rng.randrange(len(data))
            kind = rng.randrange(6)
            if kind == 0:
                del data[at:]
            elif kind == 1:
                for _ in range(rng.randrange(1, 9)):
                    data[rng.randrange(len(data))] = rng.randrange(256)
            elif kind == 2:
                data[rng.randrange(min(len(data), 700))] ^= 1 << rng.randrange(8)
            elif kind == 3:
                del data[at:at + rng.randrange(99)]
            elif kind == 4:
                data[at:at] = rng.choice(files)[-rng.randrange(400):]
            else:
                data[at:at + 2] = bytes([0xff, rng.choice(b"\x00\xc0\xc2\xc4\xd0\xd3\xd9\xda\xdb\xdd\xff")])
            try:
                found = jpeg.decode(bytes(data), "x", rng.choice((0, 0, 0, 10)))
            except DeepDreamError as error:
                self.assertRegex(str(error), r"^x: [^\n]+; [^\n]+$")
            else:
                kept += 1
                self.assertEqual(len(found.pixels), 3 * found.width * found.height)
        self.assertGreater(kept, 800)


if __name__ == "__main__":
    unittest.main()
