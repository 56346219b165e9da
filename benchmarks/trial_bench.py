"""What the benchmarks of single trials share: the bench of a study and its images, without the study."""

from convwise.study.laboratory import Laboratory

from convwise.conv2d import NetworkSettings
from convwise.images.datasets import resolve
from convwise.study.trials import Bench
from convwise.training.precision import resolve_precision
from convwise.training.recipe import named_recipe


def trial_laboratory(data: str, *, size: int, net: str = "simple") -> Laboratory:
    """Where `convwise study DATA` would carry out its trials by default; its `bench` is what an engine takes."""
    source = resolve(data)
    changes = {"size": size, "towers": 1, "precision": resolve_precision("auto")}
    return Laboratory.open(
        Bench(
            data=data,
            folder=str(source.folder),
            classes=source.classes,
            exclude=source.exclude,
            net=net,
            network=NetworkSettings(),
            recipe=named_recipe("fast", changes).for_network(net),
            per_class=None,
            test=None,
            validation=0.3,
            index_digest="",
            seed=0,
        )
    )
