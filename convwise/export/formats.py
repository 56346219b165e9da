"""The formats that there are: their files, what makes and what runs them, in one table."""

from __future__ import annotations

from dataclasses import dataclass

from convwise import checks
from convwise.errors import RequestError
from convwise.extras import require


@dataclass(frozen=True)
class Format:
    """A format of exported networks.

    `file`: its file or folder within an export; `files`: all that belong to it. `title`: as people call it. `extra`:
    of convwise, empty where nothing more is needed. `makers` and `runner`: the modules that make and run it.
    `package`: the distribution that brings the runner. `keras`: the name that Keras's `Model.export` has for it.
    """

    name: str
    title: str
    file: str
    files: tuple[str, ...]
    extra: str
    makers: tuple[str, ...]
    runner: str
    package: str
    keras: str

    def require_runner(self) -> None:
        """Raises RequestError, in one line with the command, where its runtime is not installed."""
        self._require((self.runner,), "running")

    def require_makers(self) -> None:
        """Raises RequestError, in one line with the command, where what makes or runs it is not installed."""
        self._require((*self.makers, self.runner), "making")

    def _require(self, modules: tuple[str, ...], what: str) -> None:
        require(f"to={self.name}: {what} it", modules, f"convwise[{self.extra}]" if self.extra else self.package)


FORMATS = {
    each.name: each
    for each in (
        Format("onnx", "ONNX", "model.onnx", ("model.onnx",), "onnx", ("onnx", "tf2onnx"), "onnxruntime",
               "onnxruntime", "onnx"),
        Format("litert", "LiteRT", "model.tflite", ("model.tflite",), "litert", (), "ai_edge_litert",
               "ai-edge-litert", "litert"),
        Format("openvino", "OpenVINO", "model.xml", ("model.xml", "model.bin"), "openvino", (), "openvino",
               "openvino", "openvino"),
        Format("savedmodel", "SavedModel", "saved_model", ("saved_model",), "", (), "tensorflow",
               "tensorflow-cpu", "tf_saved_model"),
    )
}  # fmt: skip
"""By name, in the order in which one is chosen to predict by: the lightest runtime first."""


INT8 = ("onnx", "litert")
"""Those that are made with integers of 8 bits too."""
INT8_FOLDER = "int8"
"""Within the place of the files of floats: where those of integers are put first."""


def formats_of(names: str | list[str] | tuple[str, ...]) -> tuple[Format, ...]:
    """The formats by their names, a list or a text with commas, each once. Raises RequestError for one there is not."""
    given = [each.strip() for each in names.split(",")] if isinstance(names, str) else list(names)
    if not [each for each in given if each]:
        raise RequestError(f"to=: nothing is named; choose of {', '.join(FORMATS)}")
    chosen = [checks.choice("to", each, FORMATS) for each in given]
    return tuple(FORMATS[name] for name in dict.fromkeys(chosen))
