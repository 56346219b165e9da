"""Carries out trials: the images of a study, held once, and trainings on them one after the other."""

from __future__ import annotations

import gc
import time
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from convwise.errors import ConvwiseError, RequestError, one_line
from convwise.images.folds import folds
from convwise.images.image_shape import ImageShape
from convwise.images.index import ImageIndex
from convwise.images.material import Material
from convwise.images.split import Split, split_images
from convwise.seeds import derive_seed
from convwise.study.starting import started
from convwise.study.trials import ExperimentSpec, Outcome, Trial, failed, packed
from convwise.training.recipe import Recipe

TIMED_STEPS = 6


@dataclass(frozen=True)
class TrialRunner:
    """Everything that a trial needs besides its own settings. A trial's outcome depends on these and on it alone."""

    spec: ExperimentSpec
    index: ImageIndex
    split: Split
    pixels: dict[ImageShape, NDArray[np.uint8]] = field(default_factory=dict)
    _divisions: dict[int, list[Split]] = field(default_factory=dict, init=False, repr=False, compare=False)

    @classmethod
    def open(cls, spec: ExperimentSpec) -> TrialRunner:
        """Reads the images, from the pixel cache where they are there. RequestError where they have changed."""
        return cls.of(spec, *spec.pictures.read())

    @classmethod
    def of(cls, spec: ExperimentSpec, index: ImageIndex, pixels: NDArray[np.uint8]) -> TrialRunner:
        """The same with the images at hand."""
        if spec.index_digest and index.digest != spec.index_digest:
            raise RequestError(
                f"data={spec.data}: the pictures in {spec.folder} have changed since the study began; put them back "
                "as they were, or begin a new study"
            )
        split = split_images(
            index, per_class=spec.per_class, test=spec.test, validation=spec.validation, seed=spec.seed
        )
        return cls(spec, index, split, {spec.recipe.shape: pixels})

    def fold(self, block: int) -> Split:
        """The division of that block: the folds of one division in turn, then those of the next."""
        division, number = divmod(block, self.spec.n_folds)
        if division not in self._divisions:
            self._divisions.clear()  # blocks come in their order: one division is enough
            seed = derive_seed(self.spec.seed, "division", division)
            self._divisions[division] = folds(self.split, self.index, n_folds=self.spec.n_folds, seed=seed)
        dealt = self._divisions[division]
        return dealt[number % len(dealt)]

    def carry_out(self, trial: Trial) -> Outcome:
        """Trains and judges. What goes wrong with the trial is a record, not an error."""
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
        from convwise.training.checkpoint import NoCheckpoints
        from convwise.training.fit import batches_of, fit, seconds_per_step
        from convwise.training.hooks import Hooks
        from convwise.training.predict import predict_probabilities

        spec = self.spec
        seed = derive_seed(spec.seed, "block", trial.block) % 2**62
        if trial.own_seed:
            seed = derive_seed(seed, "again") % 2**62
        changes = {"minutes": None, "towers": 1, "seed": seed, **trial.changes}
        if trial.epochs:
            changes["epochs"] = trial.epochs
        recipe = replace(spec.recipe, **changes)
        pixels = self._pixels(recipe)
        split = self.fold(trial.block)
        material = Material(self.index, pixels, split, spec.reading)
        start = started(spec, recipe, trial.settings, material)
        network, batches = start.network, batches_of(material, recipe)
        if trial.epochs == 0:
            step = seconds_per_step(network, batches, recipe, n_steps=TIMED_STEPS) if start.recipe else 1e-6
            taken = time.monotonic() - began
            return Outcome(
                trial.key, "timed", seconds_per_image=step / batches.batch_size, seconds=taken, **start.costs
            )
        seconds: list[float] = []
        if start.recipe:
            hooks = Hooks(epoch=lambda row: seconds.append(row["seconds"]))
            fit(network, batches, None, recipe=start.recipe, checkpoints=NoCheckpoints(), hooks=hooks)
            start.finish()

        def answers(members: NDArray[np.int64]) -> NDArray[np.float64]:
            return predict_probabilities(network, pixels, members, flip_averaging=recipe.flip_averaging)

        judged = answers(split.validation)
        if not np.isfinite(judged).all():
            raise ConvwiseError("the network's answers are not numbers")
        n_images = batches.steps * batches.batch_size
        steady = float(np.median(seconds[1:] or seconds)) / n_images if seconds else None
        return Outcome(
            trial.key,
            "done",
            answers=packed(judged),
            test_answers=packed(answers(split.test)) if trial.on_test and len(split.test) else "",
            seconds_per_image=round(steady, 8) if steady else None,
            seconds=round(time.monotonic() - began, 3),
            **start.costs,
        )

    def _pixels(self, recipe: Recipe) -> NDArray[np.uint8]:
        """Of the recipe's shape, which a study may vary."""
        if recipe.shape not in self.pixels:
            self.pixels[recipe.shape] = replace(self.spec.pictures, shape=recipe.shape).read()[1]
        return self.pixels[recipe.shape]
