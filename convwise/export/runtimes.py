"""Each format's own runtime as a function, raw pixels to probabilities. Imports NumPy alone, and a runtime when asked.

Nothing of convwise is imported here: the proof runs this file by itself, in a process without convwise and Keras.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Runtime = Callable[[NDArray[Any]], NDArray[np.float32]]
"""(n, height, width, channels) pixels from 0 to 255, of any numeric type, to (n, n_classes) probabilities."""


def open_runtime(format_name: str, path: Path, threads: int | None = None) -> Runtime:
    """The exported file as a function, by its own runtime. `threads`: at most so many; the runtime's choice if None.

    By ONNX Runtime and TensorFlow it may be called by several threads at once; the others compute for one at a time.

    Raises KeyError for a format that there is not, and whatever the runtime says of a damaged file.
    """
    return {"onnx": _onnx, "litert": _litert, "openvino": _openvino, "savedmodel": _saved_model}[format_name](
        path, threads
    )


def _onnx(path: Path, threads: int | None) -> Runtime:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3  # errors, not what it would have liked
    if threads is not None:
        options.intra_op_num_threads = threads
    session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    name = session.get_inputs()[0].name

    def run(pixels: NDArray[Any]) -> NDArray[np.float32]:
        return np.asarray(session.run(None, {name: np.asarray(pixels, np.float32)})[0])

    return run


def _litert(path: Path, threads: int | None) -> Runtime:
    from ai_edge_litert.interpreter import Interpreter

    interpreter = Interpreter(model_path=str(path), num_threads=threads or os.cpu_count())
    taken, given = interpreter.get_input_details()[0]["index"], interpreter.get_output_details()[0]["index"]
    laid_out: tuple[int, ...] = ()

    def run(pixels: NDArray[Any]) -> NDArray[np.float32]:
        nonlocal laid_out
        if pixels.shape != laid_out:  # memory is laid out for one size of batch
            interpreter.resize_tensor_input(taken, pixels.shape)
            interpreter.allocate_tensors()
            laid_out = pixels.shape
        interpreter.set_tensor(taken, np.asarray(pixels, np.float32))
        interpreter.invoke()
        return np.array(interpreter.get_tensor(given))

    return run


def _openvino(path: Path, threads: int | None) -> Runtime:
    # It would send word of each import to a server of others; without its telemetry package it has nothing to send by.
    sys.modules.setdefault("openvino_telemetry", None)  # type: ignore[arg-type]
    import openvino

    # Without this it computes in bfloat16 where the processor can, and answers differ in the third digit.
    settings: dict[str, Any] = {"INFERENCE_PRECISION_HINT": "f32"}
    if threads is not None:
        settings["INFERENCE_NUM_THREADS"] = threads
    compiled = openvino.Core().compile_model(str(path), "CPU", settings)

    def run(pixels: NDArray[Any]) -> NDArray[np.float32]:
        return np.array(compiled(np.asarray(pixels, np.float32))[0])

    return run


def _saved_model(path: Path, threads: int | None) -> Runtime:
    import tensorflow

    if threads is not None:
        with suppress(RuntimeError):  # it is asked once in a process, and has computed here already
            tensorflow.config.threading.set_intra_op_parallelism_threads(threads)
            tensorflow.config.threading.set_inter_op_parallelism_threads(1)
    loaded = tensorflow.saved_model.load(str(path))

    def run(pixels: NDArray[Any]) -> NDArray[np.float32]:
        return np.asarray(loaded.serve(tensorflow.constant(np.asarray(pixels, np.float32))))

    return run
