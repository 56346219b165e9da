"""The parser: what is not given is absent, names are the library's, a wrong word is answered by what may be meant."""

import inspect
from importlib import import_module

import pytest

from convwise import cli
from convwise.cli import options
from convwise.cli.parser import given
from convwise.commands.evaluate import SPLITS
from convwise.images.copies import COPIES
from convwise.images.resizing import RESIZE_MODES
from convwise.study.asked import ENGINES, METRICS
from convwise.training.recipe import RECIPES


def test_the_choices_are_the_librarys() -> None:
    assert sorted(COPIES) == sorted(options.COPIES)
    assert tuple(RESIZE_MODES) == options.RESIZE_MODES
    assert tuple(RECIPES) == options.RECIPES
    assert tuple(SPLITS) == options.SPLITS
    assert tuple(ENGINES) == options.ENGINES
    assert tuple(METRICS) == options.METRICS


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["train", "shapes"], {"data": "shapes"}),
        (
            ["train", "x", "--fit", "crop", "--set", "a.b=1", "--set", "c.d=2", "--background"],
            {"data": "x", "resize": "crop", "settings": ["a.b=1", "c.d=2"], "background": True},
        ),
        (["study", "x", "--parameters", "groups, padding,"], {"data": "x", "parameters": ["groups", "padding"]}),
        (
            ["study", "x", "--by-stage", "--metric", "log_loss", "--levels", "groups=2,4", "--levels", "padding=valid"],
            {"data": "x", "by_stage": True, "metric": "log_loss", "levels": ["groups=2,4", "padding=valid"]},
        ),
        (["predict", "r", "a", "b", "--top", "2"], {"run": "r", "paths": ["a", "b"], "top": 2}),
        (["evaluate", "r", "--json"], {"run": "r"}),
    ],
)
def test_what_is_given_is_what_the_function_takes(arguments: list[str], expected: dict[str, object]) -> None:
    assert given(cli.build_parser().parse_args(arguments)) == expected


@pytest.mark.parametrize("name", ["train", "study", "evaluate", "predict", "explain"])
def test_every_option_is_a_keyword_of_its_function(name: str) -> None:
    verbs = next(action for action in cli.build_parser()._actions if action.dest == "==SUPPRESS==" and action.choices)
    assert verbs.choices is not None
    parser = dict(verbs.choices)[name]
    own = {"help", "json", "resume", "folder", "csv", "quiet", "dry_run", "full", "heatmap"}  # of the command line
    own |= {"trust"} if name in ("train", "study") else set()  # of going on with a run
    keywords = inspect.signature(getattr(import_module(f"convwise.commands.{name}"), name)).parameters
    assert {action.dest for action in parser._actions} - own <= set(keywords)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (
            ["train", "x", "--epohcs", "3"],
            "--epohcs: there is no such option; did you mean --epochs?; see convwise train",
        ),
        (
            ["predict", "r", "p", "--tops=3"],
            "--tops: there is no such option; did you mean --top?; see convwise predict",
        ),
        (["train", "x", "--frobnicate"], "--frobnicate: there is no such option; see convwise train --help"),
        (["train", "x", "y"], "y: it is one argument too many; see convwise train --help"),
        (["train", "x", "--recipe", "fsat"], "--recipe fsat: did you mean fast? choose one of fast, plain, thorough"),
        (["evaluate", "r", "--split", "tset"], "--split tset: did you mean test? choose one of test, validation"),
        (["study", "x", "--parameters", " ,"], "names nothing"),
        (["study", "x", "--metric", "acuracy"], "--metric acuracy: did you mean accuracy? choose one of accuracy"),
        (["trian", "x"], "COMMAND trian: did you mean train? choose one of data, train"),
        (["data", "chekc", "x"], "ACTION chekc: did you mean check? choose one of add, list"),
        (["train", "x", "--epochs", "many"], "'many' is not a whole number"),
        (["train", "x", "--minutes", "ten"], "'ten' is not a number"),
    ],
)
def test_a_wrong_word_gets_one_line_with_what_may_be_meant(
    capsys: pytest.CaptureFixture[str], arguments: list[str], says: str
) -> None:
    with pytest.raises(SystemExit) as stop:
        cli.main(arguments)
    printed = capsys.readouterr()
    assert stop.value.code == 2
    assert says in printed.err
    assert (printed.err.count("\n"), printed.out) == (1, "")
