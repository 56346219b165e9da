// What the tests ask of the engine: one answer for each case of their table, which Python has answered too.

import { activate } from "./engine/activations.js";
import { project } from "./engine/constraints.js";
import { fixes } from "./engine/fixes.js";
import { decodedWeights, forwardSteps, through } from "./engine/forward.js";
import { geometry } from "./engine/geometry.js";
import { predictingBytes, rowsOf } from "./engine/graph.js";
import { distribution, drawWeights } from "./engine/initializers.js";
import { findingsOf } from "./engine/lint.js";
import { fromLayout, shapeOf, toLayout } from "./engine/maps.js";
import { namedText, readNamed } from "./engine/named.js";
import { penalty, pulled } from "./engine/regularizers.js";
import { violations, wrongResults } from "./engine/rules.js";
import { FIRST_SETTINGS, kerasLine, setTexts, valueOf, valueText } from "./page/texts.js";

const ANSWERS = {
  layer: ({ node, inputs, weights, data_format: dataFormat }) => {
    const maps = inputs.map(({ numbers, shape }) => fromLayout(numbers, shape, dataFormat));
    const { output } = through(node, maps, weights ?? {});
    return { shape: shapeOf(output, dataFormat), numbers: [...toLayout(output, dataFormat)] };
  },
  activation: ({ text, numbers }) => [
    ...activate(
      { height: 1, width: 1, channels: numbers.length, data: Float32Array.from(numbers) },
      text,
      "channels_last",
    ).data,
  ],
  geometry: ({ settings, map }) => geometry(settings, map.height, map.width, map.channels),
  rules: ({ settings, map }) => [...violations(settings, map), ...wrongResults(settings, map)],
  fixes: ({ settings, map }) =>
    violations(settings, map).map((each) => ({ rule: each.rule, fixes: fixes(settings, map, each) })),
  named: ({ parameter, text }) => namedText(parameter, readNamed(parameter, text)),
  distribution: ({ parameter, text, shape }) => distribution(parameter, text, shape),
  draw: ({ parameter, text, shape, seed }) => [...drawWeights(parameter, text, shape, seed)],
  penalty: ({ parameter, text, numbers }) => penalty(parameter, text, numbers).penalty,
  pulled: ({ parameter, text, numbers, steps, rate }) => [...pulled(parameter, text, numbers, steps, rate)],
  constraint: ({ parameter, text, numbers, shape }) => [...project(parameter, text, Float32Array.from(numbers), shape)],
  forward: ({ graph, numbers, shape }) => {
    const picture = fromLayout(numbers, shape, "channels_last");
    const nodes = graph.nodes.map((node) => (node.weights ? { ...node, weights: decodedWeights(node.weights) } : node));
    const last = nodes.length - 1;
    const kept = new Map();
    for (const _ of forwardSteps({ nodes }, rowsOf({ nodes }, picture), picture, { seed: 1, made: false }, last, kept));
    return [...kept.get(last).output.data];
  },
  texts: ({ settings }) => ({
    line: kerasLine(settings),
    set: setTexts(settings, FIRST_SETTINGS, "conv"),
    read: Object.fromEntries(Object.entries(settings).map(([name, value]) => [name, valueOf(name, valueText(value))])),
  }),
  graph: ({ graph, picture }) => {
    const rows = rowsOf(graph, picture);
    return { rows, predictingBytes: predictingBytes(graph, rows, picture), findings: findingsOf(graph, rows, picture) };
  },
};

// The answers to a list of cases; a case is {what, ...} and says by `what` which of the answers is meant.
export function answers(cases) {
  return cases.map((each) => ANSWERS[each.what](each));
}

// The tests call it by this name.
globalThis.convwiseAnswers = answers;
