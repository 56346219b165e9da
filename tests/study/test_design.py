"""Designs: balanced, orthogonal, and no main effect aliased with a two-factor interaction."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from convwise.errors import RequestError
from convwise.study.design import Design, smallest_design


def design(n: int) -> Design:
    return smallest_design(tuple(f"f{i:02}" for i in range(n)))


# Box, Hunter and Hunter 2005, table 6.22: the largest number of factors at resolution IV is half the number of runs.
@pytest.mark.parametrize(("n", "runs"), [(1, 2), (2, 4), (3, 8), (4, 8), (5, 16), (8, 16), (9, 32), (15, 32), (16, 32)])
def test_the_design_is_the_smallest_of_resolution_four(n: int, runs: int) -> None:
    assert design(n).n_runs == runs


@pytest.mark.parametrize("n", range(1, 17))
def test_columns_are_balanced_and_orthogonal_and_main_effects_are_clear(n: int) -> None:
    signs = design(n).signs.astype(int)
    assert set(np.unique(signs)) == {-1, 1}
    assert (signs.sum(axis=0) == 0).all()
    assert (signs.T @ signs == len(signs) * np.eye(n)).all()
    for i, j in itertools.combinations(range(n), 2):
        others = [k for k in range(n) if k not in (i, j)]
        assert not ((signs[:, i] * signs[:, j]) @ signs[:, others]).any()


def test_no_two_runs_are_alike() -> None:
    assert len(np.unique(design(16).signs, axis=0)) == 32


def test_sixteen_factors_have_fifteen_chains_of_eight_interactions() -> None:
    chains = design(16).chains()
    assert [len(chain) for chain in chains] == [8] * 15
    assert len({pair for chain in chains for pair in chain}) == 16 * 15 // 2


def test_interactions_of_a_chain_have_one_column_and_those_of_two_chains_are_orthogonal() -> None:
    made = design(9)
    signs = {factor: made.signs[:, i].astype(int) for i, factor in enumerate(made.factors)}
    columns = [{tuple(signs[a] * signs[b]) for a, b in chain} for chain in made.chains()]
    assert all(len(column) == 1 for column in columns)
    first, second = (np.array(next(iter(column))) for column in columns[:2])
    assert first @ second == 0


@pytest.mark.parametrize("factors", [(), ("a", "a"), tuple(map(str, range(17)))])
def test_other_numbers_of_factors_are_refused(factors: tuple[str, ...]) -> None:
    with pytest.raises(RequestError, match="1 to 16"):
        smallest_design(factors)
