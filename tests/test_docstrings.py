"""Every public name is documented in full: purpose, arguments, results, errors, and an example that runs."""

from __future__ import annotations

import ast
import dataclasses
import doctest
import inspect
import re
import runpy
import shutil
import textwrap
from collections.abc import Callable
from pathlib import Path
from types import FunctionType
from typing import Any

import pytest

import convwise
from convwise.errors import RequestError
from convwise.images.augment import Augmentation
from convwise.images.copies import check_copies
from convwise.images.drawing import write_pictures
from convwise.images.rules import MAX_PIXELS
from convwise.images.shapes import draw_shape
from convwise.images.split import DEFAULT_TEST
from convwise.runs.request import TrainRequest
from convwise.sklearn import ImageClassifier
from convwise.study.asked import StudyRequest
from convwise.training.recipe import Recipe
from convwise.transfer.asked import DEFAULT_NET
from tests.conftest import made_once

PUBLIC: dict[str, Any] = runpy.run_path(str(Path(__file__).parents[1] / "docs/reference/make_api.py"))["public"]().all
SECTIONS = ("Args", "Attributes", "Returns", "Raises", "Example")
NEEDS_KERAS = re.compile(r"runs/first|runs\(|\.(?:train|explain|study|doctor|fit)\(| build\(")
# What a training, a study and the estimator are asked in different words, since it means something else there.
OWN_WORDS = {"net", "weights", "recipe", "epochs", "minutes", "class_weights", "validation", "settings", "out"}
AROUND = {"data", "config", "from_study", "trust", "quiet", "hooks"}  # keywords of `train` that are no keys of anything


def parts(value: Any) -> dict[str, str]:
    """The sections of a docstring by title; what stands before them is "Purpose"."""
    found = re.split(rf"^({'|'.join(SECTIONS)}):\n", inspect.getdoc(value) or "", flags=re.MULTILINE)
    return {"Purpose": found[0].strip(), **dict(zip(found[1::2], map(textwrap.dedent, found[2::2]), strict=True))}


def entries(section: str) -> dict[str, str]:
    """`name: text` entries, each text on one line."""
    blocks = [" ".join(block.split()) for block in re.split(r"^(?=\S)", section, flags=re.MULTILINE) if block.strip()]
    return dict(block.split(": ", 1) if ": " in block else (block, "") for block in blocks)


def arguments(value: Any) -> dict[str, str]:
    """The arguments or attributes by name, as they are documented."""
    found = parts(value)
    return entries(found.get("Args", found.get("Attributes", "")))


def core(text: str) -> str:
    """An argument's text without what stands for None."""
    return re.sub(r"; [^;]*\bif None\b[^;]*\.$", ".", text)


def taken(value: Any) -> dict[str, Any]:
    """What a function or a class takes, with the defaults."""
    if dataclasses.is_dataclass(value):
        return {field.name: field.default for field in dataclasses.fields(value) if field.init}
    parameters = inspect.signature(value).parameters.values()
    return {each.name: each.default for each in parameters}


@pytest.mark.parametrize("name", PUBLIC)
def test_a_public_name_is_documented_in_full(name: str) -> None:
    value, found = PUBLIC[name], parts(PUBLIC[name])
    purpose = found["Purpose"].splitlines()[0]
    assert purpose.endswith((".", "?")), "the purpose is one line"
    assert "Example" in found
    assert ">>> " in found["Example"]
    if isinstance(value, type) and issubclass(value, Exception):
        return
    assert list(arguments(value)) == list(taken(value))
    assert all(text.endswith(".") for text in arguments(value).values())
    if isinstance(value, FunctionType):
        assert {"Returns", "Raises"} <= found.keys()
    elif "__post_init__" in vars(value):
        assert "Raises" in found


@pytest.mark.parametrize("name", [name for name, value in PUBLIC.items() if isinstance(value, FunctionType)])
def test_what_none_stands_for_is_said(name: str) -> None:
    open_ones = [key for key, default in taken(PUBLIC[name]).items() if default is None]
    assert [key for key in open_ones if "if None" not in arguments(PUBLIC[name])[key]] == []


@pytest.mark.parametrize("other", [convwise.study, ImageClassifier, Recipe])
def test_one_keyword_is_explained_in_the_same_words_everywhere(other: Any) -> None:
    said = {name: core(text) for name, text in arguments(convwise.train).items()}
    there = {name: core(text) for name, text in arguments(other).items()}
    shared = (said.keys() & there.keys()) - OWN_WORDS
    assert len(shared) > 7
    for name in shared:
        assert there[name].startswith(said[name].removesuffix(".")), name


def test_the_keywords_of_a_training_and_of_a_study_are_those_of_their_requests() -> None:
    keys = {field.name for field in dataclasses.fields(Recipe)}
    for function, request in ((convwise.train, TrainRequest), (convwise.study, StudyRequest)):
        own = taken(request).keys() - {"recipe_changes"}
        assert taken(function).keys() - keys - AROUND == own - keys - {"data"}
        assert own <= taken(function).keys()


@pytest.mark.parametrize(
    ("function", "request_made", "usual"),
    [
        (convwise.train, TrainRequest(data="x"), {"net": DEFAULT_NET, "recipe": "fast", "tune": "full"}),
        (convwise.study, StudyRequest(data="x"), {"net": DEFAULT_NET, "recipe": "fast", "tune": "full"}),
        (convwise.check_data, None, {}),
    ],
)
def test_a_default_that_is_named_is_the_one_that_is_taken(
    function: Callable[..., Any], request_made: Any, usual: dict[str, Any]
) -> None:
    usual = {"test": DEFAULT_TEST, "most_pixels": MAX_PIXELS, **usual}
    compared = 0
    for name, text in arguments(function).items():
        if not (found := re.search(r'[;:] ("\w+"|[\d,.]+|True|False) if None', text)):
            continue
        written = ast.literal_eval(found[1].replace(",", ""))
        assert written == (usual[name] if name in usual else getattr(request_made, name)), name
        compared += 1
    assert compared >= (1 if request_made is None else 6)


@pytest.mark.parametrize("kind", [Recipe, Augmentation])
def test_a_range_that_is_named_is_the_one_that_is_checked(kind: type) -> None:
    number = r"[\d,.]+(?:e-?\d+|\*\*\d+)?"
    compared = 0
    for name, text in arguments(kind).items():
        if name == "class_weights" or not (found := re.search(rf"[,a-z)] ({number}) to ({number})\b", text)):
            continue
        low, high = (_number(text) for text in found.groups())
        step = 1 if type(getattr(kind(), name)) is int or name == "patience" else 1e-9
        for inside in (low, high):
            kind(**{name: inside})
        for outside in (low - step, high + step):
            with pytest.raises(RequestError, match=name.removesuffix("_px")):
                kind(**{name: outside})
        compared += 1
    assert compared >= 6


def _number(text: str) -> float:
    base, power, exponent = text.replace(",", "").rstrip(".").partition("**")
    return int(base) ** int(exponent) if power else ast.literal_eval(base)


def test_the_kinds_of_copies_are_those_that_are_named() -> None:
    for kind in re.findall(r'"(\w+)"', core(arguments(convwise.train)["copies"])):
        check_copies(kind)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the pictures of the examples."""

    def make(folder: Path) -> None:
        def draw(name: str, number: int) -> Any:
            return draw_shape(name, size_px=32, number=number)

        write_pictures(folder / "pictures", draw, ["circle", "square", "star"], 16)

    return made_once(tmp_path_factory, "examples", make)


@pytest.fixture(scope="module")
def trained(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same folder, with a run."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONVWISE_HOME", str(tmp_path_factory.mktemp("home of the run")))
        patch.chdir(pictures)
        if not Path("runs/first/run.json").exists():
            convwise.train("pictures", epochs=1, size=32, out="runs/first")
            shutil.copytree("runs/first", "runs/second")
    return pictures


def run_example(name: str) -> None:
    value = PUBLIC[name]
    test = doctest.DocTestParser().get_doctest(inspect.getdoc(value) or "", {}, name, name, 0)
    assert test.examples
    failed: list[str] = []
    doctest.DocTestRunner().run(test, out=failed.append)
    assert not failed, "".join(failed)


def _slow(name: str) -> bool:
    return bool(NEEDS_KERAS.search(parts(PUBLIC[name])["Example"])) and not _of_exports(name)


def _of_exports(name: str) -> bool:
    return bool(re.search(r"export\(|/export", parts(PUBLIC[name])["Example"]))


@pytest.mark.parametrize("name", [name for name in PUBLIC if not _slow(name) and not _of_exports(name)])
def test_an_example_runs(name: str, pictures: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(pictures)
    run_example(name)


@pytest.mark.slow
@pytest.mark.parametrize("name", [name for name in PUBLIC if _slow(name)])
def test_an_example_with_a_network_runs(name: str, trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(trained)
    run_example(name)


@pytest.mark.extras
@pytest.mark.parametrize("name", [name for name in PUBLIC if _of_exports(name)])
def test_an_example_with_an_export_runs(name: str, trained: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("onnxruntime")
    monkeypatch.chdir(trained)
    if not Path("runs/first/export").exists():
        convwise.export("runs/first")
    run_example(name)


def test_the_measure_sees_what_is_missing() -> None:
    def half(first: int, second: int | None = None) -> None:
        """Does half.

        Args:
            first: One; two
                if None.
        """

    assert arguments(half) == {"first": "One; two if None."}
    assert core(arguments(half)["first"]) == "One."
    assert list(arguments(half)) != list(taken(half))
    assert "Returns" not in parts(half)
