// Beside the default: the same map with one parameter at its default, and the difference.

import { rangeOf } from "../engine/maps.js";
import { drawChannel, drawPlane, scaleFor } from "./colours.js";
import { by, byId, count, el, fill, significant } from "./dom.js";
import { valueText } from "./texts.js";

// `other` is the layer with the parameter at its default: {row, result}.
export function showBeside(place, view, other, parameter, value, map) {
  place.hidden = other === null;
  if (other === null) return;
  const head = el("h3", { textContent: `With ${parameter}=${valueText(value)}, everything else the same` });
  if (!other.result) {
    fill(place, head, el("p", { textContent: `There is nothing to see: ${other.row.problems[0].message}.` }));
    return;
  }
  const [mine, theirs] = [view.result.output, other.result.output];
  const channel = Math.min(map, theirs.channels - 1);
  const canvas = el("canvas", { role: "img", "aria-label": `map ${channel} with the default` });
  drawChannel(canvas, theirs, channel, scaleFor(...rangeOf(theirs.data)));
  const size = `${by([theirs.height, theirs.width, theirs.channels])}, ${count(other.row.weights)} weights, ${count(other.row.multiplyAdds)} multiply-adds`;
  fill(
    place,
    head,
    el("figure", {}, canvas, el("figcaption", { textContent: `map ${channel}: ${size}` })),
    difference(mine, theirs, Math.min(map, mine.channels - 1), channel),
  );
}

function difference(mine, theirs, map, channel) {
  if (mine.height !== theirs.height || mine.width !== theirs.width) {
    const sizes = `${by([mine.height, mine.width])} here, ${by([theirs.height, theirs.width])} with the default`;
    return el("p", { textContent: `The maps have different sizes (${sizes}), so no difference is drawn.` });
  }
  const numbers = Float32Array.from(
    { length: mine.height * mine.width },
    (_, place) => mine.data[place * mine.channels + map] - theirs.data[place * theirs.channels + channel],
  );
  const most = Math.max(...rangeOf(numbers).map(Math.abs));
  if (most === 0) return el("p", { textContent: "The two maps are the same, number by number." });
  const canvas = el("canvas", { role: "img", "aria-label": "difference of the two maps" });
  drawPlane(canvas, mine.height, mine.width, (place) => numbers[place], { kind: "signed", low: -most, high: most });
  return el(
    "figure",
    {},
    canvas,
    el("figcaption", { textContent: `difference, here minus default: at most ${significant(most, 2)}` }),
  );
}

// The box that turns it on, with the parameter's name.
export function nameBeside(parameter) {
  byId("beside-name").textContent = parameter;
}
