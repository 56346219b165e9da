"""A network that fails is the server's error, and no answer."""

from __future__ import annotations

import asyncio
from typing import Any

import numpy as np
import pytest

pytestmark = pytest.mark.extras
pytest.importorskip("starlette")
pytest.importorskip("python_multipart")

from convwise.errors import ConvwiseError  # noqa: E402
from convwise.http_core.decoding import Reading  # noqa: E402
from convwise.http_core.multipart import Upload  # noqa: E402
from convwise.images.image_shape import ImageShape  # noqa: E402
from convwise.serving.predicting import Predicting, Work  # noqa: E402
from tests.serving.made_export import SIDE, picture  # noqa: E402


def _halves_or_nan(pixels: Any) -> Any:
    """Probabilities for dark pictures, none for bright ones."""
    bright = pixels.mean(axis=(1, 2, 3)) > 128
    return np.where(bright[:, np.newaxis], np.nan, 0.5) * np.ones((1, 2))


def test_what_is_no_probability_is_not_answered_and_costs_others_nothing() -> None:
    predicting = Predicting(Reading(ImageShape(SIDE, SIDE, 3)), _halves_or_nan, Work(1, 8, 16))

    async def asked() -> list[Any]:
        uploads = [Upload("", "", picture((level,) * 3)) for level in (9, 250)]
        return await asyncio.gather(*(predicting.answers([each]) for each in uploads), return_exceptions=True)

    dark, bright = asyncio.run(asked())
    predicting.close()
    assert dark[0].row.tolist() == [0.5, 0.5]
    assert isinstance(bright, ConvwiseError)
