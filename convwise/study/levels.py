"""Levels: the network under study built with other values on top of the user's own, and what that costs."""

from __future__ import annotations

import dataclasses
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from convwise import checks
from convwise.conv2d import Conv2DSettings, NetworkSettings, Times, parse_settings
from convwise.errors import RequestError
from convwise.images.image_shape import ImageShape
from convwise.nets import NETWORKS, Built, Network, build, network_options
from convwise.nets.own.reference import OwnNetwork
from convwise.study import record_checks
from convwise.study.costs import costs_of
from convwise.study.recipe_levels import require_changes
from convwise.training.recipe import Recipe

_KERAS_NAME = re.compile(r"conv2d(_\d+)?")
_NON_LINEAR = ("relu", "relu6", "leakyrelu", "prelu", "elu", "selu", "gelu", "silu", "activation")
_SETTING = re.compile(r"[^:=]+\.[^:=]+=")  # "net.pooling=strides", and not "max_norm:3:axis=0"
_OF_THE_ANSWER = ("softmax", "sigmoid", "linear")


@dataclass(frozen=True)
class Level:
    """A value of a parameter: the texts of `--set` or the `changes` of the recipe that make it.

    `weights`, `multiply_adds` and `memory` of a training step are the network's with this value alone, over its own.
    """

    value: str
    settings: tuple[str, ...]
    changes: Mapping[str, Any] = field(default_factory=dict)
    weights: float = 1.0
    multiply_adds: float = 1.0
    memory: float = 1.0

    def __post_init__(self) -> None:
        checks.text("value", self.value)
        record_checks.settings("settings", self.settings)
        require_changes("changes", self.changes)
        try:
            dataclasses.replace(Recipe(), **self.changes)
        except RequestError as problem:
            raise RequestError(f"changes: {problem}") from None
        record_checks.numbers(self, 0, "weights", "multiply_adds", "memory")


class Variants:
    """The network under study, built again and again with settings on top of the user's own.

    `pretrained`: it starts from weights, which fit one shape of each convolution. A network of keras.applications is
    known by its body and takes no settings.
    """

    def __init__(
        self,
        net: Network,
        shape: ImageShape,
        n_classes: int,
        settings: NetworkSettings,
        recipe: Recipe,
        pretrained: bool,
    ) -> None:
        self.net, self.shape, self.n_classes, self.settings, self.recipe = net, shape, n_classes, settings, recipe
        self.pretrained = pretrained or (isinstance(net, OwnNetwork) and net.keeps_weights)
        self.of_keras = isinstance(net, str) and pretrained and net not in NETWORKS
        self.own = self._built((), shape, require_used=True)
        self.convolutions = _convolutions(self.own)
        self._costs = self._costs_of(self.own, recipe.batch)
        self._texts = _texts_by_layer(self.own)

    def built(self, texts: Sequence[str], *, shape: ImageShape | None = None, require_used: bool = True) -> Built:
        """With these texts too, on images of another shape where one is given. RequestError for what cannot stand."""
        found = self._built(texts, shape or self.shape, require_used=require_used)
        _require_kept(self.own, found, texts)
        if self.pretrained:
            _require_shapes(self.own, found)
        return found

    def _built(self, texts: Sequence[str], shape: ImageShape, *, require_used: bool) -> Built:
        settings = self.settings.overlaid(parse_settings(texts))
        if self.of_keras:
            from convwise.transfer.bodies import build_body

            assert isinstance(self.net, str)
            return build_body(
                self.net,
                shape=shape,
                n_classes=self.n_classes,
                settings=settings,
                imagenet=False,
                seed=0,
                precision="float32",
            )
        return build(
            self.net,
            shape=shape,
            n_classes=self.n_classes,
            settings=settings,
            seed=0,
            precision="float32",
            require_used=require_used,
            numbers=False,
        )

    def ratios(self, built: Built, *, batch: int | None = None) -> dict[str, Any]:
        """`weights`, `multiply_adds` and `memory` over the network's own."""
        costs = self._costs_of(built, batch or self.recipe.batch)
        return {name: round(costs[name] / own, 4) if own else 1.0 for name, own in self._costs.items()}

    def _costs_of(self, built: Built, batch: int) -> dict[str, Any]:
        return costs_of(built.model, batch=batch, optimizer=self.recipe.optimizer)

    def values(self, parameter: str, built: Built | None = None) -> dict[str, str]:
        """The parameter's text at each convolution, of the network's own where no other is given."""
        texts = self._texts if built is None else _texts_by_layer(built)
        return {name: of_layer[parameter] for name, of_layer in texts.items()}

    def option(self, name: str) -> str | None:
        """The value of the network's own option, as a text; None where it has no such option."""
        if self.of_keras:
            return None
        options = {**network_options(self.net), **self.settings.options}
        return str(options[name]) if name in options else None

    def non_linearities(self) -> tuple[str, ...]:
        """Of the maps, those that are layers or operations of their own, each name once."""
        from convwise.nets.layer_table.graph import flatten

        calls = [call for call in flatten(self.own.model).calls if len(call.outputs[0].shape) == 4]
        names = [_activation_of(call.operation, call.kind) for call in calls if call.kind.lower() in _NON_LINEAR]
        return tuple(dict.fromkeys(name for name in names if name not in _OF_THE_ANSWER))

    def filled(self, text: str) -> str:
        """The text with its placeholders filled; RequestError where the network has nothing to fill in."""
        strided = [layer.name for layer in self.convolutions if tuple(layer.strides) != (1, 1)]
        if "{last_strided}" in text and not strided:
            raise RequestError("no convolution of this network has strides above 1")
        return text.format(first=self.convolutions[0].name, last_strided=strided[-1] if strided else "")

    def texts(self, parameter: str, value: str) -> tuple[str, ...]:
        """The settings of a value: itself, where it is a setting, else for all convolutions."""
        return (value,) if _SETTING.match(value) else self.scoped("conv", parameter, value)

    def scoped(self, scope: str, parameter: str, value: str) -> tuple[str, ...]:
        """The settings that give a scope a value. A factor on the filters is one on what the user has set there."""
        if parameter != "filters" or not value.lower().startswith("x"):
            return (f"{scope}.{parameter}={value}",)
        parsed = Conv2DSettings.from_texts({parameter: value}).filters
        assert isinstance(parsed, Times)
        set_by_user = {name: each.filters for name, each in self.settings.scopes.items() if each.filters is not None}
        within = {name: own for name, own in set_by_user.items() if scope == "conv" or name.startswith(f"{scope}_")}
        within[scope] = set_by_user.get(scope, set_by_user.get("conv", Times(1.0)))
        return tuple(f"{name}.filters={_times(own, parsed)}" for name, own in within.items())

    def stages(self) -> dict[str, tuple[str, ...]]:
        """The scopes of `--set` that divide the convolutions, in their order, each with its layers.

        Parts of the layers' names, as short as they still tell stages apart; where the names are Keras's, the sizes
        of the maps in a network of the user's own, and single layers else.
        """
        names = [layer.name for layer in self.convolutions]
        if all(_KERAS_NAME.fullmatch(name) for name in names):
            return self._by_size() if isinstance(self.net, OwnNetwork) else {name: (name,) for name in names}
        for n_parts in range(1, max(name.count("_") for name in names) + 2):
            found = _grouped(("_".join(name.split("_")[:n_parts]), name) for name in names)
            if len(found) > 1:
                return found
        return {name: (name,) for name in names}

    def _by_size(self) -> dict[str, tuple[str, ...]]:
        """Stages such as map32, by the heights of the maps before any setting of the user's."""
        plain = build(
            self.net,
            shape=self.shape,
            n_classes=self.n_classes,
            settings=NetworkSettings(options=self.settings.options),
            seed=0,
            precision="float32",
        )
        return _grouped((f"map{layer.output.shape[1]}", layer.name) for layer in _convolutions(plain))


def stands(
    net: Network,
    *,
    shape: ImageShape,
    n_classes: int,
    settings: NetworkSettings,
    texts: Sequence[str],
    pretrained: bool = False,
) -> str | None:
    """Why the network cannot be built with `texts` on top of the user's `settings`, in one line; None where it can.

    A setting that no layer has room for is no reason: it is passed over, as a training does.
    """
    try:
        variants = Variants(net, shape, n_classes, settings, Recipe(), pretrained)
        variants.built(texts, require_used=False)
    except RequestError as problem:
        return str(problem)
    return None


def _texts_by_layer(built: Built) -> dict[str, dict[str, str]]:
    from convwise.nets.convolution import texts_of  # imports Keras

    return {layer.name: texts_of(layer) for layer in _convolutions(built)}


def reaches(scope: str, layer: str) -> bool:
    """Whether a scope of `--set` reaches the layer by its name."""
    return bool(NetworkSettings({scope: Conv2DSettings(groups=1)}).for_layer(layer))


def _convolutions(built: Built) -> list[Any]:
    return [layer for layer in built.model._flatten_layers() if type(layer).__name__ == "Conv2D"]


def _activation_of(layer: Any, kind: str) -> str:
    return str(getattr(getattr(layer, "activation", None), "__name__", kind.lower()))


def _require_kept(own: Built, other: Built, texts: Sequence[str]) -> None:
    """RequestError where a setting of the user's, which these texts leave alone, has no room any more."""
    set_here = {text.partition("=")[0].rpartition(".")[2] for text in texts}
    had_room = {(each.layer, each.parameter) for each in own.changes if not each.reason}
    for each in other.changes:
        if each.reason and each.parameter not in set_here and (each.layer, each.parameter) in had_room:
            raise RequestError(f"{each.layer} would have no room for its {each.parameter} any more: {each.reason}")


def _require_shapes(own: Built, other: Built) -> None:
    """RequestError where weights of the one would not fit into the convolutions of the other."""
    before, after = ({layer.name: _shapes(layer) for layer in _convolutions(each)} for each in (own, other))
    for name in [*before, *after]:
        if before.get(name) != after.get(name):
            raise RequestError(
                f"the pretrained weights would not fit any more: {name} has {_listed(before.get(name))}, and would "
                f"need {_listed(after.get(name))}"
            )


def _shapes(layer: Any) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(weight.shape) for weight in layer.weights)


def _listed(shapes: tuple[tuple[int, ...], ...] | None) -> str:
    return " and ".join("x".join(map(str, shape)) for shape in shapes or ()) or "none"


def _times(own: int | Times, factor: Times) -> str:
    if isinstance(own, Times):
        return str(Times(math.prod((own.factor, factor.factor))))
    return str(factor.applied_to(own))


def _grouped(pairs: Iterable[tuple[str, str]]) -> dict[str, tuple[str, ...]]:
    groups: dict[str, list[str]] = {}
    for group, name in pairs:
        groups.setdefault(group, []).append(name)
    return {group: tuple(names) for group, names in groups.items()}
