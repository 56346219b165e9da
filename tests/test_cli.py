"""The command line: what it prints, what it refuses, what it leaves behind."""

import csv
import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import convwise
from convwise import cli

QUICK = ["--net", "simple", "--size", "32", "--epochs", "2", "--batch", "8"]


def run(*arguments: str) -> int:
    try:
        return cli.main([str(argument) for argument in arguments])
    except SystemExit as stop:
        return int(stop.code or 0)


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, dict[str, Any]]:
    """A folder of pictures, a finished run on it, and what `train --json` printed, all in a process of its own."""
    from PIL import Image

    place = tmp_path_factory.mktemp("finished")
    random = np.random.default_rng(1)
    for number, name in enumerate(("gréen apple", "red [apple]", "blue")):
        (place / "data" / name).mkdir(parents=True)
        for i in range(14):
            colour = np.eye(3)[number] * 150
            pixels = np.clip(random.normal(60, 30, (30, 50, 3)) + colour, 0, 255).astype(np.uint8)
            Image.fromarray(pixels).save(place / "data" / name / f"picture {i}.png")
    (place / "data" / "blue" / "broken.jpg").write_bytes(b"\xff\xd8\xff nothing more")
    (place / "data" / "blue" / "notes.txt").write_text("not a picture")
    command = [sys.executable, "-m", "convwise.cli", "train", str(place / "data"), *QUICK, "--json"]
    environment = {**os.environ, "CONVWISE_HOME": str(place / "home")}
    out = ["--out", str(place / "run"), "--tensorboard"]
    done = subprocess.run([*command, *out], env=environment, capture_output=True, text=True, check=True)
    return place / "data", place / "run", json.loads(done.stdout)


def test_train_prints_one_json_object_with_the_promised_keys(finished: tuple[Path, Path, dict[str, Any]]) -> None:
    _, folder, printed = finished
    assert printed["run"] == str(folder)
    assert printed["seconds"] > 0
    evaluation = printed["evaluation"]
    assert (evaluation["split"], evaluation["n"]) == ("test", 12)
    for metric in ("accuracy", "mean_class_accuracy", "top5_accuracy", "log_loss", "calibration_error"):
        score = evaluation[metric]
        assert score["low"] <= score["value"] <= score["high"]


def test_a_run_folder_holds_what_a_run_is(finished: tuple[Path, Path, dict[str, Any]]) -> None:
    _, folder, _ = finished
    names = {path.name for path in folder.iterdir()}
    assert names == {
        "checkpoint", "classes.json", "confusion_matrix.png", "environment.json", "evaluation.json",
        "learning_curves.png", "lock", "metrics.jsonl", "model.keras", "predictions.npz", "run.json", "settings.json",
        "split.json", "tensorboard", "worst_mistakes.png",
    }  # fmt: skip
    rows = [json.loads(line) for line in (folder / "metrics.jsonl").read_text().splitlines()]
    assert [row["epoch"] for row in rows] == [1, 2]
    assert json.loads((folder / "run.json").read_text())["n_unreadable"] == 1
    assert any((folder / "tensorboard").rglob("events*"))
    newest = max(folder.iterdir(), key=lambda path: path.stat().st_mtime_ns)
    assert newest.name == "run.json"


def test_evaluate_again_gives_the_same_scores(
    finished: tuple[Path, Path, dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    _, folder, printed = finished
    assert run("evaluate", folder, "--json") == 0
    again = json.loads(capsys.readouterr().out)["evaluation"]
    assert again["confusion"] == printed["evaluation"]["confusion"]
    assert again["log_loss"]["value"] == pytest.approx(printed["evaluation"]["log_loss"]["value"], abs=1e-6)
    assert run("evaluate", folder, "--split", "all") == 0
    assert "42 images" in capsys.readouterr().out


def test_evaluate_on_other_images_uses_all_of_them_and_refuses_unknown_classes(
    finished: tuple[Path, Path, dict[str, Any]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, folder, _ = finished
    other = tmp_path / "other"
    for name in ("blue", "red [apple]"):
        (other / name).mkdir(parents=True)
        for picture in list((data / name).glob("*.png"))[:3]:
            (other / name / picture.name).write_bytes(picture.read_bytes())
    assert run("evaluate", folder, "--data", other, "--json") == 0
    evaluation = json.loads(capsys.readouterr().out)["evaluation"]
    assert (evaluation["split"], evaluation["n"], len(evaluation["class_names"])) == ("all", 6, 3)
    assert run("evaluate", folder, "--data", other, "--split", "test") == 2
    (other / "blue").rename(other / "violet")
    capsys.readouterr()
    assert run("evaluate", folder, "--data", other) == 2
    assert "violet" in capsys.readouterr().err


def test_predict_answers_every_file_in_order_and_unreadable_ones_with_the_reason(
    finished: tuple[Path, Path, dict[str, Any]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, folder, _ = finished
    assert run("predict", folder, data / "blue", "--top", "2", "--json") == 0
    answers = json.loads(capsys.readouterr().out)
    assert len(answers) == 16
    by_name = {Path(answer["path"]).name: answer for answer in answers}
    assert set(by_name["broken.jpg"]) == {"path", "error"}
    good = by_name["picture 0.png"]
    assert good["label"] == good["top"][0]["label"]
    assert len(good["top"]) == 2
    assert run("predict", folder, data / "blue", "--csv", tmp_path / "answers.csv") == 0
    rows = list(csv.DictReader((tmp_path / "answers.csv").read_text(encoding="utf-8").splitlines()))
    assert [row["path"] for row in rows] == [answer["path"] for answer in answers]
    assert rows[0]["label"] == answers[0].get("label", "")


def test_evaluating_and_predicting_tell_how_far_they_are(
    finished: tuple[Path, Path, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    data, folder, _ = finished
    monkeypatch.setattr("convwise.commands.predict._CHUNK", 5)
    monkeypatch.setattr("convwise.training.predict.BATCH", 8)
    heard: list[tuple[int, int]] = []
    answers = convwise.predict(folder, [data / "blue"], progress=lambda *counts: heard.append(counts))
    assert heard == [(5, 16), (10, 16), (15, 16), (16, 16)]
    assert [Path(answer.path).name for answer in answers] == sorted(path.name for path in (data / "blue").iterdir())
    heard.clear()
    evaluation = convwise.evaluate(folder, split="all", progress=lambda *counts: heard.append(counts)).evaluation
    predicting = [done for done, of in heard if of == evaluation.n]  # with its mirror image, an image is two halves
    assert predicting == [4, 8, 12, 16, 20, 21, 25, 29, 33, 37, 41, 42]


def test_predict_equals_what_plain_keras_makes_of_the_saved_model(
    finished: tuple[Path, Path, dict[str, Any]],
) -> None:
    """In a process that does not import convwise: raw pixels in, the same probabilities out."""
    data, folder, _ = finished
    script = f"""
import json, sys, keras, numpy as np
from PIL import Image
model = keras.models.load_model({str(folder / "model.keras")!r}, safe_mode=True)
image = np.asarray(Image.open({str(data / "blue" / "picture 3.png")!r}).resize((32, 32)))[None]
both = (model.predict(image, verbose=0)[0] + model.predict(image[:, :, ::-1], verbose=0)[0]) / 2
assert not any(name.startswith("convwise") for name in sys.modules)
names = json.load(open({str(folder / "classes.json")!r}))
print(json.dumps([names[int(both.argmax())], float(both.max())]))
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    label, probability = json.loads(done.stdout)
    (answer,) = convwise.predict(folder, [data / "blue" / "picture 3.png"])
    assert label == answer.label
    assert probability == pytest.approx(answer.probability, abs=0.02)  # the two resize differently by a little


def test_resuming_a_complete_run_reports_it(
    finished: tuple[Path, Path, dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    _, folder, printed = finished
    assert run("train", "--resume", folder, "--json") == 0
    assert json.loads(capsys.readouterr().out)["evaluation"] == printed["evaluation"]


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["train"], "name DATA"),
        (["train", "no-such-folder"], "no-such-folder"),
        (["train", "{data}", "--net", "resnext"], "no such network"),
        (["train", "{data}", "--recipe", "slow"], "fast, plain, thorough, finetune, tutorial"),
        (["train", "{data}", "--size", "0"], "--size 0"),
        (["train", "{data}", "--epochs", "0"], "--epochs 0"),
        (["train", "{data}", "--epochs", "many"], "not a whole number"),
        (["train", "{data}", "--test", "0.2", "--per-class", "3"], "not allowed with"),
        (["train", "{data}", "--per-class", "300"], "class"),
        (["train", "{data}", "--test", "1.5"], "test"),
        (["train", "{data}", "--set", "conv.kernel=3"], "kernel_size"),
        (["train", "{data}", "--set", "conv.groups=7"], "does not divide"),
        (["train", "{data}", "--config", "nowhere.toml"], "nowhere.toml"),
        (["train", "{data}", "--out", "{data}"], "exists already"),
        (["train", "{data}", "--frobnicate"], "no such option"),
        (["train", "{data}/blue"], "class"),
        (["train", "--resume", "{data}"], "no run"),
        (["train", "--resume", "{run}", "--epochs", "9"], "own settings"),
        (["evaluate", "{data}"], "no run"),
        (["evaluate", "{run}", "--split", "tset"], "test, validation"),
        (["predict", "{run}", "nowhere.png"], "nowhere.png"),
        (["predict", "{run}", "{data}/blue", "--top", "0"], "--top 0"),
        (["guide", "kernel_sise"], "kernel_size"),
        (["guide", "--figure", "x.png"], "needs the NAME"),
        (["guide", "strides", "--figure", "x.gif"], "x.png"),
        (["guide", "strides", "--figure", "nowhere/x.png"], "no folder"),
        (["data"], "name an action"),
        (["data", "add", "imagenet"], "imagenet"),
        (["data", "check", "{data}/blue/notes.txt"], "notes.txt"),
    ],
)
def test_a_wrong_request_gets_one_line_and_exit_code_2(
    finished: tuple[Path, Path, dict[str, Any]],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    says: str,
) -> None:
    data, folder, _ = finished
    monkeypatch.chdir(tmp_path)
    code = run(*(argument.format(data=data, run=folder) for argument in arguments))
    printed = capsys.readouterr()
    assert code == 2
    assert says in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""
    assert list(tmp_path.iterdir()) == []


def test_a_config_file_gives_what_the_command_line_does_not(
    finished: tuple[Path, Path, dict[str, Any]], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, _, _ = finished
    config = tmp_path / "config.toml"
    config.write_text('net = "simple"\nsize_px = 32\nepochs = 1\nbatch = 4\nset = ["conv.use_bias=false"]\n')
    out = tmp_path / "run"
    assert run("train", data, "--config", config, "--batch", "8", "--out", out, "--json") == 0
    settings = json.loads(capsys.readouterr().out)["settings"]
    assert (settings["net"], settings["recipe"]["batch"], settings["recipe"]["epochs"]) == ("simple", 8, 1)
    assert settings["network"]["scopes"] == {"conv": {"use_bias": False}}
    config.write_text("epoch = 1\n")
    assert run("train", data, "--config", config, "--out", tmp_path / "other") == 2
    assert "did you mean" in capsys.readouterr().err
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    ("line", "says"),
    [
        ("augmentation = 3", "augmentation=3"),
        ('per_class = "a"', "per_class=a:"),
        ("per_class = 2.5", "whole number"),
        ('test = "x"', "test=x:"),
        ('set = "conv.kernel_size=5"', "a list"),
        ("set = [5]", "a list"),
        ('tensorboard = "no"', "true or false"),
        ("background = 1", "true or false"),
        ("net = 3", "net=3"),
        ("epochs =", "cannot be read"),
    ],
)
def test_a_config_value_of_the_wrong_kind_is_refused_by_name(
    finished: tuple[Path, Path, dict[str, Any]],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    line: str,
    says: str,
) -> None:
    config = tmp_path / "config.toml"
    config.write_text(line + "\n")
    assert run("train", finished[0], "--config", config, "--out", tmp_path / "run") == 2
    assert says in capsys.readouterr().err
    assert not (tmp_path / "run").exists()


def test_data_check_prints_the_promised_keys(
    finished: tuple[Path, Path, dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    data, _, _ = finished
    assert run("data", "check", data, "--json") == 0
    report = json.loads(capsys.readouterr().out)
    assert report["n_images"] == 42
    assert report["classes"] == {"blue": 14, "gréen apple": 14, "red [apple]": 14}
    assert [file["path"] for file in report["unreadable"]] == ["blue/broken.jpg"]
    assert report["ignored"] == 1
    assert report["duplicates"] == []
    assert run("data", "check", data) == 0
    assert "red [apple]" in capsys.readouterr().out


def test_a_read_only_place_gets_one_line(
    finished: tuple[Path, Path, dict[str, Any]], capsys: pytest.CaptureFixture[str]
) -> None:
    data, _, _ = finished
    assert run("train", data, *QUICK, "--out", "/proc/run") == 2
    assert capsys.readouterr().err.startswith("convwise: --out /proc/run: nothing can be written to /proc (")


def test_changed_pictures_end_a_resume(
    picture_folder: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data, out = picture_folder(), tmp_path / "run"
    assert run("train", data, *QUICK, "--out", out, "--json") == 0
    (out / "run.json").unlink()
    assert run("train", "--resume", out) == 0  # nothing to train, the end is written again
    (out / "run.json").unlink()
    next(data.rglob("*.png")).unlink()
    capsys.readouterr()
    assert run("train", "--resume", out) == 2
    assert "have changed" in capsys.readouterr().err


@pytest.mark.parametrize(
    "line",
    [
        "import convwise",
        "import convwise.cli; convwise.cli.build_parser()",
        "import convwise.cli; convwise.cli.main(['guide'])",
        "import convwise.cli; convwise.cli.main(['guide', 'dilation_rate'])",
        "import convwise.cli; convwise.cli.main(['guide', 'dilation_rate', '--json'])",
    ],
)
def test_nothing_heavy_is_imported_before_it_is_needed(line: str) -> None:
    heavy = ("keras", "tensorflow", "numpy", "rich", "cv2", "PIL", "matplotlib")
    script = f"import sys; {line}; print([m for m in {heavy} if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_pictures_are_read_before_keras_is_there() -> None:
    """`train` imports it while the pictures are read, and what reads pictures alone never does."""
    modules = "convwise.progress, convwise.commands.study, convwise.commands.train, convwise.commands.data"
    script = f"import sys, {modules}; print([m for m in ('keras', 'tensorflow') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_a_training_does_without_the_statistics_of_a_study() -> None:
    script = "import sys, convwise.progress, convwise.commands.train; print('scipy.special' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "False"


def test_guide_prints_the_list_one_parameter_and_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert run("guide") == 0
    assert len(capsys.readouterr().out.splitlines()) == 16
    assert run("guide", "dilation_rate") == 0
    assert "--set conv.dilation_rate=2" in capsys.readouterr().out
    assert run("guide", "--json") == 0
    assert len(json.loads(capsys.readouterr().out)) == 16
    assert run("guide", "groups", "--json") == 0
    printed = json.loads(capsys.readouterr().out)
    assert (printed["parameter"], printed["default"], printed["values"][1]["text"]) == ("groups", "1", "2")


def test_guide_draws_a_figure(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("guide", "strides", "--figure", tmp_path / "strides.png") == 0
    assert capsys.readouterr().out == f"figure: {tmp_path / 'strides.png'}\n"
    assert [path.name for path in tmp_path.iterdir()] == ["strides.png"]


def test_the_public_api_is_small_and_whole() -> None:
    assert len(convwise.__all__) <= 26
    assert all(getattr(convwise, name) is not None for name in convwise.__all__)
    with pytest.raises(AttributeError):
        _ = convwise.nothing  # type: ignore[attr-defined]
