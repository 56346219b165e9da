"""The application: which path is answered by what. The gate stands before it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import parse_qsl

from starlette.responses import JSONResponse, Response

from convwise.http_core.bodies import Intake
from convwise.http_core.headers import header
from convwise.http_core.limits import Limits
from convwise.http_core.problems import Problem
from convwise.serving import pages
from convwise.serving.inputs import pictures_in
from convwise.serving.metrics import Metrics
from convwise.serving.openapi import description
from convwise.serving.outputs import answer
from convwise.serving.predicting import Predicting

_USUAL_TOP = 5
_LARGE_BYTES = 2**18
_GET = ("GET", "HEAD")
Answering = Callable[[Any, Any], Awaitable[Response]]


class Application:
    """Answers requests for the pictures and the words of one export.

    Args:
        labels: What an export says of itself, as /labels tells it.
        predicting: What answers pictures.
        limits: What a request may bring.
        metrics: Where is counted.
        guarded: Whether clients need a token, which is the gate's business, and is described.
    """

    def __init__(
        self, labels: dict[str, Any], predicting: Predicting, limits: Limits, metrics: Metrics, *, guarded: bool
    ) -> None:
        class_names = tuple(labels["class_names"])
        described = description(class_names, limits, guarded=guarded)
        self._class_names, self._predicting, self._limits, self._metrics = class_names, predicting, limits, metrics
        self._intake = Intake(limits)
        self.draining: Callable[[], bool] = lambda: False
        self._fixed = {
            "/labels": JSONResponse(labels),
            "/healthz": JSONResponse({"status": "ok"}),
            "/openapi.json": JSONResponse(described),
            "/docs": pages.docs(described),
            **pages.files(),
        }
        self._routes: dict[str, tuple[tuple[str, ...], Answering]] = {
            "/predict": (("POST",), self._predict),
            "/readyz": (_GET, self._ready),
            "/metrics": (_GET, self._measured),
            **dict.fromkeys(self._fixed, (_GET, self._file)),
        }

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        """Answers one request, or tells uvicorn that there is nothing to start."""
        if scope["type"] == "lifespan":
            await _lifespan(receive, send)
            return
        methods, answering = self._routes.get(scope["path"], (None, None))
        if methods is None or answering is None:
            raise Problem(404, "there is nothing at this path")
        if scope["method"] not in methods:
            raise Problem(405, f"{scope['path']} takes {' and '.join(methods)}", headers={"allow": ", ".join(methods)})
        await (await answering(scope, receive))(scope, receive, send)

    async def _predict(self, scope: Any, receive: Any) -> Response:
        top = _top(scope)
        async with self._intake.body(scope, receive) as body:
            self._metrics.add("convwise_received_bytes_total", len(body))
            given = body, header(scope, b"content-type"), self._limits.most_files
            # Text of many megabytes takes a while to read, and others would wait for it.
            large = len(body) > _LARGE_BYTES
            pictures = await asyncio.to_thread(pictures_in, *given) if large else pictures_in(*given)
            answered = await self._predicting.answers(pictures)
        n_refused = sum(each.problem is not None for each in answered)
        self._metrics.add('convwise_pictures_total{outcome="answered"}', len(answered) - n_refused)
        self._metrics.add('convwise_pictures_total{outcome="refused"}', n_refused)
        return answer(answered, self._class_names, top)

    async def _ready(self, scope: Any, receive: Any) -> Response:
        if self.draining():
            raise Problem(503, "the server is about to end")
        if self._predicting.full:
            raise Problem(503, "too many pictures are waiting", headers={"retry-after": "1"})
        return JSONResponse({"status": "ready"})

    async def _measured(self, scope: Any, receive: Any) -> Response:
        return Response(self._metrics.text(), media_type="text/plain; version=0.0.4")

    async def _file(self, scope: Any, receive: Any) -> Response:
        return self._fixed[scope["path"]]


def _top(scope: Any) -> int:
    given = dict(parse_qsl(scope["query_string"].decode("latin-1"))).get("top", str(_USUAL_TOP))
    if not given.isascii() or not given.isdigit() or not 1 <= int(given[:9]) <= 100_000 or len(given) > 6:
        raise Problem(400, "top must be a whole number from 1 to 100,000")
    return int(given)


async def _lifespan(receive: Any, send: Any) -> None:
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
