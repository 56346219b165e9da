"""What a folder's names and numbers tell before any training: uneven classes, groups within classes, directions."""

import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable

from convwise.images.directions import mirrored_pairs
from convwise.images.index import ImageIndex

UNEVEN = 5  # times as many images in the largest class as in the smallest: worth a word
_MOST = 0.5  # of the images in groups of several: a way of naming, not chance

_NUMBERED = re.compile(r"(.+?)(?:[\s_.-]+\(?\d+\)?|\s*\(\d+\)|(?<=\d)[\s_-]*[a-z])")


def folder_remarks(index: ImageIndex) -> tuple[str, ...]:
    """Sentences, each with its numbers; none for a folder about which there is nothing to say."""
    found = (uneven(index.counts()), groups_by_folder(index), groups_by_name(index), directions(index.class_names))
    return (*index.notes, *filter(None, found))


def uneven(counts: dict[str, int]) -> str:
    """Says how much larger the largest class is than the smallest; "" where that is less than `UNEVEN` times."""
    small, large = min(counts, key=lambda name: counts[name]), max(counts, key=lambda name: counts[name])
    if counts[large] < UNEVEN * counts[small]:
        return ""
    return (
        f"uneven classes: {counts[large]:,} images of {large}, {counts[small]:,} of {small} "
        f"({counts[large] / counts[small]:.0f} to 1); look at the mean class accuracy and the recall of each class"
    )


def directions(class_names: tuple[str, ...]) -> str:
    """Says which classes are mirror images of each other by their names; "" where none are."""
    pairs = mirrored_pairs(class_names)
    if not pairs:
        return ""
    more = f", and {len(pairs) - 3} more pairs" if len(pairs) > 3 else ""
    told = ", ".join(f"{first} and {second}" for first, second in pairs[:3])
    return f"by their names, {told}{more} are mirror images: train with recipe=plain, which does not mirror"


def groups_by_folder(index: ImageIndex) -> str:
    """Says that the images of the classes lie in several sub-folders: of one object, person or day each, perhaps."""
    return _groups(index, lambda inner: inner.partition("/")[0] if "/" in inner else "", "sub-folders within classes")


def groups_by_name(index: ImageIndex) -> str:
    """Says that file names have stems in common: `patient3_1.png` and `patient3_2.png`."""

    def stem(inner: str) -> str:
        name = inner.rpartition("/")[2].rpartition(".")[0]
        found = _NUMBERED.fullmatch(name)
        return found[1] if found else ""

    return _groups(index, stem, "names with a common stem")


def _groups(index: ImageIndex, group_of: Callable[[str], str], what: str) -> str:
    sides: dict[tuple[int, str], set[str]] = defaultdict(set)
    sizes: Counter[tuple[int, str]] = Counter()
    for path, label, subset in zip(index.paths, index.labels.tolist(), index.subsets, strict=True):
        inner = _within(path, index.class_names[label])
        if group := group_of(inner):
            sizes[label, group] += 1
            sides[label, group].add(subset)
    several = {key: size for key, size in sizes.items() if size > 1}
    # One group in a class is the class: only where a class has several are they more than a habit of naming.
    per_class = Counter(label for label, _ in several)
    several = {key: size for key, size in several.items() if per_class[key[0]] > 1}
    if sum(several.values()) < _MOST * len(index):
        return ""
    example = next(iter(several))
    told = (
        f"{what}: {sum(several.values()):,} of {len(index):,} images are in {len(several):,} groups of "
        f"{_range(several.values())}, such as {index.class_names[example[0]]}: {example[1]}; "
    )
    if any(index.subsets):
        n_torn = sum(len(sides[key]) > 1 for key in several)
        return f"{told}{n_torn:,} of these groups are on more than one of the given sides" if n_torn else ""
    return (
        f"{told}if a group is one object or person, a split by image puts it on several sides and the score is too "
        "high: keep groups together with group_by=, or give train/ and test/ folders with whole groups"
    )


def _within(path: str, class_name: str) -> str:
    """The path below the class folder."""
    return f"/{path}".partition(f"/{class_name}/")[2]


def _range(sizes: Iterable[int]) -> str:
    low, high = min(sizes := list(sizes)), max(sizes)
    return f"{low}" if low == high else f"{low} to {high}"
