// The guide's text for the parameter that is being changed.

import { rangeOf } from "../engine/maps.js";
import { drawFitted, scaleFor } from "./colours.js";
import { el, fill } from "./dom.js";

// `guidance` is a record of convwise/conv2d/guidance; `take(text)` is called with a value worth trying. The card is
// built anew only for another parameter, so that what is drawn in it stays.
export function showCard(place, guidance, value, take) {
  if (place.dataset.parameter !== guidance.parameter) {
    place.dataset.parameter = guidance.parameter;
    fill(place, ...cardParts(guidance, take));
  }
  place.querySelector("small").textContent = `now ${value}; Keras's default ${guidance.default}`;
}

function cardParts(guidance, take) {
  return [
    el("h2", { id: "card-name" }, el("code", { textContent: guidance.parameter }), " ", el("small")),
    el("p", { className: "summary", textContent: sentence(guidance.summary) }),
    el("p", { textContent: guidance.what.replace(/ {2,}/g, " ").trim() }),
    el("h3", { textContent: "When to touch it" }),
    el("p", { textContent: guidance.when }),
    el("h3", { textContent: "Values to try, on this picture" }),
    el("ul", { className: "values" }, ...guidance.values.map((each) => valueItem(each, take))),
    el("pre", { tabindex: "0", "aria-label": `an example of ${guidance.parameter}`, textContent: guidance.example }),
    el(
      "details",
      {},
      el("summary", { textContent: "The tutorial's advice, rules, PyTorch, sources" }),
      el("p", {}, el("strong", { textContent: "Advice. " }), `${guidance.claim} ${guidance.claim_note}`),
      list("Rules", guidance.rules),
      el("p", {}, el("strong", { textContent: "In PyTorch. " }), guidance.elsewhere),
      list("Sources", guidance.sources),
    ),
  ];
}

// Draws beside each value worth trying what the chosen map becomes with it. `look(text)` gives {output, refused}.
export function drawTries(place, map, look) {
  for (const item of place.querySelectorAll("[data-value]")) {
    const { output, refused } = look(item.dataset.value);
    const canvas = item.querySelector("canvas");
    canvas.hidden = !output;
    item.querySelector(".note").textContent = refused ? `✕ refused here: ${refused}` : "";
    if (!output) continue;
    const channel = Math.min(map, output.channels - 1);
    canvas.setAttribute("aria-label", `map ${channel} with ${item.dataset.value}`);
    const at = (place) => output.data[place * output.channels + channel];
    drawFitted(canvas, output.height, output.width, at, scaleFor(...rangeOf(output.data)));
  }
}

function sentence(text) {
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}

function valueItem(value, take) {
  return el(
    "li",
    { "data-value": value.text },
    el("canvas", { className: "try", width: 96, height: 96, role: "img", "aria-label": value.text, hidden: true }),
    el("button", { type: "button", textContent: value.text, onclick: () => take(value.text) }),
    el("span", {}, ` ${value.note} `, el("span", { className: "note" })),
  );
}

function list(head, texts) {
  return el(
    "div",
    {},
    el("strong", { textContent: `${head}.` }),
    el("ul", {}, ...texts.map((text) => el("li", { textContent: text }))),
  );
}
