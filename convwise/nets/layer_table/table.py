"""The layer table: any graph of Keras layers, layer by layer: shapes, receptive fields, weights, work, memory."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterable
from typing import Any

from convwise import checks
from convwise.images.image_shape import ImageShape
from convwise.nets.layer_table.cost import Memory, multiply_adds
from convwise.nets.layer_table.graph import Call, Graph, flatten
from convwise.nets.layer_table.receptive_field import Field, fields, spatial
from convwise.nets.layer_table.records import BYTES_PER_NUMBER, OPTIMIZER_SLOTS, LayerRow, LayerTable, Totals


def layer_table(
    model: Any,
    *,
    batch: int = 32,
    optimizer: str = "adamw",
    precision: str = "float32",
    shape: ImageShape | None = None,
) -> LayerTable:
    """The table of a built Sequential or functional model, nested models opened.

    `batch` images, `optimizer` and `precision` ("float32", or a mixed one: "bfloat16", "float16") decide the memory of
    training. The height and width of `shape` stand in where the model leaves them open. A layer of an unknown kind has
    None where its numbers are not known, and so have the totals.
    Raises RequestError where the model is no graph of layers, a name is unknown or the image's size is open.
    """
    return table_of(flatten(model, shape=shape), batch=batch, optimizer=optimizer, precision=precision)


def table_of(graph: Graph, *, batch: int = 32, optimizer: str = "adamw", precision: str = "float32") -> LayerTable:
    """The same for a graph that has been flattened already."""
    checks.whole("batch", batch, 1)
    checks.choice("optimizer", optimizer, OPTIMIZER_SLOTS)
    checks.choice("precision", precision, BYTES_PER_NUMBER)
    memory = Memory(graph, BYTES_PER_NUMBER[precision])
    seen = fields(graph)
    kept_bytes = memory.kept_bytes()
    rows = [
        _row(graph, call, seen[call.outputs[0].index], memory, kept)
        for call, kept in zip(graph.calls, kept_bytes, strict=True)
    ]
    work = _sum(row.multiply_adds for row in rows)
    weights = sum(row.weights for row in rows)
    totals = Totals(
        weights=weights,
        trainable_weights=sum(row.trainable_weights for row in rows),
        multiply_adds=work,
        inference_peak_bytes=memory.inference_peak(),
        training_peak_bytes=memory.training_peak() if memory.known else None,
    )
    shared = tuple(
        dataclasses.replace(
            row,
            weights_share=row.weights / weights if weights else 0.0,
            multiply_adds_share=row.multiply_adds / work if work and row.multiply_adds is not None else None,
        )
        for row in rows
    )
    notes = tuple(sorted({f"{row.type}: {row.note}" for row in rows if row.note}))
    return LayerTable(graph.name, graph.inputs[0].shape[1:], batch, optimizer, precision, shared, totals, notes)


def _row(graph: Graph, call: Call, field: Field | None, memory: Memory, kept_bytes: int | None) -> LayerRow:
    work = multiply_adds(call)
    whole_batch, part = graph.inputs[0].shape[0], call.outputs[0].shape[0]
    if work and whole_batch and part:  # a part of the batch passes here
        work = work * part // whole_batch
    record = None
    if field is not None:
        record = field.record(spatial(graph.inputs[0].shape, graph.layout))
    unknown = work is None or kept_bytes is None
    note = "not a layer that is known here: its work and its memory are not counted" if unknown else None
    if record is None and not unknown and len(graph.inputs[0].shape) == 4:
        note = "what its units see cannot be told"
    operation = call.operation
    return LayerRow(
        name=call.name,
        type=call.type,
        output_shape=call.outputs[0].shape[1:],
        receptive_field=record,
        weights=_count(getattr(operation, "weights", ())) if call.first else 0,
        trainable_weights=_count(getattr(operation, "trainable_weights", ())) if call.first else 0,
        multiply_adds=work,
        activation_bytes=memory.output_bytes(call),
        training_bytes=kept_bytes,
        note=note,
    )


def _count(weights: Iterable[Any]) -> int:
    """Numbers that make up the layer; a dropout's random seed is none of them."""
    return sum(math.prod(w.shape) for w in weights if "seed_generator" not in w.path)


def _sum(values: Iterable[int | None]) -> int | None:
    listed = list(values)
    return None if None in listed else sum(value for value in listed if value is not None)
