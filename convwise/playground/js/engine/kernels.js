// Kernels made by hand, which show what a filter can look for: edges in eight directions, a spot, a mean, colours.

const COLOURS = [
  [1, 1, 1],
  [1, -0.5, -0.5],
  [-0.5, 1, -0.5],
  [-0.5, -0.5, 1],
];

// Weights of the shape (height, width, channels in, filters); the absolute values of a filter add up to 1.
export function handMade(shape) {
  const [high, wide, channels, filters] = shape;
  const kernel = new Float32Array(high * wide * channels * filters);
  for (let filter = 0; filter < filters; filter++) {
    let sum = 0;
    const places = [];
    for (let row = 0; row < high; row++) {
      for (let column = 0; column < wide; column++) {
        const [y, x] = [row - (high - 1) / 2, column - (wide - 1) / 2];
        for (let channel = 0; channel < channels; channel++) {
          const place = ((row * wide + column) * channels + channel) * filters + filter;
          const colour = COLOURS[Math.floor(filter / 8) % COLOURS.length][channel % 3];
          kernel[place] = pattern(filter % 8, y, x, high, wide) * colour;
          sum += Math.abs(kernel[place]);
          places.push(place);
        }
      }
    }
    for (const place of places) kernel[place] /= sum || 1;
  }
  return kernel;
}

// The slope of a bell in six directions, a spot on its surroundings, the mean.
function pattern(number, y, x, high, wide) {
  const spread = Math.max(Math.min(high, wide) / 5, 0.5);
  const bell = Math.exp(-(x * x + y * y) / (2 * spread * spread));
  if (number === 7 || high * wide === 1) return 1;
  if (number === 6) return bell - meanBell(high, wide, spread);
  const angle = (number * Math.PI) / 6 + (high === 1 ? 0 : wide === 1 ? Math.PI / 2 : 0);
  return (x * Math.cos(angle) + y * Math.sin(angle)) * bell;
}

function meanBell(high, wide, spread) {
  let sum = 0;
  for (let row = 0; row < high; row++) {
    for (let column = 0; column < wide; column++) {
      const [y, x] = [row - (high - 1) / 2, column - (wide - 1) / 2];
      sum += Math.exp(-(x * x + y * y) / (2 * spread * spread));
    }
  }
  return sum / (high * wide);
}
