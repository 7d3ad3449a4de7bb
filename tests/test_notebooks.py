import ast
import html
import math
from pathlib import Path

import geopandas as gpd
import nbformat
import pandas as pd
import pytest
import shapely
from nbclient import NotebookClient

import hp_sig

ROOT = Path(__file__).parents[1]
NOTEBOOKS = sorted((ROOT / "notebooks").glob("*.ipynb"))

SAMPLE = Path(hp_sig.__file__).parent / "layers" / "sample"
FACTS = Path(hp_sig.__file__).parent / "reference" / "haute_provence"


def tenths(hectares):
    return f"{hectares:.1f}".replace(".", ",")


def facts_of_consumption():
    """Work out the figures of the notebook on land from the file itself, in square metres a commune and year."""
    table = pd.read_csv(SAMPLE / "enaf_2009_2024.csv", sep=";", encoding="utf-8-sig", dtype={"idcom": str})
    flows = table.set_index("idcom")[[f"naf{year:02}art{year + 1:02}" for year in range(9, 24)]]
    flows = flows.set_axis(range(2009, 2024), axis=1) / 10_000
    total, reference = flows.sum(), flows[list(range(2011, 2021))].sum(axis=1)
    left = reference.sum() / 2 - total.loc[2021:2023].sum()
    year = 2023 + math.ceil(left / (total.loc[2021:2023].sum() / 3))
    epci = pd.read_csv(FACTS / "epci.csv", dtype=str).query("cog_year == '2015' and epci_name == 'Pays de Banon'")
    banon = flows.loc[epci["commune_code"], 2021:2023].to_numpy().sum() / 3
    return [
        f"référence 2011-2020 : 10 flux, {tenths(reference.sum())} ha",
        f"avec un flux de trop, 2011-2021 : 11 flux, {tenths(total.loc[2011:2021].sum())} ha (faux)",
        f"garantie communale, relève l'enveloppe : {int((reference / 2 < 1).sum())} communes",
        f"reste {tenths(left)} ha sur {tenths(reference.sum() / 2)} ; à ce rythme, épuisés en {year}",
        f"Pays de Banon : reste {tenths(12 - 3 * banon)} ha sur 12,0",
        f"ha/an, × 9 = {tenths(9 * banon)} ha, × 10 = {tenths(10 * banon)} ha",
    ]


def french(value, decimals=0):
    return f"{value:,.{decimals}f}".replace(",", "\u202f").replace(".", ",")


def facts_of_hubs():
    """Work out the figures of the notebook on hubs from the files of the sample, by overlay and by arithmetic."""
    roads = gpd.read_file(SAMPLE / "roads.gpkg").to_crs(2154)
    open_km = roads.length[~roads["fclass"].str.startswith(("motorway", "trunk"))].sum() / 1_000
    # Private tracks touch nothing, as the README of the sample says: each is a piece of its own.
    met = shapely.STRtree(roads.geometry).query(roads.geometry, predicate="intersects")[0]
    lone = int((pd.Series(met).value_counts() == 1).sum())
    places = pd.read_csv(FACTS / "stations.csv", dtype={"uic_code": str}).set_index("uic_code").loc[["87751271"]]
    station = gpd.points_from_xy(places["lon"], places["lat"], crs=4326).to_crs(2154)[0]
    people = pd.read_csv(FACTS / "population.csv", dtype={"commune_code": str}).set_index("commune_code")["2021"]
    # Oraison: what its built land of homes has inside the disc of 15 minutes at 15 km/h.
    land = gpd.read_file(SAMPLE / "ocsge_04_2021.gpkg").to_crs(2154)
    communes = gpd.read_file(SAMPLE / "communes.gpkg").to_crs(2154).set_index("code_insee")
    homes = land.query("CODE_CS == 'CS1.1.1.1' and CODE_US == 'US5'").intersection(communes.geometry["04143"])
    in_disc = homes.intersection(station.buffer(3_750, quad_segs=64)).area.sum() / homes.area.sum()
    # La Brillanne: half of its ten flows, at least the hectare of the guarantee, less what is taken since.
    flows = pd.read_csv(SAMPLE / "enaf_2009_2024.csv", sep=";", encoding="utf-8-sig", dtype={"idcom": str})
    flows = flows.set_index("idcom").loc["04034"]
    reference, since = (
        sum(flows[f"naf{year}art{year + 1}"] for year in years) / 10_000 for years in (range(11, 21), range(21, 24))
    )
    allowance = max(reference / 2, 1.0)
    left = allowance - since
    edge = shapely.box(station.x - 140, station.y + 480, station.x + 10, station.y + 580)
    taken = land[land["CODE_CS"].str.startswith("CS1.1")].geometry.intersection(edge).area.sum() / 10_000
    takes = {"Champ contre la gare": (2.0, 2.0), "Lisière du bourg": (1.5, 1.5 - taken)}
    scales = pd.read_csv(FACTS / "projects.csv")["scale"].str.partition(":")[0].value_counts()
    return [
        *(f"{mode} : {french(open_km, 1)} km en {1 + lone} morceaux" for mode in ("à pied", "à vélo")),
        *(f"ha sur les {math.pi * (0.08 * minutes) ** 2 * 100:.0f} ha du cercle" for minutes in (5, 10, 15)),
        f"communes : {french(people.sum())} habitants ; recensés : {french(people.sum())}",
        f"Oraison, 15 min à vélo : environ {french(round(people['04143'] * in_disc, -1))} habitants dans le cercle",
        f"{scales.sum()} actions : Tout le territoire {scales['pays']}, Site {scales['site']}",
        "actions dont l'emprise est connue : 0",
        f"La Brillanne : reste {french(left, 2)} ha sur {french(allowance, 2)}",
        *(
            f"{name} : emprise {french(area, 2)} ha, prise potentielle {french(take, 2)} ha ; "
            f"La Brillanne passe de {french(left, 2)} à {french(left - take, 2)} ha"
            for name, (area, take) in takes.items()
        ),
    ]


#: What each notebook must print on the sample.
PRINTED = {
    "01-territoire.ipynb": ["51 communes, 150\u202f1"],
    "02-cartes.ipynb": [
        "Jeu d'essai : contours schématiques, occupation du sol, consommation et routes fictives",
        "quantiles : ",
        "fisher_jenks : ",
        "ma-carte.html",
        "carte-indicateurs-plan.html",
        "consommation-2020.pdf",
    ],
    "03-sobriete-fonciere.ipynb": [
        "Jeu d'essai : contours schématiques, occupation du sol, consommation et routes fictives",
        "occupation du sol, département 83 : 2020, 47 polygones",
        "consommation d'ENAF : flux de 2009 à 2023",
        "Manosque, artificialisation nette, 2018-2021 : ",
        "couvertures, 100,0 % de la commune",
        "polygones qui changent de statut : 0 sur 1508",
        "Durance-Luberon-Verdon Agglomération (DLVA) : 2017-2020 + 2018-2021, ",
        "année provisoire : [2023]",
        "sans total au 2°",
        *facts_of_consumption(),
    ],
    "04-poles-multimodaux.ipynb": [
        "Jeu d'essai : contours schématiques, occupation du sol, consommation et routes fictives",
        "réseau routier fictif",
        "gare La Brillanne - Oraison, commune de La Brillanne",
        "hectares en commun, de 5 à 30 minutes : 0,0",
        "couverture : 100,0 % de l'aire",
        "SCoT : 100,0 % de l'aire",
        "Prise potentielle seulement",
        "carte-la-brillanne.html",
        "comparaison.html",
        *facts_of_hubs(),
    ],
    "05-sig-mutualise.ipynb": [
        "Jeu d'essai : contours schématiques, occupation du sol, consommation et routes fictives",
        "territoire.gpkg : ",
        "territoire.jsonld : ",
        "Indicateurs des communes : 18 style(s), dont « Consommation d'ENAF",
        "rapport-triennal-04112-manosque.docx",
        "aucune base : donnez son adresse dans HP_SIG_DATABASE",
        "écart le plus grand entre les outils : 0.0 ha",
    ],
}
#: What each must show in its tables.
SHOWN = {
    "01-territoire.ipynb": [],
    "02-cartes.ipynb": [
        "Pays de Haute-Provence\u00a0: communes, intercommunalités, parcs et projets",
        "Pays de Haute-Provence\u00a0: foncier et population, commune par commune",
        "Pays de Haute-Provence\u00a0: les actions du contrat, par axe",
        "Content-Security-Policy",
        "fiche-manosque.html",
    ],
    "03-sobriete-fonciere.ipynb": [
        "matrice, hors seuils",
        "bâti de 50 m² ou plus\u00a0: reste artificialisé",
        "petite surface artificialisée isolée\u00a0: ne l'est plus",
        "Zones bâties (CS1.1.1.1)",
        "2017-2020 + 2018-2021",
        "en baisse",
        "loi en vigueur",
        "proposition de loi, non adoptée",
        "12,00",
        "donnée manquante",
        "millésimes mêlés\u00a0: seulement par an",
        "4° Respect de l'objectif",
    ],
    "04-poles-multimodaux.ipynb": [
        "Part du cercle qui est atteinte (%)",
        "sols bâtis d'habitation",
        "superficie, faute de mieux",
        "29\u202f036",
        "Prise potentielle d'ENAF (ha)",
        "non connue",
        "Comparer les variantes A et B",
        "Pôle multimodal de La Brillanne\u00a0: d'où l'on y vient, et quel sol autour",
        "Content-Security-Policy",
        "fiche-la-brillanne.html",
    ],
    "05-sig-mutualise.ipynb": [
        "Consommation d'ENAF par an",
        "zone_layer, zone_code, year",
        "Composition des EPCI à fiscalité propre (BANATIC)",
        "rapport-triennal-04112-manosque.html",
        # naf20art21 of Manosque, in square metres, divided by 10 000.
        "6.3163",
    ],
}
#: What each writes.
WRITTEN = {
    "01-territoire.ipynb": ["carte-territoire.html"],
    "02-cartes.ipynb": [
        "ma-carte.html",
        "carte-indicateurs.html",
        "carte-indicateurs-plan.html",
        "consommation-2020.pdf",
    ],
    "03-sobriete-fonciere.ipynb": [],
    "04-poles-multimodaux.ipynb": ["carte-la-brillanne.html", "comparaison.html"],
    "05-sig-mutualise.ipynb": [
        "sig-mutualise/territoire.gpkg",
        "sig-mutualise/territoire.xlsx",
        "sig-mutualise/rapport-triennal-04112-manosque.docx",
    ],
}


def read(path):
    return nbformat.read(path, as_version=4)


def outputs(notebook):
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def test_there_are_notebooks_to_run_and_each_has_its_facts():
    assert [path.name for path in NOTEBOOKS] == list(PRINTED) == list(SHOWN) == list(WRITTEN)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_is_committed_without_outputs(path):
    cells = [cell for cell in read(path).cells if cell.cell_type == "code"]

    assert all(cell.outputs == [] and cell.execution_count is None for cell in cells)


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_defines_nothing_and_uses_public_names_only(path):
    code = "\n".join(cell.source for cell in read(path).cells if cell.cell_type == "code")

    found = [node for node in ast.walk(ast.parse(code)) if isinstance(node, ast.FunctionDef | ast.ClassDef)]
    used = {
        node.attr
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "hp_sig"
    }
    imported = {node.module for node in ast.walk(ast.parse(code)) if isinstance(node, ast.ImportFrom) and node.module}
    assert found == []
    assert used <= set(hp_sig.__all__)
    assert [name for name in imported if name.startswith("hp_sig")] == []


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.name)
def test_a_notebook_runs_from_top_to_bottom_on_the_sample(path, tmp_path, monkeypatch):
    monkeypatch.setenv("IPYTHONDIR", str(tmp_path / "ipython"))
    notebook = read(path)

    NotebookClient(notebook, timeout=120, resources={"metadata": {"path": str(tmp_path)}}).execute()

    printed = "".join(output["text"] for output in outputs(notebook) if "text" in output)
    shown = html.unescape(
        "".join(output["data"].get("text/html", "") for output in outputs(notebook) if "data" in output)
    )
    assert [fact for fact in PRINTED[path.name] if fact not in printed] == []
    assert [fact for fact in SHOWN[path.name] if fact not in shown] == []
    assert all((tmp_path / name).stat().st_size > 100_000 for name in WRITTEN[path.name])
