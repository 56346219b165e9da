"""Keeps TensorFlow's remark on tracing again out of a search, where each fit has a network of its own."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_retracing_remarks() -> Iterator[None]:
    """Within the block, that one remark is dropped: it takes many networks for one that is traced many times."""
    logger = logging.getLogger("tensorflow")
    logger.addFilter(_is_other)
    try:
        yield
    finally:
        logger.removeFilter(_is_other)


def _is_other(record: logging.LogRecord) -> bool:
    return "triggered tf.function retracing" not in record.getMessage()
