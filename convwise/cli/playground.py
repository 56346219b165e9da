"""convwise playground: Conv2D to move and look at, as one HTML file."""

from __future__ import annotations

import argparse
from typing import Any

from convwise.cli.options import add_json, add_looked_at, add_trust
from convwise.cli.output import print_json, print_line
from convwise.cli.parser import add_command, given
from convwise.cli.wording import wording_of


def add(verbs: Any) -> None:
    """The command."""
    parser = add_command(
        verbs,
        "playground",
        _playground,
        help="the sixteen parameters to move on a picture, as one HTML file",
        description="Write a page on which every parameter of Conv2D is moved on a picture: alone, in a column of "
        "layers or in a network. It is one file: a browser opens it from the disk, without a server or a connection. "
        "WHAT is as for explain; without it the page begins with one convolution.",
        example="convwise playground simple --size 32 --out simple.html",
    )
    parser.add_argument(
        "what",
        metavar="WHAT",
        nargs="?",
        help="a network's name, FILE.py:function, a run folder or a Keras model file (default: a convolution)",
    )
    add_trust(add_looked_at(parser))
    output = parser.add_argument_group("output")
    output.add_argument(
        "--out", metavar="FILE", help="the page (default playground.html); one that is there is replaced"
    )
    add_json(output)


def _playground(options: argparse.Namespace) -> None:
    from convwise.commands.playground import playground

    made = playground(**given(options))
    if options.json:
        print_json({"path": str(made.path), "subject": made.subject, "notes": list(made.notes)})
        return
    wording = wording_of(options.parser)
    for line in str(made).splitlines():
        print_line(wording(line))
