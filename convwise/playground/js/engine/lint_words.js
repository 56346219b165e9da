// How a finding is put in words, as convwise/nets/lint puts it.

export const TUTORIAL = "Rosebrock, Keras Conv2D and Convolutional Layers, PyImageSearch 2018";
export const DUMOULIN = "Dumoulin and Visin 2016, A guide to convolution arithmetic for deep learning";

export function finding(rule, severity, layers, message, fix, source) {
  return { rule, severity, layers, message, fix, source };
}

// Names in a sentence: the first two, and how many more.
export function listed(nodes, numbers) {
  const names = numbers.map((i) => nodes[i].name);
  if (names.length > 3) return `${names[0]}, ${names[1]} and ${names.length - 2} more`;
  return names.length > 1 ? `${names.slice(0, -1).join(", ")} and ${names.at(-1)}` : names[0];
}

export function spaced(sizes) {
  return sizes.join(" x ");
}

export function grouped(number) {
  return number.toLocaleString("en-US");
}

// As Python writes `{100 * share:.0f}`: a half to the even number.
export function percent(share) {
  const [below, part] = [Math.floor(100 * share), (100 * share) % 1];
  return part > 0.5 || (part === 0.5 && below % 2) ? below + 1 : below;
}
