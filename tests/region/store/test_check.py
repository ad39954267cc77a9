"""What is wrong with a store, a line for each row."""

from __future__ import annotations

import asyncio

import pytest

from bellrock.contract import NodeReport, Report
from bellrock.diagnosis.ledger import Entry
from bellrock.model import (
    Evidence,
    EvidenceKind,
    EvidenceSeen,
    Finding,
    Host,
    HostSeen,
    Interface,
    InterfaceSeen,
    MtuLimit,
    MtuSeen,
    Port,
    Probed,
    RefusalCount,
    Severity,
    Verdict,
    Wall,
)
from bellrock.region.roles import UserRole
from bellrock.region.store import (
    Accepted,
    AuditRow,
    Change,
    DiagnosisRow,
    EnrolmentRow,
    EnrolmentState,
    NodeRow,
    Registration,
    ScheduleRow,
    SessionRow,
    SiteRow,
    Standing,
    StoreError,
    TokenRow,
    UserRow,
    WebhookRow,
    open_store,
)
from bellrock.region.store.check import PER_TABLE, Problem, check
from bellrock.region.store.reading import newest
from tests.region.stores import execute

NOW = Wall(5.0)
HOST = Host("a", "a", "rack")
PORT, PEER = Port("a", "eth0"), Port("b", "eth0", 10)


async def fill(store) -> None:
    """A row at least in each table, as a region writes it."""
    told = (
        HostSeen(Host("b", "b", "rack"), NOW), InterfaceSeen("a", Interface(name="eth0", index=1, mac="m", up=True)),
        EvidenceSeen(Evidence(kind=EvidenceKind.HEARD, port=PORT, peer=PEER, seen=NOW)),
        EvidenceSeen(Evidence(kind=EvidenceKind.LOOP, port=PORT, seen=NOW)),
        RefusalCount(PORT, "m", "skew", 1), MtuSeen(PORT, PEER, 1500, MtuLimit.LINK, 9000, 1501),
    )  # fmt: skip
    await store.commit([Accepted(agent=HOST, report=Report(1, "b", NOW, told, True), received=NOW)], {})
    await store.save_places(b"{}", [Registration(id="if-1", host="a", mac="m", name="eth0")], [], NOW)
    await store.enrolments.save([EnrolmentRow(agent="a", name="a", role="rack", state=EnrolmentState.APPROVED, key="k", code="c",
                                              address="", requested=NOW)])  # fmt: skip
    report = NodeReport(host=Host("n", "n", "node"), boot="b", sent=NOW, observations=())
    await store.nodes.save(NodeRow(agent="n", seen=NOW, via="", report=report), ())
    await store.people.put_user(UserRow(name="anna", role=UserRole.ADMIN, hash="h", created=NOW))
    await store.people.put_token(
        TokenRow(id="t", hash="h", name="t", role=UserRole.VIEWER, owner="", created=NOW, expires=Wall(9e9)), NOW
    )
    await store.people.put_session(SessionRow(hash="s", user="anna", created=NOW, expires=Wall(9e9)), [], NOW)
    await store.people.add_audit([AuditRow(at=NOW, kind="change", who="", how="", address="", action="", subject="", before="",
                                           after="", outcome="")])  # fmt: skip
    standing = Standing(agent="a", flow="dns", target="t", verdict=Verdict.WORKS, detail="", at=NOW, since=NOW)
    probed = Probed(flow="dns", target="t", verdict=Verdict.WORKS, detail="", evidence=())
    change = Change(at=NOW, agent="a", flow="dns", target="t", verdict=Verdict.WORKS, detail="")
    await store.probes.keep((), [change], ())
    assert await store.retention.roll_up(Wall(9e9)) == 1
    await store.probes.keep([(standing, probed)], [change], ())
    await store.probes.save_site(SiteRow(text="", at=NOW, by=""))
    await store.probes.save_schedule(ScheduleRow(id="s", every=60.0, created=NOW, by=""))
    await store.probes.save_webhook(WebhookRow(id="w", url="u", secret="s", created=NOW, by=""))
    finding = Finding(id="f", severity=Severity.ERROR, what="w", proof=("p",), host="a")
    await store.findings.keep([Entry(finding=finding, opened=NOW, seen=NOW)], ())
    await store.findings.save_diagnosis(DiagnosisRow(source="x", at=NOW, by="", findings=(finding,)))


def checked(where, *statements: str) -> list[str]:
    async def scene() -> list[Problem]:
        store = await open_store(where)
        await fill(store)
        await execute(store, *statements)
        await store.close()
        return await check(where)

    return [one.text for one in asyncio.run(scene())]


def test_what_a_region_wrote_is_right_and_progress_is_told(where):
    assert checked(where) == []
    told = []
    asyncio.run(check(where, lambda *words: told.append(words)))
    assert ("journal", 6, 6) in told
    assert {table for table, _, _ in told} >= {
        "agents",
        "evidence",
        "findings",
        "registry",
        "sites",
        "probe_changes",
        "verdict_hours",
    }


@pytest.mark.parametrize(
    ("statement", "told"),
    [
        ("UPDATE interfaces SET body = '{'", "interfaces a eth0: does not decode: "),
        ("UPDATE interfaces SET name = 'eth1'", "interfaces a eth1: name: not as in its body"),
        ("UPDATE evidence SET seen = 1.0 WHERE peer_host = 'b'", "seen: not as in its body"),
        ("UPDATE mtu SET host = 'x'", "host: not as in its body"),
        ("UPDATE refusals SET interface = 'x'", "interface: not as in its body"),
        ("UPDATE registrations SET host = 'x'", "registrations if-1: host: not as in its body"),
        ("UPDATE probes SET probed = '[]'", "probes "),
        ("UPDATE probe_changes_0 SET agent = 'x'", "probe_changes 2: agent: not as in its body"),
        ("UPDATE verdict_hours_0 SET flow = 'x'", "verdict_hours 1: flow: not as in its body"),
        ("UPDATE journal_0 SET body = '' WHERE id = 1", "journal 1: does not decode: "),
        ("UPDATE registry SET body = '[]'", "registry 1: does not decode: "),
        ("UPDATE users SET role = 'emperor'", "users anna: does not decode: "),
        ("UPDATE tokens SET role = 'emperor'", "tokens h: does not decode: "),
        ("DELETE FROM users", "sessions s: of 'anna', who is no user"),
        ("DELETE FROM agents", "told by 'a', which is no agent"),
        ("DROP TABLE findings", "findings: missing from the schema; restore a backup"),
        ("UPDATE schedules SET id = 'x'", "schedules x: id: not as in its body"),
        ("UPDATE webhooks SET body = '\\xff'", "webhooks w: does not decode: "),
        ("UPDATE nodes SET agent = 'x'", "nodes x: agent: not as in its body"),
        ("UPDATE enrolments SET agent = 'x'", "enrolments x: agent: not as in its body"),
        ("UPDATE findings SET id = 'x'", "findings x: id: not as in its body"),
        ("UPDATE diagnoses SET id = 'y'", "diagnoses y: id: not as in its body"),
        ("UPDATE sites SET body = 'null'", "sites site: does not decode: "),
    ],
)  # fmt: skip
def test_each_wrong_row_is_one_line(tmp_path, statement, told):
    found = checked(tmp_path / "region.sqlite", statement)
    assert found
    assert any(told in line for line in found)
    assert not any("\n" in line for line in found)


def test_of_many_wrong_rows_their_number_is_told(where):
    rows = ", ".join(f"('h{number}', 's', 'nobody', 1.0, 2.0)" for number in range(PER_TABLE + 5)).replace("'s', ", "")
    found = checked(where, f"INSERT INTO sessions VALUES {rows}")
    assert len(found) == PER_TABLE + 1
    assert found[-1] == "sessions: 5 rows more are wrong"


def test_batches_that_do_not_open_are_told(postgres):
    url = postgres.fresh()
    (told,) = checked(url, "UPDATE feed SET body = '\\x00'")
    assert told.startswith("feed 1: does not open: ")
    postgres.drop(url)


def test_an_older_schema_is_told(where):
    assert checked(where, "UPDATE alembic_version SET version_num = '0007'") == [
        f"schema 0007 is older than this Bellrock's, {newest()}; run: bellrock db migrate"
    ]


def test_what_cannot_be_read_at_all_is_an_error(tmp_path):
    with pytest.raises(StoreError, match="there is no such file"):
        asyncio.run(check(tmp_path / "none"))
