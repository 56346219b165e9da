"""Joins the JavaScript modules below `js/` into one classic script: a page opened from a disk may load no modules.

The modules keep to a small part of the language, which is checked: imports of names from relative paths at the top,
`export` before a declaration, and no name twice. Then joining is putting one after the other, what is imported first.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable

_IMPORT = re.compile(r'^import \{([\w\s,]+)\} from "(\.[\w./-]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|const|class)\b)", re.MULTILINE)
_DECLARED = re.compile(
    r"^(?:export )?(?:async )?(?:function\*?|const|let|class) (\w+|\{[^}]*\}|\[[^\]]*\])", re.MULTILINE
)
_EXPORTED = re.compile(r"^export (?:async )?(?:function\*?|const|class) (\w+)", re.MULTILINE)


def read_modules() -> dict[str, str]:
    """The modules that lie in the package, by their path below `js/`."""
    return dict(_below(files("convwise.playground") / "js", ""))


def bundle(modules: Mapping[str, str], entry: str) -> str:
    """One script of all that the module `entry` needs, in strict mode and without global names of its own.

    Raises ValueError, with the module's name, for an import of what is not there, a name that two modules declare, and
    whatever this step cannot join.
    """
    order: list[str] = []
    _visit(modules, entry, order, ())
    owners: dict[str, str] = {}
    parts = []
    for path in order:
        for name in _declared(modules[path]):
            if name in owners:
                raise ValueError(f"{path}: {name} is declared in {owners[name]} too; names are shared by all modules")
            owners[name] = path
        parts.append(f"// {path}\n{_plain(path, modules[path])}")
    return '(() => {\n"use strict";\n\n' + "\n".join(parts) + "})();\n"


def _visit(modules: Mapping[str, str], path: str, order: list[str], above: tuple[str, ...]) -> None:
    """Puts a module behind those that it imports."""
    if path in order:
        return
    if path in above:
        raise ValueError(f"{path}: modules import each other in a circle: {' -> '.join((*above, path))}")
    for names, target in _IMPORT.findall(modules[path]):
        needed = posixpath.normpath(posixpath.join(posixpath.dirname(path), target))
        if needed not in modules:
            raise ValueError(f"{path}: there is no module {needed}")
        offered = set(_EXPORTED.findall(modules[needed]))
        for name in filter(None, (name.strip() for name in names.split(","))):
            if name not in offered:
                raise ValueError(f"{path}: {needed} does not export {name}")
        _visit(modules, needed, order, (*above, path))
    order.append(path)


def _declared(text: str) -> list[str]:
    return [name for found in _DECLARED.findall(text) for name in re.findall(r"\w+", found)]


def _plain(path: str, text: str) -> str:
    """The module without imports and exports."""
    plain = _EXPORT.sub("", _IMPORT.sub("", text)).lstrip("\n")
    left = re.search(r"^\s*(?:import|export)\b.*", plain, re.MULTILINE)
    if left:
        raise ValueError(f"{path}: {left[0].strip()!r} cannot be joined")
    return plain


def _below(folder: Traversable, path: str) -> list[tuple[str, str]]:
    found = []
    for each in sorted(folder.iterdir(), key=lambda each: each.name):
        if each.is_dir():
            found += _below(each, f"{path}{each.name}/")
        elif each.name.endswith(".js"):
            found.append((f"{path}{each.name}", each.read_text(encoding="utf-8")))
    return found
