"""The machine in one line, for the head of every benchmark's output."""

import os
import platform
import shutil
import subprocess
from importlib import metadata

from convwise.processor import instruction_set, processor_name


def machine() -> str:
    """Processor, cores, GPU, system and the versions that matter."""
    gpu = ""
    if shutil.which("nvidia-smi"):
        asked = subprocess.run(
            ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"], capture_output=True, text=True, check=False
        )
        gpu = "".join(f"{line.strip()}, " for line in asked.stdout.splitlines())
    versions = []
    for package in (
        "keras",
        "tensorflow-cpu",
        "tensorflow",
        "jax",
        "torch",
        "numpy",
        "opencv-python-headless",
        "pillow",
    ):
        try:
            versions.append(f"{package} {metadata.version(package)}")
        except metadata.PackageNotFoundError:
            continue
    system = f"{platform.system()}, Python {platform.python_version()}, {', '.join(versions)}"
    return f"{processor_name()} ({instruction_set()}), {os.cpu_count()} cores, {gpu}{system}"
