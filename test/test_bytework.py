"""The steps of the picture formats as machine code give the same bytes as the Python functions that they stand in for.

    PYTHONPATH=.:test python3 test/test_bytework.py guarded avx2 end    (what a test runs in a child process)
"""

import contextlib
import ctypes
import faulthandler
import mmap
import random
import subprocess
import sys
import unittest
import zlib
from array import array
from unittest import mock

from helpers import MODULES, REFUSED, ROOT, SETS, run_python

import deepdream
from deepdream_extras import formats
from deepdream_extras.formats import bytework, gif, jpeg, png
from deepdream_extras.simd import memory, systems

PICTURES = ROOT / "test" / "pictures"
NEVER = 2 ** 62


# ---- Every step ------------------------------------------------------------------------------------------------------
# A case is a function of a module (jpeg, png or gif, or bytework) and of what makes arrays of a format from bytes.
# What it gives must not depend on them. All is drawn beforehand.

def array_of(form, data):
    return bytearray(data) if form == "B" else array(form, data)


def some_codes(dice, most_symbol):
    """A Huffman table that has a code for most of what may come."""
    if dice.random() < 0.3:
        return dice.choice(list(jpeg.standard_codes().values())[:2 if most_symbol < 16 else 4])
    symbols = dice.sample(range(most_symbol + 1), dice.randrange(1, min(most_symbol, 60) + 1))
    if dice.random() < 0.7:                     # many ends of blocks and small numbers
        symbols = [*dict.fromkeys([0, 1, 2, *symbols])]
    return jpeg.shortest({symbol: dice.randrange(1, 10) ** dice.randrange(1, 9) for symbol in symbols})


def component(shape, plane, data=b""):
    h, v, across, down = shape
    part = jpeg.Component(1, h, v, 0)
    part.across, part.down = across, down
    part.coefficients = plane("h", data or bytes(128 * across * down))
    part.touched = plane("B", bytes(across * down))
    return part


def walked(walk, bits, wide, high):
    """All rows of a scan; what each step says."""
    return [walk(bits, y, 0, wide) for y in range(high)]


def scans(dice):
    """Coefficients from random data, by all kinds of scans."""
    single = dice.random() < 0.5
    wide, high = dice.randrange(1, 40), dice.randrange(1, 4)
    shapes = [(h, v, wide * h, high * v) for h, v in
              ([(1, 1)] if single else dice.choice([[(2, 2), (1, 1), (1, 1)], [(1, 1)] * 3, [(4, 1), (1, 2)]]))]
    dc = [some_codes(dice, 15) for _ in shapes]
    ac = [some_codes(dice, 255) for _ in shapes]
    data = [dice.randbytes(dice.choice([0, 1, 7, 50, 300, 3000])) for _ in range(6)]
    low = dice.randrange(4)
    first = dice.randrange(1, 64)
    last = dice.randrange(first, 64)

    def baseline(module, plane):
        parts = [component(shape, plane, b"\x55" * (128 * shape[2] * shape[3])) for shape in shapes]
        bits = module.Bits(data[0])
        tables = [(jpeg.First(d, a), jpeg.Rest(a)) for d, a in zip(dc, ac)]
        own = [jpeg.Shape(part, part.h, part.v) for part in parts]
        said = walked(lambda *place: module.decode_baseline(own, tables, *place), bits, wide, high)
        return said, [bytes(part.coefficients) for part in parts]

    def progressive(module, plane):
        parts = [component(shape, plane) for shape in shapes]
        own = [jpeg.Shape(part, part.h, part.v) for part in parts]
        symbols = [jpeg.Symbols(codes) for codes in dc]
        said = [walked(lambda *place: module.decode_dc(own, symbols, low + 1, *place), module.Bits(data[1]), wide,
                       high),
                walked(lambda *place: module.refine_dc(own, low, *place), module.Bits(data[2]), wide, high)]
        file, part = jpeg.File(b"\xff\xd8", "x"), parts[0]
        said.append(walked(lambda *place: module.decode_ac(jpeg.Runs(ac[0], low + 1), part, first, last, *place),
                           module.Bits(data[3]), part.across, part.down))
        for i, bit in enumerate((low, low, low)):
            said.append(walked(lambda *place, bit=bit: module.refine_ac(
                file, jpeg.Symbols(ac[-1]), part, first, last, bit, *place),
                module.Bits(data[4 + i % 2]), part.across, part.down))
        return said, file.work, bytes(part.touched), [bytes(part.coefficients) for part in parts]

    return {"baseline": baseline, "progressive": progressive}


def transforms(dice):
    count = dice.randrange(1, 40)
    largest = dice.choice([3, 300, 0x7fff])
    values = [dice.randrange(-largest, largest + 1) if dice.random() < 0.3 else 0 for _ in range(64 * count)]
    values[::64] = [dice.randrange(-0x8000, 0x8000) if largest == 0x7fff else dice.randrange(-900, 900)
                    for _ in range(count)]
    divisors = [dice.randrange(1, dice.choice([2, 30, 256, 65536])) for _ in range(64)]
    size, factor = dice.choice([8, 4, 2, 1]), dice.choice([1, 2])
    lines = [dice.randbytes(8 * count * factor) if dice.random() < 0.8 else dice.choice([b"\0", b"\xff"]) * (
        8 * count * factor) for _ in range(8 * factor)]
    quality = jpeg.scaled(dice.choice([jpeg.LUMA, jpeg.CHROMA]), dice.randrange(1, 101))
    return {f"inverse {size}": lambda module, plane: bytes(
                module.inverse_dct(plane("h", array("h", values).tobytes()), divisors, size)),
            f"forward {factor}": lambda module, plane: module.forward_dct(lines, quality, factor)}


def lines_of_samples(dice):
    count = dice.randrange(1, 200)
    lines = [dice.randbytes(count) for _ in range(dice.randrange(1, 5))]
    width, pixels = 2 * count - dice.randrange(2), dice.randbytes(3 * count)
    planes = [dice.randbytes(count) for _ in range(3)]
    even = [dice.randbytes(2 * count) for _ in range(2)]
    twice = dice.random() < 0.7
    return {"widened": lambda module, plane: module.widened(width, lines[0]),
            "heightened": lambda module, plane: list(module.heightened(iter(lines), width if twice else count, twice)),
            "ycc_to_bgr": lambda module, plane: bytes(module.ycc_to_bgr(*planes)),
            "bgr_to_ycc": lambda module, plane: module.bgr_to_ycc(pixels),
            "halved": lambda module, plane: module.halved(*even)}


def coded(dice):
    mcus, rows, luma = dice.randrange(1, 30), dice.randrange(1, 4), dice.choice([1, 4])
    often = dice.choice([0.01, 0.1, 0.9])

    def coefficients(blocks):
        values = [round(dice.gauss(0, dice.choice([1, 30, 900]))) if dice.random() < often else 0
                  for _ in range(64 * blocks)]
        return array("h", values).tobytes()

    data = [[coefficients(mcus * blocks) for _ in range(rows)] for blocks in (luma, 1, 1)]

    def case(module, plane):
        planes = [[plane("h", row) for row in own] for own in data]
        tables = module.best_tables(planes)
        return [(codes.counts, codes.symbols) for codes in tables], b"".join(module.encode_rows(planes, tables))
    return {"coded": case}


def filters(dice):
    size = dice.choice([1, 2, 3, 4, 6, 8])
    length, rows = size * dice.randrange(1, 60), dice.randrange(1, 9)
    kinds = dice.choice([range(5), [4], [2], [0, 2], [3, 1]])
    lines = b"".join(bytes((dice.choice(kinds),)) + dice.randbytes(length) for _ in range(rows))
    previous = dice.randbytes(length)
    smooth = [bytes((x * dice.randrange(5) + y + dice.randrange(3)) % 256 for x in range(length)) for y in range(rows)]
    return {f"unfilter {size}": lambda module, plane: list(map(bytes, module.unfilter(lines, length, size, previous))),
            f"filtered {size}": lambda module, plane: list(module.filtered(smooth, size))}


def colours(dice):
    count = dice.randrange(1, 400)
    own = [tuple(dice.randbytes(3)) for _ in range(dice.randrange(1, 257))]
    points = [tuple(dice.randbytes(3)) for _ in range(count)]
    few = [dice.randbytes(3) for _ in range(dice.choice([2, 300, 9000]))]
    pixels = b"".join(dice.choices(few, k=dice.choice([100, 3000]))) + b"".join(few)
    size = dice.randrange(2, 9)
    numbers = dice.choice([dice.randbytes, bytes])(dice.choice([1, 2, 300, 20000])).translate(
        bytes(number % 2 ** size for number in range(256)))

    def counted(module, plane):
        histogram = gif.Histogram()
        for part in (pixels, pixels[:300]):
            if module is gif:
                histogram.add(part)
            else:
                module.add_colours(histogram, part)
        return histogram.exact, histogram.cells, histogram.samples
    return {"nearest": lambda module, plane: bytes(module.nearest(own, points)), "counted": counted,
            f"lzw {size}": lambda module, plane: module.lzw_encoded(numbers, size)}


STEPS = ((jpeg, scans), (jpeg, transforms), (jpeg, lines_of_samples), (jpeg, coded), (png, filters), (gif, colours))


def compare(rounds, plane=array_of):
    """All cases, Python's result and ours; the names of those that differ."""
    differ = set()
    for seed in range(rounds):
        for module, draw in STEPS:
            for name, case in draw(random.Random(seed)).items():
                with mock.patch.object(formats, "WORTH", NEVER):
                    expected = case(module, array_of)
                if case(bytework, plane) != expected:
                    differ.add(f"{name} {seed}")
    return differ


@contextlib.contextmanager
def using(name):
    """Machine code of that instruction set, for every picture."""
    with mock.patch.object(bytework, "instruction_set", lambda: name), mock.patch.object(formats, "WORTH", 0):
        yield


@unittest.skipIf(REFUSED, REFUSED)
class Steps(unittest.TestCase):
    def test_same_as_python(self):
        for name in SETS:
            with self.subTest(instructions=name), using(name):
                self.assertEqual(compare(60), set())


# ---- Files -----------------------------------------------------------------------------------------------------------

def result(module, data, *options):
    try:
        return module.decode(data, "x", *options)
    except deepdream.DeepDreamError as error:
        return str(error)


def damaged(dice, data):
    """Some bytes changed, left out or put in, most of them behind the headers of a JPEG file."""
    data = bytearray(data)
    start = max(data.find(b"\xff\xda"), 0) if dice.random() < 0.9 else 0
    for _ in range(dice.choice([1, 1, 2, 5, 20])):
        at = dice.randrange(start, len(data))
        match dice.randrange(4):
            case 0:
                data[at] = dice.randrange(256)
            case 1:
                data[at] ^= 1 << dice.randrange(8)
            case 2:
                data[at:at + dice.randrange(40)] = dice.randbytes(dice.randrange(40))
            case 3:
                del data[max(at, start + 20):]
        if start >= len(data):
            break
    return bytes(data)


def with_other_pixels(dice, data):
    """A PNG file whose pixels are damaged, though no check sum tells."""
    if data.count(b"IDAT") != 1:
        return data
    at = data.index(b"IDAT")
    length = int.from_bytes(data[at - 4:at], "big")
    rows = bytearray(zlib.decompress(data[at + 4:at + 4 + length]))
    for _ in range(9):
        rows[dice.randrange(len(rows))] = dice.randrange(6)
    return data[:at - 4] + png.chunk(b"IDAT", zlib.compress(rows)) + data[at + length + 8:]


@unittest.skipIf(REFUSED, REFUSED)
class Files(unittest.TestCase):
    def both(self, module, data, *options):
        with mock.patch.object(formats, "WORTH", NEVER):
            expected = result(module, data, *options)
        self.assertEqual(result(module, data, *options), expected)

    def test_pictures(self):
        for name in SETS:
            for module, pattern in ((jpeg, "jpeg/*.jp*g"), (png, "png/*.png"), (gif, "gif/*.gif")):
                for path in sorted(PICTURES.glob(pattern)):
                    with self.subTest(instructions=name, file=path.name), using(name):
                        self.both(module, path.read_bytes())
                        if module is jpeg:
                            for longest in (12, 25):
                                self.both(module, path.read_bytes(), longest)

    def test_damaged(self):
        """The same pixels, warnings and messages."""
        dice = random.Random(8)
        files = [path.read_bytes() for path in sorted(PICTURES.glob("jpeg/*.jp*g"))]
        files = [data for data in files if len(data) < 20_000]
        pngs = [path.read_bytes() for path in sorted(PICTURES.glob("png/*.png"))]
        for name in SETS:
            for turn in range(400):
                with self.subTest(instructions=name, turn=turn), using(name):
                    self.both(jpeg, damaged(dice, dice.choice(files)), dice.choice([0, 0, 12]))
            for turn in range(100):
                with self.subTest(instructions=name, turn=turn), using(name):
                    self.both(png, with_other_pixels(dice, dice.choice(pngs)))

    def test_written(self):
        dice = random.Random(9)
        for name in SETS:
            for width, height in ((1, 1), (17, 16), (33, 50)):
                levels = bytes((x * y // 9 + dice.randrange(20)) % 256 for y in range(height) for x in range(3 * width))
                picture = deepdream.Picture(width, height, bytearray(levels))
                for module, options in ((jpeg, {"quality": 80}), (jpeg, {"subsampling": "4:2:0"}), (png, {}),
                                        (gif, {}), (gif, {"dither": True})):
                    with self.subTest(instructions=name, module=module.__name__, size=(width, height), **options):
                        extras = formats.Extras(**options)
                        with mock.patch.object(formats, "WORTH", NEVER):
                            expected = module.encode(picture, extras)
                        with using(name):
                            self.assertEqual(module.encode(picture, extras), expected)


class Chosen(unittest.TestCase):
    """Where it is taken, and where not."""

    PROGRAM = ("import sys\nfrom deepdream_extras import formats\nfrom deepdream_extras.formats import gif, jpeg, png\n"
               "assert 'deepdream_extras.simd' not in sys.modules\n"
               "assert formats.faster(formats.WORTH - 1) is None\n"
               "assert 'deepdream_extras.simd' not in sys.modules\n"
               "print(getattr(formats.faster(formats.WORTH), '__name__', None))")

    def test_not_before_it_is_needed(self):
        expected = None if REFUSED else "deepdream_extras.formats.bytework"
        done = run_python(self.PROGRAM)
        self.assertEqual((done.stdout, done.stderr), (f"{expected}\n", ""))

    def test_switched_off(self):
        done = run_python(self.PROGRAM, DEEPDREAM_JIT="0")
        self.assertEqual((done.stdout, done.stderr), ("None\n", ""))


# ---- Guard pages -----------------------------------------------------------------------------------------------------
# Each piece of memory that a kernel gets lies between pages that nobody may touch, flush with the one behind it ("end";
# a Desk's with its gap) or with the one before it ("start").

PAGE = mmap.PAGESIZE


def forbid(start, size=PAGE):
    if systems.c_library().mprotect(start, size, 0) != 0:
        raise OSError(ctypes.get_errno(), "mprotect")


class GuardedDesk(bytework.Desk):
    flush = "end"

    def lay(self, *sizes):
        if self.size == 0:
            self.size = 1 << 24
            self.memory = mmap.mmap(-1, self.size)
            self.base = memory.address_of(self.memory)
        if systems.c_library().mprotect(self.base, self.size, mmap.PROT_READ | mmap.PROT_WRITE) != 0:
            raise OSError(ctypes.get_errno(), "mprotect")
        places, end = [], 0
        for size in sizes:
            forbid(self.base + end)
            pages = -(-(size + self.GAP) // PAGE) * PAGE
            places.append(end + PAGE + (pages - size - self.GAP if self.flush == "end" else 0))
            end += PAGE + pages
        forbid(self.base + end)
        return places


KEPT = []


def guarded_plane(form, data):
    """A memoryview of a copy of `data` beside pages that must not be touched."""
    data = bytes(data)
    pages = max(-(-len(data) // PAGE), 1) * PAGE
    own = mmap.mmap(-1, pages + 2 * PAGE)
    at = PAGE + (pages - len(data) if GuardedDesk.flush == "end" else 0)
    own[at:at + len(data)] = data
    base = memory.address_of(own)
    forbid(base)
    forbid(base + PAGE + pages)
    KEPT[:] = [*KEPT[-500:], own]
    return memoryview(own)[at:at + len(data)].cast(form)


class GuardedBits(bytework.Bits):
    def __init__(self, data):
        super().__init__(data)
        self.data = guarded_plane("B", self.data)
        self.state[bytework.jpeg_kernels.DATA // 8] = bytework.address(self.data)


def guarded(name, flush):
    faulthandler.enable()
    GuardedDesk.flush = flush
    bytework.DESK = GuardedDesk()
    bytework.Bits = GuardedBits
    bytework.Tables.new = staticmethod(lambda form, count: guarded_plane(form, bytes(array(form).itemsize * count)))
    with using(name):
        differ = compare(25, guarded_plane)
    if differ:
        sys.exit(f"other bytes with guard pages than without: {differ}")


@unittest.skipIf(REFUSED, REFUSED)
class Memory(unittest.TestCase):
    def test_nothing_outside_is_touched(self):
        for name in SETS:
            for flush in ("end", "start"):
                with self.subTest(instructions=name, flush=flush):
                    done = subprocess.run([sys.executable, __file__, "guarded", name, flush], env=MODULES,
                                          capture_output=True, text=True, timeout=300)
                    self.assertEqual(done.returncode, 0, done.stderr[-2000:])


if __name__ == "__main__":
    if sys.argv[1:2] == ["guarded"]:
        guarded(*sys.argv[2:])
    else:
        unittest.main()
