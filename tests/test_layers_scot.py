from pathlib import Path

import geopandas as gpd
import pandas as pd
import pyogrio
import pytest
from shapely import Polygon
from squares import square

from hp_sig import LayerError, read_scot

SCOT = "200034700_SCOT_20180709"


def write(path: Path, text: str) -> Path:
    path.write_text(text, encoding="utf-8")
    return path


# A list of communes


def test_a_list_gives_one_row_a_scot_with_its_communes_sorted(tmp_path):
    path = write(
        tmp_path / "scot.csv",
        "scot_id,scot_name,status,approved_on,commune_code\n"
        "S2,SCoT 2,in_progress,,04003\n"
        "S1,SCoT 1,approved,2018-07-09,83150\n"
        "S1,SCoT 1,approved,2018-07-09,04112\n",
    )

    scot = read_scot(path, vintage="2018")

    assert scot.index.tolist() == ["S1", "S2"]
    assert scot.index.name == "scot_id"
    assert scot.columns.tolist() == ["name", "status", "approved_on", "commune_codes", "geometry"]
    assert scot.loc["S1", ["name", "status", "approved_on", "commune_codes"]].tolist() == [
        "SCoT 1",
        "approved",
        "2018-07-09",
        "04112 83150",
    ]
    assert scot.at["S2", "status"] == "in_progress"
    assert pd.isna(scot.at["S2", "approved_on"])
    assert scot.geometry.isna().all()
    assert scot.crs.to_epsg() == 2154
    assert scot.attrs["vintage"] == "2018"


def test_a_list_that_says_no_status_gives_unknown_and_never_approved(tmp_path):
    path = write(tmp_path / "scot.csv", "scot_id;commune_code\nS1;4112\nS1;04143\n")

    scot = read_scot(path, vintage="2018")

    assert scot["status"].tolist() == ["unknown"]
    assert scot["name"].tolist() == ["S1"]
    assert scot["commune_codes"].tolist() == ["04112 04143"]
    assert "leading zero of 1 codes" in scot.attrs["notes"][0]


def test_a_status_of_none_is_kept_as_a_source_says_it(tmp_path):
    path = write(tmp_path / "scot.csv", "scot_id,status,commune_code\naucun,none,04112\n")

    assert read_scot(path, vintage="2018")["status"].tolist() == ["none"]


def test_a_status_that_is_not_one_is_told_with_those_expected(tmp_path):
    path = write(tmp_path / "scot.csv", "scot_id,status,commune_code\nS1,validé,04112\n")

    with pytest.raises(
        LayerError, match=r"unknown status 'validé'\. Expected one of approved, in_progress, none, unknown"
    ):
        read_scot(path, vintage="2018")


def test_two_statuses_for_one_scot_are_a_fault(tmp_path):
    path = write(tmp_path / "scot.csv", "scot_id,status,commune_code\nS1,approved,04112\nS1,in_progress,04143\n")

    with pytest.raises(LayerError, match="S1"):
        read_scot(path, vintage="2018")


def test_all_the_faults_of_a_list_are_in_one_error(tmp_path):
    path = write(tmp_path / "scot.csv", "scot_id,status,commune_code\nS1,oui,04112\nS2,approved,x\n,approved,04143\n")

    with pytest.raises(LayerError, match="3 faults") as caught:
        read_scot(path, vintage="2018")

    for words in ("not commune codes: 'x'", "rows have no SCoT: '04143'", "unknown status 'oui'"):
        assert words in str(caught.value)


def test_a_list_without_communes_tells_what_is_missing(tmp_path):
    path = write(tmp_path / "scot.csv", "scot_id,scot_name\nS1,SCoT 1\n")

    with pytest.raises(LayerError, match=r"« commune_code » \(known names: .*found the columns scot_id, scot_name"):
        read_scot(path, vintage="2018")


# Groupings that hold the competence


GROUPINGS = (
    "siren;nom;type;departement;competence_scot;competence_plu;membres\n"
    "200034700;CA DLVA;CA;04;True;False;4112 83150 04094\n"
    "200040624;CC Pays d'Apt-Luberon;CC;84;False;False;84003 04045\n"
    "200008258;SM Provence verte Verdon;SMF;83;True;False;200068104 200040202\n"
)


def test_a_grouping_that_has_the_competence_has_a_scot_of_unknown_status(tmp_path):
    scot = read_scot(write(tmp_path / "docurba.csv", GROUPINGS), vintage="2026")

    assert scot["status"].to_dict() == {"200034700": "unknown", "200008258": "unknown"}
    assert scot.at["200034700", "name"] == "CA DLVA"
    assert scot.at["200034700", "commune_codes"] == "04094 04112 83150"
    assert scot["approved_on"].isna().all()


def test_a_grouping_without_the_competence_is_left_out(tmp_path):
    scot = read_scot(write(tmp_path / "docurba.csv", GROUPINGS), vintage="2026")

    assert "200040624" not in scot.index


def test_a_grouping_of_groupings_is_noted_and_has_no_commune(tmp_path):
    scot = read_scot(write(tmp_path / "docurba.csv", GROUPINGS), vintage="2026")

    assert scot.at["200008258", "commune_codes"] == ""
    assert any("1 groupings list other groupings as members ('200008258')" in note for note in scot.attrs["notes"])


def test_a_member_that_lost_its_zero_gets_it_back_and_it_is_said(tmp_path):
    scot = read_scot(write(tmp_path / "docurba.csv", GROUPINGS), vintage="2026")

    assert any("'4112' → '04112'" in note for note in scot.attrs["notes"])


def test_a_grouping_listed_twice_is_a_fault(tmp_path):
    path = write(tmp_path / "docurba.csv", GROUPINGS + "200034700;CA DLVA;CA;04;True;False;04112\n")

    with pytest.raises(LayerError, match="groupings come more than once: '200034700'"):
        read_scot(path, vintage="2026")


def test_groupings_of_which_none_has_the_competence_are_a_fault(tmp_path):
    path = write(tmp_path / "docurba.csv", "siren;nom;competence_scot;membres\n200034700;CA DLVA;non;04112\n")

    with pytest.raises(LayerError, match="competence_scot"):
        read_scot(path, vintage="2026")


# A CNIG delivery


def dbf(path: Path, **columns: list[str | None]) -> None:
    pyogrio.write_dataframe(pd.DataFrame(columns), path, driver="ESRI Shapefile")


def delivery(
    folder: Path, *, prefix: str = "", suffix: str = "", document: dict[str, list[str | None]] | None = None
) -> Path:
    """A perimeter in two rows of one IDURBA, 1 km² each, side by side, with the tables of the document."""
    path = folder / f"{prefix}PERIMETRE_SCOT{suffix}.shp"
    gpd.GeoDataFrame({"IDURBA": [SCOT] * 2}, geometry=[square(0, 0), square(1, 0)], crs=2154).to_file(path)
    given = {"IDURBA": [SCOT], "NOM": ["SCoT de la DLVA"], "ETAT": ["03"], "DATAPPRO": ["20180709"]} | (document or {})
    dbf(folder / f"{prefix}DOC_URBA{suffix}.dbf", **given)
    dbf(folder / f"{prefix}DOC_URBA_COM{suffix}.dbf", IDURBA=[SCOT] * 2, INSEE=["83150", "04112"])
    return path


@pytest.mark.parametrize(("prefix", "suffix"), [("", ""), ("200034700_", "_20180709")])
def test_a_cnig_delivery_gives_perimeter_name_state_date_and_communes(tmp_path, prefix, suffix):
    scot = read_scot(delivery(tmp_path, prefix=prefix, suffix=suffix), vintage="2018")

    assert scot.index.tolist() == [SCOT]
    assert scot.loc[SCOT, ["name", "status", "approved_on", "commune_codes"]].tolist() == [
        "SCoT de la DLVA",
        "approved",
        "2018-07-09",
        "04112 83150",
    ]
    assert scot.crs.to_epsg() == 2154


def test_rows_of_one_document_are_dissolved(tmp_path):
    scot = read_scot(delivery(tmp_path), vintage="2018")

    shape = scot.at[SCOT, "geometry"]
    assert shape.geom_type == "MultiPolygon"
    assert len(shape.geoms) == 1
    assert shape.area == 2_000_000


@pytest.mark.parametrize(
    ("state", "status"),
    [
        *(("01", "in_progress"), ("02", "in_progress"), ("03", "approved"), ("04", "unknown")),
        *(("05", "unknown"), ("06", "unknown"), ("09", "unknown"), ("99", "unknown")),
    ],
)
def test_the_state_of_the_document_gives_the_status(tmp_path, state, status):
    scot = read_scot(delivery(tmp_path, document={"ETAT": [state]}), vintage="2018")

    assert scot["status"].tolist() == [status]


def test_a_document_annulled_is_told(tmp_path):
    scot = read_scot(delivery(tmp_path, document={"ETAT": ["04"]}), vintage="2018")

    assert scot.attrs["notes"] == [f"{SCOT} is annulé (ETAT 04): it does not count as approved."]


def test_a_perimeter_alone_has_no_communes_and_an_unknown_status(tmp_path):
    path = delivery(tmp_path)
    for file in tmp_path.glob("DOC_URBA*"):
        file.unlink()

    scot = read_scot(path, vintage="2018")

    assert scot.loc[SCOT, ["name", "status", "commune_codes"]].tolist() == [SCOT, "unknown", ""]
    assert pd.isna(scot.at[SCOT, "approved_on"])


def test_a_document_of_another_scot_says_nothing_of_this_one(tmp_path):
    scot = read_scot(delivery(tmp_path, document={"IDURBA": ["AUTRE"]}), vintage="2018")

    assert scot.loc[SCOT, ["name", "status"]].tolist() == [SCOT, "unknown"]


def test_a_date_of_approval_that_is_none_is_missing(tmp_path):
    scot = read_scot(delivery(tmp_path, document={"ETAT": ["02"], "DATAPPRO": [None]}), vintage="2018")

    assert pd.isna(scot.at[SCOT, "approved_on"])


def test_an_invalid_perimeter_is_repaired_and_counted(tmp_path):
    path = tmp_path / "PERIMETRE_SCOT.shp"
    x, y = square(0, 0).bounds[:2]
    bow_tie = Polygon([(x, y), (x + 1000, y + 1000), (x + 1000, y), (x, y + 1000)])
    gpd.GeoDataFrame({"IDURBA": [SCOT]}, geometry=[bow_tie], crs=2154).to_file(path)

    scot = read_scot(path, vintage="2018")

    # Two triangles of 25 ha.
    assert scot.area.tolist() == [pytest.approx(500_000)]
    assert "1 invalid polygon was repaired" in scot.attrs["notes"][0]


def test_a_perimeter_without_prj_is_read_when_its_system_is_declared(tmp_path):
    path = delivery(tmp_path)
    path.with_suffix(".prj").unlink()

    with pytest.raises(LayerError, match=r"PERIMETRE_SCOT\.shp: 1 fault\.\n  - lacks its \.prj"):
        read_scot(path, vintage="2018")
    assert read_scot(path, vintage="2018", crs="EPSG:2154").area.tolist() == [2_000_000]


def test_a_wrong_code_in_the_table_of_communes_is_a_fault(tmp_path):
    path = delivery(tmp_path)
    dbf(tmp_path / "DOC_URBA_COM.dbf", IDURBA=[SCOT], INSEE=["4"])

    with pytest.raises(LayerError, match="'INSEE' are not commune codes: '4'"):
        read_scot(path, vintage="2018")


def test_a_perimeter_without_identifier_is_a_fault(tmp_path):
    path = tmp_path / "PERIMETRE_SCOT.shp"
    frame = gpd.GeoDataFrame({"IDURBA": [SCOT, None]}, geometry=[square(0, 0), square(1, 0)], crs=2154)
    frame.to_file(path)

    with pytest.raises(LayerError, match="IDURBA"):
        read_scot(path, vintage="2018")


def test_a_document_without_name_is_called_by_its_identifier(tmp_path):
    scot = read_scot(delivery(tmp_path, document={"NOM": [None]}), vintage="2018")

    assert scot["name"].tolist() == [SCOT]


def test_two_documents_of_one_identifier_are_a_layer_error(tmp_path):
    twice = {"IDURBA": [SCOT] * 2, "NOM": ["a", "b"], "ETAT": ["02", "03"], "DATAPPRO": ["20180709"] * 2}

    with pytest.raises(LayerError, match=SCOT):
        read_scot(delivery(tmp_path, document=twice), vintage="2018")


def test_a_table_of_documents_without_identifier_is_a_layer_error(tmp_path):
    path = delivery(tmp_path)
    dbf(tmp_path / "DOC_URBA.dbf", ID=[SCOT], NOM=["a"], ETAT=["03"])

    with pytest.raises(LayerError, match="IDURBA"):
        read_scot(path, vintage="2018")


def test_a_table_of_communes_without_codes_is_a_layer_error(tmp_path):
    path = delivery(tmp_path)
    dbf(tmp_path / "DOC_URBA_COM.dbf", IDURBA=[SCOT], COMMUNE=["Manosque"])

    with pytest.raises(LayerError, match="INSEE"):
        read_scot(path, vintage="2018")


def test_a_date_of_approval_with_hyphens_is_kept(tmp_path):
    # A DBF field of type date is read in this form.
    scot = read_scot(delivery(tmp_path, document={"DATAPPRO": ["2018-07-09"]}), vintage="2018")

    assert scot.at[SCOT, "approved_on"] == "2018-07-09"
