"""scikit-learn's own checks of an estimator, one by one: those that hold for paths, and why the others do not."""

import subprocess
import sys
from functools import partial
from typing import Any

import pytest
from sklearn.base import is_classifier
from sklearn.exceptions import NotFittedError
from sklearn.utils import estimator_checks

import convwise
from convwise import ImageClassifier

CALLED = (
    "check_estimator_cloneable",
    "check_estimator_tags_renamed",
    "check_valid_tag_types",
    "check_estimator_repr",
    "check_no_attributes_set_in_init",
    "check_do_not_raise_errors_in_init_or_set_params",
    "check_mixin_order",
    "check_parameters_default_constructible",
    "check_get_params_invariance",
    "check_set_params",
    # These give numbers as X, and hold since what they look at is refused before X is.
    "check_estimators_unfitted",
    "check_classifiers_regression_target",
    "check_supervised_y_no_nan",
)

ARRAYS = "fits to an array of numbers, where this estimator takes paths"
NUMBERS = "is about what numbers X may hold: their types, NaN, negative, complex, sparse, their layout in memory"
SHAPES = "is about an X of two dimensions and its number of features"
OURS = f"{ARRAYS}; the same is claimed with pictures in test_classifier.py"
NONE = "is about what this estimator does not have: sample weights, decision_function, partial_fit, max_iter"
ERRORS = "wants a ValueError of its own words; bad requests are a RequestError here, in test_classifier.py"
NOT_CALLED = {
    "check_fit_score_takes_y": OURS,
    "check_estimators_overwrite_params": OURS,
    "check_dont_overwrite_parameters": OURS,
    "check_estimators_fit_returns_self": OURS,
    "check_estimators_pickle": OURS,
    "check_classifiers_classes": OURS,
    "check_classifiers_train": OURS,
    "check_methods_sample_order_invariance": OURS,
    "check_methods_subset_invariance": OURS,
    "check_dict_unchanged": OURS,
    "check_fit_idempotent": OURS,
    "check_fit_check_is_fitted": OURS,
    "check_pipeline_consistency": ARRAYS,
    "check_readonly_memmap_input": NUMBERS,
    "check_positive_only_tag_during_fit": NUMBERS,
    "check_estimators_dtypes": NUMBERS,
    "check_complex_data": NUMBERS,
    "check_dtype_object": NUMBERS,
    "check_estimators_nan_inf": NUMBERS,
    "check_estimator_sparse_tag": NUMBERS,
    "check_estimator_sparse_array": NUMBERS,
    "check_estimator_sparse_matrix": NUMBERS,
    "check_array_api_input": NUMBERS,
    "check_f_contiguous_array_estimator": NUMBERS,
    "check_classifier_data_not_an_array": NUMBERS,
    "check_n_features_in": SHAPES,
    "check_n_features_in_after_fitting": SHAPES,
    "check_fit1d": SHAPES,
    "check_fit2d_1sample": SHAPES,
    "check_fit2d_1feature": SHAPES,
    "check_fit2d_predict1d": SHAPES,
    "check_supervised_y_2d": "wants a column of labels taken with a warning; it is refused here",
    "check_classifiers_one_label": "wants one class to be learned; a network needs two, and one is refused",
    "check_estimators_empty_data_messages": ERRORS,
    "check_requires_y_none": ERRORS,
    "check_classifiers_one_label_sample_weights": NONE,
    "check_estimators_partial_fit_n_features": NONE,
    "check_non_transformer_estimators_n_iter": NONE,
    "check_decision_proba_consistency": NONE,
}


class OnArrays(ImageClassifier):
    """Says that it takes arrays, so that scikit-learn names the checks that it has for such a classifier."""

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.two_d_array = True
        return tags


@pytest.mark.parametrize("name", CALLED)
def test_the_check_holds(name: str) -> None:
    getattr(estimator_checks, name)("ImageClassifier", ImageClassifier())


def test_every_check_of_a_classifier_is_called_or_said_why_not() -> None:
    """A new release of scikit-learn may bring others: they are to be put into one of the two tables."""
    names = set()
    for _, check in estimator_checks.estimator_checks_generator(OnArrays(), legacy=True):
        while isinstance(check, partial):
            check = check.func
        names.add(check.__name__)
    assert names == {*CALLED, *NOT_CALLED}
    assert not set(CALLED) & set(NOT_CALLED)


def test_it_is_a_classifier_over_one_dimension() -> None:
    tags = ImageClassifier().__sklearn_tags__()
    assert is_classifier(ImageClassifier())
    assert tags.input_tags.one_d_array
    assert tags.input_tags.string
    assert not tags.input_tags.two_d_array


def test_nothing_is_answered_before_fit() -> None:
    for method in ("predict", "predict_proba"):
        with pytest.raises(NotFittedError, match="This ImageClassifier instance is not fitted yet"):
            getattr(ImageClassifier(), method)(["picture.png"])


def test_the_package_stays_light_and_the_names_come_when_they_are_asked_for() -> None:
    """In a process of its own: this one has imported scikit-learn already."""
    code = (
        "import sys, convwise; heavy = ('sklearn', 'scipy', 'keras', 'tensorflow');"
        "assert not any(name in sys.modules for name in heavy);"
        "from convwise import CopyAwareKFold, ImageClassifier; ImageClassifier(epochs=3);"
        "assert not any(name in sys.modules for name in heavy[2:])"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_without_scikit_learn_one_line_names_the_extra() -> None:
    code = (
        "import sys; sys.modules['sklearn'] = None\n"
        "from convwise import *\n"
        "import convwise\n"
        "for name in ('ImageClassifier', 'CopyAwareKFold'):\n"
        "    try: getattr(convwise, name)\n"
        "    except convwise.RequestError as problem: print(problem)\n"
    )
    said = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout
    assert said.splitlines() == ["convwise.sklearn needs scikit-learn: pip install 'convwise[sklearn]'"] * 2


def test_the_names_are_the_ones_of_the_room() -> None:
    import convwise.sklearn as room

    assert {name: getattr(convwise, name) for name in room.__all__} == {n: getattr(room, n) for n in room.__all__}
