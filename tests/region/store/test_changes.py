"""Reports → rows, in few statements, the later over the earlier."""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path
from types import SimpleNamespace

import msgspec
from hypothesis import HealthCheck, Phase, given, settings

from bellrock.contract import Report
from bellrock.model import (
    Evidence,
    EvidenceGone,
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
    Port,
    RefusalCount,
    Wall,
)
from bellrock.region.service.state import State
from bellrock.region.store import Accepted, Loaded, mirrors_of, open_store, schema
from bellrock.region.store.changes import Writer
from bellrock.region.store.reading import pages, reading
from tests.region.service.test_state import batches, content

A, B = Port("a", "eth0"), Port("b", "eth0", 10)


class Recorder:
    """A connection that only writes down what it is asked."""

    def __init__(self) -> None:
        self.statements: list[tuple[str, int]] = []
        self.dialect = SimpleNamespace(name="sqlite")

    def exec_driver_sql(self, statement: str, rows) -> list:
        words = statement.split()
        if words[0] == "SELECT":
            return []
        verb = f"{words[0]} {words[words.index('INTO' if 'INTO' in words else 'FROM') + 1]}"
        self.statements.append((verb, len(rows) if isinstance(rows, list) else 1))
        return []


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
        ("INSERT agents", 1),
    ]


def test_what_is_forgotten_or_withdrawn_takes_no_more_statements_the_more_it_is():
    recorder = Recorder()
    writer = Writer(recorder, {})
    mirrors = mirrors_of(EvidenceKey(EvidenceKind.HEARD, A, B), Wall(1.0))
    for seq in range(1, 51):
        name = f"eth{seq}"
        gone = EvidenceGone(EvidenceKey(EvidenceKind.HEARD, A, B), "silent", Wall(float(seq)))
        told = Accepted(
            agent=Host(f"a{seq}", "a"), received=Wall(2.0),
            report=Report(1, "b", Wall(1.0), (nic(name), InterfaceGone("a", name), nic(f"{name}.1"), gone), True, True),
        )  # fmt: skip
        writer.take(told)
    writer.flush()
    assert recorder.statements == [
        ("DELETE evidence", 50), ("DELETE evidence", 50), ("DELETE evidence", 50), ("DELETE mtu", 50),
        ("DELETE refusals", 50), ("DELETE evidence", len(mirrors)), ("DELETE interfaces", 50),
        ("INSERT interfaces", 50), ("DELETE evidence", 1),
        *[(f"DELETE {table}", 50) for table in ("interfaces", "evidence", "refusals", "mtu")],
        ("INSERT agents", 50),
    ]  # fmt: skip


def test_a_row_of_evidence_is_what_the_journal_has_around_it():
    writer = Writer(Recorder(), {})
    seen = EvidenceSeen(Evidence(kind=EvidenceKind.HEARD, port=A, peer=B, proof=("1",), seen=Wall(3.0)))
    writer.take(accepted(1, seen))
    ((row,),) = (writer._rows["evidence"].values(),)
    assert msgspec.json.decode(row[-1], type=Evidence) == seen.evidence
    assert msgspec.json.encode(seen.evidence) == row[-1]


@settings(max_examples=25, suppress_health_check=list(HealthCheck))
@given(batches())
def test_reports_in_one_transaction_leave_what_they_leave_one_by_one(made):
    """But for what was withdrawn and told again meanwhile, which the journal need not say."""

    async def tell(where: Path, cut: list[list[Accepted]]) -> dict:
        store = await open_store(where)
        state = State(Loaded())
        for batch in cut:
            await store.commit(batch, state.running({one.agent.id for one in batch}))
            for one in batch:
                state.apply(one)
        await store.close()
        async with reading(where) as connection:
            rows = {table.name: [row async for page in pages(connection, table) for row in page] for table in TABLES}
        told = [row[1:] for row in rows.pop("journal") if row[4] != "withdrawn"]
        return rows | {"told": told}

    reports = [one for batch in made for one in batch]
    with tempfile.TemporaryDirectory() as directory:
        together = asyncio.run(tell(Path(directory) / "a.sqlite", [reports]))
        one_by_one = asyncio.run(tell(Path(directory) / "b.sqlite", [[one] for one in reports]))
    assert together == one_by_one


def test_only_hosts_of_which_something_may_be_taken_back_are_looked_up():
    class Asked(Recorder):
        asked: tuple[str, ...] = ()

        def exec_driver_sql(self, statement: str, rows) -> list:
            self.asked += tuple(rows) if statement.startswith("SELECT") else ()
            return super().exec_driver_sql(statement, rows)

    def by(agent: str, *told, complete: bool = False) -> Accepted:
        report = Report(1, "boot", Wall(1.0), told, complete=complete)
        return Accepted(agent=Host(agent, agent), report=report, received=Wall(2.0))

    recorder = Asked()
    Writer(recorder, {}).look_up(
        [
            by("a", nic(), way(1500)), by("b", complete=True), by("c", InterfaceGone("c", "eth0")),
            by("d", InterfaceSeen("d", Interface(name="eth0", index=1, mac="m", carrier=False))), by("b", complete=True),
            by("e", EvidenceGone(EvidenceKey(EvidenceKind.HEARD, Port("e", "eth0"), Port("f", "eth0")), "silent")),
            by("g", EvidenceGone(EvidenceKey(EvidenceKind.LLDP, Port("g", "eth0")), "silent")),
        ]
    )  # fmt: skip
    assert recorder.asked == ("b", "c", "d", "e", "f", "g")


def test_what_passes_is_kept_per_direction_the_latest_and_taken_back():
    recorder = Recorder()
    writer = Writer(recorder, {})
    writer.take(accepted(1, way(1500), way(9000), way(1500, to=Port("b", "eth1"))))
    writer.flush()
    assert recorder.statements == [("INSERT mtu", 2), ("INSERT agents", 1)]
    assert [(row[2], row[3]) for row in writer.journal] == [(1, "mtu")] * 3
    recorder.statements.clear()
    writer.take(accepted(2, MtuGone(A, B, "silent")))
    writer.flush()
    assert recorder.statements[0] == ("DELETE mtu", 1)


def test_the_journal_has_no_refusals(where):
    async def write() -> list[tuple[int, str]]:
        store = await open_store(where)
        try:
            for seq in range(1, 5):
                seen = EvidenceSeen(Evidence(kind=EvidenceKind.HEARD, port=A, peer=B))
                await store.commit([accepted(seq, seen, RefusalCount(A, "m", "skew", seq))], {"a": 0})
            return [(entry[3], entry[4]) for entry in await store.journal()]
        finally:
            await store.close()

    assert asyncio.run(write()) == [(seq, "evidence") for seq in range(1, 5)]


def test_what_is_withdrawn_is_noted_after_what_the_account_told(where):
    async def write() -> list[tuple[int, str]]:
        store = await open_store(where)
        try:
            await store.commit([accepted(1, nic("eth0"), nic("eth1"), begin=True, complete=True)], {})
            await store.commit([accepted(2, nic("eth1"), begin=True, complete=True)], {"a": 1})
            return [(entry[3], entry[4]) for entry in await store.journal()]
        finally:
            await store.close()

    assert asyncio.run(write()) == [(1, "interface"), (1, "interface"), (2, "interface"), (2, "withdrawn")]


@settings(max_examples=6, phases=(Phase.explicit, Phase.generate), suppress_health_check=list(HealthCheck))
@given(batches())
def test_the_same_reports_leave_the_same_rows_in_a_file_and_on_a_server(postgres, made):
    async def tell(where) -> dict:
        store = await open_store(where)
        state = State(Loaded())
        for batch in made:
            await store.commit(batch, state.running({one.agent.id for one in batch}))
            for one in batch:
                state.apply(one)
        assert content(State(await store.load())) == content(state)
        await store.close()
        async with reading(where) as connection:
            return {table.name: [row async for page in pages(connection, table) for row in page] for table in TABLES}

    url = postgres.fresh()
    with tempfile.TemporaryDirectory() as directory:
        in_file, on_server = asyncio.run(tell(Path(directory) / "a.sqlite")), asyncio.run(tell(url))
    postgres.drop(url)
    assert in_file == on_server


TABLES = schema.metadata.sorted_tables
