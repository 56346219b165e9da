"""A user's own network in every command: three of different styles that are not ours, and one that takes `conv`."""

import json
import re
import shutil
from pathlib import Path

import numpy as np
import pytest

from convwise.cli import main
from convwise.commands.evaluate import evaluate
from convwise.commands.explain import explain
from convwise.commands.predict import predict
from convwise.commands.resume import resume
from convwise.commands.resume_study import resume_study, study_report
from convwise.commands.study import StudyResult, study
from convwise.commands.train import TrainResult, train
from convwise.errors import ConvwiseError, RequestError
from convwise.images.shapes import make_shapes
from convwise.runs import Run
from convwise.runs.judging import load_model
from convwise.training.hooks import Hooks
from convwise.training.recipe import named_recipe
from tests.conftest import made_once

pytestmark = pytest.mark.slow
EXAMPLES = Path(__file__).parents[1] / "nets" / "own" / "examples"
SIZES = {
    "sequential_logits.py:classifier": 32,
    "shared_and_nested.py:twins": 32,
    "from_applications.py:mobilenet": 32,
    "with_conv.py:stages": 32,
}
TWINS = f"{EXAMPLES}/shared_and_nested.py:twins"
SEQUENTIAL = f"{EXAMPLES}/sequential_logits.py:classifier"


@pytest.fixture(scope="module")
def shapes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    def make(folder: Path) -> None:
        make_shapes(folder / "shapes", per_class=8, size_px=32)

    return made_once(tmp_path_factory, "small_shapes", make) / "shapes"


def trained(shapes: Path, out: Path, net: str = TWINS, **more: object) -> TrainResult:
    asked: dict[str, object] = {"size": 32, "epochs": 2, "recipe": "plain", **more}
    return train(shapes, net=net, out=out, **asked)  # type: ignore[arg-type]


@pytest.mark.parametrize("reference", SIZES)
def test_a_network_is_trained_evaluated_explained_and_predicts(reference: str, shapes: Path, tmp_path: Path) -> None:
    notes: list[str] = []
    result = trained(
        shapes,
        tmp_path / "run",
        f"{EXAMPLES}/{reference}",
        size=SIZES[reference],
        epochs=1,
        settings=["conv.kernel_initializer=he_uniform"],
        hooks=Hooks(note=notes.append),
    )
    run = result.run
    assert result.evaluation is not None
    assert str(run.settings.net) == reference
    assert (run.folder / "network.py").read_bytes() == (EXAMPLES / reference.partition(":")[0]).read_bytes()
    assert any(note.startswith(f"{reference}: ") and "pixels" in note for note in notes)
    again = evaluate(run.folder).evaluation
    assert again.log_loss.value == pytest.approx(result.evaluation.log_loss.value, abs=1e-4)
    answer = predict(run.folder, [shapes / "ring" / "ring_0000.png"])[0]
    assert answer.label in run.class_names
    assert sum(probability for _, probability in answer.top) <= 1 + 1e-5
    told = explain(run.folder)
    assert told.changes[0].startswith("conv.kernel_initializer=he_uniform: changed ")
    assert told.table.totals.weights == run.summary["n_weights"]


def studied(shapes: Path, out: Path, net: str) -> StudyResult:
    return study(shapes, net=net, size=32, runs=9, epochs=1, parameters=["filters"], workers=1, out=out)


@pytest.fixture(scope="module")
def study_of_a_file(shapes: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """The folder of a study, and the home that it was made in."""

    def make(folder: Path) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setenv("CONVWISE_HOME", str(folder / "home"))
            studied(shapes, folder / "study", SEQUENTIAL)

    folder = made_once(tmp_path_factory, "study-of-a-file", make)
    return folder / "study", folder / "home"


# Not of MobileNet: its 28 layers take half a minute to build again and again, and show nothing that these do not.
@pytest.mark.parametrize("reference", ["shared_and_nested.py:twins", "with_conv.py:stages"])
def test_a_study_answers_for_it(reference: str, shapes: Path, tmp_path: Path) -> None:
    answers_for(reference, studied(shapes, tmp_path / "study", f"{EXAMPLES}/{reference}"))


def answers_for(reference: str, result: StudyResult) -> None:
    assert result.net == reference
    assert result.failures == ()
    tried = result.of("filters").tried
    assert tried is not None
    assert tried.effect is not None
    assert tried.costs.weights < 0.7
    assert result.folder is not None
    assert (result.folder / "network.py").is_file()


def test_a_study_answers_for_a_file_and_a_training_takes_it_over(
    study_of_a_file: tuple[Path, Path], shapes: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder, home = study_of_a_file
    answers_for("sequential_logits.py:classifier", study_report(folder))
    monkeypatch.setenv("CONVWISE_HOME", str(home))
    run = train(shapes, from_study=folder, out=tmp_path / "run").run
    assert str(run.settings.net) == "sequential_logits.py:classifier"
    assert (run.settings.recipe.size, run.settings.recipe.epochs) == (32, 1)


def test_explain_finds_what_is_unwise_and_takes_settings(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["explain", SEQUENTIAL, "--size", "32", "--set", "map16.kernel_size=5"]) == 0
    told = capsys.readouterr().out
    assert "map16.kernel_size=5x5: changed conv2d_1" in told
    assert "a softmax is put behind it" in told


def test_a_stopped_run_ends_as_if_it_had_never_stopped(shapes: Path, tmp_path: Path) -> None:
    """The network draws: it flips images by itself."""
    whole = trained(shapes, tmp_path / "whole", epochs=3)

    def stop(row: dict[str, float]) -> None:
        raise KeyboardInterrupt

    with pytest.raises(ConvwiseError, match="stopped; go on with"):
        trained(shapes, tmp_path / "stopped", epochs=3, hooks=Hooks(epoch=stop))
    again = resume(tmp_path / "stopped")
    assert again.evaluation == whole.evaluation
    weights = [load_model(result.run).get_weights() for result in (whole, again)]
    assert all(np.array_equal(a, b) for a, b in zip(*weights, strict=True))


@pytest.fixture(scope="module")
def stopped(shapes: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run that stopped after an epoch, trained with a cache folder that no test has."""
    folder = tmp_path_factory.mktemp("stopped") / "run"

    def stop(row: dict[str, float]) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONVWISE_HOME", str(tmp_path_factory.mktemp("elsewhere")))
        with pytest.raises(ConvwiseError, match="stopped"):
            trained(shapes, folder, hooks=Hooks(epoch=stop))
    return folder


def test_a_run_from_elsewhere_runs_its_code_only_with_trust(stopped: Path, shapes: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(stopped, run)
    with pytest.raises(RequestError, match=r"brings Python code \(network\.py\) .* add trust=True"):
        resume(run)
    resume(run, trust=True)
    picture = shapes / "ring" / "ring_0000.png"
    assert predict(run, [picture])[0].label  # trained here now
    home = tmp_path / "third"
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONVWISE_HOME", str(home))
        for command in (lambda: predict(run, [picture]), lambda: evaluate(run), lambda: explain(run)):
            with pytest.raises(RequestError, match="add trust=True"):
                command()
        assert predict(run, [picture], trust=True)[0].label
        assert main(["predict", str(run), str(picture), "--trust"]) == 0
        assert main(["predict", str(run), str(picture)]) == 2


def test_a_changed_network_cannot_go_on(stopped: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(stopped, run)
    with (run / "network.py").open("a") as file:
        file.write("\nx = 1\n")
    with pytest.raises(RequestError, match=r"network\.py has changed .* put it back, or begin anew"):
        resume(run, trust=True)
    (run / "network.py").unlink()
    with pytest.raises(RequestError, match=r"network\.py cannot be read"):
        resume(run, trust=True)


def test_a_study_of_code_from_elsewhere_needs_trust_to_go_on(
    study_of_a_file: tuple[Path, Path], shapes: Path, tmp_path: Path
) -> None:
    shutil.copytree(study_of_a_file[0], tmp_path / "s")
    with pytest.raises(RequestError, match="add trust=True"):
        train(shapes, from_study=tmp_path / "s", epochs=1, out=tmp_path / "run")
    assert train(shapes, from_study=tmp_path / "s", epochs=1, out=tmp_path / "run", trust=True).run.complete
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CONVWISE_HOME", str(tmp_path / "third"))
        _resume_elsewhere(tmp_path / "s")


def _resume_elsewhere(folder: Path) -> None:
    (folder / "result.json").unlink()
    with pytest.raises(RequestError, match=r"study=.* brings Python code"):
        resume_study(folder)
    assert resume_study(folder, trust=True).net == "sequential_logits.py:classifier"


def test_a_keras_file_starts_from_its_weights_only_when_asked(shapes: Path, tmp_path: Path) -> None:
    import keras

    first = trained(shapes, tmp_path / "first", SEQUENTIAL, epochs=1).run
    file = str(first.model_path)
    still = named_recipe("plain", {"learning_rate": 1e-8})
    kept = trained(shapes, tmp_path / "kept", file, weights="keep", recipe=still, epochs=1).run
    fresh = trained(shapes, tmp_path / "fresh", file, epochs=1, seed=5).run
    before, near, far = (keras.models.load_model(run.model_path).get_weights() for run in (first, kept, fresh))
    assert all(np.allclose(a, b, atol=1e-5) for a, b in zip(before, near, strict=True))
    assert not all(np.allclose(a, b, atol=1e-2) for a, b in zip(before, far, strict=True))
    assert (kept.folder / "network.keras").is_file()
    assert predict(kept.folder, [shapes / "ring" / "ring_0000.png"])[0].label
    assert main(["explain", file, "--size", "32", "--classes", "8", "--set", "conv.kernel_size=5"]) == 0
    with pytest.raises(RequestError, match=r"a head of 8 classes .*, and there are 3"):
        explain(file, size=32, classes=3)


REFUSED = {
    ("--net", "simple", "--input", "255"): "--input 255: --net simple takes pixels as they are",
    ("--net", "simple", "--weights", "keep"): "--weights keep: --net simple has none to keep",
    ("--net", "TWINS", "--input", "100"): "--input 100: write 255",
    ("--net", "TWINS", "--weights", "imagenet"): "starts from first weights, or, with --weights keep, from its own",
    ("--net", "TWINS", "--tune", "full"): "--tune full: it needs weights to start from",
    ("--net", "TWINS", "--set", "net.depth=3"): "net.depth=3|has no such option; it has .* width=8",
    ("--net", "TWINS", "--set", "stam.strides=2"): "no convolution or stage 'stam'; did you mean stem",
    ("--net", "TWINS", "--set", "gate.strides=2"): "no convolution or stage 'gate'",
    ("--net", "nowhere.py:f"): r"there is no file nowhere\.py",
    ("--net", "TWINS", "--trust"): "--trust: it is for --resume RUN and --from-study DIR",
}


@pytest.mark.parametrize("arguments", REFUSED, ids=" ".join)
def test_what_cannot_be_is_refused_in_one_line_and_nothing_is_written(
    arguments: tuple[str, ...],
    shapes: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    given = [TWINS if argument == "TWINS" else argument for argument in arguments]
    assert main(["train", str(shapes), "--size", "32", "--epochs", "1", *given]) == 2
    (line,) = [line for line in capsys.readouterr().err.splitlines() if line.startswith("convwise: ")]
    assert re.search(REFUSED[arguments], line), line
    assert not (tmp_path / "runs").exists()


def test_the_record_of_a_run_is_checked(stopped: Path, tmp_path: Path) -> None:
    run = tmp_path / "run"
    shutil.copytree(stopped, run)
    settings = json.loads((run / "settings.json").read_text())
    for net in (3, {}, {"source": "x.py"}, {**settings["net"], "more": 1}, {**settings["net"], "sha256": 3}):
        (run / "settings.json").write_text(json.dumps({**settings, "net": net}))
        with pytest.raises(ConvwiseError):
            _ = Run.open(run).settings


@pytest.mark.extras
def test_ray_workers_are_handed_the_code(shapes: Path, tmp_path: Path) -> None:
    pytest.importorskip("ray")
    result = study(
        shapes,
        net=TWINS,
        size=32,
        runs=9,
        epochs=1,
        parameters=["filters"],
        engine="ray",
        workers=1,
        out=tmp_path / "study",
    )
    assert result.failures == ()
