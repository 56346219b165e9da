// The forward pass: a node's map from the maps before it, with weights drawn, made by hand or given.

import { activate } from "./activations.js";
import { convolve } from "./convolution.js";
import { geometry } from "./geometry.js";
import { drawWeights, seedFor } from "./initializers.js";
import { handMade } from "./kernels.js";
import { batchNormalise, combine, concatenate, dense, flatten, padWithZeros, rescale } from "./pointwise.js";
import { globalPool, pool } from "./pooling.js";

const SUMS = {
  Add: (a, b) => a + b,
  Average: (a, b) => a + b,
  Maximum: Math.max,
  Multiply: (a, b) => a * b,
  Subtract: (a, b) => a - b,
};

// {kernel, bias, ...} of a node. `how` is {seed, made}: `made` takes kernels made by hand for convolutions. Weights
// that the node holds are taken where they still fit its settings.
export function weightsOf(node, number, shapes, how) {
  const made = madeWeights(node, number, shapes, how);
  if (!node.weights || node.weights.kernel?.length !== made.kernel?.length) return made;
  if (node.weights.moving_mean && node.weights.moving_mean.length !== shapes[0].channels) return made;
  if (!node.weights.kernel) return node.weights;
  return { kernel: node.weights.kernel, bias: made.bias && (node.weights.bias ?? made.bias) };
}

function madeWeights(node, number, [shape], how) {
  if (node.kind === "Conv2D") {
    const { kernelShape } = geometry(node.settings, shape.height, shape.width, shape.channels);
    const kernel = how.made
      ? handMade(kernelShape)
      : drawWeights("kernel_initializer", node.settings.kernel_initializer, kernelShape, seedFor(how.seed, number, 0));
    return { kernel, bias: node.settings.use_bias ? bias(node.settings, node.settings.filters, number, how) : null };
  }
  if (node.kind === "Dense") {
    const sides = [shape.channels, node.config.units];
    const kernel = drawWeights(
      "kernel_initializer",
      node.config.kernel_initializer,
      sides,
      seedFor(how.seed, number, 0),
    );
    return { kernel, bias: node.config.use_bias ? bias(node.config, node.config.units, number, how) : null };
  }
  return {};
}

function bias(settings, n, number, how) {
  return drawWeights("bias_initializer", settings.bias_initializer, [n], seedFor(how.seed, number, 1));
}

// {sums, output}: of a convolution or a dense layer, what stands before its activation and behind it; else the same.
export function through(node, maps, weights) {
  const [map] = maps;
  if (node.kind === "Conv2D") {
    return activated(
      convolve(map, node.settings, weights.kernel, weights.bias),
      node.settings.activation,
      node.settings.data_format,
    );
  }
  if (node.kind === "Dense") {
    return activated(
      dense(map, node.config.units, weights.kernel, weights.bias),
      node.config.activation,
      "channels_last",
    );
  }
  const output = plain(node, maps, weights);
  return { sums: output, output };
}

function activated(sums, activation, dataFormat) {
  return { sums, output: activation === "linear" ? sums : activate(sums, activation, dataFormat) };
}

function plain(node, maps, weights) {
  const { kind, config } = node;
  const [map] = maps;
  if (kind === "MaxPooling2D") return pool(map, config, "max");
  if (kind === "AveragePooling2D") return pool(map, config, "average");
  if (kind === "GlobalMaxPooling2D") return globalPool(map, "max");
  if (kind === "GlobalAveragePooling2D") return globalPool(map, "average");
  if (kind === "BatchNormalization") return batchNormalise(map, config, weights);
  if (kind === "Activation") return activate(map, config.activation, "channels_last");
  if (kind === "Flatten") return flatten(map);
  if (kind === "Rescaling") return rescale(map, config.scale, config.offset);
  if (kind === "ZeroPadding2D") return padWithZeros(map, config.padding);
  if (kind === "Concatenate") return concatenate(maps);
  if (kind in SUMS) {
    const made = combine(maps, SUMS[kind]);
    return kind === "Average" ? rescale(made, 1 / maps.length, 0) : made;
  }
  return map; // Dropout, Identity, Permute: nothing happens to the numbers when a network predicts
}

// Computes node `last` and what it stands upon, as far as `kept`, a Map of results by number, does not hold it. Yields
// the name of each layer before computing it. `given` are weights by number, in place of those that would be made.
export function* forwardSteps(graph, rows, picture, how, last, kept, given = []) {
  for (const number of neededBy(graph, last, kept)) {
    const node = graph.nodes[number];
    yield node.name;
    const maps = node.inputs.map((input) => (input < 0 ? picture : kept.get(input).output));
    const weights = given[number] ?? weightsOf(node, number, rows[number].inputShapes, how);
    kept.set(number, { maps, weights, ...through(node, maps, weights) });
  }
}

// The numbers of the nodes to compute, in order.
export function neededBy(graph, last, kept) {
  const needed = new Set();
  const waiting = [last];
  while (waiting.length) {
    const number = waiting.pop();
    if (number < 0 || needed.has(number) || kept.has(number)) continue;
    needed.add(number);
    waiting.push(...graph.nodes[number].inputs);
  }
  return [...needed].sort((a, b) => a - b);
}

// Weight name -> Base64 of 32-bit numbers, little end first, as arrays.
export function decodedWeights(weights) {
  const numbers = (text) => {
    const bytes = Uint8Array.from(atob(text), (letter) => letter.charCodeAt(0));
    return new Float32Array(bytes.buffer);
  };
  return Object.fromEntries(Object.entries(weights).map(([name, text]) => [name, numbers(text)]));
}
