"""Work for many threads: tapes, the driver that walks them in machine code, and the threads.

A pass over the network is a tape: a list of phases, each a list of units, each a kernel with its arguments. Units of
a phase touch nothing that another one writes, so they may run in any order, on any thread; what they compute does
not depend on that. A phase begins when all units of the one before are done. Every thread walks the tape by calling
the function below, which takes one unit after the other: first those meant for this thread, then other threads'.
Nobody waits for a particular thread, only for units: a thread that comes late finds less to do.
"""

from __future__ import annotations

import _signal  # signal without what makes members of enumerations of numbers, which takes ten times as long
import _thread
import array
import contextlib
import functools
import mmap
import os
import signal
import struct
from collections.abc import Callable
from typing import Any

import deepdream

from . import systems
from .assembler import Assembler
from .memory import BACKENDS, Refused, address_of, function, load_code, private_memory

# ---- The driver ------------------------------------------------------------------------------------------------------

# What a phase looks like in memory (distances in bytes; a cache line, 64 bytes, for everything that threads change)
DONE, UNITS, LIST, NEXT_PHASE, SHARES, SHARE = 0, 64, 72, 80, 128, 64
#   units done | number of units | address of the list of their addresses | size of this phase | per thread, a share
#   of the list: 8 * number of the next unit, 8 * number of the end
# What the driver is called with
PHASE, END, THREAD, THREADS, SCRATCH_MEMORY, PATIENCE, GIVE_WAY = 0, 8, 16, 24, 32, 40, 48
#   phase it is at | end of the tape | this thread's number | how many there are | its scratch memory | clock ticks
#   after which to come back to Python | the system's function that lets other threads run
FINISHED, NOT_YET = 0, 1
SMALL = 6_000_000    # multiply-adds, about 100 us; what takes less is done before other threads have woken up
SPINS = 64    # looks at a number that another thread will change, before the processor is offered to others


def driver(asm: Assembler) -> None:
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
    asm.yield_processor(state, GIVE_WAY)
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
def patience(name: str) -> int:
    """Ticks after which a walk over the tape comes back to Python: about 20 ms, so soon Ctrl-C is seen."""
    asm, rate = BACKENDS[name](), array.array("q", [0])
    asm.begin_function(8)
    asm.clock_rate(asm.DRIVER[0])
    asm.store_word(asm.ARGUMENTS, 0, asm.DRIVER[0])
    asm.end_function(8, 0)
    function(asm.finish())(rate.buffer_info()[0])
    return rate[0] // 50 or 1 << 26


@functools.cache
def driver_function(name: str):
    asm = BACKENDS[name]()
    driver(asm)
    return function(asm.finish())


KERNELS: dict[tuple, int] = {}    # (instruction set, function, *constants) -> address


def load_kernels(keys: list[tuple]) -> None:
    """Write the kernels that are not there yet. All in one go: each piece of executable memory has 4 KB at least."""
    missing = [key for key in dict.fromkeys(keys) if key not in KERNELS]
    pieces = []
    for name, kernel, *constants in missing:
        asm = BACKENDS[name]()
        kernel(asm, *constants)
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
        self.uses: dict[object, list[tuple[int, int, int, bool]]] = {}    # memory -> (channels, phase, whether written)

    def add(self, units: list[Unit], reads: list[Range], writes: list[Range]) -> None:
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
        self.phases[phase] += units

    def finish(self) -> Tape:
        """Write the code and lay out the tape."""
        units = [unit for phase in self.phases for unit in phase]
        costs = [unit.cost for unit in units]
        self.small = len(self.phases) < 2 and min(costs, default=1.0) > 0.0 and sum(costs) < SMALL
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
        self.memory = private_memory(len(self.fresh), "a list of work")
        self.first = address_of(self.memory)
        self.end = self.first + len(self.fresh)
        return self

    def rewind(self) -> None:
        """Make it ready for another run."""
        self.memory[:len(self.fresh)] = self.fresh


class Undisturbed:
    """While it lasts, Ctrl-C waits, here and in the threads begun meanwhile: locks taken are given back.

    The signal is blocked, where that can be, and goes to the main thread when it ends. But another thread of the
    program may get it meanwhile, and then Python calls what handles it in the main thread: so that is put off, too.
    """

    def __enter__(self) -> Undisturbed:
        self.handler: Any = None
        self.asked = False
        self.masks = hasattr(signal, "pthread_sigmask")
        if self.masks:
            self.before = _signal.pthread_sigmask(signal.SIG_BLOCK, [])
        try:
            self.begin()
        except BaseException:    # pressed just before: what handles that was called here
            self.end()
            raise
        return self

    def begin(self) -> None:
        if self.masks:
            _signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
        if self.handler is None and callable(handler := _signal.getsignal(signal.SIGINT)):
            with contextlib.suppress(ValueError):    # not the main thread
                _signal.signal(signal.SIGINT, self.note)
                self.handler = handler

    def note(self, *_: object) -> None:
        self.asked = True

    def end(self) -> None:
        """What handles Ctrl-C is called if that was pressed meanwhile: KeyboardInterrupt, normally."""
        if self.masks:
            _signal.pthread_sigmask(signal.SIG_SETMASK, self.before)
        if self.handler:
            handler, self.handler = self.handler, None
            _signal.signal(signal.SIGINT, handler)
            if self.asked:
                self.asked = False
                handler(signal.SIGINT, None)

    def __exit__(self, *_: object) -> None:
        self.end()


class Threads:
    """Walks tapes, with jobs - 1 threads beside the caller's, or as many as the system allows (see `notes`).

    The caller does not wait for the others at the end of a tape: when all units are done, they are done. Only before
    the next tape begins all must have left the last one. In a forked process, where the threads are not, others are
    begun.
    """

    SCRATCH_SIZE = 1 << 24    # more than any kernel needs; what is not touched costs nothing

    def __init__(self, name: str, jobs: int):
        self.driver = driver_function(name)
        self.notes: list[str] = []    # what could not be had, one line each
        self.scratch = self.take_scratch(jobs)
        deepdream.in_large_pages(self.scratch)
        self.jobs = len(self.scratch) // self.SCRATCH_SIZE
        scratch, give_way = address_of(self.scratch), systems.here().give_way()
        self.states = []
        for job in range(self.jobs):
            state = array.array("q", bytes(64))
            state[THREAD // 8], state[THREADS // 8] = job, self.jobs
            state[SCRATCH_MEMORY // 8] = scratch + job * self.SCRATCH_SIZE
            state[PATIENCE // 8], state[GIVE_WAY // 8] = patience(name), give_way
            self.states.append(state)
        self.closed = False
        self.begin()

    def take_scratch(self, jobs: int) -> mmap.mmap:
        """Scratch memory for all jobs; where there is no room for that, for so few that as much is left for others."""
        purpose = "intermediate results"
        with contextlib.suppress(Refused):
            return private_memory(self.SCRATCH_SIZE * jobs, purpose)
        for fewer in (jobs >> shift for shift in range(1, jobs.bit_length())):
            with contextlib.suppress(Refused):
                private_memory(2 * self.SCRATCH_SIZE * fewer, purpose).close()
                self.notes.append(f"{fewer} threads, not {jobs}: there is no memory for more")
                return private_memory(self.SCRATCH_SIZE * fewer, purpose)
        raise Refused(f"no memory for {purpose}")

    def begin(self) -> None:
        """No threads yet, in this process."""
        self.process, self.helpers = os.getpid(), self.jobs - 1
        self.stopped = False
        self.tape: Tape | None = None
        self.go: list[_thread.LockType] = []      # released: begin
        self.left: list[_thread.LockType] = []    # released: has left the tape

    def run(self, tape: Tape, meanwhile: Callable[[], object] = lambda: None) -> None:
        """Do all that is on the tape. Ctrl-C is seen while it is walked, not between the steps of handing it out.

        meanwhile: what the caller does before it walks, too, while the others do already."""
        if tape.small or not self.helpers:
            tape.rewind()
            self.stopped = False
            self.states[0][PHASE // 8], self.states[0][END // 8] = tape.first, tape.end
            meanwhile()
            self.walk(self.states[0])
            return
        with Undisturbed() as quiet:
            if os.getpid() != self.process:
                self.begin()
            while len(self.go) < self.helpers and not self.closed:
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
                quiet.end()
                meanwhile()
                self.walk(self.states[0])
            except BaseException:    # Ctrl-C, normally; whoever handles it may rely on nobody working any more
                quiet.begin()
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
        """One more thread, or one fewer to wish for: the others take the units meant for it."""
        go, left = _thread.allocate_lock(), _thread.allocate_lock()
        go.acquire()

        def serve() -> None:
            while go.acquire() and not self.closed:
                self.walk(state)
                left.release()

        try:
            _thread.start_new_thread(serve, ())
        except (RuntimeError, OSError, MemoryError) as error:
            self.helpers = len(self.go)
            self.notes.append(f"{self.helpers + 1} of {self.jobs} threads: the system allows no more ({error})")
        else:
            self.go.append(go)
            self.left.append(left)

    def close(self) -> None:
        """End the threads; one that came late may still be looking at memory that is about to be freed."""
        with Undisturbed():
            if os.getpid() != self.process:
                self.begin()
            for left in self.left:
                left.acquire()
            self.closed = True    # only now: a thread that comes late to the last tape must not take it for that
            for go in self.go:
                go.release()
            self.go, self.left = [], []
