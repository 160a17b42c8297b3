"""deepdream page over plain HTTP: who is let in, how much, and that what it makes is what the command line makes."""
import contextlib
import http.client
import json
import os
import random
import signal
import socket
import subprocess
import sys
import tempfile
import textwrap
import threading
import time
import unittest
import unittest.mock
import zlib
from urllib.parse import urlsplit

import test_weights
from helpers import ENVIRONMENT, LONG, PROGRAM, REFUSED, ROOT, needs_machine_code, wait_until

import deepdream
from deepdream_extras.page import controls
from deepdream_extras.page.server import Server
from deepdream_extras.page.studio import Studio

SHIPPED = str(ROOT / "cat_dog224.bmp")
QUICK = {"layer": "3a", "octaves": 2, "steps": 2, "size": 96}      # of a picture; the shipped one grows
SLOW = {"layer": "conv1_7x7_s2" if REFUSED else "4c", "steps": 100000, "octaves": 1, "tiles": "whole"}  # many minutes


class Program:
    """The program itself, in a process of its own."""
    PROGRAM = PROGRAM

    def __init__(self, *words: str) -> None:
        self.folder = tempfile.TemporaryDirectory()
        self.process = subprocess.Popen([*self.PROGRAM, "page", "--no-open", "-q", *words], stdout=subprocess.PIPE,
                                        stderr=subprocess.PIPE, text=True, env=ENVIRONMENT, cwd=self.folder.name)
        assert self.process.stdout
        self.address = self.process.stdout.readline().strip()
        if not self.address:
            raise RuntimeError(self.process.communicate()[1])
        parts = urlsplit(self.address)
        self.host, self.port, self.path = parts.hostname, parts.port, parts.path

    def connection(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self.host, self.port, timeout=LONG)

    def ask(self, method: str, path: str, body=None, absolute: bool = False, **headers: str):
        """(status, body) of an answer; of JSON the value."""
        with contextlib.closing(self.connection()) as connection:
            if isinstance(body, (dict, list)):
                body = json.dumps(body)
            connection.request(method, path if absolute else self.path + path, body,
                               {name.replace("_", "-"): value for name, value in headers.items()})
            answer = connection.getresponse()
            data = answer.read()
            self.headers = answer.headers
            return answer.status, json.loads(data) if "json" in answer.headers["Content-Type"] else data

    def raw(self, data: bytes) -> bytes:
        """What comes back for these bytes, as far as something does."""
        with socket.create_connection((self.host, self.port), timeout=LONG) as connection, \
                contextlib.suppress(OSError):
            connection.sendall(data)
            connection.shutdown(socket.SHUT_WR)
            return connection.recv(4096)
        return b""

    def close(self) -> None:
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        self.folder.cleanup()


class Events:
    """A page's events."""

    def __init__(self, program: Program) -> None:
        self.connection = program.connection()
        self.connection.request("GET", program.path + "events")
        self.answer = self.connection.getresponse()
        self.status = self.answer.status

    def next(self):
        kind = ""
        while line := self.answer.fp.readline().decode():
            if line.startswith("event: "):
                kind = line[7:].strip()
            elif line.startswith("data: "):
                return kind, json.loads(line[6:])
        raise AssertionError("the events have ended")

    def until(self, wanted: str, test=lambda data: True):
        while True:
            kind, data = self.next()
            if kind == "problem" and wanted != "problem":
                raise AssertionError(data)
            if kind == wanted and test(data):
                return data

    def close(self) -> None:
        self.answer.close()
        self.connection.close()


class PageTest(unittest.TestCase):
    """Tests that share one program."""
    program: Program

    @classmethod
    def setUpClass(cls):
        cls.program = Program()
        cls.addClassCleanup(cls.program.close)

    def ask(self, *words, status=200, **headers):
        found, data = self.program.ask(*words, **headers)
        self.assertEqual(found, status, data if isinstance(data, dict) else "")
        return data

    def listen(self) -> Events:
        events = Events(self.program)
        self.addCleanup(events.close)
        self.assertEqual(events.status, 200)
        return events


class Admission(PageTest):
    def test_the_page_is_one_document(self):
        page = self.ask("GET", "").decode()
        self.assertNotIn("{{", page)
        for word in ('src="', "@import", "http://", "https://", "url("):
            self.assertNotIn(word, page.replace("http://www.w3.org/2000/svg", "").replace("xmlns='http:", ""), word)
        policy = self.program.headers["Content-Security-Policy"]
        self.assertIn("default-src 'none'", policy)
        self.assertNotIn("unsafe", policy)
        self.assertEqual(self.program.headers["Referrer-Policy"], "no-referrer")

    def test_without_its_token_there_is_nothing(self):
        token = self.program.path.strip("/")
        for path in ("/", "/about", "/events", "/favicon.ico", f"/{token[:-1]}/", f"/{token}x/", f"/x/{token}/", "//",
                     f"/{token.upper()}/about", "/%00/", "/../../etc/passwd", f"/?{token}"):
            for method in ("GET", "POST"):
                status, answer = self.program.ask(method, path, b"{}", absolute=True)
                self.assertEqual((status, list(answer)), (403, ["error"]), path)

    def test_tokens_differ_and_are_long(self):
        self.assertGreaterEqual(len(self.program.path.strip("/")), 22)

    def test_names_that_are_not_ours_are_refused(self):
        port = self.program.port
        for host in (f"localhost:{port}", f"127.0.0.1:{port}"):
            self.ask("GET", "", Host=host)
        for host in (f"evil.example:{port}", "127.0.0.1", "127.0.0.1:1", f"127.0.0.1.evil.example:{port}", "",
                     f"192.168.0.1:{port}", f"localhost.:{port}", f"a@localhost:{port}", f"[::1:{port}", "localhost:x"):
            self.ask("GET", "", status=403, Host=host)

    def test_other_pages_are_refused(self):
        ours = f"http://127.0.0.1:{self.program.port}"
        self.ask("POST", "stop", {}, Origin=ours)
        for origin in ("http://evil.example", "null", f"http://localhost:{self.program.port}", "https" + ours[4:],
                       f"http://127.0.0.1:{self.program.port + 1}", ""):
            self.ask("POST", "stop", {}, status=403, Origin=origin)
            self.ask("GET", "about", status=403, Origin=origin)
        for site in ("cross-site", "same-site"):
            self.ask("GET", "", status=403, Sec_Fetch_Site=site)
        self.ask("GET", "", Sec_Fetch_Site="none")

    def test_other_methods_and_addresses(self):
        self.ask("GET", "nothing", status=404)
        self.ask("GET", "start", status=405)
        self.ask("POST", "about", {}, status=405)
        self.assertEqual(self.program.ask("PUT", "start", b"{}")[0], 501)

    def test_sizes_are_refused_before_they_are_read(self):
        path = self.program.path.encode()
        host = b"Host: 127.0.0.1:%d\r\n" % self.program.port
        for length, status in ((b"99999999999", b"413"), (b"9" * 500, b"413"), (b"-1", b"400"), (b"1e3", b"400"),
                               (b"\xb2", b"400"), (b"67108865", b"413")):
            answer = self.program.raw(b"POST %sfile?as=photograph HTTP/1.1\r\n%sContent-Length: %s\r\n\r\n"
                                      % (path, host, length))
            self.assertIn(status, answer.partition(b"\r\n")[0], length)
        answer = self.program.raw(b"POST %sstart HTTP/1.1\r\n%sTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
                                  % (path, host))
        self.assertIn(b"411", answer.partition(b"\r\n")[0])
        self.ask("POST", "start", b" " * 70000, status=413)
        huge = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + (16000).to_bytes(4, "big") * 2 + b"\x08\2\0\0\0"
        huge += zlib.crc32(huge[12:]).to_bytes(4, "big") + bytes(4) + b"IDAT" + zlib.crc32(b"IDAT").to_bytes(4, "big")
        self.assertIn("million", self.ask("POST", "file?as=photograph&name=a.png", huge,
                                           status=400)["error"])

    def test_a_body_that_is_not_wanted_may_come_late(self):
        request = (b"POST %sstart HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: 70000\r\n\r\n"
                   % (self.program.path.encode(), self.program.port))
        with socket.create_connection((self.program.host, self.program.port), timeout=LONG) as connection:
            connection.sendall(request)
            with connection.makefile("rb") as answer:
                self.assertIn(b" 413 ", answer.readline())
                answer.read()
            time.sleep(1.5)
            for _ in range(7):
                connection.sendall(bytes(10000))
                time.sleep(0.01)

    def test_a_thousand_malformed_requests(self):
        numbers = random.Random(1)
        path = self.program.path.encode()
        good = (b"POST " + path + b"start HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: 2\r\n\r\n{}"
                % self.program.port)
        threads = [threading.Thread(target=self.nonsense, args=(good, numbers.random(), 125)) for _ in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        until = time.monotonic() + LONG
        while True:
            with contextlib.suppress(OSError):      # all places may be taken by those that are just gone
                self.ask("POST", "stop", {})
                break
            self.assertIsNone(self.program.process.poll())
            self.assertLess(time.monotonic(), until)
            time.sleep(0.1)

    def nonsense(self, good: bytes, seed: float, count: int) -> None:
        numbers = random.Random(seed)
        for _ in range(count):
            data = bytearray(good)
            for _ in range(numbers.randint(1, 6)):
                at = numbers.randrange(len(data))
                way = numbers.randrange(4)
                if way == 0:
                    data[at] = numbers.randrange(256)
                elif way == 1:
                    del data[at:at + numbers.randint(1, 20)]
                elif way == 2:
                    data[at:at] = numbers.randbytes(numbers.randint(1, 40))
                else:
                    data = data[:at + 1]
                if not data:
                    break
            with contextlib.suppress(OSError), \
                    socket.create_connection((self.program.host, self.program.port), timeout=LONG) as connection:
                connection.sendall(data)
                connection.shutdown(socket.SHUT_WR)
                connection.recv(200)

    def test_settings_that_make_no_sense(self):
        for settings in ({"nothing": 1}, {"steps": 0}, {"steps": True}, {"steps": [1]}, {"layer": {"a": 1}}, [], "x", 7,
                         {"input": "/etc/passwd"}, {"output": "x"}, {"recipe": "x"}, {"model": "/etc/passwd"},
                         {"guide": "/etc/passwd"}, {"mask": True}, {"class": ["dogs"] * 17}, {"layer": "a" * 201},
                         {"class": "\n"}, {"preset": "none"}, {"layer": "nonsense"}, {"class": ["--output"]}):
            answer = self.ask("POST", "start", {"settings": settings}, status=400)
            self.assertNotIn("Traceback", answer["error"])
            self.assertNotIn("fault", answer["error"])
        for body in (b"", b"{", b"[]", b"\xff", b"[" * 60000):
            self.ask("POST", "start", body, status=400)

    def test_pictures_that_are_none(self):
        for data in (b"hello", b"", b"\xff\xd8\xff", b"\x89PNG", b"GIF89a" + bytes(20), b"P6 9999999 9999999 255\n"):
            self.ask("POST", "file?as=photograph&name=x.jpg", data, status=400)
        self.ask("POST", "file?as=nothing&name=x.jpg", b"abc", status=400)
        self.ask("GET", "picture?number=999&format=png", status=400)
        self.ask("GET", "picture?number=1&format=exe", status=400)
        self.ask("GET", "recording", status=400)
        self.ask("POST", "pause", {}, status=400)

    def test_what_there_is(self):
        about = self.ask("GET", "about")
        names = {control["name"] for control in about["controls"]}
        self.assertEqual(names, set(controls.offered()))
        self.assertLessEqual({"preset", "layer", "class", "strength", "octaves", "step_size", "seed", "guide"}, names)
        self.assertTrue(all(control["help"] for control in about["controls"]))
        self.assertIn("4c", [layer["short"] for layer in about["layers"]])


class Dreams(PageTest):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        with open(SHIPPED, "rb") as file:
            cls.picture = file.read()

    def command_line(self, command: str, *files: tuple[str, bytes]) -> None:
        """Carry out a command line that the page showed, in a folder that holds these files."""
        import shlex
        for name, data in files:
            with open(name, "wb") as file:
                file.write(data)
        words = shlex.split(command)
        self.assertEqual(words[:2], ["python3", "deepdream.py"])
        found = subprocess.run([*PROGRAM, *words[2:]], env=ENVIRONMENT, capture_output=True, text=True)
        self.assertEqual(found.returncode, 0, found.stderr)

    def in_folder(self) -> None:
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.addCleanup(os.chdir, os.getcwd())
        os.chdir(folder.name)

    @needs_machine_code
    def test_what_is_saved_is_what_the_command_line_makes(self):
        self.in_folder()
        events = self.listen()
        small = deepdream.encode_bmp(deepdream.shrink(deepdream.read_picture(SHIPPED), 120, 90))
        mask = deepdream.encode_bmp(deepdream.Picture(60, 45, bytearray(b"\0" * 30 + b"\xff" * 60 + b"\0" * 90) * 45))
        name = "mein Bild.bmp"
        self.ask("POST", "file?as=photograph&name=%2Fhome%2Fme%2Fmein%20Bild.bmp", small)
        self.ask("POST", "file?as=mask&name=where.bmp", mask)
        self.ask("POST", "file?as=guide&name=other.bmp", self.picture)
        for settings in (QUICK, {**QUICK, "preset": "smooth", "seed": 7}, {**QUICK, "preset": "c89"},
                         {**QUICK, "mask": True, "strength": 0.7},
                         {"guide": True, "steps": 1, "octaves": 1, "size": 64, "rule": "adam", "floats": True}):
            started = self.ask("POST", "start", {"settings": settings})
            number = events.until("done")["number"]
            result = events.until("work", lambda work: not work["kind"]) and self.results(number)
            for format in ("png", "jpg") if settings is QUICK else ("png",):
                saved = self.ask("GET", f"picture?number={number}&format={format}")
                self.assertIn("attachment", self.program.headers["Content-Disposition"])
                self.command_line(result["commands"][format], (name, small), ("where.bmp", mask),
                                  ("other.bmp", self.picture))
                with open(f"mein Bild_dream.{format}", "rb") as file:
                    self.assertEqual(saved, file.read(), settings)
            self.assertEqual(started["command"], result["commands"]["png"])

    def results(self, number: int):
        events = self.listen()
        found = events.until("results")
        events.close()
        return next(result for result in found if result["number"] == number)

    def test_pause_step_go_stop(self):
        events = self.listen()
        self.ask("POST", "file?as=photograph&name=a.bmp", deepdream.encode_bmp(deepdream.Picture(64, 64)))
        self.ask("POST", "start", {"settings": SLOW})
        self.assertTrue(self.ask("POST", "pause", {})["paused"])
        events.until("work", lambda work: work.get("paused"))
        self.ask("POST", "step", {})
        before = events.until("frame", lambda frame: frame["paused"])
        self.ask("POST", "step", {})
        after = events.until("frame", lambda frame: frame["paused"])
        self.assertEqual(after["step"], before["step"] + 1)
        self.assertTrue(self.ask("GET", "picture?format=png").startswith(b"\x89PNG"))
        self.assertFalse(self.ask("POST", "go", {})["paused"])
        self.ask("POST", "stop", {})
        kept = events.until("results", lambda results: results and not results[-1]["finished"])[-1]
        events.until("work", lambda work: not work["kind"])
        saved = self.ask("GET", f"picture?number={kept['number']}&format=png")      # what there was, but no recipe
        self.assertEqual(deepdream.resolve("formats.png:decode")(saved).comment, "")

    def test_two_pages_see_the_same_and_the_newest_dream_wins(self):
        one, other = self.listen(), self.listen()
        self.ask("POST", "file?as=photograph&name=a.bmp", deepdream.encode_bmp(deepdream.Picture(64, 64)))
        self.ask("POST", "start", {"settings": {**SLOW, "seed": 1}})
        self.ask("POST", "start", {"settings": {**SLOW, "seed": 2}})
        for events in (one, other):
            frame = events.until("frame", lambda frame: frame["settings"]["seed"] == 2)
            self.assertEqual(frame["kind"], "dream")
        late = self.listen()            # and who comes in the middle, or comes back
        self.assertEqual(late.until("photograph")["name"], "a.bmp")
        self.assertEqual(late.until("frame")["settings"]["seed"], 2)
        self.ask("POST", "stop", {})

    def test_a_page_that_is_left_stops_the_work(self):
        late = Events(self.program)
        self.ask("POST", "file?as=photograph&name=a.bmp", deepdream.encode_bmp(deepdream.Picture(64, 64)))
        self.ask("POST", "start", {"settings": SLOW})
        late.until("frame")
        for seconds in (8, 16, 32, 64, 128):            # that it has been left may be seen late on a busy machine
            late.close()
            time.sleep(seconds)
            late = Events(self.program)
            if paused := late.until("work")["paused"]:
                break
        self.addCleanup(late.close)
        self.assertTrue(paused)
        self.ask("POST", "go", {})
        late.until("frame", lambda frame: not frame["paused"])
        self.ask("POST", "stop", {})

    @needs_machine_code
    def test_zoom_is_steered_and_recorded(self):
        events = self.listen()
        self.ask("POST", "file?as=photograph&name=a.bmp", self.picture)
        self.ask("POST", "zoom", {"size": 128, "layers": ["3a"]})
        first = events.until("frame", lambda frame: frame["kind"] == "zoom")
        self.assertEqual((first["width"], first["height"], first["now"]), (128, 128, "3a"))
        self.ask("POST", "steer", {"layers": [], "classes": ["goldfish"], "turn": -20})
        events.until("frame", lambda frame: frame["now"] == "goldfish" and frame["amounts"]["turn"] == -20)
        for wrong in ({"zoom": 1e9}, {"zoom": "x"}, {"layers": "3a"}, {"layers": ["none"]}, {"classes": [1]}):
            self.ask("POST", "steer", wrong, status=400)
        for format, mark in (("gif", b"GIF89a"), ("png", b"\x89PNG")):
            self.ask("POST", "record", {"on": True, "format": format})
            events.until("frame", lambda frame: (frame["recording"] or 0) >= 2)
            self.ask("POST", "record", {"on": False})
            told = events.until("recording", lambda told: told["bytes"])
            data = self.ask("GET", "recording")
            self.assertEqual((data[:len(mark)], len(data)), (mark, told["bytes"]))
            frames = list(deepdream.resolve(f"formats.{format}:frames")(data))
            self.assertEqual(len(frames), told["frames"])
        self.ask("POST", "stop", {})


class OtherNetwork(unittest.TestCase):
    def test_a_network_of_another_kind(self):
        with tempfile.NamedTemporaryFile(suffix=".pb") as file:
            file.write(test_weights.OtherNetworks.RENAMED)
            file.flush()
            program = Program("--model", file.name, "-j", "1")
            self.addCleanup(program.close)
            status, about = program.ask("GET", "about")
            self.assertEqual(status, 200, about)
            events = Events(program)
            self.addCleanup(events.close)
            status, started = program.ask("POST", "start", {"settings": {"steps": 1, "octaves": 1, "size": 64}})
            self.assertEqual(status, 200, started)
            self.assertIn(f"--model {file.name} -j 1", started["command"])
            events.until("done")
            for preset in about["presets"]:
                status, answer = program.ask("POST", "start", {"settings": {
                    "preset": preset["name"], "size": 64, **({"class": ["0"]} if preset["wants"] == "class" else {})}})
                if preset["wants"] != "guide":
                    self.assertEqual(status, 200, answer)


class Ending(unittest.TestCase):
    def test_ctrl_c_ends_it_in_mid_dream(self):
        program = Program(SHIPPED)
        self.addCleanup(program.close)
        events = Events(program)
        self.addCleanup(events.close)
        program.ask("POST", "start", {"settings": {**SLOW, "size": 64}})
        events.until("frame")
        program.process.send_signal(signal.SIGINT)
        program.process.wait(LONG)          # this takes about a second
        self.assertIn(program.process.returncode, (130, -signal.SIGINT))
        self.assertEqual(os.listdir(program.folder.name), [])

    def test_a_port_that_is_taken(self):
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = str(taken.getsockname()[1])
            found = subprocess.run([*PROGRAM, "page", "--no-open", "--port", port], capture_output=True, text=True,
                                   env=ENVIRONMENT, timeout=LONG)
        self.assertEqual((found.returncode, found.stdout), (1, ""))
        self.assertIn("--port", found.stderr)

    def test_listening_to_others_is_said_and_needs_the_token_all_the_same(self):
        program = Program("--listen", "0.0.0.0")
        self.addCleanup(program.close)
        self.assertNotEqual(program.host, "0.0.0.0")
        self.assertEqual(program.ask("GET", "")[0], 200)
        port = program.port
        program.host = "127.0.0.1"
        for host, status in ((f"192.0.2.7:{port}", 200), (f"evil.example:{port}", 403), (f"0.0.0.0.:{port}", 403)):
            self.assertEqual(program.ask("GET", "", Host=host)[0], status, host)
        self.assertEqual(program.ask("GET", "/", absolute=True)[0], 403)

    def test_the_browser_is_opened_at_the_address(self):
        with tempfile.TemporaryDirectory() as folder:
            script, told = os.path.join(folder, "browser"), os.path.join(folder, "told")
            with open(script, "w") as file:
                file.write(f'#!/bin/sh\necho "$1" > {told}.new; mv {told}.new {told}\n')
            os.chmod(script, 0o755)
            process = subprocess.Popen([*PROGRAM, "page", "-q", "--listen", "127.0.0.1"], stdout=subprocess.PIPE,
                                       text=True, env={**ENVIRONMENT, "BROWSER": script + " %s"})
            self.addCleanup(process.communicate)
            self.addCleanup(process.kill)
            address = process.stdout.readline()
            wait_until(lambda: os.path.exists(told))
            with open(told) as file:
                self.assertEqual(file.read(), address)

    def test_a_photograph_that_is_not_there(self):
        found = subprocess.run([*PROGRAM, "page", "--no-open", "none.jpg"], capture_output=True, text=True,
                               env=ENVIRONMENT, timeout=LONG)
        self.assertEqual((found.returncode, found.stdout), (1, ""))
        self.assertRegex(found.stderr, r"\A[^\n]*none\.jpg: cannot be read[^\n]*\n\Z")

    def test_its_thread_begins_late(self):
        """The page ends before the thread that serves it has done anything, by Ctrl-C then or while it is begun."""
        for when in ("def run(self):\n    raise KeyboardInterrupt\nStudio.run = run\n",
                     "start = threading.Thread.start\ndef start_and_stop(self):\n"
                     "    name = getattr(self._target, '__name__', '')\n    start(self)\n"
                     "    if name == 'serve_late':\n        signal.raise_signal(signal.SIGINT)\n"
                     "threading.Thread.start = start_and_stop\n"):
            with self.subTest(when):
                self.begin_late(when)

    def begin_late(self, when):
        found = subprocess.run([sys.executable, "-c", textwrap.dedent("""\
            import signal, sys, threading, time
            sys.path.insert(0, sys.argv.pop(1))
            import deepdream
            from deepdream_extras.page.server import Server
            from deepdream_extras.page.studio import Studio
            serve, close = Server.serve_forever, Server.server_close
            def serve_late(*given):
                time.sleep(0.2)
                serve(*given)
            Server.serve_forever = serve_late
            Server.server_close = lambda self: (close(self), time.sleep(0.5))
            """) + when + textwrap.dedent("""\
            deepdream.run()
            """), str(ROOT), "page", "--no-open"], capture_output=True, text=True, env=ENVIRONMENT, timeout=LONG)
        self.assertIn(found.returncode, (130, -signal.SIGINT), found.stderr)
        self.assertNotIn("Traceback", found.stderr)


class Begun(unittest.TestCase):
    """A studio without a server."""

    def studio(self, *words):
        studio = Studio(deepdream.parse_command_line(["page", "-q", "-j", "1", *words]))
        self.addCleanup(studio.close)
        studio.begin()
        return studio

    def test_what_another_network_wants(self):
        words = ("--input-order", "RGB", "--input-mean", "1,2,3", "--input-scale", "0.5")
        studio = self.studio(*words)
        wanted = studio.network.model.input
        self.assertEqual((wanted.order, wanted.mean, wanted.scale), ("RGB", (1.0, 2.0, 3.0), 0.5))
        options = controls.parsed(studio.words({"steps": 1}, {"photograph": "p.png"}))
        self.assertEqual(deepdream.input_wishes(options), ("RGB", (1.0, 2.0, 3.0), (0.5,) * 3))

    def test_a_network_for_large_pictures_only(self):
        studio = self.studio()
        studio.network.close()
        studio.network.model = studio.network.model._replace(smallest=300)
        self.assertEqual(studio.any_engine().width, 300)

    def test_command_lines_name_the_photograph_that_was_dreamed_on(self):
        studio = self.studio()
        studio.start({"settings": {"steps": 1, "octaves": 1, "size": 32, "tile": 32, "layer": "conv1/7x7_s2"}})
        while studio.busy():
            studio.advance()
        for name, words in (("other.bmp", "deepdream.py other.bmp "), ("show", "deepdream.py -i show ")):
            with open(SHIPPED, "rb") as file:
                studio.take("photograph", name, file.read())
            with unittest.mock.patch("sys.argv", ["deepdream.py"]):
                self.assertTrue(studio.command({})["command"].startswith("python3 " + words), studio.command({}))
                line = studio.results_told()[0]["commands"]["png"]
            self.assertTrue(line.startswith("python3 deepdream.py -j 1 --size 32"), line)

    def test_a_page_that_comes_back_at_that_moment(self):
        """Between two looks at when the last page was left there is one again."""
        class Returning(Studio):
            left = property(lambda self: next(self.moments), lambda self, moment: None)
            moments = iter((time.monotonic(), 0.0))

        self.assertFalse(Returning.abandoned(Returning.__new__(Returning)))

    def test_the_photograph_has_its_own_size(self):
        """Not that of what was decoded for the page."""
        with tempfile.TemporaryDirectory() as folder:
            name = os.path.join(folder, "large.jpg")
            deepdream.write_picture(name, deepdream.Picture(2700, 40))
            told = self.studio(name).photograph_told()
        self.assertEqual((told["width"], told["height"]), (2700, 40))


class Places(unittest.TestCase):
    def server(self, listen):
        server = Server(None, listen, 0)
        self.addCleanup(server.server_close)
        return server

    def test_a_place_comes_back_where_no_thread_is_to_be_had(self):
        server = self.server("127.0.0.1")
        ours, theirs = socket.socketpair()
        self.addCleanup(theirs.close)
        self.addCleanup(ours.close)
        with unittest.mock.patch.object(threading.Thread, "start", side_effect=RuntimeError("can't start new thread")):
            for _ in range(100):
                with self.assertRaises(RuntimeError):
                    server.process_request(ours, ("127.0.0.1", 1))

    def test_capital_letters_in_its_own_name(self):
        server = self.server("127.0.0.1")
        server.listen = "MyBox.Example"
        self.assertTrue(server.may_be(f"mybox.example:{server.server_port}"))


class Words(unittest.TestCase):
    def test_names_of_files(self):
        for given, name in (("/home/me/photo.jpg", "photo.jpg"), ("C:\\me\\a b.png", "a b.png"), ("-o.png", "o.png"),
                            ("..", "picture"), ("", "picture"), ("a\nb.png", "ab.png"), ("x" * 300 + ".png",
                             "x" * 80 + ".png"), ("noend", "noend"), (".png", "png")):
            self.assertEqual(controls.file_name(given), name)

    def test_every_setting_becomes_its_option(self):
        samples = {"slider": lambda one: one["low"], "word": lambda one: one["words"][0], "switch": lambda one: True,
                   "picture": lambda one: True}
        texts = {"seed": 5, "blur": "2,1", "penalty": ["input=1"], "noise": "64x64", "preset": "classic"}
        for one in controls.described():
            value = samples.get(one["kind"], lambda one: texts.get(one["name"], "4c"))(one)
            value = [value] if one["repeats"] and not isinstance(value, list) else value
            words = controls.words_for({one["name"]: value}, {"guide": "g.png", "mask": "m.png"})
            options = deepdream.parse_command_line(["dream", "in.png", *words])
            self.assertIn(one["name"], options.texts, one)


if __name__ == "__main__":
    unittest.main()
