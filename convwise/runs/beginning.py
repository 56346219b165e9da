"""A training that can begin: the request resolved, the pictures read, the network built; nothing is written yet."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from convwise.errors import RequestError
from convwise.images.datasets import Source, resolve
from convwise.images.material import Material
from convwise.nets import NETWORKS, Network, require_options
from convwise.nets.backend import require_backend
from convwise.nets.changes import describe_changes
from convwise.nets.own.reference import OwnNetwork
from convwise.runs.notes import copy_notes, depth_notes, describe, group_notes, warnings_before
from convwise.runs.own import examined
from convwise.runs.place import place_to_fill, unused_folder
from convwise.runs.request import TrainRequest
from convwise.runs.settings import RunSettings
from convwise.runs.starts import Prepared, start_of
from convwise.training.class_weights import class_weights
from convwise.training.hooks import Hooks
from convwise.training.recipe import Recipe
from convwise.transfer.asked import resolve_start
from convwise.transfer.start import Pretrained


@dataclass(frozen=True, eq=False)
class Begun:
    """A training that can begin: where, on what, with which network; `notes` say it. Nothing is written yet."""

    folder: Path
    material: Material
    prepared: Prepared
    notes: tuple[str, ...]

    @property
    def settings(self) -> RunSettings:
        """Of the run."""
        return self.prepared.settings


def begin(request: TrainRequest, hooks: Hooks) -> Begun:
    """Reads the pictures and builds the network. What cannot be is refused here, before a folder is made."""
    require_backend()
    net, start = resolve_start(request.net, request.weights, request.tune, request.input)
    if start is None or net in NETWORKS:
        require_options(net, request.settings.options)
    if request.full_recipe.weight_interpolation and not start:
        raise RequestError(
            f"weight_interpolation={request.full_recipe.weight_interpolation:g}: it needs weights to start from; add "
            "weights=FILE, or drop it"
        )
    source = resolve(request.data, background=request.background)
    out_folder = place_to_fill(request.out, "runs", data=source.folder)
    with keras_meanwhile():
        material = Material.of(request.pictures(source), request.shares, hooks.decoding)
        for line in warnings_before(material.index, material.split, request.full_recipe):
            hooks.note(line)
    settings = _settings(request, source, material, net, start, hooks.note)
    weights = class_weights_by_name(material, settings.recipe)  # a name that is no class is refused here
    prepared = start_of(settings, material.n_classes).prepare(hooks.note)
    index = material.index
    label = net.label if isinstance(net, OwnNetwork) else net
    notes = [describe(material, prepared.built.model, prepared.settings), *copy_notes(index, material.split)]
    notes += [
        *group_notes(index, material.split, request.group_by),
        *depth_notes(index, material.rules),
        *describe_changes(prepared.built.changes),
    ]
    if weights:
        told = ", ".join(f"{name} {weight:.3g}" for name, weight in weights.items())
        stage = "; the first classifier is fitted without them" if start else ""
        notes.append(f"class weights in the training loss: {told}{stage}")
    return Begun(out_folder or unused_folder("runs", f"{source.name}-{label}"), material, prepared, tuple(notes))


def class_weights_by_name(material: Material, recipe: Recipe) -> dict[str, float]:
    """By class name, as they are applied; nothing where all images count the same."""
    labels = material.labels[material.split.train]
    weights = class_weights(recipe.class_weights, labels, material.index.class_names)
    return {} if weights is None else dict(zip(material.index.class_names, map(float, weights), strict=True))


def _settings(
    request: TrainRequest,
    source: Source,
    material: Material,
    net: Network,
    start: Pretrained | None,
    note: Callable[[str], None],
) -> RunSettings:
    """Everything that decides the run, with what the recipe leaves to the machine settled."""
    from convwise.training.precision import resolve_precision
    from convwise.training.towers import give_threads, resolve_towers

    recipe = request.full_recipe
    towers = resolve_towers(recipe.towers, recipe.batch)
    give_threads(towers)  # before the first computation, such as what the precision is found out by
    precision = resolve_precision(recipe.precision, pretrained=start is not None)
    net = examined(net, shape=recipe.shape, n_classes=material.n_classes, settings=request.settings, note=note)
    recipe = dataclasses.replace(recipe.for_network(net), precision=precision, towers=towers)
    subject = request.subject(source, material.index.digest, net=net, recipe=recipe, reading=material.rules)
    return RunSettings(**subject, split_digest=material.split.digest, pretrained=start)


@contextmanager
def keras_meanwhile(after_seconds: float = 2.0) -> Iterator[None]:
    """Keras, which takes seconds to import, comes in beside the reading of pictures where that takes time too.

    Not at once: most folders that cannot be trained on are refused sooner than that, and need not wait for Keras then.
    """
    timer = threading.Timer(after_seconds, _import_keras)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()  # without effect on one that has begun
        timer.join()


def _import_keras() -> None:
    with suppress(ImportError):  # told by the thread that needs it
        import convwise.training.fit  # noqa: F401
