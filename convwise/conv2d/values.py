"""Named values: `l2:0.0005`, `max_norm:3`, `he_normal`, `relu` between text, record and Keras's serialized form.

The text is a name of the catalogue and its arguments after colons, in Keras's order or by name:
`min_max_norm:0:1:rate=0.9`. Several axes are written with commas: `max_norm:3:axis=0,1,2`.
"""

from __future__ import annotations

import difflib
import math
import re
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from convwise.conv2d.catalogue import ALIASES, CATALOGUE, Argument, Entry, Kind
from convwise.errors import RequestError

_WHOLE = re.compile(r"[+-]?[0-9]+")
# Keras keeps these factors as float32 tensors, so that its config says 0.009999999776482582 where 0.01 was asked for.
_KEPT_IN_FLOAT32 = ("l1", "orthogonal_regularizer")
_OF_ANY_LAYER = ("name", "trainable", "dtype")


def kind_of(parameter: str) -> Kind:
    """`kernel_regularizer` -> "regularizer": the last word of a parameter's name says what it takes."""
    return cast(Kind, parameter.rpartition("_")[2])


@dataclass(frozen=True)
class Named:
    """A value for `parameter` of Conv2D (`kernel_regularizer`, `activation`, ...): a catalogue name and its arguments.

    `arguments` may be partial when given; the record holds all of them, in Keras's order, defaults filled in.
    Raises RequestError for a name or an argument that Keras does not know, or a value out of its range.
    """

    parameter: str
    name: str
    arguments: Mapping[str, Any]

    def __post_init__(self) -> None:
        entry = self.entry
        label = f"{self.parameter}={self.name}"
        unknown = [name for name in self.arguments if name not in {a.name for a in entry.arguments}]
        if unknown:
            raise RequestError(f"{label}: it has no argument {unknown[0]!r}; {_what_it_takes(self.name, entry)}")
        filled: dict[str, Any] = {}
        for argument in entry.arguments:
            value = self.arguments.get(argument.name, argument.default)
            filled[argument.name] = _checked(f"{label}: {argument.name}={_shown(value)}", argument, value)
        if entry.together and not entry.together[1](filled):
            raise RequestError(f"{self.parameter}={_text(self.name, entry, filled)}: {entry.together[0]}")
        object.__setattr__(self, "arguments", filled)

    def __hash__(self) -> int:
        return hash((self.parameter, self.text))

    @property
    def entry(self) -> Entry:
        """What the catalogue says of the name."""
        return CATALOGUE[kind_of(self.parameter)][self.name]

    @property
    def text(self) -> str:
        """The one text form that all ways to write this value come down to."""
        return _text(self.name, self.entry, self.arguments)

    @classmethod
    def read(cls, parameter: str, text: str) -> Named | None:
        """`("kernel_regularizer", "l2:0.0005")` -> record; None for the text `none`. Raises RequestError."""
        if not text.strip():
            raise RequestError(f"{parameter}= has no value; write a name, or none where Keras allows None")
        first, *parts = text.strip().split(":")
        if first.lower() == "none" and not parts:
            return None
        name = _known_name(parameter, first)
        entry = CATALOGUE[kind_of(parameter)][name]
        in_order = [argument for argument in entry.arguments if argument.shown != "by_name"]
        given: dict[str, Any] = {}
        for number, part in enumerate(parts):
            key, equals, value = part.partition("=")
            if equals:
                argument = next((a for a in entry.arguments if a.name == key), None)
            else:
                argument = in_order[number] if number < len(in_order) else None
                value = key
                if given and list(given) != [a.name for a in in_order[:number]]:
                    argument = None  # after a name the order no longer says what is meant
            if argument is None or argument.name in given:
                raise RequestError(f"{parameter}={text}: {part!r} has no place; {_what_it_takes(name, entry)}")
            given[argument.name] = _from_text(f"{parameter}={text}", argument, value)
        return cls(parameter, name, given)

    @classmethod
    def from_keras(cls, parameter: str, config: Any) -> Named | None:
        """Reads what `get_config()` of a layer holds for `parameter`: None, a name, or a dict with `class_name`.

        A seed that is an object (Keras's SeedGenerator) is left out: its draws depend on what was drawn before.
        Raises RequestError for anything that Keras does not ship, or that has no text form, such as an array.
        """
        if config is None or isinstance(config, str):
            return None if config is None else cls(parameter, _known_name(parameter, config), {})
        if not isinstance(config, Mapping) or "class_name" not in config:
            raise RequestError(
                f"{parameter}={config!r:.60}: it must be a name, or Keras's dict with class_name and config"
            )
        class_name, inner = str(config["class_name"]), config.get("config")
        if class_name == "function" and isinstance(inner, str):
            class_name, inner = inner, {}
        own = str(config.get("module") or "keras").split(".")[0] != "keras" or config.get("registered_name")
        if own and config.get("registered_name") != class_name:
            raise RequestError(
                f"{parameter}={class_name}: it is a class of your own; only those that Keras ships have a text"
            )
        catalogue = CATALOGUE[kind_of(parameter)]
        layers = {entry.layer: name for name, entry in catalogue.items() if entry.layer}
        name = layers.get(class_name) or _known_name(parameter, class_name)
        given = {key: value for key, value in dict(inner or {}).items() if key not in _OF_ANY_LAYER}
        if isinstance(given.get("seed"), Mapping):
            del given["seed"]
        if name in _KEPT_IN_FLOAT32:
            given = {key: _shortest_float32(value) for key, value in given.items()}
        return cls(parameter, name, given)

    def to_keras(self) -> str | dict[str, Any]:
        """Keras's serialized form: a name for an activation without arguments, else a dict that `from_config` takes.

        Arguments at None (seeds, fan axes) are left out: older versions of Keras 3 know fewer of them.
        """
        entry, kind = self.entry, kind_of(self.parameter)
        config = {
            key: _axes_for_keras(key, value) if key.endswith(("axis", "axes")) else value
            for key, value in self.arguments.items()
            if value is not None or entry.keras_name == "STFT"
        }
        if kind != "activation":
            return _serialized(f"keras.{kind}s", entry.keras_name, config)
        if all(self.arguments[argument.name] == argument.default for argument in entry.arguments):
            return entry.keras_name
        return _serialized("keras.layers", str(entry.layer), config)


def _axes_for_keras(key: str, value: Any) -> int | list[int]:
    """A list for several axes; Keras takes one axis as a number for `axis`, but only in a list for the fan axes."""
    if isinstance(value, tuple):
        return list(value)
    return [value] if key.endswith("axes") else int(value)


def _serialized(module: str, class_name: str, config: dict[str, Any]) -> dict[str, Any]:
    return {"module": module, "class_name": class_name, "config": config, "registered_name": None}


def _known_name(parameter: str, name: str) -> str:
    kind = kind_of(parameter)
    catalogue = CATALOGUE[kind]
    by_any_name = {entry.keras_name: key for key, entry in catalogue.items()} | ALIASES[kind]
    if name in catalogue:
        return name
    if name in by_any_name:
        return by_any_name[name]
    near = difflib.get_close_matches(name.lower(), [*catalogue, *by_any_name], n=3, cutoff=0.5)
    near = list(dict.fromkeys(by_any_name.get(key, key) for key in near)) or sorted(catalogue)
    raise RequestError(f"{parameter}={name}: Keras has no such {kind}; did you mean {' or '.join(near)}?")


def _what_it_takes(name: str, entry: Entry) -> str:
    if entry.out_of_reach:
        return (
            f"Conv2D keeps {name} by its name alone, so {' and '.join(entry.out_of_reach)} cannot be given; "
            f"leave the arguments out, or put a layer of its own behind the convolution"
        )
    if not entry.arguments:
        return f"{name} takes no arguments"
    return f"{name} takes " + ", ".join(
        f"{a.name}{' (by name only)' if a.shown == 'by_name' else ''}" for a in entry.arguments
    )


def _from_text(label: str, argument: Argument, text: str) -> object:
    text = text.strip()
    if text.lower() == "none":
        return None
    try:
        if argument.form == "number":
            return float(text)
        if argument.form == "whole":
            return _whole(text)
        if argument.form == "axes":
            axes = tuple(_whole(part) for part in text.split(","))
            return axes if "," in text else axes[0]
    except ValueError:
        raise RequestError(f"{label}: {argument.name} must be {argument.rule}") from None
    if argument.form == "truth" and text.lower() in ("true", "false"):
        return text.lower() == "true"
    return text


def _whole(text: str) -> int:
    if not _WHOLE.fullmatch(text.strip()):
        raise ValueError(text)
    return int(text)


def _checked(label: str, argument: Argument, value: Any) -> Any:
    """The value in the form that the argument has, or RequestError."""
    right = value is None
    if argument.form == "number" and isinstance(value, int | float) and not isinstance(value, bool):
        right, value = math.isfinite(value), float(value)
    elif argument.form == "whole":
        right = right or type(value) is int
    elif argument.form == "axes":
        value = tuple(value) if isinstance(value, list) else value
        value = value[0] if isinstance(value, tuple) and len(value) == 1 else value
        right = right or type(value) is int or isinstance(value, tuple)
    elif argument.form == "truth":
        right = right or isinstance(value, bool)
    elif argument.form == "text" and isinstance(value, str):
        right, value = True, argument.synonyms.get(value.lower(), value.lower())
    if not right or not argument.accepts(value):
        raise RequestError(f"{label}: it must be {argument.rule}")
    return value


def _text(name: str, entry: Entry, arguments: Mapping[str, Any]) -> str:
    parts, in_order = [name], True
    for argument in entry.arguments:
        value = arguments[argument.name]
        if argument.shown != "always" and value == argument.default:
            in_order = False
            continue
        by_name = not in_order or argument.shown == "by_name" or argument.form == "axes"
        parts.append(f"{argument.name}={_shown(value)}" if by_name else _shown(value))
    return ":".join(parts)


def _shown(value: object) -> str:
    if isinstance(value, bool) or value is None:
        return str(value).lower()
    if isinstance(value, float):
        return repr(value).removesuffix(".0")
    if isinstance(value, tuple | list):
        return ",".join(map(str, value))
    return str(value)


def _shortest_float32(value: object) -> object:
    """The shortest decimal that a float32 holds as `value`: 0.009999999776482582 -> 0.01."""
    if not isinstance(value, float) or not abs(value) < 3e38:
        return value
    decimals = (float(f"{value:.{digits}g}") for digits in range(1, 10))
    return next((decimal for decimal in decimals if _as_float32(decimal) == value), value)


def _as_float32(value: float) -> float:
    return float(struct.unpack("f", struct.pack("f", value))[0])
