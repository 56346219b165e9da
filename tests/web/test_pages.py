"""What the pages say of runs and studies: whole, half-written, broken, old, or gone while they are shown."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.made_run import draw_pictures, make_run
from tests.web_client import Client, opened

pytestmark = pytest.mark.extras
pytest.importorskip("uvicorn", reason="make test-extras installs it")
OLD = Path(__file__).parents[1] / "old_records"


@pytest.fixture
def client(tmp_path: Path) -> Iterator[Client]:
    with opened(tmp_path) as made:
        yield made


def a_run(place: Path) -> Path:
    draw_pictures(place / "pictures", ["ant", "bee"], 12)
    return make_run(place / "runs" / "first", place / "pictures").folder


def test_an_empty_folder_says_what_to_type(client: Client) -> None:
    text = client.get("/").body.decode()
    assert "There is no run and no study here yet." in text
    assert "convwise train shapes --out" in text
    assert "convwise data add shapes" in client.get("/data/").body.decode()


def test_a_finished_run_is_shown_with_its_score_and_its_report(client: Client, tmp_path: Path) -> None:
    a_run(tmp_path)
    assert "Runs: 1 finished." in client.get("/").body.decode()
    text = client.get("/run/runs/first").body.decode()
    assert "test images are right" in text
    assert "live-part src" not in text  # nothing is watched that changes no more
    report = client.get("/report/runs/first")
    assert (report.status, b'id="mistakes"' in report.body) == (200, True)
    assert client.get("/pictures/pictures").body.count(b"ant") > 0
    assert not (tmp_path / "runs" / "first" / "report.html").exists()  # the folder stays as it is


@pytest.mark.parametrize(
    ("harm", "said"),
    [
        (lambda run: (run / "split.json").write_text("{"), "damaged"),
        (lambda run: (run / "run.json").write_text('{"epochs": "many"}'), "damaged"),
        (lambda run: (run / "settings.json").write_text('{"format": 99}'), "damaged"),
        (lambda run: (run / "settings.json").write_bytes(b"\xff" * 100), "damaged"),
        (lambda run: (run / "evaluation.json").unlink(), "damaged"),
        (lambda run: (run / "classes.json").unlink(), "damaged"),
        (lambda run: (run / "run.json").unlink(), "not finished"),
        (lambda run: (run / "metrics.jsonl").write_text('{"epoch": 1, "lo'), ""),
        (lambda run: (run / "metrics.jsonl").write_text('{"epoch": 1, "loss": NaN, "val_loss": "x"}'), ""),
        (lambda run: (run / "metrics.jsonl").unlink(), ""),
        (lambda run: (run / "predictions.npz").write_bytes(b"PK"), ""),
        (lambda run: (run / "model.keras").unlink(), ""),
    ],
)
def test_a_broken_run_is_a_line_in_the_list_and_never_a_failure_of_the_page(
    client: Client, tmp_path: Path, harm: Callable[[Path], object], said: str
) -> None:
    run = a_run(tmp_path)
    harm(run)
    text = client.get("/").body.decode()
    assert "runs/first" in text
    assert said in text
    for kind in ("run", "report", "predict"):
        found = client.get(f"/{kind}/runs/first")
        assert found.status in (200, 404, 422), kind
        assert "Traceback" not in found.body.decode()


def test_a_run_that_goes_away_while_it_is_shown_is_said_to_be_gone(client: Client, tmp_path: Path) -> None:
    run = a_run(tmp_path)
    assert client.get("/run/runs/first").status == 200
    shutil.rmtree(run)
    assert client.get("/run/runs/first").status == 404
    assert "There is no run" in client.get("/").body.decode()


def test_the_stream_of_a_run_brings_its_page_and_ends_with_the_run(client: Client, tmp_path: Path) -> None:
    a_run(tmp_path)
    body = client.ask("/run-live/runs/first", headers={}, waits=True).body.decode()
    kind, data = re.findall(r"^event: (\w+)\ndata: (.*)\n\n$", body, flags=re.S)[0]
    assert kind == "over"
    assert json.loads(data)["html"].strip() in client.get("/run/runs/first").body.decode()


def test_a_run_that_goes_away_while_it_is_watched_ends_its_stream(client: Client, tmp_path: Path) -> None:
    run = a_run(tmp_path)
    (run / "run.json").unlink()
    gone = threading.Timer(1.5, shutil.rmtree, [run])
    gone.start()
    body = client.ask("/run-live/runs/first", headers={}, waits=True).body.decode()
    gone.join()
    kinds = re.findall(r"^event: (\w+)$", body, flags=re.M)
    assert kinds == ["news", "over"]
    assert "Epoch 6 of 6" in body
    assert "it may have been moved or removed" in body


def test_records_of_earlier_versions_are_shown(client: Client, tmp_path: Path) -> None:
    for name in ("run", "study", "whole-study"):
        shutil.copytree(OLD / name, tmp_path / name)
    text = client.get("/").body.decode()
    assert "of an earlier version" in text
    for path in ("/run/run", "/study/study", "/study/whole-study", "/report/study"):
        assert client.get(path).status == 200, path


def test_a_broken_study_is_a_line_in_the_list(client: Client, tmp_path: Path) -> None:
    shutil.copytree(OLD / "whole-study", tmp_path / "study")
    for name, text in (("trials.jsonl", "no trial\n"), ("plan.json", "{}"), ("result.json", "[]"), ("study.json", "7")):
        (tmp_path / "study" / name).write_text(text)
        assert client.get("/study/study").status == 422
        assert "study" in client.get("/").body.decode()
    assert "damaged" in client.get("/").body.decode()


def test_runs_are_compared_on_one_page(client: Client, tmp_path: Path) -> None:
    a_run(tmp_path)
    make_run(tmp_path / "runs" / "second", tmp_path / "pictures", seed=1)
    found = client.get("/compare", query="run=runs%2Ffirst&run=runs%2Fsecond")
    assert (found.status, b'id="differences"' in found.body) == (200, True)
    assert client.get("/compare", query="run=runs%2Ffirst").status == 422
    assert client.get("/compare", query="run=runs%2Ffirst&run=..%2Fsecond").status == 404
    assert client.get("/compare", query="&".join(["run=a"] * 200)).status == 400


def test_the_command_serves_this_machine_alone_and_ends_with_ctrl_c(tmp_path: Path) -> None:
    """A real process: its address, its port when that is taken, and its exit code."""
    begun = subprocess.Popen(
        [sys.executable, "-m", "convwise", "web", str(tmp_path), "--port", "0"], stdout=subprocess.PIPE, text=True
    )
    assert begun.stdout is not None
    host, port, token = re.findall(r"open http://([\d.]+):(\d+)/\?token=(\S+)", begun.stdout.readline())[0]
    assert host == "127.0.0.1"
    with socket.create_connection((host, int(port)), timeout=20) as asked:
        asked.sendall(f"GET /live HTTP/1.1\r\nhost: {host}:{port}\r\ncookie: convwise-{port}={token}\r\n\r\n".encode())
        received = b""
        while b"event: news" not in received:
            received += asked.recv(65536)
        taken = subprocess.run(
            [sys.executable, "-m", "convwise", "web", str(tmp_path), "--port", port], capture_output=True, text=True
        )
        assert taken.returncode == 2
        assert taken.stderr.startswith(f"convwise: --port {port}: it is taken")
        os.kill(begun.pid, signal.SIGINT)  # while a page is watching
        assert begun.wait(20) == 0
        begun.stdout.close()
    assert list(tmp_path.iterdir()) == []


def test_the_function_serves_the_same_page_and_returns_when_it_is_ended(tmp_path: Path) -> None:
    code = (
        "import convwise, sys; convwise.web(sys.argv[1], port=0, ready=lambda at: print(at, flush=True)); print('over')"
    )
    begun = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert begun.stdout is not None
    address = begun.stdout.readline().strip()
    with urllib.request.urlopen(address) as answer:
        assert "<h1>" in answer.read().decode()
    begun.send_signal(signal.SIGTERM)
    assert begun.stdout.read() == "over\n"
    assert begun.wait(20) == 0
    begun.stdout.close()


def test_reading_needs_no_backend(tmp_path: Path) -> None:
    """In a process of its own: whatever the pages of a folder show of runs and studies, TensorFlow stays out."""
    a_run(tmp_path)
    shutil.copytree(OLD / "whole-study", tmp_path / "study")
    code = f"""
import pathlib, sys
from tests.web_client import opened
with opened(pathlib.Path({str(tmp_path)!r})) as client:
    paths = ("/", "/data/", "/run/runs/first", "/study/study", "/report/study", "/playground/", "/predict/runs/first")
    print([client.get(path).status for path in paths], "keras" in sys.modules, "tensorflow" in sys.modules)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == f"{[200] * 7} False False"


@pytest.mark.parametrize(("options", "said"), [(["nowhere"], "no such folder"), (["--port", "70000"], "--port")])
def test_what_cannot_be_is_a_line(
    options: list[str], said: str, capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from convwise import cli

    monkeypatch.chdir(tmp_path)
    assert cli.main(["web", *options]) == 2
    assert said in capsys.readouterr().err
