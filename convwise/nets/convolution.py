"""Convolution: makes every Conv2D of a network, the network's own choices overlaid with the user's settings."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import keras

from convwise.conv2d import PARAMETERS, Conv2DSettings, NetworkSettings, Times
from convwise.conv2d.rules import violations, wrong_results
from convwise.conv2d.settings import NAMED
from convwise.conv2d.values import Named
from convwise.errors import RequestError
from convwise.nets.backend import layout_works
from convwise.nets.changes import Change, by_setting


class Convolution:
    """`conv(filters, kernel_size, *, name, keep, **own)(x)`: a `keras.layers.Conv2D` where a user's settings win.

    A setting for all convolutions, or for a stage of them, reaches the layers where it is legal and where the
    architecture has room: a 1x1 projection keeps its window, strides reach the layers that shrink the map, dilation
    those that do not, groups those whose channels they divide; `keep` says what else a layer holds on to, and why. A
    setting for one layer by its whole name is applied or refused, never left. `changes` tells what became of each.
    Layers without a name are conv2d, conv2d_1 and so on, as Keras would call them.
    """

    def __init__(self, settings: NetworkSettings, *, data_format: str = "channels_last") -> None:
        self.settings = settings
        self.changes: list[Change] = []
        self.layer_names: list[str] = []
        self.stages: list[str] = []
        self._data_format = data_format
        self._n_unnamed = 0

    def __call__(
        self,
        filters: int,
        kernel_size: int | tuple[int, int],
        *,
        name: str | None = None,
        keep: Mapping[str, str] | None = None,
        stage: str = "",
        **own: Any,
    ) -> Placed:
        """What puts this convolution on a tensor (n, h, w, c): on several, where it is called more than once.

        `stage` is a scope that reaches the layer besides those of its name. Raises RequestError, with the layer's name.
        """
        if name is None:
            name = f"conv2d_{self._n_unnamed}" if self._n_unnamed else "conv2d"
            self._n_unnamed += 1
        self.layer_names.append(name)
        if stage and stage not in self.stages:
            self.stages.append(stage)
        layer = keras.layers.Conv2D(filters, kernel_size, **{"data_format": self._data_format, **own})
        before, foreign = _settings_of(layer)
        as_it_is = foreign | {key: own[key] for key in ("dtype", "trainable") if key in own}
        return Placed(self, name, before, keep=keep or {}, stage=stage, as_it_is=as_it_is)

    def require_all_used(self) -> None:
        """Raises RequestError for a scope without a layer, and for a setting that no layer has room for."""
        self.settings.require_scopes_used([*self.layer_names, *self.stages])
        for (scope, parameter), group in by_setting(self.changes):
            if all(change.reason for change in group):
                first = group[0]
                raise RequestError(
                    f"settings={scope}.{parameter}: no convolution can take it; {first.layer}: {first.reason}"
                )

    def overlaid(
        self, name: str, before: Conv2DSettings, keep: Mapping[str, str], shape: tuple[int, ...], *, stage: str = ""
    ) -> Conv2DSettings:
        """`before` with each setting that reaches the layer, tried one by one, so that the one to blame is known."""
        asked = self.settings.for_layer(name, stage)
        settings = before
        n_filters = before.filters
        assert isinstance(n_filters, int)  # a built layer has a number
        # The layout comes last: whether there is a convolution in it can depend on the groups.
        for parameter in sorted(asked, key=lambda name: (name == "data_format", PARAMETERS.index(name))):
            value, scope = asked[parameter]
            demanded = scope == name
            new = value.applied_to(n_filters) if isinstance(value, Times) else value
            reason = keep.get(parameter, "") or ("" if demanded else _no_room(parameter, before, settings))
            tried = settings
            if not reason:
                try:
                    tried = Conv2DSettings(**{**settings.given(), parameter: new})
                    reason = self._illegal(tried, shape)
                except RequestError as problem:
                    reason = str(problem)
            if reason and demanded:
                raise RequestError(f"settings={name}.{parameter}={_text(parameter, value)}: {reason}")
            kept = settings if reason else tried
            old, now = (_text(parameter, getattr(each, parameter)) for each in (settings, kept))
            self.changes.append(Change(name, parameter, scope, old, now, reason))
            settings = kept
        self.require_legal(name, settings, shape)
        return settings

    def require_legal(self, name: str, settings: Conv2DSettings, shape: tuple[int, ...]) -> None:
        """Raises RequestError for a rule that the layer would break on a map of (n, height, width, channels)."""
        broken = self._illegal(settings, shape)
        if broken:
            raise RequestError(f"{name}: {broken}")

    def _illegal(self, settings: Conv2DSettings, shape: tuple[int, ...]) -> str:
        """The first rule that the layer would break on a map of (n, height, width, channels), with the way out."""
        _, height, width, channels = shape
        works = layout_works(str(settings.data_format), grouped=settings.groups != 1)
        broken = violations(settings, height=height, width=width, channels=channels, layout_works=works)
        broken = broken or wrong_results(
            settings, height=height, width=width, channels=channels, backend=keras.backend.backend()
        )
        return str(broken[0]) if broken else ""


class Placed:
    """A convolution to be put on tensors (n, h, w, c): made for the first one, called again on further ones."""

    def __init__(
        self,
        owner: Convolution,
        name: str,
        before: Conv2DSettings,
        *,
        keep: Mapping[str, str],
        stage: str,
        as_it_is: Mapping[str, Any],
    ) -> None:
        self.layer: Any = None
        self._owner, self._name, self._before, self._keep = owner, name, before, keep
        self._stage, self._as_it_is = stage, as_it_is
        self._settings = before
        self._turns: tuple[Any, Any] | None = None

    def __call__(self, x: Any) -> Any:
        """The convolved maps. Raises RequestError for a setting that is illegal on this tensor."""
        if self.layer is None:
            self._make(x.shape)
        else:
            self._owner.require_legal(self._name, self._settings, x.shape)
        if self._turns is None:
            return self.layer(x)
        there, back = self._turns
        return back(self.layer(there(x)))

    def _make(self, shape: tuple[int, ...]) -> None:
        name, before = self._name, self._before
        self._settings = settings = self._owner.overlaid(name, before, self._keep, shape, stage=self._stage)
        unchanged = {
            key: value
            for key, value in self._as_it_is.items()
            if getattr(settings, key, None) == getattr(before, key, None)
        }
        self.layer = keras.layers.Conv2D.from_config({**settings.to_keras(), "name": name, **unchanged})
        if settings.data_format != "channels_last":
            self._turns = (
                keras.layers.Permute((3, 1, 2), name=f"{name}_to_channels_first"),
                keras.layers.Permute((2, 3, 1), name=f"{name}_to_channels_last"),
            )


def texts_of(layer: keras.layers.Conv2D) -> dict[str, str]:
    """The sixteen values of a layer as texts; where one is a class or function of the user's own, by its name."""
    settings, foreign = _settings_of(layer)
    names = {key: str(getattr(value, "__name__", type(value).__name__)) for key, value in foreign.items()}
    return {**settings.texts(), **names}


def _settings_of(layer: keras.layers.Conv2D) -> tuple[Conv2DSettings, dict[str, Any]]:
    """The sixteen values; and those that have no text, such as a user's own activation, with Keras's default there."""
    config = layer.get_config()
    foreign: dict[str, Any] = {}
    for parameter in NAMED:
        try:
            Named.from_keras(parameter, config.get(parameter))
        except RequestError:
            foreign[parameter] = getattr(layer, parameter)
    return Conv2DSettings.from_keras({key: value for key, value in config.items() if key not in foreign}), foreign


def _no_room(parameter: str, before: Conv2DSettings, settings: Conv2DSettings) -> str:
    """Why a setting for many layers passes one by, from what the architecture made of it; "" if it does not."""
    if parameter in ("kernel_size", "dilation_rate") and before.kernel_size == (1, 1):
        return "a 1x1 projection keeps its window"
    if parameter == "strides" and before.strides == (1, 1):
        return "it does not shrink the map"
    if parameter == "dilation_rate" and settings.strides != (1, 1):
        return "it has strides"
    return ""


def _text(parameter: str, value: Any) -> str:
    return Conv2DSettings(**{parameter: value}).texts()[parameter]
