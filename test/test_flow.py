"""Optical flow: against motion that is known, and against OpenCV's where that is installed.

    FLOW=1 python3 -m unittest discover -s test -p test_flow.py     shows what it measures

End-point errors in pixels, mean over all pixels but 8 at each edge; a photograph (the shipped cat and dog, 224 x 224)
moved by cubic interpolation, OpenCV 4 with the settings of DeepDreamAnim (Farneback) and its best preset (DIS):

                            ours    Farneback   DIS
    (3.3, -2.2)             0.07    0.65        0.06
    (-14, 9)                0.07    4.94        0.12
    3 degrees and 1.04      0.04    1.18        0.24
    waves of 4 and 3        0.33    1.13        0.66
    a disc of 56 moves      0.33    0.73        0.28
"""

import importlib.util
import math
import os
import random
import unittest
from array import array

from helpers import REFUSED, ROOT, SETS, needs_machine_code
from test_planes import engine

import deepdream
from deepdream import Picture
from deepdream_extras import flow as optical
from deepdream_extras.flow import Flow, carry, flow, is_cut

MISSING = [name for name in ("numpy", "scipy", "cv2") if importlib.util.find_spec(name) is None]


def texture(seed=3, waves=14):
    """Levels as a function of the place: waves of all lengths from 8 pixels on, so that there is no pixel grid."""
    dice = random.Random(seed)
    own = []
    for _ in range(waves):
        length, way = dice.uniform(8, 60), dice.uniform(0, math.pi)
        own.append((2 * math.pi / length * math.cos(way), 2 * math.pi / length * math.sin(way), dice.uniform(0, 7),
                    dice.uniform(6, 14)))
    return lambda x, y: 128 + sum(a * math.sin(p * x + q * y + s) for p, q, s, a in own)


def filmed(width, height, move, seed=3):
    """Two frames: what is at (x, y) in the second was at (x, y) + move(x, y) in the first; and that as a Flow."""
    level = texture(seed)
    places = [(x, y) for y in range(height) for x in range(width)]
    truth = [move(x, y) for x, y in places]
    frames = [Picture(width, height, array("f", [value for value in values for _ in range(3)])) for values in (
        [level(x, y) for x, y in places], [level(x + u, y + v) for (x, y), (u, v) in zip(places, truth)])]
    return *frames, Flow(array("f", [u for u, _ in truth]), array("f", [v for _, v in truth]))


def error(found, truth, width, height, margin=8):
    """The mean end-point error inside."""
    errors = [math.hypot(found.u[i] - truth.u[i], found.v[i] - truth.v[i]) for y in range(margin, height - margin)
              for i in range(y * width + margin, (y + 1) * width - margin)]
    return math.fsum(errors) / len(errors)


def still(x, y):
    return 0.0, 0.0


def turning(x, y):
    """3 degrees and 4% about (60, 45)."""
    cos, sin = 1.04 * math.cos(0.052), 1.04 * math.sin(0.052)
    return (cos - 1) * (x - 60) - sin * (y - 45), sin * (x - 60) + (cos - 1) * (y - 45)


def waving(x, y):
    return 2 * math.sin(2 * math.pi * y / 60), 1.5 * math.cos(2 * math.pi * x / 50)


class InPython(unittest.TestCase):
    def test_known_motion(self):
        before, after, truth = filmed(40, 34, lambda x, y: (1.3, -0.8))
        found = flow(before, after)
        self.assertLess(error(found, truth, 40, 34), 0.1)       # measured: 0.03

    def test_nothing_moves(self):
        picture, _, _ = filmed(20, 17, still)
        found = flow(picture, picture)
        self.assertLess(max(map(abs, (*found.u, *found.v))), 1e-4)
        self.assertLess(max(map(abs, map(float.__sub__, carry(picture, found).pixels, picture.pixels))), 1e-2)

    def test_carry(self):
        picture = Picture(3, 2, array("f", [v for v in range(6) for _ in range(3)]))
        moved = carry(picture, Flow(array("f", [1, 1, 1, 0, 0.5, -5]), array("f", [0, 1, 0, -1, 0, 0])))
        self.assertEqual(list(moved.pixels[::3]), [1, 5, 2, 0, 4.5, 5])
        self.assertEqual(carry(Picture(1, 1, bytearray(b"\1\2\3")), Flow(array("f", [9]), array("f", [9]))
                               ).pixels.tolist(), [1, 2, 3])

    def test_sizes(self):
        for width, height in ((1, 1), (1, 9), (7, 2), (33, 32)):
            before, after, _ = filmed(width, height, lambda x, y: (0.4, 0.2))
            found = flow(before, after)
            self.assertEqual((len(found.u), len(found.v)), (width * height,) * 2)
            self.assertTrue(all(map(math.isfinite, (*found.u, *found.v))))
        with self.assertRaisesRegex(ValueError, "3 x 2 and 2 x 3"):
            flow(Picture(3, 2), Picture(2, 3))

    def test_pyramid(self):
        plane = array("f", [7.0]) * (70 * 65)
        sizes = optical.pyramid(optical.work_for(), optical.Size(70, 65, plane, plane))
        self.assertEqual([size[:2] for size in sizes], [(70, 65), (35, 33), (18, 17)])
        for width, height, *planes in sizes:
            for own in planes:
                self.assertEqual(len(own), width * height)
                self.assertLess(max(abs(v - 7.0) for v in own), 1e-4)


@unittest.skipIf(REFUSED, REFUSED)
class MachineCode(unittest.TestCase):
    def test_the_flow_of_python(self):
        for size in ((21, 18), (40, 33)):
            before, after, _ = filmed(*size, lambda x, y: (0.9, -1.7))
            slow = flow(before, after)
            for name in SETS:
                for jobs in (1, 2):
                    by = engine(name, jobs)
                    fast = flow(before, after, by)
                    worst = max(abs(a - b) for ours, theirs in zip(slow, fast) for a, b in zip(ours, theirs))
                    self.assertLess(worst, 1e-3, (name, jobs))      # measured: 1e-5
                    by.close()

    def test_known_motion(self):
        by = engine(SETS[0], 2)
        self.addCleanup(by.close)
        for move, most in ((lambda x, y: (3.3, -2.2), 0.1), (lambda x, y: (-9.0, 6.0), 0.2), (turning, 0.1),
                           (waving, 0.25)):
            before, after, truth = filmed(120, 90, move)
            found = flow(before, after, by)
            off = error(found, truth, 120, 90, 16)
            if os.environ.get("FLOW"):
                print(f"{most:.2f} {off:.3f}")
            self.assertLess(off, most)
            inside = [3 * (120 * y + x) for y in range(16, 74) for x in range(16, 104)]
            moved = carry(before, found, by)
            apart = [sum(abs(one.pixels[i] - after.pixels[i]) for i in inside) for one in (before, moved)]
            self.assertLess(apart[1], 0.2 * apart[0])


@needs_machine_code
@unittest.skipIf(MISSING, f"{', '.join(MISSING)} not installed")
class AgainstOpenCV(unittest.TestCase):
    def test_a_photograph(self):
        import cv2
        import numpy as np
        from scipy import ndimage
        by = engine(SETS[0], 2)
        self.addCleanup(by.close)
        picture = deepdream.read_picture(str(ROOT / "cat_dog224.bmp"))
        before = np.array(picture.pixels, np.float64).reshape(224, 224, 3)
        y, x = np.mgrid[:224, :224].astype(float)
        right, down = x - 111.5, y - 111.5
        cos, sin = 1.04 * np.cos(np.radians(3)), 1.04 * np.sin(np.radians(3))
        disc = np.hypot(right, down) < 56
        cases = {
            "(3.3, -2.2)": (np.full_like(x, 3.3), np.full_like(x, -2.2)),
            "(-14, 9)": (np.full_like(x, -14.0), np.full_like(x, 9.0)),
            "3 degrees and 1.04": ((cos - 1) * right - sin * down, sin * right + (cos - 1) * down),
            "waves of 4 and 3": (4 * np.sin(2 * np.pi * y / 80), 3 * np.sin(2 * np.pi * x / 100)),
            "a disc of 56 moves": (np.where(disc, 6.0, -1.0), np.where(disc, -3.0, 1.0)),
        }
        rows = []
        for name, (u, v) in cases.items():
            after = np.stack([ndimage.map_coordinates(before[..., k], [y + v, x + u], order=3, mode="reflect")
                              for k in range(3)], -1)
            light = [np.clip(image @ np.array(optical.LUMA), 0, 255).astype(np.uint8) for image in (after, before)]

            def off(found, u=u, v=v):
                return float(np.hypot(found[0] - u, found[1] - v)[8:-8, 8:-8].mean())

            frames = [Picture(224, 224, array("f", image.astype(np.float32).tobytes())) for image in (before, after)]
            ours = off([np.array(part).reshape(224, 224) for part in flow(*frames, by)])
            farneback = cv2.calcOpticalFlowFarneback(*light, None, 0.5, 3, 15, 3, 5, 1.2, 0)
            dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM).calc(*light, None)
            theirs = [off(np.moveaxis(found, -1, 0)) for found in (farneback, dis)]
            rows.append((ours, *theirs))
            if os.environ.get("FLOW"):
                print(f"    {name:20}" + "".join(f"{value:8.3f}" for value in rows[-1]))
            self.assertLess(ours, theirs[0], name)
            self.assertLess(ours, 0.45, name)
        ours, _, dis = (sum(column) / len(rows) for column in zip(*rows))
        self.assertLess(ours, dis)


class Cuts(unittest.TestCase):
    def scene(self, seed, move=still, light=1.0, tint=(1.0, 1.0, 1.0)):
        level = texture(seed)
        values = [level(x + u, y + v) * light for y in range(48) for x in range(64) for u, v in [move(x, y)]]
        return Picture(64, 48, array("f", [min(max(value * part, 0.0), 255.0) for value in values for part in tint]))

    def test_other_scenes(self):
        first, second = self.scene(1, tint=(1, 0.6, 0.3)), self.scene(2, tint=(0.4, 1, 0.9))
        self.assertTrue(is_cut(first, second))
        self.assertTrue(is_cut(second, first))
        self.assertTrue(is_cut(Picture(64, 48), first))             # out of the dark, at once
        self.assertTrue(is_cut(first.rounded(), second.rounded()))

    def test_the_same_scene(self):
        first = self.scene(1)
        for name, other in (("itself", first), ("moved", self.scene(1, lambda x, y: (6.0, -4.0))),
                            ("turned", self.scene(1, turning)), ("bright", self.scene(1, light=1.5)),
                            ("dark", self.scene(1, light=0.4)), ("red", self.scene(1, tint=(0.6, 0.8, 1.0)))):
            self.assertFalse(is_cut(first, other), name)
        self.assertFalse(is_cut(Picture(5, 5), Picture(5, 5)))
        fading = Picture(64, 48, array("f", [0.7 * a + 0.3 * b for a, b in zip(first.pixels, self.scene(2).pixels)]))
        self.assertFalse(is_cut(first, fading))

    def test_of_a_photograph(self):
        picture = deepdream.read_picture(str(ROOT / "cat_dog224.bmp"))
        self.assertFalse(is_cut(picture, picture))
        self.assertTrue(is_cut(picture, self.scene(1, tint=(0.2, 1.0, 0.3))))


if __name__ == "__main__":
    unittest.main()
