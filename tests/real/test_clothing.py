"""Real photographs in given sides: every one is read, the sides stay as they are, and what the folder tells is told."""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path

import pytest

from convwise.images.archives import unpack
from convwise.images.index import ImageIndex
from convwise.images.prepare import index_folder
from convwise.images.remarks import folder_remarks
from convwise.images.split import split_images
from tests.conftest import made_once

pytestmark = pytest.mark.real

# Images of each class on each side, as the data set's own description counts them.
TRAIN = [241, 123, 455, 184, 468, 290, 198, 202, 112, 795]
VALIDATION = [32, 14, 49, 24, 49, 29, 26, 25, 12, 81]
TEST = [15, 12, 72, 38, 42, 26, 73, 30, 12, 52]
CLASSES = ["dress", "hat", "longsleeve", "outwear", "pants", "shirt", "shoes", "shorts", "skirt", "t-shirt"]


@pytest.fixture(scope="module")
def clothing(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The data set, unpacked by convwise itself."""
    named = os.environ.get("CONVWISE_TEST_CLOTHING")
    if not named:
        pytest.skip("CONVWISE_TEST_CLOTHING does not name the archive of the clothing data set, or its folder")
    path = Path(named)
    archive = next(path.glob("*.tar")) if path.is_dir() else path
    return made_once(tmp_path_factory, "clothing", lambda folder: unpack(archive, folder / "all")) / "all"


@pytest.fixture(scope="module")
def index(clothing: Path, tmp_path_factory: pytest.TempPathFactory) -> ImageIndex:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONVWISE_HOME", str(tmp_path_factory.mktemp("home")))
        return index_folder(clothing)


def test_every_photograph_is_read_and_counted_on_its_side(index: ImageIndex) -> None:
    assert index.unreadable == ()
    assert list(index.class_names) == CLASSES
    counts = Counter((side, int(label)) for side, label in zip(index.subsets, index.labels, strict=True))
    for side, expected in (("train", TRAIN), ("validation", VALIDATION), ("test", TEST)):
        assert [counts[side, label] for label in range(10)] == expected


def test_given_sides_stay_and_no_more_than_copies_leave_them(index: ImageIndex) -> None:
    split = split_images(index, seed=0)
    assert len(split.test) == sum(TEST)
    assert all(index.subsets[i] == "train" for i in split.train)
    assert all(index.subsets[i] == "validation" for i in split.validation)
    assert len(split.train) + len(split.validation) + split.n_dropped_copies == sum(TRAIN) + sum(VALIDATION)
    assert split.n_dropped_copies < 60
    groups = index.copy_groups()
    assert not set(groups[split.test]) & set(groups[split.train])


def test_uneven_classes_are_remarked_on(index: ImageIndex) -> None:
    assert any("t-shirt" in remark and "skirt" in remark for remark in folder_remarks(index))
