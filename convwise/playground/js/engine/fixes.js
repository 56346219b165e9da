// Fixes: for a violation, the nearest legal values of each parameter that it names.

import { namedText, readNamed } from "./named.js";
import { violations } from "./rules.js";

const OFFERED = 2; // values offered for a parameter
const OTHER_WORD = { padding: ["same", "valid"] };
// What to take in place of a named value that cannot stand, the nearest in meaning first.
const IN_PLACE = {
  kernel_initializer: ["glorot_uniform", "he_normal"],
  bias_initializer: ["zeros", "constant:0.1"],
  kernel_regularizer: ["l2:0.0005", "none"],
  bias_regularizer: ["l2:0.0005", "none"],
  activity_regularizer: ["l2:0.000001", "none"],
  activation: ["relu", "silu"],
};

// [{parameter, value}], at most two values for each parameter, the nearest first. A value is offered where none of the
// violations left names its parameter; the other fifteen stay as they are.
export function fixes(settings, map, violation) {
  return violation.parameters.flatMap((parameter) =>
    take(candidates(settings, map, parameter), OFFERED, (value) => stands(settings, map, parameter, value)).map(
      (value) => ({
        parameter,
        value,
      }),
    ),
  );
}

function stands(settings, map, parameter, value) {
  return violations({ ...settings, [parameter]: value }, map).every((each) => !each.parameters.includes(parameter));
}

function take(values, most, wanted) {
  const found = [];
  for (const value of values) {
    if (found.length === most) break;
    if (wanted(value)) found.push(value);
  }
  return found;
}

function candidates(settings, map, parameter) {
  const now = settings[parameter];
  if (parameter === "filters") return around(now, now + settings.groups);
  if (parameter === "groups") return around(now, Math.max(map.channels, settings.filters));
  if (Array.isArray(now)) return pairsBelow(now);
  if (parameter in OTHER_WORD) return OTHER_WORD[parameter].filter((choice) => choice !== now);
  if (parameter.endsWith("constraint")) return otherAxes(parameter, now);
  return IN_PLACE[parameter] ?? [];
}

// Whole numbers from 1 to `most` by their distance from `now`, the smaller of two first.
function* around(now, most) {
  for (let step = 1; step < now || now + step <= most; step++) {
    if (now - step >= 1) yield now - step;
    if (now + step <= most) yield now + step;
  }
}

// Pairs with no side larger than now, by the sum of what they are smaller: what is in the way is always too large.
function pairsBelow([high, wide]) {
  const pairs = [];
  for (let h = high; h >= 1; h--) for (let w = wide; w >= 1; w--) pairs.push([h, w]);
  return pairs.slice(1).sort((a, b) => b[0] + b[1] - (a[0] + a[1]) || Math.abs(a[0] - a[1]) - Math.abs(b[0] - b[1]));
}

// The same constraint on a whole filter, or as by default.
function otherAxes(parameter, now) {
  const value = readNamed(parameter, now);
  const axes = parameter === "kernel_constraint" ? [[0, 1, 2], 0] : [0];
  return axes.map((axis) => namedText(parameter, { ...value, arguments: { ...value.arguments, axis } }));
}
