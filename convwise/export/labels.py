"""labels.json: what whoever asks an exported network must know: its classes, and how a picture becomes its input."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

from convwise import checks
from convwise.errors import RequestError
from convwise.files import write_json
from convwise.images.image_shape import ImageShape
from convwise.images.resizing import check_resize
from convwise.images.rules import MAX_PIXELS, Rules
from convwise.records import record_of
from convwise.strict_json import json_values

if TYPE_CHECKING:
    from convwise.runs import Run

FILE = "labels.json"
FORMAT = 1
"""The key `format` of labels.json; a convwise that knows another one does not guess."""
WHITE = 255


@dataclass(frozen=True)
class Labels:
    """What a runtime does not know of an exported network.

    Attributes:
        convwise: The version that exported.
        class_names: The classes, in the order of the probabilities.
        height: Height of the input in pixels.
        width: Width of the input in pixels.
        channels: 3 for red, green and blue, 1 for gray.
        resize: How a picture gets that height and width: "stretch", "crop" or "pad".
        white: The largest value of a pixel as the network takes it.
        bits: Of a 16-bit picture, how many are in use: its values are divided by 2**bits - 1.
        most_pixels: A picture of more is refused.
        flip_averaging: Whether the network's answer is the mean over the picture and its mirror image.

    Raises:
        RequestError: a value is out of its range.

    Example:
        >>> from convwise.export.labels import Labels
        >>> Labels("0.1.0", ("cat", "dog"), 64, 96, 3, "stretch").shape.array
        (64, 96, 3)
    """

    convwise: str
    class_names: tuple[str, ...]
    height: int
    width: int
    channels: int
    resize: str
    white: int = WHITE
    bits: int = 16
    most_pixels: int = MAX_PIXELS
    flip_averaging: bool = False

    def __post_init__(self) -> None:
        checks.text("convwise", self.convwise)
        if not self.class_names:
            raise RequestError("class_names=[]: there must be one at least")
        _ = self.shape
        check_resize(self.resize)
        if self.white != WHITE:
            raise RequestError(f"white={self.white}: it must be {WHITE}")
        try:
            _ = self.rules
        except ValueError as problem:
            raise RequestError(str(problem)) from None

    @property
    def shape(self) -> ImageShape:
        """Of the network's input."""
        return ImageShape(self.height, self.width, self.channels)

    @property
    def rules(self) -> Rules:
        """How pictures are read."""
        return Rules(self.bits, self.most_pixels)

    def write(self, folder: Path) -> None:
        """Into labels.json of the folder."""
        write_json(folder / FILE, {"format": FORMAT, **asdict(self)})

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """From the values of labels.json. Raises RequestError, naming the key."""
        if not isinstance(values, Mapping) or values.get("format") != FORMAT:
            found = values.get("format") if isinstance(values, Mapping) else None
            raise RequestError(f"format={found}: this convwise reads format {FORMAT}")
        return record_of(cls, {key: value for key, value in values.items() if key != "format"})

    @classmethod
    def of_text(cls, text: str) -> Self:
        """From the text of labels.json. Raises RequestError for what is no such text."""
        try:
            return cls.from_dict(json_values(text))
        except ValueError as problem:
            raise RequestError(f"it is no JSON that can be read ({problem})") from None


def labels_of(run: Run) -> Labels:
    """What the exports of a run must say."""
    from convwise.runs.environment import package_version

    recipe, reading = run.settings.recipe, run.settings.reading
    shape = recipe.shape
    return Labels(
        convwise=package_version("convwise") or "unknown",
        class_names=run.class_names,
        height=shape.height,
        width=shape.width,
        channels=shape.channels,
        resize=recipe.resize,
        bits=reading.bits,
        most_pixels=reading.most_pixels,
        flip_averaging=recipe.flip_averaging,
    )
