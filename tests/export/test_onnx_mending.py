"""What the converter leaves of TensorFlow's operations is put in ONNX's terms, to the same numbers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy import special

from convwise.export.onnx_mending import mend

pytestmark = pytest.mark.extras


@pytest.mark.parametrize(("operation", "truth"), [("Erfc", special.erfc), ("Expm1", np.expm1)])
def test_an_operation_that_onnx_lacks_is_computed(tmp_path: Path, operation: str, truth: np.ufunc) -> None:
    """Twice, one after the other, against SciPy and NumPy in float64."""
    onnx, runtime = pytest.importorskip("onnx"), pytest.importorskip("onnxruntime")
    shape = ["n", 3]
    nodes = [
        onnx.helper.make_node(operation, ["x"], ["inner"], name="first"),
        onnx.helper.make_node(operation, ["inner"], ["y"], name="second"),
    ]
    kind = onnx.TensorProto.FLOAT
    graph = onnx.helper.make_graph(
        nodes, "g", [onnx.helper.make_tensor_value_info("x", kind, shape)],
        [onnx.helper.make_tensor_value_info("y", kind, shape)],
    )  # fmt: skip
    model = onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 15)], ir_version=8)
    path = tmp_path / "model.onnx"
    onnx.save(model, str(path))
    with pytest.raises(runtime.capi.onnxruntime_pybind11_state.InvalidGraph):
        runtime.InferenceSession(str(path))
    mend(path)
    x = np.linspace(-2, 1, 30, dtype=np.float32).reshape(10, 3)
    (y,) = runtime.InferenceSession(str(path)).run(None, {"x": x})
    np.testing.assert_allclose(y, truth(truth(x.astype(np.float64))), rtol=1e-5, atol=3e-7)


def test_other_files_are_left_as_they_are(tmp_path: Path) -> None:
    onnx = pytest.importorskip("onnx")
    info = onnx.helper.make_tensor_value_info("x", onnx.TensorProto.FLOAT, [1])
    out = onnx.helper.make_tensor_value_info("y", onnx.TensorProto.FLOAT, [1])
    graph = onnx.helper.make_graph([onnx.helper.make_node("Relu", ["x"], ["y"])], "g", [info], [out])
    path = tmp_path / "model.onnx"
    onnx.save(onnx.helper.make_model(graph), str(path))
    before = path.read_bytes()
    mend(path)
    assert path.read_bytes() == before
