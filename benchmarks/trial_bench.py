"""What the benchmarks of single trials share: the images and the bench of a study, without the study."""

from convwise.conv2d import NetworkSettings
from convwise.images.datasets import resolve
from convwise.images.index import ImageIndex
from convwise.images.prepare import prepare
from convwise.study.laboratory import Laboratory
from convwise.study.trials import Bench
from convwise.training.precision import resolve_precision
from convwise.training.recipe import named_recipe


def trial_bench(data: str, *, size: int, net: str = "simple", seed: int = 0) -> tuple[Bench, ImageIndex, Laboratory]:
    """The bench on which `convwise study DATA` would carry out its trials by default, and a laboratory with it."""
    source = resolve(data)
    index, pixels = prepare(source.folder, size=size, classes=source.classes, exclude=source.exclude)
    changes = {"size_px": size, "towers": 1, "precision": resolve_precision("auto")}
    recipe = named_recipe("fast", changes).for_network(net)
    bench = Bench(
        data=data,
        folder=str(source.folder),
        classes=source.classes,
        exclude=source.exclude,
        net=net,
        network=NetworkSettings(),
        recipe=recipe,
        per_class=None,
        test=None,
        validation=0.3,
        index_digest=index.digest,
        seed=seed,
    )
    return bench, index, Laboratory.of(bench, index, pixels.pixels)
