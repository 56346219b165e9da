"""Logs as lines of JSON on standard error: what happened, when, how long; never a picture, a name of one or a token."""

from __future__ import annotations

import json
import logging
import sys
import traceback
from datetime import UTC, datetime
from typing import Any

_MOST_PATH = 200


def log(event: str, **values: Any) -> None:
    """One line: the time in UTC, the event, and the values.

    Args:
        event: What happened, in a word.
        values: What is told of it; plain values of JSON.

    Example:
        >>> from convwise.http_core.logs import log
        >>> log("ready", address="http://127.0.0.1:8000")
    """
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    sys.stderr.write(json.dumps({"time": now, "event": event, **values}) + "\n")


def log_request(scope: Any, status: int, seconds: float) -> None:
    """A request that is over; its query stays out, where a token may be."""
    client = scope.get("client")
    log(
        "request",
        method=scope["method"],
        path=scope["path"][:_MOST_PATH],
        status=status,
        ms=round(1000 * seconds, 2),
        client=client[0] if client else None,
    )


def log_error(error: BaseException, **values: Any) -> None:
    """An error that nobody foresaw, with its traceback: for who runs the server."""
    told = "".join(traceback.format_exception(error))
    log("error", error=f"{type(error).__name__}: {error}"[:500], traceback=told[-8000:], **values)


class JsonHandler(logging.Handler):
    """What libraries log, as lines of the same form."""

    def emit(self, record: logging.LogRecord) -> None:
        """A line."""
        try:
            log("library", level=record.levelname.lower(), logger=record.name, message=record.getMessage()[:2000])
        except Exception:
            self.handleError(record)


def log_libraries_as_json() -> None:
    """What uvicorn and others have to say from warnings on goes to `log`."""
    root = logging.getLogger()
    root.handlers[:] = [JsonHandler(logging.WARNING)]
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access", "asyncio"):
        logger = logging.getLogger(name)
        logger.handlers[:] = []
        logger.propagate = True
        logger.setLevel(logging.WARNING)
