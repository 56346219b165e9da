"""What to do next about a run: the one step with the strongest evidence, in the guide's words, with its command."""

from __future__ import annotations

import shlex
from dataclasses import dataclass

from convwise.conv2d.guide import GUIDE
from convwise.evaluation import Evaluation
from convwise.names import counted
from convwise.report.diagnosis import Diagnosis
from convwise.report.run_records import Commands, RunRecords
from convwise.report.table import percent
from convwise.report.tables import is_uneven

_MINUTES = 15  # of a study that is advised


@dataclass(frozen=True)
class NextStep:
    """A step: what to do, the numbers that say so, and the command that does or measures it."""

    what: str
    why: str
    command: str


@dataclass(frozen=True)
class Evidence:
    """What a step can rest on; `n_label_errors` counts equal pictures in more than one class."""

    records: RunRecords
    diagnosis: Diagnosis
    n_label_errors: int = 0

    @property
    def evaluation(self) -> Evaluation | None:
        """On the validation images: the test images choose nothing, no next step either."""
        return self.records.on_validation

    @property
    def commands(self) -> Commands:
        """About the run."""
        return self.records.commands


def next_step(evidence: Evidence) -> NextStep:
    """The first that applies: wrong labels, no better than chance, too few epochs, uneven classes, the curves."""
    found = _labels(evidence) or _chance(evidence) or _epochs(evidence) or _uneven(evidence)
    return found or _of_the_curves(evidence)


def _labels(evidence: Evidence) -> NextStep | None:
    n = evidence.n_label_errors
    if not n:
        return None
    why = f"{counted(n, 'picture')} {'lies' if n == 1 else 'lie'} in more than one class: all labels but one are wrong"
    command = shlex.join(["convwise", "data", "check", evidence.records.source.data])
    return NextStep("Mend the labels, then train again.", why, command)


def _chance(evidence: Evidence) -> NextStep | None:
    evaluation, how = evidence.evaluation, evidence.records.training
    if evaluation is None:
        return None
    n_tested = len(evaluation.class_names) - len(evaluation.not_tested)
    mirrored = how.augmentation.horizontal_flip or how.flip_averaging
    if n_tested < 2 or not mirrored or evaluation.mean_class_accuracy.low > 1 / n_tested:
        return None
    why = (
        f"on the validation images it is no better than chance among {n_tested} classes, and "
        f"recipe {how.recipe} mirrors images, which hides "
        "directions and sides"
    )
    return NextStep(
        "Train without mirroring, in case the classes differ by a direction.",
        why,
        evidence.commands.train(recipe="plain"),
    )


def _epochs(evidence: Evidence) -> NextStep | None:
    diagnosis, how = evidence.diagnosis, evidence.records.training
    if diagnosis.kind not in ("one epoch", "ended early"):
        return None
    if how.minutes is not None:
        command = evidence.commands.train(minutes=f"{2 * how.minutes:g}")
        return NextStep("Train for twice the time.", diagnosis.evidence[0], command)
    n = max(6, 2 * evidence.records.summary["epochs"])
    command = evidence.commands.train(epochs=n)
    return NextStep(f"Train for more epochs: {n}.", diagnosis.evidence[0], command)


def _uneven(evidence: Evidence) -> NextStep | None:
    evaluation = evidence.evaluation
    if evaluation is None or not is_uneven(evaluation) or evidence.records.training.weighted:
        return None
    if evaluation.mean_class_accuracy.high >= evaluation.accuracy.low:
        return None
    why = (
        f"on the validation images the mean class accuracy is {percent(evaluation.mean_class_accuracy.value)}, the "
        "accuracy "
        f"{percent(evaluation.accuracy.value)}: the small classes lose"
    )
    return NextStep(
        "Let all classes count the same in the training.", why, evidence.commands.train(class_weights="auto")
    )


def _of_the_curves(evidence: Evidence) -> NextStep:
    """What the guide says for the diagnosis, and the study that would measure it on these images."""
    kind, commands = evidence.diagnosis.kind, evidence.commands
    why = evidence.diagnosis.evidence[0] if evidence.diagnosis.evidence else evidence.diagnosis.title
    if kind == "overfitting":
        what = f"Measure a penalty on large weights and more varied pictures. {GUIDE['kernel_regularizer'].when}"
        return NextStep(what, why, _study(commands, "kernel_regularizer,weight_decay,augmentation,filters"))
    if kind == "underfitting":
        return NextStep(
            f"Measure a larger network. {GUIDE['filters'].when}", why, _study(commands, "filters,kernel_size,size")
        )
    if kind == "noisy":
        what = "Measure a smaller step, or set more images aside for the validation."
        return NextStep(what, why, _study(commands, "learning_rate,batch"))
    if kind == "no validation":
        what = "Set images aside for the validation, so that it can choose the epoch."
        return NextStep(what, why, commands.train(validation=None))
    what = "Measure which of the sixteen parameters matter on these images."
    return NextStep(what, f"nothing stands out: {why}", commands.study(minutes=_MINUTES))


def _study(commands: Commands, parameters: str) -> str:
    return commands.study(parameters=parameters, minutes=_MINUTES)
