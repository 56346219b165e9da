"""The pictures of a run: learning curves, the confusion matrix, a sheet of the worst mistakes."""

from __future__ import annotations

import textwrap
import warnings
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from convwise.evaluation import Evaluation
from convwise.files import write_atomically
from convwise.names import shown

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

# Two of Okabe and Ito's colours (2008), told apart by colour-blind readers and in gray.
TRAIN, VALIDATION = "#E69F00", "#0072B2"
FEW_CLASSES = 20  # up to here each cell of the matrix holds its number
_SMOOTHED = "training: augmented images, with the labels smoothed as the recipe says; validation: images as they are"
_TEXT = {"parse_math": False}  # a class called $5 is no formula


def draw_run(
    folder: Path,
    rows: Sequence[Mapping[str, float]],
    best_epoch: int,
    evaluation: Evaluation | None,
    load: Callable[[str], NDArray[np.uint8]],
) -> None:
    """All pictures of a run into its folder; without an evaluation the learning curves alone."""
    title = shown(folder.resolve().name) + (f": accuracy {evaluation.told}" if evaluation else "")
    learning_curves(rows, folder / "learning_curves.png", best_epoch=best_epoch, title=title)
    if evaluation is not None:
        confusion_matrix(evaluation, folder / "confusion_matrix.png")
        worst_mistakes(evaluation, load, folder / "worst_mistakes.png")


def learning_curves(
    metrics: Sequence[Mapping[str, float]], path: str | Path, *, best_epoch: int | None = None, title: str = ""
) -> None:
    """Loss, accuracy and learning rate by epoch, with a line at the epoch whose weights were kept.

    `metrics`: the rows of metrics.jsonl, with `epoch` and any of loss, accuracy, val_loss, val_accuracy, learning_rate.
    """
    from matplotlib.ticker import MaxNLocator, PercentFormatter

    figure = _figure((11, 3.6))
    panels = figure.subplots(1, 3)
    for panel, name, heading in zip(
        panels, ("loss", "accuracy", "learning_rate"), ("loss", "accuracy", "learning rate"), strict=True
    ):
        _curve(panel, metrics, name, TRAIN, "training")
        _curve(panel, metrics, f"val_{name}", VALIDATION, "validation")
        if best_epoch is not None:
            panel.axvline(best_epoch, color="0.5", linewidth=0.8, linestyle=":", label=f"best epoch: {best_epoch}")
        panel.set_title(heading, loc="left", fontsize=11)
        panel.set_xlabel("epoch")
        panel.xaxis.set_major_locator(MaxNLocator(integer=True))
        if len(metrics) == 1:  # one point has no range of its own
            panel.set_xlim(metrics[0]["epoch"] - 1, metrics[0]["epoch"] + 1)
            panel.set_xticks([metrics[0]["epoch"]])
        _quiet(panel)
    panels[0].set_ylim(bottom=0)
    panels[1].yaxis.set_major_formatter(PercentFormatter(1.0, decimals=0))
    if len(metrics) == 1:
        panels[1].set_ylim(0, 1)
        panels[2].set_ylim(bottom=0)
    if title:
        figure.suptitle(title, x=0.01, ha="left", fontsize=12, **_TEXT)
    figure.supxlabel(_SMOOTHED, x=0.01, ha="left", fontsize=8, color="0.4")
    panels[0].legend(frameon=False, fontsize=9)
    _save(figure, path)


def _curve(panel: Axes, metrics: Sequence[Mapping[str, float]], name: str, colour: str, label: str) -> None:
    rows = [row for row in metrics if row.get(name) is not None]
    if rows:
        marker = "o" if len(rows) < 30 else ""  # one epoch is a point, not an invisible line
        epochs, values = [row["epoch"] for row in rows], [row[name] for row in rows]
        panel.plot(epochs, values, color=colour, label=label, linewidth=1.6, marker=marker, markersize=3)


def confusion_matrix(evaluation: Evaluation, path: str | Path) -> None:
    """Rows are the true classes, columns the predicted ones, shaded by the share of the row."""
    counts = np.array(evaluation.confusion)
    k = len(counts)
    share = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    few = k <= FEW_CLASSES
    side = 2.6 + 0.62 * k if few else 3.0 + 0.155 * k
    figure = _figure((side + (0.6 if few else 2.2), side), dpi=130)
    panel = figure.subplots()
    # The square root lets a single confusion among fifty images be seen.
    image = panel.imshow(np.sqrt(share), cmap="Blues", vmin=0, vmax=1)
    names = [
        textwrap.shorten(name, 28, placeholder="…") if " " in name else name[:28]
        for name in map(shown, evaluation.class_names)
    ]
    size = 10 if few else 6.5
    panel.set_xticks(
        range(k), names, rotation=45 if few else 90, ha="right" if few else "center", fontsize=size, **_TEXT
    )
    panel.set_yticks(range(k), names, fontsize=size, **_TEXT)
    if few:
        panel.tick_params(axis="x", rotation_mode="anchor")
        for (row, column), count in np.ndenumerate(counts):
            if count:
                colour = "white" if share[row, column] > 0.4 else "0.15"
                panel.text(column, row, f"{count:,}", ha="center", va="center", color=colour, fontsize=size)
    else:
        panel.set_xticks(np.arange(k + 1) - 0.5, minor=True)
        panel.set_yticks(np.arange(k + 1) - 0.5, minor=True)
        panel.grid(which="minor", color="0.92", linewidth=0.3)
        panel.tick_params(labeltop=True, labelright=True, length=1.5)
    panel.tick_params(which="minor", length=0)
    panel.set_xlabel("predicted")
    panel.set_ylabel("true")
    accuracy = evaluation.accuracy
    figure.suptitle(
        f"{evaluation.split}: {evaluation.n:,} images{chr(10) if few else ', '}"
        f"accuracy {accuracy.value:.1%} ({accuracy.low:.1%} to {accuracy.high:.1%})",
        fontsize=11 if few else 14,
    )
    bar = figure.colorbar(image, ax=panel, shrink=0.5 if few else 0.25, ticks=np.sqrt([0, 0.01, 0.1, 0.25, 0.5, 1]))
    bar.ax.set_yticklabels(["0", "1 %", "10 %", "25 %", "50 %", "100 %"], fontsize=8)
    bar.set_label("share of the true class", fontsize=8)
    bar.outline.set_visible(False)
    for spine in panel.spines.values():
        spine.set_color("0.8")
    _save(figure, path)


def worst_mistakes(
    evaluation: Evaluation, load: Callable[[str], NDArray[np.uint8]], path: str | Path, n: int = 20
) -> None:
    """The n most confident mistakes with captions; `load(path)` gives pixels (height, width, 3 or 1)."""
    mistakes = evaluation.mistakes[:n]
    pictures = [load(mistake.path) for mistake in mistakes]
    pictures = [np.repeat(pixels, 3 // pixels.shape[2], axis=2) for pixels in pictures]  # gray as equal colours
    tall = max((pixels.shape[0] / pixels.shape[1] for pixels in pictures), default=1.0)
    columns = min(5, max(1, len(mistakes)))
    rows = max(1, -(-len(mistakes) // columns))
    figure = _figure((max(2.2 * columns, 4.4), (2.2 * min(tall, 2.0) + 0.5) * rows + 0.5), dpi=110)
    figure.suptitle(
        f"{evaluation.split}: the most confident mistakes" if mistakes else f"{evaluation.split}: no mistake"
    )
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel in panels:
        panel.axis("off")
    for panel, mistake, picture in zip(panels, mistakes, pictures, strict=False):
        panel.imshow(picture)
        taken = "\n".join(textwrap.wrap(f"taken for {shown(mistake.predicted)} at {mistake.probability:.0%}", 28))
        label = "\n".join(textwrap.wrap(f"is {shown(mistake.label)}", 28))
        panel.set_title(f"{label}\n{taken}", fontsize=8.5, **_TEXT)
    _save(figure, path)


def _figure(size: tuple[float, float], **options: Any) -> Figure:
    from matplotlib.figure import Figure  # takes long to import, and a run is drawn at its end

    return Figure(figsize=size, layout="constrained", **options)


def _quiet(panel: Axes) -> None:
    panel.spines[["top", "right"]].set_visible(False)
    panel.grid(color="0.9", linewidth=0.6)
    panel.set_axisbelow(True)


def _save(figure: Figure, path: str | Path) -> None:
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    with write_atomically(Path(path)) as file, warnings.catch_warnings():
        # A script that the fonts at hand lack is drawn as boxes; the records and tables hold the name itself.
        warnings.filterwarnings("ignore", message="Glyph .* missing from")
        FigureCanvasAgg(figure).print_png(file)
