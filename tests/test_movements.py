from pathlib import Path

import pandas as pd
import pytest

from hp_sig import LayerError
from hp_sig.layers.communes import read_movements
from hp_sig.layers.movements import read_cog_movements
from hp_sig.reference.fields import package_file

HEADER = (
    '"MOD","DATE_EFF","TYPECOM_AV","COM_AV","TNCC_AV","NCC_AV","NCCENR_AV","LIBELLE_AV",'
    '"TYPECOM_AP","COM_AP","TNCC_AP","NCC_AP","NCCENR_AP","LIBELLE_AP"'
)
OWN = "year,kind,code_before,name_before,code_after,name_after\n"


def insee_row(mod: str, date: str, before: str, after: str) -> str:
    """`before` and `after`: type, code and name, such as « COM 04063 Corbières »."""
    cells = [mod, date]
    for side in (before, after):
        kind, code, name = side.split(" ", 2)
        cells += [kind, code, "0", name.upper(), name, name]
    return ",".join(f'"{cell}"' for cell in cells)


def insee_file(folder: Path, *rows: str, header: str = HEADER, name: str = "v_mvt_commune_2025.csv") -> Path:
    path = folder / name
    path.write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return path


def own_file(folder: Path, *rows: str) -> Path:
    path = folder / "movements.csv"
    path.write_text(OWN + "\n".join(rows) + "\n", encoding="utf-8")
    return path


def told(movements: pd.DataFrame) -> list[list[str]]:
    dates = movements["date"].dt.strftime("%Y-%m-%d")
    return movements.assign(date=dates).to_numpy().tolist()


#: INSEE, Code officiel géographique: Béon joins Culoz, which is called Culoz-Béon.
CULOZ = [
    insee_row("32", "2023-01-01", "COM 01138 Culoz", "COM 01138 Culoz-Béon"),
    insee_row("32", "2023-01-01", "COM 01039 Béon", "COM 01138 Culoz-Béon"),
    insee_row("32", "2023-01-01", "COM 01039 Béon", "COMD 01039 Béon"),
    insee_row("32", "2023-01-01", "COM 01138 Culoz", "COMD 01138 Culoz"),
]


@pytest.mark.parametrize("header", [HEADER, HEADER.lower()])
def test_movements_of_insee_are_kept_between_communes_only(tmp_path, header):
    movements = read_cog_movements(insee_file(tmp_path, *CULOZ, header=header))

    assert told(movements) == [
        ["2023-01-01", "merge", "01039", "Béon", "01138", "Culoz-Béon"],
        ["2023-01-01", "merge", "01138", "Culoz", "01138", "Culoz-Béon"],
    ]
    assert movements.columns.tolist() == ["date", "kind", "code_before", "name_before", "code_after", "name_after"]
    assert movements["date"].dtype == "datetime64[s]"
    assert movements.attrs["notes"] == []


@pytest.mark.parametrize(
    ("mod", "kind"),
    [
        *[("10", "rename"), ("20", "split"), ("21", "split"), ("30", "split"), ("31", "merge"), ("32", "merge")],
        *[("33", "merge"), ("34", "status"), ("35", "status"), ("41", "recode"), ("50", "recode")],
        *[("70", "status"), ("71", "status"), ("72", "status")],
    ],
)
def test_each_type_of_event_of_insee_has_its_kind(tmp_path, mod, kind):
    after = "COM 04002 B" if kind == "recode" else "COM 04001 B"

    movements = read_cog_movements(insee_file(tmp_path, insee_row(mod, "2020-01-01", "COM 04001 A", after)))

    assert movements["kind"].tolist() == [kind]


def test_rows_that_insee_gives_twice_are_read_once(tmp_path):
    # Saumur is three times in the file of 2020.
    row = insee_row("34", "2014-04-01", "COM 49328 Saumur", "COM 49328 Saumur")

    assert len(read_cog_movements(insee_file(tmp_path, row, row, row))) == 1


def test_movements_are_in_the_order_of_dates_whatever_their_form(tmp_path):
    rows = [
        insee_row("10", "01/03/2019", "COM 04001 A", "COM 04001 B"),
        insee_row("10", "2018-06-30 00:00:00", "COM 04002 A", "COM 04002 B"),
        insee_row("10", "2019-02-28", "COM 04003 A", "COM 04003 B"),
    ]

    movements = read_cog_movements(insee_file(tmp_path, *rows))

    assert movements["code_before"].tolist() == ["04002", "04003", "04001"]
    assert movements["date"].dt.strftime("%d/%m/%Y").tolist() == ["30/06/2018", "28/02/2019", "01/03/2019"]


def test_every_fault_of_a_file_of_insee_is_in_one_error(tmp_path):
    rows = [
        insee_row("32", "2019-13-01", "COM 04001 A", "COM 04002 B"),
        insee_row("99", "2019-01-01", "COM 04001 A", "COM 04002 B"),
        insee_row("32", "2019-01-01", "COM 4X A", "COM 04002 B"),
    ]

    with pytest.raises(LayerError) as raised:
        read_cog_movements(insee_file(tmp_path, *rows))

    assert len(raised.value.faults) == 3
    assert "MOD that is not known: '99'" in str(raised.value)
    assert "found '2019-13-01'" in str(raised.value)
    assert "not commune codes: '4X'" in str(raised.value)


def test_a_type_of_event_that_is_not_known_and_changes_no_code_is_told(tmp_path):
    movements = read_cog_movements(insee_file(tmp_path, insee_row("73", "2026-01-01", "COM 04001 A", "COM 04001 A")))

    assert movements["kind"].tolist() == ["status"]
    (note,) = movements.attrs["notes"]
    assert "'73'" in note


def test_a_file_of_insee_without_one_of_its_columns_names_it(tmp_path):
    path = tmp_path / "mvt.csv"
    path.write_text("MOD,DATE_EFF,COM_AV,COM_AP\n32,2019-01-01,04001,04002\n", encoding="utf-8")

    with pytest.raises(LayerError, match="expected the columns 'TYPECOM_AV', 'LIBELLE_AV'"):
        read_cog_movements(path)


def test_a_file_without_a_commune_on_both_sides_is_refused(tmp_path):
    row = insee_row("33", "1973-01-01", "COMA 04001 A", "COM 04002 B")

    with pytest.raises(LayerError, match="expected movements of communes"):
        read_cog_movements(insee_file(tmp_path, row))


def test_a_merger_under_a_code_taken_the_same_day_keeps_the_commune_of_that_code(tmp_path):
    # 14507 joins Pont-Farcy, which leaves the Calvados for the Manche on the same day: 14513 → 50649.
    rows = [
        insee_row("41", "2018-01-01", "COM 14513 Pont-Farcy", "COM 50649 Pont-Farcy"),
        insee_row("32", "2018-01-01", "COM 14507 Pleines-Œuvres", "COM 50649 Pont-Farcy"),
    ]

    movements = read_cog_movements(insee_file(tmp_path, *rows))

    merges = movements.loc[movements["kind"] == "merge", "code_before"].tolist()
    assert merges == ["14507", "50649"]


def test_the_table_of_the_package_says_that_corbieres_was_renamed():
    movements = read_cog_movements(package_file("movements.csv"))

    assert told(movements) == [["2018-01-01", "rename", "04063", "Corbières", "04063", "Corbières-en-Provence"]]


def test_the_small_table_gives_the_rows_of_read_movements_and_the_commune_that_keeps_its_code(tmp_path):
    path = own_file(tmp_path, "2018,merge,4009,Petit,04001,Grand")

    movements = read_cog_movements(path)

    assert told(movements) == [
        ["2018-01-01", "merge", "04001", "Grand", "04001", "Grand"],
        ["2018-01-01", "merge", "04009", "Petit", "04001", "Grand"],
    ]
    columns = ["kind", "code_before", "name_before", "code_after", "name_after"]
    assert movements[columns].to_dict("records")[1] == read_movements(path)[columns].to_dict("records")[0]
    assert "leading zero" in movements.attrs["notes"][0]


@pytest.mark.parametrize(
    ("row", "fault"),
    [
        ("18,rename,04001,A,04001,B", "years such as 2018 are expected in 'year', found '18'"),
        ("2018,fusion,04001,A,04002,B", "kinds expected: rename, merge, split, recode; found 'fusion'"),
        ("2018,rename,04001,A,04002,B", "renames that change the code: '04001'"),
        ("2018,rename,04001,A,04001,", "renames without name_before or name_after: '04001'"),
        ("2018,recode,04001,A,04001,B", "recodes that keep the code: '04001'"),
        ("2018,split,04001,A,04002,B", "splits with one part only: '04001'"),
        ("2018,merge,04001,A,04002,B\n2018,merge,04002,B,04003,C", "merged the same year: '04002'"),
        ("2018,merge,abc,A,04002,B", "not commune codes: 'abc'"),
    ],
)
def test_a_row_of_the_small_table_that_contradicts_its_kind_is_a_fault(tmp_path, row, fault):
    with pytest.raises(LayerError) as raised:
        read_cog_movements(own_file(tmp_path, row))

    assert fault in str(raised.value)


def test_a_table_of_something_else_is_refused_with_the_layouts_that_are_read(tmp_path):
    path = tmp_path / "population.csv"
    path.write_text("insee,annee,pmun\n04112,2021,22926\n", encoding="utf-8")

    with pytest.raises(LayerError, match=r"v_mvt_commune_2025\.csv"):
        read_cog_movements(path)


def test_an_absent_file_is_named(tmp_path):
    with pytest.raises(LayerError, match=r"v_mvt_commune_2025\.csv"):
        read_cog_movements(tmp_path / "v_mvt_commune_2025.csv")
