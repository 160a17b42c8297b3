#!/usr/bin/env python3
"""A dream step of well-known networks: our machine code beside TensorFlow and PyTorch, and each layer's share of peak.

    python3 benchmarks/networks.py                               # VGG16 and Inception-v3, 1 thread and all processors
    python3 benchmarks/networks.py --networks mobilenet_v2,resnet50 --threads 1 --turns 3
    python3 benchmarks/networks.py --layers 12                   # and the 12 layers that take longest
    python3 benchmarks/networks.py --load vgg16.onnx vgg16.pb    # what it takes to read these files, and nothing else

A step is forward to the last map and back to the picture, of the size that the network is made for (tables.py: random
weights, the same for all). As in peers.py every side has a process of its own, the sides take turns, the median of all
repetitions counts, and before anything is timed all sides' results are compared. Gradients may differ a little more:
where a ReLU or a maximum is decided by the last bit, one side's goes another way.

Left out: the default network (peers.py), batches.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import statistics
import subprocess
import sys
import time
from array import array
from collections.abc import Callable
from typing import Any

import tables
import timing

TITLES = {"simd": "ours, simd", "tensorflow": "TensorFlow", "pytorch": "PyTorch", "pytorch-last": "PyTorch nhwc"}
TURN = 1.0               # seconds a side works before the next one does
CHECKED = 5              # numbers of the gradient that are compared, beside its norm


def picture(size: int) -> array:
    """Network input with structure at all scales; not noise, so that neighbours differ by little."""
    return array("f", [60.0 * math.sin(0.11 * x + 0.05 * y * (c + 1)) + 40.0 * math.cos(0.7 * x * y / size + c)
                       for y in range(size) for x in range(size) for c in range(3)])


# ---- A side's process: it answers each line of its stdin with one line of JSON ---------------------------------------

def serve(side: str, name: str, threads: int) -> None:
    net = tables.NETWORKS[name]()
    step, results, layers = SIDES[side](net, threads)
    print(json.dumps(results()), flush=True)
    for line in sys.stdin:
        print(json.dumps(layers() if line == "layers\n" else repeat(step)), flush=True)


def repeat(step: Callable[[], Any]) -> dict[str, Any]:
    times: list[float] = []
    step()
    work: list[float] = []
    start = time.perf_counter()
    while time.perf_counter() - start < TURN or len(times) < 3:
        before = time.process_time()
        times.append(timing.seconds(step))
        work.append(time.process_time() - before)
    return {"times": times, "work": work}


def checks(gradient: Any) -> dict[str, Any]:
    values = array("f", gradient)
    return {"norm": math.sqrt(math.fsum(v * v for v in values)), "work": 0,
            "some": [values[i] for i in range(0, len(values), len(values) // CHECKED)]}


def ours(net: tables.Network, threads: int) -> tuple[Callable, Callable, Callable]:
    from deepdream_extras import simd
    engine = simd.SimdEngine(net.operations, net.weights, net.size, net.size, threads)
    stop = engine.numbers[net.target] + 1
    engine.write("data", picture(net.size))

    def step() -> None:
        engine.forward(stop)
        engine.seed({net.target: None})
        engine.backward(stop)

    def results() -> dict[str, Any]:
        step()
        import peak
        work = tables.multiply_adds(net.operations[:stop], net.weights, engine.shapes)
        return checks(engine.gradient("data")) | {"work": work, "peak": peak.peak(threads)}

    def layers() -> list[tuple[str, int, float, float]]:
        """(layer, multiply-adds, seconds forward, seconds backward): each called by itself, medians of 9; processor
        seconds, a thread's, which others who use the machine do not lengthen"""
        def seconds(work: Callable[..., Any], *arguments: int) -> float:
            before = time.process_time()
            work(*arguments)
            return (time.process_time() - before) / threads

        starts = [i for i in range(stop) if i == 0 or net.operations[i][3] != net.operations[i - 1][3]]
        found = []
        spans = list(zip(starts, [*starts[1:], stop]))
        there: list[list[float]] = [[] for _ in spans]
        back: list[list[float]] = [[] for _ in spans]
        for _ in range(9):
            for i, (first, end) in enumerate(spans):
                there[i].append(seconds(engine.forward, end, first))
            engine.seed({net.target: None})
            for i, (first, end) in reversed(list(enumerate(spans))):
                back[i].append(seconds(engine.backward, end, first))
        for i, (first, end) in enumerate(spans):
            work = tables.multiply_adds(net.operations[first:end], net.weights, engine.shapes)
            found.append((describe(net, first, engine.shapes), work, statistics.median(there[i]),
                          statistics.median(back[i])))
        return found

    return step, results, layers


def describe(net: tables.Network, number: int, shapes: dict[str, Any]) -> str:
    name, kind, inputs, _, _, parameters = net.operations[number]
    weights = [net.weights[x][0] for x in inputs if x in net.weights]
    text = f"{name} {' x '.join(map(str, shapes[name]))}"
    if kind in ("Conv2D", "MatMul"):
        text += f" by {weights[0][0]} x {weights[0][1]} x {weights[0][2]}"
    return text + "".join(f", {key} {value}" for key, value in parameters.items() if key in ("stride", "groups"))


def peer(network: Any, net: tables.Network) -> tuple[Callable, Callable, Callable]:
    import numpy
    data = numpy.array(picture(net.size)).reshape(net.size, net.size, 3)
    work = network.step_timer(data, net.target)
    return work, lambda: checks(network.gradients(data, net.target)["data"].ravel().tolist()), list


def tensorflow(net: tables.Network, threads: int) -> tuple[Callable, Callable, Callable]:
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import frameworks
    import tensorflow
    tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
    tensorflow.config.threading.set_inter_op_parallelism_threads(1)
    return peer(frameworks.TensorFlowNetwork(net.operations, net.weights, net.size, net.size), net)


def pytorch(net: tables.Network, threads: int, last: bool = False) -> tuple[Callable, Callable, Callable]:
    import frameworks
    import torch
    torch.set_num_threads(threads)
    return peer(frameworks.TorchNetwork(net.operations, net.weights, channels_last=last), net)


SIDES: dict[str, Callable[[tables.Network, int], tuple[Callable, Callable, Callable]]] = {
    "simd": ours, "tensorflow": tensorflow, "pytorch": pytorch,
    "pytorch-last": lambda net, threads: pytorch(net, threads, True)}


# ---- Files -----------------------------------------------------------------------------------------------------------

LOADED = """
import resource, time
start, processor = time.perf_counter(), time.process_time()
import deepdream
model = deepdream.load_model(%r)
taken = time.perf_counter() - start, time.process_time() - processor
size = sum(4 * len(values) for _, values in model.weights.values())
print(*taken, size, 1024 * resource.getrusage(resource.RUSAGE_SELF).ru_maxrss)
"""


def load(path: str, turns: int) -> None:
    """Each time in a process of its own: medians, and the peak of its memory beside the weights."""
    found = [[float(word) for word in subprocess.run(
        [sys.executable, "-c", LOADED % os.path.abspath(path)], check=True, capture_output=True, text=True,
        cwd=os.path.dirname(os.path.dirname(os.path.abspath(__file__)))).stdout.split()] for _ in range(turns)]
    seconds, processor, size, most = map(statistics.median, zip(*found))
    print(f"{os.path.basename(path)}: {seconds:.2f} s, {processor:.2f} processor seconds; at most {most / 1e6:.0f} MB, "
          f"{most / size:.2f} times the {size / 1e6:.0f} MB of its weights")


# ---- The program -----------------------------------------------------------------------------------------------------

class Process:
    """A side's process, seen from here. OSError: it could not begin."""

    def __init__(self, side: str, name: str, threads: int) -> None:
        command = [sys.executable, os.path.abspath(__file__), "--serve", side, name, str(threads)]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True)
        self.results = self.answer()

    def answer(self) -> Any:
        assert self.process.stdout and self.process.stderr
        line = self.process.stdout.readline()
        if not line:
            raise OSError((self.process.stderr.read().strip().splitlines() or ["no word why"])[-1])
        return json.loads(line)

    def ask(self, what: str) -> Any:
        assert self.process.stdin
        self.process.stdin.write(what + "\n")
        self.process.stdin.flush()
        return self.answer()


def measure(name: str, threads: int, options: argparse.Namespace) -> None:
    sides: dict[str, Process] = {}
    for side in options.sides:
        try:
            sides[side] = Process(side, name, threads)
        except OSError as error:
            print(f"without {TITLES[side]}: {error}")
    if not sides:
        sys.exit("none of the sides can run here")
    first = next(iter(sides.values())).results
    for side, process in sides.items():
        found = process.results
        apart = max(abs(a - b) for a, b in zip(found["some"], first["some"])) / max(map(abs, first["some"]))
        if not (abs(found["norm"] / first["norm"] - 1.0) < 0.02 and apart < 0.05):
            sys.exit(f"{name}: {TITLES[side]} computes another gradient: timing it would tell nothing")
    times: dict[str, list[float]] = {side: [] for side in sides}
    work: dict[str, list[float]] = {side: [] for side in sides}
    for _ in range(options.turns):
        for side, process in sides.items():
            answer = process.ask("step")
            times[side] += answer["times"]
            work[side] += answer["work"]
    medians = {side: statistics.median(values) for side, values in times.items()}
    processor = {side: statistics.median(values) for side, values in work.items()}
    print(f"\n{name}, {threads} thread{'s' * (threads > 1)}")
    for side, seconds in medians.items():
        line = f"  {TITLES[side]:14}{1000 * seconds:9.1f} ms   {seconds / next(iter(medians.values())):5.2f} x"
        if sides[side].results.get("peak"):
            share = 4e-9 * sides[side].results["work"] / seconds / sides[side].results["peak"]
            line += f"   {share:.0%} of {sides[side].results['peak']:.0f} GFLOP/s"
        print(f"{line}   ({1000 * processor[side]:.1f} ms of processors, "
              f"{processor[side] / next(iter(processor.values())):.2f} x)")
    if options.layers and "simd" in sides:
        peak = sides["simd"].results["peak"] * 1e9
        print("    forward      backward")
        for what, adds, there, back in sorted(sides["simd"].ask("layers"), key=lambda row: -row[2] - row[3])[
                :options.layers]:
            cells = [f"{1000 * t:7.2f} ms " + (f"{2 * adds / t / peak:4.0%}" if adds else " " * 4)
                     for t in (there, back)]
            print(f"  {'  '.join(cells)}  {what}")
    for process in sides.values():
        process.process.communicate()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--networks", default="vgg16,inception_v3",
                        type=timing.some_of(*tables.NETWORKS), help=f"of {', '.join(tables.NETWORKS)}")
    parser.add_argument("--sides", default=",".join(SIDES), type=timing.some_of(*SIDES))
    parser.add_argument("--threads", type=int, nargs="*", default=sorted({1, timing.processors()}))
    parser.add_argument("--turns", type=int, default=5)
    parser.add_argument("--layers", type=int, default=0, help="list so many layers, the slowest first")
    parser.add_argument("--load", nargs="+", default=[], metavar="FILE", help="time the reading of these files instead")
    parser.add_argument("--serve", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        side, name, threads = options.serve
        serve(side, name, int(threads))
        return
    for path in options.load:
        load(path, options.turns)
    if options.load:
        return
    for name in options.networks:
        for threads in options.threads:
            measure(name, threads, options)


if __name__ == "__main__":
    main()
