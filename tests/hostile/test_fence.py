"""Behind the fence nothing outside can be written, by Python or by a program that it starts; inside all can be."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

_SCRIPT = """
import os, subprocess, sys
from pathlib import Path
from tests.hostile.fence import fenced
from tests.hostile.privileges import ordinary_user
inside, outside = Path(sys.argv[1]), Path(sys.argv[2])
ordinary_user()
if not fenced([inside]):
    raise SystemExit(77)
(inside / "a").write_text("new")
os.replace(inside / "a", inside / "b")
Path("/dev/null").write_text("x")
for attempt in (
    lambda: (outside / "new").write_text("x"), lambda: (outside / "old").write_text("x"), lambda: (outside / "old").unlink(),
    lambda: os.truncate(outside / "old", 0), lambda: os.replace(inside / "b", outside / "old"), lambda: (outside / "d").mkdir(),
    lambda: subprocess.run(["sh", "-c", f"echo x > {outside}/old"], check=True, stderr=subprocess.DEVNULL),
    lambda: (inside / "shut" / "x").write_text("x"),
):
    try:
        attempt()
    except (OSError, subprocess.CalledProcessError):
        continue
    raise SystemExit("written")
"""  # noqa: E501


def test_nothing_outside_can_be_written_and_all_inside(tmp_path: Path) -> None:
    inside, outside = tmp_path / "inside", tmp_path / "outside"
    for folder in (inside, outside):
        folder.mkdir()
    (outside / "old").write_text("as it was")
    (inside / "shut").mkdir(mode=0o500)
    done = subprocess.run([sys.executable, "-c", _SCRIPT, inside, outside], capture_output=True, text=True, check=False)
    if done.returncode == 77:
        pytest.skip("this system has no Landlock")
    assert (done.returncode, done.stderr) == (0, "")
    assert (inside / "b").read_text() == "new"
    assert [(path.name, path.read_text()) for path in outside.iterdir()] == [("old", "as it was")]
