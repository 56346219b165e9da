// Pictures that are dropped, pasted or chosen go to ./predict one by one; each answer stands below its picture.
const byId = (name) => document.getElementById(name);
const [drop, files, told, answers] = ["drop", "files", "told", "answers"].map(byId);

function element(name, text, kind) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  if (kind) made.className = kind;
  return made;
}

const percent = (share) => `${(100 * share).toFixed(1)} %`;

function ranked(prediction) {
  const parts = [element("p", `${prediction.label}: ${percent(prediction.probability)}`, "label")];
  for (const each of prediction.top) {
    const row = element("div", undefined, "row");
    const amount = element("data", percent(each.probability));
    const meter = element("meter");
    meter.value = each.probability;
    meter.setAttribute("aria-label", each.label);
    row.append(element("span", each.label), amount, meter);
    parts.push(row);
  }
  if (prediction.warning) parts.push(element("p", prediction.warning, "bad"));
  return parts;
}

async function ask(file) {
  const form = new FormData();
  form.append("files", file);
  try {
    const response = await fetch("predict", { method: "POST", body: form });
    const values = await response.json();
    const prediction = values.predictions?.[0];
    if (prediction?.label !== undefined) return ranked(prediction);
    return [element("p", prediction?.error ?? values.error, "bad")];
  } catch {
    return [element("p", "The server gave no answer.", "bad")];
  }
}

async function take(list) {
  let number = 0;
  for (const file of list) {
    number += 1;
    told.textContent = `Asking for picture ${number} of ${list.length}`;
    const item = element("li");
    const image = element("img");
    const address = URL.createObjectURL(file);
    image.alt = "";
    image.onload = image.onerror = () => URL.revokeObjectURL(address);
    image.src = address;
    const box = element("div");
    box.append(element("p", file.name, "name"), ...(await ask(file)));
    item.append(image, box);
    answers.prepend(item);
  }
  told.textContent = list.length ? `${list.length === 1 ? "1 picture" : `${list.length} pictures`} answered` : "";
}

files.addEventListener("change", () => take([...files.files]));
document.addEventListener("paste", (event) => take([...event.clipboardData.files]));
for (const name of ["dragover", "dragleave", "drop"]) {
  document.addEventListener(name, (event) => {
    event.preventDefault();
    drop.classList.toggle("over", name === "dragover");
    if (name === "drop") take([...event.dataTransfer.files]);
  });
}
