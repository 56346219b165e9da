"""Uploaded bytes to pixels, in threads of its own, by the rules by which every command reads a picture."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, TypeVar

from convwise.cores import available_cores
from convwise.http_core.problems import Problem
from convwise.images.image_shape import ImageShape
from convwise.images.reading import Picture, read_picture
from convwise.images.rules import USUAL, NoPicture, Rules, TooLargePicture, UnreadableImage

T = TypeVar("T")


@dataclass(frozen=True)
class Reading:
    """How pictures are read: the shape that they are fitted to, the way, and the rules of the training."""

    shape: ImageShape
    resize: str = "stretch"
    rules: Rules = USUAL

    def picture(self, data: bytes, name: str = "") -> Picture:
        """The picture in these bytes, as `predict` would read it from a file of that name.

        Raises Problem: 413 for too many pixels, 415 for what is no picture, 422 for one that cannot be decoded.
        """
        try:
            return read_picture(data, name=name, shape=self.shape, resize=self.resize, rules=self.rules)
        except UnreadableImage as problem:
            raise unread(problem) from None


def unread(problem: UnreadableImage) -> Problem:
    """The answer to a picture that is not read."""
    if isinstance(problem, TooLargePicture):
        return Problem(413, str(problem))
    return Problem(415 if isinstance(problem, NoPicture) else 422, str(problem))


class Decoding:
    """Threads that decode while the event loop goes on; decoders release the interpreter's lock.

    Args:
        threads: How many; as many as this process has cores if None.

    Example:
        >>> from convwise.http_core.decoding import Decoding
        >>> Decoding(1).close()
    """

    def __init__(self, threads: int | None = None) -> None:
        self.executor = ThreadPoolExecutor(threads or available_cores(), thread_name_prefix="decoding")

    async def run(self, work: Callable[..., T], *given: Any) -> T:
        """What `work(*given)` returns or raises, done in one of the threads."""
        return await asyncio.get_running_loop().run_in_executor(self.executor, work, *given)

    def close(self) -> None:
        """Lets the threads finish what they have begun and end."""
        self.executor.shutdown()
