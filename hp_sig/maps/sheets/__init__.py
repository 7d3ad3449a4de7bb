"""Numbers and layers → one page a zone for elected officials, and the page that leads to all of them."""

from hp_sig.maps.sheets.index import index_page
from hp_sig.maps.sheets.naming import planned_sheets, sheet_files
from hp_sig.maps.sheets.writing import commune_sheet, write_sheets

__all__ = ["commune_sheet", "index_page", "planned_sheets", "sheet_files", "write_sheets"]
