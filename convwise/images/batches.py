"""Batches: what the network sees in epoch e at step s depends on (seed, e, s) and on nothing else."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from convwise.images.augment import Augmentation, augment, cutmix
from convwise.seeds import generator


@dataclass(frozen=True)
class Batches:
    """The training images in shuffled, augmented batches of equal size; the odd rest of an epoch is left out of it.

    `pixels` (N, h, w, c) uint8 may be memory-mapped; `labels` (N,); `members` are the training images' positions.
    `class_weights` (n_classes,): what an image of each class counts; None where all count the same.
    """

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int32]
    members: NDArray[np.int64]
    n_classes: int
    batch: int
    augmentation: Augmentation
    cutmix: float
    seed: int
    class_weights: NDArray[np.float32] | None = None

    def __post_init__(self) -> None:
        # One thread for the warps: the network's own threads need the rest of the cores.
        cv2.setNumThreads(1)

    @property
    def batch_size(self) -> int:
        """The batch asked for, or all images where there are fewer."""
        return min(self.batch, len(self.members))

    @property
    def steps(self) -> int:
        """Batches in an epoch. A fixed size for all keeps one compiled step and equal weights for all images."""
        return max(1, len(self.members) // self.batch_size)

    def order(self, epoch: int) -> NDArray[np.int64]:
        """The members in this epoch's order."""
        return generator(self.seed, "order", epoch).permutation(self.members)

    def at(self, epoch: int, step: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """Images (batch, h, w, channels) uint8 and one-hot or mixed targets (batch, n_classes) float32."""
        return self.of(self.order(epoch), epoch, step)

    def of(self, order: NDArray[np.int64], epoch: int, step: int) -> tuple[NDArray[np.uint8], NDArray[np.float32]]:
        """The same with the epoch's order at hand."""
        random = generator(self.seed, "augment", epoch, step)
        chosen = order[step * self.batch_size : (step + 1) * self.batch_size]
        images = augment(np.asarray(self.pixels[chosen]), self.augmentation, random)
        targets = one_hot(self.labels[chosen], self.n_classes)
        if self.cutmix and random.random() < self.cutmix:
            images, targets = cutmix(images, targets, random)
        return images, targets


def one_hot(labels: NDArray[np.int32], n_classes: int) -> NDArray[np.float32]:
    """(n,) -> (n, n_classes)."""
    targets = np.zeros((len(labels), n_classes), np.float32)
    targets[np.arange(len(labels)), labels] = 1
    return targets
