// Elements, numbers and names: every text is set as text, never as HTML.
const hpText = (() => {
  "use strict";

  function el(tag, attributes, ...children) {
    const node = document.createElement(tag);
    for (const [name, value] of Object.entries(attributes || {})) {
      if (name.startsWith("on")) node.addEventListener(name.slice(2), value);
      else if (value === true) node.setAttribute(name, "");
      else if (value !== false && value !== null) node.setAttribute(name, value);
    }
    node.append(...children);
    return node;
  }

  function draw(tag, attributes, ...children) {
    const node = document.createElementNS("http://www.w3.org/2000/svg", tag);
    for (const [name, value] of Object.entries(attributes || {})) node.setAttribute(name, value);
    node.append(...children);
    return node;
  }

  function fill(text, values) {
    return text.replace(/\{(\w+)\}/g, (whole, name) => (name in values ? values[name] : whole));
  }

  // The French way: narrow no-break space between thousands, decimal comma, a dash for what is not known; a figure that
  // is nearly zero is less than the last decimal, and not zero.
  function number(value, decimals) {
    if (value === null) return "\u2013";
    const least = Math.pow(10, -decimals);
    if (value !== 0 && Math.abs(value) < least / 2) return value > 0 ? "<\u00a0" + number(least, decimals) : ">\u00a0" + number(-least, decimals);
    const [whole, part] = Math.abs(value).toFixed(decimals).split(".");
    const grouped = whole.replace(/\B(?=(\d{3})+$)/g, "\u202f");
    const sign = value < 0 && Number(Math.abs(value).toFixed(decimals)) !== 0 ? "-" : "";
    return sign + grouped + (part ? "," + part : "");
  }

  const french = new Intl.Collator("fr");
  const plain = (text) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();

  // Lines of at most so many letters, cut after spaces and hyphens.
  function wrapped(text, most) {
    const lines = [""];
    (text.match(/[^ -]*[ -]?/g) || []).forEach((part) => {
      const last = lines.length - 1;
      if (lines[last] && (lines[last] + part.trimEnd()).length > most) lines.push(part);
      else lines[last] += part;
    });
    return lines.map((line) => line.trimEnd());
  }

  // Names that neither touch each other nor anything that is more important; the first ones are.
  function placed(names, position, width, height, scale) {
    const taken = [];
    return names.filter((name) => {
      const [x, y] = position(name.at);
      const lines = name.lines || [name.text];
      const half = (Math.max(...lines.map((line) => line.length)) * name.size * (name.bold ? 0.62 : 0.56) * scale) / 2;
      const tall = (lines.length * name.size * 1.2 * scale) / 2;
      const middle = y + (name.below || 0) * scale + (name.below ? tall : 0);
      const box = [x - half, middle - tall, x + half, middle + tall];
      if (x < 0 || y < 0 || x > width || y > height) return false;
      if (taken.some((other) => box[0] < other[2] && other[0] < box[2] && box[1] < other[3] && other[1] < box[3])) return false;
      taken.push(box);
      return true;
    });
  }

  return { el, draw, fill, number, plain, french, wrapped, placed };
})();
