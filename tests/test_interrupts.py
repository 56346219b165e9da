"""Ctrl-C stops the work wherever it arrives."""

import time
import weakref

import pytest

from convwise.interrupts import no_interrupt_lost


class Thing:
    """Something that a weak reference can point to."""


def interrupted_in_a_callback() -> None:
    def callback(gone: object) -> None:
        raise KeyboardInterrupt

    thing = Thing()
    reference = weakref.ref(thing, callback)
    del thing
    assert reference() is None


def test_an_interrupt_in_a_weak_references_callback_stops_the_work(capsys: pytest.CaptureFixture[str]) -> None:
    def work() -> None:
        with no_interrupt_lost():
            interrupted_in_a_callback()
            time.sleep(60)

    with pytest.raises(KeyboardInterrupt):
        work()
    assert capsys.readouterr().err == ""


def test_an_interrupt_after_the_work_hurts_nobody() -> None:
    with no_interrupt_lost():
        interrupted_in_a_callback()
    time.sleep(0.05)


def test_other_errors_are_reported_as_before(recwarn: pytest.WarningsRecorder) -> None:
    import sys

    heard: list[type] = []
    before, sys.unraisablehook = sys.unraisablehook, lambda problem: heard.append(problem.exc_type)
    try:
        with no_interrupt_lost():

            def callback(gone: object) -> None:
                raise ValueError

            thing = Thing()
            reference = weakref.ref(thing, callback)
            del thing
            assert reference() is None
    finally:
        sys.unraisablehook = before
    assert heard == [ValueError]


def test_an_error_that_a_library_makes_of_an_interrupt_is_a_stop(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import signal

    from convwise.cli import program

    def fails(arguments: object) -> int:
        try:
            signal.raise_signal(signal.SIGINT)
        except KeyboardInterrupt:
            raise SystemError("Objects/listobject.c: bad argument to internal function") from None
        return 0

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    monkeypatch.setattr(program, "_carried_out", fails)
    try:
        assert program.main([]) == 1
        assert signal.getsignal(signal.SIGINT) is signal.default_int_handler
    finally:
        signal.signal(signal.SIGINT, before)
    assert capsys.readouterr().err == "convwise: stopped\n"


def test_the_same_error_without_an_interrupt_stays_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    from convwise.cli import program

    def fails(arguments: object) -> int:
        raise SystemError("a fault")

    monkeypatch.setattr(program, "_carried_out", fails)
    with pytest.raises(SystemError, match="a fault"):
        program.main([])
