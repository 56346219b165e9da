"""The pixel cache holds what single files give, is made once, and is whole or not there."""

import errno
import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from convwise.errors import ConvwiseError, RequestError
from convwise.images import cache as cache_module
from convwise.images import scan as scan_module
from convwise.images.cache_dir import cache_dir
from convwise.images.image_shape import ImageShape
from convwise.images.prepare import index_folder, prepare
from convwise.images.reading import load_pixels

_MAKE = """
import sys
from convwise.images.image_shape import ImageShape
from convwise.images.prepare import prepare
print(prepare(sys.argv[1], shape=ImageShape.of(32))[1].digest)
"""


def save(path: Path, seed: int, kind: str | None = None) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    noise = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    Image.fromarray(noise).resize((80 + seed, 60)).save(path, kind)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    root = tmp_path / "data"
    for seed in range(40):
        save(root / f"{'ab'[seed % 2]}/{seed:02}.{('jpg', 'png', 'webp')[seed % 3]}", seed)
    (root / "b/15.jpg").write_bytes(b"\xff\xd8\xff broken")
    (root / "b/text").write_text("ignored")
    age(root)
    return root


def age(root: Path) -> None:
    """Make the stamps old enough to be believed: within a clock tick of a change they prove nothing."""
    for path in root.rglob("*"):
        os.utime(path, (1e9, 1e9))


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The names of all files that a scan opens from now on."""
    names: list[str] = []
    read: Callable[..., bytes] = scan_module.read_bytes

    def noting(path: str, *, whole: bool) -> bytes:
        names.append(Path(path).name)
        return read(path, whole=whole)

    monkeypatch.setattr(scan_module, "read_bytes", noting)
    return names


@pytest.mark.parametrize("resize", ["stretch", "crop", "pad"])
@pytest.mark.parametrize("size", [16, 48])
def test_rows_are_what_single_files_give(folder: Path, resize: str, size: int) -> None:
    index, cache = prepare(folder, shape=ImageShape.of(size), resize=resize)
    assert cache.pixels.shape == (len(index), size, size, 3) == (39, size, size, 3)
    assert (cache.shape.size, cache.resize) == (size, resize)
    for row, path in enumerate(index.paths):
        assert np.array_equal(
            cache.pixels[row], load_pixels(folder / path, shape=ImageShape.of(size), resize=resize)
        ), path
    with pytest.raises(ValueError, match="read-only"):
        cache.pixels[0, 0, 0, 0] = 1


def test_the_number_of_workers_changes_nothing(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    results = []
    for workers in (1, 5):
        monkeypatch.setenv("CONVWISE_HOME", str(tmp_path / f"home{workers}"))
        index, cache = prepare(folder, shape=ImageShape.of(32), workers=workers)
        results.append((index.digest, index.unreadable, cache.digest, cache.pixels.tobytes()))
    assert results[0] == results[1]


def test_a_second_call_opens_no_file(folder: Path, opened: list[str]) -> None:
    first, cache = prepare(folder, shape=ImageShape.of(32))
    assert len(opened) == 41
    opened.clear()
    for again, reopened in (
        prepare(folder, shape=ImageShape.of(32)),
        prepare(str(folder) + "/.", shape=ImageShape.of(32)),
    ):
        assert np.array_equal(cache.pixels, reopened.pixels)
        assert (again.digest, again.unreadable, again.n_ignored) == (first.digest, first.unreadable, first.n_ignored)
        assert (again.root, again.duplicates) == (first.root, first.duplicates)
    index_folder(folder)
    assert opened == []


def test_only_what_changed_is_read_again(folder: Path, opened: list[str]) -> None:
    prepare(folder, shape=ImageShape.of(32))
    opened.clear()
    save(folder / "a/02.webp", 77, "WEBP")  # changed
    save(folder / "c/new.png", 78)  # added
    save(folder / "b/15.jpg", 79)  # mended
    (folder / "b/01.png").unlink()
    index, cache = prepare(folder, shape=ImageShape.of(32))
    assert sorted(opened) == ["02.webp", "15.jpg", "new.png"]
    assert len(index) == 40
    assert index.unreadable == ()
    for row, path in enumerate(index.paths):
        assert np.array_equal(
            cache.pixels[row], load_pixels(folder / path, shape=ImageShape.of(32), resize="stretch")
        ), path


def test_a_change_that_leaves_size_and_time_alone_is_noticed(folder: Path) -> None:
    before = index_folder(folder).digest
    time.sleep(0.03)  # longer than a tick of the file system's clock
    path = folder / "a/00.jpg"
    data = bytearray(path.read_bytes())
    data[-100] ^= 1
    path.write_bytes(data)
    os.utime(path, (1e9, 1e9))
    assert index_folder(folder).digest != before


def test_caches_are_named_by_content_size_and_fit(folder: Path, tmp_path: Path, opened: list[str]) -> None:
    digests = {
        prepare(folder, shape=ImageShape.of(size), resize=resize)[1].digest
        for size, resize in ((32, "pad"), (32, "crop"), (40, "pad"))
    }
    assert len(digests) == 3
    folder.rename(tmp_path / "moved")
    opened.clear()
    index, cache = prepare(tmp_path / "moved", shape=ImageShape.of(32), resize="pad")
    assert cache.digest in digests
    assert len(opened) == 41  # another folder's stamps prove nothing
    assert index.root == str(tmp_path / "moved")


def altered(path: Path) -> None:
    """One pixel, and nothing that a listing shows."""
    status = path.stat()
    with path.open("r+b") as file:
        file.seek(1000)
        value = file.read(1)[0]
        file.seek(1000)
        file.write(bytes([value ^ 255]))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


@pytest.mark.parametrize(
    "noted", [False, True]
)  # whether its stamp is old enough to be believed, or the checksum tells
def test_pixels_altered_at_the_same_size_are_made_anew(folder: Path, noted: bool) -> None:
    _, cache = prepare(folder, shape=ImageShape.of(32))
    whole, manifest = cache.pixels.tobytes(), cache.path / "manifest.json"
    if noted:
        time.sleep(0.05)  # longer than a tick of the file system's clock
        prepare(folder, shape=ImageShape.of(32))
        assert json.loads(manifest.read_text())["stamp"]
    altered(cache.path / "pixels.u8")
    assert prepare(folder, shape=ImageShape.of(32))[1].pixels.tobytes() == whole


def test_an_unaltered_cache_is_not_read_to_be_checked(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    prepare(folder, shape=ImageShape.of(32))
    time.sleep(0.05)
    prepare(folder, shape=ImageShape.of(32))
    monkeypatch.setattr(cache_module.zlib, "crc32", lambda *_: pytest.fail("it was read"))
    prepare(folder, shape=ImageShape.of(32))


def test_a_damaged_cache_or_record_is_made_anew(folder: Path, own_home: Path) -> None:
    _, cache = prepare(folder, shape=ImageShape.of(32))
    whole = cache.pixels.tobytes()
    for damage in (
        lambda: os.truncate(cache.path / "pixels.u8", 100),
        lambda: altered(cache.path / "pixels.u8"),
        lambda: (cache.path / "manifest.json").write_text("{"),
        lambda: (cache.path / "manifest.json").unlink(),
        lambda: next((own_home / "scans").iterdir()).write_bytes(b"PK\3\4 rubbish"),
        lambda: os.truncate(next((own_home / "scans").iterdir()), 500),
    ):
        damage()
        assert prepare(folder, shape=ImageShape.of(32))[1].pixels.tobytes() == whole


def test_processes_that_build_the_same_cache_at_once_all_succeed(folder: Path, own_home: Path) -> None:
    command = [sys.executable, "-c", _MAKE, str(folder)]
    running = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(4)]
    outputs = [process.communicate(timeout=60)[0] for process in running]
    assert [process.returncode for process in running] == [0] * 4
    assert len(set(outputs)) == 1
    assert [path.name for path in (own_home / "pixels").iterdir()] == [outputs[0].strip()]


def test_threads_that_build_the_same_cache_at_once_all_succeed(folder: Path) -> None:
    found: list[bytes] = []
    threads = [
        threading.Thread(target=lambda: found.append(prepare(folder, shape=ImageShape.of(32))[1].pixels.tobytes()))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 4
    assert len(set(found)) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="needs SIGKILL")
def test_a_killed_build_leaves_nothing_that_is_opened_and_is_cleaned_up(folder: Path, own_home: Path) -> None:
    stop = "import os, signal; from convwise.images import cache\n" + (
        "def die(self, digest): os.kill(os.getpid(), signal.SIGKILL)\ncache.CacheWriter.finish = die\n"
    )
    done = subprocess.run([sys.executable, "-c", stop + _MAKE, str(folder)], check=False)
    assert done.returncode == -signal.SIGKILL
    (left,) = (own_home / "pixels").iterdir()
    assert left.name.startswith("tmp~")
    foreign = own_home / "pixels" / "tmp~another machine~1~abc"
    foreign.mkdir()
    _, cache = prepare(folder, shape=ImageShape.of(32))
    assert {path.name for path in (own_home / "pixels").iterdir()} == {cache.digest, foreign.name}
    os.utime(foreign, (1e9, 1e9))
    prepare(folder, shape=ImageShape.of(33))
    assert not foreign.exists()


def test_a_failed_build_leaves_nothing(folder: Path, own_home: Path) -> None:
    def interrupt(done: int, total: int) -> None:
        assert (done, total) == (32, 41)
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(folder, shape=ImageShape.of(32), progress=interrupt)
    assert list((own_home / "pixels").iterdir()) == []


def test_a_full_disk_is_one_clear_line(folder: Path, own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(file: int) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConvwiseError, match=r"^disk full while writing the cache in .*CONVWISE_HOME.*$") as caught:
        prepare(folder, shape=ImageShape.of(32))
    assert caught.value.exit_code == 1
    assert list((own_home / "pixels").iterdir()) == []


def test_a_home_that_cannot_be_written_is_one_clear_line(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("CONVWISE_HOME", str(tmp_path / "file" / "below"))
    with pytest.raises(ConvwiseError, match=r"not writable: set the environment variable CONVWISE_HOME"):
        prepare(folder, shape=ImageShape.of(32))
    monkeypatch.setenv("CONVWISE_HOME", str(tmp_path))
    monkeypatch.setattr(os, "access", lambda *_: False)  # the tests may run as root
    with pytest.raises(ConvwiseError, match="not writable"):
        prepare(folder, shape=ImageShape.of(32))


@pytest.mark.skipif(sys.platform != "linux", reason="the rule of Linux")
def test_the_home_follows_the_platforms_rule(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CONVWISE_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_dir() == tmp_path / "xdg" / "convwise"
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", str(tmp_path))
    assert cache_dir() == tmp_path / ".cache" / "convwise"
    assert cache_dir().is_dir()


def test_progress_ends_with_all_files_and_wrong_requests_are_refused(folder: Path) -> None:
    calls: list[tuple[int, int]] = []
    prepare(folder, shape=ImageShape.of(32), progress=lambda done, total: calls.append((done, total)))
    assert calls == [(32, 41), (41, 41)]
    with pytest.raises(RequestError, match="size=0"):
        prepare(folder, shape=ImageShape.of(0))
    with pytest.raises(RequestError, match="resize=fill"):
        prepare(folder, shape=ImageShape.of(32), resize="fill")


def test_the_manifest_says_what_the_cache_holds(folder: Path) -> None:
    _, cache = prepare(folder, shape=ImageShape.of(32), resize="pad")
    manifest = json.loads((cache.path / "manifest.json").read_text())
    assert (manifest["n_images"], manifest["size"], manifest["resize"]) == (39, 32, "pad")
