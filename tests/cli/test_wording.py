"""A message in Python's words and in the command line's: the same message, both sides."""

import ast
import re
from pathlib import Path

import pytest

import convwise
from convwise import cli
from convwise.cli.wording import wording_of

ROOT = Path(convwise.__file__).parent


def worded(command: str, text: str) -> str:
    words = {"data": ["data", "check", "x"], "add": ["data", "add", "x"], "predict": ["predict", "r", "p"]}
    arguments = words.get(command, [command, "x"])
    return wording_of(cli.build_parser().parse_args(arguments).parser)(text)


@pytest.mark.parametrize(
    ("command", "python", "shown"),
    [
        ("train", "size=5: it must be a whole number", "--size 5: it must be a whole number"),
        ("train", "per_class=3 and test=0.2 exclude", "--per-class 3 and --test 0.2 exclude"),
        ("train", "settings=conv.kernel_size=0: write", "--set conv.kernel_size=0: write"),
        ("train", "add weights=FILE or weights=imagenet", "add --weights FILE or --weights imagenet"),
        ("train", "name a place outside with out=", "name a place outside with --out"),
        ("train", "name it with net=, then go", "name it with --net, then go"),
        ("train", "background=True: only caltech101", "--background: only caltech101"),
        ("train", "data=nowhere: there is no such folder", "DATA nowhere: there is no such folder"),
        ("train", "run=runs/x: there is no run", "--resume runs/x: there is no run"),
        ("train", "resize=tile: choose one of", "--resize tile: choose one of"),
        ("train", "out='': it is empty", "--out '': it is empty"),
        # A file has keys, no flags; and what the command does not take stays as Python has it.
        ("train", "config=a.toml: size=5: it must be", "--config a.toml: size=5: it must be"),
        ("train", "momentum=2: it must be a number", "momentum=2: it must be a number"),
        ("train", "silence=x: choose one of", "silence=x: choose one of"),
        # What is part of a value, a path or a setting is left alone.
        ("train", "data=/a/size=5/b: it is a file", "DATA /a/size=5/b: it is a file"),
        ("train", "data='size=5': there is no such folder", "DATA 'size=5': there is no such folder"),
        ("train", "settings=net.width=3: net=vgg has none", "--set net.width=3: --net vgg has none"),
        ("train", "upsize=3 and size=3", "upsize=3 and --size 3"),
        ("explain", "silence=x: choose one of", "--silence x: choose one of"),
        ("explain", "larger images (size=PX)", "larger images (--size PX)"),
        ("explain", "what=x: neither a network", "WHAT x: neither a network"),
        ("explain", "trust=True runs it, if", "--trust runs it, if"),
        ("predict", "top=0: it must be", "--top 0: it must be"),
        ("predict", "paths=a.png: there is no such file", "PATH a.png: there is no such file"),
        ("predict", "run=r: it is not finished", "RUN r: it is not finished"),
        ("compare", "run=r: its test images are not; shared=True", "RUN r: its test images are not; --shared"),
        ("evaluate", "evaluate them as new ones with data=x", "evaluate them as new ones with --data x"),
        ("data", "most_pixels=0: it must be", "--most-pixels 0: it must be"),
        ("add", "name=imagnet: choose one of", "NAME imagnet: choose one of"),
        ("add", "from_path=x: give the .zip", "--from x: give the .zip"),
        ("guide", "figure=x.gif: it is a PNG", "--figure x.gif: it is a PNG"),
        ("study", "smallest_effect=0: it must be", "--smallest-effect 0: it must be"),
        ("study", "by_stage=3: it must be", "--by-stage 3: it must be"),
    ],
)
def test_a_message_names_the_flag_where_a_flag_was_typed(command: str, python: str, shown: str) -> None:
    assert worded(command, python) == shown


def test_no_message_of_the_library_names_a_flag() -> None:
    """Python's users read them too. A whole command to type is understood by everyone; study's inside comes later."""
    prints = {"report", "cli", "study", "conv2d/guide.py", "progress.py"}
    prints |= {"export/container.py", "serving/serve.py"}  # they write and start commands
    found = []
    for path in sorted(ROOT.rglob("*.py")):
        place = path.relative_to(ROOT)
        if place.parts[0] in prints or str(place) in prints:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        docs = {
            id(node.body[0].value)
            for node in ast.walk(tree)
            if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
            and node.body and isinstance(node.body[0], ast.Expr)
        }  # fmt: skip
        for node in ast.walk(tree):
            if isinstance(node, ast.JoinedStr):
                text = "".join(str(part.value) if isinstance(part, ast.Constant) else "X" for part in node.values)
                docs |= {id(part) for part in node.values}
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
                text = node.value
            else:
                continue
            said = re.sub(r"convwise \w+.*|^(train|study) --resume$", "", text)
            found += [f"{place}:{node.lineno}: {flag}" for flag in re.findall(r"(?<![\w-])--[a-z][\w-]*", said)]
    assert found == []


@pytest.mark.parametrize(
    ("call", "arguments", "python", "shown"),
    [
        (lambda: convwise.explain("simple", size=4), ["explain", "simple", "--size", "4"], "size=4: ", "--size 4: "),
        (
            lambda: convwise.explain("simple", image="x.png"),
            ["explain", "simple", "--image", "x.png"],
            "image=x.png: it is for figures; add figures=DIR",
            "--image x.png: it is for figures; add --figures DIR",
        ),
        (
            lambda: convwise.train("shapes", recipe="fsat"),
            ["train", "shapes", "--recipe", "fsat"],
            "recipe=fsat: did you mean fast? choose one of fast, plain",
            "--recipe fsat: did you mean fast? choose one of fast, plain",
        ),
        (
            lambda: convwise.train("shapes", net="resnt"),
            ["train", "shapes", "--net", "resnt"],
            "net=resnt: there is no such network; did you mean resnet?",
            "--net resnt: there is no such network; did you mean resnet?",
        ),
        (
            lambda: convwise.train("shapse"),
            ["train", "shapse"],
            "data=shapse: there is no such folder, and no data set of that name; did you mean shapes?",
            "DATA shapse: there is no such folder, and no data set of that name; did you mean shapes?",
        ),
        (
            lambda: convwise.train("shapes", settings=["conv.kernel=3"]),
            ["train", "shapes", "--set", "conv.kernel=3"],
            "settings=conv.kernel: Conv2D has no such parameter; did you mean kernel_size",
            "--set conv.kernel: Conv2D has no such parameter; did you mean kernel_size",
        ),
        (
            lambda: convwise.add_data("shaeps"),
            ["data", "add", "shaeps"],
            "name=shaeps: did you mean shapes?",
            "NAME shaeps: did you mean shapes?",
        ),
        (
            lambda: convwise.explain("simple", silence=["evn_window"]),
            ["explain", "simple", "--silence", "evn_window"],
            "silence=evn_window: did you mean even_window?",
            "--silence evn_window: did you mean even_window?",
        ),
    ],
)
def test_the_same_request_is_refused_in_both_languages(
    capsys: pytest.CaptureFixture[str], call: object, arguments: list[str], python: str, shown: str
) -> None:
    with pytest.raises(convwise.RequestError) as refused:
        call()  # type: ignore[operator]
    assert str(refused.value).startswith(python)
    try:
        code = cli.main(arguments)
    except SystemExit as stop:
        code = int(str(stop.code))
    assert code == 2
    assert capsys.readouterr().err.startswith(f"convwise: {shown}")
