// Findings about the settings of layers: activations, biases, penalties, constraints, dense layers.

import { CATALOGUE } from "../generated/catalogue.js";
import { finding, grouped, listed, percent, TUTORIAL } from "./lint_words.js";
import { kindOf, readNamed } from "./named.js";

const LINEAR = ["AveragePooling2D", "BatchNormalization", "Dropout", "Identity", "Rescaling", "ZeroPadding2D"];
const POINTWISE_KINDS = ["Activation", "BatchNormalization", "Dropout", "Identity", "Rescaling"];

export function* denseAfterFlatten({ nodes, rows }) {
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

export function* linearBetween({ nodes }) {
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

export function* activationTwice({ nodes, followers }) {
  const found = nodes.flatMap((node, i) => {
    const own = node.settings?.activation ?? (node.kind === "Dense" ? node.config.activation : "linear");
    if (!["relu", "sigmoid", "tanh", "softmax"].includes(own)) return [];
    return followers[i].filter(
      (n) => nodes[n].kind === "Activation" && nodes[n].config.activation.split(":")[0] === own,
    );
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

export function* biasBeforeNorm({ nodes, convolutions, followers }) {
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

export function* biasParameterWithoutBias({ nodes, convolutions }) {
  for (const parameter of ["bias_regularizer", "bias_constraint", "bias_initializer"]) {
    const idle = ["none", "zeros"];
    const found = convolutions.filter(
      (i) => !nodes[i].settings.use_bias && !idle.includes(nodes[i].settings[parameter]),
    );
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

export function* penaltyOutsideRange({ nodes, convolutions }) {
  const factor = (i) => readNamed("kernel_regularizer", nodes[i].settings.kernel_regularizer)?.arguments.l2;
  const found = convolutions.filter(
    (i) => factor(i) !== undefined && !(factor(i) >= 1e-4 * 0.999 && factor(i) <= 1e-3 * 1.001),
  );
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

export function* activityPenalty(context) {
  yield* givenFor(context, "activity_regularizer", ["activity_regularizer"], "with every batch");
}

export function* unusualConstraint(context) {
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
