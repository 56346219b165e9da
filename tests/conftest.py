"""A home of its own for every test session, and small folders of pictures."""

import itertools
import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("GLOG_minloglevel", "3")

_NUMBERS = itertools.count()


@pytest.fixture(autouse=True)
def own_home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> Path:
    """No test reads or writes the user's caches."""
    home = tmp_path_factory.getbasetemp() / "homes" / str(next(_NUMBERS))  # `mktemp` looks through all that are there
    home.mkdir(parents=True)
    monkeypatch.setenv("CONVWISE_HOME", str(home))
    return home


@pytest.fixture
def picture_folder(tmp_path: Path) -> Callable[..., Path]:
    """Makes a folder of noisy pictures, each class around a colour of its own, so that any network can learn it."""

    def make(name: str = "pictures", n_classes: int = 3, per_class: int = 16, size_px: int = 40) -> Path:
        random = np.random.default_rng(7)
        for number in range(n_classes):
            folder = tmp_path / name / f"class {chr(97 + number)}"
            folder.mkdir(parents=True)
            colour = np.full(3, 60.0)
            colour[number % 3] = 190.0
            for i in range(per_class):
                noise = random.normal(0, 40, (size_px, size_px, 3))
                pixels = np.clip(colour + noise, 0, 255).astype(np.uint8)
                Image.fromarray(pixels).save(folder / f"{i:03}.png")
        return tmp_path / name

    return make


@pytest.fixture(scope="session")
def chromium() -> Iterator[Any]:
    """A browser, started once: Playwright has room for one in a process."""
    from tests.chromium import browser

    with browser() as opened:
        yield opened


@pytest.fixture
def channels_first() -> None:
    """Skips a test of that layout where the backend, on this machine, has no such convolution."""
    from convwise.nets.backend import layout_works

    if not layout_works("channels_first"):
        pytest.skip("the backend has no channels_first convolution on this machine")


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """The folder `name` that `make` fills: once for all of pytest's workers, the others wait."""
    import fcntl

    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    folder.mkdir(exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "made").exists():
            make(folder)
            (folder / "made").touch()
    return folder


def home_with_shapes(factory: pytest.TempPathFactory, *, per_class: int = 40, size_px: int = 96) -> Path:
    """A CONVWISE_HOME in which `shapes` is there already, with fewer or smaller pictures: drawing all takes seconds."""
    from convwise.images.shapes import make_shapes

    def draw(home: Path) -> None:
        (home / "data").mkdir()
        make_shapes(home / "data" / "shapes", per_class=per_class, size_px=size_px)

    return made_once(factory, f"home with {per_class} shapes of {size_px} px", draw)


def caltech_archive() -> Path | None:
    """The real archive, from a folder or file named by CONVWISE_TEST_CALTECH101."""
    named = os.environ.get("CONVWISE_TEST_CALTECH101")
    if not named:
        return None
    path = Path(named)
    return path / "101_ObjectCategories.tar.gz" if path.is_dir() else path
