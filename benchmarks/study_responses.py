"""Would another response, or an earlier look, have told as much? Read from the trials of finished studies.

For each study: how many standard errors an effect on accuracy is from zero beside the same effect on the log loss (the
square of their ratio is how many times the trials accuracy would need), and how many parameters each replicate alone
would have left undecided, with the study's own rules and with stricter ones (1 %) as a first look of several needs.
"""

import argparse
from pathlib import Path

import numpy as np

from convwise.study import effects, verdicts
from convwise.study.design import smallest_design
from convwise.study.folder import StudyFolder


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("studies", nargs="+", type=Path)
    for path in parser.parse_args().studies:
        told(path)


def told(path: Path) -> None:
    """Prints what one study tells."""
    folder = StudyFolder.open(path)
    request, outcomes, replicates = folder.request, folder.outcomes(), folder.plan.replicates
    design = smallest_design(tuple(factor.parameter for factor in request.factors))
    nested = {factor.parameter: factor.nested_in for factor in request.factors if factor.nested_in}
    keys = [[f"screen/{r}/{run:02}" for run in range(design.n_runs)] for r in range(replicates)]
    accuracy, log_loss = (
        np.array([[getattr(outcomes[key], name) or np.nan for key in row] for row in keys], float)
        for name in ("accuracy", "log_loss")
    )
    by_accuracy = effects.analyse(design, accuracy, nested=nested)
    by_log_loss = effects.analyse(design, log_loss, nested=nested)
    print(f"{path}: {replicates} replicates, noise {by_accuracy.deviation:.2f} points")
    ratios = []
    for one, other in zip(by_accuracy.effects, by_log_loss.effects, strict=True):
        t, u = one.estimate / one.error, -other.estimate / other.error
        print(f"  {one.factor:22} {one.estimate:+6.2f} points, t {t:+6.1f}   {other.estimate:+.3f} nats, -t {u:+6.1f}")
        if abs(t) > 3:
            ratios.append(u / t)
    if ratios:
        print(f"  the clear ones ({len(ratios)}): t of the log loss {np.median(ratios):.2f} times that of accuracy")
    looks = [(f"replicate {r} alone", accuracy[r : r + 1]) for r in range(replicates)] + [("all", accuracy)]
    for name, part in looks:
        analysis = effects.analyse(design, part, nested=nested)
        usual, strict = (undecided(analysis, request.smallest_effect, wrong) for wrong in (verdicts.WRONG, 0.01))
        print(f"  {name}: noise {analysis.deviation:.2f}, undecided {usual}, strictly {strict}")


def undecided(analysis: effects.Analysis, smallest_effect: float, wrong: float) -> int:
    """How many effects are neither shown to be large enough nor excluded to be, at this chance of a wrong exclusion."""
    n = len(analysis.effects)
    joint = effects.maximum_modulus(n, analysis.df, 1 - wrong)
    return sum(
        not (e.estimate - joint * e.error > 0 and e.estimate >= smallest_effect)
        and not verdicts.excludes(e.estimate, e.error, e.df, smallest_effect, wrong)
        for e in analysis.effects
    )


if __name__ == "__main__":
    main()
