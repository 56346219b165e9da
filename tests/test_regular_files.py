"""Only regular files are opened, and only so much of them."""

import os
import socket
import stat
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from convwise.errors import ConvwiseError
from convwise.files import open_regular, read_regular, write_text
from convwise.images.download import md5_of
from convwise.images.image_shape import ImageShape
from convwise.images.reading import UnreadableImage, load_pixels
from convwise.images.scan import read_bytes


@pytest.fixture
def specials(tmp_path: Path) -> Iterator[dict[str, Path]]:
    os.mkfifo(tmp_path / "pipe.jpg")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        yield {
            "a pipe, not a regular file": tmp_path / "pipe.jpg",
            "a socket, not a regular file": tmp_path / "s",
            "a device, not a regular file": Path("/dev/full"),
            "s a directory": tmp_path,
            "o such file": tmp_path / "none",
        }


@pytest.mark.parametrize(
    "read",
    [open_regular, lambda path: read_regular(path, 100), lambda path: read_bytes(str(path), whole=True), md5_of],
)
def test_what_is_no_regular_file_is_refused_at_once(read: Callable[[Path], object], specials: dict[str, Path]) -> None:
    for reason, path in specials.items():
        with pytest.raises(OSError, match=reason):
            read(path)


def test_as_pictures_they_are_unreadable_with_the_reason(specials: dict[str, Path]) -> None:
    for reason, path in specials.items():
        with pytest.raises(UnreadableImage, match=reason):
            load_pixels(path, shape=ImageShape.of(16), resize="crop")


def test_no_more_is_read_than_is_allowed(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 2**20)
    assert read_regular(tmp_path / "a", 2**20) == b"x" * 2**20
    with pytest.raises(OSError, match="more than"):
        read_regular(tmp_path / "a", 2**20 - 1)
    with (tmp_path / "hole").open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(OSError, match="more than 1 MiB"):
        read_regular(tmp_path / "hole", 2**20)
    assert read_regular("/proc/self/status", 2**20).startswith(b"Name:")  # says that it holds 0 bytes


def test_a_device_or_a_folder_makes_no_room_for_a_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "folder").mkdir()
    for name in ("pipe", "folder"):
        with pytest.raises(ConvwiseError, match="cannot be written"):
            write_text(tmp_path / name, "text")
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "pipe"]
