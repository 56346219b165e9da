"""Effects: planted ones are found, intervals hold, failed trials and nested factors are accounted for."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import stats

from convwise.errors import ConvwiseError
from convwise.study.design import smallest_design
from convwise.study.effects import analyse, maximum_modulus, runs_needed

FACTORS = tuple(f"f{i:02}" for i in range(16))
DESIGN = smallest_design(FACTORS)


def responses(truth: dict[str, float], noise: float, replicates: int = 2, seed: int = 0) -> np.ndarray:
    random = np.random.default_rng(seed)
    expected = sum(DESIGN.signs[:, FACTORS.index(f)] * effect / 2 for f, effect in truth.items())
    blocks = random.normal(0, 5, (replicates, 1))
    return 80 + blocks + expected + random.normal(0, noise, (replicates, DESIGN.n_runs))


def test_without_noise_effects_are_those_planted_and_the_rest_is_zero() -> None:
    truth = {"f00": 3.0, "f07": -1.5}
    found = analyse(DESIGN, responses(truth, 1e-9))
    for effect in found.effects:
        assert effect.estimate == pytest.approx(truth.get(effect.factor, 0.0), abs=1e-6)


def test_an_effect_is_the_difference_of_the_means_at_its_levels() -> None:
    given = responses({"f03": 2.0}, 1.0)
    high = DESIGN.signs[:, 3] > 0
    difference = given[:, high].mean() - given[:, ~high].mean()
    assert analyse(DESIGN, given).of("f03").estimate == pytest.approx(difference)


def test_the_standard_error_is_two_deviations_over_the_root_of_the_trials() -> None:
    found = analyse(DESIGN, responses({}, 1.0))
    assert found.of("f00").error == pytest.approx(2 * found.deviation / np.sqrt(64))
    assert found.df == 64 - 2 - 16 - 15


def test_intervals_cover_alone_and_jointly_as_often_as_they_say() -> None:
    alone, joint = [], []
    for seed in range(300):
        found = analyse(DESIGN, responses({"f01": 2.0}, 1.0, replicates=1, seed=seed))
        truth = {"f01": 2.0}
        alone += [e.low <= truth.get(e.factor, 0.0) <= e.high for e in found.effects]
        joint.append(all(e.joint_low <= truth.get(e.factor, 0.0) <= e.joint_high for e in found.effects))
    assert np.mean(alone) == pytest.approx(0.95, abs=0.015)  # five standard errors of 4,800 coin flips
    assert np.mean(joint) == pytest.approx(0.95, abs=0.05)  # four of 300


def test_a_failed_trial_is_left_out_and_counted_and_biases_nothing() -> None:
    given = responses({"f02": 4.0}, 1e-9)
    given[0, 5] = given[1, 17] = np.nan
    found = analyse(DESIGN, given)
    assert (found.n_missing, found.n_trials) == (2, 62)
    assert found.of("f02").estimate == pytest.approx(4.0, abs=1e-6)


def test_too_few_trials_are_refused() -> None:
    given = np.full((1, 32), np.nan)
    given[0, :12] = 80.0
    with pytest.raises(ConvwiseError, match="12 finished trials"):
        analyse(DESIGN, given)


def test_a_nested_factor_is_judged_where_it_acts() -> None:
    """f05 acts only where f00 is low, with 2 points there."""
    acts = DESIGN.signs[:, 0] < 0
    given = 80 + np.where(acts, DESIGN.signs[:, 5] * 1.0, 0.0) + DESIGN.signs[:, 0] * 0.5
    random = np.random.default_rng(0)
    both = given + random.normal(0, 1e-9, (2, 32))
    found = analyse(DESIGN, both, nested={"f05": "f00"})
    assert found.of("f05").estimate == pytest.approx(2.0, abs=1e-6)
    assert found.of("f05").n == 32
    assert found.of("f00").estimate == pytest.approx(1.0, abs=1e-6)
    assert analyse(DESIGN, both).of("f05").estimate == pytest.approx(1.0, abs=1e-6)  # half of it, told nothing


def test_an_interaction_is_seen_in_its_chain_and_not_in_a_main_effect() -> None:
    given = 80 + 1.5 * DESIGN.signs[:, 2] * DESIGN.signs[:, 9] + np.random.default_rng(1).normal(0, 0.3, (2, 32))
    found = analyse(DESIGN, given)
    sure = [chain for chain in found.chains if chain.p_value < 0.001]
    assert len(sure) == 1
    assert (FACTORS[2], FACTORS[9]) in sure[0].pairs
    assert sure[0].estimate == pytest.approx(3.0, abs=0.3)
    assert max(abs(effect.estimate) for effect in found.effects) < 0.3


@pytest.mark.parametrize("replicates", [1, 2])
def test_an_interaction_of_three_looks_like_an_effect_no_larger_than_those_of_two(replicates: int) -> None:
    """Either of two changes helps, unless a third spoils it: a fourth parameter seems to gain 12.5 points."""
    high = DESIGN.signs > 0
    given = 50.0 + 50 * ((high[:, 1] | high[:, 4]) & ~high[:, 2])
    found = analyse(DESIGN, given + np.random.default_rng(1).normal(0, 0.5, (replicates, 32)))
    column = DESIGN.signs[:, [1, 4, 2]].prod(axis=1)
    seeming = found.effects[int(np.flatnonzero((DESIGN.signs == column[:, None]).all(axis=0))[0])]
    assert seeming.estimate == pytest.approx(12.5, abs=0.6)
    assert (seeming.joint_low > 0) == (replicates > 1)
    assert seeming.estimate < found.interaction
    assert found.of(FACTORS[2]).estimate < -found.interaction
    alone = analyse(DESIGN, responses({"f03": 2.0}, 0.5, replicates))
    assert alone.interaction < 1.0


@pytest.mark.parametrize("replicates", [1, 2])
def test_a_nested_effect_is_no_interaction_though_half_of_it_lies_in_a_product(replicates: int) -> None:
    high = DESIGN.signs > 0
    acts = high[:, 5] & ~high[:, 3]
    given = 50.0 + 30 * acts + np.random.default_rng(1).normal(0, 0.5, (replicates, 32))
    found = analyse(DESIGN, given, nested={"f05": "f03"})
    assert found.of("f05").estimate == pytest.approx(30, abs=1.5)
    assert found.interaction < 1.5
    assert analyse(DESIGN, given).interaction > 10  # not told so, it is one


def test_failed_trials_make_no_interactions_of_large_effects() -> None:
    given = responses({"f02": 30.0, "f09": -20.0}, 0.2, replicates=1)
    given[0, [3, 8, 21]] = np.nan
    assert analyse(DESIGN, given).interaction < 1.0
    both = np.concatenate([given, responses({"f02": 30.0, "f09": -20.0}, 0.2, replicates=1, seed=1)])
    assert analyse(DESIGN, both).interaction < 1.0


def test_an_interaction_in_the_chain_of_a_nested_pair_is_seen() -> None:
    """It is not in the model, so that it is in the error against which it is judged, unless it joins."""
    factors = ("kernel_size", "padding", "strides", "dilation_rate")
    design = smallest_design(factors)
    nested = {"dilation_rate": "strides"}
    shared = next(chain for chain in design.chains() if ("strides", "dilation_rate") in chain)
    a, b = next(pair for pair in shared if pair != ("strides", "dilation_rate"))
    product = design.signs[:, factors.index(a)] * design.signs[:, factors.index(b)]
    given = 50.0 + 10 * product + np.random.default_rng(1).normal(0, 0.3, (2, design.n_runs))
    assert analyse(design, given, nested=nested).interaction == pytest.approx(20, abs=1.5)


def test_by_chance_an_interaction_is_seen_in_one_study_of_twenty() -> None:
    seen = [analyse(DESIGN, responses({}, 1.0, seed=seed)).interaction > 0 for seed in range(400)]
    assert 0.02 <= np.mean(seen) <= 0.08  # 2.8 standard errors each way


def test_a_chain_that_failed_trials_leave_inseparable_from_an_effect_is_no_interaction() -> None:
    design = smallest_design(("a", "b", "c", "d", "e", "f"))
    a, _, _, d, e, _ = design.signs.T
    given = 50.0 + 10 * a + np.random.default_rng(1).normal(0, 0.1, (2, design.n_runs))
    found = analyse(design, np.where(a == d * e, given, np.nan))
    assert found.n_trials == 16
    assert found.of("a").estimate == pytest.approx(20, abs=0.5)
    assert found.interaction < 1


def test_where_every_combination_is_tried_nothing_is_in_doubt_of_interactions() -> None:
    design = smallest_design(("a", "b", "c"))
    given = 50.0 + 10 * design.signs[:, 0] * design.signs[:, 1] + np.random.default_rng(1).normal(0, 0.5, (4, 8))
    found = analyse(design, given)
    assert found.chains[0].p_value < 0.001
    assert found.interaction == 0


# Stoline and Ury 1979 and Bechhofer and Dunnett 1982: upper 5 % points of the studentised maximum modulus.
@pytest.mark.parametrize(("n", "df", "point"), [(5, 10, 3.10), (10, 20, 3.11), (3, 5, 3.40), (2, 10, 2.61)])
def test_the_maximum_modulus_is_that_of_the_tables(n: int, df: int, point: float) -> None:
    assert maximum_modulus(n, df) == pytest.approx(point, abs=0.006)


def test_of_one_effect_the_maximum_modulus_is_students_t() -> None:
    for df in (3, 15, 60):
        assert maximum_modulus(1, df) == pytest.approx(stats.t.ppf(0.975, df), abs=1e-3)


def test_four_times_the_trials_halve_an_interval() -> None:
    effect = analyse(DESIGN, responses({}, 1.0)).effects[0]
    assert runs_needed(effect, 2.0 * effect.error / 2, 2.0, 64) == 256
