"""A user's Python file as a module, under a name that follows from its content; and a call of its function."""

from __future__ import annotations

import contextlib
import sys
import traceback
import types
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from convwise.errors import ConvwiseError, RequestError, one_line
from convwise.nets.own.reference import OwnNetwork

MODULE_PREFIX = "convwise_own_"
_MOST_CHARACTERS = 300  # of a cause


def import_file(own: OwnNetwork) -> types.ModuleType:
    """The file as a module: run once a process, whichever copy it is read from.

    What it prints goes to standard error: standard output belongs to results. Raises RequestError, with the line, for
    whatever it raises.
    """
    code = own.code()
    name = f"{MODULE_PREFIX}{own.sha256[:16]}"
    if name not in sys.modules:
        module = types.ModuleType(name)
        module.__file__ = own.path
        sys.modules[name] = module  # Keras looks classes up here
        try:
            with _told_in_one_line(own, own.path, "cannot be imported"):
                exec(compile(code, own.path, "exec"), module.__dict__)
        except BaseException:
            del sys.modules[name]
            raise
    module = sys.modules[name]
    _register(module)
    return module


def call_function(own: OwnNetwork, *arguments: Any, **options: Any) -> Any:
    """What the network's function returns: a `keras.Model`. Raises RequestError for anything else, and what it raises.

    RequestErrors, which a setting that is refused raises within `conv`, pass through.
    """
    import keras

    module = import_file(own)
    function = getattr(module, str(own.function))
    with _told_in_one_line(own, str(module.__file__), "cannot be built"):
        model = function(*arguments, **options)
    if not isinstance(model, keras.Model):
        raise RequestError(f"net={own}: it returns a {type(model).__name__}; it must return a keras.Model")
    return model


def classes_of(own: OwnNetwork) -> Mapping[str, Any]:
    """The classes and functions that the file defines, by the names that a model's file calls them."""
    import keras

    module = import_file(own)
    known: dict[str, Any] = {}
    for value in vars(module).values():
        if isinstance(value, type | types.FunctionType) and value.__module__ == module.__name__:
            known |= {value.__name__: value, keras.saving.get_registered_name(value): value}
    return known


def _register(module: types.ModuleType) -> None:
    """Makes the file's classes and functions known to Keras, which looks them up when it copies or loads a layer.

    Those that the file does not register itself get Keras's usual package, as in "Custom>Gate". Of two files that
    register one name, the one in use wins.
    """
    import keras

    registered = keras.saving.get_custom_objects()
    for value in list(vars(module).values()):
        if not isinstance(value, type | types.FunctionType) or value.__module__ != module.__name__:
            continue
        name = keras.saving.get_registered_name(value)
        if name != value.__name__:
            registered[name] = value
        elif isinstance(value, types.FunctionType) or hasattr(value, "get_config"):
            keras.saving.register_keras_serializable()(value)


@contextmanager
def _told_in_one_line(own: OwnNetwork, path: str, what: str) -> Iterator[None]:
    try:
        with contextlib.redirect_stdout(sys.stderr):
            yield
    except (ConvwiseError, KeyboardInterrupt, MemoryError):
        raise
    except BaseException as problem:  # code of the user's raises what it likes, SystemExit too
        lines = [frame.lineno for frame in traceback.extract_tb(problem.__traceback__) if frame.filename == path]
        where = f"line {lines[-1]}: " if lines else ""
        cause = f"{type(problem).__name__}: {one_line(problem)}"[:_MOST_CHARACTERS]
        raise RequestError(f"net={own} {what}: {where}{cause}") from None
