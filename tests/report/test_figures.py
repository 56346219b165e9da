import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import cv2
import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from numpy.typing import NDArray

from convwise.evaluation import Evaluation, evaluate
from convwise.report import figures


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> list[Figure]:
    """The figures that are saved, for a look at what is on them."""
    seen: list[Figure] = []
    save = figures._save

    def keep(figure: Figure, path: str | Path) -> None:
        seen.append(figure)
        save(figure, path)

    monkeypatch.setattr(figures, "_save", keep)
    return seen


def evaluation(k: int, n: int = 202) -> Evaluation:
    rng = np.random.default_rng(0)
    labels = np.arange(n) % k
    p = rng.random((n, k))
    p[np.arange(n), labels] += 0.7
    names = [f"class_{i} $x_" for i in range(k)]
    return evaluate(labels, p / p.sum(axis=1, keepdims=True), names, split="test", paths=[str(i) for i in range(n)])


ROWS = [
    {"epoch": e, "loss": 1 / e, "accuracy": 1 - 0.5 / e, "val_loss": 1.1 / e, "val_accuracy": a, "learning_rate": 1e-3}
    for e, a in ((1, 0.5), (2, 0.9), (3, 0.9), (4, 0.8))
]


def test_learning_curves_hold_the_numbers_and_mark_the_kept_epoch(tmp_path: Path, drawn: list[Figure]) -> None:
    figures.learning_curves(ROWS, tmp_path / "l.png", best_epoch=2)
    loss, accuracy, rate = drawn[0].axes
    assert list(loss.lines[0].get_ydata()) == [row["loss"] for row in ROWS]
    assert list(accuracy.lines[1].get_ydata()) == [row["val_accuracy"] for row in ROWS]
    assert list(rate.lines[0].get_ydata()) == [1e-3] * 4
    assert "best epoch: 2" in [text.get_text() for text in loss.get_legend().get_texts()]
    assert [path.name for path in tmp_path.iterdir()] == ["l.png"]


def test_learning_curves_without_validation_and_without_epochs_are_drawn(tmp_path: Path) -> None:
    figures.learning_curves([{"epoch": 1, "loss": 1.0, "accuracy": 0.5}], tmp_path / "one.png")
    assert cv2.imread(str(tmp_path / "one.png")) is not None


def test_four_classes_show_every_count(tmp_path: Path, drawn: list[Figure]) -> None:
    result = evaluation(4)
    figures.confusion_matrix(result, tmp_path / "c.png")
    shown = sorted(text.get_text() for text in drawn[0].axes[0].texts)
    assert shown == sorted(str(count) for row in result.confusion for count in row if count)


def test_with_101_classes_no_two_names_overlap(tmp_path: Path, drawn: list[Figure]) -> None:
    figures.confusion_matrix(evaluation(101), tmp_path / "c.png")
    labels = [tick.label1 for tick in drawn[0].axes[0].yaxis.get_major_ticks()]
    assert len(labels) == 101
    boxes = [label.get_window_extent() for label in labels]
    assert all(lower.y1 <= upper.y0 + 1 for upper, lower in pairwise(boxes))
    assert boxes[0].height >= 9  # pixels: smaller letters cannot be read
    assert boxes[0].x0 >= 0


def test_the_sheet_shows_the_mistakes_in_order_with_label_answer_and_probability(
    tmp_path: Path, drawn: list[Figure]
) -> None:
    asked: list[str] = []

    def load(path: str) -> NDArray[np.uint8]:
        asked.append(path)
        return np.zeros((20, 30, 3), np.uint8)

    result = evaluation(7)
    figures.worst_mistakes(result, load, tmp_path / "w.png", n=7)
    assert asked == [mistake.path for mistake in result.mistakes[:7]]
    caption = drawn[0].axes[0].get_title().replace("\n", " ")
    first = result.mistakes[0]
    assert caption == f"is {first.label} taken for {first.predicted} at {first.probability:.0%}"


@pytest.mark.parametrize("shape", [(24, 24, 1), (24, 48, 3), (48, 24, 1)])
def test_mistakes_are_drawn_in_their_shape_and_gray_as_gray(
    tmp_path: Path, drawn: list[Figure], shape: tuple[int, int, int]
) -> None:
    pixels = np.random.default_rng(0).integers(0, 256, shape, np.uint8)
    figures.worst_mistakes(evaluation(7), lambda path: pixels, tmp_path / "w.png", n=5)
    panel = drawn[0].axes[0]
    assert np.array_equal(panel.images[0].get_array(), np.repeat(pixels, 3 // shape[2], axis=2))
    assert panel.get_aspect() == 1
    width, height = panel.get_window_extent().size
    assert height / width == pytest.approx(shape[0] / shape[1], rel=0.02)
    assert width > 0.7 * drawn[0].bbox.width / 5  # no row is so low that the pictures become thin,
    assert height > 0.4 * drawn[0].bbox.height  # and none so high that they drown in white


def test_names_of_any_script_and_any_bytes_are_drawn_without_a_word(tmp_path: Path, drawn: list[Figure]) -> None:
    names = ["猫 \x1b[31m", "caf\udce9\n", "\u202e$x_"]
    p = np.array([[0.2, 0.5, 0.3]] * 6)
    result = evaluate(
        np.arange(6) % 3, p, names, split="test", paths=[name + str(i) for i, name in enumerate(names * 2)]
    )
    figures.confusion_matrix(result, tmp_path / "c\udce9.png")
    figures.worst_mistakes(result, lambda path: np.zeros((9, 9, 3), np.uint8), tmp_path / "w.png")
    labels = [label.get_text() for label in drawn[0].axes[0].get_yticklabels()]
    assert labels == [r"猫 \x1b[31m", r"caf\xe9\x0a", r"\u202e$x_"]
    assert (tmp_path / "c\udce9.png").stat().st_size > 1000


def test_no_mistake_is_a_sheet_that_says_so(tmp_path: Path, drawn: list[Figure]) -> None:
    result = evaluate(np.array([0, 1]), np.eye(2), ["a", "b"], split="test")
    figures.worst_mistakes(result, lambda path: np.zeros((2, 2, 3), np.uint8), tmp_path / "w.png")
    assert drawn[0].get_suptitle() == "test: no mistake"


def test_nothing_global_is_touched(tmp_path: Path) -> None:
    before = dict(matplotlib.rcParams)
    figures.learning_curves(ROWS, tmp_path / "l.png", best_epoch=2)
    assert dict(matplotlib.rcParams) == before


def test_pyplot_with_its_global_state_is_not_imported() -> None:
    code = "import sys, convwise.report.figures; sys.exit('matplotlib.pyplot' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_run_is_drawn_in_three_pictures_and_without_an_evaluation_in_one(tmp_path: Path) -> None:
    for name, result, files in (
        ("judged", evaluation(3), ["confusion_matrix.png", "learning_curves.png", "worst_mistakes.png"]),
        ("untested", None, ["learning_curves.png"]),
    ):
        (tmp_path / name).mkdir()
        figures.draw_run(tmp_path / name, ROWS, 2, result, lambda path: np.zeros((9, 9, 3), np.uint8))
        assert sorted(path.name for path in (tmp_path / name).iterdir()) == files
