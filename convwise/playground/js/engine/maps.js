// Feature maps: {height, width, channels, data}, one image, channels last, 32-bit numbers as Keras has them.

export function makeMap(height, width, channels) {
  return { height, width, channels, data: new Float32Array(height * width * channels) };
}

// The same numbers moved from the layout of `dataFormat` into channels last.
export function fromLayout(numbers, shape, dataFormat) {
  const [height, width, channels] = dataFormat === "channels_first" ? [shape[1], shape[2], shape[0]] : shape;
  const map = makeMap(height, width, channels);
  if (dataFormat !== "channels_first") {
    map.data.set(numbers);
    return map;
  }
  const places = height * width;
  for (let channel = 0; channel < channels; channel++) {
    for (let place = 0; place < places; place++) {
      map.data[place * channels + channel] = numbers[channel * places + place];
    }
  }
  return map;
}

// The numbers in the order in which that layout holds them in memory.
export function toLayout(map, dataFormat) {
  if (dataFormat !== "channels_first") return map.data;
  const places = map.height * map.width;
  const numbers = new Float32Array(map.data.length);
  for (let channel = 0; channel < map.channels; channel++) {
    for (let place = 0; place < places; place++) {
      numbers[channel * places + place] = map.data[place * map.channels + channel];
    }
  }
  return numbers;
}

// The shape of one image as Keras prints it in that layout.
export function shapeOf(map, dataFormat) {
  return dataFormat === "channels_first"
    ? [map.channels, map.height, map.width]
    : [map.height, map.width, map.channels];
}

// One channel as a plane of height x width numbers.
export function channelOf(map, channel) {
  const plane = new Float32Array(map.height * map.width);
  for (let place = 0; place < plane.length; place++) plane[place] = map.data[place * map.channels + channel];
  return plane;
}

// Smallest and largest number; a map without numbers has none.
export function rangeOf(numbers) {
  let low = Infinity;
  let high = -Infinity;
  for (const number of numbers) {
    if (number < low) low = number;
    if (number > high) high = number;
  }
  return [low, high];
}
