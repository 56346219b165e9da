"""Factors: for each parameter the alternative to the network's own value, or the rule that settles it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

from convwise.conv2d import PARAMETERS, NetworkSettings, parse_settings
from convwise.conv2d.settings import require_parameter
from convwise.errors import RequestError
from convwise.images.image_shape import ImageShape
from convwise.nets import Built, Network, build, network_options
from convwise.nets.changes import Change
from convwise.records import record_of
from convwise.study.costs import costs_of

PLACEBO = "data_format"
"""The negative control. Where the backend refuses the other layout, its two levels are the very same network."""
_BIAS_OWN = ("bias_initializer", "bias_regularizer", "bias_constraint")
# What is tried in place of the network's own value, the first that the network can take; levels to race where that
# gains; levels to race where it loses, the other way from the own value. A text with "=" is a setting of its own,
# others are for all convolutions. {first} is the first convolution, {last_strided} the last one with strides.
# Mild and cheap: half of the filters, because a trial is then a third of the work and not the double. The values are
# the guide's.
_LEVELS: dict[str, tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]]] = {
    "filters": (("x0.5",), (), ("x2",)),
    "kernel_size": (("5", "3"), ("7",), ()),
    "strides": (("net.pooling=strides", "{last_strided}.strides=1"), (), ()),
    "padding": (("valid", "same"), (), ()),
    "data_format": (("channels_first",), (), ()),
    "dilation_rate": (("2", "1"), ("3",), ()),
    "groups": (("2",), ("4",), ()),
    "activation": (("silu", "relu"), ("leaky_relu", "elu"), ()),
    "use_bias": (("false", "true"), (), ()),
    "kernel_initializer": (("he_normal", "glorot_uniform"), ("orthogonal",), ()),
    "bias_initializer": (("constant:0.1",), (), ()),
    "kernel_regularizer": (("l2:0.0005", "none"), ("l2:0.0001", "l2:0.001"), ()),
    "bias_regularizer": (("l2:0.0005", "none"), (), ()),
    "activity_regularizer": (("l2:0.000001", "none"), (), ()),
    "kernel_constraint": (("max_norm:3:axis=0,1,2", "none"), (), ()),
    "bias_constraint": (("max_norm:2", "none"), (), ()),
}
_LARGE_PX = 128  # above, the tutorial's advice for the window is about the first layers alone
_LARGE_WINDOW: tuple[tuple[str, ...], tuple[str, ...], tuple[str, ...]] = (
    ("{first}.kernel_size=7", "{first}.kernel_size=5"),
    ("5",),
    (),
)


@dataclass(frozen=True)
class Level:
    """A value of a parameter, and the texts of `--set` that make it."""

    value: str
    settings: tuple[str, ...]


@dataclass(frozen=True)
class Factor:
    """A parameter with the network's own value (`own`, the low level) and an alternative (the high level).

    `reach` says which layers the alternative changes, and why others are left; `nested_in` names another factor under
    whose alternative this one does nothing; `further` are levels to race where the parameter matters. `weights`,
    `multiply_adds` and `memory` are those of the network with the alternative alone, over the network's own.
    """

    parameter: str
    own: str
    alternative: Level
    reach: str
    nested_in: str = ""
    further: tuple[Level, ...] = ()
    opposite: tuple[Level, ...] = ()
    weights: float = 1.0
    multiply_adds: float = 1.0
    memory: float = 1.0

    def to_dict(self) -> dict[str, Any]:
        """Plain values for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Factor:
        """The inverse of `to_dict`."""
        return record_of(cls, values)


@dataclass(frozen=True)
class Settled:
    """A parameter that needs no run, and the rule that says so."""

    parameter: str
    own: str
    why: str


def read_levels(texts: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """`["kernel_size=3,5"]` -> {"kernel_size": ("3", "5")}. Raises RequestError for no parameter and for no level."""
    levels: dict[str, tuple[str, ...]] = {}
    for text in texts:
        parameter, equals, written = text.partition("=")
        require_parameter(parameter.strip())
        values = tuple(value.strip() for value in written.split(",") if value.strip())
        if not equals or not values:
            raise RequestError(f"levels={text}: write PARAMETER=VALUE,VALUE, for example kernel_size=3,5")
        levels[parameter.strip()] = values
    return levels


class _Network:
    """The network under study, built again and again with settings on top of the user's own."""

    def __init__(
        self, net: Network, shape: ImageShape, n_classes: int, settings: NetworkSettings, batch: int, optimizer: str
    ) -> None:
        self.net, self.shape, self.n_classes, self.settings = net, shape, n_classes, settings
        self.batch, self.optimizer = batch, optimizer
        self.own = self.built(())
        self.convolutions = _convolutions(self.own)
        self.costs = self.costs_of(self.own)

    def built(self, texts: Sequence[str], *, require_used: bool = True) -> Built:
        return build(
            self.net,
            shape=self.shape,
            n_classes=self.n_classes,
            settings=self.settings.overlaid(parse_settings(texts)),
            seed=0,
            precision="float32",
            require_used=require_used,
        )

    def costs_of(self, built: Built) -> dict[str, Any]:
        return costs_of(built.model, batch=self.batch, optimizer=self.optimizer)

    def values(self, parameter: str, built: Built) -> dict[str, str]:
        """The parameter's text at each convolution."""
        from convwise.nets.convolution import texts_of  # imports Keras

        return {layer.name: texts_of(layer)[parameter] for layer in _convolutions(built)}

    def texts(self, parameter: str, level: str) -> tuple[str, ...]:
        """The settings of a level, its placeholders filled; RequestError where the network has nothing to fill in."""
        strided = [layer.name for layer in self.convolutions if tuple(layer.strides) != (1, 1)]
        if "{last_strided}" in level and not strided:
            raise RequestError("no convolution of this network has strides above 1")
        names = {"first": self.convolutions[0].name, "last_strided": strided[-1] if strided else ""}
        text = level.format(**names)
        return (text if "=" in text and not parameter.endswith("constraint") else f"conv.{parameter}={text}",)


def _convolutions(built: Built) -> list[Any]:
    return [layer for layer in built.model._flatten_layers() if type(layer).__name__ == "Conv2D"]


def factors_of(
    net: Network,
    *,
    shape: ImageShape,
    n_classes: int,
    settings: NetworkSettings,
    parameters: Sequence[str] = PARAMETERS,
    levels: Mapping[str, Sequence[str]] | None = None,
    batch: int = 32,
    optimizer: str = "adamw",
) -> tuple[tuple[Factor, ...], tuple[Settled, ...]]:
    """What can be varied in `net` on images of the `shape`, and what rules settle, in the order of Conv2D's parameters.

    `levels` replaces the alternatives of a parameter: the first that is not the network's own value is the high
    level, the rest are raced. `batch` and `optimizer` decide what is told of memory. Raises RequestError for a level
    that the network cannot take.
    """
    network = _Network(net, shape, n_classes, settings, batch, optimizer)
    levels = dict(levels or {})
    factors: list[Factor] = []
    settled: list[Settled] = []
    for parameter in sorted({require_parameter(name) for name in (*parameters, *levels)}, key=PARAMETERS.index):
        rule = _rule(parameter, network)
        found = rule or _factor(parameter, network, levels.get(parameter))
        if isinstance(found, Settled):
            settled.append(found)
        else:
            factors.append(found)
    return tuple(_nested(factors, network)), tuple(settled)


def _rule(parameter: str, network: _Network) -> Settled | None:
    """The mathematics that makes a run needless."""
    with_bias = [layer for layer in network.convolutions if layer.use_bias]
    if parameter in _BIAS_OWN and not with_bias:
        return Settled(parameter, "", "no convolution of this network has a bias, so it has no effect")
    if parameter == "use_bias" and not with_bias:
        from convwise.nets.lint import RULES, lint

        built = network.built(("conv.use_bias=true",))
        others = set(RULES) - {"bias_before_batch_norm"}
        if lint(built.model, shape=network.shape, silence=others):
            return Settled(
                parameter, "false", "batch normalisation follows and cancels a bias (Ioffe and Szegedy 2015)"
            )
    return None


def _factor(parameter: str, network: _Network, asked: Sequence[str] | None) -> Factor | Settled:
    first, further, opposite = _LEVELS[parameter]
    if parameter == "kernel_size" and min(network.shape.height, network.shape.width) > _LARGE_PX:
        first, further, opposite = _LARGE_WINDOW
    candidates = list(asked or first)
    own = _own(parameter, network)
    reasons = []
    for i, candidate in enumerate(candidates):
        if candidate == own:
            continue
        try:
            texts = network.texts(parameter, candidate)
            built = network.built(texts)
        except RequestError as problem:
            if asked:
                raise RequestError(f"levels={parameter}={candidate}: {problem}") from None
            reasons.append(str(problem))
            continue
        before, after = network.values(parameter, network.own), network.values(parameter, built)
        changed = [name for name in after if after[name] != before.get(name)]
        if not changed and not (texts[0].startswith("net.") and not _same_option(texts[0], network)):
            continue
        raced = [
            tuple(
                Level(_shown(parameter, network.texts(parameter, text)), network.texts(parameter, text))
                for text in texts_of
                if text not in (own, candidate) and _possible(network, parameter, text)
            )
            for texts_of in ((candidates[i + 1 :], ()) if asked else (further, opposite))
        ]
        costs = network.costs_of(built)
        ratios: dict[str, Any] = {name: round(costs[name] / own_cost, 4) for name, own_cost in network.costs.items()}
        return Factor(
            parameter,
            _joined(before[name] for name in changed if name in before) or own,
            Level(_shown(parameter, texts), texts),
            _reach(changed, [change for change in built.changes if change.parameter == parameter], texts[0]),
            further=raced[0],
            opposite=raced[1],
            **ratios,
        )
    why = reasons[0] if reasons else "the network has no other value to try"
    if parameter == PLACEBO:  # a control is measured all the same
        return Factor(parameter, own, Level(own, ()), f"nothing: {why}")
    return Settled(parameter, own, why)


def _possible(network: _Network, parameter: str, text: str) -> bool:
    try:
        network.built(network.texts(parameter, text))
    except RequestError:
        return False
    return True


def _shown(parameter: str, texts: Sequence[str]) -> str:
    """A value as a person writes it: without the scope where that is all convolutions."""
    return texts[0].removeprefix(f"conv.{parameter}=")


def _same_option(text: str, network: _Network) -> bool:
    name, _, value = text.removeprefix("net.").partition("=")
    options = {**network_options(network.net), **network.settings.options}
    if name not in options:
        return False  # the build says so
    return str(options[name]) == value


def _own(parameter: str, network: _Network) -> str:
    """The value that all convolutions have, as a text; several joined by a stroke."""
    return _joined(network.values(parameter, network.own).values())


def _joined(texts: Iterable[str]) -> str:
    return "/".join(dict.fromkeys(texts))


def _reach(changed: Sequence[str], changes: Sequence[Change], text: str) -> str:
    """Which layers a level changes, and which it leaves, and why."""
    parts = [f"changed {', '.join(changed)}" if changed else f"{text} is an option of the network"]
    left: dict[str, list[str]] = {}
    for change in changes:
        if change.reason and change.layer not in changed:
            left.setdefault(change.reason.partition(";")[0], []).append(change.layer)
    parts += [f"left {', '.join(names)} ({reason})" for reason, names in left.items()]
    return "; ".join(parts)


def _nested(factors: Sequence[Factor], network: _Network) -> list[Factor]:
    """The factors, each with the one whose alternative takes all its room away."""
    by_name = {factor.parameter: factor for factor in factors}
    parents = dict.fromkeys(_BIAS_OWN, "use_bias") | {"dilation_rate": "strides"}
    nested = []
    for factor in factors:
        parent = by_name.get(parents.get(factor.parameter, ""))
        if parent and not _acts_under(factor, parent, network):
            factor = replace(factor, nested_in=parent.parameter)
        nested.append(factor)
    return nested


def _acts_under(factor: Factor, parent: Factor, network: _Network) -> bool:
    try:
        built = network.built((*parent.alternative.settings, *factor.alternative.settings), require_used=False)
    except RequestError:
        return False
    changes = [change for change in built.changes if change.parameter == factor.parameter]
    if factor.parameter in _BIAS_OWN:
        return any(layer.use_bias for layer in _convolutions(built))
    return any(not change.reason for change in changes)
