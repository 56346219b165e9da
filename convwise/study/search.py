"""The procedure of a study: blocks of whole trainings, looks at them, and fresh blocks for whatever seems to gain.

Search freely, confirm strictly. It asks for blocks, one after the other, and decides from what they say alone; who
carries them out, here or on a cluster or by simulation, is not its concern.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

from convwise.study.confirmation import Nominee, confirmed, n_fresh
from convwise.study.estimates import Reading, own_variances
from convwise.study.looks import FEWEST, is_look, level_for
from convwise.study.ruler import fitted
from convwise.study.state import (
    AGAIN,
    OPEN_FOR_CONTROL,
    Arm,
    Block,
    Budget,
    Candidate,
    Finding,
    Round,
    Settled,
    State,
    with_adopted,
)
from convwise.study.weighing import weighed

_SEARCH_SHARE = 1 / 3  # of the budget, before anything is nominated, unless nothing else is open
_MOST_NOMINEES = 3
_MOST_FAILURES = 2


def search(
    candidates: Sequence[Candidate],
    ask: Callable[[Round], Block],
    budget: Budget,
    *,
    smallest_effect: float,
    stands: Callable[[Arm], bool] = lambda arm: True,
    confirms: bool = True,
    heard: Callable[[State], None] = lambda state: None,
) -> State:
    """Blocks until everything is settled or the budget has no room for another one.

    `smallest_effect`: the smallest difference worth having, in the units of the readings. `stands`: whether a network
    with all these changes can be built. `confirms`: whether anything may be nominated. `heard` is told the state after
    each block. The same answers of `ask` and `budget` lead to the same state.
    """
    state = State({each.name: Finding(each) for each in candidates})
    state.level = level_for(_planned(state, budget))
    while state.open:
        arms = _arms(state)
        if budget.spent() + budget.price(arms, state.base) > budget.total:
            break
        _take_in(state, ask(Round(state.n_blocks, "search", state.base, arms)))
        _look(state, smallest_effect)
        heard(state)
        nominees = _nominees(state, budget, smallest_effect, stands) if confirms else []
        if nominees:
            _confirm(state, nominees, ask, smallest_effect)
            heard(state)
        _enter(state, budget)
    _look(state, smallest_effect, last=True)
    return state


def _planned(state: State, budget: Budget) -> int:
    """How many blocks of all candidates the budget has room for."""
    return int(budget.total / max(budget.price(_arms(state)), 1e-9))


def _arms(state: State) -> tuple[Arm, ...]:
    """The arms of the next block of the search: what is open, and the control while that is much."""
    arms = tuple((each.candidate.name,) for each in state.open)
    return (AGAIN, *arms) if len(arms) >= OPEN_FOR_CONTROL else arms


def _take_in(state: State, block: Block) -> None:
    state.n_blocks += 1
    for arm, reading in block.readings.items():
        if arm == AGAIN:
            state.control += [reading] if reading else []
            continue
        if len(arm) > 1 or arm[0] not in state.findings:
            continue
        found = state.findings[arm[0]]
        if reading is None:
            found = replace(found, failures=found.failures + 1)
        else:
            found = replace(found, readings=(*found.readings, reading), base=state.base)
        state.findings[arm[0]] = found


def _look(state: State, smallest_effect: float, *, last: bool = False) -> None:
    """Verdicts on what may be looked at now; estimates and intervals for everything that is open."""
    of_base = {name: found for name, found in state.findings.items() if found.base == state.base}
    readings = {name: found.readings for name, found in of_base.items()}
    state.ruler = fitted(readings) or (state.ruler if state.base else None)
    shown = weighed(readings, state.ruler)
    for found in state.open:
        name = found.candidate.name
        if found.failures >= _MOST_FAILURES:
            state.findings[name] = replace(found, settled="keep it")
            continue
        if name not in shown:
            continue
        estimate = shown[name]
        interval = estimate.interval(state.level)
        settled: Settled | None = None
        if (is_look(estimate.n) or (last and estimate.n >= FEWEST)) and not found.failures:
            settled = _settled(interval, found.candidate.cheaper, smallest_effect)
            if settled and interval[1] >= 0 and found.worth > smallest_effect:
                settled = None  # one image decides more than that
        state.findings[name] = replace(found, estimate=estimate, interval=interval, settled=settled)


def _settled(interval: tuple[float, float], cheaper: bool, smallest_effect: float) -> Settled | None:
    low, high = interval
    if -smallest_effect < low and high < smallest_effect:
        return "free choice"
    if high < smallest_effect and (not cheaper or high < 0):
        return "keep it"
    return None


def _nominees(state: State, budget: Budget, smallest_effect: float, stands: Callable[[Arm], bool]) -> list[Nominee]:
    """Up to three that seem to gain, once a third of the budget is spent or nothing else is open.

    As many fresh blocks as the effect that shows asks for; where the budget has no room for half of them, the search
    goes on.
    """
    again = {name for confirmation in state.confirmations for name in confirmation.names}
    found = [
        each
        for each in state.open
        if each.estimate
        and not each.failures
        and each.estimate.n >= FEWEST
        and each.estimate.estimate > smallest_effect / 2
        and each.estimate.t > (2 if each.candidate.name in again else 1)
    ]
    if not found or (len(found) < len(state.open) and budget.spent() < _SEARCH_SHARE * budget.total):
        return []
    # One value of a parameter at a time: two of them cannot be set together.
    best: dict[str, Finding] = {}
    for each in sorted(found, key=lambda each: -each.estimate.estimate if each.estimate else 0.0):
        best.setdefault(each.candidate.parameter, each)
    chosen = list(best.values())[:_MOST_NOMINEES]
    while chosen:
        wanted = max(n_fresh(each.estimate, smallest_effect) for each in chosen if each.estimate)
        price = budget.price(_arms_of([each.candidate.name for each in chosen]), state.base)
        room = int((budget.total - budget.spent()) / max(price, 1e-9))
        fits = stands((*state.base, *(each.candidate.name for each in chosen)))
        if fits and room >= max(wanted / 2, n_fresh(None, smallest_effect)):
            return [Nominee(each.candidate.name, min(wanted, room)) for each in chosen]
        chosen.pop()
    return []


def _arms_of(names: Sequence[str]) -> tuple[Arm, ...]:
    alone = tuple((name,) for name in names)
    return (*alone, tuple(names)) if len(names) > 1 else alone


def _confirm(state: State, nominees: Sequence[Nominee], ask: Callable[[Round], Block], smallest_effect: float) -> None:
    """Fresh blocks for the nominees alone and together; what is confirmed is adopted, and the search begins anew."""
    names = [nominee.name for nominee in nominees]
    lent = own_variances({name: found.readings for name, found in state.findings.items() if found.base == state.base})
    arms = _arms_of(names)
    readings, failed = _fresh(state, arms, nominees[0].n_blocks, ask)
    confirmation = confirmed(
        readings, failed, lent=lent, ruler=state.ruler, smallest_effect=smallest_effect, turn=len(state.confirmations)
    )
    part = confirmation.part
    if len(part) > 1 and part not in arms:  # a part of the nominees is trained together before it is recommended
        more, lost = _fresh(state, (part,), nominees[0].n_blocks, ask)
        confirmation = confirmation.with_part(
            confirmed(more, lost, lent=lent, ruler=state.ruler, smallest_effect=smallest_effect, turn=0)
        )
    state.confirmations.append(replace(confirmation, base=state.base))
    adopted = confirmation.adopted
    if not adopted:
        for name in names:  # what fresh blocks say counts for what can still be said of them
            found = state.findings[name]
            state.findings[name] = replace(found, readings=(*found.readings, *readings.get((name,), ())))
        _look(state, smallest_effect)
        return
    base = with_adopted(state.base, adopted)
    state.superseded += tuple(name for name in state.base if name not in base)
    state.base = base
    for name in adopted:
        for level in state.findings[name].candidate.then:
            state.not_tried.append(level)
    for found in state.open:
        state.findings[found.candidate.name] = Finding(found.candidate, failures=found.failures)


def _fresh(
    state: State, arms: tuple[Arm, ...], n_blocks: int, ask: Callable[[Round], Block]
) -> tuple[dict[Arm, list[Reading]], set[Arm]]:
    readings: dict[Arm, list[Reading]] = {arm: [] for arm in arms}
    failed = set()
    for _ in range(n_blocks):
        block = ask(Round(state.n_blocks, "confirm", state.base, arms))
        state.n_blocks += 1
        for arm in arms:
            reading = block.readings.get(arm)
            if reading is None:
                failed.add(arm)
            else:
                readings[arm].append(reading)
    return readings, failed


def _enter(state: State, budget: Budget) -> None:
    """Further values enter: after a value that was adopted, and the other way from one that loses."""
    waiting = state.not_tried
    for found in state.findings.values():
        known = {*state.findings, *(each.name for each in waiting)}
        if found.settled == "keep it" and found.interval and found.interval[1] < 0:
            waiting.extend(each for each in found.candidate.otherwise if each.name not in known)
    for level in list(waiting):
        arms = (*_arms(state), (level.name,))
        if budget.spent() + FEWEST * budget.price(arms, state.base) <= budget.total:
            state.findings[level.name] = Finding(level)
            waiting.remove(level)
