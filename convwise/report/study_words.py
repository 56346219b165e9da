"""A study's result in sentences: the same for the terminal, for JSON and for whoever else reads it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from convwise.names import counted
from convwise.report.study_numbers import amount, effect_text, error_share, rounded, savings, width_for_other_images
from convwise.report.study_script import script_lines
from convwise.study.budget import minutes_that_do
from convwise.study.result import ConfirmationResult, Interval, LevelResult, StudyResult, Verdict

_METRICS = {"accuracy": "accuracy", "mean_class_accuracy": "mean class accuracy", "log_loss": "log loss"}
OUT_OF_REACH = "settling it is out of reach"


def in_words(result: StudyResult) -> dict[str, Any]:
    """Everything that is said of a result, as plain values for JSON."""
    return {
        "first": first_lines(result),
        "verdicts": {verdict.parameter: sentence(verdict, result) for verdict in result.verdicts},
        "last": last_lines(result),
    }


def first_lines(result: StudyResult) -> list[str]:
    """What the time bought, what was compared, and what the smallest effect amounts to."""
    lines = [result.sentence] if result.sentence else []
    if result.quick and result.minutes_needed is not None:
        enough = counted(minutes_that_do(result.minutes_needed), "minute")
        if enough not in result.sentence:
            lines.append(f"three blocks of whole trainings fit into {enough}: --minutes")
    unchanged = f"{result.unchanged:.3f} nats" if result.metric == "log_loss" else f"{result.unchanged:.2f} %"
    lines.append(
        f"the unchanged network ({result.net}, {result.size} px, {counted(result.epochs, 'epoch')}): "
        f"{_METRICS.get(result.metric, result.metric)} {unchanged}; the smallest effect that counts: "
        f"{amount(result.smallest_effect, result)}"
    )
    share = error_share(result.smallest_effect, result)
    if share is not None:
        lines.append(
            f"it errs on {result.unchanged_errors:.2g} % of the images, so {amount(result.smallest_effect, result)} "
            + (
                f"is {share:.0f} % of its errors"
                if share <= 100
                else "is more than all of its errors: no change can gain it"
            )
        )
    return lines


def last_lines(result: StudyResult, folder: str | Path | None = None) -> list[str]:
    """After the verdicts: confirmations, the recommendation, checks, failures, and what to change in a script.

    `folder` is the study's, unless the result knows. A quick look confirms and recommends nothing.
    """
    if result.quick:
        return [*recommendation_lines(result), *control_lines(result), *failure_lines(result), *reach_lines(result)]
    return [
        *(line for i, each in enumerate(result.confirmations) for line in confirmation_lines(i + 1, each, result)),
        *recommendation_lines(result),
        *test_lines(result),
        *control_lines(result),
        *failure_lines(result),
        *reach_lines(result),
        *script_lines(
            result.recommended_settings,
            result.recommended_changes,
            result.reach,
            data=result.data,
            folder=str(folder or result.folder or "DIR"),
        ),
    ]


def sentence(verdict: Verdict, result: StudyResult) -> str:
    """The verdict with its reason, about the value that was tried."""
    kind = verdict.reason.kind
    if kind == "rule" or verdict.tried is None:
        return f"settled by rule: {verdict.reason.text}" if kind == "rule" else f"{verdict.kind}: nothing was tried"
    said = _SENTENCES["quick look" if result.quick else kind](verdict, verdict.tried, result)
    on_top = f" (on top of {', '.join(verdict.tried.after)})" if verdict.tried.after else ""
    return said + on_top


def _confirmed(verdict: Verdict, tried: LevelResult, result: StudyResult) -> str:
    share = error_share(tried.effect.estimate, result) if tried.effect else None
    of_errors = f", {share:.0f} % of the errors" if share is not None and 0 < share <= 100 else ""
    return f"set it to {tried.value}: {_found(tried, result, 'fresh')}{of_errors}"


def _loses(verdict: Verdict, tried: LevelResult, result: StudyResult) -> str:
    return f"keep {_own(verdict)}: {tried.value} loses: {_found(tried, result)}"


def _no_gain(verdict: Verdict, tried: LevelResult, result: StudyResult) -> str:
    least = amount(result.smallest_effect, result)
    return f"keep {_own(verdict)}: {tried.value} gains less than {least}: {_found(tried, result)}"


def _equal(verdict: Verdict, tried: LevelResult, result: StudyResult) -> str:
    least = amount(result.smallest_effect, result)
    return f"{_own(verdict)} and {tried.value} differ by less than {least}: {_found(tried, result)}"


def _cheaper(verdict: Verdict, tried: LevelResult, result: StudyResult) -> str:
    least = amount(result.smallest_effect, result)
    saved = savings(tried.costs)
    return (
        f"take {tried.value}: it saves and differs from {_own(verdict)} by less than {least}: "
        f"{_found(tried, result)}{f'; {saved}' if saved else ''}"
    )


def _fails(verdict: Verdict, tried: LevelResult, result: StudyResult) -> str:
    failed = f"{counted(tried.failures, 'training')} with {tried.value} failed"
    reason = f" ({verdict.reason.text})" if verdict.reason.text else ""
    if verdict.kind == "keep it":
        return f"keep {_own(verdict)}: {failed}{reason}"
    seen = f": {_found(tried, result)}" if tried.effect else ""
    return f"undecided: {failed}{reason}, so it can be neither set nor free{seen}"


def _early_only(verdict: Verdict, tried: LevelResult, result: StudyResult) -> str:
    return (
        f"keep {_own(verdict)}: {tried.value} gained early in training, and nothing was left of it at the end: "
        f"{_found(tried, result)}"
    )


def _open(verdict: Verdict, tried: LevelResult, result: StudyResult) -> str:
    if tried.effect is None:
        return f"undecided: {tried.value} was not trained often enough for an interval"
    least, effect = result.smallest_effect, tried.effect
    may = [
        *(["gain"] if effect.high >= least else []),
        *(["lose"] if effect.low <= -least else []),
    ]
    doubt = f"may {' or '.join(may)} {amount(least, result)} or more" if may else "may gain or lose a little"
    return f"undecided: {tried.value} {doubt}: {_found(tried, result)}; {more(verdict)}"


def _not_confirmed(verdict: Verdict, tried: LevelResult, result: StudyResult) -> str:
    seen = f"; over all blocks {_found(tried, result)}; {more(verdict)}" if tried.effect else ""
    return f"undecided: {tried.value} seemed to gain, and fresh blocks did not confirm it{seen}"


def _quick_look(verdict: Verdict, tried: LevelResult, result: StudyResult) -> str:
    if tried.effect is None:
        return f"no estimate: {tried.value} was not trained often enough"
    return f"an estimate, no verdict: {tried.value} {_found(tried, result)}"


def _too_few_images(verdict: Verdict, tried: LevelResult, result: StudyResult) -> str:
    worth = 100 / max(1, result.judged)
    least = amount(result.smallest_effect, result)
    if result.metric == "accuracy" and worth > result.smallest_effect:
        why = (
            f"one of the {counted(result.judged, 'image')} that judge in each block is worth "
            f"{counted(float(f'{worth:.2g}'), 'point')}, more than {least}; it takes at least "
            f"{math.ceil(100 / result.smallest_effect):,} of them"
        )
    else:
        why = f"one image of the rarest class is worth more than {least}; it takes more images of that class"
    return f"undecided: {tried.value}: {why}{f': {_found(tried, result)}' if tried.effect else ''}"


_SENTENCES: Mapping[str, Callable[[Verdict, LevelResult, StudyResult], str]] = {
    "confirmed": _confirmed,
    "loses": _loses,
    "no gain": _no_gain,
    "equal": _equal,
    "equal and cheaper": _cheaper,
    "fails": _fails,
    "early only": _early_only,
    "open": _open,
    "not confirmed": _not_confirmed,
    "quick look": _quick_look,
    "too few images": _too_few_images,
}


def more(verdict: Verdict) -> str:
    """How much longer it would take."""
    n = verdict.reason.more_blocks
    return OUT_OF_REACH if n is None else f"about {counted(n, 'more block')} would settle it"


def _own(verdict: Verdict) -> str:
    return verdict.own or "the network's own value"


def _found(tried: LevelResult, result: StudyResult, which: str = "") -> str:
    if tried.effect is None:
        return "no interval"
    length = "short" if result.quick else "whole"
    trainings = f"{tried.effect.blocks} {which + ' ' if which else ''}{length} trainings each"
    return f"{effect_text(tried.effect, result)} in {trainings}"


def confirmation_lines(number: int, confirmation: ConfirmationResult, result: StudyResult) -> list[str]:
    """What fresh blocks said of each change by itself and of all together."""
    lines = []
    alone = {arm.names[0]: arm for arm in confirmation.arms if len(arm.names) == 1}
    for arm in confirmation.arms:
        outcome = "confirmed" if arm.passed else "not confirmed"
        name = arm.names[0] if len(arm.names) == 1 else f"{' and '.join(arm.names)} together"
        blocks = counted(arm.effect.blocks, "fresh block")
        text = f"confirmation {number}, {blocks}: {name}: {effect_text(arm.effect, result)}: {outcome}"
        if len(arm.names) > 1 and all(each in alone for each in arm.names):
            text += _against_the_sum(arm.effect, [alone[each].effect for each in arm.names], result)
        lines.append(text)
    return lines


def _against_the_sum(together: Interval, alone: Sequence[Interval], result: StudyResult) -> str:
    total = sum(effect.estimate for effect in alone)
    text = f"; the sum of each by itself would be {rounded(total, 2, result.smallest_effect)}"
    margin = math.hypot(together.high - together.estimate, *(effect.high - effect.estimate for effect in alone))
    if total - together.estimate > margin:
        text += ": all together is less than the sum"
    return text


def recommendation_lines(result: StudyResult) -> list[str]:
    """What is recommended: confirmed changes alone. Then what is free and cheaper, which is the user's to take."""
    if result.quick:
        return ["recommended: nothing; a quick look has estimates and no verdicts"]
    if result.recommended:
        texts = [f"--set {text}" for text in result.recommended_settings]
        texts += [f"{name}={_plain(value)}" for name, value in result.recommended_changes.items()]
        lines = [f"recommended: {' '.join(texts)}"]
    else:
        lines = ["recommended: the unchanged network; no change was confirmed to gain in whole trainings"]
    free = [each for each in result.verdicts if each.reason.kind == "equal and cheaper" and each.tried]
    if free:
        names = ", ".join(f"{each.parameter}={each.value}" for each in free)
        lines.append(f"free and cheaper, not part of the recommendation: {names}")
    if len(free) > 1:
        lines.append(
            f"each of these may lose a little less than {amount(result.smallest_effect, result)}, several together more"
        )
    return lines


def _plain(value: Any) -> str:
    if isinstance(value, Mapping):
        return ",".join(f"{name}:{_plain(each)}" for name, each in value.items())
    return str(value)


def test_lines(result: StudyResult) -> list[str]:
    """The one look at the test images."""
    test = result.test
    if test is None:
        return []
    return [
        f"on the {counted(test.n_images, 'test image')}, looked at once and deciding nothing: {test.recommended:.2f} % "
        f"with what is recommended, {test.unchanged:.2f} % unchanged, means of {test.trainings} trainings each"
    ]


def control_lines(result: StudyResult) -> list[str]:
    """The unchanged network against itself, which must have no effect."""
    control = result.control
    if control is None:
        return []
    line = f"the unchanged network against itself under another seed: {effect_text(control, result)}"
    if control.low <= 0 <= control.high:
        return [f"{line}, as it must be: none"]
    return [
        f"{line}: not none, which chance does in {200 * result.level:.2g} % of all studies; read the others with care"
    ]


def failure_lines(result: StudyResult) -> list[str]:
    """How many trainings came to nothing, and the first reason."""
    if not result.failures:
        return []
    name, reason = result.failures[0]
    lost = f"{len(result.failures)} of {counted(result.trainings, 'training')} failed and count in no effect"
    return [f"{lost}; the first, {name}: {reason}"]


def reach_lines(result: StudyResult) -> list[str]:
    """In how many trainings it was found, and what the verdicts speak of."""
    trained = f"{counted(result.trainings, 'training')} in {counted(result.blocks, 'block')}, {result.seconds:.0f} s"
    if result.quick:
        return [trained]
    holds = 100 * (1 - 2 * result.level)
    ratio = width_for_other_images(result)
    wider = f"; for other images like these the intervals are {ratio:.2f} times as wide" if ratio else ""
    return [
        f"{trained}; the intervals hold with {holds:.3g} % each",
        f"the verdicts speak of these {result.pool:,} images, of new seeds and of new divisions of them{wider}",
    ]
