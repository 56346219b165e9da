"""convwise export: a finished run's network as files for other runtimes, with a proof."""

from __future__ import annotations

import argparse
from typing import Any

from convwise.cli.options import add_json, add_quiet, add_trust
from convwise.cli.output import print_json, print_line
from convwise.cli.parser import add_command, given, name_list, number, shown


def add(verbs: Any) -> None:
    """The command."""
    parser = add_command(
        verbs,
        "export",
        _export,
        help="make files of a run that other runtimes read, with the proof that they answer alike",
        description="Make a folder that needs neither convwise nor Keras: the network in one or more formats, which "
        "take raw pixels and give probabilities, the class names, a script that predicts, and the proof. Every test "
        "image goes through the run's own prediction and through each file in its own runtime; the command ends with 1 "
        "where they differ by more than rounding.",
        example="convwise export runs/first --out exports/first",
    )
    parser.add_argument("run", metavar="RUN", help="a run folder")
    network = parser.add_argument_group("network")
    network.add_argument(
        "--to", type=name_list, metavar="FORMAT,FORMAT", help="onnx (default), litert, savedmodel, openvino"
    )
    network.add_argument("--int8", action="store_true", help="integers of 8 bits, for onnx and litert")
    network.add_argument(
        "--most-loss",
        type=number,
        metavar="POINTS",
        help="with --int8: points of accuracy that it may cost (default 1); more is refused",
    )
    add_trust(network)
    output = parser.add_argument_group("output")
    output.add_argument("--out", metavar="DIR", help="the folder to make (default: export, in the run's)")
    output.add_argument("--card", action="store_true", help="make README.md a model card, with what model hubs read")
    add_quiet(output)
    add_json(output)


def _export(options: argparse.Namespace) -> None:
    from convwise.commands.export import export
    from convwise.export.proof_tables import tables
    from convwise.progress import CountBar
    from convwise.report.terminal import print_table

    with CountBar("exporting", **shown(options)) as bar:
        result = export(**given(options), progress=bar)
    if options.json:
        print_json({"export": str(result.export.folder), "proof": result.proof.to_dict()})
    else:
        for table in tables(result.proof):
            print_table(table, details=True)
        print_line(str(result))
    result.require_sound()
