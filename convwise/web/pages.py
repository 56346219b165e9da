"""The pages of the server: templates of their own on the base of the reports, and addresses that may be linked."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convwise.http_core.headers import cookies
from convwise.report.html.page import HERE, environment, finished, tidy

if TYPE_CHECKING:
    from jinja2 import Environment

_OWN = Path(__file__).parent
_STYLE = (HERE / "study.css", _OWN / "web.css")
_SCRIPT = (HERE / "page.js",)
_THEMES = ("light", "dark")


def page(template: str, scope: Any, **context: Any) -> str:
    """A whole page, in the theme that the reader has chosen before."""
    made = _templates().get_template(template)
    return finished(made, _STYLE, _SCRIPT, served=True, theme=_theme(scope), here=scope["path"], **context)


def part(template: str, **context: Any) -> str:
    """A part of a page, as it is put into it again when something is new."""
    return tidy(_templates().get_template(template).render(**context))


@cache
def modules() -> Mapping[str, bytes]:
    """The JavaScript modules by name."""
    folder = files("convwise.web") / "js"
    return {each.name: each.read_bytes() for each in folder.iterdir() if each.name.endswith(".js")}


@cache
def _templates() -> Environment:
    from jinja2 import ChoiceLoader, FileSystemLoader

    return environment().overlay(loader=ChoiceLoader([FileSystemLoader(_OWN / "templates"), FileSystemLoader(HERE)]))


def _theme(scope: Any) -> str:
    chosen = cookies(scope).get("theme", "")
    return chosen if chosen in _THEMES else ""
