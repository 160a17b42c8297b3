"""The installed command `deepdream`: what `python3 deepdream.py` does before its first import, and then the same."""

import _signal as signal  # the part of it that needs no imports itself


def main() -> None:
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, signal.SIG_DFL)        # while modules are loaded, die of Ctrl-C without a word
    import deepdream
    deepdream.run()
