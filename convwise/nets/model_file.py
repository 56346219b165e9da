"""The one way in for model files: a Keras model from a file, or one line that says why there is none."""

from __future__ import annotations

import importlib
import os
import re
import sys
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import numpy as np

from convwise.errors import ConvwiseError, RequestError
from convwise.images.image_shape import ImageShape
from convwise.names import by_sides
from convwise.nets.model_content import Content, NotAModelError, Part, read_content
from convwise.nets.weightless import in_own_thread

_KERAS_PACKAGES = ("keras", "keras_hub", "keras_cv", "keras_nlp", "builtins")
# Keras 2 wrote `groups` into the layers that derive from its convolution; those of Keras 3 do not take it.
_WITHOUT_GROUPS = ("DepthwiseConv2D", "SeparableConv2D", "Conv2DTranspose")
# What Keras puts before the cause of a failure, and what it puts after it.
_BEFORE_CAUSE = ("Exception encountered:", "Error encountered during deserialization:", "Error when deserializing")
_AFTER_CAUSE = ("Full object config:", "Full config:", "config={", "Expected: [")


def load_model_file(path: str | Path, *, trust: bool = False, known: Mapping[str, Any] | None = None) -> Any:
    """The Keras model in a `.keras` or `.h5` file, not compiled.

    With `trust`, code in the file is run (Lambda layers), and modules that it names are imported for their classes:
    for files of one's own. `known` are further classes and functions, by the names that the file calls them. Raises
    RequestError, in one line, for anything else than a model that can be loaded: a file that is damaged, of another
    kind or no regular file; a class that is not known here; a network that needs other weights than the file holds
    (which is found out before memory is taken for them); numbers that are not finite.
    """
    place = Path(path)
    try:
        return _loaded(place, trust, known or {})
    except NotAModelError as problem:
        raise RequestError(f"model={path}: it cannot be loaded: {_printable(str(problem))}") from None


def load_run_model(
    path: Path, *, n_classes: int, shape: ImageShape, trust: bool = False, known: Mapping[str, Any] | None = None
) -> Any:
    """A run's network: one image of the `shape` in, a probability for each class out.

    `trust` and `known`: see `load_model_file`.
    Raises ConvwiseError where it cannot be loaded, or is another network than the run's.
    """
    try:
        model = load_model_file(path, trust=trust, known=known)
    except RequestError as problem:
        raise ConvwiseError(f"{problem}; put the run's own model.keras back, or train anew") from None
    shapes = [tuple(each.shape) for each in getattr(model, "inputs", None) or ()]
    image = shape.array
    if (
        len(shapes) != 1
        or len(shapes[0]) != 4
        or any(a not in (b, None) for a, b in zip(shapes[0][1:], image, strict=True))
    ):
        raise _not_the_runs(path, f"it takes {_listed(shapes)}, the run's images are {by_sides(image)}")
    outputs = [tuple(each.shape) for each in model.outputs]
    if len(outputs) != 1 or outputs[0][1:] != (n_classes,):
        raise _not_the_runs(path, f"it gives {_listed(outputs)}, the run has {n_classes} classes")
    return model


def _not_the_runs(path: Path, why: str) -> ConvwiseError:
    return ConvwiseError(
        f"model={path}: it is another network than the run's: {why}; put the run's own model.keras back, or train anew"
    )


def _loaded(path: Path, trust: bool, known: Mapping[str, Any]) -> Any:
    content = read_content(path)
    with _findable(path) if trust else nullcontext():
        needed = _own_classes(content, trust, known)
        own = {**known, **needed}
        with warnings.catch_warnings(record=True) as warned:
            warnings.simplefilter("always")
            try:
                if not needed and not trust:
                    _try_without_numbers(path, content, own)
                model = _by_keras(path, content, own, trust)
            except Exception as problem:  # Keras raises whatever its parsers stumble over
                raise NotAModelError(_cause(problem)) from None
    if any("freshly-initialized" in str(each.message) for each in warned):
        raise NotAModelError("it lacks the weights of some layers, which would be random")
    _require_finite(model)
    return model


def _try_without_numbers(path: Path, content: Content, own: dict[str, Any]) -> None:
    """Loads shapes only: a network that needs more numbers than the file has is refused before memory is taken."""
    try:
        in_own_thread(lambda: _by_keras(path, content, own, False))
    except ValueError as problem:
        # Some layers make variables in a way that Keras forbids here; nothing is known of such a file then.
        if "stateless scope" not in str(problem):
            raise


def _by_keras(path: Path, content: Content, own: dict[str, Any], trust: bool) -> Any:
    import keras

    old = {name: _without_groups(name) for name in _WITHOUT_GROUPS} if content.form == "h5" else {}
    return keras.models.load_model(path, custom_objects={**old, **own}, compile=False, safe_mode=not trust)


def _without_groups(name: str) -> Any:
    """Keras's own layer from an old configuration, in which `groups` is 1 and means nothing."""

    def from_config(config: dict[str, Any]) -> Any:
        import keras

        if config.get("groups") == 1:
            config = {key: value for key, value in config.items() if key != "groups"}
        return getattr(keras.layers, name).from_config(config)

    return type(name, (), {"from_config": staticmethod(from_config)})


def _own_classes(content: Content, trust: bool, known: Mapping[str, Any]) -> dict[str, Any]:
    """Classes that are not Keras's, by their registered names. Raises NotAModelError where one is not known.

    Those in `known` come first, then what is registered with Keras, then, with `trust`, the module that is named.
    """
    import keras

    found: dict[str, Any] = {}
    for part in content.parts:
        if part.holds_code and not trust:
            raise NotAModelError(
                f"its layer {part.layer} is a Lambda that holds Python code, which loading would run; "
                "trust=True runs it, if the file is your own"
            )
        if _of_keras(part, content.form):
            continue
        here = known.get(part.registered_name) or keras.saving.get_registered_object(part.registered_name)
        here = here or (_imported(part) if trust else None)
        if here is None:
            named = part.registered_name if ">" in part.registered_name else part.class_name
            where = f" of the module {part.module}" if part.module else ""
            hint = "import it in Python and hand the loaded model to convwise.explain"
            if part.module and not trust:
                hint = f"trust=True imports that module, if the file is your own, or {hint}"
            raise NotAModelError(
                f"its layer {part.layer} is of the class {named}{where}, which is not known here; {hint}"
            )
        found[part.registered_name] = here
    return found


def _of_keras(part: Part, form: str) -> bool:
    import keras

    if part.class_name.startswith("__") or part.class_name == "function":
        return True
    if form == "h5":  # such a file names no modules
        models = ("Functional", "Model", "Sequential")
        return not part.is_layer or part.class_name in models or hasattr(keras.layers, part.class_name)
    if part.module is None:
        return ">" not in part.registered_name
    return str(part.module).split(".")[0] in _KERAS_PACKAGES


def _imported(part: Part) -> Any:
    import keras

    if not part.module or part.module == "__main__":
        return None
    try:
        module = importlib.import_module(part.module)
    except Exception as problem:  # a module of the user's raises what it likes
        raise NotAModelError(
            f"the module {part.module} of its layer {part.layer} cannot be imported: {problem}"
        ) from None
    return keras.saving.get_registered_object(part.registered_name) or getattr(module, part.class_name, None)


@contextmanager
def _findable(path: Path) -> Iterator[None]:
    """Modules in the current folder, and beside the file, can be imported within the block."""
    before = list(sys.path)
    sys.path[:0] = [os.curdir, str(path.parent)]
    try:
        yield
    finally:
        sys.path[:] = before


def _require_finite(model: Any) -> None:
    import keras

    for weight in model.weights:
        values = keras.ops.convert_to_numpy(weight.value)
        if not np.issubdtype(values.dtype, np.integer) and not np.isfinite(values.astype("float32")).all():
            raise NotAModelError(
                f"its weights {weight.path} hold numbers that are not finite: every answer would be NaN"
            )


def _cause(problem: BaseException) -> str:
    """What Keras says went wrong, without the configuration around it, which may be pages."""
    if isinstance(problem, RecursionError):
        return "its configuration is nested too deeply"
    if isinstance(problem, MemoryError):
        return "it needs more memory than there is"
    text = str(problem) or type(problem).__name__
    target = re.search(r"Target variable: <Variable path=([^,>]+)", text)
    if target:
        return f"its weights {target[1]} have another shape than the network that it describes: {_shapes(text)}"
    for words in _BEFORE_CAUSE:
        text = text.rpartition(words)[2]
    for words in _AFTER_CAUSE:
        text = text.partition(words)[0] or text
    lines = [line.strip() for line in text.splitlines() if line.strip()] or [type(problem).__name__]
    says_which = lines[0].startswith("A total of") and len(lines) > 1  # "... objects could not be loaded", then why
    return lines[1 if says_which else 0][:500]


def _shapes(text: str) -> str:
    return " and ".join(re.findall(r"shape=(\([^)]*\))", text)[:2])


def _printable(text: str) -> str:
    return "".join(c if c.isprintable() else "?" for c in text)


def _listed(shapes: list[tuple[int | None, ...]]) -> str:
    named = " and ".join(by_sides(shape[1:]) for shape in shapes[:3]) or "nothing"
    return f"{named} ({len(shapes)} of them)" if len(shapes) > 1 else named
