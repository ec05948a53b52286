"use strict";
// Every table is sorted by the buttons in its headings and, if it is long, filtered by a field.
for (const box of document.querySelectorAll(".table")) {
  const body = box.querySelector("tbody");
  const rows = [...body.rows];
  const headings = [...box.querySelectorAll("thead th")];
  headings.forEach((heading, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...heading.childNodes);
    heading.append(button);
    button.addEventListener("click", () => {
      const down = heading.getAttribute("aria-sort") === "ascending";
      headings.forEach((other) => other.removeAttribute("aria-sort"));
      heading.setAttribute("aria-sort", down ? "descending" : "ascending");
      rows.sort((one, other) => compared(one.cells[column], other.cells[column], down ? -1 : 1));
      body.append(...rows);
    });
  });
  const filter = box.querySelector(".filter");
  if (filter === null) continue;
  filter.hidden = false;
  const field = filter.querySelector("input");
  const told = filter.querySelector("[role=status]");
  field.addEventListener("input", () => {
    const wanted = field.value.trim().toLowerCase().split(/\s+/);
    let shown = 0;
    for (const row of rows) {
      const text = [...row.cells].map((cell) => cell.textContent).join(" ").toLowerCase();
      row.hidden = !wanted.every((word) => text.includes(word));
      shown += row.hidden ? 0 : 1;
    }
    told.textContent = shown === rows.length ? `${shown} rows` : `${shown} of ${rows.length} rows`;
  });
}
// numbers by their value, texts by the alphabet, empty cells at the end either way
function compared(one, other, sign) {
  const [a, b] = [one, other].map((cell) => cell.dataset.value ?? cell.textContent);
  if (a === "" || b === "") return (a === "") - (b === "");
  const numbers = one.dataset.value !== undefined && other.dataset.value !== undefined;
  return sign * (numbers ? a - b : a.localeCompare(b));
}
