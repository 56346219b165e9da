// The convolution itself: every forward parameter of Conv2D, on one image.

import { geometry } from "./geometry.js";
import { makeMap } from "./maps.js";

// Sums before the activation. `kernel` lies as Keras's does: (height, width, channels in / groups, filters).
export function convolve(map, settings, kernel, bias) {
  const found = geometry(settings, map.height, map.width, map.channels);
  const [high, wide] = found.outputSize;
  const made = makeMap(high, wide, settings.filters);
  const perGroup = settings.filters / settings.groups;
  const window = new Float64Array(found.kernelShape[0] * found.kernelShape[1] * found.kernelShape[2]);
  for (let group = 0; group < settings.groups; group++) {
    const filters = filtersOf(group, perGroup, window.length, settings.filters, kernel, bias);
    for (let row = 0; row < high; row++) {
      for (let column = 0; column < wide; column++) {
        readWindow(map, settings, found, row, column, group, window);
        multiply(window, filters, made.data, (row * wide + column) * settings.filters + group * perGroup);
      }
    }
  }
  return made;
}

// The weights of a group's filters, those of one filter in a row, and their biases.
function filtersOf(group, perGroup, taps, filters, kernel, bias) {
  const first = group * perGroup;
  const weights = new Float64Array(perGroup * taps);
  for (let f = 0; f < perGroup; f++) {
    for (let tap = 0; tap < taps; tap++) weights[f * taps + tap] = kernel[tap * filters + first + f];
  }
  return {
    n: perGroup,
    weights,
    biases: Float64Array.from({ length: perGroup }, (_, f) => (bias ? bias[first + f] : 0)),
  };
}

// The numbers of the map that the window at one place of the output covers, zeros for those of the padding.
function readWindow(map, settings, found, row, column, group, window) {
  const { data, height, width, channels } = map;
  const [tapsDown, tapsAcross, seen] = found.kernelShape;
  const [gapDown, gapAcross] = settings.dilation_rate;
  const top = row * settings.strides[0] - found.padding[0][0];
  const left = column * settings.strides[1] - found.padding[1][0];
  let tap = 0;
  for (let tapDown = 0; tapDown < tapsDown; tapDown++) {
    const y = top + tapDown * gapDown;
    for (let tapAcross = 0; tapAcross < tapsAcross; tapAcross++) {
      const x = left + tapAcross * gapAcross;
      const inside = y >= 0 && y < height && x >= 0 && x < width;
      const place = (y * width + x) * channels + group * seen;
      for (let channel = 0; channel < seen; channel++) window[tap++] = inside ? data[place + channel] : 0;
    }
  }
}

// One sum of products per filter; four filters at a time, which reads the window a quarter as often.
function multiply(window, { n, weights, biases }, into, at) {
  const taps = window.length;
  let f = 0;
  for (; f + 4 <= n; f += 4) {
    let [a, b, c, d] = [biases[f], biases[f + 1], biases[f + 2], biases[f + 3]];
    for (let tap = 0, weight = f * taps; tap < taps; tap++, weight++) {
      const value = window[tap];
      a += value * weights[weight];
      b += value * weights[weight + taps];
      c += value * weights[weight + 2 * taps];
      d += value * weights[weight + 3 * taps];
    }
    into[at + f] = a;
    into[at + f + 1] = b;
    into[at + f + 2] = c;
    into[at + f + 3] = d;
  }
  for (; f < n; f++) {
    let sum = biases[f];
    for (let tap = 0, weight = f * taps; tap < taps; tap++, weight++) sum += window[tap] * weights[weight];
    into[at + f] = sum;
  }
}

// How one output number came about: each tap's place, channel, value and weight; values outside the map are zeros.
export function traceOutput(map, settings, kernel, bias, place) {
  const found = geometry(settings, map.height, map.width, map.channels);
  const [tapsDown, tapsAcross, seen, filters] = found.kernelShape;
  const group = Math.floor(place.filter / (filters / settings.groups));
  const top = place.row * settings.strides[0] - found.padding[0][0];
  const left = place.column * settings.strides[1] - found.padding[1][0];
  const taps = [];
  let sum = bias ? bias[place.filter] : 0;
  for (let channel = 0; channel < seen; channel++) {
    for (let tapDown = 0; tapDown < tapsDown; tapDown++) {
      for (let tapAcross = 0; tapAcross < tapsAcross; tapAcross++) {
        const y = top + tapDown * settings.dilation_rate[0];
        const x = left + tapAcross * settings.dilation_rate[1];
        const inside = y >= 0 && x >= 0 && y < map.height && x < map.width;
        const from = group * seen + channel;
        const value = inside ? map.data[(y * map.width + x) * map.channels + from] : 0;
        const weight = kernel[((tapDown * tapsAcross + tapAcross) * seen + channel) * filters + place.filter];
        sum += value * weight;
        taps.push({ tapDown, tapAcross, y, x, inside, channel: from, value, weight, product: value * weight });
      }
    }
  }
  return { top, left, window: found.effectiveWindow, taps, bias: bias ? bias[place.filter] : 0, sum };
}
