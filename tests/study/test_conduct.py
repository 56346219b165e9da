"""A whole study on an engine that follows a formula: verdicts, race, confirmation, failures, stop and resume."""

from __future__ import annotations

import dataclasses
import itertools
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from convwise.conv2d import PARAMETERS
from convwise.errors import ConvwiseError
from convwise.study.conduct import conduct
from convwise.study.design import smallest_design
from convwise.study.factors import Level, Settled
from convwise.study.folder import StudyFolder
from convwise.study.plan import Plan
from convwise.study.request import Request, StudyHooks
from convwise.study.stages import screen
from tests.study.simulated import Formula, factor, request


def place(tmp_path: Path, asked: Request, name: str = "study") -> StudyFolder:
    path = tmp_path / name
    path.mkdir()
    (path / "study.json").write_text(json.dumps(asked.to_dict()))
    return StudyFolder.open(path)


def kinds(result: dict[str, Any]) -> dict[str, str]:
    return {verdict["parameter"]: verdict["verdict"] for verdict in result["verdicts"]}


def test_a_request_comes_back_from_json_as_it_was() -> None:
    asked = request(filters=("x2",))
    assert Request.from_dict(json.loads(json.dumps(asked.to_dict()))) == asked


def test_what_matters_is_set_what_is_cheaper_is_taken_and_it_is_confirmed(tmp_path: Path) -> None:
    asked = request()
    engine = Formula({"filters=other": 4.0, "strides=other": -5.0}, noise=0.7)
    result = conduct(place(tmp_path, asked), asked, engine, StudyHooks())
    found = kinds(result)
    assert len(found) == 16
    assert found["filters"] == "set it"
    assert found["strides"] == "keep it"
    assert found["padding"] == "free choice"  # no difference, and cheaper
    assert found["data_format"] == "settled by rule"
    assert list(found.values()).count("keep it") == 13
    on_log_loss = {verdict["parameter"]: verdict["log_loss"]["estimate"] for verdict in result["verdicts"]}
    assert on_log_loss["filters"] == pytest.approx(-0.08, abs=0.02)
    assert on_log_loss["strides"] == pytest.approx(0.1, abs=0.02)
    assert result["recommended"] == {"filters": "other", "padding": "other"}
    assert result["recommended_settings"] == ["filters=other", "padding=other"]
    confirmation = result["confirmation"]
    assert confirmation["confirmed"]
    assert confirmation["validation"]["low"] > 0
    assert confirmation["test"]["low"] < 4.0 < confirmation["test"]["high"]
    assert result["trials"] == 64 + 10 == len(engine.asked)


def test_a_gain_that_the_full_training_does_not_confirm_is_not_recommended(tmp_path: Path) -> None:
    asked = request(("filters", "padding", "groups"), runs=32)

    class Fading(Formula):
        def outcome(self, trial: Any) -> Any:
            gains = self.gains if trial.epochs < 18 else {}
            return Formula(gains, self.noise).outcome(trial)

    result = conduct(place(tmp_path, asked), asked, Fading({"filters=other": 4.0}), StudyHooks())
    assert kinds(result)["filters"] == "set it"
    assert result["proposed"]["filters"] == "other"
    assert not result["confirmation"]["confirmed"]
    assert result["recommended"] == {}


def test_further_levels_are_raced_and_the_better_one_taken(tmp_path: Path) -> None:
    asked = request(("filters", "groups", "activation"), runs=32, filters=("x2", "x0.5"))
    engine = Formula({"filters=other": 4.0, "filters=x2": 9.0, "filters=x0.5": -3.0}, noise=0.5)
    result = conduct(place(tmp_path, asked), asked, engine, StudyHooks())
    assert {row["value"]: row["taken"] for row in result["race"]} == {"x2": True, "x0.5": False}
    assert result["recommended"]["filters"] == "x2"
    dropped = sum(key.startswith("race/") and "filters=x0.5" in key for key in engine.asked)
    assert dropped == 3  # surely worse after three rounds


def timed(folder: StudyFolder, asked: Request, seconds: float, replicates: int) -> StudyFolder:
    """The folder with a plan for so many seconds."""
    folder.write_plan(Plan(replicates, 6, 18, asked.n_workers, "", seconds, own_seconds=2.2).to_dict())
    return folder


@pytest.mark.parametrize(
    ("seconds", "rounds", "taken"),
    [
        # The screen takes 16 seconds, a round 2.5 with the dear level and 1 without, the confirmation 24.5 or 11.
        (53.1, (5, 5), "x2"),
        (52.9, (1, 5), "x0.5"),
        (33.6, (1, 5), "x0.5"),
        (33.4, (1, 1), None),
        (27.1, (1, 1), None),
        (26.9, (0, 0), None),
    ],
)
def test_the_race_leaves_the_dearest_out_where_the_time_does_not_reach(
    tmp_path: Path, seconds: float, rounds: tuple[int, int], taken: str | None
) -> None:
    asked = request(("filters", "groups", "activation"), runs=32, filters=("x2", "x0.5"))
    gains = {"filters=other": 4.0, "filters=x2": 12.0, "filters=x0.5": 9.0}
    engine = Formula(gains, noise=0.5, slower={"filters=x2": 3.5})
    result = conduct(timed(place(tmp_path, asked), asked, seconds, 4), asked, engine, StudyHooks())
    rows = {row["value"]: row for row in result["race"]}
    for value, n in zip(("x2", "x0.5"), rounds, strict=True):
        assert sum(key.startswith("race/") and f"filters={value}" in key for key in engine.asked) == n
        assert rows[value]["no_time"] == (n < 5)
    assert [value for value, row in rows.items() if row["taken"]] == ([taken] if taken else [])
    assert result["recommended"]["filters"] == (taken or "other")


def test_a_level_that_was_raced_to_the_end_is_not_dropped_for_time(tmp_path: Path) -> None:
    class Stutters(Formula):
        def outcome(self, trial: Any) -> Any:
            slower = {"filters=x2": 50.0} if trial.block == "race/4" else {}
            return Formula(self.gains, self.noise, slower=slower).outcome(trial)

    asked = request(("filters", "groups", "activation"), runs=32, filters=("x2",))
    engine = Stutters({"filters=other": 4.0, "filters=x2": 9.0}, noise=0.5)
    result = conduct(timed(place(tmp_path, asked), asked, 40, 4), asked, engine, StudyHooks())
    assert [(row["no_time"], row["taken"]) for row in result["race"]] == [(False, True)]


def test_an_alternative_with_fewer_weights_and_no_loss_is_taken(tmp_path: Path) -> None:
    asked = request(("filters", "groups", "activation"), runs=32)
    factors = tuple(dataclasses.replace(f, weights=0.6 if f.parameter == "groups" else 1.0) for f in asked.factors)
    asked = dataclasses.replace(asked, factors=factors)
    result = conduct(place(tmp_path, asked), asked, Formula({}, noise=0.3, slower={"filters=other": 2}), StudyHooks())
    costs = {verdict["parameter"]: verdict["costs"] for verdict in result["verdicts"]}
    assert costs["groups"]["weights"] == 0.6
    assert costs["filters"]["seconds"] == pytest.approx(2, abs=0.01)
    assert kinds(result) == {"filters": "keep it", "groups": "free choice", "activation": "keep it"}


def test_a_level_that_fails_in_a_race_by_the_clock_leaves_it(tmp_path: Path) -> None:
    asked = request(("filters", "groups", "activation"), runs=32, filters=("x2", "x0.5"))
    engine = Formula(
        {"filters=other": 4.0, "filters=x0.5": 9.0},
        noise=0.5,
        fails=lambda trial: "out of memory" if "filters=x2" in trial.settings else "",
    )
    result = conduct(timed(place(tmp_path, asked), asked, 60, 4), asked, engine, StudyHooks())
    assert [(row["difference"] is None, row["no_time"], row["taken"]) for row in result["race"]] == [
        (True, False, False),
        (False, False, True),
    ]
    assert sum(key.startswith("race/") and "filters=x2" in key for key in engine.asked) == 1


def test_a_study_by_the_clock_makes_its_plan_from_a_pilot(tmp_path: Path) -> None:
    asked = dataclasses.replace(request(filters=("x2",)), runs=None, minutes=2.0)
    engine = Formula({"filters=other": 4.0, "filters=x2": 9.0}, noise=0.7)
    result = conduct(place(tmp_path, asked), asked, engine, StudyHooks())
    pilot = [key for key in engine.asked if key.startswith("pilot/")]
    assert pilot[-2:] == ["pilot/own0", "pilot/own1"]
    assert len(pilot) > 2
    assert result["plan"]["seconds"] == pytest.approx(120, abs=1)
    assert result["plan"]["own_seconds"] == pytest.approx(0.4 + 18 * 0.1)
    assert result["seconds_of_trials"] <= 2 * 120
    assert result["recommended"]["filters"] == "x2"


@pytest.mark.parametrize(("seconds", "pairs"), [(None, 10), (1000, 10), (45, 5)])
def test_a_check_looks_twice_only_where_the_time_reaches(tmp_path: Path, seconds: float | None, pairs: int) -> None:
    asked = request()
    folder = place(tmp_path, asked)
    if seconds is not None:
        timed(folder, asked, seconds, 2)
    result = conduct(folder, asked, Reach({}, noise=3.0), StudyHooks())
    unclear = [row for row in result["checks"] if row["taken_back"] and not row["not_needed"]]
    assert max(row["difference"]["n"] for row in unclear) == pairs
    assert any(row["no_time"] for row in unclear) == (pairs == 5)
    whys = [verdict["why"] for verdict in result["verdicts"] if verdict["verdict"] == "undecided"]
    assert any("no time for more pairs" in why for why in whys) == (pairs == 5)


def test_a_trial_that_several_checks_share_takes_its_time_once(tmp_path: Path) -> None:
    asked = request()
    engine = Reach({}, noise=3.0)
    free = conduct(place(tmp_path, asked, "free"), asked, engine, StudyHooks())
    n_checks = sum(key.startswith("check/") for key in engine.asked)
    folder = timed(place(tmp_path, asked, "timed"), asked, (64 + n_checks) / 2 + 11, 2)
    result = conduct(folder, asked, Reach({}, noise=3.0), StudyHooks())
    assert len(free["checks"]) > 1
    assert result["checks"] == free["checks"]


def test_a_level_that_is_asked_for_twice_is_trained_once(tmp_path: Path) -> None:
    asked = request(("filters", "groups", "activation"), runs=32, filters=("x2", "x2"))
    engine = Formula({"filters=other": 4.0, "filters=x2": 9.0}, noise=0.5)
    result = conduct(place(tmp_path, asked), asked, engine, StudyHooks())
    assert result["recommended"]["filters"] == "x2"
    assert len(engine.asked) == len(set(engine.asked))


def test_where_the_alternative_loses_the_other_way_is_raced(tmp_path: Path) -> None:
    asked = request(("filters", "groups", "activation"), runs=32)
    factors = list(asked.factors)
    factors[0] = dataclasses.replace(factors[0], opposite=(Level("more", ("filters=more",)),))
    asked = dataclasses.replace(asked, factors=tuple(factors))
    engine = Formula({"filters=other": -4.0, "filters=more": 5.0}, noise=0.5)
    result = conduct(place(tmp_path, asked), asked, engine, StudyHooks())
    verdict = next(verdict for verdict in result["verdicts"] if verdict["parameter"] == "filters")
    assert (verdict["verdict"], verdict["value"]) == ("set it", "more")
    assert verdict["effect"]["high"] < 0  # of the alternative that was screened
    assert result["recommended"] == {"filters": "more"}


FAR, SPOILS = ("kernel_size=other", "dilation_rate=other"), "strides=other"


class Reach(Formula):
    """A larger window or dilation, either, finds what is far apart, unless strides throw it away."""

    def outcome(self, trial: Any) -> Any:
        found = any(text in trial.settings for text in FAR) and SPOILS not in trial.settings
        return Formula({text: 50.0 for text in trial.settings[:1] if found}, self.noise, seed=self.seed).outcome(trial)


def test_what_three_parameters_do_together_is_not_laid_at_the_door_of_a_fourth(tmp_path: Path) -> None:
    asked = request()
    result = conduct(place(tmp_path, asked), asked, Reach({}, noise=0.5), StudyHooks())
    verdicts = {verdict["parameter"]: verdict for verdict in result["verdicts"]}
    seeming = [name for name, v in verdicts.items() if v["aliased"] and v["effect"]["estimate"] > 10]
    assert len(seeming) == 3  # the two that find it, and one that only shares their column
    kept = [row["parameter"] for row in result["checks"] if not row["taken_back"]]
    assert len(kept) == 1
    assert set(kept) < {"kernel_size", "dilation_rate"}
    assert {name for name, v in verdicts.items() if v["verdict"] == "set it"} == set(kept)
    assert set(result["recommended"]) - {"padding"} == set(kept)  # padding is cheaper here
    assert verdicts["strides"]["verdict"] == "keep it"
    assert not verdicts["strides"]["aliased"]
    effects = [verdicts[row["parameter"]]["effect"]["estimate"] for row in result["checks"]]
    assert effects == sorted(effects)
    for row in result["checks"]:
        assert row["taken_back"] == (row["parameter"] not in kept)
        assert "without it, all else as proposed" in verdicts[row["parameter"]]["why"]
    sides = _checked(tmp_path)
    assert set(sides.values()) <= {5, 10}
    assert len(sides) == 1 + len(result["checks"])  # each beside what was left by the one before


@dataclasses.dataclass
class Faded(Reach):
    """In the check, what is far apart brings `left` points, and trials fail as `check_fails` says."""

    left: float = 0.0
    check_fails: Any = lambda trial: ""

    def outcome(self, trial: Any) -> Any:
        if not trial.key.startswith("check/"):
            return super().outcome(trial)
        gain = self.left * any(text in trial.settings for text in FAR)
        gains = dict.fromkeys(trial.settings[:1], gain)
        return Formula(gains, 1.0, fails=self.check_fails, seed=self.seed).outcome(trial)


def test_where_the_trials_of_a_check_fail_its_change_stays(tmp_path: Path) -> None:
    asked = request()
    engine = Faded({}, noise=0.5, check_fails=lambda trial: "killed" * (trial.key[6] not in "01"))
    result = conduct(place(tmp_path, asked), asked, engine, StudyHooks())
    assert result["checks"]
    for row in result["checks"]:
        assert (row["taken_back"], row["not_needed"], row["difference"]) == (False, False, None)
        verdict = next(v for v in result["verdicts"] if v["parameter"] == row["parameter"])
        assert verdict["verdict"] == "set it"
        assert verdict["why"].endswith("the trials of its check failed")


def test_a_change_that_is_neither_needed_nor_beyond_need_is_undecided(tmp_path: Path) -> None:
    asked = request()
    result = conduct(place(tmp_path, asked), asked, Faded({}, noise=0.5, left=0.6, seed=3), StudyHooks())
    unclear = [row for row in result["checks"] if row["taken_back"] and not row["not_needed"]]
    assert unclear
    for row in unclear:
        verdict = next(v for v in result["verdicts"] if v["parameter"] == row["parameter"])
        assert (verdict["verdict"], row["parameter"] in result["proposed"]) == ("undecided", False)
        assert row["difference"]["n"] == 10


def test_where_five_pairs_do_not_tell_five_more_do(tmp_path: Path) -> None:
    """What is needed by two errors of a pair."""
    asked = request()
    result = conduct(place(tmp_path, asked), asked, Faded({}, noise=0.5, left=2.0, seed=3), StudyHooks())
    sides = _checked(tmp_path)
    assert 10 in sides.values()
    kept = [row["parameter"] for row in result["checks"] if not row["taken_back"]]
    assert len(kept) == 1
    assert set(kept) < {"kernel_size", "dilation_rate"}


def test_what_did_nothing_beside_a_change_that_is_taken_back_is_proposed_and_checked(tmp_path: Path) -> None:
    """Strides share the column of three others; dilation, which they exclude, gains for itself."""
    names = ("kernel_size", "padding", "groups", "activation", "strides", "dilation_rate", "filters", "use_bias")
    design = smallest_design(names)
    column = design.signs[:, names.index("strides")]
    trio = next(
        trio
        for trio in itertools.combinations([n for n in names if n not in ("strides", "dilation_rate", "padding")], 3)
        if (design.signs[:, [names.index(n) for n in trio]].prod(axis=1) == column).all()
    )

    class Shared(Formula):
        def outcome(self, trial: Any) -> Any:
            changed = {text.partition("=")[0] for text in trial.settings}
            signs = {name: 1 if name in changed else -1 for name in names}
            spoilt = any(signs[name] > 0 for name in trio[:2]) and signs[trio[2]] < 0
            gain = 60.0 * spoilt + 8.0 * ("dilation_rate" in changed and "strides" not in changed)
            return Formula(dict.fromkeys(trial.settings[:1], gain), self.noise).outcome(trial)

    asked = request(names)
    factors = tuple(factor(f.parameter, "strides") if f.parameter == "dilation_rate" else f for f in asked.factors)
    asked = dataclasses.replace(asked, factors=factors)
    result = conduct(place(tmp_path, asked), asked, Shared({}, noise=0.3), StudyHooks())
    verdicts = {verdict["parameter"]: verdict for verdict in result["verdicts"]}
    checks = {row["parameter"]: row for row in result["checks"]}
    assert checks["strides"]["taken_back"]
    assert not checks["dilation_rate"]["taken_back"]
    assert verdicts["strides"]["verdict"] == "keep it"
    assert verdicts["dilation_rate"]["verdict"] == "set it"
    assert "dilation_rate" in result["recommended"]
    assert "strides" not in result["recommended"]


@pytest.mark.parametrize("own", [0.0, 8.0, 25.0])
def test_what_acts_in_half_of_the_trials_is_checked_against_interactions_of_two(tmp_path: Path, own: float) -> None:
    """Two parameters that together spoil what either gains share a chain with the bias and its regularizer.

    The one of two that is seen and one of three as large would make twice its size; what is larger is its own.
    """
    asked = request()
    factors = tuple(factor(f.parameter, "use_bias") if f.parameter == "bias_regularizer" else f for f in asked.factors)
    asked = dataclasses.replace(asked, factors=factors)
    chains = smallest_design(PARAMETERS).chains()
    chain = next(chain for chain in chains if ("use_bias", "bias_regularizer") in chain)
    pair = next(pair for pair in chain if not {"use_bias", "bias_regularizer"} & set(pair) and "padding" not in pair)

    class Together(Formula):
        def outcome(self, trial: Any) -> Any:
            changed = {text.partition("=")[0] for text in trial.settings}
            gain = 10.0 * (len(changed & set(pair)) == 1)
            gain += own * ("bias_regularizer" in changed and "use_bias" not in changed)
            return Formula(dict.fromkeys(trial.settings[:1], gain), self.noise).outcome(trial)

    result = conduct(place(tmp_path, asked), asked, Together({}, noise=0.3), StudyHooks())
    verdict = next(v for v in result["verdicts"] if v["parameter"] == "bias_regularizer")
    assert verdict["effect"]["estimate"] == pytest.approx(10 + own, abs=1.5)
    assert verdict["effect"]["joint_low"] > 1  # beyond doubt, it seems
    assert verdict["aliased"] == (own < 10)
    taken_back = [row["taken_back"] for row in result["checks"] if row["parameter"] == "bias_regularizer"]
    assert taken_back == ([own == 0] if own < 10 else [])
    assert verdict["verdict"] == ("set it" if own else "keep it")


def _checked(tmp_path: Path) -> Counter[str]:
    """How many trials each proposal had in the check."""
    keys = [trial["key"] for trial in _journal(tmp_path)]
    return Counter(key.split("/")[2] for key in keys if key.startswith("check/"))


def _journal(tmp_path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (tmp_path / "study" / "trials.jsonl").read_text().splitlines()]


def test_nothing_matters_and_nothing_is_spent_on_confirming_it(tmp_path: Path) -> None:
    asked = request(("filters", "groups", "activation", "data_format"), runs=64)
    result = conduct(place(tmp_path, asked), asked, Formula({}, noise=0.5), StudyHooks())
    assert result["confirmation"] is None
    assert result["recommended"] == {}
    assert result["placebo"]["low"] <= 0 <= result["placebo"]["high"]


def test_an_alternative_that_makes_trials_fail_is_kept_away(tmp_path: Path) -> None:
    asked = request()
    engine = Formula({"filters=other": 4.0}, fails=lambda trial: "diverged" * ("groups=other" in trial.settings))
    result = conduct(place(tmp_path, asked), asked, engine, StudyHooks())
    groups = next(verdict for verdict in result["verdicts"] if verdict["parameter"] == "groups")
    assert groups["verdict"] == "keep it"
    assert "32 of 32" in groups["why"]
    assert kinds(result)["filters"] == "set it"
    assert {row["reason"] for row in result["failures"]} == {"diverged"}


def test_a_few_failures_are_left_out_and_counted(tmp_path: Path) -> None:
    asked = request()
    unlucky = {"screen/0/03", "screen/0/21", "screen/1/08"}
    engine = Formula({"filters=other": 4.0}, fails=lambda trial: "killed" * (trial.key in unlucky))
    result = conduct(place(tmp_path, asked), asked, engine, StudyHooks())
    assert {row["key"] for row in result["failures"]} == unlucky
    assert kinds(result)["filters"] == "set it"


def test_where_all_trials_fail_the_study_says_so(tmp_path: Path) -> None:
    asked = request(("filters", "groups"), runs=16)
    with pytest.raises(ConvwiseError, match="finished trials cannot estimate"):
        conduct(place(tmp_path, asked), asked, Formula({}, fails=lambda trial: "no"), StudyHooks())


def test_rules_take_no_run(tmp_path: Path) -> None:
    rule = Settled("bias_regularizer", "none", "there is no bias")
    asked = request(("filters", "groups"), runs=16, settled=[rule])
    result = conduct(place(tmp_path, asked), asked, Formula({}), StudyHooks())
    assert kinds(result)["bias_regularizer"] == "settled by rule"


@pytest.mark.parametrize(
    ("formula", "stops"),
    [(Formula, [1]), (Formula, [5, 40, 3]), (Formula, [64, 1, 1, 1]), (Formula, [70]), (Reach, [66, 5, 1, 7])],
)
@pytest.mark.parametrize("seconds", [None, 47])
def test_a_study_that_was_stopped_ends_as_one_that_was_not(
    tmp_path: Path, formula: type[Formula], stops: list[int], seconds: float | None
) -> None:
    """Within the screen, the race, the confirmation; or within the check; with time for all of it or for some."""
    asked = request(filters=("x2", "x4"))
    gains = {"filters=other": 4.0, "filters=x2": 5.0, "filters=x4": 4.5}
    folders = [place(tmp_path, asked, name) for name in ("whole", "stopped")]
    if seconds is not None:
        folders = [timed(folder, asked, seconds, 2) for folder in folders]
    whole = conduct(folders[0], asked, formula(gains, late=0.5), StudyHooks())
    assert bool(whole["checks"]) == (formula is Reach)
    assert any(row["no_time"] for row in whole["race"]) == (seconds is not None and formula is Formula)
    folder = folders[1]
    asked_for: list[str] = []
    for stop in stops:
        engine = formula(gains, stop_after=stop, late=0.5)
        with pytest.raises(KeyboardInterrupt):
            conduct(folder, asked, engine, StudyHooks())
        asked_for += engine.asked
    engine = formula(gains, late=0.5)
    result = conduct(folder, asked, engine, StudyHooks())
    asked_for += engine.asked
    assert len(asked_for) == len(set(asked_for)) == whole["trials"]  # nothing twice, nothing lost
    for key in ("seconds", "seconds_of_trials", "study"):
        whole.pop(key), result.pop(key)
    assert result == whole


def test_verdicts_are_told_while_the_trials_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(screen, "_REST", 0)
    asked = request()
    told: list[int] = []
    stages: list[str] = []
    hooks = StudyHooks(
        known=lambda verdicts: told.append(len(verdicts)), trial=lambda stage, done, total: stages.append(stage)
    )
    conduct(place(tmp_path, asked), asked, Formula({"filters=other": 4.0}), hooks)
    assert len(told) > 2
    assert list(dict.fromkeys(stages)) == ["screen", "confirm"]  # nothing is in doubt, so there is no check


def test_a_factor_under_another_recommended_one_is_left(tmp_path: Path) -> None:
    from convwise.study.assessment import chosen_levels, left_out
    from convwise.study.effects import Effect
    from convwise.study.verdicts import Costs, Verdict

    factors = [factor("strides"), factor("dilation_rate", nested_in="strides"), factor("padding")]
    sure = Verdict("strides", "set it", "other", None, None, "gains")
    # Nothing is spent on the nested one, which saves most: 0.3 + 1.73 x 0.25 < 1, but 0.6 + 1.73 x 0.35 > 1.
    effect = Effect("any", -0.3, -9, 9, -9, 9, 64, 0.25, 46)
    nested = Verdict("dilation_rate", "free choice", "other", effect, Costs(seconds=0.5), "the same")
    padding = Verdict("padding", "free choice", "other", effect, Costs(seconds=0.9), "the same")
    verdicts = [sure, nested, padding]
    proposed = chosen_levels(factors, verdicts, 1.0)
    assert list(proposed) == ["strides", "padding"]
    told = [left_out(verdict, factors, proposed, 1.0).why for verdict in verdicts]
    assert told == ["gains", "the same; not proposed: with strides=other it has no effect", "the same"]


def test_free_choices_are_proposed_only_while_their_losses_together_stay_small() -> None:
    from convwise.study.assessment import chosen_levels, left_out
    from convwise.study.effects import Effect
    from convwise.study.verdicts import Costs, Verdict

    def free(name: str, estimate: float, seconds: float) -> Verdict:
        effect = Effect(name, estimate, -9, 9, -9, 9, 64, 0.25, 46)  # bounds are taken from the error
        return Verdict(name, "free choice", "other", effect, Costs(seconds=seconds), "the same")

    factors = [factor(name) for name in ("filters", "padding", "groups", "use_bias")]
    # Each loses less than a point beyond doubt (0.3 + 1.73 x 0.25 < 1); two lose 0.6 + 1.73 x 0.35 > 1.
    alike = [free(f.parameter, -0.3, 0.9 - i / 10) for i, f in enumerate(factors)]
    assert list(chosen_levels(factors, alike, 1.0)) == ["use_bias"]  # the one that saves most
    # A gain makes room for another loss.
    verdicts = [*alike[:3], free("use_bias", 0.3, 0.6)]
    assert list(chosen_levels(factors, verdicts, 1.0)) == ["groups", "use_bias"]
    proposed = chosen_levels(factors, verdicts, 1.0)
    told = [left_out(verdict, factors, proposed, 1.0).why for verdict in verdicts]
    assert ["not proposed" in why for why in told] == [True, True, False, False]
