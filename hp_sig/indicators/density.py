"""How many people live on the land already built, and does the land grow faster than the people?

Net density and indicator 11.3.1 of the Sustainable Development Goals. A ratio of two rates says nothing where nobody
came or people left: it is then undefined, the table says why, and square metres a head are there to be read instead.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd

from hp_sig.crs import M2_PER_HA
from hp_sig.errors import some

__all__ = ["DENSITY_STATUSES", "EFFICIENCY_STATUSES", "land_use_efficiency", "net_density"]

#: `no_built_land`: zero hectares, no density; `unknown`: one of the two figures is missing.
DENSITY_STATUSES = ("defined", "no_built_land", "unknown")
#: The first that holds, from the last to the first of this list, says why there is no ratio.
EFFICIENCY_STATUSES = (
    "defined",
    "population_decrease",
    "no_population_change",
    "no_built_land",
    "no_population",
    "unknown",
)

Floats = npt.NDArray[np.float64]


def net_density(count: pd.Series, built_area_ha: pd.Series) -> pd.DataFrame:
    """Measure how many inhabitants, dwellings or jobs one hectare of built land bears.

    Net density = count / built area; the denominator is the land artificialised, sealed or urban that the caller
    measured, never the area of the commune (that would be the gross density).

    Parameters
    ----------
    count
        Inhabitants, dwellings, jobs or their sum, one row a zone.
    built_area_ha
        Built land of the same zones, in hectares.

    Returns
    -------
    pandas.DataFrame
        On the index of `count`: `net_density_per_ha` (NaN where undefined) and `status` (:data:`DENSITY_STATUSES`).

    Raises
    ------
    ValueError
        If a zone comes twice, or a figure is negative or infinite.

    Notes
    -----
    The two figures must be of one year, and two zones must have the same definition of built land to be compared.

    Examples
    --------
    >>> inhabitants = pd.Series({"A": 3000, "B": 12})
    >>> net_density(inhabitants, pd.Series({"A": 150.0, "B": 0.0}))["net_density_per_ha"].to_dict()
    {'A': 20.0, 'B': nan}
    """
    counted, built = _figures(count.index, count=count, built_area_ha=built_area_ha)
    unknown = np.isnan(counted + built)
    return pd.DataFrame(
        {
            "net_density_per_ha": _ratio(counted, built),
            "status": _words([unknown, built == 0], ["unknown", "no_built_land"]),
        },
        index=count.index,
    )


def land_use_efficiency(
    built_before_ha: pd.Series,
    built_after_ha: pd.Series,
    population_before: pd.Series,
    population_after: pd.Series,
    *,
    years: float | pd.Series,
) -> pd.DataFrame:
    """Compare the growth of built land with that of the population (SDG 11.3.1), a ratio without unit.

    LCR = ln(Urb₂/Urb₁)/y, PGR = ln(Pop₂/Pop₁)/y, LCRPGR = LCR/PGR (UN-Habitat, SDG Indicator 11.3.1 Training Module:
    Land Use Efficiency, 2019, as Trends.Earth applies it). Above 1, land grows faster than people.

    Parameters
    ----------
    built_before_ha, built_after_ha
        Built land at the two dates, in hectares, one row a zone.
    population_before, population_after
        Inhabitants at the same two dates.
    years
        Time between the two dates, in years, fractions allowed; a Series where zones have not the same dates.

    Returns
    -------
    pandas.DataFrame
        On the index of `built_before_ha`. `land_consumption_rate_per_year` (LCR), `population_growth_rate_per_year`
        (PGR), `lcrpgr`; `status`, which says why there is no ratio (:data:`EFFICIENCY_STATUSES`);
        `built_before_m2_per_inhabitant`, `built_after_m2_per_inhabitant` and `m2_per_inhabitant_ratio` (after over
        before), defined wherever there are inhabitants, even if they leave.

    Raises
    ------
    ValueError
        If a zone comes twice, a figure is negative or infinite, or a time is not more than 0.

    Notes
    -----
    Where the population falls the quotient would be negative for land that grows, as it is for land that is given
    back by a growing town, and the fewer people leave the larger it is: `lcrpgr` is left undefined there
    (`population_decrease`). The two rates are given all the same. Close to no change of the population the ratio is
    defined but very large: read the square metres a head first.
    A later form of the UN metadata has LCR = (Urb₂ - Urb₁)/(Urb₁·y); for growths of a few percent the two agree to a
    few hundredths of the rate.

    Examples
    --------
    Land doubles while the population is multiplied by four: half as fast.

    >>> zones = ["A"]
    >>> before, after = pd.Series([100.0], zones), pd.Series([200.0], zones)
    >>> table = land_use_efficiency(before, after, pd.Series([1000], zones), pd.Series([4000], zones), years=10)
    >>> float(table["lcrpgr"].round(9).loc["A"]), table["status"].loc["A"]
    (0.5, 'defined')
    >>> table[["built_before_m2_per_inhabitant", "built_after_m2_per_inhabitant"]].values.tolist()
    [[1000.0, 500.0]]
    """
    index = built_before_ha.index
    land, land_after, people, people_after, time = _figures(
        index,
        built_before_ha=built_before_ha,
        built_after_ha=built_after_ha,
        population_before=population_before,
        population_after=population_after,
        years=years if isinstance(years, pd.Series) else pd.Series(float(years), index=index),
    )
    if (time == 0).any() or (not isinstance(years, pd.Series) and np.isnan(years)):
        message = f"years: a time of more than 0 years expected between the two dates, found {some(np.unique(time))}."
        raise ValueError(message)
    land_rate = _log(_ratio(land_after, land)) / time
    people_rate = _log(_ratio(people_after, people)) / time
    status = _words(
        [
            np.isnan(land + land_after + people + people_after + time),
            (people == 0) | (people_after == 0),
            (land == 0) | (land_after == 0),
            people_after == people,
            people_after < people,
        ],
        list(EFFICIENCY_STATUSES[:0:-1]),
    )
    head, head_after = M2_PER_HA * _ratio(land, people), M2_PER_HA * _ratio(land_after, people_after)
    return pd.DataFrame(
        {
            "land_consumption_rate_per_year": land_rate,
            "population_growth_rate_per_year": people_rate,
            "lcrpgr": np.where(status == "defined", _ratio(land_rate, people_rate), np.nan),
            "status": status,
            "built_before_m2_per_inhabitant": head,
            "built_after_m2_per_inhabitant": head_after,
            "m2_per_inhabitant_ratio": _ratio(head_after, head),
        },
        index=index,
    )


def _figures(index: pd.Index, **series: pd.Series) -> list[Floats]:
    """Give the series on one index, or refuse what is no quantity; a zone that one of them lacks is unknown."""
    figures = []
    for name, values in series.items():
        if not values.index.is_unique:
            twice = values.index[values.index.duplicated()].unique()
            message = f"{name}: one row a zone expected, found {some(twice)} more than once."
            raise ValueError(message)
        aligned: Floats = values.reindex(index).to_numpy(dtype=np.float64, na_value=np.nan)
        wrong = (aligned < 0) | np.isinf(aligned)
        if wrong.any():
            message = (
                f"{name}: figures of 0 or more expected, found {some(aligned[wrong])} for {some(index[wrong])}. "
                "Leave blank what is not known."
            )
            raise ValueError(message)
        figures.append(aligned)
    return figures


def _ratio(over: Floats, under: Floats) -> Floats:
    """Divide where there is something to divide by."""
    ratio: Floats = np.divide(over, under, out=np.full(len(over), np.nan), where=under != 0)
    return ratio


def _log(values: Floats) -> Floats:
    logarithm: Floats = np.log(values, out=np.full(len(values), np.nan), where=values > 0)
    return logarithm


def _words(conditions: list[npt.NDArray[np.bool_]], words: list[str]) -> npt.NDArray[np.object_]:
    return np.select(conditions, words, "defined").astype(object)
