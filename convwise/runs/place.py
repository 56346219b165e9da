"""Where a new run or study lies: a folder that is asked for, or an unused name; it appears whole."""

from __future__ import annotations

import os
import re
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from convwise.errors import RequestError
from convwise.files import cannot_write, temporary_name
from convwise.places import folder_to_fill, folder_to_make, kind_of, reason_of
from convwise.records import write_record
from convwise.runs.environment import environment

_LONGEST_NAME = 50  # characters of the data's name and the network's in a run's: four bytes each at most


@contextmanager
def laid_out(folder: Path) -> Iterator[Path]:
    """A place to write to that becomes `folder`, whole, at the block's end, `environment.json` included.

    Raises RequestError if the folder holds anything already, ConvwiseError where it cannot be written.
    """
    refuse_used(folder)
    place = temporary_name(folder.parent)
    try:
        place.mkdir(parents=True)
        write_record(place / "environment.json", environment())
        yield place
        place.replace(folder)  # an empty folder of that name is replaced
    except OSError as problem:
        raise cannot_write(folder, problem) from None
    finally:
        shutil.rmtree(place, ignore_errors=True)


def unused_folder(parent: str, name: str) -> Path:
    """`parent`/`name` with the time of day, and a number where that is taken; odd characters become _."""
    plain = re.sub(r"[^\w .,()+=@-]", "_", name).strip(" .")[-_LONGEST_NAME:] or "images"
    base = Path(parent) / f"{plain}-{time.strftime('%Y%m%d-%H%M%S')}"
    folder, number = base, 1
    while folder.exists():
        number += 1
        folder = base.with_name(f"{base.name}-{number}")
    return folder


def place_to_fill(out: str | Path | None, parent: str, *, data: Path, resume: str = "train --resume") -> Path | None:
    """`out` as the folder of a new run or study, None where it gets an unused name in `parent`; before any work.

    Raises RequestError if it holds anything, lies where nothing can be written, or within the folder `data`.
    """
    place = folder_to_fill(parent, "out") if out is None else folder_to_make(out, "out")
    if out is not None:
        refuse_used(place, resume)
    if Path(os.path.realpath(data)) in Path(os.path.realpath(place)).parents:
        raise RequestError(
            f"out={place}: it lies in the folder of the images, where it would be taken for a class the next time; "
            "name a place outside with out="
        )
    return None if out is None else place


def refuse_used(folder: Path, resume: str = "train --resume") -> None:
    """Raises RequestError if the folder holds anything already; `resume` is the command that goes on with it."""
    kind = kind_of(folder, "out")
    try:
        used = kind is not None and (kind != "folder" or any(folder.iterdir()))
    except OSError as problem:
        raise RequestError(f"out={folder}: it cannot be looked into ({reason_of(problem)}); name a new one") from None
    if used:
        raise RequestError(
            f"out={folder}: it exists already; name a new one, or go on with: convwise {resume} {folder}"
        )
