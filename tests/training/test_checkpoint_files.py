"""A checkpoint that is not what was written is one line in our words."""

import io
import os
import zipfile
from pathlib import Path

import numpy as np
import pytest

from convwise.errors import ConvwiseError
from convwise.training.checkpoint import CheckpointFolder


def saved(*arrays: np.ndarray) -> bytes:
    file = io.BytesIO()
    np.savez(file, *arrays)
    return file.getvalue()


def zipped(name: str, content: bytes) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
    return file.getvalue()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"noise" * 100,
        b"\x80\x04 a pickle",
        b"\x93NUMPY\1\0v\0{'descr': '<f8', 'fortran_order': False, 'shape': (1,)}",
        saved(np.array([object()])),
        saved(np.zeros(1000))[:400],
        zipped("w0.npy", b"\x93NUMPY but no header"),
    ],
)
def test_damaged_weights_are_one_line(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "best-1.npz").write_bytes(content)
    with pytest.raises(ConvwiseError, match=r"best-1\.npz cannot be read: it is damaged; train again") as caught:
        CheckpointFolder(tmp_path).best_weights(1)
    assert "pickle" not in str(caught.value)


def test_a_pipe_in_its_place_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "best-1.npz")
    with pytest.raises(ConvwiseError, match="a pipe, not a regular file"):
        CheckpointFolder(tmp_path).best_weights(1)
