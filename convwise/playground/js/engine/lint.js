// Findings about a graph of layers, by rules of convwise/nets/lint under their names: those that need no more than the
// graph, word by word; the tests hold them equal.

import {
  activationTwice,
  activityPenalty,
  biasBeforeNorm,
  biasParameterWithoutBias,
  denseAfterFlatten,
  linearBetween,
  penaltyOutsideRange,
  unusualConstraint,
} from "./lint_settings.js";
import {
  beyondPicture,
  evenWindow,
  firstWindow,
  neverShrunk,
  strideSkipsUnits,
  tapsOnPaddingOnly,
  unitsNeverSeen,
} from "./lint_windows.js";

const RULES = [
  beyondPicture,
  tapsOnPaddingOnly,
  neverShrunk,
  denseAfterFlatten,
  firstWindow,
  evenWindow,
  unitsNeverSeen,
  strideSkipsUnits,
  linearBetween,
  activationTwice,
  biasBeforeNorm,
  biasParameterWithoutBias,
  penaltyOutsideRange,
  activityPenalty,
  unusualConstraint,
];

// [{rule, severity, layers, message, fix, source}]; `layers` are numbers of nodes.
export function findingsOf(graph, rows, picture) {
  if (rows.some((row) => row.shape === null)) return []; // what is refused is said by its own rule
  const context = contextOf(graph, rows, picture);
  return RULES.flatMap((rule) => [...rule(context)]);
}

function contextOf({ nodes }, rows, picture) {
  const convolutions = nodes.flatMap((node, i) => (node.kind === "Conv2D" ? [i] : []));
  const followers = nodes.map((_, i) => nodes.flatMap((node, n) => (node.inputs.includes(i) ? [n] : [])));
  const looking = convolutions.filter((i) => Math.max(...nodes[i].settings.kernel_size) > 1);
  return { nodes, rows, picture, convolutions, followers, looking };
}
