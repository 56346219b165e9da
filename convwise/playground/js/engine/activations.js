// The activations that Keras ships, on a map, with the arguments that Conv2D can hand to them.

import { makeMap } from "./maps.js";
import { axesOf, readNamed } from "./named.js";

const sigmoid = (x) => (x >= 0 ? 1 / (1 + Math.exp(-x)) : Math.exp(x) / (1 + Math.exp(x)));
const softplus = (x) => Math.max(x, 0) + Math.log1p(Math.exp(-Math.abs(x)));
const clip = (x, low, high) => Math.min(high, Math.max(low, x));
const SELU_ALPHA = 1.6732632423543772;
const SELU_SCALE = 1.0507009873554805;

// Name -> (arguments -> function of one number).
const POINTWISE = {
  celu: () => (x) => Math.max(x, 0) + Math.expm1(Math.min(x, 0)),
  elu:
    ({ alpha }) =>
    (x) =>
      x > 0 ? x : alpha * Math.expm1(x),
  exponential: () => Math.exp,
  gelu: () => (x) => 0.5 * x * (1 + erf(x / Math.SQRT2)),
  hard_shrink: () => (x) => (Math.abs(x) > 0.5 ? x : 0),
  hard_sigmoid: () => (x) => clip(x + 3, 0, 6) / 6,
  hard_silu: () => (x) => (x * clip(x + 3, 0, 6)) / 6,
  hard_tanh: () => (x) => clip(x, -1, 1),
  leaky_relu:
    ({ negative_slope: slope }) =>
    (x) =>
      x > 0 ? x : slope * x,
  linear: () => (x) => x,
  log_sigmoid: () => (x) => -softplus(-x),
  mish: () => (x) => x * Math.tanh(softplus(x)),
  relu: rectifier,
  relu6: () => (x) => clip(x, 0, 6),
  selu: () => (x) => SELU_SCALE * (x > 0 ? x : SELU_ALPHA * Math.expm1(x)),
  sigmoid: () => sigmoid,
  silu: () => (x) => x * sigmoid(x),
  soft_shrink: () => (x) => (x > 0.5 ? x - 0.5 : x < -0.5 ? x + 0.5 : 0),
  softplus: () => softplus,
  softsign: () => (x) => x / (1 + Math.abs(x)),
  sparse_plus: () => (x) => (x <= -1 ? 0 : x < 1 ? 0.25 * (x + 1) ** 2 : x),
  sparse_sigmoid: () => (x) => (x <= -1 ? 0 : x >= 1 ? 1 : 0.5 * (x + 1)),
  squareplus: () => (x) => (x + Math.sqrt(x * x + 4)) / 2,
  tanh: () => Math.tanh,
  tanh_shrink: () => (x) => x - Math.tanh(x),
};

// Name -> function of a row of numbers along the axes, in place.
const ALONG_AXES = { softmax, log_softmax: logSoftmax, sparsemax };

// Keras's ReLU with its three arguments, step by step as keras/src/activations/activations.py has it.
function rectifier({ negative_slope: slope, max_value: most, threshold }) {
  return (x) => {
    let passed = threshold !== 0 ? (x > threshold ? x : 0) : Math.max(x, 0);
    if (most !== null) passed = clip(passed, 0, most);
    if (slope === 0) return passed;
    return passed - slope * Math.max(threshold !== 0 ? threshold - x : -x, 0);
  };
}

// Gauss's error function: a series near zero, a continued fraction farther out.
function erf(x) {
  const size = Math.abs(x);
  if (size > 6) return Math.sign(x);
  if (size < 2.5) {
    let term = x;
    let sum = x;
    for (let n = 1; Math.abs(term) > 1e-17 * Math.abs(sum) && n < 100; n++) {
      term *= (-x * x) / n;
      sum += term / (2 * n + 1);
    }
    return (2 / Math.sqrt(Math.PI)) * sum;
  }
  let fraction = 0;
  for (let n = 60; n > 0; n--) fraction = n / 2 / (size + fraction);
  return Math.sign(x) * (1 - Math.exp(-size * size) / (Math.sqrt(Math.PI) * (size + fraction)));
}

function softmax(row) {
  const most = Math.max(...row);
  let sum = 0;
  for (let i = 0; i < row.length; i++) sum += row[i] = Math.exp(row[i] - most);
  for (let i = 0; i < row.length; i++) row[i] /= sum;
}

function logSoftmax(row) {
  const most = Math.max(...row);
  const whole = most + Math.log(row.reduce((sum, x) => sum + Math.exp(x - most), 0));
  for (let i = 0; i < row.length; i++) row[i] -= whole;
}

// As Keras 3.15 computes it: the limit takes the sum of all partial sums, where Martins and Astudillo 2016
// (algorithm 1) take the last one, so that the numbers add up to 1 only where one or none is left.
function sparsemax(row) {
  const sorted = Float64Array.from(row).sort().reverse();
  let [sum, sums, n] = [0, 0, 0];
  for (let i = 0; i < sorted.length; i++) {
    sum += sorted[i];
    if (sorted[i] - (sum - 1) / (i + 1) > 0) [sums, n] = [sums + sum, n + 1];
  }
  for (let i = 0; i < row.length; i++) row[i] = Math.max(row[i] - (sums - 1) / n, 0);
}

// The function of one number behind a name, or null where it takes several numbers at once.
export function pointwise(text) {
  const value = readNamed("activation", text);
  return value.name in POINTWISE ? POINTWISE[value.name](value.arguments) : null;
}

// The map behind the activation. An axis counts as Keras counts it, in the layout and with the batch first.
export function activate(map, text, dataFormat) {
  const made = makeMap(map.height, map.width, map.channels);
  const one = pointwise(text);
  if (one) {
    for (let i = 0; i < made.data.length; i++) made.data[i] = one(map.data[i]);
    return made;
  }
  const { name, arguments: given } = readNamed("activation", text);
  if (!(name in ALONG_AXES)) throw new Error(`activation=${text}: Conv2D cannot carry it`);
  const order =
    dataFormat === "channels_first" ? ["batch", "channel", "row", "column"] : ["batch", "row", "column", "channel"];
  const along = new Set((axesOf(given.axis) ?? [-1]).map((axis) => order[(axis + 4) % 4]));
  made.data.set(map.data);
  for (const places of rowsAlong(map, along)) {
    const row = Float64Array.from(places, (place) => map.data[place]);
    ALONG_AXES[name](row);
    places.forEach((place, i) => (made.data[place] = row[i]));
  }
  return made;
}

// The places of the numbers that are taken together, a list per row.
function rowsAlong(map, along) {
  const rows = new Map();
  let place = 0;
  for (let row = 0; row < map.height; row++) {
    for (let column = 0; column < map.width; column++) {
      for (let channel = 0; channel < map.channels; channel++, place++) {
        const key =
          ((along.has("row") ? 0 : row) * map.width + (along.has("column") ? 0 : column)) * map.channels +
          (along.has("channel") ? 0 : channel);
        if (!rows.has(key)) rows.set(key, []);
        rows.get(key).push(place);
      }
    }
  }
  return rows.values();
}
