"""convwise study: which parameters matter on these images; its continuation and its report."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from convwise.cli.options import (
    DATA,
    ENGINES,
    METRICS,
    RECIPES,
    TRUST_TO_RESUME,
    add_batch,
    add_class_weights,
    add_config,
    add_copies,
    add_group_by,
    add_json,
    add_most_pixels,
    add_network,
    add_optimizer,
    add_picture_size,
    add_quiet,
    add_recipe,
    add_seed,
    add_set,
    add_sides,
    add_trust,
    add_weights,
)
from convwise.cli.output import print_json, print_line
from convwise.cli.parser import Parser, add_command, given, name_list, number, shown, whole_number
from convwise.errors import RequestError

if TYPE_CHECKING:
    from convwise.commands.report import ReportResult
    from convwise.study.result import StudyResult


def add(verbs: Any) -> None:
    """The command."""
    parser = add_command(
        verbs,
        "study",
        _study,
        help="which Conv2D parameters matter on these images, and what to set them to",
        description="Trains the network of `convwise train DATA` to the end, unchanged and with one change at a time. "
        "Says for each of Conv2D's sixteen parameters whether to change it, to which value, what that does to accuracy "
        "with its interval, and what it costs. What is recommended was confirmed by fresh trainings. `convwise study "
        "report DIR` shows a finished study again.",
        example="convwise study shapes --size 16 --epochs 1 --runs 12 --parameters groups,padding",
    )
    parser.add_argument("data", metavar="DATA", nargs="?", help=DATA)
    parser.add_argument("folder", metavar="DIR", nargs="?", help="after the word report: the folder of a study")
    parser.add_argument(
        "--resume", metavar="DIR", help="continue a study; with more --minutes, one that is finished too"
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="say what would be tried, what a training costs and what can be settled"
    )
    add_trust(parser, TRUST_TO_RESUME)
    _add_data(parser)
    _add_network(parser)
    _add_question(parser)
    _add_training(parser)
    output = parser.add_argument_group("output")
    output.add_argument(
        "--out",
        metavar="DIR",
        help="the study's folder (default studies/DATA-NET-TIME); after report DIR: a file, written as `convwise "
        "report` does",
    )
    add_quiet(output)
    add_json(output)


def _add_data(parser: Parser) -> None:
    group = parser.add_argument_group("data")
    add_picture_size(group)
    add_sides(group, "share of the remaining images that judges in each block (default a third)")
    add_copies(group)
    add_group_by(group)
    add_most_pixels(group)


def _add_network(parser: Parser) -> None:
    group = parser.add_argument_group("network")
    add_network(group, "narrowresnet")
    add_weights(group)
    add_set(group, "a setting of the network to start from, as for train; may be repeated")


def _add_question(parser: Parser) -> None:
    group = parser.add_argument_group("question")
    group.add_argument(
        "--parameters",
        type=name_list,
        metavar="NAME,...",
        help="measure only these (default: all sixteen); also learning_rate, size, augmentation, weight_decay, batch, "
        "label_smoothing",
    )
    group.add_argument(
        "--levels",
        action="append",
        metavar="NAME=VALUE,...",
        help="values in place of the usual ones: the first is tried first; may be repeated",
    )
    group.add_argument("--by-stage", action="store_true", help="ask for each stage of the network by itself")
    group.add_argument(
        "--metric",
        choices=METRICS,
        help="what is compared (default accuracy; mean_class_accuracy where the largest class has more than five times "
        "the images of the smallest)",
    )
    group.add_argument(
        "--smallest-effect",
        type=number,
        metavar="POINTS",
        help="the smallest difference that matters (default 1 point)",
    )


def _add_training(parser: Parser) -> None:
    group = parser.add_argument_group("training")
    budget = group.add_mutually_exclusive_group()
    budget.add_argument("--minutes", type=number, metavar="M", help="time for everything (default 15)")
    budget.add_argument("--runs", type=whole_number, metavar="N", help="number of whole trainings, in place of time")
    add_recipe(group, f"{RECIPES[0]}; finetune with --weights")
    group.add_argument("--epochs", type=whole_number, metavar="N", help="of each training (default: the recipe's)")
    add_batch(group)
    add_optimizer(group)
    add_class_weights(group)
    group.add_argument("--workers", type=whole_number, metavar="N", help="trainings at a time (default: one per core)")
    group.add_argument("--engine", choices=ENGINES, help="what runs the trainings (default local)")
    group.add_argument("--address", metavar="HOST:PORT", help="of a Ray cluster (default: one is started here)")
    add_seed(group)
    add_config(group)


def _study(options: argparse.Namespace) -> None:
    asked, look = given(options), shown(options)
    page = _page(asked)
    if asked.pop("dry_run", False):
        _print_plan(asked, look, as_json=options.json)
        return
    if asked.get("data") == "report" and _print_old(asked.get("folder"), as_json=options.json):
        _say_page(page, options)
        return
    result = _result(asked, look)
    if options.json:
        from convwise.report.study_words import in_words

        print_json({**result.to_dict(), "words": in_words(result)})
        return
    from convwise.report.study_terminal import print_study

    print_study(result)
    print_line(f"study: {result.folder}")
    _say_page(page, options)


def _page(asked: dict[str, Any]) -> ReportResult | None:
    """Of `study report DIR --out FILE`: the page, which is written."""
    if asked.get("data") != "report" or "folder" not in asked or "out" not in asked:
        return None
    from convwise.commands.report import report
    from convwise.study.folder import StudyFolder

    return report(StudyFolder.open(asked["folder"]).path, out=asked.pop("out"))


def _say_page(page: ReportResult | None, options: argparse.Namespace) -> None:
    if page is not None and not options.json:
        print_line(str(page))


def _print_plan(asked: dict[str, Any], look: dict[str, Any], *, as_json: bool) -> None:
    from convwise.commands.plan_study import plan_study
    from convwise.progress import StudyDisplay

    data = asked.pop("data", None)
    if data in (None, "report") or "folder" in asked or "resume" in asked or "trust" in asked:
        raise RequestError("--dry-run: name DATA to study; it goes with no report, no --resume and no --trust")
    with StudyDisplay(**look) as display:
        plan = plan_study(data, **asked, hooks=display.hooks)
    if as_json:
        print_json(plan.to_dict())
        return
    for line in plan.lines():
        print_line(line)


def _print_old(folder: str | None, *, as_json: bool) -> bool:
    """Shows a study that an earlier version made, if it is one."""
    from convwise.commands.resume_study import old_study

    values = old_study(folder) if folder is not None else None
    if values is None:
        return False
    if as_json:
        print_json(values)
    else:
        from convwise.report.study_terminal import print_old_study

        print_old_study(values)
    return True


def _result(asked: dict[str, Any], look: dict[str, Any]) -> StudyResult:
    """Of a new study, one that goes on, or one that is shown again."""
    from convwise.commands.resume_study import resume_study, study_report
    from convwise.commands.study import study
    from convwise.progress import StudyDisplay

    data, folder, stopped, trust = (asked.pop(name, None) for name in ("data", "folder", "resume", "trust"))
    if trust and stopped is None:
        raise RequestError("--trust: it is for a study to go on with, --resume DIR; a file that you name is run")
    report = data == "report"
    if report or stopped is not None:
        minutes = asked.pop("minutes", None) if stopped is not None else None
        what = "report DIR" if report else f"--resume {stopped}"
        if asked or (stopped is not None and data is not None) or (report and folder is None):
            also = "" if report else ", all but --minutes"
            raise RequestError(
                f"study {what} takes the study's own settings: name its folder, drop the other options{also}"
            )
        if report:
            return study_report(folder)
        with StudyDisplay(**look) as display:
            return resume_study(stopped, minutes=minutes, trust=bool(trust), hooks=display.hooks)
    if data is None or folder is not None:
        raise RequestError("name DATA to study, --resume DIR to go on with a study, or report DIR to show one")
    with StudyDisplay(**look) as display:
        return study(data, **asked, hooks=display.hooks)
