"""convwise report: a run, a study and pictures are told apart, each becomes its page, and what is none is refused."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

import convwise
from convwise.cli import main
from convwise.commands.fresh_blocks import fresh_rounds
from convwise.commands.resume_study import study_report
from convwise.errors import RequestError
from convwise.report.study_words import in_words
from convwise.study.folder import StudyFolder
from convwise.study.trial_runner import TrialRunner
from convwise.study.trials import unpacked
from tests.made_run import draw_pictures
from tests.report.pages import Elements, rows_of_axis
from tests.tampering import OLD_RECORDS


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    shutil.copytree(OLD_RECORDS, tmp_path / "old")
    monkeypatch.chdir(tmp_path / "old")
    return tmp_path / "old"


def test_a_study_s_page_holds_every_value_and_sentence_of_its_result(place: Path) -> None:
    made = convwise.report("whole-study")
    assert made.path == Path("whole-study/report.html")
    assert made.notes == ()
    page, result = made.path.read_text(encoding="utf-8"), study_report("whole-study")
    drawn = {(row.parameter, row.value) for row in rows_of_axis(page)}
    assert drawn == {(v.parameter, one.value) for v in result.verdicts for one in v.all_tried if one.effect}
    text = Elements(page).text.replace("\xa0", " ")
    for verdict in result.verdicts:
        said = in_words(result)["verdicts"][verdict.parameter].removeprefix("settled by rule: ")
        assert said in text
    assert "convwise study pictures --net simple" in text


def test_what_fresh_blocks_said_is_what_the_journal_holds(place: Path) -> None:
    """The differences again, by NumPy alone: the share of right answers of each, in the fold of the block."""
    folder = StudyFolder.open("whole-study")
    request, outcomes = folder.request, folder.outcomes()
    (found,) = fresh_rounds(folder, request, folder.result.confirmations)
    assert found.arms == (("learning_rate=0.02",),)
    assert [block.number for block in found.blocks] == [3, 4, 5, 6]
    runner = TrialRunner.open(request.spec)
    for block in found.blocks:
        labels = runner.index.labels[runner.fold(block.number).validation]
        right = [
            np.mean(unpacked(outcomes[f"{block.number}/{name}"].answers, len(labels), 2).argmax(axis=1) == labels)
            for name in ("learning_rate=0.02", "unchanged")
        ]
        assert block.differences[found.arms[0]] == pytest.approx(100 * (right[0] - right[1]))


@pytest.mark.parametrize("gone", ["pictures", "a picture", "journal", "a block"])
def test_a_page_is_made_where_the_single_blocks_are_not_known(place: Path, gone: str) -> None:
    journal = place / "whole-study" / "trials.jsonl"
    if gone == "pictures":
        shutil.rmtree(place / "pictures")
    elif gone == "a picture":
        next((place / "pictures" / "apple").iterdir()).unlink()
    elif gone == "journal":
        journal.unlink()
    else:
        kept = [line for line in journal.read_text().splitlines() if json.loads(line)["key"] != "4/unchanged"]
        journal.write_text("\n".join(kept) + "\n")
    made = convwise.report("whole-study")
    (note,) = made.notes
    assert note.startswith("the single blocks of the confirmations are not shown: ")
    assert "The single blocks are not shown" in made.path.read_text(encoding="utf-8")


def test_study_report_prints_as_ever_and_writes_the_same_page(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["study", "report", "whole-study"]) == 0
    before = capsys.readouterr().out
    assert main(["study", "report", "whole-study", "--out", "page.html"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith(before)
    assert printed.removeprefix(before).startswith("report: page.html (")
    assert main(["study", "report", "whole-study", "--out", "again.html", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["recommended"] == ["learning_rate=0.02"]
    assert main(["report", "whole-study", "--out", "third.html"]) == 0
    pages = [Path(name).read_text(encoding="utf-8") for name in ("page.html", "again.html", "third.html")]
    assert len(set(pages)) == 1


def test_a_study_of_an_earlier_version_says_first_what_it_is(place: Path) -> None:
    text = Elements(convwise.report("study", out="old.html").path.read_text(encoding="utf-8")).text
    assert "An earlier version made this study: it measured short trainings" in text
    assert "recommended then: " in text


def test_a_result_knows_where_its_study_lies(place: Path) -> None:
    assert convwise.report(study_report("whole-study")).path == Path("whole-study/report.html")


def test_the_page_of_pictures_says_what_data_check_finds(place: Path, tmp_path: Path) -> None:
    data = tmp_path / "<b onclick=alert(2)>"
    draw_pictures(data, ["ant", "<img src=x onerror=alert(1)>"], 12)
    first = sorted((data / "ant").iterdir())
    shutil.copy(first[0], data / "<img src=x onerror=alert(1)>" / "same.jpg")
    shutil.copy(first[1], data / "ant" / "copy.jpg")
    (data / "ant" / "broken.jpg").write_bytes(b"no picture")
    made = convwise.report(data)
    assert made.path == Path("<b onclick=alert(2)>-report.html")
    page, found = made.path.read_text(encoding="utf-8"), convwise.check_data(data).to_dict()
    elements = Elements(page)
    text = elements.text.replace("\xa0", " ")
    assert "26 images in 2 classes: 1 label error, 2 groups of copies, 1 unreadable file." in text
    for name, count in found["classes"].items():
        assert name in text
        assert f">{count}</td>" in page
    assert found["unreadable"][0]["path"] in text
    for path in (*found["label_errors"][0], *found["exact_copies"][0]):
        assert ": ".join(path.split("/")) in text
    for remark in found["remarks"]:
        assert remark in text
    assert {attrs["src"][:22] for tag, attrs in elements.found if tag == "img"} == {"data:image/jpeg;base64"}
    assert all(attrs.get("alt") for tag, attrs in elements.found if tag == "img")
    assert not [attrs for _, attrs in elements.found if any(name.startswith("on") for name in attrs)]
    bare = convwise.report(data, pictures=False, out="bare.html").path.read_text(encoding="utf-8")
    assert "data:image" not in bare
    assert "it holds no pixel of the data" in bare
    assert found["label_errors"][0][0] in Elements(bare).text


def test_sizes_are_those_of_the_files(place: Path, tmp_path: Path) -> None:
    for width in (20, 30, 70):
        draw_pictures(tmp_path / "sized" / f"{width}", ["ant", "bee"], 1, size=width)
        for name in ("ant", "bee"):
            (tmp_path / "data" / name).mkdir(parents=True, exist_ok=True)
            for number, path in enumerate((tmp_path / "sized" / f"{width}" / name).iterdir()):
                shutil.copy(path, tmp_path / "data" / name / f"{width}_{number}.jpg")
    page = convwise.report(tmp_path / "data", out="page.html").path.read_text(encoding="utf-8")
    (row,) = re.findall(r"width, px</bdi></th>(.*?)</tr>", page)
    assert re.findall(r">(\d+)</td>", row) == ["20", "30", "70"]
    assert re.findall(r"<bdi>(\d+ x \d+)</bdi></th><td[^>]*>(\d+)<", page) == [
        ("20 x 15", "2"),
        ("30 x 22", "2"),
        ("70 x 52", "2"),
    ]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["nothing"], "there is no such folder, and no data set of that name"),
        (["."], "a folder of runs or studies; name one of them, such as "),
        (["study/plan.json"], "is a file"),
        (["whole-study", "--card"], "card=True: only the report of a run has use for it"),
        (["pictures", "--trust"], "trust=True: only the report of a run has use for it"),
        (["pictures/apple"], "neither a run nor a study, and as pictures: "),
        (["whole-study", "--out", "none/page.html"], "there is no folder"),
    ],
)
def test_what_cannot_be_reported_is_refused_in_one_line(
    place: Path, capsys: pytest.CaptureFixture[str], words: list[str], says: str
) -> None:
    assert main(["report", *words]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert says.replace("card=True", "--card").replace("trust=True", "--trust") in line
    assert not list(place.rglob("*.html"))


def test_a_study_that_is_not_finished_says_how_to_finish_it(place: Path) -> None:
    (place / "whole-study" / "result.json").unlink()
    with pytest.raises(RequestError, match="not finished; finish it with convwise study --resume"):
        convwise.report("whole-study")
