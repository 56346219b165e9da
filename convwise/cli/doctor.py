"""convwise doctor: what this machine is and can do."""

from __future__ import annotations

import argparse
from typing import Any

from convwise.cli.options import add_json
from convwise.cli.output import print_json, print_line
from convwise.cli.parser import add_command


def add(verbs: Any) -> None:
    """The command."""
    what = "what this machine and its backend are and can do"
    parser = add_command(
        verbs,
        "doctor",
        _doctor,
        help=what,
        description=f"{what[0].upper()}{what[1:]}, a line each: versions, instruction set, oneDNN, backend, layouts "
        "and types that work, cores, caches, extras. To paste into a bug report.",
        example="convwise doctor",
    )
    add_json(parser.add_argument_group("output"))


def _doctor(options: argparse.Namespace) -> None:
    from convwise.commands.doctor import doctor

    found = doctor().to_dict()
    if options.json:
        print_json(found)
    else:
        for name, value in found.items():
            print_line(f"{name}: {value}")
