"""Outputs for many images, a batch of constant size at a time."""

from __future__ import annotations

from collections.abc import Callable

import keras
import numpy as np
from numpy.typing import NDArray

from convwise.errors import ConvwiseError, one_line
from convwise.training.retracing import without_retracing_remarks

BATCH = 128


def predict_probabilities(
    model: keras.Model,
    pixels: NDArray[np.uint8],
    members: NDArray[np.int64],
    *,
    flip_averaging: bool,
    progress: Callable[[int, int], None] | None = None,
) -> NDArray[np.float64]:
    """(len(members), n_classes): the model's probabilities for `pixels[members]`, raw 0..255.

    With flip_averaging, the mean over each image and its mirror image. `progress` hears (images done, of how many),
    an image and its mirror image counted as half of one each.
    """
    views = (None, mirrored) if flip_averaging else (None,)
    n_done = 0

    def heard(n: int) -> None:
        nonlocal n_done
        n_done += n
        if progress is not None:
            progress(n_done // len(views), len(members))

    outputs = [outputs_for(model, pixels, members, view, heard) for view in views]
    return np.asarray(np.mean(outputs, axis=0))


def outputs_for(
    model: keras.Model,
    pixels: NDArray[np.uint8],
    members: NDArray[np.int64],
    changed: Callable[[NDArray[np.uint8]], NDArray[np.generic]] | None = None,
    heard: Callable[[int], None] = lambda n: None,
) -> NDArray[np.float64]:
    """(len(members), n_outputs): what the model makes of `pixels[members]`, each batch `changed` before.

    `heard` is told the size of each batch that is done. Raises ConvwiseError where the backend cannot compute it.
    """
    results = []
    for start in range(0, len(members), BATCH):
        images = np.asarray(pixels[members[start : start + BATCH]])
        n = len(images)
        # Another size would be compiled anew, and a model in towers takes one alone; a few images stay few.
        if n < BATCH and (len(members) > BATCH or model.input_shape[0] is not None):
            images = np.concatenate([images, np.zeros((BATCH - n, *images.shape[1:]), images.dtype)])
        given = images if changed is None else changed(images)
        results.append(_predicted(model, given)[:n])
        heard(n)
    if not results:
        return np.zeros((0, model.output_shape[-1]))
    return np.concatenate(results)


def _predicted(model: keras.Model, images: NDArray[np.generic]) -> NDArray[np.float64]:
    try:
        with without_retracing_remarks():
            return np.asarray(model.predict_on_batch(images), np.float64)
    except Exception as problem:  # each backend has errors of its own for what it cannot do
        backend = keras.backend.backend()
        raise ConvwiseError(
            f"{backend} cannot compute the network {model.name} here: {one_line(problem)}; "
            "convwise explain says which layer that may be"
        ) from problem


def mirrored(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """(n, h, w, c) with left and right exchanged."""
    return np.ascontiguousarray(images[:, :, ::-1])
