"""Writes docs/figures/*.png and docs/reference/conv2d.md from the guide's records: `python docs/figures/make.py`."""

from __future__ import annotations

import sys
from pathlib import Path

from convwise.conv2d.guide import CLAIM_NOTE, Guidance, guide

HERE = Path(__file__).resolve().parent
PAGE = HERE.parent / "reference" / "conv2d.md"

HEAD = """# The sixteen parameters of a convolution

What `convwise guide NAME` prints, with a figure each. A figure shows what a real `keras.layers.Conv2D` answered to a
drawn picture; `convwise guide NAME --figure FILE.png` computes it again. Written by `docs/figures/make.py`.

| parameter | default | |
|---|---|---|
"""


def page() -> str:
    """The whole page, Markdown."""
    rows = [f"| [`{g.parameter}`](#{g.parameter}) | `{g.default}` | {g.summary} |" for g in guide()]
    return HEAD + "\n".join(rows) + "\n\n" + "\n".join(section(guidance) for guidance in guide())


def section(guidance: Guidance) -> str:
    """One parameter."""
    name = guidance.parameter
    values = [f"| `--set conv.{name}={value.text}` | {value.note} |" for value in guidance.values]
    return f"""## {name}
Default `{guidance.default}`: {guidance.summary}.

![{name}: what a convolution answers with different values](../figures/{name}.png)

{guidance.what}

```
{guidance.example}
```

**When to touch it.** {guidance.when}

| value | |
|---|---|
{chr(10).join(values)}

**The tutorial's advice.** {guidance.claim} *{CLAIM_NOTE}*

**Rules**
{_items(guidance.rules)}

**In PyTorch.** {guidance.elsewhere}

**Sources**
{_items(guidance.sources)}
"""


def _items(texts: tuple[str, ...]) -> str:
    return "\n".join(f"- {text}" for text in texts)


def main() -> None:
    """The page, then the figures: all, or those named on the command line."""
    from convwise.commands.guide import draw_figure

    PAGE.write_text(page(), encoding="utf-8")
    for name in sys.argv[1:] or [guidance.parameter for guidance in guide()]:
        print(draw_figure(name, HERE / f"{name}.png"))


if __name__ == "__main__":
    main()
