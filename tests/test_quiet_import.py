"""TensorFlow's start-up lines are not seen from Python; other lines are."""

import subprocess
import sys

import pytest

# Looking for TensorFlow, as convwise does before it imports it, must not use the quiet import up.
LOUD = """
import importlib.util, os, convwise
importlib.util.find_spec("tensorflow")
{first}
import keras, tensorflow
print("loaded", tensorflow.__spec__.loader)
"""


@pytest.mark.parametrize("redirect", ["", "os.close(2)"], ids=["open", "closed"])
def test_importing_tensorflow_after_convwise_writes_nothing(redirect: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", LOUD.format(first=redirect)], capture_output=True, text=True, check=True
    )
    assert done.stderr == ""
    assert done.stdout.startswith("loaded")
    assert "quiet_import" not in done.stdout


def test_other_lines_of_the_same_time_are_passed_on() -> None:
    script = "import os, convwise\nfrom convwise.stderr_filter import filtered_standard_error\n"
    script += "with filtered_standard_error():\n    os.write(2, b'a warning of another kind\\n')"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr == "a warning of another kind\n"
