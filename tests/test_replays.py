"""Replays of stored whole trainings and the noise that is fitted to them, on small stores with planted effects."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from convwise.study.estimates import Reading
from convwise.study.state import AGAIN, Round

BENCHMARKS = Path(__file__).parents[1] / "benchmarks"
N_JUDGED, N_CLASSES = 300, 3
# Added to the margin of the true class, by change; the unchanged network has a margin of 1.
PLANTED = {"gains": 0.7, "loses": -0.7, "idle": 0.0, "nothing": 0.0}


@pytest.fixture(scope="module", autouse=True)
def _benchmarks_can_be_imported() -> Iterator[None]:
    sys.path.insert(0, str(BENCHMARKS))
    yield
    sys.path.remove(str(BENCHMARKS))


def _answers(labels: np.ndarray, chosen: list[str], random: np.random.Generator) -> np.ndarray:
    logits = random.normal(size=(len(labels), N_CLASSES))
    logits[np.arange(len(labels)), labels] += 1 + sum(PLANTED[name] for name in chosen)
    exp = np.exp(2 * logits)
    return (exp / exp.sum(axis=1, keepdims=True)).astype(np.float16)


def _meta(name: str, random: np.random.Generator) -> dict[str, Any]:
    seconds = (60.0 if "gains" in name else 30.0) + random.normal()
    return {"name": name, "seconds": 4 * seconds, "cpu_seconds": seconds, "machine": "a machine"}


def _stored(folder: Path, *, n_blocks: int = 8, n_trials: int = 64) -> Path:
    """As `whole_trainings.py` lays it out."""
    folder.mkdir()
    random = np.random.default_rng(0)
    labels = random.integers(N_CLASSES, size=2 * N_JUDGED)
    for number in range(n_blocks):
        members = np.sort(random.permutation(len(labels))[:N_JUDGED])
        names = ["unchanged", *PLANTED, "unchanged again"]
        arrays: dict[str, Any] = {
            f"judged-{i}": _answers(labels[members], [name] if name in PLANTED else [], random)
            for i, name in enumerate(names)
        }
        meta = np.array(json.dumps([_meta(name, random) for name in names]))
        np.savez(folder / f"block-{number:02}.npz", labels=labels, members=members, meta=meta, **arrays)
    for number in range(n_trials // 8):
        arrays, metas = {"labels": labels}, []
        for i in range(8):
            members = random.permutation(len(labels))[:N_JUDGED]
            chosen = [name for name in PLANTED if random.random() < 0.5]
            arrays |= {f"members-{i}": members, f"judged-{i}": _answers(labels[members], chosen, random)}
            metas.append(_meta(f"{8 * number + i:02} {' '.join(chosen)}", random))
        np.savez(folder / f"combinations-{number}.npz", meta=np.array(json.dumps(metas)), **arrays)
    return folder


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _stored(tmp_path_factory.mktemp("truth") / "easy")


@pytest.fixture(scope="module")
def store(folder: Path) -> Any:
    import stored_blocks

    return stored_blocks.opened(folder)


def test_a_store_is_read_as_counts_of_right_answers(folder: Path, store: Any) -> None:
    for number, block in enumerate(store.blocks):
        with np.load(folder / f"block-{number:02}.npz") as arrays:
            names = [meta["name"] for meta in json.loads(str(arrays["meta"]))]
            labels = arrays["labels"][arrays["members"]]
            right = {name: 100 * (arrays[f"judged-{i}"].argmax(1) == labels).mean() for i, name in enumerate(names)}
        assert block.values == pytest.approx(right)
        both = (right["unchanged"] + right["unchanged again"]) / 2
        assert block.both["gains"].difference == pytest.approx(right["gains"] - both)
        assert block.alone["gains"].difference == pytest.approx(right["gains"] - right["unchanged"])
        assert block.control.difference == pytest.approx(right["unchanged again"] - right["unchanged"])
    assert store.names == tuple(PLANTED)
    assert store.ratio("gains") == pytest.approx(2, rel=0.1)  # the processor's seconds, not those on the clock
    assert len(store.trials) == 64
    assert {len(trial.chosen) for trial in store.trials} == {0, 1, 2, 3, 4}


def test_times_of_several_trainings_are_not_taken_for_those_of_one(folder: Path, tmp_path: Path) -> None:
    """The seconds of a process that go on counting from training to training."""
    import stored_blocks

    for number in range(3):
        with np.load(folder / f"block-{number:02}.npz") as arrays:
            kept = dict(arrays)
        if number:
            metas = json.loads(str(kept["meta"]))
            kept["meta"] = np.array(json.dumps([{**meta, "cpu_seconds": 1000 * number} for meta in metas]))
        np.savez(tmp_path / f"block-{number:02}.npz", **kept)
    store = stored_blocks.opened(tmp_path)
    assert len(store.blocks) == 3
    assert store.seconds["unchanged"] == pytest.approx(30, abs=5)
    (tmp_path / "block-00.npz").unlink()
    with pytest.raises(SystemExit, match="2 blocks; replays need 3"):
        stored_blocks.opened(tmp_path)


@pytest.mark.parametrize("name", ["this method", "by accuracy alone"])
def test_a_replayed_study_finds_what_was_planted_and_sets_nothing_else(store: Any, name: str) -> None:
    import replays

    marks = replays.marks(store, (name, 60, 3.0), 20, 1)
    assert (marks.n, marks.effects) == (20, 40)
    assert marks.found >= 36
    assert marks.false_set == marks.losing_set == marks.wrong == 0
    assert marks.error / marks.estimated < 2
    assert marks.trainings < 20 * 60 * 60 * 2 / 30


def test_a_replayed_study_without_effects_sets_nothing(store: Any) -> None:
    """Nor does one in which what was planted is hidden behind the second unchanged training."""
    from dataclasses import replace

    import replays

    null = replace(
        store, blocks=tuple(replace(each, both=_idle(each.both), alone=_idle(each.alone)) for each in store.blocks)
    )
    marks = replays.marks(null, ("this method", 60, 3.0), 20, 1)
    assert marks.effects == marks.false_set == 0


def test_the_finer_ruler_can_be_left_out(store: Any) -> None:
    """Accuracy alone settles less."""
    import replays

    plain, finer = (replays.marks(store, (name, 15, 2.0), 20, 1) for name in ("by accuracy alone", "this method"))
    assert plain.undecided > finer.undecided
    bare = store.without_scores().blocks[0]
    readings = [*bare.both.values(), *bare.alone.values(), bare.control]
    assert np.isnan([each.score for each in readings]).all()


def _idle(readings: dict[str, Reading]) -> dict[str, Reading]:
    return {name: readings["idle" if name == "gains" else "nothing"] for name in PLANTED}


def test_changes_together_have_their_effects_added(store: Any) -> None:
    import replays
    from stored_blocks import Truth

    truth = Truth.of(store)
    replay = replays.Replay(store, truth, np.random.default_rng(0), 60)
    asked = Round(0, "confirm", (), (("gains",), ("idle",), ("gains", "idle")))
    seen = [replay.ask(asked).readings["gains", "idle"].difference for _ in range(400)]
    assert np.mean(seen) == pytest.approx(truth.means["gains"] + truth.means["idle"], abs=0.7)
    own = [replay.ask(Round(0, "search", (), (AGAIN, ("gains",)))).readings["gains",] for _ in range(30)]
    alone = [replay.ask(Round(0, "search", (), (("gains",),))).readings["gains",].difference for _ in range(400)]
    assert np.mean(alone) == pytest.approx(truth.means["gains"], abs=0.7)
    assert {each.difference for each in own} <= {block.both["gains"].difference for block in store.blocks}


def test_a_budget_of_minutes_is_kept(store: Any) -> None:
    import replays

    for minutes in (15, 60):
        marks = replays.marks(store, ("by accuracy alone", minutes, 0.01), 5, 0)  # nothing can be settled
        possible = minutes * 60 * replays.CORES / 30  # of which those of "gains" take twice as long
        assert possible / 2 < marks.trainings / 5 <= possible


def test_least_squares_finds_effects_exactly_where_there_is_no_noise() -> None:
    from random_trials import least_squares
    from stored_blocks import StoredTrial

    random = np.random.default_rng(0)
    true = {"a": 2.0, "b": -1.5, "c": 0.0}
    trials = []
    for _ in range(20):
        chosen = frozenset(name for name in true if random.random() < 0.5)
        trials.append(StoredTrial(chosen, 80 + sum(true[name] for name in chosen) + 1e-9 * random.normal(), 30))
    answers = least_squares(trials, tuple(true), 1.0, random)
    assert {name: answer.estimate for name, answer in answers.items()} == pytest.approx(true, abs=1e-6)
    assert [answer.kind for answer in answers.values()] == ["set it", "keep it", "free choice"]
    assert {answer.kind for answer in least_squares(trials[:3], tuple(true), 1.0, random).values()} == {"undecided"}


def test_joint_intervals_of_random_trials_hold_together() -> None:
    """All of twelve in 95 % of noise, as Bonferroni promises; a single interval's quantile would hold in 54 %."""
    from random_trials import least_squares
    from stored_blocks import StoredTrial

    random, names, held = np.random.default_rng(1), tuple("abcdefghijkl"), 0
    for _ in range(300):
        rows = random.random((40, 12)) < 0.5
        trials = [
            StoredTrial(frozenset(n for n, on in zip(names, row, strict=True) if on), random.normal(), 30)
            for row in rows
        ]
        answers = least_squares(trials, names, 0.1, random).values()
        held += all(low <= 0 <= high for low, high in (answer.interval for answer in answers if answer.interval))
    assert held / 300 == pytest.approx(0.95, abs=0.04)


@pytest.mark.parametrize("trials", ["stored", "drawn"])
def test_least_squares_on_trials_finds_what_was_planted(store: Any, trials: str) -> None:
    import replays

    marks = replays.marks(store, (f"{trials} trials, least squares", 15, 3.0), 20, 1)
    assert marks.n == 20
    assert marks.found >= 30
    assert marks.false_set <= 1
    assert marks.trainings / 20 == pytest.approx(15 * 60 * 2 / 45, abs=5)


def test_more_minutes_than_there_are_stored_trials_are_left_to_drawn_ones(store: Any) -> None:
    import replays

    assert replays.marks(store, ("stored trials, least squares", 60, 3.0), 5, 1).n == 0
    assert replays.marks(store, ("drawn trials, least squares", 60, 3.0), 5, 1).n == 5


@pytest.mark.parametrize("evaluator", ["fANOVA", "PED-ANOVA"])
def test_importances_name_what_was_planted(store: Any, evaluator: str) -> None:
    pytest.importorskip("optuna")
    import replays

    marks = replays.marks(store, (f"stored trials, {evaluator}", 15, 3.0), 8, 1)
    assert marks.n >= 2
    assert marks.found >= (0.8 if evaluator == "fANOVA" else 0.3) * marks.effects
    assert marks.undecided == 0


def test_a_verdict_is_wrong_only_where_the_interval_of_the_truth_excludes_it() -> None:
    from answers import Answer, Marks
    from stored_blocks import Truth

    intervals = {"gain": (2.0, 4.0), "loss": (-4.0, -2.0), "small": (0.1, 0.5), "unknown": (-0.5, 3.0)}
    truth = Truth({name: sum(ends) / 2 for name, ends in intervals.items()}, intervals)

    def marked(**kinds: str) -> Marks:
        return Marks.of({name: Answer(kind) for name, kind in kinds.items()}, truth, 1.0, 10)

    assert marked(gain="set it", unknown="set it").false_set == 0
    assert (marked(small="set it").false_set, marked(small="set it").losing_set) == (1, 0)
    assert (marked(loss="set it").false_set, marked(loss="set it").losing_set) == (1, 1)
    assert marked(small="set it", loss="set it").false_set == 1  # of studies, not of verdicts
    assert marked(gain="keep it").wrong == marked(gain="free choice").wrong == marked(loss="free choice").wrong == 1
    assert marked(loss="keep it", small="free choice", unknown="free choice").wrong == 0
    said = {"gain": Answer("set it", 2.5), "loss": Answer("keep it", -4.0, (-5.0, -3.5), loses=True)}
    marks = Marks.of(said, truth, 1.0, 10)
    assert (marks.effects, marks.found, marks.undecided, marks.error) == (2, 2, 0, 1.5)
    assert (marks.held, marks.shown) == (1, 1)  # 1.25 apart, and the square root of 0.75 squared and 1 is 1.25
    far = Marks.of({"loss": Answer("keep it", -4.3, (-5.05, -3.55))}, truth, 1.0, 10)
    assert (far.held, far.shown) == (0, 1)
    assert marked(gain="undecided", loss="keep it").found == 0
    total = marks + marked(gain="undecided")
    assert total.rates()["effects found, %"] == 50
    assert total.rates()["undecided"] == 0.5


def test_the_noise_of_a_simulated_store_is_found_again() -> None:
    """Blocks drawn from a world: its parameters come out of them."""
    from noise_of_truth import fitted_world
    from simulated_study import World

    names = [f"c{i}" for i in range(12)]
    effects = dict(zip(names, (4.0, -4.0, -3.0, 2.0, *[0.0] * 8), strict=True))
    world = World(
        effects,
        sd=2.0,
        judged=1000,
        seconds=40,
        score_sd=0.9,
        slope=-27,
        spread=0.0,
        by_seed=1.0,
        noisier={"c11": 3.0},
        correlation=0.5,
    )
    found = fitted_world(_simulated(world, 300))
    assert found.effects == pytest.approx(effects, abs=0.5)
    assert found.sd == pytest.approx(2.0, rel=0.12)
    assert found.by_seed == pytest.approx(1.0, abs=0.3)
    assert found.noisier["c11"] == pytest.approx(3.0, rel=0.15)
    assert all(0.7 < found.noisier[name] < 1.3 for name in names[:11])
    assert found.slope == pytest.approx(-27, rel=0.1)
    assert found.score_sd == pytest.approx(0.9, rel=0.2)
    assert found.spread == pytest.approx(0.2)  # the usual one at least
    assert found.correlation == pytest.approx(0.5, abs=0.12)
    assert (found.judged, found.seconds) == (1000, 40)
    assert set(fitted_world(_simulated(world, 3), effects=False).effects.values()) == {0.0}


def _simulated(world: Any, n: int) -> Any:
    from simulated_study import Laboratory
    from stored_blocks import Store, StoredBlock

    laboratory = Laboratory(world, np.random.default_rng(5), 60)
    blocks = []
    for number in range(n):
        arms = (AGAIN, *((name,) for name in world.effects))
        readings = laboratory.ask(Round(number, "search", (), arms)).readings
        both = {name: readings[name,] for name in world.effects}
        blocks.append(StoredBlock({}, both, both, readings[AGAIN], world.judged, {}))
    return Store(tuple(blocks), (), dict.fromkeys(("unchanged", *world.effects), world.seconds))


def test_one_table_holds_every_method(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import replays

    def printed(store: Path) -> str:
        few = ["--replays", "4", "--stores", "3", "--minutes", "15", "--smallest-effect", "3", "--workers", "1"]
        monkeypatch.setattr(sys, "argv", ["replays.py", "easy", "--store", str(store), *few])
        replays.main()
        return capsys.readouterr().out

    monkeypatch.setattr(replays, "evaluators", dict)
    text = printed(folder.parent)
    assert "8 blocks and 64 random combinations" in text
    assert "Effects of 3 or more that the store knows: gains 1, losses 1; 2 of 4 changes" in text
    assert "as if effects added up" in text
    for name in replays.methods():
        assert f"| {name} | 15 | 3 |" in text
    widths = {line.count("|") for line in text.splitlines() if " | 15 | " in line or line.startswith("| method")}
    assert len(widths) == 1
    _stored(tmp_path / "easy", n_blocks=3, n_trials=0)
    text = printed(tmp_path)
    assert "3 blocks and 0 random combinations" in text
    assert "| this method | 15 | 3 |" in text
    assert "least squares |" not in text


def test_the_noise_is_printed_as_a_world(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import noise_of_truth

    monkeypatch.setattr(sys, "argv", ["noise_of_truth.py", "easy", "--store", str(folder.parent)])
    noise_of_truth.main()
    text = capsys.readouterr().out
    assert "World({}, sd=" in text
    assert f"judged={N_JUDGED}" in text
    assert all(f"| {name} |" in text for name in PLANTED)
    assert "8 blocks, with the score: " in text


def test_intervals_with_a_score_are_narrower(folder: Path) -> None:
    from noise_of_truth import gain_of_score
    from stored_blocks import opened

    store = opened(folder)
    assert gain_of_score(store.without_scores(), 4, draws=2) == (1, 1)
    assert gain_of_score(store, 4, draws=10)[1] < 1


def test_the_simulation_takes_its_fitted_lines_from_a_store(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import study_simulation

    monkeypatch.setattr(study_simulation, "STORE", folder.parent)
    lines = {name: world for name, world, _, _ in study_simulation.fitted_lines("easy")}
    own = ["fitted-easy, no effects", "fitted-easy, its effects"]
    assert list(lines) == own + [
        f"fitted-easy, twelve, {what}" for what in ("no effects", "+3 and no others", "a mixture")
    ]
    assert lines["fitted-easy, its effects"].effects["gains"] > 5
    assert all(len(lines[name].effects) == 12 for name in lines if name not in own)
    assert study_simulation.fitted_lines("hard") == []
