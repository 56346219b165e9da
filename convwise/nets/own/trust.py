"""Whose code is run: files that were trained with on this machine are known; those of others need `--trust`."""

from __future__ import annotations

from convwise.errors import RequestError
from convwise.images.cache_dir import cache_dir, write_cache_file
from convwise.nets.own.reference import OwnNetwork

_FOLDER = "own-networks"


def remember(own: OwnNetwork) -> None:
    """Notes, in the cache folder, that the user runs this code: by its digest, so that nothing else is covered."""
    if own.function is not None:
        write_cache_file(cache_dir() / _FOLDER / own.sha256, str(own).encode("utf-8", "surrogateescape"))


def require_trusted(own: OwnNetwork, *, trust: bool, where: object) -> None:
    """Raises RequestError for code that was never used on this machine, unless the user trusts it.

    `where` is the run or study that brings it. A .keras file holds no code of its own: what it may name is up to
    `convwise.nets.model_file`.
    """
    own.require_unchanged()
    if own.function is None or trust or (cache_dir() / _FOLDER / own.sha256).is_file():
        return
    raise RequestError(
        f"{where}: it brings Python code ({own.copy_name}) that was not used on this machine before; read it, and add "
        "trust=True to run it"
    )
