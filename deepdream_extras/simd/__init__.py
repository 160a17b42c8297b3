"""The layers of the network as machine code that Python writes at run time: the fast engine of deepdream.

    >>> engine = SimdEngine(inception_graph.OPERATIONS, model.weights, 224, 224, jobs=2)

has the methods of deepdream.PythonEngine and several hundred times its speed, with nothing installed. It needs a 64-bit
x86 processor with AVX2, FMA and BMI2 (any since 2013 or so), better with AVX-512, or a 64-bit ARM processor (aarch64,
with NEON), and a system that is in systems.SYSTEMS; unavailable() says what is missing. `python3 deepdream.py --engine
simd ...` insists on it; DEEPDREAM_JIT=0 in the environment forbids it, DEEPDREAM_JIT=avx2 takes that instruction set
and no better one.
It leaves out training: no gradients of weights. What layers it knows, and what of them it does not, stands in
planning.LAYERS; SimdEngine.cannot(operations, weights) says it of a network.

What machine code is. A processor executes bytes: `c4 e2 7d b8 d9` multiplies the eight floats in vector register 0
by the eight in register 1 and adds the products to register 3. A compiler turns text into such bytes; here Python
functions do, one for each kind of layer. They are called kernels, and read like this:

    with asm.repeat(k, loops):           the bytes for "k = loops", then the body, then "k -= 1, and again if not 0"
        asm.v_load(w, weights)           the bytes for "vector register w = the floats at the address in `weights`"
        asm.v_fma(sum, x, w)             the bytes for "sum += x * w"

When such a function runs nothing is computed yet: each call appends a few bytes to asm.code. All the `for` and `if` of
Python are gone in what comes out; sizes, strides and paddings of one layer have become constants in it. Then mmap
gives memory, the bytes are put there, the memory is made executable, and ctypes calls it as if it were a C function.

The instructions are the methods of Assembler (assembler.py), which say what each does; how they look in memory know
Avx2 and Avx512 (x86.py) for the two kinds of x86 processors, and Neon (arm.py). Kernels (kernels/) are written once for
all of them: a vector is asm.V floats, numbers at the end of a row that do not fill one are its tail.

Where the speed comes from. 95% of the work is convolutions, and a convolution is a matrix product in disguise: see
`convolution`. It keeps 20 to 28 vectors of sums in registers, so that a multiply-add hardly ever waits for memory.
A core can do two of them per clock cycle, 16 floats each; 85 to 90% of that is reached in the 3x3 layers. The rest is
in the order of things: weights copied once into the order of their use (`pack...`) and used in parts that the
first-level cache holds, tensors with a border of zeros so that no kernel asks where the picture ends, the parts of a
concatenation written where they belong, ReLU and its gradient done in passing, and a whole pass over the network as
one call per thread (tape.py).

Beyond that only fewer multiplications help: 3x3 and 5x5 convolutions of stride 1, and the gradient of the first layer,
are done in another way that takes 0.3 to 0.6 of the time and rounds a little differently (winograd.py says which,
kernels/winograd.py how). SimdEngine(..., exact=True) does all by their definition.

The same language serves the picture formats (formats/bytework.py), whose slow steps are in kernels/, from Huffman codes
to the colours of GIF, and what happens between the frames of animations (planework.py).

Why it is safe. Memory is first written and then made executable, never both at a time (systems.py, which has what
Linux, macOS and Windows do differently). Kernels touch only memory that the engine planned for them, at addresses fixed
when the plan was made. Nothing is used before the processor says that it has it (cpuid) and that the system saves its
registers (xgetbv), and another process has compared a small network of every kind of layer with PythonEngine
(trial.py; verdict.py keeps what it found). Where that fails or the system forbids such things, deepdream goes on with
PythonEngine.

Names: h w c height, width, channels; kh kw ci co kernel height, kernel width, channels in and out; x a layer's input,
y its output, dx and dy their gradients; V floats per vector. Distances are in bytes unless they say otherwise.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .engine import SimdEngine
    from .memory import BACKENDS, instruction_sets
    from .systems import Refused
    from .verdict import probe, unavailable

__all__ = ["BACKENDS", "Refused", "SimdEngine", "instruction_sets", "probe", "unavailable"]
HOMES = {"SimdEngine": "engine", "BACKENDS": "memory", "instruction_sets": "memory", "Refused": "systems",
         "probe": "verdict", "unavailable": "verdict"}


def __getattr__(name: str) -> Any:
    """Each when it is first asked for: the probe shall not load what it tries in another process first."""
    if name not in HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib
    return getattr(importlib.import_module(f".{HOMES[name]}", __name__), name)
