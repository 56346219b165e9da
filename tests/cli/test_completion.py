"""Completion: what a real shell offers at the cursor, and what the scripts say of every command and option."""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from convwise.cli import build_parser
from convwise.cli.completion import SHELLS, completion_script

CASES = [
    (("tr",), {"train"}),
    (("train",), {"train"}),
    (("data", ""), {"add", "list", "check", "clean"}),
    (("data", "c"), {"check", "clean"}),
    (("train", "x", "--re"), {"--resume", "--resize", "--recipe"}),
    (("train", "x", "--recipe", ""), {"fast", "plain", "thorough", "finetune", "tutorial"}),
    (("study", "x", "--recipe", "t"), {"thorough", "tutorial"}),
    (("data", "check", "x", "--copies", "e"), {"exact"}),
    (("data", "add", "shapes", "--q"), {"--quiet"}),
    (("train", "x", "--out", ""), set()),
    (("train", ""), set()),  # a file's name: DATA comes first
    (("train", "data", ""), set()),  # a folder of that name is no command
    (("train", "data", "--from"), {"--from-study"}),
    (("predict", "study", "--e"), set()),
    (("completion", "z"), {"zsh"}),
    (("completion", ""), {"bash", "zsh", "fish"}),
]


def offered(shell: str, cases: list[tuple[str, ...]], folder: Path) -> list[set[str]]:
    """What the shell offers for the last word of each case, which may be begun, in an empty folder."""
    script = completion_script(build_parser(), shell)
    if shell == "fish":
        asked = "".join(f"complete -C '{' '.join(('convwise', *words))}'\necho .\n" for words in cases)
        options = ["--no-config"]
    else:
        asked = "setopt ksharrays\n" if shell == "zsh" else ""  # as bashcompinit has them when it calls
        for words in cases:
            typed = " ".join(f"'{word}'" for word in ("convwise", *words))
            asked += f"COMP_WORDS=({typed})\nCOMP_CWORD={len(words)}\n_convwise\n"
            asked += "printf '%s\\n' \"${COMPREPLY[@]}\" .\n"
        options = ["-f"] if shell == "zsh" else ["--norc"]
    done = subprocess.run(
        [shell, *options, "-c", f"{script}\n{asked}"],
        capture_output=True,
        text=True,
        check=True,
        cwd=folder,
        env={**os.environ, "HOME": str(folder / ".."), "ZDOTDIR": str(folder / "..")},
    )
    assert done.stderr == ""
    answers: list[set[str]] = [set() for _ in cases]
    which = 0
    for line in done.stdout.splitlines():
        if line == ".":
            which += 1
        elif line.startswith(cases[which][-1]):  # of a zsh the list is cut by what calls, with compadd
            answers[which].add(line.split("\t")[0])
    assert which == len(cases)
    return [answer - {""} for answer in answers]


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> str:
    name = str(request.param)
    if shutil.which(name) is None:
        pytest.skip(f"there is no {name} here")
    return name


def test_a_shell_offers_what_fits(shell: str, tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    answers = offered(shell, [words for words, _ in CASES], tmp_path / "empty")
    assert dict(zip([words for words, _ in CASES], answers, strict=True)) == dict(CASES)


def test_a_shell_takes_the_script(shell: str) -> None:
    subprocess.run([shell, "-n"], input=completion_script(build_parser(), shell), text=True, check=True)


def commands(parser: argparse.ArgumentParser, path: str = "") -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Every command with its words; the program itself is ""."""
    yield path, parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                yield from commands(below, f"{path} {name}".strip())


def shown(parser: argparse.ArgumentParser) -> dict[str, argparse.Action]:
    """The options that the help shows, by flag."""
    actions = (action for action in parser._actions if action.help != argparse.SUPPRESS)
    return {flag: action for action in actions for flag in action.option_strings}


def unquoted(token: str) -> str:
    """A token of fish: within single quotes a backslash stands before a quote and a backslash only."""
    return re.sub(r"\\(['\\])", r"\1", token[1:-1]) if token.startswith("'") else token


def test_fish_is_given_each_option_of_each_command_where_it_belongs() -> None:
    """Read as fish does: `complete -c COMMAND -n CONDITION`, then what to offer; -f, -r, -x of files; -d a remark."""
    known = dict(commands(build_parser()))
    flags: dict[str, set[str]] = {path: set() for path in known}
    offered: dict[str, set[str]] = {path: set() for path in known}
    lines = [line for line in completion_script(build_parser(), "fish").splitlines() if line.startswith("complete")]
    for line in lines:
        tokens = [unquoted(each) for each in re.findall(r"'(?:[^'\\]|\\['\\])*'|[^\s']+", line)]
        assert " ".join(tokens[:4]) == "complete -c convwise -n", line
        condition, *rest = tokens[4:]
        where, _, path = condition.partition(" ")
        assert where in ("__convwise_at", "__convwise_in"), line
        switches, values = {"f", "r", "x"}, dict.fromkeys("lasd", "")
        alone, of_line = set(), []
        while rest:
            letter = rest.pop(0).removeprefix("-")
            if letter in switches:
                alone.add(letter)
                continue
            values[letter] = rest.pop(0)
            of_line += [f"--{values['l']}"] if letter == "l" else [f"-{values['s']}"] if letter == "s" else []
        assert values.keys() == set("lasd"), line
        assert "\n" not in values["d"]
        flags[path] |= set(of_line)
        if not of_line:
            assert (where, alone) == ("__convwise_at", {"f"}), line
            offered[path] |= set(values["a"].split())
            continue
        action = shown(known[path])[of_line[0]]
        assert values["d"] == (action.help or "").replace("%%", "%")
        assert set(values["a"].split()) == {str(each) for each in action.choices or ()}
        assert alone == ({"x"} if action.choices else {"r"} if action.nargs != 0 else set()), line
    assert flags == {path: set(shown(parser)) for path, parser in known.items()}
    for path, parser in known.items():
        fixed = [str(each) for action in parser._actions if not action.option_strings for each in action.choices or ()]
        assert offered[path] == set(fixed), path


def test_zsh_is_given_what_bash_is_and_starts_what_it_needs() -> None:
    bash, zsh = (completion_script(build_parser(), shell) for shell in ("bash", "zsh"))
    assert zsh.endswith(bash)
    begun = zsh.removesuffix(bash)
    assert begun.index("compdef") < begun.index("compinit") < begun.index("bashcompinit")
    assert bash.count('"') % 2 == 0
    assert "'" not in bash


@pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")
def test_bash_offers_each_option_of_each_command(tmp_path: Path) -> None:
    known = dict(commands(build_parser()))
    answers = offered("bash", [(*path.split(), "-") for path in known], tmp_path)
    assert dict(zip(known, answers, strict=True)) == {path: set(shown(parser)) for path, parser in known.items()}


def test_an_old_name_is_not_offered() -> None:
    for shell in SHELLS:
        assert not re.search(r"--fit\b|-l fit\b", completion_script(build_parser(), shell))
