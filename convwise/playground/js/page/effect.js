// What a parameter does beyond the maps: where first values come from, how a function bends, what training would do.

import { pointwise } from "../engine/activations.js";
import { normsAlong, project } from "../engine/constraints.js";
import { density, distribution } from "../engine/initializers.js";
import { axesOf, readNamed } from "../engine/named.js";
import { penalty, pulled } from "../engine/regularizers.js";
import { drawFitted } from "./colours.js";
import { count, el, fill, significant } from "./dom.js";

const STEPS = 10_000;
const RATE = 0.1;
const MOST_TILES = 16;
export const KERNEL_PX = { width: 90, height: 30 };
const SVG = "http://www.w3.org/2000/svg";

// Fills `place` for the parameter that is shown. `view` is {settings, weights, kernelShape, sums, output, made}.
export function showEffect(place, parameter, view) {
  const parts = effectOf(parameter, view);
  place.hidden = parts === null;
  fill(place, ...(parts ?? []));
}

function effectOf(parameter, view) {
  if (parameter === "activation") return activationEffect(view);
  if (parameter.endsWith("initializer")) return initializerEffect(parameter, view);
  if (parameter.endsWith("regularizer")) return regularizerEffect(parameter, view);
  if (parameter.endsWith("constraint")) return constraintEffect(parameter, view);
  return null;
}

function numbersOf(parameter, view) {
  if (parameter.startsWith("activity")) return view.output.data;
  return parameter.startsWith("kernel") ? view.weights.kernel : view.weights.bias;
}

function withoutNumbers(parameter) {
  return [el("p", { textContent: `${parameter} has no effect: use_bias is false, so there is no bias.` })];
}

function activationEffect({ settings, sums }) {
  const one = pointwise(settings.activation);
  if (!one)
    return [
      el("p", { textContent: `${settings.activation} takes the numbers of an axis together, so it has no curve.` }),
    ];
  const [low, high] = [-4, 4];
  const points = Array.from({ length: 161 }, (_, i) => low + ((high - low) * i) / 160).map((x) => [x, one(x)]);
  const negative = sums.data.reduce((n, sum) => n + (sum < 0), 0) / sums.data.length;
  const words = `${settings.activation}: output against input from −4 to 4. Of the sums here ${Math.round(100 * negative)} % are negative.`;
  return [curves(words, [low, high], [{ points, line: true }]), el("p", { textContent: words })];
}

function initializerEffect(parameter, view) {
  const numbers = numbersOf(parameter, view);
  if (!numbers) return withoutNumbers(parameter);
  const shape = parameter === "kernel_initializer" ? view.kernelShape : [numbers.length];
  const text = view.settings[parameter];
  const found = distribution(parameter, text, shape);
  const words = initializerWords(text, found, shape);
  const note = view.given
    ? el("p", { textContent: "The weights in view are those of the file; these would be the first values." })
    : view.made && parameter === "kernel_initializer"
      ? el("p", {
          textContent:
            "The kernels in view are made by hand. Choose “weights: drawn from kernel_initializer” to see these.",
        })
      : null;
  if (found.kind === "constant") return [el("p", { textContent: words }), note];
  const drawn = view.drawn(parameter, shape);
  const reach = Math.max(...drawn.map(Math.abs), found.stddev * 3);
  return [
    curves(
      words,
      [-reach, reach],
      [
        { bars: histogram(drawn, -reach, reach, 32) },
        ...(found.kind === "orthogonal"
          ? []
          : [{ points: steps(-reach, reach).map((x) => [x, density(found, x)]), line: true }]),
      ],
    ),
    el("p", { textContent: words }),
    note,
  ];
}

function initializerWords(text, found, shape) {
  if (found.kind === "constant")
    return `${text}: every number is ${found.mean}. Filters with equal kernels compute the same and stay equal.`;
  const spread = `standard deviation ${significant(found.stddev)}`;
  const limits = Number.isFinite(found.low) ? `, from ${significant(found.low)} to ${significant(found.high)}` : "";
  const fan =
    found.fan === undefined ? "" : `: variance ${found.scale} / ${found.mode} = ${found.scale} / ${count(found.fan)}`;
  return `${text}${fan}; ${spread}${limits}. Bars: the ${count(shape.reduce((a, b) => a * b, 1))} numbers drawn; line: where they come from.`;
}

function steps(low, high) {
  return Array.from({ length: 161 }, (_, i) => low + ((high - low) * i) / 160);
}

// [from, to, height] of each bar, as a density.
function histogram(numbers, low, high, n) {
  const width = (high - low) / n;
  const counts = new Array(n).fill(0);
  for (const number of numbers) counts[Math.min(n - 1, Math.max(0, Math.floor((number - low) / width)))]++;
  return counts.map((each, i) => [low + i * width, low + (i + 1) * width, each / (numbers.length * width)]);
}

function regularizerEffect(parameter, view) {
  const numbers = numbersOf(parameter, view);
  if (!numbers) return withoutNumbers(parameter);
  const text = view.settings[parameter];
  const value = readNamed(parameter, text);
  const acts = el("p", { className: "acts", textContent: "Acts in training only: the maps above do not change." });
  if (value === null) return [acts, el("p", { textContent: "none: nothing is added to the loss." })];
  if (value.name === "orthogonal_regularizer") return [acts];
  const found = penalty(parameter, text, numbers);
  const terms = [];
  if (value.arguments.l1) terms.push(`${value.arguments.l1} × ${significant(found.absolute)} (sum of absolute values)`);
  if (value.arguments.l2) terms.push(`${value.arguments.l2} × ${significant(found.squares)} (sum of squares)`);
  const sum = el("p", {
    textContent: `Added to the loss: ${terms.join(" + ") || "0"} = ${significant(found.penalty)}`,
  });
  if (parameter !== "kernel_regularizer") return [acts, sum];
  const after = pulled(parameter, text, numbers, STEPS, RATE);
  const kept = norm(after) / (norm(numbers) || 1);
  const words = `Left after ${count(STEPS)} steps of plain gradient descent at rate ${RATE} that nothing else opposes: ${Math.round(100 * kept)} % of the kernel's length.`;
  return [acts, sum, tiles(view, numbers, after, "now", "after these steps"), el("p", { textContent: words })];
}

function constraintEffect(parameter, view) {
  const numbers = numbersOf(parameter, view);
  if (!numbers) return withoutNumbers(parameter);
  const text = view.settings[parameter];
  const value = readNamed(parameter, text);
  const acts = el("p", {
    className: "acts",
    textContent: "Acts in training only, after each update: the maps above do not change.",
  });
  if (value === null) return [acts, el("p", { textContent: "none: no limit." })];
  const shape = parameter === "kernel_constraint" ? view.kernelShape : [numbers.length];
  let after;
  try {
    after = project(parameter, text, numbers, shape);
  } catch {
    return [acts];
  }
  const changed = after.reduce((n, number, i) => n + (Math.abs(number - numbers[i]) > 1e-6 * Math.abs(numbers[i])), 0);
  const words = `One projection of the numbers in view changes ${count(changed)} of ${count(numbers.length)}. ${normWords(value, numbers, after, shape)}`;
  const before = parameter === "kernel_constraint" ? tiles(view, numbers, after, "now", "after one projection") : null;
  return [acts, before, el("p", { textContent: words })];
}

function normWords({ name, arguments: given }, numbers, after, shape) {
  if (name === "non_neg") return "Negative weights become zero.";
  const axes = axesOf(given.axis);
  const [before, behind] = [numbers, after].map((each) => [...normsAlong(each, shape, axes).norms]);
  const range = (norms) => `${significant(Math.min(...norms))} to ${significant(Math.max(...norms))}`;
  return `${count(before.length)} lengths along axis ${axes.join(", ")}: from ${range(before)} to ${range(behind)}.`;
}

function norm(numbers) {
  return Math.sqrt(numbers.reduce((sum, number) => sum + number * number, 0));
}

// Kernels before and after, at one scale: the first filters, the channels side by side.
function tiles(view, before, after, nameBefore, nameAfter) {
  const most = Math.max(...before.map(Math.abs)) || 1;
  const scale = { kind: "signed", low: -most, high: most };
  const rows = [
    [nameBefore, before],
    [nameAfter, after],
  ].map(([name, numbers]) =>
    el(
      "div",
      { className: "tiles" },
      el("span", { className: "label", textContent: name }),
      ...kernelTiles(numbers, view.kernelShape, scale, name),
    ),
  );
  return el("div", {}, ...rows);
}

function kernelTiles(numbers, shape, scale, name) {
  return Array.from({ length: Math.min(shape[3], MOST_TILES) }, (_, filter) => {
    const canvas = el("canvas", {
      className: "tile",
      ...KERNEL_PX,
      role: "img",
      "aria-label": `kernel ${filter} ${name}`,
    });
    drawKernel(canvas, numbers, shape, filter, scale);
    return canvas;
  });
}

// A filter's kernel, up to three channels side by side.
export function drawKernel(canvas, numbers, [high, wide, channels, filters], filter, scale) {
  const shown = Math.min(channels, 3);
  drawFitted(
    canvas,
    high,
    wide * shown,
    (place) => {
      const [row, rest] = [Math.floor(place / (wide * shown)), place % (wide * shown)];
      return numbers[((row * wide + (rest % wide)) * channels + Math.floor(rest / wide)) * filters + filter];
    },
    scale,
  );
}

// A drawing with a zero line: bars and lines over one range of x.
function curves(words, [low, high], parts) {
  const heights = parts.flatMap((part) =>
    part.bars ? part.bars.map((bar) => bar[2]) : part.points.map((point) => point[1]),
  );
  const [bottom, top] = [Math.min(0, ...heights), Math.max(...heights, 1e-9)];
  const x = (value) => (8 + (284 * (value - low)) / (high - low)).toFixed(2);
  const y = (value) => (112 - (104 * (value - bottom)) / (top - bottom)).toFixed(2);
  const drawing = svg("svg", { viewBox: "0 0 300 136", role: "img", "aria-label": words, class: "curves" });
  for (const part of parts) {
    for (const [from, to, height] of part.bars ?? []) {
      drawing.append(
        svg("rect", {
          class: "bar",
          x: x(from),
          y: y(height),
          width: (x(to) - x(from)).toFixed(2),
          height: (y(0) - y(height)).toFixed(2),
        }),
      );
    }
    if (part.line)
      drawing.append(
        svg("polyline", { class: "curve", points: part.points.map(([a, b]) => `${x(a)},${y(b)}`).join(" ") }),
      );
  }
  drawing.append(svg("path", { class: "axis", d: `M${x(low)} ${y(0)}H${x(high)}M${x(0)} ${y(bottom)}V${y(top)}` }));
  for (const [value, anchor] of [
    [low, "start"],
    [0, "middle"],
    [high, "end"],
  ]) {
    const label = svg("text", { x: x(value), y: 130, "text-anchor": anchor });
    label.textContent = significant(value, 2);
    drawing.append(label);
  }
  return drawing;
}

function svg(tag, attributes) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  return made;
}
