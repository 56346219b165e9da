"""The main job on the real pictures. Set CONVWISE_TEST_CALTECH101 to the archive, or to the folder that holds it."""

from pathlib import Path

import pytest

import convwise
from tests.conftest import caltech_archive

pytestmark = [
    pytest.mark.real,
    pytest.mark.slow,
    pytest.mark.skipif(caltech_archive() is None, reason="CONVWISE_TEST_CALTECH101 names no Caltech-101 archive"),
]


@pytest.fixture
def installed(own_home: Path) -> None:
    """Unpacked into a home of the test's own."""
    convwise.add_data("caltech101", from_path=caltech_archive())


@pytest.mark.usefixtures("installed")
def test_the_data_set_is_what_its_authors_say(tmp_path: Path) -> None:
    index = convwise.check_data("caltech101").index
    assert (len(index), len(index.class_names), len(index.unreadable)) == (8677, 101, 0)
    assert index.counts()["airplanes"] == 800


@pytest.mark.usefixtures("installed")
def test_the_default_network_learns_the_four_classes(tmp_path: Path) -> None:
    result = convwise.train("caltech101-4", out=tmp_path / "run")
    assert result.evaluation is not None
    assert result.evaluation.n == pytest.approx(0.25 * 2233, abs=3)
    assert result.evaluation.accuracy.value > 0.96
    answers = convwise.predict(result.run, [Path(result.run.settings.folder) / "Faces"])
    assert sum(answer.label == "Faces" for answer in answers) > 0.95 * len(answers)


@pytest.mark.usefixtures("installed")
def test_the_tutorials_recipe_trains_stridednet(tmp_path: Path) -> None:
    result = convwise.train(
        "caltech101-4", net="stridednet", recipe="tutorial", epochs=3, test=0.25, out=tmp_path / "run"
    )
    assert result.evaluation is not None
    assert result.evaluation.accuracy.value > 0.6
