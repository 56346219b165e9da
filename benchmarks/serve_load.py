"""Requests a second of convwise serve under load, decoding included, beside plain scripts at the same work.

Each server has a core to itself, and the load generator, wrk, another. Rounds alternate between the servers. Since a
shared machine takes time away from both, the processor's time for a request stands beside the requests a second.

    python benchmarks/serve_load.py --export runs/first/export --run runs/first --pictures FOLDER --wrk PATH

Ray Serve takes part where --ray names a Python that has ray[serve] and convwise; its processes share the server's core.
`--soak MINUTES` instead: that long under load with 5 % hostile uploads, then SIGTERM under load.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psutil
from machine import machine

HERE = Path(__file__).resolve().parent
BOUNDARY = "boundaryoftheload"
FORM = f"multipart/form-data; boundary={BOUNDARY}"
CLIENT_CORE, SERVER_CORE = "0", "1"


@dataclass(frozen=True)
class Server:
    """A server that runs: its name, its port, its process."""

    name: str
    port: int
    process: subprocess.Popen[Any]

    @property
    def cpu_seconds(self) -> float:
        """Of all threads of all its processes so far."""
        return sum(each.user + each.system for each in (one.cpu_times() for one in family(self.process.pid)))

    @property
    def resident_mib(self) -> float:
        return sum(each.memory_info().rss for each in family(self.process.pid)) / 2**20


def family(pid: int) -> list[psutil.Process]:
    """A process and all that descend from it; nothing where it is over."""
    try:
        own = psutil.Process(pid)
        return [own, *own.children(recursive=True)]
    except psutil.NoSuchProcess:
        return []


@contextmanager
def running(
    name: str, command: list[str], port: int, *, python: str = sys.executable, **environment: str
) -> Iterator[Server]:
    """The server, pinned to its core, once it answers."""
    process = subprocess.Popen(
        ["taskset", "-c", SERVER_CORE, python, *command],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **environment},
        cwd=HERE / "serve_rivals",
    )
    try:
        import httpx

        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/openapi.json")
                break
            except httpx.TransportError:
                if process.poll() is not None:
                    raise SystemExit(f"{name} ended with exit code {process.returncode}") from None
                time.sleep(0.1)
        yield Server(name, port, process)
    finally:
        for each in reversed(family(process.pid)):
            each.kill()
        process.wait()


def convwise_server(export: Path, port: int, *options: str) -> Any:
    command = ["-m", "convwise", "serve", str(export), "--port", str(port), "--quiet", *options]
    return running("convwise serve", command, port)


def plain(module: str, port: int, *, name: str = "", **environment: str) -> Any:
    command = ["-m", "uvicorn", f"{module}:app", "--port", str(port), "--no-access-log", "--log-level", "warning"]
    return running(name or module, command, port, **environment)


def on_ray(python: str, export: Path, port: int) -> Any:
    return running(
        "ray_serve", ["ray_serve.py", str(export), str(port)], port, python=python, PYTHONPATH=str(HERE.parent)
    )


def form(data: bytes) -> bytes:
    head = f'--{BOUNDARY}\r\ncontent-disposition: form-data; name="file"; filename="a.jpg"\r\n\r\n'
    return head.encode() + data + f"\r\n--{BOUNDARY}--\r\n".encode()


def load(wrk: str, server: Server, bodies: Path, clients: int, seconds: int) -> dict[str, float]:
    """What wrk counted in a round, and the server's processor time for a request."""
    before = server.cpu_seconds
    command = ["taskset", "-c", CLIENT_CORE, wrk, "-t1", f"-c{clients}", f"-d{seconds}s", "-s", HERE / "serve_load.lua",
               f"http://127.0.0.1:{server.port}/predict", "--", bodies, FORM]  # fmt: skip
    said = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    counted: dict[str, float] = json.loads(said.strip().splitlines()[-1])
    counted["per_second"] = counted["requests"] / counted["seconds"]
    counted["cpu_ms"] = 1000 * (server.cpu_seconds - before) / counted["requests"]
    return counted


BARE = """
import os, sys, time
os.sched_setaffinity(0, {int(sys.argv[1])})
from pathlib import Path
from convwise.export.exported import Exported
from convwise.images.reading import read_picture
exported = Exported.open(sys.argv[2])
labels, run = exported.labels, exported.runtime("onnx", threads=1)
data = [path.read_bytes() for path in map(Path, sys.argv[4:])]
def one(each):
    run(read_picture(each, shape=labels.shape, resize=labels.resize).pixels[None])
for each in data[:20]:
    one(each)
n, begun, cpu = 0, time.perf_counter(), time.process_time()
while time.perf_counter() - begun < float(sys.argv[3]):
    one(data[n % len(data)])
    n += 1
print(n / (time.perf_counter() - begun), 1000 * (time.process_time() - cpu) / n)
"""


def bare_loop(export: Path, pictures: list[Path], seconds: int) -> dict[str, float]:
    """Decoding and the network, one picture after the other, with nothing around it."""
    command = [sys.executable, "-c", BARE, SERVER_CORE, str(export), str(seconds), *map(str, pictures)]
    per_second, cpu_ms = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    return {"per_second": float(per_second), "cpu_ms": float(cpu_ms), "median_ms": 0, "p99_ms": 0, "broken": 0}


def compare(options: argparse.Namespace, pictures: list[Path], folder: Path) -> None:
    bodies = folder / "bodies.txt"
    names = []
    for number, path in enumerate(pictures):
        (folder / f"{number}").write_bytes(form(path.read_bytes()))
        names.append(str(folder / f"{number}"))
    bodies.write_text("\n".join(names) + "\n")
    rows: dict[tuple[str, int], list[dict[str, float]]] = {}
    with ExitStack() as stack:
        begin = stack.enter_context
        servers = [
            begin(convwise_server(options.export, 18711)),
            begin(plain("plain_onnxruntime", 18712, EXPORT=str(options.export))),
            begin(plain("plain_keras", 18713, RUN=str(options.run))),
            begin(plain("plain_keras", 18715, RUN=str(options.run), CALL="predict", name="plain_keras predict")),
        ]
        if options.ray:
            servers.append(begin(on_ray(options.ray, options.export, 18716)))
        for _ in range(options.rounds):
            for clients in options.clients:
                for server in servers:
                    counted = load(options.wrk, server, bodies, clients, options.seconds)
                    rows.setdefault((server.name, clients), []).append(counted)
            rows.setdefault(("bare loop", 1), []).append(bare_loop(options.export, pictures, options.seconds))
        print(f"resident MiB: {', '.join(f'{each.name} {each.resident_mib:.0f}' for each in servers)}")
    print(f"{'server':<20}{'clients':>8}{'requests/s':>12}{'median ms':>11}{'p99 ms':>9}{'cpu ms':>8}{'broken':>8}")
    for (name, clients), found in sorted(rows.items(), key=lambda item: (item[0][1], item[0][0])):
        middle = {key: statistics.median(each[key] for each in found)
                  for key in ("per_second", "median_ms", "p99_ms", "cpu_ms", "broken")}  # fmt: skip
        print(f"{name:<20}{clients:>8}{middle['per_second']:>12.0f}{middle['median_ms']:>11.1f}"
              f"{middle['p99_ms']:>9.1f}{middle['cpu_ms']:>8.2f}{middle['broken']:>8.0f}")  # fmt: skip
    for clients in options.clients:
        for key, told in (("per_second", "requests a second"), ("cpu_ms", "processor time for a request, inverted")):
            ratios = []
            for other in ("bare loop", *(each.name for each in servers[1:])):
                theirs = rows[other, 1 if other == "bare loop" else clients]
                each = [a[key] / b[key] for a, b in zip(rows["convwise serve", clients], theirs, strict=True)]
                ratios.append(
                    f"{other} {statistics.median(each if key == 'per_second' else [1 / r for r in each]):.2f}"
                )
            print(f"{clients} clients, {told}, ratio to: {', '.join(ratios)}")


def hostile(rng: random.Random) -> bytes:
    """A spoiled picture of the fuzz suite's makers."""
    sys.path.insert(0, str(HERE.parent))
    from tests.hostile.kinds.picture_changes import ANYHOW
    from tests.hostile.kinds.picture_files import SUFFIX, valid_picture

    data = valid_picture(rng, rng.choice(tuple(SUFFIX)))
    for _ in range(rng.choice((1, 1, 2))):
        data = rng.choice(ANYHOW)(rng, data) if len(data) > 8 else data
    return data


def soak(options: argparse.Namespace, pictures: list[Path]) -> None:
    """Minutes of load with one hostile upload in twenty; the memory in between; at the end SIGTERM under load."""
    import httpx

    rng, good = random.Random(5), [path.read_bytes() for path in pictures]
    bad = [hostile(rng) for _ in range(1000)]
    statuses: Counter[str] = Counter()
    lost: list[str] = []
    with convwise_server(options.export, 18714) as server:

        def ask_on(seed: int) -> None:
            own = random.Random(seed)
            with httpx.Client(base_url=f"http://127.0.0.1:{server.port}", timeout=60) as client:
                while True:
                    is_bad = own.random() < 0.05
                    data = own.choice(bad if is_bad else good)
                    try:
                        answer = client.post("/predict", content=data, headers={"content-type": "image/jpeg"})
                    except httpx.ConnectError:
                        return  # after the end: it was not accepted
                    except httpx.TransportError as problem:
                        lost.append(repr(problem))
                        return
                    statuses[f"{'hostile' if is_bad else 'sound'} {answer.status_code}"] += 1

        threads = [threading.Thread(target=ask_on, args=(seed,)) for seed in range(options.clients[-1])]
        for thread in threads:
            thread.start()
        begun = time.monotonic()
        while (passed := time.monotonic() - begun) < 60 * options.soak:
            time.sleep(min(30, 60 * options.soak / 4))
            print(
                f"{passed / 60:.1f} min: {server.resident_mib:.0f} MiB, {sum(statuses.values()):,} answers", flush=True
            )
        server.process.send_signal(signal.SIGTERM)
        code = server.process.wait(120)
        for thread in threads:
            thread.join()
    print(f"answers: {dict(sorted(statuses.items()))}; exit code {code}; lost: {len(lost)} {lost[:3]}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--export", type=Path, required=True)
    parser.add_argument("--run", type=Path)
    parser.add_argument("--pictures", type=Path, required=True, help="a folder of JPEG")
    parser.add_argument("--wrk", default="wrk")
    parser.add_argument("--ray", metavar="PYTHON", help="a Python with ray[serve]")
    parser.add_argument("--clients", type=int, nargs="+", default=[1, 8, 64])
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=int, default=5)
    parser.add_argument("--soak", type=float, metavar="MINUTES")
    options = parser.parse_args()
    options.export = options.export.resolve()
    options.run = options.run and options.run.resolve()
    pictures = sorted(options.pictures.glob("**/*.jpg"))[:200]
    print(machine())
    print(
        f"{len(pictures)} pictures, {sum(path.stat().st_size for path in pictures) / len(pictures) / 1024:.1f} KiB each"
    )
    if options.soak:
        soak(options, pictures)
        return
    with tempfile.TemporaryDirectory() as folder:
        compare(options, pictures, Path(folder))


if __name__ == "__main__":
    main()
