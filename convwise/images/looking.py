"""What a careful person would say of a folder's pictures before training on them: their sizes, shapes and colours."""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from PIL import Image

from convwise.images.index import ImageIndex
from convwise.images.quiet import quiet_decoders
from convwise.names import counted

FEW = 20  # images of a class: what is left to train and to test is little for any question
GRAY = frozenset(["1", "L", "LA", "I", "F", "I;16", "I;16B", "I;16L"])
"""Modes of pictures without colour."""
_LONG = 2.0  # long side by short side: squeezing it square shows
_SMALL_PX = 32
_SHORT_PX = 64  # of a shape that is proposed: the side of the usual recipe's images
_LISTS = ("labels.csv", "train.csv", "annotations.csv", "metadata.csv")


@dataclass(frozen=True)
class Header:
    """What a picture's file says of it before its pixels are decoded."""

    width: int
    height: int
    mode: str


def picture_remarks(index: ImageIndex) -> tuple[str, ...]:
    """Sentences, each with its numbers; reads the head of every picture. None where there is nothing to say."""
    headers = headers_of(index)
    found = (alone(index), few(index.counts()), shapes(headers), small(headers), gray(headers), lists(Path(index.root)))
    return tuple(filter(None, found))


def alone(index: ImageIndex) -> str:
    """Says that one class alone is nothing to tell apart."""
    if len(index.class_names) > 1:
        return ""
    return f"one class alone, {index.class_names[0]}: a network needs at least two to tell apart"


def few(counts: dict[str, int]) -> str:
    """Names the classes with too few images to answer any question about them."""
    poor = {name: n for name, n in counts.items() if n < FEW}
    if not poor:
        return ""
    told = ", ".join(f"{name} ({n})" for name, n in list(poor.items())[:3])
    more = f" and {len(poor) - 3} more" if len(poor) > 3 else ""
    return (
        f"fewer than {FEW} images in {counted(len(poor), 'class', 'classes')}: {told}{more}; where a quarter of them "
        "tests, one picture is 20 points of recall: add pictures, start from pretrained weights, and read the intervals"
    )


def shapes(headers: list[Header]) -> str:
    """Says how the sizes differ, and how many are far from square."""
    if not headers:
        return ""
    long = sum(max(h.width, h.height) >= _LONG * min(h.width, h.height) for h in headers)
    sizes = Counter((h.width, h.height) for h in headers)
    if not long:
        return ""
    (width, height), most = sizes.most_common(1)[0]
    ratio = statistics.median(h.width / h.height for h in headers)
    lying = max(ratio, 1 / ratio) >= _LONG
    shape = f", or keep their shape with size={_shape(ratio)}, height x width" if lying else ""
    usual = f", most often {width}x{height} ({most:,})" if most > 1 else ""
    return (
        f"{long:,} of {counted(len(headers), 'picture')} are at least twice as long as wide ({len(sizes):,} sizes in "
        f"all{usual}): resize=stretch squeezes them; compare with resize=pad or resize=crop{shape}"
    )


def _shape(ratio: float) -> str:
    """A size of pictures whose width is `ratio` times their height."""
    long = min(round(_SHORT_PX * max(ratio, 1 / ratio)), 1024)
    return f"{_SHORT_PX}x{long}" if ratio > 1 else f"{long}x{_SHORT_PX}"


def small(headers: list[Header]) -> str:
    """Says how many pictures are smaller than networks look for."""
    tiny = [h for h in headers if min(h.width, h.height) < _SMALL_PX]
    if not tiny:
        return ""
    least = min(tiny, key=lambda h: h.width * h.height)
    return (
        f"{len(tiny):,} of {counted(len(headers), 'picture')} have a side below {_SMALL_PX} px (the smallest "
        f"{least.width}x{least.height}); a larger size= only blows them up"
    )


def gray(headers: list[Header]) -> str:
    """Says that all pictures are gray, or some where others are not: a class could be told by it."""
    n = sum(h.mode in GRAY for h in headers)
    if not n:
        return ""
    if n == len(headers):
        return f"all {n:,} pictures are gray: channels=1 trains on the one channel that they have" if n > 1 else ""
    return (
        f"{n:,} of {counted(len(headers), 'picture')} are gray, the others in colour: if that goes with the class, a "
        "network learns it in place of what the pictures show"
    )


def lists(root: Path) -> str:
    """Says that a list of labels lies there, which is not read."""
    there = [name for name in _LISTS if (root / name).is_file()]
    if not there:
        return ""
    return f"{there[0]} lies there and is not read: the labels are the names of the sub-folders"


def headers_of(index: ImageIndex) -> list[Header]:
    """The head of every picture that has one which can be read by itself."""
    with quiet_decoders():
        return list(_headers(index))


def _headers(index: ImageIndex) -> Iterator[Header]:
    root = Path(index.root)
    for path in index.paths:
        try:
            with Image.open(root / path) as image:
                yield Header(image.width, image.height, image.mode)
        except (OSError, ValueError, SyntaxError, Image.DecompressionBombError):  # read another way, or changed since
            continue
