"""The shell around the engine, with a network of queues: two loops hear each other, report, follow changes, and stop."""

import asyncio
import logging
import os
import sqlite3

import pytest

from bellrock.agent import loop as module
from bellrock.agent.loop import Loop, jitter
from bellrock.agent.network import RawNetwork
from bellrock.agent.reporter import Reporter
from bellrock.agent.run import new_id
from bellrock.agent.settings import Settings
from bellrock.agent.spool import Spool
from bellrock.beacon import Engine, Identity
from bellrock.link import clock
from bellrock.link.device import Frame, Statistics
from bellrock.model import (
    EvidenceGone,
    EvidenceKind,
    EvidenceSeen,
    Host,
    InterfaceGone,
    InterfaceSeen,
    MtuSeen,
    Port,
    RefusalCount,
    key_of,
)
from bellrock.model import Interface as Iface
from bellrock.wire import ip
from bellrock.wire.checksum import complement, remainder
from bellrock.wire.keys import Key, Keyring

KEYRING = Keyring([Key(b"k" * 32)])
LLDP = bytes.fromhex("0180c200000e52540000000288cc020704525400000001040405676531060200780000")


class Bell:
    """A descriptor that polls readable while something waits."""

    def __init__(self):
        self.descriptor = os.eventfd(0, os.EFD_NONBLOCK | os.EFD_SEMAPHORE)
        self.waiting = []

    def put(self, *items):
        self.waiting += items
        os.eventfd_write(self.descriptor, len(items))

    def take(self, budget):
        taken, self.waiting = self.waiting[:budget], self.waiting[budget:]
        for _ in taken:
            os.eventfd_read(self.descriptor)
        return taken

    def close(self):
        os.close(self.descriptor)


class Cable(RawNetwork):
    """A network that is one cable to another of its kind, on interface index 2."""

    def __init__(self):
        self.queue = Bell()
        self.far = None
        self.followed = []

    def filenos(self):
        return (self.queue.descriptor,)

    def receive(self, budget):
        return self.queue.take(budget)

    def send(self, ifindex, frame):
        if self.far is not None:
            self.far.queue.put(Frame(ifindex, (), frame, clock.read().wall_ns))

    def follow(self, interfaces):
        self.followed = [interface.name for interface in interfaces]

    def statistics(self):
        return Statistics()


class Monitor:
    """Interfaces as the test says."""

    def __init__(self, *interfaces):
        self.bell = Bell()
        self.now = {interface.index: interface for interface in interfaces}
        self.blinks = set()

    def fileno(self):
        return self.bell.descriptor

    def snapshot(self):
        return self.now

    def changes(self):
        return self.bell.take(100)

    def blinked(self):
        blinked, self.blinks = frozenset(self.blinks), set()
        return blinked

    def blink(self, index):
        self.blinks.add(index)
        self.bell.put("changed")

    def become(self, *interfaces):
        self.now = {interface.index: interface for interface in interfaces}
        self.bell.put("changed")


class Agent:
    """A loop with everything around it."""

    def __init__(self, tmp_path, name, *interfaces, **settings):
        self.id = f"01M3250V7TXQRSP72K94ZGK2{name:0>2}".upper()[:26]
        self.spool = Spool(tmp_path / f"{name}.sqlite")
        self.cable, self.monitor = Cable(), Monitor(*interfaces)
        self.wakes = 0
        identity = Identity(self.id, name, "rack", "BOOT" + name)
        reporter = Reporter(Host(self.id, name, "rack"), "BOOT" + name, self.spool)
        engine = Engine(identity, new_id, jitter)
        self.loop = Loop(
            Settings(state_dir=tmp_path, **settings),
            self.id,
            engine,
            KEYRING,
            self.cable,
            self.monitor,
            reporter,
            self.wake,
        )

    def wake(self):
        self.wakes += 1

    def told(self, kind=object):
        return [o for report in self.spool.after(0, limit=10_000) for o in report.observations if isinstance(o, kind)]

    def kinds(self):
        return {seen.evidence.kind for seen in self.told(EvidenceSeen)}

    def close(self):
        self.loop.stop()
        self.spool.close()
        self.cable.queue.close()
        self.monitor.bell.close()


def eth(name="eth0", index=2, **rest):
    return Iface(name=name, index=index, mac=f"52:54:00:00:00:{index:02x}", **({"carrier": True} | rest))


async def until(predicate, what):
    async with asyncio.timeout(10):
        while not predicate():
            await asyncio.sleep(0.005)
    assert predicate(), what


def play(scene):
    asyncio.run(scene())


@pytest.fixture
def two(tmp_path):
    made = []

    def _make(*interfaces, **settings):
        a = Agent(tmp_path, "a", *interfaces, **settings)
        b = Agent(tmp_path, "b", Iface(name="eth0", index=2, mac="52:54:00:00:00:fe", carrier=True))
        a.cable.far, b.cable.far = b.cable, a.cable
        made.extend((a, b))
        return a, b

    yield _make
    for agent in made:
        agent.spool.close()
        agent.cable.queue.close()
        agent.monitor.bell.close()


def test_two_agents_confirm_each_other_and_report_it(two):
    async def scene():
        a, b = two(eth())
        a.loop.start()
        b.loop.start()
        await until(lambda: EvidenceKind.CONFIRMED in a.kinds() & b.kinds(), "both confirmed")
        confirmed = next(s.evidence for s in a.told(EvidenceSeen) if s.evidence.kind is EvidenceKind.CONFIRMED)
        assert (confirmed.port, confirmed.peer) == (Port(a.id, "eth0"), Port(b.id, "eth0"))
        assert 0 < confirmed.round_trip < 5
        await a.loop.settled.wait()
        await until(lambda: any(s.interface.settled for s in a.told(InterfaceSeen)), "told that it settled")
        assert a.cable.followed == ["eth0"]
        assert (a.loop.interface_count, a.loop.ports, a.loop.settled_ports) == (1, 1, 1)
        assert a.loop.heard > 0
        assert a.loop.sent["multicast"] > 0
        assert a.wakes > 0
        a.loop.stop()
        b.loop.stop()

    play(scene)


def test_the_first_account_completes_when_every_port_had_its_say(two):
    async def scene():
        a, _ = two(eth(), eth("eth1", 3, carrier=False))
        a.loop.start()
        await a.loop.settled.wait()
        await until(lambda: any(report.complete for report in a.spool.after(0)), "complete")
        assert a.spool.after(0)[0].begin
        a.loop.stop()

    play(scene)


def test_a_cable_that_is_pulled_takes_its_evidence_and_its_neighbour_along(two):
    async def scene():
        a, b = two(eth(), ignore=("docker*",))
        a.loop.start()
        b.loop.start()
        a.cable.queue.put(Frame(2, (), LLDP, clock.read().wall_ns))
        await until(lambda: {EvidenceKind.CONFIRMED, EvidenceKind.LLDP} <= a.kinds(), "confirmed, and the switch heard")
        a.monitor.become(eth(carrier=False), eth("docker0", 9))
        await until(lambda: len(a.told(EvidenceGone)) >= 3, "taken back")
        assert {gone.key.kind for gone in a.told(EvidenceGone)} == {
            EvidenceKind.CONFIRMED, EvidenceKind.HEARD, EvidenceKind.LLDP,
        }  # fmt: skip
        assert a.loop.interface_count == 1
        a.monitor.become()
        await until(lambda: a.told(InterfaceGone), "gone")
        a.loop.stop()
        b.loop.stop()

    play(scene)


def test_a_cable_that_was_out_for_a_moment_takes_its_evidence_along(two):
    async def scene():
        a, b = two(eth(), eth("eth1", 3))
        a.loop.start()
        b.loop.start()
        await until(lambda: EvidenceKind.CONFIRMED in a.kinds(), "confirmed")
        await a.loop.settled.wait()
        a.cable.far = b.cable.far = None  # it is in another port now, where nobody is
        a.monitor.blink(2)
        await until(lambda: len(a.told(EvidenceGone)) >= 2, "taken back")
        assert {(gone.key.kind, gone.key.port.interface) for gone in a.told(EvidenceGone)} == {
            (EvidenceKind.CONFIRMED, "eth0"), (EvidenceKind.HEARD, "eth0"),
        }  # fmt: skip
        seen = [one.interface for one in a.told(InterfaceSeen) if one.interface.name == "eth0"]
        dark = next(number for number, one in enumerate(seen) if one.carrier is False)
        assert (seen[dark + 1].carrier, seen[dark + 1].settled) == (True, False), "the region is told of the moment"
        assert all(one.interface.carrier for one in a.told(InterfaceSeen) if one.interface.name == "eth1")
        await until(lambda: a.told(InterfaceSeen)[-1].interface.settled, "has its say anew")
        a.loop.stop()
        b.loop.stop()

    play(scene)


def test_what_waited_when_a_cable_was_moved_speaks_for_the_segment_that_was_left(two):
    async def scene():
        a, b = two(eth())
        b.cable.far = wire = Cable()
        a.loop.start()
        await a.loop.settled.wait()
        b.loop.start()
        await until(lambda: wire.queue.waiting, "a beacon is on its way")
        b.loop.stop()
        a.cable.queue.put(*wire.queue.waiting)
        a.monitor.blink(2)
        a.loop._links_changed()  # before the reader of frames has its turn
        assert not a.cable.queue.waiting
        a.loop.report()
        wire.queue.close()
        assert a.told(EvidenceSeen), "what was heard is told"
        assert {key_of(seen.evidence) for seen in a.told(EvidenceSeen)} == {gone.key for gone in a.told(EvidenceGone)}
        a.loop.stop()

    play(scene)


def test_a_flood_is_counted_and_the_beacons_in_it_are_heard(two, monkeypatch):
    monkeypatch.setattr(module, "FLOOD", 8)

    async def scene():
        a, b = two(eth())
        stranger = Agent(a.loop._settings.state_dir, "s", eth(index=2))
        stranger.loop._outgoing._keyring = Keyring([Key(b"x" * 32)])
        stranger.cable.far = a.cable
        stranger.loop.start()
        await until(lambda: a.cable.queue.waiting, "a forged beacon")
        forged = a.cable.queue.waiting[0]
        stranger.loop.stop()
        b.loop.start()
        a.cable.queue.put(*[forged] * 500)
        a.loop.start()
        await until(lambda: EvidenceKind.CONFIRMED in a.kinds(), "confirmed through the flood")
        a.loop.stop()
        b.loop.stop()
        refused = [o for o in a.told(RefusalCount) if o.reason == "wrong-secret"]
        assert max(o.count for o in refused) >= 500
        stranger.close()

    play(scene)


def test_a_loop_is_told_to_the_operator(two, caplog):
    caplog.set_level(logging.WARNING)

    async def scene():
        a, _ = two(eth())
        a.cable.far = a.cable
        a.loop.start()
        await until(lambda: EvidenceKind.LOOP in a.kinds(), "the loop")
        a.loop.stop()

    play(scene)
    assert "interface=eth0: hears its own beacons, there is a loop" in caplog.text


def test_a_region_that_forgot_gets_everything_again(two):
    async def scene():
        a, b = two(eth())
        a.loop.start()
        b.loop.start()
        await until(lambda: EvidenceKind.CONFIRMED in a.kinds(), "confirmed")
        await a.loop.settled.wait()
        a.spool.acknowledge(a.spool.last)
        a.loop.tell_anew()
        await until(lambda: EvidenceKind.CONFIRMED in a.kinds(), "told again")
        assert a.spool.after(0)[0].begin
        a.loop.stop()
        b.loop.stop()

    play(scene)


def test_a_spool_that_takes_nothing_is_tried_again(two, monkeypatch, caplog):
    monkeypatch.setattr(module, "RETRY", 0.01)

    async def scene():
        a, _ = two(eth())
        a.spool._db.execute("PRAGMA busy_timeout = 1")
        lock = sqlite3.connect(a.spool._path, isolation_level=None)
        lock.execute("BEGIN EXCLUSIVE")
        a.loop.start()
        await until(lambda: "database is locked" in caplog.text, "the spool is stuck")
        lock.execute("ROLLBACK")
        lock.close()
        await until(lambda: a.told(InterfaceSeen), "told after all")
        a.loop.stop()

    play(scene)


def test_what_was_lost_and_who_is_thinned_is_told_once_and_looked_at_again(two, monkeypatch, caplog):
    monkeypatch.setattr(module, "WATCH", (0.01, 0.02))
    caplog.set_level(logging.WARNING)
    asked = []

    def statistics():
        asked.append(1)
        return Statistics(dropped=min(len(asked), 3) * 10, thinned={2: 0.5} if len(asked) < 4 else {})

    async def scene():
        a, _ = two(eth())
        a.cable.statistics = statistics
        a.loop.start()
        await until(lambda: len(asked) > 6, "the counters are looked at again and again")
        a.loop.stop()

    play(scene)
    told = [record.message for record in caplog.records]
    assert told.count("frames=10 lost since the last look: more came in than this machine reads") == 1
    assert sum("interface=eth0: flooded" in line for line in told) == 1


def test_stopping_puts_what_is_owed_into_the_spool(two, monkeypatch):
    monkeypatch.setattr(module, "COALESCE", 3600)

    async def scene():
        a, _ = two(eth())
        a.loop.start()
        assert a.told() == []
        a.loop.stop()
        assert any(isinstance(told, InterfaceSeen) for told in a.told())
        assert a.wakes == 1

    play(scene)


def test_a_neighbour_that_falls_silent_is_taken_back_when_its_time_is_over(two):
    short = LLDP[:-4] + bytes.fromhex("0001") + LLDP[-2:]

    async def scene():
        a, _ = two(eth())
        a.loop.start()
        a.cable.queue.put(Frame(2, (), short, clock.read().wall_ns))
        await until(lambda: EvidenceKind.LLDP in a.kinds(), "heard")
        await until(lambda: [g.key.kind for g in a.told(EvidenceGone)] == [EvidenceKind.LLDP], "taken back")
        a.loop.stop()

    play(scene)


def too_big(frame: bytes) -> bytes:
    """What a device that is no bridge would answer to a frame over IPv6 that is too large for it."""
    ours, theirs = frame[22:38], ip.address_bytes("fe80::fe")
    body = b"\x02\x00\0\0" + (1500).to_bytes(4, "big") + frame[14:142]
    total = remainder(body) + remainder(ours + theirs) + 58 + len(body)
    body = body[:2] + complement(total % 0xFFFF).to_bytes(2, "big") + body[4:]
    packet = ip.build("fe80::fe", ip.address_text(ours), 255, 58, body)
    return frame[6:12] + bytes.fromhex("020000000001") + b"\x86\xdd" + packet


def test_what_passes_is_measured_and_icmp_is_told_from_silence(two):
    async def scene():
        a, b = two(eth(mtu=4000))
        forward = a.cable.send

        def narrow(ifindex, frame):
            if len(frame) <= 1514:
                forward(ifindex, frame)
            else:
                a.cable.queue.put(Frame(ifindex, (), too_big(frame), clock.read().wall_ns))

        a.cable.send = narrow
        a.loop.start()
        b.loop.start()
        await until(lambda: EvidenceKind.CONFIRMED in a.kinds() & b.kinds(), "both confirmed")
        a.loop._engine.measure(None, module.now())
        a.loop.kick()
        await until(lambda: a.told(MtuSeen), "told what passes")
        (seen,) = a.told(MtuSeen)
        assert (seen.peer, seen.mtu, seen.limit, seen.peer_mtu) == (Port(b.id, "eth0"), 1500, "peer", 1500)
        assert a.told(RefusalCount) == []
        b.monitor.become(Iface(name="eth0", index=2, mac="52:54:00:00:00:fe", carrier=True, mtu=9000))
        a.loop._engine.measure(None, module.now())
        a.loop.kick()
        await until(lambda: len(a.told(MtuSeen)) == 2, "told anew")
        assert (a.told(MtuSeen)[1].mtu, a.told(MtuSeen)[1].limit) == (1500, "icmp")
        a.loop.stop()
        b.loop.stop()

    play(scene)


def in_pieces(frame: bytes, room: int = 1480) -> list[bytes]:
    """The fragments of a frame over IPv4, as a device makes them that does not care for "don't fragment"."""
    header, payload = frame[14:34], frame[34:]
    made = []
    for start in range(0, len(payload), room):
        piece = payload[start : start + room]
        more = 0x2000 if start + room < len(payload) else 0
        head = header[:2] + (20 + len(piece)).to_bytes(2, "big") + header[4:6] + (more | start // 8).to_bytes(2, "big")
        head += header[8:10] + bytes(2) + header[12:]
        made.append(frame[:14] + head[:10] + complement(remainder(head)).to_bytes(2, "big") + head[12:] + piece)
    return made


def test_fragments_are_told_from_silence(two):
    async def scene():
        a, b = two(eth(mtu=4000, addresses=("10.0.0.1/24",)))
        b.monitor.become(Iface(name="eth0", index=2, mac="52:54:00:00:00:fe", carrier=True, mtu=9000))
        forward = a.cable.send

        def cut(ifindex, frame):
            if len(frame) <= 1514:
                forward(ifindex, frame)
            elif frame[12:14] == b"\x08\x00":
                for piece in in_pieces(frame):
                    forward(ifindex, piece)

        a.cable.send = cut
        a.loop.start()
        b.loop.start()
        await until(lambda: EvidenceKind.CONFIRMED in a.kinds() & b.kinds(), "both confirmed")
        a.loop._engine.measure(None, module.now())
        a.loop.kick()
        await until(lambda: a.told(MtuSeen), "told what passes")
        assert (a.told(MtuSeen)[0].mtu, a.told(MtuSeen)[0].limit) == (1500, "fragments")
        assert {refusal.reason for refusal in b.told(RefusalCount)} == {
            "fragment"
        }  # the later ones, which nobody can vouch for
        a.loop.stop()
        b.loop.stop()

    play(scene)


def test_what_is_owed_is_in_the_spool_as_soon_as_somebody_wants_it_there(two):
    async def scene():
        a, _ = two(eth())
        a.loop.start()
        assert a.spool.last == 0
        assert a.loop.report() is True
        assert a.told(InterfaceSeen)
        assert a.loop._flush_timer is None
        seen, wakes = a.spool.last, a.wakes
        assert a.loop.report() is True
        assert (a.spool.last, a.wakes) == (seen, wakes + 1)
        a.loop.stop()

    play(scene)


def test_a_disk_that_takes_no_report_now_is_told_and_tried_again(two, monkeypatch):
    async def scene():
        a, _ = two(eth())
        a.loop.start()
        monkeypatch.setattr(a.loop._reporter, "flush", lambda wall: False)
        assert a.loop.report() is False
        assert a.loop._flush_timer is not None
        monkeypatch.undo()
        assert a.loop.report() is True
        a.loop.stop()

    play(scene)
