"""HTTP for the page: who may ask, how much, and where the answers come from.

Every address begins with a random token. Beside it the Host header has to be an address of this machine (a name that
somebody else made point here is refused: DNS rebinding), and Origin and Sec-Fetch-Site, where a browser sends them, our
own page's. Bodies have a length that is checked before they are read; connections, and bodies read at a time, are few.
"""

from __future__ import annotations

import base64
import contextlib
import hashlib
import hmac
import http.server
import ipaddress
import json
import os
import secrets
import select
import socket
import threading
import time
from collections.abc import Callable
from typing import Any, NamedTuple
from urllib.parse import parse_qs, quote, urlsplit

from deepdream import DeepDreamError, UsageError

from .studio import Busy, Studio

LARGEST_BODY = 64 * 2 ** 20     # of a picture; 12 megapixels are some 5 MB as JPEG, 36 MB as BMP
LARGEST_ORDER = 2 ** 16         # of JSON
MOST_CONNECTIONS, MOST_LISTENERS = 64, 16
HEARTBEAT = 15.0                # seconds between signs of life on an event stream
PATIENCE = 20.0                 # seconds for a request to arrive
HERE = os.path.dirname(os.path.abspath(__file__))


class Refusal(Exception):
    """A status and a line that says why."""


class Route(NamedTuple):
    method: str
    name: str
    function: Callable[[Handler, dict[str, str]], None]


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False
    request_queue_size = 64
    allow_reuse_address = os.name == "posix"    # elsewhere that would share a port with other programs

    def __init__(self, studio: Studio, listen: str, port: int) -> None:
        self.studio, self.listen = studio, listen
        self.token = secrets.token_urlsafe(18)
        self.page, self.policy = document()
        self.places = threading.BoundedSemaphore(MOST_CONNECTIONS)
        self.uploading = threading.Lock()
        try:
            found = socket.getaddrinfo(listen, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
            self.address_family = found[0][0]
            super().__init__(found[0][4][:2], Handler)      # type: ignore[arg-type]
        except (OSError, UnicodeError, OverflowError) as error:
            at = f"{listen}, port {port}" if port else listen
            raise DeepDreamError(f"{at}: the page cannot be served there ({getattr(error, 'strerror', None) or error});"
                                 " choose another --port, or an address of this machine") from None

    def server_bind(self) -> None:
        # without HTTPServer's look at the name of this machine, which can take seconds
        super(http.server.HTTPServer, self).server_bind()
        self.server_name, self.server_port = self.listen, self.server_address[1]

    def address(self) -> str:
        host = self.listen
        if host in ("0.0.0.0", "::"):
            host = own_address(self.address_family) or "127.0.0.1"
        host = f"[{host}]" if ":" in host else host
        return f"http://{host}:{self.server_port}/{self.token}/"

    def alone(self) -> bool:
        """Whether only this machine can reach it."""
        return ipaddress.ip_address(str(self.server_address[0])).is_loopback

    def may_be(self, host: str) -> bool:
        """Whether a Host header can be of somebody who has our address from us."""
        try:
            parts = urlsplit(f"//{host}")
            name, port = parts.hostname or "", parts.port or 80
        except ValueError:
            return False
        if port != self.server_port or parts.username is not None:
            return False
        if name in ("localhost", self.listen.lower()):
            return True
        try:
            address = ipaddress.ip_address(name)
        except ValueError:
            return False
        return address.is_loopback or not self.alone()

    def process_request(self, request, client_address) -> None:
        if not self.places.acquire(blocking=False):
            self.shutdown_request(request)
            return
        try:
            super().process_request(request, client_address)
        except BaseException:           # no thread was to be had, which would have given the place back
            self.places.release()
            raise

    def process_request_thread(self, request, client_address) -> None:
        try:
            super().process_request_thread(request, client_address)
        finally:
            self.places.release()

    def handle_error(self, request, client_address) -> None:
        """Somebody hung up, or spoke nonsense: no concern of the user's."""


def own_address(family: int) -> str:
    """The address under which other machines reach this one. Nothing is sent."""
    with contextlib.suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect(("2001:db8::1" if family == socket.AF_INET6 else "192.0.2.1", 9))
        return probe.getsockname()[0]
    return ""


def document() -> tuple[bytes, str]:
    """The page as one document, and the content-security policy that allows it, and nothing else, to run."""
    def read(name: str) -> str:
        try:
            with open(os.path.join(HERE, name), encoding="utf-8") as file:
                return file.read()
        except OSError:
            raise DeepDreamError(f"deepdream_extras/page/{name} is missing; take it from the project again") from None

    def digest(text: str) -> str:
        return "'sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode() + "'"

    style, script = read("page.css"), read("page.js")
    page = read("page.html").replace("{{style}}", style).replace("{{script}}", script)
    policy = (f"default-src 'none'; script-src {digest(script)}; style-src {digest(style)}; img-src 'self' blob: data:;"
              " connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'")
    return page.encode(), policy


# ---- Requests --------------------------------------------------------------------------------------------------------

class Handler(http.server.BaseHTTPRequestHandler):
    server: Server
    timeout = PATIENCE
    server_version, sys_version = "deepdream", ""

    def log_message(self, format: str, *args: Any) -> None:
        pass

    def do_GET(self) -> None:
        self.respond("GET")

    def do_POST(self) -> None:
        self.respond("POST")

    def respond(self, method: str) -> None:
        try:
            name, query = self.admitted()
            for route in ROUTES:
                if route.name == name and route.method == method:
                    route.function(self, query)
                    return
            there = any(route.name == name for route in ROUTES)
            raise Refusal(405 if there else 404, "no such address" if not there else f"{method} is not for this")
        except Refusal as refusal:
            self.give_json({"error": refusal.args[1]}, refusal.args[0])
        except Busy as busy:
            self.give_json({"error": str(busy)}, 503)
        except (DeepDreamError, UsageError, ValueError) as error:
            self.give_json({"error": str(error)}, 400)
        except MemoryError:
            self.give_json({"error": "out of memory; use a smaller picture"}, 400)
        except OSError:         # they hung up
            self.close_connection = True

    def admitted(self) -> tuple[str, dict[str, str]]:
        """(what is asked for, the query), if whoever asks may; nothing is said to others but that they may not."""
        try:
            parts = urlsplit(self.path)
            query = {name: values[-1] for name, values in parse_qs(parts.query, max_num_fields=20).items()}
        except ValueError:
            raise Refusal(400, "not an address") from None
        token, _, name = parts.path.lstrip("/").partition("/")
        headers, host = self.headers, self.headers.get_all("Host", [])
        if not hmac.compare_digest(token.encode("utf-8", "replace"), self.server.token.encode()):
            raise Refusal(403, "expected the whole address that deepdream page printed")
        if len(host) != 1 or not self.server.may_be(host[0]):
            raise Refusal(403, "this name is not one of this machine's")
        if any(origin != f"http://{host[0]}" for origin in headers.get_all("Origin", [])):
            raise Refusal(403, "this is not for other pages")
        if headers.get("Sec-Fetch-Site", "none") not in ("same-origin", "none"):
            raise Refusal(403, "this is not for other pages")
        return name, query

    def body(self, most: int) -> bytes:
        """The request's body; a Refusal before anything is read if it is too long or does not say how long it is."""
        lengths = self.headers.get_all("Content-Length", [])
        if self.headers.get("Transfer-Encoding") or len(lengths) != 1:
            raise Refusal(411, "expected a body with Content-Length")
        if not lengths[0].isascii() or not lengths[0].isdecimal():
            raise Refusal(400, "Content-Length is no number")
        if len(lengths[0]) > 12 or int(lengths[0]) > most:
            raise Refusal(413, f"{lengths[0][:12]} bytes; expected {most} at most")
        length, chunks = int(lengths[0]), []
        while length:
            chunk = self.rfile.read(min(length, 2 ** 16))
            if not chunk:
                raise Refusal(400, "the body is shorter than Content-Length")
            length -= len(chunk)
            chunks.append(chunk)
        return b"".join(chunks)

    def order(self) -> dict[str, Any]:
        """A body of JSON."""
        try:
            found = json.loads(self.body(LARGEST_ORDER))
        except (ValueError, RecursionError):
            raise Refusal(400, "expected JSON") from None
        if not isinstance(found, dict):
            raise Refusal(400, "expected a JSON object")
        return found

    def picture(self) -> bytes:
        """A body that is a picture; one at a time, since they are large."""
        if not self.server.uploading.acquire(timeout=PATIENCE):
            raise Refusal(503, "another picture is being sent; try again")
        try:
            return self.body(LARGEST_BODY)
        finally:
            self.server.uploading.release()

    # Answers

    def give(self, body: bytes, kind: str, status: int = 200, **headers: str) -> None:
        self.begin(kind, status, Content_Length=str(len(body)), **headers)
        if self.command != "HEAD":
            self.wfile.write(body)
        if status == 413:
            self.drain()

    def begin(self, kind: str, status: int = 200, **headers: str) -> None:
        self.send_response(status)
        for name, value in {
                "Content-Type": kind, "Cache-Control": "no-store", "Content-Security-Policy": self.server.policy,
                "X-Content-Type-Options": "nosniff", "X-Frame-Options": "DENY", "Referrer-Policy": "no-referrer",
                "Cross-Origin-Resource-Policy": "same-origin", "Cross-Origin-Opener-Policy": "same-origin",
                **{name.replace("_", "-"): value for name, value in headers.items()}}.items():
            self.send_header(name, value)
        self.end_headers()

    def drain(self) -> None:
        """Let a body that is not wanted arrive for a while: closing at once would make the browser miss the answer."""
        with contextlib.suppress(OSError):
            self.connection.shutdown(socket.SHUT_WR)
            until = time.monotonic() + PATIENCE
            while time.monotonic() < until and self.connection.recv(2 ** 16):
                pass

    def give_json(self, what: Any, status: int = 200) -> None:
        with contextlib.suppress(OSError):
            self.give(json.dumps(what).encode(), "application/json", status)

    def give_file(self, data: bytes, kind: str, name: str) -> None:
        """A file to be saved."""
        self.give(data, kind, Content_Disposition=f"attachment; filename*=UTF-8''{quote(name)}")

    def send_error(self, code, message=None, explain=None) -> None:
        """What http.server itself refuses: the request was no HTTP."""
        self.close_connection = True
        if not hasattr(self, "command"):
            self.command = ""
        if getattr(self, "request_version", "HTTP/0.9") == "HTTP/0.9":
            self.request_version = "HTTP/1.0"
        self.give_json({"error": message or "not a request"}, code)

    def gone(self) -> bool:
        """Whether the other side has hung up."""
        try:
            readable, _, _ = select.select([self.connection], [], [], 0)
            return bool(readable) and not self.connection.recv(1, socket.MSG_PEEK)
        except (OSError, ValueError):
            return True


# ---- Routes ----------------------------------------------------------------------------------------------------------
# What docs/page.md describes. What needs the network or pictures is done by the main thread: `ask` waits for it.

def get_page(handler: Handler, query: dict[str, str]) -> None:
    handler.give(handler.server.page, "text/html; charset=utf-8")


def get_about(handler: Handler, query: dict[str, str]) -> None:
    handler.give_json(handler.server.studio.ask("about"))


def get_events(handler: Handler, query: dict[str, str]) -> None:
    """Server-sent events, until the page is left."""
    studio = handler.server.studio
    listener = studio.listen(MOST_LISTENERS)
    if listener is None:
        raise Refusal(503, "too many pages are open")
    try:
        handler.begin("text/event-stream")
        handler.wfile.write(b"retry: 1000\n\n")
        spoke = time.monotonic()
        while not handler.gone():
            found = listener.next(1.0)
            if found is None and studio.ended:
                break
            if found is not None:
                kind, data = found
                handler.wfile.write(f"event: {kind}\ndata: {data}\n\n".encode())
                spoke = time.monotonic()
            elif time.monotonic() - spoke > HEARTBEAT:
                handler.wfile.write(b":\n\n")
                spoke = time.monotonic()
    finally:
        studio.leave(listener)


def get_picture(handler: Handler, query: dict[str, str]) -> None:
    """A result as a file (format png or jpg, number: of the result), or without a number what is to be seen now."""
    data, kind, name = handler.server.studio.ask("picture", query.get("number", ""), query.get("format", "jpg"))
    if query.get("number") and "view" not in query:
        handler.give_file(data, kind, name)
    else:
        handler.give(data, kind)


def get_original(handler: Handler, query: dict[str, str]) -> None:
    handler.give(handler.server.studio.view, "image/jpeg")


def get_recording(handler: Handler, query: dict[str, str]) -> None:
    handler.give_file(*handler.server.studio.ask("recording"))


def get_file(handler: Handler, query: dict[str, str]) -> None:
    """The photograph, guide or mask, as it was sent."""
    held = handler.server.studio.ask("file", query.get("of", ""))
    handler.give_file(held.data, "application/octet-stream", str(held))


def post_file(handler: Handler, query: dict[str, str]) -> None:
    data = handler.picture()
    handler.give_json(handler.server.studio.ask("take", query.get("as", ""), query.get("name", ""), data))


def post_command(handler: Handler, query: dict[str, str]) -> None:
    handler.give_json(handler.server.studio.command(handler.order()))


def asking(what: str) -> Callable[[Handler, dict[str, str]], None]:
    """A route whose body of JSON is for the studio's method of that name."""
    def function(handler: Handler, query: dict[str, str]) -> None:
        handler.give_json(handler.server.studio.ask(what, handler.order()))
    return function


ROUTES = (
    Route("GET", "", get_page),
    Route("GET", "about", get_about),
    Route("GET", "events", get_events),
    Route("GET", "picture", get_picture),
    Route("GET", "original", get_original),
    Route("GET", "recording", get_recording),
    Route("GET", "file", get_file),
    Route("POST", "file", post_file),
    Route("POST", "command", post_command),
    Route("POST", "start", asking("start")),
    Route("POST", "zoom", asking("zoom")),
    Route("POST", "steer", asking("steer")),
    Route("POST", "record", asking("record")),
    Route("POST", "pause", asking("pause")),
    Route("POST", "go", asking("go")),
    Route("POST", "step", asking("step")),
    Route("POST", "stop", asking("stop")),
)
