"""A model card: what a network is, knows and does not know, in Markdown with the metadata that model hubs read."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from convwise.evaluation import Evaluation
from convwise.intervals import Estimate, macro_f1
from convwise.names import counted, shown
from convwise.report import run_words, tables
from convwise.report.markdown import markdown, table_text
from convwise.report.run_data import counts_table
from convwise.report.run_records import RunRecords

_METRICS = (("accuracy", "accuracy"), ("f1", "macro F1"), ("log_loss", "log loss"))


def model_card(records: RunRecords, *, use: str = "", library: str = "keras") -> str:
    """README.md: metadata between lines of dashes, then the same facts as the report's, in words.

    `use`: Markdown about how the network is used, in place of how model.keras is; `library`: what it is used with.
    """
    parts = [
        _metadata(records, library),
        f"# {markdown(records.name)}",
        " ".join(map(markdown, run_words.headline(records))),
        f"{markdown(run_words.network_words(records))}.",
        "## Use",
        use
        or '```python\nimport keras\n\nmodel = keras.models.load_model("model.keras")  # pixels 0 to 255, '
        f"{_shape(records)}\n```",
        f"Classes, in the order of the probabilities: {', '.join(markdown(shown(n)) for n in records.class_names)}.",
        "## Limits",
        "\n".join(f"- {markdown(line)}" for line in run_words.limits(records)),
        "## Data",
        table_text(counts_table(records)),
    ]
    if records.evaluation:
        parts += ["## Scores", table_text(tables.metrics_table(records.evaluation)),
                  table_text(tables.classes_table(records.evaluation, most=None))]  # fmt: skip
    parts += ["## Made with", f"```\n{records.commands.train()}\n```",
              f"Digest of the pictures: `{records.source.index_digest}`, of the split: "
              f"`{records.source.split_digest}`."]  # fmt: skip
    return "\n\n".join(parts) + "\n"


def _metadata(records: RunRecords, library: str) -> str:
    """YAML whose values are JSON, which YAML reads as it is."""
    found: dict[str, Any] = {
        "library_name": library,
        "pipeline_tag": "image-classification",
        "tags": ["image-classification", "convwise", library],
        "metrics": ["accuracy", "f1"],
    }
    if records.evaluation:
        result = {
            "task": {"type": "image-classification"},
            "dataset": {"name": shown(records.source.data), "type": "imagefolder", "split": "test"},
            "metrics": [
                {"type": kind, "value": round(estimate.value, 4),
                 "name": f"{title}, 95 % interval {estimate.low:.4f} to {estimate.high:.4f}"}
                for kind, title, estimate in _scores(records.evaluation)
            ],
        }  # fmt: skip
        found["model-index"] = [{"name": shown(records.name), "results": [result]}]
    lines = [f"{key}: {json.dumps(value, ensure_ascii=True)}" for key, value in found.items()]
    return "\n".join(["---", *lines, "---"])


def _scores(evaluation: Evaluation) -> list[tuple[str, str, Estimate]]:
    values = (evaluation.accuracy, macro_f1(np.array(evaluation.confusion)), evaluation.log_loss)
    return [(kind, title, value) for (kind, title), value in zip(_METRICS, values, strict=True)]


def _shape(records: RunRecords) -> str:
    height, width, channels = records.training.shape.array
    return f"(n, {height}, {width}, {channels}); answers (n, {counted(len(records.class_names), 'class', 'classes')})"
