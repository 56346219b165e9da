import hashlib
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest

from convwise.errors import ConvwiseError
from convwise.images.download import download

CONTENT = bytes(range(256)) * 4000
MD5 = hashlib.md5(CONTENT).hexdigest()


class Server(BaseHTTPRequestHandler):
    """Serves CONTENT: /ok with ranges, /plain without, /cut breaks off in the middle, anything else is missing."""

    ranges: ClassVar[list[str | None]] = []

    def do_GET(self) -> None:
        asked = self.headers.get("Range")
        self.ranges.append(asked)
        if self.path not in ("/ok", "/plain", "/cut"):
            self.send_error(404)
            return
        start = int(re.findall(r"\d+", asked)[0]) if asked and self.path == "/ok" else 0
        if start >= len(CONTENT):
            self.send_error(416)
            return
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(CONTENT) - start))
        self.end_headers()
        self.wfile.write(CONTENT[start : len(CONTENT) // 2 if self.path == "/cut" else None])

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def url() -> Iterator[str]:
    Server.ranges.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_the_file_arrives_whole_and_progress_ends_at_the_total(tmp_path: Path, url: str) -> None:
    told: list[tuple[int, int]] = []
    path = download(f"{url}/ok", tmp_path / "new" / "f", md5=MD5, progress=lambda *now: told.append(now))
    assert path.read_bytes() == CONTENT
    assert told[-1] == (len(CONTENT), len(CONTENT))
    assert not (tmp_path / "new" / "f.part").exists()


def test_a_broken_download_goes_on_where_it_stopped(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConvwiseError, match="run this again"):
        download(f"{url}/cut", tmp_path / "f", md5=MD5)
    assert (tmp_path / "f.part").stat().st_size == len(CONTENT) // 2
    assert not (tmp_path / "f").exists()
    assert download(f"{url}/ok", tmp_path / "f", md5=MD5).read_bytes() == CONTENT
    assert Server.ranges == [None, f"bytes={len(CONTENT) // 2}-"]


def test_a_server_that_ignores_ranges_sends_the_whole_file_again(tmp_path: Path, url: str) -> None:
    (tmp_path / "f.part").write_bytes(b"old" * 100)
    assert download(f"{url}/plain", tmp_path / "f", md5=MD5).read_bytes() == CONTENT


def test_a_part_that_is_already_whole_is_taken(tmp_path: Path, url: str) -> None:
    (tmp_path / "f.part").write_bytes(CONTENT)
    assert download(f"{url}/ok", tmp_path / "f", md5=MD5).read_bytes() == CONTENT


def test_a_wrong_checksum_keeps_nothing(tmp_path: Path, url: str) -> None:
    (tmp_path / "f.part").write_bytes(b"not the beginning of the file")
    with pytest.raises(ConvwiseError, match=f"expected {MD5}"):
        download(f"{url}/ok", tmp_path / "f", md5=MD5)
    assert list(tmp_path.iterdir()) == []


def test_a_missing_file_and_a_dead_server_are_one_clear_error(tmp_path: Path, url: str) -> None:
    with pytest.raises(ConvwiseError, match="404"):
        download(f"{url}/none", tmp_path / "f", md5=MD5)
    with pytest.raises(ConvwiseError, match="no connection"):
        download("http://127.0.0.1:9/f", tmp_path / "f", md5=MD5, timeout_seconds=2)


def test_only_the_web_is_fetched(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="http"):
        download("file:///etc/passwd", tmp_path / "f", md5=MD5)
