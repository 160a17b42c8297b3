#!/usr/bin/env python3
"""Time deepdream's engines beside PyTorch, TensorFlow, JAX, onnxruntime, OpenVINO and ncnn: same network and picture.

    python3 benchmarks/peers.py                # 1 thread and all processors, about 10 minutes
    python3 benchmarks/peers.py --quick        # fewer and shorter turns, both tables; minutes
    python3 benchmarks/peers.py --long         # and the whole default dream, 7 octaves
    python3 benchmarks/peers.py --only simd,tensorflow --no-python

Run it with a Python that has the frameworks to compare with (pip install torch tensorflow jax onnxruntime onnx
openvino ncnn; torch.compile wants a C++ compiler). The program says which are missing and leaves them out; without
any of them it times our own engines.

How it measures. Every side lives in a process of its own, so that no framework's threads or settings
disturb another's. The sides take turns, half a second each, many times over, and the median of all
repetitions counts: when the machine is slower for a while, it is slower for everybody. Before anything is
timed, every side computes the same tensors and they are compared: nobody times a wrong graph. That a side
used the threads it was given is shown by the processor seconds it spent in a second. Weights carry no
gradients anywhere. PyTorch runs in both memory formats.

Left out: batches, training, reduced precision, graphics cards.
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from array import array
from collections.abc import Callable, Iterator
from typing import Any

import timing
from timing import OPERATIONS

TITLES = {"simd": "ours, simd", "installed": "ours, installed", "simd-exact": "ours, --exact", "python": "ours, python",
          "tensorflow": "TensorFlow", "pytorch": "PyTorch", "pytorch-last": "PyTorch nhwc", "compile": "torch.compile",
          "jax": "JAX", "onnxruntime": "onnxruntime", "openvino": "OpenVINO", "ncnn": "ncnn"}
OURS = ("simd", "simd-exact", "python")
FORWARD_ONLY = ("onnxruntime", "openvino", "ncnn")
STEP_ONLY = ("compile",)                                 # a pass for each kind of work takes it a minute to compile
COMPILED_AGAIN = ("simd-exact", "pytorch-last", "compile", "jax")     # no whole process: as others show
QUICK = ("simd", *FORWARD_ONLY)                          # whole processes with --quick
TURN = 0.5               # seconds a side works before the next one does
QUICK_TURN = 0.25        # with --quick
PAUSE = 0.3              # seconds for the threads of the side before to stop spinning
WARM = 3                 # repetitions before those that count, at each turn


Row = dict[str, tuple[float, float]]     # side -> seconds, processor seconds in a second


# ---- Sides -------------------------------------------------------------------------------------------------
# What runs in a side's own process. `forward` and `step` work once; `results` are the tensors to compare.

class Ours:
    """One of our engines. Its step is everything between the tile's bytes and the tile's bytes."""

    def __init__(self, name: str, threads: int, options: argparse.Namespace) -> None:
        start = time.perf_counter()
        self.engine = timing.make_engine(name, 224, 224, threads, options.model)
        self.made = time.perf_counter() - start
        self.picture = timing.open_picture(options.picture)
        self.stop = timing.stop_after(timing.LAST)
        self.version = self.engine.name

    def forward(self) -> None:
        self.engine.forward(self.stop)

    def step(self) -> None:
        timing.dream_step(self.engine, self.picture)

    def results(self) -> dict[str, array]:
        data = timing.network_input(self.picture)
        self.engine.write("data", data)
        self.forward()
        found = {name: self.engine.read(name) for name in (timing.TARGET, timing.LAST)}
        self.engine.seed({timing.TARGET: None})
        self.engine.backward(timing.stop_after(timing.TARGET))
        return found | {"gradient": self.engine.gradient("data")}

    def layers(self) -> list[tuple[str, int, float, float]]:
        """(layer, multiply-adds, seconds forward, seconds backward) of a step, medians of 30 passes."""
        passes = [timing.time_layers(self.engine, self.picture, timing.TARGET) for _ in range(33)][3:]
        forward, backward = ([statistics.median(column) for column in zip(*(one[way] for one in passes))]
                             for way in (0, 1))
        found = timing.layers(self.engine.shapes, timing.TARGET)
        return [(layer.name, layer.multiply_adds, there, back)
                for layer, there, back in zip(found, forward, backward)]


class Peer:
    """A framework; the sides below give it its network and its thread count."""

    network: Any
    version: str

    def __init__(self, options: argparse.Namespace) -> None:
        import numpy
        picture = timing.open_picture(options.picture)
        self.data = numpy.array(timing.network_input(picture)).reshape(picture.height, picture.width, 3)
        self._forward: Callable[[], Any] | None = None
        self._step: Callable[[], Any] | None = None

    def forward(self) -> None:
        self._forward = self._forward or self.network.forward_timer(self.data, timing.LAST)
        self._forward()

    def step(self) -> None:
        self._step = self._step or self.network.step_timer(self.data, timing.TARGET)
        self._step()


class PyTorch(Peer):
    """Eager PyTorch with its own local_response_norm.

    A convolution by a band matrix in its place saved up to a quarter of a step on one thread, nothing on two.
    """

    def __init__(self, name: str, threads: int, options: argparse.Namespace) -> None:
        super().__init__(options)
        import frameworks
        import torch
        torch.set_num_threads(threads)
        self.version = f"PyTorch {torch.__version__}, {torch.get_num_threads()} threads"
        self.torch = torch
        self.network = frameworks.TorchNetwork(OPERATIONS, timing.load_weights(options.model),
                                               channels_last=name == "pytorch-last")

    def results(self) -> dict[str, array]:
        values = self.network.values(self.data)
        gradient = self.network.gradients(self.data, timing.TARGET)["data"]
        return flat({timing.TARGET: values[timing.TARGET], timing.LAST: values[timing.LAST],
                     "gradient": gradient})

    def product(self, size: int) -> Callable[[], Any]:
        left, right = self.torch.rand(size, size), self.torch.rand(size, size)
        return lambda: self.torch.mm(left, right)


class Compiled(PyTorch):
    """torch.compile, the step only: compiled before the side says that it is there."""

    def __init__(self, name: str, threads: int, options: argparse.Namespace) -> None:
        super().__init__("pytorch-last", threads, options)
        self.network.compiled = True
        self.version = self.version.replace("PyTorch", "torch.compile")
        try:
            self.found = self.network.step(self.data, timing.TARGET)
        except Exception as error:
            raise SystemExit(str(error).strip().splitlines()[0]) from None

    def results(self) -> dict[str, array]:
        return flat({timing.TARGET: self.found[timing.TARGET], "gradient": self.found["data"]})


class Jax(Peer):
    """Compiled by XLA. It takes as many threads as this process has processors, and has no other switch for it."""

    def __init__(self, name: str, threads: int, options: argparse.Namespace) -> None:
        super().__init__(options)
        import frameworks
        if hasattr(os, "sched_setaffinity"):
            os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:threads])
        import jax
        self.network = frameworks.JaxNetwork(OPERATIONS, timing.load_weights(options.model))
        self.version = f"JAX {jax.__version__}, {timing.processors()} processors"

    def results(self) -> dict[str, array]:
        dream = self.network.step(self.data, timing.TARGET)
        return flat(self.network.values(self.data, timing.LAST)
                    | {timing.TARGET: dream[timing.TARGET], "gradient": dream["data"]})


class TensorFlow(Peer):
    """The frozen graph as it stands, oneDNN on as by default."""

    def __init__(self, name: str, threads: int, options: argparse.Namespace) -> None:
        super().__init__(options)
        import frameworks
        self.network = frameworks.FrozenGraph(options.model)
        self.tf = self.network.tf
        config = self.tf.config.threading
        config.set_intra_op_parallelism_threads(threads)
        config.set_inter_op_parallelism_threads(1)           # more gave no more speed
        self.version = (f"TensorFlow {self.tf.__version__}, "
                        f"{config.get_intra_op_parallelism_threads()} threads")

    def results(self) -> dict[str, array]:
        dream = self.network.values(self.data, timing.TARGET)
        classes = self.network.values(self.data, timing.LAST)
        return flat({timing.TARGET: dream[timing.TARGET], timing.LAST: classes[timing.LAST],
                     "gradient": dream["grad_data"]})

    def product(self, size: int) -> Callable[[], Any]:
        left, right = self.tf.random.uniform((size, size)), self.tf.random.uniform((size, size))
        return lambda: self.tf.matmul(left, right).numpy()


class OnnxRuntime(Peer):
    """Forward only; the model is written by the onnx package from the same weights."""

    package, network_class = "onnxruntime", "OnnxNetwork"

    def __init__(self, name: str, threads: int, options: argparse.Namespace) -> None:
        super().__init__(options)
        import frameworks
        version = importlib.import_module(self.package).__version__.partition("-")[0]
        self.options, self.threads, self.make = options, threads, getattr(frameworks, self.network_class)
        self.network = self.make(self.model(), threads)
        self.version = f"{TITLES[name]} {version}, {threads} threads"

    def model(self, *outputs: str) -> bytes:
        import frameworks
        return frameworks.onnx_model(OPERATIONS, timing.load_weights(self.options.model), 224, 224, list(outputs))

    def write(self, path: str) -> str:
        """The model in a file (ncnn: files) called `path` and an ending; what `classify` is to be given."""
        with open(path + ".onnx", "wb") as file:
            file.write(self.model())
        return path + ".onnx"

    def forward(self) -> None:
        self._forward = self._forward or self.network.forward_timer(self.data)
        self._forward()

    def results(self) -> dict[str, array]:
        return flat(self.make(self.model(timing.TARGET, timing.LAST), self.threads).values(self.data))


class OpenVino(OnnxRuntime):
    """Forward only, from the same ONNX model, in float32."""

    package, network_class = "openvino", "OpenVinoNetwork"


class Ncnn(Peer):
    """Forward only, from two files that we write, in float32; with its own Winograd."""

    def __init__(self, name: str, threads: int, options: argparse.Namespace) -> None:
        super().__init__(options)
        self.options = options
        import frameworks
        import ncnn
        with tempfile.TemporaryDirectory() as folder:
            self.network = frameworks.NcnnNetwork(self.write(os.path.join(folder, "model")), threads)
        self.version = f"ncnn {ncnn.__version__}, {threads} threads"

    def write(self, path: str) -> str:
        import frameworks
        frameworks.ncnn_model(OPERATIONS, timing.load_weights(self.options.model), 224, 224, path)
        return path

    def results(self) -> dict[str, array]:
        return flat(self.network.values(self.data, timing.TARGET, timing.LAST))


ONNX_SIDES = {"onnxruntime": OnnxRuntime, "openvino": OpenVino}
SIDES: dict[str, Callable[[str, int, argparse.Namespace], Any]] = {
    "simd": Ours, "simd-exact": Ours, "tensorflow": TensorFlow, "pytorch": PyTorch, "pytorch-last": PyTorch,
    "compile": Compiled, "jax": Jax, **ONNX_SIDES, "ncnn": Ncnn, "python": Ours}


def flat(tensors: dict[str, Any]) -> dict[str, array]:
    return {name: array("f", tensor.astype("f").tobytes()) for name, tensor in tensors.items()}


# ---- A side's process --------------------------------------------------------------------------------------
# It reads one JSON request a line on stdin and answers each with one line on stdout.

def serve(name: str, threads: int, options: argparse.Namespace) -> None:
    side = SIDES[name](name, threads, options)
    reply({"version": side.version})
    for line in sys.stdin:
        request = json.loads(line)
        reply(ANSWERS[request["do"]](side, threads, request))


def reply(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


def answer_time(side: Any, threads: int, request: dict[str, Any]) -> dict[str, Any]:
    """Repeat side.forward or side.step for a turn; seconds of each, and processor seconds in a second."""
    work = getattr(side, request["what"])
    for _ in range(request["warm"]):
        work()
    times: list[float] = []
    start, processor = time.perf_counter(), time.process_time()
    while not times or time.perf_counter() - start < request["seconds"]:
        times.append(timing.seconds(work))
    return {"times": times, "busy": (time.process_time() - processor) / (time.perf_counter() - start)}


def answer_results(side: Any, threads: int, request: dict[str, Any]) -> dict[str, Any]:
    for name, values in side.results().items():
        with open(os.path.join(request["folder"], name), "wb") as file:
            values.tofile(file)
    return {}


def answer_layers(side: Any, threads: int, request: dict[str, Any]) -> dict[str, Any]:
    return {"layers": side.layers()}


def answer_peak(side: Any, threads: int, request: dict[str, Any]) -> dict[str, Any]:
    """Multiply-adds this machine can do: 10^9 floating-point operations a second, two to a multiply-add."""
    if isinstance(side, Ours):
        import peak
        return {"peak": peak.peak(threads), "how": "chains of multiply-adds in registers (peak.py)"}
    size = 2048
    product = side.product(size)
    best = min(timing.seconds(product) for _ in range(12))
    return {"peak": 2 * size ** 3 / best / 1e9, "how": f"a matrix product of {size} in {side.version}"}


def answer_model(side: Any, threads: int, request: dict[str, Any]) -> dict[str, Any]:
    return {"file": side.write(request["path"])}


def answer_code(side: Any, threads: int, request: dict[str, Any]) -> dict[str, Any]:
    """Seconds spent in load_kernels, which writes and loads machine code, for a step and a whole forward pass."""
    from deepdream_extras.simd import tape
    load, spent = tape.load_kernels, []
    tape.load_kernels = lambda keys: spent.append(timing.seconds(load, keys))
    first = timing.seconds(side.step)
    side.forward()
    return {"code": sum(spent), "kernels": len(tape.KERNELS), "first": first, "made": side.made}


ANSWERS = {"time": answer_time, "results": answer_results, "layers": answer_layers, "peak": answer_peak,
           "model": answer_model, "code": answer_code}


class Process:
    """A side's process, seen from here."""

    def __init__(self, name: str, threads: int, options: argparse.Namespace) -> None:
        self.name = name
        self.errors = tempfile.TemporaryFile("w+")           # noqa: SIM115 (close() closes it)
        command = [sys.executable, os.path.abspath(__file__), "--serve", name, "--threads", str(threads),
                   "--model", options.model, "--picture", options.picture]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
                                        stderr=self.errors, text=True)

    def wait(self) -> None:
        """Until it is ready to work."""
        self.version = self._answer()["version"]

    def ask(self, do: str, **request: Any) -> dict[str, Any]:
        assert self.process.stdin
        self.process.stdin.write(json.dumps({"do": do} | request) + "\n")
        self.process.stdin.flush()
        return self._answer()

    def _answer(self) -> dict[str, Any]:
        assert self.process.stdout
        line = self.process.stdout.readline()
        if not line:
            self.errors.seek(0)
            lines = self.errors.read().strip().splitlines() or ["no word why"]
            raise ChildProcessError(lines[-1])
        return json.loads(line)

    def close(self) -> None:
        assert self.process.stdin and self.process.stdout
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.errors.close()


@contextlib.contextmanager
def processes(names: list[str], threads: int, options: argparse.Namespace) -> Iterator[dict[str, Process]]:
    """The sides that start, by name; of the others the reason is printed. They start at the same time."""
    with contextlib.ExitStack() as stack:
        started: dict[str, Process] = {}
        for name in names:
            started[name] = Process(name, threads, options)
            stack.callback(started[name].close)
        for name in names:
            try:
                started[name].wait()
            except ChildProcessError as error:
                print(f"without {TITLES[name]}: {error}")
                del started[name]
        yield started


# ---- Comparing before timing -------------------------------------------------------------------------------

def compare(sides: dict[str, Process]) -> None:
    """Print how far each side's tensors are from the first peer's that has them; a side far off ends the run."""
    if all(name in OURS for name in sides):
        print("nothing to compare with: our own engines only\n")
        return
    with tempfile.TemporaryDirectory() as folder:
        results = {}
        for name, side in sides.items():
            side.ask("results", folder=folder)
            results[name] = {file: read_floats(os.path.join(folder, file)) for file in os.listdir(folder)}
            for file in os.listdir(folder):
                os.remove(os.path.join(folder, file))
    references = {tensor: name for name in reversed(sides) if name not in OURS for tensor in results[name]}
    first = " and ".join(TITLES[name] for name in sides if name in references.values())
    print(f"Difference from {first}: its norm to the tensor's norm, and largest to largest\n")
    for name in sides:
        cells = []
        for tensor, values in sorted(results[name].items()):
            reference = references.get(tensor, name)
            if reference != name:
                norm, largest = difference(values, results[reference][tensor])
                cells.append(f"{tensor} {norm:.1e} {largest:.1e}")
                if not norm < 0.01:
                    sys.exit(f"{TITLES[name]} computes another {tensor}: timing it would tell nothing")
        if cells:
            print(f"  {TITLES[name]:14}{'   '.join(cells)}")
    print()


def difference(values: array, reference: array) -> tuple[float, float]:
    apart = [a - b for a, b in zip(values, reference, strict=True)]
    return (math.sqrt(math.fsum(x * x for x in apart) / math.fsum(x * x for x in reference)),
            max(map(abs, apart)) / max(map(abs, reference)))


def read_floats(path: str) -> array:
    values = array("f")
    with open(path, "rb") as file:
        values.frombytes(file.read())
    return values


# ---- The tables --------------------------------------------------------------------------------------------

def time_work(sides: dict[str, Process], what: str, options: argparse.Namespace) -> Row:
    """Let the sides take turns at `what`; side -> (median seconds, processor seconds in a second)."""
    times: dict[str, list[float]] = {name: [] for name in sides}
    busy: dict[str, list[float]] = {name: [] for name in sides}
    for turn in range(options.turns):
        for name, side in sides.items():
            if name in (FORWARD_ONLY if what == "step" else STEP_ONLY):
                continue
            if name == "python" and turn > 0:                # seconds, not milliseconds: once is enough
                continue
            time.sleep(PAUSE)
            answer = side.ask("time", what=what, seconds=options.turn, warm=WARM if name != "python" else 0)
            times[name] += answer["times"]
            busy[name].append(answer["busy"])
    return {name: (statistics.median(times[name]), statistics.median(busy[name]))
            for name in sides if times[name]}


def time_threads(names: list[str], threads: int, options: argparse.Namespace) -> dict[str, Any]:
    """Check, peak and both kinds of work at one thread count; print them, return what later tables need."""
    with processes(names, threads, options) as sides:
        print(f"\n== {threads} thread{'s' * (threads > 1)} " + "=" * 60 + "\n")
        print("   ".join(side.version for side in sides.values()) + "\n")
        compare(sides)
        peak = find_peak(sides)
        rows = {}
        for what, title in (("step", "dream step"), ("forward", "forward to prob")):
            rows[what] = time_work(sides, what, options)
            print(title)
            print_row(rows[what])
        if "simd" in sides and not options.quick:
            print_layers(sides["simd"].ask("layers")["layers"], peak, threads)
        return {"names": list(sides), "rows": rows, "peak": peak}


def find_peak(sides: dict[str, Process]) -> float:
    """The machine's multiply-add peak in GFLOP/s, 0 where nothing here can tell; printed."""
    for name in ("simd", "pytorch", "pytorch-last", "tensorflow"):
        if name in sides:
            answer = sides[name].ask("peak")
            print(f"multiply-add peak: {answer['peak']:.0f} GFLOP/s, by {answer['how']}\n")
            return answer["peak"]
    return 0.0


def print_row(row: Row) -> None:
    """A line for each side: time, how many times ours it is, and how busy it kept the processors."""
    ours = row.get("simd", (0.0, 0.0))[0]
    for name, (seconds, busy) in row.items():
        time_text = f"{seconds * 1e3:.1f} ms" if seconds < 1 else f"{seconds:.2f} s"
        ratio = f"{seconds / ours:.2f} x" if ours and name != "simd" else ""
        print(f"  {TITLES[name]:14}{time_text:>12}{ratio:>12}   {busy:.2f} processor seconds a second")
    print()


def print_layers(layers: list[tuple[str, int, float, float]], peak: float, threads: int) -> None:
    """Our machine code layer by layer: milliseconds and, for convolutions, the share of the peak."""
    print(f"ours, called layer by layer, {threads} threads: milliseconds and share of the peak\n")
    print(f"  {'layer':28}{'M mul-add':>10}{'forward':>10}{'share':>7}{'backward':>10}{'share':>7}")
    for name, work, forward, backward in [*layers, total("convolutions", [x for x in layers if x[1]]),
                                          total("all", layers)]:
        print(f"  {name:28}{work / 1e6:>10.1f}{forward * 1e3:>10.3f}{share(work, forward, peak):>7}"
              f"{backward * 1e3:>10.3f}{share(work, backward, peak):>7}")
    print()


def total(name: str, layers: list[tuple[str, int, float, float]]) -> tuple[str, int, float, float]:
    return name, sum(x[1] for x in layers), sum(x[2] for x in layers), sum(x[3] for x in layers)


def share(work: int, seconds: float, peak: float) -> str:
    return f"{2 * work / seconds / 1e9 / peak:.0%}" if work and seconds and peak else ""


# ---- Whole processes ---------------------------------------------------------------------------------------
# From the start of the program to its end, imports and weights included, as the operating system counts.

def run_process(command: list[str]) -> tuple[float, float, str]:
    """Seconds, peak memory in MB, and what it printed.

    This process must itself stay small: a child counts its parent's memory until it starts the new program.
    """
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as errors:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=out, stderr=errors)
        _, status, usage = os.wait4(process.pid, 0)
        seconds = time.perf_counter() - start
        process.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0)
        errors.seek(0)
        if process.returncode != 0:
            raise ChildProcessError((errors.read().strip().splitlines() or ["no word why"])[-1])
        unit = 1 if sys.platform == "darwin" else 1024
        return seconds, usage.ru_maxrss * unit / 1e6, out.read()


# The command that an installation makes: `python3 deepdream.py` compiles the main module at each start.
INSTALLED = f"import sys; sys.path.insert(0, {str(timing.ROOT)!r}); from deepdream_extras.command import main; main()"


def deepdream_command(engine: str, threads: int, options: argparse.Namespace, *more: str) -> list[str]:
    program = str(timing.ROOT / "deepdream.py")
    return [sys.executable, program, *more, "-i", options.picture, "--model", options.model,
            "--engine", engine, "-j", str(threads)]


def classify_commands(names: list[str], threads: int, folder: str,
                      options: argparse.Namespace) -> dict[str, list[str]]:
    """The program that classifies the picture, for each side."""
    commands = {}
    for name in names:
        if name in OURS:
            commands[name] = deepdream_command(name, threads, options, "classify")
            if name == "simd":
                commands["installed"] = [sys.executable, "-c", INSTALLED, *commands[name][2:]]
            continue
        model = options.model
        if name in FORWARD_ONLY:
            with processes([name], 1, options) as sides:
                model = sides[name].ask("model", path=os.path.join(folder, name))["file"]
        commands[name] = [sys.executable, os.path.abspath(__file__), "--classify", name,
                          "--threads", str(threads), "--model", model, "--picture", options.picture]
    return commands


def time_classify(names: list[str], threads: int, options: argparse.Namespace) -> None:
    """Whole processes that classify the picture, in turns; they must name the same class."""
    times: dict[str, list[float]] = {}
    memory: dict[str, float] = {}
    answers: dict[str, str] = {}
    with tempfile.TemporaryDirectory() as folder:
        commands = classify_commands(names, threads, folder, options)
        for turn in range(options.turns):
            for name, command in commands.items():
                if name == "python" and turn > 0:
                    continue
                try:
                    seconds, memory[name], text = run_process(command)
                except ChildProcessError as error:
                    print(f"without {TITLES[name]}: {error}")
                    continue
                times.setdefault(name, []).append(seconds)
                answers[name] = text.split()[1]              # probability, index, label
    print(f"\n== whole processes, {threads} threads " + "=" * 45 + "\n")
    print("classify, from start to exit")
    ours = statistics.median(times["simd"]) if "simd" in times else 0.0
    for name in times:
        middle = statistics.median(times[name])
        ratio = f"{middle / ours:.1f} x" if ours and name != "simd" else ""
        print(f"  {TITLES[name]:14}{middle:>10.3f} s{ratio:>12}   {memory[name]:.0f} MB")
    print()
    if len(set(answers.values())) != 1:
        sys.exit(f"the sides do not see the same: {answers}")


def classify(name: str, threads: int, options: argparse.Namespace) -> None:
    """What a framework's user would write: read weights and picture, run once, print the best class."""
    if name in FORWARD_ONLY:
        import frameworks
        data = Peer(options).data
        if name == "ncnn":
            prob = frameworks.NcnnNetwork(options.model, threads).values(data, timing.LAST)[timing.LAST]
        else:
            prob = getattr(frameworks, ONNX_SIDES[name].network_class)(options.model, threads).values(data)[timing.LAST]
    elif name == "tensorflow":
        flow = TensorFlow(name, threads, options)
        prob = flow.network.function(timing.LAST)(flow.network.tensor(flow.data))[0].numpy()
    else:
        torch = PyTorch(name, threads, options)
        with torch.torch.inference_mode():
            prob = torch.network.output(torch.network.tensor(torch.data), timing.LAST).numpy()
    print(prob.max(), prob.argmax())


def dream_memory(engines: list[str], threads: int, options: argparse.Namespace) -> None:
    """Peak memory of our whole process dreaming one 224 tile."""
    with tempfile.TemporaryDirectory() as folder:
        for name in engines:
            command = deepdream_command(name, threads, options, "dream", "--octaves", "1", "--steps", "1",
                                        "--no-octaves", "-o", os.path.join(folder, "dream.bmp"))
            seconds, memory, _ = run_process(command)
            print(f"one step on one tile, {TITLES[name]}: {seconds:.2f} s, peak memory {memory:.0f} MB")


def long_dream(threads: int, options: argparse.Namespace) -> None:
    """The default dream: 7 octaves from 224 to 1681 pixels, 2680 steps."""
    with tempfile.TemporaryDirectory() as folder:
        command = deepdream_command("simd", threads, options, "dream", "--no-octaves", "-o",
                                    os.path.join(folder, "dream.bmp"))
        seconds, memory, _ = run_process(command)
    print(f"default dream, 7 octaves, {TITLES['simd']}: {seconds:.1f} s, "
          f"{seconds / 2680 * 1e3:.1f} ms a step, peak memory {memory:.0f} MB")


def code_writing(options: argparse.Namespace) -> None:
    with processes(["simd"], 1, options) as sides:
        if "simd" in sides:
            answer = sides["simd"].ask("code")
            print(f"writing the machine code, {answer['kernels']} kernels for a step and forward to prob: "
                  f"{answer['code'] * 1e3:.0f} ms; weights read and engine made: {answer['made'] * 1e3:.0f} ms; "
                  f"the first step, with all that is done once: {answer['first'] * 1e3:.0f} ms")


# ---- Command line ------------------------------------------------------------------------------------------

def main() -> None:
    options = arguments()
    if options.serve:
        serve(options.serve, options.threads, options)
    elif options.classify:
        classify(options.classify, options.threads, options)
    else:
        report(options)


def report(options: argparse.Namespace) -> None:
    left_out = {"python", "pytorch"} if options.quick else {"python"} if options.no_python else set()
    names = [name for name in SIDES if name in options.only and name not in left_out]
    print(f"{processor_name()}, {options.threads} processors, Python {platform.python_version()}, "
          f"{platform.system()} {platform.release()}")
    if hasattr(os, "getloadavg") and os.getloadavg()[0] > 0.5:
        print(f"something else is running (load {os.getloadavg()[0]:.1f}): do not quote these numbers")
    for threads in sorted({1, options.threads}):
        names = time_threads(names, threads, options)["names"]
    whole = QUICK if options.quick else set(SIDES) - set(COMPILED_AGAIN)
    whole_programs = [name for name in names if name in whole]
    if whole_programs:
        time_classify(whole_programs, options.threads, options)
    if options.quick:
        return
    ours = [name for name in names if name in OURS and name not in COMPILED_AGAIN]
    dream_memory(ours, options.threads, options)
    if "simd" in ours:
        code_writing(options)
        if options.long:
            long_dream(options.threads, options)


def processor_name() -> str:
    with contextlib.suppress(OSError), open("/proc/cpuinfo") as file:
        for line in file:
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__,
                                     formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--threads", type=int, default=timing.processors(), metavar="N",
                        help="besides 1; default: all")
    parser.add_argument("--turns", type=int, metavar="N", help="turns each side gets (8, with --quick 3)")
    parser.add_argument("--quick", action="store_true",
                        help="fewer, shorter turns; without layers, our Python engine and PyTorch's channels first")
    parser.add_argument("--only", type=timing.some_of(*SIDES), default=list(SIDES), metavar="SIDES",
                        help="some of " + ",".join(SIDES))
    parser.add_argument("--no-python", action="store_true",
                        help="without our Python engine, which takes minutes")
    parser.add_argument("--long", action="store_true", help="also the whole default dream, minutes")
    parser.add_argument("--model", default=timing.MODEL, metavar="FILE")
    parser.add_argument("--picture", default=timing.PICTURE, metavar="FILE")
    parser.add_argument("--serve", choices=list(SIDES), help=argparse.SUPPRESS)
    parser.add_argument("--classify", choices=list(SIDES), help=argparse.SUPPRESS)
    options = parser.parse_args()
    options.turn = QUICK_TURN if options.quick else TURN
    options.turns = options.turns or (3 if options.quick else 8)
    return options


if __name__ == "__main__":
    main()
