"""Convolution: makes every Conv2D of a network, the network's own choices overlaid with the user's settings."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import keras

from convwise.conv2d import PARAMETERS, Conv2DSettings, NetworkSettings, Times
from convwise.conv2d.rules import violations, wrong_results
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
        self._data_format = data_format
        self._n_unnamed = 0

    def __call__(
        self,
        filters: int,
        kernel_size: int | tuple[int, int],
        *,
        name: str | None = None,
        keep: Mapping[str, str] | None = None,
        **own: Any,
    ) -> Callable[[Any], Any]:
        """What puts this convolution on a tensor (n, h, w, c). Raises RequestError, with the layer's name."""
        if name is None:
            name = f"conv2d_{self._n_unnamed}" if self._n_unnamed else "conv2d"
            self._n_unnamed += 1
        self.layer_names.append(name)
        own = {"data_format": self._data_format, **own}
        before = Conv2DSettings.from_keras(keras.layers.Conv2D(filters, kernel_size, **own).get_config())
        return lambda x: self._put(x, name, before, keep or {})

    def require_all_used(self) -> None:
        """Raises RequestError for a scope without a layer, and for a setting that no layer has room for."""
        self.settings.require_scopes_used(self.layer_names)
        for (scope, parameter), group in by_setting(self.changes):
            if all(change.reason for change in group):
                first = group[0]
                raise RequestError(
                    f"settings={scope}.{parameter}: no convolution can take it; {first.layer}: {first.reason}"
                )

    def _put(self, x: Any, name: str, before: Conv2DSettings, keep: Mapping[str, str]) -> Any:
        settings = self._overlaid(name, before, keep, x.shape)
        layer = keras.layers.Conv2D.from_config({**settings.to_keras(), "name": name})
        if settings.data_format == "channels_last":
            return layer(x)
        x = keras.layers.Permute((3, 1, 2), name=f"{name}_to_channels_first")(x)
        return keras.layers.Permute((2, 3, 1), name=f"{name}_to_channels_last")(layer(x))

    def _overlaid(
        self, name: str, before: Conv2DSettings, keep: Mapping[str, str], shape: tuple[int, ...]
    ) -> Conv2DSettings:
        """`before` with each setting that reaches the layer, tried one by one, so that the one to blame is known."""
        asked = self.settings.for_layer(name)
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
        broken = self._illegal(settings, shape)
        if broken:
            raise RequestError(f"{name}: {broken}")
        return settings

    def _illegal(self, settings: Conv2DSettings, shape: tuple[int, ...]) -> str:
        """The first rule that the layer would break on a map of (n, height, width, channels), with the way out."""
        _, height, width, channels = shape
        works = layout_works(str(settings.data_format), grouped=settings.groups != 1)
        broken = violations(settings, height=height, width=width, channels=channels, layout_works=works)
        broken = broken or wrong_results(
            settings, height=height, width=width, channels=channels, backend=keras.backend.backend()
        )
        return str(broken[0]) if broken else ""


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
