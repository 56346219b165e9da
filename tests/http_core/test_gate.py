"""The gate: no error leaves as it is, each answer has its headers, and bodies are bounded."""

from __future__ import annotations

from typing import Any

import pytest

pytestmark = pytest.mark.extras
pytest.importorskip("starlette")

from starlette.responses import JSONResponse  # noqa: E402

from convwise.http_core.access import Access  # noqa: E402
from convwise.http_core.bodies import Intake  # noqa: E402
from convwise.http_core.gate import Gate  # noqa: E402
from convwise.http_core.limits import Limits  # noqa: E402
from convwise.http_core.problems import Problem  # noqa: E402
from tests.http_core.asgi import ask  # noqa: E402

SECRET = "/home/somebody/model.onnx"


def _gate(limits: Limits = Limits(), **options: Any) -> Gate:  # noqa: B008 - a frozen record
    intake = Intake(limits)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        if scope["path"] == "/fails":
            raise ValueError(SECRET)
        if scope["path"] == "/refuses":
            raise Problem(422, "<b>no</b>")
        async with intake.body(scope, receive) as body:
            assert intake.held_bytes == len(body)
            answer = JSONResponse({"n": len(body)}, headers={"content-security-policy": "default-src 'self'"})
            await answer(scope, receive, send)
        assert intake.held_bytes == 0

    return Gate(app, Access(), **options)


def test_an_error_that_nobody_foresaw_is_a_bare_500_and_heard_in_full() -> None:
    heard: list[Any] = []
    answer = ask(_gate(heard=lambda *told: heard.append(told)), "/fails")
    assert answer.status == 500
    assert SECRET not in answer.body.decode()
    assert (heard[0][1], str(heard[0][3])) == (500, SECRET)


def test_an_error_is_json_for_programs_and_an_escaped_page_for_browsers() -> None:
    assert ask(_gate(), "/refuses").json() == {"error": "<b>no</b>", "status": 422}
    page = ask(_gate(), "/refuses", headers={"accept": "text/html,*/*"})
    assert page.headers["content-type"].startswith("text/html")
    assert b"&lt;b&gt;no&lt;/b&gt;" in page.body


def test_every_answer_keeps_itself_to_itself_and_a_policy_of_its_own_stands() -> None:
    for path in ("/fails", "/refuses", "/"):
        headers = ask(_gate(), path).headers
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["cross-origin-resource-policy"] == "same-origin"
        assert headers["referrer-policy"] == "no-referrer"
        assert "access-control-allow-origin" not in headers
    assert ask(_gate(), "/").headers["content-security-policy"] == "default-src 'self'"
    assert ask(_gate(), "/fails").headers["content-security-policy"].startswith("default-src 'none'")


def test_a_body_is_refused_at_the_piece_that_is_too_much_and_its_connection_ends() -> None:
    answer = ask(_gate(Limits(most_bytes=10, most_held_bytes=10)), method="POST", pieces=[b"x" * 4] * 10_000)
    assert (answer.status, answer.n_taken, answer.headers["connection"]) == (413, 3, "close")


def test_a_declared_length_that_is_too_much_is_refused_before_a_byte_is_taken() -> None:
    answer = ask(_gate(), method="POST", headers={"content-length": str(2**31)}, pieces=[b"x"] * 9)
    assert (answer.status, answer.n_taken) == (413, 0)
    assert ask(_gate(), method="POST", headers={"content-length": "-5"}).status == 400


def test_a_body_that_does_not_come_is_given_up() -> None:
    answer = ask(_gate(Limits(body_seconds=0.1)), method="POST", pieces=[b"x"], waits=True)
    assert (answer.status, answer.headers["connection"]) == (408, "close")


def test_bodies_of_all_requests_share_one_bound() -> None:
    intake = Intake(Limits(most_bytes=10, most_held_bytes=10))
    intake.held_bytes = 8  # of another request

    async def app(scope: Any, receive: Any, send: Any) -> None:
        async with intake.body(scope, receive):
            raise AssertionError

    answer = ask(Gate(app, Access()), method="POST", pieces=[b"x" * 5])
    assert (answer.status, answer.headers["retry-after"], intake.held_bytes) == (503, "1", 8)


def test_a_body_that_was_read_leaves_the_connection_open() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        async with Intake(Limits()).body(scope, receive):
            raise Problem(422, "no")

    answer = ask(Gate(app, Access()), method="POST", pieces=[b"x", b"y"])
    assert (answer.status, answer.headers.get("connection")) == (422, None)


def test_a_draining_server_ends_each_connection() -> None:
    gate = _gate()
    gate.draining = True
    assert ask(gate).headers["connection"] == "close"


def test_websockets_are_closed() -> None:
    import asyncio

    sent = []

    async def send(message: Any) -> None:
        sent.append(message["type"])

    asyncio.run(_gate()({"type": "websocket"}, None, send))
    assert sent == ["websocket.close"]
