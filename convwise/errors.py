"""What can go wrong, in two kinds: the request was wrong (exit code 2) or the work failed (exit code 1)."""

import re

from convwise.names import printable


class ConvwiseError(Exception):
    """The work failed: one line that says what happened and what to do next. The command line's exit code is 1.

    Example:
        >>> import convwise
        >>> convwise.ConvwiseError.exit_code
        1
    """

    exit_code = 1

    def __str__(self) -> str:
        """One line whatever the names within: a file may be called anything."""
        return printable(super().__str__())


class RequestError(ConvwiseError):
    """The request was wrong: one line with what is wrong (name=value), the rule, and what to do. The exit code is 2.

    Example:
        >>> import convwise
        >>> try:
        ...     convwise.Recipe(epochs=0)
        ... except convwise.RequestError as problem:
        ...     print(problem)
        epochs=0: it must be a whole number from 1 to 100,000
    """

    exit_code = 2


_DRESSING = re.compile(
    r"\x1b\[[0-9;]*m"  # colours
    r"|\{\{function_node [^}]*\}\} "
    r"|\s*\[\[\{\{node .*"
    r"|\s*\[Op:[^\]]*\]( name:)?\s*$"
)


def one_line(problem: BaseException) -> str:
    """What a library's exception says, in one line: the cause, without what Keras and TensorFlow put around it.

    Of an error in a layer, Keras tells the cause in the second line and the layer's arguments after it. Of an error in
    a graph, TensorFlow tells first where the graph was made, line by line, and the cause last.
    """
    lines = [_DRESSING.sub("", line).strip() for line in str(problem).splitlines()]
    lines = [line for line in lines if line] or [type(problem).__name__]
    if lines[0].startswith("Graph execution error"):
        return lines[-1]
    wrapped = lines[0].startswith("Exception encountered when calling") and len(lines) > 1
    return lines[1] if wrapped else lines[0]


def process_end(code: int) -> str:
    """How a process of ours ended without an answer, by its exit code; negative for a signal."""
    if code == -9:
        return "its process was killed (signal 9): out of memory, most likely"
    return f"its process ended with signal {-code}" if code < 0 else f"its process ended with exit code {code}"
