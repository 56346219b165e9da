"""The server's life: what it imports, who may ask, slow clients, a full queue, its end, several workers."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any

import pytest

pytestmark = [pytest.mark.extras, pytest.mark.slow]
for _needed in ("onnxruntime", "onnx", "uvicorn", "httpx"):
    pytest.importorskip(_needed)

import httpx  # noqa: E402

from convwise.errors import ConvwiseError  # noqa: E402
from convwise.export.proof import Proof  # noqa: E402
from convwise.serving.serve import exported_folder  # noqa: E402
from tests.export.test_proof import BEFORE, COSTS, IMAGES, against  # noqa: E402
from tests.serving.made_export import make_export, picture  # noqa: E402
from tests.serving.running import Served, served  # noqa: E402

RED = picture((250, 10, 10))
TOKEN = "a-token-of-the-tests"
_KIND = {"content-type": "image/png"}
# Modules that serving must not need: as if they were not installed.
_WITHOUT = ("keras", "tensorflow", "jax", "torch", "scipy", "matplotlib", "rich", "h5py", "jinja2", "fastapi",
            "pydantic", "threadpoolctl", "onnx", "tf2onnx", "sklearn")  # fmt: skip


def _ask(client: httpx.Client) -> int:
    return client.post("/predict", content=RED, headers=_KIND).status_code


def test_it_serves_where_keras_tensorflow_and_what_trains_are_not_installed(export: Path) -> None:
    code = f"import sys\nsys.modules.update(dict.fromkeys({_WITHOUT!r}))"
    with served(export, code=code) as running, running.client() as client:
        assert _ask(client) == 200
        resident = float(client.get("/metrics").text.partition('convwise_resident_bytes{worker="0"} ')[2].split()[0])
    assert 0 < resident < 250 * 2**20


def test_no_keras_is_in_the_serving_process(export: Path) -> None:
    code = (
        "import atexit, sys\n"
        f"atexit.register(lambda: print('loaded', [m for m in {_WITHOUT!r} if m in sys.modules], flush=True))"
    )
    with served(export, code=code) as running:
        with running.client() as client:
            assert _ask(client) == 200
        assert running.end() == 0
        assert running.process.stdout
        assert running.process.stdout.read() == "loaded []\n"


def test_a_token_guards_all_but_the_two_that_watch(export: Path) -> None:
    with served(export, "--host", "0.0.0.0", CONVWISE_TOKEN=TOKEN) as running:
        port = running.port
        with httpx.Client(base_url=f"http://127.0.0.1:{port}") as client:
            for path in ("/", "/labels", "/metrics", "/docs", "/openapi.json", "/nothing"):
                assert client.get(path).status_code == 401, path
            assert _ask(client) == 401
            assert client.get("/healthz").status_code == client.get("/readyz").status_code == 200
            assert client.get("/labels", headers={"authorization": f"Bearer {TOKEN}"}).status_code == 200
            opened = client.get(f"/?token={TOKEN}", headers={"accept": "text/html"})
            assert (opened.status_code, opened.headers["location"]) == (303, "/")
            assert client.get("/labels").status_code == 200  # by the cookie
            assert _ask(client) == 200
            assert client.get("/labels", headers={"origin": "http://evil.example"}).status_code == 403
        assert TOKEN not in str(running.log)


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--host", "0.0.0.0"), "--host 0.0.0.0: other machines could ask without a token"),
        (("--token", "short"), "--token"),
        (("--port", "70000"), "--port 70000: it must be a whole number"),
        (("--host", "no.such.host.invalid", "--insecure"), "--host no.such.host.invalid: no such address"),
        (("--host", "192.0.2.1", "--insecure"), "--host 192.0.2.1: it is no address of this machine"),
        (("--most-waiting", "3"), "--most-waiting 3: a request may bring --most-files 64"),
        (("--workers", "0"), "--workers 0: it must be"),
    ],
)
def test_what_cannot_be_served_is_one_line_and_exit_code_2(export: Path, options: tuple[str, ...], told: str) -> None:
    command = [sys.executable, "-m", "convwise", "serve", str(export), *options]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.startswith(f"convwise: {told}"), ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_port_that_is_taken_and_an_export_without_onnx_are_refused(export: Path, tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        command = [sys.executable, "-m", "convwise", "serve", str(export), "--port", port]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (ended.returncode, f"--port {port}: it is taken" in ended.stderr) == (2, True)
    (tmp_path / "labels.json").write_text((export / "labels.json").read_text())
    for place, told in ((tmp_path, "--to onnx"), (tmp_path / "nothing", "neither an export nor a finished run")):
        command = [sys.executable, "-m", "convwise", "serve", str(place), "--port", "0"]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        assert (ended.returncode, told in ended.stderr) == (2, True), ended.stderr


def test_the_export_beside_a_run_is_not_served_where_its_proof_failed(export: Path, tmp_path: Path) -> None:
    shutil.copytree(export, tmp_path / "export")
    (tmp_path / "run.json").write_text("{}")
    assert exported_folder(tmp_path) == tmp_path / "export"
    after = BEFORE.copy()
    after[2] = (0.45, 0.55)
    proof = Proof("run", "test", 6, IMAGES.accuracy(BEFORE), COSTS, (against(after),), {}, 1.0)
    proof.write(tmp_path / "export")
    with pytest.raises(ConvwiseError, match=f"onnx does not answer as the run.* remove {tmp_path}/export and export"):
        exported_folder(tmp_path)
    assert exported_folder(tmp_path / "export") == tmp_path / "export"  # asked for by its name


def test_slow_clients_are_cut_off_and_cost_others_nothing(server: Served) -> None:
    heads = [b"", b"POST /predict HT", b"GET / HTTP/1.1\r\nHost: localhost\r\nX: "]
    bodies = [
        b"POST /predict HTTP/1.1\r\nHost: localhost\r\nContent-Length: 500\r\nContent-Type: image/png\r\n\r\n"
        + RED[:9],
        b"POST /predict HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n12345\r\n",
    ]
    slow = [socket.create_connection(("127.0.0.1", server.port)) for _ in range(10 * len(heads + bodies))]
    for number, each in enumerate(slow):
        each.settimeout(30)
        each.sendall((heads + bodies)[number % len(heads + bodies)])
    with server.client() as client:
        assert all(_ask(client) == 200 for _ in range(20))
        for number, each in enumerate(slow):  # the server ends each of them by itself
            told = b""
            while piece := each.recv(4096):
                told += piece
            assert told.startswith(b"HTTP/1.1 408") == (number % len(heads + bodies) >= len(heads)), told
            each.close()
        assert _ask(client) == 200


def test_a_client_that_sends_its_request_byte_by_byte_without_end_is_cut_off(server: Served) -> None:
    with socket.create_connection(("127.0.0.1", server.port)) as slow:
        slow.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n")
        until = time.monotonic() + 30
        try:
            while time.monotonic() < until:
                slow.sendall(b"X-Header: 1\r\n")
                time.sleep(0.2)
        except OSError:  # reset, or a broken pipe
            return
    raise AssertionError("it was read for 30 s")


def test_clients_that_take_no_answer_are_cut_off(export: Path) -> None:
    asked = b"GET /docs HTTP/1.1\r\nHost: localhost\r\n\r\n" * 3000
    with ExitStack() as opened:
        limits = ("--most-connections", "2", "--body-seconds", "1")
        running = opened.enter_context(served(export, *limits))
        for _ in range(2):
            deaf = opened.enter_context(socket.socket())
            deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            deaf.connect(("127.0.0.1", running.port))
            deaf.settimeout(0.5)
            with suppress(OSError):  # neither reads: at some point the server takes no more requests of theirs
                deaf.sendall(asked)
        until = time.monotonic() + 20
        while httpx.get(f"{running.url}/healthz").status_code != 200:
            assert time.monotonic() < until, "they hold every connection"
            time.sleep(0.2)


def test_a_client_that_leaves_or_sends_no_http_harms_nobody(server: Served) -> None:
    for junk in (b"\0" * 50, b"GET\r\n\r\n", b"POST /predict HTTP/1.1\r\nContent-Length: -1\r\n\r\n", os.urandom(500),
                 b"GET / HTTP/1.1\r\n\r\n", b"GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
                 b"GET / HTTP/1.1\r\nX: " + b"y" * 200_000):  # fmt: skip
        with socket.create_connection(("127.0.0.1", server.port)) as broken:
            broken.sendall(junk)
            broken.shutdown(socket.SHUT_WR)
    with server.client() as client:
        assert _ask(client) == 200


def test_a_gigabyte_is_refused_early_and_is_not_held(server: Served) -> None:
    def endless() -> Any:
        for _ in range(1024):
            yield b"\0" * 2**20

    with server.client() as client:
        before = _resident(server)
        with suppress(httpx.TransportError):  # httpx was still sending when the connection ended
            assert client.post("/predict", content=endless(), headers=_KIND).status_code == 413
        assert _resident(server) - before < 20 * 2**20
        assert _ask(client) == 200


def _resident(running: Served) -> int:
    return int(Path(f"/proc/{running.process.pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


@pytest.fixture(scope="module")
def slow_export(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An export that takes a while for each batch."""
    return make_export(tmp_path_factory.mktemp("slow") / "export", slow=1500)


def test_a_full_queue_answers_503_at_once_and_what_was_taken_is_answered(slow_export: Path) -> None:
    options = ("--most-waiting", "4", "--most-files", "4", "--most-batch", "1")
    with served(slow_export, *options) as running, running.client() as client, ThreadPoolExecutor(24) as pool:
        answers = list(pool.map(lambda _: client.post("/predict", content=RED, headers=_KIND), range(24)))
        by_status = {status: [a for a in answers if a.status_code == status] for status in (200, 503)}
        assert len(by_status[200]) + len(by_status[503]) == 24
        assert len(by_status[200]) >= 4
        assert by_status[503]
        assert all(int(answer.headers["retry-after"]) >= 1 for answer in by_status[503])
        assert _ask(client) == 200


def test_what_waits_while_the_network_works_goes_as_one_batch(slow_export: Path) -> None:
    with served(slow_export) as running, running.client() as client, ThreadPoolExecutor(16) as pool:
        assert set(pool.map(lambda _: _ask(client), range(16))) == {200}
        text = client.get("/metrics").text
        n_batches = float(text.partition('convwise_batch_pictures_count{worker="0"} ')[2].split()[0])
        n_pictures = float(text.partition('convwise_batch_pictures_sum{worker="0"} ')[2].split()[0])
    assert n_pictures == 16
    assert n_batches < 16


@pytest.mark.parametrize(("kind", "workers", "n_ends"), [("slow", 1, 1), ("slow", 2, 1), ("quick", 1, 4)])
def test_the_end_answers_everything_that_was_accepted_and_has_exit_code_0(
    export: Path, slow_export: Path, kind: str, workers: int, n_ends: int
) -> None:
    """Quick answers: who is sent away comes back at once, and must find the door closed rather than be cut off."""
    for _ in range(n_ends):
        _end_under_load(slow_export if kind == "slow" else export, workers)


def _end_under_load(export: Path, workers: int) -> None:
    """Clients that go on and on, each with a connection that stays open: none loses an answer."""
    with served(export, "--workers", str(workers)) as running:
        lost, n_answered, stopped = [], [0], threading.Event()

        def ask_on() -> None:
            with running.client() as client:
                while not stopped.is_set():
                    try:
                        answer = client.post("/predict", content=RED, headers=_KIND)
                    except httpx.ConnectError:  # a new connection, after the end: it was not accepted
                        return
                    except httpx.TransportError as problem:
                        lost.append(repr(problem))
                        return
                    assert answer.json()["predictions"][0]["label"] == "red"
                    n_answered[0] += 1

        threads = [threading.Thread(target=ask_on) for _ in range(16)]
        for thread in threads:
            thread.start()
        while n_answered[0] < 50:
            time.sleep(0.01)
        code = running.end()
        stopped.set()
        for thread in threads:
            thread.join()
    assert (code, lost) == (0, [])
    assert n_answered[0] >= 50


def test_ctrl_c_ends_it_as_well(export: Path) -> None:
    with served(export) as running:
        assert running.end(signal.SIGINT) == 0


def test_workers_share_the_port_and_tell_of_each_other(export: Path) -> None:
    with served(export, "--workers", "2", CONVWISE_TOKEN=TOKEN) as running:
        told = ""
        for _ in range(60):
            with running.client(headers={"x-token": TOKEN}) as client:  # a connection of its own: either may get it
                assert _ask(client) == 200
                told = client.get("/metrics").text
            if 'convwise_pictures_total{outcome="answered",worker="1"}' in told and 'answered",worker="0"}' in told:
                break
        else:
            raise AssertionError(told)
        assert running.end() == 0


def test_a_worker_that_dies_is_replaced(export: Path) -> None:
    with served(export, "--workers", "2") as running:
        children = Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children").read_text().split()
        os.kill(int(children[0]), signal.SIGKILL)
        until = time.monotonic() + 60
        while not any(line["event"] == "worker died" for line in running.log):
            assert time.monotonic() < until
            time.sleep(0.1)
        while len(Path(f"/proc/{running.process.pid}/task/{running.process.pid}/children").read_text().split()) < 2:
            assert time.monotonic() < until
            time.sleep(0.1)
        for _ in range(10):
            with running.client() as client:
                assert _ask(client) == 200
        assert running.end() == 0
