"""`deepdream doctor`: what there is of Python, system, processor, memory and network, what of it deepdream can use, and
what to do about the rest. The trial of machine code is made anew, and its verdict kept."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import sys
import time
from types import SimpleNamespace
from typing import Any

import deepdream
import inception_graph
from deepdream import answer, duration

from .download import ORIGINAL_FILES
from .recipe import sha256
from .simd import systems, verdict

PYTHON_TILE = 64        # pixels a side of the step that is measured where plain Python would take long for a usual one


def run(options: SimpleNamespace) -> int:
    """0 if nothing can be mended, else 1."""
    advice: list[str] = []
    for heading, part in (("Python", about_python), ("system", about_system), ("processor", about_processor),
                          ("cores", about_cores), ("memory", about_memory), ("engines", about_engines),
                          ("network", about_network), ("a step", about_step)):
        for number, line in enumerate(part(options, advice)):
            answer(f"{'' if number else heading:<10}  {line}")
    for number, line in enumerate(dict.fromkeys(advice)):
        answer(f"{'' if number else 'to do':<10}  {line}")
    if not advice:
        answer(f"{'to do':<10}  nothing")
    return 1 if any(not line.startswith("nothing") for line in advice) else 0


Lines = list[str]


def about_python(options: SimpleNamespace, advice: Lines) -> Lines:
    lock = getattr(sys, "_is_gil_enabled", lambda: True)()
    return [f"{platform.python_implementation()} {platform.python_version()}, {platform.architecture()[0]}"
            + ("" if lock else ", without the lock") + f", {sys.executable}",
            f"deepdream {deepdream.__version__}, {os.path.abspath(str(deepdream.__file__))}"]


def about_system(options: SimpleNamespace, advice: Lines) -> Lines:
    return [platform.platform()]


def about_processor(options: SimpleNamespace, advice: Lines) -> Lines:
    return [f"{processor_model() or platform.processor() or 'unknown'}, {systems.processor()}"]


def processor_model() -> str:
    """What Linux calls it."""
    try:
        with open("/proc/cpuinfo", encoding="utf-8", errors="replace") as file:
            for line in file:
                name, _, value = line.partition(":")
                if name.strip() in ("model name", "Model", "cpu model"):
                    return value.strip()
    except OSError:
        pass
    return ""


def about_cores(options: SimpleNamespace, advice: Lines) -> Lines:
    there, usable, quota = os.cpu_count() or 1, deepdream.available_cores(), deepdream.processor_quota()
    limits = [f"of {there}"] * (usable < there) + [f"as the quota of this container is {quota:g}"] * bool(quota)
    jobs = options.jobs or usable
    if jobs > usable:
        advice.append(f"-j {jobs} is more than the {usable} cores there are to use and is no faster: leave -j out")
    return [f"{usable} {', '.join(limits)}".strip() + (f"; -j {jobs}" if options.jobs else "")]


def about_memory(options: SimpleNamespace, advice: Lines) -> Lines:
    total, free = memory_sizes()
    limit = memory_limit()
    if not total:
        return ["unknown"]
    if 0 < min(free or total, limit or total) < 400e6:
        advice.append("there is little memory: use -j 1 and a smaller --tile and --size, or end other programs")
    return [f"{total / 1e9:.1f} GB" + (f", {free / 1e9:.1f} GB of it free" if free else "")
            + (f"; this container may use {limit / 1e9:.1f} GB" if 0 < limit < total else "")]


def memory_sizes() -> tuple[float, float]:
    """(bytes of memory, how much of it is free); 0 where the system does not tell in a simple way."""
    if sys.platform == "win32":
        import ctypes
        status = (ctypes.c_uint64 * 8)(64)    # MEMORYSTATUSEX: its size, then bytes in all and free
        systems.kernel32().GlobalMemoryStatusEx(status)
        return float(status[1]), float(status[2])
    try:
        with open("/proc/meminfo") as file:
            sizes = {name: 1024.0 * int(rest.split()[0]) for name, _, rest in (line.partition(":") for line in file)}
        return sizes["MemTotal"], sizes.get("MemAvailable", 0.0)
    except (OSError, ValueError, KeyError, IndexError):
        pass
    try:
        return float(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")), 0.0
    except (AttributeError, OSError, ValueError):
        return 0.0, 0.0


def memory_limit() -> float:
    """What the control groups of this process allow; 0.0 if they set no limit."""
    limits = []
    for folder, first_version in deepdream.control_groups("memory"):
        path = os.path.join(folder, "memory.limit_in_bytes" if first_version else "memory.max")
        with contextlib.suppress(OSError, ValueError), open(path) as file:    # "max", or no such file
            limits.append(float(int(file.read())))
    return min(limits, default=0.0)


def about_engines(options: SimpleNamespace, advice: Lines) -> Lines:
    lines = []
    reason = verdict.ruled_out()
    found = None
    if not reason:
        began = time.perf_counter()
        found = verdict.find_out()
        took = time.perf_counter() - began
        verdict.probe.cache_clear()
        for name, why in found.sets.items():
            lines.append(f"simd {name}: {why or f'gives the right numbers (tried just now in {took:.1f} s)'}")
        if not found.sets:
            reason = verdict.chosen(found)[1]
    if reason:
        lines.append(f"simd: {reason}")
    lines.append("python: always there, a hundred times slower and more")
    try:
        choice = deepdream.choose_engine(options.engine)
        lines.append(f"in use: {choice.name}")
    except deepdream.DeepDreamError as error:
        lines.append(f"in use: none; {error}")
    if found and not found.reason:
        where = verdict.verdict_file()
        lines.append(f"the verdict is kept in {where}" if verdict.recall() else
                     f"the verdict cannot be kept in {where}, so that it is found out at each start")
    advice += what_to_do(reason or next(filter(None, found.sets.values() if found else []), ""))
    return lines


SHORTER = "small pictures, --octaves 3 and --steps 5 keep the time short"


def what_to_do(reason: str) -> Lines:
    """About machine code that cannot be used."""
    for words, todo in (
            ("switched off", f"take {verdict.SWITCH} out of the environment"),
            (verdict.SWITCH, f"take {verdict.SWITCH} out of the environment, or make it {' or '.join(verdict.NAMES)}"),
            ("32-bit", "install a 64-bit Python: machine code needs it"),
            ("make memory executable", "run deepdream where SELinux (execmem), systemd (MemoryDenyWriteExecute) or a "
             "hardened program around Python does not forbid code written at run time; Python from python.org may do"),
            ("no machine code for", f"nothing: for this kind of machine there is only plain Python; {SHORTER}"),
            ("has neither", f"nothing: the processor is too old; {SHORTER}"),
            ("no memory", "end other programs, or give this one more memory"),
            ("no process", "let this program start another one for a moment, and run deepdream doctor again"),
            ("the trial", "run deepdream doctor once more; if it stays so, this is a fault of deepdream: report these "
             "lines"),
            ("wrong numbers", "this is a fault of deepdream: report these lines")):
        if words in reason:
            return [todo]
    return [reason] if reason else []


def about_network(options: SimpleNamespace, advice: Lines) -> Lines:
    try:
        path, how = deepdream.choose_model(options.model)
        size, hash256 = os.path.getsize(path), sha256(path)
        known = known_network(path, size, hash256)
        lines = [f"{path} ({how})", f"{size} bytes, SHA-256 {hash256}", known or "not one of those that are known here"]
        if not known and os.path.basename(path) == "InceptionV1.pb" and not options.model:
            advice.append(f"{path} is neither the shipped network nor the original: take it from the project again, or "
                          "run deepdream download")
    except deepdream.DeepDreamError as error:
        return [str(error)]
    except OSError as error:
        advice.append(f"{path}: cannot be read ({error.strerror}); get it again")
        return advice[-1:]
    return lines


def known_network(path: str, size: int, hash256: str) -> str:
    with open(inception_graph.__file__) as file:
        if f"sha256 {hash256}" in file.readline():
            return "the shipped network, as it should be"
    with open(path, "rb") as weights:
        digest = hashlib.sha1(b"blob %d\0" % size)
        while block := weights.read(2 ** 20):
            digest.update(block)
    return "the original's, as it should be" if digest.hexdigest() == ORIGINAL_FILES["InceptionV1.pb"][0] else ""


def about_step(options: SimpleNamespace, advice: Lines) -> Lines:
    """Of a dream, the fastest of some; and what the user is told whenever this network is used."""
    notes: Lines = []
    options.tell = notes.append
    try:
        with deepdream.open_network(options) as network:
            slow = network.choice.make is deepdream.PythonEngine
            height, width = network.model.size()
            if slow:
                height = width = max(PYTHON_TILE, network.model.smallest)
            best = fastest_step(network, height, width, 1 if slow else 5)
            jobs = getattr(network.engine(height, width), "jobs", 1)
    except deepdream.DeepDreamError as error:
        advice.append(str(error))
        return [f"not measured: {error}"]
    threads = f"{jobs} thread{'s' * (jobs > 1)}" if not slow else f"{jobs} process{'es' * (jobs > 1)}"
    how_long = f"{1000 * best:.1f} ms" if best < 1 else duration(best)
    return [f"{how_long} on a tile of {width} x {height} ({network.choice.name}, {threads})",
            *(note for note in notes if not note.startswith("model: "))]


def fastest_step(network: deepdream.Network, height: int, width: int, times: int) -> float:
    engine: Any = network.engine(height, width)
    engine.load_tile(bytearray(i * i % 251 for i in range(3 * height * width)))
    stop, best = network.number(network.model.layer) + 1, float("inf")
    for _ in range(times + (times > 1)):    # the first one also plans
        began = time.perf_counter()
        engine.forward(stop)
        engine.seed({network.name(network.model.layer): None})
        engine.backward(stop)
        engine.ascend(1.5)
        best = min(best, time.perf_counter() - began)
    return best
