"""Writes docs/tutorial/first-network.ipynb, with the outputs of an execution: `python docs/tutorial/make_notebook.py`.

Takes about a minute on two free cores. It needs what `pip install "convwise[test-extras]"` installs.
"""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path
from typing import Any

PAGE = Path(__file__).resolve().parent / "first-network.ipynb"
HOME = "home"  # of convwise, in the folder that it is executed in

CELLS: tuple[tuple[str, str], ...] = (
    ("markdown", """# Your first network, in a notebook

From a folder of pictures to a report, in about a minute on two cores. The outputs below are those of a real
execution; yours will differ in the times, and perhaps in the last digits. The same by the command line:
[your first network](first-network.md)."""),
    ("markdown", """## Look at the pictures

`shapes` is drawn by convwise itself: eight kinds of outlines, 250 of each, over cluttered backgrounds. Any
folder with a sub-folder per class does as well. `check_data` reads every file once and says what is there
and what is wrong with it."""),
    ("code", """import convwise

folder = convwise.add_data("shapes")
convwise.check_data("shapes")"""),
    ("markdown", """## Train

100 pictures of each class, at 32 px, twelve times. While it goes on, the cell shows how far it is; then the
result shows itself. The epoch that is kept is chosen on validation images. The test images are used once,
at the end, and whatever is measured on them has a 95 % interval."""),
    ("code", """first = convwise.train("shapes", per_class=100, size=32, epochs=12, out="runs/first")
first"""),
    ("markdown", """The classes are folded under the table. From Python the same numbers are values:"""),
    ("code", """worst = min(first.evaluation.per_class, key=lambda score: score.f1)
accuracy = first.evaluation.accuracy
print(f"{accuracy.value:.3f} ({accuracy.low:.3f} to {accuracy.high:.3f})")
print(f"hardest: {worst.name}, F1 {worst.f1:.2f}")"""),
    ("markdown", """## See what it does with a picture

`predict` takes pictures and folders of them. The `heatmap` shows where in a picture the network finds its
answer, and erases that place to see whether the answer rests on it: where it does not, the sentence says
so."""),
    ("code", """pictures = [folder / "star" / f"star_{number:04}.png" for number in range(3)]
convwise.predict("runs/first", pictures, top=3)"""),
    ("code", """convwise.heatmap("runs/first", pictures[0])"""),
    ("markdown", """## See what it is

Its layers with what each sees of the picture, what it weighs and costs, and whatever is unwise in it."""),
    ("code", """convwise.explain("runs/first")"""),
    ("markdown", """## Change one thing

Another network on the same pictures. `compare` sets the runs against each other on the same test images.
The difference has an interval of its own: two accuracies side by side do not tell whether one network is
better."""),
    ("code", """same = {"per_class": 100, "size": 32, "epochs": 12}
convwise.train("shapes", net="stridednet", out="runs/second", quiet=True, **same)
convwise.compare("runs/first", "runs/second")"""),
    ("code", """convwise.runs("runs")"""),
    ("markdown", """Which of the sixteen parameters of a convolution would help *here*? [A study](../how-to/study.md)
measures it, in more time than this notebook has. What each of them does, the guide says:"""),
    ("code", """convwise.guide("strides")"""),
    ("markdown", """## Send it to someone

The report is one file that opens anywhere, without a network: mistakes with their pictures and heatmaps,
confusion to click, curves with a diagnosis, the command that makes the run again."""),
    ("code", """print(convwise.report("runs/first"))"""),
)  # fmt: skip


def executed(place: Path) -> Any:
    """The notebook with its outputs, executed in an empty folder, in which convwise has its home too."""
    import nbformat
    from nbclient import NotebookClient

    made = nbformat.v4.new_notebook(metadata={"language_info": {"name": "python"}})
    for number, (kind, text) in enumerate(CELLS):
        new = nbformat.v4.new_markdown_cell if kind == "markdown" else nbformat.v4.new_code_cell
        made.cells.append(new(text, id=f"cell-{number:02}"))
    os.environ["CONVWISE_HOME"] = str(place / HOME)
    NotebookClient(made, timeout=600, kernel_name="python3", resources={"metadata": {"path": str(place)}},
                   record_timing=False).execute()  # fmt: skip
    return made


def without_places(notebook: Any, place: Path) -> Any:
    """The notebook without the folders and the metadata of the machine that executed it."""
    notebook.metadata = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    for cell in notebook.cells:
        cell.metadata = {}
        for output in cell.get("outputs", []):
            output.pop("metadata", None) if output.output_type == "stream" else output.update(metadata={})
            for values, key in [(output, "text"), *((output.get("data", {}), key) for key in output.get("data", {}))]:
                if isinstance(values.get(key), str):
                    values[key] = values[key].replace(f"{place / HOME}", "~/.cache/convwise").replace(f"{place}/", "")
    return notebook


def main() -> None:
    """Writes the notebook."""
    import nbformat

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder).resolve()
        made = without_places(executed(place), place)
    PAGE.write_text(nbformat.writes(made) + "\n", encoding="utf-8")
    print(f"written: {PAGE}", file=sys.stderr)


if __name__ == "__main__":
    main()
