"""The truth that a study is judged by: each alternative alone against the network itself, in whole trainings.

`easy`: four classes of Caltech-101, the default network at 48 px, 16 blocks of the first level of every parameter, and
64 random combinations of these, each with a fresh seed and fold. `hard`: photographs of ten kinds of clothing, train
and validation pooled, 40 px, 32 blocks of eight alternatives. A block is one fold and one seed, shared by the
unchanged network, its alternatives, and the unchanged network once more with a seed of its own.

What is kept of each training, in one .npz for each block or eight combinations: the probabilities of its fold's images
and of the test images (float16), its settings, seconds on one core, and the processor. It goes on where it stopped.
"""

import argparse
import dataclasses
import json
import multiprocessing
import os
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np

HERE = Path(__file__).resolve().parent
N_FOLDS = 3
N_COMBINATIONS, BATCH_OF_COMBINATIONS = 64, 8
HARD = (
    "filters",
    "kernel_size",
    "strides",
    "padding",
    "groups",
    "activation",
    "kernel_initializer",
    "kernel_regularizer",
)
# The non-linearity of a network with batch normalisation is no parameter of its convolutions.
LEVELS = {"activation": ("net.activation=silu",)}
SETS: dict[str, dict[str, Any]] = {
    "easy": {"size": 48, "n_blocks": 16, "parameters": None},
    "hard": {"size": 40, "n_blocks": 32, "parameters": HARD},
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("set", choices=SETS)
    parser.add_argument("--data", required=True, help="a data set, or a folder of class folders")
    parser.add_argument("--store", type=Path, default=HERE / "truth")
    parser.add_argument("--minutes", type=float, default=1e9, help="begin nothing after them")
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    data = pooled(Path(options.data)) if options.set == "hard" else options.data
    store = options.store / options.set
    store.mkdir(parents=True, exist_ok=True)
    jobs = [job for job in planned(options.set, data) if not (store / f"{job['file']}.npz").exists()]
    ends = time.time() + 60 * options.minutes
    fresh = multiprocessing.get_context("spawn")
    with fresh.Pool(
        options.workers, _begin, (options.set, data, fresh.Value("i", 0), ends), maxtasksperchild=30
    ) as pool:
        found: dict[str, list[Any]] = {}
        expected = {name: sum(job["file"] == name for job in jobs) for name in {job["file"] for job in jobs}}
        unfinished = [job for job in jobs if not part_of(store, job).exists()]
        for job in jobs:
            if part_of(store, job).exists():
                found.setdefault(job["file"], []).append(job)
        for job, seconds in pool.imap_unordered(_trained, [(job, str(part_of(store, job))) for job in unfinished]):
            if seconds is None:
                continue
            found.setdefault(job["file"], []).append(job)
            print(f"{time.strftime('%H:%M:%S')} {job['file']} {job['name']}: {seconds:.1f} s", flush=True)
            if len(found[job["file"]]) == expected[job["file"]]:
                gathered(store, job["file"], found[job["file"]])


def planned(which: str, data: str) -> list[dict[str, Any]]:
    """Every training, block by block; the combinations last."""
    from convwise.seeds import derive_seed, generator

    levels = _levels(which, data)
    jobs = []
    for block in range(SETS[which]["n_blocks"]):
        place = {"division": block // N_FOLDS, "fold": block % N_FOLDS, "file": f"block-{block:02}"}
        seed = derive_seed(0, "block", block) % 2**62
        jobs.append({**place, "name": "unchanged", "settings": (), "seed": seed})
        jobs.append({**place, "name": "unchanged again", "settings": (), "seed": derive_seed(seed, "again") % 2**62})
        jobs += [{**place, "name": name, "settings": texts, "seed": seed} for name, texts in levels.items()]
    if which == "easy":
        for number in range(N_COMBINATIONS):
            random = generator(0, "combination", number)
            chosen = [name for name in levels if random.random() < 0.5]
            jobs.append(
                {
                    "division": 1000 + number,
                    "fold": int(random.integers(N_FOLDS)),
                    "file": f"combinations-{number // BATCH_OF_COMBINATIONS}",
                    "name": f"{number:02} {' '.join(chosen)}",
                    "settings": tuple(text for name in chosen for text in levels[name]),
                    "seed": derive_seed(0, "combination seed", number) % 2**62,
                }
            )
    return jobs


def _levels(which: str, data: str) -> dict[str, tuple[str, ...]]:
    """By parameter: the texts of `--set` of its first level."""
    kept = HERE / "truth" / f"{which}-levels.json"
    if kept.exists():
        return {name: tuple(texts) for name, texts in json.loads(kept.read_text()).items()}
    from convwise.conv2d import PARAMETERS, NetworkSettings
    from convwise.images.image_shape import ImageShape
    from convwise.study.factors import factors_of

    factors, _ = factors_of(
        "narrowresnet",
        shape=ImageShape.of(SETS[which]["size"]),
        n_classes=len(_laboratory(which, data).index.class_names),
        settings=NetworkSettings(),
        parameters=SETS[which]["parameters"] or PARAMETERS,
    )
    found = {factor.parameter: LEVELS.get(factor.parameter, factor.alternative.settings) for factor in factors}
    kept.parent.mkdir(parents=True, exist_ok=True)
    kept.write_text(json.dumps(found, indent=1) + "\n")
    return found


def _laboratory(which: str, data: str) -> Any:
    from trial_bench import trial_laboratory

    return trial_laboratory(data, size=SETS[which]["size"], net="narrowresnet")


_STATE: dict[str, Any] = {}


def _begin(which: str, data: str, counter: Any, ends: float) -> None:
    from convwise.cores import take_one_core

    with counter.get_lock():
        number = counter.value
        counter.value += 1
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    take_one_core(number)
    _STATE.update(laboratory=_laboratory(which, data), ends=ends)


def _trained(task: tuple[dict[str, Any], str]) -> tuple[dict[str, Any], float | None]:
    """One whole training, as a study's worker does it; its answers go to a file."""
    job, place = task
    if time.time() > _STATE["ends"]:
        return job, None
    from machine import machine

    from convwise.conv2d import parse_settings
    from convwise.images.folds import folds
    from convwise.images.material import Material
    from convwise.nets import build
    from convwise.nets.fast_layers import with_fast_layers
    from convwise.seeds import derive_seed
    from convwise.training.checkpoint import NoCheckpoints
    from convwise.training.fit import batches_of, fit
    from convwise.training.predict import predict_probabilities

    began, cpu = time.monotonic(), time.process_time()
    laboratory = _STATE["laboratory"]
    bench, index, pixels = laboratory.bench, laboratory.index, laboratory.pixels
    division = folds(laboratory.split, index, n_folds=N_FOLDS, seed=derive_seed(0, "division", job["division"]))
    split = division[job["fold"]]
    recipe = dataclasses.replace(bench.recipe, precision="float32", seed=job["seed"])
    built = build(
        bench.net,
        shape=recipe.shape,
        n_classes=len(index.class_names),
        settings=bench.network.overlaid(parse_settings(job["settings"])),
        seed=derive_seed(job["seed"], "weights"),
        precision="float32",
        require_used=False,
    )
    network = with_fast_layers(built.model)
    fit(network, batches_of(Material(index, pixels, split), recipe), None, recipe=recipe, checkpoints=NoCheckpoints())
    answers = {
        side: predict_probabilities(network, pixels, members, flip_averaging=recipe.flip_averaging).astype(np.float16)
        for side, members in (("judged", split.validation), ("test", split.test))
    }
    seconds = time.monotonic() - began
    meta = {
        **job,
        "seconds": round(seconds, 2),
        "cpu_seconds": round(time.process_time() - cpu, 2),
        "machine": machine(),
    }
    meta |= {"epochs": recipe.epochs, "size": recipe.size, "index": index.digest}
    arrays = {**answers, "judged_members": split.validation.astype(np.int16), "meta": np.array(json.dumps(meta))}
    arrays |= {"test_members": split.test.astype(np.int16), "labels": index.labels.astype(np.int8)}
    save(Path(place), arrays)
    return job, seconds


def save(place: Path, arrays: dict[str, Any]) -> None:
    """Whole or not at all."""
    part = place.with_suffix(".part")
    with part.open("wb") as file:
        np.savez_compressed(file, **arrays)
    part.replace(place)


def part_of(store: Path, job: dict[str, Any]) -> Path:
    """Where one training's answers lie until its block is complete."""
    folder = store / "parts"
    folder.mkdir(exist_ok=True)
    return folder / f"{job['file']}-{job['name'].replace(' ', '_')[:60]}.npz"


def gathered(store: Path, name: str, jobs: list[dict[str, Any]]) -> None:
    """One file for all trainings of a block; labels and positions, which they share, once where they are the same."""
    arrays: dict[str, Any] = {}
    metas = []
    for number, job in enumerate(sorted(jobs, key=lambda job: job["name"] != "unchanged")):
        with np.load(part_of(store, job)) as part:
            metas.append(json.loads(str(part["meta"])))
            arrays |= {f"{side}-{number}": part[side] for side in ("judged", "test")}
            arrays |= {"labels": part["labels"], "test_members": part["test_members"]}
            arrays[f"members-{number}" if name.startswith("combinations") else "members"] = part["judged_members"]
    arrays["meta"] = np.array(json.dumps(metas))
    save(store / f"{name}.npz", arrays)
    for job in jobs:
        part_of(store, job).unlink()


def pooled(folder: Path) -> str:
    """A copy of the folder beside it whose train and validation sides are one."""
    target = folder.with_name(f"{folder.name}-pooled")
    if not target.exists():
        making = folder.with_name(f"{folder.name}-pooled.part")
        shutil.rmtree(making, ignore_errors=True)
        for picture in sorted(folder.glob("*/*/*")):
            side, name = picture.parts[-3:-1]
            place = making / ("test" if side == "test" else "train") / name
            place.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(picture, place / picture.name)
        making.rename(target)
    return str(target)


if __name__ == "__main__":
    main()
