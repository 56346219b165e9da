"""Whether the folders at the top are sides (train, test) or classes."""

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from convwise.errors import RequestError

_WORDS = {
    "train": ("train", "training"),
    "validation": ("val", "valid", "validation", "dev"),
    "test": ("test", "testing", "eval"),
}
SIDE_OF = {word: side for side, words in _WORDS.items() for word in words}
_OF_A_DIVISION = {*SIDE_OF, "fold", "split", "part", "partition", "set", "subset", "batch", "cv"}


@dataclass(frozen=True)
class Top:
    """A folder at the top, the names of the folders in it, and how many pictures lie beside these, by their names."""

    name: str
    below: tuple[str, ...]
    n_pictures: int = 0


@dataclass(frozen=True)
class Sides:
    """The side of each folder at the top ("": of the whole, to be divided), and what is to be said about it."""

    side_of: dict[str, str]
    notes: tuple[str, ...] = ()


def sides_of(root: str, tops: Sequence[Top]) -> Sides | None:
    """The sides, where every folder at the top is called after one and holds folders; None where these are classes.

    Raises RequestError, with the way out, for what is neither: sides without classes, and folders of unknown names
    that hold the same classes.
    """
    sides = {top.name: SIDE_OF[top.name.lower()] for top in tops if top.name.lower() in SIDE_OF}
    divided = [top for top in tops if top.name in sides and top.below]
    if len(sides) == len(tops) and divided:
        return _given(root, tops, sides)
    if len(sides) == len(tops) and len(tops) > 1:
        raise RequestError(
            f"data={root}: {_folders(tops)} hold no class folders; put the images into one sub-folder per class, "
            f"such as {tops[0].name}/cat"
        )
    if len({sides[top.name] for top in divided}) > 1 and "train" in {sides[top.name] for top in divided}:
        others = [top for top in tops if top.name not in sides]
        raise RequestError(
            f"data={root}: {_folders(divided)} are sides, {_folders(others)} beside them is none; move it out, or "
            f"name one of them, such as {root}/{divided[0].name}"
        )
    _refuse_alike(root, tops)
    return None


def _given(root: str, tops: Sequence[Top], sides: dict[str, str]) -> Sides:
    bare = [top for top in tops if not top.below]
    whole = next((top for top in tops if top.below and sides[top.name] == "train"), None)
    if bare:
        use = "be evaluated on" if any(sides[top.name] == "test" for top in bare) else "be used"
        out = f"to train on {whole.name}/ alone, name {root}/{whole.name}" if whole else "sort its images into classes"
        raise RequestError(f"data={root}: {_folders(bare)} holds no class folders, so it cannot {use}; {out}")
    for side, count in Counter(sides.values()).items():
        if count > 1:
            same = [top for top in tops if sides[top.name] == side]
            raise RequestError(f"data={root}: {_folders(same)} are both for {side}; put them into one folder")
    if whole is None or "test" in sides.values():
        return Sides(sides)
    if len(tops) == 1:
        return Sides({whole.name: ""}, (f"there is only {whole.name}/: its images are divided into sides here",))
    return Sides(sides, (f"there is no test folder: a share of {whole.name}/ is for testing",))


def _refuse_alike(root: str, tops: Sequence[Top]) -> None:
    """Folders that hold the same class folders are sides under names that are not known, or sides within classes."""
    alike = [top for top in tops if top.below and not top.n_pictures]
    counts = Counter(name for top in alike for name in top.below)
    repeated = sorted(name for name, count in counts.items() if count > 1)
    if len(repeated) < 2 or 2 * len(repeated) < len(counts):
        return
    if all(name.lower() in SIDE_OF for name in repeated):
        raise RequestError(
            f"data={root}: {_listed(repeated)} lie within the class folders; put the class folders into "
            f"{repeated[0]}/ and so on instead, such as {repeated[0]}/{alike[0].name}"
        )
    # ill/patient1 and well/patient1 are not sides of patient1: what is only numbered is no class, unless the names
    # above are those of a division.
    numbered = len({re.sub(r"\d+", "#", name) for name in repeated}) == 1
    if numbered and not any(_of_a_division(top.name) for top in alike):
        return
    raise RequestError(
        f"data={root}: {_folders(alike)} hold folders of the same names ({_listed(repeated)}); if they are sides, "
        f"call them train, validation and test, or name one of them, such as {root}/{alike[0].name}; if they are "
        "classes, put their images straight into them"
    )


def _of_a_division(name: str) -> bool:
    words = re.findall(r"[A-Z]?[a-z]+|[A-Z]+", name)
    return any(word.lower().removesuffix("s") in _OF_A_DIVISION for word in words)


def _folders(tops: Sequence[Top]) -> str:
    return _listed([f"{top.name}/" for top in tops])


def _listed(names: Sequence[str]) -> str:
    if len(names) > 4:
        return f"{', '.join(names[:3])} and {len(names) - 3} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
