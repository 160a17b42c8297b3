"""GIF: files of other programs read, ours read by other programs, palettes, animations, damage.

    python3 test/test_gif.py          or all tests: python3 -m unittest discover -s test

Oracles: test/pictures/gif (files by other programs, with what others read in them); where they are installed, Pillow,
ImageMagick, gifsicle and ffmpeg read what is written here.
"""

import functools
import gc
import io
import pathlib
import random
import shutil
import subprocess
import tempfile
import time
import tracemalloc
import unittest
import warnings
from collections.abc import Iterator, Sequence
from fractions import Fraction
from unittest import mock

from deepdream import DeepDreamError, Picture
from deepdream_extras.formats import Extras, gif, pnm

HERE = pathlib.Path(__file__).resolve().parent
FILES = sorted((HERE / "pictures" / "gif").glob("*.gif"))


def rgba(decoded) -> bytes:
    """Red, green, blue, alpha of each pixel, transparent ones as zeros."""
    result = bytearray(decoded.width * decoded.height * 4)
    alpha = decoded.alpha if decoded.alpha is not None else b"\xff" * (decoded.width * decoded.height)
    for place, channel in enumerate((2, 1, 0)):
        result[place::4] = decoded.pixels[channel::3]
    result[3::4] = alpha
    clear = bytes(4)
    for at, value in enumerate(alpha):
        if not value:
            result[4 * at:4 * at + 4] = clear
    return bytes(result)


def smooth(width: int, height: int, turn: int = 0) -> Picture:
    """A picture of many colours, another for each turn."""
    return Picture(width, height, bytearray(
        level % 256 for y in range(height) for x in range(width)
        for level in (x * 255 // width, y * 255 // height, (x * x + y * 3 + 9 * turn) // 40 + 100)))


def few(width: int, height: int, colours: int, seed: int = 1) -> Picture:
    rng = random.Random(seed)
    table = rng.sample(range(2 ** 24), colours)
    numbers = list(range(colours)) + rng.choices(range(colours), k=width * height - colours)
    return Picture(width, height, bytearray(b"".join(table[n].to_bytes(3, "little") for n in numbers)))


def squares(count: int = 6) -> list[Picture]:
    """A square that moves over a ground of few colours."""
    result = []
    for turn in range(count):
        picture = few(40, 30, 50)
        for y in range(5, 12):
            at = (y * 40 + 3 * turn + 2) * 3
            picture.pixels[at:at + 21] = b"\x10\x20\xf0" * 7
        result.append(picture)
    return result


def animation(pictures: list[Picture], delay: float | Fraction = 0.1, extras: Extras = Extras(),
              palette: str = "each") -> bytes:
    sink = io.BytesIO()
    moving = gif.Animation(sink, pictures[0].width, pictures[0].height, delay, extras, palette)
    for picture in pictures:
        moving.add(picture)
    moving.close()
    return sink.getvalue()


def error(first: Sequence[float], second: Sequence[float]) -> float:
    """Root of the mean square of the difference of two pictures' levels."""
    return (sum((a - b) ** 2 for a, b in zip(first, second)) / len(first)) ** 0.5


def hand(frame: bytes, width: int = 4, height: int = 4, table: bytes = b"\0\0\0\xff\xff\xff\xff\0\0\0\0\xff") -> bytes:
    """A file with a table of four colours."""
    return (b"GIF89a" + width.to_bytes(2, "little") + height.to_bytes(2, "little") + b"\xf1\0\0" + table + frame
            + b"\x3b")


def image(codes: bytes, width: int = 4, height: int = 4, left: int = 0, top: int = 0, size: int = 2) -> bytes:
    sides = b"".join(side.to_bytes(2, "little") for side in (left, top, width, height))
    return b"\x2c" + sides + b"\0" + bytes((size,)) + gif.sub_blocks(codes)


# ---- Reading ---------------------------------------------------------------------------------------------------------

class Reading(unittest.TestCase):
    def test_files_of_other_programs(self) -> None:
        self.assertGreater(len(FILES), 30)
        for path in FILES:
            with self.subTest(path.name):
                data = path.read_bytes()
                expected = pnm.decode(path.with_suffix(".pam").read_bytes(), path.name)
                frames = list(gif.frames(data, path.name))
                self.assertEqual(b"".join(rgba(frame) for frame, _ in frames), rgba(expected))
                delays = [int(word) / 100 or 0.1 for word in expected.comment.split()]
                self.assertEqual([delay for _, delay in frames], delays)
                first = gif.decode(data, path.name)
                self.assertEqual(first._replace(warnings=()), frames[0][0])
                self.assertEqual(first.warnings, ())

    def test_comment_and_plays(self) -> None:
        folder = HERE / "pictures" / "gif"
        comment = gif.decode((folder / "imagemagick-comment.gif").read_bytes()).comment
        self.assertEqual(comment, "made for a test")
        for name, plays in (("gifsicle-optimised", 5), ("imagemagick-moving", 3), ("pillow-moving", 0),
                            ("pillow-16", 1)):
            screen = gif.Screen((folder / f"{name}.gif").read_bytes(), name)
            list(screen.frames())
            self.assertEqual(screen.plays, plays, name)

    def test_full_table_without_clear(self) -> None:
        """A writer may go on with a full table; then nothing is added to it."""
        numbers = random.Random(3).choices(range(4), k=60000)
        clear, free = 4, 6
        table: dict[tuple[int, ...], int] = {(number,): number for number in range(4)}
        bits, have, width = clear, 3, 3
        word: tuple[int, ...] = ()

        def put(code: int) -> None:
            nonlocal bits, have
            bits |= code << have
            have += width

        for number in numbers:
            longer = (*word, number)
            if longer in table:
                word = longer
                continue
            put(table[word])
            if free < 4096:
                table[longer] = free
                if free == 1 << width:
                    width += 1
                free += 1
            word = (number,)
        put(table[word])
        put(clear + 1)
        codes = bits.to_bytes(have // 8 + 1, "little")
        self.assertEqual(b"".join(gif.lzw_decoded(codes, 2, 60000)), bytes(numbers))

    def test_lzw_both_ways(self) -> None:
        rng = random.Random(4)
        for size in range(2, 9):
            for length in (1, 2, 3, 7, 100, 30000):
                for kinds in (1, 2, 2 ** size):
                    numbers = bytes(rng.choices(range(min(kinds, 2 ** size)), k=length))
                    codes = gif.lzw_encoded(numbers, size)
                    self.assertEqual(b"".join(gif.lzw_decoded(codes, size, length)), numbers)
                    self.assertEqual(b"".join(gif.lzw_decoded(codes, size, length + 5)), numbers)

    def test_end_at_each_width(self) -> None:
        """The end code has the right length wherever a table stands: every length of a picture once."""
        numbers = bytes(random.Random(5).choices(range(4), k=1400))
        for length in range(1, 1400, 1):
            codes = gif.lzw_encoded(numbers[:length], 2)
            self.assertEqual(b"".join(gif.lzw_decoded(codes, 2, length + 1)), numbers[:length])

    def test_frame_beyond_the_screen(self) -> None:
        numbers = bytes(range(4)) * 4
        first = image(gif.lzw_encoded(numbers, 2))
        found = gif.decode(hand(first, 2, 3))
        self.assertEqual((found.width, found.height), (4, 4))
        later = image(gif.lzw_encoded(bytes(16), 2), left=2, top=3)
        frames = [frame for frame, _ in gif.frames(hand(first + later))]
        self.assertEqual([frame.width for frame in frames], [4, 4])
        self.assertEqual(rgba(frames[0])[:14 * 4], rgba(frames[1])[:14 * 4])
        self.assertEqual(rgba(frames[1])[14 * 4:], b"\0\0\0\xff" * 2)
        outside = image(gif.lzw_encoded(bytes(16), 2), left=9, top=9)
        self.assertEqual([rgba(frame) for frame, _ in gif.frames(hand(first + outside))], [rgba(frames[0])] * 2)

    def test_screen_without_size(self) -> None:
        found = gif.decode(hand(image(gif.lzw_encoded(bytes(16), 2)), 0, 0))
        self.assertEqual((found.width, found.height), (4, 4))

    def test_no_table_is_grey(self) -> None:
        data = b"GIF87a\2\0\1\0\0\0\0" + image(gif.lzw_encoded(b"\7\3", 3), 2, 1, size=3)
        self.assertEqual(gif.decode(data).pixels, b"\7\7\7\3\3\3")

    def test_incomplete_frame(self) -> None:
        """Ends in the middle by its own end code: the rest is transparent, and there is a warning."""
        found = gif.decode(hand(image(gif.lzw_encoded(b"\1" * 9, 2))))
        self.assertEqual(found.alpha, b"\xff" * 8 + bytes(8))
        again, _ = next(gif.frames(hand(image(gif.lzw_encoded(b"\1" * 9, 2)))))
        self.assertEqual(again, found)
        self.assertEqual(found.warnings, ("a frame ends after 9 of 16 pixels; the rest is transparent",))

    def test_trailing_rubbish_and_missing_trailer(self) -> None:
        data = hand(image(gif.lzw_encoded(bytes(16), 2)))
        for more in (data[:-1], data + b"rubbish", data[:-1] + b"rubbish", data[:-1] + b"\0\0\x3b"):
            self.assertEqual(len(list(gif.frames(more))), 1)


# ---- Writing ---------------------------------------------------------------------------------------------------------

class Writing(unittest.TestCase):
    def test_few_colours_are_exact(self) -> None:
        for colours in (1, 2, 3, 4, 5, 16, 17, 128, 129, 255, 256):
            picture = few(33, 19, colours)
            for dither in (False, True):
                found = gif.decode(gif.encode(picture, Extras(dither=dither)))
                self.assertEqual((found.width, found.height, found.alpha), (33, 19, None))
                self.assertEqual(found.pixels, picture.pixels)

    def test_many_colours(self) -> None:
        """Root mean square error: 6.2 and 6.6 measured; by Pillow's median cut 15.9 and 7.8."""
        rng = random.Random(1)
        for picture, most in ((smooth(150, 100), 6.5),
                              (Picture(150, 100, bytearray(min(255, int(rng.gauss(128, 30)) % 256)
                                                           for _ in range(45000))), 7)):
            found = gif.decode(gif.encode(picture))
            self.assertLess(error(found.pixels, picture.pixels), most)
            self.assertLessEqual(len(set(gif.colour_keys(found.pixels))), 256)

    def test_nearest_is_the_nearest(self) -> None:
        rng = random.Random(2)
        for count in (1, 2, 17, 256):
            colours = [(rng.randrange(256), rng.randrange(256), rng.randrange(256)) for _ in range(count)]
            colours[:3] = [(0, 0, 0), (255, 255, 255), (255, 0, 255)][:count]
            nearest = gif.Nearest(colours)
            for _ in range(200):
                sought = tuple(rng.choice((0, 255, rng.randrange(256))) for _ in range(3))
                distances = [sum((a - b) ** 2 for a, b in zip(sought, colour)) for colour in colours]
                self.assertEqual(nearest.find(*sought), distances.index(min(distances)))

    def test_dithering_hides_steps(self) -> None:
        """Means of 8 x 8 pixels are nearer to the picture's with it than without."""
        picture = Picture(160, 160, bytearray(level for y in range(160) for x in range(160)
                                              for level in (x, (y + x // 2) % 256, 255 - y)))

        def means(pixels) -> list[float]:
            return [sum(pixels[((top + y) * 160 + left) * 3 + channel] + 0 for y in range(8)
                        for left in range(x, x + 8)) / 64
                    for top in range(0, 160, 8) for x in range(0, 160, 8) for channel in range(3)]

        expected = means(picture.pixels)
        plain, dithered = (error(means(gif.decode(gif.encode(picture, Extras(dither=dither))).pixels), expected)
                           for dither in (False, True))
        self.assertLess(dithered, 0.8 * plain)

    def test_comment_and_profile(self) -> None:
        comment, profile = '{"mode": "dream", "söme": 1}' * 40, bytes(range(256)) * 3
        data = gif.encode(few(5, 5, 9), Extras(comment=comment, profile=profile))
        found = gif.decode(data)
        self.assertEqual((found.comment, found.profile), (comment, profile))
        moving = animation(squares(2), extras=Extras(comment=comment))
        self.assertEqual(gif.decode(moving).comment, comment)

    def test_animation(self) -> None:
        """Every frame as it was given, for both kinds of palette; the changed rectangle alone is written."""
        pictures = squares()
        for palette in ("each", "one"):
            data = animation(pictures, 0.05, palette=palette)
            frames = list(gif.frames(data))
            self.assertEqual([frame.pixels for frame, _ in frames], [picture.pixels for picture in pictures])
            self.assertEqual([delay for _, delay in frames], [0.05] * len(pictures))
            sizes = [(frame.width, frame.height) for frame in gif.Screen(data, "").frames()]
            self.assertEqual(sizes, [(40, 30)] + [(10, 7)] * 5)

    def test_transparency_where_it_saves(self) -> None:
        """Two far corners change: all between them is in the rectangle, and transparent."""
        for palette in ("each", "one"):
            pictures = [few(60, 50, 80), few(60, 50, 80)]
            for at in (0, 1, 2, -1, -2, -3):
                pictures[1].pixels[at] = 7
            data = animation(pictures, palette=palette)
            first, second = gif.Screen(data, "").frames()
            self.assertEqual((second.width, second.height), (60, 50))
            self.assertGreaterEqual(second.transparent, 0)
            self.assertLess(len(second.codes) * 10, len(first.codes))
            self.assertEqual([frame.pixels for frame, _ in gif.frames(data)], [each.pixels for each in pictures])

    def test_still_frames(self) -> None:
        """A frame in which nothing changed is one pixel, and is there."""
        picture = few(20, 10, 30)
        for palette in ("each", "one"):
            frames = list(gif.frames(animation([picture] * 3, palette=palette)))
            self.assertEqual([frame.pixels for frame, _ in frames], [picture.pixels] * 3)

    def test_256_colours_leave_none_transparent(self) -> None:
        pictures = [few(30, 30, 256, seed=1), few(30, 30, 256, seed=1)]
        pictures[1].pixels[:300] = pictures[0].pixels[300:600]
        for palette in ("one", "each"):
            found = [frame.pixels for frame, _ in gif.frames(animation(pictures, palette=palette))]
            for one, other in zip(found, pictures):
                self.assertLess(error(one, other.pixels), 3)

    def test_many_colours_moving(self) -> None:
        pictures = [smooth(60, 40, turn) for turn in range(3)]
        for palette, most in (("each", 5), ("one", 6)):
            for extras in (Extras(), Extras(dither=True)):
                found = list(gif.frames(animation(pictures, palette=palette, extras=extras)))
                for (frame, _), picture in zip(found, pictures):
                    self.assertIsNone(frame.alpha)
                    self.assertLess(error(frame.pixels, picture.pixels), most * (1 + extras.dither))

    def test_delays_do_not_drift(self) -> None:
        pictures = [few(3, 2, 2, seed=turn) for turn in range(100)]
        for delay in (Fraction(1, 30), 1 / 30, Fraction(1001, 24000), 0.025, 0.11, 1.234):
            delays = [round(100 * seconds) for _, seconds in gif.frames(animation(pictures, delay))]
            self.assertLessEqual(max(delays) - min(delays), 1)
            for count in range(1, 101):
                self.assertLessEqual(abs(sum(delays[:count]) - 100 * delay * count), 0.5001)

    def test_too_fast(self) -> None:
        with mock.patch.object(gif, "say") as said:
            delays = [delay for _, delay in gif.frames(animation(squares(3), 0.01))]
        self.assertEqual(delays, [0.02] * 3)
        said.assert_called_once_with("GIF: 100 frames a second are written as 50: viewers slow down what is faster")

    def test_plays(self) -> None:
        for loop, plays in ((0, 0), (1, 1), (2, 2), (7, 7)):
            screen = gif.Screen(animation(squares(2), extras=Extras(loop=loop)), "")
            list(screen.frames())
            self.assertEqual(screen.plays, plays)

    def test_written_as_it_goes(self) -> None:
        """With palettes of their own frames are in the sink at once, which need not be seekable."""
        class Pipe:
            def __init__(self) -> None:
                self.data = b""

            def write(self, data: bytes) -> None:
                self.data += data

        pipe = Pipe()
        moving = gif.Animation(pipe, 40, 30, 0.1)
        for count, picture in enumerate(squares(3), 1):
            moving.add(picture)
            self.assertEqual(len(list(gif.frames(pipe.data))), count)
        moving.close()
        self.assertEqual(pipe.data, animation(squares(3)))
        with self.assertRaises(ValueError):
            moving.add(few(3, 3, 2))

    def test_nothing_added(self) -> None:
        for palette in ("one", "each"):
            sink = io.BytesIO()
            gif.Animation(sink, 3, 3, 0.1, palette=palette).close()
            self.assertEqual(sink.getvalue(), b"")

    def test_given_up(self) -> None:
        """Nothing stays open, nothing is written any more."""
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            for palette in ("one", "each"):
                sink = io.BytesIO()
                moving = gif.Animation(sink, 3, 3, 0.1, palette=palette)
                moving.add(few(3, 3, 2))
                there = sink.getvalue()
                moving.give_up()
                self.assertEqual(sink.getvalue(), there)
                del moving
            gc.collect()
        self.assertEqual([str(warning.message) for warning in caught], [])


# ---- Other programs --------------------------------------------------------------------------------------------------

class OtherPrograms(unittest.TestCase):
    """What is written here, read by others. For developers: needs the programs."""

    def setUp(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.path = pathlib.Path(folder.name) / "written.gif"

    @staticmethod
    @functools.cache
    def files() -> list[tuple[str, bytes]]:
        return list(OtherPrograms.made())

    @staticmethod
    def made() -> Iterator[tuple[str, bytes]]:
        yield "still", gif.encode(few(61, 47, 200))
        yield "two", gif.encode(few(61, 47, 2))
        yield "one", gif.encode(few(7, 5, 1))
        yield "many", gif.encode(smooth(100, 80), Extras(comment="a comment", profile=b"profile"))
        noise = Picture(150, 100, bytearray(random.Random(1).randbytes(45000)))
        yield "noise", gif.encode(noise, Extras(dither=True))
        for palette in ("each", "one"):
            yield palette, animation(squares(), Fraction(1, 30), Extras(loop=3), palette)
            yield f"{palette}, dithered", animation([smooth(90, 60, turn) for turn in range(5)], 0.04,
                                                    Extras(dither=True), palette)
            yield f"{palette}, still", animation([few(20, 10, 30)] * 3, palette=palette)

    def test_pillow(self) -> None:
        try:
            from PIL import Image, ImageSequence
        except ImportError:
            self.skipTest("needs Pillow")
        for name, data in self.files():
            with self.subTest(name):
                ours = list(gif.frames(data))
                theirs = list(ImageSequence.Iterator(Image.open(io.BytesIO(data))))
                self.assertEqual(len(ours), len(theirs))
                for (frame, delay), image in zip(ours, ImageSequence.Iterator(Image.open(io.BytesIO(data)))):
                    self.assertEqual(rgba(frame), image.convert("RGBA").tobytes())
                    self.assertEqual(delay, image.info.get("duration", 100) / 1000)
        image = Image.open(io.BytesIO(animation(squares(), extras=Extras(loop=3))))
        self.assertEqual(image.info["loop"], 2)
        self.assertNotIn("loop", Image.open(io.BytesIO(animation(squares(), extras=Extras(loop=1)))).info)

    def test_imagemagick(self) -> None:
        self.by_program(["convert", str(self.path), "-coalesce", "-depth", "8", "rgba:-"])

    def test_ffmpeg(self) -> None:
        self.by_program(["ffmpeg", "-v", "error", "-ignore_loop", "1", "-i", str(self.path), "-vsync", "passthrough",
                         "-pix_fmt", "rgba", "-f", "rawvideo", "-"])

    def by_program(self, command: list[str]) -> None:
        if not shutil.which(command[0]) or b"mageMagick" not in subprocess.run(
                [command[0], "-version"], stdout=subprocess.PIPE).stdout and command[0] == "convert":
            self.skipTest(f"needs {command[0]}")
        for name, data in self.files():
            with self.subTest(name):
                self.path.write_bytes(data)
                found = subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout
                self.assertEqual(found, b"".join(rgba(frame) for frame, _ in gif.frames(data)))

    def test_gifsicle(self) -> None:
        if not shutil.which("gifsicle"):
            self.skipTest("needs gifsicle")
        for name, data in self.files():
            with self.subTest(name):
                again = subprocess.run(["gifsicle", "--no-warnings", "-U", "-"], input=data, capture_output=True,
                                       check=True)
                self.assertEqual(again.stderr, b"")
                ours, theirs = list(gif.frames(data)), list(gif.frames(again.stdout))
                self.assertEqual([(rgba(frame), delay) for frame, delay in ours],
                                 [(rgba(frame), delay) for frame, delay in theirs])
        info = subprocess.run(["gifsicle", "-I", "-"], input=animation(squares(), extras=Extras(loop=3, comment="xyz")),
                              stdout=subprocess.PIPE, check=True).stdout
        self.assertIn(b"loop count 2", info)
        self.assertIn(b"xyz", info)


# ---- Damage ----------------------------------------------------------------------------------------------------------

class Damage(unittest.TestCase):
    def read(self, data: bytes) -> None:
        """Every way to read `data` gives a picture or one line."""
        for reader in (gif.decode, lambda data, name: list(gif.frames(data, name))):
            try:
                reader(data, "x.gif")
            except DeepDreamError as found:
                self.assertRegex(str(found), r"\Ax\.gif: [^\n]+; expected [^\n]+; [^\n]+\Z")

    def test_mutated_files(self) -> None:
        rng = random.Random(1)
        seeds = [path.read_bytes() for path in FILES if path.stat().st_size < 1300]
        for turn in range(8000):
            data = bytearray(seeds[turn % len(seeds)])
            for _ in range(rng.choice((1, 1, 2, 5, 20))):
                at = rng.randrange(min(len(data), rng.choice((50, 10 ** 6))))
                kind = rng.randrange(5)
                if kind == 0:
                    data[at] = rng.choice((0, 1, 0x7f, 0x80, 0xff, rng.randrange(256)))
                elif kind == 1:
                    data[at] ^= 1 << rng.randrange(8)
                elif kind == 2:
                    del data[at:at + rng.choice((1, 2, 30))]
                elif kind == 3:
                    data[at:at] = rng.randbytes(rng.choice((1, 2, 30)))
                else:
                    del data[max(at, 1):]
                if not data:
                    break
            with mock.patch.object(gif, "LARGEST_SPARSE", 2 ** 14), mock.patch.object(gif, "MOST_PER_BYTE", 16):
                self.read(bytes(data))      # smaller limits: else most of the time goes into large screens

    def test_every_length(self) -> None:
        data = (HERE / "pictures" / "gif" / "pillow-transparent.gif").read_bytes()
        for length in range(len(data)):
            self.read(data[:length])
        for data in (b"", b"GIF89", b"not a picture"):
            with self.assertRaisesRegex(DeepDreamError, "x.gif: not a GIF file"):
                gif.decode(data, "x.gif")

    def test_messages(self) -> None:
        good = gif.lzw_encoded(bytes(16), 2)
        for data, message in (
                (hand(b""), "ends without a frame; expected one at least"),
                (hand(b"\x55"), "a block of the kind 55; expected a frame"),
                (hand(image(good, size=9)), "colours of 9 bits; expected 1 to 8"),
                (hand(image(good, size=0)), "colours of 0 bits; expected 1 to 8"),
                (hand(image(b"\xff\xff")), "the LZW code 7 where 6 are known; expected one that is already known"),
                (hand(image(good))[:-6], "the file is cut off; expected more bytes"),
                (hand(image(good, 0, 0), 0, 0), "0 x 0 pixels; expected sides of 1 to 16384; make"),
                (hand(image(good), 20000, 4), "20000 x 4 pixels; expected sides of 1 to 16384; make"),
                (hand(image(good), 16000, 16000), "43 bytes for 16000 x 16000 pixels; expected at least 93738")):
            with self.assertRaisesRegex(DeepDreamError, message):
                gif.decode(data, "x.gif")

    def test_hostile(self) -> None:
        """Little time and memory, whatever is declared."""
        def codes(*values: int) -> bytes:       # of 3 bits
            bits = int("".join(f"{value:03b}" for value in reversed(values)), 2)
            return bits.to_bytes(3 * len(values) // 8 + 1, "little")

        bomb = gif.lzw_encoded(bytes(1_000_000), 2)
        for data, declared in (
                (hand(image(codes(*[4] * 266_000))), 16),                               # clear codes for ever
                (hand(image(codes(*[4, 0] * 133_000))), 16),
                (hand(image(bomb * 80)), 16),                                           # more than the frame holds
                (hand(image(bomb, 1000, 1000), 1000, 1000), 1_000_000),
                (hand(b"\x21\xfe\1x\0" * 20_000 + image(codes(4, 5))), 16),             # comments
                (hand((b"\x21\xfe" + b"\1x" * 50_000 + b"\0") + image(codes(4, 5))), 16),
                (hand(b"\0" * 100_000), 16),
                (hand(image(codes(4, 5), 1, 1) * 7_000), 16),                           # frames
                (hand(image(codes(4, 5), 1, 1), 1024, 1024), 2 ** 20),
                (hand(image(codes(4, 5), 0, 16384), 4, 4), 16),
                (hand(image(codes(4, 5), 16384, 16384)), 16)):
            tracemalloc.start()
            begin = time.process_time()
            try:
                gif.decode(data, "x.gif")
            except DeepDreamError as found:
                self.assertNotIn("\n", str(found))
            seconds = time.process_time() - begin
            memory = tracemalloc.get_traced_memory()[1]
            tracemalloc.stop()
            self.assertLess(seconds, 4, len(data))          # 2 s without tracemalloc
            self.assertLess(memory, 2 ** 26 + 4 * declared)


if __name__ == "__main__":
    unittest.main()
