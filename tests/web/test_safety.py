"""The page keeps to itself: who may ask, what an address names, what may be sent, and names that look like markup."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Iterator
from pathlib import Path

import pytest
from PIL import Image

from tests.made_run import HOSTILE, draw_pictures, make_run
from tests.web_client import HOST, TOKEN, Client, form, opened

pytestmark = pytest.mark.extras
pytest.importorskip("uvicorn", reason="make test-extras installs it")
SECRET = "the-secret-of-somebody"


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a run on classes of odd names, and secrets outside of it that links lead to."""
    outer = tmp_path_factory.mktemp("outer")
    inner = outer / "inner"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONVWISE_HOME", str(outer / "home"))
        draw_pictures(inner / "pictures", [name.replace("/", "∕") for name in HOSTILE], 12)
        make_run(inner / "runs" / "<img src=x onerror=alert(1)>", inner / "pictures")
        make_run(outer / "elsewhere", inner / "pictures", seed=1)
    (outer / "elsewhere" / "settings.json").rename(outer / "settings.json")
    text = (outer / "settings.json").read_text(encoding="utf-8").replace('"narrowresnet"', f'"{SECRET}"')
    (outer / "settings.json").write_text(text, encoding="utf-8")
    (outer / "elsewhere" / "settings.json").symlink_to(outer / "settings.json")
    (inner / "led out").symlink_to(outer / "elsewhere")
    (inner / "holds a link").mkdir()
    for name in ("split.json", "classes.json"):
        (inner / "holds a link" / name).write_bytes((outer / "elsewhere" / name).read_bytes())
    (inner / "holds a link" / "settings.json").symlink_to(outer / "settings.json")
    (inner / "round").symlink_to(inner / "round")
    return inner


@pytest.fixture
def client(place: Path) -> Iterator[Client]:
    with opened(place) as made:
        yield made


def test_without_the_token_nothing_is_shown_and_with_it_the_address_loses_it(client: Client) -> None:
    for cookie in ("", "convwise=wrong-token", f"other={TOKEN}"):
        assert client.get("/", cookie=cookie).status == 401
    first = client.get("/", query=f"token={TOKEN}", cookie="")
    assert (first.status, first.headers["location"]) == (303, "/")
    assert "HttpOnly" in first.headers["set-cookie"]
    assert "SameSite=Strict" in first.headers["set-cookie"]
    assert client.get("/").status == 200
    assert TOKEN not in client.get("/").body.decode()


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "evil.example"},
        {"host": "127.0.0.1.evil.example:8765"},
        {"origin": "http://evil.example"},
        {"origin": "null"},
        {"origin": f"https://{HOST}.evil.example"},
    ],
    ids=str,
)
def test_a_strange_host_or_origin_is_refused_though_the_token_is_known(client: Client, headers: dict[str, str]) -> None:
    assert client.get("/", **headers).status == 403
    assert client.post("/nearest/runs", [b""], **headers).status == 403


def test_no_answer_may_be_framed_read_by_others_or_load_from_elsewhere(client: Client) -> None:
    for path in ("/", "/data/", "/nothing", "/js/main.js", "/playground/"):
        headers = client.get(path).headers
        assert "access-control-allow-origin" not in headers
        policy = headers["content-security-policy"]
        assert policy.startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in policy
        assert "unsafe" not in policy
        assert "http" not in policy
        assert (headers["x-content-type-options"], headers["x-frame-options"]) == ("nosniff", "DENY")


@pytest.mark.parametrize(
    "path",
    [
        "/run/../elsewhere", "/run/%2e%2e/elsewhere", "/run/..%2felsewhere", "/run/runs/%2e%2e/%2e%2e/elsewhere",
        "/run//elsewhere", "/run/%2ftmp", "/run/led%20out", "/run/holds%20a%20link", "/run/round", "/run/%00",
        "/run/..%5celsewhere", "/run/" + "a/" * 2000, "/run/" + "x" * 5000, "/report/led%20out",
        "/predict/holds%20a%20link", "/pictures/../..", "/pictures/led%20out", "/js/../app.py", "/js/%2e%2e/app.py",
        "/data/..%2f..", "/study/led%20out", "/run-live/../elsewhere",
    ],
)  # fmt: skip
def test_an_address_leads_nowhere_outside_the_folder(client: Client, path: str) -> None:
    found = client.get(path)
    assert found.status == 404
    assert SECRET not in found.body.decode()


def test_a_link_out_of_the_folder_is_one_line_in_the_list(client: Client) -> None:
    text = client.get("/").body.decode()
    assert "settings.json is a link that leads out of the folder that is shown" in text
    assert SECRET not in text


def test_odd_names_are_text_wherever_they_stand(client: Client, place: Path) -> None:
    run = "/run/runs/%3Cimg%20src=x%20onerror=alert(1)%3E"
    for path in ("/", run, "/data/", run.replace("/run/", "/report/", 1), "/pictures/pictures"):
        text = client.get(path).body.decode()
        assert "<img src=x" not in text
        assert "<script>x=1" not in text
    assert client.get(run).status == 200


def test_an_upload_of_two_gigabytes_is_refused_when_it_is_announced_and_when_it_streams(client: Client) -> None:
    path = "/predict/runs/%3Cimg%20src=x%20onerror=alert(1)%3E"
    announced = client.post(path, [b"x"], **{"content-length": str(2 * 2**30)})
    assert (announced.status, announced.n_taken) == (413, 0)
    piece = bytes(2**20)
    streamed = client.post(path, (piece for _ in range(2048)))
    assert streamed.status == 413
    assert streamed.n_taken == 65  # MiB: one more than is allowed
    assert client.site.intake.held_bytes == 0


def test_bombs_and_broken_pictures_are_lines_and_cost_no_memory(client: Client) -> None:
    """The network is not asked for them: the run of this test has none."""
    path, query = "/predict/runs/%3Cimg%20src=x%20onerror=alert(1)%3E", "part"
    sent = form(("bomb.png", png_of(60_000, 60_000)), ("notes.txt", b"no picture"), ("half.png", picture()[:60]),
                (f"{HOSTILE[0]}.png", b""))  # fmt: skip
    found = client.ask(
        path, query=query, method="POST", pieces=[sent],
        headers={"origin": f"http://{HOST}", "content-type": "multipart/form-data; boundary=x"},
    )  # fmt: skip
    text = found.body.decode()
    assert found.status == 200
    assert "60000 x 60000 pixels, the limit is 50,000,000" in text
    assert "not a JPEG, PNG" in text
    assert text.count('class="warning"') == 4
    assert "<img" not in text


def test_too_many_pictures_and_what_is_no_form_are_refused(client: Client) -> None:
    path = "/predict/runs/%3Cimg%20src=x%20onerror=alert(1)%3E"
    assert client.post(path, [form(*[("a.png", picture())] * 17)]).status == 413
    assert client.post(path, [b"no form"]).status == 400
    assert client.post(path, [form()]).status in (400, 422)
    assert client.post("/run/runs", [b""]).status == 405
    assert client.ask("/", method="DELETE", headers={}).status == 405


def picture() -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (40, 30), (200, 30, 30)).save(made, "PNG")
    return made.getvalue()


def png_of(width: int, height: int) -> bytes:
    """A PNG whose head announces such a size, with rows of zeros that take few bytes."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    rows = zlib.compress(bytes(3 * 10**6), 9)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", rows) + chunk(b"IEND", b"")
