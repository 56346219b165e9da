"""convwise report: a finished run, a study or a folder of pictures as one page."""

from __future__ import annotations

import argparse
from typing import Any

from convwise.cli.options import add_json, add_quiet, add_trust
from convwise.cli.output import print_json, print_line
from convwise.cli.parser import add_command, given, shown
from convwise.cli.wording import wording_of


def add(verbs: Any) -> None:
    """The command."""
    parser = add_command(
        verbs,
        "report",
        _report,
        help="write a run, a study or a data set as one page that opens anywhere",
        description="Write one HTML file, which opens anywhere without a network. Of a finished run: its score against "
        "guessing, the next step, the worst mistakes, confusion, classes, learning curves with a diagnosis, "
        "calibration, data, layers, and its limits. Of a study: what to set and what to leave, every value that was "
        "tried on one axis, costs, confirmation, and the method. Of pictures: what `convwise data check` finds, with "
        "samples. Each says how it is made again.",
        example="convwise report runs/first",
    )
    parser.add_argument(
        "what", metavar="RUN|STUDY|DATA", help="the folder of a run, of a study or of pictures, or a data set"
    )
    add_trust(parser.add_argument_group("network"))
    output = parser.add_argument_group("output")
    output.add_argument(
        "--out", metavar="FILE", help="the page (default report.html in the run or study, NAME-report.html of pictures)"
    )
    output.add_argument(
        "--no-pictures", dest="pictures", action="store_false", help="leave out every pixel of the data"
    )
    output.add_argument(
        "--card", action="store_true", help="of a run: write README.md beside it, with what model hubs read"
    )
    add_quiet(output)
    add_json(output)


def _report(options: argparse.Namespace) -> None:
    from convwise.commands.report import report
    from convwise.progress import CountBar

    with CountBar("reading", **shown(options)) as bar:
        result = report(**given(options), progress=bar)
    if options.json:
        print_json(
            {
                "report": str(result.path),
                "card": None if result.card is None else str(result.card),
                "bytes": result.n_bytes,
                "seconds": result.seconds,
                "notes": list(result.notes),
            }
        )
        return
    wording = wording_of(options.parser)
    if not options.quiet:
        for note in result.notes:
            print_line(f"note: {wording(note)}")
    print_line(str(result))
    if result.card is not None:
        print_line(f"card: {result.card}")
