#!/usr/bin/env python3
"""Makes the JPEG files of this folder with other programs, and references.zip: what djpeg reads in them.

    python3 make.py         needs cjpeg, djpeg and jpegtran (libjpeg-turbo), ImageMagick, GraphicsMagick, ffmpeg, Pillow

test_jpeg.py makes the same files of other pictures, if the programs are there.
"""

import io
import pathlib
import shutil
import struct
import subprocess
import sys
import zipfile

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3]))

import deepdream

HERE = pathlib.Path(__file__).resolve().parent
SCALES = {"": (), "@2": ("-scale", "1/2"), "@4": ("-scale", "1/4"), "@8": ("-scale", "1/8")}
# Sampling factors of Y, Cb, Cr; libjpeg reads no others that are not multiples of each other
SAMPLINGS = ("1x1,1x1,1x1", "2x1,1x1,1x1", "1x2,1x1,1x1", "2x2,1x1,1x1", "4x1,1x1,1x1", "1x4,1x1,1x1", "4x2,1x1,1x1",
             "3x1,1x1,1x1", "1x3,1x1,1x1", "2x2,1x2,1x2", "2x2,2x1,2x1", "2x2,1x1,2x2", "2x2,2x1,1x2", "1x1,2x2,2x2",
             "4x1,2x1,1x1", "2x3,1x1,1x1", "2x4,1x1,1x1")
# A progressive file with all that there is: bits one by one, bands, components alone
DEEP = """0 1 2: 0-0, 0, 3; 0: 1-5, 0, 2; 0: 6-63, 0, 3; 1: 1-63, 0, 3; 2: 1-63, 0, 2; 0 1 2: 0-0, 3, 2; 0: 6-63, 3, 2;
0: 1-63, 2, 1; 0 1 2: 0-0, 2, 1; 1: 1-63, 3, 2; 0: 1-63, 1, 0; 0 1 2: 0-0, 1, 0; 1: 1-63, 2, 1; 2: 1-63, 2, 1;
2: 1-63, 1, 0; 1: 1-63, 1, 0;"""


def libjpeg_files() -> dict[str, list[str]]:
    """Of each file the arguments of cjpeg."""
    files = {f"libjpeg-{sampling.replace(',', '-')}": ["-quality", "90", "-sample", sampling] for sampling in SAMPLINGS}
    files |= {f"libjpeg-quality-{q}": ["-quality", str(q)] for q in (1, 30, 75, 100)}
    files |= {
        "libjpeg-optimised": ["-quality", "95", "-optimize", "-sample", "1x1"],
        "libjpeg-progressive": ["-quality", "90", "-progressive"],
        "libjpeg-progressive-3x1": ["-quality", "80", "-progressive", "-sample", "3x1"],
        "libjpeg-progressive-restart": ["-quality", "80", "-progressive", "-restart", "2B"],
        "libjpeg-deep": ["-quality", "97", "-scans", "deep"],
        "libjpeg-components-alone": ["-quality", "70", "-scans", "alone"],
        "libjpeg-restart-block": ["-quality", "85", "-restart", "1B"],
        "libjpeg-restart-row": ["-quality", "85", "-restart", "1", "-sample", "1x1"],
        "libjpeg-rgb": ["-quality", "80", "-rgb"],
        "libjpeg-grey": ["-quality", "80", "-grayscale"],
        "libjpeg-grey-2x2": ["-quality", "80", "-grayscale", "-sample", "2x2"],
        "libjpeg-grey-progressive": ["-quality", "80", "-grayscale", "-progressive"],
        "libjpeg-16-bit-table": ["-quality", "3", "-sample", "1x1"],
    }
    return files


def run(*command: str, data: bytes = b"") -> bytes:
    return subprocess.run(command, input=data, check=True, capture_output=True).stdout


def make_libjpeg(ppm: bytes, folder: pathlib.Path) -> None:
    (folder / "deep").write_text(DEEP)
    (folder / "alone").write_text("0; 2; 1;")
    for name, arguments in libjpeg_files().items():
        arguments = [str(folder / word) if word in ("deep", "alone") else word for word in arguments]
        (folder / f"{name}.jpg").write_bytes(run("cjpeg", *arguments, data=ppm))
    (folder / "deep").unlink()
    (folder / "alone").unlink()
    base = (folder / "libjpeg-quality-75.jpg").read_bytes()
    (folder / "jpegtran-progressive.jpg").write_bytes(run("jpegtran", "-progressive", data=base))
    (folder / "jpegtran-turned.jpg").write_bytes(run("jpegtran", "-rotate", "90", data=base))


def make_others(ppm: bytes, folder: pathlib.Path) -> None:
    for name, arguments in {
            "imagemagick": [], "imagemagick-411": ["-sampling-factor", "4:1:1"],
            "imagemagick-440-progressive": ["-sampling-factor", "4:4:0", "-interlace", "JPEG"],
            "imagemagick-cmyk": ["-colorspace", "CMYK"], "imagemagick-grey": ["-colorspace", "Gray"]}.items():
        (folder / f"{name}.jpg").write_bytes(run("convert", "ppm:-", "-quality", "80", *arguments, "jpg:-", data=ppm))
    for name, arguments in {
            "graphicsmagick": [], "graphicsmagick-progressive": ["-interlace", "Line"],
            "graphicsmagick-cmyk": ["-colorspace", "CMYK"]}.items():
        (folder / f"{name}.jpg").write_bytes(
            run("gm", "convert", "ppm:-", "-quality", "85", *arguments, "jpg:-", data=ppm))
    for name, arguments in {
            "ffmpeg-420": ["-pix_fmt", "yuvj420p"], "ffmpeg-422": ["-pix_fmt", "yuvj422p", "-huffman", "default"],
            "ffmpeg-444": ["-pix_fmt", "yuvj444p"]}.items():
        (folder / f"{name}.jpg").write_bytes(
            run("ffmpeg", "-v", "error", "-f", "image2pipe", "-c:v", "ppm", "-i", "-", *arguments, "-q:v", "4",
                "-bitexact", "-f", "mjpeg", "-", data=ppm))


def make_pillow(ppm: bytes, folder: pathlib.Path) -> None:
    from PIL import Image
    picture = Image.open(io.BytesIO(ppm))
    orientation = Image.Exif()
    orientation[274] = 6
    profile = bytes(range(256)) * 300       # longer than one segment takes
    for name, own, arguments in (
            ("pillow", picture, {}), ("pillow-422-progressive", picture, {"subsampling": 1, "progressive": True}),
            ("pillow-cmyk", picture.convert("CMYK"), {}), ("pillow-rgb", picture, {"keep_rgb": True}),
            ("pillow-grey", picture.convert("L"), {}), ("pillow-restart", picture, {"restart_marker_blocks": 3}),
            ("pillow-orientation", picture, {"exif": orientation}),
            ("pillow-comment", picture, {"comment": b"dr\xc3\xb6m"}),
            ("pillow-profile", picture.resize((9, 9)), {"icc_profile": profile})):
        own.save(folder / f"{name}.jpg", quality=85, **arguments)


def make_by_hand(folder: pathlib.Path) -> None:
    """Rare and damaged files, from those that are there."""
    def source(name: str) -> bytes:
        return (folder / f"libjpeg-{name}.jpg").read_bytes()

    def save(name: str, data: bytes) -> None:
        (folder / f"hand-{name}.jpg").write_bytes(data)

    base, restart = source("quality-75"), source("restart-block")
    size = base.index(b"\xff\xc0") + 5
    save("height-behind", base[:size] + b"\0\0" + base[size + 2:-2] + b"\xff\xdc\0\4" + base[size:size + 2]
         + b"\xff\xd9")
    save("no-end", base[:-2])
    save("rubbish-behind", base + b"something else" * 9)
    save("cut", base[:len(base) * 2 // 3])
    tables = base.index(b"\xff\xc4")
    save("no-huffman-tables", base[:tables] + base[base.index(b"\xff\xda"):])
    save("filled", base.replace(b"\xff\xdb", b"\xff\xff\xff\xdb").replace(b"\xff\xda", b"\xff\xff\xda"))
    save("ycck", ycck(source("1x1-1x1-1x1")))
    marks = [i for i in range(len(restart)) if restart[i] == 0xff and 0xd0 <= restart[i + 1] <= 0xd7]
    save("stretch-lost", restart[:marks[1]] + restart[marks[2]:])
    save("stretch-twice", restart[:marks[2]] + restart[marks[1]:])
    save("bits-flipped", restart[:marks[1] + 9] + bytes([restart[marks[1] + 9] ^ 0x5a]) + restart[marks[1] + 10:])


def ycck(jpeg: bytes) -> bytes:
    """A file of one scan in 4:4:4, whose Y is to be black too: four scans, each of the one component, would do, but
    cjpeg writes three at most; so the components are taken apart by jpegtran and put together again."""
    grey = run("jpegtran", "-grayscale", "-optimize", data=jpeg)
    alone = HERE / "alone"
    alone.write_text("0; 1; 2;")
    parts = run("jpegtran", "-scans", str(alone), data=jpeg)
    alone.unlink()
    at = parts.index(b"\xff\xc0")
    frame = bytearray(parts[at:at + 2 + 17])
    frame[3], frame[9] = 20, 4
    adobe = b"\xff\xee" + struct.pack(">H5sHHHB", 14, b"Adobe", 100, 0, 0, 2)
    tables = b"".join(segment for segment in segments(grey) if segment[1] == 0xc4)
    scan = bytearray(grey[grey.index(b"\xff\xda"):-2])
    scan[5] = 4
    return (parts[:2] + adobe + parts[20:at] + bytes(frame) + b"\4\x11\0" + parts[at + 19:-2] + tables + bytes(scan)
            + b"\xff\xd9")


def segments(jpeg: bytes) -> list[bytes]:
    """Those before the first scan."""
    found, at = [], 2
    while jpeg[at + 1] != 0xda:
        length = 2 + int.from_bytes(jpeg[at + 2:at + 4], "big")
        found.append(jpeg[at:at + length])
        at += length
    return found


def reference(jpeg: bytes, scale: str = "") -> bytes:
    """What djpeg makes of it: a PPM or PGM file."""
    return subprocess.run(["djpeg", "-pnm", *SCALES[scale]], input=jpeg, capture_output=True).stdout


def main() -> None:
    cat_dog = deepdream.read_picture(str(HERE.parents[2] / "cat_dog224.bmp"))
    width, height, step = 45, 37, 4
    ppm = b"P6 %d %d 255\n" % (width, height)
    for y in range(height):
        for x in range(width):
            at = 3 * (cat_dog.width * (20 + step * y) + 20 + step * x)
            ppm += bytes(cat_dog.pixels[at:at + 3][::-1])
    for path in HERE.glob("*.jpg"):
        path.unlink()
    (HERE / "source.ppm").write_bytes(ppm)
    make_libjpeg(ppm, HERE)
    make_others(ppm, HERE)
    make_pillow(ppm, HERE)
    make_by_hand(HERE)
    with zipfile.ZipFile(HERE / "references.zip", "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(HERE.glob("*.jpg")):
            jpeg = path.read_bytes()
            if path.stem == "hand-height-behind":       # libjpeg does not read such files
                jpeg = (HERE / "libjpeg-quality-75.jpg").read_bytes()
            for scale in SCALES if path.stem.startswith(("libjpeg-2", "libjpeg-prog")) else [""]:
                archive.writestr(zipfile.ZipInfo(path.stem + scale), reference(jpeg, scale), zipfile.ZIP_DEFLATED)


if __name__ == "__main__":
    programs = ("cjpeg", "jpegtran", "djpeg", "convert", "gm", "ffmpeg")
    if missing := [name for name in programs if not shutil.which(name)]:
        raise SystemExit(f"make.py: {', '.join(missing)} not found")
    main()
