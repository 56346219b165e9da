"""Full-integer quantisation: 8 bits for weights and for what flows between layers, ranges from training images."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
from numpy.typing import NDArray

from convwise.export.formats import INT8_FOLDER, Format
from convwise.export.graph import write_graph


def write_int8(graph: keras.Model, each: Format, folder: Path, calibration: Path) -> None:
    """Beside the float file of the format, which is there, writes its quantised form into the sub-folder `INT8_FOLDER`.

    `calibration`: a file of pixels (n, height, width, channels), uint8.
    """
    target = folder / INT8_FOLDER
    target.mkdir(exist_ok=True)
    pixels = np.load(calibration)
    if each.name == "onnx":
        _onnx(folder / each.file, target / each.file, pixels)
    else:
        _litert(graph, each, target, pixels)


def _onnx(floats: Path, target: Path, pixels: NDArray[np.uint8]) -> None:
    """Quantise and dequantise around each operation (QDQ), weights by channel, ranges from the least to the most."""
    from onnxruntime import quantization
    from onnxruntime.quantization.shape_inference import quant_pre_process

    prepared = target.with_suffix(".prepared")
    quant_pre_process(str(floats), str(prepared), skip_symbolic_shape=True)
    quantization.quantize_static(
        str(prepared),
        str(target),
        _Reader(prepared, pixels),
        quant_format=quantization.QuantFormat.QDQ,
        activation_type=quantization.QuantType.QUInt8,
        weight_type=quantization.QuantType.QInt8,
        per_channel=True,
    )
    prepared.unlink()


class _Reader:
    """The pixels as onnxruntime asks for them, one after the other; None at the end."""

    def __init__(self, model: Path, pixels: NDArray[np.uint8]) -> None:
        import onnx

        self._name = onnx.load(str(model), load_external_data=False).graph.input[0].name
        self._rows = iter(pixels)

    def get_next(self) -> dict[str, NDArray[np.float32]] | None:
        """One image, by the name of the input."""
        row = next(self._rows, None)
        return None if row is None else {self._name: row[None].astype(np.float32)}


def _litert(graph: keras.Model, each: Format, target: Path, pixels: NDArray[np.uint8]) -> None:
    """Integers throughout; an operation without integers is refused by the converter. Input and output stay floats."""
    import tensorflow

    def images() -> Iterator[list[Any]]:
        for row in pixels:
            yield [row[None].astype(np.float32)]

    write_graph(
        graph,
        each,
        target,
        optimizations=[tensorflow.lite.Optimize.DEFAULT],
        representative_dataset=images,
        target_spec={"supported_ops": [tensorflow.lite.OpsSet.TFLITE_BUILTINS_INT8]},
    )
