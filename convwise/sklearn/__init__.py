"""convwise in scikit-learn's interface: a classifier over paths of pictures, and folds that keep copies together."""

from convwise.errors import RequestError

try:
    import sklearn.base  # noqa: F401
except ModuleNotFoundError:
    raise RequestError("convwise.sklearn needs scikit-learn: pip install 'convwise[sklearn]'") from None

from convwise.sklearn.classifier import ImageClassifier
from convwise.sklearn.folds import CopyAwareKFold

__all__ = ["CopyAwareKFold", "ImageClassifier"]
