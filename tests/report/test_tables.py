import io

import numpy as np
import pytest
from rich.console import Console

from convwise.evaluation import Evaluation, evaluate
from convwise.report import tables
from convwise.report.rich_tables import rich
from convwise.report.table import Cell, Table, count, numbers, words


def evaluation(names: list[str], n: int = 300) -> Evaluation:
    rng = np.random.default_rng(0)
    labels = np.arange(n) % len(names)
    p = rng.random((n, len(names)))
    p[np.arange(n), labels] += 0.6
    return evaluate(labels, p / p.sum(axis=1, keepdims=True), names, split="test", paths=[f"{i}.png" for i in range(n)])


def text_of(table: Table) -> str:
    console = Console(width=150, record=True, file=io.StringIO())
    console.print(rich(table))
    return console.export_text()


def test_every_metric_is_shown_with_its_interval() -> None:
    result = evaluation(list("abcdef"))
    text = text_of(tables.metrics_table(result))
    assert "test: 300 images, 6 classes" in text
    for metric in (result.accuracy, result.mean_class_accuracy, result.top5_accuracy, result.calibration_error):
        assert f"{100 * metric.value:.1f} %" in text
        assert f"{100 * metric.low:.1f} to {100 * metric.high:.1f} %" in text
    assert f"{result.log_loss.low:.3f} to {result.log_loss.high:.3f}" in text


def test_the_five_best_of_five_classes_are_no_metric() -> None:
    assert "top-5" not in text_of(tables.metrics_table(evaluation(list("abcde"))))
    assert "1 image, 1 of 2 classes" in text_of(
        tables.metrics_table(evaluate(np.array([0]), np.array([[0.9, 0.1]]), ["a", "b"], split="test"))
    )


def test_few_classes_are_all_shown_and_of_many_the_ten_worst_and_the_mean() -> None:
    assert len(tables.classes_table(evaluation(["a", "b", "c"])).rows) == 3
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


@pytest.mark.parametrize(
    ("counts", "right", "says"),
    [
        ((10, 10, 10), (9, 9, 9), []),
        ((10, 10, 0), (9, 9, 0), ["not tested, for want of images: c; means are over the other 2 classes"]),
        ((10, 0, 0), (9, 0, 0), ["not tested, for want of images: b, c; means are over the other 1 class"]),
        ((10, 10, 3), (9, 9, 0), ["recall 0, no image recognised: c"]),
        (
            (30, 6, 6),
            (30, 6, 3),
            ["uneven classes, from 6 (b) to 30 (a) images: the mean class accuracy, 83.3 %, counts"],
        ),
        ((30, 7, 7), (30, 7, 7), []),
    ],
)
def test_beside_the_headline_stands_what_it_does_not_tell(
    counts: tuple[int, ...], right: tuple[int, ...], says: list[str]
) -> None:
    labels = np.repeat(np.arange(3), counts)
    told = np.concatenate([np.arange(n) < r for n, r in zip(counts, right, strict=True)])
    p = np.eye(3)[np.where(told, labels, (labels + 1) % 2)] * 0.97 + 0.01
    result = evaluate(labels, p, ["a", "b", "c"], split="test")
    found = tables.remarks(result)
    assert len(found) == len(says)
    assert all(remark.startswith(start) for remark, start in zip(found, says, strict=True))
    n_tested = sum(map(bool, counts))
    assert f"mean of {n_tested}" in text_of(tables.classes_table(result))
    of_all = "3" if n_tested == 3 else f"{n_tested} of 3"
    assert f"{of_all} classes" in text_of(tables.metrics_table(result))
    means = [cell.strip() for cell in text_of(tables.classes_table(result)).splitlines()[-2].strip("│").split("│")]
    assert means[2] == f"{100 * result.mean_class_accuracy.value:.1f} %"  # the column of the recall
    assert result.to_dict()["not_tested"] == [name for name, n in zip("abc", counts, strict=True) if not n]


def test_eighty_columns_fold_a_name_and_a_title_before_an_interval() -> None:
    columns = (*words("run"), *numbers("accuracy", "points", "log loss", "it alone right", "first alone right"))
    cells = (Cell("98.2 %", 0.982, "97.0 to 99.1"), Cell("-6.2", -6.2, "-10.9 to -1.5"))
    row = (Cell("/somewhere/far/away/a-run"), *cells, Cell("+0.001", 0.001, "-0.091 to +0.093"), count(34), count(1234))
    console = Console(width=80, record=True, file=io.StringIO())
    console.print(rich(Table("two runs", columns, (row,)), details=True))
    text = console.export_text()
    assert max(map(len, text.splitlines())) <= 80
    for whole in ("97.0 to 99.1", "-10.9 to -1.5", "-0.091 to +0.093", "1,234"):
        assert whole in text
    assert "".join(line[2:12].strip() for line in text.splitlines() if line.startswith("│")) == row[0].text
