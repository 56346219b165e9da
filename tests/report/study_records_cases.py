"""Records of studies that nobody carried out, to see their pages."""

from __future__ import annotations

from dataclasses import replace

from convwise.report.study_records import Bought, FreshBlock, FreshRound, StudyRecords
from convwise.study.result import Interval, LevelResult, StudyResult
from tests.made_run import HOSTILE
from tests.report.study_cases import full_result


def records(result: StudyResult, **more: object) -> StudyRecords:
    """Of a study with that result, block by block where it has confirmations."""
    rounds = tuple(_fresh(tuple(arm.names for arm in each.arms)) for each in result.confirmations)
    whole = StudyRecords(
        name="a study",
        result=result,
        bought=Bought(15.0, None, 2, 6, 12.0, 60.0, 9),
        command="convwise study pictures --minutes 15",
        values={"kernel_size": ("5", "7", "9")},
        fresh=rounds,
        settings={"seed": 0, "spec": {"folder": "pictures", "index_digest": "ab" * 32, "seed": 3}},
        environment={"python": "3.11", "versions": {"keras": "3.12"}},
        ended="28 Nov 2026",
    )
    return replace(whole, **more)  # type: ignore[arg-type]


def _fresh(arms: tuple[tuple[str, ...], ...]) -> FreshRound:
    blocks = [FreshBlock(3 + n, {arm: 0.25 * n + i for i, arm in enumerate(arms)}) for n in range(4)]
    failed = FreshBlock(7, {**blocks[-1].differences, arms[-1]: None})
    return FreshRound(arms, (*blocks, failed))


def with_others(result: StudyResult) -> StudyResult:
    """The same with an interval for other images beside each."""

    def wider(level: LevelResult) -> LevelResult:
        effect = level.effect
        if effect is None:
            return level
        return replace(
            level, other_images=Interval(effect.estimate, effect.low - 0.5, effect.high + 0.5, effect.blocks)
        )

    return replace(
        result,
        verdicts=tuple(
            replace(each, tried=wider(each.tried) if each.tried else None, levels=tuple(map(wider, each.levels)))
            for each in result.verdicts
        ),
    )


def hostile() -> StudyRecords:
    """A study in which names, values and reasons are what a page must take for text."""
    whole = full_result()
    verdicts = []
    for each, word in zip(whole.verdicts, HOSTILE, strict=True):
        tried = replace(each.tried, value=word, after=(f"padding={word}",)) if each.tried else None
        verdicts.append(replace(each, own=word, value=word, tried=tried, reason=replace(each.reason, text=word)))
    result = replace(
        whole,
        data=f"data/{HOSTILE[0]}",
        net=HOSTILE[0],
        verdicts=tuple(verdicts),
        failures=tuple((f"4/{word}", word) for word in HOSTILE),
        sentence=HOSTILE[0],
        reach=dict.fromkeys(("kernel_size",), HOSTILE[0]),
    )
    return records(
        result,
        name=HOSTILE[0],
        command=HOSTILE[0],
        values=dict.fromkeys(HOSTILE, HOSTILE),
        settings={HOSTILE[0]: HOSTILE[0]},
        environment={"python": HOSTILE[0]},
        ended=HOSTILE[0],
    )
