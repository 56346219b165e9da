"""What /predict answers: for each picture its label and the most probable others, or why there is no answer."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from starlette.responses import Response

from convwise.serving.predicting import Answered

BEYOND_RANGE = "pixels are brighter than the range that the network was trained on; they were taken for white"


def answer(answered: Sequence[Answered], class_names: Sequence[str], top: int) -> Response:
    """The answer to a request: 200 where any picture has one, else the status of the first problem."""
    predictions = [prediction(each, class_names, top) for each in answered]
    problems = [each.problem for each in answered if each.problem is not None]
    if len(problems) < len(answered):
        return _json({"predictions": predictions}, 200)
    first = problems[0]
    return _json({"error": first.reason, "status": first.status, "predictions": predictions}, first.status)


def prediction(each: Answered, class_names: Sequence[str], top: int) -> dict[str, Any]:
    """The entry of one picture, as plain values."""
    if each.problem is not None:
        return {"name": each.name, "error": each.problem.reason, "status": each.problem.status}
    row = each.row
    assert row is not None
    best = np.argsort(-row, kind="stable")[:top].tolist()
    ranked = [{"label": class_names[i], "probability": float(row[i])} for i in best]
    values: dict[str, Any] = {"name": each.name, **ranked[0], "top": ranked}
    return values | ({"warning": BEYOND_RANGE} if each.beyond_range else {})


def _json(values: Any, status: int) -> Response:
    return Response(json.dumps(values), status, {"cache-control": "no-store"}, "application/json")
