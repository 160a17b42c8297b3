"""The language that kernels are written in: about 80 instructions, and what all instruction sets have in common.

The instructions stand here, with what each does; the classes Avx2, Avx512 (x86.py) and Neon (arm.py) know what they
look like in memory. Every method of the language appends one instruction, or a few, to `code`.

Registers are numbers: r, p, source, counter are general ones of 64 bits (p: one that holds an address), d, x, y, z
vector registers of V floats. Addresses are p + at, `at` in bytes. A kernel finds the address of its arguments in
ARGUMENTS and that of its thread's scratch memory in SCRATCH, may use all of `registers` and all vector registers, and
ends with leave().
"""

from __future__ import annotations

import contextlib
import struct
from collections.abc import Iterator, Sequence

Operand = int | tuple[int, int]    # a vector register, or the memory at (p, at)


class Assembler:
    """The code so far, labels, loops, arguments; and the language, as far as it is not the processor's business."""

    # What a backend says about itself

    name: str
    V: int                          # floats in a vector
    vectors: int                    # how many vector registers
    most_pixels: int                # of a tile of a convolution
    registers: tuple[int, ...]      # general registers that kernels may use
    ARGUMENTS: int
    SCRATCH: int
    STACK: int
    CLOCK: tuple[int, int]          # registers for ticks
    DRIVER: tuple[int, ...]         # registers that ticks leaves alone; yield_processor may change the last one

    def __init__(self) -> None:
        self.code = bytearray()
        self.labels: dict[int, int] = {}              # label -> its place in the code
        self.jumps: list[tuple[int, int]] = []        # (place of a jump's distance, label)
        self.constants: dict[bytes, list[int]] = {}   # constant -> the places that hold its distance
        self.next_label = 0
        self.taken = 0                                # of `registers`
        self.slots: list[str] = []                    # names of the arguments, from number 1 on

    def finish(self) -> bytes:
        """The code with all distances filled in and its constants behind it."""
        raise NotImplementedError

    # Registers and arguments

    def pointers(self, count: int) -> tuple[int, ...]:
        """`count` general registers that nobody has taken yet."""
        self.taken += count
        assert self.taken <= len(self.registers)
        return self.registers[self.taken - count:self.taken]

    def declare(self, names: str) -> None:
        """The names of the kernel's arguments, in their order; `argument` loads them, whenever that suits."""
        self.slots = names.split()

    def arguments(self, names: str, registers: Sequence[int] = ()) -> Sequence[int]:
        """Declare the arguments and load each into a register, of its own if none are given."""
        self.declare(names)
        registers = registers or self.pointers(len(self.slots))
        for r, name in zip(registers, self.slots):
            self.argument(r, name)
        return registers

    def argument(self, r: int, name: str) -> None:
        """r = the argument of that name"""
        self.load_word(r, self.ARGUMENTS, 8 * (self.slots.index(name) + 1))    # number 0 is the kernel itself

    # Numbers and memory

    def set(self, r: int, value: int) -> None:
        """r = value"""
        raise NotImplementedError

    def move(self, r: int, source: int) -> None:
        """r = source"""
        raise NotImplementedError

    def load_word(self, r: int, p: int, at: int = 0) -> None:
        """r = 64 bits at p + at"""
        raise NotImplementedError

    def store_word(self, p: int, at: int, r: int) -> None:
        """64 bits at p + at = r"""
        raise NotImplementedError

    def load_half(self, r: int, p: int, at: int = 0) -> None:
        """r = 32 bits at p + at, zeros above"""
        raise NotImplementedError

    def store_half(self, p: int, at: int, r: int) -> None:
        """32 bits at p + at = the low half of r"""
        raise NotImplementedError

    def load_short(self, r: int, p: int, at: int = 0) -> None:
        """r = 16 bits at p + at, zeros above"""
        raise NotImplementedError

    def load_signed_short(self, r: int, p: int, at: int = 0) -> None:
        """r = 16 bits at p + at, a signed number"""
        raise NotImplementedError

    def store_short(self, p: int, at: int, r: int) -> None:
        """16 bits at p + at = the lowest of r"""
        raise NotImplementedError

    def look_up(self, r: int, table: int, index: int) -> None:
        """r = 16 bits at table + 2 * index, zeros above"""
        raise NotImplementedError

    def load_byte(self, r: int, p: int, at: int = 0) -> None:
        """r = 8 bits at p + at, zeros above"""
        raise NotImplementedError

    def store_byte(self, p: int, at: int, r: int) -> None:
        """8 bits at p + at = the lowest of r"""
        raise NotImplementedError

    def prefetch(self, p: int, at: int = 0) -> None:
        """A hint that what lies around p + at will be needed soon; there need not be memory."""
        raise NotImplementedError

    # Arithmetic

    def add(self, r: int, source: int) -> None:
        """r += source"""
        raise NotImplementedError

    def add_constant(self, r: int, value: int) -> None:
        """r += value"""
        raise NotImplementedError

    def subtract(self, r: int, source: int) -> None:
        """r -= source"""
        raise NotImplementedError

    def negate(self, r: int) -> None:
        """r = -r"""
        raise NotImplementedError

    def multiply(self, r: int, source: int) -> None:
        """r *= source"""
        raise NotImplementedError

    def shift_right(self, r: int, bits: int) -> None:
        """r >>= bits, zeros come in"""
        raise NotImplementedError

    def shift_left(self, r: int, bits: int) -> None:
        """r <<= bits"""
        raise NotImplementedError

    def shift_right_signed(self, r: int, bits: int) -> None:
        """r >>= bits, copies of the sign come in"""
        raise NotImplementedError

    def shift_right_by(self, r: int, source: int) -> None:
        """r >>= source modulo 64, zeros come in"""
        raise NotImplementedError

    def shift_left_by(self, r: int, source: int) -> None:
        """r <<= source modulo 64"""
        raise NotImplementedError

    def both(self, r: int, source: int) -> None:
        """r &= source"""
        raise NotImplementedError

    def either(self, r: int, source: int) -> None:
        """r |= source"""
        raise NotImplementedError

    def differing(self, r: int, source: int) -> None:
        """r ^= source"""
        raise NotImplementedError

    def keep_bits(self, r: int, bits: int) -> None:
        """r = its lowest bits, 1 to 31 of them"""
        raise NotImplementedError

    def reverse_bytes(self, r: int) -> None:
        """r = its 8 bytes in reverse order"""
        raise NotImplementedError

    def highest_bit(self, r: int, source: int) -> None:
        """r = the number, 0 to 63, of the highest bit that is set in source; source must not be 0"""
        raise NotImplementedError

    # Jumps

    def label(self) -> int:
        """A new label, to be placed once."""
        self.next_label += 1
        return self.next_label

    def place(self, label: int) -> None:
        """Jumps to `label` come here."""
        self.labels[label] = len(self.code)

    def jump(self, label: int) -> None:
        """Go on at `label`."""
        raise NotImplementedError

    def branch(self, r: int, condition: str, value: int, label: int) -> None:
        """Jump to `label` if r, a signed number, is == != < >= <= > the constant `value`."""
        raise NotImplementedError

    def branch_register(self, r: int, condition: str, other: int, label: int) -> None:
        """Jump to `label` if r, a signed number, is == != < >= <= > the register `other`."""
        raise NotImplementedError

    def count_down(self, counter: int, label: int) -> None:
        """counter -= 1, and jump if it is not 0 now"""
        raise NotImplementedError

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

    def leave(self) -> None:
        """The end of a kernel."""
        raise NotImplementedError

    # Vectors. y is a register or an address (p, at). All loads and stores take a `tail`: then only the first few lanes
    # (floats) are touched in memory, the others are loaded as zero.

    def v_add(self, d: int, x: int, y: Operand) -> None:
        """d = x + y"""
        raise NotImplementedError

    def v_sub(self, d: int, x: int, y: Operand) -> None:
        """d = x - y"""
        raise NotImplementedError

    def v_mul(self, d: int, x: int, y: Operand) -> None:
        """d = x * y"""
        raise NotImplementedError

    def v_div(self, d: int, x: int, y: Operand) -> None:
        """d = x / y"""
        raise NotImplementedError

    def v_sqrt(self, d: int, x: int) -> None:
        """d = the square root of x"""
        raise NotImplementedError

    def v_max(self, d: int, x: int, y: Operand) -> None:
        """d = x if x > y else y"""
        raise NotImplementedError

    def v_min(self, d: int, x: int, y: Operand) -> None:
        """d = x if x < y else y"""
        raise NotImplementedError

    def v_fma(self, d: int, x: int, y: Operand) -> None:
        """d += x * y, rounded once"""
        raise NotImplementedError

    def v_fnma(self, d: int, x: int, y: Operand) -> None:
        """d -= x * y, rounded once"""
        raise NotImplementedError

    def v_add_int(self, d: int, x: int, y: Operand) -> None:
        """d = x + y as 32-bit integers"""
        raise NotImplementedError

    def v_sub_int(self, d: int, x: int, y: Operand) -> None:
        """d = x - y as 32-bit integers"""
        raise NotImplementedError

    def v_mul_int(self, d: int, x: int, y: Operand) -> None:
        """d = x * y, the low 32 bits"""
        raise NotImplementedError

    def v_max_int(self, d: int, x: int, y: Operand) -> None:
        """d = the larger of x and y, signed 32-bit integers"""
        raise NotImplementedError

    def v_min_int(self, d: int, x: int, y: Operand) -> None:
        """d = the smaller of x and y, signed 32-bit integers"""
        raise NotImplementedError

    def v_and(self, d: int, x: int, y: Operand) -> None:
        """d = x & y"""
        raise NotImplementedError

    def v_or(self, d: int, x: int, y: Operand) -> None:
        """d = x | y"""
        raise NotImplementedError

    def v_xor(self, d: int, x: int, y: Operand) -> None:
        """d = x ^ y"""
        raise NotImplementedError

    def v_shift_left(self, d: int, x: int, bits: int) -> None:
        """d = x << bits, each lane a 32-bit integer"""
        raise NotImplementedError

    def v_shift_right(self, d: int, x: int, bits: int) -> None:
        """d = x >> bits, zeros come in"""
        raise NotImplementedError

    def v_shift_right_signed(self, d: int, x: int, bits: int) -> None:
        """d = x >> bits, copies of the sign come in"""
        raise NotImplementedError

    def v_round(self, d: int, x: int) -> None:
        """d = x as the nearest 32-bit integer"""
        raise NotImplementedError

    def v_float(self, d: int, x: int) -> None:
        """d = the 32-bit integer x as a float"""
        raise NotImplementedError

    def v_copy(self, d: int, x: int) -> None:
        """d = x"""
        raise NotImplementedError

    def v_zero(self, d: int) -> None:
        """d = 0"""
        raise NotImplementedError

    def v_broadcast(self, d: int, p: int, at: int = 0) -> None:
        """all lanes of d = the float at p + at"""
        raise NotImplementedError

    def v_fma_float(self, d: int, x: int, p: int, at: int, spare: int) -> None:
        """d += x * the float at p + at; may change `spare`"""
        raise NotImplementedError

    def v_load_factor(self, d: int, p: int, at: int) -> None:
        """d = the float at p + at in a form that is good for v_fma_factor only"""
        raise NotImplementedError

    def v_fma_factor(self, d: int, x: int, factor: int) -> None:
        """d += x * the float that v_load_factor put into `factor`"""
        raise NotImplementedError

    def v_constant(self, d: int, value: float | int | list) -> None:
        """d = the same float or 32-bit integer in all lanes, or a list of V of them"""
        raise NotImplementedError

    @staticmethod
    def packed(value: float | int | list) -> bytes:
        """What v_constant puts behind the code: one number or V of them."""
        values = value if isinstance(value, list) else [value]
        return b"".join(struct.pack("<f" if isinstance(v, float) else "<i", v) for v in values)

    def v_tail(self, lanes: int, spare: int) -> int:
        """What to pass as `tail` for so many lanes; the vector register `spare` is occupied as long as it is in use."""
        raise NotImplementedError

    def v_load(self, d: int, p: int, at: int = 0, tail: int | None = None) -> None:
        """d = V floats at p + at"""
        raise NotImplementedError

    def v_store(self, p: int, at: int, x: int, tail: int | None = None) -> None:
        """V floats at p + at = x"""
        raise NotImplementedError

    def v_keep_greater(self, d: int, x: int, y: int, z: int) -> None:
        """d = z where x > y, else 0; d must not be z"""
        raise NotImplementedError

    def v_keep_equal(self, d: int, x: int, y: int, z: int) -> None:
        """d = z where x == y, else 0; d must not be z"""
        raise NotImplementedError

    def v_keep_greater_int(self, d: int, x: int, y: int, z: int) -> None:
        """d = z where x > y as signed 32-bit integers, else 0; d must not be z"""
        raise NotImplementedError

    def v_load_bytes(self, d: int, p: int, at: int = 0) -> None:
        """d = V unsigned bytes as floats"""
        raise NotImplementedError

    def v_store_bytes(self, p: int, at: int, x: int, spare: int) -> None:
        """V bytes at p + at = the floats x of 0 .. 255, fraction dropped. Changes x and spare."""
        raise NotImplementedError

    def v_load_bytes_int(self, d: int, p: int, at: int = 0) -> None:
        """d = V unsigned bytes as 32-bit integers"""
        raise NotImplementedError

    def v_store_bytes_int(self, p: int, at: int, x: int, spare: int) -> None:
        """V bytes at p + at = the 32-bit integers x of 0 .. 255. Changes x and spare."""
        raise NotImplementedError

    def v_load_shorts(self, d: int, p: int, at: int = 0) -> None:
        """d = V signed 16-bit integers as 32-bit integers"""
        raise NotImplementedError

    def v_store_shorts(self, p: int, at: int, x: int, spare: int) -> None:
        """V 16-bit integers at p + at = the 32-bit integers x of 0 .. 65535. Changes x and spare."""
        raise NotImplementedError

    # For the driver only: meeting other threads, the clock, the outside

    def atomic_add(self, p: int, at: int, r: int) -> None:
        """[p + at] += r and r = what was there, as one indivisible step"""
        raise NotImplementedError

    def acquire(self) -> None:
        """What follows sees what other threads did before what this one just loaded."""
        raise NotImplementedError

    def ticks(self, r: int, spare: int) -> None:
        """r = the processor's clock; r and spare must be CLOCK"""
        raise NotImplementedError

    def pause(self) -> None:
        """A hint that this thread waits for another one."""
        raise NotImplementedError

    def clock_rate(self, r: int) -> None:
        """r = ticks of that clock in a second, 0 where nobody knows"""
        raise NotImplementedError

    def yield_processor(self, p: int, at: int) -> None:
        """Call the C function whose address lies at p + at: it lets the system run another thread."""
        raise NotImplementedError

    def call(self, p: int, at: int) -> None:
        """Call the code whose address lies in memory at p + at."""
        raise NotImplementedError

    def begin_function(self, local: int) -> None:
        """The start of a function that C may call with one argument, then in ARGUMENTS; STACK has `local` bytes free.

        Very small numbers (below 1e-38) are treated as zero inside: some processors take 100 cycles for each.
        """
        raise NotImplementedError

    def end_function(self, local: int, result: int) -> None:
        """The end of such a function, with what it returns."""
        raise NotImplementedError
