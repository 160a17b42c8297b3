"""The slow steps of the picture formats as machine code: functions with the names, arguments and results of those in
this folder that they stand in for. They may be called where simd.probe allows machine code.

Kernels work on one thread, the caller's, and for some milliseconds a call, so that Ctrl-C is seen. What they read and
write is memory of this module (a Desk), with some room behind each piece, as they work on whole vectors; or a buffer of
the caller's in which they touch nothing but the numbers that they were asked for.
"""

from __future__ import annotations

import contextlib
import ctypes
import functools
import threading
from array import array
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import chain
from typing import Any

from ..simd.kernels import gif as gif_kernels
from ..simd.kernels import jpeg as jpeg_kernels
from ..simd.kernels import png as png_kernels
from ..simd.memory import BACKENDS, Refused, address_of, function, private_memory
from ..simd.tape import KERNELS, load_kernels
from ..simd.verdict import probe
from . import gif, jpeg

# ---- Calls -----------------------------------------------------------------------------------------------------------

@contextlib.contextmanager
def no_memory() -> Iterator[None]:
    """Machine code may be used: if memory is refused now, there is none."""
    try:
        yield
    except Refused as refused:
        raise MemoryError(str(refused)) from None


@functools.cache
def entry(name: str) -> Callable[[int], int]:
    """A function that C may call with the address of a block: a kernel's address and its arguments."""
    asm = BACKENDS[name]()
    asm.begin_function(8)
    asm.call(asm.ARGUMENTS, 0)
    asm.end_function(8, 0)
    return function(asm.finish())


def instruction_set() -> str:
    """AVX2 also where there is AVX-512: a pixel has three bytes, and wider vectors bring little."""
    return {"avx512": "avx2"}.get(probe()[0], probe()[0])


def call(kernel: tuple, *arguments: int) -> None:
    """Run a kernel: (the function that writes it, its constants ...)."""
    name = instruction_set()
    key = (name, *kernel)
    if key not in KERNELS:
        with no_memory():
            load_kernels([key])
            entry(name)
    block = array("q", (KERNELS[key], *arguments))
    entry(name)(block.buffer_info()[0])


class Desk(threading.local):
    """Memory of a thread to work in, larger when need be."""

    GAP = 64        # bytes behind each piece: kernels go no further

    def __init__(self) -> None:
        self.size = 0

    def lay(self, *sizes: int) -> list[int]:
        """Where pieces of so many bytes begin; what was there is lost."""
        places, end = [], self.GAP
        for size in sizes:
            places.append(end)
            end = (end + size + self.GAP + 63) // 64 * 64
        if end > self.size:
            self.size = max(end, 2 * self.size, 2 ** 20)
            with no_memory():
                self.memory = private_memory(self.size, "a picture's bytes")
            self.base = address_of(self.memory)
        return places

    def put(self, data: bytes | bytearray | memoryview, at: int) -> int:
        """Copy `data` to the place; its address."""
        self.memory[at:at + len(data)] = data
        return self.base + at


DESK = Desk()


def address(buffer: array | bytearray | memoryview) -> int:
    if isinstance(buffer, array):
        return buffer.buffer_info()[0]
    return ctypes.addressof(ctypes.c_char.from_buffer(buffer))


# ---- JPEG: reading ---------------------------------------------------------------------------------------------------

@functools.lru_cache(maxsize=64)
def code_table(counts: bytes, symbols: bytes) -> array:
    """For each 16 bits the code that they begin with, as kernels want it; see jpeg.Codes.find."""
    parts = []
    place = 0
    for i, count in enumerate(counts):
        for symbol in symbols[place:place + count]:
            parts.append(array("H", (symbol << 8 | i + 1,)).tobytes() * (1 << 15 - i))
        place += count
    found = b"".join(parts)
    return array("H", found + array("H", (17,)).tobytes() * (2 ** 16 - len(found) // 2))


def table_address(codes: Any) -> int:
    table = code_table(codes.counts, codes.symbols)
    codes.kept = table
    return table.buffer_info()[0]


class Bits:
    """Entropy coded data and where in it a scan is."""

    def __init__(self, data: bytes) -> None:
        self.data = bytearray(data) + bytes(jpeg.LARGEST_MCU // 8 + 16)
        self.state = array("q", bytes(8 * 10))
        self.state[jpeg_kernels.LIMIT // 8] = 8 * len(data)
        self.state[jpeg_kernels.DATA // 8] = address(self.data)

    @property
    def run(self) -> int:
        return self.state[jpeg_kernels.RUN // 8]

    @run.setter
    def run(self, blocks: int) -> None:
        self.state[jpeg_kernels.RUN // 8] = blocks

    def walk(self, kernel: tuple, blocks: array, count: int) -> bool:
        call(kernel, address(self.state), address(blocks), address(blocks) + 8 * len(blocks), count)
        return not self.state[jpeg_kernels.LEFT // 8]


def decode_baseline(shapes: list[jpeg.Shape], tables: list[tuple[Any, Any]], bits: Bits, y: int, x: int,
                    count: int) -> bool:
    pairs = [(table_address(first.dc), table_address(rest.ac)) for first, rest in tables]
    return bits.walk((jpeg_kernels.decode_baseline,), described(shapes, pairs, bits, y, x, count), count)


def decode_dc(shapes: list[jpeg.Shape], tables: list[Any], low: int, bits: Bits, y: int, x: int, count: int) -> bool:
    pairs = [(table_address(symbols.codes), 0) for symbols in tables]
    return bits.walk((jpeg_kernels.decode_dc, low), described(shapes, pairs, bits, y, x, count), count)


def refine_dc(shapes: list[jpeg.Shape], low: int, bits: Bits, y: int, x: int, count: int) -> bool:
    return bits.walk((jpeg_kernels.refine_dc, low), described(shapes, [(0, 0)] * len(shapes), bits, y, x, count), count)


def described(shapes: list[jpeg.Shape], pairs: list[tuple[int, int]], bits: Bits, y: int, x: int, count: int) -> array:
    """The blocks of an MCU, for kernels."""
    blocks = array("q")
    for i, (shape, pair) in enumerate(zip(shapes, pairs)):
        for start, step in places(shape, y, x, count):
            blocks.extend((start, step, *pair, address(bits.state) + jpeg_kernels.DC + 8 * i))
    return blocks


def decode_ac(runs: Any, part: jpeg.Component, first: int, last: int, bits: Bits, y: int, x: int, count: int) -> bool:
    call((jpeg_kernels.decode_ac,), address(bits.state), table_address(runs.codes), *row_of_blocks(part, y, x, count),
         first, last, runs.low)
    return not bits.state[jpeg_kernels.LEFT // 8]


def refine_ac(file: jpeg.File, symbols: Any, part: jpeg.Component, first: int, last: int, low: int, bits: Bits,
              y: int, x: int, count: int) -> bool:
    bits.state[jpeg_kernels.LOOKS // 8] = 0
    call((jpeg_kernels.refine_ac,), address(bits.state), table_address(symbols.codes),
         *row_of_blocks(part, y, x, count), first, last, 1 << low)
    file.work -= bits.state[jpeg_kernels.LOOKS // 8]
    done = not bits.state[jpeg_kernels.LEFT // 8]
    if done:
        file.still_works()
    return done


def row_of_blocks(part: jpeg.Component, y: int, x: int, count: int) -> tuple[int, int, int]:
    """Address of the coefficients and of the marks of some blocks, and how many they are."""
    start = y * part.across + x
    if not 0 <= start <= start + count <= min(len(part.touched), len(part.coefficients) // 64):
        raise IndexError("a block outside of its plane")
    return address(part.coefficients) + 128 * start, address(part.touched) + start, count


def places(shape: jpeg.Shape, y: int, x: int, count: int) -> Iterator[tuple[int, int]]:
    """Of each block of an MCU: the address of its coefficients in the first of `count`, the distance to the next."""
    plane = shape.part.coefficients
    step = 64 * shape.h
    for i in range(shape.v):
        for j in range(shape.h):
            start = 64 * ((y * shape.v + i) * shape.part.across + x * shape.h + j)
            if not (start >= 0 and start + (count - 1) * step + 64 <= len(plane)):
                raise IndexError("a block outside of its plane")
            yield address(plane) + 2 * start, 2 * step


def inverse_dct(coefficients: array, divisors: Sequence[int], size: int) -> bytes | bytearray:
    if size == 1:
        return jpeg.inverse_dct(coefficients, divisors, size)
    count = len(coefficients) // 64
    table = array("i", bytes(256))
    for k, natural in enumerate(jpeg.ZIGZAG):
        table[natural] = divisors[k]
    result, scratch = DESK.lay(size * size * count, 64 * 6 * 16)
    call(inverse_kernel(size), address(coefficients), DESK.base + result, address(table), count, size * count,
         DESK.base + scratch)
    return DESK.memory[result:result + size * size * count]


@functools.cache
def inverse_kernel(size: int) -> tuple:
    weights = tuple(map(tuple, jpeg.MEANS.get(size, ())))
    return jpeg_kernels.inverse_dct, size, jpeg.ZIGZAG, weights, jpeg.HELD[size], jpeg.SHRINK[size]


def widened(width: int, line: bytes) -> bytes:
    return wide(line, None, width)


def heightened(lines: Iterator[bytes], width: int, twice: bool) -> Iterator[bytes]:
    if not twice:
        yield from jpeg.heightened(lines, width, twice)
        return
    before = here = next(lines)
    for after in lines:
        yield wide(here, before, width)
        yield wide(here, after, width)
        before, here = here, after
    yield wide(here, before, width)
    yield wide(here, here, width)


def wide(line: bytes, near: bytes | None, width: int) -> bytes:
    count = len(line)
    own, other, result, scratch = DESK.lay(count, count, 2 * count, 4 * count + 128)
    call((jpeg_kernels.widen, near is not None), DESK.put(line, own), DESK.put(near or b"", other), DESK.base + result,
         count, DESK.base + scratch)
    return DESK.memory[result:result + min(width, 2 * count)]


def ycc_to_bgr(y: bytes, cb: bytes, cr: bytes) -> bytes:
    count = len(y)
    *planes, result, scratch = DESK.lay(count, count, count, 3 * count, 64)
    call((jpeg_kernels.ycc_to_bgr,), *map(DESK.put, (y, cb, cr), planes), DESK.base + result, count,
         DESK.base + scratch)
    return DESK.memory[result:result + 3 * count]


# ---- JPEG: writing ---------------------------------------------------------------------------------------------------

def bgr_to_ycc(pixels: bytes | bytearray) -> list[bytes]:
    count = len(pixels) // 3
    given, *planes, scratch = DESK.lay(3 * count, count, count, count, 64)
    call((jpeg_kernels.bgr_to_ycc,), DESK.put(pixels, given), *(DESK.base + at for at in planes), count,
         DESK.base + scratch)
    return [DESK.memory[at:at + count] for at in planes]


def halved(upper: bytes, lower: bytes) -> bytes:
    count = len(upper) // 2
    first, second, result = DESK.lay(2 * count, 2 * count, count)
    call((jpeg_kernels.halved,), DESK.put(upper, first), DESK.put(lower, second), DESK.base + result, count)
    return DESK.memory[result:result + count]


def forward_dct(lines: list[bytes], divisors: Sequence[int], factor: int) -> array:
    width = len(lines[0])
    blocks = width // 8
    given, result, scratch = DESK.lay(8 * width, 128 * blocks * factor, 64 * 8 * 16)
    for band in range(factor):
        DESK.put(b"".join(lines[8 * band:8 * band + 8]), given)
        call((jpeg_kernels.forward_dct, jpeg.ZIGZAG, tuple(divisors), factor), DESK.base + given,
             DESK.base + result + 128 * factor * band, blocks, width, DESK.base + scratch)
    return array("h", DESK.memory[result:result + 128 * blocks * factor])


def best_tables(planes: list[list[array]]) -> list[jpeg.Codes]:
    counts = [array("q", bytes(8 * 256)) for _ in range(4)]
    for _ in coded(planes, [table.buffer_info()[0] for table in counts], True):
        pass
    return [jpeg.shortest(Counter({symbol: count for symbol, count in enumerate(table) if count}))
            for table in counts]


def encode_rows(planes: list[list[array]], tables: list[jpeg.Codes]) -> Iterator[bytes]:
    codes = [array("q", bytes(8 * 256)) for _ in tables]
    for own, table in zip(codes, tables):
        for symbol, text in jpeg.code_texts(table).items():
            own[symbol] = len(text) << 16 | int(text, 2)
    yield from coded(planes, [own.buffer_info()[0] for own in codes], False)


MOST_CODED = 64 * 4     # bytes of a block: codes of 16 bits and numbers of less


def coded(planes: list[list[array]], tables: list[int], counting: bool) -> Iterator[bytes]:
    """What jpeg_kernels.encode makes of each row of MCUs, and at the end of a last byte filled up with ones."""
    state = array("q", bytes(8 * 6))
    last = state.buffer_info()[0] + jpeg_kernels.LAST
    mcus = len(planes[1][0]) // 64
    for rows in zip(*planes):
        blocks = array("q")
        for i, row in enumerate(rows):
            own = len(row) // 64 // mcus
            pair = tables[2 * (i > 0):2 * (i > 0) + 2]
            for j in range(own):
                blocks.extend((address(row) + 128 * j, 128 * own, *pair, last + 8 * i))
        result, = DESK.lay(0 if counting else MOST_CODED * mcus * len(blocks) // 5)
        state[jpeg_kernels.END // 8] = DESK.base + result
        at = blocks.buffer_info()[0]
        call((jpeg_kernels.encode, counting), state.buffer_info()[0], at, at + 8 * len(blocks), mcus)
        if not counting:
            yield DESK.memory[result:state[jpeg_kernels.END // 8] - DESK.base].replace(b"\xff", b"\xff\0")
    have = state[jpeg_kernels.HAVE // 8]
    if have and not counting:
        byte = (state[jpeg_kernels.BITS // 8] << 8 - have | 255 >> have) & 255
        yield bytes((byte,)).replace(b"\xff", b"\xff\0")


# ---- PNG -------------------------------------------------------------------------------------------------------------

def unfilter(lines: bytes, length: int, size: int, previous: bytes | bytearray) -> list[bytes]:
    rows = len(lines) // (length + 1)
    given, above = DESK.lay(len(lines), (rows + 1) * length)
    DESK.put(previous, above)
    call((png_kernels.unfilter, size), DESK.put(lines, given), DESK.base + above + length, length, rows)
    return [DESK.memory[at:at + length] for at in range(above + length, above + (rows + 1) * length, length)]


def filtered(rows: Iterable[bytes | bytearray], size: int) -> Iterator[bytes]:
    V = BACKENDS[instruction_set()].V
    before: bytes | bytearray = b""
    for row in rows:
        length = len(row)
        here, above, *lines, sums = DESK.lay(size + length, size + length, *[length] * 5, 4 * 5 * V)
        DESK.put(bytes(size), here)
        DESK.put(bytes(size) + before if before else bytes(size + length), above)
        call((png_kernels.filters, size), DESK.put(row, here + size), DESK.base + above + size, DESK.base + lines[0],
             lines[1] - lines[0], length // V, length % V, DESK.base + sums)
        costs = memoryview(DESK.memory)[sums:sums + 20 * V].cast("i")
        totals = [sum(costs[kind * V:(kind + 1) * V]) for kind in range(5)]
        kind = totals.index(min(totals))
        yield bytes((kind,)) + DESK.memory[lines[kind]:lines[kind] + length]
        before = row


# ---- GIF -------------------------------------------------------------------------------------------------------------

class Tables(threading.local):
    """Arrays of a thread that are all zeros between calls. One whose user was interrupted does not come back."""

    def __init__(self) -> None:
        self.arrays: dict[tuple[str, str, int], array] = {}

    @contextlib.contextmanager
    def zeros(self, purpose: str, form: str, count: int) -> Iterator[array]:
        """Such an array, to be left as it was."""
        own = self.arrays.pop((purpose, form, count), None)
        if own is None:
            own = self.new(form, count)
        yield own
        self.arrays[purpose, form, count] = own

    @staticmethod
    def new(form: str, count: int) -> array:
        return array(form, bytes(array(form).itemsize * count))


TABLES = Tables()


@functools.cache
def cell_bits() -> array:
    """What each blue, green and red brings to a cell's number; see gif.cell_keys."""
    return array("H", [*gif.CELL_BLUE, *(low | high << 8 for low, high in zip(gif.CELL_GREEN, gif.CELL_HIGH_GREEN)),
                       *(high << 8 for high in gif.CELL_RED)])


def add_colours(histogram: gif.Histogram, pixels: bytes | bytearray) -> None:
    """gif.Histogram.add"""
    for block in gif.blocks(pixels):
        if histogram.exact is not None:
            colours = exact_colours(block)
            if colours is None:
                histogram.exact = None
            else:
                histogram.exact.update(colours)
                if len(histogram.exact) > gif.MOST_COLOURS:
                    histogram.exact = None
        cells, counts, samples = counted_cells(block)
        histogram.cells.update(dict(zip(cells, counts)))
        histogram.samples.update(zip(cells, samples))


def counted_cells(block: memoryview) -> tuple[list[int], list[int], list[int]]:
    """The cells that occur, how often each does, a colour of each."""
    end = array("q", (0,))
    place, = DESK.lay(len(block))
    with TABLES.zeros("counts", "I", 2 ** 16) as counts:
        samples, found = TABLES.new("I", 2 ** 16), TABLES.new("H", 2 ** 16)
        call((gif_kernels.count_cells,), DESK.put(block, place), len(block) // 3, address(cell_bits()),
             address(counts), address(samples), address(found), address(end))
        cells = found[:(end[0] - address(found)) // 2].tolist()
        result = cells, [counts[cell] for cell in cells], [samples[cell] for cell in cells]
        for cell in cells:
            counts[cell] = 0
    return result


def exact_colours(block: memoryview) -> dict[int, int] | None:
    """The colours and how often each occurs; None for more than gif.MOST_COLOURS."""
    end = array("q", (0,))
    place, = DESK.lay(len(block))
    table = TABLES.new("Q", 2 ** gif_kernels.HASH_BITS + gif.MOST_COLOURS + 1)
    used = TABLES.new("Q", gif.MOST_COLOURS)
    call((gif_kernels.count_colours,), DESK.put(block, place), len(block) // 3, address(table), address(used),
         gif.MOST_COLOURS, address(end))
    if not end[0]:
        return None
    entries = [table[(at - address(table)) // 8] for at in used[:(end[0] - address(used)) // 8]]
    return {(entry & 2 ** 32 - 1) - 1: entry >> 32 for entry in entries}


def nearest(colours: list[gif.Colour], points: Sequence[gif.Colour]) -> bytes:
    V = BACKENDS[instruction_set()].V
    groups = -(-len(colours) // V)
    padded = [*colours, *[(1000, 1000, 1000)] * (V * groups - len(colours))]     # farther than any
    table = array("i", [colour[channel] for at in range(0, V * groups, V) for channel in range(3)
                        for colour in padded[at:at + V]])
    given = array("i", chain.from_iterable(points))
    result, scratch = DESK.lay(len(points), 64)
    if points:
        call((gif_kernels.nearest,), address(given), len(points), DESK.base + result, DESK.base + scratch,
             address(table), groups)
    return DESK.memory[result:result + len(points)]


def find(numbers: gif.Nearest, keys: Iterable[int]) -> None:
    """The numbers of those keys that are not known yet."""
    missing = list(set(keys).difference(numbers))
    numbers.update(zip(missing, nearest(numbers.colours, list(map(numbers.colour_of_key, missing)))))


LZW_PIECE = 2 ** 20     # bytes at a time


def lzw_encoded(numbers: bytes | bytearray, size: int) -> bytes:
    clear = 2 ** size
    used = TABLES.new("Q", gif.MOST_CODES)
    state = array("q", bytes(8 * 7))
    for name, value in ((gif_kernels.CODE, numbers[0]), (gif_kernels.FREE, clear + 2), (gif_kernels.BITS, clear),
                        (gif_kernels.HAVE, size + 1), (gif_kernels.WIDTH, size + 1), (gif_kernels.USED, address(used))):
        state[name // 8] = value
    written = bytearray()
    with TABLES.zeros("pairs", "H", 2 ** 20) as pairs:
        for at in range(1, len(numbers), LZW_PIECE):
            piece = numbers[at:at + LZW_PIECE]
            given, result = DESK.lay(len(piece), 2 * len(piece))
            state[gif_kernels.END // 8] = DESK.base + result
            call((gif_kernels.lzw, size), DESK.put(piece, given), len(piece), address(state), address(pairs),
                 address(used))
            written += DESK.memory[result:state[gif_kernels.END // 8] - DESK.base]
        for entry in used[:(state[gif_kernels.USED // 8] - address(used)) // 8]:
            pairs[(entry - address(pairs)) // 2] = 0
    free, bits, have, width = (state[name // 8] for name in (gif_kernels.FREE, gif_kernels.BITS, gif_kernels.HAVE,
                                                            gif_kernels.WIDTH))
    for more, code in enumerate((state[gif_kernels.CODE // 8], clear + 1)):
        width += free + more > 2 ** width
        bits |= code << have
        have += width
    return bytes(written) + bits.to_bytes(-(-have // 8), "little")
