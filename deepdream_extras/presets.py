"""The classic systems as plans: named rows of the four choices that dreams.py puts together.

    preset = PRESETS["classic"]
    picture = dreams.dream(network, picture, preset.planned(network))

Layers are Inception-V1's. Where a system had another network, the layers are those that lie as deep, and weights that
depend on the size of activations are tuned to the shipped network's. Other networks have layers of other names: those
of the system itself, if it used this network (`originals`), else the ones that lie as deep.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import deepdream

from . import objectives, scales
from .ascent import Move, Stage
from .dreams import Plan
from .scales import Scales, Tiles


class Preset(NamedTuple):
    """A row."""
    name: str
    line: str                           # what comes of it
    origin: str
    plan: Plan                          # all but the terms
    layers: tuple[str, ...] = ()        # what grows, as objectives.parse_layer reads it; (): what `wants` says
    how: str = "norm"                   # of objectives.HOWS
    border: int = 0                     # cells
    wants: str = ""                     # "class" or "guide": what the user has to name
    noise: str = ""                     # of NOISES: what it begins with where there is no picture
    originals: tuple[tuple[str, ...], ...] = ()     # its system's own layers, for networks that have them

    def planned(self, network: deepdream.Network, more: Sequence[objectives.Term] = ()) -> Plan:
        """The plan with its terms, or with those of the user, `more`."""
        own = [] if more else [objectives.parse_layer(text, network, self.how, self.border)
                               for text in self.layers_of(network)]
        least = self.plan.scales._replace(smallest=max(self.plan.scales.smallest, network.model.smallest))
        return self.plan._replace(terms=tuple(more) or tuple(own), scales=least)

    def layers_of(self, network: deepdream.Network) -> Sequence[str]:
        """The layers that grow in this network: Inception-V1's, those of the system itself, or others that lie as deep;
        that they are others is told."""
        for texts in (self.layers, *self.originals):
            if all(objectives.split_weight(text)[0] in network.numbers for text in texts):
                return texts
        found = []
        for text in self.layers:
            name, star, weight = text.partition("*")
            found.append(deepdream.resolve("networks:as_deep")(name, network.model) + star + weight)
        network.pass_on([f"--preset {self.name}: {', '.join(found)} here, as deep as {', '.join(self.layers)} of"
                         " Inception-V1; --maximize takes others"])
        return found


def fitting(plan: Plan, network: deepdream.Network, width: int, height: int) -> Plan:
    """The plan with borders that leave something of the layers of a picture of that size."""
    strides = {row.name: max(row.stride or (1, 1)) for row in objectives.layers_table(network)}
    terms = []
    for term in plan.terms:
        if isinstance(term, objectives.Layer) and term.border:
            cells = -(-min(width, height) // strides[term.name])
            term = term._replace(border=min(term.border, (cells - 1) // 2))
        terms.append(term)
    return plan._replace(terms=tuple(terms))


NOISES = {
    "normal": scales.normal_noise,      # deepdraw: 200 +- 8
    "grey": lambda width, height, seed=0: scales.uniform_noise(width, height, seed, 100.0, 101.0),   # TensorFlow 1
    "uniform": scales.uniform_noise,    # sigmoidprime.com
}

RANDOM = Move(shift="random")
GOOGLE = Plan(move=RANDOM, stages=(Stage(10),), scales=Scales("shrink", octaves=4, near=True, resize="corners"),
              tiles=Tiles("whole"), rounded=False)
# Rolled before each round, as keras-team/keras#2098 proposes: else deep layers leave a lattice on what is smooth.
KERAS = Plan(move=Move("lbfgs", shift="random", clip="end"), stages=(Stage(15),), scales=Scales("single"),
             tiles=Tiles("whole"), rounded=False)
# Our own, tuned by looking, with the shipped network, at what becomes of drawings and photographs.
OURS = Plan(move=RANDOM, stages=(Stage(15, (2.5, 2.5)),), scales=Scales("shrink", octaves=3, smallest=96),
            tiles=Tiles("whole", edge="reflect"), rounded=False)
PAINTED = Move("centred", "gaussians", "random")

ROWS = (
    Preset("c89", "dogs and eyes in enlargements of the picture, rounded to bytes, a little darker each time",
           "znah/deepdream_c", Plan(scales=Scales(c89=True)), ("inception_4c_output",)),
    Preset("classic", "the dream that went round the world in 2015: animals all over a picture of the same size",
           "google/deepdream", GOOGLE, ("inception_4c_output",)),
    Preset("guided", "forms and colours of another picture, where this one has something like them",
           "google/deepdream", GOOGLE, wants="guide"),
    Preset("bad-trip", "burning eyes and fur, while all else sinks into grey", "Keras, deep_dream.py of 2016",
           KERAS._replace(move=KERAS.move._replace(noise=5.0), penalties=(("continuity", 0.1), ("mean-color", 0.8))),
           ("inception_4b_output*400", "inception_4c_output*80", "inception_4d_output*80"), "square", 2,
           originals=(("block4_conv1*0.05", "block4_conv2*0.01", "block4_conv3*0.01"),)),
    Preset("dreamy", "large soft forms of deep layers", "Keras, deep_dream.py of 2016",
           KERAS._replace(penalties=(("continuity", 0.1), ("mean-color", 0.02))),
           ("inception_4e_output*200", "inception_5a_output*80"), "square", 2,
           originals=(("block5_conv1*0.05", "block5_conv2*0.02"),)),
    Preset("article", "many small steps, the picture rolled by any number of pixels in each", "sigmoidprime.com",
           Plan(move=Move("centred", shift="random", jitter=None), stages=(Stage(100, (0.57, 0.57)),),
                scales=Scales("shrink", octaves=3, factor=1.25, chain=False), tiles=Tiles("whole"), rounded=False),
           ("inception_4d_output",), "sum"),
    Preset("class", "what the network takes for the best picture of a class, out of noise", "auduno/deepdraw",
           Plan(move=Move(shift="no"),
                stages=(Stage(190, (11.0, 11.0), (2.5, 0.78)), Stage(450, (6.0, 3.0), (0.936, 0.4))),
                scales=Scales("grow", octaves=2, factor=1.2, near=True, resize="corners"), tiles=Tiles("crop"),
                rounded=False), wants="class", noise="normal"),
    Preset("lucid", "a class all over a picture, in tiles that cover it twice; without seams by --tiles whole",
           "spikelynch/deepdream",
           Plan(move=RANDOM, stages=(Stage(20, blur=(0.35, 0.35)),),
                scales=Scales("shrink", octaves=4, near=True, resize="corners", smallest=224),
                tiles=Tiles("spiral", edge="reflect"), rounded=False), wants="class"),
    Preset("smooth", "soft and painterly: gradients blurred, steps three times as large",
           "gordicaleksa/pytorch-deepdream",
           Plan(move=Move("centred", "gaussians", "random"), stages=(Stage(10, (5.2, 5.2)),),
                scales=Scales("shrink", octaves=4, factor=1.8, carry="no", chain=False, near=True, resize="centres"),
                tiles=Tiles("whole"), rounded=False),
           ("inception_4c_output",), "square"),
    Preset("lapnorm", "large forms as strong as fine ones; grows by 1.4 and 1.4", "TensorFlow 1's DeepDream notebook",
           Plan(move=Move("plain", "laplacian", "random", None), stages=(Stage(10, (1.0, 1.0)),),
                scales=Scales("grow", octaves=3, resize="lefts"), tiles=Tiles("feather", 512, overlap=0.0),
                rounded=False),
           ("inception_4d_3x3_reduce",), "mean", noise="grey"),
    Preset("menagerie", "three layers at once: eyes, beaks and legs in glowing colours", "ours", OURS,
           ("inception_4c_output", "inception_4d_output", "inception_4e_output")),
    Preset("porcelain", "smooth and shining, full of round eyes, in the picture's own colours", "ours",
           OURS._replace(move=Move("plain", "laplacian", "random"), stages=(Stage(10, (1.5, 1.5)),), colors="keep"),
           ("inception_3b_output",)),
    Preset("storybook", "deep layers in soft strokes: half-seen animals, as painted", "ours",
           OURS._replace(move=PAINTED, stages=(Stage(10, (5.2, 5.2)),)), ("inception_4e_output",)),
    Preset("portrait", "class in half the steps, which is enough for the shipped network", "ours",
           Plan(move=Move(shift="no"),
                stages=(Stage(95, (11.0, 11.0), (2.5, 0.78)), Stage(225, (6.0, 3.0), (0.936, 0.4))),
                scales=Scales("grow", octaves=2, factor=1.2, near=True, resize="corners"), tiles=Tiles("crop"),
                rounded=False), wants="class", noise="normal"),
)
PRESETS = {row.name: row for row in ROWS}
