"""One export and one server for the tests that leave both as they are."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.conftest import made_once
from tests.serving.made_export import make_export


@pytest.fixture(scope="session")
def export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export with ONNX."""
    pytest.importorskip("onnx")
    return made_once(tmp_path_factory, "served export", lambda folder: make_export(folder / "export")) / "export"


@pytest.fixture(scope="module")
def server(export: Path) -> Iterator[object]:
    """A server of it with small limits."""
    pytest.importorskip("uvicorn")
    from tests.serving.running import served

    limits = ("--most-bytes", "100000", "--most-files", "5", "--most-pixels", "40000", "--most-held-bytes", "1000000")
    with served(export, *limits, "--header-seconds", "2", "--body-seconds", "2") as running:
        yield running
