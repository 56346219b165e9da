"""The kinds of Keras's layers and operations: what cost, receptive fields and findings know of each, in one table."""

from __future__ import annotations

from dataclasses import dataclass

# What a unit of the output sees: its own place, one place of several maps, a window, the whole map, a part of a list.
POINT, MERGE, WINDOW, POOL, WHOLE, OTHER = "point", "merge", "window", "pool", "whole", "other"
# What TensorFlow keeps of a call for its gradient; MASK is a byte per number of its own.
NOTHING, INPUTS, OUTPUTS, BOTH, MASK, UNKNOWN = "nothing", "inputs", "outputs", "both", "mask", "unknown"


@dataclass(frozen=True)
class Kind:
    """`sees` and `keeps` as above; the `activation` that it applies, under its name in keras.activations.

    `linear`: it is a linear function of its input. `view`: its output is its input's memory, perhaps in another shape.
    `idle`: nothing happens in it when the network predicts. `kernel`: it multiplies by one.
    """

    sees: str = OTHER
    keeps: str = UNKNOWN
    activation: str = ""
    linear: bool = False
    view: bool = False
    idle: bool = False
    kernel: bool = False


def _activations(**names: str) -> dict[str, Kind]:
    """Layers and operations that apply an activation: what is kept follows from that (`cost.py`)."""
    return {kind: Kind(OTHER if name == "softmax" else POINT, activation=name) for kind, name in names.items()}


def _each(names: str, kind: Kind) -> dict[str, Kind]:
    return dict.fromkeys(names.split(), kind)


KINDS: dict[str, Kind] = {
    **_each("Conv2D DepthwiseConv2D SeparableConv2D", Kind(WINDOW, kernel=True)),
    **_each("Conv2DTranspose Dense", Kind(kernel=True)),
    "MaxPooling2D": Kind(POOL, BOTH),
    "AveragePooling2D": Kind(POOL, NOTHING, linear=True),
    "GlobalMaxPooling2D": Kind(WHOLE, BOTH),
    "GlobalAveragePooling2D": Kind(WHOLE, NOTHING),
    **_activations(
        ReLU="relu", Relu="relu", Relu6="relu6", LeakyReLU="leaky_relu", LeakyRelu="leaky_relu", PReLU="prelu",
        ELU="elu", Elu="elu", Selu="selu", Sigmoid="sigmoid", HardSigmoid="hard_sigmoid", Silu="silu",
        HardSilu="hard_silu", Gelu="gelu", Softplus="softplus", Softsign="softsign", Tanh="tanh", Softmax="softmax",
    ),
    "Activation": Kind(POINT),  # the activation is the layer's own
    **_each("Absolute Log Square Clip", Kind(POINT, INPUTS)),
    **_each("Exp Sqrt", Kind(POINT, OUTPUTS)),
    **_each("Negative Cast", Kind(POINT, NOTHING)),
    "BatchNormalization": Kind(POINT, INPUTS, linear=True),
    "LayerScale": Kind(POINT, INPUTS),
    **_each("Rescaling", Kind(POINT, NOTHING, linear=True)),
    "Normalization": Kind(POINT, NOTHING),
    **_each("LayerNormalization GroupNormalization UnitNormalization RMSNormalization", Kind(keeps=INPUTS)),
    **_each("Dropout SpatialDropout2D", Kind(POINT, MASK, linear=True, idle=True)),
    **_each("AlphaDropout GaussianDropout", Kind(POINT, MASK, idle=True)),
    **_each(
        "GaussianNoise StochasticDepth RandomFlip RandomRotation RandomZoom RandomTranslation RandomContrast "
        "RandomBrightness",
        Kind(POINT, NOTHING, idle=True),
    ),
    "ActivityRegularization": Kind(POINT, view=True, idle=True),
    "Identity": Kind(POINT, linear=True, view=True, idle=True),
    **_each("Flatten Reshape", Kind(view=True, idle=True)),
    **_each("Add Subtract Average", Kind(MERGE, NOTHING)),
    **_each("Multiply Maximum Minimum Divide TrueDivide CustomScaleLayer", Kind(MERGE, INPUTS)),
    **_each("Concatenate Split Permute Resizing CenterCrop RandomCrop", Kind(keeps=NOTHING)),
    **_each("ZeroPadding2D Cropping2D UpSampling2D", Kind(keeps=NOTHING, linear=True)),
}  # fmt: skip

UNKNOWN_KIND = Kind()


def of_kind(name: str) -> Kind:
    """What is known of a kind; a blank one where nothing is."""
    return KINDS.get(name, UNKNOWN_KIND)


def _seeing(sees: str) -> frozenset[str]:
    return frozenset(name for name, kind in KINDS.items() if kind.sees == sees)


CONVOLUTIONS = _seeing(WINDOW)
POOLINGS = _seeing(POOL)
GLOBAL_POOLINGS = _seeing(WHOLE)
POINTWISE = _seeing(POINT)
MERGES = _seeing(MERGE)
LINEAR = frozenset(name for name, kind in KINDS.items() if kind.linear)
VIEWS = frozenset(name for name, kind in KINDS.items() if kind.view)
IDLE_WHEN_PREDICTING = frozenset(name for name, kind in KINDS.items() if kind.idle)
