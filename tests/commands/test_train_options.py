"""What people type first: patience, class weights, a dry run, quiet; and what a training says at its end."""

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import convwise
from convwise import cli
from convwise.commands.dry_run import dry_run
from convwise.errors import RequestError
from convwise.report.closing import closing_lines, why_lower
from convwise.training.checkpoint import CheckpointFolder

SMALL = {"net": "simple", "size": 16, "batch": 8, "settings": ["conv.filters=4"], "recipe": "plain"}
TYPED = [
    "--net", "simple", "--size", "16", "--batch", "8", "--set", "conv.filters=4", "--recipe", "plain", "--epochs", "2",
]  # fmt: skip


def rows_of(run: Path) -> list[dict[str, float]]:
    return [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]


def test_patience_ends_a_training_that_no_longer_gains_and_keeps_the_best_epoch(
    picture_folder: Callable[..., Path], tmp_path: Path
) -> None:
    """With a rate that wrecks the network, the first epochs are the best ones."""
    data = picture_folder()
    result = convwise.train(data, **SMALL, epochs=30, learning_rate=0.5, patience=2, out=tmp_path / "run")
    losses = [row["val_loss"] for row in rows_of(tmp_path / "run")]
    best = int(np.argmin(losses[::-1]))
    best_epoch = len(losses) - best
    assert len(losses) < 30
    assert (result.run.summary["epochs"], result.run.summary["best_epoch"]) == (len(losses), best_epoch)
    assert len(losses) - best_epoch == 2
    assert any("stopped after 2 epochs without a better one" in line for line in result.closing_lines)


def test_a_stopped_training_of_some_patience_resumes_to_the_same_end(
    picture_folder: Callable[..., Path], tmp_path: Path
) -> None:
    data = picture_folder()
    asked = {**SMALL, "epochs": 12, "learning_rate": 0.5, "patience": 2}
    whole = convwise.train(data, **asked, out=tmp_path / "whole").run

    class StoppedError(Exception):
        pass

    def stop(row: dict[str, float]) -> None:
        if row["epoch"] == 2:
            raise StoppedError

    from convwise.training.hooks import Hooks

    with pytest.raises(StoppedError):
        convwise.train(data, **asked, out=tmp_path / "halves", hooks=Hooks(epoch=stop))
    halves = convwise.resume(tmp_path / "halves").run
    assert halves.summary["epochs"] == whole.summary["epochs"]
    timed = {"seconds", "validation_seconds"}
    untimed = [[{k: v for k, v in row.items() if k not in timed} for row in rows_of(r.folder)] for r in (whole, halves)]
    assert untimed[0] == untimed[1]
    best = whole.summary["best_epoch"]
    for one, other in zip(
        CheckpointFolder(whole.folder / "checkpoint").best_weights(best),
        CheckpointFolder(halves.folder / "checkpoint").best_weights(best), strict=True,
    ):  # fmt: skip
        assert np.array_equal(one, other)


def test_class_weights_move_the_answers_and_are_on_record(picture_folder: Callable[..., Path], tmp_path: Path) -> None:
    """A class that counts a thousand times as much is what the network says of everything."""
    data = picture_folder()
    asked = {**SMALL, "epochs": 4, "class_weights": {"class b": 1000.0}}
    run = convwise.train(data, **asked, out=tmp_path / "run").run
    confusion = np.array(run.evaluation.confusion)
    assert confusion[:, 1].sum() == confusion.sum()
    recorded = json.loads((tmp_path / "run" / "run.json").read_text())["class_weights"]
    assert recorded["class b"] / recorded["class a"] == pytest.approx(1000)
    assert run.settings.recipe.class_weights == {"class b": 1000.0}


def test_equal_weights_change_nothing(picture_folder: Callable[..., Path], tmp_path: Path) -> None:
    """Three classes of one size: auto is 1 for each, and one times the loss is the loss."""
    data = picture_folder()
    runs = [
        convwise.train(data, **SMALL, epochs=2, per_class=8, class_weights=weights, out=tmp_path / weights).run
        for weights in ("none", "auto")
    ]
    one, other = ([row["val_loss"] for row in rows_of(run.folder)] for run in runs)
    assert one == pytest.approx(other, rel=1e-5)


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"patience": 0}, "patience=0: it must be a whole number"),
        ({"patience": 2, "validation": 0}, "patience=2: it needs validation images"),
        ({"class_weights": "equal"}, "class_weights=equal: choose one of none, auto"),
        ({"class_weights": {"class d": 2.0}}, "class_weights=class d: did you mean class"),
        ({"optimizer": "adma"}, "optimizer=adma: did you mean"),
        ({"learning_rate": -1}, "learning_rate=-1: it must be a number"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_written(
    picture_folder: Callable[..., Path], tmp_path: Path, options: dict[str, object], says: str
) -> None:
    with pytest.raises(RequestError, match=says):
        convwise.train(picture_folder(), **{**SMALL, **options}, out=tmp_path / "run")
    assert not (tmp_path / "run").exists()


def test_the_same_keys_reach_the_run_from_command_line_file_and_python(
    picture_folder: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = picture_folder()
    given = {"learning_rate": 0.003, "weight_decay": 0.1, "optimizer": "sgd", "patience": 3}
    typed = ["--learning-rate", "0.003", "--weight-decay", "0.1", "--optimizer", "sgd", "--patience", "3"]
    file = tmp_path / "asked.toml"
    file.write_text(
        'learning_rate = 0.003\nweight_decay = 0.1\noptimizer = "sgd"\npatience = 3\n[class_weights]\n"class a" = 2.0\n'
    )
    plans = [dry_run(data, **SMALL, epochs=2, **given, class_weights={"class a": 2.0}).settings]
    for options in ([*typed, "--class-weights", "class a=2"], ["--config", str(file)]):
        assert cli.main(["train", str(data), *TYPED, *options, "--dry-run", "--json"]) == 0
        plans.append(json.loads(capsys.readouterr().out)["settings"])
    recipes = [{**plan["recipe"], "augmentation": None} for plan in plans]
    assert recipes[0] == recipes[1] == recipes[2]
    assert given.items() <= recipes[0].items()
    assert recipes[0]["class_weights"] == {"class a": 2.0}


def test_a_dry_run_counts_the_images_estimates_and_writes_nothing(
    picture_folder: Callable[..., Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    data = picture_folder()
    here = tmp_path / "here"
    here.mkdir()
    monkeypatch.chdir(here)
    assert cli.main(["train", str(data), *TYPED, "--per-class", "8", "--dry-run", "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)
    assert list(here.iterdir()) == []
    assert {sum(sides.values()) for sides in plan["images"].values()} == {16}
    assert plan["epochs"] == 2
    assert 0 < plan["epochs"] * plan["steps_per_epoch"] * plan["seconds_per_step"] <= plan["seconds"]
    assert plan["peak_bytes"] > 2**26
    assert cli.main(["train", str(data), *TYPED, "--dry-run", "--out", str(data)]) == 2


def test_quiet_leaves_standard_error_empty_and_the_end_says_what_comes_next(
    picture_folder: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run = tmp_path / "a run"
    data = picture_folder()
    assert cli.main(["train", str(data), *TYPED, "--quiet", "--out", str(run)]) == 0
    printed = capsys.readouterr()
    assert printed.err == ""
    assert "best epoch: " in printed.out
    assert f"look at: learning_curves.png, confusion_matrix.png, worst_mistakes.png in {run}" in printed.out
    assert f"convwise predict '{run}' PICTURE" in printed.out
    assert "top-5" not in printed.out
    assert "calibration error: how far" in " ".join(printed.out.split())
    picture = next(data.rglob("*.png"))
    assert cli.main(["predict", str(run), str(picture), "--unsure", "1", "--json", "--quiet"]) == 0
    printed = capsys.readouterr()
    (answer,) = json.loads(printed.out)
    assert answer["unsure"] is (answer["probability"] < 1)
    assert cli.main(["predict", str(run), str(data), "--unsure", "0", "--csv", str(tmp_path / "a.csv"), "--quiet"]) == 0
    printed = capsys.readouterr()
    assert (printed.out, printed.err) == (f"{tmp_path / 'a.csv'}: 48 pictures, 0 unsure\n", "")
    lines = (tmp_path / "a.csv").read_text().splitlines()
    assert lines[0].endswith(",unsure")
    assert {line.rpartition(",")[2] for line in lines[1:]} == {"no"}
    assert cli.main(["evaluate", str(run), "--quiet"]) == 0
    assert "nothing was written" in capsys.readouterr().out


def test_a_lower_validation_loss_is_explained_where_it_is_one(tmp_path: Path) -> None:
    row = {"epoch": 1, "loss": 1.0, "val_loss": 0.5}
    assert "augmented" in why_lower([row], 1)
    assert why_lower([{**row, "val_loss": 0.99}], 1) == ""
    assert why_lower([{"epoch": 1, "loss": 1.0}], 1) == ""
    lines = closing_lines(tmp_path, [{"epoch": 1, "loss": 1.0}], 1, data="shapes", patience=None)
    assert lines[0] == "kept: epoch 1, the last; there are no validation images to choose by"
