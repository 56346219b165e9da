"""One case's command: by `main(argv)` in this warm process, or as a process of its own."""

from __future__ import annotations

import gc
import io
import os
import signal
import subprocess
import sys
import tempfile
import traceback
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import FrameType
from typing import IO

from tests.hostile.cases import Case
from tests.hostile.outcome import Outcome
from tests.hostile.surroundings import HOME, TEMPORARY, USER, Guard

_ROOT = Path(__file__).resolve().parents[2]
# No download is ever needed: whoever tries one gets an answer at once, on any machine.
_NO_NETWORK = dict.fromkeys(("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"), "http://127.0.0.1:9")


def environment_of(case: Case, folder: Path) -> dict[str, str]:
    """The user's, with a home, a place for temporary files and a network that refuses, all of the case's own."""
    own = {
        "CONVWISE_HOME": str(folder / HOME),
        "HOME": str(folder / USER),
        "TMPDIR": str(folder / TEMPORARY),
        "KERAS_HOME": str(folder / USER / ".keras"),
        "PYTHONDONTWRITEBYTECODE": "1",
        "PYTHONFAULTHANDLER": "1",
        "COLUMNS": "120",
        **_NO_NETWORK,
    }
    chosen: dict[str, str | None] = {**os.environ, **own, **case.environment}
    return {name: value for name, value in chosen.items() if value is not None}


def in_this_process(case: Case, folder: Path, guard: Guard) -> Outcome:
    """By `main(argv)`, with standard streams as a new interpreter has them. What is changed is changed back."""
    from convwise.cli import main

    escaped, code = "", None
    with ExitStack() as stay:
        out, err = stay.enter_context(_captured())
        stay.enter_context(_surroundings(case, folder))
        stay.enter_context(warnings.catch_warnings())
        stay.enter_context(_stopped_after(case.stop_after_s))
        guard.folder = str(folder)
        try:
            code = main(list(case.argv))
        except SystemExit as left:
            code = left.code if isinstance(left.code, int) else int(left.code is not None)
        except BaseException:
            escaped = traceback.format_exc()
        finally:
            signal.setitimer(signal.ITIMER_REAL, 0)  # too late to stop anything but the suite
            guard.folder = None
        gc.collect()  # what complains when it is freed does so here
        return Outcome(code, _content(out), _content(err), escaped, tuple(guard.elsewhere))


def really(case: Case, folder: Path, *, limit_s: float, plant: str = "") -> Outcome:
    """As a process of its own, through a shell where the streams are the case."""
    start = f"from tests.hostile.plants import really_plant; really_plant({plant!r}); " if plant else ""
    main = f"import sys; {start}from convwise.cli import entry; sys.exit(entry())"
    command = [sys.executable, "-c", main] if plant else [sys.executable, "-m", "convwise"]
    command += case.argv
    if case.shell:
        command = ["bash", "-c", case.shell.replace("{}", '"$@"'), "bash", *command]
    environment = environment_of(case, folder)
    environment["PYTHONPATH"] = os.pathsep.join(path for path in (str(_ROOT), environment.get("PYTHONPATH")) if path)
    process = subprocess.Popen(
        command, cwd=folder, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
        start_new_session=True,
    )  # fmt: skip
    try:
        out, err = process.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGABRT)  # the fault handler tells where it hung
        out, err = process.communicate()
        return Outcome(None, out, err, escaped="hang\n" + err.decode("utf-8", "replace"))
    escaped = f"killed by signal {-process.returncode}" if process.returncode < 0 else ""
    return Outcome(process.returncode, out, err, escaped)


@contextmanager
def _captured() -> Iterator[tuple[IO[bytes], IO[bytes]]]:
    """Descriptors 1 and 2 into files, with new streams of Python's over them; C libraries write there too."""
    before = sys.stdout, sys.stderr
    kept = os.dup(1), os.dup(2)
    with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err:
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        sys.stdout = io.TextIOWrapper(io.FileIO(1, "w", closefd=False), "utf-8", "strict", write_through=True)
        sys.stderr = io.TextIOWrapper(io.FileIO(2, "w", closefd=False), "utf-8", "backslashreplace", write_through=True)
        try:
            yield out, err
        finally:
            sys.stdout, sys.stderr = before
            for descriptor, original in zip((1, 2), kept, strict=True):
                os.dup2(original, descriptor)
                os.close(original)


def _content(file: IO[bytes]) -> bytes:
    file.seek(0)
    return file.read()


@contextmanager
def _surroundings(case: Case, folder: Path) -> Iterator[None]:
    place, environment, directory = Path.cwd(), dict(os.environ), tempfile.tempdir
    os.environ.clear()
    os.environ.update(environment_of(case, folder))
    tempfile.tempdir = None
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(place)
        os.environ.clear()
        os.environ.update(environment)
        tempfile.tempdir = directory


@contextmanager
def _stopped_after(seconds: float | None) -> Iterator[None]:
    """Long work that was rightly begun ends as Ctrl-C ends it."""

    def handler(number: int, frame: FrameType | None) -> None:
        stop = signal.getsignal(signal.SIGINT)  # the program's own while it runs
        assert callable(stop)
        stop(signal.SIGINT, frame)

    before = signal.signal(signal.SIGALRM, handler)
    interrupt = signal.signal(signal.SIGINT, signal.default_int_handler)  # a background job is born deaf to it
    signal.setitimer(signal.ITIMER_REAL, seconds or 0)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)
        signal.signal(signal.SIGINT, interrupt)
