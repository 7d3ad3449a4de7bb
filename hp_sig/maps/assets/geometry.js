// Zones and limits from arcs that neighbours share (hp_sig/maps/topology.py writes them).
const hpGeometry = (() => {
  "use strict";

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

  // Zones, and the limits of any sets of them: arcs where the zones on either side are of different sets, by the set that
  // is drawn last.
  function zonesOf(topology) {
    const { arcs, shapes, references } = decoded(topology);
    const owners = arcs.map(() => []);
    references.forEach((polygons, zone) =>
      polygons.forEach((rings) => rings.forEach((refs) => refs.forEach((ref) => owners[ref < 0 ? ~ref : ref].push(zone))))
    );
    function limits(members, sets) {
      const lines = Array.from({ length: sets }, () => []);
      owners.forEach((zones, arc) => {
        const beside = zones.map((zone) => members[zone]);
        if (beside.length > 1 && beside.every((set) => set === beside[0])) return;
        const last = Math.max(...beside);
        if (last >= 0) lines[last].push(arcs[arc]);
      });
      return lines;
    }
    return { shapes, limits };
  }

  // Lines written as steps, each by itself.
  function pathsOf({ decimals, paths }) {
    const unit = Math.pow(10, decimals);
    return paths.map((steps) => {
      let [x, y] = [0, 0];
      return Array.from({ length: steps.length / 2 }, (_, at) => {
        x += steps[2 * at];
        y += steps[2 * at + 1];
        return [y / unit, x / unit];
      });
    });
  }

  return { zonesOf, pathsOf, shapesOf: (topology) => decoded(topology).shapes };
})();
