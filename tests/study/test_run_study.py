"""Whole studies with an engine that follows a formula: what is said, resumed, refused, and kept."""

from __future__ import annotations

import dataclasses
import re
import sys
from pathlib import Path
from typing import Any

import pytest

from convwise.errors import ConvwiseError, RequestError
from convwise.names import counted
from convwise.report.study_words import reach_lines
from convwise.study.budget import Pace, minutes_that_do
from convwise.study.factors import Settled
from convwise.study.folder import StudyFolder
from convwise.study.plan import Plan, plan_of, planned, replanned
from convwise.study.request import Request, StudyHooks
from convwise.study.result import StudyResult
from convwise.study.run_study import run_study
from tests.study.simulated import Formula, factor, request, runner

GAINS = {"conv.kernel_size=5": 4.0, "conv.padding=valid": -5.0, "conv.kernel_size=7": 6.0}
FACTORS = (factor("kernel_size"), factor("padding"), factor("groups"))


@pytest.fixture(autouse=True)
def _any_combination_stands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.modules["convwise.study.run_study"], "_stands", lambda *of: True)


def studied(place: Path, asked: Request, engine: Formula | None = None, **kw: Any) -> StudyResult:
    of = runner()
    engine = engine or Formula(of, GAINS, **kw)
    folder = StudyFolder.open(place) if place.exists() else StudyFolder.create(place, asked.to_dict())
    plan = planned(asked, of, engine) if folder.plan is None else replanned(asked, of, folder.plan)
    folder.write_plan(dataclasses.asdict(plan))
    return run_study(folder, asked, of, plan, engine, StudyHooks())


def test_each_parameter_gets_its_verdict_and_the_sentence_speaks_of_one_value(tmp_path: Path) -> None:
    asked = request(*FACTORS, settled=[Settled("use_bias", "false", "a rule")])
    result = studied(tmp_path / "study", asked)
    kinds = {verdict.parameter: (verdict.kind, verdict.value, verdict.reason.kind) for verdict in result.verdicts}
    assert kinds == {
        "kernel_size": ("set it", "5", "confirmed"),
        "padding": ("keep it", "own", "loses"),
        "groups": ("free choice", "own", "equal"),
        "use_bias": ("settled by rule", "false", "rule"),
    }
    set_it = result.of("kernel_size")
    assert set_it.tried is not None
    assert set_it.tried.effect is not None
    assert set_it.tried.value == set_it.value
    assert set_it.tried.effect.low > 0
    confirmed = result.confirmations[0].arms[0].effect
    assert set_it.tried.effect == confirmed  # that of the fresh blocks, not of the search
    assert result.recommended_settings == ("conv.kernel_size=5",)
    assert result.test is not None
    assert result.test.recommended - result.test.unchanged == pytest.approx(4, abs=1.5)
    assert StudyFolder.open(tmp_path / "study").result == result


def test_what_was_judged_twice_says_how_sure_it_is_for_other_images(tmp_path: Path) -> None:
    result = studied(tmp_path / "study", request(*FACTORS))
    few, many = result.of("padding").tried, result.of("kernel_size").tried
    assert few is not None
    assert many is not None
    assert few.effect is not None
    assert few.effect.blocks == 3  # each image judged once
    assert few.other_images is None
    assert many.effect is not None
    assert many.other_images is not None
    assert many.other_images.estimate == many.effect.estimate
    # The formula draws anew in each block which images are hard: none has an effect of its own.
    assert many.other_images.high == pytest.approx(many.effect.high, abs=0.1)
    assert any("for other images like these the intervals are 1.0" in line for line in reach_lines(result))


def test_the_test_images_are_looked_at_by_confirming_trainings_alone(tmp_path: Path) -> None:
    of = runner()
    engine = Formula(of, GAINS)
    studied(tmp_path / "study", request(*FACTORS), engine)
    on_test = [trial for trial in engine.trials if trial.on_test]
    assert on_test
    searched = {trial.block for trial in engine.trials if not trial.on_test}
    assert not searched & {trial.block for trial in on_test}
    nothing = Formula(of, dict.fromkeys(("conv.kernel_size=5", "conv.padding=valid", "conv.groups=2"), -4.0))
    result = studied(tmp_path / "null", request(*FACTORS), nothing)
    assert not any(trial.on_test for trial in nothing.trials)
    assert result.test is None


@pytest.mark.parametrize("after", [1, 7, 20])
def test_a_study_that_was_stopped_ends_as_one_that_was_not(tmp_path: Path, after: int) -> None:
    asked = request(*FACTORS)
    whole = studied(tmp_path / "whole", asked)
    with pytest.raises(KeyboardInterrupt):
        studied(tmp_path / "stopped", asked, interrupt_after=4 + after)  # four time a few steps
    again = Formula(runner(), GAINS)
    resumed = studied(tmp_path / "stopped", asked, again)
    assert dataclasses.replace(resumed, seconds=0) == dataclasses.replace(whole, seconds=0)
    assert resumed.seconds == pytest.approx(whole.seconds, abs=2)  # what lies before the stop counts too
    assert whole.seconds > 7 * whole.trainings / 2
    assert len(again.trials) == whole.trainings - after


def test_more_time_goes_on_with_the_same_trainings(tmp_path: Path) -> None:
    few = request(*FACTORS, runs=15)
    first = studied(tmp_path / "study", few)
    folder = StudyFolder.open(tmp_path / "study")
    more = request(*FACTORS, runs=200)
    folder.ask_anew(more.to_dict())
    engine = Formula(runner(), GAINS)
    second = studied(tmp_path / "study", more, engine)
    assert second.blocks > first.blocks
    assert len(engine.trials) == second.trainings - first.trainings
    assert dataclasses.replace(studied(tmp_path / "at once", more), seconds=0) == dataclasses.replace(second, seconds=0)


def test_too_little_time_for_whole_trainings_is_a_quick_look_without_verdicts(tmp_path: Path) -> None:
    asked = request(*FACTORS, runs=None, minutes=0.4)
    result = studied(tmp_path / "study", asked)
    assert result.quick
    assert result.epochs < 18
    assert {verdict.kind for verdict in result.verdicts} == {"undecided"}
    assert result.minutes_needed is not None
    assert f"fit into {counted(minutes_that_do(result.minutes_needed), 'minute')} (" in result.sentence
    assert result.recommended == ()
    assert result.of("kernel_size").tried.effect.estimate == pytest.approx(4, abs=1)  # type: ignore[union-attr]


def test_a_gain_of_short_trainings_that_whole_ones_do_not_show_is_early_only(tmp_path: Path) -> None:
    quick = request(*FACTORS, runs=None, minutes=0.4)
    studied(tmp_path / "study", quick)
    more = request(*FACTORS, runs=None, minutes=60)
    StudyFolder.open(tmp_path / "study").ask_anew(more.to_dict())
    result = studied(tmp_path / "study", more, Formula(runner(), {}))
    assert (result.of("kernel_size").kind, result.of("kernel_size").value) == ("early only", "own")
    assert result.of("groups").kind == "free choice"


def test_too_small_a_budget_is_refused_with_the_one_that_would_do() -> None:
    of = runner()
    with pytest.raises(
        RequestError, match=r"minutes=0.01: too few even for a quick look .* give \d+ for that, \d+ for"
    ):
        planned(request(*FACTORS, runs=None, minutes=0.01), of, Formula(of, {}))
    with pytest.raises(RequestError, match="runs=11: too few for any verdict on 3 parameters; give at least 12"):
        planned(request(*FACTORS, runs=11), of, Formula(of, {}))


@pytest.mark.parametrize("start", [2.0, 7.5, 9.0, 31.0, 100.0])
def test_the_minutes_that_are_advised_would_do(start: float) -> None:
    def plan(minutes: float) -> Plan:
        return plan_of(request(*FACTORS, runs=None, minutes=minutes), runner(), Pace(start, 0.001), before=3.0)

    with pytest.raises(RequestError) as caught:
        plan(0.01)
    advised = re.search(r"give (\d+) for that, (\d+) for verdicts", str(caught.value))
    assert advised
    plan(int(advised[1]))
    assert plan(int(advised[2])).epochs is None


def test_a_failing_value_is_blamed_by_itself_with_its_reason(tmp_path: Path) -> None:
    result = studied(tmp_path / "study", request(*FACTORS), dies={"conv.padding=valid": "the map vanishes"})
    verdict = result.of("padding")
    assert (verdict.kind, verdict.value, verdict.reason.text) == ("keep it", "own", "the map vanishes")
    assert result.of("kernel_size").kind == "set it"
    assert {reason for _, reason in result.failures} == {"the map vanishes"}


def test_a_confirmation_that_fails_loses_nothing_else(tmp_path: Path) -> None:
    of = runner()

    class Late(Formula):
        def outcome(self, trial: Any) -> Any:
            if trial.on_test and trial.settings:
                return super().outcome(dataclasses.replace(trial, settings=("dies",)))
            return super().outcome(trial)

    result = studied(tmp_path / "study", request(*FACTORS), Late(of, GAINS, dies={"dies": "out of memory"}))
    assert result.recommended == ()
    assert result.of("kernel_size").kind == "undecided"
    assert result.of("padding").kind == "keep it"


def test_an_unchanged_network_that_cannot_be_trained_ends_the_study(tmp_path: Path) -> None:
    of = runner()

    class Never(Formula):
        def outcome(self, trial: Any) -> Any:
            return super().outcome(dataclasses.replace(trial, settings=("dies",)))

    with pytest.raises(ConvwiseError, match="the unchanged network cannot be trained: out of memory"):
        studied(tmp_path / "study", request(*FACTORS), Never(of, {}, dies={"dies": "out of memory"}))


def test_further_values_are_tried_where_the_first_gains(tmp_path: Path) -> None:
    result = studied(tmp_path / "study", request(factor("kernel_size", further=["7"]), *FACTORS[1:], runs=400))
    verdict = result.of("kernel_size")
    assert (verdict.kind, verdict.value) == ("set it", "7")
    assert {level.value for level in verdict.levels} == {"5"}


def test_a_value_that_costs_less_and_loses_nothing_is_taken(tmp_path: Path) -> None:
    result = studied(tmp_path / "study", request(factor("groups", weights=0.5), factor("strides")))
    assert (result.of("groups").kind, result.of("groups").value) == ("free choice", "2")
    assert result.of("strides").value == "own"
    assert result.recommended == ()  # only what was confirmed


def test_a_further_value_takes_the_place_of_the_one_that_was_adopted(tmp_path: Path) -> None:
    of = runner()
    engine = Formula(of, GAINS)
    studied(tmp_path / "study", request(factor("kernel_size", further=["7"]), *FACTORS[1:], runs=400), engine)
    with_further = [trial.settings for trial in engine.trials if "conv.kernel_size=7" in trial.settings]
    assert with_further
    assert all("conv.kernel_size=5" not in settings for settings in with_further)


def test_a_time_is_told_where_the_blocks_agree_on_it(tmp_path: Path) -> None:
    result = studied(tmp_path / "study", request(*FACTORS))
    times = {verdict.parameter: verdict.tried.costs.seconds for verdict in result.verdicts if verdict.tried}
    assert times["padding"] == pytest.approx(2, rel=0.15)
    assert times["groups"] == 1.0


def test_the_trainings_of_a_block_run_in_an_order_of_their_own(tmp_path: Path) -> None:
    engine = Formula(runner(), {})
    studied(tmp_path / "study", request(*FACTORS), engine)
    orders = [[t.settings for t in engine.trials if t.block == block and t.epochs is None] for block in range(3)]
    assert all(sorted(order) == sorted(orders[0]) for order in orders)
    assert orders[0] != orders[1] or orders[1] != orders[2]
