"""The command line: parses, calls the API, prints. Nothing heavy is imported before a verb needs it."""

from __future__ import annotations

import argparse
import gc
import os
import signal
import sys
from collections.abc import Callable, Sequence
from typing import Any

from convwise import __version__
from convwise.errors import ConvwiseError, RequestError
from convwise.names import json_text, printable, shown
from convwise.nets import NETWORKS

_TRUST = "run code that the model file or the run holds, or names: for files of your own"
_TRUST_CODE = "run the code of a network that was not used on this machine before"
_WARNED = 5  # pictures whose warning is shown
_COPIES_HELP = "what counts as a copy, and stays on one side of a split: near (default), exact or ignore"
_EPILOG = """exit codes: 0 done, 1 the work failed, 2 the request was wrong"""


def main(arguments: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code."""
    # The backend's start-up chatter is not the user's; an own setting of these wins.
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    os.environ.setdefault("GLOG_minloglevel", "3")
    try:
        return _carried_out(arguments)
    except ConvwiseError as problem:
        print(f"convwise: {problem}", file=sys.stderr)
        return problem.exit_code
    except BrokenPipeError:  # the reader has gone, as `head` does
        return 1
    except KeyboardInterrupt:
        print("convwise: stopped", file=sys.stderr)
        return 1
    except MemoryError:
        print("convwise: out of memory; a smaller --size or --batch takes less", file=sys.stderr)
        return 1


def _carried_out(arguments: Sequence[str] | None) -> int:
    """Parses, carries out, and sees that all that was printed has gone out."""
    parser = build_parser()
    try:
        options = parser.parse_args(arguments)
        if not hasattr(options, "verb"):
            parser.print_help()
            return 2
        verb: Callable[[argparse.Namespace], None] = options.verb
        verb(options)
    except SystemExit:  # by which argparse leaves, after --help too
        sys.stdout.flush()
        raise
    sys.stdout.flush()
    return 0


def entry() -> int:
    """The installed command: `main` without the backend's chatter."""
    from convwise.stderr_filter import filtered_standard_error
    from convwise.streams import safe_streams

    # A scheduler's polite end is handled as Ctrl-C is.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with safe_streams(), filtered_standard_error():
        code = main()
    gc.freeze()  # else the end waits a second or two for a search through TensorFlow's objects for what to free
    return code


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> Any:
        """One line and exit code 2."""
        print(printable(f"convwise: {message}; see {self.prog} --help"), file=sys.stderr)
        raise SystemExit(2)


def build_parser() -> argparse.ArgumentParser:
    """The whole command line."""
    parser = _Parser(
        prog="convwise",
        description="Train, evaluate and understand convolutional networks on a folder of images.",
        epilog=_EPILOG,
    )
    parser.add_argument("--version", action="version", version=f"convwise {__version__}")
    verbs = parser.add_subparsers(title="verbs", metavar="VERB")
    _add_data(verbs)
    _add_train(verbs)
    _add_evaluate(verbs)
    _add_predict(verbs)
    _add_explain(verbs)
    _add_guide(verbs)
    _add_study(verbs)
    _add_doctor(verbs)
    return parser


def _add_data(verbs: Any) -> None:
    what = "add, list and check data sets, clean caches"
    data = verbs.add_parser("data", help=what, description=f"{what[0].upper()}{what[1:]}.")
    data.set_defaults(verb=lambda options: data.error("name an action: add, list, check or clean"))
    actions = data.add_subparsers(title="actions", metavar="ACTION")
    add = actions.add_parser("add", help="install a named data set", description="Install a named data set.")
    add.add_argument("name", help="a name that `convwise data list` shows")
    add.add_argument("--from", dest="source", metavar="PATH", help="an archive or unpacked folder (else: download)")
    add.add_argument("--json", action="store_true", help="one JSON object on standard output")
    add.set_defaults(verb=_data_add)
    listing = actions.add_parser("list", help="the named data sets", description="The named data sets.")
    listing.add_argument("--json", action="store_true", help="one JSON object on standard output")
    listing.set_defaults(verb=_data_list)
    check = actions.add_parser("check", help="what is in a folder and what is wrong", description="Read every file.")
    check.add_argument("folder", metavar="DATA", help="a folder with a sub-folder per class, or a name")
    check.add_argument("--copies", default="near", help=_COPIES_HELP)
    check.add_argument("--background", action="store_true", help="count caltech101's background class too")
    _add_most_pixels(check)
    check.add_argument("--json", action="store_true", help="one JSON object on standard output")
    check.set_defaults(verb=_data_check)
    clean = actions.add_parser(
        "clean",
        help="remove caches that are not used any more",
        description="Remove caches of decoded pixels that nothing has opened for a while; they are made again when "
        "they are needed. Data sets and runs stay.",
    )
    clean.add_argument("--days", type=float, default=30, metavar="N", help="unused for so long (30; 0: all)")
    clean.add_argument("--json", action="store_true", help="one JSON object on standard output")
    clean.set_defaults(verb=_data_clean)


def _add_train(verbs: Any) -> None:
    train = verbs.add_parser(
        "train",
        help="train and evaluate a network",
        description="Train a network on DATA (a folder with a sub-folder per class, or a name such as shapes, "
        "caltech101, caltech101-4), choose its best epoch on validation images, evaluate it once on the test images.",
        epilog=_EPILOG,
    )
    train.add_argument("data", metavar="DATA", nargs="?", help="a folder with a sub-folder per class, or a name")
    train.add_argument("--resume", metavar="RUN", help="go on with a run that was stopped")
    train.add_argument(
        "--net",
        help=f"{', '.join(NETWORKS)} (default narrowresnet), or a network of your own: FILE.py:function or FILE.keras",
    )
    _add_input(train)
    train.add_argument("--trust", action="store_true", help=f"with --resume: {_TRUST_CODE}")
    train.add_argument(
        "--weights",
        metavar="FILE",
        help="start from pretrained weights: a .h5, .weights.h5 or .keras file made for --net, or imagenet, which "
        "Keras downloads for a --net of keras.applications (MobileNetV2, ResNet50, ...); keep: those that a network of "
        "your own comes with",
    )
    train.add_argument(
        "--tune",
        help="with --weights: full (default) trains a classifier, then all weights; frozen the classifier only",
    )
    train.add_argument(
        "--recipe", help="fast (default), plain, finetune (default with --weights), thorough or tutorial"
    )
    train.add_argument("--size", type=int, metavar="PX", help="side of the square images (default: the recipe's)")
    train.add_argument("--resize", "--fit", help="how a picture becomes square: stretch (default), crop or pad")
    train.add_argument("--epochs", type=int, metavar="N", help="times through the training images")
    train.add_argument("--minutes", type=float, metavar="M", help="training time instead of epochs")
    train.add_argument("--batch", type=int, metavar="N", help="images a step")
    train.add_argument("--seed", type=int, metavar="N", help="root of all randomness (default 0)")
    sides = train.add_mutually_exclusive_group()
    sides.add_argument(
        "--per-class", type=int, metavar="N", help="N images a class to train, the rest, 50 at most, to test"
    )
    sides.add_argument("--test", type=float, metavar="SHARE", help="share of the images to test (default 0.25)")
    train.add_argument("--validation", type=float, metavar="SHARE", help="share of the rest to validate (default 0.15)")
    train.add_argument("--copies", help=_COPIES_HELP)
    train.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SCOPE.PARAMETER=VALUE",
        help="a Conv2D parameter of all convolutions (conv.kernel_size=5), of a stage (stem.strides=1) or of a layer "
        "(conv2d_3.padding=valid), or an option of the network (net.width=16); may be repeated",
    )
    _add_most_pixels(train)
    train.add_argument("--from-study", metavar="DIR", help="the network, size and settings that a study recommends")
    train.add_argument("--config", metavar="FILE", help="TOML or JSON with any key of the recipe and of this command")
    train.add_argument("--out", metavar="DIR", help="the run folder (default runs/DATA-NET-TIME)")
    train.add_argument("--background", action="store_true", default=None, help="use caltech101's background class too")
    train.add_argument("--tensorboard", action="store_true", default=None, help="write TensorBoard events into the run")
    train.add_argument("--json", action="store_true", help="one JSON object on standard output")
    train.set_defaults(verb=_train)


def _add_evaluate(verbs: Any) -> None:
    evaluate = verbs.add_parser(
        "evaluate",
        help="evaluate a run again, or on other images",
        description="Evaluate a finished run: on the images it began with, or on those of another folder.",
    )
    evaluate.add_argument("run", metavar="RUN", help="a run folder")
    evaluate.add_argument("--data", metavar="DATA", help="another folder or name, with the same classes")
    evaluate.add_argument("--split", help="test (default), validation, train or all")
    evaluate.add_argument("--trust", action="store_true", help=_TRUST)
    _add_most_pixels(evaluate, "the run's")
    evaluate.add_argument("--json", action="store_true", help="one JSON object on standard output")
    evaluate.set_defaults(verb=_evaluate)


def _add_predict(verbs: Any) -> None:
    predict = verbs.add_parser("predict", help="label pictures", description="Label pictures and folders of pictures.")
    predict.add_argument("run", metavar="RUN", help="a run folder")
    predict.add_argument("paths", metavar="PATH", nargs="+", help="a picture or a folder of pictures")
    predict.add_argument("--top", type=int, default=5, metavar="N", help="labels a picture (default 5)")
    predict.add_argument("--trust", action="store_true", help=_TRUST)
    _add_most_pixels(predict, "the run's")
    form = predict.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="a JSON list on standard output")
    form.add_argument("--csv", metavar="FILE", help="write a CSV file instead of printing")
    predict.set_defaults(verb=_predict)


def _add_explain(verbs: Any) -> None:
    explain = verbs.add_parser(
        "explain",
        help="what a network's layers see and cost, and what is unwise in it",
        description="A network layer by layer: shape, receptive field, weights, multiply-adds, memory; and findings, "
        f"each with a way out and its source. WHAT is {', '.join(NETWORKS)}, a network of your own "
        "(FILE.py:function), a run folder, or a Keras model file.",
    )
    explain.add_argument(
        "what", metavar="WHAT", help="a network's name, FILE.py:function, a run folder or a .keras file"
    )
    _add_input(explain)
    explain.add_argument("--size", type=int, metavar="PX", help="side of the images (default 64)")
    explain.add_argument("--classes", type=int, metavar="N", help="how many classes (default 4)")
    explain.add_argument(
        "--set", action="append", default=[], metavar="SCOPE.PARAMETER=VALUE", help="as for train; may be repeated"
    )
    explain.add_argument(
        "--batch", type=int, default=32, metavar="N", help="images a step, for the memory (default 32)"
    )
    explain.add_argument(
        "--silence",
        action="append",
        default=[],
        metavar="RULE",
        help="leave out a finding by its name; may be repeated",
    )
    explain.add_argument(
        "--figures", metavar="DIR", help="draw the first filters, the feature maps and the receptive fields into DIR"
    )
    explain.add_argument("--image", metavar="FILE", help="the picture to draw on (default: a run's first test image)")
    explain.add_argument("--trust", action="store_true", help=_TRUST)
    explain.add_argument("--json", action="store_true", help="one JSON object on standard output")
    explain.set_defaults(verb=_explain)


def _add_guide(verbs: Any) -> None:
    guide = verbs.add_parser(
        "guide",
        help="the sixteen parameters of a convolution, explained",
        description="The sixteen parameters of Conv2D, a line each; with NAME, everything about that one.",
    )
    guide.add_argument("name", metavar="NAME", nargs="?", help="a parameter, such as dilation_rate")
    guide.add_argument("--figure", metavar="FILE", help="draw NAME's figure, computed by a real convolution, as PNG")
    guide.add_argument("--json", action="store_true", help="JSON on standard output: a list, or NAME's object")
    guide.set_defaults(verb=_guide)


def _add_study(verbs: Any) -> None:
    study = verbs.add_parser(
        "study",
        help="which Conv2D parameters matter on these images, and what to set them to",
        description="A designed experiment on DATA: for each of Conv2D's sixteen parameters whether to touch it, the "
        "value, the effect with its 95 %% interval and what it costs; then the recommended settings, confirmed against "
        "the network as it is. `convwise study report DIR` shows a finished one again.",
        epilog=_EPILOG,
    )
    study.add_argument("data", metavar="DATA", nargs="?", help="a folder with a sub-folder per class, or a name")
    study.add_argument("folder", metavar="DIR", nargs="?", help="after the word report: the folder of a study")
    study.add_argument("--resume", metavar="DIR", help="go on with a study that was stopped")
    study.add_argument(
        "--net", help=f"{', '.join(NETWORKS)} (default simple), or your own: FILE.py:function or FILE.keras"
    )
    _add_input(study)
    study.add_argument("--trust", action="store_true", help=f"with --resume: {_TRUST_CODE}")
    study.add_argument("--size", type=int, metavar="PX", help="side of the square images (default: the recipe's)")
    study.add_argument("--resize", "--fit", help="how a picture becomes square: stretch (default), crop or pad")
    study.add_argument("--recipe", help="fast (default), plain, thorough or tutorial")
    budget = study.add_mutually_exclusive_group()
    budget.add_argument("--minutes", type=float, metavar="M", help="time for everything (default 15)")
    budget.add_argument("--runs", type=int, metavar="N", help="screening trials instead, in whole replicates")
    study.add_argument("--epochs", type=int, metavar="N", help="of the confirmation (default: the recipe's)")
    study.add_argument("--trial-epochs", type=int, metavar="N", help="of a trial (default: as the budget allows)")
    study.add_argument("--parameters", metavar="NAME,...", help="only these (default: all sixteen)")
    study.add_argument(
        "--levels",
        action="append",
        default=[],
        metavar="NAME=VALUE,...",
        help="other alternatives than the usual: the first is measured, further ones are raced; may be repeated",
    )
    study.add_argument(
        "--smallest-effect", type=float, metavar="POINTS", help="of accuracy, that makes a difference (default 1)"
    )
    study.add_argument(
        "--set",
        action="append",
        default=[],
        metavar="SCOPE.PARAMETER=VALUE",
        help="of the starting network, as for train",
    )
    sides = study.add_mutually_exclusive_group()
    sides.add_argument("--per-class", type=int, metavar="N", help="N images a class, the rest, 50 at most, to test")
    sides.add_argument("--test", type=float, metavar="SHARE", help="share of the images to test (default 0.25)")
    study.add_argument("--validation", type=float, metavar="SHARE", help="share of the rest to judge by (default 0.3)")
    _add_most_pixels(study)
    study.add_argument("--copies", help=_COPIES_HELP)
    study.add_argument("--workers", type=int, metavar="N", help="trials at a time (default: one a core)")
    study.add_argument("--engine", help="local (default) or ray")
    study.add_argument("--address", help="of a Ray cluster (default: one is started here)")
    study.add_argument("--seed", type=int, metavar="N", help="root of all randomness (default 0)")
    study.add_argument("--out", metavar="DIR", help="the study's folder (default studies/DATA-NET-TIME)")
    study.add_argument("--json", action="store_true", help="one JSON object on standard output")
    study.set_defaults(verb=_study)


def _add_doctor(verbs: Any) -> None:
    what = "what this machine and its backend are and can do"
    doctor = verbs.add_parser(
        "doctor",
        help=what,
        description=f"{what[0].upper()}{what[1:]}, a line each: versions, instruction set, oneDNN, backend, layouts "
        "and types that work, cores, caches, extras. To paste into a bug report.",
    )
    doctor.add_argument("--json", action="store_true", help="one JSON object on standard output")
    doctor.set_defaults(verb=_doctor)


def _add_input(verb: Any) -> None:
    verb.add_argument(
        "--input",
        type=int,
        metavar="255|1",
        help="largest pixel value that a network of your own takes (default: found out): 255 as pixels are, 1 behind a "
        "Rescaling of 1/255",
    )


def _add_most_pixels(verb: Any, default: str = "89,478,485") -> None:
    verb.add_argument("--most-pixels", type=int, metavar="N", help=f"leave out larger pictures (default {default})")


def _data_add(options: argparse.Namespace) -> None:
    from convwise.commands.data import add_data
    from convwise.progress import CountBar

    with CountBar(f"adding {options.name}") as bar:
        folder = add_data(options.name, from_path=options.source, progress=bar, note=bar.note)
    if options.json:
        _print_json({"name": options.name, "folder": str(folder)})
    else:
        _print_line(f"{options.name}: ready in {folder}")


def _data_list(options: argparse.Namespace) -> None:
    from convwise.commands.data import dataset_row, list_data
    from convwise.report.terminal import print_datasets

    found = list_data()
    if options.json:
        _print_json([dataset_row(entry) for entry in found])
    else:
        print_datasets(found)


def _data_check(options: argparse.Namespace) -> None:
    from convwise.commands.data import check_data
    from convwise.progress import CountBar
    from convwise.report.terminal import print_index

    with CountBar("reading") as bar:
        report = check_data(
            options.folder,
            background=options.background,
            copies=options.copies,
            most_pixels=options.most_pixels,
            progress=bar,
        )
    if options.json:
        _print_json(report.to_dict())
    else:
        print_index(report.index, report.remarks)


def _data_clean(options: argparse.Namespace) -> None:
    from dataclasses import asdict

    from convwise.commands.data import clean_data

    done = clean_data(options.days)
    if options.json:
        _print_json(asdict(done))
    else:
        print(
            f"removed {done.n_removed} caches, {done.removed_bytes / 2**20:,.1f} MiB; "
            f"kept {done.n_kept}, {done.kept_bytes / 2**20:,.1f} MiB"
        )


def _train(options: argparse.Namespace) -> None:
    from convwise.commands.train import resume, train
    from convwise.progress import TrainingDisplay

    if (options.data is None) == (options.resume is None):
        raise RequestError("name DATA to train on, or --resume RUN to go on with a run (one of the two)")
    names = ["net", "input", "weights", "tune", "recipe", "size", "resize", "epochs", "minutes", "batch", "seed"]
    names += ["per_class", "test", "validation", "copies", "most_pixels", "config", "from_study", "out", "background"]
    given = {name: getattr(options, name) for name in (*names, "tensorboard")}
    if options.resume and (options.set or any(value is not None for value in given.values())):
        raise RequestError(f"--resume {options.resume} goes on with the run's own settings; drop the other options")
    if options.trust and not options.resume:
        raise RequestError("--trust: it is for a run to go on with, --resume RUN; a file that you name is run")
    with TrainingDisplay() as display:
        if options.resume:
            result = resume(options.resume, trust=options.trust, hooks=display.hooks)
        else:
            result = train(options.data, settings=options.set, hooks=display.hooks, **given)
    if options.json:
        evaluation = result.evaluation.to_dict() if result.evaluation else None
        _print_json(
            {"run": str(result.run.folder), "seconds": result.seconds, "evaluation": evaluation}
            | {"summary": result.run.summary, "settings": result.run.settings.to_dict()}
        )
        return
    if result.evaluation:
        _print_evaluation(result.evaluation)
    _print_line(f"run: {result.run.folder} ({result.seconds:.1f} s)")


def _evaluate(options: argparse.Namespace) -> None:
    from convwise.commands.evaluate import evaluate
    from convwise.progress import CountBar

    with CountBar("evaluating") as bar:
        result = evaluate(
            options.run,
            data=options.data,
            split=options.split,
            trust=options.trust,
            most_pixels=options.most_pixels,
            progress=bar,
        )
        for line in result.notes:
            bar.note(line)
    if options.json:
        _print_json(
            {"run": str(result.run.folder), "seconds": result.seconds, "evaluation": result.evaluation.to_dict()}
        )
    else:
        _print_evaluation(result.evaluation)


def _predict(options: argparse.Namespace) -> None:
    from convwise.commands.predict import predict, write_csv
    from convwise.places import file_to_write
    from convwise.progress import CountBar

    target = file_to_write(options.csv, "csv") if options.csv else None
    with CountBar("predicting") as bar:
        answers = predict(
            options.run,
            options.paths,
            top=options.top,
            trust=options.trust,
            most_pixels=options.most_pixels,
            progress=bar,
        )
        warned = [answer for answer in answers if answer.warning]
        for answer in warned[:_WARNED]:
            bar.note(f"{shown(answer.path)}: {answer.warning}")
        if len(warned) > _WARNED:
            bar.note(f"{len(warned)} pictures in all have such a warning; --json has them all")
    if options.json:
        _print_json([answer.to_dict() for answer in answers])
    elif target:
        write_csv(answers, target)
    else:
        for answer in answers:
            ranked = "  ".join(f"{shown(label)} {probability:.3f}" for label, probability in answer.top)
            _print_line(f"{shown(answer.path)}: {answer.error or ranked}")


def _explain(options: argparse.Namespace) -> None:
    from convwise.commands.explain import explain

    names = ("size", "classes", "input", "batch", "silence", "figures", "image", "trust")
    explanation = explain(options.what, settings=options.set, **{name: getattr(options, name) for name in names})
    if options.json:
        _print_json(explanation.to_dict())
        return
    from convwise.report.network_tables import print_findings, print_layers

    for line in explanation.changes:
        _print_line(line)
    print_layers(explanation.table)
    print_findings(explanation.findings)
    for path in explanation.figures:
        _print_line(f"figure: {path}")


def _guide(options: argparse.Namespace) -> None:
    from convwise.commands.guide import draw_figure, guide, guide_list, guide_text

    if options.figure and not options.name:
        raise RequestError(f"--figure {options.figure} needs the NAME of a parameter, such as dilation_rate")
    if options.name is None:
        if options.json:
            _print_json([guidance.to_dict() for guidance in guide()])
        else:
            print(guide_list())
        return
    guidance = guide(options.name)
    figure = draw_figure(guidance.parameter, options.figure) if options.figure else None
    if options.json:
        _print_json(guidance.to_dict() | ({"figure": str(figure)} if figure else {}))
    else:
        _print_line(f"figure: {figure}") if figure else print(guide_text(guidance))


def _study(options: argparse.Namespace) -> None:
    from convwise.commands.study import resume_study, study, study_report
    from convwise.progress import StudyDisplay

    names = ["net", "input", "size", "resize", "recipe", "minutes", "runs", "epochs", "trial_epochs", "smallest_effect"]
    names += ["per_class", "test", "validation", "copies", "most_pixels", "workers", "engine", "address", "seed", "out"]
    given = {name: value for name in names if (value := getattr(options, name)) is not None}
    if options.parameters:
        given["parameters"] = [name.strip() for name in options.parameters.split(",") if name.strip()]
    others = {"levels": options.levels, "settings": options.set}
    given |= {name: value for name, value in others.items() if value}
    if options.trust and not options.resume:
        raise RequestError("--trust: it is for a study to go on with, --resume DIR; a file that you name is run")
    if options.data == "report" or options.resume:
        what = "report DIR" if options.data == "report" else f"--resume {options.resume}"
        if given or (options.resume and options.data) or (options.data == "report" and not options.folder):
            raise RequestError(f"study {what} takes the study's own settings: name its folder, drop the other options")
        if options.data == "report":
            result = study_report(options.folder)
        else:
            with StudyDisplay() as display:
                result = resume_study(options.resume, trust=options.trust, hooks=display.hooks)
    elif options.data is None or options.folder:
        raise RequestError("name DATA to study, --resume DIR to go on with a study, or report DIR to show one")
    else:
        with StudyDisplay() as display:
            result = study(options.data, hooks=display.hooks, **given)
    if options.json:
        _print_json(result.values)
        return
    from convwise.report.study_tables import print_study

    print_study(result.values)
    _print_line(f"study: {result.folder}")


def _doctor(options: argparse.Namespace) -> None:
    from convwise.commands.doctor import doctor

    found = doctor().to_dict()
    if options.json:
        _print_json(found)
    else:
        for name, value in found.items():
            _print_line(f"{name}: {value}")


def _print_evaluation(evaluation: Any) -> None:
    from convwise.report.terminal import print_evaluation

    print_evaluation(evaluation)


def _print_json(value: Any) -> None:
    text = json_text(value)
    try:
        text.encode(getattr(sys.stdout, "encoding", None) or "utf-8")
    except UnicodeEncodeError:
        text = json_text(value, ascii_only=True)
    sys.stdout.write(text + "\n")


def _print_line(text: str) -> None:
    """One line, whatever the names in it."""
    print(printable(text))


if __name__ == "__main__":
    raise SystemExit(entry())
