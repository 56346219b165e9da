"""convwise completion: the script by which a shell completes commands, options and their fixed values."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from convwise.cli.parser import Parser, add_command

SHELLS = ("bash", "zsh", "fish")


def add(verbs: Any) -> None:
    """The command."""
    parser = add_command(
        verbs,
        "completion",
        _completion,
        help="print a script that completes commands and options in your shell",
        description="Print a script for your shell: add `source <(convwise completion bash)` to ~/.bashrc, the same "
        "with zsh to ~/.zshrc, or write what it prints for fish to ~/.config/fish/completions/convwise.fish.",
        example="convwise completion bash",
    )
    parser.add_argument("shell", metavar="SHELL", choices=SHELLS, help=", ".join(SHELLS))


def _completion(options: argparse.Namespace) -> None:
    from convwise.cli.program import build_parser

    print(completion_script(build_parser(), options.shell), end="")


def completion_script(parser: argparse.ArgumentParser, shell: str) -> str:
    """The script of that shell for the whole command line."""
    if shell == "fish":
        return "".join(f"{line}\n" for line in _fish(parser, ()))
    first = "autoload -U +X bashcompinit && bashcompinit\n" if shell == "zsh" else ""
    body = "\n".join(_bash(parser, 1))
    return (
        f"{first}_convwise() {{\n"
        '  local current="${COMP_WORDS[COMP_CWORD]}" before="${COMP_WORDS[COMP_CWORD-1]}" words=""\n'
        f"{body}\n"
        '  COMPREPLY=($(compgen -W "$words" -- "$current"))\n'
        "}\n"
        "complete -o default -F _convwise convwise\n"  # a file's name where no word fits
    )


def _bash(parser: argparse.ArgumentParser, depth: int) -> Iterator[str]:
    """Sets `words` to what may stand at the cursor, by the words before it."""
    indent = "  " * depth
    below = _commands(parser)
    flags = " ".join(flag for action in _options(parser) for flag in action.option_strings)
    if not below:
        yield f'{indent}words="{flags}"'
        yield f'{indent}case "$before" in'
        for action in _options(parser):
            if action.choices is not None:
                yield f'{indent}  {"|".join(action.option_strings)}) words="{" ".join(map(str, action.choices))}" ;;'
            elif action.nargs != 0:  # a value of the user's own
                yield f'{indent}  {"|".join(action.option_strings)}) words="" ;;'
        fixed = [action for action in parser._actions if not action.option_strings and action.choices is not None]
        values = " ".join(str(each) for action in fixed for each in action.choices or ())
        yield f'{indent}  *) words="$words {values}" ;;'
        yield f"{indent}esac"
        return
    yield f'{indent}case "${{COMP_WORDS[{depth}]}}" in'
    for name, inner in below.items():
        yield f"{indent}  {name})"
        yield f'{indent}    if [ "$COMP_CWORD" -eq {depth} ]; then words="{name}"; else'
        yield from _bash(inner, depth + 1)
        yield f"{indent}    fi ;;"
    yield f'{indent}  *) words="{" ".join(below)} {flags}" ;;'
    yield f"{indent}esac"


def _fish(parser: argparse.ArgumentParser, words: tuple[str, ...]) -> Iterator[str]:
    seen = "; and ".join(f"__fish_seen_subcommand_from {word}" for word in words) or "true"
    below = _commands(parser)
    if below:
        none = f"{seen}; and not __fish_seen_subcommand_from {' '.join(below)}"
        for name, inner in below.items():
            told = (inner.description or "").partition(".")[0]
            yield f"complete -c convwise -n '{none}' -f -a {name} -d {_quoted(told)}"
        for name, inner in below.items():
            yield from _fish(inner, (*words, name))
        return
    for action in _options(parser):
        flags = " ".join(
            f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in action.option_strings
        )
        values = f" -x -a {_quoted(' '.join(map(str, action.choices)))}" if action.choices is not None else ""
        needs = " -r" if action.nargs != 0 and not values else ""
        yield f"complete -c convwise -n '{seen}' {flags}{needs}{values} -d {_quoted(action.help or '')}"


def _commands(parser: argparse.ArgumentParser) -> dict[str, Parser]:
    found = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return dict(found[0].choices) if found else {}


def _options(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Those that the help shows."""
    return [action for action in parser._actions if action.option_strings and action.help != argparse.SUPPRESS]


def _quoted(text: str) -> str:
    """For fish, which takes a backslash within single quotes for what it is, but before a quote."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
