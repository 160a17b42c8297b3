#!/usr/bin/env python3
"""Write the files of this folder again: GIF files by other programs, and what others read in them.

    python3 test/pictures/gif/make.py

Needs ImageMagick 6, GraphicsMagick, ffmpeg, netpbm, gifsicle, and Pillow from PyPI (the versions used: README). Not run
by the tests. For each NAME.gif there is a NAME.pam: its frames as the screen shows them, red, green, blue, alpha, one
below the other, transparent pixels as 0 0 0 0; a comment has the hundredths of a second of each frame. Both Pillow and
ImageMagick read them, and must agree.
"""

import pathlib
import random
import subprocess
import tempfile

from PIL import Image, ImageDraw, ImageSequence

HERE = pathlib.Path(__file__).resolve().parent
WIDTH, HEIGHT = 17, 16          # Pillow interlaces nothing smaller

PALETTE = "'split[a][b];[a]palettegen[p];[b][p]paletteuse'"
COMMANDS = """
pillow-16               python 16.png
pillow-2                python 2.png
pillow-256              python 256.png
pillow-interlaced       python 16.png interlace=1
pillow-not-interlaced   python 16.png interlace=0
pillow-transparent      python hole.png
pillow-moving           python moving duration=[30,70,5,200,30] loop=0
pillow-background       python moving duration=40 disposal=2
pillow-previous         python moving duration=40 disposal=[1,3,3,1,3]
pillow-each             python fading duration=100
imagemagick-16          convert 16.png OUT
imagemagick-interlaced  convert all.png -interlace GIF OUT
imagemagick-comment     convert all.png -set comment 'made for a test' OUT
imagemagick-hole        convert alpha.png OUT
imagemagick-placed      convert -page 25x20+5+4 hole.png OUT
imagemagick-moving      convert -delay 7 -loop 3 moving-?.png OUT
imagemagick-optimised   convert -delay 7 moving-?.png -layers Optimize OUT
imagemagick-background  convert -delay 7 -dispose Background alpha-?.png OUT
imagemagick-previous    convert -delay 7 -dispose Previous -page 25x20+5+4 alpha-?.png OUT
graphicsmagick-16       gm convert 16.png OUT
graphicsmagick-moving   gm convert -delay 12 moving-?.png OUT
gifsicle-optimised      gifsicle -O3 -d9 --loopcount=4 moving-?.gif -o OUT
gifsicle-interlaced     gifsicle --interlace 256.gif -o OUT
gifsicle-background     gifsicle -d9 --disposal background hole-?.gif -o OUT
gifsicle-previous       gifsicle -d9 --disposal previous hole-?.gif -o OUT
gifsicle-local          gifsicle -d9 16.gif 256.gif 2.gif -o OUT
ffmpeg-moving           ffmpeg -v error -y -r 12 -i moving-%d.png OUT
ffmpeg-palette          ffmpeg -v error -y -r 25 -i fading-%d.png -lavfi PALETTE OUT
ffmpeg-whole            ffmpeg -v error -y -r 25 -i moving-%d.png -gifflags 0 OUT
netpbm-16               pngtopnm 16.png | pamtogif -quiet > OUT
netpbm-interlaced       pngtopnm 16.png | pamtogif -quiet -interlace > OUT
netpbm-no-lzw           pngtopnm 256.png | pamtogif -quiet -nolzw > OUT
netpbm-transparent      pngtopnm 16.png | pamtogif -quiet -transparent=rgb:ff/ff/00 > OUT
netpbm-noise            pngtopnm noise.png | pnmquant -quiet 200 | pamtogif -quiet > OUT
"""


def draw(folder: pathlib.Path) -> None:
    """The pictures that the programs are given."""
    everything = Image.new("RGB", (WIDTH, HEIGHT))
    everything.putdata([((15 * x + 3 * y) % 256, (x + 28 * y) % 256, (255 - 7 * x - 11 * y + x * y % 5 * 20) % 256)
                        for y in range(HEIGHT) for x in range(WIDTH)])
    alpha = everything.convert("RGBA")
    hole = ImageDraw.Draw(alpha)
    hole.rectangle((3, 2, 9, 8), (0, 0, 0, 0))
    pictures = {"all": everything, "alpha": alpha, "256": everything.quantize(256, dither=Image.Dither.NONE)}
    for count in (2, 16):
        pictures[str(count)] = everything.quantize(count, dither=Image.Dither.NONE)
    five = Image.new("P", (WIDTH, HEIGHT), 4)
    five.putpalette([0, 0, 0, 255, 40, 0, 0, 200, 90, 20, 60, 240, 255, 255, 255])
    ImageDraw.Draw(five).ellipse((2, 1, 12, 8), 3, 1)
    five.info["transparency"] = 4
    pictures["hole"] = five
    noise = Image.frombytes("RGB", (83, 61), random.Random(5).randbytes(83 * 61 * 3))
    pictures["noise"] = noise
    for turn in range(5):
        moving = pictures["16"].convert("RGB")
        ImageDraw.Draw(moving).rectangle((2 * turn, turn, 2 * turn + 4, turn + 4), (250, 20 * turn, 0))
        pictures[f"moving-{turn}"] = moving
        clear = Image.new("RGBA", (WIDTH, HEIGHT))
        ImageDraw.Draw(clear).ellipse((turn, 1, turn + 7, 8), (0, 60 * turn, 200, 255), (0, 0, 0, 255))
        pictures[f"alpha-{turn}"] = clear
        pictures[f"fading-{turn}"] = everything.point(lambda level, turn=turn: level * (9 - turn) // 9)
        ring = five.copy()
        ImageDraw.Draw(ring).line((turn, 0, 12, 2 * turn), 2)
        ring.info["transparency"] = 4
        pictures[f"hole-{turn}"] = ring
    for name, picture in pictures.items():
        picture.save(folder / f"{name}.png")
        if picture.mode == "P" or name.startswith("moving"):
            picture.save(folder / f"{name}.gif")


def by_pillow(folder: pathlib.Path, out: pathlib.Path, picture: str, *options: str) -> None:
    values = {name: eval(value) for name, _, value in (option.partition("=") for option in options)}
    if picture.endswith(".png"):
        Image.open(folder / picture).save(out, **values)
    else:
        first, *others = [Image.open(folder / f"{picture}-{turn}.png") for turn in range(5)]
        first.save(out, save_all=True, append_images=others, **values)


def frames_by_pillow(path: pathlib.Path) -> tuple[list[bytes], tuple[int, int], list[int]]:
    image = Image.open(path)
    frames, delays = [], []
    for frame in ImageSequence.Iterator(image):
        frames.append(cleared(frame.convert("RGBA").tobytes()))
        delays.append(round(frame.info.get("duration", 0) / 10))
    return frames, image.size, delays


def frames_by_imagemagick(path: pathlib.Path, size: tuple[int, int]) -> list[bytes]:
    data = subprocess.run(["convert", path, "-coalesce", "-depth", "8", "rgba:-"], stdout=subprocess.PIPE,
                          check=True).stdout
    length = size[0] * size[1] * 4
    return [cleared(data[at:at + length]) for at in range(0, len(data), length)]


def cleared(rgba: bytes) -> bytes:
    return b"".join(rgba[at:at + 4] if rgba[at + 3] else bytes(4) for at in range(0, len(rgba), 4))


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        draw(folder)
        for line in COMMANDS.strip().splitlines():
            name, command = line.split(maxsplit=1)
            path = HERE / f"{name}.gif"
            if command.startswith("python "):
                by_pillow(folder, path, *command.split()[1:])
            else:
                command = command.replace("OUT", str(path)).replace("PALETTE", PALETTE)
                subprocess.run(command, shell=True, check=True, cwd=folder)
            frames, size, delays = frames_by_pillow(path)
            if frames != frames_by_imagemagick(path, size):
                print(f"{name}: Pillow and ImageMagick differ")
            header = (f"P7\n# {' '.join(map(str, delays))}\nWIDTH {size[0]}\nHEIGHT {size[1] * len(frames)}\nDEPTH 4\n"
                      "MAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n")
            path.with_suffix(".pam").write_bytes(header.encode() + b"".join(frames))


if __name__ == "__main__":
    main()
