"""The libraries that decode pictures say nothing by themselves: what is wrong with a file is said once, by name."""

import ctypes
import logging
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import cache
from typing import Any

import cv2
from PIL import Image, _imaging

_lock = threading.Lock()
_depth = 0
_state = ExitStack()


@contextmanager
def quiet_decoders() -> Iterator[None]:
    """Keep in what Pillow, libtiff and OpenCV would warn, log or print, and lift Pillow's own limit: ours rules.

    All of this changes the whole process, so overlapping threads share one change: the last to leave restores.
    """
    global _depth
    with _lock:
        if _depth == 0:
            _enter()
        _depth += 1
    try:
        yield
    finally:
        with _lock:
            _depth -= 1
            if _depth == 0:
                _state.close()


def _enter() -> None:
    _state.enter_context(warnings.catch_warnings())
    warnings.filterwarnings("ignore", module=r"PIL\b")
    logger = logging.getLogger("PIL")
    _state.callback(logger.setLevel, logger.level)
    logger.setLevel(logging.CRITICAL + 1)
    _state.callback(cv2.utils.logging.setLogLevel, cv2.utils.logging.setLogLevel(0))
    _state.callback(setattr, Image, "MAX_IMAGE_PIXELS", Image.MAX_IMAGE_PIXELS)
    Image.MAX_IMAGE_PIXELS = None
    set_handler = _libtiff_handler()
    if set_handler is not None:
        _state.callback(set_handler, set_handler(None))


@cache
def _libtiff_handler() -> Callable[[Any], Any] | None:
    """libtiff's own switch for its messages, found through Pillow; None where Pillow holds libtiff inside (Windows)."""
    try:
        function = ctypes.CDLL(_imaging.__file__).TIFFSetErrorHandler
    except (OSError, AttributeError, TypeError):
        return None
    function.argtypes, function.restype = [ctypes.c_void_p], ctypes.c_void_p
    return function
