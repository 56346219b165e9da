"""Pictures that belong together by the user's word, such as frames of a film or pictures of a patient."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from convwise import checks
from convwise.errors import RequestError
from convwise.images.index import ImageIndex
from convwise.images.saved_split import SIDES
from convwise.images.split import Split

FOLDER = "folder"
_LONGEST = 1000  # characters of an expression


def check_group_by(value: object) -> str:
    """`value` as "folder" or an expression with a group. Raises RequestError for anything else."""
    text = checks.text("group_by", value)
    if text == FOLDER:
        return text
    try:
        expression = re.compile(text) if len(text) <= _LONGEST else None
    except (re.error, OverflowError, RecursionError) as problem:
        raise RequestError(f"group_by={text}: it is no regular expression ({problem}); or write folder") from None
    if expression is None or not expression.groups:
        raise RequestError(
            f"group_by={text[:80]}: it needs a group in parentheses, which names what belongs together, such as "
            r"(patient\d+); or write folder"
        )
    return text


def grouped(index: ImageIndex, group_by: str) -> ImageIndex:
    """The index with its groups: pictures of one group stay on one side of every split.

    "folder": pictures of one folder below their class's; one straight in the class's folder stands alone. Else the
    first group of the expression where it is found in the path, without the folder of a given side; a picture in whose
    path it is not found stands alone. Raises RequestError where no picture is in a group.
    """
    names = [_named(path, subset, group_by) for path, subset in zip(index.paths, index.subsets, strict=True)]
    if not any(names):
        where = "no picture lies in a folder below its class's" if group_by == FOLDER else "it is found in no path"
        raise RequestError(f"group_by={group_by}: {where}, such as {index.paths[0]}, so there is no group")
    numbers: dict[str, int] = {}
    groups = [numbers.setdefault(name, i) if name else i for i, name in enumerate(names)]
    return replace(index, groups=np.array(groups, np.int64))


def group_counts(groups: NDArray[np.int64], group_by: str) -> dict[str, int | str]:
    """For the run's record: how many groups of several pictures there are, their pictures, and how many stand alone."""
    sizes = np.bincount(groups)
    several = sizes[sizes > 1]
    return {
        "by": group_by,
        "n_groups": len(several),
        "n_images": int(several.sum()),
        "largest": int(several.max(initial=0)),
        "alone": int((sizes == 1).sum()),
    }


def torn_groups(groups: NDArray[np.int64], split: Split) -> int:
    """How many groups have pictures on more than one side."""
    sides: dict[int, set[str]] = {}
    for side in SIDES:
        for i in getattr(split, side):
            sides.setdefault(int(groups[i]), set()).add(side)
    return sum(len(each) > 1 for each in sides.values())


def _named(path: str, subset: str, group_by: str) -> str:
    """What the picture belongs to; "" where it stands alone."""
    inner = path.partition("/")[2] if subset else path
    if group_by == FOLDER:
        folder = inner.rpartition("/")[0]
        return folder if "/" in folder else ""
    found = re.search(group_by, inner)
    return (found[1] or "") if found else ""
