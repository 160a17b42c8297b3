"""Scales and tiles: resizing, pyramids, coverage, what lies beyond the edges, masks, colours, time."""
import array
import pathlib
import random
import sys
import unittest
from fractions import Fraction

ROOT = pathlib.Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))
import deepdream  # noqa: E402
from deepdream_extras import scales  # noqa: E402
from deepdream_extras.scales import Scales, Tile  # noqa: E402

try:
    import numpy
    import scipy.ndimage
except ImportError:
    numpy = None


def noise(width, height, seed=1):
    numbers = random.Random(seed)
    return array.array("f", [255 * numbers.random() for _ in range(3 * width * height)])


def as_bytes(width, height, seed=1):
    return deepdream.Picture(width, height, bytearray(random.Random(seed).randbytes(3 * width * height)))


class Close(unittest.TestCase):
    def close(self, ours, theirs, tolerance):
        ours, theirs = list(ours), list(theirs)
        self.assertEqual(len(ours), len(theirs))
        self.assertLessEqual(max(abs(a - b) for a, b in zip(ours, theirs)), tolerance)


class Resizing(Close):
    def line(self, how, values, new):
        mixes = scales.RESIZERS[how](len(values), new)
        return [sum(w * values[first + i] for i, w in enumerate(weights)) for first, weights in mixes]

    def test_by_hand(self):
        for how, expected in (("corners", [0, 2, 4, 6, 8]), ("lefts", [0, 2.4, 4.8, 7.2, 8]),
                              ("centres", [0, 1.6, 4, 6.4, 8])):
            self.close(self.line(how, [0, 4, 8], 5), expected, 1e-12)
        self.close(self.line("corners", [0, 4, 8], 1), [0], 0)
        self.close(self.line("triangle", [0, 0, 8, 8], 2), [8 / 7, 48 / 7], 1e-12)     # weights 3 3 1 and 1 3 3

    def test_the_size_that_it_has_stays_as_it_is(self):
        levels = noise(7, 5)
        for how in scales.RESIZERS:
            self.assertEqual(scales.resized(levels, (7, 5), (7, 5), how), levels)
            mixes = scales.RESIZERS[how](9, 9)
            self.assertEqual([(first, weights) for first, weights in mixes if weights != [1.0]], [])

    def test_constants_stay_constant(self):
        for how in scales.RESIZERS:
            for old in range(1, 20):
                for new in range(1, 20):
                    self.close([sum(w) for _, w in scales.RESIZERS[how](old, new)], [1.0] * new, 1e-12)

    def test_an_endless_picture_may_be_cut_anywhere(self):
        """Rolled before or after is the same, so there is no seam; and edges are those that only wrapping gives."""
        for how in scales.RESIZERS:
            for old, new, by in (((7, 5), (14, 10), 2), ((12, 9), (4, 3), Fraction(1, 3)), ((2, 1), (6, 3), 3)):
                levels, roll = noise(*old), (3, 6)
                moved = [int(by * side) for side in roll]
                there = scales.resized(scales.rolled(levels, *old, *roll), old, new, how, wrap=True)
                here = scales.resized(levels, old, new, how, wrap=True)
                self.close(there, scales.rolled(here, *new, *moved), 1e-3)
                if old == (7, 5):
                    inside = [i for i in range(len(here)) if 6 <= i % 42 < 36 and 2 <= i // 42 < 8]
                    alone = scales.resized(levels, old, new, "centres" if how == "corners" else how)
                    self.close([here[i] for i in inside], [alone[i] for i in inside], 1e-3)
        large = as_bytes(12, 9)
        shrunk = deepdream.shrink(large, 4, 3, endless=True)
        rolled = deepdream.Picture(12, 9, scales.rolled(large.pixels, 12, 9, 3, 6))
        self.assertEqual(deepdream.shrink(rolled, 4, 3, endless=True).pixels, scales.rolled(shrunk.pixels, 4, 3, 1, 2))
        self.assertNotEqual(deepdream.shrink(large, 4, 3).pixels, shrunk.pixels)

    @unittest.skipUnless(numpy, "needs numpy and scipy")
    def test_corners_as_scipy(self):
        for old, new in (((40, 30), (29, 21)), ((29, 21), (40, 30)), ((33, 50), (47, 36))):
            levels = noise(*old)
            image = numpy.array(levels, "f8").reshape(old[1], old[0], 3)
            theirs = scipy.ndimage.zoom(image, (new[1] / old[1], new[0] / old[0], 1), order=1)
            self.assertEqual(theirs.shape, (new[1], new[0], 3))
            self.close(scales.resized(levels, old, new, "corners"), theirs.ravel(), 1e-4)


class Pyramids(Close):
    def test_sizes(self):
        google = Scales("shrink", octaves=4, near=True)
        self.assertEqual(scales.sizes(google, 1024, 575), [(373, 210), (522, 294), (731, 411), (1024, 575)])
        deepdraw = Scales("grow", octaves=3, factor=1.2, near=True)
        self.assertEqual(scales.sizes(deepdraw, 224, 224), [(224, 224), (269, 269), (323, 323)])
        self.assertEqual([w for w, _ in scales.sizes(Scales(), 224, 224)], [224, 313, 438, 613, 858, 1201, 1681])
        self.assertEqual(scales.sizes(Scales("single"), 100, 50), [(100, 50)])
        article = Scales("shrink", octaves=3, factor=1.25, chain=False)
        self.assertEqual(scales.sizes(article, 500, 301), [(320, 192), (400, 240), (500, 301)])
        self.assertEqual(scales.sizes(Scales("shrink", octaves=9, smallest=200), 900, 600)[0], (327, 217))
        self.assertEqual(scales.sizes(Scales("shrink", octaves=9, smallest=200), 90, 60), [(90, 60)])
        self.assertEqual(scales.sizes(Scales("grow", octaves=9, largest=500), 224, 100)[-1], (438, 196))

    def test_growing_is_the_recipes(self):
        for width, height, octaves, factor in ((224, 100, 5, Fraction(7, 5)), (90, 313, 7, 1.3), (33, 33, 9, 1.25)):
            recipe = deepdream.Recipe(octaves=octaves, octave_scale=factor)
            self.assertEqual(scales.sizes(Scales("grow", octaves, factor), width, height), recipe.sizes(width, height))

    def test_nothing_dreamed_gives_the_input(self):
        picture = as_bytes(70, 56)
        for carry in ("before", "after"):
            for chain in (False, True):
                plan = Scales("shrink", octaves=3, carry=carry, chain=chain, smallest=8)
                inputs = scales.bases(plan, picture)
                self.assertEqual([(p.width, p.height) for p in inputs], scales.sizes(plan, 70, 56))
                now = inputs[0]
                for octave, size in enumerate(scales.sizes(plan, 70, 56)):
                    now = scales.enter(plan, octave, size, now, inputs)
                    now = scales.leave(plan, octave, now, inputs)
                self.close(now.pixels, picture.pixels, 1e-3)

    def test_both_ways_to_write_a_carry(self):
        """base + R(dream - smaller base), google's, is R(dream) + (base - R(smaller base)), TensorFlow's."""
        plan = Scales("shrink", octaves=2, smallest=8)
        small, large = scales.bases(plan, as_bytes(42, 35))
        dreamed = deepdream.Picture(small.width, small.height, noise(small.width, small.height))
        ours = scales.enter(plan, 1, (42, 35), dreamed, [small, large]).pixels
        up = [scales.resize(p, (42, 35)).pixels for p in (dreamed, small)]
        self.close(ours, [d + (b - s) for d, s, b in zip(*up, large.pixels)], 1e-4)


class Coverage(Close):
    def test_the_spiral_covers_every_pixel_twice(self):
        sizes = [(w, h) for w in range(1, 40, 3) for h in range(1, 40, 4)] + [(32, 24), (8, 8), (9, 8), (17, 15)]
        for width, height in sizes:
            for size in (8, 7):
                counts = bytearray(width * height)
                for tile in scales.spiral(width, height, size):
                    for _, x, w in scales.stretches(tile.x, size, width, False):
                        for _, y, h in scales.stretches(tile.y, size, height, False):
                            for at in range(y * width + x, (y + h) * width + x, width):
                                counts[at:at + w] = bytes([n + 1 for n in counts[at:at + w]])
                self.assertEqual(set(counts), {2}, (width, height, size))

    def test_the_spirals_counts(self):
        self.assertEqual([len(list(scales.spiral(*size, 224))) for size in ((640, 480), (1024, 768), (224, 224))],
                         [25, 49, 5])
        first = list(scales.spiral(640, 480, 224))[:5]
        self.assertEqual([tile[:2] for tile in first], [(208, 128), (96, 16), (320, 16), (320, 240), (96, 240)])

    def test_feathered_weights_add_up_to_one(self):
        numbers = random.Random(2)
        for _ in range(15):
            width, height = numbers.randrange(1, 90), numbers.randrange(1, 90)
            wide, high = numbers.randrange(4, 40), numbers.randrange(4, 40)
            shift = numbers.randrange(-50, 50), numbers.randrange(-50, 50)
            for wrap in (False, True):
                for overlap in (0.0, 0.5, 0.3):
                    total = deepdream.Picture(width, height, array.array("f", bytes(12 * width * height)))
                    ones = array.array("f", [1.0]) * (3 * wide * high)
                    for tile in scales.feathered(width, height, wide, high, overlap, shift, wrap):
                        scales.add_tile(total, ones, tile, "wrap" if wrap else "reflect")
                    self.close(total.pixels, [1.0] * (3 * width * height), 1e-5)

    def test_grids(self):
        recipe = deepdream.Recipe(tile=30)
        self.assertEqual([tile[:2] for tile in scales.grid(70, 50, 30, (79, 127), True)],
                         [(x + 79, y + 127) for x, y in recipe.tiles(70, 50)])
        for shift in ((0, 0), (13, -7), (79, 127)):
            counts = [0] * (70 * 50)
            for tile in scales.grid(70, 50, 30, shift, False):
                for _, y, h in scales.stretches(tile.y, 30, 50, False):
                    for _, x, w in scales.stretches(tile.x, 30, 70, False):
                        for row in range(y, y + h):
                            counts[row * 70 + x:row * 70 + x + w] = [n + 1 for n in counts[row * 70 + x:][:w]]
            self.assertEqual(set(counts), {1})

    def test_crops(self):
        numbers = random.Random(3)
        tiles = [scales.crop(323, 269, 224, numbers) for _ in range(400)]
        self.assertTrue(all(0 <= t.x <= 99 and 0 <= t.y <= 45 for t in tiles))
        self.assertAlmostEqual(sum(t.x for t in tiles) / 400, 49.0, delta=4)
        self.assertEqual(scales.crop(224, 224, 224, numbers)[:2], (0, 0))
        self.assertEqual(scales.crop(200, 224, 224, numbers)[:2], (-12, 0))


class Edges(Close):
    @unittest.skipUnless(numpy, "needs numpy")
    def test_reflection_and_wrapping_as_numpy(self):
        picture = as_bytes(11, 7)
        image = numpy.array(picture.pixels).reshape(7, 11, 3)
        for x, y, width, height in ((-3, -2, 8, 6), (7, 4, 9, 9), (-25, -18, 60, 50), (2, 1, 5, 4), (-40, 3, 12, 3)):
            pad = 70
            for edge, mode in (("reflect", "symmetric"), ("wrap", "wrap")):
                padded = numpy.pad(image, ((pad, pad), (pad, pad), (0, 0)), mode)
                theirs = padded[pad + y:pad + y + height, pad + x:pad + x + width]
                self.assertEqual(scales.cut(picture, Tile(x, y, width, height), edge), theirs.tobytes())

    def test_the_mean_of_the_inside(self):
        picture = deepdream.Picture(2, 2, array.array("f", [0, 10, 20, 4, 10, 20, 8, 10, 20, 12, 10, 20]))
        outside = [6, 10, 20]
        self.assertEqual(list(scales.cut(picture, Tile(-1, 0, 4, 3), "mean")),
                         outside + [0, 10, 20, 4, 10, 20] + outside * 2 + [8, 10, 20, 12, 10, 20] + outside * 5)

    def test_what_is_cut_can_be_pasted(self):
        for edge in scales.EDGES:
            for pixels in (as_bytes(20, 15).pixels, noise(20, 15)):
                picture = deepdream.Picture(20, 15, pixels[:])
                for tile in (Tile(-3, -2, 8, 6), Tile(15, 11, 9, 9), Tile(-5, -5, 40, 40), Tile(3, 3, 4, 4)):
                    levels = scales.cut(picture, tile, edge)
                    scales.paste(picture, levels, tile, edge)
                    self.assertEqual(picture.pixels, pixels)
        picture = deepdream.Picture(20, 15)
        scales.paste(picture, bytearray(b"\1" * 3 * 8 * 6), Tile(-3, -2, 8, 6), "reflect")
        self.assertEqual((sum(picture.pixels), sum(picture.pixels[:3 * 5])), (3 * 5 * 4, 3 * 5))

    def test_rolls(self):
        levels = bytearray(range(12))
        self.assertEqual(scales.rolled(levels, 2, 2, 1, 0), bytes([3, 4, 5, 0, 1, 2, 9, 10, 11, 6, 7, 8]))
        self.assertEqual(scales.rolled(scales.rolled(levels, 2, 2, 1, 1), 2, 2, -1, -1), levels)


class BeforeAndAfter(Close):
    def test_noise(self):
        first = scales.normal_noise(64, 64, 5)
        self.assertEqual(first.pixels, scales.normal_noise(64, 64, 5).pixels)
        self.assertNotEqual(first.pixels, scales.normal_noise(64, 64, 6).pixels)
        mean, deviation = scales.moments(first.pixels)
        self.assertAlmostEqual(mean, 200.0, delta=0.4)
        self.assertAlmostEqual(deviation, 8.0, delta=0.3)
        levels = scales.uniform_noise(20, 30, 5, 100, 101).pixels
        self.assertTrue(all(100.0 <= v <= 101.0 for v in levels))
        self.assertEqual(len(levels), 1800)

    def test_masks(self):
        mask = deepdream.Picture(2, 1, bytearray([0, 0, 0, 255, 255, 255]))
        self.close(scales.strengths(mask, (4, 2)), ([0] * 3 + [0.25] * 3 + [0.75] * 3 + [1] * 3) * 2, 1e-6)

    def test_colours_kept(self):
        dream, original = noise(8, 8, 1), array.array("f", [90 + v / 8 for v in noise(8, 8, 2)])
        dream = array.array("f", [90 + v / 8 for v in dream])               # so that nothing is clipped
        kept = scales.keep_colors(dream, original)
        self.close(scales.luma(kept), scales.luma(dream), 1e-3)
        for a, b in ((0, 1), (1, 2)):                                       # differences of colours are the original's
            self.close([x - y for x, y in zip(kept[a::3], kept[b::3])],
                       [x - y for x, y in zip(original[a::3], original[b::3])], 1e-3)

    def test_colours_matched(self):
        dream, original = noise(20, 20, 1), array.array("f", [100 + v / 8 for v in noise(20, 20, 2)])
        matched = scales.match_colors(dream, original)
        for c in range(3):
            self.close(scales.moments(matched[c::3]), scales.moments(original[c::3]), 1e-3)
        flat = array.array("f", [7.0]) * 12
        colors = [scales.moments(noise(2, 2)[c::3])[0] for c in range(3)]
        self.close(scales.match_colors(flat, noise(2, 2)), colors * 4, 1e-4)

    def test_strength(self):
        a, b = noise(4, 4, 1), noise(4, 4, 2)
        self.close(scales.blended(a, b, 1.0), a, 1e-4)
        self.close(scales.blended(a, b, 0.0), b, 0)
        self.close(scales.blended(a, b, 0.25), [0.25 * x + 0.75 * y for x, y in zip(a, b)], 1e-4)

    def test_time(self):
        self.assertEqual(scales.within(100, [1, 2, 4], [10, 10, 10]), [14, 14, 14])
        self.assertEqual(scales.within(35, [1, 2, 4], [10, 10, 10]), [5, 5, 5])
        self.assertEqual(scales.within(10, [1, 2, 4], [10, 10, 10]), [3, 3, 0])
        self.assertEqual(scales.within(0, [1, 2, 4], [10, 10, 10]), [1, 0, 0])
        self.assertEqual(scales.within(1e9, [1.0], [10]), [40])
        for seconds in range(1, 300, 7):
            costs, steps = [1.0, 2.0, 4.0, 8.0], [20, 20, 20, 10]
            used = sum(c * n for c, n in zip(costs, scales.within(seconds, costs, steps)))
            self.assertLessEqual(used, max(seconds, 1.0))


class Memory(unittest.TestCase):
    def test_tiles_of_a_large_picture_are_no_larger(self):
        tiles = scales.feathered(9000, 7000, 224, 224, 0.5, (3, 5), False)
        self.assertEqual({tile[2:4] for tile in tiles}, {(224, 224)})


if __name__ == "__main__":
    unittest.main()
