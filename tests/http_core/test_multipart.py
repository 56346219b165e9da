"""Files of a form, against what another library writes, and forms that lie."""

from __future__ import annotations

import random

import pytest

pytestmark = pytest.mark.extras
pytest.importorskip("starlette")
httpx = pytest.importorskip("httpx")

from convwise.http_core.multipart import Upload, uploads  # noqa: E402
from convwise.http_core.problems import Problem  # noqa: E402

_FILES = [("files", ("a.jpg", b"\r\n--x\r\n\0\xff" * 50)), ("files", ('ü "q".png', b"")), ("other", ("b", b"--" * 999))]


def _form() -> tuple[bytes, str]:
    request = httpx.Request("POST", "http://h/", files=_FILES, data={"field": "value"})
    return request.read(), request.headers["content-type"]


def test_a_form_that_httpx_writes_is_read_back() -> None:
    body, content_type = _form()
    found = uploads(body, content_type, 10)
    assert [(each.field, each.data) for each in found] == [(field, data) for field, (_, data) in _FILES]
    assert found[0] == Upload("files", "a.jpg", _FILES[0][1][1])


def test_more_parts_than_allowed_are_refused() -> None:
    body, content_type = _form()
    assert len(uploads(body, content_type, 4)) == 3
    with pytest.raises(Problem, match="more than 3 parts") as told:
        uploads(body, content_type, 3)
    assert told.value.status == 413


@pytest.mark.parametrize(
    "content_type",
    ["multipart/form-data", "multipart/form-data; boundary=", "multipart/form-data; boundary=" + "x" * 999],
)
def test_a_form_without_a_boundary_is_refused(content_type: str) -> None:
    with pytest.raises(Problem) as told:
        uploads(b"--x--", content_type, 10)
    assert told.value.status == 400


def test_a_spoiled_form_is_files_or_a_problem_of_the_clients() -> None:
    body, content_type = _form()
    rng = random.Random(1)
    refused = []
    for _ in range(500):
        at = rng.randrange(len(body))
        spoiled = rng.choice([body[:at], body[:at] + rng.randbytes(3) + body[at + 3 :], body[at:], body[:at] * 2])
        try:
            uploads(spoiled, content_type, 10)
        except Problem as problem:
            refused.append(problem.status)
    assert len(refused) > 100
    assert set(refused) <= {400, 413}


def test_a_form_that_is_cut_off_is_refused() -> None:
    body, content_type = _form()
    for n in range(0, len(body) - 4, 7):
        with pytest.raises(Problem):
            uploads(body[:n], content_type, 10)
