"""convwise data: add, list and check data sets, clean caches."""

from __future__ import annotations

import argparse
from dataclasses import asdict
from typing import Any

from convwise.cli.options import DATA, add_copies, add_json, add_most_pixels, add_quiet
from convwise.cli.output import print_json, print_line
from convwise.cli.parser import Parser, add_command, given, number, shown
from convwise.cli.wording import wording_of


def add(verbs: Any) -> None:
    """The command and its actions."""
    what = "add, list and check data sets, clean caches"
    data = verbs.add_parser("data", help=what, description=f"{what[0].upper()}{what[1:]}.")
    data.set_defaults(verb=lambda options: data.error("name an action: add, list, check or clean"))
    actions = data.add_subparsers(title="actions", metavar="ACTION")
    _add_add(actions)
    _add_list(actions)
    _add_check(actions)
    _add_clean(actions)


def _add_add(actions: Any) -> None:
    parser = add_command(
        actions,
        "add",
        _add,
        help="install a named data set",
        description="Install a named data set: from an archive or folder that you have, else by download. shapes and "
        "the planted- ones are drawn.",
        example="convwise data add shapes",
    )
    parser.add_argument("name", metavar="NAME", help="a name that `convwise data list` shows")
    parser.add_argument("--from", dest="from_path", metavar="PATH", help="an archive or unpacked folder")
    _add_output(parser)


def _add_list(actions: Any) -> None:
    parser = add_command(
        actions,
        "list",
        _list,
        help="the named data sets",
        description="The named data sets, and where they are.",
        example="convwise data list",
    )
    add_json(parser.add_argument_group("output"), "print a JSON list on standard output")


def _add_check(actions: Any) -> None:
    parser = add_command(
        actions,
        "check",
        _check,
        help="what is in a folder and what is wrong with it",
        description="Read every file of a folder once and say what is there. Changes nothing.",
        example="convwise data check shapes",
    )
    parser.add_argument("data", metavar="DATA", help=DATA)
    data = parser.add_argument_group("data")
    add_copies(data)
    add_most_pixels(data)
    data.add_argument("--background", action="store_true", help="count caltech101's background class too")
    _add_output(parser)


def _add_clean(actions: Any) -> None:
    parser = add_command(
        actions,
        "clean",
        _clean,
        help="remove caches that are no longer used",
        description="Remove caches of decoded pixels that nothing has opened for a while; they are made again when "
        "they are needed. Data sets and runs stay.",
        example="convwise data clean --days 60",
    )
    parser.add_argument(
        "--days", type=number, metavar="N", help="remove what was unused for N days (default 30; 0: everything)"
    )
    add_json(parser.add_argument_group("output"))


def _add_output(parser: Parser) -> None:
    output = parser.add_argument_group("output")
    add_quiet(output)
    add_json(output)


def _add(options: argparse.Namespace) -> None:
    from convwise.commands.data import add_data
    from convwise.progress import CountBar

    with CountBar(f"adding {options.name}", **shown(options)) as bar:
        folder = add_data(**given(options), progress=bar, note=bar.note)
    if options.json:
        print_json({"name": options.name, "folder": str(folder)})
    else:
        print_line(f"{options.name}: ready in {folder}")


def _list(options: argparse.Namespace) -> None:
    from convwise.commands.data import dataset_row, list_data
    from convwise.report.terminal import print_datasets

    found = list_data()
    if options.json:
        print_json([dataset_row(entry) for entry in found])
    else:
        print_datasets(found)


def _check(options: argparse.Namespace) -> None:
    from convwise.commands.data import check_data
    from convwise.progress import CountBar
    from convwise.report.terminal import print_index

    with CountBar("reading", **shown(options)) as bar:
        report = check_data(**given(options), progress=bar)
    if options.json:
        print_json(report.to_dict())
    else:
        print_index(report.index, report.remarks, wording=wording_of(options.parser))


def _clean(options: argparse.Namespace) -> None:
    from convwise.commands.data import clean_data

    done = clean_data(**given(options))
    if options.json:
        print_json(asdict(done))
    else:
        print(
            f"removed {done.n_removed} caches, {done.removed_bytes / 2**20:,.1f} MiB; "
            f"kept {done.n_kept}, {done.kept_bytes / 2**20:,.1f} MiB"
        )
