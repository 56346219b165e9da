"""The simulation's verdicts, many at once, are those that a study gives."""

from __future__ import annotations

import argparse
import importlib.util
from pathlib import Path

import numpy as np
import pytest

from convwise.errors import ConvwiseError
from convwise.study.effects import analyse
from convwise.study.verdicts import Costs, decide, in_doubt_of_interactions

SCRIPT = Path(__file__).parents[2] / "benchmarks" / "study_simulation.py"


@pytest.mark.parametrize(("replicates", "failed"), [(1, 0.0), (1, 0.05), (2, 0.0), (2, 0.05), (2, 0.45)])
def test_simulated_verdicts_are_those_of_a_study(replicates: int, failed: float) -> None:
    spec = importlib.util.spec_from_file_location("study_simulation", SCRIPT)
    assert spec
    assert spec.loader
    simulation = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(simulation)
    options = argparse.Namespace(studies=12, tails="normal", interactions=6, failed=failed)
    truth = np.linspace(-2, 2, 16)
    given = simulation.responses(options, np.random.default_rng(3), replicates, 0.8, truth)
    found = simulation.judged(simulation.DESIGN, given, truth)
    for responses in given[~found["able"]]:
        with pytest.raises(ConvwiseError, match="cannot estimate"):
            analyse(simulation.DESIGN, responses)
    kinds, n_aliased = set(), 0
    for i, responses in enumerate(given[found["able"]]):
        analysis = analyse(simulation.DESIGN, responses)
        for k, effect in enumerate(analysis.effects):
            verdict = decide(
                effect,
                own="own",
                alternative="other",
                costs=Costs(seconds=0.5),
                smallest_effect=simulation.SMALLEST,
                n_trials=analysis.n_trials,
            )
            verdict = in_doubt_of_interactions(verdict, analysis.interaction, simulation.SMALLEST)
            kinds.add(verdict.kind)
            assert found["aliased"][i, k] == verdict.aliased
            n_aliased += verdict.aliased
            simulated = {"set it": "set", "undecided": "undecided", "free choice": "free", "keep it": "kept"}
            assert found[simulated[verdict.kind]][i, k], (i, k, verdict)
            assert found["free"][i, k] == (verdict.kind == "free choice")
            assert found["covered"][i, k] == (effect.low <= truth[k] <= effect.high)
        joint = all(e.joint_low <= t <= e.joint_high for e, t in zip(analysis.effects, truth, strict=True))
        assert found["joint"][i] == joint
    assert len(kinds) >= 3
    assert n_aliased or replicates == 1 or failed > 0.4
