"""The same trials on a Ray cluster: the pixels reach each machine once, a trial whose worker dies is run again."""

from __future__ import annotations

import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from convwise.cores import take_one_thread
from convwise.errors import ConvwiseError, RequestError, one_line
from convwise.names import counted
from convwise.nets.own.reference import OwnNetwork
from convwise.processor import ONE_DNN
from convwise.study.engine import TRIES
from convwise.study.trial_runner import TrialRunner
from convwise.study.trials import ExperimentSpec, Outcome, Trial, failed


class _Worker:
    """An actor: one process with one core, or one GPU, of the cluster."""

    def __init__(self, spec: dict[str, Any], index: Any, pixels: Any, network: bytes | None) -> None:
        take_one_thread()
        subject = ExperimentSpec.from_dict(spec)
        if network is not None and isinstance(subject.net, OwnNetwork):  # the study's folder is on another machine
            self._folder = tempfile.TemporaryDirectory(prefix="convwise-")
            place = Path(self._folder.name)
            (place / subject.net.copy_name).write_bytes(network)
            subject = subject.in_folder(place)
        self._runner = TrialRunner.of(subject, index, np.asarray(pixels))

    def carry_out(self, trial: dict[str, Any]) -> dict[str, Any]:
        """The outcome of one trial."""
        return self._runner.carry_out(Trial.from_dict(trial)).to_dict()


class RayEngine:
    """Actors of a Ray cluster, each with one trial at a time. See `convwise.study.engine.Engine`."""

    def __init__(self, ray: Any, spec: ExperimentSpec, n_workers: int) -> None:
        self._ray, self._spec, self.n_workers = ray, spec, n_workers
        index, pixels = spec.pictures.read()
        # One copy in the cluster's object store; each machine fetches it once and its workers map the same memory.
        self._index, self._pixels = ray.put(index), ray.put(np.asarray(pixels))
        self._network = ray.put(Path(spec.net.path).read_bytes() if isinstance(spec.net, OwnNetwork) else None)
        gpus = int(ray.cluster_resources().get("GPU", 0))
        resources = {"num_gpus": 1, "num_cpus": 1} if gpus else {"num_cpus": 1}
        environment = {name: os.environ[name] for name in ("KERAS_BACKEND", ONE_DNN) if name in os.environ}
        self._kind = ray.remote(**resources, runtime_env={"env_vars": environment})(_Worker)
        self._actors: list[Any] = []

    def run(self, trials: Sequence[Trial], done: Callable[[Outcome], None]) -> None:
        """Returns when all are done; `done` is called here."""
        ray = self._ray
        waiting = list(reversed(trials))
        tries = dict.fromkeys((trial.key for trial in trials), 0)
        began: dict[str, float] = {}
        at_work: dict[Any, tuple[Any, Trial]] = {}
        idle = self._actors[:]
        while waiting or at_work:
            while waiting and (idle or len(at_work) < self.n_workers):
                actor = idle.pop() if idle else self._new()
                trial = waiting.pop()
                tries[trial.key] += 1
                began.setdefault(trial.key, time.monotonic())
                at_work[actor.carry_out.remote(trial.to_dict())] = (actor, trial)
            ready, _ = ray.wait(list(at_work), num_returns=1)
            actor, trial = at_work.pop(ready[0])
            try:
                done(Outcome.from_dict(ray.get(ready[0])))
                idle.append(actor)
            except ray.exceptions.RayActorError as problem:
                self._actors.remove(actor)
                if tries[trial.key] < TRIES:
                    waiting.append(trial)
                else:
                    reason = f"its worker died {TRIES} times: {one_line(problem)[:200]}"
                    done(failed(trial.key, reason, time.monotonic() - began[trial.key]))
            except ray.exceptions.RayTaskError as problem:
                raise ConvwiseError(one_line(problem.cause)) from None

    def close(self) -> None:
        """Ends the workers."""
        for actor in self._actors:
            self._ray.kill(actor)
        self._actors = []

    def _new(self) -> Any:
        actor = self._kind.remote(self._spec.to_dict(), self._index, self._pixels, self._network)
        self._actors.append(actor)
        return actor


@contextmanager
def ray_engine(
    spec: ExperimentSpec, n_workers: int, address: str | None, note: Callable[[str], None]
) -> Iterator[RayEngine]:
    """A `RayEngine` on the cluster at `address`, or on one started here for the time being.

    Raises RequestError where Ray is not installed or no cluster answers at the address.
    """
    try:
        import ray
    except ImportError:
        raise RequestError("engine=ray needs Ray: pip install 'convwise[ray]'") from None
    quiet: dict[str, Any] = {"logging_level": "ERROR", "log_to_driver": False, "include_dashboard": False}
    if address:
        quiet.pop("include_dashboard")
    try:
        ray.init(address=address, **({} if address else {"num_cpus": n_workers}), **quiet)
    except (ConnectionError, ValueError, RuntimeError) as problem:
        raise RequestError(f"address={address}: no Ray cluster answers there ({one_line(problem)[:200]})") from None
    cores = int(ray.cluster_resources().get("CPU", 1))
    machines, trainings = counted(len(ray.nodes()), "machine"), counted(n_workers, "training")
    note(f"Ray: {machines}, {counted(cores, 'core')}; {trainings} at a time")
    engine = RayEngine(ray, spec, n_workers)
    try:
        yield engine
    finally:
        engine.close()
        ray.shutdown()
