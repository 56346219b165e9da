"""The catalogue holds what the installed Keras ships: every name, alias, argument and default."""

from __future__ import annotations

import inspect
from typing import Any

import keras
import pytest
from keras.src import activations, constraints, initializers, regularizers

from convwise.conv2d.catalogue import ALIASES, CATALOGUE, Kind
from convwise.conv2d.values import Named

SHIPPED: dict[Kind, Any] = {
    "initializer": initializers,
    "regularizer": regularizers,
    "constraint": constraints,
    "activation": activations,
}
BASES = {"Initializer", "Regularizer", "Constraint"}


@pytest.mark.parametrize("kind", SHIPPED)
def test_the_names_are_those_that_keras_ships(kind: Kind) -> None:
    shipped = {thing.__name__ for thing in SHIPPED[kind].ALL_OBJECTS} - BASES
    assert {entry.keras_name for entry in CATALOGUE[kind].values()} == shipped


@pytest.mark.parametrize("kind", SHIPPED)
def test_every_name_and_alias_that_keras_reads_is_read_as_the_same(kind: Kind) -> None:
    for name, thing in SHIPPED[kind].ALL_OBJECTS_DICT.items():
        if thing.__name__ not in BASES:
            read = Named.read(kind, name)
            assert read is not None
            assert read.entry.keras_name == thing.__name__, name
    assert set(ALIASES[kind]) <= set(SHIPPED[kind].ALL_OBJECTS_DICT)


def _parameters(thing: Any) -> dict[str, Any]:
    signature = inspect.signature(thing.__init__ if inspect.isclass(thing) else thing)
    if thing in (initializers.Zeros, initializers.Ones, constraints.NonNeg):
        return {}  # no __init__ of their own
    return {name: p.default for name, p in signature.parameters.items() if name not in ("self", "x")}


@pytest.mark.parametrize("kind", SHIPPED)
def test_arguments_and_defaults_are_those_of_keras_in_its_order(kind: Kind) -> None:
    shipped = {thing.__name__: thing for thing in SHIPPED[kind].ALL_OBJECTS}
    for name, entry in CATALOGUE[kind].items():
        expected = _parameters(shipped[entry.keras_name])
        assert [a.name for a in entry.arguments] + list(entry.out_of_reach) == list(expected), name
        for argument in entry.arguments:
            assert argument.default == expected[argument.name], (name, argument.name)
            assert argument.default is None or argument.accepts(argument.default), (name, argument.name)


def test_an_activation_layer_carries_the_arguments_of_its_function() -> None:
    for name, entry in CATALOGUE["activation"].items():
        if entry.layer:
            layer = getattr(keras.layers, entry.layer)
            assert {a.name for a in entry.arguments} == set(_parameters(layer)) - {"kwargs"}, name
