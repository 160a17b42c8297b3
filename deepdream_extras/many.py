"""Many pictures in one command: folders, patterns, lists of files, sweeps; in several processes or on other machines.

    deepdream -i photos/ -o dreams/ --layer 4d
    deepdream -i 'holiday/*.jpg' -o dreams/ --format jpeg --overwrite
    deepdream -i photo.jpg -o sweep/ --sweep layer=4a,4b,4c --sweep step-size=1,2
    deepdream -i photos/ -o dreams/ --on dask://10.0.0.5:8786

    for done in dreams(["a.jpg", "b.jpg"], "dreams", ["--layer", "4d"], executor=MPIPoolExecutor()):
        print(done.target, done.error)

A job is one whole picture: the options as words, the bytes of the files that they name, the hash of the network's file.
Whoever does it needs this version of deepdream and no common folder; the answer is the bytes of the picture, the same
as from `deepdream -i a.jpg -o a.png` alone. It goes by a concurrent.futures.Executor: processes here, Dask (--on), or
any that a caller has. A worker loads the network once and keeps it; it is sent one only if it lacks it.

The same way go the cells of a gallery and the scenes of a film (`run_tasks`), with --on. A mixture of engines is told,
since their bytes differ.
"""

from __future__ import annotations

import collections
import concurrent.futures
import contextlib
import errno
import glob
import hashlib
import importlib.util
import itertools
import logging
import multiprocessing
import os
import re
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import SimpleNamespace
from typing import Any, NamedTuple

import deepdream
from deepdream import DeepDreamError, UsageError, option_name

from . import families, frames, recipe

FOLDER = "dreams"               # where the results go if nobody says
TRIES = 3                       # of a job whose worker dies
AHEAD = 2                       # jobs for each worker that are read and wait: memory
SHEET_SIDE = 320                # pixels, of a picture on a sweep's sheet
MOST_JOBS = 100_000
MOST_OF_WINDOWS = 61            # processes that it can wait for at a time, as concurrent.futures says
ONE_ONLY = "save_recipe", "show", "noise"


class Job(NamedTuple):
    source: str                         # the picture's path
    target: str                         # where the result goes
    given: tuple[tuple[str, str], ...]  # the options, but for input and output
    label: str = ""                     # what differs from the other jobs of this picture

    def words(self) -> list[str]:
        """The command line that does the same alone."""
        return ["dream", "-i", self.source, "-o", self.target, "--no-octaves", *deepdream.as_words(self.given)]

    def files(self) -> list[str]:
        """What is read beside the picture: a guide, a mask."""
        return [text for flag, text in self.given if flag in ("--guide", "--mask")]


class Done(NamedTuple):
    """A job that has ended: its picture is in `target`, or `error` is one line that says why not."""
    job: Job
    error: str = ""
    skipped: bool = False               # was there already
    size: int = 0                       # of the file
    engine: str = ""
    notes: tuple[str, ...] = ()

    @property
    def target(self) -> str:
        return self.job.target


# ---- What there is to do ---------------------------------------------------------------------------------------------

def several(path: str) -> bool:
    """Whether a name stands for files: a folder, a numbered pattern, *.jpg."""
    return path != "-" and (os.path.isdir(path) or not os.path.exists(path)
                            and (glob.has_magic(path) or frames.pattern_in(path)))


def files_of(path: str) -> list[str]:
    """The pictures that a name stands for, in natural order."""
    if os.path.isdir(path):
        return frames.pictures_in(path)
    if not several(path):
        return [path]
    if frames.pattern_in(path) and not glob.has_magic(path):
        return frames.matching(path)
    found = sorted(filter(os.path.isfile, glob.glob(path, recursive=True)), key=frames.natural)
    if not found:
        raise DeepDreamError(f"{path}: there is no such file; expected pictures whose names fit")
    return found


def plan_jobs(sources: Sequence[str], folder: str, given: Sequence[tuple[str, str]], extension: str = "",
              sweeps: Sequence[tuple[str, Sequence[str]]] = ()) -> list[Job]:
    """A job for each picture and each combination of what is swept. Results are called as their sources, with the
    extension given, or their own where that can be written, or .png."""
    jobs, taken = list[Job](), dict[str, str]()
    sources = list({os.path.abspath(source): source for source in sources}.values())        # each once
    combinations = list(itertools.product(*([(flag, value) for value in values] for flag, values in sweeps)))
    if len(sources) * len(combinations) > MOST_JOBS:
        raise DeepDreamError(f"{len(sources) * len(combinations)} pictures in one command; expected {MOST_JOBS} at"
                             " most")
    for source in sources:
        stem, own = os.path.splitext(os.path.basename(source))
        for combination in combinations:
            label = " ".join(f"{flag.lstrip('-')}={value}" for flag, value in combination)
            name = "_".join([stem, *label.translate(NOT_IN_NAMES).split()])
            target = os.path.join(folder, name + (extension or (own if writable(own) else ".png")))
            if (name := os.path.normcase(target)) in taken:
                raise DeepDreamError(f"{target}: would be made of {taken[name]} and of {source}; give them other"
                                     " names or dream in two commands")
            taken[name] = source
            jobs.append(Job(source, target, (*given, *combination), label))
    return jobs


# What one system or another has not in names of files.
NOT_IN_NAMES = str.maketrans({**dict.fromkeys('/\\:?"<>|', "-"), "*": "x"})


def writable(extension: str) -> bool:
    return any(extension.lower() in row.extensions and row.write for row in deepdream.FORMATS)


def sweep(text: str) -> tuple[str, list[str]]:
    """layer=4a,4b as (flag, values): an option of dream that takes a value."""
    name, equals, values = text.partition("=")
    row = deepdream.rows_by_name("dream").get(name.strip().lstrip("-").replace("-", "_"))
    if not equals or row is None or not row.parser or option_name(row) in UNSWEPT:
        raise UsageError(f"--sweep {text}: expected an option of dream and its values, such as layer=4a,4b,4c")
    separator = ";" if ";" in values else ","
    found = [value.strip() for value in values.split(separator)]
    for value in found:
        try:
            row.parser(value)
        except ValueError as error:
            raise UsageError(f"--sweep {text}: {value!r}: {error}") from None
    if len(set(found)) < len(found):
        raise UsageError(f"--sweep {text}: the same value twice")
    return row.flags.split()[-1], found


def sweeps_of(options: SimpleNamespace) -> list[tuple[str, list[str]]]:
    sweeps = list(map(sweep, options.sweep or ()))
    rows = deepdream.rows_by_flag("dream")
    flags = [flag for flag, _ in sweeps if not rows[flag].repeats]
    given = {option_name(rows[flag]) for flag, _ in options.given}
    if both := [flag for flag in flags if option_name(rows[flag]) in given]:
        raise UsageError(f"--sweep {both[0].lstrip('-')}: {both[0]} is given, too; leave it out")
    if twice := [flag for flag in flags if flags.count(flag) > 1]:
        raise UsageError(f"--sweep {twice[0].lstrip('-')}: given twice; expected all values in one, such as"
                         " layer=4a,4b,4c")
    return sweeps


UNSWEPT = recipe.LEFT_OUT | set(ONE_ONLY)


OLDER = "older than what it is made of"


def same_dream(job: Job, model: str) -> str | None:
    """Of a result that is there already: "" if it is this dream, else why not; None if it cannot be told."""
    older = False
    with contextlib.suppress(OSError):
        made = os.stat(job.target).st_mtime
        older = any(os.stat(path).st_mtime > made for path in (job.source, *job.files()))
    row = deepdream.format_by_name(job.target)
    if "recipe" not in row.keeps:
        return f"a {row.name} file, which does not say how it was made, {OLDER}," if older else None
    try:
        kept = recipe.read(job.target)
    except DeepDreamError:
        return "a picture that is no dream of ours"
    if kept["model"].get("sha256") != model:
        return "a dream of another network"
    expected = recipe.command(deepdream.parse_command_line(job.words()))
    if kept["command"] != expected:
        return f"another dream ({kept['command'][:200]})"
    return OLDER if older else ""


# ---- One job, wherever that is ---------------------------------------------------------------------------------------
# What goes there and comes back is of plain types: another version of deepdream must be able to read enough of it to
# say that it is another one.

NETWORKS: dict[tuple[Any, ...], deepdream.Network] = {}
BUSY = threading.Lock()             # a network serves one thread at a time


class Task(NamedTuple):
    """What goes to a worker: a command line, and which part of it is to be done."""
    name: str                       # for messages; of its own
    words: Sequence[str]
    part: str = "dream"             # of PARTS
    more: dict[str, Any] = {}       # what that has to know


def words_of(options: SimpleNamespace) -> list[str]:
    """The command line that was given, as a worker takes it: without what is for this machine, and without the input,
    which is another one for each task or none."""
    return [options.mode, *deepdream.as_words(for_workers(options))]


def for_workers(options: SimpleNamespace) -> list[tuple[str, str]]:
    rows = deepdream.rows_by_flag(options.mode)
    return [(flag, text) for flag, text in options.given if option_name(rows[flag]) not in OURS]


def dream_part(options: SimpleNamespace, more: dict[str, Any]) -> dict[str, Any]:
    deepdream.run_dream(options)
    return {"data": read_bytes(options.output)}


PARTS: dict[str, Any] = {"dream": dream_part, "cell": "gallery:cell", "scene": "animate:scene"}


def request(task: Task, model: str, sha: str, engine: str, jobs: int, attach: bool = False) -> dict[str, Any]:
    """What a worker has to know of a task. attach: the network's file, too."""
    files: dict[int, tuple[str, bytes]] = {}
    words = list(task.words)
    rows = deepdream.rows_by_flag()
    for at, (flag, text) in enumerate(zip(words, words[1:]), 1):
        if flag in ("-o", "--output"):
            words[at] = os.path.basename(text)
        elif flag in rows and rows[flag].metavar == "FILE":
            files[at] = os.path.basename(text), read_bytes(text)
    return {"version": deepdream.__version__, "words": words, "files": files, "part": task.part, "more": task.more,
            "sha256": sha, "engine": engine, "jobs": jobs, "model": os.path.basename(model),
            "path": os.path.abspath(model), "beside": families.companions(model),
            "weights": read_bytes(model) if attach else b""}


def read_bytes(path: str) -> bytes:
    try:
        with open(path, "rb") as file:
            return file.read(deepdream.LARGEST_FILE)
    except (OSError, ValueError) as error:
        raise DeepDreamError(f"{path}: cannot be read ({getattr(error, 'strerror', None) or error}); expected a file of"
                             " yours") from None


def work(asked: dict[str, Any]) -> dict[str, Any]:
    """Do one task: {what it makes, "engine", "notes"}, {"error": one line}, with "full": True where a disk is, or
    {"lacks": the network}."""
    if asked["version"] != deepdream.__version__:
        return {"error": f"a worker has deepdream {deepdream.__version__}, this is {asked['version']}; install the same"
                         " version there"}
    folder = ""
    try:
        with BUSY, tempfile.TemporaryDirectory(prefix="deepdream-", ignore_cleanup_errors=True) as folder:
            words, notes = list(asked["words"]), list[str]()
            for at, (name, content) in asked["files"].items():
                words[at] = os.path.join(folder, f"{at}", name)         # the name counts: it is in the recipe
                os.mkdir(os.path.dirname(words[at]))
                with open(words[at], "wb") as file:
                    file.write(content)
            for at, word in enumerate(words[:-1], 1):
                if word in ("-o", "--output"):
                    words[at] = os.path.join(folder, words[at])
            options = deepdream.parse_command_line(words)
            network = network_for(asked, options)
            if network is None:
                return {"lacks": asked["sha256"]}
            options.quiet, options.tell, options.network = True, notes.append, network
            made = deepdream.resolve(PARTS[asked["part"]])(options, asked["more"])
            return {**made, "engine": network.choice.name, "notes": [without(note, folder) for note in notes]}
    except deepdream.NoRoom:
        return full()
    except (DeepDreamError, UsageError) as error:
        return {"error": without(str(error), folder)}
    except MemoryError:
        return {"error": "out of memory; use a smaller --size or --tile"}
    except OSError as error:
        if error.errno in deepdream.NO_ROOM:
            return full(error.strerror or str(error))
        return {"error": f"{error.strerror or error} where it was made; make room there"}


def full(reason: str = os.strerror(errno.ENOSPC)) -> dict[str, Any]:
    return {"error": f"{reason} where it was made, in {tempfile.gettempdir()}; make room there", "full": True}


def without(text: str, folder: str) -> str:
    """A message without the folder that names of files have only here."""
    return re.sub(re.escape(folder + os.sep) + "([0-9]+" + re.escape(os.sep) + ")?", "", text) if folder else text


def network_for(asked: dict[str, Any], options: SimpleNamespace) -> deepdream.Network | None:
    """The network of a job: one that is kept, that of a file that is here, or what came with the job."""
    key = (asked["sha256"], asked["engine"], asked["jobs"], deepdream.wants_exact(options),
           *deepdream.input_wishes(options), *sorted(asked["beside"].items()))
    if key not in NETWORKS:
        path = None
        for wish in ("drawn", "imagenet", asked.get("path")):
            with contextlib.suppress(DeepDreamError, OSError):
                found = wish and deepdream.choose_model(wish)[0]
                if not path and found and recipe.sha256(found) == asked["sha256"] and (
                        families.companions(found) == asked["beside"]):
                    path = found
        if path is None:
            if hashlib.sha256(asked["weights"]).hexdigest() != asked["sha256"]:
                return None
            with tempfile.TemporaryDirectory(prefix="deepdream-network-", ignore_cleanup_errors=True) as folder:
                path = os.path.join(folder, asked["model"])
                for name, content in {asked["model"]: asked["weights"], **asked["beside"]}.items():
                    with open(os.path.join(folder, name), "wb") as file:
                        file.write(content)
                model = deepdream.model_as_wished(path, options)
                recipe.sha256(path)             # remembered; nothing else asks for the file again
        else:
            model = deepdream.model_as_wished(path, options)
        NETWORKS[key] = deepdream.Network(model, asked["engine"], asked["jobs"], exact=deepdream.wants_exact(options))
    return NETWORKS[key]


# ---- All of them -----------------------------------------------------------------------------------------------------

class Pool(NamedTuple):
    """Where jobs go."""
    start: Callable[[], concurrent.futures.Executor]    # again if it broke
    workers: int
    threads: int                                        # for each job
    stop: Callable[[], object] = lambda: None           # at once, whatever runs


# Python's own process that removes the semaphores of one that was interrupted would warn that it had to; it starts with
# the first executor, and with the filters of that moment.
TIDY = "ignore:resource_tracker"


def processes(count: int, cores: int) -> Pool:
    """Processes of this machine: small dreams run best with one thread each, so there are as many as cores."""
    workers = max(1, min(count, cores, MOST_OF_WINDOWS if sys.platform == "win32" else cores))
    others = set(multiprocessing.active_children())         # of the program around us

    def start() -> concurrent.futures.Executor:
        sys.warnoptions.append(TIDY)
        try:
            return tidy_processes(workers)
        finally:
            sys.warnoptions.remove(TIDY)

    def stop() -> None:
        children = set(multiprocessing.active_children()) - others
        for child in children:
            child.kill()
        for child in children:
            child.join(10.0)

    return Pool(start, workers, max(1, cores // workers), stop)


def tidy_processes(workers: int) -> concurrent.futures.Executor:
    """Processes whose temporary files, pictures of the user among them, go when they do, however they end."""
    folder = tempfile.TemporaryDirectory(prefix="deepdream-", ignore_cleanup_errors=True)

    class Processes(concurrent.futures.ProcessPoolExecutor):
        def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
            super().shutdown(wait, cancel_futures=cancel_futures)
            remove(folder.name)
            folder.cleanup()

    return Processes(workers, multiprocessing.get_context("spawn"), begin, (folder.name,))


def begin(folder: str) -> None:
    """In a new process: Ctrl-C is for the parent to see, and nobody stays when that one is gone, nor anything in the
    folder for temporary files."""
    tempfile.tempdir = folder
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
            remove(folder)
            os._exit(1)

    threading.Thread(target=watch, daemon=True).start()


def remove(folder: str) -> None:
    """Remove a folder in which somebody, who is about to end, may be making a file at this moment."""
    for _ in range(100):
        shutil.rmtree(folder, ignore_errors=True)
        if not os.path.lexists(folder):
            break                               # for good: nobody makes the folder itself again
        time.sleep(0.05)


def check_dask(where: str) -> None:
    if importlib.util.find_spec("distributed") is None:
        raise DeepDreamError(f"--on {where}: Dask is not installed; run: pip install 'deepdream[dask]'")


def elsewhere(where: str) -> Pool:
    """--on dask: a cluster of this machine; --on dask://HOST:PORT: that of a scheduler."""
    check_dask(where)
    import distributed
    cluster = None
    try:
        if where == "dask":
            cluster = distributed.LocalCluster(n_workers=deepdream.available_cores(), threads_per_worker=1,
                                               dashboard_address=None)
            client = distributed.Client(cluster)
        else:
            client = distributed.Client("tcp://" + where.removeprefix("dask://"), timeout=10)
    except (OSError, ValueError) as error:
        raise DeepDreamError(f"--on {where}: no Dask scheduler answers there ({str(error)[:200]}); expected"
                             " dask://HOST:PORT, as dask scheduler prints it") from None

    logging.disable(logging.CRITICAL)           # what matters is said here, in one line

    def stop() -> None:
        with contextlib.suppress(Exception):        # that it is gone already
            client.close(timeout=5)
        if cluster is not None:
            with contextlib.suppress(Exception):
                cluster.close(timeout=5)

    workers = sum(client.nthreads().values())
    if not workers:
        stop()
        raise DeepDreamError(f"--on {where}: the scheduler has no workers; start one there: dask worker HOST:PORT")
    return Pool(lambda: client.get_executor(pure=False, retries=TRIES), workers, 1, stop)


def run_jobs(jobs: Sequence[Job], pool: Pool, model: str, engine: str = "auto") -> Iterator[Done]:
    """Each job as it ends."""
    by_target = {job.target: job for job in jobs}
    tasks = (Task(job.target, job.words()) for job in jobs)
    for task, answer in run_tasks(tasks, pool, model, engine):
        yield keep(by_target[task.name], answer)


def run_tasks(tasks: Iterable[Task], pool: Pool, model: str, engine: str = "auto"
              ) -> Iterator[tuple[Task, dict[str, Any]]]:
    """Each task as it ends, with what `work` answers. They are taken from `tasks` as there is room for them; what a
    worker that dies was doing is done again, TRIES times at most."""
    sha = recipe.sha256(model)
    again, tries = collections.deque[Task](), collections.Counter[str]()
    waiting = iter(tasks)
    running: dict[concurrent.futures.Future, Task] = {}
    lacking = set[str]()            # tasks whose worker has not the network: they take it along
    executor, begun = pool.start(), False
    try:
        while True:
            broken = False
            while len(running) < AHEAD * pool.workers and not broken:
                task = again.popleft() if again else next(waiting, None)
                if task is None:
                    break
                try:
                    asked = request(task, model, sha, engine, pool.threads, task.name in lacking)
                except DeepDreamError as error:
                    yield task, {"error": str(error)}
                    continue
                try:
                    running[executor.submit(work, asked)] = task
                    begun = True
                except Exception as error:
                    if not (begun and isinstance(error, concurrent.futures.BrokenExecutor)):
                        raise lost(error) from None         # of an executor that is not ours: its end of the line
                    broken = True                           # a worker died just now
                    again.appendleft(task)
            if not running and not broken:
                break
            ended, _ = concurrent.futures.wait(running, return_when=concurrent.futures.FIRST_COMPLETED)
            for future in ended:
                task = running.pop(future)
                try:
                    answer = future.result()
                except concurrent.futures.BrokenExecutor:
                    broken, answer = True, None
                except concurrent.futures.CancelledError as error:
                    running[future] = task
                    raise lost(error) from None
                except Exception as error:                  # on a worker: deepdream is not there, or not whole
                    answer = {"error": f"no worker did it ({type(error).__name__}: {str(error)[:200]})"}
                if answer is None:
                    tries[task.name] += 1
                    if tries[task.name] < TRIES:
                        again.append(task)
                    else:
                        yield task, {"error": f"the process that dreamed it died, {TRIES} times; perhaps out of memory:"
                                              " use a smaller --size, or -j 1"}
                elif "lacks" in answer and task.name not in lacking:
                    lacking.add(task.name)
                    again.append(task)
                else:
                    lacking.discard(task.name)
                    yield task, answer
            if broken:          # whoever was in it with the one that died has to be done again, too
                again.extendleft(running.values())
                running.clear()
                executor.shutdown(wait=False)
                executor, begun = pool.start(), False
    finally:
        ended_well = not running
        if running:
            pool.stop()
        with contextlib.suppress(Exception):
            executor.shutdown(wait=ended_well, cancel_futures=True)


def lost(error: BaseException) -> DeepDreamError:
    return DeepDreamError(f"whoever gives work to workers is gone ({type(error).__name__}); the same command goes on"
                          " with what is not made yet")


def keep(job: Job, answer: dict[str, Any]) -> Done:
    """Write what a worker made. NoRoom: here or there is no room for it, and so for no other."""
    if answer.get("full"):
        raise deepdream.NoRoom(f"{job.source}: {answer['error']}")
    if "data" not in answer:
        error, name = answer.get("error") or "the worker lacks the network", os.path.basename(job.source)
        return Done(job, job.source + error[len(name):] if error.startswith(name) else
                    error if error.startswith(job.source) else f"{job.source}: {error}")
    try:
        deepdream.write_whole(job.target, answer["data"])
    except deepdream.NoRoom:
        raise
    except DeepDreamError as error:
        return Done(job, str(error))
    return Done(job, "", False, len(answer["data"]), answer["engine"], tuple(answer["notes"]))


def dreams(sources: Iterable[str], folder: str, words: Sequence[str] = (),
           executor: concurrent.futures.Executor | None = None, overwrite: bool = False,
           model: str | None = None) -> Iterator[Done]:
    """Dream on each file of `sources`, into `folder`, with these words of a command line; yields each as it is done.

    executor: any of concurrent.futures' kind, whose workers have this version of deepdream; None: processes of this
    machine (then, as always with processes, the caller's module must not do this when it is imported). A result that is
    there already is skipped if it is the same dream, and an error if it is another, unless `overwrite`. NoRoom: the
    disk is full, so the others are not tried.
    """
    options = deepdream.parse_command_line(["dream", *words])
    path, _ = deepdream.choose_model(model or options.model)
    extension = options.format.extensions[0] if options.format else ""
    make_folder(folder)
    jobs, ended = there_already(plan_jobs(list(sources), folder, options.given, extension), path, overwrite)
    yield from ended
    if jobs:
        pool = processes(len(jobs), options.jobs or deepdream.available_cores())
        if executor is not None:
            given = executor
            pool = Pool(lambda: Borrowed(given), deepdream.available_cores(), options.jobs or 1)
        yield from run_jobs(jobs, pool, path, options.engine)


class Borrowed(concurrent.futures.Executor):
    """An executor of somebody else, who will use it again."""

    def __init__(self, executor: concurrent.futures.Executor) -> None:
        self.submit = executor.submit               # type: ignore[method-assign]

    def shutdown(self, wait: bool = True, *, cancel_futures: bool = False) -> None:
        pass


def there_already(jobs: list[Job], model: str, overwrite: bool) -> tuple[list[Job], list[Done]]:
    """(what is to be done, what is not: the same dream is there, or another one that nobody said may go, or nothing
    can be written there)"""
    left, ended = list[Job](), list[Done]()
    for job in jobs:
        there = not overwrite and os.path.isfile(job.target)
        why = same_dream(job, recipe.sha256(model)) if there else OLDER
        if why == OLDER:
            try:
                deepdream.Output(job.target)
                left.append(job)
            except DeepDreamError as error:
                ended.append(Done(job, str(error)))
        elif why:
            ended.append(Done(job, f"{job.target}: {why} is there; --overwrite replaces it, another -o keeps both"))
        else:
            ended.append(Done(job, skipped=True))
    return left, ended


# ---- From the command line -------------------------------------------------------------------------------------------

def run(options: SimpleNamespace) -> int:
    tell = deepdream.teller(options)
    check(options)
    folder = FOLDER if options.output is None else options.output
    sources = [file for path in options.inputs or [deepdream.data_file("cat_dog224.bmp")] for file in files_of(path)]
    for path in filter(os.path.isdir, options.inputs):
        if inner := [name for name in frames.names_in(path) if os.path.isdir(os.path.join(path, name))]:
            tell(f"{path}: folders in it are left out, such as {inner[0]}; -i '{os.path.join(path, '**', '*.jpg')}' is"
                 " in all of them")
    extension = options.format.extensions[0] if options.format else ""
    jobs = plan_jobs(sources, folder, for_workers(options), extension, sweeps_of(options))
    apart(jobs, options)
    deepdream.tell_unheard(options, (deepdream.format_by_name(job.target).obeys for job in jobs),
                           (pair for job in jobs for pair in job.given))
    model, reason = deepdream.choose_model(options.model)
    if options.taken:
        model, reason = options.taken.choose_network(model, reason, options.model is not None)
    check_dreams([job for job in jobs if job.source == jobs[0].source], model)
    make_folder(folder)
    left, ended = there_already(jobs, model, options.overwrite)
    progress = deepdream.Progress(len(left), "picture", options.quiet)
    pool = None
    if left:
        cores = options.jobs or deepdream.available_cores()
        pool = elsewhere(options.on) if options.on else processes(len(left), cores)
        tell(f"model: {model} ({reason}); {pictures(len(left))}, {pool.workers} at a time"
             + f", {pool.threads} threads each" * (pool.threads > 1) + f", on {options.on}" * bool(options.on))
    skipped, failed, engines, heard = sum(done.skipped for done in ended), list[str](), set[str](), set[str]()
    finished = ran = 0
    try:
        for done in itertools.chain(ended, run_jobs(left, pool, model, options.engine) if pool else ()):
            if done.error:
                failed.append(done.error)
                if done not in ended:
                    progress.say(done.error)
            elif not done.skipped:
                finished += 1
                engines.add(done.engine)
                for note in done.notes:
                    if note not in heard:
                        heard.add(note)
                        progress.say(note)
                progress.say(f"{done.target}: {done.size / 1e3:.0f} kB, {finished} of {len(left)}")
            if not done.skipped and done not in ended:
                ran += 1
                progress.piece_done(f"{ran} of {len(left)} done")
    except (KeyboardInterrupt, deepdream.NoRoom) as end:
        reason = f"{end}; " if isinstance(end, deepdream.NoRoom) else ""
        end.args = (f"{reason}{finished} of {pictures(len(left))} are in {folder}; the same command goes on",)
        raise
    finally:
        progress.line.clear()
        if pool and options.on:
            pool.stop()
    if options.sweep:
        sheets(jobs, options)
    if skipped:
        tell(f"{skipped} of {len(jobs)} were there already; --overwrite makes them again")
    if len(engines) > 1:
        deepdream.say(f"made by different engines ({', '.join(sorted(engines))}), whose rounding differs")
    tell(f"{pictures(finished)} made in {deepdream.duration(progress.seconds())}, in {folder}")
    if failed:
        deepdream.say(f"error: {len(failed)} of {pictures(len(jobs))} not made:")
        for line in failed:
            deepdream.say(f"  {line}")
        return 1
    return 0


def pictures(count: int) -> str:
    return f"{count} picture" + "s" * (count != 1)


OURS = {"input", "output", "sweep", "on", "overwrite", "quiet", "model", "engine", "jobs", "no_octaves", "show",
        "save_recipe", "resume"}


def check(options: SimpleNamespace) -> None:
    if alone := [name for name in ONE_ONLY if getattr(options, name)]:
        raise UsageError(f"--{alone[0].replace('_', '-')} is for one picture; here are several")
    if options.output == "-" or "-" in options.inputs:
        raise UsageError("many pictures cannot go through a pipe; expected folders, files or patterns")
    if options.on and options.on != "dask" and not (options.on.startswith("dask://") and ":" in options.on[7:]):
        raise UsageError(f"--on {options.on}: expected dask, or dask://HOST:PORT")
    if options.on:
        check_dask(options.on)
    if options.output is not None and not os.path.isdir(options.output):
        if os.path.exists(options.output):
            raise UsageError(f"{options.output}: a file; of many pictures -o is a folder")
        if writable(os.path.splitext(options.output)[1]):
            raise UsageError(f"{options.output}: a picture's name; of many pictures -o is a folder, such as dreams/")


def check_dreams(jobs: Sequence[Job], model: str) -> None:
    """What would be wrong with every picture is said once, and before the work: names of layers and classes, files."""
    network = None
    for job in jobs[:MOST_CHECKED]:
        options = deepdream.parse_command_line(job.words())
        options.tell = lambda note: None
        for path in filter(None, (options.guide, options.mask)):
            read_bytes(path)
        network = network or deepdream.Network(deepdream.model_as_wished(model, options), "python", 1)
        if deepdream.wants_plan(options):
            from . import wishes
            wishes.check(options)
            options.guide = options.mask = None         # takes time, and what is wrong there does not end the work
            wishes.plan(options, network, *network.model.size()[::-1])
        elif options.layer:
            network.name(options.layer)


MOST_CHECKED = 100


def make_folder(folder: str) -> None:
    try:
        os.makedirs(folder, exist_ok=True)
        tempfile.TemporaryFile(dir=folder).close()
    except (OSError, ValueError) as error:
        raise DeepDreamError(f"{folder}: no folder for the results ({getattr(error, 'strerror', None) or error});"
                             " expected one that you may write to; choose another -o") from None


def apart(jobs: Sequence[Job], options: SimpleNamespace) -> None:
    """No result may take the place of what is read."""
    read = {deepdream.identity(path): path for path in
            [*(job.source for job in jobs), *filter(None, (options.guide, options.mask, options.recipe))]}
    for job in jobs:
        for path in (job.target, sheet_path(job)) if options.sweep else (job.target,):
            if deepdream.identity(path) in read:
                raise DeepDreamError(f"{path}: this file is read; choose another folder with -o")
    for path in filter(os.path.isdir, options.inputs):
        if os.path.realpath(path) == os.path.realpath(os.path.dirname(jobs[0].target)):
            raise DeepDreamError(f"{path}: this folder is read, and the next time the results in it would be, too;"
                                 " choose another folder with -o")
    sheets = dict[str, str]()
    for job in jobs if options.sweep else ():
        if (other := sheets.setdefault(sheet_path(job), job.source)) != job.source:
            raise DeepDreamError(f"{sheet_path(job)}: would be the sheet of {other} and of {job.source}; give them"
                                 " other names or dream in two commands")


def sheet_path(job: Job) -> str:
    stem = os.path.splitext(os.path.basename(job.source))[0]
    return os.path.join(os.path.dirname(job.target), stem + "_sheet.png")


def sheets(jobs: Sequence[Job], options: SimpleNamespace) -> None:
    """Of each picture one sheet of what the sweep made of it, each with its options."""
    from . import gallery
    for path, those in itertools.groupby(jobs, sheet_path):
        results = []
        for job in those:
            with contextlib.suppress(DeepDreamError):       # another's file that stays, as was said, or nothing
                picture = deepdream.read_picture(job.target, tell=lambda note: None)
                size = deepdream.size_within(picture.width, picture.height, SHEET_SIDE)
                results.append((job.label, picture if size == (picture.width, picture.height)
                                else deepdream.shrink(picture, *size)))
        if results:
            sheet = gallery.laid_out(results, max(picture.width for _, picture in results),
                                     max(picture.height for _, picture in results))
            deepdream.write_picture(path, sheet)
            deepdream.teller(options)(f"{path}: all of them on one sheet")
