"""deepdream gallery: sheets of small dreams, and the letters under them."""
import unittest
import unittest.mock

from helpers import needs_machine_code
from test_dream_options import CommandLine

import deepdream
from deepdream_extras import font, gallery, presets


class Font(unittest.TestCase):

    def test_every_letter_of_ascii(self):
        glyphs = font.glyphs()
        self.assertEqual(set(glyphs), set(map(chr, range(32, 127))))
        for letter, rows in glyphs.items():
            self.assertIn(len(rows), (0,) if letter == " " else (7, 8), letter)
            self.assertEqual({len(row) for row in rows} | {5}, {5}, letter)
            self.assertLessEqual(set("".join(rows)), {".", "#"})
        self.assertEqual(len({tuple(rows) for rows in glyphs.values()}), 95)

    def test_write(self):
        picture = deepdream.Picture(20, 12)
        picture.pixels = bytearray([255]) * len(picture.pixels)
        font.write(picture, 2, 1, "L\u00e9!")
        rows = ["".join("#" if picture.pixels[3 * (y * 20 + x)] == 0 else "." for x in range(20)) for y in range(12)]
        self.assertEqual(rows[1], "..#.....#####...#...")
        self.assertEqual(rows[7], "..#####.#####...#...")
        font.write(picture, 17, 8, "WW")           # beyond the edges
        font.write(picture, -3, -3, "W")

    def test_wrapped(self):
        self.assertEqual(font.wrapped("--preset class --class goldfish", 120), ["--preset class", "--class goldfish"])
        self.assertEqual(font.wrapped("abcdefgh", 24), ["abcd", "efgh"])


class Sheets(CommandLine):

    def setUp(self):
        super().setUp()
        self.picture("in.bmp", 64, 64)

    def sheet(self, *words, name="out.bmp"):
        _, err = self.run_it("gallery", "in.bmp", "-j", 1, "--size", 64, "--steps", 1, "-o", name, *words)
        return deepdream.read_picture(name), err

    @needs_machine_code
    def test_layers(self):
        sheet, err = self.sheet()
        self.assertIn("12 dreams of 64x64 pixels", err)
        self.assertEqual((sheet.width, sheet.height), (8 + 5 * 72, 8 + 3 * (64 + 3 * font.HEIGHT + 4 + 8)))
        left = [sheet.pixels[3 * ((8 + y) * sheet.width + 8):][:3 * 64] for y in range(64)]
        self.assertTrue(b"".join(left) == bytes(deepdream.read_picture("in.bmp").pixels))
        again, _ = self.sheet("--layers", "-q", name="out.png")
        self.assertTrue(again.pixels == sheet.pixels)

    @needs_machine_code
    def test_channels(self):
        sheet, err = self.sheet("--layer", "4b", "--channels", 3, "--seed", 4)
        self.assertIn("3 dreams", err)
        self.assertNotEqual(sheet.pixels, self.sheet("--layer", "4b", "--channels", 3, "--seed", 5)[0].pixels)

    @needs_machine_code
    def test_classes(self):
        with unittest.mock.patch.object(gallery, "MOST_CLASSES", 3):
            self.assertIn("3 dreams", self.sheet("--classes")[1])
        self.assertGreater(len(gallery.class_shots(deepdream.load(jobs=1), None)), 20)

    @needs_machine_code
    def test_presets(self):
        self.picture("in.bmp", 90, 68)
        with unittest.mock.patch.object(gallery, "NOISE_SIZE", (64, 64)):
            _, err = self.run_it("gallery", "in.bmp", "-j", 1, "--size", 64, "--steps", 1, "-o", "out.jpg", "--presets")
        self.assertIn(f"{len(presets.ROWS)} dreams", err)

    def test_python_engine_and_a_tiny_picture(self):
        self.picture("in.bmp", 20, 40)
        with unittest.mock.patch.object(gallery, "layer_shots", first_layer):
            sheet, err = self.sheet("--engine", "python", "-j", 1)
        self.assertIn("1 dream of 32x64 pixels", err)
        self.assertEqual((sheet.width, sheet.height), (8 + 2 * 40, 8 + 64 + 4 * font.HEIGHT + 4 + 8))
        self.assertNotIn("changes nothing", err)
        with unittest.mock.patch.object(gallery, "layer_shots", first_layer):
            _, err = self.sheet("--engine", "python", "-j", 1, "--quality", 80)
        self.assertIn("--quality changes nothing in what is written here; it is for JPEG files\n", err)

    def test_strips(self):
        """A picture of a pixel's height is not enlarged to as many times its length."""
        for size, expected in (((20, 40), (32, 64)), ((300, 20), (480, 32)), ((3000, 1), (512, 32)),
                               ((1, 3000), (32, 512))):
            found = gallery.enlarged(deepdream.Picture(*size), 32)
            self.assertEqual((found.width, found.height), expected)
        network = unittest.mock.Mock(**{"model.smallest": 32})
        options = unittest.mock.Mock(size=64)
        with unittest.mock.patch.object(gallery, "make_shots"):
            for size, expected in (((16384, 1), (512, 32)), ((160, 120), (64, 48)), ((40, 20), (64, 32))):
                source = deepdream.Decoded(*size, bytearray(3 * size[0] * size[1]))
                found, _ = gallery.prepared(options, network, source)
                self.assertEqual((found.width, found.height), expected)

    def test_what_makes_no_sense(self):
        for words, says in ((("--layers", "--classes"), "choose one of"), (("--channels", 3), "add --layer NAME"),
                            (("--layer", "4c", "--presets"), "choose one of"), (("--size", 20), "from 64")):
            self.fails("gallery", "in.bmp", "-o", "out.bmp", *words, says=says)
        self.fails("gallery", "in.bmp", "-o", "out.bmp", "--layer", "4z", says="no such layer", code=1)
        self.fails("gallery", "gone.bmp", "-o", "out.bmp", says="gone.bmp", code=1)


def first_layer(network, picture, shots=gallery.layer_shots):
    return shots(network, picture)[:1]


if __name__ == "__main__":
    unittest.main()
