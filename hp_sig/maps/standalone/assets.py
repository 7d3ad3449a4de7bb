"""Which files of others does a page need, and how do they go inside it?

`assets/registry.toml` lists every address that folium writes and the file that stands for it. An address that is not
there is refused.
"""

import base64
import re
import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from posixpath import dirname, join, normpath
from typing import Any

__all__ = ["EVERY_FACE", "Asset", "embedded_image", "find_asset", "read_script", "read_style", "refusal", "registry"]

KINDS = {
    "png": "image/png",
    "gif": "image/gif",
    "svg": "image/svg+xml",
    "woff2": "font/woff2",
}
CSS_FILE = re.compile(r"""url\(\s*(["']?)(?!data:|#)([^"')]+)\1\s*\)""")
SOURCE_MAP = re.compile(r"//[#@] sourceMappingURL=\S+|/\*[#@] sourceMappingURL=.*?\*/")
FACE = re.compile(r"@font-face\{[^}]*\}")
#: Of a face's sources only woff2 is kept, which every browser of the last ten years reads.
OTHER_SOURCE = re.compile(r""",url\([^)]*\.ttf\) format\("truetype"\)""")
#: Font Awesome: the file of a face → what shows that the page uses it; the solid face always comes along.
FACES = {
    "fa-regular-400": re.compile(r"\bfa-regular\b|\bfar\b"),
    "fa-brands-400": re.compile(r"\bfa-brands\b|\bfab\b"),
    "fa-solid-900": re.compile(""),
}
#: What a page says that wants every face.
EVERY_FACE = ("fa-regular", "fa-brands")
TURN = re.compile(r"fa-rotate-([1-9]\d{0,2})\b")


@dataclass(frozen=True, slots=True, kw_only=True)
class Asset:
    """A file that stands for an address.

    Parameters
    ----------
    address
        What folium writes.
    package
        Its name on npm, or ours for a sheet written here.
    file
        Path under `assets`; none for what is written here, or left out.
    """

    address: str
    package: str
    file: str | None = None

    @property
    def is_script(self) -> bool:
        """Whether it is JavaScript."""
        return self.address.endswith(".js")


@cache
def registry() -> Mapping[str, Any]:
    """Read the list of files and addresses."""
    return tomllib.loads((files("hp_sig.maps") / "assets" / "registry.toml").read_text(encoding="utf-8"))


@cache
def _assets() -> dict[str, Asset]:
    found = {
        address: Asset(address=address, package=package["name"], file=f"{_folder(package)}/{file}")
        for package in registry()["packages"]
        for address, file in package["addresses"].items()
    }
    for entry in (*registry()["written"], *registry()["left_out"]):
        found[entry["address"]] = Asset(address=entry["address"], package=entry["name"])
    return found


def _folder(package: Mapping[str, Any]) -> str:
    return f"{package['name']}-{package['version']}"


def find_asset(address: str) -> Asset | None:
    """Find what stands for an address; None if it cannot be in a page."""
    return _assets().get(address)


def refusal(address: str) -> str:
    """Say why an address cannot be in a page, and what to do."""
    for entry in registry()["refused"]:
        if address in entry["addresses"]:
            return f"{address} ({entry['plugin']}): {entry['reason']}; {entry['remedy']}"
    return f"{address} does not come with hp_sig: leave out the plugin that asks for it"


def _read(file: str) -> bytes:
    return (files("hp_sig.maps") / "assets" / file).read_bytes()


def embedded_image(file: str) -> str:
    """Give a file as an address that holds it."""
    kind = KINDS[file.rsplit(".", 1)[1]]
    return f"data:{kind};base64,{base64.b64encode(_read(file)).decode()}"


def read_script(file: str) -> str:
    """Read JavaScript, without the address of its source map."""
    return SOURCE_MAP.sub("", _read(file).decode("utf-8")).strip()


def read_style(asset: Asset, used: Iterable[str]) -> str:
    """Read a style sheet with its images and fonts inside.

    Parameters
    ----------
    asset
        The sheet.
    used
        Markup and scripts of the page, by which the faces of an icon font and the angles are chosen.
    """
    texts = list(used)
    if asset.file is None:
        return _turns(texts) if asset.package == "leaflet.awesome.rotate" else ""
    sheet = SOURCE_MAP.sub("", _read(asset.file).decode("utf-8")).strip()
    if asset.package == "fontawesome-free":
        sheet = FACE.sub(lambda face: _face(face[0], texts), sheet)
    folder = dirname(asset.file)
    return CSS_FILE.sub(lambda found: f"url({embedded_image(normpath(join(folder, found[2])))})", sheet)


def _face(face: str, texts: list[str]) -> str:
    """Keep a face of Font Awesome 6 if the page uses it; not the same files under their names of versions 4 and 5."""
    kept = '"Font Awesome 6' in face and any(
        file in face and any(sign.search(text) for text in texts) for file, sign in FACES.items()
    )
    return OTHER_SOURCE.sub("", face) if kept else ""


def _turns(texts: list[str]) -> str:
    angles = sorted({int(angle) for text in texts for angle in TURN.findall(text)})
    return "\n".join(f".fa-rotate-{angle} {{ transform: rotate({angle}deg); }}" for angle in angles)
