"""Checks that several records of a study share: names of parameters, settings and changes, and measured numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from convwise import checks
from convwise.conv2d import parse_settings
from convwise.errors import RequestError
from convwise.study.tried import RECIPE_PARAMETERS, STUDIED

METRICS = ("accuracy", "mean_class_accuracy", "log_loss")
"""What a study compares."""
MOST = 1e9
"""Of any measured number: statistics square them."""


def parameter(name: str, value: str) -> None:
    """A parameter that a study varies, such as filters, or filters@stage1. Raises RequestError."""
    known, at, stage = value.partition("@")
    if known not in STUDIED or bool(at) != bool(stage):
        raise RequestError(f"{name}={value}: a study varies no such parameter")


def settings(name: str, texts: Sequence[str]) -> None:
    """Texts of `--set`. Raises RequestError."""
    try:
        parse_settings(texts)
    except RequestError as problem:
        raise RequestError(f"{name}: {problem}") from None


def changes(name: str, values: Mapping[str, Any]) -> None:
    """Fields of a recipe that a study varies; what they may be, the recipe says. Raises RequestError."""
    for key in values:
        if key not in RECIPE_PARAMETERS:
            raise RequestError(
                f"{name}.{key}: a study varies no such field of a recipe, but {', '.join(RECIPE_PARAMETERS)}"
            )


def numbers(record: object, low: float, *names: str) -> None:
    """Fields that are numbers of at least `low` and at most `MOST`, or None. Raises RequestError."""
    for name in names:
        if getattr(record, name) is not None:
            checks.number(name, getattr(record, name), low, MOST)


def counts(record: object, low: int, *names: str) -> None:
    """Fields that are whole numbers of at least `low` and at most `MOST`, or None. Raises RequestError."""
    for name in names:
        if getattr(record, name) is not None:
            checks.whole(name, getattr(record, name), low, int(MOST))
