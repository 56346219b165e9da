// Layers that work place by place, and those that join maps or take them whole: normalisation, dense, sum, joining.

import { makeMap } from "./maps.js";

// `config` is {epsilon, statistics}; "picture" takes mean and variance of each channel over this one picture, as a
// training step on it would, "moving" those of `weights`.
export function batchNormalise(map, config, weights) {
  const made = makeMap(map.height, map.width, map.channels);
  const n = map.height * map.width;
  for (let channel = 0; channel < map.channels; channel++) {
    let [mean, variance] = [weights.moving_mean?.[channel] ?? 0, weights.moving_variance?.[channel] ?? 1];
    if (config.statistics === "picture") {
      mean = meanOf(map, channel, n, (x) => x);
      variance = meanOf(map, channel, n, (x) => (x - mean) ** 2);
    }
    const scale = (weights.gamma?.[channel] ?? 1) / Math.sqrt(variance + config.epsilon);
    const shift = weights.beta?.[channel] ?? 0;
    for (let place = channel; place < map.data.length; place += map.channels) {
      made.data[place] = (map.data[place] - mean) * scale + shift;
    }
  }
  return made;
}

function meanOf(map, channel, n, term) {
  let sum = 0;
  for (let place = channel; place < map.data.length; place += map.channels) sum += term(map.data[place]);
  return sum / n;
}

// A dense layer along the channels, place by place; a flattened map is one place. `kernel` is (channels in, units).
export function dense(map, units, kernel, bias) {
  const made = makeMap(map.height, map.width, units);
  for (let place = 0; place < map.height * map.width; place++) {
    for (let unit = 0; unit < units; unit++) {
      let sum = bias ? bias[unit] : 0;
      for (let channel = 0; channel < map.channels; channel++) {
        sum += map.data[place * map.channels + channel] * kernel[channel * units + unit];
      }
      made.data[place * units + unit] = sum;
    }
  }
  return made;
}

// One row of numbers, in the order in which the map holds them.
export function flatten(map) {
  return { height: 1, width: 1, channels: map.data.length, data: map.data };
}

// numbers * scale + offset.
export function rescale(map, scale, offset) {
  return { ...map, data: map.data.map((number) => number * scale + offset) };
}

// Maps of one shape, number by number; a map of one place is spread over the places of the others.
export function combine(maps, operation) {
  const largest = maps.reduce((a, b) => (b.height * b.width > a.height * a.width ? b : a));
  const made = makeMap(largest.height, largest.width, largest.channels);
  for (let i = 0; i < made.data.length; i++) {
    let result = numberAt(maps[0], made, i);
    for (let other = 1; other < maps.length; other++) result = operation(result, numberAt(maps[other], made, i));
    made.data[i] = result;
  }
  return made;
}

function numberAt(map, whole, place) {
  return map.data[map.data.length === whole.data.length ? place : place % map.channels];
}

// Maps of one height and width, their channels one after the other.
export function concatenate(maps) {
  const channels = maps.reduce((sum, map) => sum + map.channels, 0);
  const made = makeMap(maps[0].height, maps[0].width, channels);
  let first = 0;
  for (const map of maps) {
    for (let place = 0; place < map.height * map.width; place++) {
      for (let channel = 0; channel < map.channels; channel++) {
        made.data[place * channels + first + channel] = map.data[place * map.channels + channel];
      }
    }
    first += map.channels;
  }
  return made;
}

// Zeros around a map; `padding` is [[above, below], [left, right]].
export function padWithZeros(map, padding) {
  const made = makeMap(
    map.height + padding[0][0] + padding[0][1],
    map.width + padding[1][0] + padding[1][1],
    map.channels,
  );
  for (let row = 0; row < map.height; row++) {
    const from = row * map.width * map.channels;
    const to = ((row + padding[0][0]) * made.width + padding[1][0]) * map.channels;
    made.data.set(map.data.subarray(from, from + map.width * map.channels), to);
  }
  return made;
}
