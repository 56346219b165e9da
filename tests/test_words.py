"""The documentation's sentences are short; phrases that are not idiomatic stay out of it and of the program."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
# A list of links, pages that repeat docstrings, and lists of options and keys have few sentences to measure.
UNMEASURED = [
    ROOT / "docs" / name for name in ("index.md", "reference/api.md", "reference/cli.md", "reference/recipe.md")
]
PAGES = [
    page
    for page in (
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
        ROOT / "CHANGELOG.md",
        ROOT / "benchmarks/README.md",
        *sorted((ROOT / "docs").rglob("*.md")),
    )
    if page not in UNMEASURED
]
SPEAKING = ["conv2d/guidance", "nets/lint", "report", "study"]
MOST_WORDS = 35
MOST_ON_AVERAGE = 18
COUNTED = "images|pictures|weights|lines?|trials|bits|bytes|points|process|thread|core|record|figure|row|units"
UNITS = "class|epoch|image|picture|second|line|trial|row|side|layer|parameter|core|file|filter|channel"
BANNED = [
    rf"(?:{COUNTED}) an? (?:{UNITS})",
    "told",
    "but for",
    "dear(?:er|est)?",
    "by heart",
    "goes? on with",
    "(?:network|layers?) as (?:it is|they are)",
    "beyond doubt",
    "learned by",
    "way out",
    "unless told",
]


def sentences(text: str) -> Iterator[str]:
    """The sentences of a page of Markdown: without code blocks, tables, headings, pictures and addresses."""
    text = re.sub(r"^```.*?^```", "\n", text, flags=re.M | re.S)
    text = re.sub(r"<!--.*?-->", "\n", text, flags=re.S)
    text = re.sub(r"^(\||#|!\[).*$", "\n", text, flags=re.M)
    text = re.sub(r"\]\([^)]*\)", "]", text)
    text = re.sub(r"`[^`]*`", "code", text)
    for paragraph in re.split(r"\n\s*\n|^\s*(?:[-*]|\d+\.)\s+", text, flags=re.M):
        flat = " ".join(paragraph.split())
        yield from (
            sentence
            for sentence in re.split(r"(?<=[.!?:])[*)\"]*\s+(?=[*\[(\"]*(?:[A-Z]|code|convwise))", flat)
            if sentence
        )


def banned(text: str) -> list[str]:
    """The phrases in a text that should be others, in the order of `BANNED`; code in it does not count."""
    flat = re.sub(r"^```.*?^```|`[^`]*`", " ", text, flags=re.M | re.S)
    flat = " ".join(flat.split())
    return [found[0] for pattern in BANNED for found in re.finditer(rf"\b(?:{pattern})\b", flat, flags=re.I)]


def spoken(path: Path) -> Iterator[str]:
    """The strings of a module that are no docstrings."""
    module = ast.parse(path.read_text(encoding="utf-8"))
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    bodies = [node.body for node in ast.walk(module) if isinstance(node, documented)]
    docstrings = {id(body[0].value) for body in bodies if body and isinstance(body[0], ast.Expr)}
    for node in ast.walk(module):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            yield node.value


def length(sentence: str) -> int:
    """Words: what holds a letter or a digit between spaces."""
    return sum(bool(re.search(r"\w", word)) for word in sentence.split())


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_sentences_are_short(page: Path) -> None:
    found = list(sentences(page.read_text(encoding="utf-8")))
    assert [sentence for sentence in found if length(sentence) > MOST_WORDS] == []
    assert sum(map(length, found)) <= MOST_ON_AVERAGE * len(found)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_page_has_a_banned_phrase(page: Path) -> None:
    assert banned(page.read_text(encoding="utf-8")) == []


@pytest.mark.parametrize("room", SPEAKING)
def test_no_text_of_the_program_has_a_banned_phrase(room: str) -> None:
    """All strings that are no docstrings: what a module may say to a user."""
    found = []
    for path in sorted((ROOT / "convwise" / room).rglob("*.py")):
        found += [f"{path.name}: {phrase}" for text in spoken(path) for phrase in banned(text)]
    assert found == []


def test_the_measure_sees_what_it_should() -> None:
    text = (
        "# Head\n\nOne two `a b c` three. Four [five](six.md) six.\n\n- Seven.\n\n```\nnot this\n```\n| nor | this |\n"
    )
    assert [length(sentence) for sentence in sentences(text)] == [4, 3, 1]
    assert banned("It is told twice,\nbut for one.") == ["told", "but for"]
    assert banned("Two images a class.") == ["images a class"]
    assert banned("An image a user picked, per class.") == []
