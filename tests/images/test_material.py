"""Pictures are read and divided as was asked; the test side does not decide how deep ones are scaled."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from convwise.errors import RequestError
from convwise.images.image_shape import ImageShape
from convwise.images.material import Material, Pictures, Shares, depth_of
from convwise.images.prepare import prepare
from convwise.images.rules import Rules
from convwise.images.split import split_images

SHARES = Shares(per_class=None, test=0.25, validation=0.2, seed=3)


def test_material_is_the_index_the_pixels_and_the_split_that_each_gives_alone(
    picture_folder: Callable[..., Path],
) -> None:
    folder = picture_folder()
    material = Material.of(Pictures(folder=folder, shape=ImageShape.of(16), resize="pad", exclude=("class b",)), SHARES)
    index, cache = prepare(folder, shape=ImageShape.of(16), resize="pad", exclude=["class b"])
    split = split_images(index, test=0.25, validation=0.2, seed=3)
    assert (material.index.digest, material.split.digest) == (index.digest, split.digest)
    assert np.array_equal(material.pixels, cache.pixels)
    assert (material.n_classes, material.rules) == (2, Rules())
    assert material.index.groups is None


def test_groups_are_in_the_index_that_is_read(picture_folder: Callable[..., Path]) -> None:
    index, _ = Pictures(
        folder=picture_folder(), shape=ImageShape.of(16), resize="stretch", group_by=r"(\d)\.png"
    ).read()
    assert index.groups is not None
    assert len(set(index.groups.tolist())) == 10  # the last digit of the name


def test_one_class_is_refused(picture_folder: Callable[..., Path]) -> None:
    with pytest.raises(RequestError, match="1 class with images, at least 2 are needed"):
        Pictures(folder=picture_folder(), shape=ImageShape.of(16), resize="stretch", classes=("class a",)).read()


def test_deep_pictures_are_scaled_by_the_bits_of_those_that_are_not_tested(tmp_path: Path) -> None:
    """Of 12 bits all but one, which goes beyond: it is tested by one seed and not by another."""
    random = np.random.default_rng(0)
    for name in "ab":
        (tmp_path / name).mkdir()
        for i in range(8):
            values = random.integers(0, 4096, (20, 20), np.uint16) * (1 if (name, i) != ("a", 0) else 4)
            Image.fromarray(values).save(tmp_path / name / f"{i}.png")
    pictures = Pictures(folder=tmp_path, shape=ImageShape.of(16), resize="stretch", copies="ignore")
    found = {}
    for seed in range(12):
        material = Material.of(pictures, Shares(None, 0.25, 0.2, seed))
        found[bool(0 in material.split.test)] = material
    for tested, bits in ((True, 12), (False, 14)):
        assert found[tested].rules.bits == bits
        _, cache = prepare(tmp_path, shape=ImageShape.of(16), copies="ignore", rules=Rules(bits=bits))
        assert np.array_equal(found[tested].pixels, cache.pixels)


def test_the_depth_is_that_of_the_largest_value_outside_the_test_side() -> None:
    peaks = np.array([4095, 255, 12285, 0], np.uint16)
    assert depth_of(peaks, np.array([2])) == 12
    assert depth_of(peaks, np.array([], int)) == 14
    assert depth_of(peaks, np.array([0, 2])) == 8
    assert depth_of(np.zeros(3, np.uint16), np.array([], int)) == 16
