"""Class weights: the arithmetic by hand, and the loss that Keras computes with them."""

import numpy as np
import pytest

from convwise.errors import RequestError
from convwise.training.class_weights import check_class_weights, class_weights

LABELS = np.array([0] * 20 + [1] * 4 + [2] * 1)
NAMES = ("a", "b", "c=d")


def test_auto_gives_every_class_the_same_total_and_the_images_a_mean_of_one() -> None:
    weights = class_weights("auto", LABELS, NAMES)
    assert weights is not None
    totals = [weights[label] * (label == LABELS).sum() for label in range(3)]
    assert totals == pytest.approx([25 / 3] * 3)
    assert weights[LABELS].mean() == pytest.approx(1)


def test_named_weights_keep_their_ratios_and_the_others_count_one() -> None:
    weights = class_weights({"a": 0.5, "c=d": 10.0}, LABELS, NAMES)
    assert weights is not None
    assert weights / weights[1] == pytest.approx([0.5, 1, 10])
    assert weights[LABELS].mean() == pytest.approx(1)
    assert class_weights("none", LABELS, NAMES) is None


@pytest.mark.parametrize("value", ["all", {}, {"a": 0}, {"a": "x"}, {"a": float("nan")}, 3, ["a"]])
def test_what_is_no_weighting_is_refused(value: object) -> None:
    with pytest.raises(RequestError, match="class_weights"):
        check_class_weights(value)


def test_a_name_that_is_no_class_is_answered_with_the_nearest() -> None:
    with pytest.raises(RequestError, match="class_weights=c-d: did you mean c=d"):
        class_weights({"c-d": 2.0}, LABELS, NAMES)
