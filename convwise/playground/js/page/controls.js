// The sixteen controls: each shows its value, says when it is illegal, and hands on what the user moved.

import { CATALOGUE, DEFAULTS, NAMED, PARAMETERS } from "../generated/catalogue.js";
import { kindOf, namedText, readNamed } from "../engine/named.js";
import { byId, el, fill } from "./dom.js";
import { FIRST_SETTINGS, valueText } from "./texts.js";

const RANGES = { filters: [1, 64], groups: [1, 16], kernel_size: [1, 11], strides: [1, 5], dilation_rate: [1, 5] };
const CHOICES = { padding: ["valid", "same"], data_format: ["channels_last", "channels_first"] };
const AXES = ["0", "1", "2", "3", "0,1,2", "0,1"];

// Builds the controls into the three groups. `on` is {change(parameter, value), show(parameter)}; the returned function
// sets them to complete settings, with the parameters that violations name.
export function buildControls(on) {
  const controls = Object.fromEntries(PARAMETERS.map((parameter) => [parameter, buildControl(parameter, on)]));
  for (const [parameter, control] of Object.entries(controls)) {
    byId(`group-${control.group}`).append(control.element);
    const reset = () => on.change(parameter, FIRST_SETTINGS[parameter]);
    control.element.addEventListener(
      "dblclick",
      (event) => event.target.closest("select, input[type=number]") || reset(),
    );
    control.element.addEventListener("focusin", () => on.show(parameter));
    control.element.addEventListener("pointerdown", () => on.show(parameter));
  }
  return (settings, refused, shown, limits) => {
    for (const [parameter, control] of Object.entries(controls)) {
      control.set(settings[parameter], limits);
      const bad = refused.includes(parameter);
      control.element.classList.toggle("illegal", bad);
      control.element.classList.toggle("shown", parameter === shown);
      control.element
        .querySelectorAll("input, select")
        .forEach((each) => each.setAttribute("aria-invalid", String(bad)));
      const idle = !settings.use_bias && parameter.startsWith("bias_");
      control.note(bad ? "✕ refused" : idle ? "no effect without a bias" : "");
    }
  };
}

function buildControl(parameter, on) {
  const change = (value) => on.change(parameter, value);
  const parts = NAMED.includes(parameter)
    ? namedControl(parameter, change)
    : parameter in CHOICES
      ? choiceControl(parameter, change)
      : parameter === "use_bias"
        ? truthControl(change)
        : numberControl(parameter, change);
  const note = el("span", { className: "note" });
  const shown = el("output", { className: "value" });
  const element = el(
    "div",
    { className: "control", "data-parameter": parameter, role: "group", "aria-label": parameter },
    el("div", { className: "head" }, el("span", { className: "name", textContent: parameter }), shown, note),
    ...parts.elements,
  );
  return {
    element,
    group: groupOf(parameter),
    set: (value, limits) => {
      shown.textContent = Array.isArray(value) ? value.join(" × ") : NAMED.includes(parameter) ? "" : valueText(value);
      parts.set(value, limits);
    },
    note: (text) => (note.textContent = text),
  };
}

function groupOf(parameter) {
  if (parameter.endsWith("regularizer") || parameter.endsWith("constraint")) return "training";
  return ["activation", "use_bias", "kernel_initializer", "bias_initializer"].includes(parameter) ? "values" : "shape";
}

// A slider, or two for height and width with a box that ties them.
function numberControl(parameter, change) {
  const [low, high] = RANGES[parameter];
  const slider = (label, input) =>
    el("input", { type: "range", min: low, max: high, step: 1, "aria-label": label, oninput: input });
  if (!Array.isArray(FIRST_SETTINGS[parameter])) {
    const own = slider(parameter, () => change(Number(own.value)));
    return {
      elements: [own],
      set: (value, limits) => {
        own.max = Math.max(high, value, parameter === "groups" ? limits.groups : 0);
        own.value = value;
      },
    };
  }
  const tied = el("input", {
    type: "checkbox",
    checked: true,
    onchange: () => tied.checked && change([height.value, height.value].map(Number)),
  });
  const height = slider(`${parameter}, height`, () =>
    change([height.value, tied.checked ? height.value : width.value].map(Number)),
  );
  const width = slider(`${parameter}, width`, () =>
    change([tied.checked ? width.value : height.value, width.value].map(Number)),
  );
  return {
    elements: [
      el("div", { className: "pair" }, height, width),
      el("label", { className: "tied" }, tied, " same height and width"),
    ],
    set: (value) => {
      if (value[0] !== value[1]) tied.checked = false;
      [height, width].forEach((each, i) => {
        each.max = Math.max(high, value[i]);
        each.value = value[i];
      });
    },
  };
}

function choiceControl(parameter, change) {
  const select = el("select", { "aria-label": parameter, onchange: () => change(select.value) });
  select.append(...CHOICES[parameter].map((name) => el("option", { value: name, textContent: name })));
  return { elements: [select], set: (value) => (select.value = value) };
}

function truthControl(change) {
  const box = el("input", { type: "checkbox", "aria-label": "use_bias", onchange: () => change(box.checked) });
  return {
    elements: [el("label", { className: "tied" }, box, " a number is added per filter")],
    set: (value) => (box.checked = value),
  };
}

// A list of names, and a field for each argument of the one that is chosen.
function namedControl(parameter, change) {
  const kind = kindOf(parameter);
  const names = Object.keys(CATALOGUE[kind]);
  const none = kind === "regularizer" || kind === "constraint" ? ["none"] : [];
  const select = el("select", { "aria-label": parameter });
  select.append(...[...none, ...names].map((name) => el("option", { value: name, textContent: name })));
  const fields = el("div", { className: "arguments" });
  let text = DEFAULTS[parameter];
  select.addEventListener("change", () => change(firstText(parameter, select.value)));
  const setArgument = (name, value) => {
    const now = readNamed(parameter, text);
    change(namedText(parameter, { ...now, arguments: { ...now.arguments, [name]: value } }));
  };
  return {
    elements: [select, fields],
    set: (value) => {
      const before = text;
      text = value;
      select.value = value.split(":")[0];
      const sameFields = before.split(":")[0] === select.value && fields.childElementCount > 0;
      const now = readNamed(parameter, value);
      if (!sameFields) fill(fields, ...(now ? argumentFields(parameter, now, setArgument) : []));
      for (const field of fields.querySelectorAll("[data-argument]"))
        setField(field, now.arguments[field.dataset.argument]);
    },
  };
}

// A name with arguments that show something: Keras's default factors are twenty times the usual ones.
function firstText(parameter, name) {
  const usual = { l1: "l1:0.0001", l2: "l2:0.0005", l1_l2: "l1_l2:0.0001:0.0005", constant: "constant:0.1" };
  const activity = { l1: "l1:0.000001", l2: "l2:0.000001", l1_l2: "l1_l2:0.000001:0.000001" };
  const text = (parameter === "activity_regularizer" ? activity[name] : undefined) ?? usual[name] ?? name;
  return namedText(parameter, readNamed(parameter, text));
}

function argumentFields(parameter, now, setArgument) {
  return CATALOGUE[kindOf(parameter)][now.name].arguments
    .filter((argument) => argument.shown !== "by_name" && argument.form !== "truth")
    .map((argument) => {
      const field = fieldFor(argument, (value) => setArgument(argument.name, value));
      field.dataset.argument = argument.name;
      field.setAttribute("aria-label", `${parameter}, ${argument.name}`);
      return el("label", {}, `${argument.name} `, field);
    });
}

function fieldFor(argument, set) {
  if (argument.form === "number") {
    const limits = { min: argument.low, max: argument.high, placeholder: argument.optional ? "none" : null };
    const field = el("input", { type: "number", step: "any", ...limits });
    field.addEventListener("change", () => {
      if (field.value === "" && argument.optional) set(null);
      else if (field.value !== "" && field.checkValidity()) set(Number(field.value));
    });
    return field;
  }
  const choices = argument.form === "axes" ? AXES : (argument.choices ?? [String(argument.default)]);
  const select = el("select", {}, ...choices.map((choice) => el("option", { value: choice, textContent: choice })));
  const parse = (text) => (text.includes(",") ? text.split(",").map(Number) : Number(text));
  select.addEventListener("change", () => set(argument.form === "axes" ? parse(select.value) : select.value));
  return select;
}

function setField(field, value) {
  const text = value === null ? "" : String(value);
  if (field.tagName === "SELECT" && ![...field.options].some((option) => option.value === text)) {
    field.append(el("option", { value: text, textContent: text }));
  }
  if (document.activeElement !== field || field.tagName === "SELECT") field.value = text;
}
