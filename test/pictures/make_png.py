#!/usr/bin/env python3
"""Write the pictures of png/ again: PNG files by other programs, and what others read in them.

    python3 test/pictures/make_png.py

Needs ImageMagick 6 (convert-im6), GraphicsMagick, ffmpeg, netpbm, apngasm, and Pillow from PyPI; these were made with
6.9.11-60, 1.3.40, 5.1.9, 11.1.0, 2.91 and 13.0.0 of them. Not run by the tests.
For each NAME.png there is a NAME.pam with red, green, blue and alpha of 8 bits, of an animation several, one after the
other; it is made by a program that did not write the PNG file (`reader` below).
"""

import pathlib
import subprocess
import sys
import tempfile

from PIL import Image, ImageCms

FOLDER = pathlib.Path(__file__).resolve().parent / "png"
WIDTH, HEIGHT = 17, 9

COMMANDS = """
imagemagick-24           convert-im6 all.png PNG24:OUT
imagemagick-32           convert-im6 alpha.png PNG32:OUT
imagemagick-8            convert-im6 100.png PNG8:OUT
imagemagick-4            convert-im6 16.png -type Palette OUT
imagemagick-2            convert-im6 all.png -colors 4 -type Palette OUT
imagemagick-1            convert-im6 all.png -threshold 50% -type Bilevel OUT
imagemagick-grey         convert-im6 all.png -colorspace Gray OUT
imagemagick-grey-2       convert-im6 all.png -colorspace Gray -depth 2 OUT
imagemagick-grey-4       convert-im6 all.png -colorspace Gray -depth 4 OUT
imagemagick-grey-16      convert-im6 deep.ppm -colorspace Gray -depth 16 OUT
imagemagick-48           convert-im6 deep.ppm PNG48:OUT
imagemagick-64           convert-im6 deep.ppm ( alpha.png -alpha extract ) -compose CopyOpacity -composite PNG64:OUT
imagemagick-grey-alpha   convert-im6 alpha.png -colorspace Gray OUT
imagemagick-interlaced   convert-im6 all.png -interlace PNG PNG24:OUT
imagemagick-filter-0     convert-im6 all.png -define png:compression-filter=0 PNG24:OUT
imagemagick-filter-1     convert-im6 all.png -define png:compression-filter=1 PNG24:OUT
imagemagick-filter-2     convert-im6 all.png -define png:compression-filter=2 PNG24:OUT
imagemagick-filter-3     convert-im6 all.png -define png:compression-filter=3 PNG24:OUT
imagemagick-filter-4     convert-im6 all.png -define png:compression-filter=4 PNG24:OUT
graphicsmagick-24        gm convert all.png PNG24:OUT
graphicsmagick-32        gm convert alpha.png PNG32:OUT
graphicsmagick-8         gm convert 100.png PNG8:OUT
graphicsmagick-interlaced   gm convert alpha.png -interlace Line OUT
netpbm-24                pngtopnm all.png | pnmtopng -force > OUT
netpbm-8                 pngtopnm 100.png | pnmtopng > OUT
netpbm-4-interlaced      pngtopnm 16.png | pnmtopng -interlace > OUT
netpbm-1                 pngtopnm all.png | ppmtopgm | pgmtopbm | pnmtopng > OUT
netpbm-48-interlaced     pnmtopng -interlace deep.ppm > OUT
netpbm-transparent-24    pngtopnm all.png | pnmtopng -force -transparent "=#ff0000" > OUT
netpbm-transparent-8     pngtopnm 16.png | pnmtopng -transparent "#ffffff" > OUT
netpbm-transparent-48    pnmtopng -force -transparent black deep.ppm > OUT
netpbm-transparent-grey  pngtopnm all.png | ppmtopgm | pnmtopng -force -transparent "#ffffff" > OUT
ffmpeg-24-paeth          ffmpeg -v error -y -i all.png -pix_fmt rgb24 -pred paeth OUT
ffmpeg-24-mixed          ffmpeg -v error -y -i all.png -pix_fmt rgb24 -pred mixed OUT
ffmpeg-32-average        ffmpeg -v error -y -i alpha.png -pix_fmt rgba -pred avg OUT
ffmpeg-48                ffmpeg -v error -y -i deep.ppm -pix_fmt rgb48be OUT
ffmpeg-64                ffmpeg -v error -y -i alpha.png -pix_fmt rgba64be OUT
ffmpeg-grey              ffmpeg -v error -y -i all.png -pix_fmt gray -pred sub OUT
ffmpeg-grey-16           ffmpeg -v error -y -i deep.ppm -pix_fmt gray16be -pred up OUT
ffmpeg-grey-alpha        ffmpeg -v error -y -i alpha.png -pix_fmt ya8 OUT
ffmpeg-grey-alpha-16     ffmpeg -v error -y -i alpha.png -pix_fmt ya16be OUT
ffmpeg-8                 ffmpeg -v error -y -i 100.png -pix_fmt pal8 OUT
ffmpeg-1                 ffmpeg -v error -y -i all.png -pix_fmt monob OUT
ffmpeg-animation         ffmpeg -v error -y -framerate 10 -i frame%d.png -plays 3 -f apng OUT
apngasm-animation        apngasm OUT frame*.png 1 10
"""


def main() -> int:
    for path in FOLDER.glob("*.p[na][gm]"):
        path.unlink()
    with tempfile.TemporaryDirectory() as folder:
        by_programs(pathlib.Path(folder))
    for path in sorted(FOLDER.glob("*.png")):
        with path.with_suffix(".pam").open("wb") as file:
            for width, height, rgba in reader(path):
                file.write(b"P7\nWIDTH %d\nHEIGHT %d\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\n"
                           % (width, height) + rgba)
    return 0


def by_programs(folder: pathlib.Path) -> None:
    picture = Image.new("RGB", (WIDTH, HEIGHT))
    picture.putdata([((15 * x + 3 * y) % 256, (x + 28 * y) % 256, (255 - 7 * x - 11 * y + x * y % 5 * 20) % 256)
                     for y in range(HEIGHT) for x in range(WIDTH)])
    for x, y, colour in ((0, 0, (255, 0, 0)), (16, 0, (0, 255, 0)), (0, 8, (0, 0, 255)), (16, 8, (255, 255, 255))):
        picture.putpixel((x, y), colour)
    alpha = picture.convert("RGBA")
    alpha.putalpha(Image.linear_gradient("L").resize((WIDTH, HEIGHT)))
    hundred = picture.quantize(100, dither=Image.Dither.NONE)
    sixteen = picture.quantize(16, dither=Image.Dither.NONE)
    for name, image in (("all", picture), ("alpha", alpha), ("100", hundred), ("16", sixteen)):
        image.save(folder / f"{name}.png")
    deep = b"".join((i * i * 40503 + i * 977 & 0xffff).to_bytes(2, "big") for i in range(WIDTH * HEIGHT * 3))
    (folder / "deep.ppm").write_bytes(b"P6\n%d %d\n65535\n" % (WIDTH, HEIGHT) + bytes(6) + deep[6:])

    frames = []
    for i in range(4):
        frame = alpha.copy()
        frame.paste((255 - 60 * i, 80 * i, 40, (255, 128, 0, 60)[i]), (i, i, i + 7, i + 5))
        frame.save(folder / f"frame{i}.png")
        frames.append(frame)

    for line in COMMANDS.strip().splitlines():
        name, command = line.split(maxsplit=1)
        command = command.replace("convert-im6", "convert-im6 -define png:exclude-chunks=date,tIME")
        command = command.replace("OUT", str(FOLDER / f"{name}.png")).replace(" ( ", r" \( ").replace(" ) ", r" \) ")
        subprocess.run(command + " 2> messages", shell=True, check=True, cwd=folder, stdout=subprocess.DEVNULL)

    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    exif = Image.Exif()
    exif[274] = 6
    picture.save(FOLDER / "pillow-24-turned.png", icc_profile=profile, exif=exif)
    alpha.save(FOLDER / "pillow-32.png")
    alpha.convert("LA").save(FOLDER / "pillow-grey-alpha.png")
    picture.convert("1").save(FOLDER / "pillow-1.png")
    picture.convert("L").save(FOLDER / "pillow-grey.png", transparency=255)
    sixteen.save(FOLDER / "pillow-4.png", bits=4, transparency=bytes(range(0, 256, 16)))
    frames[0].save(FOLDER / "pillow-animation.png", save_all=True, append_images=frames[1:], duration=[40, 80, 100, 20],
                   loop=2, disposal=[0, 1, 2, 0], blend=[0, 1, 1, 0])


def reader(path: pathlib.Path) -> list[tuple[int, int, bytes]]:
    if path.stem.endswith("animation"):
        if path.stem.startswith("pillow"):
            raw = subprocess.run(["ffmpeg", "-v", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", "rgba",
                                  "-fps_mode", "passthrough", "-"], check=True, stdout=subprocess.PIPE).stdout
            size = 4 * WIDTH * HEIGHT
            return [(WIDTH, HEIGHT, raw[at:at + size]) for at in range(0, len(raw), size)]
        with Image.open(path) as image:
            result = []
            for i in range(image.n_frames):
                image.seek(i)
                result.append((WIDTH, HEIGHT, image.convert("RGBA").tobytes()))
        return result
    if path.stem.startswith("imagemagick") and not path.stem.endswith(("16", "48", "64")):
        with Image.open(path) as image:
            return [(*image.size, image.convert("RGBA").tobytes())]
    if path.stem.startswith("imagemagick"):     # Pillow drops the lower 8 bits; netpbm rounds
        pam = subprocess.run(f"pngtopam -alphapam {path} | pamdepth 255", shell=True, check=True,
                             stdout=subprocess.PIPE).stdout
        header, _, values = pam.partition(b"ENDHDR\n")
        channels = [values[i::depth] for depth in [int(header.split(b"DEPTH ")[1].split()[0])] for i in range(depth)]
        grey = len(channels) < 3
        alpha = bytes(b"\xff" * WIDTH * HEIGHT) if len(channels) % 2 else channels[-1]
        planes = channels[:1] * 3 if grey else channels[:3]
        return [(WIDTH, HEIGHT, bytes(value for pixel in zip(*planes, alpha) for value in pixel))]
    raw = subprocess.run(["convert-im6", path, "-depth", "16", "-endian", "MSB", "rgba:-"], check=True,
                         stdout=subprocess.PIPE).stdout         # at 8 bits it drops the lower ones as well
    samples = [raw[at] << 8 | raw[at + 1] for at in range(0, len(raw), 2)]
    return [(WIDTH, HEIGHT, bytes((2 * 255 * sample + 65535) // (2 * 65535) for sample in samples))]


if __name__ == "__main__":
    sys.exit(main())
