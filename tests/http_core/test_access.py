"""Who may ask: host names, origins, the token in each of its places."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from convwise.errors import RequestError

pytestmark = pytest.mark.extras
pytest.importorskip("starlette")

from starlette.responses import PlainTextResponse  # noqa: E402

from convwise.http_core.access import LOOPBACK, Access, is_loopback, new_token  # noqa: E402
from convwise.http_core.gate import Gate  # noqa: E402
from tests.http_core.asgi import ask  # noqa: E402

TOKEN = "correct-horse"


async def _hello(scope: Any, receive: Any, send: Any) -> None:
    await PlainTextResponse("hello")(scope, receive, send)


def _status(access: Access, method: str = "GET", query: str = "", path: str = "/", **headers: str) -> int:
    given: Mapping[str, str] = {name.replace("_", "-"): value for name, value in headers.items()}
    return ask(Gate(_hello, access), path, method=method, headers=given, query=query).status


@pytest.mark.parametrize("host", ["localhost", "localhost:8000", "127.0.0.1:1", "[::1]:8000", "LOCALHOST"])
def test_this_machine_is_reached_under_its_own_names(host: str) -> None:
    assert _status(Access(LOOPBACK), host=host) == 200


@pytest.mark.parametrize(
    "host", ["evil.example", "localhost.evil.example", "evil.example:8000", "", "127.0.0.1.nip.io", "a@localhost:x"]
)
def test_a_name_that_leads_here_from_elsewhere_is_refused(host: str) -> None:
    assert _status(Access(LOOPBACK), host=host) == 403


def test_two_host_headers_that_differ_are_refused() -> None:
    async def both(scope: Any, receive: Any, send: Any) -> None:
        scope["headers"] = [(b"host", b"localhost"), (b"host", b"evil.example")]
        await Gate(_hello, Access(LOOPBACK))(scope, receive, send)

    assert ask(both).status == 403


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://localhost:9000", "", "file://", "http://["])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_a_page_of_another_origin_is_refused(origin: str, method: str) -> None:
    assert _status(Access(LOOPBACK), method, origin=origin) == 403
    assert _status(Access(LOOPBACK), method, origin="http://localhost:8000") == 200


def test_a_form_of_another_site_is_refused_where_a_browser_says_so() -> None:
    assert _status(Access(LOOPBACK), "POST", sec_fetch_site="cross-site") == 403
    assert _status(Access(LOOPBACK), "POST", sec_fetch_site="same-origin") == 200
    assert _status(Access(LOOPBACK), "GET", sec_fetch_site="cross-site") == 200  # a link that was followed


def test_the_token_counts_in_every_place_and_nothing_else_does() -> None:
    access = Access(None, TOKEN, frozenset({"/healthz"}))
    assert _status(access) == 401
    assert _status(access, path="/healthz") == 200
    assert _status(access, authorization=f"Bearer {TOKEN}") == 200
    assert _status(access, x_token=TOKEN) == 200
    assert _status(access, cookie=f"other=1; convwise={TOKEN}") == 200
    assert _status(access, query=f"token={TOKEN}") == 200
    assert _status(access, "POST", query=f"token={TOKEN}") == 401  # an address is kept in logs
    for wrong in (f"Basic {TOKEN}", "Bearer", f"Bearer {TOKEN}x", f"Bearer {TOKEN[:-1]}", "Bearer ü"):
        assert _status(access, authorization=wrong) == 401
    assert _status(access, cookie=f"convwise-1={TOKEN}") == 401


@pytest.mark.parametrize("other", ['seen={"x":1}', "odd name=1", "=", '"', "a=b,c; ; d"])
def test_a_cookie_of_another_server_on_this_machine_does_not_hide_the_token(other: str) -> None:
    assert _status(Access(None, TOKEN), cookie=f"{other}; convwise={TOKEN}") == 200
    assert _status(Access(None, TOKEN), cookie=f"convwise={TOKEN}; {other}") == 200


def test_the_address_without_the_token_names_the_same_page() -> None:
    async def odd(scope: Any, receive: Any, send: Any) -> None:
        scope |= {"path": "/run/a?b%2F\udcff", "raw_path": b"/run/a%3Fb%252F%FF"}
        await Gate(_hello, Access(None, TOKEN))(scope, receive, send)

    answer = ask(odd, headers={"accept": "text/html"}, query=f"token={TOKEN}")
    assert (answer.status, answer.headers["location"]) == (303, "/run/a%3Fb%252F%FF")


def test_the_token_leaves_a_pages_address_for_a_cookie_that_scripts_and_other_sites_do_not_get() -> None:
    gate = Gate(_hello, Access(None, TOKEN))
    answer = ask(gate, "/runs", headers={"accept": "text/html"}, query=f"token={TOKEN}&a=1%202")
    assert (answer.status, answer.headers["location"]) == (303, "/runs?a=1+2")
    assert answer.headers["set-cookie"] == f"convwise={TOKEN}; Path=/; HttpOnly; SameSite=Strict"
    elsewhere = ask(gate, "//evil.example/", headers={"accept": "text/html"}, query=f"token={TOKEN}")
    assert elsewhere.headers["location"].startswith("/evil.example")
    assert ask(gate, headers={"accept": "text/html"}, query="token=wrong-token").status == 401


@pytest.mark.parametrize("token", ["", "short", "with space", "semi;colon-x", "x" * 257, "umlautüüüü"])
def test_a_token_that_a_header_or_a_cookie_cannot_hold_is_refused(token: str) -> None:
    with pytest.raises(RequestError, match=r"^token=: it must be 8 to 256"):
        Access(token=token)


def test_a_record_does_not_show_its_token() -> None:
    assert TOKEN not in repr(Access(token=TOKEN))
    assert Access(token=new_token()).knows("") is False


def test_loopback_is_told_from_addresses_that_others_reach() -> None:
    assert all(map(is_loopback, ("127.0.0.1", "127.8.8.8", "::1", "[::1]", "localhost")))
    assert not any(map(is_loopback, ("0.0.0.0", "::", "192.168.0.1", "example.org", "")))
