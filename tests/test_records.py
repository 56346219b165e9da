"""The one door for records: what is right comes back as it was, everything else is a line with file, key and rule."""

from __future__ import annotations

import json
import math
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypedDict

import numpy as np
import pytest

from convwise.errors import ConvwiseError, RequestError
from convwise.images.datasets import DATASETS, list_datasets
from convwise.records import FORMAT, convert, read_record, record_of, record_text, write_record
from convwise.runs import Run
from convwise.runs.request import read_config
from convwise.strict_json import json_values
from convwise.study.folder import StudyFolder
from convwise.training.checkpoint import CheckpointFolder, TrainingState
from tests.tampering import (
    NESTED,
    NO_RECORDS,
    OLD_RECORDS,
    OTHERS,
    places_in,
    rewritten,
    value_at,
    values_of,
    with_other,
    without,
    without_other_images,
)


@dataclass(frozen=True)
class Inner:
    x: int
    y: float = 1.0

    def __post_init__(self) -> None:
        if self.x < 0:
            raise RequestError(f"x={self.x}: it must be 0 or more")


class Table(TypedDict):
    name: str


@dataclass(frozen=True)
class Outer:
    inner: Inner
    several: tuple[Inner, ...]
    pair: tuple[int, int]
    word: Literal["a", "b"]
    table: Table
    by_name: dict[str, float]
    maybe: str | None = None


RIGHT: dict[str, Any] = {
    "inner": {"x": 1}, "several": [{"x": 2, "y": 3}], "pair": [4, 5], "word": "a", "table": {"name": "n", "more": [1]},
    "by_name": {"k": 6},
}  # fmt: skip


def test_plain_values_become_the_record_that_they_are() -> None:
    right = Outer(Inner(1), (Inner(2, 3),), (4, 5), "a", {"name": "n", "more": [1]}, {"k": 6})  # type: ignore[typeddict-unknown-key]
    assert record_of(Outer, RIGHT) == right


@pytest.mark.parametrize(
    ("place", "value", "message"),
    [
        (("inner",), 5, "inner=5: it must be keys and values"),
        (("inner", "x"), "1", "inner.x='1': it must be a whole number"),
        (("inner", "x"), True, "inner.x=true: it must be a whole number"),
        (("inner", "x"), 1.0, "inner.x=1.0: it must be a whole number"),
        (("inner", "x"), -1, "inner.x=-1: it must be 0 or more"),
        (("inner", "z"), 1, "inner.z: there is no such key; the keys are x, y"),
        (("several", 0, "y"), math.nan, "several[0].y=nan: it must be a number that is finite"),
        (("several", 0, "y"), 10**400, "several[0].y=1" + "0" * 59 + "...: it must be a number that is finite"),
        (("several",), {"a": 1}, "several={...}: it must be a list"),
        (("pair",), [1], "pair=[...]: it must be a list of 2"),
        (("word",), "c", "word='c': it must be one of a, b"),
        (("word",), ["a"], "word=[...]: it must be one of a, b"),
        (("table",), {}, "table.name: it is missing; it must be a text"),
        (("by_name", "k"), None, "by_name.k=null: it must be a number"),
        (("maybe",), 3, "maybe=3: it must be a text or null"),
        (("maybe",), "a\0b", r"maybe='a\x00b': it must be a text without zero bytes and halves of characters"),
        (("maybe",), "\ud800", r"maybe='\ud800': it must be a text without zero bytes and halves of characters"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_named_by_key_and_rule(place: tuple[str | int, ...], value: Any, message: str) -> None:
    with pytest.raises(RequestError) as caught:
        record_of(Outer, with_other(RIGHT, place, value))
    assert str(caught.value) == message


@pytest.mark.parametrize("content", NO_RECORDS.values(), ids=NO_RECORDS)
def test_what_is_no_record_is_one_line_with_the_file_and_what_to_do(content: bytes, tmp_path: Path) -> None:
    (tmp_path / "a.json").write_bytes(content)
    with pytest.raises(RequestError) as caught:
        read_record(tmp_path / "a.json", lambda values: record_of(Inner, values), fix="write it anew")
    assert str(caught.value).startswith(f"{tmp_path}/a.json: ")
    assert str(caught.value).endswith("; write it anew")


def test_a_file_of_a_gigabyte_is_not_read(tmp_path: Path) -> None:
    with (tmp_path / "a.json").open("wb") as file:
        file.truncate(2**30)
    with pytest.raises(RequestError, match="more than 16 MiB"):
        read_record(tmp_path / "a.json", dict, fix="x")


def test_a_name_that_is_no_utf8_comes_back(tmp_path: Path) -> None:
    write_record(tmp_path / "a.json", {"name": "caf\udce9", "line": "a\n\x1b"})
    (tmp_path / "a.json").read_text(encoding="ascii")
    found = read_record(tmp_path / "a.json", lambda values: convert(values, dict[str, str]), fix="x")
    assert found == {"name": "caf\udce9", "line": "a\n\x1b"}


def test_a_record_says_its_format_and_another_is_told(tmp_path: Path) -> None:
    write_record(tmp_path / "a.json", {"x": 1})
    assert values_of(tmp_path / "a.json") == {"format": FORMAT, "x": 1}
    assert read_record(tmp_path / "a.json", lambda values: record_of(Inner, values), fix="x") == Inner(1)
    for other in (0, FORMAT + 1, "2", True, None, [2]):
        rewritten(tmp_path / "a.json", {"format": other, "x": 1})
        with pytest.raises(RequestError, match=rf"format=.*reads formats 1 to {FORMAT}"):
            read_record(tmp_path / "a.json", lambda values: record_of(Inner, values), fix="x")


def test_sixteen_levels_are_read_and_no_more() -> None:
    for n in (1, 15, 16):
        assert json_values("[" * n + "]" * n) is not None
    for n in (17, 900, 100_000):
        with pytest.raises(ValueError, match="more than 16 levels deep"):
            json_values("[" * n + "]" * n)


def test_numbers_of_a_checkpoint_may_be_infinite_and_no_others() -> None:
    assert json_values('{"a": -Infinity}', finite=False) == {"a": -math.inf}
    values = {"epochs_done": 1, "seconds": 1.0, "finished": True, "best_epoch": 1, "best_score": math.inf}
    rows = [{"epoch": 1}]
    assert record_of(TrainingState, {**values, "rows": rows}).best_score == math.inf
    with pytest.raises(RequestError, match="seconds=inf"):
        record_of(TrainingState, {**values, "seconds": math.inf, "rows": rows})


@pytest.fixture
def old(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the records of before, from which the pictures are found."""
    shutil.copytree(OLD_RECORDS, tmp_path / "old")
    monkeypatch.chdir(tmp_path / "old")
    return tmp_path / "old"


def test_a_run_made_before_files_had_a_format_still_opens(old: Path) -> None:
    run = Run.open(old / "run")
    written = values_of(old / "run" / "settings.json")
    assert run.settings.recipe.resize == written["recipe"]["fit"] == "stretch"
    assert run.settings.recipe.weight_interpolation == written["recipe"]["start_share"] == 0
    assert run.settings.network.options == {"width": 1}
    assert run.class_names == ("apple", "birch")
    assert run.evaluation.n == len(run.split["test"]) == run.summary["n_test"] == 8
    assert [row["epoch"] for row in CheckpointFolder(old / "run" / "checkpoint").load()[0].rows] == [1]  # type: ignore[index]


def test_a_study_of_short_trainings_is_shown_and_no_more(old: Path) -> None:
    study = StudyFolder.open(old / "study")
    assert study.old is not None
    assert study.old.recipe.resize == "stretch"
    assert study.old_result == values_of(old / "study" / "result.json")
    with pytest.raises(RequestError, match="an earlier version began it, which measured short trainings"):
        _ = study.request


def test_a_study_of_whole_trainings_comes_back_as_it_was(old: Path) -> None:
    study = StudyFolder.open(old / "whole-study")
    assert study.old is None
    parameters = [each.parameter for each in (*study.request.factors, *study.request.settled)]
    assert parameters == [verdict.parameter for verdict in study.result.verdicts]
    for found, name in ((study.request, "study"), (study.result, "result"), (study.quick_look, "quick")):
        assert found is not None
        then = values_of(old / "whole-study" / f"{name}.json")
        assert without_other_images(json.loads(record_text(found.to_dict()))) == then
    assert study.result.trainings + study.quick_look.trainings == len(study.outcomes())


READERS: dict[str, Callable[[Path], object]] = {
    "run/settings.json": lambda old: Run(old / "run").settings,
    "run/classes.json": lambda old: Run(old / "run").class_names,
    "run/split.json": lambda old: Run(old / "run").split,
    "run/run.json": lambda old: Run(old / "run").summary,
    "run/evaluation.json": lambda old: Run(old / "run").evaluation,
    "study/study.json": lambda old: _old_subject(old / "study"),
    "study/result.json": lambda old: StudyFolder(old / "study").old_result,
    "whole-study/study.json": lambda old: StudyFolder(old / "whole-study").request,
    "whole-study/plan.json": lambda old: StudyFolder(old / "whole-study").plan,
    "whole-study/trials.jsonl": lambda old: StudyFolder(old / "whole-study").outcomes(),
    "whole-study/result.json": lambda old: StudyFolder(old / "whole-study").result,
    "whole-study/quick.json": lambda old: StudyFolder(old / "whole-study").quick_look,
}
# Written for people and other programs, never read here; a result's further keys are handed on.
UNREAD = {
    "run/evaluation.json": ("not_tested", "never_right", "intervals"),
    "study/study.json": ("smallest_effect", "minutes", "runs", "trial_epochs", "n_workers", "n_train", "engine",
    "address", "factors", "settled"),
    "study/result.json": ("study", "data", "net", "size", "recommended", "checks", "placebo", "reach", "plan",
    "seconds_of_trials", "log_loss", "multiply_adds", "joint_low", "joint_high", "n", "aliased"),
}  # fmt: skip


def _old_subject(study: Path) -> object:
    """What it worked on; RequestError where it is no study of an earlier format any more."""
    folder = StudyFolder(study)
    return folder.old or folder.request


def _refusal(read: Callable[[Path], object], old: Path) -> str:
    """What the refusal says, "" where there is none."""
    try:
        read(old)
    except RequestError as problem:
        return str(problem)
    return ""


@pytest.mark.parametrize("name", READERS)
def test_a_record_without_a_key_or_with_another_value_is_read_or_named(name: str, old: Path) -> None:
    path, read = old / name, READERS[name]
    right = values_of(path)
    read(old)
    n_refused = 0
    for place in places_in(right):
        changes = [with_other(right, place, other) for other in OTHERS] + [without(right, place)]
        for changed in changes:
            rewritten(path, changed)
            refusal = _refusal(read, old)
            assert not refusal or refusal.startswith(f"{path}: ")
            n_refused += bool(refusal)
    assert n_refused > 3 * len(list(places_in(right)))


@pytest.mark.parametrize("name", READERS)
def test_a_table_never_stands_for_a_single_value(name: str, old: Path) -> None:
    path = old / name
    right = values_of(path)
    for place in places_in(right):
        is_read = not set(place) & set(UNREAD.get(name, ()))
        free_name = name == "study/result.json" and "reach" in place
        if is_read and not free_name and not isinstance(value_at(right, place), dict):
            rewritten(path, with_other(right, place, NESTED))
            with pytest.raises(RequestError):
                READERS[name](old)


@pytest.mark.parametrize("name", READERS)
def test_a_file_that_is_no_record_is_named(name: str, old: Path) -> None:
    for what, content in NO_RECORDS.items():
        (old / name).write_bytes(content + b"\n" * name.endswith(".jsonl"))
        if what == "nothing" and name.endswith("l"):
            continue
        with pytest.raises(RequestError, match=name.rpartition("/")[2]):
            READERS[name](old)
    (old / name).unlink()
    if not name.endswith(("plan.json", "trials.jsonl", "quick.json")):
        with pytest.raises(RequestError):
            READERS[name](old)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("classes.json", lambda names: [*names, "clay"], "class_names: they are not the 3"),
        ("classes.json", lambda names: names[:1], "two names at least"),
        ("classes.json", lambda names: [*names, names[1]], "in order, each once"),
        ("classes.json", lambda names: names[::-1], "in order, each once"),
        ("classes.json", lambda names: ["apple", "cherry"], "lies in the folder of none of the 2 classes"),
        ("split.json", lambda split: split | {"train": split["train"] + split["test"][:1]}, "on two sides"),
        ("split.json", lambda split: split | {"train": split["train"][1:]}, "the file was changed"),
        ("settings.json", lambda settings: settings | {"split_digest": "0" * 64}, "not the split of settings"),
        ("run.json", lambda summary: summary | {"n_test": 7}, "n_test=7: split.json has 8"),
        ("evaluation.json", lambda found: found | {"confusion": [[1, 2, 3], [4, 5, 6]]}, "2 rows of 2 numbers"),
        ("evaluation.json", lambda found: found | {"confusion": [[8]]}, "2 rows of 2 numbers"),
        ("evaluation.json", lambda found: found | {"confusion": [[9, -1], [0, 0]]}, "counts of n=8"),
        ("evaluation.json", lambda found: found | {"confusion": [[9, 0], [0, 0]]}, "counts of n=8"),
        ("evaluation.json", lambda found: found | {"per_class": found["per_class"][::-1]}, "in their order"),
        ("evaluation.json", lambda found: found | {"n": 9}, "n=9"),
        ("evaluation.json", lambda found: found | {"class_names": ["apple", "apple"]}, "of which 1 are different"),
    ],
)  # fmt: skip
def test_files_that_do_not_belong_together_are_refused(
    name: str, change: Callable[[Any], Any], message: str, old: Path
) -> None:
    path = old / "run" / name
    rewritten(path, change(values_of(path)))
    with pytest.raises(RequestError, match=message) as caught:
        Run.open(old / "run")
    assert "put the file back as it was, or train again" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "place", "value", "message"),
    [
        ("study", ("factors", 0, "parameter"), "filter", "factors[0].parameter=filter: a study varies no such"),
        ("study", ("factors", 0, "parameter"), "filters@", "factors[0].parameter=filters@: a study varies no such"),
        ("study", ("factors", 0, "first", "settings"), ["x"], "factors[0].first.settings: "),
        ("study", ("factors", 0, "first", "memory"), -1, "factors[0].first.memory=-1: it must be a number from 0"),
        ("study", ("factors", 0, "first", "changes"), {"epochs": 2}, "first.changes.epochs: a study varies no"),
        ("study", ("factors", 0, "first", "changes"), {"batch": 0}, "first.changes: batch=0: it must be a whole"),
        ("study", ("factors", 0, "further", 0, "value"), "x2", "factors[0].filters: each of its values once"),
        ("study", ("spec", "n_folds"), 1, "spec.n_folds=1: it must be a whole number from 2"),
        ("plan", ("pace", "per_image"), 0, "pace.per_image=0: it must be a number from"),
        ("plan", ("n_blocks",), 0, "n_blocks=0: it must be a whole number from 1"),
        ("result", ("verdicts", 0, "tried", "effect", "low"), 90, "verdicts[0].tried.effect.estimate="),
        ("result", ("verdicts", 0, "tried", "effect", "blocks"), 0, "verdicts[0].tried.effect.blocks=0: it must be a"),
        ("result", ("verdicts", 0, "tried", "effect"), None, "tried.effect: it is missing; reason.kind=equal speaks"),
        ("result", ("verdicts", 0, "tried"), None, "verdicts[0].tried: with kind=free choice some value was tried"),
        ("result", ("verdicts", 0, "kind"), "set it", "kind=set it: with reason.kind=equal it is free choice"),
        ("result", ("verdicts", 1, "parameter"), "filters", "verdicts: one for each parameter, not filters, filters"),
        ("result", ("recommended",), ["filters=x2"], "recommended: filters=x2: no verdict sets it"),
        ("result", ("recommended_changes",), {"seed": 1}, "recommended_changes.seed: a study varies no such field"),
        ("result", ("metric",), "accuracies", "metric=accuracies: did you mean accuracy?"),
        ("result", ("test", "recommended"), 101, "test.recommended=101: it must be a number from 0 to 100"),
        ("result", ("blocks",), 0, "blocks=0: it must be a whole number from 1"),
        ("trials", ("status",), "timed", "line 1: answers: a trial that is timed has none"),
        ("trials", ("answers",), "", "line 1: answers: a trial that is done has some"),
        ("trials", ("seconds",), -1, "line 1: seconds=-1: it must be a number from 0"),
    ],
)  # fmt: skip
def test_what_a_study_cannot_have_found_is_named(
    name: str, place: tuple[str | int, ...], value: Any, message: str, old: Path
) -> None:
    file = "trials.jsonl" if name == "trials" else f"{name}.json"
    path = old / "whole-study" / file
    rewritten(path, with_other(values_of(path), place, value))
    with pytest.raises(RequestError) as caught:
        READERS[f"whole-study/{file}"](old)
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{path}: ")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"rows": []}, "rows: 0 of them for epochs_done=1"),
        ({"rows": [{"loss": 1.0}]}, "must say its epoch"),
        ({"rows": [{"epoch": "x"}]}, r"rows\[0\].epoch='x'"),
        ({"best_epoch": 2}, "best_epoch=2"),
        ({"seconds": None}, "seconds=null"),
        ({"further": 1}, "there is no such key"),
    ],
)
def test_a_checkpoint_whose_progress_is_another_is_one_line(change: dict[str, Any], message: str, old: Path) -> None:
    path = old / "run" / "checkpoint" / "last.npz"
    with np.load(path) as archive:
        arrays = dict(archive)
    values = json.loads(arrays["progress"].tobytes())
    np.savez(path, **{**arrays, "progress": np.frombuffer(json.dumps(values | change).encode(), np.uint8)})
    with pytest.raises(ConvwiseError, match=rf"last\.npz: progress: .*{message}"):
        CheckpointFolder(path.parent).load()


def test_a_checkpoint_without_its_progress_is_one_line(old: Path) -> None:
    path = old / "run" / "checkpoint" / "last.npz"
    np.savez(path, w0=np.zeros(1))
    with pytest.raises(ConvwiseError, match="it must hold keys and values, not null; train again"):
        CheckpointFolder(path.parent).load()


def test_a_later_format_of_a_run_says_so(old: Path) -> None:
    path = old / "run" / "settings.json"
    rewritten(path, {"format": FORMAT + 1, "everything": "is another"})
    with pytest.raises(RequestError, match=rf"settings\.json: format={FORMAT + 1}: this convwise reads formats 1 to"):
        Run.open(old / "run")


def test_where_a_data_set_came_from_is_checked_too(own_home: Path) -> None:
    folder = DATASETS["caltech101"].folder
    folder.mkdir(parents=True)
    folder.with_suffix(".json").write_text('{"source": "x", "md5": "", "official": true}')
    assert {entry.official for entry in list_datasets() if entry.folder} == {True}
    folder.with_suffix(".json").write_text('{"source": "x", "md5": "", "official": "yes"}')
    with pytest.raises(RequestError, match=r"caltech101\.json: official='yes': it must be true or false"):
        list_datasets()


def test_a_config_file_is_read_by_the_same_rules(tmp_path: Path) -> None:
    for content in (b'{"seed": 1, "seed": 2}', b'{"seed": NaN}', b"[" * 100_000, b'{"a":' * 900 + b"1" + b"}" * 900):
        (tmp_path / "a.json").write_bytes(content)
        with pytest.raises(RequestError, match=r"config=.*a\.json"):
            read_config(tmp_path / "a.json")


DAMAGED = (
    ("predict", "run", "pictures"), ("evaluate", "run"), ("explain", "run"), ("train", "--resume", "run"),
    ("train", "pictures", "--from-study", "study"), ("study", "report", "study"),
    ("train", "pictures", "--from-study", "whole-study"), ("study", "--resume", "whole-study"),
    ("study", "report", "whole-study"),
)  # fmt: skip


def test_every_verb_refuses_a_damaged_record_before_keras_is_imported(old: Path) -> None:
    results = [old / name / "result.json" for name in ("study", "whole-study")]
    for path in (old / "run" / "settings.json", *results):
        rewritten(path, with_other(values_of(path), ("net",), 5) if "run" in path.parts else {"verdicts": 3})
    code = (
        "import sys\nfrom convwise.cli import main\n"
        f"codes = [main(list(words)) for words in {DAMAGED!r}]\n"
        "print(codes, 'keras' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == f"{[2] * len(DAMAGED)} False\n"
    lines = done.stderr.splitlines()
    assert len(lines) == len(DAMAGED)
    assert all(".json: " in line and "; put the file back" in line for line in lines)
