// The arithmetic of a convolution, as convwise/conv2d/geometry.py has it: window, output size, padding, weights, work.

export function effectiveWindow(kernel, dilation) {
  return dilation * (kernel - 1) + 1;
}

// Height or width of the output; 0 where a "valid" window is larger than the map.
export function outputSize(size, kernel, stride, padding, dilation) {
  if (padding === "same") return Math.ceil(size / stride);
  return Math.max(0, Math.floor((size - effectiveWindow(kernel, dilation)) / stride) + 1);
}

// Zeros [before, after] along one axis for "same": the odd one comes after.
export function samePadding(size, kernel, stride, dilation) {
  const steps = outputSize(size, kernel, stride, "same", dilation) - 1;
  const total = Math.max(0, steps * stride + effectiveWindow(kernel, dilation) - size);
  return [Math.floor(total / 2), total - Math.floor(total / 2)];
}

// What one convolution does to a map; illegal settings have a geometry too.
export function geometry(settings, height, width, channels) {
  const sizes = [height, width];
  const kernel = settings.kernel_size;
  const axes = [0, 1];
  const outputs = axes.map((i) =>
    outputSize(sizes[i], kernel[i], settings.strides[i], settings.padding, settings.dilation_rate[i]),
  );
  const windows = axes.map((i) => effectiveWindow(kernel[i], settings.dilation_rate[i]));
  const padding = axes.map((i) =>
    settings.padding === "same"
      ? samePadding(sizes[i], kernel[i], settings.strides[i], settings.dilation_rate[i])
      : [0, 0],
  );
  const kernelShape = [kernel[0], kernel[1], Math.floor(channels / settings.groups), settings.filters];
  const kernelWeights = kernelShape.reduce((product, side) => product * side, 1);
  return {
    outputSize: outputs,
    outputChannels: settings.filters,
    effectiveWindow: windows,
    padding,
    kernelShape,
    weights: kernelWeights + (settings.use_bias ? settings.filters : 0),
    multiplyAdds: outputs[0] * outputs[1] * kernelWeights,
    outputShape:
      settings.data_format === "channels_first" ? [settings.filters, ...outputs] : [...outputs, settings.filters],
  };
}

// The formula of the output's size along one axis, with the numbers put in.
export function shapeFormula(settings, size, axis) {
  const [kernel, stride] = [settings.kernel_size[axis], settings.strides[axis]];
  const dilation = settings.dilation_rate[axis];
  const made = outputSize(size, kernel, stride, settings.padding, dilation);
  if (settings.padding === "same") return `same: ⌈${size} / ${stride}⌉ = ${made}`;
  if (effectiveWindow(kernel, dilation) > size) {
    return `valid: a window of ${effectiveWindow(kernel, dilation)} does not fit into ${size}`;
  }
  return `valid: ⌊(${size} − ${dilation}·(${kernel} − 1) − 1) / ${stride}⌋ + 1 = ${made}`;
}
