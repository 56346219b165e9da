"""The pictures in a request to /predict: the files of a form, a body that is a picture, or base64 in JSON."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from convwise.http_core.multipart import Upload, uploads
from convwise.http_core.problems import Problem
from convwise.strict_json import json_values

_RAW = ("image/", "application/octet-stream")
_MOST_NAME = 255
_COMMAS = _MOST_NAME + 2  # of a picture in JSON: before it, between data and name, and in its name


def pictures_in(body: bytes, content_type: str, most_files: int) -> list[Upload]:
    """The pictures of a request, at least one.

    Args:
        body: The request's body.
        content_type: What it says it is.
        most_files: How many pictures there may be.

    Returns:
        The pictures in their order.

    Raises:
        Problem: 400 for a body that is not what it says or holds no picture, 413 for too many, 415 for another type.

    Example:
        >>> from convwise.serving.inputs import pictures_in
        >>> pictures_in(b"...", "image/png", 1)
        [Upload(field='', name='', data=b'...')]
    """
    kind = content_type.partition(";")[0].strip().lower()
    if kind == "multipart/form-data":
        found = uploads(body, content_type, most_files)
    elif kind == "application/json":
        found = _of_json(body, most_files)
    elif kind.startswith(_RAW) or kind == "":
        found = [Upload("", "", body)] if body else []
    else:
        raise Problem(415, "send multipart/form-data, image/*, application/octet-stream or application/json")
    if not found:
        raise Problem(400, "there is no picture in the request")
    return found


def _of_json(body: bytes, most_files: int) -> list[Upload]:
    # Before it is read: a list of small values takes fifty times its text in memory, and other requests would wait.
    if body.count(b",") > most_files * _COMMAS:
        raise Problem(413, f"the JSON holds more than {most_files:,} pictures; that is the limit")
    try:
        values = json_values(body.decode("utf-8"))
    except (ValueError, RecursionError):
        raise Problem(400, "the body is no JSON") from None
    listed = values.get("pictures") if isinstance(values, dict) else None
    if not isinstance(listed, list) or len(values) != 1:
        raise Problem(400, 'the JSON must be {"pictures": [{"data": BASE64, "name": TEXT}, ...]}')
    if len(listed) > most_files:
        raise Problem(413, f"{len(listed):,} pictures; the limit is {most_files:,}")
    return [_picture(each, number) for number, each in enumerate(listed)]


def _picture(value: Any, number: int) -> Upload:
    if not isinstance(value, dict) or not value.keys() <= {"data", "name"} or not isinstance(value.get("data"), str):
        raise Problem(400, f'pictures[{number}]: it must be {{"data": BASE64, "name": TEXT}}, the name if you like')
    name = value.get("name", "")
    if not isinstance(name, str) or len(name) > _MOST_NAME:
        raise Problem(400, f"pictures[{number}].name: it must be a text of at most {_MOST_NAME} characters")
    try:
        return Upload("", name, base64.b64decode(value["data"], validate=True))
    except (binascii.Error, ValueError):
        raise Problem(400, f"pictures[{number}].data: it is no base64") from None
