"""Uploads become the pixels that a file becomes, and refusals tell what is too large, no picture, or damaged."""

from __future__ import annotations

import asyncio
import io
import random
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from convwise.images.image_shape import ImageShape
from convwise.images.reading import load_pixels
from convwise.images.rules import Rules
from tests.hostile.kinds.picture_files import SUFFIX, valid_picture

pytestmark = pytest.mark.extras
pytest.importorskip("starlette")

from convwise.http_core.decoding import Decoding, Reading  # noqa: E402
from convwise.http_core.problems import Problem  # noqa: E402

SHAPE = ImageShape(12, 16)


@pytest.mark.parametrize("form", SUFFIX)
def test_bytes_are_read_as_the_file_is(form: str, tmp_path: Path) -> None:
    data = valid_picture(random.Random(3), form, side=24)
    path = tmp_path / f"a.{SUFFIX[form]}"
    path.write_bytes(data)
    reading = Reading(SHAPE, "pad")
    np.testing.assert_array_equal(reading.picture(data, path.name).pixels, load_pixels(path, shape=SHAPE, resize="pad"))


def _png(width: int, height: int) -> bytes:
    made = io.BytesIO()
    Image.new("RGB", (width, height)).save(made, "PNG")
    return made.getvalue()


@pytest.mark.parametrize(
    ("status", "data", "name"),
    [
        (415, b"", ""),
        (415, b"hello", "a.jpg"),
        (415, b"%PDF-1.7", "a.pdf"),
        (415, _png(9, 9), "a.nef"),
        (413, _png(101, 100), "a.png"),
        (413, _png(70_000, 1), "a.png"),
        (422, _png(50, 50)[:-30], "a.png"),
        (422, b"\xff\xd8\xff\xe0" + b"\0" * 99, "a.jpg"),
    ],
)
def test_each_kind_of_refusal_has_its_status(status: int, data: bytes, name: str) -> None:
    most = 80_000 if data == _png(70_000, 1) else 10_000
    with pytest.raises(Problem) as told:
        Reading(SHAPE, rules=Rules(most_pixels=most)).picture(data, name)
    assert told.value.status == status


def test_work_in_threads_leaves_the_event_loop_free() -> None:
    async def both() -> list[str]:
        import threading

        done, order = threading.Event(), []

        async def other() -> None:
            order.append("loop")
            done.set()

        decoding = Decoding(1)
        waiting = asyncio.create_task(decoding.run(done.wait, 30))
        await asyncio.sleep(0)
        await other()
        order.append(f"thread {await waiting}")
        decoding.close()
        return order

    assert asyncio.run(both()) == ["loop", "thread True"]
