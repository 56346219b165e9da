"""Packages of extras: which are missing, and the one line that says how to install them."""

from __future__ import annotations

from collections.abc import Sequence
from importlib.util import find_spec

from convwise.errors import RequestError


def missing(modules: Sequence[str]) -> list[str]:
    """Those that cannot be imported here; none of them is imported to find out."""
    return [name for name in modules if not _is_there(name)]


def require(who: str, modules: Sequence[str], install: str) -> None:
    """Raises RequestError, in one line with the command, where one of the modules is missing; it names all that are.

    `who` needs them; `install` is what pip is to install, such as `convwise[serve]`.
    """
    if absent := missing(modules):
        raise RequestError(f'{who} needs {", ".join(absent)}, not installed here; pip install "{install}"')


def _is_there(module: str) -> bool:
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # the package that it would be in
        return False
