"""The program `convwise`: one command carried out, its errors told in a line, its exit code."""

from __future__ import annotations

import argparse
import atexit
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from convwise import __version__
from convwise.cli import (
    compare,
    completion,
    data,
    doctor,
    explain,
    export,
    judge,
    playground,
    report,
    serve,
    study,
    train,
    web,
)  # fmt: skip
from convwise.cli.parser import EXIT_CODES, Parser
from convwise.cli.wording import wording_of
from convwise.errors import ConvwiseError
from convwise.interrupts import Interrupts, no_interrupt_lost


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    os.environ.setdefault("GLOG_minloglevel", "3")  # other libraries' start-up lines; an own setting wins
    try:
        with no_interrupt_lost() as interrupts:
            return _stopped_or_done(arguments, interrupts)
    except ConvwiseError as problem:  # such as standard output that takes no more
        print(f"convwise: {problem}", file=sys.stderr)
        return problem.exit_code
    except BrokenPipeError:  # the reader has gone, as `head` does
        return 1
    except KeyboardInterrupt:
        print("convwise: stopped", file=sys.stderr)
        return 1
    except MemoryError:
        print("convwise: out of memory; a smaller --size or --batch takes less", file=sys.stderr)
        return 1


def _stopped_or_done(arguments: Sequence[str] | None, interrupts: Interrupts) -> int:
    """Raises KeyboardInterrupt too for what a library made of one: C code that it reaches may fail in its own way."""
    try:
        return _carried_out(arguments)
    except (ConvwiseError, OSError):
        raise
    except Exception as problem:
        if interrupts.came:
            raise KeyboardInterrupt from problem
        raise


def _carried_out(arguments: Sequence[str] | None) -> int:
    """Parses, carries out, and sees that all that was printed has gone out."""
    parser = build_parser()
    try:
        options = parser.parse_args(arguments)
        if not hasattr(options, "verb"):
            parser.print_help()
            return 2
        verb: Callable[[argparse.Namespace], None] = options.verb
        try:
            verb(options)
        except ConvwiseError as problem:
            print(f"convwise: {wording_of(options.parser)(str(problem))}", file=sys.stderr)
            return problem.exit_code
    except SystemExit:  # by which argparse leaves, after --help too
        sys.stdout.flush()
        raise
    sys.stdout.flush()
    return 0


def entry() -> int:
    """The installed command: `main` without the backend's chatter."""
    from convwise.stderr_filter import filtered_standard_error
    from convwise.streams import safe_streams

    # A scheduler's polite end is handled as Ctrl-C is.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    end = _End()
    atexit.register(end)  # before all others: it is called after them
    with safe_streams(), filtered_standard_error():
        code = main()
    end.code = code
    return code


@dataclass
class _End:
    """The last thing that a process with a backend does: it ends with `code`, and the interpreter is not taken apart.

    That takes a second or two, for a search through TensorFlow's objects for what to free. And where a thread of
    TensorFlow makes a batch at that moment, C++ aborts the process, exit code -6 when all is done, or waits for ever.
    """

    code: int | None = None

    def __call__(self) -> None:
        from convwise.nets.backend import BACKENDS

        if self.code is None or sys.modules.keys().isdisjoint(BACKENDS):
            return
        for stream in (sys.stdout, sys.stderr):
            with contextlib.suppress(AttributeError, OSError, ValueError):  # none, a reader that has gone, a closed one
                stream.flush()
        os._exit(self.code)


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = Parser(
        prog="convwise",
        description="Train, evaluate and understand convolutional networks on a folder of images.",
        epilog=EXIT_CODES,
    )
    parser.add_argument("--version", action="version", version=f"convwise {__version__}")
    verbs = parser.add_subparsers(title="commands", metavar="COMMAND")
    groups = (data, train, judge, export, serve, report, compare, explain, playground, study, web, doctor, completion)
    for group in groups:
        group.add(verbs)
    return parser
