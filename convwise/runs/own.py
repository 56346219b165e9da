"""A network of the user's own in a run: looked at before the training, known as the user's from then on."""

from __future__ import annotations

from collections.abc import Callable

from convwise.conv2d import NetworkSettings
from convwise.images.image_shape import ImageShape
from convwise.nets import Network
from convwise.nets.own.reference import OwnNetwork
from convwise.nets.own.trust import remember


def examined(
    net: Network, *, shape: ImageShape, n_classes: int, settings: NetworkSettings, note: Callable[[str], None]
) -> Network:
    """The network with what is found out about it, which `note` hears; one by name as it is.

    Raises RequestError where it cannot be trained; see `convwise.nets.own.contract.examine`.
    """
    if not isinstance(net, OwnNetwork):
        return net
    from convwise.nets.own.contract import examine

    found = examine(net, shape=shape, n_classes=n_classes, settings=settings)
    remember(found.own)
    for line in found.notes:
        note(line)
    return found.own
