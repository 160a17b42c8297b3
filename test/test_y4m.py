"""Y4M: colours against their definition, round trips, streams, damage; against ffmpeg where it is installed.

    python3 test/test_y4m.py          or all tests: python3 -m unittest discover -s test
"""

import io
import os
import random
import re
import shutil
import subprocess
import threading
import time
import tracemalloc
import unittest
from fractions import Fraction

from deepdream import DeepDreamError, Picture
from deepdream_extras.formats import Extras, y4m


def noise(width: int, height: int, seed: int = 1) -> Picture:
    return Picture(width, height, bytearray(random.Random(seed).randbytes(width * height * 3)))


def smooth(width: int, height: int) -> Picture:
    return Picture(width, height, bytearray(level for y in range(height) for x in range(width)
                                            for level in (x * 255 // width, y * 255 // height, 200 - x * 99 // width)))


def video(pictures: list[Picture], delay: float | Fraction = Fraction(1, 25), subsampling: str = "4:4:4") -> bytes:
    sink = io.BytesIO()
    writer = y4m.Animation(sink, pictures[0].width, pictures[0].height, delay, Extras(subsampling=subsampling))
    for picture in pictures:
        writer.add(picture)
    writer.close()
    return sink.getvalue()


def to_yuv(blue: float, green: float, red: float) -> tuple[float, float, float]:
    """BT.601, limited range, not rounded."""
    luma = 0.299 * red + 0.587 * green + 0.114 * blue
    return (16 + luma * 219 / 255, 128 + (blue - luma) / 1.772 * 224 / 255, 128 + (red - luma) / 1.402 * 224 / 255)


def to_bgr(y: int, u: int, v: int, full: bool) -> list[float]:
    if full:
        luma, blue, red = float(y), (u - 128) * 1.772, (v - 128) * 1.402
    else:
        luma, blue, red = (y - 16) * 255 / 219, (u - 128) * 1.772 * 255 / 224, (v - 128) * 1.402 * 255 / 224
    green = -(0.299 * red + 0.114 * blue) / 0.587
    return [min(max(luma + part, 0), 255) for part in (blue, green, red)]


class Colours(unittest.TestCase):
    def test_from_planes(self) -> None:
        """Within what rounding twice can make, and nearly always the nearest."""
        for full, mark in ((False, b""), (True, b" XCOLORRANGE=FULL")):
            planes = random.Random(2).randbytes(3 * 3000)
            found = y4m.decode(b"YUV4MPEG2 W60 H50 C444" + mark + b"\nFRAME\n" + planes).pixels
            expected = [level for pixel in zip(planes[:3000], planes[3000:6000], planes[6000:])
                        for level in to_bgr(*pixel, full)]
            self.assertLess(max(abs(a - b) for a, b in zip(found, expected)), 0.53)

    def test_to_planes(self) -> None:
        picture = noise(60, 50)
        planes = y4m.encode(picture).partition(b"FRAME\n")[2]
        for at in range(3000):
            expected = to_yuv(*picture.pixels[3 * at:3 * at + 3])
            for found, value in zip(planes[at::3000], expected):
                self.assertLess(abs(found - value), 0.51)

    def test_halved(self) -> None:
        """U and V are the mean of what is there of 2 x 2 pixels, the last row and column doubled."""
        for width, height in ((6, 4), (7, 4), (6, 5), (7, 5), (1, 1), (1, 2), (2, 1), (1, 7)):
            picture = noise(width, height)
            planes = y4m.encode(picture, Extras(subsampling="4:2:0")).partition(b"FRAME\n")[2]
            columns, rows = (width + 1) // 2, (height + 1) // 2
            self.assertEqual(len(planes), width * height + 2 * columns * rows)
            for row in range(rows):
                for column in range(columns):
                    four = []
                    for y in (2 * row, min(2 * row + 1, height - 1)):
                        for x in (2 * column, min(2 * column + 1, width - 1)):
                            at = 3 * (y * width + x)
                            four.append(to_yuv(*picture.pixels[at:at + 3]))
                    for plane in (1, 2):
                        found = planes[width * height + (plane - 1) * columns * rows + row * columns + column]
                        self.assertLess(abs(found - sum(part[plane] for part in four) / 4), 0.51)

    def test_round_trip(self) -> None:
        """8 bits of Y, U and V have fewer colours: largest error of 4:4:4 measured 2; grey is exact."""
        for width, height in ((60, 50), (7, 5), (1, 1), (1, 9), (9, 1)):
            picture = noise(width, height)
            found = y4m.decode(y4m.encode(picture)).pixels
            self.assertLessEqual(max(abs(a - b) for a, b in zip(found, picture.pixels)), 2)
            picture.pixels[1::3] = picture.pixels[2::3] = picture.pixels[0::3]
            for subsampling in ("4:4:4", "4:2:0"):
                found = y4m.decode(y4m.encode(picture, Extras(subsampling=subsampling))).pixels
                self.assertLessEqual(max(abs(a - b) for a, b in zip(found, picture.pixels)), 1)
        picture = smooth(64, 48)
        found = y4m.decode(y4m.encode(picture, Extras(subsampling="4:2:0"))).pixels
        self.assertLessEqual(max(abs(a - b) for a, b in zip(found, picture.pixels)), 6)


class Streams(unittest.TestCase):
    def test_header(self) -> None:
        for line, expected in (
                (b"W3 H2 F30000:1001 Ip A10:11 C420mpeg2 XYSCSS=420MPEG2",
                 y4m.Header(3, 2, Fraction(30000, 1001), Fraction(10, 11), (2, 2), False)),
                (b"W3 H2", y4m.Header(3, 2, None, None, (2, 2), False)),
                (b"C422 H2 W3 F0:0 A0:0 XCOLORRANGE=LIMITED", y4m.Header(3, 2, None, None, (2, 1), False)),
                (b"W3 H2 Cmono XCOLORRANGE=FULL", y4m.Header(3, 2, None, None, None, True))):
            self.assertEqual(y4m.read_header(io.BytesIO(b"YUV4MPEG2 " + line + b"\n")), expected)

    def test_rate(self) -> None:
        for delay, rate in ((Fraction(1, 25), b"F25:1"), (1 / 30, b"F30:1"), (1001 / 30000, b"F30000:1001"),
                            (Fraction(1001, 24000), b"F24000:1001"), (2, b"F1:2"), (0.08, b"F25:2")):
            self.assertIn(b" " + rate + b" ", video([noise(2, 2)], delay).partition(b"\n")[0])

    def test_shape_of_pixels(self) -> None:
        for aspect in (Fraction(1), Fraction(16, 11)):
            data = y4m.encode(noise(2, 2), Extras(aspect=aspect))
            self.assertEqual([y4m.decode(data).aspect, y4m.describe(data).aspect], [aspect, aspect])

    def test_all_kinds(self) -> None:
        """One colour in each kind of planes, sides odd; parameters of a frame are passed over."""
        y, u, v = (round(part) for part in to_yuv(40, 90, 200))
        expected = tuple(round(level) for level in to_bgr(y, u, v, False))
        for kind, columns, rows in (("420jpeg", 3, 2), ("420mpeg2", 3, 2), ("420paldv", 3, 2), ("420", 3, 2),
                                    ("422", 3, 3), ("444", 5, 3)):
            data = f"YUV4MPEG2 W5 H3 C{kind}\nFRAME Ip\n".encode()
            data += bytes((y,)) * 15 + bytes((u,)) * (columns * rows) + bytes((v,)) * (columns * rows)
            found = list(y4m.read_frames(io.BytesIO(data + data[data.index(b"FRAME"):])))
            self.assertEqual(len(found), 2)
            for picture in found:
                self.assertEqual(set(zip(*[iter(picture.pixels)] * 3)), {expected})
        grey = y4m.decode(b"YUV4MPEG2 W2 H1 Cmono\nFRAME\n\x10\xeb")
        self.assertEqual(grey.pixels, b"\0\0\0\xff\xff\xff")

    def test_pipe(self) -> None:
        """A frame is there as soon as it has been written."""
        ends = os.pipe()
        ask, said = threading.Event(), threading.Event()

        def write() -> None:
            with open(ends[1], "wb", buffering=0) as sink:
                writer = y4m.Animation(sink, 300, 200, 0.04)
                for seed in range(3):
                    ask.wait(300)
                    ask.clear()
                    writer.add(noise(300, 200, seed))
                    said.set()
                writer.close()

        thread = threading.Thread(target=write)
        thread.start()
        with open(ends[0], "rb") as file:
            header = y4m.read_header(file)
            frames = y4m.read_frames(file, header=header)
            for seed in range(3):
                ask.set()
                picture = next(frames)
                self.assertLessEqual(max(abs(a - b) for a, b in zip(picture.pixels, noise(300, 200, seed).pixels)), 2)
            self.assertEqual(list(frames), [])
        thread.join()

    def test_wrong_size(self) -> None:
        writer = y4m.Animation(io.BytesIO(), 3, 3, 0.04)
        self.assertRaises(ValueError, writer.add, noise(3, 4))


class Ffmpeg(unittest.TestCase):
    """For developers: needs ffmpeg."""

    def setUp(self) -> None:
        if not shutil.which("ffmpeg"):
            self.skipTest("needs ffmpeg")

    def ffmpeg(self, arguments: str, data: bytes | bytearray) -> bytes:
        return subprocess.run(["ffmpeg", "-v", "error", *arguments.split()], input=data, stdout=subprocess.PIPE,
                              check=True).stdout

    def differences(self, found: bytes | bytearray, expected: bytes | bytearray) -> tuple[float, int]:
        self.assertEqual(len(found), len(expected))
        each = [abs(a - b) for a, b in zip(found, expected)]
        return sum(each) / len(each), max(each)

    def test_read(self) -> None:
        """Measured: 4:4:4 0.005 on average and 1 at most; 4:2:0 and 4:2:2, which ffmpeg rounds down, 1.1 and 3."""
        for picture in (noise(96, 64), smooth(96, 64)):
            raw = bytes(picture.pixels)
            for kind, mean, most in (("yuv444p", 0.02, 1), ("yuv420p", 1.3, 3), ("yuv422p", 1.3, 3), ("gray", 0, 0)):
                data = self.ffmpeg(f"-f rawvideo -pix_fmt bgr24 -s 96x64 -i - -pix_fmt {kind} -strict -1"
                                   " -f yuv4mpegpipe -", raw)
                theirs = self.ffmpeg("-f yuv4mpegpipe -i - -pix_fmt bgr24 -f rawvideo -", data)
                found = self.differences(y4m.decode(data).pixels, theirs)
                self.assertLessEqual(found, (mean, most), kind)
                self.assertLessEqual(found[1], most, kind)

    def test_write(self) -> None:
        """Measured: Y and, for 4:4:4, U and V 0.01 on average, 1 at most."""
        for picture in (noise(96, 64), smooth(96, 64)):
            raw = bytearray(picture.pixels)
            raw[0::3], raw[2::3] = raw[2::3], raw[0::3]     # of bgr24 ffmpeg rounds Y down
            for kind, subsampling, count in (("yuv444p", "4:4:4", 3 * 96 * 64), ("yuv420p", "4:2:0", 96 * 64)):
                theirs = self.ffmpeg(f"-f rawvideo -pix_fmt rgb24 -s 96x64 -i - -pix_fmt {kind} -f rawvideo -", raw)
                ours = y4m.encode(picture, Extras(subsampling=subsampling)).partition(b"FRAME\n")[2]
                self.assertLessEqual(self.differences(ours[:count], theirs[:count]), (0.05, 1))
                data = y4m.encode(picture, Extras(subsampling=subsampling))
                again = self.ffmpeg(f"-f yuv4mpegpipe -i - -pix_fmt {kind} -f rawvideo -", data)
                self.assertEqual(again, ours)

    def test_both_ways(self) -> None:
        """Frames and their rate survive a lossless video in between."""
        pictures = [noise(32, 24, seed) for seed in range(5)]
        data = video(pictures, Fraction(1001, 30000))
        again = self.ffmpeg("-f yuv4mpegpipe -i - -c:v ffv1 -f nut -", data)
        back = self.ffmpeg("-f nut -i - -f yuv4mpegpipe -", again)
        self.assertEqual(y4m.read_header(io.BytesIO(back)).rate, Fraction(30000, 1001))
        self.assertEqual([picture.pixels for picture in y4m.read_frames(io.BytesIO(back))],
                         [picture.pixels for picture in y4m.read_frames(io.BytesIO(data))])


class Damage(unittest.TestCase):
    def test_messages(self) -> None:
        for data, message in (
                (b"", "not a Y4M video (it begins with nothing); expected YUV4MPEG2; give"),
                (b"YUV4MPEG3 W1", "not a Y4M video (it begins with 59 55 56 34 4d 50 45 47 33 20)"),
                (b"YUV4MPEG2 W1 H1", "the header has no end; expected a line of at most 4096 bytes"),
                (b"YUV4MPEG2 W1\n", "the sides 1 and nothing; expected two numbers"),
                (b"YUV4MPEG2 W-1 H\xb2\n", "the sides -1 and"),
                (b"YUV4MPEG2 W0 H1\n", "0 x 1 pixels; expected sides of 1 to 16384"),
                (b"YUV4MPEG2 W1 H16385\n", "1 x 16385 pixels; expected sides of 1 to 16384"),
                (b"YUV4MPEG2 W1 H1 C420p10\n", "pixels of the kind C420p10; expected one of 420jpeg, 420mpeg2,"),
                (b"YUV4MPEG2 W1 H1 F30\n", "the ratio F30; expected two numbers, as in F30:1"),
                (b"YUV4MPEG2 W1 H1\n", "a video without a frame; expected one at least"),
                (b"YUV4MPEG2 W1 H1\nFRAM\n", "frame 1 begins with 46 52 41 4d 0a; expected a line FRAME"),
                (b"YUV4MPEG2 W1 H1\nFRAME\nab", "frame 1 is cut off: 0 bytes of a plane; expected 1; get it again"),
                (b"YUV4MPEG2 W9999 H9999\nFRAME\nab", "frame 1 is cut off: 2 bytes of a plane; expected 99980001")):
            with self.subTest(data), self.assertRaisesRegex(DeepDreamError, re.escape(message)):
                y4m.decode(data, "x.y4m")

    def test_mutated_files(self) -> None:
        rng = random.Random(1)
        seeds = [video([noise(5, 3), noise(5, 3)], subsampling=kind) for kind in ("4:4:4", "4:2:0")]
        seeds.append(b"YUV4MPEG2 W4 H2 F1:1 Ip A1:1 Cmono XCOLORRANGE=FULL\nFRAME\n12345678FRAME\n12345678")
        for turn in range(6000):
            data = bytearray(seeds[turn % 3])
            for _ in range(rng.choice((1, 1, 2, 5))):
                at = rng.randrange(min(len(data), rng.choice((60, 10 ** 6))))
                kind = rng.randrange(4)
                if kind == 0:
                    data[at] = rng.randrange(256)
                elif kind == 1:
                    del data[at:at + rng.choice((1, 2, 30))]
                elif kind == 2:
                    data[at:at] = rng.choice((b" ", b"\n", b"9", b":", b"C444", b"FRAME\n", rng.randbytes(3)))
                else:
                    del data[max(at, 1):]
                if not data:
                    break
            try:
                list(y4m.read_frames(io.BytesIO(data), "x.y4m"))
            except DeepDreamError as error:
                self.assertRegex(str(error), r"\Ax\.y4m: [^\n]+; (expected [^\n]+; )?[^\n]+\Z")

    def test_hostile(self) -> None:
        for data in (b"YUV4MPEG2 W16384 H16384 C444\nFRAME\n" + bytes(100_000),
                     b"YUV4MPEG2 " + b"W" * 100_000,
                     b"YUV4MPEG2 " + b"X " * 2000 + b"\n",
                     b"YUV4MPEG2 W1 H1 Cmono\n" + b"FRAME\n0" * 14_000,
                     b"YUV4MPEG2 W1 H1 Cmono\nFRAME" + b" " * 100_000):
            tracemalloc.start()
            begin = time.process_time()
            try:
                for _ in y4m.read_frames(io.BytesIO(data), "x.y4m"):
                    pass
            except DeepDreamError as error:
                self.assertNotIn("\n", str(error))
            seconds = time.process_time() - begin
            memory = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            self.assertLess(seconds, 4, data[:30])      # 2 s without tracemalloc
            self.assertLess(memory, 2 ** 26, data[:30])


if __name__ == "__main__":
    unittest.main()
