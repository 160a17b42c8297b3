#!/usr/bin/env python3
"""Time reading and writing of picture files: plain Python, our machine code, Pillow if the Python running this has it.

    python3 benchmarks/formats.py                         # some minutes, most of them plain Python's
    python3 benchmarks/formats.py --no-python --repeat 9  # machine code and Pillow only
    python3 benchmarks/formats.py --photo IMG_1234.jpg    # a JPEG file of about 4000x3000 in place of ours

Each number is the processor time of a whole process on one core, from its start to its exit: Python's own start,
imports, the trial of machine code and the making of it included. The sides take turns; medians are printed. The first
row is a side's start alone.
"""

from __future__ import annotations

import argparse
import importlib.util
import os
import pathlib
import random
import statistics
import subprocess
import sys
import tempfile
import zlib

import timing

import deepdream
from deepdream_extras.formats import Extras, jpeg, png
from deepdream_extras.formats.png import PAETH

WIDTH, HEIGHT = 4000, 3000
SMALL = 1600, 1200
FRAME = 480, 360
FRAMES = 10

# name of a row: the programs of our side and of Pillow, and by how much their time is divided. {0} is the folder.
OURS = "from deepdream_extras.formats import Extras, gif, jpeg, png\nimport deepdream\n"
THEIRS = "from PIL import Image\n"
READ_SMALL = "pixels = open('{0}/small.raw', 'rb').read()\n"
READ_FRAMES = ("pixels = open('{0}/frames.raw', 'rb').read()\n"
               "frames = [pixels[518400 * i:][:518400] for i in range(10)]\n")
OUR_SMALL = READ_SMALL + "picture = deepdream.Picture(1600, 1200, bytearray(pixels))\n"
THEIR_SMALL = READ_SMALL + "image = Image.frombytes('RGB', (1600, 1200), pixels, 'raw', 'BGR')\n"
ROWS: dict[str, tuple[str, str, int]] = {
    "start alone": ("", "", 1),
    "JPEG 4000x3000 read": ("jpeg.decode(open('{0}/photo.jpg', 'rb').read())",
                            "Image.open('{0}/photo.jpg').load()", 1),
    "the same for 1600": ("jpeg.decode(open('{0}/photo.jpg', 'rb').read(), longest=1600)",
                          "image = Image.open('{0}/photo.jpg')\nimage.draft('RGB', (1600, 1200))\nimage.load()", 1),
    "progressive JPEG read": ("jpeg.decode(open('{0}/progressive.jpg', 'rb').read())",
                              "Image.open('{0}/progressive.jpg').load()", 1),
    "PNG 4000x3000 read": ("png.decode(open('{0}/paeth.png', 'rb').read())", "Image.open('{0}/paeth.png').load()", 1),
    "JPEG 1600x1200 written": (OUR_SMALL + "jpeg.encode(picture, Extras(quality=92))",
                               THEIR_SMALL + "image.save('{0}/out.jpg', quality=92, subsampling=0, optimize=True)", 1),
    "PNG 1600x1200 written": (OUR_SMALL + "png.encode(picture)", THEIR_SMALL + "image.save('{0}/out.png')", 1),
    "GIF 480x360, a frame of 10": (
        READ_FRAMES + "animation = gif.Animation(open('{0}/out.gif', 'wb'), 480, 360, 0.1)\n"
        "for frame in frames:\n    animation.add(deepdream.Picture(480, 360, bytearray(frame)))\nanimation.close()",
        READ_FRAMES + "images = [Image.frombytes('RGB', (480, 360), frame, 'raw', 'BGR') for frame in frames]\n"
        "images[0].save('{0}/out.gif', save_all=True, append_images=images[1:], duration=100)", FRAMES),
}


def main() -> None:
    options = arguments()
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    sides = {"machine code": {}, **({} if options.no_python else {"plain Python": {"DEEPDREAM_JIT": "0"}})}
    pillow = importlib.util.find_spec("PIL") is not None
    with tempfile.TemporaryDirectory() as folder:
        make_files(pathlib.Path(folder), options.photo, pillow)
        print("seconds of processor time" + "".join(f"{side:>16}" for side in (*sides, *["Pillow"] * pillow)))
        for name, (ours, theirs, share) in ROWS.items():
            if options.only and options.only not in name:
                continue
            if "progressive" in name and not (pathlib.Path(folder) / "progressive.jpg").exists():
                continue
            programs = {side: (OURS + ours, environment) for side, environment in sides.items()}
            if pillow:
                programs["Pillow"] = THEIRS + theirs, {}
            times: dict[str, list[float]] = {side: [] for side in programs}
            for _ in range(options.repeat):
                for side, (program, environment) in programs.items():
                    times[side].append(seconds(program.format(folder), environment) / share)
            print(f"{name:26}" + "".join(f"{statistics.median(own):16.2f}" for own in times.values()), flush=True)


def seconds(program: str, environment: dict[str, str]) -> float:
    """Processor time of a process of its own, the system's part included."""
    usual = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    child = subprocess.Popen([sys.executable, "-c", program],
                             env={**usual, "PYTHONPATH": str(timing.ROOT), **environment})
    _, status, usage = os.wait4(child.pid, 0)
    child.returncode = os.waitstatus_to_exitcode(status)
    if child.returncode:
        sys.exit(f"a program failed:\n{program}")
    return usage.ru_utime + usage.ru_stime


# ---- What is read and written ----------------------------------------------------------------------------------------

def make_files(folder: pathlib.Path, photo: str | None, pillow: bool) -> None:
    """A photograph with noise, as cameras have it; PNG rows all with the Paeth filter; pixels for the writers."""
    if photo:
        data = pathlib.Path(photo).read_bytes()
        decoded = jpeg.decode(data, photo)
        picture = deepdream.Picture(decoded.width, decoded.height, decoded.pixels)
    else:
        picture = noisy(enlarged())
        data = jpeg.encode(picture, Extras(quality=90, subsampling="4:2:0"))
    (folder / "photo.jpg").write_bytes(data)
    print(f"{picture.width} x {picture.height}: {len(data) / 1e6:.1f} MB as JPEG", end=", ")
    packed = zlib.compress(b"".join(paeth_rows(picture)), 6)
    (folder / "paeth.png").write_bytes(b"".join((
        png.SIGNATURE, png.header_chunk(picture.width, picture.height), png.chunk(b"IDAT", packed),
        png.chunk(b"IEND", b""))))
    print(f"{len(packed) / 1e6:.1f} MB as PNG")
    left, top = (picture.width - SMALL[0]) // 2, (picture.height - SMALL[1]) // 2
    (folder / "small.raw").write_bytes(cut(picture, left, top, *SMALL))
    (folder / "frames.raw").write_bytes(b"".join(cut(picture, left + 7 * i, top + 5 * i, *FRAME)
                                                 for i in range(FRAMES)))
    if pillow:
        from PIL import Image
        with Image.open(folder / "photo.jpg") as image:
            image.save(folder / "progressive.jpg", quality=90, progressive=True)


def enlarged() -> deepdream.Picture:
    """The picture beside this program, large."""
    small = timing.open_picture()
    fit = -(-WIDTH // small.width)
    rows = []
    for y in range(HEIGHT):
        row = small.pixels[3 * small.width * (y // fit):][:3 * small.width]
        wide = bytearray(3 * small.width * fit)
        for x in range(fit):
            for channel in range(3):
                wide[3 * x + channel::3 * fit] = row[channel::3]
        rows.append(wide[:3 * WIDTH])
    return deepdream.Picture(WIDTH, HEIGHT, bytearray(b"".join(rows)))


def noisy(picture: deepdream.Picture) -> deepdream.Picture:
    dice = random.Random(1)
    noise = bytes(min(max(round(dice.gauss(21, 7)), 0), 42) for _ in range(2 ** 16))
    pixels = picture.pixels
    for at in range(0, len(pixels), 50_000):
        start = dice.randrange(2 ** 14)
        part = pixels[at:at + 50_000].translate(bytes(min(max(level, 21), 234) - 21 for level in range(256)))
        total = int.from_bytes(part, "little") + int.from_bytes(noise[start:start + len(part)], "little")
        pixels[at:at + 50_000] = total.to_bytes(len(part), "little")
    return picture


def paeth_rows(picture: deepdream.Picture) -> list[bytes]:
    above: bytes | bytearray = bytes(3 * picture.width)
    result = []
    for row in png.red_first(picture.pixels, picture.width, (0, 0, picture.width, picture.height)):
        count = len(row)
        low, here, up = png.constant(255, count), deepdream.byte_lanes(row, 2), deepdream.byte_lanes(above, 2)
        guess = png.paeth(here << 48 & png.constant(0xffff, count), up, up << 48 & png.constant(0xffff, count), count)
        line = (here + png.constant(256, count) - guess & low).to_bytes(2 * count, "little")[::2]
        result.append(bytes((PAETH,)) + line)
        above = row
    return result


def cut(picture: deepdream.Picture, left: int, top: int, width: int, height: int) -> bytes:
    return b"".join(picture.pixels[at:at + 3 * width] for at in range(
        3 * (top * picture.width + left), 3 * ((top + height) * picture.width + left), 3 * picture.width))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeat", type=int, default=3, metavar="N", help="processes of each side; medians count")
    parser.add_argument("--no-python", action="store_true", help="leave out plain Python")
    parser.add_argument("--photo", metavar="FILE", help="a JPEG file to read")
    parser.add_argument("--only", metavar="TEXT", help="rows whose name has this in it")
    return parser.parse_args()


if __name__ == "__main__":
    main()
