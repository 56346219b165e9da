"""Caltech-101: its classes, and its installation from the official archive or an unpacked folder."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypedDict

from convwise.errors import RequestError
from convwise.files import temporary_name
from convwise.images.archives import unpack
from convwise.images.cache_dir import clear_errors, write_cache_file
from convwise.images.download import md5_of
from convwise.images.walking import folders_and_files
from convwise.places import kind_of, reason_of
from convwise.records import record_text

Report = Callable[[int, int], None]  # done, total (0: not known), in bytes or folders

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


class Origin(TypedDict):
    """Where an installed data set came from; `official` None where that has no meaning. Kept beside its folder."""

    source: str
    md5: str
    official: bool | None


def install_caltech(source: Path, folder: Path, report: Report, note: Callable[[str], None]) -> None:
    """Unpacks the archive `source`, or copies that folder; `folder` appears whole. Raises as `add_dataset` does."""
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


def _copy(source: Path, target: Path, report: Report) -> None:
    classes = [name for name in folders_and_files(source)[0] if name in CALTECH_CLASSES | {BACKGROUND}]
    for done, name in enumerate(classes, 1):
        shutil.copytree(source / name, target / name, copy_function=shutil.copyfile)
        report(done, len(classes))
