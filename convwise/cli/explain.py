"""convwise explain and guide: what a network is, and what each parameter of a convolution does."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from convwise.cli.options import add_json, add_looked_at, add_trust
from convwise.cli.output import print_json, print_line
from convwise.cli.parser import add_command, given, whole_number
from convwise.cli.wording import wording_of
from convwise.errors import RequestError
from convwise.nets import NETWORKS


def add(verbs: Any) -> None:
    """Both commands."""
    _add_explain(verbs)
    _add_guide(verbs)


def _add_explain(verbs: Any) -> None:
    parser = add_command(
        verbs,
        "explain",
        _explain,
        help="what a network's layers see and cost, and what is unwise in it",
        description="A network layer by layer: shape, receptive field, weights, multiply-adds, memory; and findings, "
        f"each with a fix and its source. WHAT is {', '.join(NETWORKS)}, a name of keras.applications, a network of "
        "your own (FILE.py:function), a run folder, or a Keras model file.",
        example="convwise explain resnet --size 96 --set conv.padding=valid",
    )
    parser.add_argument(
        "what", metavar="WHAT", help="a network's name, FILE.py:function, a run folder or a Keras model file"
    )
    network = add_looked_at(parser)
    network.add_argument("--batch", type=whole_number, metavar="N", help="images per step, for the memory (default 32)")
    add_trust(network)
    output = parser.add_argument_group("output")
    output.add_argument(
        "--silence", action="append", metavar="RULE", help="leave out a finding, by its name; may be repeated"
    )
    output.add_argument(
        "--figures", metavar="DIR", help="draw the first filters, the feature maps and the receptive fields into DIR"
    )
    output.add_argument(
        "--full", action="store_true", help="a line for every layer, where otherwise those of a block share one"
    )
    output.add_argument(
        "--heatmap",
        metavar="IMAGE",
        help="of a run: draw where in IMAGE it finds its answer, into the run's heatmap.png, with a test of the map",
    )
    output.add_argument("--image", metavar="FILE", help="the picture to draw on (default: a run's first test image)")
    add_json(output)


def _add_guide(verbs: Any) -> None:
    parser = add_command(
        verbs,
        "guide",
        _guide,
        help="the sixteen parameters of a convolution, explained",
        description="The sixteen parameters of Conv2D, a line each; with NAME, everything about that one.",
        example="convwise guide dilation_rate",
    )
    parser.add_argument("name", metavar="NAME", nargs="?", help="a parameter, such as dilation_rate")
    output = parser.add_argument_group("output")
    output.add_argument("--figure", metavar="FILE", help="draw NAME's figure, computed by a real convolution, as PNG")
    add_json(output, "print JSON on standard output: a list, or NAME's object")


def _explain(options: argparse.Namespace) -> None:
    from convwise.commands.explain import explain

    asked = given(options)
    if "heatmap" in asked:
        _heatmap(asked, as_json=options.json)
        return
    whole = asked.pop("full", False)
    explanation = explain(**asked)
    if options.json:
        print_json(explanation.to_dict())
        return
    from convwise.report.network_tables import print_findings, print_layers

    wording = wording_of(options.parser)
    for line in explanation.changes:
        print_line(wording(line))
    print_layers(explanation.table, fold=False if whole else None, wording=wording)
    print_findings(explanation.findings, wording=wording)
    for path in explanation.figures:
        print_line(f"figure: {path}")


def _heatmap(asked: dict[str, Any], *, as_json: bool) -> None:
    from convwise.commands.heatmap import heatmap

    image, what, trust = (asked.pop(name, None) for name in ("heatmap", "what", "trust"))
    if asked:
        raise RequestError(f"heatmap={image}: only --trust and --json go with it; drop the other options")
    found = heatmap(what, image, out=Path(what, "heatmap.png"), trust=bool(trust))
    if as_json:
        print_json(found.to_dict())
        return
    print_line(f"{found.image}: {found.method}")
    print_line(found.sentence)
    print_line(f"figure: {found.figure}")


def _guide(options: argparse.Namespace) -> None:
    from convwise.commands.guide import draw_figure, guide, guide_list, guide_text

    asked = given(options)
    name, path = asked.get("name"), asked.get("figure")
    if name is None:
        if path is not None:
            raise RequestError(f"figure={path}: it needs the NAME of a parameter, such as dilation_rate")
        if options.json:
            print_json([guidance.to_dict() for guidance in guide()])
        else:
            print(guide_list())
        return
    guidance = guide(name)
    figure = None if path is None else draw_figure(guidance.parameter, path)
    if options.json:
        print_json(guidance.to_dict() | ({"figure": str(figure)} if figure else {}))
    else:
        print_line(f"figure: {figure}") if figure else print(guide_text(guidance))
