// What is seen: the rows of the graph and the result of the layer that is chosen, computed anew only where it changed.

import { forwardSteps, neededBy, weightsOf } from "../engine/forward.js";
import { geometry } from "../engine/geometry.js";
import { rowsOf } from "../engine/graph.js";
import { drawWeights, seedFor } from "../engine/initializers.js";
import { pictureOf } from "./pictures.js";

const IN_FORWARD = /regularizer$|constraint$/; // these change no map
const kept = new Map(); // number of a node -> {key, result}
let pictureKept = { key: "", map: null };

// The picture of a state as the network takes it; `sources` holds the samples and one's own.
export function pictureMap(state, sources, most) {
  const source = sources.get(state.picture) ?? state.picture;
  const key = [state.picture, state.own?.version, ...state.size, state.channels].join("|");
  if (pictureKept.key !== key) {
    pictureKept = { key, map: pictureOf(source, state.size[0], state.size[1], state.channels, most) };
  }
  return pictureKept;
}

// {rows, row, node, result, ...} of a state; `result` is null where a rule is broken or a layer is not known. A
// generator: it yields the name of each layer about to be computed, so that the page can draw in between.
export function* lookAt(state, picture, number = state.at) {
  const graph = { nodes: state.nodes };
  const rows = rowsOf(graph, { ...picture.map, flat: false });
  const how = { seed: state.seed, made: state.weights === "made" };
  const keys = keysOf(state, picture.key);
  const known = new Map(
    [...kept].filter(([n, each]) => n < keys.length && each.key === keys[n]).map(([n, each]) => [n, each.result]),
  );
  const node = state.nodes[number];
  let result = null;
  const unknown = neededBy(graph, number, new Map()).find((n) => state.nodes[n].kind === "Unknown");
  if (rows[number].shape && unknown === undefined) {
    yield* forwardSteps(graph, rows, picture.map, how, number, known);
    for (const [n, each] of known) kept.set(n, { key: keys[n], result: each });
    result = known.get(number) ?? null;
  }
  const notComputed = unknown === undefined ? null : state.nodes[unknown];
  return {
    rows,
    row: rows[number],
    node,
    number,
    result,
    how,
    notComputed,
    ...(result && node.settings ? kernelView(node, number, result, how) : {}),
  };
}

function kernelView(node, number, result, how) {
  const [map] = result.maps;
  return {
    settings: node.settings,
    kernelShape: geometry(node.settings, map.height, map.width, map.channels).kernelShape,
    made: how.made && result.weights.kernel !== node.weights?.kernel,
    given: Boolean(node.weights) && result.weights.kernel === node.weights.kernel,
    drawn: (parameter, shape) =>
      drawWeights(
        parameter,
        node.settings[parameter],
        shape,
        seedFor(how.seed, number, Number(parameter === "bias_initializer")),
      ),
  };
}

// The same layer with other settings on the same input: what stands beside it.
export function besides(view, settings) {
  const node = { ...view.node, settings };
  const shapes = view.result.maps.map((map) => ({ ...map, flat: false }));
  const graph = { nodes: [{ ...node, inputs: [-1] }] };
  const [row] = rowsOf(graph, shapes[0]);
  if (!row.shape) return { row, result: null };
  const weights = weightsOf(node, view.number, shapes, view.how);
  const known = new Map();
  const steps = forwardSteps(graph, [row], view.result.maps[0], view.how, 0, known, [weights]);
  while (!steps.next().done);
  return { row, result: known.get(0) };
}

// For each node a text that changes when its map does.
function keysOf(state, pictureKey) {
  const keys = [];
  state.nodes.forEach((node, number) => {
    const settings = node.settings && Object.entries(node.settings).filter(([name]) => !IN_FORWARD.test(name));
    const own = JSON.stringify([node.name, node.kind, settings, node.config, number, state.seed, state.weights]);
    keys.push([own, ...node.inputs.map((input) => (input < 0 ? pictureKey : shortened(keys[input])))].join("\n"));
  });
  return keys;
}

// Keys hold those before them; a number of 53 bits stands for a long one (cyrb53 by its idea: two sums of 32 bits).
function shortened(text) {
  let [a, b] = [0xdeadbeef, 0x41c6ce57];
  for (let i = 0; i < text.length; i++) {
    a = Math.imul(a ^ text.charCodeAt(i), 0x9e3779b1);
    b = Math.imul(b ^ text.charCodeAt(i), 0x5f356495);
  }
  return `${a >>> 0}.${b >>> 0}`;
}
