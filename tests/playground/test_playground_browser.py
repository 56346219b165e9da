"""The page in Chromium, opened from the disk without a connection: what it computes, shows, keeps and lets in."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import keras
import numpy as np
import pytest
from PIL import Image

from convwise.conv2d import Conv2DSettings
from convwise.conv2d.geometry import geometry
from convwise.nets.layer_table.graph import flatten
from convwise.playground.network import network_of
from convwise.playground.page import page as made_page
from tests.playground import tables, vectors
from tests.playground.cases import Case, check_all
from tests.playground.test_playground_network import built, forward_case, graph_case, odd_network

pytestmark = pytest.mark.browser
HOSTILE = "<img src=x onerror=document.title='run'>"


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("playground") / "playground.html"
    path.write_text(made_page(None, title="convwise playground"), encoding="utf-8")
    return path


@pytest.fixture
def open_page(chromium: Any, file: Path) -> Iterator[Any]:
    """Opens the file in a context of its own, offline; no error may reach the console, no request leave the machine."""
    contexts = []
    said: list[str] = []

    def opened(address: str = "", *, path: Path = file, width: int = 1280, theme: str = "light") -> Any:
        context = chromium.new_context(
            viewport={"width": width, "height": 900}, color_scheme=theme, offline=True, accept_downloads=False
        )
        contexts.append(context)
        shown = context.new_page()
        shown.on("console", lambda line: said.append(f"{line.type}: {line.text}"))
        shown.on("pageerror", lambda problem: said.append(str(problem)))
        shown.on("request", lambda asked: said.append(asked.url) if not local(asked.url, path) else None)
        shown.goto(path.as_uri() + address)
        settled(shown)
        return shown

    yield opened
    for context in contexts:
        context.close()
    assert said == []


def local(url: str, path: Path) -> bool:
    return url.split("#")[0] == path.as_uri() or url.startswith(("data:", "blob:"))


def settled(shown: Any) -> None:
    """Waits until what was asked for is drawn."""
    shown.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    shown.wait_for_function("() => document.getElementById('busy').textContent === ''")


def ask(shown: Any, cases: list[Case]) -> None:
    check_all(cases, shown.evaluate("(cases) => convwisePlayground.answers(cases)", [case.asked for case in cases]))


def control(shown: Any, parameter: str) -> Any:
    return shown.locator(f"[data-parameter={parameter}]")


def text_of(shown: Any, place: str) -> str:
    return str(shown.locator(f"#{place}").inner_text())


@pytest.mark.filterwarnings("ignore:.*You are using a softmax over axis:UserWarning")
def test_every_forward_parameter_gives_what_keras_gives(open_page: Any) -> None:
    convolutions = vectors.convolution_cases(itertools.chain(vectors.settings_grid(), vectors.grouped_grid()))
    ask(open_page(), [*convolutions, *vectors.activation_cases(), *vectors.layer_cases()])


def test_geometry_rules_and_fixes_of_thousands_of_settings_are_those_of_conv2d(open_page: Any) -> None:
    drawn = tables.drawn_settings(5000)
    illegal = sum(bool(tables.found_in(*each)) for each in drawn)
    assert 1000 < illegal < 4000
    makers = (tables.geometry_case, tables.rules_case, tables.fixes_case)
    ask(open_page(), [make(*each) for make, each in itertools.product(makers, drawn)])


def test_first_values_penalties_and_projections_are_those_of_keras(open_page: Any) -> None:
    ask(open_page(), [*tables.distribution_cases(), *tables.drawing_cases(), *tables.training_cases()])


def test_networks_have_the_numbers_of_the_layer_table_and_of_keras(open_page: Any) -> None:
    models = [built(name) for name in ("simple", "narrowresnet", "inception")]
    ask(open_page(), [*(graph_case(model) for model in models), forward_case(odd_network())])


def test_the_number_that_is_shown_is_the_one_that_keras_computes(open_page: Any) -> None:
    """All the way through the page: its picture, its weights, and a place that was pointed at."""
    shown = open_page("#layer=Conv2D;filters=6;kernel_size=5x3;strides=2x1;padding=same;activation=silu&map=4")
    view = shown.evaluate(
        """() => {
          const state = convwisePlayground.state();
          const { maps, weights } = convwisePlayground.look().result;
          return { picture: [...maps[0].data], kernel: [...weights.kernel], bias: [...weights.bias], size: state.size };
        }"""
    )
    settings = Conv2DSettings(
        filters=6, kernel_size=(5, 3), strides=(2, 1), padding="same", activation="silu"
    ).with_defaults()
    layer = keras.layers.Conv2D.from_config(settings.to_keras())
    layer.build((None, *view["size"], 3))
    layer.set_weights([np.reshape(view["kernel"], (5, 3, 3, 6)), np.asarray(view["bias"])])
    picture = np.reshape(view["picture"], (1, *view["size"], 3)).astype(np.float32)
    expected = keras.ops.convert_to_numpy(layer(picture))[0, :, :, 4]
    row, column = np.unravel_index(np.abs(expected).argmax(), expected.shape)  # no place like others
    box = shown.locator("#output-map").bounding_box()
    at = {"x": (column + 0.5) / expected.shape[1] * box["width"], "y": (row + 0.5) / expected.shape[0] * box["height"]}
    shown.locator("#output-map").hover(position=at)
    found = re.fullmatch(r"row (\d+), column (\d+): (−?[\d.]+)", text_of(shown, "pixel-text"))
    assert found
    assert (int(found[1]), int(found[2])) == (row, column)
    assert abs(float(found[3].replace("−", "-")) - expected[row, column]) < 1e-4
    assert ", the output" in text_of(shown, "products")


def test_a_moved_slider_changes_the_maps_the_formula_and_the_costs(open_page: Any) -> None:
    shown = open_page()
    control(shown, "filters").locator("input").fill("32")
    control(shown, "kernel_size").locator("input[type=range]").first.fill("7")
    control(shown, "padding").locator("select").select_option("same")
    settled(shown)
    asked = Conv2DSettings(filters=32, kernel_size=7, padding="same").with_defaults()
    expected = geometry(asked, height=64, width=64, channels=3)
    assert shown.locator("#maps button").count() == 32
    numbers = text_of(shown, "numbers")
    assert "same: ⌈64 / 1⌉ = 64" in numbers
    assert f"= {expected.weights:,}" in numbers
    assert f"= {expected.multiply_adds / 1e6:.3g} million" in numbers
    assert text_of(shown, "keras-line") == 'keras.layers.Conv2D(32, 7, padding="same")'
    set_line = text_of(shown, "set-line")
    assert set_line == "--set conv.filters=32 --set conv.kernel_size=7x7 --set conv.padding=same"


def test_an_illegal_pair_is_reached_explained_and_mended_by_its_button(open_page: Any) -> None:
    shown = open_page("#layer=Conv2D;strides=2x2;dilation_rate=2x2")
    problems = text_of(shown, "problems")
    assert "strides=2x2 and dilation_rate=2x2: Keras takes only one of them above 1" in problems
    assert control(shown, "strides").locator("input").first.get_attribute("aria-invalid") == "true"
    assert not shown.locator("#views").is_visible()
    assert "strides=2x2;dilation_rate=2x2" in shown.url  # nothing was corrected in silence
    shown.get_by_role("button", name="dilation_rate=1x1").click()
    settled(shown)
    assert not shown.locator("#problems").is_visible()
    assert shown.locator("#views").is_visible()


def test_the_address_holds_the_state_and_shows_it_to_someone_else(open_page: Any) -> None:
    shown = open_page()
    shown.get_by_role("button", name="a small network").click()
    settled(shown)
    shown.locator("#layer-list button.choose").nth(2).click()
    settled(shown)
    control(shown, "kernel_initializer").locator("select").first.select_option("he_uniform")
    control(shown, "kernel_constraint").locator("select").first.select_option("max_norm")
    shown.locator("#weights").select_option("drawn")
    shown.locator("#picture").select_option("circles")
    shown.locator("#size").select_option("32x32")
    settled(shown)
    address = "#" + shown.url.partition("#")[2]
    other = open_page(address)
    for place in ("layer-list", "numbers", "output-caption", "keras-line", "set-line", "effect", "totals"):
        assert text_of(other, place) == text_of(shown, place)
    look = "() => [...convwisePlayground.look().result.output.data]"
    assert other.evaluate(look) == shown.evaluate(look)


def test_what_an_address_cannot_mean_is_said_and_left_out(open_page: Any) -> None:
    shown = open_page(f"#layer=Conv2D;kernel_size=0&size=7x7&tune=1&picture={HOSTILE}")
    notice = text_of(shown, "notice")
    assert "kernel_size=0" in notice
    assert "size=7x7" in notice
    assert "tune=1" in notice
    assert shown.title() == "convwise playground"
    assert shown.locator("#maps button").count() == 8


def test_a_picture_of_ones_own_is_shown_and_stays_out_of_the_address(open_page: Any, tmp_path: Path) -> None:
    pixels = np.zeros((40, 60, 3), np.uint8)
    pixels[:, 30:] = (250, 30, 90)
    Image.fromarray(pixels).save(tmp_path / "mine.png")
    shown = open_page()
    before = shown.url
    shown.locator("#file").set_input_files(tmp_path / "mine.png")
    shown.wait_for_function("() => convwisePlayground.state().picture === 'own'")
    settled(shown)
    corner = shown.evaluate("() => [...convwisePlayground.look().result.maps[0].data.slice(-3)]")
    assert np.allclose(corner, np.array([250, 30, 90]) / 255, atol=0.01)
    assert shown.url.partition("#")[2] == before.partition("#")[2]
    (tmp_path / "no.png").write_bytes(b"no picture")
    shown.locator("#file").set_input_files(tmp_path / "no.png")
    shown.wait_for_function("() => document.getElementById('notice').textContent !== ''")
    assert "cannot read it as a picture" in text_of(shown, "notice")


def test_arrow_keys_step_a_slider_and_all_controls_are_reached_by_tab(open_page: Any) -> None:
    shown = open_page()
    slider = control(shown, "filters").locator("input")
    slider.focus()
    shown.keyboard.press("ArrowRight")
    settled(shown)
    assert shown.locator("#maps button").count() == 9
    reached = set()
    for _ in range(200):
        shown.keyboard.press("Tab")
        name = shown.evaluate("() => document.activeElement.closest('[data-parameter]')?.dataset.parameter ?? ''")
        reached.add(name)
    assert len(reached - {""}) == 16
    shown.locator("#pixel-row").focus()
    before = text_of(shown, "pixel-text")
    shown.keyboard.press("ArrowRight")
    assert text_of(shown, "pixel-text") != before


def test_a_double_click_takes_a_parameter_back_to_its_default(open_page: Any) -> None:
    shown = open_page("#layer=Conv2D;strides=3x3")
    assert "strides=3" in text_of(shown, "keras-line")
    control(shown, "strides").locator(".name").dblclick()
    settled(shown)
    assert text_of(shown, "keras-line") == "keras.layers.Conv2D(8, 3)"


def test_training_parameters_say_so_and_show_what_they_would_do(open_page: Any) -> None:
    shown = open_page("#layer=Conv2D;kernel_regularizer=l2:0.001&show=kernel_regularizer&weights=drawn")
    look = "() => [...convwisePlayground.look().result.weights.kernel]"
    kernel = np.asarray(shown.evaluate(look))
    effect = text_of(shown, "effect")
    assert "Acts in training only" in effect
    said = re.search(r"= ([\d.]+)$", effect, flags=re.M)
    assert said is not None
    assert abs(float(said[1]) / (0.001 * (kernel**2).sum()) - 1) < 0.01
    control(shown, "kernel_constraint").locator("select").first.select_option("non_neg")
    settled(shown)
    effect = text_of(shown, "effect")
    assert f"changes {(kernel < 0).sum()} of {kernel.size}" in effect
    assert shown.evaluate(look) == kernel.tolist()  # the weights in view stay as they are


def test_the_guides_values_are_drawn_on_the_picture_or_say_why_they_are_refused(open_page: Any) -> None:
    shown = open_page("#layer=Conv2D;dilation_rate=2x2&show=padding")
    values = shown.locator("#card .values li")
    shown.wait_for_function("() => !document.querySelector('#card .try').hidden")
    assert values.locator("canvas:visible").count() == 2
    control(shown, "strides").locator("input").first.focus()  # shows that parameter's card
    shown.wait_for_function("() => document.querySelector('#card').innerText.includes('refused here')")
    assert values.locator("canvas:visible").count() == 1  # a stride of 1
    control(shown, "kernel_regularizer").locator("select").focus()
    shown.wait_for_timeout(400)
    assert values.locator("canvas:visible").count() == 0


def test_beside_the_default_shows_both_maps_and_their_difference(open_page: Any) -> None:
    shown = open_page("#layer=Conv2D;activation=relu&show=activation")
    shown.locator("#beside-box input").check()
    settled(shown)
    assert "With activation=linear" in text_of(shown, "beside")
    assert shown.locator("#beside canvas").count() == 2
    control(shown, "strides").locator("input").first.fill("2")
    settled(shown)
    assert "The maps have different sizes (31 × 31 here, 62 × 62 with the default)" in text_of(shown, "beside")


# For each task what solves it: (number of the layer, parameter, what its control is given).
SOLUTIONS = {
    0: [(0, "padding", "same")],
    1: [(0, "strides", "2")],
    2: [],  # by adding a layer
    3: [(1, "dilation_rate", "2"), (2, "dilation_rate", "4")],
    4: [(1, "groups", "4")],
}


@pytest.mark.parametrize("number", SOLUTIONS)
def test_each_task_can_be_done_and_says_so(open_page: Any, number: int) -> None:
    shown = open_page()
    task = shown.locator(f"[data-task='{number}']")
    task.locator("button").click()
    settled(shown)
    assert "Not yet." in task.inner_text()
    for layer, parameter, value in SOLUTIONS[number]:
        shown.locator("#layer-list button.choose").nth(layer).click()
        settled(shown)
        place = control(shown, parameter)
        if parameter == "padding":
            place.locator("select").select_option(value)
        else:
            place.locator("input").first.fill(value)
        settled(shown)
    if number == 2:
        shown.locator("#layer-add").get_by_role("button", name="MaxPooling2D", exact=True).click()
        settled(shown)
    assert "✓ Done." in task.inner_text()


def test_every_preset_shows_maps(open_page: Any) -> None:
    shown = open_page()
    for name in shown.locator("#presets button").all_inner_texts():
        shown.locator("#presets").get_by_role("button", name=name, exact=True).click()
        settled(shown)
        assert shown.locator("#output-map").is_visible(), name
        assert "✕" not in text_of(shown, "layer-list")


def test_layers_are_added_moved_and_removed(open_page: Any) -> None:
    shown = open_page()
    adding = shown.locator("#layer-add")
    for sort in ("MaxPooling2D", "BatchNormalization", "ReLU", "Flatten", "Dense"):
        adding.get_by_role("button", name=sort, exact=True).click()
        settled(shown)
    names = ["conv2d", "max_pooling", "batch_norm", "relu", "flatten", "dense"]
    assert shown.locator("#layer-list strong").all_inner_texts() == names
    assert "31 × 31 × 8" in text_of(shown, "layer-list")
    shown.get_by_role("button", name="move up: max_pooling").click()
    settled(shown)
    assert shown.locator("#layer-list strong").all_inner_texts()[:2] == ["max_pooling", "conv2d"]
    assert "30 × 30 × 8" in text_of(shown, "layer-list")
    shown.get_by_role("button", name="remove flatten").click()
    settled(shown)
    assert shown.locator("#layer-list li").count() == 5


def test_names_are_text_whatever_they_hold(open_page: Any, tmp_path: Path) -> None:
    model = built("narrowresnet", size=32)
    network = network_of(flatten(model), name=HOSTILE, with_weights=False)
    for node in network["nodes"]:
        node["name"] = f"{HOSTILE}{node['name']}</script><script>document.title='run'</script>"
    path = tmp_path / "named.html"
    path.write_text(made_page(network, title=f"convwise playground: {HOSTILE}", notes=(HOSTILE,)), encoding="utf-8")
    shown = open_page(path=path)
    assert shown.title() == f"convwise playground: {HOSTILE}"
    assert shown.locator("img").count() == 0
    assert HOSTILE in text_of(shown, "layer-list")
    assert "from picture" not in text_of(shown, "layer-list")
    assert shown.locator(".layer[data-lane='1']").count() > 0  # a branch stands beside its way


def test_a_changed_parameter_of_a_network_is_in_the_address_and_breaks_what_cannot_be(
    open_page: Any, tmp_path: Path
) -> None:
    network = network_of(flatten(built("narrowresnet", size=32)), name="narrowresnet", with_weights=False)
    path = tmp_path / "network.html"
    path.write_text(made_page(network, title="narrowresnet"), encoding="utf-8")
    shown = open_page("#set=stage1_1_conv.filters=8", path=path)
    assert "set=stage1_1_conv.filters=8" in shown.url
    listed = text_of(shown, "layer-list")
    assert "✕ refused" not in listed.partition("stage1_add")[0]
    shown.locator("#layer-list button.choose", has_text="stage1_2_conv").click()
    settled(shown)
    control(shown, "filters").locator("input").fill("12")
    settled(shown)
    pooled = open_page("#set=stage2_shortcut_mean.padding=valid&set=stage2_shortcut_mean.strides=3x3", path=path)
    assert pooled.url.endswith("#set=stage2_shortcut_mean.strides=3x3&set=stage2_shortcut_mean.padding=valid")
    assert "✕ refused" in text_of(shown, "layer-list").partition("stage1_add")[2]
    assert text_of(shown, "set-line") == "--set stage1_1_conv.filters=8 --set stage1_2_conv.filters=12"


def test_the_settings_of_a_layer_change_that_layer_alone(open_page: Any, tmp_path: Path) -> None:
    """`conv2d` is also the stage of conv2d_1 and conv2d_2."""
    network = network_of(flatten(built("simple")), name="simple", with_weights=False)
    path = tmp_path / "simple.html"
    path.write_text(made_page(network, title="simple"), encoding="utf-8")
    shown = open_page(path=path)
    control(shown, "kernel_size").locator("input[type=range]").first.fill("5")
    settled(shown)
    texts = text_of(shown, "set-line").split("--set ")[1:]
    kernels = [
        layer.kernel_size for layer in built("simple", *(text.strip() for text in texts)).layers if "conv" in layer.name
    ]
    assert kernels == [(5, 5), (3, 3), (3, 3)]


@pytest.mark.parametrize("theme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize(
    "address",
    ["", "#layer=Conv2D;strides=2x2;dilation_rate=2x2", "#show=kernel_initializer&beside=1&layer=Conv2D;filters=64"],
)
def test_nothing_scrolls_sideways_and_the_accessibility_check_finds_nothing(
    open_page: Any, address: str, width: int, theme: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed: make test-extras")
    shown = open_page(address, width=width, theme=theme)
    assert shown.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    found = axe.Axe().run(shown)
    assert found.violations_count == 0, found.generate_report()


def test_a_print_has_no_controls(open_page: Any) -> None:
    shown = open_page()
    shown.emulate_media(media="print")
    assert not shown.locator("#theme").is_visible()
    assert not control(shown, "filters").locator("input").is_visible()
    assert shown.locator("#numbers").is_visible()
