"""What several networks share: checks of their options, a normalised convolution, joins that follow real shapes."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from keras import layers

# conv(filters, kernel_size, *, name=..., keep={...}, **own) -> something that is called on a tensor of maps.
Conv = Callable[..., Callable[[Any], Any]]

# Why a parameter of a convolution stays as the architecture has it, whatever is set for all convolutions.
SUM = {"padding": "the sum needs maps of one size"}
JOIN = {"padding": "the joined maps need one size", "strides": "the joined maps need one size"}
CLASSES = {
    "filters": "one map a class",
    "groups": "every class looks at all channels",
    "activation": "softmax follows",
}


# What a network's non-linearity may be: its option `activation`.
ACTIVATIONS = ("relu", "leaky_relu", "elu", "silu", "gelu")


def require_size(net: str, input_shape: tuple[int, int, int], least_px: int) -> None:
    """Raises ValueError where an image of (height, width, channels) is lower or narrower than `least_px`."""
    if min(input_shape[:2]) < least_px:
        raise ValueError(f"{net} needs images of at least {least_px} px, not {min(input_shape[:2])}")


def require_choice(name: str, value: object, choices: Sequence[object]) -> None:
    """Raises ValueError, listing the choices, where the option `name` is none of them."""
    if not any(value == choice and type(value) is type(choice) for choice in choices):
        raise ValueError(f"{name}={value}: choose one of {', '.join(map(str, choices))}")


def require_activation(activation: str) -> None:
    """Raises ValueError, listing the choices, where no network has this non-linearity."""
    require_choice("activation", activation, ACTIVATIONS)


def require_range(name: str, value: float, low: float, high: float) -> None:
    """Raises ValueError where the option `name` is outside low..high, both allowed."""
    if isinstance(value, bool) or not low <= value <= high:
        raise ValueError(f"{name}={value}: it must be from {low:g} to {high:g}")


def convolve(conv: Conv, x: Any, filters: int, kernel_size: int, *, name: str, batch_norm: bool, **own: Any) -> Any:
    """A convolution with He's first weights, padding "same" and ReLU unless told; batch normalisation where asked.

    With batch normalisation the convolution has no bias, which the normalisation would undo, and the ReLU is a layer
    of its own behind it (Ioffe and Szegedy 2015, section 3.2). Without, both belong to the convolution. `own`: more of
    Conv2D's parameters, and `keep`; another `activation` takes ReLU's place, None leaves it out.
    """
    own = {"padding": "same", "kernel_initializer": "he_normal", "activation": "relu", **own}
    if not batch_norm:
        return conv(filters, kernel_size, name=name, **own)(x)
    activation = own.pop("activation")
    x = conv(filters, kernel_size, name=name, use_bias=False, **own)(x)
    # A short memory: a small data set has too few steps for Keras's default of 0.99.
    x = layers.BatchNormalization(momentum=0.9, name=f"{name}_norm")(x)
    return activate(x, activation, name=name) if activation else x


def activate(x: Any, activation: str, *, name: str | None = None) -> Any:
    """A layer of its own for the activation, such as `stage1_relu` or `stage1_silu` with the name "stage1"."""
    own_name = name and f"{name}_{activation}"
    layer = layers.ReLU(name=own_name) if activation == "relu" else layers.Activation(activation, name=own_name)
    return layer(x)


def shrink(conv: Conv, x: Any, filters: int, *, largest_px: int, batch_norm: bool, activation: str) -> Any:
    """3x3 convolutions of stride 2, named stem_conv1 and on, until the map's longer side is at most `largest_px`."""
    number = 0
    while max(x.shape[1:3]) > largest_px:
        before, number = x.shape[1:3], number + 1
        x = convolve(
            conv, x, filters, 3, strides=2, name=f"stem_conv{number}", batch_norm=batch_norm, activation=activation
        )
        if x.shape[1:3] == before:  # set so by the user, for this layer
            break
    return x


def pool(kind: str, x: Any, size_px: int, *, name: str, strides: int = 2, padding: str = "same") -> Any:
    """Max- or average-pooling, as `kind` is "max" or "average"."""
    layer = layers.MaxPooling2D if kind == "max" else layers.AveragePooling2D
    return layer(size_px, strides=strides, padding=padding, name=name)(x)


def strides_between(before: Any, after: Any) -> tuple[int, int]:
    """The strides that, with padding "same", shrink the map `before` to the height and width of `after`.

    A stride s makes ceil(n / s) of n pixels; where that is m, ceil(n / m) makes the same m and is the least that does.
    """
    high, wide = (-(-n // m) for n, m in zip(before.shape[1:3], after.shape[1:3], strict=True))
    return high, wide


def add(tensors: Sequence[Any], *, name: str) -> Any:
    """The sum of maps of one shape. Raises ValueError, with the shapes, where they differ."""
    _require_one({tuple(x.shape[1:]) for x in tensors}, name, "summed")
    return layers.Add(name=name)(list(tensors))


def join(tensors: Sequence[Any], *, name: str) -> Any:
    """Maps of one height and width put side by side as channels. Raises ValueError, with the sizes, else."""
    _require_one({tuple(x.shape[1:3]) for x in tensors}, name, "joined")
    return layers.Concatenate(name=name)(list(tensors))


def _require_one(shapes: set[tuple[int, ...]], name: str, what: str) -> None:
    if len(shapes) > 1:
        written = " and ".join("x".join(map(str, shape)) for shape in sorted(shapes))
        raise ValueError(f"{name}: maps of {written} cannot be {what}; drop the setting of a layer before it")
