"""Blocks of trials: what a round asks for, carried out or found on record, and read as differences."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy import special

from convwise.errors import ConvwiseError, RequestError
from convwise.seeds import generator
from convwise.study.budget import Minutes, Trainings
from convwise.study.engine import Engine
from convwise.study.factors import Level
from convwise.study.folder import StudyFolder
from convwise.study.looks import FEWEST
from convwise.study.measures import Judged, Metric, Scores, image_effects, reading
from convwise.study.other_images import Judgement, image_variance
from convwise.study.request import StudyHooks
from convwise.study.state import AGAIN, Arm, Block, Round, network_of, together
from convwise.study.trial_runner import TrialRunner
from convwise.study.trials import Outcome, Trial, unpacked

UNCHANGED: Arm = ()


def combined(names: Arm, levels: Mapping[str, Level]) -> tuple[tuple[str, ...], dict[str, Any]]:
    """The texts of `--set` and the recipe's changes that make the network of these candidates."""
    chosen = [levels[name] for name in together(names)]
    texts = tuple(text for level in chosen for text in level.settings)
    return texts, {key: value for level in chosen for key, value in level.changes.items()}


class Blocks:
    """Carries out rounds; trials on record are not carried out again. `levels`: each candidate's by its name.

    `epochs`: of short trainings; None trains to the end.
    """

    def __init__(
        self,
        runner: TrialRunner,
        folder: StudyFolder,
        engine: Engine,
        levels: Mapping[str, Level],
        hooks: StudyHooks,
        *,
        metric: Metric,
        epochs: int | None = None,
    ) -> None:
        self.runner, self.levels, self.metric, self.epochs = runner, levels, metric, epochs
        self._folder, self._engine, self._hooks = folder, engine, hooks
        folder.mend()
        self.known = folder.outcomes()
        self.rounds: list[tuple[Round, dict[Arm, Outcome]]] = []
        self._scores: list[dict[Arm, Scores]] = []  # of each round: the arms whose trainings were done
        self.unchanged: list[float] = []

    def carry_out(self, round_: Round, budget: Minutes | Trainings) -> Block:
        """The readings of the round's arms. Raises ConvwiseError where the unchanged network cannot be trained."""
        trials = {arm: self._trial(round_, arm) for arm in (UNCHANGED, *round_.arms)}
        self._train(round_, list(trials.values()))
        outcomes = {arm: self.known[trial.key] for arm, trial in trials.items()}
        budget.count([(network_of(round_.base, arm), outcome.seconds) for arm, outcome in outcomes.items()])
        self.rounds.append((round_, outcomes))
        own = outcomes[UNCHANGED]
        if own.status == "failed":
            raise ConvwiseError(f"the unchanged network cannot be trained: {own.reason}")
        judged = self.judged(round_.number)
        scores = {arm: self._scored(outcome, judged) for arm, outcome in outcomes.items() if outcome.status == "done"}
        self._scores.append(scores)
        unchanged = [scores[arm] for arm in (UNCHANGED, AGAIN) if arm in scores]
        self.unchanged += [each.value(judged, self.metric) for each in unchanged if not round_.base]
        readings: dict[Arm, Any] = {}
        for arm in round_.arms:
            against = unchanged[:1] if arm == AGAIN else unchanged
            readings[arm] = reading(scores[arm], against, judged, self.metric) if arm in scores else None
        return Block(readings)

    def judged(self, block: int) -> Judged:
        """The images of the block's fold."""
        index = self.runner.index
        return Judged(index.labels[self.runner.fold(block).validation], len(index.class_names))

    def of_test(self, outcome: Outcome) -> float | None:
        """Percent of the test images that are right; None where they were not looked at."""
        if not outcome.test_answers:
            return None
        index, members = self.runner.index, self.runner.split.test
        probabilities = self._answers(outcome, outcome.test_answers, len(members))
        return 100 * float(np.mean(probabilities.argmax(axis=1) == index.labels[members]))

    def seconds_ratio(self, name: str) -> float | None:
        """Of a step with this candidate to one of the unchanged network, over the blocks of the search.

        1 where the blocks do not agree that it differs (t interval of the logarithms, 95 %); None below three blocks.
        """
        ratios = []
        for round_, outcomes in self.rounds:
            own, other = outcomes[UNCHANGED].seconds_per_image, outcomes.get((name,))
            if not round_.base and own and other and other.seconds_per_image:
                ratios.append(other.seconds_per_image / own)
        if len(ratios) < FEWEST:
            return None
        logs = np.log(ratios)
        half = -float(special.stdtrit(len(logs) - 1, 0.025)) * float(logs.std(ddof=1)) / math.sqrt(len(logs))
        mean = float(logs.mean())
        return math.exp(mean) if abs(mean) > half else 1.0

    @property
    def n_images(self) -> int:
        """Of the pool that trains and judges."""
        return len(self.runner.split.train) + len(self.runner.split.validation)

    def reasons(self) -> dict[str, str]:
        """Why trainings failed, by candidate: the last reason of each."""
        return {
            arm[0]: outcome.reason
            for _, found in self.rounds
            for arm, outcome in found.items()
            if len(arm) == 1 and outcome.status == "failed"
        }

    def image_variance(self, name: str, base: Arm) -> float | None:
        """Of the candidate's effect from image to image, on top of `base`; None where no image judged it twice."""
        judgements: list[Judgement] = []
        for (round_, _), scores in zip(self.rounds, self._scores, strict=True):
            if round_.base != base or (name,) not in scores:
                continue
            own = [scores[arm] for arm in (UNCHANGED, AGAIN) if arm in scores]
            effects = image_effects(scores[(name,)], own, self.judged(round_.number), self.metric)
            judgements.append((self.runner.fold(round_.number).validation, effects))
        return image_variance(judgements)

    def _scored(self, outcome: Outcome, judged: Judged) -> Scores:
        return Scores.of(self._answers(outcome, outcome.answers, len(judged.labels)), judged.labels)

    def _answers(self, outcome: Outcome, packed: str, n_images: int) -> NDArray[np.float64]:
        try:
            return unpacked(packed, n_images, len(self.runner.index.class_names))
        except RequestError as problem:
            raise RequestError(
                f"{self._folder.path / 'trials.jsonl'}: the answers of trial {outcome.key}: {problem}; take the line "
                "out, and its trial is carried out again"
            ) from None

    def _trial(self, round_: Round, arm: Arm) -> Trial:
        names = network_of(round_.base, arm)
        texts, changes = combined(names, self.levels)
        short = f"{self.epochs} epochs/" if self.epochs else ""
        what = " + ".join(names) or "unchanged"
        return Trial(
            f"{short}{round_.number}/{what}{' again' if arm == AGAIN else ''}",
            round_.number,
            texts,
            changes,
            own_seed=arm == AGAIN,
            epochs=self.epochs,
            on_test=round_.stage == "confirm",
        )

    def _train(self, round_: Round, trials: list[Trial]) -> None:
        missing = [trial for trial in trials if trial.key not in self.known]
        # The last trainings of a block have the machine to themselves: in a fixed order some would seem the faster.
        order = generator(self.runner.spec.seed, "order", round_.number).permutation(len(missing))
        missing = [missing[i] for i in order]
        stage = f"block {round_.number + 1}{', to confirm' if round_.stage == 'confirm' else ''}"
        n_known = len(trials) - len(missing)
        self._hooks.trial(stage, n_known, len(trials))

        def done(outcome: Outcome) -> None:
            nonlocal n_known
            self._folder.append(outcome)
            self.known[outcome.key] = outcome
            n_known += 1
            self._hooks.trial(stage, n_known, len(trials))
            if outcome.status == "failed":
                self._hooks.note(f"training {outcome.key} failed: {outcome.reason}")

        if missing:
            self._engine.run(missing, done)
