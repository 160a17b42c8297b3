"""PNG and APNG, and what the formats share: alpha on a background, EXIF orientation.

    python3 test/test_png.py

Oracles: test/pictures/png (files by other programs, with what others read in them: make_png.py there), and a writer of
any kind of PNG file with its pixel by pixel definition, written here from the specification. Where Pillow, ffmpeg,
ImageMagick (convert-im6) and netpbm are installed, they and we read each other's files as well.
"""

import gc
import io
import pathlib
import random
import shutil
import struct
import subprocess
import tempfile
import time
import tracemalloc
import unittest
import warnings
import zlib
from fractions import Fraction
from unittest import mock

from deepdream import DeepDreamError, Picture
from deepdream_extras.formats import Decoded, Extras, composed, exif_orientation, png, upright

try:
    from PIL import Image
except ImportError:
    Image = None

FILES = sorted((pathlib.Path(__file__).resolve().parent / "pictures" / "png").glob("*.png"))
CHANNELS = {0: 1, 2: 3, 3: 1, 4: 2, 6: 4}
KINDS = [(0, 1), (0, 2), (0, 4), (0, 8), (0, 16), (2, 8), (2, 16), (3, 1), (3, 2), (3, 4), (3, 8), (4, 8), (4, 16),
         (6, 8), (6, 16)]
PASSES = ((0, 0, 8, 8), (4, 0, 8, 8), (0, 4, 4, 8), (2, 0, 4, 4), (0, 2, 2, 4), (1, 0, 2, 2), (0, 1, 1, 2))


# ---- A writer of any PNG file ----------------------------------------------------------------------------------------

def chunk(kind: bytes, body: bytes = b"") -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def predicted(kind: int, a: int, b: int, c: int) -> int:
    if kind == 4:
        p = a + b - c
        return min((abs(p - a), 0, a), (abs(p - b), 1, b), (abs(p - c), 2, c))[2]
    return (0, a, b, (a + b) // 2)[kind]


def packed_row(row, depth: int) -> bytes:
    bits = "".join(format(sample, f"0{depth}b") for pixel in row for sample in pixel)
    bits += "0" * (-len(bits) % 8)
    return int(bits, 2).to_bytes(len(bits) // 8, "big")


def lines_of(rows, depth: int, colour: int, rng: random.Random, filters=(0, 1, 2, 3, 4)) -> bytes:
    """Rows of pixels, each a tuple of samples, with filters by chance."""
    size = max(1, CHANNELS[colour] * depth // 8)
    lines, above = b"", b""
    for row in rows:
        line = packed_row(row, depth)
        above = above or bytes(len(line))
        kind = rng.choice(filters)
        lines += bytes((kind,)) + bytes(
            line[i] - predicted(kind, line[i - size] if i >= size else 0, above[i], above[i - size] if i >= size else 0)
            & 255 for i in range(len(line)))
        above = line
    return lines


def stored(rows, depth: int, colour: int, rng: random.Random, interlaced: bool = False, **options) -> bytes:
    """Pixels as IDAT has them, unpacked."""
    if not interlaced:
        return lines_of(rows, depth, colour, rng, **options)
    return b"".join(lines_of([row[x::right] for row in rows[y::down]], depth, colour, rng, **options)
                    for x, y, right, down in PASSES if rows[y:] and rows[0][x:])


def header(width: int, height: int, depth: int = 8, colour: int = 2, interlaced: bool = False) -> bytes:
    return png.SIGNATURE + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, interlaced))


def some_pixels(width: int, height: int, depth: int, colour: int, rng: random.Random):
    top = 2 ** depth - 1
    return [[tuple(rng.choice((0, top, rng.randint(0, top), rng.randint(0, top))) for _ in range(CHANNELS[colour]))
             for _ in range(width)] for _ in range(height)]


def eight(sample: int, depth: int) -> int:
    return int(Fraction(255 * sample, 2 ** depth - 1) + Fraction(1, 2))


def seen(pixel, depth: int, colour: int, palette=(), transparency=None) -> bytes:
    """Blue, green, red, alpha of a pixel."""
    if colour == 3:
        red, green, blue = palette[pixel[0]] if pixel[0] < len(palette) else (0, 0, 0)
        shown = transparency or ()
        return bytes((blue, green, red, shown[pixel[0]] if pixel[0] < len(shown) else 255))
    levels = [eight(sample, depth) for sample in pixel]
    alpha = levels.pop() if colour >= 4 else 0 if tuple(pixel) == transparency else 255
    return bytes((levels * 3)[:3][::-1] if len(levels) == 1 else levels[::-1]) + bytes((alpha,))


def bgra(decoded: Decoded) -> bytes:
    result = bytearray(4 * decoded.width * decoded.height)
    for channel in range(3):
        result[channel::4] = decoded.pixels[channel::3]
    result[3::4] = decoded.alpha or b"\xff" * (decoded.width * decoded.height)
    return bytes(result)


def rgba(decoded: Decoded) -> bytes:
    result = bytearray(bgra(decoded))
    result[0::4], result[2::4] = result[2::4], result[0::4]
    return bytes(result)


def still(width: int, height: int, between: bytes = b"", pixels: bytes | None = None, **kind) -> bytes:
    """A PNG file with the chunks `between` before its pixels, black if none are given."""
    lines = bytes((3 * width + 1) * height) if pixels is None else pixels
    return header(width, height, **kind) + between + chunk(b"IDAT", zlib.compress(lines)) + chunk(b"IEND")


def noise(width: int, height: int, seed: int = 1) -> Picture:
    return Picture(width, height, bytearray(random.Random(seed).randbytes(width * height * 3)))


def smooth(width: int, height: int) -> Picture:
    return Picture(width, height, bytearray((x * 3 + y * 2 + 40 * c + x * y // 50) % 256 for y in range(height)
                                            for x in range(width) for c in range(3)))


class Case(unittest.TestCase):
    def fails(self, pattern: str, data: bytes, function=png.decode) -> None:
        """Check that DeepDreamError comes, with one line that matches."""
        with self.assertRaisesRegex(DeepDreamError, pattern) as caught:
            function(data, "x.png")
        self.assertRegex(str(caught.exception), r"\Ax\.png: [^\n]+\Z")

    def warns(self, pattern: str, data: bytes) -> Decoded:
        decoded = png.decode(data, "x.png")
        self.assertEqual(len(decoded.warnings), 1, decoded.warnings)
        self.assertRegex(decoded.warnings[0], pattern)
        return decoded


# ---- Reading ---------------------------------------------------------------------------------------------------------

class Reading(Case):
    def test_files_of_other_programs(self) -> None:
        self.assertGreater(len(FILES), 50)
        for path in FILES:
            data = path.read_bytes()
            shown = [frame for frame, _ in png.frames(data, path.name)]
            expected = pams(path.with_suffix(".pam").read_bytes())
            with self.subTest(path.name):
                self.assertEqual([(frame.width, frame.height) for frame in shown], [size for size, _ in expected])
                for frame, (_, pixels) in zip(shown, expected):
                    self.assertEqual(frame.warnings, ())
                    if path.name == "pillow-animation.png":     # ffmpeg does not round when it mixes
                        self.assertLessEqual(max(abs(x - y) for x, y in zip(rgba(frame), pixels)), 1)
                    else:
                        self.assertEqual(rgba(frame), pixels)
                self.assertEqual(bgra(png.decode(data)), bgra(shown[0]))

    def test_every_kind_against_its_definition(self) -> None:
        rng = random.Random(1)
        for colour, depth in KINDS:
            for interlaced in (False, True):
                for _ in range(5):
                    width, height = rng.randint(1, 20), rng.randint(1, 20)
                    rows = some_pixels(width, height, depth, colour, rng)
                    between, palette, transparency = b"", (), None
                    if colour == 3:
                        palette = [tuple(rng.randbytes(3)) for _ in range(rng.randint(1, 2 ** depth))]
                        between += chunk(b"PLTE", b"".join(map(bytes, palette)))
                        transparency = rng.choice((None, rng.randbytes(rng.randint(1, len(palette)))))
                        between += chunk(b"tRNS", transparency) if transparency else b""
                    elif colour in (0, 2) and rng.random() < 0.5:
                        transparency = rng.choice(rng.choice(rows))
                        between += chunk(b"tRNS", struct.pack(f">{len(transparency)}H", *transparency))
                    packed = zlib.compress(stored(rows, depth, colour, rng, interlaced), rng.randrange(10))
                    cut = rng.randint(0, len(packed))
                    data = (header(width, height, depth, colour, interlaced) + between + chunk(b"IDAT", packed[:cut])
                            + chunk(b"IDAT") + chunk(b"IDAT", packed[cut:]) + chunk(b"IEND"))
                    expected = b"".join(seen(pixel, depth, colour, palette, transparency)
                                        for row in rows for pixel in row)
                    with self.subTest(colour=colour, depth=depth, interlaced=interlaced, size=(width, height)):
                        decoded = png.decode(data)
                        self.assertEqual((bgra(decoded), decoded.warnings), (expected, ()))
                        self.assertEqual(decoded.alpha is None, set(expected[3::4]) == {255})

    def test_every_filter_in_tall_and_wide_pictures(self) -> None:
        """More rows than are unfiltered at once, and rows so long that fewer are."""
        rng = random.Random(2)
        for width, height, colour, depth in ((1, 300, 2, 8), (7, 261, 6, 16), (3, 130, 0, 8), (9000, 12, 0, 8)):
            for filters in ((4,), (3, 4), (1,), (0, 2), (0, 1, 2, 3, 4)):
                size = CHANNELS[colour] * depth // 8
                lines = b"".join(bytes((rng.choice(filters),)) + rng.randbytes(width * size) for _ in range(height))
                above, expected = bytes(width * size), []
                for at in range(0, len(lines), width * size + 1):
                    row = bytearray()
                    for i, byte in enumerate(lines[at + 1:at + 1 + width * size]):
                        a, c = (row[i - size], above[i - size]) if i >= size else (0, 0)
                        row.append(byte + predicted(lines[at], a, above[i], c) & 255)
                    expected.append(row)
                    above = row
                half = height // 2 * (width * size + 1)
                upper = png.unfilter(lines[:half], width * size, size, bytes(width * size))
                with self.subTest(width=width, height=height, filters=filters):
                    self.assertEqual(upper + png.unfilter(lines[half:], width * size, size, upper[-1]), expected)
                    if (colour, depth) == (0, 8):
                        decoded = png.decode(still(width, height, pixels=lines, depth=depth, colour=colour))
                        self.assertEqual(decoded.pixels[::3], b"".join(expected))

    def test_16_bits_are_rounded(self) -> None:
        row = b"".join(sample.to_bytes(2, "big") for sample in range(65536))
        self.assertEqual(png.eight_bits(row), bytes((2 * 255 * sample + 65535) // 131070 for sample in range(65536)))

    def test_what_else_is_said(self) -> None:
        recipe = "deepdream -i K\u00e4se.jpg\n{\"seed\": 1}"
        for between in (chunk(b"tEXt", b"deepdream\0" + recipe.encode("latin-1")),
                        chunk(b"zTXt", b"deepdream\0\0" + zlib.compress(recipe.encode("latin-1"))),
                        chunk(b"iTXt", b"deepdream\0\0\0de\0Rezept\0" + recipe.encode()),
                        chunk(b"iTXt", b"deepdream\0\1\0\0\0" + zlib.compress(recipe.encode()))):
            others = chunk(b"tEXt", b"deepdreamer\0no") + chunk(b"text") + chunk(b"iTXt", b"Comment\0")
            self.assertEqual(png.decode(still(2, 2, others + between)).comment, recipe)
        damaged = (chunk(b"zTXt", b"deepdream\0\0rubbish") + chunk(b"iTXt", b"deepdream")
                   + chunk(b"iTXt", b"deepdream\0\1"))
        self.assertEqual(png.decode(still(2, 2, damaged)).comment, "")
        profile = chunk(b"iCCP", b"name\0\0" + zlib.compress(b"a profile"))
        self.assertEqual(png.decode(still(2, 2, profile)).profile, b"a profile")
        self.warns("iCCP", still(2, 2, chunk(b"iCCP", b"name\0\0a profile")))
        bomb = zlib.compress(bytes(2 ** 25))
        self.warns("iCCP", still(2, 2, chunk(b"iCCP", b"name\0\0" + bomb)))
        self.assertEqual(png.decode(still(2, 2, chunk(b"zTXt", b"deepdream\0\0" + bomb))).comment, "")
        exif = b"MM\0*\0\0\0\10\0\1\1\22\0\3\0\0\0\1\0\6\0\0\0\0\0\0"
        self.assertEqual(png.decode(still(2, 2, chunk(b"eXIf", exif))).orientation, 6)
        turned = next(path for path in FILES if path.stem == "pillow-24-turned")
        decoded = png.decode(turned.read_bytes())
        self.assertEqual((decoded.orientation, decoded.profile[36:40]), (6, b"acsp"))

    def test_colours_that_are_none(self) -> None:
        data = still(3, 1, chunk(b"PLTE", bytes((1, 2, 3))), bytes((0, 0, 1, 255)), colour=3)
        self.assertEqual(png.decode(data).pixels, bytes((3, 2, 1, 0, 0, 0, 0, 0, 0)))

    def test_speed_and_memory(self) -> None:
        """4000 x 3000 with Paeth takes 2 s, on the machine it was written on."""
        width, height = 2000, 600
        data = still(width, height, pixels=(b"\4" + bytes(range(250)) * 24) * height)
        tracemalloc.start()
        png.decode(data)
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        began = time.process_time()
        png.decode(data)
        self.assertLess(time.process_time() - began, 4)
        self.assertLess(peak, 4 * 3 * width * height)


class Refusing(Case):
    def test_damage(self) -> None:
        good = still(5, 4, pixels=bytes(16 * 4))
        idat = good.index(b"IDAT")
        self.fails("not a PNG file .*ff d8", b"\xff\xd8\xff\xe0" + good)
        self.fails("not a PNG file", b"")
        self.fails("IHDR", png.SIGNATURE + chunk(b"IDAT") + good[8:])
        self.fails("iPhones", png.SIGNATURE + chunk(b"CgBI", bytes(4)) + good[8:])
        self.fails("two headers", good[:33] + good[8:])
        self.fails("VpAg is unknown", good[:33] + chunk(b"VpAg") + good[33:])
        self.fails("check sum of its chunk IDAT", good[:idat + 8] + b"?" + good[idat + 9:])
        self.fails("cut off or damaged at byte 33", good[:idat + 9])
        self.fails("ends too early", good[:33] + chunk(b"IEND"))
        self.fails("no palette", still(1, 1, pixels=b"\0\0", colour=3))
        self.fails("palette of 4 bytes", still(1, 1, chunk(b"PLTE", b"1234"), b"\0\0", colour=3))
        self.fails("filter 5", still(1, 1, pixels=b"\5\0\0\0"))
        self.fails("end too early", still(5, 4, pixels=bytes(63)))
        for depth, colour in ((3, 0), (16, 3), (4, 2), (8, 1), (1, 6)):
            self.fails(f"{depth} bits of colour type {colour}", still(1, 1, depth=depth, colour=colour))
        for place in (10, 11, 12):
            wrong = bytearray(good[16:29])
            wrong[place] = 2
            self.fails("damaged: methods", png.SIGNATURE + chunk(b"IHDR", bytes(wrong)) + good[33:])
        packed = bytearray(zlib.compress(bytes(64)))
        packed[-1] ^= 1
        self.fails("incorrect data check", header(5, 4) + chunk(b"IDAT", bytes(packed)) + chunk(b"IEND"))
        self.fails("pixels are damaged", header(5, 4) + chunk(b"IDAT", b"rubbish") + chunk(b"IEND"))

    def test_damage_that_is_lived_with(self) -> None:
        good = still(5, 4, chunk(b"tEXt", b"deepdream\0recipe"))
        text, end = good.index(b"recipe"), good.index(b"IEND") - 4
        self.assertEqual(self.warns("chunk tEXt", good[:text] + b"R" + good[text + 1:]).comment, "")
        self.assertEqual(self.warns("cut off or damaged at byte", good[:end]).comment, "recipe")
        self.warns("cut off or damaged at byte", good[:end] + b"\0\0\0")
        self.warns("more pixels", still(5, 4, pixels=bytes(65)))
        unended = zlib.compress(bytes(64))[:-4]
        self.warns("check sum of its pixels", header(5, 4) + chunk(b"IDAT", unended) + chunk(b"IEND"))
        self.warns("tRNS", still(5, 4, chunk(b"tRNS", b"1")))
        self.assertEqual(png.decode(good + b"rubbish").warnings, ())
        self.warns("chunk teXt", still(5, 4, (chunk(b"teXt")[:-1] + b"?") * 9))

    def test_sizes_before_memory(self) -> None:
        tracemalloc.start()
        for width, height in ((0, 1), (1, 0), (16385, 1), (1, 16385), (2 ** 32 - 1, 2 ** 32 - 1)):
            self.fails(f"{width} x {height} pixels; expected sides of 1 to 16384", header(width, height))
        self.fails("cut off: .* expected at least 780", header(16384, 16384) + still(1, 1)[33:])
        self.fails("cut off: .* expected", header(16384, 16384, 16, 6, True) + still(1, 1)[33:])
        self.assertLess(tracemalloc.get_traced_memory()[1], 2 ** 20)
        tracemalloc.stop()

    def test_bombs(self) -> None:
        bomb = zlib.compressobj(9)
        packed = b"".join(bomb.compress(bytes(2 ** 20)) for _ in range(200)) + bomb.flush()
        tracemalloc.start()
        began = time.process_time()
        data = header(10, 10) + chunk(b"IDAT", packed) + chunk(b"IEND")
        self.warns("more pixels", data)
        empty = zlib.compressobj()
        blocks = empty.compress(bytes(310)) + b"".join(empty.flush(zlib.Z_FULL_FLUSH) for _ in range(20000))
        self.warns("check sum of its pixels", header(10, 10) + chunk(b"IDAT", blocks) + chunk(b"IEND"))
        self.fails("end too early", header(10, 11) + chunk(b"IDAT", blocks) + chunk(b"IEND"))
        self.warns("iCCP", header(10, 10) + chunk(b"iCCP", b"x\0\0" + packed) * 20 + still(10, 10)[33:])
        self.assertLess(time.process_time() - began, 4)
        self.assertLess(tracemalloc.get_traced_memory()[1], 2 ** 26)
        tracemalloc.stop()

    def test_mutations(self) -> None:
        """Of damaged files, check sums put right again in every other: a picture or one line, and soon."""
        rng = random.Random(4)
        seeds = [path.read_bytes() for path in FILES]
        ends = {"picture": 0, "error": 0}
        for i in range(3000):
            data = mutated(bytearray(rng.choice(seeds)), rng)
            if i % 2:
                data = mended(data)
            began = time.process_time()
            try:
                for frame, _ in png.frames(data, "x.png"):
                    self.assertEqual(len(frame.pixels), 3 * frame.width * frame.height)
                ends["picture"] += 1
            except DeepDreamError as error:
                self.assertRegex(str(error), r"\Ax\.png: [^\n]+; [^\n]+\Z")
                ends["error"] += 1
            self.assertLess(time.process_time() - began, 2)
        self.assertGreater(min(ends.values()), 100)


def mutated(data: bytearray, rng: random.Random) -> bytearray:
    for _ in range(rng.choice((1, 1, 2, 5))):
        at = rng.randrange(len(data))
        what = rng.randrange(6)
        if what == 0:
            data[at] ^= 1 << rng.randrange(8)
        elif what == 1:
            data[at] = rng.choice((0, 1, 127, 128, 255))
        elif what == 2:
            del data[at:at + rng.choice((1, 4, 100))]
        elif what == 3:
            data[at:at] = rng.randbytes(rng.choice((1, 4, 100)))
        elif what == 4:
            data[at:at + 4] = rng.choice((b"\0\0\0\0", b"\xff\xff\xff\xff", b"\0\0\x40\0", b"\x7f\xff\xff\xff"))
        else:
            other = rng.randrange(len(data))
            data[at:at] = data[other:other + 60]
        if not data:
            data = bytearray(1)
    return data


def mended(data: bytearray) -> bytes:
    """With the check sum of each chunk put right, so that what is inside of it is read."""
    at = 8
    while at + 12 <= len(data):
        stop = at + 8 + int.from_bytes(data[at:at + 4], "big")
        if stop + 4 > len(data):
            break
        data[stop:stop + 4] = struct.pack(">I", zlib.crc32(data[at + 4:stop]))
        at = stop + 4
    return bytes(data)


def pams(data: bytes) -> list[tuple[tuple[int, int], bytes]]:
    """The pictures in the PAM files of make_png.py."""
    found = []
    while data:
        head, _, data = data.partition(b"ENDHDR\n")
        width, height = int(head.split()[2]), int(head.split()[4])
        found.append(((width, height), data[:4 * width * height]))
        data = data[4 * width * height:]
    return found


# ---- Writing ---------------------------------------------------------------------------------------------------------

class Writing(Case):
    def test_what_is_written_is_read(self) -> None:
        for width, height in ((1, 1), (1, 50), (50, 1), (33, 17)):
            for picture in (noise(width, height), smooth(width, height), Picture(width, height)):
                data = png.encode(picture)
                decoded = png.decode(data)
                self.assertEqual(bytes(decoded.pixels), bytes(picture.pixels))
                self.assertEqual(decoded[3:], (None, None, "", 1, (), None))
                self.assertEqual(data, png.encode(picture))
                if Image:
                    self.assertEqual(by_pillow(data), [picture.pixels])

    def test_extras(self) -> None:
        extras = Extras(profile=bytes(range(256)) * 9, comment="K\u00e4se \u2603\n{}")
        data = png.encode(smooth(9, 9), extras)
        decoded = png.decode(data)
        self.assertEqual((decoded.profile, decoded.comment), (extras.profile, extras.comment))
        if Image:
            with Image.open(io.BytesIO(data)) as image:
                image.load()
                self.assertEqual(image.info["icc_profile"], extras.profile)
                self.assertEqual(image.text["deepdream"], extras.comment)

    def test_filters_are_the_definition(self) -> None:
        """All five are made right: by way of the reader, whatever is chosen."""
        rng = random.Random(5)
        kinds = set()
        for _ in range(60):
            middle = rng.choice((0, 128))
            rows = [bytes(int(rng.gauss(middle, rng.choice((1, 90)))) % 256 for _ in range(24)) for _ in range(4)]
            lines = list(png.filtered(rows, 3))
            kinds |= {line[0] for line in lines}
            self.assertEqual(list(map(bytes, png.unfilter(b"".join(lines), 24, 3, bytes(24)))), rows)
        self.assertEqual(kinds, {0, 1, 2, 3, 4})

    def test_size_and_speed(self) -> None:
        """1600 x 1200 takes 1.5 s, on the machine it was written on; a smooth picture becomes a tenth."""
        picture = smooth(800, 300)
        began = time.process_time()
        data = png.encode(picture)
        self.assertLess(time.process_time() - began, 3)
        self.assertLess(len(data), len(picture.pixels) / 10)


# ---- Animations ------------------------------------------------------------------------------------------------------

def moving(count: int) -> list[Picture]:
    """A square that moves over a smooth picture, and in the end stands still."""
    pictures = []
    for i in range(count):
        picture = smooth(40, 30)
        for y in range(5, 12):
            at = 3 * (40 * y + 3 * min(i, count - 2))
            picture.pixels[at:at + 21] = bytes((255, 0, 60 * min(i, count - 2) % 256)) * 7
        pictures.append(picture)
    return pictures


class Unseekable(io.RawIOBase):
    def __init__(self) -> None:
        self.data = b""

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        self.data += bytes(data)
        return len(data)


class Animations(Case):
    def test_what_is_written_is_read(self) -> None:
        pictures = moving(6)
        sink = io.BytesIO()
        animation = png.Animation(sink, 40, 30, Fraction(1, 25), Extras(loop=3, comment="recipe"))
        for i, picture in enumerate(pictures):
            animation.add(picture)
            shown = list(png.frames(sink.getvalue()))       # the file is whole after each
            self.assertEqual([frame.pixels for frame, _ in shown], [part.pixels for part in pictures[:i + 1]])
        animation.close()
        data = sink.getvalue()
        self.assertEqual([delay for _, delay in shown], [0.04] * 6)
        self.assertEqual((shown[0][0].comment, shown[0][0].warnings, shown[0][0].alpha), ("recipe", (), None))
        self.assertEqual(png.decode(data).pixels, pictures[0].pixels)
        self.assertEqual(data[data.index(b"acTL") + 4:][:8], struct.pack(">II", 6, 3))
        places = [struct.unpack_from(">4I", data, at + 8) for at in range(len(data)) if data[at:at + 4] == b"fcTL"]
        self.assertEqual(places, [(40, 30, 0, 0)] + [(10, 7, 3 * i, 5) for i in range(4)] + [(1, 1, 0, 0)])
        pipe = Unseekable()
        animation = png.Animation(pipe, 40, 30, 0.04, Extras(loop=3, comment="recipe"))
        for picture in pictures:
            animation.add(picture)
        self.assertEqual(pipe.data, b"")
        animation.close()
        self.assertEqual(pipe.data, data)
        if Image:
            self.assertEqual(by_pillow(data), [picture.pixels for picture in pictures])
        with self.assertRaises(ValueError):
            animation.add(noise(3, 3))

    def test_given_up(self) -> None:
        """What is kept for a sink that cannot be sought in is let go of."""
        class Full(Unseekable):
            def write(self, data) -> int:
                raise OSError("full")

        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            animation = png.Animation(Unseekable(), 3, 2, 0.1)
            animation.add(Picture(3, 2))
            animation.give_up()
            animation = png.Animation(Full(), 3, 2, 0.1)
            animation.add(Picture(3, 2))
            self.assertRaises(OSError, animation.close)
            with mock.patch.object(png, "told", side_effect=OSError("full")):
                self.assertRaises(OSError, png.Animation, Unseekable(), 3, 2, 0.1)
            del animation
            gc.collect()
        self.assertEqual([str(warning.message) for warning in caught], [])

    def test_drawing_against_its_definition(self) -> None:
        rng = random.Random(6)
        for trial in range(60):
            width, height, colour = rng.randint(1, 9), rng.randint(1, 9), rng.choice((2, 6, 6))
            parts, canvas, expected, number = b"", [[(0, 0, 0, 0)] * width for _ in range(height)], [], 0
            for i in range(4):
                w, h = (width, height) if i == 0 else (rng.randint(1, width), rng.randint(1, height))
                x, y = rng.randint(0, width - w), rng.randint(0, height - h)
                dispose, blend = rng.randrange(3), rng.randrange(2)
                rows = some_pixels(w, h, 8, colour, rng)
                packed = zlib.compress(stored(rows, 8, colour, rng))
                parts += chunk(b"fcTL", struct.pack(">IIIIIHHBB", number, w, h, x, y, i, 0, dispose, blend))
                number += 1
                if i == 0:
                    parts += chunk(b"IDAT", packed)
                else:
                    parts += chunk(b"fdAT", struct.pack(">I", number) + packed)
                    number += 1
                before = [list(row) for row in canvas]
                for j, row in enumerate(rows):
                    for k, pixel in enumerate(row):
                        pixel = (*pixel, 255)[:4]
                        canvas[y + j][x + k] = over(pixel, canvas[y + j][x + k]) if blend else pixel
                expected.append(b"".join(bytes(pixel) for row in canvas for pixel in row))
                for row in range(y, y + h):
                    if dispose == 1 or dispose == 2 and i == 0:
                        canvas[row][x:x + w] = [(0, 0, 0, 0)] * w
                    elif dispose == 2:
                        canvas[row] = before[row]
            data = header(width, height, 8, colour) + chunk(b"acTL", struct.pack(">II", 4, 0)) + parts + chunk(b"IEND")
            shown = list(png.frames(data))
            with self.subTest(trial):
                self.assertEqual([delay for _, delay in shown], [0, 0.01, 0.02, 0.03])
                self.assertEqual([rgba(frame) for frame, _ in shown], expected)

    def test_a_picture_that_is_not_in_the_animation(self) -> None:
        frame = chunk(b"fcTL", struct.pack(">IIIIIHHBB", 0, 1, 1, 1, 1, 1, 2, 0, 0))
        frame += chunk(b"fdAT", bytes((0, 0, 0, 1)) + zlib.compress(b"\0\1\2\3"))
        data = still(2, 2, chunk(b"acTL", bytes((0, 0, 0, 1, 0, 0, 0, 0))))
        data = data[:-12] + frame + data[-12:]
        (shown, delay), = png.frames(data)
        self.assertEqual((rgba(shown), delay), (bytes(12) + b"\1\2\3\xff", 0.5))
        self.assertEqual(png.decode(data).pixels, bytes(12))

    def test_damage(self) -> None:
        sink = io.BytesIO()
        animation = png.Animation(sink, 40, 30, 1)
        for picture in moving(3):
            animation.add(picture)
        data = sink.getvalue()

        def all_frames(data: bytes, name: str) -> None:
            list(png.frames(data, name))

        second = data.index(b"fcTL", data.index(b"IDAT"))
        for at, value, pattern in ((3, 9, "part 9 .* where 1"), (7, 41, "frame of 41 x 7 at 0, 5"),
                                   (24, 3, "operations 3"), (25, 2, "operations 0 and 2")):
            wrong = bytearray(data)
            wrong[second + 4 + at] = value
            self.fails(pattern, mended(wrong), all_frames)
            self.assertEqual(png.decode(mended(wrong)).pixels, moving(3)[0].pixels)
        cut = data[:second + 60]
        self.fails("pixels", cut, all_frames)
        self.assertEqual(next(png.frames(cut))[0].pixels, moving(3)[0].pixels)
        hostile = header(16384, 16384) + data[33:]
        self.fails("cut off", hostile, all_frames)


def over(upper, lower):
    """PNG 13.16, for colours that are not multiplied with alpha, rounded."""
    alpha = Fraction(upper[3] * 255 + lower[3] * (255 - upper[3]), 255)
    if upper[3] == 0:
        return lower
    half = Fraction(1, 2)
    return (*(int((upper[i] * upper[3] + lower[i] * lower[3] * Fraction(255 - upper[3], 255)) / alpha + half)
              for i in range(3)), int(alpha + half))


# ---- With other programs ---------------------------------------------------------------------------------------------

def by_pillow(data: bytes) -> list[bytes]:
    """The frames as Pillow reads them, blue first."""
    with Image.open(io.BytesIO(data)) as image:
        result = []
        for i in range(getattr(image, "n_frames", 1)):
            image.seek(i)
            result.append(image.convert("RGB").tobytes("raw", "BGR"))
        return result


class OtherPrograms(Case):
    """Where they are installed; test_files_of_other_programs needs none of them."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def run_program(self, *command: str) -> bytes:
        if shutil.which(command[0]) is None:
            self.skipTest(f"{command[0]} is not installed")
        return subprocess.run(command, cwd=self.folder, check=True, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL).stdout

    def test_ours(self) -> None:
        picture = noise(61, 37)
        picture.pixels[:3000] = smooth(40, 25).pixels
        (self.folder / "a.png").write_bytes(png.encode(picture, Extras(comment="recipe", profile=b"\0" * 200)))
        for command in (("ffmpeg", "-v", "error", "-i", "a.png", "-f", "rawvideo", "-pix_fmt", "bgr24", "-"),
                        ("convert-im6", "a.png", "-depth", "8", "bgr:-"), ("gm", "convert", "a.png", "ppm:-"),
                        ("pngtopnm", "a.png")):
            with self.subTest(command[0]):
                pixels = bytearray(self.run_program(*command)[-len(picture.pixels):])
                if command[0] in ("pngtopnm", "gm"):
                    pixels[0::3], pixels[2::3] = pixels[2::3], pixels[0::3]
                self.assertEqual(pixels, picture.pixels)
        with self.subTest("pngcheck"):
            self.run_program("pngcheck", "-q", "a.png")

    def test_our_animation(self) -> None:
        pictures = moving(5)
        with (self.folder / "a.png").open("wb") as file:
            animation = png.Animation(file, 40, 30, 0.1)
            for picture in pictures:
                animation.add(picture)
        raw = self.run_program("ffmpeg", "-v", "error", "-f", "apng", "-i", "a.png", "-f", "rawvideo",
                               "-pix_fmt", "bgr24", "-fps_mode", "passthrough", "-")
        self.assertEqual(raw, b"".join(picture.pixels for picture in pictures))
        self.run_program("apngdis", "a.png")
        parts = sorted(self.folder.glob("apngframe*.png"))
        self.assertEqual([png.decode(path.read_bytes()).pixels for path in parts], [part.pixels for part in pictures])

    def test_theirs(self) -> None:
        picture = noise(70, 45, 7)
        (self.folder / "a.png").write_bytes(png.encode(picture))
        for command in (("ffmpeg", "-v", "error", "-y", "-i", "a.png", "-pix_fmt", "rgb24", "-pred", "mixed", "b.png"),
                        ("convert-im6", "a.png", "-interlace", "PNG", "PNG24:b.png"),
                        ("convert-im6", "a.png", "PNG48:b.png"), ("gm", "convert", "a.png", "PNG24:b.png"),
                        ("sh", "-c", "pngtopnm a.png | pnmtopng -paeth > b.png")):
            with self.subTest(command):
                if command[0] == "sh" and shutil.which("pnmtopng") is None:
                    self.skipTest("pnmtopng is not installed")
                self.run_program(*command)
                self.assertEqual(png.decode((self.folder / "b.png").read_bytes()).pixels, picture.pixels)

    @unittest.skipIf(Image is None, "Pillow is not installed")
    def test_of_pillow(self) -> None:
        rng = random.Random(8)
        for mode, channels in (("L", 1), ("LA", 2), ("RGB", 3), ("RGBA", 4)):
            for width, height in ((1, 1), (129, 40), (50, 300)):
                image = Image.frombytes(mode, (width, height), rng.randbytes(width * height * channels))
                file = io.BytesIO()
                image.save(file, "PNG", optimize=True)
                self.assertEqual(rgba(png.decode(file.getvalue())), image.convert("RGBA").tobytes())


# ---- What all formats share ------------------------------------------------------------------------------------------

class Shared(Case):
    def test_alpha_on_a_background(self) -> None:
        rng = random.Random(9)
        background = (10, 200, 255)
        for alpha in (rng.randbytes(9000), bytes(5000) + b"\xff" * 4000,
                      bytes(4096) + bytes(range(256)) * 19 + bytes(40)):
            pixels = bytearray(rng.randbytes(27000))
            expected = bytes((2 * (pixels[i] * alpha[i // 3] + background[i % 3] * (255 - alpha[i // 3])) + 255) // 510
                             for i in range(27000))
            done = composed(Decoded(90, 100, pixels, bytearray(alpha)), background)
            self.assertEqual((bytes(done.pixels), done.alpha), (expected, None))
        whole = Decoded(1, 1, bytearray(3))
        self.assertIs(composed(whole), whole)

    def test_every_level_and_alpha(self) -> None:
        levels = bytes(range(256)) * 256
        pixels = bytearray(3 * 65536)
        for channel in range(3):
            pixels[channel::3] = levels
        alpha = bytearray(value for value in range(256) for _ in range(256))
        done = composed(Decoded(256, 256, pixels, alpha))
        self.assertEqual(bytes(done.pixels[::3]),
                         bytes((2 * (x * a + 255 * (255 - a)) + 255) // 510 for x, a in zip(levels, alpha)))

    def test_orientation(self) -> None:
        width, height = 5, 3
        decoded = Decoded(width, height, noise(width, height).pixels, bytearray(range(15)), b"p", "c", 1, ("w",))
        # where the pixel at column x and row y of the stored picture is seen, in the picture's sides w and h as stored
        places = {1: lambda x, y, w, h: (x, y), 2: lambda x, y, w, h: (w - 1 - x, y),
                  3: lambda x, y, w, h: (w - 1 - x, h - 1 - y), 4: lambda x, y, w, h: (x, h - 1 - y),
                  5: lambda x, y, w, h: (y, x), 6: lambda x, y, w, h: (h - 1 - y, x),
                  7: lambda x, y, w, h: (h - 1 - y, w - 1 - x), 8: lambda x, y, w, h: (y, w - 1 - x)}
        for orientation, place in places.items():
            turned = upright(decoded._replace(orientation=orientation))
            self.assertEqual((turned.width, turned.height), (width, height) if orientation < 5 else (height, width))
            self.assertEqual(turned[4:], (b"p", "c", 1, ("w",), None))
            for y in range(height):
                for x in range(width):
                    at_x, at_y = place(x, y, width, height)
                    was, now = y * width + x, at_y * turned.width + at_x
                    self.assertEqual(turned.pixels[3 * now:3 * now + 3], decoded.pixels[3 * was:3 * was + 3])
                    self.assertEqual(turned.alpha[now], decoded.alpha[was])
        self.assertIs(upright(decoded), decoded)

    def test_exif(self) -> None:
        for order, mark in (("<", b"II*\0"), (">", b"MM\0*")):
            good = mark + struct.pack(order + "IH HHIHH HHIHH I", 8, 2, 271, 2, 1, 0, 0, 274, 3, 1, 8, 0, 0)
            self.assertEqual(exif_orientation(good), 8)
            for end in range(len(good)):
                self.assertIn(exif_orientation(good[:end]), (1, 8))
        rng = random.Random(10)
        for _ in range(2000):
            wrong = bytearray(good)
            wrong[rng.randrange(4, len(wrong))] = rng.choice((0, 9, 255))
            self.assertIn(exif_orientation(bytes(wrong)), range(1, 9))


if __name__ == "__main__":
    unittest.main()
