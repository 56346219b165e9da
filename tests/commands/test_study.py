"""convwise study as its users run it: the command, its JSON, its report, stop and resume, and what it refuses."""

from __future__ import annotations

import dataclasses
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest

import convwise
from convwise.cli import main
from convwise.commands.plan_study import plan_study
from convwise.commands.resume_study import resume_study, study_report
from convwise.commands.study import study
from convwise.conv2d import parse_settings
from convwise.errors import ConvwiseError, RequestError
from convwise.images.planted import make_planted
from convwise.names import counted
from convwise.study.budget import minutes_that_do
from convwise.study.folder import StudyFolder
from convwise.study.request import StudyHooks
from convwise.study.trial_runner import TrialRunner
from convwise.study.trials import ExperimentSpec, Outcome, Trial
from convwise.training.recipe import named_recipe
from tests.conftest import made_once
from tests.tampering import OLD_RECORDS
from tests.warm import begin

NETWORK = ["--net", "simple", "--size", "16", "--recipe", "plain", "--set", "net.width=4", "--per-class", "150"]
TRAINED = [*NETWORK, "--epochs", "6"]
PLANTED = ["--parameters", "use_bias,bias_regularizer", "--set", "conv.use_bias=false", "--runs", "20"]
SMALL: dict[str, Any] = {
    "net": "simple",
    "size": 16,
    "recipe": "plain",
    "epochs": 1,
    "per_class": 30,
    "settings": ["net.width=2"],
    "workers": 1,
}
SECONDS = 0.01  # an image, by the clock of `here`


class Here:
    """Real trainings in this process, by a clock that no other work disturbs: 0.4 s for an epoch of 40 images."""

    def __init__(self, spec: ExperimentSpec) -> None:
        self._spec = spec

    def run(self, trials: Sequence[Trial], done: Callable[[Outcome], None]) -> None:
        """See `Engine`."""
        for trial in trials:
            if trial.epochs == 0:
                done(Outcome(trial.key, "timed", seconds_per_image=SECONDS, seconds=1.0))
                continue
            outcome = TrialRunner.open(self._spec).carry_out(trial)
            epochs = trial.epochs or self._spec.recipe.epochs
            done(dataclasses.replace(outcome, seconds=epochs * 40 * SECONDS))


@pytest.fixture
def here(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def engine(spec: ExperimentSpec, n_workers: int) -> Iterator[Here]:
        yield Here(spec)

    monkeypatch.setattr(import_module("convwise.commands.study"), "local_engine", engine)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def make(folder: Path) -> None:
        make_planted("planted-brightness", folder / "pictures")

    return made_once(tmp_path_factory, "brightness", make) / "pictures"


@pytest.fixture(scope="module")
def finished(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """A study whose answer is known: without a bias brightness cannot be told."""
    command = [sys.executable, "-m", "convwise.cli", "study", str(pictures), *TRAINED, *PLANTED, "--json"]

    def make(folder: Path) -> None:
        done = subprocess.run([*command, "--out", str(folder / "study")], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        (folder / "answer.json").write_text(done.stdout)

    folder = made_once(tmp_path_factory, "finished-study", make)
    return json.loads((folder / "answer.json").read_text()), folder / "study"


@pytest.mark.slow
def test_the_planted_truth_is_found_and_confirmed(finished: tuple[dict[str, Any], Path]) -> None:
    result, out = finished
    verdicts = {verdict["parameter"]: verdict for verdict in result["verdicts"]}
    assert set(verdicts) == {"use_bias", "bias_regularizer"}
    found = verdicts["use_bias"]
    assert (found["kind"], found["own"], found["value"]) == ("set it", "false", "true")
    assert found["tried"]["value"] == found["value"]
    assert found["tried"]["effect"]["low"] > 3
    assert found["reason"]["kind"] == "confirmed"
    assert verdicts["bias_regularizer"]["kind"] == "settled by rule"  # there is no bias to begin with
    assert "no convolution of this network has a bias" in verdicts["bias_regularizer"]["reason"]["text"]
    assert result["recommended"] == ["use_bias=true"]
    (confirmation,) = result["confirmations"]
    assert confirmation["adopted"] == ["use_bias=true"]
    assert confirmation["arms"][0]["effect"] == found["tried"]["effect"]
    assert result["test"]["recommended"] - result["test"]["unchanged"] > 5
    assert (result["epochs"], result["quick"], result["failures"]) == (6, False, [])
    assert result["trainings"] <= 20
    assert journalled(out) == result["trainings"]


@pytest.mark.slow
def test_the_report_shows_it_again_and_a_resume_has_nothing_to_do(
    finished: tuple[dict[str, Any], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    result, out = finished
    assert main(["study", "report", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "use_bias: set it" in " ".join(shown.split())
    assert "conv.use_bias=true" in shown
    assert f"study: {out}" in shown.replace("\n", "")
    before = (out / "trials.jsonl").read_bytes()
    assert main(["study", "--resume", str(out), "--json"]) == 0
    printed = capsys.readouterr()
    assert json.loads(printed.out) == result
    assert "is complete already; give --minutes" in " ".join(printed.err.split())
    assert (out / "trials.jsonl").read_bytes() == before
    again = study_report(out)
    assert again.settings == again.recommended_settings == ("conv.use_bias=true",)
    assert again.of("use_bias").value == "true"
    assert again.folder == out
    assert (out / "effects.png").stat().st_size > 5000


@pytest.mark.slow
def test_a_training_takes_over_what_the_study_recommends_with_its_recipe_and_epochs(
    finished: tuple[dict[str, Any], Path], pictures: Path, tmp_path: Path
) -> None:
    run = convwise.train(pictures, from_study=finished[1], out=tmp_path / "run").run
    spec = StudyFolder.open(finished[1]).request.spec
    settings = run.settings
    assert settings.net == "simple"
    assert settings.network.texts() == ("conv.use_bias=true", "net.width=4")
    for name in ("size", "channels", "epochs", "batch", "learning_rate", "optimizer", "augmentation", "resize", "seed"):
        assert getattr(settings.recipe, name) == getattr(spec.recipe, name), name
    assert settings.per_class == spec.per_class == 150


@pytest.mark.slow
def test_a_study_that_is_killed_three_times_ends_as_one_that_was_left_alone(
    finished: tuple[dict[str, Any], Path], pictures: Path, tmp_path: Path
) -> None:
    killed = tmp_path / "killed"
    process = begin("study", str(pictures), *TRAINED, *PLANTED, "--out", str(killed))
    for n_trials, number in ((2, signal.SIGKILL), (5, signal.SIGINT), (8, signal.SIGKILL)):
        deadline = time.monotonic() + 300
        while not (n_trials <= journalled(killed)) and process.is_alive() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert process.pid is not None
        with suppress(ProcessLookupError):  # it has ended by itself
            os.kill(process.pid, number)
        process.join()
        process = begin("study", "--resume", str(killed))
    process.join()
    assert process.exitcode == 0
    result = study_report(killed).to_dict()
    keys = [json.loads(line)["key"] for line in (killed / "trials.jsonl").read_text().splitlines()]
    assert len(keys) == len(set(keys)) == finished[0]["trainings"]
    assert timeless(result) == timeless(finished[0])


def timeless(result: dict[str, Any]) -> Any:
    """A result without what was measured by the clock."""
    text = json.dumps({name: value for name, value in result.items() if name not in ("seconds", "sentence", "words")})
    return json.loads(text, object_hook=lambda values: {k: v for k, v in values.items() if k != "seconds"})


def journalled(out: Path) -> int:
    path = out / "trials.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


@pytest.mark.slow
@pytest.mark.usefixtures("here")
def test_a_quick_look_says_so_first_and_more_minutes_make_it_a_study(pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "study"
    asked = {**SMALL, "epochs": 20, "parameters": ["padding"]}
    needed = plan_study(pictures, **asked, minutes=100).minutes_for_three_blocks
    told: list[str] = []
    quick = study(pictures, **asked, minutes=needed / 3, out=out, hooks=StudyHooks(note=told.append))
    assert quick.quick
    assert quick.minutes_needed is not None
    assert quick.epochs < 20
    assert {verdict.kind for verdict in quick.verdicts} == {"undecided"}
    assert (quick.recommended, quick.confirmations, quick.test) == ((), (), None)
    advised = counted(minutes_that_do(quick.minutes_needed), "minute")
    assert f"three blocks of 2 whole trainings fit into {advised} (" in quick.sentence
    assert quick.sentence in told
    enough = 3 * quick.minutes_needed + 0.2  # timed on a machine that others use too
    whole = resume_study(out, minutes=enough)
    assert (whole.quick, whole.epochs, whole.minutes_needed) == (False, 20, None)
    assert whole.blocks >= 3
    folder = StudyFolder.open(out)
    assert folder.quick_look == quick
    assert folder.request.minutes == enough
    short = [key for key in folder.outcomes() if "epochs/" in key]
    assert (len(short), len(folder.outcomes()) - len(short)) == (quick.trainings, whole.trainings)


@pytest.mark.slow
@pytest.mark.usefixtures("here")
def test_more_minutes_go_on_with_the_same_trainings(pictures: Path, tmp_path: Path) -> None:
    out = tmp_path / "study"
    first = study(pictures, **SMALL, parameters=["padding", "kernel_size"], runs=12, out=out)
    before = StudyFolder.open(out).outcomes()
    assert resume_study(out) == first  # without more time there is nothing to do
    assert StudyFolder.open(out).outcomes() == before
    again = resume_study(out, minutes=0.15)  # 22 trainings of 0.4 s
    after = StudyFolder.open(out).outcomes()
    assert {key: after[key] for key in before} == before
    assert again.trainings == len(after) > len(before) == first.trainings
    assert again.blocks > first.blocks
    assert StudyFolder.open(out).request.runs is None
    assert study_report(out) == again


@pytest.mark.slow
@pytest.mark.usefixtures("here")
def test_a_dry_run_says_what_can_be_settled_and_writes_nothing(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    command = ["study", str(pictures), *TRAINED, "--parameters", "padding,kernel_size,bias_constraint", "--dry-run"]
    command += ["--set", "conv.use_bias=false", "--minutes", "600", "--out", "study"]
    assert main(command) == 0
    shown = capsys.readouterr().out
    assert "padding: try valid" in shown
    assert "kernel_size: try " in shown
    assert "bias_constraint: settled by rule: no convolution" in shown
    assert "each block is judged on 100 images, of which one is worth 1.00 points" in shown
    assert "600 minutes are about" in shown
    assert list(tmp_path.iterdir()) == []
    plan = plan_study(
        pictures, **{**SMALL, "settings": ["conv.use_bias=false"]}, parameters=["padding", "bias_constraint"], minutes=9
    )
    assert plan.candidates == {"padding": ("valid",)}
    assert set(plan.settled) == {"bias_constraint"}
    assert 0 < plan.seconds_per_training < plan.seconds_per_block * 2
    assert list(tmp_path.iterdir()) == []
    assert main([*command, "--resume", "x"]) == 2
    assert main(["study", "report", "x", "--dry-run"]) == 2


@pytest.mark.slow
@pytest.mark.usefixtures("here")
def test_by_stage_and_a_metric_are_taken(pictures: Path, tmp_path: Path) -> None:
    """Each stage is a question of its own, and a log loss that falls is a gain."""
    asked = {**SMALL, "by_stage": True, "metric": "log_loss", "smallest_effect": 0.5, "parameters": ["kernel_size"]}
    plan = plan_study(pictures, **asked, runs=100)
    assert len(plan.candidates) > 1
    result = study(pictures, **asked, runs=3 * (len(plan.candidates) + 2), out=tmp_path / "study")
    assert {verdict.parameter for verdict in result.verdicts} == set(plan.candidates)
    assert all(verdict.parameter.startswith("kernel_size@") for verdict in result.verdicts)
    assert (result.metric, result.unchanged_errors) == ("log_loss", 0)
    assert 0 < result.unchanged < 5


@pytest.mark.usefixtures("here")
def test_the_usual_metric_follows_the_classes(pictures: Path, tmp_path: Path) -> None:
    """Mean class accuracy where the largest class has more than five times the images of the smallest."""
    rare = tmp_path / "rare"
    shutil.copytree(pictures, rare)
    small = sorted(next(folder for folder in sorted(rare.iterdir()) if folder.is_dir()).iterdir())
    for picture in small[40:]:
        picture.unlink()
    asked = {**SMALL, "per_class": None, "parameters": ["padding"]}
    for data, metric in ((pictures, "accuracy"), (rare, "mean_class_accuracy")):
        told: list[str] = []
        with pytest.raises(RequestError, match="too few"):
            plan_study(data, **asked, runs=5, hooks=StudyHooks(note=told.append))
        assert any(f"1 parameter to measure by {metric}," in line for line in told), told


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"minutes": 5, "runs": 32}, "exclude each other"),
        ({"runs": 0}, "runs=0"),
        ({"runs": 5, "parameters": ["padding"]}, "runs=5: too few for any verdict on 1 parameter; give at least 6"),
        ({"minutes": -1}, "from 0.001"),
        ({"minutes": 0.001, "parameters": ["padding"]}, r"too few even for a quick look .* for verdicts"),
        ({"smallest_effect": 0}, "smallest_effect=0"),
        ({"metric": "loss"}, "metric=loss"),
        ({"metric": "log_loss"}, "give smallest_effect= too, in nats"),
        ({"by_stage": 3}, "by_stage=3"),
        ({"validation": 0}, "validation=0"),
        ({"validation": 0.6}, "at most half"),
        ({"engine": "slurm"}, "choose one of local, ray"),
        ({"address": "here:1"}, "only engine=ray"),
        ({"net": "nonet"}, "no such network"),
        ({"parameters": ["window"]}, "no such parameter"),
        ({"levels": ["padding=reflect"]}, "padding"),
        ({"levels": ["padding"]}, "write PARAMETER=VALUE"),
        ({"parameters": ["bias_constraint"], "settings": ["conv.use_bias=false"]}, "nothing is left to measure"),
        ({"recipe": named_recipe("plain", {"patience": 3})}, "patience=3: the trainings of a study are compared"),
        ({"recipe": named_recipe("plain", {"minutes": 3.0})}, "minutes=3 are those of a training"),
        ({"workers": 0}, "workers=0"),
    ],
)
def test_wrong_requests_are_refused_and_nothing_is_written(
    pictures: Path, tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(RequestError, match=message):
        study(pictures, **{**SMALL, "out": tmp_path / "study", **options})
    assert not (tmp_path / "study").exists()


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["report"],
        ["report", "nowhere"],
        ["--resume", "nowhere"],
        ["--resume", "x", "--runs", "4"],
        ["--resume", "x", "--dry-run"],
        ["a", "b"],
        ["--dry-run"],
        ["a", "--trust"],
    ],
)
def test_the_command_says_what_it_needs(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", *arguments]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("convwise: ")


def test_a_used_folder_is_refused(pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(RequestError, match="exists already"):
        study(pictures, size=32, out=tmp_path)


def test_a_study_of_an_earlier_version_is_shown_and_trained_from_but_not_continued(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It measured short trainings, so that its trials say nothing to a study of today."""
    shutil.copytree(OLD_RECORDS, tmp_path / "old")
    monkeypatch.chdir(tmp_path / "old")
    kept = json.loads(Path("study/result.json").read_text())
    before = {path: path.read_bytes() for path in Path("study").iterdir()}
    assert main(["study", "report", "study"]) == 0
    shown = capsys.readouterr().out
    assert all(verdict["parameter"] in shown for verdict in kept["verdicts"])
    assert main(["study", "report", "study", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["verdicts"] == kept["verdicts"]
    for more in ([], ["--minutes", "5"]):
        assert main(["study", "--resume", "study", *more]) == 2
        (line,) = capsys.readouterr().err.splitlines()
        assert "an earlier version began it, which measured short trainings; begin a new study" in line
    assert {path: path.read_bytes() for path in Path("study").iterdir()} == before
    from convwise.commands.train import train_request

    old = json.loads(Path("study/study.json").read_text())["bench"]
    request = train_request("pictures", from_study="study")
    assert request.net == old["net"]
    assert set(parse_settings(kept["recommended_settings"]).texts()) <= set(request.settings.texts())
    assert request.full_recipe.epochs == old["recipe"]["epochs"]


@pytest.mark.usefixtures("here")
def test_ctrl_c_ends_with_the_command_that_goes_on(
    pictures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stop(*of: Any) -> Any:
        raise KeyboardInterrupt

    monkeypatch.setattr(import_module("convwise.study.run_study"), "run_study", stop)
    with pytest.raises(ConvwiseError, match=f"stopped; go on with: convwise study --resume {tmp_path / 'study'}"):
        study(pictures, **SMALL, parameters=["padding"], runs=9, out=tmp_path / "study")
    assert StudyFolder.open(tmp_path / "study").plan is not None


def test_the_training_that_is_studied_may_stand_in_a_file(
    pictures: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    config = tmp_path / "recipe.toml"
    config.write_text("momentum = 0.5\nbatch = 8\nepochs = 1\n")
    asked = ["study", str(pictures), "--config", str(config), "--batch", "16", "--parameters", "padding", "--dry-run"]
    assert main([*asked, "--runs", "6"]) == 0
    assert "1 epoch; " in " ".join(capsys.readouterr().err.split())
    config.write_text("momentun = 0.5\n")
    assert main([*asked, "--runs", "6"]) == 2
    assert "--config " in capsys.readouterr().err
