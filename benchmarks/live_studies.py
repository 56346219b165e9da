"""Live: studies by convwise and searches by Optuna with as many whole trainings each, and whose network is better.

`live_studies.py study --seed 0 --trainings 90 --out PLACE/study-0` is `convwise study` itself; `live_studies.py optuna`
lets TPE choose among the same values, each trial a whole training of the next fold with a fresh seed, judged by that
fold's accuracy; its network is that of the best trial, as its users take it. `live_studies.py judge PLACE/*` trains
each of these networks and the unchanged one in fresh blocks. Searches and judging go on where they stopped; a study
goes on by `convwise study --resume`. What an hour of two idle cores holds is two hours over the seconds of a training,
which each line shows.
"""

from __future__ import annotations

import argparse
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from machine import machine
from stored_blocks import mean_interval
from trial_bench import trial_runner

from convwise.commands.study import study
from convwise.conv2d import NetworkSettings
from convwise.study.engine import Engine, local_engine
from convwise.study.factors import factors_of
from convwise.study.folder import StudyFolder
from convwise.study.trial_runner import TrialRunner
from convwise.study.trials import Outcome, Trial, unpacked

FRESH = 30_000  # blocks from here on are of no study


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("study", "optuna", "judge"))
    parser.add_argument("places", nargs="*", type=Path, help="of judge: the folders of studies and searches")
    parser.add_argument("--data", default="caltech101-4")
    parser.add_argument("--size", type=int, default=48)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--trainings", type=int, default=90)
    parser.add_argument("--blocks", type=int, default=12, help="of judge")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    print(machine(), flush=True)
    {"study": studied, "optuna": searched, "judge": judged}[options.what](options)


def studied(options: argparse.Namespace) -> None:
    """A study of so many trainings."""
    result = study(
        options.data,
        size=options.size,
        runs=options.trainings,
        workers=options.workers,
        seed=options.seed,
        out=options.out,
    )
    for verdict in result.verdicts:
        print(f"{verdict.parameter}: {verdict.kind}")
    print(f"{result.trainings} trainings, {result.seconds:.0f} s; recommended: {named(result.settings)}")


def searched(options: argparse.Namespace) -> None:
    """Optuna's TPE over the values that a study may try, a trial for each worker at a time."""
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)
    runner = trial_runner(options.data, size=options.size)
    choices = values_of(runner)
    with journal(options.out / "trials.jsonl", runner, options.workers) as carried_out:
        sampler = optuna.samplers.TPESampler(seed=options.seed, multivariate=True, constant_liar=True)
        search = optuna.create_study(direction="maximize", sampler=sampler)
        for first in range(0, options.trainings, options.workers):
            numbers = range(first, min(first + options.workers, options.trainings))
            asked = [search.ask() for _ in numbers]
            settings = []
            for trial in asked:
                chosen = {name: trial.suggest_categorical(name, list(texts)) for name, texts in choices.items()}
                settings.append(tuple(text for name, value in chosen.items() for text in choices[name][value]))
            block = FRESH * (options.seed + 2)  # of no study, and of none of the judge's
            trials = [Trial(f"{i}", block + i, texts) for i, texts in zip(numbers, settings, strict=True)]
            rows = carried_out(trials)
            for trial, each in zip(asked, rows, strict=True):
                failed = each["accuracy"] is None
                state = optuna.trial.TrialState.FAIL if failed else optuna.trial.TrialState.COMPLETE
                search.tell(trial, None if failed else each["accuracy"], state=state)
    best = tuple(text for name, value in search.best_params.items() for text in choices[name][value])
    (options.out / "best.json").write_text(json.dumps({"settings": best, "accuracy": search.best_value}) + "\n")
    print(f"{options.trainings} trainings; best: {search.best_value:.2f} % by {named(best)}")


def judged(options: argparse.Namespace) -> None:
    """Each place's network against the unchanged one, in fresh blocks that all share."""
    networks = {str(place): settings_of(place) for place in options.places}
    runner = trial_runner(options.data, size=options.size)
    differences: dict[str, list[float]] = {str(place): [] for place in options.places}
    with journal(options.out / "judged.jsonl", runner, options.workers) as carried_out:
        for block in range(options.blocks):
            distinct = dict.fromkeys([(), *networks.values()])
            trials = [Trial(f"{block} {named(texts)}", FRESH + block, texts) for texts in distinct]
            found = dict(zip(distinct, carried_out(trials), strict=True))
            for name in differences:
                differences[name].append(found[networks[name]]["accuracy"] - found[()]["accuracy"])
    for name, values in differences.items():
        print(f"{name}: {interval(values)} points in {len(values)} fresh blocks; {named(networks[name])}")


def settings_of(place: Path) -> tuple[str, ...]:
    """What a study recommends, or a search found best."""
    if (place / "best.json").exists():
        return tuple(json.loads((place / "best.json").read_text())["settings"])
    return StudyFolder(place).result.settings


def values_of(runner: TrialRunner) -> dict[str, dict[str, tuple[str, ...]]]:
    """For each parameter that a study would vary: its values, each with its texts of `--set`; the own one has none."""
    factors, _ = factors_of(
        runner.spec.net,
        shape=runner.spec.recipe.shape,
        n_classes=len(runner.index.class_names),
        settings=NetworkSettings(),
        recipe=runner.spec.recipe,
    )
    return {
        factor.parameter: {"own": (), **{level.value: level.settings for level in factor.levels.values()}}
        for factor in factors
    }


@contextmanager
def journal(file: Path, runner: TrialRunner, n_workers: int) -> Iterator[Any]:
    """A function that carries out trials, or takes what the file has of them: a row each, in their order."""
    file.parent.mkdir(parents=True, exist_ok=True)
    rows = [json.loads(line) for line in file.read_text().splitlines()] if file.exists() else []
    known = {(row["key"], tuple(row["settings"])): row for row in rows}

    def carried_out(trials: Sequence[Trial], engine: Engine) -> list[dict[str, Any]]:
        by_key = {trial.key: trial for trial in trials}

        def done(outcome: Outcome) -> None:
            trial = by_key[outcome.key]
            row = {"key": trial.key, "settings": trial.settings, "accuracy": accuracy(runner, trial, outcome)}
            row |= {"seconds": outcome.seconds, "reason": outcome.reason}
            known[trial.key, trial.settings] = row
            with file.open("a") as written:
                written.write(json.dumps(row) + "\n")
            print(f"{trial.key}: {row['accuracy']} % in {outcome.seconds:.0f} s", flush=True)

        engine.run([trial for trial in trials if (trial.key, trial.settings) not in known], done)
        return [known[trial.key, trial.settings] for trial in trials]

    with local_engine(runner.spec, n_workers) as engine:
        yield lambda trials: carried_out(trials, engine)


def accuracy(runner: TrialRunner, trial: Trial, outcome: Outcome) -> float | None:
    """Percent of the fold's images; None of a trial that failed."""
    if outcome.status != "done":
        return None
    members = runner.fold(trial.block).validation
    answers = unpacked(outcome.answers, len(members), len(runner.index.class_names))
    return round(100 * float((answers.argmax(axis=1) == runner.index.labels[members]).mean()), 4)


def interval(values: Sequence[float]) -> str:
    """The mean with its 95 % interval (Student's t)."""
    if len(values) < 2:
        return f"{np.mean(values):+.2f}"
    mean, low, high = mean_interval(values)
    return f"{mean:+.2f} ({low:+.2f} to {high:+.2f})"


def named(settings: Sequence[str]) -> str:
    """Texts of `--set`, or that there are none."""
    return " ".join(settings) or "the unchanged network"


if __name__ == "__main__":
    main()
