"""What a study recommends as lines to change in a Keras script of one's own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from convwise.conv2d import parse_settings
from convwise.conv2d.scopes import ALL, NetworkSettings
from convwise.conv2d.settings import NAMED, Conv2DSettings, Times

# What a change of the recipe is in a script.
_RECIPE = {
    "learning_rate": "optimizer: peak learning rate {value}",
    "weight_decay": "optimizer: weight decay {value}, times the learning rate in each step (keras.optimizers.AdamW)",
    "optimizer": "optimizer: {value}",
    "batch": "model.fit: {value} images in a batch",
    "size": "input: images of {value} pixels",
    "label_smoothing": "loss: keras.losses.CategoricalCrossentropy(label_smoothing={value}) on one-hot labels",
    "augmentation": "augmentation: {value}",
    "epochs": "model.fit: {value} epochs",
}


def script_lines(
    settings: Sequence[str], changes: Mapping[str, Any], reach: Mapping[str, str], *, data: str, folder: str
) -> list[str]:
    """One line for each thing to change, then the command that trains it; nothing where nothing is recommended.

    `settings` are texts of `--set`, `changes` those of the recipe by the names of its fields, and `reach` says of a
    parameter which layers its change reached and which it left. `folder` is the study's.
    """
    if not settings and not changes:
        return []
    lines = [f"  {line}" for line in (*_conv_lines(parse_settings(settings), reach), *_recipe_lines(changes))]
    return ["to change in a Keras script of your own:", *lines, f"or: convwise train {data} --from-study {folder}"]


def _conv_lines(settings: NetworkSettings, reach: Mapping[str, str]) -> list[str]:
    lines = []
    for scope, own in settings.scopes.items():
        where = "every Conv2D" if scope == ALL else f"the Conv2D layers of {scope}"
        for parameter, text in _arguments(own).items():
            left = reach.get(parameter, "")
            notes = [
                *(["n: the layer's own number"] if isinstance(own.filters, Times) and parameter == "filters" else []),
                *([left] if "left " in left else []),
            ]
            note = f"  # {'; '.join(notes)}" if notes else ""
            lines.append(f"{where}: Conv2D(..., {parameter}={text}){note}")
    return [*lines, *(_option_line(name, value) for name, value in settings.options.items())]


def _option_line(name: str, value: Any) -> str:
    if (name, value) == ("pooling", "strides"):
        return "network: convolutions with strides in place of the pooling layers"
    if name == "activation":
        return f"network: {value} as the non-linearity"
    return f"network: {name}={value}"


def _arguments(settings: Conv2DSettings) -> dict[str, str]:
    """As Python source: {"kernel_regularizer": "keras.regularizers.L2(l2=0.0005)"}."""
    given = settings.given()
    return {name: _source(settings, name, value) for name, value in given.items()}


def _source(settings: Conv2DSettings, name: str, value: Any) -> str:
    if isinstance(value, Times):
        return f"{value.factor:g} * n" if value.factor.is_integer() else f"round({value.factor:g} * n)"
    if name not in NAMED:
        if isinstance(value, tuple) and value[0] == value[1]:
            return str(value[0])
        return repr(value)
    named = settings.named(name)
    if named is None:
        return "None"
    keras = named.to_keras()
    if isinstance(keras, str):
        return repr(keras)
    arguments = ", ".join(f"{key}={each!r}" for key, each in keras["config"].items())
    return f"{keras['module']}.{keras['class_name']}({arguments})"


def _recipe_lines(changes: Mapping[str, Any]) -> list[str]:
    return [_RECIPE.get(name, f"{name}: {{value}}").format(value=_plain(value)) for name, value in changes.items()]


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ", ".join(f"{name} {each}" for name, each in value.items() if each)
    return str(value)
