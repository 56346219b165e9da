"""A report in a real browser: nothing fails, nothing leaves the machine, what should open opens."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import convwise
from tests.made_run import HOSTILE, draw_pictures, make_run

pytestmark = pytest.mark.browser
MANY = [f"class {i:03}" for i in range(101)]
PAGES = {
    "hostile": ([name.replace("/", "∕") for name in HOSTILE], 12, {}),
    "two": (["ant", "bee"], 20, {"accuracy": 1.0}),
    "many": (MANY, 8, {}),
    "one epoch": (["ant", "bee", "cat"], 12, {"epochs": 1}),
}


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    place = tmp_path_factory.mktemp("reports")
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONVWISE_HOME", str(place / "home"))
        for name, (classes, per_class, options) in PAGES.items():
            draw_pictures(place / f"{name} data", classes, per_class)
            run = make_run(place / name, place / f"{name} data", **options)
            found[name] = convwise.report(run).path
    return found


@pytest.mark.parametrize("name", PAGES)
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_opens_without_an_error_and_fits_its_width(
    reports: dict[str, Path], opened: Callable[..., Any], name: str, width: int, scheme: str
) -> None:
    page = opened(reports[name], width=width, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("h1").inner_text()
    assert page.evaluate("document.images.length ? [...document.images].every(i => i.naturalWidth > 0) : true")


def test_a_cell_opens_its_pictures_by_mouse_and_by_keyboard(
    reports: dict[str, Path], opened: Callable[..., Any]
) -> None:
    page = opened(reports["one epoch"])
    cell = page.locator(".matrix a").first
    cell.click()
    assert page.locator("#viewer[open] img").count() >= 1
    page.keyboard.press("Escape")
    assert page.locator("#viewer[open]").count() == 0
    cell.focus()
    page.keyboard.press("Enter")
    assert page.locator("#viewer[open] img").count() >= 1


def test_the_table_of_classes_sorts_by_its_numbers(reports: dict[str, Path], opened: Callable[..., Any]) -> None:
    page = opened(reports["many"])
    table = page.locator("#classes table.sortable")
    read = "rows => rows.map(row => Number(row.cells[2].dataset.value ?? -1))"
    table.locator("th button", has_text="recall").click()
    falling = table.locator("tbody tr").evaluate_all(read)
    assert falling == sorted(falling, reverse=True)
    table.locator("th button", has_text="recall").click()
    assert table.locator("tbody tr").evaluate_all(read) == sorted(falling)
    assert table.locator("th[aria-sort]").count() == 1


def test_without_javascript_all_is_there(reports: dict[str, Path], opened: Callable[..., Any]) -> None:
    page = opened(reports["one epoch"], java_script_enabled=False)
    assert page.locator("details.fold[open]").count() >= 2
    page.locator(".matrix a").first.click()
    assert page.url.endswith("#cell-0-0")
    assert page.locator("#cell-0-0 img").first.is_visible()
    assert not page.locator("#theme").is_visible()


def test_the_theme_turns(reports: dict[str, Path], opened: Callable[..., Any]) -> None:
    page = opened(reports["two"], color_scheme="light")
    ground = "getComputedStyle(document.body).backgroundColor"
    before = page.evaluate(ground)
    page.locator("#theme").click()
    assert page.evaluate(ground) != before
    assert page.evaluate("document.documentElement.dataset.theme") == "dark"


@pytest.mark.parametrize("name", ["hostile", "one epoch"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_rule_of_accessibility_is_broken(
    reports: dict[str, Path], opened: Callable[..., Any], name: str, scheme: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="make test-extras installs it")
    page = opened(reports[name], color_scheme=scheme, bypass_csp=True)
    page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")
    found = axe.Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"][:200]) for each in found] == []
