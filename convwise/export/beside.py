"""What lies beside the exported files: predict.py, requirements.txt and README.md, made from templates."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from convwise.export.container import container_files
from convwise.export.formats import FORMATS, Format
from convwise.export.labels import Labels
from convwise.export.proof import Proof
from convwise.export.proof_tables import tables
from convwise.files import write_text
from convwise.names import shown
from convwise.report.markdown import markdown, table_text
from convwise.runs.environment import requirement

TEMPLATES = Path(__file__).parent / "templates"


Card = Callable[[str, str], str]
"""A model card's text from what it is to say of the network's use, and the library that it is used with."""


def write_beside(
    folder: Path, labels: Labels, formats: Sequence[Format], proof: Proof, card: Card | None = None
) -> None:
    """Writes the three files, and how ONNX runs in a container; README.md as a model card where there is one to ask."""
    chosen = preferred(formats)
    values: dict[str, Any] = {
        "labels": labels,
        "formats": formats,
        "format": chosen,
        "int8": any(each.int8 for each in proof.files),
        "tables": [f"{markdown(each.title)}:\n\n{table_text(each)}" for each in tables(proof)],
        "heading": "##" if card is None else "###",
    }
    write_text(folder / "predict.py", script_of(labels, chosen))
    write_text(folder / "requirements.txt", requirements(chosen))
    if FORMATS["onnx"] in formats:
        for name, text in container_files(labels.convwise).items():
            write_text(folder / name, text)
    use = _filled("README.md.jinja", values)
    title = f"# {markdown(shown(Path(proof.run).name))}\n\n"
    write_text(folder / "README.md", title + use if card is None else card(use, chosen.name))


def script_of(labels: Labels, chosen: Format) -> str:
    """predict.py: what it needs to know of the reading is written into it."""
    return _filled("predict.py.jinja", {"labels": labels, "format": chosen})


def preferred(formats: Sequence[Format]) -> Format:
    """The one that predict.py takes: that with the lightest runtime."""
    return next(each for each in FORMATS.values() if each in formats)


def requirements(chosen: Format) -> str:
    """What predict.py needs, in the versions by which the proof was made."""
    packages = (chosen.package, "numpy", "opencv-python-headless")
    lines = ["# The versions of the proof; newer ones should do.", *map(requirement, packages)]
    return "\n".join(lines) + "\n"


def _filled(name: str, values: dict[str, Any]) -> str:
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        autoescape=False,
    )
    return environment.get_template(name).render(values)
