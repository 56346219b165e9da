// Colours of numbers, and maps drawn with them.

// Cividis (Nunez, Anderton and Renslow 2018) at nine places, for amounts; blue over white to orange, for signs.
const AMOUNT = ["#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#c3b369", "#fee838"].map(
  parts,
);
const SIGNED = ["#053061", "#2166ac", "#4393c3", "#92c5de", "#f7f7f7", "#fdc98a", "#ee8d30", "#c05805", "#7f3b08"].map(
  parts,
);

function parts(colour) {
  return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
}

function tableOf(anchors) {
  return Array.from({ length: 256 }, (_, i) => {
    const at = (i / 255) * (anchors.length - 1);
    const [below, share] = [
      Math.min(Math.floor(at), anchors.length - 2),
      at - Math.min(Math.floor(at), anchors.length - 2),
    ];
    return anchors[below].map((part, c) => Math.round(part + share * (anchors[below + 1][c] - part)));
  });
}

const TABLES = { amount: tableOf(AMOUNT), signed: tableOf(SIGNED) };

// {kind, low, high}: amounts from 0 where no number is negative, else signed numbers around zero.
export function scaleFor(low, high) {
  const most = Math.max(Math.abs(low), Math.abs(high)) || 1;
  if (low >= 0) return { kind: "amount", low: 0, high: high || 1 };
  return { kind: "signed", low: -most, high: most };
}

export function colourOf(number, scale) {
  const share = (number - scale.low) / (scale.high - scale.low);
  return TABLES[scale.kind][Math.min(255, Math.max(0, Math.round(share * 255)))];
}

export function cssColour(number, scale) {
  return `rgb(${colourOf(number, scale).join(" ")})`;
}

// Black or white, whichever is read better on that colour.
export function inkOn([red, green, blue]) {
  const light = (part) => (part / 255 <= 0.04045 ? part / 255 / 12.92 : ((part / 255 + 0.055) / 1.055) ** 2.4);
  return 0.2126 * light(red) + 0.7152 * light(green) + 0.0722 * light(blue) > 0.179 ? "#000" : "#fff";
}

// The colours as the bytes of a pixel lie in memory: red, green, blue, opaque.
const PIXELS = Object.fromEntries(Object.entries(TABLES).map(([kind, table]) => [kind, packed(table)]));

function packed(table) {
  const bytes = new Uint8Array(4 * table.length);
  table.forEach((colour, i) => bytes.set([...colour, 255], 4 * i));
  return new Uint32Array(bytes.buffer);
}

// Draws rows of numbers; `at(place)` gives the number of a place, row after row.
export function drawPlane(canvas, height, width, at, scale) {
  put(canvas, paint(height, width, at, scale));
}

function paint(height, width, at, scale) {
  const { image, pixels } = sheetFor(height, width);
  const colours = PIXELS[scale.kind];
  const factor = 255 / (scale.high - scale.low);
  for (let place = 0; place < height * width; place++) {
    const share = Math.round((at(place) - scale.low) * factor);
    pixels[place] = colours[share > 255 ? 255 : share > 0 ? share : 0];
  }
  return image;
}

// The same into the middle of a canvas of a size of its own: to give many canvases another size takes the browser long.
export function drawFitted(canvas, height, width, at, scale) {
  const scratch = scratchFor(height, width);
  put(scratch, paint(height, width, at, scale));
  const share = Math.min(canvas.height / height, canvas.width / width);
  const [high, wide] = [height * share, width * share];
  const context = canvas.getContext("2d");
  context.imageSmoothingEnabled = false;
  context.clearRect(0, 0, canvas.width, canvas.height);
  context.drawImage(scratch, (canvas.width - wide) / 2, (canvas.height - high) / 2, wide, high);
}

const scratches = new Map(); // size -> a canvas that is never shown

function scratchFor(height, width) {
  const key = `${height}x${width}`;
  if (!scratches.has(key)) scratches.set(key, document.createElement("canvas"));
  return scratches.get(key);
}

// Draws one channel of a map.
export function drawChannel(canvas, map, channel, scale) {
  const { data, channels } = map;
  drawPlane(canvas, map.height, map.width, (place) => data[place * channels + channel], scale);
}

// Draws a picture of one or three channels with numbers from 0 to `most`.
export function drawPicture(canvas, map, most) {
  const { image } = sheetFor(map.height, map.width);
  for (let place = 0; place < map.height * map.width; place++) {
    for (let c = 0; c < 3; c++) {
      image.data[4 * place + c] = (255 / most) * map.data[place * map.channels + (map.channels === 3 ? c : 0)];
    }
    image.data[4 * place + 3] = 255;
  }
  put(canvas, image);
}

const sheets = new Map(); // size -> pixels to draw on, used again for every canvas of that size

function sheetFor(height, width) {
  const key = `${height}x${width}`;
  if (!sheets.has(key)) {
    const image = new ImageData(width, height);
    sheets.set(key, { image, pixels: new Uint32Array(image.data.buffer) });
  }
  return sheets.get(key);
}

function put(canvas, image) {
  if (canvas.width !== image.width || canvas.height !== image.height) {
    canvas.width = image.width;
    canvas.height = image.height;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}
