"""What holds a page together: language, title, and a policy that lets nothing run or load but what is inside?"""

import base64
import hashlib
from collections.abc import Iterable

from hp_sig.maps.safety import safe_text

__all__ = ["content_policy", "document", "head"]


def content_policy(scripts: Iterable[str], *, images: str = "") -> str:
    """Write a Content-Security-Policy: these scripts by their hash, images inside the page, no address.

    Parameters
    ----------
    scripts
        The text of each script of the page, exactly as it stands between its tags.
    images
        An address from which images may be loaded besides (a tile service); none by default.

    Examples
    --------
    >>> content_policy([])
    "default-src 'none'; style-src 'unsafe-inline'; img-src data:; font-src data:; base-uri 'none'; form-action 'none'"
    """
    hashes = " ".join(
        f"'sha256-{base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()}'" for script in scripts
    )
    allowed = f"script-src {hashes}; " if hashes else ""
    sources = " ".join(filter(None, ["data:", images]))
    return (
        f"default-src 'none'; {allowed}style-src 'unsafe-inline'; img-src {sources}; font-src data:; "
        "base-uri 'none'; form-action 'none'"
    )


def head(title: str, policy: str) -> str:
    """Open the head of a page: encoding, policy, viewport that may be zoomed, title."""
    return (
        f'<meta charset="utf-8">\n<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n<title>{safe_text(title)}</title>\n'
    )


def document(title: str, body: str, *, style: str, scripts: Iterable[str] = ()) -> str:
    """Write a whole page in French that loads nothing and runs these scripts only.

    Parameters
    ----------
    title
        A text, escaped here.
    body
        HTML whose texts are escaped already.
    style, scripts
        CSS and JavaScript of this package.
    """
    run = list(scripts)
    parts = "".join(f"<script>{script}</script>\n" for script in run)
    return (
        f'<!DOCTYPE html>\n<html lang="fr">\n<head>\n{head(title, content_policy(run))}'
        f"<style>{style}</style>\n</head>\n<body>\n{body}\n{parts}</body>\n</html>\n"
    )
