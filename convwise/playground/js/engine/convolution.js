// The convolution itself: every forward parameter of Conv2D, on one image.

import { geometry } from "./geometry.js";
import { makeMap } from "./maps.js";

// Sums before the activation. `kernel` lies as Keras's does: (height, width, channels in / groups, filters).
export function convolve(map, settings, kernel, bias) {
  const found = geometry(settings, map.height, map.width, map.channels);
  const [high, wide] = found.outputSize;
  const made = makeMap(high, wide, settings.filters);
  const perGroup = settings.filters / settings.groups;
  const sums = new Float64Array(perGroup);
  for (let group = 0; group < settings.groups; group++) {
    const first = group * perGroup;
    for (let row = 0; row < high; row++) {
      for (let column = 0; column < wide; column++) {
        for (let f = 0; f < perGroup; f++) sums[f] = bias ? bias[first + f] : 0;
        addWindow(map, settings, found, kernel, sums, row, column, group);
        made.data.set(sums, (row * wide + column) * settings.filters + first);
      }
    }
  }
  return made;
}

// Adds to `sums`, a number per filter of the group, what the window at one place gives. Zeros of the padding add nothing.
function addWindow(map, settings, found, kernel, sums, row, column, group) {
  const [tapsDown, tapsAcross, seen, filters] = found.kernelShape;
  const perGroup = sums.length;
  const firstChannel = group * seen;
  const firstFilter = group * perGroup;
  const top = row * settings.strides[0] - found.padding[0][0];
  const left = column * settings.strides[1] - found.padding[1][0];
  for (let tapDown = 0; tapDown < tapsDown; tapDown++) {
    const y = top + tapDown * settings.dilation_rate[0];
    if (y < 0 || y >= map.height) continue;
    for (let tapAcross = 0; tapAcross < tapsAcross; tapAcross++) {
      const x = left + tapAcross * settings.dilation_rate[1];
      if (x < 0 || x >= map.width) continue;
      const place = (y * map.width + x) * map.channels + firstChannel;
      let weight = (tapDown * tapsAcross + tapAcross) * seen * filters + firstFilter;
      for (let channel = 0; channel < seen; channel++) {
        const value = map.data[place + channel];
        for (let f = 0; f < perGroup; f++) sums[f] += value * kernel[weight + f];
        weight += filters;
      }
    }
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
