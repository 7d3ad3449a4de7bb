"""How is each key figure said in a sentence that anybody understands?"""

import math

from hp_sig.maps.sheets.figures import KeyFigures, key_figures, told_years
from hp_sig.maps.sheets.portrait import Portrait, Row, number
from hp_sig.reference.labels import format_number, format_quantity, wording
from hp_sig.reference.regimes import Regime

__all__ = [
    "amount_told",
    "enaf_sentences",
    "land_sentences",
    "opened",
    "path_sentences",
    "subject_of",
    "told_list",
    "zone_sentences",
]

#: From this on a French noun takes its plural: 1,9 habitant, 2 habitants.
PLURAL_FROM = 2
#: Zones of which only a part may be told; of a park it always is, and it has no other words.
IN_PART = ("epci", "zone")


def zone_sentences(portrait: Portrait, whole: Portrait) -> list[str]:
    """Say how large a zone is and how many people live there.

    Parameters
    ----------
    portrait, whole
        The zone; the territory, which its area is a share of.
    """
    words = _words(portrait)
    amount = format_quantity("area_ha", portrait.area_ha)
    if math.isnan(portrait.area_ha):
        area = wording("sentence", "area_missing", **words)
    elif portrait.key == whole.key:
        area = wording("sentence", "area_whole", amount=amount, **words)
    else:
        share = format_quantity("share_of_zone", portrait.area_ha / whole.area_ha)
        area = wording("sentence", "area", amount=amount, share=share, **words)
    return [area, _counted("population", portrait.population, 0, words | {"year": portrait.population_year})]


def enaf_sentences(portrait: Portrait, regime: Regime) -> list[str]:
    """Say what was consumed of natural, agricultural and forest land, and which years may still change."""
    found = key_figures(portrait, regime)
    words = _words(portrait)
    mean = amount_told("pace_ha_per_year", found.by_key["mean"])
    years = {"first": regime.reference_first_year, "last": regime.reference_last_year}
    sentences = [_measured("reference", found.by_key["reference"], "enaf_consumption_ha", words | years, pace=mean)]
    sentences.append(_since(found, portrait, regime, words))
    if found.provisional_years:
        form = "one" if len(found.provisional_years) == 1 else "many"
        told = told_list([str(year) for year in found.provisional_years])
        sentences.append(wording("sentence", f"provisional_{form}", years=told))
    return sentences


def path_sentences(portrait: Portrait, regime: Regime) -> list[str]:
    """Say what may be consumed in the period, what is left of it, and what the present pace leads to."""
    found = key_figures(portrait, regime).by_key
    words = _words(portrait) | {"first": regime.first_year, "last": regime.last_year}
    law: Row = portrait.law or {}
    reduction = format_quantity("reduction_share", number(law, "reduction_share"))
    told = {"reduction": reduction, "guarantee": _guarantee(law)}
    sentences = [_measured("allowance", found["allowance"], "allowance_ha", words, **told)]
    if found["remaining"] < 0 and _is_shown("remaining_ha", found["remaining"]):
        over = amount_told("remaining_ha", -found["remaining"])
        sentences.append(wording("sentence", "remaining_over", amount=over, **words))
    else:
        sentences.append(_measured("remaining", found["remaining"], "remaining_ha", words))
    return [*sentences, _projection(found, law, words)]


def land_sentences(portrait: Portrait) -> tuple[list[str], list[str]]:
    """Say what land is artificialised, then apart what land is sealed: two measures that never share a sentence."""
    words = _words(portrait)
    artificialised = [_state("artificialised", portrait, words), _change("net", "artificialised_net", portrait, words)]
    artificialised.append(_density(portrait, words))
    sealed = [_state("sealed", portrait, words), _change("sealed_net", "sealed_net", portrait, words)]
    return artificialised, sealed


def amount_told(column: str, value: float) -> str:
    """Write a figure with its unit; one that is not 0 but too small to be shown is « moins de 0,01 ha ».

    >>> amount_told("remaining_ha", 0.001).replace("\u00a0", " ")
    'moins de 0,01 ha'
    """
    if math.isfinite(value) and value > 0 and not _is_shown(column, value):
        # The least figure that these decimals can show: « 0,00 ha » → « 0,01 ha ».
        head, _, tail = format_quantity(column, 0.0).rpartition("0")
        return wording("sentence", "less_than", amount=f"{head}1{tail}")
    return format_quantity(column, value)


def subject_of(portrait: Portrait) -> str:
    """Name what the figures of a zone are about: the zone, or the part of it that lies in the territory."""
    return wording("sentence", f"subject_{_said(portrait)}")


def opened(words: str) -> str:
    """Begin a sentence with a capital, and leave the rest as it is."""
    return words[:1].upper() + words[1:]


def told_list(items: list[str]) -> str:
    """Join texts the French way.

    >>> told_list(["2021", "2022", "2023"])
    '2021, 2022 et 2023'
    """
    if len(items) < 2:
        return "".join(items)
    return wording("sentence", "and_last", first=", ".join(items[:-1]), last=items[-1])


def _words(portrait: Portrait) -> dict[str, object]:
    subject = subject_of(portrait)
    return {
        "subject": subject,
        "subject_in": subject[0].lower() + subject[1:],
        "of": wording("sentence", f"of_{_said(portrait)}"),
    }


def _said(portrait: Portrait) -> str:
    return f"{portrait.kind}_partial" if portrait.is_partial and portrait.kind in IN_PART else portrait.kind


def _measured(key: str, value: float, column: str, words: dict[str, object], **more: object) -> str:
    """Choose the sentence of a figure that is known, is 0, or is not known."""
    if math.isnan(value):
        return wording("sentence", f"{key}_missing", **words, **more)
    if value == 0 or (value < 0 and not _is_shown(column, value)):
        return wording("sentence", f"{key}_none", **words, **more)
    return wording("sentence", key, amount=amount_told(column, value), **words, **more)


def _counted(key: str, value: float, decimals: int, words: dict[str, object]) -> str:
    """Choose the sentence of people counted: none, one (up to 1,9), several, or not known."""
    if math.isnan(value):
        return wording("sentence", f"{key}_missing", **words)
    count = format_number(value, decimals)
    # What is shown decides: 1,96 is shown 2,0 and takes the plural.
    seen = round(value, decimals)
    form = "none" if value == 0 else "one" if seen < PLURAL_FROM else "many"
    return wording("sentence", f"{key}_{form}", count=count, **words)


def _since(found: KeyFigures, portrait: Portrait, regime: Regime, words: dict[str, object]) -> str:
    count = found.flow_count
    told = words | {"first": regime.first_year}
    years = wording("sentence", "year_one" if count == 1 else "year_many", count=count)
    own = wording("sentence", "own_communes_area" if portrait.is_perimeter else "own_area")
    share = found.by_key["since_share"]
    if math.isnan(share) and found.by_key["since"] > 0:
        amount = amount_told("enaf_consumption_ha", found.by_key["since"])
        return wording("sentence", "since_unshared", amount=amount, years=years, **told)
    told |= {"years": years, "own_area": own, "share": amount_told("enaf_consumption_share", share)}
    return _measured("since", found.by_key["since"], "enaf_consumption_ha", told)


def _guarantee(law: Row) -> str:
    if not law:
        return ""
    amount = format_quantity("guarantee_ha", number(law, "guarantee_ha"))
    return wording("sentence", f"guarantee_{law['guarantee_effect']}", guarantee=amount)


def _projection(found: dict[str, float], law: Row, words: dict[str, object]) -> str:
    pace = amount_told("pace_ha_per_year", found["pace"])
    share = number(law, "projection_share")
    status = str(law.get("status", "unknown"))
    year = number(law, "exhaustion_year")
    undated = "_undated" if status == "will_exceed" and math.isnan(year) else ""
    verdict = wording("sentence", f"verdict_{status}{undated}", year=f"{year:.0f}")
    if math.isnan(share) and found["projection"] > 0:
        amount = amount_told("projection_ha", found["projection"])
        return wording("sentence", "projection_unshared", amount=amount, pace=pace, verdict=verdict, **words)
    told = {"pace": pace, "share": format_quantity("projection_share", share), "verdict": verdict}
    return _measured("projection", found["projection"], "projection_ha", words, **told)


def _state(key: str, portrait: Portrait, words: dict[str, object]) -> str:
    stock: Row = portrait.stock or {}
    share = amount_told(f"{key}_share", number(stock, f"{key}_share"))
    return _measured(key, number(stock, f"{key}_ha"), f"{key}_ha", words, year=told_years(portrait.stock), share=share)


def _change(key: str, column: str, portrait: Portrait, words: dict[str, object]) -> str:
    """Say a balance: up, down or none; where vintages are mixed, only per year."""
    flow: Row = portrait.flow or {}
    pace, total = number(flow, f"{column}_ha_per_year"), number(flow, f"{column}_ha")
    if math.isnan(pace):
        return wording("sentence", f"{key}_missing", **words)
    told = words | {"pace": amount_told(f"{column}_ha_per_year", abs(pace))}
    way = "_less" if pace < 0 else ""
    if flow["is_mixed"]:
        return wording(
            "sentence", f"{key}_mixed{way}" if pace else f"{key}_mixed_none", vintages=flow["vintages"], **told
        )
    before, _, after = str(flow["vintages"]).partition("-")
    told |= {"before": before, "after": after}
    if pace == 0:
        return wording("sentence", f"{key}_none", **told)
    return wording("sentence", f"{key}{way}", amount=amount_told(f"{column}_ha", abs(total)), **told)


def _density(portrait: Portrait, words: dict[str, object]) -> str:
    if portrait.is_perimeter:
        return wording("sentence", "density_perimeter", **words)
    shape: Row = portrait.shape or {}
    if shape.get("density_status") == "no_built_land":
        return wording("sentence", "density_no_built_land", **words)
    year = told_years(portrait.shape)
    return _counted("density", number(shape, "inhabitants_per_ha"), 1, words | {"year": year})


def _is_shown(column: str, value: float) -> bool:
    """Say whether a figure is not shown as 0."""
    return format_quantity(column, abs(value)) != format_quantity(column, 0.0)
