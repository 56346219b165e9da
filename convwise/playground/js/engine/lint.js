// Findings about a graph of layers: what is unwise in it. Fewer than convwise/nets/lint has, with the same names.

export function findingsOf() {
  return [];
}
