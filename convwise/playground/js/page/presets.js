// Presets: columns that show an idea.

import { asColumn, newLayer } from "./state.js";

const convolution = (settings) => newLayer("Conv2D", settings);

export const PRESETS = {
  "one layer": () => [convolution({})],
  "strided instead of pooling": () => [convolution({ padding: "same", strides: [2, 2], activation: "relu" })],
  "convolution, ReLU, pooling": () => [convolution({ padding: "same" }), newLayer("ReLU"), newLayer("MaxPooling2D")],
  dilated: () => [convolution({ padding: "same", dilation_rate: [4, 4] })],
  depthwise: () => [convolution({ padding: "same", activation: "relu" }), convolution({ padding: "same", groups: 8 })],
  "1×1 bottleneck": () => [
    convolution({ padding: "same", filters: 32, activation: "relu" }),
    convolution({ filters: 8, kernel_size: [1, 1] }),
    convolution({ padding: "same", filters: 8, activation: "relu" }),
  ],
  "a small network": () => [
    convolution({ filters: 16, padding: "same", activation: "relu" }),
    newLayer("MaxPooling2D"),
    convolution({ filters: 32, padding: "same", activation: "relu" }),
    newLayer("MaxPooling2D"),
    newLayer("Flatten"),
    newLayer("Dense", { activation: "softmax" }),
  ],
};

export function presetNodes(name) {
  return asColumn(PRESETS[name]());
}
