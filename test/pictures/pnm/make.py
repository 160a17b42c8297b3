#!/usr/bin/env python3
"""Write the files of this folder again: PBM, PGM, PPM and PAM files by other programs, and what others read in them.

    python3 test/pictures/pnm/make.py

Needs netpbm, ImageMagick 6, GraphicsMagick, ffmpeg, and Pillow from PyPI (the versions used: README). Not run by the
tests. NAME.rgba is what netpbm's pamdepth and ImageMagick make of NAME: red, green, blue, alpha of each pixel. ffmpeg
reads most of them too; where it differs, a line says so.
"""

import pathlib
import subprocess
import tempfile

from PIL import Image

HERE = pathlib.Path(__file__).resolve().parent
WIDTH, HEIGHT = 17, 9

COMMANDS = """
netpbm-p1.pbm           pngtopnm grey.png | pamditherbw | pamtopnm -plain > OUT
netpbm-p2.pgm           pngtopnm grey.png | pamtopnm -plain > OUT
netpbm-p3.ppm           pngtopnm all.png | pamtopnm -plain > OUT
netpbm-p3-1000.ppm      pngtopnm all.png | pamdepth 1000 | pamtopnm -plain > OUT
netpbm-p4.pbm           pngtopnm grey.png | pamditherbw | pamtopnm > OUT
netpbm-p5.pgm           pngtopnm grey.png > OUT
netpbm-p5-7.pgm         pngtopnm grey.png | pamdepth 7 > OUT
netpbm-p5-65535.pgm     pngtopnm grey16.png > OUT
netpbm-p6.ppm           pngtopnm all.png > OUT
netpbm-p6-31.ppm        pngtopnm all.png | pamdepth 31 > OUT
netpbm-p6-256.ppm       pngtopnm all.png | pamdepth 256 > OUT
netpbm-p6-65535.ppm     pngtopnm all.png | pamdepth 65535 | pamfunc -multiplier 0.77 > OUT
netpbm-two.ppm          (pngtopnm all.png; pngtopnm grey.png) > OUT
netpbm-rgb-alpha.pam    pngtopam -alphapam alpha.png > OUT
netpbm-grey-alpha.pam   pngtopam -alphapam greyalpha.png > OUT
netpbm-rgb.pam          pngtopnm all.png | pamtopam > OUT
netpbm-bits.pam         pngtopnm grey.png | pamditherbw | pamtopam > OUT
imagemagick-p1.pbm      convert all.png -compress none OUT
imagemagick-p3.ppm      convert all.png -compress none OUT
imagemagick-p5.pgm      convert all.png OUT
imagemagick-p6-16.ppm   convert all.png -gamma 1.3 -depth 16 OUT
imagemagick-comment.ppm convert all.png -set comment 'made for a test' OUT
imagemagick-alpha.pam   convert alpha.png OUT
imagemagick-alpha16.pam convert alpha.png -gamma 1.3 -depth 16 OUT
graphicsmagick-p6.ppm   gm convert all.png OUT
graphicsmagick-p4.pbm   gm convert all.png OUT
ffmpeg-p6.ppm           ffmpeg -v error -y -i all.png OUT
ffmpeg-p5.pgm           ffmpeg -v error -y -i grey.png OUT
ffmpeg-p4.pbm           ffmpeg -v error -y -i all.png OUT
ffmpeg-rgba.pam         ffmpeg -v error -y -i alpha.png -pix_fmt rgba OUT
ffmpeg-bits.pam         ffmpeg -v error -y -i all.png -pix_fmt monob OUT
ffmpeg-rgb48.pam        ffmpeg -v error -y -i all.png -pix_fmt rgb48be OUT
pillow-p6.ppm           pillow all.png
pillow-p5.pgm           pillow grey.png
pillow-p5-65535.pgm     pillow grey16.png
pillow-p4.pbm           pillow bits.png
"""


def draw(folder: pathlib.Path) -> None:
    everything = Image.new("RGB", (WIDTH, HEIGHT))
    everything.putdata([((15 * x + 3 * y) % 256, (x + 28 * y) % 256, (255 - 7 * x - 11 * y + x * y % 5 * 20) % 256)
                        for y in range(HEIGHT) for x in range(WIDTH)])
    fade = Image.linear_gradient("L").resize((WIDTH, HEIGHT))
    alpha = everything.convert("RGBA")
    alpha.putalpha(fade)
    grey16 = Image.new("I;16", (WIDTH, HEIGHT))
    for y in range(HEIGHT):
        for x in range(WIDTH):
            grey16.putpixel((x, y), (x * 4099 + y * 7919) % 65536)
    for name, picture in (("all", everything), ("alpha", alpha), ("grey", everything.convert("L")), ("grey16", grey16),
                          ("greyalpha", Image.merge("LA", (everything.convert("L"), fade))),
                          ("bits", everything.convert("1"))):
        picture.save(folder / f"{name}.png")


def output(command: str) -> bytes:
    return subprocess.run(command, shell=True, check=True, stdout=subprocess.PIPE).stdout


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        draw(folder)
        for line in COMMANDS.strip().splitlines():
            name, command = line.split(maxsplit=1)
            path = HERE / name
            if command.startswith("pillow "):
                Image.open(folder / command.split()[1]).save(path)
            else:
                subprocess.run(command.replace("OUT", str(path)), shell=True, check=True, cwd=folder)
            length = WIDTH * HEIGHT * 4
            found = output(f"pamdepth 255 {path} | convert - -depth 8 rgba:-")[:length]
            path.with_name(name + ".rgba").write_bytes(found)
            try:
                other = output(f"ffmpeg -v error -i {path} -pix_fmt rgba -f rawvideo - 2> /dev/null")
            except subprocess.CalledProcessError:
                print(f"{name}: ffmpeg does not read it")
                continue
            most = max((abs(a - b) for a, b in zip(found, other)), default=-1)
            if found != other:
                print(f"{name}: ffmpeg's differs by up to {most}")


if __name__ == "__main__":
    main()
