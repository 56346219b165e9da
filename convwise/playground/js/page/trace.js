// The trace of one output number: the window's numbers, the weights, their products and what becomes of the sum.

import { pointwise } from "../engine/activations.js";
import { cssColour, colourOf, inkOn, scaleFor } from "./colours.js";
import { el, fill, fixed, significant } from "./dom.js";

const MOST_CHANNELS = 3;
const MOST_TAPS = 49; // written out; larger windows are told in sums

const CHANNEL_NAMES = ["red", "green", "blue"];

// Fills `place` with the trace; `names` are those of the input's channels.
export function showTrace(place, found, names, activation, output) {
  const channels = [...new Set(found.taps.map((tap) => tap.channel))];
  const sums = new Map(channels.map((channel) => [channel, sumOf(found.taps, channel)]));
  const strongest = [...channels].sort((a, b) => Math.abs(sums.get(b)) - Math.abs(sums.get(a))).slice(0, MOST_CHANNELS);
  const shown = strongest.sort((a, b) => a - b);
  const scale = scaleOf(found.taps);
  fill(
    place,
    ...shown.map((channel) =>
      channelTable(found, channel, names[channel] ?? `channel ${channel}`, scale, sums.get(channel)),
    ),
    channels.length > shown.length
      ? el("p", { textContent: `Shown: the ${shown.length} of ${channels.length} channels whose sums are largest.` })
      : null,
    el("p", { className: "sum", textContent: sumText(found, channels, sums, activation, output) }),
    found.taps.some((tap) => !tap.inside)
      ? el("p", { textContent: "Places marked · lie outside the map: zeros of the padding." })
      : null,
  );
}

export function channelNames(map, isPicture) {
  return isPicture && map.channels === 3 ? CHANNEL_NAMES : isPicture && map.channels === 1 ? ["gray"] : [];
}

function sumOf(taps, channel) {
  return taps.reduce((sum, tap) => sum + (tap.channel === channel ? tap.product : 0), 0);
}

function scaleOf(taps) {
  const most = (key) => Math.max(...taps.map((tap) => Math.abs(tap[key])), 1e-12);
  return {
    value: scaleFor(Math.min(0, ...taps.map((tap) => tap.value)), most("value")),
    weight: { kind: "signed", low: -most("weight"), high: most("weight") },
    product: { kind: "signed", low: -most("product"), high: most("product") },
  };
}

function channelTable(found, channel, name, scales, sum) {
  const taps = found.taps.filter((tap) => tap.channel === channel);
  if (taps.length > MOST_TAPS) {
    return el("p", { textContent: `${name}: ${taps.length} products add up to ${fixed(sum, 3)}` });
  }
  return el(
    "div",
    { className: "products" },
    el("strong", { textContent: name }),
    grid(taps, "value", scales.value, `${name}: numbers in the window`),
    el("span", { className: "sign", textContent: "×" }),
    grid(taps, "weight", scales.weight, `${name}: weights`),
    el("span", { className: "sign", textContent: "=" }),
    grid(taps, "product", scales.product, `${name}: products`),
    el("span", { className: "sign", textContent: `Σ ${fixed(sum, 3)}` }),
  );
}

function grid(taps, key, scale, label) {
  const rows = Map.groupBy ? Map.groupBy(taps, (tap) => tap.tapDown) : groupedByRow(taps);
  return el(
    "table",
    { "aria-label": label },
    el("tbody", {}, ...[...rows.values()].map((row) => el("tr", {}, ...row.map((tap) => cell(tap, key, scale))))),
  );
}

function groupedByRow(taps) {
  const rows = new Map();
  for (const tap of taps) rows.set(tap.tapDown, [...(rows.get(tap.tapDown) ?? []), tap]);
  return rows;
}

function cell(tap, key, scale) {
  const made = el("td", { textContent: key === "value" && !tap.inside ? "·" : fixed(tap[key], 2) });
  made.style.backgroundColor = cssColour(tap[key], scale);
  made.style.color = inkOn(colourOf(tap[key], scale));
  return made;
}

function sumText(found, channels, sums, activation, output) {
  const few = channels.length <= 4;
  const terms = few
    ? channels.map((channel) => fixed(sums.get(channel), 3))
    : [`all ${channels.length} channels ${fixed(found.sum - found.bias, 4)}`];
  const added = found.bias ? [...terms, `bias ${fixed(found.bias, 3)}`] : terms;
  const text = added.length === 1 ? terms[0] : `${added.join(" + ").replaceAll("+ −", "− ")} = ${fixed(found.sum, 4)}`;
  if (activation === "linear") return `${text}, the output`;
  return pointwise(activation)
    ? `${text}; ${activation}(${fixed(found.sum, 3)}) = ${significant(output, 4)}, the output`
    : `${text}; with the other channels through ${activation}: ${significant(output, 4)}`;
}
