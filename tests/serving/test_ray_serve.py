"""The adapter for Ray Serve, as the page has it, on a local Ray; and the adapter's answers beside the server's."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.extras
for _needed in ("onnxruntime", "onnx", "uvicorn"):
    pytest.importorskip(_needed)

from convwise.serving.adapter import Predictor  # noqa: E402
from tests.serving.made_export import picture  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
RED = picture((250, 10, 10))
_RUN = """
import sys, urllib.request
import ray
ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False)
serve.start(http_options={"port": int(sys.argv[1])})
serve.run(app)
request = urllib.request.Request(f"http://127.0.0.1:{sys.argv[1]}/", open(sys.argv[2], "rb").read())
print("answer", urllib.request.urlopen(request).read().decode())
serve.shutdown()
"""


def test_bytes_become_the_entries_of_the_server(export: Path) -> None:
    predictor = Predictor.open(export)
    found = predictor.predict([RED, b"no", RED[:-40], picture((1, 1, 250))], top=1)
    assert [each.get("label") for each in found] == ["red", None, None, "blue"]
    assert [each.get("status") for each in found] == [None, 415, 422, None]
    assert predictor.predict([]) == []
    assert predictor.predict([b"no"])[0]["status"] == 415


@pytest.mark.slow
def test_ray_serve_answers_by_the_adapter_that_the_page_shows(export: Path, tmp_path: Path) -> None:
    asked = subprocess.run([sys.executable, "-c", "from ray import serve"], capture_output=True, text=True, check=False)
    if asked.returncode:
        pytest.skip(f"Ray Serve is not installed in full (ray[serve]): {asked.stderr.strip().splitlines()[-1]}")
    from tests.serving.running import free_port

    page = (ROOT / "docs/how-to/serve.md").read_text(encoding="utf-8")
    (block,) = re.findall(r"```python\n# serve_on_ray.py\n(.*?)```", page, re.S)
    assert "/exports/first" in block
    script = tmp_path / "serve_on_ray.py"
    script.write_text(block.replace("/exports/first", str(export)) + _RUN)
    (tmp_path / "red.png").write_bytes(RED)
    command = [sys.executable, str(script), str(free_port()), str(tmp_path / "red.png")]
    ended = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    assert ended.returncode == 0, ended.stderr[-2000:]
    (line,) = [line for line in ended.stdout.splitlines() if line.startswith("answer ")]
    assert json.loads(line.removeprefix("answer ")) == Predictor.open(export).predict([RED])
