"""PBM, PGM, PPM, PAM: files of other programs read, ours read by other programs, damage.

    python3 test/test_pnm.py          or all tests: python3 -m unittest discover -s test

Oracles: test/pictures/pnm (files by other programs, with what others read in them); where they are installed, Pillow,
netpbm and ffmpeg read what is written here.
"""

import io
import pathlib
import random
import re
import shutil
import subprocess
import time
import tracemalloc
import unittest
from unittest import mock

from deepdream import DeepDreamError, Picture
from deepdream_extras.formats import Extras, pnm

HERE = pathlib.Path(__file__).resolve().parent
FILES = sorted((HERE / "pictures" / "pnm").glob("*.p?m"))


def noise(width: int, height: int) -> Picture:
    return Picture(width, height, bytearray(random.Random(1).randbytes(width * height * 3)))


def rgb(picture) -> bytes:
    pixels = bytearray(picture.pixels)
    pixels[0::3], pixels[2::3] = pixels[2::3], pixels[0::3]
    return bytes(pixels)


class Reading(unittest.TestCase):
    def test_files_of_other_programs(self) -> None:
        self.assertGreater(len(FILES), 30)
        for path in FILES:
            with self.subTest(path.name):
                found = pnm.decode(path.read_bytes(), path.name)
                expected = path.with_name(path.name + ".rgba").read_bytes()
                self.assertEqual((found.width, found.height), (17, 9))
                self.assertEqual(rgb(found), b"".join(expected[at:at + 3] for at in range(0, len(expected), 4)))
                self.assertEqual(found.alpha or b"\xff" * 153, expected[3::4])
                self.assertEqual(found.alpha is None, "alpha" not in path.name and "rgba" not in path.name)

    def test_every_maxval(self) -> None:
        """To the nearest of 0 to 255, in all kinds."""
        for largest in (1, 2, 3, 7, 100, 254, 255, 256, 1000, 65534, 65535):
            samples = sorted({0, 1, largest // 2, largest * 2 // 3, largest - 1, largest})
            expected = [(2 * 255 * sample + largest) // (2 * largest) for sample in samples]
            size = 1 if largest < 256 else 2
            binary = b"".join(sample.to_bytes(size, "big") for sample in samples)
            head = f"{len(samples)} 1\n{largest}\n".encode()
            text = " ".join(map(str, samples)).encode()
            pam = f"P7\nWIDTH {len(samples)}\nHEIGHT 1\nDEPTH 1\nMAXVAL {largest}\nENDHDR\n".encode()
            for data in (b"P5 " + head + binary, b"P2 " + head + text, pam + binary):
                self.assertEqual(list(pnm.decode(data).pixels[::3]), expected)

    def test_spellings(self) -> None:
        for data, grey in ((b"P1 3 2 010 1 1 0", (255, 0, 255, 0, 0, 255)),
                           (b"P1\n3 2\n010110", (255, 0, 255, 0, 0, 255)),
                           (b"P1#a\n# b\n3#c\r2#d\n\n0#e\n10110 and more", (255, 0, 255, 0, 0, 255)),
                           (b"P2\t2\v1\f10\r0\n10", (0, 255)),
                           (b"P2 2 1 10 # 1\n5#6\n 10#", (128, 255)),
                           (b"P2 2 1 10 5 10\nP2 2 1 10 5 10\n", (128, 255)),
                           (b"P4 9 1\n\xff\x00", (0,) * 8 + (255,)),
                           (b"P5 2 1 255 \n#", (10, 35)),
                           (b"P5 2 1 255#x\n#", None),
                           (b"P5 2 1 255#x\n #", (32, 35)),
                           (b"P5 2 1#x\n#y\n255\n\n#", (10, 35)),
                           (b"P7\n# a\n\nWIDTH 2 \nHEIGHT  1\nDEPTH 2\nMAXVAL 1\nTUPLTYPE A\nTUPLTYPE B\nENDHDR\n"
                            b"\1\1\0\1", (255, 0))):
            with self.subTest(data):
                if grey is None:
                    self.assertRaises(DeepDreamError, pnm.decode, data)
                else:
                    self.assertEqual(tuple(pnm.decode(data).pixels[::3]), grey)

    def test_large_text(self) -> None:
        """More than one block of numbers, rows that end anywhere."""
        picture = noise(577, 301)
        with mock.patch.object(pnm, "BLOCK", 2 ** 16):
            data = b"P3 577 301 255\n" + b" ".join(b"%d" % level for level in rgb(picture))
            self.assertEqual(pnm.decode(data).pixels, picture.pixels)
            data = b"P3 577 301 65535\n" + b"\n".join(b"%d" % (257 * level) for level in rgb(picture))
            self.assertEqual(pnm.decode(data).pixels, picture.pixels)
            data = b"P6 577 301 65535\n" + b"".join(bytes((level, level)) for level in rgb(picture))
            self.assertEqual(pnm.decode(data).pixels, picture.pixels)
            bits = bytes(level & 1 for level in picture.pixels[::3])
            data = b"P1 577 301\n" + bits.translate(b"01" + bytes(254))
            self.assertEqual(pnm.decode(data).pixels[::3], bits.translate(b"\xff\0" + bytes(254)))


class Writing(unittest.TestCase):
    def test_ppm(self) -> None:
        picture = noise(5, 7)
        self.assertEqual(pnm.encode(picture), b"P6\n5 7\n255\n" + rgb(picture))
        self.assertEqual(pnm.decode(pnm.encode(picture)).pixels, picture.pixels)

    def test_comment(self) -> None:
        for comment in ("recipe", '{"a": 1,\n "b": "ö"}', "# and\n\nmore"):
            found = pnm.decode(pnm.encode(noise(5, 7), Extras(comment=comment)))
            self.assertEqual(found.comment, comment)
            self.assertEqual(found.pixels, noise(5, 7).pixels)

    def test_other_programs(self) -> None:
        """For developers: needs the programs."""
        picture = noise(31, 17)
        data = pnm.encode(picture, Extras(comment="one line\nanother line"))
        tried = 0
        try:
            from PIL import Image
        except ImportError:
            pass
        else:
            self.assertEqual(Image.open(io.BytesIO(data)).convert("RGB").tobytes(), rgb(picture))
            tried += 1
        for command in (["pamtopam"], ["ffmpeg", "-v", "error", "-f", "ppm_pipe", "-i", "-", "-pix_fmt", "rgb24",
                                       "-f", "rawvideo", "-"]):
            if shutil.which(command[0]):
                found = subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout
                self.assertEqual(found[-len(picture.pixels):], rgb(picture))
                tried += 1
        if not tried:
            self.skipTest("needs Pillow, netpbm or ffmpeg")


class Damage(unittest.TestCase):
    def read(self, data: bytes) -> None:
        try:
            found = pnm.decode(data, "x.ppm")
            self.assertEqual(len(found.pixels), 3 * found.width * found.height)
        except DeepDreamError as error:
            self.assertRegex(str(error), r"\Ax\.ppm: [^\n]+; expected [^\n]+; [^\n]+\Z")

    def test_mutated_files(self) -> None:
        rng = random.Random(1)
        seeds = [path.read_bytes() for path in FILES]
        words = (b" ", b"\n", b"#", b"0", b"9", b"-1", b"99999", b"65535", b"65536", b"1_0", b"\xb2", b"P7", b"ENDHDR")
        for turn in range(6000):
            data = bytearray(seeds[turn % len(seeds)])
            for _ in range(rng.choice((1, 1, 2, 5))):
                at = rng.randrange(min(len(data), rng.choice((20, 60, 10 ** 6))))
                kind = rng.randrange(5)
                if kind == 0:
                    data[at] = rng.randrange(256)
                elif kind == 1:
                    data[at:at + rng.randrange(3)] = rng.choice(words)
                elif kind == 2:
                    del data[at:at + rng.choice((1, 2, 30))]
                elif kind == 3:
                    data[at:at] = rng.randbytes(rng.choice((1, 2, 30)))
                else:
                    del data[max(at, 1):]
                if not data:
                    break
            self.read(bytes(data))

    def test_messages(self) -> None:
        pam = b"P7\nWIDTH 2\nHEIGHT 1\nDEPTH 3\nMAXVAL 255\nENDHDR\n"
        for data, message in (
                (b"", "not a PBM, PGM, PPM or PAM file (it begins with nothing); expected P1 to P7; give"),
                (b"P8 1 1", "not a PBM, PGM, PPM or PAM file (it begins with 50 38 20)"),
                (b"P6 12", "the header ends before the height; expected a number"),
                (b"P6 12 x", "the height 'x'; expected a number"),
                (b"P6 12 -3 255 ", "the height '-3'; expected a number"),
                (b"P6 0 3 255 ", "0 x 3 pixels; expected sides of 1 to 16384; make"),
                (b"P6 16385 3 255 ", "16385 x 3 pixels; expected sides of 1 to 16384; make"),
                (b"P6 1 1 0 ", "a maxval of 0; expected 1 to 65535"),
                (b"P6 1 1 65536 ", "a maxval of 65536; expected 1 to 65535"),
                (b"P6 16000 16000 255 abc", "cut off: 3 bytes of pixels; expected 768000000 for 16000 x 16000 pixels"),
                (b"P3 16000 16000 255 abc", "cut off: 3 bytes of pixels; expected 1535999999 for 16000 x 16000"),
                (b"P5 1 1 9 \x0a", "a sample of 10; expected at most 9, the maxval"),
                (b"P5 1 1 999 \xff\xff", "a sample of 65535; expected at most 999, the maxval"),
                (b"P2 1 1 9 10", "a sample of 10; expected at most 9, the maxval"),
                (b"P2 2 1 9 1   ", "its numbers end before the picture does; expected 2 x 1 pixels"),
                (b"P2 2 1 9 1_0   ", "its numbers end before the picture does; expected 2 x 1 pixels"),
                (b"P1 3 1 012  ", "its numbers end before the picture does; expected 3 x 1 pixels"),
                (pam.replace(b"ENDHDR", b"ENDHD"), "the line 'ENDHD' in the header; expected one of a PAM file"),
                (pam[:-7], "the header has no end; expected a line ENDHDR"),
                (pam.replace(b"MAXVAL 255\n", b""), "a header with WIDTH, HEIGHT, DEPTH; expected WIDTH, HEIGHT"),
                (pam.replace(b"DEPTH 3", b"DEPTH 5"), "5 samples a pixel; expected 1 to 4"),
                (pam.replace(b"ENDHDR", b"TUPLTYPE CMYK\nENDHDR"), "inks (CMYK)"),
                (pam, "cut off: 0 bytes of pixels; expected 6 for 2 x 1 pixels")):
            with self.subTest(data), self.assertRaisesRegex(DeepDreamError, re.escape(message)):
                pnm.decode(data, "x.ppm")

    def test_hostile(self) -> None:
        for data in (b"P2 1 1 9 " + b"0" * 100_000,
                     b"P2 1000 50 9 " + b"0" * 100_000,
                     b"P2 1000 50 9 " + b"0 " * 49_999,
                     b"P2 1 1 9" + b"#\n" * 50_000,
                     b"P2 1 1 9 " + b"#\n" * 50_000 + b"5 ",
                     b"P2 1 1 9 " + b"#" * 100_000,
                     b"P2 " + b"#\n" * 50_000,
                     b"P2 " + b" " * 100_000,
                     b"P2 " + b"#" * 100_000,
                     b"P2 " + b"1" * 100_000,
                     b"P6 1 1 255" + b"#" * 100_000,
                     b"P7\n" + b"\n" * 100_000,
                     b"P7\n" + b"WIDTH 5\n" * 12_000,
                     b"P7" + b"\n#" * 50_000,
                     b"P1 16384 16384\n" + b"01" * 50_000,
                     b"P4 16384 16384\n" + b"01" * 50_000):
            tracemalloc.start()
            begin = time.process_time()
            self.read(data)
            seconds = time.process_time() - begin
            memory = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            self.assertLess(seconds, 2, data[:30])
            self.assertLess(memory, 2 ** 26, data[:30])


if __name__ == "__main__":
    unittest.main()
