"""A network on pretrained weights: its body before the first stage, the first stage, the whole network after it."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from convwise.conv2d import NetworkSettings
from convwise.errors import RequestError
from convwise.images.material import Material
from convwise.nets import Built
from convwise.seeds import derive_seed
from convwise.training.recipe import Recipe
from convwise.transfer.start import Pretrained

Note = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class FirstStage:
    """What the first stage gave.

    `network`: with the best classifier in it; `softer`: puts the softer one in, from which all weights are trained;
    `found`: the start with what was found out; `row`: its numbers, as those of epoch 0.
    """

    network: Any
    softer: Callable[[], None]
    found: Pretrained
    row: dict[str, float]


@dataclass(frozen=True)
class PretrainedNetwork:
    """The network `net`, trained by `recipe` from the weights that `start` names, for `n_classes` classes."""

    net: str
    settings: NetworkSettings
    recipe: Recipe
    start: Pretrained
    n_classes: int

    def body(self, note: Note) -> tuple[Built, Pretrained]:
        """The body with its weights, and the start with their digest.

        Raises RequestError: see `load_body`, `build_body`; also where the weights are no longer those of the start.
        """
        from convwise.transfer import bodies
        from convwise.transfer.weight_files import read_weights, sha256_of

        built = self._bare_body(self.recipe.precision)
        if self.start.path is None:
            found = bodies.digest(built.model)
        else:
            found = sha256_of(self.start.path)
            skipped = bodies.load_body(built.model, read_weights(self.start.path), source=self.start.path)
            if skipped:
                more = "" if len(skipped) <= 4 else f" and {len(skipped) - 4} more"
                note(f"weights: left out of the file: {', '.join(skipped[:4])}{more}")
        if self.start.sha256 not in ("", found):
            raise RequestError(
                f"weights={self.start.source}: they have changed since the run began (sha256 {found[:12]}, then "
                f"{self.start.sha256[:12]}), so it cannot go on as the same run; put them back, or train again"
            )
        return built, dataclasses.replace(self.start, sha256=found)

    def whole(self, precision: str) -> Any:
        """The network as it is after the first stage, its weights to be set."""
        from convwise.transfer.bodies import put_on

        assert self.start.preprocessing is not None
        return put_on(self._bare_body(precision).model, self.start.preprocessing, self.n_classes)

    def first_stage(self, body: Any, material: Material, note: Note) -> FirstStage:
        """Finds out the preprocessing, trains a classifier on the body's features and puts it on the body."""
        from convwise.nets.fast_layers import with_fast_layers
        from convwise.training.towers import in_towers
        from convwise.transfer.bodies import preprocessings, put_on, turn_to_rgb
        from convwise.transfer.first_stage import TrainingImages, measure_preprocessings, put_in, train_heads

        began = time.monotonic()
        towers = self.recipe.towers or 1
        split = material.split
        images = TrainingImages(material.pixels, material.labels, split.train, self.n_classes, self.recipe.seed)
        ways = {way.name: way for way in preprocessings(self.net, body, imagenet=self.start.path is None)}
        losses = measure_preprocessings(body, list(ways.values()), images, towers=towers)
        name = next(iter(losses or ways))
        note(f"preprocessing: {name}{_compared(losses)}")
        turn_to_rgb(body, ways[name])
        network = with_fast_layers(put_on(body, ways[name], self.n_classes))
        heads = train_heads(network, images, towers=towers)
        put_in(network, heads.best)
        c = heads.c
        note(f"classifier: C={c:g} (log loss on held-out training images {heads.c_log_losses[c]:.4f})")
        row = {"epoch": 0, "loss": heads.loss, "accuracy": heads.accuracy, "learning_rate": 0.0}
        if len(split.validation):
            from convwise.training.predict import BATCH
            from convwise.training.validation import Validation

            validation = Validation(material.pixels, material.labels, split.validation)
            judge = in_towers(network, towers, BATCH)
            row["val_accuracy"], row["val_loss"] = validation.scores(judge, flip_averaging=self.recipe.flip_averaging)
        row["seconds"] = round(time.monotonic() - began, 3)
        found = dataclasses.replace(
            self.start,
            preprocessing=ways[name],
            preprocessing_log_losses=losses,
            c=c,
            c_log_losses={f"{each:g}": value for each, value in heads.c_log_losses.items()},
        )
        return FirstStage(network, lambda: put_in(network, heads.softer), found, row)

    def _bare_body(self, precision: str) -> Built:
        """The body as Keras makes it, with the weights that Keras downloads if these are asked for."""
        from convwise.training.towers import give_threads
        from convwise.transfer.bodies import build_body

        give_threads(self.recipe.towers or 1)  # before the first computation
        return build_body(
            self.net,
            shape=self.recipe.shape,
            n_classes=self.n_classes,
            settings=self.settings,
            imagenet=self.start.path is None,
            seed=derive_seed(self.recipe.seed, "weights"),
            precision=precision,
        )


def _compared(losses: dict[str, float]) -> str:
    if not losses:
        return ""
    (_, best), (second, next_best), *_ = losses.items()
    return f" (log loss on held-out training images {best:.4f}; next {second} {next_best:.4f})"
