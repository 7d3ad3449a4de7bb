"""How long until a reader sees a map, from the file, in headless Chromium?

From navigation to the first contentful paint, and until the page is ready (`body.hp-ready`: every zone is drawn, the
legend is written). Medians of five, each in a new browser context; needs playwright and a Chromium:

    python benchmarks/first_paint.py [--boundaries FILE]
"""

import argparse
import gzip
import shutil
import statistics
import tempfile
from pathlib import Path

import numpy as np
import pandas as pd
from playwright.sync_api import Browser, sync_playwright

import hp_sig
from hp_sig.maps.indicator_map import indicator_map
from hp_sig.maps.territory_map import figures_map
from hp_sig.reference.fields import sample_territory_file

RUNS = 5
#: Runs before the page's own scripts: keeps the moment at which `hp-ready` is set.
WATCH = """
new MutationObserver(() => {
    if (!window.readyAt && document.body && document.body.classList.contains('hp-ready'))
        window.readyAt = performance.now();
}).observe(document, { subtree: true, childList: true, attributes: true, attributeFilter: ['class'] });
"""
PAINT = "performance.getEntriesByName('first-contentful-paint').length > 0 && window.readyAt > 0"
TIMES = "[performance.getEntriesByName('first-contentful-paint')[0].startTime, window.readyAt]"


def sample_page(folder: Path) -> Path:
    """Save the map of figures of the sample: 51 communes."""
    file = sample_territory_file()
    layers = hp_sig.check(file, raw=file.parent)
    figure = figures_map(layers, hp_sig.compute(layers))
    assert figure is not None
    return hp_sig.save_standalone(figure, folder / "sample.html")


def region_page(boundaries: Path, folder: Path) -> Path:
    """Save a map of all communes of a file, with ten made-up indicators."""
    communes = hp_sig.read_communes(boundaries, vintage="")
    made_up = np.random.default_rng(194).lognormal(0, 1.5, (len(communes), 10)).round(2)
    table = pd.DataFrame(made_up, index=communes.index, columns=[f"indicator_{rank}" for rank in range(10)])
    return hp_sig.save_standalone(indicator_map(communes, table), folder / "region.html")


def times(browser: Browser, page_file: Path) -> tuple[float, float]:
    """Measure one opening, in milliseconds: first contentful paint, ready."""
    context = browser.new_context(viewport={"width": 1280, "height": 800}, offline=True)
    context.add_init_script(WATCH)
    page = context.new_page()
    page.goto(page_file.as_uri())
    page.wait_for_selector("body.hp-ready")
    while not page.evaluate(PAINT):
        page.wait_for_timeout(20)
    paint, ready = page.evaluate(TIMES)
    context.close()
    return paint, ready


def report(browser: Browser, title: str, page_file: Path) -> None:
    """Print one line of the table."""
    written = page_file.read_bytes()
    paints, readies = zip(*(times(browser, page_file) for _ in range(RUNS)), strict=True)
    print(
        f"| {title} | {len(written) / 1000:.0f} | {len(gzip.compress(written)) / 1000:.0f} "
        f"| {statistics.median(paints):.0f} | {statistics.median(readies):.0f} |"
    )


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--boundaries", type=Path, help="communes of a region, such as Admin Express")
    boundaries = parser.parse_args().boundaries
    chromium = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))))
    with tempfile.TemporaryDirectory() as name, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox", "--disable-gpu"])
        print("| page | kB | gzipped | first paint, ms | ready, ms |\n|---|---|---|---|---|")
        report(browser, "51 communes, indicators of the sample", sample_page(Path(name)))
        if boundaries is not None:
            report(browser, "the communes of --boundaries, 10 indicators", region_page(boundaries, Path(name)))
        browser.close()


if __name__ == "__main__":
    main()
