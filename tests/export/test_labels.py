"""labels.json: what is written is read, and what is damaged is told in a line."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from convwise import extras
from convwise.errors import RequestError
from convwise.export.exported import Exported
from convwise.export.formats import FORMATS, formats_of
from convwise.export.labels import Labels

LABELS = Labels("0.1.0", ("cat", "dog"), 48, 64, 1, "pad", bits=12, most_pixels=10**6, flip_averaging=True)


def test_what_is_written_is_read(tmp_path: Path) -> None:
    LABELS.write(tmp_path)
    assert Exported.open(tmp_path).labels == LABELS
    assert json.loads((tmp_path / "labels.json").read_text())["format"] == 1


@pytest.mark.parametrize(
    ("key", "value", "told"),
    [
        ("format", 2, "format=2: this convwise reads format 1"),
        ("class_names", [], "class_names=[]"),
        ("height", 0, "size=0x64"),
        ("channels", 4, "channels=4"),
        ("resize", "padd", "resize=padd: did you mean pad?"),
        ("bits", 11, "bits=11"),
        ("white", 1, "white=1: it must be 255"),
        ("most_pixels", "many", "most_pixels='many': it must be a whole number"),
        ("unknown", 1, "unknown: there is no such key"),
    ],
)
def test_a_damaged_file_is_told_in_a_line(tmp_path: Path, key: str, value: Any, told: str) -> None:
    LABELS.write(tmp_path)
    values = json.loads((tmp_path / "labels.json").read_text())
    (tmp_path / "labels.json").write_text(json.dumps({**values, key: value}))
    with pytest.raises(RequestError) as problem:
        Exported.open(tmp_path)
    assert told in str(problem.value)
    assert str(tmp_path / "labels.json") in str(problem.value)
    assert "export again" in str(problem.value)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff", b'{"format": 1, "format": 1}'])
def test_what_is_no_record_is_told_in_a_line(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "labels.json").write_bytes(content)
    with pytest.raises(RequestError, match=r"labels\.json.*export again"):
        Exported.open(tmp_path)


def test_a_folder_without_an_export_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"there is no export in this folder \(no labels\.json\)"):
        Exported.open(tmp_path)
    LABELS.write(tmp_path)
    exported = Exported.open(tmp_path)
    assert exported.formats == ()
    with pytest.raises(RequestError, match="it holds no network"):
        exported.runtime()
    with pytest.raises(RequestError, match="it holds no ONNX; export with to=onnx"):
        exported.runtime("onnx")
    with pytest.raises(RequestError, match="did you mean onnx"):
        exported.runtime("onx")


def test_formats_are_named_once_and_in_any_form() -> None:
    assert formats_of("litert, onnx,litert") == formats_of(["litert", "onnx"]) == (FORMATS["litert"], FORMATS["onnx"])
    for nothing in ("", " , ", []):
        with pytest.raises(RequestError, match="to=: nothing is named"):
            formats_of(nothing)
    with pytest.raises(RequestError, match="to=onnxx: did you mean onnx"):
        formats_of("onnxx")


@pytest.mark.parametrize(("name", "command"), [("onnx", "convwise[onnx]"), ("litert", "convwise[litert]")])
def test_a_missing_extra_is_a_line_with_its_command(name: str, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(extras, "find_spec", lambda module: None)
    with pytest.raises(RequestError, match="not installed here") as problem:
        FORMATS[name].require_makers()
    assert f'pip install "{command}"' in str(problem.value)
