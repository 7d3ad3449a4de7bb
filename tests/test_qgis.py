"""Styles, project and sheets of QGIS: what is written, and what a real QGIS makes of it."""

import json
import os
import subprocess
import zipfile
from pathlib import Path
from xml.etree import ElementTree as ET

import pandas as pd
import pytest
import qgis_world
from PIL import Image
from published import sample, sample_publication
from pypdf import PdfReader

from hp_sig.errors import OutputError
from hp_sig.maps.classes import class_of
from hp_sig.maps.context import partition_of
from hp_sig.maps.themes import Indicator
from hp_sig.publish.geopackage import write_geopackage
from hp_sig.publish.publication import FIGURES
from hp_sig.publish.qgis.classes import class_ends
from hp_sig.publish.qgis.project import write_project
from hp_sig.publish.qgis.styles import layer_styles
from hp_sig.reference.labels import wording

SYSTEM_PYTHON = Path("/usr/bin/python3")
SCRIPT = Path(__file__).with_name("qgis_render.py")
ENAF = "Consommation d'ENAF (ha)\u00a0– 2023"
WALK = "Aires atteintes depuis les pôles\u00a0– À pied"


def has_qgis():
    if not SYSTEM_PYTHON.exists():
        return False
    return subprocess.run([SYSTEM_PYTHON, "-c", "import qgis.core"], capture_output=True, check=False).returncode == 0


needs_qgis = pytest.mark.skipif(not has_qgis(), reason="QGIS and its Python modules are not installed")


def published_in(folder, publication):
    """Write a publication as an officer gets it: a GeoPackage and a project beside it."""
    folder.mkdir()
    styles = layer_styles(publication)
    write_geopackage(publication, folder / "territoire.gpkg", styles=styles)
    write_project(publication, folder / "territoire.qgz", geopackage="territoire.gpkg", styles=styles)
    # Where it is opened is not where it was made.
    moved = folder.with_name(f"{folder.name} déplacé")
    folder.rename(moved)
    return moved


@pytest.fixture(scope="module")
def found(tmp_path_factory):
    """Ask QGIS once what it finds in the sample, in hostile names, and where there is no indicator."""
    root = tmp_path_factory.mktemp("qgis")
    asked = {
        "sample": {
            "styles": {
                FIGURES: ["commune_code"],
                "communes": ["commune_code"],
                "service_areas": ["hub_id", "mode", "minutes"],
            },
            "alone": [FIGURES, "communes", "land_stock"],
            "related": ["land_stock", "enaf_consumption"],
            "switched": [FIGURES],
            "sheets": [f"A3 – {ENAF}", f"A3 – {WALK}"],
        },
        "hostile": {
            "styles": {
                FIGURES: ["commune_code"],
                "zoning": ["feature_id"],
                "artificialisation_04": ["feature_id"],
                "changes_04": ["feature_id"],
                "roads": ["road_id"],
            },
            "alone": [qgis_world.HOSTILE_LAYER, "told"],
            "related": ["told"],
            "sheets": ["A3 – Virage <&> (ha)"],
        },
        "bare": {"sheets": []},
    }
    publications = {
        "sample": sample_publication(),
        "hostile": qgis_world.publication(),
        "bare": qgis_world.publication(indicators=False),
    }
    empty = {"styles": {}, "alone": [], "related": [], "switched": [], "sheets": []}
    jobs = {}
    for name, publication in publications.items():
        folder = published_in(root / name, publication)
        files = {"project": str(folder / "territoire.qgz"), "geopackage": str(folder / "territoire.gpkg")}
        jobs[name] = {**empty, **asked[name], **files}
    (root / "jobs.json").write_text(json.dumps(jobs), encoding="utf-8")
    (root / "run").mkdir(mode=0o700)
    place = {"QT_QPA_PLATFORM": "offscreen", "HOME": str(root), "XDG_RUNTIME_DIR": str(root / "run")}
    subprocess.run(
        [SYSTEM_PYTHON, SCRIPT, root], env={**os.environ, **place}, capture_output=True, check=True, timeout=300
    )
    report = json.loads((root / "report.json").read_text(encoding="utf-8"))
    return {name: {**one, "folder": Path(jobs[name]["project"]).parent} for name, one in report.items()}


@needs_qgis
@pytest.mark.parametrize("name", ["sample", "hostile", "bare"])
def test_qgis_opens_the_project_without_a_fault_and_every_layer_with_its_rows(found, name):
    publication = {
        "sample": sample_publication(),
        "hostile": qgis_world.publication(),
        "bare": qgis_world.publication(indicators=False),
    }[name]

    project = found[name]

    assert project["opened"]
    assert project["invalid"] == []
    assert project["faults"] == []
    assert project["crs"] == "EPSG:2154"
    assert project["read_only"]
    assert project["counts"] == {name: len(table.rows) for name, table in publication.tables.items()}
    assert project["relations"]
    assert all(project["relations"])


@needs_qgis
def test_layers_lie_in_a_group_for_each_theme_and_tables_in_their_own(found):
    groups = dict(found["sample"]["tree"])

    territory = dict(groups["Territoire"])

    themes = ["Projets", "Pôles multimodaux", "Territoire", "Occupation du sol", "Consommation d'ENAF", "Trajectoire"]
    assert list(groups) == [*themes, "Recouvrements"]
    assert [name for name, shown in territory.items() if shown is True] == [
        "Gares",
        "Intercommunalités au 1er janvier 2024",
        "Indicateurs des communes",
    ]
    # The latest vintage lies on top of the one before.
    cover = [name for name, shown in dict(groups["Occupation du sol"]).items() if shown is False]
    assert cover[:2] == [f"Occupation du sol {year} (OCS GE, département 83)" for year in (2020, 2017)]
    assert [name for name, _ in territory["Tables"]] == [
        "Zones",
        "Communes qui ont changé de zone",
        "Couverture par les SCoT",
        "Populations communales, par année",
    ]


@needs_qgis
def test_a_commune_leads_to_its_rows_in_each_table(found):
    tables = sample_publication().tables

    for name, related in found["sample"]["related"].items():
        rows = tables[name].rows["commune_code"].value_counts()
        assert related == {code: int(rows.get(code, 0)) for code in tables["communes"].rows["commune_code"]}
    # Fifteen years of consumption, two states of the land.
    assert found["sample"]["related"]["enaf_consumption"]["04112"] == 15
    assert found["sample"]["related"]["land_stock"]["04112"] == 2
    assert found["hostile"]["related"]["told"] == {"04001": 2, "04002": 1, **dict.fromkeys(qgis_world.CODES[2:], 0)}


@needs_qgis
def test_qgis_draws_each_commune_in_the_class_of_the_html_map_for_every_indicator(found):
    publication = sample_publication()
    codes = pd.Index(publication.tables[FIGURES].rows["commune_code"])

    drawn = list(found["sample"]["styles"][FIGURES].values())

    shown = {tuple(style["rows"]): style["fills"] for style in drawn}
    assert len(drawn) == len(publication.indicators) == 18
    for indicator, period in publication.indicators.values():
        classes = indicator.classes(codes)
        ranks = class_of(indicator.shown(codes)[period].to_numpy(), classes.breaks)
        rows = indicator.bounds(codes)
        expected = {
            code: ["#ffffff", 2] if rank < 0 else [classes.colours[rank], 1]
            for code, rank in zip(codes, ranks, strict=True)
        }
        assert shown[tuple(rows if (ranks >= 0).all() else [*rows, "donnée absente"])] == expected


@needs_qgis
def test_a_figure_at_the_turn_of_a_rounding_falls_as_it_is_shown(found):
    styles = found["hostile"]["styles"][FIGURES]

    turns = [fill for fill, _ in styles["Virage <&> (ha)"]["fills"].values()]
    signed = styles["Signe (%)"]

    # Shown as 0.50, 1.11, 1.12, 2.37, 2.38 and 9.00: two figures a class, the bounds being the second of each.
    assert styles["Virage <&> (ha)"]["rows"] == ["0,50 à 1,11", "plus de 1,11 à 2,37", "plus de 2,37 à 9,00"]
    assert turns[0] == turns[1] != turns[2] == turns[3] != turns[4] == turns[5]
    # What is almost nothing is with the losses or the gains, never with the measured zero, which is white.
    low, almost_low, zero, almost_high, high, unknown = signed["fills"].values()
    assert zero == ["#ffffff", 1]
    assert unknown == ["#ffffff", 2]
    assert signed["rows"][-1] == "donnée absente"
    assert len({low[0], almost_low[0], zero[0], almost_high[0], high[0]}) == 5


@needs_qgis
def test_communes_have_the_colours_of_the_html_map_at_each_date(found):
    partition = partition_of(sample()[0])
    assert partition is not None

    styles = found["sample"]["styles"]["communes"]

    for year in ("2015", "2017", "2024"):
        fills = styles[f"Intercommunalités au 1er janvier {year}"]["fills"]
        expected = {code: [partition.colours[siren], 1] for code, siren in partition.members[year].items()}
        assert fills == expected


@needs_qgis
def test_areas_within_reach_have_the_colours_of_their_mode(found):
    walk = found["sample"]["styles"]["service_areas"]["À pied"]

    assert walk["rows"] == [f"À pied, {one}\u00a0minutes" for one in (5, 10, 15)]
    assert [walk["fills"][f"pem-manosque walk {one}"][0] for one in (5, 10, 15)] == ["#08519c", "#4292c6", "#9ecae1"]
    assert walk["fills"]["pem-manosque bike 15"] is None


@needs_qgis
def test_planning_zones_have_the_colours_of_the_cnig(found):
    (style,) = found["hostile"]["styles"]["zoning"].values()

    # RVB of plu_zone_urba_pe.qml (CNIG): 230,0,0 · 255,101,101 · 254,204,190 · 255,255,0 · 86,170,2; and of the
    # Géoportail de l'urbanisme for the sectors of a carte communale (secteur_cc_du.sld).
    colours = [fill for fill, _ in style["fills"].values()]
    assert colours == ["#e60000", "#ff6565", "#feccbe", "#ffff00", "#56aa02", "#aa00cc"]


@needs_qgis
def test_land_has_the_colours_of_ign_and_roads_the_width_of_their_class(found):
    styles = found["hostile"]["styles"]
    land, changes, roads = styles["artificialisation_04"], styles["changes_04"], styles["roads"]["roads"]

    # Zones bâties 255,55,122 and landes 166,255,128 (nomenclature OCS GE, IGN).
    assert {name: [fill for fill, _ in style["fills"].values()][:2] for name, style in land.items()} == {
        "Artificialisation": ["#ff377a", "#ccf24d"],
        "Couverture du sol": ["#ff377a", "#a6ff80"],
        "Usage du sol": ["#be0961", "#be0961"],
    }
    (change,) = changes.values()
    assert change["rows"] == ["devenu artificialisé", "désartificialisé", "sans changement"]
    assert [fill for fill, _ in change["fills"].values()] == ["#e6e8eb", "#4292c6", "#b35806", *["#e6e8eb"] * 3]
    assert roads["rows"] == [wording("qgis", word) for word in ("main_roads", "streets", "paths")]
    # Three pixels, one and a half, nine tenths: two roads of each kind.
    assert [line[1] for line in roads["fills"].values()] == [0.9, 0.9, 0.45, 0.45, 0.27, 0.27]
    tips = found["hostile"]["tips"]
    assert tips["artificialisation_04"].endswith(
        "de cover_code\u00a0: Zones bâties (CS1.1.1.1)<br>"
        "Libellé &lt;&amp;\"'&gt; de use_code\u00a0: Usage résidentiel (US5)"
    )


@needs_qgis
def test_a_layer_opened_by_itself_has_the_default_style_and_french_names(found):
    alone = found["sample"]["alone"]

    assert alone[FIGURES]["rows"][:2] == ["0,00", "plus de 0,00 à 0,85"]
    assert alone[FIGURES]["aliases"]["sealed_ha"] == "Surface imperméabilisée (2020 / 2021) (ha)"
    assert alone[FIGURES]["aliases"]["sealed_share"] == "Part imperméabilisée (2020 / 2021) (1 = 100\u00a0%)"
    assert alone["communes"]["rows"][0] == "Durance-Luberon-Verdon Agglomération (DLVA) (25 communes)"
    assert {"approuvé": "approved"} in alone["communes"]["words"]["scot_status"]
    assert alone["land_stock"]["aliases"]["artificialised_ha"] == "Surface artificialisée (ha)"
    assert alone["land_stock"]["words"]["is_partial"] == [{"oui": "true"}, {"non": "false"}]


@needs_qgis
def test_another_style_keeps_the_names_and_the_layer_unwritten(found):
    rows, read_only, aliases = found["sample"]["switched"][FIGURES]

    assert rows[0] == "13,2 à 51,7"
    assert read_only
    assert "Surface imperméabilisée (2020 / 2021) (ha)" in aliases


@needs_qgis
def test_the_sheet_is_a_whole_a3_page_in_french(found):
    folder = found["sample"]["folder"]
    sheet = found["sample"]["sheets"][f"A3 – {ENAF}"]
    boxes = sheet["boxes"]

    (page,) = PdfReader(folder / "sheet-0.pdf").pages

    assert sheet["exported"] == [True, True]
    assert sheet["page"] == [420, 297]
    assert sheet["theme"] == ENAF
    # 57.4 × 52.0 km on 292 × 253 mm: 52.0 km × 1.05 / 0.253 m is 1:216 000, and 1:225 000 the next round scale.
    assert sheet["scale"] == 225_000
    assert sheet["legend"][:5] == ["0,00", "plus de 0,00 à 0,85", *sheet["legend"][2:5]]
    assert "Gare" not in sheet["legend"]
    assert boxes["légende"][1] + boxes["légende"][3] < boxes["note 1"][1]
    assert boxes["valeurs, noms"][1] + boxes["valeurs, noms"][3] < boxes["échelle"][1]
    for x, y, width, height in boxes.values():
        assert x >= 8
        assert x + width <= 412
        assert y >= 8
        assert y + height <= 289
    assert sheet["texts"]["titre"] == "Pays de Haute-Provence\u00a0– Consommation d'ENAF (ha)\u00a0– 2023"
    assert sheet["texts"]["avertissement"] == sample_publication().notice
    assert sheet["texts"]["note 1"] == "Provisoire\u00a0: la dernière année comptée sera révisée."
    assert sheet["texts"]["échelle en chiffres"].replace("\u202f", " ") == "Échelle 1:225 000"
    assert "20261128T063000Z-5a3e1e00" in sheet["texts"]["sources"]
    assert [round(float(side) / 72 * 25.4) for side in page.mediabox[2:]] == [420, 297]


@needs_qgis
def test_what_is_drawn_has_the_colours_of_the_classes(found):
    indicator, _ = sample_publication().indicators["enaf_consumption_ha"]
    codes = pd.Index(sample_publication().tables[FIGURES].rows["commune_code"])
    # No commune reached the last class in 2023.
    colours = {tuple(bytes.fromhex(colour[1:])) for colour in indicator.classes(codes).colours[:-1]}

    for name in ("map.png", "sheet-0.png"):
        with Image.open(found["sample"]["folder"] / name) as picture:
            seen = {colour for _, colour in picture.convert("RGB").getcolors(1 << 24)}
        assert colours <= seen


@needs_qgis
def test_a_sheet_of_what_is_within_reach_shows_it_closely(found):
    sheet = found["sample"]["sheets"][f"A3 – {WALK}"]

    assert sheet["scale"] <= 100_000
    assert sheet["texts"]["valeurs, noms"].splitlines()[0] == "La Brillanne, 5 min"


@needs_qgis
def test_hostile_names_are_shown_as_they_are(found):
    hostile = found["hostile"]
    legible = qgis_world.HOSTILE.replace("\x07", "")
    sheet = hostile["sheets"]["A3 – Virage <&> (ha)"]

    assert hostile["title"] == f"{legible}\u00a0: foncier, zonages et projets"
    assert hostile["names"][qgis_world.HOSTILE_LAYER] == legible
    assert hostile["tips"]["communes"] == f"<b>{qgis_world.HOSTILE.replace('&', '&amp;').replace('<', '&lt;')}</b>"
    assert hostile["alone"][qgis_world.HOSTILE_LAYER]["aliases"]["name"] == "Libellé <&\"'> de name"
    assert hostile["alone"]["told"]["aliases"] == {
        "fid_2": "",
        "commune_code": "Libellé <&\"'> de commune_code",
        "rank": "Libellé <&\"'> de rank",
        "RANK_2": "Libellé <&\"'> de RANK",
        "fid": "Libellé <&\"'> de fid",
    }
    # The expression that the name holds is not computed.
    assert sheet["texts"]["titre"].replace("\u200b", "") == f"{legible}\u00a0– Virage <&> (ha)"


def test_the_project_names_its_geopackage_beside_it_and_nothing_else(tmp_path):
    publication, path = qgis_world.publication(), tmp_path / "sig" / "territoire.qgz"
    path.parent.mkdir()

    first = write_project(publication, path, geopackage="territoire.gpkg").read_bytes()
    again = write_project(publication, path, geopackage="territoire.gpkg").read_bytes()

    with zipfile.ZipFile(path) as archive:
        (name,) = archive.namelist()
        text = archive.read(name).decode("utf-8")
    sources = {element.text for element in ET.fromstring(text).iter("datasource")}
    assert first == again
    assert name == "territoire.qgs"
    assert sources == {f"./territoire.gpkg|layername={table}" for table in publication.tables}
    assert str(tmp_path) not in text
    assert "http" not in text
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("geopackage", ["/srv/territoire.gpkg", "C:\\sig\\territoire.gpkg", "a.gpkg|layername=b"])
def test_a_geopackage_that_is_not_told_from_the_project_is_refused(tmp_path, geopackage):
    with pytest.raises(OutputError, match=r"a path from the folder of the project expected, such as territoire\.gpkg"):
        write_project(qgis_world.publication(), tmp_path / "a.qgz", geopackage=geopackage)

    assert not (tmp_path / "a.qgz").exists()


def test_a_project_that_cannot_be_written_leaves_nothing(tmp_path):
    path = tmp_path / "sig" / "a.qgz"
    path.mkdir(parents=True)

    with pytest.raises(OutputError, match=r"a\.qgz: cannot be written"):
        write_project(qgis_world.publication(), path, geopackage="a.gpkg")

    assert list(path.parent.iterdir()) == [path]


def test_each_table_has_one_default_style():
    for publication in (sample_publication(), qgis_world.publication()):
        styles = layer_styles(publication)

        assert list(styles) == list(publication.tables)
        assert all(
            [one.is_default for one in found] == [True, *[False] * (len(found) - 1)] for found in styles.values()
        )
        assert all(len({one.name for one in found}) == len(found) for found in styles.values())


def test_a_class_ends_where_the_rounding_of_the_map_turns():
    figures = pd.Series([0.10, 0.125, 0.2], index=["a", "b", "c"])
    indicator = Indicator(
        column="x", figures=figures.to_frame(""), decimals=2, scheme="thresholds", thresholds=(0.12, 0.15)
    )
    classes = indicator.classes(pd.Index(figures.index))

    low, first, second, high = class_ends(indicator, "", classes, figures)

    # 0.125 is exact in binary and is shown as 0.12 (half to even); 0.155 is where 0.16 begins.
    assert (low, high) == (0.1, 0.2)
    assert first == pytest.approx(0.125, abs=1e-8)
    assert first > 0.125
    assert second == pytest.approx(0.155, abs=1e-8)


def test_the_state_of_a_scheme_is_worded_in_its_form():
    qml = layer_styles(sample_publication())["scot_2018"][0].qml

    form = ET.fromstring(qml).find(".//field[@name='status']/editWidget")
    assert form.get("type") == "ValueMap"
    assert {one.get("name"): one.get("value") for one in form.iter("Option") if one.get("value")} == {
        wording("scot_status", "approved"): "approved"
    }
