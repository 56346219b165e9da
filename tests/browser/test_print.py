"""Pages on paper, without JavaScript, and as a screen reader goes through them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

import convwise
from convwise.report.study_page import study_page
from tests.made_run import HOSTILE, draw_pictures, make_run
from tests.report.study_cases import full_result
from tests.report.study_records_cases import records, with_others

pytestmark = pytest.mark.browser
NAMES = ("run", "many", "study", "data", "compare")
PAPER = 718  # px: what A4 leaves between Chromium's margins


@pytest.fixture(scope="module")
def pages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    place = tmp_path_factory.mktemp("print")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONVWISE_HOME", str(place / "home"))
        draw_pictures(place / "few", [name.replace("/", "∕") for name in HOSTILE], 8)
        draw_pictures(place / "more", [f"class {number:03}" for number in range(101)], 4)
        first, second = (make_run(place / f"run {seed}", place / "few", seed=seed) for seed in (1, 2))
        convwise.report(first, out=place / "run.html")
        convwise.report(make_run(place / "many", place / "more"), out=place / "many.html")
        convwise.report(place / "few", out=place / "data.html")
        convwise.compare(first, second, out=place / "compare.html")
    (place / "study.html").write_text(study_page(records(with_others(full_result()))), encoding="utf-8")
    return {name: place / f"{name}.html" for name in NAMES}


@pytest.mark.parametrize("scripts", [True, False])
@pytest.mark.parametrize("name", NAMES)
def test_on_paper_all_is_open_dark_on_white_and_nothing_is_cut(
    pages: dict[str, Path], opened: Callable[..., Any], name: str, scripts: bool
) -> None:
    page = opened(pages[name], width=PAPER, color_scheme="dark", java_script_enabled=scripts)
    page.emulate_media(media="print", color_scheme="dark")
    if scripts:  # what a browser says before it prints
        page.evaluate("dispatchEvent(new Event('beforeprint'))")
    colour = page.locator("h1").evaluate("element => getComputedStyle(element).color")
    assert sum(int(part) for part in colour.removeprefix("rgb(").removesuffix(")").split(",")) < 200
    for kind in ("#theme", "nav", "dialog", ".skip"):
        assert not any(each.is_visible() for each in page.locator(kind).all())
    cut = page.locator(".wide, .command").evaluate_all(
        "all => all.filter(each => each.checkVisibility() && each.getBoundingClientRect().left + each.scrollWidth"
        " > innerWidth + 1).map(each => each.getAttribute('aria-label') ?? each.textContent.slice(0, 60))"
    )
    assert cut == []
    broken = page.locator("thead th").evaluate_all(
        """heads => heads.filter(head => {
          const wanted = document.createElement("span");  // as wide as the longest word
          wanted.style = "position: absolute; visibility: hidden; width: min-content; overflow-wrap: normal";
          wanted.textContent = head.textContent;
          head.append(wanted);
          const style = getComputedStyle(head);
          const room = head.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
          const broken = head.checkVisibility() && !head.closest(".matrix") && wanted.offsetWidth > room + 1;
          wanted.remove();
          return broken;
        }).map(head => head.textContent)"""
    )
    assert broken == []
    closed = page.locator("details:not(.broad)").evaluate_all(
        "folds => folds.filter(fold => !fold.lastElementChild.checkVisibility({ contentVisibilityAuto: true })).length"
    )
    assert closed == 0


@pytest.mark.parametrize("name", NAMES)
def test_a_screen_reader_meets_one_title_headings_in_order_and_named_tables(
    pages: dict[str, Path], opened: Callable[..., Any], name: str
) -> None:
    page = opened(pages[name])
    page.evaluate("document.querySelectorAll('details').forEach(fold => { fold.open = true; })")
    levels = page.locator("h1, h2, h3, h4").evaluate_all("all => all.map(each => Number(each.tagName[1]))")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    unnamed = page.locator("table").evaluate_all(
        """tables => tables.filter(table => !(table.caption || table.closest("[aria-label]"))
            || !table.tHead?.querySelector("th[scope=col]")).map(table => table.outerHTML.slice(0, 200))"""
    )
    assert unnamed == []
    wordless = page.locator("img, svg[role=img]").evaluate_all(
        "all => all.filter(each => !(each.getAttribute('alt') || each.getAttribute('aria-label'))).length"
    )
    assert wordless == 0
    tree = page.locator("body").aria_snapshot()
    assert tree.index("heading") < tree.index("table")
    assert "main" in tree
