"""Which method finds the parameters that matter? convwise's study, Optuna's importances, one factor at a time.

All with the same number of trials on the same responses: simulated surfaces, or a table of trained networks (--table,
made by study_table.py) to which parameters without any effect are added. A parameter matters from 1.5 points on and is
idle up to 0.5; of those between, naming one or not is neither right nor wrong (an indifference zone: Bechhofer 1954);
--cut does without the zone: 1 point or more matters. Optuna has no rule for "matters": it is judged twice, by its best
threshold (the one that does best on these very surfaces, which no user can know) and by taking as many parameters as
there are true ones.
Needs: pip install optuna scikit-learn
"""

import argparse
import itertools
import json
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import optuna
from machine import machine
from scipy import stats

from convwise.study.design import smallest_design
from convwise.study.effects import analyse

SMALLEST = 1.0  # points


@dataclass(frozen=True)
class Truth:
    """Which parameters have to be named, and which must not be."""

    matters: set[int]
    idle: set[int]


Surface = Callable[[np.ndarray, np.random.Generator, int], float]  # levels 0/1, noise, block -> accuracy


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--surfaces", type=int, default=200)
    parser.add_argument("--runs", type=int, default=64)
    parser.add_argument("--noise", type=float, default=1.5)
    parser.add_argument("--interactions", type=int, default=0, help="of 1 point each, between parameters that matter")
    parser.add_argument("--table", type=Path, help="a file by study_table.py in place of simulated surfaces")
    parser.add_argument("--idle", type=int, default=9, help="parameters without effect beside those of the table")
    parser.add_argument("--cut", action="store_true", help="no indifference zone in the table")
    options = parser.parse_args()
    warnings.filterwarnings("ignore")
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    print(machine())
    random = np.random.default_rng(0)
    table = json.loads(options.table.read_text()) if options.table else None
    if table:
        print_hierarchy(table)
    scores: dict[str, list[tuple[Truth, np.ndarray | set[int]]]] = {}
    for number in range(options.surfaces):
        surface, truth, n = from_table(table, options, random) if table else simulated(options, random)
        noise = np.random.default_rng([1, number])
        for what, found in by_design(surface, n, options.runs, noise).items():
            scores.setdefault(f"convwise, {what}", []).append((truth, found))
        scores.setdefault("one at a time", []).append((truth, one_at_a_time(surface, n, options.runs, noise)))
        for sampler, importance in itertools.product(("random", "TPE"), ("PED-ANOVA", "fANOVA")):
            found = by_optuna(surface, n, options.runs, noise, sampler, importance, number)
            scores.setdefault(f"Optuna {importance}, {sampler}", []).append((truth, found))
    what = f"16 parameters, noise {options.noise:g} points"
    if table:
        what = f"table of {len(table['rows'])} networks and {options.idle} idle parameters"
    print(f"{options.surfaces} studies of {options.runs} trials; {what}; {options.interactions} interactions")
    print(f"{'method':40} {'set found exactly':>18} {'an idle one named':>18}")
    for method, rows in scores.items():
        if isinstance(rows[0][1], set):
            print_score(method, rows)
            continue
        best = max(np.linspace(0.005, 0.3, 60), key=lambda t: exactly([(truth, above(v, t)) for truth, v in rows]))
        print_score(f"{method}, best threshold", [(truth, above(v, best)) for truth, v in rows])
        known = [(truth, set(np.argsort(-v)[: len(truth.matters)].tolist())) for truth, v in rows]
        print_score(f"{method}, number known", known)


def print_hierarchy(table: dict) -> None:
    """How large effects and interactions are in the table, averaged over its seeds."""
    signs = 2 * np.array([row["levels"] for row in table["rows"]]) - 1
    means = np.array([row["accuracy"] for row in table["rows"]]).mean(axis=1)
    for n_together in (1, 2, 3):
        chosen = itertools.combinations(range(signs.shape[1]), n_together)
        sizes = [2 * abs(signs[:, each].prod(axis=1) @ means) / len(means) for each in chosen]
        print(f"{n_together} together: {max(sizes):.2f} points at most, {np.median(sizes):.2f} in the median")


def above(values: np.ndarray, threshold: float) -> set[int]:
    return set(np.flatnonzero(values >= threshold).tolist())


def exactly(rows: list[tuple[Truth, set[int]]]) -> float:
    return float(np.mean([truth.matters <= found and not truth.idle & found for truth, found in rows]))


def print_score(method: str, rows: list[tuple[Truth, set[int]]]) -> None:
    idle = np.mean([bool(truth.idle & found) for truth, found in rows])
    print(f"{method:40} {100 * exactly(rows):16.1f} % {100 * idle:16.1f} %", flush=True)


def simulated(options: argparse.Namespace, random: np.random.Generator) -> tuple[Surface, Truth, int]:
    """Four of sixteen parameters matter by 2 to 5 points, up or down; trials of one block share half of their noise."""
    n = 16
    truth = random.choice(n, 4, replace=False)
    gains = np.zeros(n)
    gains[truth] = random.uniform(2, 5, 4) * random.choice([-1, 1], 4)
    pairs = random.permutation(list(itertools.combinations(truth, 2)))[: options.interactions]
    shared = random.normal(0, options.noise, 1000)

    def surface(levels: np.ndarray, noise: np.random.Generator, block: int) -> float:
        value = 85 + gains @ (levels - 0.5) + shared[block] + noise.normal(0, options.noise)
        return float(value + sum(0.5 * (2 * levels[i] - 1) * (2 * levels[j] - 1) for i, j in pairs))

    matters = set(truth.tolist())
    return surface, Truth(matters, set(range(n)) - matters), n


def from_table(table: dict, options: argparse.Namespace, random: np.random.Generator) -> tuple[Surface, Truth, int]:
    """Trained networks: the accuracy of the cell asked for, with the block's seed; the truth is the table's own."""
    signs = np.array([row["levels"] for row in table["rows"]])
    accuracy = np.array([row["accuracy"] for row in table["rows"]])  # cells x seeds
    means = accuracy.mean(axis=1)
    own = [abs(means[column == 1].mean() - means[column == 0].mean()) for column in signs.T]
    effects = np.array(own + [0.0] * options.idle)
    n = len(effects)
    place = {tuple(row): i for i, row in enumerate(signs.tolist())}
    seeds = random.permutation(accuracy.shape[1])
    asked = random.permutation(n)  # where each parameter stands: another part of the table is looked at

    def surface(levels: np.ndarray, noise: np.random.Generator, block: int) -> float:
        cell = tuple(levels[asked[: len(own)]].tolist())
        return float(accuracy[place[cell], seeds[block % len(seeds)]])

    low, high = (SMALLEST, SMALLEST) if options.cut else (0.5 * SMALLEST, 1.5 * SMALLEST)
    matters = set(asked[effects >= high].tolist())
    return surface, Truth(matters, set(asked[effects < low].tolist()) - matters), n


def by_design(surface: Surface, n: int, runs: int, noise: np.random.Generator) -> dict[str, set[int]]:
    """The study: beyond doubt (joint interval) and at least the smallest effect, up or down.

    Once as its intervals name them, once without those that it marks as possible interactions of three others.
    """
    design = smallest_design(tuple(f"f{i:02}" for i in range(n)))
    replicates = runs // design.n_runs
    levels = (design.signs + 1) // 2
    responses = np.array([[surface(row, noise, r) for row in levels] for r in range(replicates)])
    analysis = analyse(design, responses)
    named = {
        i: abs(effect.estimate)
        for i, effect in enumerate(analysis.effects)
        if (effect.joint_low > 0 or effect.joint_high < 0) and abs(effect.estimate) >= SMALLEST
    }
    return {
        "all beyond doubt": set(named),
        "unmarked ones": {i for i, size in named.items() if size > analysis.interaction},
    }


def one_at_a_time(surface: Surface, n: int, runs: int, noise: np.random.Generator) -> set[int]:
    """The start and each single change, as often as the runs allow; paired t tests, all considered (Bonferroni)."""
    repeats = runs // (n + 1)
    own = np.array([surface(np.zeros(n, int), noise, r) for r in range(repeats)])
    found = set()
    for i in range(n):
        gains = np.array([surface(np.eye(n, dtype=int)[i], noise, r) for r in range(repeats)]) - own
        p = stats.ttest_1samp(gains, 0).pvalue if repeats > 1 else 0.0
        if abs(gains.mean()) >= SMALLEST and p < 0.05 / n:
            found.add(i)
    return found


def by_optuna(
    surface: Surface, n: int, runs: int, noise: np.random.Generator, sampler: str, importance: str, seed: int
) -> np.ndarray:
    """The importances of an Optuna study of the same number of trials."""
    kinds = {"random": optuna.samplers.RandomSampler, "TPE": optuna.samplers.TPESampler}
    study = optuna.create_study(direction="maximize", sampler=kinds[sampler](seed=seed))
    names = [f"f{i:02}" for i in range(n)]

    def objective(trial: optuna.Trial) -> float:
        levels = np.array([trial.suggest_categorical(name, [0, 1]) for name in names])
        return surface(levels, noise, 0)  # one seed for all trials: the common practice

    study.optimize(objective, n_trials=runs)
    if importance == "fANOVA":
        evaluator = optuna.importance.FanovaImportanceEvaluator(seed=seed)
    else:
        evaluator = optuna.importance.PedAnovaImportanceEvaluator()
    found = optuna.importance.get_param_importances(study, evaluator=evaluator)
    return np.array([found.get(name, 0.0) for name in names])


if __name__ == "__main__":
    main()
