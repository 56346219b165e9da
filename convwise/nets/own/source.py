"""What a Python file says of a network's function, read from its text: nothing of it is run."""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.machinery import PathFinder
from pathlib import Path

from convwise.errors import RequestError

Option = bool | int | float | str
_LISTED = 8


@dataclass(frozen=True)
class Source:
    """A function that makes a network: whether it takes `conv`, and its options with their defaults."""

    takes_conv: bool
    options: Mapping[str, Option]


def read_source(code: bytes, function: str, *, path: Path, shown: str) -> Source:
    """Raises RequestError where `code`, the content of `path`, is no Python, has no such function, one with other
    arguments than (input_shape, n_classes) or (input_shape, n_classes, conv), or imports a file that lies beside it.

    `shown` is how messages call the network.
    """
    try:
        tree = ast.parse(code)
    except SyntaxError as problem:
        raise RequestError(f"net={shown}: line {problem.lineno} is no Python: {problem.msg}") from None
    except (ValueError, RecursionError, MemoryError) as problem:
        raise RequestError(f"net={shown}: it is no Python ({problem})") from None
    functions = {node.name: node for node in tree.body if isinstance(node, ast.FunctionDef)}
    if function not in functions:
        raise RequestError(
            f"net={shown}: the file has no function {function!r} at its top level; {_others(function, functions)}"
        )
    _refuse_neighbours(tree, path, shown)
    return _signature(functions[function], shown)


def _others(function: str, functions: Mapping[str, object]) -> str:
    if not functions:
        return "it defines none"
    near = difflib.get_close_matches(function, functions, n=1)
    more = f" and {len(functions) - _LISTED} more" if len(functions) > _LISTED else ""
    hint = f"did you mean {near[0]}? " if near else ""
    return f"{hint}it defines {', '.join(list(functions)[:_LISTED])}{more}"


def _signature(node: ast.FunctionDef, shown: str) -> Source:
    positional = [*node.args.posonlyargs, *node.args.args]
    defaults: dict[str, ast.expr | None] = {each.arg: None for each in positional}
    defaults |= dict(zip([each.arg for each in positional][::-1], node.args.defaults[::-1], strict=False))
    defaults |= {each.arg: value for each, value in zip(node.args.kwonlyargs, node.args.kw_defaults, strict=True)}
    names = list(defaults)
    required = [name for name in names[2:] if defaults[name] is None]
    takes_conv = "conv" in names[2:]
    wrong = [name for name in required if name != "conv"]
    if len(positional) < 2 or wrong or any(defaults[name] is not None for name in names[:2]):
        raise RequestError(
            f"net={shown}: line {node.lineno}: {node.name}({', '.join(names)}) must take (input_shape, n_classes), or "
            "(input_shape, n_classes, conv), and whatever else with a default"
        )
    options = {name: _literal(defaults[name]) for name in names[2:] if name != "conv"}
    return Source(takes_conv, {name: value for name, value in options.items() if value is not None})


def _literal(node: ast.expr | None) -> Option | None:
    """The value of a default that an option can have; None for another."""
    try:
        value = ast.literal_eval(node) if node is not None else None
    except (ValueError, TypeError, SyntaxError):
        return None
    return value if isinstance(value, bool | int | float | str) else None


def _refuse_neighbours(tree: ast.Module, path: Path, shown: str) -> None:
    """A run keeps this one file: what it imports from its own folder would be missing there."""
    for line, name in _imported(tree):
        beside = not name or (_lies_in(path.parent, name) and not _found_elsewhere(path.parent, name))
        if beside:
            what = f"{name}.py, which lies beside it" if name else "from the folder that it lies in"
            raise RequestError(
                f"net={shown}: line {line} imports {what}; a run keeps a copy of this file alone, so put it into the "
                "file, or install it as a package"
            )


def _imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, the first name of a module that is imported), "" for an import relative to the file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name.partition(".")[0]) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.lineno, "" if node.level else str(node.module).partition(".")[0]


def _lies_in(folder: Path, name: str) -> bool:
    return (folder / f"{name}.py").is_file() or (folder / name).is_dir()


def _found_elsewhere(folder: Path, name: str) -> bool:
    """Whether an import finds the module without the folder."""
    import sys

    if name in sys.stdlib_module_names or name in sys.builtin_module_names:
        return True
    places = [each for each in sys.path if Path(each or ".").resolve() != folder.resolve()]
    spec = PathFinder.find_spec(name, places)
    return spec is not None and (spec.origin is not None or not (folder / f"{name}.py").is_file())
