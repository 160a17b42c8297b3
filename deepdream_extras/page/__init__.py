"""`deepdream page`: a page in the browser, served from this machine to itself, on which a photograph is dreamed live.

    deepdream page                  prints the page's address and opens it
    deepdream page photo.jpg        with this photograph on it

The page is one document, page.html with page.css and page.js in it; it loads nothing else. server.py is HTTP and who
may speak it; studio.py does the work, all of it in the main thread, one piece after the other; zoom.py is the endless
dream; controls.py turns settings into a command line. docs/page.md describes the API.

It keeps nothing: what is dropped on the page and what comes of it are in memory, until it ends or newer things need
the room.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import deepdream

from .server import Server
from .studio import Studio


def run(options: SimpleNamespace) -> int:
    studio = Studio(options)
    server = Server(studio, options.listen or "127.0.0.1", options.port)
    tell = deepdream.teller(options)
    if not server.alone():
        tell(f"listening at {options.listen}: whoever on your network knows the page's address can use it, and what is "
             "sent can be read on the way; without --listen only this machine can")
    try:
        studio.begin()
        serving = thread(server.serve_forever, 0.2)
        try:
            begin(serving)
            deepdream.answer(server.address())
            tell("the page is at that address, for this machine alone; Ctrl-C ends it" if server.alone() else
                 "the page is at that address; Ctrl-C ends it")
            if not options.no_open:
                begin(thread(open_browser, server.address(), tell))
            studio.run()
        finally:
            if serving.ident is not None:
                server.shutdown()       # waits for its thread, which may not have come that far yet
    finally:
        studio.close()
        server.server_close()
    return 0


def thread(function: Callable[..., object], *arguments: Any) -> threading.Thread:
    return threading.Thread(target=function, args=arguments, daemon=True)


def begin(thread: threading.Thread) -> None:
    """Start a thread that Ctrl-C leaves alone, as do threads that it begins; Ctrl-C is seen when it has started.

    A signal goes to any thread that does not block it, and Python then interrupts the main thread all the same, even
    while that blocks it. Engines do so where an interruption would leave them waiting for ever.
    """
    block = hasattr(signal, "pthread_sigmask")
    before = deepdream.hold_interrupts() if block else set()
    try:
        thread.start()
    finally:
        if block:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


IN_TERMINALS = "www-browser", "links", "elinks", "lynx", "w3m"      # these would take the terminal that we run in


def open_browser(address: str, tell) -> None:
    import webbrowser
    try:
        browser = webbrowser.get()
        if getattr(browser, "name", "") not in IN_TERMINALS and browser.open(address):
            return
    except (webbrowser.Error, OSError):
        pass
    tell("no browser could be opened; open the address in one")
