"""The site of a region: kept as it was given, and what it says cannot be tried."""

from __future__ import annotations

import asyncio

import pytest

from bellrock.flows import SiteError, Standpoint
from bellrock.flows.values import Role
from bellrock.model import Wall
from bellrock.region.service import knownsite as module
from bellrock.region.service.knownsite import KnownSite, NoSite
from bellrock.region.store import SiteRow, StoreFull

SITE = """\
title = "hall"
[[subnet]]
name = "s"
cidr = "10.7.0.0/24"
[role.rack]
addresses = ["10.0.0.1"]
[role.ntp]
subnets = ["s"]
"""
RACK = Standpoint(roles=(Role.RACK,), addresses=("10.0.0.1",))
OTHER = Standpoint(roles=(Role.RACK,), addresses=("10.0.0.2",))


class Disk:
    def __init__(self) -> None:
        self.row, self.is_full = None, False

    async def save_site(self, row) -> None:
        if self.is_full:
            raise StoreFull("disk is full")
        self.row = row


def known(disk=None, row=None) -> KnownSite:
    return KnownSite(disk or Disk(), row, lambda: Wall(7.0))


def test_without_a_site_nothing_is_known():
    one = known()
    assert (one.site, one.text, one.untried_from(RACK)) == (None, None, ())
    with pytest.raises(NoSite, match="bellrock site push FILE"):
        one.view()


def test_what_is_put_is_kept_and_shown_as_it_was_given():
    disk = Disk()
    one = known(disk)
    row = asyncio.run(one.put(SITE, "anna"))
    assert (row, disk.row) == (SiteRow(text=SITE, at=Wall(7.0), by="anna"),) * 2
    view = one.view()
    assert (view.title, view.text, view.by, view.at) == ("hall", SITE, "anna", 7.0)
    assert known(row=row).view() == view, "also after a restart"


def test_a_file_that_is_wrong_or_cannot_be_kept_changes_nothing():
    disk = Disk()
    one = known(disk)
    asyncio.run(one.put(SITE, "anna"))
    with pytest.raises(SiteError):
        asyncio.run(one.put("[role.x]\n", "bert"))
    with pytest.raises(SiteError, match="names anybody"):
        asyncio.run(one.put("", "bert"))
    disk.is_full = True
    with pytest.raises(StoreFull):
        asyncio.run(one.put(SITE.replace("hall", "yard"), "bert"))
    assert (one.text, one.site.name, disk.row.by) == (SITE, "hall", "anna")


def test_a_site_of_another_version_is_set_aside_with_a_warning(caplog):
    one = known(row=SiteRow(text="[role.x]\n", at=Wall(0.0), by="anna"))
    assert one.site is None
    assert "site-unreadable" in caplog.text
    with pytest.raises(NoSite):
        one.view()


def test_what_cannot_be_tried_is_remembered_as_long_as_the_site_stays():
    one = known()
    asyncio.run(one.put(SITE, "anna"))
    (first,) = one.untried_from(RACK)
    assert first.flow == "ntp"
    assert one.untried_from(RACK)[0] is first
    asyncio.run(one.put(SITE + 'addresses = ["10.7.0.5"]\n', "anna"))
    assert one.untried_from(RACK) == ()


def test_standpoints_that_are_remembered_are_bounded(monkeypatch):
    monkeypatch.setattr(module, "MAX_REMEMBERED", 1)
    one = known()
    asyncio.run(one.put(SITE, "anna"))
    (first,) = one.untried_from(RACK)
    assert len(one.untried_from(OTHER)) == 1
    assert one.untried_from(RACK)[0] is not first, "it was forgotten for the other"
