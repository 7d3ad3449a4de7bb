"""A page as its tags and texts."""

from html.parser import HTMLParser


class Tags(HTMLParser):
    """Tags with their attributes, and texts, in order."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.texts: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.texts.append(data)

    def named(self, tag: str) -> list[dict[str, str | None]]:
        """Give the attributes of each tag of a name."""
        return [attributes for name, attributes in self.tags if name == tag]
