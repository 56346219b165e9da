"""convwise study: which parameters matter on these images; its continuation and its report."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from convwise.cli.options import (
    DATA,
    ENGINES,
    TRUST_TO_RESUME,
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
)
from convwise.cli.output import print_json, print_line
from convwise.cli.parser import Parser, add_command, given, name_list, number, shown, whole_number
from convwise.errors import RequestError

if TYPE_CHECKING:
    from convwise.commands.study import StudyResult

_RECIPES = ("fast", "plain", "thorough", "tutorial")  # finetune starts from pretrained weights


def add(verbs: Any) -> None:
    """The command."""
    parser = add_command(
        verbs,
        "study",
        _study,
        help="which Conv2D parameters matter on these images, and what to set them to",
        description="A designed experiment on DATA: for each of Conv2D's sixteen parameters whether to change it, the "
        "value, the effect with its 95% interval, and what it costs; then the recommended settings, confirmed against "
        "the unchanged network. `convwise study report DIR` shows a finished one again.",
        example="convwise study shapes --size 16 --runs 16 --parameters groups,padding --trial-epochs 1 --epochs 1",
    )
    parser.add_argument("data", metavar="DATA", nargs="?", help=DATA)
    parser.add_argument("folder", metavar="DIR", nargs="?", help="after the word report: the folder of a study")
    parser.add_argument("--resume", metavar="DIR", help="continue a study that was stopped, with its own settings")
    add_trust(parser, TRUST_TO_RESUME)
    _add_data(parser)
    _add_network(parser)
    _add_question(parser)
    _add_training(parser)
    output = parser.add_argument_group("output")
    output.add_argument("--out", metavar="DIR", help="the study's folder (default studies/DATA-NET-TIME)")
    add_quiet(output)
    add_json(output)


def _add_data(parser: Parser) -> None:
    group = parser.add_argument_group("data")
    add_picture_size(group)
    add_sides(group, "share of the remaining images to judge trials on (default 0.3)")
    add_copies(group)
    add_group_by(group)
    add_most_pixels(group)


def _add_network(parser: Parser) -> None:
    group = parser.add_argument_group("network")
    add_network(group, "simple")
    add_set(group, "a setting of the network to start from, as for train; may be repeated")


def _add_question(parser: Parser) -> None:
    group = parser.add_argument_group("question")
    group.add_argument(
        "--parameters", type=name_list, metavar="NAME,...", help="measure only these (default: all sixteen)"
    )
    group.add_argument(
        "--levels",
        action="append",
        metavar="NAME=VALUE,...",
        help="alternatives in place of the usual ones: the first is measured, further ones are raced; may be repeated",
    )
    group.add_argument(
        "--smallest-effect",
        type=number,
        metavar="POINTS",
        help="the smallest difference in accuracy that matters (default 1)",
    )


def _add_training(parser: Parser) -> None:
    group = parser.add_argument_group("training")
    budget = group.add_mutually_exclusive_group()
    budget.add_argument("--minutes", type=number, metavar="M", help="time for everything (default 15)")
    budget.add_argument("--runs", type=whole_number, metavar="N", help="number of screening trials, in place of time")
    add_recipe(group, _RECIPES[0], _RECIPES)
    add_optimizer(group)
    group.add_argument("--epochs", type=whole_number, metavar="N", help="of the confirmation (default: the recipe's)")
    group.add_argument(
        "--trial-epochs", type=whole_number, metavar="N", help="of a trial (default: as the budget allows)"
    )
    group.add_argument("--workers", type=whole_number, metavar="N", help="trials at a time (default: one per core)")
    group.add_argument("--engine", choices=ENGINES, help="what runs the trials (default local)")
    group.add_argument("--address", metavar="HOST:PORT", help="of a Ray cluster (default: one is started here)")
    add_seed(group)


def _study(options: argparse.Namespace) -> None:
    result = _result(given(options), shown(options))
    if options.json:
        print_json(result.values)
        return
    from convwise.report.study_tables import print_study

    print_study(result.values)
    print_line(f"study: {result.folder}")


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
        what = "report DIR" if report else f"--resume {stopped}"
        if asked or (stopped is not None and data is not None) or (report and folder is None):
            raise RequestError(f"study {what} takes the study's own settings: name its folder, drop the other options")
        if report:
            return study_report(folder)
        with StudyDisplay(**look) as display:
            return resume_study(stopped, trust=bool(trust), hooks=display.hooks)
    if data is None or folder is not None:
        raise RequestError("name DATA to study, --resume DIR to go on with a study, or report DIR to show one")
    with StudyDisplay(**look) as display:
        return study(data, **asked, hooks=display.hooks)
