"""`deepdream download`, against a local server with the bad habits of real ones; the choice of the model.

    python3 -m unittest discover -s test -p test_download.py
"""

import contextlib
import errno
import hashlib
import http.server
import io
import os
import pathlib
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import unittest
import unittest.mock

from helpers import LONG, ROOT, wait_until

import deepdream
from deepdream import DeepDreamError
from deepdream_extras import download

WEIGHTS = bytes(range(256)) * 1200    # 307 kB: several network blocks
FILES = {"labels.txt": b"tench, Tinca tinca\n", "test/prob": b"\0\0\x80\x3f" * 10, "InceptionV1.pb": WEIGHTS}


def blob(content):
    return hashlib.sha1(b"blob %d\0%s" % (len(content), content)).hexdigest()


TABLE = {name: (blob(content), 400_000) for name, content in FILES.items()}


class Handler(http.server.BaseHTTPRequestHandler):
    """Serves FILES; `server.habits` maps a name to the functions that answer its next requests instead."""

    def do_GET(self):
        self.name = self.path.removeprefix("/base/")
        self.server.requests.append((self.name, self.headers.get("Range")))
        habits = self.server.habits.get(self.name)
        try:
            (habits.pop(0) if habits else serve)(self)
        except (BrokenPipeError, ConnectionResetError):
            pass

    def reply(self, status, body=b"", **headers):
        self.send_response(status)
        headers.setdefault("Content_Length", str(len(body)))
        for key, value in headers.items():
            if value is not None:
                self.send_header(key.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args):
        pass


def serve(handler, content=None):
    """A good server: whole file, or the rest from the Range wish on, or 416."""
    content = FILES.get(handler.name) if content is None else content
    if content is None:
        return handler.reply(404)
    wish = handler.headers.get("Range")
    if not wish:
        return handler.reply(200, content)
    start = int(wish.removeprefix("bytes=").removesuffix("-"))
    if start >= len(content):
        return handler.reply(416, Content_Range=f"bytes */{len(content)}")
    span = f"bytes {start}-{len(content) - 1}/{len(content)}"
    return handler.reply(206, content[start:], Content_Range=span)


def serve_whole(handler):
    handler.reply(200, FILES[handler.name])


def serve_corrupt(handler):
    serve(handler, FILES[handler.name][:-1] + b"?")


def truncated(count):
    """Promise the whole rest of the file, send `count` bytes of it, hang up."""
    def answer(handler):
        content = FILES[handler.name]
        wish = handler.headers.get("Range")
        start = int(wish.removeprefix("bytes=").removesuffix("-")) if wish else 0
        headers = {"Content_Range": f"bytes {start}-{len(content) - 1}/{len(content)}"} if wish else {}
        handler.reply(206 if wish else 200, content[start:start + count],
                      Content_Length=str(len(content) - start), **headers)
        handler.close_connection = True
    return answer


def reset(handler):
    """Half of the file, then the connection is torn down hard."""
    truncated(len(FILES[handler.name]) // 2)(handler)
    handler.wfile.flush()
    wait_until(lambda: handler.server.part.exists() and handler.server.part.stat().st_size)     # or the reset may
    # overtake all of it
    handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    handler.connection.close()


def hang_up(handler):
    handler.close_connection = True


def wrong_place(handler):
    handler.reply(206, WEIGHTS[7:], Content_Range=f"bytes 7-{len(WEIGHTS) - 1}/{len(WEIGHTS)}")


def unsized(handler):
    handler.reply(200, FILES[handler.name], Content_Length=None)


def endless(handler):
    handler.reply(200, Content_Length=None)
    while True:
        handler.wfile.write(WEIGHTS)


def status(code):
    return lambda handler: handler.reply(code, b"no")


def redirect(target):
    return lambda handler: handler.reply(302, Location=target)


class DownloadTest(unittest.TestCase):
    def setUp(self):
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.server.habits, self.server.requests, self.server.part = {}, [], None
        thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))
        thread.start()
        self.addCleanup(thread.join)
        self.addCleanup(self.server.server_close)
        self.addCleanup(self.server.shutdown)
        self.base = f"http://127.0.0.1:{self.server.server_port}/base"

        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name, "deep", "dream")
        self.server.part = self.part
        no_proxy = {name: "" for name in os.environ if name.lower().endswith("_proxy")}
        for patch in (unittest.mock.patch.object(download, "ORIGINAL_FILES", TABLE),
                      unittest.mock.patch.object(download, "RETRY_WAITS", (0, 0)),
                      unittest.mock.patch.object(download, "NETWORK_TIMEOUT", LONG),
                      unittest.mock.patch.dict(os.environ, {**no_proxy, "DEEPDREAM_BASE_URL": ""})):
            patch.start()
            self.addCleanup(patch.stop)

    def habits(self, *answers, name="InceptionV1.pb"):
        self.server.habits[name] = list(answers)

    def ranges(self, name="InceptionV1.pb"):
        """The Range headers of the requests for a file, in order."""
        return [wish for asked, wish in self.server.requests if asked == name]

    def partial(self, content):
        self.folder.mkdir(parents=True)
        self.part.write_bytes(content)

    @property
    def part(self):
        return self.folder / "InceptionV1.pb.part"

    def download(self, **options):
        stream = io.StringIO()
        options = {"base_url": self.base, "folder": str(self.folder), "stream": stream, **options}
        self.assertEqual(download.download(**options), str(self.folder))
        self.assertWhole()
        return stream.getvalue()

    def assertWhole(self):
        there = {path.relative_to(self.folder).as_posix(): path.read_bytes()
                 for path in self.folder.rglob("*") if path.is_file()}
        self.assertEqual(there, FILES)

    def assertFails(self, *words, weights_part=None, **options):
        """The download ends in one line with these words; of the weights only `weights_part` is there."""
        options = {"base_url": self.base, "folder": str(self.folder), "stream": io.StringIO(), **options}
        with self.assertRaises(DeepDreamError) as caught:
            download.download(**options)
        message = str(caught.exception)
        for word in words:
            self.assertIn(word, message)
        self.assertTrue(message.isprintable(), message)
        self.assertFalse((self.folder / "InceptionV1.pb").exists())
        self.assertEqual(self.part.read_bytes() if self.part.exists() else None, weights_part)
        return message

    def test_good_files(self):
        said = self.download().splitlines()
        self.assertEqual([line.split(":")[0] for line in said], list(FILES))    # one line a file, no progress
        self.assertEqual([name for name, _ in self.server.requests], list(FILES))

    def test_right_files_are_kept(self):
        self.download()
        self.server.requests.clear()
        self.assertIn("already there", self.download())
        self.assertEqual(self.server.requests, [])

    def test_changed_file_is_fetched_again(self):
        self.download()
        (self.folder / "labels.txt").write_bytes(b"something else")
        self.server.requests.clear()
        self.download()
        self.assertEqual(self.server.requests, [("labels.txt", None)])

    def test_broken_connection_is_resumed(self):
        for broken in (truncated(1000), reset):
            with self.subTest(broken=broken.__name__):
                self.empty_folder()
                self.habits(broken)
                self.assertIn("trying again", self.download())
                first, second = self.ranges()
                self.assertIsNone(first)
                self.assertRegex(second, r"^bytes=[1-9]\d*-$")

    def empty_folder(self):
        self.server.requests.clear()
        for path in sorted(self.folder.rglob("*"), reverse=True):
            path.rmdir() if path.is_dir() else path.unlink()

    def test_connection_that_keeps_breaking(self):
        self.habits(*[truncated(10)] * 9)
        self.assertFails("broke after 30 of", "by hand", "InceptionV1.pb", str(self.folder),
                         weights_part=WEIGHTS[:30])
        self.assertEqual(self.ranges(), [None, "bytes=10-", "bytes=20-"])
        self.habits()
        self.download()
        self.assertEqual(self.ranges()[-1], "bytes=30-")

    def test_hang_up_without_answer(self):
        self.habits(hang_up)
        self.download()
        self.assertEqual(self.ranges(), [None, None])

    def test_silent_server_times_out(self):
        for seconds in 1, 8, 64:            # in which a server comes so far as to send something, on a busy machine
            asked_again = threading.Event()

            def silent(handler, asked_again=asked_again):
                truncated(1000)(handler)
                handler.wfile.flush()
                download.NETWORK_TIMEOUT = LONG         # of what is asked after that
                asked_again.wait(LONG)

            def again(handler, asked_again=asked_again):
                asked_again.set()
                serve(handler)
            self.empty_folder()
            self.habits(silent, again)
            with unittest.mock.patch.object(download, "NETWORK_TIMEOUT", seconds), contextlib.suppress(DeepDreamError):
                download.download(self.base, str(self.folder), io.StringIO())
            asked_again.set()
            if self.ranges() == [None, "bytes=1000-"]:
                break
        self.assertEqual(self.ranges(), [None, "bytes=1000-"])
        self.assertWhole()

    def test_partial_file_is_resumed(self):
        self.partial(WEIGHTS[:100_000])
        self.download()
        self.assertEqual(self.ranges(), ["bytes=100000-"])

    def test_wrong_partial_file_is_thrown_away_once(self):
        self.partial(b"x" * 500)
        self.assertIn("fetching the whole file", self.download())
        self.assertEqual(self.ranges(), ["bytes=500-", None])

    def test_wrong_partial_file_and_corrupt_server(self):
        self.partial(b"x" * 500)
        self.habits(serve, serve_corrupt, serve_corrupt)
        self.assertFails("wrong bytes")
        self.assertEqual(self.ranges(), ["bytes=500-", None])

    def test_corrupt_server_that_keeps_breaking(self):
        self.habits(truncated(1000), serve_corrupt, truncated(1000), serve_corrupt)
        self.assertFails("wrong bytes")
        self.assertEqual(self.ranges(), [None, "bytes=1000-"] * 2)

    def test_complete_partial_file(self):
        self.partial(WEIGHTS)
        self.download()
        self.assertEqual(self.ranges(), [f"bytes={len(WEIGHTS)}-"])    # answered by 416

    def test_too_long_partial_file(self):
        self.partial(WEIGHTS + b"more")
        self.download()
        self.assertEqual(self.ranges(), [f"bytes={len(WEIGHTS) + 4}-", None])

    def test_server_without_range(self):
        self.partial(b"x" * 500)
        self.habits(serve_whole)
        self.download()
        self.assertEqual(self.ranges(), ["bytes=500-"])

    def test_server_sends_another_part(self):
        self.partial(WEIGHTS[:500])
        self.habits(wrong_place)
        self.assertIn("another part", self.download())
        self.assertEqual(self.ranges(), ["bytes=500-", None])

    def test_body_of_unknown_size(self):
        self.habits(unsized)
        self.download()

    def test_corrupt_file(self):
        self.habits(serve_corrupt)
        self.assertFails("wrong bytes", blob(WEIGHTS), f"{self.base}/InceptionV1.pb")
        self.assertEqual(self.ranges(), [None])

    def test_truncated_file_of_unknown_size(self):
        self.habits(lambda handler: handler.reply(200, WEIGHTS[:999], Content_Length=None))
        self.assertFails("wrong bytes came (999,")

    def test_endless_body(self):
        self.habits(endless)
        self.assertFails("more than 400000 bytes")

    def test_too_large_body_is_not_begun(self):
        self.habits(lambda handler: handler.reply(200, b"x", Content_Length="400001"))
        self.assertFails("400001 bytes offered")

    def test_missing_file(self):
        self.habits(status(404))
        self.assertFails("404 (Not Found)", f"{self.base}/InceptionV1.pb")
        self.assertEqual(self.ranges(), [None])    # asking again would not help

    def test_odd_status(self):
        self.habits(status(799), status(799), status(799))
        self.assertFails("the server answered 799;")

    def test_troubled_server(self):
        self.habits(status(500), status(429))
        self.download()
        self.assertEqual(len(self.ranges()), 3)

    def test_troubled_server_for_good(self):
        self.habits(*[status(503)] * 9)
        self.assertFails("503 (Service Unavailable)")
        self.assertEqual(len(self.ranges()), 3)

    def test_answer_that_is_not_http(self):
        def gibberish(handler):
            handler.wfile.write(b"\x1b[31m hello\r\n\r\n")
            handler.close_connection = True
        self.habits(gibberish)
        self.assertFails("not a proper address or answer")

    def test_redirect(self):
        self.partial(WEIGHTS[:1000])
        self.habits(redirect(f"{self.base}/elsewhere"))
        self.server.habits["elsewhere"] = [lambda handler: (setattr(handler, "name", "InceptionV1.pb"),
                                                            serve(handler))]
        self.download()
        self.assertEqual(self.ranges("elsewhere"), ["bytes=1000-"])

    def test_redirect_in_a_circle(self):
        self.habits(*[redirect(f"{self.base}/InceptionV1.pb")] * 20)
        self.assertFails("302 (Found)")

    def test_redirect_to_a_local_file(self):
        self.habits(redirect(f"file://{__file__}"))
        self.assertFails("302 (Found)")

    def test_unreachable_port(self):
        with socket.socket() as closed:
            closed.bind(("127.0.0.1", 0))    # bound, but nobody listens
            base = f"http://127.0.0.1:{closed.getsockname()[1]}"
            with unittest.mock.patch.object(download, "RETRY_WAITS", (60,)), \
                    unittest.mock.patch.object(download.time, "sleep", side_effect=AssertionError("it waits")):
                self.assertFails("cannot be reached", ", ".join(FILES), base_url=base)
        self.assertFalse(self.folder.parent.exists())       # nothing came, nothing stays

    def test_folders_that_were_there_stay(self):
        self.folder.mkdir(parents=True)
        self.assertFails("cannot be reached", base_url="http://127.0.0.1:9")
        self.assertEqual(list(self.folder.iterdir()), [])
        (self.folder / "mine").write_bytes(b"")
        self.assertFails("cannot be reached", base_url="http://127.0.0.1:9")
        self.assertEqual([path.name for path in self.folder.iterdir()], ["mine"])

    def test_nothing_of_a_first_file_leaves_nothing(self):
        def nothing(handler):
            handler.send_response(200)
            handler.send_header("Content-Length", "99")
            handler.end_headers()
            handler.close_connection = True
        self.habits(*[nothing] * 9, name=list(FILES)[0])
        self.assertFails("the connection broke after 0 of 99 bytes")
        self.assertFalse(self.folder.parent.exists())

    def test_addresses_that_are_none(self):
        for base in ("ftp://127.0.0.1/", "file:///tmp", "/tmp", "http:/", "http://", "http://127.0.0.1:port",
                     "http://[::1", "http://127.0.0.1/a b", "http://127.0.0.1/\u00e9",
                     "http://127.0.0.1/\x1b", "http://..", f"http://{'x' * 70}.invalid"):
            with self.subTest(base=base), self.assertRaises(DeepDreamError):
                download.download(base_url=base, folder=str(self.folder), stream=io.StringIO())

    def test_base_url_from_the_environment(self):
        with unittest.mock.patch.dict(os.environ, {"DEEPDREAM_BASE_URL": self.base + "/"}):
            self.download(base_url=None)

    def test_proxy_from_the_environment(self):
        """The local server plays the proxy for an address that does not exist."""
        asked = []

        def proxy(handler):
            asked.append(handler.path)
            handler.name = handler.path.removeprefix("http://nowhere.invalid/base/")
            serve(handler)
        for name in FILES:
            self.server.habits[f"http://nowhere.invalid/base/{name}"] = [proxy]
        address = f"http://127.0.0.1:{self.server.server_port}"
        with unittest.mock.patch.dict(os.environ, {"http_proxy": address, "no_proxy": ""}):
            self.download(base_url="http://nowhere.invalid/base")
        self.assertEqual(asked, [f"http://nowhere.invalid/base/{name}" for name in FILES])

    def test_no_proxy_is_respected(self):
        nobody = "http://127.0.0.1:9"
        with unittest.mock.patch.dict(os.environ, {"http_proxy": nobody, "no_proxy": "127.0.0.1"}):
            self.download()
        with unittest.mock.patch.dict(os.environ, {"http_proxy": nobody, "no_proxy": ""}):
            shutil.rmtree(self.folder)
            self.assertFails("cannot be reached")

    def test_unwritable_folder(self):
        self.folder.parent.mkdir()
        self.folder.write_bytes(b"a file where the folder should be")
        with self.assertRaisesRegex(DeepDreamError, "cannot be written"):
            download.download(self.base, str(self.folder), io.StringIO())

    def test_full_disk(self):
        class Full(io.BytesIO):
            def write(self, _):
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        def open_full(path, mode="r", *rest):
            return Full() if mode == "wb" else open(path, mode, *rest)
        with unittest.mock.patch.object(download, "open", open_full, create=True):
            self.assertFails(str(self.folder), "No space left")

    @unittest.skipIf(sys.platform == "win32", "folders cannot be locked there, and need not be")
    def test_second_download_at_the_same_time(self):
        import fcntl
        self.folder.mkdir(parents=True)
        descriptor = os.open(self.folder, os.O_RDONLY)
        self.addCleanup(os.close, descriptor)
        fcntl.flock(descriptor, fcntl.LOCK_EX)
        self.assertFails("another download")

    @unittest.skipIf(sys.platform == "win32", "no SIGINT to a child there")
    def test_ctrl_c_keeps_the_part(self):
        release = threading.Event()
        self.addCleanup(release.set)

        def stall(handler):
            truncated(1000)(handler)
            handler.wfile.flush()
            release.wait(LONG)
        self.habits(stall)
        program = (f"from deepdream_extras import download; download.ORIGINAL_FILES = {TABLE!r}\n"
                   "progress = download._transfer\n"
                   "def tell(*about):\n    print(*about, flush=True)\n    return progress(*about)\n"
                   "download._transfer = tell\n"
                   f"download.download({self.base!r}, {str(self.folder)!r})")
        child = subprocess.Popen([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE,
                                 stderr=subprocess.PIPE, text=True)
        for line in child.stdout:
            if line.startswith(f"InceptionV1.pb 1000 {len(WEIGHTS)} "):     # that much has come and is written
                break
        child.send_signal(signal.SIGINT)
        said = child.communicate(timeout=LONG)[1]
        self.assertEqual(child.returncode, -signal.SIGINT, said)    # passed on; the command line makes it 130
        self.assertIn("KeyboardInterrupt: what has come is kept", said)
        release.set()
        self.assertEqual(self.part.read_bytes(), WEIGHTS[:1000])
        self.download()
        self.assertEqual(self.ranges(), [None, "bytes=1000-"])


class TableTest(unittest.TestCase):
    def test_hash_is_gits(self):
        self.assertEqual(download.git_blob_sha1(os.devnull), "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391")

    def test_form_of_every_entry(self):
        self.assertRegex(download.ORIGINAL_URL, r"^https://[\w./]+/[0-9a-f]{40}$")
        self.assertEqual(list(download.ORIGINAL_FILES)[-1], "InceptionV1.pb")
        for name, (sha1, largest) in download.ORIGINAL_FILES.items():
            self.assertRegex(sha1, r"^[0-9a-f]{40}$")
            self.assertGreaterEqual(largest, 1_000_000, name)


class ProgressTest(unittest.TestCase):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    def line(self, term="xterm"):
        with unittest.mock.patch.dict(os.environ, {"TERM": term}):
            return deepdream.StatusLine(self.Terminal())

    def test_live_line_is_erased_before_a_message(self):
        line = self.line()
        line.show("12345")
        line.say("done")
        self.assertEqual(line.stream.getvalue(), "\r12345\r     \rdone\n")

    def test_shorter_text_leaves_nothing(self):
        line = self.line()
        line.show("12345")
        line.next_time = 0
        line.show("12")
        self.assertEqual(line.stream.getvalue(), "\r12345\r12   ")

    def test_at_most_ten_a_second(self):
        line = self.line()
        for at, shown in ((5.0, 1), (5.05, 1), (5.11, 2), (5.2, 2), (5.22, 3)):
            with unittest.mock.patch.object(deepdream.time, "monotonic", lambda at=at: at):
                line.show("x")
            self.assertEqual(line.stream.getvalue().count("\r"), shown, at)

    def test_one_row_only(self):
        line = self.line()
        line.show("x" * 500)
        self.assertEqual(line.stream.getvalue(), "\r" + "x" * 79)

    def test_no_live_line_on_a_dumb_terminal_or_in_a_file(self):
        for line in (self.line("dumb"), deepdream.StatusLine(io.StringIO())):
            line.show("x")
            line.say("done")
            self.assertEqual(line.stream.getvalue(), "done\n")

    def test_closed_stream(self):
        line = deepdream.StatusLine(io.StringIO())
        line.stream.close()
        line.say("nobody hears this")
        line.say("nor this")

    def test_transfer_text(self):
        self.assertEqual(download._transfer("w", 14_000_000, 28_000_000, 7_000_000, 3.5),
                         "w:  50% of 28.0 MB, 2.00 MB/s, 7 s left")
        self.assertEqual(download._transfer("w", 1_500_000, None, 1_500_000, 1), "w: 1.5 MB, 1.50 MB/s")
        self.assertEqual([deepdream.duration(seconds) for seconds in (0, 59.4, 125, 4800)],
                         ["0 s", "59 s", "2 min 05 s", "1 h 20 min"])


class ModelChoiceTest(unittest.TestCase):
    def setUp(self):
        temporary = tempfile.TemporaryDirectory()
        self.addCleanup(temporary.cleanup)
        self.folder = pathlib.Path(temporary.name, "deepdream")
        self.original = self.folder / "InceptionV1.pb"
        for patch in (unittest.mock.patch.object(deepdream, "data_file", "shipped/".__add__, create=True),
                      unittest.mock.patch.object(deepdream, "data_folder", lambda: str(self.folder)),
                      unittest.mock.patch.dict(os.environ, {"DEEPDREAM_MODEL": ""})):
            patch.start()
            self.addCleanup(patch.stop)

    def chosen(self, wish=None, environment=""):
        with unittest.mock.patch.dict(os.environ, {"DEEPDREAM_MODEL": environment}):
            return deepdream.choose_model(wish)

    def put_original(self):
        self.folder.mkdir()
        self.original.write_bytes(b"weights")

    def test_order(self):
        shipped, original, other = "shipped/InceptionV1.pb", str(self.original), __file__
        self.assertEqual(self.chosen()[0], shipped)
        self.put_original()
        for wish, environment, path in (
                (None, "", original), ("drawn", "", shipped), ("imagenet", "", original), (other, "", other),
                (None, "drawn", shipped), (None, "imagenet", original), (None, other, other),
                (other, "drawn", other), ("drawn", "imagenet", shipped)):
            with self.subTest(wish=wish, environment=environment):
                found, reason = self.chosen(wish, environment)
                self.assertEqual(found, path)
                self.assertEqual("--model" in reason, wish is not None)
                self.assertEqual("$DEEPDREAM_MODEL" in reason, wish is None and environment != "")

    def test_not_downloaded(self):
        for wish, environment, source in (("imagenet", "", "--model"), (None, "imagenet", "DEEPDREAM_MODEL")):
            with self.assertRaisesRegex(DeepDreamError, f"{source}.*deepdream download"):
                self.chosen(wish, environment)

    def test_no_such_file(self):
        with self.assertRaisesRegex(DeepDreamError, "nothing.pb: no such file; --model takes"):
            self.chosen("nothing.pb")

    def test_reference_files_lie_beside_the_model(self):
        self.assertEqual(deepdream.reference_files(os.path.join("a", "InceptionV1.pb")),
                         (os.path.join("a", "cat_dog224.bmp"), os.path.join("a", "test")))
        self.assertEqual(deepdream.reference_files("InceptionV1.pb"), ("cat_dog224.bmp", "test"))


class DataFolderTest(unittest.TestCase):
    def folder(self, platform, **environment):
        environment = {"HOME": "/home/ada", "USERPROFILE": "/home/ada", **environment}
        with unittest.mock.patch.object(sys, "platform", platform), \
                unittest.mock.patch.dict(os.environ, environment):
            return pathlib.PurePath(deepdream.data_folder()).as_posix()

    def test_customs(self):
        for platform, environment, folder in (
                ("linux", {"XDG_DATA_HOME": "/data"}, "/data/deepdream"),
                ("linux", {"XDG_DATA_HOME": ""}, "/home/ada/.local/share/deepdream"),
                ("linux", {"XDG_DATA_HOME": "relative"}, "/home/ada/.local/share/deepdream"),
                ("freebsd14", {"XDG_DATA_HOME": ""}, "/home/ada/.local/share/deepdream"),
                ("darwin", {"XDG_DATA_HOME": "/data"}, "/home/ada/Library/Application Support/deepdream"),
                ("win32", {"LOCALAPPDATA": "/local"}, "/local/deepdream"),
                ("win32", {"LOCALAPPDATA": ""}, "/home/ada/AppData/Local/deepdream")):
            with self.subTest(platform=platform, environment=environment):
                self.assertEqual(self.folder(platform, **environment), folder)

    def test_no_home(self):
        with unittest.mock.patch.object(download, "data_folder", lambda: "~/.local/share/deepdream"), \
                self.assertRaisesRegex(DeepDreamError, "no home folder"):
            download.download("http://127.0.0.1:9", stream=io.StringIO())


class StartTest(unittest.TestCase):
    def test_nothing_of_the_network_is_imported_at_start(self):
        program = "import sys, deepdream; print(*{'urllib.request', 'http.client', 'ssl'} & {*sys.modules})"
        done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, stdout=subprocess.PIPE, check=True)
        self.assertEqual(done.stdout.strip(), b"")


if __name__ == "__main__":
    unittest.main()
