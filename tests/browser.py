"""Pages in headless Chromium, offline: opened, listened to, and tried against the rules of accessibility."""

import re
import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
#: Where `make test` installs axe-core.
AXE = Path(sys.prefix) / "axe" / "node_modules" / "axe-core" / "axe.min.js"
PROJECTOR, PHONE = (1280, 800), (390, 844)
POLICY = re.compile(r'<meta http-equiv="Content-Security-Policy"[^>]*>')
#: Windows that no page is open in, by browser, size and policy: to make one takes longer than to open a page in it.
_WINDOWS: dict[tuple["Browser", tuple[int, int], bool], "Page"] = {}


@contextmanager
def chromium() -> Iterator["Browser"]:
    """Start a headless Chromium; the test is skipped where there is none."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine (apt-get install chromium)")
    from playwright.sync_api import sync_playwright  # noqa: PLC0415 - only where there is a Chromium

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        for key in [key for key in _WINDOWS if key[0] is browser]:
            del _WINDOWS[key]
        browser.close()


@dataclass
class Opened:
    """A page, and all that it logged, asked for or popped up."""

    page: "Page"
    told: list[str] = field(default_factory=list)


@contextmanager
def opened(
    browser: "Browser",
    path: Path,
    *,
    size: tuple[int, int] = PROJECTOR,
    anchor: str = "",
    axe: bool = False,
    script: str | None = None,
) -> Iterator[Opened]:
    """Open a file in a window, or on a touch screen where it is narrow.

    `anchor` ends the address, from its `#`; `axe` lets :func:`axe_violations` run in spite of the page's policy;
    `script` runs before the page's own. The window is one that an earlier page of the same browser was shown in, and
    left as it found it, or a new one.
    """
    page = (_WINDOWS.pop((browser, size, axe), None) if script is None else None) or _window(browser, size, axe=axe)
    if script is not None:
        page.context.add_init_script(script)
    seen = Opened(page)
    listeners = {
        "console": lambda message: seen.told.append(message.text),
        "pageerror": lambda error: seen.told.append(str(error)),
        "dialog": lambda dialog: (seen.told.append(f"dialog {dialog.message}"), dialog.dismiss()),
        "request": lambda request: (
            None if request.url.startswith(("file:", "data:")) else seen.told.append(request.url)
        ),
    }
    for event, listener in listeners.items():
        page.on(event, listener)
    is_sound = False
    try:
        page.goto(path.as_uri() + anchor)
        yield seen
        is_sound = script is None and page.context.pages == [page] and page.viewport_size == _viewport(size)
    finally:
        for event, listener in listeners.items():
            page.remove_listener(event, listener)
        if is_sound:
            page.goto("about:blank")
            page.emulate_media(media="null")
            page.mouse.move(size[0] - 1, size[1] - 1)
            _WINDOWS[browser, size, axe] = page
        else:
            page.context.close()


def _viewport(size: tuple[int, int]) -> dict[str, int]:
    return {"width": size[0], "height": size[1]}


def _window(browser: "Browser", size: tuple[int, int], *, axe: bool) -> "Page":
    touch = size[0] < 500
    context = browser.new_context(
        viewport=_viewport(size), offline=True, has_touch=touch, is_mobile=touch, bypass_csp=axe
    )
    context.set_default_timeout(5000)
    return context.new_page()


def without_policy(path: Path, copy: Path) -> Path:
    """Write a page again without its Content-Security-Policy: what the escaping of texts holds back by itself."""
    text = path.read_text(encoding="utf-8")
    bare = POLICY.sub("", text)
    assert bare != text
    copy.write_text(bare, encoding="utf-8")
    return copy


def axe_violations(page: "Page") -> list[str]:
    """List what axe-core finds serious or critical: rule and elements; the test is skipped where axe is not installed.

    The page must have been opened with `axe=True`.
    """
    if not AXE.is_file():
        pytest.skip("axe-core is not installed (make test installs it where there is npm)")
    page.add_script_tag(path=AXE)
    found: list[dict[str, Any]] = page.evaluate("async () => (await axe.run()).violations")
    return [
        f"{rule['id']} ({rule['impact']}): {' '.join(map(str, node['target']))}"
        for rule in found
        if rule["impact"] in {"serious", "critical"}
        for node in rule["nodes"]
    ]
