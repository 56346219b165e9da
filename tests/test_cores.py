"""Threads of the libraries underneath."""

from __future__ import annotations

import numpy as np
import pytest
import scipy.optimize
from threadpoolctl import threadpool_info

from convwise.cores import available_cores, one_thread_for_scipy


def threads() -> dict[str, int]:
    """Of NumPy's and SciPy's own BLAS, where each has one."""
    np.ones((4, 4)) @ np.ones((4, 4))
    assert scipy.optimize
    found = {}
    for library in threadpool_info():
        for owner in ("numpy", "scipy"):
            if library["user_api"] == "blas" and f"/{owner}.libs/" in library["filepath"]:
                found[owner] = library["num_threads"]
    return found


def test_scipy_has_one_thread_and_numpy_keeps_its_own() -> None:
    before = threads()
    if set(before) != {"numpy", "scipy"} or available_cores() == 1:
        pytest.skip("NumPy and SciPy share a BLAS here, or there is one core")
    with one_thread_for_scipy():
        assert threads() == {"numpy": before["numpy"], "scipy": 1}
    assert threads() == before
