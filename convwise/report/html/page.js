"use strict";
// Sorts, opens and turns the theme. All that it acts on can be read without it.
(function () {
  const root = document.documentElement;
  const theme = document.getElementById("theme");
  const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  const label = () => { theme.textContent = dark() ? "Light" : "Dark"; theme.setAttribute("aria-label", "Turn to the " + theme.textContent.toLowerCase() + " theme"); };
  theme.hidden = false;
  label();
  theme.addEventListener("click", () => { root.dataset.theme = dark() ? "light" : "dark"; label(); });

  // Long galleries are open for whoever reads without JavaScript.
  document.querySelectorAll("details.fold").forEach((fold) => { fold.open = false; });
  addEventListener("beforeprint", () => document.querySelectorAll("details").forEach((fold) => { fold.open = true; }));

  const viewer = document.getElementById("viewer");
  const viewed = document.getElementById("viewed");
  const open = (content) => { viewed.replaceChildren(content); viewer.showModal(); };
  viewer.addEventListener("click", (event) => { if (event.target === viewer) viewer.close(); });
  document.addEventListener("click", (event) => {
    const link = event.target.closest('a[href^="#cell-"]');
    if (link) {
      const cell = document.getElementById(link.hash.slice(1));
      if (!cell) return;
      event.preventDefault();
      const copy = cell.cloneNode(true);
      copy.removeAttribute("id");
      open(copy);
    }
  });
  // The worst mistakes are stored larger than they stand in the page.
  document.querySelectorAll(".pair img").forEach((picture) => {
    const enlarge = () => {
      const figure = document.createElement("figure");
      const words = document.createElement("figcaption");
      words.textContent = picture.alt;
      const large = document.createElement("img");
      large.src = picture.src;
      large.alt = picture.alt;
      figure.append(large, words);
      open(figure);
    };
    picture.classList.add("opens");
    picture.tabIndex = 0;
    picture.setAttribute("role", "button");
    picture.addEventListener("click", enlarge);
    picture.addEventListener("keydown", (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); enlarge(); }
    });
  });

  const value = (row, at) => {
    const cell = row.cells[at];
    const number = cell.dataset.value;
    return number === undefined ? cell.textContent.trim() : Number(number);
  };
  document.querySelectorAll("table.sortable").forEach((table) => {
    const body = table.tBodies[0];
    Array.from(table.tHead.rows[0].cells).forEach((head, at) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const up = head.getAttribute("aria-sort") === "descending";
        Array.from(table.tHead.rows[0].cells).forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", up ? "ascending" : "descending");
        const rows = Array.from(body.rows);
        rows.sort((one, other) => {
          const a = value(one, at), b = value(other, at);
          const order = typeof a === "number" && typeof b === "number" ? a - b : String(a).localeCompare(String(b), undefined, { numeric: true });
          return up ? order : -order;
        });
        body.append(...rows);
      });
    });
  });
})();
