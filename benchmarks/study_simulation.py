"""How often a study is wrong, misses an effect or leaves a parameter undecided: whole studies of known worlds.

Each line draws many studies with the procedure of `convwise study` itself; only the trainings are drawn. A study is
wrong where it sets a change that gains nothing ("false set"), or settles one whose effect is worth having as none
("wrong"). "undecided", "found": parameters per study; "covered": of the intervals that are shown. Errors of the rates
are those of so many studies. The lines "fitted-easy" and "fitted-hard" take noise and effects from the stored whole
trainings (`noise_of_truth.py`), where there are three blocks of them.
"""

from __future__ import annotations

import argparse
import math
import multiprocessing
import time
from dataclasses import replace

from machine import machine
from noise_of_truth import fitted_world
from simulated_study import Rates, World, studied
from stored_blocks import FEWEST_BLOCKS, STORE, opened

CALM = World({}, sd=0.31, judged=515, seconds=33, score_sd=0.15, slope=-21, spread=0.16)
NOISY = World({}, sd=2.2, judged=1136, seconds=90, score_sd=0.9, slope=-27, spread=0.16)
NOISE = {"c8": 2.0, "c9": 3.0}
COARSE = replace(NOISY, score_sd=1.8, slope=-36, correlation=0.64)  # as noisy as in the stored hard trainings
MIXTURE = (3.0, -3.0, -1.5, 0.5, -0.5, 1.0)


def effects(n: int, *some: float) -> dict[str, float]:
    """`n` candidates, the first with these effects, the others with none."""
    return {f"c{i}": some[i] if i < len(some) else 0.0 for i in range(n)}


def by_accuracy(world: World) -> World:
    """The same without the finer ruler."""
    return replace(world, score_sd=math.nan)


def lines() -> list[tuple[str, World, float, float]]:
    """What is simulated, in which world, in how many minutes, at which smallest effect."""
    found: list[tuple[str, World, float, float]] = []
    for minutes in (15, 60):
        found.append(("calm, no effects", replace(CALM, effects=effects(12)), minutes, 1.0))
        found.append(("calm, a mixture", replace(CALM, effects=effects(12, 1.0, -1.0, 0.5, -3.0)), minutes, 1.0))
    noisy = replace(NOISY, effects=effects(12, *MIXTURE))
    found += [
        ("noisy, no effects", replace(NOISY, effects=effects(12)), 60, 1.0),
        ("noisy, no effects, by accuracy alone", by_accuracy(replace(NOISY, effects=effects(12))), 60, 1.0),
        ("noisy, no effects, a coarse score", replace(COARSE, effects=effects(12)), 60, 1.0),
        ("noisy, +3, a coarse score", replace(COARSE, effects=effects(12, 3.0)), 60, 1.0),
        ("noisy, a mixture, a coarse score", replace(COARSE, effects=effects(12, *MIXTURE)), 60, 1.0),
        ("noisy, +3 and no others", replace(NOISY, effects=effects(12, 3.0)), 60, 1.0),
        ("noisy, +3, by accuracy alone", by_accuracy(replace(NOISY, effects=effects(12, 3.0))), 60, 1.0),
        ("noisy, a mixture", noisy, 60, 1.0),
        ("noisy, a mixture, by accuracy alone", by_accuracy(noisy), 60, 1.0),
        ("noisy, a mixture, at 2 points", noisy, 60, 2.0),
        ("effects that differ by seed", replace(noisy, by_seed=1.0), 60, 1.0),
        ("two with two and three times the noise", replace(noisy, noisier=NOISE), 60, 1.0),
        ("one that only calibrates", replace(noisy, deviations={"c10": 2.0}), 60, 1.0),
        ("few images: 60 to judge", replace(noisy, judged=60, sd=6.0, score_sd=2.4, seconds=10), 60, 2.0),
        ("two that fail for a tenth of the seeds", replace(noisy, fails={"c0": 0.1, "c6": 0.1}), 60, 1.0),
        ("noisy, thirty, no effects, all night", replace(NOISY, effects=effects(30)), 480, 1.0),
        ("+1 and no others, a steep slope", replace(NOISY, slope=-36, effects=effects(12, 1.0)), 240, 1.0),
        ("every effect at the edge, +1", replace(NOISY, effects=effects(12, *[1.0] * 12)), 240, 1.0),
        ("every effect at the edge, -1", replace(NOISY, effects=effects(12, *[-1.0] * 12)), 240, 1.0),
    ]
    return found + [line for name in ("easy", "hard") for line in fitted_lines(name)]


def fitted_lines(name: str) -> list[tuple[str, World, float, float]]:
    """With the noise of the stored trainings; none where too few are stored."""
    folder = STORE / name
    if len(list(folder.glob("block-*.npz"))) < FEWEST_BLOCKS:
        return []
    store = opened(folder)
    idle = fitted_world(store, effects=False)
    alike = replace(idle, noisier={}, costs={})
    worlds = [
        ("no effects", idle, (15, 60)),
        ("its effects", fitted_world(store), (15, 60)),
        ("twelve, no effects", replace(alike, effects=effects(12)), (60,)),
        ("twelve, +3 and no others", replace(alike, effects=effects(12, 3.0)), (60,)),
        ("twelve, a mixture", replace(alike, effects=effects(12, *MIXTURE)), (60,)),
    ]
    return [(f"fitted-{name}, {what}", world, minutes, 1.0) for what, world, times in worlds for minutes in times]


def _some(of: tuple[World, float, float, int, int]) -> Rates:
    world, minutes, smallest_effect, first, last = of
    rates = Rates()
    for seed in range(first, last):
        rates.count(world, studied(world, seed, minutes=minutes, smallest_effect=smallest_effect), smallest_effect)
    return rates


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--studies", type=int, default=2000, help="of each line")
    parser.add_argument("--line", help="only those whose name holds this")
    options = parser.parse_args()
    print(machine())
    with multiprocessing.Pool() as pool:
        for name, world, minutes, smallest_effect in lines():
            if options.line and options.line not in name:
                continue
            began, step = time.monotonic(), 25
            parts = [
                (world, minutes, smallest_effect, first, min(first + step, options.studies))
                for first in range(0, options.studies, step)
            ]
            rates = sum(pool.imap_unordered(_some, parts), Rates())
            print(
                f"{name}; {minutes:g} min, {smallest_effect:g} points: {rates}  [{time.monotonic() - began:.0f} s]",
                flush=True,
            )


if __name__ == "__main__":
    main()
