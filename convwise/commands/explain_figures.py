"""explain's pictures of a network: its first filters, its feature maps, its receptive fields."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convwise.commands.explained import Subject
from convwise.errors import RequestError
from convwise.files import cannot_write
from convwise.images.image_shape import CHANNELS, ImageShape
from convwise.images.reading import UnreadableImage, load_pixels
from convwise.images.rules import USUAL
from convwise.names import by_sides
from convwise.nets.layer_table.records import LayerTable
from convwise.runs import Run

FIGURES = ("filters.png", "feature_maps.png", "receptive_fields.png")
_MOST_NUMBERS = 500_000_000  # weights that are given values, for figures: 2 GB
_MOST_PICTURES = 24  # of a run, in which the patches are looked for that its first filters answer most to


def draw_figures(subject: Subject, table: LayerTable, folder: Path, image: str | Path | None) -> tuple[Path, ...]:
    """The three pictures, on one image fitted to the network's shape; of a run the patches come from test images."""
    from convwise.nets.activations import feature_maps, first_filters
    from convwise.nets.patches import strongest_patches
    from convwise.report.network_figures import Answering, draw_feature_maps, draw_filters, draw_receptive_fields

    shape = _required_shape(subject, table, folder)
    if image is None and subject.run is None:
        raise RequestError(f"figures={folder}: name a picture to draw on with image=FILE")
    resize = subject.run.settings.recipe.resize if subject.run else "stretch"
    rules = subject.run.settings.reading if subject.run else USUAL
    path = Path(image) if image is not None else _own_images(subject.run)[0]

    def pixels_of(path: Path) -> NDArray[np.uint8]:
        return load_pixels(path, shape=shape, resize=resize, rules=rules)

    try:
        pixels = pixels_of(path)
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
        own = feature_maps(model, pixels)
        stack = [pixels] if subject.run is None else _readable(_own_images(subject.run), pixels_of) or [pixels]
        first = [feature_maps(model, each, most=1)[0] for each in stack] if views else []
        answering = None
        if first:
            patches = strongest_patches([each.values for each in first], *views[0][1:], n=4)
            answering = Answering(stack, patches)
        draw_filters(first_filters(model), filters, answering)
        draw_feature_maps(pixels, [(each.name, each.values, each.after) for each in own], maps)
        draw_receptive_fields(pixels, views, seen)
    except OSError as problem:
        raise cannot_write(folder, problem) from None
    return filters, maps, seen


def _required_shape(subject: Subject, table: LayerTable, folder: Path) -> ImageShape:
    shape = _image_shape(table.input_shape)
    if len(subject.model.inputs) > 1 or shape is None:
        taken = " and ".join(by_sides(tensor.shape[1:]) for tensor in subject.model.inputs)
        raise RequestError(f"figures={folder}: the model must take RGB or gray pictures, not {taken}")
    if table.totals.weights > _MOST_NUMBERS:
        raise RequestError(
            f"figures={folder}: the network has {table.totals.weights:,} weights and would need them all; at most "
            f"{_MOST_NUMBERS:,} are drawn: narrow it, or leave the figures out"
        )
    return shape


def _image_shape(found: Sequence[int | None]) -> ImageShape | None:
    """As an ImageShape, or None where it is none that pictures can be given."""
    if len(found) != 3 or found[2] not in CHANNELS or None in found:
        return None
    height, width, channels = (int(side or 0) for side in found)
    return ImageShape(height, width, channels)


def _readable(paths: Sequence[Path], pixels_of: Any) -> list[NDArray[np.uint8]]:
    found = []
    for path in paths:
        try:
            found.append(pixels_of(path))
        except UnreadableImage:
            continue  # it is gone or damaged now; the others do
    return found


def _own_images(run: Run | None) -> list[Path]:
    """Some of the run's test images, evenly spaced, else of its training images."""
    assert run is not None
    paths = run.split["test"] or run.split["train"]
    places = np.linspace(0, len(paths) - 1, min(len(paths), _MOST_PICTURES)).round().astype(int)
    return [Path(run.settings.folder, str(paths[int(place)])) for place in places]
