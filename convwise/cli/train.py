"""convwise train: train and evaluate a network, or go on with a run that was stopped."""

from __future__ import annotations

import argparse
from typing import Any

from convwise.cli.options import (
    DATA,
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
from convwise.cli.parser import Parser, add_command, given, number, shown, whole_number
from convwise.errors import RequestError


def add(verbs: Any) -> None:
    """The command."""
    parser = add_command(
        verbs,
        "train",
        _train,
        help="train and evaluate a network",
        description="Train a network on DATA (a folder with one sub-folder per class, or a name such as shapes, "
        "caltech101, caltech101-4), choose its best epoch on validation images, and evaluate it once on the test "
        "images.",
        example="convwise train shapes --net simple --size 32 --epochs 2 --out runs/first",
    )
    parser.add_argument("data", metavar="DATA", nargs="?", help=DATA)
    parser.add_argument("--resume", metavar="RUN", help="continue a run that was stopped, with its own settings")
    add_trust(parser, TRUST_TO_RESUME.replace("--resume", "--resume or --from-study"))
    _add_data(parser)
    _add_network(parser)
    _add_training(parser)
    _add_output(parser)


def _add_data(parser: Parser) -> None:
    group = parser.add_argument_group("data")
    add_picture_size(group)
    add_sides(group, "share of the remaining images to validate on (default 0.15)")
    add_copies(group)
    add_group_by(group)
    add_most_pixels(group)
    group.add_argument("--background", action="store_true", help="use caltech101's background class too")


def _add_network(parser: Parser) -> None:
    group = parser.add_argument_group("network")
    add_network(group, "narrowresnet")
    add_set(
        group,
        "a Conv2D parameter of all convolutions (conv.kernel_size=5), of a stage (stem.strides=1) or of one layer "
        "(conv2d_3.padding=valid), or an option of the network (net.width=16); may be repeated",
    )
    add_weights(group)
    group.add_argument(
        "--from-study", metavar="DIR", help="the network, recipe and settings that a finished study recommends"
    )


def _add_training(parser: Parser) -> None:
    group = parser.add_argument_group("training")
    add_recipe(group, f"{RECIPES[0]}; finetune with --weights")
    group.add_argument("--epochs", type=whole_number, metavar="N", help="passes through the training images")
    group.add_argument("--minutes", type=number, metavar="M", help="training time, in place of epochs")
    add_batch(group)
    add_optimizer(group)
    group.add_argument(
        "--patience", type=whole_number, metavar="N", help="stop after N epochs without a better validation log loss"
    )
    add_class_weights(group)
    add_seed(group)
    add_config(group)


def _add_output(parser: Parser) -> None:
    group = parser.add_argument_group("output")
    group.add_argument("--out", metavar="DIR", help="the run folder (default runs/DATA-NET-TIME)")
    group.add_argument("--tensorboard", action="store_true", help="write TensorBoard events into the run")
    group.add_argument(
        "--dry-run",
        action="store_true",
        help="say what would be done, with an estimate of time and memory; write nothing",
    )
    add_quiet(group)
    add_json(group)


def _train(options: argparse.Namespace) -> None:
    from convwise.commands.resume import resume
    from convwise.commands.train import train
    from convwise.progress import TrainingDisplay

    asked = given(options)
    run, trust = asked.pop("resume", None), asked.pop("trust", False)
    if trust and run is None:
        if "from_study" not in asked:
            raise RequestError("--trust: it is for --resume RUN and --from-study DIR; a file that you name is run")
        asked["trust"] = True
    if (run is None) == ("data" not in asked):
        raise RequestError("name DATA to train on, or --resume RUN to go on with a run (one of the two)")
    if run is not None and asked:
        raise RequestError(f"resume={run}: it goes on with the run's own settings; drop the other options")
    if asked.pop("dry_run", False):
        _dry_run(options, asked)
        return
    with TrainingDisplay(**shown(options)) as display:
        result = train(**asked, hooks=display.hooks) if run is None else resume(run, trust=trust, hooks=display.hooks)
    if options.json:
        evaluation = result.evaluation.to_dict() if result.evaluation else None
        print_json(
            {"run": str(result.run.folder), "seconds": result.seconds, "evaluation": evaluation}
            | {"summary": result.run.summary, "settings": result.run.settings.to_dict()}
        )
        return
    if result.evaluation:
        from convwise.report.terminal import print_evaluation

        print_evaluation(result.evaluation)
    print_line(f"run: {result.run.folder} ({result.seconds:.1f} s)")
    for line in result.closing_lines:
        print_line(line)


def _dry_run(options: argparse.Namespace, asked: dict[str, Any]) -> None:
    from convwise.commands.dry_run import dry_run
    from convwise.progress import TrainingDisplay

    with TrainingDisplay(**shown(options)) as display:
        plan = dry_run(**asked, hooks=display.hooks)
    if options.json:
        print_json(plan.to_dict())
        return
    for line in plan.lines():
        print_line(line)
