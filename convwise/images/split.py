"""Which images train, validate and test: stratified, by copy group, decided by seed, class name and path alone."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from convwise import checks
from convwise.errors import RequestError
from convwise.images.dealing import Dealt, deal
from convwise.images.saved_split import SIDES, read_split, split_digest
from convwise.names import some_of
from convwise.seeds import derive_seed

if TYPE_CHECKING:
    from convwise.images.index import ImageIndex

DEFAULT_TEST = 0.25
MAX_TEST_PER_CLASS = 50  # of the Caltech-101 protocol: the rest, but no class counts with more than this


@dataclass(frozen=True, eq=False)
class Split:
    """Sorted positions in an index, and their relative paths, by which a saved split finds its images again.

    `n_missing`: of each side, the images that it was to have and does not, since copies stay together; not saved.
    """

    train: NDArray[np.int64]
    validation: NDArray[np.int64]
    test: NDArray[np.int64]
    protocol: str
    n_unused: int
    paths: Mapping[str, tuple[str, ...]]
    n_dropped_copies: int = 0
    n_missing: Mapping[str, int] = field(default_factory=dict)
    digest: str = field(init=False)

    def __repr__(self) -> str:
        sides = ", ".join(f"{side} {len(getattr(self, side)):,}" for side in SIDES)
        return f"<Split {sides}: {self.protocol}>"

    def __post_init__(self) -> None:
        together = np.concatenate([self.train, self.validation, self.test])
        if len(np.unique(together)) != len(together):
            raise ValueError("split: an image is on two sides")
        lengths = {side: len(getattr(self, side)) for side in SIDES}
        if lengths != {side: len(self.paths[side]) for side in SIDES}:
            raise ValueError(f"split: {lengths} positions, but other numbers of paths")
        object.__setattr__(self, "digest", split_digest(self.paths))

    def to_dict(self) -> dict[str, Any]:
        """Plain data for JSON: relative paths, which outlive a change of the folder, and the digest."""
        return {
            "protocol": self.protocol,
            "n_unused": self.n_unused,
            "n_dropped_copies": self.n_dropped_copies,
            "digest": self.digest,
            **{side: list(self.paths[side]) for side in SIDES},
        }

    @classmethod
    def from_dict(cls, data: Mapping[str, Any], index: "ImageIndex") -> Self:
        """The saved split on `index`. Raises RequestError where it is damaged, or its images are not in the index."""
        saved = read_split(data)
        position = {str(path): i for i, path in enumerate(index.paths)}
        given = saved["train"], saved["validation"], saved["test"]
        missing = [path for paths in given for path in paths if path not in position]
        if missing:
            raise RequestError(
                f"{len(missing)} images of the saved split are not in {index.root}, such as {missing[0]!r}; "
                "point to the folder that the split was made from"
            )
        train, validation, test = (np.array([position[path] for path in paths], np.int64) for paths in given)
        return cls(
            train=train,
            validation=validation,
            test=test,
            protocol=saved["protocol"],
            n_unused=saved["n_unused"],
            paths=dict(zip(SIDES, given, strict=True)),
            n_dropped_copies=saved["n_dropped_copies"],
        )


def split_images(
    index: "ImageIndex",
    *,
    per_class: int | None = None,
    test: float | None = None,
    validation: float = 0.15,
    seed: int,
) -> Split:
    """Three disjoint sides; copies of one image, and the index's groups, stay on one side, whatever their classes.

    - `test` (0.25 unless told; 0 <= test < 1): this fraction of each class, rounded.
    - `per_class=N`: N training images of each class, the rest, at most 50 per class, for test; what is over is unused.
    - `validation` (0 <= validation < 1): this fraction, rounded and at least one, of each class's training part; with
      `per_class` it is taken out of the N.
    - An index with train/ (validation/) (test/) folders keeps them; a side that is not there is taken from train/.
      Copies of a test image are dropped from train and validation, copies of a validation image from train; counted.
    - A class without copies meets its numbers exactly; a class with copies may miss them by less than a group.
    - A class's order depends on the seed and its own paths: another class, or a copy elsewhere, reshuffles nothing.
    Raises RequestError naming the classes that are too small.
    """
    _check(index, per_class, test, validation)
    given = np.array(index.subsets, dtype=object)
    if (given != "").any():
        return _as_given(index, given, per_class, test, validation, seed)
    sizes = np.bincount(index.labels, minlength=len(index.class_names))
    quotas, protocol = _quotas(index, sizes, per_class, test, validation)
    dealt = deal_images(index, np.arange(len(index.paths)), quotas, seed)
    return split_of(index, dict(zip(SIDES, dealt.sides, strict=True)), protocol, dealt)


def _quotas(
    index: "ImageIndex", sizes: NDArray[np.integer], per_class: int | None, test: float | None, validation: float
) -> tuple[list[NDArray[np.int64]], str]:
    """How many of each class's `sizes` images train, validate and test, and that in words. Raises RequestError."""
    fraction = DEFAULT_TEST if test is None else test
    if per_class is None:
        n_test = np.rint(sizes * fraction).astype(np.int64)
        n_test = np.maximum(n_test, 1) if fraction else n_test
        n_part = sizes - n_test
        protocol = f"test={fraction:g}, validation={validation:g}"
    else:
        n_part = np.full(len(sizes), min(per_class, len(index.paths)))  # more is too many in any case
        n_test = np.minimum(sizes - n_part, MAX_TEST_PER_CLASS)
        protocol = f"per_class={per_class}, at most {MAX_TEST_PER_CLASS} for test, validation={validation:g}"
    n_validation = _n_validation(n_part, validation)
    small = (n_part - n_validation < 1) | (n_test < (1 if per_class or fraction else 0))
    _refuse_small(index, small, sizes, protocol)
    return [n_part - n_validation, n_validation, n_test], protocol


def resplit(split: Split, index: "ImageIndex", *, validation: float, seed: int) -> Split:
    """The same test images; train and validation dealt anew among themselves, `validation` of each class to the latter.

    What the folders give as validation stays that. Raises RequestError where a class is too small.
    """
    if "validation" in index.subsets:
        return split
    among = np.sort(np.concatenate([split.train, split.validation]))
    sizes = np.bincount(index.labels[among], minlength=len(index.class_names))
    n_validation = _n_validation(sizes, validation)
    protocol = f"{split.protocol}; divided anew with validation={validation:g}"
    _refuse_small(index, sizes - n_validation < 1, sizes, protocol)
    train, validated = deal_images(index, among, [sizes - n_validation, n_validation], seed).sides
    return split_of(index, {"train": train, "validation": validated, "test": split.test}, protocol)


def check_shares(per_class: int | None, test: float | None, validation: float | None) -> None:
    """Raises RequestError for numbers that no split has, whatever the images; None says nothing."""
    if per_class is not None and test is not None:
        raise RequestError(f"per_class={per_class} and test={test} exclude each other; give one of them")
    if per_class is not None:
        checks.whole("per_class", per_class, 1)
    for name, share in (("test", test), ("validation", validation)):
        if share is not None:
            checks.share(name, share, none=True)


def _check(index: "ImageIndex", per_class: int | None, test: float | None, validation: float) -> None:
    check_shares(per_class, test, validation)
    if "test" in index.subsets and (per_class is not None or test is not None):
        asked = f"per_class={per_class}" if per_class is not None else f"test={test}"
        raise RequestError(f"{asked}: {index.root} comes with a test folder, which is used as given; omit it")


def _n_validation(n_part: NDArray[np.integer], validation: float) -> NDArray[np.int64]:
    wanted = np.rint(n_part * validation).astype(np.int64)
    result: NDArray[np.int64] = np.maximum(wanted, 1) if validation else wanted
    return result


def _refuse_small(index: "ImageIndex", small: NDArray[np.bool_], sizes: NDArray[np.integer], protocol: str) -> None:
    if small.any():
        names = [f"{index.class_names[i]} ({sizes[i]})" for i in np.flatnonzero(small)]
        raise RequestError(
            f"too few images for {protocol} in {some_of(names)}; "
            "every side needs one image of each class: ask for fewer, or leave these classes out"
        )


def deal_images(
    index: "ImageIndex", among: NDArray[np.int64], quotas: Sequence[NDArray[np.integer]], seed: int
) -> Dealt:
    """The images `among` dealt by class, copies and groups whole. The sides hold positions in the index.

    Raises RequestError when a class misses a side because its images are copies of each other, or of one group.
    """
    # The order within a class is by a hash of seed, class and path: adding images or classes reshuffles nothing.
    keys = [derive_seed(seed, "split", index.class_names[index.labels[i]], str(index.paths[i])) for i in among]
    dealt = deal(index.labels[among], index.together()[among], keys, quotas)
    if dealt.without.any():
        names = some_of([index.class_names[i] for i in np.flatnonzero(dealt.without)])
        if index.groups is not None:
            raise RequestError(
                f"too few groups in {names}: a group stays on one side, which leaves another side empty; take another "
                "group_by=, ask for fewer images to test or validate, or leave these classes out"
            )
        raise RequestError(
            f"too few different images in {names}: copies stay on one side, which leaves another side empty; remove "
            "the copies, leave these classes out, or count less as a copy (copies=exact or copies=ignore)"
        )
    return replace(dealt, sides=tuple(among[side] for side in dealt.sides))


def _as_given(
    index: "ImageIndex",
    given: NDArray[Any],
    per_class: int | None,
    test: float | None,
    validation: float,
    seed: int,
) -> Split:
    _refuse_untrained(index, given)
    groups = index.copy_groups()
    tested, valid = given == "test", given == "validation"
    valid &= ~np.isin(groups, groups[tested])
    train = (given == "train") & ~np.isin(groups, groups[tested | valid])
    n_dropped = int((given != "").sum() - tested.sum() - valid.sum() - train.sum())
    sizes = np.bincount(index.labels[train], minlength=len(index.class_names))
    _refuse_copies_only(index, given, sizes)
    sides = {"train": np.flatnonzero(train), "validation": np.flatnonzero(valid), "test": np.flatnonzero(tested)}
    protocol = "folders as given"
    share = 0.0 if "validation" in given else validation
    if "test" not in given:
        quotas, of_train = _quotas(index, sizes, per_class, test, share)
        protocol += f", {of_train.partition(', validation=')[0]} of train"
    else:
        n_validation = _n_validation(sizes, share)
        told = f"{protocol}, without {n_dropped} copies of other sides' images," if n_dropped else protocol
        _refuse_small(index, sizes - n_validation < 1, sizes, told)
        quotas = [sizes - n_validation, n_validation]
    if share:
        protocol += f", validation={share:g} of train"
    dealt = deal_images(index, sides["train"], quotas, seed)
    for side, members in zip(SIDES, dealt.sides, strict=False):
        # A side that is given keeps its images; nothing was dealt to it.
        sides[side] = members if side == "train" or side not in given else sides[side]
    return split_of(index, sides, protocol, dealt, n_dropped_copies=n_dropped)


def _refuse_untrained(index: "ImageIndex", given: NDArray[Any]) -> None:
    """A class of the other folders that train/ lacks, or no train/ at all, is refused with the folders' own names."""
    trained = set(index.labels[given == "train"].tolist())
    for side in ("test", "validation"):
        strange = (given == side) & ~np.isin(index.labels, list(trained))
        if strange.any():
            place = _top(index, given, side)
            names = [index.class_names[label] for label in np.unique(index.labels[strange])]
            lacking = f"{_top(index, given, 'train')} does not" if trained else "there is no train folder"
            raise RequestError(
                f"data={index.root}: {place} holds the class {some_of(names)} ({strange.sum()} images), {lacking}, so "
                "there is nothing to learn it from; name the class folders alike, or move these out"
            )


def _refuse_copies_only(index: "ImageIndex", given: NDArray[Any], left: NDArray[np.integer]) -> None:
    gone = left == 0
    if gone.any():
        n_images = int((gone[index.labels] & (given == "train")).sum())
        others = " and ".join(_top(index, given, side) for side in ("test", "validation") if side in given)
        names = some_of([index.class_names[label] for label in np.flatnonzero(gone)])
        raise RequestError(
            f"data={index.root}: all {n_images} images to train the class {names} are copies of images in {others}; "
            "copies are removed from training, and none is left: take them out of one of the folders"
        )


def _top(index: "ImageIndex", given: NDArray[Any], side: str) -> str:
    """What the side's folder is called."""
    return f"{str(index.paths[int(np.flatnonzero(given == side)[0])]).partition('/')[0]}/"


def split_of(
    index: "ImageIndex",
    sides: Mapping[str, NDArray[np.int64]],
    protocol: str,
    dealt: Dealt | None = None,
    *,
    n_dropped_copies: int = 0,
) -> Split:
    """The split of these positions in the index; what is on no side counts as unused."""
    return Split(
        **sides,
        protocol=protocol,
        n_unused=len(index.paths) - sum(map(len, sides.values())) - n_dropped_copies,
        paths={side: tuple(str(index.paths[i]) for i in positions) for side, positions in sides.items()},
        n_dropped_copies=n_dropped_copies,
        n_missing=dict(zip(SIDES, dealt.n_missing, strict=False)) if dealt else {},
    )
