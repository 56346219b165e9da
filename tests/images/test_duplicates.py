"""Copies are found, whatever kind they are; different pictures are not taken for copies, however alike they lie."""

import io
import time
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from convwise.errors import RequestError
from convwise.images.cache_dir import cache_dir as cache_home
from convwise.images.candidates import candidates
from convwise.images.copies import Copies, DuplicateGroup
from convwise.images.duplicates import Seen, find_copies, sketch
from convwise.images.image_shape import ImageShape
from convwise.images.linkage import LARGEST, complete_groups
from convwise.images.prepare import index_folder, prepare
from convwise.images.reading import decode
from convwise.images.resizing import scaled

Pixels = NDArray[np.uint8]


@pytest.fixture(autouse=True)
def home(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVWISE_HOME", str(tmp_path_factory.mktemp("home")))


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


def cropped(image: Pixels, seed: int = 0) -> Pixels:
    """3 % off both sides, at any place."""
    height, width = (round(0.97 * side) for side in image.shape[:2])
    random = np.random.default_rng(seed)
    top, left = random.integers(image.shape[0] - height + 1), random.integers(image.shape[1] - width + 1)
    return np.ascontiguousarray(image[top : top + height, left : left + width])


def brightened(image: Pixels, gain: float) -> Pixels:
    return np.clip(image * gain, 0, 255).astype(np.uint8)


def found(
    images: list[Pixels], content: Pixels | None = None, labels: list[int] | None = None, *, near: bool = True
) -> Copies:
    if content is None:
        content = np.random.default_rng(0).integers(0, 256, (len(images), 16), np.uint8)
    shapes = np.array([image.shape[:2] for image in images], np.int32)
    sketches = np.stack([sketch(scaled(image, 64, 64)) for image in images])
    seen = Seen(content, sketches, shapes, -np.sort(-shapes, axis=1), np.array(labels or [0] * len(images), np.int32))
    return find_copies(seen, lambda i, size: images[i], near=near)


def test_each_kind_is_named_by_its_loosest_link() -> None:
    a, b, c = scene(1), scene(2), scene(3)
    images = [a, b, c, scene(4), a, b, jpeg(c, 60), a, *map(scene, range(10, 16))]
    content = np.zeros((14, 16), np.uint8)
    content[:, 0] = [1, 2, 3, 4, 1, 5, 6, 7, *range(10, 16)]  # 4 has the bytes of 0; 5 and 7 the pixels of 1 and 0
    copies = found(images, content)
    exact = (DuplicateGroup("pixels", (0, 4, 7)), DuplicateGroup("pixels", (1, 5)))
    assert copies == Copies((*exact, DuplicateGroup("near", (2, 6))), exact)
    content[7, 0] = 1
    assert found(images, content).groups[0] == DuplicateGroup("bytes", (0, 4, 7))
    assert found(images, content, near=False) == found(images, content).limited_to("exact")


COPIES: dict[str, Callable[[Pixels, int], Pixels]] = {
    "re-saved at quality 50": lambda image, seed: jpeg(image, 50),
    "half the size": lambda image, seed: cv2.resize(image, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA),
    "twice the size": lambda image, seed: cv2.resize(image, None, fx=2, fy=2, interpolation=cv2.INTER_CUBIC),
    "cropped": cropped,
    "darker": lambda image, seed: brightened(image, 0.9),
    "brighter": lambda image, seed: brightened(image, 1.1),
}


def test_planted_copies_are_found_among_a_thousand_pictures_and_nothing_else() -> None:
    images = [scene(seed) for seed in range(1000)]
    planted = [way(images[30 * k + i], i) for k, way in enumerate(COPIES.values()) for i in range(30)]
    groups = {group.members for group in found([*images, *planted]).groups}
    expected = {(i, 1000 + i) for i in range(180)}
    assert groups <= expected
    for k, name in enumerate(COPIES):
        assert len(groups & {(i, 1000 + i) for i in range(30 * k, 30 * k + 30)}) >= 29, name


def aligned(n: int) -> list[Pixels]:
    """One vignette; each picture with a few faint dots of its own: 99 % of the contrast is common to all."""
    y, x = np.mgrid[0:96, 0:96] / 96 - 0.5
    random = np.random.default_rng(0)
    pictures = []
    for _ in range(n):
        field = 210 * np.exp(-2 * (x**2 + y**2))
        for _ in range(4):
            at = random.uniform(-0.45, 0.45, 2)
            field -= 25 * (((x - at[0]) ** 2 + (y - at[1]) ** 2) < 0.002)
        gray = np.clip(field + random.normal(0, 1, x.shape), 0, 255).astype(np.uint8)
        pictures.append(np.repeat(gray[..., None], 3, axis=2))
    return pictures


def plain(n: int) -> list[Pixels]:
    random = np.random.default_rng(0)
    return [
        np.clip(random.normal((150, 70, 40), 2) + random.normal(0, 3, (64, 64, 3)), 0, 255).astype(np.uint8)
        for _ in range(n)
    ]


@pytest.mark.parametrize("kind", [aligned, plain, lambda n: [np.full((40, 40, 3), 3 * i, np.uint8) for i in range(n)]])
@pytest.mark.parametrize("n", [6, 80])
def test_what_all_pictures_have_in_common_makes_no_copies(kind: Callable[[int], list[Pixels]], n: int) -> None:
    assert found(kind(n)) == Copies()


def test_aligned_pictures_that_are_copies_are_found_all_the_same() -> None:
    pictures = aligned(80)
    copies = [brightened(pictures[i], 1.1) for i in range(8)] + [jpeg(pictures[i], 90) for i in range(8, 16)]
    groups = {group.members for group in found([*pictures, *copies]).groups}
    assert groups == {(i, 80 + i) for i in range(16)}


def test_unlike_pictures_are_no_copies() -> None:
    a = scene(1)
    patched = a.copy()
    patched[30:90, 40:120] = scene(2)[30:90, 40:120]
    recoloured = a[:, :, ::-1].copy()
    others = [scene(seed) for seed in range(10, 30)]
    assert found([a, a[:, ::-1].copy(), recoloured, patched, a[10:100, 10:140].copy(), *others]) == Copies()


def test_less_than_half_a_gray_level_of_contrast_is_no_evidence() -> None:
    plain = np.full((64, 64, 3), 100, np.uint8)
    plain[:, 40:] = 101
    again = plain.copy()
    again[5, 5] = 102
    others = [scene(seed) for seed in range(10)]
    assert found([plain, again, *others]) == Copies()
    contrast = np.array([(image.astype(int) - 100) * 20 + 100 for image in (plain, again)], np.uint8)
    assert [group.members for group in found([*contrast, *others]).groups] == [(0, 1)]


@pytest.mark.parametrize("ground", [0, 128])
def test_equal_pixels_are_all_found_however_many_sketches_tie(ground: int) -> None:
    # All sketches are alike, as a single pixel is lost in them; 100 pictures are one, 200 all different.
    same = np.full((64, 64, 3), ground, np.uint8)
    others = [same.copy() for _ in range(200)]
    for i, image in enumerate(others):
        image[i // 64, i % 64] = ground + 1
    order = np.random.default_rng(1).permutation(300)
    images = [([same] * 100 + others)[i] for i in order]
    assert found(images).groups == (DuplicateGroup("pixels", tuple(np.flatnonzero(order < 100).tolist())),)


@pytest.mark.parametrize("quality", [20, 90])
def test_a_jpeg_decoded_smaller_equals_the_lossless_file_of_its_pixels(tmp_path: Path, quality: int) -> None:
    for name in ("a", "b"):
        (tmp_path / "data" / name).mkdir(parents=True)
    for seed in range(6):
        path = tmp_path / f"data/a/{seed}.jpg"
        Image.fromarray(scene(seed, 640, 480)).save(path, quality=quality, progressive=bool(seed % 2))
        Image.fromarray(decode(path.read_bytes())).save(tmp_path / f"data/b/{seed}.png")
    index = index_folder(tmp_path / "data", copies="exact")
    assert index.duplicates == tuple(DuplicateGroup("pixels", (i, i + 6)) for i in range(6))
    assert index.copies.label_errors(index.labels) == index.duplicates


def test_a_chain_is_no_group() -> None:
    near = {(0, 1), (1, 2), (2, 3), (4, 5), (5, 6), (4, 6)}
    groups, apart = complete_groups(sorted(near), lambda i, j: (i, j) in near)
    assert groups == [[0, 1], [2, 3], [4, 5, 6]]
    assert apart == [(1, 2)]


def test_a_group_has_an_end_and_what_is_beyond_is_told() -> None:
    n = LARGEST + 10
    groups, apart = complete_groups(((i, i + 1) for i in range(n - 1)), lambda i, j: True)
    assert [len(group) for group in groups] == [LARGEST, 10]
    assert apart == [(LARGEST - 1, LARGEST)]


def test_near_is_no_group_across_classes_but_equal_is() -> None:
    others = [scene(seed) for seed in range(10, 20)]
    images = [scene(1), jpeg(scene(1), 70), scene(2), scene(2), jpeg(scene(2), 70), *others]
    copies = found(images, labels=[0, 1, 0, 1, 1, *[0] * 10])
    assert copies.across == ((0, 1),)
    assert copies.exact == (DuplicateGroup("pixels", (2, 3)),)
    assert copies.groups == (DuplicateGroup("near", (2, 3, 4)),)  # 4 is near to 3, in its class, and 3 equals 2
    assert copies.label_errors(np.array([0, 1, 0, 1, 1])) == copies.exact


def test_a_copy_that_differs_where_the_hashes_begin_is_a_candidate() -> None:
    sketches = np.random.default_rng(0).integers(0, 256, (5000, 16, 16), np.uint8)
    copies = sketches[:100].copy()
    copies[:, 0, 0] ^= 128
    pairs = set(map(tuple, candidates(np.concatenate([sketches, copies])).tolist()))
    assert pairs == {(i, 5000 + i) for i in range(100)}


@pytest.mark.parametrize("grain", [0, 1])
def test_the_work_stays_bounded_when_all_sketches_are_alike(grain: int) -> None:
    n = 20_000
    sketches = 7 + np.random.default_rng(0).integers(0, 1 + grain, (n, 16, 16)).astype(np.uint8)
    start = time.process_time()
    assert len(candidates(sketches)) <= 8 * n
    assert time.process_time() - start < 30  # all pairs would be 200 million


@pytest.mark.parametrize("size", [32, 96])
def test_copies_in_a_folder_are_found_and_do_not_depend_on_the_size(tmp_path: Path, size: int) -> None:
    data = tmp_path / "data"
    for name in ("a", "b"):
        (data / name).mkdir(parents=True)
    for seed in range(4):
        Image.fromarray(scene(seed)).save(data / f"a/{seed}.png")
    (data / "b/0 again.png").write_bytes((data / "a/0.png").read_bytes())
    Image.fromarray(scene(1)).save(data / "b/1 lossless.bmp")
    Image.fromarray(scene(2)).resize((320, 240)).save(data / "b/2 larger.jpg")
    Image.fromarray(scene(3)).resize((320, 240)).save(data / "a/3 larger.jpg")
    index, _ = prepare(data, shape=ImageShape.of(size))
    named = [(group.kind, [index.paths[member] for member in group.members]) for group in index.duplicates]
    assert named == [
        ("bytes", ["a/0.png", "b/0 again.png"]),
        ("pixels", ["a/1.png", "b/1 lossless.bmp"]),
        ("near", ["a/3 larger.jpg", "a/3.png"]),
    ]
    assert [[index.paths[i] for i in pair] for pair in index.copies.across] == [["a/2.png", "b/2 larger.jpg"]]
    assert index.copy_groups().tolist() == [0, 1, 2, 3, 3, 0, 1, 7]
    assert index_folder(data).copies == index.copies  # from the record


@pytest.mark.parametrize("first", ["ignore", "exact", "near"])
def test_what_counts_as_a_copy_is_asked_anew_each_time(tmp_path: Path, first: str) -> None:
    for name in ("a", "b"):
        (tmp_path / "data" / name).mkdir(parents=True)
        for seed in range(4):
            Image.fromarray(scene(seed + 10 * ord(name))).save(tmp_path / f"data/{name}/{seed}.png")
    Image.fromarray(scene(10 * ord("a"))).save(tmp_path / "data/a/5.bmp")
    Image.fromarray(scene(10 * ord("a") + 1)).save(tmp_path / "data/a/6.jpg", quality=80)
    kinds = {"ignore": [], "exact": ["pixels"], "near": ["pixels", "near"]}
    for copies in (first, *kinds, first):
        index = index_folder(tmp_path / "data", copies=copies)
        assert [group.kind for group in index.duplicates] == kinds[copies]
    with pytest.raises(RequestError, match="copies=all: choose one of ignore, exact, near"):
        index_folder(tmp_path / "data", copies="all")


def test_a_record_that_names_no_image_or_no_search_is_not_believed(tmp_path: Path) -> None:
    for seed in range(4):
        path = tmp_path / f"data/{'ab'[seed % 2]}/{seed}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(scene(seed // 2)).save(path)
    truth = index_folder(tmp_path / "data").copies
    assert len(truth.exact) == 2
    (place,) = (cache_home() / "scans").iterdir()
    with np.load(place) as file:
        whole = dict(file)
    for change in ({"across": np.array([[0, 9]])}, {"searched": np.array("all")}, {"group_members": np.arange(3)}):
        np.savez(place, **{**whole, **change})
        assert index_folder(tmp_path / "data").copies == truth
