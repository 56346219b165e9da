"""What a notebook shows of each kind of record: which words of the report, which tables, which drawing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from convwise.conv2d.findings import Finding
from convwise.conv2d.guidance.record import Guidance
from convwise.conv2d.guide import CLAIM_NOTE
from convwise.evaluation import Evaluation
from convwise.images.index import ImageIndex
from convwise.names import counted, shown
from convwise.nets.layer_table.records import LayerTable
from convwise.report import data_page, tables
from convwise.report.charts import learning_curves, many_curves
from convwise.report.compare_page import validation_curves
from convwise.report.comparison import Comparison, differences_table, partings_table
from convwise.report.heatmap_words import Mapped, enlarged, overlay
from convwise.report.network_tables import layers_table, totals_lines
from convwise.report.notebook import Display, EffectRow, Effects, cut
from convwise.report.pictures import shown_pixels
from convwise.report.run_data import left_out_table
from convwise.report.run_records import RunRecords
from convwise.report.run_words import curves_said, headline, network_words
from convwise.report.runs_table import runs_table
from convwise.report.study_headline import headline as study_headline
from convwise.report.study_headline import measured
from convwise.report.study_numbers import unit
from convwise.report.study_page import axis_of, parameter_views
from convwise.report.study_records import Bought
from convwise.report.study_words import recommendation_lines, test_lines
from convwise.report.table import Cell, Table, numbers, percent, share, texts, words
from convwise.study.result import StudyResult

_FEW = 12  # layers that are shown unfolded
_LONGEST = 320  # px of a picture


def of_run(records: RunRecords) -> Display:
    """The report's first sentences, the learning curves, the metrics; the classes are folded."""
    evaluation = records.evaluation
    first, *more = headline(records)
    return Display(
        first,
        (*more, f"{shown(records.name)}: {network_words(records)}"),
        tuple(tables.remarks(evaluation, uneven=False)) if evaluation else (),
        chart=learning_curves(records.epochs, records.best_epoch),
        tables=(tables.metrics_table(evaluation),) if evaluation else (),
        folded=(tables.classes_table(evaluation),) if evaluation else (),
        notes=(curves_said(records),) if records.epochs else (),
    )


def of_evaluation(evaluation: Evaluation) -> Display:
    """The score, the metrics; classes and worst mistakes are folded."""
    mistakes = (tables.mistakes_table(evaluation),) if evaluation.mistakes else ()
    return Display(
        f"{evaluation.told[:1].upper()}{evaluation.told[1:]}",
        warnings=tuple(tables.remarks(evaluation)),
        tables=(tables.metrics_table(evaluation),),
        folded=(tables.classes_table(evaluation), *mistakes),
    )


def of_study(result: StudyResult, bought: Bought | None) -> Display:
    """The answer, and of each parameter the value that decides, on one axis; `bought` is None where it is not known."""
    axis = axis_of(result)
    rows = tuple(
        EffectRow(f"{each.name}: {each.rows[0].value}", each.rows[0].axis, each.rows[0].effect, each.rows[0].mark)
        for each in parameter_views(result, axis)
    )
    ruled = [texts(each.parameter, each.own, each.reason.text) for each in result.verdicts if each.tried is None]
    by_rule = Table(
        f"settled by rule: {counted(len(ruled), 'parameter')}", words("parameter", "own value", "why"), tuple(ruled)
    )
    return Display(
        study_headline(result, bought) if bought else result.sentence or "A study",
        (measured(result), *recommendation_lines(result), *test_lines(result)),
        effects=Effects("the value that decides about each parameter", unit(result), axis, rows) if rows else None,
        folded=(by_rule,) if ruled else (),
    )


def of_comparison(comparison: Comparison) -> Display:
    """The sentences, the differences, the validation losses; where they part is folded."""
    first, *more = (f"{each.sentence} on the same {comparison.n:,} test images." for each in comparison.differences)
    return Display(
        first,
        tuple(more),
        comparison.notes,
        chart=many_curves(validation_curves(comparison)),
        tables=(differences_table(comparison),),
        folded=(partings_table(comparison),) if comparison.partings else (),
    )


def of_layers(name: str, table: LayerTable, findings: Sequence[Finding], changes: Sequence[str]) -> Display:
    """The sums, the findings, the layers stage by stage where there are many."""
    found = Table(
        counted(len(findings), "finding"),
        words("", "where", "what", "what to do"),
        tuple(texts(each.severity, each.layer or "", each.message, each.fix) for each in findings),
    )
    layers = layers_table(table)
    few = len(layers.rows) <= _FEW
    return Display(
        f"{shown(name)}: {counted(len(table.rows), 'layer')}, {counted(table.totals.weights, 'weight')}",
        tuple(totals_lines(table)),
        tables=(*((found,) if findings else ()), *((layers,) if few else ())),
        folded=() if few else (layers,),
        notes=(*changes, *(() if findings else ("Nothing unwise was found in it.",))),
    )


def of_data(index: ImageIndex, remarks: Sequence[str]) -> Display:
    """What is there and what is wrong with it, the classes and the reasons; a remark is a line of the list."""
    left_out = left_out_table(index)
    return Display(
        data_page.headline(index),
        tables=(data_page.counts_table(index),),
        folded=(left_out,) if left_out.rows else (),
        notes=tuple(remarks),
    )


def of_answers(answers: Sequence[Mapping[str, Any]]) -> Display:
    """A row for each file, as `Prediction.to_dict` gives it; what could not be answered says why."""
    failed = sum("error" in each for each in answers)
    said = f"{counted(len(answers), 'file')}" + (f", {failed:,} of them without an answer" if failed else "")
    table = Table(
        said, (*words("picture", "label"), *numbers("probability"), *words("then")), tuple(map(_row, answers))
    )
    return Display(said, tables=(table,), notes=cut(answers, "files"))


def _row(answer: Mapping[str, Any]) -> tuple[Cell, ...]:
    if "error" in answer:
        return Cell(answer["path"]), Cell("–"), Cell(""), Cell(answer["error"])
    others = ", ".join(f"{shown(each['label'])} {percent(each['probability'])}" for each in answer["top"][1:4])
    remarks = [
        others,
        *([answer["warning"]] if "warning" in answer else []),
        *(["unsure"] if answer.get("unsure") else []),
    ]
    return (
        Cell(answer["path"]),
        Cell(answer["label"]),
        share(answer["probability"]),
        Cell("; ".join(filter(None, remarks))),
    )


def of_runs(found: Sequence[Mapping[str, Any]]) -> Display:
    """A row for each run, as `RunSummary.to_dict` gives it."""
    return Display(counted(len(found), "run"), tables=(runs_table(found),), notes=cut(found, "runs"))


def of_heat(heat: Mapped, pixels: NDArray[np.uint8], sentence: str, what: str) -> Display:
    """The picture as the network takes it, the map on it, and whether to believe it."""
    seen = shown_pixels("the picture as the network takes it", enlarged(pixels, _LONGEST))
    drawn = shown_pixels("the same under the map, its hottest part outlined", overlay(heat, pixels, _LONGEST))
    return Display(what, (sentence,), pictures=(seen, drawn))


def of_guidance(guidance: Guidance) -> Display:
    """The guide's entry: what it does, when to touch it, what to try; rules and sources are the last."""
    tried = Table(
        "values to try",
        words("value", "what it is good for"),
        tuple(texts(f"conv.{guidance.parameter}={each.text}", each.note) for each in guidance.values),
    )
    return Display(
        f"{guidance.parameter} (default {guidance.default}): {guidance.summary}",
        (guidance.what, f"When to touch it: {guidance.when}"),
        tables=(tried,),
        example=guidance.example,
        notes=(
            f"The tutorial's advice: {guidance.claim} {CLAIM_NOTE}",
            *guidance.rules,
            f"In PyTorch: {guidance.elsewhere}",
            *guidance.sources,
        ),
    )
