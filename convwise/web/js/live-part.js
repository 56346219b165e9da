// <live-part src="..."> shows what server-sent events bring, while its page is seen. then="reload" loads the page again
// when the events are over.
import { addCopyButtons } from "./copy.js";

export function defineLivePart() {
  customElements.define("live-part", LivePart);
}

class LivePart extends HTMLElement {
  #events = null;
  #said = null;
  #over = false;
  #turned = () => this.#follow();

  connectedCallback() {
    if (!this.hasAttribute("src")) return;
    this.#said = document.createElement("p");
    this.#said.className = "hidden";
    this.#said.setAttribute("role", "status");
    this.after(this.#said);
    document.addEventListener("visibilitychange", this.#turned);
    this.#follow();
  }

  disconnectedCallback() {
    document.removeEventListener("visibilitychange", this.#turned);
    this.#leave();
  }

  // A browser has few connections to a server: a page that is not seen gives its own back.
  #follow() {
    if (document.hidden || this.#over) {
      this.#leave();
    } else if (!this.#events) {
      this.#events = new EventSource(this.getAttribute("src"));
      this.#events.addEventListener("news", (event) => this.#show(JSON.parse(event.data)));
      this.#events.addEventListener("over", (event) => this.#end(JSON.parse(event.data)));
    }
  }

  #leave() {
    this.#events?.close();
    this.#events = null;
  }

  #end(shown) {
    this.#over = true;
    this.#leave();
    if (this.getAttribute("then") === "reload") location.reload();
    else this.#show(shown);
  }

  #show({ html, said }) {
    if (html && html !== this.dataset.shown) this.#replace(html);
    if (said && said !== this.#said.textContent) this.#said.textContent = said;
  }

  // What the reader has opened, ticked, scrolled and focused stays so: it is found again by its place.
  #replace(html) {
    const kept = this.#state();
    const made = new DOMParser().parseFromString(html, "text/html");
    this.replaceChildren(...made.body.childNodes);
    addCopyButtons(this);
    this.#restore(kept);
  }

  #state() {
    const all = [...this.querySelectorAll("a, button, input, summary, [tabindex]")];
    return {
      focused: all.indexOf(document.activeElement),
      open: new Map([...this.querySelectorAll("details[id]")].map((each) => [each.id, each.open])),
      ticked: new Set([...this.querySelectorAll("input:checked")].map((each) => each.name + each.value)),
      scrolled: new Map([...this.querySelectorAll(".wide")].map((each) => [each.ariaLabel, each.scrollLeft])),
    };
  }

  #restore(kept) {
    for (const each of this.querySelectorAll("details[id]")) each.open = kept.open.get(each.id) ?? each.open;
    for (const each of this.querySelectorAll("input")) each.checked = kept.ticked.has(each.name + each.value);
    for (const each of this.querySelectorAll(".wide")) each.scrollLeft = kept.scrolled.get(each.ariaLabel) ?? 0;
    const all = this.querySelectorAll("a, button, input, summary, [tabindex]");
    if (kept.focused >= 0) all[kept.focused]?.focus({ preventScroll: true });
  }
}
