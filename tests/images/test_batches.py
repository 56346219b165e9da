"""What is seen in epoch e at step s depends on (seed, e, s) alone."""

import dataclasses

import numpy as np

from convwise.images.augment import Augmentation
from convwise.images.batches import Batches


def batches(seed: int = 5, batch: int = 8, cutmix: float = 0.5) -> Batches:
    random = np.random.default_rng(0)
    return Batches(
        pixels=random.integers(0, 256, (40, 12, 12, 3), dtype=np.uint8),
        labels=np.arange(40, dtype=np.int32) % 4,
        members=np.arange(3, 38),
        n_classes=4,
        batch=batch,
        augmentation=Augmentation(horizontal_flip=True, smallest_crop=0.5),
        cutmix=cutmix,
        seed=seed,
    )


def test_any_batch_can_be_made_again_in_any_order() -> None:
    first = [batches().at(epoch, step) for epoch in range(3) for step in range(4)]
    again = [batches().at(epoch, step) for epoch in reversed(range(3)) for step in reversed(range(4))][::-1]
    for (images, targets), (images_again, targets_again) in zip(first, again, strict=True):
        assert np.array_equal(images, images_again)
        assert np.array_equal(targets, targets_again)


def test_epochs_and_seeds_differ() -> None:
    assert not np.array_equal(batches().order(0), batches().order(1))
    assert not np.array_equal(batches().order(0), batches(seed=6).order(0))


def test_an_epoch_shows_each_training_image_at_most_once_and_no_other() -> None:
    made = dataclasses.replace(batches(), augmentation=Augmentation(), cutmix=0.0)
    order = made.order(2)
    assert sorted(order) == list(range(3, 38))
    assert made.steps == 4
    images, targets = made.at(2, 1)
    assert np.array_equal(images, made.pixels[order[8:16]])
    assert np.array_equal(targets.argmax(1), made.labels[order[8:16]])


def test_fewer_images_than_a_batch_make_one_smaller_batch() -> None:
    made = batches(batch=64)
    assert made.steps == 1
    assert made.at(0, 0)[0].shape == (35, 12, 12, 3)


def test_targets_sum_to_one() -> None:
    for step in range(4):
        assert np.allclose(batches(cutmix=1.0).at(0, step)[1].sum(axis=1), 1)
