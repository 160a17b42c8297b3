"""This Python as if it ran on another system, as far as deepdream asks: what that system's functions are called with
is recorded, and Linux does what they should. A program for tests (test_systems.py, aarch64_check.py):

    PYTHONPATH=.:test python3 test/pretend.py windows BRIDGE trial         (BRIDGE: run_tape.c as a library)
    PYTHONPATH=.:test python3 test/pretend.py windows BRIDGE tape FILE     a dream step for run_tape.c to run
    PYTHONPATH=.:test python3 test/pretend.py here - tape FILE             the same for this system's convention
"""

import ctypes
import errno
import hashlib
import math
import mmap
import os
import select
import signal
import struct
import sys

import deepdream
from deepdream_extras.simd import memory, systems, tape, trial
from deepdream_extras.simd.arm import Neon
from deepdream_extras.simd.engine import SimdEngine

LINUX = ctypes.CDLL(None, use_errno=True)
LINUX.mmap.restype, LINUX.mmap.argtypes = ctypes.c_void_p, (ctypes.c_void_p, ctypes.c_size_t, *[ctypes.c_int] * 3,
                                                            ctypes.c_long)
LINUX.mprotect.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
READ_WRITE, READ_EXECUTE, PRIVATE_ANONYMOUS = 3, 5, 0x22
CALLS = []              # (name, arguments) of what was asked of the system
EXECUTABLE = {}         # address -> size of executable memory
LOST = set()            # registers that were not kept
NOTHING = bytes(1 << 16)


class Recorder:
    """A library: its functions take attributes, as those of ctypes do."""

    def __init__(self):
        for name in dir(self):
            if not name.startswith("_"):
                setattr(self, name, self._recorded(name, getattr(self, name)))
        self.SwitchToThread = self.sched_yield = LINUX.sched_yield

    @staticmethod
    def _recorded(name, function):
        def call(*arguments):
            CALLS.append((name, arguments))
            return function(*arguments)
        return call


# ---- Windows ---------------------------------------------------------------------------------------------------------

class Kernel32(Recorder):
    def VirtualAlloc(self, address, size, kind, protection):
        assert (address, kind, protection) == (None, 0x3000, 4)
        found = LINUX.mmap(None, size, READ_WRITE, PRIVATE_ANONYMOUS, -1, 0)
        return found if found != (1 << 64) - 1 else None

    def VirtualProtect(self, address, size, protection, before):
        assert protection == 0x20 and address % mmap.PAGESIZE == 0
        before._obj.value = 4
        EXECUTABLE[address] = size
        return LINUX.mprotect(address, size, READ_EXECUTE) == 0

    def GetCurrentProcess(self):
        return (1 << 64) - 1

    def FlushInstructionCache(self, process, address, size):
        assert process == (1 << 64) - 1 and EXECUTABLE[address] == size
        return 1


    def GlobalMemoryStatusEx(self, status):
        assert status[0] == ctypes.sizeof(status) == 64
        status[1], status[2] = 8 << 30, 5 << 30
        return 1


class Version(tuple):
    platform_version, product_type, service_pack_major, service_pack_minor = (10, 0, 19045), 1, 0, 0


def windows(bridge):
    """All that Python has not there is taken away; modules that look for it as they are loaded stay Linux's."""
    import platform  # noqa: F401
    import subprocess  # noqa: F401
    import tempfile  # noqa: F401
    kernel32 = Kernel32()

    def WinDLL(name, use_last_error):
        assert (name, use_last_error) == ("kernel32", True)
        return kernel32

    machine = {"x86_64": "AMD64", "aarch64": "ARM64"}[os.uname().machine]
    ctypes.WinDLL, ctypes.get_last_error = WinDLL, lambda: 1655
    sys.platform, sys.version = "win32", f"3.13.1 (tags/v3.13.1, Dec  3 2024) [MSC v.1942 64 bit ({machine})]"
    sys.getwindowsversion = lambda: Version((10, 0, 19045, 2, ""))
    for module, names in ((os, "fork uname sched_getaffinity register_at_fork getppid getuid geteuid waitid getloadavg "
                               "sysconf chown mkfifo WNOHANG killpg setsid"),
                          (signal, "pthread_sigmask SIGHUP SIGCHLD SIGKILL SIGQUIT setitimer alarm sigwait SIG_BLOCK "
                                   "SIG_SETMASK SIG_UNBLOCK"),
                          (select, "poll epoll"),
                          (mmap, "MAP_PRIVATE MAP_ANONYMOUS MAP_SHARED PROT_READ PROT_WRITE PROT_EXEC MADV_HUGEPAGE")):
        for name in names.split():
            if hasattr(module, name):
                delattr(module, name)
    if machine == "ARM64":
        memory.as_function = kept_on_arm
    else:
        library = ctypes.CDLL(bridge)
        library.through.argtypes = ctypes.c_void_p, ctypes.c_void_p

        def as_function(address):
            return lambda block: library.through(address, block)

        memory.as_function = as_function
        LOST_REGISTERS.append(ctypes.c_uint.in_dll(library, "all_lost"))


LOST_REGISTERS = []


# ---- macOS -----------------------------------------------------------------------------------------------------------

class LibSystem(Recorder):
    refuses = False    # as the hardened runtime

    def mprotect(self, address, size, protection):
        assert protection == READ_EXECUTE and address % mmap.PAGESIZE == 0
        if LibSystem.refuses:
            ctypes.set_errno(errno.EACCES)
            return -1
        EXECUTABLE[address] = size
        return LINUX.mprotect(address, size, protection)

    def sys_icache_invalidate(self, address, size):
        assert any(start <= address < start + length for start, length in EXECUTABLE.items()) or LibSystem.refuses

    def pthread_jit_write_protect_np(self, on):
        pass


def macos(refuses):
    library = LibSystem()
    LibSystem.refuses = refuses == "refuses"
    systems.c_library = lambda: library
    sys.platform = "darwin"
    if systems.processor() == "aarch64":
        memory.as_function = kept_on_arm
    for module, name in ((os, "sched_getaffinity"), (mmap, "MADV_HUGEPAGE")):
        if hasattr(module, name):
            delattr(module, name)


# ---- Registers of aarch64 --------------------------------------------------------------------------------------------

KEPT = (18, *range(20, 29))     # x18 belongs to the system, the others to the caller; x19 holds the block here


def kept_on_arm(address):
    """A function that calls the one at `address` with a pattern in each register that must be kept, and looks."""
    asm = Neon()
    asm.begin_function(8)
    asm.move(19, asm.ARGUMENTS)
    for r in KEPT:
        asm.set(r, 0x5AA5000000000000 + r)
    asm.load_word(0, 19, 8)
    asm.call(19, 0)
    asm.store_word(19, 16, 0)
    for i, r in enumerate(KEPT):
        asm.store_word(19, 24 + 8 * i, r)
    asm.end_function(8, 0)
    code = asm.finish()
    if code not in CHECKERS:
        CHECKERS[code] = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(in_linux(code))

    def call(block):
        words = (ctypes.c_int64 * (3 + len(KEPT)))(address, block)
        CHECKERS[code](ctypes.addressof(words))
        LOST.update(f"x{r}" for r, word in zip(KEPT, words[3:]) if word != 0x5AA5000000000000 + r)
        return words[2]

    return call


CHECKERS = {}


def in_linux(code):
    at = LINUX.mmap(None, len(code), READ_WRITE, PRIVATE_ANONYMOUS, -1, 0)
    ctypes.memmove(at, code, len(code))
    assert LINUX.mprotect(at, len(code), READ_EXECUTE) == 0
    return at


# ---- What is run there -----------------------------------------------------------------------------------------------

def run_trial():
    """The trial, and a dream step of Inception; prints a digest of its numbers."""
    system = systems.here()
    for name in memory.instruction_sets():
        assert trial.wrong(name) == "", trial.wrong(name)
        engine, _ = dream_step(name)
        numbers = hashlib.sha256(bytes(engine.gradient("data")) + engine.store_tile()).hexdigest()
        engine.close()
        print(name, system.platforms[0], numbers, "lost:", *sorted(LOST), *(lost.value for lost in LOST_REGISTERS))
    print(*dict.fromkeys(name for name, _ in CALLS))


def dream_step(name):
    """An engine that has done a step, and its tapes."""
    model = deepdream.load_model(deepdream.data_file("InceptionV1.pb"))
    engine = SimdEngine(model.operations, model.weights, 64, 64, 2, model.input, name)
    layer = "inception_4c_output" if name != "neon" else "inception_3b_output"    # emulators are slow
    stop = engine.numbers[layer] + 1
    engine.load_tile(bytearray(int(128 + 127 * math.sin(0.7 * i)) for i in range(3 * 64 * 64)))
    before = engine.read("data")
    engine.forward(stop)
    engine.seed({layer: None})
    engine.backward(stop)
    forward, *backward = (tape for key, tape in engine.tapes.items() if key[0] in ("forward", "backward"))
    engine.before = before
    return engine, [forward, *backward]


def write_tape(path):
    """The memory of a dream step as it is before and after, for run_tape.c."""
    name = memory.instruction_sets()[0]
    engine, tapes = dream_step(name)
    arena = engine.memory
    after = ctypes.string_at(arena.base, arena.end - arena.base)
    engine.write("data", engine.before)
    for step in tapes:
        step.rewind()
    places = [(arena.base, arena.end - arena.base)]
    scratch = memory.address_of(engine.threads.scratch), len(engine.threads.scratch)
    for words in (*engine.threads.states, *(t.words for t in tapes), *(t.lists for t in tapes), *engine.planner.keep):
        places.append((words.buffer_info()[0], len(words) * words.itemsize))
    places += [(t.first, len(t.fresh)) for t in tapes]
    driver = memory.load_code([driver_code(name)])[0]
    code = list(EXECUTABLE.items()) or [(memory.address_of(m), len(m)) for m in systems.LOADED]
    chunks = {}
    for at, size in [*places, *code, scratch]:
        for chunk in range(at >> 16, (at + size - 1 >> 16) + 1):
            chunks.setdefault(chunk, bytearray(1 << 16))
    for at, size in [*places, *code]:
        data, done = ctypes.string_at(at, size), 0
        while done < size:
            chunk, offset = at + done >> 16, at + done & 0xFFFF
            count = min(size - done, (1 << 16) - offset)
            chunks[chunk][offset:offset + count] = data[done:done + count]
            done += count
    page = mmap.PAGESIZE
    with open(path, "wb") as file:
        def put(*numbers):
            file.write(struct.pack(f"<{len(numbers)}Q", *numbers))

        put(len(chunks))
        for chunk, data in sorted(chunks.items()):
            put(chunk << 16, 1 << 16, data != NOTHING[:len(data)])
            file.write(data if data != NOTHING[:len(data)] else b"")
        put(len(code))
        for at, size in code:
            put(at // page * page, -(-size // page) * page)
        put(driver, *(state.buffer_info()[0] for state in engine.threads.states))
        put(len(tapes), *(number for t in tapes for number in (t.first, t.end)))
        pieces = [(at, after[at:at + (1 << 16)]) for at in range(0, len(after), 1 << 16)]
        put(len(pieces))
        for at, data in pieces:
            put(arena.base + at, len(data), data != NOTHING[:len(data)])
            file.write(data if data != NOTHING[:len(data)] else b"")


def driver_code(name):
    asm = memory.BACKENDS[name]()
    tape.driver(asm)
    return asm.finish()


def main():
    system, how, what, *words = sys.argv[1:]
    {"windows": windows, "macos": macos, "here": lambda how: None}[system](how)
    if what == "trial":
        run_trial()
    elif what == "tape":
        write_tape(*words)
    else:
        sys.argv = ["deepdream", what, *words]
        sys.exit(deepdream.main())


if __name__ == "__main__":
    main()
