"""How long does `overlap_table` take beside what one would write with geopandas?

Both compute, for every intersecting pair: hectares, two shares, mean width. `overlap_table` also names the relation,
which costs a difference for each pair that is cut; the other way does not. Run in turn, in one process:

    python benchmarks/overlap.py [--raw FOLDER]
"""

import argparse
import statistics
import time
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
from shapely import box

import hp_sig
from hp_sig.reference.fields import sample_territory_file

RUNS = 9


def with_overlay(zones: gpd.GeoDataFrame, others: gpd.GeoDataFrame) -> pd.DataFrame:
    """Do it as an officer would, with geopandas.overlay."""
    pieces = gpd.overlay(
        zones.assign(zone_area=zones.area).reset_index(names="zone"),
        others.assign(other_area=others.area).reset_index(names="other"),
        how="intersection",
        keep_geom_type=True,
    )
    area = pieces.area
    return pieces[["zone", "other"]].assign(
        overlap_ha=area / 1e4,
        share_of_zone=area / pieces["zone_area"],
        share_of_other=area / pieces["other_area"],
        mean_width_m=2 * area / pieces.length,
    )


def grid(zones: gpd.GeoDataFrame, step: float) -> gpd.GeoDataFrame:
    """Cover the zones with squares."""
    west, south, east, north = zones.total_bounds
    cells = [box(x, y, x + step, y + step) for x in np.arange(west, east, step) for y in np.arange(south, north, step)]
    return gpd.GeoDataFrame(geometry=cells, index=pd.RangeIndex(len(cells), name="cell").astype(str), crs=zones.crs)


def seconds(function: Callable[[], object]) -> float:
    """Time one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def compare(title: str, zones: gpd.GeoDataFrame, others: gpd.GeoDataFrame) -> None:
    """Print one line of the table."""
    zones, others = zones[["geometry"]], others[["geometry"]]
    ours, theirs = hp_sig.overlap_table(zones, others), with_overlay(zones, others)
    theirs = theirs[theirs["overlap_ha"] > 1e-8]
    worst = np.abs(ours["overlap_ha"].sum() / theirs["overlap_ha"].sum() - 1)
    pairs = []
    for _ in range(RUNS):
        pairs.append(
            (seconds(lambda: with_overlay(zones, others)), seconds(lambda: hp_sig.overlap_table(zones, others)))
        )
    ratios = [theirs_s / ours_s for theirs_s, ours_s in pairs]
    print(
        f"| {title} | {len(ours)} | {statistics.median(ratios):.1f} | "
        f"{min(ratios):.1f} to {max(ratios):.1f} | {worst:.0e} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--raw", type=Path, help="folder of open data (the layout of tests/real)")
    raw = parser.parse_args().raw
    print("| layers | pairs | overlay / overlap_table, median | range | difference of the total |")
    print("|---|---|---|---|---|")
    folder = sample_territory_file().parent
    communes = hp_sig.read_communes(folder / "communes.gpkg", vintage="2026")
    compare("sample: 51 communes x 2 parks", communes, hp_sig.read_pnr(folder / "pnr.gpkg", vintage="2026"))
    compare("sample: 51 communes x 1 km squares", communes, grid(communes, 1000))
    compare("sample: 51 communes x 250 m squares", communes, grid(communes, 250))
    if raw is not None:
        real = hp_sig.read_communes(raw / "communes" / "admin_express_cog_carto_2020_paca.gpkg", vintage="2020")
        parks = hp_sig.read_pnr(raw / "pnr" / "pnr_inpn_2021_generalised.geojson", vintage="2021")
        compare("real: 946 communes x 56 parks", real, parks)
        compare("real: 946 communes x 1 km squares", real, grid(real, 1000))


if __name__ == "__main__":
    main()
