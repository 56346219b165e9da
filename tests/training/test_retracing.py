"""TensorFlow's remark on tracing again, which takes many networks for one that is traced many times."""

from __future__ import annotations

import logging
from typing import Any

import numpy as np
import pytest

from convwise.training.predict import outputs_for
from convwise.training.retracing import without_retracing_remarks

REMARK = "5 out of the last 11 calls to <function f> triggered tf.function retracing. Tracing is expensive"


class Remarking:
    """A model that is asked, as far as it matters."""

    input_shape = (None, 4, 4, 3)

    def predict_on_batch(self, images: np.ndarray) -> np.ndarray:
        logging.getLogger("tensorflow").warning(REMARK)
        logging.getLogger("tensorflow").warning("another")
        return np.ones((len(images), 2)) / 2


def test_the_remark_is_dropped_where_a_network_is_asked_and_no_other_is(caplog: pytest.LogCaptureFixture) -> None:
    model: Any = Remarking()
    outputs_for(model, np.zeros((3, 4, 4, 3), np.uint8), np.arange(3))
    assert caplog.messages == ["another"]
    logging.getLogger("tensorflow").warning(REMARK)
    assert caplog.messages == ["another", REMARK]


def test_a_block_within_a_block_leaves_the_outer_one_as_it_was(caplog: pytest.LogCaptureFixture) -> None:
    with without_retracing_remarks():
        with without_retracing_remarks():
            pass
        logging.getLogger("tensorflow").warning(REMARK)
    assert caplog.messages == []
