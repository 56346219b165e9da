"""The guide to the sixteen parameters: looked up by name, written as text of 80 columns. Imports nothing heavy."""

from __future__ import annotations

import textwrap
from typing import overload

from convwise.conv2d.guidance.channels import CHANNELS
from convwise.conv2d.guidance.limits import LIMITS
from convwise.conv2d.guidance.record import WIDTH, Guidance, Value
from convwise.conv2d.guidance.start import START
from convwise.conv2d.guidance.window import WINDOW
from convwise.conv2d.settings import PARAMETERS, require_parameter

__all__ = ["CLAIM_NOTE", "GUIDE", "Guidance", "Value", "guide", "guide_list", "guide_text"]

# Every claim is shown with this: the guide explains advice, it does not vouch for it.
CLAIM_NOTE = "A claim to measure on your own images, not a result of convwise."

_RECORDS = {guidance.parameter: guidance for guidance in (*WINDOW, *CHANNELS, *START, *LIMITS)}
GUIDE: dict[str, Guidance] = {name: _RECORDS[name] for name in PARAMETERS}  # in Keras's order


@overload
def guide(name: str) -> Guidance: ...
@overload
def guide(name: None = None) -> tuple[Guidance, ...]: ...
def guide(name: str | None = None) -> Guidance | tuple[Guidance, ...]:
    """Looks up the guidance on one parameter of Conv2D, or on all sixteen in Keras's order.

    Args:
        name: Name of a parameter, which may begin with `conv.` as in settings; all sixteen if None.

    Returns:
        One record, or sixteen.

    Raises:
        RequestError: there is no such parameter; the message names the nearest ones.

    Example:
        >>> import convwise
        >>> convwise.guide("strides").summary
        'step of the window; 2 halves the map'
        >>> len(convwise.guide())
        16
    """
    if name is None:
        return tuple(GUIDE.values())
    bare = name.strip().lower().removeprefix("conv.")
    return GUIDE[require_parameter(bare)]


def guide_list() -> str:
    """The sixteen, a line each: name, default, summary."""
    return "\n".join(f"{record.parameter:20}  {record.default:14}  {record.summary}" for record in GUIDE.values())


def guide_text(guidance: Guidance) -> str:
    """Everything about one parameter, as plain text of at most 80 columns."""
    values = [_row(f"--set conv.{guidance.parameter}={value.text}", value.note) for value in guidance.values]
    parts = [
        f"{guidance.parameter} (default {guidance.default})",
        _paragraph(guidance.summary, indent=""),
        "WHAT IT DOES\n" + _paragraph(guidance.what),
        "EXAMPLE\n" + textwrap.indent(guidance.example, "  "),
        "WHEN TO TOUCH IT\n" + _paragraph(guidance.when),
        "VALUES TO TRY\n" + "\n".join(values),
        "THE TUTORIAL'S ADVICE\n" + _paragraph(guidance.claim) + "\n" + _paragraph(CLAIM_NOTE),
        "RULES\n" + "\n".join(_item(rule) for rule in guidance.rules),
        "IN PYTORCH\n" + _paragraph(guidance.elsewhere),
        "SOURCES\n" + "\n".join(_item(source) for source in guidance.sources),
    ]
    return "\n\n".join([f"{parts[0]}\n{parts[1]}", *parts[2:]])


def _paragraph(text: str, indent: str = "  ") -> str:
    return textwrap.fill(text, WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False)


def _item(text: str) -> str:
    return textwrap.fill(text, WIDTH, initial_indent="  - ", subsequent_indent="    ", break_long_words=False)


def _row(option: str, note: str) -> str:
    """An option and what it is for: beside it where both fit, else below."""
    head = f"  {option:40}  "
    if len(option) <= 40 and len(head) + len(note) <= WIDTH:
        return head + note
    return f"  {option}\n" + _paragraph(note, indent=" " * 6)
