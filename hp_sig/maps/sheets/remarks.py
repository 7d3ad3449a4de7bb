"""What is missing from the results or asks for care, said in French?

The warnings of a run are English sentences for whoever runs it. Each form that they take is told here in French; one
that no form fits is shown as it stands, marked as English.
"""

import re
from collections.abc import Iterator

from hp_sig.assembly import Layers
from hp_sig.maps.safety import safe_text
from hp_sig.reference.labels import format_number, wording
from hp_sig.results import Results

__all__ = ["absent_layers", "skipped_tables_told", "table_told", "warning_lines"]

#: Key of the French wording → the English sentence that it stands for, its parts named.
FORMS = {
    "partial": r"(?P<layer>.+?): communes of (?P<zones>.+) lie out of the territory; .*",
    "too_small": r"(?P<survey>.+): (?P<count>\d+) of (?P<total>\d+) zones are too small for this survey .*",
    "spans": r"the difference (?P<years>.+) spans a vintage that lies between: left aside\.",
    "backward": r"the difference (?P<name>.+) runs backward: .*",
    "disagrees": r"the difference (?P<name>.+) agrees with both states on (?P<share>\d+)% of its changed area only: .*",
    "gaps": (
        r"net artificialisation (?P<name>.+): states and difference differ by more than (?P<least>[\d.]+) ha in "
        r"(?P<count>\d+) communes \((?P<communes>.*)\), by (?P<most>[\d.]+) ha at most\. .*"
    ),
    "uncovered": (
        r"land cover (?P<name>.+): (?P<count>\d+) communes are not covered in whole \((?P<communes>.*); "
        r"(?P<share>\d+)% at least\): .*"
    ),
    "double": r"land cover (?P<name>.+): its polygons overlap by (?P<area>[\d.]+) ha \((?P<share>[\d.]+)%\), .*",
    "zoning_double": (
        r"planning zones: land lies in zones of two kinds in (?P<count>\d+) communes \((?P<communes>.*)\), "
        r"(?P<area>[\d.]+) ha at most: .*"
    ),
    "far_hub": r"hubs: no street open to the mode '(?P<mode>\w+)' within (?P<metres>\d+) m of (?P<hubs>.+?): .*",
    "pieces": r"roads: only (?P<share>\d+)% of the length open to the mode '(?P<mode>\w+)' is of one piece, .*",
    "censuses": r"enaf_ratios: the ENAF file has fewer than two censuses: .*",
}
FIGURES = ("share", "area", "least", "most")
MORE = re.compile(r" \(and (\d+) more\)")


def table_told(name: str) -> str:
    """Name a table of the results in French."""
    return wording("results_table", name)


def skipped_tables_told(results: Results) -> list[str]:
    """Say which tables were not made, and what each would need."""
    return [
        wording("index", "skipped_table", table=table_told(name), need=wording("results_need", name))
        for name in results.skipped
    ]


def absent_layers(layers: Layers) -> list[str]:
    """Name the layers that the territory file describes and whose file is not there."""
    sources = layers.territory.sources()
    return [
        wording(
            "index",
            "absent_layer",
            source=f"{sources[name].producer}, {sources[name].source}",
            vintage=wording("sheet", "vintage", vintage=sources[name].vintage),
        )
        for name in layers.land.absent
        if name in sources
    ]


def warning_lines(results: Results, layers: Layers) -> Iterator[str]:
    """Write each warning as an item of a list, in French where its form is known."""
    for warning in results.warnings:
        told = _french(warning, layers)
        yield f"<li>{safe_text(told)}</li>" if told else f'<li lang="en">{safe_text(warning)}</li>'


def _french(warning: str, layers: Layers) -> str | None:
    for key, form in FORMS.items():
        found = re.fullmatch(form, warning, flags=re.DOTALL)
        if found:
            parts = {name: _part(name, value, layers) for name, value in found.groupdict().items()}
            return wording("remark", key, **parts)
    return None


def _part(name: str, value: str, layers: Layers) -> str:
    if name in FIGURES:
        decimals = len(value.partition(".")[2])
        told = format_number(float(value), decimals)
        return f"{told}\u00a0%" if name == "share" else told
    if name == "mode":
        return wording("mode", value).lower()
    if name in {"zones", "communes", "hubs"}:
        listed = re.sub(r"'([^']*)'", r"\1", value).replace('"', "")
        return MORE.sub(lambda more: wording("index", "and_more", count=more[1]), listed)
    if name == "layer" and value in layers.zones:
        return layers.zones[value].config.label
    return value
