"""A run: its folder, its settings, and its life from the pictures to the evaluation."""

from convwise.runs.folder import Run
from convwise.runs.settings import RunSettings

__all__ = ["Run", "RunSettings"]
