"""Studies' results written by hand, to see what is said of them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from convwise.study.result import (
    ConfirmationResult,
    ConfirmedArm,
    Costs,
    Interval,
    Kind,
    LevelResult,
    Reason,
    StudyResult,
    TestResult,
    Verdict,
)


def level(
    name: str, effect: tuple[float, float, float] | None, kind: Kind = "undecided", *, blocks: int = 6, **more: Any
) -> LevelResult:
    """A level by `parameter=value`."""
    value = name.partition("=")[2]
    interval = Interval(*effect, blocks) if effect else None
    costs = more.pop("costs", Costs(1.0))
    return LevelResult(name, value, (f"conv.{name}",), {}, kind, interval, costs, **more)


def verdict(tried: LevelResult, own: str, reason: Reason, *levels: LevelResult) -> Verdict:
    """About that level; its value is taken where it is set, or free and cheaper."""
    takes = tried.verdict == "set it" or reason.kind == "equal and cheaper"
    parameter = tried.name.partition("=")[0]
    return Verdict(parameter, tried.verdict, own, tried.value if takes else own, reason, tried, levels)


KERNEL = verdict(
    level("kernel_size=5", (1.56, 0.34, 2.79), "set it", blocks=9, costs=Costs(1.8, 2.5, 2.6, 1.0)),
    "3",
    Reason("confirmed"),
    level("kernel_size=7", (0.2, -0.7, 0.9), "free choice", costs=Costs(3.0, 4.9, 5.1, 1.0), after=("kernel_size=5",)),
)
FILTERS = verdict(
    level("filters=x0.5", (-2.8, -3.9, -1.7), "keep it", costs=Costs(0.35, 0.26, 0.26, 0.5)),
    "32/64",
    Reason("loses"),
    level("filters=x2", (0.4, -0.5, 1.3), costs=Costs(3.6, 3.9, 3.8, 2.0)),
)
GROUPS = verdict(
    level("groups=2", (-0.1, -0.8, 0.6), "free choice", costs=Costs(0.8, 0.6, 0.6, 1.0)),
    "1",
    Reason("equal and cheaper"),
)
ACTIVITY = verdict(level("activity_regularizer=l2:0.000001", (0.3, -0.9, 1.5)), "none", Reason("open", "", 14))
RULE = Verdict("use_bias", "settled by rule", "false", "false", Reason("rule", "batch normalisation cancels a bias"))


def result(*verdicts: Verdict, **more: Any) -> StudyResult:
    """A study of accuracy at one point, with these verdicts."""
    whole = StudyResult(
        data="pictures",
        net="narrowresnet",
        size=48,
        metric="accuracy",
        smallest_effect=1.0,
        level=0.025,
        epochs=18,
        blocks=9,
        trainings=120,
        judged=200,
        pool=600,
        unchanged=90.0,
        unchanged_errors=10.0,
        verdicts=verdicts,
        recommended=(),
        recommended_settings=(),
        recommended_changes={},
        confirmations=(),
        control=Interval(0.1, -0.4, 0.6, 6),
        ruler=-24.0,
        test=None,
        failures=(),
        sentence="15 minutes are about 9 blocks",
        seconds=900.0,
    )
    return replace(whole, **more)


def full_result() -> StudyResult:
    """One of everything."""
    confirmation = ConfirmationResult(
        (
            ConfirmedArm(("kernel_size=5",), Interval(1.56, 0.34, 2.79, 9), True),
            ConfirmedArm(("kernel_initializer=he_normal",), Interval(0.2, -0.5, 0.9, 9), False),
            ConfirmedArm(("kernel_size=5", "kernel_initializer=he_normal"), Interval(1.6, 0.5, 2.7, 9), True),
        ),
        ("kernel_size=5",),
        0.04,
    )
    return result(
        KERNEL,
        FILTERS,
        GROUPS,
        ACTIVITY,
        RULE,
        recommended=("kernel_size=5",),
        recommended_settings=("conv.kernel_size=5",),
        confirmations=(confirmation,),
        test=TestResult(180, 97.8, 98.6, 9),
        failures=(("4/groups=2", "out of memory"),),
        reach={"kernel_size": "changed conv2d, conv2d_1", "groups": "changed conv2d_1; left conv2d (3 channels)"},
    )
