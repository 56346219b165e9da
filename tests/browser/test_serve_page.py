"""The server's page in a browser: pictures are chosen or dropped and labelled; nothing of elsewhere is loaded."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.browser, pytest.mark.slow]
for _needed in ("onnxruntime", "onnx", "uvicorn", "httpx"):
    pytest.importorskip(_needed)

from tests.serving.made_export import make_export, picture  # noqa: E402
from tests.serving.running import Served, served  # noqa: E402

TOKEN = "a-token-of-the-tests"
_DROP = """([name, data]) => {
  const bytes = Uint8Array.from(atob(data), (each) => each.charCodeAt(0));
  const carried = new DataTransfer();
  carried.items.add(new File([bytes], name, { type: "image/png" }));
  document.dispatchEvent(new DragEvent("drop", { dataTransfer: carried, bubbles: true, cancelable: true }));
}"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server that wants a token."""
    with served(make_export(tmp_path_factory.mktemp("served") / "export"), "--token", TOKEN) as running:
        yield running


@pytest.fixture
def page(chromium: Any, server: Served) -> Iterator[Any]:
    """The page at 360 px, opened with the token in its address; at the end nothing was loaded from elsewhere."""
    heard: list[str] = []
    context = chromium.new_context(viewport={"width": 360, "height": 800})
    opened = context.new_page()
    opened.on("console", lambda message: heard.append(message.text))
    opened.on("pageerror", lambda error: heard.append(str(error)))
    opened.on("request", lambda asked: asked.url.startswith((server.url, "blob:")) or heard.append(asked.url))
    opened.goto(f"{server.url}/?token={TOKEN}")
    yield opened
    context.close()
    # The status of a refused picture is told by the browser too.
    assert [line for line in heard if "status of 415" not in line] == []


def test_chosen_and_dropped_pictures_get_their_labels(page: Any, server: Served, tmp_path: Path) -> None:
    import base64

    assert page.url == f"{server.url}/"  # the token has gone from the address
    named = "<img src=x onerror=alert(1)>.png"
    (tmp_path / named).write_bytes(picture((250, 10, 10)))
    (tmp_path / "no.png").write_bytes(b"no picture")
    page.set_input_files("#files", [tmp_path / named, tmp_path / "no.png"])
    page.locator("#told", has_text="2 pictures answered").wait_for()
    assert page.locator("#answers li").count() == 2
    assert page.locator("#answers .label").inner_text().startswith("red: 100")
    assert named in page.locator("#answers").inner_text()
    assert "not a JPEG" in page.locator("#answers .bad").inner_text()
    page.evaluate(_DROP, ["dropped.png", base64.b64encode(picture((10, 10, 250))).decode()])
    page.locator("#answers li:nth-child(3)").wait_for()
    assert page.locator("#answers .label").first.inner_text().startswith("blue: 100")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_the_description_reads_at_360_px(page: Any, server: Served) -> None:
    page.goto(f"{server.url}/docs")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert page.locator("h2").count() >= 8


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_pages_are_accessible(chromium: Any, server: Served, scheme: str, tmp_path: Path) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    context = chromium.new_context(color_scheme=scheme, bypass_csp=True, extra_http_headers={"x-token": TOKEN})
    opened = context.new_page()
    for path in ("/", "/docs"):
        opened.goto(server.url + path)
        if path == "/":
            (tmp_path / "red.png").write_bytes(picture((250, 10, 10), side=60))
            opened.set_input_files("#files", tmp_path / "red.png")
            opened.wait_for_selector("#answers .label")
        found = axe.run(opened)
        assert found.violations_count == 0, found.generate_report()
    context.close()
