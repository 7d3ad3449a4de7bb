// The page of a map: zones once, restyled by theme and period; every text of the data is set as text, never as HTML.
function hpPage(map, model) {
  "use strict";
  const words = model.words;
  const count = model.codes.length;
  const themes = model.themes;
  const state = {
    theme: model.start || 0,
    periods: themes.map((theme) => theme.first),
    opacity: 0.85,
    // The zone under the mouse or the focus; the zone whose card is held open; a place's card is held without a zone.
    near: -1,
    pinned: -1,
    held: false,
    quiet: false,
    sort: { column: 0, down: false },
    view: "map",
    names: true,
  };

  // ---- text and elements ------------------------------------------------------------------------------------------

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

  // The French way: narrow no-break space between thousands, decimal comma, a dash for what is not known.
  function number(value, decimals) {
    if (value === null) return "\u2013";
    const [whole, part] = Math.abs(value).toFixed(decimals).split(".");
    const grouped = whole.replace(/\B(?=(\d{3})+$)/g, "\u202f");
    const sign = value < 0 && Number(Math.abs(value).toFixed(decimals)) !== 0 ? "-" : "";
    return sign + grouped + (part ? "," + part : "");
  }

  function quantity(theme, value) {
    const text = number(value, theme.decimals);
    return value === null || !theme.unit ? text : text + "\u00a0" + theme.unit;
  }

  const french = new Intl.Collator("fr");
  const plain = (text) => text.normalize("NFD").replace(/[\u0300-\u036f]/g, "").toLowerCase();

  // ---- geometry ---------------------------------------------------------------------------------------------------

  function decoded(topology) {
    const unit = Math.pow(10, topology.decimals);
    const arcs = topology.arcs.map((steps) => {
      const points = [];
      let x = 0;
      let y = 0;
      for (let at = 0; at < steps.length; at += 2) {
        x += steps[at];
        y += steps[at + 1];
        points.push([y / unit, x / unit]);
      }
      return points;
    });
    const line = (reference) => (reference < 0 ? arcs[~reference].slice().reverse() : arcs[reference]);
    const ring = (references) => references.flatMap((reference) => line(reference).slice(1));
    const shapes = topology.shapes.map((polygons) => polygons.map((rings) => rings.map(ring)));
    return { arcs, shapes, references: topology.shapes };
  }

  const { arcs, shapes, references } = decoded(model.topology);
  const owners = arcs.map(() => []);
  references.forEach((polygons, zone) =>
    polygons.forEach((rings) =>
      rings.forEach((refs) => refs.forEach((ref) => owners[ref < 0 ? ~ref : ref].push(zone)))
    )
  );

  // Arcs where the zones on either side are of different sets, by the set that is drawn last.
  function limits(members, number_) {
    const lines = Array.from({ length: number_ }, () => []);
    owners.forEach((zones, arc) => {
      const sets = zones.map((zone) => members[zone]);
      if (sets.length > 1 && sets.every((set) => set === sets[0])) return;
      const last = Math.max(...sets);
      if (last >= 0) lines[last].push(arcs[arc]);
    });
    return lines;
  }

  const everything = L.latLngBounds(shapes.flat(3));

  // ---- panes and zones --------------------------------------------------------------------------------------------

  ["zones:400", "hatch:410", "lines:420", "names:430", "cursor:440"].forEach((entry) => {
    const [name, height] = entry.split(":");
    const pane = map.createPane("hp-" + name);
    pane.style.zIndex = height;
    if (name !== "zones") pane.style.pointerEvents = "none";
  });
  // One drawing for the zones, roomy enough for the whole of them to be reached by keyboard.
  const renderer = L.svg({ pane: "hp-zones", padding: 1 });
  const zoneLayers = shapes.map((polygons, zone) =>
    L.polygon(polygons, { pane: "hp-zones", renderer, weight: 0.8, color: "#4a4a4a", smoothFactor: 0 }).addTo(map)
  );
  const paths = zoneLayers.map((layer) => layer.getElement());
  const cursor = L.polygon([], { pane: "hp-cursor", fill: false, color: "#111", weight: 3.5, interactive: false }).addTo(map);
  const halo = L.polygon([], { pane: "hp-cursor", fill: false, color: "#fff", weight: 7, opacity: 0.9, interactive: false }).addTo(map);
  halo.bringToBack();
  const frame = renderer._container;
  frame.setAttribute("role", "group");
  frame.setAttribute("aria-label", words.zones_help);

  paths.forEach((path, zone) => {
    path.setAttribute("role", "button");
    path.setAttribute("tabindex", zone === 0 ? "0" : "-1");
    path.addEventListener("focus", () => state.quiet || approach(zone));
    path.addEventListener("blur", () => approach(-1));
    path.addEventListener("keydown", (event) => onZoneKey(event, zone));
  });
  zoneLayers.forEach((layer, zone) => {
    layer.on("mouseover", () => approach(zone));
    layer.on("mouseout", () => approach(-1));
    layer.on("click", (event) => {
      L.DomEvent.stopPropagation(event);
      pin(zone);
    });
  });
  map.on("click", release);

  zoneLayers.forEach((layer, zone) => layer.bindTooltip(() => tipOf(zone), { className: "hp-tip", sticky: true }));

  function tipOf(zone) {
    const theme = themes[state.theme];
    const node = el("span", {}, el("b", {}, model.names[zone]));
    if (theme) node.append(" ", valueOf(theme, state.periods[state.theme], zone));
    return node;
  }

  const ARROWS = { ArrowLeft: [0, -1], ArrowRight: [0, 1], ArrowUp: [1, 0], ArrowDown: [-1, 0] };

  function onZoneKey(event, zone) {
    let next = -1;
    if (event.key in ARROWS) next = neighbour(zone, ARROWS[event.key]);
    else if (event.key === "Home") next = 0;
    else if (event.key === "End") next = count - 1;
    else if (event.key === "Enter" || event.key === " ") pin(zone);
    else return;
    event.preventDefault();
    event.stopPropagation();
    if (next >= 0) focusZone(next);
  }
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented) release();
  });

  // The nearest zone in a direction, those straight ahead first.
  function neighbour(zone, [north, east]) {
    const [lat, lon] = model.places[zone];
    const narrow = Math.cos((lat * Math.PI) / 180);
    let best = -1;
    let least = Infinity;
    model.places.forEach(([otherLat, otherLon], other) => {
      const up = otherLat - lat;
      const right = (otherLon - lon) * narrow;
      const ahead = up * north + right * east;
      const aside = Math.abs(up * east) + Math.abs(right * north);
      if (other === zone || ahead <= 0 || aside > 2 * ahead) return;
      const cost = ahead + 2 * aside;
      if (cost < least) [least, best] = [cost, other];
    });
    return best < 0 ? zone : best;
  }

  // Tab reaches one zone only: the last that was reached otherwise.
  const reach = (zone) => paths.forEach((path, other) => path.setAttribute("tabindex", other === zone ? "0" : "-1"));

  function focusZone(zone) {
    reach(zone);
    if (!map.getBounds().contains(model.places[zone])) map.panTo(model.places[zone], { animate: false });
    paths[zone].focus({ preventScroll: true });
  }

  function approach(zone) {
    state.near = zone;
    outline(zone >= 0 ? zone : state.pinned);
    if (state.held) return;
    // The card stands on the side where the zone is not.
    if (zone >= 0) card.classList.toggle("hp-left", map.latLngToContainerPoint(model.places[zone]).x > map.getSize().x / 2);
    tell(zone);
  }

  function hold(held, zone) {
    state.held = held;
    state.pinned = zone;
    document.body.classList.toggle("hp-pinned", held);
    outline(zone >= 0 ? zone : state.near);
  }

  function pin(zone) {
    if (zone === state.pinned) return release();
    hold(true, zone);
    tell(zone);
    reach(zone);
  }

  // Close the card; whoever was reading it is brought back to its zone, without opening it again.
  function release() {
    const zone = state.pinned;
    const within = card.contains(document.activeElement);
    hold(false, -1);
    tell(-1);
    if (!within || zone < 0) return;
    state.quiet = true;
    paths[zone].focus({ preventScroll: true });
    state.quiet = false;
  }

  function outline(zone) {
    [halo, cursor].forEach((layer) => layer.setLatLngs(zone < 0 ? [] : shapes[zone]));
  }

  // As near as a zone or a place is looked at: what is around it is still seen.
  const closest = () => Math.max(12, map.getBoundsZoom(everything) + 1);

  // Zoom to a zone, where the card that is held on it does not hide it.
  function show(zone) {
    setView("map");
    card.classList.remove("hp-left");
    if (state.pinned !== zone) pin(zone);
    const [whole, held] = [map.getContainer(), card].map((node) => node.getBoundingClientRect());
    const foot = held.width > 0.8 * whole.width;
    const free = 0.2;
    const right = foot ? 20 : Math.min(whole.right - held.left, (1 - free) * whole.width);
    const below = foot ? Math.min(whole.bottom - held.top, (1 - free) * whole.height) : 20;
    map.fitBounds(zoneLayers[zone].getBounds(), {
      maxZoom: closest(), paddingTopLeft: [20, 20], paddingBottomRight: [right + 20, below + 20], animate: false,
    });
    focusZone(zone);
  }

  // ---- values -----------------------------------------------------------------------------------------------------

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
    if (theme.periods.length < 2 && theme.type === "figures") return "";
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

  // ---- overlays ---------------------------------------------------------------------------------------------------

  const SIGNS = {
    hub: () => draw("path", { d: "M0-11 11 0 0 11-11 0Z", fill: "#b3001b", stroke: "#fff", "stroke-width": 2.5 }),
    site: () => draw("circle", { r: 7, fill: "#27496d", stroke: "#fff", "stroke-width": 2.5 }),
    station: () => draw("rect", { x: -6, y: -6, width: 12, height: 12, fill: "#fff", stroke: "#27496d", "stroke-width": 3 }),
  };

  const sign = (name, size) =>
    draw("svg", { width: size, height: size, viewBox: "-13 -13 26 26", "aria-hidden": "true" }, SIGNS[name]());

  function outlinesLayer(overlay) {
    const group = L.layerGroup();
    limits(overlay.members, overlay.sets.length).forEach((lines, set) => {
      const { colour, dash, weight } = overlay.sets[set].line;
      L.polyline(lines, { pane: "hp-lines", color: colour, weight, dashArray: dash, lineCap: "butt", interactive: false, smoothFactor: 0 }).addTo(group);
    });
    return group;
  }

  function perimetersLayer(overlay) {
    const group = L.layerGroup();
    overlay.rings = decoded(overlay.topology).shapes;
    overlay.rings.forEach((polygons, rank) => {
      const { colour, dash, weight } = overlay.lines[rank];
      const looks = { hatched: { fillColor: "url(#hp-hatch)", fillOpacity: 1 }, plain: { fillColor: colour, fillOpacity: 0.35 }, none: { fill: false } };
      const look = looks[overlay.fill];
      L.polygon(polygons, { pane: "hp-hatch", color: colour, weight, dashArray: dash, interactive: false, smoothFactor: 0, ...look }).addTo(group);
    });
    return group;
  }

  function placesLayer(overlay) {
    const group = L.layerGroup();
    overlay.marks.forEach((mark) => {
      const node = el("span", { class: "hp-sign" }, sign(mark.sign, 26));
      if (mark.beside) {
        const lines = wrapped(mark.beside, 18).flatMap((line, rank) => (rank ? [el("br"), line] : [line]));
        node.append(el("span", { class: "hp-beside", "aria-hidden": "true" }, ...lines));
      }
      const icon = L.divIcon({ html: node, className: "hp-point", iconSize: [26, 26], iconAnchor: [13, 13] });
      const marker = L.marker(mark.at, { icon, riseOnHover: true }).addTo(group);
      const speak = () => write(mark.name, "", [el("dl", {}, ...mark.rows.map(([label, value]) => row(label, value, "", false)))]);
      const pass = (near) => () => state.held || (near ? speak() : tell(-1));
      const keep = () => {
        hold(true, -1);
        speak();
      };
      marker.on("add", () => {
        const place = marker.getElement();
        place.setAttribute("aria-label", mark.beside ? mark.name + ", " + mark.beside : mark.name);
        ["focus", "mouseover"].forEach((name) => place.addEventListener(name, pass(true)));
        ["blur", "mouseout"].forEach((name) => place.addEventListener(name, pass(false)));
        place.addEventListener("keydown", (event) => {
          if (event.key !== "Enter" && event.key !== " ") return;
          event.preventDefault();
          keep();
        });
      });
      marker.bindTooltip(() => el("b", {}, mark.name), { className: "hp-tip", direction: "top", offset: [0, -10] });
      marker.on("click", keep);
    });
    return group;
  }

  const MAKERS = { outlines: outlinesLayer, perimeters: perimetersLayer, places: placesLayer };
  const layers = model.overlays.map((overlay) => MAKERS[overlay.type](overlay));

  function toggle(overlay, rank, shown) {
    overlay.shown = shown;
    if (shown) layers[rank].addTo(map);
    else layers[rank].remove();
    writeLegend();
  }

  // ---- names on the map -------------------------------------------------------------------------------------------

  const written = L.layerGroup().addTo(map);
  const bySize = zoneLayers
    .map((layer, zone) => [layer.getBounds(), zone])
    .map(([box, zone]) => [(box.getNorth() - box.getSouth()) * (box.getEast() - box.getWest()), zone])
    .sort((one, other) => other[0] - one[0] || one[1] - other[1])
    .map(([, zone]) => zone);

  function setNames(theme, period) {
    if (!theme || theme.type !== "sets") return [];
    return theme.places[period]
      .map((at, set) => ({ at, text: theme.sets[set].name, lines: wrapped(theme.sets[set].name, 22), size: 13, bold: true }))
      .filter((name) => name.at);
  }

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

  // Names that stand beside the places that are shown: they come first.
  const besides = () =>
    model.overlays
      .filter((overlay) => overlay.shown && overlay.type === "places")
      .flatMap((overlay) => overlay.marks)
      .filter((mark) => mark.beside)
      .map((mark) => ({ at: mark.at, text: mark.beside, lines: wrapped(mark.beside, 18), size: 12, bold: true, below: 13, beside: true }));

  function writeNames() {
    written.clearLayers();
    const bounds = map.getBounds();
    const inView = bySize.filter((zone) => bounds.contains(model.places[zone]));
    const small = map.getSize().x < 700;
    const names = [...(small ? [] : besides()), ...setNames(themes[state.theme], state.periods[state.theme])];
    if (small) names.forEach((name) => (name.size = 10.5));
    if (state.names && inView.length <= (small ? 25 : 90))
      names.push(...inView.map((zone) => ({ at: model.places[zone], text: model.names[zone], size: 11 })));
    const position = (at) => {
      const point = map.latLngToContainerPoint(at);
      return [point.x, point.y];
    };
    const size = map.getSize();
    placed(names, position, size.x, size.y, 1).forEach((name) => {
      if (name.beside) return;
      const lines = (name.lines || [name.text]).flatMap((line, rank) => (rank ? [el("br"), line] : [line]));
      const node = el("span", { class: name.bold ? "hp-name hp-set" : "hp-name", "aria-hidden": "true" }, ...lines);
      const icon = L.divIcon({ html: node, className: "hp-label", iconSize: [0, 0] });
      L.marker(name.at, { icon, pane: "hp-names", interactive: false, keyboard: false }).addTo(written);
    });
  }
  map.on("moveend zoomend resize", writeNames);

  // ---- controls ---------------------------------------------------------------------------------------------------

  const panel = document.querySelector(".hp-panel");
  const body = document.querySelector(".hp-body");
  const legendBox = el("section", { class: "hp-legend", "aria-live": "polite" });
  const card = el("section", { class: "hp-card", "aria-label": words.card, tabindex: "-1" });
  const mainBox = document.querySelector(".hp-main");
  mainBox.prepend(map.getContainer());
  map.getContainer().setAttribute("role", "application");
  map.getContainer().setAttribute("aria-label", model.title);

  const controls = document.querySelector(".hp-controls");
  const chooser = el("select", { id: "hp-theme", onchange: (event) => setTheme(Number(event.target.value)) });
  const groups = new Map();
  themes.forEach((theme, rank) => {
    if (!groups.has(theme.group)) {
      const parent = theme.group ? el("optgroup", { label: theme.group }) : chooser;
      groups.set(theme.group, parent);
      if (parent !== chooser) chooser.append(parent);
    }
    groups.get(theme.group).append(el("option", { value: rank }, theme.unit ? theme.label + " (" + theme.unit + ")" : theme.label));
  });
  const slider = el("input", { type: "range", id: "hp-period", min: 0, step: 1, oninput: () => (stop(), setPeriod(Number(slider.value))) });
  const shownPeriod = el("output", { for: "hp-period" });
  const player = el("button", { type: "button", class: "hp-play", onclick: play });
  const periodBox = el(
    "div",
    { class: "hp-periods" },
    el("label", { for: "hp-period" }, words.period),
    player,
    slider,
    shownPeriod
  );
  if (themes.length) controls.append(el("label", { for: "hp-theme" }, words.theme), chooser, periodBox);
  if (themes.length < 2) chooser.parentNode && [chooser, chooser.previousSibling].forEach((node) => node.remove());

  let timer = 0;
  function play() {
    if (timer) return stop();
    const last = themes[state.theme].periods.length - 1;
    if (state.periods[state.theme] === last) setPeriod(0);
    timer = setInterval(() => {
      setPeriod(state.periods[state.theme] + 1);
      if (state.periods[state.theme] >= last) stop();
    }, 1000);
    sayPlay();
  }
  function stop() {
    clearInterval(timer);
    timer = 0;
    sayPlay();
  }
  function sayPlay() {
    player.textContent = timer ? "❚❚" : "▶";
    player.setAttribute("aria-label", timer ? words.pause : words.play);
    player.title = timer ? words.pause : words.play;
  }

  function setTheme(rank) {
    stop();
    state.theme = rank;
    chooser.value = String(rank);
    restyle();
  }
  function setPeriod(rank) {
    const last = themes[state.theme].periods.length - 1;
    state.periods[state.theme] = Math.min(rank, last);
    restyle();
  }

  // Search: a list of names under a field, by arrows and Enter, accents or none.
  const results = el("ul", { role: "listbox", id: "hp-results", "aria-label": words.found, hidden: true });
  const field = el("input", {
    type: "search",
    id: "hp-search",
    role: "combobox",
    autocomplete: "off",
    "aria-autocomplete": "list",
    "aria-controls": "hp-results",
    "aria-expanded": "false",
    oninput: () => look(),
    onkeydown: onSearchKey,
    onblur: () => setTimeout(() => close_(), 200),
  });
  controls.append(el("div", { class: "hp-find" }, el("label", { for: "hp-search" }, words.search), field, results));
  let found = [];
  let active = -1;
  function look() {
    const asked = plain(field.value.trim());
    const rows = model.names.map((name, zone) => [plain(name), zone]);
    const matches = (row) => row[0].includes(asked) || model.codes[row[1]].toLowerCase().startsWith(asked);
    found = asked ? rows.filter(matches).sort((one, other) => one[0].indexOf(asked) - other[0].indexOf(asked)).slice(0, 8).map((row) => row[1]) : [];
    active = found.length ? 0 : -1;
    results.replaceChildren(
      ...found.map((zone, rank) =>
        el("li", { role: "option", id: "hp-found-" + rank, onmousedown: (event) => (event.preventDefault(), choose(zone)) },
          model.codeLabel ? model.names[zone] + " (" + model.codes[zone] + ")" : model.names[zone])
      )
    );
    if (asked && !found.length) results.append(el("li", { role: "option", "aria-disabled": "true" }, words.none_found));
    results.hidden = !asked;
    field.setAttribute("aria-expanded", String(!results.hidden));
    mark();
  }
  function mark() {
    [...results.children].forEach((row, rank) => row.setAttribute("aria-selected", String(rank === active)));
    if (active >= 0) field.setAttribute("aria-activedescendant", "hp-found-" + active);
    else field.removeAttribute("aria-activedescendant");
  }
  function onSearchKey(event) {
    if (event.key === "ArrowDown" || event.key === "ArrowUp") {
      if (found.length) active = (active + (event.key === "ArrowDown" ? 1 : -1) + found.length) % found.length;
      mark();
    } else if (event.key === "Enter" && active >= 0) choose(found[active]);
    else if (event.key === "Escape" && !results.hidden) close_();
    else return;
    event.preventDefault();
  }
  function choose(zone) {
    field.value = model.names[zone];
    close_();
    show(zone);
  }
  function close_() {
    results.hidden = true;
    field.setAttribute("aria-expanded", "false");
  }

  const views = el("div", { class: "hp-views", role: "group", "aria-label": words.view });
  const viewButtons = ["map", "table"].map((name) =>
    el("button", { type: "button", "aria-pressed": "false", onclick: () => setView(name) }, words["view_" + name])
  );
  views.append(...viewButtons, el("button", { type: "button", class: "hp-print", onclick: () => (paper(), window.print()) }, words.print));
  controls.append(views);

  writeActions();
  body.append(legendBox);
  mainBox.append(card);
  const layerBox = el("fieldset", { class: "hp-layers" }, el("legend", {}, words.layers));
  const box = (label, checked, onchange) => {
    const input = el("input", { type: "checkbox", onchange: (event) => onchange(event.target.checked) });
    input.checked = checked;
    return el("label", {}, input, " ", label);
  };
  model.overlays.forEach((overlay, rank) => layerBox.append(box(overlay.label, overlay.shown, (shown) => toggle(overlay, rank, shown))));
  layerBox.append(box(words.names, true, (shown) => ((state.names = shown), writeNames())));
  if (map.hpBasemap) {
    state.opacity = 0.6;
    layerBox.append(box(words.basemap, true, (shown) => (shown ? map.hpBasemap.addTo(map) : map.hpBasemap.remove())));
  }
  body.append(layerBox);
  if (themes.length) {
    const strength = el("input", { type: "range", id: "hp-opacity", min: 0, max: 100, step: 5, value: state.opacity * 100,
      oninput: () => ((state.opacity = strength.value / 100), restyle()) });
    body.append(el("div", { class: "hp-opacity" }, el("label", { for: "hp-opacity" }, words.opacity), strength));
  }
  writeSources();

  function writeActions() {
    if (!model.actions.length) return;
    const part = el("section", { class: "hp-actions" }, el("h2", {}, words.actions));
    let list = null;
    model.actions.forEach((action, rank) => {
      if (!rank || action.heading !== model.actions[rank - 1].heading) {
        list = el("ul", {});
        part.append(el("h3", {}, action.heading), list);
      }
      const told = el("span", { class: "hp-scale" }, action.where ? action.scale + "\u00a0: " + action.where : action.scale);
      const reachable = action.at || action.zones.length;
      const name = reachable
        ? el("button", { type: "button", "aria-pressed": "false", onclick: (event) => light(action, event.currentTarget) }, action.name)
        : el("span", {}, action.name);
      list.append(el("li", {}, name, told));
    });
    body.append(part);
  }

  const lit = L.layerGroup().addTo(map);
  function light(action, button) {
    const on = button.getAttribute("aria-pressed") !== "true";
    document.querySelectorAll(".hp-actions button").forEach((other) => other.setAttribute("aria-pressed", "false"));
    lit.clearLayers();
    if (!on) return;
    setView("map");
    button.setAttribute("aria-pressed", "true");
    const look = { pane: "hp-cursor", color: "#b3001b", weight: 4, fillColor: "#b3001b", fillOpacity: 0.12, interactive: false };
    action.zones.forEach((zone) => L.polygon(shapes[zone], { ...look, weight: action.zones.length > 1 ? 1 : 4 }).addTo(lit));
    if (action.at) L.circleMarker(action.at, { ...look, radius: 20, fill: false }).addTo(lit);
    if (action.at) map.setView(action.at, closest(), { animate: false });
    else map.fitBounds(L.featureGroup(lit.getLayers()).getBounds(), { maxZoom: closest(), padding: [30, 30], animate: false });
  }

  function writeSources() {
    const lines = el("ul", { class: "hp-sources" }, ...model.sources.map((line) => el("li", {}, line)));
    const notes = [...model.notes, model.made].map((line) => el("p", {}, line));
    body.append(el("section", {}, el("h2", {}, words.sources), lines, ...notes));
  }

  // ---- legend -----------------------------------------------------------------------------------------------------

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
    return model.overlays.filter((overlay) => overlay.shown).flatMap((overlay) => {
      if (overlay.type !== "places")
        return overlay.legend.map(({ line, label }) => {
          if (!overlay.fill || overlay.fill === "none") return [stroke(line), label, null];
          const look = { stroke: line.colour, "stroke-width": line.weight, "stroke-dasharray": line.dash };
          const key = overlay.fill === "hatched" ? swatch("url(#hp-hatch)", look) : swatch(line.colour, { ...look, "fill-opacity": 0.35 });
          return [key, label, null];
        });
      return overlay.legend.map((row) => [sign(row.sign, 22), row.label, null]);
    });
  }

  function item([key, label, number_]) {
    const told = number_ === null ? "" : fill(number_ === 1 ? words.one_zone : words.zones, { count: number_ });
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

  function writeLegend() {
    const theme = themes[state.theme];
    const period = state.periods[state.theme];
    const rows = legendRows(theme, period, state.opacity);
    const parts = [el("h2", {}, theme ? heading(theme) : words.legend)];
    if (theme && theme.periods.length > 1) parts[0].append("\u00a0\u2013 ", theme.periods[period]);
    if (theme) {
      warnings(theme, period).forEach((text) => parts.push(el("p", { class: "hp-flag" }, text)));
      parts.push(el("ul", { class: "hp-keys" }, ...rows.map(item)));
      if (theme.definition) parts.push(el("p", {}, theme.definition));
      if (theme.scheme) parts.push(el("p", {}, theme.scheme));
      const from = origin(theme, period);
      if (from) parts.push(el("p", {}, words.source + "\u00a0: " + from));
    }
    const others = overlayRows();
    if (others.length) parts.push(el("ul", { class: "hp-keys" }, ...others.map(item)));
    legendBox.replaceChildren(...parts);
  }

  // ---- card -------------------------------------------------------------------------------------------------------

  function tell(zone) {
    card.hidden = zone < 0;
    if (zone < 0) return;
    const facts = model.facts[zone].slice();
    model.overlays.forEach((overlay) => {
      if (overlay.fact && overlay.members[zone] >= 0) facts.push([overlay.fact, overlay.sets[overlay.members[zone]].name]);
    });
    const parts = [];
    const current = themes[state.theme];
    if (current) {
      const period = state.periods[state.theme];
      const year = yearOf(current, period, zone);
      const when = year ? "\u00a0– " + year : "";
      const flags = flagsOf(current, period, zone);
      parts.push(el("p", { class: "hp-now" }, current.label + when, el("b", {}, valueOf(current, period, zone)), flags.length ? el("small", {}, flags.join(", ")) : ""));
    }
    const groups = new Map();
    themes.forEach((theme, rank) => {
      if (theme.type !== "figures") return;
      const period = state.periods[rank];
      const edition = vintageOf(theme, period, zone);
      // One source for the rows that share it, told under them; the year of each figure beside its label.
      const key = theme.group + "|" + theme.source;
      if (!groups.has(key)) groups.set(key, { theme, rows: [], editions: new Set() });
      const group = groups.get(key);
      if (edition) group.editions.add(edition);
      const notes = [yearOf(theme, period, zone), ...flagsOf(theme, period, zone)].filter(Boolean).join(", ");
      group.rows.push(row(theme.label, valueOf(theme, period, zone), notes, rank === state.theme));
    });
    let told = "";
    groups.forEach(({ theme, rows, editions }) => {
      const edition = editions.size ? fill(words.vintage, { vintage: [...editions].sort().join(", ") }) : "";
      const from = [theme.source, edition].filter(Boolean).join(", ");
      if (theme.group && theme.group !== told) parts.push(el("h3", {}, theme.group));
      told = theme.group;
      parts.push(el("dl", {}, ...rows));
      if (from) parts.push(el("p", { class: "hp-from" }, from));
    });
    if (facts.length) parts.push(el("h3", {}, model.kind), el("dl", {}, ...facts.map(([label, value]) => row(label, value, "", false))));
    write(model.names[zone], model.codeLabel ? model.codes[zone] : "", parts);
  }

  function row(label, value, note, current) {
    return el("div", { class: current ? "hp-current" : null }, el("dt", {}, label, note ? el("small", {}, "\u00a0– " + note) : ""), el("dd", {}, value));
  }

  function write(name, code, parts) {
    card.hidden = false;
    const close = el("button", { type: "button", class: "hp-close", "aria-label": words.close, onclick: release }, "×");
    card.replaceChildren(close, el("h2", {}, name, code ? el("small", {}, "\u00a0" + code) : ""), ...parts);
  }

  // ---- table ------------------------------------------------------------------------------------------------------

  const tableBox = el("section", { class: "hp-table", id: "hp-table", "aria-label": words.table, tabindex: "0", hidden: true });
  mainBox.append(tableBox);

  function columns() {
    const name = { label: model.kind, text: (zone) => model.names[zone], value: (zone) => model.names[zone] };
    const code = { label: model.codeLabel, text: (zone) => model.codes[zone], value: (zone) => model.codes[zone] };
    const rest = themes.map((theme, rank) => {
      const period = state.periods[rank];
      const year = theme.periods.length > 1 || theme.type === "sets" ? "\u00a0\u2013 " + theme.periods[period] : "";
      const isFigure = theme.type === "figures";
      return {
        label: heading(theme) + year,
        isFigure,
        text: (zone) => (isFigure ? number(theme.values[period][zone], theme.decimals) : valueOf(theme, period, zone)),
        value: (zone) => (isFigure ? theme.values[period][zone] : valueOf(theme, period, zone)),
        flags: (zone) => flagsOf(theme, period, zone).join(", "),
      };
    });
    return [name, ...(model.codeLabel ? [code] : []), ...rest];
  }

  function writeTable() {
    const heads = columns();
    const { column, down } = state.sort;
    const order = model.codes.map((_, zone) => zone).sort((one, other) => {
      const [left, right] = [heads[column].value(one), heads[column].value(other)];
      if (left === null || right === null) return (left === null) - (right === null) || one - other;
      const less = typeof left === "string" ? french.compare(left, right) : left - right;
      return (down ? -less : less) || one - other;
    });
    const head = el("tr", {}, ...heads.map((one, rank) => {
      const way = rank !== column ? "none" : down ? "descending" : "ascending";
      const arrow = rank !== column ? "↕" : down ? "▼" : "▲";
      return el("th", { scope: "col", "aria-sort": way, class: one.isFigure ? "hp-figure" : null },
        el("button", { type: "button", onclick: () => sortBy(rank) }, one.label, el("span", { class: "hp-way", "aria-hidden": "true" }, "\u00a0" + arrow)));
    }));
    const rows = order.map((zone) =>
      el("tr", {}, ...heads.map((one, rank) => {
        if (rank === 0) return el("th", { scope: "row" }, el("button", { type: "button", title: words.see, onclick: () => show(zone) }, one.text(zone)));
        const mark = one.isFigure && one.value(zone) !== null ? one.flags(zone) : "";
        return el("td", { class: one.isFigure ? "hp-figure" : null }, one.text(zone), mark ? el("abbr", { title: mark }, "*") : "");
      }))
    );
    const marks = [...new Set(themes.flatMap((theme) => (theme.flags || []).map((flag) => flag.label)))];
    const title = el("div", {}, model.title, marks.length ? el("small", {}, "\u00a0– *\u00a0: " + marks.join(", ")) : "");
    const origins = themes.map((theme, rank) => origin(theme, state.periods[rank])).filter(Boolean);
    tableBox.replaceChildren(
      ...notice("hp-printed"),
      el("table", {}, el("caption", {}, title), el("thead", {}, head), el("tbody", {}, ...rows)),
      el("p", { class: "hp-caption hp-printed" }, captionText(origins))
    );
  }

  function sortBy(rank) {
    state.sort = { column: rank, down: state.sort.column === rank ? !state.sort.down : false };
    writeTable();
    tableBox.querySelectorAll("thead button")[rank].focus();
  }

  function setView(name) {
    state.view = name;
    viewButtons.forEach((button, rank) => button.setAttribute("aria-pressed", String(["map", "table"][rank] === name)));
    document.body.classList.toggle("hp-tabular", name === "table");
    tableBox.hidden = name !== "table";
    map.getContainer().hidden = name === "table";
    if (name === "table") writeTable();
    else map.invalidateSize({ animate: false });
  }

  // ---- paper ------------------------------------------------------------------------------------------------------

  const sheet = document.querySelector(".hp-paper");
  // The frame of the map on an A3 sheet, in tenths of a millimetre: what title, notice and caption leave of its height.
  const FRAME = { width: 2880, height: 0 };
  const letters = { notice: 175, caption: 235 };
  const tall = (text, most, line, gap) => (text ? Math.ceil(text.length / most) * line + gap : 0);

  function paper() {
    const theme = themes[state.theme];
    const period = state.periods[state.theme];
    const caption = captionText(theme ? [origin(theme, period)].filter(Boolean) : [], words.projection);
    FRAME.height = 2620 - tall(model.notice, letters.notice, 55, 75) - tall(caption, letters.caption, 34, 25);
    const opacity = Math.max(state.opacity, 0.3);
    const whole = map.getBounds().contains(everything) ? everything : map.getBounds();
    const at = ([lat, lon]) => L.CRS.EPSG3857.latLngToPoint(L.latLng(lat, lon), 20);
    const corner = at([whole.getNorth(), whole.getWest()]);
    const opposite = at([whole.getSouth(), whole.getEast()]);
    const scale = 0.96 * Math.min(FRAME.width / (opposite.x - corner.x), FRAME.height / (opposite.y - corner.y));
    const left = (FRAME.width - scale * (opposite.x - corner.x)) / 2;
    const top = (FRAME.height - scale * (opposite.y - corner.y)) / 2;
    const position = (place) => {
      const point = at(place);
      return [left + scale * (point.x - corner.x), top + scale * (point.y - corner.y)];
    };
    const trace = (points) => points.map((place) => position(place).map((part) => part.toFixed(1)).join(" ")).join("L");
    const closed = (polygons) => polygons.flat().map((ring) => "M" + trace(ring) + "Z").join("");
    const opened = (lines) => lines.map((line) => "M" + trace(line)).join("");
    const inside = draw("g", { "clip-path": "url(#hp-frame)" });
    shapes.forEach((polygons, zone) =>
      inside.append(draw("path", {
        d: closed(polygons), fill: colourOf(theme, period, zone), "fill-opacity": theme ? opacity : 0,
        stroke: "#4a4a4a", "stroke-width": isMarked(theme, period, zone) ? 6 : 3, "fill-rule": "evenodd",
        "stroke-dasharray": isMarked(theme, period, zone) ? "12 9" : "",
      }))
    );
    model.overlays.filter((overlay) => overlay.shown).forEach((overlay) => {
      if (overlay.type === "outlines")
        limits(overlay.members, overlay.sets.length).forEach((lines, set) => {
          const { colour, dash, weight } = overlay.sets[set].line;
          inside.append(draw("path", { d: opened(lines), fill: "none", stroke: colour, "stroke-width": 3 * weight, "stroke-dasharray": dash.split(" ").filter(Boolean).map((part) => 3 * part).join(" ") }));
        });
      if (overlay.type === "perimeters")
        overlay.rings.forEach((polygons, rank) => {
          const { colour, dash, weight } = overlay.lines[rank];
          const paint = { hatched: "url(#hp-hatch-paper)", plain: colour, none: "none" }[overlay.fill];
          inside.append(draw("path", { d: closed(polygons), fill: paint, "fill-opacity": overlay.fill === "plain" ? 0.35 : 1, stroke: colour, "stroke-width": 3 * weight, "fill-rule": "evenodd", "stroke-dasharray": dash.split(" ").filter(Boolean).map((part) => 3 * part).join(" ") }));
        });
    });
    const inFrame = bySize.filter((zone) => whole.contains(model.places[zone]));
    const names = [...besides(), ...setNames(theme, period)];
    if (inFrame.length <= 150) names.push(...inFrame.map((zone) => ({ at: model.places[zone], text: model.names[zone], size: 9 })));
    placed(names, position, FRAME.width, FRAME.height, 3).forEach((name) => {
      const [x, y] = position(name.at);
      const lines = name.lines || [name.text];
      const size = 3 * name.size;
      const start = name.below ? y + 3 * name.below + size : y + size * (0.35 - 0.6 * (lines.length - 1));
      const text = draw("text", { "text-anchor": "middle", "font-size": size, "font-weight": name.bold ? 700 : 400, class: "hp-halo" },
        ...lines.map((line, rank) => draw("tspan", { x, y: start + 1.2 * size * rank }, line)));
      inside.append(text);
    });
    model.overlays.filter((overlay) => overlay.shown && overlay.type === "places").forEach((overlay) =>
      overlay.marks.forEach((mark) => {
        const [x, y] = position(mark.at);
        inside.append(draw("g", { transform: "translate(" + x + " " + y + ") scale(3)" }, SIGNS[mark.sign]()));
      })
    );
    const metres = (Math.cos((whole.getCenter().lat * Math.PI) / 180) * 40075016.686) / (256 * Math.pow(2, 20)) / scale;
    const drawing = draw("svg", { viewBox: "0 0 " + FRAME.width + " " + FRAME.height, class: "hp-plan", preserveAspectRatio: "xMidYMin meet", role: "img", "aria-label": model.title },
      draw("defs", {}, draw("clipPath", { id: "hp-frame" }, draw("rect", { width: FRAME.width, height: FRAME.height }))),
      inside, draw("rect", { width: FRAME.width, height: FRAME.height, fill: "none", stroke: "#1c1c1c", "stroke-width": 4 }),
      scaleBar(metres), northArrow());
    const side = el("div", { class: model.actions.length > 30 ? "hp-side hp-dense" : "hp-side" });
    if (theme) {
      side.append(el("h2", {}, heading(theme), theme.periods.length > 1 ? "\u00a0\u2013 " + theme.periods[period] : ""));
      warnings(theme, period).forEach((text) => side.append(el("p", { class: "hp-flag" }, text)));
      side.append(el("ul", { class: "hp-keys" }, ...legendRows(theme, period, opacity).map(item)));
      if (theme.definition) side.append(el("p", {}, theme.definition));
      if (theme.scheme) side.append(el("p", {}, theme.scheme));
    }
    side.append(el("ul", { class: "hp-keys" }, ...overlayRows().map(item)));
    if (model.actions.length) {
      side.append(el("h2", {}, words.actions));
      [...new Set(model.actions.map((action) => action.heading))].forEach((axis) => {
        const lines = model.actions.filter((action) => action.heading === axis);
        side.append(el("h3", {}, axis),
          el("ul", { class: "hp-listed" }, ...lines.map((action) => el("li", {}, action.name + " (" + (action.where || action.scale) + ")"))));
      });
    }
    sheet.replaceChildren(
      el("h1", {}, model.title),
      ...notice(""),
      el("div", { class: "hp-spread" }, drawing, side),
      el("p", { class: "hp-caption" }, caption)
    );
  }

  const notice = (name) => (model.notice ? [el("p", { class: "hp-notice " + name }, model.notice)] : []);

  // Every source once, then how the limits were drawn, then who made the page.
  function captionText(origins, ...notes) {
    const lines = [...new Set([...origins, ...model.sources])].join("\u00a0; ");
    return [lines && words.sources + "\u00a0: " + lines + ".", ...model.notes, ...notes, model.made].filter(Boolean).join(" ");
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

  window.addEventListener("beforeprint", paper);

  // ---- all together -----------------------------------------------------------------------------------------------

  function restyle() {
    const theme = themes[state.theme];
    const period = state.periods[state.theme];
    zoneLayers.forEach((layer, zone) => {
      const marked = isMarked(theme, period, zone);
      layer.setStyle({
        fillColor: colourOf(theme, period, zone),
        fillOpacity: theme ? state.opacity : 0.01,
        weight: marked ? 2 : 0.8,
        dashArray: marked ? "4 3" : "",
      });
      const value = theme ? ", " + valueOf(theme, period, zone) : "";
      paths[zone].setAttribute("aria-label", model.names[zone] + value);
    });
    if (theme) {
      periodBox.hidden = theme.periods.length < 2;
      slider.max = theme.periods.length - 1;
      slider.value = period;
      slider.setAttribute("aria-valuetext", theme.periods[period]);
      shownPeriod.textContent = theme.periods[period];
    }
    writeLegend();
    writeNames();
    if (!state.held || state.pinned >= 0) tell(state.held ? state.pinned : state.near);
    if (state.view === "table") writeTable();
  }

  L.control.zoom({ zoomInTitle: words.zoom_in, zoomOutTitle: words.zoom_out, position: "topleft" }).addTo(map);
  const Reset = L.Control.extend({
    onAdd: () => {
      const button = el("a", { href: "#", role: "button", title: words.whole, "aria-label": words.whole, onclick: (event) => {
        event.preventDefault();
        map.fitBounds(everything, { padding: [12, 12], animate: false });
      } }, "⌂");
      const bar = el("div", { class: "leaflet-bar leaflet-control" }, button);
      L.DomEvent.disableClickPropagation(bar);
      return bar;
    },
  });
  new Reset({ position: "topleft" }).addTo(map);
  L.control.scale({ imperial: false }).addTo(map);
  map.attributionControl.setPrefix(false);
  model.overlays.forEach((overlay, rank) => overlay.shown && layers[rank].addTo(map));
  sayPlay();
  if (window.matchMedia("(max-width: 700px)").matches) document.querySelectorAll("details.hp-more").forEach((part) => (part.open = false));
  viewButtons[0].setAttribute("aria-pressed", "true");
  map.invalidateSize({ animate: false }).fitBounds(everything, { padding: [12, 12], animate: false });
  // An address may name an indicator and a zone: #theme=enaf_consumption_ha&zone=04112.
  function follow() {
    const asked = new URLSearchParams(location.hash.slice(1));
    const theme = themes.findIndex((one) => one.key === asked.get("theme"));
    setTheme(theme >= 0 ? theme : state.theme);
    const zone = model.codes.indexOf(asked.get("zone"));
    if (zone >= 0) show(zone);
  }
  window.addEventListener("hashchange", follow);
  follow();
  document.body.classList.add("hp-ready");
}
