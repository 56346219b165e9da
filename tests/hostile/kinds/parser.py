"""Every verb and option of the real command line, read from its parser: a new one is covered when it is there."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True)
class Option:
    """One argument: its flags (none for a positional), what it stands for, whether it takes a value."""

    flags: tuple[str, ...]
    dest: str
    metavar: str
    takes_value: bool
    required: bool


@dataclass(frozen=True)
class Verb:
    """A command's words, such as ("data", "check"), and its arguments."""

    words: tuple[str, ...]
    options: tuple[Option, ...]


@cache
def verbs() -> tuple[Verb, ...]:
    """All commands that end by themselves; servers have tests of their own."""
    from convwise.cli import build_parser

    return tuple(verb for verb in _verbs(build_parser(), ()) if verb.words[0] not in ("serve", "web"))


def _verbs(parser: argparse.ArgumentParser, words: tuple[str, ...]) -> list[Verb]:
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    if below:
        return [verb for name, inner in below[0].choices.items() for verb in _verbs(inner, (*words, name))]
    options = [_option(action) for action in parser._actions if not isinstance(action, argparse._HelpAction)]
    return [Verb(words, tuple(options))]


def _option(action: argparse.Action) -> Option:
    flags = tuple(sorted(action.option_strings, key=len, reverse=True))
    required = action.required if flags else action.nargs not in ("?", "*")
    return Option(flags, action.dest, str(action.metavar or ""), action.nargs != 0, required)
