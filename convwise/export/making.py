"""The process that makes exported files: TensorFlow is Keras's backend in it, whichever the run was trained with.

Keras's exporters make all formats from TensorFlow and few from other backends, and a saved network belongs to none. It
is a process of its own, so that this choice, the memory and the lines of the converters stay in it.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from convwise.errors import ConvwiseError, one_line


def make(asked: dict[str, Any]) -> None:
    """Writes the files. `asked`: the folders `run` and `place`, the names `formats`, and whether to `trust`."""
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type] # nothing is sent: see runtimes.py
    from convwise.export.formats import formats_of
    from convwise.export.graph import graph_of, write_graph
    from convwise.runs import Run
    from convwise.runs.judging import load_model

    run = Run.open(asked["run"])
    graph = graph_of(load_model(run, trust=asked["trust"]), flip_averaging=run.settings.recipe.flip_averaging)
    for each in formats_of(asked["formats"]):
        try:
            write_graph(graph, each, Path(asked["place"]))
        except OSError:
            raise
        except Exception as problem:  # converters raise whatever they stumble over
            raise ConvwiseError(f"to={each.name}: this network cannot be exported to it: {one_line(problem)}") from None


def main() -> None:
    """What is asked for on standard input, as one line of JSON; the answer is the last line of standard output."""
    answer: dict[str, Any] = {}
    try:
        make(json.loads(sys.stdin.readline()))
    except ConvwiseError as problem:
        answer = {"error": str(problem), "exit_code": problem.exit_code}
    except OSError as problem:
        answer = {"errno": problem.errno, "error": problem.strerror or str(problem)}
    print("\n" + json.dumps(answer), flush=True)
    os._exit(0)  # without the seconds that TensorFlow takes to leave


if __name__ == "__main__":
    main()
