"""Unpack a .zip or .tar archive that may be hostile or damaged: everything below one new folder, or nothing."""

import bz2
import errno
import gzip
import lzma
import os
import tarfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath
from shutil import rmtree
from typing import IO, Any, Self

from convwise.errors import RequestError
from convwise.files import open_regular, temporary_name
from convwise.images.cache_dir import clear_errors

MAX_BYTES = 4 * 2**30
MAX_FILES = 1_000_000
_MOST_WORDS = 2**20  # bytes of a tar header's long names and further words: all of them are held in memory
_COMPRESSED: dict[bytes, Callable[[Any], Any]] = {b"\x1f\x8b": gzip.open, b"BZh": bz2.open, b"\xfd7zXZ": lzma.open}
_MOST_READS_AT_THE_END = 64  # a sound archive needs one or two
_MOST_DEPTH = 20  # folders above a file: each costs a call of the system's to make and to remove
_MOST_NAME = 255  # bytes: what a folder's entry may be called on common file systems
_WORDS = frozenset({tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.SOLARIS_XHDTYPE, tarfile.GNUTYPE_LONGNAME,
                    tarfile.GNUTYPE_LONGLINK})  # fmt: skip
_DAMAGED = (zipfile.BadZipFile, tarfile.TarError, gzip.BadGzipFile, zlib.error, lzma.LZMAError, EOFError)


@dataclass
class _Budget:
    """What an archive may still write, counted as it is written: what a header declares may be a lie."""

    archive: Path
    n_bytes: int
    n_files: int
    limits: str

    def spend(self, n_bytes: int = 0, n_files: int = 0) -> None:
        self.n_bytes -= n_bytes
        self.n_files -= n_files
        if self.n_bytes < 0 or self.n_files < 0:
            raise RequestError(f"archive={str(self.archive)!r} holds more than {self.limits}; it was not unpacked")

    def require_room(self, n_bytes: int, n_files: int = 0) -> None:
        """What is declared and too much is not begun with: to skip it, even, could take for ever."""
        if not 0 <= n_bytes <= self.n_bytes or n_files > self.n_files:
            raise RequestError(f"archive={str(self.archive)!r} declares more than {self.limits}; it was not unpacked")

    def refuse(self, why: str) -> RequestError:
        return RequestError(f"archive={str(self.archive)!r}: {why}; refused")


def unpack(
    archive: str | Path,
    folder: str | Path,
    *,
    inner: str | None = None,
    max_bytes: int = MAX_BYTES,
    max_files: int = MAX_FILES,
    progress: Callable[[int], None] | None = None,
) -> Path:
    """Unpack into `folder`, which must not exist; `progress(n_files)` is told as it goes.

    With `inner`, the archive of that file name inside this one is unpacked and nothing else is; where there is none,
    all is. Raises RequestError for damage, a path that leads out, a link, a device, a file that comes twice, or more
    than `max_bytes` or `max_files`; then nothing is left behind.
    """
    archive, folder = Path(archive), Path(folder)
    if folder.exists():
        raise RequestError(f"folder={str(folder)!r} exists; choose a new one or remove it")
    budget = _Budget(archive, max_bytes, max_files, f"{max_files:,} files or {max_bytes:,} bytes")
    try:
        opened = open_regular(archive)
    except OSError as error:
        raise RequestError(f"archive={str(archive)!r}: {error.strerror}; give a file that can be read") from error
    with opened as file, clear_errors(folder.parent):
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = temporary_name(folder.parent)
        try:
            temporary.mkdir()
            with _one_line_for_damage(archive):
                found = inner is not None and _unpack_inner(file, inner, temporary, replace(budget), progress)
                if not found:
                    file.seek(0)
                    _write_members(file, temporary, budget, progress)
            temporary.rename(folder)
        finally:
            rmtree(temporary, ignore_errors=True)
    return folder


@contextmanager
def _one_line_for_damage(archive: Path) -> Iterator[None]:
    try:
        yield
    except _DAMAGED as error:
        raise RequestError(
            f"archive={str(archive)!r} is damaged or no .zip or .tar archive ({error}); fetch it again"
        ) from error
    except OSError as error:
        if error.errno is not None:  # the system's, not bz2's words for damage
            raise
        raise RequestError(f"archive={str(archive)!r} is damaged ({error}); fetch it again") from error
    except (RuntimeError, NotImplementedError) as error:  # zipfile's words for a password and a rare compression
        raise RequestError(
            f"archive={str(archive)!r} cannot be unpacked: {error}; unpack it with another tool"
        ) from error


def _unpack_inner(
    file: IO[bytes], name: str, folder: Path, budget: _Budget, progress: Callable[[int], None] | None
) -> bool:
    """Unpack the archive called `name` that lies in this one, as a stream; False when there is none."""
    for path, member in _members(file, budget):
        if path.name == name:
            with _tar(member, budget) as tar:
                _write_tar(tar, folder, budget, progress)
            return True
    return False


def _write_members(file: IO[bytes], folder: Path, budget: _Budget, progress: Callable[[int], None] | None) -> None:
    for n_files, (path, member) in enumerate(_members(file, budget), 1):
        _write(path, member, folder, budget)
        if progress:
            progress(n_files)


def _write_tar(tar: tarfile.TarFile, folder: Path, budget: _Budget, progress: Callable[[int], None] | None) -> None:
    for n_files, (path, member) in enumerate(_tar_members(tar, budget), 1):
        _write(path, member, folder, budget)
        if progress:
            progress(n_files)


def _members(file: IO[bytes], budget: _Budget) -> Iterator[tuple[PurePosixPath, IO[bytes]]]:
    """The regular files of a .zip or a (compressed) .tar, told apart by content."""
    if zipfile.is_zipfile(file):
        with zipfile.ZipFile(file) as archive:
            infos = archive.infolist()
            budget.require_room(sum(info.file_size for info in infos), len(infos))
            for info in infos:
                if not info.filename:
                    raise budget.refuse("a file without a name")
                kind = info.external_attr >> 28  # the upper bits of a Unix mode: 8 file, 4 folder, 0 unknown
                if info.is_dir():
                    continue
                if kind not in (0, 8):
                    raise budget.refuse(f"{info.filename!r} is a link or a device")
                if info.flag_bits & 1:
                    raise RequestError(
                        f"archive={str(budget.archive)!r} is encrypted; unpack it with its password first, then name "
                        "the folder"
                    )
                path = _safe(info.orig_filename.replace(os.sep, "/"), budget)
                budget.spend(n_files=1)
                with archive.open(info) as member:
                    yield path, member
    else:
        file.seek(0)
        with _tar(file, budget) as tar:
            yield from _tar_members(tar, budget)


@contextmanager
def _tar(file: IO[bytes], budget: _Budget) -> Iterator[tarfile.TarFile]:
    """A tar as a stream, each of whose headers is judged before what it declares is skipped or held in memory."""

    class Judged(tarfile.TarInfo):
        @classmethod
        def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> Self:
            info = super().frombuf(buf, encoding, errors)
            if info.type in _WORDS and not 0 <= info.size <= _MOST_WORDS:
                raise budget.refuse(f"a header's words of {info.size:,} bytes")
            budget.require_room(info.size)
            budget.spend(n_files=info.type not in _WORDS)  # folders too, or a bomb of them would never end
            return info

    with _plain(file) as plain, tarfile.open(fileobj=plain, mode="r|", tarinfo=Judged) as tar:
        yield tar


@contextmanager
def _plain(file: IO[bytes]) -> Iterator[Any]:
    """What a compressed stream holds, a piece at a time; another one as it is.

    tarfile would take what a piece unpacks to at once, however much that is, and copy the rest at every step.
    """
    head = file.read(max(map(len, _COMPRESSED)))
    whole = _Ending(file, head)
    opener = next((opener for magic, opener in _COMPRESSED.items() if head.startswith(magic)), None)
    if opener is None:
        yield whole
        return
    with opener(whole) as plain:
        yield _Ending(plain)


class _Ending:
    """A file whose end is an end: tarfile asks on and on for what a header declares and the archive does not hold.

    `head` was read of the file before.
    """

    def __init__(self, file: Any, head: bytes = b"") -> None:
        self._file, self._head, self._n_empty = file, head, 0

    def read(self, n_bytes: int = -1) -> Any:
        """The next bytes. Raises EOFError for a reader that does not take the end for one."""
        if self._head:
            found, self._head = self._head[:n_bytes], self._head[n_bytes:]
            return found
        found = self._file.read(n_bytes)
        self._n_empty += not found
        if self._n_empty > _MOST_READS_AT_THE_END:
            raise EOFError("it ends within a file")
        return found


def _tar_members(tar: tarfile.TarFile, budget: _Budget) -> Iterator[tuple[PurePosixPath, IO[bytes]]]:
    for info in tar:
        budget.require_room(info.size)  # a header's further words may say another size
        if info.isdir():
            continue
        member = tar.extractfile(info) if info.isreg() else None
        if member is None:
            raise budget.refuse(f"{info.name!r} is a link or a device")
        yield _safe(info.name, budget), member


def _safe(name: str, budget: _Budget) -> PurePosixPath:
    """The path of a member, which must lead downwards on every platform."""
    path = PurePosixPath(name)
    if "\0" in name:
        raise budget.refuse(f"the name {name[:80]!r} holds a zero byte")
    if path.is_absolute() or not path.parts or ".." in path.parts or any(c in name for c in "\\:"):
        raise budget.refuse(f"the path {name[:80]!r} leads out of the folder")
    if len(path.parts) > _MOST_DEPTH:
        raise budget.refuse(f"the path {name[:80]!r} lies {len(path.parts)} deep, the limit is {_MOST_DEPTH}")
    if any(len(os.fsencode(part)) > _MOST_NAME for part in path.parts):
        raise budget.refuse(f"the name {name[:80]!r}... is longer than the {_MOST_NAME} bytes that a name may have")
    return path


def _write(path: PurePosixPath, member: IO[bytes], folder: Path, budget: _Budget) -> None:
    target = folder / path
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        with target.open("xb") as out:
            while block := member.read(1 << 20):
                budget.spend(n_bytes=len(block))
                out.write(block)
    except (FileExistsError, NotADirectoryError) as error:
        raise budget.refuse(f"{str(path)!r} comes twice") from error
    except OSError as error:
        if error.errno not in (errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL):
            raise
        raise budget.refuse(f"{str(path)[:80]!r}: {error.strerror}") from error
