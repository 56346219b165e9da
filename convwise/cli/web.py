"""convwise web: the page on this machine."""

from __future__ import annotations

import argparse
import os
import sys
from typing import Any

from convwise.cli.output import print_line
from convwise.cli.parser import add_command, given, whole_number


def add(verbs: Any) -> None:
    """The command."""
    parser = add_command(
        verbs,
        "web",
        _web,
        help="a page on this machine: data, runs and studies as they go on, and pictures to predict",
        description="Serve a page to this machine alone, until Ctrl-C: data sets and what is wrong with them, runs and "
        "studies below a folder while they go on, their reports, comparisons, the playground, and pictures to predict. "
        "It reads the folder as it is and starts no training. Open the address that it prints: it holds a token.",
        example="convwise web --port 8765",
    )
    parser.add_argument(
        "folder", metavar="DIR", nargs="?", help="where runs and studies are looked for (default: the current folder)"
    )
    parser.add_argument(
        "--port", type=whole_number, metavar="N", help="where it listens (default 8765; 0: any that is free)"
    )


def _web(options: argparse.Namespace) -> None:
    from convwise.web.server import serve_page

    def ready(address: str) -> None:
        print_line(f"open {address}")
        print_line("stop with Ctrl-C")
        sys.stdout.flush()

    if not serve_page(**given(options), ready=ready):
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(0)  # a thread within TensorFlow cannot be stopped, and would hold up the interpreter's end
