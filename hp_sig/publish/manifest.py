"""What was made from what, with which versions, and is it still so?

The manifest of a refresh is `manifest.json` beside its results: enough to trace each figure to a file of a producer,
and to tell whether anything must be made again.
"""

import hashlib
import json
import logging
from collections.abc import Iterable, Mapping
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

from hp_sig._version import __version__
from hp_sig.errors import OutputError
from hp_sig.inputs import InputFile

__all__ = [
    "EDITABLE",
    "MANIFEST",
    "file_entry",
    "holds_real_results",
    "input_entry",
    "own_files",
    "package_versions",
    "read_manifest",
    "recorded_hashes",
    "stale_reasons",
    "write_manifest",
]

log = logging.getLogger(__name__)

MANIFEST = "manifest.json"
#: A manifest of another form is not understood, and the results are made again.
FORM = 1
PARTS = {"inputs": list, "outputs": dict, "packages": dict}
#: Kinds of results that people work on: a change there makes nothing stale.
EDITABLE = (".docx", ".qgz", ".xlsx")
#: A result may differ when one of these does.
PACKAGES = ("hp-sig", "geopandas", "shapely", "pyproj", "pyogrio", "pandas", "numpy", "folium", "branca")


def read_manifest(folder: Path) -> dict[str, Any]:
    """Read the manifest of a folder of results; empty where there is none that can be understood."""
    manifest = _parsed(folder)
    whole = (
        manifest.get("form") == FORM
        and all(isinstance(manifest.get(part), kind) for part, kind in PARTS.items())
        and all(isinstance(item, dict) and {"name", "sha256"} <= item.keys() for item in manifest["inputs"])
        and all(isinstance(item, dict) and "sha256" in item for item in manifest["outputs"].values())
    )
    return manifest if whole else {}


def own_files(folder: Path) -> set[str]:
    """Name the files of a folder that a refresh wrote there, be it one of another version of the package."""
    manifest = _parsed(folder)
    outputs = manifest.get("outputs")
    return {*outputs, MANIFEST} if "form" in manifest and isinstance(outputs, dict) else set()


def recorded_hashes(folder: Path) -> dict[str, str]:
    """Give the SHA-256 of each file as a refresh, of any version, wrote it there."""
    outputs = _parsed(folder).get("outputs") if own_files(folder) else {}
    return {
        name: str(entry["sha256"])
        for name, entry in (outputs or {}).items()
        if isinstance(entry, dict) and "sha256" in entry
    }


def holds_real_results(folder: Path) -> bool:
    """Say whether a folder holds results of a refresh, of any version, that were not made from the embedded sample."""
    manifest = _parsed(folder)
    return bool(own_files(folder)) and manifest.get("sample", manifest.get("notice") is not None) is not True


def _parsed(folder: Path) -> dict[str, Any]:
    """Parse a manifest; empty where there is none, or what is there is no manifest.

    One that the system does not let us read is an error: what it names would be taken for somebody else's.
    """
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
    except (FileNotFoundError, NotADirectoryError, UnicodeDecodeError, json.JSONDecodeError):
        return {}
    except OSError as error:
        message = (
            f"{path}: cannot be read ({error.strerror}), so that nothing is known of the results there. "
            "Check your rights, and close the programs that hold it."
        )
        raise OutputError(message) from error
    return manifest if isinstance(manifest, dict) else {}


def write_manifest(folder: Path, content: Mapping[str, Any]) -> dict[str, Any]:
    """Write a manifest and give it as it was written."""
    manifest = {"form": FORM, **content}
    text = json.dumps(manifest, ensure_ascii=False, indent=2)
    (folder / MANIFEST).write_text(f"{text}\n", encoding="utf-8", newline="\n")
    log.info("wrote %s: %d inputs, %d outputs", MANIFEST, len(manifest["inputs"]), len(manifest["outputs"]))
    return manifest


def stale_reasons(
    folder: Path, previous: Mapping[str, Any], inputs: Iterable[InputFile], outputs: Iterable[str]
) -> tuple[str, ...]:
    """Say why results must be made again; empty if nothing changed.

    Parameters
    ----------
    folder
        The results.
    previous
        Their manifest, from :func:`read_manifest`.
    inputs, outputs
        What would be read and written now; what else the last run wrote (sheets that only their layers name) must be
        there as well.
    """
    if not previous:
        return ("no results yet",)
    before = {item["name"]: item["sha256"] for item in previous["inputs"]}
    now = {item.name: item.sha256 for item in inputs}
    reasons = [f"{name} changed" for name in now if name in before and before[name] != now[name]]
    reasons += [f"{name} is new" for name in now if name not in before]
    reasons += [f"{name} is no longer used" for name in before if name not in now]
    if previous["packages"] != package_versions():
        reasons.append("a package changed version")
    known = {*previous["outputs"], *previous.get("planned", ())}
    for name in (*outputs, *(name for name in previous["outputs"] if name not in outputs)):
        if name not in known or (name in previous["outputs"] and not (folder / name).is_file()):
            reasons.append(f"{name} is missing")
        elif name not in previous["outputs"]:
            # Planned last time too, and there was nothing to write.
            continue
        elif not name.endswith(EDITABLE) and file_entry(folder / name)["sha256"] != previous["outputs"][name]["sha256"]:
            reasons.append(f"{name} was modified")
    return tuple(reasons)


def package_versions() -> dict[str, str]:
    """Give the version of each package that a result depends on."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = __version__ if name == "hp-sig" else "?"
    return found


def file_entry(path: Path) -> dict[str, Any]:
    """Give the size and the SHA-256 of a file."""
    content = path.read_bytes()
    return {"bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}


def input_entry(item: InputFile, raw: Path, notes: Iterable[str]) -> dict[str, Any]:
    """Describe an input: where it lay, what it is, who made it, what was put right in it."""
    path = item.path.relative_to(raw).as_posix() if item.path.is_relative_to(raw) else item.path.name
    if item.source is not None and item.source.in_database:
        path = item.source.file
    entry: dict[str, Any] = {"name": item.name, "path": path, "bytes": item.size, "sha256": item.sha256}
    if item.source is not None:
        source = item.source
        entry |= {"producer": source.producer, "source": source.source, "vintage": source.vintage}
        entry |= {"licence": source.licence, "in_package": source.in_package}
        entry["retrieved"] = source.retrieved.isoformat() if source.retrieved else None
    entry["notes"] = list(notes)
    return entry
