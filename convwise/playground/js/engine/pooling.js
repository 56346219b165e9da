// Max and average pooling, by windows and over the whole map.

import { outputSize, samePadding } from "./geometry.js";
import { makeMap } from "./maps.js";

// `config` is {pool_size, strides, padding}. The padding is no part of a mean and never the maximum.
export function pool(map, config, kind) {
  const { pool_size: size, strides, padding } = config;
  const sides = [map.height, map.width];
  const outputs = sides.map((side, i) => outputSize(side, size[i], strides[i], padding, 1));
  const before = sides.map((side, i) => (padding === "same" ? samePadding(side, size[i], strides[i], 1)[0] : 0));
  const made = makeMap(outputs[0], outputs[1], map.channels);
  for (let row = 0; row < outputs[0]; row++) {
    for (let column = 0; column < outputs[1]; column++) {
      const top = row * strides[0] - before[0];
      const left = column * strides[1] - before[1];
      const rows = [Math.max(top, 0), Math.min(top + size[0], map.height)];
      const columns = [Math.max(left, 0), Math.min(left + size[1], map.width)];
      reduceWindow(map, rows, columns, kind, made.data, (row * outputs[1] + column) * map.channels);
    }
  }
  return made;
}

function reduceWindow(map, rows, columns, kind, into, at) {
  const n = (rows[1] - rows[0]) * (columns[1] - columns[0]);
  for (let channel = 0; channel < map.channels; channel++) {
    let result = kind === "max" ? -Infinity : 0;
    for (let y = rows[0]; y < rows[1]; y++) {
      for (let x = columns[0]; x < columns[1]; x++) {
        const value = map.data[(y * map.width + x) * map.channels + channel];
        result = kind === "max" ? Math.max(result, value) : result + value;
      }
    }
    into[at + channel] = kind === "max" ? result : result / n;
  }
}

// The whole map becomes one number per channel.
export function globalPool(map, kind) {
  const config = { pool_size: [map.height, map.width], strides: [1, 1], padding: "valid" };
  return pool(map, config, kind);
}
