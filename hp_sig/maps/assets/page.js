// The page of a map: zones once, restyled by theme and period, and all that a reader does with it.
function hpPage(map, model) {
  "use strict";
  const { el, fill, number, plain, french, wrapped, placed } = hpText;
  const geometry = hpGeometry.zonesOf(model.topology);
  const { shapes, limits } = geometry;
  const legend = hpLegend(model);
  const { valueOf, vintageOf, yearOf, flagsOf, colourOf, isMarked, sign, item, heading, origin } = legend;
  const panels = hpPanels();
  const paper = hpPaper(model, geometry, legend, panels);
  // Near one place the hatching of parks covers the whole map: fainter there.
  document.body.classList.toggle("hp-focused", model.scenes.length > 0);
  const everything = L.latLngBounds(shapes.flat(3));
  const words = model.words;
  const count = model.codes.length;
  const themes = model.themes;
  const scenes = model.scenes;
  const state = {
    scene: 0,
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

  // ---- panes and zones --------------------------------------------------------------------------------------------

  ["zones:400", "hatch:410", "lines:420", "names:430", "cursor:440"].forEach((entry) => {
    const [name, height] = entry.split(":");
    const pane = map.createPane("hp-" + name);
    pane.style.zIndex = height;
    if (name !== "zones") pane.style.pointerEvents = "none";
  });
  // One drawing for the zones, roomy enough for the whole of them to be reached by keyboard.
  const renderer = L.svg({ pane: "hp-zones", padding: 1 });
  const zoneLayers = shapes.map((polygons) =>
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
    // Where one place is looked at, some zone is always under the mouse: its card would always cover the map.
    if (state.held || scenes.length) return;
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

  // ---- overlays ----------------------------------------------------------------------------------------------------

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
    overlay.rings = hpGeometry.shapesOf(overlay.topology);
    overlay.rings.forEach((polygons, rank) => {
      const { colour, dash, weight } = overlay.lines[rank];
      const { fill, opacity } = overlay.lines[rank];
      const looks = { hatched: { fillColor: "url(#hp-hatch)", fillOpacity: 1 }, plain: { fillColor: colour, fillOpacity: 0.35 }, none: { fill: false } };
      const look = looks[overlay.fill] || { fill: !!fill, fillColor: fill, fillOpacity: opacity, stroke: weight > 0 };
      L.polygon(polygons, { pane: "hp-hatch", color: colour, weight, dashArray: dash, interactive: false, smoothFactor: 0, ...look }).addTo(group);
    });
    return group;
  }

  function linesLayer(overlay) {
    overlay.traces = hpGeometry.pathsOf(overlay);
    const { colour, dash, weight } = overlay.line;
    return L.layerGroup([L.polyline(overlay.traces, { pane: "hp-hatch", color: colour, weight, dashArray: dash, interactive: false, smoothFactor: 0 })]);
  }

  // Where marks lie over each other, that of the layer which is listed last is seen, whichever is farther south.
  function placesLayer(overlay) {
    const group = L.layerGroup();
    const zIndexOffset = 1000 * model.overlays.indexOf(overlay);
    overlay.marks.forEach((mark) => {
      const node = el("span", { class: "hp-sign" }, sign(mark, 26));
      if (mark.beside) {
        const lines = wrapped(mark.beside, 18).flatMap((line, rank) => (rank ? [el("br"), line] : [line]));
        node.append(el("span", { class: "hp-beside", "aria-hidden": "true" }, ...lines));
      }
      const icon = L.divIcon({ html: node, className: "hp-point", iconSize: [26, 26], iconAnchor: [13, 13] });
      const marker = L.marker(mark.at, { icon, riseOnHover: true, zIndexOffset }).addTo(group);
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

  const MAKERS = { outlines: outlinesLayer, perimeters: perimetersLayer, lines: linesLayer, places: placesLayer };
  const layers = model.overlays.map((overlay) => MAKERS[overlay.type](overlay));

  function toggle(overlay, rank, shown) {
    overlay.shown = shown;
    if (shown) layers[rank].addTo(map);
    else layers[rank].remove();
    stack();
    writeLegend();
    if (overlay.tags && overlay.tags.length) writeNames();
  }

  // Layers lie over each other in the order of the list, whatever the order in which they were ticked.
  function stack() {
    model.overlays.forEach((overlay, rank) => {
      if (overlay.shown && overlay.type !== "places") layers[rank].eachLayer((layer) => layer.bringToFront());
    });
  }

  // ---- names on the map -------------------------------------------------------------------------------------------

  const written = L.layerGroup().addTo(map);
  const bySize = zoneLayers
    .map((layer, zone) => [layer.getBounds(), zone])
    .map(([box, zone]) => [(box.getNorth() - box.getSouth()) * (box.getEast() - box.getWest()), zone])
    .sort((one, other) => other[0] - one[0] || one[1] - other[1])
    .map(([, zone]) => zone);

  // Where the name of a zone stands: in its middle or, where that is out of sight, in the middle of what is seen of it.
  function placeOf(zone, bounds) {
    const seen = scenes.length ? scenes[state.scene].places[zone] : null;
    return seen && !bounds.contains(model.places[zone]) ? seen : model.places[zone];
  }

  function writeNames() {
    written.clearLayers();
    const bounds = map.getBounds();
    const inView = bySize.filter((zone) => bounds.contains(placeOf(zone, bounds)));
    const small = map.getSize().x < 700;
    const names = [...(small ? [] : legend.besides()), ...legend.tags(), ...legend.setNames(themes[state.theme], state.periods[state.theme])];
    if (small) names.forEach((name) => (name.size = 10.5));
    if (state.names && inView.length <= (small ? 25 : 90))
      names.push(...inView.map((zone) => ({ at: placeOf(zone, bounds), text: model.names[zone], size: scenes.length ? 13 : 11 })));
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
    onblur: () => setTimeout(() => closeResults(), 200),
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
    else if (event.key === "Escape" && !results.hidden) closeResults();
    else return;
    event.preventDefault();
  }
  function choose(zone) {
    field.value = model.names[zone];
    closeResults();
    show(zone);
  }
  function closeResults() {
    results.hidden = true;
    field.setAttribute("aria-expanded", "false");
  }

  const views = el("div", { class: "hp-views", role: "group", "aria-label": words.view });
  // A page of one place has nothing to put into a table of zones.
  const viewNames = scenes.length && !themes.length ? [] : ["map", "table"];
  const viewButtons = viewNames.map((name) =>
    el("button", { type: "button", "aria-pressed": "false", onclick: () => setView(name) }, words["view_" + name])
  );
  views.append(...viewButtons, el("button", { type: "button", class: "hp-print", onclick: () => (toPaper(), window.print()) }, words.print));
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
  const ticks = [];
  model.listed.forEach((rank) => {
    const overlay = model.overlays[rank];
    const row = box(overlay.label, overlay.shown, (shown) => toggle(overlay, rank, shown));
    ticks[rank] = row.querySelector("input");
    layerBox.append(row);
  });
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

  // ---- scenes -----------------------------------------------------------------------------------------------------

  const chosen = scenes.map((scene, rank) =>
    el("button", { type: "button", "aria-pressed": "false", onclick: () => setScene(rank) }, scene.label)
  );
  if (scenes.length > 1)
    controls.before(el("div", { class: "hp-scenes", role: "group", "aria-label": words.scenes }, ...chosen));
  const toldBox = document.querySelector(".hp-told > .hp-panels");
  const toldNow = () => [...(scenes.length ? scenes[state.scene].panels : []), ...model.panels];

  function setScene(rank) {
    state.scene = rank;
    chosen.forEach((button, other) => button.setAttribute("aria-pressed", String(other === rank)));
    const own = new Set(scenes.flatMap((scene) => scene.overlays));
    model.overlays.forEach((overlay, at) => {
      const shown = own.has(at) ? scenes[rank].overlays.includes(at) : overlay.shown;
      if (shown !== overlay.shown) toggle(overlay, at, shown);
      ticks[at].checked = shown;
    });
    if (toldBox) toldBox.replaceChildren(...toldNow().map(panels.panel));
    centre();
  }

  function centre() {
    const focus = scenes.length ? scenes[state.scene].focus : null;
    map.fitBounds(focus ? L.latLngBounds(focus) : everything, { padding: focus ? [0, 0] : [12, 12], animate: false });
  }

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

  function writeLegend() {
    const theme = themes[state.theme];
    const period = state.periods[state.theme];
    const rows = legend.legendRows(theme, period, state.opacity);
    const parts = [el("h2", {}, theme ? heading(theme) : words.legend)];
    if (theme && theme.periods[period]) parts[0].append("\u00a0\u2013 ", theme.periods[period]);
    if (theme) {
      legend.warnings(theme, period).forEach((text) => parts.push(el("p", { class: "hp-flag" }, text)));
      parts.push(el("ul", { class: "hp-keys" }, ...rows.map(item)));
      if (theme.definition) parts.push(el("p", {}, theme.definition));
      if (theme.scheme) parts.push(el("p", {}, theme.scheme));
      const from = origin(theme, period);
      if (from) parts.push(el("p", {}, words.source + "\u00a0: " + from));
    }
    const others = legend.overlayRows();
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
      const year = theme.periods[period] ? "\u00a0\u2013 " + theme.periods[period] : "";
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
      ...legend.notice("hp-printed"),
      el("table", {}, el("caption", {}, title), el("thead", {}, head), el("tbody", {}, ...rows)),
      el("p", { class: "hp-caption hp-printed" }, legend.captionText(origins))
    );
  }

  function sortBy(rank) {
    state.sort = { column: rank, down: state.sort.column === rank ? !state.sort.down : false };
    writeTable();
    tableBox.querySelectorAll("thead button")[rank].focus();
  }

  function setView(name) {
    state.view = name;
    viewButtons.forEach((button, rank) => button.setAttribute("aria-pressed", String(viewNames[rank] === name)));
    document.body.classList.toggle("hp-tabular", name === "table");
    tableBox.hidden = name !== "table";
    map.getContainer().hidden = name === "table";
    if (name === "table") writeTable();
    else map.invalidateSize({ animate: false });
  }

  function toPaper() {
    const seen = map.getBounds();
    paper({
      theme: themes[state.theme],
      period: state.periods[state.theme],
      opacity: Math.max(state.opacity, 0.3),
      bounds: seen.contains(everything) ? everything : seen,
      order: bySize,
      placeOf,
      panels: toldNow(),
    });
  }
  window.addEventListener("beforeprint", toPaper);

  // ---- all together -----------------------------------------------------------------------------------------------

  function restyle() {
    const theme = themes[state.theme];
    const period = state.periods[state.theme];
    zoneLayers.forEach((layer, zone) => {
      const marked = isMarked(theme, period, zone);
      layer.setStyle({
        fillColor: colourOf(theme, period, zone),
        fillOpacity: theme ? state.opacity : 0.01,
        weight: marked ? 2 : scenes.length ? 1.4 : 0.8,
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
    if (!state.held || state.pinned >= 0) tell(state.held ? state.pinned : scenes.length ? -1 : state.near);
    if (state.view === "table") writeTable();
  }

  L.control.zoom({ zoomInTitle: words.zoom_in, zoomOutTitle: words.zoom_out, position: "topleft" }).addTo(map);
  const Reset = L.Control.extend({
    onAdd: () => {
      const button = el("a", { href: "#", role: "button", title: words.whole, "aria-label": words.whole, onclick: (event) => {
        event.preventDefault();
        map.fitBounds(everything, { padding: [12, 12], animate: false });
      } }, "⌂");
      const back = el("a", { href: "#", role: "button", title: words.centre, "aria-label": words.centre, onclick: (event) => {
        event.preventDefault();
        centre();
      } }, "◎");
      const bar = el("div", { class: "leaflet-bar leaflet-control" }, ...(scenes.some((scene) => scene.focus) ? [back] : []), button);
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
  setView("map");
  map.invalidateSize({ animate: false }).fitBounds(everything, { padding: [12, 12], animate: false });
  if (scenes.length) setScene(0);
  else if (toldBox) toldBox.replaceChildren(...toldNow().map(panels.panel));
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
