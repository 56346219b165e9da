"""ImageClassifier does what scikit-learn's tools expect, and learns from the pictures of X alone."""

import dataclasses
import inspect
import json
import pickle
import subprocess
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.base import clone
from sklearn.metrics import accuracy_score, log_loss
from sklearn.model_selection import GridSearchCV

from convwise import CopyAwareKFold, ImageClassifier, Recipe, RequestError, Run, train
from convwise.sklearn.kept_run import KeptRun
from convwise.training.recipe import RECIPES
from tests.tampering import OLD_RECORDS

COLOURS = {"blue": (60, 60, 190), "green": (60, 190, 60), "red": (190, 60, 60)}
SMALL: dict[str, Any] = {"net": "simple", "size": 16, "epochs": 4, "recipe": "plain"}


def draw(folder: Path, per_class: int, seed: int) -> tuple[list[Path], list[str]]:
    """Noisy pictures around the colour that is their label, in an order by chance."""
    random = np.random.default_rng(seed)
    names = random.permutation(sorted(COLOURS) * per_class).tolist()
    folder.mkdir()
    for number, name in enumerate(names):
        pixels = np.array(COLOURS[name]) + random.normal(0, 40, (24, 24, 3))
        Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(folder / f"{number}.png")
    return [folder / f"{number}.png" for number in range(len(names))], names


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Path], list[str]]:
    return draw(tmp_path_factory.mktemp("data") / "train", 20, seed=1)


@pytest.fixture(scope="module")
def others(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Path], list[str]]:
    return draw(tmp_path_factory.mktemp("data") / "others", 10, seed=2)


@pytest.fixture(scope="module")
def fitted(pictures: tuple[list[Path], list[str]], tmp_path_factory: pytest.TempPathFactory) -> ImageClassifier:
    """One training for all tests that only ask; its home is gone by then, so nothing can depend on that."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONVWISE_HOME", str(tmp_path_factory.mktemp("home")))
        classifier = ImageClassifier(**SMALL).fit(*pictures)
    return classifier


def test_the_parameters_are_those_of_train() -> None:
    """Left out: where to write, what to hear, other sources of settings, and a test side."""
    own = set(inspect.signature(ImageClassifier).parameters) - {"verbose"}
    theirs = set(inspect.signature(train).parameters)
    assert own < theirs
    assert theirs - own == {
        "data", "out", "hooks", "tensorboard", "config", "from_study", "test", "per_class", "background", "trust",
        "group_by", "input", "quiet",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"epochs": 0}, "epochs=0: it must be a whole number from 1"),
        ({"size": 4}, "size=4"),
        ({"net": "nothing"}, "net=nothing"),
        ({"recipe": "nothing"}, "recipe=nothing: choose one of"),
        ({"copies": "some"}, "copies=some: "),
        ({"validation": 1.0}, "validation=1: it must be a share"),
        ({"settings": ["conv.nothing=1"]}, "nothing"),
        ({"tune": "frozen"}, "tune=frozen: it needs weights"),
        ({"class_weights": {"cat": 2.0}}, "class_weights={'cat': 2.0}: choose one of none, auto"),
    ],
)
def test_a_parameter_that_cannot_be_is_refused_when_it_is_used(
    pictures: tuple[list[Path], list[str]], changes: dict[str, Any], message: str
) -> None:
    classifier = ImageClassifier(**{**SMALL, **changes})
    with pytest.raises(RequestError, match=message) as caught:
        classifier.fit(*pictures)
    assert "\n" not in str(caught.value)
    assert not hasattr(classifier, "classes_")


def test_x_and_y_that_cannot_be_learned_from_are_refused(
    pictures: tuple[list[Path], list[str]], tmp_path: Path
) -> None:
    paths, labels = pictures
    words = tmp_path / "words.png"
    words.write_text("no picture")
    for chosen, given, message in (
        ([], [], r"X=\[\]: there is no picture in it"),
        (paths, labels[1:], "y: 59 labels for the 60 pictures of X"),
        (paths, ["cat"] * 60, "y: the one class 'cat'; at least 2"),
        (paths, None, "y=None: a label for each"),
        ([*paths, paths[7]], [*labels, "red"], r"X\[60\]=.*7\.png: it is X\[7\] already"),
        ([*paths, "gone.png"], [*labels, "red"], r"X\[60\]=gone.png: there is no such file"),
        ([*paths, words], [*labels, "red"], r"X\[60\]=.*words\.png \(.+\): cannot be read as a picture"),
        (paths, ["single", *["a", "b"] * 29, "a"], "too few images .* in 2 single"),
    ):
        with pytest.raises(RequestError, match=message) as caught:
            ImageClassifier(**SMALL).fit(chosen, given)  # type: ignore[arg-type]
        assert "\n" not in str(caught.value)
    with pytest.raises(ValueError, match="Unknown label type: continuous"):
        ImageClassifier(**SMALL).fit(paths, np.linspace(0, 1, 60))


@pytest.mark.slow
def test_colours_are_learned_and_other_pictures_recognised(
    fitted: ImageClassifier, others: tuple[list[Path], list[str]]
) -> None:
    paths, labels = others
    assert fitted.classes_.tolist() == sorted(COLOURS)
    predicted = fitted.predict(paths)
    assert accuracy_score(labels, predicted) == fitted.score(paths, labels) > 0.9
    rows = fitted.predict_proba([str(path) for path in paths])
    assert rows.shape == (30, 3)
    assert [fitted.classes_[i] for i in rows.argmax(axis=1)] == predicted.tolist()
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # of rows that are not 1 in all
        assert log_loss(labels, rows, labels=fitted.classes_) < np.log(3)


@pytest.mark.slow
def test_a_row_depends_on_its_picture_alone(fitted: ImageClassifier, others: tuple[list[Path], list[str]]) -> None:
    """On neither the order nor the number of the others, but for rounding; a picture may come twice."""
    paths = np.array(others[0], object)
    rows = fitted.predict_proba(paths)
    order = np.random.default_rng(0).permutation(len(paths))
    np.testing.assert_allclose(fitted.predict_proba(paths[order]), rows[order], atol=1e-6)
    np.testing.assert_allclose(fitted.predict_proba(paths[[4, 2, 4]]), rows[[4, 2, 4]], atol=1e-6)


@pytest.mark.slow
def test_the_training_saw_the_pictures_of_x_alone_and_tested_on_none(
    fitted: ImageClassifier, pictures: tuple[list[Path], list[str]]
) -> None:
    split = json.loads(fitted.run_.files["split.json"])
    assert split["test"] == []
    assert (len(split["train"]), len(split["validation"])) == (51, 9)
    assert len(fitted.history_) == 4
    losses = [row["val_loss"] for row in fitted.history_]
    assert fitted.best_epoch_ == 1 + int(np.argmin(losses))


@pytest.mark.slow
def test_fit_and_predict_leave_the_parameters_and_add_only_what_was_learned(
    fitted: ImageClassifier, others: tuple[list[Path], list[str]]
) -> None:
    before = dict(vars(fitted))
    fitted.predict(others[0][:2])
    assert vars(fitted) == before
    learned = {name for name in vars(fitted) if name.endswith("_")}
    assert learned == {"classes_", "run_", "history_", "best_epoch_"}
    assert set(vars(fitted)) - learned == set(fitted.get_params())
    assert fitted.get_params() == ImageClassifier(**SMALL).get_params()
    assert not {name for name in vars(clone(fitted)) if name.endswith("_")}


@pytest.mark.slow
def test_it_is_pickled_whole_and_predicts_in_another_process(
    fitted: ImageClassifier, others: tuple[list[Path], list[str]], tmp_path: Path
) -> None:
    (tmp_path / "pickled").write_bytes(pickle.dumps(fitted))
    code = (
        "import json, pickle, sys, pathlib\n"
        "classifier = pickle.loads(pathlib.Path(sys.argv[1]).read_bytes())\n"
        "print(json.dumps(classifier.predict_proba(sys.argv[2:]).tolist()))\n"
    )
    arguments = [sys.executable, "-c", code, str(tmp_path / "pickled"), *map(str, others[0][:6])]
    said = subprocess.run(arguments, check=True, capture_output=True, text=True).stdout
    np.testing.assert_allclose(json.loads(said), fitted.predict_proba(others[0][:6]), atol=1e-6)


@pytest.mark.slow
def test_what_cannot_be_predicted_is_named(
    fitted: ImageClassifier, others: tuple[list[Path], list[str]], tmp_path: Path
) -> None:
    words = tmp_path / "words.png"
    words.write_text("no picture")
    for chosen, message in (
        ([others[0][0], words], r"X\[1\]=.*words\.png \(.+\): cannot be read as a picture; take them out of X"),
        ([others[0][0], tmp_path / "gone.png"], r"X\[1\]=.*gone\.png: there is no such file"),
        ([], r"X=\[\]: there is no picture"),
    ):
        with pytest.raises(RequestError, match=message):
            fitted.predict(chosen)


@pytest.mark.slow
def test_numbers_as_labels_keep_their_order_and_kind_and_the_order_of_x_changes_nothing(
    fitted: ImageClassifier, pictures: tuple[list[Path], list[str]], others: tuple[list[Path], list[str]]
) -> None:
    """2 < 10 < 100, where as text 10 < 100 < 2; blue, green and red in this order again."""
    numbers = {"blue": 2, "green": 10, "red": 100}
    order = np.random.default_rng(3).permutation(len(pictures[0]))
    labels = np.array([numbers[label] for label in pictures[1]])
    again = ImageClassifier(**SMALL)
    assert again.fit(np.array(pictures[0], object)[order], labels[order]) is again
    assert again.classes_.tolist() == [2, 10, 100]
    assert again.predict(others[0]).dtype == labels.dtype
    assert accuracy_score([numbers[label] for label in others[1]], again.predict(others[0])) > 0.9


@pytest.mark.slow
def test_the_same_fit_gives_the_same_probabilities_and_says_nothing(
    fitted: ImageClassifier,
    pictures: tuple[list[Path], list[str]],
    others: tuple[list[Path], list[str]],
    capfd: pytest.CaptureFixture[str],
) -> None:
    order = np.random.default_rng(4).permutation(len(pictures[0]))
    again = clone(fitted).fit([pictures[0][i] for i in order], [pictures[1][i] for i in order])
    np.testing.assert_array_equal(again.predict_proba(others[0]), fitted.predict_proba(others[0]))
    assert capfd.readouterr() == ("", "")


@pytest.mark.slow
def test_a_search_over_settings_in_folds_finds_what_learns(
    pictures: tuple[list[Path], list[str]], others: tuple[list[Path], list[str]]
) -> None:
    paths, labels = pictures
    idle = dataclasses.replace(RECIPES["plain"], name="idle", learning_rate=1e-8)  # learns nothing
    grid = [{"recipe": [idle]}, {"epochs": np.array([4]), "settings": [["conv.kernel_size=1"]]}]  # NumPy's numbers too
    search = GridSearchCV(ImageClassifier(**SMALL), grid, cv=CopyAwareKFold(2), error_score="raise").fit(paths, labels)
    assert search.best_params_ == {"epochs": 4, "settings": ["conv.kernel_size=1"]}
    assert search.best_estimator_.score(*others) == search.score(*others) > 0.5
    settings = json.loads(search.best_estimator_.run_.files["settings.json"])
    assert settings["recipe"]["epochs"] == 4


@pytest.mark.slow
def test_a_recipe_of_ones_own_and_remarks_on_request(
    pictures: tuple[list[Path], list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    recipe = Recipe(name="mine", size=16, epochs=1, flip_averaging=False)
    classifier = ImageClassifier("simple", recipe=recipe, verbose=True).fit(*pictures)
    said = capsys.readouterr()
    assert "3 classes, 51 images to train, 9 to validate, 0 to test" in said.err
    assert "val_loss=" in said.err
    assert said.out == ""
    assert json.loads(classifier.run_.files["settings.json"])["recipe"]["name"] == "mine"


def test_a_kept_run_is_written_again_as_it_was(tmp_path: Path, picture_folder: Callable[..., Path]) -> None:
    kept = KeptRun({**KeptRun.of(Run.open(OLD_RECORDS / "run")).files, "code/net.py": b"x = 1\n"})
    with kept.opened() as run:
        assert KeptRun.of(run) == kept
        (run.folder / "checkpoint").mkdir()
        (run.folder / "checkpoint" / "weights").write_bytes(b"large")
        (run.folder / "learning_curves.png").write_bytes(b"figure")
        assert KeptRun.of(run) == kept
    assert not run.folder.exists()
    assert repr(kept) == "KeptRun()"
