// One A3 sheet: the map as it is seen, its legend, scale, north and sources.
function hpPaper(model, geometry, legend, panels) {
  "use strict";
  const { shapes, limits } = geometry;
  const { el, draw, number, placed } = hpText;
  const words = model.words;
  const sheet = document.querySelector(".hp-paper");
  // The frame of the map, in tenths of a millimetre: what title, notice and caption leave of the sheet's height.
  const FRAME = { width: 2880, height: 0 };
  const letters = { notice: 175, caption: 235 };
  const tall = (text, most, line, gap) => (text ? Math.ceil(text.length / most) * line + gap : 0);

  // What is seen: a theme, a period, the opacity of its colours, the bounds of the map, zones from the largest one.
  function write(seen) {
    const { theme, period } = seen;
    const origins = theme ? [legend.origin(theme, period)].filter(Boolean) : [];
    const caption = legend.captionText(origins, words.projection);
    // Figures need more room than a legend.
    FRAME.width = seen.panels.length ? 2460 : 2880;
    sheet.classList.toggle("hp-narrow", seen.panels.length > 0);
    FRAME.height = 2620 - tall(model.notice, letters.notice, 55, 75) - tall(caption, letters.caption, 34, 25);
    sheet.replaceChildren(
      el("h1", {}, model.title),
      ...legend.notice(""),
      el("div", { class: "hp-spread" }, plan(seen), side(seen)),
      el("p", { class: "hp-caption" }, caption)
    );
    if (seen.panels.length) fit();
  }

  // What is told beside the map is set smaller until the sheet holds it: laid out unseen, as it will be on paper.
  function fit() {
    const box = sheet.querySelector(".hp-side");
    sheet.classList.add("hp-measured");
    for (let size = 1; size > 0.5; size -= 0.04) {
      box.style.setProperty("--hp-size", size.toFixed(2));
      if (box.scrollHeight <= box.clientHeight) break;
    }
    sheet.classList.remove("hp-measured");
  }

  // From degrees to the frame; `metres` is the length of its unit on the ground, at the middle of the map.
  function projected(bounds) {
    const at = ([lat, lon]) => L.CRS.EPSG3857.latLngToPoint(L.latLng(lat, lon), 20);
    const corner = at([bounds.getNorth(), bounds.getWest()]);
    const opposite = at([bounds.getSouth(), bounds.getEast()]);
    const scale = 0.96 * Math.min(FRAME.width / (opposite.x - corner.x), FRAME.height / (opposite.y - corner.y));
    const left = (FRAME.width - scale * (opposite.x - corner.x)) / 2;
    const top = (FRAME.height - scale * (opposite.y - corner.y)) / 2;
    const position = (place) => {
      const point = at(place);
      return [left + scale * (point.x - corner.x), top + scale * (point.y - corner.y)];
    };
    const equator = 40075016.686 / (256 * Math.pow(2, 20));
    return { position, metres: (Math.cos((bounds.getCenter().lat * Math.PI) / 180) * equator) / scale };
  }

  function plan({ theme, period, opacity, bounds, order, placeOf }) {
    const { position, metres } = projected(bounds);
    const trace = (points) => points.map((place) => position(place).map((part) => part.toFixed(1)).join(" ")).join("L");
    const closed = (polygons) => polygons.flat().map((ring) => "M" + trace(ring) + "Z").join("");
    const opened = (lines) => lines.map((line) => "M" + trace(line)).join("");
    const shown = (type) => model.overlays.filter((overlay) => overlay.shown && overlay.type === type);
    const stroke = ({ colour, dash, weight }) => ({
      stroke: colour,
      "stroke-width": 3 * weight,
      "stroke-dasharray": dash.split(" ").filter(Boolean).map((part) => 3 * part).join(" "),
    });
    const inside = draw("g", { "clip-path": "url(#hp-frame)" });
    shapes.forEach((polygons, zone) => {
      const marked = legend.isMarked(theme, period, zone);
      const fill = legend.colourOf(theme, period, zone).replace("#hp-none", "#hp-none-paper");
      inside.append(draw("path", {
        d: closed(polygons), fill, "fill-opacity": theme ? opacity : 0, "fill-rule": "evenodd",
        stroke: "#4a4a4a", "stroke-width": marked ? 6 : 3, "stroke-dasharray": marked ? "12 9" : "",
      }));
    });
    shown("perimeters").forEach((overlay) =>
      overlay.rings.forEach((polygons, rank) => {
        const line = overlay.lines[rank];
        const fill = { hatched: "url(#hp-hatch-paper)", plain: line.colour, own: line.fill || "none", none: "none" }[overlay.fill];
        const strength = { plain: 0.35, own: line.opacity || 0 }[overlay.fill] || 1;
        inside.append(draw("path", { d: closed(polygons), fill, "fill-opacity": strength, "fill-rule": "evenodd", ...stroke(line) }));
      })
    );
    shown("lines").forEach((overlay) => inside.append(draw("path", { d: opened(overlay.traces), fill: "none", ...stroke(overlay.line) })));
    shown("outlines").forEach((overlay) =>
      limits(overlay.members, overlay.sets.length).forEach((lines, set) =>
        inside.append(draw("path", { d: opened(lines), fill: "none", ...stroke(overlay.sets[set].line) }))
      )
    );
    const inFrame = order.filter((zone) => bounds.contains(placeOf(zone, bounds)));
    const names = [...legend.besides(), ...legend.tags(), ...legend.setNames(theme, period)];
    if (inFrame.length <= 150) names.push(...inFrame.map((zone) => ({ at: placeOf(zone, bounds), text: model.names[zone], size: model.scenes.length ? 11 : 9 })));
    inside.append(...placed(names, position, FRAME.width, FRAME.height, 3).map((name) => written(name, position(name.at))));
    shown("places").flatMap((overlay) => overlay.marks).forEach((mark) => {
      const [x, y] = position(mark.at);
      inside.append(draw("g", { transform: "translate(" + x + " " + y + ") scale(3)" }, legend.SIGNS[mark.sign](mark)));
    });
    const frame = { width: FRAME.width, height: FRAME.height };
    return draw("svg",
      { viewBox: "0 0 " + FRAME.width + " " + FRAME.height, class: "hp-plan", preserveAspectRatio: "xMidYMin meet", role: "img", "aria-label": model.title },
      draw("defs", {}, draw("clipPath", { id: "hp-frame" }, draw("rect", frame))),
      inside,
      draw("rect", { ...frame, fill: "none", stroke: "#1c1c1c", "stroke-width": 4 }),
      scaleBar(metres),
      northArrow()
    );
  }

  function written(name, [x, y]) {
    const lines = name.lines || [name.text];
    const size = 3 * name.size;
    const start = name.below ? y + 3 * name.below + size : y + size * (0.35 - 0.6 * (lines.length - 1));
    return draw("text", { "text-anchor": "middle", "font-size": size, "font-weight": name.bold ? 700 : 400, class: "hp-halo" },
      ...lines.map((line, rank) => draw("tspan", { x, y: start + 1.2 * size * rank }, line)));
  }

  function side({ theme, period, opacity, panels: told }) {
    const dense = model.actions.length > 30 ? " hp-dense" : "";
    const box = el("div", { class: "hp-side" + dense + (told.length ? " hp-fitted" : "") });
    box.append(...told.map(panels.panel));
    if (theme) {
      box.append(el("h2", {}, legend.heading(theme), theme.periods[period] ? "\u00a0\u2013 " + theme.periods[period] : ""));
      legend.warnings(theme, period).forEach((text) => box.append(el("p", { class: "hp-flag" }, text)));
      box.append(el("ul", { class: "hp-keys" }, ...legend.legendRows(theme, period, opacity).map(legend.item)));
      if (theme.definition) box.append(el("p", {}, theme.definition));
      if (theme.scheme) box.append(el("p", {}, theme.scheme));
    }
    if (told.length) box.append(el("h2", {}, words.legend));
    box.append(el("ul", { class: "hp-keys" }, ...legend.overlayRows().map(legend.item)));
    if (model.actions.length) box.append(el("h2", {}, words.actions));
    [...new Set(model.actions.map((action) => action.heading))].forEach((heading) => {
      const lines = model.actions.filter((action) => action.heading === heading);
      box.append(el("h3", {}, heading),
        el("ul", { class: "hp-listed" }, ...lines.map((action) => el("li", {}, action.name + " (" + (action.where || action.scale) + ")"))));
    });
    return box;
  }

  function scaleBar(metres) {
    const most = 650 * metres;
    const power = Math.pow(10, Math.floor(Math.log10(most)));
    const length = [5, 2, 1].find((step) => step * power <= most) * power;
    const long = length / metres;
    const label = length >= 1000 ? number(length / 1000, 0) + "\u00a0km" : number(length, 0) + "\u00a0m";
    return draw("g", { transform: "translate(60 " + (FRAME.height - 70) + ")", class: "hp-bar" },
      draw("rect", { x: -30, y: -70, width: long + 190, height: 110, fill: "#fff", "fill-opacity": 0.85 }),
      draw("rect", { x: 0, y: 0, width: long / 2, height: 16, fill: "#1c1c1c" }),
      draw("rect", { x: 0, y: 0, width: long, height: 16, fill: "none", stroke: "#1c1c1c", "stroke-width": 3 }),
      draw("text", { x: 0, y: -14, "font-size": 34, "text-anchor": "start" }, "0"),
      draw("text", { x: long, y: -14, "font-size": 34, "text-anchor": "middle" }, label));
  }

  function northArrow() {
    return draw("g", { transform: "translate(" + (FRAME.width - 100) + " 150)", class: "hp-north" },
      draw("path", { d: "M0-100 40 40 0 10-40 40Z", fill: "#1c1c1c" }),
      draw("text", { x: 0, y: 90, "font-size": 44, "font-weight": 700, "text-anchor": "middle" }, words.north));
  }

  return write;
}
