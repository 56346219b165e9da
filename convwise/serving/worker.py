"""A worker: one of the processes that share a port. It reads what to serve, and ends when its parent is gone."""

from __future__ import annotations

import json
import os
import signal
import sys
import threading
from typing import Any

from convwise.errors import ConvwiseError
from convwise.http_core.listening import listening_socket
from convwise.serving.process import Place, serve_here
from convwise.serving.settings import ServeSettings


def main() -> None:
    """Reads a line of JSON, serves, and tells on standard output that it is ready or why it cannot."""
    asked = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    settings = ServeSettings.from_dict(asked["settings"])
    try:
        with listening_socket(settings.host, settings.port, shared=True, joins=True) as opened:
            place = Place(asked["worker"], asked["shared"])
            serve_here(asked["export"], settings, opened, place, ready=lambda: _tell({"ready": True}))
    except ConvwiseError as problem:
        _tell({"error": str(problem)})
        sys.exit(problem.exit_code)


def _tell(value: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(value) + "\n")
    sys.stdout.flush()


def _end_with_parent() -> None:
    """The parent holds the other end of standard input: when it is killed, nobody would end this process."""
    sys.stdin.read()
    os.kill(os.getpid(), signal.SIGTERM)


if __name__ == "__main__":
    main()
