"""How many hectares is a commune sure to keep, however hard the targets set above it?

Loi 2021-1104, art. 194 III 3° bis (from loi 2023-630): sharing out the targets cannot deprive a commune of a least
area, one hectare for 2021-2031, where a planning document covers it. It is a right of each commune: an intercommunality
has as many hectares as it has eligible communes, never one.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from hp_sig.errors import some
from hp_sig.reference.regimes import Regime, require_given

__all__ = ["ZONE_RULES", "Guarantee", "eligible_communes", "guaranteed_hectares"]

#: How the hectares of communes make the floor of a zone, see :class:`Guarantee`.
ZONE_RULES = ("pooled", "by_commune")


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Guarantee:
    """Which communes have the guarantee, and how their hectares add up in a zone.

    Parameters
    ----------
    eligible
        True, False or missing (not known), index `commune_code`; a commune that is not listed is not known. A commune
        under the règlement national d'urbanisme has no document: False. See :func:`eligible_communes`.
    delegated_count
        Communes déléguées of each commune nouvelle created since 2011; a commune that is not listed has none.
    zone_rule
        What the guarantee makes of the allowance of an EPCI, a SCoT or the whole territory. `pooled` (default):
        max(zone's reduced reference, sum of its communes' guaranteed hectares): the guaranteed hectares are part of
        the zone's envelope, which shares them out, and raise it only where it cannot hold them all; so it is when
        hectares are pooled at a mayor's request, which moves them within the intercommunality and adds none.
        `by_commune`: the sum over communes of max(own reduced reference, own guaranteed hectares), as if each commune
        kept its own half; never less than `pooled`. A commune on its own is the same under both.

    Raises
    ------
    ValueError
        If a commune comes twice, or a value is not of its kind.
    """

    eligible: pd.Series
    delegated_count: pd.Series | None = None
    zone_rule: str = "pooled"

    def __post_init__(self) -> None:
        faults = []
        if self.zone_rule not in ZONE_RULES:
            faults.append(f"zone_rule: one of {ZONE_RULES!r} expected, found {self.zone_rule!r}.")
        wrong = self.eligible.dropna()
        wrong = wrong[~wrong.isin([True, False])]
        if len(wrong):
            faults.append(f"eligible: True, False or missing expected, found {some(wrong.unique())}.")
        if not self.eligible.index.is_unique:
            faults.append(f"eligible: {some(_twice(self.eligible))} found more than once; keep one row a commune.")
        if self.delegated_count is not None:
            count = pd.to_numeric(self.delegated_count, errors="coerce")
            bad = self.delegated_count[~((count >= 0) & (count == count.round()))]
            if len(bad):
                faults.append(f"delegated_count: whole numbers, 0 or more, expected, found {some(bad)}.")
            if not count.index.is_unique:
                faults.append(f"delegated_count: {some(_twice(count))} found more than once; keep one row a commune.")
        if faults:
            raise ValueError(" ".join(faults))


def eligible_communes(document_on: pd.Series, *, regime: Regime) -> pd.Series:
    """Say which communes a planning document makes eligible to the guarantee, by its date.

    Eligible if a PLU, a document en tenant lieu or a carte communale was prescribed, settled (arrêté) or approved
    before the date of the regime (22 August 2026 in the law in force, art. 194 III 3° bis).

    Parameters
    ----------
    document_on
        Earliest of those dates, index `commune_code`; missing where it is not known. A commune that is known to have
        no document must be set to False in the result.
    regime
        Its `guarantee_document_before`.

    Returns
    -------
    pandas.Series
        Named `is_eligible` (boolean): True, False, or missing where no date is known.

    Raises
    ------
    ValueError
        If the regime leaves the date open.

    Examples
    --------
    >>> from hp_sig.reference.regimes import load_regime
    >>> dates = pd.Series(["2019-03-01", "2026-08-22", None], ["04001", "04002", "04003"])
    >>> eligible_communes(dates, regime=load_regime()).tolist()
    [True, False, <NA>]
    """
    require_given(regime, "guarantee_document_before")
    dates = pd.to_datetime(document_on)
    before = (dates < pd.Timestamp(str(regime.guarantee_document_before))).astype("boolean")
    return before.mask(dates.isna()).rename("is_eligible")


def guaranteed_hectares(guarantee: Guarantee, communes: pd.Index, *, regime: Regime) -> pd.Series:
    """Count the hectares guaranteed to each commune, in hectares.

    1 ha, plus 0.5 ha a commune déléguée, at most 2 ha in the law in force (all in the regime). What the cap bears on
    is the regime's `guarantee_cap_on`: `total`, min(cap, 1 + 0.5·n), or `bonus`, 1 + min(cap, 0.5·n).

    Parameters
    ----------
    guarantee
        Who is eligible.
    communes
        The `commune_code` to answer for.
    regime
        Its `guarantee_…` parameters.

    Returns
    -------
    pandas.Series
        Named `guarantee_ha`, on `communes`; 0 where not eligible, NaN where that is not known.

    Raises
    ------
    ValueError
        If the regime leaves one of these parameters open.

    Examples
    --------
    >>> from hp_sig.reference.regimes import load_regime
    >>> guarantee = Guarantee(eligible=pd.Series({"a": True, "b": False}), delegated_count=pd.Series({"a": 1}))
    >>> guaranteed_hectares(guarantee, pd.Index(["a", "b", "c"]), regime=load_regime()).tolist()
    [1.5, 0.0, nan]
    """
    require_given(regime, "guarantee_ha", "guarantee_bonus_ha", "guarantee_cap_ha", "guarantee_cap_on")
    base, each, cap = (float(getattr(regime, f"guarantee_{name}")) for name in ("ha", "bonus_ha", "cap_ha"))
    count = pd.Series(0.0, index=communes)
    if guarantee.delegated_count is not None:
        count = guarantee.delegated_count.astype("float64").reindex(communes, fill_value=0.0)
    if regime.guarantee_cap_on == "bonus":
        hectares = base + np.minimum(cap, each * count)
    else:
        hectares = np.minimum(cap, base + each * count)
    eligible = guarantee.eligible.astype("boolean").reindex(communes)
    hectares = pd.Series(hectares, index=communes).where(eligible.fillna(value=True), 0.0)
    return hectares.mask(eligible.isna()).rename("guarantee_ha")


def _twice(values: pd.Series) -> pd.Index:
    return values.index[values.index.duplicated()].unique()
