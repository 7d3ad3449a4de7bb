import pytest

from hp_sig.reference.fields import find_fields
from hp_sig.reference.labels import format_number, format_quantity, wording


@pytest.mark.parametrize(
    ("value", "decimals", "text"),
    [
        (150134.338, 0, "150\u202f134"),
        (1234567.891, 2, "1\u202f234\u202f567,89"),
        (0.0, 1, "0,0"),
        (-0.04, 1, "0,0"),
        (-1234.5, 1, "-1\u202f234,5"),
        (float("nan"), 1, "\u2013"),
        (None, 1, "\u2013"),
    ],
)
def test_numbers_follow_french_typography(value, decimals, text):
    assert format_number(value, decimals) == text


def test_a_share_is_shown_as_a_percentage_and_an_unknown_one_as_a_dash():
    assert format_quantity("share_of_zone", 0.139) == "13,9\u00a0%"
    assert format_quantity("share_of_zone", float("nan")) == "\u2013"


def test_zero_is_shown_as_zero():
    assert format_quantity("overlap_ha", 0.0) == "0,0\u00a0ha"


def test_a_wording_is_filled_in():
    assert wording("map", "members_partial", count=13, total=21) == "13 communes sur 21 dans le territoire"


def test_fields_are_found_without_regard_to_case_and_the_most_trustworthy_first():
    found = find_fields("communes", ["CODE", "nom", "INSEE_COM", "NOM_COM"])

    assert found == {"commune_code": "INSEE_COM", "name": "NOM_COM"}


def test_a_given_field_is_taken_as_it_is():
    assert find_fields("communes", ["x", "nom"], {"commune_code": "x"})["commune_code"] == "x"
