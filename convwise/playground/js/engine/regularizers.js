// Regularizers: what a penalty adds to the loss, and how it pulls at each number.

import { readNamed } from "./named.js";

// {l1, l2}: the two factors of a penalty; both 0 for none. Throws Error for one that takes a matrix.
export function factors(parameter, text) {
  const value = readNamed(parameter, text);
  if (value === null) return { l1: 0, l2: 0 };
  if (value.name === "orthogonal_regularizer") throw new Error(`${parameter}=${text}: it takes a matrix`);
  return { l1: value.arguments.l1 ?? 0, l2: value.arguments.l2 ?? 0 };
}

// {absolute, squares, penalty}: the sums over the numbers, and the part of the loss that they make. The penalty on a
// layer's output is divided by the number of pictures in the batch, which is one here.
export function penalty(parameter, text, numbers) {
  const { l1, l2 } = factors(parameter, text);
  let absolute = 0;
  let squares = 0;
  for (const number of numbers) {
    absolute += Math.abs(number);
    squares += number * number;
  }
  return { absolute, squares, penalty: l1 * absolute + l2 * squares };
}

// What plain gradient descent makes of the numbers when nothing opposes the penalty: `steps` steps of `rate`. Each step
// keeps the share 1 - 2 * rate * l2 and takes rate * l1 off, down to zero: a geometric series.
export function pulled(parameter, text, numbers, steps, rate) {
  const { l1, l2 } = factors(parameter, text);
  const kept = (1 - 2 * rate * l2) ** steps;
  const taken = l2 ? (l1 * (1 - kept)) / (2 * l2) : rate * l1 * steps;
  return Float32Array.from(numbers, (number) => Math.sign(number) * Math.max(0, Math.abs(number) * kept - taken));
}
