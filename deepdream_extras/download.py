"""`deepdream download`: fetch what the 2021 program brought along.

The shipped network has only seen drawings. The weights of the 2021 program, trained on photographs, lie in its public
repository; they are fetched from one commit of it and checked by the names git itself gave their contents there: SHA-1
of "blob SIZE", a zero byte and the content. Nothing is kept under its final name before that check.
"""

from __future__ import annotations

import contextlib
import hashlib
import http
import http.client
import os
import time
import urllib.error
import urllib.request

from deepdream import DeepDreamError, StatusLine, answer, data_folder, duration

ORIGINAL_URL = ("https://raw.githubusercontent.com/znah/deepdream_c/"
                "bf33318e1a615f36c2d8d01745f3818a0ff3070e")
MEGABYTE = 1_000_000
ORIGINAL_FILES = {    # name: git blob SHA-1, a size surely too large. The weights last: then all is there.
    "ImageNet_standard.txt": ("a509c007481d301e524e7b3c97561132dbfcc765", 1 * MEGABYTE),
    "cat_dog224.bmp": ("fb6c8fc3776b1d3b55b3eddb7222b8e7962c7f41", 1 * MEGABYTE),
    "test/prob": ("e278b20fe30a5eb5c94f013beedb560e7535f39f", 1 * MEGABYTE),
    "test/inception_4a_output": ("94d8779e7ee66459bf1a5cf48c62f4fef03bf7ab", 4 * MEGABYTE),
    "test/grad_inception_4a_output": ("9cc919ffdb1a3d031d12a0c15419766df29804f0", 4 * MEGABYTE),
    "test/grad_data": ("463f184cccd960bc8c5219cb5ba8f8c102f31afb", 4 * MEGABYTE),
    "InceptionV1.pb": ("a48d95ce4423862271e5472897a1352c7daa5488", 100 * MEGABYTE),
}
RETRY_WAITS = (1, 2, 4, 8)    # seconds before each further try of a file whose transfer broke
NETWORK_TIMEOUT = 30          # seconds without a single byte


def download(base_url: str | None = None, folder: str | None = None, stream=None) -> str:
    """Fetch the original ImageNet weights, their labels, picture and reference tensors; returns the folder.

    The files come from `base_url` (or $DEEPDREAM_BASE_URL, else the original repository) and go to `folder`
    (else data_folder()). Files that are there and right are kept, a NAME.part is continued. Progress goes to
    `stream` (else stderr). DeepDreamError says what stopped it; Ctrl-C leaves NAME.part and passes through.
    """
    base_url = (base_url or os.environ.get("DEEPDREAM_BASE_URL") or ORIGINAL_URL).rstrip("/")
    if not base_url.lower().startswith(("http://", "https://")):
        raise DeepDreamError(f"{base_url}: not a web address; --base-url takes http://... or https://...")
    folder = folder or data_folder()
    if not os.path.isabs(folder) and folder.startswith("~"):
        raise DeepDreamError(f"{folder}: no home folder is known; set $HOME (or $XDG_DATA_HOME)")
    opener = urllib.request.build_opener()    # with the proxies of the environment as they are now
    status = StatusLine(stream)
    missing = list(ORIGINAL_FILES)
    absent = _absent(os.path.join(folder, "test"))
    lock = None
    try:
        os.makedirs(folder, exist_ok=True)
        lock = _lock_folder(folder)
        for name in ORIGINAL_FILES:
            _provide(name, base_url, folder, opener, status)
            missing.remove(name)
    except KeyboardInterrupt as interrupt:
        status.clear()
        interrupt.args = ("what has come is kept, the next `deepdream download` goes on from there",)
        raise
    except _TransferError as error:
        status.clear()
        raise DeepDreamError(f"{base_url}/{missing[0]}: {error}; run `deepdream download` again later, or "
                             f"fetch {', '.join(missing)} by hand and put them in {folder}") from None
    except OSError as error:
        status.clear()
        raise DeepDreamError(f"{error.filename or folder}: cannot be written ({_reason(error)}); "
                             "make room there or make it writable") from None
    finally:
        if lock is not None:
            os.close(lock)
        for name in missing[:1]:
            part = os.path.join(folder, *name.split("/")) + ".part"
            with contextlib.suppress(OSError):
                if not os.path.getsize(part):
                    os.remove(part)
        for path in absent:         # where nothing came, nothing stays
            with contextlib.suppress(OSError):
                os.rmdir(path)
    return folder


def _absent(folder: str) -> list[str]:
    """The folder and those that it is in, the innermost first, as far as they are not there."""
    found = []
    while folder and not os.path.exists(folder):
        found.append(folder)
        folder = os.path.dirname(folder)
    return found


class _TransferError(Exception):
    """What came instead of the file; `again`: another try may mend it."""

    def __init__(self, what: str, again: bool = False):
        super().__init__(what)
        self.again = again


def _lock_folder(folder: str) -> int | None:
    """Keep a second download out of `folder` until the descriptor returned here is closed.

    Windows needs none: there a file that somebody has open can be neither replaced nor removed.
    """
    try:
        import fcntl
    except ImportError:
        return None
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        raise DeepDreamError(f"{folder}: another download is at work there; wait for it or end it") from None
    except OSError:
        pass    # some network file systems cannot lock a folder; then the user must not start two
    return descriptor


def _provide(name: str, base_url: str, folder: str, opener, status: StatusLine) -> None:
    """See to it that `folder`/`name` is there with the right bytes."""
    path = os.path.join(folder, *name.split("/"))
    os.makedirs(os.path.dirname(path), exist_ok=True)
    if os.path.isfile(path):
        if git_blob_sha1(path) == ORIGINAL_FILES[name][0]:
            status.say(f"{name}: already there")
            return
        status.say(f"{name}: the file there is not the original; fetching it")
    began = time.monotonic()
    _fetch(name, f"{base_url}/{name}", path, opener, status)
    status.say(f"{name}: {os.path.getsize(path) / MEGABYTE:.1f} MB in {duration(time.monotonic() - began)}")


def git_blob_sha1(path: str) -> str:
    """The name git gives to the content of a file."""
    digest = hashlib.sha1(b"blob %d\0" % os.path.getsize(path), usedforsecurity=False)
    with open(path, "rb") as file:
        while block := file.read(MEGABYTE):
            digest.update(block)
    return digest.hexdigest()


def _fetch(name: str, url: str, path: str, opener, status: StatusLine) -> None:
    """Fetch `url` to `path` by way of `path`.part, in spite of broken connections and of a wrong .part."""
    sha1, largest = ORIGINAL_FILES[name]
    part = path + ".part"
    waits = list(RETRY_WAITS)
    may_restart = True
    while True:
        try:
            offset = _receive(name, url, part, largest, opener, status)
        except _TransferError as error:
            if not error.again or not waits:
                raise
            wait = waits.pop(0)
            status.say(f"{name}: {error}; trying again in {wait} s")
            time.sleep(wait)
            continue
        found, size = git_blob_sha1(part), os.path.getsize(part)
        if found == sha1:
            os.replace(part, path)
            return
        os.remove(part)
        if offset == 0 or not may_restart:
            raise _TransferError(f"wrong bytes came ({size}, git blob SHA-1 {found}, expected {sha1})")
        may_restart = False
        status.say(f"{name}: the part kept from an earlier time does not fit; fetching the whole file")


def _receive(name: str, url: str, part: str, largest: int, opener, status: StatusLine) -> int:
    """Append to `part` what it lacks of `url`; returns the size it was continued from, 0 if begun afresh.

    Servers may ignore the Range wish (200: begin afresh) or have nothing after that place (416: the caller's
    look at the hash decides). A body that is not known to be whole, or longer than `largest`, raises.
    """
    offset = os.path.getsize(part) if os.path.exists(part) else 0
    headers = {"User-Agent": "deepdream", "Accept-Encoding": "identity"}
    if offset:
        headers["Range"] = f"bytes={offset}-"
    try:
        response = opener.open(urllib.request.Request(url, headers=headers), timeout=NETWORK_TIMEOUT)
    except urllib.error.HTTPError as error:
        error.close()
        if error.code == 416 and offset:
            return offset
        raise _TransferError(f"the server answered {error.code}{_phrase(error.code)}",
                             again=error.code >= 500 or error.code in (408, 429)) from None
    except urllib.error.URLError as error:    # no connection; worth waiting for only if there was one before
        raise _TransferError(f"cannot be reached ({_reason(error.reason)})", again=offset > 0) from None
    except (OSError, http.client.RemoteDisconnected) as error:
        raise _TransferError(f"the connection broke ({_reason(error)})", again=True) from None
    except (http.client.HTTPException, ValueError) as error:
        raise _TransferError(f"not a proper address or answer ({_reason(error)})") from None

    with response:
        if response.status != 206:
            offset = 0
        elif not (response.headers.get("Content-Range") or "").startswith(f"bytes {offset}-"):
            os.remove(part)
            raise _TransferError("the server sent another part of the file than asked for", again=True)
        total = getattr(response, "length", None)    # None: the server does not say
        if total is not None:
            total += offset
        if (total or 0) > largest:
            raise _TransferError(f"{total} bytes offered, expected {largest} at most")
        began, size = time.monotonic(), offset
        with open(part, "ab" if offset else "wb") as file:
            while size != total:
                try:
                    block = response.read1(1 << 16)
                except (OSError, http.client.HTTPException) as error:
                    raise _TransferError(f"the connection broke after {size} bytes ({_reason(error)})",
                                         again=True) from None
                if not block:
                    break
                size += len(block)
                if size > largest:
                    break
                file.write(block)
                status.show(_transfer(name, size, total, size - offset, time.monotonic() - began))
    if size > largest:
        os.remove(part)
        raise _TransferError(f"more than {largest} bytes came, which cannot be the file")
    if total is not None and size < total:
        raise _TransferError(f"the connection broke after {size} of {total} bytes", again=True)
    return offset


def _phrase(code: int) -> str:
    """The standard's words for an HTTP status, in brackets; the server's own might hold anything."""
    try:
        return f" ({http.HTTPStatus(code).phrase})"
    except ValueError:
        return ""


def _reason(error: object) -> str:
    """An exception in a few printable words on one line."""
    text = " ".join((getattr(error, "strerror", None) or str(error) or type(error).__name__).split())
    return "".join(char if char.isprintable() else "?" for char in text)[:200]


def _transfer(name: str, size: int, total: int | None, fresh: int, seconds: float) -> str:
    """The line of progress: how much there is, how fast `fresh` bytes came in `seconds`, time left."""
    rate = fresh / max(seconds, 1e-3)
    speed = f"{size / MEGABYTE:.1f} MB, {rate / MEGABYTE:.2f} MB/s"
    if not total:
        return f"{name}: {speed}"
    return (f"{name}: {100 * size // total:3d}% of {total / MEGABYTE:.1f} MB, {rate / MEGABYTE:.2f} MB/s, "
            f"{duration((total - size) / max(rate, 1))} left")


def run(options) -> int:
    """The mode: what comes is told on stderr, the folder is the result."""
    with open(os.devnull, "w") as silence:
        folder = download(options.base_url, options.folder, silence if options.quiet else None)
    answer(folder)
    return 0
