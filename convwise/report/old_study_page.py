"""The page of a study that an earlier version made: what it is, and what it said."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from convwise.report.html.page import page
from convwise.report.old_study_words import old_lines


def old_study_page(name: str, values: Mapping[str, Any]) -> str:
    """The whole page. `values` are its result's, checked."""
    return page("old_study.html", study={"name": name, "lines": old_lines(values)})
