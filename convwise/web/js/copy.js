// A button beside each command that puts it on the clipboard.
export function addCopyButtons(within) {
  for (const command of within.querySelectorAll("pre.command")) {
    if (command.parentElement.classList.contains("copies")) continue;
    const around = document.createElement("div");
    around.className = "copies";
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = "Copy";
    button.setAttribute("aria-label", `Copy: ${command.textContent}`);
    button.addEventListener("click", () => copied(command, button));
    command.replaceWith(around);
    around.append(command, button);
  }
}

async function copied(command, button) {
  try {
    await navigator.clipboard.writeText(command.textContent);
    button.textContent = "Copied";
  } catch {
    getSelection().selectAllChildren(command);
    button.textContent = "Marked";
  }
  setTimeout(() => { button.textContent = "Copy"; }, 1500);
}
