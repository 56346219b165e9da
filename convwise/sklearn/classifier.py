"""A scikit-learn classifier over paths of pictures: `fit` is a training of convwise, `predict` its prediction."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.utils import assert_all_finite
from sklearn.utils.multiclass import check_classification_targets
from sklearn.utils.validation import check_is_fitted

from convwise import checks
from convwise.commands.predict import predict
from convwise.commands.train import train
from convwise.conv2d import Conv2DSettings, NetworkSettings
from convwise.errors import RequestError
from convwise.images.picture_list import LaidOut, PictureList, picture_paths, unread
from convwise.images.prepare import prepare
from convwise.runs.request import TrainRequest
from convwise.sklearn.kept_run import KeptRun
from convwise.training.class_weights import NAMED
from convwise.training.hooks import Hooks
from convwise.training.recipe import Recipe


class ImageClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A convolutional network as a scikit-learn classifier: X holds paths of pictures, y their labels.

    `fit` trains on the pictures of X and on nothing else: a share of them chooses the epoch, none is for testing, so
    that scikit-learn's own splits decide what is tested. Copies of a picture stay on one side of that share; to keep
    them on one side of a cross-validation as well, use `CopyAwareKFold`. There is no `n_features_in_`: a path is no
    vector of features.

    Args:
        net: One of convwise's networks, or, with `weights`, one of `keras.applications`; "narrowresnet" if None.
        weights: A file of pretrained weights made for `net`, or "imagenet" for a network of `keras.applications`; fresh
            weights if None.
        tune: With `weights`: "full" trains a classifier, then all weights; "frozen" the classifier only; "full" if
            None.
        recipe: The name of a recipe, or a `Recipe`; "fast" if None, "finetune" with `weights`.
        size: Side of the square images, 8 to 1024 px, or height and width, "64x96" or (64, 96); the recipe's if None.
        channels: 3 for red, green and blue, 1 for gray; the recipe's if None.
        resize: How a picture gets that shape: "stretch", "crop" or "pad"; the recipe's if None.
        epochs: Times through the training images, 1 to 100,000; the recipe's if None.
        minutes: Training time in minutes, validation included, instead of `epochs`; the recipe's if None.
        batch: Images per step, 1 to 65,536; the recipe's if None.
        learning_rate: Peak of the schedule, 1e-8 to 100; the recipe's if None.
        weight_decay: What a step shrinks each kernel by, times the learning rate, 0 to 1; the recipe's if None.
        optimizer: "sgd", "adam" or "adamw"; the recipe's if None.
        patience: Epochs in a row without a better validation log loss that end the training, 1 to 100,000; the recipe's
            if None.
        class_weights: What an image counts in the training loss: "none" or "auto" (all classes count the same); the
            recipe's if None.
        validation: Share of the pictures of X, 0 to below 1, that chooses the epoch. With 0 the last epoch is kept.
        copies: What counts as a copy, and stays on one side: "near", "exact" (equal files or pixels) or "ignore".
        most_pixels: Largest picture that is read, in pixels; 89,478,485 if None.
        settings: Settings of the convolutions and options of the network: a record, or texts such as
            `["conv.kernel_size=5"]`.
        seed: Root of all randomness, 0 to 2**62. The same seed, pictures and machine give the same network.
        verbose: Whether remarks and each epoch's numbers are written to standard error.

    Attributes:
        classes_: (n_classes,) the labels, sorted.
        run_: The finished run, whole: it is pickled with the estimator.
        history_: One dict per epoch: loss, accuracy, val_loss, val_accuracy, learning_rate, seconds.
        best_epoch_: The epoch, from 1, whose weights were kept.

    Example:
        >>> from pathlib import Path
        >>> from convwise import ImageClassifier
        >>> paths = sorted(Path("pictures").rglob("*.png"))
        >>> labels = [path.parent.name for path in paths]
        >>> classifier = ImageClassifier(epochs=1, size=32).fit(paths, labels)
        >>> classifier.predict_proba(paths[:2]).shape
        (2, 3)
    """

    def __init__(
        self,
        net: str | None = None,
        *,
        weights: str | Path | None = None,
        tune: str | None = None,
        recipe: str | Recipe | None = None,
        size: int | str | tuple[int, int] | None = None,
        channels: int | None = None,
        resize: str | None = None,
        epochs: int | None = None,
        minutes: float | None = None,
        batch: int | None = None,
        learning_rate: float | None = None,
        weight_decay: float | None = None,
        optimizer: str | None = None,
        patience: int | None = None,
        class_weights: str | None = None,
        validation: float = 0.15,
        copies: str = "near",
        most_pixels: int | None = None,
        settings: NetworkSettings | Conv2DSettings | Sequence[str] = (),
        seed: int = 0,
        verbose: bool = False,
    ) -> None:
        self.net = net
        self.weights = weights
        self.tune = tune
        self.recipe = recipe
        self.size = size
        self.channels = channels
        self.resize = resize
        self.epochs = epochs
        self.minutes = minutes
        self.batch = batch
        self.learning_rate = learning_rate
        self.weight_decay = weight_decay
        self.optimizer = optimizer
        self.patience = patience
        self.class_weights = class_weights
        self.validation = validation
        self.copies = copies
        self.most_pixels = most_pixels
        self.settings = settings
        self.seed = seed
        self.verbose = verbose

    def fit(self, X: Iterable[str | Path], y: Sequence[Any] | NDArray[Any]) -> Self:  # noqa: N803
        """Train a network on the pictures of X, each named once, and keep its best epoch.

        Args:
            X: n paths, str or Path: a list, a NumPy array or a Series.
            y: n labels of at least two classes, all str or all int.

        Returns:
            The estimator itself.

        Raises:
            RequestError: a parameter is out of its range; X is empty, or a path of it is missing, repeated or cannot
                be read as a picture; lengths differ; there is one class only, or one with too few pictures.
            ValueError: y holds no class labels.
        """
        if y is None:
            raise RequestError("y=None: a label for each picture is needed")
        assert_all_finite(np.asarray(y), input_name="y")
        check_classification_targets(np.asarray(y))
        if self.class_weights is not None:
            checks.choice("class_weights", self.class_weights, NAMED)
        pictures = PictureList.of(X, y)
        if len(pictures.classes) < 2:
            raise RequestError(f"y: the one class {pictures.classes[0]!r}; at least 2 classes are needed")
        place = pictures.laid_out()
        self._require_all_read(place, pictures)
        with TemporaryDirectory(prefix="convwise-") as folder:
            result = train(
                place.folder, out=Path(folder) / "run", test=0.0, hooks=self._hooks(), **self._train_arguments()
            )
            self.run_ = KeptRun.of(result.run)
        self.classes_ = np.unique(np.asarray(y))
        self.history_ = self.run_.epochs
        self.best_epoch_ = int(self.run_.summary["best_epoch"])
        return self

    def predict(self, X: Iterable[str | Path]) -> NDArray[Any]:  # noqa: N803
        """(n,) the most probable label of each picture. Raises as `predict_proba` does."""
        rows = self.predict_proba(X)
        labels: NDArray[Any] = self.classes_[rows.argmax(axis=1)]
        return labels

    def predict_proba(self, X: Iterable[str | Path]) -> NDArray[np.float64]:  # noqa: N803
        """(n, n_classes) probabilities, each row 1 in all, columns in the order of `classes_`.

        Args:
            X: n paths, str or Path; one may be named several times.

        Raises:
            sklearn.exceptions.NotFittedError: `fit` was not called.
            RequestError: X is empty, or a path of it is missing or cannot be read as a picture: every row needs an
                answer, so none is left out.
        """
        check_is_fitted(self, "run_")
        paths = picture_paths(X)
        with self.run_.opened() as run:
            answers = predict(run, paths, top=len(self.classes_), most_pixels=self.most_pixels)
            column_of = {name: column for column, name in enumerate(run.class_names)}
        failed = [(number, answer.path, answer.error) for number, answer in enumerate(answers) if answer.error]
        if failed:
            raise unread((number, path, str(reason)) for number, path, reason in failed)
        rows = np.zeros((len(paths), len(column_of)))
        for row, answer in zip(rows, answers, strict=True):
            for name, probability in answer.top:
                row[column_of[name]] = probability
        rows /= rows.sum(axis=1, keepdims=True)  # float32 leaves them at 1 within 1e-6, of which log_loss warns
        return rows

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.one_d_array, tags.input_tags.two_d_array, tags.input_tags.string = True, False, True
        return tags

    def _train_arguments(self) -> dict[str, Any]:
        """The parameters as `train` takes them; NumPy's numbers, which a grid of values may hold, as Python's."""
        values: Mapping[str, Any] = self.get_params(deep=False)
        plain = {key: value.item() if isinstance(value, np.generic) else value for key, value in values.items()}
        del plain["verbose"]
        return plain

    def _require_all_read(self, place: LaidOut, pictures: PictureList) -> None:
        """Read the pictures into the cache, where `train` finds them. Raises RequestError for one that cannot be."""
        request = TrainRequest.asked(place.folder, config=None, below={}, **self._train_arguments())
        recipe = request.full_recipe
        index, _ = prepare(
            place.folder, shape=recipe.shape, resize=recipe.resize, copies=request.copies, rules=request.rules
        )
        place.require_all_read(index, pictures)

    def _hooks(self) -> Hooks:
        if not self.verbose:
            return Hooks()

        def say(text: str) -> None:
            print(text, file=sys.stderr)

        return Hooks(note=say, epoch=lambda row: say(" ".join(f"{key}={value:g}" for key, value in row.items())))
