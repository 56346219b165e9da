// The page: one state, drawn anew after each change.

import { answers } from "./engine.js";
import { predictingBytes } from "./engine/graph.js";
import { findingsOf } from "./engine/lint.js";
import { nameBeside, showBeside } from "./page/beside.js";
import { drawTries, showCard } from "./page/card.js";
import { besides, lookAt, pictureMap } from "./page/compute.js";
import { buildControls } from "./page/controls.js";
import { byId, el, fill } from "./page/dom.js";
import { showEffect } from "./page/effect.js";
import { buildAdding, showFindings, showLayers, showOtherSettings, totalsText } from "./page/layers.js";
import { PATTERN_NAMES, sampleFrom, sourceOfFile } from "./page/pictures.js";
import { PRESETS, presetNodes } from "./page/presets.js";
import { connectStage, showPixel, showStage } from "./page/stage.js";
import { addressOf, asColumn, configValue, firstState, fromAddress, newLayer, SIZES } from "./page/state.js";
import { buildTasks, checkTask } from "./page/tasks.js";
import { FIRST_SETTINGS, networkSetTexts, setTexts, valueOf, valueText } from "./page/texts.js";
import { connectCopying, showLines, showNumbers, showProblems } from "./page/words.js";

const WAIT_MS = 250; // without a move
const MOST_WORK = 50e6; // multiply-adds of a layer whose values to try are drawn
const PAUSE_MS = 40; // computing goes on for so long before the page is drawn in between

const content = JSON.parse(byId("content").textContent);
const sources = new Map(Object.entries(content.samples).map(([name, sample]) => [name, sampleFrom(sample)]));
const first = firstState(content.network);
const most = content.network?.input.most ?? 1; // largest number of a pixel that the first layer takes
let state = first;
let task = null;
let view = null;
let turn = 0; // of drawing; a newer one stops an older one
let waiting = false;

const setControls = buildControls({ change: changeParameter, show: (parameter) => update({ show: parameter }) });

// Changes the state and draws it before the next frame.
function update(changes) {
  if (Object.keys(changes).every((key) => state[key] === changes[key])) return;
  state = { ...state, ...changes };
  if (waiting) return;
  waiting = true;
  requestAnimationFrame(() => {
    waiting = false;
    draw();
  });
}

function changeNode(number, changes) {
  update({ nodes: state.nodes.map((node, i) => (i === number ? { ...node, ...changes } : node)) });
}

function changeParameter(parameter, value) {
  const { settings } = state.nodes[state.at];
  if (valueText(settings[parameter]) === valueText(value)) return;
  changeNode(state.at, { settings: { ...settings, [parameter]: value } });
  state = { ...state, show: parameter };
}

// Computes what is seen, in pieces where it takes long, then draws it.
function draw() {
  const mine = ++turn;
  const began = performance.now();
  const picture = pictureMap(state, sources, most);
  const steps = lookAt(state, picture);
  const go = () => {
    if (mine !== turn) return;
    const pieceBegan = performance.now();
    let step = steps.next();
    while (!step.done && performance.now() - pieceBegan < PAUSE_MS) step = steps.next();
    if (!step.done) {
      byId("busy").textContent = `computing ${step.value} …`;
      setTimeout(go);
      return;
    }
    byId("busy").textContent = "";
    view = step.value;
    drawAll(picture);
    history.replaceState(null, "", `#${addressOf(state, first)}`);
    globalThis.convwiseDrawn = { milliseconds: performance.now() - began, turn };
  };
  go();
}

function drawAll(picture) {
  const { node, rows } = view;
  const graph = { nodes: state.nodes };
  const findings = findingsOf(graph, rows, picture.map);
  showLayers(state, rows, findings, layerActions);
  showFindings(findings);
  byId("totals").textContent = totalsText(rows, predictingBytes(graph, rows, picture.map));
  byId("stage-name").textContent = node.name;
  showStage(view, state, picture, most);
  showNumbers(byId("numbers"), view);
  showProblems(byId("problems"), view, changeParameter);
  showOtherSettings(byId("other-settings"), node, (name, text) =>
    changeNode(state.at, { config: { ...node.config, [name]: configValue(name, text) } }),
  );
  showSettings(node);
  checkTask(task, state.nodes, rows, state.size);
  showInputs();
}

function showSettings(node) {
  const open = Boolean(node.settings) && !node.locked;
  byId("controls").hidden = byId("card").hidden = byId("beside-box").hidden = !open;
  byId("lines").hidden = !node.settings;
  const effect = byId("effect");
  const besidePlace = byId("beside");
  if (!open) {
    effect.hidden = besidePlace.hidden = true;
    return;
  }
  const { settings } = node;
  const refused = view.row.problems.flatMap((each) => (each.severity === "error" ? each.parameters : []));
  setControls(settings, refused, state.show, {
    groups: Math.max(settings.filters, view.row.inputShapes[0]?.channels ?? 1),
  });
  const shown = state.show;
  showCard(byId("card"), content.guide[shown], valueText(settings[shown]), (text) =>
    changeParameter(shown, guideValue(shown, text)),
  );
  drawTriesSoon();
  if (view.result)
    showEffect(effect, state.show, {
      ...view,
      weights: view.result.weights,
      sums: view.result.sums,
      output: view.result.output,
    });
  else effect.hidden = true;
  const before = beforeOf(state.at);
  const other = state.beside && view.result ? besides(view, { ...settings, [state.show]: before[state.show] }) : null;
  showBeside(besidePlace, view, other, state.show, before[state.show], state.map);
  nameBeside(state.show);
  showLines(view, state.network ? networkSetTexts(state.nodes, first.nodes) : setTexts(settings, before, "conv"));
}

// The guide writes "none" where a parameter is left out; an activation is then linear.
function guideValue(parameter, text) {
  return valueOf(parameter, text === "none" && parameter === "activation" ? "linear" : text);
}

// The maps beside the guide's values wait until nothing moves: there are several of them. They are those of the card in
// view, which is one behind where another parameter was touched and nothing is drawn yet.
function drawTriesSoon() {
  clearTimeout(drawTriesSoon.later);
  drawTriesSoon.later = setTimeout(() => {
    const still = view;
    const shown = byId("card").dataset.parameter;
    const unseen =
      /regularizer$|constraint$/.test(shown) ||
      (shown.endsWith("initializer") && (still.made || still.given));
    drawTries(byId("card"), state.map, (text) => {
      if (!still.result || unseen || still.row.multiplyAdds > MOST_WORK) return { output: null, refused: "" };
      const other = besides(still, { ...still.settings, [shown]: guideValue(shown, text) });
      return { output: other.result?.output ?? null, refused: other.row.problems[0]?.message ?? "" };
    });
  }, WAIT_MS);
}

// What a layer's settings are measured against: the network's own, or Keras's defaults.
function beforeOf(number) {
  return state.network ? first.nodes[number].settings : FIRST_SETTINGS;
}

function showInputs() {
  byId("picture").value = state.picture;
  const size = state.size.join("x");
  byId("size").value = size;
  byId("channels").value = state.channels;
  byId("weights").value = state.weights;
  byId("draw-again").disabled = state.weights === "made";
  byId("beside-box").querySelector("input").checked = state.beside;
}

const layerActions = {
  choose: (number) => update({ at: number, map: 0 }),
  remove: (number) =>
    setColumn(
      state.nodes.filter((_, i) => i !== number),
      Math.max(0, Math.min(state.at, state.nodes.length - 2)),
    ),
  move: (number, step) => {
    const nodes = [...state.nodes];
    [nodes[number], nodes[number + step]] = [nodes[number + step], nodes[number]];
    setColumn(nodes, state.at === number ? number + step : state.at === number + step ? number : state.at);
  },
};

function setColumn(nodes, at) {
  update({ nodes: asColumn(nodes), at, map: 0 });
}

function setPixel(row, column) {
  state = { ...state, row: row ?? state.row, column: column ?? state.column };
  if (view?.result && !waiting) {
    showPixel(view, state, pictureMap(state, sources, most));
    clearTimeout(setPixel.later);
    setPixel.later = setTimeout(() => history.replaceState(null, "", `#${addressOf(state, first)}`), 200);
  }
}

function connectInputs() {
  const names = [
    ...Object.entries(content.samples).map(([name, sample]) => [name, sample.label]),
    ...Object.entries(PATTERN_NAMES),
  ];
  byId("picture").append(...names.map(([value, textContent]) => el("option", { value, textContent })));
  const sizes = [...new Set([first.size.join("x"), ...SIZES.map((size) => `${size}x${size}`)])];
  byId("size").append(...sizes.map((value) => el("option", { value, textContent: value.replace("x", " × ") })));
  byId("picture").addEventListener("change", (event) => update({ picture: event.target.value }));
  byId("size").addEventListener("change", (event) => update({ size: event.target.value.split("x").map(Number) }));
  byId("channels").addEventListener("change", (event) => update({ channels: Number(event.target.value) }));
  byId("weights").addEventListener("change", (event) => update({ weights: event.target.value }));
  byId("draw-again").addEventListener("click", () => update({ seed: state.seed + 1 }));
  byId("beside-box")
    .querySelector("input")
    .addEventListener("change", (event) => update({ beside: event.target.checked }));
  byId("channels").closest("label").hidden = state.network !== null;
  const given = first.nodes.some((node) => node.weights);
  byId("weights").closest("label").hidden = byId("draw-again").hidden = given;
  byId("file").addEventListener("change", (event) => takeFile(event.target.files[0]));
  document.addEventListener("dragover", (event) => event.preventDefault());
  document.addEventListener("drop", (event) => {
    event.preventDefault();
    takeFile(event.dataTransfer.files[0]);
  });
}

async function takeFile(file) {
  if (!file) return;
  try {
    sources.set("own", await sourceOfFile(file));
  } catch (problem) {
    say(problem.message);
    return;
  }
  const select = byId("picture");
  if (![...select.options].some((option) => option.value === "own"))
    select.append(el("option", { value: "own", textContent: "your own" }));
  update({ picture: "own", own: { version: (state.own?.version ?? 0) + 1 } });
}

function say(text) {
  byId("notice").textContent = text;
}

function connectPresets() {
  const place = byId("presets");
  place.hidden = byId("tasks").hidden = content.network !== null;
  fill(
    place,
    el("span", { textContent: "Presets: " }),
    ...Object.keys(PRESETS).map((name) =>
      el("button", { type: "button", textContent: name, onclick: () => begin(null, presetNodes(name)) }),
    ),
  );
  buildTasks(begin);
}

function begin(number, nodes) {
  task = number;
  update({ nodes, at: nodes.length - 1, map: 0 });
}

function connectTheme() {
  const root = document.documentElement;
  byId("theme").addEventListener("click", () => {
    const dark = root.dataset.theme
      ? root.dataset.theme === "dark"
      : matchMedia("(prefers-color-scheme: dark)").matches;
    root.dataset.theme = dark ? "light" : "dark";
  });
}

function readAddress() {
  const found = fromAddress(location.hash.slice(1), first);
  state = { ...found.state, own: state.own };
  if (!sources.has(state.picture) && !Object.hasOwn(PATTERN_NAMES, state.picture)) state.picture = first.picture;
  say(found.refused.length ? `Left out of the address: ${found.refused.join("; ")}` : "");
  draw();
}

connectStage({ pixel: setPixel, map: (map) => update({ map }) });
connectInputs();
connectPresets();
connectTheme();
connectCopying();
buildAdding((sort) =>
  setColumn([...state.nodes.slice(0, state.at + 1), newLayer(sort), ...state.nodes.slice(state.at + 1)], state.at + 1),
);
addEventListener("hashchange", readAddress);
readAddress();
// What the tests ask.
globalThis.convwisePlayground = { answers, look: () => view, state: () => state };
