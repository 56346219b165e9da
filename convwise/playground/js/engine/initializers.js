// Initializers: the distribution that first values come from, by Keras's formulas, and values drawn from it.

import { axesOf, readNamed } from "./named.js";
import { hash, normalQuantile, uniform } from "./random.js";

const BELOW_MINUS_TWO = 0.0227501319481792; // of a normal distribution, the share below -2 standard deviations
const SPREAD_LEFT = 0.87962566103423978; // standard deviation of a standard normal cut off at -2 and 2
const BY_FAN = {
  glorot_normal: [1, "fan_avg", "truncated_normal"],
  glorot_uniform: [1, "fan_avg", "uniform"],
  he_normal: [2, "fan_in", "truncated_normal"],
  he_uniform: [2, "fan_in", "uniform"],
  lecun_normal: [1, "fan_in", "truncated_normal"],
  lecun_uniform: [1, "fan_in", "uniform"],
};

// [fan_in, fan_out] of weights of that shape (keras/src/initializers/random_initializers.py, compute_fans).
export function fans(shape, inputAxes, outputAxes) {
  const over = (axes) => axes.reduce((product, axis) => product * shape.at(axis), 1);
  if (inputAxes && outputAxes) return [over(inputAxes), over(outputAxes)];
  if (shape.length === 1) return [shape[0], shape[0]];
  const field = shape.slice(0, -2).reduce((product, side) => product * side, 1);
  return [shape.at(-2) * field, shape.at(-1) * field];
}

// {kind, mean, stddev, low, high, fan}: kind is "constant", "uniform", "normal", "truncated" or "orthogonal".
// `stddev` is that of the numbers drawn; a truncated normal is cut off at `low` and `high`.
export function distribution(parameter, text, shape) {
  const { name, arguments: given } = readNamed(parameter, text);
  if (name === "zeros" || name === "ones" || name === "constant") {
    const value = name === "constant" ? given.value : Number(name === "ones");
    return { kind: "constant", mean: value, stddev: 0, low: value, high: value };
  }
  if (name === "orthogonal") return orthogonal(given.gain, shape);
  if (name === "random_normal") return normal(given.mean, given.stddev);
  if (name === "truncated_normal") return truncated(given.mean, given.stddev);
  if (name === "random_uniform") return between(given.minval, given.maxval);
  const [scale, mode, shapeOfIt] = BY_FAN[name] ?? [given.scale, given.mode, given.distribution];
  if (!scale) throw new Error(`${parameter}=${text}: such weights cannot have it`);
  const [fanIn, fanOut] = fans(shape, axesOf(given.input_axes), axesOf(given.output_axes));
  const fan = { fan_in: fanIn, fan_out: fanOut, fan_avg: (fanIn + fanOut) / 2 }[mode];
  const variance = scale / Math.max(1, fan);
  const limit = Math.sqrt(3 * variance);
  const found = {
    uniform: () => between(-limit, limit),
    truncated_normal: () => truncated(0, Math.sqrt(variance) / SPREAD_LEFT),
    untruncated_normal: () => normal(0, Math.sqrt(variance)),
  }[shapeOfIt]();
  return { ...found, fan, mode, scale };
}

function between(low, high) {
  return { kind: "uniform", mean: (low + high) / 2, stddev: (high - low) / Math.sqrt(12), low, high };
}

function normal(mean, stddev) {
  return { kind: "normal", mean, stddev, low: -Infinity, high: Infinity };
}

function truncated(mean, before) {
  return {
    kind: "truncated",
    mean,
    stddev: before * SPREAD_LEFT,
    low: mean - 2 * before,
    high: mean + 2 * before,
    before,
  };
}

function orthogonal(gain, shape) {
  const columns = shape.at(-1);
  const rows = shape.slice(0, -1).reduce((product, side) => product * side, 1);
  return {
    kind: "orthogonal",
    mean: 0,
    stddev: gain / Math.sqrt(Math.max(rows, columns)),
    low: -Math.abs(gain),
    high: Math.abs(gain),
    gain,
  };
}

// How likely a number near x is, per unit: the curve over a histogram.
export function density(found, x) {
  if (found.kind === "uniform") return x >= found.low && x <= found.high ? 1 / (found.high - found.low) : 0;
  const spread = found.kind === "truncated" ? found.before : found.stddev;
  if (x < found.low || x > found.high) return 0;
  const bell = Math.exp(-0.5 * ((x - found.mean) / spread) ** 2) / (spread * Math.sqrt(2 * Math.PI));
  return found.kind === "truncated" ? bell / (1 - 2 * BELOW_MINUS_TWO) : bell;
}

// Weights of that shape. A number depends on the seed and on its place from the middle of the window alone, so that a
// filter or a ring of taps more leaves the shares of the others as they were.
export function drawWeights(parameter, text, shape, seed) {
  const found = distribution(parameter, text, shape);
  const size = shape.reduce((product, side) => product * side, 1);
  const numbers = new Float32Array(size);
  for (let place = 0; place < size; place++) numbers[place] = value(found, uniform(seed, ...fromMiddle(shape, place)));
  return found.kind === "orthogonal" ? orthogonalised(numbers, shape, found.gain) : numbers;
}

function value(found, share) {
  if (found.kind === "constant") return found.mean;
  if (found.kind === "uniform") return found.low + share * (found.high - found.low);
  if (found.kind === "orthogonal") return normalQuantile(share);
  if (found.kind === "normal") return found.mean + found.stddev * normalQuantile(share);
  const within = BELOW_MINUS_TWO + share * (1 - 2 * BELOW_MINUS_TWO);
  return Math.min(found.high, Math.max(found.low, found.mean + found.before * normalQuantile(within)));
}

function fromMiddle(shape, place) {
  const axes = [];
  for (let axis = shape.length - 1; axis >= 0; axis--) {
    axes.unshift(place % shape[axis]);
    place = Math.floor(place / shape[axis]);
  }
  return axes.map((at, axis) => (axis < shape.length - 2 ? at - Math.floor(shape[axis] / 2) : at));
}

// Rows or columns, whichever are fewer, made orthonormal (Gram and Schmidt, twice), then times `gain`.
function orthogonalised(numbers, shape, gain) {
  const columns = shape.at(-1);
  const rows = numbers.length / columns;
  const [n, length] = rows < columns ? [rows, columns] : [columns, rows];
  const at = rows < columns ? (vector, i) => vector * columns + i : (vector, i) => i * columns + vector;
  const vectors = Array.from({ length: n }, (_, v) => Float64Array.from({ length }, (_, i) => numbers[at(v, i)]));
  vectors.forEach((vector, v) => {
    for (let turn = 0; turn < 2; turn++) {
      for (let before = 0; before < v; before++) {
        const share = dot(vector, vectors[before]);
        for (let i = 0; i < length; i++) vector[i] -= share * vectors[before][i];
      }
    }
    const norm = Math.sqrt(dot(vector, vector));
    for (let i = 0; i < length; i++) vector[i] /= norm;
    for (let i = 0; i < length; i++) numbers[at(v, i)] = gain * vector[i];
  });
  return numbers;
}

function dot(a, b) {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i] * b[i];
  return sum;
}

// A seed of its own for each weight of each layer.
export function seedFor(seed, layer, weight) {
  return hash(seed, layer, weight);
}
