// Constraints: the projection that follows each update of the weights, as keras/src/constraints/constraints.py has it.

import { axesOf, readNamed } from "./named.js";

const EPSILON = 1e-7; // keras.config.epsilon()

// The weights after one projection; the numbers themselves for "none".
export function project(parameter, text, numbers, shape) {
  const value = readNamed(parameter, text);
  if (value === null) return Float32Array.from(numbers);
  if (value.name === "non_neg") return Float32Array.from(numbers, (number) => Math.max(number, 0));
  const { owner, norms } = normsAlong(numbers, shape, axesOf(value.arguments.axis));
  const scales = norms.map((norm) => desired(value, norm) / (EPSILON + norm));
  return Float32Array.from(numbers, (number, place) => number * scales[owner[place]]);
}

function desired({ name, arguments: given }, norm) {
  if (name === "unit_norm") return 1;
  if (name === "max_norm") return Math.min(Math.max(norm, 0), given.max_value);
  const within = Math.min(Math.max(norm, given.min_value), given.max_value);
  return given.rate * within + (1 - given.rate) * norm;
}

// Norms along the axes, and for each number which of the norms is its own.
export function normsAlong(numbers, shape, axes) {
  const along = new Set(axes.map((axis) => (axis + shape.length) % shape.length));
  const owner = new Int32Array(numbers.length);
  const squares = [];
  for (let place = 0; place < numbers.length; place++) {
    let rest = place;
    let key = 0;
    let step = 1;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      if (!along.has(axis)) {
        key += (rest % shape[axis]) * step;
        step *= shape[axis];
      }
      rest = Math.floor(rest / shape[axis]);
    }
    owner[place] = key;
    squares[key] = (squares[key] ?? 0) + numbers[place] ** 2;
  }
  return { owner, norms: Float64Array.from(squares, Math.sqrt) };
}
