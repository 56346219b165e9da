"""The pages: one to drop a picture on, and the description to read; script and style are files of the server's own."""

from __future__ import annotations

import html
import json
from importlib.resources import files as resources
from typing import Any

from starlette.responses import Response

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_TYPES = {"js": "text/javascript", "css": "text/css", "html": "text/html"}
_HEADERS = {"content-security-policy": POLICY, "cache-control": "no-cache"}


def files() -> dict[str, Response]:
    """The page and what it loads, by path."""
    return {"/": _file("page.html"), "/page.js": _file("page.js"), "/page.css": _file("page.css")}


def docs(description: dict[str, Any]) -> Response:
    """The description as a page without a script."""
    parts = [f"<h1>{_text(description['info']['title'])}</h1><p>{_text(description['info']['description'])}</p>"]
    for path, methods in description["paths"].items():
        parts += [_operation(path, method, each) for method, each in methods.items()]
    schemas = description["components"]["schemas"]
    parts += [
        "<h2>Shapes</h2>",
        *(f'<h3 id="{_text(name)}">{_text(name)}</h3>{_code(each)}' for name, each in schemas.items()),
    ]
    page = _read("docs.html").replace("<!-- description -->", "\n".join(parts))
    return Response(page, headers=_HEADERS, media_type="text/html")


def _operation(path: str, method: str, each: dict[str, Any]) -> str:
    parts = [f"<h2><code>{method.upper()} {_text(path)}</code></h2><p>{_text(each['summary'])}"]
    parts.append(f" {_text(each['description'])}</p>" if "description" in each else "</p>")
    if each.get("security") == []:
        parts.append("<p>It needs no token.</p>")
    for given in each.get("parameters", ()):
        told = f"{given['description']} Default {given['schema']['default']}."
        parts.append(f"<p><code>?{_text(given['name'])}=</code> {_text(told)}</p>")
    for media_type, content in each.get("requestBody", {}).get("content", {}).items():
        example = _code(content["example"]) if "example" in content else ""
        parts.append(f"<p>Body <code>{_text(media_type)}</code>{_shape(content['schema'])}</p>{example}")
    rows = "".join(
        f"<tr><th scope=row>{status}<td>{_text(answer['description'])}<td>{_content(answer)}"
        for status, answer in each["responses"].items()
    )
    return "".join([*parts, f"<div class=wide tabindex=0><table>{rows}</table></div>"])


def _content(answer: dict[str, Any]) -> str:
    return " ".join(
        f"<code>{_text(media_type)}</code>{_shape(content['schema'])}"
        for media_type, content in answer["content"].items()
    )


def _shape(schema: dict[str, Any]) -> str:
    name = schema.get("$ref", "").rpartition("/")[2]
    return f': <a href="#{_text(name)}">{_text(name)}</a>' if name else ""


def _code(value: Any) -> str:
    return f"<pre tabindex=0>{_text(json.dumps(value, indent=2, ensure_ascii=False))}</pre>"


def _text(value: Any) -> str:
    return html.escape(str(value))


def _file(name: str) -> Response:
    return Response(_read(name), headers=_HEADERS, media_type=_TYPES[name.rpartition(".")[2]])


def _read(name: str) -> str:
    return (resources("convwise.serving") / "html" / name).read_text(encoding="utf-8")
