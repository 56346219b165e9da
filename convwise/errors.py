"""What can go wrong, in two kinds: the request was wrong (exit code 2) or the work failed (exit code 1)."""


class ConvwiseError(Exception):
    """The work failed: one line that says what happened and what to do next."""

    exit_code = 1


class RequestError(ConvwiseError):
    """The request was wrong: one line with what is wrong (name=value), the rule, and what to do."""

    exit_code = 2
