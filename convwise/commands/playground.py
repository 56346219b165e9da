"""playground: Conv2D to move and look at, alone or within a network, as one HTML file that opens without a server."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from convwise.commands.explained import Asked, is_own, of_own, subject_of
from convwise.conv2d import Conv2DSettings, NetworkSettings, network_settings
from convwise.errors import RequestError
from convwise.files import write_text
from convwise.nets.backend import require_backend
from convwise.places import file_to_write, named

DEFAULT_FILE = "playground.html"
_TITLE = "convwise playground"


@dataclass(frozen=True)
class Playground:
    """The page that was written.

    Attributes:
        path: The HTML file; a browser opens it from the disk.
        subject: Name of the network in it; None for a column of layers of your own.
        notes: What is to be said about it, a line each.

    Example:
        >>> import convwise
        >>> convwise.playground(out="conv2d.html").path.name
        'conv2d.html'
    """

    path: Path
    subject: str | None
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        return "\n".join((f"playground: {self.path}", *self.notes))


def playground(
    what: Any = None,
    *,
    out: str | Path = DEFAULT_FILE,
    size: int | str | tuple[int, int] | None = None,
    channels: int | None = None,
    classes: int | None = None,
    input: int | None = None,
    settings: NetworkSettings | Conv2DSettings | Sequence[str] = (),
    trust: bool = False,
) -> Playground:
    """Writes a page on which the sixteen parameters of Conv2D are moved on a picture, as one file without a server.

    Args:
        what: A network as for `explain`: by name, "FILE.py:function", a run or its folder, a Keras model or its file. A
            column of layers that begins with one convolution if None.
        out: The HTML file; one that is there is replaced.
        size: Side of the pictures of a network in px, or height and width; its own, else 64, if None.
        channels: Of the pictures of a network, 3, or 1 for gray; 3 if None.
        classes: Number of classes of a network by name; 4 if None.
        input: Largest pixel value that a network of your own takes, 255 or 1; found out if None.
        settings: Settings of a network, as for `explain`.
        trust: Whether code is run that a model file holds.

    Returns:
        The file, the name of the network in it, and what is to be said.

    Raises:
        RequestError: `what` is no network, an option does not belong to it, or the file cannot be there.
        ConvwiseError: the file cannot be written.

    Example:
        >>> import convwise
        >>> convwise.playground("simple", size=32, out="simple.html").subject
        'simple'
    """
    target = file_to_write(named(out, "out"), "out")
    if target.suffix.lower() not in (".html", ".htm"):
        example = target.with_suffix(".html") if target.name else DEFAULT_FILE
        raise RequestError(f"out={out}: the playground is an HTML file; name it {example}")
    chosen = network_settings(settings)
    if what is None:
        _require_nothing_else(chosen, size=size, channels=channels, classes=classes, input=input)
        made: tuple[dict[str, Any] | None, str | None, tuple[str, ...]] = (None, None, ())
    else:
        made = _network(what, Asked(size, channels, classes), input, chosen, trust)
    network, subject, notes = made
    from convwise.playground.page import page

    write_text(target, page(network, title=f"{_TITLE}: {subject}" if subject else _TITLE, notes=notes))
    return Playground(target, subject, notes)


def _require_nothing_else(settings: NetworkSettings, **given: Any) -> None:
    """Without a network its options mean nothing."""
    texts = [f"settings={text}" for text in settings.texts()[:1]]
    texts += [f"{name}={value}" for name, value in given.items() if value is not None]
    if texts:
        raise RequestError(f"{texts[0]}: it is for a network; name one, such as simple, or drop it")


def _network(
    what: Any, asked: Asked, input: int | None, settings: NetworkSettings, trust: bool
) -> tuple[dict[str, Any], str, tuple[str, ...]]:
    """The network as the page takes it, its name, and a line for what is to be known."""
    require_backend()
    own = isinstance(what, str | Path) and is_own(str(what), settings, asked, input)
    if input is not None and not own:
        raise RequestError(f"input={input}: it is for a network of your own, FILE.py:function or FILE.keras")
    subject = of_own(str(what), asked, input, settings) if own else subject_of(what, asked, settings, trust)
    from convwise.images.image_shape import ImageShape
    from convwise.nets import NETWORKS
    from convwise.nets.layer_table.graph import flatten, open_size
    from convwise.playground.network import MOST_WEIGHTS, n_weights, network_of

    shape = subject.shape
    if shape is None and open_size(subject.model):
        shape = asked.shape
    graph = flatten(subject.model, shape=ImageShape(*shape.array) if shape else None)
    n = n_weights(graph)
    its_own = subject.name not in NETWORKS and not own
    with_weights = its_own and n <= MOST_WEIGHTS
    notes = list(subject.changes)
    if its_own and not with_weights:
        notes.append(f"its {n:,} weights are left out ({MOST_WEIGHTS:,} at most): first weights are drawn instead")
    elif not its_own:
        notes.append("its weights are first weights, drawn in the page")
    network = network_of(graph, name=subject.name, with_weights=with_weights)
    network["input"]["most"] = 255  # of a network that takes less, a Rescaling is put in front when it is built
    return network, subject.name, tuple(notes)
