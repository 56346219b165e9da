"""As much hostile input of every kind as fits into the time: cases, faults, and how to see each fault again.

`--kind K --seed S --case N` runs one case alone, and keeps its folder with `--keep DIR`; `--real` as a process of its
own. The suite is `tests/hostile`, of which `make test` runs a part.
"""

import argparse
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from machine import machine

from tests.hostile.cases import Material
from tests.hostile.kinds import KINDS
from tests.hostile.material import make_material
from tests.hostile.outcome import Fault
from tests.hostile.pool import LIMIT_S, Result, WarmProcess

_REAL_EVERY = 20  # cases: one of so many runs as a process of its own


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=60)
    parser.add_argument("--cases", type=int, help="of each kind, instead of minutes")
    parser.add_argument("--kind", choices=KINDS, action="append", help="this one alone; may be repeated")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--case", type=int, help="this one alone")
    parser.add_argument("--real", action="store_true", help="every case as a process of its own")
    parser.add_argument("--keep", type=Path, help="a new folder to keep the case's files in")
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--material", type=Path, help="a folder where what is made first is kept for the next time")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="hostile-") as place:
        material = _material(options.material or Path(place) / "material")
        if options.case is not None:
            with WarmProcess(material, options.keep or Path(place) / "worker") as process:
                keep = options.keep is not None
                result = process.run(options.kind[0], options.seed, options.case, real=options.real, keep=keep)
            print(result.report(), f"\nstdout: {result.out}", f"\nstderr: {result.err}", sep="")
            for fault in result.faults:
                print(f"\n{fault.sort}\n{fault.detail}")
            return
        results = _run_all(options, material, Path(place))
    print(f"\n{machine()}\nseed {options.seed}, a case is a hang after {LIMIT_S:g} s\n")
    print(table(results))


def _material(folder: Path) -> Material:
    return Material(folder) if (folder / "models").is_dir() else make_material(folder)


def _run_all(options: argparse.Namespace, material: Material, place: Path) -> list[Result]:
    """Kinds in turn, so that each has as many when the time is over."""
    kinds = options.kind or list(KINDS)
    ends = time.monotonic() + options.minutes * 60
    todo = iter((kind, number) for number in range(options.cases or 10**9) for kind in kinds)
    results: list[Result] = []

    def work(worker: int) -> None:
        with WarmProcess(material, place / f"worker{worker}") as process:
            while (options.cases or time.monotonic() < ends) and (next_one := next(todo, None)):
                kind, number = next_one
                real = options.real or number % _REAL_EVERY == _REAL_EVERY - 1
                try:
                    result = process.run(kind, options.seed, number, real=real)
                except RuntimeError as problem:  # the suite's own: an hour's results are not lost for it
                    fault = Fault("suite", str(problem))
                    result = Result(kind, options.seed, number, (), "", real, None, 0, (fault,))
                results.append(result)
                if result.faults:
                    print(result.report(), flush=True)

    with ThreadPoolExecutor(options.workers) as pool:
        for done in [pool.submit(work, worker) for worker in range(options.workers)]:
            done.result()
    return results


def table(results: list[Result]) -> str:
    """A line for each kind, then one for each different fault with how often and an example."""
    lines = ["| kind | cases | real processes | seconds | slowest | with faults |", "|---|---|---|---|---|---|"]
    for kind in KINDS:
        own = [result for result in results if result.kind == kind]
        if own:
            n_real, n_wrong = sum(result.real for result in own), sum(bool(result.faults) for result in own)
            seconds = [result.seconds for result in own]
            lines.append(f"| {kind} | {len(own)} | {n_real} | {sum(seconds):.0f} | {max(seconds):.1f} | {n_wrong} |")
    different: dict[tuple[str, str, str], list[Result]] = {}
    for result in results:
        for fault in result.faults:
            different.setdefault((result.kind, fault.sort, fault.place), []).append(result)
    for (kind, sort, where), found in sorted(different.items()):
        first, *_, last = found[0].report().splitlines()
        lines += ["", f"{kind}, {len(found)} times, {sort}: {where}", f"  {first}", last]
    return "\n".join(lines)


if __name__ == "__main__":
    main()
