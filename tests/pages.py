"""A page of the six squares with all that a page can hold, every figure of which is told by its place.

Digne  Esparron  Forcalquier       04004 04005 83006
Éguilles  Bras  Céreste            04001 04002 04003
"""

import geopandas as gpd
import numpy as np
import pandas as pd
from squares import CODES, ORIGIN, square

from hp_sig.maps.overlays import Action, Line, Mark, Outlines, Perimeters, Places
from hp_sig.maps.page import Caption, Page
from hp_sig.maps.themes import Indicator, Partition

NAMES = ("Éguilles", "Bras", "Céreste", "Digne", "Esparron", "Forcalquier")
YEARS = ("2019", "2020", "2021")
#: Hectares: a measured 0, figures that are not known, one over a thousand.
CONSUMED = (
    *((0, 0, 0), (1, 2, 3), (4, 5, 6)),
    *((np.nan, 7, 8), (9, 10, 11), (1234.5, 13, np.nan)),
)
SHARES = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6)
#: Marks that a program would take for its own, and letters that it would take for the end of a text.
EVIL = (
    "<style></style/><img src=x onerror=document.title='owned'>{{ 7*7 }}{% raw %}${alert(1)}"
    "<style>body{display:none}</style x><p id=hp-model style=position:fixed>"
    "</script><script>document.title='owned'</script>Les Ormes \"à l'Est\" ` \\ &amp;"
)


def six_zones(names: tuple[str, ...] = NAMES) -> gpd.GeoDataFrame:
    """Six communes of 100 ha, three a row."""
    zones = gpd.GeoDataFrame({"name": names}, geometry=[square(i % 3, i // 3) for i in range(6)], crs=2154)
    return zones.set_index(pd.Index(list(CODES.values()), name="commune_code"))


def six_indicators() -> list[Indicator]:
    """Hectares of three years, with every mark; shares of one year, parted at thresholds."""
    codes = pd.Index(list(CODES.values()), name="commune_code")
    figures = pd.DataFrame(CONSUMED, index=codes, columns=list(YEARS), dtype=float)
    nowhere = figures.isna() & figures.notna()
    last, mixed, partial = nowhere.copy(), nowhere.copy(), nowhere.copy()
    last["2021"] = True
    mixed.loc["04002", "2021"] = True
    partial.loc["04005", "2020"] = True
    vintages = pd.DataFrame("2020", index=codes, columns=list(YEARS))
    vintages.loc[["04004", "04005", "83006"], "2021"] = "2021"
    return [
        Indicator(
            column="enaf_consumption_ha",
            figures=figures,
            group="Foncier",
            count=3,
            source="Cerema, fichiers fonciers",
            vintages=vintages,
            flags={"is_provisional": last, "is_mixed": mixed, "is_partial": partial},
        ),
        Indicator(
            column="sealed_share",
            figures=pd.DataFrame({"": SHARES}, index=codes),
            group="Sols",
            scheme="thresholds",
            thresholds=(0.25, 0.45),
            ramp="grey",
            source="IGN, OCS GE",
            vintages=pd.DataFrame({"": "2018"}, index=codes),
        ),
    ]


def degrees(x: float, y: float) -> tuple[float, float]:
    """Give the latitude and longitude of a point, in kilometres from the origin of the squares."""
    here = gpd.GeoSeries.from_xy([ORIGIN[0] + 1000 * x], [ORIGIN[1] + 1000 * y], crs=2154).to_crs(4326)
    return float(here.y.iloc[0]), float(here.x.iloc[0])


def six_page() -> Page:
    """All kinds of layers, actions and facts over the six squares."""
    zones = six_zones()
    members = pd.Series(["W", "W", "E", "W", "E", "E"], index=zones.index)
    lat, lon = degrees(0.5, 0.5)
    limit, park, footprint = Line(colour="#2b2b2b"), Line(colour="#1b6e3a", dash="1 5"), Line(colour="#b3001b")
    parks = gpd.GeoDataFrame({"name": ["Parc"]}, geometry=[square(-5, -5, 6.4, 12)], crs=2154)
    built = gpd.GeoDataFrame({"name": ["Zone"]}, geometry=[square(2.2, 1.2, 0.4, 0.4)], crs=2154)
    outlines = Outlines(
        label="Intercommunalités 2017",
        members=members,
        names={"W": "Ouest", "E": "Est"},
        lines={"W": limit, "E": limit},
        legend=[(limit, "Limite d'intercommunalité")],
        fact="Intercommunalité",
    )
    return Page(
        zones=zones,
        caption=Caption(
            title="Six carrés : essai",
            notice="Jeu d'essai",
            sources=["IGN, ADMIN EXPRESS, millésime 2020 (Licence Ouverte 2.0)"],
            zone_kind="Commune",
            code_label="Code INSEE",
        ),
        themes=[*six_indicators(), six_partition(members)],
        overlays=[
            outlines,
            Perimeters(
                label="Parcs", shapes=parks, lines=[park], legend=[(park, "Parc naturel régional")], fill="hatched"
            ),
            Perimeters(
                label="Emprises", shapes=built, lines=[footprint], legend=[(footprint, "Emprise")], fill="plain"
            ),
            Places(
                label="Projets",
                marks=[Mark(name="Pôle d'Éguilles", lon=lon, lat=lat, sign="hub", rows=[("Axe", "Mobilités")])],
                legend={"hub": "Pôle multimodal"},
            ),
        ],
        actions=[
            Action(heading="Axe 1", name="Pôle", scale="Site", where="Éguilles", place=(lat, lon)),
            Action(heading="Axe 1", name="Maison", scale="Commune", where="Bras", zones=["04002"]),
            Action(
                heading="Axe 2",
                name="Logements",
                scale="Intercommunalité",
                where="Est",
                zones=list(members[members == "E"].index),
            ),
            Action(heading="Axe 2", name="SIG mutualisé", scale="Tout le territoire"),
        ],
        facts={"04002": [("Superficie géométrique", "100\u00a0ha")]},
        simplify_m=0,
    )


def six_partition(members: pd.Series) -> Partition:
    """Bras and Céreste, in one set in 2015, part in 2017; Forcalquier is in none in 2015."""
    before = members.copy()
    before["04003"], before["83006"] = "W", None
    return Partition(
        label="Intercommunalités",
        members=pd.DataFrame({"2015": before, "2017": members}),
        names={"W": "Ouest", "E": "Est"},
        colours={"W": "#f6d58a", "E": "#a9d5ef"},
        told={"W": {"2015": "4 communes", "2017": "3 communes"}, "E": {"2015": "1 commune", "2017": "3 communes"}},
        group="Zonages",
        source="DGCL, BANATIC",
    )


def hostile_page() -> Page:
    """The same page, every text of which is code for Python, for JavaScript and for the browser at once."""
    zones = six_zones((EVIL,) * 6)
    zones.index = pd.Index([f"{EVIL}{rank}" for rank in range(6)], name=EVIL)
    lat, lon = degrees(0.5, 0.5)
    line = Line(colour="#2b2b2b")
    sets = pd.Series([EVIL] * 6, index=zones.index)
    shapes = gpd.GeoDataFrame({"name": [EVIL]}, geometry=[square(0, 0, 2, 2)], crs=2154)
    two = [f"{EVIL} 1", f"{EVIL} 2"]
    figures = pd.DataFrame({period: range(6) for period in two}, index=zones.index, dtype=float)
    editions = pd.DataFrame({period: [f"{EVIL}{rank % 2}" for rank in range(6)] for period in two}, index=zones.index)
    return Page(
        zones=zones,
        caption=Caption(title=EVIL, notice=EVIL, sources=[EVIL], zone_kind=EVIL, code_label=EVIL),
        themes=[
            Indicator(
                column=EVIL,
                figures=figures,
                label=EVIL,
                unit=EVIL,
                decimals=0,
                definition=EVIL,
                group=EVIL,
                source=EVIL,
                vintages=editions,
            ),
            Partition(
                label=EVIL,
                members=pd.DataFrame({EVIL: sets}),
                names={EVIL: EVIL},
                colours={EVIL: "#f6d58a"},
                told={EVIL: {EVIL: EVIL}},
                group=EVIL,
                source=EVIL,
            ),
        ],
        overlays=[
            Outlines(
                label=EVIL,
                members=sets,
                names={EVIL: EVIL},
                lines={EVIL: line},
                legend=[(line, EVIL)],
                shown=True,
                fact=EVIL,
            ),
            Perimeters(label=EVIL, shapes=shapes, lines=[line], legend=[(line, EVIL)], fill="hatched", shown=True),
            Places(
                label=EVIL,
                marks=[Mark(name=EVIL, lon=lon, lat=lat, sign="site", rows=[(EVIL, EVIL)], shown=EVIL)],
                legend={"site": EVIL},
            ),
        ],
        actions=[Action(heading=EVIL, name=EVIL, scale=EVIL, where=EVIL, zones=[f"{EVIL}0"])],
        facts={f"{EVIL}0": [(EVIL, EVIL)]},
        simplify_m=0,
    )
