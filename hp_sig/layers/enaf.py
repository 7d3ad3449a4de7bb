"""How much natural, agricultural and forest land did each commune consume, year by year, and for what?

The file of the Cerema (fichiers fonciers) changes its layout with each edition: columns are found by their form. The
flow of year 20AA, from 1 January 20AA to 1 January 20BB = 20AA + 1, is `nafAAartBB`, and `artAAhabBB`… by destination;
longer periods (`naf11art21`, `nafart0920`) are totals of those and are never added to them. The ratios of the file
(artcom, mepart, menhab, artpop) are left there: they are recomputed from flows, census figures and areas.
"""

import logging
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from hp_sig.crs import M2_PER_HA
from hp_sig.errors import EXAMPLES, LayerError, some
from hp_sig.layers.communes import require_unique, required_fields
from hp_sig.layers.tables import commune_codes, numbers, read_table, texts

__all__ = ["read_enaf_context", "read_enaf_flows"]

log = logging.getLogger(__name__)

#: Uses of the consumed land, as the columns name them → as the table does.
DESTINATIONS = {"hab": "housing", "act": "activity", "mix": "mixed", "rou": "road", "fer": "rail", "inc": "unknown"}
#: Destinations that the 2009-2020 layout does not tell apart: every year has both, or none has.
NOT_ALWAYS_TOLD = ("rou", "fer")
#: What the file calls naf: the sum of the destinations.
TOTAL = "total"
#: naf11art12, art11hab12; and the totals of longer periods, naf11art21, art09hab24.
DATED = re.compile(r"(?:naf(?P<total>\d\d)art|art(?P<start>\d\d)(?P<use>hab|act|mix|rou|fer|inc))(?P<end>\d\d)")
#: Totals of the 2009-2020 layout: nafart0920, arthab0920.
UNDATED = re.compile(r"(?:nafart|art(?P<use>hab|act|mix|rou|fer|inc))(?P<start>\d\d)(?P<end>\d\d)")
#: Percentage of the commune that was consumed over a period: artcom0924.
SHARE = re.compile(r"artcom(\d\d)(\d\d)")
#: A figure of a census: pop15, men21, emp22.
CENSUS = re.compile(r"(pop|men|emp)(\d\d)")
COUNTS = {"pop": "population", "men": "households", "emp": "jobs"}
#: Names that carry the year of the edition: surfcom2024, surfcom20, surfcom202 (a shapefile cuts at ten characters).
DATED_FIELDS = {"surface_m2": r"surfcom\d{2,4}", "epci_siren": r"epci\d\d", "epci_name": r"epci\d\dtxt"}
#: Two digits of a year are of this century: the fichiers fonciers start in 2009.
CENTURY = 2000
#: A sum may miss its total by this much a cell: the file is in whole square metres.
ROUNDING_M2 = 1.0
#: A negative cell beyond this is no rounding: flows are gross (the edition of 2025 has 31 cells of -1 or -2 m²).
LARGEST_RESIDUE_M2 = 10.0
#: artcom has two decimals.
SHARE_ROUNDING = 0.01
#: Half of the communes of France have over 1 000 ha and a handful under 10 ha: a median under 100 000 is in hectares.
SMALLEST_MEDIAN_M2 = 100_000.0

#: First and last 1 January, and destination, of a column.
Flow = tuple[int, int, str]


def read_enaf_flows(path: str | Path, *, fields: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Read the yearly consumption of ENAF by commune and destination, in square metres.

    The dictionary of the file says hectares and its values are square metres: the percentage of the commune that was
    consumed, `artcom`, held against 100 · flows / area, decides, and a file in hectares is converted. Every identity
    is checked: destinations add up to their year, years to their period. Flows are gross (renaturation is not
    deducted) and come from fiscal declarations, late for the last year.

    Parameters
    ----------
    path
        `.csv` (`;` or `,`), `.xlsx` or `.dbf` of the Cerema, of any edition (2009-2020 to 2011-2025).
    fields
        Field → column, where the names are not recognised: `commune_code`, `surface_m2`.

    Returns
    -------
    pandas.DataFrame
        A row a commune, year and destination, sorted: `commune_code`; `year` (int), from 1 January to 1 January;
        `destination` (`housing`, `activity`, `mixed`, `road`, `rail`, `unknown`; no road nor rail in the 2009-2020
        edition); `area_m2`, NaN where the cell is empty; `is_provisional`, the last year. No total. Negative cells of
        a few square metres are kept. `attrs`: `source_file`, `first_year`, `last_year`, `notes`.

    Raises
    ------
    LayerError
        One error that lists every fault of the file.
    """
    faults: list[str] = []
    notes: list[str] = []
    table, codes, columns = _open(path, fields, faults, notes)
    flows = {key: numbers(table[name], faults) for key, name in _layout(table.columns, path).items()}
    unit_m2 = _unit(table, flows, _surface(table, columns, faults, []), faults, notes)
    rounding_m2 = max(ROUNDING_M2, unit_m2 / 10 ** _decimals(flows))
    flows = {key: values * unit_m2 for key, values in flows.items()}
    annual = {key: flows[key] for key in sorted(flows) if _is_annual(key)}
    if all(use != DESTINATIONS["rou"] for _, _, use in annual):
        notes.append("this edition does not tell roads and railways: they are unknown, not 0.")
    _check_cells(pd.DataFrame(annual), codes, faults, notes)
    _check_sums(flows, codes, rounding_m2, faults)
    if faults:
        raise LayerError(path, faults)
    for note in notes:
        log.warning("%s: %s", path, note)
    years = [start for start, _, _ in annual]
    tidy = pd.DataFrame(
        {
            "commune_code": np.repeat(codes.to_numpy(), len(annual)),
            "year": np.tile(years, len(codes)),
            "destination": np.tile([use for _, _, use in annual], len(codes)),
            "area_m2": np.column_stack(list(annual.values())).ravel(),
        }
    )
    tidy["is_provisional"] = tidy["year"] == years[-1]
    tidy = tidy.sort_values("commune_code", kind="stable", ignore_index=True)
    tidy.attrs |= {"source_file": Path(path).name, "first_year": years[0], "last_year": years[-1], "notes": notes}
    return tidy


def read_enaf_context(path: str | Path, *, fields: Mapping[str, str] | None = None) -> pd.DataFrame:
    """Read the areas and census figures that come with the ENAF flows, in square metres and in numbers.

    Parameters
    ----------
    path
        As in :func:`read_enaf_flows`.
    fields
        Field → column, where the names are not recognised: `commune_code`, `name`, `epci_siren`, `epci_name`,
        `scot_name`, `surface_m2`.

    Returns
    -------
    pandas.DataFrame
        Index `commune_code`, sorted; `name`, `epci_siren`, `epci_name`, `scot_name` where the file has them;
        `surface_m2`, the cadastral area; `population_2015`, `households_2015`, `jobs_2015`… for each census of the
        file, households and jobs being estimates rounded to units. NaN where unknown. `attrs`: `source_file`,
        `census_years`, `notes`.

    Raises
    ------
    LayerError
        One error that lists every fault of the file.
    """
    faults: list[str] = []
    notes: list[str] = []
    table, codes, columns = _open(path, fields, faults, notes)
    names = ("name", "epci_siren", "epci_name", "scot_name")
    context = {name: texts(table[columns[name]]) for name in names if name in columns}
    context["surface_m2"] = _surface(table, columns, faults, notes)
    census = {}
    for column in table.columns:
        if match := CENSUS.fullmatch(column.lower()):
            census[f"{COUNTS[match[1]]}_{CENTURY + int(match[2])}"] = numbers(table[column], faults)
    years = sorted({int(name[-4:]) for name in census})
    for name in (f"{count}_{year}" for count in COUNTS.values() for year in years):
        if name in census:
            context[name] = census[name]
            wrong = codes[(census[name] < 0) | np.isinf(census[name])]
            if len(wrong):
                faults.append(f"{len(wrong)} communes have a {name!r} that is none: {some(wrong)}. Check the file.")
    if faults:
        raise LayerError(path, faults)
    for note in notes:
        log.warning("%s: %s", path, note)
    frame = pd.DataFrame(context).set_index(pd.Index(codes, name="commune_code")).sort_index()
    frame.attrs |= {"source_file": Path(path).name, "census_years": years, "notes": notes}
    return frame


def _open(
    path: str | Path, fields: Mapping[str, str] | None, faults: list[str], notes: list[str]
) -> tuple[pd.DataFrame, pd.Series, dict[str, str]]:
    table = read_table(path)
    columns = required_fields("enaf", table.columns, ("commune_code",), fields, path)
    for field, form in DATED_FIELDS.items():
        found = sorted(column for column in table.columns if re.fullmatch(form, column.lower()))
        if found:
            columns.setdefault(field, found[-1])
    codes = commune_codes(table[columns["commune_code"]], faults, notes)
    require_unique(codes, "commune codes", faults)
    return table, codes, columns


def _layout(columns: pd.Index, path: str | Path) -> dict[Flow, str]:
    """Find the columns of flows; refuse a file that lacks some."""
    found = {key: column for column in columns if (key := _flow(column)) is not None}
    years = sorted(start for start, end, _ in found if end == start + 1)
    if not years:
        fault = f"expected a column a year and destination ('naf11art12', 'art11hab12'…), found {some(columns)}."
        raise LayerError(path, [f"{fault} Download « conso_com » of the Cerema again."])
    has_roads = any((year, year + 1, DESTINATIONS[use]) in found for use in NOT_ALWAYS_TOLD for year in years)
    absent = []
    for year in range(years[0], years[-1] + 1):
        start, end = f"{year - CENTURY:02d}", f"{year + 1 - CENTURY:02d}"
        names = {TOTAL: f"naf{start}art{end}"}
        for use, destination in DESTINATIONS.items():
            if has_roads or use not in NOT_ALWAYS_TOLD:
                names[destination] = f"art{start}{use}{end}"
        absent += [name for destination, name in names.items() if (year, year + 1, destination) not in found]
    if absent:
        fault = f"expected the total and every destination of each year from {years[0]} to {years[-1]}, found no column"
        raise LayerError(path, [f"{fault} {some(absent)}. A total alone cannot be split: use the whole file."])
    return found


def _flow(column: str) -> Flow | None:
    """Read which flow a column holds.

    >>> _flow("naf11art12"), _flow("art11hab21"), _flow("ARTHAB0920"), _flow("artpop1521")
    ((2011, 2012, 'total'), (2011, 2021, 'housing'), (2009, 2020, 'housing'), None)
    """
    name = column.lower()
    match = DATED.fullmatch(name) or UNDATED.fullmatch(name)
    if match is None:
        return None
    start = CENTURY + int(match["start"] or match["total"])
    end = CENTURY + int(match["end"])
    return (start, end, DESTINATIONS.get(match["use"], TOTAL)) if end > start else None


def _is_annual(key: Flow) -> bool:
    return key[1] == key[0] + 1 and key[2] != TOTAL


def _surface(table: pd.DataFrame, columns: Mapping[str, str], faults: list[str], notes: list[str]) -> pd.Series:
    """Read the area of each commune, in square metres; unknown where the file has none or says zero."""
    if "surface_m2" not in columns:
        notes.append("the file has no area of the communes (such as « surfcom2024 »).")
        return pd.Series(np.nan, index=table.index)
    column = columns["surface_m2"]
    surface = numbers(table[column], faults)
    none = surface <= 0
    if none.any():
        notes.append(f"the area of {int(none.sum())} communes in {column!r} is not over 0: taken as unknown.")
    surface = surface.mask(none)
    if surface.median() < SMALLEST_MEDIAN_M2:
        notes.append(f"the areas of {column!r} are in hectares: they were converted.")
        return surface * M2_PER_HA
    return surface


def _unit(
    table: pd.DataFrame,
    flows: Mapping[Flow, pd.Series],
    surface_m2: pd.Series,
    faults: list[str],
    notes: list[str],
) -> float:
    """Find how many square metres the unit of the flows is worth: 1, or 10 000 where the file is in hectares."""
    shares: dict[str, list[Flow]] = {}
    for column in table.columns:
        if match := SHARE.fullmatch(column.lower()):
            years = range(CENTURY + int(match[1]), CENTURY + int(match[2]))
            shares[column] = [(year, year + 1, TOTAL) for year in years]
    shares = {column: totals for column, totals in shares.items() if totals and set(totals) <= flows.keys()}
    count = in_m2 = in_ha = 0
    if shares:
        column = max(shares, key=lambda name: len(shares[name]))
        percent = numbers(table[column], faults)
        expected = 100 * _sum(flows, shares[column]) / surface_m2
        # Under a few hundredths of a percent, both units would agree.
        expected = expected[expected.notna() & (percent > 2 * SHARE_ROUNDING)]
        count = len(expected)
        in_m2, in_ha = (int(((expected * unit - percent).abs() <= SHARE_ROUNDING).sum()) for unit in (1.0, M2_PER_HA))
    if not count and any((values.dropna() % 1 != 0).any() for values in flows.values()):
        faults.append(
            "expected flows in whole m², found decimals, and no commune has both area and share consumed (« artcom ») "
            "to tell the unit. It looks like hectares: take the file of the Cerema as it is."
        )
    elif not count:
        notes.append("no commune has both area and share consumed (« artcom ») to tell the unit: taken as m².")
    elif min(in_m2, in_ha) or 2 * max(in_m2, in_ha) < count:
        faults.append(
            f"expected « artcom » to be 100 × flows / area, in m² or in hectares throughout; of {count} communes, "
            f"{in_m2} agree in m² and {in_ha} in hectares. A unit is not what it should be: download the file again."
        )
    elif max(in_m2, in_ha) < count:
        notes.append(
            f"« artcom » of {count - max(in_m2, in_ha)} communes is not what their flows give: it is not used."
        )
    if in_ha > in_m2:
        notes.append("the flows are in hectares, as « artcom » shows: they were converted to m².")
    return M2_PER_HA if in_ha > in_m2 else 1.0


def _sum(flows: Mapping[Flow, pd.Series], keys: Sequence[Flow]) -> pd.Series:
    total: pd.Series = pd.concat([flows[key] for key in keys], axis=1).sum(axis=1, skipna=False)
    return total


def _decimals(flows: Mapping[Flow, pd.Series]) -> int:
    """Count the decimals of the cells, up to 4: a square metre in hectares."""
    cells = np.column_stack(list(flows.values()))
    whole = (np.allclose(cells, cells.round(count), rtol=0, atol=1e-6, equal_nan=True) for count in range(4))
    return next((count for count, is_whole in enumerate(whole) if is_whole), 4)


def _check_cells(annual: pd.DataFrame, codes: pd.Series, faults: list[str], notes: list[str]) -> None:
    wrong = codes[((annual < -LARGEST_RESIDUE_M2) | np.isinf(annual)).any(axis=1)]
    residues = int((annual < 0).to_numpy().sum())
    if len(wrong):
        faults.append(
            f"{len(wrong)} communes have a flow under -{LARGEST_RESIDUE_M2:g} m² or an infinite one, and gross flows "
            f"are never negative but for rounding: {some(wrong)}. Download the file again."
        )
    elif residues:
        notes.append(f"{residues} cells under 0 by a few m², left by rounding, are kept.")
    empty = codes[annual.isna().any(axis=1)]
    if len(empty):
        notes.append(f"{len(empty)} communes lack a flow, which is unknown and not 0: {some(empty)}.")


def _check_sums(flows: Mapping[Flow, pd.Series], codes: pd.Series, rounding_m2: float, faults: list[str]) -> None:
    """Hold each year's total against its destinations, and each period's against its years."""
    count = 0
    examples: list[str] = []
    for (start, end, use), told in flows.items():
        parts = [(year, year + 1, use) for year in range(start, end)]
        if len(parts) == 1:
            parts = [key for key in flows if _is_annual(key) and key[0] == start] if use == TOTAL else []
        if not parts or not set(parts) <= flows.keys():
            continue
        summed = _sum(flows, parts)
        apart = told.index[(summed - told).abs() > rounding_m2 * len(parts)]
        count += len(apart)
        examples += [
            f"{codes[row]}, {use} {start}-{end}: {told[row]:.0f} m² for parts of {summed[row]:.0f}"
            for row in apart[: EXAMPLES - len(examples)]
        ]
    if count:
        more = f" (and {count - len(examples)} more)" if count > len(examples) else ""
        faults.append(
            f"{count} totals are not the sum of their destinations or years: {'; '.join(examples)}{more}. Columns may "
            "be shifted or changed by hand: download the file again."
        )
