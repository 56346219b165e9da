// Elements and numbers as text.

// An element with attributes, properties ("onclick", "value", "textContent", ...) and children.
export function el(tag, given = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(given)) setOn(made, name, value);
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

const PROPERTIES = new Set([
  "value",
  "checked",
  "textContent",
  "className",
  "disabled",
  "hidden",
  "htmlFor",
  "open",
  "selected",
]);

function setOn(element, name, value) {
  if (value === null || value === undefined) return;
  if (name.startsWith("on")) element.addEventListener(name.slice(2), value);
  else if (PROPERTIES.has(name)) element[name] = value;
  else element.setAttribute(name, value);
}

// Puts the children in the place of what is there.
export function fill(element, ...children) {
  element.replaceChildren(...children.filter((child) => child !== null && child !== undefined));
}

export function byId(id) {
  return document.getElementById(id);
}

// 1234567 -> "1,234,567".
export function whole(number) {
  return number === null ? "unknown" : Math.round(number).toLocaleString("en-US");
}

// Large counts short: 390000 -> "0.39 million".
export function count(number) {
  if (number === null) return "unknown";
  if (number < 100_000) return whole(number);
  return number < 1e9 ? `${significant(number / 1e6, 3)} million` : `${significant(number / 1e9, 3)} thousand million`;
}

export function bytes(number) {
  if (number === null) return "unknown";
  if (number < 1000) return `${number} B`;
  return number < 1e6 ? `${significant(number / 1000, 3)} kB` : `${significant(number / 1e6, 3)} MB`;
}

// A real number with so many digits, without an exponent where it can be read without.
export function significant(number, digits = 3) {
  if (!Number.isFinite(number)) return String(number);
  if (number === 0) return "0";
  const size = Math.abs(number);
  if (size < 1e-4 || size >= 1e7)
    return number
      .toExponential(digits - 1)
      .replace("-", "−")
      .replace("e−", "e−");
  return minus(String(Number(number.toPrecision(digits))));
}

// With as many decimals as asked, and a true minus sign.
export function fixed(number, decimals = 2) {
  const text = number.toFixed(decimals);
  return minus(Number(text) === 0 ? text.replace("-", "") : text);
}

export function minus(text) {
  return text.replace("-", "−");
}

export function by(sizes) {
  return sizes.join(" × ");
}
