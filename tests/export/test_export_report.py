"""The report of a run shows the exports that lie in its folder."""

from __future__ import annotations

from pathlib import Path

import convwise
from convwise.export.proof import Proof
from tests.export.test_proof import BEFORE, COSTS, IMAGES, against
from tests.made_run import draw_pictures, make_run


def test_the_report_shows_the_proof_of_an_export_and_tells_of_a_damaged_one(tmp_path: Path) -> None:
    draw_pictures(tmp_path / "pictures", ["cat", "dog"], 12)
    run = make_run(tmp_path / "run", tmp_path / "pictures")
    without = convwise.report(run, pictures=False).path.read_text(encoding="utf-8")
    assert 'id="exports"' not in without
    assert 'href="#exports"' not in without
    after = BEFORE.copy()
    after[2] = (0.45, 0.55)
    (run.folder / "small").mkdir()
    Proof("run", "test", 6, IMAGES.accuracy(BEFORE), COSTS, (against(after, int8=True),), {}, 1.0).write(
        run.folder / "small"
    )
    (run.folder / "broken").mkdir()
    (run.folder / "broken/export.json").write_text("{")
    result = convwise.report(run, pictures=False)
    page = result.path.read_text(encoding="utf-8")
    section = page.partition('<section id="exports">')[2].partition("</section>")[0]
    assert 'href="#exports"' in page
    for shown in (">small<", "onnx int8", "cat/2.png", "on the same 6 test images"):
        assert shown in section, shown
    assert "broken" not in section
    assert any("export.json" in note and "broken" in note for note in result.notes)
