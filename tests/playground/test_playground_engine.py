"""The JavaScript engine answers as Keras and convwise/conv2d do: one table of cases, made by Python, asked of node."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest

from tests.playground import tables, vectors
from tests.playground.cases import Case, check_all
from tests.playground.engines import by_node


def ask(cases: list[Case], folder: Path) -> None:
    check_all(cases, by_node([case.asked for case in cases], folder))


def test_geometry_rules_and_fixes_of_generated_settings_are_those_of_conv2d(tmp_path: Path) -> None:
    drawn = tables.drawn_settings(1000)
    makers = (tables.geometry_case, tables.rules_case, tables.fixes_case)
    ask([make(*each) for make, each in itertools.product(makers, drawn)], tmp_path)


def test_the_lines_to_copy_make_the_same_layer(tmp_path: Path) -> None:
    drawn = [asked for asked, _ in tables.drawn_settings(600) if tables.kept_by_keras(asked)]
    assert len(drawn) > 150
    ask([tables.texts_case(asked) for asked in drawn], tmp_path)


def test_the_text_of_a_named_value_is_read_and_written_back(tmp_path: Path) -> None:
    ask(list(tables.named_cases(60)), tmp_path)


@pytest.mark.usefixtures("channels_first")
@pytest.mark.filterwarnings("ignore:.*You are using a softmax over axis:UserWarning")
def test_convolutions_give_what_keras_gives(tmp_path: Path) -> None:
    ask(list(vectors.convolution_cases(vectors.settings_grid())), tmp_path)


def test_grouped_convolutions_give_what_keras_gives(tmp_path: Path) -> None:
    ask(list(vectors.convolution_cases(vectors.grouped_grid())), tmp_path)


def test_activations_give_what_keras_gives(tmp_path: Path) -> None:
    ask(list(vectors.activation_cases()), tmp_path)


def test_the_other_layers_give_what_keras_gives(tmp_path: Path) -> None:
    ask(list(vectors.layer_cases()), tmp_path)


def test_penalties_and_projections_are_those_of_keras(tmp_path: Path) -> None:
    ask(list(tables.training_cases()), tmp_path)


def test_first_values_come_from_the_distributions_of_keras(tmp_path: Path) -> None:
    ask([*tables.distribution_cases(), *tables.drawing_cases()], tmp_path)
