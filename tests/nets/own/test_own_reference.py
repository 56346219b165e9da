"""An own network is named by its file: what is read of it without running it, and what is refused."""

from pathlib import Path

import pytest

from convwise.errors import RequestError
from convwise.nets import network_options, require_network, require_options
from convwise.nets.own.module import call_function, import_file
from convwise.nets.own.reference import OwnNetwork, find_own
from convwise.nets.own.trust import remember, require_trusted

GOOD = """
import keras

def small(input_shape, n_classes, *, width=4, name="small"):
    pixels = keras.Input(input_shape)
    x = keras.layers.Conv2D(width, 3)(pixels)
    x = keras.layers.GlobalAveragePooling2D()(x)
    return keras.Model(pixels, keras.layers.Dense(n_classes)(x), name=name)
"""


def own_of(folder: Path, text: str, function: str = "small") -> OwnNetwork:
    path = folder / "mine.py"
    path.write_text(text)
    return find_own(f"{path}:{function}")


def test_a_reference_is_known_by_its_text_and_pinned_by_its_content(tmp_path: Path) -> None:
    own = own_of(tmp_path, GOOD)
    assert str(own) == "mine.py:small"
    assert own.label == "small"
    assert own.read().takes_conv is False
    assert OwnNetwork.from_dict(own.to_dict()) == own
    (tmp_path / "mine.py").write_text(GOOD + "\n# another\n")
    with pytest.raises(RequestError, match=r"mine\.py has changed"):
        own.code()


def test_options_are_the_functions_own_defaults(tmp_path: Path) -> None:
    own = own_of(tmp_path, GOOD)
    assert network_options(own) == {"width": 4, "name": "small"}
    assert require_options(own, {"width": 8}) == {"width": 8}
    with pytest.raises(RequestError, match=r"depth=3: net=mine\.py:small has no such option; .*it has .*width=4"):
        require_options(own, {"depth": 3})


def test_the_door_takes_names_and_files(tmp_path: Path) -> None:
    own_of(tmp_path, GOOD)
    assert require_network("simple") == "simple"
    assert isinstance(require_network(f"{tmp_path}/mine.py:small"), OwnNetwork)
    with pytest.raises(RequestError, match=r"net=smpl: there is no such network; .*FILE\.py:function"):
        require_network("smpl")


DEFINITION = "def small(input_shape, n_classes{more}): pass\n"
REFUSED = {
    "no such function": (GOOD.replace("small(", "tiny("), r"no function 'small' at its top level; .*it defines tiny"),
    "the nearest is named": (GOOD.replace("def small", "def smell"), r"did you mean smell\?"),
    "no function at all": ("x = 1\n", "it defines none"),
    "no Python": (GOOD + "def half(:\n", r"line 9 is no Python: "),
    "a zero byte": ("x = 1\0\n", "is no Python"),
    "one argument": ("def small(input_shape): pass\n", r"line 1: small\(input_shape\) must take \(input_shape, n_cl"),
    "a third without a default": (DEFINITION.format(more=", depth"), r"must take \(input_shape, n_classes\)"),
    "a default where none may be": ("def small(input_shape, n_classes=3): pass\n", "must take"),
    "relative import": ("from . import parts\n" + GOOD, "line 1 imports from the folder that it lies in; a run keeps"),
    "neighbour": ("import keras\nimport neighbour\n" + GOOD, r"line 2 imports neighbour\.py, which lies beside it"),
    "neighbour within": (GOOD + "    from neighbour import x\n", r"line 9 imports neighbour\.py"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_the_text_shows_is_refused_in_one_line(case: str, tmp_path: Path) -> None:
    (tmp_path / "neighbour.py").write_text("x = 1\n")
    text, message = REFUSED[case]
    with pytest.raises(RequestError, match=message) as refused:
        own_of(tmp_path, text)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("net", "message"),
    [
        ("missing.py:small", r"net=missing\.py:small: there is no file missing\.py"),
        ("missing.keras", r"there is no file missing\.keras"),
        (".:small.py:f", "there is no file"),
        ("mine.py", r"name the function in it too: mine\.py:FUNCTION"),
        ("mine.py:", r"name the function in it too: mine\.py:FUNCTION"),
        ("mine.h5", r"a network is read from a \.keras file"),
        ("folder.py:small", "is no regular file"),
    ],
)
def test_references_that_name_nothing_are_refused(
    net: str, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "folder.py").mkdir()
    with pytest.raises(RequestError, match=message):
        require_network(net)


def test_a_standard_module_is_no_neighbour(tmp_path: Path) -> None:
    (tmp_path / "json.py").write_text("")
    own_of(tmp_path, "import json\n" + GOOD)


def test_the_module_is_named_by_its_content_and_run_once(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    text = GOOD + 'print("hello")\n'
    first = import_file(own_of(tmp_path, text))
    copy = tmp_path / "copy"
    copy.mkdir()
    again = import_file(own_of(copy, text))
    other = import_file(own_of(copy, text + "x = 1\n"))
    assert again is first
    assert other is not first
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("hello") == 2


RAISING = {
    "at import": ("import keras\n\nx = 1 / 0\n" + GOOD, r"cannot be imported: line 3: ZeroDivisionError: division"),
    "a missing module": (
        "import surely_not_installed\n" + GOOD,
        r"cannot be imported: line 1: ModuleNotFoundError: No module named 'surely_not_installed'",
    ),
    "leaving": ("raise SystemExit(3)\n" + GOOD, r"cannot be imported: line 1: SystemExit: 3"),
    "when called": (
        "def small(input_shape, n_classes):\n    return {}['key']\n",
        r"cannot be built: line 2: KeyError: 'key'",
    ),
    "no model": (
        "def small(input_shape, n_classes):\n    return 3\n",
        r"it returns a int; it must return a keras\.Model",
    ),
}


@pytest.mark.parametrize("case", RAISING)
def test_what_the_file_raises_is_one_line_with_its_line(case: str, tmp_path: Path) -> None:
    text, message = RAISING[case]
    own = own_of(tmp_path, text)
    with pytest.raises(RequestError, match=message) as refused:
        call_function(own, (32, 32, 3), 4)
    assert "\n" not in str(refused.value)


def test_code_from_elsewhere_needs_trust(tmp_path: Path) -> None:
    own = own_of(tmp_path, GOOD)
    with pytest.raises(RequestError, match=r"run=x: it brings Python code \(network\.py\) .*trust=True"):
        require_trusted(own, trust=False, where="run=x")
    require_trusted(own, trust=True, where="run=x")
    with pytest.raises(RequestError, match="trust=True"):  # trusting once says nothing about the next time
        require_trusted(own, trust=False, where="run=x")
    remember(own)
    require_trusted(own, trust=False, where="run=x")
    other = own_of(tmp_path, GOOD + "# changed\n")
    with pytest.raises(RequestError, match="trust=True"):
        require_trusted(other, trust=False, where="run=x")


def test_a_changed_copy_is_refused_even_with_trust(tmp_path: Path) -> None:
    own = own_of(tmp_path, GOOD)
    own.copy_to(tmp_path)
    kept = own.at(tmp_path)
    require_trusted(kept, trust=True, where="run=x")
    (tmp_path / "network.py").write_text(GOOD + "import os\n")
    with pytest.raises(RequestError, match=r"network\.py has changed"):
        require_trusted(kept, trust=True, where="run=x")


@pytest.mark.parametrize(
    "wrong", [{"input_range": 128}, {"input_range": True}, {"sha256": ""}, {"logits": 1}, {"function": 3}, {"more": 1}]
)
def test_records_are_checked(wrong: dict[str, object], tmp_path: Path) -> None:
    values = own_of(tmp_path, GOOD).to_dict()
    with pytest.raises(RequestError):
        OwnNetwork.from_dict({**values, **wrong})
