"""The documentation's sentences are short, and phrases that are no idiomatic English stay out of it and of the program."""

import re
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
PAGES = [ROOT / "README.md", ROOT / "CONTRIBUTING.md", ROOT / "CHANGELOG.md", *sorted((ROOT / "docs").rglob("*.md"))]
MOST_WORDS = 35
MOST_ON_AVERAGE = 18


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
            sentence for sentence in re.split(r"(?<=[.!?:])[*)\"]*\s+(?=[*\[(\"]*(?:[A-Z]|code))", flat) if sentence
        )


def length(sentence: str) -> int:
    """Words: what holds a letter or a digit between spaces."""
    return sum(bool(re.search(r"\w", word)) for word in sentence.split())


if __name__ == "__main__":
    import sys

    for page in PAGES:
        s = list(sentences(page.read_text()))
        if not s:
            continue
        n = [length(x) for x in s]
        print(
            f"{page.relative_to(ROOT)}: {len(s)} sentences, mean {sum(n) / len(n):.1f}, longest {max(n)}, above 35: {sum(x > 35 for x in n)}"
        )
        if len(sys.argv) > 1 and sys.argv[1] in str(page):
            for x in s:
                if length(x) > int(sys.argv[2]):
                    print("   ", length(x), x)
