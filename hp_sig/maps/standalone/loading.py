"""Which addresses does HTML, a style sheet or code by an officer load?

Each search goes once through its text: data of any length may be in it.
"""

import html
import re

__all__ = ["code_addresses", "markup_addresses", "style_addresses"]

OPENING = re.compile(r"<([a-z][a-z0-9]*)\b([^<>]*)", re.IGNORECASE)
LOADING = re.compile(
    "script|link|iframe|frame|img|image|object|embed|video|audio|source|track|input|use|base|form|portal|table|tr|td|th|body",
    re.IGNORECASE,
)
GIVEN = re.compile(
    r"""(?<![\w-])(?:src|href|data|poster|srcset|action|background)\s*=\s*(?:"([^"]*)|'([^']*)|([^\s"'>]+))""",
    re.IGNORECASE,
)
#: An address with a host, or the path of a file; a bare word, as in `<img src=x>`, is neither.
ADDRESS = re.compile(
    r"""\s*(?:(?:[a-z][a-z0-9+.-]*:)?//\S|(?:[a-z]:)?[^"'<>:=()?#]*\.[a-z0-9]{2,5}(?:[?#]\S*)?\s*\Z)""", re.IGNORECASE
)
CSS_ESCAPE = re.compile(r"\\([0-9a-fA-F]{1,6})[ \t\n\r\f]?|\\(.)", re.DOTALL)
#: Wherever it stands: what is a string or a comment to us may be none to a browser.
CSS_URL = r"""url\(\s*(?:["']\s*)?(?![\s"')]|data:|#)[^"')]*["']?\)?"""
CSS_LOADS = re.compile(
    rf"{CSS_URL}|@import[^;]*|(?:\bsrc|image-set|\bimage|cross-fade)\([^)]*\)?",
    re.IGNORECASE,
)
URL = re.compile(CSS_URL, re.IGNORECASE)
HOST = re.compile(r"""(?:https?:)?//[^\s"'`<>)]+""", re.IGNORECASE)
#: In code, a link may be for a reader; an address with one of these ends is for a browser to load.
LOADED_END = re.compile(
    r"\{z\}|\.(?:png|jpe?g|gif|webp|svg|js|css|json|geojson|topojson|pbf|mvt|tiff?|woff2?)\b", re.IGNORECASE
)
#: Calls that load what they are given first.
LOADED_BY_CALL = re.compile(
    r"""(?:\b(?:import|fetch|importScripts|getJSON|getScript|sendBeacon|Worker|EventSource|WebSocket"""
    r"""|imageOverlay|videoOverlay|tileLayer(?:\.wms)?)|(?<![\w$])(?:\$|jQuery)\.(?:get|post|ajax)"""
    r"""|\bd3\.(?:json|csv|tsv|text|xml|html))\s*\(\s*(?:\{\s*url\s*:\s*)?["'`]([^"'`]*)"""
    r"""|\.open\s*\(\s*["'`](?:GET|HEAD|POST|PUT)["'`]\s*,\s*["'`]([^"'`]*)|(?:\.src\s*=|\b(?:icon|iconRetina|shadow)Url["']?\s*:)\s*"""
    r"""["'`]([^"'`]*)""",
    re.IGNORECASE,
)
INSIDE = re.compile(r"data:|blob:|#", re.IGNORECASE)


def markup_addresses(text: str) -> list[str]:
    """List what HTML by an officer would load from elsewhere.

    >>> markup_addresses('<img src="https://example.org/logo.png"><img src=logo.png><img src=x onerror=alert(1)>')
    ['https://example.org/logo.png', 'logo.png']
    """
    found = []
    for element, attributes in OPENING.findall(text):
        found += URL.findall(html.unescape(attributes))
        if LOADING.fullmatch(element):
            values = (double or single or bare for double, single, bare in GIVEN.findall(attributes))
            found += [value.strip() for value in values if ADDRESS.match(value)]
    return list(dict.fromkeys(found))


def style_addresses(style: str) -> list[str]:
    r"""List what a style sheet would load from elsewhere, however it is spelled.

    >>> style_addresses("a { background: u\\72l(https://example.org/a.png) url(data:image/png;base64,AA==) }")
    ['url(https://example.org/a.png)']
    """
    return CSS_LOADS.findall(
        CSS_ESCAPE.sub(lambda mark: chr(min(int(mark[1], 16), 0x10FFFF)) if mark[1] else mark[2], style)
    )


def code_addresses(code: str) -> list[str]:
    """List what code by an officer would load from elsewhere; links for a reader are no such thing.

    >>> code_addresses("fetch('zones.geojson'); L.tileLayer('https://example.org/{z}/{x}/{y}.png'); open('//a.org/b')")
    ['zones.geojson', 'https://example.org/{z}/{x}/{y}.png']
    """
    called = ["".join(values) for values in LOADED_BY_CALL.findall(code)]
    hosts = [address for address in HOST.findall(code) if LOADED_END.search(address)]
    return list(dict.fromkeys([*(address for address in called if address and not INSIDE.match(address)), *hosts]))
