"""doctor: a line for everything that a bug report needs, whatever is wrong with the rest."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path
from unittest import mock

import pytest

import convwise
from convwise import cli
from convwise.commands.doctor import _EXTRAS, doctor
from convwise.nets.backend import layout_works


def test_it_tells_what_was_found_by_computing() -> None:
    found = doctor().to_dict()
    for name in ("convwise", "processor", "backend", "oneDNN", "layouts", "types", "extras", "browser", "caches"):
        assert found[name], name
        assert "\n" not in found[name]
    assert ("channels_first works" in found["layouts"]) == layout_works("channels_first")
    assert "channels_last works" in found["layouts"]


def test_the_extras_are_those_that_the_project_offers() -> None:
    offered = tomllib.loads((Path(convwise.__file__).parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    packages = {
        extra: {re.split(r"[^\w-]", each)[0] for each in wanted}
        for extra, wanted in offered["project"]["optional-dependencies"].items()
        if extra not in ("dev", "test-extras")
    }
    assert {extra: set(names) for extra, names in _EXTRAS.items()} == packages


def test_an_extra_is_there_when_all_its_packages_are() -> None:
    versions = {"onnxruntime": "1.0", "starlette": "2.0", "python-multipart": "3.0", "uvicorn": "4.0", "ray": "5.0"}
    versions |= {"httptools": "6.0", "uvloop": "7.0"}
    with mock.patch("convwise.commands.doctor.package_version", side_effect=versions.get):
        assert doctor().to_dict()["extras"] == (
            "ray 5.0, serve: starlette 2.0, web: starlette 2.0; missing: jax, torch, tensorboard, openvino, sklearn, "
            "onnx, litert; pip install 'convwise[jax,torch,tensorboard,openvino,sklearn,onnx,litert]'"
        )


def test_what_is_broken_is_told_once_and_the_rest_is_there(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("KERAS_BACKEND", "nope")
    found = doctor().to_dict()
    assert "KERAS_BACKEND=nope" in found["backend"]
    assert found["layouts"] == "not known, see backend"
    assert "Python" in found["convwise"]


def test_a_fault_in_a_question_is_its_answer() -> None:
    with mock.patch("convwise.commands.doctor.layout_works", side_effect=RuntimeError("out of order\nin detail")):
        assert doctor().to_dict()["oneDNN"] == "not known: RuntimeError: out of order"


def test_it_prints_a_line_each_or_one_json_object(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["doctor", "--json"]) == 0
    found = json.loads(capsys.readouterr().out)
    assert cli.main(["doctor"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert [line.partition(": ")[0] for line in lines] == list(found)
