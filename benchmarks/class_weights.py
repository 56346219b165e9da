"""What class weights do where classes are uneven: a set thinned to 20:1, nothing done against weights "auto".

Half of the classes keep a twentieth of their training images; the test images are all there, so that each class counts
the same in the mean accuracy. Both sides are trained with the same seeds, images and first weights; the difference of
each seed is a pair. The interval is Student's, over the seeds.
"""

import argparse
import shutil
import statistics
import tempfile
from pathlib import Path

import numpy as np
from machine import machine
from scipy import stats

import convwise
from convwise.images.datasets import resolve
from convwise.images.prepare import index_folder
from convwise.images.split import split_images

RATIO = 20
SIDES = ("none", "auto")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="?", default="caltech101-4")
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--epochs", type=int, default=12)
    options = parser.parse_args()
    print(machine(), flush=True)
    found: dict[str, list[tuple[float, float]]] = {side: [] for side in SIDES}
    for seed in range(options.seeds):
        with tempfile.TemporaryDirectory() as place:
            folder, counts = thinned(options.data, Path(place), seed)
            if seed == 0:
                print("training images:", ", ".join(f"{name} {count}" for name, count in counts.items()), flush=True)
            for side in SIDES:
                result = convwise.train(
                    folder, class_weights=side, epochs=options.epochs, seed=seed, out=Path(place) / side, quiet=True
                )
                scores = result.evaluation
                found[side].append((100 * scores.mean_class_accuracy.value, scores.log_loss.value))
                print(f"seed {seed} {side}: mean class accuracy {found[side][-1][0]:.2f} %", flush=True)
    for side in SIDES:
        accuracies, losses = zip(*found[side], strict=True)
        print(
            f"{side}: mean class accuracy {statistics.mean(accuracies):.2f} %, log loss {statistics.mean(losses):.3f}"
        )
    for number, what in enumerate(("mean class accuracy, points", "log loss")):
        pairs = np.array([b[number] - a[number] for a, b in zip(found["none"], found["auto"], strict=True)])
        half = stats.t.ppf(0.975, len(pairs) - 1) * pairs.std(ddof=1) / len(pairs) ** 0.5
        print(
            f"auto against none, {what}: {pairs.mean():+.3f} ({pairs.mean() - half:+.3f} to {pairs.mean() + half:+.3f})"
        )


def thinned(data: str, place: Path, seed: int) -> tuple[Path, dict[str, int]]:
    """A folder train/ test/ of links, and each class's training images: every second class has a twentieth."""
    source = resolve(data)
    index = index_folder(source.folder, classes=source.classes, exclude=source.exclude)
    split = split_images(index, test=0.25, validation=0.0, seed=seed)
    sizes = np.bincount(index.labels[split.train], minlength=len(index.class_names))
    most = int(sizes.min())
    counts = {}
    for side, members in (("train", split.train), ("test", split.test)):
        for label, name in enumerate(index.class_names):
            own = np.random.default_rng(seed).permutation(members[index.labels[members] == label])
            if side == "train":
                own = own[: most if label % 2 == 0 else max(4, most // RATIO)]
                counts[name] = len(own)
            folder = place / "data" / side / name
            folder.mkdir(parents=True)
            for number in own:
                path = Path(index.root, index.paths[number])
                shutil.copyfile(path, folder / path.name)
    return place / "data", counts


if __name__ == "__main__":
    main()
