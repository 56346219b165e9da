"""Ctrl-C stops the work wherever it arrives."""

import contextlib
import os
import signal
import subprocess
import sys
import time
import weakref

import pytest

from convwise.interrupts import no_interrupt_lost
from convwise.progress import CountBar


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


def test_an_interrupt_that_a_library_drops_stops_the_work_at_the_next_tick(capsys: pytest.CaptureFixture[str]) -> None:
    def work() -> int:
        with no_interrupt_lost(), CountBar("working") as tick:
            with contextlib.suppress(KeyboardInterrupt):  # as NumPy does while it asks an object for its array
                signal.raise_signal(signal.SIGINT)
            tick(1, 2)
        return 0

    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            work()
    finally:
        signal.signal(signal.SIGINT, before)
    with CountBar("other work") as tick:  # the signal was for the work before
        tick(1, 2)


def test_other_errors_are_reported_as_before(recwarn: pytest.WarningsRecorder) -> None:
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


# Batches are made by a thread of TensorFlow all the time, and something keeps their iterator to the end.
BUSY = """
import builtins, itertools, sys, time
from convwise.cli import entry, program


def batches():
    import numpy as np

    for number in itertools.count():
        until = time.monotonic() + 0.05
        while time.monotonic() < until:
            sum(range(1000))
        yield np.zeros(4, np.float32)


def work(arguments):
    import tensorflow as tf

    stream = tf.data.Dataset.from_generator(batches, output_signature=tf.TensorSpec((4,), tf.float32))
    options = tf.data.Options()
    options.autotune.enabled = False
    builtins.kept = iter(stream.prefetch(2).with_options(options))
    next(builtins.kept)
    print("worked", flush=True)
    return 1


program._carried_out = work
sys.exit(entry())
"""


@pytest.mark.slow
def test_a_thread_of_tensorflow_at_work_neither_aborts_the_end_nor_holds_it_up() -> None:
    ended = subprocess.run(
        [sys.executable, "-c", BUSY],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
        env={**os.environ, "CUDA_VISIBLE_DEVICES": ""},
    )
    assert (ended.returncode, ended.stdout) == (1, "worked\n"), ended.stderr
    assert "terminate" not in ended.stderr
