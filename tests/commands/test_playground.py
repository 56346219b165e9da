"""convwise playground: what it writes, and what it refuses in a line."""

from __future__ import annotations

import json
from pathlib import Path

import keras
import pytest
from keras import layers

import convwise
from convwise.cli import main
from convwise.errors import RequestError

OWN = """
import keras
from keras import layers

def build(input_shape, n_classes):
    pixels = keras.Input(input_shape)
    x = layers.Rescaling(1 / 255)(pixels)
    x = layers.Conv2D(4, 3, name="look")(x)
    return keras.Model(pixels, layers.Dense(n_classes, activation="softmax")(layers.GlobalMaxPooling2D()(x)))
"""


def content(path: Path) -> dict[str, object]:
    """What the page knows."""
    text = path.read_text(encoding="utf-8")
    found: dict[str, object] = json.loads(
        text.partition('<script type="application/json" id="content">')[2].partition("</script>")[0]
    )
    return found


def nodes(path: Path) -> list[dict[str, object]]:
    network = content(path)["network"]
    assert isinstance(network, dict)
    found: list[dict[str, object]] = network["nodes"]
    return found


def test_without_a_network_the_page_begins_with_a_convolution(tmp_path: Path) -> None:
    made = convwise.playground(out=tmp_path / "page.html")
    assert made.path == tmp_path / "page.html"
    assert made.subject is None
    assert content(made.path)["network"] is None
    assert len(content(made.path)["guide"]) == 16  # type: ignore[arg-type]


def test_the_command_writes_the_page_and_says_where(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    assert main(["playground", "simple", "--size", "24x32", "--set", "conv2d_1.kernel_size=5", "--json"]) == 0
    printed = json.loads(capsys.readouterr().out)
    assert printed["path"] == "playground.html"
    assert printed["subject"] == "simple"
    assert printed["notes"] == [
        "conv2d_1.kernel_size=5x5: changed conv2d_1",
        "its weights are first weights, drawn in the page",
    ]
    network = content(tmp_path / "playground.html")["network"]
    assert isinstance(network, dict)
    assert network["input"] == {"height": 24, "width": 32, "channels": 3, "most": 255}
    assert network["nodes"][3]["settings"]["kernel_size"] == [5, 5]
    assert main(["playground", "--out", "plain.html"]) == 0
    assert capsys.readouterr().out == "playground: plain.html\n"


def test_a_network_of_ones_own_is_shown(tmp_path: Path) -> None:
    (tmp_path / "mine.py").write_text(OWN)
    made = convwise.playground(f"{tmp_path / 'mine.py'}:build", out=tmp_path / "mine.html")
    assert [node["name"] for node in nodes(made.path) if node["kind"] == "Conv2D"] == ["look"]


def test_a_model_file_brings_its_weights(tmp_path: Path) -> None:
    pixels = keras.Input((16, 16, 1))
    x = layers.Conv2D(2, 3, name="look")(pixels)
    keras.Model(pixels, layers.Dense(3)(layers.Flatten()(x))).save(tmp_path / "model.keras")
    made = convwise.playground(tmp_path / "model.keras", out=tmp_path / "model.html")
    assert sorted(nodes(made.path)[0]["weights"]) == ["bias", "kernel"]  # type: ignore[call-overload]
    assert made.notes == ()


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ({"size": 32}, "size=32: it is for a network; name one, such as simple, or drop it"),
        ({"settings": ["conv.groups=2"]}, "settings=conv.groups=2: it is for a network"),
        ({"out": "page.txt"}, "out=page.txt: the playground is an HTML file; name it page.html"),
        ({"out": "nowhere/page.html"}, "there is no folder nowhere"),
        ({"what": "simpel"}, "what=simpel: neither a network"),
        ({"what": "simple", "input": 1}, "input=1: it is for a network of your own"),
    ],
)
def test_a_wrong_request_is_refused_in_a_line_and_nothing_is_written(
    asked: dict[str, object], said: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RequestError) as problem:
        convwise.playground(**asked)  # type: ignore[arg-type]
    assert said in str(problem.value)
    assert "\n" not in str(problem.value)
    assert list(tmp_path.iterdir()) == []
