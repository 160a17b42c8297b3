"""Machine instructions as we write them, compared with what independent assemblers make of the same in text.

Every method of every instruction set is called with many registers, distances and tails. Its bytes are disassembled;
the text that stands beside the method here is assembled, and disassembled by the same program; the two must agree.
Disassembled, because most instructions can be written in several ways, and ours is not always the shortest.

Programs: GNU as and objdump, LLVM's llvm-mc; whichever are there are used, and without any the tests are skipped.
"""

import pathlib
import random
import re
import shutil
import struct
import subprocess
import tempfile
import unittest
from unittest import mock

from deepdream_extras import simd
from deepdream_extras.simd import systems, x86

# ---- Assemblers ------------------------------------------------------------------------------------------------------
# Each turns text, or bytes, into instructions in that program's own spelling, one a line.


def output(*command, text=None):
    result = subprocess.run(command, input=text, capture_output=True, text=True)
    messages = [line for line in result.stderr.splitlines() if "error" in line.lower() or "warning" in line.lower()]
    if result.returncode or messages:
        raise AssertionError(f"{command[0]}: {messages[:3] or result.stderr[:300]}")
    return result.stdout


class Gnu:
    """as and objdump: the plain ones for the machine's own processor, others with a prefix to their names."""

    PREFIX = {"x86": ("", "x86_64-linux-gnu-"), "aarch64": ("aarch64-linux-gnu-", "")}
    DIALECT = {"x86": ".intel_syntax noprefix\n", "aarch64": ""}
    MACHINE = {"x86": ["i386:x86-64", "-Mintel"], "aarch64": ["aarch64", "-Mno-aliases"]}

    def __init__(self, processor):
        self.processor = processor
        self.prefix = next((prefix for prefix in self.PREFIX[processor] if shutil.which(prefix + "as")
                            and self.suits(prefix)), None)
        self.usable = self.prefix is not None

    def suits(self, prefix):
        name = {"x86": "x86", "aarch64": "aarch64"}[self.processor]
        return shutil.which(prefix + "objdump") and name in output(prefix + "as", "--version")

    def normal(self, text):
        with tempfile.TemporaryDirectory() as folder:
            output(self.prefix + "as", "-o", folder + "/o", "-", text=self.DIALECT[self.processor] + text)
            output(self.prefix + "objcopy", "-O", "binary", "-j", ".text", folder + "/o", folder + "/code")
            return self.read(folder + "/code")

    def disassemble(self, code):
        with tempfile.TemporaryDirectory() as folder:
            pathlib.Path(folder, "code").write_bytes(code)
            return self.read(folder + "/code")

    def read(self, path):
        listing = output(self.prefix + "objdump", "-D", "-z", "-b", "binary", "-w", "--no-show-raw-insn", "-m",
                         *self.MACHINE[self.processor], path)
        lines = [line.split("\t", 1)[1] for line in listing.splitlines() if re.match(r"\s*[0-9a-f]+:\t", line)]
        return [tidy(re.sub(r"\s+# .*|\s+//.*", "", line)) for line in lines]


class Llvm:
    """llvm-mc"""

    OPTIONS = {"x86": ["-triple=x86_64", "-mattr=+avx512f,+avx2,+fma", "-output-asm-variant=1"],
               "aarch64": ["-triple=aarch64"]}

    def __init__(self, processor):
        self.options = self.OPTIONS[processor]
        self.usable = shutil.which("llvm-mc") is not None

    def normal(self, text):
        return self.tidy(output("llvm-mc", *self.options, "-x86-asm-syntax=intel", text=text))

    def disassemble(self, code):
        return self.tidy(output("llvm-mc", *self.options, "-disassemble", text=" ".join(f"0x{b:02x}" for b in code)))

    def tidy(self, listing):
        lines = [re.sub(r"\s*(//|#|;) .*", "", line).strip() for line in
                 re.sub(r"\block\s+", "lock ", listing).splitlines()]
        lines = [tidy(line) for line in lines if line and not line.startswith(".")]
        return [re.sub(r"^((?:sh[lr]|sar) \w+)$", r"\1, 1", line) for line in lines]    # its name for the short form


def tidy(line):
    """Without spaces that mean nothing, and without a prefix that changes nothing for the instruction behind it."""
    line = re.sub(r"\s+", " ", line.strip())
    line = re.sub(r"\b0x[0-9a-f]+", lambda number: str(int(number[0], 16)), line)
    line = re.sub(r"\.Ltmp\d+\+?\(?(-?\d+)\)?$", r"#\1", line)    # llvm-mc's own label at this place
    line = re.sub(r"\*2 ?\+ ?0\]", "*2]", line)    # a distance of 0 is written out, though not all addresses need it
    return re.sub(r"^rex(\.[WRXB]+|64)? ", "", line)


# ---- The same in text: x86 -------------------------------------------------------------------------------------------
# name of a method: function that gives its text, one line for each instruction. What they get: the class, then
# the method's own arguments.

WORDS = ["rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi",
         "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15"]
HALVES = ["eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi",
          "r8d", "r9d", "r10d", "r11d", "r12d", "r13d", "r14d", "r15d"]
SHORTS = ["ax", "cx", "dx", "bx", "sp", "bp", "si", "di",
          "r8w", "r9w", "r10w", "r11w", "r12w", "r13w", "r14w", "r15w"]
BYTES = ["al", "cl", "dl", "bl", "spl", "bpl", "sil", "dil",
         "r8b", "r9b", "r10b", "r11b", "r12b", "r13b", "r14b", "r15b"]


def at(base, distance, size):
    return f"{size} ptr [{WORDS[base]} + {distance}]"


X86_SCALAR = {
    "set": lambda r, value: [f"mov {HALVES[r]}, {value}" if 0 <= value < 1 << 31 else f"movabs {WORDS[r]}, {value}"],
    "move": lambda r, s: [f"mov {WORDS[r]}, {WORDS[s]}"],
    "load_word": lambda r, p, d=0: [f"mov {WORDS[r]}, {at(p, d, 'qword')}"],
    "store_word": lambda p, d, r: [f"mov {at(p, d, 'qword')}, {WORDS[r]}"],
    "load_half": lambda r, p, d=0: [f"mov {HALVES[r]}, {at(p, d, 'dword')}"],
    "store_half": lambda p, d, r: [f"mov {at(p, d, 'dword')}, {HALVES[r]}"],
    "load_short": lambda r, p, d=0: [f"movzx {HALVES[r]}, {at(p, d, 'word')}"],
    "load_signed_short": lambda r, p, d=0: [f"movsx {WORDS[r]}, {at(p, d, 'word')}"],
    "store_short": lambda p, d, r: [f"mov {at(p, d, 'word')}, {SHORTS[r]}"],
    "look_up": lambda r, table, i: [f"movzx {HALVES[r]}, word ptr [{WORDS[table]} + 2 * {WORDS[i]}]"],
    "load_byte": lambda r, p, d=0: [f"movzx {HALVES[r]}, {at(p, d, 'byte')}"],
    "store_byte": lambda p, d, r: [f"mov {at(p, d, 'byte')}, {BYTES[r]}"],
    "prefetch": lambda p, d: [f"prefetcht0 {at(p, d, 'byte')}"],
    "add": lambda r, s: [f"add {WORDS[r]}, {WORDS[s]}"],
    "add_constant": lambda r, value: [f"add {WORDS[r]}, {value}"] if value else [],
    "subtract": lambda r, s: [f"sub {WORDS[r]}, {WORDS[s]}"],
    "multiply": lambda r, s: [f"imul {WORDS[r]}, {WORDS[s]}"],
    "shift_right": lambda r, bits: [f"shr {WORDS[r]}, {bits}"],
    "shift_left": lambda r, bits: [f"shl {WORDS[r]}, {bits}"],
    "shift_right_signed": lambda r, bits: [f"sar {WORDS[r]}, {bits}"],
    "shift_right_by": lambda r, s: [f"shrx {WORDS[r]}, {WORDS[r]}, {WORDS[s]}"],
    "shift_left_by": lambda r, s: [f"shlx {WORDS[r]}, {WORDS[r]}, {WORDS[s]}"],
    "both": lambda r, s: [f"and {WORDS[r]}, {WORDS[s]}"],
    "either": lambda r, s: [f"or {WORDS[r]}, {WORDS[s]}"],
    "differing": lambda r, s: [f"xor {WORDS[r]}, {WORDS[s]}"],
    "keep_bits": lambda r, bits: [f"and {HALVES[r]}, {(1 << bits) - 1}"],
    "highest_bit": lambda r, s: [f"bsr {WORDS[r]}, {WORDS[s]}"],
    "negate": lambda r: [f"neg {WORDS[r]}"],
    "reverse_bytes": lambda r: [f"bswap {WORDS[r]}"],
    "leave": lambda: ["ret"],
    "atomic_add": lambda p, d, r: [f"lock xadd {at(p, d, 'qword')}, {WORDS[r]}"],
    "ticks": lambda r, s: ["rdtsc", f"shl {WORDS[s]}, 32", f"or {WORDS[r]}, {WORDS[s]}"],
    "pause": lambda: ["pause"],
    "clock_rate": lambda r: [f"mov {HALVES[r]}, 0"],
    "yield_processor": lambda p, d: ["sub rsp, 32", f"call {at(p, d, 'qword')}", "add rsp, 32"],
    "call": lambda p, d: [f"call {at(p, d, 'qword')}"],
    "acquire": list,
}


def x86_vectors(letter, V):
    """The vector methods of AVX2 (letter y, V = 8) and AVX-512 (letter z, V = 16) that look the same in text."""
    size = letter + "mmword"

    def v(register):
        return f"{letter}mm{register}"

    def x(register):
        return f"xmm{register}"

    def operand(y):
        return at(*y, size) if isinstance(y, tuple) else v(y)

    def three(mnemonic):
        return lambda d, a, y: [f"{mnemonic} {v(d)}, {v(a)}, {operand(y)}"]

    table = {method: three(mnemonic) for method, mnemonic in {
        "v_add": "vaddps", "v_sub": "vsubps", "v_mul": "vmulps", "v_div": "vdivps", "v_max": "vmaxps",
        "v_min": "vminps", "v_fma": "vfmadd231ps", "v_fnma": "vfnmadd231ps", "v_add_int": "vpaddd",
        "v_sub_int": "vpsubd", "v_mul_int": "vpmulld", "v_max_int": "vpmaxsd", "v_min_int": "vpminsd",
        "v_and": "vpand" + "d" * (letter == "z"), "v_or": "vpor" + "d" * (letter == "z"),
        "v_xor": "vpxor" + "d" * (letter == "z")}.items()}
    short, shorter = ("xmmword", "qword") if letter == "y" else ("ymmword", "xmmword")
    table |= {
        "v_shift_left": lambda d, a, bits: [f"vpslld {v(d)}, {v(a)}, {bits}"],
        "v_shift_right": lambda d, a, bits: [f"vpsrld {v(d)}, {v(a)}, {bits}"],
        "v_shift_right_signed": lambda d, a, bits: [f"vpsrad {v(d)}, {v(a)}, {bits}"],
        "v_load_bytes_int": lambda d, p, a=0: [f"vpmovzxbd {v(d)}, {at(p, a, shorter)}"],
        "v_load_shorts": lambda d, p, a=0: [f"vpmovsxwd {v(d)}, {at(p, a, short)}"],
        "v_sqrt": lambda d, a: [f"vsqrtps {v(d)}, {v(a)}"],
        "v_round": lambda d, a: [f"vcvtps2dq {v(d)}, {v(a)}"],
        "v_float": lambda d, a: [f"vcvtdq2ps {v(d)}, {v(a)}"],
        "v_copy": lambda d, a: [f"vmovaps {v(d)}, {v(a)}"],
        "v_broadcast": lambda d, p, a=0: [f"vbroadcastss {v(d)}, {at(p, a, 'dword')}"],
        "v_load_factor": lambda d, p, a=0: [f"vbroadcastss {v(d)}, {at(p, a, 'dword')}"],
        "v_fma_factor": lambda d, a, b: [f"vfmadd231ps {v(d)}, {v(a)}, {v(b)}"],
    }
    if letter == "y":
        table |= {
            "v_zero": lambda d: [f"vpxor {v(d)}, {v(d)}, {v(d)}"],
            "v_load": lambda d, p, a, tail: [f"vmovups {v(d)}, {at(p, a, size)}" if tail is None else
                                             f"vmaskmovps {v(d)}, {v(tail)}, {at(p, a, size)}"],
            "v_store": lambda p, a, d, tail: [f"vmovups {at(p, a, size)}, {v(d)}" if tail is None else
                                              f"vmaskmovps {at(p, a, size)}, {v(tail)}, {v(d)}"],
            "v_fma_float": lambda d, a, p, b, spare: [f"vbroadcastss {v(spare)}, {at(p, b, 'dword')}",
                                                      f"vfmadd231ps {v(d)}, {v(a)}, {v(spare)}"],
            "v_keep_greater": lambda d, a, b, c: [f"vcmpps {v(d)}, {v(a)}, {v(b)}, 30",
                                                  f"vandps {v(d)}, {v(d)}, {v(c)}"],
            "v_keep_equal": lambda d, a, b, c: [f"vcmpps {v(d)}, {v(a)}, {v(b)}, 0",
                                                f"vandps {v(d)}, {v(d)}, {v(c)}"],
            "v_keep_greater_int": lambda d, a, b, c: [f"vpcmpgtd {v(d)}, {v(a)}, {v(b)}",
                                                      f"vpand {v(d)}, {v(d)}, {v(c)}"],
            "v_store_bytes_int": lambda p, a, d, spare: [
                f"vextracti128 {x(spare)}, {v(d)}, 1", f"vpackusdw {x(d)}, {x(d)}, {x(spare)}",
                f"vpackuswb {x(d)}, {x(d)}, {x(d)}", f"vmovq {at(p, a, 'qword')}, {x(d)}"],
            "v_store_shorts": lambda p, a, d, spare: [
                f"vextracti128 {x(spare)}, {v(d)}, 1", f"vpackusdw {x(d)}, {x(d)}, {x(spare)}",
                f"vmovups {at(p, a, 'xmmword')}, {x(d)}"],
            "v_load_bytes": lambda d, p, a=0: [f"vpmovzxbd {v(d)}, {at(p, a, 'qword')}", f"vcvtdq2ps {v(d)}, {v(d)}"],
            "v_store_bytes": lambda p, a, d, spare: [
                f"vcvttps2dq {v(d)}, {v(d)}", f"vextracti128 {x(spare)}, {v(d)}, 1",
                f"vpackusdw {x(d)}, {x(d)}, {x(spare)}", f"vpackuswb {x(d)}, {x(d)}, {x(d)}",
                f"vmovq {at(p, a, 'qword')}, {x(d)}"],
        }
    else:
        def masked(tail, zeroing):
            return "" if tail is None else f" {{k{tail}}}" + "{z}" * zeroing
        table |= {
            "v_zero": lambda d: [f"vpxord {v(d)}, {v(d)}, {v(d)}"],
            "v_load": lambda d, p, a, tail: [f"vmovups {v(d)}{masked(tail, True)}, {at(p, a, size)}"],
            "v_store": lambda p, a, d, tail: [f"vmovups {at(p, a, size)}{masked(tail, False)}, {v(d)}"],
            "v_fma_float": lambda d, a, p, b, spare: [f"vfmadd231ps {v(d)}, {v(a)}, {at(p, b, 'dword')}{{1to16}}"],
            "v_keep_greater": lambda d, a, b, c: [f"vcmpps k7, {v(a)}, {v(b)}, 30",
                                                  f"vmovaps {v(d)} {{k7}}{{z}}, {v(c)}"],
            "v_keep_equal": lambda d, a, b, c: [f"vcmpps k7, {v(a)}, {v(b)}, 0",
                                                f"vmovaps {v(d)} {{k7}}{{z}}, {v(c)}"],
            "v_keep_greater_int": lambda d, a, b, c: [f"vpcmpgtd k7, {v(a)}, {v(b)}",
                                                      f"vmovaps {v(d)} {{k7}}{{z}}, {v(c)}"],
            "v_store_bytes_int": lambda p, a, d, spare: [f"vpmovdb {at(p, a, 'xmmword')}, {v(d)}"],
            "v_store_shorts": lambda p, a, d, spare: [f"vpmovdw {at(p, a, 'ymmword')}, {v(d)}"],
            "v_load_bytes": lambda d, p, a=0: [f"vpmovzxbd {v(d)}, {at(p, a, 'xmmword')}",
                                               f"vcvtdq2ps {v(d)}, {v(d)}"],
            "v_store_bytes": lambda p, a, d, spare: [f"vcvttps2dq {v(d)}, {v(d)}",
                                                     f"vpmovdb {at(p, a, 'xmmword')}, {v(d)}"],
        }
    return table


# ---- The same in text: aarch64 ---------------------------------------------------------------------------------------

def a64_set(r, value):
    """16 bits at a time, on a ground of zeros or, where that is shorter, of ones"""
    value &= (1 << 64) - 1
    parts = [value >> 16 * i & 0xFFFF for i in range(4)]
    ones = parts.count(0xFFFF) > parts.count(0)
    rest = [i for i in range(4) if parts[i] != (0xFFFF if ones else 0)] or [0]
    first = f"movn x{r}, #{parts[rest[0]] ^ 0xFFFF}" if ones else f"movz x{r}, #{parts[rest[0]]}"
    return [f"{first}, lsl #{16 * rest[0]}"] + [f"movk x{r}, #{parts[i]}, lsl #{16 * i}" for i in rest[1:]]


def a64_memory(mnemonic, register, p, distance, size):
    near = "prfum" if mnemonic == "prfm" else mnemonic[:2] + "ur" + mnemonic[3:]    # ends in b, h or sh: so many bits
    base = "sp" if p == 31 else f"x{p}"
    if distance % size == 0 and 0 <= distance < 4096 * size:
        return [f"{mnemonic} {register}, [{base}, #{distance}]"]
    if -256 <= distance < 256:
        return [f"{near} {register}, [{base}, #{distance}]"]
    return [*a64_set(16, distance), f"{mnemonic} {register}, [{base}, x16]"]


def a64_sum(r, p, value):
    """r = p + value, 12 bits at a time or by way of x16"""
    mnemonic, high, low = "add" if value >= 0 else "sub", abs(value) >> 12, abs(value) & 4095
    if high > 4095:
        return [*a64_set(16, value), f"add x{r}, x{p}, x16"]
    lines = [f"{mnemonic} x{r}, x{p}, #{high}, lsl #12"] if high else []
    if low or (r != p and not high):
        lines.append(f"{mnemonic} x{r}, x{r if high else p}, #{low}")
    return lines


def a64_table():
    def operand(y):
        return a64_memory("ldr", "q31", *y, 16) if isinstance(y, tuple) else []

    def three(mnemonic, kind="4s"):
        def lines(d, x, y):
            r = 31 if isinstance(y, tuple) else y
            return [*operand(y), f"{mnemonic} v{d}.{kind}, v{x}.{kind}, v{r}.{kind}"]
        return lines

    def two(mnemonic):
        return lambda d, x: [f"{mnemonic} v{d}.4s, v{x}.4s"]

    def choose(larger):
        """max: x where x > y, else y; min: x where y > x"""
        def lines(d, x, y):
            r = 31 if isinstance(y, tuple) else y
            mask = 30 if d in (x, r) else d
            a, b = (x, r) if larger else (r, x)
            compare = f"fcmgt v{mask}.4s, v{a}.4s, v{b}.4s"
            if d == x:
                return [*operand(y), compare, f"bif v{d}.16b, v{r}.16b, v{mask}.16b"]
            if d == r:
                return [*operand(y), compare, f"bit v{d}.16b, v{x}.16b, v{mask}.16b"]
            return [*operand(y), compare, f"bsl v{d}.16b, v{x}.16b, v{r}.16b"]
        return lines

    def keep(mnemonic):
        return lambda d, x, y, z: [f"{mnemonic} v{d}.4s, v{x}.4s, v{y}.4s", f"and v{d}.16b, v{d}.16b, v{z}.16b"]

    def parts(mnemonic, lane, x, p, distance, tail):
        """A whole vector, or its first 1, 2 or 3 lanes"""
        letter, size = {None: ("q", 16), 1: ("s", 4), 2: ("d", 8), 3: ("d", 8)}[tail]
        lines = a64_memory(mnemonic, f"{letter}{x}", p, distance, size)
        if tail == 3:
            lines += [*a64_sum(17, p, distance + 8), f"{lane} {{v{x}.s}}[2], [x17]"]
        return lines

    return {
        "set": a64_set,
        "move": lambda r, s: [f"mov x{r}, x{s}"],
            "load_word": lambda r, p, d: a64_memory("ldr", f"x{r}", p, d, 8),
        "store_word": lambda p, d, r: a64_memory("str", f"x{r}", p, d, 8),
        "load_half": lambda r, p, d: a64_memory("ldr", f"w{r}", p, d, 4),
        "store_half": lambda p, d, r: a64_memory("str", f"w{r}", p, d, 4),
        "load_short": lambda r, p, d: a64_memory("ldrh", f"w{r}", p, d, 2),
        "load_signed_short": lambda r, p, d: a64_memory("ldrsh", f"x{r}", p, d, 2),
        "store_short": lambda p, d, r: a64_memory("strh", f"w{r}", p, d, 2),
        "look_up": lambda r, table, i: [f"ldrh w{r}, [x{table}, x{i}, lsl #1]"],
        "load_byte": lambda r, p, d: a64_memory("ldrb", f"w{r}", p, d, 1),
        "store_byte": lambda p, d, r: a64_memory("strb", f"w{r}", p, d, 1),
        "prefetch": lambda p, d: a64_memory("prfm", "pldl1keep", p, d, 8),
        "add": lambda r, s: [f"add x{r}, x{r}, x{s}"],
        "add_constant": lambda r, value: a64_sum(r, r, value),
        "subtract": lambda r, s: [f"sub x{r}, x{r}, x{s}"],
        "multiply": lambda r, s: [f"mul x{r}, x{r}, x{s}"],
        "shift_right": lambda r, bits: [f"lsr x{r}, x{r}, #{bits}"],
        "shift_left": lambda r, bits: [f"lsl x{r}, x{r}, #{bits}"],
        "shift_right_signed": lambda r, bits: [f"asr x{r}, x{r}, #{bits}"],
        "shift_right_by": lambda r, s: [f"lsr x{r}, x{r}, x{s}"],
        "shift_left_by": lambda r, s: [f"lsl x{r}, x{r}, x{s}"],
        "both": lambda r, s: [f"and x{r}, x{r}, x{s}"],
        "either": lambda r, s: [f"orr x{r}, x{r}, x{s}"],
        "differing": lambda r, s: [f"eor x{r}, x{r}, x{s}"],
        "keep_bits": lambda r, bits: [f"and x{r}, x{r}, #{(1 << bits) - 1}"],
        "highest_bit": lambda r, s: [f"clz x{r}, x{s}", f"eor x{r}, x{r}, #63"],
        "negate": lambda r: [f"sub x{r}, xzr, x{r}"],
        "reverse_bytes": lambda r: [f"rev x{r}, x{r}"],
        "leave": lambda: ["ret"],
        "atomic_add": lambda p, d, r: [*a64_sum(17, p, d), "ldaxr x16, [x17]", f"add x8, x16, x{r}",
                                       "stlxr w15, x8, [x17]", "cbnz w15, . - 12", f"mov x{r}, x16"],
        "acquire": lambda: ["dmb ishld"],
        "ticks": lambda r, s: [f"mrs x{r}, cntvct_el0"],
        "pause": lambda: ["yield"],
        "clock_rate": lambda r: [f"mrs x{r}, cntfrq_el0"],
        "yield_processor": lambda p, d: [*a64_memory("ldr", "x16", p, d, 8), "blr x16"],
        "call": lambda p, d: [*a64_memory("ldr", "x16", p, d, 8), "blr x16"],
        "v_add": three("fadd"), "v_sub": three("fsub"), "v_mul": three("fmul"), "v_div": three("fdiv"),
        "v_fma": three("fmla"), "v_fnma": three("fmls"), "v_add_int": three("add"), "v_sub_int": three("sub"),
        "v_max": choose(True), "v_min": choose(False), "v_round": two("fcvtns"), "v_float": two("scvtf"),
        "v_sqrt": two("fsqrt"),
        "v_mul_int": three("mul"), "v_max_int": three("smax"), "v_min_int": three("smin"),
        "v_and": three("and", "16b"), "v_or": three("orr", "16b"), "v_xor": three("eor", "16b"),
        "v_shift_right_signed": lambda d, x, bits: [f"sshr v{d}.4s, v{x}.4s, #{bits}"],
        "v_shift_left": lambda d, x, bits: [f"shl v{d}.4s, v{x}.4s, #{bits}"],
        "v_shift_right": lambda d, x, bits: [f"ushr v{d}.4s, v{x}.4s, #{bits}"],
        "v_copy": lambda d, x: [f"mov v{d}.16b, v{x}.16b"],
        "v_zero": lambda d: [f"movi v{d}.4s, #0"],
        "v_broadcast": lambda d, p, a: [*a64_memory("ldr", f"s{d}", p, a, 4), f"dup v{d}.4s, v{d}.s[0]"],
        "v_fma_float": lambda d, x, p, a, spare: [*a64_memory("ldr", "s31", p, a, 4),
                                                  f"fmla v{d}.4s, v{x}.4s, v31.s[0]"],
        "v_load_factor": lambda d, p, a: a64_memory("ldr", f"s{d}", p, a, 4),
        "v_fma_factor": lambda d, x, factor: [f"fmla v{d}.4s, v{x}.4s, v{factor}.s[0]"],
        "v_load": lambda d, p, a, tail: parts("ldr", "ld1", d, p, a, tail),
        "v_store": lambda p, a, x, tail: parts("str", "st1", x, p, a, tail),
        "v_keep_greater": keep("fcmgt"), "v_keep_equal": keep("fcmeq"), "v_keep_greater_int": keep("cmgt"),
        "v_load_bytes_int": lambda d, p, a: [*a64_memory("ldr", f"s{d}", p, a, 4), f"uxtl v{d}.8h, v{d}.8b",
                                             f"uxtl v{d}.4s, v{d}.4h"],
        "v_store_bytes_int": lambda p, a, x, spare: [f"xtn v{x}.4h, v{x}.4s", f"xtn v{x}.8b, v{x}.8h",
                                                     *a64_memory("str", f"s{x}", p, a, 4)],
        "v_load_shorts": lambda d, p, a: [*a64_memory("ldr", f"d{d}", p, a, 8), f"sxtl v{d}.4s, v{d}.4h"],
        "v_store_shorts": lambda p, a, x, spare: [f"xtn v{x}.4h, v{x}.4s", *a64_memory("str", f"d{x}", p, a, 8)],
        "v_load_bytes": lambda d, p, a: [*a64_memory("ldr", f"s{d}", p, a, 4), f"uxtl v{d}.8h, v{d}.8b",
                                         f"uxtl v{d}.4s, v{d}.4h", f"scvtf v{d}.4s, v{d}.4s"],
        "v_store_bytes": lambda p, a, x, spare: [f"fcvtzs v{x}.4s, v{x}.4s", f"xtn v{x}.4h, v{x}.4s",
                                                 f"xtn v{x}.8b, v{x}.8h", *a64_memory("str", f"s{x}", p, a, 4)],
    }


# ---- Operands --------------------------------------------------------------------------------------------------------

def draw_operands(dice, backend, method):
    """Random arguments of a method."""
    words = (*backend.registers, backend.ARGUMENTS, backend.SCRATCH)
    vectors = range(backend.vectors)

    def distance():
        return dice.choice([0, dice.randrange(-9, 10), 4 * dice.randrange(-70, 70), 16 * dice.randrange(-5000, 5000),
                            64 * dice.randrange(-140, 140), 4 * dice.randrange(-5000, 5000),
                            dice.randrange(-1 << 14, 1 << 14), dice.randrange(-1 << 31, 1 << 31)])

    def number():
        return dice.choice([1, -1, 4095, 4096, -4096, 1 << 24, dice.randrange(-300, 300), dice.randrange(-70000, 70000),
                            dice.randrange(-1 << 31, 1 << 31)])

    def spare(*others):
        return dice.choice([r for r in vectors if r not in others])

    if method == "atomic_add":
        words = backend.DRIVER
    w = dice.choice(words)
    p = dice.choice((*words, backend.STACK) if method in ("load_word", "store_word") else words)
    d, x, y, z = (dice.choice(vectors) for _ in range(4))
    match method:
        case "set":
            return w, dice.choice([0, abs(number()) & (1 << 31) - 1, number(), dice.randrange(-1 << 63, 1 << 63),
                                   dice.randrange(1 << 16) << 16 * dice.randrange(3), (1 << 31) - 1, -1 << 63])
        case ("move" | "add" | "subtract" | "multiply" | "shift_left_by" | "shift_right_by" | "both" | "either"
              | "differing" | "highest_bit"):
            return w, dice.choice(words)
        case "load_word" | "load_half" | "load_byte" | "load_short" | "load_signed_short":
            return w, p, distance()
        case "store_word" | "store_half" | "store_byte" | "store_short" | "atomic_add":
            return p, distance(), dice.choice([r for r in words if r != p])
        case "call" | "yield_processor" | "prefetch":
            return p, distance()
        case "add_constant":
            return w, number()
        case "shift_left" | "shift_right" | "shift_right_signed":
            return w, dice.randrange(1, 64)
        case "keep_bits":
            return w, dice.randrange(1, 32)
        case "reverse_bytes" | "negate" | "clock_rate":
            return (w,)
        case "look_up":
            return w, dice.choice(words), dice.choice(words)
        case "ticks":
            return backend.CLOCK
        case "leave" | "pause" | "acquire":
            return ()
        case "v_shift_left" | "v_shift_right" | "v_shift_right_signed":
            return d, x, dice.randrange(1, 32)
        case "v_round" | "v_float" | "v_copy" | "v_sqrt":
            return d, x
        case "v_zero":
            return (d,)
        case "v_broadcast" | "v_load_factor" | "v_load_bytes" | "v_load_bytes_int" | "v_load_shorts":
            return d, p, distance()
        case "v_load":
            return d, p, distance(), draw_tail(dice, backend, d)
        case "v_store":
            return p, distance(), x, draw_tail(dice, backend, x)
        case "v_store_bytes" | "v_store_bytes_int" | "v_store_shorts":
            return p, distance(), x, spare(x)
        case "v_fma_factor":
            return d, x, y
        case "v_fma_float":
            return d, x, p, distance(), spare(d, x)
        case "v_keep_greater" | "v_keep_equal" | "v_keep_greater_int":
            return d, x, y, spare(d)
        case _:    # operations on three vectors, the last one perhaps in memory
            return d, x, dice.choice([y, y, (p, distance())])


def draw_tail(dice, backend, x):
    """None, or what v_tail returns: a vector register, a mask register, a number of lanes."""
    kinds = {"avx2": [r for r in range(16) if r != x], "avx512": range(1, 7), "neon": range(1, 4)}
    return dice.choice([None, dice.choice(kinds[backend.name])])


# ---- Tests -----------------------------------------------------------------------------------------------------------

# Methods that are not tested form by form: what they do with labels and constants has tests of its own below.
OTHERS = {"finish", "count_down", "pointers", "label", "place", "jump", "branch", "branch_register",
          "jump_on", "repeat", "declare", "arguments", "argument", "begin_function", "end_function", "frame", "packed",
          "v_constant", "v_tail", "emit", "encode", "identify", "clear_cache", "saved", "low_vector",
          "word", "memory", "sum", "operand", "choose"}    # of Neon, for its own methods


class Forms:
    """The tests of one instruction set."""

    processor = "x86"
    name = ""
    each = 80    # times that every method is tried
    separator = b"\x90"

    def text(self):
        raise NotImplementedError

    def setUp(self):
        self.backend = simd.BACKENDS[self.name]
        self.tools = [tool for tool in (Gnu(self.processor), Llvm(self.processor)) if tool.usable]
        if not self.tools:
            self.skipTest(f"no assembler for {self.processor} here (GNU binutils or LLVM's llvm-mc)")

    def agree(self, forms):
        """forms: (what is tried, code, text lines)"""
        code = b"".join(code + self.separator for _, code, _ in forms)
        text = "".join("\n".join((*lines, "nop", "")) for *_, lines in forms)
        for tool in self.tools:
            found, expected = (self.split(lines) for lines in (tool.disassemble(code), tool.normal(text)))
            self.assertEqual(len(expected), len(forms))
            for (what, *_), have, want in zip(forms, found, expected):
                self.assertEqual(have, want, f"{self.name} {what}, according to {type(tool).__name__}")
            self.assertEqual(len(found), len(forms))

    def split(self, lines):
        forms = [[]]
        for line in lines:
            if line == "nop" or line == "hint #0" or line == "hint #0x0":
                forms.append([])
            else:
                forms[-1].append(line)
        return forms[:-1]

    def test_every_method_is_tested(self):
        methods = {name for name in dir(self.backend) if not name.startswith("_") and name.islower()
                   and callable(getattr(self.backend, name))}
        self.assertEqual(methods - OTHERS - set(self.text()), set())

    def test_forms(self):
        dice, text, forms = random.Random(20), self.text(), []
        for method in sorted(set(text) & set(dir(self.backend))):
            for _ in range(self.each):
                operands = draw_operands(dice, self.backend, method)
                asm = self.backend()
                getattr(asm, method)(*operands)
                forms.append((f"{method}{operands}", bytes(asm.code), text[method](*operands)))
        self.agree(forms)

    def constant_lines(self, d, distance, whole):
        raise NotImplementedError

    def test_constants(self):
        dice, forms = random.Random(21), []
        for _ in range(60):
            asm = self.backend()
            d = dice.randrange(asm.vectors)
            value = dice.choice([dice.uniform(-3, 3), dice.randrange(1 << 31),
                                 [dice.randrange(1 << 20) for _ in range(asm.V)]])
            asm.v_constant(d, value)
            length = len(asm.code)
            code = asm.finish()
            values = value if isinstance(value, list) else [value]
            packed = struct.pack(f"<{len(values)}" + ("f" if isinstance(value, float) else "i"), *values)
            self.assertEqual(code[-len(packed):], packed)
            place = len(code) - len(packed)
            self.assertEqual(place % len(packed), 0)
            forms.append((f"v_constant({d}, {value})", code[:length],
                          self.constant_lines(d, place, length, isinstance(value, list))))
        self.agree(forms)


class X86Forms(Forms):
    letter = "y"
    V = 8

    def text(self):
        return X86_SCALAR | x86_vectors(self.letter, self.V)

    def constant_lines(self, d, place, length, whole):
        at = f"[rip + {place - length}]"
        if whole:
            return [f"vmovups {self.letter}mm{d}, {self.letter}mmword ptr {at}"]
        return [f"vbroadcastss {self.letter}mm{d}, dword ptr {at}"]

    def test_jumps(self):
        """Forwards and backwards, near and far; each is followed by its separator, so distances are known."""
        dice, forms, jumps = random.Random(22), [], {"==": "je", "!=": "jne", "<": "jl", ">=": "jge", "<=": "jle",
                                                     ">": "jg"}
        for method in ("jump", "branch", "branch_register", "jump_on"):
            for condition, mnemonic in jumps.items():
                for forwards in (True, False):
                    asm, gap = self.backend(), dice.choice([3, 200, 70000])
                    r, s = dice.choice(asm.registers), dice.choice(asm.registers)
                    value = dice.randrange(-1 << 31, 1 << 31)
                    label = asm.label()
                    if not forwards:
                        asm.place(label)
                        asm.code += bytes(gap)
                    before = len(asm.code)
                    arguments = {"jump": (label,), "branch": (r, condition, value, label),
                                 "branch_register": (r, condition, s, label), "jump_on": (condition, label)}[method]
                    getattr(asm, method)(*arguments)
                    after = len(asm.code)
                    if forwards:
                        asm.code += bytes(gap)
                        asm.place(label)
                    distance = gap if forwards else -after
                    code = asm.finish()[before:after]
                    lines = {"branch": [f"cmp {WORDS[r]}, {value}"],
                             "branch_register": [f"cmp {WORDS[r]}, {WORDS[s]}"]}.get(method, [])
                    forms.append((f"{method}{arguments} over {gap}", code, lines,
                                  mnemonic if method != "jump" else "jmp", distance))
        for what, code, _, mnemonic, distance in forms:
            size = 5 if mnemonic == "jmp" else 6
            opcode = {"jmp": b"\xe9", "je": b"\x0f\x84", "jne": b"\x0f\x85", "jl": b"\x0f\x8c", "jge": b"\x0f\x8d",
                      "jle": b"\x0f\x8e", "jg": b"\x0f\x8f"}[mnemonic]
            self.assertEqual(code[-size:], opcode + struct.pack("<i", distance), what)
        self.agree([(what, code[:-5 if mnemonic == "jmp" else -6], lines) for what, code, lines, mnemonic, _ in forms])

    def test_repeat(self):
        for times, lines in ((7, ["mov ebx, 7", "add rax, 1", "dec rbx"]), (None, ["add rax, 1", "dec rbx"]),
                             (1, ["add rax, 1"])):
            asm = self.backend()
            with asm.repeat(x86.RBX, times):
                asm.add_constant(x86.RAX, 1)
            code = asm.finish()
            if times != 1:
                top = 7 if times else 0    # behind `mov ebx, 7`, which has 7 bytes with its empty prefix
                self.assertEqual(code[-6:], b"\x0f\x85" + struct.pack("<i", top - len(code)))
                code = code[:-6]
            self.agree([(f"repeat {times}", code, lines)])

    def test_functions(self):
        """What a C function must keep is pushed and popped; calls find rsp at a multiple of 16."""
        for local in (8, 32, 48):
            asm = self.backend()
            asm.begin_function(local)
            asm.end_function(local, 5)
            frame = asm.frame(local)
            self.assertEqual((frame + 8 + 8 * 6) % 16, 0)    # 8: the return address, 6 registers
            self.assertGreaterEqual(frame, local + 8)
            saved = ["rbx", "rbp", "r12", "r13", "r14", "r15"]
            lines = [f"push {r}" for r in saved]
            lines += [f"sub rsp, {frame}", f"stmxcsr dword ptr [rsp + {local}]", f"mov eax, dword ptr [rsp + {local}]",
                      "or eax, 0x8040", f"mov dword ptr [rsp + {local + 4}], eax",
                      f"ldmxcsr dword ptr [rsp + {local + 4}]", "vzeroupper", f"ldmxcsr dword ptr [rsp + {local}]",
                      "mov eax, 5", f"add rsp, {frame}"]
            lines += [f"pop {r}" for r in reversed(saved)] + ["ret"]
            self.agree([(f"function {local}", asm.finish(), lines)])

    def test_functions_of_windows(self):
        """There rdi, rsi and xmm6 to xmm15 are to be kept too, and the argument comes in rcx."""
        windows = next(row for row in systems.SYSTEMS if row.windows_calls)
        with mock.patch.object(x86, "here", lambda: windows):
            for local in (8, 32, 48):
                asm = self.backend()
                asm.begin_function(local)
                asm.end_function(local, 5)
                frame = asm.frame(local)
                self.assertEqual((frame + 8 + 8 * 8) % 16, 0)
                self.assertGreaterEqual(frame, local + 8 + 160)
                self.assertLess(frame, 4096)    # else each page would have to be touched
                saved = ["rbx", "rbp", "r12", "r13", "r14", "r15", "rdi", "rsi"]
                vectors = [(f"xmm{i}", f"xmmword ptr [rsp + {local + 8 + 16 * (i - 6)}]") for i in range(6, 16)]
                lines = [f"push {r}" for r in saved]
                lines += [f"sub rsp, {frame}", *(f"movups {place}, {x}" for x, place in vectors), "mov rdi, rcx",
                          f"stmxcsr dword ptr [rsp + {local}]", f"mov eax, dword ptr [rsp + {local}]",
                          "or eax, 0x8040", f"mov dword ptr [rsp + {local + 4}], eax",
                          f"ldmxcsr dword ptr [rsp + {local + 4}]", "vzeroupper",
                          f"ldmxcsr dword ptr [rsp + {local}]", *(f"movups {x}, {place}" for x, place in vectors),
                          "mov eax, 5", f"add rsp, {frame}"]
                lines += [f"pop {r}" for r in reversed(saved)] + ["ret"]
                self.agree([(f"function {local}", asm.finish(), lines)])

    def test_identify(self):
        asm = self.backend()
        asm.identify()
        code = asm.finish()
        self.assertTrue(code.startswith(bytes.fromhex("408b4f04")))    # mov ecx, [rdi + 4]
        asking, cpuid = code.index(b"\x31\xc9\x0f\x01\xd0"), code.index(b"\x31\xc9\x0f\xa2")
        self.agree([("xgetbv", code[asking:asking + 5], ["xor ecx, ecx", "xgetbv"]),
                    ("cpuid", code[cpuid:], ["xor ecx, ecx", "cpuid", *(
                        f"mov dword ptr [rdi + {at}], {r}" for at, r in ((4, "eax"), (8, "ebx"), (12, "ecx"),
                                                                         (16, "edx")))])])


class Avx2Encodings(X86Forms, unittest.TestCase):
    name = "avx2"

    def test_tails(self):
        for lanes in range(1, 8):
            asm = self.backend()
            self.assertEqual(asm.v_tail(lanes, 9), 9)
            length = len(asm.code)
            code = asm.finish()
            self.assertEqual(struct.unpack("<8i", code[-32:]), (-1,) * lanes + (0,) * (8 - lanes))
            self.agree([("v_tail", code[:length], [f"vmovups ymm9, ymmword ptr [rip + {len(code) - 32 - length}]"])])


class Avx512Encodings(X86Forms, unittest.TestCase):
    name = "avx512"
    letter = "z"
    V = 16

    def test_tails(self):
        for lanes in range(1, 16):
            asm = self.backend()
            self.assertEqual(asm.v_tail(lanes, 9), 1)
            length = len(asm.code)
            code = asm.finish()
            self.assertEqual(struct.unpack("<I", code[-4:]), ((1 << lanes) - 1,))
            self.agree([("v_tail", code[:length], [f"kmovw k1, word ptr [rip + {len(code) - 4 - length}]"])])


class NeonEncodings(Forms, unittest.TestCase):
    processor = "aarch64"
    name = "neon"
    separator = struct.pack("<I", 0xD503201F)

    def text(self):
        return a64_table()

    def constant_lines(self, d, place, length, whole):
        if whole:
            return [f"ldr q{d}, . + {place}"]
        return [f"ldr s{d}, . + {place}", f"dup v{d}.4s, v{d}.s[0]"]

    def test_numbers(self):
        """What the instructions of `set` come to, without an assembler: that text above is made by the same rule."""
        dice = random.Random(24)
        for _ in range(300):
            value = dice.choice([dice.randrange(-1 << 63, 1 << 63), dice.randrange(-70000, 70000),
                                 dice.randrange(1 << 16) << dice.choice((0, 16, 32, 47)), -1 << 63])
            asm, register = self.backend(), 0
            asm.set(5, value)
            for i, (word,) in enumerate(struct.iter_unpack("<I", asm.code)):
                shift, part = (word >> 21 & 3) * 16, word >> 5 & 0xFFFF
                kind = word >> 23
                self.assertEqual((word & 31, kind in (0x125, 0x1A5)), (5, i == 0))
                if kind == 0x125:      # movn
                    register = ~(part << shift)
                elif kind == 0x1A5:    # movz
                    register = part << shift
                else:
                    self.assertEqual(kind, 0x1E5)    # movk
                    register = register & ~(0xFFFF << shift) | part << shift
            self.assertEqual((register - value) % (1 << 64), 0)

    def test_jumps(self):
        dice, forms = random.Random(23), []
        names = {"==": "eq", "!=": "ne", "<": "lt", ">=": "ge", "<=": "le", ">": "gt"}
        for method in ("jump", "branch", "branch_register", "jump_on"):
            for condition, mnemonic in names.items():
                for forwards in (True, False):
                    asm, gap, label = self.backend(), 4 * dice.choice([1, 50, 70000]), 1
                    r, s = dice.choice(asm.registers), dice.choice(asm.registers)
                    value = dice.choice([0, 4095, 4096, -1, dice.randrange(-1 << 31, 1 << 31)])
                    self.assertEqual(asm.label(), label)
                    if not forwards:
                        asm.place(label)
                        asm.code += bytes(gap)
                    before = len(asm.code)
                    arguments = {"jump": (label,), "branch": (r, condition, value, label),
                                 "branch_register": (r, condition, s, label), "jump_on": (condition, label)}[method]
                    getattr(asm, method)(*arguments)
                    after = len(asm.code)
                    if forwards:
                        asm.code += bytes(gap)
                        asm.place(label)
                    lines = {"branch": [f"cmp x{r}, #{value}"] if 0 <= value < 4096 else
                             [*a64_set(16, value), f"cmp x{r}, x16"],
                             "branch_register": [f"cmp x{r}, x{s}"]}.get(method, [])
                    distance = gap + 4 if forwards else 4 - after
                    lines.append((f"b.{mnemonic}" if method != "jump" else "b") + f" . + {distance}")
                    forms.append((f"{method}{arguments} over {gap}", asm.finish()[before:after], lines))
        self.agree(forms)

    def test_repeat(self):
        for times, lines in ((7, ["movz x3, #7", "add x2, x2, #1", "subs x3, x3, #1", "b.ne . - 8"]),
                             (None, ["add x2, x2, #1", "subs x3, x3, #1", "b.ne . - 8"]), (1, ["add x2, x2, #1"])):
            asm = self.backend()
            with asm.repeat(3, times):
                asm.add_constant(2, 1)
            self.agree([(f"repeat {times}", asm.finish(), lines)])

    def test_functions(self):
        for local in (8, 32, 48):
            asm = self.backend()
            asm.begin_function(local)
            asm.end_function(local, 5)
            at = (local + 15) // 16 * 16

            def saved(mnemonic):
                pairs = [(f"x{r}, x{r + 1}") for r in range(19, 31, 2)] + [f"d{r}, d{r + 1}" for r in range(8, 16, 2)]
                return [f"{mnemonic} {pair}, [sp, #{at + 16 * i}]" for i, pair in enumerate(pairs)]

            lines = [f"sub sp, sp, #{at + 176}", *saved("stp"), "mrs x9, fpcr", f"str x9, [sp, #{at + 160}]",
                     "orr x9, x9, #0x1000000", "msr fpcr, x9", f"ldr x9, [sp, #{at + 160}]", "msr fpcr, x9",
                     "movz x0, #5", *saved("ldp"), f"add sp, sp, #{at + 176}", "ret"]
            self.agree([(f"function {local}", asm.finish(), lines)])

    def test_clear_cache(self):
        asm, lines = self.backend(), ["mrs x16, ctr_el0"]
        asm.clear_cache()
        for shift, operation in (("lsr x5, x5, #16", "dc cvau"), ("", "ic ivau")):
            lines += ["ldr x2, [x0]", "ldr x3, [x0, #8]", "mov x5, x16", *filter(None, [shift]), "and x5, x5, #0xf",
                      "movz x4, #4", "lsl x4, x4, x5", "mov x5, x4", "neg x5, x5", "and x2, x2, x5",
                      f"{operation}, x2", "add x2, x2, x4", "cmp x2, x3", "b.lt . - 12", "dsb ish"]
        self.agree([("clear_cache", asm.finish(), [*lines, "isb"])])

    def test_registers(self):
        """x18 is the system's; x16, x17, v30 and v31 belong to the methods themselves."""
        used = {*self.backend.registers, *self.backend.DRIVER, *self.backend.CLOCK, self.backend.ARGUMENTS,
                self.backend.SCRATCH}
        self.assertEqual(used & {16, 17, 18, 29, 30, 31}, set())
        self.assertEqual(self.backend.vectors, 30)
        self.assertEqual(len(set(self.backend.registers)), len(self.backend.registers))


if __name__ == "__main__":
    unittest.main()
