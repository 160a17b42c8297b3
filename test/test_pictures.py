"""Pictures: BMP files in and out, the octaves' enlargement, the resize for the classifier and its transpose.

    python3 test/test_pictures.py          or all tests: python3 -m unittest discover -s test

Oracles: test/pictures (files by other programs, with what others read in them), per-pixel loops written here from the
formulas, and numbers made by Pillow.
"""

import array
import os
import pathlib
import random
import stat
import struct
import subprocess
import sys
import tempfile
import threading
import time
import tracemalloc
import unittest
from fractions import Fraction
from unittest import mock

import deepdream
from deepdream import DeepDreamError, Fit, Picture, decode_bmp, encode_bmp, read_picture, upscale, write_picture

HERE = pathlib.Path(__file__).resolve().parent
FILES = sorted((HERE / "pictures").glob("*.bmp"))


def ppm(picture: Picture) -> bytes:
    """`picture` as a PPM file."""
    rgb = bytearray(picture.pixels)
    rgb[0::3], rgb[2::3] = rgb[2::3], rgb[0::3]
    return b"P6\n%d %d\n255\n" % (picture.width, picture.height) + rgb


def noise(width: int, height: int, seed: int = 1) -> Picture:
    return Picture(width, height, bytearray(random.Random(seed).randbytes(width * height * 3)))


def bmp(width: int, height: int, bits: int, rows: bytes, compression: int = 0, between: bytes = b"") -> bytes:
    """A BMP file with a header of 40 bytes; `between` are masks or colours."""
    start = 54 + len(between)
    return (struct.pack("<2sIII", b"BM", start + len(rows), 0, start)
            + struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, 0, 0, 0, 0, 0) + between + rows)


def os2(width: int, height: int, bits: int, rows: bytes, compression: int, palette: bytes = b"") -> bytes:
    """A BMP file with OS/2's header of 64 bytes."""
    start = 78 + len(palette)
    return (struct.pack("<2sIII", b"BM", start + len(rows), 0, start)
            + struct.pack("<IiiHHI", 64, width, height, 1, bits, compression).ljust(64, b"\0") + palette + rows)


class Folder(unittest.TestCase):
    """A test with an empty folder of its own, which is the current one meanwhile."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(folder.name)

    def fails(self, pattern: str, function, *arguments) -> str:
        """Check that DeepDreamError comes, with one line that matches; return the line."""
        with self.assertRaisesRegex(DeepDreamError, pattern) as caught:
            function(*arguments)
        self.assertNotIn("\n", str(caught.exception))
        return str(caught.exception)


# ---- Reading ---------------------------------------------------------------------------------------------------------

class Reading(Folder):
    def test_files_of_other_programs(self) -> None:
        self.assertGreater(len(FILES), 50)
        for path in FILES:
            with self.subTest(path.name):
                decoded = decode_bmp(path.read_bytes())
                self.assertEqual(ppm(deepdream.as_picture(decoded)), path.with_suffix(".ppm").read_bytes())
                self.assertEqual(deepdream.describe_bmp(path.read_bytes())[:2], decoded[:2])

    def test_alpha(self) -> None:
        """Composed on white or what is asked for, pixel by pixel; where all of it is 0 it says nothing."""
        with_alpha = 0
        for path in FILES:
            decoded = decode_bmp(path.read_bytes())
            if decoded.alpha is None:
                continue
            with_alpha += 1
            self.assertEqual(len(decoded.alpha), decoded.width * decoded.height)
            for background in ((255, 255, 255), (10, 128, 250)):
                expected = bytes((2 * (level * alpha + behind * (255 - alpha)) + 255) // 510
                                 for i, alpha in enumerate(decoded.alpha)
                                 for level, behind in zip(decoded.pixels[3 * i:3 * i + 3], background))
                self.assertEqual(read_picture(str(path), background).pixels, expected, path.name)
        self.assertGreater(with_alpha, 3)
        masks = struct.pack("<IIII", 0xff0000, 0xff00, 0xff, 0xff000000)
        for alpha, expected in ((0, None), (255, None), (7, bytearray(b"\7\7"))):
            rows = bytes((1, 2, 3, alpha)) * 2
            self.assertEqual(decode_bmp(bmp(1, 2, 32, rows, 6, masks)).alpha, expected)
            self.assertIsNone(decode_bmp(bmp(1, 2, 32, rows, 3, masks[:12])).alpha)
            self.assertIsNone(decode_bmp(bmp(1, 2, 32, rows)).alpha)

    def test_any_masks(self) -> None:
        """Against the definition, pixel by pixel: the field's upper 8 bits, stretched to 0..255, rounded."""
        rng = random.Random(2)
        for bits in (16, 32) * 30:
            cuts = sorted(rng.sample(range(bits + 1), 4))
            masks = [2 ** high - 2 ** low for low, high in zip(cuts, cuts[1:])]
            rng.shuffle(masks)
            pixels = [rng.randrange(2 ** bits) for _ in range(6)]
            rows = struct.pack("<6" + "HI"[bits // 32], *pixels)
            expected = bytearray()
            for pixel in pixels:
                for mask in reversed(masks):
                    low = (mask & -mask).bit_length() - 1
                    drop = max(0, (mask >> low).bit_length() - 8)
                    value, largest = (pixel & mask) >> low + drop, mask >> low + drop
                    expected.append(int(Fraction(value * 255, largest) + Fraction(1, 2)))
            data = bmp(2, -3, bits, rows, 3, struct.pack("<3I", *masks))
            with self.subTest(bits=bits, masks=[hex(mask) for mask in masks]):
                self.assertEqual(decode_bmp(data).pixels, expected)

    def test_strange_masks_do_no_harm(self) -> None:
        rng = random.Random(3)
        for bits in (16, 32) * 50:
            masks = [rng.choice((0, rng.getrandbits(32), rng.getrandbits(32) & rng.getrandbits(32))) for _ in range(3)]
            data = bmp(5, 4, bits, rng.randbytes(80), 3, struct.pack("<3I", *masks))
            if any(masks):
                self.assertEqual(decode_bmp(data).width, 5)
        self.fails("masks are empty", decode_bmp, bmp(5, 4, 32, bytes(80), 3, bytes(12)))

    def test_colour_numbers_without_colour_are_black(self) -> None:
        data = bmp(3, 1, 8, bytes((0, 1, 200, 0)), between=bytes((9, 8, 7, 0, 6, 5, 4, 0)))
        self.assertEqual(decode_bmp(data).pixels, bytes((9, 8, 7, 6, 5, 4, 0, 0, 0)))

    def test_rows_follow_when_start_is_zero(self) -> None:
        data = bytearray(bmp(2, 1, 24, bytes(range(8))))
        data[10:14] = bytes(4)
        self.assertEqual(decode_bmp(bytes(data)).pixels, bytes(range(6)))

    def test_padding_of_the_last_row_may_miss_but_no_pixel(self) -> None:
        data = bmp(5, 2, 24, bytes(31))
        self.assertEqual(decode_bmp(data).height, 2)
        self.fails("cut off: 30 bytes of rows; expected 31 for 5 x 2", decode_bmp, data[:-1])

    def test_rows_follow_colours_that_24_bits_need_not_have(self) -> None:
        """By Microsoft's description. An offset that is there counts, whatever number of colours is said."""
        for start, rows in ((0, bytes(range(4, 10))), (54, bytes(range(6)))):
            data = bytearray(bmp(2, 1, 24, bytes(range(12))))
            struct.pack_into("<I", data, 10, start)
            struct.pack_into("<I", data, 46, 1)
            self.assertEqual(decode_bmp(bytes(data)).pixels, rows)

    def test_palette_that_ends_where_the_rows_begin(self) -> None:
        """256 colours are said, 2 are there: the offset does not leave them out, so it counts."""
        data = bmp(3, 1, 8, bytes((0, 1, 200, 0)), between=bytes((9, 8, 7, 0, 6, 5, 4, 0)))
        data = data[:46] + struct.pack("<I", 256) + data[50:]
        self.assertEqual(decode_bmp(data).pixels, bytes((9, 8, 7, 6, 5, 4, 0, 0, 0)))

    def test_runs_beyond_the_edge(self) -> None:
        """What lies right of the row is dropped and rows stay rows. As Skia 144 has it; ImageMagick 6 but for the last,
        whose second row it fills with what is too much of the first."""
        grey = b"".join(bytes((value, value, value, 0)) for value in range(256))
        for commands, expected in (
                ("07 01 02 09 00 00  05 02 00 00  05 03 00 01", ("11111", "22222", "33333")),
                ("00 07 01 02 03 04 05 06 07 00 00 00  05 08 00 00  05 09 00 01", ("12345", "88888", "99999")),
                ("00 07 01 02 03 04 05 06 07 00 03 04 00 00  05 09 00 01", ("12345", "99999", "00000")),
                ("05 01 05 02 00 00  05 03 00 01", ("11111", "33333", "00000")),
                ("05 01 00 00  00 00  05 03 00 01", ("11111", "00000", "33333")),
                ("05 01 00 00 05 02 00 00 05 03 00 00 05 04 00 00 00 01", ("11111", "22222", "33333")),
                ("03 01 00 02 00 02 02 09 00 01", ("11100", "00000", "00099")),
                ("07 01 00 01", ("11111", "00000", "00000"))):
            picture = decode_bmp(bmp(5, -3, 8, bytes.fromhex(commands), 1, grey))
            self.assertEqual(picture.pixels[::3], bytes(int(value) for row in expected for value in row), commands)

    def test_runs_of_24_bits_beyond_the_edge(self) -> None:
        for commands, expected in (
                ("07 010101 02 090909 00 00  02 020202 00 00  02 030303 00 01", "112233"),
                ("00 03 010101 020202 030303 00 00 00  00 02 01 01 02 070707 00 01", "120007"),
                ("00 02 00 02 01 040404 00 01", "000040")):
            picture = decode_bmp(os2(2, -3, 24, bytes.fromhex(commands), 4))
            self.assertEqual(picture.pixels[::3], bytes(int(value) for value in expected), commands)

    def test_huffman_codes_begin_no_other(self) -> None:
        """Nor is any of them a part of an end-of-line code; every run from 0 to 2560 has one."""
        for codes in (deepdream.WHITE_RUNS, deepdream.BLACK_RUNS):
            words = (codes + deepdream.LONG_RUNS).split()
            self.assertEqual(len(words), 64 + 2560 // 64)
            for code in words:
                self.assertNotIn("0" * 8, code[:8])
                self.assertEqual([other for other in words if other.startswith(code)], [code])

    def test_huffman_rows(self) -> None:
        """Codes by hand from the tables of T.4: an end-of-line code or none, fill before it, runs of no pixel."""
        end, white3, black2, white0, black64_0 = "000000000001", "1000", "11", "00110101", "0000001111" "0000110111"
        for width, bits, expected in (
                (5, white3 + black2 + white0 + "0011", "WWWBBBBBBB"),
                (5, end + white3 + black2 + "00000" + end + white0 + "0011" + end * 6, "WWWBBBBBBB"),
                (5, white3 + "0000110111" + "0111" + "0" * 500 + end + white0 + "0011", "WWWWWBBBBB"),
                (64, white0 + black64_0 + end + "11011" + white0, "B" * 64 + "W" * 64)):
            data = bytes(int(bits[at:at + 8].ljust(8, "0"), 2) for at in range(0, len(bits), 8))
            picture = decode_bmp(os2(width, -2, 1, data, 3, bytes((255, 255, 255, 0, 0, 0, 0, 0))))
            self.assertEqual("".join("BW"[value // 255] for value in picture.pixels[::3]), expected)

    def test_huffman_of_libtiff_when_there(self) -> None:
        """All runs of both colours, with the codes that libtiff gives them. Its black is the bit 1."""
        try:
            from PIL import Image
        except ImportError:
            self.skipTest("no Pillow")
        width = 2700
        rows = [bytes((black, 1 - black)[x >= run] for x in range(width)) for run in range(2625) for black in (0, 1)]
        image = Image.frombytes("L", (width, len(rows)), b"".join(rows).replace(b"\1", b"\xff")).convert("1")
        image.save("codes.tif", compression="group3", strip_size=2 ** 30)
        with Image.open("codes.tif") as image:
            self.assertEqual(len(image.tag_v2[273]), 1)
            start, length = image.tag_v2[273][0], image.tag_v2[279][0]
        codes = pathlib.Path("codes.tif").read_bytes()[start:start + length]
        picture = decode_bmp(os2(width, -len(rows), 1, codes, 3, bytes((0, 0, 0, 0, 255, 255, 255, 0))))
        self.assertTrue(picture.pixels[::3] == b"".join(rows).replace(b"\1", b"\xff"))

    @unittest.skipIf(os.name == "nt", "POSIX pipes")
    def test_a_pipe(self) -> None:
        os.mkfifo("pipe")
        data = encode_bmp(noise(300, 300))
        writer = threading.Thread(target=pathlib.Path("pipe").write_bytes, args=(data,))
        writer.start()
        self.assertEqual(encode_bmp(read_picture("pipe")), data)
        writer.join()

    def test_speed(self) -> None:
        """4000 x 3000 takes 0.03 s at 24 bits, 0.3 s at 32 bits, on the machine it was written on."""
        data = encode_bmp(Picture(4000, 3000))
        began = time.process_time()
        decode_bmp(data)
        self.assertLess(time.process_time() - began, 1)


class Refusing(Folder):
    def test_other_formats(self) -> None:
        for first, kind in ((b"RIFF\0\0\0\0WEBPVP8 ", "WebP"), (b"II*\0", "TIFF"), (b"MM\0*", "TIFF"),
                            (b"%PDF-1.4", "PDF"), (b"\0\0\0\x1cftypheic", "HEIC")):
            pathlib.Path("picture").write_bytes(first + bytes(100))
            with mock.patch.dict(sys.modules, {"PIL": None}):
                self.fails(f"^picture: .*{kind}; expected BMP, PNG, .*convert it", read_picture, "picture")

    def test_no_picture(self) -> None:
        pathlib.Path("text").write_text("Hello")
        pathlib.Path("empty").touch()
        os.mkdir("folder")
        self.fails(r"^text: not a picture .*\(it begins with 48 65 6c 6c\); expected a BMP, PNG", read_picture, "text")
        self.fails("^empty: the file is empty; expected a BMP, PNG", read_picture, "empty")
        self.fails("^missing: cannot be read .No such file", read_picture, "missing")
        self.fails("^: cannot be read", read_picture, "")
        self.fails("^folder: cannot be read .Is a directory", read_picture, "folder")

    @unittest.skipUnless(os.path.exists("/dev/zero"), "no /dev/zero")
    def test_endless(self) -> None:
        self.fails("not a picture", read_picture, "/dev/zero")
        with mock.patch.object(deepdream, "LARGEST_FILE", 2 ** 21):
            pathlib.Path("long.bmp").write_bytes(b"BM" + bytes(2 ** 22))
            self.fails("longer than", read_picture, "long.bmp")

    def test_headers(self) -> None:
        good = bytearray(bmp(4, 4, 24, bytes(48)))

        def changed(at: int, form: str, *values: int) -> bytes:
            data = good[:]
            struct.pack_into(form, data, at, *values)
            return bytes(data)

        for data, pattern in (
                (good[:20], "ends inside the BMP header"), (good[:50], "ends inside the BMP header"),
                (changed(14, "<I", 41), "header of 41 bytes"), (changed(14, "<I", 2 ** 32 - 1), "header of 4294967295"),
                (changed(10, "<I", 53), "rows begin at byte 53"), (changed(10, "<I", 2 ** 31), "cut off: 0 bytes"),
                (changed(18, "<i", 0), "0 x 4 pixels; expected sides of 1 to 16384"),
                (changed(18, "<i", -4), "-4 x 4 pixels"), (changed(22, "<i", 0), "4 x 0 pixels"),
                (changed(22, "<i", -2 ** 31), "4 x 2147483648 pixels"), (changed(18, "<i", 16385), "16385 x 4 pixels"),
                (changed(28, "<H", 0), "0 bits a pixel"), (changed(28, "<H", 64), "64 bits a pixel"),
                (changed(30, "<I", 1), "24 bits a pixel with BMP compression 1; expected 8"),
                (changed(30, "<I", 3), "24 bits a pixel with BMP compression 3; expected 16 or 32"),
                (changed(28, "<HI", 0, 4), "JPEG picture inside"), (changed(30, "<I", 5), "PNG picture inside"),
                (changed(30, "<I", 11), "compression 11 is not known"), (changed(28, "<H", 8), "cut off: 0 bytes"),
                (bmp(4, 4, 8, bytes(16), 0, b"abc"), "no colour table")):
            self.fails("^name: .*" + pattern, decode_bmp, bytes(data), "name")

    def test_os2_compressions_are_not_taken_for_others(self) -> None:
        masks = struct.pack("<III", 0xff0000, 0xff00, 0xff)
        self.fails("24 bits a pixel with BMP compression 3; expected 1;", decode_bmp, os2(4, 4, 24, bytes(64), 3))
        self.fails("32 bits a pixel with BMP compression 3; expected 1;", decode_bmp, os2(4, 4, 32, masks, 3))
        self.fails("8 bits a pixel with BMP compression 4; expected 24;", decode_bmp, os2(4, 4, 8, bytes(64), 4))
        for compression in (5, 6):
            self.fails("not known", decode_bmp, os2(4, 4, 32, bytes(64), compression, masks))
        for length in (52, 56, 108, 124):       # Windows' headers, in which 3 and 4 are never OS/2's
            for compression, bits, pattern in ((3, 1, "expected 16 or 32"), (4, 24, "JPEG picture inside")):
                data = bytearray(os2(4, 4, bits, bytes(200), compression))
                struct.pack_into("<I", data, 14, length)
                self.fails(pattern, decode_bmp, bytes(data))

    def test_bitmap_arrays(self) -> None:
        array_of = (HERE / "pictures" / "hand-os2-array.bmp").read_bytes()
        for length in range(2, 28 + 12):
            self.fails("ends inside the BMP header", decode_bmp, array_of[:length])
        for kind in (b"IC", b"PT", b"CI", b"CP", b"BA", b"\0\0"):
            data = array_of[:14] + kind + array_of[16:]
            self.fails(f"icons or pointers .its first part begins with {kind.hex(' ')}.; expected", decode_bmp, data)
        for start, pattern in ((27, "inside the header; expected 40"), (2 ** 32 - 1, "cut off: 0 bytes of rows")):
            data = array_of[:24] + struct.pack("<I", start) + array_of[28:]
            self.fails(pattern, decode_bmp, data)
        for following in (0, 14, 2 ** 32 - 1):      # the next bitmap, which does not matter: none, itself, nowhere
            data = array_of[:6] + struct.pack("<I", following) + array_of[10:]
            self.assertEqual(decode_bmp(data).pixels, decode_bmp(array_of).pixels)

    def test_what_is_no_dib(self) -> None:
        """Without a mark, only a header of which everything makes sense is one."""
        good = bmp(4, 4, 24, bytes(48))[14:]
        self.assertEqual(decode_bmp(good).width, 4)
        for at, form, value in ((0, "<I", 41), (0, "<I", 16), (0, "<I", 39), (0, ">I", 40), (12, "<H", 0),
                                (12, "<H", 2), (14, "<H", 3), (14, "<H", 64), (16, "<I", 7), (16, "<I", 2 ** 31)):
            data = bytearray(good)
            struct.pack_into(form, data, at, value)
            self.fails(r"^name: not a BMP file \(it begins with", decode_bmp, bytes(data), "name")
        core = struct.pack("<IHHHH", 12, 4, 4, 1, 24)
        self.assertEqual(decode_bmp(core + bytes(48)).width, 4)
        for data in (core[:8], good[:12], b"(\0\0\0", b"\x0c\0\0\0" * 30, "(a)".encode("utf-32-le") * 9):
            self.fails("not a BMP file", decode_bmp, data)
        for data in (core[:11], good[:20], good[:39]):
            self.fails("ends inside the BMP header", decode_bmp, data)

    def test_huffman_codes_that_are_none(self) -> None:
        white = bytes((0, 0, 0, 0, 255, 255, 255, 0))
        for codes, pattern in (
                ("", "cut off: 0 bytes of rows; expected 2 for 700 x 5"), ("0000", "cut off: its Huffman codes"),
                ("ffffff", "cut off"), ("0000000000000000", "cut off"), ("001001001001001001001001", "damaged"),
                ("4d9a" * 200, "damaged: its Huffman codes around byte 87 make no row of 700 pixels")):
            self.fails(pattern, decode_bmp, os2(700, 5, 1, bytes.fromhex(codes), 3, white))

    def test_runs_that_end_early(self) -> None:
        for rows in (b"", b"\3\1", b"\4\1\0\0", b"\4\1\0\0\3\1", b"\4\1\0\0\0\4\1\2", b"\4\1\0\0\0\2\1"):
            self.fails("cut off", decode_bmp, bmp(4, 2, 8, rows, 1, bytes(1024)))
        self.assertEqual(decode_bmp(bmp(4, 2, 8, b"\4\1\0\0\4\1", 1, bytes(1024))).height, 2)
        good = bytes.fromhex("04 010203 00 00  00 03 010101 020202 030303 00 01 040404 00 00  04 090909")
        self.assertEqual(decode_bmp(os2(4, 3, 24, good, 4)).height, 3)
        for length in range(len(good)):
            self.fails("cut off", decode_bmp, os2(4, 3, 24, good[:length], 4))

    def test_small_files_take_little_memory(self) -> None:
        """The largest claims that a few bytes can make."""
        palette = bytes(1024)
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        for data in (bmp(16384, 16384, 24, bytes(100)), bmp(16384, 16384, 1, bytes(100), 0, bytes(8)),
                     bmp(16384, 16384, 8, b"\0\1", 1, palette), bmp(16384, 16384, 4, b"\0\2\xff\xff" * 99, 2, palette),
                     bmp(16384, 16384, 8, b"\xff\1" * 1000, 1, palette), os2(16384, 16384, 24, b"\xff\1\1\1" * 1000, 4),
                     os2(16384, 16384, 1, bytes.fromhex("001f") * 50000, 3, bytes(8)), bmp(16384, 16384, 24, b"")[14:]):
            self.fails("cut off", decode_bmp, data)
        self.assertEqual(decode_bmp(bmp(1024, 1024, 8, b"\0\1", 1, palette)).height, 1024)
        self.assertLess(tracemalloc.get_traced_memory()[1], 4 * 2 ** 20)

    def test_long_files_take_little_time_and_memory(self) -> None:
        """100 kB each of commands and codes that add no pixel, or as few as can be, to a row of 16384."""
        black_white, zeros = bytes(8), bytes(100_000)
        nothing = int("001101010000110111" * 44_000, 2).to_bytes(99_000, "big")
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        for data in (os2(16384, 64, 1, zeros, 3, black_white), os2(16384, 64, 1, nothing, 3, black_white),
                     os2(16384, 64, 24, b"\0\2\0\0" * 25_000, 4), os2(16384, 64, 24, b"\0\2\1\0" * 25_000, 4),
                     os2(16384, 64, 24, b"\1\2\3\4" * 25_000, 4)):
            tracemalloc.reset_peak()
            began = time.process_time()
            self.fails("cut off|damaged", decode_bmp, data)
            self.assertLess(time.process_time() - began, 2)
            self.assertLess(tracemalloc.get_traced_memory()[1], (3 + 3) * 2 ** 20)     # 3 MiB are the picture

    def test_broken_files(self) -> None:
        """Truncated anywhere, changed anywhere: a picture or DeepDreamError, and soon."""
        rng = random.Random(4)
        read = refused = 0
        tracemalloc.start()
        self.addCleanup(tracemalloc.stop)
        for path in FILES:
            good = path.read_bytes()
            broken = [good[:length] for length in {*range(60), *rng.sample(range(len(good)), min(len(good), 30))}]
            for _ in range(50):
                data = bytearray(good)
                for _ in range(rng.choice((1, 1, 2, 5))):
                    at = rng.choice((rng.randrange(2, min(len(data), 70)), rng.randrange(2, len(data))))
                    data[at] = rng.choice((0, 1, 0x7f, 0x80, 0xff, data[at] ^ 1 << rng.randrange(8),
                                           rng.randrange(256)))
                broken.append(bytes(data))
            for data in broken:
                tracemalloc.reset_peak()
                began = time.process_time()
                try:
                    picture = decode_bmp(data)
                    self.assertEqual(len(picture.pixels), picture.width * picture.height * 3)
                    read += 1
                except DeepDreamError as error:
                    self.assertNotIn("\n", str(error))
                    refused += 1
                self.assertLess(time.process_time() - began, 1, path.name)
                self.assertLess(tracemalloc.get_traced_memory()[1], 5 * 2 ** 20, path.name)
        self.assertGreater(min(read, refused), 700)


# ---- Writing ---------------------------------------------------------------------------------------------------------

class Writing(Folder):
    def test_every_byte(self) -> None:
        picture = Picture(2, 2, bytearray(b"\1\2\3\4\5\6\7\x08\x09\x0a\x0b\x0c"))
        self.assertEqual(encode_bmp(picture), bytes.fromhex(
            "424d 46000000 0000 0000 36000000"
            "28000000 02000000 02000000 0100 1800 00000000 10000000 130b0000 130b0000 00000000 00000000"
            "07 08 09 0a 0b 0c 00 00"
            "01 02 03 04 05 06 00 00"))

    def test_there_and_back(self) -> None:
        for width in range(1, 9):
            picture = noise(width, 10 - width)
            write_picture("a.bmp", picture)
            back = read_picture("a.bmp")
            self.assertEqual((back.width, back.height, back.pixels), (picture.width, picture.height, picture.pixels))

    def test_pillow_reads_it(self) -> None:
        try:
            from PIL import Image
        except ImportError:
            self.skipTest("no Pillow")
        picture = noise(7, 5)
        write_picture("a.bmp", picture)
        with Image.open("a.bmp") as image:
            self.assertEqual(image.convert("RGB").tobytes(), ppm(picture)[len(b"P6\n7 5\n255\n"):])

    def test_wrong_size(self) -> None:
        with self.assertRaises(ValueError):
            Picture(2, 2, bytearray(11))

    @unittest.skipIf(os.name == "nt", "POSIX permissions")
    def test_permissions_are_those_of_a_plain_write(self) -> None:
        self.addCleanup(os.umask, os.umask(0o027))
        write_picture("new.bmp", noise(2, 2))
        self.assertEqual(stat.S_IMODE(os.stat("new.bmp").st_mode), 0o640)
        os.chmod("new.bmp", 0o604)
        write_picture("new.bmp", noise(2, 2))
        self.assertEqual(stat.S_IMODE(os.stat("new.bmp").st_mode), 0o604)

    @unittest.skipIf(os.name == "nt", "POSIX links")
    def test_a_link_stays_one(self) -> None:
        os.mkdir("there")
        os.symlink(os.path.join("there", "a.bmp"), "link.bmp")
        for seed in (1, 2):
            write_picture("link.bmp", noise(2, 2, seed))
            self.assertTrue(os.path.islink("link.bmp"))
            self.assertEqual(pathlib.Path("there/a.bmp").read_bytes(), encode_bmp(noise(2, 2, seed)))

    @unittest.skipIf(os.name == "nt", "POSIX pipes")
    def test_what_is_no_file_is_not_replaced(self) -> None:
        os.mkfifo("pipe")
        with subprocess.Popen(["cat", "pipe"], stdout=subprocess.PIPE) as reader:
            write_picture("pipe", noise(2, 2))
            assert reader.stdout
            self.assertEqual(reader.stdout.read(), encode_bmp(noise(2, 2)))
        self.assertTrue(stat.S_ISFIFO(os.stat("pipe").st_mode))
        write_picture(os.devnull, noise(2, 2))
        self.assertFalse(os.path.isfile(os.devnull))

    def test_failures(self) -> None:
        os.mkdir("folder")
        pathlib.Path("file").touch()
        for path, reason in (("missing/a.bmp", "No such file"), ("folder", "Is a directory"),
                             ("file/a.bmp", "Not a directory"), ("a" * 300, "too long"), ("", "")):
            with self.subTest(path):
                line = self.fails("cannot be written", write_picture, path, noise(2, 2))
                self.assertIn(reason, line)
                self.assertEqual(sorted(os.listdir()), ["file", "folder"])

    @unittest.skipUnless(os.path.exists("/dev/full"), "no /dev/full")
    def test_disk_full(self) -> None:
        self.fails("No space left", write_picture, "/dev/full", noise(200, 200))

    @unittest.skipIf(os.name == "nt" or not hasattr(os, "geteuid") or os.geteuid() == 0, "root may write everything")
    def test_read_only(self) -> None:
        pathlib.Path("a.bmp").write_text("mine")
        os.chmod("a.bmp", 0o444)
        self.fails("Permission denied", write_picture, "a.bmp", noise(2, 2))
        self.assertEqual(pathlib.Path("a.bmp").read_text(), "mine")

    def test_interrupted(self) -> None:
        """Where no file can be renamed the old one is written to; Ctrl-C at the last moment leaves it as it was."""
        for error, expected in ((KeyboardInterrupt(), b"old"), (OSError(5, "broken"), encode_bmp(noise(2, 2)))):
            pathlib.Path("a.bmp").write_bytes(b"old")
            with mock.patch("os.replace", side_effect=error):
                try:
                    write_picture("a.bmp", noise(2, 2))
                except KeyboardInterrupt as interrupt:
                    self.assertIs(interrupt, error)
            self.assertEqual(os.listdir(), ["a.bmp"])
            self.assertEqual(pathlib.Path("a.bmp").read_bytes(), expected)


# ---- Enlarging -------------------------------------------------------------------------------------------------------

def enlarge_in_place(picture: Picture) -> Picture:
    """The original's way: one static buffer, written from the last pixel to the first, the source in its front."""
    w, h = picture.width, picture.height
    width, height = w * 14 // 10, h * 14 // 10
    buffer = bytearray((width + 2) * (height + 2) * 3)
    buffer[:len(picture.pixels)] = picture.pixels
    for y in range(height - 1, -1, -1):
        for x in range(width - 1, -1, -1):
            sx, sy = (x << 8) * 10 // 14, (y << 8) * 10 // 14
            u, v = sx & 255, sy & 255
            for c in range(2, -1, -1):
                p = ((sy >> 8) * w + (sx >> 8)) * 3 + c
                q = p + w * 3
                a = (buffer[p] * (255 - u) + buffer[p + 3] * u) >> 8
                b = (buffer[q] * (255 - u) + buffer[q + 3] * u) >> 8
                buffer[(y * width + x) * 3 + c] = (a * (255 - v) + b * v) >> 8
    return Picture(width, height, buffer[:width * height * 3])


def enlarge(picture: Picture, scale: Fraction) -> Picture:
    """The corrected formula, pixel by pixel."""
    w, h = picture.width, picture.height
    result = Picture(int(w * scale), int(h * scale))
    for y in range(result.height):
        for x in range(result.width):
            (x0, u), (y0, v) = (divmod(int(256 * i / scale), 256) for i in (x, y))
            x1, y1 = min(x0 + 1, w - 1), min(y0 + 1, h - 1)
            for c in range(3):
                upper, lower = ((picture.pixels[(i * w + x0) * 3 + c] * (256 - u)
                                 + picture.pixels[(i * w + x1) * 3 + c] * u) // 256 for i in (y0, y1))
                result.pixels[(y * result.width + x) * 3 + c] = (upper * (256 - v) + lower * v) // 256
    return result


class Enlarging(unittest.TestCase):
    def test_the_original_bit_for_bit(self) -> None:
        # 313, 438, 613 and 858 are the sides at which the original reads beyond the edge
        for w, h in ((313, 6), (6, 438), (224, 5), (13, 8), (5, 5), (10, 10), (31, 32), (40, 40)):
            with self.subTest(w=w, h=h):
                result, expected = upscale(noise(w, h), c89=True), enlarge_in_place(noise(w, h))
                self.assertEqual((result.width, result.height), (expected.width, expected.height))
                self.assertEqual(result.pixels, expected.pixels)

    def test_the_default(self) -> None:
        for w, h in ((313, 4), (3, 438), (13, 8), (1, 7), (7, 1), (1, 1)):
            for scale in (Fraction(7, 5), Fraction(3, 2), Fraction("1.37"), Fraction(3), Fraction(1)):
                with self.subTest(w=w, h=h, scale=scale):
                    result, expected = upscale(noise(w, h), scale), enlarge(noise(w, h), scale)
                    self.assertEqual((result.width, result.height), (expected.width, expected.height))
                    self.assertEqual(result.pixels, expected.pixels)

    def test_brightness(self) -> None:
        """The original loses 2 levels with each octave; the default none where it is even, less than 1 elsewhere."""
        even = Picture(13, 13, bytearray(b"\xff" * 507))
        for c89, value in ((True, 253), (False, 255)):
            inner = upscale(even, c89=c89).pixels[:3 * 18 * 16]
            self.assertEqual({*inner[:48]}, {value})
        picture = upscale(upscale(noise(60, 60)))
        mean = sum(picture.pixels) / len(picture.pixels)
        self.assertAlmostEqual(mean, sum(noise(60, 60).pixels) / 10800 - 1, delta=1)    # twice half a level, twice

    def test_sizes_of_the_original(self) -> None:
        sides = [224]
        for _ in range(6):
            sides.append(int(sides[-1] * Fraction(7, 5)))
        self.assertEqual(sides, [224, 313, 438, 613, 858, 1201, 1681])

    def test_speed(self) -> None:
        """1201 to 1681 takes 0.1 s on the machine it was written on."""
        began = time.process_time()
        upscale(Picture(1201, 1201))
        self.assertLess(time.process_time() - began, 1.5)


# ---- For the classifier ----------------------------------------------------------------------------------------------

def source(width: int, height: int) -> list[int]:
    return [(i * i * 37 + i * 101 + 13) % 251 for i in range(width * height * 3)]


def fit_forward(fit, values):
    """[height, width, 3] to [high, wide, 3]"""
    return fit.forward(fit.part(values))


def fit_backward(fit, gradient):
    """The transpose, zero where the result does not look."""
    part, whole = array.array("f"), array.array("f", bytes(4 * 3 * fit.width * fit.height))
    for row in fit.backward(gradient):
        part.extend(array.array("f", row))
    fit.put_part(part, whole)
    return whole


class Fitting(unittest.TestCase):
    # Pillow 13.0.0, Image.resize(..., BILINEAR) in mode F of each channel of source(width, height), the middle cut out
    BY_PILLOW = {
        (9, 4, 3): [
            169.4182, 136.6909, 109.5091, 104.5462, 71.4154, 114.2154, 97.4454, 140.7909, 82.4364, 163.4091, 118.6818,
            79.5, 198.1154, 118.2308, 54.4231, 168.9545, 182.0455, 98.0, 130.8, 74.0727, 134.7, 116.4154, 111.4154,
            116.7, 102.0546, 84.8909, 86.9636],
        (2, 5, 4): [
            152.25, 29.5, 169.0, 147.0625, 64.125, 149.3125, 136.6875, 133.375, 109.9375, 131.5, 168.0, 90.25, 68.75,
            42.5, 153.0, 73.1875, 55.375, 142.9375, 82.0625, 81.125, 122.8125, 86.5, 94.0, 112.75, 23.75, 94.0, 112.75,
            37.8125, 85.125, 112.3125, 65.9375, 67.375, 111.4375, 80.0, 58.5, 111.0, 17.25, 184.0, 48.25, 40.9375,
            153.375, 57.4375, 88.3125, 92.125, 75.8125, 112.0, 61.5, 85.0],
        (7, 7, 3): [
            130.0306, 99.9082, 115.6122, 154.5966, 103.3109, 156.6092, 142.3571, 89.1173, 115.0, 165.5336, 126.3277,
            104.1723, 119.5052, 123.4325, 112.7716, 152.0504, 90.8571, 144.7941, 138.2194, 78.1786, 190.7449, 149.8571,
            89.1429, 154.105, 118.9643, 130.5714, 111.1684],
    }

    def test_as_pillow(self) -> None:
        for (width, height, size), expected in self.BY_PILLOW.items():
            for values in (source(width, height), bytearray(source(width, height))):
                result = fit_forward(Fit(width, height, size), values)
                self.assertEqual(len(result), size * size * 3)
                # measured: 5e-5, the rounding of the numbers above
                self.assertLess(max(abs(a - b) for a, b in zip(result, expected)), 1e-4)

    def test_as_pillow_when_there(self) -> None:
        try:
            from PIL import Image
        except ImportError:
            self.skipTest("no Pillow")
        for width, height in ((300, 260), (100, 224), (223, 225), (1, 5), (700, 90)):
            values, shorter = source(width, height), min(width, height)
            new = [(2 * side * 224 + shorter) // (2 * shorter) for side in (width, height)]
            left, top = ((side - 224) // 2 for side in new)
            result = fit_forward(Fit(width, height), values)
            for c in range(3):
                image = Image.frombytes("F", (width, height), array.array("f", values[c::3]).tobytes())
                image = image.resize(new, Image.Resampling.BILINEAR).crop((left, top, left + 224, top + 224))
                expected = array.array("f", image.tobytes())
                self.assertLess(max(abs(a - b) for a, b in zip(result[c::3], expected)), 1e-3)

    def test_the_right_size_is_left_as_it_is(self) -> None:
        picture = noise(224, 224)
        self.assertEqual(list(fit_forward(Fit(224, 224), picture.pixels)), list(picture.pixels))
        values = array.array("f", [random.Random(5).uniform(-1, 300) for _ in range(150528)])
        self.assertEqual(fit_forward(Fit(224, 224), values), values)
        self.assertEqual(fit_backward(Fit(224, 224), values), values)

    def test_even_pictures_stay_even(self) -> None:
        for width, height in ((50, 33), (500, 301), (1, 2000)):
            values = fit_forward(Fit(width, height), bytearray((10, 100, 255)) * (width * height))
            for c, value in enumerate((10, 100, 255)):
                self.assertLess(max(abs(v - value) for v in values[c::3]), 1e-3)

    def test_backward_is_the_transpose(self) -> None:
        rng = random.Random(6)
        for width, height, size in ((9, 4, 3), (4, 9, 3), (2, 5, 4), (31, 30, 8), (300, 290, 224), (90, 120, 224),
                                    (1, 40, 5), (600, 20, 6)):
            fit = Fit(width, height, size)
            x = array.array("f", [rng.uniform(-1, 1) for _ in range(width * height * 3)])
            y = array.array("f", [rng.uniform(-1, 1) for _ in range(size * size * 3)])
            there = sum(a * b for a, b in zip(fit_forward(fit, x), y))
            back = sum(a * b for a, b in zip(x, fit_backward(fit, y)))
            # measured: at most 1e-6, of sums around 1 to 100
            self.assertAlmostEqual(there, back, delta=1e-4)

    def test_gradient_only_where_it_looks(self) -> None:
        gradient = fit_backward(Fit(40, 8, 4), array.array("f", [1.0] * 48))
        seen = [[any(gradient[(y * 40 + x) * 3:(y * 40 + x) * 3 + 3]) for x in range(40)] for y in range(8)]
        self.assertTrue(all(row == [15 <= x < 25 for x in range(40)] for row in seen), seen)
        self.assertAlmostEqual(sum(gradient), 48.0, places=4)

    def test_speed(self) -> None:
        """1000 x 800 takes 0.2 s forward, 0.4 s back, on the machine it was written on."""
        began = time.process_time()
        fit = Fit(1000, 800)
        fit_backward(fit, fit_forward(fit, bytearray(1000 * 800 * 3)))
        self.assertLess(time.process_time() - began, 2.5)


if __name__ == "__main__":
    unittest.main()
