"""The how-to about your own network: its commands run, and its code is the example's."""

import re
import shlex
import shutil
from pathlib import Path

import pytest

from convwise.cli import main
from convwise.images.shapes import make_shapes

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/how-to/your-own-network.md").read_text(encoding="utf-8")
EXAMPLE = ROOT / "examples/first_try.py"
# Fewer images, epochs and trainings than the page has: what is tested is that the commands are right.
SMALLER = {"--per-class": "4", "--epochs": "1", "--runs": "12"}
USUAL = {
    "train": {"--per-class": "4", "--epochs": "1"},
    "study": {"--per-class": "4", "--epochs": "1", "--runs": "12", "--workers": "1", "--parameters": "filters,padding"},
    "explain": {},
}


def commands() -> list[list[str]]:
    found = re.findall(r"^```(\w*)\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
    blocks = "".join(text for language, text in found if not language)
    lines = re.findall(r"^(?:\$ )?convwise (.*?)(?:\s+#.*)?$", blocks, flags=re.MULTILINE)
    return [shlex.split(line) for line in lines]


def smaller(command: list[str]) -> list[str]:
    given = [SMALLER.get(before, word) for before, word in zip(["", *command], command, strict=False)]
    added = {name: value for name, value in USUAL[command[0]].items() if name not in command}
    return [*given, *(word for pair in added.items() for word in pair)]


def test_the_pages_function_is_the_examples() -> None:
    block = next(block for block in re.findall(r"```python\n(.*?)```", PAGE, flags=re.DOTALL) if "first_try" in block)
    lines = [line for line in EXAMPLE.read_text(encoding="utf-8").splitlines() if '"""' not in line]
    assert block.strip() in "\n".join(lines)


@pytest.mark.slow
def test_its_commands_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(EXAMPLE, tmp_path)
    make_shapes("drawn", per_class=8, size_px=32)
    assert len(commands()) >= 6
    for command in commands():
        if "model.keras" in command:
            shutil.copy(next(Path("runs").glob("*/model.keras")), "model.keras")
        few = ["drawn" if word == "shapes" else word for word in smaller(command)]
        assert main(few) == 0, few
