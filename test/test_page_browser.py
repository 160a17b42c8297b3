"""deepdream page as people use it, in a real browser:

    DEEPDREAM_BROWSER=chromium python3 -m unittest discover -s test -p test_page_browser.py
"""
import http.server
import json
import os
import pathlib
import shlex
import shutil
import subprocess
import tempfile
import threading
import time
import unittest

import chromium
from chromium import Browser
from helpers import ENVIRONMENT, LONG, PROGRAM, REFUSED, ROOT
from test_page import SLOW, Program

import deepdream

SHIPPED = str(ROOT / "cat_dog224.bmp")


class Patient(Program):
    """It waits for a page that is reloaded as long as that takes; and while there is a file `hold` a dream stands still
    of which pages have seen some steps, so that there is time to pause it."""
    PROGRAM = [*PROGRAM[:2], PROGRAM[2].replace(
        "deepdream.run()", "import json, os\nfrom deepdream_extras.page import studio\n"
        "busy, studio.GRACE = studio.Studio.busy, 3600.0\n"
        "def holds(self):\n"
        "    return os.path.exists('hold') and self.last_frame and json.loads(self.last_frame).get('step', 0) > 2\n"
        "studio.Studio.busy = lambda self: busy(self) and not holds(self)\n"
        "deepdream.run()")]

    def hold(self, on: bool) -> None:
        path = pathlib.Path(self.folder.name, "hold")
        path.touch() if on else path.unlink(missing_ok=True)


@unittest.skipUnless(chromium.PROGRAM, "DEEPDREAM_BROWSER names no browser")
@unittest.skipIf(REFUSED, f"too slow without the machine-code engine: {REFUSED}")
class BrowserTest(unittest.TestCase):
    browser: Browser
    program: Patient

    @classmethod
    def setUpClass(cls):
        cls.program = Patient()
        cls.addClassCleanup(cls.program.close)
        cls.browser = Browser()
        cls.addClassCleanup(cls.browser.close)
        folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(folder.cleanup)
        cls.folder = folder.name
        cls.photograph = os.path.join(cls.folder, "photo.jpg")
        shipped = deepdream.read_picture(SHIPPED)
        deepdream.write_picture(cls.photograph, deepdream.shrink(shipped, 160, 120))

    DRAWN = "before.width === Math.min(photograph.width, 1280)"         # the photograph, to paint masks on

    refused = "\0"          # in what the browser may say besides

    def open(self, **look):
        page = self.browser.open(self.program.address, **look)
        page.wait("document.querySelectorAll('#presets button').length > 10 && photograph.number && begun", LONG)
        page.wait(self.DRAWN, LONG)
        self.addCleanup(lambda: self.assertEqual([text for text in page.problems if self.refused not in text], []))
        self.addCleanup(page.close)
        self.addCleanup(page.run, "work.kind && ask('stop', {})")
        return page

    def drop(self, page, path: str, times: int = 1) -> None:
        before = page.run("before.width = before.height = 1, photograph.number")
        page.drop(path, 400, 300)
        page.wait(f"photograph.number > {before} && {self.DRAWN}", LONG)

    def saved(self, page, selector: str) -> bytes:
        """What following a link saves."""
        return bytes(page.run(f"fetch(document.querySelector('{selector}').href).then(a => a.arrayBuffer())"
                              ".then(b => [...new Uint8Array(b)])"))

    def test_drop_choose_watch_pause_save_compare(self):
        page = self.open()
        self.drop(page, self.photograph)
        self.assertEqual(page.run("document.getElementById('name').textContent"), "photo.jpg")
        page.run("""window.looks = new Set();
            CanvasRenderingContext2D.prototype.drawImage = (its => function (...a) { its.apply(this, a);
              if (this.canvas === view) looks.add(view.toDataURL('image/png')); })
              (CanvasRenderingContext2D.prototype.drawImage); 0""")
        self.program.hold(True)
        self.addCleanup(self.program.hold, False)
        page.run("settings.size = 160; settings.steps = 60; document.querySelector('[data-preset=classic]').click()")
        page.wait("work.kind === 'dream' && work.step > 2", LONG)
        page.press(" ")
        page.wait("work.paused", LONG)
        self.program.hold(False)
        before = page.run("document.getElementById('status').textContent")
        self.assertIn("paused", before)
        page.press(".")
        page.wait("work.paused && document.getElementById('status').textContent !== " + repr(before), LONG)
        page.press(" ")
        page.wait("results.length === 1 && !work.kind && shown", LONG)
        page.wait("window.looks.size >= 5", LONG)
        line = page.wait("document.getElementById('line-text').textContent === results[0].commands.png && "
                         "results[0].commands.png", LONG)
        self.assertIn("-o photo_dream.png", line)
        saved = self.saved(page, "#save-png")
        with tempfile.TemporaryDirectory() as folder:
            shutil.copy(self.photograph, folder)
            subprocess.run([*PROGRAM, *shlex.split(line)[2:]], cwd=folder, env=ENVIRONMENT, check=True,
                           capture_output=True)
            with open(os.path.join(folder, "photo_dream.png"), "rb") as file:
                self.assertEqual(saved, file.read())
        page.press("c")
        page.wait("!document.getElementById('before').hidden", LONG)
        page.run("const c = document.getElementById('cut'); c.value = 20; c.dispatchEvent(new Event('input'))")
        self.assertEqual(page.run("getComputedStyle(document.getElementById('before')).clipPath"),
                         "inset(0px 80% 0px 0px)")
        page.run("document.getElementById('b-compare').click()")
        page.press("ArrowLeft")
        page.wait("shown === 0")

    def test_mask(self):
        page = self.open()
        self.drop(page, self.photograph)
        page.run("settings.size = 160; settings.steps = 3; settings.preset = 'classic'; changed()")
        page.press("m")
        page.wait("mask.width === 160 && mask.getBoundingClientRect().width", LONG)
        box = page.run("(b => [b.left, b.top, b.width, b.height])(mask.getBoundingClientRect())")
        page.drag(*((box[0] + box[2] * x, box[1] + box[3] * 0.5) for x in (0.02, 0.1, 0.2, 0.25)))
        page.run("document.getElementById('brush-done').click()")
        page.wait("results.length && !work.kind && shown && results.at(-1).settings.mask", LONG)
        self.assertIn("--mask photo_mask.png", page.run("results.at(-1).commands.png"))
        page.run("""window.moved = () => {
            const ink = (canvas, x) => canvas.getContext('2d').getImageData(x, 58, 8, 4).data;
            const paper = document.createElement('canvas'); paper.width = 160; paper.height = 120;
            paper.getContext('2d').drawImage(before, 0, 0, 160, 120);
            return [20, 130].map(x => { const a = ink(view, x), b = ink(paper, x);
              return a.reduce((sum, level, at) => sum + Math.abs(level - b[at]), 0) / a.length; });
        }""")
        # the last live frame may still be there; where nothing was painted only the JPEG's rounding is
        page.wait("view.width === 160 && (m => m[0] > 3 * m[1] + 1)(moved())", LONG)

    def test_live_zoom_and_its_rate(self):
        page = self.open()
        self.drop(page, self.photograph)
        page.run("document.getElementById('t-zoom').click(); document.getElementById('zoom-start').click()")
        page.wait("work.kind === 'zoom' && work.number > 3", LONG)
        page.run("zoomLists.classes = ['goldfish']; showZoom(); steer()")
        page.wait("work.now === 'goldfish'", LONG)
        page.run("document.getElementById('record').click()")
        page.wait("work.recording >= 2", LONG)
        page.run("document.getElementById('record').click()")
        page.wait("!document.getElementById('recording').hidden", LONG)
        self.assertEqual(self.saved(page, "#recording")[:6], b"GIF89a")
        if os.environ.get("DEEPDREAM_RATE"):            # only where nothing else is done beside it
            page.run("zoomLists.classes = []; showZoom(); steer()")
            time.sleep(5)
            began, before = time.monotonic(), page.run("framesSeen")
            time.sleep(5)
            rate = (page.run("framesSeen") - before) / (time.monotonic() - began)
            print(f"live zoom: {rate:.1f} frames a second, {page.run('work.part')} of the sides in each")
            self.assertGreater(rate, 10)

    def test_reload_and_two_tabs_in_mid_dream(self):
        page = self.open()
        self.drop(page, self.photograph)
        page.run(f"Object.assign(settings, {json.dumps(SLOW)}, {{size: 96}}); start()")
        page.wait("work.kind === 'dream' && work.step > 1", LONG)
        page.run("window.old = true")
        page.call("Page.reload")
        page.wait("!window.old && typeof work !== 'undefined' && work.kind === 'dream' && framesSeen > 1 && "
                  "!work.paused", LONG)
        other = self.open()
        other.wait("work.kind === 'dream' && framesSeen > 1", LONG)
        other.run("settings.preset = 'smooth'; settings.size = 96; start()")
        page.wait("work.settings && work.settings.preset === 'smooth' || "
                  "results.some(one => one.settings.preset === 'smooth')", LONG)

    def test_nobody_answers(self):
        page = self.open()
        self.assertIn("does not answer", page.run("""(async () => {
            const its = window.fetch;
            window.fetch = async () => { throw new TypeError('Failed to fetch'); };
            await seePhotograph({...photograph, number: photograph.number + 1000});
            window.fetch = its;
            return document.getElementById('toasts').textContent; })()"""))

    def test_twelve_megapixels(self):
        path = os.path.join(self.folder, "large.jpg")
        large = deepdream.Picture(4000, 3000, bytearray(os.urandom(3 * 500)) * (4000 * 3000 // 500))
        deepdream.write_picture(path, large)
        page = self.open()
        self.drop(page, path)
        self.assertLessEqual(page.run("Math.max(before.width, before.height)"), 1280)
        page.run("Object.assign(settings, {steps: 1, octaves: 1, layer: 'conv1_7x7_s2'}); start()")
        page.wait("results.length && results.at(-1).width === 640 && !work.kind", LONG)

    def test_what_only_the_browser_reads(self):
        self.refused = "400"            # said at some time after the answer: not to be looked for here
        path = os.path.join(self.folder, "drawn.svg")
        with open(path, "w") as file:
            file.write('<svg xmlns="http://www.w3.org/2000/svg" width="120" height="90"><circle r="30"/></svg>')
        page = self.open()
        before = page.run("photograph.number")
        name = page.run("""(async () => {
            const canvas = new OffscreenCanvas(64, 48); canvas.getContext('2d').fillRect(8, 8, 20, 20);
            const blob = await canvas.convertToBlob({type: 'image/webp'});
            await give(new File([blob], 'shot.webp', {type: 'image/webp'}), 'photograph'); })()""")
        page.wait(f"photograph.number > {before}", LONG)
        self.assertIn(page.run("photograph.name"), ("shot.png", "shot.webp"), name)     # webp where Pillow is
        page.drop(path, 400, 300)
        page.wait("document.getElementById('toasts').children.length", LONG)

    def test_a_hostile_page_gets_nothing(self):
        asked = self.program.address

        class Hostile(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(b"<title>hostile</title>")

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Hostile)
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = self.browser.open(f"http://127.0.0.1:{server.server_port}/")
        self.addCleanup(page.close)
        page.wait("document.title === 'hostile'")
        self.assertEqual(page.run(f"""(async () => {{
            const found = [], at = {asked!r};
            const attempt = async (name, act) => {{ try {{ if (await act()) found.push(name); }} catch {{ }} }};
            await attempt('read', async () => (await (await fetch(at + 'about')).text()).length);
            await attempt('read blindly', async () =>
              (await (await fetch(at + 'about', {{mode: 'no-cors'}})).text()).length);
            await attempt('events', () => new Promise(done => {{ const e = new EventSource(at + 'events');
              e.onopen = () => done(true); e.onerror = () => {{ e.close(); done(false); }}; }}));
            await attempt('picture', () => new Promise(done => {{ const i = new Image(); i.onload = () => done(true);
              i.onerror = () => done(false); i.src = at + 'original'; }}));
            await attempt('frame', () => new Promise(done => {{ const f = document.createElement('iframe');
              f.onload = () => {{ try {{ done(Boolean(f.contentDocument?.body.textContent)); }}
              catch {{ done(false); }} }}; f.src = at; document.body.append(f); }}));
            await attempt('start', async () => (await fetch(at + 'start', {{method: 'POST', body: '{{}}'}})).ok);
            await fetch(at + 'start', {{method: 'POST', body: '{{}}', mode: 'no-cors'}}).catch(() => 0);
            return found; }})()"""), [])
        mine = self.open()
        self.assertFalse(mine.run("work.kind"), "a page of somebody else started a dream")

    def test_on_a_telephone_everything_is_within_reach(self):
        page = self.open(width=360, height=740, phone=True, dark=True)
        self.assertEqual(page.run("document.documentElement.scrollWidth"), 360)
        small = page.run("""[...document.querySelectorAll('button, a.button, input, select')].filter(one => {
            const box = one.getBoundingClientRect(); return box.width && (box.right > 361 && !one.closest('#presets'));
            }).map(one => one.id || one.className)""")
        self.assertEqual(small, [])


if __name__ == "__main__":
    unittest.main()
