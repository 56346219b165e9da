import io

import pytest
from rich.console import Console
from rich.table import Table

from convwise.conv2d.findings import Finding
from convwise.nets.layer_table.records import LayerRow, LayerTable, ReceptiveField, Totals
from convwise.report import network_tables
from convwise.report import table as records
from convwise.report.rich_tables import rich

SEES = ReceptiveField((7, 7), (2.0, 2.0), (3.0, 3.0))


def row(name: str, **values: object) -> LayerRow:
    given = {"receptive_field": SEES, "multiply_adds": 1_500_000, "training_bytes": 2048, **values}
    return LayerRow(
        name, "Conv2D", (112, 112, 64), weights=9472, trainable_weights=9472, activation_bytes=4096, **given
    )  # type: ignore[arg-type]


def table(*rows: LayerRow) -> LayerTable:
    totals = Totals(9472, 9000, 1_500_000, 4096, 8192)
    return LayerTable("net", (224, 224, 3), 32, "adamw", "float32", rows, totals, ("Own: not known",))


def text_of(drawn: Table | records.Table, width: int = 100) -> str:
    drawn = rich(drawn, compact=True) if isinstance(drawn, records.Table) else drawn
    console = Console(width=width, record=True, file=io.StringIO())
    console.print(drawn)
    return console.export_text()


def test_a_layer_is_a_line_with_human_units() -> None:
    text = text_of(network_tables.layers_table(table(row("conv1_conv"))))
    line = next(line for line in text.splitlines() if "conv1_conv" in line)
    assert line.split() == ["conv1_conv", "Conv2D", "112x112x64", "7", "2", "9.47", "k", "1.5", "M", "2.0", "KiB"]


def test_what_is_not_known_is_a_question_mark_and_the_whole_is_said() -> None:
    whole = ReceptiveField((224, 224), (0.0, 0.0), (111.5, 111.5), whole=True)
    unknown = row("own", receptive_field=None, multiply_adds=None, training_bytes=None)
    text = text_of(network_tables.layers_table(table(unknown, row("pool", receptive_field=whole))))
    own, pool = (next(line for line in text.splitlines() if line.lstrip().startswith(name)) for name in ("own", "pool"))
    assert own.split()[3:] == ["?", "–", "9.47", "k", "?", "?"]
    assert pool.split()[3:5] == ["all", "–"]


def test_many_layers_are_folded_by_stage_and_keep_their_sums() -> None:
    rows = [row(f"stage{stage}_{i}_conv") for stage in (1, 2, 3) for i in range(30)]
    text = text_of(network_tables.layers_table(table(*rows)))
    assert "90 layers in 3 stages" in text
    line = next(line for line in text.splitlines() if "stage2 (30)" in line)
    assert "284 k" in line  # 30 x 9472
    assert "45 M" in line
    assert max(map(len, text.splitlines())) <= 100
    assert "stage2_3_conv" in text_of(network_tables.layers_table(table(*rows), fold=False))


def test_totals_are_sentences() -> None:
    lines = network_tables.totals_lines(table(row("a")))
    assert lines[0] == "weights: 9,472, 9,000 of them trainable"
    # 9,472 weights, 9,000 gradients and twice 9,000 moments of 4 bytes, and 32 images of 8 KiB.
    assert f"batch 32 {(4 * (9472 + 3 * 9000) + 32 * 8192) / 1024:.1f} KiB (adamw, float32)" in lines[2]
    assert lines[-1] == "Own: not known"


def test_findings_are_told_with_the_way_out_and_the_source_and_their_text_is_no_markup() -> None:
    note = Finding("even_window", "note", "a", "the window [2] is even", "--set a.kernel_size=3", "Wu et al. 2019")
    error = Finding("softmax_of_one", "error", None, "always 1", "two outputs", "Goodfellow 2016")
    text = text_of(network_tables.findings_table([note, error]))
    assert "1 error, 1 note" in text
    assert text.index("softmax_of_one") < text.index("even_window")
    for words in ("the window [2] is even", "do: --set a.kernel_size=3", "source: Wu et al. 2019"):
        assert words in text


def test_no_finding_is_said_too(capsys: pytest.CaptureFixture[str]) -> None:
    network_tables.print_findings([])
    assert capsys.readouterr().out == "nothing found\n"


@pytest.mark.parametrize(
    ("number", "text"),
    [(0, "0"), (999, "999"), (1000, "1 k"), (999_600, "1 M"), (25_636_712, "25.6 M"), (3.86e9, "3.86 G")],
)
def test_counts_have_three_figures(number: int, text: str) -> None:
    assert network_tables.count(number) == text


@pytest.mark.parametrize(("n_bytes", "text"), [(16, "16 B"), (1024, "1.0 KiB"), (3 * 2**29, "1.5 GiB"), (None, "?")])
def test_memory_is_in_binary_units(n_bytes: int | None, text: str) -> None:
    assert network_tables.memory(n_bytes) == text
