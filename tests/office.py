"""Documents in real LibreOffice, headless: converted to PDF, read and looked at page by page."""

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest

OFFICE = shutil.which("soffice") or shutil.which("libreoffice")
#: A conversion takes a few seconds; a first start, with a profile of its own, some more.
TIMEOUT_S = 180

#: Has LibreOffice write numbers and dates the French way, whatever the language of the machine.
FRENCH = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Setup/L10N">
<prop oor:name="ooSetupSystemLocale" oor:op="fuse"><value>fr-FR</value></prop>
</item>
</oor:items>
"""

#: Mark of the tests that cannot run without LibreOffice and poppler.
require_office = pytest.mark.skipif(
    OFFICE is None or shutil.which("pdftotext") is None or shutil.which("pdftoppm") is None,
    reason="no LibreOffice or no poppler on this machine (apt-get install libreoffice poppler-utils)",
)


def to_pdf(file: Path, folder: Path) -> Path:
    """Convert a document (.docx, .xlsx…) to a PDF of the same stem in a folder, which is made where missing.

    LibreOffice runs in French, with a profile of its own, which is removed: nothing of the user is read or changed, and
    two conversions may run at once.
    """
    assert OFFICE is not None
    folder.mkdir(parents=True, exist_ok=True)
    pdf = folder / f"{file.stem}.pdf"
    pdf.unlink(missing_ok=True)
    with tempfile.TemporaryDirectory(prefix="office-", ignore_cleanup_errors=True) as profile:
        settings = Path(profile, "user", "registrymodifications.xcu")
        settings.parent.mkdir()
        settings.write_text(FRENCH, encoding="utf-8")
        command = [OFFICE, f"-env:UserInstallation={Path(profile).as_uri()}", "--headless", "--norestore"]
        command += ["--convert-to", "pdf", "--outdir", str(folder), str(file)]
        done = subprocess.run(
            command,
            env={**os.environ, "HOME": profile, "LC_ALL": "C.UTF-8"},
            capture_output=True,
            text=True,
            timeout=TIMEOUT_S,
            check=False,
        )
    assert pdf.is_file(), f"LibreOffice made no PDF of {file.name}: {done.stdout} {done.stderr}"
    return pdf


def page_texts(pdf: Path) -> list[str]:
    """Give the text of each page, laid out as on paper."""
    command = ["pdftotext", "-layout", "-enc", "UTF-8", str(pdf), "-"]
    text = subprocess.run(command, capture_output=True, timeout=TIMEOUT_S, check=True).stdout.decode("utf-8")
    return text.split("\f")[:-1]


def page_pictures(pdf: Path, folder: Path, *, dpi: int = 60, first: int = 1, last: int | None = None) -> list[Path]:
    """Draw each page, or those from `first` to `last` (counted from 1), as a PNG; give them in order."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["pdftoppm", "-png", "-r", str(dpi), "-f", str(first), *(["-l", str(last)] if last else [])]
    subprocess.run([*command, str(pdf), str(folder / pdf.stem)], capture_output=True, timeout=TIMEOUT_S, check=True)
    return sorted(folder.glob(f"{pdf.stem}-*.png"))
