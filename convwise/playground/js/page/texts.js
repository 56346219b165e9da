// Settings as texts: as the address and `--set` write them, and as a line of Keras.

import { CATALOGUE, DEFAULTS, NAMED, PARAMETERS } from "../generated/catalogue.js";
import { kindOf, namedText, readNamed } from "../engine/named.js";

const PAIRS = ["kernel_size", "strides", "dilation_rate"];
const WORDS = { padding: ["valid", "same"], data_format: ["channels_last", "channels_first"] };
const LARGEST = { filters: 4096, groups: 4096, kernel_size: 64, strides: 64, dilation_rate: 64 };

// A new convolution: Keras's defaults, and for the two that have none a few small filters.
export const FIRST_SETTINGS = { ...DEFAULTS, filters: 8, kernel_size: [3, 3] };

export function valueText(value) {
  return Array.isArray(value) ? value.join("x") : String(value);
}

// The value behind a text. Throws Error, in one line, for what the parameter cannot be.
export function valueOf(parameter, text) {
  if (NAMED.includes(parameter)) return namedText(parameter, readNamed(parameter, text));
  if (parameter === "use_bias" && (text === "true" || text === "false")) return text === "true";
  if (WORDS[parameter]?.includes(text)) return text;
  const sizes = text.split("x").map(Number);
  const good = sizes.every((size) => Number.isInteger(size) && size >= 1 && size <= LARGEST[parameter]);
  if (good && PAIRS.includes(parameter) && sizes.length <= 2) return sizes.length === 2 ? sizes : [sizes[0], sizes[0]];
  if (good && (parameter === "filters" || parameter === "groups") && sizes.length === 1) return sizes[0];
  throw new Error(`${parameter}=${text}: the playground cannot show it`);
}

// The parameters that differ from those of `before`, in Keras's order.
export function differing(settings, before) {
  return PARAMETERS.filter((name) => valueText(settings[name]) !== valueText(before[name]));
}

// `--set SCOPE.PARAMETER=VALUE` for each that differs from `before`.
export function setTexts(settings, before, scope) {
  return differing(settings, before).map((name) => `--set ${scope}.${name}=${valueText(settings[name])}`);
}

// The same for all convolutions of a network. A layer's name is a stage's too where others begin with it and "_": these
// are set to what they have, so that only the layer changes.
export function networkSetTexts(nodes, firstNodes) {
  const open = nodes.flatMap((node, i) =>
    node.settings && !node.locked ? [{ node, before: firstNodes[i].settings }] : [],
  );
  const texts = open.flatMap(({ node, before }) =>
    differing(node.settings, before).flatMap((name) => {
      const reached = open.filter((other) => other.node.name.startsWith(`${node.name}_`));
      return [node, ...reached.map((other) => other.node)].map(
        (each) => `--set ${each.name}.${name}=${valueText(each.settings[name])}`,
      );
    }),
  );
  return [...new Set(texts)];
}

// The layer as a line of Python; what is Keras's default is left out.
export function kerasLine(settings) {
  const options = PARAMETERS.filter(
    (name) => name !== "filters" && name !== "kernel_size" && valueText(settings[name]) !== valueText(DEFAULTS[name]),
  ).map((name) => `${name}=${pythonValue(name, settings[name])}`);
  const shape = [settings.filters, pythonValue("kernel_size", settings.kernel_size)];
  return `keras.layers.Conv2D(${[...shape, ...options].join(", ")})`;
}

function pythonValue(parameter, value) {
  if (Array.isArray(value)) return value[0] === value[1] ? String(value[0]) : `(${value.join(", ")})`;
  if (typeof value === "boolean") return value ? "True" : "False";
  if (typeof value === "number") return String(value);
  return NAMED.includes(parameter) ? pythonName(parameter, value) : `"${value}"`;
}

// A name where Keras's defaults stand, else the class with its arguments.
function pythonName(parameter, text) {
  const value = readNamed(parameter, text);
  if (value === null) return "None";
  const kind = kindOf(parameter);
  const entry = CATALOGUE[kind][value.name];
  const given = entry.arguments
    .filter((argument) => String(value.arguments[argument.name]) !== String(argument.default))
    .map((argument) => `${argument.name}=${pythonArgument(argument, value.arguments[argument.name])}`);
  if (kind === "activation")
    return given.length ? `keras.layers.${entry.layer}(${given.join(", ")})` : `"${value.name}"`;
  if (!given.length && text === value.name) return `"${entry.kerasName}"`;
  return `keras.${kind}s.${entry.kerasName}(${given.join(", ")})`;
}

function pythonArgument(argument, value) {
  if (value === null) return "None";
  if (Array.isArray(value)) return `[${value.join(", ")}]`;
  if (argument.name.endsWith("axes")) return `[${value}]`;
  if (typeof value === "boolean") return value ? "True" : "False";
  return typeof value === "number" ? String(value) : `"${value}"`;
}
