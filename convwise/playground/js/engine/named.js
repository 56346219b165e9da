// Named values such as "l2:0.0005" or "max_norm:3:axis=0,1,2": from their text and back, as convwise/conv2d/values.py.

import { CATALOGUE } from "../generated/catalogue.js";

// "kernel_regularizer" -> "regularizer": the last word of a parameter's name says what it takes.
export function kindOf(parameter) {
  return parameter.slice(parameter.lastIndexOf("_") + 1);
}

// {name, arguments} with all arguments filled in; null for "none". Throws Error for what the catalogue does not hold.
export function readNamed(parameter, text) {
  const [name, ...parts] = text.split(":");
  if (name === "none") return null;
  const entry = CATALOGUE[kindOf(parameter)][name];
  if (!entry) throw new Error(`${parameter}=${text}: there is no such ${kindOf(parameter)}`);
  const given = Object.fromEntries(entry.arguments.map((argument) => [argument.name, argument.default]));
  const inOrder = entry.arguments.filter((argument) => argument.shown !== "by_name");
  parts.forEach((part, number) => {
    const [key, written] = part.includes("=") ? part.split("=") : [inOrder[number]?.name, part];
    const argument = entry.arguments.find((each) => each.name === key);
    if (!argument) throw new Error(`${parameter}=${text}: ${part} has no place`);
    given[key] = readArgument(argument, written);
  });
  return { name, arguments: given };
}

function readArgument(argument, written) {
  if (written === "none") return null;
  if (argument.form === "number" || argument.form === "whole") {
    const number = Number(written);
    if (written.trim() === "" || !Number.isFinite(number)) throw new Error(`${argument.name} must be ${argument.rule}`);
    return number;
  }
  if (argument.form === "axes") {
    const axes = written.split(",").map(Number);
    if (!axes.every(Number.isInteger)) throw new Error(`${argument.name} must be ${argument.rule}`);
    return axes.length > 1 ? axes : axes[0];
  }
  return argument.form === "truth" ? written === "true" : written;
}

// The one text form; arguments at their default are left out where the name alone does not hide what matters.
export function namedText(parameter, value) {
  if (value === null) return "none";
  const parts = [value.name];
  let inOrder = true;
  for (const argument of CATALOGUE[kindOf(parameter)][value.name].arguments) {
    const own = value.arguments[argument.name];
    if (argument.shown !== "always" && shown(own) === shown(argument.default)) {
      inOrder = false;
      continue;
    }
    const byName = !inOrder || argument.shown === "by_name" || argument.form === "axes";
    parts.push(byName ? `${argument.name}=${shown(own)}` : shown(own));
  }
  return parts.join(":");
}

function shown(value) {
  return value === null ? "none" : Array.isArray(value) ? value.join(",") : String(value);
}

// Axes as a list; null where none are given.
export function axesOf(value) {
  return value === null || value === undefined ? null : Array.isArray(value) ? value : [value];
}
