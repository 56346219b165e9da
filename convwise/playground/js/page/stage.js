// The stage: input, kernel and output of the chosen layer, the window on them, and all of its maps.

import { traceOutput } from "../engine/convolution.js";
import { effectiveWindow, samePadding } from "../engine/geometry.js";
import { rangeOf } from "../engine/maps.js";
import { drawChannel, drawFitted, drawPicture, drawPlane, scaleFor } from "./colours.js";
import { by, byId, el, fill, fixed, significant } from "./dom.js";
import { drawKernel, KERNEL_PX } from "./effect.js";
import { channelNames, showTrace } from "./trace.js";

const MOST_MAPS = 64; // drawn; a layer of more says so
const MAP_PX = { width: 96, height: 96 };
const SVG_SPACE = "http://www.w3.org/2000/svg";

// Connects the pointer and the sliders of the output. `on` is {pixel(row, column), map(number)}.
export function connectStage(on) {
  const canvas = byId("output-map");
  const follow = (event) => {
    const box = canvas.getBoundingClientRect();
    const row = Math.floor(((event.clientY - box.top) / box.height) * canvas.height);
    const column = Math.floor(((event.clientX - box.left) / box.width) * canvas.width);
    on.pixel(Math.max(0, Math.min(canvas.height - 1, row)), Math.max(0, Math.min(canvas.width - 1, column)));
  };
  canvas.addEventListener("pointermove", follow);
  canvas.addEventListener("pointerdown", follow);
  byId("pixel-row").addEventListener("input", (event) => on.pixel(Number(event.target.value), null));
  byId("pixel-column").addEventListener("input", (event) => on.pixel(null, Number(event.target.value)));
  byId("maps").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (button) on.map(Number(button.dataset.map));
  });
}

// Draws everything that the view's numbers decide.
export function showStage(view, state, picture, most) {
  const broken = view.result === null;
  byId("views").hidden = byId("pixel").hidden = broken;
  byId("all-maps").hidden = broken;
  byId("trace").hidden = broken || !view.node.settings;
  if (broken) return;
  const { output, weights } = view.result;
  const map = Math.min(state.map, output.channels - 1);
  showInput(view, state, picture, most);
  showKernel(view, map);
  const scale = scaleFor(...rangeOf(output.data));
  showOutput(output, map, scale);
  showMaps(view, output, weights, map, scale);
  showPixel(view, state, picture);
}

function showInput(view, state, picture, most) {
  const [map] = view.result.maps;
  const canvas = byId("input-map");
  const isPicture = map === picture.map;
  if (isPicture) drawPicture(canvas, map, most);
  else drawChannel(canvas, map, Math.min(state.map, map.channels - 1), scaleFor(...rangeOf(map.data)));
  const size = by([map.height, map.width, map.channels]);
  const shown = isPicture ? "picture" : `channel ${Math.min(state.map, map.channels - 1)} of the input`;
  byId("input-caption").textContent = `${shown}, ${size}`;
  canvas.setAttribute("aria-label", `input of ${view.node.name}: ${shown}, ${size}`);
}

function showKernel(view, map) {
  byId("kernel-figure").hidden = !view.settings;
  if (!view.settings) return;
  const [high, wide, channels] = view.kernelShape;
  const { kernel, bias } = view.result.weights;
  const place = byId("kernel");
  while (place.childElementCount > Math.min(channels, 3)) place.lastElementChild.remove();
  while (place.childElementCount < Math.min(channels, 3)) place.append(el("canvas"));
  [...place.children].forEach((canvas, channel) =>
    drawPlane(
      canvas,
      high,
      wide,
      (tap) => kernel[(tap * channels + channel) * view.settings.filters + map],
      kernelScale(kernel),
    ),
  );
  const shown = channels > 3 ? `, the first 3 of ${channels} channels` : "";
  const words = `kernel ${map}, ${by([high, wide, channels])}${shown}${bias ? `, bias ${significant(bias[map], 2)}` : ""}`;
  byId("kernel-caption").textContent = words;
  byId("kernel").setAttribute("aria-label", words);
}

function kernelScale(kernel) {
  const most = Math.max(...rangeOf(kernel).map(Math.abs)) || 1;
  return { kind: "signed", low: -most, high: most };
}

function showOutput(output, map, scale) {
  const canvas = byId("output-map");
  drawChannel(canvas, output, map, scale);
  const words = `map ${map} of ${output.channels}, ${by([output.height, output.width])}; colours from ${significant(scale.low, 2)} to ${significant(scale.high, 2)}`;
  byId("output-caption").textContent = words;
  canvas.setAttribute("aria-label", words);
}

// A button for each map; existing ones are drawn anew, which is faster than making them.
function showMaps(view, output, weights, chosen, scale) {
  const place = byId("maps");
  const shown = Math.min(output.channels, MOST_MAPS);
  while (place.childElementCount > shown) place.lastElementChild.remove();
  while (place.childElementCount < shown) place.append(mapButton(place.childElementCount));
  const ofKernel = view.settings ? kernelScale(weights.kernel) : null;
  [...place.children].forEach((button, map) => {
    button.setAttribute("aria-pressed", String(map === chosen));
    const [kernel, canvas] = button.children;
    kernel.hidden = !view.settings;
    if (view.settings) drawKernel(kernel, weights.kernel, view.kernelShape, map, ofKernel);
    drawFitted(canvas, output.height, output.width, (place) => output.data[place * output.channels + map], scale);
  });
  byId("maps-note").textContent =
    output.channels > shown ? `Shown: the first ${shown} of ${output.channels} maps.` : "";
}

function mapButton(map) {
  return el(
    "button",
    { type: "button", "data-map": map, "aria-label": `map ${map}` },
    el("canvas", { className: "tile", ...KERNEL_PX }),
    el("canvas", { className: "map", ...MAP_PX }),
  );
}

// The window on the input, the place on the output, and how its number came about.
export function showPixel(view, state, picture) {
  const { output } = view.result;
  const [row, column] = [Math.min(state.row, output.height - 1), Math.min(state.column, output.width - 1)];
  const map = Math.min(state.map, output.channels - 1);
  setSlider(byId("pixel-row"), row, output.height);
  setSlider(byId("pixel-column"), column, output.width);
  mark(byId("output-overlay"), output, [[row, column, 1, 1, "window"]]);
  const number = output.data[(row * output.width + column) * output.channels + map];
  byId("pixel-text").textContent = `row ${row}, column ${column}: ${fixed(number, 4)}`;
  const [input] = view.result.maps;
  if (!view.settings) {
    mark(byId("input-overlay"), input, windowOf(view.node, input, row, column));
    return;
  }
  const { kernel, bias } = view.result.weights;
  const found = traceOutput(input, view.settings, kernel, bias, { row, column, filter: map });
  const taps = view.settings.dilation_rate.some((rate) => rate > 1)
    ? found.taps.filter((tap) => tap.channel === found.taps[0].channel).map((tap) => [tap.y, tap.x, 1, 1, "tap"])
    : [];
  mark(byId("input-overlay"), input, [[found.top, found.left, ...found.window, "window"], ...taps]);
  showTrace(byId("products"), found, channelNames(input, input === picture.map), view.settings.activation, number);
}

function windowOf(node, input, row, column) {
  if (!node.kind.endsWith("Pooling2D")) return node.config && input.height > 1 ? [[row, column, 1, 1, "window"]] : [];
  if (node.kind.startsWith("Global")) return [[0, 0, input.height, input.width, "window"]];
  const { pool_size: size, strides, padding } = node.config;
  const before = [input.height, input.width].map((side, i) =>
    padding === "same" ? samePadding(side, effectiveWindow(size[i], 1), strides[i], 1)[0] : 0,
  );
  return [[row * strides[0] - before[0], column * strides[1] - before[1], ...size, "window"]];
}

function setSlider(slider, value, n) {
  slider.max = n - 1;
  slider.value = value;
}

// Rectangles [top, left, height, width, class] over a map.
function mark(overlay, map, rectangles) {
  overlay.setAttribute("viewBox", `0 0 ${map.width} ${map.height}`);
  fill(
    overlay,
    ...rectangles.map(([top, left, height, width, name]) => {
      const made = document.createElementNS(SVG_SPACE, "rect");
      for (const [key, value] of Object.entries({ x: left, y: top, width, height, class: name }))
        made.setAttribute(key, value);
      return made;
    }),
  );
}
