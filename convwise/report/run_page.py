"""The report of a run: its records become a view, section by section, and the view a page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from convwise.conv2d.findings import Finding
from convwise.images.index import ImageIndex
from convwise.names import counted
from convwise.nets.layer_table.records import LayerTable
from convwise.report import confidence, confusion, run_pictures, run_words, tables
from convwise.report.charts import learning_curves, reliability_chart
from convwise.report.diagnosis import diagnose
from convwise.report.heatmap_words import HeatView
from convwise.report.html.page import page
from convwise.report.network_tables import Stage, layers_table, stages, totals_lines
from convwise.report.next_step import Evidence, next_step
from convwise.report.pictures import Pictures
from convwise.report.run_data import DataView, data_view
from convwise.report.run_records import RunRecords
from convwise.report.table import Cell, Table, count, numbers, percent, texts, words
from convwise.report.values import flat, plain

_SECTIONS = (("mistakes", "Mistakes"), ("confusion", "Confusion"), ("classes", "Classes"), ("learning", "Learning"),
             ("sure", "How sure"), ("data", "Data"), ("network", "Network"), ("exports", "Exports"),
             ("reproduce", "Reproduce"), ("limits", "Limits"))  # fmt: skip


@dataclass(frozen=True)
class Layers:
    """The layers of the network and the findings about it; `table` is None where they are not known, for `why_not`."""

    table: LayerTable | None = None
    findings: tuple[Finding, ...] = ()
    why_not: str = "the network was not looked at"


@dataclass(frozen=True, eq=False)
class Seen:
    """What a report holds besides the run's own records.

    `index` is None where the pictures are gone or have changed, as `state` says. `heats`: heatmaps by path, with what
    is to be said of them in `heat_notes`. `pixels`: the first training image as the network takes it. `exports`: by
    name, the tables of each export's proof.
    """

    index: ImageIndex | None
    state: str
    layers: Layers = field(default_factory=Layers)
    heats: Mapping[str, HeatView] = field(default_factory=dict)
    heat_notes: tuple[str, ...] = ()
    pixels: Any = None
    exports: Mapping[str, tuple[Table, ...]] = field(default_factory=dict)


def run_page(records: RunRecords, seen: Seen, pictures: Pictures) -> str:
    """The whole page."""
    evaluation, answers = records.evaluation, records.answers
    index = seen.index
    errors = index.copies.label_errors(index.labels) if index else ()
    found = diagnose(
        records.epochs,
        records.best_epoch,
        n_validation=len(records.split["validation"]),
        label_smoothing=records.training.label_smoothing,
    )
    step = next_step(Evidence(records, found, len(errors)))
    doubtful = run_pictures.doubts(records, index)
    # What is looked at first is stored first, within the budget of bytes.
    worst = run_pictures.mistakes(records, pictures, seen.heats, doubtful)
    data = data_view(records, index, seen.state, pictures, seen.pixels)
    cells = run_pictures.galleries(records, pictures)
    bins = confidence.reliability(answers) if answers else ()
    view: dict[str, Any] = {
        "name": records.name,
        "date": records.ended,
        "network_words": run_words.network_words(records),
        "headline": run_words.headline(records),
        "remarks": tables.remarks(evaluation, uneven=False) if evaluation else [],  # the headline says that
        "step": step,
        "warnings": [seen.state] if seen.state else [],
        "sections": [each for each in _SECTIONS if each[0] != "exports" or seen.exports],
        "exports": seen.exports,
        "evaluation": evaluation,
        "mistakes": worst,
        "n_wrong": tables.n_wrong(evaluation) if evaluation else 0,
        "doubts_said": _doubts_said(records, doubtful),
        "heat_notes": seen.heat_notes,
        "galleries": cells,
        "galleries_said": _galleries_said(records, pictures),
        "metrics": tables.metrics_table(evaluation) if evaluation else None,
        "classes": tables.classes_table(evaluation, most=None) if evaluation else None,
        "confusion_title": confusion.finding(evaluation) if evaluation else "",
        "pairs": confusion.pairs_table(evaluation) if evaluation else None,
        "matrix": _linked(confusion.matrix_table(evaluation), {each.place for each in cells}) if evaluation else None,
        "diagnosis": found,
        "curves": learning_curves(records.epochs, records.best_epoch),
        "curves_said": run_words.curves_said(records),
        "epochs": epochs_table(records.epochs),
        "reliability": confidence.reliability_table(bins) if answers else None,
        "reliability_chart": reliability_chart(bins) if answers else "",
        "how_sure": confidence.how_sure(answers) if answers else "",
        "why_no_answers": records.why_no_answers,
        "data": data,
        "network": _network(seen.layers),
        "why_no_network": seen.layers.why_not,
        "command": records.commands.train(),
        "config": records.commands.config,
        "origin": origin_table(records),
        "settings": settings_table(records),
        "limits": run_words.limits(records),
        "pictures_said": _pictures_said(pictures, data),
    }
    if view["pairs"] is not None:
        view["pairs"] = _linked(view["pairs"], {each.place for each in cells})
    return page("run.html", run=view)


def _linked(table: Table, places: set[str]) -> Table:
    """The table without links to places that the page does not have."""
    rows = tuple(
        tuple(cell if cell.target in places else replace(cell, target="") for cell in row) for row in table.rows
    )
    return replace(table, rows=rows)


def _network(layers: Layers) -> dict[str, Any] | None:
    if layers.table is None:
        return None
    parts: tuple[Stage, ...] = stages(layers.table, layers.findings)
    placed = [each for part in parts for each in part.findings]
    return {
        "totals": totals_lines(layers.table),
        "caption": layers_table(layers.table).caption,
        "stages": parts,
        "findings": [each for each in layers.findings if each not in placed],
        "any_finding": bool(layers.findings),
    }


def epochs_table(epochs: Sequence[Mapping[str, float]]) -> Table:
    """The numbers of each epoch."""
    rows = [
        (
            count(int(row["epoch"])),
            *(_number(row.get(key), 3) for key in ("loss", "val_loss")),
            *(Cell(percent(row.get(key)), row.get(key)) for key in ("accuracy", "val_accuracy")),
            _number(row.get("learning_rate"), 6),
        )
        for row in epochs
    ]
    columns = numbers("epoch", "training loss", "validation loss", "training accuracy", "validation accuracy", "rate")
    return Table("the numbers of each epoch", columns, tuple(rows))


def origin_table(records: RunRecords) -> Table:
    """What made the run: digests, versions, machine, and what the machine decided."""
    how, source, made = records.training, records.source, records.environment
    rows = [
        ("pictures", str(source.folder)),
        ("digest of the pictures", source.index_digest),
        ("digest of the split", source.split_digest),
        ("seed", str(how.seed)),
        ("arithmetic", f"{how.precision}; {counted(how.towers, 'replica')}, as the machine allowed"),
        ("training time", f"{records.summary['seconds_training']:.0f} s"),
        ("Python", str(made.get("python", "not known"))),
        *((str(name), str(version)) for name, version in dict(made.get("versions") or {}).items()),
        *((key, str(made[key])) for key in ("backend", "processor", "cores", "platform") if made.get(key)),
    ]
    return Table("where it comes from", words("what", "value"), tuple(texts(*row) for row in rows))


def settings_table(records: RunRecords) -> Table:
    """Everything of settings.json, a key in a line."""
    rows = [texts(key, plain(value)) for key, value in flat(records.settings)]
    return Table("all settings", words("key", "value"), tuple(rows))


def _number(value: float | None, decimals: int) -> Cell:
    """Of as many decimals in each row, so that the points stand below each other."""
    return Cell("–") if value is None else Cell(f"{value:.{decimals}f}", value)


def _doubts_said(records: RunRecords, doubtful: Mapping[str, str]) -> str:
    answers = records.answers
    if answers is None or not doubtful:
        return ""
    wrong = {path for path, right in zip(answers.paths, answers.right, strict=True) if not right}
    n = sum(path in wrong for path in doubtful)
    if not n:
        return ""
    return f"In {counted(n, 'of them', 'of them')} the network may be right and the label wrong: look at those first."


def _galleries_said(records: RunRecords, pictures: Pictures) -> str:
    if records.answers is None:
        return f"Of the {len(records.evaluation.mistakes) if records.evaluation else 0} most confident mistakes."
    return (
        f"Of wrong answers the {run_pictures.PER_CELL} surest of each cell, of right ones the "
        f"{run_pictures.PER_RIGHT_CELL} least sure; below each the probability of the answer."
    )


def _pictures_said(pictures: Pictures, data: DataView) -> str:
    if not pictures.allowed:
        return "This report was made without pictures: it holds no pixel of the data. Names of files are in it."
    over = (
        f"; {counted(pictures.n_over, 'picture')} beyond that {'is' if pictures.n_over == 1 else 'are'} left out, \
in the order of the page"
        if pictures.n_over
        else ""
    )
    return (
        f"This file holds {pictures.spent / 1e6:.1f} MB of pictures, at most {pictures.most_bytes / 1e6:.0f} MB{over}. "
        "Pictures are the originals, made smaller."
    )
