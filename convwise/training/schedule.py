"""The learning rate as a function of progress, from 0 at the start of a training to 1 at its end."""

from __future__ import annotations

import math
from typing import Any

import keras
from keras import ops

from convwise.training.recipe import Recipe


def rate_at(recipe: Recipe, progress: float, step: int) -> float:
    """The learning rate at `progress` in 0..1, the `step`-th step; the same formula as the compiled schedule's."""
    if recipe.schedule == "constant":
        return recipe.rate
    if recipe.schedule == "inverse_time":
        return recipe.rate / (1 + recipe.rate / recipe.epochs * step)
    if progress < recipe.warmup:
        return recipe.rate * (0.1 + 0.9 * progress / recipe.warmup)
    rest = min(1.0, (progress - recipe.warmup) / (1 - recipe.warmup))
    return recipe.rate * 0.5 * (1 + math.cos(math.pi * rest))


class StepSchedule(keras.optimizers.schedules.LearningRateSchedule):  # type: ignore[misc]
    """`rate_at` for a training of a known number of steps, computed inside the compiled step on any backend."""

    def __init__(self, recipe: Recipe, total_steps: int) -> None:
        self.recipe = recipe
        self.total_steps = total_steps

    def __call__(self, step: Any) -> Any:
        """The rate at optimizer step `step`, counted from 0."""
        step = ops.cast(step, "float32")
        recipe = self.recipe
        if recipe.schedule == "constant":
            return ops.convert_to_tensor(recipe.rate, "float32")
        if recipe.schedule == "inverse_time":
            return recipe.rate / (1 + recipe.rate / recipe.epochs * step)
        progress = step / self.total_steps
        rest = ops.minimum(1.0, (progress - recipe.warmup) / (1 - recipe.warmup))
        falling = 0.5 * (1 + ops.cos(math.pi * rest))
        rising = 0.1 + 0.9 * progress / max(recipe.warmup, 1e-9)
        return recipe.rate * ops.where(progress < recipe.warmup, rising, falling)

    def get_config(self) -> dict[str, Any]:
        """Keras asks for it when it saves an optimizer; trained models are saved without theirs."""
        return {"recipe": self.recipe.to_dict(), "total_steps": self.total_steps}
