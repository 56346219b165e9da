"""predict.py reads pictures as convwise does: the same pixels to the bit, but for CMYK and a turned TIFF."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from convwise.export.beside import script_of
from convwise.export.formats import FORMATS
from convwise.export.labels import Labels
from convwise.images.reading import load_pixels
from tests.export.picture_files import write_all

pytestmark = pytest.mark.extras
CMYK_LEVELS = 2  # of 255: OpenCV divides by 256 where Pillow divides by 255


def script(folder: Path, labels: Labels) -> ModuleType:
    """predict.py of an export for these labels, imported."""
    pytest.importorskip("onnxruntime")
    labels.write(folder)
    path = folder / "predict.py"
    path.write_text(script_of(labels, FORMATS["onnx"]))
    spec = importlib.util.spec_from_file_location("predict_of_an_export", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("resize", ["stretch", "crop", "pad"])
@pytest.mark.parametrize(("shape", "bits"), [((64, 64, 3), 16), ((48, 96, 3), 12), ((96, 40, 1), 16)])
def test_it_gives_the_pixels_of_convwise(tmp_path: Path, resize: str, shape: tuple[int, int, int], bits: int) -> None:
    labels = Labels("0.1.0", ("a", "b"), *shape, resize, bits=bits)
    module = script(tmp_path, labels)
    different = {}
    for name, path in write_all(tmp_path).items():
        own = load_pixels(path, shape=labels.shape, resize=resize, rules=labels.rules)
        other = module.pixels_of(path)
        assert other.shape == own.shape, name
        largest = int(np.abs(own.astype(int) - other).max())
        if largest:
            different[name] = largest
    assert different.pop("jpeg cmyk", 0) <= CMYK_LEVELS
    assert different.keys() <= {"tiff turned"}


@pytest.mark.parametrize("content", [b"", b"\xff\xd8", b"\xff\xd8\xff\xe0\0\x10", b"no picture", b"\x89PNG\r\n\x1a\n"])
def test_what_is_no_picture_is_a_value_error(tmp_path: Path, content: bytes) -> None:
    """Which the script's loop tells in the picture's line."""
    module = script(tmp_path, Labels("0.1.0", ("a", "b"), 32, 32, 3, "stretch"))
    (tmp_path / "broken.jpg").write_bytes(content)
    with pytest.raises((ValueError, IndexError, module.cv2.error)):
        module.pixels_of(tmp_path / "broken.jpg")
