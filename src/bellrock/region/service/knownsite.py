"""The site that a region was given: kept as the file it came in, and what cannot be tried in it from where agents stand."""

import asyncio
import logging
from collections.abc import Callable
from typing import Final

from bellrock.flows import Site, SiteError, Standpoint, Untried, parse, untried
from bellrock.model import Wall
from bellrock.region.logs import line
from bellrock.region.service.probeshapes import SiteView
from bellrock.region.store import ProbeStore, SiteRow

MAX_REMEMBERED: Final = 4096
"""Standpoints whose blind spots are remembered."""

log = logging.getLogger(__name__)


class NoSite(ValueError):  # noqa: N818 -- says what it is
    """The region was given no site, so that nobody knows what matters."""


class KnownSite:
    """What the region knows of its site."""

    def __init__(self, store: ProbeStore, row: SiteRow | None, clock: Callable[[], Wall]) -> None:
        """`row`: what was kept; a file that is no site any more is set aside with a warning."""
        self._store = store
        self._clock = clock
        self._row = row
        self._site = _parsed(row)
        self._untried: dict[Standpoint, tuple[Untried, ...]] = {}

    @property
    def site(self) -> Site | None:
        """What the region was given."""
        return self._site

    @property
    def text(self) -> str | None:
        """The file as it was given."""
        return self._row.text if self._row else None

    def view(self) -> SiteView:
        """The file as it was given, with what is to be said of it.

        Raises:
            NoSite: there is none.
        """
        if self._row is None or self._site is None:
            raise NoSite("this region knows no site; `bellrock site push FILE` gives it one")
        row = self._row
        return SiteView(title=self._site.name, text=row.text, by=row.by, at=row.at, notices=self._site.notices)

    async def put(self, text: str, by: str) -> SiteRow:
        """Take a file in, in place of the one before.

        Raises:
            SiteError: something in it is wrong, one line for each mistake; or nobody is named in it.
            NotStored: the disk does not take it.
        """
        # In a thread: a file of megabytes takes seconds, in which agents are to be heard.
        site = await asyncio.to_thread(parse, text.encode(), "site")
        if not site.roles:
            raise SiteError(
                "site: no [role.…] table names anybody, so that nothing would ever be tried; the site is left as it was"
            )
        row = SiteRow(text=text, at=self._clock(), by=by)
        await self._store.save_site(row)
        self._site, self._row = site, row
        self._untried.clear()
        log.info(line("site-changed", title=site.name, by=by))
        return row

    def untried_from(self, here: Standpoint) -> tuple[Untried, ...]:
        """What cannot be tried from there. Asked for each agent whenever somebody looks, so that it is remembered as long as the site stays the same."""
        if self._site is None:
            return ()
        if (known := self._untried.get(here)) is None:
            if len(self._untried) >= MAX_REMEMBERED:
                self._untried.clear()
            known = self._untried[here] = untried(self._site, here)
        return known


def _parsed(row: SiteRow | None) -> Site | None:
    try:
        return parse(row.text.encode(), "site") if row else None
    except SiteError as error:
        # It was taken by another version, whose rules were others.
        log.warning(
            line("site-unreadable", why=str(error).splitlines()[0], hint="give it again: bellrock site push FILE")
        )
        return None
