"""convwise: train, evaluate and understand convolutional networks on a folder of images.

The verbs of the command line are functions here, with the same defaults. Nothing heavy is imported before it is used.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from convwise.processor import switch_on_one_dnn

if TYPE_CHECKING:
    from convwise.conv2d import Conv2DSettings
    from convwise.errors import ConvwiseError, RequestError
    from convwise.images.copy_groups import copy_groups
    from convwise.runs import Run
    from convwise.sklearn import CopyAwareKFold as CopyAwareKFold
    from convwise.sklearn import ImageClassifier as ImageClassifier
    from convwise.training.recipe import Recipe
    from convwise.verbs.data import add_data, check_data, clean_data, list_data
    from convwise.verbs.doctor import doctor
    from convwise.verbs.evaluate import evaluate
    from convwise.verbs.explain import explain
    from convwise.verbs.guide import guide
    from convwise.verbs.predict import predict
    from convwise.verbs.study import study
    from convwise.verbs.train import resume, train

__version__ = "0.1.0"

switch_on_one_dnn()  # TensorFlow asks when it is imported, which is after this wherever convwise imports it

_HOMES = {
    "Conv2DSettings": "convwise.conv2d",
    "ConvwiseError": "convwise.errors",
    "CopyAwareKFold": "convwise.sklearn",
    "ImageClassifier": "convwise.sklearn",
    "Recipe": "convwise.training.recipe",
    "RequestError": "convwise.errors",
    "Run": "convwise.runs",
    "add_data": "convwise.verbs.data",
    "check_data": "convwise.verbs.data",
    "clean_data": "convwise.verbs.data",
    "copy_groups": "convwise.images.copy_groups",
    "doctor": "convwise.verbs.doctor",
    "evaluate": "convwise.verbs.evaluate",
    "explain": "convwise.verbs.explain",
    "guide": "convwise.verbs.guide",
    "list_data": "convwise.verbs.data",
    "predict": "convwise.verbs.predict",
    "resume": "convwise.verbs.train",
    "study": "convwise.verbs.study",
    "train": "convwise.verbs.train",
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
    "copy_groups",
    "doctor",
    "evaluate",
    "explain",
    "guide",
    "list_data",
    "predict",
    "resume",
    "study",
    "train",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'convwise' has no attribute {name!r}")
    value = getattr(import_module(_HOMES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
