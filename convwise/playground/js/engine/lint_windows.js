// Findings about windows and maps: what units see, what no window reaches, where a map shrinks.

import { effectiveWindow, samePadding } from "./geometry.js";
import { DUMOULIN, finding, listed, percent, spaced, TUTORIAL } from "./lint_words.js";

const POOLING = ["MaxPooling2D", "AveragePooling2D"];
const LARGE_PICTURE = 128;

export function* beyondPicture({ nodes, rows, picture, looking }) {
  const sees = (i) => {
    const [input] = nodes[i].inputs;
    const field = input < 0 ? { size: [1, 1], stride: [1, 1] } : rows[input].field;
    return field && field.stride[0] > 0 && field.size[0] >= picture.height && field.size[1] >= picture.width;
  };
  const idle = looking.filter(sees);
  if (!idle.length) return;
  const share = (key) =>
    percent(idle.reduce((sum, i) => sum + rows[i][key], 0) / rows.reduce((sum, row) => sum + row[key], 0));
  yield finding(
    "receptive_field_beyond_image",
    "note",
    idle,
    `${idle.length} of ${looking.length} convolutions larger than 1x1 (${listed(nodes, idle)}) already receive input covering ` +
      `the whole ${spaced([picture.height, picture.width])} px image: they add little, with ${share("weights")} % of the ` +
      `weights and ${share("multiplyAdds")} % of the multiply-adds`,
    "larger images, or a network with fewer layers behind the first of these",
    "Richter et al. 2021, (Input) size matters for CNN classifiers, ICANN (border layers)",
  );
}

export function* tapsOnPaddingOnly({ nodes, rows, looking }) {
  const found = looking.filter((i) => liveShare(nodes[i].settings, rows[i].inputShapes[0]) < 1);
  if (!found.length) return;
  const { settings } = nodes[found[0]];
  const [map] = rows[found[0]].inputShapes;
  yield finding(
    "taps_on_padding_only",
    "warning",
    found,
    `${listed(nodes, found)}: on a map of ${spaced([map.height, map.width])} units ${percent(1 - liveShare(settings, map))} % of ` +
      `the weights of a ${spaced(settings.kernel_size)} window only ever meet zeros and learn nothing`,
    "kernel_size=1, or larger images",
    `${DUMOULIN}; counted exactly`,
  );
}

function liveShare(settings, map) {
  const live = [map.height, map.width].map((size, i) => liveTaps(settings, i, size) / settings.kernel_size[i]);
  return live[0] * live[1];
}

function liveTaps({ kernel_size: kernel, strides, dilation_rate: dilation, padding }, i, size) {
  if (padding !== "same") return kernel[i];
  const [before] = samePadding(size, kernel[i], strides[i], dilation[i]);
  const starts = Array.from({ length: Math.ceil(size / strides[i]) }, (_, unit) => unit * strides[i] - before);
  const taps = Array.from({ length: kernel[i] }, (_, tap) => tap * dilation[i]);
  return taps.filter((tap) => starts.some((start) => start + tap >= 0 && start + tap < size)).length;
}

export function* neverShrunk({ nodes, rows, picture, looking }) {
  const end = nodes.findIndex((node) => node.kind === "Flatten" || node.kind.startsWith("Global"));
  if (end < 0 || !looking.some((i) => i < end)) return;
  const [input] = nodes[end].inputs;
  const field = input < 0 ? null : rows[input].field;
  if (!field || String(field.stride) !== "1,1") return;
  const [map] = rows[end].inputShapes;
  yield finding(
    "map_never_shrunk",
    "warning",
    [end],
    `${nodes[end].name} takes a map of ${spaced([map.height, map.width])} units: nothing has shrunk the ` +
      `${spaced([picture.height, picture.width])} px image before it, so every layer works at full size`,
    "strides=2 in a convolution, or a pooling layer",
    `${TUTORIAL} (strides, pooling); He and Sun 2015, Convolutional neural networks at constrained time cost`,
  );
}

export function* firstWindow({ nodes, picture, convolutions }) {
  const behind = []; // whether a convolution stands before a node
  nodes.forEach((node) => behind.push(node.inputs.some((n) => n >= 0 && (behind[n] || nodes[n].kind === "Conv2D"))));
  const largest = (i) => Math.max(...nodes[i].settings.kernel_size);
  const firsts = convolutions.filter((i) => !behind[i]);
  if (!firsts.length) return;
  const first = firsts.reduce((a, b) => (largest(b) > largest(a) ? b : a)); // of branches side by side, the largest
  const window = Math.max(...nodes[first].settings.kernel_size);
  const side = Math.min(picture.height, picture.width);
  const large = side > LARGE_PICTURE;
  if (large ? window >= 5 : window <= 3) return;
  const sides = picture.height === picture.width ? picture.height : spaced([picture.height, picture.width]);
  yield finding(
    "first_window",
    "note",
    [first],
    `the first window is ${spaced(nodes[first].settings.kernel_size)} on images of ${sides} px; for images ` +
      `${large ? "above" : "up to"} ${LARGE_PICTURE} px the tutorial advises ${large ? "5 or 7 first, then 3" : "1 and 3 only"}: ` +
      "a claim to measure",
    `kernel_size=${large ? 7 : 3}`,
    `${TUTORIAL} (kernel_size)`,
  );
}

export function* evenWindow({ nodes, convolutions }) {
  const found = convolutions.filter((i) =>
    nodes[i].settings.kernel_size.some((k, axis) => k % 2 === 0 && nodes[i].settings.strides[axis] !== k),
  );
  if (!found.length) return;
  yield finding(
    "even_window",
    "warning",
    found,
    `the window of ${listed(nodes, found)} is ${spaced(nodes[found[0]].settings.kernel_size)}: it has no centre, and each such ` +
      "layer shifts the map by half a unit",
    `kernel_size=${Math.max(...nodes[found[0]].settings.kernel_size) + 1}`,
    `${TUTORIAL} (kernel_size); Wu et al. 2019, Convolution with even-sized kernels, section 3`,
  );
}

// The window and step of a layer that slides, or null.
function sliding(node) {
  if (node.kind === "Conv2D") {
    const { kernel_size: kernel, dilation_rate: dilation, strides, padding } = node.settings;
    return { extent: kernel.map((k, i) => effectiveWindow(k, dilation[i])), strides, padding };
  }
  if (!POOLING.includes(node.kind)) return null;
  return { extent: node.config.pool_size, strides: node.config.strides, padding: node.config.padding };
}

export function* unitsNeverSeen({ nodes, rows }) {
  const found = [];
  nodes.forEach((node, i) => {
    const slides = sliding(node);
    if (!slides || slides.padding !== "valid") return;
    const [map] = rows[i].inputShapes;
    const before = nodes[node.inputs[0]];
    const zeros = before?.kind === "ZeroPadding2D" ? before.config.padding.map((pair) => pair[1]) : [0, 0];
    const rests = [map.height, map.width].map(
      (size, axis) => ((size - slides.extent[axis]) % slides.strides[axis]) - zeros[axis],
    );
    if (Math.max(...rests) > 0 && slides.extent.every((extent, axis) => extent >= slides.strides[axis])) {
      found.push({ i, rests: rests.map((rest) => Math.max(rest, 0)), map });
    }
  });
  if (!found.length) return;
  const [{ i, rests, map }, ...others] = found;
  const more = others.length
    ? `; likewise ${listed(
        nodes,
        others.map((each) => each.i),
      )}`
    : "";
  yield finding(
    "units_never_seen",
    "note",
    found.map((each) => each.i),
    `${nodes[i].name} never reads the last ${rests[0]} of ${map.height} rows and the last ${rests[1]} of ${map.width} columns of ` +
      `its input${more}`,
    "padding=same, or another image size",
    `${DUMOULIN}, section 2.4`,
  );
}

export function* strideSkipsUnits({ nodes }) {
  const found = nodes.flatMap((node, i) =>
    sliding(node)?.strides.some((s, axis) => s > sliding(node).extent[axis]) ? [i] : [],
  );
  if (!found.length) return;
  const { extent, strides } = sliding(nodes[found[0]]);
  const share = extent.reduce((product, each, axis) => product * Math.min(1, each / strides[axis]), 1);
  yield finding(
    "stride_skips_units",
    "note",
    found,
    `${listed(nodes, found)}: the stride ${spaced(strides)} is larger than the window, which uses ${percent(share)} % of the ` +
      "units and skips the others",
    `kernel_size=${Math.max(...strides) + 1}, or average pooling of that stride before it`,
    "He T. et al. 2019, Bag of tricks for image classification, section 4",
  );
}
