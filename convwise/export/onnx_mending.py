"""Operations of TensorFlow that the converter to ONNX leaves as they are, put in terms that ONNX has."""

from __future__ import annotations

from pathlib import Path

import numpy as np

_INNER = {"Erfc": "Erf", "Expm1": "Exp"}
"""By operation: the one that it is made of, with the number one. They come from an exact GELU and from CELU."""


def mend(path: Path) -> None:
    """Rewrites the file where it holds such operations: Erfc(x) is 1 - Erf(x), Expm1(x) is Exp(x) - 1.

    What Expm1 is there for, the digits of a tiny x, is lost to 6e-8: as much as float32 rounds off the number one.
    """
    import onnx
    from onnx import helper, numpy_helper

    model = onnx.load(str(path))
    nodes = []
    for node in model.graph.node:
        inner = _INNER.get(node.op_type)
        if inner is None:
            nodes.append(node)
            continue
        found, one = f"{node.output[0]}/{inner}", f"{node.output[0]}/one"
        model.graph.initializer.append(numpy_helper.from_array(np.array(1, np.float32), one))
        parts = [one, found] if node.op_type == "Erfc" else [found, one]
        nodes.append(helper.make_node(inner, list(node.input), [found], name=f"{node.name}/{inner}"))
        nodes.append(helper.make_node("Sub", parts, list(node.output), name=node.name))
    if len(nodes) > len(model.graph.node):
        del model.graph.node[:]
        model.graph.node.extend(nodes)
        onnx.save(model, str(path))
