"""Lint: findings about a network on images of one size, each with its numbers, a way out and a source."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

from convwise import checks
from convwise.conv2d.findings import SEVERITIES, Finding
from convwise.errors import RequestError
from convwise.images.image_shape import ImageShape
from convwise.nets.layer_table.graph import Graph, flatten
from convwise.nets.layer_table.records import LayerTable
from convwise.nets.layer_table.table import table_of
from convwise.nets.lint import activations, maps, running, settings, windows
from convwise.nets.lint.context import OPTIONS, LintContext

# Name -> rule. The names are stable: they are what `silence` takes.
RULES: dict[str, Callable[[LintContext], Iterator[Finding]]] = {
    rule.__name__: rule
    for rule in (
        running.layer_refused,
        activations.softmax_of_one,
        running.needs_one_dnn,
        activations.softmax_inside,
        windows.receptive_field_below_object,
        windows.receptive_field_beyond_image,
        windows.taps_on_padding_only,
        windows.gridding,
        maps.map_shrunk_too_early,
        maps.map_never_shrunk,
        maps.dense_after_flatten,
        maps.filters_fall_as_map_shrinks,
        windows.first_window,
        windows.even_window,
        windows.units_never_seen,
        windows.stride_skips_units,
        settings.glorot_in_depth,
        settings.he_with_non_relu,
        activations.linear_between_convolutions,
        activations.saturating_activation,
        activations.activation_twice,
        settings.bias_before_batch_norm,
        settings.bias_parameter_without_bias,
        settings.l2_outside_range,
        settings.activity_regularizer,
        settings.unusual_constraint,
        maps.more_weights_than_images,
    )
}
# Rules that follow one image through the network.
OF_ONE_IMAGE = frozenset(
    [
        "receptive_field_below_object",
        "receptive_field_beyond_image",
        "gridding",
        "map_never_shrunk",
        "filters_fall_as_map_shrinks",
        "first_window",
        "more_weights_than_images",
    ]
)


def lint(
    model: Any,
    *,
    shape: ImageShape,
    n_train: int | None = None,
    object_share: float = 0.75,
    silence: Iterable[str] = (),
) -> tuple[Finding, ...]:
    """What is wrong, wasteful or worth knowing, errors first.

    `shape`: of the images; `n_train`: how many there are to learn from; `object_share`: the side of a typical
    object as a share of the image's, above 0 and up to 1; `silence`: names of rules to leave out.
    Raises RequestError for an unknown rule, a share out of range, or a model that is no graph of layers.
    """
    graph = flatten(model, shape=shape)
    return lint_graph(graph, table_of(graph), n_train=n_train, object_share=object_share, silence=silence)


def lint_graph(
    graph: Graph,
    table: LayerTable,
    *,
    n_train: int | None = None,
    object_share: float = 0.75,
    silence: Iterable[str] = (),
    accepts: frozenset[str] = OPTIONS,
) -> tuple[Finding, ...]:
    """The same for a graph that has been flattened, and its table, which may be for any batch and precision.

    `accepts`: the options, of `OPTIONS`, by which whoever asks can change the network.

    Where the model does not take one image, and nothing else, the rules `OF_ONE_IMAGE` are left out.
    """
    silenced = set(silence)
    for name in sorted(silenced):
        checks.choice("silence", name, RULES)
    if not 0 < object_share <= 1:
        raise RequestError(f"object_share={object_share}: it must be above 0 and at most 1")
    if not graph.of_one_image:
        silenced |= OF_ONE_IMAGE
    context = LintContext(graph, table, n_train, object_share, accepts)
    found = [finding for name, rule in RULES.items() if name not in silenced for finding in rule(context)]
    return tuple(sorted(found, key=lambda finding: SEVERITIES.index(finding.severity)))
