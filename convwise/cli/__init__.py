"""The command line: parses, calls the API, prints. A module for each group of commands; none of them holds logic."""

from convwise.cli.program import build_parser, entry, main

__all__ = ["build_parser", "entry", "main"]
