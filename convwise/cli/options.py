"""Options that several commands have, each written once."""

from __future__ import annotations

import argparse
from typing import Any

from convwise.cli.parser import number, picture_size, weight_list, whole_number
from convwise.nets import NETWORKS

# The names that the library knows, written out since its modules take long to import; a test holds them equal.
COPIES = ("near", "exact", "ignore")
ENGINES = ("local", "ray")
METRICS = ("accuracy", "mean_class_accuracy", "log_loss")
RECIPES = ("fast", "plain", "thorough", "finetune", "tutorial")
RESIZE_MODES = ("stretch", "crop", "pad")
OPTIMIZERS = ("sgd", "adam", "adamw")
SPLITS = ("test", "validation", "train", "all")
TUNES = ("full", "frozen")

TRUST_TO_RESUME = "with --resume: run the code of a network that was not used on this machine before"
DATA = "a folder with one sub-folder per class, or the name of a data set"
_TRUST = "run code that the model file or the run holds or names; only for files of your own"


def add_json(group: Any, what: str = "print one JSON object on standard output") -> None:
    """--json."""
    group.add_argument("--json", action="store_true", help=what)


def add_quiet(group: Any) -> None:
    """--quiet."""
    group.add_argument("--quiet", action="store_true", default=False, help="no progress and no notes; errors are shown")


def add_trust(group: Any, what: str = _TRUST) -> None:
    """--trust."""
    group.add_argument("--trust", action="store_true", help=what)


def add_copies(group: Any) -> None:
    """--copies."""
    group.add_argument(
        "--copies", choices=COPIES, help="what counts as a copy and stays on one side of a split (default near)"
    )


def add_group_by(group: Any) -> None:
    """--group-by."""
    group.add_argument(
        "--group-by",
        metavar="REGEX|folder",
        help="keep pictures that belong together on one side of every split: those of one folder below the class's, or "
        "those in whose path the first group of the expression is the same, such as (patient[0-9]+)",
    )


def add_most_pixels(group: Any, default: str = "89,478,485") -> None:
    """--most-pixels."""
    group.add_argument(
        "--most-pixels", type=whole_number, metavar="N", help=f"leave out larger pictures (default {default})"
    )


def add_set(group: Any, what: str) -> None:
    """--set."""
    group.add_argument("--set", dest="settings", action="append", metavar="SCOPE.PARAMETER=VALUE", help=what)


def add_network(group: Any, default: str) -> None:
    """--net and --input."""
    group.add_argument(
        "--net",
        metavar="NAME",
        help=f"{', '.join(NETWORKS)} (default {default}), or a network of your own: FILE.py:function or FILE.keras",
    )
    add_input(group)


def add_input(group: Any) -> None:
    """--input."""
    group.add_argument(
        "--input",
        type=whole_number,
        metavar="255|1",
        help="largest pixel value that a network of your own takes: 255 as pixels are, or 1 (default: found out)",
    )


def add_picture_size(group: Any) -> None:
    """--size, --channels and --resize."""
    add_image_shape(group, "the recipe's")
    group.add_argument("--resize", choices=RESIZE_MODES, help="how a picture gets that shape (default stretch)")
    group.add_argument("--fit", dest="resize", choices=RESIZE_MODES, help=argparse.SUPPRESS)  # its name of before


def add_image_shape(group: Any, default: str) -> None:
    """--size and --channels; `default` of the size."""
    group.add_argument(
        "--size",
        type=picture_size,
        metavar="PX",
        help=f"side of the square images, or height x width, such as 64x96 (default: {default})",
    )
    group.add_argument("--channels", type=whole_number, metavar="1|3", help="3 for RGB (default), 1 for gray")


def add_looked_at(parser: Any) -> Any:
    """What a network that is looked at, and not trained, is asked for with; the group of network options."""
    data = parser.add_argument_group("data")
    add_image_shape(data, "64")
    data.add_argument("--classes", type=whole_number, metavar="N", help="number of classes (default 4)")
    network = parser.add_argument_group("network")
    add_set(network, "as for train; may be repeated")
    add_input(network)
    return network


def add_recipe(group: Any, default: str, names: tuple[str, ...] = RECIPES) -> None:
    """--recipe."""
    group.add_argument("--recipe", choices=names, help=f"how to train (default {default})")


def add_sides(group: Any, validation: str) -> None:
    """--per-class, --test and --validation; `validation` is the help of the last."""
    sides = group.add_mutually_exclusive_group()
    sides.add_argument(
        "--per-class",
        type=whole_number,
        metavar="N",
        help="train on N images per class; test on the rest, at most 50 per class",
    )
    sides.add_argument(
        "--test", type=number, metavar="SHARE", help="share of the images to test on (default 0.25; 0: none)"
    )
    group.add_argument("--validation", type=number, metavar="SHARE", help=validation)


def add_batch(group: Any) -> None:
    """--batch."""
    group.add_argument("--batch", type=whole_number, metavar="N", help="images per step (default: the recipe's)")


def add_class_weights(group: Any) -> None:
    """--class-weights."""
    group.add_argument(
        "--class-weights",
        type=weight_list,
        metavar="none|auto|NAME=W,...",
        help="what an image of each class counts in the loss: none (default) the same; auto so that all classes count "
        "the same, whatever their size; or weights by name. Metrics stay unweighted",
    )


def add_config(group: Any) -> None:
    """--config."""
    group.add_argument("--config", metavar="FILE", help="TOML or JSON with any key of the recipe and of this command")


def add_optimizer(group: Any) -> None:
    """--learning-rate, --weight-decay and --optimizer."""
    group.add_argument(
        "--learning-rate", type=number, metavar="RATE", help="peak of the schedule (default: the network's own)"
    )
    group.add_argument(
        "--weight-decay", type=number, metavar="DECAY", help="shrink kernels by this times the rate, each step"
    )
    group.add_argument("--optimizer", choices=OPTIMIZERS, help="what takes the steps (default: the recipe's)")


def add_seed(group: Any) -> None:
    """--seed."""
    group.add_argument("--seed", type=whole_number, metavar="N", help="root of all randomness (default 0)")


def add_weights(group: Any) -> None:
    """What a network starts from."""
    group.add_argument(
        "--weights",
        metavar="FILE",
        help="start from pretrained weights: a .h5, .weights.h5 or .keras file made for --net, or imagenet, which "
        "Keras downloads for a --net of keras.applications (MobileNetV2, ResNet50, ...); keep: those that a network of "
        "your own comes with",
    )
    group.add_argument(
        "--tune",
        choices=TUNES,
        help="with --weights: full (default) trains a classifier, then all weights; frozen the classifier only",
    )
