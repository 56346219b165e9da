"""The page as one HTML file: template, style, joined script and what it knows, under a policy that lets nothing in."""

from __future__ import annotations

import base64
from importlib.resources import files
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined, Template
from markupsafe import Markup

from convwise.images.shapes import draw_shape
from convwise.names import json_text
from convwise.page_policy import policy, verbatim
from convwise.playground.bundle import bundle, read_modules
from convwise.playground.facts import generated_modules, guide_texts

_SAMPLE_PX = 64
# Name -> what it is called, and the number of the picture in the drawn data set `shapes`.
_SAMPLES = {"star": ("a star", 7), "ring": ("a ring", 3), "heart": ("a heart", 5), "crescent": ("a crescent", 2)}
_INTRO = (
    "Move a parameter of a convolution and see what becomes of a picture. Everything is computed in this page; "
    "nothing leaves it."
)
_FOOTER = (
    "Made by convwise. Numbers are those of Keras's Conv2D, computed by a small program in this page that is tested "
    "against it."
)


def page(network: dict[str, Any] | None, *, title: str, notes: tuple[str, ...] = ()) -> str:
    """The whole page. `network` is a graph as `network.py` writes it; a column of one convolution if None."""
    script = bundle({**read_modules(), **generated_modules()}, "main.js")
    style = (files("convwise.playground") / "templates" / "playground.css").read_text(encoding="utf-8")
    content = {"network": network, "guide": guide_texts(), "samples": samples()}
    return template("playground.html").render(
        title=title,
        intro=_INTRO,
        footer=_FOOTER,
        notes=notes,
        policy=policy(script, style, images="data: blob:", workers="blob:"),
        style=Markup(verbatim(style, "</style")),
        script=Markup(verbatim(script, "</script")),
        content=Markup(json_text(content, indent=None).replace("<", "\\u003c")),
    )


def template(name: str) -> Template:
    """A template of this package; what is put into it is text, never markup."""
    loader = PackageLoader("convwise.playground")
    return Environment(
        loader=loader, autoescape=True, undefined=StrictUndefined, keep_trailing_newline=True
    ).get_template(name)


def samples() -> dict[str, dict[str, Any]]:
    """Drawn pictures as red, green and blue bytes in Base64."""
    return {
        name: {
            "label": label,
            "height": _SAMPLE_PX,
            "width": _SAMPLE_PX,
            "rgb": base64.b64encode(draw_shape(name, size_px=_SAMPLE_PX, number=number).tobytes()).decode(),
        }
        for name, (label, number) in _SAMPLES.items()
    }
