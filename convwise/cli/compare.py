"""convwise runs and compare: which runs there are, and how they differ on the same images."""

from __future__ import annotations

import argparse
from typing import Any

from convwise.cli.options import add_json
from convwise.cli.output import print_json, print_line
from convwise.cli.parser import add_command, given


def add(verbs: Any) -> None:
    """Both commands."""
    _add_runs(verbs)
    _add_compare(verbs)


def _add_runs(verbs: Any) -> None:
    parser = add_command(
        verbs,
        "runs",
        _runs,
        help="list the runs in a folder",
        description="The runs in a folder: what was asked, accuracy with its 95 % interval, best epoch, time.",
        example="convwise runs runs",
    )
    parser.add_argument("folder", metavar="DIR", nargs="?", help="where to look (default runs)")
    add_json(parser.add_argument_group("output"))


def _add_compare(verbs: Any) -> None:
    parser = add_command(
        verbs,
        "compare",
        _compare,
        help="compare runs on the same test images",
        description="Compare finished runs on the same test images, each with the first: paired differences with 95 % "
        "intervals, and what one gets right and another wrong. Runs whose test images differ are refused, unless "
        "--shared.",
        example="convwise compare runs/first runs/second",
    )
    parser.add_argument("runs", metavar="RUN", nargs="+", help="run folders, two or more")
    parser.add_argument("--shared", action="store_true", help="compare on the test images that they share")
    output = parser.add_argument_group("output")
    output.add_argument("--out", metavar="FILE", help="also write a page, with curves and pictures")
    add_json(output)


def _runs(options: argparse.Namespace) -> None:
    from convwise.commands.runs import runs

    found = [run.to_dict() for run in runs(**given(options))]
    if options.json:
        print_json(found)
        return
    from convwise.report.runs_table import runs_table
    from convwise.report.terminal import print_table

    print_table(runs_table(found), details=True)


def _compare(options: argparse.Namespace) -> None:
    from convwise.commands.compare import compare

    asked = given(options)
    comparison = compare(*asked.pop("runs"), **asked)
    if options.json:
        print_json(comparison.to_dict())
        return
    from convwise.report.comparison import differences_table, partings_table
    from convwise.report.terminal import print_table

    for note in comparison.notes:
        print_line(f"note: {note}")
    print_table(differences_table(comparison), details=True)
    for each in comparison.differences:
        print_line(each.sentence)
    if comparison.partings:
        print_table(partings_table(comparison))
    if "out" in asked:
        print_line(f"page: {asked['out']}")
