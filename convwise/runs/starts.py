"""What a run starts from: first weights drawn from its seed, or pretrained ones. Both are asked the same."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

from convwise.images.material import Material
from convwise.nets import Built
from convwise.runs.folder import Run
from convwise.runs.settings import RunSettings
from convwise.seeds import derive_seed
from convwise.transfer.asked import settings_for_file
from convwise.transfer.network import PretrainedNetwork

Note = Callable[[str], None]


@dataclass(frozen=True, eq=False)
class Prepared:
    """What a run begins with: the network, what the user's settings changed in it, and the run's settings now."""

    built: Built
    settings: RunSettings


class Start(Protocol):
    """What a run starts from."""

    def prepare(self, note: Note) -> Prepared:
        """Builds what the training begins with. Raises RequestError for what is illegal, before a folder is made."""

    def first_model(self, run: Run, prepared: Prepared, material: Material, note: Note) -> Any:
        """The network that the first epoch trains."""

    def network(self, precision: str) -> Any:
        """The run's network as it is saved, in a `precision`, its weights to be set."""


def start_of(settings: RunSettings, n_classes: int) -> Start:
    """The start that the settings name."""
    return FromPretrained(settings, n_classes) if settings.pretrained else FromScratch(settings, n_classes)


def network_to_train(start: Start, precision: str) -> Any:
    """The run's network from layers made for training, its weights to be set."""
    from convwise.nets.fast_layers import with_fast_layers

    return with_fast_layers(start.network(precision))


@dataclass(frozen=True)
class FromScratch:
    """First weights are drawn from the run's seed."""

    settings: RunSettings
    n_classes: int

    def prepare(self, note: Note) -> Prepared:
        """The network with its first weights, from layers made for training."""
        from convwise.nets.fast_layers import with_fast_layers

        built = self._built(self.settings.recipe.precision)
        return Prepared(Built(with_fast_layers(built.model), built.changes), self.settings)

    def first_model(self, run: Run, prepared: Prepared, material: Material, note: Note) -> Any:
        """The network as it was prepared."""
        return prepared.built.model

    def network(self, precision: str) -> Any:
        """The network from Keras's own layers."""
        return self._built(precision).model

    def _built(self, precision: str) -> Built:
        from convwise.nets import build
        from convwise.training.towers import give_threads

        recipe = self.settings.recipe
        give_threads(recipe.towers or 1)  # before the first computation
        return build(
            self.settings.net,
            shape=recipe.shape,
            n_classes=self.n_classes,
            settings=self.settings.network,
            seed=derive_seed(recipe.seed, "weights"),
            precision=precision,
        )


@dataclass(frozen=True)
class FromPretrained:
    """A body with pretrained weights; its first stage trains a classifier and becomes epoch 0 of the run."""

    settings: RunSettings
    n_classes: int

    def prepare(self, note: Note) -> Prepared:
        """The body with its weights; the settings with their digest and what the file says of batch normalisation."""
        start = self._pretrained
        network = settings_for_file(start.net, start.settings, start.start)
        built, found = dataclasses.replace(start, settings=network).body(note)
        return Prepared(built, dataclasses.replace(self.settings, network=network, pretrained=found))

    def first_model(self, run: Run, prepared: Prepared, material: Material, note: Note) -> Any:
        """The network with its classifier trained, saved as epoch 0; what was found out is put into the settings."""
        from convwise.training.checkpoint import CheckpointFolder, TrainingState, arrays_of

        stage = dataclasses.replace(self, settings=run.settings)._pretrained.first_stage(
            prepared.built.model, material, note
        )
        run.write_settings(dataclasses.replace(run.settings, pretrained=stage.found))
        # The checkpoint comes last: where it is, the settings are whole.
        score = -stage.row["val_loss"] if "val_loss" in stage.row else 0.0
        state = TrainingState(0, 0.0, stage.found.tune == "frozen", 0, score, (stage.row,))
        result = arrays_of(stage.network.weights)
        if stage.found.tune == "full":
            stage.softer()
        CheckpointFolder(run.folder / "checkpoint").save(state, arrays_of(stage.network.weights), [], result=result)
        return stage.network

    def network(self, precision: str) -> Any:
        """The network after the first stage."""
        return self._pretrained.whole(precision)

    @property
    def _pretrained(self) -> PretrainedNetwork:
        settings = self.settings
        assert settings.pretrained is not None
        assert isinstance(settings.net, str)
        return PretrainedNetwork(settings.net, settings.network, settings.recipe, settings.pretrained, self.n_classes)
