// <drop-pictures> sends pictures as soon as they are dropped, pasted or chosen, and shows the answers in place.
export function defineDropPictures() {
  customElements.define("drop-pictures", DropPictures);
}

class DropPictures extends HTMLElement {
  #form;
  #said;
  #answers;

  connectedCallback() {
    this.#form = this.querySelector("form");
    this.#said = this.querySelector("[role=status]");
    this.#answers = this.querySelector(".answers");
    this.#form.addEventListener("submit", (event) => {
      event.preventDefault();
      this.#send([...this.#form.elements.pictures.files]);
    });
    for (const kind of ["dragenter", "dragover"]) addEventListener(kind, (event) => this.#over(event));
    addEventListener("dragleave", (event) => { if (!event.relatedTarget) this.removeAttribute("over"); });
    addEventListener("drop", (event) => this.#dropped(event));
    addEventListener("paste", (event) => this.#send([...event.clipboardData.files]));
    this.setAttribute("ready", "");
  }

  #over(event) {
    event.preventDefault();
    this.setAttribute("over", "");
  }

  #dropped(event) {
    event.preventDefault();
    this.removeAttribute("over");
    this.#send([...event.dataTransfer.files]);
  }

  async #send(files) {
    if (!files.length) return;
    const sent = new FormData();
    for (const each of files) sent.append("pictures", each);
    this.#say(`Asking the network about ${files.length === 1 ? "a picture" : `${files.length} pictures`} ...`);
    this.#answers.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(`${this.#form.action}?part`, { method: "POST", body: sent, headers: { accept: "application/json" } });
      if (answer.ok) this.#show(await answer.text());
      else this.#say((await answer.json()).error);
    } catch {
      this.#say("The page's server did not answer: is convwise web still running?");
    } finally {
      this.#answers.removeAttribute("aria-busy");
    }
  }

  #show(html) {
    const made = new DOMParser().parseFromString(html, "text/html");
    this.#answers.replaceChildren(...made.body.childNodes);
    this.#say("The answers are below.");
  }

  #say(text) {
    this.#said.textContent = text;
  }
}
