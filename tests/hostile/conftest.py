"""One warm process for each of pytest's workers, and the material, made once for all of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import made_once
from tests.hostile.cases import Material
from tests.hostile.material import make_material
from tests.hostile.pool import WarmProcess


@pytest.fixture(scope="session")
def material(tmp_path_factory: pytest.TempPathFactory) -> Material:
    """The run, the pictures and the models that cases are made from."""
    folder = made_once(tmp_path_factory, "hostile-material", lambda place: make_material(place / "material"))
    return Material(folder / "material")


@pytest.fixture(scope="session")
def warm(material: Material, tmp_path_factory: pytest.TempPathFactory) -> Iterator[WarmProcess]:
    """A process with everything imported."""
    with WarmProcess(material, tmp_path_factory.mktemp("hostile")) as process:
        yield process
