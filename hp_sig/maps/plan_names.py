"""Which names stand on a map on paper, and where, so that none lies over another?"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from hp_sig.maps.paper import MM_PER_POINT, PIXEL, Letters, width_of

__all__ = ["Box", "Name", "around", "cut", "is_within", "lettering", "placed"]

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Name:
    """A name on the map: lines about a point, or below it by so many millimetres."""

    at: tuple[float, float]
    lines: Sequence[str]
    letters: Letters
    below: float = 0.0

    def box(self) -> Box:
        """Give the place that it takes."""
        half = max(width_of(line, self.letters) for line in self.lines) / 2 + PIXEL
        tall = len(self.lines) * self.letters.leading
        middle = self.at[1] - (self.below + tall / 2 if self.below else 0.0)
        return (self.at[0] - half, middle - tall / 2, self.at[0] + half, middle + tall / 2)


def lettering(pixels: float, *, bold: bool = False) -> Letters:
    """Give the letters of a size in pixels of the page on screen."""
    return Letters(size=pixels * PIXEL / MM_PER_POINT, bold=bold)


def cut(text: str, most: int) -> list[str]:
    """Cut a text into lines of at most so many letters, after spaces and hyphens."""
    lines = [""]
    for part in text.replace("-", "-\0").replace(" ", " \0").split("\0"):
        if lines[-1] and len((lines[-1] + part).rstrip()) > most:
            lines.append("")
        lines[-1] += part
    return [line.rstrip(" ") for line in lines]


def placed(names: Iterable[list[Name]], frame: Box, taken: list[Box]) -> Iterator[Name]:
    """Keep the names that neither touch one that comes before nor what is already there."""
    for ways in names:
        for name in ways:
            box = name.box()
            if is_within(box, frame) and not any(_touch(box, other) for other in taken):
                taken.append(box)
                yield name
                break


def _touch(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def is_within(box: Box, frame: Box) -> bool:
    """Say whether a box lies inside the frame."""
    return frame[0] <= box[0] and frame[1] <= box[1] and box[2] <= frame[2] and box[3] <= frame[3]


def around(at: tuple[float, float], half: float) -> Box:
    """Give the box about a point."""
    return (at[0] - half, at[1] - half, at[0] + half, at[1] + half)
