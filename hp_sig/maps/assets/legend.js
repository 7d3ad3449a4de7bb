// What a model says: the figure, colour, year and marks of a zone, the rows of the legend, the names of sets and places.
function hpLegend(model) {
  "use strict";
  const { el, draw, fill, number, wrapped } = hpText;
  const words = model.words;

  function quantity(theme, value) {
    const text = number(value, theme.decimals);
    return value === null || !theme.unit ? text : text + "\u00a0" + theme.unit;
  }

  function valueOf(theme, period, zone) {
    if (theme.type === "figures") {
      const value = theme.values[period][zone];
      return value === null ? words.no_data : quantity(theme, value);
    }
    const set = theme.members[period][zone];
    return set < 0 ? words.no_set : theme.sets[set].name;
  }

  function vintageOf(theme, period, zone) {
    const vintage = (theme.vintages || [])[period];
    return Array.isArray(vintage) ? vintage[zone] : vintage || "";
  }

  // The year of a figure: where zones differ ("2020 / 2021"), that of the zone.
  function yearOf(theme, period, zone) {
    const text = theme.periods[period];
    return (text.includes("/") && vintageOf(theme, period, zone)) || text;
  }

  const flagsOf = (theme, period, zone) =>
    (theme.flags || []).filter((flag) => flag.zones[period].includes(zone)).map((flag) => flag.label);

  function colourOf(theme, period, zone) {
    if (!theme) return "#ffffff";
    if (theme.type === "sets") {
      const set = theme.members[period][zone];
      return set < 0 ? "#ffffff" : theme.sets[set].colour;
    }
    const rank = theme.classes[period][zone];
    return rank < 0 ? "url(#hp-none)" : theme.colours[rank];
  }

  // Zones of which the figure needs a warning have a broken limit, whatever their colour.
  const isMarked = (theme, period, zone) =>
    !!theme && (theme.flags || []).some((flag) => flag.key !== "is_provisional" && flag.zones[period].includes(zone));

  const SIGNS = {
    hub: () => draw("path", { d: "M0-11 11 0 0 11-11 0Z", fill: "#b3001b", stroke: "#fff", "stroke-width": 2.5 }),
    other_hub: () => draw("path", { d: "M0-7.5 7.5 0 0 7.5-7.5 0Z", fill: "#fff", stroke: "#b3001b", "stroke-width": 2.5 }),
    site: () => draw("circle", { r: 7, fill: "#27496d", stroke: "#fff", "stroke-width": 2.5 }),
    station: () => draw("rect", { x: -6, y: -6, width: 12, height: 12, fill: "#fff", stroke: "#27496d", "stroke-width": 3 }),
    letter: ({ letter, colour }) =>
      draw("g", {},
        draw("circle", { r: 11, fill: colour, stroke: "#fff", "stroke-width": 2.5 }),
        draw("text", { y: 5, "text-anchor": "middle", "font-size": 14, "font-weight": 700, fill: "#fff" }, letter)),
  };

  const sign = (mark, size) =>
    draw("svg", { width: size, height: size, viewBox: "-13 -13 26 26", "aria-hidden": "true" }, SIGNS[mark.sign](mark));

  const stroke = (line) =>
    draw("svg", { class: "hp-key", width: 30, height: 14, "aria-hidden": "true" },
      draw("line", { x1: 0, y1: 7, x2: 30, y2: 7, stroke: line.colour, "stroke-width": line.weight, "stroke-dasharray": line.dash }));
  const swatch = (paint, extra) =>
    draw("svg", { class: "hp-key", width: 30, height: 18, "aria-hidden": "true" },
      draw("rect", { x: 1, y: 1, width: 28, height: 16, fill: paint, stroke: "#4a4a4a", ...(extra || {}) }));

  // The keys are as faint as the map that they explain.
  function legendRows(theme, period, opacity) {
    const rows = [];
    const faint = { "fill-opacity": opacity };
    if (theme && theme.type === "figures") {
      const ranks = theme.classes[period];
      theme.bounds.forEach((bound, rank) => {
        rows.push([swatch(theme.colours[rank], faint), bound, ranks.filter((other) => other === rank).length]);
      });
      const unknown = ranks.filter((rank) => rank < 0).length;
      if (unknown) rows.push([swatch("url(#hp-none)", faint), words.no_data, unknown]);
      theme.flags.forEach((flag) => {
        const marked = flag.zones[period].length;
        if (marked && flag.key !== "is_provisional") rows.push([swatch("#ffffff", { "stroke-dasharray": "4 3", "stroke-width": 2 }), flag.label, marked]);
      });
    } else if (theme) {
      const members = theme.members[period];
      theme.sets.forEach((set, rank) => {
        if (!members.includes(rank)) return;
        const told = theme.told[period][rank];
        rows.push([swatch(set.colour, faint), told ? set.name + " (" + told + ")" : set.name, null]);
      });
      const outside = members.filter((set) => set < 0).length;
      if (outside) rows.push([swatch("#ffffff"), words.no_set, outside]);
    }
    return rows;
  }

  function overlayRows() {
    return model.listed.map((rank) => model.overlays[rank]).filter((overlay) => overlay.shown).flatMap((overlay) => {
      if (overlay.type !== "places")
        return overlay.legend.map(({ line, label }) => {
          if (!overlay.fill || overlay.fill === "none") return [stroke(line), label, null];
          const look = { stroke: line.colour, "stroke-width": line.weight, "stroke-dasharray": line.dash };
          if (overlay.fill === "hatched") return [swatch("url(#hp-hatch)", look), label, null];
          const inside = overlay.fill === "own" ? { fill: line.fill || "none", opacity: line.opacity } : { fill: line.colour, opacity: 0.35 };
          return [swatch(inside.fill, { ...look, "fill-opacity": inside.opacity || 0 }), label, null];
        });
      return overlay.legend.map((row) => [sign(row, 22), row.label, null]);
    });
  }

  function item([key, label, number_]) {
    const told = number_ === null ? "" : fill(number_ < 2 ? words.one_zone : words.zones, { count: number_ });
    return el("li", {}, key, el("span", {}, label), told ? el("span", { class: "hp-count" }, told) : "");
  }

  function heading(theme) {
    return theme.unit ? theme.label + " (" + theme.unit + ")" : theme.label;
  }

  function warnings(theme, period) {
    if (!theme) return [];
    const told = [];
    (theme.flags || []).forEach((flag) => {
      if (flag.key === "is_provisional" && flag.zones[period].length) told.push(words.provisional);
    });
    const vintage = (theme.vintages || [])[period];
    if (Array.isArray(vintage)) {
      const editions = [...new Set(vintage.filter(Boolean))].sort();
      if (editions.length > 1) told.push(fill(words.mixed, { vintages: editions.join(", ") }));
    }
    return told;
  }

  function origin(theme, period) {
    const vintage = (theme.vintages || [])[period];
    const edition = typeof vintage === "string" && vintage ? fill(words.vintage, { vintage }) : "";
    return [theme.source, edition].filter(Boolean).join(", ");
  }

  const notice = (name) => (model.notice ? [el("p", { class: "hp-notice " + name }, model.notice)] : []);

  // Every source once, then how the limits were drawn, then who made the page.
  function captionText(origins, ...notes) {
    const lines = [...new Set([...origins, ...model.sources])].join("\u00a0; ");
    return [lines && words.sources + "\u00a0: " + lines + ".", ...model.notes, ...notes, model.made].filter(Boolean).join(" ");
  }

  function setNames(theme, period) {
    if (!theme || theme.type !== "sets") return [];
    return theme.places[period]
      .map((at, set) => ({ at, text: theme.sets[set].name, lines: wrapped(theme.sets[set].name, 22), size: 13, bold: true }))
      .filter((name) => name.at);
  }

  // Names that stand beside the places that are shown: they come first.
  const besides = () =>
    model.overlays
      .filter((overlay) => overlay.shown && overlay.type === "places")
      .flatMap((overlay) => overlay.marks)
      .filter((mark) => mark.beside)
      .map((mark) => ({ at: mark.at, text: mark.beside, lines: wrapped(mark.beside, 18), size: 12, bold: true, below: 13, beside: true }));

  // Texts that are written with the layers that are shown: after the places, before the zones.
  const tags = () =>
    model.overlays
      .filter((overlay) => overlay.shown && overlay.tags)
      .flatMap((overlay) => overlay.tags)
      .map((tag) => ({ at: tag.at, text: tag.text, size: 12, bold: true }));

  return {
    valueOf, vintageOf, yearOf, flagsOf, colourOf, isMarked, sign, SIGNS, legendRows, overlayRows, item, heading, warnings,
    origin, notice, captionText, setNames, besides, tags,
  };
}
