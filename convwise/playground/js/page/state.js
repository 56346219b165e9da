// The state of the page, and its text in the address: a link shows the same thing to someone else.

import { PARAMETERS } from "../generated/catalogue.js";
import { decodedWeights } from "../engine/forward.js";
import { differing, FIRST_SETTINGS, valueOf, valueText } from "./texts.js";

// What can be changed of a layer that is no convolution.
export const OPEN = ["pool_size", "strides", "padding", "units", "statistics"];
export const SIZES = [16, 24, 32, 48, 64, 96, 128];
const PLAIN = { at: 0, show: "kernel_size", map: 0, row: 8, column: 8, beside: false, seed: 1, weights: "made" };

// Kinds of layer that a column can hold besides convolutions, with the texts of their settings.
export const COLUMN_KINDS = {
  Conv2D: { name: "conv2d" },
  MaxPooling2D: { name: "max_pooling", config: pooling },
  AveragePooling2D: { name: "average_pooling", config: pooling },
  BatchNormalization: { name: "batch_norm", config: { epsilon: 0.001, statistics: "picture" } },
  ReLU: { name: "relu", kind: "Activation", config: { activation: "relu" } },
  GlobalAveragePooling2D: { name: "global_pooling", config: { keepdims: false } },
  Flatten: { name: "flatten", config: {} },
  Dense: {
    name: "dense",
    config: {
      units: 4,
      activation: "linear",
      use_bias: true,
      kernel_initializer: "glorot_uniform",
      bias_initializer: "zeros",
    },
  },
};

function pooling() {
  return { pool_size: [2, 2], strides: [2, 2], padding: "valid" };
}

// A layer of a column; `sort` is a key of COLUMN_KINDS.
export function newLayer(sort, settings = {}) {
  if (sort === "Conv2D") return { sort, kind: sort, settings: { ...FIRST_SETTINGS, ...settings } };
  const { kind, config } = COLUMN_KINDS[sort];
  const own = typeof config === "function" ? config() : { ...config };
  return { sort, kind: kind ?? sort, config: { ...own, ...settings } };
}

// Names and inputs of a column: each layer takes the one before it.
export function asColumn(layers) {
  const seen = {};
  return layers.map((layer, i) => {
    const base = COLUMN_KINDS[layer.sort].name;
    seen[base] = (seen[base] ?? 0) + 1;
    return { ...layer, name: seen[base] > 1 ? `${base}_${seen[base] - 1}` : base, inputs: [i - 1] };
  });
}

// The state that the page begins with: the network of the file, or a column of one convolution.
export function firstState(network) {
  const common = { ...PLAIN, picture: "star", own: null };
  if (!network) {
    return { ...common, network: null, size: [64, 64], channels: 3, nodes: asColumn([newLayer("Conv2D")]) };
  }
  const { height, width, channels } = network.input;
  const nodes = network.nodes.map((node) =>
    node.weights ? { ...node, weights: decodedWeights(node.weights) } : { ...node },
  );
  const at = Math.max(
    0,
    nodes.findIndex((node) => node.kind === "Conv2D" && !node.locked),
  );
  return { ...common, network: network.name, weights: "drawn", size: [height, width], channels, nodes, at };
}

// The address's text of a state; what is as at first is left out.
export function addressOf(state, first) {
  const parts = [];
  const add = (key, value) => parts.push(`${key}=${readable(String(value))}`);
  if (state.picture !== first.picture && state.picture !== "own") add("picture", state.picture);
  if (String(state.size) !== String(first.size)) add("size", state.size.join("x"));
  if (state.channels !== first.channels) add("channels", state.channels);
  for (const key of Object.keys(PLAIN))
    if (state[key] !== first[key]) add(key, Number(state[key] === true) || state[key]);
  if (state.network) {
    state.nodes.forEach((node, i) => {
      const [values, before] = [node, first.nodes[i]].map((each) => each.settings ?? each.config);
      const names = node.settings ? differing(values, before) : OPEN.filter((name) => changed(values, before, name));
      for (const name of names) add("set", `${node.name}.${name}=${valueText(values[name])}`);
    });
  } else if (JSON.stringify(state.nodes) !== JSON.stringify(first.nodes)) {
    for (const node of state.nodes) add("layer", layerText(node));
  }
  return parts.join("&");
}

function changed(values, before, name) {
  return name in values && valueText(values[name]) !== valueText(before[name]);
}

function readable(text) {
  return encodeURIComponent(text).replace(/%(3A|3B|3D|2C|2F)/g, (code) => decodeURIComponent(code));
}

// "Conv2D;filters=16;strides=2x2".
function layerText(node) {
  const plain = newLayer(node.sort);
  const parts = node.settings
    ? differing(node.settings, plain.settings).map((name) => `${name}=${valueText(node.settings[name])}`)
    : Object.keys(plain.config)
        .filter((name) => valueText(node.config[name]) !== valueText(plain.config[name]))
        .map((name) => `${name}=${valueText(node.config[name])}`);
  return [node.sort, ...parts].join(";");
}

// {state, refused}: the state that an address tells, and a line for each part that could not be read.
export function fromAddress(text, first) {
  const state = { ...first, nodes: first.nodes.map((node) => ({ ...node })) };
  const refused = [];
  const layers = [];
  for (const part of text.split("&").filter(Boolean)) {
    const cut = part.indexOf("=");
    try {
      readPart(state, layers, part.slice(0, cut), decodeURIComponent(part.slice(cut + 1)));
    } catch (problem) {
      refused.push(problem.message);
    }
  }
  if (layers.length && !state.network) state.nodes = asColumn(layers);
  state.at = Math.min(state.at, state.nodes.length - 1);
  return { state, refused };
}

function readPart(state, layers, key, value) {
  if (key === "picture" && /^\w+$/.test(value)) state.picture = value;
  else if (key === "size") state.size = sizeOf(value);
  else if (key === "channels" && (value === "1" || value === "3") && !state.network) state.channels = Number(value);
  else if (key === "weights" && (value === "made" || value === "drawn")) state.weights = value;
  else if (key === "show" && PARAMETERS.includes(value)) state.show = value;
  else if (key === "beside") state.beside = value === "1";
  else if (["at", "map", "row", "column", "seed"].includes(key) && /^\d{1,6}$/.test(value)) state[key] = Number(value);
  else if (key === "layer") layers.push(layerOf(value));
  else if (key === "set" && state.network) setInNetwork(state, value);
  else throw new Error(`${key}=${value}: the address means nothing here`);
}

function sizeOf(value) {
  const sides = value.split("x").map(Number);
  if (sides.length !== 2 || !sides.every((side) => Number.isInteger(side) && side >= 8 && side <= 256)) {
    throw new Error(`size=${value}: it must be two sides from 8 to 256, such as 64x64`);
  }
  return sides;
}

function layerOf(text) {
  const [sort, ...parts] = text.split(";");
  if (!Object.hasOwn(COLUMN_KINDS, sort)) throw new Error(`layer=${sort}: there is no such layer`);
  const layer = newLayer(sort);
  for (const part of parts) {
    const cut = part.indexOf("=");
    const [name, value] = [part.slice(0, cut), part.slice(cut + 1)];
    if (layer.settings && PARAMETERS.includes(name)) layer.settings[name] = valueOf(name, value);
    else if (layer.config && Object.hasOwn(layer.config, name)) layer.config[name] = configValue(name, value);
    else throw new Error(`layer=${sort}: it has no ${name}`);
  }
  return layer;
}

// A value of a layer that is no convolution.
export function configValue(name, text) {
  if (name === "pool_size" || name === "strides") return valueOf("strides", text);
  if (name === "padding") return valueOf("padding", text);
  if (name === "units") return valueOf("filters", text);
  if (name === "statistics" && (text === "picture" || text === "moving")) return text;
  if (name === "activation") return valueOf("activation", text);
  throw new Error(`${name}=${text}: the playground cannot show it`);
}

function setInNetwork(state, text) {
  const [target, value] = [text.slice(0, text.indexOf("=")), text.slice(text.indexOf("=") + 1)];
  const cut = target.lastIndexOf(".");
  const number = state.nodes.findIndex((node) => node.name === target.slice(0, cut) && !node.locked);
  const parameter = target.slice(cut + 1);
  const node = state.nodes[number];
  if (node?.config && OPEN.includes(parameter) && parameter in node.config) {
    state.nodes[number] = { ...node, config: { ...node.config, [parameter]: configValue(parameter, value) } };
    return;
  }
  if (!node?.settings || !PARAMETERS.includes(parameter))
    throw new Error(`set=${text}: the network has no such parameter`);
  state.nodes[number] = { ...node, settings: { ...node.settings, [parameter]: valueOf(parameter, value) } };
}
