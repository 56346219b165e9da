"""Caches that nothing opens any more go, all others stay, and what went is made again."""

from __future__ import annotations

import json
import os
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from convwise.cli import main
from convwise.errors import RequestError
from convwise.files import temporary_name
from convwise.images.cache_dir import cache_dir
from convwise.images.cleaning import clean_caches
from convwise.images.image_shape import ImageShape
from convwise.images.prepare import prepare


@pytest.fixture
def pictures(tmp_path: Path) -> Path:
    root = tmp_path / "data"
    for number in range(6):
        path = root / "ab"[number % 2] / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((20, 20, 3), 40 * number, np.uint8)).save(path)
    return root


def unused_for(days: float) -> None:
    then = time.time() - 86400 * days
    for path in cache_dir().rglob("*"):
        os.utime(path, (then, then))


def test_what_is_opened_stays_and_what_is_not_goes_and_is_made_again(pictures: Path) -> None:
    for size in (16, 24):
        prepare(pictures, shape=ImageShape.of(size))
    unused_for(40)
    _, cache = prepare(pictures, shape=ImageShape.of(24))  # opens its cache and the folder's record
    before = np.array(cache.pixels)
    done = clean_caches()
    assert (done.n_removed, done.removed_bytes > 6 * 16 * 16 * 3) == (1, True)
    assert (done.n_kept, done.kept_bytes > 6 * 24 * 24 * 3) == (2, True)
    assert clean_caches(0).n_removed == 2
    assert np.array_equal(cache.pixels, before)  # who has it open goes on
    assert not list((cache_dir() / "pixels").iterdir())
    assert np.array_equal(prepare(pictures, shape=ImageShape.of(24))[1].pixels, before)


def test_data_sets_what_is_being_made_and_what_others_put_there_stay(pictures: Path) -> None:
    prepare(pictures, shape=ImageShape.of(16))
    data = cache_dir() / "data" / "own"
    data.mkdir(parents=True)
    being_made = temporary_name(cache_dir() / "pixels")
    being_made.mkdir()
    note = cache_dir() / "pixels" / "note.txt"
    note.write_text("mine")
    done = clean_caches(0)
    assert (done.n_removed, done.n_kept) == (2, 0)
    assert note.read_text() == "mine"
    assert data.is_dir()
    assert being_made.is_dir()


def test_the_command_says_what_went(pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["data", "clean"]) == 0  # nothing there yet
    assert capsys.readouterr().out == "removed 0 caches, 0.0 MiB; kept 0, 0.0 MiB\n"
    prepare(pictures, shape=ImageShape.of(16))
    assert main(["data", "clean", "--days", "0", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["n_removed"] == 2


@pytest.mark.parametrize("days", [-1.0, float("nan"), float("inf")])
def test_days_below_zero_are_refused(days: float) -> None:
    with pytest.raises(RequestError, match="days="):
        clean_caches(days)
