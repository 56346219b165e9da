"""Links that lead out of the folder that is shown are found wherever they lie in a run."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.extras
pytest.importorskip("starlette")

from convwise.web.places import Root  # noqa: E402


@pytest.fixture
def run(tmp_path: Path) -> Path:
    folder = tmp_path / "shown" / "run"
    folder.mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    return folder


def test_a_link_among_thousands_of_files_is_found(run: Path) -> None:
    (run / "below").mkdir()
    for number in range(2100):
        (run / f"file-{number}").touch()
    (run / "below" / "out").symlink_to(run.parents[1] / "elsewhere")
    assert Root.of(run.parent).leading_out(run) == "out"


def test_a_folder_that_cannot_be_read_hides_no_link_in_another(run: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b", "c"):
        (run / name).mkdir()
        (run / name / f"out-{name}").symlink_to(run.parents[1] / "elsewhere")
    scandir = os.scandir

    def refused(place: Any) -> Any:
        if Path(place).name in ("a", "c"):
            raise PermissionError(13, "Permission denied")
        return scandir(place)

    monkeypatch.setattr(os, "scandir", refused)
    assert Root.of(run.parent).leading_out(run) == "out-b"
