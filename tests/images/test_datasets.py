import io
import os
import tarfile
import zipfile
from pathlib import Path

import pytest

from convwise.errors import ConvwiseError, RequestError
from convwise.images import datasets
from convwise.images.caltech import BACKGROUND, CALTECH_CLASSES
from convwise.images.datasets import add_dataset, list_datasets, resolve
from convwise.images.planted import PLANTED
from tests.conftest import caltech_archive
from tests.permissions import closed


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    """Two tiny files of each class, packed as the inner archive is."""
    path = tmp_path / "101_ObjectCategories.tar.gz"
    with tarfile.open(path, "w:gz") as tar:
        for name in [*sorted(CALTECH_CLASSES), BACKGROUND]:
            for i in range(2):
                info = tarfile.TarInfo(f"101_ObjectCategories/{name}/image_{i:04d}.jpg")
                info.size = 3
                tar.addfile(info, io.BytesIO(b"jpg"))
    return path


def test_there_are_one_hundred_and_one_classes() -> None:
    assert len(CALTECH_CLASSES) == 101


def test_the_tar_the_zip_around_it_and_the_unpacked_folder_install_the_same(archive: Path, tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "caltech-101.zip", "w") as outer:
        outer.write(archive, "caltech-101/101_ObjectCategories.tar.gz")
        outer.writestr("caltech-101/Annotations.tar", b"ignored")
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path / "unpacked", filter="data")
    for i, source in enumerate(
        (archive, tmp_path / "caltech-101.zip", tmp_path / "unpacked", tmp_path / "unpacked" / "101_ObjectCategories")
    ):
        os.environ["CONVWISE_HOME"] = str(tmp_path / f"home{i}")
        folder = add_dataset("caltech101", from_path=source)
        assert folder == tmp_path / f"home{i}" / "data" / "caltech101"
        assert {entry.name for entry in folder.iterdir()} == CALTECH_CLASSES | {BACKGROUND}
        assert (folder / "yin_yang" / "image_0001.jpg").read_bytes() == b"jpg"
        assert sorted(entry.name for entry in folder.parent.iterdir()) == ["caltech101", "caltech101.json"]


def test_another_checksum_is_told_and_recorded_and_not_refused(archive: Path) -> None:
    notes: list[str] = []
    add_dataset("caltech101", from_path=archive, note=notes.append)
    assert len(notes) == 1
    assert "not an official one" in notes[0]
    assert [entry.official for entry in list_datasets()[:2]] == [False, False]
    assert {entry.official for entry in list_datasets()[2:]} == {None}


def test_the_list_counts_the_used_classes_only(archive: Path) -> None:
    assert [(entry.dataset.name, entry.folder, entry.n_images) for entry in list_datasets()] == [
        (name, None, 0) for name in ("caltech101", "caltech101-4", "shapes", *PLANTED)
    ]
    folder = add_dataset("caltech101-4", from_path=archive)
    whole, four, shapes, *_ = list_datasets()
    assert (whole.folder, whole.n_images) == (folder, 202)
    assert (four.folder, four.n_images) == (folder, 8)
    assert shapes.folder is None


def test_resolving_leaves_the_background_out_unless_asked(archive: Path) -> None:
    folder = add_dataset("caltech101", from_path=archive)
    assert resolve("caltech101") == datasets.Source(folder, None, (BACKGROUND,), "caltech101")
    assert resolve("caltech101", background=True).exclude == ()
    assert resolve("caltech101-4").classes == ("Faces", "Leopards", "Motorbikes", "airplanes")
    with pytest.raises(RequestError, match="background"):
        resolve("caltech101-4", background=True)


def test_an_archive_without_the_classes_is_refused_and_nothing_is_left(tmp_path: Path, own_home: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as other:
        other.writestr("cats/1.jpg", b"")
    with pytest.raises(RequestError, match=r"x\.zip.*101 of the 101 class folders"):
        add_dataset("caltech101", from_path=tmp_path / "x.zip")
    with pytest.raises(RequestError, match="does not exist"):
        add_dataset("caltech101", from_path=tmp_path / "none.zip")
    assert list((own_home / "data").iterdir()) == []


@pytest.mark.parametrize("name", ["archive.tar.gz", "unpacked", "unpacked/101_ObjectCategories/ant"])
def test_a_source_that_may_not_be_read_is_named(archive: Path, tmp_path: Path, name: str) -> None:
    source = archive if name.endswith(".gz") else tmp_path / "unpacked"
    with tarfile.open(archive) as tar:
        tar.extractall(tmp_path / "unpacked", filter="data")
    place = archive if source is archive else tmp_path / name
    with closed(place), pytest.raises(RequestError, match=f"from_path={source}: .*[Pp]ermission"):
        add_dataset("caltech101", from_path=source)
    assert list_datasets()[0].folder is None


def test_an_installed_data_set_is_left_as_it_is(archive: Path) -> None:
    folder = add_dataset("caltech101", from_path=archive)
    (folder / "mark").touch()
    add_dataset("caltech101", from_path="nowhere")
    assert (folder / "mark").exists()


def test_a_download_is_unpacked_and_removed(archive: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fetch(url: str, path: Path, **options: object) -> None:
        path.parent.mkdir(parents=True)
        path.write_bytes(archive.read_bytes())

    monkeypatch.setattr(datasets, "download", fetch)
    assert (add_dataset("caltech101") / "Faces").is_dir()
    assert not list((own_home / "data").glob("*.zip*"))


def test_a_data_set_not_installed_says_how_to_add_it() -> None:
    with pytest.raises(RequestError, match="convwise data add caltech101,"):
        resolve("caltech101-4")


def test_an_unknown_name_gets_the_nearest_ones_and_a_folder_is_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(RequestError, match="did you mean caltech101"):
        resolve("caltech-101")
    with pytest.raises(RequestError, match="give an existing folder"):
        resolve("/no/such/folder")
    with pytest.raises(RequestError, match="did you mean shapes"):
        add_dataset("shape")
    (tmp_path / "link").symlink_to(tmp_path)
    for path, name in ((tmp_path, tmp_path.name), (f"{tmp_path}/", tmp_path.name), (tmp_path / "link", "link")):
        assert resolve(path) == datasets.Source(Path(path), None, (), name)
    monkeypatch.chdir(tmp_path)
    assert resolve(".").name == tmp_path.name


def test_shapes_is_drawn_when_first_asked_for(monkeypatch: pytest.MonkeyPatch, own_home: Path) -> None:
    def few(folder: Path, progress: object = None) -> Path:
        folder.mkdir(parents=True)
        return folder

    monkeypatch.setattr(datasets, "make_shapes", few)
    assert resolve("shapes").folder == own_home / "data" / "shapes"
    monkeypatch.setenv("CONVWISE_HOME", str(own_home / "other"))
    with pytest.raises(RequestError, match="omit it"):
        add_dataset("shapes", from_path="x")


def test_another_process_that_drew_shapes_first_is_no_failure(monkeypatch: pytest.MonkeyPatch, own_home: Path) -> None:
    def late(folder: Path, progress: object = None) -> Path:
        folder.mkdir(parents=True)
        raise ConvwiseError("the folder is there")

    monkeypatch.setattr(datasets, "make_shapes", late)
    assert add_dataset("shapes").is_dir()


@pytest.mark.real
@pytest.mark.skipif(caltech_archive() is None, reason="CONVWISE_TEST_CALTECH101 names no archive")
def test_the_real_archive_has_the_published_numbers_of_pictures() -> None:
    add_dataset("caltech101", from_path=caltech_archive())
    counts = {known.dataset.name: known.n_images for known in list_datasets()}
    assert (counts["caltech101"], counts["caltech101-4"]) == (8677, 2233)
