"""Messages in the command line's words: `size=5`, as Python writes it, is `--size 5` to someone who typed a flag."""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable, Mapping

Wording = Callable[[str], str]
# What parts of the program call a thing that a command takes under another name.
_ALSO = (("run", "resume"), ("run", "runs"), ("study", "resume"), ("name", "data"))
_FILE = re.compile(r"config=\S+: ")


def wording_of(parser: argparse.ArgumentParser) -> Wording:
    """Puts the command's own flags and metavars in the place of parameters; what it does not take stays as it is."""
    shown, switches = _flags(parser)
    if not shown:
        return str
    # What follows a dot, a slash, a quote or another = is part of a value: conv.size=3, a file called size=3.
    pattern = re.compile(
        rf"(?<![\w.=/\\'\"-])(?P<name>{'|'.join(sorted(shown, key=len, reverse=True))})="
        rf"(?P<true>[Tt]rue\b)?(?P<value>(?=[^\s,;:.)]))?"
    )

    def flag(match: re.Match[str]) -> str:
        name = match["name"]
        if name in switches and match["true"]:
            return shown[name]
        value = f" {match['true'] or ''}" if match["value"] is not None or match["true"] else ""
        return shown[name] + value

    def worded(text: str) -> str:
        in_file = _FILE.match(text)  # after it come the file's own keys
        if in_file and "config" in shown:
            return pattern.sub(flag, in_file[0]) + text[in_file.end() :]
        return pattern.sub(flag, text)

    return worded


def _flags(parser: argparse.ArgumentParser) -> tuple[Mapping[str, str], set[str]]:
    """By parameter: the flag or metavar that is shown; and the parameters whose flag takes no value."""
    shown: dict[str, str] = {}
    switches = set()
    for action in parser._actions:
        if isinstance(action, argparse._HelpAction | argparse._SubParsersAction) or action.help == argparse.SUPPRESS:
            continue
        shown[action.dest] = action.option_strings[-1] if action.option_strings else str(action.metavar or action.dest)
        if action.nargs == 0:
            switches.add(action.dest)
    for name, known in _ALSO:
        if known in shown:
            shown.setdefault(name, shown[known])
    return shown, switches
