#!/usr/bin/env python3
"""The layers of the network as machine code that Python writes at run time: the fast engine of deepdream.

    >>> engine = SimdEngine(inception_graph.OPERATIONS, model.operands(), 224, 224, jobs=2)

has the methods of deepdream.PythonEngine and several hundred times its speed, with nothing installed. It needs
Linux on a 64-bit x86 processor with AVX2 and FMA (any since 2013 or so), better with AVX-512, or on a 64-bit ARM
processor (aarch64, with NEON); unavailable() says what is missing. `python3 deepdream.py --engine simd ...` insists on
it; DEEPDREAM_JIT=0 in the environment forbids it.
It leaves out training: no gradients of weights; and max pooling with windows larger than 3 x 3.

What machine code is. A processor executes bytes: `c4 e2 7d b8 d9` multiplies the eight floats in vector register 0
by the eight in register 1 and adds the products to register 3. A compiler turns text into such bytes; here Python
functions do, one for each kind of layer. They are called kernels, and read like this:

    with asm.repeat(k, loops):           the bytes for "k = loops", then the body, then "k -= 1, and again if not 0"
        asm.v_load(w, weights)           the bytes for "vector register w = the floats at the address in `weights`"
        asm.v_fma(sum, x, w)             the bytes for "sum += x * w"

When such a function runs nothing is computed yet: each call appends a few bytes to asm.code. All the `for` and `if` of
Python are gone in what comes out; sizes, strides and paddings of one layer have become constants in it. Then mmap
gives memory, the bytes are put there, the memory is made executable, and ctypes calls it as if it were a C function.

The instructions are the methods of the classes X86 (numbers and jumps), Avx (vectors), and Avx2 and Avx512, which
know how these look on the two kinds of x86 processors; Neon has the same methods for ARM. Kernels are written once
for all of them: a vector is asm.V floats, numbers at the end of a row that do not fill one are its tail.

Where the speed comes from. 95% of the work is convolutions, and a convolution is a matrix product in disguise: see
`convolution`. It keeps 20 to 28 vectors of sums in registers, so that a multiply-add hardly ever waits for memory.
A core can do two of them per clock cycle, 16 floats each; 85 to 90% of that is reached in the 3x3 layers. The rest is
in the order of things: weights copied once into the order of their use (`pack...`) and used in parts that the
first-level cache holds, tensors with a border of zeros so that no kernel asks where the picture ends, the parts of a
concatenation written where they belong, ReLU and its gradient done in passing, and a whole pass over the network as
one call per thread ("The driver").

Why it is safe. Memory is first written and then made executable, never both at a time. Kernels touch only memory that
the engine planned for them, at addresses fixed when the plan was made. Nothing is used before the processor says that
it has it (cpuid) and that the system saves its registers (xgetbv), and a child process has tried a few instructions
first. Where the system forbids such things, deepdream goes on with PythonEngine.

Names: h w c height, width, channels; kh kw ci co kernel height, kernel width, channels in and out; x a layer's input,
y its output, dx and dy their gradients; V floats per vector. Distances are in bytes unless they say otherwise.
"""

from __future__ import annotations

import _thread
import array
import contextlib
import ctypes
import functools
import math
import mmap
import os
import platform
import signal
import struct
import sys
import weakref
from collections.abc import Iterator, Sequence
from typing import Any

# ---- Assembler -------------------------------------------------------------------------------------------------------
# Machine instructions as bytes. The kernels below are written in a small language of about 40 instructions
# (the methods of X86 and its subclasses, and those of Neon); only this section knows what they look like in memory.
#
# An x86 vector instruction is: prefix (which carries a third register and the high bits of the other two), opcode,
# ModRM (a register, and a register or the base of an address), then the address's distance from the base.

RAX, RCX, RDX, RBX, RSP, RBP, RSI, RDI, R8, R9, R10, R11, R12, R13, R14, R15 = range(16)
CODE = -1    # as the base of an address: the instruction pointer; used for constants that lie behind the code


def u8(*values: int) -> bytes:
    return bytes(values)


def i32(value: int) -> bytes:
    return struct.pack("<i", value)


def address(register: int, base: int, distance: int, unit: int = 1) -> bytes:
    """ModRM, SIB and distance of `[base + distance]`; a distance in one byte counts `unit` bytes."""
    reg = (register & 7) << 3
    if base == CODE:
        return u8(reg | 5) + i32(distance)
    rm = base & 7
    sib = b"\x24" if rm == 4 else b""    # rsp and r12 as a base need the longer form
    if distance == 0 and rm != 5:        # rbp and r13 have no form without a distance
        return u8(reg | rm) + sib
    if distance % unit == 0 and -128 <= distance // unit <= 127:
        return u8(0x40 | reg | rm) + sib + struct.pack("b", distance // unit)
    return u8(0x80 | reg | rm) + sib + i32(distance)


@functools.cache
def vex(pp: int, table: int, opcode: int, register: int, source: int, operand: int | tuple, immediate: bytes = b"",
        wide: bool = True) -> bytes:
    """An AVX instruction on 256 (wide) or 128 bits: register, source and an operand (register or (base, distance))."""
    if isinstance(operand, tuple):
        base, distance = operand
        rest = address(register, base, distance)
    else:
        base = operand
        rest = u8(0xC0 | (register & 7) << 3 | operand & 7)
    high_b = base >> 3 & 1 if base != CODE else 0
    return u8(0xC4, (~register >> 3 & 1) << 7 | 1 << 6 | (1 - high_b) << 5 | table,
              (~source & 15) << 3 | wide << 2 | pp, opcode) + rest + immediate


@functools.cache
def evex(pp: int, table: int, opcode: int, register: int, source: int, operand: int | tuple, immediate: bytes = b"",
         unit: int = 64, broadcast: bool = False, mask: int = 0, zeroing: bool = False) -> bytes:
    """An AVX-512 instruction on 512 bits. `mask`: only the lanes set in that mask register, the others become zero
    (zeroing) or stay; `broadcast`: the memory operand is one float for all lanes."""
    if isinstance(operand, tuple):
        base, distance = operand
        x, b = 0, base >> 3 & 1 if base != CODE else 0
        rest = address(register, base, distance, 4 if broadcast else unit)
    else:
        x, b = operand >> 4 & 1, operand >> 3 & 1
        rest = u8(0xC0 | (register & 7) << 3 | operand & 7)
    return u8(0x62, (~register >> 3 & 1) << 7 | (1 - x) << 6 | (1 - b) << 5 | (~register >> 4 & 1) << 4 | table,
              (~source & 15) << 3 | 4 | pp,
              zeroing << 7 | 2 << 5 | broadcast << 4 | (~source >> 4 & 1) << 3 | mask, opcode) + rest + immediate


@functools.cache
def scalar(opcode: bytes, register: int, operand: int | tuple, immediate: bytes = b"", wide: bool = True) -> bytes:
    """An instruction on the 64-bit (wide) or 32-bit general registers."""
    base = operand[0] if isinstance(operand, tuple) else operand
    rex = 0x40 | wide << 3 | (register >> 3 & 1) << 2 | (base >> 3 & 1 if base != CODE else 0)
    if isinstance(operand, tuple):
        rest = address(register, *operand)
    else:
        rest = u8(0xC0 | (register & 7) << 3 | operand & 7)
    return u8(rex) + opcode + rest + immediate


class Assembler:
    """What the instruction sets have in common: the code so far, labels, loops."""

    name: str
    registers: tuple[int, ...]

    def __init__(self) -> None:
        self.code = bytearray()
        self.labels: dict[int, int] = {}              # label -> its place in the code
        self.jumps: list[tuple[int, int]] = []        # (place of a jump's distance, label)
        self.constants: dict[bytes, list[int]] = {}   # constant -> the places that hold its distance
        self.next_label = 0

    def pointers(self, count: int) -> tuple[int, ...]:
        """`count` different general registers."""
        return self.registers[:count]

    def label(self) -> int:
        """A new label, to be placed once."""
        self.next_label += 1
        return self.next_label

    def place(self, label: int) -> None:
        self.labels[label] = len(self.code)

    @contextlib.contextmanager
    def repeat(self, counter: int, times: int | None = None) -> Iterator[None]:
        """Run the block `times` times, or (None) as often as the register `counter` says, at least once."""
        if times != 1:
            if times is not None:
                self.set(counter, times)
            top = self.label()
            self.place(top)
        yield
        if times != 1:
            self.count_down(counter, top)

    def set(self, r: int, value: int) -> None:
        raise NotImplementedError

    def count_down(self, counter: int, label: int) -> None:
        raise NotImplementedError


class X86(Assembler):
    """The scalar half of the kernel language, for x86-64.

    Every method appends one instruction (a few: two or three) to `code`. Registers are numbers. Addresses are
    (register, distance in bytes). A kernel finds the address of its arguments in ARGUMENTS and that of its
    thread's scratch memory in SCRATCH, may use all of `registers` and all vector registers, and ends with leave().
    """

    ARGUMENTS, SCRATCH = RDI, RSI
    registers = (RAX, RCX, RDX, RBX, RBP, R8, R9, R10, R11, R12, R13, R14, R15)
    STACK, CLOCK = RSP, (RAX, RDX)
    DRIVER = (RBX, RBP, R12, R13, R14, R15, R9)    # registers that ticks and yield_processor leave alone
    CONDITIONS = {"==": 0x84, "!=": 0x85, "<": 0x8C, ">=": 0x8D, "<=": 0x8E, ">": 0x8F}    # jcc rel32, signed

    def finish(self) -> bytes:
        """The code with all distances filled in and its constants behind it."""
        for place, label in self.jumps:
            self.code[place:place + 4] = i32(self.labels[label] - place - 4)
        for constant in sorted(self.constants, key=len, reverse=True):
            self.code += bytes(-len(self.code) % len(constant))
            for place in self.constants[constant]:
                self.code[place:place + 4] = i32(len(self.code) - place - 4)
            self.code += constant
        return bytes(self.code)

    # Numbers and memory

    def set(self, r: int, value: int) -> None:
        """r = value"""
        if 0 <= value < 1 << 31:
            self.code += scalar(b"\xC7", 0, r, i32(value), wide=False)              # mov r32, imm32
        else:
            self.code += u8(0x48 | r >> 3, 0xB8 | r & 7) + struct.pack("<q", value)  # movabs r, imm64

    def move(self, r: int, source: int) -> None:
        self.code += scalar(b"\x8B", r, source)                                     # mov r, source

    def argument(self, r: int, number: int) -> None:
        """r = argument `number` of the kernel; number 0 is the kernel itself"""
        self.code += scalar(b"\x8B", r, (self.ARGUMENTS, 8 * number))

    def load_word(self, r: int, p: int, at: int = 0) -> None:
        """64 bits"""
        self.code += scalar(b"\x8B", r, (p, at))                                    # mov r, [p + at]

    def store_word(self, p: int, at: int, r: int) -> None:
        self.code += scalar(b"\x89", r, (p, at))                                    # mov [p + at], r

    def load_half(self, r: int, p: int, at: int = 0) -> None:
        """32 bits, zeros above"""
        self.code += scalar(b"\x8B", r, (p, at), wide=False)

    def store_half(self, p: int, at: int, r: int) -> None:
        self.code += scalar(b"\x89", r, (p, at), wide=False)

    def load_byte(self, r: int, p: int, at: int = 0) -> None:
        """8 bits, zeros above"""
        self.code += scalar(b"\x0F\xB6", r, (p, at), wide=False)                    # movzx r32, byte [p + at]

    def store_byte(self, p: int, at: int, r: int) -> None:
        self.code += scalar(b"\x88", r, (p, at))                                    # mov byte [p + at], r8

    # Arithmetic

    def add(self, r: int, source: int) -> None:
        self.code += scalar(b"\x03", r, source)

    def add_constant(self, r: int, value: int) -> None:
        if value:
            self.code += scalar(b"\x81", 0, r, i32(value))                          # add r, imm32

    def subtract(self, r: int, source: int) -> None:
        self.code += scalar(b"\x2B", r, source)

    def multiply(self, r: int, source: int) -> None:
        self.code += scalar(b"\x0F\xAF", r, source)                                 # imul r, source

    def shift_right(self, r: int, bits: int) -> None:
        self.code += scalar(b"\xC1", 5, r, u8(bits))                                # shr r, imm8

    def shift_left(self, r: int, bits: int) -> None:
        self.code += scalar(b"\xC1", 4, r, u8(bits))                                # shl r, imm8

    # Jumps

    def jump(self, label: int) -> None:
        self.code += b"\xE9" + bytes(4)
        self.jumps.append((len(self.code) - 4, label))

    def branch(self, r: int, condition: str, value: int, label: int) -> None:
        """Jump to `label` if r, a signed number, is == != < >= <= > the constant `value`."""
        self.code += scalar(b"\x81", 7, r, i32(value))                              # cmp r, imm32
        self.jump_on(condition, label)

    def branch_register(self, r: int, condition: str, other: int, label: int) -> None:
        self.code += scalar(b"\x3B", r, other)                                      # cmp r, other
        self.jump_on(condition, label)

    def jump_on(self, condition: str, label: int) -> None:
        self.code += u8(0x0F, self.CONDITIONS[condition]) + bytes(4)
        self.jumps.append((len(self.code) - 4, label))

    def count_down(self, counter: int, label: int) -> None:
        """counter -= 1, and jump if it is not 0 now"""
        self.code += scalar(b"\xFF", 1, counter)                                    # dec counter
        self.jump_on("!=", label)

    def leave(self) -> None:
        """The end of a kernel."""
        self.code += b"\xC3"                                                        # ret

    # For the driver only: meeting other threads, the clock, the outside

    def atomic_add(self, p: int, at: int, r: int) -> None:
        """[p + at] += r and r = what was there, as one indivisible step"""
        self.code += b"\xF0" + scalar(b"\x0F\xC1", r, (p, at))                      # lock xadd [p + at], r

    def ticks(self, r: int, spare: int) -> None:
        """r = the processor's clock; r and spare must be rax and rdx"""
        assert (r, spare) == self.CLOCK
        self.code += b"\x0F\x31" b"\x48\xC1\xE2\x20" b"\x48\x09\xD0"                # rdtsc; shl rdx, 32; or rax, rdx

    @staticmethod
    def patience() -> int:
        """Ticks after which a walk over the tape comes back to Python: about 20 ms, so soon Ctrl-C is seen."""
        return 1 << 26

    def acquire(self) -> None:
        """What follows sees what other threads did before what this one just loaded. x86 needs nothing for that."""

    def pause(self) -> None:
        self.code += b"\xF3\x90"

    def yield_processor(self) -> None:
        """Let the system run another thread: sched_yield, system call 24 of Linux. Changes rax, rcx, r11."""
        self.code += b"\xB8\x18\x00\x00\x00" b"\x0F\x05"                            # mov eax, 24; syscall

    def call(self, p: int, at: int) -> None:
        """Call the code whose address lies in memory at p + at."""
        self.code += scalar(b"\xFF", 2, (p, at))

    SAVED = (RBX, RBP, R12, R13, R14, R15)    # a C function must leave these as they were

    def begin_function(self, local: int) -> None:
        """The start of a function that C may call with one argument, then in ARGUMENTS; RSP has `local` bytes free.

        Very small numbers (below 1e-38) are treated as zero inside: some processors take 100 cycles for each.
        """
        for r in self.SAVED:
            self.code += scalar(b"\xFF", 6, r)                                      # push r
        self.code += scalar(b"\x81", 5, RSP, i32(self.frame(local)))                # sub rsp, imm32
        self.code += scalar(b"\x0F\xAE", 3, (RSP, local))                           # stmxcsr [rsp + local]
        self.load_half(RAX, RSP, local)
        self.code += scalar(b"\x81", 1, RAX, i32(0x8040), wide=False)               # or eax, FTZ | DAZ
        self.store_half(RSP, local + 4, RAX)
        self.code += scalar(b"\x0F\xAE", 2, (RSP, local + 4))                       # ldmxcsr [rsp + local + 4]

    def end_function(self, local: int, result: int) -> None:
        self.code += b"\xC5\xF8\x77"                                                # vzeroupper
        self.code += scalar(b"\x0F\xAE", 2, (RSP, local))
        self.set(RAX, result)
        self.code += scalar(b"\x81", 0, RSP, i32(self.frame(local)))                # add rsp, imm32
        for r in reversed(self.SAVED):
            self.code += scalar(b"\x8F", 0, r)                                      # pop r
        self.leave()

    def frame(self, local: int) -> int:
        """Bytes below the saved registers: `local`, 8 for the two states of MXCSR, and rsp a multiple of 16."""
        return (local + 8 + 8 * len(self.SAVED) + 8 + 15) // 16 * 16 - 8 * len(self.SAVED) - 8


# name: (pp, table, opcode); the same for AVX and AVX-512, register = source op operand
ARITHMETIC = {
    "add": (0, 1, 0x58), "mul": (0, 1, 0x59), "sub": (0, 1, 0x5C), "min": (0, 1, 0x5D),
    "div": (0, 1, 0x5E), "max": (0, 1, 0x5F),                                       # vaddps and so on
    "fma": (1, 2, 0xB8), "fnma": (1, 2, 0xBC),                                      # vfmadd231ps, vfnmadd231ps
    "add_int": (1, 1, 0xFE), "sub_int": (1, 1, 0xFA),                               # vpaddd, vpsubd
}


class Avx(X86):
    """The vector half of the language, as far as AVX2 and AVX-512 agree. V floats are a vector.

    An operand `y` is a register or an address (pointer, distance). All loads and stores take a `tail`: then only the
    first few lanes (floats) are touched in memory, the others are loaded as zero.
    """

    V: int
    vectors: int
    most_pixels: int    # of a tile of a convolution

    def emit(self, operation: tuple[int, int, int], d: int, x: int, y: int | tuple, immediate: bytes = b"") -> None:
        raise NotImplementedError

    def v_add(self, d: int, x: int, y: int | tuple) -> None:
        """d = x + y"""
        self.emit(ARITHMETIC["add"], d, x, y)

    def v_sub(self, d: int, x: int, y: int | tuple) -> None:
        """d = x - y"""
        self.emit(ARITHMETIC["sub"], d, x, y)

    def v_mul(self, d: int, x: int, y: int | tuple) -> None:
        """d = x * y"""
        self.emit(ARITHMETIC["mul"], d, x, y)

    def v_div(self, d: int, x: int, y: int | tuple) -> None:
        """d = x / y"""
        self.emit(ARITHMETIC["div"], d, x, y)

    def v_max(self, d: int, x: int, y: int | tuple) -> None:
        """d = x if x > y else y"""
        self.emit(ARITHMETIC["max"], d, x, y)

    def v_min(self, d: int, x: int, y: int | tuple) -> None:
        """d = x if x < y else y"""
        self.emit(ARITHMETIC["min"], d, x, y)

    def v_fma(self, d: int, x: int, y: int | tuple) -> None:
        """d += x * y, rounded once"""
        self.emit(ARITHMETIC["fma"], d, x, y)

    def v_fnma(self, d: int, x: int, y: int | tuple) -> None:
        """d -= x * y, rounded once"""
        self.emit(ARITHMETIC["fnma"], d, x, y)

    def v_add_int(self, d: int, x: int, y: int | tuple) -> None:
        """d = x + y as 32-bit integers"""
        self.emit(ARITHMETIC["add_int"], d, x, y)

    def v_sub_int(self, d: int, x: int, y: int | tuple) -> None:
        """d = x - y as 32-bit integers"""
        self.emit(ARITHMETIC["sub_int"], d, x, y)

    def v_shift_left(self, d: int, x: int, bits: int) -> None:
        """d = x << bits, each lane a 32-bit integer"""
        self.emit((1, 1, 0x72), 6, d, x, u8(bits))                                  # vpslld d, x, imm8

    def v_shift_right(self, d: int, x: int, bits: int) -> None:
        """d = x >> bits, zeros come in"""
        self.emit((1, 1, 0x72), 2, d, x, u8(bits))                                  # vpsrld d, x, imm8

    def v_round(self, d: int, x: int) -> None:
        """d = x as the nearest 32-bit integer"""
        self.emit((1, 1, 0x5B), d, 0, x)                                            # vcvtps2dq

    def v_float(self, d: int, x: int) -> None:
        """d = the 32-bit integer x as a float"""
        self.emit((0, 1, 0x5B), d, 0, x)                                            # vcvtdq2ps

    def v_copy(self, d: int, x: int) -> None:
        self.emit((0, 1, 0x28), d, 0, x)                                            # vmovaps

    def v_zero(self, d: int) -> None:
        self.emit((1, 1, 0xEF), d, d, d)                                            # vpxord d, d, d

    def v_broadcast(self, d: int, p: int, at: int = 0) -> None:
        """all lanes of d = the float at p + at"""
        raise NotImplementedError

    def v_fma_float(self, d: int, x: int, p: int, at: int, spare: int) -> None:
        """d += x * the float at p + at; may change `spare`"""
        self.v_broadcast(spare, p, at)
        self.v_fma(d, x, spare)

    def v_load_factor(self, d: int, p: int, at: int) -> None:
        """d = the float at p + at in a form that is good for v_fma_factor only"""
        self.v_broadcast(d, p, at)

    def v_fma_factor(self, d: int, x: int, factor: int) -> None:
        """d += x * the float that v_load_factor put into `factor`"""
        self.v_fma(d, x, factor)

    def v_constant(self, d: int, value: float | int | list) -> None:
        """d = the same float or 32-bit integer in all lanes, or a list of V of them"""
        values = value if isinstance(value, list) else [value]
        packed = b"".join(struct.pack("<f" if isinstance(v, float) else "<i", v) for v in values)
        if len(values) == 1:
            self.v_broadcast(d, CODE)
        else:
            self.v_load(d, CODE)
        self.constants.setdefault(packed, []).append(len(self.code) - 4)

    def v_tail(self, lanes: int, spare: int) -> int:
        """What to pass as `tail` for so many lanes; the vector register `spare` is occupied as long as it is in use."""
        raise NotImplementedError

    def v_load(self, d: int, p: int, at: int = 0, tail: int | None = None) -> None:
        raise NotImplementedError

    def v_store(self, p: int, at: int, x: int, tail: int | None = None) -> None:
        raise NotImplementedError

    def v_keep_greater(self, d: int, x: int, y: int, z: int) -> None:
        """d = z where x > y, else 0; d must not be z"""
        raise NotImplementedError

    def v_keep_equal(self, d: int, x: int, y: int, z: int) -> None:
        """d = z where x == y, else 0; d must not be z"""
        raise NotImplementedError

    def v_load_bytes(self, d: int, p: int, at: int = 0) -> None:
        """d = V unsigned bytes as floats"""
        raise NotImplementedError

    def v_store_bytes(self, p: int, at: int, x: int, spare: int) -> None:
        """Store V floats of 0 .. 255, fraction dropped, as bytes. Changes x and spare."""
        raise NotImplementedError


class Avx2(Avx):
    """16 vector registers of 8 floats."""

    name = "avx2"
    V = 8
    vectors = 16
    most_pixels = 12

    def emit(self, operation: tuple[int, int, int], d: int, x: int, y: int | tuple, immediate: bytes = b"") -> None:
        self.code += vex(*operation, d, x, y, immediate)

    def v_tail(self, lanes: int, spare: int) -> int:
        self.v_constant(spare, [-1] * lanes + [0] * (self.V - lanes))
        return spare

    def v_load(self, d: int, p: int, at: int = 0, tail: int | None = None) -> None:
        if tail is None:
            self.code += vex(0, 1, 0x10, d, 0, (p, at))                             # vmovups d, [p + at]
        else:
            self.code += vex(1, 2, 0x2C, d, tail, (p, at))                          # vmaskmovps d, tail, [p + at]

    def v_store(self, p: int, at: int, x: int, tail: int | None = None) -> None:
        if tail is None:
            self.code += vex(0, 1, 0x11, x, 0, (p, at))                             # vmovups [p + at], x
        else:
            self.code += vex(1, 2, 0x2E, x, tail, (p, at))                          # vmaskmovps [p + at], tail, x

    def v_broadcast(self, d: int, p: int, at: int = 0) -> None:
        self.code += vex(1, 2, 0x18, d, 0, (p, at))                                 # vbroadcastss d, [p + at]

    def v_keep_greater(self, d: int, x: int, y: int, z: int) -> None:
        self.code += vex(0, 1, 0xC2, d, x, y, u8(30))                               # vcmpps d, x, y, GT_OQ
        self.code += vex(0, 1, 0x54, d, d, z)                                       # vandps d, d, z

    def v_keep_equal(self, d: int, x: int, y: int, z: int) -> None:
        self.code += vex(0, 1, 0xC2, d, x, y, u8(0))                                # vcmpps d, x, y, EQ_OQ
        self.code += vex(0, 1, 0x54, d, d, z)

    def v_load_bytes(self, d: int, p: int, at: int = 0) -> None:
        self.code += vex(1, 2, 0x31, d, 0, (p, at))                                 # vpmovzxbd d, [p + at]
        self.v_float(d, d)

    def v_store_bytes(self, p: int, at: int, x: int, spare: int) -> None:
        self.code += vex(2, 1, 0x5B, x, 0, x)                                       # vcvttps2dq x, x
        self.code += vex(1, 3, 0x39, x, 0, spare, u8(1))                            # vextracti128 spare, x, 1
        self.code += vex(1, 2, 0x2B, x, x, spare, wide=False)                       # vpackusdw x, x, spare
        self.code += vex(1, 1, 0x67, x, x, x, wide=False)                           # vpackuswb x, x, x
        self.code += vex(1, 1, 0xD6, x, 0, (p, at), wide=False)                     # vmovq [p + at], x


class Avx512(Avx):
    """32 vector registers of 16 floats, and mask registers: k1 - k6 for tails, k7 for comparisons."""

    name = "avx512"
    V = 16
    vectors = 32
    most_pixels = 28

    def __init__(self) -> None:
        super().__init__()
        self.tails: dict[int, int] = {}

    def emit(self, operation: tuple[int, int, int], d: int, x: int, y: int | tuple, immediate: bytes = b"") -> None:
        self.code += evex(*operation, d, x, y, immediate)

    def v_tail(self, lanes: int, spare: int) -> int:
        k = self.tails.setdefault(lanes, len(self.tails) + 1)
        assert k < 7
        self.code += vex(0, 1, 0x90, k, 0, (CODE, 0), wide=False)                   # kmovw k, [constant]
        self.constants.setdefault(struct.pack("<I", (1 << lanes) - 1), []).append(len(self.code) - 4)
        return k

    def v_load(self, d: int, p: int, at: int = 0, tail: int | None = None) -> None:
        self.code += evex(0, 1, 0x10, d, 0, (p, at), mask=tail or 0, zeroing=bool(tail))    # vmovups d {k}{z}, [p + at]

    def v_store(self, p: int, at: int, x: int, tail: int | None = None) -> None:
        self.code += evex(0, 1, 0x11, x, 0, (p, at), mask=tail or 0)                # vmovups [p + at] {k}, x

    def v_broadcast(self, d: int, p: int, at: int = 0) -> None:
        self.code += evex(1, 2, 0x18, d, 0, (p, at), unit=4)                        # vbroadcastss d, [p + at]

    def v_fma_float(self, d: int, x: int, p: int, at: int, spare: int) -> None:
        self.code += evex(1, 2, 0xB8, d, x, (p, at), broadcast=True)                # vfmadd231ps d, x, [p + at]{1to16}

    def v_keep_greater(self, d: int, x: int, y: int, z: int) -> None:
        self.code += evex(0, 1, 0xC2, 7, x, y, u8(30))                              # vcmpps k7, x, y, GT_OQ
        self.code += evex(0, 1, 0x28, d, 0, z, mask=7, zeroing=True)                # vmovaps d {k7}{z}, z

    def v_keep_equal(self, d: int, x: int, y: int, z: int) -> None:
        self.code += evex(0, 1, 0xC2, 7, x, y, u8(0))                               # vcmpps k7, x, y, EQ_OQ
        self.code += evex(0, 1, 0x28, d, 0, z, mask=7, zeroing=True)

    def v_load_bytes(self, d: int, p: int, at: int = 0) -> None:
        self.code += evex(1, 2, 0x31, d, 0, (p, at), unit=16)                       # vpmovzxbd d, [p + at]
        self.v_float(d, d)

    def v_store_bytes(self, p: int, at: int, x: int, spare: int) -> None:
        self.code += evex(2, 1, 0x5B, x, 0, x)                                      # vcvttps2dq x, x
        self.code += evex(2, 2, 0x31, x, 0, (p, at), unit=16)                       # vpmovdb [p + at], x


# aarch64: every instruction is a word of 32 bits, with register numbers in bits 0-4 (the result), 5-9 and 16-20.
# name: the word for registers 0

A64 = {
    "add": 0x8B000000,          # add x0, x0, x0
    "sub": 0xCB000000,          # sub x0, x0, x0
    "mul": 0x9B007C00,          # mul x0, x0, x0
    "cmp": 0xEB00001F,          # cmp x0, x0
    "mov": 0xAA0003E0,          # mov x0, x0                  (orr x0, xzr, x0)
    "v_add": 0x4E20D400,        # fadd v0.4s, v0.4s, v0.4s
    "v_sub": 0x4EA0D400,        # fsub v0.4s, v0.4s, v0.4s
    "v_mul": 0x6E20DC00,        # fmul v0.4s, v0.4s, v0.4s
    "v_div": 0x6E20FC00,        # fdiv v0.4s, v0.4s, v0.4s
    "v_fma": 0x4E20CC00,        # fmla v0.4s, v0.4s, v0.4s
    "v_fnma": 0x4EA0CC00,       # fmls v0.4s, v0.4s, v0.4s
    "fma_lane_0": 0x4F801000,   # fmla v0.4s, v0.4s, v0.s[0]
    "v_add_int": 0x4EA08400,    # add v0.4s, v0.4s, v0.4s
    "v_sub_int": 0x6EA08400,    # sub v0.4s, v0.4s, v0.4s
    "greater": 0x6EA0E400,      # fcmgt v0.4s, v0.4s, v0.4s   all bits of a lane one where it holds, zero elsewhere
    "equal": 0x4E20E400,        # fcmeq v0.4s, v0.4s, v0.4s
    "and": 0x4E201C00,          # and v0.16b, v0.16b, v0.16b
    "or": 0x4EA01C00,           # orr v0.16b, v0.16b, v0.16b
    "select": 0x6E601C00,       # bsl v0.16b, v0.16b, v0.16b  bits of the second operand where the first has ones
    "insert_if": 0x6EA01C00,    # bit v0.16b, v0.16b, v0.16b  bits of the second where the third has ones
    "insert_unless": 0x6EE01C00,    # bif v0.16b, v0.16b, v0.16b
    "v_round": 0x4E21A800,      # fcvtns v0.4s, v0.4s
    "truncate": 0x4EA1B800,     # fcvtzs v0.4s, v0.4s
    "v_float": 0x4E21D800,      # scvtf v0.4s, v0.4s
    "all_lanes": 0x4E040400,    # dup v0.4s, v0.s[0]
    "v_zero": 0x4F000400,       # movi v0.4s, #0
    "bytes_to_16": 0x2F08A400,  # uxtl v0.8h, v0.8b
    "16_to_32": 0x2F10A400,     # uxtl v0.4s, v0.4h
    "32_to_16": 0x0E612800,     # xtn v0.4h, v0.4s
    "16_to_bytes": 0x0E212800,  # xtn v0.8b, v0.8h
    "load_lane_2": 0x4D408000,  # ld1 {v0.s}[2], [x0]
    "store_lane_2": 0x4D008000,    # st1 {v0.s}[2], [x0]
}

# Loads and stores: (bytes, the word for a distance that is not negative and a multiple of those bytes, the word for a
# small one (-256 .. 255), the word for one in a register)
A64_MEMORY = {
    "load_word": (8, 0xF9400000, 0xF8400000, 0xF8606800),       # ldr x0, ...
    "store_word": (8, 0xF9000000, 0xF8000000, 0xF8206800),      # str x0, ...
    "load_half": (4, 0xB9400000, 0xB8400000, 0xB8606800),       # ldr w0, ...
    "store_half": (4, 0xB9000000, 0xB8000000, 0xB8206800),      # str w0, ...
    "load_byte": (1, 0x39400000, 0x38400000, 0x38606800),       # ldrb w0, ...
    "store_byte": (1, 0x39000000, 0x38000000, 0x38206800),      # strb w0, ...
    "load_4": (16, 0x3DC00000, 0x3CC00000, 0x3CE06800),         # ldr q0, ...
    "store_4": (16, 0x3D800000, 0x3C800000, 0x3CA06800),        # str q0, ...
    "load_2": (8, 0xFD400000, 0xFC400000, 0xFC606800),          # ldr d0, ...
    "store_2": (8, 0xFD000000, 0xFC000000, 0xFC206800),         # str d0, ...
    "load_1": (4, 0xBD400000, 0xBC400000, 0xBC606800),          # ldr s0, ...
    "store_1": (4, 0xBD000000, 0xBC000000, 0xBC206800),         # str s0, ...
}


class Neon(Assembler):
    """aarch64, any of them: 32 vector registers of 4 floats, 31 general ones of 64 bits.

    The calling convention is that of Linux (AAPCS64). Some registers the methods use for themselves: x16 for distances
    and numbers that do not fit into an instruction, x17 for addresses, v30 and v31. x18 belongs to the system.
    """

    name = "neon"
    V = 4
    vectors = 30
    most_pixels = 12
    ARGUMENTS, SCRATCH = 0, 1
    registers = tuple(range(2, 16))
    STACK, CLOCK = 31, (9, 10)
    DRIVER = (19, 20, 21, 22, 23, 24, 25)
    CONDITIONS = {"==": 0, "!=": 1, ">=": 10, "<": 11, ">": 12, "<=": 13}    # b.cond, signed
    NUMBER, ADDRESS, OPERAND, MASK = 16, 17, 31, 30

    @staticmethod
    @functools.cache
    def patience() -> int:
        """20 ms of the clock, which says itself how fast it ticks."""
        code = struct.pack("<2I", 0xD53BE000, 0xD65F03C0)                           # mrs x0, cntfrq_el0; ret
        return ctypes.CFUNCTYPE(ctypes.c_uint64)(load_code([code])[0])() // 50

    def word(self, name: str | int, d: int = 0, n: int = 0, m: int = 0, rest: int = 0) -> None:
        """Append an instruction with its registers."""
        word = A64[name] if isinstance(name, str) else name
        self.code += struct.pack("<I", word | d | n << 5 | m << 16 | rest)

    def finish(self) -> bytes:
        """The code with all distances (in words) filled in and its constants behind it."""
        def fill(place: int, distance: int) -> None:
            word, = struct.unpack_from("<I", self.code, place)
            bits, shift = (26, 0) if word >> 26 == 0x05 else (19, 5)                # b; b.cond, ldr
            assert -1 << bits - 1 <= distance // 4 < 1 << bits - 1
            struct.pack_into("<I", self.code, place, word | (distance // 4 & (1 << bits) - 1) << shift)

        for place, label in self.jumps:
            fill(place, self.labels[label] - place)
        for constant in sorted(self.constants, key=len, reverse=True):
            self.code += bytes(-len(self.code) % len(constant))
            for place in self.constants[constant]:
                fill(place, len(self.code) - place)
            self.code += constant
        return bytes(self.code)

    # Numbers and memory

    def set(self, r: int, value: int) -> None:
        """r = value, 16 bits at a time; the first instruction makes the rest all zeros or all ones"""
        parts = [value >> shift & 0xFFFF for shift in (0, 16, 32, 48)]
        most = 0xFFFF if parts.count(0xFFFF) > parts.count(0) else 0
        needed = [i for i in range(4) if parts[i] != most] or [0]
        for i in needed:
            if i != needed[0]:
                self.word(0xF2800000, r, rest=i << 21 | parts[i] << 5)              # movk r, #part, lsl #16 * i
            elif most:
                self.word(0x92800000, r, rest=i << 21 | (parts[i] ^ 0xFFFF) << 5)   # movn r, #~part, lsl #16 * i
            else:
                self.word(0xD2800000, r, rest=i << 21 | parts[i] << 5)              # movz r, #part, lsl #16 * i

    def memory(self, name: str, r: int, p: int, at: int) -> None:
        """Load or store a register in the shortest way."""
        size, scaled, near, indexed = A64_MEMORY[name]
        if at % size == 0 and 0 <= at // size < 4096:
            self.word(scaled, r, p, rest=at // size << 10)                          # [p, #at]
        elif -256 <= at < 256:
            self.word(near, r, p, rest=(at & 0x1FF) << 12)                          # ldur r, [p, #at]
        else:
            self.set(self.NUMBER, at)
            self.word(indexed, r, p, self.NUMBER)                                   # [p, x16]

    def move(self, r: int, source: int) -> None:
        self.word("mov", r, 0, source)

    def argument(self, r: int, number: int) -> None:
        """r = argument `number` of the kernel; number 0 is the kernel itself"""
        self.load_word(r, self.ARGUMENTS, 8 * number)

    def load_word(self, r: int, p: int, at: int = 0) -> None:
        self.memory("load_word", r, p, at)

    def store_word(self, p: int, at: int, r: int) -> None:
        self.memory("store_word", r, p, at)

    def load_half(self, r: int, p: int, at: int = 0) -> None:
        self.memory("load_half", r, p, at)

    def store_half(self, p: int, at: int, r: int) -> None:
        self.memory("store_half", r, p, at)

    def load_byte(self, r: int, p: int, at: int = 0) -> None:
        self.memory("load_byte", r, p, at)

    def store_byte(self, p: int, at: int, r: int) -> None:
        self.memory("store_byte", r, p, at)

    # Arithmetic

    def add(self, r: int, source: int) -> None:
        self.word("add", r, r, source)

    def add_constant(self, r: int, value: int) -> None:
        self.sum(r, r, value)

    def sum(self, r: int, p: int, value: int) -> None:
        """r = p + value"""
        size = abs(value)
        low, high = size & 0xFFF, size >> 12
        add = 0xD1000000 if value < 0 else 0x91000000                               # sub or add r, p, #12 bits
        if high >= 4096:
            self.set(self.NUMBER, value)
            self.word("add", r, p, self.NUMBER)
            return
        if high:
            self.word(add | 1 << 22, r, p, rest=high << 10)                         # ... lsl #12
            p = r
        if low or r != p:
            self.word(add, r, p, rest=low << 10)

    def subtract(self, r: int, source: int) -> None:
        self.word("sub", r, r, source)

    def multiply(self, r: int, source: int) -> None:
        self.word("mul", r, r, source)

    def shift_right(self, r: int, bits: int) -> None:
        self.word(0xD340FC00, r, r, rest=bits << 16)                                # lsr r, r, #bits

    def shift_left(self, r: int, bits: int) -> None:
        self.word(0xD3400000, r, r, rest=(-bits & 63) << 16 | (63 - bits) << 10)    # lsl r, r, #bits

    # Jumps

    def jump(self, label: int) -> None:
        self.jumps.append((len(self.code), label))
        self.word(0x14000000)                                                       # b label

    def jump_on(self, condition: str, label: int) -> None:
        self.jumps.append((len(self.code), label))
        self.word(0x54000000 | self.CONDITIONS[condition])                          # b.cond label

    def branch(self, r: int, condition: str, value: int, label: int) -> None:
        if 0 <= value < 4096:
            self.word(0xF100001F, 0, r, rest=value << 10)                           # cmp r, #value
        else:
            self.set(self.NUMBER, value)
            self.word("cmp", 0, r, self.NUMBER)
        self.jump_on(condition, label)

    def branch_register(self, r: int, condition: str, other: int, label: int) -> None:
        self.word("cmp", 0, r, other)
        self.jump_on(condition, label)

    def count_down(self, counter: int, label: int) -> None:
        self.word(0xF1000400, counter, counter)                                     # subs counter, counter, #1
        self.jump_on("!=", label)

    def leave(self) -> None:
        self.word(0xD65F03C0)                                                       # ret

    # For the driver only. Unlike x86, the processor may show a thread's stores to others in any order, and load ahead;
    # atomic_add releases what this thread stored before it, acquire() keeps later loads behind earlier ones.

    def atomic_add(self, p: int, at: int, r: int) -> None:
        """[p + at] += r and r = what was there, as one indivisible step. Changes x8 and x15."""
        old, new = self.NUMBER, 8
        self.sum(self.ADDRESS, p, at)
        self.word(0xC85FFC00, old, self.ADDRESS)                                    # again: ldaxr x16, [x17]
        self.word("add", new, old, r)                                               # add x8, x16, r
        self.word(0xC800FC00, new, self.ADDRESS, 15)                                # stlxr w15, x8, [x17]
        self.word(0x35FFFFA0, 15)                                                   # cbnz w15, again
        self.move(r, old)

    def acquire(self) -> None:
        self.word(0xD50339BF)                                                       # dmb ishld

    def ticks(self, r: int, spare: int) -> None:
        self.word(0xD53BE040, r)                                                    # mrs r, cntvct_el0

    def pause(self) -> None:
        self.word(0xD503203F)                                                       # yield

    def yield_processor(self) -> None:
        """sched_yield, system call 124 of Linux. Changes x0 and x8."""
        self.set(8, 124)
        self.word(0xD4000001)                                                       # svc #0

    def call(self, p: int, at: int) -> None:
        self.load_word(self.NUMBER, p, at)
        self.word(0xD63F0000, 0, self.NUMBER)                                       # blr x16

    def begin_function(self, local: int) -> None:
        at = self.frame(local)
        self.sum(self.STACK, self.STACK, -at - 176)
        self.saved(0xA9000000, 0x6D000000, at)                                      # stp x, x / stp d, d
        self.word(0xD53B4400, 9)                                                    # mrs x9, fpcr
        self.store_word(self.STACK, at + 160, 9)
        self.word(0xB2680129)                                                       # orr x9, x9, #1 << 24    FZ
        self.word(0xD51B4400, 9)                                                    # msr fpcr, x9

    def end_function(self, local: int, result: int) -> None:
        at = self.frame(local)
        self.load_word(9, self.STACK, at + 160)
        self.word(0xD51B4400, 9)                                                    # msr fpcr, x9
        self.set(0, result)
        self.saved(0xA9400000, 0x6D400000, at)                                      # ldp x, x / ldp d, d
        self.sum(self.STACK, self.STACK, at + 176)
        self.leave()

    def saved(self, words: int, floats: int, at: int) -> None:
        """Store or load what a C function must leave as it was: x19 - x30 and d8 - d15."""
        for instruction, first, end in ((words, 19, 31), (floats, 8, 16)):
            for r in range(first, end, 2):
                self.word(instruction, r, self.STACK, rest=(at // 8) << 15 | (r + 1) << 10)
                at += 16

    def frame(self, local: int) -> int:
        """Where on the stack the saved registers begin."""
        return (local + 15) // 16 * 16

    # Vectors

    def operand(self, y: int | tuple) -> int:
        """A register that holds y."""
        if not isinstance(y, tuple):
            return y
        self.v_load(self.OPERAND, *y)
        return self.OPERAND

    def v_add(self, d: int, x: int, y: int | tuple) -> None:
        self.word("v_add", d, x, self.operand(y))

    def v_sub(self, d: int, x: int, y: int | tuple) -> None:
        self.word("v_sub", d, x, self.operand(y))

    def v_mul(self, d: int, x: int, y: int | tuple) -> None:
        self.word("v_mul", d, x, self.operand(y))

    def v_div(self, d: int, x: int, y: int | tuple) -> None:
        self.word("v_div", d, x, self.operand(y))

    def v_max(self, d: int, x: int, y: int | tuple) -> None:
        """d = x if x > y else y; fmax would make a NaN of any NaN"""
        y = self.operand(y)
        self.choose(d, x, y, x, y)

    def v_min(self, d: int, x: int, y: int | tuple) -> None:
        y = self.operand(y)
        self.choose(d, x, y, y, x)

    def choose(self, d: int, x: int, y: int, larger: int, smaller: int) -> None:
        """d = x where larger > smaller, else y"""
        mask = self.MASK if d in (x, y) else d
        self.word("greater", mask, larger, smaller)
        if d == x:
            self.word("insert_unless", d, y, mask)
        elif d == y:
            self.word("insert_if", d, x, mask)
        else:
            self.word("select", d, x, y)

    def v_fma(self, d: int, x: int, y: int | tuple) -> None:
        self.word("v_fma", d, x, self.operand(y))

    def v_fnma(self, d: int, x: int, y: int | tuple) -> None:
        self.word("v_fnma", d, x, self.operand(y))

    def v_add_int(self, d: int, x: int, y: int | tuple) -> None:
        self.word("v_add_int", d, x, self.operand(y))

    def v_sub_int(self, d: int, x: int, y: int | tuple) -> None:
        self.word("v_sub_int", d, x, self.operand(y))

    def v_shift_left(self, d: int, x: int, bits: int) -> None:
        self.word(0x4F205400, d, x, rest=bits << 16)                                # shl d.4s, x.4s, #bits

    def v_shift_right(self, d: int, x: int, bits: int) -> None:
        self.word(0x6F200400, d, x, rest=(32 - bits) << 16)                         # ushr d.4s, x.4s, #bits

    def v_round(self, d: int, x: int) -> None:
        self.word("v_round", d, x)

    def v_float(self, d: int, x: int) -> None:
        self.word("v_float", d, x)

    def v_copy(self, d: int, x: int) -> None:
        self.word("or", d, x, x)

    def v_zero(self, d: int) -> None:
        self.word("v_zero", d)

    def v_broadcast(self, d: int, p: int, at: int = 0) -> None:
        self.memory("load_1", d, p, at)
        self.word("all_lanes", d, d)

    def v_fma_float(self, d: int, x: int, p: int, at: int, spare: int) -> None:
        self.memory("load_1", self.OPERAND, p, at)
        self.word("fma_lane_0", d, x, self.OPERAND)

    def v_load_factor(self, d: int, p: int, at: int) -> None:
        self.memory("load_1", d, p, at)

    def v_fma_factor(self, d: int, x: int, factor: int) -> None:
        self.word("fma_lane_0", d, x, factor)

    def v_constant(self, d: int, value: float | int | list) -> None:
        values = value if isinstance(value, list) else [value]
        packed = b"".join(struct.pack("<f" if isinstance(v, float) else "<i", v) for v in values)
        self.constants.setdefault(packed, []).append(len(self.code))
        if len(values) == 1:
            self.word(0x1C000000, d)                                                # ldr s, constant
            self.word("all_lanes", d, d)
        else:
            self.word(0x9C000000, d)                                                # ldr q, constant

    def v_tail(self, lanes: int, spare: int) -> int:
        return lanes

    def v_load(self, d: int, p: int, at: int = 0, tail: int | None = None) -> None:
        """A tail of 3 lanes is loaded as 2 and 1."""
        self.memory({None: "load_4", 1: "load_1", 2: "load_2", 3: "load_2"}[tail], d, p, at)
        if tail == 3:
            self.sum(self.ADDRESS, p, at + 8)
            self.word("load_lane_2", d, self.ADDRESS)

    def v_store(self, p: int, at: int, x: int, tail: int | None = None) -> None:
        self.memory({None: "store_4", 1: "store_1", 2: "store_2", 3: "store_2"}[tail], x, p, at)
        if tail == 3:
            self.sum(self.ADDRESS, p, at + 8)
            self.word("store_lane_2", x, self.ADDRESS)

    def v_keep_greater(self, d: int, x: int, y: int, z: int) -> None:
        self.word("greater", d, x, y)
        self.word("and", d, d, z)

    def v_keep_equal(self, d: int, x: int, y: int, z: int) -> None:
        self.word("equal", d, x, y)
        self.word("and", d, d, z)

    def v_load_bytes(self, d: int, p: int, at: int = 0) -> None:
        self.memory("load_1", d, p, at)
        self.word("bytes_to_16", d, d)
        self.word("16_to_32", d, d)
        self.word("v_float", d, d)

    def v_store_bytes(self, p: int, at: int, x: int, spare: int) -> None:
        self.word("truncate", x, x)
        self.word("32_to_16", x, x)
        self.word("16_to_bytes", x, x)
        self.memory("store_1", x, p, at)


# ---- Executable memory and processor features ------------------------------------------------------------------------
# Code is written into fresh memory, which then is made executable and no longer writable; it never is both.

class Refused(Exception):
    """Why this machine cannot, or may not, run code written at run time."""


@functools.cache
def c_library() -> ctypes.CDLL:
    library = ctypes.CDLL(None, use_errno=True)
    library.mprotect.argtypes = (ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int)
    library.mprotect.restype = ctypes.c_int
    return library


@functools.cache
def clear_cache():
    """clear_cache(begin, end): aarch64 processors read code through a cache that does not see what was just stored.

    The instructions for that depend on the processor; every system has them in the run-time library of GCC."""
    try:
        function = ctypes.CDLL("libgcc_s.so.1")["__clear_cache"]
    except (OSError, AttributeError):
        raise Refused("the library libgcc_s.so.1 is missing (aarch64 needs it to run new code)") from None
    function.argtypes, function.restype = (ctypes.c_void_p, ctypes.c_void_p), None
    return function


def address_of(memory: mmap.mmap) -> int:
    return ctypes.addressof(ctypes.c_char.from_buffer(memory))


LOADED: list[mmap.mmap] = []    # code stays for the life of the process: nothing ever has to know who still uses it


def load_code(pieces: list[bytes]) -> list[int]:
    """Put pieces of code into executable memory; returns their addresses."""
    places, size = [], 0
    for piece in pieces:
        places.append(size)
        size += (len(piece) + 63) // 64 * 64
    try:
        memory = mmap.mmap(-1, max(size, 1), flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    except OSError as error:
        raise Refused(f"no memory for code ({error.strerror})") from None
    for place, piece in zip(places, pieces):
        memory[place:place + len(piece)] = piece
    base = address_of(memory)
    if platform.machine() == "aarch64":
        clear_cache()(base, base + len(memory))
    if c_library().mprotect(base, len(memory), mmap.PROT_READ | mmap.PROT_EXEC) != 0:
        reason = os.strerror(ctypes.get_errno())
        raise Refused(f"the system does not let a program make memory executable ({reason})")
    LOADED.append(memory)    # never written again: that would be a fault now
    return [base + place for place in places]


# cpuid(leaf, subleaf, results): eax ebx ecx edx as four 32-bit numbers
CPUID = bytes.fromhex("53"         # push rbx             a C function must leave rbx as it was
                      "4989d0"     # mov r8, rdx
                      "89f8"       # mov eax, edi
                      "89f1"       # mov ecx, esi
                      "0fa2"       # cpuid
                      "418900"     # mov [r8], eax
                      "41895804"   # mov [r8 + 4], ebx
                      "41894808"   # mov [r8 + 8], ecx
                      "4189500c"   # mov [r8 + 12], edx
                      "5b"         # pop rbx
                      "c3")        # ret
# xgetbv(): which registers the operating system saves when it switches threads
XGETBV = bytes.fromhex("31c9"      # xor ecx, ecx
                       "0f01d0"    # xgetbv               edx:eax
                       "48c1e220"  # shl rdx, 32
                       "4809d0"    # or rax, rdx
                       "c3")       # ret


def instruction_sets() -> list[str]:
    """The instruction sets this processor and system have, best first (Intel SDM volume 1, 14.3 and 15.2; Linux's
    list of hardware capabilities for aarch64)."""
    if platform.machine() == "aarch64":
        c_library().getauxval.argtypes, c_library().getauxval.restype = (ctypes.c_ulong,), ctypes.c_ulong
        capabilities = c_library().getauxval(16)                 # AT_HWCAP
        return ["neon"] if capabilities & 3 == 3 else []         # bit 0: floating point, 1: vectors
    cpuid_address, xgetbv_address = load_code([CPUID, XGETBV])
    cpuid_function = ctypes.CFUNCTYPE(None, ctypes.c_uint32, ctypes.c_uint32, ctypes.c_void_p)(cpuid_address)
    result = (ctypes.c_uint32 * 4)()

    def cpuid(leaf: int) -> tuple[int, int, int, int]:
        cpuid_function(leaf, 0, ctypes.addressof(result))
        return tuple(result)

    def has(word: int, *bits: int) -> bool:
        return all(word >> bit & 1 for bit in bits)

    last_leaf = cpuid(0)[0]
    ecx = cpuid(1)[2]
    if last_leaf < 7 or not has(ecx, 12, 27, 28):                # FMA, OSXSAVE, AVX
        return []
    saved = ctypes.CFUNCTYPE(ctypes.c_uint64)(xgetbv_address)()
    ebx = cpuid(7)[1]
    if not has(saved, 1, 2) or not has(ebx, 5):                  # xmm and ymm are saved; AVX2
        return []
    if has(saved, 5, 6, 7) and has(ebx, 16):                     # k0-7, upper halves, zmm16-31 are saved; AVX512F
        return ["avx512", "avx2"]
    return ["avx2"]


BACKENDS: dict[str, Any] = {"avx512": Avx512, "avx2": Avx2, "neon": Neon}


def try_out(name: str) -> bool:
    """Whether a few instructions of an instruction set do here what they should."""
    asm = BACKENDS[name]()
    asm.begin_function(8)
    asm.v_constant(0, 1.5)
    asm.v_constant(1, 2.0)
    asm.v_fma(0, 0, 1)
    asm.v_store(asm.ARGUMENTS, 0, 0)
    asm.end_function(8, 42)
    result = (ctypes.c_float * asm.V)()
    function = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(load_code([asm.finish()])[0])
    return function(ctypes.addressof(result)) == 42 and list(result) == [4.5] * asm.V


PROBE_SECONDS = 5.0
GOOD = {"avx512": 50, "avx2": 51, "neon": 52}    # exit status of the trying child


@functools.cache
def probe() -> tuple[str, str]:
    """(instruction set to use, "") or ("", why there is none). Tried out in a child process, which may die of it."""
    if os.environ.get("DEEPDREAM_JIT") == "0":
        return "", "switched off by DEEPDREAM_JIT=0"
    machine = platform.machine().lower()
    if machine not in ("x86_64", "amd64", "aarch64"):
        return "", f"no machine code for {machine or 'this processor'}"
    if not sys.platform.startswith("linux"):
        return "", f"not proved on {sys.platform}"
    if struct.calcsize("P") != 8:
        return "", "a 32-bit Python"
    import time
    if machine == "aarch64":
        try:
            clear_cache()
        except Refused as refused:
            return "", str(refused)
    child = os.fork()
    if child == 0:
        status = 1
        try:
            names = instruction_sets()
            status = next((GOOD[name] for name in names if try_out(name)), 2)
        except Refused:
            status = 3
        finally:
            os._exit(status)
    deadline = time.monotonic() + PROBE_SECONDS
    while True:
        done, status = os.waitpid(child, os.WNOHANG)
        if done:
            break
        if time.monotonic() > deadline:
            os.kill(child, 9)
            os.waitpid(child, 0)
            return "", "the trial of machine code did not come to an end"
        time.sleep(0.0005)
    code = os.waitstatus_to_exitcode(status)
    for name, good in GOOD.items():
        if code == good:
            return name, ""
    if code == 2:
        return "", "the processor has neither AVX-512 nor AVX2 with FMA" if machine != "aarch64" else "no NEON"
    if code == 3:
        return "", "the system does not let a program make memory executable"
    return "", f"the trial of machine code failed (status {code})"


def unavailable() -> str:
    """Why machine code cannot be used here; empty if it can."""
    return probe()[1]


# ---- Kernels: convolution --------------------------------------------------------------------------------------------
# Each kernel is a function that writes the code for one shape: everything known before the picture is a constant in
# the code. It is called as kernel(arguments, scratch) by the driver; argument 0 is its own address.

def convolution(asm: Avx, tiles: tuple, vectors: int, lanes: int, sources: tuple, y_pixel: int, y_step: int,
                bias: bool, add: bool, relu: bool, mask: bool) -> None:
    """Some rows of output pixels times `vectors` vectors of output channels of a convolution, as a matrix product.

    Seen from one output pixel, the inputs are some runs of consecutive floats, and the weights one matrix
    [inputs, vectors * V], in the order in which they are used. So: for each input, multiply it (in all lanes) by its
    row of the matrix, and add that to the output pixel. To use every load several times, a tile of `size` neighbouring
    output pixels is computed together, all its sums in registers. tiles: of a row, (size, how many)...

    The matrix is cut into parts, so short that one stays in the first-level cache while all tiles meet it. Between
    parts the sums wait in scratch memory; as every addition is rounded to 24 bits of what has come together so far,
    summing up each part by itself is more exact, too.

    sources: (parts, runs, run, distances in bytes from output pixel to output pixel and output row to output row) of
    the input; or of up to three inputs whose matrices stand one below the other. parts, runs: loops over the parts and
    over the runs of `run` floats in one of them, outermost first: (times, distance of the input in bytes)...
    bias: add it. add: what the output holds. relu: store max(0, sum). mask: store 0 where the activation at the same
    place is not above 0. lanes: of the last vector.
    Arguments: weights, bias, y, distance from y to the activations, number of output rows, the inputs.
    Scratch memory: how many parts are done (64 bytes for it), then the sums of all output pixels.
    """
    w, wr, x, xr, start, y, waiting, k, tile, line, *counters = asm.pointers(13)
    m, biases, done = xr, wr, k    # these are free when a tile's sums are complete
    width = 4 * asm.V
    unroll = 2
    pixels = sum(size * count for size, count in tiles)
    every_part = sum(math.prod(times for times, _ in parts) for parts, *_ in sources)

    def sum_up(size: int, runs: tuple, run: int, x_pixel: int, free: Sequence[int]) -> None:
        """The sums of one tile over one part; moves start."""
        loops, rest = divmod(run, unroll)
        for s in range(size * vectors):
            asm.v_zero(s)
        asm.move(wr, w)
        asm.move(xr, start)
        with nested(asm, xr, runs, free, 4 * unroll * loops):
            if loops:
                with asm.repeat(k, loops):
                    for n in range(unroll):
                        multiply_add(asm, size, vectors, xr, x_pixel, wr, n)
                    asm.add_constant(xr, 4 * unroll)
                    asm.add_constant(wr, unroll * vectors * width)
            for n in range(rest):
                multiply_add(asm, size, vectors, xr, x_pixel, wr, n)
            asm.add_constant(wr, rest * vectors * width)
        asm.add_constant(start, size * x_pixel)

    def finish(size: int) -> None:
        """Write a tile's sums, which are complete, to y."""
        zero, kept, tail_register = (size * vectors + n for n in range(3))
        tail = asm.v_tail(lanes, tail_register) if lanes < asm.V else None
        if relu or mask:
            asm.v_zero(zero)
        if bias:
            asm.argument(biases, 2)
        if mask:
            asm.argument(m, 4)
            asm.add(m, y)
        for p in range(size):
            for v in range(vectors):
                s, at, end = p * vectors + v, p * y_pixel + v * width, tail if v == vectors - 1 else None
                if bias:
                    asm.v_add(s, s, (biases, v * width))
                if add:
                    asm.v_load(kept, y, at, end)
                    asm.v_add(s, s, kept)
                if relu:
                    asm.v_max(s, s, zero)
                if mask:
                    asm.v_load(kept, m, at, end)
                    asm.v_keep_greater(kept, kept, zero, s)
                asm.v_store(y, at, kept if mask else s, end)

    def wait_for_more(size: int) -> None:
        """Add a tile's sums to those that wait in scratch memory, and finish them if this was the last part."""
        first, last, ready = asm.label(), asm.label(), asm.label()
        asm.load_word(done, asm.SCRATCH)
        asm.branch(done, "==", 0, first)
        for s in range(size * vectors):
            asm.v_add(s, s, (waiting, s * width))
        asm.branch(done, "==", every_part - 1, last)
        asm.place(first)
        for s in range(size * vectors):
            asm.v_store(waiting, s * width, s)
        asm.jump(ready)
        asm.place(last)
        finish(size)
        asm.place(ready)
        asm.add_constant(waiting, size * vectors * width)

    asm.set(k, 0)
    asm.store_word(asm.SCRATCH, 0, k)
    asm.argument(w, 1)
    for i, (parts, runs, run, x_pixel, x_step) in enumerate(sources):
        asm.argument(x, 6 + i)
        with nested(asm, x, parts, counters):
            asm.move(start, x)
            asm.move(waiting, asm.SCRATCH)
            asm.add_constant(waiting, 64)
            asm.argument(y, 3)
            asm.argument(line, 5)
            with asm.repeat(line):
                for size, count in tiles:
                    with asm.repeat(tile, count):
                        sum_up(size, runs, run, x_pixel, counters[len(parts):])
                        if every_part > 1:
                            wait_for_more(size)
                        else:
                            finish(size)
                        asm.add_constant(y, size * y_pixel)
                asm.add_constant(start, x_step - pixels * x_pixel)
                asm.add_constant(y, y_step - pixels * y_pixel)
            asm.add_constant(w, math.prod(times for times, _ in runs) * run * vectors * width)
            asm.load_word(done, asm.SCRATCH)
            asm.add_constant(done, 1)
            asm.store_word(asm.SCRATCH, 0, done)
    asm.leave()


@contextlib.contextmanager
def nested(asm: Avx, p: int, loops: Sequence[tuple[int, int]], counters: Sequence[int], moved: int = 0,
           ) -> Iterator[None]:
    """Run the block in nested loops, outermost first: (times, how far to move p). What the block itself has moved p by
    is taken back each time, and p is where it was in the end."""
    if loops:
        (times, distance), *inner = loops
        with asm.repeat(counters[0], times):
            with nested(asm, p, inner, counters[1:], moved):
                yield
            asm.add_constant(p, distance)
        asm.add_constant(p, -times * distance)
    else:
        yield
        asm.add_constant(p, -moved)


def multiply_add(asm: Avx, size: int, vectors: int, x: int, x_pixel: int, w: int, n: int) -> None:
    """sums[pixel][vector] += input n of the pixel * row n of the weights. The first registers are the sums."""
    weights = [size * vectors + v for v in range(vectors)]
    spare = size * vectors + vectors
    for v, register in enumerate(weights):
        asm.v_load(register, w, (n * vectors + v) * 4 * asm.V)
    for p in range(size):
        if vectors == 1:
            asm.v_fma_float(p, weights[0], x, p * x_pixel + 4 * n, spare)
        else:
            asm.v_load_factor(spare, x, p * x_pixel + 4 * n)
            for v, weight in enumerate(weights):
                asm.v_fma_factor(p * vectors + v, weight, spare)


def split_width(width: int, most: int) -> tuple[tuple[int, int], ...]:
    """`width` pixels as tiles of at most `most`, of two sizes at most: ((size, how many), ...)"""
    count = -(-width // most)
    size, larger = divmod(width, count)
    return tuple((s, n) for s, n in ((size + 1, larger), (size, count - larger)) if n)


def tile_cost(asm: type[Avx], width: int, vectors: int) -> float | None:
    """About how many cycles one input of all `width` pixels takes, `vectors` vectors wide; None: not enough registers.

    Two multiply-adds a cycle, each of which takes 4 cycles; weights come at 25 bytes a cycle (second-level cache).
    Measured; it is to choose well on any processor, not to be exact on one.
    """
    most = (asm.vectors - vectors - 1) // vectors
    if vectors > 8 or most < 1:
        return None
    return sum(count * max(0.5 * size * vectors + 0.08 * (size + vectors) + 0.5, 4.0, 4 * asm.V * vectors / 25)
               for size, count in split_width(width, min(most, asm.most_pixels)))


@functools.cache
def split_channels(name: str, width: int, vectors: int) -> tuple[int, ...]:
    """The cheapest way to divide `vectors` vectors of output channels into blocks, for rows of `width` pixels."""
    asm = BACKENDS[name]
    best: list[tuple[float, tuple[int, ...]]] = [(0.0, ())]
    for n in range(1, vectors + 1):
        choices = [(best[n - b][0] + cost, best[n - b][1] + (b,))
                   for b in range(1, n + 1) if (cost := tile_cost(asm, width, b)) is not None]
        best.append(min(choices))
    return tuple(sorted(best[vectors][1], reverse=True))


def pack_rows(asm: Avx, columns: int, width: int) -> None:
    """Copy the first `columns` floats of some rows to rows of `width`, zeros behind.

    Arguments: source, destination, number of rows, distance of the source's rows.
    """
    source, destination, row, step, counter = asm.pointers(5)
    asm.argument(source, 1)
    asm.argument(destination, 2)
    asm.argument(row, 3)
    asm.argument(step, 4)
    tail = asm.v_tail(columns % asm.V, 9) if columns % asm.V else None
    with asm.repeat(row):
        for v in range(width // asm.V):
            lanes = min(columns - v * asm.V, asm.V)
            if lanes > 0:
                asm.v_load(v % 8, source, 4 * v * asm.V, None if lanes == asm.V else tail)
            else:
                asm.v_zero(v % 8)
            asm.v_store(destination, 4 * v * asm.V, v % 8)
        asm.add(source, step)
        asm.add_constant(destination, 4 * width)
    asm.leave()


def pack_transposed(asm: Avx) -> None:
    """destination[i][j] = source[j][i] for a few j (columns) and many i (rows), one number after the other.

    Arguments: source, destination, rows, columns, distance of the source's j, distance of the destination's i.
    """
    source, destination, rows, columns, source_step, destination_step, p, q, number, counter = asm.pointers(10)
    for r, number_of in ((source, 1), (destination, 2), (rows, 3), (columns, 4), (source_step, 5),
                         (destination_step, 6)):
        asm.argument(r, number_of)
    with asm.repeat(rows):
        asm.move(p, source)
        asm.move(q, destination)
        asm.move(counter, columns)
        with asm.repeat(counter):
            asm.load_half(number, p)
            asm.store_half(q, 0, number)
            asm.add(p, source_step)
            asm.add_constant(q, 4)
        asm.add_constant(source, 4)
        asm.add(destination, destination_step)
    asm.leave()


# ---- Kernels: the other layers ---------------------------------------------------------------------------------------
# A gradient lies at the same distance (`delta`) from its tensor for all tensors, so one pointer serves both.

def sweep(asm: Avx, floats: int, pointers: tuple, counter: int, body, unroll: int = 4, spare: int = 0) -> None:
    """Run body(which, distance, tail) for the vectors of `floats` floats; moves `pointers` to behind them.

    which: 0 .. unroll - 1, to choose registers; distance: from the pointers. `spare`: a vector register for the tail.
    """
    width = 4 * asm.V
    whole, rest = divmod(floats, asm.V)
    loops, extra = divmod(whole, unroll)
    if loops:
        with asm.repeat(counter, loops):
            for u in range(unroll):
                body(u, u * width, None)
            for p in pointers:
                asm.add_constant(p, unroll * width)
    for u in range(extra):
        body(u, u * width, None)
    if rest:
        body(extra, extra * width, asm.v_tail(rest, spare))
    for p in pointers:
        asm.add_constant(p, extra * width + 4 * rest)


def max_pool(asm: Avx, kernel_rows: int, runs: tuple, channels: int, x_step: int, y_pixel: int, y_row: int) -> None:
    """Rows of a max pooling. Where a window leaves the picture, its outermost row or column is taken twice instead.

    runs: for the output pixels of a row, ((distances of the window's columns, how many such pixels), ...)
    Arguments: x, y, table of the distances of every window's rows, number of output rows.
    """
    *lines, x, y, table, row, pixel, counter = asm.pointers(kernel_rows + 6)
    asm.argument(x, 1)
    asm.argument(y, 2)
    asm.argument(table, 3)
    asm.argument(row, 4)
    with asm.repeat(row):
        for i, line in enumerate(lines):
            asm.load_word(line, table, 8 * i)
            asm.add(line, x)
        asm.add_constant(table, 8 * kernel_rows)
        for columns, count in runs:
            def largest(u: int, at: int, tail: int | None, columns: tuple = columns) -> None:
                cells = [(line, column + at) for line in lines for column in columns]
                asm.v_load(2 * u, *cells[0], tail)
                for cell in cells[1:]:
                    if tail is None:
                        asm.v_max(2 * u, 2 * u, cell)
                    else:
                        asm.v_load(2 * u + 1, *cell, tail)
                        asm.v_max(2 * u, 2 * u, 2 * u + 1)
                asm.v_store(y, at, 2 * u, tail)

            with asm.repeat(pixel, count):
                sweep(asm, channels, (*lines, y), counter, largest, unroll=4, spare=15)
                for line in lines:
                    asm.add_constant(line, x_step - 4 * channels)
                asm.add_constant(y, y_pixel - 4 * channels)
        asm.add_constant(y, y_row - y_pixel * sum(count for _, count in runs))
    asm.leave()


def max_pool_gradient(asm: Avx, kernel: tuple[int, int], stride: tuple[int, int], left: int, x_pixels: int,
                      y_pixels: int, channels: int, x_pixel: int, x_row: int, y_pixel: int, y_row: int, clear: bool,
                      mask: bool) -> None:
    """Give the gradient of every output to the first of the window's cells (row by row) that holds the maximum.

    Works on some rows of dx: on all windows that reach into them; what those give to other rows goes to scratch
    memory. clear: dx is new (else it is added to). mask: outputs that are not above 0 pass nothing on (x is the output
    of a ReLU). For each row of windows, one vector of channels after the other, a window moves along the row with the
    sums of its cells in registers; those that it leaves behind are complete (as far as this row of windows goes).
    The table has for every row of windows the addresses of its rows in x (outside: a row of NaN, which equal nothing),
    the addresses of the same rows of dx (those that do not belong to this unit: 0, for scratch memory), and the address
    of a row of dx that is to be zeroed first, or 0.
    Arguments: y, dy, table, number of rows of windows.
    """
    (kernel_rows, kernel_columns), (down, across) = kernel, stride
    *rest, y, dy, table, p, row, pixel, counter = asm.pointers(2 * kernel_rows + 7)
    lines, gradients = rest[:kernel_rows], rest[kernel_rows:]
    zero, given, largest, value, tail_register, *free = range(asm.vectors)
    sums = [free[i * kernel_columns:(i + 1) * kernel_columns] for i in range(kernel_rows)]
    asm.v_zero(zero)
    asm.argument(y, 1)
    asm.argument(dy, 2)
    asm.argument(table, 3)
    asm.argument(row, 4)

    def window(inside: frozenset[int], begun: frozenset[int], last: bool, tail: int | None) -> None:
        """One window. Columns `inside` the picture; those of whose sums an earlier window has `begun`."""
        asm.v_load(given, dy, 0, tail)
        asm.v_load(largest, y, 0, tail)
        if mask:
            asm.v_keep_greater(value, largest, zero, given)
            asm.v_copy(given, value)
        for i in range(kernel_rows):
            for j in sorted(inside):
                share = value if j in begun else sums[i][j]
                asm.v_load(share, lines[i], j * x_pixel, tail)
                asm.v_keep_equal(share, share, largest, given)
                asm.v_sub(given, given, share)    # what is given away is not there for the next cell
                if j in begun:
                    asm.v_add(sums[i][j], sums[i][j], share)
        for i in range(kernel_rows):
            touched = not clear or i < kernel_rows - down    # by the row of windows above
            for j in range(kernel_columns):
                if j in inside and (j < across or last):
                    if touched:
                        asm.v_load(value, gradients[i], j * x_pixel, tail)
                        asm.v_add(sums[i][j], sums[i][j], value)
                    asm.v_store(gradients[i], j * x_pixel, sums[i][j], tail)
                elif j >= across:
                    asm.v_copy(sums[i][j - across], sums[i][j])
        for q in (*lines, *gradients):
            asm.add_constant(q, across * x_pixel)
        for q in (y, dy):
            asm.add_constant(q, y_pixel)

    runs: list[tuple[tuple[frozenset[int], frozenset[int], bool], int]] = []    # which kind of window, how many
    begun: frozenset[int] = frozenset()
    for o in range(y_pixels):
        inside = frozenset(j for j in range(kernel_columns) if 0 <= o * across - left + j < x_pixels)
        kind = inside, begun, o == y_pixels - 1
        if runs and runs[-1][0] == kind:
            runs[-1] = kind, runs[-1][1] + 1
        else:
            runs.append((kind, 1))
        begun = frozenset(j - across for j in inside if j >= across)

    def whole_row(tail: int | None, step: int) -> None:
        for kind, count in runs:
            with asm.repeat(pixel, count):
                window(*kind, tail)
        for q in (*lines, *gradients):
            asm.add_constant(q, step - y_pixels * across * x_pixel)
        for q in (y, dy):
            asm.add_constant(q, step - y_pixels * y_pixel)

    vectors, lanes = divmod(channels, asm.V)
    with asm.repeat(row):
        ready = asm.label()
        asm.load_word(p, table, 16 * kernel_rows)
        asm.branch(p, "==", 0, ready)
        with asm.repeat(pixel, x_pixels):
            sweep(asm, channels, (p,), counter, lambda _, at, tail: asm.v_store(p, at, zero, tail), spare=tail_register)
            asm.add_constant(p, x_pixel - 4 * channels)
        asm.place(ready)
        for i in range(kernel_rows):
            ours = asm.label()
            asm.load_word(lines[i], table, 8 * i)
            asm.load_word(gradients[i], table, 8 * (kernel_rows + i))
            asm.branch(gradients[i], "!=", 0, ours)
            asm.move(gradients[i], asm.SCRATCH)
            asm.place(ours)
            asm.add_constant(lines[i], -left * x_pixel)
            asm.add_constant(gradients[i], -left * x_pixel)
        asm.add_constant(table, 16 * kernel_rows + 8)
        if vectors:
            with asm.repeat(counter, vectors):
                whole_row(None, 4 * asm.V)
        if lanes:
            whole_row(asm.v_tail(lanes, tail_register), 4 * lanes)
        for q in (y, dy):
            asm.add_constant(q, y_row - 4 * channels)
    asm.leave()


def fourth_root(asm: Avx, q: int, n: int, t: int, u: int, constants: tuple) -> None:
    """q = n ** -1/4 for n > 0; changes t and u.

    A guess from the bits of n: as an integer, a float is roughly its logarithm, so that a quarter of it taken from a
    constant is the logarithm of the root, within 3.6%. Then twice q *= 1 + d/4 + 5/32 d^2 with d = 1 - n q^4, the
    first terms of the series of (1 - d)^(-1/4), each of which leaves about 4 times the cube of the error.
    """
    magic, one, quarter, five_32nds = constants
    asm.v_shift_right(t, n, 2)
    asm.v_sub_int(q, magic, t)
    for _ in range(2):
        asm.v_mul(t, q, q)
        asm.v_mul(t, t, t)
        asm.v_copy(u, one)
        asm.v_fnma(u, n, t)              # d
        asm.v_copy(t, quarter)
        asm.v_fma(t, u, five_32nds)
        asm.v_mul(t, t, u)
        asm.v_fma(q, q, t)


ROOT_CONSTANTS = (0x4F58B28E, 1.0, 0.25, 5 / 32)


def normalize(asm: Avx, channels: int, pixels: int, block: int, radius: int, alpha: float, beta: float, bias: float,
              x_pixel: int, x_row: int, y_pixel: int, y_row: int, backward: bool, add: bool, mask: bool) -> None:
    """Rows of local response normalisation, y = x n^-3/4 with n = bias + alpha * (sum of x^2 over nearby channels).

    Backward: dx[j] = dy[j] n[j]^-3/4 - 2 alpha beta x[j] * (sum of dy[i] x[i] n[i]^-7/4 over the i near j).
    The squares of `block` pixels are written to scratch memory, each pixel with a vector of zeros before and behind
    it, so that a sum over neighbours is a few loads from one float further on each.
    Arguments: x, y (backward: dy), delta, number of rows.
    """
    assert beta == 0.75 and radius <= asm.V
    x, y, delta, squares, others, row, pixel, counter, p = asm.pointers(9)
    width = 4 * asm.V
    vectors = -(-channels // asm.V)
    pitch = (vectors + 1) * width                  # from one pixel's squares to the next's; one gap between two
    size = (block * (vectors + 1) + 1) * width     # of one set of such pixels in scratch memory
    magic, one, quarter, five_32nds, a, b, t, u, n, root, value, total, tail_register, zero = range(14)
    constants = magic, one, quarter, five_32nds
    for register, constant in zip((*constants, a, b, zero), (*ROOT_CONSTANTS, alpha, bias, 0.0)):
        asm.v_constant(register, constant)
    asm.argument(x, 1)
    asm.argument(y, 2)
    asm.argument(delta, 3)
    asm.argument(row, 4)

    def neighbours(first: int, at: int) -> None:
        """total = sum over the neighbours of what lies at squares + first"""
        asm.v_load(total, squares, first + at - 4 * radius)
        for shift in range(1 - radius, radius + 1):
            asm.v_add(total, total, (squares, first + at + 4 * shift))

    def each(count: int, steps: tuple, body) -> None:
        """body for all vectors of `count` pixels; steps: (pointer, distance between its pixels)"""
        asm.move(squares, asm.SCRATCH)
        asm.add_constant(squares, width)
        with asm.repeat(pixel, count):
            sweep(asm, channels, (squares, *(r for r, _ in steps)), counter, body, unroll=1, spare=tail_register)
            asm.add_constant(squares, pitch - 4 * channels)
            for r, step in steps:
                asm.add_constant(r, step - 4 * channels)
        for r, step in steps:
            asm.add_constant(r, -step * count)

    def square(_: int, at: int, tail: int | None) -> None:
        asm.v_load(value, x, at, tail)
        asm.v_mul(value, value, value)
        asm.v_store(squares, at, value)            # behind the channels zeros, from the tail's load

    def powers(at: int, tail: int | None) -> None:
        """value = x, t = n^-3/4, u = n^-1/2, n = n, root = n^-1/4"""
        neighbours(0, at)
        asm.v_copy(n, b)
        asm.v_fma(n, total, a)
        fourth_root(asm, root, n, t, u, constants)
        asm.v_mul(u, root, root)
        asm.v_mul(t, u, root)
        asm.v_load(value, x, at, tail)

    def forward(_: int, at: int, tail: int | None) -> None:
        powers(at, tail)
        asm.v_mul(value, value, t)
        asm.v_store(y, at, value, tail)

    def share(_: int, at: int, tail: int | None) -> None:
        """what each channel contributes to the sums of its neighbours, and dy n^-3/4"""
        powers(at, tail)
        asm.v_load(total, y, at, tail)
        asm.v_mul(total, total, t)                 # dy n^-3/4
        asm.v_store(squares, 2 * size + at, total)
        asm.v_mul(total, total, value)
        asm.v_mul(u, u, u)
        asm.v_mul(total, total, u)                 # dy n^-3/4 x n^-1
        asm.v_store(squares, size + at, total)

    def collect(_: int, at: int, tail: int | None) -> None:
        neighbours(size, at)
        asm.v_load(value, x, at, tail)
        asm.v_mul(total, total, value)
        asm.v_load(t, squares, 2 * size + at)
        asm.v_fnma(t, total, b)                    # b now holds 2 alpha beta
        if mask:
            asm.v_keep_greater(n, value, zero, t)
            asm.v_copy(t, n)
        asm.move(p, x)
        asm.add(p, delta)
        if add:
            asm.v_load(u, p, at, tail)
            asm.v_add(t, t, u)
        asm.v_store(p, at, t, tail)

    def clear_gaps(count: int) -> None:
        """zeros before and behind every pixel"""
        for first in (0, size) if backward else (0,):
            asm.move(squares, asm.SCRATCH)
            asm.add_constant(squares, first)
            with asm.repeat(pixel, count + 1):
                asm.v_store(squares, 0, zero)
                asm.add_constant(squares, pitch)

    blocks = [(block, pixels // block), (pixels % block, 1)]
    with asm.repeat(row):
        for count, times in blocks:
            if not count or not times:
                continue
            with asm.repeat(others, times):
                clear_gaps(count)
                each(count, ((x, x_pixel),), square)
                if backward:
                    asm.v_constant(b, bias)
                    each(count, ((x, x_pixel), (y, y_pixel)), share)
                    asm.v_constant(b, 2 * alpha * beta)
                    each(count, ((x, x_pixel),), collect)
                else:
                    each(count, ((x, x_pixel), (y, y_pixel)), forward)
                asm.add_constant(x, count * x_pixel)
                asm.add_constant(y, count * y_pixel)
        asm.add_constant(x, x_row - pixels * x_pixel)
        asm.add_constant(y, y_row - pixels * y_pixel)
    asm.leave()


def elementwise(asm: Avx, what: str, pixels: int, channels: int, x_pixel: int, x_row: int, y_pixel: int,
                y_row: int) -> None:
    """y = f(x, y) for every number of some rows of [pixels, channels].

    what: "copy": x; "add": y + x; "mask": y where x > 0, else 0; "bias", "relu", "bias+relu" of y, with x a vector
    of one number per channel. Arguments: x, y, number of rows.
    """
    x, y, row, pixel, counter, start = asm.pointers(6)
    bias = "bias" in what
    asm.argument(start if bias else x, 1)
    asm.argument(y, 2)
    asm.argument(row, 3)
    zero, tail_register = 12, 13
    asm.v_zero(zero)
    if not bias and "relu" not in what and x_pixel == y_pixel == 4 * channels:
        pixels, channels, x_pixel, y_pixel = 1, pixels * channels, pixels * x_pixel, pixels * y_pixel

    def body(u: int, at: int, tail: int | None) -> None:
        if what == "relu":
            asm.v_load(2 * u, y, at, tail)
        else:
            asm.v_load(2 * u, x, at, tail)
        if what in ("add", "mask") or bias:
            asm.v_load(2 * u + 1, y, at, tail)
        if what == "add" or bias:
            asm.v_add(2 * u, 2 * u, 2 * u + 1)
        if what == "mask":
            asm.v_keep_greater(2 * u, 2 * u, zero, 2 * u + 1)
        if "relu" in what:
            asm.v_max(2 * u, 2 * u, zero)
        asm.v_store(y, at, 2 * u, tail)

    with asm.repeat(row):
        with asm.repeat(pixel, pixels):
            if bias:
                asm.move(x, start)
            moving = (y,) if what == "relu" else (x, y)
            sweep(asm, channels, moving, counter, body, spare=tail_register)
            if not bias and what != "relu":
                asm.add_constant(x, x_pixel - 4 * channels)
            asm.add_constant(y, y_pixel - 4 * channels)
        if not bias and what != "relu":
            asm.add_constant(x, x_row - pixels * x_pixel)
        asm.add_constant(y, y_row - pixels * y_pixel)
    asm.leave()


def average_pool(asm: Avx, channels: int, rows: int, pixels: int, x_pixel: int, x_row: int, mode: str) -> None:
    """y = mean over all pixels of x. mode: "forward", or for the gradient, y / number of pixels goes to every pixel
    of x: "store" or "add". Arguments: x, y."""
    x, y, p, row, pixel, counter = asm.pointers(6)
    asm.argument(x, 1)
    asm.argument(y, 2)
    share, total, value, tail_register = range(4)
    asm.v_constant(share, 1.0 / (rows * pixels))

    def body(_: int, at: int, tail: int | None) -> None:
        if mode == "forward":
            asm.v_zero(total)
        else:
            asm.v_load(total, y, at, tail)
            asm.v_mul(total, total, share)
        asm.move(p, x)
        with asm.repeat(row, rows):
            with asm.repeat(pixel, pixels):
                if mode == "forward":
                    asm.v_load(value, p, at, tail)
                    asm.v_add(total, total, value)
                elif mode == "add":
                    asm.v_load(value, p, at, tail)
                    asm.v_add(value, value, total)
                    asm.v_store(p, at, value, tail)
                else:
                    asm.v_store(p, at, total, tail)
                asm.add_constant(p, x_pixel)
            asm.add_constant(p, x_row - pixels * x_pixel)
        if mode == "forward":
            asm.v_mul(total, total, share)
            asm.v_store(y, at, total, tail)

    sweep(asm, channels, (x, y), counter, body, unroll=1, spare=tail_register)
    asm.leave()


def all_lanes(asm: Avx, vector: int, spare: int, operation) -> None:
    """All lanes of `vector` = its lanes combined by operation (v_add or v_max), by way of scratch memory."""
    asm.v_store(asm.SCRATCH, 0, vector)
    asm.v_broadcast(vector, asm.SCRATCH, 0)
    for lane in range(1, asm.V):
        asm.v_broadcast(spare, asm.SCRATCH, 4 * lane)
        operation(vector, vector, spare)


def softmax(asm: Avx, channels: int) -> None:
    """y = exp(x - max x) / sum of those. Arguments: x, y.

    exp(v) = 2^i * exp(v - i log 2) with the whole number i nearest to v / log 2, so that the rest is at most .35,
    where 8 terms of the power series suffice; 2^i is made by writing i into a float's exponent.
    """
    x, y, counter, p = asm.pointers(4)
    width, size = 4 * asm.V, 4 * asm.V * -(-channels // asm.V)
    largest, total, value, whole, power, constant, tail_register, other = range(8)
    asm.argument(x, 1)
    asm.v_broadcast(largest, x)
    asm.move(p, asm.SCRATCH)
    asm.v_store(p, size, largest)                  # fills the last vector in scratch memory

    def find(_: int, at: int, tail: int | None) -> None:
        asm.v_load(value, x, at, tail)
        if tail is None:
            asm.v_store(p, width + at, value)
        else:
            asm.v_store(p, width + at, value, tail)
            asm.v_load(value, p, width + at)
        asm.v_max(largest, largest, value)

    sweep(asm, channels, (x, p), counter, find, unroll=1, spare=tail_register)
    all_lanes(asm, largest, value, asm.v_max)
    asm.move(p, asm.SCRATCH)
    asm.argument(y, 2)
    asm.v_zero(total)

    def exponential(_: int, at: int, tail: int | None) -> None:
        asm.v_load(value, p, width + at)
        asm.v_sub(value, value, largest)
        asm.v_constant(constant, -87.0)            # below that the result is no proper float
        asm.v_max(value, value, constant)
        asm.v_constant(constant, 1.4426950408889634)
        asm.v_mul(whole, value, constant)
        asm.v_round(whole, whole)
        asm.v_float(power, whole)
        asm.v_constant(constant, 0.693145751953125)         # log 2 in two parts: the first has few bits, so that
        asm.v_fnma(value, power, constant)                  # its multiples are exact
        asm.v_constant(constant, 1.428606765330187e-06)
        asm.v_fnma(value, power, constant)
        asm.v_constant(power, 1 / 5040)
        for divisor in (720, 120, 24, 6, 2, 1, 1):
            asm.v_constant(constant, 1 / divisor)
            asm.v_copy(other, constant)
            asm.v_fma(other, power, value)
            asm.v_copy(power, other)
        asm.v_constant(constant, 127)
        asm.v_add_int(whole, whole, constant)
        asm.v_shift_left(whole, whole, 23)
        asm.v_mul(power, power, whole)
        asm.v_store(p, width + at, power)
        asm.v_load(power, p, width + at, tail)
        asm.v_add(total, total, power)

    sweep(asm, channels, (p,), counter, exponential, unroll=1, spare=tail_register)
    all_lanes(asm, total, value, asm.v_add)
    asm.v_constant(constant, 1.0)
    asm.v_div(total, constant, total)
    asm.move(p, asm.SCRATCH)

    def scale(_: int, at: int, tail: int | None) -> None:
        asm.v_load(value, p, width + at)
        asm.v_mul(value, value, total)
        asm.v_store(y, at, value, tail)

    sweep(asm, channels, (p, y), counter, scale, unroll=1, spare=tail_register)
    asm.leave()


def softmax_gradient(asm: Avx, channels: int, add: bool) -> None:
    """dx = (dy - sum of dy * y) * y. Arguments: x, y, delta."""
    x, y, dx, dy, counter = asm.pointers(5)
    total, value, gradient, tail_register = range(4)
    asm.argument(y, 2)
    asm.argument(dy, 3)
    asm.add(dy, y)
    asm.v_zero(total)

    def collect(_: int, at: int, tail: int | None) -> None:
        asm.v_load(value, y, at, tail)
        asm.v_load(gradient, dy, at, tail)
        asm.v_fma(total, value, gradient)

    sweep(asm, channels, (y, dy), counter, collect, unroll=1, spare=tail_register)
    all_lanes(asm, total, value, asm.v_add)
    asm.argument(y, 2)
    asm.argument(dy, 3)
    asm.argument(dx, 1)
    asm.add(dx, dy)
    asm.add(dy, y)

    def spread(_: int, at: int, tail: int | None) -> None:
        asm.v_load(gradient, dy, at, tail)
        asm.v_sub(gradient, gradient, total)
        asm.v_load(value, y, at, tail)
        asm.v_mul(gradient, gradient, value)
        if add:
            asm.v_load(value, dx, at, tail)
            asm.v_add(gradient, gradient, value)
        asm.v_store(dx, at, gradient, tail)

    sweep(asm, channels, (y, dy, dx), counter, spread, unroll=1, spare=tail_register)
    asm.leave()


def unfold(asm: Avx, lanes: int, first: int, repeats: int, last: int, x_row: int, y_pixel: int, y_row: int,
           add: bool) -> None:
    """Rows of x from rows of y [positions, lanes of y_pixel bytes]: `lanes` floats of every position, back to back,
    but only the last `first` of the first position (if not 0) and the first `last` of the last one.
    add: to what x holds. Arguments: x, y, number of rows."""
    x, y, row, counter = asm.pointers(4)
    for number, r in enumerate((x, y, row), 1):
        asm.argument(r, number)

    def copy(count: int, skip: int) -> None:
        for lane in range(0, count, asm.V):
            tail = asm.v_tail(count - lane, 2) if count - lane < asm.V else None
            asm.v_load(0, y, 4 * (skip + lane), tail)
            if add:
                asm.v_load(1, x, 4 * lane, tail)
                asm.v_add(0, 0, 1)
            asm.v_store(x, 4 * lane, 0, tail)
        asm.add_constant(x, 4 * count)
        asm.add_constant(y, y_pixel)

    with asm.repeat(row):
        if first:
            copy(first, lanes - first)
        if repeats:
            with asm.repeat(counter, repeats):
                copy(lanes, 0)
        if last:
            copy(last, 0)
        asm.add_constant(x, x_row - 4 * (first + repeats * lanes + last))
        asm.add_constant(y, y_row - y_pixel * (bool(first) + repeats + bool(last)))
    asm.leave()


# ---- Kernels: pictures -----------------------------------------------------------------------------------------------

def sum_absolute(asm: Avx, floats: int, row_distance: int) -> None:
    """One vector: the sums of |x|, lane by lane, over some rows of `floats`. Arguments: x, result, rows."""
    x, result, row, counter = asm.pointers(4)
    asm.argument(x, 1)
    asm.argument(row, 3)
    zero, tail_register = 8, 9
    asm.v_zero(zero)
    for total in range(4):
        asm.v_zero(total)

    def body(u: int, at: int, tail: int | None) -> None:
        asm.v_load(4 + u, x, at, tail)
        asm.v_sub(10, zero, 4 + u)
        asm.v_max(4 + u, 4 + u, 10)
        asm.v_add(u, u, 4 + u)

    with asm.repeat(row):
        sweep(asm, floats, (x,), counter, body, spare=tail_register)
        asm.add_constant(x, row_distance - 4 * floats)
    for total in range(1, 4):
        asm.v_add(0, 0, total)
    asm.argument(result, 2)
    asm.v_store(result, 0, 0)
    asm.leave()


def add_scaled(asm: Avx, floats: int, row_distance: int) -> None:
    """x += factor * dx for some rows. Arguments: x, delta, address of the factor, rows."""
    x, dx, p, row, counter = asm.pointers(5)
    asm.argument(x, 1)
    asm.argument(dx, 2)
    asm.argument(p, 3)
    asm.argument(row, 4)
    asm.add(dx, x)
    factor, tail_register = 8, 9
    asm.v_broadcast(factor, p)

    def body(u: int, at: int, tail: int | None) -> None:
        asm.v_load(2 * u, x, at, tail)
        asm.v_load(2 * u + 1, dx, at, tail)
        asm.v_fma(2 * u, 2 * u + 1, factor)
        asm.v_store(x, at, 2 * u, tail)

    with asm.repeat(row):
        sweep(asm, floats, (x, dx), counter, body, spare=tail_register)
        for r in (x, dx):
            asm.add_constant(r, row_distance - 4 * floats)
    asm.leave()


MEAN_BGR = (104.0, 116.7, 122.7)


def bytes_to_floats(asm: Avx, floats: int, x_row: int, y_row: int) -> None:
    """y = x - mean colour, for some rows of bytes. May read up to V bytes too far. Arguments: x, y, rows."""
    x, y, p, row, counter = asm.pointers(5)
    asm.argument(x, 1)
    asm.argument(y, 2)
    asm.argument(row, 3)
    for u in range(3):
        asm.v_constant(4 + u, [MEAN_BGR[(u * asm.V + lane) % 3] for lane in range(asm.V)])

    def body(u: int, tail: int | None) -> None:
        asm.v_load_bytes(u, p)
        asm.v_sub(u, u, 4 + u)
        asm.v_store(y, 4 * u * asm.V, u, tail)
        asm.add_constant(p, asm.V)

    with asm.repeat(row):
        asm.move(p, x)
        in_threes(asm, floats, y, counter, body)
        asm.add_constant(x, x_row)
        asm.add_constant(y, y_row - 12 * asm.V * (floats // (3 * asm.V)))
    asm.leave()


def floats_to_bytes(asm: Avx, floats: int, x_row: int, y_row: int) -> None:
    """y = x + mean colour, rounded half up and clipped, for some rows. May write up to V bytes too far.

    Arguments: x, y, rows."""
    x, y, p, row, counter = asm.pointers(5)
    asm.argument(x, 1)
    asm.argument(y, 2)
    asm.argument(row, 3)
    for u in range(3):
        asm.v_constant(4 + u, [MEAN_BGR[(u * asm.V + lane) % 3] + 0.5 for lane in range(asm.V)])
    zero, most, spare = 8, 9, 10
    asm.v_zero(zero)
    asm.v_constant(most, 255.0)

    def body(u: int, tail: int | None) -> None:
        asm.v_load(u, x, 4 * u * asm.V, tail)
        asm.v_add(u, u, 4 + u)
        asm.v_max(u, u, zero)
        asm.v_min(u, u, most)
        asm.v_store_bytes(p, 0, u, spare)
        asm.add_constant(p, asm.V)

    with asm.repeat(row):
        asm.move(p, y)
        in_threes(asm, floats, x, counter, body)
        asm.add_constant(x, x_row - 12 * asm.V * (floats // (3 * asm.V)))
        asm.add_constant(y, y_row)
    asm.leave()


def in_threes(asm: Avx, floats: int, p: int, counter: int, body) -> None:
    """body(u, tail) for the vectors of `floats` floats at p, in threes: as three vectors are V whole pixels, vector u
    of every three begins with the same colour. Moves p past the whole threes."""
    whole, rest = divmod(floats, 3 * asm.V)
    if whole:
        with asm.repeat(counter, whole):
            for u in range(3):
                body(u, None)
            asm.add_constant(p, 12 * asm.V)
    for u in range(3):
        lanes = min(rest - u * asm.V, asm.V)
        if lanes > 0:
            body(u, asm.v_tail(lanes, 11) if lanes < asm.V else None)


def blend(asm: Avx) -> None:
    """A row of an enlarged picture from two rows of the small one, bilinear, in bytes (see deepdream.upscale).

    Arguments: result, upper row, lower row, weight of the lower row, table, number of pixels, sum of two weights.
    The table has for every pixel the distances of its left and
    right neighbour in a row and the weight of the right one.
    """
    result, upper, lower, v, table, counter, left, right, u, p, q, r, first = asm.pointers(13)
    for number, register in enumerate((result, upper, lower, v, table, counter), 1):
        asm.argument(register, number)
    with asm.repeat(counter):
        asm.load_word(left, table, 0)
        asm.load_word(right, table, 8)
        asm.load_word(u, table, 16)
        for colour in range(3):
            for line, row_blend in ((upper, first), (lower, q)):
                asm.move(p, line)
                asm.add(p, left)
                asm.load_byte(p, p, colour)
                asm.argument(r, 7)
                asm.subtract(r, u)
                asm.multiply(p, r)
                asm.move(r, line)
                asm.add(r, right)
                asm.load_byte(r, r, colour)
                asm.multiply(r, u)
                asm.add(p, r)
                asm.shift_right(p, 8)
                asm.move(row_blend, p)
            asm.argument(r, 7)
            asm.subtract(r, v)
            asm.multiply(first, r)
            asm.multiply(q, v)
            asm.add(first, q)
            asm.shift_right(first, 8)
            asm.store_byte(result, colour, first)
        asm.add_constant(result, 3)
        asm.add_constant(table, 24)
    asm.leave()


# ---- The driver ------------------------------------------------------------------------------------------------------
# A pass over the network is a tape: a list of phases, each a list of units, each a kernel with its arguments. Units of
# a phase touch nothing that another one writes, so they may run in any order, on any thread; what they compute does
# not depend on that. A phase begins when all units of the one before are done. Every thread walks the tape by calling
# the function below, which takes one unit after the other: first those meant for this thread, then other threads'.
# Nobody waits for a particular thread, only for units: a thread that comes late finds less to do.

# What a phase looks like in memory (distances in bytes; a cache line, 64 bytes, for everything that threads change)
DONE, UNITS, LIST, NEXT_PHASE, SHARES, SHARE = 0, 64, 72, 80, 128, 64
#   units done | number of units | address of the list of their addresses | size of this phase | per thread, a share
#   of the list: 8 * number of the next unit, 8 * number of the end
# What the driver is called with
PHASE, END, THREAD, THREADS, SCRATCH_MEMORY, PATIENCE = 0, 8, 16, 24, 32, 40
#   phase it is at | end of the tape | this thread's number | how many there are | its scratch memory | clock ticks
#   after which to come back to Python
FINISHED, NOT_YET = 0, 1
SPINS = 64    # looks at a number that another thread will change, before the processor is offered to others


def driver(asm: Avx) -> None:
    """int driver(state): walk the tape. NOT_YET: call again to go on; so Python can look for Ctrl-C."""
    state, phase, share, left, number, p, counter = asm.DRIVER
    clock, clock_spare = asm.CLOCK
    stack = asm.STACK
    keep_state, keep_deadline, keep_share, keep_left, local = 0, 8, 16, 24, 32
    next_phase, next_unit, next_share, wait, look, finished, not_yet = (asm.label() for _ in range(7))
    asm.begin_function(local)
    asm.store_word(stack, keep_state, asm.ARGUMENTS)
    asm.move(state, asm.ARGUMENTS)
    asm.ticks(clock, clock_spare)
    asm.load_word(p, state, PATIENCE)
    asm.add(clock, p)
    asm.store_word(stack, keep_deadline, clock)

    asm.place(next_phase)
    asm.load_word(phase, state, PHASE)
    asm.load_word(p, state, END)
    asm.branch_register(phase, "==", p, finished)
    asm.load_word(share, state, THREAD)
    asm.load_word(left, state, THREADS)

    asm.place(next_unit)
    asm.move(p, share)
    asm.shift_left(p, 6)
    asm.add(p, phase)
    asm.set(number, 8)
    asm.atomic_add(p, SHARES, number)
    asm.load_word(p, p, SHARES + 8)
    asm.branch_register(number, ">=", p, next_share)
    asm.load_word(p, phase, LIST)
    asm.add(p, number)
    asm.load_word(asm.ARGUMENTS, p)
    asm.load_word(asm.SCRATCH, state, SCRATCH_MEMORY)
    asm.store_word(stack, keep_share, share)
    asm.store_word(stack, keep_left, left)
    asm.call(asm.ARGUMENTS, 0)
    asm.load_word(state, stack, keep_state)
    asm.load_word(share, stack, keep_share)
    asm.load_word(left, stack, keep_left)
    asm.load_word(phase, state, PHASE)
    asm.set(p, 1)
    asm.atomic_add(phase, DONE, p)
    asm.ticks(clock, clock_spare)
    asm.load_word(p, stack, keep_deadline)
    asm.branch_register(clock, ">", p, not_yet)
    asm.jump(next_unit)

    asm.place(next_share)
    asm.add_constant(share, 1)
    asm.load_word(p, state, THREADS)
    skip = asm.label()
    asm.branch_register(share, "<", p, skip)
    asm.set(share, 0)
    asm.place(skip)
    asm.add_constant(left, -1)
    asm.branch(left, ">", 0, next_unit)

    asm.place(wait)
    asm.set(counter, SPINS)
    asm.place(look)
    asm.load_word(p, phase, DONE)
    asm.load_word(number, phase, UNITS)
    done = asm.label()
    asm.branch_register(p, ">=", number, done)
    asm.pause()
    asm.add_constant(counter, -1)
    asm.branch(counter, ">", 0, look)
    asm.yield_processor()
    asm.ticks(clock, clock_spare)
    asm.load_word(p, stack, keep_deadline)
    asm.branch_register(clock, "<=", p, wait)

    asm.place(not_yet)
    asm.end_function(local, NOT_YET)
    asm.place(done)
    asm.acquire()
    asm.load_word(p, phase, NEXT_PHASE)
    asm.add(phase, p)
    asm.store_word(state, PHASE, phase)
    asm.jump(next_phase)
    asm.place(finished)
    asm.end_function(local, FINISHED)


@functools.cache
def driver_function(name: str):
    asm = BACKENDS[name]()
    driver(asm)
    return ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(load_code([asm.finish()])[0])


KERNELS: dict[tuple, int] = {}    # (instruction set, function, *constants) -> address


def load_kernels(keys: list[tuple]) -> None:
    """Write the kernels that are not there yet. All in one go: each piece of executable memory has 4 KB at least."""
    missing = [key for key in dict.fromkeys(keys) if key not in KERNELS]
    pieces = []
    for name, function, *constants in missing:
        asm = BACKENDS[name]()
        function(asm, *constants)
        pieces.append(asm.finish())
    if pieces:
        KERNELS.update(zip(missing, load_code(pieces)))


# ---- Tapes -----------------------------------------------------------------------------------------------------------

class Unit:
    """One call of a kernel. `place`, 0 <= place < 1: where in the picture it works, so that the thread that made its
    input also gets to read it, and has it in its cache; cost: in multiply-adds, to begin the largest units first."""

    __slots__ = ("arguments", "cost", "kernel", "place")

    def __init__(self, kernel: tuple, arguments: list[int], place: float = 0.0, cost: float = 0.0):
        self.kernel, self.arguments, self.place, self.cost = kernel, arguments, place, cost


Range = tuple[object, int, int]    # what memory a task uses: anything hashable, first channel, end channel


class Tape:
    """Tasks, each some units that may run side by side, arranged in phases and laid out in memory for the driver."""

    def __init__(self, name: str, jobs: int):
        self.name, self.jobs = name, jobs
        self.phases: list[list[Unit]] = []
        self.labels: list[list[str]] = []
        self.uses: dict[object, list[tuple[int, int, int, bool]]] = {}    # memory -> (channels, phase, whether written)

    def add(self, label: str, units: list[Unit], reads: list[Range], writes: list[Range]) -> None:
        """Add a task to the first phase in which all that it needs is done and nothing it changes is still needed."""
        phase = 0
        for ranges, writing in ((reads, False), (writes, True)):
            for memory, first, end in ranges:
                for other_first, other_end, other_phase, written in self.uses.get(memory, ()):
                    if other_first < end and first < other_end and (writing or written):
                        phase = max(phase, other_phase + 1)
        for ranges, writing in ((reads, False), (writes, True)):
            for memory, first, end in ranges:
                self.uses.setdefault(memory, []).append((first, end, phase, writing))
        while phase >= len(self.phases):
            self.phases.append([])
            self.labels.append([])
        self.phases[phase] += units
        self.labels[phase].append(label)

    def finish(self) -> Tape:
        """Write the code and lay out the tape."""
        units = [unit for phase in self.phases for unit in phase]
        load_kernels([unit.kernel for unit in units])
        words = array.array("q")
        places = []
        for phase in self.phases:
            phase.sort(key=lambda unit: -unit.cost)
            shares: list[list[Unit]] = [[] for _ in range(self.jobs)]
            for unit in phase:
                shares[min(int(unit.place * self.jobs), self.jobs - 1)].append(unit)
            places.append(shares)
        starts: list[list[int]] = []
        for shares in places:
            starts.append([])
            for unit in sum(shares, []):
                starts[-1].append(8 * len(words))
                words.append(KERNELS[unit.kernel])
                words.extend(unit.arguments)
        self.words = words
        base = words.buffer_info()[0]
        self.lists = array.array("q", [base + start for phase in starts for start in phase])
        size = SHARES + SHARE * self.jobs
        self.fresh = bytearray()
        at = self.lists.buffer_info()[0]
        for shares in places:
            count = sum(map(len, shares))
            self.fresh += struct.pack("<q56x3q40x", 0, count, at, size)
            first = 0
            for share in shares:
                self.fresh += struct.pack("<2q48x", 8 * first, 8 * (first + len(share)))
                first += len(share)
            at += 8 * count
        self.memory = mmap.mmap(-1, max(len(self.fresh), 1))
        self.first = address_of(self.memory)
        self.end = self.first + len(self.fresh)
        return self

    def rewind(self) -> None:
        """Make it ready for another run."""
        self.memory[:len(self.fresh)] = self.fresh


class Undisturbed:
    """While it lasts, Ctrl-C waits, here and in the threads begun meanwhile: locks taken are given back."""

    def __enter__(self) -> Undisturbed:
        self.before = signal.pthread_sigmask(signal.SIG_BLOCK, [])
        self.begin()
        return self

    def begin(self) -> None:
        signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])

    def end(self) -> None:
        """KeyboardInterrupt, if Ctrl-C was pressed meanwhile."""
        signal.pthread_sigmask(signal.SIG_SETMASK, self.before)

    def __exit__(self, *_: object) -> None:
        self.end()


class Threads:
    """Walks tapes, with jobs - 1 threads beside the caller's.

    The caller does not wait for the others at the end of a tape: when all units are done, they are done. Only before
    the next tape begins all must have left the last one.
    """

    SCRATCH_SIZE = 1 << 24    # more than any kernel needs; what is not touched costs nothing

    def __init__(self, name: str, jobs: int):
        self.jobs, self.driver = jobs, driver_function(name)
        self.scratch = mmap.mmap(-1, self.SCRATCH_SIZE * jobs)
        scratch = address_of(self.scratch)
        self.states = []
        for job in range(jobs):
            state = array.array("q", bytes(64))
            state[THREAD // 8], state[THREADS // 8] = job, jobs
            state[SCRATCH_MEMORY // 8] = scratch + job * self.SCRATCH_SIZE
            state[PATIENCE // 8] = BACKENDS[name].patience()
            self.states.append(state)
        self.stopped = self.closed = False
        self.tape: Tape | None = None
        self.go: list[_thread.LockType] = []      # released: begin
        self.left: list[_thread.LockType] = []    # released: has left the tape

    def run(self, tape: Tape) -> None:
        """Do all that is on the tape. Ctrl-C is seen while it is walked, not between the steps of handing it out."""
        with Undisturbed() as undisturbed:
            while len(self.go) < self.jobs - 1 and not self.closed:
                self.start(self.states[len(self.go) + 1])
            for left in self.left:
                left.acquire()
            self.tape = tape    # kept until all have left it
            tape.rewind()
            for state in self.states:
                state[PHASE // 8], state[END // 8] = tape.first, tape.end
            self.stopped = False
            for go in self.go:
                go.release()
            try:
                undisturbed.end()
                self.walk(self.states[0])
            except BaseException:    # Ctrl-C, normally; whoever handles it may rely on nobody working any more
                undisturbed.begin()
                self.stopped = True
                for left in self.left:
                    left.acquire()
                    left.release()
                raise

    def walk(self, state: array.array) -> None:
        where = state.buffer_info()[0]
        while self.driver(where) != FINISHED and not self.stopped:
            pass

    def start(self, state: array.array) -> None:
        """One more thread."""
        go, left = _thread.allocate_lock(), _thread.allocate_lock()
        go.acquire()
        self.go.append(go)
        self.left.append(left)

        def serve() -> None:
            while go.acquire() and not self.closed:
                self.walk(state)
                left.release()

        _thread.start_new_thread(serve, ())

    def close(self) -> None:
        """End the threads; one that came late may still be looking at memory that is about to be freed."""
        with Undisturbed():
            for left in self.left:
                left.acquire()
            self.closed = True    # only now: a thread that comes late to the last tape must not take it for that
            for go in self.go:
                go.release()
            self.go, self.left = [], []


# ---- Tensors in memory -----------------------------------------------------------------------------------------------

class Tensor:
    """A tensor [h, w, c]: a buffer with a border of zeros around the picture, or some channels of another tensor's."""

    def __init__(self, name: str, h: int, w: int, c: int):
        self.name, self.h, self.w, self.c = name, h, w, c
        self.border = [0, 0, 0, 0]          # pixels: top, left, bottom, right
        self.whole: Tensor | None = None    # what this is a part of
        self.channel = 0                    # the first one of this part, counted in the buffer
        self.address = 0                    # of pixel (0, 0)
        self.pixel = 0                      # bytes from one pixel to the next
        self.row = 0                        # bytes from one row to the next

    @property
    def buffer(self) -> Tensor:
        return self.whole.buffer if self.whole else self

    def range(self, what: str) -> Range:
        """The memory it uses; what: "value" or "gradient"."""
        return (what, self.buffer.name), self.channel, self.channel + self.c

    def want_border(self, top: int, left: int, bottom: int, right: int) -> None:
        border = self.buffer.border
        border[:] = map(max, border, (top, left, bottom, right))

    def size(self) -> int:
        """Bytes of the buffer, a multiple of 64."""
        top, left, bottom, right = self.border
        return ((top + self.h + bottom) * (left + self.w + right) * self.c * 4 + 63) // 64 * 64

    def put(self, start: int) -> None:
        """Lay the buffer at this address."""
        top, left, _, right = self.border
        self.pixel = 4 * self.c
        self.row = (left + self.w + right) * self.pixel
        self.address = start + top * self.row + left * self.pixel

    def put_part(self) -> None:
        """Take the place in `whole`, which has its own already."""
        if self.whole:
            self.pixel, self.row = self.whole.pixel, self.whole.row
            self.address = self.whole.address + 4 * (self.channel - self.whole.channel)


def same_padding(size: int, kernel: int, stride: int) -> tuple[int, int, int]:
    """(output size, zeros before, zeros after) of TensorFlow's SAME padding along one axis."""
    out = -(-size // stride)
    total = max((out - 1) * stride + kernel - size, 0)
    return out, total // 2, total - total // 2


class Operation:
    """One row of the table, with its tensors."""

    def __init__(self, row: tuple, tensors: dict[str, Tensor], buffers: dict[str, str], weights: dict):
        self.name, self.kind, inputs, buffer, _, parameters = row
        self.y = tensors[buffer]
        self.inputs = [tensors[buffers[i]] for i in inputs if i in buffers]
        self.x = self.inputs[0] if self.inputs else self.y
        self.parameters = parameters
        self.stride = tuple(parameters.get("stride", (1, 1)))
        operands = [weights[i] for i in inputs if i in weights]
        self.weight_shape: tuple[int, ...]
        self.weights: Sequence[float]
        self.kernel: tuple[int, ...]
        self.weight_shape, self.weights = operands[0] if operands else ((), ())
        if self.kind in ("Conv2D", "MatMul"):
            self.weight_shape = (1,) * (4 - len(self.weight_shape)) + tuple(self.weight_shape)
            self.kernel = self.weight_shape[:2]
        elif self.kind == "MaxPool":
            self.kernel = tuple(parameters["ksize"])
        else:
            self.kernel = (1, 1)
        _, self.top, self.bottom = same_padding(self.x.h, self.kernel[0], self.stride[0])
        _, self.left, self.right = same_padding(self.x.w, self.kernel[1], self.stride[1])
        self.phases, self.taps, self.first, self.lanes = Tensor(f"{self.name} phases", 0, 0, 0), (0, 0), (0, 0), 0


# ---- The engine ------------------------------------------------------------------------------------------------------

LARGEST_UNIT = 1_500_000    # multiply-adds: about 20 us; smaller units cost more than their sharing out wins
LONGEST_PART = 200          # inputs; of a part of a convolution's matrix, then of 20 to 50 KB. 100 and 150 are slower
LONGEST_RUN = 400           # inputs; longer kernel rows are taken pixel by pixel


class SimdEngine:
    """Runs a table of operations on pictures of one size as machine code.

    operations: rows (name, kind, inputs, buffer, shape, parameters) as in inception_graph.OPERATIONS
    weights:    operand name -> (shape, flat float32 view)
    jobs:       threads; the results are the same for any number

    Operations are numbered as in the table. `read`, `write`, `seed` and `gradient` take an operation's name.
    The parts of a concatenation lie in its buffer, for values and gradients; so the gradient of a whole is to be read
    before `backward` goes on to the ReLUs of its parts.
    """

    def __init__(self, operations, weights, height: int, width: int, jobs: int = 1, instruction_set: str = ""):
        chosen, reason = probe()
        if reason:
            raise Refused(reason)
        self.set = instruction_set or chosen
        self.name = f"simd {self.set}"
        self.asm = BACKENDS[self.set]
        self.height, self.width, self.jobs = height, width, max(jobs, 1)
        self.threads = Threads(self.set, self.jobs)
        weakref.finalize(self, self.threads.close)    # also when Python ends
        self.numbers = {row[0]: number for number, row in enumerate(operations)}
        self.buffers = {row[0]: row[3] for row in operations}
        self.lay_out(operations, weights)
        self.shapes = {name: (t.h, t.w, t.c) for name, buffer in self.buffers.items()
                       for t in (self.tensors[buffer],)}
        self.panels: dict[tuple, int] = {}      # which packed weights -> address, once they are there
        self.keep: list[object] = []            # tables whose addresses are in use
        self.packing = self.new_tape()
        self.tapes: dict[tuple, tuple[Tape, frozenset]] = {}
        self.live: frozenset[str] = frozenset()    # tensors whose gradient is not zero

    # Memory

    def lay_out(self, operations, weights) -> None:
        """Find the size of every tensor and its place in memory."""
        self.tensors: dict[str, Tensor] = {}
        self.operations: list[Operation] = []
        readers: dict[str, int] = {}
        for row in operations:
            _, kind, inputs, buffer, shape, parameters = row
            sources = [self.tensors[self.buffers[i]] for i in inputs if i in self.buffers]
            if buffer not in self.tensors:
                if kind == "Placeholder":
                    h, w = self.height, self.width
                elif kind in ("AvgPool", "MatMul"):
                    h, w = 1, 1
                else:
                    down, across = parameters.get("stride", (1, 1))
                    h, w = -(-sources[0].h // down), -(-sources[0].w // across)
                self.tensors[buffer] = Tensor(buffer, h, w, shape[2])
            op = Operation(row, self.tensors, self.buffers, weights)
            if kind == "MaxPool" and max(op.kernel) > 3:    # its gradient keeps all sums of a window in registers
                raise ValueError(f"{op.name}: max pooling with windows of {op.kernel}; they may be 3 x 3 at most")
            self.operations.append(op)
            for source in sources:
                if source is not op.y:
                    readers[source.name] = readers.get(source.name, 0) + 1
        for op in reversed(self.operations):    # a tensor that only a concatenation reads lies in its buffer
            if op.kind == "ConcatV2":
                channel = op.y.channel
                for x in op.inputs:
                    if readers[x.name] == 1 and x.name != "data":
                        x.whole, x.channel = op.y, channel
                    channel += x.c
        extra = 0
        for op in self.operations:
            if op.kind == "Conv2D":
                op.x.want_border(op.top, op.left, op.bottom, op.right)
                if op.stride == (1, 1):
                    kh, kw = op.kernel
                    op.y.want_border(kh - 1 - op.top, kw - 1 - op.left, op.top, op.left)
                else:
                    extra += self.plan_phases(op)
        own = [t for t in self.tensors.values() if not t.whole]
        size = sum(t.size() for t in own)
        packed = sum(2 * math.prod(op.weight_shape[:2]) * (op.weight_shape[2] + 64) * (op.weight_shape[3] + 64) * 4
                     for op in self.operations if op.kind in ("Conv2D", "MatMul"))
        picture = self.height * (3 * self.width + 128) + (1 << 16)
        page = mmap.PAGESIZE
        total = 2 * size + extra + packed + picture + 4 * page
        self.arena = mmap.mmap(-1, total, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
        if hasattr(mmap, "MADV_HUGEPAGE"):
            with contextlib.suppress(OSError):
                self.arena.madvise(mmap.MADV_HUGEPAGE)
        self.base = address_of(self.arena)
        self.floats = memoryview(self.arena)[:total // 4 * 4].cast("f")
        self.end = self.base + total
        self.free = self.base
        for t in own:
            t.put(self.take(t.size()))
        self.delta = size
        self.take(size)
        for t in reversed(self.tensors.values()):    # a whole comes after its parts
            t.put_part()
        for op in self.operations:
            if op.kind == "Conv2D" and op.stride != (1, 1):
                op.phases.put(self.take(op.phases.size()))
        self.staging_row = (3 * self.width + 127) // 64 * 64
        self.staging = self.take(self.staging_row * self.height + 64)
        self.sums = self.take(4096)

    def take(self, size: int) -> int:
        """The address of so many bytes of the arena, a multiple of 64."""
        at = self.free
        self.free += (size + 63) // 64 * 64
        assert self.free <= self.end
        return at

    def rows_of(self, t: Tensor, gradient: bool) -> Iterator[slice]:
        """The places in `floats` of a tensor's rows (of its pixels, if it is part of another)."""
        start = (t.address + gradient * self.delta - self.base) // 4
        for y in range(t.h):
            at = start + y * t.row // 4
            if t.pixel == 4 * t.c:
                yield slice(at, at + t.w * t.c)
            else:
                for x in range(t.w):
                    yield slice(at + x * t.pixel // 4, at + x * t.pixel // 4 + t.c)

    def fill(self, t: Tensor, gradient: bool, values) -> None:
        values = memoryview(values)
        if values.format != "f":
            values = values.cast("B").cast("f")
        if len(values) != t.h * t.w * t.c:
            raise ValueError(f"{t.name}: {len(values)} numbers for a tensor of {t.h} x {t.w} x {t.c}")
        at = 0
        for place in self.rows_of(t, gradient):
            count = place.stop - place.start
            self.floats[place] = values[at:at + count]
            at += count

    def copy_out(self, t: Tensor, gradient: bool) -> array.array:
        result = array.array("f")
        for place in self.rows_of(t, gradient):
            result.frombytes(self.arena[4 * place.start:4 * place.stop])
        return result

    # The interface that all engines have

    def write(self, name: str, values) -> None:
        """Fill a tensor, normally 'data', from a flat float32 buffer."""
        self.fill(self.tensors[self.buffers[name]], False, values)

    def read(self, name: str) -> array.array:
        """A copy of a tensor as the last `forward` left it: flat float32, of shape self.shapes[name]."""
        return self.copy_out(self.tensors[self.buffers[name]], False)

    def forward(self, stop: int, start: int = 0) -> None:
        """Run operations number start .. stop - 1."""
        key = "forward", start, stop
        if key not in self.tapes:
            self.begin_packing()
            tape = self.new_tape()
            self.plan_forward(tape, start, stop)
            self.finish_packing()
            self.tapes[key] = tape.finish(), frozenset()
        self.threads.run(self.tapes[key][0])

    def seed(self, name: str, values=None) -> None:
        """Begin a backward pass: all gradients zero, but d(name) = values, or the activations themselves (None)."""
        t = self.tensors[self.buffers[name]]
        if values is not None:
            self.fill(t, True, values)
        else:
            key = "seed", t.name
            if key not in self.tapes:
                tape = self.new_tape()
                tape.add("seed", self.elementwise("copy", t, t.address, t.address + self.delta), [], [])
                self.tapes[key] = tape.finish(), frozenset()
            self.threads.run(self.tapes[key][0])
        self.live = frozenset((t.name,))

    def backward(self, stop: int, start: int = 0) -> None:
        """Run the gradients of operations number stop - 1 down to start, in that order."""
        key = "backward", start, stop, self.live
        if key not in self.tapes:
            self.begin_packing()
            tape = self.new_tape()
            live = self.plan_backward(tape, start, stop)
            self.finish_packing()
            self.tapes[key] = tape.finish(), live
        tape, self.live = self.tapes[key]
        self.threads.run(tape)

    def gradient(self, name: str) -> array.array:
        """A copy of d(name), complete once `backward` has run down to the operation that follows it."""
        t = self.tensors[self.buffers[name]]
        if t.name not in self.live:
            return array.array("f", bytes(4 * t.h * t.w * t.c))
        return self.copy_out(t, True)

    def close(self) -> None:
        """End the threads and give the memory back as soon as nobody holds a view of it."""
        self.threads.close()
        self.tapes.clear()

    # Planning

    def new_tape(self) -> Tape:
        return Tape(self.set, self.jobs)

    def kernel(self, function, *constants) -> tuple:
        return self.set, function, *constants

    def plan_forward(self, tape: Tape, start: int, stop: int) -> None:
        number = start
        while number < stop:
            op = self.operations[number]
            number += 1
            reads, writes = [x.range("value") for x in op.inputs], [op.y.range("value")]
            if op.kind in ("Conv2D", "MatMul"):
                bias, relu = None, False
                if number < stop and self.operations[number].kind == "BiasAdd" and self.operations[number].x is op.y:
                    bias = self.operations[number].weights
                    number += 1
                    if number < stop and self.operations[number].kind == "Relu" and self.operations[number].x is op.y:
                        relu = True
                        number += 1
                units = self.plan_convolution(op, bias, relu)
            elif op.kind == "BiasAdd":
                units = self.elementwise("bias", op.y, self.vector(op.weights), op.y.address)
                writes += reads
            elif op.kind == "Relu":
                units = self.elementwise("relu", op.y, op.y.address, op.y.address)
            elif op.kind == "MaxPool":
                units = self.plan_max_pool(op)
            elif op.kind == "LRN":
                units = self.plan_normalize(op, False)
            elif op.kind == "ConcatV2":
                units = []
                channel = 0
                for x in op.inputs:
                    if x.whole is not op.y:
                        units += self.elementwise("copy", x, x.address, op.y.address + 4 * channel, op.y)
                    channel += x.c
            elif op.kind == "AvgPool":
                units = self.plan_average_pool(op, "forward")
            elif op.kind == "Softmax":
                units = [Unit(self.kernel(softmax, op.y.c), [op.x.address, op.y.address])]
            else:
                continue
            if units:
                tape.add(op.name, units, reads, writes)

    def plan_backward(self, tape: Tape, start: int, stop: int) -> frozenset[str]:
        """Returns the tensors that have a gradient afterwards."""
        live = set(self.live)
        live_at_end, masked = self.look_ahead(start, stop)
        masked_units: set[str] = set()
        together: dict[str, list[Operation]] = {}    # 1x1 convolutions of one tensor: their gradients are one product
        for number in reversed(range(start, stop)):
            op = self.operations[number]
            if op.y.name not in live or op.kind in ("Placeholder", "BiasAdd"):
                continue
            x = op.x
            if op.kind == "Conv2D" and op.weight_shape[:2] == op.stride == (1, 1):
                group = together.setdefault(x.name, [])
                group.append(op)
                if any(other.kind == "Conv2D" and other.x is x and other.weight_shape[:2] == other.stride == (1, 1)
                       and other.y.name in live_at_end for other in self.operations[start:number]) and len(group) < 3:
                    continue
                del together[x.name]
            else:
                group = [op]
            add = x.name in live
            mask = masked.get(x.name) == number and (op.kind in ("Conv2D", "MatMul", "LRN") or not add)
            if op.kind == "Conv2D" and op.stride != (1, 1) or op.kind not in ("Conv2D", "MatMul", "LRN", "MaxPool"):
                mask = False
            reads = [op.y.range("gradient")]
            writes = [x.range("gradient")] + ([x.range("gradient")] if add else [])
            if op.kind == "Relu":
                if x.name in masked_units or x.whole and x.whole.name in masked_units:
                    continue
                units = self.elementwise("mask", x, x.address, x.address + self.delta)
            elif op.kind in ("Conv2D", "MatMul"):
                if op.stride == (1, 1):
                    reads = [other.y.range("gradient") for other in group]
                    units = self.plan_gradient(group, add, mask)
                else:
                    tape.add(op.name + " phases", self.plan_phase_convolution(op), reads, [(op.phases.name, 0, 1)])
                    reads = [(op.phases.name, 0, 1)]
                    units = self.plan_unfold(op, add)
            elif op.kind == "MaxPool":
                units = self.plan_max_pool_gradient(op, not add, mask)
            elif op.kind == "LRN":
                units = self.plan_normalize(op, True, add, mask)
            elif op.kind == "ConcatV2":
                units, channel = [], 0
                for part in op.inputs:
                    if part.whole is not op.y:
                        what = "add" if part.name in live else "copy"
                        source = op.y.address + 4 * channel + self.delta
                        tape.add(op.name, self.elementwise(what, part, source, part.address + self.delta, None, op.y),
                                 reads, [part.range("gradient")])
                    live.add(part.name)
                    channel += part.c
            elif op.kind == "AvgPool":
                units = self.plan_average_pool(op, "add" if add else "store")
            elif op.kind == "Softmax":
                units = [Unit(self.kernel(softmax_gradient, op.y.c, add), [x.address, op.y.address, self.delta])]
            else:
                raise ValueError(f"{op.name}: no gradient for {op.kind}")
            if mask:
                masked_units.add(x.name)
            if units:
                tape.add(op.name, units, reads, writes)
            if op.kind != "ConcatV2":
                live.add(x.name)
        return frozenset(live)

    def look_ahead(self, start: int, stop: int) -> tuple[set[str], dict[str, int]]:
        """The tensors that have a gradient after the pass, and: tensor -> the operation that, as the last one of this
        pass, adds to its gradient, where this may apply the ReLU's mask in passing: because the ReLUs of the whole
        tensor come in the same pass, and nothing in between."""
        live, last, relus = set(self.live), {}, set()    # type: set[str], dict[str, int], set[str]
        for number in reversed(range(start, stop)):
            op = self.operations[number]
            if op.y.name not in live:
                continue
            live.update(x.name for x in op.inputs)
            if op.kind == "Relu":
                relus.add(op.x.name)
            elif op.kind not in ("ConcatV2", "BiasAdd", "Placeholder"):
                last[op.x.name] = number
        concats = {op.y.name: op.inputs for op in self.operations if op.kind == "ConcatV2"}
        return live, {name: number for name, number in last.items()
                      if name in relus or name in concats and all(x.name in relus and x.whole for x in concats[name])}

    # Planning: convolutions

    def convolve(self, sources: Sequence[tuple[int, ...]], weights: int, y: int, y_pixel: int, y_step: int,
                 h: int, w: int, c: int, bias: int | None = None, relu: bool = False, add: bool = False,
                 mask: bool = False) -> list[Unit]:
        """The units of one implicit matrix product (see `convolution`); y, weights, bias are addresses.

        sources: (address, rows, taps, run, x_row, x_tap, x_pixel, x_step) of each input.
        """
        V = self.asm.V
        vectors = -(-c // V)
        depth, first, units = sum(math.prod(source[1:4]) for source in sources), 0, []
        shapes = tuple(self.in_parts(*source[1:]) for source in sources)
        for block in split_channels(self.set, w, vectors):
            lanes = c - (first + block - 1) * V if first + block == vectors else V
            most = (self.asm.vectors - block - 1) // block
            tiles = split_width(w, min(most, self.asm.most_pixels))
            kernel = self.kernel(convolution, tiles, block, lanes, shapes, y_pixel, y_step, bias is not None, add,
                                 relu, mask)
            if 64 + 4 * w * block * V > Threads.SCRATCH_SIZE:
                raise ValueError(f"a row of {w} pixels is too long")
            cost = w * block * V * depth
            for top, count in self.divide(h, cost):
                target = y + top * y_step + first * V * 4
                units.append(Unit(kernel, [weights + first * V * depth * 4, (bias or 0) + first * V * 4, target,
                                           -self.delta, count, *(x[0] + top * x[-1] for x in sources)],
                                  top / h, cost * count))
            first += block
        return units

    @staticmethod
    def in_parts(rows: int, taps: int, run: int, x_row: int, x_tap: int, x_pixel: int, x_step: int) -> tuple:
        """The same as loops over parts, of at most LONGEST_PART inputs where that goes, and over runs in a part."""
        pieces = next((n for n in range(-(-run // LONGEST_PART), run // 32 + 1) if run % n == 0), 1)
        run //= pieces
        loops = [loop for loop in ((rows, x_row), (taps, x_tap), (pieces, 4 * run)) if loop[0] > 1]
        part, first = run, len(loops)
        while first and part * loops[first - 1][0] <= LONGEST_PART:
            first -= 1
            part *= loops[first][0]
        return tuple(loops[:first]), tuple(loops[first:]), run, x_pixel, x_step

    def divide(self, rows: int, cost: float) -> list[tuple[int, int]]:
        """(first, how many) for parts of `rows` rows, each of which costs so many multiply-adds."""
        parts = min(rows, -(-int(rows * cost) // LARGEST_UNIT))
        ends = [rows * i // parts for i in range(parts + 1)]
        return [(first, end - first) for first, end in zip(ends, ends[1:])]

    def plan_convolution(self, op: Operation, bias, relu: bool) -> list[Unit]:
        x, y = op.x, op.y
        kh, kw, ci, co = op.weight_shape
        taps, run = (1, kw * ci) if x.pixel == 4 * ci and kw * ci <= LONGEST_RUN else (kw, ci)
        key = "forward", op.name
        if key not in self.panels:
            self.panels[key] = self.pack(op, y.w)
        source = (x.address - op.top * x.row - op.left * x.pixel, kh, taps, run, x.row,
                  x.pixel if taps > 1 else 4 * run, op.stride[1] * x.pixel, op.stride[0] * x.row)
        return self.convolve([source], self.panels[key], y.address, y.pixel, y.row, y.h, y.w, co,
                             None if bias is None else self.vector(bias), relu)

    def plan_gradient(self, ops: list[Operation], add: bool, mask: bool) -> list[Unit]:
        """The input gradient of convolutions with stride 1 of one x, all at once: convolutions of their dy with the
        weights turned by 180 degrees and their two channel axes exchanged."""
        x, sources = ops[0].x, []
        for op in ops:
            y, (kh, kw, _, co) = op.y, op.weight_shape
            taps, run = (1, kw * co) if y.pixel == 4 * co and kw * co <= LONGEST_RUN else (kw, co)
            sources.append((y.address + self.delta - (kh - 1 - op.top) * y.row - (kw - 1 - op.left) * y.pixel,
                            kh, taps, run, y.row, y.pixel if taps > 1 else 4 * run, y.pixel, y.row))
        key = "backward", *(op.name for op in ops)
        if key not in self.panels:
            self.panels[key] = self.pack_turned(ops, x.w)
        return self.convolve(sources, self.panels[key], x.address + self.delta, x.pixel, x.row, x.h, x.w, x.c,
                             add=add, mask=mask)

    # The gradient of a convolution with stride s. With Y = y + padding, input row y gets from output row o the weights
    # of kernel row r = Y - s o. For Y = s q + p (phase p) that is r = s t + p with t = q - o = 0, 1 ... : in q, a
    # convolution with stride 1 and ceil(k / s) taps. All s x s phases are computed at once, as output channels of
    # that convolution, [q down, q across, (p down, p across, ci)], and then unfolded to where they belong.

    def plan_phases(self, op: Operation) -> int:
        """Plan the tensor of phases; returns its size in bytes."""
        (down, across), (kh, kw), x = op.stride, op.kernel, op.x
        op.taps = -(-kh // down), -(-kw // across)
        op.first = op.top // down, op.left // across                                     # the first q
        last = (x.h - 1 + op.top) // down, (x.w - 1 + op.left) // across
        op.lanes = (across * x.c + 7) // 8 * 8                                           # of one phase down
        op.phases = Tensor(op.phases.name, last[0] - op.first[0] + 1, last[1] - op.first[1] + 1, down * op.lanes)
        op.y.want_border(max(op.taps[0] - 1 - op.first[0], 0), max(op.taps[1] - 1 - op.first[1], 0),
                         max(last[0] - (op.y.h - 1), 0), max(last[1] - (op.y.w - 1), 0))
        return op.phases.size()

    def plan_phase_convolution(self, op: Operation) -> list[Unit]:
        y, phases = op.y, op.phases
        co = op.weight_shape[3]
        taps, run = (1, op.taps[1] * co) if y.pixel == 4 * co else (op.taps[1], co)
        key = "backward", op.name
        if key not in self.panels:
            self.panels[key] = self.pack_phases(op)
        start = (y.address + self.delta + (op.first[0] - (op.taps[0] - 1)) * y.row
                 + (op.first[1] - (op.taps[1] - 1)) * y.pixel)
        source = (start, op.taps[0], taps, run, y.row, y.pixel if taps > 1 else 4 * run, y.pixel, y.row)
        return self.convolve([source], self.panels[key], phases.address, phases.pixel, phases.row, phases.h, phases.w,
                             phases.c)

    def plan_unfold(self, op: Operation, add: bool) -> list[Unit]:
        (down, across), x, phases = op.stride, op.x, op.phases
        if x.pixel != 4 * x.c:
            raise ValueError(f"{op.name}: a strided convolution of a part of a concatenation")
        cell = across * x.c
        skipped = op.left % across * x.c
        first = min((cell - skipped) % cell, x.w * x.c)
        repeats, last = divmod(x.w * x.c - first, cell)
        units = []
        for phase in range(down):
            rows = [row for row in range(x.h) if (row + op.top) % down == phase]
            if not rows:
                continue
            kernel = self.kernel(unfold, cell, first, repeats, last, down * x.row, phases.pixel, phases.row, add)
            for i, count in self.divide(len(rows), 20 * x.w * x.c):
                q = (rows[i] + op.top) // down - op.first[0]
                units.append(Unit(kernel, [x.address + self.delta + rows[i] * x.row,
                                           phases.address + q * phases.row + 4 * phase * op.lanes, count],
                                  rows[i] / x.h, 20.0 * x.w * x.c * count))
        return units

    # Weights, copied to where and in the order in which they are used: [block of channels][matrix row][channel]

    def begin_packing(self) -> None:
        self.packing = self.new_tape()

    def finish_packing(self) -> None:
        if self.packing.phases:
            self.threads.run(self.packing.finish())

    def take_panels(self, depth: int, channels: int, width: int) -> tuple[int, list[tuple[int, int, int]]]:
        """Memory for a weight matrix: (address, [(address of a block, its first channel, its padded channels)])"""
        V = self.asm.V
        vectors = -(-channels // V)
        at = self.take(4 * depth * vectors * V)
        blocks, first = [], 0
        for block in split_channels(self.set, width, vectors):
            blocks.append((at + 4 * depth * first * V, first * V, block * V))
            first += block
        return at, blocks

    def pack(self, op: Operation, width: int) -> int:
        kh, kw, ci, co = op.weight_shape
        depth, source = kh * kw * ci, buffer_address(op.weights)
        at, blocks = self.take_panels(depth, co, width)
        for start, first, channels in blocks:
            kernel = self.kernel(pack_rows, min(channels, co - first), channels)
            for row, count in self.divide(depth, 20 * channels):
                unit = Unit(kernel, [source + 4 * (row * co + first), start + 4 * row * channels, count, 4 * co])
                self.packing.add("pack", [unit], [], [])
        return at

    def pack_turned(self, ops: list[Operation], width: int) -> int:
        depth = sum(math.prod(op.kernel) * op.weight_shape[3] for op in ops)
        at, blocks = self.take_panels(depth, ops[0].x.c, width)
        kernel, units = self.kernel(pack_transposed), []
        for start, first, channels in blocks:
            for op in ops:
                kh, kw, ci, co = op.weight_shape
                source = buffer_address(op.weights)
                for tap in reversed(range(kh * kw)):
                    units.append(Unit(kernel, [source + 4 * (tap * ci + first) * co, start, co,
                                               min(channels, ci - first), 4 * co, 4 * channels]))
                    start += 4 * co * channels
        self.packing.add("turn", units, [], [])
        return at

    def pack_phases(self, op: Operation) -> int:
        (down, across), (taps_down, taps_across), (kh, kw, ci, co) = op.stride, op.taps, op.weight_shape
        source = buffer_address(op.weights)
        depth = taps_down * taps_across * co
        at, blocks = self.take_panels(depth, op.phases.c, op.phases.w)
        units = []
        for start, first, channels in blocks:
            for lane in range(first, min(first + channels, op.phases.c)):
                phase_down, rest = divmod(lane, op.lanes)
                phase_across, c = divmod(rest, ci)
                if phase_across >= across:
                    continue
                for i in range(taps_down):
                    for j in range(taps_across):
                        r = down * (taps_down - 1 - i) + phase_down
                        s = across * (taps_across - 1 - j) + phase_across
                        if r < kh and s < kw:
                            units.append(Unit(self.kernel(pack_transposed), [
                                source + 4 * ((r * kw + s) * ci + c) * co,
                                start + 4 * ((i * taps_across + j) * co * channels + lane - first),
                                co, 1, 4 * co, 4 * channels]))
        self.packing.add("turn", units, [], [])
        return at

    def vector(self, values) -> int:
        """The address of a copy of a bias vector, with room behind for whole vectors."""
        key = "vector", id(values)
        if key not in self.panels:
            at = self.panels[key] = self.take(4 * (len(values) + self.asm.V))
            self.floats[(at - self.base) // 4:(at - self.base) // 4 + len(values)] = values
        return self.panels[key]

    # Planning: the other layers

    def elementwise(self, what: str, t: Tensor, x: int, y: int, y_like: Tensor | None = None,
                    x_like: Tensor | None = None) -> list[Unit]:
        """x and y: addresses of tensors of t's shape, laid out as those tensors (default: as t)."""
        x_like, y_like = x_like or t, y_like or t
        kernel = self.kernel(elementwise, what, t.w, t.c, x_like.pixel, x_like.row, y_like.pixel, y_like.row)
        moves = 0 if "bias" in what else x_like.row
        return [Unit(kernel, [x + first * moves, y + first * y_like.row, count], first / t.h, count)
                for first, count in self.divide(t.h, 30 * t.w * t.c)]

    def plan_normalize(self, op: Operation, backward: bool, add: bool = False, mask: bool = False) -> list[Unit]:
        x, y, p = op.x, op.y, op.parameters
        vectors = -(-x.c // self.asm.V) + 1
        block = max(1, min(x.w, 8192 // (4 * self.asm.V * vectors)))
        kernel = self.kernel(normalize, x.c, x.w, block, p["depth_radius"], float(p["alpha"]), float(p["beta"]),
                             float(p["bias"]), x.pixel, x.row, y.pixel, y.row, backward, add, mask)
        return [Unit(kernel, [x.address + first * x.row, y.address + backward * self.delta + first * y.row, self.delta,
                              count], first / x.h, 200.0 * count * x.w * x.c)
                for first, count in self.divide(x.h, 200 * x.w * x.c)]

    def pool_windows(self, op: Operation) -> tuple[tuple, int]:
        """Columns: ((distances of the window's columns, how many pixels), ...) and the address of the rows' table."""
        (kh, kw), (down, across), x, y = op.kernel, op.stride, op.x, op.y
        runs: list[tuple[tuple[int, ...], int]] = []
        for i in range(y.w):
            cells = [min(max(i * across - op.left + j, 0), x.w - 1) for j in range(kw)]
            columns = tuple((cell - i * across) * x.pixel for cell in cells)
            if runs and runs[-1][0] == columns:
                runs[-1] = columns, runs[-1][1] + 1
            else:
                runs.append((columns, 1))
        key = "windows", op.name
        if key not in self.panels:
            table = array.array("q", [min(max(o * down - op.top + i, 0), x.h - 1) * x.row
                                      for o in range(y.h) for i in range(kh)])
            self.panels[key] = table.buffer_info()[0]
            self.keep.append(table)
        return tuple(runs), self.panels[key]

    def plan_max_pool(self, op: Operation) -> list[Unit]:
        x, y = op.x, op.y
        runs, table = self.pool_windows(op)
        kh = op.kernel[0]
        kernel = self.kernel(max_pool, kh, runs, y.c, op.stride[1] * x.pixel, y.pixel, y.row)
        return [Unit(kernel, [x.address, y.address + first * y.row, table + 8 * kh * first, count], first / y.h,
                     60.0 * count * y.w * y.c)
                for first, count in self.divide(y.h, 60 * y.w * y.c)]

    def plan_max_pool_gradient(self, op: Operation, clear: bool, mask: bool) -> list[Unit]:
        """A unit is some rows of dx and some channels. Windows that reach into two of them are computed twice."""
        (kh, kw), (down, _), x, y, V = op.kernel, op.stride, op.x, op.y, self.asm.V
        if (x.w + kw) * x.pixel > Threads.SCRATCH_SIZE:
            raise ValueError(f"{op.name}: rows of {x.w * x.pixel} bytes are too long")
        nothing = self.row_of_nan((x.w + kw) * x.pixel)
        parts = max(1, x.h // 7)
        bounds = [x.h * i // parts for i in range(parts + 1)]
        groups = 2 if y.c >= 8 * V else 1
        ends = [-(-y.c // V) * i // groups * V for i in range(groups)] + [y.c]
        first_rows = [o * down - op.top for o in range(y.h)]
        units = []
        for top, bottom in zip(bounds, bounds[1:]):
            mine = [o for o in range(y.h) if first_rows[o] < bottom and top < first_rows[o] + kh]
            for first, end in zip(ends, ends[1:]):
                shift, table = 4 * first, array.array("q")
                for o in mine:
                    rows = range(first_rows[o], first_rows[o] + kh)
                    table.extend((x.address + r * x.row if 0 <= r < x.h else nothing) + shift for r in rows)
                    table.extend(x.address + self.delta + r * x.row + shift if top <= r < bottom else 0 for r in rows)
                    # The first row of all is one that windows above would have reached already.
                    new = clear and o == 0 and top == 0 and kh > down
                    table.append(x.address + self.delta + shift if new else 0)
                self.keep.append(table)
                kernel = self.kernel(max_pool_gradient, op.kernel, op.stride, op.left, x.w, y.w, end - first, x.pixel,
                                     x.row, y.pixel, y.row, clear, mask)
                at = y.address + mine[0] * y.row + shift
                units.append(Unit(kernel, [at, at + self.delta, table.buffer_info()[0], len(mine)],
                                  top / x.h, 200.0 * len(mine) * y.w * (end - first)))
        return units

    def row_of_nan(self, size: int) -> int:
        """The address of so many bytes of NaN."""
        if self.panels.get(("nan", 0), 0) < size:
            table = array.array("f", [math.nan]) * (size // 4 + 16)
            self.keep.append(table)
            self.panels["nan", 0], self.panels["nan", 1] = size, table.buffer_info()[0]
        return self.panels["nan", 1]

    def plan_average_pool(self, op: Operation, mode: str) -> list[Unit]:
        x, y, V = op.x, op.y, self.asm.V
        delta = 0 if mode == "forward" else self.delta
        group = 4 * V
        return [Unit(self.kernel(average_pool, min(group, x.c - first), x.h, x.w, x.pixel, x.row, mode),
                     [x.address + delta + 4 * first, y.address + delta + 4 * first], first / x.c, 10.0 * x.h * x.w)
                for first in range(0, x.c, group)]

    # Pictures

    def fixed_tape(self, key: str, plan) -> Tape:
        """A tape that is the same for every picture."""
        if (key,) not in self.tapes:
            tape = self.new_tape()
            tape.add(key, plan(), [], [])
            self.tapes[key,] = tape.finish(), frozenset()
        return self.tapes[key,][0]

    def load_tile(self, picture, x: int, y: int) -> None:
        """data [h, w, c] = the pixels from (x, y) on, wrapping around the picture's edges, minus MEAN_BGR."""
        stretch, pixels = 3 * picture.width, picture.pixels
        left, line, at = 3 * (x % picture.width), 3 * self.width, self.staging - self.base
        repeat = -(-(left + line) // stretch)
        for i in range(self.height):
            start = (y + i) % picture.height * stretch
            if repeat == 1:
                self.arena[at:at + line] = pixels[start + left:start + left + line]
            else:
                self.arena[at:at + line] = (pixels[start:start + stretch] * repeat)[left:left + line]
            at += self.staging_row

        def plan() -> list[Unit]:
            data = self.tensors["data"]
            kernel = self.kernel(bytes_to_floats, line, self.staging_row, data.row)
            return [Unit(kernel, [self.staging + first * self.staging_row, data.address + first * data.row, count])
                    for first, count in self.divide(self.height, 30 * line)]

        self.threads.run(self.fixed_tape("load", plan))

    def store_tile(self, picture, x: int, y: int) -> None:
        """Write data + MEAN_BGR, rounded half up and clipped to bytes, back to where load_tile found it."""
        def plan() -> list[Unit]:
            data = self.tensors["data"]
            kernel = self.kernel(floats_to_bytes, 3 * self.width, data.row, self.staging_row)
            return [Unit(kernel, [data.address + first * data.row, self.staging + first * self.staging_row, count])
                    for first, count in self.divide(self.height, 30 * 3 * self.width)]

        self.threads.run(self.fixed_tape("store", plan))
        wide, high = min(self.width, picture.width), min(self.height, picture.height)
        stretch, left = 3 * picture.width, 3 * (x % picture.width)
        here = min(3 * wide, stretch - left)
        over = 3 * wide - here
        for i in range(high):
            start, at = (y + i) % picture.height * stretch, self.staging - self.base + i * self.staging_row
            picture.pixels[start + left:start + left + here] = self.arena[at:at + here]
            if over:
                picture.pixels[start:start + over] = self.arena[at + here:at + here + over]

    def ascend(self, step: float) -> float:
        """data += step * g / mean |g| for the gradient g of data; returns mean |g|, and does nothing where it is 0."""
        data = self.tensors["data"]
        parts = self.divide(self.height, LARGEST_UNIT * 8 // self.height)
        V, factor = self.asm.V, self.sums + 2048

        def plan_sum() -> list[Unit]:
            kernel = self.kernel(sum_absolute, 3 * self.width, data.row)
            return [Unit(kernel, [data.address + self.delta + first * data.row, self.sums + 4 * V * i, count])
                    for i, (first, count) in enumerate(parts)]

        def plan_add() -> list[Unit]:
            kernel = self.kernel(add_scaled, 3 * self.width, data.row)
            return [Unit(kernel, [data.address + first * data.row, self.delta, factor, count])
                    for first, count in parts]

        if "data" not in self.live:
            return 0.0
        self.threads.run(self.fixed_tape("sum", plan_sum))
        at = (self.sums - self.base) // 4
        mean = math.fsum(self.floats[at:at + len(parts) * V]) / (3 * self.width * self.height)
        if mean > 0.0:
            self.floats[(factor - self.base) // 4] = step / mean
            self.threads.run(self.fixed_tape("ascend", plan_add))
        return mean

    def upscale(self, picture, scale, c89: bool):
        """An enlarged copy of a picture, bilinear; exactly as deepdream.upscale."""
        w, h = picture.width, picture.height
        width, height = int(w * scale), int(h * scale)
        one = 255 if c89 else 256
        last_x, last_y = (w, h) if c89 else (w - 1, h - 1)    # c89 takes what lies behind the last pixel or row

        def sources(new: int, last: int, distance: int) -> Iterator[tuple[int, int, int]]:
            for i in range(new):
                at, u = divmod((i << 8) * scale.denominator // scale.numerator, 256)
                yield at * distance, min(at + 1, last) * distance, u

        source = bytearray(picture.pixels) + bytes(3 * (w + 1))
        result = bytearray(3 * width * height)
        table = array.array("q", [word for words in sources(width, last_x, 3) for word in words])
        upper, new, columns = buffer_address(source), buffer_address(result), table.buffer_info()[0]
        units = [Unit(self.kernel(blend), [new + 3 * width * y, upper + first, upper + second, v, columns, width, one],
                      y / height)
                 for y, (first, second, v) in enumerate(sources(height, last_y, 3 * w))]
        tape = self.new_tape()
        tape.add("upscale", units, [], [])
        self.threads.run(tape.finish())
        return type(picture)(width, height, result)


class Py_buffer(ctypes.Structure):
    """Where an object keeps its bytes; the first fields of CPython's struct of this name, and room for the others."""
    _fields_ = [("address", ctypes.c_void_p), ("owner", ctypes.py_object), ("length", ctypes.c_ssize_t),
                ("others", ctypes.c_void_p * 8)]


def buffer_address(values) -> int:
    """The address of a buffer's memory, also of one that must not be written (which ctypes alone refuses)."""
    view = Py_buffer()
    get, release = ctypes.pythonapi.PyObject_GetBuffer, ctypes.pythonapi.PyBuffer_Release
    get.argtypes, get.restype = (ctypes.py_object, ctypes.POINTER(Py_buffer), ctypes.c_int), ctypes.c_int
    release.argtypes, release.restype = (ctypes.POINTER(Py_buffer),), None
    get(values, ctypes.byref(view), 0)
    at = view.address
    release(ctypes.byref(view))
    return at
