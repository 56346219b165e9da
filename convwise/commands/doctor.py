"""doctor: what this machine, this Python and this backend are and can do; to paste into a bug report."""

from __future__ import annotations

import os
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any

from convwise.cores import available_cores
from convwise.errors import ConvwiseError, one_line
from convwise.images.cache_dir import cache_dir
from convwise.images.datasets import DATASETS
from convwise.images.walking import walk
from convwise.names import counted
from convwise.nets.backend import (
    asked_backend,
    has_accelerator,
    layout_works,
    require_backend,
    tensorflow_on_processor,
    type_works,
)
from convwise.processor import ONE_DNN, instruction_set, processor_name, was_set_by_us
from convwise.runs.environment import BACKEND_PACKAGES, package_version

_PACKAGES = ("keras", "numpy", "scipy", "opencv-python-headless", "pillow", "h5py", "matplotlib", "rich")
_EXTRAS = {
    **{name: (name,) for name in ("jax", "torch", "tensorboard", "ray", "openvino")},
    "sklearn": ("scikit-learn",),
    "onnx": ("onnxruntime", "onnx", "tf2onnx"),
    "litert": ("ai-edge-litert",),
    "serve": ("starlette", "uvicorn", "onnxruntime", "python-multipart", "httptools", "uvloop"),
    "web": ("starlette", "uvicorn", "python-multipart"),
}
"""By extra the packages that it takes, first the one whose version tells most."""
_BROWSERS = ("chromium", "chromium-browser", "google-chrome", "chrome", "firefox", "msedge")
_VARIABLES = (
    *("KERAS_", "CONVWISE_", "TF_ENABLE_", "TF_CPP_", "TF_NUM_", "TF_XLA_", "TF_GPU_", "XLA_", "JAX_", "CUDA_"),
    *("OMP_", "ONEDNN_", "OPENBLAS_", "LC_ALL", "LANG", "PYTHONIOENCODING", "PYTHONUTF8"),
)
_NOT = "not known"
_LAYOUTS, _TYPES = ("channels_last", "channels_first"), ("float32", "bfloat16", "float16")


@dataclass(frozen=True)
class Diagnosis:
    """What was found out about this machine, this Python and this backend.

    Attributes:
        found: Question -> answer in words, in the order in which a reader wants them.

    Example:
        >>> from convwise.commands.doctor import Diagnosis
        >>> Diagnosis({"memory": "8.0 GiB"}).to_dict()
        {'memory': '8.0 GiB'}
    """

    found: dict[str, str]

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return dict(self.found)


def doctor() -> Diagnosis:
    """Looks at everything that a result or a fault may depend on. Imports the backend; changes nothing.

    Returns:
        An answer for each question, in words.

    Raises:
        Nothing; what cannot be found out is said in the place of its answer, so that the rest is there.

    Example:
        >>> import convwise
        >>> list(convwise.doctor().found)[:4]
        ['convwise', 'system', 'processor', 'memory']
    """
    questions: dict[str, Callable[[], str]] = {
        "convwise": _versions,
        "system": platform.platform,
        "processor": lambda: f"{processor_name()}, {instruction_set()}, {available_cores()} cores",
        "memory": _memory,
        "backend": _backend,
        "GPU or TPU": lambda: "yes" if has_accelerator(require_backend()) else "none",
        "oneDNN": _one_dnn,
        "layouts": lambda: _working(layout_works, _LAYOUTS),
        "layouts, grouped": lambda: _working(lambda layout: layout_works(layout, grouped=True), _LAYOUTS),
        "types": lambda: f"{_working(type_works, _TYPES)}; trains in {_precision()}",
        "packages": lambda: _listed(_PACKAGES),
        "extras": _extras,
        "browser": lambda: next((found for name in _BROWSERS if (found := shutil.which(name))), "none found"),
        "caches": _caches,
        "runs": _runs,
        "data sets": lambda: ", ".join(name for name, each in DATASETS.items() if each.folder.is_dir()) or "none yet",
        "environment": _environment,
    }
    found: dict[str, str] = {}
    for name, question in questions.items():
        answer = _answered(question)
        again = next((before for before, told in found.items() if told == answer and answer.startswith(_NOT)), None)
        found[name] = f"{_NOT}, see {again}" if again else answer
    return Diagnosis(found)


def _answered(question: Callable[[], str]) -> str:
    try:
        return question()
    except ConvwiseError as problem:
        return f"{_NOT}: {problem}"
    except Exception as problem:  # whatever is wrong here is what the reader wants to know
        return f"{_NOT}: {type(problem).__name__}: {one_line(problem)}"


def _versions() -> str:
    return f"{metadata.version('convwise')}, Python {platform.python_version()} ({sys.executable})"


def _memory() -> str:
    try:
        n_bytes = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):  # not on every system
        return _NOT
    return f"{n_bytes / 2**30:.1f} GiB"


def _backend() -> str:
    name = require_backend()
    return f"{name} ({_listed(BACKEND_PACKAGES[name])})"


def _one_dnn() -> str:
    """On or off as it was found by computing, and who said so."""
    if asked_backend() != "tensorflow":
        return "TensorFlow's alone"
    if not tensorflow_on_processor():
        return "not used: there is a GPU"
    state = "on" if layout_works("channels_first") else "off"
    variable = os.environ.get(ONE_DNN)
    who = "by convwise" if was_set_by_us() else "by the environment"
    return f"{state} ({ONE_DNN} is not set)" if variable is None else f"{state} ({ONE_DNN}={variable}, set {who})"


def _precision() -> str:
    require_backend()
    from convwise.training.precision import resolve_precision

    return resolve_precision("auto")


def _working(works: Callable[[str], bool], names: tuple[str, ...]) -> str:
    require_backend()
    return ", ".join(f"{name} {'works' if works(name) else 'does not work'}" for name in names)


def _listed(names: tuple[str, ...]) -> str:
    """The versions that are there; where none is, what is missing."""
    there = [f"{name} {version}" for name in names if (version := package_version(name)) is not None]
    return ", ".join(there) if there else f"missing: {', '.join(names)}"


def _extras() -> str:
    """The extras that are whole here, with the version that tells most, and how to install the others."""
    told, missing = [], []
    for extra, packages in _EXTRAS.items():
        versions = [package_version(each) for each in packages]
        if None in versions:
            missing.append(extra)
        else:
            told.append(f"{extra}: " * (extra != packages[0]) + f"{packages[0]} {versions[0]}")
    parts = [", ".join(told)] if told else []
    if missing:
        parts += [f"missing: {', '.join(missing)}", f"pip install 'convwise[{','.join(missing)}]'"]
    return "; ".join(parts)


def _caches() -> str:
    folder = cache_dir()
    sizes = [_bytes_below(folder / part) / 2**20 for part in ("pixels", "scans", "data")]
    free = shutil.disk_usage(folder).free / 2**30
    return (
        f"{folder}: pixels {sizes[0]:,.1f} MiB, records {sizes[1]:,.1f} MiB, data sets {sizes[2]:,.1f} MiB; "
        f"{free:,.1f} GiB free; convwise data clean --days 0 frees pixels and records, which are made again when needed"
    )


def _runs() -> str:
    """What the runs and studies below the working directory take: a checkpoint is most of a run."""
    told = []
    for name, what in (("runs", "run"), ("studies", "study")):
        folder = Path(name)
        held = [place for place in sorted(folder.iterdir()) if place.is_dir()] if folder.is_dir() else []
        if held:
            plural = "studies" if what == "study" else ""
            told.append(f"{counted(len(held), what, plural)} in ./{name}, {_bytes_below(folder) / 2**20:,.1f} MiB")
    if not told:
        return "none in ./runs and ./studies"
    checkpoints = sum(_bytes_below(place) for place in Path("runs").glob("*/checkpoint")) / 2**20
    of_checkpoints = (
        f"; {checkpoints:,.1f} MiB of it checkpoints, which a finished run needs no more" if checkpoints else ""
    )
    return f"{'; '.join(told)}{of_checkpoints}; a folder that you no longer need can simply be deleted"


def _bytes_below(folder: Path) -> int:
    return sum(found.status.st_size for found in walk(folder) if found.status and not found.reason)


def _environment() -> str:
    """The variables that decide something here; nothing else of the environment is anybody's business."""
    told = [f"{name}={value}" for name, value in sorted(os.environ.items()) if name.startswith(_VARIABLES)]
    return " ".join(told) or "nothing set"
