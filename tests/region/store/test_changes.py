"""Reports → rows, in few statements, the later over the earlier."""

from __future__ import annotations

import asyncio
import json

from bellrock.contract import Report
from bellrock.model import (
    Evidence,
    EvidenceKey,
    EvidenceKind,
    EvidenceSeen,
    Host,
    Interface,
    InterfaceGone,
    InterfaceSeen,
    MtuGone,
    MtuLimit,
    MtuSeen,
    Neighbour,
    Port,
    RefusalCount,
    Wall,
    key_of,
)
from bellrock.region.store import Accepted, mirrors_of, open_store
from bellrock.region.store.changes import Writer, key_text, refusal_text
from bellrock.region.store.store import Store

A, B = Port("a", "eth0"), Port("b", "eth0", 10)


class Recorder:
    """A connection that only writes down what it is asked."""

    def __init__(self) -> None:
        self.statements: list[tuple[str, int]] = []

    def exec_driver_sql(self, statement: str, rows) -> None:
        words = statement.split()
        verb = f"{words[0]} {words[words.index('INTO' if 'INTO' in words else 'FROM') + 1]}"
        self.statements.append((verb, len(rows) if isinstance(rows, list) else 1))


def accepted(seq: int, *told, **options) -> Accepted:
    return Accepted(agent=Host("a", "a"), report=Report(seq, "boot", Wall(1.0), told, **options), received=Wall(2.0))


def nic(name: str = "eth0", **facts) -> InterfaceSeen:
    return InterfaceSeen("a", Interface(**({"name": name, "index": 1, "mac": "m"} | facts)))


def way(mtu: int, to: Port = B) -> MtuSeen:
    return MtuSeen(A, to, mtu, MtuLimit.LINK, 9000, mtu + 1)


def test_many_reports_are_few_statements():
    recorder = Recorder()
    writer = Writer(recorder, {})
    for seq in range(1, 101):
        writer.take(accepted(seq, nic(f"eth{seq % 10}", mtu=seq), RefusalCount(A, "m", "skew", seq)))
    writer.flush()
    assert recorder.statements == [
        ("INSERT interfaces", 10),
        ("INSERT refusals", 1),
        ("INSERT journal", 100),
        ("INSERT agents", 1),
    ]


def test_statements_that_touch_many_rows_come_after_what_was_told_before():
    recorder = Recorder()
    writer = Writer(recorder, {})
    writer.take(accepted(1, nic("eth0"), InterfaceGone("a", "eth0"), nic("eth1")))
    writer.flush()
    verbs = [verb for verb, _ in recorder.statements]
    assert verbs == [
        "DELETE interfaces", "DELETE evidence", "DELETE mtu", "DELETE evidence", "DELETE mtu", "DELETE refusals",
        "INSERT interfaces", "INSERT journal", "INSERT agents",
    ]  # fmt: skip


def test_keys_tell_neighbours_and_refusals_apart():
    switch = Neighbour(protocol="lldp", chassis_id="c", port_id="p")
    key = key_of(Evidence(kind=EvidenceKind.LLDP, port=A, neighbour=switch))
    assert key == EvidenceKey(EvidenceKind.LLDP, A, None, "c p")
    assert json.loads(key_text(key)) == {
        "kind": "lldp", "port": {"host": "a", "interface": "eth0", "vid": None}, "peer": None, "neighbour": "c p",
    }  # fmt: skip
    texts = {refusal_text(RefusalCount(port, mac, reason, 1)) for port in (A, B) for mac in "mn" for reason in "rs"}
    assert len(texts) == 8
    assert refusal_text(RefusalCount(A, "m", "r", 1)) == refusal_text(RefusalCount(A, "m", "r", 2, "detail"))


def test_what_passes_is_kept_per_direction_the_latest_and_taken_back():
    recorder = Recorder()
    writer = Writer(recorder, {})
    writer.take(accepted(1, way(1500), way(9000), way(1500, to=Port("b", "eth1"))))
    writer.flush()
    assert recorder.statements == [("INSERT mtu", 2), ("INSERT journal", 3), ("INSERT agents", 1)]
    recorder.statements.clear()
    writer.take(accepted(2, MtuGone(A, B, "silent")))
    writer.flush()
    assert recorder.statements[0] == ("DELETE mtu", 1)


def test_mirrors():
    key = EvidenceKey(EvidenceKind.HEARD, A, B)
    assert {(one.port, one.peer) for one in mirrors_of(key, Wall(1.0))} == {(B, A)}
    assert mirrors_of(key, Wall(0.0)) == []
    assert mirrors_of(EvidenceKey(EvidenceKind.LLDP, A), Wall(1.0)) == []


def test_the_journal_is_bounded_and_has_no_refusals(tmp_path):
    async def write() -> list[tuple[int, str]]:
        store = await open_store(tmp_path / "region.sqlite")
        store = Store(store._engine, store._lock_file, journal_rows=5)
        try:
            for seq in range(1, 11):
                seen = EvidenceSeen(Evidence(kind=EvidenceKind.HEARD, port=A, peer=B))
                await store.commit([accepted(seq, seen, RefusalCount(A, "m", "skew", seq))], {"a": 0})
            return [(entry[3], entry[4]) for entry in await store.journal()]
        finally:
            await store.close()

    assert asyncio.run(write()) == [(seq, "evidence") for seq in range(6, 11)]
