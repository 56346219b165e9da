"""Pages that are made once: reports, comparisons and the playground, in the cache as they were written."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

from starlette.responses import Response

from convwise.files import read_regular
from convwise.images.cache_dir import cache_dir, mark_used
from convwise.images.cleaning import PAGES
from convwise.runs.environment import package_version
from convwise.web.answers import answer

_MOST_BYTES = 64 * 2**20


def place_of(*decides: object) -> Path:
    """Where the page that these decide is kept, made or not."""
    text = repr((package_version("convwise"), *decides))
    folder = cache_dir() / PAGES
    folder.mkdir(exist_ok=True)
    return folder / f"{hashlib.sha256(text.encode('utf-8', 'surrogateescape')).hexdigest()[:32]}.html"


def made(place: Path, make: Callable[[Path], object]) -> Path:
    """The place, after the page was made there if it was not."""
    if not place.is_file():
        make(place)
    return place


def shown(place: Path) -> Response:
    """The page as it is, under the policy that it has itself. Raises OSError where it is gone."""
    content = read_regular(place, _MOST_BYTES)
    mark_used(place)
    return answer(content.decode("utf-8"))
