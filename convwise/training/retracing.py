"""Keeps TensorFlow's remark on tracing again from whoever trains or asks several networks in one process."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_retracing_remarks() -> Iterator[None]:
    """Within the block, that one remark is dropped: it takes many networks for one that is traced many times."""
    logger, own = logging.getLogger("tensorflow"), _Others()  # one of its own: blocks may lie within each other
    logger.addFilter(own)
    try:
        yield
    finally:
        logger.removeFilter(own)


class _Others(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        return "triggered tf.function retracing" not in record.getMessage()
