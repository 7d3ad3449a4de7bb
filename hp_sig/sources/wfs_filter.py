"""How is a WFS told which features a territory needs, in its own language of filters?

GeoServer takes CQL; any WFS 2.0 takes FES 2.0 (ISO 19143), which is XML. Values are quoted or escaped, and codes have
to look like codes before they get that far.
"""

import math
import re
from collections.abc import Iterable, Sequence
from xml.sax.saxutils import escape

from hp_sig.errors import SourceError, some
from hp_sig.reference.catalogue import Service
from hp_sig.sources.wanted import Bounds, Wanted

__all__ = ["SRS", "asked_bounds", "filter_parameters"]

#: Short form of the name: with it GeoServer and MapServer give easting first, as EPSG itself does for this system.
SRS = "EPSG:2154"

COMMUNE_CODE = re.compile(r"(?:\d{2}|2[AB])\d{3}")
DEPARTEMENT_CODE = re.compile(r"\d{2}|2[AB]|97\d")
#: What CQL takes as a name without quotes.
PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")

FES = (
    '<fes:Filter xmlns:fes="http://www.opengis.net/fes/2.0" xmlns:gml="http://www.opengis.net/gml/3.2">{}</fes:Filter>'
)


def filter_parameters(
    service: Service, wanted: Wanted, *, scope_field: str | None, geometry_field: str | None
) -> dict[str, str]:
    """Give the parameter that limits a request to what is wanted; empty where all is.

    Parameters
    ----------
    service
        Which language it takes.
    wanted
        The part of the data set.
    scope_field, geometry_field
        Names of the fields that the layer has for codes and for its geometry.

    Raises
    ------
    SourceError
        If the bounds are not known yet, there is no code to ask for, or one is no code.
    """
    scope = wanted.source.scope
    if scope == "all":
        return {}
    in_cql = service.filter == "cql"
    if scope == "bounds":
        written = (_cql_bounds if in_cql else _fes_bounds)(str(geometry_field), asked_bounds(wanted))
    else:
        codes = _codes(wanted)
        written = (_cql_codes if in_cql else _fes_codes)(str(scope_field), codes)
    return {"cql_filter": written} if in_cql else {"filter": FES.format(written)}


def asked_bounds(wanted: Wanted) -> Bounds:
    """Give the bounds to ask for: those that are wanted, out to the next metre, so that they are the same every time.

    Raises
    ------
    SourceError
        If they are not known.
    """
    if wanted.bounds is None:
        message = (
            f"{wanted.name}: expected the bounds of the territory, found none: the communes must be fetched first. "
            "Run hp-sig fetch communes."
        )
        raise SourceError(message)
    west, south, east, north = wanted.bounds
    return math.floor(west), math.floor(south), math.ceil(east), math.ceil(north)


def _codes(wanted: Wanted) -> list[str]:
    codes, expected, what = (
        (wanted.communes, COMMUNE_CODE, "code of commune, such as 04112 or 2A004")
        if wanted.source.scope == "communes"
        else (wanted.departements, DEPARTEMENT_CODE, "code of département, such as 04 or 2A")
    )
    wrong = [code for code in codes if not expected.fullmatch(code)]
    if wrong or not codes:
        found = some(wrong) if wrong else "none"
        message = f"{wanted.name}: expected a {what}, found {found}. Check the communes of the territory file."
        raise SourceError(message)
    return sorted(set(codes))


def _cql_name(name: str) -> str:
    """Write a field in CQL.

    >>> _cql_name("code_insee"), _cql_name("code insee")
    ('code_insee', '"code insee"')
    """
    return name if PLAIN_NAME.fullmatch(name) else '"' + name.replace('"', '""') + '"'


def _cql_codes(field: str, codes: Iterable[str]) -> str:
    """Write which values a field may have, in CQL.

    >>> _cql_codes("nom", ["L'Escale", "Volx"])
    "nom IN ('L''Escale','Volx')"
    """
    quoted = ("'" + code.replace("'", "''") + "'" for code in codes)
    return f"{_cql_name(field)} IN ({','.join(quoted)})"


def _fes_codes(field: str, codes: Iterable[str]) -> str:
    """Write which values a field may have, in FES 2.0.

    >>> _fes_codes("nom", ["A&B"])[-84:]
    'e>nom</fes:ValueReference><fes:Literal>A&amp;B</fes:Literal></fes:PropertyIsEqualTo>'
    """
    equal = [
        f"<fes:PropertyIsEqualTo><fes:ValueReference>{escape(field)}</fes:ValueReference>"
        f"<fes:Literal>{escape(code)}</fes:Literal></fes:PropertyIsEqualTo>"
        for code in codes
    ]
    return _fes_either(equal)


def _fes_either(conditions: Sequence[str]) -> str:
    """Join conditions two by two: a service that nests them one in the other stops at some hundred (MapServer 8.0).

    >>> _fes_either(["<a/>", "<b/>", "<c/>"])
    '<fes:Or><a/><fes:Or><b/><c/></fes:Or></fes:Or>'
    """
    if len(conditions) == 1:
        return conditions[0]
    half = len(conditions) // 2
    return f"<fes:Or>{_fes_either(conditions[:half])}{_fes_either(conditions[half:])}</fes:Or>"


def _cql_bounds(field: str, bounds: Bounds) -> str:
    """Write that features meet a box, in CQL.

    >>> _cql_bounds("geom", (1, 2, 3, 4))
    "BBOX(geom,1,2,3,4,'EPSG:2154')"
    """
    return f"BBOX({_cql_name(field)},{','.join(map(str, bounds))},'{SRS}')"


def _fes_bounds(field: str, bounds: Bounds) -> str:
    """Write that features meet a box, in FES 2.0."""
    west, south, east, north = bounds
    return (
        f"<fes:BBOX><fes:ValueReference>{escape(field)}</fes:ValueReference>"
        f'<gml:Envelope srsName="{SRS}"><gml:lowerCorner>{west} {south}</gml:lowerCorner>'
        f"<gml:upperCorner>{east} {north}</gml:upperCorner></gml:Envelope></fes:BBOX>"
    )
