"""The OpenAPI description against the server: schemathesis makes requests of it and judges the answers."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.extras, pytest.mark.slow]
schemathesis = pytest.importorskip("schemathesis")
for _needed in ("onnxruntime", "onnx", "uvicorn", "httpx"):
    pytest.importorskip(_needed)

from hypothesis import HealthCheck, Phase, given, settings  # noqa: E402
from schemathesis.specs.openapi.checks import ignored_auth, positive_data_acceptance  # noqa: E402

from tests.serving.running import Served, served  # noqa: E402

_N_REQUESTS = 60  # of each path
_TOKEN = "a-token-of-the-tests"


def test_every_answer_is_as_described(export: Path) -> None:
    with served(export, "--token", _TOKEN) as server:
        _ask_all(server)


def _ask_all(server: Served) -> None:
    asked, headers = [], {"x-token": _TOKEN}
    schema = schemathesis.openapi.from_url(f"{server.url}/openapi.json", headers=headers)
    for found in schema.get_all_operations():
        operation = found.ok()
        asked.append(operation.label)

        @settings(
            max_examples=_N_REQUESTS,
            deadline=None,
            derandomize=True,
            database=None,
            phases=[Phase.explicit, Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy())
        def ask(case: Any) -> None:
            # No schema says what a picture is; and a header of ours looks like one that it made up itself.
            case.call_and_validate(headers=headers, excluded_checks=[positive_data_acceptance, ignored_auth])

        ask()
    assert "POST /predict" in asked
    assert len(asked) == 7  # all but the description itself
    assert not [line for line in server.log if line["event"] in ("error", "library")]
