"""A result as a person reads it: three lines."""

from __future__ import annotations

from pathlib import Path

from convwise.evaluation import Evaluation
from convwise.names import counted


def result_lines(folder: Path, evaluation: Evaluation | None, seconds: float) -> str:
    """The score, what it was measured on, and where the run lies."""
    if evaluation is None:
        return f"no test images\nrun: {folder}\n{seconds:.1f} s"
    low, high = evaluation.log_loss.low, evaluation.log_loss.high
    classes = counted(len(evaluation.class_names), "class", "classes")
    loss = f"log loss {evaluation.log_loss.value:.3f} ({low:.3f} to {high:.3f}), {classes}"
    return f"accuracy {evaluation.told}\n{loss}\nrun: {folder} ({seconds:.1f} s)"
