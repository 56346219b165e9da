"""What an effect is worth for images like those of the study, against pools that are drawn anew."""

from __future__ import annotations

import numpy as np
import pytest

from convwise.study.estimates import Estimate, Reading, estimates
from convwise.study.other_images import Judgement, for_other_images, image_variance

N, FOLDS = 240, 3
OF_IMAGES, NOISE = 20.0, 20.0  # points, deviations: of the effect from image to image, and of a training on an image


def pool(seed: int, blocks: int) -> list[Judgement]:
    """Images whose own effects are drawn around 0, judged in folds that are dealt anew after each round."""
    random = np.random.default_rng(seed)
    own = random.normal(0, OF_IMAGES, N)
    found = []
    for block in range(blocks):
        if block % FOLDS == 0:
            dealt = random.permutation(N)
        members = np.sort(dealt[block % FOLDS :: FOLDS])
        found.append((members, own[members] + random.normal(0, NOISE, len(members))))
    return found


def test_one_judgement_of_each_image_says_nothing_of_others() -> None:
    assert image_variance(pool(0, FOLDS)) is None
    assert image_variance([]) is None
    assert for_other_images(Estimate(1.0, 0.5, 5, 3), None, N) is None


def test_the_variance_from_image_to_image_is_found() -> None:
    found = [image_variance(pool(seed, 12)) for seed in range(40)]
    assert np.mean(found) == pytest.approx(OF_IMAGES**2, rel=0.1)  # type: ignore[arg-type]


def test_images_that_differ_by_chance_alone_add_nothing() -> None:
    random = np.random.default_rng(0)
    alike = [(members, random.normal(3, NOISE, len(members))) for members, _ in pool(0, 12)]
    assert image_variance(alike) == pytest.approx(0, abs=20)


def test_the_wider_interval_holds_for_pools_that_are_drawn_anew() -> None:
    """The plain one, which speaks of its own pool, does not: the true mean over all pools is 0."""
    held = {"plain": 0, "wider": 0}
    for seed in range(300):
        judged = pool(seed, 12)
        estimate = estimates({"change": [Reading(float(effects.mean())) for _, effects in judged]})["change"]
        wider = for_other_images(estimate, image_variance(judged), N)
        for name, each in (("plain", estimate), ("wider", wider)):
            assert each is not None
            low, high = each.interval(0.025)
            held[name] += low <= 0 <= high
    assert held["wider"] / 300 >= 0.93
    assert held["plain"] / 300 <= 0.9
