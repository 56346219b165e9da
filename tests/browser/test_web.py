"""The page in a real browser: data, a training and a study watched as they go on, a report, a picture dropped."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from convwise.locks import locked
from tests.conftest import home_with_shapes
from tests.made_run import HOSTILE, draw_pictures, make_run

pytestmark = pytest.mark.browser
pytest.importorskip("uvicorn", reason="make test-extras installs it")
OLD = Path(__file__).parents[1] / "old_records"
PAGES = ("/", "/data/", "/run/runs/odd", "/run/runs/begun", "/study/whole-study", "/predict/runs/odd", "/run/nowhere")
PATIENCE = 180_000  # ms: a network is loaded, on a machine that has other work
SEEN = """() => { globalThis.seen = [];
  new MutationObserver(() => seen.push(document.querySelector('h1').textContent))
    .observe(document.querySelector('live-part'), { childList: true, subtree: true }); }"""
DROP = """async ([bytes, name]) => { const given = new DataTransfer();
  given.items.add(new File([new Uint8Array(bytes)], name, { type: 'image/png' }));
  document.body.dispatchEvent(new DragEvent('drop', { dataTransfer: given, bubbles: true, cancelable: true })); }"""


@dataclass(frozen=True)
class Served:
    """The page's folder, its process's environment, its address, and the same with the token."""

    folder: Path
    environment: dict[str, str]
    base: str
    address: str

    def begin(self, *arguments: str) -> subprocess.Popen[str]:
        """`convwise ARGUMENTS`, begun in the folder."""
        return subprocess.Popen(
            [sys.executable, "-m", "convwise", *arguments],
            cwd=self.folder, env=self.environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
        )  # fmt: skip


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    home, place = home_with_shapes(tmp_path_factory), tmp_path_factory.mktemp("served")
    shutil.copytree(OLD / "pictures", place / "pictures")
    shutil.copytree(OLD / "whole-study", place / "whole-study")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONVWISE_HOME", str(home))
        draw_pictures(place / "odd", [name.replace("/", "∕") for name in HOSTILE], 12)
        make_run(place / "runs" / "odd", place / "odd")
        begun = make_run(place / "runs" / "begun", place / "odd", seed=1).folder
    (begun / "run.json").unlink()
    root = str(Path(__file__).parents[2])
    environment = {**os.environ, "CONVWISE_HOME": str(home), "PYTHONPATH": root}
    page = Served(place, environment, "", "").begin("web", "--port", "0")
    assert page.stdout is not None
    address = page.stdout.readline().split()[1]
    yield Served(place, environment, address.partition("/?")[0], address)
    page.terminate()
    assert page.wait(30) == 0
    page.stdout.close()


@pytest.fixture
def visited(chromium: Any, served: Served) -> Iterator[Callable[..., Any]]:
    """Opens the page as a reader does. At the end: no error in the console, and nothing was asked of another server."""
    heard: list[str] = []
    contexts = []

    def visits(path: str = "/", *, width: int = 1280, **options: Any) -> Any:
        context = chromium.new_context(viewport={"width": width, "height": 900}, **options)
        contexts.append(context)
        page = context.new_page()
        page.on("console", lambda message: heard.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: heard.append(f"error: {error}"))
        known = (f"{served.base}/", "data:", "blob:")
        page.on("request", lambda request: None if request.url.startswith(known) else heard.append(request.url))
        page.set_default_timeout(PATIENCE)
        page.goto(served.address)
        page.goto(served.base + path)
        return page

    yield visits
    for context in contexts:
        context.close()
    expected = "console: Failed to load resource: the server responded with a status of 404 (Not Found)"  # /run/nowhere
    assert [each for each in heard if each != expected] == []


def test_a_walk_from_the_data_to_a_training_its_report_a_picture_and_a_study(
    served: Served, visited: Callable[..., Any]
) -> None:
    page = visited("/data/")
    page.get_by_role("link", name="shapes", exact=True).click()
    page.wait_for_selector("#samples img")
    assert "320 images in 8 classes" in page.locator("h1").inner_text()

    page.goto(f"{served.base}/")
    asked = ("train", "shapes", "--net", "simple", "--size", "16", "--epochs", "29", "--out", "runs/shapes", "--quiet")
    with served.begin(*asked) as training:
        page.get_by_role("link", name="runs/shapes").wait_for()  # it appears by itself
        training.send_signal(signal.SIGSTOP)  # a slow browser has time to open it
        page.get_by_role("link", name="runs/shapes").click()
        page.wait_for_selector("live-part[src^='/run-live/']")
        page.evaluate(SEEN)
        training.send_signal(signal.SIGCONT)
        page.wait_for_function("() => document.querySelector('h1').textContent.includes('test images are right')")
        headlines = dict.fromkeys(page.evaluate("seen"))
        assert sum(line.startswith("Epoch") for line in headlines) >= 2
        assert page.locator(".chart circle").count() >= 24
        training.communicate()
    assert training.returncode == 0

    page.get_by_role("link", name="Its report").click()
    page.wait_for_selector("#mistakes")
    page.go_back()

    page.goto(f"{served.base}/predict/runs/shapes")
    picture = Path(served.environment["CONVWISE_HOME"]) / "data/shapes/star/star_0000.png"
    page.evaluate(DROP, [list(picture.read_bytes()), HOSTILE[0] + ".png"])
    page.wait_for_selector(".found .top")
    assert page.locator(".found h2").inner_text().startswith(HOSTILE[0])
    assert page.locator(".found img").evaluate_all("all => all.map(i => i.naturalWidth > 0)") == [True, True]
    assert page.locator(".found .top tbody tr").count() == 5

    page.get_by_role("button", name="Find them").click()
    page.wait_for_selector("text=Beside each answer")
    page.locator("#pictures").set_input_files(picture)
    page.get_by_role("button", name="Predict", exact=True).click()
    page.wait_for_selector(".found .pictures img")
    assert page.locator(".found .pictures img").count() == 5

    plain = visited("/predict/runs/shapes", java_script_enabled=False)
    plain.locator("#pictures").set_input_files(picture)
    plain.get_by_role("button", name="Predict", exact=True).click()
    assert plain.locator(".found .pictures img").count() == 5


def test_a_study_is_watched_as_its_blocks_come_in(served: Served, visited: Callable[..., Any]) -> None:
    """The journal of a real study, written again step by step by who holds its lock."""
    place = served.folder / "studies" / "again"
    place.mkdir(parents=True)
    lines = (OLD / "whole-study" / "trials.jsonl").read_bytes().splitlines(keepends=True)
    for name in ("study.json", "plan.json", "quick.json"):
        shutil.copy(OLD / "whole-study" / name, place)
    heading = "text => document.querySelector('h1').textContent.includes(text)"
    with locked(place, "study"):
        page = visited("/study/studies/again")
        assert "It goes on now" in page.locator(".state").inner_text()
        for n, said in ((14, "2 trainings so far"), (24, "after 2 blocks"), (30, "after 3 blocks")):
            (place / "trials.jsonl").write_bytes(b"".join(lines[:n]) + lines[n][:30])
            page.wait_for_function(heading, arg=said)
        assert page.locator(".effects tr.value").count() >= 3
        assert page.locator("#blocks tbody tr").count() == 3
        assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    shutil.copy(OLD / "whole-study" / "trials.jsonl", place)
    shutil.copy(OLD / "whole-study" / "result.json", place)
    page.wait_for_selector("text=Its report")


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_page_fits_its_width_and_no_rule_of_accessibility_is_broken(
    served: Served, visited: Callable[..., Any], width: int, scheme: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="make test-extras installs it")
    page = visited(width=width, color_scheme=scheme, bypass_csp=True)
    for path in PAGES:
        page.goto(served.base + path)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, path
        found = axe.Axe().run(page).response["violations"]
        assert [(each["id"], each["nodes"][0]["html"][:200]) for each in found] == [], path


def test_the_theme_that_is_chosen_holds_on_the_next_page(served: Served, visited: Callable[..., Any]) -> None:
    page = visited("/", color_scheme="light")
    page.locator("#theme").click()
    page.wait_for_function("() => document.cookie.includes('theme=dark')")
    page.get_by_role("link", name="Data", exact=True).click()
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"
    assert page.locator("#theme").inner_text() == "Light"


def test_without_javascript_and_by_keyboard_alone_runs_can_be_compared(
    served: Served, visited: Callable[..., Any]
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONVWISE_HOME", served.environment["CONVWISE_HOME"])
        make_run(served.folder / "runs" / "odd two", served.folder / "odd", seed=2)
    page = visited("/", java_script_enabled=False)
    ticked = 0
    for _ in range(60):
        page.keyboard.press("Tab")
        kind, said = page.evaluate("[document.activeElement.type, document.activeElement.textContent]")
        if kind == "checkbox" and ticked < 2:
            page.keyboard.press("Space")
            ticked += 1
        elif said == "Compare":
            page.keyboard.press("Enter")
            break
    page.wait_for_selector("#differences")
    assert "points" in page.locator("h1").inner_text()
