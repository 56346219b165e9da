"""convwise completion: the script by which a shell completes commands, options and their fixed values."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import Any

from convwise.cli.parser import Parser, add_command

SHELLS = ("bash", "zsh", "fish")
# bashcompinit needs the completion system, which a ~/.zshrc may not have started.
_ZSH = """(( $+functions[compdef] )) || { autoload -U compinit && compinit -i }
autoload -U +X bashcompinit && bashcompinit
"""
# Whether the words before the cursor begin with these, or are these: a folder called `data` is no command.
_FISH = """function __convwise_in
    set -l words (commandline -opc)
    set -e words[1]
    for word in $argv
        test "$words[1]" = "$word"; or return 1
        set -e words[1]
    end
end
function __convwise_at
    __convwise_in $argv; and test (count (commandline -opc)) -eq (math 1 + (count $argv))
end
"""


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
        return _FISH + "".join(f"{line}\n" for line in _fish(parser, ()))
    first = _ZSH if shell == "zsh" else ""
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
        yield f'{indent}words="{" ".join(_fixed_values(parser))}"'
        yield f'{indent}case "$current" in -*) words="{flags}" ;; esac'
        yield f'{indent}case "$before" in'
        for action in _options(parser):
            if action.choices is not None:
                yield f'{indent}  {"|".join(action.option_strings)}) words="{" ".join(map(str, action.choices))}" ;;'
            elif action.nargs != 0:  # a value of the user's own
                yield f'{indent}  {"|".join(action.option_strings)}) words="" ;;'
        yield f"{indent}esac"
        return
    yield f'{indent}case "${{COMP_WORDS[{depth}]}}" in'
    for name, inner in below.items():
        yield f"{indent}  {name})"
        yield f'{indent}    if [ "$COMP_CWORD" -eq {depth} ]; then words="{name}"; else'
        yield from _bash(inner, depth + 1)
        yield f"{indent}    fi ;;"
    yield f'{indent}  -*) words="{flags}" ;;'
    yield f'{indent}  *) words="{" ".join(below)}" ;;'
    yield f"{indent}esac"


def _fish(parser: argparse.ArgumentParser, words: tuple[str, ...]) -> Iterator[str]:
    path = "".join(f" {word}" for word in words)
    below = _commands(parser)
    for name in below:
        yield f"complete -c convwise -n '__convwise_at{path}' -f -a {name} -d {_quoted(_summary(parser, name))}"
    for name, inner in below.items():
        yield from _fish(inner, (*words, name))
    if values := _fixed_values(parser):
        yield f"complete -c convwise -n '__convwise_at{path}' -f -a {_quoted(' '.join(values))}"
    where = "__convwise_at" if below else "__convwise_in"
    for action in _options(parser):
        flags = " ".join(
            f"-l {flag[2:]}" if flag.startswith("--") else f"-s {flag[1:]}" for flag in action.option_strings
        )
        choices = f" -x -a {_quoted(' '.join(map(str, action.choices)))}" if action.choices is not None else ""
        needs = " -r" if action.nargs != 0 and not choices else ""
        said = _quoted((action.help or "").replace("%%", "%"))
        yield f"complete -c convwise -n '{where}{path}' {flags}{needs}{choices} -d {said}"


def _summary(parser: argparse.ArgumentParser, name: str) -> str:
    """The line that the help gives a command."""
    found = next(action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    return next((each.help or "" for each in found._choices_actions if each.dest == name), "").replace("%%", "%")


def _fixed_values(parser: argparse.ArgumentParser) -> list[str]:
    """What may stand where the command takes one of a few words."""
    fixed = [action for action in parser._actions if not action.option_strings and action.choices is not None]
    words = [action.choices or () for action in fixed if not isinstance(action, argparse._SubParsersAction)]
    return [str(word) for choices in words for word in choices]


def _commands(parser: argparse.ArgumentParser) -> dict[str, Parser]:
    found = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    return dict(found[0].choices) if found else {}


def _options(parser: argparse.ArgumentParser) -> list[argparse.Action]:
    """Those that the help shows."""
    return [action for action in parser._actions if action.option_strings and action.help != argparse.SUPPRESS]


def _quoted(text: str) -> str:
    """For fish, which takes a backslash within single quotes for what it is, but before a quote."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"
