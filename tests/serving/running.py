"""A real server in a process of its own, on a free port."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

_END_SECONDS = 60


class Served:
    """A server that runs: its address, what it logs, and its end."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self.process = process
        self._lines: list[str] = []
        self._reader = threading.Thread(target=self._read, daemon=True)
        self._reader.start()
        assert process.stdout
        said = process.stdout.readline()
        assert said.startswith("serving "), (said, self.end(), self.log)
        self.url = said.split()[-1]
        self.port = int(self.url.rpartition(":")[2])

    def client(self, **options: Any) -> httpx.Client:
        """A client of this server."""
        return httpx.Client(base_url=self.url, timeout=60, **options)

    @property
    def log(self) -> list[dict[str, Any]]:
        """The lines so far; each must be JSON."""
        return [json.loads(line) for line in list(self._lines)]

    def end(self, number: int = signal.SIGTERM) -> int:
        """Tells it to end, and its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        code = self.process.wait(_END_SECONDS)
        self._reader.join(5)
        return code

    def _read(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self._lines.append(line)


@contextmanager
def served(export: Path, *options: str, code: str = "", **environment: str) -> Iterator[Served]:
    """`convwise serve EXPORT --port 0 OPTIONS`; `code` is Python that runs in the process before it."""
    run = f"{code}\nimport sys\nfrom convwise.cli import entry\nsys.exit(entry())"
    process = subprocess.Popen(
        [sys.executable, "-c", run, "serve", str(export), "--port", "0", *options],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, **environment},
    )
    try:
        yield Served(process)
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream:
                stream.close()


def free_port() -> int:
    """A port that nobody listens on now."""
    with socket.create_server(("127.0.0.1", 0)) as opened:
        return int(opened.getsockname()[1])
