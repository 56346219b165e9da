"""Heatmaps by the backend that KERAS_BACKEND names: `python -m tests.nets.heatmaps_of FOLDER OUT`.

FOLDER holds models, NAME.keras, and pictures.npy; OUT gets maps, regions and probabilities.
"""

from __future__ import annotations

import sys
from pathlib import Path

import keras
import numpy as np
from numpy.typing import NDArray

from convwise.nets.heatmap.heatmap import heat_of


def heatmaps(folder: Path) -> dict[str, NDArray[np.float64]]:
    """By model: the maps of all pictures, for the class 1, and the probabilities before and after the erasures."""
    found: dict[str, NDArray[np.float64]] = {}
    pictures = np.load(folder / "pictures.npy")
    for file in sorted(folder.glob("*.keras")):
        model = keras.models.load_model(file, compile=False)

        def ask(stack: NDArray[np.uint8], model: keras.Model = model) -> NDArray[np.float64]:
            return np.asarray(keras.ops.convert_to_numpy(model(stack.astype("float32"), training=False)), float)

        heats = [heat_of(model, pixels, 1, ask, seed=0, mirrored=False) for pixels in pictures]
        found[f"{file.stem} {heats[0].method}"] = np.stack([heat.values for heat in heats])
        found[f"{file.stem} probabilities"] = np.stack(
            [np.array([heat.probability, heat.after, *heat.after_random]) for heat in heats]
        )
    return found


if __name__ == "__main__":
    with Path(sys.argv[2]).open("wb") as out:
        np.savez(out, **heatmaps(Path(sys.argv[1])))
