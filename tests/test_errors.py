"""What libraries say of an error, in one line for users."""

from __future__ import annotations

import pytest

from convwise.conv2d import parse_settings
from convwise.errors import RequestError, one_line
from convwise.images.image_shape import ImageShape
from convwise.nets import build

_REFUSED = "The Conv2D op currently only supports the NHWC tensor format on the CPU. The op was given the format: NCHW"
_PLACE = "{{function_node __wrapped__Conv2D_device_/job:localhost/replica:0/task:0/device:CPU:0}}"


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        (
            "Exception encountered when calling Dense.call().\n\n\x1b[1mToo small.\x1b[0m\n\nArguments ...",
            "Too small.",
        ),
        (
            "Graph execution error:\n\nDetected at node a/Conv2D defined at (most recent call last):\n"
            f'  File "fit.py", line 5, in <module>\n\n{_REFUSED}\n\t [[{{{{node a/Conv2D}}}}]] [Op:__inference_step_3]',
            _REFUSED,
        ),
        (f"Exception encountered when calling Conv2D.call().\n\n\x1b[1m{_PLACE} {_REFUSED} [Op:Conv2D]", _REFUSED),
        ("{{function_node __wrapped__MatMul_device_/x:0}} In[0]: [2,3], In[1]: [2,3] [Op:MatMul] name: ",
         "In[0]: [2,3], In[1]: [2,3]"),
        ("  one\ntwo ", "one"),
        ("", "ValueError"),
    ],
    ids=["keras", "graph", "layer of TensorFlow", "operation", "plain", "empty"],
)  # fmt: skip
def test_the_cause_is_told_without_its_dressing(text: str, cause: str) -> None:
    assert one_line(ValueError(text)) == cause


def test_a_map_that_shrinks_to_nothing_is_told_with_the_map_the_window_and_the_way_out() -> None:
    settings = parse_settings(["conv.kernel_size=5", "conv.padding=valid"])
    with pytest.raises(RequestError, match=r"size=32.*inputs.shape=\[None 1 1 128\].*pool_size=\[2 2\].*padding=same"):
        build("simple", shape=ImageShape.of(32), n_classes=4, settings=settings, seed=0, precision="float32")
