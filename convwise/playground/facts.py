"""What the page knows of the sixteen parameters, as plain values: the catalogue, the defaults, the guide."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from convwise.conv2d.catalogue import CATALOGUE, Argument, Entry
from convwise.conv2d.guide import CLAIM_NOTE, guide
from convwise.conv2d.settings import DEFAULTS, NAMED, PARAMETERS
from convwise.names import json_text

# The parameters as the page groups them; those of the third group act in training only.
GROUPS: dict[str, tuple[str, ...]] = {
    "shape": ("filters", "kernel_size", "strides", "padding", "dilation_rate", "groups", "data_format"),
    "values": ("activation", "use_bias", "kernel_initializer", "bias_initializer"),
    "training": (
        "kernel_regularizer",
        "bias_regularizer",
        "activity_regularizer",
        "kernel_constraint",
        "bias_constraint",
    ),
}


def generated_modules() -> dict[str, str]:
    """The JavaScript modules that Python writes, by their path below `js/`."""
    constants = {"CATALOGUE": catalogue(), "DEFAULTS": defaults(), "NAMED": list(NAMED), "PARAMETERS": list(PARAMETERS)}
    lines = [f"export const {name} = {json_text(value, indent=None)};" for name, value in constants.items()]
    return {
        "generated/catalogue.js": "// Written from convwise/conv2d by convwise/playground/facts.py.\n"
        + "\n".join(lines)
        + "\n"
    }


def catalogue() -> dict[str, dict[str, Any]]:
    """Kind -> name -> what Keras calls it, and its arguments."""
    return {kind: {name: _entry(entry) for name, entry in entries.items()} for kind, entries in CATALOGUE.items()}


def defaults() -> dict[str, Any]:
    """Keras's defaults as settings are written in JSON: pairs as lists."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in DEFAULTS.items()}


def guide_texts() -> dict[str, dict[str, Any]]:
    """Parameter -> everything that the guide says about it."""
    return {guidance.parameter: guidance.to_dict() | {"claim_note": CLAIM_NOTE} for guidance in guide()}


def _entry(entry: Entry) -> dict[str, Any]:
    return {
        "kerasName": entry.keras_name,
        "layer": entry.layer,
        "arguments": [_argument(argument) for argument in entry.arguments],
    }


def _argument(argument: Argument) -> dict[str, Any]:
    return {
        "name": argument.name,
        "default": argument.default,
        "form": argument.form,
        "shown": argument.shown,
        "rule": argument.rule,
        "optional": argument.accepts(None),
        **dict(_bounds(argument)),
    }


def _bounds(argument: Argument) -> Iterator[tuple[str, Any]]:
    """What may be written, found by trying: the lowest and highest number, or the words."""
    if argument.form == "number":
        if not argument.accepts(-1.0):
            yield "low", 0
        if not argument.accepts(2.0):
            yield "high", 1
    if argument.rule.startswith("one of "):
        words = argument.rule.removeprefix("one of ").split(", ")
        yield "choices", [word for word in words if word != "none"]
