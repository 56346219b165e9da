"""Writes docs/reference/api.md from the docstrings of the public names: `python docs/reference/make_api.py`."""

from __future__ import annotations

import ast
import dataclasses
import inspect
import re
import sys
import textwrap
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import FunctionType
from typing import Any, NamedTuple

import convwise
import convwise.nets
import convwise.sklearn
from convwise.conv2d import parse_settings

PAGE = Path(__file__).resolve().parent / "api.md"
WIDTH = 100  # columns of a signature on one line
SECTIONS = ("Args", "Attributes", "Returns", "Yields", "Raises", "Example")

HEAD = """# The Python interface

What `import convwise` offers: {names}. Nothing heavy is imported before
it is used. Written from the docstrings by `docs/reference/make_api.py`.

The examples run in the tests, in a folder with `pictures`, 16 drawn pictures each of circles, squares and stars, and
with `runs/first`, a training on them, and its copy `runs/second`.
"""
NETWORKS_HEAD = """## convwise.nets

For [a script of your own](../how-to/networks-in-your-script.md). `NETWORKS` holds the names of the networks, each with
a line about it.
"""

Definition = ast.FunctionDef | ast.ClassDef


class Public(NamedTuple):
    """What the page holds, by name."""

    functions: dict[str, FunctionType]
    of_networks: dict[str, FunctionType]
    estimators: dict[str, type]
    classes: dict[str, type]
    records: dict[str, type]

    @property
    def all(self) -> dict[str, Any]:
        """Everything, in the order of the page."""
        return {name: value for part in self for name, value in part.items()}


def public() -> Public:
    """The public names, and the records that the functions take and give."""
    names = {name: getattr(convwise, name) for name in sorted(convwise.__all__, key=str.lower)}
    functions = {name: value for name, value in names.items() if isinstance(value, FunctionType)}
    classes = {name: value for name, value in names.items() if isinstance(value, type)}
    offered = {name: getattr(convwise.nets, name) for name in sorted(convwise.nets.__all__)}
    of_networks = {name: value for name, value in offered.items() if isinstance(value, FunctionType)}
    of_networks["parse_settings"] = parse_settings
    found = records_of([*functions.values(), *of_networks.values()])
    records = {kind.__name__: kind for kind in found if kind not in classes.values()}
    return Public(
        functions,
        of_networks,
        {name: getattr(convwise.sklearn, name) for name in sorted(convwise.sklearn.__all__)},
        classes,
        {name: records[name] for name in sorted(records)},
    )


def page() -> str:
    """The whole page, Markdown."""
    shown = public()
    counted = f"{len(shown.functions)} functions, {len(shown.classes)} classes, and two more with scikit-learn"
    parts = [
        HEAD.format(names=counted),
        "## Functions\n",
        *(function_part(name, value) for name, value in shown.functions.items()),
        NETWORKS_HEAD,
        *(function_part(name, value) for name, value in shown.of_networks.items()),
        "## With scikit-learn\n\n`pip install 'convwise[sklearn]'`.\n",
        *(class_part(name, value) for name, value in shown.estimators.items()),
        "## Classes\n",
        *(class_part(name, value) for name, value in shown.classes.items()),
        "## What the functions take and give\n",
        *(class_part(name, value) for name, value in shown.records.items()),
    ]
    return "\n".join(parts)


def records_of(functions: Iterable[FunctionType]) -> list[type]:
    """The classes of convwise that the functions name in their signatures, and those that their fields name."""
    found: dict[type, None] = {}
    waiting = [kind for function in functions for kind in named_in(signature_node(function), function.__globals__)]
    while waiting:
        kind = waiting.pop()
        if kind not in found and dataclasses.is_dataclass(kind):
            found[kind] = None
            for base in kind.__mro__:
                if base.__module__.startswith("convwise."):
                    fields = [line.annotation for line in definition(base).body if isinstance(line, ast.AnnAssign)]
                    waiting += [
                        each for field in fields for each in named_in(field, vars(sys.modules[base.__module__]))
                    ]
    return list(found)


def signature_node(function: FunctionType) -> ast.AST:
    """The annotations of the arguments and of what is returned."""
    node = definition(function)
    assert isinstance(node, ast.FunctionDef)
    return ast.Tuple([node.args, node.returns or ast.Constant(None)])  # type: ignore[list-item]


def named_in(node: ast.AST, known: dict[str, Any]) -> Iterator[type]:
    """The public classes of convwise whose names occur in an annotation."""
    for name in (each.id for each in ast.walk(node) if isinstance(each, ast.Name)):
        value = known.get(name)
        if isinstance(value, type) and value.__module__.startswith("convwise.") and not name.startswith("_"):
            yield value


def definition(value: Any) -> Definition:
    """The syntax tree of a function or class."""
    node = ast.parse(textwrap.dedent(inspect.getsource(value))).body[0]
    assert isinstance(node, Definition)
    return node


def function_part(name: str, function: FunctionType) -> str:
    """Heading, signature, docstring."""
    node = definition(function)
    assert isinstance(node, ast.FunctionDef)
    return f"### {name}\n\n```python\n{signature(name, node)}\n```\n\n{markdown(function)}\n"


def class_part(name: str, kind: type) -> str:
    """Heading, signature or fields, docstring, then the public methods and properties."""
    node = definition(kind)
    assert isinstance(node, ast.ClassDef)
    methods = {each.name: each for each in node.body if isinstance(each, ast.FunctionDef)}
    if "__init__" in methods:
        shown = signature(name, methods["__init__"], bound=True, returns=False)
    elif dataclasses.is_dataclass(kind):
        shown = signature_of(name, fields_of(kind), "")
    else:
        shown = f"class {name}({', '.join(base.__name__ for base in kind.__bases__)})"
    parts = [f"### {name}\n\n```python\n{shown}\n```\n\n{markdown(kind)}\n"]
    for method, each in methods.items():
        if not method.startswith("_") and ast.get_docstring(each):
            parts.append(f"`{name}.{member(method, each)}`\n\n{markdown(getattr(kind, method))}\n")
    return "\n".join(parts)


def member(name: str, node: ast.FunctionDef) -> str:
    """A property by its name, a method with its arguments."""
    if any(isinstance(each, ast.Name) and each.id == "property" for each in node.decorator_list):
        return name
    static = any(isinstance(each, ast.Name) and each.id == "staticmethod" for each in node.decorator_list)
    return " ".join(signature(name, node, bound=not static).split()).replace("( ", "(").replace(", )", ")")


def fields_of(kind: type) -> list[str]:
    """The fields of a dataclass as its constructor takes them."""
    lines: dict[str, str] = {}
    for base in reversed(kind.__mro__):
        if dataclasses.is_dataclass(base):
            for line in definition(base).body:
                if isinstance(line, ast.AnnAssign) and isinstance(line.target, ast.Name):
                    lines[line.target.id] = ast.unparse(line)
    return [lines[field.name] for field in dataclasses.fields(kind) if field.init]  # type: ignore[arg-type]


def signature(name: str, node: ast.FunctionDef, *, bound: bool = False, returns: bool = True) -> str:
    """As it is written in the source, without `self`."""
    arguments = node.args
    plain = [*arguments.posonlyargs, *arguments.args]
    defaults: list[ast.expr | None] = [None] * (len(plain) - len(arguments.defaults)) + list(arguments.defaults)
    parts = [argument(each, default) for each, default in zip(plain, defaults, strict=True)][int(bound) :]
    if arguments.vararg or arguments.kwonlyargs:
        parts.append(f"*{arguments.vararg.arg if arguments.vararg else ''}")
    parts += [
        argument(each, default) for each, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    ]
    if arguments.kwarg:
        parts.append(f"**{arguments.kwarg.arg}")
    return signature_of(name, parts, f" -> {ast.unparse(node.returns)}" if returns and node.returns else "")


def argument(node: ast.arg, default: ast.expr | None) -> str:
    """`name: annotation = default`."""
    annotation = f": {ast.unparse(node.annotation)}" if node.annotation else ""
    if default is None:
        return node.arg + annotation
    return f"{node.arg}{annotation}{' = ' if annotation else '='}{ast.unparse(default)}"


def signature_of(name: str, parts: list[str], end: str) -> str:
    """On one line if it fits, else an argument a line."""
    line = f"{name}({', '.join(parts)}){end}"
    if len(line) <= WIDTH:
        return line
    return f"{name}(\n" + "".join(f"    {part},\n" for part in parts) + f"){end}"


def markdown(value: Any) -> str:
    """The docstring, its sections as lists. Raises ValueError where there is none."""
    text = inspect.getdoc(value)
    if not text:
        raise ValueError(f"{value}: it has no docstring")
    parts = re.split(rf"^({'|'.join(SECTIONS)}):\n", text, flags=re.MULTILINE)
    out = [parts[0].strip()]
    for title, block in zip(parts[1::2], parts[2::2], strict=True):
        inner = textwrap.dedent(block).strip("\n").rstrip()
        if title == "Example":
            out.append(f"**{title}**\n\n```python\n{inner}\n```")
        else:
            out.append(f"**{title}**\n\n{listed(inner)}")
    return "\n\n".join(out)


def listed(block: str) -> str:
    """`name: text` entries, with their further lines, as a list; other text as it is."""
    entries = re.split(r"^(?=\S)", block, flags=re.MULTILINE)[1:]
    named = [re.fullmatch(r"([\w.*, ]+?): (.+)", " ".join(entry.split())) for entry in entries]
    if not all(named):
        return block
    return "\n".join(f"- `{match[1]}`: {match[2]}" for match in named if match)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
