"""What a network costs, as trials and factors tell it."""

from __future__ import annotations

from typing import Any


def costs_of(model: Any, *, batch: int, optimizer: str) -> dict[str, Any]:
    """`weights`, `multiply_adds` an image, and `memory`, the estimated bytes of a training step."""
    from convwise.nets.layer_table.table import layer_table  # imports Keras

    table = layer_table(model, batch=batch, optimizer=optimizer)
    return {
        "weights": int(model.count_params()),
        "multiply_adds": table.totals.multiply_adds,
        "memory": table.estimated_memory_bytes(),
    }
