"""What was asked of a pretrained start, checked before any picture is read: the network, the weights, the tuning."""

from __future__ import annotations

import dataclasses
from pathlib import Path

from convwise.conv2d import NetworkSettings
from convwise.errors import RequestError
from convwise.nets import NETWORKS, Network, network_options, require_network
from convwise.nets.own.reference import KEEP, OwnNetwork, names_a_file
from convwise.places import kind_of, named
from convwise.transfer.start import IMAGENET, Pretrained

DEFAULT_NET = "narrowresnet"
DEFAULT_TUNE = "full"


def resolve_start(
    net: Network | None, weights: str | Path | None, tune: str | None, input_range: int | None = None
) -> tuple[Network, Pretrained | None]:
    """The network, by its name as it is spelt, and the start, None from scratch. Imports Keras for Keras's networks
    only. `input_range`: see `OwnNetwork`.

    Raises RequestError for what cannot be: tune without weights, a network that is not known, a file that cannot be
    read, weights of another kind than the network takes.
    """
    own = isinstance(net, OwnNetwork) or (net is not None and names_a_file(net))
    if weights is None or weights == KEEP or own:
        if own and weights not in (None, KEEP):
            raise RequestError(
                f"weights={weights}: net={net} starts from first weights, or, with weights=keep, from its own"
            )
        if tune is not None:
            raise RequestError(f"tune={tune}: it needs weights to start from; add weights=FILE or weights=imagenet")
        return require_network(net or DEFAULT_NET, input_range=input_range, keeps_weights=weights == KEEP), None
    if input_range is not None:
        raise RequestError(f"input={input_range}: it is for a network of your own; with weights= it is found out")
    from convwise.transfer.weight_files import read_weights, sha256_of

    if net is None:
        raise RequestError(f"weights={weights}: name the network that they were made for with net=NAME")
    assert isinstance(net, str)
    if net not in NETWORKS:
        from convwise.transfer.bodies import require_body

        net = require_body(net)
    if str(weights) == IMAGENET:
        return net, Pretrained(IMAGENET, None, "", tune or DEFAULT_TUNE)
    path = named(weights, "weights")
    if kind_of(path, "weights") not in ("file", None):
        raise RequestError(f"weights={weights}: it is no regular file; name a .h5, .weights.h5 or .keras file")
    path = path.resolve()
    read_weights(path)
    return net, Pretrained(path.name, str(path), sha256_of(path), tune or DEFAULT_TUNE)


def settings_for_file(net: str, network: NetworkSettings, start: Pretrained) -> NetworkSettings:
    """The network's settings, with batch normalisation, where that is left open, as the file has it."""
    from convwise.transfer.weight_files import has_batch_norm, read_weights

    if start.path is None or net not in NETWORKS or "batch_norm" in network.options:
        return network
    if "batch_norm" not in network_options(net):
        return network
    return dataclasses.replace(
        network, options={**network.options, "batch_norm": has_batch_norm(read_weights(start.path))}
    )
