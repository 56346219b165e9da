"""Writes the tree in docs/architecture.md from the first lines of the docstrings: `python docs/make_tree.py`."""

from __future__ import annotations

import ast
import re
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs/architecture.md"
_BLOCK = re.compile(r"(?<=\n## The tree\n)(.*?\n```\n)(.*?)(?=```\n)", re.S)


def tree(folder: Path = ROOT / "convwise", depth: int = 0) -> list[str]:
    """A line per folder and module: its name, and the first line of its docstring."""
    lines = [_line(f"{folder.name}/", folder / "__init__.py", depth)]
    for path in sorted(folder.glob("*.py")):
        if path.name != "__init__.py":
            lines.append(_line(path.name, path, depth + 1))
    for below in sorted(path.parent for path in folder.glob("*/__init__.py")):
        lines += tree(below, depth + 1)
    return lines


def page() -> str:
    """The page with the tree as it is now."""
    return _BLOCK.sub(lambda found: found[1] + "\n".join(tree()) + "\n", PAGE.read_text(encoding="utf-8"), count=1)


def _line(name: str, module: Path, depth: int) -> str:
    said = (ast.get_docstring(ast.parse(module.read_text(encoding="utf-8"))) or "").partition("\n")[0]
    return f"{'  ' * depth}{name:24} {said}".rstrip()


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
