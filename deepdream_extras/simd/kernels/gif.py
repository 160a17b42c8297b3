"""Kernels: colours counted and sought, and LZW. What they compute stands in formats.gif."""

from __future__ import annotations

from ..assembler import Assembler


def count_cells(asm: Assembler) -> None:
    """How often each cell of colours occurs in some pixels, and the last colour of each.

    tables: a cell's bits for each blue, green and red, 3 x 256. counts, samples: 65,536 words of 32 bits each. list:
    the cells that did not occur before go there, 16 bits each, and the end of the list to `end`.
    """
    x, pixels, tables, counts, samples, found = asm.arguments("x pixels tables counts samples list end",
                                                               asm.pointers(6))
    cell, part, value, p = asm.pointers(4)
    with asm.repeat(pixels):
        seen = asm.label()
        asm.set(cell, 0)
        asm.set(value, 0)
        for channel in (2, 1, 0):
            asm.load_byte(part, x, channel)
            asm.shift_left(value, 8)
            asm.either(value, part)
            asm.add_constant(part, 256 * channel)
            asm.look_up(part, tables, part)
            asm.either(cell, part)
        asm.add_constant(x, 3)
        asm.move(p, cell)
        asm.shift_left(p, 2)
        asm.add(p, samples)
        asm.store_half(p, 0, value)
        asm.subtract(p, samples)
        asm.add(p, counts)
        asm.load_half(value, p)
        asm.branch(value, "!=", 0, seen)
        asm.store_short(found, 0, cell)
        asm.add_constant(found, 2)
        asm.place(seen)
        asm.add_constant(value, 1)
        asm.store_half(p, 0, value)
    asm.argument(p, "end")
    asm.store_word(p, 0, found)
    asm.leave()


HASH_BITS = 15


def count_colours(asm: Assembler) -> None:
    """How often each colour occurs in some pixels; stops when there are more than `most`.

    table: 2 ** HASH_BITS entries of 8 bytes, a colour plus 1 and its count; one that is taken already makes way to the
    next free one, and behind them is room for `most` more. list: the places of entries in use, 8 bytes each; the end
    of the list goes to `end`.
    """
    x, pixels, table, found, last = asm.arguments("x pixels table list most end", asm.pointers(5))
    colour, p, value = asm.pointers(3)
    asm.shift_left(last, 3)
    asm.add(last, found)
    over = asm.label()
    with asm.repeat(pixels):
        probe, there = asm.label(), asm.label()
        asm.load_byte(colour, x, 2)
        for channel in (1, 0):
            asm.load_byte(value, x, channel)
            asm.shift_left(colour, 8)
            asm.either(colour, value)
        asm.add_constant(x, 3)
        asm.add_constant(colour, 1)
        asm.set(p, 0x9E3779B1)                  # 2**32 over the golden ratio: spreads neighbours
        asm.multiply(p, colour)
        asm.shift_right(p, 32 - HASH_BITS)
        asm.keep_bits(p, HASH_BITS)
        asm.shift_left(p, 3)
        asm.add(p, table)
        asm.place(probe)
        asm.load_half(value, p)
        asm.branch_register(value, "==", colour, there)
        asm.add_constant(p, 8)
        asm.branch(value, "!=", 0, probe)
        asm.add_constant(p, -8)
        asm.branch_register(found, ">=", last, over)
        asm.store_word(p, 0, colour)
        asm.store_word(found, 0, p)
        asm.add_constant(found, 8)
        asm.place(there)
        asm.load_half(value, p, 4)
        asm.add_constant(value, 1)
        asm.store_half(p, 4, value)
    asm.argument(p, "end")
    asm.store_word(p, 0, found)
    asm.leave()
    asm.place(over)
    asm.argument(p, "end")
    asm.set(found, 0)
    asm.store_word(p, 0, found)
    asm.leave()


def nearest(asm: Assembler) -> None:
    """For each of `count` points the number of the nearest colour, of equals the first; see gif.Lanes.

    points: three 32-bit integers each. colours: for every V of them their blues, greens and reds, `groups` times.
    """
    points, count, y, scratch = asm.arguments("points count y scratch colours groups", asm.pointers(4))
    p, groups, value, best = asm.pointers(4)
    blue, green, red, index, step, least, total, part = range(8)
    asm.v_constant(step, asm.V)
    with asm.repeat(count):
        for i, channel in enumerate((blue, green, red)):
            asm.v_broadcast(channel, points, 4 * i)
        asm.v_constant(index, list(range(asm.V)))
        asm.v_constant(least, 0x7fffffff)
        asm.argument(p, "colours")
        asm.argument(groups, "groups")
        with asm.repeat(groups):
            for i, channel in enumerate((blue, green, red)):
                asm.v_sub_int(part, channel, (p, 4 * i * asm.V))
                asm.v_mul_int(part, part, part)
                if i:
                    asm.v_add_int(total, total, part)
                else:
                    asm.v_copy(total, part)
            asm.v_shift_left(total, total, 8)
            asm.v_add_int(total, total, index)
            asm.v_min_int(least, least, total)
            asm.v_add_int(index, index, step)
            asm.add_constant(p, 12 * asm.V)
        asm.v_store(scratch, 0, least)
        asm.load_half(best, scratch)
        for lane in range(1, asm.V):
            smaller = asm.label()
            asm.load_half(value, scratch, 4 * lane)
            asm.branch_register(value, ">=", best, smaller)
            asm.move(best, value)
            asm.place(smaller)
        asm.store_byte(y, 0, best)
        asm.add_constant(points, 12)
        asm.add_constant(y, 1)
    asm.leave()


# The state of LZW in words: the code of what was read last, the number that the next entry gets, bits not yet written
# and how many, the end of what is written, bits of a code, the end of the list of entries.

CODE, FREE, BITS, HAVE, END, WIDTH, USED = range(0, 56, 8)
MOST_CODES = 4096


def lzw(asm: Assembler, size: int) -> None:
    """Codes for some bytes below 2 ** size; see gif.lzw_encoded.

    table: for code and byte (256 * code + byte) the number of the entry for both, 16 bits, or 0. list: the addresses
    of its entries in use, to clear them. May write 8 bytes too far.
    """
    x, count, state, table = asm.arguments("x count state table list", asm.pointers(4))
    code, free, bits, have, out, width, entry, found, spare = asm.pointers(9)
    clear = 2 ** size
    for r, at in ((code, CODE), (free, FREE), (bits, BITS), (have, HAVE), (out, END), (width, WIDTH)):
        asm.load_word(r, state, at)

    def write(number: int, temporary: int) -> None:
        """`number`, a register, as one more code. The table's last number was 2 ** width: codes grow."""
        same = asm.label()
        asm.set(temporary, 1)
        asm.shift_left_by(temporary, width)
        asm.add_constant(temporary, 1)
        asm.branch_register(free, "<", temporary, same)
        asm.add_constant(width, 1)
        asm.place(same)
        asm.move(temporary, number)
        asm.shift_left_by(temporary, have)
        asm.either(bits, temporary)
        asm.add(have, width)
        asm.store_word(out, 0, bits)
        asm.move(temporary, have)
        asm.shift_right(temporary, 3)
        asm.add(out, temporary)
        asm.shift_left(temporary, 3)
        asm.shift_right_by(bits, temporary)
        asm.keep_bits(have, 3)

    again, known, full, next_byte = (asm.label() for _ in range(4))
    asm.place(again)
    asm.load_byte(spare, x)
    asm.add_constant(x, 1)
    asm.move(entry, code)
    asm.shift_left(entry, 8)
    asm.either(entry, spare)
    asm.look_up(found, table, entry)
    asm.branch(found, "!=", 0, known)
    asm.add(entry, entry)
    asm.add(entry, table)
    asm.store_short(entry, 0, free)
    asm.load_word(found, state, USED)
    asm.store_word(found, 0, entry)
    asm.add_constant(found, 8)
    asm.store_word(state, USED, found)
    write(code, found)
    asm.move(code, spare)
    asm.add_constant(free, 1)
    asm.branch(free, "==", MOST_CODES, full)
    asm.jump(next_byte)

    asm.place(known)
    asm.move(code, found)
    asm.place(next_byte)
    asm.count_down(count, again)
    for r, at in ((code, CODE), (free, FREE), (bits, BITS), (have, HAVE), (out, END), (width, WIDTH)):
        asm.store_word(state, at, r)
    asm.leave()

    asm.place(full)
    asm.set(spare, clear)
    write(spare, found)
    asm.set(width, size + 1)
    asm.set(free, clear + 2)
    asm.argument(entry, "list")
    empty = asm.label()
    asm.place(empty)
    asm.load_word(found, entry)
    asm.set(spare, 0)
    asm.store_short(found, 0, spare)
    asm.add_constant(entry, 8)
    asm.load_word(found, state, USED)
    asm.branch_register(entry, "<", found, empty)
    asm.argument(entry, "list")
    asm.store_word(state, USED, entry)
    asm.jump(next_byte)
