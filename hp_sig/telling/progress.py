"""How does whoever waits at a terminal see that work goes on, while a log stays quiet?"""

import logging
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.markup import escape
from rich.progress import (
    BarColumn,
    Progress,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

from hp_sig.errors import HpSigError

__all__ = ["OnPart", "OnStep", "followed", "followed_parts"]

#: Called with what is under way, its rank and how many there are.
OnStep = Callable[[str, int, int], None]
#: Called with what is under way, how much of it is done, and how much there is (None: unknown).
OnPart = Callable[[str, int, int | None], None]


@contextmanager
def followed(title: str) -> Iterator[OnStep]:
    """Follow work made of steps, and tell an interruption as an expected failure."""
    with followed_parts(title) as (step, _):
        yield step


@contextmanager
def followed_parts(title: str) -> Iterator[tuple[OnStep, OnPart]]:
    """Follow work made of steps, some of which tell how far they are."""
    try:
        with _shown(title) as calls:
            yield calls
    except KeyboardInterrupt as error:
        message = "interrupted. The last good results are left as they were."
        raise HpSigError(message) from error


@contextmanager
def _shown(title: str) -> Iterator[tuple[OnStep, OnPart]]:
    """Show bars on a terminal; in a log, one line per file from the library's own loggers."""
    logger = logging.getLogger("hp_sig")
    if not sys.stderr.isatty():
        logging.basicConfig(format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
        logger.setLevel(logging.INFO)
        yield lambda _what, _rank, _count: None, lambda _what, _done, _total: None
        return
    logger.propagate = False
    logger.addHandler(logging.NullHandler())
    console = Console(stderr=True)
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.fields[told]}"),
        TimeElapsedColumn(),
    )
    with Progress(*columns, console=console, transient=True) as steps:
        whole = steps.add_task(title, total=None, told="")
        part = steps.add_task("", total=None, visible=False, told="")

        def show(what: str, rank: int, count: int) -> None:
            steps.update(whole, description=escape(what), completed=rank - 1, total=count, told=f"{rank - 1}/{count}")
            steps.update(part, visible=False)

        def show_part(what: str, done: int, total: int | None) -> None:
            told = f"{100 * done / total:.0f} %" if total else ""
            steps.update(part, description=escape(what), completed=done, total=total, visible=True, told=told)

        yield show, show_part
