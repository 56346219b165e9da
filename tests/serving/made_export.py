"""An export that nobody trained: a graph of three nodes whose answers NumPy can check."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 8
CLASSES = ("red", "green", "blue")


def make_export(folder: Path, *, slow: int = 0) -> Path:
    """An export of a network that answers with the softmax of the mean colour over ten; `slow` makes it compute more.

    `slow`: the side of a square matrix that is multiplied with itself, eight times, for each answer.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    nodes = [
        helper.make_node("ReduceMean", ["pixels", "axes"], ["mean"], keepdims=0),
        helper.make_node("Div", ["mean", "ten"], ["scaled"]),
    ]
    constants = [
        numpy_helper.from_array(np.array([1, 2], np.int64), "axes"),
        numpy_helper.from_array(np.array(10, np.float32), "ten"),
    ]
    last = "scaled"
    if slow:
        constants += [
            numpy_helper.from_array(np.full((slow, slow), 1 / slow, np.float32), "square"),
            numpy_helper.from_array(np.full((3, slow), 1 / 3, np.float32), "wide"),
            numpy_helper.from_array(np.zeros((slow, 3), np.float32), "zeros"),
        ]
        # A matrix that depends on the input, so that it is not computed ahead of time.
        nodes += [
            helper.make_node("ReduceMean", ["scaled"], ["level"], keepdims=0),
            helper.make_node("Add", ["square", "level"], ["m0"]),
        ]
        for i in range(8):
            nodes += [helper.make_node("MatMul", [f"m{i}", "square"], [f"m{i + 1}"])]
        nodes += [
            helper.make_node("MatMul", ["scaled", "wide"], ["spread"]),
            helper.make_node("MatMul", ["spread", "m8"], ["worked"]),
            helper.make_node("MatMul", ["worked", "zeros"], ["nothing"]),
            helper.make_node("Add", ["scaled", "nothing"], ["same"]),
        ]
        last = "same"
    nodes.append(helper.make_node("Softmax", [last], ["probabilities"], axis=-1))
    graph = helper.make_graph(
        nodes,
        "mean_colour",
        [helper.make_tensor_value_info("pixels", TensorProto.FLOAT, ["n", SIDE, SIDE, 3])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["n", 3])],
        constants,
    )
    folder.mkdir(parents=True)
    onnx.save(
        helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=9), folder / "model.onnx"
    )
    labels = {"format": 1, "convwise": "0.1.0", "class_names": CLASSES, "height": SIDE, "width": SIDE, "channels": 3,
              "resize": "stretch"}  # fmt: skip
    (folder / "labels.json").write_text(json.dumps(labels))
    return folder


def expected(pixels: NDArray[Any]) -> NDArray[np.float64]:
    """The probabilities of a picture (height, width, 3), by NumPy."""
    scores = np.exp(pixels.reshape(-1, 3).mean(axis=0) / 10)
    return scores / scores.sum()


def picture(colour: tuple[int, int, int], *, side: int = SIDE, form: str = "PNG") -> bytes:
    """A picture of one colour, as a file's bytes."""
    made = io.BytesIO()
    Image.new("RGB", (side, side), colour).save(made, form)
    return made.getvalue()
