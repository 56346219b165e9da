// Colours of numbers, and maps drawn with them.

// Cividis (Nunez, Anderton and Renslow 2018) at nine places, for amounts; blue over white to orange, for signed numbers.
const AMOUNT = ["#00224e", "#123570", "#3b496c", "#575d6d", "#707173", "#8a8678", "#a59c74", "#c3b369", "#fee838"].map(parts);
const SIGNED = ["#053061", "#2166ac", "#4393c3", "#92c5de", "#f7f7f7", "#fdc98a", "#ee8d30", "#c05805", "#7f3b08"].map(parts);

function parts(colour) {
  return [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16));
}

function tableOf(anchors) {
  return Array.from({ length: 256 }, (_, i) => {
    const at = (i / 255) * (anchors.length - 1);
    const [below, share] = [Math.min(Math.floor(at), anchors.length - 2), at - Math.min(Math.floor(at), anchors.length - 2)];
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

// Draws rows of numbers; `at(place)` gives the number of a place, row after row.
export function drawPlane(canvas, height, width, at, scale) {
  const image = sized(canvas, height, width);
  const table = TABLES[scale.kind];
  const factor = 255 / (scale.high - scale.low);
  for (let place = 0; place < height * width; place++) {
    const share = Math.round((at(place) - scale.low) * factor);
    const [red, green, blue] = table[share > 255 ? 255 : share > 0 ? share : 0];
    image.data[4 * place] = red;
    image.data[4 * place + 1] = green;
    image.data[4 * place + 2] = blue;
    image.data[4 * place + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

// Draws one channel of a map.
export function drawChannel(canvas, map, channel, scale) {
  const { data, channels } = map;
  drawPlane(canvas, map.height, map.width, (place) => data[place * channels + channel], scale);
}

// Draws a picture of one or three channels with numbers from 0 to `most`.
export function drawPicture(canvas, map, most) {
  const image = sized(canvas, map.height, map.width);
  for (let place = 0; place < map.height * map.width; place++) {
    for (let c = 0; c < 3; c++) {
      image.data[4 * place + c] = (255 / most) * map.data[place * map.channels + (map.channels === 3 ? c : 0)];
    }
    image.data[4 * place + 3] = 255;
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

function sized(canvas, height, width) {
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  return canvas.getContext("2d").createImageData(width, height);
}
