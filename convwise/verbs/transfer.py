"""A training that starts from pretrained weights: what was asked for, the body with its weights, the first stage."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from convwise.conv2d import NetworkSettings
from convwise.errors import RequestError
from convwise.images.cache import PixelCache
from convwise.images.index import ImageIndex
from convwise.images.split import Split
from convwise.nets import NETWORKS, Built, network_options, require_network
from convwise.nets.start import IMAGENET, Pretrained
from convwise.places import kind_of, named
from convwise.runs import Run, RunSettings
from convwise.seeds import derive_seed

DEFAULT_TUNE = "full"


def resolve_start(
    net: str | None, weights: str | Path | None, tune: str | None
) -> tuple[str | None, Pretrained | None]:
    """The network's name as it is spelt, and the start, None from scratch. Imports Keras for Keras's networks only.

    Raises RequestError for what cannot be: tune without weights, a network that is not known, a file that cannot be
    read.
    """
    if weights is None:
        if tune is not None:
            raise RequestError(f"tune={tune}: it needs weights to start from; add --weights FILE or --weights imagenet")
        return None if net is None else require_network(net), None
    from convwise.nets.weights import read_weights, sha256_of

    if net is None:
        raise RequestError(f"weights={weights}: name the network that they were made for: --net NAME")
    if net not in NETWORKS:
        from convwise.nets.pretrained import require_body

        net = require_body(net)
    if str(weights) == IMAGENET:
        return net, Pretrained(IMAGENET, None, "", tune or DEFAULT_TUNE)
    path = named(weights, "weights")
    if kind_of(path, "weights") not in ("file", None):
        raise RequestError(f"weights={weights}: it is no regular file; name a .h5, .weights.h5 or .keras file")
    path = path.resolve()
    read_weights(path)
    return net, Pretrained(path.name, str(path), sha256_of(path), tune or DEFAULT_TUNE)


def settings_for_file(net: str, network: NetworkSettings, start: Pretrained) -> NetworkSettings:
    """The network's settings, with batch normalisation, where that is left open, as the file has it."""
    from convwise.nets.weights import has_batch_norm, read_weights

    if start.path is None or net not in NETWORKS or "batch_norm" in network.options:
        return network
    if "batch_norm" not in network_options(net):
        return network
    return dataclasses.replace(
        network, options={**network.options, "batch_norm": has_batch_norm(read_weights(start.path))}
    )


def build_start(settings: RunSettings, n_classes: int, note: Callable[[str], None]) -> tuple[Built, Pretrained]:
    """The body with its weights, and the start with their digest. Raises RequestError: see `load_body`, `build_body`.

    Also where the weights are no longer those that the run began with.
    """
    from convwise.nets import pretrained
    from convwise.nets.weights import read_weights, sha256_of

    start = settings.pretrained
    assert start is not None
    built = bare_body(settings, n_classes, settings.recipe.precision)
    if start.path is None:
        found = pretrained.digest(built.model)
    else:
        found = sha256_of(start.path)
        skipped = pretrained.load_body(built.model, read_weights(start.path), source=start.path)
        if skipped:
            more = "" if len(skipped) <= 4 else f" and {len(skipped) - 4} more"
            note(f"weights: left out of the file: {', '.join(skipped[:4])}{more}")
    if start.sha256 not in ("", found):
        raise RequestError(
            f"weights={start.source}: they have changed since the run began (sha256 {found[:12]}, then "
            f"{start.sha256[:12]}), so it cannot go on as the same run; put them back, or train again"
        )
    return built, dataclasses.replace(start, sha256=found)


def bare_body(settings: RunSettings, n_classes: int, precision: str) -> Built:
    """The run's body as Keras makes it, with the weights that Keras downloads if these are asked for."""
    from convwise.nets.pretrained import build_body
    from convwise.training.towers import give_threads

    give_threads(settings.recipe.towers or 1)  # before the first computation
    assert settings.pretrained is not None
    return build_body(
        settings.net,
        size_px=settings.recipe.size_px,
        n_classes=n_classes,
        settings=settings.network,
        imagenet=settings.pretrained.path is None,
        seed=derive_seed(settings.recipe.seed, "weights"),
        precision=precision,
    )


def network_of(settings: RunSettings, n_classes: int, precision: str) -> Any:
    """The run's network as it is after the first stage, its weights to be set."""
    from convwise.nets.pretrained import put_on

    assert settings.pretrained is not None
    assert settings.pretrained.preprocessing is not None
    return put_on(bare_body(settings, n_classes, precision).model, settings.pretrained.preprocessing, n_classes)


def first_stage(
    run: Run, body: Any, index: ImageIndex, cache: PixelCache, split: Split, note: Callable[[str], None]
) -> Any:
    """The network with its classifier trained: saved as epoch 0, and what was found out put into the settings."""
    from convwise.nets.pretrained import preprocessings, put_on, turn_to_rgb
    from convwise.nets.quick import quicker
    from convwise.training.checkpoint import CheckpointFolder, Progress, arrays_of
    from convwise.training.first_stage import TrainingImages, measure_preprocessings, put_in, train_heads
    from convwise.training.fit import Validation
    from convwise.training.predict import BATCH
    from convwise.training.towers import in_towers

    began = time.monotonic()
    settings = run.settings
    recipe, start = settings.recipe, settings.pretrained
    assert start is not None
    towers = recipe.towers or 1
    images = TrainingImages(cache.pixels, index.labels, split.train, len(index.class_names), recipe.seed)
    ways = {way.name: way for way in preprocessings(settings.net, body, imagenet=start.path is None)}
    losses = measure_preprocessings(body, list(ways.values()), images, towers=towers)
    name = next(iter(losses or ways))
    note(f"preprocessing: {name}{_compared(losses)}")
    turn_to_rgb(body, ways[name])
    network = quicker(put_on(body, ways[name], len(index.class_names)))
    heads = train_heads(network, images, towers=towers)
    put_in(network, heads.best)
    c = heads.c
    note(f"classifier: C={c:g} (log loss on held-out training images {heads.c_log_losses[c]:.4f})")
    row = {"epoch": 0, "loss": heads.loss, "accuracy": heads.accuracy, "learning_rate": 0.0}
    score = 0.0
    if len(split.validation):
        validation = Validation(cache.pixels, index.labels, split.validation)
        judge = in_towers(network, towers, BATCH)
        val_accuracy, val_loss = validation.scores(judge, flip_averaging=recipe.flip_averaging)
        row |= {"val_accuracy": val_accuracy, "val_loss": val_loss}
        score = -val_loss
    row["seconds"] = round(time.monotonic() - began, 3)
    found = dataclasses.replace(
        start,
        preprocessing=ways[name],
        preprocessing_log_losses=losses,
        c=c,
        c_log_losses={f"{each:g}": value for each, value in heads.c_log_losses.items()},
    )
    run.write_settings(dataclasses.replace(settings, pretrained=found))
    # The checkpoint comes last: where it is, the settings are whole.
    progress = Progress(0, 0.0, start.tune == "frozen", 0, score, (row,))
    result = arrays_of(network.weights)
    if start.tune == "full":
        put_in(network, heads.softer)
    CheckpointFolder(run.folder / "checkpoint").save(progress, arrays_of(network.weights), [], result=result)
    return network


def _compared(losses: dict[str, float]) -> str:
    if not losses:
        return ""
    (_, best), (second, next_best), *_ = losses.items()
    return f" (log loss on held-out training images {best:.4f}; next {second} {next_best:.4f})"
