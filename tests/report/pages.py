"""A page taken apart: its elements, the text outside style and script, and the rows of the study's one axis."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser


class Elements(HTMLParser):
    """Every element with its attributes, and the text outside style and script."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.inside = ""
        self.contents: dict[str, str] = {}
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, {name: value or "" for name, value in attrs}))
        self.inside = tag

    def handle_data(self, data: str) -> None:
        if self.inside in ("style", "script"):
            self.contents[self.inside] = self.contents.get(self.inside, "") + data
        else:
            self.text += data

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""


@dataclass(frozen=True)
class Drawn:
    """A row of the axis: what stands in it, and what is drawn in it, read off in the units of effects."""

    parameter: str
    value: str
    words: str
    tone: str
    estimate: float
    low: float
    high: float


def rows_of_axis(page: str) -> list[Drawn]:
    """Every row of the table of values that has something drawn in it."""
    found = re.search(r'<table class="effects" data-low="([^"]+)" data-high="([^"]+)">(.*?)</table>', page, re.S)
    assert found is not None
    low, high = float(found[1]), float(found[2])

    def at(percent: str) -> float:
        return low + float(percent) / 100 * (high - low)

    rows = []
    for body in re.findall(r"<tbody>(.*?)</tbody>", found[3], re.S):
        parameter = re.search(r"<strong><bdi>(.*?)</bdi>", body)
        assert parameter is not None
        for row in re.findall(r'<tr class="value">(.*?)</tr>', body, re.S):
            value = re.search(r"<bdi>(.*?)</bdi>", row)
            line = re.search(r'<line class="interval (\w+)" x1="([\d.-]+)%" y1="50%" x2="([\d.-]+)%"', row)
            mark = re.search(r'<svg x="([\d.-]+)%"', row)
            words = " ".join(re.sub(r"<[^>]*>", " ", row).replace("\xa0", " ").split())
            assert value is not None
            if line and mark:
                rows.append(Drawn(parameter[1], value[1], words, line[1], at(mark[1]), at(line[2]), at(line[3])))
    return rows
