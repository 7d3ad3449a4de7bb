"""Under which dated rules is land consumption judged?

A regime holds what a law, or a bill, fixes: reference years, period, reduction, guarantee, exclusions, deadlines. The
law in force is the default; a bill is a scenario, and what it leaves to local choice stays open until the caller says.
"""

import datetime
import math
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from functools import cache
from importlib.resources import files
from itertools import pairwise
from pathlib import Path
from typing import Any

from hp_sig.errors import LayerError, some

__all__ = ["DEFAULT_REGIME", "Regime", "load_regime", "read_regimes", "regime_names", "require_given"]

#: The law in force: loi 2021-1104 (Climat et résilience), art. 191 and 194, as amended by loi 2023-630.
DEFAULT_REGIME = "climat_resilience_2023"
STATUSES = ("in_force", "bill")
#: What the cap of the guarantee bears on: the hectare and its bonus together, or the bonus alone.
CAP_ON = ("total", "bonus")
#: What a regime says of itself; everything else in the table is a parameter with its source.
IDENTITY = ("label", "status", "dated_on", "source")
#: A flow year outside this range is a typing error.
YEARS = range(1990, 2101)


@dataclass(frozen=True, slots=True, kw_only=True)
class Regime:
    """The parameters of a dated law or bill; years are flow years, hectares and dates as the text gives them.

    A parameter that the text leaves to local choice is None: give it with `dataclasses.replace`, which checks it too.

    Parameters
    ----------
    name, label, status, dated_on, source
        Key; English label; `in_force` or `bill`; date of the last amending text; where it was read.
    reference_first_year, reference_last_year
        First and last flow of the reference: 2011 and 2020, ten flows, in the law in force.
    first_year, last_year
        First and last flow of the period: 2021 and 2030, ten flows.
    reduction_share
        Share to take off the reference, 0 to 1; one minus it is kept.
    guarantee_ha, guarantee_bonus_ha, guarantee_cap_ha, guarantee_cap_on, guarantee_document_before
        Hectares guaranteed to an eligible commune; more for each commune déléguée; the cap and what it bears on
        (`total` or `bonus`); the date before which the planning document was prescribed, settled (arrêté) or approved.
    exclusions
        Kinds of consumption that may be deducted.
    sraddet_deadline, scot_deadline, plu_deadline
        When the documents must hold the objective.
    sources
        Parameter → where its value was read.

    Raises
    ------
    ValueError
        If a parameter makes no sense: all faults in one message.

    Examples
    --------
    >>> from dataclasses import replace
    >>> replace(load_regime("trace_senat_2025"), name="trace_40", reduction_share=0.4).reduction_share
    0.4
    """

    name: str
    label: str
    status: str
    dated_on: datetime.date
    source: str
    reference_first_year: int | None = None
    reference_last_year: int | None = None
    first_year: int | None = None
    last_year: int | None = None
    reduction_share: float | None = None
    guarantee_ha: float | None = None
    guarantee_bonus_ha: float | None = None
    guarantee_cap_ha: float | None = None
    guarantee_cap_on: str | None = None
    guarantee_document_before: datetime.date | None = None
    exclusions: tuple[str, ...] = ()
    sraddet_deadline: datetime.date | None = None
    scot_deadline: datetime.date | None = None
    plu_deadline: datetime.date | None = None
    sources: Mapping[str, str] = field(default_factory=dict, compare=False, repr=False)

    def __post_init__(self) -> None:
        faults = _faults(self)
        if faults:
            message = f"regime {self.name!r}: {' '.join(faults)}"
            raise ValueError(message)


def load_regime(name: str = DEFAULT_REGIME) -> Regime:
    """Load a regime of the package by its name.

    Raises
    ------
    ValueError
        If there is none of that name.

    Examples
    --------
    >>> load_regime().reduction_share
    0.5
    >>> load_regime("trace_senat_2025").reduction_share is None
    True
    """
    regimes = _regimes()
    if name not in regimes:
        message = f"regime {name!r} is not known; choose among {', '.join(map(repr, regimes))}, or make a Regime."
        raise ValueError(message)
    return regimes[name]


def regime_names() -> list[str]:
    """List the regimes of the package, the law in force first.

    >>> regime_names()
    ['climat_resilience_2023', 'trace_senat_2025']
    """
    return list(_regimes())


def require_given(regime: Regime, *names: str) -> None:
    """Refuse a regime that leaves open a parameter that the calculation needs.

    Raises
    ------
    ValueError
        If one of the parameters is None; the message names them all and how to give them.

    Examples
    --------
    >>> require_given(load_regime(), "first_year", "last_year")
    """
    missing = [name for name in names if getattr(regime, name) is None]
    if missing:
        given = ", ".join(f"{name}=…" for name in missing)
        message = (
            f"regime {regime.name!r} leaves {', '.join(missing)} open: it is chosen locally, there is no default. "
            f"Give it with dataclasses.replace(regime, {given})."
        )
        raise ValueError(message)


def read_regimes(path: str | Path) -> dict[str, Regime]:
    """Read regimes from a TOML table such as the package's own, every parameter with its source.

    Parameters
    ----------
    path
        One section a regime: `label`, `status`, `dated_on`, `source`, and `parameters`, each with `source` and `value`;
        a bill may leave the value out.

    Returns
    -------
    dict
        Name → regime, in the order of the file.

    Raises
    ------
    LayerError
        One error that lists every fault of the file.
    """
    try:
        sections = tomllib.loads(Path(path).read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise LayerError(path, [f"it is not a TOML file in UTF-8: {error}."]) from error
    faults: list[str] = []
    regimes = {}
    for name, section in sections.items():
        regime = _regime(name, section, faults)
        if regime is not None:
            regimes[name] = regime
    if not sections:
        faults.append("at least one regime expected, found none.")
    if faults:
        raise LayerError(path, faults)
    return regimes


@cache
def _regimes() -> dict[str, Regime]:
    return read_regimes(Path(str(files("hp_sig.reference") / "regimes.toml")))


def _regime(name: str, section: object, faults: list[str]) -> Regime | None:
    before = len(faults)
    if not isinstance(section, dict) or not isinstance(section.get("parameters"), dict):
        faults.append(f"[{name}]: a section with [{name}.parameters.…] expected.")
        return None
    _same_keys(name, set(section) - {"parameters"}, set(IDENTITY), faults)
    parameters = section["parameters"]
    known = {entry.name for entry in fields(Regime)} - {"name", "sources", *IDENTITY}
    _same_keys(f"{name}.parameters", set(parameters), known, faults)
    values: dict[str, Any] = {}
    sources: dict[str, str] = {}
    for key, entry in parameters.items():
        source = entry.get("source") if isinstance(entry, dict) else None
        if not isinstance(source, str) or not source.strip() or set(entry) - {"value", "source"}:
            faults.append(f"[{name}.parameters.{key}]: a value and its source expected, found {entry!r}.")
            continue
        sources[key] = source
        if "value" in entry:
            values[key] = tuple(entry["value"]) if isinstance(entry["value"], list) else entry["value"]
        elif section.get("status") != "bill":
            faults.append(f"[{name}.parameters.{key}]: no value; only a bill may leave one open.")
    if len(faults) > before:
        return None
    try:
        identity = {key: section[key] for key in IDENTITY}
        return Regime(name=name, **identity, **values, sources=sources)
    except ValueError as error:
        faults.append(str(error))
        return None


def _same_keys(section: str, found: set[str], expected: set[str], faults: list[str]) -> None:
    if expected - found:
        faults.append(f"[{section}]: {some(sorted(expected - found))} expected, not found.")
    if found - expected:
        faults.append(f"[{section}]: {some(sorted(found - expected))} not known; correct the name or take it out.")


def _faults(regime: Regime) -> list[str]:
    faults: list[str] = []

    def check(names: tuple[str, ...], is_right: Callable[[Any], bool], expected: str) -> None:
        for name in names:
            value = getattr(regime, name)
            if value is not None and not is_right(value):
                faults.append(f"{name}: {expected} expected, found {value!r}.")

    check(("name", "label", "source"), lambda text: isinstance(text, str) and bool(text.strip()), "a text")
    check(("status",), lambda word: word in STATUSES, " or ".join(map(repr, STATUSES)))
    check(("guarantee_cap_on",), lambda word: word in CAP_ON, " or ".join(map(repr, CAP_ON)))
    years = ("reference_first_year", "reference_last_year", "first_year", "last_year")
    check(years, lambda year: type(year) is int and year in YEARS, "a year such as 2021")
    share = "a share from 0 to 1 (divide a percentage by 100)"
    check(("reduction_share",), lambda value: _is_number(value) and 0 <= value <= 1, share)
    hectares = ("guarantee_ha", "guarantee_bonus_ha", "guarantee_cap_ha")
    check(hectares, lambda value: _is_number(value) and value >= 0, "hectares, 0 or more,")
    dates = ("dated_on", "guarantee_document_before", "sraddet_deadline", "scot_deadline", "plu_deadline")
    check(dates, lambda value: type(value) is datetime.date, "a date")
    check(("exclusions",), _is_list_of_kinds, "different words")
    if faults:
        return faults
    ordered = [(name, getattr(regime, name)) for name in years if getattr(regime, name) is not None]
    for (first, year), (second, next_year) in pairwise(ordered):
        one_flow = (first, second) in {years[:2], years[2:]}
        if year > next_year or (year == next_year and not one_flow):
            faults.append(f"{first} ({year}) must come before {second} ({next_year}).")
    return faults


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _is_list_of_kinds(value: object) -> bool:
    if not isinstance(value, tuple) or not all(isinstance(kind, str) and kind for kind in value):
        return False
    return len(set(value)) == len(value)
