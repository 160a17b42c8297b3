"""What a training run is. Apart from fit.py, so that --help need not wait for PyTorch."""

import dataclasses


@dataclasses.dataclass
class Options:
    """What a run is; FREE names what may change when it goes on."""
    pool: str
    held: str                       # unseen drawings, for the figures in the log
    run: str
    begin: str = ""                 # weights of an earlier run, or a weight file, to begin with
    minutes: float = 120.0
    steps: int = 0                  # > 0: instead of minutes
    batch: int = 64
    rate: float = 1.5e-3
    sizes: str = "0:64,.1:96,.46:128,.82:160,.94:224"       # pixels, each from which part of the way on
    adversary: str = "0:0,.22:0,.22:.9,.5:1,.9:1.9"      # RMS grey levels at which part; '0:0' for none
    norm: float = 0.0               # strength of the LRN; 0: none
    faint: str = "0:0,.09:0,.28:.5"   # share of faint pictures at which part
    paste: float = .2
    disguise: str = "0:1"           # part of textures, filters and lost detail at which part
    quiet: float = .06              # weight of the loudness of each module on empty pictures
    seed: int = 0
    threads: int = 0
    device: str = "cpu"
    compile: bool = False           # torch.compile: half as fast again after minutes of compiling (needs g++)
    every: float = 5.0              # minutes between checkpoints


FREE = ("run", "minutes", "threads", "device", "every", "held", "compile")
