"""Where does a reader start: which maps, sheets and data are there, and what has changed?"""

import datetime as dt
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from typing import Protocol

from hp_sig._version import __version__
from hp_sig.assembly import Layers
from hp_sig.maps.document import document
from hp_sig.maps.safety import safe_text
from hp_sig.maps.sheets.portrait import COMMUNES, TERRITORY, Key
from hp_sig.maps.sheets.provenance import all_sources, source_list
from hp_sig.maps.sheets.remarks import absent_layers, skipped_tables_told, table_told, warning_lines
from hp_sig.maps.sheets.sheet import asset, notice_band
from hp_sig.reference.labels import format_number, wording
from hp_sig.results import Results

__all__ = ["Told", "index_page"]

MANIFEST = "manifest.json"
#: Under each heading this many changes are in sight; the rest opens on demand.
MOST_CHANGES = 30
PAGE = ".html"
#: Folder of the triennial reports.
REPORTS = "rapports/"


class Told(Protocol):
    """One line of what changed: its kind (`file`, `version`, `membership`, `figure`, or `none`) and its French text."""

    @property
    def kind(self) -> str:
        """Under which heading it goes; `none` goes under none."""

    @property
    def text(self) -> str:
        """The sentence."""


def index_page(
    layers: Layers,
    results: Results,
    *,
    maps: Sequence[tuple[str, str, str]],
    sheets: Mapping[Key, str],
    changes: Iterable[Told],
    refreshed_on: dt.date,
) -> str:
    """Write the page that leads to all the others, as HTML that loads nothing.

    Without JavaScript every sheet is listed; with it, a box filters the communes.

    Parameters
    ----------
    layers, results
        Of the territory.
    maps
        File, title and one sentence of each document: pages are shown as cards, any other file (a GeoPackage) among
        the data. A triennial report has the name of its zone for a title, and its kind (Word, page) for a sentence.
    sheets
        File of each sheet, from :func:`hp_sig.maps.sheets.sheet_files`.
    changes
        What changed since the last refresh.
    refreshed_on
        The day of this one.
    """
    title = wording("index", "title", territory=layers.territory.name)
    others = [one for one in maps if not one[0].startswith(REPORTS)]
    parts = [
        ("cartes", "maps", _cards([one for one in others if one[0].endswith(PAGE)])),
        ("fiches", "sheets", _sheets(layers, sheets)),
        ("rapports", "reports", _reports([one for one in maps if one[0].startswith(REPORTS)])),
        ("changements", "changes", _changes(changes)),
        ("donnees", "data", _data(results, [one for one in others if not one[0].endswith(PAGE)])),
        ("limites", "limits", _limits(layers, results)),
        ("sources", "sources", source_list(all_sources(layers))),
    ]
    sections = "".join(
        f'<section id="{name}" aria-labelledby="{name}-title"><h2 id="{name}-title">{safe_text(wording("index", key))}'
        f"</h2>{body}</section>"
        for name, key, body in parts
        if body
    )
    links = "".join(
        f'<li><a href="#{name}">{safe_text(wording("index", key))}</a></li>' for name, key, body in parts if body
    )
    body = (
        f'<a class="skip" href="#contenu">{safe_text(wording("index", "skip"))}</a><div class="index">'
        f"<header>{notice_band(layers.territory.notice)}<h1>{safe_text(layers.territory.name)}</h1>"
        f'<p class="day">{safe_text(wording("index", "refreshed", day=f"{refreshed_on:%d/%m/%Y}"))}</p></header>'
        f'<nav aria-label="{safe_text(wording("index", "contents"))}"><ul>{links}</ul></nav>'
        f'<main id="contenu" tabindex="-1">{sections}</main>'
        f"<footer><p>{safe_text(wording('sheet', 'made', version=__version__))}</p></footer></div>"
    )
    return document(title, body, style=asset("base.css") + asset("index.css"), scripts=[asset("filter.js")])


def _cards(maps: Sequence[tuple[str, str, str]]) -> str:
    items = "".join(
        f'<li><a href="{safe_text(file)}"><strong>{safe_text(title)}</strong></a><p>{safe_text(sentence)}</p></li>'
        for file, title, sentence in maps
    )
    return f'<ul class="cards">{items}</ul>' if items else ""


def _reports(reports: Sequence[tuple[str, str, str]]) -> str:
    """List the triennial reports: a line for each zone, with its forms."""
    zones: dict[str, list[str]] = {}
    for file, zone, form in reports:
        zones.setdefault(zone, []).append(f'<a href="{safe_text(file)}">{safe_text(form)}</a>')
    items = "".join(f"<li>{safe_text(zone)} – {', '.join(forms)}</li>" for zone, forms in zones.items())
    return f"<p>{safe_text(wording('index', 'reports_lead'))}</p><ul>{items}</ul>" if items else ""


def _sheets(layers: Layers, sheets: Mapping[Key, str]) -> str:
    """List the sheets: the Pays, intercommunalities by year, parks, communes."""
    groups: dict[str, list[Key]] = {}
    for key in sheets:
        groups.setdefault(key[0], []).append(key)
    parts = []
    for layer in sorted(groups, key=lambda name: (name == COMMUNES, list(groups).index(name))):
        keys = groups[layer]
        heading = safe_text(_group_heading(layer, layers))
        if layer == COMMUNES:
            parts.append(
                f'<h3 id="communes">{heading}</h3>{_filter()}{_links(keys, layers, sheets, named="communes-liste")}'
            )
        else:
            parts.append(f"<h3>{heading}</h3>{_links(keys, layers, sheets)}")
    lead = safe_text(wording("index", "sheets_lead"))
    return f"<p>{lead}</p>{''.join(parts)}" if parts else ""


def _group_heading(layer: str, layers: Layers) -> str:
    if layer == TERRITORY[0]:
        return wording("index", "sheets_territory")
    if layer == COMMUNES:
        return wording("index", "sheets_communes")
    config = layers.zones[layer].config
    return wording("index", f"sheets_{config.id}", year=config.cog_year)


def _links(keys: Sequence[Key], layers: Layers, sheets: Mapping[Key, str], *, named: str = "") -> str:
    told = sorted(((_zone_name(key, layers), key) for key in keys), key=lambda one: (_unaccented(one[0]), one[1]))
    items = "".join(
        f'<li><a href="{safe_text(sheets[key])}">{safe_text(name)}</a>{_code(key)}</li>' for name, key in told
    )
    marked = f' id="{named}"' if named else ""
    return f'<ul class="links"{marked}>{items}</ul>'


def _unaccented(name: str) -> str:
    """Give what a name is sorted by: É with E."""
    parts = unicodedata.normalize("NFD", name.casefold())
    return "".join(part for part in parts if not unicodedata.combining(part))


def _code(key: Key) -> str:
    return "" if key == TERRITORY else f" <small>{safe_text(key[1])}</small>"


def _zone_name(key: Key, layers: Layers) -> str:
    if key == TERRITORY:
        return layers.territory.name
    names = layers.communes["name"] if key[0] == COMMUNES else layers.zones[key[0]].zones["name"]
    return str(names[key[1]]) or wording("sheet", "unnamed")


def _filter() -> str:
    """Write the box that filters communes; hidden until the script that makes it work runs."""
    name, hint = safe_text(wording("index", "filter")), safe_text(wording("index", "filter_hint"))
    counts = "".join(
        f' data-{form}="{safe_text(wording("index", f"found_{form}", count="#"))}"' for form in ("none", "one", "many")
    )
    return (
        f'<p class="filter" id="filtre" hidden><label for="filtre-texte">{name}</label> '
        f'<input type="search" id="filtre-texte" placeholder="{hint}" autocomplete="off" '
        'aria-controls="communes-liste">'
        f'<output id="filtre-compte" for="filtre-texte" aria-live="polite"{counts}></output></p>'
    )


def _changes(changes: Iterable[Told]) -> str:
    groups: dict[str, list[str]] = {}
    for change in changes:
        groups.setdefault(change.kind, []).append(change.text)
    parts = []
    for kind in ("none", "file", "version", "membership", "figure"):
        if kind not in groups:
            continue
        heading = "" if kind == "none" else f"<h3>{safe_text(wording('index', f'changes_{kind}'))}</h3>"
        seen, more = groups[kind][:MOST_CHANGES], groups[kind][MOST_CHANGES:]
        parts.append(f"{heading}{_items(seen)}{_folded(more)}")
    return "".join(parts)


def _items(lines: Sequence[str]) -> str:
    return f"<ul>{''.join(f'<li>{safe_text(told)}</li>' for told in lines)}</ul>"


def _folded(lines: Sequence[str]) -> str:
    """List what a reader opens on demand; nothing where there is nothing."""
    if not lines:
        return ""
    form = "one" if len(lines) == 1 else "many"
    told = wording("index", f"changes_more_{form}", count=format_number(len(lines)))
    return f"<details><summary>{safe_text(told)}</summary>{_items(lines)}</details>"


def _data(results: Results, files: Sequence[tuple[str, str, str]]) -> str:
    rows = [
        f'<li><a href="{safe_text(file)}">{safe_text(file)}</a> – {safe_text(f"{title}. {sentence}")}</li>'
        for file, title, sentence in files
    ]
    rows += [
        f'<li><a href="{name}.csv">{name}.csv</a> – {safe_text(table_told(name))} ({safe_text(_rows(len(table)))})</li>'
        for name, table in results.tables().items()
    ]
    rows.append(f'<li><a href="{MANIFEST}">{MANIFEST}</a> – {safe_text(wording("index", "manifest"))}</li>')
    return f"<p>{safe_text(wording('index', 'data_lead'))}</p><ul>{''.join(rows)}</ul>"


def _rows(count: int) -> str:
    form = "none" if count == 0 else "one" if count == 1 else "many"
    return wording("index", f"rows_{form}", count=format_number(count))


def _limits(layers: Layers, results: Results) -> str:
    groups = [
        ("skipped", [f"<li>{safe_text(told)}</li>" for told in skipped_tables_told(results)]),
        ("absent", [f"<li>{safe_text(told)}</li>" for told in absent_layers(layers)]),
        ("warnings", list(warning_lines(results, layers))),
    ]
    parts = [f"<h3>{safe_text(wording('index', key))}</h3><ul>{''.join(items)}</ul>" for key, items in groups if items]
    return "".join(parts) or f"<p>{safe_text(wording('index', 'limits_none'))}</p>"
