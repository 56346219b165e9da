"""What copies mean for a split, in lines for the user: wrong labels, pictures on two sides, shares that are missed."""

from convwise.images.index import ImageIndex
from convwise.images.saved_split import SIDES
from convwise.images.split import Split
from convwise.names import counted

_WORTH_SAYING = 0.02  # of a side's share


def copy_notes(index: ImageIndex, split: Split) -> list[str]:
    """A line for each that there is to say, none where all is well."""
    return [line for line in (_label_errors(index), _on_two_sides(index, split), _missed(index, split)) if line]


def _label_errors(index: ImageIndex) -> str:
    wrong = index.copies.label_errors(index.labels)
    if not wrong:
        return ""
    first = " = ".join(index.paths[i] for i in wrong[0].members[:3])
    return (
        f"{counted(len(wrong), 'label error')}: equal pictures in more than one class, such as {first}; see data check"
    )


def _on_two_sides(index: ImageIndex, split: Split) -> str:
    side_of = {int(i): side for side in SIDES for i in getattr(split, side)}
    pairs = [(i, j) for i, j in (*index.copies.across, *index.copies.apart) if i in side_of and j in side_of]
    divided = [(i, j) for i, j in pairs if side_of[i] != side_of[j]]
    if not divided:
        return ""
    first = ", ".join(index.paths[i] for i in divided[0])
    return (
        f"{counted(len(divided), 'pair')} of near-copies on two sides of the split, such as {first}: in two classes, "
        "or not near to each other's copies, so that no group holds them"
    )


def _missed(index: ImageIndex, split: Split) -> str:
    lines = []
    for side in SIDES:
        missing, got = split.n_missing.get(side, 0), len(getattr(split, side))
        if missing > _WORTH_SAYING * (got + missing):
            lines.append(f"{side} {missing} of {got + missing}")
    what = "copies" if index.groups is None else "copies and groups"
    return f"{what} stay together, so some shares are missed: {', '.join(lines)} images" if lines else ""
