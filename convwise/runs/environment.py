"""Where a result was made: versions, backend, processor, threads."""

from __future__ import annotations

import os
import platform
from importlib import metadata
from typing import Any

from convwise.processor import ONE_DNN, instruction_set, processor_name

BACKEND_PACKAGES = {"tensorflow": ("tensorflow-cpu", "tensorflow"), "jax": ("jax", "jaxlib"), "torch": ("torch",)}


def environment() -> dict[str, Any]:
    """Versions, backend, processor and threads: what a result may depend on besides its settings."""
    import keras

    names = ("convwise", "keras", "numpy", "opencv-python-headless", "pillow")
    backend = keras.backend.backend()
    return {
        "python": platform.python_version(),
        "versions": {name: v for name in (*names, *BACKEND_PACKAGES.get(backend, ())) if (v := package_version(name))},
        "backend": backend,
        "platform": platform.platform(),
        "processor": processor_name(),
        "instruction_set": instruction_set(),
        "one_dnn": os.environ.get(ONE_DNN),
        "cores": os.cpu_count(),
        "threads": {name: v for name in ("OMP_NUM_THREADS", "TF_NUM_INTRAOP_THREADS") if (v := os.environ.get(name))},
    }


def requirement(name: str) -> str:
    """A line of requirements.txt: the package in the version that is here, by its name alone where there is none."""
    version = package_version(name)
    return f"{name}=={version}" if version else name


def package_version(name: str) -> str | None:
    """The installed version, None where there is none."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None
