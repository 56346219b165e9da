"""The images that choose the epoch, and how well a model does on them."""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np
from numpy.typing import NDArray

from convwise.evaluation import log_losses
from convwise.training.predict import predict_probabilities


@dataclass(frozen=True)
class Validation:
    """The images that choose the epoch: `pixels` (N, h, w, channels), `labels` (N,), `members` their positions."""

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int32]
    members: NDArray[np.int64]

    def scores(self, model: keras.Model, *, flip_averaging: bool) -> tuple[float, float]:
        """Accuracy and log loss of the model as it stands."""
        probabilities = predict_probabilities(model, self.pixels, self.members, flip_averaging=flip_averaging)
        labels = self.labels[self.members]
        accuracy = float(np.mean(probabilities.argmax(axis=1) == labels))
        return accuracy, float(log_losses(probabilities, labels).mean())
