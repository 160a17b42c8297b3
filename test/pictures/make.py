#!/usr/bin/env python3
"""Write the pictures of this folder again: BMP files by other programs and by hand, and what others read in them.

    python3 test/pictures/make.py

Needs ImageMagick 6, GraphicsMagick, ffmpeg, netpbm, and from PyPI Pillow, pygame-ce, opencv-python-headless and
skia-python (the versions used: README). Not run by the tests. For each NAME.bmp there is a NAME.ppm, made by a
program that did not write the BMP file; READERS below says which.
"""

import io
import pathlib
import struct
import subprocess
import sys
import tempfile

HERE = pathlib.Path(__file__).resolve().parent
WIDTH, HEIGHT = 17, 9
BLACK_WHITE = bytes((0, 0, 0, 0, 255, 255, 255, 0))


# ---- By other programs -----------------------------------------------------------------------------------------------

COMMANDS = """
imagemagick-24       convert all.png BMP3:OUT
imagemagick-core-24  convert all.png BMP2:OUT
imagemagick-core-4   convert 16.png -type Palette BMP2:OUT
imagemagick-rle8     convert 5.png -type Palette -compress RLE BMP3:OUT
imagemagick-8        convert 100.png -type Palette -compress None BMP3:OUT
imagemagick-1        convert all.png -threshold 50% -type Bilevel BMP3:OUT
imagemagick-v5-32    convert alpha.png BMP:OUT
imagemagick-555      convert all.png -define bmp:subtype=RGB555 BMP:OUT
imagemagick-565      convert all.png -define bmp:subtype=RGB565 BMP:OUT
imagemagick-4444     convert alpha.png -define bmp:subtype=ARGB4444 BMP:OUT
imagemagick-1555     convert alpha.png -define bmp:subtype=ARGB1555 BMP:OUT
imagemagick-dib-24   convert all.png DIB:OUT
imagemagick-dib-8    convert 100.png -type Palette DIB:OUT
graphicsmagick-24    gm convert all.png OUT
graphicsmagick-4     gm convert 16.png -type Palette OUT
graphicsmagick-rle8  gm convert 100.png -type Palette -compress RLE OUT
graphicsmagick-dib-1 gm convert all.png -monochrome DIB:OUT
ffmpeg-24            ffmpeg -v error -y -i all.png -pix_fmt bgr24 -c:v bmp OUT
ffmpeg-32            ffmpeg -v error -y -i alpha.png -pix_fmt bgra -c:v bmp OUT
ffmpeg-565           ffmpeg -v error -y -i all.png -pix_fmt rgb565le -c:v bmp OUT
ffmpeg-555           ffmpeg -v error -y -i all.png -pix_fmt rgb555le -c:v bmp OUT
ffmpeg-8             ffmpeg -v error -y -i all.png -pix_fmt rgb8 -c:v bmp OUT
ffmpeg-grey          ffmpeg -v error -y -i all.png -pix_fmt gray -c:v bmp OUT
ffmpeg-1             ffmpeg -v error -y -i all.png -pix_fmt monob -c:v bmp OUT
netpbm-24            pngtopnm all.png | ppmtobmp -bpp=24 > OUT
netpbm-8             pngtopnm 100.png | ppmtobmp -bpp=8 > OUT
netpbm-4             pngtopnm 16.png | ppmtobmp -bpp=4 > OUT
netpbm-1             pngtopnm all.png | ppmtopgm | pgmtopbm | ppmtobmp > OUT
netpbm-os2-24        pngtopnm all.png | ppmtobmp -os2 -bpp=24 > OUT
netpbm-os2-8         pngtopnm 100.png | ppmtobmp -os2 -bpp=8 > OUT
netpbm-os2-4         pngtopnm 16.png | ppmtobmp -os2 -bpp=4 > OUT
netpbm-os2-1         pngtopnm all.png | ppmtopgm | pgmtopbm | ppmtobmp -os2 > OUT
"""


def by_programs(folder: pathlib.Path) -> None:
    import cv2
    import pygame
    from PIL import Image

    picture = Image.new("RGB", (WIDTH, HEIGHT))
    picture.putdata([((15 * x + 3 * y) % 256, (x + 28 * y) % 256, (255 - 7 * x - 11 * y + x * y % 5 * 20) % 256)
                     for y in range(HEIGHT) for x in range(WIDTH)])
    for x, y, colour in ((0, 0, (255, 0, 0)), (16, 0, (0, 255, 0)), (0, 8, (0, 0, 255)), (16, 8, (255, 255, 255))):
        picture.putpixel((x, y), colour)
    alpha = picture.convert("RGBA")
    alpha.putalpha(Image.linear_gradient("L").resize((WIDTH, HEIGHT)).point(lambda value: max(value, 40)))
    five = Image.new("P", (WIDTH, HEIGHT))
    five.putpalette([0, 0, 0, 255, 40, 0, 0, 200, 90, 20, 60, 240, 255, 255, 255])
    five.putdata([(x // 5 + y // 3) % 5 for y in range(HEIGHT) for x in range(WIDTH)])
    hundred = picture.quantize(100, dither=Image.Dither.NONE)
    for name, image in (("all", picture), ("alpha", alpha), ("5", five), ("100", hundred),
                        ("16", picture.quantize(16, dither=Image.Dither.NONE))):
        image.save(folder / f"{name}.png")

    for line in COMMANDS.strip().splitlines():
        name, command = line.split(maxsplit=1)
        command = command.replace("OUT", str(HERE / f"{name}.bmp")) + " 2> messages"
        subprocess.run(command, shell=True, check=True, cwd=folder, stdout=subprocess.DEVNULL)

    for name, image in (("24", picture), ("32", alpha), ("8", hundred), ("grey", picture.convert("L")),
                        ("1", picture.convert("1"))):
        image.save(HERE / f"pillow-{name}.bmp")
    for name, image in (("24", picture), ("8", hundred)):
        image.save(HERE / f"pillow-dib-{name}.bmp", "DIB")
    # Nobody writes BMP files with Huffman codes. TIFF has the same codes, those of libtiff's are put into a BMP file.
    codes = io.BytesIO()
    picture.convert("1").transpose(Image.Transpose.FLIP_TOP_BOTTOM).save(codes, "TIFF", compression="group3")
    with Image.open(codes) as image:
        start, length = image.tag_v2[273][0], image.tag_v2[279][0]
    (HERE / "libtiff-os2-huffman.bmp").write_bytes(
        bmp(WIDTH, HEIGHT, 1, codes.getvalue()[start:start + length], compression=3, length=64, palette=BLACK_WHITE))

    surface = pygame.Surface((WIDTH, HEIGHT), 0, 24)
    surface.blit(pygame.image.load(folder / "all.png"), (0, 0))
    pygame.image.save(surface, HERE / "sdl-24.bmp")
    pygame.image.save(pygame.image.load(folder / "alpha.png"), HERE / "sdl-32.bmp")
    pygame.image.save(pygame.image.load(folder / "100.png"), HERE / "sdl-8.bmp")

    for name, source, how in (("24", "all", cv2.IMREAD_COLOR), ("32", "alpha", cv2.IMREAD_UNCHANGED),
                              ("grey", "all", cv2.IMREAD_GRAYSCALE)):
        cv2.imwrite(str(HERE / f"opencv-{name}.bmp"), cv2.imread(str(folder / f"{source}.png"), how))


# ---- By hand ---------------------------------------------------------------------------------------------------------
# What no program at hand writes.

def bmp(width: int, height: int, bits: int, rows: bytes, *, compression: int = 0, palette: bytes = b"",
        length: int = 40, colours: int = 0, masks: bytes = b"", after: bytes = b"", start: int | None = None) -> bytes:
    """A BMP file; `masks` stands at byte 54 in all versions, `after` between the colour table and the rows."""
    header = struct.pack("<IiiHHIIiiII", length, width, height, 1, bits, compression, len(rows), 2835, 2835, colours, 0)
    if length == 12:
        header = struct.pack("<IHHHH", length, width, height, 1, bits)
    elif length < 40:
        header = header[:length]
    header = (header + masks).ljust(length, b"\0") + palette + after
    start = 14 + len(header) if start is None else start
    return struct.pack("<2sIII", b"BM", 14 + len(header) + len(rows), 0, start) + header + rows


def padded(row: bytes) -> bytes:
    return row + bytes(-len(row) % 4)


def noise(count: int) -> bytes:
    return bytes((i * i * 37 + i * 101 + 13) % 251 for i in range(count))


def words(count: int) -> bytes:
    return struct.pack(f"<{count}I", *[(i * 2654435761 + 12345) % 2 ** 32 for i in range(count)])


def mask(*bits: int) -> bytes:
    return struct.pack(f"<{len(bits)}I", *bits)


def of3(table: bytes) -> bytes:
    """A colour table with entries of 3 bytes instead of 4."""
    return b"".join(table[i:i + 3] for i in range(0, len(table), 4))


def array(*files: bytes) -> bytes:
    """An OS/2 bitmap array: BMP files, each behind a header of 14 bytes; all offsets are from the beginning."""
    together = b""
    for number, file in enumerate(files, 1):
        at = len(together) + 14
        start, = struct.unpack_from("<I", file, 10)
        following = at + len(file) if number < len(files) else 0
        together += struct.pack("<2sIIHH", b"BA", 40, following, 640, 480)
        together += file[:10] + struct.pack("<I", at + start) + file[14:]
    return together


def by_hand() -> dict[str, bytes]:
    colours16 = b"".join(bytes((i * 16, 255 - i * 15, (i * 53) % 256, 0)) for i in range(16))
    colours256 = b"".join(bytes((i, 255 - i, i * 7 % 256, 0)) for i in range(256))
    rows24 = b"".join(padded(bytes((x * 31 + y * 7 + c * 80) % 256 for x in range(5) for c in range(3)))
                      for y in range(4))
    files = {}
    # Runs, pixels as they are (an odd count: one byte of padding), a move within the row, a row ended early, a move to
    # another row, pixels as they are at the right edge.
    rle8 = bytes((3, 10, 0, 5, 20, 30, 40, 50, 60, 0, 3, 70, 0, 0,
                  4, 80, 0, 2, 3, 0, 2, 90, 0, 0,
                  2, 100, 0, 2, 1, 2, 5, 110, 0, 0,
                  7, 120, 0, 4, 130, 140, 150, 160, 0, 0,
                  11, 170, 0, 1))
    files["rle8"] = bmp(11, 6, 8, rle8, compression=1, palette=colours256)
    rle4 = bytes((5, 0x12, 0, 5, 0x34, 0x56, 0x70, 0, 1, 0x88, 0, 0,
                  0, 2, 2, 0, 4, 0x9a, 0, 3, 0xbc, 0xd0, 0, 0,
                  0, 2, 4, 2, 3, 0xef, 0, 0,
                  11, 0x5a, 0, 0,
                  0, 6, 0x12, 0x34, 0x56, 0, 5, 0x77, 0, 1))
    files["rle4"] = bmp(11, 6, 4, rle4, compression=2, palette=colours16)
    files["rle8-early-end"] = bmp(5, 4, 8, bytes((5, 9, 0, 0, 3, 8, 0, 1)), compression=1, palette=colours256)
    files["rle4-past-edge"] = bmp(5, 3, 4, bytes((20, 0x5a, 0, 0, 5, 0x34, 0, 0, 9, 0x21, 0, 1)), compression=2,
                                  palette=colours16)
    files["rle8-no-end"] = bmp(5, 3, 8, bytes((5, 7, 0, 0, 2, 9, 3, 8, 0, 0, 0, 5, 1, 2, 3, 4, 5, 0)), compression=1,
                               palette=colours256)
    files["core-1"] = bmp(10, 3, 1, b"".join(padded(noise(9)[i:i + 2]) for i in (0, 3, 6)), length=12,
                          palette=bytes((10, 20, 30, 200, 210, 220)))
    files["core-4"] = bmp(7, 4, 4, noise(16), length=12, palette=of3(colours16))
    files["core-8"] = bmp(7, 4, 8, noise(32), length=12, palette=of3(colours256))
    files["os2-16-bytes"] = bmp(7, 4, 8, noise(32), length=16, palette=colours256)
    files["os2-64-bytes"] = bmp(7, 4, 4, noise(16), length=64, palette=colours16)
    # As in rle8: runs, pixels as they are with and without padding, moves within the row and to another.
    rle24 = bytes((3, 10, 20, 30, 0, 3, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0, 1, 40, 50, 60, 0, 0,
                   2, 70, 80, 90, 0, 2, 3, 0, 2, 1, 2, 3, 0, 0,
                   1, 100, 110, 120, 0, 2, 1, 2, 2, 130, 140, 150, 0, 0,
                   0, 4, *range(200, 212), 3, 9, 8, 7, 0, 1))
    files["os2-rle24"] = bmp(7, 5, 24, rle24, compression=4, length=64)
    files["os2-rle24-40-bytes"] = bmp(7, 5, 24, rle24, compression=4)
    files["os2-array"] = array(bmp(7, 4, 8, noise(32), length=12, palette=of3(colours256)), bmp(5, 4, 24, rows24))
    files["os2-array-24"] = array(bmp(5, 4, 24, rows24), bmp(7, 4, 8, noise(32), length=12, palette=of3(colours256)))
    files["os2-array-of-one"] = array(bmp(7, 4, 8, noise(32), length=64, palette=colours256))
    files["offset-leaves-out-palette"] = bmp(7, 4, 8, noise(32), palette=colours256, start=54)
    files["offset-leaves-out-few-colours"] = bmp(7, 4, 4, noise(16), palette=colours16[:20], colours=5, start=54)
    files["offset-leaves-out-core-palette"] = bmp(7, 4, 8, noise(32), length=12, palette=of3(colours256), start=26)
    files["offset-leaves-out-masks"] = bmp(5, 4, 16, noise(48), compression=3, masks=mask(0x7c00, 0x3e0, 0x1f),
                                           start=54)
    files["dib-core-8"] = bmp(7, 4, 8, noise(32), length=12, palette=of3(colours256))[14:]
    files["dib-masks-32"] = bmp(5, 4, 32, words(20), compression=3, masks=mask(0xff0000, 0xff00, 0xff))[14:]
    files["dib-v5-24"] = bmp(5, 4, 24, rows24, length=124)[14:]
    files["dib-24-with-colours"] = bmp(5, 4, 24, rows24, palette=colours16[:20], colours=5)[14:]
    files["2"] = bmp(9, 4, 2, noise(16), palette=colours16[:16])
    files["top-down-24"] = bmp(5, -4, 24, rows24)
    files["top-down-8"] = bmp(5, -4, 8, noise(32), palette=colours256)
    files["few-colours"] = bmp(7, 4, 8, bytes(value % 5 for value in noise(32)), palette=colours256[:20], colours=5)
    files["gap"] = bmp(5, 4, 24, rows24, after=b"something else")
    files["last-padding-missing"] = bmp(5, 4, 24, rows24[:-1])
    files["ten-bits"] = bmp(5, 4, 32, words(20), compression=3, masks=mask(0x3ff00000, 0xffc00, 0x3ff))
    files["odd-masks-32"] = bmp(5, 4, 32, words(20), compression=3, masks=mask(0xff, 0x1f00, 0xfff00000))
    files["bytes-swapped-32"] = bmp(5, 4, 32, words(20), compression=3, masks=mask(0xff000000, 0xff0000, 0xff00))
    files["odd-masks-16"] = bmp(5, 4, 16, noise(48), compression=3, masks=mask(0x7, 0x1f8, 0xfe00))
    files["v2-32"] = bmp(5, 4, 32, words(20), compression=3, length=52, masks=mask(0xff, 0xff00, 0xff0000))
    files["v3-16"] = bmp(5, 4, 16, noise(48), compression=3, length=56, masks=mask(0xf800, 0x7e0, 0x1f, 0))
    files["v4-16"] = bmp(5, 4, 16, noise(48), compression=3, length=108, masks=mask(0x7c00, 0x3e0, 0x1f, 0x8000))
    files["v5-24"] = bmp(5, 4, 24, rows24, length=124)
    files["v5-8"] = bmp(7, 4, 8, noise(32), length=124, palette=colours256)
    files["alpha-masks"] = bmp(5, 4, 32, words(20), compression=6, masks=mask(0xff, 0xff00, 0xff0000, 0xff000000))
    files["plain-32"] = bmp(5, 4, 32, words(20))
    files["plain-16"] = bmp(5, 4, 16, noise(48))
    return {f"hand-{name}": data for name, data in files.items()}


# ---- What others read ------------------------------------------------------------------------------------------------

def read_by(program: str, path: pathlib.Path) -> tuple[int, int, bytes]:
    """(width, height, bytes R G B) of the BMP file as `program` reads it."""
    if program == "pillow":
        from PIL import Image
        image = Image.open(path).convert("RGB")
        return image.width, image.height, image.tobytes()
    if program == "skia":
        import skia
        image = skia.Image.open(str(path))
        rgba = image.toarray(colorType=skia.kRGBA_8888_ColorType).tobytes()
        return image.width(), image.height(), bytes(value for i, value in enumerate(rgba) if i % 4 < 3)
    command = {"imagemagick": f"convert BMP:{path}[0] -alpha off -depth 8 PPM:-",
               "dib": f"convert DIB:{path} -alpha off -depth 8 PPM:-", "netpbm": f"bmptopnm {path} | ppmtoppm"}
    output = subprocess.run(command[program], shell=True, capture_output=True).stdout
    kind, width, height, largest, *_ = output.split(maxsplit=4)
    size = int(width) * int(height) * 3
    if (kind, largest) != (b"P6", b"255") or len(output) < size:
        raise SystemExit(f"{path}: {program} cannot read it")
    return int(width), int(height), output[-size:]


# Who reads which file: Pillow all that are not here. Skia (the painter in Chrome) is the only one that reads every
# kind of mask and rounds 5 and 6 bits to the nearest of 0..255; the others are up to 1, some up to 31 levels off.
READERS = {
    **dict.fromkeys(("pillow-24", "pillow-32", "pillow-8", "pillow-grey", "pillow-1"), "imagemagick"),
    **dict.fromkeys(("ffmpeg-555", "ffmpeg-565", "imagemagick-555", "imagemagick-565", "hand-alpha-masks",
                     "hand-odd-masks-16", "hand-odd-masks-32", "hand-os2-16-bytes", "hand-plain-16", "hand-ten-bits",
                     "hand-v2-32", "hand-v3-16", "hand-os2-rle24", "hand-os2-rle24-40-bytes"), "skia"),
    "hand-os2-array-24": "imagemagick",
    **dict.fromkeys(("pillow-dib-24", "pillow-dib-8"), "dib"),
    "hand-2": "netpbm",
    "hand-rle8-early-end": "imagemagick",
    "imagemagick-4444": "netpbm",
    # nobody here reads these right (Skia leaves out what is transparent), so they have the rows of another file
    "hand-v4-16": "hand-plain-16",
    "hand-last-padding-missing": "hand-gap",
    "imagemagick-1555": "imagemagick-555",
    # or take the colours from another place than where they are (ImageMagick in arrays)
    **dict.fromkeys(("hand-os2-array", "hand-os2-array-of-one"), "hand-core-8"),
    "hand-offset-leaves-out-masks": "hand-plain-16",
    "hand-dib-24-with-colours": "hand-gap",
    "libtiff-os2-huffman": "pillow-1",
}


def main() -> int:
    for path in [*HERE.glob("*.bmp"), *HERE.glob("*.ppm")]:
        path.unlink()
    with tempfile.TemporaryDirectory() as folder:
        by_programs(pathlib.Path(folder))
    for name, data in by_hand().items():
        (HERE / f"{name}.bmp").write_bytes(data)
    for path in sorted(HERE.glob("*.bmp")):
        reader = READERS.get(path.stem, "pillow")
        source = HERE / f"{reader}.bmp" if "-" in reader else path
        width, height, rgb = read_by(READERS.get(source.stem, "pillow"), source)
        path.with_suffix(".ppm").write_bytes(b"P6\n%d %d\n255\n" % (width, height) + rgb)
    return 0


if __name__ == "__main__":
    sys.exit(main())
