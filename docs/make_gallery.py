#!/usr/bin/env python3
"""Make docs/gallery.md and its pictures: python3 docs/make_gallery.py FOLDER [NAME ...]

FOLDER holds chelsea.png and astronaut.png, of the Python package scikit-image (skimage/data); cat_dog224.bmp is ours.
With names only these pictures are made again.
"""
import pathlib
import shlex
import subprocess
import sys

ROOT = pathlib.Path(__file__).resolve().parent.parent
SIZE = ("--size", "240")
# Name, picture, options. Pictures small enough for the repository; without --size they would be larger, and finer.
ROWS = (
    ("classic", "chelsea.png", "--preset classic"),
    ("smooth", "chelsea.png", "--preset smooth"),
    ("menagerie", "chelsea.png", "--preset menagerie"),
    ("porcelain", "astronaut.png", "--preset porcelain"),
    ("storybook", "astronaut.png", "--preset storybook"),
    ("portrait", "", "--preset portrait --class goldfish"),
    ("guided", "astronaut.png", "--preset guided --guide cat_dog224.bmp"),
    ("article", "chelsea.png", "--preset article --steps 30"),
    ("lucid", "cat_dog224.bmp", "--preset lucid --class peacock --tiles whole --steps 30"),
    ("lapnorm", "cat_dog224.bmp", "--preset lapnorm --octaves 1"),
    ("dreamy", "chelsea.png", "--preset dreamy"),
    ("bad-trip", "cat_dog224.bmp", "--preset bad-trip"),
    ("c89", "cat_dog224.bmp", "--preset c89 --octaves 2"),
    ("class", "", "--preset class --class 'golden retriever'"),
)
LINES = 12
# Pictures that move: options for each beside the preset, for strips small enough for the repository.
MOVING = {
    "zoom": "--size 120 --frames 24", "stretch": "--size 120 --frames 24", "stretch-reversed": "--size 120 --frames 24",
    "rolling": "--size 160 --frames 40", "sine": "--size 120 --frames 25", "shifts": "--size 120 --frames 25",
    "shifts-down": "--size 120 --frames 25", "sobel": "--size 140 --frames 20",
    "sobel-reversed": "--size 140 --frames 20", "prewitt": "--size 120 --frames 20",
    "sobel-low": "--size 120 --frames 20", "ouroboros-zoom": "--size 160 --frames 30",
    "ouroboros-turn": "--size 120 --frames 20", "ouroboros-glide": "--size 120 --frames 20",
    "from-noise": "--noise uniform:120x120 --frames 24", "tour": "--noise normal:128x128 --frames 40 --each 10",
}
SHOWN, GAP = 6, 4
# What looking at the pictures led to
TUNED = """\
Tuned by looking, as the systems had other networks: the weights of dreamy and bad-trip (200 and 400 for the first
layer, where 1000 burnt the eyes out), and both roll before each round, without which deep layers leave a lattice on
what is smooth. lucid takes 20 steps instead of 10, as 10 change little at this size; with 40 the seams of its tiles
show, which `--tiles whole` has not. portrait is class in half the steps, which is enough for the shipped network.
menagerie, porcelain and storybook are ours throughout.""".splitlines()


def main(folder, *names):
    sys.path.insert(0, str(ROOT))
    from deepdream_extras import presets
    there = {row.name for row in presets.ROWS}
    text = ["# Gallery", "", "Presets with the shipped network, the command below each picture; `python3",
            "docs/make_gallery.py FOLDER` makes all of them. `chelsea.png` (a cat, by Stéfan van der Walt, CC0) and",
            "`astronaut.png` (Eileen Collins, by NASA, public domain) are photographs of the Python package",
            "scikit-image, `cat_dog224.bmp` is our drawing. `deepdream presets` lists all presets; `deepdream gallery",
            "photo.jpg --presets -o sheet.png` shows what they do to a picture of yours.", "", *TUNED]
    for name, picture, options in ROWS:
        assert name in there, name
        target = ROOT / "docs" / "gallery" / f"{name}.jpg"
        size = " ".join(SIZE) if picture.endswith("png") else ""
        words = " ".join(filter(None, ("deepdream", picture, options, size)))
        if name in names or not names:
            target.parent.mkdir(exist_ok=True)
            given = [str(pathlib.Path(folder, word)) if word == picture and word.endswith("png") else word
                     for word in shlex.split(words)[1:]]
            subprocess.run([sys.executable, ROOT / "deepdream.py", *given, "--no-octaves", "--quality", "88", "-o",
                            target], check=True, cwd=ROOT)
        row = presets.PRESETS[name]
        if target.exists():
            text += ["", f"## {name}", "", f"{row.line[0].upper()}{row.line[1:]} ({row.origin}).", "",
                     f"![{name}](gallery/{name}.jpg)", "", f"    {words} -o {name}.jpg"]
    text += moving_pictures(folder, names)
    (ROOT / "docs" / "gallery.md").write_text("\n".join(text) + "\n", encoding="utf-8")


def moving_pictures(folder, names):
    """The section about presets of `deepdream animate`, each with a strip of frames."""
    from deepdream_extras import moving
    text = ["", "# Moving pictures", "", "Presets of `deepdream animate`: six frames of each, from the first to the"
            " last."]
    for row in moving.ROWS:
        target = ROOT / "docs" / "gallery" / f"{row.name}.jpg"
        words = f"deepdream animate --preset {row.name} {MOVING[row.name]}"
        if row.name in names or not names:
            write_strip(words, target)
        if target.exists():
            text += ["", f"## {row.name}", "", f"{row.line[0].upper()}{row.line[1:]} ({row.origin}).", "",
                     f"![{row.name}](gallery/{row.name}.jpg)", "", f"    {words} -o {row.name}.gif"]
    target = ROOT / "docs" / "gallery" / "video.jpg"
    if "video" in names or not names:
        write_video(folder, target)
    if target.exists():
        text += ["", "## A video", "", "Above a video, made of a photograph; below what becomes of it, first with the"
                 " last dream mixed in, then with", "`--flow`, where that moves along with the cat.", "",
                 "![video](gallery/video.jpg)", "", "    deepdream animate -i in/ -o out.gif",
                 "    deepdream animate -i in/ -o out.gif --flow --blend 0.3"]
    return text


def write_video(folder, target):
    """Three rows: frames of a video, dreams of them without flow and with it."""
    import tempfile

    import deepdream
    photograph = deepdream.read_picture(str(pathlib.Path(folder, "chelsea.png")))
    with tempfile.TemporaryDirectory() as parent:
        there = [pathlib.Path(parent, name) for name in ("in", "mixed", "flow")]
        for frames in there:
            frames.mkdir()
        for number in range(14):
            part = deepdream.cut_tile(photograph, 20 + 8 * number, 20 + 3 * number, 240, 180)
            frame = deepdream.shrink(deepdream.Picture(240, 180, part), 136, 102)
            deepdream.write_picture(str(there[0] / f"{number:02d}.png"), frame)
        for frames, more in zip(there[1:], ((), ("--flow", "--blend", "0.3"))):
            subprocess.run([sys.executable, ROOT / "deepdream.py", "animate", "-i", there[0], *more, "-o",
                            f"{frames}/%02d.png"], check=True, cwd=ROOT)
        join([sorted(frames.glob("*.png")) for frames in there], target)


def write_strip(words, target):
    import tempfile
    with tempfile.TemporaryDirectory() as frames:
        subprocess.run([sys.executable, ROOT / "deepdream.py", *shlex.split(words)[1:], "-o", f"{frames}/%03d.png"],
                       check=True, cwd=ROOT)
        join([sorted(pathlib.Path(frames).glob("*.png"))], target)


def join(rows, target):
    """Rows of pictures: of each list of files some, the first and the last among them."""
    import deepdream
    first = deepdream.read_picture(str(rows[0][0]))
    width, height = first.width, first.height
    strip = deepdream.Picture(SHOWN * (width + GAP) - GAP, len(rows) * (height + GAP) - GAP)
    strip.pixels = bytearray([255]) * len(strip.pixels)
    for row, files in enumerate(rows):
        for number in range(SHOWN):
            picture = deepdream.read_picture(str(files[number * (len(files) - 1) // (SHOWN - 1)]))
            deepdream.paste_tile(strip, picture.pixels, number * (width + GAP), row * (height + GAP), width, height)
    deepdream.write_picture(str(target), strip, deepdream.Extras(quality=78, subsampling="4:2:0"))


if __name__ == "__main__":
    KNOWN = [name for name, *_ in ROWS] + [*MOVING, "video"]
    if not sys.argv[1:] or not set(sys.argv[2:]) <= set(KNOWN):
        sys.exit(f"{' '.join(sys.argv[1:]) or 'nothing'}: expected FOLDER [NAME ...], names of {', '.join(KNOWN)}")
    main(*sys.argv[1:])
