"""Presets of `deepdream animate`: each is a row of options, as they would be given by hand.

`deepdream presets` lists them. What is given beside one counts more: its objective where there is another, its noise
where there is a picture. Amounts are those of a frame at 30 frames a second; --fps 15 makes of zoom:0.025 the 5% of a
frame that google's notebook has.
"""

from __future__ import annotations

import shlex
from types import SimpleNamespace
from typing import NamedTuple

import deepdream
from deepdream import UsageError, option_name

from .presets import PRESETS


class Moving(NamedTuple):
    """A row."""
    name: str
    line: str           # what comes of it
    origin: str
    words: str          # options


# The eleven pictures of "diving deeper into Deep Dream: different distortions" (2015), whose frames last 70 ms; then
# gordicaleksa's three and sigmoidprime's zoom_dream; then ours.
ROWS = (
    Moving("zoom", "an endless flight into the picture", "google/deepdream", "--distort zoom:0.025 --steady"),
    Moving("stretch", "the picture grows apart upwards and downwards", "different distortions",
           "--distort stretch:0.025 --steady"),
    Moving("stretch-reversed", "out of the haze the picture comes together", "different distortions",
           "--distort stretch:0.025 --steady --reverse"),
    Moving("rolling", "each column rolls down, the further to the right the faster", "different distortions",
           "--distort roll-columns:linear:slope=1/30"),
    Moving("sine", "columns swing up and down", "different distortions",
           "--distort roll-columns:sine:amplitude=2,period=80,speed=5"),
    Moving("shifts", "columns shiver by chance", "different distortions",
           "--distort roll-columns:random:low=-2,high=2,width=2 --steps 6"),
    Moving("shifts-down", "columns fall by chance", "different distortions",
           "--distort roll-columns:random:low=0,high=4,width=2 --steps 6"),
    Moving("sobel", "edges of edges run over the picture", "different distortions",
           "--distort sobel:1.3:color=1 --steps 6 --octaves 3"),
    Moving("sobel-reversed", "edges find back to the picture", "different distortions",
           "--distort sobel:1.3:color=1 --steps 6 --octaves 3 --reverse --loop 1"),
    Moving("prewitt", "edges, more coarsely", "different distortions", "--distort prewitt:1.6 --steps 8"),
    Moving("sobel-low", "edges that a low layer draws", "different distortions",
           "--distort sobel:1.3 --layer inception_3b_5x5_reduce"),
    Moving("ouroboros-zoom", "a flight out of soft strokes", "gordicaleksa/pytorch-deepdream",
           "--preset smooth --distort zoom:1/26:black --fps 30"),
    Moving("ouroboros-turn", "the same, turning", "gordicaleksa/pytorch-deepdream",
           "--preset smooth --distort zoom:1/26:black --distort rotate:1.5:black --fps 30"),
    Moving("ouroboros-glide", "a slide past soft strokes", "gordicaleksa/pytorch-deepdream",
           "--preset smooth --distort glide:2,2:black --fps 30"),
    Moving("from-noise", "forms that come out of noise, and a flight into them", "sigmoidprime.com",
           "--preset article --noise uniform:250x250 --scales single --steps 8 --first-steps 40 --step-size 2.5 "
           "--distort zoom:0.01 --distort blur:0.35 --steady"),
    Moving("tour", "one thing after the other, each growing out of the last, on an endless flight", "ours",
           "--noise normal:224x224 --blur 0.5 --step-size 4 --steps 6 --first-steps 40 --distort zoom:0.02 --steady "
           "--through goldfish --through peacock --through 'golden retriever' --through strawberry"),
)
MOVING = {row.name: row for row in ROWS}
OBJECTIVES = {"layer", "maximize", "class", "through", "guide", "caricature"}


def expanded(options: SimpleNamespace, name: str = "") -> SimpleNamespace:
    """Options with what their preset says, if it is one of these, or that called `name`, where nothing else is said."""
    name = name or options.preset
    if name is None or name in PRESETS:
        return options
    if name not in MOVING:
        near = deepdream.nearest(name, [*MOVING, *PRESETS])
        raise UsageError(f"--preset {name!r}: no such preset; " + (f"did you mean {' or '.join(near)}?" if near else
                         f"of animations there are {', '.join(MOVING)}"))
    own = SimpleNamespace(**{**vars(options), "texts": dict(options.texts)})
    given = set(own.texts)
    if options.preset == name:
        own.preset = None
        del own.texts["preset"]
        given.remove("preset")
    rows = deepdream.rows_by_flag("animate")
    for flag, text in deepdream.split_words(shlex.split(MOVING[name].words))[0]:
        row = rows[flag]
        word = option_name(row)
        if (word in given or word in OBJECTIVES and OBJECTIVES & given
                or word == "noise" and own.input is not None):
            continue
        value = row.parser(text) if row.parser else True
        setattr(own, word, [*(getattr(own, word) or ()), value] if row.repeats else value)
        own.texts[word] = text
    return own
