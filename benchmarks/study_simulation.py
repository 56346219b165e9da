"""How often is a study wrong? Simulated studies with known effects: false verdicts, coverage, power, undecided ones."""

import argparse
import itertools

import numpy as np
from scipy import stats

from convwise.study.design import smallest_design
from convwise.study.effects import maximum_modulus
from convwise.study.verdicts import WRONG

SMALLEST = 1.0  # points
TITLE = "runs noise  any false set it  wrong keep or free  coverage  joint  found 3 points  undecided of 16"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=10_000)
    parser.add_argument("--noise", type=float, nargs="+", default=[0.5, 1.0, 1.5, 2.0])
    parser.add_argument("--replicates", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--tails", choices=("normal", "t3", "mixture"), default="normal")
    parser.add_argument("--interactions", type=int, default=0, help="how many two-factor interactions of 1 point each")
    options = parser.parse_args()
    print(f"{options.studies} studies a line, 16 factors, {options.tails} noise, {options.interactions} interactions")
    print(TITLE)
    for replicates, noise in itertools.product(options.replicates, options.noise):
        none = simulate(options, replicates, noise, np.zeros(16))
        edge = simulate(options, replicates, noise, np.where(np.arange(16) < 8, SMALLEST, 0.0))
        planted = simulate(options, replicates, noise, np.where(np.arange(16) == 0, 3.0, 0.0))
        wrong = (edge["kept"][:, :8]).mean()  # an effect as large as the smallest of interest is denied
        print(
            f"{32 * replicates:4d} {noise:5.1f}  {100 * none['set'].any(axis=1).mean():13.2f} %"
            f"  {100 * wrong:16.2f} %  {100 * none['covered'].mean():6.2f} %  {100 * none['joint'].mean():4.1f} %"
            f"  {100 * planted['set'][:, 0].mean():12.1f} %  {none['undecided'].sum(axis=1).mean():12.2f}",
            flush=True,
        )


def simulate(options: argparse.Namespace, replicates: int, noise: float, truth: np.ndarray) -> dict[str, np.ndarray]:
    """Verdicts of many studies at once, by the same rules as `convwise.study.verdicts.decide`."""
    random = np.random.default_rng([replicates, int(1000 * noise), int(1000 * truth.sum())])
    design = smallest_design(tuple(f"f{i:02}" for i in range(16)))
    signs = design.signs.astype(float)
    chains = design.chains() if replicates > 1 else ()
    place = {factor: i for i, factor in enumerate(design.factors)}
    products = [signs[:, place[chain[0][0]]] * signs[:, place[chain[0][1]]] for chain in chains]
    columns = np.column_stack([signs, *products])
    expected = signs @ (truth / 2)
    for _ in range(options.interactions):
        i, j = random.choice(16, 2, replace=False)
        expected = expected + 0.5 * signs[:, i] * signs[:, j]
    shape = (options.studies, replicates, design.n_runs)
    responses = expected + noise * draw(options.tails, random, shape)
    responses = responses - responses.mean(axis=2, keepdims=True)  # replicates are blocks
    estimates = 2 * np.einsum("srn,nk->sk", responses, columns) / (replicates * design.n_runs)
    fitted = np.einsum("sk,nk->sn", estimates / 2, columns)
    df = replicates * design.n_runs - replicates - columns.shape[1]
    squares = ((responses - fitted[:, None, :]) ** 2).sum(axis=(1, 2)) / df
    error = 2 * np.sqrt(squares / (replicates * design.n_runs))[:, None]
    mains = estimates[:, :16]
    alone, one_sided = stats.t.ppf(0.975, df), stats.t.ppf(1 - WRONG, df)
    joint = maximum_modulus(16, df)
    is_set = (mains - joint * error > 0) & (mains >= SMALLEST)
    kept = ~is_set & (mains + one_sided * error < SMALLEST)
    return {
        "set": is_set,
        "kept": kept,
        "undecided": ~is_set & ~kept,
        "covered": abs(mains - truth) <= alone * error,
        "joint": (abs(mains - truth) <= joint * error).all(axis=1),
    }


def draw(tails: str, random: np.random.Generator, shape: tuple[int, ...]) -> np.ndarray:
    """Noise of variance 1."""
    if tails == "t3":
        return random.standard_t(3, shape) / np.sqrt(3)
    if tails == "mixture":  # one trial in twenty is five times as noisy
        wide = np.where(random.random(shape) < 0.05, 5.0, 1.0)
        return random.normal(size=shape) * wide / np.sqrt(0.95 + 0.05 * 25)
    return random.normal(size=shape)


if __name__ == "__main__":
    main()
