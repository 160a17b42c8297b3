#!/usr/bin/env python3
"""What the parts of a dream cost.

    python3 benchmarks/dreams.py [rounds [threads]]

Each row is a dream that differs from the plainest by one part; its step on a 224x224 picture, and the share of what
follows a dream, is timed in turn with all the others, in 30 rounds, with one thread of machine code. Printed are the
median milliseconds (of one thread: of processor time) and the median over the rounds of the ratio to the plainest step
in the same round, which a busy or a throttled processor changes little.

`plain` is no plan at all: the engine's own calls, as peers.py times them. A step with the whole layer as its term is to
take at most 1.05 times that, a step with a class (through the whole network and back) at most 1.9 times: the exit code
says whether they do.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Iterator

import timing
from timing import deepdream

from deepdream_extras import dreams, objectives
from deepdream_extras.ascent import Move, Stage
from deepdream_extras.dreams import Plan
from deepdream_extras.scales import Scales, Tiles

LAYER, FOREVER = timing.TARGET, 10 ** 9
SINGLE = Scales("single")
FLOATS = Plan(stages=(Stage(FOREVER),), scales=SINGLE, rounded=False)
WAVES = Plan(move=Move("adam", space="fourier"), stages=(Stage(FOREVER, (0.05, 0.05)),), scales=SINGLE, rounded=False)
LIMITS = {"whole layer": 1.05, "class": 1.9}


def plans(network: deepdream.Network, picture: deepdream.Picture) -> dict[str, Plan]:
    """Name of the part -> the dream that has it."""
    layer = objectives.Layer
    terms: dict[str, tuple[objectives.Term, ...]] = {
        "five channels": (layer(LAYER, channels=(1, 2, 3, 4, 5)),),
        "sum of activations": (layer(LAYER, how="sum"),),
        "one neuron": (layer(LAYER, channels=(7,), at=(5, 5)),),
        "border of 2 cells": (layer(LAYER, border=2),),
        "two layers": (layer(LAYER), layer("inception_3b_output")),
        "class": (objectives.parse_class("goldfish", network),),
        "guide, at 3b": (objectives.Guide(network, picture),),
        "caricature": (objectives.Caricature(LAYER),),
        "caricature, power 1": (objectives.Caricature(LAYER, 1.0, 1.0),),
    }
    moves = {
        "floats": Move(), "deviation": Move("deviation"), "centred": Move("centred"), "adam": Move("adam"),
        "gaussians": Move("centred", "gaussians"), "laplacian": Move("plain", "laplacian"),
        "pixel noise": Move(noise=5.0), "clipped at the end": Move(clip="end"),
    }
    penalties = {name: Move("centred") for name in ("continuity", "total-variation", "mean-color", "input")}
    found = {"whole layer": Plan(stages=(Stage(FOREVER),), scales=SINGLE)}
    found |= {name: found["whole layer"]._replace(terms=some) for name, some in terms.items()}
    found |= {name: FLOATS._replace(move=move) for name, move in moves.items()}
    found |= {f"penalty {name} (centred)": FLOATS._replace(move=move, penalties=((name, 0.1),))
              for name, move in penalties.items()}
    found["L-BFGS, an evaluation"] = FLOATS._replace(move=Move("lbfgs"), penalties=(("continuity", 0.1),))
    found["waves (adam)"] = WAVES
    found["blur 2.5"] = FLOATS._replace(stages=(Stage(FOREVER, blur=(2.5, 2.5)),))
    found["mask"] = FLOATS._replace(mask=picture)
    found["feathered tile"] = FLOATS._replace(tiles=Tiles("feather"))
    return found


def steps(network: deepdream.Network, picture: deepdream.Picture, plan: Plan) -> Iterator[object]:
    """One step, or evaluation, each time the next is asked for."""
    work = dreams.Work(network, picture, plan)
    now = work.enter(0, (picture.width, picture.height), work.form(copy_of(picture)), [picture])
    yield from (work.together if work.gathers else work.one_by_one)(now, plan.stages[0])


def copy_of(picture: deepdream.Picture) -> deepdream.Picture:
    return deepdream.Picture(picture.width, picture.height, picture.pixels[:])


def afterwards(network: deepdream.Network, picture: deepdream.Picture, plan: Plan) -> Callable[[], object]:
    """What is done once at the end of an octave."""
    work = dreams.Work(network, picture, plan)
    work.original((picture.width, picture.height))
    levels = work.form(copy_of(picture))
    return lambda: work.finished(levels)


def main(rounds: int = 30, jobs: int = 1) -> int:
    network, picture = deepdream.load(timing.MODEL, jobs=jobs), timing.open_picture()
    if network.choice.make is deepdream.PythonEngine:
        sys.exit("machine code cannot run here, and beside the Python engine these parts cost nothing")
    engine, own = network.engine(224, 224), copy_of(picture)
    sides: dict[str, Callable[[], object]] = {"plain": lambda: timing.dream_step(engine, own)}
    for name, plan in plans(network, picture).items():
        sides[name] = steps(network, picture, plan).__next__
    for name, changes in (("keep colours", {"colors": "keep"}), ("match colours", {"colors": "match"}),
                          ("strength", {"strength": 0.5})):
        sides[f"{name}, at the end"] = afterwards(network, picture, FLOATS._replace(**changes))
    clock = time.process_time if jobs == 1 else time.perf_counter
    times: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(rounds + 2):              # the first two write the machine code and warm the caches
        for name, step in sides.items():
            began = clock()
            step()
            if turn > 1:
                times[name].append(clock() - began)
    print(f"{network.choice.name}, {jobs} threads, {rounds} rounds")
    slow = 0
    for name, found in times.items():
        ratio = statistics.median(a / b for a, b in zip(found, times["plain"]))
        too_slow = ratio > LIMITS.get(name, ratio)
        slow += too_slow
        print(f"{name:<32}{1000 * statistics.median(found):8.1f} ms {ratio:7.2f} x"
              + f"   more than {LIMITS.get(name)} x" * too_slow)
    return slow


if __name__ == "__main__":
    sys.exit(main(*timing.numbers(__doc__, 2)))
