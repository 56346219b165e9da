"""What a request to /predict may hold, before a picture is decoded."""

from __future__ import annotations

import tracemalloc

import pytest

pytestmark = pytest.mark.extras
pytest.importorskip("starlette")
pytest.importorskip("python_multipart")

from convwise.http_core.problems import Problem  # noqa: E402
from convwise.serving.inputs import pictures_in  # noqa: E402


@pytest.mark.parametrize("value", ["[]", "{}", "0", '"a"', '{"a":0}'])
def test_json_of_many_small_values_takes_no_more_memory_than_its_text(value: str) -> None:
    body = f'{{"pictures":[{",".join([value] * 200_000)}]}}'.encode()
    tracemalloc.start()
    try:
        with pytest.raises(Problem) as refused:
            pictures_in(body, "application/json", 64)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert refused.value.status == 413
    assert peak < 3 * len(body) + 2**16


def test_json_of_the_most_pictures_with_names_of_commas_is_read() -> None:
    entry = '{"name": "%s", "data": ""}' % ("," * 255)
    body = f'{{"pictures": [{", ".join([entry] * 64)}]}}'.encode()
    assert len(pictures_in(body, "application/json", 64)) == 64
