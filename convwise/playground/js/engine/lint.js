// Findings about a graph of layers, by rules of convwise/nets/lint under their names: those that need no more than the
// graph, word by word; the tests hold them equal.

import { CATALOGUE } from "../generated/catalogue.js";
import { effectiveWindow, samePadding } from "./geometry.js";
import { kindOf, readNamed } from "./named.js";

const TUTORIAL = "Rosebrock, Keras Conv2D and Convolutional Layers, PyImageSearch 2018";
const DUMOULIN = "Dumoulin and Visin 2016, A guide to convolution arithmetic for deep learning";
const LINEAR = ["AveragePooling2D", "BatchNormalization", "Dropout", "Identity", "Rescaling", "ZeroPadding2D"];
const POINTWISE_KINDS = ["Activation", "BatchNormalization", "Dropout", "Identity", "Rescaling"];
const POOLING = ["MaxPooling2D", "AveragePooling2D"];
const LARGE_PICTURE = 128;

// [{rule, severity, layers, message, fix, source}]; `layers` are numbers of nodes.
export function findingsOf(graph, rows, picture) {
  if (rows.some((row) => row.shape === null)) return []; // what is refused is said by its own rule
  const context = contextOf(graph, rows, picture);
  return RULES.flatMap((rule) => [...rule(context)]);
}

function contextOf({ nodes }, rows, picture) {
  const convolutions = nodes.flatMap((node, i) => (node.kind === "Conv2D" ? [i] : []));
  const followers = nodes.map((_, i) => nodes.flatMap((node, n) => (node.inputs.includes(i) ? [n] : [])));
  const looking = convolutions.filter((i) => Math.max(...nodes[i].settings.kernel_size) > 1);
  return { nodes, rows, picture, convolutions, followers, looking };
}

const RULES = [
  beyondPicture,
  tapsOnPaddingOnly,
  neverShrunk,
  denseAfterFlatten,
  firstWindow,
  evenWindow,
  unitsNeverSeen,
  strideSkipsUnits,
  linearBetween,
  activationTwice,
  biasBeforeNorm,
  biasParameterWithoutBias,
  penaltyOutsideRange,
  activityPenalty,
  unusualConstraint,
];

function finding(rule, severity, layers, message, fix, source) {
  return { rule, severity, layers, message, fix, source };
}

function* beyondPicture({ nodes, rows, picture, looking }) {
  const sees = (i) => {
    const [input] = nodes[i].inputs;
    const field = input < 0 ? { size: [1, 1], stride: [1, 1] } : rows[input].field;
    return field && field.stride[0] > 0 && field.size[0] >= picture.height && field.size[1] >= picture.width;
  };
  const idle = looking.filter(sees);
  if (!idle.length) return;
  const share = (key) => percent(idle.reduce((sum, i) => sum + rows[i][key], 0) / rows.reduce((sum, row) => sum + row[key], 0));
  yield finding(
    "receptive_field_beyond_image",
    "note",
    idle,
    `${idle.length} of ${looking.length} convolutions larger than 1x1 (${listed(nodes, idle)}) already receive input covering ` +
      `the whole ${spaced([picture.height, picture.width])} px image: they add little, with ${share("weights")} % of the ` +
      `weights and ${share("multiplyAdds")} % of the multiply-adds`,
    "larger images, or a network with fewer layers behind the first of these",
    "Richter et al. 2021, (Input) size matters for CNN classifiers, ICANN (border layers)",
  );
}

function* tapsOnPaddingOnly({ nodes, rows, looking }) {
  const found = looking.filter((i) => liveShare(nodes[i].settings, rows[i].inputShapes[0]) < 1);
  if (!found.length) return;
  const { settings } = nodes[found[0]];
  const [map] = rows[found[0]].inputShapes;
  yield finding(
    "taps_on_padding_only",
    "warning",
    found,
    `${listed(nodes, found)}: on a map of ${spaced([map.height, map.width])} units ${percent(1 - liveShare(settings, map))} % of ` +
      `the weights of a ${spaced(settings.kernel_size)} window only ever meet zeros and learn nothing`,
    "kernel_size=1, or larger images",
    `${DUMOULIN}; counted exactly`,
  );
}

function liveShare(settings, map) {
  const live = [map.height, map.width].map((size, i) => liveTaps(settings, i, size) / settings.kernel_size[i]);
  return live[0] * live[1];
}

function liveTaps({ kernel_size: kernel, strides, dilation_rate: dilation, padding }, i, size) {
  if (padding !== "same") return kernel[i];
  const [before] = samePadding(size, kernel[i], strides[i], dilation[i]);
  const starts = Array.from({ length: Math.ceil(size / strides[i]) }, (_, unit) => unit * strides[i] - before);
  const taps = Array.from({ length: kernel[i] }, (_, tap) => tap * dilation[i]);
  return taps.filter((tap) => starts.some((start) => start + tap >= 0 && start + tap < size)).length;
}

function* neverShrunk({ nodes, rows, picture, looking }) {
  const end = nodes.findIndex((node) => node.kind === "Flatten" || node.kind.startsWith("Global"));
  if (end < 0 || !looking.some((i) => i < end)) return;
  const [input] = nodes[end].inputs;
  const field = input < 0 ? null : rows[input].field;
  if (!field || String(field.stride) !== "1,1") return;
  const [map] = rows[end].inputShapes;
  yield finding(
    "map_never_shrunk",
    "warning",
    [end],
    `${nodes[end].name} takes a map of ${spaced([map.height, map.width])} units: nothing has shrunk the ` +
      `${spaced([picture.height, picture.width])} px image before it, so every layer works at full size`,
    "strides=2 in a convolution, or a pooling layer",
    `${TUTORIAL} (strides, pooling); He and Sun 2015, Convolutional neural networks at constrained time cost`,
  );
}

function* denseAfterFlatten({ nodes, rows }) {
  const all = rows.reduce((sum, row) => sum + row.weights, 0);
  for (const [i, node] of nodes.entries()) {
    if (node.kind !== "Dense" || rows[i].weights / all <= 0.8 || !flatBehind(nodes, i)) continue;
    yield finding(
      "dense_after_flatten",
      "warning",
      [i],
      `${grouped(rows[i].weights)} of ${grouped(all)} weights (${percent(rows[i].weights / all)} %) are in ${node.name}, which ` +
        "takes a flattened map",
      "global average pooling in place of flattening, or shrink the map once more before it",
      "Lin, Chen and Yan 2013, Network in network, section 3.2",
    );
  }
}

function flatBehind(nodes, i) {
  let [at] = nodes[i].inputs;
  while (at >= 0 && POINTWISE_KINDS.includes(nodes[at].kind)) [at] = nodes[at].inputs;
  return at >= 0 && nodes[at].kind === "Flatten";
}

function* firstWindow({ nodes, picture, convolutions }) {
  const behind = []; // whether a convolution stands before a node
  nodes.forEach((node) => behind.push(node.inputs.some((n) => n >= 0 && (behind[n] || nodes[n].kind === "Conv2D"))));
  const largest = (i) => Math.max(...nodes[i].settings.kernel_size);
  const firsts = convolutions.filter((i) => !behind[i]);
  if (!firsts.length) return;
  const first = firsts.reduce((a, b) => (largest(b) > largest(a) ? b : a)); // of branches side by side, the largest
  const window = Math.max(...nodes[first].settings.kernel_size);
  const side = Math.min(picture.height, picture.width);
  const large = side > LARGE_PICTURE;
  if (large ? window >= 5 : window <= 3) return;
  const sides = picture.height === picture.width ? picture.height : spaced([picture.height, picture.width]);
  yield finding(
    "first_window",
    "note",
    [first],
    `the first window is ${spaced(nodes[first].settings.kernel_size)} on images of ${sides} px; for images ` +
      `${large ? "above" : "up to"} ${LARGE_PICTURE} px the tutorial advises ${large ? "5 or 7 first, then 3" : "1 and 3 only"}: ` +
      "a claim to measure",
    `kernel_size=${large ? 7 : 3}`,
    `${TUTORIAL} (kernel_size)`,
  );
}

function* evenWindow({ nodes, convolutions }) {
  const found = convolutions.filter((i) =>
    nodes[i].settings.kernel_size.some((k, axis) => k % 2 === 0 && nodes[i].settings.strides[axis] !== k),
  );
  if (!found.length) return;
  yield finding(
    "even_window",
    "warning",
    found,
    `the window of ${listed(nodes, found)} is ${spaced(nodes[found[0]].settings.kernel_size)}: it has no centre, and each such ` +
      "layer shifts the map by half a unit",
    `kernel_size=${Math.max(...nodes[found[0]].settings.kernel_size) + 1}`,
    `${TUTORIAL} (kernel_size); Wu et al. 2019, Convolution with even-sized kernels, section 3`,
  );
}

// The window and step of a layer that slides, or null.
function sliding(node) {
  if (node.kind === "Conv2D") {
    const { kernel_size: kernel, dilation_rate: dilation, strides, padding } = node.settings;
    return { extent: kernel.map((k, i) => effectiveWindow(k, dilation[i])), strides, padding };
  }
  if (!POOLING.includes(node.kind)) return null;
  return { extent: node.config.pool_size, strides: node.config.strides, padding: node.config.padding };
}

function* unitsNeverSeen({ nodes, rows }) {
  const found = [];
  nodes.forEach((node, i) => {
    const slides = sliding(node);
    if (!slides || slides.padding !== "valid") return;
    const [map] = rows[i].inputShapes;
    const before = nodes[node.inputs[0]];
    const zeros = before?.kind === "ZeroPadding2D" ? before.config.padding.map((pair) => pair[1]) : [0, 0];
    const rests = [map.height, map.width].map((size, axis) => ((size - slides.extent[axis]) % slides.strides[axis]) - zeros[axis]);
    if (Math.max(...rests) > 0 && slides.extent.every((extent, axis) => extent >= slides.strides[axis])) {
      found.push({ i, rests: rests.map((rest) => Math.max(rest, 0)), map });
    }
  });
  if (!found.length) return;
  const [{ i, rests, map }, ...others] = found;
  const more = others.length ? `; likewise ${listed(nodes, others.map((each) => each.i))}` : "";
  yield finding(
    "units_never_seen",
    "note",
    found.map((each) => each.i),
    `${nodes[i].name} never reads the last ${rests[0]} of ${map.height} rows and the last ${rests[1]} of ${map.width} columns of ` +
      `its input${more}`,
    "padding=same, or another image size",
    `${DUMOULIN}, section 2.4`,
  );
}

function* strideSkipsUnits({ nodes }) {
  const found = nodes.flatMap((node, i) => (sliding(node)?.strides.some((s, axis) => s > sliding(node).extent[axis]) ? [i] : []));
  if (!found.length) return;
  const { extent, strides } = sliding(nodes[found[0]]);
  const share = extent.reduce((product, each, axis) => product * Math.min(1, each / strides[axis]), 1);
  yield finding(
    "stride_skips_units",
    "note",
    found,
    `${listed(nodes, found)}: the stride ${spaced(strides)} is larger than the window, which uses ${percent(share)} % of the ` +
      "units and skips the others",
    `kernel_size=${Math.max(...strides) + 1}, or average pooling of that stride before it`,
    "He T. et al. 2019, Bag of tricks for image classification, section 4",
  );
}

function* linearBetween({ nodes }) {
  const origin = new Map(); // a node -> the convolution whose sums it still is
  const pairs = [];
  nodes.forEach((node, i) => {
    const behind = origin.get(node.inputs[0]);
    if (node.kind === "Conv2D" && Math.max(...node.settings.kernel_size) > 1 && node.settings.groups === 1) {
      if (behind !== undefined) pairs.push([behind, i]);
      if (node.settings.activation === "linear") origin.set(i, i);
    } else if (behind !== undefined && (LINEAR.includes(node.kind) || node.config?.activation === "linear")) {
      origin.set(i, behind);
    }
  });
  if (!pairs.length) return;
  const more = pairs.length > 1 ? `, and ${pairs.length - 1} more such pairs` : "";
  yield finding(
    "linear_between_convolutions",
    "note",
    [...new Set(pairs.map((pair) => pair[0]))],
    `there is no activation between ${nodes[pairs[0][0]].name} and ${nodes[pairs[0][1]].name}${more}: together they are one ` +
      "linear function",
    "activation=relu",
    "Goodfellow, Bengio and Courville 2016, Deep Learning, section 6.1",
  );
}

function* activationTwice({ nodes, followers }) {
  const found = nodes.flatMap((node, i) => {
    const own = node.settings?.activation ?? (node.kind === "Dense" ? node.config.activation : "linear");
    if (!["relu", "sigmoid", "tanh", "softmax"].includes(own)) return [];
    return followers[i].filter((n) => nodes[n].kind === "Activation" && nodes[n].config.activation.split(":")[0] === own);
  });
  if (!found.length) return;
  yield finding(
    "activation_twice",
    "note",
    found,
    `${listed(nodes, found)}: the layer before already applies the same activation`,
    "remove one of the two",
    "relu(relu(x)) = relu(x); of the others Glorot and Bengio 2010, section 3 (saturation)",
  );
}

function* biasBeforeNorm({ nodes, convolutions, followers }) {
  const found = convolutions.filter(
    (i) =>
      nodes[i].settings.use_bias &&
      nodes[i].settings.activation === "linear" &&
      followers[i].length > 0 &&
      followers[i].every((n) => nodes[n].kind === "BatchNormalization"),
  );
  if (!found.length) return;
  const n = found.reduce((sum, i) => sum + nodes[i].settings.filters, 0);
  yield finding(
    "bias_before_batch_norm",
    "note",
    found,
    `${listed(nodes, found)}: batch normalisation follows at once and subtracts the mean, so the ${grouped(n)} biases have no ` +
      "effect in training",
    "use_bias=false",
    "Ioffe and Szegedy 2015, Batch normalization, section 3.2",
  );
}

function* biasParameterWithoutBias({ nodes, convolutions }) {
  for (const parameter of ["bias_regularizer", "bias_constraint", "bias_initializer"]) {
    const idle = ["none", "zeros"];
    const found = convolutions.filter((i) => !nodes[i].settings.use_bias && !idle.includes(nodes[i].settings[parameter]));
    if (!found.length) continue;
    yield finding(
      "bias_parameter_without_bias",
      "warning",
      found,
      `${listed(nodes, found)}: ${parameter} is set while use_bias is false, so it has no effect`,
      "use_bias=true",
      "Keras, Conv2D, argument use_bias",
    );
  }
}

function* penaltyOutsideRange({ nodes, convolutions }) {
  const factor = (i) => readNamed("kernel_regularizer", nodes[i].settings.kernel_regularizer)?.arguments.l2;
  const found = convolutions.filter((i) => factor(i) !== undefined && !(factor(i) >= 1e-4 * 0.999 && factor(i) <= 1e-3 * 1.001));
  if (!found.length) return;
  yield finding(
    "l2_outside_range",
    "note",
    found,
    `${listed(nodes, found)}: L2 of ${factor(found[0])}; the tutorial's range is 0.0001 to 0.001`,
    "kernel_regularizer=l2:0.0005",
    `${TUTORIAL} (kernel_regularizer)`,
  );
}

function* activityPenalty(context) {
  yield* givenFor(context, "activity_regularizer", ["activity_regularizer"], "with every batch");
}

function* unusualConstraint(context) {
  yield* givenFor(context, "unusual_constraint", ["kernel_constraint", "bias_constraint"], "after each step");
}

function* givenFor({ nodes, convolutions }, rule, parameters, when) {
  for (const parameter of parameters) {
    const found = convolutions.filter((i) => nodes[i].settings[parameter] !== "none");
    if (!found.length) continue;
    const { name } = readNamed(parameter, nodes[found[0]].settings[parameter]);
    yield finding(
      rule,
      "note",
      found,
      `${listed(nodes, found)}: ${parameter} is ${CATALOGUE[kindOf(parameter)][name].kerasName}, which acts ${when}; the tutorial ` +
        "advises leaving it alone without a specific reason",
      `${parameter}=none`,
      `${TUTORIAL} (${parameter})`,
    );
  }
}

// Names in a sentence: the first two, and how many more.
function listed(nodes, numbers) {
  const names = numbers.map((i) => nodes[i].name);
  if (names.length > 3) return `${names[0]}, ${names[1]} and ${names.length - 2} more`;
  return names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names.at(-1)}` : names[0];
}

function spaced(sizes) {
  return sizes.join(" x ");
}

function grouped(number) {
  return number.toLocaleString("en-US");
}

// As Python writes `{100 * share:.0f}`: a half to the even number.
function percent(share) {
  const [below, part] = [Math.floor(100 * share), (100 * share) % 1];
  return part > 0.5 || (part === 0.5 && below % 2) ? below + 1 : below;
}
