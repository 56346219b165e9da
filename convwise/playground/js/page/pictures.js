// Pictures to look at: samples drawn by convwise, patterns made here, and one's own, which never leaves the machine.

import { makeMap } from "../engine/maps.js";

// Name -> colour of a place, from 0 to 1, where y and x run from 0 to 1 and `pixel` is {row, column, size}.
const PATTERNS = {
  point: (y, x, { row, column, size }) => Number(row === size >> 1 && column === size >> 1),
  edge: (y, x) => (x < 0.5 ? 0.15 : 0.85),
  slope: (y, x) => x,
  checks: (y, x) => ((Math.floor(y * 8) + Math.floor(x * 8)) % 2 ? 0.85 : 0.15),
  circles: (y, x) => 0.5 + 0.5 * Math.cos(160 * ((y - 0.5) ** 2 + (x - 0.5) ** 2)),
};

export const PATTERN_NAMES = {
  point: "a single bright pixel",
  edge: "an edge",
  slope: "a slope from dark to light",
  checks: "checks",
  circles: "circles, finer outwards",
};

// A map of size x size px with one or three channels and numbers from 0 to `most`. `source` is a name of a pattern or
// {height, width, data} with red, green and blue from 0 to 255.
export function pictureOf(source, height, width, channels, most) {
  const colours = typeof source === "string" ? patternOf(source, height, width) : resized(source, height, width);
  const map = makeMap(height, width, channels);
  for (let place = 0; place < height * width; place++) {
    const [red, green, blue] = colours.subarray(3 * place, 3 * place + 3);
    if (channels === 1)
      map.data[place] = (0.299 * red + 0.587 * green + 0.114 * blue) * most; // ITU-R BT.601
    else map.data.set([red * most, green * most, blue * most], 3 * place);
  }
  return map;
}

function patternOf(name, height, width) {
  const colours = new Float32Array(3 * height * width);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const light = PATTERNS[name]((row + 0.5) / height, (column + 0.5) / width, { row, column, size: height });
      colours.fill(light, 3 * (row * width + column), 3 * (row * width + column) + 3);
    }
  }
  return colours;
}

// Each new pixel is the mean of those that it covers, or lies between its neighbours where the picture grows.
function resized({ height, width, data }, high, wide) {
  const across = weightsAlong(width, wide);
  const down = weightsAlong(height, high);
  const colours = new Float32Array(3 * high * wide);
  for (let row = 0; row < high; row++) {
    for (let column = 0; column < wide; column++) {
      for (const [y, share] of down[row]) {
        for (const [x, part] of across[column]) {
          for (let c = 0; c < 3; c++) {
            colours[3 * (row * wide + column) + c] += (share * part * data[3 * (y * width + x) + c]) / 255;
          }
        }
      }
    }
  }
  return colours;
}

// For each new place [old place, share] pairs that add up to 1.
function weightsAlong(from, to) {
  return Array.from({ length: to }, (_, i) => {
    const shares = new Map();
    const add = (place, share) => {
      const inside = Math.min(from - 1, Math.max(0, place));
      if (share > 0) shares.set(inside, (shares.get(inside) ?? 0) + share);
    };
    if (to >= from) {
      const at = ((i + 0.5) * from) / to - 0.5;
      add(Math.floor(at), 1 - (at - Math.floor(at)));
      add(Math.floor(at) + 1, at - Math.floor(at));
    } else {
      const [first, last] = [(i * from) / to, ((i + 1) * from) / to];
      for (let place = Math.floor(first); place < last; place++) {
        add(place, ((Math.min(place + 1, last) - Math.max(place, first)) * to) / from);
      }
    }
    return [...shares];
  });
}

// Base64 of red, green, blue bytes -> a source for `pictureOf`.
export function sampleFrom({ height, width, rgb }) {
  return { height, width, data: Uint8Array.from(atob(rgb), (letter) => letter.charCodeAt(0)) };
}

// A picture file -> a source for `pictureOf`, at most 256 px per side. Throws Error where it is none.
export async function sourceOfFile(file) {
  const image = await createImageBitmap(file).catch(() => {
    throw new Error(`${file.name}: the browser cannot read it as a picture`);
  });
  const share = Math.min(1, 256 / Math.max(image.width, image.height));
  const [width, height] = [image.width, image.height].map((side) => Math.max(1, Math.round(side * share)));
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [width, height];
  const context = canvas.getContext("2d");
  context.drawImage(image, 0, 0, width, height);
  const { data } = context.getImageData(0, 0, width, height);
  const rgb = new Uint8Array(3 * width * height);
  for (let place = 0; place < width * height; place++) rgb.set(data.subarray(4 * place, 4 * place + 3), 3 * place);
  return { height, width, data: rgb };
}
