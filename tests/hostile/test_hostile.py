"""Every kind of hostile input against the contract; CONVWISE_HOSTILE_COUNT of each kind, from CONVWISE_HOSTILE_SEED."""

from __future__ import annotations

import os

import pytest

from tests.hostile.kinds import KINDS
from tests.hostile.pool import WarmProcess

pytestmark = pytest.mark.slow

_COUNT = int(os.environ.get("CONVWISE_HOSTILE_COUNT", "200"))
_SEED = int(os.environ.get("CONVWISE_HOSTILE_SEED", "1"))
_PARTS = 4  # of each kind, so that pytest's workers share them
_REAL = 10  # of each kind run as processes of their own; streams always do


@pytest.mark.parametrize("part", range(_PARTS))
@pytest.mark.parametrize("kind", KINDS)
def test_every_command_keeps_the_contract_whatever_it_is_given(kind: str, part: int, warm: WarmProcess) -> None:
    real = set(range(0, _COUNT, max(1, _COUNT // _REAL)))
    results = [warm.run(kind, _SEED, number, real=number in real) for number in range(part, _COUNT, _PARTS)]
    wrong = [result.report() for result in results if result.faults]
    assert not wrong, "\n".join([f"{len(wrong)} of {len(results)} cases:", *wrong])
    assert any(result.exit_code == 0 for result in results)
    assert any(result.exit_code == 2 for result in results) or kind == "pictures"
