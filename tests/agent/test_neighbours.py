"""A neighbour is told once, kept as long as it asked, and taken back when it leaves."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bellrock.agent import neighbours as module
from bellrock.agent.neighbours import Neighbours
from bellrock.beacon import EvidenceFound, EvidenceLost, Now
from bellrock.model import EvidenceKey, EvidenceKind, Monotonic, Neighbour, Port, Wall, key_of

PORT = Port("H", "eth0")
SWITCH = Neighbour(protocol="lldp", chassis_id="52:54:00:00:00:01", port_id="ge-0/0/1", system_name="sw1", ttl=120)
KEY = EvidenceKey(EvidenceKind.LLDP, PORT, None, "52:54:00:00:00:01 ge-0/0/1")


def at(seconds: float) -> Now:
    return Now(Monotonic(seconds), Wall(1000 + seconds))


@pytest.fixture
def table() -> Neighbours:
    return Neighbours()


def test_a_neighbour_is_told_once_until_it_changes(table):
    (found,) = table.hear(PORT, "aa", SWITCH, at(0))
    assert isinstance(found, EvidenceFound)
    assert (found.evidence.peer_name, found.evidence.since) == ("sw1", 1000)
    assert table.hear(PORT, "aa", SWITCH, at(30)) == []
    moved = Neighbour(protocol="lldp", chassis_id=SWITCH.chassis_id, port_id=SWITCH.port_id, pvid=20)
    (changed,) = table.hear(PORT, "aa", moved, at(60))
    assert (changed.evidence.since, changed.evidence.seen) == (1000, 1060)


def test_it_is_forgotten_when_its_time_to_live_passes(table):
    assert table.next_deadline() is None
    table.hear(PORT, "aa", SWITCH, at(0))
    table.hear(PORT, "aa", SWITCH, at(30))
    assert table.next_deadline() == 150
    assert table.expire(at(149)) == []
    (lost,) = table.expire(at(150))
    assert (lost.key, lost.since) == (KEY, 1150)
    assert table.next_deadline() == 151, "until then it may not be told again"
    assert table.expire(at(151)) == []
    assert table.next_deadline() is None


def test_it_takes_itself_back(table):
    goodbye = Neighbour(protocol="lldp", chassis_id=SWITCH.chassis_id, port_id=SWITCH.port_id, ttl=0)
    assert table.hear(PORT, "aa", goodbye, at(0)) == []
    table.hear(PORT, "aa", SWITCH, at(0))
    (lost,) = table.hear(PORT, "aa", goodbye, at(1))
    assert isinstance(lost, EvidenceLost)
    assert lost.key == KEY
    assert table.hear(PORT, "aa", goodbye, at(3)) == []
    (back,) = table.hear(PORT, "aa", SWITCH, at(4))
    assert back.evidence.since == 1004, "it was away"


def test_a_port_that_goes_down_takes_its_own_along(table):
    table.hear(PORT, "aa", SWITCH, at(0))
    table.hear(Port("H", "eth1"), "aa", SWITCH, at(0))
    assert [lost.key for lost in table.drop_interface("eth0", at(1))] == [KEY]
    assert table.drop_interface("eth0", at(2)) == []


def saying(text: str, ttl: int = 120) -> Neighbour:
    return replace(SWITCH, port_description=text, ttl=ttl)


def test_one_that_says_something_else_in_every_frame_is_told_once_a_second(table):
    events = [event for n in range(1000) for event in table.hear(PORT, "aa", saying(str(n)), at(n / 1000))]
    assert [event.evidence.neighbour.port_description for event in events] == ["0"]
    assert table.next_deadline() == 1
    (newest,) = table.expire(at(1))
    assert (newest.evidence.neighbour.port_description, newest.evidence.since) == ("999", 1000)
    assert table.hear(PORT, "aa", saying("999"), at(1.5)) == []
    assert table.hear(PORT, "bb", saying("999"), at(1.6)) == [], "another source is a change as well"
    assert table.next_deadline() == 2
    assert [event.evidence.source_mac for event in table.expire(at(2))] == ["bb"]


def test_one_that_comes_back_to_what_was_told_needs_no_word(table):
    table.hear(PORT, "aa", saying("a"), at(0))
    table.hear(PORT, "aa", saying("b"), at(0.2))
    table.hear(PORT, "aa", saying("a"), at(0.4))
    assert table.expire(at(1)) == []
    assert table.next_deadline() == 120.4


def test_one_that_comes_and_goes_in_every_frame_is_told_once_a_second(table):
    kinds = []
    for tenth in range(41):
        events = table.hear(PORT, "aa", saying("", ttl=0 if tenth % 2 else 120), at(tenth / 10))
        kinds += [(tenth, type(event)) for event in events + table.expire(at(tenth / 10))]
    assert kinds == [(0, EvidenceFound), (11, EvidenceLost), (22, EvidenceFound), (33, EvidenceLost)]


def test_one_that_comes_back_within_the_second_of_its_goodbye_is_told_at_its_end(table):
    table.hear(PORT, "aa", SWITCH, at(0))
    table.hear(PORT, "aa", saying("", ttl=0), at(4.5))
    assert table.hear(PORT, "aa", SWITCH, at(4.75)) == []
    assert table.next_deadline() == 5.5
    (back,) = table.expire(at(5.5))
    assert (type(back), back.evidence.since) == (EvidenceFound, 1004.75)


def test_a_goodbye_within_the_second_is_told_at_its_end(table):
    table.hear(PORT, "aa", SWITCH, at(0))
    assert table.hear(PORT, "aa", saying("", ttl=0), at(0.5)) == []
    assert table.expire(at(0.9)) == []
    assert [type(event) for event in table.expire(at(1))] == [EvidenceLost]


def test_no_one_is_remembered_for_longer_than_an_hour(table):
    table.hear(PORT, "aa", saying("", ttl=65535), at(0))
    assert table.next_deadline() == module.MAX_TTL == 3600


def test_a_port_that_goes_down_takes_back_only_what_was_told(table):
    table.hear(PORT, "aa", SWITCH, at(0))
    table.hear(PORT, "aa", saying("", ttl=0), at(2))
    assert table.drop_interface("eth0", at(2.1)) == []
    assert table.next_deadline() is None


def crowd(table: Neighbours, interface: str, count: int, seconds: float = 0) -> int:
    """How many of so many neighbours on one interface are told."""
    others = [replace(SWITCH, chassis_id=str(number)) for number in range(count)]
    return sum(len(table.hear(Port("H", interface), "aa", other, at(seconds))) for other in others)


def test_ever_new_neighbours_of_an_interface_are_bounded_and_push_nobody_out(table, caplog):
    table.hear(PORT, "aa", SWITCH, at(0))
    assert crowd(table, "eth0", 100) == module.MAX_PER_INTERFACE - 1
    assert table.hear(PORT, "aa", replace(SWITCH, pvid=7), at(5))[0].evidence.neighbour.pvid == 7
    assert [record.getMessage() for record in caplog.records] == [
        "interface=eth0: more than 16 LLDP or CDP neighbours, the rest is left out"
    ]
    assert crowd(table, "eth1", 1) == 1, "the crowd on one interface is none on another"
    table.expire(at(200))
    table.expire(at(201))
    assert crowd(table, "eth0", 100, 201) == module.MAX_PER_INTERFACE, "their places are free again"


def test_over_all_interfaces_they_are_bounded_but_each_has_room_for_one(table, monkeypatch):
    monkeypatch.setattr(module, "MAX_NEIGHBOURS", 3)
    assert crowd(table, "eth0", 2) == 2
    assert crowd(table, "eth1", 5) == 1
    assert crowd(table, "eth2", 5) == 1
    assert crowd(table, "eth0", 3) == 0


FRAMES = st.lists(
    st.tuples(
        st.floats(0, 0.7),
        st.sampled_from(["eth0", "eth1"]),
        st.sampled_from("ab"),
        st.sampled_from(["x", "y"]),
        st.sampled_from([0, 1, 2, 5]),
    ),
    max_size=60,
)


@given(FRAMES)
def test_whatever_comes_what_is_told_is_true_in_the_end_and_never_twice_a_second(frames):
    table, told, last, wanted, moment = Neighbours(), {}, {}, {}, 0.0

    def take(events, when):
        for event in events:
            key = key_of(event.evidence) if isinstance(event, EvidenceFound) else event.key
            assert when - last.get(key, -10) >= module.EVERY - 1e-9
            last[key] = when
            if isinstance(event, EvidenceFound):
                told[key] = event.evidence.neighbour
            else:
                assert told.pop(key, None), "only what was told is taken back"

    def run_until(when):
        while (due := table.next_deadline()) is not None and due <= when:
            take(table.expire(at(due)), due)

    for wait, interface, chassis, text, ttl in frames:
        moment += wait
        run_until(moment)
        one = replace(saying(text, ttl), chassis_id=chassis)
        take(table.hear(Port("H", interface), "aa", one, at(moment)), moment)
        wanted[interface, chassis] = (one, moment + ttl)
    run_until(moment + 1.5)
    alive = {(k, n.port_description) for k, (n, until) in wanted.items() if n.ttl and until > moment + 1.5}
    assert alive <= {((key.port.interface, n.chassis_id), n.port_description) for key, n in told.items()}
    run_until(moment + 10)
    assert (told, table.next_deadline()) == ({}, None)
