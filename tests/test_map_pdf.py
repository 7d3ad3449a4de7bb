"""What stands on the sheet: read from its text layer and its drawing orders with pypdf."""

import io
import os
import re
import subprocess
import sys
from dataclasses import replace

import geopandas as gpd
import matplotlib as mpl
import numpy as np
import pandas as pd
import pypdf
import pytest
from known import computed
from published import sample
from pypdf.generic import ContentStream
from squares import square

import hp_sig
from hp_sig import OutputError
from hp_sig.maps.overlays import Action, Line, Mark, Outlines, Perimeters, Places
from hp_sig.maps.page import Caption, Page
from hp_sig.maps.paper import Letters, width_of
from hp_sig.maps.pdf import map_pdf
from hp_sig.maps.territory_map import figures_page, project_page, territory_page
from hp_sig.maps.themes import Indicator

CODES = ["04001", "04002", "04003", "04004"]
#: The smallest size of a zone's name, in points: 7.5 pixels of 0.3 mm.
NAME_POINTS = 7.5 * 0.3 / 25.4 * 72


@pytest.fixture
def page():
    """Four squares of 1 km in a row; consumption in two years, one figure not known, one mixed."""
    index = pd.Index(CODES, name="commune_code")
    zones = gpd.GeoDataFrame(
        {"name": ["Aiglun", "Bras", "Céreste", "Digne"]},
        geometry=[square(rank, 0) for rank in range(4)],
        crs=2154,
        index=index,
    )
    figures = pd.DataFrame({"2020": [0.0, 1.0, 2.0, 1234.5], "2021": [0.0, 4.0, np.nan, 2.0]}, index=index)
    mixed = pd.DataFrame({"2020": [False] * 4, "2021": [False, True, False, False]}, index=index)
    provisional = pd.DataFrame({"2020": [False] * 4, "2021": [True] * 4}, index=index)
    editions = pd.DataFrame({"2020": ["2022"] * 4, "2021": ["2022", "2023", "2022", "2022"]}, index=index)
    flow = Indicator(
        column="enaf_consumption_ha",
        figures=figures,
        count=3,
        source="Cerema, flux",
        vintages=editions,
        flags={"is_mixed": mixed, "is_provisional": provisional},
    )
    people = Indicator(column="population", figures=pd.DataFrame({"": [1.0, 2.0, 3.0, 4.0]}, index=index), ramp="blue")
    caption = Caption(
        title="Quatre carrés", notice="Jeu d'essai", sources=["IGN, millésime 2020 (Licence Ouverte 2.0)"]
    )
    return Page(zones=zones, caption=caption, themes=[flow, people], simplify_m=0)


@pytest.fixture
def folder(tmp_path):
    """A folder that is empty."""
    made = tmp_path / "out"
    made.mkdir()
    return made


@pytest.fixture
def printed(folder):
    def read(page, **options):
        reader = pypdf.PdfReader(map_pdf(page, folder / "map.pdf", **options))
        assert len(reader.pages) == 1
        return reader.pages[0]

    return read


def texts(sheet):
    """The text layer on one line; what a line break parted at a space is joined by one."""
    return re.sub(r"[ \n]+", " ", sheet.extract_text())


def orders(sheet):
    return ContentStream(sheet.get_contents(), sheet.pdf).operations


def painted(sheet):
    """Every area and line of the sheet: how it is painted (f, S…), fill, stroke, dash, width and corners in points."""
    fill, stroke, dash, width, corners = None, None, [], 0.0, []
    saved = []
    for operands, operator in orders(sheet):
        name = operator.decode()
        if name == "q":
            saved.append((fill, stroke, dash, width))
        elif name == "Q":
            fill, stroke, dash, width = saved.pop()
        elif name in {"rg", "g"}:
            fill = hexadecimal(operands)
        elif name in {"RG", "G"}:
            stroke = hexadecimal(operands)
        elif name == "d":
            dash = [float(part) for part in operands[0]]
        elif name == "w":
            width = float(operands[0])
        elif name in {"m", "l"}:
            corners.append([float(part) for part in operands])
        elif name in {"f", "S", "s", "B", "b", "n"}:
            yield name, fill, stroke, dash, width, np.array(corners)
            corners = []


def hexadecimal(parts):
    parts = [float(part) for part in parts] * (3 if len(parts) == 1 else 1)
    return "#" + "".join(f"{round(255 * part):02x}" for part in parts)


def lines_of(sheet):
    """Every piece of text with where it begins, in points."""
    found = []

    def keep(text, _cm, _tm, _font, _size):
        if text.strip():
            found.append((text.strip("\n"), _cm[4] + _tm[4], _cm[5] + _tm[5]))

    sheet.extract_text(visitor_text=keep)
    return found


# --- what is told -----------------------------------------------------------------------------------------------


def test_the_sheet_is_a3_and_tells_title_notice_classes_counts_sources_and_projection(page, printed):
    sheet = printed(page, theme="enaf_consumption_ha", period="2020")

    told = texts(sheet)
    assert [float(side) * 25.4 / 72 for side in sheet.mediabox[2:]] == pytest.approx([420, 297], abs=0.01)
    for text in (
        "Quatre carrés",
        "Jeu d'essai",
        "Consommation d'ENAF (ha)\u00a0– 2020",
        "0,00",
        "1 commune",
        "1\u202f234,50",
        "Classes d'effectifs égaux (quantiles).",
        "Sources\u00a0: Cerema, flux, millésime 2022\u00a0; IGN, millésime 2020 (Licence Ouverte 2.0).",
        "Plan en projection Lambert-93 (EPSG:2154)",
        f"hp_sig {hp_sig.__version__}",
        *("Aiglun", "Bras", "Céreste", "Digne"),
    ):
        assert text in told
    assert "donnée absente" not in told
    assert "Provisoire" not in told


def test_another_year_tells_what_is_missing_mixed_and_provisional(page, printed):
    told = texts(printed(page, period="2021"))

    assert "Consommation d'ENAF (ha)\u00a0– 2021" in told
    assert "donnée absente" in told
    assert "millésimes mêlés" in told
    assert "Provisoire" in told
    assert "Millésimes différents selon les zones" in told


def test_a_theme_is_chosen_by_rank_or_column_and_the_page_s_first_period_is_shown_by_default(page, printed):
    assert "Population municipale (hab.)" in texts(printed(page, theme=1))
    assert "Population municipale (hab.)" in texts(printed(page, theme="population"))
    assert "Consommation d'ENAF (ha)\u00a0– 2021" in texts(printed(page))


def test_layers_that_are_not_shown_are_neither_drawn_nor_told(page, printed):
    members = pd.Series(["E", "E", "F", "F"], index=page.zones.index)
    line = Line(colour="#123456", weight=3)
    layer = Outlines(
        label="EPCI", members=members, names={"E": "E", "F": "F"}, lines={"E": line, "F": line},
        legend=[(line, "Limites des EPCI")], shown=True,
    )  # fmt: skip

    shown = printed(replace(page, overlays=[layer]))
    strokes = [corners for name, _, stroke, _, _, corners in painted(shown) if name == "S" and stroke == "#123456"]
    hidden = printed(replace(page, overlays=[replace(layer, shown=False)]))

    assert "Limites des EPCI" in texts(shown)
    assert len(strokes) == 3  # one set, the other, and the key of the legend
    assert "Limites des EPCI" not in texts(hidden)
    assert "#123456" not in {stroke for _, _, stroke, _, _, _ in painted(hidden)}


def test_places_perimeters_and_actions_are_drawn_named_and_listed(page, printed):
    centre = page.zones.to_crs(4326).geometry.iloc[1].centroid
    mark = Mark(name="Pôle", lon=centre.x, lat=centre.y, sign="hub", shown="Gare de Bras")
    park = gpd.GeoDataFrame({"name": ["Luberon"]}, geometry=[square(-50, -50, 52, 100)], crs=2154)
    dotted = Line(colour="#1b6e3a", dash="1 5")
    overlays = [
        Perimeters(
            label="Parcs", shapes=park, lines=[dotted], legend=[(dotted, "Parc du Luberon")], fill="hatched", shown=True
        ),
        Places(label="Projets", marks=[mark], legend={"hub": "Pôle multimodal"}),
    ]  # fmt: skip
    action = Action(heading="Mobilités", name="Un pôle", scale="Commune", where="Bras")

    sheet = printed(replace(page, overlays=overlays, actions=[action]))

    told = texts(sheet)
    for text in ("Gare de Bras", "Parc du Luberon", "Pôle multimodal", "Mobilités", "Un pôle (Bras)"):
        assert text in told
    assert "#b3001b" in {fill for name, fill, *_ in painted(sheet) if name == "f"}
    # The park is far wider than the frame, which is 288 mm wide from 10 mm on, and cut there.
    green = [corners for *_, stroke, _, _, corners in painted(sheet) if stroke == "#1b6e3a"]
    assert np.concatenate(green).min() >= 10 * 72 / 25.4 - 0.01


def test_a_territory_s_three_pages_are_printed(layers, printed):
    results = computed(layers)

    assert "EPCI 1 (3 communes" in texts(printed(territory_page(layers, results)))
    assert "Population municipale" in texts(printed(figures_page(layers, results)))
    assert "Actions du contrat" in texts(printed(project_page(layers, results)))


# --- what is drawn ----------------------------------------------------------------------------------------------


def test_areas_have_the_colours_of_their_classes_on_the_map_and_in_the_legend(page, printed):
    sheet = printed(page, period="2020")

    areas = [fill for name, fill, *_ in painted(sheet) if name == "f"]
    colours = page.themes[0].classes(page.zones.index).colours
    assert len(colours) == 3
    for colour in colours[1:]:
        assert areas.count(colour) == 2  # the zones of the class, at once, and its key


def test_what_is_not_known_is_hatched_and_a_zero_is_not(page, printed):
    def hatches(period):
        return [
            corners for name, _, stroke, *_, corners in painted(printed(page, period=period)) if stroke == "#8a8a8a"
        ]

    assert len(hatches("2021")) == 2  # Céreste, and its key
    assert hatches("2020") == []


def test_a_figure_that_needs_a_warning_has_a_broken_limit(page, printed):
    def broken(period):
        return [
            dash for _, _, stroke, dash, *_ in painted(printed(page, period=period)) if stroke == "#4a4a4a" and dash
        ]

    # 4 and 3 pixels of 0.3 mm.
    assert broken("2021")[0] == pytest.approx([1.2 / 25.4 * 72, 0.9 / 25.4 * 72], abs=0.01)
    assert broken("2020") == []
    # A provisional year is told above the legend: no limit is broken for it.
    flags = {"is_provisional": page.themes[0].flags["is_provisional"]}
    page = replace(page, themes=[replace(page.themes[0], flags=flags)])
    assert broken("2021") == []


def test_a_kilometre_is_a_kilometre_at_the_scale_that_is_told(page, printed):
    sheet = printed(page, period="2020")

    denominator = int(re.search(r"1:([\d\u202f]+)", texts(sheet))[1].replace("\u202f", ""))
    metres = denominator * 0.0254 / 72
    colour = page.themes[0].classes(page.zones.index).colours[-1]
    zone = next(corners for name, fill, *_, corners in painted(sheet) if name == "f" and fill == colour)
    # Digne alone is in the last class: 1 km, of which the grid of 10⁻⁵ degree takes or adds a metre.
    assert np.ptp(zone, axis=0) * metres == pytest.approx([1000, 1000], abs=2.5)
    assert 4000 / denominator * 1000 <= 288


def test_the_scale_bar_is_as_long_as_it_says(page, printed):
    sheet = printed(page)

    denominator = int(re.search(r"1:([\d\u202f]+)", texts(sheet))[1].replace("\u202f", ""))
    (told, unit) = re.search(r"([\d\u202f]+)\u00a0(k?m)\b", texts(sheet)).groups()
    metres = int(told.replace("\u202f", "")) * (1000 if unit == "km" else 1)
    long = metres * 1000 / denominator / 25.4 * 72
    bars = [corners for name, _, stroke, *_, corners in painted(sheet) if stroke == "#1c1c1c" and len(corners)]
    assert any(np.ptp(corners[:, 0]) == pytest.approx(long, abs=0.02) for corners in bars)


@pytest.mark.parametrize("count", [3, 12, 30])
def test_names_do_not_overlap(count, printed):
    index = pd.Index([f"{rank:04d}" for rank in range(count * count)], name="commune_code")
    zones = gpd.GeoDataFrame(
        {"name": [f"Saint-Numéro-{code}" for code in index]},
        geometry=[square(rank % count, rank // count) for rank in range(count * count)],
        crs=2154,
        index=index,
    )

    sheet = printed(Page(zones=zones, caption=Caption(title="x"), simplify_m=0))

    names = [(text, x, y) for text, x, y in lines_of(sheet) if "Saint" in text or "Numéro" in text or text.isdigit()]
    boxes = [(x, y, x + width_of(text, Letters(size=NAME_POINTS)) / 25.4 * 72, y + 4) for text, x, y in names]
    assert len([text for text, *_ in names if "Saint" in text]) >= min(count * count, 9)
    for rank, one in enumerate(boxes):
        for other in boxes[:rank]:
            apart = one[2] <= other[0] or other[2] <= one[0] or one[3] <= other[1] or other[3] <= one[1]
            assert apart, (names[rank], one, other)


# --- texts as they are ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "$x^2$",
        r"$\frac{1}{0}$",
        "${alert(1)}",
        r"C:\new\table",
        "{{ 7*7 }}",
        "{% raw %}",
        "<img src=x>",
        "5 % & _a^b#~",
        "12\u202f345\u00a0ha",
        "L'Escale – Œuf affleurant, fiché",
    ],
)
def test_a_text_of_the_data_stands_on_the_sheet_as_written(page, printed, text):
    zones = page.zones.assign(name=[text, "b", "c", "d"])
    caption = Caption(title=f"Titre {text}", notice=f"Mention {text}", sources=[f"Source {text}"])
    theme = replace(page.themes[0], label=f"Libellé {text}", source=f"Origine {text}", definition=f"Sens {text}")

    sheet = printed(replace(page, zones=zones, caption=caption, themes=[theme]))

    told = texts(sheet)
    for place in ("Titre", "Mention", "Source", "Libellé", "Origine", "Sens"):
        assert f"{place} {text}" in told
    assert told.count(text) == 7  # and the name of a zone
    assert sheet.pdf.metadata.title == f"Titre {text}"


def test_signs_that_the_font_lacks_and_line_breaks_cost_no_warning_and_no_line(page, printed):
    told = texts(printed(replace(page, caption=Caption(title="a\nb\x00c 日本 \ue000 d"))))

    assert "a b c \ufffd\ufffd \ufffd d" in told


def test_no_text_is_left_out_for_want_of_room(page, printed):
    long = "très longue action qui tient à être lue en entier, quoi qu'il arrive"
    actions = [Action(heading=f"Axe {n // 20}", name=f"{long} no {n}.", scale="Pays") for n in range(120)]
    caption = Caption(title="Titre " * 80, notice="Mention " * 120, sources=[f"Source no {n}" for n in range(300)])

    sheet = printed(replace(page, actions=actions, caption=caption))

    told = texts(sheet)
    assert [n for n in range(120) if f"no {n}. (Pays)" not in told] == []
    assert [n for n in range(300) if f"Source no {n}" not in told] == []
    assert told.count("Titre") == 80
    assert told.count("Mention") == 120
    assert all(25 < x < 1165 and 25 < y < 817 for _, x, y in lines_of(sheet))


def test_the_text_may_be_copied_from_embedded_fonts(page, printed):
    fonts = [font.get_object() for font in printed(page)["/Resources"]["/Font"].values()]

    inner = [font["/DescendantFonts"][0].get_object() if "/DescendantFonts" in font else font for font in fonts]
    assert fonts
    assert all("/FontFile2" in font["/FontDescriptor"] for font in inner)
    assert all("/ToUnicode" in font for font in fonts)
    assert "/Type3" not in {font["/Subtype"] for font in fonts}


# --- the file ---------------------------------------------------------------------------------------------------

SCRIPT = """
import pickle, pathlib, sys
import hp_sig.maps.pdf
assert "matplotlib" not in sys.modules
page = pickle.loads(pathlib.Path(sys.argv[1]).read_bytes())
hp_sig.maps.pdf.map_pdf(page, sys.argv[2])
assert "matplotlib.pyplot" not in sys.modules
"""
UNKIND = """
pdf.fonttype: 3
pdf.compression: 0
savefig.bbox: tight
font.family: serif
lines.scale_dashes: False
text.color: red
path.sketch: 10, 10, 10
axes.unicode_minus: False
"""


def test_the_bytes_are_the_same_whatever_the_process_and_the_user_s_settings(page, folder):
    import pickle  # noqa: PLC0415

    first = map_pdf(page, folder / "first.pdf").read_bytes()
    (folder / "page.pickle").write_bytes(pickle.dumps(page))
    (folder / "matplotlibrc").write_text(UNKIND)
    environment = {**os.environ, "PYTHONHASHSEED": "7", "MATPLOTLIBRC": str(folder / "matplotlibrc"), "DISPLAY": ""}
    command = [sys.executable, "-W", "error", "-c", SCRIPT, folder / "page.pickle", folder / "other.pdf"]
    subprocess.run(command, check=True, env=environment, cwd=folder)

    assert (folder / "other.pdf").read_bytes() == first
    about = pypdf.PdfReader(io.BytesIO(first)).metadata
    assert {"/CreationDate", "/ModDate"}.isdisjoint(about)


def test_matplotlib_s_settings_are_as_they_were(page, folder):
    with mpl.rc_context({"pdf.fonttype": 3, "text.parse_math": True}):
        before = dict(mpl.rcParams)
        map_pdf(page, folder / "map.pdf")

        assert dict(mpl.rcParams) == before


@pytest.mark.parametrize("theme", ["mine", 2, -1])
def test_an_unknown_theme_is_refused_with_those_that_there_are(page, folder, theme):
    told = rf"the page's themes \('enaf_consumption_ha', 'population'\) expected, found {theme!r}\."

    with pytest.raises(ValueError, match=told):
        map_pdf(page, folder / "map.pdf", theme=theme)
    assert list(folder.iterdir()) == []


def test_an_unknown_period_is_refused_with_those_that_there_are(page, folder):
    told = r"period: one of those of 'enaf_consumption_ha' \('2020', '2021'\) expected, found '1999'\."

    with pytest.raises(ValueError, match=told):
        map_pdf(page, folder / "map.pdf", period="1999")


def test_a_page_without_themes_is_drawn_and_has_no_period(page, printed, folder):
    bare = replace(page, themes=[])

    assert "Aiglun" in texts(printed(bare))
    for options in ({"period": "2020"}, {"theme": "population"}):
        with pytest.raises(ValueError, match="none, as the page has no theme"):
            map_pdf(bare, folder / "map.pdf", **options)


def test_a_folder_that_does_not_exist_is_told_and_nothing_is_left(page, folder):
    with pytest.raises(OutputError, match=r"map\.pdf: cannot be written \(No such file or directory\)"):
        map_pdf(page, folder / "none" / "map.pdf")


def test_a_sheet_that_fails_leaves_the_one_that_is_there(page, folder, monkeypatch):
    file = folder / "map.pdf"
    file.write_bytes(b"before")
    monkeypatch.setattr("pathlib.Path.replace", lambda *_: (_ for _ in ()).throw(PermissionError(13, "Denied")))

    with pytest.raises(OutputError, match="Denied"):
        map_pdf(page, file)
    assert file.read_bytes() == b"before"
    assert list(folder.iterdir()) == [file]


def test_the_sheets_of_the_sample_are_light(folder):
    layers, results = sample()

    for page in (territory_page(layers, results), figures_page(layers, results), project_page(layers, results)):
        assert map_pdf(page, folder / "map.pdf").stat().st_size < 400_000
