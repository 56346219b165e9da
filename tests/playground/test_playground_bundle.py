"""The one script: modules joined so that nothing of a module's meaning is lost, and refused where it would be."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest

from convwise.playground.bundle import bundle, read_modules
from convwise.playground.facts import GROUPS, catalogue, generated_modules
from convwise.playground.page import page

A = 'import { twice } from "./b.js";\n\nexport function first() {\n  return twice(2);\n}\n'
B = "export const twice = (x) => 2 * x;\n"


def test_what_is_imported_comes_first_and_imports_and_exports_are_gone() -> None:
    script = bundle({"a.js": A, "b.js": B}, "a.js")
    assert script.index("const twice") < script.index("function first")
    assert "import" not in script
    assert "export" not in script
    assert script.startswith('(() => {\n"use strict";\n')


@pytest.mark.parametrize(
    ("modules", "said"),
    [
        ({"a.js": A}, "a.js: there is no module b.js"),
        ({"a.js": A, "b.js": "const twice = 1;\n"}, "b.js does not export twice"),
        ({"a.js": A, "b.js": B + "function first() {}\n"}, "first is declared in b.js too"),
        ({"a.js": A, "b.js": B + "const [x, first] = [1, 2];\n"}, "first is declared in b.js too"),
        (
            {"a.js": A, "b.js": 'import { first } from "./a.js";\n' + B},
            "import each other in a circle: a.js -> b.js -> a.js",
        ),
        ({"a.js": A, "b.js": B + "export default 3;\n"}, "'export default 3;' cannot be joined"),
        ({"a.js": 'import * as b from "./b.js";\n', "b.js": B}, "cannot be joined"),
    ],
)
def test_what_cannot_be_joined_is_refused_with_its_module(modules: dict[str, str], said: str) -> None:
    with pytest.raises(ValueError, match=re.escape(said)):
        bundle(modules, "a.js")


def test_every_module_is_needed_and_small() -> None:
    modules = {**read_modules(), **generated_modules()}
    script = bundle(modules, "main.js")
    assert [path for path in modules if f"\n// {path}\n" not in script] == []
    assert [path for path, text in read_modules().items() if text.count("\n") > 300] == []
    assert [
        path for path, text in read_modules().items() if not text.startswith("// ")
    ] == []  # each says what it is for


def test_the_page_has_each_parameter_and_each_name_of_the_catalogue() -> None:
    assert sorted(name for group in GROUPS.values() for name in group) == sorted(set(sum(GROUPS.values(), ())))
    assert len(sum(GROUPS.values(), ())) == 16
    low = catalogue()["regularizer"]["l2"]["arguments"][0]
    assert low == {
        "name": "l2",
        "default": 0.01,
        "form": "number",
        "shown": "always",
        "rule": "a number, 0 or more",
        "optional": False,
        "low": 0,
    }


def test_the_policy_allows_this_script_and_this_style_and_nothing_else() -> None:
    text = page(None, title="convwise playground")
    script, style = re.findall(r"<(?:script|style)>(.*?)</(?:script|style)>", text, flags=re.S)[::-1]
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
    assert policy is not None
    for each in (script, style):
        digest = base64.b64encode(hashlib.sha256(each.encode()).digest()).decode()
        assert f"sha256-{digest}" in policy[1].replace("&#39;", "'")
    assert "default-src &#39;none&#39;" in policy[1]
    assert " style=" not in text
    assert set(
        re.findall(r"https?://[^\s\"'<)]+", re.sub(r'(?s)<script type="application/json".*?</script>', "", text))
    ) <= {"http://www.w3.org/2000/svg"}


def test_a_title_is_text() -> None:
    assert "<img" not in page(None, title="<img src=x>", notes=("<img src=y>",))
