"""Finding: one thing that is wrong with a convolution or a network, or worth knowing, with its way out and source."""

from __future__ import annotations

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

from convwise.errors import RequestError

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)  # the gravest first

TUTORIAL = "Rosebrock, Keras Conv2D and Convolutional Layers, PyImageSearch 2018"


@dataclass(frozen=True)
class Finding:
    """`rule` is a short stable name (`groups_divide_channels`), `parameters` those that it is about.

    `severity`: "error" means that Keras or the backend refuses, "warning" that something is most likely not meant, and
    "note" that it is unusual or does nothing. `layer` is None where no layer's name is known. `message` says what is
    found as name=value, `fix` what to do, `source` who says so.
    """

    rule: str
    severity: Severity
    layer: str | None
    message: str
    fix: str
    source: str
    parameters: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.severity not in SEVERITIES:
            raise ValueError(f"severity={self.severity}: it must be one of {', '.join(SEVERITIES)}")
        for name in ("rule", "message", "fix", "source"):
            text = getattr(self, name)
            if not text or "\n" in text:
                raise ValueError(f"{name}={text!r}: it must be one line")

    def at(self, layer: str) -> Finding:
        """The same finding, of the layer of that name."""
        return replace(self, layer=layer)

    def __str__(self) -> str:
        where = f"{self.layer}: " if self.layer else ""
        return f"{where}{self.message}; {self.fix}"

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {**asdict(self), "parameters": list(self.parameters)}

    def to_error(self) -> RequestError:
        """The finding as the one line that a user reads when the request is refused."""
        return RequestError(str(self))
