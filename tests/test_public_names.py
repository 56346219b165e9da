"""A public name means one thing, in whatever order names are asked for."""

import subprocess
import sys

import pytest


@pytest.mark.parametrize(
    ("name", "inside"),
    [("study", "trials import Trial"), ("report", "table import Table"), ("runs", "folder import Run")],
)
@pytest.mark.parametrize("before", ["convwise.train", "convwise.{name}", "import convwise.{name}.{module}"])
def test_a_verb_is_the_function_whatever_was_imported_before(name: str, inside: str, before: str) -> None:
    """There is a package of that name too, which an import would put in its place."""
    first = before.format(name=name, module=inside.split()[0])
    code = f"import convwise\n{first}\nassert callable(convwise.{name})\nfrom convwise.{name}.{inside}"
    subprocess.run([sys.executable, "-c", code], check=True)
