"""What exports of finished runs answer and cost beside model.keras: all formats, as floats and as integers.

Each run is exported with the proof that `convwise export` makes: every test image through the run's own prediction and
through each file in its own runtime, in processes of their own, one after the other. The figures of a run are of one
go, so the times of the files can be set against that of its model.keras.
"""

import argparse
import tempfile
from pathlib import Path

from machine import machine

import convwise
from convwise.export.formats import FORMATS, INT8
from convwise.export.proof import Checked, Costs, Proof
from convwise.runs.environment import package_version

HEAD = (
    "| network | file | largest difference | changed labels | accuracy | points | MB | ms alone | in batches of 32 "
    "| start, s | memory, MB |\n|---|---|---|---|---|---|---|---|---|---|---|"
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("runs", nargs="+", metavar="RUN", help="finished runs")
    options = parser.parse_args()
    names = [each.package for each in FORMATS.values()]
    print(machine() + "".join(f", {name} {package_version(name)}" for name in names), flush=True)
    print(HEAD, flush=True)
    for run in options.runs:
        with tempfile.TemporaryDirectory() as folder:
            floats = convwise.export(run, to=list(FORMATS), out=Path(folder, "floats")).proof
            integers = convwise.export(run, to=INT8, int8=True, most_loss=100, out=Path(folder, "integers")).proof
        net = convwise.Run.open(run).settings.net
        told(f"{net}, {floats.n} test images", floats, [*floats.files, *(each for each in integers.files if each.int8)])


def told(name: str, proof: Proof, files: list[Checked]) -> None:
    """The rows of a run; times as ratios to model.keras of the same go."""
    accuracy = f"{100 * proof.accuracy.value:.2f} %"
    print(f"| {name} | model.keras | | | {accuracy} | | {_costs(proof.costs, proof.costs)} |", flush=True)
    for each in files:
        points = each.difference
        print(
            f"| | {each.name} | {each.largest_difference:.1g} | {len(each.changed)} "
            f"| {100 * each.accuracy.value:.2f} % | {100 * points.value:+.2f} ({100 * points.low:+.2f} to "
            f"{100 * points.high:+.2f}) | {_costs(each.costs, proof.costs)} |",
            flush=True,
        )


def _costs(costs: Costs, base: Costs) -> str:
    """Size, and speed, start and memory with the ratio to `base`."""

    def beside(value: float, of: float, form: str) -> str:
        return f"{value:{form}}" + ("" if costs is base else f" ({value / of:.2f})")

    memory = beside((costs.resident_bytes or 0) / 1e6, (base.resident_bytes or 1) / 1e6, ".0f")
    return " | ".join(
        [
            f"{costs.n_bytes / 1e6:.2f}",
            beside(costs.ms_1, base.ms_1, ".2f"),
            beside(costs.ms_32, base.ms_32, ".2f"),
            beside(costs.start_seconds, base.start_seconds, ".2f"),
            memory,
        ]
    )


if __name__ == "__main__":
    main()
