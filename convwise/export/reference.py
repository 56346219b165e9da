"""The process that answers as `convwise predict` does, under the run's own backend: what an export is held against."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convwise.export.measuring import costs
from convwise.export.processes import carry_out
from convwise.runs import Run
from convwise.runs.judging import Judge, load_model


def answer(asked: dict[str, Any]) -> dict[str, Any]:
    """Writes the run's own probabilities to the file `answers`, for those in `images`; the costs of model.keras.

    `asked` besides: the folder `run`, and whether to `trust`.
    """
    run = Run.open(asked["run"])
    recipe = run.settings.recipe
    judge = Judge(load_model(run, trust=asked["trust"]), run.class_names, recipe.flip_averaging)

    def answers_for(pixels: NDArray[Any]) -> NDArray[Any]:
        return judge.probabilities(pixels, np.arange(len(pixels)))

    found = costs(answers_for, recipe.shape.array, asked["began"], Path(asked["images"]))
    pixels = np.load(asked["images"], mmap_mode="r")
    np.save(asked["answers"], answers_for(pixels))
    return found


if __name__ == "__main__":
    carry_out(answer)
