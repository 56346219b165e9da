"""Tables of a study on the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from convwise.names import counted
from convwise.study.verdicts import in_points

_WIDTH = 118  # columns; in a narrower window the lines wrap as wholes
_WORTH_HAVING = 0.9  # of the time
_STYLES = {"set it": "bold green", "free choice": "blue", "undecided": "yellow", "settled by rule": "dim"}


def verdicts_table(verdicts: Sequence[Mapping[str, Any]], alternatives: Mapping[str, str]) -> Table:
    """One line per parameter: verdict, value, effect with its interval, what the alternative costs."""
    table = Table(box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in ("parameter", "verdict", "value", "tried", "effect, points", "time", "weights", "memory"):
        table.add_column(column, overflow="fold", no_wrap=column in ("parameter", "verdict", "effect, points"))
    for verdict in verdicts:
        effect, costs, kind = verdict["effect"], verdict["costs"], verdict["verdict"]
        told = f"{effect['estimate']:+.1f} ({effect['low']:+.1f} to {effect['high']:+.1f})" if effect else ""
        ratios = [_ratio(costs[name]) if costs else "" for name in ("seconds", "weights", "memory")]
        if ratios[0].startswith("x") and _may_be_the_same(costs):
            ratios[0] += "?"
        cells = (
            verdict["parameter"],
            Text(kind, style=_STYLES.get(kind, "")),
            verdict["value"],
            alternatives.get(verdict["parameter"], ""),
            told,
            *ratios,
        )
        table.add_row(*(cell if isinstance(cell, Text) else Text(cell) for cell in cells))
    return table


def print_study(result: Mapping[str, Any]) -> None:
    """The verdicts, the recommended settings and how they were confirmed."""
    console = Console(highlight=False)
    console = Console(highlight=False, width=max(console.width, _WIDTH))
    console.print(verdicts_table(result["verdicts"], result["alternatives"]))
    for verdict in result["verdicts"]:
        console.print(Text(f"{verdict['parameter']}: {_why(verdict)}"), soft_wrap=True)
    console.print()
    for row in result["race"]:
        no_time = "dropped for lack of time" if row.get("no_time") else ""
        told = _difference(row["difference"]) if row["difference"] else ("" if no_time else "failed")
        outcome = "adopted" if row["taken"] else no_time or "not adopted"
        console.print(
            f"raced: {row['parameter']}={row['value']}: {'; '.join(filter(None, (told, outcome)))}", markup=False
        )
    for row in result.get("checks", ()):
        told = _difference(row["difference"]) if row["difference"] else "failed"
        console.print(
            f"checked: without {row['parameter']}: {told}; {'dropped' if row['taken_back'] else 'kept'}",
            markup=False,
        )
    for sentence in result["interactions"]:
        console.print(f"interaction: {sentence}", soft_wrap=True, markup=False)
    for line in confirmation_lines(result):
        console.print(line, soft_wrap=True, markup=False)
    failures = result["failures"]
    if failures:
        console.print(
            f"{len(failures)} of {counted(result['trials'], 'trial')} failed and are left out of the effects; the "
            f"first reason: {failures[0]['reason']}",
            markup=False,
        )
    console.print(
        f"{counted(result['trials'], 'trial')} in {result['seconds']:.0f} s; repeated trials of the same settings "
        f"have a standard deviation of {result['deviation']:.2f} points",
        soft_wrap=True,
    )


def confirmation_lines(result: Mapping[str, Any]) -> list[str]:
    """What is recommended, and on what evidence."""
    found = result["confirmation"]
    if found is None:
        return ["recommended: the unchanged network; no alternative is worth setting"]
    proposed = " ".join(f"{name}={value}" for name, value in result["proposed"].items())
    lines = [f"proposed: {proposed}"]
    lines.append(
        f"confirmed with {found['pairs']} pairs, trained in full: {_difference(found['validation'])} on validation "
        "images"
        if found["confirmed"]
        else f"not confirmed ({found['sought']} was sought): {_difference(found['validation'])} on validation images"
    )
    if found["test"]:
        accuracy = found["test_accuracy"]
        lines.append(
            f"on the test images, once: {accuracy['proposed']:.2f} % against {accuracy['start']:.2f} %, "
            f"{_difference(found['test'])}"
        )
    if found["confirmed"]:
        lines.append("recommended: " + " ".join(f"--set {text}" for text in result["recommended_settings"]))
    else:
        lines.append("recommended: the unchanged network")
        lines += _cheaper(result)
    return lines


def _cheaper(result: Mapping[str, Any]) -> list[str]:
    """What is proposed may gain nothing and still be worth having: where it loses nothing and takes less time."""
    found, smallest = result["confirmation"], result["smallest_effect"]
    settings = result.get("proposed_settings")
    low = found["validation"]["low"]
    if not settings or low is None or low <= -smallest:
        return []
    time, weights = (
        found[cost]["proposed"] / max(found[cost]["start"], 1e-12) for cost in ("seconds_per_image", "weights")
    )
    if time > _WORTH_HAVING or weights > 1.05:
        return []
    texts = " ".join(f"--set {text}" for text in settings)
    excluded = f"cheaper: a loss of {counted(smallest, 'point')} is excluded"
    of_weights = "" if _ratio(weights) == "same" else f" and with x{weights:.2f} of the weights"
    return [f"{excluded}, at x{time:.2f} of the time{of_weights}: {texts}"]


def _difference(values: Mapping[str, Any]) -> str:
    if values["low"] is None or values["high"] is None:
        return f"{values['estimate']:+.2f} points (too few pairs for an interval)"
    return in_points(values["estimate"], values["low"], values["high"])


def _may_be_the_same(costs: Mapping[str, Any]) -> bool:
    """Whether the interval of the time holds 1; in JSON a bound without end is null."""
    if "seconds_low" not in costs:  # an earlier version's
        return False
    low, high = costs["seconds_low"], costs["seconds_high"]
    return (low is None or low <= 1) and (high is None or high >= 1)


def _ratio(value: float) -> str:
    return "same" if 0.98 <= value <= 1.02 else f"x{value:.2f}"


def _why(verdict: Mapping[str, Any]) -> str:
    more = verdict.get("more_runs")
    return f"{verdict['why']}; about {more} more trials would settle it" if more else str(verdict["why"])
