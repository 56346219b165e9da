"""The first commands that people type, those of the README and the tutorial, run as they are written, only shorter."""

import shlex
import shutil
from pathlib import Path

import pytest

from convwise import cli
from tests.conftest import home_with_shapes
from tests.test_docs import commands

OF_THE_USER = ("FOLDER", "mine.py")  # what only a user has
ELSEWHERE = ("export", "serve", "web")  # their extras have tests of their own
SHORT = ["--epochs", "1", "--size", "32"]


@pytest.mark.slow
@pytest.mark.parametrize("page", ["README.md", "docs/tutorial/first-network.md"])
def test_the_commands_run_one_after_another(
    page: str, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = home_with_shapes(tmp_path_factory)
    monkeypatch.setenv("CONVWISE_HOME", str(home))
    monkeypatch.chdir(tmp_path)
    picture = home / "data/shapes/star/star_0000.png"
    for name in ("star_0000.png", "PICTURE.png"):
        shutil.copy(picture, name)
    written = [command for name, command in commands() if name == Path(page).name]
    own = [each for each in written if not any(word in each for word in OF_THE_USER)]
    own = [each for each in own if each.split()[0] not in ELSEWHERE]
    assert len(own) > 3
    for command in own:
        arguments = shlex.split(command)
        assert cli.main(arguments + (SHORT if arguments[0] == "train" else [])) == 0, command
