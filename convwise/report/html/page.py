"""A page from its template: escaped throughout, one style and one script inside, and a policy that allows no other."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from convwise.names import printable, shown
from convwise.page_policy import policy, verbatim

if TYPE_CHECKING:
    from jinja2 import Environment, Template
    from markupsafe import Markup

HERE = Path(__file__).parent
"""Where templates, styles and scripts lie."""
STYLE = ("page.css", "charts.css")
"""What all pages have."""


def page(template: str, *, style: Sequence[str] = (), script: Sequence[str] = ("page.js",), **context: Any) -> str:
    """The page as UTF-8 text can hold it. `style`, added to the usual one, and `script` are files of this package."""
    files = [HERE / each for each in style], [HERE / each for each in script]
    return finished(environment().get_template(template), *files, **context)


def finished(
    template: Template, style: Sequence[Path], script: Sequence[Path], *, served: bool = False, **context: Any
) -> str:
    """The page of a template that extends base.html, `style` added to the usual one; `served`: see `policy`."""
    css, js = joined([*(HERE / each for each in STYLE), *style]), joined(script)
    from markupsafe import Markup

    allowed = policy(f"\n{js}\n", f"\n{css}\n", served=served)  # script and style stand on lines of their own
    own = {"css": Markup(verbatim(css, "</style")), "js": Markup(verbatim(js, "</script"))}
    return tidy(template.render(policy=allowed, **own, **context))


def tidy(text: str) -> str:
    """The text without empty lines and spaces at the ends of lines."""
    return "\n".join(line.rstrip() for line in text.splitlines() if line.strip()) + "\n"


@cache
def environment() -> Environment:
    """The templates, with what they need to show names and numbers."""
    from jinja2 import Environment, FileSystemLoader, StrictUndefined

    from convwise.report.charts import bar
    from convwise.report.confusion import shade

    made = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_unbroken,
    )
    made.filters |= {"name": name, "line": printable}
    made.globals |= {"bar": bar, "shade": shade}
    return made


def _unbroken(value: Any) -> Any:
    """A number and its percent sign stay on one line; what is markup already, such as names, stays as it is."""
    return value.replace(" %", "\u00a0%") if type(value) is str else value


def name(text: str) -> Markup:
    """A name of any bytes as text of its own direction, which turns nothing around it."""
    from markupsafe import Markup

    return Markup("<bdi>%s</bdi>") % shown(text)


def joined(files: Sequence[Path]) -> str:
    """Files as one text without empty lines."""
    # The page's empty lines are left out, and so are those here: else the digests would be those of another text.
    lines = (line.rstrip() for each in files for line in each.read_text(encoding="utf-8").splitlines())
    return "\n".join(line for line in lines if line)
