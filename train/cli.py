"""The command line of the training: python3 -m train STEP [options].

Every step is one function here, which does nothing but read options and call the module of its name (draw: pool.py).
Errors of the user are one line on stderr, exit status 1.
"""

import argparse
import dataclasses
import json
import os
import sys
import time

from train.options import Options

USER_ERRORS = ("PoolError", "UnknownClass", "DeepDreamError")     # by name: their modules load only with their steps
EXAMPLES = """from nothing to a weight file (train/README.md has the commands of the shipped one, with their schedules):
  python3 -m train draw POOL -n 60000 --seed 1
  python3 -m train draw HELD -n 5000 --seed 2
  python3 -m train fit --pool POOL --held HELD --run RUN --minutes 120
  python3 -m train export RUN/weights-100.pt InceptionV1.pb
  python3 -m train evaluate InceptionV1.pb HELD --json figures.json
  python3 -m train photos InceptionV1.pb photos
  python3 -m train sheet -o classes.png
  python3 -m train dreams InceptionV1.pb -o dreams.png
  python3 -m train picture cat_dog224.bmp"""


def main(arguments=None):
    """Run one step; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python3 -m train", description="From drawings to the weights.",
                                     epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter,
                                     allow_abbrev=False)
    steps = parser.add_subparsers(dest="step", required=True, metavar="STEP")
    for add in (add_draw, add_fit, add_export, add_evaluate, add_photos, add_ablate, add_sheet, add_dreams,
                add_picture):
        add(steps)
    options = parser.parse_args(arguments)
    try:
        options.run_step(options)
    except Exception as error:
        if type(error).__name__ not in USER_ERRORS and not isinstance(error, OSError):
            raise
        print(f"train: error: {error}", file=sys.stderr)
        return 1
    return 0


def step(steps, name, run, **about):
    """A subcommand."""
    parser = steps.add_parser(name, allow_abbrev=False, **about)
    parser.set_defaults(run_step=run)
    return parser


def above(least, kind=int):
    """For argparse: a number above `least`."""
    def parse(text):
        value = kind(text)
        if not value > least:
            raise argparse.ArgumentTypeError(f"{text}; expected a number above {least}")
        return value
    parse.__name__ = "number"
    return parse


COUNT, COUNT_OR_NONE = above(0), above(-1)


def threads(count):
    """Limit PyTorch to `count` threads (0: its own choice)."""
    if count:
        import torch
        torch.set_num_threads(count)


# ---- draw --------------------------------------------------------------------------------------------------

def add_draw(steps):
    p = step(steps, "draw", draw, help="draw a pool of pictures (goes on where it was interrupted)")
    p.add_argument("pool", metavar="POOL", help="folder of the pool")
    p.add_argument("-n", "--pictures", type=COUNT, default=60000,
                   help="how many, of all classes in turn (60000)")
    p.add_argument("-s", "--seed", type=COUNT_OR_NONE, default=1, help="other seeds, other pictures (1)")
    p.add_argument("--classes", nargs="+", metavar="CLASS", help="only these (index or label), for experiments")
    p.add_argument("-j", "--jobs", type=COUNT, default=os.cpu_count(), help="processes (all cores)")


def draw(options):
    from train.drawings.registry import find
    from train.pool import fill
    classes = find(options.classes) if options.classes else None
    fill(options.pool, options.pictures, options.seed, options.jobs, classes)


# ---- fit ---------------------------------------------------------------------------------------------------

def add_fit(steps):
    p = step(steps, "fit", fit, help="train the network (goes on where it was interrupted)",
             formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    p.add_argument("--pool", required=True, help="drawings to learn from")
    p.add_argument("--held", required=True, help="unseen drawings, for the figures in the log")
    p.add_argument("--run", required=True, help="folder of the run: checkpoint, weights along the way, log")
    p.add_argument("--begin", default=Options.begin, metavar="WEIGHTS",
                   help="begin with the weights of an earlier run, or of a weight file (.pb)")
    p.add_argument("--minutes", type=above(0, float), default=Options.minutes, help="the schedule ends after this time")
    p.add_argument("--steps", type=COUNT_OR_NONE, default=Options.steps, help="... or, if given, after so many batches")
    p.add_argument("--batch", type=COUNT, default=Options.batch, help="pictures in a batch")
    p.add_argument("--rate", type=float, default=Options.rate, help="highest learning rate")
    p.add_argument("--sizes", default=Options.sizes, help="pixels, each from which part of the way on")
    p.add_argument("--adversary", default=Options.adversary,
                   help="adversarial step in RMS grey levels at which part of the way, linear between; 0:0: none")
    p.add_argument("--norm", type=float, default=Options.norm, help="strength of the LRN; 0: none")
    p.add_argument("--faint", default=Options.faint, help="share of faint pictures at which part of the way")
    p.add_argument("--paste", type=float, default=Options.paste, help="share of batches with parts of other pictures")
    p.add_argument("--disguise", default=Options.disguise,
                   help="how much of textures, filters and lost detail at which part of the way; 0:0: none")
    p.add_argument("--quiet", type=float, default=Options.quiet,
                   help="weight in the loss of how loud each module is on empty pictures")
    p.add_argument("--seed", type=COUNT_OR_NONE, default=Options.seed, help="of weights, order and augmentation")
    p.add_argument("--threads", type=COUNT_OR_NONE, default=Options.threads, help="threads of PyTorch; 0: all cores")
    p.add_argument("--device", default=Options.device, help="cpu or cuda")
    p.add_argument("--compile", action="store_true", help="torch.compile; needs a C++ compiler on a CPU")
    p.add_argument("--every", type=float, default=Options.every, help="minutes between checkpoints")


def fit(options):
    from train.fit import fit as train
    train(Options(**{field.name: getattr(options, field.name) for field in dataclasses.fields(Options)}))


# ---- export, evaluate --------------------------------------------------------------------------------------

def add_export(steps):
    p = step(steps, "export", export, help="fold a checkpoint into a weight file (a frozen TensorFlow graph)")
    p.add_argument("checkpoint", metavar="WEIGHTS.pt", help="a checkpoint or weights file of fit")
    p.add_argument("output", metavar="FILE.pb", help="the weight file to write")


def export(options):
    import torch

    from train.augment import plain
    from train.export import difference, fold, load_checkpoint, load_plain, write_weights
    network, indices, record = load_checkpoint(options.checkpoint)
    size = write_weights(fold(network, indices), options.output)
    torch.manual_seed(0)
    pictures = plain(torch.randint(0, 256, (4, 160, 160, 3), dtype=torch.uint8), 160)
    logits, tensors = difference(network, load_plain(options.output), indices, pictures)
    print(f'{options.output}: {size} bytes, {len(indices)} classes, step {record["step"]}, '
          f'{record["spent"] / 60:.0f} min; against the trained network: logits differ by {logits:.1e}, '
          + ", ".join(f"{name} by {value:.0e}" for name, value in tensors.items()), file=sys.stderr)


def add_evaluate(steps):
    p = step(steps, "evaluate", evaluate, help="top-1, top-5 and confusions on unseen drawings")
    p.add_argument("weights", metavar="FILE.pb", help="the weight file")
    p.add_argument("pool", metavar="POOL", help="drawings that the training has not seen")
    p.add_argument("-z", "--size", type=COUNT, default=224, help="pixels the pictures are scaled to (224)")
    p.add_argument("-n", "--limit", type=COUNT_OR_NONE, default=0, help="only the first so many")
    p.add_argument("--threads", type=COUNT_OR_NONE, default=0, help="threads of PyTorch (all cores)")
    p.add_argument("--json", metavar="FILE", help="write all figures there")


def evaluate(options):
    from train.evaluate import evaluate as measure
    from train.pool import Pool
    threads(options.threads)
    figures = measure(options.weights, Pool(options.pool).complete(), options.size, options.limit)
    if options.json:
        with open(options.json, "w", encoding="utf-8") as file:
            json.dump(figures, file, indent=1)
    print(f'top-1 {100 * figures["top1"]:.2f} %, top-5 {100 * figures["top5"]:.2f} % '
          f'of {figures["pictures"]} unseen drawings at {figures["size"]} px')
    for truth, answer, count in figures["confusions"][:15]:
        print(f"{count:5d}  {truth} taken for {answer}")


def add_photos(steps):
    p = step(steps, "photos", photos, help="top-1 and top-5 on photographs: of Tux Paint and GCompris")
    p.add_argument("weights", metavar="FILE.pb", help="the weight file")
    p.add_argument("folder", metavar="FOLDER", help="the unpacked Debian packages tuxpaint-stamps-default and "
                   "gcompris-qt-data")
    p.add_argument("-v", "--verbose", action="store_true", help="say what every photograph is taken for")


def photos(options):
    import deepdream
    from train.photos import photographs, shares
    names = deepdream.read_labels(deepdream.data_file("ImageNet_standard.txt"))
    for kind, answers in zip(("cut-out", "whole"), photographs(options.weights, options.folder)):
        for file, labels, best in answers if options.verbose else ():
            print(f'{file}: {labels}: {"; ".join(names[index] for index in best[:3])}')
        top1, top5 = shares(answers)
        print(f"top-1 {100 * top1:.1f} %, top-5 {100 * top5:.1f} % of {len(answers)} {kind} photographs")


def add_ablate(steps):
    p = step(steps, "ablate", ablate, help="short runs that leave out one ingredient of the recipe each",
             formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    p.add_argument("--pool", required=True, help="drawings to learn from, of a few classes")
    p.add_argument("--held", required=True, help="unseen drawings of the same classes")
    p.add_argument("--runs", required=True, help="folder of the runs; what is done there is not done again")
    p.add_argument("--steps", type=COUNT, default=180, help="batches of each run")
    p.add_argument("--threads", type=COUNT_OR_NONE, default=0, help="threads of PyTorch; 0: all cores")


def ablate(options):
    from train.ablate import ablate as variants
    print("| recipe | top-1 | faint | against | grain | loud |\n|---|---|---|---|---|---|")
    for name, *shares in variants(options.pool, options.held, options.runs, options.steps, options.threads):
        print(f"| {name} | " + " | ".join(f"{100 * share:.1f} %" for share in shares) + " |", flush=True)


# ---- sheets and the picture --------------------------------------------------------------------------------

def add_sheet(steps):
    p = step(steps, "sheet", sheet, help="a contact sheet of classes")
    p.add_argument("classes", nargs="*", metavar="CLASS", help="index or label; all classes if none")
    p.add_argument("-n", "--each", type=COUNT, default=1, help="pictures per class (1)")
    p.add_argument("-c", "--columns", type=COUNT, default=14, help="pictures per row (14)")
    p.add_argument("-s", "--seed", type=COUNT_OR_NONE, default=0, help="first seed (0)")
    p.add_argument("-z", "--size", type=COUNT, default=160, help="side of a picture in pixels (160)")
    p.add_argument("--alone", action="store_true", help="the thing on grey, without surroundings and camera")
    p.add_argument("-o", "--output", default="sheet.png", help="picture file to write (sheet.png)")


def sheet(options):
    from train.drawings.registry import find
    from train.sheet import sheet_of, tiles_of, write
    indices = find(options.classes)
    start = time.process_time()
    tiles = tiles_of(indices, options.each, options.seed, options.size, options.alone)
    spent = time.process_time() - start
    write(options.output, sheet_of(tiles, min(options.columns, len(tiles))))
    print(f"{options.output}: {len(indices)} classes, {1000 * spent / len(tiles):.1f} ms a picture",
          file=sys.stderr)


def add_dreams(steps):
    p = step(steps, "dreams", dreams, help="a contact sheet of dreams through deepdream's own engine")
    p.add_argument("weights", metavar="FILE.pb", help="the weight file")
    p.add_argument("-i", "--input", nargs="+", default=["cat_dog", "sky", "dark", "noise"], metavar="PICTURE",
                   help="BMP files or: cat_dog, sky, dark, noise (all four)")
    p.add_argument("-l", "--layers", nargs="+", default=["3b", "4a", "4b", "4c", "4d", "4e", "5a"],
                   metavar="LAYER",
                   help="3a .. 5b (3b 4a 4b 4c 4d 4e 5a)")
    p.add_argument("--octaves", type=COUNT, default=3, help="(3)")
    p.add_argument("--steps", type=COUNT, default=20, help="per octave (20)")
    p.add_argument("-z", "--size", type=COUNT_OR_NONE, default=0, help="scale the dreams to this side in the sheet")
    p.add_argument("-o", "--output", default="dreams.png", help="picture file to write (dreams.png)")


def dreams(options):
    from train.dreams import dream_sheet
    from train.sheet import write
    write(options.output, dream_sheet(options.weights, options.input, options.layers, options.octaves, options.steps,
                                      options.size))


def add_picture(steps):
    p = step(steps, "picture", picture, help="draw cat_dog224.bmp, the picture that is shipped")
    p.add_argument("output", metavar="FILE.bmp", help="224 x 224 BMP file to write")
    p.add_argument("-s", "--seed", type=COUNT_OR_NONE, default=None, help="another picture")


def picture(options):
    from train.picture import write_picture
    write_picture(options.output, options.seed)
