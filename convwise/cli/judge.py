"""convwise evaluate and predict: what a finished run's network says about images."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from convwise import names
from convwise.cli.options import SPLITS, add_json, add_most_pixels, add_quiet, add_trust
from convwise.cli.output import print_json, print_line
from convwise.cli.parser import add_command, given, number, shown, whole_number

if TYPE_CHECKING:
    from convwise.commands.predict import Prediction

_WARNED = 5  # pictures whose warning is shown


def add(verbs: Any) -> None:
    """Both commands."""
    _add_evaluate(verbs)
    _add_predict(verbs)


def _add_evaluate(verbs: Any) -> None:
    parser = add_command(
        verbs,
        "evaluate",
        _evaluate,
        help="evaluate a run again, or on other images",
        description="Evaluate a finished run: on the images that it began with, or on those of another folder.",
        example="convwise evaluate runs/first --split all",
    )
    parser.add_argument("run", metavar="RUN", help="a run folder")
    data = parser.add_argument_group("data")
    data.add_argument("--data", metavar="DATA", help="another folder or name, with the same classes")
    data.add_argument("--split", choices=SPLITS, help="which side of the run's images (default test)")
    add_most_pixels(data, "the run's")
    add_trust(parser.add_argument_group("network"))
    output = parser.add_argument_group("output")
    add_quiet(output)
    add_json(output)


def _add_predict(verbs: Any) -> None:
    parser = add_command(
        verbs,
        "predict",
        _predict,
        help="label pictures",
        description="Label pictures, and all pictures below folders: by a run, or by an export in its own runtime.",
        example="convwise predict runs/first picture.png --top 3",
    )
    parser.add_argument("run", metavar="RUN", help="a run folder, or that of an export, which needs no Keras")
    parser.add_argument("paths", metavar="PATH", nargs="+", help="a picture or a folder of pictures")
    add_most_pixels(parser.add_argument_group("data"), "the run's")
    add_trust(parser.add_argument_group("network"))
    output = parser.add_argument_group("output")
    add_quiet(output)
    output.add_argument("--top", type=whole_number, metavar="N", help="labels per picture (default 5)")
    output.add_argument(
        "--unsure", type=number, metavar="P", help="mark answers whose probability is below P (from 0 to 1)"
    )
    form = output.add_mutually_exclusive_group()
    add_json(form, "print a JSON list on standard output")
    form.add_argument("--csv", metavar="FILE", help="write a CSV file instead of printing")


def _evaluate(options: argparse.Namespace) -> None:
    from convwise.commands.evaluate import evaluate
    from convwise.progress import CountBar
    from convwise.report.terminal import print_evaluation

    with CountBar("evaluating", **shown(options)) as bar:
        result = evaluate(**given(options), progress=bar)
        for line in result.notes:
            bar.note(line)
    if options.json:
        print_json(
            {"run": str(result.run.folder), "seconds": result.seconds, "evaluation": result.evaluation.to_dict()}
        )
    else:
        print_evaluation(result.evaluation)
        n, run = names.counted(result.evaluation.n, "image"), result.run.folder
        print_line(f"evaluated {run} on {n} ({result.evaluation.split}) in {result.seconds:.1f} s; nothing was written")


def _predict(options: argparse.Namespace) -> None:
    from convwise.commands.predict import predict, write_csv
    from convwise.places import file_to_write
    from convwise.progress import CountBar

    asked = given(options)
    csv = asked.pop("csv", None)
    target = None if csv is None else file_to_write(csv, "csv")
    with CountBar("predicting", **shown(options)) as bar:
        answers = predict(**asked, progress=bar)
        warned = [answer for answer in answers if answer.warning]
        for answer in warned[:_WARNED]:
            bar.note(f"{names.shown(answer.path)}: {answer.warning}")
        if len(warned) > _WARNED:
            bar.note(f"{len(warned)} pictures in all have such a warning; --json has them all")
    if options.json:
        print_json([answer.to_dict() for answer in answers])
    elif target:
        write_csv(answers, target)
        print_line(f"{target}: {_summary(answers)}")
    else:
        for answer in answers:
            ranked = "  ".join(f"{names.shown(label)} {probability:.3f}" for label, probability in answer.top)
            mark = "  unsure" if answer.unsure else ""
            print_line(f"{names.shown(answer.path)}: {answer.error or ranked}{mark}")


def _summary(answers: Sequence[Prediction]) -> str:
    """How many there are, and of how many something is to be said."""
    unread = sum(answer.error is not None for answer in answers)
    unsure = sum(answer.unsure is True for answer in answers)
    parts = [names.counted(len(answers), "picture")]
    parts += [f"{unread} of them not read"] if unread else []
    parts += [f"{unsure} unsure"] if any(answer.unsure is not None for answer in answers) else []
    return ", ".join(parts)
