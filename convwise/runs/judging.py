"""A run's network from its file, and its evaluation on images."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from convwise.errors import RequestError
from convwise.evaluation import Evaluation, evaluate
from convwise.images.index import ImageIndex
from convwise.nets.own.reference import OwnNetwork
from convwise.nets.own.trust import require_trusted
from convwise.runs.folder import Run
from convwise.training.answers import require_probabilities


def load_model(run: Run, *, trust: bool = False) -> Any:
    """The run's network. Raises ConvwiseError where its file is damaged or holds another network.

    `trust`: run code that the run brings and that was not used on this machine; RequestError without it.
    """
    from convwise.nets.model_file import load_run_model

    settings = run.settings
    known: Mapping[str, Any] = {}
    if isinstance(settings.net, OwnNetwork):
        require_trusted(settings.net, trust=trust, where=f"run={run.folder}")
        if settings.net.function is not None:
            from convwise.nets.own.module import classes_of

            known = classes_of(settings.net)
    n_classes, shape = len(run.class_names), settings.recipe.shape
    return load_run_model(run.model_path, n_classes=n_classes, shape=shape, trust=trust, known=known)


def require_known(index: ImageIndex, names: tuple[str, ...]) -> None:
    """Raises RequestError unless the network, which knows the classes `names`, knows all of the index's."""
    unknown = [name for name in index.class_names if name not in names]
    if unknown:
        more = f" and {len(unknown) - 3} more" if len(unknown) > 3 else ""
        raise RequestError(
            f"data={index.root}: the network was not trained on the class {', '.join(unknown[:3])}{more}; "
            f"it knows {', '.join(names[:5])}{' and more' if len(names) > 5 else ''}"
        )


class Side(NamedTuple):
    """A side of a split, by name, and its images as positions in the index."""

    name: str
    members: NDArray[np.int64]


class Judge(NamedTuple):
    """A network that answers with probabilities for its `class_names`, and how it is asked."""

    model: Any
    class_names: tuple[str, ...]
    flip_averaging: bool

    def probabilities(
        self,
        pixels: NDArray[np.uint8],
        members: NDArray[np.int64],
        progress: Callable[[int, int], None] | None = None,
    ) -> NDArray[np.float64]:
        """(n, n_classes) for `members` of the pixels. Raises ConvwiseError for answers that are no probabilities."""
        from convwise.training.predict import predict_probabilities

        rows = predict_probabilities(self.model, pixels, members, flip_averaging=self.flip_averaging, progress=progress)
        require_probabilities(rows)
        return rows

    def labels(self, index: ImageIndex, members: NDArray[np.int64]) -> NDArray[np.int64]:
        """(n,) the true classes of `members`, as positions in the network's own. RequestError: see `require_known`."""
        require_known(index, self.class_names)
        own = np.array([self.class_names.index(name) for name in index.class_names])
        return np.asarray(own[index.labels[members]])


def evaluation_of(judge: Judge, index: ImageIndex, side: Side, rows: NDArray[np.float64]) -> Evaluation:
    """The evaluation of the judge's probabilities `rows` for a side of the index."""
    paths = [index.paths[i] for i in side.members]
    return evaluate(judge.labels(index, side.members), rows, judge.class_names, split=side.name, paths=paths)
