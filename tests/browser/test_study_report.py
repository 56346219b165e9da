"""The pages of a study and of pictures in a real browser: nothing fails, nothing leaves, all fits and can be read."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

import convwise
from convwise.report.study_page import study_page
from tests.made_run import HOSTILE, draw_pictures
from tests.report.study_cases import full_result
from tests.report.study_records_cases import hostile, records, with_others
from tests.tampering import OLD_RECORDS

pytestmark = pytest.mark.browser
NAMES = ("full", "quick", "hostile", "earlier", "pictures")


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    place = tmp_path_factory.mktemp("pages")
    quick = replace(full_result(), quick=True, confirmations=(), recommended=(), recommended_settings=())
    made = {"full": records(with_others(full_result())), "quick": records(quick), "hostile": hostile()}
    for name, each in made.items():
        (place / f"{name}.html").write_text(study_page(each), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONVWISE_HOME", str(place / "home"))
        convwise.report(OLD_RECORDS / "study", out=place / "earlier.html")
        data = place / "data"
        draw_pictures(data, [name.replace("/", "∕") for name in HOSTILE], 8)
        first = sorted(path for path in data.rglob("*.jpg"))
        shutil.copy(first[0], data / HOSTILE[2] / "same.jpg")
        convwise.report(data, out=place / "pictures.html")
    return {name: place / f"{name}.html" for name in NAMES}


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_page_opens_without_an_error_and_fits_its_width(
    pages: dict[str, Path], opened: Callable[..., Any], name: str, width: int, scheme: str
) -> None:
    page = opened(pages[name], width=width, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("h1").inner_text()
    assert page.evaluate("[...document.images].every(i => i.naturalWidth > 0)")


@pytest.mark.parametrize("width", [360, 1280])
def test_all_rows_share_one_axis(pages: dict[str, Path], opened: Callable[..., Any], width: int) -> None:
    """Zero is at the same place on the screen in every row, and so are the edges of the band."""
    page = opened(pages["full"], width=width)
    places = "lines => lines.map(line => Math.round(line.getBoundingClientRect().left))"
    zeros = page.locator("#parameters .axisrow .zero").evaluate_all(places)
    assert len(zeros) == 6
    assert len(set(zeros)) == 1
    assert len(set(page.locator("#parameters .axisrow .band").evaluate_all(places))) == 1
    heights = page.locator("#parameters td.axis").evaluate_all(
        "cells => cells.map(cell => cell.clientHeight - cell.querySelector('svg').getBoundingClientRect().height)"
    )
    assert max(map(abs, heights)) <= 1.5


def test_a_mark_stands_in_the_middle_of_its_row(pages: dict[str, Path], opened: Callable[..., Any]) -> None:
    page = opened(pages["full"])
    off = page.locator("#parameters td.axis").evaluate_all(
        """cells => cells.map(cell => {
            const a = cell.getBoundingClientRect(), b = cell.querySelector(".mark").getBoundingClientRect();
            return a.top + a.height / 2 - b.top - b.height / 2;
        })"""
    )
    assert max(map(abs, off)) < 3


def test_it_is_read_without_javascript_and_printed_unfolded(
    pages: dict[str, Path], opened: Callable[..., Any], tmp_path: Path
) -> None:
    page = opened(pages["full"], java_script_enabled=False)
    assert page.locator("#parameters tr.value").count() == 6
    assert not page.locator("#theme").is_visible()
    page.emulate_media(media="print")
    assert not page.locator("nav").is_visible()


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_no_rule_of_accessibility_is_broken(
    pages: dict[str, Path], opened: Callable[..., Any], name: str, scheme: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="make test-extras installs it")
    page = opened(pages[name], color_scheme=scheme, bypass_csp=True)
    page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")
    found = axe.Axe().run(page).response["violations"]
    assert [(each["id"], each["nodes"][0]["html"][:200]) for each in found] == []
