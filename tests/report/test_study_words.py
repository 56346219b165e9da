"""What is said of a study: a sentence for every reason, in the metric's units, and no more than the interval bears."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import get_args

import pytest

from convwise.report.study_numbers import effect_numbers
from convwise.report.study_words import (
    confirmation_lines,
    control_lines,
    first_lines,
    in_words,
    last_lines,
    recommendation_lines,
    sentence,
)
from convwise.study.result import ConfirmationResult, ConfirmedArm, Interval, Kind, Reason, ReasonKind, StudyResult
from convwise.study.verdict import KINDS, Verdict
from tests.report.study_cases import FILTERS, GROUPS, KERNEL, full_result, level, result, verdict

SEEN = (0.3, -0.9, 1.5)


@pytest.mark.parametrize(
    ("reason", "kind", "effect", "said"),
    [
        (Reason("confirmed"), "set it", (2.0, 0.5, 3.5),
         "set it to valid: +2.00 points (+0.50 to +3.50) in 6 fresh whole trainings each"),
        (Reason("loses"), "keep it", (-2.0, -3.5, -0.5),
         "keep same: valid loses: -2.00 points (-3.50 to -0.50) in 6 whole trainings each"),
        (Reason("no gain"), "keep it", (-0.5, -1.5, 0.5),
         "keep same: valid gains less than 1 point: -0.50 points (-1.50 to +0.50) in 6 whole trainings each"),
        (Reason("equal"), "free choice", (0.1, -0.5, 0.7),
         "same and valid differ by less than 1 point: +0.10 points (-0.50 to +0.70) in 6 whole trainings each"),
        (Reason("equal and cheaper"), "free choice", (0.1, -0.5, 0.7),
         "take valid: it saves and differs from same by less than 1 point: +0.10 points (-0.50 to +0.70) in 6 whole "
         "trainings each"),
        (Reason("fails", "out of memory"), "keep it", None,
         "keep same: 2 trainings with valid failed (out of memory)"),
        (Reason("fails", "out of memory"), "undecided", SEEN,
         "undecided: 2 trainings with valid failed (out of memory), so it can be neither set nor free: +0.30 points "
         "(-0.90 to +1.50) in 6 whole trainings each"),
        (Reason("early only"), "early only", (0.1, -0.5, 0.7),
         "keep same: valid gained early in training, and nothing was left of it at the end: +0.10 points (-0.50 to "
         "+0.70) in 6 whole trainings each"),
        (Reason("open", more_blocks=14), "undecided", SEEN,
         "undecided: valid may gain 1 point or more: +0.30 points (-0.90 to +1.50) in 6 whole trainings each; about 14 "
         "more blocks would settle it"),
        (Reason("open", more_blocks=1), "undecided", (0.0, -1.5, 1.5),
         "undecided: valid may gain or lose 1 point or more: 0.00 points (-1.50 to +1.50) in 6 whole trainings each; "
         "about 1 more block would settle it"),
        (Reason("open"), "undecided", (0.9, -1.5, 3.3),
         "undecided: valid may gain or lose 1 point or more: +0.90 points (-1.50 to +3.30) in 6 whole trainings each; "
         "settling it is out of reach"),
        (Reason("open"), "undecided", None, "undecided: valid was not trained often enough for an interval"),
        (Reason("not confirmed", more_blocks=3), "undecided", SEEN,
         "undecided: valid seemed to gain, and fresh blocks did not confirm it; over all blocks +0.30 points (-0.90 to "
         "+1.50) in 6 whole trainings each; about 3 more blocks would settle it"),
        (Reason("quick look"), "undecided", SEEN,
         "an estimate, no verdict: valid +0.30 points (-0.90 to +1.50) in 6 whole trainings each"),
        (Reason("too few images"), "undecided", SEEN,
         "undecided: valid: one of the 56 images that judge in each block is worth 1.8 points, more than 1 point; it "
         "takes at least 100 of them: +0.30 points (-0.90 to +1.50) in 6 whole trainings each"),
    ],
)  # fmt: skip
def test_each_reason_is_one_plain_sentence(
    reason: Reason, kind: Kind, effect: tuple[float, float, float] | None, said: str
) -> None:
    failures = 2 if reason.kind == "fails" else 0
    found = verdict(level("padding=valid", effect, kind, failures=failures), "same", reason)
    assert sentence(found, result(found, judged=56)) == said


def test_no_reason_is_without_its_sentence() -> None:
    for kind in get_args(ReasonKind):
        of, *_ = KINDS[kind]
        tried = None if of == "settled by rule" else level("padding=valid", SEEN, of)
        found = Verdict("padding", of, "same", "same", Reason(kind, "why"), tried)
        assert re.search("valid|why", sentence(found, result(found))), kind


def test_log_loss_is_said_in_nats() -> None:
    found = verdict(level("padding=valid", (-0.09, -0.13, -0.05), "keep it"), "same", Reason("loses"))
    said = sentence(found, result(found, metric="log_loss", smallest_effect=0.05))
    assert said == "keep same: valid loses: -0.090 nats (-0.130 to -0.050) in 6 whole trainings each"


@pytest.mark.parametrize(
    ("value", "shown"),
    [(1.0, "+1.00"), (0.9996, "+0.9996"), (1.0004, "+1.0004"), (-0.004, "-0.004"), (0.0, "0.00"), (2.3456, "+2.35")],
)
def test_rounding_moves_no_limit_across_what_it_decides_about(value: float, shown: str) -> None:
    """An upper limit of 0.9996 that is shown as 1.00 would deny the verdict."""
    assert effect_numbers(Interval(value, value, value, 3), result())[0] == shown


def test_a_quick_look_says_no_verdict_whatever_it_holds() -> None:
    looked = replace(full_result(), quick=True, minutes_needed=42.0)
    words = in_words(looked)
    told = " ".join([*words["verdicts"].values(), *words["last"]])
    assert not re.search(r"\bset it\b|\bkeep\b|\btake\b|--set|--from-study|test image", told)
    assert "short trainings each" in words["verdicts"]["filters"]
    assert any("47 minutes" in line for line in words["first"])  # a tenth more than are needed


def test_what_it_was_found_on_top_of_is_said() -> None:
    tried = level("padding=valid", SEEN, after=("kernel_size=5", "filters=x2"))
    found = verdict(tried, "same", Reason("open", "", 4))
    assert sentence(found, result(found)).endswith("(on top of kernel_size=5, filters=x2)")


@pytest.mark.parametrize(
    ("errors", "share"),
    [(1.3, "1 point is 77 % of its errors"), (0.5, "1 point is more than all of its errors"), (3.5, None)],
)
def test_where_errors_are_few_a_point_is_said_as_a_share_of_them(errors: float, share: str | None) -> None:
    lines = first_lines(result(unchanged_errors=errors, unchanged=100 - errors))
    assert (share is None) == (len(lines) == 2)
    assert share is None or share in lines[-1]


def test_a_gain_is_said_as_a_share_of_few_errors() -> None:
    found = verdict(level("kernel_size=5", (0.8, 0.3, 1.3), "set it"), "3", Reason("confirmed"))
    assert sentence(found, result(found, unchanged_errors=1.6)).endswith("each, 50 % of the errors")
    assert sentence(found, result(found, unchanged_errors=16)).endswith("each")


def confirmation(together: float) -> ConfirmationResult:
    names = ("kernel_size=5", "filters=x2")
    alone = [ConfirmedArm((name,), Interval(2.0, 1.5, 2.5, 8), True) for name in names]
    arm = ConfirmedArm(names, Interval(together, together - 0.5, together + 0.5, 8), True)
    return ConfirmationResult((*alone, arm), names, 0.04)


@pytest.mark.parametrize(("together", "less"), [(2.5, True), (3.5, False), (4.0, False)])
def test_all_together_is_called_less_than_the_sum_where_that_is_shown(together: float, less: bool) -> None:
    """The sum is 4 with a margin of 0.5 for each of the three: together, 0.87."""
    line = confirmation_lines(1, confirmation(together), result())[-1]
    assert "the sum of each by itself would be +4.00" in line
    assert ("less than the sum" in line) == less


def test_a_confirmation_says_which_change_it_confirmed() -> None:
    lines = confirmation_lines(1, full_result().confirmations[0], full_result())
    assert [line.rpartition(": ")[2].partition(";")[0] for line in lines[:2]] == ["confirmed", "not confirmed"]
    assert all("9 fresh blocks" in line for line in lines)


def test_only_what_was_confirmed_is_recommended() -> None:
    assert recommendation_lines(full_result()) == [
        "recommended: --set conv.kernel_size=5",
        "free and cheaper, not part of the recommendation: groups=2",
    ]
    none = recommendation_lines(result(KERNEL, FILTERS))
    assert none == ["recommended: the unchanged network; no change was confirmed to gain in whole trainings"]


def test_several_savings_come_with_a_warning() -> None:
    lines = recommendation_lines(result(GROUPS, replace(GROUPS, parameter="padding")))
    assert lines[-1] == "each of these may lose a little less than 1 point, several together more"


@pytest.mark.parametrize(("low", "ends"), [(-0.4, "as it must be: none"), (0.1, "read the others with care")])
def test_the_unchanged_network_against_itself_must_have_no_effect(low: float, ends: str) -> None:
    (line,) = control_lines(result(control=Interval(0.5, low, 1.2, 6)))
    assert line.startswith("the unchanged network against itself under another seed: +0.50 points")
    assert line.endswith(ends)


def test_the_last_lines_say_test_images_failures_and_how_to_train_it() -> None:
    lines = last_lines(full_result(), "studies/x")
    told = "\n".join(lines)
    assert "on the 180 test images, looked at once and deciding nothing: 98.60 %" in told
    assert "1 of 120 trainings failed and count in no effect; the first, 4/groups=2: out of memory" in told
    assert lines[-3:] == [
        "to change in a Keras script of your own:",
        "  every Conv2D: Conv2D(..., kernel_size=5)",
        "or: convwise train pictures --from-study studies/x",
    ]


def test_a_result_from_its_file_is_said_alike() -> None:
    full = full_result()
    assert in_words(StudyResult.from_dict(full.to_dict())) == in_words(full)
