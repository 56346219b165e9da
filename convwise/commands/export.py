"""export: a finished run's network as files for other runtimes, with the proof that they answer as it does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from convwise import checks
from convwise.commands.run_records import records_of
from convwise.errors import ConvwiseError
from convwise.export.asked import MOST_LOSS, USUAL, ExportRequest
from convwise.export.exported import Exported
from convwise.export.life import export_run
from convwise.export.proof import Proof
from convwise.report.model_card import model_card
from convwise.runs import Run


@dataclass(frozen=True)
class ExportResult:
    """An export that was made.

    Attributes:
        export: The export.
        proof: What was shown of it.

    Example:
        >>> import convwise
        >>> result = convwise.export("runs/first", out="exports/first")
        >>> print(result.export.formats, result.proof.faults)
        ('onnx',) ()
    """

    export: Exported
    proof: Proof

    def __repr__(self) -> str:
        return f"<ExportResult {self.export.folder}: {', '.join(self.export.formats)}>"

    def __str__(self) -> str:
        return f"export: {self.export.folder} ({', '.join(self.export.formats)}; {self.proof.seconds:.1f} s)"

    def require_sound(self) -> None:
        """Does nothing where each file of floats answers as the run.

        Raises:
            ConvwiseError: one does not: the first fault, in a line.
        """
        for fault in self.proof.faults:
            raise ConvwiseError(f"{fault}; {self.export.folder} holds it, do not use it")


def export(
    run: str | Path | Run,
    *,
    to: str | Sequence[str] = USUAL,
    int8: bool = False,
    most_loss: float = MOST_LOSS,
    out: str | Path | None = None,
    card: bool = False,
    trust: bool = False,
    progress: Callable[[int, int], None] | None = None,
) -> ExportResult:
    """Exports a finished run's network for other runtimes, and shows on its test images that they answer as it does.

    The files take raw pixels and give probabilities; beside them lie what a picture's reading needs, a script that
    predicts with the runtime alone, and the proof. The folder appears whole or not at all.

    Args:
        run: The run or its folder.
        to: Formats, as a list or with commas: "onnx", "litert", "savedmodel", "openvino".
        int8: Whether the files compute with integers of 8 bits; "onnx" and "litert" can.
        most_loss: With `int8`: percentage points of accuracy that it may cost, 0 to 100.
        out: The folder that is made; the folder `export` in the run's if None.
        card: Whether README.md is a model card, with what model hubs read.
        trust: Whether code is run that the run's model file holds, such as a Lambda layer.
        progress: Hears (steps done, of how many); nobody does if None.

    Returns:
        The export and its proof. A file of floats that does not answer as the run is among the proof's `faults`.

    Raises:
        RequestError: the run is not finished, its pictures are gone or have changed, a format is not known or lacks a
            package, or the folder is used.
        ConvwiseError: the network cannot be exported so, integers cost more than `most_loss`, or writing failed.

    Example:
        >>> import convwise
        >>> result = convwise.export("runs/first", out="exports/second")
        >>> sorted(path.name for path in result.export.folder.iterdir())[:3]
        ['Dockerfile', 'README.md', 'compose.yaml']
    """
    checks.true_or_false("card", card)
    names = to if isinstance(to, str) else tuple(to)
    request = ExportRequest.of(run, to=names, int8=int8, most_loss=most_loss, out=out, trust=trust)
    records = records_of(request.run) if card else None
    proof = export_run(
        request,
        None if records is None else lambda use, library: model_card(records, use=use, library=library),
        progress,
    )
    return ExportResult(Exported.open(request.out), proof)
