"""Model files that Keras writes and a run cannot use: other shapes, other outputs, a Lambda layer, no numbers."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.hostile.material import CLASSES, SIZE_PX


def main(folder: Path) -> None:
    """One file for each."""
    folder.mkdir(parents=True)
    for name, make in ODD.items():
        make().save(folder / f"{name}.keras")


def _model(size: Any = SIZE_PX, channels: int = 3, outputs: int = len(CLASSES), *, activation: str = "softmax") -> Any:
    from keras import Sequential, layers

    return Sequential(
        [
            layers.Input((size, size, channels)),
            layers.Conv2D(2, 3, padding="same"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(outputs, activation=activation),
        ]
    )


def _two_outputs() -> Any:
    import keras

    inner = _model()
    return keras.Model(inner.inputs, [inner.outputs[0], inner.layers[-2].output])


def _two_inputs() -> Any:
    import keras

    first, second = (keras.Input((SIZE_PX, SIZE_PX, 3)) for _ in range(2))
    return keras.Model([first, second], _model()(first + second))


def _map_out() -> Any:
    from keras import Sequential, layers

    return Sequential([layers.Input((SIZE_PX, SIZE_PX, 3)), layers.Conv2D(3, 3)])


def _vector_in() -> Any:
    from keras import Sequential, layers

    return Sequential([layers.Input((5,)), layers.Dense(3, activation="softmax")])


def _lambda() -> Any:
    from keras import Sequential, layers

    return Sequential([layers.Input((SIZE_PX, SIZE_PX, 3)), layers.Lambda(lambda x: x[:, 0, 0, :] * 0 + 0.3)])


def _not_numbers() -> Any:
    model = _model()
    model.set_weights([weight * float("nan") for weight in model.get_weights()])
    return model


# Whether a model of this name may be used under the run's three classes is said by the name.
ODD: dict[str, Callable[[], Any]] = {
    "fits": _model,
    "fits-any-size": lambda: _model(None),
    "fits-without-softmax": lambda: _model(activation="linear"),
    "fits-not-numbers": _not_numbers,
    "other-size": lambda: _model(9),
    "one-channel": lambda: _model(channels=1),
    "one-output": lambda: _model(outputs=1),
    "two-outputs-a-vector": lambda: _model(outputs=2),
    "seven-outputs": lambda: _model(outputs=7),
    "two-outputs": _two_outputs,
    "two-inputs": _two_inputs,
    "map-out": _map_out,
    "vector-in": _vector_in,
    "lambda": _lambda,
}

if __name__ == "__main__":
    main(Path(sys.argv[1]))
