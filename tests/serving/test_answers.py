"""What the server answers, against NumPy and against the rules that it states of itself."""

from __future__ import annotations

import base64
import io
import json
import random
from typing import Any

import numpy as np
import pytest
from PIL import Image

pytestmark = [pytest.mark.extras, pytest.mark.slow]
for _needed in ("onnxruntime", "onnx", "uvicorn", "httpx"):
    pytest.importorskip(_needed)

from convwise.images.image_shape import ImageShape  # noqa: E402
from convwise.images.reading import read_picture  # noqa: E402
from tests.hostile.kinds.picture_changes import ANYHOW, INCOMPLETE  # noqa: E402
from tests.hostile.kinds.picture_files import SUFFIX, valid_picture  # noqa: E402
from tests.serving.made_export import CLASSES, SIDE, expected, picture  # noqa: E402
from tests.serving.running import Served  # noqa: E402

RED, GREEN = picture((250, 10, 10)), picture((10, 250, 10))


def _noise(seed: int, side: int = 40) -> bytes:
    pixels = np.random.default_rng(seed).integers(0, 256, (side, side + 5, 3), dtype=np.uint8)
    made = io.BytesIO()
    Image.fromarray(pixels).save(made, "PNG")
    return made.getvalue()


def _rows(answer: Any) -> list[dict[str, float]]:
    return [{each["label"]: each["probability"] for each in one["top"]} for one in answer.json()["predictions"]]


def test_each_way_to_send_pictures_gives_the_probabilities_that_numpy_computes(server: Served) -> None:
    data = [_noise(1), _noise(2)]
    shape = ImageShape(SIDE, SIDE)
    truth = [
        dict(zip(CLASSES, expected(read_picture(each, shape=shape, resize="stretch").pixels), strict=True))
        for each in data
    ]
    with server.client() as client:
        form = client.post("/predict", files=[("a", ("1.png", data[0])), ("b", ("2.png", data[1]))])
        coded = [{"data": base64.b64encode(each).decode()} for each in data]
        raw = [client.post("/predict", content=each, headers={"content-type": "image/png"}) for each in data]
        for rows in (
            _rows(form),
            _rows(client.post("/predict", json={"pictures": coded})),
            [_rows(each)[0] for each in raw],
        ):
            for row, true in zip(rows, truth, strict=True):
                assert row == pytest.approx(true, abs=1e-6)  # float32 against float64
    assert [each["name"] for each in form.json()["predictions"]] == ["1.png", "2.png"]
    first = form.json()["predictions"][0]
    assert first["probability"] == first["top"][0]["probability"] == max(_rows(form)[0].values())


def test_top_says_how_many_labels(server: Served) -> None:
    with server.client() as client:
        for top, n in (("1", 1), ("2", 2), ("99", 3)):
            answer = client.post(f"/predict?top={top}", content=RED, headers={"content-type": "image/png"})
            assert len(answer.json()["predictions"][0]["top"]) == n
        for top in ("0", "-1", "x", "1e3", "9" * 40, ""):
            answer = client.post("/predict", params={"top": top}, content=RED, headers={"content-type": "image/png"})
            assert answer.status_code == (200 if top == "" else 400), top


@pytest.mark.parametrize(
    ("status", "content", "kind"),
    [
        (400, b"", "image/png"),
        (400, b"{", "application/json"),
        (400, b"[]", "application/json"),
        (400, b'{"pictures": []}', "application/json"),
        (400, b'{"pictures": [{"data": "@@"}]}', "application/json"),
        (400, b'{"pictures": [{"data": 5}]}', "application/json"),
        (400, b'{"pictures": [{"data": "", "path": "/etc/passwd"}]}', "application/json"),
        (400, b"[" * 50_000, "application/json"),
        (400, b"x", "multipart/form-data"),
        (413, b"x" * 100_001, "image/png"),
        (413, json.dumps({"pictures": [{"data": ""}] * 6}).encode(), "application/json"),
        (413, picture((1, 2, 3), side=201), "image/png"),
        (415, b"hello", "image/png"),
        (415, b"hello", "text/plain"),
        (415, b"", "text/plain"),
        (422, RED[:-40], "image/png"),
    ],
)
def test_what_cannot_be_answered_has_the_status_that_says_why(
    server: Served, status: int, content: bytes, kind: str
) -> None:
    with server.client() as client:
        answer = client.post("/predict", content=content, headers={"content-type": kind})
    assert answer.status_code == status
    assert answer.json()["status"] == status
    assert len(answer.json()["error"]) > 10


def test_one_bad_picture_of_several_leaves_the_others_their_answers(server: Served) -> None:
    with server.client() as client:
        files = [("f", ("a.png", RED)), ("f", ("b.png", b"no")), ("f", ("c.png", GREEN))]
        answer = client.post("/predict", files=files)
        assert answer.status_code == 200
        found = answer.json()["predictions"]
        assert [each.get("label") for each in found] == ["red", None, "green"]
        assert (found[1]["name"], found[1]["status"]) == ("b.png", 415)
        answer = client.post("/predict", files=[("f", ("b.png", b"no")), ("f", ("d.png", RED[:-40]))])
        assert answer.status_code == 415
        assert [each["status"] for each in answer.json()["predictions"]] == [415, 422]


def test_hostile_uploads_are_never_the_servers_fault(server: Served) -> None:
    """A thousand of the fuzz suite's; benchmarks/serve_load.py sends more."""
    rng = random.Random(11)
    statuses: dict[int, int] = {}
    with server.client() as client:
        for number in range(1000):
            form = rng.choice(tuple(SUFFIX))
            if number % 4 == 0:
                data, must_fail = rng.choice(INCOMPLETE)(rng, valid_picture(rng, form, side=32)), True
            else:
                data, must_fail = valid_picture(rng, form), False
                for _ in range(rng.choice((0, 1, 1, 2))):
                    data = rng.choice(ANYHOW)(rng, data) if len(data) > 8 else data
            answer = client.post("/predict", files={"f": (f"a.{SUFFIX[form]}", data)})
            statuses[answer.status_code] = statuses.get(answer.status_code, 0) + 1
            assert answer.status_code in (200, 413, 415, 422), answer.text
            assert not (must_fail and answer.status_code == 200)
        answer = client.post("/predict", content=RED, headers={"content-type": "image/png"})
        assert answer.json()["predictions"][0]["label"] == "red"
    assert min(statuses.get(200, 0), statuses.get(422, 0)) > 125, statuses
    assert not [line for line in server.log if line["event"] in ("error", "library")]


def test_each_path_answers_and_others_are_not_found(server: Served) -> None:
    with server.client() as client:
        labels = client.get("/labels").json()
        assert labels == {
            "class_names": list(CLASSES),
            "height": SIDE,
            "width": SIDE,
            "channels": 3,
            "resize": "stretch",
        }
        assert client.get("/healthz").json() == {"status": "ok"}
        assert client.get("/readyz").json() == {"status": "ready"}
        assert client.head("/labels").status_code == 200
        for path in ("/nothing", "/predict/", "/../etc/passwd", "/%2e%2e/labels.json", "/model.onnx"):
            assert client.get(path).status_code == 404, path
        refused = client.get("/predict")
        assert (refused.status_code, refused.headers["allow"]) == (405, "POST")
        assert client.post("/labels").headers["allow"] == "GET, HEAD"


def test_metrics_count_what_was_asked(server: Served) -> None:
    def value(client: Any, series: str) -> float:
        lines = [line for line in client.get("/metrics").text.splitlines() if line.startswith(series + " ")]
        return float(lines[0].split()[1]) if lines else 0.0

    with server.client() as client:
        asked = 'convwise_requests_total{path="/predict",status="200",worker="0"}'
        pictures = 'convwise_pictures_total{outcome="answered",worker="0"}'
        batched = 'convwise_batch_pictures_sum{worker="0"}'
        before = [value(client, each) for each in (asked, pictures, batched)]
        client.post("/predict", files=[("f", ("a", RED)), ("f", ("b", GREEN))])
        assert [value(client, each) for each in (asked, pictures, batched)] == [
            before[0] + 1,
            before[1] + 2,
            before[2] + 2,
        ]
        text = client.get("/metrics").text
    for line in text.splitlines():  # the text format: comments, or a series and a number
        assert line.startswith("# ") or float(line.rpartition(" ")[2]) >= 0


def test_the_description_holds_examples_that_work(server: Served) -> None:
    with server.client() as client:
        described = client.get("/openapi.json").json()
        operation = described["paths"]["/predict"]["post"]
        example = operation["requestBody"]["content"]["application/json"]["example"]
        answer = client.post("/predict", params={"top": operation["parameters"][0]["example"]}, json=example)
        assert answer.status_code == 200
        assert len(answer.json()["predictions"][0]["top"]) == 3
        for path in described["paths"]:
            assert path == "/predict" or client.get(path).status_code == 200
        page = client.get("/docs").text
    assert all(path in page for path in described["paths"])


def test_no_answer_tells_a_path_a_version_or_a_traceback(server: Served, export: Any) -> None:
    import platform

    with server.client() as client:
        answers = [client.get(path) for path in ("/labels", "/docs", "/", "/nothing", "/metrics", "/openapi.json")]
        answers.append(client.post("/predict", content=b"x", headers={"content-type": "image/png"}))
        answers.append(client.post("/predict", content=b"{" * 9, headers={"content-type": "application/json"}))
    for answer in answers:
        told = answer.text + str(answer.headers)
        for secret in (str(export), str(export.parent), "0.1.0", platform.python_version(), "Traceback", "uvicorn"):
            assert secret not in told


def test_logs_are_json_without_names_of_pictures_or_queries(server: Served) -> None:
    with server.client() as client:
        client.post("/predict?top=2&secret=hidden", files={"f": ("private-name.png", RED)})
        client.get("/healthz")
    lines = server.log
    assert {"time", "event", "method", "path", "status", "ms", "client"} <= lines[-1].keys()
    told = json.dumps(lines)
    assert "private-name" not in told
    assert "hidden" not in told


def test_the_server_does_not_say_what_it_is_not_asked_in_html(server: Served) -> None:
    with server.client() as client:
        page = client.get("/")
        assert page.headers["content-type"] == "text/html; charset=utf-8"
        assert "unsafe" not in page.headers["content-security-policy"]
        assert "<script>" not in page.text
        assert "onclick" not in page.text
        assert client.get("/page.js").headers["content-type"].startswith("text/javascript")
