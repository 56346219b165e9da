"""Exports of a trained run: they answer as it does, planted faults are found, and the folder is whole or not there."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import convwise
from convwise import cli
from convwise.errors import ConvwiseError, RequestError
from convwise.export import life
from convwise.export.asked import ExportRequest
from convwise.export.beside import script_of
from convwise.export.container import container_files
from convwise.export.exported import Exported
from convwise.export.formats import FORMATS
from convwise.export.proof import Costs, Proof
from tests.conftest import made_once
from tests.export.picture_files import write_all
from tests.warm import begin

pytestmark = pytest.mark.extras
ROOT = Path(__file__).resolve().parents[2]
WITHOUT = """
import runpy, sys
for name in ("convwise", "keras", "torch", "jax", "PIL", "scipy"):
    sys.modules[name] = None
path, *sys.argv[1:] = sys.argv[1:]
sys.argv[0] = path
runpy.run_path(path, run_name="__main__")
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with `pictures`, the run `run`, and its `export` in all formats."""
    for name in ("onnxruntime", "tf2onnx", "ai_edge_litert", "openvino"):
        pytest.importorskip(name)

    def make(folder: Path) -> None:
        draw_skies(folder / "pictures")
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CONVWISE_HOME", str(folder / "home"))
            convwise.train(folder / "pictures", net="simple", epochs=6, size=32, out=folder / "run")
            convwise.export(folder / "run", to=list(FORMATS), out=folder / "export")

    return made_once(tmp_path_factory, "exported", make)


@pytest.fixture(autouse=True)
def home_of_the_run(made: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONVWISE_HOME", str(made / "home"))


def draw_skies(folder: Path) -> None:
    """Three classes of colours that run from top to bottom, under noise: learned soon, never for sure."""
    rng = np.random.default_rng(3)
    for number, name in enumerate(("blue", "green", "red")):
        (folder / name).mkdir(parents=True)
        for i in range(40):
            pixels = rng.normal(110, 40, (40, 40, 3))
            pixels[..., 2 - number] += np.linspace(70, 0, 40)[:, None] * rng.uniform(0.3, 1)
            Image.fromarray(np.clip(pixels, 0, 255).astype(np.uint8)).save(folder / name / f"{i:04}.png")


def test_each_file_answers_as_the_run(made: Path) -> None:
    exported, proof = Exported.open(made / "export"), Proof.read(made / "export")
    run = convwise.Run.open(made / "run")
    assert exported.formats == ("onnx", "litert", "openvino", "savedmodel")
    assert (proof.side, proof.n) == ("test", run.summary["n_test"])
    assert proof.accuracy.value == run.evaluation.accuracy.value > 0.5
    assert proof.faults == ()
    for each in proof.files:
        assert each.largest_difference < 1e-5
        assert each.changed == ()
        files = [made / "export" / name for name in FORMATS[each.format].files]
        assert each.costs.n_bytes == sum(
            one.stat().st_size
            for path in files
            for one in (path.rglob("*") if path.is_dir() else [path])
            if one.is_file()
        )
    kept = run.predictions
    tested = kept.sides == "test"
    pixels = np.stack([load(made, path) for path in kept.paths[tested]])
    for name in exported.formats:
        np.testing.assert_allclose(exported.asked(name, threads=1)(pixels), kept.probabilities[tested], atol=1e-5)


def load(made: Path, path: str) -> np.ndarray:
    from convwise.images.reading import load_pixels

    labels = Exported.open(made / "export").labels
    return load_pixels(made / "pictures" / path, shape=labels.shape, resize=labels.resize)


def test_the_folder_holds_what_it_says(made: Path) -> None:
    assert {path.name for path in (made / "export").iterdir()} == {
        "README.md", "export.json", "labels.json", "model.bin", "model.onnx", "model.tflite", "model.xml", "predict.py",
        "requirements.txt", "saved_model", *container_files("0.1.0"),
    }  # fmt: skip
    wanted = [line.partition("==")[0] for line in (made / "export/requirements.txt").read_text().splitlines()[1:]]
    assert wanted == ["onnxruntime", "numpy", "opencv-python-headless"]
    readme = (made / "export/README.md").read_text()
    assert "`(n, 32, 32, 3)`" in readme
    assert "| onnx |" in readme
    assert "\n\n## The network\n\n" in readme


def test_predict_takes_an_export_and_says_the_same(made: Path, tmp_path: Path) -> None:
    """For files of every kind, in a process that cannot import Keras."""
    files = list(write_all(tmp_path).values())
    (tmp_path / "broken.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    files.append(tmp_path / "broken.png")
    own = convwise.predict(made / "run", files, top=2, unsure=0.7)
    code = (
        "import sys, json\nfor name in ('keras', 'tensorflow'): sys.modules[name] = None\n"
        "import convwise\nanswers = convwise.predict(sys.argv[1], sys.argv[2:], top=2, unsure=0.7)\n"
        "print(json.dumps([answer.to_dict() for answer in answers]))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, made / "export", *files], capture_output=True, text=True, check=True
    )
    for before, after in zip(own, json.loads(done.stdout.splitlines()[-1]), strict=True):
        expected = before.to_dict()
        assert after.get("error") == expected.get("error")
        if "error" not in expected:
            assert after.pop("probability") == pytest.approx(expected.pop("probability"), abs=1e-5)
            assert [each["label"] for each in after.pop("top")] == [each["label"] for each in expected.pop("top")]
            assert after == expected


@pytest.mark.parametrize("name", FORMATS)
def test_the_script_says_the_same_without_convwise_and_keras(made: Path, tmp_path: Path, name: str) -> None:
    files = {name: path for name, path in write_all(tmp_path).items() if name not in ("jpeg cmyk", "tiff turned")}
    broken = tmp_path / "broken.jpg"
    broken.write_bytes(b"\xff\xd8")
    script = made / "export" / f"predict_by_{name}.py"
    script.write_text(script_of(Exported.open(made / "export").labels, FORMATS[name]))
    said = script_lines(script, [*files.values(), broken])
    script.unlink()
    own = convwise.predict(made / "run", list(files.values()), top=3)
    for line, answer in zip(said, own, strict=False):
        ranked = "  ".join(f"{label} {probability:.3f}" for label, probability in answer.top)
        assert line == f"{answer.path}: {ranked}"
    assert said[-1].startswith(f"{broken}: it cannot be read: ")


def script_lines(script: Path, files: list[Path]) -> list[str]:
    """What predict.py prints, in a process in which neither convwise nor Keras can be imported."""
    command = [sys.executable, "-c", WITHOUT, str(script), *map(str, files)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def planted(change: str) -> Callable[..., None]:
    """In place of the making: a graph with a fault."""

    def make(request: ExportRequest, place: Path, work: Path, environment: dict[str, str]) -> None:
        import keras

        from convwise.export.graph import graph_of, write_graph
        from convwise.runs.judging import load_model

        network = load_model(request.run)
        pixels = keras.Input(network.input_shape[1:], dtype="float32", name="pixels")
        turned = {
            "channels swapped": lambda: pixels[:, :, :, ::-1],
            "scaled once more": lambda: pixels / 255.0,
            "upside down": lambda: pixels[:, ::-1],
            "no averaging": lambda: pixels,
        }[change]()
        faulty = keras.Model(pixels, network(turned))
        graph = graph_of(faulty, flip_averaging=change != "no averaging")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the converters'
            for each in request.formats:
                write_graph(graph, each, place)

    return make


def kept_answers(request: ExportRequest, *_: Any) -> tuple[Costs, np.ndarray]:
    """In place of the process that predicts anew: what the run kept of its test images."""
    kept = request.run.predictions
    tested = np.flatnonzero(kept.sides == "test")
    in_order = tested[np.argsort(kept.paths[tested])]
    return Costs(1, 1.0, 1, 1.0, 1.0), kept.probabilities[in_order].astype(np.float64)


@pytest.mark.parametrize("change", ["channels swapped", "scaled once more", "upside down", "no averaging"])
def test_the_proof_finds_a_planted_fault(
    made: Path, tmp_path: Path, change: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(life, "_reference", kept_answers)
    monkeypatch.setattr(life, "_make", planted(change))
    assert cli.main(["export", str(made / "run"), "--out", str(tmp_path / "faulty")]) == 1
    printed = capsys.readouterr()
    assert "onnx does not answer as the run" in printed.err
    (file,) = Proof.read(tmp_path / "faulty").files
    assert file.largest_difference > 0.003
    assert "Traceback" not in printed.err


@pytest.mark.parametrize("name", ["onnx", "litert"])
def test_integers_are_smaller_and_nearly_as_good(made: Path, tmp_path: Path, name: str) -> None:
    result = convwise.export(made / "run", to=name, int8=True, most_loss=10, out=tmp_path / "int8")
    floats, integers = result.proof.files
    assert (floats.int8, integers.int8) == (False, True)
    assert integers.costs.n_bytes < 0.45 * floats.costs.n_bytes
    assert 1e-5 < integers.largest_difference < 0.3
    assert [each.name for each in integers.recalls] == ["blue", "green", "red"]
    assert result.export.formats == (name,)
    kept = (tmp_path / "int8" / FORMATS[name].file).stat().st_size
    assert kept == integers.costs.n_bytes
    assert "integers of 8 bits" in (tmp_path / "int8/README.md").read_text()


def test_integers_that_cost_too_much_are_refused(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ranges from black pictures: whatever is brighter is cut off."""
    make = life._make

    def from_black(request: ExportRequest, place: Path, work: Path, environment: dict[str, str]) -> None:
        np.save(work / "calibration.npy", np.zeros_like(np.load(work / "calibration.npy")))
        make(request, place, work, environment)

    monkeypatch.setattr(life, "_reference", kept_answers)
    monkeypatch.setattr(life, "_make", from_black)
    with pytest.raises(ConvwiseError, match=r"onnx loses \d+\.\d points of accuracy .* most_loss=1 was allowed"):
        convwise.export(made / "run", int8=True, out=tmp_path / "int8")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("asked", "told"),
    [
        ({"to": "openvino", "int8": True}, "OpenVINO is not quantised here; name onnx or litert"),
        ({"to": "onnxx"}, "to=onnxx: did you mean onnx"),
        ({"most_loss": -1}, "most_loss=-1"),
        ({"int8": 1}, "int8=1: it must be true or false"),
        ({"card": "yes"}, "card=yes: it must be true or false"),
    ],
)
def test_what_cannot_be_is_refused_before_any_work(made: Path, tmp_path: Path, asked: Any, told: str) -> None:
    with pytest.raises(RequestError, match=told):
        convwise.export(made / "run", out=tmp_path / "out", **asked)
    assert list(tmp_path.iterdir()) == []


def test_a_used_folder_is_left_alone(made: Path, tmp_path: Path) -> None:
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine/notes.txt").write_text("mine")
    with pytest.raises(RequestError, match="it exists already"):
        convwise.export(made / "run", out=tmp_path / "mine")
    assert [path.name for path in (tmp_path / "mine").iterdir()] == ["notes.txt"]


def test_pictures_that_have_changed_are_refused(made: Path, tmp_path: Path) -> None:
    shutil.copytree(made / "pictures", tmp_path / "pictures")
    shutil.copytree(made / "run", tmp_path / "run")
    settings = json.loads((tmp_path / "run/settings.json").read_text())
    settings.update(folder=str(tmp_path / "pictures"), data=str(tmp_path / "pictures"))
    (tmp_path / "run/settings.json").write_text(json.dumps(settings))
    Image.new("RGB", (40, 40), "red").save(tmp_path / "pictures/red/0000.png")
    with pytest.raises(RequestError, match="have changed since it was trained"):
        convwise.export(tmp_path / "run", out=tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_full_disk_leaves_nothing(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*arguments: Any, **options: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(life, "write_beside", full)
    monkeypatch.setattr(life, "_reference", kept_answers)
    monkeypatch.setattr(life, "_make", planted("no averaging"))
    with pytest.raises(ConvwiseError, match="the disk is full"):
        convwise.export(made / "run", out=tmp_path / "out")
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_export_leaves_goes_with_the_next(made: Path, tmp_path: Path) -> None:
    process = begin("export", str(made / "run"), "--out", str(tmp_path / "out"), "--quiet")
    until = time.monotonic() + 120
    while not list(tmp_path.glob("tmp~*/work/images.npy")):
        assert process.is_alive()
        assert time.monotonic() < until
        time.sleep(0.05)
    process.kill()
    process.join()
    (left,) = tmp_path.iterdir()
    assert left.name.startswith("tmp~")
    while children_in(left):  # they end with their caller, and hold nothing up
        assert time.monotonic() < until
        time.sleep(0.1)
    life.remove_leftovers(tmp_path)
    assert list(tmp_path.iterdir()) == []


def children_in(place: Path) -> list[str]:
    """Processes that were told to work in that place."""
    found = []
    for environment in Path("/proc").glob("[0-9]*/environ"):
        try:
            if f"TMPDIR={place}".encode() in environment.read_bytes():
                found.append(environment.parent.name)
        except OSError:
            continue
    return found


def test_a_card_is_the_readme_of_the_export(made: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(life, "_reference", kept_answers)
    monkeypatch.setattr(life, "_make", planted("no averaging"))
    convwise.export(made / "run", out=tmp_path / "out", card=True)
    card = (tmp_path / "out/README.md").read_text()
    assert card.startswith('---\nlibrary_name: "onnx"\n')
    assert "pip install -r requirements.txt" in card
    assert 'model.keras")' not in card


def test_openvino_is_not_let_near_its_telemetry() -> None:
    pytest.importorskip("openvino")
    code = (
        "import sys; from pathlib import Path; from convwise.export.runtimes import open_runtime\n"
        "try: open_runtime('openvino', Path('none.xml'))\nexcept Exception: pass\n"
        "import openvino; assert sys.modules['openvino_telemetry'] is None; print('kept to itself')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "kept to itself"


@pytest.mark.slow
def test_the_script_runs_in_a_fresh_environment(made: Path, tmp_path: Path) -> None:
    """Train, export, predict, where only requirements.txt is installed; skipped where no index can be reached."""
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    python = tmp_path / "venv/bin/python"
    install = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--timeout", "15"]
    done = subprocess.run(
        [*install, "-r", made / "export/requirements.txt"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        pytest.skip(f"the packages cannot be fetched here: {done.stderr.strip()[-200:]}")
    names = subprocess.run([python, "-m", "pip", "list"], capture_output=True, text=True, check=True).stdout.lower()
    assert "keras" not in names
    assert "convwise" not in names
    pictures = sorted((made / "pictures").glob("*/000[0-3].png"))
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    said = subprocess.run(
        [python, made / "export/predict.py", *pictures],
        capture_output=True, text=True, check=True, cwd=tmp_path, env=environment,
    ).stdout.splitlines()  # fmt: skip
    for line, answer in zip(said, convwise.predict(made / "run", pictures, top=3), strict=True):
        ranked = "  ".join(f"{label} {probability:.3f}" for label, probability in answer.top)
        assert line == f"{answer.path}: {ranked}"
