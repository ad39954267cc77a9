"""What one look around keeps, in bounds, and what it makes of clocks that are off and secrets that are others'."""

import os

import pytest

from bellrock.agent import sight as module
from bellrock.agent.incoming import Incoming
from bellrock.agent.sight import OTHERS, Sight, Watched
from bellrock.beacon import Settled
from bellrock.link.clock import Clocks
from bellrock.link.device import Frame
from bellrock.link.udp import Datagram
from bellrock.model import Interface, Monotonic, Port, Wall
from bellrock.wire.beacon import Beacon, BeaconType, Extension, Remote, encode
from bellrock.wire.frame import GROUP4, build_beacon_frame
from bellrock.wire.keys import Key, Keyring

OURS, OTHER = Key(b"k" * 32), Key(b"o" * 32)
WALL = 1_790_000_000.0
CLOCKS = Clocks(Monotonic(500.0), Wall(WALL), int(WALL * 1e9))
ETH0 = Port("us", "eth0")
MAC = "52:54:00:00:00:02"


def beacon(agent="them", at=WALL, plain=False):
    said = Extension(agent=agent, host=f"host-{agent}", boot="b", seq=1, sent_us=int(at * 1e6))
    return Beacon(
        version=2, type=BeaconType.SOLICITATION, id="01M3250V7TXQRSP72K94ZGK21K", remote=Remote("eth7", MAC),
        extension=None if plain else said,
    )  # fmt: skip


def payload(key=OURS, at=WALL, **more):
    return encode(beacon(at=at, **more), key, Wall(at), os.urandom(16))


def frame(data, mac=MAC, **more):
    return Frame(2, (), build_beacon_frame(data, mac, "10.0.0.2", **more), CLOCKS.wall_ns)


class Look:
    """A sight behind the same door that an agent has."""

    def __init__(self):
        self.news = 0
        self.sight = Sight("us", Keyring([OURS]), self.changed)
        self.incoming = Incoming("us", Keyring([OURS]))
        here = [Interface(name="eth0", index=2, mac="52:54:00:00:00:01", speaks=True)]
        self.sight.known(here)
        self.incoming.follow({2: here[0]})

    def changed(self):
        self.news += 1

    def sees(self, *items):
        for item in items:
            if (heard := self.incoming.take(item, CLOCKS)) is not None:
                self.sight.witness(item, heard, CLOCKS)
        return self.sight


@pytest.fixture
def look():
    return Look()


def test_a_beacon_is_kept_with_its_skew(look):
    (heard,) = look.sees(frame(payload(at=WALL + 0.25))).beacons
    assert (heard.port, heard.source_mac, heard.beacon.extension.agent) == (ETH0, MAC, "them")
    assert heard.skew == pytest.approx(0.25)
    assert look.sight.tried == ("eth0",)
    assert look.news == 2


def test_of_one_sender_the_newest_beacon_is_kept(look):
    (heard,) = look.sees(frame(payload()), frame(payload(at=WALL + 1))).beacons
    assert heard.skew == pytest.approx(1)


def test_plain_maas_racks_are_told_apart(look):
    look.sees(frame(payload()), frame(payload(plain=True)))
    assert len(look.sight.beacons) == 2
    (plain,) = look.sight.plain
    assert plain.beacon.extension is None


def test_our_own_and_what_came_through_a_router_is_nobody_there(look):
    assert look.sees(frame(payload(agent="us"))).beacons == ()
    far = Datagram(2, "10.9.0.1", 5240, GROUP4, 63, CLOCKS.wall_ns, payload())
    assert look.sees(far).beacons == ()


@pytest.mark.parametrize("skew", [-3600.0, 3600.0, 86400.0 * 400])
def test_a_clock_that_is_off_is_read_by_its_own_time_and_kept_apart(look, skew):
    seen = look.sees(frame(payload(at=WALL + skew)))
    assert seen.beacons == ()
    (heard,) = seen.skewed
    assert heard.beacon.extension.host == "host-them"
    assert heard.skew == pytest.approx(skew)
    assert seen.refused == {(ETH0, MAC, "skew"): 1}


def test_another_secret_shows_its_clock_in_clear(look):
    for item in (
        frame(payload(OTHER, WALL + 7)),
        Datagram(2, "10.0.0.3", 5240, GROUP4, 1, CLOCKS.wall_ns, payload(OTHER, WALL + 7)),
    ):
        look.sees(item, item)
    assert [(one.port, one.source_mac, one.count, one.skew) for one in look.sight.wrong] == [
        (ETH0, MAC, 2, pytest.approx(7)),
        (ETH0, "10.0.0.3", 2, pytest.approx(7)),
    ]
    assert look.sight.skewed == ()


def test_a_flood_that_was_only_sifted_is_counted_and_its_clock_remembered(look):
    look.sees(frame(payload(OTHER, WALL + 7)))
    _, (refusal,) = look.incoming.sift([frame(payload(OTHER))] * 50, CLOCKS)
    look.sight.witness(None, refusal, CLOCKS)
    (wrong,) = look.sight.wrong
    assert (wrong.count, wrong.skew) == (51, pytest.approx(7))


def test_memory_is_bounded_whatever_is_on_the_wire(look, monkeypatch):
    monkeypatch.setattr(module, "MAX_HEARD", 3)
    monkeypatch.setattr(module, "MAX_REFUSED", 3)
    look.sees(*(frame(payload(agent=f"a{n}")) for n in range(9)))
    assert (len(look.sight.beacons), look.sight.more) == (3, 6)
    look.sees(*(frame(payload(OTHER), mac=f"52:54:00:00:01:{n:02x}") for n in range(9)))
    assert look.sight.refused[ETH0, OTHERS, "wrong-secret"] == 6
    assert len(look.sight.wrong) == 4


def test_what_is_old_is_forgotten_when_asked(look):
    look.sees(frame(payload()), frame(payload(at=WALL + 3600), mac="52:54:00:00:00:03"))
    look.sight.forget(400.0)
    assert (len(look.sight.beacons), len(look.sight.skewed)) == (1, 1)
    look.sight.forget(501.0)
    assert (look.sight.beacons, look.sight.skewed) == ((), ())


def test_another_secret_that_is_ours_now_is_no_longer_wrong(look):
    item = frame(payload(OTHER, WALL + 3600))
    look.sees(item)
    both = Keyring([OURS, OTHER])
    look.sight.rekey(both)
    look.incoming.rekey(both)
    assert look.sight.wrong == ()
    assert len(look.sees(item).skewed) == 1


def test_what_tells_nothing_changes_nothing(look):
    before = look.news
    look.sight.note(Settled(ETH0))
    look.sight.witness(None, (ETH0, MAC, None), CLOCKS)
    assert look.news == before


def test_a_reporter_is_told_what_the_sight_is_told(look):
    class Account:
        owes = True

        def __init__(self):
            self.said = []

        def interfaces(self, now_known):
            self.said.append(tuple(now_known))

        def complete(self):
            self.said.append("complete")

        def event(self, event):
            self.said.append(event)

        def begin_anew(self):
            self.said.append("anew")

        def flush(self, wall):
            return wall == 1.0

    account = Account()
    watched = Watched(account, look.sight)
    here = Interface(name="eth9", index=9, mac=MAC)
    watched.interfaces(iter([here]))
    watched.event("event")
    watched.begin_anew()
    watched.complete()
    assert (account.said, watched.owes, watched.flush(Wall(1.0))) == (
        [(here,), "event", "anew", "complete"],
        True,
        True,
    )
    assert (list(look.sight.interfaces), look.sight.settled) == (["eth9"], True)
