"""Keeps the backend's start-up lines, which no setting of TensorFlow 2.21 turns off, out of the user's sight."""

from __future__ import annotations

import contextlib
import os
import re
import threading
from collections.abc import Iterator

_KNOWN = re.compile(
    rb"WARNING: All log messages before absl::InitializeLog|I0000 .*(oneDNN custom operations|cpu_feature)"
    rb"|INFO: Created TensorFlow Lite XNNPACK delegate"
)


@contextlib.contextmanager
def filtered_standard_error() -> Iterator[None]:
    """Within the block, known lines that C++ code writes to standard error are dropped; all others pass at once.

    Python's own must have a descriptor of its own (`safe_streams`), so that progress bars still see a terminal.
    """
    terminal = os.dup(2)
    source, sink = os.pipe()
    os.dup2(sink, 2)
    os.close(sink)
    reader = threading.Thread(target=_forward, args=(source, terminal), daemon=True)
    reader.start()
    try:
        yield
    finally:
        os.dup2(terminal, 2)  # the last writer of the pipe is gone: the reader comes to its end
        reader.join(timeout=1)
        os.close(terminal)


def _forward(source: int, terminal: int) -> None:
    with os.fdopen(source, "rb", buffering=0) as lines:
        rest = b""
        while block := lines.read(65536):
            *whole, rest = (rest + block).split(b"\n")
            for line in whole:
                _pass_on(line + b"\n", terminal)
        _pass_on(rest, terminal)


def _pass_on(line: bytes, terminal: int) -> None:
    if line and not _KNOWN.match(line):
        with contextlib.suppress(OSError):  # a full or closed one takes nothing: then it is not told
            os.write(terminal, line)
