"""What can go wrong, in two kinds: the request was wrong (exit code 2) or the work failed (exit code 1)."""

import re

from convwise.names import printable


class ConvwiseError(Exception):
    """The work failed: one line that says what happened and what to do next."""

    exit_code = 1

    def __str__(self) -> str:
        """One line whatever the names within: a file may be called anything."""
        return printable(super().__str__())


class RequestError(ConvwiseError):
    """The request was wrong: one line with what is wrong (name=value), the rule, and what to do."""

    exit_code = 2


def one_line(problem: BaseException) -> str:
    """What a library's exception says, in one line: of Keras's, the cause, without the layer's arguments or colours."""
    lines = [re.sub(r"\x1b\[[0-9;]*m", "", line).strip() for line in str(problem).splitlines()]
    lines = [line for line in lines if line] or [type(problem).__name__]
    wrapped = lines[0].startswith("Exception encountered when calling") and len(lines) > 1
    return lines[1] if wrapped else lines[0]
