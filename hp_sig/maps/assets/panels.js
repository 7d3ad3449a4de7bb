// What is told beside a map: sentences, a small table whose rows may have a colour of the map, bars.
function hpPanels() {
  "use strict";
  const { el, draw } = hpText;
  const paintOf = (part) => (part.hatched ? "url(#hp-part)" : part.colour);
  const key = (look) =>
    draw("svg", { class: "hp-cell-key", width: 16, height: 14, "aria-hidden": "true" },
      draw("rect", { x: 0.5, y: 0.5, width: 15, height: 13, stroke: "#4a4a4a", ...look }));

  // Texts longer than that, side by side, are wider than a phone: the table is then moved within a box of its own.
  const WIDEST = 30;
  const isWide = ({ columns, rows }) =>
    columns.reduce((sum, text, rank) => sum + Math.max(...rows.map((row) => row.cells[rank].length), 0), 0) > WIDEST;
  const boxed = (table) =>
    isWide(table) ? el("div", { class: "hp-scroll", role: "region", tabindex: "0", "aria-label": table.caption || table.corner }, grid(table)) : grid(table);

  function grid({ caption, corner, columns, rows }) {
    const head = el("tr", {}, el("th", { scope: "col" }, corner), ...columns.map((text) => el("th", { scope: "col" }, text)));
    const lines = rows.map((row) =>
      el("tr", {},
        el("th", { scope: "row", class: row.key ? "hp-keyed" : null }, ...(row.key ? [key({ fill: row.key.fill, "fill-opacity": row.key.opacity }), "\u00a0"] : []), row.label),
        ...row.cells.map((text) => el("td", {}, text))));
    return el("table", { class: "hp-grid" }, caption ? el("caption", {}, caption) : "", el("thead", {}, head), el("tbody", {}, ...lines));
  }

  // Parts side by side, each told under the bar: the drawing adds nothing to the words.
  function bar({ label, parts }) {
    const whole = parts.reduce((sum, part) => sum + part.amount, 0);
    let left = 0;
    const boxes = parts.filter((part) => part.amount > 0).map((part) => {
      const box = { x: (100 * left) / whole + "%", y: 0, width: (100 * part.amount) / whole + "%", height: 18 };
      left += part.amount;
      return draw("rect", { ...box, fill: paintOf(part), stroke: "#4a4a4a", "stroke-width": 1 });
    });
    return el("div", { class: "hp-bar-of" },
      el("p", { class: "hp-bar-label" }, label),
      ...(boxes.length ? [draw("svg", { class: "hp-parts", height: 18, "aria-hidden": "true" }, ...boxes)] : []),
      el("ul", {}, ...parts.map((part) => el("li", {}, key({ fill: paintOf(part) }), " ", part.label))));
  }

  function panel({ heading, lead, grid: table, bars, rows, sentences, note }) {
    const part = el("section", { class: "hp-figures" }, el("h2", {}, heading));
    if (lead) part.append(el("p", { class: "hp-lead" }, lead));
    if (table) part.append(boxed(table));
    part.append(...bars.map(bar));
    if (rows.length) part.append(el("dl", {}, ...rows.map(([label, value]) => el("div", {}, el("dt", {}, label), el("dd", {}, value)))));
    part.append(...sentences.map((text) => el("p", { class: "hp-sentence" }, text)));
    if (note) part.append(el("p", {}, note));
    return part;
  }

  return { panel };
}
