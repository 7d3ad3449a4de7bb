"""How does the triennial local report of a commune, an EPCI or a SCoT become a document that a council can finish?

Code général des collectivités territoriales, art. L. 2231-1 and R. 2231-1. One report is built from the tables of a
refresh, then written as Word or as a page: both say the same numbers.
"""

import datetime as dt
import logging
from pathlib import Path

from hp_sig._version import __version__
from hp_sig.assembly import Layers
from hp_sig.errors import OutputError
from hp_sig.publish.publication import Run
from hp_sig.publish.report.closing import closing_sections, made_told
from hp_sig.publish.report.consumption import consumption_sections
from hp_sig.publish.report.land import land_sections, sealing_sections
from hp_sig.publish.report.model import Blank, Report
from hp_sig.publish.report.naming import Key, report_name, reported_zones
from hp_sig.publish.report.objectives import objective_sections
from hp_sig.publish.report.opening import cover_lines, opening_sections, partial_notice
from hp_sig.publish.report.words import say
from hp_sig.publish.report.zone import subject_of
from hp_sig.results import Results
from hp_sig.whole import write_whole

__all__ = ["report_name", "report_of", "reported_zones", "write_report"]

log = logging.getLogger(__name__)

#: What a report may be written as.
SUFFIXES = (".docx", ".html")


def report_of(layers: Layers, results: Results, zone: Key, *, day: dt.date, run: Run | None = None) -> Report:
    """Build the local report of one zone, already filled.

    Parameters
    ----------
    layers, results
        From :func:`hp_sig.assembly.load_layers` and :func:`hp_sig.results.compute`.
    zone
        Layer and code, as in the table `triennial`.
    day
        When it is made: which indicators are compulsory depends on it.
    run
        Which run made the results, if it is known.

    Raises
    ------
    OutputError
        If there is no such zone.
    """
    subject = subject_of(layers, results, zone, day)
    made = made_told(__version__ if run is None else run.version, run)
    return Report(
        title=say("title"),
        zone=subject.name,
        cover=cover_lines(subject),
        notice=layers.territory.notice,
        front=(*partial_notice(subject), Blank(text=say("blank_cover"), lines=3)),
        sections=(
            *opening_sections(subject),
            *consumption_sections(subject),
            *land_sections(subject),
            *sealing_sections(subject),
            *objective_sections(subject),
            *closing_sections(subject, made),
        ),
        territory=layers.territory.name,
        subject=say("subject", period=subject.period),
        day=day,
        made=made,
    )


def write_report(
    layers: Layers, results: Results, zone: Key, path: str | Path, *, day: dt.date, run: Run | None = None
) -> Path:
    """Write the local report of one zone as an editable Word document (`.docx`) or as a page (`.html`).

    Parameters
    ----------
    layers, results, zone, day, run
        As in :func:`report_of`.
    path
        The file: its ending says what it is.

    Returns
    -------
    pathlib.Path
        The file; the same results on the same day give the same bytes.

    Raises
    ------
    OutputError
        If there is no such zone, the ending is another one, or the file cannot be written.
    """
    file = Path(path)
    suffix = file.suffix.lower()
    if suffix not in SUFFIXES:
        message = f"{file}: a file that ends with {' or '.join(SUFFIXES)} expected, found {suffix or 'no ending'!r}."
        raise OutputError(message)
    report = report_of(layers, results, zone, day=day, run=run)
    if suffix == ".docx":
        from hp_sig.publish.report.word import word_document  # noqa: PLC0415 - only who writes Word needs docx

        content = word_document(report)
    else:
        from hp_sig.publish.report.page import report_page  # noqa: PLC0415

        content = report_page(report).encode("utf-8")
    write_whole(file, content)
    log.info("wrote %s: %d kB", file.name, len(content) // 1000)
    return file
