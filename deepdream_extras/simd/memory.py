"""Code in executable memory, and which instruction sets this processor and system have.

Code is written into fresh memory, which then is made executable and no longer writable; it never is both. All code
that Python enters has one form, `int function(address)`, between begin_function and end_function.
"""

from __future__ import annotations

import ctypes
import functools
from collections.abc import Callable

from . import systems
from .arm import Neon
from .assembler import Assembler
from .systems import LOADED, Refused, address_of, private_memory, processor
from .x86 import X86, Avx2, Avx512

__all__ = ["BACKENDS", "LOADED", "Refused", "address_of", "function", "instruction_sets", "load_code", "private_memory",
           "processor"]

BACKENDS: dict[str, type[Assembler]] = {"avx512": Avx512, "avx2": Avx2, "neon": Neon}


def load_code(pieces: list[bytes]) -> list[int]:
    """Put pieces of code into executable memory; returns their addresses."""
    code, places = bytearray(), []
    for piece in pieces:
        places.append(len(code))
        code += piece + bytes(-len(piece) % 64)
    system = systems.here()
    base = system.executable(bytes(code))
    if processor() == "aarch64" and not system.clears_caches:
        clear_cache(base, base + len(code))
    return [base + place for place in places]


def function(code: bytes) -> Callable[[int], int]:
    """Code as a function of an address, to be called without the lock that Python's threads share."""
    return as_function(load_code([code])[0])


def as_function(address: int) -> Callable[[int], int]:
    return ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(address)


@functools.cache
def cache_clearer() -> Callable[[int], int]:
    """Of a block: address and end of new code. That function is new code too: when memory becomes executable for the
    first time the system itself sees to it that processors read what was written (Linux, FreeBSD)."""
    asm = Neon()
    asm.begin_function(8)
    asm.clear_cache()
    asm.end_function(8, 0)
    return as_function(systems.here().executable(asm.finish()))


def clear_cache(begin: int, end: int) -> None:
    """aarch64 processors read code through a cache that does not see what was just stored."""
    block = (ctypes.c_int64 * 2)(begin, end)
    cache_clearer()(ctypes.addressof(block))


@functools.cache
def identify() -> Callable[[int], int]:
    """Of a block of 32-bit numbers, what the processor says of itself: see X86.identify."""
    asm = X86()
    asm.begin_function(8)
    asm.identify()
    asm.end_function(8, 0)
    return function(asm.finish())


def cpuid(leaf: int, saved: bool = False) -> tuple[int, ...]:
    """eax, ebx, ecx, edx; with `saved` instead: which registers the system saves when it switches threads."""
    block = (ctypes.c_uint32 * 5)(leaf, saved)
    identify()(ctypes.addressof(block))
    return tuple(block[1:])


def instruction_sets() -> list[str]:
    """The instruction sets this processor and system have, best first (Intel SDM volume 1, 14.3 and 15.2)."""
    if processor() == "aarch64":
        return ["neon"]    # part of what every system of that processor asks for

    def has(word: int, *bits: int) -> bool:
        return all(word >> bit & 1 for bit in bits)

    last_leaf = cpuid(0)[0]
    ecx = cpuid(1)[2]
    if last_leaf < 7 or not has(ecx, 12, 27, 28):                # FMA, OSXSAVE, AVX
        return []
    saved = cpuid(0, True)[0]
    ebx = cpuid(7)[1]
    if not has(saved, 1, 2) or not has(ebx, 5, 8):               # xmm and ymm are saved; AVX2, BMI2
        return []
    if has(saved, 5, 6, 7) and has(ebx, 16):                     # k0-7, upper halves, zmm16-31 are saved; AVX512F
        return ["avx512", "avx2"]
    return ["avx2"]


def processor_name() -> str:
    """What tells processors apart that may need different verdicts: name, model, abilities."""
    if processor() == "aarch64":
        return "aarch64"
    name = "".join(chr(word >> shift & 255) for leaf in (0x80000002, 0x80000003, 0x80000004) for word in cpuid(leaf)
                   for shift in (0, 8, 16, 24)) if cpuid(0x80000000)[0] >= 0x80000004 else "x86_64"
    abilities = *cpuid(1)[2:], *cpuid(7)[1:]
    return f"{' '.join(name.strip(chr(0)).split())} ({cpuid(1)[0]:x} {' '.join(f'{word:x}' for word in abilities)})"
