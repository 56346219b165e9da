"""The recipe: what it accepts, and that it travels unchanged."""

import dataclasses
import json

import pytest

from convwise.errors import RequestError
from convwise.training.recipe import RECIPES, Recipe, named_recipe


@pytest.mark.parametrize("name", sorted(RECIPES))
def test_a_recipe_survives_json(name: str) -> None:
    recipe = named_recipe(name)
    assert Recipe.from_dict(json.loads(json.dumps(recipe.to_dict()))) == recipe


def test_the_tutorials_recipe_is_as_the_tutorial_gives_it() -> None:
    recipe = named_recipe("tutorial")
    assert (recipe.optimizer, recipe.learning_rate, recipe.batch, recipe.epochs) == ("adam", 1e-4, 32, 50)
    augmentation = recipe.augmentation
    assert (augmentation.rotation_degrees, augmentation.zoom, augmentation.shift) == (20, 0.15, 0.2)
    assert (augmentation.shear_degrees, augmentation.horizontal_flip, augmentation.fill) == (0.15, True, "nearest")
    assert (recipe.label_smoothing, recipe.cutmix, recipe.weight_decay) == (0, 0, 0)


def test_an_unknown_key_is_answered_with_the_valid_ones() -> None:
    with pytest.raises(RequestError, match=r"did you mean .?epochs.*learning_rate"):
        named_recipe("fast", {"epoch": 3})


def test_an_unknown_augmentation_key_is_refused_too() -> None:
    with pytest.raises(RequestError, match="rotation_degrees"):
        named_recipe("fast", {"augmentation": {"rotation": 3}})


def test_part_of_the_augmentation_may_be_changed() -> None:
    recipe = named_recipe("fast", {"augmentation": {"rotation_degrees": 3}})
    assert recipe.augmentation == dataclasses.replace(named_recipe("fast").augmentation, rotation_degrees=3)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("epochs", 0),
        ("epochs", 2.5),
        ("batch", -1),
        ("minutes", 0),
        ("learning_rate", float("nan")),
        ("learning_rate", "high"),
        ("optimizer", "lion"),
        ("precision", "float16"),
        ("size_px", 3),
        ("size", "8x1025"),
        ("size", [8, 16, 3]),
        ("channels", 2),
        ("cutmix", 2),
        ("seed", -1),
        ("flip_averaging", "yes"),
    ],
)
def test_a_value_out_of_its_range_is_refused_by_name(key: str, value: object) -> None:
    with pytest.raises(RequestError, match=key.removesuffix("_px")):
        named_recipe("fast", {key: value})


def test_another_name_is_answered_with_the_recipes_there_are() -> None:
    with pytest.raises(RequestError, match="fast, plain, thorough, finetune, tutorial"):
        named_recipe("slow")


def test_a_network_fills_in_the_learning_rate_where_the_recipe_leaves_it_open() -> None:
    assert named_recipe("fast", {}).for_network("simple").learning_rate == 0.002
    assert named_recipe("fast", {}).for_network("narrowresnet").learning_rate == named_recipe("fast", {}).rate
    assert named_recipe("fast", {"learning_rate": 0.01}).for_network("simple").learning_rate == 0.01
