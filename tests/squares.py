"""The six squares' codes, and rectangles in kilometres."""

from shapely import Polygon, box

ORIGIN = (900_000.0, 6_300_000.0)
CODES = {"A": "04001", "B": "04002", "C": "04003", "D": "04004", "E": "04005", "F": "83006"}
#: Maps and pages of a refresh of the six squares; the sheets of EPCI and parks are known once their layers are read.
MAPS = ("carte-territoire.html", "carte-indicateurs.html", "carte-projets.html")
#: Page of the hub, which no network reaches.
HUB_PAGES = ("poles/fiche-hub.html",)
#: Tables of projects, which the six squares have.
PROJECT_TABLES = ("project_screening", "project_overlaps", "project_distances", "hub_stations")
PLANNED_SHEETS = ("fiches/territoire.html", *(f"fiches/commune-{code}.html" for code in CODES.values()))
OTHER_SHEETS = (
    *(f"fiches/epci_{year}-20000000{rank}.html" for year in (2015, 2017) for rank in (1, 2)),
    *(f"fiches/pnr-FR800000{rank}.html" for rank in (1, 2)),
)


def square(x: float, y: float, width: float = 1.0, height: float = 1.0) -> Polygon:
    """Make a rectangle, in kilometres from the origin."""
    left, bottom = ORIGIN[0] + 1000 * x, ORIGIN[1] + 1000 * y
    return box(left, bottom, left + 1000 * width, bottom + 1000 * height)
