"""Whether machine code works here: a trial in another process, which may die of it, and a verdict that is kept.

The trial (trial.py) runs a small network of every kind of layer, forwards and backwards, by each instruction set, and
compares it with the Python engine. If it crashes, gives wrong numbers or says nothing for 10 seconds, machine code is
not used, and one line says why. The verdict is kept in the user's cache folder, and holds as long as these modules,
this Python, the system and the processor are the same: to read it takes a millisecond or two.

It is a child of this process, forked where a forked Python may go on as it likes, else a fresh interpreter. Nothing
here, in the parent, loads ctypes or runs machine code before the verdict.
"""

from __future__ import annotations

import _thread
import binascii
import contextlib
import functools
import os
import struct
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import deepdream

from . import systems

SILENCE, TICK = 10.0, 0.1   # seconds after which a child that says nothing is given up, and how they are counted
SWITCH = "DEEPDREAM_JIT"    # in the environment: 0, or the name of an instruction set
NAMES = "avx512", "avx2", "neon"
KILLED = "(signal 9)"       # on Linux for want of memory, which may be different next time


@functools.cache
def probe() -> tuple[str, str]:
    """(instruction set to use, "") or ("", why there is none)."""
    reason = ruled_out()
    if reason:
        return "", reason
    try:
        return chosen(recall() or find_out())
    except systems.Refused as refused:
        return "", str(refused)


def unavailable() -> str:
    """Why machine code cannot be used here; empty if it can."""
    return probe()[1]


def ruled_out() -> str:
    """Why there is no need to try; empty if there is."""
    wish = os.environ.get(SWITCH, "")
    if wish == "0":
        return f"switched off by {SWITCH}=0"
    if wish not in ("", "1", *NAMES):
        return f"{SWITCH}={wish} in the environment; expected 0 or one of {', '.join(NAMES)}"
    try:
        systems.here()
    except systems.Refused as refused:
        return str(refused)
    machine = systems.processor()
    if machine not in ("x86_64", "aarch64"):
        return f"no machine code for {machine}"
    return "" if struct.calcsize("P") == 8 else "a 32-bit Python"


class Verdict(NamedTuple):
    """What a trial found out."""
    processor: str                              # see memory.processor_name
    sets: dict[str, str]                        # instruction sets there are, best first: "" or what was wrong
    reason: str = ""                            # why none could be tried


def chosen(verdict: Verdict) -> tuple[str, str]:
    """What `probe` returns."""
    wish = os.environ.get(SWITCH, "")
    if verdict.reason:
        return "", verdict.reason
    if wish in NAMES and wish not in verdict.sets:
        return "", f"the processor has no {wish}, which {SWITCH} asks for"
    reasons = {name: why for name, why in verdict.sets.items() if wish in ("", "1", name)}
    name = next((name for name, why in reasons.items() if not why), "")
    if name:
        return name, ""
    if reasons:
        return "", next(iter(reasons.values())) + "; deepdream doctor tries again"
    return "", "the processor has neither AVX-512 nor AVX2 with FMA and BMI2"


# ---- The verdict -----------------------------------------------------------------------------------------------------

def cache_folder() -> str:
    """Where what can be found out again is kept: deepdream/ in the user's folder for that, by the system's custom."""
    home = os.path.expanduser("~")
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or os.path.join(home, "AppData", "Local")
        return os.path.join(base, "deepdream", "Cache")
    if sys.platform == "darwin":
        return os.path.join(home, "Library", "Caches", "deepdream")
    base = os.environ.get("XDG_CACHE_HOME", "")
    if not os.path.isabs(base):    # the XDG specification: relative values are to be ignored
        base = os.path.join(home, ".cache")
    return os.path.join(base, "deepdream")


def verdict_file() -> str:
    """One for each Python."""
    python = binascii.crc32(f"{sys.executable} {sys.version}".encode("utf-8", "replace"))
    return os.path.join(cache_folder(), f"machine-code-{python:08x}.txt")


@functools.cache
def circumstances() -> str:
    """One line for the verdict: it holds where this is the same."""
    folder, program = os.path.dirname(os.path.abspath(__file__)), 0
    for name in sorted(os.listdir(folder)) + [os.path.join("kernels", k) for k in
                                              sorted(os.listdir(os.path.join(folder, "kernels")))]:
        if name.endswith((".py", ".pyc")):
            with open(os.path.join(folder, name), "rb") as file:
                program = binascii.crc32(file.read(), program)
    system = tuple(os.uname()) if hasattr(os, "uname") else tuple(sys.getwindowsversion())    # type: ignore[attr-defined]
    return " ".join(f"{deepdream.__version__}-{program:08x} {sys.version} {sys.executable} {system}".split())


def recall() -> Verdict | None:
    """The verdict that is kept, if it still holds."""
    path = verdict_file()
    try:
        if not os.path.isfile(path):            # opening a pipe could wait for ever
            return None
        with open(path, encoding="utf-8") as file:
            _, where, processor, *lines = file.read().splitlines()
        verdict = Verdict(processor, {name: why for name, _, why in (line.partition(": ") for line in lines)})
        if where != circumstances() or not verdict.sets.keys() <= set(NAMES):
            return None
    except (OSError, ValueError):
        return None
    if "" in verdict.sets.values():
        from .memory import processor_name
        if processor_name() != processor:
            return None
    return verdict


def keep(verdict: Verdict) -> None:
    """For the next start; where there is no place for it, that will have to find out again."""
    path = verdict_file()
    with contextlib.suppress(OSError, ValueError):
        lines = ["whether deepdream's machine code works here; `deepdream doctor` tries again", circumstances(),
                 verdict.processor, *(f"{name}: {why}" for name, why in verdict.sets.items())]
        if os.path.isabs(path):    # else nobody knows whose home this is
            os.makedirs(os.path.dirname(path), exist_ok=True)
            deepdream.replace_file(path, "\n".join([*lines, ""]).encode())


# ---- The trial -------------------------------------------------------------------------------------------------------

def find_out() -> Verdict:
    """Try each instruction set in a child, in another one if one dies, and keep what was found."""
    sets: dict[str, str] = {}
    processor = ""
    while True:
        try:
            lines, end = listen(*start(list(sets)))
        except OSError as error:
            return Verdict(processor, {}, f"no process to try machine code in ({error.strerror})")
        said = dict(line.partition(": ")[::2] for line in lines)
        if "refused" in said:
            return Verdict(processor, {}, said["refused"])
        processor = said.get("processor", "")
        if "done" not in said and said.get("begins", "") in ("", *sets):    # the same again, or no instruction set's
            return Verdict(processor, {}, end)                             # fault
        sets.update((name, said.get(name, end).removeprefix("right")) for name in NAMES
                    if name in said or "done" not in said and name == said["begins"])
        if "done" in said:
            verdict = Verdict(processor, {name: sets[name] for name in NAMES if name in sets})
            if not (systems.here().forks and any(why.endswith(KILLED) for why in sets.values())):
                keep(verdict)
            return verdict


def start(skip: list[str]) -> tuple[int, Callable[[], object], Callable[[], int | None]]:
    """A child that tries all instruction sets but those of `skip`: the pipe of what it says, a way to kill it, and a
    way to wait for its exit status (None where the system does not tell)."""
    if systems.here().forks and _thread._count() == 0:
        return fork(skip)
    return launch(skip)


def fork(skip: list[str]) -> tuple[int, Callable[[], object], Callable[[], int | None]]:
    ours, theirs = os.pipe()
    try:
        child = os.fork()
    except OSError:
        os.close(ours)
        os.close(theirs)
        raise
    if child == 0:
        try:
            os.close(ours)
            serve(theirs, skip)
        finally:
            os._exit(0)
    os.close(theirs)

    def wait() -> int | None:
        try:
            return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        except ChildProcessError:    # SIGCHLD is ignored, which programs inherit
            return None

    return ours, lambda: os.kill(child, 9), wait


def launch(skip: list[str]) -> tuple[int, Callable[[], object], Callable[[], int | None]]:
    import subprocess
    if getattr(sys, "frozen", False) or "python" not in os.path.basename(sys.executable or "").lower():
        raise OSError(0, f"{sys.executable or 'this program'} is not Python")
    places = [os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__)))),
              os.path.dirname(os.path.abspath(str(deepdream.__file__)))]
    program = (f"import sys; sys.path[:0] = {places!r}\n"
               f"from deepdream_extras.simd import verdict; verdict.serve(1, {skip!r})")
    child = subprocess.Popen([sys.executable, "-I", *["-B"] * sys.dont_write_bytecode, "-c", program],
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL,
                             creationflags=getattr(subprocess, "CREATE_NO_WINDOW", 0))
    assert child.stdout
    return os.dup(child.stdout.fileno()), child.kill, lambda: end_of(child)


def end_of(child: Any) -> int:
    child.stdout.close()
    return child.wait()


def listen(pipe: int, kill: Callable[[], object], wait: Callable[[], int | None]) -> tuple[list[str], str]:
    """The lines that a child says, and how it came to its end."""
    import threading
    lines, silent = [], threading.Event()

    def be_patient(heard: threading.Event) -> None:
        """In ticks: what stops all processes (a frozen container, a closed lid) shall not count."""
        if not any(heard.wait(TICK) for _ in range(round(SILENCE / TICK))):
            silent.set()
            kill()

    try:
        with os.fdopen(pipe, encoding="utf-8", errors="replace") as file:
            while True:
                heard = threading.Event()
                patience = threading.Thread(target=be_patient, args=(heard,), daemon=True)
                patience.start()
                try:
                    line = file.readline()
                finally:
                    heard.set()
                patience.join()     # while there is a thread, no other child can be forked
                if not line:
                    break
                lines.append(line.rstrip("\n"))
    except BaseException:    # Ctrl-C
        kill()
        wait()
        raise
    status = wait()
    if silent.is_set():
        return lines, f"the trial of machine code said nothing for {SILENCE:g} seconds"
    how = "" if status is None else f" (signal {-status})" if status < 0 else f" (status {status:#x})"
    return lines, "the trial of machine code failed" + how


def serve(pipe: int, skip: list[str]) -> None:
    """The child: say what is found out, a line each."""
    import faulthandler
    faulthandler.disable()    # how it ends is for the parent to say
    if sys.platform == "win32":
        import msvcrt
        msvcrt.SetErrorMode(msvcrt.SEM_FAILCRITICALERRORS | msvcrt.SEM_NOGPFAULTERRORBOX)

    def say(line: str) -> None:
        os.write(pipe, (line + "\n").encode("utf-8", "replace"))

    try:
        from . import memory, trial
        say(f"processor: {memory.processor_name()}")
        for name in memory.instruction_sets():
            if name not in skip:
                say(f"begins: {name}")
                wrong = trial.wrong(name)
                say(f"{name}: " + (f"wrong numbers from machine code ({wrong})" if wrong else "right"))
        say("done: ")
    except (systems.Refused, MemoryError) as refused:
        say(f"refused: {str(refused) or 'no memory to try machine code in'}")
