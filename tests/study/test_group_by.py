"""A whole study with groups: in every trial each group is on one side."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import convwise.commands.study
import convwise.training.fit
from convwise.cli import main
from convwise.images.material import Material
from convwise.images.saved_split import SIDES
from convwise.study.trial_runner import TrialRunner
from convwise.study.trials import ExperimentSpec, Outcome, Trial

SMALL = ["--size", "16", "--recipe", "plain", "--epochs", "1", "--net", "simple", "--set", "net.width=2", "--quiet"]


@pytest.fixture
def patients(tmp_path: Path) -> Path:
    """Two classes of 12 patients each, with 2 to 4 pictures in a folder of their own."""
    random = np.random.default_rng(5)
    for label, name in enumerate(("ill", "well")):
        for patient in range(12):
            folder = tmp_path / "pictures" / name / f"patient{patient}"
            folder.mkdir(parents=True)
            for shot in range(2 + patient % 3):
                pixels = np.clip(random.normal(60 + 120 * label, 40, (20, 20, 3)), 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(folder / f"{shot}.png")
    return tmp_path / "pictures"


@pytest.fixture
def divisions(monkeypatch: pytest.MonkeyPatch) -> list[Material]:
    """What each trial is trained on, in order; trials are carried out here, as a worker does."""
    seen: list[Material] = []

    class Here:
        def __init__(self, spec: ExperimentSpec) -> None:
            self._runner = TrialRunner.open(ExperimentSpec.from_dict(json.loads(json.dumps(spec.to_dict()))))

        def run(self, trials: Sequence[Trial], done: Callable[[Outcome], None]) -> None:
            for trial in trials:
                done(self._runner.carry_out(trial))

    @contextmanager
    def engine(spec: ExperimentSpec, n_workers: int) -> Iterator[Here]:
        yield Here(spec)

    batches_of = convwise.training.fit.batches_of

    def noted(material: Material, *rest: Any) -> Any:
        seen.append(material)
        return batches_of(material, *rest)

    monkeypatch.setattr(convwise.commands.study, "local_engine", engine)
    monkeypatch.setattr(convwise.training.fit, "batches_of", noted)
    return seen


def torn(material: Material, group_of: Callable[[str], str]) -> list[str]:
    """The groups that are on more than one side."""
    sides: dict[str, set[str]] = defaultdict(set)
    for side in SIDES:
        for i in getattr(material.split, side):
            sides[group_of(material.index.paths[i])].add(side)
    return [group for group, where in sides.items() if len(where) > 1]


@pytest.mark.slow
@pytest.mark.parametrize("group_by", [None, "folder", r"(patient\d+)"])
def test_no_trial_tears_a_group_apart(
    group_by: str | None, patients: Path, divisions: list[Material], tmp_path: Path
) -> None:
    """By folder a patient's pictures of one class belong together, by the expression those of both classes."""

    def group_of(path: str) -> str:
        return path.split("/")[1] if group_by and group_by != "folder" else path.rpartition("/")[0]

    asked = [
        "study",
        str(patients),
        "--out",
        str(tmp_path / "study"),
        "--parameters",
        "padding",
        "--runs",
        "6",
        *SMALL,
    ]
    assert main([*asked, *(["--group-by", group_by] if group_by else [])]) == 0
    trials = [json.loads(line) for line in (tmp_path / "study" / "trials.jsonl").read_text().splitlines()]
    assert [trial for trial in trials if trial["status"] != "done"] == []
    divisions = divisions[-len(trials) :]  # before them, steps are timed
    assert len(divisions) == len(trials) == 6
    assert len({material.split.digest for material in divisions}) > 2, "other blocks are other folds"
    assert all(len(getattr(material.split, side)) for material in divisions for side in SIDES)
    n_torn = [len(torn(material, group_of)) for material in divisions]
    assert all(n_torn) if group_by is None else not any(n_torn)
