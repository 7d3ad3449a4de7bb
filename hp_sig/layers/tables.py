"""How is a table read so that '04112' stays '04112'?

Every cell is read as text; separator and encoding are found, not assumed; what is a code is put right only where
a reader knows that the column holds one.
"""

import csv
import io
import logging
import re
import warnings
import zipfile
import zlib
from pathlib import Path
from xml.etree.ElementTree import ParseError

import pandas as pd

from hp_sig.errors import LayerError, some
from hp_sig.layers.files import require_readable, require_vector_file

__all__ = ["COMMUNE_CODE", "SIREN", "TABLES", "commune_codes", "numbers", "read_table", "texts"]

log = logging.getLogger(__name__)

#: A commune code of the COG: two digits or 2A/2B, then three digits.
COMMUNE_CODE = re.compile(r"(?:\d{2}|2[AB])\d{3}")
#: A SIREN number: nine digits.
SIREN = re.compile(r"\d{9}")
#: Cells that say « no value ».
NO_VALUE = ("", "NULL", "null", "NaN", "nan", "s", "nd", "N/A", "n/a")
#: Kinds of file that hold a table and no geometry.
TABLES = {".csv", ".txt", ".tsv", ".xlsx"}
ENCODINGS = ("utf-8-sig", "cp1252")
SEPARATORS = ";,\t|"


def read_table(path: str | Path) -> pd.DataFrame:
    """Read a CSV, a workbook or a DBF with every cell as text; an empty cell is missing.

    Parameters
    ----------
    path
        `.csv`, `.txt` or `.tsv` (UTF-8 or Windows-1252; `;`, `,`, tab or `|`), `.xlsx`, or `.dbf`.

    Raises
    ------
    LayerError
        If the file is absent, empty, of another kind, or has no row.
    """
    file = require_readable(path)
    suffix = file.suffix.lower()
    if suffix == ".xlsx":
        table = _read_workbook(require_vector_file(file))
    elif suffix == ".dbf":
        table = _read_dbf(file)
    elif suffix in {".csv", ".txt", ".tsv"}:
        table = _read_csv(file)
    else:
        raise LayerError(file, [f"expected a .csv, .xlsx or .dbf table, found « {suffix} ». Export it as CSV."])
    if table.empty:
        raise LayerError(file, ["expected rows, found only a header. Download it again."])
    table.columns = pd.Index(["" if column in {None, "None"} else str(column).strip() for column in table.columns])
    # Columns without a name and without a value: what a spreadsheet leaves at the right of a table.
    table = table.loc[:, (table.columns != "") | table.notna().any().to_numpy()]
    twice = table.columns[table.columns.duplicated()].unique()
    if len(twice):
        raise LayerError(file, [f"columns that come more than once: {some(twice)}. Rename or remove one of each."])
    log.info("read %s: %d rows", file, len(table))
    return table


def commune_codes(values: pd.Series, faults: list[str], notes: list[str]) -> pd.Series:
    """Put right the commune codes of a column that is known to hold them.

    A number that lost its leading zero ('4112') gets it back, and a note says so. Anything else that is not a
    code is a fault.

    Parameters
    ----------
    values
        The column, as text or as numbers.
    faults, notes
        Where to say what was found; both are added to.

    Returns
    -------
    pandas.Series
        Text codes on the same index.

    Examples
    --------
    >>> notes = []
    >>> commune_codes(pd.Series(["4112", "83150"], name="insee"), [], notes).tolist()
    ['04112', '83150']
    >>> notes
    ["the leading zero of 1 codes of the column 'insee' was put back ('4112' → '04112')."]
    """
    codes = texts(values).str.upper()
    lost_zero = codes.str.fullmatch(r"\d{4}")
    if lost_zero.any():
        example = codes[lost_zero].iloc[0]
        notes.append(
            f"the leading zero of {int(lost_zero.sum())} codes of the column {values.name!r} was put back "
            f"('{example}' → '0{example}')."
        )
        codes = codes.where(~lost_zero, "0" + codes)
    wrong = ~codes.str.fullmatch(COMMUNE_CODE.pattern)
    if wrong.any():
        faults.append(
            f"{int(wrong.sum())} values of the column {values.name!r} are not commune codes: {some(values[wrong])}. "
            "Five characters are expected, such as '04112' or '2A004'."
        )
    return codes


def texts(values: pd.Series) -> pd.Series:
    """Give the cells of a column as stripped text, whole numbers without decimals, missing cells as missing.

    >>> texts(pd.Series([4112.0, None])).tolist()
    ['4112', nan]
    """
    if pd.api.types.is_float_dtype(values):
        whole = values.dropna()
        if (whole == whole.round()).all():
            values = values.astype("Int64")
    cells = values.astype("str").str.strip()
    return cells.mask(cells.isin(NO_VALUE) | values.isna())


def numbers(values: pd.Series, faults: list[str]) -> pd.Series:
    """Read the cells of a column as numbers, decimal comma or point; missing cells stay missing.

    Parameters
    ----------
    values
        The column.
    faults
        Where to say what is not a number; added to.
    """
    cells = texts(values)
    text = cells.str.replace(r"[\s\u00a0\u202f]", "", regex=True).str.replace(",", ".", regex=False)
    result = pd.to_numeric(text, errors="coerce").astype("float64")
    wrong = result.isna() & cells.notna()
    if wrong.any():
        faults.append(f"{int(wrong.sum())} values of the column {values.name!r} are not numbers: {some(cells[wrong])}.")
    return result


def _read_csv(file: Path) -> pd.DataFrame:
    content = file.read_bytes()
    for encoding in ENCODINGS:
        try:
            text = content.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise LayerError(file, ["is neither UTF-8 nor Windows-1252 text. Save it as « CSV UTF-8 »."])
    if "\x00" in text[:4096]:
        raise LayerError(file, ["expected a text table, found binary content. Export it as CSV."])
    header = text.split("\n", 1)[0]
    separator = max(SEPARATORS, key=header.count)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=separator))
    except csv.Error as error:
        fault = f"cannot be read as a table ({error}): a quotation mark may lack its pair. Save it again as CSV."
        raise LayerError(file, [fault]) from error
    rows = [row for row in rows if any(cell.strip() for cell in row)]
    width = len(rows[0]) if rows else 0
    ragged = [number for number, row in enumerate(rows, start=1) if len(row) != width]
    if ragged:
        fault = (
            f"rows with another number of columns than the header ({width}): {some(ragged)}. The file may be cut short."
        )
        raise LayerError(file, [fault])
    table = pd.DataFrame(rows[1:], columns=rows[0] if rows else [], dtype=object)
    return table.mask(table.isin(NO_VALUE))


def _read_workbook(file: Path) -> pd.DataFrame:
    import openpyxl  # noqa: PLC0415 - only for workbooks

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)
            # Read-only rows: three times faster than pandas.read_excel on the 35 000 rows of the DGCL.
            workbook = openpyxl.load_workbook(file, read_only=True, data_only=True)
            rows = [
                row
                for row in workbook.worksheets[0].iter_rows(values_only=True)
                if any(cell is not None for cell in row)
            ]
            workbook.close()
    except (
        zipfile.BadZipFile,
        zlib.error,
        ParseError,
        EOFError,
        KeyError,
        TypeError,
        ValueError,
        OSError,
        IndexError,
    ) as error:
        fault = f"cannot be read as a workbook ({error}). Open it in a spreadsheet and save it again."
        raise LayerError(file, [fault]) from error
    if not rows:
        raise LayerError(file, ["its first sheet is empty."])
    # A DGCL sheet may begin with a title: the header is the first row with the most filled cells.
    filled = [sum(cell is not None for cell in row) for row in rows[:20]]
    header = filled.index(max(filled))
    # INSEE writes labels for people, then the names of the columns under them.
    if header + 1 < len(filled) and all(re.fullmatch(r"[A-Za-z]\w*", str(cell)) for cell in rows[header + 1]):
        header += 1
    names = [str(name) for name in rows[header]]
    return pd.DataFrame(rows[header + 1 :], columns=names, dtype=object).infer_objects().apply(texts)


def _read_dbf(file: Path) -> pd.DataFrame:
    import pyogrio  # noqa: PLC0415 - only here

    try:
        table = pyogrio.read_dataframe(file, read_geometry=False)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise LayerError(file, [f"cannot be read ({error}). Copy it again."]) from error
    return pd.DataFrame({column: texts(table[column]) for column in table.columns})
