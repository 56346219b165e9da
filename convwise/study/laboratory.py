"""A laboratory: the images of a study, held once, and the trials that are carried out on them one after the other."""

from __future__ import annotations

import dataclasses
import gc
import math
import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from convwise.conv2d import parse_settings
from convwise.errors import ConvwiseError, RequestError, one_line
from convwise.images.index import ImageIndex
from convwise.images.material import Material
from convwise.images.split import Split, resplit, split_images
from convwise.seeds import derive_seed
from convwise.study.costs import costs_of
from convwise.study.trials import Bench, Outcome, Trial, failed


@dataclass(frozen=True)
class Laboratory:
    """Everything that a trial needs besides its own settings. A trial's outcome depends on these and on it alone."""

    bench: Bench
    index: ImageIndex
    pixels: NDArray[np.uint8]
    split: Split

    @classmethod
    def open(cls, bench: Bench) -> Laboratory:
        """Reads the images, from the pixel cache where they are there. RequestError where they have changed."""
        return cls.of(bench, *bench.pictures.read())

    @classmethod
    def of(cls, bench: Bench, index: ImageIndex, pixels: NDArray[np.uint8]) -> Laboratory:
        """The same with the images at hand."""
        if bench.index_digest and index.digest != bench.index_digest:
            raise RequestError(
                f"data={bench.data}: the pictures in {bench.folder} have changed since the study began; put them back "
                "as they were, or begin a new study"
            )
        split = split_images(
            index, per_class=bench.per_class, test=bench.test, validation=bench.validation, seed=bench.seed
        )
        return cls(bench, index, pixels, split)

    def carry_out(self, trial: Trial) -> Outcome:
        """Trains and evaluates. What goes wrong with the trial is a record, not an error."""
        began = time.monotonic()
        try:
            return self._carried_out(trial, began)
        except ConvwiseError as problem:
            return failed(trial.key, str(problem), time.monotonic() - began)
        except MemoryError:
            return failed(trial.key, "out of memory", time.monotonic() - began)
        except Exception as problem:  # a backend's own errors, out of memory on a GPU among them
            reason = f"{type(problem).__name__}: {one_line(problem)[:300]}"
            return failed(trial.key, reason, time.monotonic() - began)
        finally:
            gc.collect()

    def _carried_out(self, trial: Trial, began: float) -> Outcome:
        from convwise.nets import build
        from convwise.nets.fast_layers import with_fast_layers
        from convwise.training.checkpoint import NoCheckpoints
        from convwise.training.fit import batches_of, fit
        from convwise.training.hooks import Hooks
        from convwise.training.predict import predict_probabilities
        from convwise.training.validation import Validation

        bench = self.bench
        root = derive_seed(bench.seed, "block", trial.block) % 2**62
        recipe = dataclasses.replace(bench.recipe, epochs=trial.epochs, minutes=None, towers=1, seed=root)
        split = resplit(self.split, self.index, validation=bench.validation, seed=root)
        n_classes = len(self.index.class_names)
        built = build(
            bench.net,
            shape=recipe.shape,
            n_classes=n_classes,
            settings=bench.network.overlaid(parse_settings(trial.settings)),
            seed=derive_seed(root, "weights"),
            precision=recipe.precision,
            require_used=False,
        )
        costs = costs_of(built.model, batch=recipe.batch, optimizer=recipe.optimizer)
        network = with_fast_layers(built.model)
        del built  # its weights are in the other
        batches = batches_of(Material(self.index, self.pixels, split, bench.reading), recipe)
        seconds: list[float] = []
        hooks = Hooks(epoch=lambda row: seconds.append(row["seconds"]))
        fit(network, batches, None, recipe=recipe, checkpoints=NoCheckpoints(), hooks=hooks)
        validation = Validation(self.pixels, self.index.labels, split.validation)
        accuracy, log_loss = validation.scores(network, flip_averaging=recipe.flip_averaging)
        if not math.isfinite(log_loss):
            raise ConvwiseError("the network's answers are not numbers")
        correct = ""
        if trial.on_test and len(split.test):
            probabilities = predict_probabilities(
                network, self.pixels, split.test, flip_averaging=recipe.flip_averaging
            )
            hits = probabilities.argmax(axis=1) == self.index.labels[split.test]
            correct = "".join("1" if hit else "0" for hit in hits)
        steady = float(np.median(seconds[1:] or seconds)) / (batches.steps * batches.batch_size)
        return Outcome(
            trial.key,
            "done",
            accuracy=round(100 * accuracy, 6),
            log_loss=round(log_loss, 8),
            seconds_per_image=round(steady, 8),
            seconds=round(time.monotonic() - began, 3),
            correct=correct,
            **costs,
        )
