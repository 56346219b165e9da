"""Are planted truths found? A study of each generated data set, for several seeds, judged by what was planted."""

import argparse
import json
import tempfile
from pathlib import Path

from machine import machine

from convwise.commands.study import study
from convwise.images.planted import PLANTED, SIZE_PX


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=[], help="data sets (default: all planted ones)")
    parser.add_argument("--seeds", type=int, default=2)
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--minutes", type=float, default=4, help="of each study")
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    print(machine())
    rows = []
    with tempfile.TemporaryDirectory() as place:
        for name in options.names or PLANTED:
            for seed in range(options.first_seed, options.first_seed + options.seeds):
                row = one(name, seed, options, Path(place) / f"{name}-{seed}")
                rows.append(row)
                print(json.dumps(row), flush=True)
    for name in dict.fromkeys(row["name"] for row in rows):
        own = [row for row in rows if row["name"] == name]
        found, wrong = sum(row["found"] for row in own), sum(bool(row["idle_named"]) for row in own)
        print(f"{name}: found in {found} of {len(own)}; a parameter that cannot matter named in {wrong}")
    if options.out:
        options.out.write_text(json.dumps({"machine": machine(), "rows": rows}, indent=1) + "\n")


def one(name: str, seed: int, options: argparse.Namespace, out: Path) -> dict:
    """One study of whole trainings. Named is what it sets, and what it keeps because the other value loses."""
    planted = PLANTED[name]
    result = study(
        name,
        net="simple",
        size=SIZE_PX,
        recipe="plain",
        minutes=options.minutes,
        epochs=planted.epochs,
        settings=planted.start,
        levels=planted.levels,
        parameters=tuple(dict.fromkeys((*planted.matters, *planted.idle))),
        seed=seed,
        out=out,
    )
    named = {}
    for verdict in result.verdicts:
        effect = verdict.tried.effect if verdict.tried else None
        if verdict.kind == "set it" or (effect and verdict.reason.kind == "loses"):
            named[verdict.parameter] = round(effect.estimate, 2) if effect else None
    idle = set(planted.idle)
    return {
        "name": name,
        "seed": seed,
        "found": bool(set(planted.matters) & set(named)) if planted.matters else not named,
        "idle_named": sorted(idle & set(named)),
        "named": named,
        "undecided": [verdict.parameter for verdict in result.verdicts if verdict.kind == "undecided"],
        "blocks": result.blocks,
        "trainings": result.trainings,
        "unchanged": result.test.unchanged if result.test else None,
        "recommended": result.test.recommended if result.test else None,
        "seconds": result.seconds,
    }


if __name__ == "__main__":
    main()
