"""NetworkSettings: what a user sets in a network, for all convolutions, a stage, one layer, or the network itself."""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from convwise.conv2d.rules import strides_with_dilation
from convwise.conv2d.settings import Conv2DSettings, read_value, require_parameter
from convwise.errors import RequestError
from convwise.records import record_of

Option = bool | int | float | str

ALL = "conv"
NETWORK = "net"
_NAME = re.compile(r"[A-Za-z_][\w./-]*")
_WHOLE = re.compile(r"[+-]?[0-9]+")


@dataclass(frozen=True)
class NetworkSettings:
    """Settings by scope, and options of the network.

    Args:
        scopes: Scope -> its settings. A scope is `conv` (all convolutions), the name of a layer (`conv2d_3`), or a
            stage: the layers whose name is the scope's or begins with it and an underscore (`stem`: stem, stem_1,
            stem_conv).
        options: Option -> a number, a truth or a word (`depth` -> 34); a text that reads as a number or a truth is one.

    Raises:
        RequestError: a scope or option is no name, or `strides` and `dilation_rate` of a scope are both above 1.

    Example:
        >>> from convwise.conv2d import Conv2DSettings, NetworkSettings
        >>> NetworkSettings({"stem": Conv2DSettings(strides=2)}, {"depth": 34}).texts()
        ('stem.strides=2x2', 'net.depth=34')
    """

    scopes: Mapping[str, Conv2DSettings] = field(default_factory=dict)
    options: Mapping[str, Option] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for scope in self.scopes:
            if scope == NETWORK or not _NAME.fullmatch(scope):
                raise RequestError(f"scope={scope}: it must be conv, or the name of a layer or of a stage")
        for scope, settings in self.scopes.items():
            clash = strides_with_dilation(settings)
            if clash:
                raise clash.at(scope).to_error()
        scopes = {scope: settings for scope, settings in self.scopes.items() if settings.given()}
        options = {name: _read_option(name, value) for name, value in self.options.items()}
        object.__setattr__(self, "scopes", scopes)
        object.__setattr__(self, "options", options)

    def for_layer(self, name: str, stage: str = "") -> dict[str, tuple[Any, str]]:
        """The parameters that reach the layer `name`: parameter -> (value, the scope that it comes from).

        A layer's own scope wins over a stage's, the longer name of a stage over the shorter, all of them over `conv`.
        `stage` is a scope that the layer belongs to besides those of its name.
        """
        reaching = [scope for scope in self.scopes if _reaches(scope, name) or (stage and scope == stage)]
        reaching.sort(key=lambda scope: (scope == name, scope != ALL, len(scope)))
        return {
            parameter: (value, scope) for scope in reaching for parameter, value in self.scopes[scope].given().items()
        }

    def overlaid(self, upper: NetworkSettings) -> NetworkSettings:
        """These settings with those of `upper` in their place where both say something."""
        scopes = dict(self.scopes)
        for scope, settings in upper.scopes.items():
            below = scopes[scope].given() if scope in scopes else {}
            scopes[scope] = Conv2DSettings(**{**below, **settings.given()})
        return NetworkSettings(scopes, {**self.options, **upper.options})

    def scope_names_unused(self, layer_names: Iterable[str]) -> tuple[str, ...]:
        """The scopes that reach none of the layers; `conv` is among them only where there is no layer at all."""
        names = list(layer_names)
        return tuple(scope for scope in self.scopes if not any(_reaches(scope, name) for name in names))

    def require_scopes_used(self, layer_names: Sequence[str]) -> None:
        """Raises RequestError for the first scope that reaches no layer (see `unused_scope`)."""
        for scope in self.scope_names_unused(layer_names):
            raise unused_scope(scope, layer_names)

    def texts(self) -> tuple[str, ...]:
        """The settings as `parse_settings` reads them: `conv.kernel_size=5x3`, `net.depth=34`."""
        options = [f"{NETWORK}.{name}={_option_text(value)}" for name, value in self.options.items()]
        return (
            *(f"{scope}.{name}={text}" for scope, own in self.scopes.items() for name, text in own.texts().items()),
            *options,
        )

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return {
            "scopes": {scope: settings.to_dict() for scope, settings in self.scopes.items()},
            "options": dict(self.options),
        }

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> NetworkSettings:
        """The inverse of `to_dict`. Raises RequestError for other keys and for values out of their range."""
        return record_of(cls, values)


def parse_settings(texts: Iterable[str]) -> NetworkSettings:
    """Reads settings from texts such as `["conv.kernel_size=5x3", "stem.strides=2", "net.depth=34"]`.

    Args:
        texts: SCOPE.PARAMETER=VALUE each: `conv` is every convolution, `net` the network's options.

    Returns:
        The settings as a record.

    Raises:
        RequestError: a text has no `.` or `=`, a parameter is unknown, a value is out of its range, or a parameter is
            set to two different values in one scope.

    Example:
        >>> from convwise.conv2d import parse_settings
        >>> parse_settings(["conv.kernel_size=5x3", "net.depth=34"]).texts()
        ('conv.kernel_size=5x3', 'net.depth=34')
    """
    scopes: dict[str, dict[str, Any]] = {}
    options: dict[str, Any] = {}
    for text in texts:
        target, equals, written = text.partition("=")
        scope, dot, name = target.strip().rpartition(".")
        if not equals or not dot or not scope or not name:
            raise RequestError(
                f"settings={text}: write SCOPE.PARAMETER=VALUE, "
                "for example conv.kernel_size=5, stem.strides=2 or net.depth=34"
            )
        try:
            if scope == NETWORK:
                held: dict[str, Any] = options
                value: object = _read_option(name, written)
            else:
                require_parameter(name)
                held, value = scopes.setdefault(scope, {}), read_value(name, written)
        except RequestError as problem:
            raise RequestError(f"settings={scope}.{problem}") from None
        if name in held and held[name] != value:
            raise RequestError(f"settings={text}: {scope}.{name} is set to another value already; keep one of them")
        held[name] = value
    return NetworkSettings({scope: Conv2DSettings(**values) for scope, values in scopes.items()}, options)


def network_settings(
    given: NetworkSettings | Conv2DSettings | Iterable[str], before: Iterable[str] = ()
) -> NetworkSettings:
    """Settings in any of their forms as one record; a lone Conv2DSettings is for all convolutions.

    `before` are texts of lower rank, such as a file's: texts given here are added to them, records replace them.
    """
    if isinstance(given, NetworkSettings):
        return given
    if isinstance(given, Conv2DSettings):
        return NetworkSettings({ALL: given})
    return parse_settings([*before, *given])


def unused_scope(scope: str, layer_names: Sequence[str]) -> RequestError:
    """The error for a scope that reaches none of `layer_names`, with the nearest names of layers and stages."""
    stages = [name[: end.start()] for name in layer_names for end in re.finditer("_", name) if end.start()]
    names = list(dict.fromkeys([ALL, *layer_names, *stages]))
    near = difflib.get_close_matches(scope, names, n=3, cutoff=0.5)
    hint = f"did you mean {' or '.join(near)}?" if near else f"the layers are {', '.join(layer_names) or 'none'}"
    return RequestError(f"settings={scope}...: the network has no convolution or stage {scope!r}; {hint}")


def _reaches(scope: str, layer: str) -> bool:
    return scope == ALL or layer == scope or layer.startswith(f"{scope}_")


def _read_option(name: str, value: object) -> Option:
    if not _NAME.fullmatch(name):
        raise RequestError(f"{name}: an option's name must be a word, such as depth")
    if isinstance(value, str):
        return _option_from_text(name, value.strip())
    if isinstance(value, bool | int) or (isinstance(value, float) and math.isfinite(value)):
        return value
    raise RequestError(f"{name}={value!r}: it must be a number, true, false or a word")


def _option_from_text(name: str, text: str) -> Option:
    if not text or not text.isprintable():
        raise RequestError(f"{name}={text!r}: it has no value; write a number, true, false or a word")
    if text.lower() in ("true", "false"):
        return text.lower() == "true"
    if _WHOLE.fullmatch(text):
        return int(text)
    try:
        number = float(text) if "_" not in text else math.nan
    except ValueError:
        return text
    return number if math.isfinite(number) else text


def _option_text(value: Option) -> str:
    return str(value).lower() if isinstance(value, bool) else repr(value) if isinstance(value, float) else str(value)
