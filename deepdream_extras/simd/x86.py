"""The language of kernels as instructions of x86-64 processors: AVX2 and AVX-512.

A vector instruction is: prefix (which carries a third register and the high bits of the other two), opcode, ModRM (a
register, and a register or the base of an address), then the address's distance from the base.
"""

from __future__ import annotations

import functools
import struct
from collections.abc import Callable

from .assembler import Assembler, Operand
from .systems import here

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
def vex(pp: int, table: int, opcode: int, register: int, source: int, operand: Operand, immediate: bytes = b"",
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
def evex(pp: int, table: int, opcode: int, register: int, source: int, operand: Operand, immediate: bytes = b"",
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
def scalar(opcode: bytes, register: int, operand: Operand, immediate: bytes = b"", wide: bool = True) -> bytes:
    """An instruction on the 64-bit (wide) or 32-bit general registers."""
    base = operand[0] if isinstance(operand, tuple) else operand
    rex = 0x40 | wide << 3 | (register >> 3 & 1) << 2 | (base >> 3 & 1 if base != CODE else 0)
    if isinstance(operand, tuple):
        rest = address(register, *operand)
    else:
        rest = u8(0xC0 | (register & 7) << 3 | operand & 7)
    return u8(rex) + opcode + rest + immediate


def shift_by(pp: int, register: int, count: int) -> bytes:
    """A shift (BMI2) of a 64-bit register by what another one says."""
    return u8(0xC4, (~register >> 3 & 1) << 7 | 1 << 6 | (~register >> 3 & 1) << 5 | 2,
              0x80 | (~count & 15) << 3 | pp, 0xF7, 0xC0 | (register & 7) << 3 | register & 7)


class X86(Assembler):
    """The scalar half of the language, for x86-64."""

    ARGUMENTS, SCRATCH = RDI, RSI
    registers = (RAX, RCX, RDX, RBX, RBP, R8, R9, R10, R11, R12, R13, R14, R15)
    STACK, CLOCK = RSP, (RAX, RDX)
    DRIVER = (RBX, RBP, R12, R13, R14, R15, R9)
    CONDITIONS = {"==": 0x84, "!=": 0x85, "<": 0x8C, ">=": 0x8D, "<=": 0x8E, ">": 0x8F}    # jcc rel32, signed

    def finish(self) -> bytes:
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
        if 0 <= value < 1 << 31:
            self.code += scalar(b"\xC7", 0, r, i32(value), wide=False)              # mov r32, imm32
        else:
            self.code += u8(0x48 | r >> 3, 0xB8 | r & 7) + struct.pack("<q", value)  # movabs r, imm64

    def move(self, r: int, source: int) -> None:
        self.code += scalar(b"\x8B", r, source)                                     # mov r, source

    def load_word(self, r: int, p: int, at: int = 0) -> None:
        self.code += scalar(b"\x8B", r, (p, at))                                    # mov r, [p + at]

    def store_word(self, p: int, at: int, r: int) -> None:
        self.code += scalar(b"\x89", r, (p, at))                                    # mov [p + at], r

    def load_half(self, r: int, p: int, at: int = 0) -> None:
        self.code += scalar(b"\x8B", r, (p, at), wide=False)

    def store_half(self, p: int, at: int, r: int) -> None:
        self.code += scalar(b"\x89", r, (p, at), wide=False)

    def load_short(self, r: int, p: int, at: int = 0) -> None:
        self.code += scalar(b"\x0F\xB7", r, (p, at), wide=False)                    # movzx r32, word [p + at]

    def load_signed_short(self, r: int, p: int, at: int = 0) -> None:
        self.code += scalar(b"\x0F\xBF", r, (p, at))                                # movsx r, word [p + at]

    def store_short(self, p: int, at: int, r: int) -> None:
        self.code += b"\x66" + scalar(b"\x89", r, (p, at), wide=False)              # mov word [p + at], r16

    def look_up(self, r: int, table: int, index: int) -> None:
        self.code += u8(0x40 | r >> 3 << 2 | index >> 3 << 1 | table >> 3, 0x0F, 0xB7,      # movzx r32, word
                        0x44 | (r & 7) << 3, 0x40 | (index & 7) << 3 | table & 7, 0)        # [table + 2 * index]

    def load_byte(self, r: int, p: int, at: int = 0) -> None:
        self.code += scalar(b"\x0F\xB6", r, (p, at), wide=False)                    # movzx r32, byte [p + at]

    def store_byte(self, p: int, at: int, r: int) -> None:
        self.code += scalar(b"\x88", r, (p, at))                                    # mov byte [p + at], r8

    def prefetch(self, p: int, at: int = 0) -> None:
        self.code += scalar(b"\x0F\x18", 1, (p, at), wide=False)                    # prefetcht0 [p + at]

    # Arithmetic

    def add(self, r: int, source: int) -> None:
        self.code += scalar(b"\x03", r, source)

    def add_constant(self, r: int, value: int) -> None:
        if value:
            self.code += scalar(b"\x81", 0, r, i32(value))                          # add r, imm32

    def subtract(self, r: int, source: int) -> None:
        self.code += scalar(b"\x2B", r, source)

    def negate(self, r: int) -> None:
        self.code += scalar(b"\xF7", 3, r)                                          # neg r

    def multiply(self, r: int, source: int) -> None:
        self.code += scalar(b"\x0F\xAF", r, source)                                 # imul r, source

    def shift_right(self, r: int, bits: int) -> None:
        self.code += scalar(b"\xC1", 5, r, u8(bits))                                # shr r, imm8

    def shift_left(self, r: int, bits: int) -> None:
        self.code += scalar(b"\xC1", 4, r, u8(bits))                                # shl r, imm8

    def shift_right_signed(self, r: int, bits: int) -> None:
        self.code += scalar(b"\xC1", 7, r, u8(bits))                                # sar r, imm8

    def shift_right_by(self, r: int, source: int) -> None:
        self.code += shift_by(3, r, source)                                         # shrx r, r, source

    def shift_left_by(self, r: int, source: int) -> None:
        self.code += shift_by(1, r, source)                                         # shlx r, r, source

    def both(self, r: int, source: int) -> None:
        self.code += scalar(b"\x23", r, source)                                     # and r, source

    def either(self, r: int, source: int) -> None:
        self.code += scalar(b"\x0B", r, source)                                     # or r, source

    def differing(self, r: int, source: int) -> None:
        self.code += scalar(b"\x33", r, source)                                     # xor r, source

    def keep_bits(self, r: int, bits: int) -> None:
        self.code += scalar(b"\x81", 4, r, i32((1 << bits) - 1), wide=False)        # and r32, imm32

    def reverse_bytes(self, r: int) -> None:
        self.code += u8(0x48 | r >> 3, 0x0F, 0xC8 | r & 7)                          # bswap r

    def highest_bit(self, r: int, source: int) -> None:
        self.code += scalar(b"\x0F\xBD", r, source)                                 # bsr r, source

    # Jumps

    def jump(self, label: int) -> None:
        self.code += b"\xE9" + bytes(4)
        self.jumps.append((len(self.code) - 4, label))

    def branch(self, r: int, condition: str, value: int, label: int) -> None:
        self.code += scalar(b"\x81", 7, r, i32(value))                              # cmp r, imm32
        self.jump_on(condition, label)

    def branch_register(self, r: int, condition: str, other: int, label: int) -> None:
        self.code += scalar(b"\x3B", r, other)                                      # cmp r, other
        self.jump_on(condition, label)

    def jump_on(self, condition: str, label: int) -> None:
        self.code += u8(0x0F, self.CONDITIONS[condition]) + bytes(4)
        self.jumps.append((len(self.code) - 4, label))

    def count_down(self, counter: int, label: int) -> None:
        self.code += scalar(b"\xFF", 1, counter)                                    # dec counter
        self.jump_on("!=", label)

    def leave(self) -> None:
        self.code += b"\xC3"                                                        # ret

    # For the driver only: meeting other threads, the clock, the outside

    def atomic_add(self, p: int, at: int, r: int) -> None:
        self.code += b"\xF0" + scalar(b"\x0F\xC1", r, (p, at))                      # lock xadd [p + at], r

    def ticks(self, r: int, spare: int) -> None:
        assert (r, spare) == self.CLOCK
        self.code += b"\x0F\x31" b"\x48\xC1\xE2\x20" b"\x48\x09\xD0"                # rdtsc; shl rdx, 32; or rax, rdx

    def clock_rate(self, r: int) -> None:
        self.set(r, 0)

    def acquire(self) -> None:
        """x86 needs nothing for that."""

    def pause(self) -> None:
        self.code += b"\xF3\x90"

    def yield_processor(self, p: int, at: int) -> None:
        """The 32 bytes are what a function of Windows may write to above its return address."""
        self.code += scalar(b"\x81", 5, RSP, i32(32))                               # sub rsp, 32
        self.call(p, at)
        self.code += scalar(b"\x81", 0, RSP, i32(32))                               # add rsp, 32

    def call(self, p: int, at: int) -> None:
        self.code += scalar(b"\xFF", 2, (p, at))

    # A C function must leave these as they were. By Windows' convention rdi, rsi and xmm6 - xmm15 as well, and its
    # argument comes in rcx (Microsoft, "x64 calling convention"); inside all is as on other systems. There a frame of
    # more than a page would have to be touched page by page; and nothing may lie below rsp.

    SAVED, SAVED_ON_WINDOWS = (RBX, RBP, R12, R13, R14, R15), (RDI, RSI)
    LOW_VECTORS = range(6, 16)

    def begin_function(self, local: int) -> None:
        for r in self.saved():
            self.code += scalar(b"\xFF", 6, r)                                      # push r
        self.code += scalar(b"\x81", 5, RSP, i32(self.frame(local)))                # sub rsp, imm32
        if here().windows_calls:
            for i, x in enumerate(self.LOW_VECTORS):
                self.low_vector(b"\x0F\x11", x, local + 8 + 16 * i)                 # movups [rsp + ...], x
            self.move(self.ARGUMENTS, RCX)
        self.code += scalar(b"\x0F\xAE", 3, (RSP, local))                           # stmxcsr [rsp + local]
        self.load_half(RAX, RSP, local)
        self.code += scalar(b"\x81", 1, RAX, i32(0x8040), wide=False)               # or eax, FTZ | DAZ
        self.store_half(RSP, local + 4, RAX)
        self.code += scalar(b"\x0F\xAE", 2, (RSP, local + 4))                       # ldmxcsr [rsp + local + 4]

    def end_function(self, local: int, result: int) -> None:
        self.code += scalar(b"\x0F\xAE", 2, (RSP, local))
        if here().windows_calls:
            for i, x in enumerate(self.LOW_VECTORS):
                self.low_vector(b"\x0F\x10", x, local + 8 + 16 * i)                 # movups x, [rsp + ...]
        self.set(RAX, result)
        self.code += scalar(b"\x81", 0, RSP, i32(self.frame(local)))                # add rsp, imm32
        for r in reversed(self.saved()):
            self.code += scalar(b"\x8F", 0, r)                                      # pop r
        self.leave()

    def saved(self) -> tuple[int, ...]:
        return self.SAVED + self.SAVED_ON_WINDOWS * here().windows_calls

    def low_vector(self, opcode: bytes, x: int, at: int) -> None:
        """SSE: of processors without AVX as well."""
        self.code += scalar(opcode, x, (RSP, at), wide=False)

    def frame(self, local: int) -> int:
        """Bytes below the saved registers: `local`, 8 for the two states of MXCSR, on Windows vectors, and rsp a
        multiple of 16."""
        pushed = 8 * len(self.saved()) + 8
        vectors = 16 * len(self.LOW_VECTORS) * here().windows_calls
        size = (local + 8 + vectors + pushed + 15) // 16 * 16 - pushed
        assert size < 4096
        return size

    def identify(self) -> None:
        """For a block of 32-bit numbers at ARGUMENTS, what it asks (the second not 0: xgetbv, else cpuid of the first):
        from the second on eax, ebx, ecx, edx."""
        cpuid, done = self.label(), self.label()
        self.load_half(RCX, self.ARGUMENTS, 4)
        self.branch(RCX, "==", 0, cpuid)
        self.code += b"\x31\xC9" b"\x0F\x01\xD0"                                   # xor ecx, ecx; xgetbv
        self.jump(done)
        self.place(cpuid)
        self.load_half(RAX, self.ARGUMENTS)
        self.code += b"\x31\xC9" b"\x0F\xA2"                                       # xor ecx, ecx; cpuid
        self.place(done)
        for i, r in enumerate((RAX, RBX, RCX, RDX)):
            self.store_half(self.ARGUMENTS, 4 + 4 * i, r)


def three(pp: int, table: int, opcode: int) -> Callable[..., bytes]:
    """register = source op operand, the same for AVX and AVX-512 (`encode`: vex or evex). Most of a kernel is made of
    these, and they are found faster by their operands alone."""
    @functools.cache
    def instruction(encode: Callable[..., bytes], d: int, x: int, y: Operand) -> bytes:
        return encode(pp, table, opcode, d, x, y)

    return instruction


ADD = three(0, 1, 0x58)                                                             # vaddps
SUB = three(0, 1, 0x5C)                                                             # vsubps
MUL = three(0, 1, 0x59)                                                             # vmulps
DIV = three(0, 1, 0x5E)                                                             # vdivps
MAX = three(0, 1, 0x5F)                                                             # vmaxps
MIN = three(0, 1, 0x5D)                                                             # vminps
FMA = three(1, 2, 0xB8)                                                             # vfmadd231ps
FNMA = three(1, 2, 0xBC)                                                            # vfnmadd231ps
ADD_INT = three(1, 1, 0xFE)                                                         # vpaddd
SUB_INT = three(1, 1, 0xFA)                                                         # vpsubd
MUL_INT = three(1, 2, 0x40)                                                         # vpmulld
MAX_INT = three(1, 2, 0x3D)                                                         # vpmaxsd
MIN_INT = three(1, 2, 0x39)                                                         # vpminsd
AND = three(1, 1, 0xDB)                                                             # vpand, vpandd
OR = three(1, 1, 0xEB)                                                              # vpor, vpord
XOR = three(1, 1, 0xEF)                                                             # vpxor, vpxord


class Avx(X86):
    """The vector half of the language, as far as AVX2 and AVX-512 agree."""

    def end_function(self, local: int, result: int) -> None:
        self.code += b"\xC5\xF8\x77"                                                # vzeroupper
        super().end_function(local, result)

    encode: Callable[..., bytes]    # vex or evex

    def emit(self, operation: tuple[int, int, int], d: int, x: int, y: Operand, immediate: bytes = b"") -> None:
        self.code += self.encode(*operation, d, x, y, immediate)

    def v_add(self, d: int, x: int, y: Operand) -> None:
        self.code += ADD(self.encode, d, x, y)

    def v_sub(self, d: int, x: int, y: Operand) -> None:
        self.code += SUB(self.encode, d, x, y)

    def v_mul(self, d: int, x: int, y: Operand) -> None:
        self.code += MUL(self.encode, d, x, y)

    def v_div(self, d: int, x: int, y: Operand) -> None:
        self.code += DIV(self.encode, d, x, y)

    def v_max(self, d: int, x: int, y: Operand) -> None:
        self.code += MAX(self.encode, d, x, y)

    def v_min(self, d: int, x: int, y: Operand) -> None:
        self.code += MIN(self.encode, d, x, y)

    def v_fma(self, d: int, x: int, y: Operand) -> None:
        self.code += FMA(self.encode, d, x, y)

    def v_fnma(self, d: int, x: int, y: Operand) -> None:
        self.code += FNMA(self.encode, d, x, y)

    def v_add_int(self, d: int, x: int, y: Operand) -> None:
        self.code += ADD_INT(self.encode, d, x, y)

    def v_sub_int(self, d: int, x: int, y: Operand) -> None:
        self.code += SUB_INT(self.encode, d, x, y)

    def v_mul_int(self, d: int, x: int, y: Operand) -> None:
        self.code += MUL_INT(self.encode, d, x, y)

    def v_max_int(self, d: int, x: int, y: Operand) -> None:
        self.code += MAX_INT(self.encode, d, x, y)

    def v_min_int(self, d: int, x: int, y: Operand) -> None:
        self.code += MIN_INT(self.encode, d, x, y)

    def v_and(self, d: int, x: int, y: Operand) -> None:
        self.code += AND(self.encode, d, x, y)

    def v_or(self, d: int, x: int, y: Operand) -> None:
        self.code += OR(self.encode, d, x, y)

    def v_xor(self, d: int, x: int, y: Operand) -> None:
        self.code += XOR(self.encode, d, x, y)

    def v_sqrt(self, d: int, x: int) -> None:
        self.emit((0, 1, 0x51), d, 0, x)                                            # vsqrtps

    def v_shift_left(self, d: int, x: int, bits: int) -> None:
        self.emit((1, 1, 0x72), 6, d, x, u8(bits))                                  # vpslld d, x, imm8

    def v_shift_right(self, d: int, x: int, bits: int) -> None:
        self.emit((1, 1, 0x72), 2, d, x, u8(bits))                                  # vpsrld d, x, imm8

    def v_shift_right_signed(self, d: int, x: int, bits: int) -> None:
        self.emit((1, 1, 0x72), 4, d, x, u8(bits))                                  # vpsrad d, x, imm8

    def v_round(self, d: int, x: int) -> None:
        self.emit((1, 1, 0x5B), d, 0, x)                                            # vcvtps2dq

    def v_float(self, d: int, x: int) -> None:
        self.emit((0, 1, 0x5B), d, 0, x)                                            # vcvtdq2ps

    def v_copy(self, d: int, x: int) -> None:
        self.emit((0, 1, 0x28), d, 0, x)                                            # vmovaps

    def v_zero(self, d: int) -> None:
        self.emit((1, 1, 0xEF), d, d, d)                                            # vpxord d, d, d

    def v_fma_float(self, d: int, x: int, p: int, at: int, spare: int) -> None:
        self.v_broadcast(spare, p, at)
        self.v_fma(d, x, spare)

    def v_load_factor(self, d: int, p: int, at: int) -> None:
        self.v_broadcast(d, p, at)

    def v_fma_factor(self, d: int, x: int, factor: int) -> None:
        self.v_fma(d, x, factor)

    def v_constant(self, d: int, value: float | int | list) -> None:
        if isinstance(value, list):
            self.v_load(d, CODE)
        else:
            self.v_broadcast(d, CODE)
        self.constants.setdefault(self.packed(value), []).append(len(self.code) - 4)


class Avx2(Avx):
    """16 vector registers of 8 floats."""

    name = "avx2"
    encode = staticmethod(vex)
    V = 8
    vectors = 16
    most_pixels = 12

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

    def v_keep_greater_int(self, d: int, x: int, y: int, z: int) -> None:
        self.code += vex(1, 1, 0x66, d, x, y)                                       # vpcmpgtd d, x, y
        self.code += vex(1, 1, 0xDB, d, d, z)                                       # vpand d, d, z

    def v_load_bytes(self, d: int, p: int, at: int = 0) -> None:
        self.v_load_bytes_int(d, p, at)
        self.v_float(d, d)

    def v_store_bytes(self, p: int, at: int, x: int, spare: int) -> None:
        self.code += vex(2, 1, 0x5B, x, 0, x)                                       # vcvttps2dq x, x
        self.v_store_bytes_int(p, at, x, spare)

    def v_load_bytes_int(self, d: int, p: int, at: int = 0) -> None:
        self.code += vex(1, 2, 0x31, d, 0, (p, at))                                 # vpmovzxbd d, [p + at]

    def v_load_shorts(self, d: int, p: int, at: int = 0) -> None:
        self.code += vex(1, 2, 0x23, d, 0, (p, at))                                 # vpmovsxwd d, [p + at]

    def v_store_shorts(self, p: int, at: int, x: int, spare: int) -> None:
        self.code += vex(1, 3, 0x39, x, 0, spare, u8(1))                            # vextracti128 spare, x, 1
        self.code += vex(1, 2, 0x2B, x, x, spare, wide=False)                       # vpackusdw x, x, spare
        self.code += vex(0, 1, 0x11, x, 0, (p, at), wide=False)                     # vmovups [p + at], x

    def v_store_bytes_int(self, p: int, at: int, x: int, spare: int) -> None:
        self.code += vex(1, 3, 0x39, x, 0, spare, u8(1))                            # vextracti128 spare, x, 1
        self.code += vex(1, 2, 0x2B, x, x, spare, wide=False)                       # vpackusdw x, x, spare
        self.code += vex(1, 1, 0x67, x, x, x, wide=False)                           # vpackuswb x, x, x
        self.code += vex(1, 1, 0xD6, x, 0, (p, at), wide=False)                     # vmovq [p + at], x


class Avx512(Avx):
    """32 vector registers of 16 floats, and mask registers: k1 - k6 for tails, k7 for comparisons."""

    name = "avx512"
    encode = staticmethod(evex)
    V = 16
    vectors = 32
    most_pixels = 28

    def __init__(self) -> None:
        super().__init__()
        self.tails: dict[int, int] = {}

    def v_tail(self, lanes: int, spare: int) -> int:
        k = self.tails.setdefault(lanes, len(self.tails) + 1)
        assert k < 7
        self.code += vex(0, 1, 0x90, k, 0, (CODE, 0), wide=False)                   # kmovw k, [constant]
        self.constants.setdefault(struct.pack("<I", (1 << lanes) - 1), []).append(len(self.code) - 4)
        return k

    def v_load(self, d: int, p: int, at: int = 0, tail: int | None = None) -> None:
        if tail is None:
            self.code += evex(0, 1, 0x10, d, 0, (p, at))                            # vmovups d, [p + at]
        else:
            self.code += evex(0, 1, 0x10, d, 0, (p, at), mask=tail, zeroing=True)   # vmovups d {k}{z}, [p + at]

    def v_store(self, p: int, at: int, x: int, tail: int | None = None) -> None:
        if tail is None:
            self.code += evex(0, 1, 0x11, x, 0, (p, at))                            # vmovups [p + at], x
        else:
            self.code += evex(0, 1, 0x11, x, 0, (p, at), mask=tail)                 # vmovups [p + at] {k}, x

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

    def v_keep_greater_int(self, d: int, x: int, y: int, z: int) -> None:
        self.code += evex(1, 1, 0x66, 7, x, y)                                      # vpcmpgtd k7, x, y
        self.code += evex(0, 1, 0x28, d, 0, z, mask=7, zeroing=True)

    def v_load_bytes(self, d: int, p: int, at: int = 0) -> None:
        self.v_load_bytes_int(d, p, at)
        self.v_float(d, d)

    def v_store_bytes(self, p: int, at: int, x: int, spare: int) -> None:
        self.code += evex(2, 1, 0x5B, x, 0, x)                                      # vcvttps2dq x, x
        self.v_store_bytes_int(p, at, x, spare)

    def v_load_bytes_int(self, d: int, p: int, at: int = 0) -> None:
        self.code += evex(1, 2, 0x31, d, 0, (p, at), unit=16)                       # vpmovzxbd d, [p + at]

    def v_load_shorts(self, d: int, p: int, at: int = 0) -> None:
        self.code += evex(1, 2, 0x23, d, 0, (p, at), unit=32)                       # vpmovsxwd d, [p + at]

    def v_store_shorts(self, p: int, at: int, x: int, spare: int) -> None:
        self.code += evex(2, 2, 0x33, x, 0, (p, at), unit=32)                       # vpmovdw [p + at], x

    def v_store_bytes_int(self, p: int, at: int, x: int, spare: int) -> None:
        self.code += evex(2, 2, 0x31, x, 0, (p, at), unit=16)                       # vpmovdb [p + at], x
