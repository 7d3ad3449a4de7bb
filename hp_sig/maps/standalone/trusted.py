"""Which HTML goes into the page as it is, because this package wrote it?"""

import re

from branca.element import Element

__all__ = ["Trusted", "run_scripts"]

SCRIPT = re.compile(r"<script\b([^>]*)>(.*?)</script\s*>", re.DOTALL | re.IGNORECASE)
#: A block of data has a type that no browser runs.
KIND = re.compile(r"""\btype\s*=\s*["']?([\w/+.-]*)""", re.IGNORECASE)
RUN_KINDS = {"", "module", "text/javascript", "application/javascript"}


class Trusted(Element):
    """HTML written by this package, with its scripts and styles; every text from the data is escaped in it already.

    Parameters
    ----------
    text
        What goes into the page, character for character: it is never read as a template, nor sanitised. Each script
        gets its hash in the page's policy; a block of data (`application/json`) needs none. Under a figure's
        `script` it is JavaScript without tags.

    Examples
    --------
    >>> Trusted("<p>{{ 7*7 }}</p>").render()
    '<p>{{ 7*7 }}</p>'
    """

    def __init__(self, text: str) -> None:
        super().__init__()
        self._name = "Trusted"
        self.text = text

    def render(self, **kwargs: object) -> str:  # noqa: ARG002 - branca hands its options to every element
        """Give the text as it is."""
        return self.text


def run_scripts(text: str) -> list[str]:
    """Give each script of a trusted text that the browser runs.

    >>> run_scripts('<script>a()</script><script type="application/json">{}</script>')
    ['a()']
    """
    found = []
    for attributes, script in SCRIPT.findall(text):
        kind = KIND.search(attributes)
        if (kind[1].lower() if kind else "") in RUN_KINDS:
            found.append(script)
    return found
