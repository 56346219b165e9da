"""The files for a container, as far as they can be checked without one: they parse, and what they run runs."""

from __future__ import annotations

import json
import os
import re
import shlex
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.extras
yaml = pytest.importorskip("yaml")
for _needed in ("onnxruntime", "onnx", "uvicorn", "httpx"):
    pytest.importorskip(_needed)

from convwise.export.container import PACKAGES, container_files  # noqa: E402
from tests.serving.running import free_port  # noqa: E402

FILES = container_files("0.1.0")
_TOKEN = "a-token-of-the-tests"


def _lines(word: str) -> list[str]:
    return [line.removeprefix(f"{word} ") for line in FILES["Dockerfile"].splitlines() if line.startswith(f"{word} ")]


def _command(text: str) -> list[str]:
    return json.loads(text[text.index("[") :])


def test_the_image_takes_what_the_export_holds_and_runs_without_rights() -> None:
    words = {line.split()[0] for line in FILES["Dockerfile"].splitlines() if line and not line.startswith("#")}
    assert words == {"FROM", "WORKDIR", "COPY", "ARG", "RUN", "ENV", "USER", "EXPOSE", "HEALTHCHECK", "ENTRYPOINT"}
    copied = [name for line in _lines("COPY") for name in line.split()[:-1]]
    assert set(copied) == {"serve-requirements.txt", "labels.json", "model.onnx"}
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", _lines("USER")[0])
    assert "convwise==0.1.0" in _lines("ARG")[0]


def test_the_composition_is_read_only_and_asks_for_a_token() -> None:
    (service,) = yaml.safe_load(FILES["compose.yaml"])["services"].values()
    assert service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["user"] == _lines("USER")[0]
    assert service["ports"] == [f"127.0.0.1:{_lines('EXPOSE')[0]}:{_lines('EXPOSE')[0]}"]
    assert ":?" in service["environment"]["CONVWISE_TOKEN"]
    assert service["healthcheck"]["test"][1:] == _command(_lines("HEALTHCHECK")[0])


def test_the_image_installs_everything_that_the_server_imports_and_no_more_than_convwise_declares() -> None:
    """Each package is one that some module of the server's process comes from, and each such one is there."""
    from importlib.metadata import packages_distributions

    code = (
        "import sys\nbefore = set(sys.modules)\n"
        "import convwise.cli.program, convwise.serving.process, convwise.serving.serve, convwise.serving.workers\n"
        "import onnxruntime, uvicorn.protocols.http.auto, uvicorn.lifespan.on\n"
        "print(*sorted({name.partition('.')[0] for name in set(sys.modules) - before}))"
    )
    imported = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    owners = packages_distributions()
    needed = {owners[name][0].lower() for name in imported if name in owners and name not in sys.stdlib_module_names}
    listed = {line.partition("==")[0] for line in FILES["serve-requirements.txt"].splitlines()}
    assert listed == set(PACKAGES)
    # What these bring themselves, which pip installs with them.
    brought = {"anyio", "click", "h11", "idna", "sniffio", "typing_extensions", "flatbuffers", "protobuf", "packaging",
               "coloredlogs", "humanfriendly", "sympy", "mpmath"}  # fmt: skip
    assert needed - brought - {"convwise"} <= listed
    assert not needed & {"keras", "tensorflow-cpu", "tensorflow", "scipy", "matplotlib", "rich", "fastapi", "pydantic"}


@pytest.mark.slow
def test_the_entry_point_runs_as_it_would_there_and_the_health_check_finds_it(export: Path, tmp_path: Path) -> None:
    """As a user without rights where this one may change to one, without a home, in folders that cannot be written."""
    port = str(free_port())
    place = {"/export": str(export), "8000": port}
    entry = [place.get(word, word) for word in _command(_lines("ENTRYPOINT")[0])]
    health = [word.replace("8000", port) for word in _command(_lines("HEALTHCHECK")[0])]
    assert (entry[0], health[0]) == ("python", "python")
    environment = {"PATH": os.environ["PATH"], "HOME": "/nonexistent", "PYTHONDONTWRITEBYTECODE": "1",
                   "PYTHONPATH": str(Path(__file__).parents[2])}  # fmt: skip
    options: dict[str, Any] = {"env": environment, "cwd": "/", "stderr": subprocess.PIPE, "text": True}
    refused = subprocess.run([sys.executable, *entry[1:]], check=False, **options)
    assert (refused.returncode, "without a token" in refused.stderr) == (2, True)
    environment["CONVWISE_TOKEN"] = _TOKEN
    process = subprocess.Popen([sys.executable, *entry[1:]], **options)
    try:
        until = time.monotonic() + 60
        while subprocess.run([sys.executable, *health[1:]], capture_output=True, check=False).returncode:
            assert process.poll() is None
            assert time.monotonic() < until
            time.sleep(0.2)
        process.terminate()
        assert process.wait(60) == 0
    finally:
        process.kill()
        process.communicate()


def test_every_command_is_one_that_a_shell_understands() -> None:
    for line in _lines("RUN"):
        assert subprocess.run(["sh", "-n", "-c", line], check=False).returncode == 0
        assert shlex.split(line)[0] == "pip"
