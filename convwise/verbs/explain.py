"""explain: what a network's layers see and cost, what is unwise in it, and what a user's settings change."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from convwise.conv2d import Conv2DSettings, NetworkSettings, network_settings
from convwise.conv2d.findings import Finding
from convwise.errors import RequestError
from convwise.files import cannot_write
from convwise.nets import NETWORKS, build
from convwise.nets.backend import require_backend
from convwise.nets.changes import describe_changes
from convwise.nets.layer_table.records import LayerTable
from convwise.places import folder_to_fill, kind_of, named
from convwise.runs import Run

DEFAULT_SIZE_PX = 64
DEFAULT_CLASSES = 4
FIGURES = ("filters.png", "feature_maps.png", "receptive_fields.png")


@dataclass(frozen=True)
class Explanation:
    """A network layer by layer, the findings about it, and a line for what became of each setting of the user's."""

    subject: str
    table: LayerTable
    findings: tuple[Finding, ...]
    changes: tuple[str, ...] = ()
    figures: tuple[Path, ...] = ()
    model: Any = field(default=None, compare=False, repr=False)

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
    """What is explained: a model, on what images, and what of a run is known besides."""

    name: str
    model: Any
    size_px: int | None
    n_train: int | None = None
    optimizer: str = "adamw"
    precision: str = "float32"
    changes: tuple[str, ...] = ()
    run: Run | None = None


def explain(
    what: Any,
    *,
    size: int | None = None,
    classes: int | None = None,
    settings: NetworkSettings | Conv2DSettings | Sequence[str] = (),
    batch: int = 32,
    silence: Sequence[str] = (),
    figures: str | Path | None = None,
    image: str | Path | None = None,
) -> Explanation:
    """Explains a network by name (at `size` px, 64 unless told, with `classes` and settings), a run, a model, its file.

    `batch`: images a step, for the memory. `silence`: names of findings to leave out. `figures`: a folder for pictures
    of the first filters, the feature maps and the receptive fields on `image`, a file; a run has one of its own.
    Raises RequestError where `what` is none of these, an option does not belong to it, or a setting is illegal.
    """
    chosen = network_settings(settings)
    require_backend()
    if image is not None and figures is None:
        raise RequestError(f"--image {image}: it is for figures; add --figures DIR")
    if figures is not None:
        figures = folder_to_fill(figures, "--figures")
    if image is not None and kind_of(image := named(image, "--image"), "--image") is None:
        raise RequestError(f"--image {image}: there is no such file")
    subject = _subject(what, size, classes, chosen)
    from convwise.nets.layer_table.graph import flatten
    from convwise.nets.layer_table.table import table_of
    from convwise.nets.lint import lint_graph

    graph = flatten(subject.model, size_px=subject.size_px)
    table = table_of(graph, batch=batch, optimizer=subject.optimizer, precision=subject.precision)
    found = lint_graph(graph, table, n_train=subject.n_train, silence=silence)
    drawn = _draw(subject, table, Path(figures), image) if figures is not None else ()
    return Explanation(subject.name, table, found, subject.changes, drawn, subject.model)


def _subject(what: Any, size: int | None, classes: int | None, settings: NetworkSettings) -> _Subject:
    if isinstance(what, str) and what in NETWORKS:
        size_px = DEFAULT_SIZE_PX if size is None else size
        n_classes = DEFAULT_CLASSES if classes is None else classes
        for name, value, low, high in (("size", size_px, 8, 1024), ("classes", n_classes, 2, 100_000)):
            if not low <= value <= high:
                raise RequestError(f"--{name} {value}: it must be a whole number from {low} to {high}")
        model, changes = _built(what, size_px, n_classes, settings)
        return _Subject(what, model, size_px, changes=changes)
    if settings != NetworkSettings() or classes is not None:
        raise RequestError(f"explain {what}: --set and --classes are for a network by name ({', '.join(NETWORKS)})")
    if not isinstance(what, str | Path):
        return _Subject(str(getattr(what, "name", what)), what, size)
    path = named(what, "explain")
    kind = kind_of(path, "explain")
    if kind == "folder":
        if size is not None:
            raise RequestError(f"--size {size}: a run has a size of its own; drop the option")
        return _of_run(Run.open(path))
    if kind != "file":
        known = ", ".join(NETWORKS)
        raise RequestError(f"explain {what}: neither a network ({known}) nor a run folder nor a model file")
    return _Subject(str(what), _loaded(path), size)


def _built(net: str, size_px: int, n_classes: int, settings: NetworkSettings) -> tuple[Any, tuple[str, ...]]:
    """The network with any first weights, and a line for what became of each setting."""
    built = build(net, size_px=size_px, n_classes=n_classes, settings=settings, seed=0, precision="float32")
    return built.model, tuple(describe_changes(built.changes))


def _of_run(run: Run) -> _Subject:
    run.require_complete()
    settings = run.settings
    recipe = settings.recipe
    changes: tuple[str, ...] = ()
    if settings.network.scopes:  # built anew for what they changed; the trained weights are those of the file
        changes = _built(settings.net, recipe.size_px, len(run.class_names), settings.network)[1]
    return _Subject(
        str(run.folder),
        _loaded(run.model_path),
        recipe.size_px,
        n_train=len(run.split["train"]),
        optimizer=recipe.optimizer,
        precision=recipe.precision,
        changes=changes,
        run=run,
    )


def _loaded(path: Path) -> Any:
    import keras

    try:
        return keras.models.load_model(path, compile=False)
    except Exception as problem:  # Keras raises whatever its parsers stumble over
        first = (str(problem).strip().splitlines() or [type(problem).__name__])[0]
        raise RequestError(f"explain {path}: Keras cannot load it as a model: {first[:300]}") from None


def _draw(subject: _Subject, table: LayerTable, folder: Path, image: str | Path | None) -> tuple[Path, ...]:
    """The three pictures, on one image fitted to the network's size."""
    from convwise.images.reading import UnreadableImage, load_pixels
    from convwise.nets.activations import feature_maps, first_filters
    from convwise.report.network_figures import draw_feature_maps, draw_filters, draw_receptive_fields

    height, width = table.input_shape[:2]
    if table.input_shape[2:] != (3,) or height != width or height is None:
        shape = "x".join(map(str, table.input_shape))
        raise RequestError(f"--figures {folder}: the model must take square RGB pictures, not {shape}")
    if image is None and subject.run is None:
        raise RequestError(f"--figures {folder}: name a picture to draw on with --image FILE")
    fit = subject.run.settings.recipe.fit if subject.run else "stretch"
    path = Path(image) if image is not None else _own_image(subject.run)
    try:
        pixels = load_pixels(path, size=height, fit=fit)
    except UnreadableImage as problem:
        raise RequestError(f"--image {path}: {problem}") from None
    filters, maps, seen = (folder / name for name in FIGURES)
    views = [
        (row.name, row.receptive_field.size, row.receptive_field.stride, row.receptive_field.offset)
        for row in table.rows
        if row.type == "Conv2D" and row.receptive_field is not None
    ]
    try:
        folder.mkdir(parents=True, exist_ok=True)
        draw_filters(first_filters(subject.model), filters)
        draw_feature_maps(pixels, feature_maps(subject.model, pixels), maps)
        draw_receptive_fields(pixels, views, seen)
    except OSError as problem:
        raise cannot_write(folder, problem) from None
    return filters, maps, seen


def _own_image(run: Run | None) -> Path:
    """The run's first test image, else its first training image."""
    assert run is not None
    paths = [*run.split["test"], *run.split["train"]]
    return Path(run.settings.folder, str(paths[0]))
