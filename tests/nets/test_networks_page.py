"""The page on networks in a user's own script runs as it is written."""

import re
from pathlib import Path

import pytest

PAGE = Path(__file__).resolve().parents[2] / "docs/how-to/networks-in-your-script.md"


@pytest.mark.slow
def test_the_page_runs_from_its_first_block_to_its_last(capsys: pytest.CaptureFixture[str]) -> None:
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), flags=re.DOTALL)
    names: dict[str, object] = {}
    for block in blocks:
        exec(compile(block, str(PAGE), "exec"), names)
    assert "kernel_size 3x3 -> 5x5" in capsys.readouterr().out
    mine = names["mine"]
    assert [layer.kernel_size for layer in mine.layers if hasattr(layer, "kernel_size")] == [(5, 5), (5, 5)]  # type: ignore[attr-defined]
    assert mine.get_layer("stem").strides == (2, 2)  # type: ignore[attr-defined]
