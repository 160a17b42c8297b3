"""The language of kernels as instructions of aarch64 processors: NEON.

Every instruction is a word of 32 bits, with register numbers in bits 0-4 (the result), 5-9 and 16-20.
"""

from __future__ import annotations

import struct

from .assembler import Assembler, Operand

# name: the word for registers 0

A64 = {
    "add": 0x8B000000,          # add x0, x0, x0
    "sub": 0xCB000000,          # sub x0, x0, x0
    "mul": 0x9B007C00,          # mul x0, x0, x0
    "cmp": 0xEB00001F,          # cmp x0, x0
    "bits_and": 0x8A000000,     # and x0, x0, x0
    "bits_or": 0xAA000000,      # orr x0, x0, x0
    "bits_xor": 0xCA000000,     # eor x0, x0, x0
    "shift_left": 0x9AC02000,   # lsl x0, x0, x0
    "shift_right": 0x9AC02400,  # lsr x0, x0, x0
    "reverse": 0xDAC00C00,      # rev x0, x0
    "look_up": 0x78607800,      # ldrh w0, [x0, x0, lsl #1]
    "mov": 0xAA0003E0,          # mov x0, x0                  (orr x0, xzr, x0)
    "v_add": 0x4E20D400,        # fadd v0.4s, v0.4s, v0.4s
    "v_sub": 0x4EA0D400,        # fsub v0.4s, v0.4s, v0.4s
    "v_mul": 0x6E20DC00,        # fmul v0.4s, v0.4s, v0.4s
    "v_div": 0x6E20FC00,        # fdiv v0.4s, v0.4s, v0.4s
    "v_sqrt": 0x6EA1F800,       # fsqrt v0.4s, v0.4s
    "v_fma": 0x4E20CC00,        # fmla v0.4s, v0.4s, v0.4s
    "v_fnma": 0x4EA0CC00,       # fmls v0.4s, v0.4s, v0.4s
    "fma_lane_0": 0x4F801000,   # fmla v0.4s, v0.4s, v0.s[0]
    "v_add_int": 0x4EA08400,    # add v0.4s, v0.4s, v0.4s
    "v_sub_int": 0x6EA08400,    # sub v0.4s, v0.4s, v0.4s
    "v_mul_int": 0x4EA09C00,    # mul v0.4s, v0.4s, v0.4s
    "v_max_int": 0x4EA06400,    # smax v0.4s, v0.4s, v0.4s
    "v_min_int": 0x4EA06C00,    # smin v0.4s, v0.4s, v0.4s
    "greater_int": 0x4EA03400,  # cmgt v0.4s, v0.4s, v0.4s
    "greater": 0x6EA0E400,      # fcmgt v0.4s, v0.4s, v0.4s   all bits of a lane one where it holds, zero elsewhere
    "equal": 0x4E20E400,        # fcmeq v0.4s, v0.4s, v0.4s
    "and": 0x4E201C00,          # and v0.16b, v0.16b, v0.16b
    "or": 0x4EA01C00,           # orr v0.16b, v0.16b, v0.16b
    "xor": 0x6E201C00,          # eor v0.16b, v0.16b, v0.16b
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
    "signed_16_to_32": 0x0F10A400,  # sxtl v0.4s, v0.4h
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
    "load_short": (2, 0x79400000, 0x78400000, 0x78606800),      # ldrh w0, ...
    "load_signed_short": (2, 0x79800000, 0x78800000, 0x78A06800),   # ldrsh x0, ...
    "store_short": (2, 0x79000000, 0x78000000, 0x78206800),     # strh w0, ...
    "load_byte": (1, 0x39400000, 0x38400000, 0x38606800),       # ldrb w0, ...
    "store_byte": (1, 0x39000000, 0x38000000, 0x38206800),      # strb w0, ...
    "load_4": (16, 0x3DC00000, 0x3CC00000, 0x3CE06800),         # ldr q0, ...
    "store_4": (16, 0x3D800000, 0x3C800000, 0x3CA06800),        # str q0, ...
    "load_2": (8, 0xFD400000, 0xFC400000, 0xFC606800),          # ldr d0, ...
    "store_2": (8, 0xFD000000, 0xFC000000, 0xFC206800),         # str d0, ...
    "load_1": (4, 0xBD400000, 0xBC400000, 0xBC606800),          # ldr s0, ...
    "store_1": (4, 0xBD000000, 0xBC000000, 0xBC206800),         # str s0, ...
    "prefetch": (8, 0xF9800000, 0xF8800000, 0xF8A06800),        # prfm pldl1keep, ...
}


class Neon(Assembler):
    """aarch64, any of them: 32 vector registers of 4 floats, 31 general ones of 64 bits.

    The calling convention is that of all systems (AAPCS64). Some registers the methods use for themselves: x16 for
    distances and numbers that do not fit into an instruction, x17 for addresses, v30, v31. x18 belongs to the system.
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

    def load_word(self, r: int, p: int, at: int = 0) -> None:
        self.memory("load_word", r, p, at)

    def store_word(self, p: int, at: int, r: int) -> None:
        self.memory("store_word", r, p, at)

    def load_half(self, r: int, p: int, at: int = 0) -> None:
        self.memory("load_half", r, p, at)

    def store_half(self, p: int, at: int, r: int) -> None:
        self.memory("store_half", r, p, at)

    def load_short(self, r: int, p: int, at: int = 0) -> None:
        self.memory("load_short", r, p, at)

    def load_signed_short(self, r: int, p: int, at: int = 0) -> None:
        self.memory("load_signed_short", r, p, at)

    def store_short(self, p: int, at: int, r: int) -> None:
        self.memory("store_short", r, p, at)

    def look_up(self, r: int, table: int, index: int) -> None:
        self.word("look_up", r, table, index)

    def load_byte(self, r: int, p: int, at: int = 0) -> None:
        self.memory("load_byte", r, p, at)

    def store_byte(self, p: int, at: int, r: int) -> None:
        self.memory("store_byte", r, p, at)

    def prefetch(self, p: int, at: int = 0) -> None:
        self.memory("prefetch", 0, p, at)

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

    def negate(self, r: int) -> None:
        self.word("sub", r, 31, r)                                                  # sub r, xzr, r

    def multiply(self, r: int, source: int) -> None:
        self.word("mul", r, r, source)

    def shift_right(self, r: int, bits: int) -> None:
        self.word(0xD340FC00, r, r, rest=bits << 16)                                # lsr r, r, #bits

    def shift_left(self, r: int, bits: int) -> None:
        self.word(0xD3400000, r, r, rest=(-bits & 63) << 16 | (63 - bits) << 10)    # lsl r, r, #bits

    def shift_right_signed(self, r: int, bits: int) -> None:
        self.word(0x9340FC00, r, r, rest=bits << 16)                                # asr r, r, #bits

    def shift_right_by(self, r: int, source: int) -> None:
        self.word("shift_right", r, r, source)

    def shift_left_by(self, r: int, source: int) -> None:
        self.word("shift_left", r, r, source)

    def both(self, r: int, source: int) -> None:
        self.word("bits_and", r, r, source)

    def either(self, r: int, source: int) -> None:
        self.word("bits_or", r, r, source)

    def differing(self, r: int, source: int) -> None:
        self.word("bits_xor", r, r, source)

    def keep_bits(self, r: int, bits: int) -> None:
        self.word(0x92400000, r, r, rest=(bits - 1) << 10)                          # and r, r, #(1 << bits) - 1

    def reverse_bytes(self, r: int) -> None:
        self.word("reverse", r, r)

    def highest_bit(self, r: int, source: int) -> None:
        self.word(0xDAC01000, r, source)                                            # clz r, source
        self.word(0xD2401400, r, r)                                                 # eor r, r, #63

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
        """Changes x8 and x15."""
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

    def clock_rate(self, r: int) -> None:
        self.word(0xD53BE000, r)                                                    # mrs r, cntfrq_el0

    def yield_processor(self, p: int, at: int) -> None:
        self.call(p, at)

    def call(self, p: int, at: int) -> None:
        self.load_word(self.NUMBER, p, at)
        self.word(0xD63F0000, 0, self.NUMBER)                                       # blr x16

    def clear_cache(self) -> None:
        """For a block at ARGUMENTS, the address of new code and its end: let it be seen by what fetches instructions.

        Arm Architecture Reference Manual, "Coherency of instruction caches": clean the data lines, invalidate the
        others. The lengths of lines are powers of two that CTR_EL0 has in its bits 16-19 and 0-3, in words.
        """
        at, end, line, first = 2, 3, 4, 5
        self.word(0xD53B0020, self.NUMBER)                                          # mrs x16, ctr_el0
        for shift, operation in ((16, 0xD50B7B20), (0, 0xD50B7520)):                # dc cvau, x0; ic ivau, x0
            self.load_word(at, self.ARGUMENTS)
            self.load_word(end, self.ARGUMENTS, 8)
            self.move(first, self.NUMBER)
            if shift:
                self.shift_right(first, shift)
            self.keep_bits(first, 4)
            self.set(line, 4)
            self.shift_left_by(line, first)
            self.move(first, line)
            self.negate(first)
            self.both(at, first)                                                    # to the beginning of its line
            again = self.label()
            self.place(again)
            self.word(operation | at)
            self.add(at, line)
            self.branch_register(at, "<", end, again)
            self.word(0xD5033B9F)                                                   # dsb ish
        self.word(0xD5033FDF)                                                       # isb

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

    def operand(self, y: Operand) -> int:
        """A register that holds y."""
        if not isinstance(y, tuple):
            return y
        self.v_load(self.OPERAND, *y)
        return self.OPERAND

    def v_add(self, d: int, x: int, y: Operand) -> None:
        self.word("v_add", d, x, self.operand(y))

    def v_sub(self, d: int, x: int, y: Operand) -> None:
        self.word("v_sub", d, x, self.operand(y))

    def v_mul(self, d: int, x: int, y: Operand) -> None:
        self.word("v_mul", d, x, self.operand(y))

    def v_div(self, d: int, x: int, y: Operand) -> None:
        self.word("v_div", d, x, self.operand(y))

    def v_sqrt(self, d: int, x: int) -> None:
        self.word("v_sqrt", d, x)

    def v_max(self, d: int, x: int, y: Operand) -> None:
        """fmax would make a NaN of any NaN."""
        y = self.operand(y)
        self.choose(d, x, y, x, y)

    def v_min(self, d: int, x: int, y: Operand) -> None:
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

    def v_fma(self, d: int, x: int, y: Operand) -> None:
        self.word("v_fma", d, x, self.operand(y))

    def v_fnma(self, d: int, x: int, y: Operand) -> None:
        self.word("v_fnma", d, x, self.operand(y))

    def v_add_int(self, d: int, x: int, y: Operand) -> None:
        self.word("v_add_int", d, x, self.operand(y))

    def v_sub_int(self, d: int, x: int, y: Operand) -> None:
        self.word("v_sub_int", d, x, self.operand(y))

    def v_mul_int(self, d: int, x: int, y: Operand) -> None:
        self.word("v_mul_int", d, x, self.operand(y))

    def v_max_int(self, d: int, x: int, y: Operand) -> None:
        self.word("v_max_int", d, x, self.operand(y))

    def v_min_int(self, d: int, x: int, y: Operand) -> None:
        self.word("v_min_int", d, x, self.operand(y))

    def v_and(self, d: int, x: int, y: Operand) -> None:
        self.word("and", d, x, self.operand(y))

    def v_or(self, d: int, x: int, y: Operand) -> None:
        self.word("or", d, x, self.operand(y))

    def v_xor(self, d: int, x: int, y: Operand) -> None:
        self.word("xor", d, x, self.operand(y))

    def v_shift_left(self, d: int, x: int, bits: int) -> None:
        self.word(0x4F205400, d, x, rest=bits << 16)                                # shl d.4s, x.4s, #bits

    def v_shift_right(self, d: int, x: int, bits: int) -> None:
        self.word(0x6F200400, d, x, rest=(32 - bits) << 16)                         # ushr d.4s, x.4s, #bits

    def v_shift_right_signed(self, d: int, x: int, bits: int) -> None:
        self.word(0x4F200400, d, x, rest=(32 - bits) << 16)                         # sshr d.4s, x.4s, #bits

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
        self.constants.setdefault(self.packed(value), []).append(len(self.code))
        if isinstance(value, list):
            self.word(0x9C000000, d)                                                # ldr q, constant
        else:
            self.word(0x1C000000, d)                                                # ldr s, constant
            self.word("all_lanes", d, d)

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

    def v_keep_greater_int(self, d: int, x: int, y: int, z: int) -> None:
        self.word("greater_int", d, x, y)
        self.word("and", d, d, z)

    def v_load_bytes(self, d: int, p: int, at: int = 0) -> None:
        self.v_load_bytes_int(d, p, at)
        self.word("v_float", d, d)

    def v_store_bytes(self, p: int, at: int, x: int, spare: int) -> None:
        self.word("truncate", x, x)
        self.v_store_bytes_int(p, at, x, spare)

    def v_load_bytes_int(self, d: int, p: int, at: int = 0) -> None:
        self.memory("load_1", d, p, at)
        self.word("bytes_to_16", d, d)
        self.word("16_to_32", d, d)

    def v_store_bytes_int(self, p: int, at: int, x: int, spare: int) -> None:
        self.word("32_to_16", x, x)
        self.word("16_to_bytes", x, x)
        self.memory("store_1", x, p, at)

    def v_load_shorts(self, d: int, p: int, at: int = 0) -> None:
        self.memory("load_2", d, p, at)
        self.word("signed_16_to_32", d, d)

    def v_store_shorts(self, p: int, at: int, x: int, spare: int) -> None:
        self.word("32_to_16", x, x)
        self.memory("store_2", x, p, at)
