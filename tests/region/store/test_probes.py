"""How checks stand, what changed, schedules, webhooks and the site, in a real database, over a restart."""

from __future__ import annotations

import asyncio

import pytest

from bellrock.model import Probed, Traced, Verdict, Wall
from bellrock.region.store import (
    Change,
    LoadedProbes,
    ScheduleRow,
    SiteRow,
    Standing,
    StoreError,
    WebhookRow,
    check_key,
    open_store,
)
from tests.region.stores import execute

NOW = Wall(1.7e9)


def standing(agent="a", flow="dns", verdict=Verdict.WORKS, **facts) -> Standing:
    chosen = {"target": "192.0.2.1:53", "protocol": "udp", "detail": "it does", "at": NOW, "since": NOW} | facts
    return Standing(agent=agent, flow=flow, verdict=verdict, **chosen)


def probed(flow="dns", **facts) -> Probed:
    step = Traced(at=NOW, direction="sent", what="query", octets=32)
    return Probed(flow=flow, target="192.0.2.1:53", verdict=Verdict.WORKS, detail="it does", evidence=(step,), **facts)


def change(agent="a", flow="dns", at=NOW, **facts) -> Change:
    chosen = {"target": "192.0.2.1:53", "verdict": Verdict.FILTERED, "detail": "nothing came back"} | facts
    return Change(at=Wall(at), agent=agent, flow=flow, **chosen)


def scene(where, play):
    """Play on a store's probes; then what is loaded from the same file by another start."""

    async def run():
        store = await open_store(where)
        try:
            told = await play(store.probes)
        finally:
            await store.close()
        again = await open_store(where)
        try:
            return told, (await again.load()).probes
        finally:
            await again.close()

    return asyncio.run(run())


def test_an_empty_store_has_nothing(where):
    async def play(probes):
        return await probes.history(None, None, None, 10), await probes.probed(["x"])

    assert scene(where, play) == (([], {}), LoadedProbes())


def test_standings_are_kept_replaced_and_forgotten_and_evidence_is_read_when_it_is_wanted(where):
    one, other, gone = standing(), standing("b"), standing("c")

    async def play(probes):
        await probes.keep([(one, probed()), (other, probed()), (gone, probed())], (), ())
        newer = standing(verdict=Verdict.FILTERED, runs=2, told="works")
        await probes.keep([(newer, probed(facts={"offset_s": 0.5}))], (), [gone.key])
        return newer, await probes.probed([newer.key, gone.key])

    (newer, found), loaded = scene(where, play)
    assert loaded.standings == (newer, other)
    assert found == {newer.key: probed(facts={"offset_s": 0.5})}


def test_a_key_is_of_one_check_alone():
    parts = ("a", "dns", "192.0.2.1:53", "udp", "big")
    assert standing(variant="big").key == check_key(*parts)
    others = {check_key(*(part + ("x" if place == at else "") for place, part in enumerate(parts))) for at in range(5)}
    assert len(others | {check_key(*parts)}) == 6
    assert check_key("a", 'b","c', "", "", "") != check_key("a", "b", "c", "", "")


def test_history_is_told_newest_first_by_agent_flow_and_number(where):
    changes = [change(), change("b"), change(flow="ntp"), change(verdict=Verdict.WORKS, before="filtered")]

    async def play(probes):
        await probes.keep((), changes, ())
        return [
            await probes.history(None, None, None, 10), await probes.history("a", None, None, 10),
            await probes.history("a", "dns", None, 10), await probes.history(None, None, 3, 1),
            await probes.history("a\0", None, None, 10), await probes.history(None, "dns\0", None, 10),
        ]  # fmt: skip

    found, _ = scene(where, play)
    assert found[0] == [(number, changes[number - 1]) for number in (4, 3, 2, 1)]
    assert [number for number, _ in found[1]] == [4, 3, 1]
    assert [number for number, _ in found[2]] == [4, 1]
    assert [number for number, _ in found[3]] == [2]
    assert found[4:] == [[], []]


def test_history_is_one_whatever_days_it_is_of(where):
    times = [NOW + days * 86400.0 for days in (0, 3, 1, 1, 0)]

    async def play(probes):
        for at in times:
            await probes.keep((), [change(at=at)], ())
        return await probes.history("a", None, None, 10), await probes.history(None, "dns", 5, 2)

    (every, some), _ = scene(where, play)
    assert every == [(number, change(at=times[number - 1])) for number in (5, 4, 3, 2, 1)]
    assert [number for number, _ in some] == [4, 3]


def test_site_schedules_and_webhooks(where):
    schedule = ScheduleRow(id="site", every=300.0, flows=("dns",), to=("192.0.2.1",), created=NOW, by="anna")
    webhook = WebhookRow(id="w-1", url="https://192.0.2.9/", secret="s", created=NOW, by="anna")
    site = SiteRow(text="title = 'x'\n", at=NOW, by="anna")

    async def play(probes):
        await probes.save_site(SiteRow(text="", at=NOW, by="x"))
        await probes.save_site(site)
        for identity in ("gone", "site"):
            await probes.save_schedule(ScheduleRow(id=identity, every=60.0, created=NOW, by=""))
        await probes.save_schedule(schedule)
        await probes.remove_schedule("gone")
        await probes.save_webhook(webhook)
        await probes.save_webhook(WebhookRow(id="w-2", url="", secret="", created=NOW, by=""))
        await probes.remove_webhook("w-2")

    _, loaded = scene(where, play)
    assert loaded == LoadedProbes(schedules=(schedule,), webhooks=(webhook,), site=site)


def test_what_something_else_wrote_is_no_row(where):
    async def run():
        store = await open_store(where)
        await execute(store, "INSERT INTO probes (key, body, probed) VALUES ('k', '{}', '{}')")
        try:
            await store.load()
        finally:
            await store.close()

    with pytest.raises(StoreError, match="corrupt"):
        asyncio.run(run())
