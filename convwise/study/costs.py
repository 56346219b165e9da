"""What a network costs, as trials and factors tell it."""

from __future__ import annotations

from typing import Any


def costs_of(model: Any, *, batch: int, optimizer: str) -> dict[str, Any]:
    """`weights`, `multiply_adds` an image, and `memory`, the estimated bytes of a training step.

    Of a network with layers of a class that is not known, the latter two are of the others.
    """
    from convwise.nets.layer_table.table import layer_table  # imports Keras

    table = layer_table(model, batch=batch, optimizer=optimizer)
    memory = table.estimated_memory_bytes()
    if memory is None:
        memory = table.fixed_training_bytes + batch * sum(row.training_bytes or 0 for row in table.rows)
    return {
        "weights": int(model.count_params()),
        "multiply_adds": sum(row.multiply_adds or 0 for row in table.rows),
        "memory": memory,
    }
