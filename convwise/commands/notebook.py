"""What each result of the API shows in a notebook: the report's words and tables, as a piece of HTML."""

from __future__ import annotations

from dataclasses import replace
from functools import singledispatch

from convwise.commands.data import DataReport
from convwise.commands.evaluate import EvaluateResult
from convwise.commands.explain import Explanation
from convwise.commands.heatmap import HeatmapResult
from convwise.commands.predict import PredictionList
from convwise.commands.run_records import records_of
from convwise.commands.runs import RunList
from convwise.commands.study_records import study_records_of
from convwise.commands.train import TrainResult
from convwise.conv2d.guidance.record import Guidance
from convwise.errors import ConvwiseError
from convwise.evaluation import Evaluation
from convwise.names import shown
from convwise.report import displays
from convwise.report.comparison import Comparison
from convwise.report.notebook import Display, fragment
from convwise.runs import Run
from convwise.study.folder import StudyFolder
from convwise.study.result import StudyResult


def html_of(result: object) -> str | None:
    """The result as HTML; None where its files are gone or damaged, so that its text must do."""
    try:
        return fragment(_display(result))
    except ConvwiseError:
        return None


@singledispatch
def _display(result: object) -> Display:
    raise TypeError(f"nothing is known of how {type(result).__name__} looks in a notebook")


@_display.register
def _(run: Run) -> Display:
    folder = str(run.folder)
    if not run.complete:
        return Display(f"A run that is not finished: {shown(folder)}", example=f"convwise.resume({folder!r})")
    whole = f"convwise.report({folder!r})  # the whole report, as one page"
    return replace(displays.of_run(records_of(run)), example=whole)


@_display.register
def _(result: TrainResult) -> Display:
    return _display(result.run)


@_display.register
def _(result: EvaluateResult) -> Display:
    made = displays.of_evaluation(result.evaluation)
    return replace(made, lines=(f"run: {shown(str(result.run.folder))}",), notes=result.notes)


@_display.register
def _(evaluation: Evaluation) -> Display:
    return displays.of_evaluation(evaluation)


@_display.register
def _(result: StudyResult) -> Display:
    if result.folder is None:
        return displays.of_study(result, None)
    records = study_records_of(StudyFolder.open(result.folder))
    whole = f"convwise.report({str(result.folder)!r})  # the whole report, as one page"
    return replace(displays.of_study(result, records.bought), example=whole)


@_display.register
def _(comparison: Comparison) -> Display:
    return displays.of_comparison(comparison)


@_display.register
def _(found: RunList) -> Display:
    return displays.of_runs([each.to_dict() for each in found])


@_display.register
def _(answers: PredictionList) -> Display:
    return displays.of_answers([each.to_dict() for each in answers])


@_display.register
def _(explanation: Explanation) -> Display:
    return displays.of_layers(explanation.subject, explanation.table, explanation.findings, explanation.changes)


@_display.register
def _(heat: HeatmapResult) -> Display:
    what = f"Where the network finds {shown(heat.label)} in {shown(str(heat.image))}, by {heat.method}"
    return displays.of_heat(heat, heat.pixels, heat.sentence, what)


@_display.register
def _(report: DataReport) -> Display:
    return displays.of_data(report.index, report.remarks)


@_display.register
def _(guidance: Guidance) -> Display:
    return displays.of_guidance(guidance)
