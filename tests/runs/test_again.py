"""The command that a run gives for itself asks for that run: read back by the command line's own parser."""

from __future__ import annotations

import shlex
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from convwise.cli import build_parser
from convwise.cli.parser import given
from convwise.commands.train import train_request
from convwise.conv2d import parse_settings
from convwise.errors import RequestError
from convwise.images.augment import Augmentation
from convwise.runs.again import Again
from convwise.runs.request import TrainRequest
from convwise.runs.settings import RunSettings
from convwise.study.asked import StudyRequest
from convwise.training.recipe import RECIPES, named_recipe

USUAL = RunSettings(
    data="my pictures",
    folder="/somewhere/my pictures",
    classes=None,
    exclude=(),
    net="narrowresnet",
    network=parse_settings([]),
    recipe=named_recipe("fast").for_network("narrowresnet"),
    per_class=None,
    test=None,
    validation=0.15,
    index_digest="0",
    split_digest="1",
)


def asked(command: str) -> dict[str, Any]:
    """What `train` is asked by the command."""
    program, *words = shlex.split(command)
    assert program == "convwise"
    options = build_parser().parse_args(words)
    return given(options)


@pytest.mark.parametrize("name", [name for name in RECIPES if name != "finetune"])
@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"epochs": 3, "size": "48x64", "seed": 7, "patience": 2},
        {"minutes": 2.5, "epochs": 100_000, "optimizer": "sgd", "channels": 1},
        {"class_weights": {"a b": 2.0}, "learning_rate": 0.01, "batch": 8, "resize": "pad"},
    ],
)
def test_the_command_asks_for_the_recipe(name: str, changes: dict[str, Any]) -> None:
    recipe = named_recipe(name, changes).for_network("narrowresnet")
    words = asked(Again(replace(USUAL, recipe=recipe)).train())
    request = train_request(**words)
    assert request.full_recipe.for_network("narrowresnet") == recipe
    assert (request.data, request.net, request.test) == ("my pictures", None, None)


def test_what_has_no_word_stands_in_the_config_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = replace(RECIPES["fast"], momentum=0.5, cutmix=0.25, augmentation=Augmentation(zoom=0.2, fill="nearest"))
    again = Again(replace(USUAL, recipe=recipe.for_network("narrowresnet")))
    monkeypatch.chdir(tmp_path)
    Path("recipe.toml").write_text(again.config, encoding="utf-8")
    request = train_request(**asked(again.train()))
    assert request.full_recipe.for_network("narrowresnet") == recipe.for_network("narrowresnet")
    assert Again(USUAL).config == ""


def test_network_division_and_settings_are_asked_for() -> None:
    settings = replace(
        USUAL, net="simple", network=parse_settings(["conv.kernel_size=5", "net.width=8"]), per_class=30,
        copies="exact", group_by="(patient[0-9]+)", validation=0.3, recipe=named_recipe("fast").for_network("simple"),
    )  # fmt: skip
    words = asked(Again(settings).train())
    request = train_request(**words)
    assert request.net == "simple"
    assert request.settings == settings.network
    assert (request.per_class, request.copies, request.group_by) == (30, "exact", "(patient[0-9]+)")
    assert request.validation == 0.3


def test_a_study_is_asked_about_the_same_network_and_images() -> None:
    changes = {"size": 32, "batch": 16, "class_weights": "auto"}
    settings = replace(USUAL, net="simple", per_class=30, recipe=named_recipe("plain", changes).for_network("simple"))
    words = asked(Again(settings).study(parameters="filters,strides", minutes=5))
    study = StudyRequest.asked(words.pop("data"), config=None, settings=words.pop("settings", ()), below={}, **words)
    assert (study.net, study.per_class, study.minutes) == ("simple", 30, 5)
    asked_of = study.full_recipe
    assert (asked_of.size, asked_of.batch, asked_of.class_weights) == (32, 16, "auto")
    assert study.parameters == ["filters", "strides"] or tuple(study.parameters or ()) == ("filters", "strides")


@pytest.mark.parametrize("kind", [TrainRequest, StudyRequest])
@pytest.mark.parametrize(
    ("beside", "says"),
    [
        ({"tune": "frozen", "class_weights": "auto"}, "class_weights=: with tune=frozen nothing is trained"),
        ({"channels": 1}, "channels=1: pretrained weights are made for RGB"),
    ],
)
def test_what_pretrained_weights_exclude_is_refused(
    kind: type[TrainRequest] | type[StudyRequest], beside: dict[str, Any], says: str
) -> None:
    with pytest.raises(RequestError, match=says):
        kind.asked("data", config=None, settings=(), below={}, weights="w.h5", **beside)
