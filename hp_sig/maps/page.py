"""What stands around the map, from its title and legend to its sources and vintages?"""

from collections.abc import Hashable, Mapping, Sequence
from importlib.resources import files

from hp_sig.assembly import Layers
from hp_sig.maps.safety import safe_text
from hp_sig.reference.labels import format_number, wording
from hp_sig.territory import LayerSource

__all__ = ["HATCH", "action_lists", "caption", "legend", "page_style"]

#: Projects that are listed beside the map, widest first.
LISTED_SCALES = ("pays", "epci", "commune")


#: Green hatching for the parks.
HATCH = (
    '<svg width="0" height="0" aria-hidden="true" style="position:absolute"><defs>'
    '<pattern id="hp-hatch" width="7" height="7" '
    'patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="1.6" height="7" fill="#1b6e3a" '
    'fill-opacity=".55"/></pattern></defs></svg>'
)


def legend(layers: Layers, rows: Sequence[tuple[str, str]], notice: str | None) -> str:
    """Open the panel: title, notice of the sample, key of the map.

    Parameters
    ----------
    layers
        For the territory's name.
    rows
        Sign (HTML of ours) and wording (text, escaped here).
    notice
        A mention that nobody may overlook.
    """
    title = wording("map", "title", territory=layers.territory.name)
    mention = f'<p class="hp-notice" role="note">{safe_text(notice)}</p>' if notice else ""
    keys = "".join(f"<li>{sign}<span>{safe_text(text)}</span></li>" for sign, text in rows)
    return (
        f'<aside class="hp-panel"><h1>{safe_text(title)}</h1>{mention}'
        f'<details class="hp-more" open><summary>{safe_text(wording("map", "legend"))}</summary><div class="hp-body">'
        f"<ul>{keys}</ul>"
    )


def action_lists(layers: Layers) -> str:
    """List the projects that have no point of their own, by the scale at which they are located."""
    projects = layers.projects
    if projects is None:
        return ""
    parts = []
    for scale in LISTED_SCALES:
        rows = projects[projects["scale"] == scale]
        if rows.empty:
            continue
        items = "".join(f"<li>{safe_text(_located(layers, row))}</li>" for row in rows.to_dict("records"))
        parts.append(f"<h3>{safe_text(wording('scale', scale))}</h3><ul>{items}</ul>")
    if not parts:
        return ""
    return f"<h2>{safe_text(wording('map', 'elsewhere'))}</h2>{''.join(parts)}"


def _located(layers: Layers, project: Mapping[Hashable, object]) -> str:
    name = str(project["name"])
    code, siren = project["commune_code"], project["epci_siren"]
    if project["scale"] == "commune" and code in layers.communes.index:
        return f"{name} ({layers.communes['name'][str(code)]})"
    for layer in layers.zones.values():
        if project["scale"] == "epci" and layer.config.id == "epci" and siren in layer.zones.index:
            return f"{name} ({layer.zones['name'][str(siren)]})"
    return name


def caption(layers: Layers, simplify_m: float, version: str) -> str:
    """Say where each layer comes from, and what the drawing changed."""
    lines = dict.fromkeys(_source(source) for source in layers.territory.sources().values())
    items = "".join(f"<li>{safe_text(line)}</li>" for line in lines)
    told = [wording("map", "not_to_scale")]
    if simplify_m > 0:
        told.insert(0, wording("map", "simplified", metres=format_number(simplify_m)))
    notes = "".join(f"<p>{safe_text(text)}</p>" for text in told)
    made = safe_text(wording("map", "attribution", version=version))
    return f'<h2>{safe_text(wording("map", "sources"))}</h2><ul class="hp-sources">{items}</ul>{notes}<p>{made}</p>'


def _source(source: LayerSource) -> str:
    parts = [f"{source.producer}, {source.source}", wording("map", "vintage", vintage=source.vintage)]
    if source.retrieved is not None:
        parts.append(wording("map", "retrieved", day=f"{source.retrieved:%d/%m/%Y}"))
    return f"{', '.join(parts)} ({source.licence})"


def page_style() -> str:
    """Give the style of the page: a panel beside the map, under it on a phone."""
    return f"<style>{(files('hp_sig.maps') / 'assets' / 'page.css').read_text(encoding='utf-8')}</style>"
