"""Fetch one file: goes on where it stopped, shows progress, and keeps nothing whose checksum is wrong."""

import hashlib
import http.client
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path

from convwise.errors import ConvwiseError
from convwise.files import open_regular
from convwise.images.cache_dir import clear_errors

_BLOCK = 1 << 18


def download(
    url: str,
    path: str | Path,
    *,
    md5: str,
    progress: Callable[[int, int], None] | None = None,
    timeout_seconds: float = 30,
) -> Path:
    """Fetch `url` to `path`; `progress(n_bytes, n_total)` is told, with n_total=0 where the server does not say.

    What has come lies in `path` + ".part"; a later call asks for the rest. Raises ConvwiseError when the network or
    the server fails (call again to go on), and when the checksum is wrong (the part is removed).
    """
    if not url.startswith(("https://", "http://")):
        raise ValueError(f"url={url!r}: http or https is needed")
    path = Path(path)
    part = path.with_name(path.name + ".part")
    with clear_errors(path.parent):
        path.parent.mkdir(parents=True, exist_ok=True)
    try:
        _fetch(url, part, progress, timeout_seconds)
    except urllib.error.HTTPError as error:
        raise ConvwiseError(f"{url}: the server answered {error.code} {error.reason}; try again later") from error
    except (urllib.error.URLError, http.client.HTTPException, ConnectionError, TimeoutError) as error:
        reason = getattr(error, "reason", error)
        raise ConvwiseError(
            f"{url}: no connection, or it broke ({reason}); run this again to go on, or fetch the file by other means"
        ) from error
    if (found := md5_of(part)) != md5:
        part.unlink()
        raise ConvwiseError(f"{url}: md5={found}, expected {md5}; the file was removed, run this again")
    part.replace(path)
    return path


def md5_of(path: Path) -> str:
    """The MD5 checksum of a file: against damage, not against malice."""
    with open_regular(path) as file:
        return hashlib.file_digest(file, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()


def _fetch(url: str, part: Path, progress: Callable[[int, int], None] | None, timeout_seconds: float) -> None:
    done = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(url, headers={"Range": f"bytes={done}-"} if done else {})
    try:
        response = urllib.request.urlopen(request, timeout=timeout_seconds)
    except urllib.error.HTTPError as error:
        if error.code != 416:  # "range not satisfiable": nothing is missing; the checksum will tell
            raise
        error.close()
        return
    with response:
        if response.status != 206:  # the server sends the whole file again
            done = 0
        length = response.headers.get("Content-Length")
        total = done + int(length) if length else 0
        with clear_errors(part.parent), part.open("ab" if done else "wb") as out:
            while block := _read(response):
                out.write(block)
                done += len(block)
                if progress:
                    progress(done, total)
    if total and done < total:
        raise http.client.IncompleteRead(b"", total - done)


def _read(response: http.client.HTTPResponse) -> bytes:
    """One block. A broken connection must not look like a full disk to `clear_errors`, which sees any OSError."""
    try:
        return response.read(_BLOCK)
    except OSError as error:
        raise http.client.HTTPException(str(error)) from error
