"""How much artificial, agricultural, forest and natural land does a survey see, and is the zone large enough for it?

CORINE Land Cover draws nothing under 25 ha: a hamlet does not exist for it, and what it says of a commune is mostly
what it left out. It is made for a SCoT, an EPCI, a park.
"""

import logging

import geopandas as gpd
import pandas as pd

from hp_sig.crs import area_ha
from hp_sig.indicators.tabulation import tabulate_area
from hp_sig.reference.nomenclature import LAND_CLASSES

__all__ = ["MIN_UNITS", "survey_area"]

log = logging.getLogger(__name__)

#: A zone of fewer than so many smallest polygons is under the scale of a survey: one polygon more or less moves a share
#: by over 0.1 point. For CORINE that is 25 000 ha: EPCI, SCoT and parks are over it, the communes of the Pays under it.
MIN_UNITS = 1_000


def survey_area(zones: gpd.GeoDataFrame | gpd.GeoSeries, survey: gpd.GeoDataFrame) -> pd.DataFrame:
    """Measure each land class of a survey in each zone, in hectares and as a share of the zone.

    Parameters
    ----------
    zones
        Valid polygons in EPSG:2154, each with its own code as index.
    survey
        From :func:`hp_sig.layers.survey.read_corine` or :func:`hp_sig.layers.survey.read_land_survey`.

    Returns
    -------
    pandas.DataFrame
        On the index of `zones`: `artificial_ha`, `artificial_share`… for the six land classes (shares of the zone, 0
        to 1; NaN where the survey covers nothing of it), `covered_share`, and `is_below_scale`: the zone is smaller
        than 1 000 times the smallest polygon of the survey. The log warns of those.

    Raises
    ------
    ValueError
        If the survey does not say its smallest polygon (`attrs["mapping_unit_ha"]`); otherwise as
        :func:`hp_sig.indicators.tabulation.tabulate_area` does.

    Examples
    --------
    >>> from shapely import box
    >>> zones = gpd.GeoSeries([box(0, 0, 1000, 1000)], index=["A"], crs=2154)
    >>> survey = gpd.GeoDataFrame({"land_class": ["forest"]}, geometry=[box(0, 0, 1000, 500)], crs=2154)
    >>> survey.attrs["mapping_unit_ha"] = 0.05
    >>> table = survey_area(zones, survey)
    >>> table[["forest_ha", "forest_share", "water_ha"]].to_dict("index"), table["is_below_scale"].tolist()
    ({'A': {'forest_ha': 50.0, 'forest_share': 0.5, 'water_ha': 0.0}}, [False])
    """
    unit_ha = survey.attrs.get("mapping_unit_ha")
    if unit_ha is None:
        message = (
            "survey: attrs['mapping_unit_ha'] expected, the area of its smallest polygon, found none. Read it with "
            "read_corine() or read_land_survey()."
        )
        raise ValueError(message)
    table = tabulate_area(zones, survey, by="land_class").reindex(columns=list(LAND_CLASSES), fill_value=0.0)
    area = area_ha(zones)
    covered = table.sum(axis="columns")
    columns: dict[str, pd.Series] = {}
    for name in LAND_CLASSES:
        columns[f"{name}_ha"] = table[name].where(covered > 0)
        columns[f"{name}_share"] = columns[f"{name}_ha"] / area
    columns["covered_share"] = covered / area
    columns["is_below_scale"] = area < MIN_UNITS * float(unit_ha)
    small = columns["is_below_scale"]
    if small.any():
        log.warning(
            "%d zones are smaller than %.0f ha, %d times the smallest polygon of the survey (%g ha): what it says of "
            "them is not to be used (%s).",
            int(small.sum()),
            MIN_UNITS * float(unit_ha),
            MIN_UNITS,
            unit_ha,
            ", ".join(map(str, small.index[small][:5])),
        )
    return pd.DataFrame(columns)
