"""What operating systems do differently: a row of SYSTEMS for each.

To run code written at run time takes four things of a system: memory that becomes executable, instruction caches that
see what was written, a function that gives the processor to another thread, and a convention by which C functions are
entered. On aarch64 that convention is the same everywhere (AAPCS64), but that x18 belongs to the system on Windows and
macOS: nothing here ever uses it. On x86-64 Windows has one of its own (see X86.begin_function). Inside, kernels know
nothing of all that; no system is called by number, nothing but its C library is needed.

This module loads ctypes only when a function needs it: in some signed programs on macOS that alone may hang, so it is
first tried in another process (trial.py).
"""

from __future__ import annotations

import functools
import mmap
import os
import sys
from collections.abc import Callable
from typing import Any, NamedTuple

import deepdream


class Refused(deepdream.Refused):
    """Why this machine cannot, or may not, run code written at run time."""


def processor() -> str:
    """"x86_64", "aarch64" or what else this Python was built for, in Linux's words.

    On Windows the compiler is asked, which Python has in its version: "[MSC v.1938 64 bit (AMD64)]"."""
    if hasattr(os, "uname"):
        machine = os.uname().machine.lower()
    else:
        machine = sys.version.rpartition("(")[2].rstrip(")] ").lower()
    return {"amd64": "x86_64", "arm64": "aarch64"}.get(machine, machine)


# ---- Memory ----------------------------------------------------------------------------------------------------------

def private_memory(size: int, purpose: str) -> mmap.mmap:
    """Zeroed memory of this process alone: one that is forked gets a copy, at the same address."""
    try:
        if not hasattr(mmap, "MAP_PRIVATE"):    # Windows, where nothing is forked
            return mmap.mmap(-1, max(size, 1))
        return mmap.mmap(-1, max(size, 1), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    except (OSError, MemoryError, OverflowError):
        raise Refused(f"no memory for {purpose} ({-(-size // 1_000_000)} MB)") from None


def address_of(memory: mmap.mmap) -> int:
    import ctypes
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))


LOADED: list[mmap.mmap] = []    # code stays for the life of the process: nothing ever has to know who still uses it


# ---- POSIX -----------------------------------------------------------------------------------------------------------

@functools.cache
def c_library() -> Any:
    """What of the C library is needed; its functions are in every process."""
    import ctypes
    library = ctypes.CDLL(None, use_errno=True)
    library.mprotect.argtypes = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int
    library.mprotect.restype = ctypes.c_int
    return library


def refusal(error: int) -> Refused:
    return Refused(f"the system does not let a program make memory executable ({os.strerror(error)})")


def by_mprotect(code: bytes) -> int:
    """The address of a copy of the code: written first, executable afterwards, never both."""
    import ctypes
    memory = private_memory(len(code), "machine code")
    memory[:len(code)] = code
    base = address_of(memory)
    if c_library().mprotect(base, len(memory), mmap.PROT_READ | mmap.PROT_EXEC) != 0:
        raise refusal(ctypes.get_errno())
    LOADED.append(memory)    # never written again: that would be a fault now
    return base


def address_in(library: Any, name: str) -> int:
    import ctypes
    return ctypes.cast(getattr(library, name), ctypes.c_void_p).value or 0


def sched_yield() -> int:
    return address_in(c_library(), "sched_yield")


# ---- macOS -----------------------------------------------------------------------------------------------------------
# Where the hardened runtime refuses mprotect, programs with the entitlement allow-jit may still map pages with MAP_JIT,
# which each thread sees either as writable or as executable (Apple, "Porting just-in-time compilers to Apple silicon").

MAP_JIT = 0x800    # in Python's mmap only from 3.13 on


def on_macos(code: bytes) -> int:
    try:
        base = by_mprotect(code)
    except Refused:
        base = by_map_jit(code)
    clear_cache_on_macos(base, len(code))
    return base


def by_map_jit(code: bytes) -> int:
    import ctypes
    try:
        write_protect = c_library().pthread_jit_write_protect_np
        memory = mmap.mmap(-1, len(code), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS | MAP_JIT,
                           prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    except (OSError, AttributeError) as error:
        raise refusal(getattr(error, "errno", 0) or ctypes.get_errno()) from None
    write_protect.argtypes, write_protect.restype = (ctypes.c_int,), None
    write_protect(0)
    try:
        memory[:len(code)] = code
    finally:
        write_protect(1)
    LOADED.append(memory)
    return address_of(memory)


def clear_cache_on_macos(base: int, size: int) -> None:
    import ctypes
    invalidate = c_library().sys_icache_invalidate
    invalidate.argtypes, invalidate.restype = (ctypes.c_void_p, ctypes.c_size_t), None
    invalidate(base, size)


# ---- Windows ---------------------------------------------------------------------------------------------------------
# Microsoft, "Memory Protection Constants" and the pages of the functions.

MEM_COMMIT_AND_RESERVE, PAGE_READWRITE, PAGE_EXECUTE_READ = 0x3000, 0x04, 0x20


@functools.cache
def kernel32() -> Any:
    import ctypes
    library = ctypes.WinDLL("kernel32", use_last_error=True)    # type: ignore[attr-defined]
    pointer, size, number = ctypes.c_void_p, ctypes.c_size_t, ctypes.c_uint32
    for name, result, arguments in (
            ("VirtualAlloc", pointer, (pointer, size, number, number)),
            ("VirtualProtect", ctypes.c_int, (pointer, size, number, ctypes.POINTER(number))),
            ("GetCurrentProcess", pointer, ()),
            ("FlushInstructionCache", ctypes.c_int, (pointer, pointer, size))):
        function = getattr(library, name)
        function.restype, function.argtypes = result, arguments
    return library


def on_windows(code: bytes) -> int:
    import ctypes
    library, before = kernel32(), ctypes.c_uint32()
    base = library.VirtualAlloc(None, len(code), MEM_COMMIT_AND_RESERVE, PAGE_READWRITE)
    if not base:
        raise Refused("no memory for machine code")
    ctypes.memmove(base, code, len(code))
    if not library.VirtualProtect(base, len(code), PAGE_EXECUTE_READ, ctypes.byref(before)):
        error = ctypes.get_last_error()    # type: ignore[attr-defined]
        raise Refused(f"the system does not let a program make memory executable (error {error})")
    library.FlushInstructionCache(library.GetCurrentProcess(), base, len(code))
    return base


def switch_to_thread() -> int:
    return address_in(kernel32(), "SwitchToThread")


# ---- All of them -----------------------------------------------------------------------------------------------------

class System(NamedTuple):
    platforms: tuple[str, ...]                  # how sys.platform begins there
    executable: Callable[[bytes], int]          # the address of a copy of some code; Refused
    clears_caches: bool                         # whether `executable` does; else instructions do, on aarch64
    give_way: Callable[[], int]                 # the address of a C function that lets other threads run
    windows_calls: bool                         # by which convention C functions are entered on x86-64
    forks: bool                                 # whether a forked Python may go on as it likes


SYSTEMS = (
    System(("linux", "android"), by_mprotect, False, sched_yield, False, True),
    System(("freebsd", "dragonfly", "netbsd", "openbsd"), by_mprotect, False, sched_yield, False, True),
    System(("darwin",), on_macos, True, sched_yield, False, False),
    System(("win32",), on_windows, True, switch_to_thread, True, False),
)


@functools.cache
def here() -> System:
    """The row of this system; Refused if there is none."""
    for row in SYSTEMS:
        if sys.platform.startswith(row.platforms):
            return row
    raise Refused(f"no machine code for {sys.platform}")
