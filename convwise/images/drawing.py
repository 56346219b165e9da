"""Generated data sets on disk: a PNG file a picture, a sub-folder a class; the folder appears whole or not at all."""

from collections.abc import Callable, Sequence
from pathlib import Path
from shutil import rmtree

import cv2
import numpy as np
from numpy.typing import NDArray

from convwise.errors import RequestError
from convwise.files import temporary_name
from convwise.images.cache_dir import clear_errors

Draw = Callable[[str, int], NDArray[np.uint8]]  # class name, number -> RGB (h, w, 3)


def write_pictures(
    folder: str | Path,
    draw: Draw,
    class_names: Sequence[str],
    per_class: int,
    progress: Callable[[int, int], None] | None = None,
) -> Path:
    """Writes `per_class` pictures of each class; `progress(n_done, n_total)` is told. RequestError if it exists."""
    folder = Path(folder)
    if folder.exists():
        raise RequestError(f"folder={str(folder)!r} exists; choose a new one or remove it")
    with clear_errors(folder.parent):
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = temporary_name(folder.parent)
        try:
            for done, (name, i) in enumerate((name, i) for name in class_names for i in range(per_class)):
                path = temporary / name / f"{name}_{i:04d}.png"
                path.parent.mkdir(parents=True, exist_ok=True)
                _, png = cv2.imencode(".png", draw(name, i)[:, :, ::-1])
                path.write_bytes(png.tobytes())
                if progress:
                    progress(done + 1, per_class * len(class_names))
            temporary.rename(folder)
        finally:
            rmtree(temporary, ignore_errors=True)
    return folder
