"""How does a text from the data enter a map without becoming code?

A text in a folium map is read three times: by Jinja in Python while the map is saved, by JavaScript as a template
literal, and by the browser as HTML. Each character that one of them understands becomes a numeric entity.
"""

import html

__all__ = ["safe_text"]

#: Jinja's and JavaScript's own marks; HTML's are escaped by the standard library.
MARKS = str.maketrans({mark: f"&#{ord(mark)};" for mark in "{}$`\\%"})


def safe_text(text: object) -> str:
    """Give a text as HTML that shows it and does nothing else.

    Parameters
    ----------
    text
        Any value; it is turned into text first.

    Examples
    --------
    >>> safe_text("<b>{{ 7*7 }}</b>")
    '&lt;b&gt;&#123;&#123; 7*7 &#125;&#125;&lt;/b&gt;'
    """
    return html.escape(str(text), quote=True).translate(MARKS)
