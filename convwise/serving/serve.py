"""serve: an export, or a run that is exported first, answers pictures over HTTP until it is told to end."""

from __future__ import annotations

import dataclasses
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convwise.errors import ConvwiseError, RequestError
from convwise.export.exported import Exported
from convwise.extras import missing, require
from convwise.http_core import PACKAGES
from convwise.http_core.logs import log
from convwise.places import kind_of

if TYPE_CHECKING:
    from convwise.serving.settings import ServeSettings

_BESIDE = "export"
"""Within a run: where `convwise export` puts its export if nothing else is said."""
_NEEDED = (*PACKAGES, "onnxruntime")


def serve(
    export: str | Path, *, trust: bool = False, ready: Callable[[str], None] | None = None, **options: Any
) -> None:
    """Serves predictions over HTTP until SIGTERM or Ctrl-C; what was accepted is answered first.

    Args:
        export: The folder of an export with ONNX. A finished run is exported first, by a process of its own, unless
            its folder holds an export already.
        trust: Whether code is run that the model file of a run holds, when it is exported.
        ready: Hears the address when requests are taken; nobody does if None.
        options: Values of `ServeSettings` and of its `Limits`, by name: host, port, token, most_bytes and so on.

    Returns:
        Nothing, when the server was told to end and has drained.

    Raises:
        RequestError: the folder is neither, the export has no ONNX, a value is out of its range, the port is taken, or
            a package is missing.
        ConvwiseError: the export's file is damaged, or the server's processes die again and again.

    Example:
        >>> import convwise
        >>> try:
        ...     convwise.serve("exports/first", host="0.0.0.0")
        ... except convwise.RequestError as problem:
        ...     print(str(problem)[:54])
        host=0.0.0.0: other machines could ask without a token
    """
    if missing(PACKAGES):  # the settings' own modules need these
        require_packages()
    settings = settings_of(options)
    require_packages()
    from convwise.http_core.listening import listening_socket, place_of

    shared = settings.workers > 1
    with listening_socket(settings.host, settings.port, shared=shared) as opened:
        folder = exported_folder(export, trust=trust)
        address = place_of(opened)

        def tell() -> None:
            if ready is not None:
                ready(address)

        if shared:
            from convwise.serving.workers import serve_by_workers

            serve_by_workers(folder, settings, opened, ready=tell)
        else:
            from convwise.serving.process import serve_here

            serve_here(folder, settings, opened, ready=tell)


def settings_of(options: Mapping[str, Any]) -> ServeSettings:
    """The settings with these values of theirs and of their limits by name. Raises RequestError."""
    from convwise.http_core.limits import Limits
    from convwise.serving.settings import ServeSettings

    bounds = {each.name for each in dataclasses.fields(Limits)}
    limits = Limits(**{name: value for name, value in options.items() if name in bounds})
    known = {each.name for each in dataclasses.fields(ServeSettings)} - {"limits"}
    for name in options:
        if name not in known | bounds:
            raise RequestError(
                f"{name}=: there is no such option of serve; there are {', '.join(sorted(known | bounds))}"
            )
    return ServeSettings(**{name: value for name, value in options.items() if name in known}, limits=limits)


def require_packages() -> None:
    """Raises RequestError where a package of the extra is missing."""
    require("serve", _NEEDED, "convwise[serve]")


def exported_folder(given: str | Path, *, trust: bool = False) -> Path:
    """The export to serve: itself where it is one, else that of the run, which is made where it is not there yet."""
    if Exported.is_one(given):
        return _with_onnx(given)
    run = Path(given)
    if kind_of(run / "run.json", "export") != "file":
        raise RequestError(f"export={given}: it is neither an export nor a finished run; name the folder of one")
    beside = run / _BESIDE
    if not Exported.is_one(beside):
        _export(run, trust=trust)
    else:
        _require_no_fault(beside)
    return _with_onnx(beside)


def _require_no_fault(folder: Path) -> None:
    """Raises ConvwiseError where the export's proof, if there is one, says that it does not answer as its run."""
    from convwise.export.proof import FILE, Proof  # it needs more than the server's image has

    if (folder / FILE).exists():
        for fault in Proof.read(folder).faults:
            raise ConvwiseError(f"{fault}; remove {folder} and export the run again, or name an export to serve")


def _with_onnx(folder: str | Path) -> Path:
    exported = Exported.open(folder)
    if "onnx" not in exported.formats:
        raise RequestError(
            f"export={folder}: it holds no ONNX, which is served; export the run again: convwise export RUN --to onnx"
        )
    return exported.folder


def _export(run: Path, *, trust: bool) -> None:
    """By a process of its own, whose Keras and TensorFlow end with it; it writes into the run, as the command does."""
    log("exporting", run=str(run))
    command = [sys.executable, "-m", "convwise", "export", str(run), "--to", "onnx", "--quiet"]
    ended = subprocess.run(
        [*command, "--trust"] if trust else command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if ended.returncode:
        said = ended.stderr.strip().splitlines() or [f"exit code {ended.returncode}"]
        kind = RequestError if ended.returncode == RequestError.exit_code else ConvwiseError
        raise kind(said[-1].removeprefix("convwise: "))
