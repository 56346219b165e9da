"""An archive is unpacked whole, below its folder and within its limits, or refused in one line."""

import io
import os
import stat
import struct
import tarfile
import time
import zipfile
from pathlib import Path

import pytest

from convwise.errors import RequestError
from convwise.images.archives import unpack


def make_tar(path: Path, files: dict[str, bytes], extra: list[tarfile.TarInfo] | None = None) -> Path:
    with tarfile.open(path, "w:gz" if path.name.endswith("gz") else "w") as tar:
        for name, content in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
        for info in extra or []:
            tar.addfile(info)
    return path


def make_zip(path: Path, files: dict[str, bytes]) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return path


def special(name: str, kind: bytes, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def tree(folder: Path) -> dict[str, bytes]:
    return {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}


FILES = {"a/1.png": b"one", "a/b/2.png": b"two" * 1000}


@pytest.mark.parametrize("name", ["x.tar.gz", "x.tar", "x.zip"])
def test_files_come_out_as_they_went_in(tmp_path: Path, name: str) -> None:
    archive = (make_zip if name.endswith("zip") else make_tar)(tmp_path / name, FILES)
    told: list[int] = []
    assert tree(unpack(archive, tmp_path / "out", progress=told.append)) == FILES
    assert told == [1, 2]


def test_the_named_archive_inside_is_unpacked_and_nothing_beside_it(tmp_path: Path) -> None:
    inner = make_tar(tmp_path / "inner.tar.gz", FILES).read_bytes()
    outer = make_zip(
        tmp_path / "o.zip", {"d/other.tar": b"x", "__MACOSX/d/._inner.tar.gz": b"x", "d/inner.tar.gz": inner}
    )
    assert tree(unpack(outer, tmp_path / "out", inner="inner.tar.gz")) == FILES


def test_without_the_named_archive_inside_all_is_unpacked(tmp_path: Path) -> None:
    archive = make_tar(tmp_path / "x.tar.gz", FILES)
    assert tree(unpack(archive, tmp_path / "out", inner="inner.tar.gz")) == FILES


@pytest.mark.parametrize("name", ["../evil", "/etc/evil", "a/../../evil", "..\\evil", "C:/evil"])
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_a_path_that_leads_out_is_refused_and_nothing_is_left(tmp_path: Path, name: str, kind: str) -> None:
    make = make_zip if kind == "zip" else make_tar
    archive = make(tmp_path / f"x.{kind}", {"good": b"1", name: b"2"})
    with pytest.raises(RequestError, match="leads out"):
        unpack(archive, tmp_path / "below" / "out")
    assert [p.name for p in tmp_path.rglob("*")] in ([archive.name, "below"], ["below", archive.name])


@pytest.mark.parametrize("kind", [tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE, tarfile.FIFOTYPE])
def test_links_and_devices_in_a_tar_are_refused(tmp_path: Path, kind: bytes) -> None:
    archive = make_tar(tmp_path / "x.tar", FILES, [special("link", kind, "../../outside")])
    with pytest.raises(RequestError, match="link or a device"):
        unpack(archive, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_link_in_a_zip_is_refused(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as archive:
        info = zipfile.ZipInfo("link")
        info.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(info, "/etc/passwd")
    with pytest.raises(RequestError, match="link or a device"):
        unpack(tmp_path / "x.zip", tmp_path / "out")


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_a_bomb_stops_at_the_limit(tmp_path: Path, kind: str) -> None:
    make = make_zip if kind == "zip" else make_tar
    archive = make(tmp_path / f"x.{kind}", {"zeros": bytes(10_000_000)})
    with pytest.raises(RequestError, match="more than"):
        unpack(archive, tmp_path / "out", max_bytes=1_000_000)
    with pytest.raises(RequestError, match="more than"):
        unpack(make(archive, {str(i): b"" for i in range(12)}), tmp_path / "out", max_files=10)
    assert not list(tmp_path.glob("tmp~*"))


def test_endless_folders_stop_at_the_limit(tmp_path: Path) -> None:
    archive = make_tar(tmp_path / "x.tar", {}, [special(f"d{i}", tarfile.DIRTYPE) for i in range(12)])
    with pytest.raises(RequestError, match="more than"):
        unpack(archive, tmp_path / "out", max_files=10)


@pytest.mark.parametrize("damage", ["cut", "flipped", "noise", "empty"])
@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_a_damaged_archive_is_one_clear_request_error(tmp_path: Path, kind: str, damage: str) -> None:
    content = (make_zip if kind == "zip" else make_tar)(
        tmp_path / f"x.{kind}", {"a": bytes(range(256)) * 400}
    ).read_bytes()
    middle = len(content) // 2
    damaged = {
        "cut": content[:middle],
        "flipped": content[:middle] + bytes(b ^ 0xFF for b in content[middle : middle + 40]) + content[middle + 40 :],
        "noise": b"this is no archive" * 100,
        "empty": b"",
    }[damage]
    (tmp_path / f"x.{kind}").write_bytes(damaged)
    with pytest.raises(RequestError, match="damaged") as caught:
        unpack(tmp_path / f"x.{kind}", tmp_path / "out")
    assert "\n" not in str(caught.value)
    assert [p.name for p in tmp_path.iterdir()] == [f"x.{kind}"]


def test_a_file_that_comes_twice_is_refused(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "x.tar", "w") as tar:
        for content in (b"first", b"second"):
            info = tarfile.TarInfo("same")
            info.size = len(content)
            tar.addfile(info, io.BytesIO(content))
    with pytest.raises(RequestError, match="twice"):
        unpack(tmp_path / "x.tar", tmp_path / "out")


def test_an_existing_folder_and_a_missing_archive_are_refused(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "x.zip", FILES)
    with pytest.raises(RequestError, match="exists"):
        unpack(archive, tmp_path)
    with pytest.raises(RequestError, match=r"missing\.zip"):
        unpack(tmp_path / "missing.zip", tmp_path / "out")


def header(kind: bytes, size: int) -> bytes:
    info = tarfile.TarInfo("a")
    info.type, info.size = kind, size
    return info.tobuf(tarfile.GNU_FORMAT) + b"x" * 1024


def with_words(words: dict[str, str]) -> bytes:
    info = tarfile.TarInfo("a")
    info.pax_headers, info.size = words, 5
    return info.tobuf(tarfile.PAX_FORMAT) + b"hello".ljust(512, b"\0") + bytes(1024)


def zipped(
    name: str = "a.png", declared: int | None = None, flags: int = 0, instead: tuple[bytes, bytes] = (b"", b"")
) -> bytes:
    """A zip of one file whose directory says what it is told to."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(name, b"x" * 100)
    data = bytearray(file.getvalue().replace(*instead) if instead[0] else file.getvalue())
    entry = data.find(b"PK\1\2")
    data[6] |= flags
    data[entry + 8] |= flags
    if declared is not None:
        data[entry + 24 : entry + 28] = struct.pack("<I", declared)
    return bytes(data)


LYING = {
    **{f"{kind!r} of {size}": (header(kind, size), "declares more|words of") for size in (2**33, 2**62) for kind in (
        tarfile.REGTYPE, tarfile.DIRTYPE, tarfile.SYMTYPE, tarfile.GNUTYPE_SPARSE, tarfile.GNUTYPE_LONGNAME,
        tarfile.XHDTYPE, tarfile.XGLTYPE, b"V")},
    "a size in further words": (with_words({"size": str(2**60)}), "declares more"),
    "words without an end": (header(tarfile.XHDTYPE, 0)[:512] * 3000 + bytes(1024), "damaged|cannot be unpacked"),
    "a zip's directory": (zipped(declared=2_000_001), "declares more"),
    "an encrypted zip": (zipped(flags=1), "is encrypted; unpack it with its password first"),
    "a long name": (with_words({"path": "n" * 300}), "longer than the 255 bytes"),
    "a long name in a zip": (zipped("n" * 300), "longer than the 255 bytes"),
    "a deep path": (with_words({"path": "d/" * 30 + "f"}), "31 deep, the limit is 20"),
    "a deep path in a zip": (zipped("d/" * 30 + "f"), "31 deep, the limit is 20"),
    "a long path": (with_words({"path": "x/" * 3000 + "a"}), "refused"),
    "a zero byte": (with_words({"path": "b\0c"}), "zero byte"),
    "a zero byte in a zip": (zipped("bXc", instead=(b"bXc", b"b\0c")), "zero byte"),
}  # fmt: skip


@pytest.mark.parametrize("case", LYING)
def test_what_an_archive_declares_is_judged_before_it_is_believed(tmp_path: Path, case: str) -> None:
    content, reason = LYING[case]
    (tmp_path / "x").write_bytes(content)
    began = time.monotonic()
    with pytest.raises(RequestError, match=reason) as caught:
        unpack(tmp_path / "x", tmp_path / "out", max_bytes=2_000_000)
    assert time.monotonic() - began < 5  # seconds; to skip what is declared would take for ever
    assert "\n" not in str(caught.value)
    assert [path.name for path in tmp_path.iterdir()] == ["x"]


def test_names_of_any_bytes_come_out_as_they_went_in(tmp_path: Path) -> None:
    name = b"caf\xe9.jpg"
    archive = make_tar(tmp_path / "x.tar", {os.fsdecode(name): b"1"})
    assert [os.fsencode(path.name) for path in unpack(archive, tmp_path / "out").iterdir()] == [name]


def test_a_pipe_is_no_archive(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "x.zip")
    with pytest.raises(RequestError, match="a pipe, not a regular file"):
        unpack(tmp_path / "x.zip", tmp_path / "out")
