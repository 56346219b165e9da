"""A worker: one process on one core that carries out trials, a line of JSON in, a line of JSON out."""

from __future__ import annotations

import json
import os
import sys
import threading
from queue import SimpleQueue
from typing import Any


def main() -> None:
    """Reads what is trained, then trials, from standard input until it ends; answers on what was standard output."""
    from convwise.cores import take_one_core

    take_one_core(int(sys.argv[1]))
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # what libraries print is not an answer
    lines: SimpleQueue[str] = SimpleQueue()
    threading.Thread(target=_read, args=(lines,), daemon=True).start()

    from convwise.errors import ConvwiseError
    from convwise.study.trial_runner import TrialRunner
    from convwise.study.trials import ExperimentSpec, Trial

    def answer(value: dict[str, Any]) -> None:
        answers.write(json.dumps(value) + "\n")
        answers.flush()

    try:
        runner = TrialRunner.open(ExperimentSpec.from_dict(json.loads(lines.get())))
    except ConvwiseError as problem:
        answer({"error": str(problem), "exit_code": problem.exit_code})
        return
    answer({"ready": True})
    while True:
        answer(runner.carry_out(Trial.from_dict(json.loads(lines.get()))).to_dict())


def _read(lines: SimpleQueue[str]) -> None:
    """The end of the input means that the study is over or was killed: no trial is worth finishing then."""
    for line in sys.stdin:
        lines.put(line)
    os._exit(0)


if __name__ == "__main__":
    main()
