"""Completion: what a real shell offers at the cursor."""

import shutil
import subprocess

import pytest

from convwise.cli import build_parser
from convwise.cli.completion import SHELLS, completion_script

needs_bash = pytest.mark.skipif(shutil.which("bash") is None, reason="there is no bash here")


def offered(*words: str) -> set[str]:
    """What bash offers for the last of the words, which may be begun."""
    typed = " ".join(f"'{word}'" for word in ("convwise", *words))
    script = completion_script(build_parser(), "bash")
    script += f"COMP_WORDS=({typed})\nCOMP_CWORD={len(words)}\n_convwise\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"\n"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return set(done.stdout.split())


@needs_bash
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (("tr",), {"train"}),
        (("train",), {"train"}),
        (("data", "c"), {"check", "clean"}),
        (("train", "x", "--re"), {"--resume", "--resize", "--recipe"}),
        (("train", "x", "--recipe", ""), {"fast", "plain", "thorough", "finetune", "tutorial"}),
        (("study", "x", "--recipe", "t"), {"thorough", "tutorial"}),
        (("data", "check", "x", "--copies", "e"), {"exact"}),
        (("train", "x", "--out", ""), set()),
        (("completion", "z"), {"zsh"}),
    ],
)
def test_bash_offers_what_fits(words: tuple[str, ...], expected: set[str]) -> None:
    assert offered(*words) == expected


@pytest.mark.parametrize("shell", SHELLS)
def test_every_option_of_every_command_is_in_the_script_and_the_shell_takes_it(shell: str) -> None:
    script = completion_script(build_parser(), shell)
    for word in ("--class-weights", "--dry-run", "--silence", "--days"):
        assert (f"-l {word[2:]}" if shell == "fish" else word) in script
    assert "--fit" not in script
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=script, text=True, check=True)
