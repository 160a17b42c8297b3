"""Pictures of every format through the whole program: in by content, out by name, what happens on the way."""
import contextlib
import os
import pathlib
import random
import struct
import subprocess
import sys
import time
import unittest
import zlib
from unittest import mock

from helpers import ENVIRONMENT, PROGRAM, ROOT, CommandLine, needs_machine_code

import deepdream
from deepdream import DeepDreamError, Extras, Fit, Picture, read_picture, write_picture

SMALL = ("--tile", "40", "--octaves", "1", "--steps", "1", "--layer", "pool1/3x3_s2", "--engine", "python", "-j", "1")
PICTURES = ROOT / "test" / "pictures"
PROFILE = bytes(16) + b"RGB " + bytes(108) + b"not the usual one"
EXACT = ("png", "ppm", "bmp")


def gradient(width=40, height=34):
    return Picture(width, height, bytearray(value for y in range(height) for x in range(width)
                                            for value in (x * 255 // width, y * 255 // height, (x + y) % 64 + 60)))


def difference(one, other):
    return sum(abs(a - b) for a, b in zip(one.pixels, other.pixels)) / len(one.pixels)


def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width, height, colour, rows, *more):
    """A PNG file of 8 bits made without deepdream; each row begins with its filter."""
    return (b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, colour, 0, 0, 0))
            + b"".join(more) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b""))


class InAndOut(CommandLine):
    def test_every_format_is_written(self):
        write_picture("in.bmp", gradient())
        self.run_it("in.bmp", *SMALL, "-o", "out.bmp", "--no-octaves")
        expected = read_picture("out.bmp")
        for row in deepdream.FORMATS:
            for extension in row.extensions:
                self.run_it("in.bmp", *SMALL, "-o", "new" + extension)
                first = pathlib.Path("new" + extension).read_bytes()
                self.assertEqual(deepdream.format_by_content(first, "x"), row)
                self.assertEqual(pathlib.Path("new_octave_0" + extension).read_bytes(), first)
                result = read_picture("new" + extension)
                self.assertEqual((result.width, result.height), (40, 34))
                if extension[1:] in EXACT:
                    self.assertEqual(result.pixels, expected.pixels)
                self.assertLess(difference(result, expected), 6, extension)

    def test_every_format_is_read(self):
        for row in deepdream.FORMATS:
            write_picture("picture" + row.extensions[0], gradient())
            os.rename("picture" + row.extensions[0], "picture.txt")         # the name does not count
            self.run_it("picture.txt", *SMALL, "-o", f"{row.name}.bmp", "--no-octaves")
        exact = {read_picture(f"{name}.bmp").pixels.hex() for name in ("BMP", "PNG", "PPM")}
        self.assertEqual(len(exact), 1)
        for path in sorted(PICTURES.glob("*/*.*")):
            if path.suffix in (".png", ".jpg", ".gif", ".pbm", ".pgm", ".pam", ".y4m"):
                try:
                    self.assertGreater(read_picture(str(path), tell=lambda note: None).width, 0)
                except DeepDreamError as error:
                    self.assertIn(str(path), str(error))

    def test_streams(self):
        write_picture("in.png", gradient())
        for words, mark in (((), b"BM"), (("--format", "png"), b"\x89PNG"), (("--format", ".JPG"), b"\xff\xd8")):
            with open("in.png", "rb") as file:
                done = subprocess.run([*PROGRAM, "-i", "-", "-o", "-", *SMALL, *words], stdin=file, env=ENVIRONMENT,
                                      capture_output=True)
            self.assertEqual(done.returncode, 0, done.stderr)
            self.assertEqual(done.stdout[:len(mark)], mark)
        self.assertEqual(os.listdir(), ["in.png"])

    def test_format_counts_more_than_the_name(self):
        write_picture("in.bmp", gradient())
        self.run_it("in.bmp", *SMALL, "--format", "png")
        self.assertEqual(sorted(os.listdir()), ["in.bmp", "octave_0.png", "output.png"])
        self.run_it("in.bmp", *SMALL, "--format", "gif", "-o", "result", "--no-octaves")
        self.assertEqual(pathlib.Path("result").read_bytes()[:4], b"GIF8")
        self.assertIn("expected bmp or png or jpg", self.run_it("in.bmp", "--format", "webp", code=2).err)

    def test_names_that_cannot_be_written(self):
        write_picture("in.bmp", gradient())
        for name in ("out.webp", "out.tiff", "out.pgm"):
            error = self.run_it("in.bmp", "-o", name, code=1).err
            self.assertIn("expected a name that ends with .bmp, .png, .jpg, .gif, .ppm or .y4m", error)
            self.assertNotIn("model:", error)           # before any work
        self.assertEqual(os.listdir(), ["in.bmp"])

    def test_quality(self):
        write_picture("in.bmp", gradient())
        sizes = []
        for quality in (1, 50, 92, 100):
            self.run_it("in.bmp", *SMALL, "-o", "out.jpg", "--quality", quality)
            sizes.append(os.path.getsize("out.jpg"))
        self.assertEqual(sizes, sorted(sizes))
        self.assertGreater(sizes[3], 2 * sizes[0])
        self.run_it("in.bmp", *SMALL, "-o", "out.jpg")
        self.assertAlmostEqual(os.path.getsize("out.jpg"), sizes[2], delta=50)      # the command in it is shorter
        for wrong in ("0", "101", "good"):
            self.assertIn("--quality", self.run_it("--quality", wrong, code=2).err)

    def test_subsampling(self):
        write_picture("in.bmp", gradient())
        sizes = []
        for name in ("4:4:4", "4:2:0"):
            self.run_it("in.bmp", *SMALL, "-o", "out.jpg", "--subsampling", name)
            with open("out.jpg", "rb") as file:
                data = file.read()
            frame = data.index(b"\xff\xc0")
            self.assertEqual(data[frame + 11], 0x11 if name == "4:4:4" else 0x22)     # of the first component
            sizes.append(len(data))
        self.assertLess(sizes[1], sizes[0])
        self.assertIn("4:2:0", self.run_it("--subsampling", "4:1:1", code=2).err)

    def test_dither(self):
        write_picture("in.bmp", gradient())
        self.run_it("in.bmp", *SMALL, "-o", "plain.gif", "--no-octaves")
        self.run_it("in.bmp", *SMALL, "-o", "dots.gif", "--no-octaves", "--dither")
        self.assertNotEqual(read_picture("plain.gif").pixels, read_picture("dots.gif").pixels)

    def test_options_of_other_formats_are_told(self):
        write_picture("in.bmp", gradient())
        given = ("--quality", 80, "--subsampling", "4:2:0", "--dither")
        for name, unheard in (("out.bmp", 3), ("out.png", 3), ("out.jpg", 1), ("out.gif", 2), ("out.ppm", 3),
                              ("out.y4m", 2)):
            with self.subTest(name):
                said = self.run_it("in.bmp", *SMALL, "-o", name, "--no-octaves", *given).err
                self.assertEqual(said.count("changes nothing in what is written here"), unheard, said)
                self.assertNotIn("changes nothing", self.run_it("in.bmp", *SMALL, "-o", name, "--no-octaves").err)
        self.assertIn("--quality changes nothing in what is written here; it is for JPEG files\n", said)
        self.assertEqual(self.run_it("in.bmp", *SMALL, "-o", "out.png", "--no-octaves", *given, "-q").err, "")
        self.run_it("in.bmp", *SMALL, "-o", "out.jpg", "--no-octaves", "--quality", 80)
        said = self.run_it("in.bmp", "--recipe", "out.jpg", "-o", "out.png", "--no-octaves").err
        self.assertNotIn("changes nothing", said)               # it was another's wish
        said = self.run_it("adversarial", "in.bmp", "-o", "out.png", "--dither", "--target", "nothing of it", code=1)
        self.assertIn("--dither changes nothing in what is written here; it is for GIF files\n", said.err)

    @needs_machine_code
    def test_adversarial(self):
        write_picture("in.png", gradient())
        self.run_it("adversarial", "in.png", "-o", "out.png", "--steps", "1", "--target", "goldfish", code=None)
        self.assertEqual(read_picture("out.png").width, 40)


class OnTheWay(CommandLine):
    def test_background(self):
        rows = b"".join(b"\0" + bytes((200, 100, 50, alpha)) * 40 for alpha in range(34))
        pathlib.Path("in.png").write_bytes(png(40, 34, 6, rows))
        for words, (blue, green, red) in (((), (255, 255, 255)), (("--background", "ff8000"), (0, 128, 255)),
                                          (("--background", "#102030"), (0x30, 0x20, 0x10))):
            expected = bytearray()
            for alpha in range(34):
                expected += bytes((2 * (level * alpha + behind * (255 - alpha)) + 255) // 510
                                  for level, behind in ((50, blue), (100, green), (200, red))) * 40
            write_picture("opaque.bmp", Picture(40, 34, expected))
            for name, out in (("in.png", "a.bmp"), ("opaque.bmp", "b.bmp")):
                self.run_it(name, *SMALL, "-o", out, "--no-octaves", *words)
            self.assertEqual(pathlib.Path("a.bmp").read_bytes(), pathlib.Path("b.bmp").read_bytes())
        self.assertIn("six digits", self.run_it("--background", "white", code=2).err)

    def test_orientation(self):
        """A picture turned by its EXIF data is dreamed on upright, and the output says nothing of turning."""
        exif = b"MM\0*\0\0\0\x08\0\1\x01\x12\0\3\0\0\0\1\0\x06\0\0\0\0\0\0"
        rows = b"".join(b"\0" + bytes((10 * y, 50, 5)) * 34 for y in range(20))
        pathlib.Path("in.png").write_bytes(png(34, 20, 2, rows, chunk(b"eXIf", exif)))
        upright = read_picture("in.png")
        self.assertEqual((upright.width, upright.height), (20, 34))
        self.assertEqual(upright.pixels[2:60:3], bytes(range(190, -10, -10)))     # rows from below, as columns
        self.run_it("in.png", *SMALL, "-o", "out.png")
        self.assertEqual(deepdream.read_file("out.png").orientation, 1)
        self.assertEqual(read_picture("out.png").width, 20)

    def test_profile(self):
        write_picture("in.png", gradient(), Extras(profile=PROFILE))
        for extension, kept in (("png", True), ("jpg", True), ("gif", True), ("bmp", False), ("ppm", False)):
            done = self.run_it("in.png", *SMALL, "-o", "out." + extension, "--no-octaves")
            found = deepdream.read_file("out." + extension).profile
            self.assertEqual(found, PROFILE if kept else None)
            self.assertEqual(done.err.count("no place for the colour profile"), not kept, done.err)
        self.assertEqual(self.run_it("in.png", *SMALL, "-o", "out.bmp", "-q").err, "")
        for profile in (PROFILE + b"sRGB", PROFILE + "sRGB".encode("utf-16-be"), PROFILE.replace(b"RGB ", b"GRAY")):
            write_picture("in.png", gradient(), Extras(profile=profile))
            self.assertNotIn("profile", self.run_it("in.png", *SMALL, "-o", "out.bmp").err)
        self.run_it("in.png", *SMALL, "-o", "out.png")      # that of grey pixels would be wrong
        self.assertIsNone(deepdream.read_file("out.png").profile)

    def test_warnings(self):
        broken = bytearray(chunk(b"tEXt", b"deepdream\0x"))
        broken[-1] ^= 1
        rows = (b"\0" + bytes(120)) * 34
        pathlib.Path("in.png").write_bytes(png(40, 34, 2, rows, bytes(broken), bytes(broken)))
        self.assertEqual(self.run_it("in.png", *SMALL, "-o", "out.png").err.count("in.png: the check sum of"), 1)
        self.assertEqual(self.run_it("in.png", *SMALL, "-o", "out.png", "-q").err, "")
        told = []
        read_picture("in.png", tell=told.append)
        self.assertEqual(len(told), 1)

    def test_size(self):
        write_picture("in.png", gradient(100, 60))
        for words, (width, height) in (((), (100, 60)), (("--size", "50"), (50, 30)), (("--size", "0"), (100, 60)),
                                       (("--size", "100"), (100, 60)), (("--size", "33"), (33, 20))):
            done = self.run_it("in.png", *SMALL, "-o", "out.png", *words)
            result = read_picture("out.png")
            self.assertEqual((result.width, result.height), (width, height))
            said = f"brought to {width}x{height} pixels first; --size 0 keeps it"
            self.assertEqual(said in done.err, (width, height) != (100, 60))
        self.assertEqual(deepdream.parse_command_line([]).size, 1600)
        self.assertIn("--size is not an option of classify", self.run_it("classify", "--size", "9", code=2).err)

    def test_shrinking(self):
        """What Fit gives for all of a picture, whatever the bands; a picture of one colour keeps it."""
        picture = Picture(301, 200, bytearray(random.Random(1).randbytes(301 * 200 * 3)))
        fit = Fit(301, 200, 66, 100, cut=False)
        whole = deepdream.round_half_up(fit.forward(picture.pixels))
        self.assertEqual(deepdream.shrink(picture, 100, 66).pixels, whole)
        many = Picture(301, 2000, picture.pixels * 10)      # several bands
        whole = deepdream.round_half_up(Fit(301, 2000, 660, 100, cut=False).forward(many.pixels))
        self.assertEqual(deepdream.shrink(many, 100, 660).pixels, whole)
        even = deepdream.shrink(Picture(500, 3, bytearray((1, 130, 255)) * 1500), 77, 1)
        self.assertEqual(even.pixels, bytes((1, 130, 255)) * 77)
        for size, longest, expected in (((4000, 3000), 1600, (1600, 1200)), ((3, 9000), 100, (1, 100)),
                                        ((10, 10), 0, (10, 10)), ((10, 20), 20, (10, 20)),
                                        ((999, 1000), 500, (500, 500))):
            self.assertEqual(deepdream.size_within(*size, longest), expected)

    @needs_machine_code
    def test_shrinking_by_machine_code(self):
        picture = Picture(1000, 900, bytearray(random.Random(1).randbytes(2700000)))
        with contextlib.closing(deepdream.load(engine="simd")) as network:
            fast = deepdream.shrink(picture, 400, 360, network.engine(32, 32))
        slow = deepdream.shrink(picture, 400, 360)
        unequal = [abs(a - b) for a, b in zip(fast.pixels, slow.pixels) if a != b]
        self.assertLess(len(unequal), 20)
        self.assertLessEqual(max(unequal, default=0), 1)

    def test_jpeg_is_decoded_smaller_where_that_is_enough(self):
        write_picture("in.jpg", gradient(400, 320))
        for longest, width in ((0, 400), (300, 400), (200, 200), (120, 200), (60, 100), (30, 50)):
            self.assertEqual(deepdream.read_file("in.jpg", longest=longest).width, width)
        whole = deepdream.shrink(read_picture("in.jpg"), 100, 80)
        part = deepdream.as_picture(deepdream.read_file("in.jpg", longest=100))
        self.assertLess(difference(whole, part), 2)
        self.run_it("in.jpg", *SMALL, "-o", "out.png", "--size", "64")
        self.assertEqual(read_picture("out.png").width, 64)

    def test_only_dreams_are_of_smaller_pictures(self):
        read = []
        write_picture("in.jpg", gradient())
        with mock.patch.object(deepdream, "read_file", lambda *words: read.append(words[3]) or 1 / 0):
            for words in (("classify",), ("adversarial",), ("test",), ("dream",)):
                with self.assertRaises(ZeroDivisionError):
                    deepdream.main([*words, "-i", "in.jpg"])
        self.assertEqual(read, [0, 0, 0, 1600])

    def test_nothing_is_loaded_that_is_not_needed(self):
        write_picture("in.bmp", gradient())
        program = ("import sys, deepdream; deepdream.main(sys.argv[1:]);"
                   "print(*(name for name in sys.modules if name.startswith('deepdream_extras')))")
        for out, modules in (("out.bmp", ""), ("out.ppm", "deepdream_extras deepdream_extras.formats "
                                                          "deepdream_extras.formats.pnm deepdream_extras.recipe")):
            done = subprocess.run([sys.executable, "-c", program, "in.bmp", *SMALL, "-o", out], capture_output=True,
                                  text=True, env={**ENVIRONMENT, "PYTHONPATH": str(ROOT)})
            self.assertEqual(done.stdout.split(), modules.split(), done.stderr)


class Others(CommandLine):
    WEBP = b"RIFF\x1a\0\0\0WEBPVP8L"

    def test_advice(self):
        """One command, of a program that is here if there is one."""
        pathlib.Path("a b.webp").write_bytes(self.WEBP + bytes(50))
        with mock.patch.dict(sys.modules, {"PIL": None}):
            for there, platform, command in (
                    ("", "linux", "magick 'a b.webp[0]' 'a b.png'"),
                    ("ffmpeg", "linux", "ffmpeg -i 'a b.webp' -frames:v 1 "),
                    ("", "darwin", "sips -s format png 'a b.webp' --out 'a b.png'"),
                    ("convert", "linux", "convert 'a b.webp[0]'"), ("convert", "win32", "magick ")):
                with mock.patch("shutil.which", lambda name: name == there), mock.patch("sys.platform", platform):
                    error = self.run_it("a b.webp", "-o", "out.png", code=1).err
                self.assertRegex(error, r"\Adeepdream: error: a b.webp: this is a file of the kind WebP; [^\n]*\n\Z")
                self.assertIn("convert it: " + command, error)

    def test_every_kind_has_a_command(self):
        from deepdream_extras import other_formats
        for _, _, kind in deepdream.OTHER_FORMATS:
            self.assertIn("x.", other_formats.advice(kind, "x.y"))

    def test_stdin_has_no_name(self):
        from deepdream_extras import other_formats
        self.assertIn("FILE FILE.png", other_formats.advice("HEIC", "stdin").replace("'FILE[0]'", "FILE")
                      .replace("-s format png ", "").replace("--out ", ""))

    def test_pillow(self):
        try:
            from PIL import Image
        except ImportError:
            self.skipTest("needs Pillow")
        picture = gradient()
        image = Image.frombytes("RGB", (40, 34), bytes(picture.pixels), "raw", "BGR")
        for extension, more in (("webp", {"lossless": True}), ("tif", {}), ("jp2", {})):
            with self.subTest(extension):
                try:
                    image.save("in." + extension, **more)
                except (KeyError, OSError):
                    continue
                done = self.run_it("in." + extension, *SMALL, "-o", "out.png")
                self.assertIn("read by Pillow", done.err)
                self.assertEqual(read_picture("in." + extension, tell=str).pixels, picture.pixels)
                self.assertIn("40 x 34", self.run_it("show", "in." + extension).out)
                good = pathlib.Path("in." + extension).read_bytes()
                for cut in (20, len(good) // 2, len(good) - 4):
                    pathlib.Path("cut").write_bytes(good[:cut])
                    try:
                        read_picture("cut", tell=lambda note: None)
                    except DeepDreamError as error:
                        self.assertNotIn("\n", str(error))
        image.convert("RGBA").save("clear.tif")
        alpha = Image.open("clear.tif")
        alpha.putalpha(0)
        alpha.save("clear.tif")
        self.assertEqual(set(read_picture("clear.tif", tell=lambda note: None).pixels), {255})
        Image.new("I;16", (40, 34), 0x8080).save("deep.tif")
        self.assertEqual(set(read_picture("deep.tif", tell=lambda note: None).pixels), {0x80})


class Damage(CommandLine):
    def test_thousands(self):
        """Cut, changed, extended: a picture or one line, and soon."""
        rng = random.Random(5)
        sources = []
        picture = gradient(16, 12)
        for row in deepdream.FORMATS:
            write_picture("good" + row.extensions[0], picture, Extras(profile=PROFILE, comment="a comment"))
            sources.append(pathlib.Path("good" + row.extensions[0]).read_bytes())
        sources += [b"P3 2 2 9 1 2 3 4 5 6 7 8 9 0 1 2", b"P4 9 2\nabcd", b"P2\n3 2\n255\n1 2 3 4 5 6\n",
                    b"P7\nWIDTH 2\nHEIGHT 1\nDEPTH 4\nMAXVAL 255\nENDHDR\nabcdefgh"]
        read = refused = 0
        for good in sources:
            for _ in range(150):
                data = bytearray(good)
                for _ in range(rng.choice((0, 1, 1, 2, 5))):
                    data[rng.randrange(len(data))] = rng.choice((0, 1, 0x7f, 0x80, 0xff, rng.randrange(256)))
                if rng.random() < 0.3:
                    del data[rng.randrange(len(data)):]
                if rng.random() < 0.1:
                    data += rng.randbytes(20)
                pathlib.Path("file").write_bytes(data)
                began = time.process_time()
                try:
                    picture = read_picture("file", tell=lambda note: self.assertNotIn("\n", note))
                    self.assertEqual(len(picture.pixels), 3 * picture.width * picture.height)
                    read += 1
                except DeepDreamError as error:
                    self.assertRegex(str(error), r"\Afile: .*\Z")
                    refused += 1
                self.assertLess(time.process_time() - began, 2)
                try:
                    self.run_it("show", "file", code=None)
                except DeepDreamError as error:
                    self.assertNotIn("\n", str(error))
        self.assertGreater(min(read, refused), 500)

    def test_one_line_each(self):
        for row in deepdream.FORMATS:
            pathlib.Path("bad").write_bytes(row.marks[0] + b"\n" + bytes(9))
            error = self.run_it("bad", *SMALL, code=1).err
            self.assertRegex(error, r"\Adeepdream: error: bad: [^\n]*\n\Z")


if __name__ == "__main__":
    unittest.main()
