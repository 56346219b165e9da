"""Training resumes exactly, chooses on validation images, follows its schedule and stops on nonsense."""

import contextlib
import dataclasses
import itertools
import math
import threading
from pathlib import Path
from typing import Any
from unittest import mock

import keras
import numpy as np
import pytest
from keras.src.trainers.epoch_iterator import EpochIterator

from convwise.conv2d import NetworkSettings, parse_settings
from convwise.errors import ConvwiseError
from convwise.images.augment import Augmentation
from convwise.images.batches import Batches
from convwise.images.image_shape import ImageShape
from convwise.nets import build
from convwise.nets.fast_layers import with_fast_layers
from convwise.training.checkpoint import CheckpointFolder, TrainingState, arrays_of
from convwise.training.fit import _ahead, _Numbered, _stream, fit
from convwise.training.hooks import Hooks
from convwise.training.recipe import Recipe, named_recipe
from convwise.training.schedule import StepSchedule, rate_at
from convwise.training.validation import Validation


class StoppedError(Exception):
    """The test's own interruption."""


def recipe(**changes: Any) -> Recipe:
    return named_recipe("fast", {"size": 32, "epochs": 4, "batch": 8, "precision": "float32", **changes})


def trained(
    folder: Path, recipe: Recipe, *, stop_after: int | None = None, net: str = "stridednet", conv: tuple[str, ...] = ()
) -> TrainingState:
    """One training on 40 noisy pictures of two colours, optionally broken off after an epoch."""
    random = np.random.default_rng(0)
    labels = np.arange(40, dtype=np.int32) % 2
    pixels = random.integers(0, 120, (40, 32, 32, 3), dtype=np.uint8)
    pixels[labels == 1, :, :, 0] += 100
    batches = Batches(pixels, labels, np.arange(28), 2, recipe.batch, recipe.augmentation, recipe.cutmix, recipe.seed)
    built = build(
        net, shape=ImageShape.of(32), n_classes=2, settings=parse_settings(conv), seed=1, precision=recipe.precision
    )
    model = with_fast_layers(built.model)

    def epoch(row: dict[str, float]) -> None:
        if row["epoch"] == stop_after:
            raise StoppedError

    validation = Validation(pixels, labels, np.arange(28, 40))
    return fit(
        model, batches, validation, recipe=recipe, checkpoints=CheckpointFolder(folder), hooks=Hooks(epoch=epoch)
    )


def saved(folder: Path) -> tuple[list[np.ndarray[Any, Any]], list[np.ndarray[Any, Any]]]:
    loaded = CheckpointFolder(folder).load()
    assert loaded is not None
    return loaded[1], loaded[2]


@pytest.mark.parametrize(
    ("net", "optimizer", "precision"),
    [("simple", "sgd", "float32"), ("narrowresnet", "adamw", "float32"), ("simple", "adamw", "bfloat16")],
)
def test_an_interrupted_training_ends_with_the_same_weights_bit_for_bit(
    tmp_path: Path, net: str, optimizer: str, precision: str
) -> None:
    chosen = recipe(optimizer=optimizer, precision=precision, learning_rate=0.01, cutmix=0.5)
    whole = trained(tmp_path / "whole", chosen, net=net)
    for stop in (1, 3):
        with pytest.raises(StoppedError):
            trained(tmp_path / "parts", chosen, net=net, stop_after=stop)
    parts = trained(tmp_path / "parts", chosen, net=net)
    for side in (0, 1):
        for a, b in zip(saved(tmp_path / "whole")[side], saved(tmp_path / "parts")[side], strict=True):
            assert np.array_equal(a, b)
    assert (whole.best_epoch, whole.best_score) == (parts.best_epoch, parts.best_score)
    timeless = [
        [{k: v for k, v in row.items() if "seconds" not in k} for row in progress.rows] for progress in (whole, parts)
    ]
    assert timeless[0] == timeless[1]


@pytest.mark.parametrize("net", ["narrowresnet", "simple"])
def test_bfloat16_learns_what_float32_learns(tmp_path: Path, net: str) -> None:
    single, half = (
        trained(tmp_path / precision, recipe(precision=precision, epochs=8, learning_rate=0.01), net=net)
        for precision in ("float32", "bfloat16")
    )
    assert half.rows[-1]["loss"] < 0.8 * half.rows[0]["loss"]
    assert abs(half.rows[-1]["loss"] - single.rows[-1]["loss"]) < 0.25 * single.rows[0]["loss"]


def test_penalties_add_up_in_bfloat16(tmp_path: Path) -> None:
    settings = ("conv.activity_regularizer=l2:0.01", "conv.kernel_regularizer=l2:0.01", "conv.bias_regularizer=l1:0.01")
    progress = trained(tmp_path, recipe(precision="bfloat16", epochs=1), net="simple", conv=settings)
    assert math.isfinite(progress.rows[-1]["loss"])


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="TensorFlow's own way of tracing")
def test_the_step_is_traced_once(tmp_path: Path) -> None:
    with mock.patch.object(keras.optimizers.SGD, "apply_gradients", autospec=True) as traced:
        trained(tmp_path, recipe(optimizer="sgd", epochs=2), net="simple")
    assert traced.call_count == 1


def test_another_seed_ends_with_other_weights(tmp_path: Path) -> None:
    trained(tmp_path / "a", recipe(epochs=1))
    trained(tmp_path / "b", recipe(epochs=1, seed=1))
    assert not all(
        np.array_equal(a, b) for a, b in zip(saved(tmp_path / "a")[0], saved(tmp_path / "b")[0], strict=True)
    )


def test_the_best_weights_are_those_of_the_epoch_of_lowest_validation_loss(tmp_path: Path) -> None:
    progress = trained(tmp_path, recipe(epochs=5, learning_rate=0.05), net="simple")
    losses = [row["val_loss"] for row in progress.rows]
    assert progress.best_epoch == 1 + max(i for i, loss in enumerate(losses) if loss == min(losses))
    assert CheckpointFolder(tmp_path).best_weights(progress.best_epoch)
    assert len(list(tmp_path.glob("best-*.npz"))) == 1


def test_a_finished_training_is_not_trained_again(tmp_path: Path) -> None:
    trained(tmp_path, recipe(epochs=1))
    before = (tmp_path / "last.npz").stat().st_mtime_ns
    assert trained(tmp_path, recipe(epochs=1)).finished
    assert (tmp_path / "last.npz").stat().st_mtime_ns == before


def test_a_training_by_the_clock_ends_when_its_time_is_up(tmp_path: Path) -> None:
    progress = trained(tmp_path, recipe(minutes=0.05, epochs=100_000), net="simple")
    assert progress.finished
    assert progress.epochs_done < 100_000
    assert progress.rows[-1]["learning_rate"] < 0.02 * recipe().rate


def test_a_loss_that_is_no_number_stops_with_the_cause_and_advice(tmp_path: Path) -> None:
    with pytest.raises(ConvwiseError, match=r"not a number.*lower learning_rate"):
        trained(tmp_path, recipe(), net="simple", conv=("conv.kernel_regularizer=l2:1e38",))
    assert not list(tmp_path.glob("*.npz"))


def test_the_compiled_schedule_is_the_written_one() -> None:
    for chosen in (recipe(), recipe(schedule="inverse_time"), recipe(schedule="constant"), recipe(warmup=0.0)):
        schedule = StepSchedule(chosen, 200)
        for step in (0, 1, 39, 40, 41, 100, 199):
            compiled = float(keras.ops.convert_to_numpy(schedule(step)))
            assert compiled == pytest.approx(rate_at(chosen, step / 200, step), rel=1e-5, abs=1e-9)


def test_one_cycle_rises_to_its_peak_and_falls_to_nothing() -> None:
    rates = [rate_at(recipe(), share / 100, share) for share in range(101)]
    assert rates[0] == pytest.approx(0.1 * recipe().rate)
    assert rates.index(max(rates)) == 20
    assert rates[100] == pytest.approx(0, abs=1e-9)
    assert all(a > b for a, b in itertools.pairwise(rates[20:]))


def test_decay_leaves_biases_and_scales_alone(tmp_path: Path) -> None:
    """With a huge decay and no learning to speak of, kernels vanish and nothing else does."""
    chosen = recipe(learning_rate=1e-3, weight_decay=1.0, epochs=2, schedule="constant", batch=4)
    start = build(
        "stridednet", shape=ImageShape.of(32), n_classes=2, settings=NetworkSettings(), seed=1, precision="float32"
    ).model
    before = [np.abs(weight).mean() for weight in start.get_weights()]
    trained(tmp_path / "decay", chosen)
    trained(tmp_path / "none", dataclasses.replace(chosen, weight_decay=0.0))
    decayed, kept = saved(tmp_path / "decay")[0], saved(tmp_path / "none")[0]
    assert all(np.abs(d).mean() < np.abs(k).mean() for d, k in zip(decayed, kept, strict=True) if d.ndim > 1)
    scales = [i for i, w in enumerate(start.weights) if w.name == "gamma"]
    assert all(abs(np.abs(decayed[i]).mean() - before[i]) < 0.1 for i in scales)


def test_a_damaged_checkpoint_is_said_in_one_line(tmp_path: Path) -> None:
    trained(tmp_path, recipe(epochs=1))
    (tmp_path / "last.npz").write_bytes(b"PK\x03\x04 nonsense")
    with pytest.raises(ConvwiseError, match="cannot be read"):
        trained(tmp_path, recipe(epochs=1))


def test_an_epoch_gives_the_mean_of_its_weights_and_those_of_the_start(tmp_path: Path) -> None:
    start = build(
        "stridednet", shape=ImageShape.of(32), n_classes=2, settings=NetworkSettings(), seed=9, precision="float32"
    ).model
    CheckpointFolder(tmp_path).save(TrainingState(0, 0.0, False, 0, -math.inf, ()), arrays_of(start.weights), [])
    assert trained(tmp_path, recipe(epochs=1, weight_interpolation=0.25)).best_epoch == 1
    given, reached = CheckpointFolder(tmp_path).best_weights(1), saved(tmp_path)[0]
    for mean, old, new in zip(given, arrays_of(start.weights), reached, strict=True):
        np.testing.assert_allclose(mean, 0.25 * old + 0.75 * new, rtol=1e-5, atol=1e-7)
    assert any(not np.array_equal(mean, new) for mean, new in zip(given, reached, strict=True))


def test_the_next_epoch_goes_on_from_the_weights_reached_not_from_the_mean(tmp_path: Path) -> None:
    start = build(
        "stridednet", shape=ImageShape.of(32), n_classes=2, settings=NetworkSettings(), seed=9, precision="float32"
    ).model
    for folder, share in (("mean", 0.25), ("plain", 0.0)):
        first = TrainingState(0, 0.0, False, 0, -math.inf, ())
        CheckpointFolder(tmp_path / folder).save(first, arrays_of(start.weights), [])
        trained(tmp_path / folder, recipe(epochs=2, weight_interpolation=share))
    for a, b in zip(saved(tmp_path / "mean")[0], saved(tmp_path / "plain")[0], strict=True):
        assert np.array_equal(a, b)


def test_a_start_that_no_epoch_beats_is_kept(tmp_path: Path) -> None:
    start = build(
        "stridednet", shape=ImageShape.of(32), n_classes=2, settings=NetworkSettings(), seed=9, precision="float32"
    ).model
    better = [array + 1 for array in arrays_of(start.weights)]
    first = TrainingState(0, 0.0, False, 0, 0.0, ())  # a log loss of nothing
    CheckpointFolder(tmp_path).save(first, arrays_of(start.weights), [], result=better)
    assert trained(tmp_path, recipe(epochs=1)).best_epoch == 0
    for a, b in zip(CheckpointFolder(tmp_path).best_weights(0), better, strict=True):
        assert np.array_equal(a, b)


@pytest.mark.skipif(keras.backend.backend() != "tensorflow", reason="the pipeline is TensorFlow's")
def test_the_pipeline_gives_the_batches_in_order_and_has_no_tuner_to_wait_for() -> None:
    pixels, labels = np.zeros((20, 32, 32, 3), np.uint8), np.arange(20, dtype=np.int32) % 2
    batches = Batches(pixels, labels, np.arange(20), 2, 8, recipe().augmentation, 0.0, 0)
    expected = [batches.at(epoch, step) for epoch in (1, 2) for step in range(batches.steps)]
    with _stream(batches, 1) as stream:
        assert stream.options().autotune.enabled is False
        found = list(itertools.islice(stream.as_numpy_iterator(), len(expected)))
    for (images, targets), (other_images, other_targets) in zip(found, expected, strict=True):
        assert np.array_equal(images, other_images)
        assert np.array_equal(targets, other_targets)


def _of_numbers(batch: int) -> Batches:
    """Twenty images, each of the one gray level that is its number."""
    pixels = np.arange(20, dtype=np.uint8)[:, None, None, None] * np.ones((1, 32, 32, 3), np.uint8)
    return Batches(pixels, np.arange(20, dtype=np.int32) % 2, np.arange(20), 2, batch, Augmentation(), 0.0, 0)


def test_threads_make_the_batches_ahead_in_their_order() -> None:
    """Eight threads, of which most are in an epoch that is not the consumer's."""
    batches = _of_numbers(batch=8)
    expected = [batches.at(epoch, step)[0] for epoch in range(3, 40) for step in range(batches.steps)]
    stream = _ahead(_Numbered(batches, 3), 8)
    for (images, _), other in zip(itertools.islice(stream, len(expected)), expected, strict=True):
        assert np.array_equal(images, other)
    stream.close()
    assert not _threads()


def _threads() -> list[str]:
    return [thread.name for thread in threading.enumerate() if thread.name.startswith("convwise-batches")]


def test_keras_takes_every_batch_in_its_order_from_one_epoch_into_the_next() -> None:
    """As `Model.fit` iterates under JAX and PyTorch: two batches are looked at first, none is lost."""
    batches = _of_numbers(batch=4)
    stream = _ahead(_Numbered(batches, 1), 2)
    epochs = EpochIterator(stream, steps_per_epoch=batches.steps)
    next(iter(epochs))  # as the build of the model does
    epochs.reset()
    found = [images for _ in range(3) for _, _, step in epochs for images, _ in step]
    expected = [batches.at(epoch, step)[0] for epoch in (1, 2, 3) for step in range(batches.steps)]
    assert all(np.array_equal(a, b) for a, b in zip(found, expected, strict=True))
    stream.close()


@pytest.mark.parametrize("stopped", [False, True])
def test_the_threads_end_with_the_training(monkeypatch: pytest.MonkeyPatch, stopped: bool) -> None:
    monkeypatch.setattr("keras.backend.backend", lambda: "torch")
    monkeypatch.setattr("convwise.training.fit.has_accelerator", lambda backend: False)
    batches = _of_numbers(batch=4)
    with contextlib.suppress(KeyboardInterrupt), _stream(batches, 0) as stream:
        kept = iter(EpochIterator(stream, steps_per_epoch=batches.steps))  # holds the stream, as Keras does
        next(kept)
        assert _threads()
        if stopped:
            raise KeyboardInterrupt
    assert not _threads()


def test_what_a_thread_stumbles_over_is_raised() -> None:
    def broken(number: int) -> Any:
        if number == 2:
            raise OSError("the cache is gone")
        return number

    stream = _ahead(broken, 2)
    assert [next(stream), next(stream)] == [0, 1]
    with pytest.raises(OSError, match="the cache is gone"):
        next(stream)
