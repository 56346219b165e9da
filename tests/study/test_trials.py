"""Real trials in real processes: the same numbers from a fresh or a used worker, killed or not, here or on Ray."""

from __future__ import annotations

import dataclasses
import json
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path
from typing import Any

import pytest

from convwise.conv2d import parse_settings
from convwise.errors import RequestError
from convwise.images.image_shape import ImageShape
from convwise.images.planted import make_planted
from convwise.images.prepare import prepare
from convwise.study.engine import LocalEngine, local_engine
from convwise.study.trial_runner import TrialRunner
from convwise.study.trials import ExperimentSpec, Outcome, Trial, unpacked
from convwise.training.recipe import named_recipe

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def spec(tmp_path_factory: pytest.TempPathFactory) -> ExperimentSpec:
    folder = make_planted("planted-brightness", tmp_path_factory.mktemp("data") / "brightness")
    index, _ = prepare(folder, shape=ImageShape.of(32))
    recipe = named_recipe("plain", {"size": 32, "epochs": 2, "towers": 1, "precision": "float32"})
    network = parse_settings(["net.width=4"])
    return ExperimentSpec(
        str(folder), str(folder), None, (), "simple", network, recipe, None, 0.25, 1 / 3, index.digest, seed=5
    )


TRIALS = [
    Trial("a", 0, ()),
    Trial("b", 0, ("conv.use_bias=false",)),
    Trial("c", 1, ("conv.activation=silu",), {"learning_rate": 0.01}, on_test=True),
    Trial("d", 0, ()),
    Trial("e", 0, (), own_seed=True, epochs=1),
]


def numbers(outcome: Outcome) -> tuple[Any, ...]:
    return outcome.status, outcome.reason, outcome.answers, outcome.test_answers, outcome.weights


def carried_out(engine: Any, trials: list[Trial]) -> dict[str, Outcome]:
    found: dict[str, Outcome] = {}
    engine.run(trials, lambda outcome: found.__setitem__(outcome.key, outcome))
    return found


@pytest.fixture(scope="module")
def undisturbed(spec: ExperimentSpec) -> dict[str, Outcome]:
    with local_engine(spec, 2) as engine:
        return carried_out(engine, TRIALS)


def test_trials_of_a_block_share_everything_but_their_settings(
    spec: ExperimentSpec, undisturbed: dict[str, Outcome]
) -> None:
    assert all(outcome.status == "done" for outcome in undisturbed.values())
    assert numbers(undisturbed["a"]) == numbers(undisturbed["d"])
    assert numbers(undisturbed["a"]) != numbers(undisturbed["b"])
    runner = TrialRunner.open(spec)
    for key, block in (("a", 0), ("c", 1)):
        answers = unpacked(undisturbed[key].answers, 250, 2)
        assert len(answers) == len(runner.fold(block).validation) == 250
        assert answers.sum(axis=1) == pytest.approx(1, abs=0.002)
    assert len(unpacked(undisturbed["c"].test_answers, 250, 2)) == len(runner.split.test) == 250
    assert undisturbed["a"].test_answers == ""
    costs = (undisturbed["a"].seconds_per_image, undisturbed["a"].multiply_adds, undisturbed["a"].memory)
    assert all(cost is not None and cost > 0 for cost in costs)


def test_the_negative_control_has_the_fold_and_a_seed_of_its_own(spec: ExperimentSpec) -> None:
    """Both for one epoch, so that nothing else differs."""
    runner = TrialRunner.open(spec)
    one, again, other = (
        runner.carry_out(trial)
        for trial in (
            Trial("one", 0, (), epochs=1),
            Trial("again", 0, (), own_seed=True, epochs=1),
            Trial("other", 0, (), {"learning_rate": 0.5}, epochs=1),
        )
    )
    assert len({outcome.answers for outcome in (one, again, other)}) == 3
    assert len(unpacked(one.answers, 250, 2)) == len(unpacked(again.answers, 250, 2))


def test_the_folds_of_a_division_judge_every_image_once(spec: ExperimentSpec) -> None:
    runner = TrialRunner.open(spec)
    pool = sorted([*runner.split.train, *runner.split.validation])
    first, second = ([runner.fold(block) for block in blocks] for blocks in (range(3), range(3, 6)))
    for division in (first, second):
        assert sorted(i for fold in division for i in fold.validation) == pool
        assert all(sorted([*fold.train, *fold.validation]) == pool for fold in division)
        assert all((fold.test == runner.split.test).all() for fold in division)
    assert {fold.digest for fold in first}.isdisjoint(fold.digest for fold in second)


def test_a_few_steps_are_timed_without_judging(spec: ExperimentSpec) -> None:
    outcome = TrialRunner.open(spec).carry_out(Trial("t", 0, (), epochs=0))
    assert (outcome.status, outcome.answers) == ("timed", "")
    assert outcome.seconds_per_image is not None
    assert 0 < outcome.seconds_per_image < 0.05


def test_nothing_leaks_from_one_trial_to_the_next(spec: ExperimentSpec, undisturbed: dict[str, Outcome]) -> None:
    with local_engine(spec, 1) as engine:  # one worker, the other way round
        again = carried_out(engine, TRIALS[::-1])
    assert {key: numbers(outcome) for key, outcome in again.items()} == {
        key: numbers(outcome) for key, outcome in undisturbed.items()
    }


def test_a_killed_worker_costs_no_trial(spec: ExperimentSpec, undisturbed: dict[str, Outcome]) -> None:
    with local_engine(spec, 2) as engine:
        killer = threading.Thread(target=kill_some, args=(engine, 3))
        killer.start()
        again = carried_out(engine, TRIALS)
        killer.join()
    assert {key: numbers(outcome) for key, outcome in again.items()} == {
        key: numbers(outcome) for key, outcome in undisturbed.items()
    }


def kill_some(engine: LocalEngine, n: int) -> None:
    for number in range(n):
        time.sleep(2.0)
        worker = engine._workers[number % 2]
        if worker is not None:
            worker._process.send_signal(signal.SIGKILL)


def test_what_goes_wrong_is_a_record(spec: ExperimentSpec) -> None:
    runner = TrialRunner.open(spec)
    wild = Trial("x", 0, ("conv.activation=exponential",), {"learning_rate": 100.0, "optimizer": "sgd"}, epochs=1)
    outcome = runner.carry_out(wild)
    assert outcome.status == "failed"
    assert "not a number" in outcome.reason or "not numbers" in outcome.reason
    outcome = runner.carry_out(Trial("y", 0, ("conv2d.groups=5",), epochs=1))
    assert (outcome.status, "groups" in outcome.reason) == ("failed", True)


def test_changed_pictures_are_refused(spec: ExperimentSpec) -> None:
    other = dataclasses.replace(spec, index_digest="other")
    with local_engine(other, 1) as engine, pytest.raises(RequestError, match="have changed"):
        engine.run(TRIALS[:1], lambda outcome: None)


def test_the_workers_of_a_killed_study_end(spec: ExperimentSpec, tmp_path: Path) -> None:
    code = (
        "import json, sys\nfrom convwise.study.engine import local_engine\n"
        "from convwise.study.trials import ExperimentSpec, Trial\n"
        "spec = ExperimentSpec.from_dict(json.load(open(sys.argv[1])))\n"
        "with local_engine(spec, 2) as engine:\n"
        "    engine.run([Trial(str(i), 0, (), epochs=500) for i in range(2)], print)\n"
    )
    described = tmp_path / "spec.json"
    described.write_text(json.dumps(spec.to_dict()))
    study = subprocess.Popen([sys.executable, "-c", code, str(described)])
    deadline = time.monotonic() + 60
    workers: list[int] = []
    while len(workers) < 2 and time.monotonic() < deadline:
        time.sleep(0.5)
        workers = children(study.pid)
    time.sleep(6)
    study.kill()
    study.wait()
    deadline = time.monotonic() + 30
    while any(alive(pid) for pid in workers) and time.monotonic() < deadline:
        time.sleep(0.2)
    assert len(workers) == 2
    assert not any(alive(pid) for pid in workers)


def children(pid: int) -> list[int]:
    answer = subprocess.run(["ps", "-o", "pid=", "--ppid", str(pid)], capture_output=True, text=True, check=False)
    return [int(line) for line in answer.stdout.split()]


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


@pytest.mark.extras
def test_the_engine_of_a_cluster_gives_the_same_numbers_even_where_a_worker_is_killed(
    spec: ExperimentSpec, undisturbed: dict[str, Outcome]
) -> None:
    pytest.importorskip("ray", reason="Ray is not installed (pip install 'convwise[ray]')")
    # In a process of its own: Ray changes what a later test in this one would find.
    code = """
import json, os, signal, subprocess, sys, threading, time
from convwise.study.ray_engine import ray_engine
from convwise.study.trials import ExperimentSpec, Trial

described = json.load(open(sys.argv[1]))
found, killed, notes = {}, [], []

def kill():
    deadline = time.monotonic() + 60
    while not killed and time.monotonic() < deadline:
        time.sleep(1.0)
        lines = subprocess.run(["ps", "-eo", "pid=,args="], capture_output=True, text=True).stdout.splitlines()
        for line in lines:
            if line.split(maxsplit=1)[1].startswith("ray::_Worker.carry_out"):
                os.kill(int(line.split()[0]), signal.SIGKILL)
                killed.append(line)
                return

threading.Thread(target=kill).start()
with ray_engine(ExperimentSpec.from_dict(described["spec"]), 2, None, notes.append) as engine:
    engine.run([Trial.from_dict(t) for t in described["trials"]], lambda o: found.__setitem__(o.key, o.to_dict()))
print(json.dumps({"found": found, "killed": len(killed), "notes": notes}))
"""
    answer = subprocess.run(
        [sys.executable, "-c", code, "/dev/stdin"],
        input=json.dumps({"spec": spec.to_dict(), "trials": [trial.to_dict() for trial in TRIALS]}),
        capture_output=True,
        text=True,
        env={**os.environ, "RAY_USAGE_STATS_ENABLED": "0"},
        timeout=300,
        check=False,
    )
    assert answer.returncode == 0, answer.stderr[-3000:]
    values = json.loads(answer.stdout.splitlines()[-1])
    assert values["killed"] == 1
    assert values["notes"] == ["Ray: 1 machine, 2 cores; 2 trainings at a time"]
    assert {key: numbers(Outcome.from_dict(outcome)) for key, outcome in values["found"].items()} == {
        key: numbers(outcome) for key, outcome in undisturbed.items()
    }
