"""Geometry, rules, fixes, named values, first values, penalties and projections, as conv2d/ and Keras have them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from random import Random
from typing import Any

import keras
import numpy as np
from hypothesis import given, settings

from convwise.conv2d import Conv2DSettings, parse_settings
from convwise.conv2d.catalogue import CATALOGUE
from convwise.conv2d.geometry import geometry
from convwise.conv2d.rules import violations, wrong_results
from convwise.conv2d.settings import NAMED
from convwise.conv2d.values import Named
from tests.conv2d.generated import generated, named_texts
from tests.playground.cases import Case, close, equal

Map = tuple[int, int, int]


def drawn_settings(n: int) -> list[tuple[Conv2DSettings, Map]]:
    """Complete settings, legal and illegal, each with a map of (height, width, channels); the same every time."""
    random = Random(21)
    texts = {parameter: drawn_texts(parameter, 40) for parameter in NAMED}
    return [
        (
            drawn_one(random, texts),
            (random.randint(1, 24), random.randint(1, 24), random.randint(1, 12)),
        )
        for _ in range(n)
    ]


def drawn_one(random: Random, texts: dict[str, list[str]]) -> Conv2DSettings:
    """Numbers over small ranges; most named values as Keras has them by default."""

    def pair(low: int, high: int) -> tuple[int, int]:
        return random.randint(low, high), random.randint(low, high)

    named = {name: random.choice(texts[name]) for name in NAMED if random.random() < 1 / 8}
    return Conv2DSettings(
        filters=random.randint(1, 12),
        kernel_size=pair(1, 6),
        strides=pair(1, 3) if random.random() < 0.4 else (1, 1),
        padding=random.choice(["valid", "same"]),
        data_format=random.choice(["channels_last", "channels_first"]),
        dilation_rate=pair(1, 3) if random.random() < 0.4 else (1, 1),
        groups=random.choice([1, 1, 1, 1, 2, 3, 4, 5, 8]),
        use_bias=random.random() < 0.7,
        **named,
    ).with_defaults()


def asked_on(what: str, asked: Conv2DSettings, size: Map) -> dict[str, Any]:
    height, width, channels = size
    return {
        "what": what,
        "settings": asked.to_dict(),
        "map": {"height": height, "width": width, "channels": channels},
    }


def geometry_case(asked: Conv2DSettings, size: Map) -> Case:
    """Sizes, padding, weights and work."""
    height, width, channels = size
    found = geometry(asked, height=height, width=width, channels=channels)
    expected = {
        "outputSize": list(found.output_size),
        "outputChannels": found.output_channels,
        "effectiveWindow": list(found.effective_window),
        "padding": [list(pair) for pair in found.padding],
        "kernelShape": list(found.kernel_shape),
        "weights": found.weights,
        "multiplyAdds": found.multiply_adds,
        "outputShape": list(found.output_shape(str(asked.data_format))),
    }
    return Case(asked_on("geometry", asked, size), equal(expected))


def rules_case(asked: Conv2DSettings, size: Map) -> Case:
    """Each violation with its sentence, fix and source; the order is not promised."""
    found = found_in(asked, size)
    expected = sorted(
        ({key: value for key, value in each.to_dict().items() if key != "layer"} for each in found), key=str
    )

    def check(answer: Any) -> None:
        assert sorted(({key: each[key] for key in expected[0]} for each in answer), key=str) == expected

    return Case(asked_on("rules", asked, size), check if expected else equal([]))


def found_in(asked: Conv2DSettings, size: Map) -> list[Any]:
    height, width, channels = size
    broken = violations(asked, height=height, width=width, channels=channels)
    return [*broken, *wrong_results(asked, height=height, width=width, channels=channels)]


def texts_case(asked: Conv2DSettings) -> Case:
    """The line of Keras builds the same layer, the `--set` texts set the same values, and texts are read back."""

    def check(answer: Any) -> None:
        layer = eval(answer["line"], {"keras": keras})
        config = layer.get_config()
        if "data_format" not in answer["line"]:
            config["data_format"] = "channels_last"
        assert Conv2DSettings.from_keras(config) == asked, answer["line"]
        texts = [text.removeprefix("--set ") for text in answer["set"]]
        found = parse_settings(texts).scopes.get("conv", Conv2DSettings())
        first = Conv2DSettings(filters=8, kernel_size=3).with_defaults()
        assert Conv2DSettings(**{**first.given(), **found.given()}) == asked
        assert answer["read"] == asked.to_dict()

    return Case({"what": "texts", "settings": asked.to_dict()}, check)


def kept_by_keras(asked: Conv2DSettings) -> bool:
    """Whether Keras makes the layer, on no map as yet, and its config holds all that was asked for."""
    try:
        layer = keras.layers.Conv2D.from_config(asked.to_keras())
    except TypeError:
        return False
    return Conv2DSettings.from_keras(layer.get_config()) == asked


def fixes_case(asked: Conv2DSettings, size: Map) -> Case:
    """Each value that is offered can stand; of whole numbers, none that can stand is nearer."""

    def check(answer: Any) -> None:
        for each in answer:
            assert each["fixes"] or hopeless(each["rule"], asked, size), each
            for offer in each["fixes"]:
                assert stands(asked, size, offer["parameter"], offer["value"]), offer
            for parameter in ("filters", "groups"):
                offered = [offer["value"] for offer in each["fixes"] if offer["parameter"] == parameter]
                if offered:
                    assert sorted(offered) == sorted(nearest(asked, size, parameter)[: len(offered)]), each

    return Case(asked_on("fixes", asked, size), check)


def stands(asked: Conv2DSettings, size: Map, parameter: str, value: Any) -> bool:
    height, width, channels = size
    changed = Conv2DSettings(**{**asked.given(), parameter: value})
    left = violations(changed, height=height, width=width, channels=channels)
    return all(parameter not in each.parameters for each in left)


def nearest(asked: Conv2DSettings, size: Map, parameter: str) -> list[int]:
    """The whole numbers that can stand, by their distance; of two the smaller first."""
    now = getattr(asked, parameter)
    wanted = [value for value in range(1, 40) if value != now and stands(asked, size, parameter, value)]
    return sorted(wanted, key=lambda value: (abs(value - now), value))


def hopeless(rule: str, asked: Conv2DSettings, size: Map) -> bool:
    """Two violations that stand in each other's way: no value of one parameter mends either."""
    height, width, channels = size
    left = violations(asked, height=height, width=width, channels=channels)
    return len(left) > 1 and rule in {each.rule for each in left}


def named_cases(n: int) -> Iterator[Case]:
    """The text of any named value is read and written back unchanged."""
    for parameter in NAMED:
        for text in drawn_texts(parameter, n):
            yield Case({"what": "named", "parameter": parameter, "text": text}, equal(text))


def drawn_texts(parameter: str, n: int) -> list[str]:
    """Texts of values that Keras ships for a parameter; the same every time."""
    texts: set[str] = set()

    @settings(generated, max_examples=n)
    @given(named_texts(parameter))
    def collect(text: str) -> None:
        texts.add(text)

    collect()
    return sorted(texts)


SHAPES = [(3, 3, 3, 8), (5, 2, 4, 6), (1, 1, 16, 4), (12,)]


def distribution_cases() -> Iterator[Case]:
    """Spread and limits of every random initializer against thousands of numbers that Keras drew."""
    texts = [name for name in CATALOGUE["initializer"] if name not in ("identity", "stft", "orthogonal")]
    texts += ["variance_scaling:2:fan_out:uniform", "variance_scaling:0.5:fan_avg:untruncated_normal"]
    texts += ["he_normal:input_axes=0,1:output_axes=2", "truncated_normal:1:0.2", "random_uniform:-1:3", "constant:0.3"]
    for text, shape in itertools.product(texts, SHAPES):
        if len(shape) == 1 and "axes" in text:
            continue
        parameter = "kernel_initializer" if len(shape) == 4 else "bias_initializer"
        keras_one = keras.initializers.deserialize(Named.read(parameter, text).to_keras())  # type: ignore[union-attr]
        yield Case(
            {"what": "distribution", "parameter": parameter, "text": text, "shape": list(shape)},
            like_keras(keras_one, shape),
        )


def like_keras(initializer: Any, shape: tuple[int, ...]) -> Any:
    """Checks mean, spread and limits against numbers that Keras's own initializer drew, many layers' worth."""
    config, n_draws = initializer.get_config(), max(2, 2000 // math.prod(shape))
    seeds = [{"seed": seed} if "seed" in config else {} for seed in range(n_draws)]
    drawn = np.concatenate(
        [keras.ops.convert_to_numpy(type(initializer)(**{**config, **seed})(shape)).ravel() for seed in seeds]
    )

    def check(answer: Any) -> None:
        spread = max(answer["stddev"], 1e-9)
        error = 5 / math.sqrt(len(drawn))  # five standard errors
        assert abs(drawn.mean() - answer["mean"]) <= error * spread + 1e-7
        assert abs(drawn.std() / spread - 1) <= error or answer["stddev"] == 0
        low, high = answer["low"], answer["high"]
        if low is not None:
            assert drawn.min() >= low - 1e-6 * abs(low) - 1e-9
            assert drawn.max() <= high + 1e-6 * abs(high) + 1e-9

    return check


def drawing_cases() -> Iterator[Case]:
    """What is drawn has the spread that the distribution says, and an orthogonal kernel's rows or columns are so."""
    for text in ("he_normal", "glorot_uniform", "random_normal:0:0.5", "truncated_normal"):
        shape = (5, 5, 8, 32)
        yield Case(
            {"what": "draw", "parameter": "kernel_initializer", "text": text, "shape": list(shape), "seed": 3},
            spread_is(text, shape),
        )
    for shape in ((3, 3, 2, 4), (1, 1, 3, 8), (2, 2, 2, 8)):
        asked = {"what": "draw", "parameter": "kernel_initializer", "text": "orthogonal:2", "shape": list(shape)}
        yield Case({**asked, "seed": 4}, orthogonal(shape, 2.0))


def spread_is(text: str, shape: tuple[int, ...]) -> Any:
    value = Named.read("kernel_initializer", text)
    assert value is not None
    initializer = keras.initializers.deserialize(value.to_keras())
    keras.utils.set_random_seed(6)
    theirs = np.asarray(keras.ops.convert_to_numpy(initializer(shape)))

    def check(answer: Any) -> None:
        mine = np.asarray(answer)
        assert len(mine) == theirs.size
        assert abs(mine.std() / theirs.std() - 1) < 0.05
        assert abs(mine.mean()) < 5 * theirs.std() / math.sqrt(len(mine))
        neighbours = np.corrcoef(mine[:-1], mine[1:])[0, 1]
        assert abs(neighbours) < 5 / math.sqrt(len(mine))

    return check


def orthogonal(shape: tuple[int, ...], gain: float) -> Any:
    def check(answer: Any) -> None:
        matrix = np.asarray(answer).reshape(-1, shape[-1])
        square = matrix @ matrix.T if matrix.shape[0] < matrix.shape[1] else matrix.T @ matrix
        assert np.allclose(square, gain**2 * np.eye(len(square)), atol=1e-5)

    return check


PENALTIES = ["l1:0.01", "l2:0.0005", "l1_l2:0.001:0.02", "none", "l2"]
LIMITS = ["max_norm:1", "max_norm:0.5:axis=0,1,2", "unit_norm", "unit_norm:axis=0,1,2", "non_neg", "none"]
LIMITS += ["min_max_norm:0.5:1", "min_max_norm:0.2:0.4:0.5:axis=1,2", "max_norm:3:axis=-1"]


def training_cases() -> Iterator[Case]:
    """Penalties and projections by Keras's own classes; a pull by plain gradient descent, step by step."""
    random = np.random.default_rng(13)
    kernel = random.normal(size=(3, 2, 4, 5)).astype(np.float32) / 2
    numbers = kernel.ravel().tolist()
    for text in PENALTIES:
        value = Named.read("kernel_regularizer", text)
        expected = 0.0 if value is None else float(keras.regularizers.deserialize(value.to_keras())(kernel))
        asked = {"parameter": "kernel_regularizer", "text": value.text if value else "none", "numbers": numbers}
        yield Case({"what": "penalty", **asked}, number_is(expected))
        steps, rate = 200, 0.05
        yield Case(
            {"what": "pulled", **asked, "steps": steps, "rate": rate},
            close(descended(kernel, value, steps, rate), 1e-5),
        )
    for text in LIMITS:
        value = Named.read("kernel_constraint", text)
        projected = kernel if value is None else keras.constraints.deserialize(value.to_keras())(kernel)
        asked = {"parameter": "kernel_constraint", "text": value.text if value else "none", "numbers": numbers}
        yield Case(
            {"what": "constraint", **asked, "shape": list(kernel.shape)},
            close(keras.ops.convert_to_numpy(projected).ravel().tolist(), 1e-6),
        )


def number_is(expected: float) -> Any:
    return lambda answer: close([expected], 1e-6)([answer])


def descended(kernel: Any, value: Named | None, steps: int, rate: float) -> list[float]:
    weights = kernel.astype(float).ravel()
    arguments = {} if value is None else value.arguments
    l1, l2 = arguments.get("l1", 0.0), arguments.get("l2", 0.0)
    for _ in range(steps):
        after = weights - rate * (2 * l2 * weights + l1 * np.sign(weights))
        weights = np.where(after * weights < 0, 0, after)
    return [float(weight) for weight in weights]
