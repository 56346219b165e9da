"""A real training process killed at random moments ends with the weights of one that was never stopped."""

import math
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path

import numpy as np
import pytest

from convwise.training.checkpoint import CheckpointFolder
from tests.warm import begin

N_KILLS = 20
N_EPOCHS = 80
SETTINGS = ["--size", "32", "--epochs", str(N_EPOCHS), "--batch", "16", "--seed", "3"]
# Few layers, so that it begins soon; its dropout's draws and its statistics must go on where they stopped, too.
NETWORK = """
import keras
from keras import layers


def small(input_shape, n_classes):
    pixels = keras.Input(input_shape)
    x = layers.Conv2D(8, 3, strides=2, use_bias=False)(layers.Rescaling(1 / 255)(pixels))
    x = layers.ReLU()(layers.BatchNormalization()(x))
    x = layers.Dropout(0.25)(layers.GlobalAveragePooling2D()(x))
    return keras.Model(pixels, layers.Dense(n_classes, activation="softmax")(x))
"""


@pytest.fixture
def task(picture_folder: Callable[..., Path], tmp_path: Path) -> list[str]:
    """What is trained on what, as `train` is asked."""
    (tmp_path / "net.py").write_text(NETWORK)
    data = picture_folder(n_classes=3, per_class=40, size_px=32)
    return [str(data), "--net", f"{tmp_path}/net.py:small", *SETTINGS]


def command(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "convwise.cli", "train", *arguments]


def n_epochs(run: Path) -> int:
    metrics = run / "metrics.jsonl"
    return len(metrics.read_text().splitlines()) if metrics.exists() else 0


def wait(process: BaseProcess, run: Path, *, epochs: int, seconds: float = math.inf) -> None:
    """Until the run has so many epochs, the seconds are over or the process has ended."""
    end = time.monotonic() + seconds
    while n_epochs(run) < epochs and time.monotonic() < end and process.is_alive():
        time.sleep(0.01)


def timed(process: BaseProcess, run: Path) -> tuple[float, float]:
    """Seconds until its first epoch was over, and of a later epoch; returns when it has ended."""
    began = time.monotonic()
    wait(process, run, epochs=1)
    first = time.monotonic()
    wait(process, run, epochs=N_EPOCHS)
    last = time.monotonic()
    ended(process)
    return first - began, (last - first) / (N_EPOCHS - 1)


def ended(process: BaseProcess) -> None:
    process.join()
    assert process.exitcode == 0


def begun(task: list[str], run: Path) -> subprocess.Popen[str]:
    """A training two epochs on its way."""
    process = subprocess.Popen(
        command(*task, "--out", str(run)),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        # A test run started in the background may have been told to ignore Ctrl-C, and its children inherit that.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    while n_epochs(run) < 2 and process.poll() is None:
        time.sleep(0.01)
    return process


@pytest.mark.slow
def test_twenty_kills_change_no_bit(task: list[str], tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    start_s, epoch_s = timed(begin("train", *task, "--out", str(whole)), whole)
    chance = random.Random(11)
    kills = epochs_lost = 0
    while kills < N_KILLS:
        started = (killed / "settings.json").exists()
        arguments = ["--resume", str(killed)] if started else [*task, "--out", str(killed)]
        before = n_epochs(killed)
        process = begin("train", *arguments)
        seconds = chance.uniform(0, start_s)  # one in four anywhere in the start
        if kills % 4:  # the others soon after the first new epoch: amid training, validating and writing
            wait(process, killed, epochs=before + 1)
            seconds = chance.uniform(0, 1.5 * epoch_s)
        wait(process, killed, epochs=before + 2, seconds=seconds)  # few epochs, however fast the machine is by now
        if not process.is_alive():
            break
        process.kill()
        process.join()
        kills += 1
        epochs_lost += n_epochs(killed) < N_EPOCHS
    assert kills == N_KILLS, "the training was over before the last kill: give it more epochs"
    assert epochs_lost == N_KILLS
    ended(begin("train", "--resume", str(killed)))
    ends = [CheckpointFolder(run / "checkpoint").load() for run in (whole, killed)]
    assert ends[0] is not None
    assert ends[1] is not None
    assert ends[0][0].epochs_done == ends[1][0].epochs_done == N_EPOCHS
    assert ends[0][0].best_epoch == ends[1][0].best_epoch
    for side in (1, 2):
        for a, b in zip(ends[0][side], ends[1][side], strict=True):
            assert np.array_equal(a, b)
    assert (whole / "evaluation.json").read_text() == (killed / "evaluation.json").read_text()
    assert not list(killed.rglob("tmp~*"))


@pytest.mark.slow
@pytest.mark.parametrize("polite", [signal.SIGINT, signal.SIGTERM])
def test_ctrl_c_ends_in_one_line_that_says_how_to_go_on(
    task: list[str], tmp_path: Path, polite: signal.Signals
) -> None:
    run = tmp_path / "run"
    process = begun(task, run)
    process.send_signal(polite)
    printed, errors = process.communicate(timeout=60)
    assert process.returncode == 1
    assert printed == ""
    assert errors.splitlines()[-1] == f"convwise: stopped; go on with: convwise train --resume {run}"
    assert "Traceback" not in errors
    assert not (run / "run.json").exists()


@pytest.mark.slow
def test_two_at_once_and_a_run_that_is_removed(task: list[str], tmp_path: Path) -> None:
    run = tmp_path / "run"
    process = begun(task, run)
    second = subprocess.run(command("--resume", str(run)), capture_output=True, text=True, check=False)
    while run.exists():  # what is written meanwhile can keep a folder from going at once
        shutil.rmtree(run, ignore_errors=True)
    _, errors = process.communicate(timeout=120)
    assert process.returncode == 1
    assert errors.splitlines()[-1].startswith("convwise: ")
    assert str(run) in errors.splitlines()[-1]
    assert "Traceback" not in errors
    assert not run.exists()
    assert second.returncode == 2
    assert second.stderr == f"convwise: --resume {run}: another process is working on it; wait for it\n"
