"""The page asked without a server: who knows its token asks it, and gets a status and a text."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.http_core.asgi import Answer, ask

TOKEN = "correct-horse-battery"
HOST = "127.0.0.1:8765"


@dataclass(frozen=True)
class Client:
    """A browser that has opened the page."""

    app: Any
    site: Any

    def get(self, path: str, query: str = "", **headers: str) -> Answer:
        """A page."""
        return self.ask(path, query=query, headers=headers)

    def post(self, path: str, pieces: Iterable[bytes], **headers: str) -> Answer:
        """A form sent from the page."""
        own = {"origin": f"http://{HOST}", "content-type": "multipart/form-data; boundary=x"}
        return self.ask(path, method="POST", pieces=pieces, headers={**own, **headers})

    def ask(self, path: str, *, headers: Mapping[str, str], **options: Any) -> Answer:
        """A request with what every request of a browser brings, unless `headers` say otherwise."""
        usual = {"host": HOST, "cookie": f"convwise={TOKEN}", "accept": "text/html"}
        return ask(self.app, path, headers={**usual, **headers}, **options)


@contextlib.contextmanager
def opened(folder: Path) -> Iterator[Client]:
    """The page about a folder."""
    from convwise.http_core.access import LOOPBACK, Access
    from convwise.web.app import guarded
    from convwise.web.site import Site

    site = Site.of(folder)
    try:
        yield Client(guarded(site, Access(hosts=LOOPBACK, token=TOKEN)), site)
    finally:
        site.stop()
        site.jobs.close(5)
        site.decoding.close()


def form(*files: tuple[str, bytes]) -> bytes:
    """A body of multipart/form-data with the boundary x."""
    parts = [
        b'--x\r\ncontent-disposition: form-data; name="pictures"; filename="%s"\r\n\r\n%s\r\n' % (name.encode(), data)
        for name, data in files
    ]
    return b"".join(parts) + b"--x--\r\n"
