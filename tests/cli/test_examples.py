"""Every command's help ends with an example, and every example works as it stands."""

import argparse
import shlex
import shutil
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest
from PIL import Image

from convwise import cli
from convwise.cli import build_parser
from tests.conftest import home_with_shapes

SERVE = ("serve", "web")
"""What goes on until it is stopped: tests of their own begin and end these."""
CAN_EXPORT = all(find_spec(name) for name in ("onnx", "onnxruntime", "tf2onnx"))


def commands(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """The parsers of all commands that do something, in the order of the help."""
    below = [action for action in parser._actions if isinstance(action, argparse._SubParsersAction)]
    for action in below:
        for each in action.choices.values():
            yield from commands(each)
    if not below:
        yield parser


def examples() -> list[str]:
    found = []
    for parser in commands(build_parser()):
        assert parser.epilog is not None, parser.prog
        begin, line, *_ = parser.epilog.splitlines()
        assert begin == "example:", parser.prog
        assert line.strip().startswith(f"{parser.prog} ") or line.strip() == parser.prog
        found.append(line.strip())
    return found


def test_help_shows_the_example_as_it_was_written(capsys: pytest.CaptureFixture[str]) -> None:
    for parser, example in zip(commands(build_parser()), examples(), strict=True):
        parser.print_help()
        printed = capsys.readouterr().out
        assert f"\n  {example}\n" in printed
        assert "%%" not in printed


@pytest.mark.slow
def test_every_example_works(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In one place, one after another: what `train` makes is what `evaluate` and `predict` are shown with."""
    monkeypatch.setenv("CONVWISE_HOME", str(home_with_shapes(tmp_path_factory)))
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("SHELL", "/bin/bash")
    Image.new("RGB", (40, 30), (200, 30, 30)).save("picture.png")
    for example in examples():
        program, *arguments = shlex.split(example)
        if arguments[0] in SERVE or (arguments[0] == "export" and not CAN_EXPORT):
            continue
        if "runs/second" in arguments:
            shutil.copytree("runs/first", "runs/second")
        assert program == "convwise"
        assert cli.main(arguments) == 0, example
