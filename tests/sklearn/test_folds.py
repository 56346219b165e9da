"""Cross-validation over pictures: copies never straddle folds, each picture is tested once, and scores do not leak."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Self

import numpy as np
import pytest
from PIL import Image
from sklearn.base import BaseEstimator, ClassifierMixin, clone
from sklearn.model_selection import StratifiedKFold, cross_val_score

from convwise import CopyAwareKFold, RequestError

N_SCENES, N_COPIES = 24, 3


class NearestPicture(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """Knows pictures by heart: the label of the training picture whose pixels are closest."""

    def fit(self, X: Sequence[Path], y: Sequence[Any]) -> Self:  # noqa: N803
        self.classes_, self.seen_, self.labels_ = np.unique(y), self._pixels(X), np.asarray(y)
        return self

    def predict(self, X: Sequence[Path]) -> Any:  # noqa: N803
        distances = np.square(self._pixels(X)[:, None] - self.seen_).sum(axis=2)
        return self.labels_[distances.argmin(axis=1)]

    def _pixels(self, X: Sequence[Path]) -> Any:  # noqa: N803
        return np.stack([np.asarray(Image.open(path).resize((12, 12)), np.float64).reshape(-1) for path in X])


@pytest.fixture
def copied(tmp_path: Path) -> tuple[list[Path], list[str], list[int]]:
    """Pictures with labels by chance, each saved three times, differing by a touch of noise; the scene of each."""
    random = np.random.default_rng(5)
    labels_of = random.permutation(["cat", "dog"] * (N_SCENES // 2))
    paths, labels, scenes = [], [], []
    for number in range(N_SCENES):
        patches = random.integers(0, 256, (6, 6, 3), np.uint8)
        scene = np.asarray(Image.fromarray(patches).resize((64, 64), Image.Resampling.BICUBIC), np.float64)
        for copy in range(N_COPIES):
            paths.append(tmp_path / f"{copy}-{number}.png")
            noisy = scene + random.normal(0, 2, scene.shape)
            Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(paths[-1])
            labels.append(str(labels_of[number]))
            scenes.append(number)
    return paths, labels, scenes


@pytest.mark.parametrize("shuffle", [False, True])
def test_copies_never_straddle_folds_and_each_picture_is_tested_once(
    copied: tuple[list[Path], list[str], list[int]], shuffle: bool
) -> None:
    paths, labels, scenes = copied
    folds = CopyAwareKFold(4, shuffle=shuffle, random_state=1 if shuffle else None)
    tested = []
    for train, test in folds.split(paths, labels):
        assert not {scenes[i] for i in train} & {scenes[i] for i in test}
        assert sorted([*train, *test]) == list(range(len(paths)))
        assert abs(np.mean([labels[i] == "cat" for i in test]) - 0.5) < 0.2  # stratified
        tested.extend(test.tolist())
    assert sorted(tested) == list(range(len(paths)))
    assert folds.get_n_splits(paths, labels) == 4


def test_what_is_known_by_heart_scores_by_chance_here_and_high_in_plain_folds(
    copied: tuple[list[Path], list[str], list[int]],
) -> None:
    """The labels are chance: any score beyond that is a leak."""
    paths, labels, _ = copied
    leaky = cross_val_score(NearestPicture(), paths, labels, cv=StratifiedKFold(4, shuffle=True, random_state=0))
    honest = cross_val_score(NearestPicture(), paths, labels, cv=CopyAwareKFold(4))
    assert leaky.mean() > 0.9  # not 1: all copies of a scene may fall into one fold
    assert honest.mean() < 0.8  # 20 or more of 24 fair coins: once in 1,300


def test_given_groups_stay_together_too(copied: tuple[list[Path], list[str], list[int]]) -> None:
    paths, labels, scenes = copied
    films = [scene // 4 for scene in scenes]
    for train, test in CopyAwareKFold(3).split(paths, labels, films):
        assert not {films[i] for i in train} & {films[i] for i in test}
    scores = cross_val_score(NearestPicture(), paths, labels, groups=films, cv=CopyAwareKFold(3))
    assert len(scores) == 3


def test_without_labels_all_pictures_are_one_class(copied: tuple[list[Path], list[str], list[int]]) -> None:
    paths, _, scenes = copied
    tested: list[int] = []
    for train, test in CopyAwareKFold(4).split(np.array(paths, object)):
        assert not {scenes[i] for i in train} & {scenes[i] for i in test}
        tested += test.tolist()
    assert sorted(tested) == list(range(len(paths)))


def test_shuffling_is_by_the_seed(copied: tuple[list[Path], list[str], list[int]]) -> None:
    paths, labels, _ = copied

    def tested(seed: int) -> list[list[int]]:
        folds = CopyAwareKFold(4, shuffle=True, random_state=seed)
        return [test.tolist() for _, test in folds.split(paths, labels)]

    assert tested(1) == tested(1)
    assert tested(1) != tested(2)


def test_the_splitter_says_what_it_is() -> None:
    folds = CopyAwareKFold(3, copies="exact")
    assert repr(folds) == "CopyAwareKFold(copies='exact', n_splits=3, random_state=None, shuffle=False)"
    assert repr(clone(folds, safe=False)) == repr(folds)


def test_more_folds_than_groups_are_refused(copied: tuple[list[Path], list[str], list[int]]) -> None:
    paths, labels, _ = copied
    with pytest.raises(RequestError, match="n_splits=30: the 72 pictures are only 24 groups that stay together"):
        next(iter(CopyAwareKFold(30).split(paths, labels)))
    with pytest.raises(ValueError, match="n_splits=1"):
        CopyAwareKFold(1)
