// The guide's text for the parameter that is being changed.

import { el, fill } from "./dom.js";

// `guidance` is a record of convwise/conv2d/guidance; `take(text)` is called with a value worth trying.
export function showCard(place, guidance, value, take) {
  fill(
    place,
    el("h2", { id: "card-name" }, el("code", { textContent: guidance.parameter }), " ", el("small", { textContent: `now ${value}; Keras's default ${guidance.default}` })),
    el("p", { className: "summary", textContent: sentence(guidance.summary) }),
    el("p", { textContent: guidance.what.replace(/ {2,}/g, " ").trim() }),
    el("h3", { textContent: "When to touch it" }),
    el("p", { textContent: guidance.when }),
    el("h3", { textContent: "Values to try" }),
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
  );
}

function sentence(text) {
  return `${text[0].toUpperCase()}${text.slice(1)}.`;
}

function valueItem(value, take) {
  return el(
    "li",
    {},
    el("button", { type: "button", textContent: value.text, onclick: () => take(value.text) }),
    ` ${value.note}`,
  );
}

function list(head, texts) {
  return el("div", {}, el("strong", { textContent: `${head}.` }), el("ul", {}, ...texts.map((text) => el("li", { textContent: text }))));
}
