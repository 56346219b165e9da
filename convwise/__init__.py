"""convwise: train, evaluate and understand convolutional networks on a folder of images.

The verbs of the command line are functions here, with the same defaults. Nothing heavy is imported before it is used.
"""

import os
import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from convwise.html_repr import show_by
from convwise.processor import switch_on_one_dnn
from convwise.quiet_import import quiet_tensorflow

if TYPE_CHECKING:
    from convwise.commands.compare import compare
    from convwise.commands.data import add_data, check_data, clean_data, list_data
    from convwise.commands.doctor import doctor
    from convwise.commands.evaluate import evaluate
    from convwise.commands.explain import explain
    from convwise.commands.export import export
    from convwise.commands.guide import guide
    from convwise.commands.heatmap import heatmap
    from convwise.commands.playground import playground
    from convwise.commands.predict import predict
    from convwise.commands.report import report
    from convwise.commands.resume import resume
    from convwise.commands.runs import runs
    from convwise.commands.study import study
    from convwise.commands.train import train
    from convwise.conv2d import Conv2DSettings
    from convwise.errors import ConvwiseError, RequestError
    from convwise.images.copy_groups import copy_groups
    from convwise.runs import Run
    from convwise.serving.serve import serve
    from convwise.sklearn import CopyAwareKFold as CopyAwareKFold
    from convwise.sklearn import ImageClassifier as ImageClassifier
    from convwise.training.recipe import Recipe
    from convwise.web.server import web

__version__ = "0.1.0"

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")  # TensorFlow's start-up lines are nobody's; a setting of yours wins
quiet_tensorflow()
show_by(lambda result: import_module("convwise.commands.notebook").html_of(result))  # when a notebook asks
switch_on_one_dnn()  # TensorFlow asks when it is imported, which is after this wherever convwise imports it

_HOMES = {
    "Conv2DSettings": "convwise.conv2d",
    "ConvwiseError": "convwise.errors",
    "CopyAwareKFold": "convwise.sklearn",
    "ImageClassifier": "convwise.sklearn",
    "Recipe": "convwise.training.recipe",
    "RequestError": "convwise.errors",
    "Run": "convwise.runs",
    "add_data": "convwise.commands.data",
    "check_data": "convwise.commands.data",
    "clean_data": "convwise.commands.data",
    "compare": "convwise.commands.compare",
    "copy_groups": "convwise.images.copy_groups",
    "doctor": "convwise.commands.doctor",
    "evaluate": "convwise.commands.evaluate",
    "explain": "convwise.commands.explain",
    "export": "convwise.commands.export",
    "guide": "convwise.commands.guide",
    "heatmap": "convwise.commands.heatmap",
    "list_data": "convwise.commands.data",
    "playground": "convwise.commands.playground",
    "predict": "convwise.commands.predict",
    "report": "convwise.commands.report",
    "resume": "convwise.commands.resume",
    "runs": "convwise.commands.runs",
    "serve": "convwise.serving.serve",
    "study": "convwise.commands.study",
    "train": "convwise.commands.train",
    "web": "convwise.web.server",
}

# Without CopyAwareKFold and ImageClassifier, which need scikit-learn: `from convwise import *` must work without it.
__all__ = [
    "Conv2DSettings",
    "ConvwiseError",
    "Recipe",
    "RequestError",
    "Run",
    "add_data",
    "check_data",
    "clean_data",
    "compare",
    "copy_groups",
    "doctor",
    "evaluate",
    "explain",
    "export",
    "guide",
    "heatmap",
    "list_data",
    "playground",
    "predict",
    "report",
    "resume",
    "runs",
    "serve",
    "study",
    "train",
    "web",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'convwise' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__


class _Package(ModuleType):
    """Keeps `convwise.study` the function: importing the package of that name would put this in its place.

    The same for `export`, `playground`, `report`, `runs` and `web`. What the packages hold is imported as ever: `from
    convwise.runs import Run`.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if not (name in _HOMES and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


sys.modules[__name__].__class__ = _Package
