"""Data: the sets that were added, the folders of pictures here, and what is wrong with one of them."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from urllib.parse import unquote

from starlette.responses import Response

from convwise.commands.report import report
from convwise.http_core.problems import Problem
from convwise.images.datasets import DATASETS
from convwise.images.listing import Listing, list_files
from convwise.names import counted
from convwise.report.table import Cell, Table, count, numbers, words
from convwise.web import kept
from convwise.web.answers import answer
from convwise.web.made_pages import when_made
from convwise.web.pages import page
from convwise.web.site import Asked, Site


async def data_page(site: Site, asked: Asked) -> Response:
    """The list, or with a name what `convwise data check` says of that data set."""
    if not asked.place:
        seen = await site.read(_seen, site)
        return answer(page("data_sets.html", asked.scope, seen=seen))
    name = unquote(asked.place.decode("ascii", "replace"))
    dataset = DATASETS.get(name)
    if dataset is None or not await site.read(dataset.folder.is_dir):
        raise Problem(404, f"no data set of that name was added; type: convwise data add {name}"
                      if dataset else "there is no data set of that name")  # fmt: skip
    listing = await site.read(lambda: list_files(dataset.folder, classes=dataset.classes, exclude=dataset.exclude))
    return await _checked(site, asked, name, listing)


async def pictures_page(site: Site, asked: Asked) -> Response:
    """What `convwise data check` says of a folder of pictures here."""
    folder = site.root.folder(asked.place, "")
    listing = await site.read(list_files, folder)
    if leading := await site.read(_leading_out, site, listing):
        raise Problem(404, f"{leading} is a link that leads out of the folder that is shown")
    return await _checked(site, asked, str(folder), listing)


async def _checked(site: Site, asked: Asked, data: str, listing: Listing) -> Response:
    decides = hashlib.sha256(repr(listing.paths).encode("utf-8", "surrogateescape") + listing.stamps.tobytes())
    place = await site.read(kept.place_of, "data", data, listing.selection, decides.hexdigest())
    title = f"reading {counted(len(listing.paths), 'file')}"
    return await when_made(
        site, asked, "pictures", place, title, lambda out, heard: report(data, out=out, progress=heard)
    )


def _leading_out(site: Site, listing: Listing) -> str:
    """The first picture that lies elsewhere; "" where all lie below the folder that is shown."""
    inside = os.path.join(site.root.path, "")  # noqa: PTH118 - thousands of files
    for path in listing.paths:
        if not os.path.realpath(os.path.join(listing.root, path)).startswith(inside):  # noqa: PTH118
            return path
    return ""


def _seen(site: Site) -> dict[str, object]:
    added, folders = site.shelf.data_sets(), site.shelf.pictures()
    here = counted(len(folders), "folder of pictures", "folders of pictures")
    return {
        "folder": str(site.root.path),
        "headline": f"{counted(len(added), 'data set')} added, {here} here.",
        "added": Table(
            "data sets that were added",
            (*words("name", "what", "licence"), *numbers("pictures")),
            tuple(
                (
                    Cell(each.dataset.name, target=f"/data/{each.dataset.name}"),
                    Cell(each.dataset.description),
                    Cell(each.dataset.licence),
                    count(each.n_images),
                )
                for each in added
            ),
        ) if added else None,
        "folders": Table(
            "folders of pictures",
            words("folder", "to train on it"),
            tuple(
                (Cell(site.root.shown(each), target=site.root.address("pictures", each)),
                 Cell(f"convwise train {site.typed(Path(each))}"))
                for each in folders
            ),
        ) if folders else None,
    }  # fmt: skip
