"""Every network learns the generated `shapes`: accuracy on its test images, and the time with the start included."""

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from machine import machine

# For each network, enough epochs for its size; all else is as `convwise train shapes --net NAME` has it, but for
# `simple`: with its three stages it sees 22 px of 64 and learns its training images by heart.
EPOCHS = {
    "narrowresnet": 18,
    "simple": 30,
    "stridednet": 30,
    "allconv": 30,
    "vgg": 30,
    "resnet": 30,
    "inception": 25,
    "squeezenet": 40,
    "dilated": 25,
}
MORE = {"simple": ["--set", "net.stages=5"]}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("nets", nargs="*", default=[], metavar="NET")
    parser.add_argument("--epochs", type=int, help="instead of each network's own")
    parser.add_argument("--plain", action="store_true", help="every network without options")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    print(machine(), flush=True)
    with tempfile.TemporaryDirectory() as place:
        for net in options.nets or EPOCHS:
            epochs = options.epochs or EPOCHS[net]
            command = [sys.executable, "-m", "convwise", "train", "shapes", "--net", net, "--epochs", str(epochs)]
            command += ["--seed", str(options.seed), "--out", str(Path(place) / net), "--json"]
            command += [] if options.plain else MORE.get(net, [])
            began = time.monotonic()
            done = subprocess.run(command, stdout=subprocess.PIPE, check=True)
            seconds = time.monotonic() - began
            accuracy = json.loads(done.stdout)["evaluation"]["accuracy"]
            value, low, high = (100 * accuracy[key] for key in ("value", "low", "high"))
            print(f"{net:13} {epochs} epochs: {value:.1f} % ({low:.1f} to {high:.1f}), {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()
