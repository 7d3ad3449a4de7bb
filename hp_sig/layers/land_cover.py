"""What covers each piece of land, what is it used for, and is it artificialised, according to OCS GE?

The deliveries of IGN differ by département and year: shapefile or GeoPackage, in a .7z or not, columns `CODE_CS`,
`code_cs` or `couverture`. What a file holds is read on its columns, never on its name: a difference holds only what
changed between two vintages, and is never taken for a state.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal

import geopandas as gpd
import numpy as np
import pandas as pd

from hp_sig.errors import LayerError, some
from hp_sig.layers.communes import required_fields
from hp_sig.layers.files import require_readable
from hp_sig.layers.vector import OnInvalid, finish, first_containing, polygons, read_vector
from hp_sig.reference.nomenclature import cover_codes, use_codes
from hp_sig.seal import sealed
from hp_sig.sources.archive import ARCHIVE_SUFFIX, extracted

__all__ = ["KINDS", "LandCoverKind", "read_land_cover"]

LandCoverKind = Literal["cover", "artificialisation", "cover_difference", "artificialisation_difference", "built_zone"]

#: Kind → words that names of its layers and files hold. « diif » was really delivered.
KEYWORDS: dict[LandCoverKind, tuple[str, ...]] = {
    "cover": ("occupation",),
    "artificialisation": ("artif",),
    "artificialisation_difference": ("zan_evol",),
    "cover_difference": ("diff", "diif"),
    "built_zone": ("construite",),
}
KINDS = tuple(KEYWORDS)
#: Kind → what an officer calls it.
MEANING: dict[LandCoverKind, str] = {
    "cover": "a state of cover and use (occupation du sol)",
    "artificialisation": "a state of artificialisation (artif)",
    "artificialisation_difference": "a difference of artificialisation (zan_evol)",
    "cover_difference": "a difference of cover and use (diff)",
    "built_zone": "built zones (zone construite)",
}
#: Columns of a difference that carry their year: cs_2018, us_2021, artif_2018.
DATED = re.compile(r"(cs|us|artif)_(\d{4})")
FIELD_OF = {"cs": "cover", "us": "use", "artif": "artificialised"}
ENDS = ("before", "after")
#: What the columns artif and artif_2018 hold; a conversion may have made them true and false.
STATUSES = {"artif": True, "true": True, "non artif": False, "false": False}
#: A difference with more polygons without a code than this is refused (the State's own staging gate: MTES-MCT/sparte,
#: test of `ocsge_difference`); fewer are told.
MAX_UNKNOWN = 100
#: artif_2021_04 names year and département; OCS-GE_2-0__SHP_LAMB93_D004_2018-01-01 does too.
DEPARTEMENT = re.compile(r"(?:_d0?|artif_\d{4}_|zan_evol_\d{4}_\d{4}_)(\d{2}|2[ab])(?=_|\.|$)", re.IGNORECASE)
YEARS = re.compile(r"(?<!\d)((?:19|20)\d{2})(?!\d)")
#: Both years of a difference, whatever day of delivery the name also holds: …_DIFF-2018-2021_…_2025-09-16.
YEAR_PAIR = re.compile(r"(?<!\d)((?:19|20)\d{2})[-_]((?:19|20)\d{2})(?!\d)")
#: Columns of a corrective patch (PATCH_CORR_D004_2021): it holds only what is corrected in the edition before.
PATCH_FIELDS = {"cs_corr", "us_corr"}


def read_land_cover(  # noqa: PLR0913 - all but the first two only serve unusual files
    path: str | Path,
    *,
    vintage: str,
    layer: str | None = None,
    kind: LandCoverKind | None = None,
    fields: Mapping[str, str] | None = None,
    crs: str | None = None,
    on_invalid: OnInvalid = "repair",
) -> gpd.GeoDataFrame:
    """Read a delivery of OCS GE: a state, a difference, or built zones, of one département.

    Parameters
    ----------
    path
        Shapefile, GeoPackage, FlatGeobuf or GeoParquet, or the .7z of IGN that holds one.
    vintage
        Edition of the data set.
    layer
        Its layer, where the file has several; in a .7z of shapefiles, the name of one without `.shp`.
    kind
        What it must be: `cover` (occupation du sol), `artificialisation` (artif), `cover_difference` (diff),
        `artificialisation_difference` (zan_evol), `built_zone` (zone construite). By default what its columns tell;
        where there are several layers, the first of these kinds that there is.
    fields
        Field → column, where the names are not recognised.
    crs
        Coordinate system to assume where the file states none.
    on_invalid
        `repair` (structure method; counted, with its effect on the area) or `raise`.

    Returns
    -------
    geopandas.GeoDataFrame
        One row a polygon (EPSG:2154), by what the file holds:

        - state: `cover_code`; `use_code` where the file tells it; official state: also `artificialised` (bool), and
          `is_under_threshold` (bool: a threshold of the decree decided, `crit_seuil`);
        - difference: `cover_before`, `cover_after`, `use_before`, `use_after`; official one: also
          `artificialised_before`, `artificialised_after` (bool). « Before » is the earlier year where the columns
          carry years, otherwise what the producer calls so (see
          :func:`hp_sig.indicators.flow.difference_direction`);
        - built zones: nothing else.

        `attrs`: `kind`, `years` (tuple; empty where nothing tells), `departement` (text or None), `vintage`,
        `source_file`, `notes`.

    Raises
    ------
    LayerError
        One error that lists every fault of the file: another kind than asked for, codes that are not of the
        nomenclature, missing codes, geometries that are not polygons.
    """
    file = require_readable(path)
    if file.suffix.lower() != ARCHIVE_SUFFIX:
        return _read(file, file, vintage, layer, kind, fields, crs, on_invalid)
    with extracted(file, _chooser(layer, kind)) as inside:
        # The name of a layer chose a shapefile; a GeoPackage has layers of its own.
        own = layer if inside.suffix.lower() == ".gpkg" else None
        return _read(inside, file, vintage, own, kind, fields, crs, on_invalid)


def _chooser(layer: str | None, kind: LandCoverKind | None) -> Callable[[Sequence[str]], str]:
    """Say how to choose among the layer files of an archive."""

    def choose(names: Sequence[str]) -> str:
        named = [name for name in names if layer is not None and Path(name).stem.casefold() == layer.casefold()]
        # A layer that no file is called after may be one of a GeoPackage, and of nothing else.
        left = [name for name in names if layer is None or Path(name).suffix.lower() == ".gpkg"]
        found = named or (left if len(left) == 1 else first_containing(left, _groups(kind)))
        if len(found) != 1:
            message = (
                f"expected one layer file of the kind {kind or 'cover'!r} in it, found {len(found)} among "
                f"{some(names)}. Name it with « layer = … »."
                if layer is None
                else f"expected the layer {layer!r} in it, found {some(names)}. Correct « layer = … »."
            )
            raise ValueError(message)
        return found[0]

    return choose


def _groups(kind: LandCoverKind | None) -> list[tuple[str, ...]]:
    """Give the words to look for, best first."""
    return [KEYWORDS[kind]] if kind is not None else list(KEYWORDS.values())


def _read(  # noqa: PLR0913, PLR0917 - what read_land_cover was given, and where it comes from
    file: Path,
    origin: Path,
    vintage: str,
    layer: str | None,
    kind: LandCoverKind | None,
    fields: Mapping[str, str] | None,
    crs: str | None,
    on_invalid: OnInvalid,
) -> gpd.GeoDataFrame:
    try:
        features = read_vector(file, layer=layer, crs=crs, containing=_groups(kind))
    except LayerError as error:
        # A file that was in an archive is gone when the message is read.
        raise LayerError(origin, [fault.replace(str(file), file.name) for fault in error.faults]) from error
    layer_name = str(features.attrs["layer"])
    given = {**_dated_fields(features.columns), **(fields or {})}
    found = required_fields("land_cover", features.columns, (), given, origin)
    if patch := [str(one) for one in features.columns if str(one).casefold() in PATCH_FIELDS]:
        fault = (
            f"expected a state, a difference or built zones, found a corrective patch (columns {', '.join(patch)}) in "
            f"the layer {layer_name!r}: it holds only what it corrects. Give the state itself."
        )
        raise LayerError(origin, [fault])
    kind = _require_kind(kind, found, layer_name, origin)
    faults: list[str] = []
    notes: list[str] = []
    ids = features[found["polygon_id"]] if "polygon_id" in found else pd.Series(features.index, index=features.index)
    columns = _values(features, found, kind, ids, faults, notes)
    shapes = polygons(features, ids, on_invalid=on_invalid, faults=faults, notes=notes)
    land = gpd.GeoDataFrame(columns, geometry=shapes, crs=features.crs).reset_index(drop=True)
    land.index.name = "polygon"
    names = (layer_name, file.stem, origin.stem)
    years = _years(features, found, kind, names, faults)
    land = finish(land, origin, vintage=vintage, faults=faults, notes=notes)
    land.attrs |= {"kind": kind, "years": years, "departement": _departement(names)}
    return sealed(land)


def _dated_fields(columns: Iterable[object]) -> dict[str, str]:
    """Find cs_2018, cs_2021…: the earlier year is before, the later one after."""
    dated: dict[str, dict[int, str]] = {}
    for column in map(str, columns):
        if match := DATED.fullmatch(column.casefold()):
            dated.setdefault(FIELD_OF[match[1]], {})[int(match[2])] = column
    return {
        f"{field}_{end}": by_year[year]
        for field, by_year in dated.items()
        if len(by_year) == len(ENDS)
        for end, year in zip(ENDS, sorted(by_year), strict=True)
    }


def _require_kind(wanted: LandCoverKind | None, found: Mapping[str, str], layer: str, path: Path) -> LandCoverKind:
    """Say what a layer is by its columns, and refuse it if something else was asked for."""
    kind: LandCoverKind | None = None
    if {"artificialised_before", "artificialised_after"} <= set(found):
        kind = "artificialisation_difference"
    elif {"cover_before", "cover_after"} <= set(found):
        kind = "cover_difference"
    elif {"artificialised", "cover_code"} <= set(found):
        kind = "artificialisation"
    elif "cover_code" in found:
        kind = "cover"
    elif first_containing([layer], [KEYWORDS["built_zone"]]) or wanted == "built_zone":
        kind = "built_zone"
    if kind is None:
        fault = (
            "expected a column of cover (CODE_CS, couverture), or both of a difference (CS_2018 and CS_2021, cs_avant "
            f"and cs_apres), found neither in the layer {layer!r}. Name it with « fields = {{ … }} »."
        )
        raise LayerError(path, [fault])
    # The official state tells cover and use as well.
    if wanted is None or kind == wanted or (wanted, kind) == ("cover", "artificialisation"):
        return wanted or kind
    reason = " It holds only what changed, never sum it as a state." if kind.endswith("difference") else ""
    fault = f"expected {MEANING[wanted]}, found {MEANING[kind]} in the layer {layer!r}.{reason} Give the right file."
    raise LayerError(path, [fault])


def _values(
    features: gpd.GeoDataFrame,
    found: Mapping[str, str],
    kind: LandCoverKind,
    ids: pd.Series,
    faults: list[str],
    notes: list[str],
) -> dict[str, pd.Series]:
    """Give the columns of a kind, their values checked."""
    ends = [f"_{end}" for end in ENDS] if kind.endswith("difference") else ["_code"]
    columns: dict[str, pd.Series] = {}
    for name, accepted in (("cover", cover_codes()), ("use", use_codes())):
        for field in (f"{name}{end}" for end in ends if f"{name}{end}" in found):
            required = name == "cover" and kind in {"cover", "artificialisation"}
            columns[field] = _codes(features[found[field]], accepted, ids, faults, notes, required=required)
    if kind == "cover" and "use_code" not in columns:
        notes.append("has no column of use (CODE_US, usage): the matrix cannot tell what is artificialised.")
    if kind.startswith("artificialisation"):
        ends = [f"_{end}" for end in ENDS] if kind.endswith("difference") else [""]
        for end in ends:
            columns[f"artificialised{end}"] = _statuses(features[found[f"artificialised{end}"]], ids, faults)
    if kind == "artificialisation" and "is_under_threshold" in found:
        columns["is_under_threshold"] = _flags(features[found["is_under_threshold"]])
    if kind == "artificialisation_difference" and "change" in found:
        _check_change(features[found["change"]], columns, ids, faults)
    return columns


def _codes(
    cells: pd.Series,
    accepted: Sequence[str],
    ids: pd.Series,
    faults: list[str],
    notes: list[str],
    *,
    required: bool,
) -> pd.Series:
    """Give the codes of a column as text, after a look at each different one."""
    rank, different = pd.factorize(cells)
    texts = [str(cell).strip() for cell in different]
    wrong = [rank_ for rank_, text in enumerate(texts) if text and text not in accepted]
    if wrong:
        count = int(np.isin(rank, wrong).sum())
        faults.append(
            f"{count} values of the column {cells.name!r} are not codes of the nomenclature OCS GE: "
            f"{some(texts[one] for one in wrong)}. Expected one of {accepted[0]} … {accepted[-1]}."
        )
    # -1 is an empty cell: it takes the last one.
    values = np.array([*(text or None for text in texts), None], dtype=object)
    codes = pd.Series(pd.array(values[rank], dtype="str"), index=cells.index)
    missing = codes.isna()
    if missing.any():
        told = f"{int(missing.sum())} polygons have no code in the column {cells.name!r}: {some(ids[missing])}."
        if required or int(missing.sum()) > MAX_UNKNOWN:
            faults.append(f"{told} Download the delivery again, or complete it.")
        else:
            notes.append(told)
    return codes


def _statuses(cells: pd.Series, ids: pd.Series, faults: list[str]) -> pd.Series:
    """Read « artif » and « non artif »."""
    read = cells.astype("str").str.strip().str.casefold()
    wrong = ~read.isin(STATUSES)
    if wrong.any():
        faults.append(
            f"{int(wrong.sum())} values of the column {cells.name!r} are neither « artif » nor « non artif »: "
            f"{some(cells[wrong].unique())} (polygons {some(ids[wrong])})."
        )
    return read.isin([status for status, is_artificialised in STATUSES.items() if is_artificialised])


def _flags(cells: pd.Series) -> pd.Series:
    """Read true and false, however the format holds them; an empty cell is false."""
    return cells.astype("str").str.strip().str.casefold().isin({"true", "t", "1", "1.0", "oui"})


def _check_change(cells: pd.Series, columns: Mapping[str, pd.Series], ids: pd.Series, faults: list[str]) -> None:
    """Hold the column artificialisation (+1, -1) against the two statuses."""
    told = pd.to_numeric(cells, errors="coerce")
    change = columns["artificialised_after"].astype(int) - columns["artificialised_before"].astype(int)
    wrong = told.notna() & (told != change)
    if wrong.any():
        faults.append(
            f"{int(wrong.sum())} polygons say the contrary of their two statuses in the column {cells.name!r}: "
            f"{some(ids[wrong])}. Expected the later status less the earlier one: +1 or -1."
        )


def _years(
    features: gpd.GeoDataFrame,
    found: Mapping[str, str],
    kind: LandCoverKind,
    names: Sequence[str],
    faults: list[str],
) -> tuple[int, ...]:
    """Find the year of a state, both years of a difference: in its columns, or else in its name."""
    count = len(ENDS) if kind.endswith("difference") else 1
    if count == 1 and "year" in found:
        # A year, or the first day of it.
        cells = features[found["year"]].astype("str").str.extract(YEARS, expand=False).dropna().unique()
        if len(cells) == 1:
            return (int(cells[0]),)
        if len(cells) > 1:
            fault = f"expected one year in the column {found['year']!r}, found {some(sorted(map(int, cells)))}."
            faults.append(f"{fault} Give each vintage as a file of its own.")
    if count > 1:
        dated = sorted({int(match[2]) for one in features.columns if (match := DATED.fullmatch(str(one).casefold()))})
        if len(dated) == count:
            return tuple(dated)
    for name in names:
        if count > 1 and (pair := YEAR_PAIR.search(name)):
            return tuple(sorted((int(pair[1]), int(pair[2]))))
        told = list(dict.fromkeys(int(year) for year in YEARS.findall(name)))
        if len(told) == count:
            return tuple(sorted(told))
    return ()


def _departement(names: Sequence[str]) -> str | None:
    """Find the département in the name of a layer or of a file."""
    for name in names:
        if match := DEPARTEMENT.search(name):
            return match[1].upper()
    return None
