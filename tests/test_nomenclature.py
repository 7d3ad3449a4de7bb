import csv
from itertools import product

import pytest

from hp_sig import LayerError
from hp_sig.reference.nomenclature import (
    LAND_CLASSES,
    artificialised_pairs,
    colour,
    corine_classes,
    cover_codes,
    cover_label,
    decree_categories,
    read_matrix,
    roll_up,
    sealed_covers,
    use_codes,
    use_label,
    zone_kinds,
)

#: Uses that make herbaceous land artificialised (category 4 of the decree, as the State's passage table reads it).
URBAN_USES = {
    *("US2", "US3", "US5", "US235", "US4.1.1", "US4.1.2", "US4.1.3", "US4.1.4", "US4.1.5", "US4.2", "US4.3"),
    *("US6.1", "US6.2"),
}


def by_rule(cover: str, use: str) -> bool:
    """The matrix in words: built, sealed and composite land always; mineral land but in quarries; grass where urban."""
    if cover in {"CS1.1.1.1", "CS1.1.1.2", "CS1.1.2.2"}:
        return True
    if cover == "CS1.1.2.1":
        return use != "US1.3"
    return cover in {"CS2.2.1", "CS2.2.2"} and use in URBAN_USES


def test_there_are_14_covers_and_20_uses():
    assert (len(cover_codes()), len(use_codes())) == (14, 20)
    assert len(set(cover_codes())) == 14
    assert len(set(use_codes())) == 20


@pytest.mark.parametrize(("cover", "use"), list(product(cover_codes(), use_codes())))
def test_each_of_the_280_cells_is_what_the_rule_says(cover, use):
    assert ((cover, use) in artificialised_pairs()) == by_rule(cover, use)


def test_105_cells_are_artificialised():
    # 3 covers x 20 uses, 19 uses for mineral land, 13 uses for each of two herbaceous covers.
    assert len(artificialised_pairs()) == 3 * 20 + 19 + 2 * 13 == 105


def test_built_and_paved_land_is_sealed():
    assert sealed_covers() == {"CS1.1.1.1", "CS1.1.1.2"}


def test_every_code_has_a_label_and_a_colour():
    assert all(cover_label(code).strip() for code in cover_codes())
    assert all(use_label(code).strip() for code in use_codes())
    assert all(colour(code).startswith("#") and len(colour(code)) == 7 for code in (*cover_codes(), *use_codes()))


@pytest.mark.parametrize("ask", [cover_label, use_label, colour])
def test_an_unknown_code_is_refused(ask):
    with pytest.raises(ValueError, match="'XX9' is not a code"):
        ask("XX9")


@pytest.mark.parametrize(
    ("code", "level", "higher"),
    [("CS2.1.1.3", 2, "CS2.1"), ("CS2.1.2", 4, "CS2.1.2"), ("US4.1.1", 1, "US4"), ("US235", 2, "US235")],
)
def test_a_code_rolls_up_to_its_level(code, level, higher):
    assert roll_up(code, level) == higher


def test_a_level_under_one_is_refused():
    with pytest.raises(ValueError, match="1 or more expected, found 0"):
        roll_up("CS1", 0)


def test_the_decree_has_ten_categories_of_which_five_are_artificialised():
    categories = decree_categories()

    assert categories.index.tolist() == list(range(1, 11))
    assert categories["is_artificialised"].tolist() == [True] * 5 + [False] * 5
    assert categories["min_area_m2"].tolist() == [50.0] + [2500.0] * 9


def test_corine_has_44_classes_in_six():
    classes = corine_classes()

    assert len(classes) == 44
    assert set(classes["land_class"]) == set(LAND_CLASSES)
    # By the first digit, forests (31x) apart.
    first = {"1": "artificial", "2": "agricultural", "3": "natural", "4": "wetland", "5": "water"}
    expected = ["forest" if code.startswith("31") else first[code[0]] for code in classes.index]
    assert classes["land_class"].tolist() == expected


def test_the_zones_of_the_cnig_standard_have_a_kind():
    assert set(zone_kinds("typezone").values()) == {"U", "AU", "A", "N"}
    assert set(zone_kinds("typesect")) == {"01", "02", "03", "99"}


def matrix_file(path, change=lambda rows: rows):
    rows = [[cover, use, str(int(by_rule(cover, use)))] for cover, use in product(cover_codes(), use_codes())]
    with path.open("w", newline="", encoding="utf-8") as stream:
        csv.writer(stream).writerows([["cover_code", "use_code", "is_artificialised"], *change(rows)])
    return path


def test_a_whole_matrix_is_read(tmp_path):
    assert read_matrix(matrix_file(tmp_path / "matrix.csv")) == artificialised_pairs()


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        (lambda rows: rows[1:], "280 pairs expected, 1 are missing"),
        (lambda rows: [*rows, rows[0]], "1 pairs come more than once"),
        (lambda rows: [*rows, ["CS9", "US1.1", "0"]], "1 pairs are not of the nomenclature"),
        (
            lambda rows: [["CS1.1.1.1", "US1.1", "oui"], *rows[1:]],
            "0 or 1 expected in « is_artificialised », found 'oui'",
        ),
    ],
)
def test_every_fault_of_a_matrix_is_told(tmp_path, change, fault):
    with pytest.raises(LayerError) as caught:
        read_matrix(matrix_file(tmp_path / "matrix.csv", change))

    assert fault in str(caught.value)
