"""What a folder of images holds: every picture with its label, what is wrong with it, and which are copies."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from convwise.errors import RequestError
from convwise.images.copies import Copies, DuplicateGroup
from convwise.images.joining import joined
from convwise.names import counted


@dataclass(frozen=True)
class UnreadableFile:
    """A file that should be a picture and cannot be read.

    Attributes:
        path: Its path, relative to the folder.
        reason: Why not, in a few words.

    Example:
        >>> from convwise.images.index import UnreadableFile
        >>> UnreadableFile("star/broken.png", "the file is empty").reason
        'the file is empty'
    """

    path: str
    reason: str


@dataclass(frozen=True, eq=False)
class ImageIndex:
    """The readable images of a folder, sorted by path; n of them.

    Attributes:
        root: The folder.
        paths: (n,) paths relative to it, sorted, each once.
        labels: (n,) numbers of the classes, from 0.
        class_names: Names of the classes, sorted.
        subsets: (n,) "train", "validation" or "test" where the folder gives sides, else "".
        content: (n, 16) digest of each file's bytes.
        unreadable: Files that should be pictures and cannot be read.
        n_ignored: Number of files that are no pictures, or lie outside the class folders.
        empty_classes: Class folders without a readable picture.
        copies: Which images are copies.
        digest: SHA-256 of paths, classes and contents together.
        notes: What is to be said about how the folder was understood, a sentence each.
        peaks: (n,) largest 16-bit value of each image; 0 for 8-bit ones and where it is not known.
        groups: (n,) equal numbers for images that the user says belong together; None where nothing was said.

    Raises:
        ValueError: lengths, orders or numbers do not fit each other.

    Example:
        >>> import convwise
        >>> index = convwise.check_data("pictures").index
        >>> index.paths[0], index.class_names[index.labels[0]], index.content.shape
        ('circle/circle_0000.png', 'circle', (48, 16))
    """

    root: str
    paths: tuple[str, ...]
    labels: NDArray[np.int32]
    class_names: tuple[str, ...]
    subsets: tuple[str, ...]
    content: NDArray[np.uint8]
    unreadable: tuple[UnreadableFile, ...] = ()
    n_ignored: int = 0
    empty_classes: tuple[str, ...] = ()
    copies: Copies = Copies()  # noqa: RUF009 - frozen
    digest: str = ""
    notes: tuple[str, ...] = ()  # what is to be said about how the folder was understood
    peaks: NDArray[np.uint16] = field(default_factory=lambda: np.zeros(0, np.uint16))
    groups: NDArray[np.int64] | None = None

    def __repr__(self) -> str:
        return f"<ImageIndex {self.root}: {len(self.paths):,} images, {len(self.class_names)} classes>"

    def __post_init__(self) -> None:
        n = len(self.paths)
        if n == 0:
            raise ValueError("paths: at least one image")
        if any(a >= b for a, b in zip(self.paths, self.paths[1:], strict=False)):
            raise ValueError("paths: sorted, each once")
        if self.labels.shape != (n,) or self.content.shape != (n, 16) or len(self.subsets) != n:
            raise ValueError(f"labels, content and subsets: one each for {n} paths")
        if not len(self.peaks):
            object.__setattr__(self, "peaks", np.zeros(n, np.uint16))
        if list(self.class_names) != sorted(set(self.class_names)):
            raise ValueError(f"class_names={self.class_names}: sorted, each once")
        if not np.array_equal(np.unique(self.labels), np.arange(len(self.class_names))):
            raise ValueError("labels: every class from 0 upwards has an image, and no other number occurs")
        if not set(self.subsets) <= {"", "train", "validation", "test"}:
            raise ValueError(f"subsets={sorted(set(self.subsets))}: '', train, validation or test")
        if not all(0 <= number < n for number in self.copies.numbers()):
            raise ValueError(f"copies: numbers of {n} images")
        digest = self._digest()
        if self.digest not in ("", digest):
            raise ValueError(f"digest={self.digest}: does not belong to these images ({digest})")
        object.__setattr__(self, "digest", digest)
        self.labels.setflags(write=False)
        self.content.setflags(write=False)

    def __len__(self) -> int:
        return len(self.paths)

    def counts(self) -> dict[str, int]:
        """Readable images per class."""
        sizes = np.bincount(self.labels, minlength=len(self.class_names))
        return {name: int(size) for name, size in zip(self.class_names, sizes, strict=True)}

    @property
    def duplicates(self) -> tuple[DuplicateGroup, ...]:
        """The groups of copies, which stay on one side of a split; no image is in two of them."""
        return self.copies.groups

    def copy_groups(self) -> NDArray[np.int64]:
        """(n,) group numbers: copies of one picture share the number of the first of them."""
        groups = np.arange(len(self), dtype=np.int64)
        for group in self.duplicates:
            groups[list(group.members)] = group.members[0]
        return groups

    def together(self) -> NDArray[np.int64]:
        """(n,) group numbers of what stays on one side of a split: copies, the user's groups, and chains of both."""
        copies = self.copy_groups()
        return copies if self.groups is None else joined(copies, self.groups)

    def empty_reasons(self) -> dict[str, str]:
        """For each class folder without a readable picture what became of its files."""
        reasons, level = {}, 1 if any(self.subsets) else 0
        for name in self.empty_classes:
            own = [file.reason for file in self.unreadable if file.path.split("/")[level] == name]
            more = f" and {len(set(own)) - 1} other reasons" if len(set(own)) > 1 else ""
            reasons[name] = f"all {len(own)} pictures are unreadable ({own[0]}{more})" if own else "no pictures"
        return reasons

    def _digest(self) -> str:
        # No file name holds a zero byte, so no two lists of paths and classes give the same text.
        labels = (self.class_names[label] for label in self.labels)
        text = "\0".join(f"{path}\0{name}" for path, name in zip(self.paths, labels, strict=True))
        return hashlib.sha256(os.fsencode(text) + b"\0" + self.content.tobytes()).hexdigest()


def require_classes(index: ImageIndex, minimum: int = 2) -> None:
    """Raise RequestError unless the index has at least `minimum` classes with images."""
    if len(index.class_names) < minimum:
        raise too_few_classes(index.root, index.class_names, index.paths, index.subsets, minimum)


def too_few_classes(
    root: str, names: Sequence[str], paths: Sequence[str], subsets: Sequence[str], minimum: int = 2
) -> RequestError:
    """The one-line error, which names the folder that was probably meant."""
    hint = "make one sub-folder per class"
    below = {path.split("/")[1] for path in paths if path.count("/") >= 2}
    if len(names) == 1 and len(below) >= minimum and not any(subsets):
        hint = f"its {len(below)} sub-folders may be the classes: name {root}/{names[0]} instead"
    return RequestError(
        f"data={root!r}: {counted(len(names), 'class', 'classes')} with images, at least {minimum} are needed; {hint}"
    )
