"""The rules that settle a parameter without a training, and whose the non-linearity is."""

from __future__ import annotations

from collections.abc import Iterable

from convwise.study.levels import Variants

_BIAS_OWN = ("bias_initializer", "bias_regularizer", "bias_constraint")
_SHAPED = ("filters", "kernel_size", "groups", "use_bias")
_FIRST_VALUES = ("kernel_initializer", "bias_initializer")
_NOT_OWN = ("linear", "softmax", "sigmoid")


def rule_of(parameter: str, variants: Variants, *, by_wish: bool) -> str:
    """Why the parameter needs no training; "" where it does. `by_wish`: it was asked for by name."""
    if variants.of_keras:
        return f"net={variants.net} is Keras's own and takes no settings"
    if variants.pretrained and parameter in _SHAPED:
        return "the weights that the network starts from have one shape and fit no other"
    if variants.pretrained and parameter in _FIRST_VALUES:
        return "the weights that the network starts from stand in place of first values"
    if parameter in _BIAS_OWN and not any(layer.use_bias for layer in variants.convolutions):
        return "no convolution of this network has a bias, so it has no effect"
    if parameter == "use_bias":
        return _bias_cancelled(variants)
    if parameter == "activation" and not _has_choice(variants):
        return (
            f"the non-linearity ({own_of(parameter, variants)}) is layers of the network's own, which no setting "
            "reaches; a function with an option activation would make it one"
        )
    if parameter == "data_format" and not by_wish:
        return _layout(variants)
    return ""


def _bias_cancelled(variants: Variants) -> str:
    if any(layer.use_bias for layer in variants.convolutions):
        return ""
    from convwise.nets.lint import RULES, lint

    built = variants.built(("conv.use_bias=true",))
    others = set(RULES) - {"bias_before_batch_norm"}
    if lint(built.model, shape=variants.shape, silence=others):
        return "batch normalisation follows and cancels a bias (Ioffe and Szegedy 2015)"
    return ""


def _layout(variants: Variants) -> str:
    from convwise.nets.backend import layout_works

    own = variants.convolutions[0].data_format
    other = "channels_first" if own == "channels_last" else "channels_last"
    if not layout_works(other):
        return f"the backend has no convolution with data_format={other} on this machine"
    return (
        "it changes the order of numbers in memory and not the network: both layouts compute the same except for "
        "rounding; name it to have it measured all the same"
    )


def _has_choice(variants: Variants) -> bool:
    """Whether there is a setting for the non-linearity, or none that it would come on top of."""
    return variants.option("activation") is not None or bool(_acting(variants)) or not variants.non_linearities()


def activation_texts(value: str, variants: Variants) -> tuple[str, ...]:
    """The settings for another non-linearity: an option of the network, else of the convolutions that have their own.

    Where the user has set the convolutions' own, an option would not reach them.
    """
    acting = _acting(variants)
    set_by_user = any(settings.activation for settings in variants.settings.scopes.values())
    if variants.option("activation") is not None and not (acting and set_by_user):
        return (f"net.activation={value}",)
    if acting and variants.non_linearities() and len(acting) < len(variants.convolutions):
        return tuple(f"{name}.activation={value}" for name in acting)  # the others have a layer for it
    return (f"conv.activation={value}",)


def is_of_convolutions(value: str, variants: Variants) -> bool:
    """Whether the non-linearity is a setting for all convolutions."""
    return activation_texts(value, variants)[0].startswith("conv.")


def own_of(parameter: str, variants: Variants) -> str:
    """The network's own value, as a text; several joined by a stroke, and none of a bias that is not there."""
    if parameter in _BIAS_OWN and not any(layer.use_bias for layer in variants.convolutions):
        return ""
    values = variants.values(parameter)
    if parameter != "activation":
        return joined(values.values())
    option, acting = variants.option("activation"), _acting(variants)
    if option is not None and activation_texts("relu", variants)[0].startswith("net."):
        return option
    return joined([values[name] for name in acting] or variants.non_linearities() or values.values())


def _acting(variants: Variants) -> tuple[str, ...]:
    """The convolutions that have a non-linearity of their own."""
    values = variants.values("activation")
    return tuple(name for name, value in values.items() if value not in _NOT_OWN)


def joined(texts: Iterable[str]) -> str:
    """Each text once, with strokes between them."""
    return "/".join(dict.fromkeys(texts))
