"""The data sets known by name: what they are, whether they are installed, how to add them, which classes they use."""

import os
import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TypedDict

from convwise import checks
from convwise.errors import ConvwiseError, RequestError
from convwise.files import temporary_name
from convwise.images.archives import unpack
from convwise.images.cache_dir import cache_dir, clear_errors, write_cache_file
from convwise.images.download import download, md5_of
from convwise.images.planted import PLANTED, make_planted
from convwise.images.shapes import OUTLINES, make_shapes
from convwise.images.walking import folders_and_files, walk
from convwise.places import kind_of, named, reason_of
from convwise.records import convert, read_record, record_text

Progress = Callable[[int, int], None]  # done, total (0: not known), in bytes, files or folders

BACKGROUND = "BACKGROUND_Google"
_CALTECH_NAMES = """
    Faces Faces_easy Leopards Motorbikes accordion airplanes anchor ant barrel bass beaver binocular bonsai brain
    brontosaurus buddha butterfly camera cannon car_side ceiling_fan cellphone chair chandelier cougar_body cougar_face
    crab crayfish crocodile crocodile_head cup dalmatian dollar_bill dolphin dragonfly electric_guitar elephant emu
    euphonium ewer ferry flamingo flamingo_head garfield gerenuk gramophone grand_piano hawksbill headphone hedgehog
    helicopter ibis inline_skate joshua_tree kangaroo ketch lamp laptop llama lobster lotus mandolin mayfly menorah
    metronome minaret nautilus octopus okapi pagoda panda pigeon pizza platypus pyramid revolver rhino rooster
    saxophone schooner scissors scorpion sea_horse snoopy soccer_ball stapler starfish stegosaurus stop_sign strawberry
    sunflower tick trilobite umbrella watch water_lilly wheelchair wild_cat windsor_chair wrench yin_yang
"""
CALTECH_CLASSES = frozenset(_CALTECH_NAMES.split())
_CALTECH_INNER = "101_ObjectCategories.tar.gz"
_CALTECH_MD5S = {"3138e1922a9193bfa496528edbbc45d0", "b224c7392d521a49829488ab0f1120d9"}  # the .zip, the inner .tar.gz


@dataclass(frozen=True)
class Dataset:
    """A data set with a name. It lies in the folder of `stored_as`; `classes` None means all but `exclude`."""

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


class Origin(TypedDict):
    """Where an installed data set came from; `official` None where that has no meaning. Kept beside its folder."""

    source: str
    md5: str
    official: bool | None


@dataclass(frozen=True)
class Installed:
    """A data set and where it is: `folder` None when it is not installed; `official` None where that has no meaning."""

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
    """Every data set known by name, and where it is."""
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
    """Install a data set and return its folder; one that is installed already is left as it is.

    `from_path`: the official .zip, the .tar.gz inside it, or an unpacked folder (the one with the class folders, or
    its parent), which is copied, so that the data set survives a move of the original. Without it: a download.
    Another checksum than the official one is told to `note` and recorded: the class folders are what is checked.
    Raises RequestError for an unknown name or a wrong source, ConvwiseError when the download fails.
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
    _install_caltech(source, folder, report, note or (lambda text: None))
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


def _install_caltech(source: Path, folder: Path, report: Progress, note: Callable[[str], None]) -> None:
    kind = kind_of(source, "from")
    if kind not in ("folder", "file"):
        what = "does not exist" if kind is None else "is no regular file"
        raise RequestError(f"from_path={source} {what}; give the .zip, the .tar.gz or an unpacked folder")
    with _readable(source):
        md5 = "" if kind == "folder" else md5_of(source)
        original = _class_folder(source) if kind == "folder" else None
    with clear_errors(folder.parent):
        folder.parent.mkdir(parents=True, exist_ok=True)
        temporary = temporary_name(folder.parent)
        try:
            if original is not None:
                with _readable(source):
                    _copy(original, temporary, report)
                found = temporary
            else:
                unpack(source, temporary, inner=_CALTECH_INNER, progress=lambda n: report(n, 0))
                found = _class_folder(temporary, shown=source)
            if md5 and md5 not in _CALTECH_MD5S:
                note(f"md5={md5} of {source} is not an official one; its {len(CALTECH_CLASSES)} classes are all there")
            origin = Origin(source=str(source), md5=md5, official=md5 in _CALTECH_MD5S if md5 else None)
            write_cache_file(folder.with_suffix(".json"), record_text(origin).encode())
            found.rename(folder)
        finally:
            shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def _readable(source: Path) -> Iterator[None]:
    """What the system refuses to give of the user's own archive or folder, in one line."""
    try:
        yield
    except shutil.Error as problem:  # of several files: the first says enough
        raise RequestError(f"from_path={source}: cannot be copied: {problem.args[0][0][2]}") from None
    except OSError as problem:
        what_to_do = "give yourself the permission" if isinstance(problem, PermissionError) else "name another"
        raise RequestError(
            f"from_path={source}: {problem.filename or source} cannot be read ({reason_of(problem)}); {what_to_do}"
        ) from None


def _class_folder(folder: Path, shown: Path | None = None) -> Path:
    """`folder` or the one folder below it (at most two levels) that holds every class of Caltech-101."""
    best: set[str] = set()
    candidates = [folder]
    for depth in range(3):
        below: list[Path] = []
        for candidate in candidates:
            names = folders_and_files(candidate)[0]
            there = set(names)
            if there >= CALTECH_CLASSES:
                return candidate
            best = max(best, there & CALTECH_CLASSES, key=len)
            below += [candidate / name for name in names]
        candidates = below if depth < 2 else []
    missing = sorted(CALTECH_CLASSES - best)
    raise RequestError(
        f"from_path={str(shown or folder)!r}: {len(missing)} of the {len(CALTECH_CLASSES)} class folders of "
        f"Caltech-101 are missing, such as {', '.join(missing[:3])}; give the official .zip, its .tar.gz, or the "
        "folder it unpacks to"
    )


def _copy(source: Path, target: Path, report: Progress) -> None:
    classes = [name for name in folders_and_files(source)[0] if name in CALTECH_CLASSES | {BACKGROUND}]
    for done, name in enumerate(classes, 1):
        shutil.copytree(source / name, target / name, copy_function=shutil.copyfile)
        report(done, len(classes))


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
