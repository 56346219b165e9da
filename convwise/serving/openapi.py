"""The description of the server in OpenAPI, written out: what is asked, what is answered, with examples that work."""

from __future__ import annotations

import base64
import io
from typing import Any

from PIL import Image

from convwise.http_core.limits import Limits

_JSON, _PICTURE = "application/json", "image/png"
_REASONS = {
    "400": "The request is not what it says it is.",
    "401": "A token is needed, and was not sent or is wrong.",
    "403": "Another host name or origin than the server's own.",
    "408": "The body did not arrive in time.",
    "413": "Too many bytes, pixels or pictures.",
    "415": "No picture, or one of a format that is not read.",
    "422": "A picture that cannot be decoded, with the reason.",
    "503": "Too much is waiting; ask again after the seconds in Retry-After.",
}


def example_picture() -> bytes:
    """A small PNG that every network reads."""
    made = io.BytesIO()
    Image.linear_gradient("L").resize((16, 16)).convert("RGB").save(made, "PNG")
    return made.getvalue()


def description(class_names: tuple[str, ...], limits: Limits, *, guarded: bool) -> dict[str, Any]:
    """The whole description, as plain values; `guarded`: whether there is a token."""
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "Labels of pictures",
            "version": "1",
            "description": "A network labels pictures. Send one or many; each is answered with its label, how probable "
            "that is, and the next labels.",
        },
        "security": [{"bearer": []}, {"header": []}] if guarded else [],
        "paths": {
            "/predict": {"post": _predict(limits)},
            "/labels": {"get": _get("The classes, and how a picture becomes the network's input.", "Labels")},
            "/healthz": {"get": _get("Whether the process is alive.", "Status", is_open=True)},
            "/readyz": {"get": _get("Whether it takes requests now.", "Status", "503", is_open=True)},
            "/metrics": {"get": _text("Counters in Prometheus's text format.", "text/plain")},
            "/openapi.json": {"get": _get("This description.", "Any")},
            "/docs": {"get": _text("This description as a page.", "text/html")},
            "/": {"get": _text("A page to drop a picture on.", "text/html")},
        },
        "components": {
            "securitySchemes": {
                "bearer": {"type": "http", "scheme": "bearer"},
                "header": {"type": "apiKey", "in": "header", "name": "X-Token"},
            },
            "schemas": _schemas(class_names, limits),
        },
    }


def _predict(limits: Limits) -> dict[str, Any]:
    data = base64.b64encode(example_picture()).decode("ascii")
    form = {
        "type": "object",
        "properties": {
            "files": {
                "type": "array",
                "items": {"type": "string", "format": "binary"},
                "minItems": 1,
                "maxItems": limits.most_files,
            }
        },
        "required": ["files"],
    }
    raw = {"schema": {"type": "string", "format": "binary"}}
    return {
        "operationId": "predict",
        "summary": "Label one picture or many.",
        "description": "Files of a form under any name, one picture as the body itself, or base64 in JSON. Where one "
        "picture of several has no answer, the others have theirs, and the status is 200.",
        "parameters": [
            {
                "name": "top",
                "in": "query",
                "description": "How many of the most probable labels are listed.",
                "schema": {"type": "integer", "minimum": 1, "maximum": 100_000, "default": 5},
                "example": 3,
            }
        ],
        "requestBody": {
            "required": True,
            "content": {
                _JSON: {
                    "schema": _reference("Pictures"),
                    "example": {"pictures": [{"name": "gradient.png", "data": data}]},
                },
                "multipart/form-data": {"schema": form},
                _PICTURE: raw,
                "image/jpeg": raw,
                "application/octet-stream": raw,
            },
        },
        "responses": {
            "200": _answer("The answers, in the order of the pictures.", _JSON, _reference("Predictions")),
            **_problems("400", "401", "403", "408", "413", "415", "422", "503"),
        },
    }


def _get(summary: str, schema: str, *further: str, is_open: bool = False) -> dict[str, Any]:
    described: dict[str, Any] = {
        "summary": summary,
        "responses": {"200": _answer(summary, _JSON, _reference(schema)), **_problems("403", *further)},
    }
    if is_open:
        return {**described, "security": []}
    described["responses"] |= _problems("401")
    return described


def _text(summary: str, media_type: str) -> dict[str, Any]:
    responses = {"200": _answer(summary, media_type, {"type": "string"}), **_problems("401", "403")}
    return {"summary": summary, "responses": responses}


def _answer(told: str, media_type: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": told, "content": {media_type: {"schema": schema}}}


def _problems(*statuses: str) -> dict[str, Any]:
    return {status: _answer(_REASONS[status], _JSON, _reference("Problem")) for status in statuses}


def _reference(schema: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{schema}"}


def _schemas(class_names: tuple[str, ...], limits: Limits) -> dict[str, Any]:
    label = {"type": "string", "examples": [class_names[0]]}
    share = {"type": "number", "minimum": 0, "maximum": 1}
    text, whole = {"type": "string"}, {"type": "integer"}
    ranked = {"type": "object", "properties": {"label": label, "probability": share},
              "required": ["label", "probability"]}  # fmt: skip
    picture = {
        "type": "object",
        "properties": {
            "name": {"type": "string", "maxLength": 255},
            "data": {"type": "string", "contentEncoding": "base64", "description": "The file's bytes."},
        },
        "required": ["data"],
        "additionalProperties": False,
    }
    answered = {
        "type": "object",
        "description": "An answer, or why there is none.",
        "properties": {
            "name": text,
            "label": label,
            "probability": share,
            "top": {"type": "array", "items": ranked},
            "warning": text,
            "error": text,
            "status": whole,
        },
        "required": ["name"],
    }
    answers = {"type": "array", "items": _reference("Prediction")}
    return {
        "Pictures": {
            "type": "object",
            "properties": {
                "pictures": {"type": "array", "items": picture, "minItems": 1, "maxItems": limits.most_files}
            },
            "required": ["pictures"],
            "additionalProperties": False,
        },
        "Prediction": answered,
        "Predictions": {"type": "object", "properties": {"predictions": answers}, "required": ["predictions"]},
        "Labels": {
            "type": "object",
            "properties": {
                "class_names": {"type": "array", "items": text},
                "height": whole,
                "width": whole,
                "channels": whole,
                "resize": text,
            },
            "required": ["class_names", "height", "width", "channels", "resize"],
        },
        "Problem": {
            "type": "object",
            "properties": {"error": text, "status": whole, "predictions": answers},
            "required": ["error", "status"],
        },
        "Status": {"type": "object", "properties": {"status": text}, "required": ["status"]},
        "Any": {"type": "object"},
    }
