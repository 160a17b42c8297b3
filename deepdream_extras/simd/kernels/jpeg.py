"""Kernels: the steps of formats.jpeg. What they compute, and why so, stands there.

None of them relies on what is in a file. Between Huffman codes and coefficients only places within a block depend on
it, and these are held within the block; how far the data is read depends on where an MCU may begin and on how many
bits it takes at most.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..assembler import Assembler

# ---- Huffman codes ---------------------------------------------------------------------------------------------------
# A table has for each 16 bits of data the code that they begin with: 256 * symbol + length. The state of a scan in
# memory, in words: the place in bits, the last place at which an MCU may begin, the address of the data, blocks to be
# passed over, MCUs or blocks not done, blocks looked at in passing, last DC of four components.

PLACE, LIMIT, DATA, RUN, LEFT, LOOKS, DC = range(0, 56, 8)
BLOCK = 40      # a block of an MCU: address of its coefficients, distance to those of the next MCU, tables for DC and
#                 AC, address of its last DC


class Reader:
    """Writes the instructions that read codes. Registers: data, place; window: the bits from `place` on, the first on
    top (57 of them at least), symbol, spare."""

    def __init__(self, asm: Assembler) -> None:
        self.asm = asm
        self.data, self.place, self.window, self.symbol, self.spare = asm.pointers(5)
        asm.argument(self.spare, "state")
        asm.load_word(self.data, self.spare, DATA)
        asm.load_word(self.place, self.spare, PLACE)

    def look(self) -> None:
        asm, window, spare = self.asm, self.window, self.spare
        asm.move(window, self.place)
        asm.shift_right(window, 3)
        asm.add(window, self.data)
        asm.load_word(window, window)
        asm.reverse_bytes(window)
        asm.move(spare, self.place)
        asm.keep_bits(spare, 3)
        asm.shift_left_by(window, spare)

    def code(self, table: int | None = None) -> None:
        """symbol = that of the code at `place`; window and place are behind it then. None: the argument "table"."""
        asm, symbol, spare = self.asm, self.symbol, self.spare
        self.look()
        asm.move(symbol, self.window)
        asm.shift_right(symbol, 48)
        if table is None:
            asm.argument(spare, "table")
        asm.look_up(symbol, spare if table is None else table, symbol)
        asm.move(spare, symbol)
        asm.keep_bits(spare, 8)
        asm.add(self.place, spare)
        asm.shift_left_by(self.window, spare)
        asm.shift_right(symbol, 8)

    def value(self, size: int) -> None:
        """window = the number of `size` bits (a register: 1 to 15; changed) that it begins with; see jpeg.extended.

        One whose first bit is 0 is the complement of its size, negative: here without a jump, which nothing could
        foresee."""
        asm, window, sign = self.asm, self.window, self.spare
        asm.add(self.place, size)
        asm.move(sign, window)
        asm.shift_right(sign, 63)
        asm.add_constant(sign, -1)              # -1 for a negative number, else 0
        asm.differing(window, sign)
        self.bits(size)
        asm.differing(window, sign)
        asm.subtract(window, sign)

    def bits(self, size: int) -> None:
        """window = the `size` bits (a register: 1 to 15; changed) that it begins with"""
        self.asm.negate(size)                   # 64 - size, modulo 64
        self.asm.shift_right_by(self.window, size)

    def leave(self, left: int) -> None:
        """The end of a kernel; so many MCUs or blocks are left."""
        asm, state = self.asm, self.spare
        asm.argument(state, "state")
        asm.store_word(state, PLACE, self.place)
        asm.store_word(state, LEFT, left)
        asm.leave()

    def check(self, over: int) -> None:
        """To `over` if no MCU may begin here."""
        asm, spare = self.asm, self.spare
        asm.argument(spare, "state")
        asm.load_word(spare, spare, LIMIT)
        asm.branch_register(self.place, ">", spare, over)


class Walk:
    """Writes the walk over the blocks of some MCUs; the arguments are state, blocks, end, mcus."""

    def __init__(self, asm: Assembler) -> None:
        self.asm = asm
        asm.declare("state blocks end mcus")
        self.reader = Reader(asm)
        self.block, self.mcus, self.out = asm.pointers(3)
        self.next_mcu, self.next_block, self.block_done, self.over = (asm.label() for _ in range(4))
        asm.argument(self.mcus, "mcus")

    def begin(self) -> None:
        """What follows is done for each block, with `out` its first coefficient."""
        asm = self.asm
        asm.place(self.next_mcu)
        self.reader.check(self.over)
        asm.argument(self.block, "blocks")
        asm.place(self.next_block)
        asm.load_word(self.out, self.block, 0)

    def end(self) -> None:
        asm, out, spare = self.asm, self.out, self.reader.spare
        asm.place(self.block_done)
        asm.load_word(out, self.block, 0)
        asm.load_word(spare, self.block, 8)
        asm.add(out, spare)
        asm.store_word(self.block, 0, out)
        asm.add_constant(self.block, BLOCK)
        asm.argument(spare, "end")
        asm.branch_register(self.block, "<", spare, self.next_block)
        asm.count_down(self.mcus, self.next_mcu)
        asm.place(self.over)
        self.reader.leave(self.mcus)

    def dc(self, difference: int, low: int) -> None:
        """Read DC; changes the register `difference`."""
        asm, reader, block = self.asm, self.reader, self.block
        same = asm.label()
        asm.load_word(difference, block, 16)
        reader.code(difference)
        asm.set(difference, 0)
        asm.branch(reader.symbol, "==", 0, same)
        reader.value(reader.symbol)
        asm.move(difference, reader.window)
        asm.place(same)
        asm.load_word(reader.spare, block, 32)
        asm.load_word(reader.window, reader.spare)
        asm.add(reader.window, difference)
        asm.store_word(reader.spare, 0, reader.window)
        if low:
            asm.shift_left(reader.window, low)
        asm.store_short(self.out, 0, reader.window)


def decode_baseline(asm: Assembler) -> None:
    """MCUs of a scan that brings all coefficients. blocks: of an MCU, up to the address `end`."""
    walk = Walk(asm)
    reader, out = walk.reader, walk.out
    symbol, window, zeros = reader.symbol, reader.window, reader.spare
    last, table = asm.pointers(2)
    next_code, beyond, no_value = (asm.label() for _ in range(3))
    asm.v_zero(0)
    walk.begin()
    for at in range(0, 128, 4 * asm.V):
        asm.v_store(out, at, 0)
    walk.dc(last, 0)
    asm.load_word(table, walk.block, 24)
    asm.move(last, out)
    asm.add_constant(last, 126)
    asm.add_constant(out, 2)

    asm.place(next_code)
    reader.code(table)
    asm.move(zeros, symbol)
    asm.shift_right(zeros, 4)
    asm.add(zeros, zeros)                       # in bytes
    asm.keep_bits(symbol, 4)
    asm.branch(symbol, "==", 0, no_value)
    asm.add(out, zeros)
    reader.value(symbol)
    asm.branch_register(out, ">=", last, beyond)
    asm.store_short(out, 0, window)
    asm.add_constant(out, 2)
    asm.jump(next_code)

    asm.place(beyond)                           # at the end of the block, or behind it
    asm.store_short(last, 0, window)
    asm.jump(walk.block_done)

    asm.place(no_value)
    asm.branch(zeros, "!=", 30, walk.block_done)
    asm.add_constant(out, 32)
    asm.branch_register(out, "<=", last, next_code)
    walk.end()


def decode_dc(asm: Assembler, low: int) -> None:
    """MCUs of the scan that brings DC down to the bit `low`."""
    walk = Walk(asm)
    difference, = asm.pointers(1)
    walk.begin()
    walk.dc(difference, low)
    walk.end()


def refine_dc(asm: Assembler, low: int) -> None:
    """MCUs of a scan that brings one more bit of DC."""
    walk = Walk(asm)
    reader, out = walk.reader, walk.out
    walk.begin()
    reader.look()
    asm.add_constant(reader.place, 1)
    asm.branch(reader.window, ">=", 0, walk.block_done)
    asm.load_short(reader.spare, out)
    asm.set(reader.symbol, 1 << low)
    asm.either(reader.spare, reader.symbol)
    asm.store_short(out, 0, reader.spare)
    walk.end()


def decode_ac(asm: Assembler) -> None:
    """`count` blocks of a scan that brings coefficients `first` to `last` down to the bit `low`; see jpeg.decode_ac.

    x: the first block's coefficients, touched: its byte.
    """
    asm.declare("state table x touched count first last low")
    reader = Reader(asm)
    symbol, window, spare = reader.symbol, reader.window, reader.spare
    base, touched, count, out, last, run = asm.pointers(6)
    for r, name in ((base, "x"), (touched, "touched"), (count, "count")):
        asm.argument(r, name)
    next_block, coded, next_code, small, large, within, no_value, run_of_blocks, block_done, over, fewer = (
        asm.label() for _ in range(11))

    asm.place(next_block)
    asm.argument(spare, "state")
    asm.load_word(run, spare, RUN)
    asm.branch(run, "==", 0, coded)
    asm.branch_register(run, "<=", count, fewer)
    asm.move(run, count)
    asm.place(fewer)
    asm.load_word(window, spare, RUN)
    asm.subtract(window, run)
    asm.store_word(spare, RUN, window)
    asm.add(touched, run)
    asm.subtract(count, run)
    asm.shift_left(run, 7)
    asm.add(base, run)
    asm.branch(count, ">", 0, next_block)
    asm.jump(over)

    asm.place(coded)
    reader.check(over)
    for r, name in ((out, "first"), (last, "last")):
        asm.argument(r, name)
        asm.add(r, r)
        asm.add(r, base)

    asm.place(next_code)
    reader.code()
    asm.move(run, symbol)
    asm.shift_right(run, 4)
    asm.keep_bits(symbol, 4)
    asm.branch(symbol, "==", 0, no_value)
    asm.add(out, run)
    asm.add(out, run)
    reader.value(symbol)
    asm.argument(spare, "low")
    asm.shift_left_by(window, spare)
    asm.branch(window, "<=", 0x7fff, small)
    asm.set(window, 0x7fff)
    asm.place(small)
    asm.branch(window, ">=", -0x7fff, large)
    asm.set(window, -0x7fff)
    asm.place(large)
    hold_within(asm, out, base, within, spare)
    asm.store_short(out, 0, window)
    asm.set(spare, 1)
    asm.store_byte(touched, 0, spare)
    asm.add_constant(out, 2)
    asm.branch_register(out, "<=", last, next_code)
    asm.jump(block_done)

    asm.place(no_value)
    asm.branch(run, "!=", 15, run_of_blocks)
    asm.add_constant(out, 32)
    asm.branch_register(out, "<=", last, next_code)
    asm.jump(block_done)

    asm.place(run_of_blocks)                    # the end of this block and of 2**run - 1 and more
    end_of_band(asm, reader, run)
    asm.add_constant(run, -1)
    asm.argument(spare, "state")
    asm.store_word(spare, RUN, run)

    asm.place(block_done)
    asm.add_constant(base, 128)
    asm.add_constant(touched, 1)
    asm.count_down(count, next_block)
    asm.place(over)
    reader.leave(count)


def hold_within(asm: Assembler, out: int, base: int, within: int, spare: int) -> None:
    """out = the last coefficient of the block at `base` if it is behind that; `within`: a label."""
    asm.move(spare, base)
    asm.add_constant(spare, 126)
    asm.branch_register(out, "<=", spare, within)
    asm.move(out, spare)
    asm.place(within)


def end_of_band(asm: Assembler, reader: Reader, run: int) -> None:
    """run = 2**run and what the `run` bits (0 to 14) in the window say, which is then passed."""
    none = asm.label()
    symbol, window = reader.symbol, reader.window
    asm.add(reader.place, run)
    asm.set(symbol, 1)
    asm.shift_left_by(symbol, run)
    asm.branch(run, "==", 0, none)
    reader.bits(run)
    asm.add(symbol, window)
    asm.place(none)
    asm.move(run, symbol)


def refine_ac(asm: Assembler) -> None:
    """`count` blocks of a scan that brings the bit `bit` of coefficients `first` to `last`; see jpeg.refine_ac.

    x: the first block's coefficients, touched: its byte. The blocks that are looked at though a run has ended their
    codes are counted in the state.
    """
    asm.declare("state table x touched count first last bit")
    reader = Reader(asm)
    symbol, window, spare = reader.symbol, reader.window, reader.spare
    base, touched, count, out, last, run, new = asm.pointers(7)
    for r, name in ((base, "x"), (touched, "touched"), (count, "count")):
        asm.argument(r, name)
    (next_block, coded, look_at, skip, one_by_one, over, next_code, no_value, zeros, zero, found, none, rest,
     rest_done, within, block_done, finished) = (asm.label() for _ in range(17))

    def correct(done: int) -> None:
        """One more bit, perhaps, of the coefficient at `out`, whose value is in symbol; then to `done`."""
        negative, store = asm.label(), asm.label()
        reader.look()
        asm.add_constant(reader.place, 1)
        asm.branch(window, ">=", 0, done)
        asm.argument(window, "bit")
        asm.move(spare, symbol)
        asm.both(spare, window)
        asm.branch(spare, "!=", 0, done)
        asm.branch(symbol, "<", 0, negative)
        asm.add(symbol, window)
        asm.jump(store)
        asm.place(negative)
        asm.subtract(symbol, window)
        asm.branch(symbol, ">=", -0x7fff, store)
        asm.set(symbol, -0x7fff)
        asm.place(store)
        asm.store_short(out, 0, symbol)
        asm.jump(done)

    asm.place(next_block)
    asm.argument(spare, "first")
    asm.move(out, base)
    asm.add(out, spare)
    asm.add(out, spare)
    asm.argument(last, "last")
    asm.add(last, last)
    asm.add(last, base)
    asm.argument(spare, "state")
    asm.load_word(run, spare, RUN)
    asm.branch(run, "==", 0, coded)
    asm.load_byte(spare, touched)
    asm.branch(spare, "!=", 0, look_at)

    asm.place(skip)                             # eight blocks at a time, while none of them has a coefficient
    asm.branch(run, "<", 8, one_by_one)
    asm.branch(count, "<", 8, one_by_one)
    asm.load_word(spare, touched)
    asm.branch(spare, "!=", 0, one_by_one)
    asm.add_constant(run, -8)
    asm.add_constant(count, -8)
    asm.add_constant(touched, 8)
    asm.add_constant(base, 1024)
    asm.jump(skip)
    asm.place(one_by_one)
    asm.argument(spare, "state")
    asm.store_word(spare, RUN, run)
    asm.branch(count, "==", 0, finished)
    asm.branch(run, "==", 0, next_block)
    asm.load_byte(symbol, touched)
    asm.branch(symbol, "!=", 0, next_block)
    asm.add_constant(run, -1)
    asm.store_word(spare, RUN, run)
    asm.jump(block_done)

    asm.place(look_at)
    reader.check(over)
    asm.jump(rest)

    asm.place(coded)
    reader.check(over)
    asm.place(next_code)
    reader.code()
    asm.move(run, symbol)
    asm.shift_right(run, 4)
    asm.set(new, 0)
    asm.keep_bits(symbol, 4)
    asm.branch(symbol, "==", 0, no_value)
    asm.argument(new, "bit")
    asm.add_constant(reader.place, 1)
    asm.branch(window, "<", 0, zeros)
    asm.negate(new)
    asm.jump(zeros)

    asm.place(no_value)
    asm.branch(run, "==", 15, zeros)
    end_of_band(asm, reader, run)
    asm.argument(spare, "state")
    asm.store_word(spare, RUN, run)
    asm.jump(rest)

    asm.place(zeros)                            # over `run` of them
    asm.branch_register(out, ">", last, found)
    asm.load_signed_short(symbol, out)
    asm.branch(symbol, "==", 0, zero)
    after = asm.label()
    correct(after)
    asm.place(zero)
    asm.branch(run, "==", 0, found)
    asm.add_constant(run, -1)
    asm.place(after)
    asm.add_constant(out, 2)
    asm.jump(zeros)

    asm.place(found)
    asm.branch(new, "==", 0, none)
    asm.move(symbol, out)
    hold_within(asm, symbol, base, within, spare)
    asm.store_short(symbol, 0, new)
    asm.set(spare, 1)
    asm.store_byte(touched, 0, spare)
    asm.place(none)
    asm.add_constant(out, 2)
    asm.branch_register(out, "<=", last, next_code)
    asm.jump(block_done)

    asm.place(rest)                             # no more codes in this block
    asm.argument(spare, "state")
    for at, step in ((RUN, -1), (LOOKS, 1)):
        asm.load_word(window, spare, at)
        asm.add_constant(window, step)
        asm.store_word(spare, at, window)
    next_rest, rest_zero = asm.label(), asm.label()
    asm.place(next_rest)
    asm.branch_register(out, ">", last, rest_done)
    asm.load_signed_short(symbol, out)
    asm.branch(symbol, "==", 0, rest_zero)
    correct(rest_zero)
    asm.place(rest_zero)
    asm.add_constant(out, 2)
    asm.jump(next_rest)
    asm.place(rest_done)

    asm.place(block_done)
    asm.add_constant(base, 128)
    asm.add_constant(touched, 1)
    asm.count_down(count, next_block)
    asm.place(finished)
    asm.place(over)
    reader.leave(count)


# ---- Coefficients to samples -----------------------------------------------------------------------------------------

def inverse_dct(asm: Assembler, size: int, order: Sequence[int], weights: Sequence[Sequence[int]], limit: int,
                shrink: int) -> None:
    """Samples of some blocks, V at a time: a lane for each.

    y: rows of `width` bytes, `size` for each block. table: the divisors in 8 rows of 8. order: for each coefficient
    its place there. weights: of means. Values are held within -limit and limit - 1.
    """
    asm.declare("x y table blocks width scratch")
    x, y, blocks, scratch, lanes, p, q, r, value, counter = asm.pointers(10)
    for register, name in ((x, "x"), (y, "y"), (blocks, "blocks"), (scratch, "scratch")):
        asm.argument(register, name)
    short, word = 2 * asm.V, 4 * asm.V
    middle = 64 * short                         # scratch memory: coefficients, between the passes, levels
    words = -(-size // 4)

    def one_pass(bias: int, shift: int, low: int, high: int) -> list[int]:
        results = inverse_pass(asm, bias) if size == 8 else mean_pass(asm, weights, bias)
        for z in results:
            asm.v_shift_right_signed(z, z, shift)
        hold(results, low, high)
        return results

    def hold(registers: Sequence[int], low: int, high: int) -> None:
        asm.v_constant(14, low)
        asm.v_constant(15, high)
        for z in registers:
            asm.v_max_int(z, z, 14)
            asm.v_min_int(z, z, 15)

    group, whole = asm.label(), asm.label()
    asm.place(group)
    asm.move(lanes, blocks)
    asm.branch(lanes, "<=", asm.V, whole)
    asm.set(lanes, asm.V)
    asm.place(whole)
    asm.move(counter, lanes)
    asm.move(q, scratch)
    with asm.repeat(counter):
        for k, place in enumerate(order):
            asm.load_short(value, x, 2 * k)
            asm.store_short(q, place * short, value)
        asm.add_constant(x, 128)
        asm.add_constant(q, 2)

    asm.move(p, scratch)
    asm.move(q, scratch)
    asm.add_constant(q, middle)
    asm.argument(r, "table")
    with asm.repeat(counter, 8):
        for i in range(8):
            asm.v_load_shorts(i, p, 8 * i * short)
            asm.v_broadcast(13, r, 32 * i)
            asm.v_mul_int(i, i, 13)
        hold(range(8), -limit, limit - 1)
        shift = 11 + shrink
        for i, z in enumerate(one_pass(1 << shift - 1, shift, -limit, limit - 1)):
            asm.v_store(q, 8 * i * word, z)
        asm.add_constant(p, short)
        asm.add_constant(q, word)
        asm.add_constant(r, 4)

    asm.move(p, scratch)
    asm.add_constant(p, middle)
    asm.move(q, p)
    with asm.repeat(counter, size):             # levels take the place of what is no longer needed
        for i in range(8):
            asm.v_load(i, p, i * word)
        shift = 18 + shrink
        levels = one_pass((128 << shift) + (1 << shift - 1), shift, 0, 255)
        for first in range(0, size, 4):
            four = levels[first:first + 4]
            for i, z in enumerate(four[1:], 1):
                asm.v_shift_left(z, z, 8 * i)
                asm.v_or(four[0], four[0], z)
            asm.v_store(q, first // 4 * word, four[0])
        asm.add_constant(p, 8 * word)
        asm.add_constant(q, words * word)

    asm.move(p, scratch)
    asm.add_constant(p, middle)
    asm.move(counter, lanes)
    asm.argument(r, "width")
    with asm.repeat(counter):
        asm.move(q, y)
        for row in range(size):
            for i in range(words):
                asm.load_half(value, p, (row * words + i) * word)
                if size == 2:
                    asm.store_short(q, 0, value)
                else:
                    asm.store_half(q, 4 * i, value)
            asm.add(q, r)
        asm.add_constant(p, 4)
        asm.add_constant(y, size)
    asm.subtract(blocks, lanes)
    asm.branch(blocks, ">", 0, group)
    asm.leave()


def inverse_pass(asm: Assembler, bias: int) -> list[int]:
    """jpeg.inverse_pass of registers 0 to 7; changes 8 to 13 too. Which registers hold the results."""
    def scaled(d: int, x: int, factor: int) -> None:
        asm.v_constant(13, factor)
        asm.v_mul_int(d, x, 13)

    t0, t1, t2, t3 = 8, 9, 10, 11
    asm.v_add_int(t3, 2, 6)
    scaled(t3, t3, 4433)
    scaled(t2, 6, 15137)
    asm.v_sub_int(t2, t3, t2)
    scaled(t0, 2, 6270)
    asm.v_add_int(t3, t3, t0)
    asm.v_constant(13, bias)
    for t, combine in ((t0, asm.v_add_int), (t1, asm.v_sub_int)):
        combine(t, 0, 4)
        asm.v_shift_left(t, t, 13)
        asm.v_add_int(t, t, 13)
    e0, e1, e2, e3 = 0, 2, 4, 6
    asm.v_add_int(e0, t0, t3)
    asm.v_sub_int(e3, t0, t3)
    asm.v_add_int(e1, t1, t2)
    asm.v_sub_int(e2, t1, t2)
    z1, z2, z3, z4, z5 = 8, 9, 10, 11, 12
    asm.v_add_int(z3, 7, 3)
    asm.v_add_int(z4, 5, 1)
    asm.v_add_int(z5, z3, z4)
    scaled(z5, z5, 9633)
    asm.v_add_int(z1, 7, 1)
    scaled(z1, z1, -7373)
    asm.v_add_int(z2, 5, 3)
    scaled(z2, z2, -20995)
    for z, factor in ((z3, -16069), (z4, -3196)):
        scaled(z, z, factor)
        asm.v_add_int(z, z, z5)
    odd = {1: (12299, z1, z4), 3: (25172, z2, z3), 5: (16819, z2, z4), 7: (2446, z1, z3)}
    for x, (factor, first, second) in odd.items():
        scaled(x, x, factor)
        asm.v_add_int(x, x, first)
        asm.v_add_int(x, x, second)
    results = []
    for even, o, total in ((e0, 1, 8), (e1, 3, 9), (e2, 5, 10), (e3, 7, 11)):
        asm.v_add_int(total, even, o)
        asm.v_sub_int(even, even, o)
        results.append(total)
    return [*results, e3, e2, e1, e0]


def mean_pass(asm: Assembler, weights: Sequence[Sequence[int]], bias: int) -> list[int]:
    """jpeg.mean_pass of registers 0 to 7; changes 8 to 13 too."""
    upper, lower = [], []
    for i, row in enumerate(weights):
        sums = 8 + 2 * i, 9 + 2 * i
        asm.v_constant(sums[0], bias)
        asm.v_zero(sums[1])
        for u, weight in enumerate(row):
            if weight:
                asm.v_constant(12, weight)
                asm.v_mul_int(12, u, 12)
                asm.v_add_int(sums[u % 2], sums[u % 2], 12)
        upper.append(sums[0])
        lower.append(sums[1])
    for even, odd in zip(upper, lower):
        asm.v_copy(12, even)
        asm.v_add_int(even, even, odd)
        asm.v_sub_int(odd, 12, odd)
    return upper + lower[::-1]


# ---- Chroma to the size of the picture, colours ----------------------------------------------------------------------

def widen(asm: Assembler, both_ways: bool) -> None:
    """A line of twice as many samples as `x`; both_ways: of 3 times x and `near`, the line above or below.

    See jpeg.widened and jpeg.two_lines. May read V bytes too far, write 2 V.
    """
    asm.declare("x near y count scratch")
    x, near, y, p, counter, end = asm.pointers(6)
    asm.arguments("x near y count scratch", (x, near, y, counter, p))
    asm.add_constant(counter, asm.V - 1)
    asm.shift_right(counter, asm.V.bit_length() - 1)
    asm.add_constant(p, 64)                     # one sample goes before the line
    asm.move(end, counter)
    three, left, right, here, spare = 8, 0, 1, 2, 3
    asm.v_constant(three, 3)
    with asm.repeat(counter):
        asm.v_load_bytes_int(here, x)
        if both_ways:
            asm.v_load_bytes_int(left, near)
            asm.v_mul_int(here, here, three)
            asm.v_add_int(here, here, left)
            asm.add_constant(near, asm.V)
        asm.v_store(p, 0, here)
        asm.add_constant(x, asm.V)
        asm.add_constant(p, 4 * asm.V)
    asm.argument(p, "scratch")
    asm.add_constant(p, 64)
    asm.load_half(x, p)
    asm.store_half(p, -4, x)
    asm.argument(near, "count")
    asm.shift_left(near, 2)
    asm.add(near, p)
    asm.load_half(x, near, -4)
    asm.store_half(near, 0, x)
    shift = 4 if both_ways else 2
    for register, rounding in ((4, 8 if both_ways else 1), (5, 7 if both_ways else 2)):
        asm.v_constant(register, rounding)
    asm.move(counter, end)
    with asm.repeat(counter):
        asm.v_load(here, p)
        asm.v_mul_int(here, here, three)
        for z, at, rounding in ((left, -4, 4), (right, 4, 5)):
            asm.v_load(z, p, at)
            asm.v_add_int(z, z, here)
            asm.v_add_int(z, z, rounding)
            asm.v_shift_right(z, z, shift)
        asm.v_shift_left(right, right, 8)
        asm.v_or(left, left, right)
        asm.v_store_shorts(y, 0, left, spare)
        asm.add_constant(p, 4 * asm.V)
        asm.add_constant(y, 2 * asm.V)
    asm.leave()


def ycc_to_bgr(asm: Assembler) -> None:
    """Pixels from three lines; see jpeg.ycc_to_bgr. May read V bytes too far, write 3 V + 1."""
    y, cb, cr, out, pixels, scratch = asm.arguments("y cb cr out pixels scratch")
    value, = asm.pointers(1)
    asm.add_constant(pixels, asm.V - 1)
    asm.shift_right(pixels, asm.V.bit_length() - 1)
    light, blue, red, green, factor, half, zero, most, middle = range(9)
    asm.v_constant(half, 0x8000)
    asm.v_zero(zero)
    asm.v_constant(most, 255)
    asm.v_constant(middle, 128)
    with asm.repeat(pixels):
        asm.v_load_bytes_int(light, y)
        for z, p in ((blue, cb), (red, cr)):
            asm.v_load_bytes_int(z, p)
            asm.v_sub_int(z, z, middle)
        asm.v_constant(factor, -22554)
        asm.v_mul_int(green, blue, factor)
        asm.v_constant(factor, -46802)
        asm.v_mul_int(factor, red, factor)
        asm.v_add_int(green, green, factor)
        for z, weight in ((red, 91881), (blue, 116130), (green, 0)):
            if weight:
                asm.v_constant(factor, weight)
                asm.v_mul_int(z, z, factor)
            asm.v_add_int(z, z, half)
            asm.v_shift_right_signed(z, z, 16)
            asm.v_add_int(z, z, light)
            asm.v_max_int(z, z, zero)
            asm.v_min_int(z, z, most)
        asm.v_shift_left(green, green, 8)
        asm.v_shift_left(red, red, 16)
        asm.v_or(blue, blue, green)
        asm.v_or(blue, blue, red)
        asm.v_store(scratch, 0, blue)
        for lane in range(asm.V):               # the fourth byte of each is written over by the next one
            asm.load_half(value, scratch, 4 * lane)
            asm.store_half(out, 3 * lane, value)
        for p in (y, cb, cr):
            asm.add_constant(p, asm.V)
        asm.add_constant(out, 3 * asm.V)
    asm.leave()


# ---- Samples to coefficients -----------------------------------------------------------------------------------------

def bgr_to_ycc(asm: Assembler) -> None:
    """Three lines from pixels; see jpeg.bgr_to_ycc. May read 3 V + 1 bytes too far, write V."""
    x, y, cb, cr, pixels, scratch = asm.arguments("x y cb cr pixels scratch")
    value, = asm.pointers(1)
    asm.add_constant(pixels, asm.V - 1)
    asm.shift_right(pixels, asm.V.bit_length() - 1)
    blue, green, red, total, factor, low, spare = range(7)
    asm.v_constant(low, 255)
    weights = ((y, (7471, 38470, 19595), 0x8000), (cb, (32768, -21709, -11059), (128 << 16) + 0x7fff),
               (cr, (-5329, -27439, 32768), (128 << 16) + 0x7fff))
    with asm.repeat(pixels):
        for lane in range(asm.V):
            asm.load_half(value, x, 3 * lane)
            asm.store_half(scratch, 4 * lane, value)
        asm.v_load(blue, scratch)
        asm.v_shift_right(green, blue, 8)
        asm.v_shift_right(red, blue, 16)
        for z in (blue, green, red):
            asm.v_and(z, z, low)
        for out, factors, base in weights:
            asm.v_constant(total, base)
            for z, weight in zip((blue, green, red), factors):
                asm.v_constant(factor, weight)
                asm.v_mul_int(factor, factor, z)
                asm.v_add_int(total, total, factor)
            asm.v_shift_right(total, total, 16)
            asm.v_store_bytes_int(out, 0, total, spare)
            asm.add_constant(out, asm.V)
        asm.add_constant(x, 3 * asm.V)
    asm.leave()


def halved(asm: Assembler) -> None:
    """`count` means of 2 x 2 samples; see jpeg.halved. May read 2 V bytes too far, write V."""
    upper, lower, y, count = asm.arguments("upper lower y count")
    asm.add_constant(count, asm.V - 1)
    asm.shift_right(count, asm.V.bit_length() - 1)
    total, pair, low, rounding, spare = range(5)
    asm.v_constant(low, 255)
    asm.v_constant(rounding, [1, 2] * (asm.V // 2))
    with asm.repeat(count):
        asm.v_copy(total, rounding)
        for p in (upper, lower):
            asm.v_load_shorts(pair, p)
            asm.v_and(spare, pair, low)
            asm.v_add_int(total, total, spare)
            asm.v_shift_right(pair, pair, 8)
            asm.v_and(pair, pair, low)
            asm.v_add_int(total, total, pair)
            asm.add_constant(p, 2 * asm.V)
        asm.v_shift_right(total, total, 2)
        asm.v_store_bytes_int(y, 0, total, spare)
        asm.add_constant(y, asm.V)
    asm.leave()


def forward_dct(asm: Assembler, order: Sequence[int], divisors: Sequence[int], factor: int) -> None:
    """Coefficients, divided and rounded, from 8 lines of `width` samples, V blocks at a time: a lane for each.

    factor: 1, or 2 where two blocks of every four of `y` are these. See jpeg.forward_dct, jpeg.divided.
    """
    asm.declare("x y blocks width scratch")
    x, y, blocks, scratch, lanes, p, q, width, value, counter = asm.pointers(10)
    asm.arguments("x y blocks width scratch", (x, y, blocks, width, scratch))
    word = 4 * asm.V
    middle = 64 * word                          # scratch memory: samples, later coefficients; between the passes

    def one_pass(shift: int) -> list[int]:
        results = forward_pass(asm)
        asm.v_constant(13, 1 << shift - 1)
        for z in results:
            asm.v_add_int(z, z, 13)
            asm.v_shift_right_signed(z, z, shift)
        return results

    group, whole = asm.label(), asm.label()
    asm.place(group)
    asm.move(lanes, blocks)
    asm.branch(lanes, "<=", asm.V, whole)
    asm.set(lanes, asm.V)
    asm.place(whole)
    asm.move(q, scratch)
    asm.move(counter, lanes)
    with asm.repeat(counter):
        asm.move(p, x)
        for row in range(8):
            for column in range(8):
                asm.load_byte(value, p, column)
                asm.store_byte(q, (8 * row + column) * asm.V, value)
            asm.add(p, width)
        asm.add_constant(x, 8)
        asm.add_constant(q, 1)

    asm.move(p, scratch)
    asm.move(q, scratch)
    asm.add_constant(q, middle)
    asm.v_constant(14, 128)
    with asm.repeat(counter, 8):                # rows
        for i in range(8):
            asm.v_load_bytes_int(i, p, i * asm.V)
            asm.v_sub_int(i, i, 14)
        for i, z in enumerate(one_pass(11)):
            asm.v_store(q, i * word, z)
        asm.add_constant(p, 8 * asm.V)
        asm.add_constant(q, 8 * word)

    asm.move(p, scratch)
    asm.add_constant(p, middle)
    asm.v_constant(14, 0xffff)
    for column in range(8):
        for i in range(8):
            asm.v_load(i, p, (8 * i + column) * word)
        for i, z in enumerate(one_pass(15)):
            k = order.index(8 * i + column)
            divide(asm, z, 8 * divisors[k], 13)
            asm.v_and(z, z, 14)
            asm.v_store_shorts(scratch, 2 * k * asm.V, z, 12)

    asm.move(p, scratch)
    asm.move(counter, lanes)
    if factor == 2:
        asm.shift_right(counter, 1)
    with asm.repeat(counter):
        for block in range(factor):
            for k in range(64):
                asm.load_short(value, p, 2 * (k * asm.V + block))
                asm.store_short(y, 128 * block + 2 * k, value)
        asm.add_constant(p, 2 * factor)
        asm.add_constant(y, 128 * factor * factor)
    asm.subtract(blocks, lanes)
    asm.branch(blocks, ">", 0, group)
    asm.leave()


def forward_pass(asm: Assembler) -> list[int]:
    """jpeg.forward_pass of registers 0 to 7; changes 8 to 13 too. Which registers hold the results."""
    def scaled(d: int, x: int, factor: int) -> None:
        asm.v_constant(13, factor)
        asm.v_mul_int(d, x, 13)

    for i, total in enumerate((8, 9, 10, 11)):
        asm.v_add_int(total, i, 7 - i)
        asm.v_sub_int(i, i, 7 - i)              # d0 to d3 in 0 to 3
    t0, t1, t2, t3 = 4, 5, 6, 7
    asm.v_add_int(t0, 8, 11)
    asm.v_add_int(t1, 9, 10)
    asm.v_sub_int(t2, 9, 10)
    asm.v_sub_int(t3, 8, 11)
    asm.v_add_int(8, t0, t1)
    asm.v_sub_int(9, t0, t1)
    for z in (8, 9):                            # results 0 and 4
        asm.v_shift_left(z, z, 13)
    rotated = 10
    asm.v_add_int(rotated, t2, t3)
    scaled(rotated, rotated, 4433)
    scaled(t3, t3, 6270)
    asm.v_add_int(t3, t3, rotated)              # result 2
    scaled(t2, t2, 15137)
    asm.v_sub_int(t2, rotated, t2)              # result 6
    z1, z2, z3, z4, z5 = 4, 5, 10, 11, 12
    asm.v_add_int(z3, 3, 1)
    asm.v_add_int(z4, 2, 0)
    asm.v_add_int(z5, z3, z4)
    scaled(z5, z5, 9633)
    asm.v_add_int(z1, 3, 0)
    scaled(z1, z1, -7373)
    asm.v_add_int(z2, 2, 1)
    scaled(z2, z2, -20995)
    for z, factor in ((z3, -16069), (z4, -3196)):
        scaled(z, z, factor)
        asm.v_add_int(z, z, z5)
    for d, factor, first, second in ((0, 12299, z1, z4), (1, 25172, z2, z3), (2, 16819, z2, z4), (3, 2446, z1, z3)):
        scaled(d, d, factor)
        asm.v_add_int(d, d, first)
        asm.v_add_int(d, d, second)
    return [8, 0, t3, 1, 9, 2, t2, 3]


def divide(asm: Assembler, z: int, divisor: int, spare: int) -> None:
    """z, -2**14 to 2**14, over `divisor`, to the nearest; see jpeg.divided."""
    shift = 15 + (divisor - 1).bit_length()
    offset = -(-(1 << 14) // divisor)
    asm.v_constant(spare, offset * divisor + divisor // 2)
    asm.v_add_int(z, z, spare)
    asm.v_constant(spare, -(-(1 << shift) // divisor))
    asm.v_mul_int(z, z, spare)
    asm.v_shift_right(z, z, shift)
    asm.v_constant(spare, offset)
    asm.v_sub_int(z, z, spare)


# ---- Coefficients to codes -------------------------------------------------------------------------------------------
# The blocks of an MCU are told of as for decode_baseline. Tables have 256 entries, one for each symbol. The state:
# bits that do not fill a byte, how many they are, the end of what is written, last DC of three components.

BITS, HAVE, END, LAST = 0, 8, 16, 24


def encode(asm: Assembler, counting: bool) -> None:
    """The codes of some MCUs; or (counting) how often each symbol occurs.

    A table's entry is 65536 * length + code, or a count. May write 8 bytes too far.
    """
    asm.declare("state blocks end mcus")
    block, mcus, x, last, table, value, size, symbol, bits, have, out, t, spare = asm.pointers(13)
    asm.argument(mcus, "mcus")
    asm.argument(t, "state")
    for r, at in ((bits, BITS), (have, HAVE), (out, END)):
        asm.load_word(r, t, at)

    def code() -> None:
        """The code of `symbol`."""
        asm.move(t, symbol)
        asm.shift_left(t, 3)
        asm.add(t, table)
        asm.load_word(spare, t)
        if counting:
            asm.add_constant(spare, 1)
            asm.store_word(t, 0, spare)
            return
        asm.move(t, spare)
        asm.shift_right(t, 16)
        asm.keep_bits(spare, 16)
        append(spare, t)

    def append(number: int, length: int) -> None:
        asm.shift_left_by(bits, length)
        asm.either(bits, number)
        asm.add(have, length)

    def write() -> None:
        """Bits to bytes: 8 of them are stored, as many counted as are whole."""
        if counting:
            return
        asm.set(t, 64)
        asm.subtract(t, have)
        asm.move(spare, bits)
        asm.shift_left_by(spare, t)
        asm.reverse_bytes(spare)
        asm.store_word(out, 0, spare)
        asm.move(t, have)
        asm.shift_right(t, 3)
        asm.add(out, t)
        asm.keep_bits(have, 3)

    def number() -> None:
        """`value`, with its size in the low bits of `symbol`."""
        asm.move(t, value)
        asm.shift_right_signed(t, 63)
        asm.move(spare, value)
        asm.differing(spare, t)
        asm.subtract(spare, t)                  # its magnitude
        asm.add(spare, spare)
        asm.add_constant(spare, 1)
        asm.highest_bit(size, spare)
        asm.add(symbol, size)
        asm.add(value, t)
        code()
        if not counting:
            asm.set(spare, 1)
            asm.shift_left_by(spare, size)
            asm.add_constant(spare, -1)
            asm.both(value, spare)
            append(value, size)
        write()

    next_mcu, next_block, next_number, found, long_run, short_run, done = (asm.label() for _ in range(7))
    asm.place(next_mcu)
    asm.argument(block, "blocks")

    asm.place(next_block)
    asm.load_word(x, block, 0)
    asm.load_signed_short(value, x)
    asm.load_word(spare, block, 32)
    asm.load_word(t, spare)
    asm.store_word(spare, 0, value)
    asm.subtract(value, t)
    asm.load_word(table, block, 16)
    asm.set(symbol, 0)
    number()
    asm.load_word(table, block, 24)
    asm.set(symbol, 0)
    asm.move(last, x)
    asm.add_constant(last, 126)

    asm.place(next_number)
    asm.add_constant(x, 2)
    asm.load_signed_short(value, x)
    asm.branch(value, "!=", 0, found)
    asm.add_constant(symbol, 16)
    asm.branch_register(x, "<", last, next_number)
    asm.set(symbol, 0)                          # nothing more
    code()
    write()
    asm.jump(done)

    asm.place(found)
    asm.branch(symbol, "<", 256, short_run)
    asm.place(long_run)
    asm.move(size, symbol)
    asm.set(symbol, 0xf0)
    code()
    write()
    asm.move(symbol, size)
    asm.add_constant(symbol, -256)
    asm.branch(symbol, ">=", 256, long_run)
    asm.place(short_run)
    number()
    asm.set(symbol, 0)
    asm.branch_register(x, "<", last, next_number)

    asm.place(done)
    asm.load_word(x, block, 0)
    asm.load_word(spare, block, 8)
    asm.add(x, spare)
    asm.store_word(block, 0, x)
    asm.add_constant(block, BLOCK)
    asm.argument(spare, "end")
    asm.branch_register(block, "<", spare, next_block)
    asm.count_down(mcus, next_mcu)
    asm.argument(t, "state")
    for r, at in ((bits, BITS), (have, HAVE), (out, END)):
        asm.store_word(t, at, r)
    asm.leave()
