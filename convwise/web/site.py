"""What the pages share: the folder that is shown, what works for them, and what was asked."""

from __future__ import annotations

import asyncio
import os
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import parse_qsl

from convwise.http_core.bodies import Intake
from convwise.http_core.decoding import Decoding
from convwise.http_core.limits import Limits
from convwise.http_core.problems import Problem
from convwise.web.jobs import Jobs
from convwise.web.live import Live
from convwise.web.networks import Networks
from convwise.web.places import Root
from convwise.web.shelf import Shelf

T = TypeVar("T")
LIMITS = Limits(most_files=16)
"""Of an upload: 64 MiB, 16 pictures, 50 million pixels each."""


@dataclass(frozen=True)
class Asked:
    """A request: its ASGI parts, the bytes of its address after the kind of page, and its query."""

    scope: Any
    receive: Any
    kind: str
    place: bytes

    @property
    def query(self) -> list[tuple[str, str]]:
        """Names and values, bytes that are not UTF-8 as Python carries them. Raises Problem 400 for too many."""
        text = self.scope["query_string"].decode("latin-1")
        try:
            return parse_qsl(text, keep_blank_values=True, errors="surrogateescape", max_num_fields=100)
        except ValueError:
            raise Problem(400, "the address asks for too much at a time") from None


@dataclass(frozen=True)
class Site:
    """The folder that is shown, and what works for its pages."""

    root: Root
    shelf: Shelf
    jobs: Jobs = field(default_factory=Jobs)
    live: Live = field(default_factory=Live)
    networks: Networks = field(default_factory=Networks)
    limits: Limits = LIMITS
    intake: Intake = field(default_factory=lambda: Intake(LIMITS))
    decoding: Decoding = field(default_factory=Decoding)

    @classmethod
    def of(cls, folder: Path) -> Site:
        """The site of that folder."""
        root = Root.of(folder)
        return cls(root, Shelf(root))

    async def read(self, work: Callable[..., T], *given: Any) -> T:
        """What a short look at the disk returns or raises, off the event loop."""
        return await asyncio.to_thread(work, *given)

    def typed(self, folder: Path | str) -> str:
        """A folder below the root as it is typed where the page was started."""
        return shlex.quote(os.path.relpath(self.root.path / folder))

    def stop(self) -> None:
        """Ends what watches and works, for good."""
        self.live.stopping = self.jobs.stopping = True
