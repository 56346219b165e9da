"""The proof finds what was planted, in numbers that can be counted by hand."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from convwise.errors import RequestError
from convwise.export.proof import ROUNDING, Checked, Costs, Images, Proof, checked
from convwise.export.proof_tables import tables
from convwise.intervals import paired_difference

COSTS = Costs(1000, 0.5, 2**26, 0.7, 0.3)
NAMES = ("cat", "dog")


def rows(*first: float) -> np.ndarray:
    """Probabilities of two classes from that of the first."""
    return np.array([[p, 1 - p] for p in first])


IMAGES = Images(
    "test", [f"cat/{i}.png" for i in range(4)] + ["dog/4.png", "dog/5.png"], np.array([0] * 4 + [1] * 2), NAMES
)
BEFORE = rows(0.9, 0.8, 0.7, 0.4, 0.1, 0.2)  # one cat is taken for a dog


def against(after: np.ndarray, *, int8: bool = False) -> Checked:
    return checked("onnx", COSTS, IMAGES, before=BEFORE, after=after, int8=int8)


def test_equal_answers_are_without_fault() -> None:
    found = against(BEFORE + 1e-7)
    assert found.fault == ""
    assert found.changed == ()
    assert found.largest_difference == pytest.approx(1e-7)
    assert found.accuracy.value == pytest.approx(5 / 6)
    assert found.difference == paired_difference(0, 0, 6)
    assert found.recalls == ()


def test_a_changed_label_is_named_with_its_margin() -> None:
    after = BEFORE.copy()
    after[2] = (0.45, 0.55)
    found = against(after)
    (change,) = found.changed
    assert (change.path, change.before, change.after) == ("cat/2.png", "cat", "dog")
    assert change.margin == pytest.approx(0.4)
    assert found.difference == paired_difference(0, 1, 6)
    assert "1 label changed" in found.fault
    assert "0.25" in found.fault


@pytest.mark.parametrize(("shift", "faulty"), [(0.9 * ROUNDING, False), (1.1 * ROUNDING, True)])
def test_rounding_has_a_bound(shift: float, faulty: bool) -> None:
    """Also where no label changes: a file that answers a little differently is another network."""
    after = BEFORE + np.array([shift, -shift])
    assert bool(against(after).fault) is faulty


def test_two_labels_that_rounding_exchanges_are_no_fault_but_are_named() -> None:
    before = rows(0.5 + ROUNDING / 4, *BEFORE[1:, 0])
    after = rows(0.5 - ROUNDING / 4, *BEFORE[1:, 0])
    found = checked("onnx", COSTS, IMAGES, before=before, after=after, int8=False)
    assert len(found.changed) == 1
    assert found.fault == ""


def test_answers_that_are_no_numbers_are_a_fault() -> None:
    after = BEFORE.copy()
    after[0, 0] = np.nan
    assert against(after).fault


def test_integers_are_judged_by_class() -> None:
    after = BEFORE.copy()
    after[4] = (0.6, 0.4)
    found = against(after, int8=True)
    assert found.fault == ""
    assert [(each.name, each.n, each.before, each.after) for each in found.recalls] == [
        ("cat", 4, 0.75, 0.75),
        ("dog", 2, 1.0, 0.5),
    ]
    assert found.recalls[1].difference == paired_difference(0, 1, 2)


def test_what_is_written_is_read_and_shown(tmp_path: Path) -> None:
    after = BEFORE.copy()
    after[2] = (0.45, 0.55)
    files = (against(after), against(after, int8=True))
    proof = Proof("runs/first", "test", 6, IMAGES.accuracy(BEFORE), COSTS, files, {"cores": 2}, 3.5)
    proof.write(tmp_path)
    assert Proof.read(tmp_path) == proof
    assert len(proof.faults) == 1
    answers, costs, changed, _, recalls = tables(proof)
    assert [row[0].text for row in answers.rows] == ["model.keras", "onnx", "onnx int8"]
    assert [row[0].text for row in costs.rows] == ["model.keras", "onnx", "onnx int8"]
    assert [cell.text for cell in changed.rows[0]][:3] == ["cat/2.png", "cat", "dog"]
    assert [row[0].text for row in recalls.rows] == ["cat", "dog"]


def test_a_damaged_proof_is_told_in_a_line(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"export\.json"):
        Proof.read(tmp_path)
    (tmp_path / "export.json").write_text('{"format": 7}')
    with pytest.raises(RequestError, match="it is not of format 1; export again"):
        Proof.read(tmp_path)
