#!/usr/bin/env python3
"""The most multiply-adds this processor can do: what any convolution is measured against.

    python3 benchmarks/peak.py

Machine code by our own assembler: independent chains of multiply-adds on vector registers, no memory touched, one
copy a thread. The number is 10^9 floating-point operations a second, two to a multiply-add; the best of many short
runs, since everything but the processor itself can only make it smaller.
"""

from __future__ import annotations

import time
from typing import Any

import timing

ROUNDS = 100_000
RUNS = 100


def multiply_add_chains(asm: Any, chains: int, rounds: int) -> None:
    """A kernel: `rounds` times one multiply-add on each of `chains` registers."""
    counter, = asm.pointers(1)
    a, b = asm.vectors - 1, asm.vectors - 2
    for register in (*range(chains), a, b):
        asm.v_constant(register, 0.5)
    with asm.repeat(counter, rounds):
        for register in range(chains):
            asm.v_fma(register, a, b)
    asm.leave()


def peak(threads: int) -> float:
    """GFLOP/s of all multiply-add units of `threads` processors together; raises what simd raises where it cannot."""
    from deepdream_extras import simd
    from deepdream_extras.simd import tape as tapes
    name, reason = simd.probe()
    if reason:
        raise simd.Refused(reason)
    tape, operations = tape_of_chains(name, threads, ROUNDS)
    workers = tapes.Threads(name, threads)
    best = min(run(workers, tape) for _ in range(RUNS))
    workers.close()
    return operations / best / 1e9


def tape_of_chains(name: str, threads: int, rounds: int) -> tuple[Any, int]:
    """The chains of so many threads as a tape, and how many floating-point operations it does."""
    from deepdream_extras import simd
    from deepdream_extras.simd import tape as tapes
    asm = simd.BACKENDS[name]
    chains = asm.vectors * 3 // 4    # more than the 4 cycles of one times two a cycle; the rest holds what they add
    tape = tapes.Tape(name, threads)
    kernel = (name, multiply_add_chains, chains, rounds)
    tape.add([tapes.Unit(kernel, [], thread / threads) for thread in range(threads)], [], [])
    return tape.finish(), 2 * asm.V * chains * rounds * threads


def run(workers: Any, tape: Any) -> float:
    start = time.perf_counter()
    workers.run(tape)
    return time.perf_counter() - start


def main() -> None:
    for threads in sorted({1, timing.processors()}):
        print(f"{threads} threads: {peak(threads):.1f} GFLOP/s")


if __name__ == "__main__":
    main()
