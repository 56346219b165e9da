"""What all stages share: trials asked for by name, of which those on record are not carried out again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from convwise.study.design import smallest_design
from convwise.study.engine import Engine
from convwise.study.factors import Level
from convwise.study.folder import StudyFolder
from convwise.study.request import Request, StudyHooks
from convwise.study.trials import Outcome, Trial

FEWEST = 3  # pairs from which anything is told


class Work:
    """A study at work: its folder, what is asked, who carries the trials out, and what is known."""

    def __init__(self, folder: StudyFolder, request: Request, engine: Engine, hooks: StudyHooks) -> None:
        self.folder, self.request, self.engine, self.hooks = folder, request, engine, hooks
        folder.mend()
        self.known = folder.outcomes()
        self.design = smallest_design(tuple(factor.parameter for factor in request.factors))

    def carried_out(
        self, stage: str, trials: Sequence[Trial], heard: Callable[[], None] = lambda: None
    ) -> list[Outcome]:
        """The outcomes of `trials`, in their order."""
        missing = list({trial.key: trial for trial in trials if trial.key not in self.known}.values())
        n_known = len(trials) - len(missing)
        self.hooks.trial(stage, n_known, len(trials))

        def done(outcome: Outcome) -> None:
            nonlocal n_known
            self.folder.append(outcome)
            self.known[outcome.key] = outcome
            n_known += 1
            self.hooks.trial(stage, n_known, len(trials))
            if outcome.status == "failed":
                self.hooks.note(f"trial {outcome.key} failed: {outcome.reason}")
            heard()

        if missing:
            self.engine.run(missing, done)
        return [self.known[trial.key] for trial in trials]

    def settings_of(self, run: int) -> tuple[str, ...]:
        """The settings of a run of the design: the alternative of each factor at its high level."""
        high = self.design.signs[run] > 0
        return tuple(
            text
            for factor, changed in zip(self.request.factors, high, strict=True)
            if changed
            for text in factor.alternative.settings
        )


def trial_with(block: str, levels: Mapping[str, Level], epochs: int, *, on_test: bool = False) -> Trial:
    """A trial that is named by its settings: one on record is never taken for another."""
    name = ",".join(f"{parameter}={level.value}" for parameter, level in levels.items()) or "own"
    settings = tuple(text for level in levels.values() for text in level.settings)
    return Trial(f"{block}/{name}", block, settings, epochs, on_test=on_test)
