// A graph of layers: shapes, weights, work, memory and fields of each, from the picture to the end.
//
// A graph is {nodes}; a node is {name, kind, inputs, settings | config}. `inputs` are numbers of earlier nodes, -1 is
// the picture. A shape is {height, width, channels, flat}; where a rule is broken it is null, and behind it nothing is
// known.

import { fieldBehind, fieldNumbers, PICTURE_FIELD } from "./fields.js";
import { geometry, outputSize } from "./geometry.js";
import { violations, wrongResults } from "./rules.js";

const MERGES = ["Add", "Average", "Maximum", "Multiply", "Subtract"];
const SAME = ["Activation", "BatchNormalization", "Dropout", "Identity", "Permute", "Rescaling"];
const NO_MEMORY = ["Dropout", "Identity", "Flatten"]; // their output is their input's memory
const SIDES = ["height", "width", "channels"];
const BYTES = 4;

// For each node {shape, inputShapes, weights, multiplyAdds, bytes, field, problems}.
export function rowsOf(graph, picture) {
  const rows = [];
  const fields = [];
  for (const node of graph.nodes) {
    const inputShapes = node.inputs.map((input) => (input < 0 ? picture : rows[input].shape));
    const seen = node.inputs.map((input) => (input < 0 ? PICTURE_FIELD : fields[input]));
    const known = inputShapes.every((shape) => shape !== null);
    const problems = known ? problemsOf(node, inputShapes) : [];
    const shape = known && problems.every((each) => each.severity !== "error") ? shapeBehind(node, inputShapes) : null;
    const field = shape ? fieldBehind(node, seen, inputShapes) : null;
    fields.push(field);
    rows.push({
      shape,
      inputShapes,
      problems,
      ...(shape ? costs(node, inputShapes, shape) : { weights: null, multiplyAdds: null, bytes: null }),
      field: fieldNumbers(field, picture),
    });
  }
  return rows;
}

function problemsOf(node, [shape, ...others]) {
  if (node.kind === "Conv2D") return [...violations(node.settings, shape), ...wrongResults(node.settings, shape)];
  if (node.kind === "MaxPooling2D" || node.kind === "AveragePooling2D") {
    const { pool_size: size, strides, padding } = node.config;
    const fits = [shape.height, shape.width].every((side, i) => outputSize(side, size[i], strides[i], padding, 1) > 0);
    if (!fits) {
      return [
        problem(
          "window_larger_than_map",
          `pool_size=${size.join("x")}: the map has ${shape.height}x${shape.width}, and padding=valid leaves nothing`,
          "use padding=same or a smaller window",
        ),
      ];
    }
  }
  if (MERGES.includes(node.kind) || node.kind === "Concatenate") return mergeProblems(node, [shape, ...others]);
  return [];
}

function mergeProblems(node, shapes) {
  const sizes = new Set(shapes.map((shape) => `${shape.height}x${shape.width}`));
  const spread = node.kind !== "Concatenate" && shapes.some((shape) => shape.height * shape.width === 1);
  const channels = new Set(shapes.map((shape) => shape.channels));
  if ((sizes.size === 1 || spread) && (node.kind === "Concatenate" || channels.size === 1)) return [];
  const listed = shapes.map((shape) => `${shape.height}x${shape.width}x${shape.channels}`).join(" and ");
  const what = node.kind === "Concatenate" ? "joined" : "put together";
  return [
    problem("maps_do_not_fit", `maps of ${listed} cannot be ${what}`, "take back the change of a layer before it"),
  ];
}

function problem(rule, message, fix) {
  return { rule, severity: "error", message, fix, source: "Keras 3", parameters: [] };
}

function shapeBehind(node, shapes) {
  const [shape] = shapes;
  if (node.kind === "Conv2D") {
    const [height, width] = geometry(node.settings, shape.height, shape.width, shape.channels).outputSize;
    return { height, width, channels: node.settings.filters, flat: false };
  }
  if (node.kind === "MaxPooling2D" || node.kind === "AveragePooling2D") {
    const { pool_size: size, strides, padding } = node.config;
    const [height, width] = [shape.height, shape.width].map((side, i) =>
      outputSize(side, size[i], strides[i], padding, 1),
    );
    return { ...shape, height, width };
  }
  if (node.kind.startsWith("Global"))
    return { height: 1, width: 1, channels: shape.channels, flat: !node.config.keepdims };
  if (node.kind === "Flatten") {
    return { height: 1, width: 1, channels: shape.height * shape.width * shape.channels, flat: true };
  }
  if (node.kind === "Dense") return { ...shape, channels: node.config.units };
  if (node.kind === "Concatenate") return { ...shape, channels: shapes.reduce((sum, each) => sum + each.channels, 0) };
  if (MERGES.includes(node.kind)) return shapes.reduce((a, b) => (b.height * b.width > a.height * a.width ? b : a));
  if (node.kind === "ZeroPadding2D") {
    const [rows, columns] = node.config.padding;
    return { ...shape, height: shape.height + rows[0] + rows[1], width: shape.width + columns[0] + columns[1] };
  }
  if (node.kind === "Unknown") return recordedShape(node, shapes);
  return SAME.includes(node.kind) ? shape : null;
}

// A layer without arithmetic here has the shape that Keras gave it, while what it takes is what it took.
function recordedShape({ config }, shapes) {
  const same = shapes.every((shape, i) => SIDES.every((side) => shape[side] === config.input_shapes[i]?.[side]));
  return same ? config.shape : null;
}

function costs(node, [input], shape) {
  const bytes = BYTES * shape.height * shape.width * shape.channels;
  if (node.kind === "Conv2D") {
    const { weights, multiplyAdds } = geometry(node.settings, input.height, input.width, input.channels);
    return { weights, multiplyAdds, bytes };
  }
  if (node.kind === "Dense") {
    const kernel = input.channels * node.config.units;
    const places = shape.height * shape.width;
    return { weights: kernel + (node.config.use_bias ? node.config.units : 0), multiplyAdds: kernel * places, bytes };
  }
  if (node.kind === "Unknown") return { weights: node.config.weights, multiplyAdds: null, bytes };
  const perChannel = { BatchNormalization: 2 + Number(node.config?.scale ?? 1) + Number(node.config?.center ?? 1) };
  return { weights: (perChannel[node.kind] ?? 0) * input.channels, multiplyAdds: 0, bytes };
}

// Most bytes of maps alive at once when one picture is predicted, each freed after its last use; null where a shape is
// not known.
export function predictingBytes(graph, rows, picture) {
  if (rows.some((row) => row.bytes === null)) return null;
  const home = [];
  const idle = (node) =>
    NO_MEMORY.includes(node.kind) || (node.kind === "Activation" && node.config.activation === "linear");
  graph.nodes.forEach((node, i) => home.push(idle(node) ? (node.inputs[0] < 0 ? -1 : home[node.inputs[0]]) : i));
  const at = (input) => (input < 0 ? -1 : home[input]);
  const lastUse = new Map();
  graph.nodes.forEach((node, i) => lastUse.set(home[i], i));
  graph.nodes.forEach((node, i) => node.inputs.forEach((input) => lastUse.set(at(input), i)));
  lastUse.delete(home.at(-1));
  let used = BYTES * picture.height * picture.width * picture.channels;
  let most = used;
  const size = (i) => (i < 0 ? BYTES * picture.height * picture.width * picture.channels : rows[i].bytes);
  graph.nodes.forEach((node, i) => {
    if (home[i] === i) used += rows[i].bytes;
    most = Math.max(most, used);
    for (const [made, last] of lastUse) if (last === i) used -= size(made);
  });
  return most;
}
