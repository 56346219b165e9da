"""A warm process: has everything imported, makes one case after another, runs it and says what was wrong with it."""

from __future__ import annotations

import faulthandler
import gc
import json
import os
import resource
import shutil
import socket
import sys
import time
from contextlib import ExitStack, nullcontext
from pathlib import Path
from typing import Any

from tests.hostile.cases import Material, rng_of
from tests.hostile.contract import faults_of
from tests.hostile.fence import fenced
from tests.hostile.kinds import KINDS
from tests.hostile.plants import PLANTS
from tests.hostile.privileges import ordinary_user, with_modes
from tests.hostile.running import in_this_process, really
from tests.hostile.surroundings import HOME, TEMPORARY, USER, Guard, look

_MEMORY_BYTES = 4 * 2**30  # that one process may take: far more than any case needs, far less than /dev/zero gives
_FILE_BYTES = 2**30


def main(channel: socket.socket, material: Material, stacks: Path) -> None:
    """Answers each line of JSON with one; ends with the channel. A hang ends the process, its stack in `stacks`.

    Nothing can be written but beside `stacks`.
    """
    ordinary_user()
    if not fenced([stacks.parent]) and os.geteuid() == 0:
        raise SystemExit("root runs hostile input only behind a fence, which this system lacks: be an ordinary user")
    guard = Guard()
    _import_all()
    gc.freeze()  # or each look for what to free would go through all of TensorFlow
    resource.setrlimit(resource.RLIMIT_DATA, (_data_bytes() + _MEMORY_BYTES,) * 2)
    resource.setrlimit(resource.RLIMIT_FSIZE, (_FILE_BYTES,) * 2)
    with channel.makefile("rw", encoding="utf-8") as lines, stacks.open("w") as stack:
        _tell(lines, {"ready": True})
        for line in lines:
            _tell(lines, _examined(json.loads(line), lines, guard, material, stack))


def _examined(ask: dict[str, Any], lines: Any, guard: Guard, material: Material, stack: Any) -> dict[str, Any]:
    kind, folder, limit_s = ask["kind"], Path(ask["folder"]), ask["limit_s"]
    folder.mkdir(parents=True)
    for name in (HOME, TEMPORARY, USER):
        (folder / name).mkdir()
    case = KINDS[kind](rng_of(kind, ask["seed"], ask["number"]), folder, material)
    real = bool(case.shell) or (ask["real"] and not any("\0" in argument for argument in case.argv))
    _tell(lines, {"begun": list(case.argv), "shell": case.shell})
    plant = PLANTS[ask["plant"]].planted if ask["plant"] and not real else nullcontext
    before = look(folder)
    began = time.monotonic()
    with ExitStack() as stay:
        stay.enter_context(with_modes(folder, case.modes))
        if real:
            outcome = really(case, folder, limit_s=limit_s, plant=ask["plant"])
        else:
            stay.enter_context(plant())
            guard.elsewhere = []
            faulthandler.dump_traceback_later(limit_s, exit=True, file=stack)
            try:
                outcome = in_this_process(case, folder, guard)
            finally:
                faulthandler.cancel_dump_traceback_later()
    seconds = time.monotonic() - began
    faults = faults_of(case, outcome, folder, before, look(folder))
    if not ask["keep"]:
        shutil.rmtree(folder, ignore_errors=True)
    return {
        "argv": list(case.argv),
        "shell": case.shell,
        "real": real,
        "exit_code": outcome.exit_code,
        "seconds": seconds,
        "faults": [{"sort": fault.sort, "detail": fault.detail} for fault in faults],
        "out": _shown(outcome.out),
        "err": _shown(outcome.err),
        "resident_bytes": _resident_bytes(),
    }


def _shown(stream: bytes) -> str:
    text = stream.decode("utf-8", "backslashreplace")
    return text if len(text) <= 4000 else f"{text[:2000]}\n[...]\n{text[-2000:]}"


def _tell(lines: Any, value: dict[str, Any]) -> None:
    lines.write(json.dumps(value) + "\n")
    lines.flush()


def _import_all() -> None:
    """All that any command imports, and one convolution, so that a case costs what it costs alone."""
    import keras
    import matplotlib.pyplot  # noqa: F401

    import convwise.cli
    import convwise.commands.study
    import convwise.commands.train
    import convwise.study.run_study

    del convwise
    keras.layers.Conv2D(1, 3)(keras.ops.zeros((1, 4, 4, 1)))


def _data_bytes() -> int:
    return _kib("VmData")


def _resident_bytes() -> int:
    return _kib("VmRSS")


def _kib(name: str) -> int:
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) * 1024
    return 0


if __name__ == "__main__":
    os.environ.update(TF_CPP_MIN_LOG_LEVEL="3", GLOG_minloglevel="3")
    main(socket.socket(fileno=int(sys.argv[1])), Material(Path(sys.argv[2])), Path(sys.argv[3]))
