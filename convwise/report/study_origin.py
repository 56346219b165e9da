"""What a study took, what could be tried, and what makes it again, as tables."""

from __future__ import annotations

from convwise.names import counted
from convwise.report.study_headline import duration
from convwise.report.study_records import StudyRecords
from convwise.report.table import Cell, Table, texts, words
from convwise.report.values import flat, plain

_MOST_VALUES = 8


def bought_table(records: StudyRecords) -> Table:
    """The plan, and what the time bought."""
    bought, result = records.bought, records.result
    length = "short" if result.quick else "whole"
    asked = counted(bought.minutes, "minute") if bought.minutes is not None else counted(bought.runs or 0, "training")
    planned = counted(bought.blocks_planned, "block") if bought.blocks_planned else ""
    rows = [
        ("asked for", asked, counted(result.trainings, f"{length} training") + f" in {duration(result.seconds)}"),
        ("blocks", planned, f"{result.blocks:,}"),
        ("trainings in the first block", f"{bought.per_block:,}", "fewer in later ones, as changes are settled"),
        ("a training on one core", _seconds(bought.training_seconds), ""),
        ("a block", _seconds(bought.block_seconds), _seconds(result.seconds / result.blocks)),
        ("trainings at a time", f"{bought.workers:,}", ""),
        ("images that judge in a block", "", f"{result.judged:,} of {result.pool:,}"),
    ]
    return Table(
        "the plan and what the time bought", words("what", "planned", "done"), tuple(texts(*row) for row in rows)
    )


def _seconds(value: float | None) -> str:
    return "" if value is None else f"about {duration(value)}"


def values_table(records: StudyRecords) -> Table | None:
    """What could be tried of each parameter, in its order; later values enter as earlier ones gain or lose."""
    rows = [
        texts(name, ", ".join(values[:_MOST_VALUES]) + (", ..." if len(values) > _MOST_VALUES else ""))
        for name, values in records.values.items()
    ]
    return (
        Table("the values that could be tried, in their order", words("parameter", "values"), tuple(rows))
        if rows
        else None
    )


def origin_table(records: StudyRecords) -> Table:
    """Digests, versions, machine."""
    made = records.environment
    spec = records.settings.get("spec") or {}
    rows = [
        ("pictures", str(spec.get("folder") or records.result.data)),
        ("digest of the pictures", str(spec.get("index_digest") or "not known")),
        ("seed", str(spec.get("seed", "not known"))),
        ("Python", str(made.get("python", "not known"))),
        *((str(name), str(version)) for name, version in dict(made.get("versions") or {}).items()),
        *((key, str(made[key])) for key in ("backend", "processor", "cores", "platform") if made.get(key)),
    ]
    return Table("where it comes from", words("what", "value"), tuple(texts(*row) for row in rows))


def settings_table(records: StudyRecords) -> Table:
    """Everything of study.json but the values of each parameter, a key in a line."""
    asked = {key: value for key, value in records.settings.items() if key not in ("factors", "settled")}
    rows = [(Cell(key), Cell(plain(value))) for key, value in flat(asked)]
    return Table("all settings", words("key", "value"), tuple(rows))
