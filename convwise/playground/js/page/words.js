// What is said of the chosen layer: the formula, the numbers, the rules that are broken, the lines to copy.

import { fixes } from "../engine/fixes.js";
import { geometry, shapeFormula } from "../engine/geometry.js";
import { by, byId, bytes, count, el, fill, whole } from "./dom.js";
import { shapeText } from "./layers.js";
import { kerasLine, valueText } from "./texts.js";

// The shape formula with its numbers, the field, weights, work and memory.
export function showNumbers(place, view) {
  const { node, row } = view;
  const [shape] = row.inputShapes;
  if (!shape) {
    fill(place, el("p", { textContent: "A layer before this one is refused, so nothing arrives here." }));
    return;
  }
  const facts = [];
  if (node.settings) facts.push(...convolutionFacts(node, row, shape));
  else if (row.shape)
    facts.push(
      ["output", shapeText(row.shape)],
      ["weights", whole(row.weights)],
      ["multiply-adds", count(row.multiplyAdds)],
    );
  if (row.field)
    facts.push([
      "receptive field",
      row.field.whole
        ? "the whole picture"
        : `${by(row.field.size)} pixels of the picture, a step of ${by(row.field.stride)}`,
    ]);
  if (row.bytes)
    facts.push([
      "memory",
      `${bytes(row.bytes)} for the output of one picture, ${bytes(4 * row.weights)} for the weights`,
    ]);
  const missing = view.notComputed
    ? el("p", {
        textContent: `Nothing to see: ${view.notComputed.name} is a ${view.notComputed.config.type}, which this page does not compute.`,
      })
    : null;
  fill(
    place,
    missing,
    el(
      "dl",
      {},
      ...facts.flatMap(([name, text]) => [el("dt", { textContent: name }), el("dd", { textContent: text })]),
    ),
  );
}

function convolutionFacts(node, row, shape) {
  const { settings } = node;
  const found = geometry(settings, shape.height, shape.width, shape.channels);
  const [down, across] = [shapeFormula(settings, shape.height, 0), shapeFormula(settings, shape.width, 1)];
  const [high, wide, channels, filters] = found.kernelShape;
  const inGroups = settings.groups > 1 ? ` / ${settings.groups} groups` : "";
  return [
    ["size", down === across ? down : `height ${down}; width ${across}`],
    ["output", row.shape ? `${by(found.outputShape)} (${settings.data_format})` : "none"],
    [
      "window",
      `${by(found.effectiveWindow)}${settings.padding === "same" ? `, zeros above ${found.padding[0][0]}, below ${found.padding[0][1]}, left ${found.padding[1][0]}, right ${found.padding[1][1]}` : ""}`,
    ],
    ...(row.problems.some((each) => each.rule.startsWith("groups_divide"))
      ? []
      : [
          [
            "weights",
            `${high} × ${wide} × ${shape.channels}${inGroups} × ${filters}${settings.use_bias ? ` + ${filters}` : ""} = ${whole(found.weights)}`,
          ],
          [
            "multiply-adds",
            `${by(found.outputSize)} × ${high * wide * channels} × ${filters} = ${count(found.multiplyAdds)}`,
          ],
        ]),
  ];
}

// Each broken rule with its sentence and the nearest legal values; empty where none is.
export function showProblems(place, view, change) {
  place.hidden = view.row.problems.length === 0;
  const [shape] = view.row.inputShapes;
  fill(
    place,
    ...view.row.problems.map((each) =>
      el(
        "div",
        { className: "problem" },
        el(
          "p",
          {},
          el("strong", { textContent: each.severity === "error" ? "✕ Keras refuses this. " : "⚠ " }),
          `${each.message}.`,
        ),
        el("p", { textContent: `To mend it: ${each.fix}.` }),
        view.node.settings ? offers(view, shape, each, change) : null,
      ),
    ),
  );
}

function offers(view, shape, violation, change) {
  return el(
    "p",
    { className: "offers" },
    ...fixes(view.node.settings, shape, violation).map(({ parameter, value }) =>
      el("button", {
        type: "button",
        textContent: `${parameter}=${valueText(value)}`,
        onclick: () => change(parameter, value),
      }),
    ),
  );
}

// Both lines to copy; `texts` are the options.
export function showLines(view, texts) {
  byId("keras-line").textContent = view.node.settings
    ? kerasLine(view.node.settings)
    : `keras.layers.${view.node.kind}`;
  byId("set-line").textContent = texts.join(" ") || "nothing differs, so there is nothing to set";
}

// A click on "copy" puts the text of its line on the clipboard, or selects it where the browser does not allow that.
export function connectCopying() {
  for (const button of document.querySelectorAll("[data-copies]")) {
    button.addEventListener("click", async () => {
      const line = byId(button.dataset.copies);
      try {
        await navigator.clipboard.writeText(line.textContent);
        button.textContent = "copied";
      } catch {
        getSelection().selectAllChildren(line);
        button.textContent = "selected";
      }
      setTimeout(() => (button.textContent = "copy"), 1500);
    });
  }
}
