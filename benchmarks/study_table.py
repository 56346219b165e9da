"""A table of trained networks for study_comparison.py: every combination of seven parameters, with several seeds."""

import argparse
import itertools
import json
from pathlib import Path

import numpy as np
from machine import machine
from trial_bench import trial_laboratory

from convwise.cores import available_cores
from convwise.images.image_shape import ImageShape
from convwise.study.engine import local_engine
from convwise.study.factors import factors_of
from convwise.study.trials import Trial

PARAMETERS = ("filters", "kernel_size", "strides", "padding", "groups", "activation", "kernel_initializer")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", nargs="?", default="caltech101-4")
    parser.add_argument("--size", type=int, default=40, help="below, some combinations leave nothing of the map")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--seeds", type=int, default=4)
    parser.add_argument("--out", type=Path, required=True)
    options = parser.parse_args()
    laboratory = trial_laboratory(options.data, size=options.size)
    bench = laboratory.bench
    factors, _ = factors_of(
        bench.net,
        shape=ImageShape.of(options.size),
        n_classes=len(laboratory.index.class_names),
        settings=bench.network,
        parameters=PARAMETERS,
    )
    cells = list(itertools.product((0, 1), repeat=len(factors)))
    trials = [
        Trial(
            f"{seed}/{number:03}",
            f"table/{seed}",
            tuple(text for f, level in zip(factors, cell, strict=True) if level for text in f.alternative.settings),
            options.epochs,
        )
        for seed in range(options.seeds)
        for number, cell in enumerate(cells)
    ]  # fmt: skip
    found = {}

    def done(outcome: object) -> None:
        found[outcome.key] = outcome
        if len(found) % 32 == 0:
            print(f"{len(found)} of {len(trials)}", flush=True)

    with local_engine(bench, available_cores()) as engine:
        engine.run(trials, done)
    rows = [
        {"levels": list(cell), "accuracy": [found[f"{seed}/{number:03}"].accuracy for seed in range(options.seeds)]}
        for number, cell in enumerate(cells)
    ]
    values = {
        "machine": machine(),
        "data": options.data,
        "size": options.size,
        "epochs": options.epochs,
        "parameters": {factor.parameter: factor.alternative.value for factor in factors},
        "rows": rows,
    }
    options.out.write_text(json.dumps(values).replace('{"levels"', '\n{"levels"') + "\n")
    accuracy = np.array([row["accuracy"] for row in rows], float)
    print(
        f"noise within a cell: {np.nanstd(accuracy - np.nanmean(accuracy, axis=0), axis=1, ddof=1).mean():.2f} points"
    )


if __name__ == "__main__":
    main()
