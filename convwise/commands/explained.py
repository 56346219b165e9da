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
from convwise.images.image_shape import ImageShape
from convwise.nets import NETWORKS, Built, build, require_network
from convwise.nets.changes import describe_changes
from convwise.nets.own.reference import OwnNetwork, names_a_file
from convwise.nets.own.trust import require_trusted
from convwise.places import kind_of, named
from convwise.runs import Run
from convwise.runs.judging import load_model
from convwise.runs.own import examined
from convwise.training.recipe import SIDES

DEFAULT_SIZE = 64
DEFAULT_CLASSES = 4


@dataclass(frozen=True)
class Subject:
    """What is explained: a model, on what images, and what of a run is known besides.

    `model` may have weights without values; `make_model` makes the whole model.
    """

    name: str
    model: Any
    make_model: Callable[[], Any]
    shape: ImageShape | None
    n_train: int | None = None
    optimizer: str = "adamw"
    precision: str = "float32"
    changes: tuple[str, ...] = ()
    run: Run | None = None
    accepts: frozenset[str] = frozenset(["settings", "size"])


@dataclass(frozen=True)
class Asked:
    """What was asked about a network to be built: the images that it takes and the classes that it tells apart."""

    size: int | str | tuple[int, int] | None = None
    channels: int | None = None
    classes: int | None = None

    @property
    def shape(self) -> ImageShape:
        """Of the images: 64 px and three channels unless asked otherwise. Raises RequestError for what cannot be."""
        size, channels = (DEFAULT_SIZE if self.size is None else self.size), self.channels
        return ImageShape.of(size, 3 if channels is None else channels, least=SIDES[0], most=SIDES[1])

    @property
    def n_classes(self) -> int:
        """4 unless asked otherwise. Raises RequestError for what cannot be."""
        return checks.whole("classes", DEFAULT_CLASSES if self.classes is None else self.classes, 2, 100_000)


def subject_of(what: Any, asked: Asked, settings: NetworkSettings, trust: bool) -> Subject:
    """What is explained, but for a network of the user's own. Raises RequestError."""
    if isinstance(what, str) and what in NETWORKS:
        shape, n_classes = asked.shape, asked.n_classes

        def made(numbers: bool) -> Built:
            return build(
                what,
                shape=shape,
                n_classes=n_classes,
                settings=settings,
                seed=0,
                precision="float32",
                numbers=numbers,
            )

        built = made(False)  # only shapes are looked at
        return Subject(what, built.model, cache(lambda: made(True).model), shape, changes=_told(built))
    if keras_name := _of_keras_applications(what):
        if settings != NetworkSettings():
            raise RequestError(
                f"settings={settings.texts()[0]}: {keras_name} is Keras's own and takes no settings; drop them"
            )
        return _of_keras(keras_name, asked)
    if settings != NetworkSettings() or asked.classes is not None or asked.channels is not None:
        raise RequestError(
            f"what={what}: settings=, classes= and channels= are for a network by name ({', '.join(NETWORKS)})"
        )
    given = None if asked.size is None else ImageShape.of(asked.size)
    if not isinstance(what, str | Path):
        return Subject(str(getattr(what, "name", what)), what, lambda: what, given, accepts=frozenset(["size"]))
    path = named(what, "what")
    kind = kind_of(path, "what")
    if kind == "folder":
        if given is not None:
            raise RequestError(f"size={given}: a run has a size of its own; drop the option")
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
    return Subject(str(what), model, lambda: model, given, accepts=frozenset(["size"]))


def _of_keras(name: str, asked: Asked) -> Subject:
    """A network of keras.applications as `train` would train it, on a classifier, with weights drawn here."""
    from convwise.transfer.bodies import build_body, preprocessings, put_on

    shape, n_classes = asked.shape, asked.n_classes
    body = build_body(
        name,
        shape=shape,
        n_classes=n_classes,
        settings=NetworkSettings(),
        imagenet=False,
        seed=0,
        precision="float32",
    ).model
    model = put_on(body, preprocessings(name, body, imagenet=True)[0], n_classes)
    return Subject(name, model, lambda: model, shape, accepts=frozenset(["size"]))


def _of_keras_applications(what: Any) -> str:
    """The name as Keras spells it; "" where it has none of that name, or a file or folder is meant."""
    if not isinstance(what, str) or not what.isalnum() or kind_of(named(what, "what"), "what") is not None:
        return ""
    from convwise.transfer.bodies import application

    function = application(what)
    return "" if function is None else str(function.__name__)


def is_own(what: str, settings: NetworkSettings, asked: Asked, input_range: int | None) -> bool:
    """Whether a network of the user's own is to be built; a model's file alone is shown as it lies there."""
    told = (asked.classes, asked.channels, input_range)
    given = settings != NetworkSettings() or any(each is not None for each in told)
    return (names_a_file(what) and ".py" in what) or (what.endswith(".keras") and given)


def of_own(what: str, asked: Asked, input_range: int | None, settings: NetworkSettings) -> Subject:
    """A network of the user's own, built and examined as for a training. Raises RequestError."""
    found = require_network(what, input_range=input_range)
    shape, n_classes = asked.shape, asked.n_classes
    said: list[str] = []
    own = examined(found, shape=shape, n_classes=n_classes, settings=settings, note=said.append)
    built = build(own, shape=shape, n_classes=n_classes, settings=settings, seed=0, precision="float32")
    return Subject(str(found), built.model, lambda: built.model, shape, changes=(*said, *_told(built)))


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
            shape=recipe.shape,
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
        recipe.shape,
        n_train=len(run.split["train"]),
        optimizer=recipe.optimizer,
        precision=recipe.precision,
        changes=changes,
        run=run,
        accepts=frozenset(),
    )
