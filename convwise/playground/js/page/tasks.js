// Small tasks to try, each with its check on the column: a student's way in.

import { byId, el, fill } from "./dom.js";
import { asColumn, newLayer } from "./state.js";

const small = (settings = {}) => newLayer("Conv2D", settings);
const only = (nodes, kind) => nodes.filter((node) => node.kind === kind);
const last = (rows) => rows.at(-1);

// `start` makes the layers to begin with; `done(nodes, rows, size)` says whether it is solved.
export const TASKS = [
  {
    title: "Keep the size",
    text: "The map comes out smaller than the picture. Change one parameter so that it keeps its size.",
    start: () => [small({ kernel_size: [5, 5] })],
    done: (nodes, rows, size) => rows[0].shape?.height === size[0] && nodes[0].settings?.kernel_size[0] === 5,
    learned: "padding=same adds zeros around the map.",
  },
  {
    title: "Halve the map with weights",
    text: "Make a map of half the height and width with one convolution and no pooling layer.",
    start: () => [small({ padding: "same" })],
    done: (nodes, rows, size) =>
      nodes.length === 1 && nodes[0].kind === "Conv2D" && rows[0].shape?.height === Math.ceil(size[0] / 2),
    learned: "strides=2 computes a quarter of the places, so it costs a quarter of the multiply-adds.",
  },
  {
    title: "Halve it with pooling, and compare",
    text: "Now halve the map with a pooling layer behind a convolution of stride 1. Look at the multiply-adds of both ways.",
    start: () => [small({ padding: "same" })],
    done: (nodes, rows, size) =>
      only(nodes, "Conv2D").every((node) => Math.max(...node.settings.strides) === 1) &&
      nodes.some((node) => node.kind === "MaxPooling2D" || node.kind === "AveragePooling2D") &&
      last(rows).shape?.height === Math.ceil(size[0] / 2),
    learned: "The convolution works at full size before the pooling: four times the multiply-adds of the strided one.",
  },
  {
    title: "See 15 × 15 with three layers",
    text: "Let a unit of the third convolution see exactly 15 × 15 pixels, with windows of 3 × 3 only and no strides.",
    start: () => [small({ padding: "same" }), small({ padding: "same" }), small({ padding: "same" })],
    done: (nodes, rows) =>
      nodes.length === 3 &&
      only(nodes, "Conv2D").length === 3 &&
      nodes.every(({ settings }) => String(settings.kernel_size) === "3,3" && String(settings.strides) === "1,1") &&
      String(last(rows).field?.size) === "15,15",
    learned: "Each layer adds twice its dilation rate: 1 + 2 + 4 + 8 = 15 with rates 1, 2 and 4.",
  },
  {
    title: "A quarter of the weights",
    text: "The second convolution has 584 weights. Bring it down to 152 or fewer, with as many maps as before.",
    start: () => [small({ padding: "same" }), small({ padding: "same" })],
    done: (nodes, rows) => nodes.length === 2 && rows[1].shape?.channels === 8 && rows[1].weights <= 152,
    learned: "groups=4 leaves a quarter of the kernel; a window of 1×1 leaves a ninth and sees one pixel.",
  },
];

// The list; `begin(layers)` starts a task's column.
export function buildTasks(begin) {
  fill(
    byId("task-list"),
    ...TASKS.map((task, i) =>
      el(
        "li",
        { "data-task": i },
        el("button", { type: "button", textContent: task.title, onclick: () => begin(i, asColumn(task.start())) }),
        el("p", { textContent: task.text }),
        el("p", { className: "solved", role: "status" }),
      ),
    ),
  );
}

// Says of the task that was begun whether it is done.
export function checkTask(number, nodes, rows, size) {
  for (const item of byId("task-list").children) {
    const task = TASKS[item.dataset.task];
    const begun = Number(item.dataset.task) === number;
    item.classList.toggle("begun", begun);
    const done = begun && task.done(nodes, rows, size);
    item.querySelector(".solved").textContent = done ? `✓ Done. ${task.learned}` : begun ? "Not yet." : "";
  }
}
