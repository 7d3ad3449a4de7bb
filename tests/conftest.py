"""A territory of six square communes of 1 km (100 ha each), so that every expected figure is mental arithmetic.

y
2 ┌───┬───┬───┐    D E F        EPCI 200000001: A B D      park P covers the western 1.4 km: A and D inside,
  │ D │ E │ F │                 EPCI 200000002: C E F      B and E cut at 40 %; park Q sticks 100 m into C and F
1 ├───┼───┼───┤    A B C        in 2017, B moves to 200000002
  │ A │ B │ C │
0 └───┴───┴───┘
  0   1   2   3 km, from (900 000, 6 300 000) in Lambert-93
"""

import copy
import os
import shutil
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import filelock
import geopandas as gpd
import pandas as pd
import pytest
from squares import CODES, square

from hp_sig import Layers, find_inputs, load_layers, load_territory

#: Run by the system's own Python, which knows QGIS.
collect_ignore = ["qgis_render.py"]
#: What may name a database, or hold its password.
DATABASE = ("HP_SIG_DATABASE", "PGSERVICE", "PGHOST", "PGHOSTADDR", "PGDATABASE", "PGPASSWORD")

#: Layers by the files that they were read from, each with its SHA-256.
_READ: dict[tuple[tuple[str, str, str], ...], Layers] = {}

TERRITORY = """
name = "Six carrés"
cog_year = 2015

[communes]
codes = ["04001", "04002", "04003", "04004", "04005", "83006"]

[boundaries]
file = "communes.gpkg"
vintage = "2020"
producer = "IGN"
source = "ADMIN EXPRESS"
licence = "Licence Ouverte 2.0"

[[zones]]
id = "epci"
label = "Intercommunalités au 1er janvier 2015"
kind = "communes"
cog_year = 2015
file = "epci_2015.csv"
vintage = "2015"
producer = "DGCL"
source = "BANATIC"
licence = "Licence Ouverte 2.0"

[[zones]]
id = "epci"
label = "Intercommunalités au 1er janvier 2017"
kind = "communes"
cog_year = 2017
file = "epci_2017.csv"
vintage = "2017"
producer = "DGCL"
source = "BANATIC"
licence = "Licence Ouverte 2.0"

[[zones]]
id = "scot"
label = "SCoT"
kind = "communes"
cog_year = 2018
file = "scot.csv"
vintage = "2018"
producer = "DDT"
source = "SCoT"
licence = "Licence Ouverte 2.0"

[[zones]]
id = "pnr"
label = "Parcs naturels régionaux"
kind = "perimeter"
file = "pnr.geojson"
vintage = "2021"
producer = "INPN"
source = "PNR"
licence = "Licence Ouverte 2.0"

[population]
file = "population.csv"
year = 2021
vintage = "2021"
producer = "INSEE"
source = "Populations légales"
licence = "Licence Ouverte 2.0"

[stations]
file = "stations.csv"
vintage = "2022"
producer = "SNCF"
source = "Gares"
licence = "Licence Ouverte 2.0"

[projects]
file = "projects.csv"
vintage = "2015"
producer = "Pays"
source = "CRET"
licence = "Licence Ouverte 2.0"
"""


def six_communes() -> gpd.GeoDataFrame:
    """Six communes of 100 ha as `read_communes` gives them."""
    letters = list(CODES)
    frame = gpd.GeoDataFrame(
        {"name": letters, "population": [10.0, 20.0, 30.0, 40.0, 50.0, 60.0]},
        geometry=[square(i % 3, i // 3) for i in range(6)],
        crs=2154,
    )
    frame.index = pd.Index(list(CODES.values()), name="commune_code")
    return frame


def two_parks() -> gpd.GeoDataFrame:
    """Two parks: P over the western 1.4 km, Q over the eastern 0.1 km (and far beyond, to the east)."""
    frame = gpd.GeoDataFrame(
        {"name": ["Parc P", "Parc Q"]}, geometry=[square(-5, -5, 6.4, 12), square(2.9, -5, 6, 12)], crs=2154
    )
    frame.index = pd.Index(["FR8000001", "FR8000002"], name="pnr_code")
    return frame


@pytest.fixture(scope="session")
def _drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Draw the raw files once a process; each test has a copy of its own."""
    folder = tmp_path_factory.mktemp("drawn") / "raw"
    folder.mkdir()
    communes, parks = six_communes(), two_parks()
    boundaries = gpd.GeoDataFrame(
        {
            "INSEE_COM": communes.index.to_numpy(),
            "NOM_COM": communes["name"].to_numpy(),
            "INSEE_DEP": [code[:2] for code in communes.index],
            "POPULATION": [10, 20, 30, 40, 50, 60],
        },
        geometry=communes.geometry.to_numpy(),
        crs=2154,
    )
    boundaries.to_file(folder / "communes.gpkg", layer="commune", driver="GPKG")
    drawn = parks.to_crs(4326).reset_index()
    drawn.rename(columns={"pnr_code": "DRGP_C_COD", "name": "DRGP_L_LIB"}).to_file(folder / "pnr.geojson")
    first, second = "200000001", "200000002"
    for year, zones in ((2015, [first, first, second]), (2017, [first, second, second])):
        members = [*zones, first, second, second]
        rows = [f"{siren};EPCI {siren[-1]};{int(code)}" for siren, code in zip(members, CODES.values(), strict=True)]
        (folder / f"epci_{year}.csv").write_text("siren;nom;insee\n" + "\n".join(rows) + "\n", encoding="utf-8")
    scot = ["S1,SCoT 1,approved,04001", "S1,SCoT 1,approved,04002", "S2,SCoT 2,in_progress,04003"]
    (folder / "scot.csv").write_text(
        "scot_id,scot_name,status,commune_code\n" + "\n".join(scot) + "\n", encoding="utf-8"
    )
    population = [f"{code},{10 * rank}" for rank, code in enumerate(CODES.values(), start=1)]
    (folder / "population.csv").write_text("commune_code,2021\n" + "\n".join(population) + "\n", encoding="utf-8")
    lon, lat = (gpd.GeoSeries([square(0, 0).centroid], crs=2154).to_crs(4326).get_coordinates().iloc[0]).round(6)
    (folder / "stations.csv").write_text(
        f"uic_code,name,passengers,lon,lat\n87000001,Gare A,O,{lon},{lat}\n", encoding="utf-8"
    )
    projects = [
        f"hub,1-transition,Pôle A,site,04001,,87000001,{lon},{lat},CRET",
        "house,4-solidarites,Maison B,commune,04002,,,,,CRET",
        "homes,2-sobriete,Logements,epci,,200000002,,,,CRET",
        "gis,2-sobriete,SIG mutualisé,pays,,,,,,CRET",
    ]
    header = "project_id,axis,name,scale,commune_code,epci_siren,station_uic,lon,lat,source"
    (folder / "projects.csv").write_text("\n".join([header, *projects]) + "\n", encoding="utf-8")
    return folder


@pytest.fixture
def communes() -> gpd.GeoDataFrame:
    """Six communes of 100 ha as `read_communes` gives them."""
    return six_communes()


@pytest.fixture
def parks() -> gpd.GeoDataFrame:
    """Two parks: P over the western 1.4 km, Q over the eastern 0.1 km (and far beyond, to the east)."""
    return two_parks()


@pytest.fixture
def raw(tmp_path: Path, _drawn: Path) -> Path:
    """A folder of raw files of the six squares, in the forms in which producers deliver them."""
    return Path(shutil.copytree(_drawn, tmp_path / "raw"))


@pytest.fixture
def territory_file(tmp_path: Path) -> Path:
    """The territory file of the six squares."""
    path = tmp_path / "territory.toml"
    path.write_text(TERRITORY, encoding="utf-8")
    return path


@pytest.fixture
def layers(raw: Path, territory_file: Path) -> Layers:
    """The layers of the six squares, read and checked; files that were read before are not read again."""
    territory = load_territory(territory_file)
    inputs = find_inputs(territory, raw)
    key = tuple((item.name, item.path.relative_to(raw.parent).as_posix(), item.sha256) for item in inputs)
    if key not in _READ:
        _READ[key] = load_layers(territory, inputs)
    return replace(copy.deepcopy(_READ[key]), territory=territory)


class SampleRun(NamedTuple):
    """What `hp-sig refresh` made in an empty folder, and what it said; nobody may write there."""

    results: Path
    told: str


@pytest.fixture(scope="session")
def sample_run(tmp_path_factory: pytest.TempPathFactory) -> SampleRun:
    """Refresh the sample as a new user does, once for all the processes that run tests."""
    base = tmp_path_factory.getbasetemp()
    home = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "sample run"
    told = home / "told.txt"
    with filelock.FileLock(f"{home}.lock"):
        if not told.exists():
            home.mkdir()
            settings = {name: value for name, value in os.environ.items() if not name.startswith("HP_SIG_")}
            done = subprocess.run(
                [sys.executable, "-m", "hp_sig.cli", "refresh"],
                cwd=home,
                env={**settings, "PYTHONIOENCODING": "utf-8"},
                check=True,
                capture_output=True,
            )
            told.write_bytes(done.stdout)
    return SampleRun(home / "data" / "processed", told.read_text(encoding="utf-8"))


@pytest.fixture(autouse=True)
def _away(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Run each test in an empty folder, without the caller's settings."""
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    for name in ("HP_SIG_RAW", "HP_SIG_TERRITORY", *DATABASE):
        monkeypatch.delenv(name, raising=False)
