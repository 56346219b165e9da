"""What the processor is, read from what each kind of system tells."""

from __future__ import annotations

from unittest import mock

import pytest

from convwise import processor


@pytest.mark.parametrize(
    ("told", "name", "expected"),
    [
        ("model name\t: Xeon\nflags\t\t: fpu avx avx2 avx512f amx_bf16\n", "Xeon", "AMX"),
        ("model name\t: EPYC\nflags\t\t: fpu avx avx2 avx512f avx512_bf16\n", "EPYC", "AVX-512"),
        ("model name\t: Zen 3\nflags\t\t: fpu avx avx2\nbugs\t\t: avx512f\n", "Zen 3", "AVX2"),
        ("model name\t: old\nflags\t\t: fpu avx\n", "old", "AVX"),
        ("processor\t: 0\nFeatures\t: fp asimd bf16\n", "generic", "NEON"),  # Linux on arm64 has no model name
        ("", "generic", "machine"),  # macOS and Windows have no such list
    ],
)
def test_the_widest_set_of_instructions_is_named(told: str, name: str, expected: str) -> None:
    with (
        mock.patch("convwise.processor._cpuinfo", return_value=told),
        mock.patch("platform.processor", return_value="generic"),
        mock.patch("platform.machine", return_value="machine"),
    ):
        assert processor.processor_name() == name
        assert processor.instruction_set() == expected
