"""convwise serve: an export answers pictures over HTTP."""

from __future__ import annotations

import argparse
import os
from typing import Any

from convwise.cli.options import add_trust
from convwise.cli.output import print_line
from convwise.cli.parser import add_command, given, number, whole_number

_LIMITS = (
    ("most-bytes", "N", "largest body of a request in bytes (default 67,108,864)", whole_number),
    ("most-files", "N", "most pictures in a request (default 64)", whole_number),
    (
        "most-pixels",
        "N",
        "largest picture in pixels (default 50,000,000, or the run's where that is less)",
        whole_number,
    ),
    ("most-held-bytes", "N", "bytes of all bodies held at a time (default 268,435,456)", whole_number),
    ("most-connections", "N", "connections open at a time (default 512)", whole_number),
    ("most-waiting", "N", "pictures that wait or are worked on at a time in a process (default 256)", whole_number),
    ("most-batch", "N", "pictures that go through the network at a time (default 32)", whole_number),
    ("header-seconds", "S", "how long the head of a request may take (default 10)", number),
    ("body-seconds", "S", "how long its body may take (default 30)", number),
    ("idle-seconds", "S", "how long a connection without a request stays open (default 20)", number),
)


def add(verbs: Any) -> None:
    """The command."""
    parser = add_command(
        verbs,
        "serve",
        _serve,
        help="answer pictures over HTTP",
        description="Serve predictions of an export with ONNX over HTTP, without Keras and TensorFlow in the process. "
        "A finished run is exported first. The root page takes pictures to drop; /docs describes the rest. It goes on "
        "until Ctrl-C or SIGTERM, and answers first what it has accepted.",
        example="convwise serve exports/first --port 8000",
    )
    parser.add_argument("export", metavar="EXPORT|RUN", help="the folder of an export, or of a finished run")
    place = parser.add_argument_group("address")
    place.add_argument("--port", type=whole_number, metavar="N", help="the port (default 8000; 0: a free one)")
    place.add_argument("--host", metavar="H", help="the address to listen on (default 127.0.0.1: this machine alone)")
    who = parser.add_argument_group("who may ask")
    who.add_argument(
        "--token", metavar="T", help="what clients must send (default: the variable CONVWISE_TOKEN, if it is set)"
    )
    who.add_argument("--insecure", action="store_true", help="let other machines ask without a token")
    who.add_argument(
        "--allow-host",
        dest="allow_hosts",
        action="append",
        metavar="NAME",
        help="a further name under which the server is reached, such as behind a proxy; may be repeated",
    )
    work = parser.add_argument_group("work")
    work.add_argument("--workers", type=whole_number, metavar="N", help="processes that share the port (default 1)")
    work.add_argument("--threads", type=whole_number, metavar="N", help="threads of each process (default 1)")
    limits = parser.add_argument_group("limits")
    for name, unit, told, kind in _LIMITS:
        limits.add_argument(f"--{name}", type=kind, metavar=unit, help=told)
    add_trust(parser.add_argument_group("network"), "run code that the run's model file holds, when it is exported")
    output = parser.add_argument_group("output")
    output.add_argument("--quiet", dest="quiet_log", action="store_true", help="log errors, and no requests")


def _serve(options: argparse.Namespace) -> None:
    import sys

    from convwise.serving.serve import serve

    asked = given(options)
    if "allow_hosts" in asked:
        asked["allow_hosts"] = tuple(asked["allow_hosts"])
    if "quiet_log" in asked:
        asked["quiet"] = asked.pop("quiet_log")
    if "token" not in asked and os.environ.get("CONVWISE_TOKEN"):
        asked["token"] = os.environ["CONVWISE_TOKEN"]

    def ready(address: str) -> None:
        print_line(f"serving {options.export} on {address}")
        sys.stdout.flush()

    serve(**asked, ready=ready)
