"""Faults put into convwise on purpose: each must be found by the suite, or the suite is blind to its like."""

from __future__ import annotations

import atexit
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

Replacement = Callable[[Any], Any]


@dataclass(frozen=True)
class Plant:
    """A function, by "module:name", what takes its place, and the sort of fault that this must be found as."""

    kind: str
    sort: str
    target: str
    instead: Callable[[Callable[..., Any]], Callable[..., Any]]

    @contextmanager
    def planted(self) -> Iterator[None]:
        """Within the block it stands everywhere that the original does, in modules too that are imported meanwhile."""
        original = self._original()
        instead = self.instead(original)
        _replace(original, instead)
        try:
            yield
        finally:
            _replace(instead, original)

    def _original(self) -> Callable[..., Any]:
        module, _, name = self.target.partition(":")
        __import__(module)
        found: Callable[..., Any] = getattr(sys.modules[module], name)
        return found


def _replace(found: Any, by: Any) -> None:
    """Everywhere in convwise."""
    for module in [module for name, module in sys.modules.items() if name.startswith("convwise")]:
        for name in [name for name, value in vars(module).items() if value is found]:
            setattr(module, name, by)


def really_plant(name: str) -> None:
    """For good, in a process of its own."""
    for_good = PLANTS[name].planted()
    atexit.register(for_good.__exit__, None, None, None)  # held, or it would end with this call
    for_good.__enter__()


def _raises(problem: type[BaseException]) -> Callable[..., Any]:
    def instead(original: Callable[..., Any]) -> Callable[..., Any]:
        def planted(*arguments: Any, **options: Any) -> Any:
            raise problem("planted")

        return planted

    return instead


def _sleeps(original: Callable[..., Any]) -> Callable[..., Any]:
    def planted(*arguments: Any, **options: Any) -> Any:
        time.sleep(31)
        return original(*arguments, **options)

    return planted


def _drops_the_last(original: Callable[..., Any]) -> Callable[..., Any]:
    def planted(*arguments: Any, **options: Any) -> Any:
        yield from list(original(*arguments, **options))[:-1]

    return planted


def _drops_what_is_closed(original: Callable[..., Any]) -> Callable[..., Any]:
    def planted(*arguments: Any, **options: Any) -> Any:
        yield from (found for found in original(*arguments, **options) if not found.reason)

    return planted


def _as_it_is(original: Callable[..., Any]) -> Callable[..., Any]:
    return lambda text, *arguments: text


def _leads_nowhere(original: Callable[..., Any]) -> Callable[..., Any]:
    from pathlib import PurePosixPath

    return lambda name, budget: PurePosixPath(name)


def _takes_half(original: Callable[..., Any]) -> Callable[..., Any]:
    import numpy as np

    def planted(data: bytes, header: Any, reduction: int) -> Any:
        try:
            return original(data, header, reduction)
        except Exception:
            return np.zeros((header.height, header.width, 3), np.uint8)

    return planted


def _leaves_a_half(original: Callable[..., Any]) -> Callable[..., Any]:
    def planted(*arguments: Any, **options: Any) -> Any:
        from pathlib import Path

        Path("out").mkdir(exist_ok=True)
        Path("out/environment.json").write_text("{}")
        return original(*arguments, **options)

    return planted


def _two_lines(original: Callable[..., Any]) -> Callable[..., Any]:
    return lambda text, *arguments: f"{text}\nand one line more"


PLANTS: dict[str, Plant] = {
    "decoder-raises": Plant("pictures", "traceback", "convwise.images.jpeg:decode_jpeg", _raises(ValueError)),
    "decoder-takes-half": Plant("pictures", "incomplete picture", "convwise.images.jpeg:decode_jpeg", _takes_half),
    "walk-drops-a-file": Plant("pictures", "vanished", "convwise.images.walking:walk", _drops_the_last),
    "unpack-leads-out": Plant("archives", "wrote elsewhere", "convwise.images.archives:_safe", _leads_nowhere),
    "unpack-hangs": Plant("archives", "hang", "convwise.images.archives:unpack", _sleeps),
    "loading-raises": Plant("models", "traceback", "convwise.commands.evaluate:load_model", _raises(OSError)),
    "names-raw": Plant("names", "control character", "convwise.names:printable", _as_it_is),
    "names-on-two-lines": Plant("names", "complaint", "convwise.names:printable", _two_lines),
    "closed-is-dropped": Plant("permissions", "vanished", "convwise.images.walking:walk", _drops_what_is_closed),
    "closed-raises": Plant("permissions", "traceback", "convwise.places:kind_of", _raises(PermissionError)),
    "special-hangs": Plant("special_files", "hang", "convwise.places:kind_of", _sleeps),
    "special-is-dropped": Plant("special_files", "vanished", "convwise.images.walking:walk", _drops_what_is_closed),
    "streams-raise": Plant("streams", "traceback", "convwise.streams:safe_streams", _raises(OSError)),
    "json-not-finite": Plant("command_lines", "json", "convwise.names:json_text", lambda _: lambda value, **o: "[NaN]"),
    "verb-raises": Plant("command_lines", "traceback", "convwise.names:json_text", _raises(TypeError)),
    "record-raises": Plant("records", "traceback", "convwise.records:convert", _raises(KeyError)),
    "half-a-run": Plant("configs", "left behind", "convwise.runs.request:read_config", _leaves_a_half),
    "config-too-deep": Plant("configs", "traceback", "convwise.runs.request:read_config", _raises(RecursionError)),
}
