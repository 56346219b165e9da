"""The page of a study: its first sentence, every value under its own verdict, and one safe file."""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import replace

import pytest

from convwise.report.study_axis import Axis
from convwise.report.study_headline import headline
from convwise.report.study_marks import mark_of
from convwise.report.study_page import study_page
from convwise.report.study_records import Bought
from convwise.study.result import Interval, Reason, StudyResult
from tests.made_run import HOSTILE
from tests.report.pages import Elements, rows_of_axis
from tests.report.study_cases import ACTIVITY, FILTERS, GROUPS, KERNEL, RULE, full_result, level, result, verdict
from tests.report.study_records_cases import hostile, records, with_others

BOUGHT = Bought(15.0, None, 2, 6, 12.0, 60.0, 9)
SYMBOLS = {"set it": "▲", "keep it": "▼", "free choice": "■", "early only": "◆", "undecided": "○"}


def test_the_first_sentence_says_what_to_set_to_leave_and_what_is_open() -> None:
    assert headline(full_result(), BOUGHT) == (
        "Set kernel_size=5 (+1.56 points, +0.34 to +2.79; x1.80 of the time); leave filters, groups, use_bias, 1 of "
        "them by rule; not settled: activity_regularizer (about 14 more blocks, at most 14 min)."
    )


@pytest.mark.parametrize(
    ("verdicts", "says"),
    [
        ((GROUPS, FILTERS), "Set nothing: no change is confirmed to gain; leave groups, filters; nothing is left "
                            "unsettled."),
        ((ACTIVITY,), "Set nothing: no change is confirmed to gain; not settled: activity_regularizer (about 14 more "
                      "blocks, at most 14 min)."),
        ((replace(ACTIVITY, reason=Reason("open")),), "Set nothing: no change is confirmed to gain; not settled: "
                                                      "activity_regularizer, out of reach."),
    ],
)  # fmt: skip
def test_it_says_so_where_nothing_is_to_be_set_or_nothing_is_settled(verdicts: tuple, says: str) -> None:  # type: ignore[type-arg]
    assert headline(result(*verdicts), BOUGHT) == says


def test_a_quick_look_says_nothing_of_setting() -> None:
    said = headline(replace(full_result(), quick=True), BOUGHT)
    assert said.startswith("Estimates of 4 parameters from short trainings, and no verdicts")


@pytest.mark.parametrize(
    "whole", [full_result(), with_others(full_result()), replace(full_result(), metric="log_loss")]
)
def test_no_row_shows_an_effect_under_another_value_s_verdict(whole: StudyResult) -> None:
    """What is drawn is read off the drawing again, and compared with the record of the value that the row names."""
    drawn = {(row.parameter, row.value): row for row in rows_of_axis(study_page(records(whole)))}
    tried = {(v.parameter, one.value): one for v in whole.verdicts for one in v.all_tried}
    assert drawn.keys() == tried.keys()
    for key, row in drawn.items():
        level, effect = tried[key], tried[key].effect
        assert effect is not None
        assert (row.estimate, row.low, row.high) == pytest.approx((effect.estimate, effect.low, effect.high), abs=1e-3)
        assert f"{SYMBOLS[level.verdict]} {level.verdict}" in row.words
        others = [word for word in SYMBOLS if word != level.verdict and word in row.words]
        assert not others
        assert f"{effect.estimate:+.2f}" in row.words
        assert row.tone == mark_of(level.verdict, effect).tone


def test_the_curves_and_the_trade_off_have_each_value_s_own_verdict() -> None:
    page = study_page(records(full_result()))
    said = " ".join(re.findall(r'role="img" aria-label="([^"]*)"', page))
    assert "filters: x0.5: -2.8, keep it; 32/64 (own): +0, unchanged; x2: +0.4, undecided." in said
    assert "kernel_size: 3 (own): +0, unchanged; 5: +1.56, set it." in said
    assert "kernel_size: 5 (own): +0, unchanged; 7, after kernel_size=5: +0.2, free choice." in said
    assert "1 other beaten" in said


def test_blue_is_better_orange_is_worse_and_gray_is_the_rest() -> None:
    loses, small = Interval(-2, -3, -1, 6), Interval(0.1, -0.5, 0.7, 6)
    assert mark_of("set it", Interval(2, 1, 3, 6)).tone == "better"
    assert mark_of("keep it", loses).tone == "worse"
    assert {mark_of(kind, small).tone for kind in ("keep it", "free choice", "early only", "undecided", None)} == {
        "same"
    }
    marks = [mark_of(kind, small) for kind in ("set it", "keep it", "free choice", "early only", "undecided")]
    assert len({each.symbol for each in marks}) == len({each.word for each in marks}) == 5


def test_the_axis_is_one_line_for_all() -> None:
    axis = Axis.of([Interval(1, 0, 2, 3), None, Interval(-1, -4, 0, 3)], 1.0, [2.5])
    assert axis.low < -4 < 2.5 < axis.high
    place = [float(axis.place(value).rstrip("%")) for value in (-1, 0, 1)]
    assert place[2] - place[1] == pytest.approx(place[1] - place[0], abs=0.01)
    assert float(axis.width(-1, 1).rstrip("%")) == pytest.approx(place[2] - place[0], abs=0.01)


def test_a_quick_look_has_no_verdict_in_any_row() -> None:
    page = study_page(records(replace(full_result(), quick=True, confirmations=(), recommended=())))
    assert not [row for row in rows_of_axis(page) for word in SYMBOLS if word in row.words]
    assert {row.tone for row in rows_of_axis(page)} == {"same"}
    assert not [symbol for symbol in SYMBOLS.values() if symbol in page.partition('<section id="method">')[0]]
    assert "A quick look confirms nothing." in page


def test_what_fresh_blocks_said_stands_block_by_block() -> None:
    page = study_page(records(full_result()))
    confirmed = page.partition('<section id="confirmed">')[2].partition("</section>")[0]
    assert confirmed.count('<circle class="block"') == 3 * 5 - 1  # one of them failed
    assert re.findall(r'<th scope="row"><bdi>(\d)</bdi></th>', confirmed) == ["4", "5", "6", "7", "8"]
    assert "failed" in confirmed
    bare = study_page(records(full_result(), fresh=(), why_no_fresh="the pictures are gone"))
    assert "The single blocks are not shown: the pictures are gone." in bare


def test_each_section_says_so_where_it_is_empty() -> None:
    text = Elements(study_page(records(result(GROUPS, control=None)))).text
    for words in (
        "There is no curve",
        "Nothing was nominated",
        "There was no control",
        "No training failed",
        "There is nothing to change",
        "is not known",
    ):
        assert words in text
    assert "rules settle every parameter" in Elements(study_page(records(result(RULE)))).text


def test_failures_scripts_and_other_images_are_told() -> None:
    text = Elements(study_page(records(with_others(full_result())))).text
    for words in (
        "out of memory",
        "Conv2D(..., kernel_size=5)",
        "times as wide (median)",
        "--from-study",
        "-0.16 to +3.29",
    ):
        assert words in text


def test_hostile_names_and_values_are_text_everywhere() -> None:
    elements = Elements(study_page(hostile()))
    assert sum(tag == "script" for tag, _ in elements.found) == 1
    assert not [tag for tag, _ in elements.found if tag == "img"]
    assert not [attrs for _, attrs in elements.found if any(name.startswith("on") for name in attrs)]
    for name in HOSTILE:
        assert name.strip() in elements.text


def test_the_policy_allows_just_the_style_and_the_script_that_it_holds() -> None:
    elements = Elements(study_page(records(full_result())))
    policy = next(attrs["content"] for tag, attrs in elements.found if attrs.get("http-equiv"))
    for tag in ("style", "script"):
        digest = base64.b64encode(hashlib.sha256(elements.contents[tag].encode()).digest()).decode()
        assert f"{tag}-src 'sha256-{digest}'" in policy
    assert not [tag for tag, attrs in elements.found if "style" in attrs]
    assert all(attrs.get("href", "#").startswith("#") for _, attrs in elements.found)


def test_every_link_leads_to_a_place() -> None:
    elements = Elements(study_page(records(full_result())))
    places = [attrs["id"] for _, attrs in elements.found if "id" in attrs]
    assert len(places) == len(set(places))
    assert {attrs["href"][1:] for tag, attrs in elements.found if tag == "a"} <= set(places)


def test_a_parameter_s_sentence_is_the_terminal_s() -> None:
    from convwise.report.study_words import in_words

    whole = result(KERNEL, FILTERS, GROUPS, ACTIVITY)
    text = Elements(study_page(records(replace(whole, recommended=())))).text
    for said in in_words(whole)["verdicts"].values():
        assert said in text


def test_a_failed_value_says_how_often() -> None:
    failing = verdict(level("groups=2", None, failures=2), "1", Reason("fails", "out of memory"))
    assert "2 trainings failed" in Elements(study_page(records(result(failing)))).text
