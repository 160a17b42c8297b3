"""A headless Chromium for tests, driven by its DevTools protocol over a small WebSocket client.

    with Browser() as browser:
        page = browser.open("http://127.0.0.1:8000/")
        page.run("document.title")

Sources: chromedevtools.github.io/devtools-protocol; RFC 6455 for the WebSocket.
"""
import base64
import contextlib
import json
import os
import signal
import socket
import struct
import subprocess
import tempfile
import time
import urllib.request

PROGRAM = os.environ.get("DEEPDREAM_BROWSER")       # chromium or what is like it; not one that happens to be there
STARTING = 240.0                # seconds, and for an answer, of a machine that does much else


GONE = "target navigated", "xecution context", "context with specified id", "Promise was collected"


class Navigated(RuntimeError):
    """The document that was asked is there no longer."""


class Browser:
    """The program, with a profile of its own that is removed at the end."""

    def __init__(self, *options: str) -> None:
        self.folder = tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True)
        self.process = subprocess.Popen(
            [PROGRAM, "--headless=new", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync", "--mute-audio",
             "--remote-debugging-port=0", f"--user-data-dir={self.folder.name}", *options, "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, start_new_session=True)
        self.pages: list[Page] = []
        until = time.monotonic() + STARTING
        told = os.path.join(self.folder.name, "DevToolsActivePort")
        while True:
            with contextlib.suppress(OSError, IndexError, ValueError), open(told) as file:
                self.port = int(file.read().splitlines()[0])
                break
            if time.monotonic() > until or self.process.poll() is not None:
                self.close()
                raise RuntimeError("chromium did not start")
            time.sleep(0.1)

    def open(self, address: str, width: int = 1280, height: int = 860, **look) -> "Page":
        """A new tab. look: phone=True, dark=True."""
        request = urllib.request.Request(f"http://127.0.0.1:{self.port}/json/new?about:blank", method="PUT")
        with urllib.request.urlopen(request, timeout=STARTING) as answer:
            page = Page(json.load(answer)["webSocketDebuggerUrl"])
        self.pages.append(page)
        page.look(width, height, **look)
        page.call("Page.enable")
        page.call("Page.bringToFront")
        page.call("Runtime.enable")
        page.call("Log.enable")
        page.call("Page.navigate", url=address)
        return page

    def close(self) -> None:
        for page in self.pages:
            page.socket.close()
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)      # the session that was started above
        self.process.wait()
        self.folder.cleanup()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()


class Page:
    """One tab."""

    def __init__(self, address: str) -> None:
        host, _, path = address.removeprefix("ws://").partition("/")
        name, _, port = host.partition(":")
        self.socket = socket.create_connection((name, int(port)), timeout=STARTING)
        self.stream = self.socket.makefile("rb")
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(f"GET /{path} HTTP/1.1\r\nHost: {host}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
                            f"Sec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
        while self.stream.readline().strip():
            pass
        self.number = 0
        self.problems: list[str] = []           # exceptions of scripts, what the browser refused

    def close(self) -> None:
        """Close the tab."""
        with contextlib.suppress(RuntimeError, OSError, TypeError, ValueError):
            self.call("Page.close")
        self.socket.close()

    def send(self, text: str) -> None:
        data, mask = text.encode(), os.urandom(4)
        length = (bytes([0x80 | len(data)]) if len(data) < 126 else
                  b"\xfe" + struct.pack(">H", len(data)) if len(data) < 65536 else
                  b"\xff" + struct.pack(">Q", len(data)))
        repeated = (mask * (len(data) // 4 + 1))[:len(data)]
        masked = (int.from_bytes(data, "big") ^ int.from_bytes(repeated, "big")).to_bytes(len(data), "big")
        self.socket.sendall(b"\x81" + length + mask + masked)

    def receive(self) -> dict:
        data = b""
        while True:
            first, second = self.stream.read(2)
            length = second & 127
            if length > 125:
                length = int.from_bytes(self.stream.read(2 if length == 126 else 8), "big")
            data += self.stream.read(length)
            if first & 0x80:
                if first & 15 == 1 or first & 15 == 0:
                    return json.loads(data)
                data = b""

    def call(self, method: str, **parameters):
        self.number += 1
        self.send(json.dumps({"id": self.number, "method": method, "params": parameters}))
        while True:
            message = self.receive()
            if message.get("method") == "Runtime.exceptionThrown":
                self.problems.append(str(message["params"]["exceptionDetails"])[:500])
            if message.get("method") == "Log.entryAdded" and message["params"]["entry"]["level"] == "error":
                self.problems.append(message["params"]["entry"]["text"])
            if message.get("id") == self.number:
                if "error" in message:
                    text = f"{method}: {message['error']}"
                    raise Navigated(text) if any(map(text.__contains__, GONE)) else RuntimeError(text)
                return message["result"]

    def look(self, width: int, height: int, phone: bool = False, dark: bool = False) -> None:
        self.call("Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=2 if phone else 1,
                  mobile=phone)
        if phone:
            self.call("Emulation.setTouchEmulationEnabled", enabled=True)
        self.call("Emulation.setEmulatedMedia",
                  features=[{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}])

    def run(self, script: str):
        """The value of a script, awaited."""
        found = self.call("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True,
                          userGesture=True)
        if "exceptionDetails" in found:
            raise RuntimeError(f"{script}: {str(found['exceptionDetails'])[:400]}")
        return found["result"].get("value")

    def wait(self, script: str, timeout: float = STARTING):
        """The value of a script as soon as that is true."""
        until = time.monotonic() + timeout
        while True:
            with contextlib.suppress(Navigated):        # another one comes
                if found := self.run(f"Boolean({script}) && ({script})"):
                    return found
            if time.monotonic() > until:
                raise AssertionError(f"not within {timeout} s: {script}; {self.problems}")
            time.sleep(0.05)

    def press(self, key: str) -> None:
        text = {"text": key} if len(key) == 1 else {}
        self.call("Input.dispatchKeyEvent", type="keyDown", key=key, **text)
        self.call("Input.dispatchKeyEvent", type="keyUp", key=key)

    def drag(self, *points: tuple[float, float]) -> None:
        """The mouse pressed at the first point, moved, and let go at the last."""
        for number, (x, y) in enumerate(points):
            self.call("Input.dispatchMouseEvent", type="mouseMoved" if number else "mousePressed", x=x, y=y,
                      button="left", buttons=1, clickCount=1)
        self.call("Input.dispatchMouseEvent", type="mouseReleased", x=points[-1][0], y=points[-1][1], button="left",
                  clickCount=1)

    def drop(self, path: str, x: float, y: float) -> None:
        """A file of this machine, dropped on the page."""
        data = {"items": [], "files": [path], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            self.call("Input.dispatchDragEvent", type=kind, x=x, y=y, data=data)

    def screenshot(self, path: str) -> None:
        found = self.call("Page.captureScreenshot", format="png")
        with open(path, "wb") as file:
            file.write(base64.b64decode(found["data"]))
