"""Distortions: against SciPy, scikit-image and Pillow where they are installed, values computed by hand, and what the
words of --distort mean."""

import importlib.util
import itertools
import math
import random
import unittest
from array import array

from helpers import REFUSED, SETS, CommandLine
from test_planes import engine

import deepdream
from deepdream import Picture
from deepdream_extras import distortions, planes
from deepdream_extras.distortions import DISTORTIONS, ROWS, distort, parse

MISSING = [name for name in ("numpy", "scipy") if importlib.util.find_spec(name) is None]
EDGES = (*planes.EDGES, "20c040")
SCIPY = {"reflect": "reflect", "wrap": "grid-wrap", "edge": "nearest"}

# Places are float32: 1e-6 pixels here, and levels differ by up to 255 from pixel to pixel. Measured: 5e-4.
TOLERANCE = 2e-3


def picture(width, height, seed=1):
    dice = random.Random(seed)
    return Picture(width, height, array("f", [dice.uniform(0, 255) for _ in range(3 * width * height)]))


def grey(rows):
    """A picture of these levels in all three colours."""
    return Picture(len(rows[0]), len(rows), array("f", [v for row in rows for v in row for _ in range(3)]))


def levels(picture):
    """Blue, in rows."""
    return [list(picture.pixels[3 * picture.width * y:3 * picture.width * (y + 1):3]) for y in range(picture.height)]


def distorted(picture, *texts, frame=0, fps=30.0, seed=1, by=None):
    return distort(picture, [parse(text) for text in texts], frame, fps, random.Random(seed), by)


def frame_of(picture, edge="reflect", number=0, rate=1.0, seed=9):
    return distortions.Frame(picture, edge, number, rate, random.Random(seed), planes.PLAIN)


# ---- By hand ---------------------------------------------------------------------------------------------------------

class ByHand(unittest.TestCase):
    def test_every_distortion_makes_a_new_picture_of_the_same_size(self):
        old = picture(17, 11)
        before = old.pixels[:]
        for row in ROWS:
            for fps in (30, 24, 60):
                new = distorted(old, row.name, frame=3, fps=fps)
                self.assertEqual((new.width, new.height, len(new.pixels)), (17, 11, 561), row.name)
                self.assertTrue(new.pixels != old.pixels or row.name == "affine" or fps == 60, row.name)
                self.assertTrue(all(-1e-3 <= v <= 255.001 for v in new.pixels), row.name)
        self.assertEqual(old.pixels, before)
        nothing = distorted(old)
        self.assertEqual(nothing.pixels, before)
        self.assertIsNot(nothing.pixels, old.pixels)
        self.assertEqual(distorted(Picture(2, 1, bytearray(range(6)))).pixels.tolist(), [0, 1, 2, 3, 4, 5])

    def test_whole_pixels(self):
        square = grey([[1, 2, 3], [4, 5, 6], [7, 8, 9]])
        for text, expected in (("glide:1,0:wrap", [[3, 1, 2], [6, 4, 5], [9, 7, 8]]),
                               ("glide:0,1:edge", [[1, 2, 3], [1, 2, 3], [4, 5, 6]]),
                               ("glide:0,-2", [[7, 8, 9], [7, 8, 9], [4, 5, 6]]),
                               ("glide:1,1:000000", [[0, 0, 0], [0, 1, 2], [0, 4, 5]]),
                               ("rotate:90", [[3, 6, 9], [2, 5, 8], [1, 4, 7]]),
                               ("affine:0,1,1,0", [[1, 4, 7], [2, 5, 8], [3, 6, 9]]),
                               ("zoom:0.5", [[3, 3.5, 4], [4.5, 5, 5.5], [6, 6.5, 7]]),
                               ("stretch:0.5", [[2.5, 3.5, 4.5], [4, 5, 6], [5.5, 6.5, 7.5]]),
                               ("stretch:0.5,horizontal", [[1.5, 2, 2.5], [4.5, 5, 5.5], [7.5, 8, 8.5]]),
                               ("stretch:0.5,vertical,0", [[1, 2, 3], [2.5, 3.5, 4.5], [4, 5, 6]]),
                               ("zoom:-1:wrap", [[9, 8, 7], [6, 5, 4], [3, 2, 1]])):
            for number, row in enumerate(levels(distorted(square, text))):
                for ours, wanted in zip(row, expected[number], strict=True):
                    self.assertAlmostEqual(ours, wanted, 4, text)

    def test_rolls(self):
        wide = grey([[1, 2, 3, 4], [5, 6, 7, 8]])
        self.assertEqual(levels(distorted(wide, "roll-columns:linear:slope=1")), [[1, 6, 3, 8], [5, 2, 7, 4]])
        self.assertEqual(levels(distorted(wide, "roll-rows:linear:slope=1")), [[1, 2, 3, 4], [8, 5, 6, 7]])
        self.assertEqual(levels(distorted(wide, "roll-columns:linear:slope=0.5,width=2")),
                         [[1, 2, 7, 8], [5, 6, 3, 4]])
        self.assertEqual(levels(distorted(wide, "roll-rows:linear:slope=0,drift=-1")), [[2, 3, 4, 1], [6, 7, 8, 5]])
        self.assertEqual(levels(distorted(wide, "roll-rows:linear:slope=1:black")), [[1, 2, 3, 4], [0, 5, 6, 7]])

    def shifts(self, text, count, number=0, rate=1.0):
        one = parse(text)
        values = distortions.converted(DISTORTIONS[one.name], one.values, rate)
        return distortions.shifts(frame_of(picture(1, 1), "wrap", number, rate), values, count)

    def test_what_columns_are_rolled_by(self):
        self.assertEqual(self.shifts("roll-columns:linear:width=15", 60), [n // 15 for n in range(60)])
        self.assertEqual(self.shifts("roll-columns:sine:amplitude=9,period=30,phase=90", 50),
                         [math.floor(9 * math.cos(2 * math.pi * n / 30) + 0.5 + 1e-9) for n in range(50)])
        dice = random.Random(9)
        self.assertEqual(self.shifts("roll-columns:random:low=-7,high=3", 40),
                         [dice.randint(-7, 3) for _ in range(40)])
        found = self.shifts("roll-rows:random:low=0,high=5,width=4", 40)
        self.assertEqual(found, [found[n // 4 * 4] for n in range(40)])
        self.assertEqual(self.shifts("roll-rows:linear:slope=1,odd=2", 4), [0, 2, 2, 6])
        self.assertEqual(self.shifts("roll-rows:linear:slope=2,last=4", 4), [0, 4, 12, 24])
        self.assertEqual(self.shifts("roll-rows:sine:speed=90,amplitude=10,period=1000", 1, 1), [10])
        for fps in (24.0, 60.0):    # parts of pixels add up
            rate = 30.0 / fps
            total = [sum(parts) for parts in zip(*(self.shifts("roll-columns:linear:slope=0.3", 8, number, rate)
                                                   for number in range(round(100 * fps / 30))))]
            for n, ours in enumerate(total):
                self.assertLess(abs(ours - 30 * n), 3.0)

    def test_bounds_of_random_shifts(self):
        many = self.shifts("roll-columns:random:low=0,high=5", 2000)
        self.assertEqual(set(many), set(range(6)))
        halves = self.shifts("roll-columns:random:low=0,high=5", 2000, rate=0.5)
        self.assertEqual(set(halves), set(range(4)))

    def test_colours(self):
        def pixel(text, *bgr):
            return [round(v, 3) for v in distorted(Picture(1, 1, array("f", bgr)), text).pixels]

        self.assertEqual(pixel("color:120", 0, 0, 255), [0, 255, 0])            # red becomes green
        self.assertEqual(pixel("color:-120", 0, 0, 255), [255, 0, 0])
        self.assertEqual(pixel("color:77:saturation=3", 90, 90, 90), [90, 90, 90])
        self.assertEqual(pixel("color:0:red=20,green=-30,blue=1", 10, 20, 250), [11, 0, 255])
        self.assertEqual(pixel("color:0:saturation=0", 100, 0, 0), [11.4] * 3)
        self.assertEqual(pixel("flatten:2", 127, 128, 255), [0, 255, 255])
        self.assertEqual(pixel("flatten:3:mix=0.5", 0, 100, 200), [0, 113.75, 227.5])

    def test_filters(self):
        step = grey([[0, 0, 0, 255, 255, 255]] * 4)
        for text in ("sobel", "prewitt"):
            self.assertEqual(levels(distorted(step, text)), [[0, 0, 255, 255, 0, 0]] * 4)
        ramp = grey([[10 * x for x in range(7)]] * 5)
        for row in levels(distorted(ramp, "sobel:2")):
            self.assertEqual([round(v, 3) for v in row[1:-1]], [40.0] * 5)
        self.assertEqual(levels(distorted(ramp, "blur:0")), levels(ramp))
        spot = levels(distorted(grey([[0] * 9, *[[0] * 4 + [100] + [0] * 4] * 9, [0] * 9]), "blur:1"))
        self.assertAlmostEqual(spot[5][4], 100 / sum(math.exp(-i * i / 2) for i in range(-4, 5)), 3)

    def test_sorting(self):
        row = grey([[200, 90, 80, 250, 70, 10, 100, 90]])
        self.assertEqual(levels(distorted(row, "sort-rows:60,220")), [[80, 90, 200, 250, 70, 10, 90, 100]])
        column = grey([[v] for v in (200, 90, 80, 250, 70, 10, 100, 90)])
        self.assertEqual([row[0] for row in levels(distorted(column, "sort-columns:60,220"))],
                         [80, 90, 200, 250, 70, 10, 90, 100])
        same_light = Picture(2, 1, array("f", [77, 0, 0, 0, 0, 29]))       # of blue and red, nearly; order is kept
        self.assertEqual(distorted(same_light, "sort-rows:0,255").pixels, same_light.pixels)
        many = picture(8, 200)
        share = distorted(many, "sort-rows:0,255,0.25")
        moved = sum(share.pixels[24 * y:24 * y + 24] != many.pixels[24 * y:24 * y + 24] for y in range(200))
        self.assertTrue(30 <= moved <= 70, moved)

    def test_regions(self):
        left = picture(8, 9, 1)
        one = distorted(left, "regions:1,1,0.2:rotate=7,x=1,y=2")
        self.assertLess(max(map(abs, map(float.__sub__, one.pixels,
                                         distorted(left, "rotate:7", "zoom:0.2", "glide:1,2").pixels))), 1e-3)
        box = distorted(left, "regions:1,1,0.5:left=0.25,right=0.75,top=1/3,bottom=2/3")
        for y in range(9):
            for x in range(8):
                same = box.pixels[24 * y + 3 * x] == left.pixels[24 * y + 3 * x]
                self.assertEqual(same, not (2 <= x < 6 and 3 <= y < 6), (x, y))

    def test_chains(self):
        ramp = grey([[3 * x + 5 * y for x in range(24)] for y in range(20)])     # where interpolation loses nothing
        inside = [3 * (24 * y + x) for y in range(7, 13) for x in range(8, 16)]
        for order in (("zoom:0.2", "glide:3,1"), ("glide:3,1", "zoom:0.2"), ("rotate:20", "stretch:0.1", "rotate:-5"),
                      ("affine:0.9,0.2,0,1.1", "rotate:9")):
            together, apart = distorted(ramp, *order).pixels, ramp
            for text in order:
                apart = distorted(apart, text)
            self.assertLess(max(abs(apart.pixels[i] - together[i]) for i in inside), 1e-3, order)
        self.assertNotEqual(distorted(ramp, "zoom:0.2", "glide:3,1").pixels,
                            distorted(ramp, "glide:3,1", "zoom:0.2").pixels)
        old = picture(20, 14)       # one map, no blur
        back = distorted(old, "rotate:20", "rotate:-20").pixels
        self.assertLess(max(map(abs, map(float.__sub__, back, old.pixels))), 1e-2)
        for first, second in (("glide:3,1", "sobel"), ("glide:3,1:wrap", "rotate:3:edge"), ("blur:1", "zoom:0.1")):
            self.assertEqual(distorted(old, first, second).pixels, distorted(distorted(old, first), second).pixels)

    def test_every_and_first(self):
        old = picture(5, 5)
        moved = [distorted(old, "glide:1,0:every=3,first=2", frame=number).pixels != old.pixels for number in range(9)]
        self.assertEqual(moved, [False, False, True, False, False, True, False, False, True])

    def test_the_seed_decides(self):
        old = picture(9, 9)
        for text in ("roll-columns:random", "sort-rows:0,255,0.5"):
            self.assertEqual(distorted(old, text, seed=4).pixels, distorted(old, text, seed=4).pixels)
            self.assertNotEqual(distorted(old, text, seed=4).pixels, distorted(old, text, seed=5).pixels)


class Rates(unittest.TestCase):
    """Two frames at 60 a second go as far as one at 30."""

    def test_amounts(self):
        for name, value, rate, expected in (("zoom", 0.19, 0.5, 0.1), ("zoom", 0.1, 2.0, 0.19),
                                            ("rotate", 3.0, 0.5, 1.5), ("blur", 2.0, 0.25, 1.0),
                                            ("sobel", 1.0, 2.0, 1.0)):
            row = DISTORTIONS[name]
            one = row.parameters[0]
            self.assertAlmostEqual(distortions.RATES[one.rate](value, rate) if one.rate else value, expected)
        color = distortions.converted(DISTORTIONS["color"], parse("color:8:saturation=0.25,red=4").values, 0.5)
        self.assertEqual((color.hue, color.saturation, color.red), (4.0, 0.5, 2.0))

    def test_rates_that_nobody_has(self):
        """A frame in three hours, a thousand in a second: amounts grow beyond all bounds, and nothing fails."""
        px = picture(19, 11)
        engines = [None] if REFUSED else [None, deepdream.load(engine="simd", jobs=1).engine(32, 32)]
        for text in ("zoom:-9", "zoom:0.9", "stretch:-9", "regions:zoom=-9,x=10000", "color:saturation=10,hue=180",
                     "affine:10,0,0,10,5,5", "affine:0.1,0.01,0.02,0.3,5,5", "glide:10000,-10000:wrap", "blur:3",
                     "roll-columns:slope=-100", "roll-rows:slope=100:edge", "swirl:360", "ripple:1000:speed=360"):
            for fps, one in itertools.product((1e-4, 1000.0), engines):
                with self.subTest(text=text, fps=fps, engine=one):
                    found = distortions.distort(px, [parse(text)], 3, fps, random.Random(1), one).pixels
                    self.assertTrue(all(-0.01 <= level <= 255.01 for level in found), found)

    def test_rolls_of_many_rounds(self):
        """As far as the rest of them."""
        px = picture(7, 5)
        for edge in ("wrap", "reflect"):
            far, near = (distortions.distort(px, [parse(f"roll-columns:slope=0,drift={drift}:{edge}")], 0, 30.0,
                                             random.Random(1)).pixels for drift in (983, 3))
            self.assertEqual(far, near)

    def affine(self, text, rate):
        one = parse(text)
        row = DISTORTIONS[one.name]
        return row.function(frame_of(picture(21, 11), rate=rate), distortions.converted(row, one.values, rate))

    def test_affine_maps(self):
        for text in ("zoom:0.05", "zoom:-0.3", "stretch:0.1", "rotate:25", "glide:3,-1", "affine:0.9,0.2,-0.3,1.1,5,-3",
                     "affine:1,0.4,0,1,2,7", "affine:1,0,0,1,4,5", "affine:2,0,0,1,3,3", "affine:0.5,0.1,0.2,0.3",
                     "affine:1.0000001,0,0,1,1,1"):
            for rate in (0.5, 1 / 3):
                step, count = self.affine(text, rate), round(1 / rate)
                many = step
                for _ in range(count - 1):
                    many = step.after(many)
                for ours, wanted in zip(many, self.affine(text, 1.0), strict=True):
                    self.assertAlmostEqual(ours, wanted, 5, text)

    def test_what_has_no_half(self):
        for text in ("affine:-1,0,0,1,2,3", "affine:-1,0,0,-1", "affine:0,1,1,0"):
            self.assertEqual(self.affine(text, 0.5), self.affine(text, 1.0))


# ---- Against others --------------------------------------------------------------------------------------------------

@unittest.skipIf(MISSING, f"{' and '.join(MISSING)} not installed")
class AgainstScipy(unittest.TestCase):
    sizes = (12, 9), (7, 15)

    def each(self, *names):
        """Pictures, edges, and a function that calls another one for each colour with SciPy's words for the edge."""
        import numpy as np
        for width, height in self.sizes:
            old = picture(width, height, width)
            stack = np.array(old.pixels, np.float64).reshape(height, width, 3)
            for edge in EDGES:
                def by_colour(function, image=stack, edge=edge):
                    fill = deepdream.colour(edge) if edge not in SCIPY else (0, 0, 0)
                    return np.stack([function(image[..., k], mode=SCIPY.get(edge, "grid-constant"), cval=fill[k])
                                     for k in range(3)], -1)
                yield old, stack, edge, by_colour

    def same(self, new, wanted, what, tolerance=TOLERANCE):
        import numpy as np
        ours = np.array(new.pixels).reshape(wanted.shape)
        self.assertLess(np.abs(ours - wanted).max(), tolerance, what)

    def test_affine_maps(self):
        import numpy as np
        from scipy import ndimage
        cases = {"zoom:0.05": np.diag([0.95, 0.95]), "zoom:-0.4": np.diag([1.4, 1.4]), "stretch:0.1": np.diag([0.9, 1]),
                 "stretch:0.3,horizontal": np.diag([1, 0.7])}
        for degrees in (1.5, -40):
            cos, sin = np.cos(np.radians(degrees)), np.sin(np.radians(degrees))
            cases[f"rotate:{degrees}"] = np.array([[cos, sin], [-sin, cos]])    # rows, columns; see against_pillow
        for old, _, edge, by_colour in self.each():
            centre = (np.array([old.height, old.width]) - 1) / 2
            for text, matrix in cases.items():
                self.same(distorted(old, f"{text}:{edge}"), by_colour(lambda image, **how: ndimage.affine_transform(
                    image, matrix, centre - matrix @ centre, order=1, **how)), (text, edge))
            forward = np.array([[1.1, -0.2], [0.3, 0.9]])       # of (y, x)
            back = np.linalg.inv(forward)
            offset = centre - back @ (centre + np.array([-2.5, 1.5]))
            self.same(distorted(old, f"affine:0.9,0.3,-0.2,1.1,1.5,-2.5:{edge}"), by_colour(
                lambda image, **how: ndimage.affine_transform(image, back, offset, order=1, **how)), ("affine", edge))
            for x, y in ((2, 0), (-1.25, 3.5), (40, -7)):
                self.same(distorted(old, f"glide:{x},{y}:{edge}"), by_colour(lambda image, **how: ndimage.shift(
                    image, (y, x), order=1, **how)), (x, y, edge))

    def test_powers(self):
        import numpy as np
        from scipy.linalg import fractional_matrix_power
        for text in ("affine:0.9,0.3,-0.2,1.1,3,-2", "affine:1,0.5,0,1,2,1", "affine:1.2,0,0,0.7"):
            xx, xy, yx, yy, x, y = (parse(text).values[name] for name in ("xx", "xy", "yx", "yy", "x", "y"))
            whole = np.array([[xx, xy, x], [yx, yy, y], [0, 0, 1]])
            back = np.linalg.inv(fractional_matrix_power(whole, 0.4).real)
            move = np.array([[1, 0, 10], [0, 1, 5], [0, 0, 1.0]])
            wanted = move @ back @ np.linalg.inv(move)
            found = Rates().affine(text, 0.4)
            for ours, theirs in zip(found, (*wanted[0, :2], *wanted[1, :2], wanted[0, 2], wanted[1, 2]), strict=True):
                self.assertAlmostEqual(ours, theirs, 6)

    def test_rolls(self):
        import numpy as np
        for old, stack, edge, _ in self.each():
            for name, axis, text in (("roll-columns", 0, "random:low=-4,high=9"), ("roll-rows", 1, "sine:amplitude=5"),
                                     ("roll-columns", 0, "linear:slope=0.4")):
                one = parse(f"{name}:{text}")
                count = old.width if axis == 0 else old.height
                values = distortions.converted(DISTORTIONS[name], one.values, 1.0)
                shifts = distortions.shifts(frame_of(old, edge, seed=1), values, count)
                wanted = stack.copy()
                for n, shift in enumerate(shifts):
                    line = stack[:, n] if axis == 0 else stack[n]
                    if edge == "wrap":
                        moved = np.roll(line, shift, 0)
                    elif edge in planes.EDGES:
                        wide = np.pad(line, ((20, 20), (0, 0)), {"reflect": "symmetric", "edge": "edge"}[edge])
                        moved = wide[20 - shift:20 - shift + len(line)]
                    else:
                        wide = np.concatenate([[deepdream.colour(edge)] * 20, line, [deepdream.colour(edge)] * 20])
                        moved = wide[20 - shift:20 - shift + len(line)]
                    if axis == 0:
                        wanted[:, n] = moved
                    else:
                        wanted[n] = moved
                self.same(distorted(old, f"{name}:{text}:{edge}"), wanted, (name, edge), 1e-9)

    def test_filters(self):
        import numpy as np
        from scipy import ndimage
        weights = np.array([0.114, 0.587, 0.299])
        for old, stack, edge, by_colour in self.each():
            for sigma in (0.4, 1.3):
                self.same(distorted(old, f"blur:{sigma}:{edge}"), by_colour(
                    lambda image, **how: ndimage.gaussian_filter(image, sigma, truncate=4.0, **how)), (sigma, edge))
            fill = deepdream.colour(edge) if edge not in SCIPY else (0, 0, 0)
            for name, scale in (("sobel", 4), ("prewitt", 3)):
                across = np.outer([1, scale - 2, 1], [-1, 0, 1])

                def magnitude(image, scale=scale, across=across, **how):
                    slopes = [ndimage.correlate(image, kernel, **how) for kernel in (across, across.T)]
                    return np.minimum(np.hypot(*slopes) / scale, 255)
                light = magnitude(stack @ weights, mode=SCIPY.get(edge, "grid-constant"), cval=float(
                    round(fill @ weights)))
                self.same(distorted(old, f"{name}:{edge}"), np.stack([light] * 3, -1), (name, edge))
                self.same(distorted(old, f"{name}:1:color=1,mix=0.25:{edge}"),
                          0.75 * stack + 0.25 * by_colour(magnitude), (name, edge))

    def test_other_maps(self):
        import numpy as np
        from scipy import ndimage
        for old, stack, edge, by_colour in self.each():
            y, x = np.mgrid[:old.height, :old.width].astype(float)
            wave = 2 * np.pi / 7
            angle = np.radians(30 + 2 * 25)
            places = [y - 2.5 * np.sin(wave * x - angle), x - 2.5 * np.sin(wave * y - angle)]
            self.same(distorted(old, f"ripple:2.5,7,30,25:{edge}", frame=2), by_colour(
                lambda image, **how: ndimage.map_coordinates(image, places, order=1, **how)), ("ripple", edge))
            right, down = x - 0.25 * (old.width - 1), y - 0.5 * (old.height - 1)
            fall = np.radians(60) * np.exp(-5 * np.hypot(right, down) / (0.8 * min(stack.shape[:2]) * np.log(2)))
            places = [down + right * np.sin(fall) + down * (np.cos(fall) - 1) + 0.5 * (old.height - 1),
                      right * np.cos(fall) - down * np.sin(fall) + 0.25 * (old.width - 1)]
            self.same(distorted(old, f"swirl:60,0.8,0.25,0.5:{edge}"), by_colour(
                lambda image, **how: ndimage.map_coordinates(image, places, order=1, **how)), ("swirl", edge))

    def test_regions(self):
        import numpy as np
        from scipy import ndimage
        for old, stack, edge, by_colour in self.each():
            wanted = stack.copy()
            for row, (top, bottom) in enumerate(((0, round(old.height / 2)), (round(old.height / 2), old.height))):
                for column in range(3):
                    left, right = (round(old.width * i / 3) for i in (column, column + 1))
                    sign = -0.5 if (row + column) % 2 else 1
                    angle = np.radians(10 * sign)
                    matrix = (1 - 0.2 * sign) * np.array([[np.cos(angle), np.sin(angle)],
                                                          [-np.sin(angle), np.cos(angle)]])
                    centre = np.array([top + bottom - 1, left + right - 1]) / 2
                    offset = centre - matrix @ (centre + sign * np.array([-1.5, 2]))
                    part = by_colour(lambda image, **how: ndimage.affine_transform(image, matrix, offset, order=1,
                                                                                   **how))
                    wanted[top:bottom, left:right] = part[top:bottom, left:right]
            self.same(distorted(old, f"regions:3,2,0.2,10,2,-1.5,-0.5:{edge}"), wanted, edge)

    def test_colours(self):
        import numpy as np
        from scipy.spatial.transform import Rotation
        for old, stack, edge, _ in self.each():
            if edge != "reflect":
                continue
            turn = Rotation.from_rotvec(np.radians(40) * np.ones(3) / np.sqrt(3)).as_matrix()      # of red, green, blue
            seen = stack[..., ::-1] @ turn.T
            light = seen @ np.array([0.299, 0.587, 0.114])
            wanted = np.clip(light[..., None] + 1.5 * (seen - light[..., None]) + np.array([5, -6, 7]), 0, 255)
            self.same(distorted(old, "color:40,1.5,5,-6,7"), wanted[..., ::-1], "color")
            for count in (2, 6, 255):
                self.same(distorted(old, f"flatten:{count}"), np.round(stack / 255 * (count - 1)) * 255 / (count - 1),
                          count)

    def test_sorting(self):
        import numpy as np
        for old, stack, edge, _ in self.each():
            if edge != "reflect":
                continue
            for axis, name in ((1, "sort-rows"), (0, "sort-columns")):
                lines = stack if axis == 1 else stack.transpose(1, 0, 2)
                wanted = lines.copy()
                light = np.floor(np.round(lines) @ np.array([29, 150, 77]) / 256)
                for line, own in enumerate(light):
                    inside = np.flatnonzero((own >= 50) & (own <= 180))
                    for run in np.split(inside, np.flatnonzero(np.diff(inside) > 1) + 1):
                        wanted[line, run] = lines[line, run[np.argsort(own[run], kind="stable")]]
                self.same(distorted(old, f"{name}:50,180"), wanted if axis == 1 else wanted.transpose(1, 0, 2), name,
                          1e-9)

    @unittest.skipUnless(importlib.util.find_spec("skimage"), "scikit-image is not installed")
    def test_swirl_of_scikit_image(self):
        import numpy as np
        from skimage.transform import swirl
        old = picture(31, 25)
        stack = np.array(old.pixels, np.float64).reshape(25, 31, 3)
        wanted = swirl(stack, center=(15, 12), strength=np.radians(70), radius=20, order=1, mode="symmetric")
        self.same(distorted(old, "swirl:70,0.8"), wanted, "swirl")

    @unittest.skipUnless(importlib.util.find_spec("PIL"), "Pillow is not installed")
    def test_directions_of_pillow(self):
        import numpy as np
        from PIL import Image
        old = picture(31, 25)
        blue = Image.frombytes("F", (31, 25), old.pixels[0::3].tobytes())
        for text, theirs in (("rotate:20", blue.rotate(20, Image.Resampling.BILINEAR)),
                             ("glide:3,2", blue.transform((31, 25), Image.Transform.AFFINE, (1, 0, -3, 0, 1, -2)))):
            ours = np.array(distorted(old, text).pixels[0::3]).reshape(25, 31)
            inside = slice(8, -8), slice(8, -8)
            self.assertLess(np.abs(ours - np.array(theirs))[inside].max(), 0.5, text)


@unittest.skipIf(REFUSED, REFUSED)
class MachineCode(unittest.TestCase):
    def test_every_distortion(self):
        own = [engine(name, 2) for name in SETS]
        for width, height in ((33, 20), (8, 5)):
            old = picture(width, height)
            for row in ROWS:
                for edge in EDGES if row.edge else ("",):
                    text = row.name + (f":{edge}" if edge in planes.EDGES else "")
                    slow = distorted(old, text, frame=4, seed=3)
                    for by in own:
                        fast = distorted(old, text, frame=4, seed=3, by=by)
                        self.assertLess(max(abs(a - b) for a, b in zip(slow.pixels, fast.pixels)), TOLERANCE, text)
        for by in own:
            by.close()

    def test_chains_leave_their_input(self):
        by = engine(SETS[0], 1)
        old = picture(40, 30)
        before, chain = old.pixels[:], ["zoom:0.1", "sobel:1:mix=0.4", "sort-rows", "swirl", "color", "blur"]
        news = [distorted(old, *chain, by=by) for _ in range(4)]
        self.assertEqual(old.pixels, before)
        for new in news:
            self.assertEqual(new.pixels, news[0].pixels)
        by.close()


# ---- Words -----------------------------------------------------------------------------------------------------------

class Words(CommandLine):
    def test_there_and_back(self):
        for text, canonical in (("zoom", "zoom:0.05"), ("zoom:0.05", "zoom:0.05"), ("zoom:by=0.1", "zoom:0.1"),
                                ("zoom:0.1:wrap", "zoom:0.1:wrap"), ("zoom:wrap", "zoom:0.05:wrap"),
                                ("rotate:1.5:000000", "rotate:1.5:000000"), ("rotate:1.5:black", "rotate:1.5:000000"),
                                ("rotate:1:#FF8000", "rotate:1:ff8000"), ("rotate:FF8000", "rotate:1.5:ff8000"),
                                ("rotate:#008000", "rotate:1.5:008000"), ("rotate:white", "rotate:1.5:ffffff"),
                                ("glide:2,1", "glide:2:y=1"), ("glide:2, 2", "glide:2"),
                                ("roll-columns:sine:period=40,amplitude=8:wrap", "roll-columns:sine"),
                                ("roll-columns:sine:period=50,amplitude=3:edge",
                                 "roll-columns:sine:amplitude=3,period=50:edge"),
                                ("roll-rows:random:low=0,width=3,every=2", "roll-rows:random:low=0,width=3,every=2"),
                                ("roll-rows:linear:slope=1/3", f"roll-rows:linear:slope={1 / 3!r}"),
                                ("affine:1,0,0,1,2,3", "affine:1:x=2,y=3"), ("flatten:4:mix=0.5", "flatten:4:mix=0.5"),
                                ("stretch:0.1,horizontal", "stretch:0.1:axis=horizontal")):
            with self.subTest(text):
                one = parse(text)
                self.assertEqual(one.text(), canonical)
                self.assertEqual(parse(one.text()), one)

    def test_what_is_wrong(self):
        for text, says in (("zom:1", "zom; did you mean zoom"), ("qqq", "deepdream distortions"), ("", "nothing"),
                           ("zoom:x", "by x: expected a number from -9 to 0.9"), ("zoom:2", "to 0.9"),
                           ("zoom:nan", "by nan"), ("zoom:inf", "by inf"), ("zoom:1/0", "1/0"),
                           ("zoom:0.1:bye=3", "no parameter bye; did you mean by"), ("zoom:0.1:y", "edge y"),
                           ("zoom:0.1:wrp", "did you mean wrap"), ("zoom:0.1:fff", "ff8000"),
                           ("flatten:6:wrap", "nothing of flatten depends on the edges"),
                           ("flatten:2.5", "a whole number from 2 to 256"), ("glide:1,2,3", "3 values; glide has 2"),
                           ("roll-rows:sin", "did you mean sine"), ("roll-rows:cosine:x=1", "function cosine"),
                           ("zoom:0.1:xx:wrap", "xx where a parameter such as by=0.05"), ("zoom:0.1,", "by=0.05|x no"),
                           ("zoom:by=", "by nothing"), ("zoom:0.1:=3", "without a name"),
                           ("zoom:by=1,by=2", "by 1: expected"), ("zoom:by=0.1,by=0.2", "by is given twice"),
                           ("zoom:0.1:by=0.2", "by is given twice"),
                           ("zoom:0.1:every=2:every=3", "every is given twice"),
                           ("zoom:0.1:wrap:black", "the edges wrap and black"), ("zoom:", "by nothing")):
            with self.subTest(text), self.assertRaisesRegex(ValueError, says):
                parse(text)

    def test_what_does_not_go_together(self):
        for text, change, says in (("roll-rows:random:low=5", {"low": 6}, "low=6 is above high=5"),
                                   ("regions:1,1:left=0.6,right=0.7", {"right": 0.5}, "left < right"),
                                   ("affine:1,1,0.9,1", {"yx": 1.0}, "determinant")):
            one = parse(text)
            wrong = one._replace(values={**one.values, **change})
            with self.assertRaisesRegex(ValueError, says):
                parse(wrong.text())
            with self.assertRaisesRegex(deepdream.DeepDreamError, f"{one.name}: .*{says}"):
                distort(picture(5, 5), [wrong], 0, 30.0, random.Random(1))

    def test_list(self):
        said = self.run_it("distortions")
        for row in ROWS:
            self.assertIn(f"\n{row.name}: {row.help}", said.out)
            for one in row.parameters:
                self.assertIn(f"    {one.name}=", said.out)
        self.assertLess(max(map(len, said.out.splitlines())), 121)
        self.assertEqual(said.err, "")

    def test_rows_are_sound(self):
        for row in ROWS:
            made = row.function(frame_of(picture(4, 3)), distortions.converted(row, parse(row.name).values, 1.0))
            self.assertEqual(isinstance(made, distortions.Affine), row.affine, row.name)
            names = [one.name for one in distortions.parameters(row)]
            self.assertEqual(len(names), len(set(names)), row.name)
            for one in row.parameters:
                if not one.words:
                    self.assertTrue(one.low <= one.default <= one.high, (row.name, one.name))
                self.assertTrue(not one.rate or isinstance(one.default, float), (row.name, one.name))


if __name__ == "__main__":
    unittest.main()
