"""How long do area tabulation and change take beside geopandas.overlay, and beside just reading the file?

A gap-free synthetic land cover in two editions (`synthetic_land_cover.py`) lies over the communes. The ways run in turn
in one process, each figure is a ratio of medians; peak memory is that of a process that does nothing else.

    python benchmarks/zonal.py [--boundaries FILE] [--sizes 20000 100000 300000] [--rounds 3]
"""

import argparse
import gc
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from synthetic_land_cover import first_edition, second_edition, turned

import hp_sig
from hp_sig.reference.fields import sample_territory_file

NAMES = {"cover_code": "CODE_CS", "use_code": "CODE_US"}


def overlay_tabulate(zones: gpd.GeoDataFrame, land: gpd.GeoDataFrame) -> pd.DataFrame:
    """Tabulate as one would write it."""
    pieces = gpd.overlay(zones.reset_index()[["commune_code", "geometry"]], land, how="intersection")
    pieces["area_ha"] = pieces.area / 1e4
    return pieces.pivot_table("area_ha", "commune_code", "cover_code", "sum", fill_value=0.0)


def overlay_change(before: gpd.GeoDataFrame, after: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Overlay both editions, as one would write it."""
    columns = ["cover_code", "geometry"]
    pieces = gpd.overlay(before[columns], after[columns], how="intersection")
    (pieces.area / 1e4).groupby([pieces["cover_code_1"], pieces["cover_code_2"]]).sum()
    return pieces


def floor(path: Path) -> pd.Series:
    """Read the file and sum its areas, without any zone."""
    land = gpd.read_parquet(path)
    return pd.Series(shapely.area(land.geometry.to_numpy())).groupby(land["CODE_CS"].to_numpy()).sum() / 1e4


def from_file(path: Path, zones: gpd.GeoDataFrame) -> pd.DataFrame:
    """Go from file to table with hp_sig."""
    return hp_sig.tabulate_area(zones, hp_sig.read_land_cover(path, vintage="2021"), by="cover_code")


def seconds(function: Callable[[], object]) -> float:
    """Time one call."""
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def medians(ways: dict[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """Run the ways in turn, several rounds."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            times[name].append(seconds(way))
    return {name: statistics.median(found) for name, found in times.items()}


def worst(ours: pd.DataFrame, theirs: pd.DataFrame) -> float:
    """Give the largest relative difference of two tables."""
    aligned = theirs.reindex(index=ours.index, columns=ours.columns, fill_value=0.0)
    return float((np.abs(ours - aligned) / aligned.where(aligned > 0)).max().max())


def change_agreement(zones: gpd.GeoDataFrame, pieces: gpd.GeoDataFrame, ours: pd.DataFrame) -> float:
    """Compare with both editions overlaid, then overlaid with the zones."""
    pairs = ["cover_code_1", "cover_code_2"]
    inside = gpd.overlay(pieces[[*pairs, "geometry"]], zones.reset_index()[["commune_code", "geometry"]])
    theirs = (inside.area / 1e4).groupby([inside["commune_code"], *(inside[name] for name in pairs)]).sum()
    theirs = theirs.rename_axis(ours.index.names)
    return worst(ours, theirs.to_frame("area_ha"))


def peak_mb(way: str, folder: Path, zones: Path) -> float:
    """Measure the peak memory of a process that reads its input and does one thing."""
    told = subprocess.run(
        [sys.executable, __file__, "--peak", way, str(folder), str(zones)], check=True, capture_output=True, text=True
    )
    return float(told.stdout)


def file_ratio(path: Path, zones_file: Path, rounds: int) -> float:
    """Compare file to table with the floor in a process of their own.

    Beside the layers that the other ways hold, each look of Python's garbage collector would cost both alike.
    """
    asked = [sys.executable, __file__, "--from-file", str(path), str(zones_file), "--rounds", str(rounds)]
    return float(subprocess.run(asked, check=True, capture_output=True, text=True).stdout)


def show_file_ratio(path: Path, zones_file: Path, rounds: int) -> None:
    """Print the ratio of the medians."""
    zones = gpd.read_parquet(zones_file)
    took = medians({"floor": lambda: floor(path), "file": lambda: from_file(path, zones)}, rounds)
    print(took["file"] / took["floor"])


def show_peak(way: str, folder: Path, zones_file: Path) -> None:
    """Do one thing and print the peak memory of this process while it is done (Linux): reading is left out."""
    zones = gpd.read_parquet(zones_file)
    names = ("before", "after") if way.endswith("change") else ("before", "before")
    layers = {name: hp_sig.read_land_cover(folder / f"{name}.parquet", vintage="2021") for name in set(names)}
    before, after = (layers[name] for name in names)
    gc.collect()
    # Forget the peak of reading (proc(5), clear_refs).
    Path("/proc/self/clear_refs").write_text("5", encoding="ascii")
    {
        "overlay": lambda: overlay_tabulate(zones, before),
        "ours": lambda: hp_sig.tabulate_area(zones, before, by="cover_code"),
        "overlay change": lambda: overlay_change(before, after),
        "our change": lambda: hp_sig.transition_table(before, after, zones, by="cover_code"),
    }[way]()
    status = Path("/proc/self/status").read_text(encoding="ascii")
    print(int(status.split("VmHWM:")[1].split()[0]) / 1024)


def compare(zones: gpd.GeoDataFrame, size: int, rounds: int, folder: Path) -> dict[str, float]:
    """Measure one size and print its line."""
    land = first_edition(zones, size)
    later = second_edition(land)
    for name, layer in (("before", land), ("after", later), ("turned", turned(later))):
        layer.rename(columns=NAMES).to_parquet(folder / f"{name}.parquet")
    zones_file = folder / "zones.parquet"
    zones.to_parquet(zones_file)
    path = folder / "before.parquet"
    before, after, around = (
        hp_sig.read_land_cover(folder / f"{name}.parquet", vintage="2021") for name in ("before", "after", "turned")
    )
    unread = before.copy()
    unread.attrs = {}
    took = medians(
        {
            "overlay": lambda: overlay_tabulate(zones, before),
            "ours": lambda: hp_sig.tabulate_area(zones, before, by="cover_code"),
            "ours, unread": lambda: hp_sig.tabulate_area(zones, unread, by="cover_code"),
            "change": lambda: hp_sig.transition_table(before, after, zones, by="cover_code"),
            "turned": lambda: hp_sig.transition_table(before, around, zones, by="cover_code"),
        },
        rounds,
    )
    pieces: list[gpd.GeoDataFrame] = []
    took["overlay change"] = seconds(lambda: pieces.append(overlay_change(before, after)))
    same = hp_sig.tabulate_area(zones, before, by="cover_code")
    ours = hp_sig.transition_table(before, after, zones, by="cover_code")
    agreement = worst(same, overlay_tabulate(zones, before)), change_agreement(zones, pieces[0], ours)
    pieces.clear()
    memory = {way: peak_mb(way, folder, zones_file) for way in ("overlay", "ours", "overlay change", "our change")}
    print(
        f"| {len(land)} | {took['overlay'] / took['ours']:.0f} | {took['overlay'] / took['ours, unread']:.0f} | "
        f"{file_ratio(path, zones_file, 3 * rounds):.2f} | {took['overlay change'] / took['change']:.0f} | "
        f"{took['overlay change'] / took['turned']:.0f} | {max(agreement):.0e} | "
        f"{memory['ours'] / memory['overlay']:.2f} | {memory['our change'] / memory['overlay change']:.2f} |",
        flush=True,
    )
    return {"count": len(land), **took, **memory}


def main() -> None:
    """Print the table, then how cost grows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--boundaries", type=Path, help="commune boundaries; by default the schematic ones")
    parser.add_argument("--sizes", type=int, nargs="+", default=[20_000, 100_000, 300_000])
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--peak", nargs=3, help=argparse.SUPPRESS)
    parser.add_argument("--from-file", nargs=2, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.from_file:
        show_file_ratio(Path(asked.from_file[0]), Path(asked.from_file[1]), asked.rounds)
        return
    if asked.peak:
        show_peak(asked.peak[0], Path(asked.peak[1]), Path(asked.peak[2]))
        return
    file = asked.boundaries or sample_territory_file().parent / "communes.gpkg"
    codes = hp_sig.read_communes(sample_territory_file().parent / "communes.gpkg", vintage="2026").index
    zones = hp_sig.read_communes(file, vintage="2020").loc[codes]
    print(f"{len(zones)} communes, geopandas {gpd.__version__}, shapely {shapely.__version__}, ", end="")
    print(f"GEOS {shapely.geos_version_string}, {asked.rounds} rounds\n")
    print(
        "| polygons | overlay / ours | (not read by us) | ours / floor, from file | change: overlay / ours | ", end=""
    )
    print("(rings turned) | worst difference | memory, ours / overlay | (change) |")
    print("|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder:
        found = [compare(zones, size, asked.rounds, Path(folder)) for size in asked.sizes]
    first, last = found[0], found[-1]
    growth = last["count"] / first["count"]
    for way in ("ours", "change"):
        print(f"\n{way}: {growth:.1f} times the polygons take {last[way] / first[way]:.1f} times as long.", end="")
    print()


if __name__ == "__main__":
    main()
