"""Reach: which calls of a graph lead to which, along any path."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property

from convwise.nets.layer_table.graph import Call, Graph

Test = Callable[[Call], bool]


class Reach:
    """Walks over a graph. The order in which its calls are listed says nothing: only the tensors between them do."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    @cached_property
    def consumers(self) -> dict[int, list[Call]]:
        return self._graph.consumers()

    @cached_property
    def makers(self) -> dict[int, Call]:
        return self._graph.makers()

    def followers(self, call: Call) -> list[Call]:
        """The calls that take an output of `call`."""
        return [after for tensor in call.outputs for after in self.consumers.get(tensor.index, [])]

    def givers(self, call: Call) -> list[Call]:
        """The calls whose outputs `call` takes."""
        return [self.makers[tensor.index] for tensor in call.inputs if tensor.index in self.makers]

    def after(self, call: Call, *, until: Test = lambda call: False) -> Iterator[Call]:
        """All calls behind `call`, the nearest first; nothing is looked for behind one of which `until` is true."""
        return self._walk(call, self.followers, until)

    def before(self, call: Call, *, until: Test = lambda call: False) -> Iterator[Call]:
        """All calls that `call` stands upon, the nearest first."""
        return self._walk(call, self.givers, until)

    def leads_to(self, call: Call, wanted: Test, *, until: Test = lambda call: False) -> Call | None:
        """The nearest wanted call behind `call`, on a path on which `until` is true of none before it."""
        return next((c for c in self.after(call, until=lambda c: wanted(c) or until(c)) if wanted(c)), None)

    def _walk(self, call: Call, step: Callable[[Call], list[Call]], until: Test) -> Iterator[Call]:
        met, wave = {id(call)}, [call]
        while wave:
            following = []
            for each in wave:
                for found in step(each):
                    if id(found) not in met:
                        met.add(id(found))
                        yield found
                        if not until(found):
                            following.append(found)
            wave = following
