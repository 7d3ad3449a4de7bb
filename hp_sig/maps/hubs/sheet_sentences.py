"""What do the catchments of a hub say in plain French: who arrives, from where, who is cut off, who is shared?"""

import math
from collections.abc import Callable, Sequence

import numpy as np

from hp_sig.maps.hubs.figures import Hub, about, percent, rounded, text_of
from hp_sig.maps.sheets.portrait import Row, number
from hp_sig.maps.sheets.sentences import opened, told_list
from hp_sig.reference.labels import format_quantity, wording

__all__ = ["longest", "main_catchment", "mode_word", "outside_sentence", "overlap_sentences", "reach_sentences"]

CAR = "car"
#: Land is told where one goes on foot in this many minutes at most.
NEAR_MINUTES = 15
#: A share under a half is told « seulement », and so is a commune of which less than this share arrives.
FEW = 0.5
#: From this on a French noun takes its plural.
PLURAL_FROM = 2
#: Communes are named up to this many.
MOST_NAMED = 4
#: What lies out of the territory is told from this share on.
OUTSIDE_SHARE = 0.005


def main_catchment(hub: Hub) -> Row | None:
    """Give the catchment within which land is told: on foot, the longest up to 15 minutes; None without any."""
    walks = [row for row in hub.catchments if row["mode"] == "walk"]
    near = [row for row in walks if int(row["minutes"]) <= NEAR_MINUTES]
    return near[-1] if near else next(iter(walks or hub.catchments), None)


def longest(hub: Hub, mode: str) -> Row | None:
    """Give the catchment of a mode with the most minutes; on foot, the one within which land is told."""
    if mode == "walk":
        main = main_catchment(hub)
        return main if main is not None and main["mode"] == mode else None
    return next((row for row in reversed(hub.catchments) if row["mode"] == mode), None)


def mode_word(row: Row) -> dict[str, object]:
    """Give what a sentence says of a catchment: its minutes and its mode."""
    return {"minutes": int(row["minutes"]), "mode": wording("hub_sheet", f"mode_{row['mode']}")}


def reach_sentences(hub: Hub) -> list[str]:
    """Say for each mode how many arrive, how many a circle would have promised, and from which communes they come."""
    told = []
    for mode in dict.fromkeys(str(row["mode"]) for row in hub.catchments):
        row = longest(hub, mode)
        if row is None:
            continue
        met = hub.of(hub.places, row)
        told.append(f"{_people(row)} {_places(met) if mode != CAR else ''}".strip())
        # Whoever drives is cut off by little: the page keeps its room for the rest.
        told += _cut(met) if mode != CAR else []
    return told


def overlap_sentences(hub: Hub) -> list[str]:
    """Say what each mode shares with another hub, or that nothing is; nothing where no other hub has catchments."""
    if not hub.catchments or not hub.others:
        return []
    shared = [row for row in hub.overlaps if number(row, "overlap_ha") > 0]
    if not shared:
        key = "overlap_none" if len(hub.others) == 1 else "overlap_none_many"
        return [wording("hub_sheet", key, names=_few_names(list(hub.others.values())))]
    # Of each pair and mode the last is the longest.
    by_pair = {(row["other_hub_id"], row["mode"]): row for row in sorted(shared, key=_minutes)}
    by_mode: dict[str, list[Row]] = {}
    for row in by_pair.values():
        by_mode.setdefault(str(row["mode"]), []).append(row)
    return [_shared(hub, rows) for rows in by_mode.values()]


def _shared(hub: Hub, rows: Sequence[Row]) -> str:
    """Say what is shared with the hub that shares most of those of a mode, and how many others do."""
    row = max(rows, key=lambda row: (np.nan_to_num(number(row, "population"), nan=-1.0), number(row, "overlap_ha")))
    form = "only" if len(hub.others) <= 1 else "one"
    name = hub.others.get(str(row["other_hub_id"])) or text_of(row, "other_hub_name")
    people = number(row, "population")
    words = {
        "count": about(people),
        "share": percent(number(row, "share_of_hub")),
        "other": wording("hub_sheet", f"overlap_{form}", name=name),
        "of_other": wording("hub_sheet", f"overlap_of_{form}", name=name),
    }
    told = wording("hub_sheet", "overlap" if math.isfinite(people) else "overlap_area", **words, **mode_word(row))
    more = len(rows) - 1
    key = f"overlap_more_{'one' if more == 1 else 'many'}"
    return wording("hub_sheet", key, told=told, count=more) if more else told


def _few_names(names: Sequence[str]) -> str:
    """Name other hubs; past the first few, say how many more there are."""
    shown = list(names[:MOST_NAMED])
    more = len(names) - len(shown)
    if more:
        shown.append(wording("hub_sheet", f"overlap_others_{'one' if more == 1 else 'many'}", count=more))
    return told_list(shown)


def outside_sentence(hub: Hub) -> list[str]:
    """Say of which catchments a part lies out of the territory, where nothing is counted."""
    shares = [(row, number(row, "outside_share")) for row in hub.catchments]
    told = [
        wording("hub_sheet", f"outside_{row['mode']}", minutes=int(row["minutes"]), share=percent(share))
        for row, share in shares
        if share >= OUTSIDE_SHARE
    ]
    return [wording("hub_sheet", "outside", values=", ".join(told))] if told else []


def _minutes(row: Row) -> int:
    return int(row["minutes"])


def _form(count: float) -> str:
    """Choose the form of a sentence by what is shown: nobody, one, several."""
    seen = rounded(count)
    return "none" if seen < 1 else "one" if seen < PLURAL_FROM else "many"


def _people(row: Row) -> str:
    count, circle = number(row, "population"), number(row, "crow_fly_population")
    words = mode_word(row)
    if math.isnan(count):
        return wording("hub_sheet", "people_missing", **words)
    lead = wording("hub_sheet", f"people_{_form(count)}", count=about(count), **words)
    if math.isnan(circle):
        return wording("hub_sheet", "people_alone", lead=lead)
    if circle == 0:
        return wording("hub_sheet", "people_circle_empty", lead=lead)
    key = "people_circle_few" if count < FEW * circle else "people_circle"
    ratio = number(row, "crow_fly_share")
    surface = wording("hub_sheet", "people_surface", share=percent(ratio)) if math.isfinite(ratio) else ""
    return wording("hub_sheet", key, lead=lead, circle=about(circle), share=percent(count / circle), surface=surface)


def _places(rows: Sequence[Row]) -> str:
    """Name the communes that people come from; those that are reached, where it is not known how many live there."""
    reached = [row for row in rows if number(row, "area_ha") > 0]
    people = [row for row in reached if rounded(number(row, "population")) >= 1]
    if len(people) == 1:
        return wording("hub_sheet", "places_one", name=text_of(people[0], "commune_name"))
    if people:
        named = _first_few(_ordered(people, "population"), _with_people)
        return wording("hub_sheet", "places", places=named)
    if reached and all(math.isnan(number(row, "population")) for row in reached):
        named = _first_few(_ordered(reached, "area_ha"), _with_area)
        return wording("hub_sheet", "places_area", places=named)
    return ""


def _cut(rows: Sequence[Row]) -> list[str]:
    """Tell the communes in the circle that are out of reach, and the one whose people lose most of it."""
    out = [row for row in rows if not number(row, "area_ha") > 0]
    out = [row for row in out if not rounded(number(row, "crow_fly_population")) < 1]
    told = []
    if out:
        if len(out) == 1:
            lost = wording("hub_sheet", "cut_one", names=text_of(out[0], "commune_name"), people=_cut_people(out[0]))
        else:
            named = _first_few(_ordered(out, "crow_fly_population"), _cut_name)
            lost = wording("hub_sheet", "cut_many", names=named)
        told.append(opened(lost))
    part = [row for row in rows if number(row, "area_ha") > 0]
    part = [row for row in part if number(row, "population") < FEW * number(row, "crow_fly_population")]
    if part:
        row = max(part, key=lambda row: number(row, "crow_fly_population") - number(row, "population"))
        count, circle = (number(row, column) for column in ("population", "crow_fly_population"))
        words = {"name": text_of(row, "commune_name"), "count": about(count), "circle": about(circle)}
        told.append(wording("hub_sheet", f"cut_part_{_form(count)}", **words))
    return told


def _ordered(rows: Sequence[Row], column: str) -> list[Row]:
    return sorted(rows, key=lambda row: -(number(row, column) if math.isfinite(number(row, column)) else 0.0))


def _first_few(rows: Sequence[Row], named: Callable[[Row], str]) -> str:
    """Name rows; past the first few, say how many more there are."""
    told = [named(row) for row in rows[:MOST_NAMED]]
    more = len(rows) - len(told)
    if more:
        told.append(wording("hub_sheet", f"places_more_{'one' if more == 1 else 'many'}", count=more))
    return told_list(told)


def _with_people(row: Row) -> str:
    return wording(
        "hub_sheet", "place_people", name=text_of(row, "commune_name"), count=about(number(row, "population"))
    )


def _with_area(row: Row) -> str:
    area = format_quantity("area_ha", number(row, "area_ha"))
    return wording("hub_sheet", "place_area", name=text_of(row, "commune_name"), area=area)


def _cut_name(row: Row) -> str:
    return f"{text_of(row, 'commune_name')}{_cut_people(row)}"


def _cut_people(row: Row) -> str:
    """Tell in brackets how many people of a commune are in the circle; nothing where that is not known."""
    circle = number(row, "crow_fly_population")
    if math.isnan(circle):
        return ""
    return wording("hub_sheet", f"cut_people_{_form(circle)}", count=about(circle))
