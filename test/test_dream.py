"""The dream against a transcription, pixel by pixel, of what the original does, over a network of one small layer."""
import array
import math
import random
import unittest
from fractions import Fraction

import deepdream

TABLE = [("data", "Placeholder", (), "data", (224, 224, 3), {}),
         ("conv", "Conv2D", ("data", "w"), "conv", (112, 112, 2), {"stride": (2, 2)}),
         ("layer", "Relu", ("conv",), "conv", (112, 112, 2), {})]
MEAN = (104.0, 116.7, 122.7)


class SmallNetwork:
    """What `dream` asks of a network."""

    def __init__(self):
        numbers = random.Random(3)
        weights = memoryview(array.array("f", [numbers.gauss(0, 0.1) for _ in range(3 * 3 * 3 * 2)]))
        self.operands = {"w": ((3, 3, 3, 2), weights)}

    def number(self, layer):
        return [row[0] for row in TABLE].index(layer)

    def name(self, layer):
        return layer

    def pass_on(self, notes):
        assert not notes, notes

    def engine(self, height, width):
        return deepdream.PythonEngine(TABLE, self.operands, height, width)


def picture(width, height, seed=1):
    return deepdream.Picture(width, height, bytearray(random.Random(seed).randbytes(width * height * 3)))


def transcription(network, start, octaves, steps, tile):
    """The original's dream for octaves that grow by 1.4, as its defects have it; pixel by pixel."""
    w, h, pixels = start.width, start.height, list(start.pixels)
    engine = network.engine(tile, tile)
    for octave in range(octaves):
        if octave:
            new_w, new_h = w * 14 // 10, h * 14 // 10
            padded, new = pixels + [0] * (3 * w + 3), []

            def between(a, b, u):
                return (a * (255 - u) + b * u) >> 8
            for y in range(new_h):
                v, y0 = (y << 8) * 10 // 14 & 255, (y << 8) * 10 // 14 >> 8
                for x in range(new_w):
                    u, x0 = (x << 8) * 10 // 14 & 255, (x << 8) * 10 // 14 >> 8
                    for c in range(3):
                        i = (y0 * w + x0) * 3 + c
                        new.append(between(between(padded[i], padded[i + 3], u),
                                           between(padded[i + 3 * w], (padded + [0] * 3)[i + 3 * w + 3], u), v))
            w, h, pixels = new_w, new_h, new
        for step in range(steps):
            for top in range(0, h, tile):
                for left in range(0, w, tile):
                    places = [(((top + i + 127 * step) % h) * w + (left + j + 79 * step) % w) * 3 + c
                              for i in range(tile) for j in range(tile) for c in range(3)]
                    data = array.array("f", [pixels[p] - MEAN[p % 3] for p in places])
                    engine.write("data", data)
                    engine.forward(3)
                    engine.seed({"layer": engine.read("layer")})
                    engine.backward(3)
                    g = engine.gradient("data")
                    mean = math.fsum(map(abs, g)) / len(g)
                    for number, p in enumerate(places):
                        i, j = divmod(number // 3, tile)
                        if i < min(tile, h) and j < min(tile, w):
                            value = data[number] + 1.5 * g[number] / mean + MEAN[p % 3] + 0.5
                            pixels[p] = int(min(max(value, 0.0), 255.0))
    return w, h, pixels


class Dreaming(unittest.TestCase):

    def same_as_the_original(self, start, octaves, steps, tile):
        network = SmallNetwork()
        recipe = deepdream.Recipe(layer="layer", octaves=octaves, steps=steps, tile=tile, c89=True)
        before = bytes(start.pixels)
        ours = deepdream.dream(network, start, recipe)
        w, h, pixels = transcription(network, start, octaves, steps, tile)
        self.assertEqual((ours.width, ours.height), (w, h))
        differences = [abs(a - b) for a, b in zip(ours.pixels, pixels)]
        # A value within float rounding of a half may go either way, and later tiles see it.
        self.assertLessEqual(max(differences), 1)
        self.assertLess(sum(differences), len(pixels) / 1000)
        self.assertEqual(bytes(start.pixels), before)

    def test_picture_larger_than_a_tile(self):
        self.same_as_the_original(picture(45, 38), 2, 3, 32)

    def test_picture_smaller_than_a_tile(self):
        self.same_as_the_original(picture(13, 41), 3, 2, 32)

    def test_reports(self):
        tiles, octaves = [], []
        recipe = deepdream.Recipe(layer="layer", octaves=2, steps=2, tile=32)
        for done in deepdream.dream_steps(SmallNetwork(), picture(40, 30), recipe):
            tiles.append((done.octave, done.step, done.tile))
            if done.octave_done:
                octaves.append((done.octave, done.picture.width, done.picture.height))
        self.assertEqual(tiles, [(0, 0, 0), (0, 0, 1), (0, 1, 0), (0, 1, 1),
                                 *[(1, step, tile) for step in range(2) for tile in range(4)]])
        self.assertEqual(octaves, [(0, 40, 30), (1, 56, 42)])

    def test_nothing_to_climb(self):
        grey = deepdream.Picture(32, 32, bytearray(32 * 32 * 3))
        network = SmallNetwork()
        network.operands["w"] = ((3, 3, 3, 2), memoryview(array.array("f", bytes(4 * 54))))
        recipe = deepdream.Recipe(layer="layer", octaves=1, steps=2, tile=32)
        self.assertEqual(deepdream.dream(network, grey, recipe).pixels, grey.pixels)


class FloatPictures(unittest.TestCase):
    """A picture that is not rounded between its steps."""

    def test_nothing_is_lost_between_steps(self):
        """Steps too small for bytes add up in floats; rounded after every tile they would all be lost."""
        recipe = deepdream.Recipe(layer="layer", octaves=1, steps=8, tile=32, step_size=0.1)
        start = picture(32, 32)
        moved = {}
        for rounded in (True, False):
            ours = deepdream.dream(SmallNetwork(), start, recipe._replace(rounded=rounded))
            self.assertIsInstance(ours.pixels, bytearray)
            moved[rounded] = sum(abs(a - b) for a, b in zip(ours.pixels, start.pixels)) / len(start.pixels)
        self.assertLess(moved[True], 0.3)
        self.assertGreater(moved[False], 0.4)

    def test_first_step_differs_by_rounding_only(self):
        recipe = deepdream.Recipe(layer="layer", octaves=1, steps=1, tile=32)
        results = [deepdream.dream(SmallNetwork(), picture(32, 32), recipe._replace(rounded=rounded)).pixels
                   for rounded in (True, False)]
        self.assertLessEqual(max(abs(a - b) for a, b in zip(*results)), 1)

    def test_enlarged_as_bytes_are(self):
        start = picture(21, 17)
        for scale in (Fraction(7, 5), Fraction(2)):
            ours = deepdream.upscale(start, scale)
            floats = deepdream.upscale(deepdream.Picture(21, 17, array.array("f", iter(start.pixels))), scale)
            self.assertEqual((floats.width, floats.height), (ours.width, ours.height))
            # bytes drop the fraction twice, and weights are whole 256ths there
            self.assertLess(max(abs(a - b) for a, b in zip(ours.pixels, floats.pixels)), 4)

    def test_cut_and_pasted(self):
        start = deepdream.Picture(13, 9, array.array("f", [random.Random(2).uniform(0, 255) for _ in range(351)]))
        tile = deepdream.cut_tile(start, 20, -4, 16, 8)
        self.assertEqual(tile.typecode, "f")
        again = deepdream.Picture(13, 9, array.array("f", bytes(4 * 351)))
        for x, y in ((0, 0), (0, 4), (5, 8)):
            deepdream.paste_tile(again, deepdream.cut_tile(start, x, y, 16, 8), x, y, 16, 8)
        self.assertEqual(again.pixels, start.pixels)


class Sizes(unittest.TestCase):

    def test_the_seven_octaves_of_the_original(self):
        sizes = [(n, n) for n in (224, 313, 438, 613, 858, 1201, 1681)]
        recipe = deepdream.Recipe()
        self.assertEqual(recipe.sizes(224, 224), sizes)
        self.assertEqual([len(recipe.tiles(*size)) for size in sizes], [1, 4, 4, 9, 16, 36, 64])

    def test_max_size_leaves_octaves_out(self):
        self.assertEqual(deepdream.Recipe(max_size=400).sizes(300, 20), [(300, 20)])
        self.assertEqual(deepdream.Recipe(octave_scale=Fraction(2), octaves=3, max_size=400).sizes(100, 7),
                         [(100, 7), (200, 14), (400, 28)])


class Tiles(unittest.TestCase):

    def test_a_tile_wraps_around_the_edges_and_comes_back(self):
        start = picture(37, 50)
        engine = SmallNetwork().engine(32, 34)
        for x, y in ((0, 0), (5, 18), (36, 49), (30, 0), (-1, -1), (1000, 2000)):
            engine.load_tile(deepdream.cut_tile(start, x, y, 34, 32))
            data = engine.read("data")
            for i, j, c in ((0, 0, 0), (31, 33, 2), (10, 20, 1), (31, 0, 0)):
                place = ((y + i) % 50 * 37 + (x + j) % 37) * 3 + c
                self.assertAlmostEqual(data[(i * 34 + j) * 3 + c], start.pixels[place] - MEAN[c], places=4)
            again = deepdream.Picture(37, 50, bytearray(start.pixels))
            deepdream.paste_tile(again, engine.store_tile(), x, y, 34, 32)
            self.assertEqual(again.pixels, start.pixels)

    def test_rounding_and_clipping(self):
        engine = SmallNetwork().engine(32, 32)
        values = [v - MEAN[i % 3] for i, v in enumerate([-3.0, 255.6, 7.5, 7.49, 254.4, 0.2] * 512)]
        engine.write("data", array.array("f", values))
        self.assertEqual(list(engine.store_tile()), [0, 255, 8, 7, 254, 0] * 512)


if __name__ == "__main__":
    unittest.main()
