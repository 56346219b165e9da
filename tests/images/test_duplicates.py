"""Copies are found, whatever kind they are; different pictures are not taken for copies."""

import io
import time
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from convwise.images.duplicates import candidates, find_duplicates, sketch
from convwise.images.index import DuplicateGroup
from convwise.images.prepare import index_folder, prepare

Pixels = NDArray[np.uint8]


def scene(seed: int, width: int = 160, height: int = 120) -> Pixels:
    """Ten random ellipses on a random ground, a little like a photograph."""
    random = np.random.default_rng(seed)
    image = np.full((height, width, 3), random.integers(0, 256, 3), np.uint8)
    for _ in range(10):
        centre = int(random.integers(width)), int(random.integers(height))
        axes = int(random.integers(8, 60)), int(random.integers(8, 60))
        colour = [int(value) for value in random.integers(0, 256, 3)]
        cv2.ellipse(image, centre, axes, float(random.integers(180)), 0, 360, colour, -1, cv2.LINE_AA)
    return image


def jpeg(image: Pixels, quality: int) -> Pixels:
    file = io.BytesIO()
    Image.fromarray(image).save(file, "JPEG", quality=quality)
    return np.asarray(Image.open(file))


def groups(images: list[Pixels], content: Pixels | None = None) -> tuple[DuplicateGroup, ...]:
    if content is None:
        content = np.random.default_rng(0).integers(0, 256, (len(images), 16), np.uint8)
    shapes = np.array([image.shape[:2] for image in images], np.int32)
    return find_duplicates(content, np.stack([sketch(image) for image in images]), shapes, lambda i: images[i])


def test_each_kind_is_named_by_its_loosest_link() -> None:
    a, b, c = scene(1), scene(2), scene(3)
    images = [a, b, c, scene(4), a, b, jpeg(c, 60), a]
    content = np.zeros((8, 16), np.uint8)
    content[:, 0] = [1, 2, 3, 4, 1, 5, 6, 7]  # 4 repeats the bytes of 0; 5 and 7 only the pixels of 1 and 0
    assert groups(images[:7], content[:7]) == (
        DuplicateGroup("bytes", (0, 4)),
        DuplicateGroup("pixels", (1, 5)),
        DuplicateGroup("near", (2, 6)),
    )
    assert groups(images, content)[0] == DuplicateGroup("pixels", (0, 4, 7))


def test_planted_copies_are_found_among_a_thousand_pictures() -> None:
    images = [scene(seed) for seed in range(1000)]
    copies = [jpeg(image, 50) for image in images[:50]]
    copies += [cv2.resize(image, (96, 72), interpolation=cv2.INTER_AREA) for image in images[50:100]]
    copies += [np.clip(image.astype(int) + 2, 0, 255).astype(np.uint8) for image in images[100:150]]
    found = groups([*images, *copies])
    expected = {(i, 1000 + i) for i in range(150)}
    assert {group.members for group in found} <= expected  # nothing else
    assert len(found) >= 147  # the sorting is approximate: 98 % of the copies at least


def test_a_copy_that_differs_where_the_hashes_begin_is_a_candidate() -> None:
    sketches = np.random.default_rng(0).integers(0, 256, (5000, 8, 8), np.uint8)
    copies = sketches[:100].copy()
    copies[:, 0, 0] ^= 128  # the leading bits of both hashes depend on this cell: unrotated orders part the copies
    pairs = set(candidates(np.concatenate([sketches, copies]), np.ones((5100, 2), np.int32)))
    assert pairs == {(i, 5000 + i) for i in range(100)}


def test_unlike_pictures_are_no_copies() -> None:
    a = scene(1)
    patched = a.copy()
    patched[30:90, 40:120] = scene(2)[30:90, 40:120]
    random = np.random.default_rng(0)
    pale = [np.clip(128 + 2 * random.standard_normal((40, 40, 3)), 0, 255).astype(np.uint8) for _ in range(20)]
    assert groups([a, a[:, ::-1].copy(), a[:, :, ::-1].copy(), patched, a[10:100, 10:140].copy(), *pale]) == ()


def test_the_work_stays_bounded_when_all_sketches_are_alike() -> None:
    n = 20_000
    sketches, shapes = np.full((n, 8, 8), 7, np.uint8), np.ones((n, 2), np.int32)
    start = time.process_time()
    n_pairs = sum(1 for _ in candidates(sketches, shapes))
    assert n - 1 <= n_pairs <= 14 * 6 * n  # every order compares each image with six others
    assert time.process_time() - start < 20  # all pairs would be 200 million


@pytest.mark.parametrize("size", [32, 96])
def test_copies_in_a_folder_are_found_and_do_not_depend_on_the_size(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, size: int
) -> None:
    monkeypatch.setenv("CONVWISE_HOME", str(tmp_path / "home"))
    for name in ("a", "b"):
        (tmp_path / "data" / name).mkdir(parents=True)
    for seed in range(4):
        Image.fromarray(scene(seed)).save(tmp_path / f"data/a/{seed}.png")
    (tmp_path / "data/b/0 again.png").write_bytes((tmp_path / "data/a/0.png").read_bytes())
    Image.fromarray(scene(1)).save(tmp_path / "data/b/1 lossless.bmp")
    Image.fromarray(scene(2)).resize((320, 240)).save(tmp_path / "data/b/2 larger.jpg")
    index, _ = prepare(tmp_path / "data", size=size)
    named = [(group.kind, [index.paths[member] for member in group.members]) for group in index.duplicates]
    assert named == [
        ("bytes", ["a/0.png", "b/0 again.png"]),
        ("pixels", ["a/1.png", "b/1 lossless.bmp"]),
        ("near", ["a/2.png", "b/2 larger.jpg"]),
    ]
    assert index.copy_groups().tolist() == [0, 1, 2, 3, 0, 1, 2]
    assert index_folder(tmp_path / "data").duplicates == index.duplicates
