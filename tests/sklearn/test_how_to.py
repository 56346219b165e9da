"""The page on scikit-learn runs as it is written."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.conftest import home_with_shapes

PAGE = Path(__file__).resolve().parents[2] / "docs/how-to/scikit-learn.md"


@pytest.mark.slow
def test_the_page_runs(
    tmp_path: Path,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("CONVWISE_HOME", str(home_with_shapes(tmp_path_factory, per_class=250, size_px=32)))
    monkeypatch.chdir(tmp_path)
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    assert len(blocks) == 5
    names: dict[str, Any] = {}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)
    assert "['circle' 'crescent' 'cross' 'heart' 'ring' 'square' 'star' 'triangle']" in capsys.readouterr().out
    assert Path("model.keras").stat().st_size > 100_000
