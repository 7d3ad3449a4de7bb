"""Every page of a whole refresh, opened as those who receive it do."""

import json
import re

import pytest
from browser import PHONE, PROJECTOR, axe_violations, chromium, opened

pytestmark = pytest.mark.browser

FEW = (
    *("index.html", "fiches/territoire.html", "fiches/commune-04112.html"),
    *("fiches/epci_2024-200071025.html", "fiches/pnr-FR8000003.html"),
)
SIZES = pytest.mark.parametrize("size", [PROJECTOR, PHONE], ids=["projector", "phone"])


@pytest.fixture(scope="module")
def results(sample_run):
    return sample_run.results


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found


@SIZES
def test_every_page_opens_without_network_without_a_word_and_without_overflow(results, browser, size):
    pages = sorted(results.rglob("*.html"))
    faults = {}
    for path in pages:
        with opened(browser, path, size=size) as seen:
            if seen.page.evaluate("document.documentElement.scrollWidth") > size[0]:
                seen.told.append("overflows sideways")
            if not seen.page.locator("h1").first.inner_text():
                seen.told.append("no title")
            if seen.told:
                faults[path.name] = seen.told

    assert len(pages) == 70
    assert faults == {}


@SIZES
@pytest.mark.parametrize("name", FEW)
def test_an_audit_finds_no_serious_fault_of_accessibility(results, browser, name, size):
    with opened(browser, results / name, size=size, axe=True) as seen:
        assert axe_violations(seen.page) == []


def test_the_map_of_figures_offers_each_family_in_hectares_and_as_a_share(results):
    page = (results / "carte-indicateurs.html").read_text(encoding="utf-8")
    model = json.loads(re.search(r'id="hp-model">(.*?)</script>', page, re.DOTALL)[1])

    offered = {theme["key"] for theme in model["themes"]}
    assert {
        "enaf_consumption_ha",
        "enaf_consumption_share",
        "reference_ha",
        "remaining_ha",
        "projection_share",
    } <= offered
    assert {"artificialised_ha", "artificialised_share", "sealed_ha", "sealed_share", "population"} <= offered
    assert len(offered) == len(model["themes"]) == 18
    assert [theme["key"] for theme in model["themes"] if not theme["source"] or not theme["label"]] == []


def test_every_link_of_every_page_leads_to_a_page_of_the_refresh(results):
    dead = set()
    for path in results.rglob("*.html"):
        text = re.sub(r"<script.*?</script>", "", path.read_text(encoding="utf-8"), flags=re.DOTALL)
        for link in re.findall(r'href="([^"#]+)(?:#[^"]*)?"', text):
            if not (path.parent / link).resolve().exists():
                dead.add(f"{path.name}: {link}")

    assert dead == set()


def test_every_page_is_reached_from_the_index(results):
    index = (results / "index.html").read_text(encoding="utf-8")

    linked = set(re.findall(r'href="([^"#]+\.html)"', index))
    assert linked == {path.relative_to(results).as_posix() for path in results.rglob("*.html")} - {"index.html"}


def test_the_index_is_used_by_keyboard(results, browser):
    with opened(browser, results / "index.html") as seen:
        field = seen.page.get_by_label("Chercher une commune")
        field.focus()
        seen.page.keyboard.type("forcal")
        shown = seen.page.locator('a[href^="fiches/commune-"]:visible').all_inner_texts()
        seen.page.keyboard.press("Tab")
        seen.page.keyboard.press("Enter")
        seen.page.wait_for_url("**/fiches/commune-04088.html")

        assert shown == ["Forcalquier"]
        assert seen.page.locator("h1").inner_text() == "Forcalquier"
        assert seen.told == []
