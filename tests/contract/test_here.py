"""What an agent tells of its host: only what changed, whole once, bounded; the other end knows the same."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bellrock.contract import ContractError, decode_agent_message, encode
from bellrock.contract.here import MOST, MOST_OWNERS, PARTS, Told, bounded, heard, told
from bellrock.contract.v1 import MAX_MESSAGE
from bellrock.model import Wall
from bellrock.model.here import Answers, Blocked, Here, Load, Neighbour, Route
from bellrock.model.listening import Listener, Owner

HERE = Here(
    host="rack-1", roles=("rack",), addresses=(("eth0", "10.0.0.2/24"),), links=(("eth0", 1500),),
    listeners=(Listener(protocol="udp", family=4, address="0.0.0.0", port=67, owners=(Owner(7, "dhcpd"),)),),
    neighbours=(Neighbour("10.0.0.1", "02:00:00:00:00:01", "eth0", "reachable"),), routes=(Route("0.0.0.0/0", "eth0", "10.0.0.1"),),
    blocked=(Blocked("tftp", "in", "udp 10.0.0.9:1024 > 10.0.0.2:69", "inet filter input handle 7: udp dport 69 drop"),),
    resolvers=("10.0.0.1",), clock_synchronised=True, refused=(("02:00:00:00:00:09", "wrong secret", 3),),
    answers=(Answers("eth0", 1, 2),), advertised=("https://10.0.0.2:5240",), inside=("virbr0",), load=Load(cpu=0.1, agents=1),
    seen=Wall(100.0),
)  # fmt: skip


def carried(message: Told) -> Told:
    """As it is after the wire."""
    there = decode_agent_message(encode(message))
    assert isinstance(there, Told)
    return there


def test_the_first_word_is_whole_and_the_other_end_knows_the_same():
    first = told(HERE, None)
    assert first is not None
    assert first.whole
    assert heard(carried(first), None, "rack-1") == HERE
    assert heard(carried(first), Here(host="rack-1", resolvers=("192.0.2.1",)), "rack-1") == HERE


def test_nothing_is_said_where_nothing_but_the_time_has_changed():
    assert told(msgspec.structs.replace(HERE, seen=Wall(160.0)), HERE) is None


@pytest.mark.parametrize(
    ("part", "value"),
    [("resolvers", ()), ("blocked", None), ("clock_synchronised", None), ("load", None), ("refused", ()), ("links", (("eth0", 9000),))],
)  # fmt: skip
def test_only_the_part_that_changed_is_said(part, value):
    now = msgspec.structs.replace(HERE, **{part: value}, seen=Wall(160.0))
    news = told(now, HERE)
    assert news is not None
    assert not news.whole
    assert set(msgspec.json.decode(encode(news))) == {"type", "sent", part}
    assert heard(carried(news), HERE, "rack-1") == now


def test_who_it_is_is_decided_by_the_connection():
    assert heard(carried(told(HERE, None)), None, "01JD").host == "01JD"


def test_long_parts_are_cut_and_longer_ones_are_no_message():
    owners = tuple(Owner(pid, "dnsmasq") for pid in range(9))
    many = tuple(
        Listener(protocol="udp", family=4, address="0.0.0.0", port=port, owners=owners) for port in range(1, 2000)
    )
    cut = bounded(msgspec.structs.replace(HERE, listeners=many))
    assert len(cut.listeners) == MOST["listeners"]
    assert {len(one.owners) for one in cut.listeners} == {MOST_OWNERS}
    assert carried(told(cut, None)).listeners == cut.listeners
    few = tuple(msgspec.structs.replace(one, owners=()) for one in many[:1025])
    with pytest.raises(ContractError, match="length"):
        decode_agent_message(encode(Told(sent=Wall(1.0), listeners=few)))


def test_bounds_leave_what_is_short_and_what_is_unknown():
    assert bounded(HERE) == HERE
    assert bounded(Here(host="a", listeners=None)) == Here(host="a", listeners=None)


def test_all_that_may_be_told_is_a_field_of_both():
    assert set(PARTS) == set(Told.__struct_fields__) - {"sent", "whole"}
    assert set(Here.__struct_fields__) - set(PARTS) == {"host", "seen", "clock_offset", "clock_error"}, (
        "the other end knows these"
    )


@given(st.lists(st.sets(st.sampled_from(PARTS)), max_size=6))
def test_after_any_changes_both_ends_know_the_same(changes):
    here, there, before = Here(host="rack-1"), None, None
    for number, parts in enumerate(changes, 1):
        new = {
            part: getattr(HERE if getattr(here, part) != getattr(HERE, part) else Here(host=""), part) for part in parts
        }
        here = msgspec.structs.replace(here, **new, seen=Wall(float(number)))
        message = told(here, before)
        if message is not None:
            there = heard(carried(message), there, "rack-1")
            before = here
        assert there is None or msgspec.structs.replace(there, seen=here.seen) == here


BLOCKED = Blocked("tftp", "in", "p" * 5000, "r" * 50_000, fix=("f" * 5000, *("f" * 1000,) * 20))


@pytest.mark.parametrize(
    "parts",
    [
        {"blocked": (BLOCKED,) * 64},
        {"advertised": ("\x01" * 400_000, "https://10.0.0.2:5240")},
        {"listeners": (Listener(protocol="tcp", family=4, address="0.0.0.0", port=1, owners=(Owner(1, "n", "p" * 4000),) * 4),) * 512},
    ],
    ids=["rules", "a text", "programs"],
)  # fmt: skip
def test_whatever_a_host_is_its_word_fits_a_message(parts):
    """A larger one ends the connection, and would be said again on the next one."""
    message = told(bounded(msgspec.structs.replace(HERE, **parts)), None)
    assert len(encode(message)) <= MAX_MESSAGE
    assert carried(message) == message
    assert message.neighbours == HERE.neighbours


def test_a_rule_that_is_long_is_told_by_its_beginning():
    [one] = bounded(msgspec.structs.replace(HERE, blocked=(BLOCKED,))).blocked
    assert (len(one.rule), len(one.packet), [len(text) for text in one.fix]) == (1000, 1000, [1000] * 8)
