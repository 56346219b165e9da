"""The records of the layer table: what each layer sees, holds, computes and keeps. No Keras."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

# How many numbers an optimizer keeps beside each trainable weight (Keras 3: momentum; first and second moments).
OPTIMIZER_SLOTS = {"sgd": 1, "rmsprop": 1, "adagrad": 1, "adam": 2, "adamw": 2, "nadam": 2, "adamax": 2, "lion": 1}
BYTES_PER_NUMBER = {"float32": 4, "bfloat16": 2, "float16": 2}
WEIGHT_BYTES = 4  # mixed precision keeps float32 weights


@dataclass(frozen=True)
class ReceptiveField:
    """What one unit sees of the image, in input pixels, each as (rows, columns).

    Where branches meet it is the hull of their windows. Behind an enlarged map (up-sampling, transposed convolution)
    units differ: size is the largest, stride and offset are their means.

    Attributes:
        size: The pixels from the first to the last one seen, padding included.
        stride: The step between neighbouring units. With 0 there is only one view, and size is the image's.
        offset: The centre of the first unit's window; 0 is the centre of the first pixel (Araujo, Norris and Sim 2019,
            equations 1 to 3).
        whole: Whether each unit sees the whole image. Where `stride` is not 0, that is by a side way (squeeze and
            excitation, group statistics), and the numbers are those of the local way.

    Example:
        >>> import convwise
        >>> table = convwise.explain("simple", size=32).table
        >>> table.row("conv2d_1").receptive_field.size
        (8, 8)
    """

    size: tuple[int, int]
    stride: tuple[float, float]
    offset: tuple[float, float]
    whole: bool = False

    def to_dict(self) -> dict[str, Any]:
        return {key: list(value) if isinstance(value, tuple) else value for key, value in asdict(self).items()}


@dataclass(frozen=True)
class LayerRow:
    """One call of one layer, in the order of computation.

    All numbers are for one image; None stands where one is not known.

    Attributes:
        name: Name of the layer.
        type: Its class in Keras.
        output_shape: Shape of its output, without the batch.
        receptive_field: What one unit of the output sees of the image.
        weights: All of the layer's numbers, moving statistics included; 0 where the layer is called again.
        trainable_weights: Those that are trained.
        multiply_adds: Multiplications with additions, see `convwise.nets.layer_table.cost`.
        activation_bytes: Size of the output, in bytes.
        training_bytes: What the backward pass needs of this layer's making, in bytes.
        weights_share: Share of the network's weights, 0 to 1.
        multiply_adds_share: Share of the network's multiply-adds, 0 to 1.
        note: What is to be said of the layer.

    Example:
        >>> import convwise
        >>> row = convwise.explain("simple", size=32).table.row("conv2d")
        >>> row.type, row.output_shape, row.weights
        ('Conv2D', (32, 32, 32), 896)
    """

    name: str
    type: str
    output_shape: tuple[int | None, ...]
    receptive_field: ReceptiveField | None
    weights: int
    trainable_weights: int
    multiply_adds: int | None
    activation_bytes: int | None
    training_bytes: int | None
    weights_share: float = 0.0
    multiply_adds_share: float | None = None
    note: str | None = None

    def to_dict(self) -> dict[str, Any]:
        values = asdict(self) | {"output_shape": list(self.output_shape)}
        return values | {"receptive_field": self.receptive_field.to_dict() if self.receptive_field else None}


@dataclass(frozen=True)
class Totals:
    """Sums and peaks over the layers; None where a layer's part of it is not known.

    The peaks are for one image, without the weights.

    Attributes:
        weights: All numbers of the network, moving statistics included.
        trainable_weights: Those that are trained.
        multiply_adds: Multiplications with additions.
        inference_peak_bytes: Most bytes of tensors alive at once when predicting.
        training_peak_bytes: The same from the forward pass on to the end of the backward pass.

    Example:
        >>> import convwise
        >>> totals = convwise.explain("simple", size=32).table.totals
        >>> totals.inference_peak_bytes < totals.training_peak_bytes
        True
    """

    weights: int
    trainable_weights: int
    multiply_adds: int | None
    inference_peak_bytes: int | None
    training_peak_bytes: int | None

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)


@dataclass(frozen=True)
class LayerTable:
    """A network layer by layer.

    Attributes:
        model: Its name.
        input_shape: (height, width, channels), or as the layout has it.
        batch: Images per step, for the memory.
        optimizer: The one whose numbers count in the memory.
        precision: Type of the arithmetic.
        rows: The calls of the layers, in the order of computation.
        totals: Sums and peaks.
        notes: What is to be said of the table, a line each.

    Example:
        >>> import convwise
        >>> table = convwise.explain("simple", size=32).table
        >>> table.estimated_memory_bytes(batch=64) > table.estimated_memory_bytes(batch=32)
        True
    """

    model: str
    input_shape: tuple[int | None, ...]
    batch: int
    optimizer: str
    precision: str
    rows: tuple[LayerRow, ...]
    totals: Totals
    notes: tuple[str, ...] = ()

    @property
    def fixed_training_bytes(self) -> int:
        """Weights, their gradients and the optimizer's numbers, whatever the batch."""
        per_trainable = 1 + OPTIMIZER_SLOTS[self.optimizer]
        return WEIGHT_BYTES * (self.totals.weights + per_trainable * self.totals.trainable_weights)

    def estimated_memory_bytes(self, batch: int | None = None) -> int | None:
        """What a training step of `batch` images (the table's own unless told) needs beyond the program itself.

        None where a layer is not known. The libraries' own memory and their scratch space are not in it.
        """
        if self.totals.training_peak_bytes is None:
            return None
        return self.fixed_training_bytes + (self.batch if batch is None else batch) * self.totals.training_peak_bytes

    def estimated_inference_bytes(self, batch: int | None = None) -> int | None:
        """The same for predicting: the weights and the tensors alive at once."""
        if self.totals.inference_peak_bytes is None:
            return None
        n_images = self.batch if batch is None else batch
        return WEIGHT_BYTES * self.totals.weights + n_images * self.totals.inference_peak_bytes

    def row(self, name: str) -> LayerRow:
        """The row of that name. Raises KeyError."""
        for row in self.rows:
            if row.name == name:
                return row
        raise KeyError(name)

    def to_dict(self) -> dict[str, Any]:
        """For JSON."""
        return {
            "model": self.model,
            "input_shape": list(self.input_shape),
            "batch": self.batch,
            "optimizer": self.optimizer,
            "precision": self.precision,
            "layers": [row.to_dict() for row in self.rows],
            "totals": self.totals.to_dict()
            | {
                "training_memory_bytes": self.estimated_memory_bytes(),
                "inference_memory_bytes": self.estimated_inference_bytes(),
            },
            "notes": list(self.notes),
        }
