"""Recipe: everything that decides how a network is trained, with the named ones."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from convwise import checks
from convwise.errors import RequestError
from convwise.images.augment import Augmentation
from convwise.images.image_shape import ImageShape
from convwise.images.resizing import RESIZE_MODES
from convwise.nets import USUAL_RATE, Network, usual_rate
from convwise.records import record_of
from convwise.training.class_weights import check_class_weights

# What keys were called in runs, studies and config files of before.
OLD_NAMES = {"fit": "resize", "start_share": "weight_interpolation", "size_px": "size"}
_CHOICES = {
    "resize": RESIZE_MODES,
    "optimizer": ("sgd", "adam", "adamw"),
    "schedule": ("one_cycle", "inverse_time", "constant"),
    "precision": ("auto", "float32", "bfloat16"),
}
_NUMBERS = (
    ("learning_rate", 1e-8, 100),
    ("momentum", 0, 0.9999),
    ("weight_decay", 0, 1),
    ("warmup", 0, 0.9),
    ("label_smoothing", 0, 0.9),
    ("cutmix", 0, 1),
    ("weight_interpolation", 0, 0.99),
    ("minutes", 0.001, 1_000_000),
)
SIDES = 8, 1024
"""px: the least and the most that a side of the images may have."""


@dataclass(frozen=True)
class Recipe:
    """How a network is trained; saved with the run. `dataclasses.replace` makes variants, which are checked anew.

    Args:
        name: Name of the recipe that it started from.
        size: Side of the square images, 8 to 1024 px, or height and width, "64x96" or (64, 96).
        channels: 3 for red, green and blue, 1 for gray.
        resize: How a picture gets that shape: "stretch", "crop" or "pad".
        optimizer: "sgd", "adam" or "adamw".
        learning_rate: Peak of the schedule, 1e-8 to 100; what suits the network (`nets.usual_rate`) if None.
        momentum: Momentum of "sgd", 0 to 0.9999.
        weight_decay: What a step shrinks each kernel by, times the learning rate, 0 to 1. It is decoupled from the
            gradient (Loshchilov and Hutter 2019).
        schedule: "one_cycle" rises from a tenth and falls to nothing along a cosine (Smith and Topin 2018);
            "inverse_time" divides by 1 + step x learning_rate / epochs, as the tutorial's decay does; "constant" stays.
        warmup: Share of the training over which "one_cycle" rises, 0 to 0.9.
        epochs: Times through the training images, 1 to 100,000; with `minutes` an upper limit.
        minutes: Training time in minutes, validation included, 0.001 to 1,000,000, which the schedule follows; `epochs`
            decides if None.
        batch: Images per step, 1 to 65,536.
        label_smoothing: Share of the target that is spread evenly over all classes, 0 to 0.9.
        cutmix: Share of the batches that are mixed, 0 to 1.
        augmentation: How far a training image may be moved.
        precision: Type of the arithmetic: "float32", "bfloat16" or "auto", which takes bfloat16 with TensorFlow on
            processors that multiply matrices of it (AMX), and on accelerators with JAX and PyTorch.
        towers: Data parallel replicas, at least 1 and at most `batch`: a core, a part of the batch and batch statistics
            each; what the cores allow if None.
        flip_averaging: Whether evaluation and prediction average over the image and its mirror image.
        weight_interpolation: Weight of the starting weights in the mean with those reached that an epoch gives, 0 to
            0.99 (Wortsman et al. 2022, "Robust fine-tuning of zero-shot models", equation 1); for pretrained weights.
        patience: Epochs in a row without a better validation log loss that end the training, 1 to 100,000; never if
            None.
        class_weights: What an image counts in the training loss: "none", "auto" (all classes count the same) or a
            weight by class name, 1e-6 to 1e6. It is scaled to 1 on average over the training images.
        seed: Root of all randomness, 0 to 2**62.

    Raises:
        RequestError: a value is out of its range.

    Example:
        >>> import convwise
        >>> from dataclasses import replace
        >>> recipe = convwise.Recipe(epochs=5, weight_decay=0.1)
        >>> replace(recipe, optimizer="sgd").epochs
        5
    """

    name: str = "fast"
    size: int | str | tuple[int, int] = 64
    channels: int = 3
    resize: str = "stretch"
    optimizer: str = "adamw"
    learning_rate: float | None = None
    momentum: float = 0.9
    weight_decay: float = 0.02
    schedule: str = "one_cycle"
    warmup: float = 0.2
    epochs: int = 18
    minutes: float | None = None
    batch: int = 32
    label_smoothing: float = 0.05
    cutmix: float = 0.0
    augmentation: Augmentation = dataclasses.field(default_factory=Augmentation)
    precision: str = "auto"
    towers: int | None = None
    flip_averaging: bool = True
    weight_interpolation: float = 0.0
    patience: int | None = None
    class_weights: str | Mapping[str, float] = "none"
    seed: int = 0

    def __post_init__(self) -> None:
        if isinstance(self.augmentation, Mapping):  # as JSON and TOML give it
            object.__setattr__(self, "augmentation", Augmentation.from_dict(self.augmentation))
        if not isinstance(self.augmentation, Augmentation):
            raise RequestError(f"augmentation={self.augmentation}: it must be a table of keys and values")
        checks.text("name", self.name)
        for name, allowed in _CHOICES.items():
            checks.choice(name, getattr(self, name), allowed)
        object.__setattr__(self, "size", ImageShape.of(self.size, self.channels, least=SIDES[0], most=SIDES[1]).size)
        for name, low, high in (("epochs", 1, 100_000), ("batch", 1, 65536), ("seed", 0, 2**62)):
            checks.whole(name, getattr(self, name), low, high)
        for name, least, most in _NUMBERS:
            value = getattr(self, name)
            if value is not None or name not in ("minutes", "learning_rate"):
                checks.number(name, value, least, most)
        if self.towers is not None:
            checks.whole("towers", self.towers, 1, self.batch)  # at least an image each
        checks.true_or_false("flip_averaging", self.flip_averaging)
        if self.patience is not None:
            checks.whole("patience", self.patience, 1, 100_000)
        object.__setattr__(self, "class_weights", check_class_weights(self.class_weights))

    @property
    def shape(self) -> ImageShape:
        """The height, width and channels of the images."""
        return ImageShape.of(self.size, self.channels)

    @property
    def rate(self) -> float:
        """The learning rate; where it is open, as in a recipe that no network has been named for, the usual one."""
        return USUAL_RATE if self.learning_rate is None else self.learning_rate

    def for_network(self, net: Network) -> Recipe:
        """The recipe with the learning rate that suits the network, where it leaves it open."""
        return self if self.learning_rate is not None else dataclasses.replace(self, learning_rate=usual_rate(net))

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as JSON takes them."""
        return dataclasses.asdict(self)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Recipe:
        """The inverse of `to_dict`. Raises RequestError for an unknown key, listing the valid ones."""
        return record_of(cls, values, renamed=OLD_NAMES, checks_itself=True)


def named_recipe(name: str, changes: Mapping[str, Any] | None = None) -> Recipe:
    """The recipe of that name (`RECIPES`), with some of its values changed."""
    base = RECIPES[checks.choice("recipe", name, RECIPES)].to_dict()
    changes = dict(changes or {})
    if isinstance(changes.get("augmentation"), Mapping):
        changes["augmentation"] = {**base["augmentation"], **changes["augmentation"]}
    return Recipe.from_dict({**base, **changes})


RECIPES = {
    "fast": Recipe(
        augmentation=Augmentation(
            rotation_degrees=10, smallest_crop=0.8, brightness=0.1, contrast=0.3, horizontal_flip=True
        ),
    ),
    # For pictures whose position, direction or brightness tells the class: nothing is turned, cut or mirrored.
    "plain": Recipe(name="plain", augmentation=Augmentation(), flip_averaging=False),
    "thorough": Recipe(
        name="thorough",
        weight_decay=0.3,
        epochs=100,
        label_smoothing=0.1,
        cutmix=0.5,
        augmentation=Augmentation(
            rotation_degrees=10, smallest_crop=0.4, brightness=0.1, contrast=0.3, horizontal_flip=True
        ),
    ),
    "finetune": Recipe(
        name="finetune",
        size=209,
        learning_rate=1e-4,
        epochs=5,
        label_smoothing=0.0,
        weight_interpolation=0.5,
        augmentation=Augmentation(
            rotation_degrees=5, smallest_crop=0.6, brightness=0.1, contrast=0.3, horizontal_flip=True
        ),
    ),
    "tutorial": Recipe(
        name="tutorial",
        size=96,
        optimizer="adam",
        learning_rate=1e-4,
        weight_decay=0.0,
        schedule="inverse_time",
        epochs=50,
        batch=32,
        label_smoothing=0.0,
        augmentation=Augmentation(
            rotation_degrees=20, zoom=0.15, shift=0.2, shear_degrees=0.15, horizontal_flip=True, fill="nearest"
        ),
        flip_averaging=False,
        towers=1,
        precision="float32",
    ),
}
