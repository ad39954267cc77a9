"""What is remembered of agents, in memory and on disk."""

from __future__ import annotations

import asyncio

import pytest

from bellrock.model import Host
from bellrock.region.service.agentsession import Session
from bellrock.region.service.clock import Offset
from bellrock.region.service.roster import Roster
from bellrock.region.service.secrets import Secret, Secrets
from bellrock.region.store import EnrolmentState, StoreFull
from tests.region.store.test_enrolments import row

NEW, OLD = Secret("3f1c09aa", b"a", b"b"), Secret("22222222", b"c", b"d")


class Disk:
    """Stands where the table is: keeps what is written, or fails."""

    def __init__(self) -> None:
        self.rows: dict[str, object] = {}
        self.full = False
        self.writes = 0
        self.meanwhile = lambda: None

    async def save(self, rows, gone=()) -> None:
        self.writes += 1
        await asyncio.sleep(0)
        self.meanwhile()
        if self.full:
            raise StoreFull("disk full")
        self.rows |= {one.agent: one for one in rows}
        for agent in gone:
            self.rows.pop(agent, None)


@pytest.fixture
def disk():
    return Disk()


def roster(disk: Disk, *rows, changed=lambda: None) -> tuple[Roster, Secrets]:
    secrets = Secrets((NEW, OLD))
    return Roster(disk, rows, secrets, changed), secrets


def test_a_row_counts_once_the_disk_has_it(disk):
    told: list[str] = []
    kept, secrets = roster(disk, changed=lambda: told.append("changed"))
    disk.full = True
    with pytest.raises(StoreFull):
        asyncio.run(kept.save(row("a")))
    assert (kept.find("a"), len(kept), told, secrets.use("a")) == (None, 0, [], None)
    disk.full = False
    asyncio.run(kept.save(row("a")))
    assert kept.find("a") == disk.rows["a"] == row("a")
    assert told == ["changed"]
    assert secrets.use("a").secret == NEW.id


def test_what_is_put_off_counts_at_once_and_is_written_when_the_disk_takes_it(disk):
    kept, _ = roster(disk, row("a"), row("b"))
    kept.later(row("a", name="renamed"))
    assert kept.find("a").name == "renamed"
    disk.full = True
    with pytest.raises(StoreFull):
        asyncio.run(kept.flush(["b"]))
    assert kept.find("b") is not None
    disk.full = False
    asyncio.run(kept.flush(["b"]))
    assert disk.rows == {"a": row("a", name="renamed")}
    assert [one.agent for one in kept.all()] == ["a"]
    asyncio.run(kept.flush())
    assert disk.writes == 2, "nothing to write is not written"


def test_what_is_put_off_while_the_disk_is_busy_is_not_lost(disk):
    kept, _ = roster(disk, row("a"))
    kept.later(row("a", name="first"))
    disk.meanwhile = lambda: kept.later(row("a", name="second"))
    asyncio.run(kept.flush())
    disk.meanwhile = lambda: None
    asyncio.run(kept.flush())
    assert disk.rows["a"].name == "second"


def test_who_is_forgotten_uses_no_secret(disk):
    kept, secrets = roster(disk, row("a"))
    kept.later(row("a", name="x"))
    asyncio.run(kept.flush(["a"]))
    assert (kept.find("a"), disk.rows, secrets.use("a")) == (None, {}, None)


def test_views(disk):
    kept, secrets = roster(
        disk, row("a", name="z"), row("b", name="y", secret=OLD.id), row("c", state=EnrolmentState.WAITING, certificates=()),
        row("d", name="z", secret=""),
    )  # fmt: skip
    sessions = {"a": Session(Host("a", "newname", "rack"), "", Offset())}
    assert [(one.agent, one.state, one.connected, one.old_secret, one.expires) for one in kept.views(sessions)] == [
        ("c", "waiting", False, False, None), ("b", "approved", False, True, 3.0), ("a", "approved", True, False, 3.0),
        ("d", "approved", False, False, 3.0),
    ]  # fmt: skip
    secrets.used("stranger", "33333333", "signs")
    shown = [
        (one.id, one.signs, one.accepted, [(user.agent, user.name, user.how) for user in one.agents])
        for one in kept.secrets(sessions)
    ]
    assert shown == [
        (NEW.id, True, True, [("a", "newname", "joined")]),
        (OLD.id, False, True, [("b", "y", "joined")]),
        ("33333333", False, False, [("stranger", "stranger", "signs")]),
    ]
