"""A public name means one thing, in whatever order names are asked for."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize("before", ["convwise.train", "convwise.study", "import convwise.study.trials"])
def test_study_is_the_function_whatever_was_imported_before(before: str) -> None:
    """There is a package of that name too, which an import would put in its place."""
    code = f"import convwise\n{before}\nassert callable(convwise.study)\nfrom convwise.study.trials import Trial"
    subprocess.run([sys.executable, "-c", code], check=True)
