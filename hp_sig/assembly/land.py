"""Which land cover, which flows and which planning zones does the territory have, and do they fit it?"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast

import geopandas as gpd
import pandas as pd

from hp_sig.assembly.near import meets, near
from hp_sig.assembly.zones import ZoneLayer
from hp_sig.crs import M2_PER_HA
from hp_sig.errors import LayerError, some
from hp_sig.layers.enaf import read_enaf_context, read_enaf_flows
from hp_sig.layers.land_cover import read_land_cover
from hp_sig.layers.survey import read_corine, read_land_survey
from hp_sig.layers.zoning import read_zoning
from hp_sig.territory import EnafSource, LandCoverSource, LayerSource, SurveySource, Territory, ZoningSource
from hp_sig.territory.objectives import TERRITORY_ZONE, overlapping
from hp_sig.territory.records import regime_with

__all__ = ["CONTEXT", "LandLayers", "assemble_land", "read_land_layer", "settings_faults"]

#: Name of the second table that the ENAF file holds: populations, households, jobs, areas.
CONTEXT = "enaf_context"
#: Land this far from the communes is kept, in metres: how far one sees in the measure of dispersion (sprawl.HORIZON_M).
MARGIN_M = 2_000.0
#: Flows are in whole square metres, exclusions are written by hand.
TOLERANCE_HA = 1e-4


@dataclass(frozen=True, slots=True, kw_only=True)
class LandLayers:
    """What the territory knows of its land.

    Parameters
    ----------
    covers
        Name of the layer → what the territory file says of it, and its polygons that are near the communes of its
        département.
    enaf, context
        Flows by commune, year and destination; populations, households, jobs and areas of the same file.
    zoning
        Zones of all planning documents; None where there is none.
    surveys
        Name of the layer → CORINE Land Cover or a local survey, near the communes.
    exclusions
        Hectares that do not count in the trajectory.
    absent
        Optional layers whose file is not there.
    """

    covers: Mapping[str, tuple[LandCoverSource, gpd.GeoDataFrame]] = field(default_factory=dict)
    enaf: pd.DataFrame | None = None
    context: pd.DataFrame | None = None
    zoning: gpd.GeoDataFrame | None = None
    surveys: Mapping[str, gpd.GeoDataFrame] = field(default_factory=dict)
    exclusions: pd.DataFrame | None = None
    absent: tuple[str, ...] = ()

    def of_kind(self, kind: str, departement: str) -> dict[tuple[int, ...], gpd.GeoDataFrame]:
        """Give the layers of one kind and département by their years, in order."""
        found = {
            source.years: layer
            for source, layer in self.covers.values()
            if (source.kind, source.departement) == (kind, departement)
        }
        return dict(sorted(found.items()))


def read_land_layer(path: Path, source: LayerSource, correspondence: Path | None) -> dict[str, pd.DataFrame]:
    """Read a file of land cover, ENAF flows, planning zones or a survey; give its tables by the end of their names.

    Parameters
    ----------
    path, source
        The file, and what the territory says of it.
    correspondence
        Table of the codes of a local survey.

    Raises
    ------
    LayerError
        With every fault of the file.
    """
    fields, vintage, crs = source.fields, source.vintage, source.crs
    if isinstance(source, EnafSource):
        return {"": read_enaf_flows(path, fields=fields), CONTEXT: read_enaf_context(path, fields=fields)}
    if isinstance(source, ZoningSource):
        return {"": read_zoning(path, vintage=vintage, layer=source.layer, fields=fields, crs=crs)}
    if isinstance(source, SurveySource):
        return {"": _read_survey(path, source, correspondence)}
    wanted = cast("LandCoverSource", source)
    land = read_land_cover(path, vintage=vintage, layer=source.layer, kind=wanted.kind, fields=fields, crs=crs)
    told = tuple(land.attrs["years"])
    faults = []
    if told and told != wanted.years:
        faults.append(
            f"expected the years {list(wanted.years)} of the territory file, found {list(told)}. Correct « years »."
        )
    if land.attrs["departement"] not in {None, wanted.departement}:
        faults.append(
            f"expected the département {wanted.departement} of the territory file, found "
            f"{land.attrs['departement']} in its name. Correct « departement » or the file."
        )
    uses = [column for column in ("use_code", "use_before", "use_after") if column in land.columns]
    is_state = not wanted.kind.endswith("difference")
    if (wanted.kind == "cover_difference" and not uses) or (is_state and (not uses or land["use_code"].isna().any())):
        faults.append(
            "expected a use (CODE_US) for each polygon: without it nobody can tell what is artificialised. Download "
            "the whole delivery, or name the column with « fields = { use_code = … } »."
        )
    if faults:
        raise LayerError(path, faults)
    return {"": land}


def _read_survey(path: Path, source: SurveySource, correspondence: Path | None) -> gpd.GeoDataFrame:
    if correspondence is None or source.mapping_unit_ha is None:
        return read_corine(path, vintage=source.vintage, layer=source.layer, fields=source.fields, crs=source.crs)
    return read_land_survey(
        path,
        correspondence=correspondence,
        mapping_unit_ha=source.mapping_unit_ha,
        vintage=source.vintage,
        layer=source.layer,
        fields=source.fields,
        crs=source.crs,
    )


def assemble_land(
    territory: Territory,
    frames: Mapping[str, pd.DataFrame],
    communes: gpd.GeoDataFrame,
    paths: Mapping[str, Path],
    notes: dict[str, list[str]],
    errors: list[LayerError],
) -> LandLayers:
    """Check the land layers against the communes: what should be known goes to `notes`, faults to `errors`."""
    covers = {}
    for source in territory.land_cover:
        name = source.layer_name
        if name in frames:
            layer = cast("gpd.GeoDataFrame", frames[name])
            try:
                covers[name] = (source, _of_departement(layer, source, communes, paths[name]))
            except LayerError as error:
                errors.append(error)
    names = [source.layer_name for source in territory.zoning] + [one.layer_name for one in territory.land_survey]
    for name in (name for name in names if name in frames):
        if not meets(cast("gpd.GeoDataFrame", frames[name]), communes):
            fault = "none of its polygons meets a commune of the territory. Check the file."
            errors.append(LayerError(paths[name], [fault]))
    enaf, context = frames.get("enaf"), frames.get(CONTEXT)
    if enaf is not None:
        listed = pd.Index(enaf["commune_code"].unique())
        absent = communes.index.difference(listed)
        if len(absent) == len(communes):
            fault = f"none of its communes is in the territory; found {some(listed)}. Check the file."
            errors.append(LayerError(paths["enaf"], [fault]))
        elif len(absent):
            notes["enaf"].append(f"{len(absent)} communes of the territory are not in the file: {some(absent)}.")
        enaf = enaf[enaf["commune_code"].isin(communes.index)]
        notes["enaf"] += [note for note in notes.pop(CONTEXT, []) if note not in notes["enaf"]]
    exclusions = frames.get("trajectory.exclusions")
    if exclusions is not None:
        faults = _exclusion_faults(exclusions, enaf, territory, communes.index)
        if faults:
            errors.append(LayerError(paths["trajectory.exclusions"], faults))
        context = context.reindex(communes.index) if context is not None else None
    return LandLayers(
        covers=covers,
        enaf=enaf,
        context=context,
        zoning=_together(territory, frames),
        surveys={
            # CORINE comes for all of France.
            source.layer_name: near(cast("gpd.GeoDataFrame", frames[source.layer_name]), communes, MARGIN_M)
            for source in territory.land_survey
            if source.layer_name in frames
        },
        exclusions=exclusions,
        absent=tuple(name for name in territory.sources() if name not in frames),
    )


def _exclusion_faults(
    exclusions: pd.DataFrame, enaf: pd.DataFrame | None, territory: Territory, communes: pd.Index
) -> list[str]:
    """Say which exclusions cannot be deducted: of no commune, kind or year that counts, or more than was consumed."""
    faults = []
    strangers = exclusions.loc[~exclusions["commune_code"].isin(communes), "commune_code"].unique()
    if len(strangers):
        faults.append(f"communes of the territory expected, found {some(strangers)}. Drop these rows.")
    settings = territory.trajectory
    regimes = [regime_with(settings.regime, {})]
    regimes += [regime_with(scenario.regime, scenario.parameters) for scenario in settings.scenarios]
    for regime in regimes:
        unlisted = sorted(set(exclusions["kind"]) - set(regime.exclusions))
        if unlisted:
            faults.append(
                f"kinds that {regime.label!r} deducts expected ({', '.join(regime.exclusions)}), found "
                f"{some(unlisted)}. Correct « kind »."
            )
    law = regimes[0]
    spans = ((law.reference_first_year, law.reference_last_year), (law.first_year, law.last_year))
    counted = {year for first, last in spans if first and last for year in range(first, last + 1)}
    idle = sorted(set(exclusions["year"]) - counted)
    if idle:
        faults.append(f"years from {min(counted)} to {max(counted)} expected, found {some(idle)}. Correct « year ».")
    if enaf is not None and not faults:
        keys = ["commune_code", "year"]
        consumed = enaf.groupby(keys)["area_m2"].sum() / M2_PER_HA
        excluded = exclusions.groupby(keys)["area_ha"].sum()
        over = excluded[excluded > consumed.reindex(excluded.index) + TOLERANCE_HA]
        if len(over):
            faults.append(
                f"no more hectares than the commune consumed that year expected, found more for {some(over.index)}. "
                "The year is that of the flow, not of the permit."
            )
    return faults


def settings_faults(territory: Territory, communes: pd.Index, zones: Mapping[str, ZoneLayer]) -> list[str]:
    """Say which codes of the trajectory's settings and of the objectives are of no commune or zone of the territory."""
    settings = territory.trajectory
    planned = () if settings.planned_communes in {None, "all"} else tuple(settings.planned_communes or ())
    given = {"planned_communes": planned, "delegated_communes": tuple(settings.delegated_communes)}
    faults = []
    for key, codes in given.items():
        strangers = sorted(set(codes) - set(communes))
        if strangers:
            faults.append(f"trajectory.{key}: communes of the territory expected, found {some(strangers)}. Correct it.")
    known = {code for layer in zones.values() if layer.config.id in {"epci", "scot"} for code in layer.zones.index}
    strangers = sorted(set(settings.targets) - known)
    if strangers:
        faults.append(f"trajectory.targets: codes of an EPCI or a SCoT expected, found {some(strangers)}. Correct it.")
    strangers = sorted({objective.zone for objective in territory.objectives} - _planned_zones(communes, zones))
    if strangers:
        faults.append(
            "objectives.zone: codes of a commune, an EPCI or a SCoT of the latest lists, or « territory », expected, "
            f"found {some(strangers)}. Correct it."
        )
    twice = overlapping(territory.objectives)
    if twice:
        faults.append(
            f"objectives: one a zone, quantity and year expected, found several for {some(twice)}. Correct it."
        )
    return faults


def _planned_zones(communes: pd.Index, zones: Mapping[str, ZoneLayer]) -> set[str]:
    """Give the codes that an objective may be set for: older lists of EPCI and SCoT are in force no more."""
    found = {TERRITORY_ZONE, *communes}
    for zone_id in ("epci", "scot"):
        editions = [layer for layer in zones.values() if layer.config.id == zone_id]
        if editions:
            found |= set(max(editions, key=lambda layer: layer.config.cog_year or 0).zones.index)
    return found


def _of_departement(
    layer: gpd.GeoDataFrame, source: LandCoverSource, communes: gpd.GeoDataFrame, path: Path
) -> gpd.GeoDataFrame:
    """Keep the polygons near the communes of the file's own département: each commune is measured with its own file.

    Dispersion and connections look beyond the limit of a commune, hence the margin.
    """
    own = communes[communes["departement_code"] == source.departement]
    if own.empty:
        fault = f"no commune of the territory is in the département {source.departement}. Correct « departement »."
        raise LayerError(path, [fault])
    if not source.kind.endswith("difference") and not meets(layer, own):
        fault = f"no polygon meets a commune of the département {source.departement}. Check file and « departement »."
        raise LayerError(path, [fault])
    return near(layer, own, MARGIN_M)


def _together(territory: Territory, frames: Mapping[str, pd.DataFrame]) -> gpd.GeoDataFrame | None:
    """Put the zones of all planning documents in one layer, each with the name of its document."""
    drawn = []
    for source in territory.zoning:
        if source.layer_name in frames:
            zones = frames[source.layer_name]
            documents = source.id + ":" + zones["document_id"]
            named = zones.set_axis([f"{source.id}:{code}" for code in zones.index])
            drawn.append(named.assign(document_id=documents.to_numpy()))
    return gpd.GeoDataFrame(pd.concat(drawn).rename_axis("zoning_id")) if drawn else None
