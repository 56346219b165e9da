// Receptive fields: which pixels a unit sees, as convwise/nets/layer_table/receptive_field.py follows them.
//
// Along one axis a map's units stand `stride` pixels apart and the first sees the pixels from `first` to `last`, both
// included. A field is {local: [rows, columns] | null, whole, flat}; null is "not known".

import { effectiveWindow, samePadding } from "./geometry.js";

const PIXEL = { stride: 1, first: 0, last: 0 };
const WHOLE = { local: null, whole: true, flat: false };
export const PICTURE_FIELD = { local: [PIXEL, PIXEL], whole: false, flat: false };

// The field behind a layer. `seen` are the fields and `shapes` the shapes of its inputs.
export function fieldBehind(node, seen, shapes) {
  if (seen.some((field) => field === null)) return null;
  if (seen.every((field) => field.local === null)) return WHOLE;
  const [field] = seen;
  switch (node.kind) {
    case "Conv2D": {
      const { kernel_size: kernel, dilation_rate: dilation, strides, padding } = node.settings;
      return slid(
        field,
        kernel.map((k, i) => effectiveWindow(k, dilation[i])),
        strides,
        padding,
        shapes[0],
      );
    }
    case "MaxPooling2D":
    case "AveragePooling2D":
      return slid(field, node.config.pool_size, node.config.strides, node.config.padding, shapes[0]);
    case "ZeroPadding2D":
      return { ...field, local: field.local.map((axis, i) => slide(axis, 1, 1, node.config.padding[i][0])) };
    case "GlobalAveragePooling2D":
    case "GlobalMaxPooling2D":
      return WHOLE;
    case "Dense":
      return field.flat ? WHOLE : field;
    case "Flatten":
      return { ...field, flat: true };
    case "Add":
    case "Average":
    case "Concatenate":
    case "Maximum":
    case "Multiply":
    case "Subtract":
      return merged(seen);
    case "Unknown":
      return null;
    default:
      return field;
  }
}

function slid(field, extents, strides, padding, shape) {
  const sides = [shape.height, shape.width];
  const local = field.local.map((axis, i) => {
    const before = padding === "same" ? samePadding(sides[i], extents[i], strides[i], 1)[0] : 0;
    return slide(axis, extents[i], strides[i], before);
  });
  return { ...field, local };
}

// A window of `extent` units, `before` of them padding ahead of the first.
function slide({ stride, first, last }, extent, step, before) {
  return {
    stride: stride * step,
    first: first - before * stride,
    last: last + (extent - 1 - before) * stride,
  };
}

// Where branches meet a unit sees the hull of their windows.
function merged(seen) {
  const placed = seen.filter((field) => field.local !== null);
  const whole = seen.some((field) => field.whole);
  if (placed.some((field) => field.flat)) return null;
  const local = [0, 1].map((i) => {
    const axes = placed.map((field) => field.local[i]);
    if (new Set(axes.map((axis) => axis.stride)).size > 1) return null;
    return {
      stride: axes[0].stride,
      first: Math.min(...axes.map((axis) => axis.first)),
      last: Math.max(...axes.map((axis) => axis.last)),
    };
  });
  return local.includes(null) ? null : { local, whole, flat: false };
}

// {size, stride, whole}: pixels from the first to the last seen, and between neighbours; the picture's size where a
// unit sees all of it.
export function fieldNumbers(field, picture) {
  if (field === null) return null;
  if (field.local === null) return { size: [picture.height, picture.width], stride: [0, 0], whole: true };
  return {
    size: field.local.map((axis) => axis.last - axis.first + 1),
    stride: field.local.map((axis) => axis.stride),
    whole: field.whole,
  };
}
