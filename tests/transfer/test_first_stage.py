"""The first stage finds the preprocessing that was planted, and puts its classifier into the network."""

import keras
import numpy as np
import pytest

from convwise.errors import RequestError
from convwise.transfer.bodies import put_on
from convwise.transfer.first_stage import TrainingImages, measure_preprocessings, put_in, train_heads
from convwise.transfer.preprocessing import CANDIDATES

SIZE = 8


def pictures(channel: int, n: int = 120) -> TrainingImages:
    """Two classes that differ by ten levels of one colour about level 220; the other colours are noise."""
    random = np.random.default_rng(2)
    labels = (np.arange(n) % 2).astype(np.int32)
    pixels = random.integers(0, 256, (n, 1, 1, 3)) + random.integers(-8, 9, (n, SIZE, SIZE, 3))
    pixels[..., channel] = (215 + 10 * labels)[:, None, None] + random.integers(-3, 4, (n, SIZE, SIZE))
    return TrainingImages(np.clip(pixels, 0, 255).astype(np.uint8), labels, np.arange(n), 2, 0)


def body_for(name: str) -> keras.Model:
    """Sees the first channel alone, steeply about what level 220 becomes there: other scalings have it on one side."""
    way = CANDIDATES[name]
    steepness = 0.3 / way.scale[0]  # a level more is worth 0.3
    images = keras.Input((SIZE, SIZE, 3))
    layer = keras.layers.Conv2D(1, 1, activation="tanh")
    body = keras.Model(images, layer(images))
    kernel = np.zeros((1, 1, 3, 1))
    kernel[0, 0, 0] = steepness
    layer.set_weights([kernel, np.array([-steepness * (220 * way.scale[0] + way.offset[0])])])
    return body


@pytest.mark.parametrize("name", CANDIDATES)
def test_the_planted_preprocessing_is_found(name: str) -> None:
    images = pictures("RGB".index(CANDIDATES[name].order[0]))
    losses = measure_preprocessings(body_for(name), list(CANDIDATES.values()), images, towers=1)
    assert next(iter(losses)) == name
    assert losses.keys() == CANDIDATES.keys()
    assert losses[name] < 0.1
    # The first channel of the other order is noise to it.
    other = name.replace("RGB", "BGR") if "RGB" in name else name.replace("BGR", "RGB")
    assert losses[other] > 0.5


def test_a_single_candidate_is_not_measured() -> None:
    way = CANDIDATES["RGB 0..1"]
    assert measure_preprocessings(body_for(way.name), [way], pictures(0), towers=1) == {}


def test_the_network_classifies_as_the_head_that_was_trained() -> None:
    name = "RGB -1..1"
    images = pictures(0)
    network = put_on(body_for(name), CANDIDATES[name], 2)
    heads = train_heads(network, images, towers=2)
    put_in(network, heads.best)
    assert heads.accuracy == 1
    assert heads.c_log_losses[heads.c] == min(heads.c_log_losses.values()) < 0.1
    assert np.abs(heads.softer.kernel).sum() < np.abs(heads.best.kernel).sum()
    both = np.concatenate([images.pixels, images.pixels[:, :, ::-1]])
    probabilities = np.asarray(network.predict(both, verbose=0))
    labels = np.tile(images.labels, 2)
    assert -np.log(probabilities[np.arange(len(labels)), labels]).mean() == pytest.approx(
        heads.loss, rel=1e-3, abs=1e-5
    )


def test_a_sample_takes_the_classes_in_turn() -> None:
    labels = np.repeat([0, 1, 2], [50, 5, 30]).astype(np.int32)
    images = TrainingImages(np.zeros((85, SIZE, SIZE, 3), np.uint8), labels, np.arange(85), 3, 0)
    chosen = images.sample(15)
    assert np.bincount(labels[chosen]).tolist() == [5, 5, 5]
    assert len(np.unique(chosen)) == 15
    assert np.array_equal(chosen, images.sample(15))


def test_one_image_a_class_is_too_few() -> None:
    with pytest.raises(RequestError, match="two images or more"):
        TrainingImages(np.zeros((3, 8, 8, 3), np.uint8), np.arange(3, dtype=np.int32), np.arange(3), 3, 0)
