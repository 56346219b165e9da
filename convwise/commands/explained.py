"""What is explained: a network by name, one of your own, one of Keras's, a run, or a model file, as a Keras model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from convwise import checks
from convwise.conv2d import NetworkSettings
from convwise.errors import RequestError
from convwise.nets import NETWORKS, Built, build, require_network
from convwise.nets.changes import describe_changes
from convwise.nets.own.reference import OwnNetwork, names_a_file
from convwise.nets.own.trust import require_trusted
from convwise.places import kind_of, named
from convwise.runs import Run
from convwise.runs.judging import load_model
from convwise.runs.own import examined

DEFAULT_SIZE_PX = 64
DEFAULT_CLASSES = 4
_MOST_SIZE_PX = 16_384


@dataclass(frozen=True)
class Subject:
    """What is explained: a model, on what images, and what of a run is known besides.

    `model` may have weights without values; `make_model` makes the whole model.
    """

    name: str
    model: Any
    make_model: Callable[[], Any]
    size_px: int | None
    n_train: int | None = None
    optimizer: str = "adamw"
    precision: str = "float32"
    changes: tuple[str, ...] = ()
    run: Run | None = None
    accepts: frozenset[str] = frozenset(["settings", "size"])


def subject_of(what: Any, size: int | None, classes: int | None, settings: NetworkSettings, trust: bool) -> Subject:
    if isinstance(what, str) and what in NETWORKS:
        size_px, n_classes = _in_range(size, classes)

        def made(numbers: bool) -> Built:
            return build(
                what,
                size_px=size_px,
                n_classes=n_classes,
                settings=settings,
                seed=0,
                precision="float32",
                numbers=numbers,
            )

        built = made(False)  # only shapes are looked at
        return Subject(what, built.model, cache(lambda: made(True).model), size_px, changes=_told(built))
    if keras_name := _of_keras_applications(what):
        if settings != NetworkSettings():
            raise RequestError(
                f"settings={settings.texts()[0]}: {keras_name} is Keras's own and takes no settings; drop them"
            )
        return _of_keras(keras_name, size, classes)
    if settings != NetworkSettings() or classes is not None:
        raise RequestError(f"what={what}: settings= and classes= are for a network by name ({', '.join(NETWORKS)})")
    if size is not None:
        checks.whole("size", size, 1, _MOST_SIZE_PX)
    if not isinstance(what, str | Path):
        return Subject(str(getattr(what, "name", what)), what, lambda: what, size, accepts=frozenset(["size"]))
    path = named(what, "what")
    kind = kind_of(path, "what")
    if kind == "folder":
        if size is not None:
            raise RequestError(f"size={size}: a run has a size of its own; drop the option")
        return _of_run(Run.open(path), trust)
    if kind is None:
        known = ", ".join(NETWORKS)
        meant = checks.did_you_mean(what, NETWORKS)
        raise RequestError(
            f"what={what}: neither a network ({known}, or one of keras.applications), nor FILE.py:function, nor a run "
            "folder, nor a model file" + (f"; {meant.strip()}" if meant else "")
        )
    from convwise.nets.model_file import load_model_file

    model = load_model_file(path, trust=trust)
    return Subject(str(what), model, lambda: model, size, accepts=frozenset(["size"]))


def _of_keras(name: str, size: int | None, classes: int | None) -> Subject:
    """A network of keras.applications as `train` would train it, on a classifier, with weights drawn here."""
    from convwise.transfer.bodies import build_body, preprocessings, put_on

    size_px, n_classes = _in_range(size, classes)
    body = build_body(
        name,
        size_px=size_px,
        n_classes=n_classes,
        settings=NetworkSettings(),
        imagenet=False,
        seed=0,
        precision="float32",
    ).model
    model = put_on(body, preprocessings(name, body, imagenet=True)[0], n_classes)
    return Subject(name, model, lambda: model, size_px, accepts=frozenset(["size"]))


def _of_keras_applications(what: Any) -> str:
    """The name as Keras spells it; "" where it has none of that name, or a file or folder is meant."""
    if not isinstance(what, str) or not what.isalnum() or kind_of(named(what, "what"), "what") is not None:
        return ""
    from convwise.transfer.bodies import application

    function = application(what)
    return "" if function is None else str(function.__name__)


def is_own(what: str, settings: NetworkSettings, classes: int | None, input_range: int | None) -> bool:
    """Whether a network of the user's own is to be built; a model's file alone is shown as it lies there."""
    asked = settings != NetworkSettings() or classes is not None or input_range is not None
    return (names_a_file(what) and ".py" in what) or (what.endswith(".keras") and asked)


def of_own(
    what: str, size: int | None, classes: int | None, input_range: int | None, settings: NetworkSettings
) -> Subject:
    found = require_network(what, input_range=input_range)
    size_px, n_classes = _in_range(size, classes)
    said: list[str] = []
    own = examined(found, size_px=size_px, n_classes=n_classes, settings=settings, note=said.append)
    built = build(own, size_px=size_px, n_classes=n_classes, settings=settings, seed=0, precision="float32")
    return Subject(str(found), built.model, lambda: built.model, size_px, changes=(*said, *_told(built)))


def _in_range(size: int | None, classes: int | None) -> tuple[int, int]:
    size_px = DEFAULT_SIZE_PX if size is None else size
    n_classes = DEFAULT_CLASSES if classes is None else classes
    return checks.whole("size", size_px, 8, 1024), checks.whole("classes", n_classes, 2, 100_000)


def _told(built: Built) -> tuple[str, ...]:
    """A line for what became of each setting."""
    return tuple(describe_changes(built.changes))


def _of_run(run: Run, trust: bool) -> Subject:
    run.require_complete()
    settings = run.settings
    recipe = settings.recipe
    changes: tuple[str, ...] = ()
    if isinstance(settings.net, OwnNetwork):
        require_trusted(settings.net, trust=trust, where=f"run={run.folder}")
    if settings.network.scopes:  # built anew for what they changed; the trained weights are those of the file
        built = build(
            settings.net,
            size_px=recipe.size_px,
            n_classes=len(run.class_names),
            settings=settings.network,
            seed=0,
            precision="float32",
            numbers=False,
        )
        changes = _told(built)
    model = load_model(run, trust=trust)
    return Subject(
        str(run.folder),
        model,
        lambda: model,
        recipe.size_px,
        n_train=len(run.split["train"]),
        optimizer=recipe.optimizer,
        precision=recipe.precision,
        changes=changes,
        run=run,
        accepts=frozenset(),
    )
