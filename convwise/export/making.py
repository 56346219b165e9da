"""The process that makes exported files: TensorFlow is Keras's backend in it, whichever the run was trained with.

Keras's exporters make all formats from TensorFlow and few from other backends, and a saved network belongs to none. It
is a process of its own, so that this choice, the memory and the lines of the converters stay in it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from convwise.errors import ConvwiseError, one_line
from convwise.export.processes import carry_out


def make(asked: dict[str, Any]) -> dict[str, Any]:
    """Writes the files; the answer is empty.

    `asked`: the folders `run` and `place`, the names `formats`, whether to `trust`, and for `int8` the file of pixels
    `calibration` ("" for floats alone).
    """
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type] # nothing is sent: see runtimes.py
    from convwise.export.formats import formats_of
    from convwise.export.graph import graph_for, write_graph
    from convwise.export.int8 import write_int8
    from convwise.runs import Run
    from convwise.runs.judging import load_model

    run, place = Run.open(asked["run"]), Path(asked["place"])
    network, flip_averaging = load_model(run, trust=asked["trust"]), run.settings.recipe.flip_averaging
    for each in formats_of(asked["formats"]):
        try:
            graph = graph_for(network, each, flip_averaging=flip_averaging)
            write_graph(graph, each, place)
            if asked["calibration"]:
                write_int8(graph, each, place, Path(asked["calibration"]))
        except OSError:
            raise
        except Exception as problem:  # converters raise whatever they stumble over
            raise ConvwiseError(f"to={each.name}: this network cannot be exported to it: {one_line(problem)}") from None
    return {}


if __name__ == "__main__":
    carry_out(make)
