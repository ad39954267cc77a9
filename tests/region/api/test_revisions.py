"""A tag that is told without making the answer is that of the answer, whatever has happened since the answer was made."""

from __future__ import annotations

import tempfile
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from litestar.datastructures import State
from msgspec.structs import replace

from bellrock.contract import Report
from bellrock.model import (
    EvidenceGone,
    EvidenceKind,
    Host,
    HostGone,
    InterfaceGone,
    Monotonic,
    MtuLimit,
    MtuSeen,
    Neighbour,
    Port,
    RefusalCount,
    key_of,
)
from bellrock.region.api.app import application
from bellrock.region.api.conditional import Conditional, tag_of
from bellrock.region.api.revisions import MOMENTS
from bellrock.region.store import Accepted
from tests.region.support import agent, asynchronous, confirmed, host_seen, interface, now, region, until

HOSTS = ("rack1", "rack2", "rack3")
PORTS = [f"{host}/eth{number}" for host in HOSTS for number in range(2)]
PATHS = [
    "fabrics", "vlans", "vlans?limit=1", "conflicts", "topology", "unknown", "interfaces", "interfaces?limit=2", "interfaces?placed=false", "evidence",
    "evidence?host=rack1", "hosts/rack1/neighbours", "topology/explain?a=rack1/eth0&b=rack2/eth0", "fabrics/fabric-1", "vlans/vlan-1", "vlans/vlan-1/members",
]  # fmt: skip


class World:
    """A region that is told things in this loop, and two ways to its answers: with what was kept, and without."""

    def __init__(self, kept, token):
        self.region, self._token = kept, token
        self._state = State({"region": kept, "outpost": kept.outpost})
        self._app = application(self._state)
        self.app = Conditional(self._app)
        self._seq = dict.fromkeys(HOSTS, 0)
        self.names = dict(zip(HOSTS, HOSTS, strict=True))

    def tell(self, host, *observations):
        """A report of a host is committed."""
        self._seq[host] += 1
        seq = self._seq[host]
        report = Report(seq, "boot", now(), observations, begin=seq == 1)
        it = Host(f"id-{host}", self.names[host], "rack")
        self.region.outpost._committed([Accepted(agent=it, report=report, received=now())])

    async def ask(self, path, tag=b"", *, kept=True):
        """(status, tag, body)"""
        held = None if kept else self._app.state.pop("kept", None)
        try:
            return await self._ask(path, tag)
        finally:
            if held is not None:
                self._app.state["kept"] = held

    async def _ask(self, path, tag):
        told = []

        async def receive():
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message):
            told.append(message)

        where, _, query = f"/api/v1/{path}".partition("?")
        headers = [(b"authorization", f"Bearer {self._token}".encode()), (b"if-none-match", tag)]
        scope = {
            "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": "GET", "path": where, "raw_path": where.encode(),
            "query_string": query.encode(), "headers": headers, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2), "scheme": "http",
            "root_path": "", "state": {},
        }  # fmt: skip
        await self.app(scope, receive, send)
        return told[0]["status"], dict(told[0]["headers"]).get(b"etag"), told[1]["body"]


ports, hosts = st.sampled_from(PORTS), st.sampled_from(HOSTS)
vids = st.sampled_from([None, None, 10, 20])


def split(port):
    """(host, interface)"""
    host, _, name = port.partition("/")
    return host, name


def sees(port, **facts):
    host, name = split(port)
    return lambda world: world.tell(host, interface(name, host, index=2 + int(name[-1]), **facts))


def evidence(one, other, vid, kind):
    return confirmed(one, other, vid, kind=kind)


def observes(one, other, vid, kind, *, gone):
    found = evidence(one, other, vid, kind)
    told = EvidenceGone(key_of(found.evidence), "timeout", now()) if gone else found
    return lambda world: world.tell(split(one)[0], told)


def device(port, name):
    neighbour = Neighbour(protocol="lldp", chassis_id="02:00:00:00:00:01", port_id="1", system_name=name)
    found = replace(confirmed(port, port).evidence, kind=EvidenceKind.LLDP, peer=None, neighbour=neighbour)
    return lambda world: world.tell(split(port)[0], type(confirmed(port, port))(found))


def measures(one, other):
    (host, name), (peer, their) = split(one), split(other)
    found = MtuSeen(Port(f"id-{host}", name), Port(f"id-{peer}", their), 1500, MtuLimit.LINK, 1500)
    return lambda world: world.tell(host, found)


def refuses(port, reason, count):
    host, name = split(port)
    return lambda world: world.tell(host, RefusalCount(Port(f"id-{host}", name), "02:00:00:00:00:09", reason, count))


def renames(host, name):
    def do(world):
        world.names[host] = name
        world.tell(host, host_seen(host))

    return do


async def names(world, name):
    for fabric in world.region.topology().fabrics[:1]:
        await world.region.rename(fabric.vlans[0].id, name)


events = st.one_of(
    st.builds(sees, ports, carrier=st.sampled_from([True, True, False]), mtu=st.sampled_from([1500, 9000]), settled=st.sampled_from([True, True, False])),
    st.builds(sees, ports, addresses=st.sampled_from([(), ("10.0.0.1/24",), ("10.0.1.1/24",)])),
    st.builds(observes, ports, ports, vids, st.sampled_from([EvidenceKind.CONFIRMED, EvidenceKind.HEARD]), gone=st.sampled_from([False, False, True])),
    st.builds(device, ports, st.sampled_from(["sw1", "sw2"])),
    st.builds(refuses, ports, st.sampled_from(["wrong-secret", "replay"]), st.integers(1, 3)),
    st.builds(renames, hosts, st.sampled_from(["rack1", "rack2", "rack9"])),
    ports.map(lambda port: lambda world: world.tell(split(port)[0], InterfaceGone(f"id-{split(port)[0]}", split(port)[1]))),
    hosts.map(lambda host: lambda world: world.tell(host, HostGone(f"id-{host}"))),
    hosts.map(lambda host: lambda world: world.region.alive(Host(f"id-{host}", world.names[host], "rack"), now(), 0.5)),
    st.just(lambda world: world.region._upkeep.lapse(Monotonic(1e12))),
    hosts.map(lambda host: lambda world: world.tell(host)),
    st.builds(measures, ports, ports),
    st.sampled_from(["pxe", "storage"]).map(lambda name: lambda world: names(world, name)),
    st.just(lambda world: world.region._telling._prepare()),
)  # fmt: skip


async def happens(found, world):
    again = found(world)
    if again is not None and not isinstance(again, bool):
        await again


@given(story=st.lists(events, min_size=1, max_size=8))
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
def test_a_tag_that_is_kept_is_the_tag_of_what_would_be_answered(story):
    @asynchronous
    async def live(directory) -> None:
        made = []
        async with region(directory, made=made.append) as running:
            world = World(made[0], running.token)
            for one, other in (("rack1/eth0", "rack2/eth0"), ("rack2/eth0", "rack1/eth0")):
                host, name = split(one)
                world.tell(
                    host, host_seen(host), interface(name, host), evidence(one, other, None, EvidenceKind.CONFIRMED)
                )
            before = {path: await world.ask(path) for path in PATHS}
            for event in story:
                await happens(event, world)
                for path in PATHS:
                    held = await world.ask(path)
                    fresh = await world.ask(path, kept=False)
                    assert held[:2] == fresh[:2], path
                    assert held[1] is None or tag_of(held[2]) == tag_of(fresh[2]), path
                    if before[path][1] is not None and fresh[0] == 200:
                        again = await world.ask(path, before[path][1])
                        assert again[0] == (304 if fresh[1] == before[path][1] else 200), path
                    before[path] = fresh

    with tempfile.TemporaryDirectory() as directory:
        live(Path(directory))


@asynchronous
async def test_who_comes_back_with_nothing_new_to_tell_counts_again_in_every_answer(tmp_path):
    made = []
    paths = ["evidence?host=rack1", "hosts/rack1/neighbours"]
    async with region(tmp_path, made=made.append) as running:
        world = World(made[0], running.token)
        for host in HOSTS:
            world.tell(host, host_seen(host), interface("eth0", host, carrier=False))
        world.tell("rack1", evidence("rack1/eth0", "rack2/eth0", None, EvidenceKind.CONFIRMED))
        while world.region._upkeep.lapse(Monotonic(1e12)):
            pass
        before = {path: await world.ask(path) for path in paths}
        world.tell("rack1")
        for path in paths:
            assert (await world.ask(path, before[path][1]))[:2] == (await world.ask(path, kept=False))[:2], path
            assert (await world.ask(path, before[path][1]))[0] == 200, path


@asynchronous
async def test_what_nobody_changed_is_not_made_again(tmp_path, monkeypatch):
    made = []
    async with region(tmp_path, made=made.append) as running:
        world = World(made[0], running.token)
        world.tell("rack1", host_seen(), interface("eth0"), confirmed("rack1/eth0", "rack2/eth0"))
        world.tell("rack2", host_seen("rack2"), interface("eth0", "rack2"))
        first = {path: await world.ask(path) for path in PATHS}
        assert {status for status, _, _ in first.values()} == {200}, first
        seen = world.region.view()

        def rendered(*_):
            raise AssertionError("rendered")

        monkeypatch.setattr(type(seen), "member", rendered)
        monkeypatch.setattr(type(seen), "_evidence", rendered)
        monkeypatch.setattr(type(seen), "_interface", rendered)
        monkeypatch.setattr("bellrock.region.service.parts._vlan", rendered)
        monkeypatch.setattr("bellrock.region.service.parts._fabric", rendered)
        # Keep-alives make it older and no other.
        world.region.alive(Host("id-rack1", "rack1", "rack"), now(), 0.5)
        for path, (_, tag, body) in first.items():
            assert (await world.ask(path, tag))[:2] == (304, tag), path
            if tag.startswith(b'"'):
                assert await world.ask(path) == (200, tag, body), path


@asynchronous
async def test_measurements_change_none_of_it(tmp_path):
    made = []
    async with region(tmp_path, made=made.append) as running:
        world = World(made[0], running.token)
        world.tell("rack1", host_seen(), interface("eth0"), confirmed("rack1/eth0", "rack2/eth0"))
        before = world.region.moments.told()
        world.tell("rack1", MtuSeen(Port("id-rack1", "eth0"), Port("id-rack2", "eth0"), 9000, MtuLimit.LINK, 9000))
        assert world.region.moments.told() == before
        world.tell("rack1", interface("eth0", mtu=9000))
        assert world.region.moments.told() != before


async def is_registered(running):
    return (await running.get("interfaces"))[0]["registered"]


@asynchronous
async def test_another_process_gives_the_same_tags(tmp_path):
    tags = []
    # That of the whole topology holds its revision, which each process counts by itself.
    paths = [path for path in PATHS if not path.startswith("topology")]
    for _ in range(2):  # the second time as after a restart
        async with region(tmp_path) as running, running.client(authorization=f"Bearer {running.token}") as client:
            if not tags:
                told = (host_seen(), interface("eth0"), confirmed("rack1/eth0", "rack2/eth0"))
                async with agent(running.url, "rack1") as rack:
                    await rack.report(1, *told, begin=True, complete=True)
                    await rack.acknowledged(1)
                    await until(lambda one=running: is_registered(one))
            tags.append({path: (await client.get(f"/api/v1/{path}")).headers["etag"] for path in paths})
    assert tags[0] == tags[1]


def test_whatever_has_a_moment_is_an_operation():
    described = {one.operation_id for item in application(State()).openapi_schema.paths.values() if (one := item.get)}
    assert MOMENTS.keys() <= described
