"""The parser of the command line: a command, its help with an example, its one line for a wrong word."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Sequence
from typing import Any, NoReturn

from convwise.checks import did_you_mean
from convwise.cli.wording import wording_of
from convwise.names import printable

EXIT_CODES = "exit codes: 0 done, 1 the work failed, 2 the request was wrong"
_PROGRAM = ("verb", "parser", "json", "quiet")  # among the options, but not the function's


class Parser(argparse.ArgumentParser):
    """A parser whose errors are one line and exit code 2, with what may have been meant."""

    def __init__(self, **options: Any) -> None:
        # What is not given is absent, so that a default is written once, where the work is done.
        super().__init__(formatter_class=_Help, argument_default=argparse.SUPPRESS, **options)

    def error(self, message: str) -> NoReturn:
        """One line and exit code 2."""
        print(printable(f"convwise: {message}; see {self.prog} --help"), file=sys.stderr)
        raise SystemExit(2)

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse's, but an unknown word is answered by the command that it was given to."""
        options, unknown = self.parse_known_args(args, namespace)
        if unknown:
            asked: Parser = getattr(options, "parser", self)
            asked.refuse(unknown)
        return options

    def refuse(self, unknown: Sequence[str]) -> NoReturn:
        """Says that there is no such option, and which one is near."""
        word = next((word for word in unknown if word.startswith("-")), None)
        if word is None:
            self.error(f"{unknown[0]}: it is one argument too many")
        name = word.partition("=")[0]
        shown = [flag for action in self._actions if action.help != argparse.SUPPRESS for flag in action.option_strings]
        meant = did_you_mean(name, shown).strip()
        self.error(f"{name}: there is no such option" + (f"; {meant}" if meant else ""))

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """A value that is none of the choices: which ones there are, and which one is near."""
        if action.choices is None or value in action.choices:
            return
        choices = [str(choice) for choice in action.choices]
        name = action.option_strings[0] if action.option_strings else (action.metavar or action.dest)
        raise _RefusedError(f"{name} {value}: {did_you_mean(value, choices)}choose one of {', '.join(choices)}")

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As argparse's, with our own words for a choice that there is not."""
        try:
            return super().parse_known_args(args, namespace)
        except _RefusedError as problem:
            self.error(str(problem))


class _RefusedError(Exception):
    """A value that no choice is; argparse would put words of its own before an ArgumentError's."""


class _Help(argparse.HelpFormatter):
    """Prose is filled; an example stays as it was written."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog, max_help_position=30)

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        filled = super()._fill_text
        parts = [part if part.startswith("example:") else filled(part, width, indent) for part in text.split("\n\n")]
        return "\n\n".join(parts)


def add_command(
    verbs: Any, name: str, verb: Callable[[argparse.Namespace], None], *, help: str, description: str, example: str
) -> Parser:
    """A command: its function, its help, and an example that works as it stands."""
    parser: Parser = verbs.add_parser(
        name, help=help, description=description, epilog=f"example:\n  {example}\n\n{EXIT_CODES}"
    )
    parser.set_defaults(verb=verb, parser=parser, json=False)
    return parser


def given(options: argparse.Namespace, *without: str) -> dict[str, Any]:
    """The options that were given, by name, as the command's function takes them; `without` those that it does not."""
    return {name: value for name, value in vars(options).items() if name not in (*_PROGRAM, *without)}


def shown(options: argparse.Namespace) -> dict[str, Any]:
    """How progress and notes are to be shown: whether at all, and in whose words."""
    return {"quiet": options.quiet, "wording": wording_of(options.parser)}


def whole_number(text: str) -> int:
    """A whole number."""
    try:
        return int(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number") from None


def picture_size(text: str) -> int | str:
    """A whole number as one; any other text as it is, which the function judges: 64x96."""
    try:
        return int(text)
    except ValueError:
        return text


def number(text: str) -> float:
    """A number."""
    try:
        return float(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number") from None


def name_list(text: str) -> list[str]:
    """Names with commas between them."""
    names = [name.strip() for name in text.split(",") if name.strip()]
    if not names:
        raise argparse.ArgumentTypeError(f"{text!r} names nothing; write NAME,NAME")
    return names


def weight_list(text: str) -> str | dict[str, float]:
    """A word, or NAME=NUMBER with commas between them; a name may hold an = but no comma."""
    if "=" not in text:
        return text
    weights = {}
    for part in text.split(","):
        name, equals, weight = part.rpartition("=")
        if not equals or not name.strip():
            raise argparse.ArgumentTypeError(f"{part!r} has no NAME=W; names with commas go into a --config file")
        weights[name.strip()] = number(weight)
    return weights
