"""explain: what a network's layers see and cost, what is unwise in it, and what a user's settings change."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from convwise import checks
from convwise.commands.explained import DEFAULT_SIZE, Asked, is_own, of_own, subject_of
from convwise.conv2d import Conv2DSettings, NetworkSettings, network_settings
from convwise.conv2d.findings import Finding
from convwise.errors import RequestError
from convwise.html_repr import ShownAsHtml
from convwise.images.image_shape import ImageShape
from convwise.names import by_sides, counted
from convwise.nets.backend import require_backend
from convwise.nets.layer_table.records import LayerTable
from convwise.places import folder_to_fill, kind_of, named

_MOST_BATCH = 1_000_000


@dataclass(frozen=True)
class Explanation(ShownAsHtml):
    """A network layer by layer, the findings about it, and what became of the settings.

    Attributes:
        subject: Name of the network, run or file.
        table: What each layer sees, holds and computes.
        findings: What is unwise or does nothing, the gravest first.
        changes: A line for each setting: which layers it changed, and which it left alone.
        figures: The files that were drawn.
        make_model: Makes the Keras model; `model()` keeps it.

    Example:
        >>> import convwise
        >>> convwise.explain("simple", size=32).subject
        'simple'
    """

    subject: str
    table: LayerTable
    findings: tuple[Finding, ...]
    changes: tuple[str, ...] = ()
    figures: tuple[Path, ...] = ()
    make_model: Callable[[], Any] = field(default=lambda: None, compare=False, repr=False)

    def __repr__(self) -> str:
        layers, findings = counted(len(self.table.rows), "layer"), counted(len(self.findings), "finding")
        return f"<Explanation of {self.subject}: {layers}, {findings}>"

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


def explain(
    what: Any,
    *,
    size: int | str | tuple[int, int] | None = None,
    channels: int | None = None,
    classes: int | None = None,
    input: int | None = None,
    settings: NetworkSettings | Conv2DSettings | Sequence[str] = (),
    batch: int = 32,
    silence: Sequence[str] = (),
    figures: str | Path | None = None,
    image: str | Path | None = None,
    trust: bool = False,
) -> Explanation:
    """Explains a network: what its layers see and cost, what is unwise in it, and what became of the settings.

    Args:
        what: One of convwise's networks or of `keras.applications` by name, one of your own as "FILE.py:function" or
            "FILE.keras", a run or its folder, a Keras model or its file.
        size: Side of square images in px, 8 to 1024 for a network by name, or height and width, "64x96" or (64, 96); a
            model's own, else 64, if None.
        channels: Of the images of a network by name or of your own, 3, or 1 for gray; 3 if None.
        classes: Number of classes of a network by name, 2 to 100,000; 4 if None.
        input: Largest pixel value that a network of your own takes, 255 or 1; found out if None.
        settings: Settings of a network by name or of your own: a record, or texts such as `["conv.kernel_size=5"]`.
        batch: Images per step, for the memory, 1 to 1,000,000.
        silence: Names of findings to leave out.
        figures: A new folder for pictures of the first filters, with what they answer most to, the feature maps and the
            receptive fields; none are drawn if None.
        image: The picture that the figures are drawn on; a run's first test image if None.
        trust: Whether code is run that a model file holds, such as a Lambda layer, and modules are imported that it
            names.

    Returns:
        The layer table, the findings and a line per setting.

    Raises:
        RequestError: `what` is none of these, an option does not belong to it, or a setting is illegal.
        ConvwiseError: a run's model file is damaged, or the figures cannot be written.

    Example:
        >>> import convwise
        >>> explanation = convwise.explain("simple", size=32, settings=["conv.kernel_size=5"])
        >>> explanation.table.input_shape, explanation.changes
        ((32, 32, 3), ('conv.kernel_size=5x5: changed conv2d, conv2d_1, conv2d_2',))
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
    asked = Asked(size, channels, classes)
    own = isinstance(what, str | Path) and is_own(str(what), chosen, asked, input)
    if input is not None and not own:
        raise RequestError(f"input={input}: it is for a network of your own, FILE.py:function or FILE.keras")
    subject = of_own(str(what), asked, input, chosen) if own else subject_of(what, asked, chosen, trust)
    from convwise.nets.layer_table.graph import flatten, open_size
    from convwise.nets.layer_table.table import table_of
    from convwise.nets.lint import lint_graph

    notes = []
    shape = subject.shape
    if shape is None and open_size(subject.model):
        shape = ImageShape.of(DEFAULT_SIZE)
        notes.append(f"the model leaves the images' size open: {shape.told} is taken; size=PX takes another")
    graph = flatten(subject.model, shape=shape)
    if not graph.of_one_image:
        taken = " and ".join(by_sides(tensor.shape[1:]) for tensor in graph.inputs)
        notes.append(f"the model takes {taken}: findings that follow one image through a network are left out")
    table = table_of(graph, batch=batch, optimizer=subject.optimizer, precision=subject.precision)
    table = replace(table, notes=(*notes, *table.notes))
    found = lint_graph(graph, table, n_train=subject.n_train, silence=silence, accepts=subject.accepts)
    drawn: tuple[Path, ...] = ()
    if figures is not None:
        from convwise.commands.explain_figures import draw_figures

        drawn = draw_figures(subject, table, Path(figures), image)
    return Explanation(subject.name, table, found, subject.changes, drawn, subject.make_model)
