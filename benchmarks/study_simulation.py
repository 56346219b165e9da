"""How often is a study wrong? Simulated studies with known effects: false verdicts, coverage, power, undecided ones."""

import argparse
import itertools

import numpy as np
from scipy import stats

from convwise.study.design import Design, smallest_design
from convwise.study.effects import maximum_modulus
from convwise.study.paired import without_it
from convwise.study.plan import LOOKS
from convwise.study.verdicts import WRONG

SMALLEST = 1.0  # points
DESIGN = smallest_design(tuple(f"f{i:02}" for i in range(16)))
TITLE = "runs noise  any false set it  wrong keep or free  coverage  joint  found 3 points  undecided of 16"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=10_000)
    parser.add_argument("--noise", type=float, nargs="+", default=[0.5, 1.0, 1.5, 2.0])
    parser.add_argument("--replicates", type=int, nargs="+", default=[1, 2, 4])
    parser.add_argument("--tails", choices=("normal", "t3", "mixture"), default="normal")
    parser.add_argument("--interactions", type=int, default=0, help="how many two-factor interactions of 1 point each")
    what = "only this: either of two changes gains so much, unless a third spoils it; is one of the others set?"
    parser.add_argument("--spoiled", type=float, nargs="+", help=what)
    what = "only this: a proposed change that is worth so many points is taken back; what does the study make of it?"
    parser.add_argument("--checks", type=float, nargs="+", help=what)
    parser.add_argument("--failed", type=float, default=0.0, help="the share of trials that fail, at random")
    options = parser.parse_args()
    print(
        f"{options.studies} studies a line, 16 factors, {options.tails} noise, {options.interactions} interactions, "
        f"{options.failed:.0%} of the trials fail"
    )
    if options.checks:
        checks(options)
        return
    if options.spoiled:
        spoiled(options)
        return
    print(TITLE)
    for replicates, noise in itertools.product(options.replicates, options.noise):
        none = simulate(options, replicates, noise, np.zeros(16))
        edge = simulate(options, replicates, noise, np.where(np.arange(16) < 8, SMALLEST, 0.0))
        lost = simulate(options, replicates, noise, np.where(np.arange(16) < 8, -SMALLEST, 0.0))
        planted = simulate(options, replicates, noise, np.where(np.arange(16) == 0, 3.0, 0.0))
        # A gain as large as the smallest of interest is denied, or such a loss called free: the worse of the two.
        wrong = max(edge["kept"][:, :8].mean(), lost["free"][:, :8].mean())
        print(
            f"{32 * replicates:4d} {noise:5.1f}  {100 * none['set'].any(axis=1).mean():13.2f} %"
            f"  {100 * wrong:16.2f} %  {100 * none['covered'].mean():6.2f} %  {100 * none['joint'].mean():4.1f} %"
            f"  {100 * planted['set'][:, 0].mean():12.1f} %  {none['undecided'].sum(axis=1).mean():12.2f}",
            flush=True,
        )


def spoiled(options: argparse.Namespace) -> None:
    """An interaction of three in each study, among parameters of its own."""
    print("runs noise  gain  an idle one set  set and not marked  one of the two set")
    for replicates, noise, gain in itertools.product(options.replicates, options.noise, options.spoiled):
        random = np.random.default_rng([replicates, int(1000 * noise), int(1000 * gain)])
        given = responses(options, random, replicates, noise, np.zeros(16))
        trio = random.permuted(np.tile(np.arange(16), (options.studies, 1)), axis=1)[:, :3]
        high = (DESIGN.signs.T > 0)[trio]  # (studies, 3, runs)
        given += gain * ((high[:, 0] | high[:, 1]) & ~high[:, 2])[:, None, :]
        found = judged(DESIGN, given, np.zeros(16))
        idle = np.ones((options.studies, 16), bool)
        np.put_along_axis(idle, trio, False, axis=1)
        either = np.take_along_axis(found["set"], trio[:, :2], axis=1).any(axis=1)
        print(
            f"{32 * replicates:4d} {noise:5.1f} {gain:5.1f}  {100 * (found['set'] & idle).any(axis=1).mean():13.2f} %"
            f"  {100 * (found['set'] & idle & ~found['aliased']).any(axis=1).mean():16.2f} %"
            f"  {100 * either.mean():16.2f} %",
            flush=True,
        )


def checks(options: argparse.Namespace) -> None:
    """Pairs of trials with the change and without, as many as a study carries out."""
    print("noise  worth  it stays  goes, undecided  goes, not needed  pairs")
    for noise, worth in itertools.product(options.noise, options.checks):
        random = np.random.default_rng([int(1000 * noise), int(1000 * worth)])
        both = noise * draw(options.tails, random, (2, options.studies, LOOKS[-1]))
        told, pairs = [], []
        for losses in both[1] - both[0] - worth:
            for n_pairs in LOOKS:
                answer = without_it(losses[:n_pairs], SMALLEST, len(LOOKS))
                if answer:
                    break
            told.append(answer)
            pairs.append(n_pairs)
        shares = [100 * np.mean([each == answer for each in told]) for answer in ("needed", "", "not needed")]
        told_in = f"{shares[0]:6.1f} %  {shares[1]:13.1f} %  {shares[2]:14.1f} %"
        print(f"{noise:5.1f} {worth:6.1f}  {told_in}  {np.mean(pairs):5.1f}")


def simulate(options: argparse.Namespace, replicates: int, noise: float, truth: np.ndarray) -> dict[str, np.ndarray]:
    """Verdicts of many studies at once."""
    random = np.random.default_rng([replicates, int(1000 * noise), *(truth + 100).astype(int)])
    return judged(DESIGN, responses(options, random, replicates, noise, truth), truth)


def responses(
    options: argparse.Namespace, random: np.random.Generator, replicates: int, noise: float, truth: np.ndarray
) -> np.ndarray:
    """What the trials of `options.studies` studies give, in points: (studies, replicates, runs), NaN where one failed.

    Each replicate has a level of its own; each study has its own pairs that interact, half of them to the worse.
    """
    signs = DESIGN.signs.astype(float)
    shape = (options.studies, replicates, DESIGN.n_runs)
    given = signs @ (truth / 2) + noise * draw(options.tails, random, shape) + random.normal(size=(*shape[:2], 1))
    pairs = np.array(list(itertools.combinations(range(16), 2)))
    for _ in range(options.interactions):
        chosen = pairs[random.integers(len(pairs), size=options.studies)]
        product = signs[:, chosen[:, 0]] * signs[:, chosen[:, 1]] * random.choice([-0.5, 0.5], options.studies)
        given += product.T[:, None, :]
    given[random.random(shape) < options.failed] = np.nan
    return given


def judged(design: Design, given: np.ndarray, truth: np.ndarray) -> dict[str, np.ndarray]:
    """The rules of `convwise.study`'s effects and verdicts, for many studies at once; a test compares the two."""
    n_studies, n_replicates, n_runs = given.shape
    n_factors = len(design.factors)
    signs = design.signs.astype(float)
    place = {factor: i for i, factor in enumerate(design.factors)}
    products = [signs[:, place[chain[0][0]]] * signs[:, place[chain[0][1]]] for chain in design.chains()]
    blocks = np.repeat(np.eye(n_replicates), n_runs, axis=0)
    flat = given.reshape(n_studies, -1)
    there = np.isfinite(flat)
    flat = np.where(there, flat, 0.0)
    mains, error, df = np.empty((n_studies, n_factors)), np.empty((n_studies, n_factors)), np.zeros(n_studies, int)
    seen = np.zeros(n_studies)
    for fitted in (products if n_replicates > 1 else [], []):  # where too many trials failed, without interactions
        columns = np.tile(np.column_stack([signs, *fitted]), (n_replicates, 1))
        matrix = np.column_stack([columns, blocks])
        n_terms = matrix.shape[1]
        pairs = (matrix[:, :, None] * matrix[:, None, :]).reshape(len(matrix), -1)
        grams = (there.astype(float) @ pairs).reshape(n_studies, n_terms, n_terms)
        now = (df == 0) & (there.sum(axis=1) > n_terms)
        now[now] = np.linalg.matrix_rank(grams[now], hermitian=True) == n_terms
        inverse = np.linalg.inv(grams[now])
        coefficients = np.einsum("skl,sl->sk", inverse, flat[now] @ matrix)
        df[now] = there[now].sum(axis=1) - n_terms
        rest = np.where(there[now], flat[now] - coefficients @ matrix.T, 0.0)
        deviation = np.sqrt((rest**2).sum(axis=1) / df[now])
        mains[now] = 2 * coefficients[:, :n_factors]
        error[now] = 2 * deviation[:, None] * np.sqrt(np.einsum("skk->sk", inverse)[:, :n_factors])
        if fitted:
            sizes = abs(2 * coefficients[:, n_factors:-n_replicates])
            scales = 2 * deviation[:, None] * np.sqrt(np.einsum("skk->sk", inverse)[:, n_factors:-n_replicates])
            sure = 2 * stats.t.sf(sizes / scales, df[now, None]) * len(products) < 0.05
            seen[now] = np.where(sure, sizes + stats.t.ppf(0.975, df[now, None]) * scales, 0.0).max(axis=1)
        else:
            seen[now] = largest_beside(matrix, inverse, products, flat[now], there[now])
    able = df > 0
    mains, error, df, seen = mains[able], error[able], df[able, None], seen[able, None]
    alone, one_sided = stats.t.ppf(0.975, df), stats.t.ppf(1 - WRONG, df)
    joint = np.array([maximum_modulus(n_factors, int(each)) for each in df.ravel()])[:, None]
    is_set = (mains - joint * error > 0) & (mains >= SMALLEST)
    kept = ~is_set & (mains + one_sided * error < SMALLEST)
    return {
        "able": able,
        "set": is_set,
        "aliased": (abs(mains) > joint * error) & (abs(mains) >= SMALLEST) & (abs(mains) <= seen),
        "kept": kept,
        "free": kept & (mains - one_sided * error > -SMALLEST),
        "undecided": ~is_set & ~kept,
        "covered": abs(mains - truth) <= alone * error,
        "joint": (abs(mains - truth) <= joint * error).all(axis=1),
    }


def largest_beside(
    matrix: np.ndarray, inverse: np.ndarray, products: list[np.ndarray], flat: np.ndarray, there: np.ndarray
) -> np.ndarray:
    """(studies,): the largest estimate of a chain of interactions, each alone beside the model in `matrix`."""
    columns = np.tile(np.column_stack(products), (len(matrix) // len(products[0]), 1))
    within = np.einsum("st,tk,tc->skc", there.astype(float), matrix, columns, optimize=True)
    own = np.where(
        there[:, :, None], columns - np.einsum("tk,skl,slc->stc", matrix, inverse, within, optimize=True), 0.0
    )
    norms = (own**2).sum(axis=1)
    sizes = 2 * abs(np.einsum("stc,st->sc", own, flat)) / np.maximum(norms, 1e-9)
    return np.where(norms < 1e-6 * there.sum(axis=1)[:, None], 0.0, sizes).max(axis=1)


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
