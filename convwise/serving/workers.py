"""Several processes on one port: begun, watched, begun again where one dies, and told to end together."""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any

from convwise.errors import ConvwiseError
from convwise.http_core.logs import log
from convwise.serving.metrics import size
from convwise.serving.settings import ServeSettings

_SIGNALS = (signal.SIGINT, signal.SIGTERM)
_MOST_EARLY_DEATHS = 3
_EARLY_SECONDS = 10.0
_END_SECONDS = 5.0  # beyond what the limits allow a request


def serve_by_workers(
    export: Path, settings: ServeSettings, opened: socket.socket, *, ready: Callable[[], None] = lambda: None
) -> None:
    """Serves until SIGTERM or SIGINT by `settings.workers` processes on the port of this bound socket.

    Raises ConvwiseError where they die again and again.
    """
    with tempfile.TemporaryFile() as shared:
        shared.truncate(size(settings.workers))
        asked = {
            "export": str(export),
            "settings": {**asdict(settings), "port": opened.getsockname()[1]},
            "shared": shared.fileno(),
        }
        _Workers(asked, settings).run(ready)


class _Workers:
    """The processes, by number."""

    def __init__(self, asked: dict[str, Any], settings: ServeSettings) -> None:
        self._asked, self._n = asked, settings.workers
        limits = settings.limits
        self._end_seconds = limits.header_seconds + limits.body_seconds + _END_SECONDS
        self._processes: dict[int, subprocess.Popen[str]] = {}
        self._begun: dict[int, float] = {}
        self._heard: SimpleQueue[tuple[int, str]] = SimpleQueue()
        self._ending = False
        self._early_deaths = 0

    def run(self, ready: Callable[[], None]) -> None:
        before = {each: signal.signal(each, self._told_to_end) for each in _SIGNALS}
        try:
            for number in range(self._n):
                self._begin(number)
            self._watch(ready)
        finally:
            self._end()
            for each, handler in before.items():
                signal.signal(each, handler)

    def _begin(self, number: int) -> None:
        process = subprocess.Popen(
            [sys.executable, "-m", "convwise.serving.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            pass_fds=[self._asked["shared"]],
            text=True,
            start_new_session=True,  # a Ctrl-C is for this process, which ends them in turn
        )
        assert process.stdin
        process.stdin.write(json.dumps({**self._asked, "worker": number}) + "\n")
        process.stdin.flush()
        self._processes[number], self._begun[number] = process, time.monotonic()
        threading.Thread(target=self._listen, args=(number, process), daemon=True).start()

    def _listen(self, number: int, process: subprocess.Popen[str]) -> None:
        assert process.stdout
        for line in process.stdout:
            self._heard.put((number, line))

    def _watch(self, ready: Callable[[], None]) -> None:
        waiting = set(range(self._n))
        while not self._ending:
            try:
                number, line = self._heard.get(timeout=0.1)
            except Empty:
                self._replace_dead()
                continue
            answer = json.loads(line)
            if "error" in answer:
                raise ConvwiseError(answer["error"])
            if number in waiting:
                waiting.remove(number)
                if not waiting:
                    ready()

    def _replace_dead(self) -> None:
        for number, process in list(self._processes.items()):
            if self._ending or process.poll() is None or not self._heard.empty():
                continue
            log("worker died", worker=number, exit_code=process.returncode)
            early = time.monotonic() - self._begun[number] < _EARLY_SECONDS
            self._early_deaths = self._early_deaths + 1 if early else 0
            if self._early_deaths > _MOST_EARLY_DEATHS:
                raise ConvwiseError("the server's processes die as soon as they begin; its log says why")
            self._begin(number)

    def _end(self) -> None:
        """Tells all to end, and waits as long as a request may take."""
        for process in self._processes.values():
            process.send_signal(signal.SIGTERM)
        until = time.monotonic() + self._end_seconds
        for process in self._processes.values():
            try:
                process.wait(max(0.0, until - time.monotonic()))
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            for stream in (process.stdin, process.stdout):
                if stream:
                    stream.close()

    def _told_to_end(self, number: int, frame: object) -> None:
        self._ending = True
