"""train: from a folder of images to a trained, evaluated network in a run folder; resume: on from a checkpoint."""

from __future__ import annotations

import dataclasses
import json
import threading
import time
import tomllib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from convwise.conv2d import Conv2DSettings, NetworkSettings, network_settings, parse_settings
from convwise.errors import RequestError
from convwise.files import read_regular
from convwise.images.copies import check_copies
from convwise.images.datasets import resolve
from convwise.images.depth import depth_notes, depth_of
from convwise.images.leaks import copy_notes
from convwise.images.rules import USUAL
from convwise.images.split import Split, split_images
from convwise.nets import NETWORKS, require_options
from convwise.nets.backend import require_backend
from convwise.nets.changes import describe_changes
from convwise.places import named
from convwise.runs import Run, RunSettings, place_to_fill, unused_folder
from convwise.study.folder import StudyFolder
from convwise.study.trials import Bench
from convwise.training.checkpoint import CheckpointFolder
from convwise.training.recipe import Recipe, named_recipe
from convwise.verbs.execution import (
    Listener,
    TrainResult,
    at_work,
    build_network,
    complete,
    describe,
    pictures,
    warnings_before,
)
from convwise.verbs.transfer import build_start, first_stage, resolve_start, settings_for_file

DEFAULT_NET = "narrowresnet"
_MOST_CONFIG_BYTES = 2**20
_CONFIG_KINDS: dict[str, tuple[tuple[type, ...], str]] = {
    "net": ((str,), "a name in quotes"),
    "recipe": ((str,), "a name in quotes"),
    "weights": ((str,), "imagenet or a file's name, in quotes"),
    "tune": ((str,), "frozen or full, in quotes"),
    "per_class": ((int,), "a whole number"),
    "most_pixels": ((int,), "a whole number"),
    "test": ((int, float), "a number"),
    "validation": ((int, float), "a number"),
    "set": ((list,), 'a list of texts, such as ["conv.kernel_size=5"]'),
    "copies": ((str,), "near, exact or ignore, in quotes"),
    "out": ((str,), "a folder's name in quotes"),
    "background": ((bool,), "true or false"),
    "tensorboard": ((bool,), "true or false"),
}


def train(
    data: str | Path,
    *,
    net: str | None = None,
    weights: str | Path | None = None,
    tune: str | None = None,
    recipe: str | Recipe | None = None,
    size: int | None = None,
    fit: str | None = None,
    epochs: int | None = None,
    minutes: float | None = None,
    batch: int | None = None,
    seed: int | None = None,
    per_class: int | None = None,
    test: float | None = None,
    validation: float | None = None,
    most_pixels: int | None = None,
    copies: str | None = None,
    settings: NetworkSettings | Conv2DSettings | Sequence[str] = (),
    config: str | Path | None = None,
    from_study: str | Path | None = None,
    out: str | Path | None = None,
    background: bool | None = None,
    tensorboard: bool | None = None,
    listener: Listener | None = None,
) -> TrainResult:
    """Trains `net` on `data` (a folder with a sub-folder per class, or the name of a data set) and evaluates it once.

    What is None comes from the `config` file (TOML or JSON), else from the recipe (`fast` by default, `finetune` with
    weights). `weights`: a file with weights made for `net`, or "imagenet" for a network of keras.applications; `tune`:
    "frozen" trains a classifier on them, "full" (the default) then all weights. `size` is in
    pixels; `settings` are the network's (`["conv.kernel_size=5", "net.width=16"]`, or a record), and added to the
    file's; `validation` is a share of the images not used for testing; pictures of more than `most_pixels` are left
    out (89,478,485). `copies` is what counts as a copy, and stays on one side of the split: "near" (the default),
    "exact" or, for nothing, "ignore".
    `from_study` is the folder of a finished study: its network, size, seed and test images, and the settings that it
    recommends; what is given here wins.
    Raises RequestError for a request that cannot be met, before anything is written.
    """
    began = time.monotonic()
    listener = listener or Listener()
    require_backend()
    given = read_config(config) if config else {}
    studied = _studied(from_study) if from_study else None
    if studied:
        net, per_class, test, copies = (
            net or studied.net,
            per_class or studied.per_class,
            studied.test if test is None else test,
            copies or studied.copies,
        )
        size, seed = size or studied.recipe.size_px, studied.seed if seed is None else seed
    arguments = {
        "net": net,
        "weights": weights,
        "tune": tune,
        "per_class": per_class,
        "test": test,
        "validation": validation,
        "most_pixels": most_pixels,
        "copies": copies,
        "out": out,
    }
    asked: dict[str, Any] = {key: given.pop(key) for key in _CONFIG_KINDS if key in given}
    asked |= {key: value for key, value in arguments.items() if value is not None}
    changes = {"size_px": size, "fit": fit, "epochs": epochs, "minutes": minutes, "batch": batch, "seed": seed}
    given |= {key: value for key, value in changes.items() if value is not None}
    if given.get("minutes") is not None and "epochs" not in given:
        given["epochs"] = 100_000  # the clock decides
    chosen = recipe if recipe is not None else asked.get("recipe", "finetune" if "weights" in asked else "fast")
    full = dataclasses.replace(chosen, **given) if isinstance(chosen, Recipe) else named_recipe(chosen, given)
    network = network_settings(settings, asked.get("set", ()))
    if studied:
        network = studied.network.overlaid(network)
    known, start = resolve_start(asked.get("net"), asked.get("weights"), asked.get("tune"))
    name = known or DEFAULT_NET
    if name in NETWORKS:
        require_options(name, network.options)
    with_background = asked.get("background", False) if background is None else background
    rules = USUAL.limited_to(asked.get("most_pixels"))
    counted = asked.get("copies", "near")
    check_copies(counted)
    source = resolve(data, background=with_background)
    out_folder = place_to_fill(asked.get("out") or None, "runs", data=source.folder)

    with keras_meanwhile():
        of = (source.folder, source.classes, source.exclude, full, listener.decoding)
        index, cache = pictures(*of, rules, counted)
        split = split_images(
            index,
            per_class=asked.get("per_class"),
            test=asked.get("test"),
            validation=asked.get("validation", 0.15),
            seed=full.seed,
        )
        rules = dataclasses.replace(rules, bits=depth_of(index, split.test))
        if rules.bits < 16:  # known only now that the test side is
            index, cache = pictures(*of, rules, counted)
        for line in warnings_before(index, split, full):
            listener.note(line)
    from convwise.training.precision import resolve_precision
    from convwise.training.towers import give_threads, resolve_towers

    towers = resolve_towers(full.towers, full.batch)
    give_threads(towers)  # before the first computation, such as what the precision is found out by
    full = dataclasses.replace(
        full.for_network(name),
        precision=resolve_precision(full.precision, pretrained=start is not None),
        towers=towers,
    )
    run_settings = RunSettings(
        data=str(data),
        folder=str(source.folder),
        classes=source.classes,
        exclude=source.exclude,
        net=name,
        network=network,
        recipe=full,
        per_class=asked.get("per_class"),
        test=asked.get("test"),
        validation=asked.get("validation", 0.15),
        index_digest=index.digest,
        reading=rules,
        split_digest=split.digest,
        pretrained=start,
        copies=counted,
    )
    if full.start_share and not start:
        raise RequestError(
            f"start_share={full.start_share:g}: it needs weights to start from; add --weights or drop it"
        )
    # What is illegal, or does not fit, is refused before the folder is made.
    if start:
        run_settings = dataclasses.replace(run_settings, network=settings_for_file(name, network, start))
        built, start = build_start(run_settings, len(index.class_names), listener.note)
        run_settings = dataclasses.replace(run_settings, pretrained=start)
    else:
        built = build_network(run_settings, index)
    folder = out_folder or unused_folder("runs", f"{source.name}-{name}")
    run = Run.create(folder, run_settings, index.class_names, split.to_dict())
    listener.note(describe(index, split, built.model, run_settings))
    for line in (*copy_notes(index, split), *depth_notes(index, rules), *describe_changes(built.changes)):
        listener.note(line)
    with at_work(run):
        model = first_stage(run, built.model, index, cache, split, listener.note) if start else built.model
        return complete(run, index, cache, split, model, listener, began, bool(tensorboard or asked.get("tensorboard")))


def resume(folder: str | Path, *, listener: Listener | None = None) -> TrainResult:
    """Goes on with a run from its last whole epoch, or reads the result of one that is complete.

    Raises RequestError where there is no run, or where the pictures are no longer those that it began with.
    """
    began = time.monotonic()
    listener = listener or Listener()
    run = Run.open(folder)
    require_backend()
    if run.complete:
        listener.note(f"{folder} is complete already")
        return TrainResult(run, run.evaluation if run.summary["evaluated"] else None, time.monotonic() - began)
    with at_work(run):
        return _resumed(run, listener, began)


def _resumed(run: Run, listener: Listener, began: float) -> TrainResult:
    settings = run.settings
    source = Path(settings.folder)
    index, cache = pictures(
        source,
        settings.classes,
        settings.exclude,
        settings.recipe,
        listener.decoding,
        settings.reading,
        settings.copies,
    )
    if index.digest != settings.index_digest:
        raise RequestError(
            f"run={run.folder}: the pictures in {settings.folder} have changed since it began, so it cannot go on as "
            "the same run; put them back as they were, or train again into a new folder"
        )
    split = Split.from_dict(run.split, index)
    if settings.pretrained and CheckpointFolder(run.folder / "checkpoint").load() is None:
        body = build_start(settings, len(index.class_names), listener.note)[0].model
        model = first_stage(run, body, index, cache, split, listener.note)
    else:
        model = build_network(settings, index).model
    return complete(run, index, cache, split, model, listener, began, (run.folder / "tensorboard").exists())


def read_config(path: str | Path) -> dict[str, Any]:
    """The keys of a TOML or JSON file. Raises RequestError if it cannot be read; unknown keys are refused later."""
    place = named(path, "config")
    try:
        text = read_regular(place, _MOST_CONFIG_BYTES).decode("utf-8")
        values = json.loads(text) if str(path).endswith(".json") else tomllib.loads(text)
    except (OSError, ValueError) as problem:
        raise RequestError(f"config={path}: it cannot be read as TOML or JSON ({problem})") from None
    except RecursionError:
        raise RequestError(f"config={path}: it is nested too deep; it holds keys and values, one level") from None
    if not isinstance(values, dict):
        raise RequestError(f"config={path}: it must hold keys and values, not a {type(values).__name__}")
    if "size" in values:  # as the command line calls it
        values["size_px"] = values.pop("size")
    for key, (kinds, rule) in _CONFIG_KINDS.items():
        value = values.get(key)
        wrong = value is not None and (not isinstance(value, kinds) or (isinstance(value, bool) and bool not in kinds))
        if wrong or (key == "set" and not all(isinstance(text, str) for text in value or ())):
            raise RequestError(f"config={path}: {key}={value!r}: it must be {rule}")
    if "name" in values:
        raise RequestError(
            f"config={path}: there is no key 'name'; write recipe = \"fast\" to start from a named recipe"
        )
    return values


def _studied(folder: str | Path) -> Bench:
    """What a finished study worked on, with the settings that it recommends."""
    found = StudyFolder.open(folder)
    recommended = parse_settings(found.result["recommended_settings"])
    bench = Bench.from_dict(found.request["bench"])
    return dataclasses.replace(bench, network=bench.network.overlaid(recommended))


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
