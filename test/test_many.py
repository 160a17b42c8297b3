"""Many pictures: folders, patterns, sweeps; processes that die; Dask (where it is installed)."""
import concurrent.futures
import contextlib
import errno
import os
import pathlib
import shutil
import signal
import subprocess
import sys
import tempfile
import unittest
from unittest import mock

import test_weights
from helpers import (
    ENVIRONMENT,
    LONG,
    MODULES,
    PROGRAM,
    ROOT,
    CommandLine,
    gone,
    needs_machine_code,
    run_python,
    wait_until,
)

import deepdream
from deepdream_extras import many, scales

try:
    import distributed
except ImportError:
    distributed = None

QUICK = ("--octaves", "1", "--steps", "1", "--tile", "32", "--layer", "pool1/3x3_s2")


def make_pictures(folder, *names):
    os.makedirs(folder, exist_ok=True)
    shipped = deepdream.read_picture(str(ROOT / "cat_dog224.bmp"))
    for number, name in enumerate(names):
        deepdream.write_picture(os.path.join(folder, name), scales.resize(shipped, (32 + number, 32)).rounded())


def processes_of(parent):
    """The processes that a process has started; Linux only."""
    found = []
    for stat in pathlib.Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            name, _, rest = stat.read_text().rpartition(")")
            if int(rest.split()[1]) == parent:
                found.append(int(name.split()[0]))
    return found


class Names(CommandLine):
    def test_in_natural_order(self):
        make_pictures("in", "p10.png", "p2.png", "p1.jpg")
        pathlib.Path("in/notes.txt").write_text("no picture")
        self.assertEqual(list(map(os.path.basename, many.files_of("in"))), ["p1.jpg", "p2.png", "p10.png"])
        self.assertEqual(many.files_of("in/*.png"), ["in/p2.png", "in/p10.png"])
        self.assertEqual(many.files_of("in/p%d.png"), ["in/p2.png", "in/p10.png"])
        for name in ("in/*.gif", "in/q%03d.png"):
            with self.assertRaisesRegex(deepdream.DeepDreamError, "there is no such file"):
                many.files_of(name)

    def test_targets(self):
        jobs = many.plan_jobs(["a/x.jpg", "b/y.webp"], "out", [], "", [("--layer", ["4a", "4b"]), ("--steps", ["1"])])
        self.assertEqual([job.target for job in jobs], [
            os.path.join("out", f"{name}_layer=4{letter}_steps=1{end}")
            for name, end in (("x", ".jpg"), ("y", ".png")) for letter in "ab"])
        self.assertEqual(jobs[0].given, (("--layer", "4a"), ("--steps", "1")))
        with self.assertRaisesRegex(deepdream.DeepDreamError, "of a/x.jpg and of b/x.jpg"):
            many.plan_jobs(["a/x.jpg", "b/x.jpg"], "out", [])
        job, = many.plan_jobs(["in/a?.png"], "out", [], "", [many.sweep("guide=c:\\d/e?.png")])
        self.assertEqual(job.target, os.path.join("out", "a?_guide=c--d-e-.png.png"))
        with self.assertRaisesRegex(deepdream.DeepDreamError, "would be made of"):
            many.plan_jobs(["a.png"], "out", [], "", [many.sweep("guide=a/b.png,a-b.png")])

    def test_wrong_wishes(self):
        make_pictures("in", "a.png", "b.png")
        pathlib.Path("file").write_bytes(b"")
        for words, says in ((("-o", "-"), "cannot go through a pipe"), (("-o", "file"), "-o is a folder"),
                            (("--show",), "--show is for one picture"), (("--sweep", "layer"), "such as layer="),
                            (("--sweep", "quiet=1"), "such as layer="), (("--sweep", "steps=1,x"), "--sweep steps=1,x"),
                            (("--sweep", "steps=1,1"), "twice"),
                            (("--sweep", "steps=1", "--steps", 2), "--steps is given, too; leave it out"),
                            (("--on", "moon"), "--on moon: expected dask")):
            with self.subTest(words=words):
                self.assertIn(says, self.run_it("-i", "in", *words, code=2).err)
        self.assertIn("choose another folder", self.run_it("-i", "in", "-o", "in", code=1).err)
        self.assertIn("one picture at a time", self.run_it("classify", "in/a.png", "in/b.png", code=2).err)


class Versions(unittest.TestCase):
    def test_another_one(self):
        self.assertIn("install the same", many.work({"version": "0.1"})["error"])

    def test_lacks_the_network(self):
        job = many.Job(str(ROOT / "cat_dog224.bmp"), "out.png", ())
        asked = many.request(many.Task("", job.words()), str(ROOT / "InceptionV1.pb"), "0" * 64, "auto", 1)
        self.assertEqual(many.work(asked), {"lacks": "0" * 64})

    def test_folders_of_a_worker(self):
        """Are left out of messages, whatever number their file has; where there are none yet, nothing is."""
        folder = os.path.join("tmp", "deepdream-x")
        for text, left in (("tmp/deepdream-x/120/a.png: no", "a.png: no"), ("tmp/deepdream-x/out.png", "out.png"),
                           ("5/a.png, tmp/deepdream-x/7/b.png", "5/a.png, b.png")):
            self.assertEqual(many.without(text.replace("/", os.sep), folder), left.replace("/", os.sep))
        self.assertEqual(many.without(os.path.join("5", "a.png"), ""), os.path.join("5", "a.png"))

    def test_no_room_where_it_is_made(self):
        job = many.Job(str(ROOT / "cat_dog224.bmp"), "out.png", ())
        asked = many.request(many.Task("", job.words()), str(ROOT / "InceptionV1.pb"), "0" * 64, "auto", 1)
        with mock.patch("tempfile.TemporaryDirectory", side_effect=OSError(errno.ENOSPC, "No space left on device")):
            answer = many.work(asked)
        self.assertIn("No space left on device where it was made", answer["error"])
        with self.assertRaisesRegex(deepdream.NoRoom, "cat_dog224.bmp: No space left on device where"):
            many.keep(job, answer)


class Executors(unittest.TestCase):
    """What executors may do, without any work behind them."""

    MODEL = str(ROOT / "InceptionV1.pb")

    def answers(self, submits, *names, workers=1):
        """Of tasks with these names the answers, in their order. submits: for each call of submit what it gives, or
        raises, in the future or at once; "ok" for all that follow."""
        self.asked, self.started = [], 0
        submits = iter(submits)
        outer = self

        class Executor(concurrent.futures.Executor):
            def submit(self, work, asked):
                outer.asked.append(asked)
                future = concurrent.futures.Future()
                what = next(submits, {"data": b"ok"})
                if isinstance(what, tuple):
                    raise what[0]
                (future.set_exception if isinstance(what, Exception) else future.set_result)(what)
                return future

        def start():
            self.started += 1
            return Executor()

        pool = many.Pool(start, workers, 1)
        tasks = [many.Task(name, ["dream", "-o", name]) for name in names]
        return [(task.name, answer) for task, answer in many.run_tasks(tasks, pool, self.MODEL)]

    def test_a_fault_in_one_that_is_no_pool_of_processes(self):
        done = run_python("import concurrent.futures as futures\n"
                          "from deepdream_extras import many\n"
                          "future = futures.Future()\n"
                          "future.set_exception(RuntimeError('no such module'))\n"
                          "executor = futures.Executor()\n"
                          "executor.submit = lambda *_: future\n"
                          "pool = many.Pool(lambda: executor, 1, 1)\n"
                          f"tasks = [many.Task('a', ['dream'])]\n"
                          f"print(*many.run_tasks(tasks, pool, {self.MODEL!r}))")
        self.assertIn("no worker did it (RuntimeError: no such module)", done.stdout, done.stderr)

    def test_one_that_breaks(self):
        """With the work, or between two looks at it, so that the next task is not even taken."""
        broken, ok = concurrent.futures.BrokenExecutor("died"), {"data": b"ok"}
        for submits, started in (([broken], 2), ([ok, (broken,)], 2)):
            found = self.answers(submits, "a", "b", "c")
            self.assertEqual(sorted(found), [(name, ok) for name in "abc"])
            self.assertEqual(self.started, started)
        self.assertIn("died, 3 times", self.answers([broken] * 3, "a")[0][1]["error"])
        with self.assertRaisesRegex(deepdream.DeepDreamError, "is gone"):
            self.answers([(broken,)] * 9, "a")

    def test_the_network_goes_to_those_that_lack_it(self):
        found = self.answers([{"lacks": "x"}], "a", "b", "c", "d")
        self.assertEqual(sorted(name for name, _ in found), list("abcd"))
        self.assertEqual([(one["words"][-1], bool(one["weights"])) for one in self.asked if one["weights"]],
                         [("a", True)])
        self.assertEqual(self.answers([{"lacks": "x"}] * 2, "a")[0][1], {"lacks": "x"})

    def test_what_came_with_a_job_leaves_nothing_behind(self):
        """And what stands beside the network comes with it."""
        with tempfile.TemporaryDirectory() as folder, mock.patch.dict(many.NETWORKS, clear=True):
            model = os.path.join(folder, "renamed.pb")
            pathlib.Path(model).write_bytes(test_weights.OtherNetworks.RENAMED)
            pathlib.Path(folder, "renamed.json").write_text('{"order": "RGB", "mean": 7, "labels": "l.txt"}')
            pathlib.Path(folder, "l.txt").write_text("".join(f"name {i}\n" for i in range(5)))
            wanted = deepdream.load_model(model)
            task = many.Task("a", ["dream", "-o", "a.png"])
            asked = many.request(task, model, many.recipe.sha256(model), "python", 1, True)
            os.mkdir(temporary := os.path.join(folder, "temporary"))
            os.rename(model, model + "-away")
            with mock.patch.object(tempfile, "tempdir", temporary):
                network = many.network_for(asked, deepdream.parse_command_line(["dream"]))
            self.assertEqual(os.listdir(temporary), [])
            self.assertEqual((network.model.input, network.model.labels), (wanted.input, wanted.labels))
            self.assertEqual(network.model.input.mean, (7.0,) * 3)
            self.assertEqual(many.recipe.sha256(network.model.path), asked["sha256"])

    def test_as_many_processes_as_a_system_can_wait_for(self):
        for platform, workers, threads in (("win32", 61, 2), ("linux", 128, 1)):
            with mock.patch.object(sys, "platform", platform):
                pool = many.processes(1000, 128)
                self.assertEqual((pool.workers, pool.threads), (workers, threads))
        import concurrent.futures.process as process
        with mock.patch.object(sys, "platform", "win32"), self.assertRaises(ValueError):
            process.ProcessPoolExecutor(many.MOST_OF_WINDOWS + 1)

    @needs_machine_code
    def test_only_its_own_processes_are_ended(self):
        done = run_python(
            "import multiprocessing, time\n"
            "from deepdream_extras import many\n"
            "if __name__ == '__main__':\n"
            "    other = multiprocessing.get_context('fork').Process(target=time.sleep, args=(600,), daemon=True)\n"
            "    other.start()\n"
            "    pool = many.processes(1, 1)\n"
            "    executor = pool.start()\n"
            "    future = executor.submit(time.sleep, 600)\n"
            "    time.sleep(0.5)\n"
            "    pool.stop()\n"
            "    print(type(future.exception(200)).__name__, other.is_alive())\n"
            "    other.kill()\n")
        self.assertEqual(done.stdout, "BrokenProcessPool True\n", done.stderr)


class Engines(CommandLine):
    def test_a_mixture_is_told(self):
        """As of workers without machine code."""
        make_pictures("in", "a.png", "b.png")
        engines = iter(("simd avx2", "python"))

        def run_tasks(tasks, *_):
            for task in tasks:
                yield task, {"data": b"x", "engine": next(engines), "notes": ()}

        with mock.patch.object(many, "run_tasks", run_tasks):
            said = self.run_it("-i", "in", "-o", "out").err
        self.assertIn("made by different engines (python, simd avx2)", said)


class Elsewhere(CommandLine):
    def test_without_dask(self):
        """Before anything is made."""
        make_pictures("in", "a.png")
        with mock.patch("importlib.util.find_spec", return_value=None):
            said = self.run_it("-i", "in", "-o", "out", "--on", "dask", code=1).err
        self.assertEqual(said, "deepdream: error: --on dask: Dask is not installed; run: pip install"
                         " 'deepdream[dask]'\n")
        self.assertFalse(os.path.exists("out"))


class Full(CommandLine):
    """A disk that takes no more is said once, and ends the work: what is there stays, and the same command goes on."""

    def test_said_once(self):
        names = [f"p{i}.png" for i in range(5)]
        make_pictures("in", *names)
        asked, put_file = [], deepdream.put_file

        def run_tasks(tasks, *_):
            for task in tasks:
                asked.append(task.name)
                yield task, {"data": b"x", "engine": "python", "notes": ()}

        def fill(path, data):
            if path.endswith("p2.png"):
                raise OSError(number, os.strerror(number))
            put_file(path, data)

        for number in (errno.ENOSPC, errno.EDQUOT, errno.EROFS):
            shutil.rmtree("out", ignore_errors=True)
            asked.clear()
            with mock.patch.object(many, "run_tasks", run_tasks), mock.patch.object(deepdream, "put_file", fill):
                said = self.run_it("-q", "-i", "in", "-o", "out", code=1).err
            self.assertEqual(said, f"deepdream: error: {os.path.join('out', 'p2.png')}: cannot be written ("
                             f"{os.strerror(number)}); make room there, or choose another folder; 2 of 5 pictures are"
                             " in out; the same command goes on\n")
            self.assertEqual([os.path.basename(name) for name in asked], names[:3])
            self.assertEqual(sorted(os.listdir("out")), names[:2])

    @needs_machine_code
    @unittest.skipUnless(sys.platform.startswith("linux"), "mounts a small disk")
    def test_a_small_disk(self):
        make_pictures("in", *(f"p{i:02}.bmp" for i in range(30)))      # of 3 KB, each a page or two
        os.mkdir("out")
        if subprocess.run(["mount", "-t", "tmpfs", "-o", "size=40k", "none", "out"], capture_output=True).returncode:
            self.skipTest("only root may mount, and not everywhere")
        self.addCleanup(subprocess.run, ["umount", "-l", "out"], check=True)         # whoever looks in meanwhile
        for jobs in ("1", "2"):
            done = subprocess.run([*PROGRAM, "-q", "-i", "in", "-o", "out", *QUICK, "-j", jobs], env=ENVIRONMENT,
                                  capture_output=True, text=True, timeout=LONG)
            self.assertRegex(done.stderr, r"\Adeepdream: error: out/p\d\d.bmp: cannot be written \(No space left on "
                             r"device\); make room .*; \d+ of \d+ pictures are in out; the same command goes on\n\Z")
            self.assertEqual(done.returncode, 1)
            made = os.listdir("out")
            self.assertTrue(made and all(name.endswith(".bmp") for name in made), made)
            for name in made:
                deepdream.read_picture(os.path.join("out", name))


class Workers(unittest.TestCase):
    def test_one_dies_between_two_tasks(self):
        """Nobody waits for its answer then: the next task is refused."""
        class Frail(concurrent.futures.ThreadPoolExecutor):
            room = 3

            def submit(self, *given):
                Frail.room -= 1
                if Frail.room == 0:
                    raise concurrent.futures.BrokenExecutor("a process was terminated abruptly")
                return super().submit(*given)

        tasks, started = [many.Task(name, ()) for name in "abcdefg"], []
        for workers, first in ((2, 3), (2, 4), (1, 2)):
            Frail.room = first
            pool = many.Pool(lambda: started.append(Frail(1)) or started[-1], workers, 1)
            with mock.patch.object(many, "request", lambda task, *_: task), \
                    mock.patch.object(many, "work", lambda asked: {"data": asked.name}):
                done = sorted(answer["data"] for _, answer in many.run_tasks(tasks, pool, str(ROOT / "cat_dog224.bmp")))
            self.assertEqual(done, sorted("abcdefg"))
        self.assertEqual(len(started), 2 * 3)
        Frail.room = 1                  # it takes nothing from the beginning
        with mock.patch.object(many, "request", lambda task, *_: task), \
                self.assertRaisesRegex(deepdream.DeepDreamError, "BrokenExecutor"):
            list(many.run_tasks(tasks, pool, str(ROOT / "cat_dog224.bmp")))
        for executor in started:
            executor.shutdown()


@needs_machine_code
class Folders(CommandLine):
    def run_program(self, *words, code=0):
        done = subprocess.run([*PROGRAM, *words], env=ENVIRONMENT, capture_output=True, text=True, timeout=LONG)
        self.assertEqual(done.returncode, code, done.stderr)
        self.assertNotIn("Traceback", done.stderr)
        return done

    def test_a_folder(self):
        make_pictures("in", "a.png", "b.bmp", "c.png")
        pathlib.Path("in/broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
        done = self.run_program("-i", "in", "-o", "out", *QUICK, code=1)
        self.assertEqual(sorted(os.listdir("out")), ["a.png", "b.bmp", "c.png"])
        self.assertEqual(done.stderr.count(os.path.join("in", "broken.png") + ": "), 2)     # at once, and at the end
        self.assertIn("1 of 4 pictures not made", done.stderr)
        job = many.Job("in/a.png", "a.png", tuple(zip(QUICK[::2], QUICK[1::2])))
        self.run_it(*job.words())                           # the same bytes as alone
        self.assertEqual(pathlib.Path("a.png").read_bytes(), pathlib.Path("out/a.png").read_bytes())

        os.remove("in/broken.png")
        times = {name: os.stat(f"out/{name}").st_mtime_ns for name in os.listdir("out")}
        done = self.run_program("-i", "in", "-o", "out", *QUICK)
        self.assertIn("3 of 3 were there already", done.stderr)
        self.assertEqual(times, {name: os.stat(f"out/{name}").st_mtime_ns for name in os.listdir("out")})
        done = self.run_program("-i", "in/?.png", "-o", "out", *QUICK, "--seed", "1", code=1)
        self.assertIn("another dream (deepdream -i a.png", done.stderr)
        self.assertEqual(done.stderr.count("another dream"), 2)
        os.utime("out/a.png", (1, 1))                       # its source is newer
        shutil.copy("in/c.png", "out")                      # somebody's own, older than what would replace it
        for name in ("b.bmp", "c.png"):
            os.utime(os.path.join("out", name), (1, 1))
        done = self.run_program("-i", "in", "-o", "out", *QUICK, code=1)
        self.assertIn("1 picture made", done.stderr)
        self.assertIn("a picture that is no dream of ours is there", done.stderr)
        self.assertIn("does not say how it was made, older than what it is made of, is there", done.stderr)
        self.assertEqual(pathlib.Path("in/c.png").read_bytes(), pathlib.Path("out/c.png").read_bytes())

    def test_options_of_other_formats_are_told(self):
        """Once, and only where no picture of the folder obeys them."""
        make_pictures("in", "a.png", "b.png")
        for more, told in (((), "--quality"), (("--dither",), "--quality --dither"), (("--format", "jpg"), ""),
                           (("--sweep", "dither=1"), None), (("--sweep", "subsampling=4:4:4,4:2:0"),
                                                            "--quality --subsampling")):
            with self.subTest(more), mock.patch.object(many, "run_jobs", return_value=iter(())):
                said = self.run_it("-i", "in", "-o", "out", "--quality", 80, *more, code=None if told is None else 0)
                found = [line.split()[1] for line in said.err.splitlines() if "changes nothing" in line]
                self.assertEqual(found, (told or "").split())
        make_pictures("in", "c.jpg")
        with mock.patch.object(many, "run_jobs", return_value=iter(())):
            self.assertNotIn("changes nothing", self.run_it("-i", "in", "-o", "out", "--quality", 80).err)

    def test_said_once_and_before_the_work(self):
        """What is wrong with every picture."""
        make_pictures("in", "a.png", "b.png")
        os.makedirs("in/more")
        os.makedirs("in/folder.png")
        pathlib.Path("file").touch()
        for words, code, says in (
                (["--layer", "4z"], 1, "4z: no such layer"), (["--sweep", "layer=4a,4z"], 1, "4z: no such layer"),
                (["--class", "nobody"], 1, "nobody: no class has that name"),
                (["--guide", "no.png"], 1, "no.png: cannot be read"),
                (["-i", "more/a.bmp", "--sweep", "layer=4a"], 1, "out/a_sheet.png: would be the sheet of in/a.png and"),
                (["--sweep", "layer=4a", "--sweep", "layer=4b"], 2, "--sweep layer: given twice"),
                (["-o", "in", "--format", "ppm"], 1, "in: this folder is read"),
                (["-o", "new.png"], 2, "new.png: a picture's name"), (["-o", "file"], 2, "file: a file"),
                (["-o", "file/new"], 1, "file/new: no folder for the results")):
            with self.subTest(words):
                done = self.run_program("-q", "-i", "in", "-o", "out", *words, code=code)
                self.assertRegex(done.stderr, rf"\Adeepdream: error: {says}.*\n\Z")
                self.assertFalse(os.path.exists("out"))
        os.makedirs("out/a.png")
        done = self.run_program("-i", "in", "-i", "in/b.png", "-o", "out", *QUICK, code=1)
        self.assertIn("in: folders in it are left out, such as ", done.stderr)
        self.assertIn("1 picture made", done.stderr)        # b.png, named twice
        self.assertEqual(done.stderr.count("out/a.png: is a folder"), 1)

    def test_a_guide_that_is_another_now(self):
        make_pictures("in", "a.png")
        make_pictures(".", "guide.png")
        words = ("-i", "in", "-o", "out", *QUICK[:-2], "--guide", "guide.png", "--guide-layer", "pool1/3x3_s2")
        self.run_program(*words)
        os.utime("guide.png", (2e9, 2e9))
        self.assertIn("1 picture made", self.run_program(*words).stderr)
        os.utime("guide.png", (1e9, 1e9))
        self.assertIn("1 of 1 were there already", self.run_program(*words).stderr)

    def test_a_sweep_beside_what_is_no_picture(self):
        """The failures are told, and the sheet has what there is."""
        make_pictures(".", "a.png")
        os.mkdir("out")
        pathlib.Path("out/a_steps=1.png").write_bytes(b"no picture")
        done = self.run_program("a.png", "-o", "out", *QUICK[:2], *QUICK[4:], "--sweep", "steps=1,2", code=1)
        self.assertIn("no dream of ours is there", done.stderr)
        self.assertIn("1 of 2 pictures not made", done.stderr)
        self.assertTrue(os.path.exists("out/a_sheet.png"))

    def test_what_another_network_wants(self):
        """--input-mean is for the workers, too."""
        make_pictures("in", "a.png", "b.png")
        self.run_program("-i", "in", "-o", "out", *QUICK, "--input-mean", "90")
        self.run_program("-i", "in/a.png", "-o", "a.png", "--no-octaves", *QUICK, "--input-mean", "90")
        self.assertEqual(pathlib.Path("a.png").read_bytes(), pathlib.Path("out/a.png").read_bytes())

    def test_an_executor_of_somebody_else(self):
        make_pictures("in", "a.png", "b.png")
        with concurrent.futures.ThreadPoolExecutor(2) as executor:
            for _ in range(2):
                done = list(many.dreams(many.files_of("in"), "out", QUICK, executor, overwrite=True))
                self.assertEqual(sorted((one.target, one.error) for one in done),
                                 [("out/a.png", ""), ("out/b.png", "")])
        self.assertTrue(all(one.skipped for one in many.dreams(many.files_of("in"), "out", QUICK)))
        for network in many.NETWORKS.values():
            network.close()
        many.NETWORKS.clear()

    def test_a_sweep(self):
        make_pictures(".", "a.png")
        self.run_program("a.png", "-o", "out", *QUICK[:-2], "--sweep", "layer=pool1/3x3_s2,conv1/7x7_s2")
        self.assertEqual(len(os.listdir("out")), 3)
        self.assertGreater(deepdream.read_picture("out/a_sheet.png").width, 64)

    # What is said of one picture fills a sixteenth of what a pipe holds: a command whose lines nobody reads waits.
    WORDY = "p{:02}" + "." * 200 + ".png"
    SLOW = ("--octaves", "1", "--steps", "25", "--tile", "32", "--layer", "3a", "-j", "2")

    def begun(self, folder, **environment):
        """A command in the midst of the work: it comes to the end when somebody listens again, not before."""
        command = subprocess.Popen([*PROGRAM, "-i", "in", "-o", folder, *self.SLOW], text=True, stderr=subprocess.PIPE,
                                   env={**ENVIRONMENT, **environment}, pipesize=4096)
        while " 1 of " not in (line := command.stderr.readline()):
            self.assertTrue(line, "it has ended")
        return command

    @unittest.skipUnless(sys.platform.startswith("linux"), "looks into /proc")
    def test_workers_that_die(self):
        names = [self.WORDY.format(i) for i in range(50)]
        make_pictures("in", *names)
        command = self.begun("out")
        workers = [pid for pid in processes_of(command.pid)
                   if b"spawn_main" in pathlib.Path(f"/proc/{pid}/cmdline").read_bytes()]
        os.kill(workers[0], signal.SIGKILL)
        _, said = command.communicate(timeout=LONG)
        self.assertEqual(command.returncode, 0, said)
        self.assertEqual(sorted(os.listdir("out")), sorted(names))

    @unittest.skipUnless(sys.platform.startswith("linux"), "looks into /proc")
    def test_nobody_stays(self):
        make_pictures("in", *(self.WORDY.format(i) for i in range(50)))
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGKILL):
            with self.subTest(number):
                os.mkdir(temporary := os.path.abspath(f"temporary{number}"))
                command = self.begun(f"out{number}", TMPDIR=temporary)
                workers = processes_of(command.pid)
                command.send_signal(number)
                _, said = command.communicate(timeout=LONG)
                self.assertEqual(command.returncode, -number)
                if number != signal.SIGKILL:
                    self.assertRegex(said, "interrupted; [0-9]+ of 50 pictures are in out")
                    self.assertNotIn("Traceback", said)
                    self.assertTrue(all(line.startswith("deepdream: ") for line in said.splitlines()), said)
                wait_until(lambda workers=workers: all(map(gone, workers)))
                self.assertEqual(os.listdir(temporary), [])


@needs_machine_code
@unittest.skipUnless(distributed, "Dask is not installed")
class Dask(CommandLine):
    def start(self, *words):
        environment = {**MODULES, "PYTHONWARNINGS": "ignore"}
        process = subprocess.Popen([sys.executable, "-m", "dask", *words], env=environment,
                                   stderr=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        self.addCleanup(process.wait)
        self.addCleanup(process.kill)
        return process

    def test_a_worker_dies(self):
        import socket
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
        address = f"127.0.0.1:{port}"
        self.start("scheduler", "--host", "127.0.0.1", "--port", str(port), "--no-dashboard")
        first, _ = (self.start("worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard") for _ in range(2))
        with distributed.Client(f"tcp://{address}", timeout=LONG) as client:
            client.wait_for_workers(2, timeout=LONG)
        names = [f"p{i:02}.png" for i in range(40)]
        make_pictures("in", *names)
        words = ["-i", "in", *QUICK[:2], "--steps", "8", *QUICK[4:]]
        environment = {**MODULES, "PYTHONWARNINGS": "ignore"}
        command = subprocess.Popen([*PROGRAM, *words, "-o", "out", "--on", f"dask://{address}"], env=environment,
                                   text=True, stderr=subprocess.PIPE)
        wait_until(lambda: os.path.isdir("out") and len(os.listdir("out")) >= 5 or command.poll() is not None)
        first.kill()
        self.start("worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard")
        _, said = command.communicate(timeout=LONG)
        self.assertEqual(command.returncode, 0, said)
        self.assertEqual(sorted(os.listdir("out")), names)
        self.run_it(*words, "-o", "alone", "-j", "1")
        for name in names:
            self.assertEqual(pathlib.Path("alone", name).read_bytes(), pathlib.Path("out", name).read_bytes())

    def test_sheets_and_films(self):
        """The same bytes as without a cluster, each alone."""
        make_pictures("in", *(f"p{i}.png" for i in range(3)))
        shipped = deepdream.read_picture(str(ROOT / "cat_dog224.bmp"))
        os.mkdir("film")
        for number in range(14):            # a cut in the middle
            picture = scales.resize(shipped, (40, 36)).rounded()
            if number > 8:
                picture.pixels = bytearray(255 - level for level in picture.pixels)
            picture.pixels[:300] = bytes([10 * number]) * 300
            deepdream.write_picture(f"film/{number}.png", picture)
        small = ("--steps", "1", "--octaves", "1")
        for words in (("gallery", "in/p0.png", "--layers", "--size", "64", "--steps", "1"),
                      ("animate", "-i", "film", *small), ("animate", "-i", "film", *small, "--blend", "1"),
                      ("animate", "-i", "film", *small, "--steady")):
            with self.subTest(words=words):
                self.run_it(*words, "-o", "here.png")
                done = subprocess.run([*PROGRAM, *words, "-o", "there.png", "--on", "dask"], text=True, timeout=LONG,
                                      capture_output=True, env={**MODULES, "PYTHONWARNINGS": "ignore"})
                self.assertEqual(done.returncode, 0, done.stderr)
                here, there = (pathlib.Path(name).read_bytes() for name in ("here.png", "there.png"))
                self.assertEqual(deepdream.read_picture("here.png").pixels, deepdream.read_picture("there.png").pixels)
                self.assertEqual(here[here.index(b"IDAT"):], there[there.index(b"IDAT"):])

    def test_nobody_there(self):
        make_pictures("in", "a.png")
        self.assertIn("no Dask scheduler answers", self.run_it("-i", "in", "--on", "dask://127.0.0.1:9", code=1).err)


if __name__ == "__main__":
    unittest.main()
