"""The kernels: functions that write the machine code of one step each, as simd/__init__.py explains.

    convolution     matrix products over windows, depthwise ones, the copying of weights
    winograd        3x3 to 5x5 convolutions with fewer multiplications
    layers          pools, normalisation, softmax
    maps            number by number, from map to map; pools of any window
    pictures        into the network and out of it, steps along a gradient, other sizes
    planes          distortions, optical flow
    jpeg png gif    the slow steps of these formats

Each is kernel(asm, constants ...), and says which arguments the code takes: addresses and numbers that are known only
when it runs. Counts are 1 at least, as loops end where a register has counted down to 0: whoever calls sees to it.
None asks how large anything is; what it may read or write behind the end, its docstring says.
"""
