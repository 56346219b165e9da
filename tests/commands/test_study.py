"""convwise study as its users run it: the command, its JSON, its report, stop and resume, and what it refuses."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import convwise
from convwise.cli import main
from convwise.commands.resume_study import study_report
from convwise.commands.study import study
from convwise.errors import RequestError
from convwise.images.planted import make_planted
from tests.conftest import made_once
from tests.warm import begin

SMALL = ["--size", "32", "--recipe", "plain", "--trial-epochs", "3", "--epochs", "10", "--set", "net.width=4"]


@pytest.fixture(scope="module")
def pictures(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def make(folder: Path) -> None:
        make_planted("planted-brightness", folder / "pictures")

    return made_once(tmp_path_factory, "brightness", make) / "pictures"


@pytest.fixture(scope="module")
def finished(pictures: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[dict[str, Any], Path]:
    """A study whose answer is known: without a bias brightness cannot be told."""
    command = [sys.executable, "-m", "convwise.cli", "study", str(pictures), "--runs", "16", *SMALL]
    command += ["--parameters", "use_bias,data_format,bias_regularizer", "--set", "conv.use_bias=false", "--json"]
    command += ["--workers", "1"]  # beside it other tests run

    def make(folder: Path) -> None:
        done = subprocess.run([*command, "--out", str(folder / "study")], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        (folder / "answer.json").write_text(done.stdout)

    folder = made_once(tmp_path_factory, "finished-study", make)
    return json.loads((folder / "answer.json").read_text()), folder / "study"


@pytest.mark.slow
def test_the_planted_truth_is_found_and_confirmed(finished: tuple[dict[str, Any], Path]) -> None:
    result, _ = finished
    verdicts = {verdict["parameter"]: verdict for verdict in result["verdicts"]}
    assert set(verdicts) == {"use_bias", "data_format", "bias_regularizer"}
    assert verdicts["use_bias"]["verdict"] == "set it"
    assert verdicts["use_bias"]["value"] == "true"
    assert verdicts["use_bias"]["effect"]["low"] > 10
    assert verdicts["data_format"]["verdict"] == "settled by rule"
    assert verdicts["bias_regularizer"]["verdict"] == "settled by rule"  # there is no bias to begin with
    assert result["recommended"] == {"use_bias": "true"}
    assert result["confirmation"]["confirmed"]
    assert result["confirmation"]["test"]["low"] > 10
    assert {"trials", "seconds"} <= set(result)


@pytest.mark.slow
def test_the_report_shows_it_again_and_a_resume_has_nothing_to_do(
    finished: tuple[dict[str, Any], Path], capsys: pytest.CaptureFixture[str]
) -> None:
    result, out = finished
    assert main(["study", "report", str(out)]) == 0
    shown = capsys.readouterr().out
    assert "use_bias" in shown
    assert "recommended: --set conv.use_bias=true" in shown
    assert main(["study", "--resume", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out) == result
    assert study_report(out).settings == ("conv.use_bias=true",)
    assert (out / "effects.png").stat().st_size > 5000


@pytest.mark.slow
def test_a_training_takes_over_what_the_study_recommends(
    finished: tuple[dict[str, Any], Path], pictures: Path, tmp_path: Path
) -> None:
    result = convwise.train(pictures, from_study=finished[1], recipe="plain", epochs=2, out=tmp_path / "run")
    settings = result.run.settings
    assert settings.net == "simple"
    assert settings.recipe.size == 32
    assert settings.network.texts() == ("conv.use_bias=true", "net.width=4")


@pytest.mark.slow
def test_a_study_that_is_killed_goes_on_and_one_beside_it_is_not_disturbed(
    finished: tuple[dict[str, Any], Path], pictures: Path, tmp_path: Path
) -> None:
    asked = [str(pictures), "--runs", "16", *SMALL, "--set", "conv.use_bias=false"]
    asked += ["--parameters", "use_bias,data_format,bias_regularizer"]
    killed, beside = tmp_path / "killed", tmp_path / "beside"
    process = begin("study", *asked, "--workers", "2", "--out", str(killed))
    other = begin("study", *asked, "--workers", "1", "--out", str(beside))
    for n_trials, number in ((2, signal.SIGKILL), (9, signal.SIGINT), (20, signal.SIGKILL)):
        deadline = time.monotonic() + 120
        while not (n_trials <= journalled(killed)) and process.is_alive() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert process.pid is not None
        with suppress(ProcessLookupError):  # it has ended by itself
            os.kill(process.pid, number)
        process.join()
        process = begin("study", "--resume", str(killed))
    process.join()
    other.join()
    assert (process.exitcode, other.exitcode) == (0, 0)
    for out in (killed, beside):
        result = json.loads((out / "result.json").read_text())
        keys = [json.loads(line)["key"] for line in (out / "trials.jsonl").read_text().splitlines()]
        assert len(keys) == len(set(keys)) == finished[0]["trials"]
        for key in ("recommended", "race", "checks", "placebo", "deviation"):
            assert result[key] == finished[0][key]
        for one, same in zip(result["verdicts"], finished[0]["verdicts"], strict=True):
            assert all(one[key] == same[key] for key in ("verdict", "value", "effect", "log_loss"))
        assert result["confirmation"]["test"] == finished[0]["confirmation"]["test"]


def journalled(out: Path) -> int:
    path = out / "trials.jsonl"
    return path.read_bytes().count(b"\n") if path.exists() else 0


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"minutes": 5, "runs": 32}, "exclude each other"),
        ({"runs": 0}, "runs=0"),
        ({"runs": 8}, "at least 32"),
        ({"minutes": -1}, "from 0.001"),
        ({"smallest_effect": 0}, "smallest_effect=0"),
        ({"validation": 0}, "validation=0"),
        ({"engine": "slurm"}, "choose one of local, ray"),
        ({"address": "here:1"}, "only engine=ray"),
        ({"net": "nonet"}, "no such network"),
        ({"parameters": ["window"]}, "no such parameter"),
        ({"levels": ["padding=reflect"]}, "padding"),
        ({"workers": 0}, "workers=0"),
    ],
)
def test_wrong_requests_are_refused_and_nothing_is_written(
    pictures: Path, tmp_path: Path, options: dict[str, Any], message: str
) -> None:
    with pytest.raises(RequestError, match=message):
        study(pictures, size=32, out=tmp_path / "study", **options)
    assert not (tmp_path / "study").exists()


@pytest.mark.parametrize(
    "arguments",
    [[], ["report"], ["report", "nowhere"], ["--resume", "nowhere"], ["--resume", "x", "--runs", "4"], ["a", "b"]],
)
def test_the_command_says_what_it_needs(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", *arguments]) == 2
    assert capsys.readouterr().err.startswith("convwise: ")


def test_a_used_folder_is_refused(pictures: Path, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(RequestError, match="exists already"):
        study(pictures, size=32, out=tmp_path)
