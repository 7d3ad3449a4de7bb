"""To which intercommunality, parks and SCoT does a zone belong, and which communes does it hold?"""

from collections.abc import Mapping

from hp_sig.assembly import Layers, ZoneLayer
from hp_sig.maps.editions import edition_of_the_territory, latest_epci
from hp_sig.maps.safety import safe_text
from hp_sig.maps.sheets.figures import told_communes
from hp_sig.maps.sheets.naming import FOLDER
from hp_sig.maps.sheets.portrait import COMMUNES, Key, Portrait
from hp_sig.maps.sheets.sentences import opened
from hp_sig.reference.labels import format_quantity, wording
from hp_sig.results import Results

__all__ = ["epci_of", "epci_shown", "members", "scot_layer", "situation", "zone_link"]

#: The communes of a zone are named up to this many; a longer list would fill the page.
MOST_NAMED = 40


def epci_of(portrait: Portrait, layers: Layers) -> Key | None:
    """Give the intercommunality that a commune is in today; None for any other zone."""
    epci = latest_epci(layers)
    return None if epci is None else _zone_of(portrait, layers, epci.config.layer_name)


def epci_shown(portrait: Portrait, layers: Layers) -> list[tuple[ZoneLayer, Key]]:
    """Give the lists of intercommunalities that a commune is told of, today's first: the other one where it differs."""
    shown: dict[str, tuple[ZoneLayer, Key]] = {}
    for edition in (latest_epci(layers), edition_of_the_territory(layers)):
        key = None if edition is None else _zone_of(portrait, layers, edition.config.layer_name)
        if edition is not None and key is not None:
            shown.setdefault(key[1], (edition, key))
    return list(shown.values())


def scot_layer(portrait: Portrait, layers: Layers, results: Results) -> ZoneLayer | None:
    """Give the list that says the SCoT of a zone's communes; None where that is not told."""
    if "scot_status" not in results.communes.columns or not portrait.commune_codes:
        return None
    return layers.latest("scot")


def zone_link(key: Key, name: str, files: Mapping[Key, str]) -> str:
    """Name a zone, with a link to its sheet where it has one."""
    told = safe_text(name or wording("sheet", "unnamed"))
    file = files.get(key)
    return told if file is None else f'<a href="{safe_text(file.removeprefix(f"{FOLDER}/"))}">{told}</a>'


def situation(portrait: Portrait, layers: Layers, results: Results, files: Mapping[Key, str]) -> str:
    """List what a zone belongs to and what it holds, as terms and values.

    Parameters
    ----------
    portrait
        The zone.
    layers, results
        Of the territory.
    files
        Zones that have a sheet, for links.
    """
    rows = [*_intercommunalities(portrait, layers, files), *_parks(portrait, layers, results, files)]
    rows += _scot(portrait, layers, results)
    items = "".join(f"<div><dt>{safe_text(term)}</dt><dd>{value}</dd></div>" for term, value in rows)
    return f'<dl class="situation">{items}</dl>' if items else ""


def members(portrait: Portrait, layers: Layers, files: Mapping[Key, str]) -> str:
    """Name the communes of a zone, with links to their sheets; nothing for a commune, or where they are too many.

    Parameters
    ----------
    portrait, layers, files
        As in :func:`situation`.
    """
    if portrait.kind == COMMUNES or not 0 < len(portrait.commune_codes) <= MOST_NAMED:
        return ""
    names = layers.communes["name"]
    order = sorted(portrait.commune_codes, key=lambda code: str(names[code]))
    named = ", ".join(zone_link((COMMUNES, code), str(names[code]), files) for code in order)
    told = wording("sheet", "members_named", count=safe_text(opened(told_communes(portrait))), names=named)
    return f'<p class="members">{told}</p>'


def _zone_of(portrait: Portrait, layers: Layers, layer_name: str) -> Key | None:
    members = layers.zones[layer_name].members
    if portrait.kind != COMMUNES or members is None or portrait.key[1] not in members.index:
        return None
    return layer_name, str(members[layers.zones[layer_name].config.key][portrait.key[1]])


def _intercommunalities(portrait: Portrait, layers: Layers, files: Mapping[Key, str]) -> list[tuple[str, str]]:
    """Name the intercommunality of today, and that of the territory's own date where it was another."""
    rows = []
    for edition, key in epci_shown(portrait, layers):
        name = str(edition.zones["name"][key[1]])
        rows.append((wording("sheet", "epci", year=edition.config.cog_year), zone_link(key, name, files)))
    return rows


def _parks(portrait: Portrait, layers: Layers, results: Results, files: Mapping[Key, str]) -> list[tuple[str, str]]:
    parks = [name for name, layer in layers.zones.items() if layer.config.id == "pnr" and layer.members is None]
    if not parks or portrait.kind == "pnr":
        return []
    overlaps = results.overlaps
    rows = overlaps[(overlaps["zone_layer"] == portrait.key[0]) & (overlaps["zone_code"] == portrait.key[1])]
    rows = rows[rows["other_layer"].isin(parks) & (rows["relation"] != "sliver")]
    told = []
    for row in rows.to_dict("records"):
        name = zone_link((row["other_layer"], row["other_code"]), row["other_name"], files)
        if row["relation"] == "inside":
            told.append(wording("sheet", "park_inside", name=name))
        else:
            share = safe_text(format_quantity("share_of_zone", row["share_of_zone"]))
            told.append(wording("sheet", "park_partial", name=name, share=share))
    return [(wording("sheet", "parks"), ", ".join(told) or safe_text(wording("sheet", "park_none")))]


def _scot(portrait: Portrait, layers: Layers, results: Results) -> list[tuple[str, str]]:
    scot = scot_layer(portrait, layers, results)
    if scot is None:
        return []
    communes = results.communes.loc[list(portrait.commune_codes)]
    statuses = communes["scot_status"]
    if portrait.kind == COMMUNES:
        name, status = communes[f"{scot.config.layer_name}_name"].iloc[0], str(statuses.iloc[0])
        named = f"{name}, " if isinstance(name, str) else ""
        return [(wording("sheet", "scot"), safe_text(f"{named}{wording('scot_status', status)}"))]
    counts = [(status, int((statuses == status).sum())) for status in ("approved", "in_progress", "none", "unknown")]
    told = [
        wording("sheet", "scot_communes", communes=_counted(count), status=wording("scot_status", status))
        for status, count in counts
        if count
    ]
    return [(wording("sheet", "scot"), safe_text(", ".join(told)))]


def _counted(count: int) -> str:
    return wording("sheet", "communes_one" if count == 1 else "communes_many", count=count)
