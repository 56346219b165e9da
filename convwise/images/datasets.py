"""The data sets known by name: what they are, whether they are installed, how to add them, which classes they use."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from convwise import checks
from convwise.errors import ConvwiseError, RequestError
from convwise.images.cache_dir import cache_dir, clear_errors
from convwise.images.caltech import BACKGROUND, Origin, install_caltech
from convwise.images.download import download
from convwise.images.planted import PLANTED, make_planted
from convwise.images.shapes import OUTLINES, make_shapes
from convwise.images.walking import folders_and_files, walk
from convwise.places import kind_of, named
from convwise.records import convert, read_record

Progress = Callable[[int, int], None]  # done, total (0: not known), in bytes, files or folders


@dataclass(frozen=True)
class Dataset:
    """A data set with a name.

    Attributes:
        name: Its name.
        description: What it holds, in a line.
        licence: Its licence.
        stored_as: Name of the folder in which it lies, below the caches.
        citation: How to cite it; "" where there is nothing.
        url: Where it is downloaded from; "" for what convwise draws.
        md5: Checksum of the download; "" for what convwise draws.
        classes: The classes that belong to it; None means all but `exclude`.
        exclude: Folders that are no classes of it.

    Example:
        >>> import convwise
        >>> [each.dataset.licence for each in convwise.list_data() if each.dataset.name == "shapes"]
        ['CC0']
    """

    name: str
    description: str
    licence: str
    stored_as: str
    citation: str = ""
    url: str = ""
    md5: str = ""
    classes: tuple[str, ...] | None = None
    exclude: tuple[str, ...] = ()

    @property
    def folder(self) -> Path:
        return cache_dir() / "data" / self.stored_as


@dataclass(frozen=True)
class Installed:
    """A data set and where it is.

    Attributes:
        dataset: What it is.
        folder: Where it lies; None where it is not installed.
        n_images: Number of its pictures, 0 where it is not installed.
        official: Whether its checksum was the official one; None where that has no meaning.

    Example:
        >>> import convwise
        >>> [each.folder for each in convwise.list_data() if each.dataset.name == "caltech101"]
        [None]
    """

    dataset: Dataset
    folder: Path | None
    n_images: int
    official: bool | None


@dataclass(frozen=True)
class Source:
    """What to read: a folder and the classes to use (None: all but `exclude`)."""

    folder: Path
    classes: tuple[str, ...] | None
    exclude: tuple[str, ...]
    name: str  # for folders of runs: the name asked for, or the folder's own


_CALTECH = partial(
    Dataset,
    licence="CC BY 4.0",
    stored_as="caltech101",
    citation="Li, F.-F., Andreeto, M., Ranzato, M., Perona, P. (2022). Caltech 101 (1.0). CaltechDATA. "
    "doi:10.22002/D1.20086",
    url="https://data.caltech.edu/records/mzrjq-6wc02/files/caltech-101.zip",
    md5="3138e1922a9193bfa496528edbbc45d0",
    exclude=(BACKGROUND,),
)
DATASETS = {
    "caltech101": _CALTECH("caltech101", "Caltech-101: 8,677 pictures of 101 kinds of objects, 31 to 800 of each"),
    "caltech101-4": _CALTECH(
        "caltech101-4",
        "Faces, Leopards, Motorbikes and airplanes of Caltech-101: 2,233 pictures",
        classes=("Faces", "Leopards", "Motorbikes", "airplanes"),
    ),
    "shapes": Dataset("shapes", f"{len(OUTLINES)} kinds of shapes, 250 of each, drawn by convwise", "CC0", "shapes"),
    **{name: Dataset(name, planted.description, "CC0", name) for name, planted in PLANTED.items()},
}
DRAWN = frozenset({"shapes", *PLANTED})  # by convwise itself, when they are first asked for


def list_datasets() -> list[Installed]:
    """Lists every data set known by name, and where it is.

    Returns:
        A record for each data set, installed or not.

    Raises:
        RequestError: the record of an installed data set is damaged.
        ConvwiseError: the folder of the caches cannot be read.

    Example:
        >>> import convwise
        >>> [each.dataset.name for each in convwise.list_data()][:3]
        ['caltech101', 'caltech101-4', 'shapes']
    """
    with clear_errors(cache_dir()):
        return [_installed(dataset) for dataset in DATASETS.values()]


def _installed(dataset: Dataset) -> Installed:
    folder = dataset.folder
    if not folder.is_dir():
        return Installed(dataset, None, 0, None)
    names = folders_and_files(folder)[0]
    used = [name for name in names if (name in dataset.classes if dataset.classes else name not in dataset.exclude)]
    n_pictures = sum(entry.path.endswith((".jpg", ".png")) for name in used for entry in walk(folder / name))
    record = folder.with_suffix(".json")
    fix = f"remove it together with the folder {folder}, and add the data set again"
    origin = read_record(record, lambda values: convert(values, Origin), fix=fix) if record.is_file() else None
    return Installed(dataset, folder, n_pictures, origin["official"] if origin else None)


def add_dataset(
    name: str,
    *,
    from_path: str | Path | None = None,
    progress: Progress | None = None,
    note: Callable[[str], None] | None = None,
) -> Path:
    """Installs a data set and returns its folder; one that is installed already is left as it is.

    Args:
        name: Name of the data set; `list_data` lists them.
        from_path: The official .zip, the .tar.gz inside it, or an unpacked folder (the one with the class folders, or
            its parent), which is copied; downloaded if None.
        progress: Hears (done, total) in bytes, files or folders, total 0 where it is not known; nobody does if None.
        note: Hears of a checksum that is not the official one, which is recorded; nobody does if None.

    Returns:
        The folder with a sub-folder per class.

    Raises:
        RequestError: there is no data set of that name, or the source is not what it should be.
        ConvwiseError: the download failed, or the folder cannot be written.

    Example:
        >>> import convwise
        >>> convwise.add_data("planted-brightness").name
        'planted-brightness'
    """
    dataset = DATASETS[checks.choice("name", name, DATASETS)]
    folder = dataset.folder
    given = None if from_path is None else named(from_path, "from_path")
    if kind_of(folder, "data") == "folder":
        return folder
    if name in DRAWN:
        if given is not None:
            raise RequestError(f"from_path={str(from_path)!r}: {name} is drawn by convwise; omit it")
        return _generate(name, folder, progress)
    report = progress or (lambda done, total: None)
    source = given or folder.with_name("caltech-101.zip")
    if given is None:
        download(dataset.url, source, md5=dataset.md5, progress=report)
    install_caltech(source, folder, report, note or (lambda text: None))
    if given is None:
        source.unlink()
    return folder


def _generate(name: str, folder: Path, progress: Progress | None) -> Path:
    try:
        return make_shapes(folder, progress=progress) if name == "shapes" else make_planted(name, folder, progress)
    except ConvwiseError:
        if not folder.is_dir():  # else another process was faster, and drew the same
            raise
        return folder


def resolve(data: str | Path, *, background: bool = False) -> Source:
    """The folder and the classes behind a name or a path. A known name wins; write ./shapes for a folder called so.

    What convwise draws is drawn when it is first asked for. `background=True` keeps the background class of caltech101.
    Raises RequestError for a data set that is not installed, and for what is neither a name nor a folder.
    """
    if background and str(data) != "caltech101":
        raise RequestError(f"background=True: only caltech101 has a background class, {str(data)!r} has none; omit it")
    if str(data) in DATASETS and not isinstance(data, Path):
        dataset = DATASETS[str(data)]
        if kind_of(dataset.folder, "data") != "folder":
            if dataset.name not in DRAWN:
                raise RequestError(
                    f"data={dataset.name}: it is not installed; run: convwise data add {dataset.stored_as}, which "
                    "downloads it, or takes what you have with --from (the .zip, the .tar.gz or an unpacked folder)"
                )
            add_dataset(dataset.name)
        return Source(dataset.folder, dataset.classes, () if background else dataset.exclude, dataset.name)
    folder = named(data, "data")
    kind = kind_of(folder, "data")
    if kind is None:
        raise _unknown(str(data))
    if kind != "folder":
        raise RequestError(f"data={data} is a file; name a folder with one sub-folder per class")
    return Source(folder, None, (), Path(os.path.abspath(folder)).name)  # noqa: PTH100 - a link's own name, not its goal's


def _unknown(name: str) -> RequestError:
    meant = checks.did_you_mean(name, DATASETS)
    return RequestError(
        f"data={name}: there is no such folder, and no data set of that name; {meant}give an existing folder, or one "
        f"of {', '.join(DATASETS)}"
    )
