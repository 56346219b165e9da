"""What a trial trains: the network with its settings, from first weights or from pretrained ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from convwise.conv2d import parse_settings
from convwise.images.material import Material
from convwise.seeds import derive_seed
from convwise.study.costs import costs_of
from convwise.study.trials import ExperimentSpec
from convwise.training.recipe import Recipe


@dataclass(frozen=True, eq=False)
class Started:
    """A network before its first epoch, its `costs`, and the `recipe` of its epochs; None where it needs none.

    `weights`: those of the start, of which the recipe's weight_interpolation keeps a part; None from first weights.
    """

    network: Any
    costs: dict[str, Any]
    recipe: Recipe | None
    weights: tuple[Any, ...] | None = None
    kept: float = 0.0

    def finish(self) -> None:
        """After the last epoch: the mean of the start's weights and those reached, as the recipe has it."""
        if self.weights is None or not self.kept:
            return
        from convwise.training.callback import interpolated

        self.network.set_weights(interpolated(self.weights, self.network.get_weights(), self.kept))


def started(spec: ExperimentSpec, recipe: Recipe, texts: Sequence[str], material: Material) -> Started:
    """The network of `spec` with the settings `texts` on top. Raises RequestError for what cannot be built."""
    settings = spec.network.overlaid(parse_settings(texts))
    if spec.pretrained is None:
        return _from_scratch(spec, recipe, settings, material.n_classes)
    from convwise.transfer.asked import settings_for_file
    from convwise.transfer.network import PretrainedNetwork

    assert isinstance(spec.net, str)
    settings = settings_for_file(spec.net, settings, spec.pretrained)
    start = PretrainedNetwork(spec.net, settings, recipe, spec.pretrained, material.n_classes)
    built, found = start.body(_unheard)
    stage = dataclasses.replace(start, start=found).first_stage(built.model, material, _unheard)
    costs = costs_of(stage.network, batch=recipe.batch, optimizer=recipe.optimizer)
    if found.tune == "frozen":
        return Started(stage.network, costs, None)
    kept = tuple(stage.network.get_weights())
    stage.softer()
    epochs = dataclasses.replace(recipe, weight_interpolation=0.0)
    return Started(stage.network, costs, epochs, kept, recipe.weight_interpolation)


def _from_scratch(spec: ExperimentSpec, recipe: Recipe, settings: Any, n_classes: int) -> Started:
    from convwise.nets import build
    from convwise.nets.fast_layers import with_fast_layers

    built = build(
        spec.net,
        shape=recipe.shape,
        n_classes=n_classes,
        settings=settings,
        seed=derive_seed(recipe.seed, "weights"),
        precision=recipe.precision,
        require_used=False,
    )
    costs = costs_of(built.model, batch=recipe.batch, optimizer=recipe.optimizer)
    return Started(with_fast_layers(built.model), costs, recipe)


def _unheard(text: str) -> None:
    """A study says nothing of the starts of its trials."""
