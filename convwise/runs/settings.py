"""What decides a run: which network is trained how, on which images. Saved as settings.json."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from convwise import checks
from convwise.conv2d import NetworkSettings
from convwise.images.copies import COPIES
from convwise.images.groups import check_group_by
from convwise.images.material import Pictures
from convwise.images.rules import USUAL, Rules
from convwise.nets import Network
from convwise.nets.own.reference import OwnNetwork
from convwise.records import record_of
from convwise.training.recipe import Recipe
from convwise.transfer.start import Pretrained


@dataclass(frozen=True)
class Subject:
    """Which network is trained how, on which images, resolved.

    `data` is the name or folder asked for, `folder` where it was found, `classes` and `exclude` what of it counts;
    `index_digest` pins the images; `reading` says how they were read, `copies` what counts as a copy, `group_by`
    what belongs together besides.
    """

    data: str
    folder: str
    classes: tuple[str, ...] | None
    exclude: tuple[str, ...]
    net: Network
    network: NetworkSettings
    recipe: Recipe
    per_class: int | None
    test: float | None
    validation: float
    index_digest: str
    reading: Rules = field(default=USUAL, kw_only=True)
    copies: str = field(default="near", kw_only=True)
    group_by: str | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        for name in ("data", "folder"):
            checks.text(name, getattr(self, name))
        if not isinstance(self.net, OwnNetwork):
            checks.text("net", self.net)
        checks.choice("copies", self.copies, COPIES)
        if self.group_by is not None:
            check_group_by(self.group_by)

    @property
    def pictures(self) -> Pictures:
        """Which pictures are read, and how."""
        return Pictures(
            folder=Path(self.folder),
            shape=self.recipe.shape,
            resize=self.recipe.resize,
            classes=self.classes,
            exclude=self.exclude,
            copies=self.copies,
            group_by=self.group_by,
            rules=self.reading,
        )

    def in_folder(self, folder: Path) -> Self:
        """The same, a network of the user's own read from the copy in the run's or study's folder."""
        return replace(self, net=self.net.at(folder)) if isinstance(self.net, OwnNetwork) else self

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**asdict(self), "network": self.network.to_dict(), "recipe": self.recipe.to_dict()}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Self:
        """The inverse of `to_dict`. Raises RequestError, naming the key."""
        return record_of(cls, values)


@dataclass(frozen=True)
class RunSettings(Subject):
    """Everything that decides a run: given these and the same pictures, the same run comes out.

    `pretrained`: the weights that the network starts from, None from scratch.
    """

    split_digest: str
    pretrained: Pretrained | None = None

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {**super().to_dict(), "pretrained": self.pretrained.to_dict() if self.pretrained else None}
