"""The documentation knows every option and key, and its links lead somewhere."""

import argparse
import re
import runpy
import shlex
from collections.abc import Iterator
from contextlib import nullcontext
from dataclasses import fields
from pathlib import Path

import pytest

import convwise
import convwise.sklearn
from convwise.cli import build_parser
from convwise.images.augment import Augmentation
from convwise.images.planted import PLANTED, Planted
from convwise.nets import NETWORKS, network_options
from convwise.nets.lint import RULES
from convwise.training.recipe import RECIPES, Recipe

ROOT = Path(__file__).resolve().parent.parent
PAGES = [
    ROOT / "README.md",
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "docs").rglob("*.md")),
    ROOT / "benchmarks/README.md",
]


def options(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Every verb and every long option."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for name, below in action.choices.items():
                yield name
                yield from options(below)
        elif action.help != argparse.SUPPRESS:  # a name of before
            yield from (option for option in action.option_strings if option.startswith("--"))


def test_every_verb_and_option_is_in_the_reference() -> None:
    text = (ROOT / "docs/reference/cli.md").read_text()
    found = set(options(build_parser()))
    assert len(found) > 25
    assert [name for name in sorted(found) if not re.search(rf"{re.escape(name)}\b", text)] == []


@pytest.mark.parametrize("kind", [Recipe, Augmentation])
def test_every_key_of_the_recipe_is_in_the_reference_with_its_values(kind: type) -> None:
    lines = (ROOT / "docs/reference/recipe.md").read_text().splitlines()
    rows = {line.split("`")[1]: [cell.strip() for cell in line.split("|")] for line in lines if line.startswith("| `")}
    for field in fields(kind):
        if field.name == "augmentation":
            continue
        for column, name in ((3, "fast"), (4, "thorough"), (5, "finetune"), (6, "tutorial")):
            owner = RECIPES[name] if kind is Recipe else RECIPES[name].augmentation
            value = getattr(owner, field.name)
            written = rows[field.name][column]
            if isinstance(value, bool) or value is None:
                assert written == {True: "true", False: "false", None: "none"}[value]
            elif isinstance(value, str):
                assert written == value
            else:
                assert float(written) == value


def test_every_network_and_option_is_in_the_reference_with_its_default() -> None:
    lines = (ROOT / "docs/reference/networks.md").read_text().splitlines()
    rows = {line.split("`")[1]: line for line in lines if line.startswith("| `")}
    assert rows.keys() == NETWORKS.keys()
    for name, line in rows.items():
        written = dict(re.findall(r"`(\w+)`=([\w.]+)", line))
        assert written == {key: str(value).lower() for key, value in network_options(name).items()}


def test_every_finding_is_in_the_reference() -> None:
    lines = (ROOT / "docs/reference/findings.md").read_text().splitlines()
    assert [line.split("`")[1] for line in lines if line.startswith("| `")] == list(RULES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), target


def test_the_page_of_the_parameters_is_what_the_records_make_of_it() -> None:
    """Else run `python docs/figures/make.py`."""
    page = runpy.run_path(str(ROOT / "docs/figures/make.py"))["page"]()
    assert (ROOT / "docs/reference/conv2d.md").read_text(encoding="utf-8") == page


def test_the_python_interface_is_what_the_docstrings_make_of_it() -> None:
    """Else run `python docs/reference/make_api.py`."""
    page = runpy.run_path(str(ROOT / "docs/reference/make_api.py"))["page"]()
    assert (ROOT / "docs/reference/api.md").read_text(encoding="utf-8") == page
    for name in (*convwise.__all__, *convwise.sklearn.__all__):
        assert f"\n### {name}\n" in page


def test_every_page_can_be_reached_from_the_map() -> None:
    linked = re.findall(r"\]\(([^)#]+)\)", (ROOT / "docs/index.md").read_text())
    pages = {
        str(page.relative_to(ROOT / "docs")) for page in (ROOT / "docs").rglob("*") if page.suffix in (".md", ".ipynb")
    }
    assert pages - {"index.md"} == set(linked)


def test_every_benchmark_is_listed() -> None:
    text = (ROOT / "benchmarks/README.md").read_text()
    shared = ("machine", "trial_bench", "aligned_pictures", "simulated_study")  # what several scripts import
    assert all(script.name in text for script in (ROOT / "benchmarks").glob("*.py") if script.stem not in shared)


def test_each_planted_truth_is_told_with_what_its_study_begins_with() -> None:
    rows = {
        line.split("`")[1]: line
        for line in (ROOT / "docs/how-to/study.md").read_text().splitlines()
        if "| `planted-" in line
    }
    assert set(rows) == set(PLANTED)
    for name, planted in PLANTED.items():
        options = [f"--set {text}" for text in planted.start] + [f"--levels {text}" for text in planted.levels]
        if planted.epochs != Planted.epochs:
            options.append(f"--epochs {planted.epochs}")
        assert rows[name].rstrip(" |").endswith(f"`{' '.join(options)}`" if options else "nothing at all"), name


def commands() -> Iterator[tuple[str, str]]:
    """Every command of convwise in a code block of a page, without its comment."""
    for page in PAGES:
        for language, block in re.findall(r"^```(\w*)\n(.*?)^```", page.read_text(encoding="utf-8"), flags=re.M | re.S):
            if language not in ("", "bash", "sh"):
                continue
            prompt = r"\$ " if "$ " in block else ""  # the other lines are output then
            for line in block.splitlines():
                found = re.match(rf"{prompt}(?:\w+=\S+ )*convwise (.*)", line)
                if found:
                    yield page.name, re.split(r"\s{2,}#|\s#\s", found[1])[0].strip()


@pytest.mark.parametrize(("page", "command"), list(commands()))
def test_every_command_on_a_page_is_one_that_the_program_takes(page: str, command: str) -> None:
    with pytest.raises(SystemExit) if "--help" in command else nullcontext():
        build_parser().parse_args(shlex.split(command))
