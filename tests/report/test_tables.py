import io

import numpy as np
from rich.console import Console
from rich.table import Table

from convwise.evaluation import Evaluation, evaluate
from convwise.report import tables


def evaluation(names: list[str], n: int = 300) -> Evaluation:
    rng = np.random.default_rng(0)
    labels = np.arange(n) % len(names)
    p = rng.random((n, len(names)))
    p[np.arange(n), labels] += 0.6
    return evaluate(labels, p / p.sum(axis=1, keepdims=True), names, split="test", paths=[f"{i}.png" for i in range(n)])


def text_of(table: Table) -> str:
    console = Console(width=150, record=True, file=io.StringIO())
    console.print(table)
    return console.export_text()


def test_every_metric_is_shown_with_its_interval() -> None:
    result = evaluation(["a", "b", "c"])
    text = text_of(tables.metrics_table(result))
    assert "test: 300 images, 3 classes" in text
    for metric in (result.accuracy, result.mean_class_accuracy, result.top5_accuracy, result.calibration_error):
        assert f"{100 * metric.value:.1f} %" in text
        assert f"{100 * metric.low:.1f} to {100 * metric.high:.1f} %" in text
    assert f"{result.log_loss.low:.3f} to {result.log_loss.high:.3f}" in text


def test_few_classes_are_all_shown_and_of_many_the_ten_worst_and_the_mean() -> None:
    assert tables.classes_table(evaluation(["a", "b", "c"])).row_count == 4
    result = evaluation([f"class{i:03d}" for i in range(101)], 909)
    text = text_of(tables.classes_table(result))
    worst = sorted(result.per_class, key=lambda s: s.f1 or 0)
    assert text.count("class0") + text.count("class1") == 10
    assert worst[0].name in text
    assert worst[-1].name not in text
    mean = next(line for line in text.splitlines() if "mean of 101" in line)
    assert f" {100 * np.mean([s.precision for s in result.per_class]):.1f} %" in mean


def test_the_most_confident_mistakes_are_shown_with_their_number() -> None:
    result = evaluation(["a", "b", "c"])
    n_wrong = round(300 * (1 - result.accuracy.value))
    text = text_of(tables.mistakes_table(result, 3))
    assert f"the 3 most confident of {n_wrong} mistakes" in text
    assert result.mistakes[2].path in text
    assert result.mistakes[3].path not in text


def test_a_class_name_is_text_and_no_markup() -> None:
    assert "[red]" in text_of(tables.classes_table(evaluation(["[red]", "b"])))


def test_an_undefined_score_is_a_dash() -> None:
    result = evaluate(np.array([0, 0]), np.array([[1.0, 0.0]] * 2), ["a", "never"], split="test")
    row = next(line for line in text_of(tables.classes_table(result)).splitlines() if "never" in line)
    assert [cell.strip() for cell in row.strip("│").split("│")] == ["never", "–", "–", "–", "0"]
