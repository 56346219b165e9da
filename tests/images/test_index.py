"""A folder becomes an index: the right files, labels and reasons, or one clear line."""

import os
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from convwise.errors import RequestError
from convwise.images.copies import Copies, DuplicateGroup
from convwise.images.image_shape import ImageShape
from convwise.images.index import ImageIndex, UnreadableFile, require_classes
from convwise.images.prepare import index_folder, prepare
from tests.permissions import closed


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = tmp_path_factory.mktemp("home")
    monkeypatch.setenv("CONVWISE_HOME", str(folder))
    return folder


def save(path: Path, seed: int = 0, kind: str = "JPEG") -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (16, 20, 3), np.uint8)
    Image.fromarray(noise).save(path, kind)
    return path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "data"
    for seed, name in enumerate(("dog/2.jpg", "dog/1.jpg", "dog/deep/er/3.jpg", "cat/a.jpg", "cat/b.jpg")):
        save(root / name, seed)
    return root


def test_labels_follow_the_first_folder_and_paths_are_sorted(folder: Path) -> None:
    index = index_folder(folder)
    assert index.paths == ("cat/a.jpg", "cat/b.jpg", "dog/1.jpg", "dog/2.jpg", "dog/deep/er/3.jpg")
    assert index.labels.tolist() == [0, 0, 1, 1, 1]
    assert index.counts() == {"cat": 2, "dog": 3}
    assert index.subsets == ("",) * 5
    assert (index.unreadable, index.n_ignored, index.duplicates, index.empty_classes) == ((), 0, (), ())
    assert index.copy_groups().tolist() == [0, 1, 2, 3, 4]


def test_content_decides_what_a_file_is(folder: Path) -> None:
    (folder / "readme.txt").write_text("outside all classes")
    save(folder / "outside.jpg", 70)
    (folder / "cat/notes.txt").write_text("BMW, GIF and other words")
    (folder / "cat/.DS_Store").write_bytes(b"\0\0\0\1Bud1")
    (folder / "cat/._a.jpg").write_bytes(b"\0\5\26\7 not a picture, though so named")
    save(folder / "cat/a picture named.txt", 50, "PNG")
    save(folder / "cat/none", 51, "GIF")
    (folder / "dog/empty.jpg").touch()
    (folder / "dog/text.PNG").write_text("hello")
    (folder / "dog/cut").write_bytes(save(folder / "cat/c.jpg", 52).read_bytes()[:300])
    save(folder / ".hidden/x.jpg", 53)
    save(folder / "cat/.thumbs/x.jpg", 54)
    save(folder / "__MACOSX/x.jpg", 55)
    index = index_folder(folder)
    assert index.counts() == {"cat": 5, "dog": 3}
    assert index.n_ignored == 5  # two outside the classes, the notes and two hidden files
    assert [file.path for file in index.unreadable] == ["dog/cut", "dog/empty.jpg", "dog/text.PNG"]
    assert [file.reason for file in index.unreadable][1:] == ["empty file", "not a JPEG, PNG, WebP, BMP, GIF or TIFF"]


def test_names_with_spaces_and_any_script_work(tmp_path: Path) -> None:
    names = ("Katze ü/bild 1.jpg", "猫/写真.jpg", "a'b\"c/x\ny.jpg", "caf\udce9/\x1b[2J\udcff.jpg")
    for seed, name in enumerate(names):
        save(tmp_path / name, seed)
    for _ in range(2):  # read, and read back from the record
        assert set(index_folder(tmp_path).paths) == set(names)


def test_links_are_followed_and_loops_cut(folder: Path, tmp_path: Path) -> None:
    elsewhere = save(tmp_path / "elsewhere/z.jpg", 60)
    (folder / "bird").symlink_to(elsewhere.parent)
    (folder / "cat/link.jpg").symlink_to(elsewhere)
    (folder / "cat/loop").symlink_to(folder)
    (folder / "dog/up").symlink_to(folder / "dog")
    (folder / "dog/gone.jpg").symlink_to(tmp_path / "nowhere")
    os.mkfifo(folder / "dog/pipe.jpg")  # opening it would wait for ever
    index = index_folder(folder)
    assert {"bird/z.jpg", "cat/link.jpg"} <= set(index.paths)
    assert "dog/up/1.jpg" not in index.paths
    assert index.unreadable == (
        UnreadableFile("dog/gone.jpg", "no such file or directory"),
        UnreadableFile("dog/pipe.jpg", "no regular file"),
    )


def test_what_cannot_be_entered_or_opened_is_listed_with_the_reason(folder: Path) -> None:
    save(folder / "cat/shut/x.jpg", 61)
    save(folder / "bird/x.jpg", 62)
    shut = [folder / name for name in ("cat/shut", "bird", "dog/1.jpg")]
    entered = "the folder cannot be entered (permission denied)"
    for _ in range(2):  # read, and read back from the record
        with closed(*shut):
            index = index_folder(folder)
        assert index.unreadable == (
            UnreadableFile("bird", entered),
            UnreadableFile("cat/shut", entered),
            UnreadableFile("dog/1.jpg", "permission denied"),
        )
        assert (index.counts(), index.empty_classes) == ({"cat": 2, "dog": 2}, ("bird",))
    assert index_folder(folder).counts() == {"bird": 1, "cat": 3, "dog": 3}
    (folder / "cat/shut").chmod(0o444)  # its names can be read, its files not
    with closed(folder / "bird"):
        assert UnreadableFile("cat/shut/x.jpg", "permission denied") in index_folder(folder).unreadable
    (folder / "cat/shut").chmod(0o755)


def test_folders_beyond_the_longest_path_are_listed(folder: Path) -> None:
    """Thousands deep: only by steps can such a path be made, and no call takes it as a whole."""
    try:
        here = os.open(folder / "cat", os.O_RDONLY)
        for _ in range(2100):
            os.mkdir("d", dir_fd=here)
            here, above = os.open("d", os.O_RDONLY, dir_fd=here), here
            os.close(above)
        os.close(here)
        (beyond,) = index_folder(folder).unreadable
    finally:
        subprocess.run(["rm", "-rf", str(folder / "cat/d")], check=True)  # deeper than Python's own removal goes
    assert beyond.path.startswith("cat/d/d/d/")
    assert beyond.reason == "file name too long"


def test_a_read_only_folder_works(folder: Path) -> None:
    for path in [*folder.rglob("*"), folder]:
        path.chmod(0o555 if path.is_dir() else 0o444)
    try:
        assert len(index_folder(folder)) == 5
    finally:
        for path in [folder, *folder.rglob("*")]:
            path.chmod(0o755)


def test_classes_are_chosen_left_out_and_reported_empty(folder: Path) -> None:
    (folder / "void").mkdir()
    (folder / "broken").mkdir()
    (folder / "broken/x.jpg").write_text("no")
    index = index_folder(folder)
    assert (index.class_names, index.empty_classes) == (("cat", "dog"), ("broken", "void"))
    assert index_folder(folder, classes=["dog"]).counts() == {"dog": 3}
    assert index_folder(folder, exclude=["dog", "void"]).empty_classes == ("broken",)
    with pytest.raises(RequestError, match=r"class='dgo': .*nearest names are dog"):
        index_folder(folder, classes=["dgo"])
    with pytest.raises(RequestError, match="class='bird'"):
        index_folder(folder, exclude=["bird"])
    with pytest.raises(RequestError, match="none is left"):
        index_folder(folder, classes=["dog"], exclude=["dog"])


def test_folders_of_another_form_get_one_clear_line(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    (tmp_path / "imageless/cat").mkdir(parents=True)
    cases = {
        "nowhere": "does not exist",
        "data/cat/a.jpg": "is a file",
        "empty": "is empty",
        "data/dog/deep/er": "holds files but no sub-folders",
        "imageless": "no readable image",
    }
    for name, message in cases.items():
        with pytest.raises(RequestError, match=message) as caught:
            index_folder(tmp_path / name)
        assert "\n" not in str(caught.value)


def test_one_class_can_be_indexed_but_not_required(folder: Path, tmp_path: Path) -> None:
    require_classes(index_folder(folder))
    with pytest.raises(RequestError, match=r"1 class .* at least 2"):
        require_classes(index_folder(folder, classes=["cat"]))
    with pytest.raises(RequestError, match=r"its 2 sub-folders may be the classes: name .*/data instead"):
        require_classes(index_folder(tmp_path))


def test_the_digest_changes_with_names_contents_and_labels_only(folder: Path, tmp_path: Path) -> None:
    digest = index_folder(folder).digest
    folder.rename(tmp_path / "moved")
    folder = tmp_path / "moved"
    os.utime(folder / "cat/a.jpg")
    assert index_folder(folder).digest == digest
    seen = {digest}
    for change in (
        lambda: (folder / "cat/a.jpg").rename(folder / "cat/a2.jpg"),
        lambda: save(folder / "cat/b.jpg", 99),
        lambda: (folder / "cat").rename(folder / "kat"),
        lambda: (folder / "kat/b.jpg").unlink(),
    ):
        change()
        seen.add(index_folder(folder).digest)
    assert len(seen) == 5


def test_an_index_refuses_what_does_not_fit_together() -> None:
    good: dict[str, Any] = {
        "root": "/r", "paths": ("a/1", "a/2", "b/1"), "labels": np.array([0, 0, 1], np.int32),
        "class_names": ("a", "b"), "subsets": ("", "", ""), "content": np.zeros((3, 16), np.uint8),
    }  # fmt: skip
    index = ImageIndex(**good, copies=Copies((DuplicateGroup("near", (0, 2)),)))
    assert index.copy_groups().tolist() == [0, 1, 0]
    overlap = (DuplicateGroup("near", (0, 2)), DuplicateGroup("bytes", (1, 2)))
    beyond = Copies(across=((1, 3),))
    for name, value in {
        "paths": ("a/2", "a/1", "b/1"), "labels": np.array([0, 0, 2], np.int32), "class_names": ("b", "a"),
        "subsets": ("", "", "dev"), "content": np.zeros((2, 16), np.uint8), "copies": beyond, "digest": "0" * 64,
    }.items():  # fmt: skip
        with pytest.raises(ValueError, match=name):
            ImageIndex(**{**good, name: value})
    for copies, message in (
        ({"groups": overlap}, "groups"),
        ({"exact": overlap[:1]}, "exact"),
        ({"apart": ((2, 1),)}, "pairs"),
    ):
        with pytest.raises(ValueError, match=message):
            Copies(**copies)
    with pytest.raises(ValueError, match="ascending"):
        DuplicateGroup("near", (2, 1))


def test_one_class_is_refused_before_any_of_its_files_is_read(tmp_path: Path) -> None:
    (tmp_path / "only").mkdir()
    (tmp_path / "only" / "a.png").write_bytes(b"never opened")
    with pytest.raises(RequestError, match="1 class with images, at least 2 are needed"):
        prepare(tmp_path, shape=ImageShape.of(8), least_classes=2)
