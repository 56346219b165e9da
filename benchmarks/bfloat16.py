"""Convolutions that training computes in bfloat16 on this processor, against float32: answers and gradients.

    python benchmarks/bfloat16.py [--seconds 300] [--threads 1] [--seed 0] [--all]

Draws convolutions until the time is up and prints those that differ by more than rounding. `--all` leaves out the rule
that keeps some in float32, and shows what it is there for.
"""

import argparse
import time
from unittest import mock

import keras
import numpy as np
import tensorflow
from machine import machine

from convwise.nets.fast_layers import with_fast_layers

CHANNELS = (1, 2, 3, 4, 5, 8, 12, 16, 17, 24, 32, 33, 48, 64, 96, 128, 192, 256)
TOLERANCE = 0.03  # of the largest value; rounding alone stays below 0.01


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=300)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--all", action="store_true")
    options = parser.parse_args()
    tensorflow.config.threading.set_intra_op_parallelism_threads(options.threads)
    print(machine())
    random = np.random.default_rng(options.seed)
    n_half = n_wrong = 0
    worst = 0.0
    if options.all:
        mock.patch("convwise.nets.fast_layers._is_right_in_bfloat16", return_value=True).start()
    until = time.monotonic() + options.seconds
    while time.monotonic() < until:
        shape, asked = drawn(random)
        difference = largest_difference(shape, asked)
        if difference is None:
            continue
        n_half += 1
        if difference <= TOLERANCE:  # not a number counts as wrong
            worst = max(worst, difference)
            continue
        n_wrong += 1
        print(f"{difference:8.2g} of the largest value: {asked} on {shape}", flush=True)
    print(f"{n_half} convolutions in bfloat16, {n_wrong} wrong, the others within {worst:.4f} of the largest value")


def drawn(random: np.random.Generator) -> tuple[tuple[int, ...], dict[str, object]]:
    """The shape of a batch, and a convolution that fits it."""
    while True:
        filters, channels = (int(random.choice(CHANNELS)) for _ in range(2))
        strides = int(random.integers(1, 5))
        dilation = int(random.integers(1, 5)) if strides == 1 else 1
        kernel = tuple(int(side) for side in random.integers(1, 8, 2))
        padding = str(random.choice(["same", "valid"]))
        side = int(min(100, max(6, (3e5 / (filters + channels)) ** 0.5)))
        height, width = (int(each) for each in random.integers(1, side, 2))
        if random.random() < 0.7:
            width = height
        batch = int(random.choice([1, 2, 8, 16, 32]))
        fits = padding == "same" or all(
            own >= (one - 1) * dilation + 1 for own, one in zip((height, width), kernel, strict=True)
        )
        if fits and batch * height * width * (filters + channels) < 3e7:
            asked = {"filters": filters, "kernel_size": kernel, "strides": strides, "padding": padding}
            return (batch, height, width, channels), asked | {"dilation_rate": dilation}


def largest_difference(shape: tuple[int, ...], asked: dict[str, object]) -> float | None:
    """As a share of the largest value of its kind; None where training would keep float32."""
    pixels = keras.Input(shape[1:])
    layer = keras.layers.Conv2D(dtype="mixed_bfloat16", **asked)
    half = with_fast_layers(keras.Model(pixels, layer(pixels))).layers[-1]
    if half.compute_dtype != "bfloat16":
        return None
    exact = keras.layers.Conv2D(dtype="float32", **asked)
    exact.build(shape)
    half.set_weights(exact.get_weights())
    images = np.random.default_rng(1).normal(size=shape).astype("float32")
    pairs = zip(values(half, images), values(exact, images), strict=True)
    shares = [np.abs(one - other).max() / max(np.abs(other).max(), 1e-9) for one, other in pairs]
    return float(np.max(shares))  # not a number where any of them is none


def values(layer: keras.layers.Layer, images: np.ndarray) -> list[np.ndarray]:
    """The answers, and the gradients by images, kernel and bias of their sum with drawn weights."""
    inputs = tensorflow.constant(images)
    with tensorflow.GradientTape() as tape:
        tape.watch(inputs)
        answers = tensorflow.cast(layer(inputs), "float32")
        loss = tensorflow.reduce_sum(
            answers * np.random.default_rng(2).uniform(0.5, 1, answers.shape).astype("float32")
        )
    found = tape.gradient(loss, [inputs, layer.kernel.value, layer.bias.value])
    return [np.asarray(each) for each in (answers, *found)]


if __name__ == "__main__":
    main()
