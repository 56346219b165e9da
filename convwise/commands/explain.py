"""explain: what a network's layers see and cost, what is unwise in it, and what a user's settings change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from pathlib import Path
from typing import Any

from convwise import checks
from convwise.conv2d import Conv2DSettings, NetworkSettings, network_settings
from convwise.conv2d.findings import Finding
from convwise.errors import RequestError
from convwise.files import cannot_write
from convwise.nets import NETWORKS, Built, build, require_network
from convwise.nets.backend import require_backend
from convwise.nets.changes import describe_changes
from convwise.nets.layer_table.records import LayerTable
from convwise.nets.own.reference import OwnNetwork, names_a_file
from convwise.nets.own.trust import remember, require_trusted
from convwise.places import folder_to_fill, kind_of, named
from convwise.runs import Run
from convwise.runs.judging import load_model

DEFAULT_SIZE_PX = 64
DEFAULT_CLASSES = 4
_MOST_SIZE_PX = 16_384
_MOST_BATCH = 1_000_000
_MOST_NUMBERS = 500_000_000  # weights that are given values, for figures: 2 GB
FIGURES = ("filters.png", "feature_maps.png", "receptive_fields.png")


@dataclass(frozen=True)
class Explanation:
    """A network layer by layer, the findings about it, and a line for what became of each setting of the user's."""

    subject: str
    table: LayerTable
    findings: tuple[Finding, ...]
    changes: tuple[str, ...] = ()
    figures: tuple[Path, ...] = ()
    make_model: Callable[[], Any] = field(default=lambda: None, compare=False, repr=False)

    @cached_property
    def model(self) -> Any:
        """The Keras model; a network by name is given its first weights when this is asked for."""
        return self.make_model()

    def to_dict(self) -> dict[str, Any]:
        """For JSON: the layer table's keys (`layers`, `totals` and more), `findings`, `changes`, `figures`."""
        return {
            "subject": self.subject,
            **self.table.to_dict(),
            "findings": [finding.to_dict() for finding in self.findings],
            "changes": list(self.changes),
            "figures": [str(path) for path in self.figures],
        }


@dataclass(frozen=True)
class _Subject:
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


def explain(
    what: Any,
    *,
    size: int | None = None,
    classes: int | None = None,
    input: int | None = None,
    settings: NetworkSettings | Conv2DSettings | Sequence[str] = (),
    batch: int = 32,
    silence: Sequence[str] = (),
    figures: str | Path | None = None,
    image: str | Path | None = None,
    trust: bool = False,
) -> Explanation:
    """Explains a network by name (at `size` px, 64 unless told, with `classes` and settings), a run, a model, its file.

    Names of keras.applications are taken too, without settings. "FILE.py:function" is a network of your own, explained
    as one by name is, and so is "FILE.keras" with settings, classes or `input` (255 or 1: the largest pixel value that
    it takes). Findings advise what this function takes for `what`.
    `batch`: images a step, for the memory. `silence`: names of findings to leave out. `figures`: a folder for pictures
    of the first filters, the feature maps and the receptive fields on `image`, a file; a run has one of its own.
    `trust`: run code that a model file holds, such as a Lambda layer, and import what it names: for files of your own.
    Raises RequestError where `what` is none of these, an option does not belong to it, or a setting is illegal.
    """
    chosen = network_settings(settings)
    require_backend()
    if image is not None and figures is None:
        raise RequestError(f"image={image}: it is for figures; add figures=DIR")
    if figures is not None:
        figures = folder_to_fill(figures, "figures")
    if image is not None and kind_of(image := named(image, "image"), "image") is None:
        raise RequestError(f"image={image}: there is no such file")
    checks.whole("batch", batch, 1, _MOST_BATCH)
    own = isinstance(what, str | Path) and _is_own(str(what), chosen, classes, input)
    if input is not None and not own:
        raise RequestError(f"input={input}: it is for a network of your own, FILE.py:function or FILE.keras")
    subject = _of_own(str(what), size, classes, input, chosen) if own else _subject(what, size, classes, chosen, trust)
    from convwise.nets.layer_table.graph import flatten, open_size
    from convwise.nets.layer_table.table import table_of
    from convwise.nets.lint import lint_graph

    notes = []
    size_px = subject.size_px
    if size_px is None and open_size(subject.model):
        size_px = DEFAULT_SIZE_PX
        notes.append(f"the model leaves the images' size open: {size_px} px is taken; size=PX takes another")
    graph = flatten(subject.model, size_px=size_px)
    if not graph.of_one_image:
        taken = " and ".join(_by(tensor.shape[1:]) for tensor in graph.inputs)
        notes.append(f"the model takes {taken}: findings that follow one image through a network are left out")
    table = table_of(graph, batch=batch, optimizer=subject.optimizer, precision=subject.precision)
    table = replace(table, notes=(*notes, *table.notes))
    found = lint_graph(graph, table, n_train=subject.n_train, silence=silence, accepts=subject.accepts)
    drawn = _draw(subject, table, Path(figures), image) if figures is not None else ()
    return Explanation(subject.name, table, found, subject.changes, drawn, subject.make_model)


def _subject(what: Any, size: int | None, classes: int | None, settings: NetworkSettings, trust: bool) -> _Subject:
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
        return _Subject(what, built.model, cache(lambda: made(True).model), size_px, changes=_told(built))
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
        return _Subject(str(getattr(what, "name", what)), what, lambda: what, size, accepts=frozenset(["size"]))
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
    return _Subject(str(what), model, lambda: model, size, accepts=frozenset(["size"]))


def _of_keras(name: str, size: int | None, classes: int | None) -> _Subject:
    """A network of keras.applications as `train` would train it, on a classifier, with weights drawn here."""
    from convwise.transfer.bodies import build_body, preprocessings, put_on

    size_px = checks.whole("size", DEFAULT_SIZE_PX if size is None else size, 8, 1024)
    n_classes = checks.whole("classes", DEFAULT_CLASSES if classes is None else classes, 2, 100_000)
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
    return _Subject(name, model, lambda: model, size_px, accepts=frozenset(["size"]))


def _of_keras_applications(what: Any) -> str:
    """The name as Keras spells it; "" where it has none of that name, or a file or folder is meant."""
    if not isinstance(what, str) or not what.isalnum():
        return ""
    from convwise.transfer.bodies import application

    function = application(what)
    return "" if function is None else str(function.__name__)


def _is_own(what: str, settings: NetworkSettings, classes: int | None, input_range: int | None) -> bool:
    """Whether a network of the user's own is to be built; a model's file alone is shown as it lies there."""
    asked = settings != NetworkSettings() or classes is not None or input_range is not None
    return (names_a_file(what) and ".py" in what) or (what.endswith(".keras") and asked)


def _of_own(
    what: str, size: int | None, classes: int | None, input_range: int | None, settings: NetworkSettings
) -> _Subject:
    found = require_network(what, input_range=input_range)
    assert isinstance(found, OwnNetwork)
    size_px, n_classes = _in_range(size, classes)
    from convwise.nets.own.contract import examine

    looked_at = examine(found, size_px=size_px, n_classes=n_classes, settings=settings)
    remember(looked_at.own)
    built = build(looked_at.own, size_px=size_px, n_classes=n_classes, settings=settings, seed=0, precision="float32")
    return _Subject(str(found), built.model, lambda: built.model, size_px, changes=(*looked_at.notes, *_told(built)))


def _in_range(size: int | None, classes: int | None) -> tuple[int, int]:
    size_px = DEFAULT_SIZE_PX if size is None else size
    n_classes = DEFAULT_CLASSES if classes is None else classes
    return checks.whole("size", size_px, 8, 1024), checks.whole("classes", n_classes, 2, 100_000)


def _told(built: Built) -> tuple[str, ...]:
    """A line for what became of each setting."""
    return tuple(describe_changes(built.changes))


def _of_run(run: Run, trust: bool) -> _Subject:
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
    return _Subject(
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


def _draw(subject: _Subject, table: LayerTable, folder: Path, image: str | Path | None) -> tuple[Path, ...]:
    """The three pictures, on one image fitted to the network's size."""
    from convwise.images.reading import UnreadableImage, load_pixels
    from convwise.images.rules import USUAL
    from convwise.nets.activations import feature_maps, first_filters
    from convwise.report.network_figures import draw_feature_maps, draw_filters, draw_receptive_fields

    height, width = (*table.input_shape[:2], None, None)[:2]
    if len(subject.model.inputs) > 1 or table.input_shape[2:] != (3,) or height != width or height is None:
        shape = " and ".join(_by(tensor.shape[1:]) for tensor in subject.model.inputs)
        raise RequestError(f"figures={folder}: the model must take square RGB pictures, not {shape}")
    if table.totals.weights > _MOST_NUMBERS:
        raise RequestError(
            f"figures={folder}: the network has {table.totals.weights:,} weights and would need them all; at most "
            f"{_MOST_NUMBERS:,} are drawn: narrow it, or leave the figures out"
        )
    if image is None and subject.run is None:
        raise RequestError(f"figures={folder}: name a picture to draw on with image=FILE")
    resize = subject.run.settings.recipe.resize if subject.run else "stretch"
    rules = subject.run.settings.reading if subject.run else USUAL
    path = Path(image) if image is not None else _own_image(subject.run)
    try:
        pixels = load_pixels(path, size=height, resize=resize, rules=rules)
    except UnreadableImage as problem:
        raise RequestError(f"image={path}: {problem}") from None
    filters, maps, seen = (folder / name for name in FIGURES)
    views = [
        (row.name, row.receptive_field.size, row.receptive_field.stride, row.receptive_field.offset)
        for row in table.rows
        if row.type == "Conv2D" and row.receptive_field is not None
    ]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        model = subject.make_model()
        draw_filters(first_filters(model), filters)
        draw_feature_maps(pixels, feature_maps(model, pixels), maps)
        draw_receptive_fields(pixels, views, seen)
    except OSError as problem:
        raise cannot_write(folder, problem) from None
    return filters, maps, seen


def _by(shape: Sequence[int | None]) -> str:
    return "x".join("any" if side is None else str(side) for side in shape)


def _own_image(run: Run | None) -> Path:
    """The run's first test image, else its first training image."""
    assert run is not None
    paths = [*run.split["test"], *run.split["train"]]
    return Path(run.settings.folder, str(paths[0]))
