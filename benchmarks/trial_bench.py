"""What the benchmarks of single trials share: what carries out the trials of a study, without the study."""

from convwise.conv2d import NetworkSettings
from convwise.images.datasets import resolve
from convwise.study.trial_runner import TrialRunner
from convwise.study.trials import ExperimentSpec
from convwise.training.precision import resolve_precision
from convwise.training.recipe import named_recipe


def trial_runner(data: str, *, size: int, net: str = "narrowresnet", precision: str = "auto") -> TrialRunner:
    """What carries out the trials of `convwise study DATA`, three folds; an engine takes its `spec`."""
    source = resolve(data)
    changes = {"size": size, "towers": 1, "precision": resolve_precision(precision)}
    return TrialRunner.open(
        ExperimentSpec(
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
