import csv
from pathlib import Path
from typing import Any

import numpy as np
import pytest
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
    console = Console(width=150, record=True, file=open("/dev/null", "w"))  # noqa: PTH123, SIM115
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
    assert f"mean of 101 │    {100 * np.mean([s.precision for s in result.per_class]):.1f} %" in text


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
    assert "never    │         – │      – │" in text_of(tables.classes_table(result))


def test_a_data_report_lists_ten_of_many_and_says_so(capsys: pytest.CaptureFixture[str]) -> None:
    report: dict[str, Any] = {
        "folder": "f",
        "n_images": 3,
        "classes": {"[b]": 2, "c": 1},
        "unreadable": [{"path": f"{i}.jpg", "reason": "[empty]"} for i in range(13)],
        "duplicates": [["a.png", "b.png"]],
        "empty_classes": ["none"],
        "ignored": 4,
    }
    tables.print_data_report(report)
    text = capsys.readouterr().out
    for line in (
        "unreadable files, left out: 13",
        "9.jpg: [empty]",
        "and 3 more",
        "a.png = b.png",
        "[b]",
        "ignored: 4",
    ):
        assert line in text
    assert "10.jpg" not in text


def test_predictions_become_one_csv_row_each(tmp_path: Path) -> None:
    answers = [{"path": 'a,"b.png', "label": "x", "probability": 0.5, "top": []}, {"path": "c.png", "error": "empty"}]
    tables.write_predictions_csv(answers, tmp_path / "p.csv")
    with (tmp_path / "p.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    assert rows == [
        ["path", "label", "probability", "error"],
        ['a,"b.png', "x", "0.5", ""],
        ["c.png", "", "", "empty"],
    ]
