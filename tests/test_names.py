"""Names of any bytes: shown as one line that no terminal obeys, and read back exactly."""

import io
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from convwise.errors import RequestError
from convwise.files import write_json
from convwise.names import json_text, printable, read_back, shown
from convwise.progress import CountBar

ODD = {
    "caf\udce9.jpg": r"caf\xe9.jpg",  # a byte that is not UTF-8
    "caf\xe9.jpg": "caf\xe9.jpg",  # é itself
    "a\x1b[31mred": r"a\x1b[31mred",
    "two\nlines\r": r"two\x0alines\x0d",
    "\x9b31m": r"\u009b31m",  # one character that means ESC [
    "gpj.\u202eevil": r"gpj.\u202eevil",  # turns what follows around
    "a\u2028b": r"a\u2028b",
    "\ud83d": r"\ud83d",  # half of a pair, as Windows allows
    "C:\\new\\user": "C:\\new\\user",
    "C:\\x41": r"C:\x5cx41",  # else it would be read back as C:A
    "猫 👩‍🔬 ü": "猫 👩‍🔬 ü",
}
ANY_TEXT = st.text(st.characters(codec=None) | st.sampled_from("\\xuU0123456789abcdef\x1b\udce9\u202e"))


@pytest.mark.parametrize(("name", "expected"), ODD.items())
def test_odd_names_are_shown_and_read_back(name: str, expected: str) -> None:
    assert shown(name) == expected
    assert read_back(expected) == name


@given(ANY_TEXT)
def test_every_name_is_read_back_and_its_text_is_one_plain_line(name: str) -> None:
    text = shown(name)
    assert read_back(text) == name
    text.encode()  # raises for what no file or terminal can hold
    assert len(text.splitlines()) <= 1
    assert not any(character < " " or "\x7f" <= character <= "\x9f" for character in text)
    assert printable(text) == text  # a message that holds a shown name does not change it


@given(
    st.recursive(ANY_TEXT | st.integers() | st.none(), lambda inner: st.lists(inner) | st.dictionaries(ANY_TEXT, inner))
)
def test_json_holds_every_name_and_any_reader_gets_it_back(value: object) -> None:
    text = json_text(value)
    text.encode()
    assert json.loads(text) == value or "\\ud" in text  # two halves in a row come back as the pair that they mean
    assert printable(text.replace("\n", "")) == text.replace("\n", "")


def test_a_file_of_json_keeps_a_name_that_is_not_utf_8(tmp_path) -> None:  # type: ignore[no-untyped-def]
    write_json(tmp_path / "split.json", {"train": list(ODD)})
    assert json.loads((tmp_path / "split.json").read_text(encoding="utf-8"))["train"] == list(ODD)


def test_an_error_and_a_note_are_one_line_whatever_they_name(capsys: pytest.CaptureFixture[str]) -> None:
    for name in ODD:
        assert str(RequestError(f"path={name}: no")) == f"path={printable(name)}: no"
        assert len(str(RequestError(str(RequestError(name)))).splitlines()) == 1
    bar = CountBar("[/] reading a\nb")
    bar._console = Console(file=(heard := io.StringIO()), width=20)
    bar.note("x\x1b[2J\ny\udce9")
    assert heard.getvalue() == "x\\x1b[2J\\x0ay\\xe9\n"
