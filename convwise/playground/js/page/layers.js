// The column of layers: one line each with its shape, field and cost; those of a network stand with their branches.

import { by, byId, bytes, count, el, fill, whole } from "./dom.js";
import { COLUMN_KINDS, OPEN } from "./state.js";

// Fills the list. `on` is {choose, remove, move} with the layer's number.
export function showLayers(state, rows, findings, on) {
  const lanes = lanesOf(state.nodes);
  fill(
    byId("layer-list"),
    ...state.nodes.map((node, i) =>
      layerItem(
        state,
        node,
        i,
        rows[i],
        lanes[i],
        findings.filter((each) => each.layers.includes(i)),
        on,
      ),
    ),
  );
  byId("layer-add").hidden = state.network !== null;
  keepInView(byId("layer-list"), byId("layer-list").children[state.at]);
}

// A name that may break behind each "_".
function withBreaks(name) {
  return name.split("_").flatMap((part, i) => (i ? ["_", el("wbr"), part] : [part]));
}

// Scrolls the list alone, never the page.
function keepInView(list, item) {
  const [above, below] = [item.offsetTop - list.offsetTop, item.offsetTop - list.offsetTop + item.offsetHeight];
  if (above < list.scrollTop) list.scrollTop = above;
  else if (below > list.scrollTop + list.clientHeight) list.scrollTop = below - list.clientHeight;
}

function layerItem(state, node, i, row, lane, findings, on) {
  const chosen = i === state.at;
  const facts = row.shape
    ? [
        shapeText(row.shape),
        row.field ? (row.field.whole ? "sees the whole picture" : `sees ${by(row.field.size)}`) : null,
        row.weights ? `${count(row.weights)} weights` : null,
        row.multiplyAdds ? `${count(row.multiplyAdds)} multiply-adds` : null,
      ]
    : [row.problems.length ? "✕ refused" : "not known"];
  const item = el(
    "li",
    { className: chosen ? "layer chosen" : "layer", "data-lane": Math.min(lane, 5) },
    el(
      "button",
      { type: "button", className: "choose", "aria-current": chosen ? "true" : null, onclick: () => on.choose(i) },
      el("strong", {}, ...withBreaks(node.name)),
      el("span", { className: "kind", textContent: ` ${kindText(node)}` }),
      el("span", { className: "facts", textContent: facts.filter(Boolean).join(" · ") }),
      joined(state.nodes, node, i)
        ? el("span", {
            className: "facts",
            textContent: `from ${node.inputs.map((n) => (n < 0 ? "picture" : state.nodes[n].name)).join(" and ")}`,
          })
        : null,
      ...findings.map((each) =>
        el("span", { className: `finding ${each.severity}`, textContent: `${severityMark(each)} ${each.rule}` }),
      ),
    ),
  );
  if (state.network === null) item.append(buttons(state, node, i, on));
  return item;
}

// Each finding as a sentence, with what to do.
export function showFindings(findings) {
  fill(
    byId("findings"),
    ...findings.map((each) =>
      el(
        "li",
        { className: each.severity },
        el("strong", { textContent: `${severityMark(each)} ` }),
        `${each.message}. To do: ${each.fix}.`,
        el("br"),
        el("small", { textContent: each.source }),
      ),
    ),
  );
  byId("findings-box").hidden = findings.length === 0;
  byId("findings-count").textContent = findings.length === 1 ? "1 finding" : `${findings.length} findings`;
}

function severityMark({ severity }) {
  return severity === "note" ? "note:" : "⚠ warning:";
}

function kindText(node) {
  if (node.kind === "Activation") return node.config.activation;
  return node.kind === "Unknown" ? `${node.config.type}, not computed here` : node.kind;
}

export function shapeText(shape) {
  return shape.flat ? whole(shape.channels) : by([shape.height, shape.width, shape.channels]);
}

// Whether a layer takes something else than the layer above it in the list.
function joined(nodes, node, i) {
  return node.inputs.length > 1 || node.inputs[0] !== i - 1;
}

function buttons(state, node, i, on) {
  const button = (text, label, act, disabled) =>
    el("button", { type: "button", textContent: text, "aria-label": `${label} ${node.name}`, onclick: act, disabled });
  return el(
    "span",
    { className: "tools" },
    button("↑", "move up:", () => on.move(i, -1), i === 0),
    button("↓", "move down:", () => on.move(i, 1), i === state.nodes.length - 1),
    button("×", "remove", () => on.remove(i), state.nodes.length === 1),
  );
}

// How far each layer is set in: a branch keeps its lane, a second one beside it gets one of its own.
function lanesOf(nodes) {
  const lanes = [];
  const taken = new Map(); // number of a layer -> how many took it so far
  nodes.forEach((node) => {
    const [first] = node.inputs;
    const base = first < 0 ? 0 : lanes[first];
    const before = taken.get(first) ?? 0;
    lanes.push(node.inputs.length > 1 ? Math.min(...node.inputs.map((n) => (n < 0 ? 0 : lanes[n]))) : base + before);
    node.inputs.forEach((n) => taken.set(n, (taken.get(n) ?? 0) + 1));
  });
  return lanes;
}

// The buttons that add a layer behind the one that is chosen.
export function buildAdding(add) {
  fill(
    byId("layer-add"),
    el("span", { textContent: "Add: " }),
    ...Object.keys(COLUMN_KINDS).map((sort) =>
      el("button", { type: "button", textContent: sort, onclick: () => add(sort) }),
    ),
  );
}

export function totalsText(rows, predicting) {
  if (rows.some((row) => row.shape === null)) return "There are no totals while a layer is refused.";
  const sum = (key) =>
    rows.some((row) => row[key] === null) ? null : rows.reduce((total, row) => total + row[key], 0);
  return `${count(sum("weights"))} weights, ${count(sum("multiplyAdds"))} multiply-adds, at most ${bytes(predicting)} of maps at once to predict one picture`;
}

// The settings of a layer that is no convolution. `change(name, text)` takes what the user wrote.
export function showOtherSettings(place, node, change) {
  const names = OPEN.filter(
    (name) => name in (node.config ?? {}) && !(name === "padding" && node.kind === "ZeroPadding2D"),
  );
  place.hidden = node.settings !== undefined || names.length === 0;
  fill(place, el("legend", { textContent: node.name }), ...names.map((name) => otherField(node, name, change)));
}

const OTHER_CHOICES = { padding: ["valid", "same"], statistics: ["picture", "moving"] };

function otherField(node, name, change) {
  const value = node.config[name];
  const label = `${name} `;
  if (name in OTHER_CHOICES) {
    const select = el("select", { onchange: () => change(name, select.value) });
    select.append(
      ...OTHER_CHOICES[name].map((each) => el("option", { value: each, textContent: each, selected: each === value })),
    );
    return el("label", {}, label, select);
  }
  const low = name === "units" ? [1, 256] : [1, 8];
  const input = el("input", {
    type: "number",
    min: low[0],
    max: low[1],
    value: Array.isArray(value) ? value[0] : value,
  });
  input.addEventListener("change", () => input.value && input.checkValidity() && change(name, input.value));
  return el("label", {}, label, input);
}
