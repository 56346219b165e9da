// Violations: what Keras refuses, rule by rule and word by word as convwise/conv2d/rules.py; the tests hold them equal.

import { geometry } from "./geometry.js";
import { axesOf, readNamed } from "./named.js";

const BASE_CONV = "Keras 3, keras/src/layers/convolutional/base_conv.py";
const ACTIVATIONS = "Keras 3, keras/src/activations/activations.py";
const RANDOM_BY_FAN = /^(variance_scaling|(glorot|he|lecun)_(normal|uniform))$/;

// Every violation of complete settings on a map, in the order of the parameters' rules; none means that the layer runs
// and trains. `map` is {height, width, channels}.
export function violations(settings, map) {
  return [
    ...numberRules(settings, map),
    ...initializerRules(settings),
    ...activationRules(settings),
    ...regularizerRule(settings, "activity_regularizer"),
    ...regularizerRule(settings, "kernel_regularizer"),
    ...constraintRules(settings),
    ...(settings.use_bias ? regularizerRule(settings, "bias_regularizer") : []),
  ];
}

// Where a layer that runs computes something else than it should: Keras on TensorFlow adds a bias along the width.
export function wrongResults(settings, map) {
  const found = geometry(settings, map.height, map.width, map.channels);
  const suspect = settings.data_format === "channels_first" && settings.use_bias && found.outputChannels > 1;
  if (!suspect || found.outputSize[1] !== found.outputChannels) return [];
  return [
    refused(
      "bias_over_width",
      ["data_format", "use_bias", "filters"],
      `data_format=channels_first, filters=${found.outputChannels} and an output as many pixels wide: ` +
        "Keras on TensorFlow adds the bias along the width, depending on how the model is called",
      "use data_format=channels_last, use_bias=false, or another number of filters",
      "Keras 3.15.1, keras/src/backend/tensorflow/numpy.py, add",
    ),
  ];
}

function* numberRules(settings, map) {
  const { filters, groups, strides, dilation_rate: dilation } = settings;
  if (Math.max(...strides) > 1 && Math.max(...dilation) > 1) {
    yield refused(
      "strides_with_dilation",
      ["strides", "dilation_rate"],
      `strides=${pair(strides)} and dilation_rate=${pair(dilation)}: Keras takes only one of them above 1`,
      "set strides=1 or dilation_rate=1",
      BASE_CONV,
    );
  }
  if (filters % groups) {
    yield refused(
      "groups_divide_filters",
      ["groups", "filters"],
      `groups=${groups} does not divide filters=${filters}`,
      `choose filters=${nearestMultiple(filters, groups)} or one of groups=${divisors(filters)}`,
      BASE_CONV,
    );
  }
  if (map.channels % groups) {
    yield refused(
      "groups_divide_channels",
      ["groups"],
      `groups=${groups} does not divide the ${map.channels} channels that come in`,
      `choose one of groups=${divisors(map.channels)}`,
      BASE_CONV,
    );
  }
  const found = geometry(settings, map.height, map.width, map.channels);
  if (Math.min(...found.outputSize) < 1) {
    yield refused(
      "window_larger_than_map",
      ["kernel_size", "dilation_rate", "padding"],
      `kernel_size=${pair(settings.kernel_size)} with dilation_rate=${pair(dilation)} spans ` +
        `${pair(found.effectiveWindow)} pixels, the map has ${map.height}x${map.width}, and padding=valid leaves nothing`,
      "use padding=same, a smaller window, or a larger picture",
      "Keras 3, keras/src/ops/operation_utils.py, compute_conv_output_shape",
    );
  }
}

function* initializerRules(settings) {
  const rank = { kernel_initializer: 4, ...(settings.use_bias ? { bias_initializer: 1 } : {}) };
  for (const parameter of Object.keys(rank)) {
    const why = initializerRefused(readNamed(parameter, settings[parameter]), rank[parameter]);
    if (why) {
      yield refused(
        "initializer_shape",
        [parameter],
        `${parameter}=${settings[parameter]}: ${why}`,
        parameter === "bias_initializer" ? "use zeros" : "use glorot_uniform or he_normal",
        "Keras 3, keras/src/initializers",
      );
    }
  }
}

function initializerRefused({ name, arguments: given }, rank) {
  const shape = rank === 4 ? "the kernel has four axes" : "the bias has one axis";
  if (name === "identity") return `an identity matrix has two axes, ${shape}`;
  if (name === "stft") return `Fourier kernels have three axes, ${shape}`;
  if (name === "orthogonal" && rank < 2) return `an orthogonal matrix needs two axes or more, ${shape}`;
  if (!RANDOM_BY_FAN.test(name)) return "";
  const axes = [axesOf(given.input_axes), axesOf(given.output_axes)];
  // Keras looks at the axes only where both are given.
  const missing = axes[0] && axes[1] && axes.flat().some((axis) => axis < -rank || axis >= rank);
  return missing ? `input_axes or output_axes name an axis that is not there, ${shape}` : "";
}

function* regularizerRule(settings, parameter) {
  if (readNamed(parameter, settings[parameter])?.name === "orthogonal_regularizer") {
    yield refused(
      "regularizer_shape",
      [parameter],
      `${parameter}=${settings[parameter]}: it takes a matrix; a kernel and an output have four axes, a bias one`,
      "use l1, l2 or l1_l2",
      "Keras 3, keras/src/regularizers/regularizers.py",
    );
  }
}

function* constraintRules(settings) {
  for (const [parameter, rank] of [
    ["kernel_constraint", 4],
    ["bias_constraint", 1],
  ]) {
    const axes = axesOf(readNamed(parameter, settings[parameter])?.arguments.axis);
    if (!axes || (rank === 1 && !settings.use_bias)) continue;
    const outside = axes.some((axis) => axis < -rank || axis >= rank);
    if (outside || new Set(axes.map((axis) => (axis + rank) % rank)).size < axes.length) {
      yield refused(
        "constraint_axis",
        [parameter],
        `${parameter}=${settings[parameter]}: an axis is twice there or not in the ${rank === 4 ? "kernel" : "bias"}`,
        rank === 4 ? "use axis=0,1,2, a whole filter" : "use axis=0",
        "Keras 3, keras/src/constraints/constraints.py",
      );
    }
  }
}

function* activationRules(settings) {
  const { name, arguments: given } = readNamed("activation", settings.activation);
  if (name === "threshold") {
    yield refused(
      "activation_arguments",
      ["activation"],
      "activation=threshold: the function needs two numbers, which Conv2D cannot hand to it",
      "use relu:threshold=..., or a layer of its own behind the convolution",
      ACTIVATIONS,
    );
  }
  if (name === "glu") {
    yield refused(
      "activation_changes_shape",
      ["activation"],
      "activation=glu: it halves the last axis, while Conv2D announces an output of the full size",
      "use sigmoid or silu, or put glu behind the convolution as a layer of its own",
      ACTIVATIONS,
    );
  }
  const axes = axesOf(given.axis) ?? [];
  if (new Set(axes.map((axis) => (axis + 4) % 4)).size < axes.length) {
    yield refused(
      "activation_axis",
      ["activation"],
      `activation=${settings.activation}: an axis is named twice`,
      "name each axis once",
      ACTIVATIONS,
    );
  }
}

function refused(rule, parameters, message, fix, source) {
  return { rule, severity: "error", message, fix, source, parameters };
}

function pair(sizes) {
  return sizes.join("x");
}

// Python rounds a half to the even number.
function nearestMultiple(number, of) {
  const [below, part] = [Math.floor(number / of), (number / of) % 1];
  const rounded = part > 0.5 || (part === 0.5 && below % 2) ? below + 1 : below;
  return Math.max(1, rounded) * of;
}

export function allDivisors(number) {
  return Array.from({ length: number }, (_, i) => i + 1).filter((divisor) => number % divisor === 0);
}

function divisors(number) {
  const found = allDivisors(number);
  return (found.length <= 6 ? found : [...found.slice(0, 5), found.at(-1)]).join(", ");
}
