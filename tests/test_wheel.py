"""The wheel holds the whole package, installs beside nothing of ours and trains."""

import importlib.metadata
import os
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Sequence
from pathlib import Path

import pytest

from tests.conftest import home_with_shapes

ROOT = Path(__file__).resolve().parent.parent
SOURCES = ("pyproject.toml", "README.md", "LICENSE")


def run(arguments: Sequence[str | Path], folder: Path) -> str:
    """What it wrote to standard output, without this process's PYTHONPATH; a failure shows all that was said."""
    done = subprocess.run([str(each) for each in arguments], cwd=folder, capture_output=True, text=True, env=bare())
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def bare() -> dict[str, str]:
    """The environment without what leads Python elsewhere."""
    return {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}


@pytest.mark.slow
def test_the_wheel_installs_into_a_fresh_environment_and_trains_there(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Shown: what the wheel holds, its metadata, its command, and that it needs nothing of this checkout.

    Not shown: that the dependencies that it names can be installed. They are those of the running interpreter, which
    the new environment borrows, so that the test takes seconds and needs no network.
    """
    monkeypatch.setenv("CONVWISE_HOME", str(home_with_shapes(tmp_path_factory)))
    source, dist, out = tmp_path / "source", tmp_path / "dist", tmp_path / "elsewhere"
    shutil.copytree(ROOT / "convwise", source / "convwise", ignore=shutil.ignore_patterns("__pycache__"))
    for name in SOURCES:
        shutil.copy(ROOT / name, source)
    run([sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", dist, source], tmp_path)
    (wheel,) = dist.glob("convwise-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    package = source / "convwise"
    kinds = ("*.py", "*.js", "*.html", "*.css", "*.jinja", "py.typed")
    assert held == {p.relative_to(source).as_posix() for kind in kinds for p in package.rglob(kind)}

    environment = tmp_path / "environment"
    run([sys.executable, "-m", "venv", "--without-pip", environment], tmp_path)
    python = environment / ("Scripts/python.exe" if sys.platform == "win32" else "bin/python")
    run([sys.executable, "-m", "pip", "--python", python, "install", "--no-deps", "--no-index", wheel], tmp_path)
    lend_packages(python, tmp_path)
    out.mkdir()
    where = "import convwise, importlib.metadata as m; print(convwise.__file__); print(m.version('convwise'))"
    place, version = run([python, "-c", where], out).splitlines()
    assert environment in Path(place).parents
    assert version == importlib.metadata.version("convwise")
    command = python.with_name("convwise")
    run([command, "train", "shapes", "--net", "simple", "--size", "16", "--epochs", "1", "--out", "first"], out)
    assert (out / "first" / "model.keras").is_file()


def lend_packages(python: Path, folder: Path) -> None:
    """Adds this interpreter's packages after the environment's own; links to a checkout in them are not followed."""
    own = run([python, "-c", "import sysconfig; print(sysconfig.get_paths()['purelib'])"], folder).strip()
    lent = [path for path in sys.path if path.endswith("site-packages")]
    (Path(own) / "lent.pth").write_text("\n".join(lent))
