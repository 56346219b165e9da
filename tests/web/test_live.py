"""What a live part of a page shows while others are served first."""

from __future__ import annotations

import asyncio

import pytest

pytestmark = pytest.mark.extras
pytest.importorskip("uvicorn", reason="make test-extras installs it")

from convwise.errors import ConvwiseError  # noqa: E402
from convwise.web import live  # noqa: E402
from convwise.web.jobs import BusyError  # noqa: E402


def test_a_full_queue_is_waited_out_and_what_is_gone_is_the_last_news(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_SECONDS", 0.01)
    looks = [live.Shown("<p>one</p>"), BusyError("later"), live.Shown("<p>two</p>"), ConvwiseError("it is gone")]

    async def look() -> live.Shown:
        seen = looks.pop(0)
        if isinstance(seen, Exception):
            raise seen
        return seen

    async def sent() -> list[str]:
        return [bytes(each).decode() async for each in live.Live().stream(look).body_iterator]

    events = asyncio.run(sent())
    assert [each.splitlines()[0] for each in events] == ["event: news", "event: news", "event: over"]
    assert ["one" in events[0], "two" in events[1], "it is gone" in events[2]] == [True] * 3
