"""The local engine, with workers that only seem to be processes."""

from __future__ import annotations

import time
from typing import Any

import pytest

from convwise.study import engine
from convwise.study.engine import TRIES, LocalEngine
from convwise.study.trials import Outcome, Trial
from tests.study.simulated import SPEC


class Dying:
    """A worker whose process dies under every trial, after a while."""

    n_trials = 0

    def __init__(self, *of: Any) -> None:
        del of

    def carry_out(self, trial: Trial) -> None:
        del trial
        time.sleep(0.02)

    def death(self) -> str:
        return "its process ended with exit code 1"

    def end(self) -> None:
        pass


def test_a_trial_whose_worker_always_dies_fails_with_the_time_it_took(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "_Worker", Dying)
    found: list[Outcome] = []
    LocalEngine(SPEC, 1).run([Trial("a", 0, ())], found.append)
    assert [(outcome.status, outcome.reason) for outcome in found] == [
        ("failed", f"its process ended with exit code 1, {TRIES} times")
    ]
    assert found[0].seconds >= TRIES * 0.02
