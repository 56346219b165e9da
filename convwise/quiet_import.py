"""TensorFlow's import without the lines that it writes on standard error: no setting of version 2.21 turns them off."""

from __future__ import annotations

import importlib.abc
import sys
from collections.abc import Sequence
from contextlib import ExitStack
from importlib.machinery import ModuleSpec
from types import ModuleType

from convwise.stderr_filter import filtered_standard_error


def quiet_tensorflow() -> None:
    """The first import of TensorFlow, wherever it comes from, is a quiet one; without effect after it."""
    if "tensorflow" not in sys.modules:
        sys.meta_path.insert(0, _Finder())


class _Finder(importlib.abc.MetaPathFinder):
    """Finds TensorFlow by the finders behind it, and has it loaded quietly. To look for it loads nothing."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        """None for every other module."""
        if fullname != "tensorflow":
            return None
        others = (finder for finder in sys.meta_path if finder is not self and hasattr(finder, "find_spec"))
        spec = next((found for finder in others if (found := finder.find_spec(fullname, path, target))), None)
        if spec is not None and spec.loader is not None:
            spec.loader = _Loader(spec.loader)
        return spec


class _Loader(importlib.abc.Loader):
    """Hands everything on to the module's own loader."""

    def __init__(self, own: importlib.abc.Loader) -> None:
        self._own = own

    def create_module(self, spec: ModuleSpec) -> ModuleType | None:
        """As the own loader does."""
        return self._own.create_module(spec)

    def exec_module(self, module: ModuleType) -> None:
        """As the own loader does, its known lines dropped."""
        sys.meta_path[:] = [finder for finder in sys.meta_path if not isinstance(finder, _Finder)]
        module.__loader__ = self._own
        if module.__spec__ is not None:
            module.__spec__.loader = self._own
        with ExitStack() as stack:
            try:
                stack.enter_context(filtered_standard_error())
            except OSError:  # standard error is closed: nothing is seen in any case
                stack.close()
            self._own.exec_module(module)
