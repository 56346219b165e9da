"""The first stage on a pretrained body: which preprocessing its weights expect, by measurement; then the classifier."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import keras
import numpy as np
from numpy.typing import NDArray

from convwise.errors import RequestError
from convwise.seeds import generator
from convwise.training.predict import BATCH, mirrored, outputs_for
from convwise.training.towers import in_towers
from convwise.transfer.bodies import EPSILON, FEATURES, PROBABILITIES, STANDARDISED, feature_model
from convwise.transfer.head import Head, choose_c, fit_head, held_out
from convwise.transfer.preprocessing import Preprocessing

_MANY, _ALL = 1000, 300  # images: for the candidates that are left, and for all of them
_LEFT = 2
_GRID = (0.1, 1.0, 10.0)  # c, while preprocessings are compared
_SOFTER = 30  # times the penalty


@dataclass(frozen=True, eq=False)
class TrainingImages:
    """The images of the first stage: `pixels` (N, h, w, 3), `labels` (N,), `members` their positions."""

    pixels: NDArray[np.uint8]
    labels: NDArray[np.int32]
    members: NDArray[np.int64]
    n_classes: int
    seed: int

    def __post_init__(self) -> None:
        if not held_out(self.labels[self.members], self.seed).any():
            raise RequestError(
                f"weights: with {len(self.members)} training images, one a class, nothing can be held out to choose "
                "the preprocessing and the penalty by; give a class two images or more"
            )

    def sample(self, n_images: int) -> NDArray[np.int64]:
        """About `n_images` members, the classes in turn."""
        random = generator(self.seed, "preprocessing")
        shuffled = random.permutation(self.members)
        labels = self.labels[shuffled]
        turn = np.zeros(len(shuffled), np.int64)
        for label in np.unique(labels):
            places = np.flatnonzero(labels == label)
            turn[places] = np.arange(len(places))
        # Two a class at least: one to learn from, one to ask.
        n_images = max(n_images, 2 * self.n_classes)
        return shuffled[np.argsort(turn, kind="stable")[:n_images]]


def measure_preprocessings(
    body: keras.Model, candidates: Sequence[Preprocessing], images: TrainingImages, *, towers: int
) -> dict[str, float]:
    """The log loss of a classifier on held-out training images by the candidate's name, best first.

    All candidates on a few images; the best two on more. Nothing is measured where there is one candidate.
    """
    if len(candidates) == 1:
        return {}
    model = in_towers(feature_model(body), towers, BATCH)
    losses: dict[str, float] = {}
    left = list(candidates)
    for n_images in (_ALL, _MANY):
        members = images.sample(n_images)
        for candidate in left:
            features = outputs_for(model, images.pixels, members, candidate.applied)
            losses[candidate.name] = _cross_validated(features, images.labels[members], images.n_classes, images.seed)
        left = sorted(left, key=lambda candidate: losses[candidate.name])[:_LEFT]
        if len(members) == len(images.members):
            break
    first = [candidate.name for candidate in left]
    return {name: losses[name] for name in [*first, *sorted(losses.keys() - set(first), key=losses.__getitem__)]}


def _cross_validated(features: NDArray[np.float64], labels: NDArray[np.int32], n_classes: int, seed: int) -> float:
    """Each half is asked after learning from the other; features that are no numbers lose."""
    if not np.isfinite(features).all():
        return float(np.finfo(np.float32).max)
    side = np.zeros(len(labels), np.int64)
    random = generator(seed, "halves")
    for label in np.unique(labels):
        places = random.permutation(np.flatnonzero(labels == label))
        side[places[::2]] = 1
    losses = []
    for half in (0, 1):
        losses.append(
            min(choose_c(features, labels, n_classes, apart=side == half, epsilon=EPSILON, grid=_GRID).values())
        )
    return float(np.mean(losses))


@dataclass(frozen=True, eq=False)
class Heads:
    """The classifiers of a first stage: the best one, and a softer one for all weights to start from.

    The best leaves hardly an error on the training images that the body could learn from. `c_log_losses`: the log
    loss on held-out training images by the penalty's c. `loss`, `accuracy`: of the best on the training images.
    """

    best: Head
    softer: Head
    c_log_losses: dict[float, float]
    loss: float
    accuracy: float

    @property
    def c(self) -> float:
        """Of the best."""
        return min(self.c_log_losses, key=self.c_log_losses.__getitem__)


def train_heads(network: keras.Model, images: TrainingImages, *, towers: int) -> Heads:
    """Classifiers on the network's features, as they are, of the images and their mirror images."""
    features = keras.Model(network.inputs[0], network.get_layer(FEATURES).output)
    model = in_towers(features, towers, BATCH)
    both = [outputs_for(model, images.pixels, images.members, changed) for changed in (None, mirrored)]
    rows = np.concatenate(both).astype(np.float32)
    labels = np.tile(images.labels[images.members], 2)
    apart = np.tile(held_out(labels[: len(images.members)], images.seed), 2)
    losses = choose_c(rows, labels, images.n_classes, apart=apart, epsilon=EPSILON)
    c = min(losses, key=losses.__getitem__)
    softer = fit_head(rows, labels, images.n_classes, c=c / _SOFTER, epsilon=EPSILON)
    best = fit_head(rows, labels, images.n_classes, c=c, epsilon=EPSILON, start=softer)
    log_probabilities = best.log_probabilities(rows)
    accuracy = float((log_probabilities.argmax(axis=1) == labels).mean())
    return Heads(best, softer, losses, float(-log_probabilities[np.arange(len(labels)), labels].mean()), accuracy)


def put_in(network: keras.Model, head: Head) -> None:
    """The head's numbers into the network's last two layers with weights."""
    # The layer adds its epsilon to the variance, as the head has done already.
    network.get_layer(STANDARDISED).set_weights([head.mean, head.variance - np.float32(EPSILON)])
    network.get_layer(PROBABILITIES).set_weights([head.kernel, head.bias])
